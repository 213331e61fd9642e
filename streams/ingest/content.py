"""The body of a request as numbered lines, within limits after decompression."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec
import zstandard

from streams.errors import WatchroomError

LONGEST_HEADER = 18
"""Bytes of the header of a zstd frame."""
SKIPPABLE = 0x184D2A50
"""The first four bytes of a zstd frame without content, but for the lowest half byte."""
MOST_PIECES = 50_000
"""Frames and blocks of zstd in a body: more than twice as many as there may be events."""
REPEATED = 1
"""The kind of a zstd block that is one byte, to be repeated."""


class NotTaken(WatchroomError):
    """A request that is answered with this status, none of whose lines was looked at."""

    def __init__(self, status: int, words: str, again: int | None = None) -> None:
        super().__init__(words)
        self.status, self.again = status, again
        """`again`: after how many seconds it may be sent again; None where that would not help."""


@dataclass(frozen=True)
class Most:
    """What a request may hold, and a sender may send."""

    sent: int = 8 << 20
    """Bytes of a body as it is sent."""
    unpacked: int = 32 << 20
    """Bytes of a body once it is unpacked."""
    lines: int = 20_000
    line: int = 64 << 10
    """Bytes of a line; an incident with a hundred people and units has a third of them."""
    lines_a_minute: int = 120_000
    """Of one token."""
    bytes_a_minute: int = 64 << 20
    """Of bodies once they are unpacked, of one token."""
    requests_a_minute: int = 600
    """Of one token."""


def unpacked(content: bytes, encoding: str, most: int) -> bytes:
    """The body without its compression; raises `NotTaken`."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        whole = content
    elif name in ("gzip", "zstd"):
        whole = _decompressed(content, name, most)
    else:
        raise NotTaken(415, f'"{encoding[:40]}" is no encoding that is read: gzip, zstd')
    if len(whole) > most:
        raise _too_large(most)
    return whole


def _decompressed(content: bytes, name: str, most: int) -> bytes:
    """At most one byte more than there may be is ever made."""
    try:
        if name == "zstd":
            _whole_frames(content)
            with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
                content, read_across_frames=True
            ) as reader:
                return reader.read(most + 1)
        state = zlib.decompressobj(wbits=31)
        whole = state.decompress(content, most + 1)
    except (zlib.error, zstandard.ZstdError) as error:
        raise NotTaken(400, f"the body is no {name}: {error}") from None
    if not state.eof and len(whole) <= most:
        raise NotTaken(400, "the gzip data ends in the middle")
    if state.unused_data:
        raise NotTaken(400, "something follows the gzip data")
    return whole


def _whole_frames(content: bytes) -> None:
    """Looks whether a body is zstd frames from its first byte to its last, which a reader of a
    stream does not: it takes what has come. Raises `NotTaken`, and `ZstdError` where something
    that is no frame stands where one should begin. Source: RFC 8878, 3.1."""
    ends = list(islice(_pieces(content), MOST_PIECES + 1))
    if len(ends) > MOST_PIECES:
        raise NotTaken(413, f"zstd data in more than {MOST_PIECES:,} pieces: send it in parts")
    if ends and ends[-1] > len(content):
        raise NotTaken(400, "the zstd data ends in the middle")


def _pieces(content: bytes) -> Iterator[int]:
    """Where each frame without content, header and block of zstd data ends; the last may end beyond
    what there is. Raises `ZstdError`."""
    at, end = 0, len(content)
    while at < end:
        head = content[at : at + LONGEST_HEADER]
        frame = zstandard.get_frame_parameters(head)
        if int.from_bytes(head[:4], "little") & ~0xF == SKIPPABLE:
            yield (at := at + 8 + int.from_bytes(head[4:8], "little"))
            continue
        yield (at := at + zstandard.frame_header_size(head))
        last = False
        while not last:
            block = int.from_bytes(content[at : at + 3], "little")
            last, kind = bool(block & 1), block >> 1 & 3
            at += 3 + (1 if kind == REPEATED else block >> 3)
            if last and frame.has_checksum:
                at += 4
            if at >= end and not last:
                at = end + 1  # a block more was to come
                last = True
            yield at


def _too_large(most: int) -> NotTaken:
    return NotTaken(413, f"at most {most:,} bytes in one request, unpacked: send it in parts")


def numbered(whole: bytes, most: int) -> list[tuple[int, bytes]]:
    """The lines of NDJSON, or the items of a JSON array, with their numbers from 1; blank lines are
    left out. Raises `NotTaken`."""
    text = whole.removeprefix(b"\xef\xbb\xbf")
    if text.lstrip()[:1] == b"[":
        try:
            items = msgspec.json.decode(text, type=list[msgspec.Raw])
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            raise NotTaken(400, f"the body is no JSON array: {error}") from None
        # Between the tokens of JSON a line end is a blank; within strings there is none.
        lines = [bytes(item).replace(b"\r", b" ").replace(b"\n", b" ") for item in items]
        found = list(enumerate(lines, start=1))
    else:
        if text.count(b"\n") > most + most:  # before a million of nothing are taken apart
            raise _too_many(most)
        found = list(_not_blank(text))
    if len(found) > most:
        raise _too_many(most)
    if not found:
        raise NotTaken(400, "there is no event in the body: NDJSON, or a JSON array")
    return found


def _not_blank(text: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(text.split(b"\n"), start=1):
        if line and not line.isspace():
            yield number, line.removesuffix(b"\r")


def _too_many(most: int) -> NotTaken:
    return NotTaken(413, f"at most {most:,} events in one request: send them in parts")
