"""What a report sets beside a figure. Nothing is stored: all is asked of `Query`.

| name                           | what it is                                                      |
|--------------------------------|-----------------------------------------------------------------|
| `previous`                     | the period before                                               |
| `last_year`                    | the same dates a year before                                    |
| `average`                      | a period on average of those before: 4 quarters, 12 months      |
| `year_to_date`                 | the financial year to then, beside the last one at the same day |
| `rolling_3`, `_6`, `_12`       | so many months to then, beside those of a year before           |
| `season`                       | whether there is one, and what its months usually are           |
| `as_last_year`                 | whether the same dates of last year lay as it does to the mean  |
| `trend`                        | whether it rises or falls over the years, its season apart      |
| `month_by_month`               | in how many months it rose, how many in a row: no test          |
| `drivers`                      | the areas and parts that moved it from the period before        |
| `share`, `share_change`        | as a share of its parent (`share_of`); beside the period before |
| `of_force`                     | of an area, as a share of the whole force's                     |
| `rate`                         | per 1,000 people or households                                  |
| `standing`                     | above, below or in line, by its chart or with the average       |
| `nation`, `similar`            | what is reported of the nation, of similar forces together      |
| `target`                       | the target of its own time, and whether it is met               |
| `rank`, `peers`                | its place among the areas of its kind, and among similar forces |
| `first_published`              | as it stood when its period closed, and what changed it when    |
| `expected`                     | what a month that is still being recorded is likely to come to  |
| `projection`                   | the third and sixth month to come, with intervals               |

A period that runs is compared by its days that are over, with as many; so is its place among
others. Changes and places are of what is known as a whole: a period of which the feed was heard in
part is no base, and an area or force of which it was has no place.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cached_property
from typing import Literal, NamedTuple

from msgspec import UNSET, Struct, UnsetType, structs

from streams.board.backlog import too_short
from streams.board.breaks import break_between
from streams.board.control import ControlPoint, chart
from streams.board.drivers import Drivers, drivers
from streams.board.month_by_month import MonthByMonth, month_by_month
from streams.board.outlook import Delays, Outlook, Young
from streams.board.projection import Projection, projection
from streams.board.query import Number, Observation, Query
from streams.board.revisions import FirstFigure, Revisions
from streams.board.season import Season, season_of
from streams.board.standing import (
    PERCENT,
    Standing,
    against,
    by_percent,
    of_count,
    shares_apart,
)
from streams.board.targets import JudgedTarget, goal
from streams.board.trend import Trend, trend
from streams.config.force import WHOLE
from streams.config.measures import Subject
from streams.errors import QueryError
from streams.periods import DAY
from streams.registry.indicator import Indicator, Per
from streams.registry.phrases import heard_in_part
from streams.stretches import Stretch

LEAST_BASE = 10
"""Cases; a change of fewer is given no per cent, unless that is asked for."""
NOT_YET = "not comparable yet"
"""How the reason begins of a period whose records are too young to be compared."""
_AS_MANY = {"month": 12, "day": 28, "hour": 24}
"""The periods that an average is taken over, by unit: those of a year, of four weeks, of a day."""


class Change(Struct, frozen=True, omit_defaults=True):
    """A value beside an earlier one, `base`. None is what is not known, or not as a whole.

    `change` is the difference: of shares, in percentage points over 100. `percent` is by how many
    per cent a count or a time changed; None on a base of nothing, and of few cases. Where
    the series breaks between them (`streams.board.breaks`), `reason` says so: across a changed
    boundary of the area there is neither, across a dated change both stand with the reason.
    Of what is open at the end of a period there is no base that records begin too late for
    (`streams.board.backlog`).

    Where figures rise as records grow older (outcomes so far), both are `at_age` of so many days
    after recording, the greatest that all records of both have reached; `reason` says why there is
    no such age yet, or why nothing is known at it."""

    period: str
    value: Number | None
    base_period: str
    base: Number | None
    change: Number | None
    percent: float | None
    at_age: int | None = None
    reason: str = ""


class Rate(Struct, frozen=True, omit_defaults=True):
    """A value per 1,000 of `base`, the people or households of the area. Without a value `reason`
    says why; `per` is None of what never has one: of what is no count, and of counts for which
    neither is declared."""

    value: float | None
    per: Per | None
    base: int | None
    reason: str = ""


Order = Literal["highest first", "lowest first"]


class Rank(Struct, frozen=True):
    """A place among several in an `order`: by rate where there is one. The lowest is first where
    less is better, else the highest, which says of what is neither good nor bad only that it is
    high; equal ones share a place. `left_out` are the ids of those that were not heard as a whole,
    or of whose people it is not known how many there are; `too_few` of those whose share or mean is
    of fewer than 20 cases: they have no place. Of shares, `level_with` are those that differ from
    it by no more than two shares of so many cases do by chance, at 5 % each."""

    rank: int | None
    of: int
    among: str
    order: Order
    left_out: list[str] = []
    too_few: list[str] = []
    level_with: list[str] = []


class _Ranked(NamedTuple):
    """A figure among others; the value is None of what is not known as a whole, and of what is of
    too few cases to have a place."""

    value: float | None
    figure: Observation

    @property
    def too_few(self) -> bool:
        """Whether it is of too few cases."""
        return self.figure.small


class AsLastYear(Struct, frozen=True):
    """Whether a value lies on the side of the average on which that of `last_year` lay, the average
    being that of the year before, which has the same dates in it. No test: of two sides by chance
    alone half agree."""

    word: Literal["as last year", "unlike last year"] | None
    value: Number | None
    last_year: Number | None
    average: Number | None


class Ranking:
    """The places of areas, and of the force among others, in an indicator and a stretch of time."""

    def __init__(
        self, query: Query, indicator: Indicator, stretch: Stretch, per: Per | None
    ) -> None:
        self.query, self.indicator = query, indicator
        self.stretch = stretch.until(query.at) or stretch
        self.per = per if query.unit(indicator) == "count" else None
        less = query.polarity(indicator) == "down_good"
        self.order: Order = "lowest first" if less else "highest first"
        self._by_kind: dict[str, dict[str, _Ranked]] = {}

    def of_area(self, area: str) -> Rank:
        """The place of an area among those of its kind."""
        areas = [each for each in self.query.force.areas if each is not None]
        found = areas[self.query.area(area) - 1]
        values = self._by_kind.get(found.kind)
        if values is None:
            alike = [each.id for each in areas if each.kind == found.kind]
            values = {each: self._value(self.query, each) for each in alike}
            self._by_kind[found.kind] = values
        kinds = f"{found.kind.replace('_', ' ')}{'es' if found.kind.endswith('s') else 's'}"
        return self._placed(found.id, values, kinds)

    def of_force(self) -> Rank | None:
        """The place of the force among the most similar ones that are here; None without any."""
        force, forces = self.query.force, self.query.monitor.forces
        here = [each for each in force.file.most_similar if each in forces and each != force.id]
        if not here:
            return None
        values = {force.id: self._value(self.query, WHOLE)}
        for each in here:
            values[each] = self._value(self.query.of(each), WHOLE)
        return self._placed(force.id, values, "most similar forces")

    def _value(self, query: Query, area: str) -> _Ranked:
        """What is ranked: the rate where there is one, else the value."""
        own = query is self.query
        found = query.figure(self.indicator, self.stretch if own else self.stretch.label, area)
        # Whoever reports a figure says of what it is; what is counted has to have been heard.
        heard = found.complete or self.indicator.reported is not None
        if not heard or found.value is None or found.small:
            return _Ranked(None, found)
        if self.per is None:
            return _Ranked(found.value, found)
        base = query.base(self.per, area, self.stretch)
        return _Ranked(None if base is None else found.value / base, found)

    def _placed(self, of: str, every: dict[str, _Ranked], among: str) -> Rank:
        """The place of one of several."""
        value = every[of].value
        known = sorted(each.value for each in every.values() if each.value is not None)
        without = [name for name, each in every.items() if each.value is None]
        too_few = [name for name in without if every[name].too_few]
        left_out = [name for name in without if name not in too_few]
        if value is None:
            return Rank(None, len(known), among, self.order, left_out, too_few)
        lowest = self.order == "lowest first"
        before = bisect_left(known, value) if lowest else len(known) - bisect_right(known, value)
        level = [
            name
            for name, each in every.items()
            if name != of
            and each.value is not None
            and self.query.unit(self.indicator) == "ratio"
            and shares_apart(every[of].figure, each.figure) is False
        ]
        return Rank(before + 1, len(known), among, self.order, left_out, too_few, level)


class Comparisons:
    """What an indicator in a stretch of time and an area is compared with. `number` is how many
    periods an average is taken over, `per` what the rate is of; `small_bases` asks for per cents of
    few cases too. `ranking` is that of its indicator and stretch, where it is at hand. Raises
    `QueryError` for what there is not."""

    def __init__(
        self,
        query: Query,
        indicator: str | Indicator,
        period: str | Stretch,
        area: str = WHOLE,
        *,
        number: int | None = None,
        per: Per | None = None,
        small_bases: bool = False,
        ranking: Ranking | None = None,
    ) -> None:
        self.query, self.indicator = query, query.indicator(indicator)
        self.stretch, self.area = query.stretch(period), query.areas()[query.area(area)]
        self.unit = query.unit(self.indicator)
        self.past = self.stretch.until(query.at)
        """The days of the stretch that are over; None where none is."""
        self._number, self._small = number, small_bases
        self._per = per or self.indicator.per
        self._ranking = ranking or Ranking(query, self.indicator, self.stretch, self._per)

    @cached_property
    def observation(self) -> Observation:
        """The figure itself."""
        return self._of(self.stretch)

    # -- other periods -----------------------------------------------------------------------------

    @cached_property
    def previous(self) -> Change:
        """The period before; of one that runs, its first days, as many as both have."""
        return self._change(*self._as_many)

    @property
    def _as_many(self) -> tuple[Stretch | None, Stretch]:
        """The days that are over, and as many of the period before."""
        now, before = self.past, self.stretch.previous
        if now is not None and now != self.stretch:
            now, before = now.first(before.days) or now, before.first(now.units) or before
        return now, before

    @cached_property
    def last_year(self) -> Change:
        """The same dates a year before."""
        return self._change(self.past, (self.past or self.stretch).last_year)

    @cached_property
    def average(self) -> Change:
        """A period on average of the `number` before it. A share or mean is that of all of these
        together. Of a period that runs there is none."""
        number = self._averaged
        before = self.stretch.all_before(number)
        base = self._base(before)
        if not self._adds_up:
            each = [self._base(one) for one in self.stretch.before(number)]
            known = [value for value in each if value is not None]
            base = sum(known) / number if len(known) == number else None
        elif self.unit == "count" and base is not None:
            base /= number
        past = self.stretch if self.past == self.stretch else None
        made = self._compared(past, f"average of {number}: {before.label}", base, before.start)
        return self._seen(made, past, self.stretch.before(number)[-1])

    @property
    def _averaged(self) -> int:
        """How many periods an average is taken over."""
        return self._number or max(1, _AS_MANY[self.stretch.unit] // self.stretch.units)

    @cached_property
    def year_to_date(self) -> Change:
        """The financial year to the end of it, beside the last one at the same day."""
        if self.past is None:
            return self._change(None, self.stretch.year_to_date.last_year)
        return self._change(self.past.year_to_date, self.past.year_to_date.last_year)

    @property
    def rolling_3(self) -> Change | None:
        """The three months that end with it, beside those of a year before; None where it ends
        within a month."""
        return self.rolling(3)

    @property
    def rolling_6(self) -> Change | None:
        """The six months."""
        return self.rolling(6)

    @property
    def rolling_12(self) -> Change | None:
        """The twelve months."""
        return self.rolling(12)

    def rolling(self, months: int) -> Change | None:
        """Any number of months."""
        rolling = self.stretch.rolling(months)
        return None if rolling is None else self._change(rolling, rolling.last_year)

    @property
    def as_last_year(self) -> AsLastYear:
        """Whether it lies on the side of the average on which last year's did."""
        value, average, last_year = self.average.value, self.average.base, self.last_year.base
        word: Literal["as last year", "unlike last year"] | None = None
        comparable = not (self.average.reason or self.last_year.reason)
        if comparable and value is not None and average is not None and last_year is not None:
            same = (value - average) * (last_year - average) > 0
            word = "as last year" if same else "unlike last year"
        return AsLastYear(word, value, last_year, average)

    @property
    def season(self) -> Season | None:
        """Whether a season can be seen, and what its months usually are; None of what is no part
        of a year in whole months."""
        of, average = self._comparable, self.average
        if of is None:
            return Season(False, reason=self._too_young(self.stretch.label))
        now = None
        if not average.reason and average.change is not None and average.base:
            now = average.change / average.base
        found = season_of(self.query, of, self.stretch, self.area, now)
        if found is None or not self.indicator.at_age:
            return found
        return structs.replace(found, at_age=of.settled_after)

    @property
    def trend(self) -> Trend:
        """Whether it rises or falls over whole years, its season apart."""
        of, label = self._comparable, self.stretch.label
        if of is None:
            return Trend(None, label, label, None, reason=self._too_young(label))
        found = trend(self.query, of, self.stretch, self.area)
        return structs.replace(found, at_age=of.settled_after) if self.indicator.at_age else found

    @property
    def month_by_month(self) -> MonthByMonth | None:
        """In how many of its months it rose, or of the twelve to its end; None where fewer than two
        are known."""
        of = self._comparable
        found = None if of is None else month_by_month(self.query, of, self.stretch, self.area)
        if of is None or found is None or not self.indicator.at_age:
            return found
        return structs.replace(found, at_age=of.settled_after)

    @property
    def projection(self) -> Projection | None:
        """The third and the sixth month to come; None of what is no count, share or mean of whole
        months."""
        of = self._comparable
        if of is None:
            return Projection(reason=self._too_young(self.stretch.label))
        return projection(self.query, of, self.stretch, self.area)

    @property
    def drivers(self) -> Drivers | None:
        """Which areas and parts moved it from the period before; None of what is no count."""
        now, before = self._as_many
        if now is None or (self.indicator.at_end is not None and self.previous.change is None):
            return None
        return drivers(self.query, self.indicator, now, before, self.area)

    # -- other figures -----------------------------------------------------------------------------

    @property
    def share(self) -> Observation | None:
        """As a share of its parent; None of what has none."""
        parent = self.indicator.share_of
        return self.share_of(parent) if parent else None

    def share_of(self, other: str | Indicator) -> Observation:
        """As a share of another count, of the same stretch and area: what of it is of the kinds of
        record that the other counts. Crimed incidents are no part of recorded crime."""
        if self.unit != "count" or self.query.unit(other) != "count":
            raise QueryError(f"{self.indicator.name} is no count that could be a share of another")
        part = self.query.figure(self.query.part_of(self.indicator, other), self.stretch, self.area)
        whole = self.query.figure(other, self.stretch, self.area)
        return share(part, whole)

    @property
    def share_change(self) -> Change | None:
        """Its share of its parent beside that in the period before; None of what has none."""
        if not self.indicator.share_of or self.unit != "count":
            return None
        now, before = self._as_many
        value, base = (
            None if each is None or not each.complete else each.value
            for each in (None if now is None else self._share_in(now), self._share_in(before))
        )
        change = None if value is None or base is None else value - base
        made = Change((now or self.stretch).label, value, before.label, base, change, None)
        parent = self.query.indicator(self.indicator.share_of)
        return self._across(self._across(made, before.start, parent), before.start, self.indicator)

    def _share_in(self, stretch: Stretch) -> Observation | None:
        return Comparisons(self.query, self.indicator, stretch, self.area).share

    @property
    def of_force(self) -> Observation | None:
        """A count of an area as a share of the force's, of the same time: where the area opened or
        closed in the stretch, of the days on which it was there. None of the force itself, and of
        what is no count."""
        if self.area == WHOLE or self.unit != "count":
            return None
        there = self.query.while_there(self.stretch, self.area)
        return share(self._of(there), self.query.figure(self.indicator, there))

    @cached_property
    def rate(self) -> Rate:
        """Per 1,000 people or households."""
        per = self._per
        if self.unit != "count":
            return Rate(None, None, None, "only a count has a rate")
        if per is None:
            return Rate(
                None, None, None, "no rate per 1,000 people or households is declared for it"
            )
        found, base = self.observation, self.query.base(per, self.area, self.stretch)
        if base is None:
            return Rate(None, per, None, f"the force's file has no {per} of {self.area}")
        if found.value is None:
            return Rate(None, per, base, found.reason)
        return Rate(found.value * 1000 / base, per, base)

    @property
    def a_month(self) -> float | None:
        """A count by month, on average of its months."""
        return self._each(self.stretch.units if self.stretch.unit == "month" else 0)

    @property
    def a_day(self) -> float | None:
        """A count by day, on average of its days."""
        return self._each(len(self.stretch.parts("day")))

    def _each(self, number: int) -> float | None:
        whole = self.unit == "count" and self._adds_up
        value = self._whole(self.stretch) if whole else None
        return None if value is None or not number else value / number

    # -- how it stands -----------------------------------------------------------------------------

    @cached_property
    def standing(self) -> Standing:
        """Above, below or in line: by the limits of the chart of its grain, where that judged it;
        else with the average of those before (`streams.board.standing`)."""
        if (point := self._charted) is not None:
            return Standing(point.flag or "in line", "chart")
        if self.young is not None:
            return Standing(None, f"provisional: {self.young.reason}")
        if self.average.reason:
            return Standing(None, self.average.reason)
        return self._to_average or Standing(None, PERCENT)

    @property
    def _to_average(self) -> Standing | None:
        """How it stands to the average of those before; None where one of them is not known."""
        value, base, of = self.average.value, self.average.base, self._comparable
        if value is None or base is None or of is None:
            return None
        if self.unit == "count":
            return of_count(value, base, self._averaged)
        if not self._adds_up:
            return by_percent(value, base)
        before = self.stretch.all_before(self._averaged)
        return against(self.query, of, self.stretch, before, self.area)

    @cached_property
    def young(self) -> Young | None:
        """Why it is provisional, where it is (`Delays.young`)."""
        place = self.query.area(self.area)
        return self.query.reader(Delays).young(self.indicator, self.stretch, place)

    @property
    def _charted(self) -> ControlPoint | None:
        """The point of a chart that was judged; None where there is none."""
        if self.stretch.grain is None or not self.observation.complete:
            return None
        try:
            made = chart(self.query, self.indicator, self.stretch.grain, self.stretch, self.area)
        except QueryError:  # it has no chart of this grain
            return None
        point = made.point(self.stretch.label)
        return None if point is None or point.centre is None else point

    @property
    def rank(self) -> Rank | None:
        """Among the areas of its kind; None of the force as a whole."""
        return None if self.area == WHOLE else self._ranking.of_area(self.area)

    @property
    def peers(self) -> Rank | None:
        """Of the force as a whole, among the most similar forces that its file names, as far as
        they are here; None of an area, and where none is."""
        return self._ranking.of_force() if self.area == WHOLE else None

    @property
    def nation(self) -> Change | None:
        """What is reported of the nation for the same time; None where nothing is declared."""
        return self._elsewhere("nation")

    @property
    def similar(self) -> Change | None:
        """What is reported of the most similar forces together."""
        return self._elsewhere("peer")

    def _elsewhere(self, subject: Subject) -> Change | None:
        other = self.query.beside(self.indicator, subject)
        if other is None:
            return None
        found = self.query.figure(other, self.stretch)
        base = found.value if found.complete else None
        of = f"{other.title}, {self.stretch.label}"
        return self._changed(self.stretch.label, self._whole(self.stretch), of, base)

    @cached_property
    def target(self) -> JudgedTarget | None:
        """The target of its own time, and whether it is met; None without one."""
        found = goal(self.query, self.indicator, self.stretch, self.area)
        if found is None:
            return None
        if found.of == "change":
            change = self.year_to_date
            percent = None
            if change.change is not None and not change.reason:
                percent = percent_change(change.value or 0, change.base or 0)
            reached = None if percent is None else percent / 100
        else:
            # Whoever reports a figure says of what it is; what is counted has to be over.
            reported = self.indicator.reported is not None
            reached = self.observation.value if reported else self._whole(self.stretch)
        return JudgedTarget(found, reached, found.met(reached), found.band(reached))

    @property
    def _adds_up(self) -> bool:
        """Whether a figure of several periods is the sum of theirs: not of people, of whom each is
        counted once, nor of what holds at a moment."""
        reported = self.indicator.reported
        at_a_moment = reported is not None and reported.at_a_moment
        at_a_moment = at_a_moment or self.indicator.at_end is not None
        return self.indicator.repeats is None and not at_a_moment

    # -- how it came to be so ----------------------------------------------------------------------

    @cached_property
    def first_published(self) -> FirstFigure | None:
        """As it stood when its period closed, and what changed it on which days; None where that is
        not known (`Revisions.of`)."""
        place = self.query.area(self.area)
        return self.query.reader(Revisions).of(self.indicator, self.stretch, place)

    @cached_property
    def expected(self) -> Outlook | None:
        """What a month's count is expected to come to; None where the delay of recording is not
        known (`Delays.outlook`)."""
        place = self.query.area(self.area)
        return self.query.reader(Delays).outlook(self.indicator, self.stretch, place)

    # -- arithmetic --------------------------------------------------------------------------------

    @cached_property
    def _comparable(self) -> Indicator | None:
        """The indicator by which periods are compared: itself, or at the greatest age that all
        records of the days that are over have reached; None where they are too young for any."""
        if not self.indicator.at_age:
            return self.indicator
        for each in map(self.query.indicator, self.indicator.at_age):
            if self._settled(each) <= self.query.at:
                return each
        return None

    def _settled(self, indicator: Indicator) -> int:
        """When the days that are over are settled, in ms."""
        return (self.past or self.stretch).end + indicator.settled_after * DAY

    def _too_young(self, period: str) -> str:
        """Why a period can't be compared yet with others, of unequal age."""
        youngest = self.query.indicator(self.indicator.at_age[-1])
        ready = self.query.calendar.local(self._settled(youngest)).date()
        age = f"{youngest.settled_after} days old"
        return f"{NOT_YET}: all of {period} is {age} on {ready}"

    def _of(self, stretch: Stretch) -> Observation:
        return self.query.figure(self.indicator, stretch, self.area)

    def _across(self, change: Change, since: int, of: Indicator) -> Change:
        """A change on a base that begins then, with the reason where a series breaks after it."""
        broken = break_between(self.query, of, self.area, since, self.stretch.end)
        if broken is None:
            return change
        if broken.of_area:
            change = structs.replace(change, change=None, percent=None)
        return structs.replace(change, reason=broken.reason)

    def _whole(self, stretch: Stretch | None) -> float | None:
        """The value of a stretch that is known as a whole."""
        return None if stretch is None else _if_whole(self._of(stretch))

    def _base(self, stretch: Stretch | None) -> float | None:
        """The same as it is compared with others."""
        if stretch is None or self._comparable is None:
            return None
        return _if_whole(self.query.figure(self._comparable, stretch, self.area))

    def _change(self, now: Stretch | None, before: Stretch) -> Change:
        made = self._compared(now, before.label, self._base(before), before.start)
        if made.change is None and not made.reason:
            return structs.replace(made, reason=self._why_not(now, before))
        return self._seen(made, now, before)

    def _seen(self, change: Change, now: Stretch | None, before: Stretch) -> Change:
        """A change, taken back where records begin too late to know what was open then."""
        if self.indicator.at_end is None or now is None or change.change is None:
            return change
        reason = too_short(self.query, self.indicator, self.area, now, before)
        if not reason:
            return change
        return structs.replace(change, base=None, change=None, percent=None, reason=reason)

    def _why_not(self, *stretches: Stretch | None) -> str:
        """Why one of some stretches is not known, or not as a whole: the feed does not carry it, or
        was not heard."""
        for stretch in filter(None, stretches):
            found = self._of(stretch)
            if found.reason:
                return found.reason
            if found.heard is not None:
                return heard_in_part(found.heard, stretch.label)
        return ""

    def _compared(
        self, now: Stretch | None, base_period: str, base: float | None, since: int
    ) -> Change:
        """`since` is when the base begins."""
        return self._across(self._aged(now, base_period, base), since, self.indicator)

    def _aged(self, now: Stretch | None, base_period: str, base: float | None) -> Change:
        """A change, at equal age where that matters."""
        value, period = self._base(now), (now or self.stretch).label
        if not self.indicator.at_age:
            return self._changed(period, value, base_period, base)
        of = self._comparable
        if of is None:
            reason = self._too_young(period)
            return Change(period, None, base_period, None, None, None, reason=reason)
        change = self._changed(period, value, base_period, base)
        reason = "" if now is None else self.query.figure(of, now, self.area).reason
        return structs.replace(change, at_age=of.settled_after, reason=reason)

    def _changed(
        self, period: str, value: float | None, base_period: str, base: float | None
    ) -> Change:
        if value is None or base is None:
            return Change(period, value, base_period, base, None, None)
        few = self.unit == "count" and base < LEAST_BASE and not self._small
        percent = None if self.unit == "ratio" or few else percent_change(value, base)
        return Change(period, value, base_period, base, value - base, percent)


def _if_whole(found: Observation) -> float | None:
    """The value of what is known as a whole."""
    return found.value if found.complete else None


def share(part: Observation, whole: Observation) -> Observation:
    """One count as a share of another."""
    if part.value is None or whole.value is None:
        reason = part.reason or whole.reason
        return Observation(None, known=False, complete=False, reason=reason)
    value = part.value / whole.value if whole.value else None
    complete = part.complete and whole.complete
    return Observation(value, part.value, int(whole.value), complete=complete)


def percent_change(value: float, base: float) -> float | None:
    """By how many per cent a value is above a base; None on a base of nothing, since that is no
    number."""
    return (value - base) * 100 / abs(base) if base else None


Compared = (
    Change
    | Observation
    | Rate
    | Standing
    | Season
    | AsLastYear
    | Trend
    | MonthByMonth
    | Drivers
    | Rank
    | JudgedTarget
    | FirstFigure
    | Outlook
    | Projection
)


class Beside(Struct, frozen=True, omit_defaults=True):
    """The comparisons of a figure that were asked for; None where one can't be made of it."""

    previous: Change | UnsetType = UNSET
    last_year: Change | UnsetType = UNSET
    average: Change | UnsetType = UNSET
    year_to_date: Change | UnsetType = UNSET
    rolling_3: Change | UnsetType | None = UNSET
    rolling_6: Change | UnsetType | None = UNSET
    rolling_12: Change | UnsetType | None = UNSET
    season: Season | UnsetType | None = UNSET
    as_last_year: AsLastYear | UnsetType = UNSET
    trend: Trend | UnsetType = UNSET
    month_by_month: MonthByMonth | UnsetType | None = UNSET
    drivers: Drivers | UnsetType | None = UNSET
    share: Observation | UnsetType | None = UNSET
    share_change: Change | UnsetType | None = UNSET
    of_force: Observation | UnsetType | None = UNSET
    rate: Rate | UnsetType = UNSET
    standing: Standing | UnsetType = UNSET
    rank: Rank | UnsetType | None = UNSET
    peers: Rank | UnsetType | None = UNSET
    nation: Change | UnsetType | None = UNSET
    similar: Change | UnsetType | None = UNSET
    target: JudgedTarget | UnsetType | None = UNSET
    first_published: FirstFigure | UnsetType | None = UNSET
    expected: Outlook | UnsetType | None = UNSET
    projection: Projection | UnsetType | None = UNSET

    @classmethod
    def of(cls, comparisons: Comparisons, names: Iterable[str]) -> Beside:
        """Those of some names (`COMPARISONS`)."""
        return cls(**{name: getattr(comparisons, name) for name in names})


COMPARISONS = Beside.__struct_fields__
"""The names of all of them."""
