"""Requests to end (Ctrl-C, SIGTERM) that come between two steps of work, never within one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class Stopped(KeyboardInterrupt):
    """Ctrl-C, or a request to end; `exit_code` is what the process should end with."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


class Stops:
    """Takes signals over within `with`, in the main thread; elsewhere it does nothing.

    A signal raises `Stopped` at once, but within `held_back` only when that is over. With `at_once`
    False the whole block is held back: the first signal is noted (`asked`), and ends the items of
    `between`; a second one raises. `numbers` are the signals, by default SIGINT and SIGTERM.
    """

    def __init__(self, *numbers: signal.Signals, at_once: bool = True) -> None:
        self._numbers = numbers or (signal.SIGINT, signal.SIGTERM)
        self._at_once = at_once
        self._asked = 0
        self._held_back = self._waiting = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Stops:
        """Takes the signals over."""
        if threading.current_thread() is threading.main_thread():
            for number in self._numbers:
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(self, *_: object) -> None:
        """Gives them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()

    @property
    def asked(self) -> bool:
        """Whether a stop is asked for: what is held back should come to its end soon."""
        return bool(self._asked)

    @property
    def exit_code(self) -> int:
        """What a process ends with that was asked to end; 0 where it was not."""
        return 128 + self._asked if self._asked else 0

    def _caught(self, number: int, frame: FrameType | None) -> None:
        again, self._asked = self.asked, number
        # While an item is waited for (a pipe that is silent) only an exception gets out; nothing
        # has been taken from the source then.
        if self._waiting or (not self._held_back and (self._at_once or again)):
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

    def between(self, items: Iterable[T]) -> Iterator[T]:
        """The same items until a stop is asked for; an item that was given is used to its end."""
        iterator = iter(items)
        while not self.asked:
            self._waiting = True
            try:
                item = next(iterator)
            except (StopIteration, KeyboardInterrupt):
                return
            finally:
                self._waiting = False
            yield item
