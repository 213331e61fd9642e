"""`/metrics`: every live figure of the board as a gauge, made when Prometheus asks.

Names come from the registry: `watchroom_<group>_<measure>`, with `_seconds` for a duration and
`_ratio` (0 to 1) for a share; a measure called `count` is the group itself (`watchroom_crimes`). A
share's `_numerator` and `_denominator` stand beside it unless they are measures of their own.
Labels are the force, the area (`force` for the whole), the group's dimensions and, for what is
counted over time, `window`. What is true at this moment (`watchroom_calls_waiting`) has no window.

* `watchroom_calls_from_totals` is 1 where the figures of a row come from totals instead of records
  (`source="totals"`) or from both (`source="both"`); it is absent where all come from records.
* They are gauges, since a record that is withdrawn makes a figure fall.
* What has no value (the mean of no calls) is absent: never zero, never NaN.
* No identifier of a record or a person is a label.
* The number of series is bounded, and `watchroom_exported_series` says how many there are of each
  table. `[metrics]` of the force's file says which tables and measures there are. By category,
  grade or offence, of which there is a row for all together, and of wide tables there are only its
  `windows` and only rows that are not zero; a table has at most `most_rows` rows a force, widest
  first, and what did not fit is counted in `watchroom_rows_left_out`. `watchroom_figure` has the
  `figures` that it names.
* No figure of a force is shown while the monitor reads or is behind: none is better than half of
  one. With `watchroom_trouble` they are shown, since alerts about the room must still come.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)

from streams.board.model import Board, Row
from streams.board.query import Query
from streams.config.force import WHOLE
from streams.live import Live
from streams.outputs.instants import parse_instant
from streams.outputs.metrics.ahead import ahead_metrics
from streams.outputs.metrics.alerts import (
    WatchMetrics,
    alert_metrics,
    fault_metrics,
    heartbeat_metrics,
)
from streams.outputs.metrics.exported import Exported, own_parts
from streams.outputs.metrics.exposition import GaugeLines, exposed, labels_text, sample_line
from streams.outputs.metrics.figures import figure_metrics
from streams.outputs.metrics.readiness import readiness_metrics
from streams.outputs.metrics.readings import reading_metrics
from streams.registry.dimensions import ALL, AREA
from streams.registry.kind import Kind
from streams.registry.measures import Gauge, Group, Measure


def metric_name(group: Group, measure: Measure) -> str:
    """The name of a measure by Prometheus conventions."""
    # `_count` is the ending of a histogram, so the measure "count" goes by the group's name.
    stem = f"watchroom_{group.name}"
    if measure.name != "count":
        stem += f"_{measure.name}"
    return stem + {"count": "", "ratio": "_ratio", "seconds": "_seconds"}[measure.unit]


class Exporter:
    """All metrics of a `Live`, made at each scrape; the lock is held for one board a force. Raises
    `QueryError` where a figure is to be exported that there is not."""

    def __init__(self, live: Live) -> None:
        self.live = live
        registry, forces = live.monitor.registry, live.monitor.forces
        self.exported = {name: Exported(force, registry) for name, force in forces.items()}
        for name, exported in self.exported.items():
            query = Query(live.monitor, name, lock=live.lock)
            for each in exported.settings.figures:
                query.indicator(each)  # a value that the force does not have is told at the start
        self._groups = [
            GroupMetrics(group, registry.kinds[group.kind], self.exported)
            for group in registry.groups
        ]
        self.watches = WatchMetrics(
            live, {name: each.most_watches for name, each in self.exported.items()}
        )
        self._runtime = CollectorRegistry()
        ProcessCollector(registry=self._runtime)
        PlatformCollector(registry=self._runtime)
        GCCollector(registry=self._runtime)
        self._lock = threading.Lock()

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """The text of all metrics and its content type, as a scraper's Accept header asks."""
        with self._lock:  # what is kept for the next scrape is of one at a time
            return exposed(self._collect(), accept)

    def _collect(self) -> Iterator[Metric]:
        yield from self._process()
        yield from fault_metrics(self.live)
        boards = {}
        if self.live.health.counting:
            boards = {force: self.live.board(force) for force in self.live.forces()}
        exported = GaugeMetricFamily(
            "watchroom_exported_series",
            "Series of the figures of a table of the board.",
            labels=["group"],
        )
        for group in self._groups:
            families = list(group.families(boards))
            yield from families
            if families:
                exported.add_metric([group.group.name], sum(map(_series_of, families)))
        yield from (exported,) if exported.samples else ()
        yield from definition_metrics(boards)
        yield from _feeds(boards)
        yield from _origins(self.live, boards)
        yield from reading_metrics(self.live, boards)
        yield from figure_metrics(self.live, (self.exported[force] for force in boards))
        yield from ahead_metrics(boards)
        if self.live.health.held:  # else they may be another worker's, and otherwise by now
            yield from alert_metrics(boards)
        yield from heartbeat_metrics(boards)
        yield from self.watches.families(boards)
        yield from self._runtime.collect()

    def _process(self) -> Iterator[Metric]:
        """How the monitor itself is doing; these are there even while it is not ready."""
        live, health = self.live, self.live.health
        with live.lock:
            refused = {k: dict(v) for k, v in live.monitor.refused.items()}
            unknown = {k: dict(v.fields) for k, v in live.monitor.unknown().items()}
            held: dict[str, int] = {}
            for shard in live.monitor.shards:
                records = sum(fold.taken()["records"] for fold in shard.folds.values())
                held[shard.kind] = held.get(shard.kind, 0) + records
        build = InfoMetricFamily("watchroom_build", "The version of Watchroom that runs.")
        build.add_metric([], {"version": version("watchroom")})
        yield build
        yield from readiness_metrics(health)
        yield _single(
            "watchroom_replay",
            "1 when the figures are of another time than now.",
            int(health.replay),
        )
        lag = GaugeMetricFamily(
            "watchroom_lag_messages",
            "Messages of a partition not yet counted.",
            labels=["topic", "partition"],
        )
        for name, behind in list(health.lag.items()):
            topic, _, partition = name.rpartition("/")
            lag.add_metric([topic, partition], behind)
        yield lag
        lines = CounterMetricFamily(
            "watchroom_refused_lines",
            "Lines that became dead letters since the start of this process.",
            labels=["kind", "reason"],
        )
        for kind, reasons in refused.items():
            for reason, count in reasons.items():
                lines.add_metric([kind, reason], count)
        yield lines
        values = CounterMetricFamily(
            "watchroom_unknown_values",
            "Values that no list knows, in records that count all the same: an area that the force "
            "file lacks, counted under the force alone.",
            labels=["kind", "field"],
        )
        for kind, fields in unknown.items():
            for field, count in fields.items():
                values.add_metric([kind, field], count)
        yield values
        records_held = GaugeMetricFamily(
            "watchroom_records", "Records held within the horizon.", labels=["kind"]
        )
        for kind, count in held.items():
            records_held.add_metric([kind], count)
        yield records_held
        if (age := health.checkpoint_age) is not None:
            yield _single(
                "watchroom_checkpoint_age_seconds",
                "Time since all that was counted was saved.",
                age,
            )
        if health.stall_seconds is not None:
            yield _single(
                "watchroom_stall_seconds",
                "How long the last assignment of partitions kept this process from counting.",
                health.stall_seconds,
            )


def _single(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _counts(row: Row, measure: Measure) -> bool:
    """Whether a measure of a row is of anything."""
    if measure.unit == "ratio":
        return bool(row.ratio_of(measure.name).denominator)
    return bool(row[measure.name])


def _series_of(family: Metric) -> int:
    return len(family.lines if isinstance(family, GaugeLines) else family.samples)


class _Shown:
    """A row as it is exported in a window."""

    __slots__ = ("lines", "narrowness", "row", "wanted")

    def __init__(self, row: Row, narrowness: int, *, wanted: bool) -> None:
        self.row, self.narrowness, self.wanted = row, narrowness, wanted
        self.lines: list[str] | None = None
        """One a gauge, empty where it has no value; None before they are asked for."""


class GroupMetrics:
    """The gauges of one group: one a measure, and a part of a ratio, with the rows of all forces.

    What was made of a row is kept for as long as the board has it.
    """

    def __init__(self, group: Group, kind: Kind, exported: Mapping[str, Exported]) -> None:
        self.group, self._exported = group, exported
        """By force."""
        self._many = [d.name for d in kind.dimensions if d.name in group.dimensions and d.summed]
        self._flows = [m for m in group.measures if not isinstance(m.value, Gauge)]
        self._gauges = [m for m in group.measures if isinstance(m.value, Gauge)]
        self._parts = {measure.name: own_parts(group, measure) for measure in group.measures}
        self._windows: dict[tuple[str, str], tuple[list[Row], dict[int, _Shown]]] = {}
        """By force and window the rows of the last scrape, and what was made of each."""

    def families(self, boards: dict[str, Board]) -> Iterator[Metric]:
        """Filled from the boards of all forces; those without a line are left out."""
        group = self.group
        flows, gauges = self._families(self._flows), self._families(self._gauges)
        left_out = GaugeMetricFamily(
            "watchroom_rows_left_out",
            "Rows of the board that are not exported, to bound the number of series.",
            labels=["force", "group"],
        )
        from_totals = GaugeMetricFamily(
            f"watchroom_{group.name}_from_totals",
            f"{group.title}: 1 where the figures come from totals, or from records and totals.",
            labels=["force", "area", *group.dimensions, "window", "source"],
        )
        self._windows = {key: held for key, held in self._windows.items() if key[0] in boards}
        for force, board in boards.items():
            if not self._exported[force].measures(group):
                continue
            rows, more = self._chosen(force, board)
            if more:
                left_out.add_metric([force, group.name], more)
            for window, shown in rows:
                row = shown.row
                if shown.lines is None:
                    shown.lines = self._lines(flows, self._flows, row, force, window)
                for family, text in zip(flows, shown.lines, strict=True):
                    if text:
                        family.lines.append(text)
                if row.origin is not None:
                    place = [row.area, *(row.dimension_of(name) for name in group.dimensions)]
                    from_totals.add_metric([force, *place, window, row.origin], 1)
            for row in board.now.rows(group.name) or () if gauges else ():
                lines = self._lines(gauges, self._gauges, row, force, None)
                for family, text in zip(gauges, lines, strict=True):
                    if text:
                        family.lines.append(text)
        yield from (family for family in (*flows, *gauges) if family.lines)
        yield from (family for family in (from_totals, left_out) if family.samples)

    def _families(self, measures: list[Measure]) -> list[GaugeLines]:
        """A family a measure, and one a part of it that needs its own."""
        group, made = self.group, []
        for measure in measures:
            words = group.title
            if measure.title != group.title:
                words += f": {measure.title}"
            name = metric_name(group, measure)
            made.append(GaugeLines(name, f"{words}."))
            for part in self._parts[measure.name]:
                stem = name.removesuffix("_ratio")
                made.append(GaugeLines(f"{stem}_{part}", f"{words}: its {part}."))
        return made

    def _lines(
        self,
        families: list[GaugeLines],
        measures: list[Measure],
        row: Row,
        force: str,
        window: str | None,
    ) -> list[str]:
        """The line of each family for a row; empty where it has no value."""
        labels = {"force": force, **{name: row.dimension_of(name) for name in row.place}}
        if window is not None:
            labels["window"] = window
        text = labels_text(labels)
        values: list[float | None] = []
        wanted = self._exported[force].measures(self.group)
        for measure in measures:
            if measure.name not in wanted:
                values += [None] * (1 + len(self._parts[measure.name]))
            elif measure.unit == "ratio":
                share = row.ratio_of(measure.name)
                values.append(share.value)
                values += [getattr(share, part) for part in self._parts[measure.name]]
            else:
                values.append(row.number_of(measure.name))
        return [
            "" if value is None else sample_line(family.name, text, value)
            for family, value in zip(families, values, strict=True)
        ]

    def _chosen(self, force: str, board: Board) -> tuple[list[tuple[str, _Shown]], int]:
        """The rows that are exported with their windows, and how many more there are."""
        chosen: list[tuple[str, _Shown]] = []
        settings = self._exported[force].settings
        for window, figures in board.windows.items():
            rows = figures.rows(self.group.name) or []
            held, kept = self._windows.get((force, window), ([], {}))
            if rows is not held:
                broken_down = window in settings.windows
                kept = {
                    id(row): kept.get(id(row)) or self._shown(row, broken_down=broken_down)
                    for row in rows
                }
                self._windows[force, window] = rows, kept
            chosen += [(window, shown) for shown in kept.values() if shown.wanted]
        most = settings.most_rows
        if len(chosen) > most:
            chosen.sort(key=lambda pair: pair[1].narrowness)
        return chosen[:most], max(0, len(chosen) - most)

    def _shown(self, row: Row, *, broken_down: bool) -> _Shown:
        narrowed = [row[name] != ALL for name in self._many]
        wanted = not (any(narrowed) or self.group.wide) or (
            broken_down and any(_counts(row, measure) for measure in self._flows)
        )
        return _Shown(row, sum(narrowed) + (row.area != WHOLE), wanted=wanted)


def definition_metrics(boards: dict[str, Board]) -> Iterator[Metric]:
    """Targets and limits, so that a dashboard can draw them and a rule compare with them."""
    call_share = GaugeMetricFamily(
        "watchroom_calls_target_ratio",
        "The share of calls to be answered in time.",
        labels=["force", "line"],
    )
    call_limit = GaugeMetricFamily(
        "watchroom_calls_target_seconds",
        "The time within which a call is answered in time.",
        labels=["force", "line"],
    )
    share = GaugeMetricFamily(
        "watchroom_attendance_target_ratio",
        "The share of emergencies to be attended in time, where one is set.",
        labels=["force"],
    )
    limit = GaugeMetricFamily(
        "watchroom_attendance_target_seconds",
        "The time within which an emergency is attended in time.",
        labels=["force"],
    )
    formula = InfoMetricFamily(
        "watchroom_service_level", "The formula of the service level.", labels=["force"]
    )
    labels = ["force", "group", "measure", "line", "grade", "area"]
    further_share = GaugeMetricFamily(
        "watchroom_further_target_ratio",
        "The share to be reached of a measure that has a target besides the first of its line or "
        "that of emergencies.",
        labels=labels,
    )
    further_limit = GaugeMetricFamily(
        "watchroom_further_target_seconds", "The time limit of such a target.", labels=labels
    )
    for force, board in boards.items():
        definitions = board.definitions
        for each in definitions.further:
            row = {"line": "", "grade": "", AREA: WHOLE, **each.row}
            place = [force, each.group, each.measure, *(row[name] for name in labels[3:])]
            further_limit.add_metric(place, each.within_seconds)
            if each.target is not None:
                further_share.add_metric(place, each.target)
        formula.add_metric([force], {"formula": definitions.service_level.name})
        for line, held in definitions.lines.items():
            call_limit.add_metric([force, line], held.within_seconds)
            if held.target is not None:
                call_share.add_metric([force, line], held.target)
        limit.add_metric([force], definitions.attendance.within_seconds)
        if definitions.attendance.target is not None:
            share.add_metric([force], definitions.attendance.target)
    yield from (call_share, call_limit, share, limit, formula)
    yield from (each for each in (further_share, further_limit) if each.samples)


def _origins(live: Live, forces: Iterable[str]) -> Iterator[Metric]:
    """How many records are of a live feed, and how many are made up."""
    lines = GaugeMetricFamily(
        "watchroom_lines_by_origin",
        "Lines of records taken, by origin: live, replayed, simulated.",
        labels=["force", "kind", "origin"],
    )
    for force in forces:
        with live.lock:
            found = live.monitor.origins(force)
        for kind, by_origin in found.items():
            for origin, number in by_origin.items():
                lines.add_metric([force, kind, origin], number)
    yield lines


def clock_family() -> GaugeMetricFamily:
    """`watchroom_clock_timestamp_seconds` without samples."""
    return GaugeMetricFamily(
        "watchroom_clock_timestamp_seconds",
        "The instant that the figures are of, in seconds since 1970 UTC.",
        labels=["force"],
    )


def _feeds(boards: dict[str, Board]) -> Iterator[Metric]:
    clock = clock_family()
    age = GaugeMetricFamily(
        "watchroom_watermark_age_seconds",
        "Time from the latest that was heard of a feed to the clock of the figures.",
        labels=["force", "feed"],
    )
    for force, board in boards.items():
        clock.add_metric([force], parse_instant(board.at, dt.UTC) / 1000)
        for feed, heard in board.feeds.items():
            age.add_metric([force, feed], heard.age_seconds)
    yield from (clock, age)
