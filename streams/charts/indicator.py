"""The chart of an indicator: its control chart (`streams.board.control`) with what is expected of
the newest months, the year before, targets, changes of the series and alerts. An indicator that has
no control chart of a grain is charted without limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple, TypeVar

from msgspec.structs import replace

from streams.alerts.model import Alert
from streams.board import control
from streams.board.backlog import too_late, unseen
from streams.board.breaks import break_between, breaks
from streams.board.control import Moved
from streams.board.outlook import Delays, Outlook
from streams.board.query import Observation, Query
from streams.board.targets import Goal, goal
from streams.charts.model import (
    Bound,
    Chart,
    ChartPoint,
    ChartTarget,
    Earlier,
    Level,
    Mark,
    PointFlag,
    Range,
    Side,
    When,
)
from streams.charts.words import amount, limit
from streams.config.force import WHOLE
from streams.config.measures import FigureUnit
from streams.errors import QueryError
from streams.periods import DAY, HOUR, Grain, Period, to_ms
from streams.registry import phrases
from streams.registry.charting import POINTS
from streams.registry.conditions import Is
from streams.registry.dimensions import ALL
from streams.registry.indicator import Indicator
from streams.registry.measures import Group, Measure
from streams.stretches import Stretch

T = TypeVar("T")
Usual = Callable[[Period, int], tuple[float, float] | None]
"""From where to where four of five figures of a period lie; of a share, by how many cases it is
of."""

UsualSoFar = Callable[[Period, int], tuple[float, float]]
"""From where to where four of five counts lie from the start of a period to an instant (ms)."""

LATELY = 28 * DAY
"""For how long, in ms, what is usual now is shown beside what was."""
FEW_HOURS = 49
"""More hours, each beside that of the day before, are too many lines to read."""
MOST_POINTS = 1_000
"""Points of one chart: more can't be told apart, and would keep a reader waiting."""


def indicator_chart(
    query: Query,
    name: str | Indicator,
    grain: Grain = "month",
    within: str | Stretch | None = None,
    area: str = WHOLE,
    alerts: Iterable[Alert] = (),
) -> Chart:
    """The chart of an indicator by the periods of a grain that lie `within` a stretch, by default
    from the first that anything is known of; the one that runs is its last. `alerts` are marked,
    and what was usual of the period that one is about is shown.
    Raises `QueryError` for what there is not, and for more than `MOST_POINTS` periods."""
    return _Reader(query, query.indicator(name), grain, area, alerts).chart(within)


def recent_chart(query: Query, name: str | Indicator, hours: int = 6, area: str = WHOLE) -> Chart:
    """The last whole hours of an indicator in the range that is usual of them, with the same hours
    a week before as `earlier`, and its target. Raises `QueryError` for what there is not."""
    calendar = query.calendar
    end = calendar.start("hour", query.at)
    shown = [calendar.holding("hour", end - back * HOUR) for back in range(hours, 0, -1)]
    return _Reader(query, query.indicator(name), "hour", area, ()).beside(
        shown, {"a week before": 7}
    )


def beside_chart(
    query: Query,
    name: str | Indicator,
    grain: Literal["hour", "day"],
    within: Stretch,
    area: str = WHOLE,
    alerts: Iterable[Alert] = (),
    kept: KeptPeriods | None = None,
) -> Chart:
    """An indicator by the hours or days within a stretch, in the range that is usual of them, with
    the same of the week before and, of hours that are few, of the day before as `earlier`, its
    target and the alerts, without limits. What is `kept` of the same indicator and area is taken as
    it is, and what is made of periods that are over is added to it. Raises `QueryError` for what
    there is not, and for more than `MOST_POINTS` periods."""
    indicator = query.indicator(name)
    shown = periods(query, indicator, grain, within)
    days: dict[When, int] = {"a week before": 7}
    if grain == "hour" and len(shown) <= FEW_HOURS:
        days["the day before"] = 1
    return _Reader(query, indicator, grain, area, alerts).beside(shown, days, kept)


def periods(query: Query, indicator: Indicator, grain: Grain, within: Stretch) -> list[Period]:
    """The periods of a grain within a stretch that have begun; raises `QueryError` for too many."""
    first = query.since(indicator)
    if first is None:
        return []
    start, found = max(within.start, query.calendar.start(grain, first)), []
    for period in query.calendar.begun(grain, start, min(within.end, query.at)):
        if period.start < within.start:
            continue
        found.append(period)
        if len(found) > MOST_POINTS:
            raise QueryError(
                f"from {found[0].label} on there are more than {MOST_POINTS:,} periods by "
                f"{grain.replace('_', ' ')}: ask for a shorter time, or by a longer grain"
            )
    return found


class PeriodBeside(NamedTuple):
    """A period, and what stands beside it."""

    point: ChartPoint
    expected: Range | None
    goal: Goal | None
    earlier: tuple[float | None, ...]
    """So many days before, as they were asked for."""


KeptPeriods = dict[tuple[int, int, tuple[int, ...]], PeriodBeside]
"""Of one indicator and area, by start and end of a period that is over, in ms, and the days before
that it stands beside."""


class JudgedPeriods(NamedTuple):
    """What a control chart says: of each period, how its limits are made, and in sentences."""

    points: list[control.ControlPoint | None]
    rule: str
    findings: tuple[str, ...] = ()


class _Reader:
    """Reads what a chart shows of one indicator, grain and area."""

    def __init__(
        self,
        query: Query,
        indicator: Indicator,
        grain: Grain,
        area: str,
        alerts: Iterable[Alert],
    ) -> None:
        self.query, self.indicator, self.grain = query, indicator, grain
        self.area = query.areas()[query.area(area)]
        self.unit = query.unit(indicator)
        self.alerts = list(alerts)
        self.usual_then = {
            (to_ms(found.start), to_ms(found.end)): Range(found.lower, found.upper)
            for each in self.alerts
            if (found := each.evidence).start is not None
            and found.end is not None
            and found.lower is not None
            and found.upper is not None
            and each.grain == grain
            and is_of(each, query, indicator, self.area)
        }
        """The usual range of a period, by its start and end, by which an alert of it was raised."""
        self.usual = self._watched()

    def chart(self, within: str | Stretch | None) -> Chart:
        """The chart, with all that stands beside its points."""
        query, unit = self.query, self.unit
        shown = periods(query, self.indicator, self.grain, self._stretch(within))
        stretches = [Stretch.of(query.calendar, each) for each in shown]
        early = unseen(query, self.indicator, self.area, stretches)
        too_early = too_late(query, self.indicator) if early else ""
        points = tuple(
            replace(point, value=None, cases=None, missing=f"{too_early} then")
            if place < early
            else point
            for place, point in enumerate(map(self._point, stretches))
        )
        judged, rule, findings = self._judged(stretches, too_early)
        place = phrases.place(query.force, self.area)
        marks = [*self._changes(), *map(alert_mark, self.alerts)]
        values = tuple(self._earlier(each) for each in stretches)
        return Chart(
            title=f"{self.indicator.title}, {place}",
            unit=unit,
            period=self.grain,
            points=points,
            levels=tuple(levels_of(judged, unit)),
            expected=_if_any([self._expected(each) for each in stretches]),
            earlier=(Earlier("a year before", values),) if _if_any(values) else (),
            targets=tuple(_targets([self._goal(each) for each in stretches])),
            flags=tuple(flags_of(judged, unit, self.grain)),
            marks=tuple(each for each in marks if _shown(each, points)),
            rule=rule,
            findings=findings,
        )

    def beside(
        self, shown: Sequence[Period], days: Mapping[When, int], kept: KeptPeriods | None = None
    ) -> Chart:
        """Some periods without limits, beside those so many days before."""
        found = [self._beside(each, tuple(days.values()), kept) for each in shown]
        points = tuple(each.point for each in found)
        return Chart(
            title=f"{self.indicator.title}, {phrases.place(self.query.force, self.area)}",
            unit=self.unit,
            period=self.grain,
            points=points,
            expected=_if_any([each.expected for each in found]),
            earlier=tuple(
                Earlier(when, values)
                for at, when in enumerate(days)
                if (values := _if_any([each.earlier[at] for each in found]))
            ),
            targets=tuple(_targets([each.goal for each in found])),
            marks=tuple(m for each in self.alerts if _shown(m := alert_mark(each), points)),
        )

    def _beside(
        self, period: Period, days: tuple[int, ...], kept: KeptPeriods | None
    ) -> PeriodBeside:
        """A period, made anew unless it is over and kept."""
        place = period.start, period.end, days
        if kept is not None and (held := kept.get(place)) is not None:
            return held
        stretch = Stretch.of(self.query.calendar, period)
        found = PeriodBeside(
            self._point(stretch),
            self._expected(stretch),
            self._goal(stretch),
            tuple(self._days_before(period, many) for many in days),
        )
        if kept is not None and period.end <= self.query.at:
            kept[place] = found
        return found

    def _days_before(self, period: Period, days: int) -> float | None:
        """The same period by the clock so many days before; None while it is not known from end to
        end."""
        calendar = self.query.calendar
        at = to_ms(calendar.local(period.start) - dt.timedelta(days=days))
        before = Stretch.of(calendar, calendar.holding(period.grain, at))
        found = self.query.figure(self.indicator, before, self.area)
        return found.value if found.complete else None

    def _stretch(self, within: str | Stretch | None) -> Stretch:
        query = self.query
        if within is not None:
            return query.stretch(within)
        first = query.since(self.indicator)
        start = query.at if first is None else first
        return query.stretch(
            "..".join(query.calendar.holding(self.grain, at).label for at in (start, query.at - 1))
        )

    def _point(self, stretch: Stretch) -> ChartPoint:
        query = self.query
        found = query.figure(self.indicator, stretch, self.area)
        start, end = (query.calendar.local(at) for at in (stretch.start, stretch.end))
        return ChartPoint(
            start=start,
            end=end,
            label=stretch.label,
            value=found.value,
            missing=_why_missing(found),
            cases=_cases(found, self.unit),
            provisional=self._provisional(stretch, found),
            running=stretch.end > query.at,
        )

    def _provisional(self, stretch: Stretch, found: Observation) -> str:
        if not found.known or stretch.end > self.query.at:
            return ""
        outlook = self._outlook(stretch)
        if outlook is not None and outlook.words:
            return outlook.words.rstrip(".")
        return "" if found.complete else "not known from end to end"

    def _outlook(self, stretch: Stretch) -> Outlook | None:
        place = self.query.area(self.area)
        return self.query.reader(Delays).outlook(self.indicator, stretch, place)

    def _expected(self, stretch: Stretch) -> Range | None:
        """What a month that is still being recorded is likely to come to; else what was usual of a
        period that an alert is about; else what is usual of such an hour or day as is learned now,
        of the last weeks, since before them it may have been another."""
        found = self._outlook(stretch)
        if found is not None:
            return Range(found.low, found.high)
        then = self.usual_then.get((stretch.start, stretch.end))
        if then is not None or self.usual is None or stretch.start < self.query.at - LATELY:
            return then
        period = self.query.calendar.holding(self.grain, stretch.start)
        if stretch.end > self.query.at:
            return self._expected_so_far(period)
        cases = self.query.figure(self.indicator, stretch, self.area).denominator or 0
        with self.query.lock:
            usual = self.usual(period, cases)
        return None if usual is None else Range(*usual)

    def _expected_so_far(self, period: Period) -> Range | None:
        """What is usual of a period that is not over, up to now: of a count alone, since a share of
        the first minutes is of too few."""
        found = usual_so_far(self.query, self.indicator, self.grain, self.area)
        with self.query.lock:
            return None if found is None else Range(*found(period, self.query.at))

    def _watched(self) -> Usual | None:
        """What is usual of a period, where the figure is watched by its hours or days."""
        found: Usual | None = _of_surveillance(
            "usual", self.query, self.indicator, self.grain, self.area
        )
        return found

    def _earlier(self, stretch: Stretch) -> float | None:
        """The same a year before, where the area was the same; a year is beside the one before."""
        before = stretch.last_year
        if self.grain == "financial_year":
            return None
        broken = break_between(self.query, self.indicator, self.area, before.start, stretch.end)
        if broken is not None and broken.of_area:
            return None
        found = self.query.figure(self.indicator, before, self.area)
        return found.value if found.complete else None

    def _goal(self, stretch: Stretch) -> Goal | None:
        found = goal(self.query, self.indicator, stretch, self.area)
        return found if found is not None and found.of == "value" else None

    def _judged(self, stretches: Sequence[Stretch], too_early: str) -> JudgedPeriods:
        """What the control chart says; nothing but why where it has none, as where points begin at
        nothing because what was open before is not known."""
        nothing: list[control.ControlPoint | None] = [None] * len(stretches)
        if not stretches:
            return JudgedPeriods(nothing, "")
        if too_early:
            return JudgedPeriods(
                nothing, f"No limits: {too_early} at the end of the first periods."
            )
        try:
            policy = control.policy_of(self.query, self.indicator, self.grain)
        except QueryError as error:
            return JudgedPeriods(nothing, f"No limits: {error}.")
        within = self.query.stretch(f"{stretches[0].label}..{stretches[-1].label}")
        found = control.chart(self.query, self.indicator, self.grain, within, self.area, policy)
        by_label = {each.label: each for each in found.points}
        points = [by_label.get(each.label) for each in stretches]
        return JudgedPeriods(points, found.rule, tuple(found.words))

    def _changes(self) -> Iterator[Mark]:
        for each in breaks(self.query, self.indicator, self.area):
            yield Mark(at=self.query.calendar.local(each.at), kind="change", words=each.reason)


def usual_so_far(query: Query, indicator: Indicator, grain: Grain, area: str) -> UsualSoFar | None:
    """From where to where four of five counts lie at an instant within an hour or day, where the
    figure is a count that is watched by them; `area` by its id."""
    found: UsualSoFar | None = _of_surveillance("usual_so_far", query, indicator, grain, area)
    return found


def _of_surveillance(
    asked: Literal["usual", "usual_so_far"],
    query: Query,
    indicator: Indicator,
    grain: Grain,
    area: str,
) -> Any:
    """What the detectors know of an indicator by its hours or days; None where nothing."""
    narrowed = narrowed_to(query, indicator)
    if grain not in ("hour", "day") or narrowed is None:
        return None
    group, measure, row = narrowed
    with query.lock:
        for shard in query.monitor.shards:
            watching = shard.surveillance.get(query.force.id)
            if shard.kind == group.kind and watching is not None:
                return getattr(watching, asked)(grain, group.name, measure.name, row, area)
    return None


# -- points ----------------------------------------------------------------------------------------


def _why_missing(found: Observation) -> str:
    if found.value is not None:
        return ""
    return "no cases" if found.known else found.reason or "not known"


def _cases(found: Observation, unit: FigureUnit) -> tuple[int, int] | int | None:
    if found.value is None or found.denominator is None:
        return None
    if unit == "ratio" and found.numerator is not None:
        return round(found.numerator), found.denominator
    return found.denominator


def _if_any(found: Sequence[T | None]) -> tuple[T | None, ...]:
    return tuple(found) if any(each is not None for each in found) else ()


# -- what points are judged by ---------------------------------------------------------------------


def levels_of(judged: Sequence[control.ControlPoint | None], unit: FigureUnit) -> Iterator[Level]:
    """Points in a row that were judged by the same lines are one level."""

    def lines(at: int) -> tuple[float | None, ...] | None:
        point = judged[at]
        known = point is not None and point.centre is not None
        return (point.centre, point.lower, point.upper) if point is not None and known else None

    why = ""
    for found, places in groupby(range(len(judged)), lines):
        at = list(places)
        if found is not None and found[0] is not None:
            yield Level(
                first=at[0], last=at[-1], centre=found[0], lower=found[1], upper=found[2], why=why
            )
        last = judged[at[-1]]
        moved = None if last is None else last.moved
        why = "" if moved is None else _why(moved, unit)


def _why(moved: Moved, unit: FigureUnit) -> str:
    return f"Average {amount(moved.old, unit)} to {amount(moved.new, unit)}"


def flags_of(
    judged: Sequence[control.ControlPoint | None], unit: FigureUnit, grain: Grain
) -> Iterator[PointFlag]:
    """The points outside of their limits, and the runs that moved the average."""
    places = {each.label: at for at, each in enumerate(judged) if each is not None}
    for at, point in enumerate(judged):
        if point is None:
            continue
        if point.flag is not None:
            name, end = ("upper", point.upper) if point.flag == "above" else ("lower", point.lower)
            beyond = limit(end or 0.0, point.value or 0.0, unit)
            words = f"exceptional: {point.flag} the {name} limit of {beyond}"
            yield PointFlag(first=at, last=at, rule="limit", side=point.flag, words=words)
        if point.moved is not None:
            side: Side = "above" if point.moved.new > point.moved.old else "below"
            words = (
                f"one of {point.moved.points} {POINTS[grain]} in a row {side} the average of "
                f"{amount(point.moved.old, unit)}"
            )
            first = places.get(point.moved.since, 0)
            yield PointFlag(first=first, last=at, rule="run", side=side, words=words)


# -- what stands beside them -----------------------------------------------------------------------


def _targets(goals: Sequence[Goal | None]) -> Iterator[ChartTarget]:
    """The bounds of goals; equal ones in a row are one."""
    bounds: tuple[tuple[Bound, str], ...] = (("at least", "lower"), ("at most", "upper"))
    for bound, name in bounds:
        values = [None if each is None else getattr(each, name) for each in goals]
        for value, places in groupby(range(len(values)), values.__getitem__):
            at = list(places)
            if value is not None:
                yield ChartTarget(first=at[0], last=at[-1], value=value, bound=bound)


def alert_mark(alert: Alert) -> Mark:
    """An alert as a mark, from when what it is about began."""
    said = " ".join(alert.said) if alert.said else alert.words
    began = alert.onset or alert.opened_at
    return Mark(at=began, until=alert.resolved_at, kind="alert", words=said, link=alert.id)


def _shown(mark: Mark, points: Sequence[ChartPoint]) -> bool:
    """Whether a mark lies within the periods of a chart."""
    return bool(points) and points[0].start <= mark.at < points[-1].end


def is_about(alert: Alert, query: Query, indicator: Indicator, area: str) -> bool:
    """Whether an alert is about what an indicator counts in an area: about the same measure of the
    same records or of some of them, or about how these stand at the moment."""
    if query.areas()[query.area(area)] not in (alert.area, alert.watched):
        return False
    for part, group, measure in query.registry.measures_of(indicator):
        asked = [each for each in (group.where & part.where).parts() if isinstance(each, Is)]
        same = alert.grain == "now" or measure.name == alert.measure
        within = all(each.admits(alert.row.get(each.name)) for each in asked)
        if group.name == alert.group and same and within:
            return True
    return False


def is_of(alert: Alert, query: Query, indicator: Indicator, area: str) -> bool:
    """Whether an alert is about the very figures of an indicator in an area, so that what was usual
    of these is what it says: in the area that it names, though it may follow a wider one."""
    narrowed = narrowed_to(query, indicator)
    if narrowed is None or query.areas()[query.area(area)] != alert.area:
        return False
    group, measure, row = narrowed
    about = {name: value for name, value in alert.row.items() if value != ALL}
    return (group.name, measure.name, row) == (alert.group, alert.measure, about)


def narrowed_to(query: Query, indicator: Indicator) -> tuple[Group, Measure, dict[str, str]] | None:
    """The one row of a table that an indicator is a measure of, by its dimensions that are not of
    all values; None where it is of several, or of none."""
    found = query.registry.measures_of(indicator)
    if len(found) != 1:
        return None
    ((part, group, measure),) = found
    row: dict[str, str] = {}
    for each in (group.where & part.where).parts():
        if not isinstance(each, Is) or len(each.allowed) != 1:
            return None
        row[each.name] = each.allowed[0]
    return group, measure, row
