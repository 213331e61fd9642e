"""Streams from elsewhere, each read once, however many screens look at what it says.

A stream is opened as the first screen looks and let go as the last has left. Where it ends or can't
be had it is opened anew after `RETRY` seconds; its screens hear nothing meanwhile and say that
they are stale. It is read as fast as it comes: a slow screen holds up neither it nor the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from streams.outputs.web.merged import framed
from streams.outputs.web.newest import Newest

log = logging.getLogger("watchroom.web")

RETRY = 2.0
"""Seconds after which a stream that has ended is opened anew."""

_BEAT = b"event: beat\n"
_EVENT = b"event: "


@dataclass
class _Read:
    """A stream that somebody looks at."""

    newest: Newest = field(default_factory=Newest)
    task: asyncio.Task[None] | None = None


class SharedStreams:
    """`opened` opens the stream of a name; `holds`: for how many seconds what it said is news."""

    def __init__(self, opened: Callable[[str], AsyncGenerator[bytes]], holds: float) -> None:
        self._opened, self._holds = opened, holds
        self._read: dict[str, _Read] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self.closing = False

    @property
    def names(self) -> list[str]:
        """The streams that are read now."""
        return list(self._read)

    async def frames(self, name: str) -> AsyncGenerator[bytes]:
        """The frames of a stream for one screen: the newest at once, then each that follows."""
        read = self._read.setdefault(name, _Read())
        if read.task is None:
            read.task = asyncio.create_task(self._go_on(name, read.newest))
        try:
            async with aclosing(read.newest.read(lambda: self.closing, self._holds)) as frames:
                async for frame in frames:
                    yield frame
        finally:
            if not read.newest.readers and self._read.get(name) is read:
                del self._read[name]
                self._ending.add(read.task)
                read.task.add_done_callback(self._ending.discard)
                read.task.cancel()

    async def _go_on(self, name: str, newest: Newest) -> None:
        """Reads a stream, again and again."""
        failing = False
        while not self.closing:
            try:
                async with aclosing(framed(self._opened(name))) as frames:
                    async for frame in frames:
                        failing = False
                        _take(newest, frame)
            except Exception:  # logged once; it must not end the reading
                if not failing:
                    log.exception("the stream of %s ended", name)
                failing = True
            if not self.closing:
                await asyncio.sleep(RETRY)
        newest.wake()

    async def ended(self) -> None:
        """Waits until every stream that was let go is closed."""
        await asyncio.gather(*self._ending, return_exceptions=True)


def _take(newest: Newest, frame: bytes) -> None:
    """Keeps a frame, if it says something, and has all who look know."""
    if frame.startswith(_BEAT):
        newest.beat = frame
        newest.beats += 1
    elif frame.startswith(_EVENT):
        # The beat before is older than the frame, and would set its clock back.
        newest.frame, newest.beat = frame, b""
        newest.frames += 1
    else:
        return
    newest.alive = asyncio.get_running_loop().time()
    newest.wake()
