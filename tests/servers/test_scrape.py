"""A real Prometheus scrapes a real monitor, and finds every live figure of its board."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.board.monitor import WINDOWS
from streams.config.force import find_force
from streams.embedded import demo
from streams.periods import DAY, HOUR, Calendar
from streams.registry.registry import REGISTRY
from streams.sources.simulator import simulate, spread_crimes
from tests.servers.figures import get, in_prometheus, named, of_groups, on_the_board, scraping
from tests.servers.process import Server, free_port, http_ok, wait_until
from tests.servers.prometheus import Found, Prometheus

pytestmark = pytest.mark.servers

FORCE = "warwickshire"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of simulated calls and incidents, and two weeks of crimes."""
    force = find_force(FORCE)
    end = Calendar(force.zone).midnight(2022, 1, 14) + 18 * HOUR
    known = list(simulate(force, end - 2 * DAY, end, seed=3))
    known += [pair for pair in spread_crimes(demo.sample(), 3, force.zone) if pair[0] < end]
    path = tmp_path_factory.mktemp("events") / "events.ndjson"
    path.write_bytes(b"\n".join(line for _, line in sorted(known)))
    return path


@pytest.fixture(scope="module")
def monitor(events: Path) -> Iterator[str]:
    """The address of a real monitor that has read the events and stands still."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "streams.cli", "run", str(events)]
    refused = events.parent / "refused.ndjson"
    options = ["--force", FORCE, "--web", address, "--json", "--dead-letters", str(refused)]
    server = Server("watchroom", [*command, *options], events.parent / "watchroom.log")
    server.start(lambda: http_ok(f"http://{address}/readyz"))
    assert not refused.exists(), refused.read_text()
    yield f"http://{address}"
    server.stop()


@pytest.fixture(scope="module")
def prometheus(monitor: str, prometheus_found: Found) -> Iterator[Prometheus]:
    """A Prometheus that has scraped the monitor, for all tests of this file."""
    server = Prometheus(prometheus_found, scraping(monitor))
    try:
        server.start()
        server.wait_for("watchroom_ready == 1")
        yield server
    finally:
        server.close()


NOTHING_COUNTS = {"since_operator", "outcomes"}
"""Tables of which these events fill no row."""


@pytest.mark.parametrize("group", [group.name for group in REGISTRY.groups])
def test_a_query_returns_each_live_figure_of_the_board(
    monitor: str, prometheus: Prometheus, group: str
) -> None:
    board = json.loads(get(f"{monitor}/board.json"))
    expected = on_the_board(board, group)
    assert in_prometheus(prometheus, of_groups([named(group)])) == expected
    assert (len(expected) > 20) is (group not in NOTHING_COUNTS)


def test_every_window_and_every_gauge_has_figures(monitor: str, prometheus: Prometheus) -> None:
    figures = in_prometheus(prometheus, '{__name__=~"watchroom_calls_(offered|waiting)"}')
    windows = {dict(labels).get("window") for _, labels in figures}
    assert windows == {*WINDOWS, "today", "month", None}


def test_a_ratio_is_its_numerator_over_its_denominator(prometheus: Prometheus) -> None:
    left = "watchroom_calls_service_level_ratio"
    right = "watchroom_calls_service_level_numerator / watchroom_calls_service_level_denominator"
    same = prometheus.query(f"count({left} == {right})")
    every = prometheus.query(f"count({left})")
    assert same[0]["value"][1] == every[0]["value"][1]


def test_a_target_can_be_compared_with_the_figure(prometheus: Prometheus) -> None:
    ratio = 'watchroom_calls_service_level_ratio{area="force",window="month"}'
    found = prometheus.query(f"{ratio} - on(force, line) watchroom_calls_target_ratio")
    assert {series["metric"]["line"] for series in found} == {"999", "101"}


def test_the_scrape_itself_is_whole_and_quick(prometheus: Prometheus) -> None:
    assert prometheus.query("up")[0]["value"][1] == "1"
    assert float(prometheus.query("scrape_duration_seconds")[0]["value"][1]) < 5


def test_promtool_has_no_complaint(monitor: str, promtool: Path) -> None:
    checked = subprocess.run(
        [promtool, "check", "metrics"],
        input=get(f"{monitor}/metrics"),
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_a_stopped_monitor_is_down_within_a_moment(
    events: Path, prometheus_factory: Callable[..., Prometheus]
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "streams.cli", "run", str(events)]
    server = Server("watchroom", [*command, "--web", str(port)], events.parent / "second.log")
    server.start(lambda: http_ok(f"http://127.0.0.1:{port}/readyz"))
    started = prometheus_factory(scraping(f"http://127.0.0.1:{port}"))
    started.wait_for("watchroom_ready == 1")
    server.stop()
    wait_until(lambda: bool(started.query("up == 0")), 20, "Prometheus sees that it is down")
    assert started.query("watchroom_calls_offered") == []
