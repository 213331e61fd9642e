"""Python's collector of cyclic garbage, kept away while a checkpoint is read back.

While a million records are made it would look through all of them again and again, and hold every
thread for up to 400 ms at a time.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
