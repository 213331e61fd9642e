"""The next hours of calls for Prometheus: what is expected, and the handlers that it needs."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from streams.board.model import Board, Handlers

INTERVALS = ("low_80", "high_80", "low_95", "high_95")
ALL_LINES = "all"


def ahead_metrics(boards: dict[str, Board]) -> Iterator[Metric]:
    """Gauges by line and by `hours`, 1 for the next whole hour; what is not known is absent. The
    line `all` is the room, one queue of all lines."""
    place = ["force", "line", "hours"]
    expected = GaugeMetricFamily(
        "watchroom_calls_ahead", "Calls expected in an hour to come.", labels=place
    )
    interval = GaugeMetricFamily(
        "watchroom_calls_ahead_limit",
        "Ends of the intervals that hold the calls of an hour to come in 80 and 95 of 100 hours.",
        labels=[*place, "limit"],
    )
    needed = GaugeMetricFamily(
        "watchroom_handlers_needed",
        "Handlers that the calls of an hour to come need for the target.",
        labels=place,
    )
    rostered = GaugeMetricFamily(
        "watchroom_handlers_rostered",
        "Handlers that the roster has in an hour to come.",
        labels=place,
    )

    def staff(labels: list[str], handlers: Handlers) -> None:
        if handlers.needed is not None:
            needed.add_metric(labels, handlers.needed)
        if handlers.rostered is not None:
            rostered.add_metric(labels, handlers.rostered)

    for force, board in boards.items():
        if board.ahead is None:
            continue
        for line in board.ahead.lines:
            for number, hour in enumerate(line.hours, start=1):
                labels = [force, line.line, str(number)]
                expected.add_metric(labels, hour.expected)
                for limit in INTERVALS:
                    interval.add_metric([*labels, limit], getattr(hour, limit))
                staff(labels, hour.handlers)
        for number, whole in enumerate(board.ahead.room, start=1):
            labels = [force, ALL_LINES, str(number)]
            expected.add_metric(labels, whole.expected)
            staff(labels, whole.handlers)
    yield from (each for each in (expected, interval, needed, rostered) if each.samples)
