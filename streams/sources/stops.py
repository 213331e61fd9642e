"""Requests to end (Ctrl-C, SIGTERM) that come between two steps of work, never within one."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None
"""What takes a signal, as Python has it."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C, or a request to end; `exit_code` is what the process should end with."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


def rest() -> NoReturn:
    """Waits for a signal that raises. One that comes just before takes effect a second later;
    `signal.pause` would wait for another."""
    while True:
        time.sleep(1)


class Stops:
    """Takes signals over within `with`, in the main thread; elsewhere it does nothing.

    A signal raises `Stopped` at once, but within `held_back` only when that is over. With `insists`
    a second signal raises at once there, too: what waits for others may never be over. `numbers`
    are the signals, by default SIGINT and SIGTERM.
    """

    def __init__(self, *numbers: signal.Signals, insists: bool = False) -> None:
        self._numbers = numbers or (signal.SIGINT, signal.SIGTERM)
        self._insists = insists
        self._asked = 0
        self._held_back = False
        self._before: dict[signal.Signals, Handler] = {}

    def __enter__(self) -> Stops:
        """Takes the signals over."""
        if threading.current_thread() is threading.main_thread():
            for number in self._numbers:
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(self, *_: object) -> None:
        """Gives them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    @property
    def asked(self) -> bool:
        """Whether a stop is asked for: what is held back should come to its end soon."""
        return bool(self._asked)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        again, self._asked = self.asked, number
        if not self._held_back or (again and self._insists):
            raise Stopped(number)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """A stretch that is not to be broken off: a stop that is asked for in it comes after it."""
        self._held_back = True
        try:
            yield
        finally:
            self._held_back = False
        if self._asked:
            raise Stopped(self._asked)
