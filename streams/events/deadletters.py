"""Dead letters: lines that could not be counted, kept whole with the reason and their origin.

In Kafka a dead letter is a message of `<prefix>.deadletter`: the key is its id, the value the raw
bytes as they came, and the rest stands in headers. In a file it is a line of JSON with the same
names; the raw line is `raw`, or `raw_base64` where it is no UTF-8. The id is the place the line
came from (`topic/partition/offset/line`, or `file:line`), so a letter that is sent twice, after a
crash, is one letter.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from streams.errors import SourceError
from streams.events.seen import Seen
from streams.periods import rfc3339
from streams.private import private_file

STATE_VERSION = 1
"""Of dead letters as messages and as lines of a file, which a later version may send again. To be
raised with any change of what is written; `tests/unit/state/test_versions.py` fails where that was
forgotten, or where an older form can't be read any more."""

MOST_SEEN = 100_000
"""The latest letters of a file that are not written again."""

TEXT_HEADERS = ("reason", "detail", "origin", "time", "force", "kind", "retried")

Headers = list[tuple[str, bytes]]


class DeadLetter(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One refused line. `time` is when it was refused, `retried` when it was sent again."""

    origin: str
    reason: str
    detail: str = ""
    time: str | None = None
    force: str | None = None
    kind: str | None = None
    raw: bytes = b""
    retried: str | None = None

    @property
    def id(self) -> str:
        """What tells it from every other letter."""
        return self.origin

    def headers(self) -> Headers:
        """Everything but the raw line, as Kafka headers."""
        found = ((name, getattr(self, name)) for name in TEXT_HEADERS)
        return [(name, _utf8(value)) for name, value in found if value is not None]

    def as_line(self) -> bytes:
        """One line of JSON, without the newline."""
        out = {name: getattr(self, name) for name in TEXT_HEADERS if getattr(self, name)}
        try:
            out["raw"] = self.raw.decode("utf-8")
        except UnicodeDecodeError:
            out["raw_base64"] = base64.b64encode(self.raw).decode("ascii")
        return msgspec.json.encode({k: _utf8(v).decode() for k, v in out.items()})


class _Peek(msgspec.Struct):
    kind: str | None = None
    force: str | None = None


class _Line(msgspec.Struct):
    origin: str
    reason: str
    detail: str = ""
    time: str | None = None
    force: str | None = None
    kind: str | None = None
    retried: str | None = None
    raw: str | None = None
    raw_base64: str | None = None


def peek(raw: bytes) -> tuple[str | None, str | None]:
    """(force, kind) that a line says it is of, as far as it can be read."""
    try:
        found = msgspec.json.decode(raw, type=_Peek)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None, None
    return found.force, found.kind


def letter(raw: bytes, origin: str, reason: str, detail: str, at: int) -> DeadLetter:
    """A letter for a line that was refused at `at` (ms)."""
    force, kind = peek(raw)
    return DeadLetter(
        origin=origin,
        reason=reason,
        detail=detail,
        time=rfc3339(at),
        force=force,
        kind=kind,
        raw=raw,
    )


def from_message(
    key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]]
) -> DeadLetter:
    """A letter as it was read from Kafka; what is missing stays empty."""
    held = {name: text.decode("utf-8", "replace") for name, text in headers}
    origin = held.get("origin") or (key or b"unknown").decode("utf-8", "replace")
    return DeadLetter(
        origin=origin,
        reason=held.get("reason", "unknown"),
        detail=held.get("detail", ""),
        time=held.get("time"),
        force=held.get("force"),
        kind=held.get("kind"),
        retried=held.get("retried"),
        raw=value or b"",
    )


def from_line(line: bytes) -> DeadLetter:
    """A letter as it was read from a file; raises `msgspec.MsgspecError`."""
    held = msgspec.json.decode(line, type=_Line)
    raw = base64.b64decode(held.raw_base64) if held.raw_base64 else (held.raw or "").encode()
    return DeadLetter(raw=raw, **{name: getattr(held, name) for name in TEXT_HEADERS})


class DeadLetterFile:
    """Appends letters to a file that is made at the first of them: a clean run leaves none. Only
    its owner may read it. A line that is refused again at the same place, as one that a sender
    sends again, is written once, but for one so long ago that `MOST_SEEN` came since.

    Its methods raise `SourceError` where the file can't be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._seen = Seen(MOST_SEEN)

    def write(self, letter: DeadLetter) -> None:
        """Appends one letter."""
        placed = _utf8(letter.origin) + b"\n" + letter.raw
        if placed in self._seen:
            return
        with self._in_words():
            if self._file is None:
                private_file(self.path)
                self._file = self.path.open("ab")
            self._file.write(letter.as_line() + b"\n")
        self._seen.add(placed)

    def flush(self) -> None:
        """Lets another program see what was written."""
        with self._in_words():
            if self._file is not None:
                self._file.flush()

    def close(self) -> None:
        """Closes the file, if one was made."""
        file, self._file = self._file, None
        with self._in_words():
            if file is not None:
                file.close()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SourceError(
                f"{self.path}: refused rows can't be written there: {error.strerror}. "
                "Name another place with --dead-letters"
            ) from None


def read_file(path: Path) -> Iterator[DeadLetter]:
    """The letters of a file; raises `SourceError` for a file that can't be read or is none."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    try:
                        yield from_line(line)
                    except (msgspec.MsgspecError, ValueError) as error:
                        raise SourceError(f"{path}:{number}: no dead letter: {error}") from None
    except OSError as error:
        raise SourceError(f"{path}: can't be read: {error.strerror}") from None


def merged(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Each letter once, in the order of first arrival; a repeat only adds that it was retried."""
    found: dict[str, DeadLetter] = {}
    for each in letters:
        held = found.get(each.id)
        if held is None:
            found[each.id] = each
        elif each.retried is not None:
            held.retried = each.retried
    return list(found.values())


def _utf8(text: str) -> bytes:
    # A detail may quote text that is no Unicode.
    return text.encode("utf-8", "backslashreplace")
