"""For how long what a worker was given is its own.

The group of workers gives a partition to another when it has heard nothing for a session. A process
that was stopped, or cut off, for so long can't know whether that has happened until the group has
answered it again: meanwhile it may show nothing as live, send nothing and decide nothing. So what
counts is when the last question was *asked* that the group has answered, by a clock that goes on
while the process, or the machine, sleeps.
"""

from __future__ import annotations

from collections.abc import Callable

from streams.live.clock import steady_clock


class Lease:
    """What the group has granted for `seconds` from each question that it answered. May be used
    from any thread."""

    def __init__(self, seconds: float, clock: Callable[[], float] = steady_clock) -> None:
        self.seconds, self._clock = seconds, clock
        self._asked: float | None = None

    def ask(self) -> float:
        """When a question is asked, for `answered`."""
        return self._clock()

    def answered(self, asked: float) -> None:
        """The group knows this worker, by its answer to the question of that instant."""
        if self._asked is None or asked > self._asked:
            self._asked = asked

    def end(self) -> None:
        """The group does not know this worker any more."""
        self._asked = None

    @property
    def held(self) -> bool:
        """Whether nobody else can have been given what this worker has."""
        return self._asked is not None and self._clock() - self._asked < self.seconds

    @property
    def words(self) -> str:
        """What is to be said where it is not held."""
        if self._asked is None:
            return "the group of workers does not know this one"
        silent = self._clock() - self._asked
        return (
            f"the group of workers has not answered for {silent:.0f} s: another worker may have "
            "taken over, so nothing is done here until it answers"
        )
