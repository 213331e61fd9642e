"""Surveillance: every watched series of one force and kind, fed as the periods of its ledger close.

A period's counters are read once, when the watermark closes it: that is the count as it was first
known, at the same age for every period, and a rebuild from the same log reads the same. What a
detector finds is a `Signal`, which stays on the board for a while (`detectors.calibration.episodes`
has how long). The running hour is judged by the part that has passed, and no detector learns from
it. The periods of a gap (`streams.fold.gaps`) are missing, and are taken all at once.

It knows no clock and no input or output: runners make it and keep its state.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import cast

import numpy as np

from detectors import special
from detectors.calibration.alarm_budget import FACTORS, GRAIN_SHARES, AlarmBudget
from detectors.calibration.episodes import JOINABLE_HOURS
from detectors.counts.expected import Expected
from detectors.counts.predictive import Predictive
from streams.board.model import WatchSummary
from streams.config.force import WHOLE, Force, SystemChange
from streams.fold.gaps import Gap, too_long
from streams.fold.ledger import Closing, Ledger
from streams.periods import DAY, HOUR, Period, Span
from streams.registry import phrases
from streams.registry.affected import affects
from streams.registry.dimensions import ALL
from streams.registry.registry import REGISTRY, Registry
from streams.surveillance.adapters.base import ONSET_STARTS as STARTS_KEPT
from streams.surveillance.adapters.base import TAIL, Adapter, PassedPeriods, PeriodPoint
from streams.surveillance.adapters.counts import Counts
from streams.surveillance.adapters.event_days import EventDays
from streams.surveillance.day_names import DayNames
from streams.surveillance.feedback import ExcludedStretch, Feedback
from streams.surveillance.grain_watches import GrainWatches
from streams.surveillance.missing import FORGOTTEN, MissingSpans
from streams.surveillance.series import PeriodCounts, WatchedSeries
from streams.surveillance.signals import Grain, Signal
from streams.surveillance.silence import together
from streams.surveillance.watch import Context, Watch

log = logging.getLogger("watchroom.surveillance")

SOME = 64
"""Series that are taken in one step: some ten milliseconds, where a week of them is learned."""


class Surveillance:
    """The watches of one ledger."""

    def __init__(self, force: Force, ledger: Ledger, registry: Registry = REGISTRY) -> None:
        special.load()  # now, and not while an hour that closes is waited for
        self.force, self.ledger = force, ledger
        self.context, self.registry = Context(force, ledger.calendar), registry
        self.days = DayNames(force)
        self.restarts = [
            (force.instant(c.date), c) for c in force.file.changes if c.effect == "restart"
        ]
        self.feedback = Feedback()
        self._coming: list[ExcludedStretch] = []
        """Stretches that are not known yet as of the periods that were taken."""
        self.on_signals: Callable[[list[Signal]], None] | None = None
        """Called with the signals of each period that closes, if there are any."""
        self.faults = 0
        """How often a detector failed on a period; the others went on."""
        self.fault = ""
        self.faults_of: Counter[str] = Counter()
        """The same since the start of the process, by the name of the series
        (`WatchedSeries.name`) or, where it is not of one, of what failed."""
        self.rebuilt = False
        """Whether detectors learned from counts as they stand now, not as they were first known."""
        self._begin()

    def _begin(self) -> None:
        alerts = self.force.file.alerts
        shares = {**GRAIN_SHARES, **alerts.shares.given()}
        factors = {**FACTORS, **alerts.factors.given()}
        budget = AlarmBudget(alerts.false_episodes_a_week, shares, factors)
        self.grains = {
            grain: GrainWatches(self.force, self.ledger, grain, budget, self.registry)
            for grain in cast("tuple[Grain, ...]", tuple(GRAIN_SHARES))
        }
        self._until = 0
        """The watermark at which the last period was taken."""
        self.missing = MissingSpans(self.ledger, self.grains, self._point)
        """The spans of event time in which the feed was down: missing, and no zeros."""

    def begin_anew(self) -> None:
        """Forgets all that was learned; what people have said of alerts stays."""
        breaks = self.missing.breaks
        self._begin()
        self.missing.breaks = breaks
        known, self.feedback, self._coming = self.feedback, Feedback(), []
        self.feed_back(known)

    @property
    def is_ahead(self) -> bool:
        """Whether it has taken periods that its ledger has not closed: the log is read again, and
        it goes on from what was learned before."""
        closed = self.ledger.closed_until
        return any(each.last >= max(1, closed[grain]) for grain, each in self.grains.items())

    def attach(self) -> None:
        """Subscribes to the ledger's closings and gaps, after whoever has subscribed already."""
        before, before_gap = self.ledger.on_close, self.ledger.on_gap

        def closed(closing: Closing) -> Iterator[None]:
            if before is not None:
                yield from before(closing) or ()
            yield from self.closed(closing)

        def passed(gap: Gap) -> Iterator[None]:
            if before_gap is not None:
                yield from before_gap(gap) or ()
            yield from self.passed(gap)

        self.ledger.on_close, self.ledger.on_gap = closed, passed
        self.ledger.on_empty = self.judge_empty

    def judge_empty(self, run: Span) -> list[Span]:
        """Which parts of a span without a record are missing. Those of their periods that had
        closed as quiet are unlearned. An error here stops no counting."""
        if run[1] <= self.grains["hour"].last:  # it was judged when the log was first read
            return [gap for gap in self.missing.gaps if gap[0] < run[1] and run[0] < gap[1]]
        try:
            found = self.missing.judge(run)
            for gap in found:
                for watches in self.grains.values():
                    watches.unlearn(*gap)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the fold
            self._failed(self.ledger.kind.name, "a stretch without a record", error)
            return too_long(run)
        return found

    def closed(self, closing: Closing) -> Iterator[None]:
        """Takes a period that has closed, in short steps; one that it has taken already is passed
        over, where a log is read again. An error here stops no counting."""
        grain = cast("Grain", closing.period.grain)
        if grain in self.grains and closing.period.start > self.grains[grain].last:
            try:
                signals = yield from self.take(closing.period, closing.watermark)
                signals += self._not_heard(closing.period)
                if signals and self.on_signals is not None:
                    self.on_signals(signals)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the fold
                self._failed(self.ledger.kind.name, closing.period.label, error)

    def _not_heard(self, closed: Period) -> list[Signal]:
        """Signals of the spans in which the feed was down, made as the first period after them
        closes."""
        ledger, kind = self.ledger, self.ledger.kind.name
        return [
            Signal(
                force=self.force.id,
                kind=kind,
                group="feeds",
                measure=kind,
                area=WHOLE,
                grain=grain,
                period=ledger.calendar.label(grain, ledger.calendar.start(grain, start)),
                start=start,
                end=end,
                method="silence",
                theme="feeds",
                direction="down",
                polarity="bad",
                observed=0,
                onset=start,
                words=phrases.missing(
                    kind, self.force, phrases.stretch(ledger.calendar, start, end)
                ),
            )
            for grain, start, end in self.missing.to_report(closed)
        ]

    def take(self, period: Period, now: int) -> Generator[None, None, list[Signal]]:
        """Gives the detectors a period, with the counts as they are, in short steps; returns its
        signals. `now` is the watermark."""
        watches = self.grains[cast("Grain", period.grain)]
        watches.note_change()
        try:
            return (yield from self._take(watches, period, now))
        finally:
            watches.note_change()  # whoever read between two steps saw what was learned so far

    def _take(
        self, watches: GrainWatches, period: Period, now: int
    ) -> Generator[None, None, list[Signal]]:
        first, last, watches.last = watches.last == 0, watches.last, period.start
        self._forget_known(now - 1)
        self._until = max(self._until, now)
        if not watches.by_row or (first and not self._whole_months(period)):
            return []  # nothing is watched by it, or the feed began within it
        pane = self.ledger.panes.between(period.start, period.end)
        sums = watches.rows.read(pane)
        for row in sums:
            if row not in watches.begun:
                watches.begin(row)
        if not watches.begun:
            return []
        self._restart(watches, last, period)
        if period.grain == "month":
            watches.accept(self.feedback.levels, now)
            watches.share()
        else:
            watches.take_levels(self.feedback.levels, period.start)
        missing = self.missing.holds(period)
        if missing:
            return (yield from self._feed(watches, period, None, now))
        # Where nothing of any series came, for so short a time that it may be chance, it raises no
        # signal, unless the feed's heartbeats say that it was up.
        raises = bool(sums) or self.missing.beating(period)
        counted = PeriodCounts(watches.counters, sums, watches.rows.times(pane))
        return (yield from self._feed(watches, period, counted, now, raises=raises))

    def passed(self, gap: Gap) -> Iterator[None]:
        """Takes the periods of a gap that have closed, in short steps; those that it has taken
        already are passed over. An error here stops no counting."""
        if gap.grain not in self.grains:
            return
        last = self.grains[gap.grain].last
        if last >= gap.start:
            gap = gap._replace(start=self.ledger.calendar.end(gap.grain, last))
        if gap.start < gap.end:
            try:
                yield from self.pass_over(gap)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the fold
                self._failed(self.ledger.kind.name, f"a gap by {gap.grain}", error)

    def pass_over(self, gap: Gap) -> Iterator[None]:
        """Moves the detectors across the periods of a gap at once, some series a step: the periods
        are missing, so nothing is learned of them and no signal is raised."""
        watches = self.grains[cast("Grain", gap.grain)]
        watches.note_change()
        try:
            yield from self._pass_over(watches, gap)
        finally:
            watches.note_change()

    def _pass_over(self, watches: GrainWatches, gap: Gap) -> Iterator[None]:
        last, watches.last = watches.last, self.ledger.calendar.start(gap.grain, gap.end - 1)
        if not watches.begun:
            return
        passed = self._passed(gap, last, watches.last)
        forgotten = gap.end - gap.start > FORGOTTEN
        if watches.counts is not None:
            if not forgotten:
                yield from watches.counts.pass_weeks(passed.slots)
            watches.counts.pass_over(passed)
        for number, (_, watch, adapter) in enumerate(watches.others, start=1):
            if not number % SOME:
                yield
            try:
                adapter.pass_over(passed)
            except Exception as error:  # noqa: BLE001 - one detector must not stop the others
                self._failed(watch.series.name, "a gap", error)
        self._note_failures(watches, "a gap")
        for watch in watches if forgotten else ():
            if watch.adapter.taken:
                watch.restart(self._after(gap))
        self._restart(watches, last, Period(gap.grain, "", watches.last, gap.end))

    def _passed(self, gap: Gap, before: int, last: int) -> PassedPeriods:
        """The periods of a gap, of which the last starts at `last`, after one that starts at
        `before`."""
        calendar = self.ledger.calendar
        starts = [last]
        while len(starts) < STARTS_KEPT and starts[-1] > gap.start:
            starts.append(calendar.start(gap.grain, starts[-1] - 1))
        was, now, begun, ended = (
            calendar.local(at).replace(tzinfo=None) for at in (before, last, gap.start, gap.end)
        )
        if gap.grain == "month":
            points = (ended.year - begun.year) * 12 + ended.month - begun.month
            return PassedPeriods(points, points, starts[::-1])
        if gap.grain == "day":
            return PassedPeriods((ended - begun).days, (now.date() - was.date()).days, starts[::-1])
        hours = (now.replace(minute=0) - was.replace(minute=0)) // dt.timedelta(hours=1)
        return PassedPeriods(round((gap.end - gap.start) / HOUR), hours, starts[::-1])

    def _after(self, gap: Gap) -> str:
        """Why baselines begin anew after a gap."""
        first, until = (self.ledger.calendar.local(at).date() for at in (gap.start, gap.end))
        return f"the gap from {_date(first)} to {_date(until)}"

    def _feed(
        self,
        watches: GrainWatches,
        period: Period,
        counted: PeriodCounts | None,
        now: int,
        *,
        raises: bool = True,
    ) -> Generator[None, None, list[Signal]]:
        if watches.counts is not None:
            yield from watches.counts.close_weeks(self._point(period, WHOLE).slot)
        mixed = self._mixed(period)
        signals = self._feed_counts(watches, period, counted, now, mixed)
        points: dict[str, PeriodPoint] = {}
        apart = self._apart(period, now)
        fed: list[tuple[int, Watch, Adapter]] = []
        for number, (place, watch, adapter) in enumerate(watches.others, start=1):
            if not number % SOME:
                yield
                apart = self._apart(period, now)
            series = watch.series
            point = points.get(series.area)
            if point is None:
                point = points[series.area] = self._point(period, series.area)
            split = mixed and any(affects(change, series.names) for change in mixed)
            counts = None if split or counted is None else counted.of(series.row_key)
            try:
                normal = not apart or series.about(self.force.id) not in apart
                if adapter.feed(counts, point, normal=normal) and raises:
                    fed.append((place, watch, adapter))
            except Exception as error:  # noqa: BLE001 - one detector must not stop the others
                self._failed(series.name, period.label, error)
        self._note_failures(watches, period.label)
        signals += self._signals(fed, period, now)
        if counted is not None and not mixed:
            watches.note_rate(period)
        return [signal for _, signal in sorted(signals, key=itemgetter(0))] if raises else []

    def _feed_counts(
        self,
        watches: GrainWatches,
        period: Period,
        counted: PeriodCounts | None,
        now: int,
        mixed: list[SystemChange],
    ) -> list[tuple[int, Signal]]:
        """Gives the counts of all series their period; the signals with the places of their
        watches."""
        rows = watches.counts
        if rows is None or not watches.counted:
            return []
        series = [watch.series for _, watch, _ in watches.counted]
        if counted is None:
            counts = np.full(len(series), np.nan)
        else:
            counts = counted.read_all(watches.counted_figures)
        for number, each in enumerate(series) if mixed else ():
            if any(affects(change, each.names) for change in mixed):
                counts[number] = np.nan
        date = self.ledger.calendar.local(period.start).date()
        called = {area: self.days.names(area, date) for area in watches.counted_areas}
        names = [called[each.area] for each in series] if any(called.values()) else None
        normal = None
        if apart := self._apart(period, now):
            normal = np.array([each.about(self.force.id) not in apart for each in series])
        try:
            slot = self._point(period, WHOLE).slot
            found = rows.update(counts, period.start, slot, names, normal)
        except Exception as error:  # noqa: BLE001 - counts must not stop the other detectors
            self._failed(f"counts by {period.grain}", period.label, error)
            return []
        return self._signals([watches.counted[row] for row in found], period, now)

    def _signals(
        self, fed: Iterable[tuple[int, Watch, Adapter]], period: Period, now: int
    ) -> list[tuple[int, Signal]]:
        """What those have to show of the period that they have taken, with their places."""
        signals = []
        for place, watch, adapter in fed:
            try:
                if adapter.shown:
                    signals.append((place, watch.make_signal(self.context, period, now)))
            except Exception as error:  # noqa: BLE001 - one series must not stop the others
                self._failed(watch.series.name, period.label, error)
        return signals

    def _apart(self, period: Period, now: int) -> set[tuple[str, ...]]:
        """The subjects (`WatchedSeries.about`) of the series that do not learn a period which
        closes now, since people said that it was not normal."""
        return {
            about
            for stretch in self.feedback.stretches
            if stretch.known < now and stretch.holds(period)
            for about in stretch.abouts
        }

    def _note_failures(self, watches: GrainWatches, when: str) -> None:
        """Says which series of the arrays failed by themselves since this was last done."""
        for row, error in watches.counts.failures() if watches.counts is not None else ():
            self._failed(watches.counted[row][1].series.name, when, error)
        for rows, row, error in watches.grouped.failures() if watches.grouped is not None else ():
            for _, watch, adapter in watches.others:
                if isinstance(adapter, EventDays) and adapter.has(rows, row):
                    self._failed(watch.series.name, when, error)

    def feed_back(self, feedback: Feedback) -> None:
        """Takes what people said of alerts: what is not normal leaves the weeks that are running,
        and later periods of it are not learned. A level is accepted before the next month."""
        known = set(self.feedback.stretches)
        self._coming += [each for each in feedback.stretches if each not in known]
        self.feedback = feedback
        self._forget_known(self._until)

    def _forget_known(self, at: int) -> None:
        """Has the weeks that are running forget the stretches that are known by an instant."""
        for stretch in [each for each in self._coming if each.known <= at]:
            self._coming.remove(stretch)
            for watches in self.grains.values():
                watches.forget(stretch)

    def _point(self, period: Period, area: str) -> PeriodPoint:
        local = self.ledger.calendar.local(period.start)
        days = (period.end - period.start) / DAY
        if period.grain == "month":
            lost = self.missing.lost(period) / DAY
            known, slot = max(0.0, round(days) - lost), local.month - 1
            return PeriodPoint(period.start, known, slot, finer=not self._whole_months(period))
        names = self.days.names(area, local.date())
        slot = local.weekday()
        if period.grain == "hour":
            slot = slot * 24 + local.hour
        return PeriodPoint(period.start, days, slot, names)

    def _whole_months(self, period: Period) -> bool:
        """Whether the records of a month are known by the month: then the first is complete."""
        return period.start // 60_000 in self.ledger.panes.whole_months

    def _restart(self, watches: GrainWatches, last: int, period: Period) -> None:
        """Baselines begin anew at a change of recording across which nothing can be compared."""
        for at, change in self.restarts:
            if last < at <= period.start:
                for watch in watches:
                    if affects(change, watch.series.names) and watch.adapter.taken:
                        watch.restart(f"{change.what}, {_date(change.date)}")

    def _mixed(self, period: Period) -> list[SystemChange]:
        """The changes that restart baselines within a period, which is then comparable with nothing
        before or after."""
        return [change for at, change in self.restarts if period.start < at < period.end]

    @property
    def expects(self) -> bool:
        """Whether the detectors have learned what the feed brings in an hour."""
        return bool(self._known(self.grains["hour"]))

    def _known(self, watches: GrainWatches) -> list[Expected]:
        """What is expected of all records of the feed, a line each, where that has been learned."""

        def found() -> list[Expected]:
            counts = (a for a in watches.everything() if isinstance(a, Counts))
            return [a.expected for a in counts if a.state != "learning"]

        return watches.derived("known", found)

    def forecaster(self) -> Callable[[int], Predictive]:
        """A function that says how many records the feed brings, over all its lines, in the hour
        that starts at an instant, as far as is learned now."""
        watches = self.grains["hour"]
        lines = self._known(watches)

        def reckoned(hour: int) -> Predictive:
            point = self._point(Period("hour", "", hour, hour + HOUR), WHOLE)
            return together([each.forecast(point.slot, point.names) for each in lines])

        def forecast(hour: int) -> Predictive:
            return watches.derived(("forecast", hour), partial(reckoned, hour))

        return forecast

    def usual(
        self, grain: Grain, group: str, measure: str, row: Mapping[str, str], area: str
    ) -> Callable[[Period, int], tuple[float, float] | None] | None:
        """A function that says from where to where four of five figures of a period lie, as far as
        is learned now: of a count, or of a share of so many cases, which has none on a day with a
        name. None where the figure is not watched by this grain, or is still being learned. `row`
        has the dimensions that are not of all their values."""
        found = self._watch_of(grain, group, measure, row, area)
        adapter = None if found is None else found.adapter
        if isinstance(adapter, Counts) and adapter.state != "learning":
            expected = adapter.expected

            def usual_count(period: Period, _: int) -> tuple[float, float]:
                point = self._point(period, area)
                return expected.forecast(point.slot, point.names).limits(TAIL)

            return usual_count
        if isinstance(adapter, EventDays) and adapter.state != "learning":
            shares = adapter
            return lambda period, cases: shares.usual(self._point(period, area), cases)
        return None

    def usual_so_far(
        self, grain: Grain, group: str, measure: str, row: Mapping[str, str], area: str
    ) -> Callable[[Period, int], tuple[float, float]] | None:
        """A function that says from where to where four of five counts lie at an instant within an
        hour or a day, from the start of it on, as far as is learned now. None where no count is
        watched by this grain, or it is still being learned; `row` as of `usual`."""
        watch = self._watch_of(grain, group, measure, row, area)
        adapter = None if watch is None else watch.adapter
        if watch is None or not isinstance(adapter, Counts) or adapter.state == "learning":
            return None
        series, expected = watch.series, adapter.expected

        def usual_then(period: Period, until: int) -> tuple[float, float]:
            share = (until - period.start) / (period.end - period.start)
            if grain == "day" and (by_hour := self._share_of_day(series, period, until)):
                share = by_hour
            point = self._point(period, area)
            return expected.forecast(point.slot, point.names).part(share).limits(TAIL)

        return usual_then

    def count_of(
        self, grain: Grain, group: str, measure: str, row: Mapping[str, str], area: str
    ) -> tuple[WatchedSeries, Counts] | None:
        """A count that is watched by a grain, and its detector; None where there is none. `row` has
        the dimensions that are not of all their values."""
        found = self._watch_of(grain, group, measure, row, area)
        if found is None or not isinstance(found.adapter, Counts):
            return None
        return found.series, found.adapter

    def _watch_of(
        self, grain: Grain, group: str, measure: str, row: Mapping[str, str], area: str
    ) -> Watch | None:
        """The watch of a count, share or mean by a grain."""
        for watch in self.grains.get(grain, ()):
            series = watch.series
            narrowed = {name: value for name, value in series.row.items() if value != ALL}
            named = (series.group.name, series.measure.name, series.area)
            same = (named, narrowed) == ((group, measure, area), row)
            if same and isinstance(watch.adapter, Counts | EventDays):
                return watch
        return None

    def is_ordinary(self, series: WatchedSeries, period: Period) -> bool:
        """Whether what a series counted in a period was heard, and nobody said since that it was
        not normal."""
        about = series.about(self.force.id)
        return not self.missing.holds(period) and not any(
            stretch.holds(period) and about in stretch.abouts for stretch in self.feedback.stretches
        )

    def recent_rate(self, at: int) -> float:
        """How fast the feed came before an instant, over what was expected: 1 at most."""
        return self.grains["hour"].recent_rate.before(at)

    def running(self, at: int) -> list[Signal]:
        """Signals of the hours that have not closed, as of `at` (ms); nothing is learned."""
        ledger = self.ledger
        known = min(at, ledger.watermark)
        signals: list[Signal] = []
        if not self.grains["hour"].begun:
            return signals
        # While periods close one after the other, the last closed may lie far back.
        crossed = ledger.calendar.start("hour", ledger.watermark) - ledger.kind.grace
        settled = ledger.calendar.start("hour", max(0, crossed))
        begin = ledger.closed_until["hour"] and max(ledger.closed_until["hour"], settled)
        while 0 < begin < known:
            period = ledger.calendar.holding("hour", begin)
            try:
                if not self.missing.lately(period):
                    signals += self._so_far(period, known)
            except Exception as error:  # noqa: BLE001 - the board is shown without it
                self._failed(ledger.kind.name, period.label, error)
            begin = period.end
        return signals

    def _so_far(self, period: Period, known: int) -> Iterator[Signal]:
        watches = self.grains["hour"]
        until = min(period.end, known)
        sums = watches.rows.read(self.ledger.panes.between(period.start, until))
        length = period.end - period.start
        share = (until - period.start) / length
        # What was offered a moment ago may not be here yet: few are judged by what must be.
        sure = min(share, max(0.0, (known - self.ledger.kind.grace - period.start) / length))
        part = period._replace(end=until)
        for row, each in watches.in_order():
            point = self._point(period, row[1][-1])
            for watch in each:
                found = watch.judge(self.context, part, point, sums.get(row, 0), share)
                if found is not None and found.direction == "down":
                    found = watch.judge(self.context, part, point, sums.get(row, 0), sure)
                if found is not None:
                    yield found

    def day_so_far(self, watch: Watch) -> Signal | None:
        """The signal of a series by the day, of the day up to the last closed hour, if there is
        one. How much of the day has passed is measured by what its hours usually bring, not by the
        clock: a night is little of a day."""
        hours, days = self.grains["hour"], self.grains["day"]
        if not hours.last:
            return None
        until = hours.last + HOUR
        day = self.ledger.calendar.holding("day", hours.last)
        share = self._share_of_day(watch.series, day, until)
        if share is None:
            return None
        sums = days.rows.read(self.ledger.panes.between(day.start, until))
        series, so_far = watch.series, day._replace(end=until)
        point = self._point(day, series.area)
        return watch.judge(self.context, so_far, point, sums.get(series.row_key, 0), share)

    def _share_of_day(self, series: WatchedSeries, day: Period, until: int) -> float | None:
        """How much of a day has passed at an instant, by what its hours usually bring of a series;
        None where its hours are not watched."""
        begun = self.grains["hour"].begun.get(series.row_key, ())
        by_hour = next((w for w in begun if w.series.measure is series.measure), None)
        if by_hour is None or not isinstance(by_hour.adapter, Counts):
            return None
        expected = by_hour.adapter.expected
        passed = whole = 0.0
        for at in range(day.start, day.end, HOUR):
            point = self._point(Period("hour", "", at, at + HOUR), series.area)
            mean = expected.forecast(point.slot, point.names).mean
            whole += mean
            passed += mean * min(1.0, max(0.0, (until - at) / HOUR))
        return passed / whole if whole > 0.0 else 1.0

    def latest(self, at: int) -> list[Signal]:
        """The latest signal of every watch whose last one is still shown at an instant, newest
        first."""
        found = [
            watch.signal
            for watches in self.grains.values()
            for watch in watches
            if watch.signal is not None
            and watch.signal.end <= at <= watch.signal.end + JOINABLE_HOURS[watches.grain] * HOUR
        ]
        return sorted(found, key=lambda signal: (-signal.end, signal.rate, signal.series))

    def summary(self) -> WatchSummary:
        """How much is watched, how much of it is still learning, and why."""
        states: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for watches in self.grains.values():
            found = watches.derived("summary", partial(_summed_up, watches))
            states += found[0]
            reasons += found[1]
        about = [f"{number} by {reason}" for reason, number in reasons.most_common()]
        if self.rebuilt:
            about.append("history rebuilt from counts as they stand now")
        if self.faults:
            about.append(f"{self.faults} faults, the last: {self.fault}")
        return WatchSummary(
            watches=states.total(),
            learning=states["learning"],
            first_year=states["first year"],
            ready=states["ready"],
            faults=self.faults,
            about=about,
        )

    def _failed(self, where: str, when: str, error: Exception) -> None:
        self.faults += 1
        self.fault = f"{where}, {when}: {type(error).__name__}: {error}"
        self.faults_of[where] += 1
        number = self.faults_of[where]
        if number & (number - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
            log.warning("a detector failed (%d so far): %s", number, self.fault)


def _summed_up(watches: GrainWatches) -> tuple[Counter[str], Counter[str]]:
    """How many watches of a grain are in which state, and why."""
    states, reasons = Counter[str](), Counter[str]()
    for watch in watches:
        states[watch.adapter.state] += 1
        reasons[f"{watches.grain}: {watch.adapter.about}"] += 1
    return states, reasons


def _date(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"
