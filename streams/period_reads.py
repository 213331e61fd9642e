"""What the alert book looks up of a period, from the watches and the ledgers of a monitor."""

from __future__ import annotations

from typing import Any

from detectors.proportion import binomial_tails
from streams.figures import Count, Figures
from streams.force import Force
from streams.measures import GROUPS, Group, Measure
from streams.monitor import Monitor
from streams.periods import MINUTE
from streams.records import LEAF_MASK
from streams.signals import Signal
from streams.situation import Situation, held
from streams.swallow import MOSTLY

UNLIKELY = 0.01
"""How unlikely it is that so many of a rise are in an area by chance, where it is named."""


class PeriodReads:
    """Looks up of one force."""

    def __init__(self, monitor: Monitor, force: Force, situation: Situation) -> None:
        self.monitor, self.force, self.situation = monitor, force, situation

    def last(self, series: tuple[str, ...]) -> Signal | None:
        """The last closed period of a watched series; None where that is missing."""
        found = self._watch(series)
        if found is None:
            return None
        watching, watch = found
        if watch.adapter.missing or not watch.adapter.starts:
            return None
        period = self.situation.calendar.holding(watch.watched.grain, watch.adapter.starts[-1])
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

    def _watch(self, series: tuple[str, ...]) -> tuple[Any, Any] | None:
        """The watch of a series that has begun, and the surveillance that it belongs to."""
        _, group, measure, *row, area, grain = series
        named = _named(group, measure)
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
                if watch.watched.measure.name == measure:
                    return watching, watch
        return None

    def answered(self, signal: Signal) -> tuple[int, int, int] | None:
        """Of the calls of a signal's period."""
        line = signal.row.get("line", "")
        ledger = self.monitor.ledger("call", self.force.id)
        if ledger is None or line not in self.force.line_index:
            return None
        start, end = signal.start, signal.end // MINUTE * MINUTE
        if not ledger.panes.keeps(start, end):
            return None
        for row in self.situation.calls.rows(ledger.panes.between(start, end)):
            if (row["line"], row["area"]) == (line, signal.area):
                level: Any = row["service_level"]
                targets = self.force.lines[self.force.line_index[line]].targets
                return level["numerator"], level["denominator"], held(self.force, targets, end)[0]
        return None

    def mostly(self, signal: Signal) -> tuple[str, int] | None:
        """Where within its area most of an hour's rise is: (the id of the area, how many there).
        Hours are watched for the widest areas only, so no alert can bear its name.

        It holds `MOSTLY` of the excess since the change began, and so many would be there by chance
        once in a hundred times. Its usual share is that of its expected count by the day. Of
        several the innermost is told; None where there is none, or the shares are not known.
        """
        if signal.grain != "hour" or signal.expected is None:
            return None
        since, expected = signal.start, signal.expected
        if signal.onset is not None and signal.onset < since and signal.ratio:
            since = signal.onset
        counts = self._by_area(signal, since)
        whole = counts.get(signal.area, 0)
        if since < signal.start and signal.ratio:
            expected = whole / signal.ratio
        best: tuple[int, str] | None = None
        for chain in self.force.rollup:
            if signal.area in chain[1:] and counts.get(chain[0]):
                share = self._usual_share(signal, chain[0])
                if share is not None and _holds(counts[chain[0]], whole, expected, share):
                    best = max(best or (0, ""), (len(chain), chain[0]))
        there = 0 if best is None else self._by_area(signal, signal.start).get(best[1], 0)
        return (best[1], there) if best is not None and there else None

    def _by_area(self, signal: Signal, start: int) -> dict[str, int]:
        """The count of the signal's row from an instant up to the end of its period, by area."""
        found = _named(signal.group, signal.measure)
        ledger = self.monitor.ledger(signal.kind, self.force.id)
        end = signal.end // MINUTE * MINUTE
        if found is None or ledger is None or not ledger.panes.keeps(start, end):
            return {}
        group, count = found[0], found[1].value
        if not isinstance(count, Count):
            return {}
        dims = tuple(signal.row[name] for name in group.dimensions)
        rollup = self.situation.rollup(group, ledger.kind)
        cells: dict[str, int] = {}
        for leaf, cell in ledger.panes.between(start, end).items():
            for row in rollup.keys(leaf) if leaf <= LEAF_MASK else ():
                if row[:-1] == dims:
                    cells[row[-1]] = cells.get(row[-1], 0) + cell
        read = ledger.kind.cell.read
        return {area: count.read(Figures(read(cell), {})) for area, cell in cells.items()}

    def _usual_share(self, signal: Signal, area: str) -> float | None:
        days = [self.last((*signal.series[:-2], at, "day")) for at in (area, signal.area)]
        here, all_ = (None if day is None else day.expected for day in days)
        return None if here is None or not all_ else min(1.0, here / all_)


def _holds(count: int, whole: int, expected: float, share: float) -> bool:
    """Whether an area holds most of a rise from `expected` to `whole`, and not by chance."""
    excess = whole - expected
    most = excess > 0 and count - share * expected >= MOSTLY * excess
    return most and binomial_tails(count, whole, share)[1] <= UNLIKELY


def _named(group: str, measure: str) -> tuple[Group, Measure] | None:
    for each in GROUPS:
        if each.name == group:
            return next(((each, m) for m in each.measures if m.name == measure), None)
    return None
