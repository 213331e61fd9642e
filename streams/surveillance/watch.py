"""One watched series: its detector, and the signal that it makes of a period.

The registry says what a series is; its family says which detectors fit it
(`streams.surveillance.adapters.choice`). A watch begins with the first period in which it has any
records, so that a category that a force never uses costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from detectors.counts.weekly.baseline import Baseline
from streams.config.force import Change, Force
from streams.periods import DAY, HOUR, Calendar, Period
from streams.registry import phrases as said
from streams.registry.kind import Cell
from streams.surveillance.adapters.base import SHOWN, Adapter, Lanes, Point, Reading
from streams.surveillance.series import Watched
from streams.surveillance.signals import LOOKS, Direction, Grain, Signal

Mark = tuple[int, Change]
"""A change of recording, and the instant from which on it holds."""
ACROSS: dict[Grain, int] = {"hour": 182 * DAY, "day": 182 * DAY, "month": 365 * DAY}
"""For so long most of what a baseline holds is from before a change (`detectors.counts.expected`
forgets a half in 26 weeks; a month is held against 12)."""
LENGTH: dict[Grain, float] = {"hour": HOUR, "day": DAY, "month": 30.4375 * DAY}


@dataclass(frozen=True, slots=True)
class Context:
    """Whose series they are."""

    force: Force
    calendar: Calendar


class Watch:
    """A series and its detector."""

    def __init__(
        self, watched: Watched, cell: Cell, adapter: Adapter, marks: Sequence[Mark] = ()
    ) -> None:
        self.watched, self.cell, self.adapter = watched, cell, adapter
        self.marks = marks
        """Changes of recording across which its figures are still compared."""
        self.since: str | None = None
        """Why the baseline began anew, if it did."""
        self.signal: Signal | None = None
        """The latest."""
        self.kept: Baseline | None = None
        """What it had learned when that was last saved."""

    def feed(self, lanes: Lanes | None, point: Point, *, normal: bool = True) -> bool:
        """Takes a period (None: a gap); tells whether there is something to show of it. One that
        is not normal is judged where the family can do so without learning it, else a gap."""
        if not normal:
            judged = self.adapter.judge_only(lanes, point)
            return judged and self.adapter.shown
        self.adapter.update(lanes, point)
        return lanes is not None and self.adapter.shown

    def restart(self, reason: str) -> None:
        """Forgets what came before a change of recording."""
        self.since = reason
        self.signal = None
        self.adapter.restart(reason)

    def tell(self, context: Context, period: Period, now: int) -> Signal:
        """The signal of the period that was taken last."""
        self.signal = self.read(context, period, now)
        return self.signal

    def read(self, context: Context, period: Period, now: int) -> Signal:
        """The same, whether or not there is anything to tell; it is not kept."""
        adapter = self.adapter
        caveats = self._caveats(period, adapter.event_of())
        return self._signal(context, period, now, adapter.reading(), adapter.onset, caveats)

    def judge(
        self, context: Context, period: Period, point: Point, counters: int, share: float
    ) -> Signal | None:
        """What is to be said of a period so far, of which that share has passed."""
        reading = self.adapter.judge(self.cell.read(counters), point, share)
        if reading is None or reading.rate * LOOKS > self.adapter.allowed * SHOWN:
            return None
        reading = replace(reading, rate=reading.rate * LOOKS)
        caveats = self._caveats(period, self.adapter.event_of(point.names))
        return self._signal(context, period, period.end, reading, None, caveats, running=True)

    def _caveats(self, period: Period, event: tuple[Sequence[str], bool]) -> tuple[str, ...]:
        """What has to be known of what a period is compared with."""
        told = []
        if self.since is not None and self.adapter.state != "ready":
            told.append(said.only_since(self.since))
        names, only = event
        if names:
            told.append(said.known_from(names, only=only))
        grain = self.watched.grain
        begun = period.start - self.adapter.taken * LENGTH[grain]
        for at, change in self.marks:
            if begun < at <= period.start < at + ACROSS[grain]:
                told.append(said.across(change.what, change.kind, change.date))
        return tuple(told)

    def _signal(
        self,
        context: Context,
        period: Period,
        now: int,
        reading: Reading,
        onset: int | None,
        caveats: tuple[str, ...],
        *,
        running: bool = False,
    ) -> Signal:
        watched, allowed = self.watched, self.adapter.allowed
        measure = watched.measure
        return Signal(
            force=context.force.id,
            kind=watched.group.kind,
            group=watched.group.name,
            measure=measure.name,
            row=watched.row,
            area=watched.area,
            grain=watched.grain,
            period=period.label,
            start=period.start,
            end=period.end,
            method=reading.method,
            theme=watched.theme,
            direction=reading.direction,
            polarity=news(measure.polarity, reading.direction),
            observed=reading.observed,
            expected=reading.expected,
            lower=reading.lower,
            upper=reading.upper,
            within=reading.within,
            probability=reading.probability,
            rate=reading.rate,
            allowed=allowed,
            onset=onset,
            ratio=reading.ratio,
            before=reading.before,
            after=reading.after,
            first=reading.first,
            cases=reading.cases,
            rebased=reading.rebased,
            state=self.adapter.state,
            notify=reading.rate <= allowed,
            running=running,
            words=self._words(context, period, now, reading, onset, caveats, running=running),
            caveats=caveats,
        )

    def _words(
        self,
        context: Context,
        period: Period,
        now: int,
        reading: Reading,
        onset: int | None,
        caveats: tuple[str, ...],
        *,
        running: bool,
    ) -> str:
        force, calendar, unit = context.force, context.calendar, self.watched.measure.unit
        happened = said.when(calendar, period, now, running=running, first=reading.first)
        told = (
            f"{said.subject(force, self.watched.watch, self.watched.row)}, "
            f"{said.place(force, self.watched.area)}: "
            f"{said.figure(reading.observed, unit, reading.cases)} {happened}"
        )
        if onset is None or said.fits(reading):
            told += f", {said.usual(reading.lower, reading.upper, unit, reading.observed)}"
        told += "."
        if onset is not None:
            span = said.span(calendar, period, onset)
            began = said.since(calendar, period.grain, onset, now)
            told += " " + said.change(reading, began, unit, span)
        if reading.rebased is not None:
            told += " " + said.rebased(*reading.rebased)
        return " ".join((told, *caveats))

    def save(self) -> dict[str, Any]:
        """The watch but for what it has learned, to be encoded before the next period."""
        signal = None if self.signal is None else self.signal.as_dict()
        return {"since": self.since, "adapter": self.adapter.save(), "signal": signal}

    def restore(self, saved: dict[str, Any], learned: dict[str, Any]) -> None:
        """Goes on where the saved one stood."""
        self.since = saved["since"]
        self.adapter.restore(saved["adapter"], learned)
        found = saved["signal"]
        self.signal = None if found is None else msgspec.convert(found, Signal)


def news(polarity: str, direction: Direction) -> Literal["bad", "good", "neutral"]:
    """Whether a direction is good or bad for a measure."""
    if polarity == "neutral":
        return "neutral"
    return "good" if (polarity == "up_good") == (direction == "up") else "bad"
