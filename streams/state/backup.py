"""A backup: what is not in the input log, in one file.

The file is gzip of lines of JSON. The first is a head: the form, when and of what it was made. Each
further line is an entry, a fact as it is stored elsewhere, by what part of the state it is of. The
last says how many lines came before it, and their SHA-256: a file that was cut or altered is found
before anything of it is used. Whether entries of an older form can be read is for the part that
they are of (`STATE_VERSION` of each), as with what is stored there.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Literal, get_args

import msgspec

from streams.alerts.model import Handover, Transition, decode_fact
from streams.errors import CheckpointError, SourceError
from streams.state.durable import synchronise
from streams.state.snapshot import Head
from streams.state.sqlite import (
    WATCHED,
    RowWriter,
    connect_beside,
    create,
    guarded,
    head_of,
    nonce_of,
    transaction,
    unguarded,
)

STATE_VERSION = 1
"""Of the lines of a backup, which a later version restores. To be raised with any change of what is
written; `tests/unit/state/test_versions.py` fails where that was forgotten."""

BackupPart = Literal["alerts", "published", "learned", "calibration"]
PARTS: tuple[BackupPart, ...] = get_args(BackupPart)
OnEntry = Callable[[BackupPart], None]
"""Called for each entry that is written or put back."""


class BackupHead(msgspec.Struct, frozen=True):
    """The first line of a backup."""

    watchroom_backup: int
    """The form."""
    made_at: str
    version: str
    """Of Watchroom."""
    of: tuple[str, ...] = ()
    """What it was made of, for a person."""


class BackupEntry(msgspec.Struct, frozen=True):
    """One line: an alert's transition or a handover (`alerts`), a message of the published topic,
    a part of what detectors have learned, an answer of a calibration. `key` is unique in its part
    but for transitions, of which the later one comes later."""

    part: BackupPart
    force: str
    """Empty of a calibration."""
    key: str
    value: bytes


class _End(msgspec.Struct):
    lines: int
    sha256: str


_encode = msgspec.json.Encoder().encode
_entry = msgspec.json.Decoder(BackupEntry).decode


def write(path: Path, head: BackupHead, entries: Iterable[BackupEntry], on_entry: OnEntry) -> None:
    """Writes a backup, whole or not at all; it is on the disk when this returns. Raises
    `CheckpointError` where that can't be done, or something of that name is there."""
    if path.exists() or path.is_symlink():
        raise CheckpointError(f"{path} is there already. Name another file, or delete it")
    part = None
    try:
        # New, 0600 and of a name that nobody can foresee: what others put into the folder is
        # neither followed nor taken.
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".part")
        part = Path(name)
        with os.fdopen(number, "wb") as file, gzip.open(file, "wb", compresslevel=6) as out:
            out.writelines(lines_of(head, entries, on_entry))
        synchronise(part)
        part.replace(path)
        synchronise(path.parent)
    except OSError as error:
        raise CheckpointError(
            f"{path}: the backup can't be written: {error.strerror}. Name another place"
        ) from None
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def lines_of(
    head: BackupHead, entries: Iterable[BackupEntry], on_entry: OnEntry = lambda _: None
) -> Iterator[bytes]:
    """The lines of a backup."""
    digest, lines = hashlib.sha256(), 0
    for each in chain([head], entries):
        line = _encode(each) + b"\n"
        digest.update(line)
        lines += 1
        yield line
        if isinstance(each, BackupEntry):
            on_entry(each.part)
    yield _encode(_End(lines, digest.hexdigest())) + b"\n"


class Backup:
    """A backup that was read to its end, found whole, and whose entries about alerts can be used;
    raises `SourceError` for any other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[BackupPart] = Counter()
        """Entries by part."""
        digest, lines, end = hashlib.sha256(), 0, b""
        for line in self._read():
            if end:
                lines += 1
                digest.update(end)
            if not lines and not end:
                self.head = self._head(line)
            end = line
        try:
            said = msgspec.json.decode(end, type=_End)
        except msgspec.MsgspecError:
            raise self._damaged("its end is missing") from None
        if (said.lines, said.sha256) != (lines, digest.hexdigest()):
            raise self._damaged("it is not what was written")
        for number, entry in self._entries():
            self.counts[entry.part] += 1
            if entry.part == "alerts":
                try:
                    restored(entry.value)
                except (msgspec.MsgspecError, UnicodeError) as error:
                    raise self._unusable(number, str(error)) from None

    def entries(self, *parts: BackupPart) -> Iterator[BackupEntry]:
        """The entries of some parts, by default of all, in their order."""
        return (entry for _, entry in self._entries() if not parts or entry.part in parts)

    def _entries(self) -> Iterator[tuple[int, BackupEntry]]:
        """Each with the number of its line, from 1."""
        for number, line in enumerate(self._read(), 1):
            if number > 1 and line.startswith(b'{"part"'):
                try:
                    entry = _entry(line)
                except (msgspec.MsgspecError, UnicodeError) as error:
                    raise self._unusable(number, str(error)) from None
                yield number, entry

    def _read(self) -> Iterator[bytes]:
        try:
            with gzip.open(self.path, "rb") as lines:
                yield from lines
        except FileNotFoundError:
            raise SourceError(f"{self.path}: there is no such backup") from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self._damaged(str(error)) from None
        except OSError as error:
            raise SourceError(f"{self.path} can't be read: {error.strerror}") from None

    def _head(self, line: bytes) -> BackupHead:
        try:
            head = msgspec.json.decode(line, type=BackupHead)
        except msgspec.MsgspecError:
            raise self._damaged("it does not begin as a backup does") from None
        if head.watchroom_backup > STATE_VERSION:
            raise SourceError(
                f"{self.path} was made by a later version of Watchroom ({head.version}). "
                "Use that one"
            )
        return head

    def _unusable(self, number: int, why: str) -> SourceError:
        return SourceError(
            f"{self.path}: line {number:,} can't be used ({why}). Nothing of it was used: take "
            "another backup, or the version of Watchroom that made it "
            f"({self.head.version})"
        )

    def _damaged(self, why: str) -> SourceError:
        return SourceError(
            f"{self.path} is no backup, or is damaged ({why}). Nothing of it was used: take another"
        )


def restored(value: bytes, generation: int = 0) -> Transition | Handover:
    """A fact about alerts as it is put back: of a generation above all that are there, so that it
    counts, and below any that a worker or monitor makes from then on. Raises
    `msgspec.MsgspecError`."""
    fact = decode_fact(value)
    if isinstance(fact, Handover):
        return fact
    return msgspec.structs.replace(fact, generation=generation)


def generation_above(values: Iterable[bytes | None]) -> int:
    """The generation above those of all transitions among some messages; 0 where there are none. A
    message that can't be read counts for no worker either."""
    highest = -1
    for value in values:
        with contextlib.suppress(msgspec.MsgspecError):
            if value is not None and isinstance(fact := decode_fact(value), Transition):
                highest = max(highest, fact.generation)
    return highest + 1


# -- what detectors have learned, in checkpoints --------------------------------------------------


def learned(folder: Path) -> Iterator[BackupEntry]:
    """What detectors have learned by the checkpoints of a folder, which a worker may be using.
    Raises `SourceError` for files that can't be read."""
    if not folder.is_dir():
        raise SourceError(f"{folder}: there is no such folder of checkpoints")
    for path in sorted(folder.glob("*.sqlite")):
        try:
            yield from _learned(path)
        except Exception as error:
            raise SourceError(
                f"{path} can't be read ({error}). Leave --checkpoints out to do without what "
                "detectors have learned"
            ) from error


def _learned(path: Path) -> Iterator[BackupEntry]:
    with closing(connect_beside(path)) as db:
        db.execute("BEGIN")
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        if "head" not in names or not db.execute("SELECT 1 FROM head").fetchone():
            return  # it is only just being made
        feed = head_of(db).topic.rpartition(".")[2]
        if "watched" in names:
            for force, part, body in db.execute("SELECT force, part, body FROM watched"):
                yield BackupEntry(
                    "learned", force, f"{feed}/{part}", unguarded(f"{force}/{part}", body)
                )


def put_learned(path: Path, head: Head, parts: Iterable[tuple[str, str, bytes]]) -> None:
    """Makes a checkpoint that holds nothing but what detectors have learned (force, part, blob),
    which a worker's go on from: the form of `head` is `streams.state.checkpoint.RESTORED`."""
    with closing(create(path)) as db, transaction(db):
        rows = RowWriter(db, {})
        db.execute(WATCHED)
        rows.put("watched", ((f, part, guarded(f"{f}/{part}", body)) for f, part, body in parts))
        made = msgspec.structs.replace(head, nonce=nonce_of(db), digests=rows.digests)
        db.execute("INSERT INTO head VALUES (1, ?)", (guarded("head", _encode(made)),))
