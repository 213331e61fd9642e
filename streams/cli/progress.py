"""The progress of a play, where a person watches."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from rich.progress import (
    BarColumn,
    Progress,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from streams.cli.echo import CleanConsole
from streams.periods import rfc3339
from streams.sources.order.play import Play, Readable
from streams.sources.order.player import Player, Stage

OFTEN = 0.1
"""Seconds between two looks; chunks take a millisecond."""
OF_LATE = 2.0
"""Seconds over which events a second are reckoned."""
CALLED: dict[Stage, str] = {
    "sorting": "Reading",
    "before": "Catching up",
    "playing": "Playing",
    "paused": "Paused",
}

PACED: frozenset[Stage] = frozenset(("playing", "paused"))
"""When the share of a paced play is one of event time."""


@contextmanager
def progress_bar(
    player: Player,
    beside: Callable[[], str] = lambda: "",
    zone: dt.tzinfo | None = None,
    hint: str = "",
) -> Iterator[Callable[[], None]]:
    """A bar with the share, the event time in a time zone, events a second and the time left: of
    the reading by bytes, then of the play by lines, or by event time where it is paced. Gives what
    moves it, to be called after each step; `beside` is shown beside it, and a `hint` below."""
    console = CleanConsole(stderr=True)
    if not console.is_terminal:
        yield lambda: None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TextColumn("{task.fields[beside]}"), TimeElapsedColumn(), TimeLeft(),
    )  # fmt: skip
    with Progress(*columns, console=console, refresh_per_second=5, transient=True) as bar:
        task = bar.add_task("", total=None, beside="", left=None)
        rate, shown = _Rate(), 0.0
        stage: Stage | None = None

        def move() -> None:
            nonlocal shown, stage
            now = time.monotonic()
            if now - shown < OFTEN and player.stage == stage:
                return
            if stage == "sorting" and player.stage != stage:
                bar.reset(task)
            shown, stage = now, player.stage
            parts = [beside()]
            if player.stage != "sorting":
                parts = [*when(player, zone), f"{rate(player.lines):,.0f} events/s", *parts]
            share = share_of(player)
            bar.update(
                task,
                description=CALLED.get("paused" if player.paused else player.stage, ""),
                total=None if share is None else 1.0,
                completed=share or 0.0,
                left=left_of(player),
                beside=" · ".join(filter(None, [*parts, hint])),
            )

        yield move


class _Rate:
    """Lines a second of late."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = []

    def __call__(self, lines: int) -> float:
        now = time.monotonic()
        self._seen = [each for each in self._seen if now - each[0] < OF_LATE]
        self._seen.append((now, lines))
        since, then = self._seen[0]
        return (lines - then) / max(OFTEN, now - since)


def when(player: Player, zone: dt.tzinfo | None) -> list[str]:
    """The event time, where it is known."""
    at = player.now
    return [rfc3339(at, zone or dt.UTC)[:16].replace("T", " ")] if at else []


def share_of(player: Player) -> float | None:
    """How much of the reading is done, then of the play; None where that can't be known."""
    source = player.source
    if player.stage == "sorting":
        read = source.source if isinstance(source, Play) else cast("Readable", source)
        total = read.total_bytes
        return None if not total else min(1.0, read.consumed_bytes / total)
    if not isinstance(source, Play) or not source.lines:
        return None
    stretch = _paced(player)
    if stretch is not None and stretch[1] > stretch[0]:
        begin, end = stretch
        return min(1.0, max(0.0, (player.now - begin) / (end - begin)))
    return min(1.0, player.lines / source.lines)


def left_of(player: Player) -> float | None:
    """Seconds by the wall clock until a paced play is over, not reckoning pauses to come; None of
    one that is as fast as it goes, whose time left follows from how fast it went."""
    stretch = _paced(player)
    if stretch is None or player.speed is None:
        return None
    begin, end = stretch
    return max(0, end - max(begin, player.now)) / 1000 / player.speed


def _paced(player: Player) -> tuple[int, int] | None:
    """The begin and the end in event time of what is played at a pace, in ms; None while nothing
    is, or of what has no known end."""
    source = player.source
    if player.speed is None or player.stage not in PACED or not isinstance(source, Play):
        return None
    begin = source.first if player.begin is None else player.begin
    end = source.last if player.end is None else player.end
    return None if begin is None or end is None else (begin, end)


class TimeLeft(TimeRemainingColumn):
    """The time left: as it was reckoned, else from how fast the bar has moved."""

    def render(self, task: Task) -> Text:
        """What is shown."""
        left = task.fields["left"]
        if left is None:
            return super().render(task)
        return Text(str(dt.timedelta(seconds=round(left))), style="progress.remaining")
