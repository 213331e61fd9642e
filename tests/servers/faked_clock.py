"""Another time of day for the processes under test.

An alert of an hour's volume is over after three ordinary hours. A test can't wait for those, and no
process has a clock of its own for tests; so Python's clock is another one in them, which the test
moves. (A library that fakes the system's clock also stands between Python and its locks, and makes
a process with threads crawl.)
"""

import time
from pathlib import Path

HERE = Path(__file__).parent


class FakedClock:
    """A clock that goes as fast as this machine's, some way off it, and can be moved."""

    def __init__(self, folder: Path, now: int) -> None:
        """Let it be `now`, in ms since 1970 UTC."""
        self._file = folder / "clock"
        self._file.write_bytes(bytes(8))
        self._ahead = 0
        self.environment = {
            "PYTHONPATH": str(HERE / "faked_time"),
            "WATCHROOM_TEST_CLOCK": str(self._file),
        }
        self.move(now - self())

    def __call__(self) -> int:
        """Return the instant that the processes take it to be, in ms."""
        return time.time_ns() // 1_000_000 + self._ahead

    def move(self, milliseconds: int) -> None:
        """Move it forward; the processes see it at once."""
        self._ahead += milliseconds
        with self._file.open("r+b") as file:
            file.write((self._ahead * 1_000_000).to_bytes(8, "little", signed=True))
