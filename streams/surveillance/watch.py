"""One watched series: its detector, and the signal that it makes of a period.

The registry says which series there are; `streams.surveillance.adapters.selection` says which
detector fits one. A watch begins with the first period in which it has
any records, so that a category that a force never uses costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from detectors.counts.weekly.baseline import Baseline
from streams.config.force import Force, SystemChange
from streams.periods import DAY, HOUR, Calendar, Period
from streams.registry import phrases
from streams.registry.counting import CounterLayout
from streams.surveillance.adapters.base import SHOWN, Adapter, Assessment, OwnAdapter, PeriodPoint
from streams.surveillance.series import WatchedSeries
from streams.surveillance.signals import LOOKS, Direction, Grain, Signal

DatedChange = tuple[int, SystemChange]
"""The instant from which on a change of recording holds, in ms, and the change."""
ACROSS: dict[Grain, int] = {"hour": 182 * DAY, "day": 182 * DAY, "month": 365 * DAY}
"""By grain how long after a change, in ms, most of what a baseline knows is from before it
(`detectors.counts.expected` forgets half in 26 weeks; a month is compared with 12)."""
LENGTH: dict[Grain, float] = {"hour": HOUR, "day": DAY, "month": 30.4375 * DAY}


@dataclass(frozen=True, slots=True)
class Context:
    """The force whose series are watched, and its calendar."""

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
        """Changes of recording across which its figures are still compared, with a caveat."""
        self.since: str | None = None
        """Why the baseline began anew, if it did."""
        self.signal: Signal | None = None
        """The latest."""
        self.kept: Baseline | None = None
        """What it had learned from complete weeks when that was last saved."""

    def restart(self, reason: str) -> None:
        """Forgets what came before a change of recording."""
        self.since = reason
        self.signal = None
        self.adapter.restart(reason)

    def make_signal(self, context: Context, period: Period, now: int) -> Signal:
        """Makes the signal of the period that was fed last, and keeps it."""
        self.signal = self.read(context, period, now)
        return self.signal

    def read(self, context: Context, period: Period, now: int) -> Signal:
        """The same, whether or not there is anything to show; it is not kept."""
        adapter = self.adapter
        caveats = self._caveats(period, adapter.event_of())
        return self._signal(context, period, now, adapter.assessment(), adapter.onset, caveats)

    def judge(
        self, context: Context, period: Period, point: PeriodPoint, counters: int, share: float
    ) -> Signal | None:
        """The signal of a period of which that `share` has passed, if there is one; `counters` are
        those so far, as one integer."""
        assessment = self.adapter.judge(self.counters.read(counters), point, share)
        if assessment is None or assessment.rate * LOOKS > self.adapter.allowed * SHOWN:
            return None
        assessment = replace(assessment, rate=assessment.rate * LOOKS)
        caveats = self._caveats(period, self.adapter.event_of(point.names))
        return self._signal(context, period, period.end, assessment, None, caveats, running=True)

    def _caveats(self, period: Period, event: tuple[Sequence[str], bool]) -> tuple[str, ...]:
        """Sentences on what a period is compared with, which whoever reads the signal must know."""
        caveats = []
        if self.since is not None and self.adapter.state != "ready":
            caveats.append(phrases.only_since(self.since))
        names, only = event
        if names:
            caveats.append(phrases.known_from(names, only=only))
        grain = self.series.grain
        begun = period.start - self.adapter.taken * LENGTH[grain]
        for at, change in self.marks:
            if begun < at <= period.start < at + ACROSS[grain]:
                caveats.append(phrases.across(change.what, change.kind, change.date))
        return tuple(caveats)

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
            season=assessment.season,
            same_months=assessment.same_months,
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
        happened = phrases.when(calendar, period, now, running=running, first=assessment.first)
        sentences = (
            f"{phrases.subject(force, self.series.watch, self.series.row)}, "
            f"{phrases.place(force, self.series.area)}: "
            f"{phrases.figure(assessment.observed, unit, assessment.cases)} {happened}"
        )
        if onset is None or phrases.fits(assessment):
            sentences += (
                f", {phrases.usual(assessment.lower, assessment.upper, unit, assessment.observed)}"
            )
        sentences += "."
        if onset is not None:
            span = phrases.span(calendar, period, onset)
            began = phrases.since(calendar, period.grain, onset, now)
            sentences += " " + phrases.change(assessment, began, unit, span)
        if assessment.rebased is not None:
            sentences += " " + phrases.rebased(*assessment.rebased)
        return " ".join((sentences, *caveats))

    def save(self) -> dict[str, Any]:
        """The state, to be encoded before the next period, without what the counts of all series
        hold together."""
        adapter = self.adapter.save() if isinstance(self.adapter, OwnAdapter) else None
        held = {"since": self.since, "adapter": adapter, "signal": self.signal}
        return {name: value for name, value in held.items() if value is not None}

    def restore(self, saved: dict[str, Any]) -> None:
        """Goes on where the saved one stood; anew where another detector was chosen since."""
        if isinstance(self.adapter, OwnAdapter):
            kept = saved.get("adapter")
            if kept is None or kept.get("use", "") != self.adapter.use:
                return
            self.adapter.restore(kept)
        self.since = saved.get("since")
        found = saved.get("signal")
        self.signal = None if found is None else msgspec.convert(found, Signal)


def news(polarity: str, direction: Direction) -> Literal["bad", "good", "neutral"]:
    """Whether a direction is good or bad for a measure."""
    if polarity == "neutral":
        return "neutral"
    return "good" if (polarity == "up_good") == (direction == "up") else "bad"
