"""A task that works as long as its process: what fails in it, whatever it is, is handed on, and the
work is tried again after a pause.

Without this an error that nobody thought of ends a task for good, and asyncio says so to nobody
until the process ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("watchroom.worker")


class SteadyTask:
    """Does `work` again and again. `failed` is called with each error, which is no
    `CancelledError`; after `pause` seconds the work is tried again."""

    def __init__(
        self,
        work: Callable[[], Awaitable[None]],
        failed: Callable[[Exception], None],
        pause: float,
    ) -> None:
        self._work, self._failed, self._pause = work, failed, pause
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins, where it does not run: also where an earlier task has ended, though nobody has
        stopped it."""
        if self._task is not None and self._task.done():
            ended = None if self._task.cancelled() else self._task.exception()
            log.error("a task had ended, and begins anew", exc_info=ended)
            self._task = None
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def revive(self) -> None:
        """Begins anew, where it was started and has ended by itself."""
        if self._task is not None:
            self.start()

    async def stop(self) -> None:
        """Ends, in the midst of the work."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self._work()
            except Exception as error:  # noqa: BLE001 - `failed` says it
                self._failed(error)
                await asyncio.sleep(self._pause)


def unexpected(error: Exception) -> str:
    """What to say of an error that nobody thought of, and logged in full."""
    return f"an unexpected {type(error).__name__}, which stands in the log"
