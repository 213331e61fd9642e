"""The newest frames of a stream of server-sent events, for any number of screens.

What is to be shown is kept once, with the last word that it still holds (a beat). A screen that is
slow gets the newest when it is ready, and no queue grows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

BEGINNING = b"retry: 2000\n\n"
"""What a stream begins with: two seconds after a lost connection the browser asks again."""


@dataclass
class Newest:
    """What was sent last, and how often; written by one, read by all who look."""

    frame: bytes = b""
    frames: int = 0
    """How often what is to be shown has changed."""
    beat: bytes = b""
    """Says that the frame still holds; empty where nothing was heard after the frame."""
    beats: int = 0
    alive: float = float("-inf")
    """When something was last heard, by the event loop's clock, in seconds."""
    readers: int = 0
    """How many screens read it."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Has those that wait look; who comes later waits for the next time."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def read(self, ended: Callable[[], bool], holds: float) -> AsyncGenerator[bytes]:
        """The frames of one screen: the newest at once, then each that follows, until the first
        wake after it has `ended`. What was last heard more than `holds` seconds ago is no news: a
        screen that connects again meanwhile has to stay stale."""
        self.readers += 1
        clock = asyncio.get_running_loop().time
        try:
            frames, beats = 0, self.beats
            while not ended():
                changed = self._changed
                news = clock() - self.alive < holds
                if news and self.frames != frames:
                    frames, beats = self.frames, self.beats
                    # The frame may have been made a while ago; the beat says that it still holds.
                    yield self.frame + self.beat
                elif news and self.beats != beats:
                    beats = self.beats
                    yield self.beat
                else:
                    await changed.wait()
        finally:
            self.readers -= 1
