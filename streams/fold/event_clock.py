"""The event time of a force, for whoever judges at instants of it."""

from __future__ import annotations

from collections.abc import Callable
from sys import maxsize


class EventClock:
    """Tells that event time is about to pass an instant.

    What takes records asks, before one counts, whether its time lies after `due` (ms), and calls
    `reach` with that time if so. So whoever judges sees each instant with all that came before it
    and nothing from after it, however the records are batched.
    """

    __slots__ = ("due", "reach")

    def __init__(self, reach: Callable[[int], None]) -> None:
        self.due = maxsize
        """The next instant that is to be judged; far away while nothing is."""
        self.reach = reach
