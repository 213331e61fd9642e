"""The next hours of calls, and the handlers that they need: the board's part `ahead`.

Calls by hour and line are forecast from what the detectors have learned of the line's week, times
how busy it has been lately (`detectors.counts.hours_ahead`); how they are served is learned from
the last four weeks (`streams.surveillance.staffing`), for the target that holds in the hour. Of the
room it is asked how many handlers one queue of all lines needs, in which calls are answered in the
order in which they came; where emergencies go first, they do better than that and the others worse.

What is said is made once an hour, and again where the roster changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.counts.hours_ahead import LAST_HOURS, Departure, departure, hours_ahead, level, swing
from detectors.counts.predictive import Predictive, limits
from streams.board.model import Handlers, HourAhead, HoursAhead, LineAhead, RoomHour
from streams.board.monitor import Monitor
from streams.config.force import WHOLE, Force, TelephoneLine
from streams.config.targets import held
from streams.fold.gaps import first_record
from streams.fold.ledger import Ledger
from streams.fold.readings import Readings
from streams.periods import DAY, HOUR, Calendar, Period, rfc3339
from streams.registry.calls import CALL, CALLS
from streams.registry.counting import SERIES_KEY_MASK
from streams.registry.measures import SERVICE_LEVELS
from streams.registry.phrases import few, percent
from streams.surveillance.staffing import (
    ROSTERED,
    Rosters,
    Serving,
    beside_roster,
    needs,
    out_of_reach,
    rates_of,
    roster_of,
    serving_of,
    staffed,
)

if TYPE_CHECKING:  # slow to import
    from streams.surveillance.service import Surveillance

AHEAD = 12
"""Hours."""
SWING = 56 * DAY
"""Over so much time before, in ms, it is learned how a line's level swings."""
RECENT = 28 * DAY
"""The same of handling times and patience. All of it is within the horizon of calls, so that what
is newly counted is counted of all of it."""
LATELY = 7 * DAY
"""From so long before on, in ms, the level now is followed."""
UNSETTLED = 2 * DAY
"""How long, in ms, an hour is read again: calls may still come, or end."""
COUNTERS = (
    "offered", "answered", "abandoned", "abandoned_wait", "sum",
    "handled", "handling_time", "wrapped_up", "wrap_up_time",
)  # fmt: skip
"""What is read of every hour."""


class _Learned(NamedTuple):
    """Of a line: what its next hours bring, how busy it is, and how its calls are served."""

    hours: list[Predictive]
    busy: float | None
    serving: Serving | None
    reason: str
    """Why nothing is known of its hours; and why not how its calls are served."""
    handlers_reason: str
    departed: Departure | None = None
    """The last hours, where they brought another number than ordinary days do."""


class Ahead:
    """The next hours of the calls of one force."""

    def __init__(self, monitor: Monitor, force: Force) -> None:
        self.monitor, self.force = monitor, force
        self.calendar = Calendar(force.zone)
        self.formula = SERVICE_LEVELS[force.file.service_level].share
        self._hours: dict[int, dict[str, list[int]]] = {}
        """By start of an hour, in ms, the counters of each line."""
        self._ledger: Ledger | None = None
        self._made: tuple[object, HoursAhead] | None = None

    def view(self, at: int) -> HoursAhead | None:
        """What is to come after the hour of an instant, in ms; None where no calls are watched by
        the hour, and of an instant that is not of now."""
        watching = self._watching()
        if watching is None:
            return None
        last = watching.grains["hour"].last
        if not last or at < last:
            return None
        readings = self.monitor.readings(self.force.id)
        roster = 0 if readings is None else readings.changes[ROSTERED]
        first = self.calendar.end("hour", self.calendar.start("hour", at))
        mark = watching, last, first, roster
        if self._made is None or self._made[0] != mark:
            self._made = mark, self._view(watching, last + HOUR, first, readings)
        return self._made[1]

    def _watching(self) -> Surveillance | None:
        for shard in self.monitor.shards:
            if shard.kind == CALL.name and self.force.id in shard.surveillance:
                watching: Surveillance = shard.surveillance[self.force.id]
                return watching
        return None

    def _view(
        self, watching: Surveillance, until: int, first: int, readings: Readings | None
    ) -> HoursAhead:
        """`until` is the end of the last closed hour, `first` the start of the first to come."""
        self._read(watching.ledger, until)
        starts = [first + place * HOUR for place in range(AHEAD)]
        learned = {
            line.id: self._learned(watching, line, until, starts) for line in self.force.lines
        }
        rosters = roster_of(readings, self.calendar, starts)
        lines = [self._line(line, learned[line.id], starts, rosters) for line in self.force.lines]
        room, reason = self._room(learned, starts, rosters)
        return HoursAhead(rfc3339(until, self.force.zone), lines, room, reason)

    # -- what the hours before were ----------------------------------------------------------------

    def _read(self, ledger: Ledger, until: int) -> None:
        """Reads the hours that are not known yet, and those that may have changed."""
        if ledger is not self._ledger:
            self._ledger, self._hours = ledger, {}
        oldest = max(until - SWING, ledger.panes.days_before)
        held = {at: each for at, each in self._hours.items() if oldest <= at < until - UNSETTLED}
        layout, split = ledger.kind.layouts[0], ledger.kind.series.split
        place = [each.name for each in ledger.kind.dimensions].index("line")
        lines = [line.id for line in self.force.lines]
        whose: dict[int, str] = {}
        for at in range(ledger.calendar.start("hour", oldest), until, HOUR):
            if at in held:
                continue
            sums: dict[str, int] = {}
            for pane in ledger.panes.within(at, at + HOUR):
                for key, value in pane.items():
                    if key <= SERIES_KEY_MASK:
                        if key not in whose:
                            whose[key] = lines[split(key)[place]]
                        sums[whose[key]] = sums.get(whose[key], 0) + value
            held[at] = {
                line: [(total >> layout.shift[name]) & layout.mask[name] for name in COUNTERS]
                for line, total in sums.items()
            }
        self._hours = held

    def _sums(self, line: str, since: int) -> dict[str, int]:
        rows = [each[line] for at, each in self._hours.items() if at >= since and line in each]
        return dict(zip(COUNTERS, map(sum, zip(*rows, strict=True)), strict=False)) if rows else {}

    def _learned(
        self, watching: Surveillance, line: TelephoneLine, until: int, starts: Sequence[int]
    ) -> _Learned:
        serving, why = serving_of(self._sums(line.id, until - RECENT))
        watched = watching.count_of("hour", CALLS.name, "offered", {"line": line.id}, WHOLE)
        if watched is None:
            return _Learned([], None, serving, "no call was counted on it yet", why)
        series, adapter = watched
        if adapter.state == "learning":
            return _Learned([], None, serving, adapter.about.partition(";")[0], why)
        since = first_record(watching.ledger.panes)
        before = [at for at in self._hours if since is not None and at >= since]
        counts = [
            float(self._hours[at].get(line.id, _NONE)[0])
            if watching.is_ordinary(series, Period("hour", "", at, at + HOUR))
            else None
            for at in before
        ]

        known: dict[tuple[int, tuple[str, ...]], Predictive] = {}

        def usual(at: int) -> Predictive:
            local = self.calendar.local(at)
            slot = local.weekday() * 24 + local.hour
            names = tuple(watching.days.names(WHOLE, local.date()))
            if (slot, names) not in known:
                known[slot, names] = adapter.expected.forecast(slot, names)
            return known[slot, names]

        means = [usual(at).mean for at in before]
        by = swing(counts[:-LAST_HOURS], means[:-LAST_HOURS])  # without what is held against it
        lately = sum(at < until - LATELY for at in before)
        now = level(counts[lately:], means[lately:], by)
        to_come = [usual(at) for at in range(until, starts[-1] + HOUR, HOUR)]
        last = before[-LAST_HOURS:]
        departed = departure(counts[-LAST_HOURS:], list(map(usual, last)), by)
        hours = hours_ahead(now, by, to_come, departed)[-len(starts) :]
        busy = now.value if departed is None else departed.ratio
        return _Learned(hours, busy, serving, "", why, departed)

    # -- what is to come -------------------------------------------------------------------------

    def _line(
        self, line: TelephoneLine, learned: _Learned, starts: Sequence[int], rosters: Rosters
    ) -> LineAhead:
        seconds, target = held(self.force, line.by_date(), starts[0])
        serving = learned.serving
        made = LineAhead(
            line=line.id,
            name=line.name,
            within_seconds=seconds,
            target=target,
            level=None if learned.busy is None else round(learned.busy, 3),
            handling_seconds=None if serving is None else round(serving.handling, 1),
            wrap_up=serving is not None and serving.wrapped_up,
            reason=learned.reason,
            handlers_reason=learned.handlers_reason,
        )
        if learned.departed is not None:
            made.departed = _departed(line, learned.departed)
        if serving is not None and serving.gives_up:
            made.patience_seconds = round(serving.patience, 1)
        if not learned.hours:
            return made
        if target is None and not made.handlers_reason:
            made.handlers_reason = "no target is set"
        elif target is not None and not made.handlers_reason:
            made.handlers_reason = out_of_reach(target)
        fields = np.array([[e.mean, e.spread, e.dispersion, 0.0] for e in learned.hours])
        (low_80, high_80), (low_95, high_95) = limits(fields, 0.1), limits(fields, 0.025)
        for place, (at, each) in enumerate(zip(starts, learned.hours, strict=True)):
            seconds, target = held(self.force, line.by_date(), at)
            handlers = Handlers(rostered=rosters.of(line.id, at))
            if serving is not None and target is not None and not out_of_reach(target):
                served = partial(serving.level, self.formula, seconds)
                handlers = staffed(rates_of(each), serving.handling, [(served, target)], handlers)
            interval = f"({low_80[place]:,} to {high_80[place]:,})"
            said = f"{self._clock(at)}: {_calls(each.mean)} expected {interval}"
            if handlers.needed is not None and target is not None:
                said += f", {needs(handlers.needed)} for {percent(target)} within {seconds} s"
            made.hours.append(
                HourAhead(
                    rfc3339(at, self.force.zone),
                    round(each.mean, 1),
                    int(low_80[place]),
                    int(high_80[place]),
                    int(low_95[place]),
                    int(high_95[place]),
                    handlers,
                    said + beside_roster(handlers),
                )
            )
        return made

    def _room(
        self, learned: Mapping[str, _Learned], starts: Sequence[int], rosters: Rosters
    ) -> tuple[list[RoomHour], str]:
        """All lines with a target as one queue, or why that is not known."""
        lines = [
            line
            for line in self.force.lines
            if held(self.force, line.by_date(), starts[0])[1] is not None
        ]
        if len(lines) < 2:
            return [], "fewer than two lines have a target"
        for line in lines:
            if why := learned[line.id].reason or learned[line.id].handlers_reason:
                return [], f"{line.name}: {why}"
            if why := out_of_reach(held(self.force, line.by_date(), starts[0])[1] or 0.0):
                return [], f"{line.name}: {why}"
        hours = []
        for place, at in enumerate(starts):
            parts = [learned[line.id].hours[place] for line in lines]
            each = _together(parts)
            serving = _joined([learned[line.id] for line in lines], parts)
            asked = []
            for line in lines:
                seconds, target = held(self.force, line.by_date(), at)
                if target is not None:
                    asked.append((partial(serving.level, self.formula, seconds), target))
            handlers = Handlers(rostered=rosters.room(at, [line.id for line in self.force.lines]))
            handlers = staffed(rates_of(each), serving.handling, asked, handlers)
            said = f"{self._clock(at)}: {_calls(each.mean)} expected on all lines"
            if handlers.needed is not None:
                said += f", {needs(handlers.needed)} for all targets"
            start = rfc3339(at, self.force.zone)
            said += beside_roster(handlers)
            hours.append(RoomHour(start, round(each.mean, 1), handlers, said))
        return hours, ""

    def _clock(self, at: int) -> str:
        return f"{self.calendar.local(at):%H:%M}"


_NONE = [0] * len(COUNTERS)


def _joined(lines: Sequence[_Learned], parts: Sequence[Predictive]) -> Serving:
    """How the calls of several lines are served, each by how many are expected of it. Of hazards of
    giving up the mean is taken."""
    weights = np.array([each.mean for each in parts])
    weights = weights / weights.sum() if weights.sum() > 0.0 else np.ones(len(parts)) / len(parts)
    of = [each.serving for each in lines if each.serving is not None]
    handling = float(weights @ [each.handling for each in of])
    patience = float(1.0 / (weights @ [1.0 / each.patience for each in of]))
    wrapped_up = all(each.wrapped_up for each in of)
    return Serving(handling, patience, wrapped_up, all(each.gives_up for each in of))


def _together(parts: Sequence[Predictive]) -> Predictive:
    """The sum of several counts that are high and low together, as those of one room are: a busy
    evening is busy on all lines. Were each taken by itself, too few handlers would be asked for."""
    mean = sum(each.mean for each in parts)
    if mean <= 0.0:
        return Predictive(0.0)
    spread = (sum(sqrt(each.spread) * each.mean for each in parts) / mean) ** 2
    return Predictive(mean, spread, sum(each.dispersion * each.mean for each in parts) / mean)


def _departed(line: TelephoneLine, found: Departure) -> str:
    """What the last hours brought, and what that means for the next ones."""
    span = "hour" if found.hours == 1 else f"{found.hours} hours"
    said = (
        f"{line.name}: {_calls(found.observed)} in the last {span}, where {few(found.expected)} "
        "were expected."
    )
    if found.ratio < 1.0:
        return f"{said} The next hours are forecast from the usual level."
    return f"{said} That is carried on, and wears off by half in two hours: it may last longer."


def _calls(mean: float) -> str:
    said = few(mean)
    return f"{said} call{'s' * (said != '1')}"
