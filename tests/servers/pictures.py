"""PNG pictures as arrays of their pixels."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

BYTES = {2: 3, 6: 4}
"""Of a pixel, by colour type: with eight bits for each of red, green and blue, and transparency."""


def as_pixels(png: bytes) -> NDArray[np.uint8]:
    """The pixels of a picture, rows by columns by colours. Raises ValueError for a form that
    browsers do not write (interlaced, a palette)."""
    header: tuple[int, int, int, int, int] | None = None
    data, at = b"", 8
    while at < len(png):
        (size,), name = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        part = png[at + 8 : at + 8 + size]
        if name == b"IHDR":
            wide, high, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", part)
            header = wide, high, depth, kind, interlaced
        data += part if name == b"IDAT" else b""
        at += size + 12
    if header is None or header[2] != 8 or header[3] not in BYTES or header[4]:
        raise ValueError(f"a picture of another form: {header}")
    wide, high, _, kind, _ = header
    return _unfiltered(zlib.decompress(data), wide, high, BYTES[kind])


def _unfiltered(raw: bytes, wide: int, high: int, size: int) -> NDArray[np.uint8]:
    """Takes back what each row was written as the difference from (PNG specification, 9)."""
    rows = np.frombuffer(raw, np.uint8).reshape(high, wide * size + 1)
    made: NDArray[Any] = np.zeros((high, wide, size), np.uint8)
    above = np.zeros((wide, size), np.uint8)
    for number, row in enumerate(rows):
        line = row[1:].reshape(wide, size)
        if row[0] == 0:
            above = line
        elif row[0] == 1:
            above = np.cumsum(line, axis=0, dtype=np.uint8)
        elif row[0] == 2:
            above = line + above
        else:
            above = _by_pixel(line, above, average=row[0] == 3)
        made[number] = above
    return made


def _by_pixel(
    line: NDArray[np.uint8], above: NDArray[np.uint8], *, average: bool
) -> NDArray[np.uint8]:
    found, (wide, size) = line.astype(int).tolist(), line.shape
    up = above.astype(int).tolist()
    nothing = [0] * size
    for x in range(wide):
        left, corner = (found[x - 1], up[x - 1]) if x else (nothing, nothing)
        for c in range(size):
            a, b, d = left[c], up[x][c], corner[c]
            found[x][c] = (found[x][c] + ((a + b) // 2 if average else _paeth(a, b, d))) % 256
    return np.array(found, np.uint8)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda each: abs(guess - each))
