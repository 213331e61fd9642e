"""Failed sign-ins: so many from one address, then they are put off for a while.

Who has a token that holds is let in all the same: it is 256 random bits, which nobody guesses, so
this keeps the log short, and guards nothing else.
"""

from __future__ import annotations

import time
from collections import OrderedDict

MOST = 10
"""Failed attempts of an address within `WITHIN`."""
WITHIN = 60.0
"""Seconds."""
MOST_ADDRESSES = 10_000


class FailedSignIns:
    """Counts the failed attempts of each address; the addresses that failed longest ago are
    forgotten first, so that their number is not the visitors' to choose."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """For how many seconds a failed attempt of an address is put off; 0 where it is not."""
        now = time.monotonic()
        failed = [at for at in self._failed.get(address, ()) if now - at < WITHIN]
        return 0 if len(failed) < MOST else max(1, round(WITHIN - (now - failed[-MOST])))

    def add(self, address: str) -> None:
        """Counts a failed attempt."""
        now = time.monotonic()
        failed = [at for at in self._failed.pop(address, ()) if now - at < WITHIN]
        self._failed[address] = [*failed, now][-MOST:]
        if len(self._failed) > MOST_ADDRESSES:
            self._failed.popitem(last=False)
