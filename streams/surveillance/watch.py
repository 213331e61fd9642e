"""One watched series: its detector, and the signal that it makes of a period.

The registry says what a series is; its family says which detectors fit it
(`streams.surveillance.adapters.selection`). A watch begins with the first period in which it has
any records, so that a category that a force never uses costs nothing.
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
from streams.registry.kind import CounterLayout
from streams.surveillance.adapters.base import SHOWN, Adapter, Assessment, Point, RowCounts
from streams.surveillance.series import WatchedSeries
from streams.surveillance.signals import LOOKS, Direction, Grain, Signal

DatedChange = tuple[int, Change]
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
        self,
        series: WatchedSeries,
        counters: CounterLayout,
        adapter: Adapter,
        marks: Sequence[DatedChange] = (),
    ) -> None:
        self.series, self.counters, self.adapter = series, counters, adapter
        self.marks = marks
        """Changes of recording across which its figures are still compared."""
        self.since: str | None = None
        """Why the baseline began anew, if it did."""
        self.signal: Signal | None = None
        """The latest."""
        self.kept: Baseline | None = None
        """What it had learned when that was last saved."""

    def feed(self, counts: RowCounts | None, point: Point, *, normal: bool = True) -> bool:
        """Takes a period (None: a gap); tells whether there is something to show of it. One that
        is not normal is judged where the family can do so without learning it, else a gap."""
        if not normal:
            judged = self.adapter.judge_only(counts, point)
            return judged and self.adapter.shown
        self.adapter.update(counts, point)
        return counts is not None and self.adapter.shown

    def restart(self, reason: str) -> None:
        """Forgets what came before a change of recording."""
        self.since = reason
        self.signal = None
        self.adapter.restart(reason)

    def make_signal(self, context: Context, period: Period, now: int) -> Signal:
        """The signal of the period that was taken last."""
        self.signal = self.read(context, period, now)
        return self.signal

    def read(self, context: Context, period: Period, now: int) -> Signal:
        """The same, whether or not there is anything to tell; it is not kept."""
        adapter = self.adapter
        caveats = self._caveats(period, adapter.event_of())
        return self._signal(context, period, now, adapter.assessment(), adapter.onset, caveats)

    def judge(
        self, context: Context, period: Period, point: Point, counters: int, share: float
    ) -> Signal | None:
        """What is to be said of a period so far, of which that share has passed."""
        assessment = self.adapter.judge(self.counters.read(counters), point, share)
        if assessment is None or assessment.rate * LOOKS > self.adapter.allowed * SHOWN:
            return None
        assessment = replace(assessment, rate=assessment.rate * LOOKS)
        caveats = self._caveats(period, self.adapter.event_of(point.names))
        return self._signal(context, period, period.end, assessment, None, caveats, running=True)

    def _caveats(self, period: Period, event: tuple[Sequence[str], bool]) -> tuple[str, ...]:
        """What has to be known of what a period is compared with."""
        told = []
        if self.since is not None and self.adapter.state != "ready":
            told.append(said.only_since(self.since))
        names, only = event
        if names:
            told.append(said.known_from(names, only=only))
        grain = self.series.grain
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
        assessment: Assessment,
        onset: int | None,
        caveats: tuple[str, ...],
        *,
        running: bool = False,
    ) -> Signal:
        series, allowed = self.series, self.adapter.allowed
        measure = series.measure
        return Signal(
            force=context.force.id,
            kind=series.group.kind,
            group=series.group.name,
            measure=measure.name,
            row=series.row,
            area=series.area,
            grain=series.grain,
            period=period.label,
            start=period.start,
            end=period.end,
            method=assessment.method,
            theme=series.theme,
            direction=assessment.direction,
            polarity=news(measure.polarity, assessment.direction),
            observed=assessment.observed,
            expected=assessment.expected,
            lower=assessment.lower,
            upper=assessment.upper,
            within=assessment.within,
            probability=assessment.probability,
            rate=assessment.rate,
            allowed=allowed,
            onset=onset,
            ratio=assessment.ratio,
            before=assessment.before,
            after=assessment.after,
            first=assessment.first,
            cases=assessment.cases,
            rebased=assessment.rebased,
            state=self.adapter.state,
            notify=assessment.rate <= allowed,
            running=running,
            words=self._words(context, period, now, assessment, onset, caveats, running=running),
            caveats=caveats,
        )

    def _words(
        self,
        context: Context,
        period: Period,
        now: int,
        assessment: Assessment,
        onset: int | None,
        caveats: tuple[str, ...],
        *,
        running: bool,
    ) -> str:
        force, calendar, unit = context.force, context.calendar, self.series.measure.unit
        happened = said.when(calendar, period, now, running=running, first=assessment.first)
        told = (
            f"{said.subject(force, self.series.watch, self.series.row)}, "
            f"{said.place(force, self.series.area)}: "
            f"{said.figure(assessment.observed, unit, assessment.cases)} {happened}"
        )
        if onset is None or said.fits(assessment):
            told += f", {said.usual(assessment.lower, assessment.upper, unit, assessment.observed)}"
        told += "."
        if onset is not None:
            span = said.span(calendar, period, onset)
            began = said.since(calendar, period.grain, onset, now)
            told += " " + said.change(assessment, began, unit, span)
        if assessment.rebased is not None:
            told += " " + said.rebased(*assessment.rebased)
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
