"""Server-sent events: each board is computed once, however many screens show it.

For every force that somebody looks at there is one task, which has the board computed in a thread:
four times a second at most while lines come, else once a second, since time passes. The frames made
of it (the whole board; the first screen of each area) are shared by all viewers. A viewer that is
slow gets the newest frame when it is ready, and no queue grows. Boards of several forces are
computed one after the other, and no more than a third of the time goes into them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import msgspec

from streams.board.model import Board
from streams.config.schema import WallboardSettings
from streams.live import Live
from streams.outputs.sign_in.without_names import nameless_board
from streams.outputs.wallboard import places as beside
from streams.outputs.wallboard.screen import Screen, fingerprint, first_screen
from streams.outputs.web.merged import merged
from streams.outputs.web.newest import BEGINNING, Newest

LEAST = 0.25
"""Seconds from one board to the next while lines come."""

EVERY = 1.0
"""Seconds from one board to the next while none does."""

REST = 2.0
"""For how long nothing is computed after a board, in multiples of what it took."""

BEAT = 2.0
"""Seconds after which a viewer hears that nothing has changed."""

LOST = 2
"""How many words may be lost before a screen says that it is stale."""

MARGIN = 0.5
"""For how long a screen waits beyond these, in seconds."""

MOST_SILENCE = 15.0
"""Seconds for which a screen waits at the most, however long the boards of all forces take."""

MOST_VIEWERS = 500

_encode = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)


def board_content(board: Board) -> Content:
    """The whole board, and what of it is not only that time has passed."""
    held = {
        name: part
        for name, part in msgspec.structs.asdict(board).items()
        if name not in ("at", "feeds", "now")
    }
    feeds = {name: feed.as_of for name, feed in board.feeds.items()}
    screen = first_screen(board)
    return Content(board, (held, feeds, screen.waiting, screen.unattended))


def nameless_content(board: Board) -> Content:
    """The whole board without the names of persons, for who has not signed in."""
    return board_content(nameless_board(board))


def screen_content(
    board: Board,
    area: str | None = None,
    chosen: Sequence[str] | None = None,
    roles: Sequence[str] = (),
) -> Content:
    """The first screen of an area, or of the force, with the tiles that it chooses."""
    screen = first_screen(board, area, chosen, roles)
    return Content(screen, fingerprint(screen))


def places_content(
    board: Board, settings: WallboardSettings, kind: str | None, *, areas: bool
) -> Content:
    """A force beside others, or with its areas beside each other."""
    shown = beside.places(board, settings, kind, areas=areas)
    return Content(shown, beside.fingerprint(shown))


class Content(NamedTuple):
    """What is sent of a board, and marks: where they are equal, it need not be sent again."""

    sent: Board | Screen | beside.Places
    marks: object


@dataclass
class View:
    """What some viewers of a force see: how it is made of the board, and its newest frames."""

    event: str
    make: Callable[[Board], Content]
    newest: Newest = field(default_factory=Newest)
    failing: bool = False
    """Whether it could not be made of the newest board."""
    _marks: object = None
    _sent: float = 0.0

    def show(self, board: Board, now: float, silence: float = LOST * BEAT + MARGIN) -> None:
        """Makes the next frame where one is due; `now` in seconds by any steady clock, `silence`
        the seconds without a word after which a screen is to say that it is stale."""
        content, marks = self.make(board)
        frame = _frame(self.event, content) if marks != self._marks else None
        newest = self.newest
        newest.beat = _frame("beat", {"at": board.at, "force": board.force.id, "silence": silence})
        if frame is not None:
            newest.frame = frame
            newest.frames += 1
            self._marks, self._sent = marks, now
        elif now - self._sent >= BEAT - EVERY / 2:
            newest.beats += 1
            self._sent = now


def _frame(event: str, content: object) -> bytes:
    return b"event: " + event.encode() + b"\ndata: " + _encode(content) + b"\n\n"


@dataclass
class _Watched:
    """A force that somebody looks at."""

    views: dict[str, View] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None
    failing: bool = False
    took: float = 0.0
    """How long its last board took, in seconds."""


class Hub:
    """Hands the frames of every force out to its viewers."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.closing = False
        self.computed = 0
        """How many boards have been computed."""
        self.viewers = 0
        """How many screens look on."""
        self._forces: dict[str, _Watched] = {}
        self._turn = asyncio.Lock()

    def close(self) -> None:
        """Lets every viewer's stream end within a second; may be called from any thread."""
        self.closing = True

    @property
    def silence(self) -> float:
        """For how long a force may have nothing to say, in seconds: while its turn comes round."""
        turn = (1 + REST) * sum(each.took for each in self._forces.values())
        return round(min(LOST * max(BEAT, turn) + MARGIN, MOST_SILENCE), 1)

    async def stream(
        self, force: str, area: str | None, *, whole: bool, names: bool = True
    ) -> AsyncGenerator[bytes]:
        """The frames of one viewer: the newest at once, then each that follows. `names`: whether
        the viewer may see those of persons, which stand in the whole board only."""
        key = f"screen/{area}" if not whole else "board" if names else "board/nameless"
        settings = self.live.monitor.forces[force].file.wallboard
        make: Callable[[Board], Content] = board_content if names else nameless_content
        if not whole:
            make = partial(screen_content, area=area, chosen=settings.tiles, roles=settings.roles)
        frames = self._frames(force, key, View("board" if whole else "screen", make))
        async with aclosing(self._as_one(frames)) as one:
            async for frame in one:
                yield frame

    async def places(
        self, forces: Sequence[str], *, kind: str | None, areas: bool
    ) -> AsyncGenerator[bytes]:
        """The frames of one viewer of several forces, or of the areas of one, of a kind or of that
        which the force's file names."""
        streams = []
        for force in forces:
            settings = self.live.monitor.forces[force].file.wallboard
            make = partial(places_content, settings=settings, kind=kind, areas=areas)
            key = f"places/{areas}/{kind}"
            streams.append(self._frames(force, key, View("places", make)))
        async with aclosing(self._as_one(merged(streams))) as one:
            async for frame in one:
                yield frame

    async def _as_one(self, frames: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The frames, counted as those of one screen."""
        self.viewers += 1
        try:
            yield BEGINNING
            async with aclosing(frames):
                async for frame in frames:
                    yield frame
        finally:
            self.viewers -= 1

    async def _frames(self, force: str, key: str, made: View) -> AsyncGenerator[bytes]:
        """What is to be sent of one force to who looks at it by a view."""
        watched = self._forces.setdefault(force, _Watched())
        view = watched.views.setdefault(key, made)
        if watched.task is None:
            watched.task = asyncio.create_task(self._watch(force, watched))
        # Until a force's turn has come round twice, what it said last still holds.
        holds = max(BEAT + EVERY, self.silence - MARGIN - EVERY)
        async with aclosing(view.newest.read(lambda: self.closing, holds)) as frames:
            async for frame in frames:
                yield frame

    async def _watch(self, force: str, watched: _Watched) -> None:
        """Has one force's board computed while anyone looks on."""
        loop = asyncio.get_running_loop()
        lines, started = -1, float("-inf")
        while not self.closing:
            watched.views = {
                name: view for name, view in watched.views.items() if view.newest.readers
            }
            if not watched.views:
                break
            taken, now = self.live.monitor.lines_taken(force), loop.time()
            views = dict(watched.views)  # another may be opened while the board is made
            new = any(not view.newest.frames and not view.failing for view in views.values())
            if taken != lines or new or now - started >= EVERY - LEAST / 2:
                lines, started = taken, now
                await self._show(force, watched, views)
            await asyncio.sleep(max(EVERY / 20, min(LEAST, EVERY) - (loop.time() - now)))
        watched.task = None
        self._wake(watched)
        if not watched.views:
            self._forces.pop(force, None)

    async def _show(self, force: str, watched: _Watched, views: Mapping[str, View]) -> None:
        """Computes one force's board, once that of no other is, and shows it to all views."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            started = loop.time()
            try:
                await asyncio.to_thread(self._compute, force, views, started, self.silence)
                watched.failing = False
                for view in views.values():
                    if not view.failing:
                        # Not `started`: a busy machine may take long.
                        view.newest.alive = loop.time()
            except Exception:  # noqa: BLE001 - logged; it must not end the task
                # The screens hear nothing and say that they are stale, which is the truth.
                if not watched.failing:
                    _log.exception("the board of %s can't be computed", force)
                watched.failing = True
            self._wake(watched)
            watched.took = loop.time() - started
            await asyncio.sleep(REST * watched.took)

    def _compute(self, force: str, views: Mapping[str, View], now: float, silence: float) -> None:
        """Shows the newest board to all views. Of one that can't be made of it the viewers hear
        nothing, so that their screens say that they are stale; the others go on."""
        board = self.live.board(force)
        self.computed += 1
        for name, view in views.items():
            try:
                view.show(board, now, silence)
                view.failing = False
            except Exception:  # noqa: BLE001 - logged; the other views go on
                if not view.failing:
                    _log.exception("%s of %s can't be made of its board", name, force)
                view.failing = True

    @staticmethod
    def _wake(watched: _Watched) -> None:
        """Wakes the viewers that wait."""
        for view in watched.views.values():
            view.newest.wake()
