"""Every query of every panel is answered by a real Prometheus that scraped a replay."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from grafana.committed import dashboards
from grafana.queries import unbroken
from streams.config.force import find_force, shipped_force_text
from streams.embedded import demo
from streams.periods import DAY, HOUR, SECOND, Calendar, rfc3339
from streams.sources.simulator import simulate, spread_crimes
from tests import events
from tests.dashboard_linter import expressions, targets, variables
from tests.servers.contract_exporter import FLAGGED, FORCE, exported
from tests.servers.dashboard_queries import answers, choices, filled
from tests.servers.figures import get
from tests.servers.kafka import Kafka
from tests.servers.process import Server, free_port, http_ok, wait_until
from tests.servers.prometheus import Found, Prometheus
from tests.servers.rig import rigged

pytestmark = pytest.mark.servers

MOST_CHOICES = 200
PIPELINE = "Pipeline health"
NOT_SHOWN = {
    "watchroom_calls_from_totals": "figures from totals are marked on the wallboard",
    "watchroom_exported_series": "what metrics cost: docs/operations.md",
    "watchroom_log_gap_messages": "an alert of Prometheus, with its runbook",
    "watchroom_reading_period_end_timestamp_seconds": "of which period a reading is",
    "watchroom_readings_left_out": "readings of a force that has very many",
    "watchroom_series_faults": "an alert of Prometheus, with its runbook",
    "watchroom_service_level_info": "the formula of the force's file",
    "watchroom_trouble": "the pipeline's reasons have it, and /readyz its words",
    "watchroom_web_failures_total": "an alert of Prometheus, with its runbook",
}
"""Metrics of a monitor that no dashboard shows, and why."""
ALL = {dashboard["title"]: dashboard for dashboard in dashboards()}
FIGURES = [title for title in ALL if title != PIPELINE]
CONFIG = """
global: {{ scrape_interval: 3s }}
scrape_configs:
  - job_name: watchroom
    static_configs: [{{ targets: {targets} }}]
"""
Watched = Callable[[str], Prometheus]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real monitor that has read two days of a force that sets every target."""
    folder = tmp_path_factory.mktemp("replay")
    text = shipped_force_text(FORCE).replace("seconds = 1200 }", "seconds = 1200, share = 0.8 }")
    (folder / "force.toml").write_text(text)
    force = find_force(str(folder / "force.toml"))
    end = Calendar(force.zone).midnight(2022, 1, 14) + 18 * HOUR
    known = list(simulate(force, end - 2 * DAY, end, seed=3))
    known += [pair for pair in spread_crimes(demo.sample(), 3, force.zone) if pair[0] < end]
    lines = [line for _, line in sorted(known)]
    lines += [waiting(line, end - 20 * SECOND) for line in ("999", "101")]
    (folder / "events.ndjson").write_bytes(b"\n".join(lines))
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "streams.cli", "run"]
    command += [str(folder / "events.ndjson"), "--force", str(folder / "force.toml")]
    server = Server("watchroom", [*command, "--web", address, "--json"], folder / "run.log")
    server.start(lambda: http_ok(f"http://{address}/readyz"), seconds=120)
    yield address
    server.stop()


def waiting(line: str, at: int) -> bytes:
    """A call that is not answered yet."""
    call = {"kind": "call", "force": FORCE, "id": f"waiting-{line}", "version": 1, "line": line}
    return json.dumps(call | {"updated_at": rfc3339(at), "offered_at": rfc3339(at)}).encode()


def given(address: str) -> set[str]:
    """The metrics that a monitor has values of."""
    text = get(f"http://{address}/metrics").decode()
    return {s.name for family in text_string_to_metric_families(text) for s in family.samples}


@pytest.fixture(scope="module")
def watched(prometheus_found: Found) -> Iterator[Watched]:
    """Starts a Prometheus that scrapes a monitor, and what that has nothing to tell of."""
    with ExitStack() as stack:

        def start(address: str) -> Prometheus:
            exporter = exported(free_port(), given(address), time.time())
            addresses = json.dumps([address, stack.enter_context(exporter)])
            server = Prometheus(prometheus_found, CONFIG.format(targets=addresses))
            stack.callback(server.close)
            server.start()
            server.wait_for("watchroom_ready == 1 and on () (count(up == 1) == 2)", 90)
            return server

        yield start


@pytest.fixture(scope="module")
def prometheus(replayed: str, watched: Watched) -> Prometheus:
    return watched(replayed)


def test_a_reader_finds_something_under_every_variable(prometheus: Prometheus) -> None:
    for title in FIGURES:
        first = next(choices(prometheus, variables(ALL[title])), None)
        assert first is not None, title


def test_what_a_monitor_exports_is_on_a_dashboard_or_left_out_on_purpose(replayed: str) -> None:
    shown = json.dumps(dashboards())
    found = {name for name in given(replayed) if name.startswith("watchroom_")}
    # The numbers that a share of a wide table is made of stand for what the share is.
    of = {name: re.sub("_(numerator|denominator)$", "_ratio", name) for name in found}
    left_out = {name for name in found if name not in shown and of[name] not in shown}
    assert {name for name in left_out if not name.endswith("_created")} <= NOT_SHOWN.keys()


def test_a_stat_has_no_answer_of_what_is_gone(prometheus: Prometheus) -> None:
    """As Prometheus gives it: a figure that has no value now is NaN at the last step."""
    gone = unbroken('watchroom_crimes{force="nowhere"}')
    end = time.time()
    (found,) = prometheus.get(
        "/api/v1/query_range", query=gone, start=str(end - 30), end=str(end), step="3"
    )["result"]
    assert {value for _, value in found["values"]} == {"NaN"}


def unanswered(server: Prometheus, dashboard: dict[str, Any], most: int) -> list[str]:
    """The queries that have no answer under any of the first choices."""
    open_ = dict(targets(dashboard))
    for chosen in islice(choices(server, variables(dashboard)), most):
        open_ = {
            where: target for where, target in open_.items() if not answers(server, target, chosen)
        }
        if not open_:
            break
    return [f"{where}: {target['expr']}" for where, target in open_.items()]


@pytest.mark.parametrize("title", FIGURES)
def test_every_query_of_every_panel_returns_data(prometheus: Prometheus, title: str) -> None:
    eventually_answered(prometheus, ALL[title], MOST_CHOICES)


def eventually_answered(server: Prometheus, dashboard: dict[str, Any], most: int) -> None:
    """Waits until every query has an answer: some need a few scrapes behind them."""
    left: list[str] = []

    def answered() -> bool:
        left[:] = unanswered(server, dashboard, most)
        return not left

    try:
        wait_until(answered, 60, "every query has an answer")
    except TimeoutError:
        assert left == []


def test_the_control_chart_shows_what_the_monitor_watches(prometheus: Prometheus) -> None:
    dashboard = ALL["Volumes and control charts"]
    chosen = next(
        chosen for chosen in choices(prometheus, variables(dashboard)) if chosen["group"] != FLAGGED
    )
    shown = dict(targets(dashboard))
    for where in ("Control chart A", "Last closed period A", "Verdict on it A"):
        assert answers(prometheus, shown[where], chosen), where


def test_the_notes_of_changes_of_level_return_data(prometheus: Prometheus) -> None:
    dashboard = ALL["Volumes and control charts"]
    chosen = next(choices(prometheus, variables(dashboard)))
    (expr,) = [expr for where, expr in expressions(dashboard) if where == "Change of level found"]
    assert prometheus.query(filled(expr, chosen))


@pytest.mark.parametrize("title", FIGURES)
def test_no_figure_is_doubled_by_the_instances(prometheus: Prometheus, title: str) -> None:
    """What a panel shows of one force is told once, whichever worker tells it."""
    chosen = next(choices(prometheus, variables(ALL[title])))
    for where, target in targets(ALL[title]):
        for series in answers(prometheus, target, chosen):
            assert not {"instance", "job"} & set(series["metric"]), where


def test_the_pipelines_queries_return_data_of_a_worker(
    kafka: Kafka, topic_prefix: str, tmp_path: Path, watched: Watched
) -> None:
    now = dt.datetime.now(dt.UTC)
    start = (now - dt.timedelta(days=2)).replace(microsecond=0)
    found = [event for event in events.events(500, start=start) if event.at < now]
    with rigged(kafka, topic_prefix, tmp_path) as rig:
        worker = rig.worker()
        worker.start()
        rig.publish(events.messages(found, 50))
        rig.send("call", "warwickshire", b"no call at all").get(timeout=30)
        server = watched(f"127.0.0.1:{worker.port}")
        server.wait_for("watchroom_records > 0 and on () watchroom_checkpoint_age_seconds", 60)
        eventually_answered(server, ALL[PIPELINE], 10)
