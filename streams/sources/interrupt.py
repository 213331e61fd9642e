"""Ctrl-C that ends a stream between two items, never in the middle of one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class Interrupt:
    """Within `with`, the first Ctrl-C sets `asked` and ends `between`; a second one raises.

    `numbers` are the signals that do so. Outside the main thread, where Python takes no signals,
    it changes nothing.
    """

    def __init__(self, *numbers: signal.Signals) -> None:
        self.asked = False
        self.exit_code = 0
        """What a process ends with that was asked to end."""
        self._waiting = False
        self._numbers = numbers or (signal.SIGINT,)
        self._before: dict[signal.Signals, Any] = {}
        self._mine = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Interrupt:
        """Take over the signals."""
        if self._mine:
            for number in self._numbers:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Give them back."""
        for number, before in self._before.items():
            signal.signal(number, before)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        again, self.asked, self.exit_code = self.asked, True, 128 + number
        # While waiting for input (a pipe that is silent) only an exception gets out; nothing has
        # been taken from the source then.
        if again or self._waiting:
            raise KeyboardInterrupt

    def between(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, until Ctrl-C."""
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
