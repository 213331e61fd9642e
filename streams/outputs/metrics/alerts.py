"""Metrics of alerts and of what is watched, for `/metrics`.

* `watchroom_alert_open`, 1 while an alert is open and not snoozed, from when people are to be
  notified of it; the label `alert` is its id, and `origin` says what its records are where they
  are not of a live feed (`simulated`, `replayed`, `mixed`); else it is empty, which for Prometheus
  is no label. Its words, which change, stand beside it in `watchroom_alert_words`, and say first
  what is made up. Labels are kept for as long as Prometheus keeps anything, for all who may
  ask it: no person is named in them, and nothing stands there that somebody wrote.
* `watchroom_watch_*`, the last closed period of every watched series: what was counted, what was
  expected, and the usual range; `flagged` is 1 or -1 where it was exceptional. At most
  `most_watches` series a force, widest areas first.
* `watchroom_detector_faults_total` and `watchroom_alert_faults_total`, what failed in them. A shard
  takes the count of its detectors along to the worker that has it next;
  `watchroom_series_faults_total` has that of each series that failed in this process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import UNSET
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from streams.alerts.words import local_instant, marked
from streams.board.model import Board
from streams.config.force import WHOLE
from streams.live import Live
from streams.outputs.metrics.exposition import GaugeLines, labels_text, sample_line
from streams.outputs.sign_in.without_names import nameless_words
from streams.periods import to_ms

if TYPE_CHECKING:  # slow to import
    from streams.surveillance.watch import Watch

WATCHED = {
    "observed": "What was counted in the last closed period of a watched series.",
    "expected": "What was expected in it.",
    "lower": "The lower end of its usual range.",
    "upper": "The upper end of its usual range.",
    "flagged": "1 or -1 where it was exceptionally high or low, else 0.",
}
"""The gauges `watchroom_watch_*`, and what they say."""


def alert_metrics(boards: dict[str, Board]) -> Iterator[Metric]:
    """Of the alerts on the boards; nothing where none are raised."""
    held = GaugeMetricFamily(
        "watchroom_alert_open",
        "1 while an alert is open, not snoozed, and people are to be notified.",
        labels=["force", "kind", "severity", "area", "measure", "alert", "origin"],
    )
    words = GaugeMetricFamily(
        "watchroom_alert_words",
        "The words of an open alert, whether somebody has it, and since when (local) it is open.",
        labels=["force", "alert", "words", "taken", "since"],
    )
    opened = GaugeMetricFamily(
        "watchroom_alert_opened_timestamp_seconds",
        "When an open alert was opened, in seconds since 1970 UTC.",
        labels=["force", "alert"],
    )
    made = GaugeMetricFamily(
        "watchroom_alerts_28d",
        "Pages and notices of the last four weeks, by what they were.",
        labels=["force", "outcome"],
    )
    budget = GaugeMetricFamily(
        "watchroom_alert_budget_28d",
        "How many false ones are allowed in four weeks.",
        labels=["force"],
    )
    for force, board in boards.items():
        if (part := board.alerts) is None:
            continue
        replay = board.status is not None and board.status.replay
        for alert in part.open:
            place = [alert.area, alert.measure, alert.id]
            # One of which nobody was to be notified when it was made (of the past, in quiet hours,
            # in maintenance) waits until somebody is. A replay notifies nobody, and shows all.
            if (alert.notified or replay) and alert.snoozed_until is None:
                origin = "" if alert.origin is UNSET else alert.origin
                held.add_metric([force, alert.kind, alert.severity, *place, origin], 1)
            taken = "no" if alert.owner is None else "yes"
            said = marked(alert, nameless_words(alert))
            words.add_metric([force, alert.id, said, taken, local_instant(alert.opened_at)], 1)
            opened.add_metric([force, alert.id], to_ms(alert.opened_at) / 1000)
        for outcome, number in part.summary.outcomes.items():
            made.add_metric([force, outcome], number)
        budget.add_metric([force], part.summary.budget)
    yield from (held, words, opened, made, budget)


def heartbeat_metrics(boards: dict[str, Board]) -> Iterator[Metric]:
    """How old the last heartbeat of each feed is."""
    age = GaugeMetricFamily(
        "watchroom_heartbeat_age_seconds",
        "Time since the last heartbeat of a feed.",
        labels=["force", "feed"],
    )
    for force, board in boards.items():
        for feed, heard in board.feeds.items():
            kind, _, of = feed.partition(".")
            if kind == "heartbeat":
                age.add_metric([force, of], heard.age_seconds)
    yield age


def fault_metrics(live: Live) -> Iterator[Metric]:
    """What failed and was passed over. Zeros too: Prometheus sees a rise only from what it knew."""
    detectors = CounterMetricFamily(
        "watchroom_detector_faults",
        "Times that a detector failed on a period of a force's records.",
        labels=["force", "kind"],
    )
    series = CounterMetricFamily(
        "watchroom_series_faults",
        "Of these, since this process began, by the series (or what else) that failed.",
        labels=["force", "kind", "series"],
    )
    with live.lock:
        for shard in live.monitor.shards:
            for force, surveillance in shard.surveillance.items():
                detectors.add_metric([force, shard.kind], surveillance.faults)
                for name, number in surveillance.faults_of.items():
                    series.add_metric([force, shard.kind, name], number)
    yield from (detectors, series)
    if live.alerts is not None:
        words = "Times that this process could not judge alerts or pass them on."
        yield CounterMetricFamily("watchroom_alert_faults", words, value=live.alerts.faults)


class WatchMetrics:
    """Those of the last closed period of every watched series."""

    def __init__(self, live: Live, most: Mapping[str, int]) -> None:
        self.live = live
        self.most = most
        """By force, how many series are given at most."""
        self._kept: dict[int, tuple[Watch, object, list[str]]] = {}
        """By the identity of a watch: its mark (`Adapter.mark`) and lines at the last scrape."""

    def families(self, boards: dict[str, Board]) -> Iterator[Metric]:
        """Of the forces of some boards."""
        families = [GaugeLines(f"watchroom_watch_{name}", words) for name, words in WATCHED.items()]
        states = GaugeMetricFamily(
            "watchroom_watches",
            "Watched series, by how far their baselines have come.",
            labels=["force", "grain", "state"],
        )
        kept, self._kept = self._kept, {}
        for force in boards:
            with self.live.lock:
                found = list(_watches(self.live, force))
            tally = Counter((watch.series.grain, watch.adapter.state) for watch in found)
            for (grain, state), number in sorted(tally.items()):
                states.add_metric([force, grain, state], number)
            found = [watch for watch in found if watch.adapter.taken]
            found.sort(key=lambda watch: (watch.series.area != WHOLE, len(watch.series.name)))
            for watch in found[: self.most[force]]:
                for family, text in zip(families, self._lines(force, watch, kept), strict=True):
                    if text:
                        family.lines.append(text)
        yield from (*families, states)

    def _lines(
        self, force: str, watch: Watch, kept: dict[int, tuple[Watch, object, list[str]]]
    ) -> list[str]:
        """The line of each family for a watch; empty where it has no value."""
        with self.live.lock:
            mark = watch.adapter.mark
            of, before, lines = kept.get(id(watch), (None, None, []))
            if of is not watch or before != mark:
                lines = _watch_lines(force, watch)
        self._kept[id(watch)] = watch, mark, lines
        return lines


def _watch_lines(force: str, watch: Watch) -> list[str]:
    series, figures = watch.series, watch.adapter.figures()
    place = {
        "force": force,
        "group": series.group.name,
        "measure": series.measure.name,
        "row": ",".join(f"{name}={value}" for name, value in series.row.items()),
        "area": series.area,
        "grain": series.grain,
    }
    text = labels_text(place)
    return [
        "" if value is None else sample_line(f"watchroom_watch_{name}", text, value)
        for name, value in zip(WATCHED, figures, strict=True)
    ]


def _watches(live: Live, force: str) -> Iterator[Watch]:
    for shard in live.monitor.shards:
        surveillance = shard.surveillance.get(force)
        if surveillance is not None:
            for watches in surveillance.grains.values():
                yield from watches
