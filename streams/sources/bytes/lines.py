"""Blocks of bytes to whole lines: decompression, encodings, line ends and very long lines.

Compression is told by the first bytes, not by the name. A stream that ends early, or is damaged in
the middle, gives every line that came before the damage and then raises `SourceError` (Zstandard:
up to its last few thousand compressed bytes, which can't be told apart).
"""

from __future__ import annotations

import codecs
import io
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import zstandard

from streams.errors import SourceError
from streams.sources.event_lines import Rejected

BLOCK = 1 << 18
MAX_LINE = 16 << 20
"""A line above this many bytes is rejected: no event is that long, and memory is not endless."""
KEPT_OF_LONG_LINE = 1 << 16

MOST_OUT = 1 << 20
"""The most that one step of decompression gives: a block of zeros expands a thousandfold."""

HARMLESS = 64 << 20
MOST_RATIO = 250
"""What unpacks to more than 64 MiB, and to so many times its size, is no data but a trap: exports
of events shrink to a tenth, or to a fiftieth where they are very regular."""

GZIP_MAGIC, ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Meter:
    """Counts the bytes taken from the file, compressed as they are: what a progress bar shows."""

    def __init__(self) -> None:
        self.consumed = 0


class Batch(NamedTuple):
    """Whole lines without their newlines; `first` is the number of the first, from 1."""

    first: int
    lines: list[bytes]
    rejected: list[Rejected]


def read_blocks(file: io.BufferedIOBase, origin: str, meter: Meter) -> Iterator[bytes]:
    """The blocks of a file as they become available: a pipe is not waited for until it is full."""
    while True:
        try:
            block = file.read1(BLOCK)
        except OSError as error:
            raise SourceError(
                f"{origin}: can't be read after {meter.consumed:,} bytes: {error}"
            ) from None
        if not block:
            return
        meter.consumed += len(block)
        yield block


def decompress(blocks: Iterator[bytes], origin: str) -> Iterator[bytes]:
    """Gzip and Zstandard by their first bytes, anything else as it is; raises `SourceError`."""
    head = b""
    for block in blocks:
        head += block
        if not any(magic.startswith(head) for magic in (GZIP_MAGIC, ZSTD_MAGIC)):
            break
    if head.startswith(GZIP_MAGIC):
        yield from _members(head, blocks, origin, GZIP_MAGIC)
    elif head.startswith(ZSTD_MAGIC):
        yield from _members(head, blocks, origin, ZSTD_MAGIC)
    else:
        if head:
            yield head
        yield from blocks


def check_growth(unpacked: int, packed: int, origin: str) -> None:
    """Raises `SourceError` where so many bytes that came of so many others are a trap."""
    if unpacked > HARMLESS and unpacked > MOST_RATIO * packed:
        raise SourceError(
            f"{origin} unpacks to {unpacked:,} bytes or more, over {MOST_RATIO} times its size: it "
            "is refused as a decompression bomb. If it is real, unpack it yourself"
        )


def _members(head: bytes, blocks: Iterator[bytes], origin: str, magic: bytes) -> Iterator[bytes]:
    """One compressed member after another; a missing end is an error, unlike in some readers."""
    name, fresh = ("gzip", _Gzip) if magic == GZIP_MAGIC else ("Zstandard", _Zstandard)
    member, done, data = fresh(), 0, head
    packed = len(head)
    while True:
        try:
            for out in member.pieces(data):
                done += len(out)
                check_growth(done, packed, origin)
                yield out
        except (zlib.error, zstandard.ZstdError) as error:
            raise _damaged(origin, name, done, str(error)) from None
        if member.unused is not None:
            # Zeros between and after members are padding (tapes, object stores), as in gzip(1).
            rest = member.unused.lstrip(b"\0")
            while len(rest) < len(magic):
                more = next(blocks, None)
                if more is None:
                    break
                packed += len(more)
                rest = (rest + more).lstrip(b"\0")
            if not rest:
                return
            if not rest.startswith(magic):
                raise _damaged(origin, name, done, "something else follows the compressed data")
            member, data = fresh(), rest
            continue
        following = next(blocks, None)
        if following is None:
            raise _damaged(origin, name, done, "it ends in the middle")
        data = following
        packed += len(data)


class _Gzip:
    """One gzip member. `unused` are the bytes after its end, None before it."""

    def __init__(self) -> None:
        self._state = zlib.decompressobj(wbits=31)
        self.unused: bytes | None = None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What comes out of a block, also up to a damaged byte in the middle of it."""
        # zlib gives nothing of a call that fails, not even what was right: then it is done again
        # byte by byte, from a copy.
        while True:
            before = self._state.copy()
            try:
                out = self._state.decompress(data, MOST_OUT)
            except zlib.error:
                for at in range(len(data)):
                    yield before.decompress(data[at : at + 1])
                raise
            data = self._state.unconsumed_tail
            if self._state.eof:
                self.unused = self._state.unused_data
                data = b""
            yield out
            if not data and len(out) < MOST_OUT:
                return


class _Zstandard:
    """One Zstandard frame. `unused` are the bytes after its end, None before it."""

    PIECE = 1 << 9

    def __init__(self) -> None:
        self._state = zstandard.ZstdDecompressor().decompressobj()
        self.unused: bytes | None = None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What comes out of a block; small pieces, since one that fails gives nothing, and one of
        zeros gives 30,000 times its size."""
        for at in range(0, len(data), self.PIECE):
            piece = data[at : at + self.PIECE]
            yield self._state.decompress(piece)
            if self._state.eof:
                self.unused = self._state.unused_data + data[at + len(piece) :]
                return


def _damaged(origin: str, name: str, done: int, why: str) -> SourceError:
    return SourceError(
        f"{origin}: the {name} data is damaged ({why}). The first {done:,} decompressed bytes were "
        "read and their whole lines kept. Fetch the file again, then replay it: what was counted "
        "already is not counted twice"
    )


def without_mark(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Drop the byte order mark that some programs put before UTF-8."""
    head = b""
    for block in blocks:
        head += block
        if len(head) >= len(codecs.BOM_UTF8) or not codecs.BOM_UTF8.startswith(head):
            break
    head = head.removeprefix(codecs.BOM_UTF8)
    if head:
        yield head
    yield from blocks


def to_utf8(blocks: Iterator[bytes], encoding: str, origin: str) -> Iterator[bytes]:
    """Any encoding to UTF-8; a byte that it does not know stays, and its row is rejected later."""
    if codecs.lookup(encoding).name == "utf-8":
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogateescape")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")
    except UnicodeError as error:
        raise SourceError(f"{origin}: is not {encoding}: {error}. Check `encoding`") from None


def ends_in_cr(head: bytes) -> bool:
    """Whether the lines of a text end in a carriage return alone, as old Macs wrote them.

    A return inside a quoted cell comes after the first line end, so it changes nothing.
    """
    first = re.search(rb"\r\n|\r|\n", head)
    if first is None or first[0] != b"\r":
        return False
    pairs = head.count(b"\r\n")
    return head.count(b"\r") - pairs > head.count(b"\n")


def cr_to_lf(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Every line end as a newline."""
    held = b""
    for block in blocks:
        whole = held + block
        held = b"\r" if whole.endswith(b"\r") else b""  # its newline may be in the next block
        whole = whole.removesuffix(b"\r")
        if whole:
            yield whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


def line_batches(blocks: Iterator[bytes], origin: str) -> Iterator[Batch]:
    """Whole lines, a batch for each block; the last may lack its newline.

    A line above `MAX_LINE` bytes is rejected with its beginning. When `blocks` raises, the half
    line before the damage is rejected as `cut_short`, and the error raised again.
    """
    number, held, parts, dropped = 1, 0, [b""], 0

    def overlong(size: int) -> Rejected:
        raw = b"".join(parts)[:KEPT_OF_LONG_LINE]
        detail = f"the line has {size:,} bytes; at most {MAX_LINE:,} are read. `raw` is its start"
        return Rejected(raw, "line_too_long", detail, f"{origin}:{number}")

    try:
        for block in blocks:
            lines = block.split(b"\n")
            if len(lines) > 1:
                size = held + dropped + len(lines[0])
                if size > MAX_LINE:
                    parts.append(lines[0])
                    yield Batch(number, [], [overlong(size)])
                    number += 1
                    del lines[0]
                else:
                    parts.append(lines[0])
                    lines[0] = b"".join(parts)
                tail = lines.pop()
                if lines:
                    yield Batch(number, lines, [])
                    number += len(lines)
                parts, held, dropped = [tail], len(tail), 0
            else:
                held += len(block)
                parts.append(block)
                if held > MAX_LINE:
                    parts = [b"".join(parts)[:KEPT_OF_LONG_LINE]]
                    dropped, held = dropped + held - len(parts[0]), len(parts[0])
    except SourceError as error:
        half = b"".join(parts)
        if half:
            yield Batch(number, [], [Rejected(half, "cut_short", str(error), f"{origin}:{number}")])
        raise
    if held + dropped > MAX_LINE:
        yield Batch(number, [], [overlong(held + dropped)])
    elif held:
        yield Batch(number, [b"".join(parts)], [])


def peek(blocks: Iterator[bytes], enough: int) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, up to the block with the first newline, and the same blocks from the start.

    At most about `enough` bytes are looked for a newline. An error met while looking ahead is
    raised only after the bytes before it were handed out.
    """
    taken: list[bytes] = []
    late: SourceError | None = None
    try:
        for block in blocks:
            taken.append(block)
            if b"\n" in block or sum(map(len, taken)) >= enough:
                break
    except SourceError as error:
        late = error

    def again() -> Iterator[bytes]:
        yield from taken
        if late is not None:
            raise late
        yield from blocks

    return b"".join(taken), again()
