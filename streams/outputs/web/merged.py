"""Several streams as one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

log = logging.getLogger("watchroom.web")


async def merged(streams: Sequence[AsyncGenerator[bytes]]) -> AsyncGenerator[bytes]:
    """What all of some streams yield, as it comes, until they have ended. None gets ahead of who
    reads by more than one part, and all are let go when who reads leaves."""
    parts: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)

    async def read(stream: AsyncGenerator[bytes]) -> None:
        try:
            async with aclosing(stream):
                async for part in stream:
                    await parts.put(part)
        except Exception:  # the others go on
            log.exception("one of several streams ended")
        await parts.put(None)

    tasks = [asyncio.create_task(read(each)) for each in streams]
    try:
        running = len(tasks)
        while running:
            part = await parts.get()
            if part is None:
                running -= 1
            else:
                yield part
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def framed(parts: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The frames of a stream of server-sent events, one by one, however they arrive."""
    held = b""
    async with aclosing(parts):
        async for part in parts:
            *frames, held = (held + part).split(b"\n\n")
            for frame in frames:
                yield frame + b"\n\n"
