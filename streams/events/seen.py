"""Which lines came before, of the latest: a sender that was not answered sends all again."""

from __future__ import annotations

from collections import deque
from hashlib import blake2b


class Seen:
    """Remembers the latest `most` lines, each with some 130 bytes of memory however long it is."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._order: deque[bytes] = deque()
        self._held: set[bytes] = set()

    def __contains__(self, line: bytes) -> bool:
        """Whether a line is one of them."""
        return _digest(line) in self._held

    def add(self, line: bytes) -> None:
        """Remembers a line, and forgets the earliest where they are too many."""
        digest = _digest(line)
        if digest not in self._held:
            self._held.add(digest)
            self._order.append(digest)
            if len(self._order) > self.most:
                self._held.discard(self._order.popleft())


def _digest(line: bytes) -> bytes:
    return blake2b(line, digest_size=16).digest()
