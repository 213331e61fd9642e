"""Counters by event time and series, for one kind of record of one force.

A *pane* is a stretch of event time and what the records that belong to it count: one dict from key
to number. A key is a series key (its value is counters in one integer, see `CounterLayout`), or a
series key with a histogram bin above it (its value is how many durations lie in that bin).
Everything in a pane is linear: panes add up, and a record is taken out by subtracting what it put
in; what comes to zero is removed, so equal contents are equal dicts.

A record known to the second goes to the pane of its hour; after 13 months hours coarsen to days,
which are kept for good. Of the last 48 hours it is also noted what changed, from which the panes of
an hour's minutes are made when somebody asks for one: history that is only read by the hour never
makes them. A record known only to the day or the month has panes of its own and enters nothing
finer.

What lies before `closed_before` hardly changes, and by `revise` alone: sums of it are kept until
then. So the sum of a closed month is made once, and readers may keep what they make of it for as
long as they are given the same one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict, defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator
from itertools import chain
from sys import maxsize
from typing import NamedTuple, TypeVar

from streams.fold.kept_sums import KeptSum
from streams.periods import DAY, HOUR, MINUTE, Calendar, Grain
from streams.registry.packing import FACT_MASK, ByClock, Contribution
from streams.registry.times import DAY_PRECISE, EARLIEST, LATEST, MONTH_PRECISE, SECOND_PRECISE

Pane = dict[int, int]
"""Key to counters, or to the count of a histogram bin; see above."""

KEEP_MINUTES = 48 * HOUR
KEEP_HOURS = 396 * DAY  # 13 months
_LONGEST = 32 * DAY
"""No pane is longer."""
PANES_A_STEP = 240
"""Hours that are joined into days in one step, where many are at once."""
_DAYS = {SECOND_PRECISE: "day", DAY_PRECISE: "whole_day", MONTH_PRECISE: "whole_month"}
"""The stored grain of what is known to the second, by the day, and to the day or month."""
FEW = 4
"""Records; where fewer have the same facts it takes longer to put them in together."""
MANY = 1 << 32
"""More records than any minute has. Of those that have left it is not known how many count in a
minute; it must not seem empty when one of them is taken out."""
MOST_KEPT = 128
"""Sums that are kept, of days and of other spans each; those that were asked for last."""
MOST_REVISED = 1_000
"""Revisions that are taken into the sums that are kept; with more, all are made anew."""

K = TypeVar("K", bound=Hashable)
S = TypeVar("S")


class Kept(dict[int, int]):
    """The sum of a closed day: a `Pane` that never changes."""


class Parts(NamedTuple):
    """Two panes that add up to a stretch of time. Neither may be changed by who reads it."""

    kept: KeptSum | None
    """The sum of its whole closed hours: the same object as long as nothing in them changes. None
    where it has no such hour."""
    fresh: Pane
    """The sum of all else, made anew each time."""


NOTHING = Parts(None, {})


class Change(NamedTuple):
    """What a record counts more or less than before. `when` it is, in ms, and how well that is
    known; by how much each number changes; and how many more records count then: 0 where one
    counts something else."""

    when: int
    precision: int
    sums: Pane
    records: int


class Lot(NamedTuple):
    """Packed records that were put into panes (`sign` 1) or taken out (-1) together. `when` the
    last of them is, in ms."""

    records: list[int]
    sign: int
    when: int


def put_in(pane: Pane, contribution: Contribution, sign: int) -> None:
    """Puts a contribution into a pane (`sign` 1) or takes it out again (-1)."""
    _, _, _, series_key, counters, bins = contribution
    value = pane.get(series_key, 0) + (counters if sign > 0 else -counters)
    if value:
        pane[series_key] = value
    else:  # may be a change of nothing: a wait that is counted the same
        pane.pop(series_key, None)
    for key in bins:
        value = pane.get(key, 0) + sign
        if value:
            pane[key] = value
        else:
            del pane[key]


def add_into(total: Pane, pane: Pane) -> None:
    """Adds a pane to a total, key by key; what comes to zero is removed."""
    if not total:
        total.update(pane)
        return
    get = total.get  # looked up once: a month is hundreds of thousands of numbers
    for key, value in pane.items():
        summed = get(key, 0) + value
        if summed:
            total[key] = summed
        else:
            total.pop(key, None)


class Panes:
    """All panes, by grain and start. Starts are numbers of minutes since 1970 UTC."""

    def __init__(self, calendar: Calendar, counted: ByClock) -> None:
        self.calendar = calendar
        self._time, self._ways, self._given = counted.shift, counted.ways, counted.given
        self._partial = counted.partial
        self.hours: dict[int, Pane] = {}
        self.days: dict[int, Pane] = {}
        self.whole_days: dict[int, Pane] = {}
        self.whole_months: dict[int, Pane] = {}
        """Of records known only to the month, as `whole_days` of those known only to the day."""
        self.hours_before = 0
        """The instant, in ms, before which there are no minutes any more."""
        self._forgotten_before = 0
        """The same, where they have been looked for."""
        self.days_before = 0
        """The instant, in ms, before which there are no hours any more: they are days."""
        self._hours_from = maxsize
        """No hour that there is a pane of is before this instant."""
        self._days_until = 0
        """The end of the day that starts there."""
        self.closed_before = 0
        """The instant (the start of an hour) before which nothing changes but by `revise`."""
        self._day_sums: OrderedDict[int, Kept] = OrderedDict()
        self._day_changes: dict[int, Pane] = {}
        """By the start of a day what was revised in it and is not in its sum that is kept."""
        self._kept: OrderedDict[tuple[int, int, bool], KeptSum] = OrderedDict()
        """By start, end, and whether records known only to the day or month are in it."""
        self._revised: list[Change] = []
        """What was revised and is not in the sums that are kept."""
        self.changed: set[tuple[str, int]] | None = None
        """Of what lies before `closed_before`, the days that were revised since somebody emptied
        it, and the days and months of what is known only to these: each by its stored grain and
        start minute. None where anything may have changed."""
        self._records: defaultdict[int, int] = defaultdict(int)
        self._minutes: dict[int, Pane] = {}
        self._unread: defaultdict[int, list[int]] = defaultdict(list)
        """By number of the hour since 1970 UTC, where any of its minutes has a record: the packed
        records that are not yet in the panes of these, below zero where they are to be taken
        out."""
        self._unsorted: deque[Lot | Change] = deque()
        """What is not yet under these, nor in `_minutes` and `records`."""
        self._open = Pane()
        self._open_from = self._open_until = self._last_ends = 0
        """The latest pane that a record was put in; and the end of the last one there is."""

    def put(self, records: Iterable[int], sign: int) -> None:
        """Puts what packed records count by the first clock in (`sign` 1) or takes it out again
        (-1)."""
        when, ordered = self._time + 2, sorted(records)  # the highest bits are the time
        if self._partial:
            ordered = [packed for packed in ordered if not self._put_whole(packed, sign)]
        counting: list[int] = []
        at = 0
        while at < len(ordered):
            first = ordered[at] >> when
            pane, ends = self._pane_of(first)
            until = bisect_left(ordered, ends << when, at)
            counting += self._put_into(pane, ordered[at:until], sign)
            at = until
        if counting:
            self._unsorted.append(Lot(counting, sign, ordered[-1] >> when))

    def _put_into(self, pane: Pane, records: list[int], sign: int) -> list[int]:
        """Puts records into one pane, those with the same facts together where they are many enough
        for that to take less time; returns those that count anything."""
        ways, given = self._ways, self._given
        if len(records) < FEW:
            alone = records
            counting = list[int]()
        else:
            alone, counting = [], []
            by_facts: defaultdict[int, list[int]] = defaultdict(list)
            for packed in records:
                by_facts[packed >> 1 & FACT_MASK].append(packed)
            for index, same in by_facts.items():
                put_all = ways[index].put_all
                if put_all is None or len(same) < FEW:
                    alone += same
                else:
                    put_all(same, pane, sign, given[index])
                    counting += same
        for packed in alone:
            index = packed >> 1 & FACT_MASK
            if ways[index].put(packed, pane, sign, given[index]):
                counting.append(packed)
        return counting

    def _put_whole(self, packed: int, sign: int) -> bool:
        """Puts a record in that is known only to the day or month; returns whether it is."""
        precision = packed >> self._time & 3
        if precision == SECOND_PRECISE:
            return False
        whole = self.whole_days if precision == DAY_PRECISE else self.whole_months
        index = packed >> 1 & FACT_MASK
        pane = whole.setdefault((packed >> self._time + 2) // MINUTE, {})
        self._ways[index].put(packed, pane, sign, self._given[index])
        return True

    @property
    def records(self) -> dict[int, int]:
        """How many records count in each minute that is kept; 0 where all were taken out again."""
        if self._forgotten_before < self.hours_before:
            self._forget_minutes()
        if self._unsorted:
            self._sort()
        return self._records

    def _sort(self) -> None:
        """Notes of what was put in under which minute it counts."""
        when, floor = self._time + 2, self.hours_before
        hour, unread = -1, list[int]()
        for each in self._unsorted:
            if isinstance(each, Change):
                if each.when >= floor:
                    minute = each.when // MINUTE
                    self._unread[minute // 60]
                    add_into(self._minutes.setdefault(minute, {}), each.sums)
                    self._records[minute] += each.records
                continue
            for packed in each.records:
                at = packed >> when
                if at >= floor:
                    if at // HOUR != hour:
                        hour = at // HOUR
                        unread = self._unread[hour]
                    unread.append(packed if each.sign > 0 else -packed)
                    self._records[at // MINUTE] += each.sign
        self._unsorted.clear()

    def add(self, change: Change) -> None:
        """Takes a change in."""
        when, precision, sums, _ = change
        if precision == SECOND_PRECISE:
            pane, _ = self._pane_of(when)
            if when >= self.hours_before:
                self._unsorted.append(change)
        elif precision == DAY_PRECISE:
            pane = self.whole_days.setdefault(when // MINUTE, {})
        else:
            pane = self.whole_months.setdefault(when // MINUTE, {})
        add_into(pane, sums)

    def revise(self, change: Change) -> None:
        """The same where the record belongs before `closed_before`."""
        if self._day_sums or self.changed is not None:
            day = self.calendar.start("day", change.when)
            if change.precision == SECOND_PRECISE and day in self._day_sums:
                add_into(self._day_changes.setdefault(day, {}), change.sums)
            if self.changed is not None:
                self.changed.add((_DAYS[change.precision], day // MINUTE))
        if self._kept:
            self._revised.append(change)
            if len(self._revised) > MOST_REVISED:
                self._drop_kept()
        self.add(change)

    def _pane_of(self, when: int) -> tuple[Pane, int]:
        """The pane of the hour, or of the day, that holds an instant, and its end."""
        if self._open_from <= when < self._open_until:
            return self._open, self._open_until
        grain: Grain = "day" if when < self.days_before else "hour"
        panes = self.days if when < self.days_before else self.hours
        start = self.calendar.start(grain, when)
        ends = self.calendar.end(grain, start)
        pane = panes.get(start // MINUTE)
        if pane is None:
            pane = panes[start // MINUTE] = {}
            self._last_ends = max(self._last_ends, ends)
            if grain == "hour":
                self._hours_from = min(self._hours_from, start)
        if start >= self._open_from:  # most records are of the last hour, whatever is revised
            self._open, self._open_from, self._open_until = pane, start, ends
        return pane, ends

    def minute(self, minute: int) -> Pane:
        """What counts in a minute of the last 48 hours; empty in one before."""
        if self._unsorted:
            self._sort()
        unread = self._unread.get(minute // 60)
        if unread:
            for change in unread:
                packed = abs(change)
                when = packed >> self._time + 2 & LATEST
                if when >= self.hours_before:
                    pane = self._minutes.setdefault(when // MINUTE, {})
                    index, sign = packed >> 1 & FACT_MASK, 1 if change > 0 else -1
                    self._ways[index].put(packed, pane, sign, self._given[index])
            unread.clear()
        return self._minutes.get(minute, {})

    def place_of(self, when: int, precision: int) -> tuple[str, int]:
        """The grain and start minute of the stored pane that holds a record older than the
        minutes."""
        if precision == MONTH_PRECISE:
            return "whole_month", when // MINUTE
        if precision == DAY_PRECISE:
            return "whole_day", when // MINUTE
        grain: Grain = "hour" if when >= self.days_before else "day"
        return grain, self.calendar.start(grain, when) // MINUTE

    def finest_place_of(self, when: int, precision: int) -> tuple[str, int]:
        """The same, but the minute of a record that is in one."""
        if precision == SECOND_PRECISE and when >= self.hours_before:
            return "minute", when // MINUTE
        return self.place_of(when, precision)

    def place_now(self, grain: str, minute: int) -> tuple[str, int]:
        """Where the contents of a stored pane are now: an hour may have become part of a day."""
        finer = grain in {"minute", "hour"}
        return self.place_of(minute * MINUTE, SECOND_PRECISE) if finer else (grain, minute)

    def stored(self, grain: str, minute: int) -> Pane:
        """The pane of a stored grain that starts there; empty where nothing is counted."""
        return self._by_grain(grain).get(minute, {})

    def coarsen(self, watermark: int) -> None:
        """Forgets the minutes older than 48 hours, and joins hours older than 13 months into days.

        Only whole hours and whole local days move, so that a pane is never split.
        """
        for _ in self.coarsening(watermark):
            pass

    def coarsening(self, watermark: int) -> Iterator[None]:
        """The same in short steps, mostly none; after each of them all sums are right."""
        self.let_minutes_pass(watermark)
        self._forget_minutes()
        if watermark >= self.joined_until:
            before = self.calendar.start("day", max(0, watermark - KEEP_HOURS))
            leaving = self._hours_until(before)
            for minute in leaving[PANES_A_STEP::PANES_A_STEP]:
                stage = self.calendar.start("day", minute * MINUTE)
                if stage > self.days_before:
                    self._into_days(stage)
                    yield
            self._into_days(before)

    @property
    def joined_until(self) -> int:
        """The watermark, in ms, from which on more hours are to be joined into days."""
        return self._days_until + KEEP_HOURS

    def let_minutes_pass(self, watermark: int) -> None:
        """Says which minutes there are no more; they are forgotten with others, or when somebody
        asks for minutes."""
        before = self.calendar.start("hour", max(0, watermark - KEEP_MINUTES))
        self.hours_before = max(self.hours_before, before)

    def _forget_minutes(self) -> None:
        before = self.hours_before
        if before == self._forgotten_before:
            return
        first, last = self._forgotten_before // HOUR, -(-before // HOUR)
        self._forgotten_before = before
        while self._unsorted and self._unsorted[0].when < before:
            self._unsorted.popleft()
        # As a rule one hour passes: it is looked up, not all of two days.
        if last - first < len(self._unread):
            hours = [hour for hour in range(first, last) if hour in self._unread]
        else:
            hours = [hour for hour in self._unread if hour < last]
        if not hours:
            return
        until = before // MINUTE
        if 60 * len(hours) < len(self._records):
            minutes = [m for h in hours for m in range(h * 60, min(h * 60 + 60, until))]
        else:
            minutes = [minute for minute in self._records if minute < until]
        for minute in minutes:
            if self._records.pop(minute, None) is not None:
                self._minutes.pop(minute, None)
        for hour in hours:
            if (hour + 1) * HOUR <= before:
                del self._unread[hour]

    def _hours_until(self, before: int) -> list[int]:
        """The start minutes of the hours that lie before an instant and are not joined into days,
        in their order."""
        at = self.days_before
        if self._hours_from >= before:  # there is a year's to come yet
            return []
        if (before - at) // HOUR >= len(self.hours):
            return sorted(minute for minute in self.hours if minute * MINUTE < before)
        found = []
        while at < before:  # as a rule those of a day, and there are a year's
            if at // MINUTE in self.hours:
                found.append(at // MINUTE)
            at = self.calendar.end("hour", at)
        return found

    def _into_days(self, before: int) -> None:
        leaving = self._hours_until(before)
        self.days_before = before
        self._hours_from = max(self._hours_from, before)
        self._days_until = self.calendar.end("day", before)
        self._open_from = self._open_until = 0
        for minute in leaving:
            add_into(self._pane_of(minute * MINUTE)[0], self.hours.pop(minute))

    def keeps(self, start: int, end: int) -> bool:
        """Whether [start, end) can be summed exactly: both are edges of panes that are kept."""
        for edge in (start, end):
            if edge < self.hours_before:
                grain: Grain = "hour" if edge >= self.days_before else "day"
                if self.calendar.start(grain, edge) != edge:
                    return False
        return True

    def between(self, start: int, end: int) -> Pane:
        """The sum of all panes that lie within [start, end), in milliseconds. It is to be read at
        once and not to be changed: the sum of a single pane is that pane."""
        panes = list(self.within(start, end))
        if len(panes) == 1:
            return panes[0]
        total: Pane = {}
        for pane in panes:
            add_into(total, pane)
        return total

    def within(self, start: int, end: int) -> Iterator[Pane]:
        """The panes that add up to [start, end); a closed day of it is `Kept`."""
        if start < end:
            yield from self._precise(start, end)
            yield from self._whole(start, end)

    def parts(self, start: int, end: int) -> Parts:
        """The same as two panes, of which one is kept: for who asks for a stretch again."""
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
        for span in list(self._kept):
            start, end, _ = span
            within = [each for each in self._revised if start <= each.when < end]
            if any(each.precision != SECOND_PRECISE for each in within):
                del self._kept[span]
            elif within:
                change: Pane = {}
                for each in within:
                    add_into(change, each.sums)
                self._kept[span] = self._kept[span].after(change)
        self._revised.clear()

    def _kept_sum(self, start: int, end: int, *, entire: bool) -> KeptSum:
        """The sum of the closed hours of [start, end), remembered; with the records that are known
        only to a day or month within it where that is `entire`."""
        kept = self._kept.get((start, end, entire))
        if kept is None and not entire:
            kept = self._went_on(start, end)
        if kept is None:
            total: Pane = {}
            for pane in self._precise(start, end):
                add_into(total, pane)
            for pane in self._whole(start, end) if entire else ():
                add_into(total, pane)
            kept = KeptSum(total)
        _keep(self._kept, (start, end, entire), kept)
        return kept

    def _went_on(self, start: int, end: int) -> KeptSum | None:
        """The sum that began there, with the hours that have closed since it was made in it; None
        where none was kept, or most hours are new."""
        ends = [span[1] for span in self._kept if span[0] == start and not span[2]]
        before = max((each for each in ends if each < end), default=start)
        if end - before > before - start:
            return None
        more: Pane = {}
        for pane in self._precise(before, end):
            add_into(more, pane)
        return self._kept.pop((start, before, False)).after(more)

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
        at, until = max(start, EARLIEST), min(end, self._last_ends)
        while at < until:
            day = self.calendar.start("day", at)
            after = self.calendar.end("day", day)
            if day == at and after <= min(end, max(self.closed_before, self.days_before)):
                yield self._day_sum(day, after)
                at = after
                continue
            hour = self.calendar.start("hour", at)
            after = self.calendar.end("hour", hour)
            if hour == at and after <= end:
                if pane := self.hours.get(hour // MINUTE):
                    yield pane
            elif after > self.hours_before:
                for minute in range(-(-at // MINUTE), min(after, end) // MINUTE):
                    if self.records.get(minute) and minute * MINUTE >= self.hours_before:
                        yield self.minute(minute)
            at = after

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

    def _day_sum(self, day: int, after: int) -> Kept:
        """The sum of a closed local day, from its start to `after`; remembered."""
        found, changes = self._day_sums.get(day), self._day_changes.pop(day, None)
        if found is not None and changes:
            found = Kept(found)
            add_into(found, changes)
        elif found is None:
            total = dict(self.days.get(day // MINUTE, {}))
            at = day
            while at < after and self.hours:
                if pane := self.hours.get(at // MINUTE):
                    add_into(total, pane)
                at = self.calendar.end("hour", at)
            found = Kept(total)
        _keep(self._day_sums, day, found)
        return found

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
        self.changed = None
        self._drop_kept()
        self._by_grain(grain)[minute] = pane
        self._hours_from = min(self._hours_from, minute * MINUTE)
        self._open_from = self._open_until = 0
        if not grain.startswith("whole"):
            self._last_ends = max(self._last_ends, self.end_of(grain, minute))

    def put_back(self, grain: str, minute: int, pane: Pane) -> None:
        """Adds what records count that are not counted again."""
        if grain == "minute" and minute * MINUTE >= self.hours_before:
            add_into(self._minutes.setdefault(minute, {}), pane)
            self._records[minute] += MANY
            self._unread[minute // 60]
        grain, minute = self.place_now(grain, minute)
        self.changed = None
        self._drop_kept()
        add_into(self._by_grain(grain).setdefault(minute, {}), pane)
        self._hours_from = min(self._hours_from, minute * MINUTE)
        if not grain.startswith("whole"):
            self._last_ends = max(self._last_ends, self.end_of(grain, minute))

    def _drop_kept(self) -> None:
        """Keeps no sum any more."""
        self._day_sums.clear()
        self._day_changes.clear()
        self._kept.clear()
        self._revised.clear()

    def _by_grain(self, grain: str) -> dict[int, Pane]:
        return {
            "hour": self.hours,
            "day": self.days,
            "whole_day": self.whole_days,
            "whole_month": self.whole_months,
        }[grain]


def _keep(sums: OrderedDict[K, S], span: K, total: S) -> None:
    """Keeps a sum as the one that was asked for last; the oldest goes where there are many."""
    sums[span] = total
    sums.move_to_end(span)
    if len(sums) > MOST_KEPT:
        sums.popitem(last=False)


def stored_grain(clock: int, grain: str) -> str:
    """The grain by which panes of a clock are stored: that of the first clock by its name alone."""
    return f"{clock}:{grain}" if clock else grain


def clock_and_grain(stored: str) -> tuple[int, str]:
    """(Index of the clock, grain) of a stored grain."""
    clock, _, grain = stored.rpartition(":")
    return int(clock or 0), grain


def end_of_record(calendar: Calendar, when: int, precision: int) -> int:
    """The end of the period that a record is known to lie in."""
    if precision == MONTH_PRECISE:
        return calendar.end("month", when)
    return calendar.end("day", when) if precision == DAY_PRECISE else when + 1
