"""The monthly list: which series of a month that is over are worth a look, and how many of them
are so by chance.

Every count that a report has a line for, and every row that is watched, is held against the twelve
months before it, in each area by itself (`detectors.counts.month_ahead`). That is one p-value a
series, from the distribution that is expected: Poisson or negative binomial, two-sided mid-p. Of
hundreds of series some are far out by chance each month, so the list has those that Benjamini and
Hochberg's procedure keeps at the rate that the force accepts: about that share of what is listed is
chance. The force as a whole is tested first, then its areas: those of a figure that stands out say
where it is, and one may stand out by itself (`false_discovery.parents_first`).

Series are not independent: a county holds its districts, and neighbours share weather and weekends.
That is positive dependence, under which the procedure keeps its rate; one that holds under any
dependence (Benjamini and Yekutieli) would divide the rate of 400 series by 6.6, and list nearly
nothing. `benchmarks/monthly_flags.py` measures what share of such a list is chance.

A series of which the months before have less than one record a month is not looked at. That is
decided before the month itself is seen, as an independent filter has to be (Bourgon, Gentleman and
Huber, PNAS 107, 2010, 9546-9551).

A series that is still being recorded (`streams.board.outlook`) is listed only where it is out
whatever is still to come: its p-value is that of the nearest count between what it has and the 95 %
interval of what it is expected to come to. Of a count of 0 nothing is expected, and it is not
listed. The months before are taken as they are: of these the last one or two have little to come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, floor, inf
from typing import NamedTuple

from msgspec import Struct

from detectors.calibration.false_discovery import parents_first
from detectors.counts.month_ahead import middle_scatter, month_ahead, scatter
from detectors.counts.predictive import Predictive
from streams.board.answers import Page
from streams.board.breaks import breaks
from streams.board.control import FlagSide, chart
from streams.board.outlook import Delays, Young
from streams.board.query import Query
from streams.config.measures import Polarity
from streams.errors import QueryError
from streams.periods import DAY, rfc3339
from streams.registry import phrases
from streams.registry.aggregates import Count
from streams.registry.conditions import ALWAYS, Is, is_
from streams.registry.dimensions import ALL
from streams.registry.indicator import Indicator, Part
from streams.registry.measures import Group, Measure, WatchPolicy
from streams.stretches import Stretch

MONTHS_BEFORE = 12
"""Months before it that a month is held against."""
LOOKED_BACK = 24
"""Months among which these may be: of those that were not heard whole nothing is known."""
LEAST_RECORDS = 12
"""Records in these months, below which a series is not looked at."""
JUDGED = 5.0
"""A series that has fewer a month says nothing of how far its siblings scatter."""
TAIL = 0.1
"""The usual range leaves out so much at either end."""
GROWING = frozenset({"results"})
"""Tables of which the figures of a month go on changing as its records grow older: an old month
says nothing of a new one."""


class FlagRow(Struct, kw_only=True, omit_defaults=True):
    """A series that is worth a look. `name` is the indicator and the place; four of five months lie
    from `lower` to `upper`. `p_value`: how likely it is by chance to be so far out, either way;
    `least_rate`: the least rate at which it is listed; `chart`: whether its control chart calls the
    month exceptional, too; `part_of`: the name of the listed series that holds it, of which it is
    the place or the kind; `provisional`: why the value is not the last one, beyond which it is
    listed all the same."""

    indicator: str
    name: str
    area: str
    value: int
    expected: float
    lower: int
    upper: int
    direction: FlagSide
    polarity: Polarity
    p_value: float
    least_rate: float
    words: str
    chart: FlagSide | None = None
    part_of: str | None = None
    provisional: str | None = None


class FlagPage(Struct, kw_only=True, omit_defaults=True):
    """Some rows of the list of a month. `looked_at` is how many series were judged; of
    `too_short` there are no twelve whole months before, of `too_few` hardly any records. So many
    more are `held_back`: what is still to be recorded may explain how far they are out."""

    force: str
    at: str
    month: str
    rate: float
    looked_at: int
    flagged: int
    too_short: int
    too_few: int
    words: str
    rows: list[FlagRow]
    not_known: dict[str, int] = {}
    """By the reason, how many series are not known in the month."""
    next: int | None = None
    held_back: int = 0


@dataclass(frozen=True, slots=True)
class FlaggedSeries:
    """An indicator in an area: its count in the month, those of the months before, the newest
    first, and their lengths in days."""

    indicator: Indicator
    area: int
    count: int
    before: tuple[int, ...]
    lengths: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class JudgedSeries:
    """A series, what was expected of it, and how likely it is to be so far out by chance."""

    series: FlaggedSeries
    ahead: Predictive
    p_value: float
    young: Young | None = None
    """Where not all of it is recorded yet; the p-value is of the nearest that it may come to."""

    def held_by(self, young: Young | None) -> JudgedSeries:
        """The same by the nearest count that it may come to."""
        if young is None:
            return self
        count, mean = self.series.count, self.ahead.mean
        low, high = min(young.low or 0.0, count), max(young.high or inf, count)
        nearest = floor(low) if low > mean else ceil(high) if high < mean else None
        p_value = 1.0 if nearest is None else self.ahead.mid_p(nearest)
        return replace(self, p_value=max(p_value, self.p_value), young=young)

    @property
    def direction(self) -> FlagSide:
        """Above what was expected, or below."""
        return "above" if self.series.count > self.ahead.mean else "below"


class Listed(NamedTuple):
    """A series of the list, the least rate at which it is in it, and the one that it is part of."""

    judged: JudgedSeries
    least_rate: float
    whole: FlaggedSeries | None


class MonthlyFlags:
    """The list of one month of a force. Raises `QueryError` where there is no such month, or it is
    not over."""

    def __init__(self, query: Query, month: str, rate: float | None = None) -> None:
        self.query, self.stretch = query, query.stretch(month)
        if self.stretch.grain != "month":
            raise QueryError(f'"{month}" is no month: write one as 2024-05')
        if self.stretch.end > query.at:
            raise QueryError(f"{self.stretch.label} is not over: ask for a month that is")
        self.rate = query.force.file.alerts.false_flags if rate is None else rate
        if not 0.0 < self.rate < 1.0:
            raise QueryError(f"a rate lies between 0 and 1, not {self.rate:g}")
        self.length = _days(self.stretch)
        self.before = self.stretch.before(LOOKED_BACK)
        self.too_short = self.too_few = self.in_part = 0
        self.not_known = Counter[str]()

    def page(self, page: Page) -> FlagPage:
        """A page of the list: the least likely first, and what is part of a listed one below it."""
        self.too_short = self.too_few = self.in_part = 0
        self.not_known.clear()
        every = [each for one in _indicators(self.query) for each in self._series(one)]
        so_far = self._judged(self._apart(every))
        judged = [self._held(each) for each in so_far]
        listed = self._listed(judged)
        held_back = len(self._flagged(so_far)) - len(self._flagged(judged))
        return FlagPage(
            force=self.query.force.id,
            at=rfc3339(self.query.at, self.query.force.zone),
            month=self.stretch.label,
            rate=self.rate,
            looked_at=len(judged),
            flagged=len(listed),
            too_short=self.too_short,
            too_few=self.too_few,
            words=self._words(len(judged), len(listed), held_back),
            rows=[self._row(*each) for each in listed[page.offset :][: page.limit]],
            not_known=dict(sorted(self.not_known.items())),
            next=page.after(len(listed)),
            held_back=held_back,
        )

    # -- what is looked at -------------------------------------------------------------------------

    def _series(self, indicator: Indicator) -> Iterator[FlaggedSeries]:
        query = self.query
        now = query.figures(indicator, self.stretch)
        before = [(month, query.figures(indicator, month)) for month in self.before]
        for area, name in enumerate(query.areas()):
            found = now.at(area)
            if found.reason and not found.known:
                self.not_known[found.reason] += 1
            if not found.complete or found.value is None:
                self.in_part += found.known
                continue
            ends = (each.at for each in breaks(query, indicator, name))
            since = max((at for at in ends if at < self.stretch.end), default=0)
            if since > self.stretch.start:
                continue  # the month itself is of two kinds
            seen = (
                (_days(month), figures.at(area))
                for month, figures in before
                if month.start >= since
            )
            heard = [
                (length, int(each.value))
                for length, each in seen
                if each.complete and each.value is not None
            ][:MONTHS_BEFORE]
            if len(heard) < MONTHS_BEFORE:
                self.too_short += 1
            elif sum(count for _, count in heard) < LEAST_RECORDS:
                self.too_few += 1
            else:
                lengths, counts = zip(*heard, strict=True)
                yield FlaggedSeries(indicator, area, int(found.value), counts, lengths)

    # -- what is listed ----------------------------------------------------------------------------

    def _listed(self, judged: list[JudgedSeries]) -> list[Listed]:
        flagged = self._flagged(judged)
        flagged.sort(key=lambda one: (one[0].p_value, -one[0].series.count))
        wholes = [self._whole(each, flagged) for each, _ in flagged]
        inside: dict[int, list[int]] = defaultdict(list)
        waiting: list[int] = []
        for place, whole in enumerate(wholes):
            if whole is not None:
                inside[whole].append(place)
            top = place
            while (above := wholes[top]) is not None:
                top = above
            if top not in waiting:
                waiting.append(top)
        waiting.reverse()
        found = []
        while waiting:
            place = waiting.pop()
            (each, share), whole = flagged[place], wholes[place]
            found.append(Listed(each, share, None if whole is None else flagged[whole][0].series))
            waiting += inside[place][::-1]
        return found

    def _flagged(self, judged: list[JudgedSeries]) -> list[tuple[JudgedSeries, float]]:
        """What is listed, and the least rate at which it is."""
        shares = parents_first([each.p_value for each in judged], _parents(judged))
        # With room for the last bit: the rate is often met exactly.
        return [
            (each, share)
            for each, share in zip(judged, shares, strict=True)
            if share <= self.rate * (1.0 + 1e-12)
        ]

    def _held(self, one: JudgedSeries) -> JudgedSeries:
        """One as far as it is out whatever is still to come. What is not far out by the rate is in
        no list, and is left as it is."""
        if one.p_value > self.rate:
            return one
        series = one.series
        return one.held_by(
            self.query.reader(Delays).young(series.indicator, self.stretch, series.area)
        )

    def _apart(self, every: list[FlaggedSeries]) -> list[FlaggedSeries]:
        """Each series once: the forces' lists have one under several names, and a whole may have a
        single part. Of those that are equal the narrowest is kept, else the first."""
        found: dict[tuple[int, int, tuple[int, ...]], FlaggedSeries] = {}
        for each in every:
            same = each.area, each.count, each.before
            held = found.get(same)
            if held is None or _narrower(each.indicator, held.indicator):
                found[same] = each
        return list(found.values())

    def _judged(self, every: list[FlaggedSeries]) -> list[JudgedSeries]:
        scatters: dict[tuple[str, ...], list[float]] = defaultdict(list)
        kinds = {each.indicator.name: self._kinds(each.indicator) for each in every}
        for each in every:
            if sum(each.before) >= JUDGED * MONTHS_BEFORE:
                own = scatter(each.before, each.lengths)
                scatters[kinds[each.indicator.name]].append(own)
        priors = {kind: middle_scatter(some) for kind, some in scatters.items()}
        found = []
        for each in every:
            prior = priors.get(kinds[each.indicator.name], 1.0)
            ahead = month_ahead(each.before, each.lengths, self.length, prior)
            found.append(JudgedSeries(each, ahead, ahead.mid_p(each.count)))
        return found

    def _kinds(self, indicator: Indicator) -> tuple[str, ...]:
        return tuple(self.query.registry.kinds_of(indicator))

    def _whole(self, one: JudgedSeries, flagged: list[tuple[JudgedSeries, float]]) -> int | None:
        """The place of the narrowest of the listed that holds another and moved the same way."""
        found: int | None = None
        for place, (each, _) in enumerate(flagged):
            alike = each.direction == one.direction and self._holds(each.series, one.series)
            if alike and (found is None or self._holds(flagged[found][0].series, each.series)):
                found = place
        return found

    def _holds(self, whole: FlaggedSeries, part: FlaggedSeries) -> bool:
        if self.query.areas()[whole.area] not in self.query.force.rollup[part.area]:
            return False
        if whole.indicator is part.indicator:
            return whole.area != part.area
        return _narrower(part.indicator, whole.indicator)

    def _row(self, one: JudgedSeries, share: float, whole: FlaggedSeries | None) -> FlagRow:
        query, series, ahead = self.query, one.series, one.ahead
        indicator, area = series.indicator, query.areas()[series.area]
        point = chart(query, indicator, "month", self.stretch, area).point(self.stretch.label)
        lower, upper = ahead.limits(TAIL)
        when = phrases.period_name(query.calendar, "month", self.stretch.start)
        usual = phrases.usual(lower, upper, "count", series.count)
        return FlagRow(
            indicator=indicator.name,
            name=self._name(series),
            area=area,
            value=series.count,
            expected=round(ahead.mean, 1),
            lower=lower,
            upper=upper,
            direction=one.direction,
            polarity=query.polarity(indicator),
            p_value=one.p_value,
            least_rate=share,
            words=f"{self._name(series)}: {phrases.count(series.count)} in {when}, {usual}.",
            chart=None if point is None else point.flag,
            part_of=None if whole is None else self._name(whole),
            provisional=None if one.young is None else one.young.reason,
        )

    def _name(self, series: FlaggedSeries) -> str:
        area = self.query.areas()[series.area]
        return f"{series.indicator.title}, {phrases.place(self.query.force, area)}"

    def _why_none(self) -> str:
        """Why no series could be judged."""
        if self.too_short >= max(1, self.too_few):
            return f"No series has {MONTHS_BEFORE} whole months before to be held against."
        if self.too_few:
            return (
                f"No series has {LEAST_RECORDS} records in the {MONTHS_BEFORE} months before, "
                "which are needed to judge it."
            )
        month = phrases.period_name(self.query.calendar, "month", self.stretch.start)
        return f"No series is known of all of {month}, so none is judged."

    def _words(self, looked_at: int, flagged: int, held_back: int) -> str:
        """What the list is, in a sentence: `Of 412 series looked at 7 are flagged; about 1 in 10 of
        those flagged is chance.`"""
        if not looked_at:
            return self._why_none()
        many = f"Of {phrases.count(looked_at)} series looked at"
        more = ""
        if held_back:
            are = "is" if held_back == 1 else "are"
            more = (
                f" {phrases.count(held_back)} more {are} held back: what is still to be recorded "
                "may explain it."
            )
        if not flagged:
            return (
                f"{many} none is flagged: none is farther from its {MONTHS_BEFORE} months before "
                f"than chance alone may explain.{more}"
            )
        one_in = round(1.0 / self.rate)
        by_chance = (
            f"about 1 in {one_in} flags is chance"
            if abs(one_in * self.rate - 1.0) < 0.01
            else f"about {phrases.percent(self.rate)} of flags are chance"
        )
        are = "is" if flagged == 1 else "are"
        return f"{many} {phrases.count(flagged)} {are} flagged; at this rate {by_chance}.{more}"


def _parents(judged: list[JudgedSeries]) -> list[int | None]:
    """By series the place of that of the force as a whole; None for one of the whole itself, or of
    an area where nothing is known of the whole."""
    of_whole = {
        each.series.indicator.name: place
        for place, each in enumerate(judged)
        if not each.series.area
    }
    return [
        of_whole.get(each.series.indicator.name) if each.series.area else None for each in judged
    ]


def _days(stretch: Stretch) -> float:
    return (stretch.end - stretch.start) / DAY


# -- what there is to look at ------------------------------------------------------------------


def _indicators(query: Query) -> Iterator[Indicator]:
    """The counts that have an entry, then the rows of tables that are watched by the month."""
    registry = query.registry
    for name in query.indicators():
        indicator = query.indicator(name)
        parts = registry.measures_of(indicator)
        counts = (isinstance(measure.value, Count) for _, _, measure in parts)
        if parts and all(counts) and not any(group.name in GROWING for _, group, _ in parts):
            yield indicator
    for group in registry.groups:
        for measure in group.measures:
            watch = measure.watch
            if watch is not None and "month" in watch.grains and isinstance(measure.value, Count):
                yield from _watched(query, group, measure, watch)


def _watched(
    query: Query, group: Group, measure: Measure, watch: WatchPolicy
) -> Iterator[Indicator]:
    """The rows of a measure that are watched, each under its address."""
    kind = query.registry.kinds[group.kind]
    values = (kind.dimension(name).watched(query.force) for name in group.dimensions)
    for row in product(*values):
        where = ALWAYS
        named = dict(zip(group.dimensions, row, strict=True))
        for name, value in named.items():
            where = where if value == ALL else where & is_(name, value)
        part = Part(group.name, measure.name, where)
        title = phrases.subject(query.force, watch, named)
        yield Indicator(part.address, title, (part,))


def _narrower(one: Indicator, other: Indicator) -> bool:
    """Whether an indicator is a part of another, by what they are made of."""
    return _within(one, other) and not _within(other, one)


def _within(one: Indicator, other: Indicator) -> bool:
    return all(any(_part_within(part, whole) for whole in other.parts) for part in one.parts)


def _part_within(part: Part, whole: Part) -> bool:
    """Whether the records of one part are among those of another."""
    if (part.group, part.measure) != (whole.group, whole.measure):
        return False
    asked = {each.name: each.allowed for each in part.where.parts() if isinstance(each, Is)}
    for condition in whole.where.parts():
        if not isinstance(condition, Is):
            return False
        values = asked.get(condition.name, ())
        if not values or not all(
            any(value == wide or str(value).startswith(f"{wide}.") for wide in condition.allowed)
            for value in values
        ):
            return False
    return True
