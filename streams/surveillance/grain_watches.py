"""All watches of one grain of one ledger; those of a row begin with its first record."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, TypeVar

from detectors.calibration.alarm_budget import AlarmBudget
from detectors.counts.month_watch import SHARED_WEIGHT, pooled
from streams.config.force import WHOLE, Force
from streams.fold.ledger import Ledger
from streams.periods import Period
from streams.registry.affected import affects
from streams.registry.dimensions import ALL
from streams.registry.registry import Registry
from streams.surveillance.adapters.base import OwnAdapter
from streams.surveillance.adapters.chosen import chosen
from streams.surveillance.adapters.counts import CountRows, Counts, Months
from streams.surveillance.adapters.grouped import GroupedRows
from streams.surveillance.adapters.selection import SLOTS, adapter_of
from streams.surveillance.feedback import AcceptedLevel, ExcludedStretch
from streams.surveillance.recent_rate import RecentRate
from streams.surveillance.series import RowKey, RowReader, WatchedSeries, budget_parts, watch_list
from streams.surveillance.signals import Grain
from streams.surveillance.watch import Watch

T = TypeVar("T")


class GrainWatches:
    """All watches of one grain."""

    def __init__(
        self, force: Force, ledger: Ledger, grain: Grain, budget: AlarmBudget, registry: Registry
    ) -> None:
        self.grain = grain
        self.force, self.kind, self.counters = force, ledger.kind, ledger.kind.layouts[0]
        chosen(force)  # what is wrong with those is said now
        changes = (change for change in force.file.changes if change.effect == "mark")
        self.marks = [(force.instant(change.date), change) for change in changes]
        self.calendar = ledger.calendar
        shared = budget_parts(force, grain, registry)
        self.allowed = {theme: budget.allowed(grain, part) for theme, part in shared.items()}
        """By theme of the budget, how many false alarms a week each series may raise."""
        most = max(self.allowed.values(), default=0.0)
        listed = list(watch_list(force, ledger.kind, grain))
        self.rows = RowReader(force, ledger.kind, listed)
        self.by_row: dict[RowKey, list[WatchedSeries]] = {}
        for each in listed:
            self.by_row.setdefault(each.row_key, []).append(each)
        self._places = {each.name: place for place, each in enumerate(listed)}
        self.begun: dict[RowKey, list[Watch]] = {}
        """The watches of each row that has had any record."""
        slots = SLOTS.get(grain)
        self.counts = None if slots is None else CountRows(slots, most)
        self.grouped = None if slots is None else GroupedRows(slots, most)
        self.counted: list[tuple[int, Watch, Counts]] = []
        """The watches of `counts`, row by row, each with its place in the list of series."""
        self.counted_areas: dict[str, None] = {}
        """Their areas, each once."""
        self.counted_figures: list[tuple[RowKey, int, int]] = []
        """What each counts: the row, and where its counter is in the row's integer."""
        self.others: list[tuple[int, Watch, OwnAdapter]] = []
        """The watches that take their periods by themselves, likewise."""
        self._everything: list[Counts | Months] | None = None
        self._taken: set[AcceptedLevel] = set()
        self.changed = True
        """Whether anything has changed since the state was last saved."""
        self._derived: dict[Hashable, Any] = {}
        """What follows from what is learned, until more is (`note_change`)."""
        self.last = 0
        """The start of the last period that was taken, in ms."""
        self.recent_rate = RecentRate(grain)
        """How much the feed brought lately, over what was expected."""

    def __iter__(self) -> Iterator[Watch]:
        for watches in self.begun.values():
            yield from watches

    def note_change(self) -> None:
        """Notes that something is learned or forgotten."""
        self.changed = True
        self._derived.clear()

    def forget_derived(self) -> None:
        """Has all that follows from what is learned be worked out anew: it was put back."""
        self._derived.clear()

    def derived(self, what: Hashable, work_out: Callable[[], T]) -> T:
        """What follows from what is learned now, worked out once until that changes."""
        if what not in self._derived:
            self._derived[what] = work_out()
        found: T = self._derived[what]
        return found

    def in_order(self) -> Iterator[tuple[RowKey, list[Watch]]]:
        """The rows that have begun, in the order of the list of series: in which order they begin
        rests on how lines are batched, and signals should not."""
        for row in self.by_row:
            if row in self.begun:
                yield row, self.begun[row]

    def begin(self, row: RowKey) -> list[Watch]:
        """Starts the watches of a row."""
        made = []
        for series in self.by_row[row]:
            allowed = self.allowed[series.budget_theme]
            adapter = adapter_of(series, self.force, allowed, self.counts, self.grouped)
            if adapter is not None:
                marks = [mark for mark in self.marks if affects(mark[1], series.names)]
                watch = Watch(series, self.counters, adapter, marks)
                place = self._places[series.name]
                if isinstance(adapter, Counts):
                    self.counted.append((place, watch, adapter))
                    self.counted_areas[series.area] = None
                    at, name = self.counters, adapter.counter
                    self.counted_figures.append((row, at.shift[name], at.mask[name]))
                elif isinstance(adapter, OwnAdapter):
                    self.others.append((place, watch, adapter))
                made.append(watch)
        self.begun[row] = made
        self._everything = None
        return made

    def share(self) -> None:
        """Lends the months that are still learning the dispersion of all months together."""
        months = [w.adapter.detector for w in self if isinstance(w.adapter, Months)]
        learning = [month for month in months if month.state == "learning"]
        if learning:
            dispersion = pooled(month.months for month in months)
            for month in learning:
                month.share(dispersion, SHARED_WEIGHT)

    def forget(self, stretch: ExcludedStretch) -> None:
        """Takes what is not normal out of what its series have not learned yet."""
        if not self.last or self.grain == "month":
            return
        self.note_change()
        ended = self.last if stretch.end is None else min(self.last, stretch.end - 1)
        first, last = (self.calendar.start(self.grain, at) for at in (stretch.start, ended))
        abouts = stretch.abouts
        for watch in self if first <= last else ():
            if watch.series.about(self.force.id) in abouts:
                watch.adapter.forget(first, last)

    def unlearn(self, start: int, end: int) -> None:
        """Takes the periods of a span that proves to be missing out of the weeks that are
        running."""
        if not self.last or self.grain == "month" or start > self.last:
            return
        self.note_change()
        self.recent_rate.forget((start, end))
        first, last = (self.calendar.start(self.grain, at) for at in (start, end - 1))
        for watch in self:
            watch.adapter.forget(first, min(last, self.last))

    def accept(self, levels: Iterable[AcceptedLevel], now: int) -> None:
        """Accepts the lasting changes that people have said are real by `now`, in ms. An accepted
        change is over, so that accepting it again changes nothing."""
        for level in levels:
            for watch in self if level.at < now else ():
                if watch.series.about(self.force.id) in level.abouts:
                    watch.adapter.accept(level.direction, level.at)

    def take_levels(self, levels: Iterable[AcceptedLevel], now: int) -> None:
        """Has counts take the levels that people have said are real by `now`, in ms: each by its
        own ratio, and each level once."""
        for level in levels:
            if level.ratio is None or level.at > now or level in self._taken:
                continue
            self._taken.add(level)
            self.recent_rate.restore(())  # what was expected so far was the level before
            abouts = level.abouts
            for watch in self:
                if watch.series.about(self.force.id) in abouts:
                    watch.adapter.take_level(level.ratio, level.at)

    def everything(self) -> list[Counts | Months]:
        """The adapters that together count every record of the feed once: of the force as a whole,
        one a line or one over all categories."""
        if self._everything is None:
            self._everything = list(self._find_everything())
        return self._everything

    def note_rate(self, period: Period) -> None:
        """Notes what the period that was just fed brought, and what was expected of it."""
        counts = [each for each in self.everything() if isinstance(each, Counts)]
        ahead = [each.ahead for each in counts]
        expected = sum(each.mean for each in ahead if each is not None)
        if self.recent_rate.windows and expected > 0.0:
            came = sum(each.last for each in counts)
            self.recent_rate.note((period.start, period.end, came, expected))

    def _find_everything(self) -> Iterator[Counts | Months]:
        for watch in self:
            each = watch.series
            if each.area == WHOLE and (each.group, each.measure) == self.kind.everything:
                # Of what is never summed, such as lines, every row together has all records.
                summed = (v for d, v in each.row.items() if self.kind.dimension(d).summed)
                if isinstance(watch.adapter, Counts | Months) and all(
                    value == ALL for value in summed
                ):
                    yield watch.adapter
