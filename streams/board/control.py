"""The control chart of an indicator: each period with what it was judged by, and the words.

A chart is drawn from all periods that there are, whatever part of it is asked for, so that a flag
stays with its period: a month that was exceptional by the limits of its day is so for good. Only
whole periods that were heard from end to end are judged; of the others the value stands alone, and
where none is known there is no point. A break of the series (`streams.board.breaks`) begins the
chart anew; limits that are fixed for a year stand across it, as the reports print them, and of a
dated change the words say so.

A month that is still being recorded (`Delays.young`), and a period that runs, are provisional:
shown with the reason, and not judged. So they are not exceptional, in no run, and in no mean or
limit; once they are recorded they are judged like any other.

A period of which nothing is known, or not all, ends a run: nobody knows on which side it lay. Of
figures that are each of several months only those are judged that have no month in common, since
the others repeat one another. Limits of a count whose mean is small are no narrower than those of
chance: one homicide where there are seven a year is not exceptional.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Literal, NamedTuple

from msgspec import Struct

from detectors.charts import ControlChart, limits
from detectors.charts.limits import Fitted, usual_counts
from streams.board.breaks import breaks, restarts_of
from streams.board.outlook import Delays
from streams.board.query import Observation, Query
from streams.config.force import WHOLE
from streams.config.measures import FigureUnit, Polarity
from streams.errors import QueryError
from streams.periods import DAY, Calendar, Grain
from streams.registry import phrases
from streams.registry.charting import FEW, OF_FEW, USUAL, ChartPolicy, apart
from streams.registry.indicator import Indicator
from streams.stretches import Stretch, months_before

FlagSide = Literal["above", "below"]
BOUNDED: tuple[FigureUnit, ...] = ("count", "ratio", "seconds")
"""What is never below 0, so that no limit is either."""


class Moved(Struct, frozen=True):
    """A centre that moved: from and to what, after so many points on one side of the old one, of
    which the first was in the period `since`."""

    old: float
    new: float
    points: int
    since: str


class ControlPoint(Struct, omit_defaults=True):
    """A period of a chart. Lines are those that it was judged by; without any it was not judged."""

    label: str
    start: int
    end: int
    value: float | None
    size: int | None = None
    """Of a share or mean, of how many."""
    complete: bool = True
    centre: float | None = None
    lower: float | None = None
    upper: float | None = None
    flag: FlagSide | None = None
    """Exceptional: above the upper limit, or below the lower."""
    rises: int = 0
    """How many times in a row the value rose up to this; fell, as a negative number."""
    run: int = 0
    """How many points in a row up to this lie above the centre; below it, as a negative number."""
    moved: Moved | None = None
    """The centre moved with this point."""
    same_months: tuple[float, float] | None = None
    """Where the centre of months moved: the average of the months that moved it, and of the same
    ones a year before, where all of these are known."""
    reason: str = ""
    """Why it is not known."""
    provisional: str = ""
    """Why the value is not the last one, where that is known: it is not judged then."""


class Chart(Struct, omit_defaults=True):
    """An indicator by period, in one area. Instants are in ms."""

    indicator: str
    title: str
    area: str
    unit: FigureUnit
    polarity: Polarity
    grain: Grain
    rule: str
    """How limits are made, and when the level moves."""
    points: list[ControlPoint]
    centre: float | None = None
    """What the next point will be judged by, limits likewise; None while nothing can be."""
    lower: float | None = None
    upper: float | None = None
    words: list[str] = []

    def point(self, label: str) -> ControlPoint | None:
        """The point of a period."""
        return next((point for point in self.points if point.label == label), None)


class Lines(NamedTuple):
    """Centre and limits."""

    centre: float
    lower: float
    upper: float


def policy_of(query: Query, indicator: Indicator, grain: Grain) -> ChartPolicy:
    """How an indicator is charted by a grain; raises `QueryError` where it is not."""
    if indicator.at_age:
        instead = " or ".join(indicator.at_age)
        raise QueryError(
            f"{indicator.name} is not charted, since its periods are of unequal age: {instead} is"
        )
    policies = indicator.charts or USUAL[query.unit(indicator)]
    found = next((each for each in policies if each.grain == grain), None)
    if found is None:
        grains = " or ".join(each.grain for each in policies)
        raise QueryError(f"{indicator.name} is charted by {grains}, not by {grain}")
    return found


def chart(
    query: Query,
    name: str | Indicator,
    grain: Grain = "month",
    within: str | Stretch | None = None,
    area: str = WHOLE,
    policy: ChartPolicy | None = None,
) -> Chart:
    """The chart of an indicator by periods of a grain, those that lie `within` a stretch, by
    default all; by its own policy for this grain, or by another. Raises `QueryError`."""
    indicator = query.indicator(name)
    policy = policy or policy_of(query, indicator, grain)
    shown = None if within is None else query.stretch(within)
    points = _points(query, indicator, policy.grain, shown, area)
    fixed, unit = policy.baseline == "year_before", query.unit(indicator)
    months = 0 if indicator.reported is None else indicator.reported.rolling or 0
    of_several = [apart(months)] if months else []
    after = judge(
        _apart(query.calendar, points, months),
        policy,
        [] if fixed else [each.at for each in breaks(query, indicator, area)],
        counts=unit == "count",
    )
    after = _bounded(points, after, 1.0 if unit == "ratio" else inf) if unit in BOUNDED else after
    if shown is not None:
        points = [each for each in points if shown.start <= each.start and each.end <= shown.end]
    made = Chart(
        indicator=indicator.name,
        title=indicator.title,
        area=query.areas()[query.area(area)],
        unit=unit,
        polarity=query.polarity(indicator),
        grain=policy.grain,
        rule=" ".join([policy.words, *([OF_FEW] if unit == "count" else []), *of_several]),
        points=points,
    )
    if after is not None:
        made.centre, made.lower, made.upper = after
    made.words = [*_words(query, made, policy), *_provisional(query, made), *of_several]
    if fixed and points:
        year = 366 * DAY
        made.words += [
            phrases.across(change.what, change.kind, change.date)
            for change in restarts_of(query, indicator)
            if points[-1].start - year <= query.force.instant(change.date) < points[-1].end
        ]
    return made


def _points(
    query: Query, indicator: Indicator, grain: Grain, shown: Stretch | None, area: str
) -> list[ControlPoint]:
    """Every period from the first that anything is known of to the last that is shown and has
    begun."""
    first = query.since(indicator)
    if first is None:
        return []
    last = query.at if shown is None else min(max(shown.end, first + 1), query.at)
    place, delays = query.area(area), query.reader(Delays)
    found = []
    for period in query.calendar.begun(grain, first, last):
        stretch = Stretch.of(query.calendar, period)
        seen = query.figures(indicator, stretch).at(place)
        point = _point(period.label, period.start, period.end, seen)
        if point.value is not None and period.end > query.at:
            point.provisional = "not over"
        elif (young := delays.young(indicator, stretch, place)) is not None:
            point.provisional = young.reason
        found.append(point)
    return found


def _point(label: str, start: int, end: int, seen: Observation) -> ControlPoint:
    whole = seen.known and seen.complete
    return ControlPoint(
        label, start, end, seen.value, seen.denominator, complete=whole, reason=seen.reason
    )


def _bounded(points: list[ControlPoint], after: Lines | None, most: float) -> Lines | None:
    """Keeps limits where values can be; returns those of the next point. No flag changes by it."""
    for point in points:
        if point.lower is not None and point.upper is not None:
            point.lower, point.upper = max(0.0, point.lower), min(most, point.upper)
    if after is None:
        return None
    return Lines(after.centre, max(0.0, after.lower), min(most, after.upper))


# -- judging ---------------------------------------------------------------------------------------


def _apart(calendar: Calendar, points: list[ControlPoint], months: int) -> list[ControlPoint]:
    """Points that are each of so many months up to their end, without those that have one of these
    in common with the one before; all of them where each is of its own period."""
    if not months:
        return points
    found: list[ControlPoint] = []
    taken = 0
    for point in points:
        known = point.complete and point.value is not None
        if not known or months_before(calendar, point.end, months) >= taken:
            found.append(point)
            taken = point.end if known else taken
    return found


def judge(
    points: list[ControlPoint], policy: ChartPolicy, restarts: list[int], *, counts: bool = False
) -> Lines | None:
    """Judges the points in order, which may be `counts`; returns what the next one will be judged
    by."""
    after: Lines | None = None
    for part in _comparable(points, restarts):
        judging: _Moving | _Fixed
        judging = (_Moving if policy.baseline == "first" else _Fixed)(policy, counts=counts)
        run, rises, last = 0, 0, None
        for point in part:
            # A share that is reported alone has no size.
            alone = policy.limits in ("p", "p_prime") and not point.size
            if not point.complete or point.value is None or alone or point.provisional:
                judging.pass_over()
                run, rises, last = 0, 0, None
                continue
            if last is not None:
                rises = _run(rises, point.value - last)
            point.rises, last = rises, point.value
            lines = judging.lines(point)
            if lines is not None:
                point.centre, point.lower, point.upper = lines
                run = _run(run, point.value - lines.centre)
                point.run = run
                if point.value > lines.upper:
                    point.flag = "above"
                elif point.value < lines.lower:
                    point.flag = "below"
            point.moved = judging.take(point)
            if point.moved is not None:
                run = 0
                if policy.grain == "month":
                    point.same_months = _same_months(part, point, point.moved)
        after = judging.lines(None)
    return after


def _same_months(
    part: list[ControlPoint], last: ControlPoint, moved: Moved
) -> tuple[float, float] | None:
    known = {each.label: each.value for each in part if each.complete and each.value is not None}
    labels = [label for label in known if moved.since <= label <= last.label]
    earlier = [f"{int(label[:4]) - 1}{label[4:]}" for label in labels]
    if len(labels) != moved.points or not known.keys() >= set(earlier):
        return None
    now, then = (sum(known[label] for label in each) for each in (labels, earlier))
    return now / moved.points, then / moved.points


def _comparable(points: list[ControlPoint], restarts: list[int]) -> Iterator[list[ControlPoint]]:
    """The points between changes of recording; one during which there was a change is in neither
    part."""
    edges = [*restarts, None]
    rest = points
    for edge in edges:
        part = [each for each in rest if edge is None or each.end <= edge]
        rest = [] if edge is None else [each for each in rest if each.start >= edge]
        if part:
            yield part


def _run(run: int, away: float) -> int:
    side = (away > 0) - (away < 0)
    return run + side if run * side > 0 else side


class _Moving:
    """Limits from the first points, which move after a run on one side."""

    def __init__(self, policy: ChartPolicy, *, counts: bool) -> None:
        self.policy, self.counts = policy, counts
        self._chart = ControlChart(
            policy.limits,
            sigmas=policy.sigmas,
            baseline=policy.points,
            rebase={"points": policy.rebase, "gaps": "end"},
        )
        self._of = policy.points
        """From how many points the limits are."""
        self._labels: list[str] = []
        """Those of the points on one side of the centre."""

    def lines(self, point: ControlPoint | None) -> Lines | None:
        """What a point is judged by; None stands for one of the usual size."""
        chart = self._chart
        if chart.learning:
            return None
        size = None if point is None else point.size
        lines = Lines(*chart.lines_at(size or None))
        return _of_few(lines, self._of, self.policy) if self.counts else lines

    def pass_over(self) -> None:
        """Takes a period that can't be judged."""
        self._chart.update(None)
        self._labels = []

    def take(self, point: ControlPoint) -> Moved | None:
        """Takes a point; says where the centre moved with it."""
        chart, value, old = self._chart, point.value or 0.0, self._chart.centre
        if not chart.sized:
            chart.update(value)
        else:
            size = point.size or 0
            chart.update(value * size, size)
        if not chart.rebased:
            # Where the run broke, only its last points are left; none while the limits are made.
            self._labels = [*self._labels, point.label][-chart.points_on_one_side :]
            if not chart.points_on_one_side:
                self._labels = []
            return None
        labels, self._labels = [*self._labels, point.label], []
        self._of = len(labels)
        (last,) = chart.rebases[-1:]
        return Moved(old if old is not None else last.old, last.new, len(labels), labels[0])


class _Fixed:
    """Limits from points that came before: those of the last financial year, or the last few."""

    def __init__(self, policy: ChartPolicy, *, counts: bool) -> None:
        self.policy, self.counts = policy, counts
        self._before: list[ControlPoint] = []

    def lines(self, point: ControlPoint | None) -> Lines | None:
        """What a point is judged by; None stands for the next."""
        policy, taken = self.policy, self._before
        if policy.baseline == "year_before" and taken:
            year = _financial_year(point) if point is not None else self._next_year(taken)
            taken = [each for each in taken if _financial_year(each) == year - 1]
        else:
            taken = taken[-policy.points :]
        if len(taken) < policy.points:
            return None
        fitted = _fit(policy, taken)
        size = 1.0 if point is None or not point.size else float(point.size)
        lines = Lines(*fitted.limits(policy.sigmas, size))
        return _of_few(lines, len(taken), policy) if self.counts else lines

    def pass_over(self) -> None:
        """Takes a period that can't be judged, which leaves the others as they are."""

    def _next_year(self, taken: list[ControlPoint]) -> int:
        """The financial year of the point after the last."""
        year = _financial_year(taken[-1])
        in_year = sum(_financial_year(each) == year for each in taken)
        last_of_year = taken[-1].label[5:] in ("03", "Q1") or in_year >= self.policy.points
        return year + last_of_year

    def take(self, point: ControlPoint) -> Moved | None:
        """Takes a point; the limits of its year do not move."""
        self._before.append(point)
        return None


def _of_few(lines: Lines, points: int, policy: ChartPolicy) -> Lines:
    """Lines of a count from so many points: where its mean is small, no narrower than by chance."""
    if lines.centre >= FEW:
        return lines
    least, most = usual_counts(lines.centre, points, policy.sigmas)
    return Lines(lines.centre, min(lines.lower, least), max(lines.upper, most))


def _financial_year(point: ControlPoint) -> int:
    """The year in which the financial year of a point began."""
    year, month = int(point.label[:4]), point.label[5:7]
    first = (int(month[1]) - 1) * 3 + 1 if month.startswith("Q") else int(month or 1)
    return year - (first < 4)


def _fit(policy: ChartPolicy, points: list[ControlPoint]) -> Fitted:
    values = [each.value or 0.0 for each in points]
    if policy.limits == "mean_sd":
        return limits.mean_sd(values)
    if policy.limits == "individuals":
        return limits.individuals(values)
    if policy.limits == "c":
        return limits.counts(values)
    sizes = [float(each.size or 1) for each in points]
    counts = [value * size for value, size in zip(values, sizes, strict=True)]
    fit = limits.proportions if policy.limits == "p" else limits.laney
    return fit(counts, sizes)


# -- words -----------------------------------------------------------------------------------------


def _words(query: Query, made: Chart, policy: ChartPolicy) -> Iterator[str]:
    """What the chart says of its last judged point, and of the last time that its centre moved."""
    calendar, unit = query.calendar, made.unit
    place = phrases.place(query.force, made.area)
    moved = next((each for each in reversed(made.points) if each.moved is not None), None)
    if moved is not None and moved.moved is not None:
        change = moved.moved
        yield phrases.centre_moved(
            change.old,
            change.new,
            unit,
            made.grain,
            change.points,
            phrases.period_name(calendar, made.grain, moved.start),
        )
        if moved.same_months is not None:
            averages = change.old, change.new
            if season := phrases.perhaps_season(moved.same_months, averages, unit):
                yield season
    last = next((each for each in reversed(made.points) if each.centre is not None), None)
    if last is None or last.value is None or last.centre is None:
        yield f"Nothing is judged yet: {policy.needs}."
        return
    yield phrases.charted(
        f"{made.title}, {place}",
        phrases.period_name(calendar, made.grain, last.start),
        last.value,
        (last.lower or 0.0, last.upper or 0.0),
        unit,
    )
    if abs(last.run) >= 2 and last.moved is None:
        yield phrases.in_a_row(last.run, last.centre, unit, made.grain, policy.rebase)


def _provisional(query: Query, made: Chart) -> Iterator[str]:
    """Why the last points are not judged: `January 2022 is provisional: likely to rise ...`."""
    for point in made.points:
        if point.provisional:
            when = phrases.period_name(query.calendar, made.grain, point.start)
            yield f"{when} is provisional, and not judged: {point.provisional}."
