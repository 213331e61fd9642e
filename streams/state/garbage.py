"""Python's collector of cyclic garbage, and what is kept from it.

While a million records are made it would look through all of them again and again, and hold every
thread for up to 400 ms at a time. So it is kept away while a checkpoint is read back, and what has
been read back is frozen: it stays.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def collect_frozen() -> None:
    """Collects all that nobody holds any more. A fold holds itself in circles, and what is frozen
    is never collected: without this the records of one that is given up would stay in memory."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


_lock = threading.Lock()
_blocks = 0


@contextmanager
def kept_off() -> Iterator[None]:
    """Nothing is collected while the block runs; blocks of several threads may overlap."""
    global _blocks  # noqa: PLW0603 - the collector is the process's too
    with _lock:
        _blocks += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            if not _blocks:
                gc.enable()
