"""What the first screen of the wallboard says, decided from a board as `/board.json` gives it.

Pure. The browser only words and draws what stands here, so that what it may not do (show an old
figure as a new one, a rate without its number of cases, a name of staff, a zero for "not known")
is decided in one place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from math import isclose
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from streams.alerts.model import SEVERITIES, Alert, Handover, MaintenanceShown, Severity
from streams.board.model import (
    Board,
    FeedAge,
    ForceShown,
    Handlers,
    Origin,
    ReportedFigure,
    Row,
    Status,
    find,
    heard,
)
from streams.config.schema import WHOLE
from streams.live import STALE_FEED, STALE_HEARTBEAT
from streams.outputs import words
from streams.outputs.open_beside import open_beside
from streams.outputs.wallboard.board_by_area import AreaName, BoardByArea
from streams.outputs.words import alert_ahead, unusual_ahead
from streams.periods import Calendar
from streams.registry.aggregates import SMALL, Ratio
from streams.registry.dimensions import ALL
from streams.registry.incidents import EMERGENCY
from streams.registry.measures import Performance
from streams.registry.registry import REGISTRY

WINDOW = "today"
"""The answer rate is that of today: an hour of 999 calls is too few in most forces. Until today has
enough cases to be judged, it is that of the last hour, where that has enough: the red of a surge
may not go out at midnight."""

LAST_HOUR = "1h"
NEAR = 0.8
"""A wait approaches its limit from that part of it on, a share its target from that part of the
misses that the target allows."""
FINISHED = "finished"
"""The state of a history that is played to its end: no feed of it is late."""
NO_LIMIT = 86_400
"""Where a grade has no limit: the seconds by which its oldest is ranked among the others."""
EMERGENCY_LINE = "999"
"""Comes first; where a force has none, its first line does."""
LINES = 2
"""Lines that have tiles where none are chosen."""
NO_CALLS = ("unattended", "attended", "open", "feeds")
"""The tiles of a force that has no line, where none are chosen."""
HOURS_AHEAD = 6
BY_GRADE, UNATTENDED = "attendance_by_grade", "unattended"
"""The table of incidents that are to be attended, and what of it is open."""
ON_ANOTHER_DAY = "scheduled"
"""The grade of what may stay open for days."""
SIGNED_ON, ROSTERED = "handlers_signed_on", "handlers_rostered"
"""The measures of readings that say how many handlers are signed on and how many the roster has."""

MOST_RESOLVED = 4
"""Alerts that were over lately, at the most."""
SHIFT = dt.timedelta(hours=12)
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


class FeedShown(Struct):
    """How far a feed has got; `late` where that is too long ago to be taken for now, and `heard`
    unless nothing came in the last hour though many records were to be expected."""

    kind: str
    name: str
    as_of: str
    late: bool
    heard: bool


class LateFeed(Struct):
    """A feed of which nothing came for too long to take its figures for now."""

    kind: str
    name: str
    as_of: str


class OpenShown(Struct):
    """What else is open, in words."""

    words: str
    count: int
    oldest_since: str | None


TileState = Literal["calm", "approaching", "breached", "unjudged", "late", "unknown"]
"""How a tile stands to its limit. `unjudged` is what has no target or too few cases, `late` what
was true a while ago, `unknown` what nobody knows."""


class WaitingTile(Struct):
    """Callers who wait on a line: None where that is not known."""

    line: str
    state: TileState
    count: int | None
    oldest_since: str | None
    limit_seconds: int
    """How soon a call is to be answered."""
    unknown: int
    """Of which nobody knows how they ended."""
    unplaced: int
    """In a view of an area: how many more wait of whom no area is known."""
    late: FeedShown | None
    """The feed, where it is late."""
    beside: list[OpenShown]


class UnattendedTile(Struct):
    """Emergencies that nobody has reached yet."""

    state: TileState
    count: int | None
    carried: bool
    """Whether the feed has ever said that somebody arrived: else a count of 0 is not that all were
    attended."""
    heard: bool
    """Whether the feed was heard today: else it is not known who arrived."""
    oldest_since: str | None
    limit_seconds: int
    unknown: int
    unplaced: int
    late: FeedShown | None
    beside: list[OpenShown]


class Cases(Struct):
    """So many of so many."""

    numerator: int
    denominator: int


class RateTile(Struct):
    """The share that was served in time, and what it is held to: of a line's calls the answers, of
    emergencies (`line` is None) the arrivals."""

    line: str | None
    state: TileState
    window: str
    known: bool
    value: float | None
    numerator: int | None
    denominator: int | None
    last_hour: Cases | None
    today: Cases | None
    """Where the figure is that of the last hour."""
    small: bool
    within: str
    """In words: `in 10 s`; `in time` where there are several limits."""
    target: float | None
    met: bool | None
    """Whether the target is met; None where that is not judged."""
    late: FeedShown | None
    origin: Origin | None = msgspec.field(name="from")


class OpenRow(Struct):
    """Incidents of one grade in one area that nobody has attended."""

    grade: str
    area: str
    """Its name, or that it is not known."""
    state: TileState
    count: int
    oldest_since: str | None


class OpenTile(Struct):
    """Incidents not yet attended by grade and area, those nearest to their limit or furthest beyond
    it first; `rows` is None where that is not known."""

    state: TileState
    count: int | None
    """Without those that are scheduled, which may stay open for days."""
    scheduled: int
    rows: list[OpenRow] | None
    within: str
    """Where it is calm: what of it is within its limit, in words."""
    late: FeedShown | None


class HandlersTile(Struct):
    """The handlers of the hour that runs, and whether the next hour has as many as it needs, as the
    page of the next hours says."""

    state: TileState
    """That of the next hour's roster beside what that hour needs."""
    value: float | None
    of: Literal["signed_on", "roster"] | None
    """What says so: a reading of this very hour, or else the roster; None where neither does."""
    needed: int | None
    rostered: float | None
    short: float | None
    """How many, rounded up, the next hour's roster is short of, or has more (below 0)."""
    unusual: bool = False
    """Whether the last hours, or an open alert of calls, speak against what is usual: then it is
    not known what is needed."""
    late: FeedShown | None = None
    """The feed of calls, where it is late and what the next hour needs is said."""


class HourShown(Struct):
    """An hour to come: the calls expected, and from where to where four of five such hours lie."""

    start: str = msgspec.field(name="from")
    expected: float
    low: int
    high: int


class AheadTile(Struct):
    """The next hours of a line; why they are not known where there are none."""

    line: str
    hours: list[HourShown]
    reason: str
    unusual: bool = False
    """Whether the last hours, or an open alert of the line, speak against what is usual."""
    late: FeedShown | None = None
    """The feed of calls, where it is late: whether calls are as usual is not known."""


class AlertShown(Struct):
    """An open alert, without the name of who has it."""

    id: str
    severity: Severity
    words: str
    opened_at: dt.datetime
    owned: bool
    role: str | None
    """The post of who has it (`Duty inspector`), where the force's file names such."""
    lasting: bool
    snoozed_until: dt.datetime | None

    @property
    def alone(self) -> bool:
        """Whether somebody has to take it, and nobody has: a state only stands there."""
        return self.severity != "state" and not (self.owned or self.snoozed_until)


class ResolvedShown(Struct):
    """An alert that was over lately."""

    words: str
    resolved_at: dt.datetime


AlertsState = Literal["page", "notice", "taken", "state", "calm", "unknown"]


class AlertsTile(Struct):
    """The open alerts, the most urgent first, how many there were, and why work goes on."""

    state: AlertsState
    """The most urgent that nobody has and that does not sleep; else whether a page or a notice is
    open, or only states, on which nobody has to act now. Not known where nothing has arrived that
    could open one."""
    open: list[AlertShown]
    resolved: list[ResolvedShown]
    """The last that were over, newest first; sent where none is open."""
    handed_over_at: dt.datetime | None
    """When a shift was last handed over, in the last twelve hours."""
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
    tiles: list[str]
    """What is shown, in this order: `waiting.999`, `unattended`."""
    waiting: dict[str, WaitingTile]
    """By line, as `in_time` and `ahead`: of the lines that have such a tile."""
    in_time: dict[str, RateTile]
    unattended: UnattendedTile
    attended: RateTile
    open: OpenTile
    handlers: HandlersTile | None
    ahead: dict[str, AheadTile]
    alerts: AlertsTile | None
    feeds: list[FeedShown]
    incomplete: list[str]
    """Of which time the log had lost records before they were counted, in words."""


def first_screen(
    board: Board,
    area: str | None = None,
    chosen: Sequence[str] | None = None,
    roles: Sequence[str] = (),
) -> Screen:
    """The figures of the first screen, for the force or one of its areas (by id). `chosen` names
    the tiles that a force's file asks for, `roles` the posts that are no names of persons.

    Raises ValueError for an area that the force does not have.
    """
    by_area = BoardByArea(board)
    near = None if area is None or area not in by_area.areas else by_area.near(area)
    return screen_of(by_area, area, chosen, alerts_tile(board, near, roles))


def screen_of(
    by_area: BoardByArea,
    area: str | None,
    chosen: Sequence[str] | None,
    alerts: AlertsTile | None,
) -> Screen:
    """As `first_screen`, with these alerts, of a board that other areas are shown of as well."""
    board, areas = by_area.board, by_area.areas
    if area is not None and area not in areas:
        raise ValueError(f'no area "{area}" in {board.force.name}: {", ".join(areas)}')
    feeds = feeds_shown(board)
    late = {feed.kind: feed for feed in feeds if feed.late}
    calls, incidents = late.get(BY_LINE.kind), late.get(WHOLE_FORCE.kind)
    handlers = _handlers(by_area, area, calls)
    tiles = list(chosen) if chosen else _usual_tiles(board, handlers)
    at = area or WHOLE
    return Screen(
        force=board.force,
        area=None if area is None else AreaName(area, areas[area].name),
        areas=by_area.there,
        at=board.at,
        speed=_speed(board.status),
        status=board.status,
        tiles=tiles,
        waiting={each: _waiting(by_area, each, at, calls) for each in _lines(tiles, "waiting")},
        in_time={each: _in_time(by_area, each, at, calls) for each in _lines(tiles, "in_time")},
        unattended=_unattended(by_area, at, incidents),
        attended=_in_time(by_area, None, at, incidents),
        open=_open(by_area, at, incidents),
        handlers=handlers,
        ahead={each: _ahead(board, each, calls) for each in _lines(tiles, "ahead")},
        alerts=alerts,
        feeds=feeds,
        incomplete=[each.words for each in board.incomplete],
    )


def _usual_tiles(board: Board, handlers: HandlersTile | None) -> list[str]:
    """The tiles of a force that chooses none: two lines, the first of them for emergencies; of one
    without lines those of incidents."""
    lines = usual_lines(board.definitions.lines)
    tiles = [f"{kind}.{line}" for line in lines for kind in ("waiting", "in_time")]
    tiles += ["unattended", "open", "feeds"] if lines else NO_CALLS
    tiles += ["handlers"] if handlers is not None else []
    tiles.append("alerts")
    known = [] if board.ahead is None else [each.line for each in board.ahead.lines if each.hours]
    return [*tiles, *(f"ahead.{line}" for line in lines[:1] if line in known)]


def usual_lines(lines: Iterable[str]) -> list[str]:
    """The lines that have tiles where none are chosen: that for emergencies, and the next."""
    return sorted(lines, key=lambda line: line != EMERGENCY_LINE)[:LINES]


def _lines(tiles: Iterable[str], kind: str) -> list[str]:
    """The lines that have a tile of a kind."""
    parts = (tile.partition(".") for tile in tiles)
    return [line for name, _, line in parts if name == kind]


def fingerprint(screen: Screen) -> Screen:
    """The screen without what only says that time has passed: equal ones need not be sent again."""
    return msgspec.structs.replace(screen, at="")


def _speed(status: Status | None) -> float:
    if status is None or status.state == FINISHED:
        return 0.0
    return float(status.speed or 0.0) if status.replay else 1.0


def late_feed(feeds: Mapping[str, FeedAge], kind: str, *, finished: bool) -> LateFeed | None:
    """The feed of a kind of record, where it is late; None where it is not, or nothing is known.
    Of a history that has `finished` none is."""
    freshest, late = _reach(feeds, kind)
    if freshest is None or not late or finished:
        return None
    return LateFeed(kind, REGISTRY.names[kind], freshest.as_of)


def feeds_shown(board: Board) -> list[FeedShown]:
    """How far every feed has got, and whether that is too long ago to be taken for now."""
    found: list[FeedShown] = []
    running = board.status is None or board.status.state != FINISHED
    for kind in REGISTRY.feeds:
        freshest, late = _reach(board.feeds, kind)
        if freshest is not None:
            was_heard = _was_heard(board, kind, LAST_HOUR)
            name = REGISTRY.names[kind]
            found.append(FeedShown(kind, name, freshest.as_of, running and late, was_heard))
    return found


def _reach(feeds: Mapping[str, FeedAge], kind: str) -> tuple[FeedAge | None, bool]:
    """The newest that is known of the feed of a kind, and whether that is too long ago.

    A feed with a heartbeat is late when it and the heartbeat are silent; one without can't be told
    from a quiet hour, and is late only when calls or incidents have been silent for long.
    """
    beat = feeds.get(f"heartbeat.{REGISTRY.feeds[kind]}")
    marks = [mark for mark in (feeds.get(kind), beat) if mark is not None]
    if not marks:
        return None, False
    freshest = min(marks, key=lambda mark: mark.age_seconds)
    limit: float = STALE_FEED
    if beat is not None:
        limit = beat.silent_after_seconds or STALE_HEARTBEAT
    judged = beat is not None or kind in (BY_LINE.kind, WHOLE_FORCE.kind)
    return freshest, judged and freshest.age_seconds > limit


def _was_heard(board: Board, kind: str, window: str) -> bool:
    """Whether anything is known of the records of a kind in a window: not where none came though
    many were to be expected."""
    missing = board.windows[window].missing
    groups = REGISTRY.kinds[kind].groups if kind in REGISTRY.kinds else ()
    return not any(each.name in missing and not missing[each.name].known_days for each in groups)


def _unplaced(by_area: BoardByArea, area: str, group: str, count: str, **place: str) -> int:
    """How many more there are in the force of which no area is known; 0 in a view of the force.

    A call often has no area before it is answered: a view of an area shall not say that nobody
    waits when that is not known.
    """
    if area == WHOLE:
        return 0
    whole = by_area.row(by_area.board.now, group, WHOLE, **place)
    every = whole.count_of(count) if whole else None
    return (every or 0) - by_area.placed(group, count, **place)


def _beside(by_area: BoardByArea, tile: Tile, area: str, **place: str) -> list[OpenShown]:
    """What else is open beside the records of a tile."""
    board = by_area.board

    def row_of(group: str, where: Mapping[str, str]) -> Row | None:
        return find(by_area.rows(board.now, group, area), **where)

    return [
        OpenShown(each.words, each.count, _since(board, each.oldest))
        for each in open_beside(row_of, tile.shape, place)
    ]


def _since(board: Board, seconds: float | None) -> str | None:
    """The instant from which something has lasted so long."""
    if seconds is None:
        return None
    return (dt.datetime.fromisoformat(board.at) - dt.timedelta(seconds=seconds)).isoformat(
        timespec="seconds"
    )


def _by_wait(
    count: int | None, oldest: float | None, limit: float, late: FeedShown | None, unplaced: int
) -> TileState:
    """How what waits stands to a limit, both in seconds."""
    if count is None or (not count and unplaced):
        return "unknown"
    if late is not None:
        return "late"
    if not count or oldest is None:
        return "calm"
    return "breached" if oldest > limit else "approaching" if oldest >= NEAR * limit else "calm"


def _by_rate(value: float | None, target: float | None) -> TileState:
    """How a share stands to a target that it is judged by."""
    if value is None or target is None:
        return "unjudged"
    if value < target:
        return "breached"
    misses, allowed = 1 - value, NEAR * (1 - target)
    return "approaching" if misses > allowed or isclose(misses, allowed) else "calm"


def _waiting(by_area: BoardByArea, line: str, area: str, late: FeedShown | None) -> WaitingTile:
    board, place = by_area.board, BY_LINE.place(line)
    known = _is_known(board, BY_LINE)
    row = by_area.row(board.now, BY_LINE.group, area, **place) if known else None
    count = row.count_of(BY_LINE.open) if row else 0 if known else None
    oldest = row.number_of(BY_LINE.oldest) if row else None
    limit = board.definitions.lines[line].within_seconds
    unplaced = _unplaced(by_area, area, BY_LINE.group, BY_LINE.open, **place) if known else 0
    return WaitingTile(
        line=line,
        state=_by_wait(count, oldest, limit, late, unplaced),
        count=count,
        oldest_since=_since(board, oldest),
        limit_seconds=limit,
        unknown=(row.count_of(BY_LINE.unknown) if row else None) or 0,
        unplaced=unplaced,
        late=late,
        beside=_beside(by_area, BY_LINE, area, **place),
    )


def _is_known(board: Board, tile: Tile) -> bool:
    """Whether it is known which records of a tile are open: then none is a true zero."""
    was_heard = heard(board.feeds, tile.kind, REGISTRY)
    return was_heard and board.now.rows(tile.group) is not None


def _unattended(by_area: BoardByArea, area: str, late: FeedShown | None) -> UnattendedTile:
    board, group = by_area.board, WHOLE_FORCE.group
    known = _is_known(board, WHOLE_FORCE)
    row = by_area.row(board.now, group, area) if known else None
    count = row.count_of(WHOLE_FORCE.open) if row else 0 if known else None
    came = by_area.row(board.windows[WINDOW], group, WHOLE)
    incidents_heard = _was_heard(board, WHOLE_FORCE.kind, WINDOW)
    said = came is None or came.count_of(WHOLE_FORCE.served) is not None
    carried = said or not incidents_heard
    oldest = row.number_of(WHOLE_FORCE.oldest) if row else None
    limit = board.definitions.attendance.within_seconds
    unplaced = _unplaced(by_area, area, group, WHOLE_FORCE.open) if known else 0
    judged = None if not ((carried and incidents_heard) or count) else count
    return UnattendedTile(
        state=_by_wait(judged, oldest, limit, late, unplaced),
        count=count,
        carried=carried,
        heard=incidents_heard,
        oldest_since=_since(board, oldest),
        limit_seconds=limit,
        unknown=(row.count_of(WHOLE_FORCE.unknown) if row else None) or 0,
        unplaced=unplaced,
        late=late,
        beside=_beside(by_area, WHOLE_FORCE, area),
    )


def _in_time(by_area: BoardByArea, line: str | None, area: str, late: FeedShown | None) -> RateTile:
    """Of a line the calls answered in time; without one the emergencies attended in time."""
    board = by_area.board
    tile = WHOLE_FORCE if line is None else BY_LINE
    place = {} if line is None else tile.place(line)
    today, hour = (_cases(by_area, each, tile, place, area) for each in (WINDOW, LAST_HOUR))
    early = today is not None and today.denominator < SMALL
    window = LAST_HOUR if early and hour is not None and hour.denominator >= SMALL else WINDOW
    figures = board.windows[window]
    held = words.held_in(board, figures, line)
    within = words.Limits(board, [(window, figures)], tile.group, tile.level, line).words
    whole = by_area.row(figures, tile.group, WHOLE, **place)
    row = by_area.row(figures, tile.group, area, **place)
    origin = None if whole is None else whole.origin
    known = whole is not None and (origin is not None or heard(board.feeds, tile.kind, REGISTRY))
    if not known or (row is None and origin is not None):  # totals without areas
        row, known = None, False
    ratio = row.ratio_of(tile.level) if row else Ratio.of(0, 0)
    judged = ratio.value is not None and not ratio.small and not held.changed
    known = known and ratio.denominator is not None
    late = None if origin == "totals" else late
    state = _by_rate(ratio.value if judged else None, held.target)
    return RateTile(
        line=line,
        state="unknown" if not known else "late" if late else state,
        window=window,
        known=known,
        value=ratio.value,
        numerator=ratio.numerator,
        denominator=ratio.denominator,
        last_hour=hour if window == WINDOW else None,
        today=None if window == WINDOW else today,
        small=ratio.small,
        within=within,
        target=held.target,
        met=_met(ratio.value, held.target) if judged else None,
        late=late,
        origin=origin,
    )


def _cases(
    by_area: BoardByArea, window: str, tile: Tile, place: Mapping[str, str], area: str
) -> Cases | None:
    """What was served in time in a window; None where that is not known."""
    row = by_area.row(by_area.board.windows[window], tile.group, area, **place)
    ratio = None if row is None else row.ratio_of(tile.level)
    if ratio is None or ratio.numerator is None or ratio.denominator is None:
        return None
    return Cases(ratio.numerator, ratio.denominator)


def _met(value: float | None, target: float | None) -> bool | None:
    return None if value is None or target is None else value >= target


def _open(by_area: BoardByArea, area: str, late: FeedShown | None) -> OpenTile:
    board = by_area.board
    if not heard(board.feeds, WHOLE_FORCE.kind, REGISTRY):
        return OpenTile("unknown", None, 0, None, "", None)
    scheduled, total = 0, dict[str, Row]()
    for row in by_area.rows(board.now, BY_GRADE, area) or []:
        count, grade = row.count_of(UNATTENDED) or 0, row.dimension_of("grade")
        if grade == ON_ANOTHER_DAY:
            scheduled += count
        elif count and grade != ALL:
            total[grade] = row
    found, placed = list[tuple[float, OpenRow]](), dict[str, int]()
    for row in by_area.smallest_within(board.now, BY_GRADE, area):
        count, grade = row.count_of(UNATTENDED) or 0, row.dimension_of("grade")
        if not count or grade in (ALL, ON_ANOTHER_DAY):
            continue
        placed[grade] = placed.get(grade, 0) + count
        oldest = row.number_of(f"oldest_{UNATTENDED}")
        found.append(_open_row(board, grade, by_area.areas[row.area].name, count, oldest))
    for grade, row in total.items():  # what lies in no smaller area: the oldest may be another
        more = (row.count_of(UNATTENDED) or 0) - placed.get(grade, 0)
        oldest = None if grade in placed else row.number_of(f"oldest_{UNATTENDED}")
        if more > 0:
            found.append(_open_row(board, grade, "area not known", more, oldest))
    found.sort(key=lambda each: -each[0])
    rows = [row for _, row in found]
    states = {row.state for row in rows}
    worst: TileState = "approaching" if "approaching" in states else "calm"
    if states == {"unjudged"}:
        worst = "unjudged"
    return OpenTile(
        state="late" if late else "breached" if "breached" in states else worst,
        count=sum(row.count_of(UNATTENDED) or 0 for row in total.values()),
        scheduled=scheduled,
        rows=rows,
        within=_within_limits(rows),
        late=late,
    )


def _within_limits(rows: Sequence[OpenRow]) -> str:
    """Which of the rows are within their limits, where all that are judged are."""
    judged = {row.grade for row in rows if row.state != "unjudged"}
    others = {row.grade for row in rows if row.state == "unjudged"}
    if not judged:
        return ""
    if not others:
        return "all within their limits"
    if judged == {EMERGENCY} and EMERGENCY not in others:
        return "emergencies within their limit"
    return "those with a limit are within it"


def _open_row(
    board: Board, grade: str, name: str, count: int, oldest: float | None
) -> tuple[float, OpenRow]:
    """A row, and how far its oldest has got towards its limit, 1 at the limit."""
    limit = _limit_of(board, grade)
    judged = limit is not None and oldest is not None
    state: TileState = _by_wait(count, oldest, limit or NO_LIMIT, None, 0) if judged else "unjudged"
    far = (oldest or 0.0) / (limit or NO_LIMIT)
    return far, OpenRow(grade, name, state, count, _since(board, oldest))


def _limit_of(board: Board, grade: str) -> int | None:
    """How soon incidents of a grade are to be attended; None where no target says so."""
    if grade == EMERGENCY:
        return board.definitions.attendance.within_seconds
    found = (
        each.within_seconds
        for each in board.definitions.further
        if each.group == BY_GRADE and each.row.get("grade") == grade
    )
    return next(found, None)


def _handlers(
    by_area: BoardByArea, area: str | None, late: FeedShown | None
) -> HandlersTile | None:
    """None where no reading says how many handlers there are, of whatever time.

    A reading of a day is its average, which says nothing of the hour that runs.
    """
    board, readings = by_area.board, by_area.readings(area or WHOLE)
    if not any(each.measure in (SIGNED_ON, ROSTERED) for each in readings):
        return None
    calendar = Calendar(ZoneInfo(board.force.timezone))
    now = round(dt.datetime.fromisoformat(board.at).timestamp() * 1000)
    hour, day = (calendar.label(grain, calendar.start(grain, now)) for grain in ("hour", "day"))
    value = _staff(board, readings, SIGNED_ON, hour)
    of: Literal["signed_on", "roster"] | None = None if value is None else "signed_on"
    if value is None:  # as on the page of the next hours, a roster of the day is that of its hours
        value = _staff(board, readings, ROSTERED, hour)
        value = _staff(board, readings, ROSTERED, day) if value is None else value
        of = None if value is None else "roster"
    room = [] if board.ahead is None or area is not None else board.ahead.room
    ahead = room[0].handlers if room else Handlers()
    state: TileState = "unknown" if value is None else "unjudged"
    if ahead.short is not None:
        state = "breached" if ahead.short > 0 else "unknown" if value is None else "calm"
    unusual = bool(room) and bool(unusual_ahead(board))
    late = None if ahead.needed is None else late
    if state == "calm" and (late or unusual):
        state = "late" if late else "unjudged"
    return HandlersTile(state, value, of, ahead.needed, ahead.rostered, ahead.short, unusual, late)


def _staff(
    board: Board, readings: Iterable[ReportedFigure], measure: str, period: str
) -> float | None:
    """What readings of a period say of the room, or else of every line; None where they do not."""
    found = {
        each.line or "": each.value
        for each in readings
        if (each.measure, each.period) == (measure, period) and each.value is not None
    }
    lines = board.definitions.lines
    if "" in found or not lines or any(line not in found for line in lines):
        return found.get("")
    return sum(found[line] for line in lines)


def _ahead(board: Board, line: str, late: FeedShown | None) -> AheadTile:
    """Of the whole force, whatever the area: the next hours are known of it alone."""
    lines = [] if board.ahead is None else board.ahead.lines
    found = next((each for each in lines if each.line == line), None)
    if found is None:
        return AheadTile(line, [], "calls are not watched here")
    hours = [
        HourShown(each.start, each.expected, each.low_80, each.high_80)
        for each in found.hours[:HOURS_AHEAD]
    ]
    unusual = bool(hours) and bool(found.departed or alert_ahead(board, line))
    return AheadTile(line, hours, found.reason, unusual, late if hours else None)


def alerts_tile(
    board: Board, near: set[str] | None = None, roles: Sequence[str] = ()
) -> AlertsTile | None:
    """The open alerts of the areas that are `near`, or all, without the names of their owners; None
    where none are raised at all."""
    held = board.alerts
    if held is None:
        return None
    posts = {each.casefold(): each for each in roles}
    shown = [
        _shown(alert, posts) for alert in held.open if near is None or (alert.area or WHOLE) in near
    ]
    # The board's order, but what nobody has comes first among its like, and what sleeps last.
    shown.sort(key=lambda a: (SEVERITIES.index(a.severity), bool(a.snoozed_until), a.owned))
    return AlertsTile(
        state=_urgency(shown) if shown or board.feeds else "unknown",
        open=shown,
        resolved=[] if shown else _resolved(held.recent, near),
        handed_over_at=_handed_over(held.handovers, board.at),
        summary=held.summary.words,
        maintenance=[window.reason for window in held.maintenance if _within(board.at, window)],
    )


def _resolved(recent: list[Alert], near: set[str] | None) -> list[ResolvedShown]:
    return [
        ResolvedShown(_words(each), each.resolved_at)
        for each in recent
        if each.resolved_at is not None and (near is None or (each.area or WHOLE) in near)
    ][:MOST_RESOLVED]


def _handed_over(handovers: list[Handover], at: str) -> dt.datetime | None:
    last = max((each.at for each in handovers), default=None)
    recent = last is not None and dt.datetime.fromisoformat(at) - last < SHIFT
    return last if recent else None


def _urgency(shown: list[AlertShown]) -> AlertsState:
    alone = {each.severity for each in shown if each.alone}
    if "page" in alone:
        return "page"
    if alone:
        return "notice"
    acted = any(each.severity != "state" for each in shown)
    return "taken" if acted else "state" if shown else "calm"


def _shown(alert: Alert, posts: Mapping[str, str]) -> AlertShown:
    return AlertShown(
        id=alert.id,
        severity=alert.severity,
        words=_words(alert),
        opened_at=alert.opened_at,
        owned=bool(alert.owner),
        role=posts.get((alert.owner or "").strip().casefold()),
        lasting=alert.lasting,
        snoozed_until=alert.snoozed_until,
    )


def _words(alert: Alert) -> str:
    """Without its last sentence, which says who has it, by name: that is one step down."""
    return " ".join((alert.said or (alert.words,))[:SENTENCES])


def _within(at: str, window: MaintenanceShown) -> bool:
    start, moment, end = map(dt.datetime.fromisoformat, (window.start, at, window.end))
    return start <= moment < end
