"""A thread that follows whether the folder of the state can be written, and its room."""

from __future__ import annotations

import threading
from pathlib import Path

from streams.live import Health
from streams.state import disk

EVERY = 10.0
"""Seconds between two trials."""
CODE = "disk"


class DiskWatch:
    """Notes in the health of a process what is wrong with a folder, and that it is over."""

    def __init__(self, health: Health, folder: Path, every: float = EVERY) -> None:
        self._health, self._folder, self._every = health, folder, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchroom-disk", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends, at the latest with the trial that is going on."""
        self._stop.set()

    def _run(self) -> None:
        while True:
            words = disk.words_of(self._folder, disk.measure(self._folder))
            self._health.note((CODE,), {CODE: words} if words else {})
            if self._stop.wait(self._every):
                return
