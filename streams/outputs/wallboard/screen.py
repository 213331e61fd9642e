"""What the first screen of the wallboard says, decided from a board as `/board.json` gives it.

Pure. The browser only words and draws what stands here, so that what it may not do (show an old
figure as a new one, a rate without its number of cases, a name of staff, a zero for "not known")
is decided in one place.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import msgspec
from msgspec import Struct

from streams.alerts.model import SEVERITIES, Alert, MaintenanceShown, Severity
from streams.board.model import AreaDefinition, Board, ForceShown, Origin, Row, Status, find, heard
from streams.config.schema import AREA_CLASS, WHOLE
from streams.live import STALE_FEED, STALE_HEARTBEAT
from streams.outputs import words
from streams.outputs.open_beside import open_beside
from streams.registry.aggregates import Ratio
from streams.registry.measures import Performance
from streams.registry.registry import REGISTRY

WINDOW = "today"
"""The answer rate is that of today: an hour of 999 calls is too few in most forces."""

SENTENCES = 2
"""Of an alert: what it is and the next in importance; the others are one step down. Read across a
room, a text longer than three lines would take its height from the figures."""


class Tile(NamedTuple):
    """What a group has for the tiles of those whose records are open, or were served in time."""

    group: str
    kind: str
    dimensions: tuple[str, ...]
    came: str
    served: str
    level: str
    open: str
    oldest: str
    unknown: str
    shape: Performance

    @classmethod
    def of(cls, *, by_line: bool) -> Tile:
        """That of the group whose records are served by line, or of the force as a whole."""
        found = (
            cls(
                each.name,
                each.kind,
                each.dimensions,
                shape.counts[0][0],
                shape.counts[1][0],
                shape.level,
                *shape.open,
                shape,
            )
            for each in REGISTRY.groups
            if (shape := each.performance) and bool(each.dimensions) is by_line
        )
        return next(found)

    def place(self, line: str) -> dict[str, str]:
        """The dimensions of the rows of a line."""
        return dict.fromkeys(self.dimensions, line)


BY_LINE, WHOLE_FORCE = Tile.of(by_line=True), Tile.of(by_line=False)


class AreaName(Struct):
    """An area that may be looked at."""

    id: str
    name: str


class FeedShown(Struct):
    """How far a feed has got; `late` where that is too long ago to be taken for now."""

    kind: str
    name: str
    as_of: str
    late: bool


class OpenShown(Struct):
    """What else is open, in words."""

    words: str
    count: int
    oldest_since: str | None


class WaitingTile(Struct):
    """Callers who wait on the emergency line: None where that is not known."""

    line: str
    count: int | None
    oldest_since: str | None
    unknown: int
    """Of which nobody knows how they ended."""
    unplaced: int
    """In a view of an area: how many more wait of whom no area is known."""
    late: FeedShown | None
    """The feed, where it is late."""
    beside: list[OpenShown]


class UnattendedTile(Struct):
    """Emergencies that nobody has reached yet."""

    count: int | None
    carried: bool
    """Whether the feed has ever said that somebody arrived: else a count of 0 is not that all were
    attended."""
    oldest_since: str | None
    unknown: int
    unplaced: int
    late: FeedShown | None
    beside: list[OpenShown]


class AnswerTile(Struct):
    """The share of calls that were answered in time, and what it is held to."""

    line: str
    window: str
    known: bool
    value: float | None
    numerator: int | None
    denominator: int | None
    small: bool
    within_seconds: int
    target: float | None
    met: bool | None
    """Whether the target is met; None where that is not judged."""
    late: FeedShown | None
    origin: Origin | None = msgspec.field(name="from")


class AlertShown(Struct):
    """An open alert, without the name of who has it."""

    id: str
    severity: Severity
    words: str
    opened_at: dt.datetime
    owned: bool
    lasting: bool
    snoozed_until: dt.datetime | None


class AlertsTile(Struct):
    """The open alerts, the most urgent first, how many there were, and why work goes on."""

    open: list[AlertShown]
    summary: str
    maintenance: list[str]


class Screen(Struct):
    """The first screen; what a force can't have (a line, alerts) is None."""

    force: ForceShown
    area: AreaName | None
    areas: list[AreaName]
    """Those that may be chosen: the ones that are there now."""
    at: str
    speed: float
    """How fast the board's clock runs against the wall clock; 0 where it stands still."""
    status: Status | None
    waiting: WaitingTile | None
    unattended: UnattendedTile
    answer: AnswerTile | None
    alerts: AlertsTile | None
    feeds: list[FeedShown]
    incomplete: list[str]
    """Of which time the log had lost records before they were counted, in words."""


def first_screen(board: Board, area: str | None = None) -> Screen:
    """The figures of the first screen, for the force or one of its areas (by id).

    Raises ValueError for an area that the force does not have.
    """
    areas = board.definitions.areas
    if area is not None and area not in areas:
        raise ValueError(f'no area "{area}" in {board.force.name}: {", ".join(areas)}')
    feeds = _feeds(board)
    late = {feed.kind: feed for feed in feeds if feed.late}
    return Screen(
        force=board.force,
        area=None if area is None else AreaName(area, areas[area].name),
        areas=[AreaName(name, held.name) for name, held in areas.items() if held.there],
        at=board.at,
        speed=_speed(board.status),
        status=board.status,
        waiting=_waiting(board, area, late.get(BY_LINE.kind)),
        unattended=_unattended(board, area, late.get(WHOLE_FORCE.kind)),
        answer=_answer(board, area, late.get(BY_LINE.kind)),
        alerts=_alerts(board, area),
        feeds=feeds,
        incomplete=[each.words for each in board.incomplete],
    )


def fingerprint(screen: Screen) -> Screen:
    """The screen without what only says that time has passed: equal ones need not be sent again."""
    return msgspec.structs.replace(screen, at="")


def _speed(status: Status | None) -> float:
    if status is None or status.state == "finished":
        return 0.0
    return float(status.speed or 0.0) if status.replay else 1.0


def _feeds(board: Board) -> list[FeedShown]:
    """How far every feed has got, and whether that is too long ago to be taken for now.

    A feed with a heartbeat is late when it and the heartbeat are silent; one without can't be told
    from a quiet hour, and is late only when calls or incidents have been silent for long.
    """
    found: list[FeedShown] = []
    running = board.status is None or board.status.state != "finished"
    for kind, feed in REGISTRY.feeds.items():
        beat = board.feeds.get(f"heartbeat.{feed}")
        marks = [mark for mark in (board.feeds.get(kind), beat) if mark is not None]
        if not marks:
            continue
        freshest = min(marks, key=lambda mark: mark.age_seconds)
        limit: float = STALE_FEED
        if beat is not None:
            limit = beat.silent_after_seconds or STALE_HEARTBEAT
        judged = beat is not None or kind in (BY_LINE.kind, WHOLE_FORCE.kind)
        late = running and judged and freshest.age_seconds > limit
        found.append(FeedShown(kind, REGISTRY.names[kind], freshest.as_of, late))
    return found


def _unplaced(
    board: Board, area: str | None, rows: list[Row] | None, count: str, **place: str
) -> int:
    """How many more there are in the force of which no area is known; 0 in a view of the force.

    A call often has no area before it is answered: a view of an area shall not say that nobody
    waits when that is not known.
    """
    if area is None or rows is None:
        return 0
    held = {row.area: row.count_of(count) or 0 for row in rows if row.is_at(**place)}
    areas = board.definitions.areas
    tops = (name for name, each in areas.items() if not each.parent and each.kind != AREA_CLASS)
    placed = sum(held.get(name, 0) for name in tops)
    return held.get(WHOLE, 0) - placed


def _beside(board: Board, tile: Tile, **where: str) -> list[OpenShown]:
    """What else is open beside the records of a tile."""
    return [
        OpenShown(each.words, each.count, _since(board, each.oldest))
        for each in open_beside(board, tile.shape, where)
    ]


def _since(board: Board, seconds: float | None) -> str | None:
    """The instant from which something has lasted so long."""
    if seconds is None:
        return None
    return (dt.datetime.fromisoformat(board.at) - dt.timedelta(seconds=seconds)).isoformat(
        timespec="seconds"
    )


def _line(board: Board) -> str | None:
    """The emergency line: 999, or where a force has none, its first."""
    lines = list(board.definitions.lines)
    return "999" if "999" in lines else next(iter(lines), None)


def _waiting(board: Board, area: str | None, late: FeedShown | None) -> WaitingTile | None:
    line = _line(board)
    if line is None:
        return None
    rows = board.now.rows(BY_LINE.group) if heard(board.feeds, BY_LINE.kind, REGISTRY) else None
    row = find(rows, **BY_LINE.place(line), area=area or WHOLE)
    count = None if rows is None else 0
    return WaitingTile(
        line=line,
        count=row.count_of(BY_LINE.open) if row else count,
        oldest_since=_since(board, row.number_of(BY_LINE.oldest) if row else None),
        unknown=(row.count_of(BY_LINE.unknown) if row else None) or 0,
        unplaced=_unplaced(board, area, rows, BY_LINE.open, **BY_LINE.place(line)),
        late=late,
        beside=_beside(board, BY_LINE, area=area or WHOLE, **BY_LINE.place(line)),
    )


def _unattended(board: Board, area: str | None, late: FeedShown | None) -> UnattendedTile:
    rows = (
        board.now.rows(WHOLE_FORCE.group)
        if heard(board.feeds, WHOLE_FORCE.kind, REGISTRY)
        else None
    )
    row = find(rows, area=area or WHOLE)
    count = None if rows is None else 0
    came = board.windows[WINDOW].row(WHOLE_FORCE.group, area=WHOLE)
    return UnattendedTile(
        count=row.count_of(WHOLE_FORCE.open) if row else count,
        carried=came is None or came.count_of(WHOLE_FORCE.served) is not None,
        oldest_since=_since(board, row.number_of(WHOLE_FORCE.oldest) if row else None),
        unknown=(row.count_of(WHOLE_FORCE.unknown) if row else None) or 0,
        unplaced=_unplaced(board, area, rows, WHOLE_FORCE.open),
        late=late,
        beside=_beside(board, WHOLE_FORCE, area=area or WHOLE),
    )


def _answer(board: Board, area: str | None, late: FeedShown | None) -> AnswerTile | None:
    line = _line(board)
    if line is None:
        return None
    figures = board.windows[WINDOW]
    held = words.held_in(board, figures, line)
    whole = figures.row(BY_LINE.group, **BY_LINE.place(line), area=WHOLE)
    row = figures.row(BY_LINE.group, **BY_LINE.place(line), area=area or WHOLE)
    origin = None if whole is None else whole.origin
    known = whole is not None and (origin is not None or heard(board.feeds, BY_LINE.kind, REGISTRY))
    if not known or (row is None and origin is not None):  # totals without areas
        row, known = None, False
    ratio = row.ratio_of(BY_LINE.level) if row else Ratio.of(0, 0)
    judged = ratio.value is not None and not ratio.small and not held.changed
    return AnswerTile(
        line=line,
        window=WINDOW,
        known=known and ratio.denominator is not None,
        value=ratio.value,
        numerator=ratio.numerator,
        denominator=ratio.denominator,
        small=ratio.small,
        within_seconds=held.within_seconds,
        target=held.target,
        met=_met(ratio.value, held.target) if judged else None,
        late=None if origin == "totals" else late,
        origin=origin,
    )


def _met(value: float | None, target: float | None) -> bool | None:
    return None if value is None or target is None else value >= target


def _alerts(board: Board, area: str | None) -> AlertsTile | None:
    """The open alerts, without the names of their owners; None where none are raised at all."""
    held = board.alerts
    if held is None:
        return None
    near = None if area is None else _near(board.definitions.areas, area)
    shown = [_shown(alert) for alert in held.open if near is None or (alert.area or WHOLE) in near]
    # The board's order, but what nobody has comes first among its like, and what sleeps last.
    shown.sort(key=lambda a: (SEVERITIES.index(a.severity), bool(a.snoozed_until), a.owned))
    return AlertsTile(
        open=shown,
        summary=held.summary.words,
        maintenance=[window.reason for window in held.maintenance if _within(board.at, window)],
    )


def _shown(alert: Alert) -> AlertShown:
    return AlertShown(
        id=alert.id,
        severity=alert.severity,
        # Its last sentence says who has it, by name: that is one step down.
        words=" ".join((alert.said or (alert.words,))[:SENTENCES]),
        opened_at=alert.opened_at,
        owned=bool(alert.owner),
        lasting=alert.lasting,
        snoozed_until=alert.snoozed_until,
    )


def _near(areas: dict[str, AreaDefinition], area: str) -> set[str]:
    """What concerns an area: itself, what it holds, what holds it, and the whole force."""
    below = {name for name, held in areas.items() if held.parent == area}
    return {area, WHOLE, areas[area].parent or WHOLE, *below}


def _within(at: str, window: MaintenanceShown) -> bool:
    start, moment, end = map(dt.datetime.fromisoformat, (window.start, at, window.end))
    return start <= moment < end
