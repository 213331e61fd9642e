"""Which ids a store on disk may hold, in a few bits each, so that the disk is rarely asked in vain.

A Bloom filter of two bits an id. It never says no to an id that was added; of others it says yes to
about one in fifty. It grows by segments, each eight times as large as the one before, so that
nothing has to be read again; a filter of two million ids has three. Pages of it are saved when they
have changed. Python's own hash differs from process to process, so a checksum is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zlib import crc32

PAGE = 1024
"""Bytes of a page, the unit in which a filter is saved."""
_FIRST, _GROWTH = 64 * PAGE, 8
"""Bytes of the first segment, and how much larger each is than the one before."""
_BITS_AN_ID = 16
_SPREAD = 0x9E3779B97F4A7C15
"""Makes a second position of the first."""


class IdFilter:
    """The ids that were added, and some others."""

    def __init__(self) -> None:
        self.count = 0
        """Ids added."""
        self.pages: set[int] = set()
        """Pages that are not empty; they are numbered through all segments."""
        self.dirty: set[int] = set()
        """Pages that have changed since they were last taken."""
        self._segments: list[tuple[bytearray, int]] = []
        """(bits, the mask of a position)."""
        self._room = self._base = 0

    def __contains__(self, key: str) -> bool:
        hashed = crc32(key.encode())
        for bits, mask in self._segments:
            at = hashed & mask
            if bits[at >> 3] >> (at & 7) & 1:
                at = hashed * _SPREAD >> 20 & mask
                if bits[at >> 3] >> (at & 7) & 1:
                    return True
        return False

    def add(self, keys: Iterable[str]) -> None:
        """Adds ids."""
        for key in keys:
            if key not in self:
                if self.count >= self._room:
                    self._grow()
                hashed = crc32(key.encode())
                bits, mask = self._segments[-1]
                for position in (hashed, hashed * _SPREAD >> 20):
                    at = position & mask
                    bits[at >> 3] |= 1 << (at & 7)
                    self.dirty.add(self._base + (at >> 3) // PAGE)
                self.count += 1

    def _grow(self) -> None:
        if self._segments:
            self._base += len(self._segments[-1][0]) // PAGE
        size = _FIRST * _GROWTH ** len(self._segments)
        self._segments.append((bytearray(size), size * 8 - 1))
        self._room += size * 8 // _BITS_AN_ID

    def take(self) -> list[tuple[int, bytes]]:
        """Copies of the pages that have changed, as (number, bytes)."""
        taken = [(number, self._page(number)) for number in sorted(self.dirty)]
        self.pages |= self.dirty
        self.dirty = set()
        return taken

    def _page(self, number: int) -> bytes:
        for bits, _ in self._segments:
            if number < len(bits) // PAGE:
                return bytes(bits[number * PAGE : (number + 1) * PAGE])
            number -= len(bits) // PAGE
        raise IndexError(number)

    def restore(self, count: int, pages: Mapping[int, bytes]) -> None:
        """Fills an empty filter with the pages that were taken of another."""
        self.count = count
        while self._room < count:
            self._grow()
        self.pages = set(pages)
        first = 0
        for bits, _ in self._segments:
            last = first + len(bits) // PAGE
            for number in range(first, last):
                if (page := pages.get(number)) is not None:
                    bits[(number - first) * PAGE : (number - first + 1) * PAGE] = page
            first = last
