"""ZIP archives: their members as files of a folder, streamed, with damage and bombs named."""

from __future__ import annotations

import copy
import io
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath
from typing import IO, BinaryIO

from streams.errors import SourceError
from streams.sources.bytes.forms import shown
from streams.sources.bytes.lines import Meter, check_growth

PIECE = 1 << 14
"""So much is unpacked at a time: a piece that holds damage is lost whole."""
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)
"""What zipfile raises of a member that is damaged or encrypted."""
MOST_OF_WORKBOOK = 1 << 30
MOST_MEMBERS = 100_000
"""Members of an archive; the list of them is held in memory."""


def spool(blocks: Iterator[bytes], origin: str) -> BinaryIO:
    """A stream as a temporary file, for forms that can't be read in one pass."""
    file = tempfile.TemporaryFile(prefix="watchroom-")  # noqa: SIM115  the caller closes it
    try:
        for block in blocks:
            file.write(block)
    except OSError as error:
        file.close()
        raise SourceError(
            f"{origin}: can't be kept for reading: {error.strerror} in {tempfile.gettempdir()}. "
            "Make room there, or name a folder with more of it in the variable TMPDIR"
        ) from None
    except SourceError:
        file.close()
        raise
    file.seek(0)
    return file


def open_zip(file: IO[bytes], origin: str) -> zipfile.ZipFile:
    """An archive; raises `SourceError` when it is damaged, or a trap as a whole: members may share
    their packed bytes, so that each of them looks harmless."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise SourceError(
            f"{origin}: the ZIP archive is damaged ({shown(str(error))}). Fetch it again"
        ) from None
    found = archive.infolist()
    if len(found) > MOST_MEMBERS:
        raise SourceError(
            f"{origin} has {len(found):,} members; at most {MOST_MEMBERS:,} are read. Unpack it, "
            "and give the folder"
        )
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    check_growth(sum(info.file_size for info in found), size, origin)
    return archive


_OFFICE = (
    ("xl/workbook.", "workbook"),
    ("word/", "is a Word document"),
    ("ppt/", "is a PowerPoint file"),
    ("", "is an Office document"),
)


def workbook_in(archive: zipfile.ZipFile) -> str | None:
    """What an archive is when it is one document: "workbook", or words; None for plain files."""
    names = archive.namelist()
    if "[Content_Types].xml" in names:
        for start, kind in _OFFICE:
            if any(name.startswith(start) for name in names):
                return kind
    if "mimetype" in names:
        try:
            content = archive.read("mimetype")[:100]
        except (zipfile.BadZipFile, OSError, RuntimeError, zlib.error):
            return None
        if b"opendocument" in content:
            return "workbook" if b"spreadsheet" in content else "is a document"
    return None


def members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive in sorted order, without hidden ones and those of macOS."""
    found = []
    for info in archive.infolist():
        parts = PurePosixPath(info.filename).parts
        # A name that leads elsewhere (../x) is but a name: nothing is ever unpacked to a place.
        hidden = any(
            (part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts
        )
        if parts and not info.is_dir() and not hidden:
            found.append(info)
    return sorted(found, key=lambda info: PurePosixPath(info.filename).parts)


def check_workbook(archive: zipfile.ZipFile, origin: str) -> None:
    """Raises `SourceError` for a workbook that is a trap. It is read whole, by a library that takes
    no notice of the sizes that are written in it: so all of it is unpacked once, and let go."""
    whole = 0
    for info in archive.infolist():
        honest, done = copy.copy(info), 0
        honest.file_size = sys.maxsize  # whatever it says, it is read to its end
        with suppress(*DAMAGE, NotImplementedError), archive.open(honest) as file:
            while piece := file.read(1 << 18):
                done += len(piece)
                check_growth(done, max(1, info.compress_size), f"{origin}/{shown(info.filename)}")
                if whole + done > MOST_OF_WORKBOOK:
                    raise SourceError(
                        f"{origin} unpacks to over {MOST_OF_WORKBOOK >> 20:,} MiB, and a workbook "
                        "has to be held in memory whole: export its sheets as CSV"
                    )
        whole += done


def member_blocks(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, origin: str, meter: Meter
) -> Iterator[bytes]:
    """The bytes of a member, unpacked; raises `SourceError`, at damage after all before it."""
    if info.flag_bits & 1:
        raise SourceError(
            f"{origin} is encrypted: unpack the archive with its password, and give the folder"
        )
    check_growth(info.file_size, max(1, info.compress_size), origin)
    start, done = meter.consumed, 0
    try:
        with archive.open(info) as file:
            while block := file.read(PIECE):
                done += len(block)
                check_growth(done, max(1, info.compress_size), origin)
                meter.consumed = start + info.compress_size * done // max(1, info.file_size)
                yield block
    except NotImplementedError as error:
        raise SourceError(
            f"{origin} is packed in a way that can't be read ({shown(str(error))}): unpack the "
            "archive, and give the folder"
        ) from None
    except DAMAGE as error:
        raise SourceError(
            f"{origin}: the ZIP data is damaged ({shown(str(error)) or 'it ends early'}). The "
            f"first {done:,} bytes were read and their whole lines kept. Fetch the archive again, "
            "then replay it: what was counted already is not counted twice"
        ) from None


_OLE = (
    ("Workbook", "workbook"),
    ("Book", "workbook"),
    ("EncryptedPackage", "is locked with a password: save a copy without it"),
    ("WordDocument", "is an old Word document"),
    ("PowerPoint Document", "is an old PowerPoint file"),
)


def ole_kind(file: BinaryIO) -> str:
    """What an old Office file is: "workbook", or words. Told by the names of its streams."""
    data = file.read(64 << 20)
    file.seek(0)
    for name, kind in _OLE:
        padded = name.encode("utf-16-le").ljust(64, b"\0")
        if padded in data:
            return kind
    return "is an old Office file or a mail message"
