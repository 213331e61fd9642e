"""The board as data: what `/board.json` and `/series.json` hold, and what every output reads.

The tables of a board are made of the registry (`streams.registry.measures`): a `Row` has a field
for each dimension and each measure of its group, and there is a list of rows for each group. So a
measure that is added there is on the board, in its JSON and in its JSON Schema. All other parts
are written out here.

What is not known is None. A part that is there only where it is needed (`missing`, `changed`,
`alerts`) is left out of the JSON where it is empty. Instants are RFC 3339 text on the force's own
clock, ages and durations are seconds, shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from streams.alerts.model import AlertsView
from streams.config.measures import FigureUnit
from streams.errors import NotABoard
from streams.periods import Grain
from streams.registry.aggregates import Ratio
from streams.registry.measures import Gauge, Group
from streams.registry.registry import REGISTRY, Registry
from streams.surveillance.signals import Signal

FigureValue = Ratio | int | float | None
"""The value of a measure: a count, seconds, or a share with its parts; None where not known."""
Origin = Literal["totals", "both"]
"""Where figures are from that are not from records alone."""
S = TypeVar("S", bound=type[Struct])


# -- the tables, made of the registry ------------------------------------------------------------


class Row(Struct, omit_defaults=True):
    """A row of a table: the figures of one area and one value of each dimension.

    Its fields are the dimensions of its group, `area` (an id, or `force`), and every measure of the
    group by the registry's name; then `origin` (in JSON `from`), None where all is from records,
    and `provisional`, where a total was written before its period was over.
    """

    place: ClassVar[tuple[str, ...]] = ()
    """The names of its dimensions, then `area`."""
    measures: ClassVar[tuple[str, ...]] = ()
    """The names of its measures."""

    if TYPE_CHECKING:
        area: str
        origin: Origin | None
        provisional: bool

    def __getitem__(self, name: str) -> FigureValue | str:
        """A measure or a dimension by name; raises KeyError."""
        if name not in self.measures and name not in self.place:
            raise KeyError(name)
        found: FigureValue | str = getattr(self, name)
        return found

    def figure_of(self, name: str) -> FigureValue:
        """A measure, whatever its unit."""
        value: FigureValue = getattr(self, name)
        return value

    def dimension_of(self, name: str) -> str:
        """The value of a dimension, or the area."""
        value: str = getattr(self, name)
        return value

    def count_of(self, name: str) -> int | None:
        """How many."""
        value: int | None = getattr(self, name)
        return value

    def number_of(self, name: str) -> float | None:
        """A count, or a duration in seconds."""
        value: float | None = getattr(self, name)
        return value

    def ratio_of(self, name: str) -> Ratio:
        """A share with its parts."""
        value: Ratio = getattr(self, name)
        return value

    def is_at(self, **place: str) -> bool:
        """Whether its dimensions (and area) have these values."""
        return all(getattr(self, name) == value for name, value in place.items())


_TYPES: dict[FigureUnit, object] = {
    "count": int | None,
    "ratio": Ratio,
    "seconds": int | float | None,
}


def _row_type(group: Group, *, gauges: bool) -> type[Row]:
    """The rows of a group: of what is counted over time, or of what is true at the instant."""
    measures = [m for m in group.measures if isinstance(m.value, Gauge) is gauges]
    place = (*group.dimensions, "area")
    fields: list[Any] = [(name, str) for name in place]
    if taken := {*place, *(m.name for m in measures)} & set(dir(Row)):
        raise ValueError(f"{group.name}: {sorted(taken)} would hide what every row has")
    fields += [(measure.name, _TYPES[measure.unit]) for measure in measures]
    if not gauges:
        fields.append(("origin", Origin | None, field(default=None, name="from")))
        fields.append(("provisional", bool, False))
    made: type[Row] = msgspec.defstruct(
        f"{group.name.title()}{'Gauges' if gauges else ''}Row",
        fields,
        bases=(Row,),
        module=__name__,
        namespace={
            "__doc__": f"A row of {group.title}"
            + (" as of the board's instant." if gauges else "."),
            "place": place,
            "measures": tuple(m.name for m in measures),
        },
        omit_defaults=True,
    )  # type: ignore[assignment]
    return made


class Tables(Struct, omit_defaults=True, kw_only=True):
    """Some tables by group. One that is not known, or not kept so finely, is not there."""

    groups: ClassVar[frozenset[str]] = frozenset()
    """The names of the groups that it may have tables of."""

    def rows(self, group: str) -> list[Row] | None:
        """The rows of a group; None where there is no table of it. Raises KeyError where no group
        of the registry is called so."""
        if group not in self.groups:
            raise KeyError(group)
        found: list[Row] | None = getattr(self, group)
        return found

    def row(self, group: str, **place: str) -> Row | None:
        """The row of a group with these dimensions (and area); None where there is none."""
        return find(self.rows(group), **place)

    def __getitem__(self, group: str) -> list[Row]:
        """The rows of a group; raises KeyError where there is no table of it."""
        rows = self.rows(group)
        if rows is None:
            raise KeyError(group)
        return rows

    def put(self, group: str, rows: list[Row]) -> None:
        """Takes the table of a group in."""
        setattr(self, group, rows)


class KnownDays(Struct):
    """How much of a window or period a feed was heard in, in days; both to two places."""

    known_days: float
    days: float


class TargetPart(Struct):
    """A target that held in a part of a period, from an instant on."""

    start: str = field(name="from")
    within_seconds: int
    target: float | None


class PeriodTarget(Struct, omit_defaults=True):
    """What a period is held to: the limit in seconds, and the share to be within it (None where
    none is set). Of one that changed within the period, the latest, and all in `changed`."""

    within_seconds: int
    target: float | None
    changed: list[TargetPart] | None = None


class FurtherTarget(Struct, omit_defaults=True):
    """What a share is held to besides the first target of each line and that of emergencies: the
    share is the measure of a group in the row of a line, of a grade or of a class of areas."""

    group: str
    measure: str
    row: dict[str, str]
    within_seconds: int
    target: float | None
    changed: list[TargetPart] | None = None


class PeriodTargets(Struct, omit_defaults=True):
    """The targets of a period's own time, by line, and that of attendance."""

    lines: dict[str, PeriodTarget]
    attendance: PeriodTarget
    further: list[FurtherTarget] = []


class PeriodFigures(Tables, kw_only=True, omit_defaults=True):
    """Every table over one window or period, [start, end).

    `grain` is that of a period that was asked for. `targets` stand where any target of the force
    ever changed. `missing` says by group how much is known where a part was not heard.
    """

    grain: Grain | None = None
    start: str = field(name="from")
    end: str = field(name="to")
    targets: PeriodTargets | None = None
    if TYPE_CHECKING:
        missing: dict[str, KnownDays] = {}


class NowFigures(Tables, omit_defaults=True, kw_only=True):
    """What is true at the board's instant: how many wait, and the oldest."""


class FirstPublished(Tables, omit_defaults=True, kw_only=True):
    """The tables of a closed period as they stood when it closed, where records changed since.

    `days` says by group on which days: `2021-04-05`, or `2021-04-16..2021-04-18` for some of
    these. `first_published` (`streams.board.compare`) says from what to what."""

    if TYPE_CHECKING:
        days: dict[str, list[str]] = {}


# -- the other parts -----------------------------------------------------------------------------


class ForceShown(Struct):
    """The force of a board."""

    id: str
    name: str
    timezone: str


class ServiceLevelDefinition(Struct):
    """Which of the published formulas the force's service level is."""

    name: str
    formula: str


class LineDefinition(Struct):
    """A telephone line, and the target that holds at the board's instant."""

    name: str
    within_seconds: int
    target: float | None


class AttendanceDefinition(Struct):
    """The target of attendance that holds at the board's instant, and how it is judged. `limits`
    are those of emergencies in words, with those of classes of areas that differ."""

    within_seconds: int
    target: float | None
    formula: str
    limits: str


class AreaDefinition(Struct, omit_defaults=True):
    """An area of the force; `parent` is the id of the area that it lies in. `there` is whether it
    has opened and not closed at the board's instant."""

    name: str
    kind: str
    parent: str | None
    there: bool = True


class Definitions(Struct, omit_defaults=True):
    """What the figures of a board mean; `further` are the other targets that hold at the board's
    instant. A class of areas is an area that holds others, its kind is `area_class`."""

    service_level: ServiceLevelDefinition
    lines: dict[str, LineDefinition]
    attendance: AttendanceDefinition
    areas: dict[str, AreaDefinition]
    further: list[FurtherTarget] = []


class ReportedFigure(Struct, omit_defaults=True):
    """A figure as a force reports it (a reading): a value, or a numerator and a denominator."""

    measure: str
    area: str
    period: str
    line: str | None = None
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None


class FeedAge(Struct, omit_defaults=True):
    """When a feed was last heard; of heartbeats also how long its silence is no news.

    `not_carried` names the fields that none of its records ever had, though figures rest on them:
    these are not known. `stopped` says of those that its records no longer have, since when."""

    as_of: str
    age_seconds: float
    silent_after_seconds: int | float | None = None
    not_carried: list[str] = []
    stopped: dict[str, str] = {}


class KindTaken(Struct, omit_defaults=True, kw_only=True):
    """How the lines of one kind were taken, over all forces of the process. Those of records are
    told apart; of readings and heartbeats it is how many were `taken`."""

    new: int | None = None
    revised: int | None = None
    same: int | None = None
    skewed: int | None = None
    stale: int | None = None
    taken: int | None = None
    records: int | None = None
    """How many it holds now."""
    refused: dict[str, int]
    """Lines that became dead letters, by reason."""
    unknown: dict[str, int]
    """Values that no list knows, by field."""
    unknown_values: dict[str, dict[str, int]]
    """The first of them: by field and value, how often."""


class Incomplete(Struct, omit_defaults=True):
    """A stretch of which not all records of a kind are counted, since the log had lost some: how
    many messages at most, None where that is not known."""

    kind: str
    start: str = field(name="from")
    end: str = field(name="to")
    words: str
    messages: int | None = None


class Status(Struct):
    """How the monitor is doing (`streams.live.Health`)."""

    state: str
    detail: str
    ready: bool
    replay: bool
    speed: float | None
    simulated: str | None
    lag: int
    replayed: str | None = None
    """The records that are of a history that is played again, in words, as `simulated`."""
    mixed: str | None = None
    """The records of which some are of a live feed and some are not."""


class WatchSummary(Struct):
    """How many series of a kind of record are watched, and how far their baselines have come."""

    watches: int
    learning: int
    first_year: int
    ready: int
    faults: int
    about: list[str]


class RefusedLines(Struct):
    """A feed of which every line is refused: how many since when, and why."""

    kind: str
    feed: str | None
    lines: int
    reason: str
    words: str
    since: str
    last: str


class SurveillanceView(Struct):
    """What the detectors say of a force, and how much is watched, over all kinds of record."""

    watches: int
    learning: int
    first_year: int
    ready: int
    faults: int
    signals: list[Signal]
    """The latest of each watch, newest first."""
    running: list[Signal]
    """Of hours that are not over."""
    silent: list[Signal]
    """Feeds that are silent."""
    delays: list[str]
    """How soon silence would be noticed of the other feeds, in words."""
    refused: list[RefusedLines]
    kinds: dict[str, WatchSummary]


class Handlers(Struct, omit_defaults=True):
    """Handlers in an hour to come: how many are `needed` for the target, how many the roster has,
    how many, rounded up, it is short of (below 0: has more), and what share of calls these would
    answer in time. What is not known is None."""

    needed: int | None = None
    rostered: float | None = None
    short: float | None = None
    level: float | None = None


class HourAhead(Struct, omit_defaults=True):
    """An hour to come on a line: the calls expected, and the intervals that hold what comes in 80
    and 95 of 100 hours; the handlers that these calls need, had they handlers of their own."""

    start: str = field(name="from")
    expected: float
    low_80: int
    high_80: int
    low_95: int
    high_95: int
    handlers: Handlers
    words: str


class LineAhead(Struct, omit_defaults=True):
    """The next hours of a line. `level` is how busy it is now, 1 as usual. Handling (with wrap-up,
    where `wrap_up` is true) and patience are means in seconds. `reason` says why no calls are
    known, `handlers_reason` why no handlers are."""

    line: str
    name: str
    within_seconds: int
    target: float | None
    level: float | None = None
    handling_seconds: float | None = None
    wrap_up: bool = False
    patience_seconds: float | None = None
    hours: list[HourAhead] = []
    reason: str = ""
    handlers_reason: str = ""
    departed: str = ""
    """What the last hours brought, where that is beyond what ordinary days bring."""


class RoomHour(Struct, omit_defaults=True):
    """An hour to come of all lines together, in one queue."""

    start: str = field(name="from")
    expected: float
    handlers: Handlers
    words: str


class HoursAhead(Struct, omit_defaults=True):
    """The next hours of calls, by line and of the room, in which one roster serves all lines that
    have a target; `room_reason` says why nothing is known of it."""

    known_to: str
    """Calls were counted up to then."""
    lines: list[LineAhead]
    room: list[RoomHour] = []
    room_reason: str = ""


class Board(Struct, omit_defaults=True, kw_only=True):
    """Every live figure of a force as of an instant.

    What `streams.board.monitor.VOLATILE` names depends on how and when the events came; the other
    parts are the same whatever their order.
    """

    force: ForceShown
    at: str
    definitions: Definitions
    now: NowFigures
    windows: dict[str, PeriodFigures]
    """Sliding windows (`5m` to `6h`), `today` and `month`."""
    periods: dict[str, PeriodFigures]
    """The periods that were asked for, by label."""
    readings: list[ReportedFigure]
    feeds: dict[str, FeedAge]
    """By kind of record, and `heartbeat.<feed>`."""
    ingest: dict[str, KindTaken]
    revisions: dict[str, FirstPublished]
    """Of the periods that were asked for, those that changed since they closed."""
    incomplete: list[Incomplete] = []
    """Where the log had lost records before they were counted."""
    readings_left_out: int = 0
    """Readings of periods before, and after, those that are shown (`streams.fold.readings`)."""
    surveillance: SurveillanceView | None = None
    """Where series are watched."""
    ahead: HoursAhead | None = None
    """Where calls are watched, of a board as of now."""
    alerts: AlertsView | None = None
    """Where alerts are raised."""
    status: Status | None = None
    """Of a monitor that is being fed."""


class Point(Struct, omit_defaults=True):
    """A figure in one hour; of a share its parts too. The value is None where it is not known."""

    start: str = field(name="from")
    end: str = field(name="to")
    value: int | float | None
    numerator: int | UnsetType | None = UNSET
    denominator: int | UnsetType | None = UNSET
    missing: KnownDays | None = None
    """Where a part of the hour was not heard."""


class Series(Struct):
    """A figure by hour, oldest first; `where` has the dimensions and the area of its rows."""

    force: ForceShown
    at: str
    where: dict[str, str]
    points: list[Point]
    ahead: list[HourAhead] | UnsetType = UNSET
    """Of the calls of a line in the whole force: what the next hours bring."""


# -- the board of a registry ----------------------------------------------------------------------


class BoardTypes:
    """A board with the tables of a registry: the structs above, with a list of rows a group."""

    def __init__(self, registry: Registry) -> None:
        self.rows = {group.name: _row_type(group, gauges=False) for group in registry.groups}
        """The rows of what is counted over time, by group."""
        self.gauge_rows = {
            group.name: _row_type(group, gauges=True)
            for group in registry.groups
            if any(isinstance(measure.value, Gauge) for measure in group.measures)
        }
        """The rows of what is true at an instant, by group."""
        missing: Any = ("missing", dict[str, KnownDays], field(default_factory=dict))
        self.period = _with_tables(PeriodFigures, self.rows, missing)
        self.now = _with_tables(NowFigures, self.gauge_rows)
        days: Any = ("days", dict[str, list[str]], field(default_factory=dict))
        self.first = _with_tables(FirstPublished, self.rows, days)
        parts = {"now": self.now, "revisions": dict[str, self.first]}  # type: ignore[name-defined]
        parts |= dict.fromkeys(("windows", "periods"), dict[str, self.period])  # type: ignore[name-defined]
        self.board = _with_parts(Board, parts)
        self._decoder = msgspec.json.Decoder(self.board)

    def decode(self, answer: bytes) -> Board:
        """A board from its JSON; parts that a later release added are passed over. Raises
        `NotABoard` where it is none, or lacks what this release reads."""
        try:
            return self._decoder.decode(answer)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            raise NotABoard(f"not a board that this release can read: {error}") from None


def _with_tables(struct: S, rows: Mapping[str, type[Row]], *last: tuple[str, Any, Any]) -> S:
    """A struct with a table for each group, and with the fields that stand after them."""
    tables: list[Any] = [(name, list[row] | None, None) for name, row in rows.items()]  # type: ignore[valid-type]
    return msgspec.defstruct(  # type: ignore[return-value]
        struct.__name__,
        [*tables, *last],
        bases=(struct,),
        module=__name__,
        namespace={"__doc__": struct.__doc__, "groups": frozenset(rows)},
        omit_defaults=True,
        kw_only=True,
    )


def _with_parts(struct: S, parts: Mapping[str, Any]) -> S:
    """A struct of which some fields have other types."""
    fields: list[Any] = []
    for each in msgspec.structs.fields(struct):
        kept: Any = {"default": each.default, "default_factory": each.default_factory}
        fields.append((each.name, parts.get(each.name, each.type), field(**kept)))
    return msgspec.defstruct(  # type: ignore[return-value]
        struct.__name__,
        fields,
        bases=(struct,),
        module=__name__,
        namespace={"__doc__": struct.__doc__},
        omit_defaults=True,
        kw_only=True,
    )


@cache
def board_types(registry: Registry) -> BoardTypes:
    """The boards of a registry."""
    return BoardTypes(registry)


TYPES = board_types(REGISTRY)
decode_board = TYPES.decode


def find(rows: Iterable[Row] | None, **place: str) -> Row | None:
    """The first row with these dimensions, or None."""
    return next((row for row in rows or () if row.is_at(**place)), None)


def heard(feeds: Mapping[str, FeedAge], kind: str, registry: Registry) -> bool:
    """Whether anything ever came of a kind, if only a heartbeat: then nothing is a true zero."""
    return kind in feeds or f"heartbeat.{registry.kinds[kind].feed}" in feeds
