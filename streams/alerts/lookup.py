"""What rules and the lifecycle look up about a period, in the watches and ledgers of a monitor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from detectors.counts.predictive import Predictive
from detectors.homogeneity import MOSTLY, PartCount, dispersion, moved, probability_alike
from detectors.shares.proportion import binomial_tails
from streams.alerts.context import RuleContext
from streams.board.model import find
from streams.board.monitor import Monitor
from streams.config.force import Force
from streams.config.targets import held
from streams.periods import MINUTE
from streams.registry.aggregates import Count, Figures
from streams.registry.calls import CALLS
from streams.registry.counting import SERIES_KEY_MASK
from streams.registry.registry import REGISTRY
from streams.surveillance.adapters.base import TAIL
from streams.surveillance.adapters.counts import Counts
from streams.surveillance.signals import Signal

for _name in ("offered", "answered", "answered_within", "abandoned", "end_unknown"):
    REGISTRY.require("what an alert says of answers", CALLS.name, _name)
UNLIKELY = 0.01
"""How unlikely it is that so many of a rise are in an area by chance, where it is named."""

FEWEST_ALIKE = 3
"""In so many areas, at the least, it says something that all have moved alike."""

ALL = 0.9
"""So much of a rise is all of it: where it lies the alert bears the name of that area."""


class Answers(NamedTuple):
    """What became of the calls of a period; those that have no end yet still wait."""

    offered: int
    answered: int
    within: int
    abandoned: int
    waiting: int
    limit: int
    """Within so many seconds a call is to be answered."""


class CountedPeriod(NamedTuple):
    """A closed period of a stretch. `start` is in ms; `observed` is None where it is not part of
    the stretch, as it has a name or is missing."""

    start: int
    observed: float | None
    expected: float


class PeriodLookup(Protocol):
    """What rules and the lifecycle may look up about a period."""

    def last(self, series: tuple[str, ...]) -> Signal | None:
        """The last closed period of a watched series, whether or not it is exceptional."""

    def day_so_far(self, series: tuple[str, ...]) -> Signal | None:
        """A series by the day, of the day up to its last closed hour, if there is something to
        show of that."""

    def since_onset(self, signal: Signal) -> Sequence[CountedPeriod]:
        """The periods in which a change of a count was found, from its onset to the signal's;
        empty where it was found in that one alone, or they are not known."""

    def answered(self, signal: Signal) -> Answers | None:
        """What became of the calls of a signal's period."""

    def mostly(self, signal: Signal) -> tuple[str, int] | None:
        """Where within its area a count mostly is, unlike usual: (the area, how many there)."""

    def wholly(self, signal: Signal) -> Signal | None:
        """The same signal for the smaller area that holds all of its rise, if there is one."""

    def alike(self, signal: Signal, since: int, ratio: float | None) -> int | None:
        """In how many areas within a count has moved since an instant, in all of them alike."""


class NoLookup:
    """Nothing can be looked up."""

    def last(self, series: tuple[str, ...]) -> Signal | None:
        """Not known."""
        return None

    def day_so_far(self, series: tuple[str, ...]) -> Signal | None:
        """Not known."""
        return None

    def since_onset(self, signal: Signal) -> Sequence[CountedPeriod]:
        """Not known."""
        return ()

    def answered(self, signal: Signal) -> Answers | None:
        """Not known."""
        return None

    def mostly(self, signal: Signal) -> tuple[str, int] | None:
        """Not known."""
        return None

    def wholly(self, signal: Signal) -> Signal | None:
        """Not known."""
        return None

    def alike(self, signal: Signal, since: int, ratio: float | None) -> int | None:
        """Not known."""
        return None


class _Within(NamedTuple):
    """An area that holds much of a rise in another one."""

    area: str
    there: int
    """How many there in the hour itself."""
    share: float
    """Of what is usual in the other one."""
    ratio: float | None
    """What came there since the change began over what was expected."""


class MonitorLookup:
    """Looks up of one force."""

    def __init__(self, monitor: Monitor, force: Force, context: RuleContext) -> None:
        self.monitor, self.force, self.context = monitor, force, context

    def last(self, series: tuple[str, ...]) -> Signal | None:
        """The last closed period of a watched series; None where that is missing."""
        found = self._watch(series)
        if found is None:
            return None
        watching, watch = found
        if watch.adapter.missing or not watch.adapter.starts:
            return None
        period = self.context.calendar.holding(watch.series.grain, watch.adapter.starts[-1])
        signal: Signal = watch.read(watching.context, period, period.end)
        return signal

    def day_so_far(self, series: tuple[str, ...]) -> Signal | None:
        """A series by the day, of the day up to its last closed hour, if there is something to
        show of that."""
        found = self._watch(series)
        if found is None:
            return None
        signal: Signal | None = found[0].day_so_far(found[1])
        return signal

    def since_onset(self, signal: Signal) -> Sequence[CountedPeriod]:
        """The periods in which a change of a count was found, from its onset to the signal's."""
        found = self._watch(signal.series)
        adapter = None if found is None else found[1].adapter
        if signal.onset is None or not isinstance(adapter, Counts):
            return ()
        if adapter.starts[-1:] != [signal.start]:
            return ()  # it has taken further periods since
        return [CountedPeriod(*each) for each in adapter.since(signal.onset)]

    def _watch(self, series: tuple[str, ...]) -> tuple[Any, Any] | None:
        """The watch of a series that has begun, and the surveillance that it belongs to."""
        _, group, measure, *row, area, grain = series
        named = REGISTRY.find(group, measure)
        if named is None:
            return None
        values = dict(each.partition("=")[::2] for each in row)
        if values.keys() != set(named[0].dimensions):
            return None
        key = group, (*(values[name] for name in named[0].dimensions), area)
        for shard in self.monitor.shards:
            watching: Any = shard.surveillance.get(self.force.id)
            if watching is None or shard.kind != named[0].kind:
                continue
            for watch in watching.grains[grain].begun.get(key, ()):
                if watch.series.measure.name == measure:
                    return watching, watch
        return None

    def answered(self, signal: Signal) -> Answers | None:
        """Of the calls of a signal's period, where it is about calls on a line."""
        line = signal.row.get("line", "") if signal.group == CALLS.name else ""
        ledger = self.monitor.ledger("call", self.force.id)
        if ledger is None or line not in self.force.line_index:
            return None
        start, end = signal.start, signal.end // MINUTE * MINUTE
        if not ledger.panes.keeps(start, end):
            return None
        calls = self.context.calls
        rows = calls.rows(calls.sums(ledger.panes.between(start, end)))
        row = find(rows, line=line, area=signal.area)
        if row is None:
            return None
        targets = self.force.lines[self.force.line_index[line]].by_date()
        within, _ = held(self.force, targets, end - 1)
        offered, answered, in_time, abandoned, lost = (
            row.count_of(name) or 0
            for name in ("offered", "answered", "answered_within", "abandoned", "end_unknown")
        )
        waiting = offered - answered - abandoned - lost
        return Answers(offered, answered, in_time, abandoned, waiting, within)

    def mostly(self, signal: Signal) -> tuple[str, int] | None:
        """Where within its area most of an hour's rise is: (the id of the area, how many there).
        Hours are watched for the widest areas only, so no signal can bear its name.

        It holds `MOSTLY` of the excess since the change began, and so many would be there by chance
        once in a hundred times. Its usual share is that of its expected count by the day. Of
        several the innermost is told; None where there is none, or the shares are not known.
        """
        found = self._within(signal, MOSTLY)
        return None if found is None else (found.area, found.there)

    def wholly(self, signal: Signal) -> Signal | None:
        """The signal of the area within that all of an hour's rise is in: it holds `ALL` of the
        excess, likewise, and the rest of the hour is inside its usual range. What is usual there is
        its share of what is usual in the area that is watched; None where it is not all in one."""
        found = self._within(signal, ALL)
        if found is None or signal.expected is None:
            return None
        phi = dispersion(signal.expected, signal.lower, signal.upper, signal.within)
        here, rest = (
            Predictive(signal.expected * share, dispersion=phi)
            for share in (found.share, 1.0 - found.share)
        )
        lower, upper = here.limits(TAIL)
        of_hour = found.there - here.mean, signal.observed - signal.expected
        if found.there <= upper or of_hour[0] < ALL * of_hour[1]:
            return None  # it has been all there, and is not in this hour
        if signal.observed - found.there > rest.limits(TAIL)[1]:
            return None
        return msgspec.structs.replace(
            signal,
            area=found.area,
            observed=found.there,
            expected=here.mean,
            lower=lower,
            upper=upper,
            probability=here.at_least(found.there),
            ratio=found.ratio if signal.ratio else None,
        )

    def alike(self, signal: Signal, since: int, ratio: float | None) -> int | None:
        """In how many of the smallest areas within a count has moved since an instant, in each of
        them by more than chance and in all by the same `ratio` (that of the whole to the usual); at
        least three. None where they have not all moved, or not alike, or that is not known.

        What happens is hardly ever the same everywhere at once; a practice of recording is.
        """
        counts = self._by_area(signal, since)
        whole = counts.get(signal.area, 0)
        if not ratio or not whole:
            return None
        phi = dispersion(signal.expected, signal.lower, signal.upper, signal.within)
        wider = {area for chain in self.force.rollup for area in chain[1:]}
        parts = []
        for chain in self.force.rollup:
            if signal.area in chain[1:] and chain[0] not in wider:
                share = self._usual_share(signal, chain[0])
                if share is None:
                    return None
                parts.append(PartCount(counts.get(chain[0], 0), share * whole / ratio))
        everywhere = all(moved(part, signal.direction, phi) for part in parts)
        if len(parts) < FEWEST_ALIKE or not everywhere:
            return None
        return len(parts) if probability_alike(parts, phi) > UNLIKELY else None

    def _within(self, signal: Signal, least: float) -> _Within | None:
        """The innermost area that holds at least so much of an hour's rise."""
        if signal.grain != "hour" or signal.expected is None:
            return None
        since, expected = signal.start, signal.expected
        if signal.onset is not None and signal.onset < since and signal.ratio:
            since = signal.onset
        counts = self._by_area(signal, since)
        whole = counts.get(signal.area, 0)
        if since < signal.start and signal.ratio:
            expected = whole / signal.ratio
        best: tuple[int, str, float] | None = None
        for chain in self.force.rollup:
            count = counts.get(chain[0])
            if signal.area in chain[1:] and count:
                share = self._usual_share(signal, chain[0])
                if share is not None and _holds(count, whole, expected, share, least):
                    best = max(best or (0, "", 0.0), (len(chain), chain[0], share))
        if best is None:
            return None
        _, area, share = best
        there = self._by_area(signal, signal.start).get(area, 0)
        ratio = counts[area] / (share * expected) if share and expected else None
        return _Within(area, there, share, ratio) if there else None

    def _by_area(self, signal: Signal, start: int) -> dict[str, int]:
        """The count of the signal's row from an instant up to the end of its period, by area."""
        found = REGISTRY.find(signal.group, signal.measure)
        ledger = self.monitor.ledger(signal.kind, self.force.id)
        end = signal.end // MINUTE * MINUTE
        if found is None or ledger is None or not ledger.panes.keeps(start, end):
            return {}
        group, count = found[0], found[1].value
        if not isinstance(count, Count):
            return {}
        dims = tuple(signal.row[name] for name in group.dimensions)
        rollup = self.context.rollup(group, ledger.kind)
        sums: dict[str, int] = {}
        for series_key, counters in ledger.panes.between(start, end).items():
            for row in rollup.keys(series_key) if series_key <= SERIES_KEY_MASK else ():
                if row[:-1] == dims:
                    sums[row[-1]] = sums.get(row[-1], 0) + counters
        read = ledger.kind.layouts[0].read
        return {area: count.read(Figures(read(counters), {})) for area, counters in sums.items()}

    def _usual_share(self, signal: Signal, area: str) -> float | None:
        days = [self.last((*signal.series[:-2], at, "day")) for at in (area, signal.area)]
        here, all_ = (None if day is None else day.expected for day in days)
        return None if here is None or not all_ else min(1.0, here / all_)


def _holds(count: int, whole: int, expected: float, share: float, least: float) -> bool:
    """Whether an area holds so much of a rise from `expected` to `whole`, and not by chance."""
    excess = whole - expected
    most = excess > 0 and count - share * expected >= least * excess
    return most and binomial_tails(count, whole, share)[1] <= UNLIKELY
