"""Metrics of alerts and watches that a quiet replay does not give, served by a real exporter.

What the monitor gives itself is left out, so that its own figures are judged wherever there are
any, and these stand in only for what it has nothing to tell of: a night without an alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

FORCE = "warwickshire"
KINDS = {
    "exceptional_volume": "page",
    "target_missed": "notice",
    "level_change": "state",
    "feed_silent": "",  # snoozed, and so not shown as open
}
FLAGGED = "above_and_below"
"""A table of the board that there is not, first in the alphabet: in it, series are flagged."""
WATCHED = {
    # row: observed, expected, lower, upper, flagged
    "line=999": (61.0, 40.0, 28.0, 55.0, 1.0),
    "line=101": (11.0, 30.0, 19.0, 44.0, -1.0),
}
FURTHER = ("group", "measure", "line", "grade", "area")
PLACE = ("further_levels", "second_target", "999", "", "force")
Families = dict[str, list[tuple[dict[str, str], float]]]


def families(now: float) -> Families:
    """Every metric with its series."""
    made: Families = {
        "watchroom_alert_budget_28d": [({}, 4)],
        "watchroom_watches": [({"grain": "hour", "state": "watching"}, 12)],
        "watchroom_heartbeat_age_seconds": [({"feed": "calls"}, 20)],
        "watchroom_reading": [
            ({"area": "force", "indicator": "confidence_in_police", "unit": "ratio"}, 0.8)
        ],
        "watchroom_figure": [
            ({"area": "force", "indicator": "robbery", "unit": "count", "period": "month"}, 12)
        ],
        "watchroom_further_target_ratio": [(dict(zip(FURTHER, PLACE, strict=True)), 0.95)],
        "watchroom_further_target_seconds": [(dict(zip(FURTHER, PLACE, strict=True)), 20)],
        # Of a force whose calls and roster are known for weeks.
        "watchroom_calls_ahead": [({"line": "999", "hours": "1"}, 21.5)],
        "watchroom_calls_ahead_limit": [
            ({"line": "999", "hours": "1", "limit": limit}, calls)
            for limit, calls in {"low_80": 15.0, "high_80": 28.0}.items()
        ],
        "watchroom_handlers_needed": [({"line": "all", "hours": "1"}, 9)],
        "watchroom_handlers_rostered": [({"line": "all", "hours": "1"}, 8)],
        "watchroom_unknown_values_total": [({"kind": "incident", "field": "area"}, 3)],
        # Of lines of which the force's file says that callers are rung back.
        "watchroom_calls_not_rung_back": [({"area": "force", "line": "101"}, 2)],
        "watchroom_calls_not_rung_back_unknown": [({"area": "force", "line": "101"}, 0)],
        "watchroom_calls_oldest_not_rung_back_seconds": [({"area": "force", "line": "101"}, 900)],
        "watchroom_alerts_28d": [
            ({"outcome": outcome}, number)
            for outcome, number in {"real": 3.0, "false": 1.0, "none": 1.0}.items()
        ],
    }
    for kind, severity in KINDS.items():
        name = {"alert": f"{FORCE}/{kind}/calls.offered/line=999/force/up/2022-01-14T17:00:00Z"}
        told = {"words": f"{kind}: 61, expected 28 to 55", "taken": "yes"}
        made.setdefault("watchroom_alert_words", []).append(({**name, **told}, 1))
        opened = made.setdefault("watchroom_alert_opened_timestamp_seconds", [])
        opened.append((name, now - 600))
        if severity:
            labels = {"kind": kind, "severity": severity, "area": "force", "measure": "offered"}
            made.setdefault("watchroom_alert_open", []).append(({**name, **labels}, 1))
    for place, of in enumerate(("observed", "expected", "lower", "upper", "flagged")):
        made[f"watchroom_watch_{of}"] = [
            (
                {
                    "group": FLAGGED,
                    "measure": "offered",
                    "row": row,
                    "area": "force",
                    "grain": "hour",
                },
                values[place],
            )
            for row, values in WATCHED.items()
        ]
    return made


class Contract(Collector):
    """The metrics that are not among the `given`, and watches of which some are flagged."""

    def __init__(self, given: Iterable[str], now: float) -> None:
        """Leave out what is given."""
        self.families = {
            name: series
            for name, series in families(now).items()
            if name not in set(given) or name.startswith("watchroom_watch_")
        }

    def collect(self) -> Iterator[Metric]:
        """One family a metric."""
        for name, series in self.families.items():
            labels = ["force", *series[0][0]]
            family = GaugeMetricFamily(name, name, labels=labels)
            for held, value in series:
                family.add_metric([FORCE, *held.values()], value)
            yield family


@contextmanager
def exported(port: int, given: Iterable[str], now: float) -> Iterator[str]:
    """Serve them at this port until the block ends; gives host and port."""
    registry = CollectorRegistry()
    registry.register(Contract(given, now))
    server, thread = start_http_server(port, "127.0.0.1", registry)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
