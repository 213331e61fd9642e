"""Counters by event time and series, for one kind of record of one force.

A *pane* is a stretch of event time and what the records that belong to it count: one dict from key
to number. A key is a series key (its value is counters in one integer, see `CounterLayout`), or a
series key with a histogram bin above it (its value is how many durations lie in that bin).
Everything in a pane is linear: panes add up, and a record is taken out by subtracting what it put
in; what comes to zero is removed, so equal contents are equal dicts.

A record known to the second goes to a minute pane; once its minute is 48 hours behind the
watermark, panes coarsen to hours, and after 13 months to days, which are kept for good. A record
known only to the day or the month has panes of its own and enters nothing finer.

What lies before `closed_before` changes seldom, and by `revise` alone: sums of it are kept until
then. So the sum of a closed month is made once, and readers may keep what they make of it for as
long as they are given the same one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from itertools import chain
from typing import NamedTuple, TypeVar

from streams.periods import DAY, HOUR, MINUTE, Calendar, Grain
from streams.registry.packing import SingleContribution as Contribution
from streams.registry.times import DAY_PRECISE, MONTH_PRECISE, SECOND_PRECISE

Pane = dict[int, int]
"""Key to counters, or to the count of a histogram bin; see above."""

KEEP_MINUTES = 48 * HOUR
KEEP_HOURS = 396 * DAY  # 13 months
_LONGEST = 32 * DAY
"""No pane is longer."""
PANES_A_STEP = 240
"""Panes that are joined into coarser ones in one step, where many are at once."""
MOST_KEPT = 128
"""Sums that are kept, of days and of other spans each; those that were asked for last."""
MOST_REVISED = 1_000
"""Revisions that are taken into the sums that are kept; with more, all are made anew."""

K = TypeVar("K", bound=Hashable)


class Parts(NamedTuple):
    """Two panes that add up to a stretch of time. Neither may be changed by who reads it."""

    kept: Pane | None
    """The sum of its whole closed hours: the same object as long as nothing in them changes. None
    where it has no such hour."""
    fresh: Pane
    """The sum of all else, made anew each time."""


NOTHING = Parts(None, {})


def put_in(pane: Pane, contribution: Contribution, sign: int) -> None:
    """Puts a contribution into a pane (`sign` 1) or takes it out again (-1)."""
    _, _, series_key, counters, bin_key = contribution
    value = pane.get(series_key, 0) + sign * counters
    if value:
        pane[series_key] = value
    else:
        del pane[series_key]
    if bin_key >= 0:
        value = pane.get(bin_key, 0) + sign
        if value:
            pane[bin_key] = value
        else:
            del pane[bin_key]


def add_into(total: Pane, pane: Pane) -> None:
    """Adds a pane to a total, key by key; what comes to zero is removed."""
    if not total:
        total.update(pane)
        return
    for key, value in pane.items():
        summed = total.get(key, 0) + value
        if summed:
            total[key] = summed
        else:
            total.pop(key, None)


class Panes:
    """All panes, by grain and start. Starts are numbers of minutes since 1970 UTC."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.minutes: dict[int, Pane] = {}
        self.hours: dict[int, Pane] = {}
        self.days: dict[int, Pane] = {}
        self.whole_days: dict[int, Pane] = {}
        self.whole_months: dict[int, Pane] = {}
        """Of records known only to the month, as `whole_days` of those known only to the day."""
        self.hours_before = 0
        """The instant, in ms, before which there are no minutes any more: they are hours."""
        self.days_before = 0
        """The instant, in ms, before which there are no hours any more: they are days."""
        self.closed_before = 0
        """The instant (the start of an hour) before which nothing changes but by `revise`."""
        self._day_sums: OrderedDict[int, Pane] = OrderedDict()
        self._kept: OrderedDict[tuple[int, int, bool], Pane] = OrderedDict()
        """By start, end, and whether records known only to the day or month are in it."""
        self._revised: list[tuple[Contribution, int]] = []
        """What was revised and is not in the sums that are kept."""
        self.changed: set[int] | None = None
        """Minutes in which what is counted has changed since this was last emptied; None where
        nobody wants to know."""

    def add(self, contribution: Contribution, sign: int) -> None:
        """Puts a contribution in (`sign` 1) or takes it out again (-1)."""
        when, precision, series_key, counters, bin_key = contribution
        if precision == SECOND_PRECISE:
            minute = when // MINUTE
            pane = self.minutes.get(minute)
            if pane is None:
                pane = self._open(when)
            if self.changed is not None:
                self.changed.add(minute)
        else:
            pane = self._open_whole(when, precision)
        # As `put_in`, in place: it is done for every version of every record.
        value = pane.get(series_key, 0) + (counters if sign > 0 else -counters)
        if value:
            pane[series_key] = value
        else:
            del pane[series_key]
        if bin_key >= 0:
            value = pane.get(bin_key, 0) + sign
            if value:
                pane[bin_key] = value
            else:
                del pane[bin_key]

    def revise(self, contribution: Contribution, sign: int) -> None:
        """The same where the record belongs before `closed_before`."""
        if self._kept or self._day_sums:
            self._revised.append((contribution, sign))
            if len(self._revised) > MOST_REVISED:
                self._drop_kept()
        self.add(contribution, sign)

    def _open(self, when: int) -> Pane:
        """The pane for an instant that has no minute pane yet."""
        if when >= self.hours_before:
            return self.minutes.setdefault(when // MINUTE, {})
        if when >= self.days_before:
            return self.hours.setdefault(self.calendar.start("hour", when) // MINUTE, {})
        return self.days.setdefault(self.calendar.start("day", when) // MINUTE, {})

    def _open_whole(self, when: int, precision: int) -> Pane:
        """The pane of a day or month of which no more is known."""
        if precision == DAY_PRECISE:
            return self.whole_days.setdefault(when // MINUTE, {})
        return self.whole_months.setdefault(when // MINUTE, {})

    def place_of(self, when: int, precision: int) -> tuple[str, int]:
        """The grain and start minute of the stored pane that holds a record older than the
        minutes."""
        if precision == MONTH_PRECISE:
            return "whole_month", when // MINUTE
        if precision == DAY_PRECISE:
            return "whole_day", when // MINUTE
        grain: Grain = "hour" if when >= self.days_before else "day"
        return grain, self.calendar.start(grain, when) // MINUTE

    def place_now(self, grain: str, minute: int) -> tuple[str, int]:
        """Where the contents of a stored pane are now: an hour may have become part of a day."""
        return (
            self.place_of(minute * MINUTE, SECOND_PRECISE) if grain == "hour" else (grain, minute)
        )

    def stored(self, grain: str, minute: int) -> Pane:
        """The pane of a stored grain that starts there; empty where nothing is counted."""
        return self._by_grain(grain).get(minute, {})

    def coarsen(self, watermark: int) -> None:
        """Folds minutes older than 48 hours into hours, and hours older than 13 months into days.

        Only whole hours and whole local days move, so that a pane is never split.
        """
        for _ in self.coarsening(watermark):
            pass

    def coarsening(self, watermark: int) -> Iterator[None]:
        """The same in short steps, mostly one; after each of them all sums are right."""
        before = self.calendar.start("hour", max(0, watermark - KEEP_MINUTES))
        for stage in self._stages(self.minutes, "hour", self.hours_before, before):
            self._into_hours(stage)
            yield
        before = self.calendar.start("day", max(0, watermark - KEEP_HOURS))
        for stage in self._stages(self.hours, "day", self.days_before, before):
            self._into_days(stage)
            yield

    def _stages(
        self, panes: dict[int, Pane], grain: Grain, after: int, before: int
    ) -> Iterator[int]:
        """The instants up to which panes become coarser, one after the other, so that each step has
        few panes."""
        if before <= after:
            return
        if before - after > 2 * DAY:
            leaving = sorted(minute for minute in panes if minute * MINUTE < before)
            for minute in leaving[PANES_A_STEP::PANES_A_STEP]:
                stage = self.calendar.start(grain, minute * MINUTE)
                if stage > after:
                    after = stage
                    yield stage
        yield before

    def _into_hours(self, before: int) -> None:
        past, last = self.hours_before // MINUTE, before // MINUTE
        self.hours_before = before
        # As a rule one hour passes: its sixty minutes are looked up, not all of two days.
        few = last - past < len(self.minutes)
        leaving = range(past, last) if few else sorted(m for m in self.minutes if m < last)
        into: Pane = {}
        until = 0
        for minute in leaving:
            pane = self.minutes.pop(minute, None)
            if pane:
                if minute >= until:
                    into = self._open(minute * MINUTE)
                    hour = self.calendar.start("hour", minute * MINUTE)
                    until = self.calendar.end("hour", hour) // MINUTE
                add_into(into, pane)

    def _into_days(self, before: int) -> None:
        self.days_before = before
        for minute in [m for m in self.hours if m * MINUTE < before]:
            add_into(self._open(minute * MINUTE), self.hours.pop(minute))

    def keeps(self, start: int, end: int) -> bool:
        """Whether [start, end) can be summed exactly: both are edges of panes that are kept."""
        for edge in (start, end):
            if edge < self.hours_before:
                grain: Grain = "hour" if edge >= self.days_before else "day"
                if self.calendar.start(grain, edge) != edge:
                    return False
        return True

    def between(self, start: int, end: int) -> Pane:
        """The sum of all panes that lie within [start, end), in milliseconds."""
        kept, fresh = self.parts(start, end)
        total = dict(kept or ())
        add_into(total, fresh)
        return total

    def parts(self, start: int, end: int) -> Parts:
        """The same as two panes, of which one is kept."""
        if start >= end:
            return NOTHING
        if self._revised:
            self._revise_kept()
        first = self.calendar.start("hour", start)
        if first < start:
            first = self.calendar.end("hour", first)
        last = self.calendar.start("hour", min(end, self.closed_before))
        fresh: Pane = {}
        if first >= last:
            for pane in (*self._precise(start, end), *self._whole(start, end)):
                add_into(fresh, pane)
            return Parts(None, fresh)
        entire = first == start and last == end
        kept = self._kept_sum(first, last, entire=entire)
        if not entire:
            rest = (self._precise(start, first), self._precise(last, end), self._whole(start, end))
            for pane in chain.from_iterable(rest):
                add_into(fresh, pane)
        return Parts(kept, fresh)

    def _revise_kept(self) -> None:
        """Takes into the sums that are kept what was revised, each in a new one."""
        for contribution, _ in self._revised:
            self._day_sums.pop(self.calendar.start("day", contribution[0]), None)
        for span in list(self._kept):
            start, end, _ = span
            within = [each for each in self._revised if start <= each[0][0] < end]
            if any(contribution[1] != SECOND_PRECISE for contribution, _ in within):
                del self._kept[span]
            elif within:
                total = self._kept[span] = dict(self._kept[span])
                for contribution, sign in within:
                    put_in(total, contribution, sign)
        self._revised.clear()

    def _kept_sum(self, start: int, end: int, *, entire: bool) -> Pane:
        """The sum of the closed hours of [start, end), remembered; with the records that are known
        only to a day or month within it where that is `entire`."""
        total = self._kept.get((start, end, entire))
        if total is None:
            total = {}
            for pane in self._precise(start, end):
                add_into(total, pane)
            for pane in self._whole(start, end) if entire else ():
                add_into(total, pane)
        _keep(self._kept, (start, end, entire), total)
        return total

    def covered(self, start: int, end: int) -> bool:
        """Whether [start, end) cuts a day or month that has records known only to it: then nobody
        can say which of them lie within."""
        wholes: tuple[tuple[dict[int, Pane], Grain], ...] = (
            (self.whole_days, "day"),
            (self.whole_months, "month"),
        )
        for whole, grain in wholes if start < end else ():
            for edge in (start, end - 1):
                first = self.calendar.start(grain, edge)
                part = first < start or self.calendar.end(grain, edge) > end
                if part and whole.get(first // MINUTE):
                    return True
        return False

    def _precise(self, start: int, end: int) -> Iterator[Pane]:
        """The panes of records known to the second that make up [start, end)."""
        at = start
        while at < end and at < self.hours_before:
            day = self.calendar.start("day", at)
            after = self.calendar.end("day", day)
            if day == at and after <= min(end, self.hours_before, self.closed_before):
                yield self._day_sum(day, after)
                at = after
            else:
                hour = self.calendar.start("hour", at)
                at = self.calendar.end("hour", hour)
                if hour >= start and at <= end and (pane := self.hours.get(hour // MINUTE)):
                    yield pane
        minute, last = -(-max(at, start) // MINUTE), end // MINUTE
        if last - minute < len(self.minutes):
            panes = (self.minutes.get(m) for m in range(minute, last))
        else:
            panes = (pane for m, pane in self.minutes.items() if minute <= m < last)
        yield from (pane for pane in panes if pane)

    def _whole(self, start: int, end: int) -> Iterator[Pane]:
        """The panes of records known only to a day or month that lies within [start, end)."""
        wholes: tuple[tuple[dict[int, Pane], Grain], ...] = (
            (self.whole_days, "day"),
            (self.whole_months, "month"),
        )
        for whole, grain in wholes:
            for minute, pane in whole.items():
                first = minute * MINUTE
                if first >= start and self.calendar.end(grain, first) <= end:
                    yield pane

    def _day_sum(self, day: int, after: int) -> Pane:
        """The sum of a closed local day, from its start to `after`; remembered."""
        total = self._day_sums.get(day)
        if total is None:
            total = dict(self.days.get(day // MINUTE, {}))
            at = day
            while at < after and self.hours:
                if pane := self.hours.get(at // MINUTE):
                    add_into(total, pane)
                at = self.calendar.end("hour", at)
        _keep(self._day_sums, day, total)
        return total

    def sealed(
        self, precise: tuple[int, int], whole: tuple[int, int]
    ) -> list[tuple[str, int, Pane]]:
        """The panes that end in (after, before], as (grain, start minute, pane).

        `precise` is (after, before), in ms, for panes of records known to the second, `whole` for
        those of records known only to the day or month.
        """
        found: list[tuple[str, int, Pane]] = []
        for grain, panes, (after, before) in (
            ("hour", self.hours, precise),
            ("day", self.days, precise),
            ("whole_day", self.whole_days, whole),
            ("whole_month", self.whole_months, whole),
        ):
            first = after - _LONGEST  # of a year of hours few are asked when they end
            for minute, pane in panes.items():
                near = pane and first < minute * MINUTE < before
                if near and after < self.end_of(grain, minute) <= before:
                    found.append((grain, minute, pane))
        return found

    def end_of(self, grain: str, minute: int) -> int:
        """The instant at which the pane of a stored grain ends."""
        start = minute * MINUTE
        if grain == "hour":
            return self.calendar.end("hour", start)
        return self.calendar.end("month" if grain == "whole_month" else "day", start)

    def restore(self, grain: str, minute: int, pane: Pane) -> None:
        """Puts back a pane that was sealed: it replaces what stands there."""
        self._drop_kept()
        self._by_grain(grain)[minute] = pane

    def _drop_kept(self) -> None:
        """Keeps no sum any more."""
        self._day_sums.clear()
        self._kept.clear()
        self._revised.clear()

    def _by_grain(self, grain: str) -> dict[int, Pane]:
        return {
            "hour": self.hours,
            "day": self.days,
            "whole_day": self.whole_days,
            "whole_month": self.whole_months,
        }[grain]


def _keep(sums: OrderedDict[K, Pane], span: K, total: Pane) -> None:
    """Keeps a sum as the one that was asked for last; the oldest goes where there are many."""
    sums[span] = total
    sums.move_to_end(span)
    if len(sums) > MOST_KEPT:
        sums.popitem(last=False)


def end_of_record(calendar: Calendar, when: int, precision: int) -> int:
    """The end of the period that a record is known to lie in."""
    if precision == MONTH_PRECISE:
        return calendar.end("month", when)
    return calendar.end("day", when) if precision == DAY_PRECISE else when + 1
