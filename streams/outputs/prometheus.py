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
* The number of series is bounded. By category, grade or offence there are only the windows of
  `BROKEN_DOWN` and only rows that are not zero; a group has at most `MOST_ROWS` rows a force,
  widest first, and what did not fit is counted in `watchroom_rows_left_out`.
* No figure of a force is shown while the monitor reads or is behind: none is better than half of
  one. With `watchroom_trouble` they are shown, since alerts about the room must still come.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
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
from prometheus_client.registry import Collector

from streams.board.model import Board, Row
from streams.config.force import WHOLE
from streams.live import Live
from streams.outputs.alert_metrics import (
    alert_metrics,
    fault_metrics,
    heartbeat_metrics,
    watch_metrics,
)
from streams.outputs.instants import parse_instant
from streams.registry.aggregates import Count, Share
from streams.registry.dimensions import ALL
from streams.registry.measures import ChosenServiceLevel, Gauge, Group, Measure
from streams.registry.registry import REGISTRY

VOCABULARIES = frozenset({"category", "grade", "offence"})
"""Dimensions whose values are many: rows by one of them are left out of most windows."""

BROKEN_DOWN = ("1h", "today", "month")
"""The windows that have rows by category, grade or offence."""

MOST_ROWS = 5_000
"""The most rows of one group and force, over all windows."""


def registry(live: Live) -> CollectorRegistry:
    """A registry of its own with the board of `live` and the figures of this process."""
    made = CollectorRegistry()
    made.register(BoardCollector(live))
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    return made


def metric_name(group: Group, measure: Measure) -> str:
    """The name of a measure by Prometheus conventions."""
    # `_count` is the ending of a histogram, so the measure "count" goes by the group's name.
    stem = f"watchroom_{group.name}"
    if measure.name != "count":
        stem += f"_{measure.name}"
    return stem + {"count": "", "ratio": "_ratio", "seconds": "_seconds"}[measure.unit]


def own_parts(group: Group, measure: Measure) -> tuple[str, ...]:
    """Which of `numerator` and `denominator` of a ratio need gauges of their own."""
    if measure.unit != "ratio":
        return ()
    if isinstance(measure.value, ChosenServiceLevel):
        return ("numerator", "denominator")
    counters = {(m.value.counter,) for m in group.measures if isinstance(m.value, Count)}
    share = measure.value
    if not isinstance(share, Share):
        return ()
    parts = {"numerator": share.top, "denominator": () if share.less else share.bottom}
    return tuple(name for name, summed in parts.items() if summed not in counters)


class BoardCollector(Collector):
    """Makes all metrics of a `Live` at each scrape; the lock is held for one board a force."""

    def __init__(self, live: Live) -> None:
        self.live = live

    def describe(self) -> Iterable[Metric]:
        """Nothing: that saves a scrape when the collector is registered."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric, computed now."""
        yield from self._process()
        yield from fault_metrics(self.live)
        boards = {}
        if self.live.health.counting:
            boards = {force: self.live.board(force) for force in self.live.forces()}
        for group in REGISTRY.groups:
            yield from _group_metrics(group, boards)
        yield from _definitions(boards)
        yield from _feeds(boards)
        yield from alert_metrics(boards)
        yield from heartbeat_metrics(boards)
        yield from watch_metrics(self.live, boards)

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
        yield _single("watchroom_ready", "1 when the figures may be relied on.", int(health.ready))
        trouble = GaugeMetricFamily(
            "watchroom_trouble",
            "1 while something keeps the figures from being whole; /readyz has the words.",
            labels=["kind", "subject"],
        )
        for key in sorted(health.troubles):
            kind, _, subject = key.partition(":")
            trouble.add_metric([kind, subject], 1)
        yield trouble
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


def _group_metrics(group: Group, boards: dict[str, Board]) -> Iterator[Metric]:
    """One family a measure (and part of a ratio), filled from the boards of all forces."""
    flows = [m for m in group.measures if not isinstance(m.value, Gauge)]
    gauges = [m for m in group.measures if isinstance(m.value, Gauge)]
    place = ["force", "area", *group.dimensions]
    families: dict[tuple[str, str], GaugeMetricFamily] = {}
    for measure in (*flows, *gauges):
        labels = place if measure in gauges else [*place, "window"]
        words = f"{group.title}: {measure.title}" if measure.title != group.title else group.title
        name = metric_name(group, measure)
        families[measure.name, ""] = GaugeMetricFamily(name, f"{words}.", labels=labels)
        for part in own_parts(group, measure):
            families[measure.name, part] = GaugeMetricFamily(
                f"{name.removesuffix('_ratio')}_{part}", f"{words}: its {part}.", labels=labels
            )
    left_out = GaugeMetricFamily(
        "watchroom_rows_left_out",
        "Rows of the board that are not exported, to bound the number of series.",
        labels=["force", "group"],
    )
    from_totals = GaugeMetricFamily(
        f"watchroom_{group.name}_from_totals",
        f"{group.title}: 1 where the figures come from totals, or from records and totals.",
        labels=[*place, "window", "source"],
    )
    for force, board in boards.items():
        rows, more = _chosen_rows(group, board)
        if more:
            left_out.add_metric([force, group.name], more)
        for window, row in rows:
            labels = [*_place(force, group, row), window]
            _add(families, flows, row, labels)
            if row.origin is not None:
                from_totals.add_metric([*labels, row.origin], 1)
        for row in board.now.rows(group.name) or ():
            _add(families, gauges, row, _place(force, group, row))
    found = (*families.values(), from_totals, left_out)
    yield from (family for family in found if family.samples)


def _place(force: str, group: Group, row: Row) -> list[str]:
    return [force, row.area, *(row.dimension_of(name) for name in group.dimensions)]


def _add(
    families: dict[tuple[str, str], GaugeMetricFamily],
    measures: list[Measure],
    row: Row,
    labels: list[str],
) -> None:
    for measure in measures:
        parts: dict[str, float | None]
        if measure.unit == "ratio":
            share = row.ratio_of(measure.name)
            parts = {"": share.value}
            parts |= {"numerator": share.numerator, "denominator": share.denominator}
        else:
            parts = {"": row.number_of(measure.name)}
        for part, value in parts.items():
            family = families.get((measure.name, part))
            if family is not None and value is not None:
                family.add_metric(labels, value)


def _chosen_rows(group: Group, board: Board) -> tuple[list[tuple[str, Row]], int]:
    """The (window, row) pairs of a group that are exported, and how many more there are."""
    many = [name for name in group.dimensions if name in VOCABULARIES]
    chosen: list[tuple[str, Row]] = []
    for window, figures in board.windows.items():
        for row in figures.rows(group.name) or ():
            total = all(row[name] == ALL for name in many)
            if total or (window in BROKEN_DOWN and any(row[m.name] for m in group.measures)):
                chosen.append((window, row))
    if len(chosen) > MOST_ROWS:
        chosen.sort(key=lambda pair: _narrowness(many, pair[1]))
    return chosen[:MOST_ROWS], max(0, len(chosen) - MOST_ROWS)


def _narrowness(many: list[str], row: Row) -> int:
    narrowed = [row.area != WHOLE, *(row[name] != ALL for name in many)]
    return sum(narrowed)


def _definitions(boards: dict[str, Board]) -> Iterator[Metric]:
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
        "The share of emergencies to be attended in time, where one is set: of those attended.",
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
    for force, board in boards.items():
        definitions = board.definitions
        formula.add_metric([force], {"formula": definitions.service_level.name})
        for line, held in definitions.lines.items():
            call_limit.add_metric([force, line], held.within_seconds)
            if held.target is not None:
                call_share.add_metric([force, line], held.target)
        limit.add_metric([force], definitions.attendance.within_seconds)
        if definitions.attendance.target is not None:
            share.add_metric([force], definitions.attendance.target)
    yield from (call_share, call_limit, share, limit, formula)


def _feeds(boards: dict[str, Board]) -> Iterator[Metric]:
    clock = GaugeMetricFamily(
        "watchroom_clock_timestamp_seconds",
        "The instant that the figures are of, in seconds since 1970 UTC.",
        labels=["force"],
    )
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
