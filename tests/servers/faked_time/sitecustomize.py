"""Python imports this first in a process that has this folder on PYTHONPATH: another time of day.

How far it is ahead stands in the file that WATCHROOM_TEST_CLOCK names: nanoseconds, eight bytes.
What is measured as a duration, by the monotonic clock, is left as it is. The clock that goes on
while a machine sleeps goes with the time of day, as if it had slept, where the time of day is
judged by it (`streams.live.clock`). It is left as it is where it says whether a process had its
turns and its group has answered: each move would be a sleep of the machine. See `FakedClock`.
"""

import mmap
import os
import sys
import time
from pathlib import Path

with Path(os.environ["WATCHROOM_TEST_CLOCK"]).open("rb") as _file:
    _ahead = mmap.mmap(_file.fileno(), 8, prot=mmap.PROT_READ)
_time_ns = time.time_ns


def time_ns() -> int:
    """Nanoseconds since 1970 UTC, by the other clock."""
    return _time_ns() + int.from_bytes(_ahead[:8], "little", signed=True)


def time_() -> float:
    """Seconds since 1970 UTC, by the other clock."""
    return time_ns() / 1e9


_clock_gettime = time.clock_gettime


def clock_gettime(which: int) -> float:
    """A clock of the system, in seconds."""
    asks = sys._getframe(2).f_globals.get("__name__")  # of who asked `steady_clock`
    moved = which == time.CLOCK_BOOTTIME and asks == "streams.live.clock"
    return _clock_gettime(which) + (time_ns() - _time_ns() if moved else 0) / 1e9


time.time_ns, time.time, time.clock_gettime = time_ns, time_, clock_gettime
