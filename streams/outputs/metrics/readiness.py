"""Whether the figures may be relied on, and why not, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from streams.live import Health
from streams.live.reasons import REASON_KINDS


def readiness_metrics(health: Health) -> Iterator[Metric]:
    """Of a runner: ready or not, by reason, with the troubles by their subject and how much the log
    lost. Every reason has a series, so that a rule never asks for one that is absent."""
    ready = GaugeMetricFamily(
        "watchroom_ready", "1 when the figures may be relied on.", value=int(health.ready)
    )
    unready = GaugeMetricFamily(
        "watchroom_unready",
        "1 while this keeps the figures from being relied on; /readyz says what to do.",
        labels=["reason"],
    )
    now = {reason.code for reason in health.reasons}
    for kind in REASON_KINDS:
        unready.add_metric([kind.code], int(kind.code in now))
    trouble = GaugeMetricFamily(
        "watchroom_trouble",
        "1 while something keeps the figures from being whole; /readyz has the words.",
        labels=["kind", "subject"],
    )
    for key in sorted(health.troubles):
        code, _, subject = key.partition(":")
        trouble.add_metric([code, subject], 1)
    lost = GaugeMetricFamily(
        "watchroom_log_gap_messages",
        "Messages of a partition, at most, that the log lost before they were counted.",
        labels=["topic", "partition"],
    )
    for name, messages in list(health.log_gaps.items()):
        topic, _, partition = name.rpartition("/")
        lost.add_metric([topic, partition], messages)
    deaf = CounterMetricFamily(
        "watchroom_web_failures",
        "Times that the web server did not answer its own process.",
        value=health.web_failures,
    )
    yield from (ready, unready, trouble, lost, deaf)
