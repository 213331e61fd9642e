"""Keys that are pressed while a command goes on, where it is on a terminal."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from typing import Any


class Keys:
    """The keys that were pressed; use it with `with`. Elsewhere than on a terminal there are none.

    Ctrl-C and Ctrl-Z do what they always do.
    """

    HINT = "space: pause"

    def __init__(self) -> None:
        self._terminal: int | None = None
        self._before: list[Any] = []

    def __enter__(self) -> Keys:
        """Has the terminal hand over each key as it is pressed."""
        try:
            terminal = sys.stdin.fileno()
            if os.isatty(terminal) and os.getpgrp() == os.tcgetpgrp(terminal):
                self._before = termios.tcgetattr(terminal)
                tty.setcbreak(terminal)
                self._terminal = terminal
        except (OSError, ValueError, termios.error):  # standard input is closed, or no file
            self._terminal = None
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the terminal as it was."""
        if self._terminal is not None:
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._before)
            self._terminal = None

    def pressed(self) -> str:
        """What was pressed since this was last asked."""
        if self._terminal is None or not select.select([self._terminal], [], [], 0)[0]:
            return ""
        return os.read(self._terminal, 64).decode("utf-8", "replace")
