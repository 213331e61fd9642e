"""Any indicator of a force, for any stretch of time and any area.

A figure is what its records count, and nothing else: what is not known is None, and 0 stands only
where it was counted. Not known is what lies before the first day of the feed or after its last,
within a span in which it was not heard, or in a part of a day or month to which records are known
only as a whole; a counter that was not counted then; an offence or category that the force does not
list, since such records count under another; and what totals leave open.

Shares and means are made of their parts once these are added up, over periods, areas and all that
an indicator is made of; they are never averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace as with_changes
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from detectors.durations.welch import Sample
from detectors.shares.interval import wilson
from streams.board.area_sums import AreaSums
from streams.board.columns import Numbers
from streams.board.monitor import Monitor
from streams.board.reported import Measured
from streams.board.totals import Used
from streams.config.force import WHOLE
from streams.config.measures import FigureUnit, Polarity, Subject
from streams.errors import DeclarationError, QueryError
from streams.fold.gaps import CUT, first_record
from streams.fold.ledger import Ledger
from streams.fold.panes import Panes, Parts
from streams.fold.totals import MEASURE
from streams.periods import DAY, MINUTE, Calendar, Grain, Period, Span, rfc3339
from streams.registry.aggregates import SMALL, Count, Mean, Quantile, Share
from streams.registry.carried import MANY
from streams.registry.conditions import ALWAYS, Condition
from streams.registry.dimensions import Choice
from streams.registry.indicator import AtEnd, Indicator, Part, Per
from streams.registry.indicators.readings import own_indicators
from streams.registry.measures import (
    ChosenShare,
    Gauge,
    Group,
    Measure,
)
from streams.registry.phrases import (
    known_between,
    names_nobody,
    no_longer_carried,
    none_came,
    not_carried,
    not_told_apart,
    too_coarse,
    was_not_heard,
)
from streams.registry.repeats import RepeatRule
from streams.registry.reported import ReportedRule
from streams.stretches import Stretch, months_before

R = TypeVar("R")
Number = int | float
"""A count stays whole when it is written and read again."""
AreaValues = NDArray[np.float64] | Numbers
Known = NDArray[np.bool_]

NEAREST = 3
"""Names that are proposed for one that there is not."""
MONTHS_APART = 62 * DAY
"""In ms; a longer stretch is read month by month, so that what was read of each serves others."""


class Observation(Struct, frozen=True, omit_defaults=True):
    """The value of an indicator in a stretch of time and an area.

    `value` is a count, seconds, or a share of 0 to 1. Of a share `numerator` and `denominator` are
    its parts; of a mean, the sum of the durations in seconds and how many there are; of a median or
    another quantile only how many. A share or mean of nothing is None though it is `known`.
    `complete`: the stretch is over, and all of it was heard; `small`: a share or mean of few cases.
    """

    value: Number | None
    numerator: Number | None = None
    denominator: int | None = None
    known: bool = True
    complete: bool = True
    small: bool = False
    reason: str = ""
    """Why it is not known."""
    low: float | None = None
    """Of a reported share with its parts, the 95 % confidence interval (Wilson)."""
    high: float | None = None
    heard: float | None = None
    """How much of it the feed was heard in, of what is over; None where that is all of it, but for
    less than a day and less than a 24th."""


UNKNOWN = Observation(None, known=False, complete=False)
UNREPORTED = replace(UNKNOWN, reason="it was not reported, or not as a whole")


Reported = tuple[Indicator, Stretch, dict[str, Observation]]
"""An indicator that another system reports, a period, and its figures by area."""


class Heard(NamedTuple):
    """Of a stretch, whether anything in it is known of a feed, and whether all of it is."""

    known: bool
    complete: bool
    reason: str = ""
    """Why nothing is known."""
    share: float | None = None
    """How much of it was heard (`Observation.heard`)."""


def _unheard(reason: str) -> Heard:
    return Heard(False, False, reason)


NOT_THERE = "the area was not there"
NOT_LISTED = "the force does not list what it counts"
NOT_COUNTED = "it was not counted then"
PEOPLE_LEFT = "the people of its records are no longer kept"
STILL_TO_COME = "it is still to come"
TOTALS_LEAVE_OPEN = "totals of calls leave it open"


class IndicatorFigures(NamedTuple):
    """An indicator in one stretch, by area. Of a count `tops` alone; of a quantile `tops` are the
    values and `bottoms` how many durations there are."""

    tops: AreaValues
    bottoms: Numbers | None
    quantile: bool
    known: Known
    complete: bool
    reason: str = ""
    """Why it is not known in the areas where it is not."""
    heard: float | None = None
    """How much of it was heard (`Observation.heard`)."""

    def at(self, area: int) -> Observation:
        """The observation of an area."""
        if not self.known[area]:
            return replace(UNKNOWN, reason=self.reason) if self.reason else UNKNOWN
        found = self._known_at(area)
        return found if self.heard is None else replace(found, heard=self.heard)

    def _known_at(self, area: int) -> Observation:
        top = _plain(self.tops[area])
        if self.bottoms is None:
            return Observation(top, complete=self.complete)
        bottom = int(self.bottoms[area])
        small = 0 < bottom < SMALL
        if self.quantile:
            value = top if bottom else None
            return Observation(value, None, bottom, complete=self.complete, small=small)
        value = top / bottom if bottom else None
        return Observation(value, top, bottom, complete=self.complete, small=small)


Lock = AbstractContextManager[object]


class ReportedFigures(NamedTuple):
    """An indicator that another system reports, in one stretch; None where nothing of it can be
    known."""

    measured: Measured | None
    stretch: Stretch | None
    ended: bool
    lock: Lock

    def at(self, area: int) -> Observation:
        """The observation of an area."""
        if self.measured is None or self.stretch is None:
            return UNREPORTED
        with self.lock:
            found = self.measured.amount(area, self.stretch)
        if found is None:
            return UNREPORTED
        top, bottom = found
        if bottom is None:
            return Observation(_whole(top), complete=self.ended)
        value = top / bottom if bottom else None
        made = Observation(
            value,
            _whole(top),
            round(bottom),
            complete=self.ended,
            small=0 < bottom < SMALL,
        )
        if self.measured.rule.unit == "ratio" and 0 <= top <= bottom and bottom:
            low, high = wilson(top, bottom)
            made = replace(made, low=low, high=high)
        return made


class Query:
    """What is asked of the figures of one force as of an instant, in ms. Indicators are named as
    `Registry.indicator` takes them, stretches as `streams.stretches`, areas by id, name or alias;
    raises `QueryError` for what there is not.

    Without `at` it is the clock of the views, or the last record where that was never set, and all
    that is counted counts. Of a period that holds an `at` which is given there counts what had
    happened then: up to the end of its minute, as on a board. Hours are kept for 13 months and
    their minutes for 48 hours; where `at` lies within a finer one a `QueryError` says so.

    Of a monitor that is being fed, `lock` keeps the fold from going on. It is held while one figure
    is read, and of a long stretch one month of it at a time, so that nobody waits for the rest: who
    holds it for longer has no need of it here.
    """

    def __init__(
        self, monitor: Monitor, force_id: str, at: int | None = None, lock: Lock | None = None
    ) -> None:
        self.monitor, self.force = monitor, monitor.forces[force_id]
        self.registry = monitor.registry
        self.calendar = Calendar(self.force.zone)
        self._as_of, self._given = at, lock
        self.lock: Lock = nullcontext() if lock is None else lock
        with self.lock:
            self.at = (monitor.now or _last(monitor, force_id)) if at is None else at
            self._beside = monitor.beside(self.force)
            self._reports = monitor.reports(force_id)
        self._own = own_indicators(self.force)
        self._named: dict[str, Indicator] = dict(self._own)
        self._parts: dict[tuple[str, str], Indicator] = {}
        """By the names of two, what of the first can be a share of the second."""
        self._places: dict[str, int] = {}
        self._areas = WHOLE, *(area.id for area in self.force.areas if area is not None)
        self._figures: dict[tuple[int, int, int], tuple[Indicator, IndicatorFigures]] = {}
        """By the identity of an indicator, start and end: it is asked for by the same again and
        again, and to compare all that it is made of would take longer than the answer."""
        self._spans: dict[tuple[str, Grain], Span | None] = {}
        self._readers: dict[Any, Any] = {}
        """What reads it and keeps what it has made, by its class, as long as the query is kept."""

    def of(self, force_id: str) -> Query:
        """The same of another force."""
        return Query(self.monitor, force_id, self._as_of, self._given)

    # -- names -------------------------------------------------------------------------------------

    def indicator(self, name: str | Indicator) -> Indicator:
        """An indicator by its name, its address or its title."""
        if isinstance(name, Indicator):
            return name
        found = self._named.get(name)
        if found is None:
            titled = name if name in self.registry.indicators else self._titles.get(name.casefold())
            try:
                found = self.registry.indicator(titled or name, self._own)
            except DeclarationError as error:
                raise QueryError(str(error)) from None
            if found.name not in self.registry.indicators:
                self._check_values(found)
            self._named[name] = found
        return found

    @cached_property
    def _titles(self) -> dict[str, str]:
        return self.registry.titles(self._own)

    def _check_values(self, indicator: Indicator) -> None:
        """Raises `QueryError` where an address has a value that the force does not."""
        with self.lock:
            for part, group, _ in self.registry.measures_of(indicator):
                for dimension, value, known in self._sums(group).unlisted(part.where):
                    hint = nearest(value, known)
                    raise QueryError(f'"{value}" is no {dimension.name} of {self.force.name}{hint}')

    def part_of(self, indicator: Indicator, whole: str | Indicator) -> Indicator:
        """What of an indicator can be a share of another one."""
        found = self._parts.get((indicator.name, self.indicator(whole).name))
        if found is None:
            whole = self.indicator(whole)
            found = self.registry.shared_part(indicator, whole)
            self._parts[indicator.name, whole.name] = found
        return found

    def indicators(self) -> list[str]:
        """The names of all that have an entry; the force's own readings last."""
        return list(dict.fromkeys((*self.registry.indicators, *self._own)))

    def stretch(self, text: str | Stretch) -> Stretch:
        """A stretch of time as it is written."""
        try:
            return text if isinstance(text, Stretch) else Stretch.parse(self.calendar, text)
        except ValueError as error:
            raise QueryError(str(error)) from None

    def area(self, name: str) -> int:
        """An area by id, name or alias, as its index; 0 for the force as a whole, which goes by
        "force", its own id and its name."""
        found = self._places.get(name)
        if found is None:
            found = self._places[name] = self._area(name)
        return found

    def _area(self, name: str) -> int:
        if name in ("", WHOLE) or name.casefold() in (self.force.id, self.force.name.casefold()):
            return 0
        try:
            return self.force.find_area(name)
        except KeyError:
            known = [each for area in self.force.areas if area for each in (area.id, area.name)]
            hint = nearest(name, known)
            raise QueryError(f'"{name}" is no area of {self.force.name}{hint}') from None

    def areas(self) -> tuple[str, ...]:
        """The ids of all areas by index, that of the force as a whole first."""
        return self._areas

    def unit(self, indicator: str | Indicator) -> FigureUnit:
        """What its figures are."""
        return self.registry.unit_of(self.indicator(indicator))

    def polarity(self, indicator: str | Indicator) -> Polarity:
        """Which direction is good."""
        return self.registry.polarity_of(self.indicator(indicator))

    def base(self, per: Per, area: str = WHOLE, stretch: Stretch | None = None) -> int | None:
        """How many people or households there are in an area in the year in which a stretch ends,
        by default now; None where the force's file does not say it."""
        at = self.at if stretch is None else stretch.end - 1
        return self.force.residents(per, self.area(area), self.calendar.local(at).year)

    def since(self, indicator: str | Indicator) -> int | None:
        """The start of the first day of which anything is known of all that an indicator is made
        of; None while nothing is."""
        found, asked = [], self.indicator(indicator)
        with self.lock:
            if asked.reported is not None:
                reports = self._reports
                return None if reports is None else reports.measured(asked.reported).first
            for kind in self.registry.kinds_of(asked):
                ledger = self.monitor.ledger(kind, self.force.id)
                span = None if ledger is None else self._span(ledger, "day")
                if span is not None:
                    found.append(span[0])
        return min(found, default=None)

    def beside(self, indicator: Indicator, subject: Subject) -> Indicator | None:
        """What is reported of the nation, or of peers, to stand beside an indicator; None where
        that is not declared."""
        return self._stands_beside.get((subject, indicator.name))

    @cached_property
    def _stands_beside(self) -> dict[tuple[Subject, str], Indicator]:
        """By subject, and the indicator that they stand beside, what is reported of others."""
        found = map(self.indicator, self.indicators())
        return {
            (of.reported.subject, of.reported.of): of for of in found if of.reported is not None
        }

    def latest_readings(self) -> list[Reported]:
        """What is reported under the names of indicators: of each the last period, and the figures
        of it that are known, by area."""
        found = ((indicator, of.last) for indicator, of in self._with_readings())
        return [self._known_of(each, last) for each, last in found if last is not None]

    def reading_history(self, start: int, end: int) -> Iterator[Reported]:
        """The same of every period that ends after one instant and not after another, in ms."""
        for indicator, of in self._with_readings():
            for ends in sorted(of.periods):
                if start < ends <= end:
                    yield self._known_of(indicator, of.periods[ends])

    def _with_readings(self) -> Iterator[tuple[Indicator, Measured]]:
        """The indicators that there are readings of."""
        names = () if self._reports is None else self._reports.measures()
        declared = {**self.registry.indicators, **self._own}
        for indicator in filter(None, map(declared.get, names)):
            if self._reports is not None and indicator.reported is not None:
                yield indicator, self._reports.measured(indicator.reported)

    def _known_of(self, indicator: Indicator, stretch: Stretch) -> Reported:
        known = {a: o for a, o in self.by_area(indicator, stretch).items() if o.known}
        return indicator, stretch, known

    def reader(self, of: Callable[[Query], R]) -> R:
        """The one reader of a class."""
        if of not in self._readers:
            self._readers[of] = of(self)
        reader: R = self._readers[of]
        return reader

    # -- figures -----------------------------------------------------------------------------------

    def figure(
        self, indicator: str | Indicator, period: str | Stretch, area: str = WHOLE
    ) -> Observation:
        """An indicator in a stretch of time and an area."""
        place = self.area(area)
        return self.figures(self.indicator(indicator), self.stretch(period)).at(place)

    def by_area(self, indicator: str | Indicator, period: str | Stretch) -> dict[str, Observation]:
        """An indicator in a stretch of time in each area, by id; the force's first."""
        figures = self.figures(self.indicator(indicator), self.stretch(period))
        return {name: figures.at(place) for place, name in enumerate(self.areas())}

    def values(
        self, indicator: str | Indicator, periods: Iterable[str | Stretch], area: str = WHOLE
    ) -> list[Observation]:
        """An indicator in each of some stretches of time, in their order."""
        found, place = self.indicator(indicator), self.area(area)
        return [self.figures(found, self.stretch(each)).at(place) for each in periods]

    def counts(self, indicator: Indicator, stretch: Stretch) -> list[Number] | None:
        """How many records each area counts, by its index, whatever is known of it: areas add up by
        these. None of what does not add up: of people, and of what is reported."""
        found = self.figures(indicator, stretch)
        people = indicator.repeats is not None
        if people or not isinstance(found, IndicatorFigures) or found.bottoms is not None:
            return None
        return [_plain(each) for each in found.tops]

    def sample(self, indicator: Indicator, stretch: Stretch, area: str) -> Sample | None:
        """How many durations a mean is of, the mean in seconds, and how they scatter, within 2 %;
        None of what is no mean of records, of fewer than two, and where totals without single
        durations are a part of it."""
        found = self.figure(indicator, stretch, area)
        if indicator.reported is not None or found.value is None or found.denominator is None:
            return None
        number, together, squares = 0, 0.0, 0.0
        for part, group, measure in self.registry.measures_of(indicator):
            value, ledger = self.value_of(measure), self.monitor.ledger(group.kind, self.force.id)
            if not isinstance(value, Mean) or ledger is None:
                return None
            with self.lock:
                panes = ledger.panes_by(self._clock(group))
                parts = _parts_of(panes, self._until_then(stretch, ledger, panes))
                more = self._sums(group).spread(
                    parts, group.where & part.where, value.timing, self.area(area)
                )
            number, together, squares = number + more[0], together + more[1], squares + more[2]
        if number < 2 or number != found.denominator:
            return None
        return Sample.of_sums(number, together, squares)._replace(mean=float(found.value))

    def series(
        self, indicator: str | Indicator, grain: Grain, within: str | Stretch, area: str = WHOLE
    ) -> list[tuple[Stretch, Observation]]:
        """An indicator in each of the periods of a grain that lie within a stretch, in order."""
        periods = self.stretch(within).parts(grain)
        stretches = [Stretch.of(self.calendar, period) for period in periods]
        return list(zip(stretches, self.values(indicator, stretches, area), strict=True))

    def figures(self, indicator: Indicator, stretch: Stretch) -> IndicatorFigures | ReportedFigures:
        """An indicator in a stretch of time by area."""
        if indicator.reported is not None:
            return self._reported(indicator.reported, stretch)
        place = id(indicator), stretch.start, stretch.end
        held = self._figures.get(place)
        if held is None:
            for month in _months_of(stretch) if self._given else ():
                # What is made of it is kept for the whole.
                self.figures(indicator, Stretch.of(self.calendar, month))
            with self.lock:
                held = self._figures[place] = indicator, self._read(indicator, stretch)
        return held[1]

    def _reported(self, rule: ReportedRule, stretch: Stretch) -> ReportedFigures:
        reports, ended = self._reports, stretch.end <= self.at
        if reports is None:
            return ReportedFigures(None, stretch, ended, self.lock)
        with self.lock:
            measured = reports.measured(rule)
            cut = not ended and self._cuts(reports.readings.watermark)
        asked = stretch.until(self.at) if cut else stretch
        return ReportedFigures(measured, asked, ended, self.lock)

    def _read(self, indicator: Indicator, stretch: Stretch) -> IndicatorFigures:
        if indicator.repeats is not None:
            return self._people(indicator.repeats, stretch)
        parts = self.registry.measures_of(indicator)
        if indicator.at_end is not None:
            return self._at_end(*parts[0], indicator.at_end, stretch)
        found = _added([self._part(*each, stretch) for each in parts])
        if stretch.end + indicator.settled_after * DAY > self.at:
            return found._replace(complete=False)
        return found

    def _at_end(
        self, part: Part, group: Group, measure: Measure, at_end: AtEnd, stretch: Stretch
    ) -> IndicatorFigures:
        """What was open at the end of a stretch, by area. It is complete where the feed was heard,
        and carried what it rests on, in all of the year before."""
        ledger = self.monitor.ledger(group.kind, self.force.id)
        span = None if ledger is None else self._span(ledger, "day")
        if (
            ledger is None
            or span is None
            or not (span[0] < stretch.end and stretch.start < self._heard_until)
        ):
            return self._part(part, group, measure, stretch)
        panes, ended = ledger.panes_by(self._clock(group)), stretch.end <= self.at
        end = self._until_then(stretch, ledger, panes).end
        before = with_changes(stretch, grain=None, form="range", start=span[0], end=end)
        found = self._part(part, group, measure, before)
        tops, known = found.tops, found.known
        if end < span[1]:
            since = with_changes(stretch, grain=None, form="range", start=end, end=span[1])
            for each, sign in ((at_end.closed, 1), (at_end.closed_new, -1)):
                of, counted = self.registry.require(
                    "what is open at the end", each.group, each.measure
                )
                where = with_changes(each, where=each.where & part.where)
                tops = tops + sign * self._part(where, of, counted, since).tops
                known = known & (not ledger.panes_by(self._clock(of)).covered(end, span[1]))
        year = with_changes(before, start=months_before(self.calendar, end, 12))
        heard = self._heard(ledger, panes, year, empty=False)
        needs = self.value_of(measure).needs
        begun = ledger.packer.carried.begun(self._clock(group), needs)
        complete = ended and heard.complete and begun <= year.start
        return IndicatorFigures(tops, None, False, known, complete, found.reason)

    def _part(
        self, part: Part, group: Group, measure: Measure, stretch: Stretch
    ) -> IndicatorFigures:
        """One part of an indicator in a stretch of time by area."""
        value, size = self.value_of(measure), len(self.force.areas)
        ledger = self.monitor.ledger(group.kind, self.force.id)
        if ledger is None:
            nothing = np.zeros(size, np.int64)
            reason = none_came(self.registry.kinds[group.kind].feed)
            return IndicatorFigures(nothing, None, False, np.zeros(size, np.bool_), False, reason)
        panes, where = ledger.panes_by(self._clock(group)), group.where & part.where
        ended = stretch.end <= self.at
        stretch = self._until_then(stretch, ledger, panes)
        parts, sums = _parts_of(panes, stretch), self._sums(group)
        counts = sums.counts(parts, where, sorted(value.needs))
        counters = dict(zip(sorted(value.needs), counts, strict=True))
        empty = not any(each.kept or each.fresh for each in parts)
        heard = self._heard(ledger, panes, stretch, empty=empty)
        stopped = self.monitor.stopped(ledger, self.force.id)
        unknown = stopped.unknown_in(group.clock, stretch.start, stretch.end)
        if heard.known and not sums.counts_any(where):
            heard = _unheard(NOT_LISTED)
        elif heard.known and not value.needs.isdisjoint(unknown):
            lacking = self._not_carried(ledger, group, value.needs, stretch)
            heard = _unheard(lacking or NOT_COUNTED)
        elif heard.known and (coarse := self._untold(ledger, group, parts, where)):
            heard = _unheard(coarse)
        elif heard.complete and self._in_part(ledger, panes, group, value.needs, stretch):
            heard = heard._replace(complete=False)
        known, reason = np.full(size, heard.known), heard.reason
        if self._beside is not None and group.name == MEASURE:
            lines = sums.holds(where, _lines(len(self.force.lines)))
            used = self._beside.used(stretch.start, stretch.end, _counted(panes, stretch))
            known, heard = self._with_totals(used, lines, counters, heard)
            reason = reason or ("" if known.all() else TOTALS_LEAVE_OPEN)
        complete = ended and heard.complete
        if self.force.area_dates:
            there = self._there(stretch)
            reason = reason or (NOT_THERE if known.any() and not there.all() else "")
            known = known & there
        if isinstance(value, Quantile):
            together = counters[value.timing] / 1000
            tops, bottoms = sums.quantiles(parts, where, value, together)
            return IndicatorFigures(tops, bottoms, True, known, complete, reason, heard.share)
        made = made_of(value, counters)
        return IndicatorFigures(*made, False, known, complete, reason, heard.share)

    def _there(self, stretch: Stretch) -> Known:
        """Which areas were there at any time of a stretch."""
        force = self.force
        found = np.ones(len(force.areas), np.bool_)
        for index, area in enumerate(force.areas):
            if area is not None:
                found[index] = force.is_there(area, stretch.start, stretch.end)
        return found

    def while_there(self, stretch: Stretch, area: str) -> Stretch:
        """The part of a stretch in which an area was there; all of it of one that was there at no
        time of it, or always."""
        found = self.force.areas[self.area(area)]
        if found is None:
            return stretch
        opened = stretch.start if found.opened is None else self.force.instant(found.opened)
        ended = self.force.end_of(found)
        start = max(stretch.start, opened)
        end = stretch.end if ended is None else min(stretch.end, ended)
        if not start < end or (start, end) == (stretch.start, stretch.end):
            return stretch
        return with_changes(stretch, grain=None, form="range", start=start, end=end)

    def _clock(self, group: Group) -> int:
        return self.registry.kinds[group.kind].clocks.index(group.clock)

    def _sums(self, group: Group) -> AreaSums:
        return self.monitor.area_sums(self.force.id, group.kind, self._clock(group))

    def _people(self, rule: RepeatRule, stretch: Stretch) -> IndicatorFigures:
        """How many people there are by a rule in a stretch of time by area."""
        repeats = self.monitor.repeats(self.force.id, rule.kind)
        if repeats is None:
            size = len(self.force.areas)
            nothing = np.zeros(size, np.int64)
            reason = none_came(self.registry.kinds[rule.kind].feed)
            return IndicatorFigures(nothing, None, False, np.zeros(size, np.bool_), False, reason)
        ledger, ended = repeats.ledger, stretch.end <= self.at
        stretch = self._until_then(stretch, ledger, ledger.panes)
        counted = repeats.count(rule, stretch)
        heard = self._heard(ledger, ledger.panes, stretch, empty=False)
        stopped, fields = self.monitor.stopped(ledger, self.force.id), repeats.fields(rule)
        reason = heard.reason or self._why_not(ledger, fields, stretch)
        if not counted.known:
            named = names_nobody(ledger.kind.feed, repeats.named_in(rule))
            reason = reason or (PEOPLE_LEFT if ledger.links else named)
        known = np.full(len(self.force.areas), counted.known and heard.known and not reason)
        cut = stopped.cut(fields, repeats.reach(rule, stretch.start), stretch.end)
        complete = ended and counted.complete and heard.complete and not cut
        return IndicatorFigures(counted.people, None, False, known, complete, reason, heard.share)

    def value_of(self, measure: Measure) -> Count | Share | Mean | Quantile:
        """How a measure is read of counters; raises `QueryError` for one that holds at a moment."""
        if isinstance(measure.value, ChosenShare):
            return measure.value.share(self.force.file)
        if isinstance(measure.value, Gauge):  # no indicator has one
            raise QueryError(f"{measure.title} holds at a moment, and is no figure of a period")
        return measure.value

    def _cuts(self, watermark: int) -> bool:
        """Whether there may be anything that came after what is asked for."""
        return self._as_of is not None and self._as_of < watermark

    def _until_then(self, stretch: Stretch, ledger: Ledger, panes: Panes) -> Stretch:
        """What there is of a stretch as of the instant that is asked for; all of it where nothing
        came after that. Raises `QueryError` where panes so fine are not kept."""
        end = -(-self.at // MINUTE) * MINUTE
        if not stretch.start < end < stretch.end or not self._cuts(ledger.watermark):
            return stretch
        if not panes.keeps(end, end):
            grain: Grain = "hour" if end >= panes.days_before else "day"
            edges = self.calendar.start(grain, end), self.calendar.end(grain, end)
            before, after = (rfc3339(edge, self.force.zone)[:16] for edge in edges)
            raise QueryError(
                f"{ledger.kind.feed} of {before} are kept by the {grain}: ask as of {before} or "
                f"{after}, not {rfc3339(self.at, self.force.zone)}"
            )
        return with_changes(stretch, grain=None, form="range", end=end)

    # -- what is known -----------------------------------------------------------------------------

    def begins(self) -> int | None:
        """The start of the first day of which anything is known of any feed, totals and reported
        figures among them; None while nothing is."""
        found = [self.since(name) for name in self.indicators()]
        with self.lock:
            totals = () if self._beside is None else self._beside.totals.lines.values()
            found += [starts[0] for each in totals for starts in each.starts.values() if starts]
        return min((each for each in found if each is not None), default=None)

    def heard(self, group: Group, stretch: Stretch) -> Heard:
        """How much of a stretch the feed was heard in of which a table counts records."""
        ledger = self.monitor.ledger(group.kind, self.force.id)
        if ledger is None:
            return _unheard(none_came(self.registry.kinds[group.kind].feed))
        panes = ledger.panes_by(self._clock(group))
        with self.lock:
            parts = _parts_of(panes, stretch)
            empty = not any(each.kept or each.fresh for each in parts)
            return self._heard(ledger, panes, stretch, empty=empty)

    @property
    def _history_ends(self) -> int | None:
        """The end of the last day of a history that was played to its end; else None."""
        return self.monitor.history_ends.get(self.force.id)

    @property
    def _heard_until(self) -> int:
        """The instant that is asked for, or now where that is still to come; of a history that was
        played to its end no later than the end of its last day."""
        return min(self.at, self._history_ends or self.monitor.now or self.at)

    def _heard(self, ledger: Ledger, panes: Panes, stretch: Stretch, *, empty: bool) -> Heard:
        """How much of a stretch the feed of a ledger was heard in."""
        start, end, now = stretch.start, stretch.end, self._heard_until
        feed = ledger.kind.feed
        span = self._span(ledger, "hour" if stretch.unit == "hour" else "day")
        if span is None:
            return _unheard(none_came(feed))
        kind, whole = ledger.kind.name, end <= now and span[0] <= start
        ended = self._history_ends is not None
        watched = not ended and self.monitor.watches(kind, self.force.id)
        if start >= (self.at if ended else now):
            return _unheard(STILL_TO_COME)
        if end <= span[0] or (start >= span[1] and not watched):
            first, last = (self.calendar.local(at).date() for at in (span[0], span[1] - 1))
            return _unheard(known_between(feed, first, last))
        if not panes.keeps(start, end) or panes.covered(start, end):
            return _unheard(too_coarse(feed))
        whole = whole and (watched or end <= span[1])
        share = self.monitor.known_share(kind, self.force.id, start, end, now, empty=empty)
        if not share:
            return _unheard(was_not_heard(feed))
        known = span if not watched else (span[0], now)
        heard = self._share_heard(kind, (start, min(end, now)), known)
        return Heard(known=True, complete=whole and share == 1.0, share=heard)

    def _share_heard(self, kind: str, asked: Span, known: Span) -> float | None:
        """How much of a span a feed was heard in (`Observation.heard`) that is known of another."""
        start, end = max(asked[0], known[0]), min(asked[1], known[1])
        now = self._heard_until
        lost = self.monitor.lost(kind, self.force.id, start, end, now) if start < end else 0
        heard, length = max(0, end - start) - lost, asked[1] - asked[0]
        return None if length - heard < min(DAY, CUT * length) else heard / length

    def _not_carried(
        self, ledger: Ledger, group: Group, counters: Iterable[str], stretch: Stretch
    ) -> str:
        """Why counters are not known of a stretch, where the feed did not carry what they rest on,
        or not any more; else nothing."""
        carried = ledger.packer.carried
        fields = carried.needed(self._clock(group), counters)
        return self._why_not(ledger, fields, stretch)

    def _untold(
        self, ledger: Ledger, group: Group, parts: Iterable[Parts], where: Condition
    ) -> str:
        """Why a finer value is not known of a stretch: no record says one, in it or ever."""
        sums, span = self._sums(group), self._span(ledger, "day")
        if sums.untold(parts, where) is None or span is None:
            return ""
        found = sums.untold([ledger.panes_by(self._clock(group)).parts(*span)], where)
        if found is None:
            return ""
        (dimension, value), feed = found, ledger.kind.feed
        if isinstance(dimension, Choice):
            return not_carried(feed, [dimension.name])
        return not_told_apart(feed, dimension.name, value)

    def _why_not(self, ledger: Ledger, fields: Collection[str], stretch: Stretch) -> str:
        if missing := ledger.packer.carried.lacking(fields, stretch.end):
            return not_carried(ledger.kind.feed, missing)
        stopped = self.monitor.stopped(ledger, self.force.id)
        lacking = stopped.lacking(fields, stretch.start, stretch.end)
        if not lacking:
            return ""
        days = {name: self.calendar.local(at).date() for name, at in lacking.items()}
        return no_longer_carried(ledger.kind.feed, days)

    def _in_part(
        self,
        ledger: Ledger,
        panes: Panes,
        group: Group,
        counters: Iterable[str],
        stretch: Stretch,
    ) -> bool:
        """Whether the feed did not carry what counters rest on in a part of a stretch: it was first
        carried after so many records without it that this is no chance, or stopped."""
        needed = ledger.packer.carried.needed(self._clock(group), counters)
        if self.monitor.stopped(ledger, self.force.id).cut(needed, stretch.start, stretch.end):
            return True
        since = ledger.packer.carried.begun(self._clock(group), counters)
        if since <= stretch.start:
            return False
        before = self.calendar.start("day", since)
        if before <= stretch.start or not panes.keeps(stretch.start, before):
            return False
        everything, measure = ledger.kind.everything
        panes = ledger.panes_by(self._clock(everything))
        value = self.value_of(measure)
        sums, names = self._sums(everything), sorted(value.needs)[:1]
        counted = sums.counts([panes.parts(stretch.start, before)], ALWAYS, names)
        return int(counted[0, 0]) >= MANY

    def _span(self, ledger: Ledger, grain: Grain) -> Span | None:
        """From the first day (or hour) of a feed to its last, whole; None before any record."""
        place = ledger.kind.name, grain
        if place not in self._spans:
            first, calendar = first_record(ledger.panes), self.calendar
            last = calendar.start(grain, ledger.watermark)
            self._spans[place] = (
                None if first is None else (calendar.start(grain, first), calendar.end(grain, last))
            )
        return self._spans[place]

    # -- totals of calls ---------------------------------------------------------------------------

    def _with_totals(
        self, used: Used, lines: Known, counters: dict[str, Numbers], heard: Heard
    ) -> tuple[Known, Heard]:
        """Adds the totals of some lines to what their records count, in place; in which areas that
        is known then, and whether it is complete."""
        known, complete = np.ones(len(self.force.areas), np.bool_), True
        for line, asked in zip(self.force.lines, lines.tolist(), strict=True):
            for place, area in enumerate(self.areas() if asked else ()):
                part = used.parts.get((line.id, area))
                if part is None:
                    known[place] &= heard.known and used.knows((line.id, area))
                    complete = complete and (heard.complete or place > 0)
                    continue
                complete = complete and part.whole and not part.provisional
                for name, counter in counters.items():
                    counter[place] += part.counts.get(name, 0)
                    known[place] &= name in part.counts
        return known, Heard(bool(known.any()), complete)


def _last(monitor: Monitor, force_id: str) -> int:
    """Just after the last record of a force, in ms."""
    held = (shard.ledgers().get(force_id) for shard in monitor.shards)
    return max((each.watermark for each in held if each is not None), default=0) + 1


def nearest(name: str, known: Sequence[str]) -> str:
    """The known names that one may stand for, as the end of a sentence."""
    near = get_close_matches(name, known, NEAREST, cutoff=0.4)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _parts_of(panes: Panes, stretch: Stretch) -> list[Parts]:
    """What is counted in a stretch; of a long one month by month. Nothing where panes so fine are
    not kept."""
    if not panes.keeps(stretch.start, stretch.end):
        return []
    months = _months_of(stretch)
    edges = sorted({stretch.start, stretch.end, *(at for month in months for at in month[2:])})
    return [panes.parts(start, end) for start, end in pairwise(edges)]


def _months_of(stretch: Stretch) -> list[Period]:
    """The months that a long stretch is read by; none of a short one."""
    return stretch.parts("month") if stretch.end - stretch.start > MONTHS_APART else []


def _counted(panes: Panes, stretch: Stretch) -> Parts | None:
    """What is counted in a stretch; None where panes so fine are not kept."""
    span = stretch.start, stretch.end
    return panes.parts(*span) if panes.keeps(*span) else None


def _lines(number: int) -> Numbers:
    """Series of each line, of no area: (dimensions, series)."""
    return np.array([range(number), [0] * number], np.int64)


def made_of(
    value: Count | Share | Mean, counters: dict[str, Numbers]
) -> tuple[AreaValues, Numbers | None]:
    """What a figure is made of: a count, or what is divided and by what."""
    none = np.zeros_like(next(iter(counters.values())))
    if isinstance(value, Count):
        return counters[value.counter], None
    if isinstance(value, Mean):
        return counters[value.timing] / 1000, counters[value.of]
    top, bottom, less = (
        np.sum([none, *(counters[name] for name in names)], axis=0)
        for names in (value.top, value.bottom, value.less)
    )
    return top, bottom - less


def _added(parts: Sequence[IndicatorFigures]) -> IndicatorFigures:
    """The parts of an indicator together."""
    if len(parts) == 1:
        return parts[0]
    bottoms = [each.bottoms for each in parts if each.bottoms is not None]
    return IndicatorFigures(
        np.sum([each.tops for each in parts], axis=0),
        np.sum(bottoms, axis=0) if bottoms else None,
        False,
        np.logical_and.reduce([each.known for each in parts]),
        all(each.complete for each in parts),
        "; ".join(dict.fromkeys(each.reason for each in parts if each.reason)),
        min((each.heard for each in parts if each.heard is not None), default=None),
    )


def _whole(number: float) -> Number:
    """A number as it is written: whole where it is."""
    return int(number) if number.is_integer() else number


def _plain(number: np.float64 | np.int64) -> Number:
    """A number as Python has it: whole where it is."""
    found: Number = number.item()
    return found
