"""ZIP archives: their members as files of a folder, streamed, with damage and bombs named."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, BinaryIO

from streams.errors import SourceError
from streams.sources.bytes.forms import shown
from streams.sources.bytes.lines import Meter

PIECE = 1 << 14
"""So much is unpacked at a time: a piece that holds damage is lost whole."""
MOST_OUT = 1 << 30
MOST_RATIO = 1000
"""A member that unpacks to more than a GiB, and a thousandfold, is no data but a trap."""


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
    """An archive; raises `SourceError` when it is damaged."""
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise SourceError(
            f"{origin}: the ZIP archive is damaged ({shown(str(error))}). Fetch it again"
        ) from None


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
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
        if parts and not info.is_dir() and not hidden:
            found.append(info)
    return sorted(found, key=lambda info: PurePosixPath(info.filename).parts)


def check_size(info: zipfile.ZipInfo, origin: str) -> None:
    """Raises `SourceError` for a member that is a trap."""
    ratio = info.file_size / max(1, info.compress_size)
    if info.file_size > MOST_OUT and ratio > MOST_RATIO:
        raise SourceError(
            f"{origin} would unpack to {info.file_size:,} bytes, {ratio:,.0f} times its size in "
            "the archive: it is refused as a decompression bomb. If it is real, unpack it yourself"
        )


def member_blocks(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, origin: str, meter: Meter
) -> Iterator[bytes]:
    """The bytes of a member, unpacked; raises `SourceError`, at damage after all before it."""
    if info.flag_bits & 1:
        raise SourceError(
            f"{origin} is encrypted: unpack the archive with its password, and give the folder"
        )
    check_size(info, origin)
    start, done = meter.consumed, 0
    try:
        with archive.open(info) as file:
            while block := file.read(PIECE):
                done += len(block)
                meter.consumed = start + info.compress_size * done // max(1, info.file_size)
                yield block
    except NotImplementedError as error:
        raise SourceError(
            f"{origin} is packed in a way that can't be read ({shown(str(error))}): unpack the "
            "archive, and give the folder"
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
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
