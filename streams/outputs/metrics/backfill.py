"""History for Prometheus: the figures of periods that are over, as OpenMetrics with true times.

The series are those of `/metrics` (`streams.outputs.metrics.prometheus`), with the same names and
labels, and `[metrics]` of the force's file chooses among them. A figure stands in the last second
of its period: that of a month under `window="month"`, that of a day under `window="today"`, a
figure by its name under its `period`, which is where the live series stands as the period ends.
Beside them are the targets of that time. What other systems report (`watchroom_reading`) stands in
the last second of the period that it is of. With each period stands the instant that its figures
are of, by which dashboards know the force. What detectors expected of earlier periods is not kept:
they have no history.

It is the figure as it is known now, with all that was revised since. Only a period that is over,
and of which the feed was heard as a whole, has one: what is not known has no sample, and is never
zero. What is true at a moment (`watchroom_calls_waiting`) has no history.

The samples are sorted by series and then by time, on disk where memory does not hold them.
Source: OpenMetrics 1.0 (github.com/prometheus/OpenMetrics).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import BinaryIO, Literal, NamedTuple, get_args

import msgspec
from prometheus_client.core import Metric

from streams.board.definitions import definitions
from streams.board.model import Board
from streams.board.query import Query
from streams.errors import QueryError
from streams.outputs.metrics.exported import Exported
from streams.outputs.metrics.exposition import GaugeLines, labels_text, sample_line
from streams.outputs.metrics.figures import add_figures, figure_family
from streams.outputs.metrics.prometheus import GroupMetrics, clock_family, definition_metrics
from streams.outputs.metrics.readings import add_readings, reading_families
from streams.periods import SECOND, Grain, Period
from streams.sources.external_sort import RUN_BYTES, ExternalSort
from streams.stretches import Stretch

BackfillGrain = Literal["day", "month"]
BACKFILL_GRAINS: tuple[BackfillGrain, ...] = get_args(BackfillGrain)
WINDOWS: dict[BackfillGrain, str] = {"day": "today", "month": "month"}
"""The window of the live series that a period of a grain ends."""
SCRAPED = {"job": "watchroom", "instance": "backfill"}
"""What Prometheus adds to the live series as it scrapes; the dashboards choose by both."""


class SamplesWritten(NamedTuple):
    """What was written; `first` and `last` are the times of samples, in ms, None without any."""

    samples: int
    series: int
    first: int | None
    last: int | None


class Backfill:
    """The history of the force that a `query` is of, as of its instant.

    `labels` are added to every series, as Prometheus does when it scrapes. `period` (see
    `streams.stretches`) is what is written, by default all that is known. `run_bytes` is about how
    much memory the sort may take. Raises `QueryError` where nothing is known, or where `[metrics]`
    names a figure that there is not.
    """

    def __init__(
        self,
        query: Query,
        grains: Iterable[BackfillGrain] = BACKFILL_GRAINS,
        *,
        period: str | None = None,
        labels: Mapping[str, str] = SCRAPED,
        run_bytes: int = RUN_BYTES,
    ) -> None:
        self.query, self.grains, self.run_bytes = query, tuple(grains), run_bytes
        self.monitor, self.force = query.monitor, query.force
        self._labels = labels_text(labels)[1:-1]
        self._exported = Exported(self.force, self.monitor.registry)
        for name in self._exported.settings.figures:
            query.indicator(name)
        self._groups = [
            GroupMetrics(
                group, self.monitor.registry.kinds[group.kind], {self.force.id: self._exported}
            )
            for group in self.monitor.registry.groups
        ]
        begins = query.begins()
        if begins is None:
            raise QueryError(f"nothing is known of {self.force.name}")
        self.start, self.end = begins, query.at
        if period is not None:
            asked = query.stretch(period)
            self.start, self.end = max(begins, asked.start), min(query.at, asked.end)

    def write(self, out: BinaryIO, progress: Callable[[], None] = lambda: None) -> SamplesWritten:
        """Writes it; `progress` is called after every period."""
        headers: dict[str, str] = {}
        with ExternalSort(self.run_bytes) as rows:
            for end, families in self._history():
                at = end - SECOND
                for family in families:
                    headers.setdefault(family.name, _header(family))
                    for line in _lines(family):
                        head, _, value = line.rpartition(" ")
                        rows.add((family.name, head, at, value.strip()), len(line))
                progress()
            return self._merged(rows, headers, out)

    def _merged(self, rows: ExternalSort, headers: dict[str, str], out: BinaryIO) -> SamplesWritten:
        samples = series = 0
        first = last = None
        family = before = None
        at_before = -1
        for name, head, at, value in rows:
            if name != family:
                family = name
                out.write(headers[name].encode())
            if head != before:
                series += 1
                before, at_before = head, -1
                labelled = self._labelled(head)
            if at == at_before:  # the targets as a day ends are also those as its month does
                continue
            at_before = at
            samples += 1
            first = at if first is None else min(at, first)
            last = at if last is None else max(at, last)
            out.write(f"{labelled} {value} {at // SECOND}\n".encode())
        out.write(b"# EOF\n")
        return SamplesWritten(samples, series, first, last)

    def _labelled(self, head: str) -> str:
        """The name and labels of a series with those that are added to every one."""
        return f"{head[:-1]},{self._labels}}}" if self._labels else head

    # -- period by period --------------------------------------------------------------------------

    def periods(self, grain: Grain) -> list[Period]:
        """The periods of a grain that are written, in order."""
        calendar = self.query.calendar
        found, at = [], calendar.holding(grain, self.start)
        while at.end <= self.end:
            if at.start >= self.start:
                found.append(at)
            at = calendar.holding(grain, at.end)
        return found

    def _history(self) -> Iterator[tuple[int, Iterator[Metric]]]:
        """The end of each period, and what is known of it."""
        shown = self.monitor.board(self.force.id, self.query.at)
        for grain in self.grains:
            for period in self.periods(grain):
                yield period.end, self._tables(shown, WINDOWS[grain], period)
        for named in self._exported.settings.periods:
            if named in self.grains or named not in BACKFILL_GRAINS:
                for period in self.periods(named):
                    yield period.end, self._figures(period)

        for reported in self.query.reading_history(self.start, self.end):
            values, ends = reading_families()
            add_readings(values, ends, self.force.id, [reported])
            yield reported[1].end, iter((values, ends))

    def _tables(self, shown: Board, window: str, period: Period) -> Iterator[Metric]:
        """All tables of a period and the targets of that time, as a board would give them that
        showed this window alone."""
        monitor, query = self.monitor, self.query
        figures = monitor.period_figures(self.force.id, period, query.at)
        stretch = Stretch.of(query.calendar, period)
        for group in monitor.registry.groups:
            rows = figures.rows(group.name)
            if rows and not query.heard(group, stretch).complete:
                # What totals say is known, whatever records came.
                figures.put(group.name, [row for row in rows if row.origin is not None])
        board = msgspec.structs.replace(
            shown,
            definitions=definitions(self.force, period.end - 1),
            now=monitor.types.now(),
            windows={window: figures},
        )
        boards, known = {self.force.id: board}, False
        for made in self._groups:
            for family in made.families(boards):
                known = True
                yield family
        if known:
            yield from definition_metrics(boards)
            clock = clock_family()
            clock.add_metric([self.force.id], period.end // SECOND)
            yield clock

    def _figures(self, period: Period) -> Iterator[Metric]:
        query = Query(self.monitor, self.force.id, self.query.at)  # keeps what it reads: one each
        family, names = figure_family(), self._exported.settings.figures
        stretch = Stretch.of(query.calendar, period)
        add_figures(family, query, names, period.grain, stretch, whole=True)
        yield family


def _header(family: Metric) -> str:
    words = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {words}\n# TYPE {family.name} {family.type}\n"


def _lines(family: Metric) -> Iterator[str]:
    """The samples of a family as lines without a time."""
    if isinstance(family, GaugeLines):
        yield from family.lines
    for sample in family.samples:
        yield sample_line(sample.name, labels_text(sample.labels), sample.value)
