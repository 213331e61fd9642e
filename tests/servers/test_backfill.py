"""A real Prometheus is given history by promtool, and answers with the board's closed months."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from grafana.committed import dashboards
from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.cli import main
from streams.cli.backfill import blocks
from streams.config.force import find_force
from streams.outputs.metrics.backfill import Backfill
from streams.sources.simulator import simulate
from tests.build import crime, feed, ms, tiny_force
from tests.dashboard_linter import panels, targets, variables
from tests.servers.dashboard_queries import Chosen, filled, options
from tests.servers.prometheus import Found, Prometheus

pytestmark = pytest.mark.servers

MONTHS = [f"{year}-{month:02}" for year in range(2017, 2022) for month in range(1, 13)]
AT = ms("2022-01-01T00:00:00Z")
DAY = 86_400
REPLAYED = ("2022-01-10", "2022-01-11", "2022-01-12")
VOLUMES = "Volumes and control charts"


@pytest.fixture(scope="module")
def monitor() -> Monitor:
    """Five years of crimes, from the first day to the last, some of them in the north."""
    made = Monitor([tiny_force()])
    made.play_history(True)
    records = []
    for number, month in enumerate(MONTHS):
        for place in range(3 + number * 7 % 11):
            name, area = f"{month}-{place}", "north" if place % 3 else "south"
            records.append(crime(name, f"{month}-{1 + place:02}T12:00:00Z", area=area))
    feed(made, *records, crime("last", "2021-12-31T12:00:00Z", area="south"))
    return made


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of a control room, as `watchroom replay` reads them."""
    path = tmp_path_factory.mktemp("replayed") / "events.ndjson"
    force = find_force("warwickshire")
    start = ms(f"{REPLAYED[0]}T00:00:00Z")
    lines = simulate(force, start, start + len(REPLAYED) * DAY * 1000 + 3_600_000, seed=5)
    path.write_bytes(b"\n".join(line for _, line in sorted(lines)))
    return path


@pytest.fixture(scope="module")
def history(
    monitor: Monitor,
    replayed: Path,
    prometheus_found: Found,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Prometheus]:
    """A Prometheus that was given the history before it was started."""
    path = tmp_path_factory.mktemp("history") / "history.om"
    with path.open("wb") as out:
        written = Backfill(Query(monitor, "tiny", AT), ("month",)).write(out)
    server = Prometheus(prometheus_found, "global: { scrape_interval: 1m }\n")
    try:
        made = blocks(str(server.promtool), path, server.folder / "data")
        assert (made.number, made.size < 200 * written.samples) == (60, True)
        command = ["backfill", str(replayed), "--force", "warwickshire", "--into"]
        command += [str(server.folder / "data"), "--promtool", str(server.promtool)]
        answer = CliRunner().invoke(main, command)
        assert answer.exit_code == 0, answer.output
        server.server.command.append("--storage.tsdb.retention.time=100y")
        server.start()
        yield server
    finally:
        server.close()


def shown_over_years(
    server: Prometheus, title: str, panel: str, chosen: Chosen
) -> dict[str, list[float]]:
    """What the lines of a panel have over the whole of the history, a point a day, by name."""
    (dashboard,) = [each for each in dashboards() if each["title"] == title]
    found = {}
    for where, target in targets(dashboard):
        if where.rpartition(" ")[0] == panel:
            answer = server.get(
                "/api/v1/query_range",
                query=filled(target["expr"], {**chosen, "__interval": "1d"}),
                start=str(ms(f"{MONTHS[0]}-01T00:00:00Z") // 1000),
                end=str(AT // 1000),
                step=str(DAY),
            )["result"]
            for series in answer:
                values = [float(value) for _, value in series["values"]]
                found[target["legendFormat"]] = values
    return found


def count(board: Board, month: str, area: str) -> int | None:
    row = board.periods[month].row("crimes", area=area, offence="all")
    assert row is not None
    return row.count_of("count")


@pytest.mark.parametrize("area", ["force", "north"])
def test_a_range_query_gives_the_closed_months_of_the_board(
    monitor: Monitor, history: Prometheus, area: str
) -> None:
    promql = f'watchroom_crimes{{area="{area}",offence="all",window="month",job="watchroom"}}'
    answer = history.get(
        "/api/v1/query_range",
        query=f"last_over_time({promql}[1d])",
        start=str(ms(f"{MONTHS[0]}-01T00:00:00Z") // 1000),
        end=str(AT // 1000),
        step=str(DAY),
    )
    (series,) = answer["result"]
    board = monitor.board("tiny", AT, MONTHS)
    assert [int(value) for _, value in series["values"]] == [
        count(board, month, area) for month in MONTHS
    ]


@pytest.mark.parametrize("area", ["force", "north"])
def test_a_panel_shows_the_months_of_the_history_as_the_board_has_them(
    monitor: Monitor, history: Prometheus, area: str
) -> None:
    chosen = {"job": ".+", "instance": ".+", "force": "tiny", "area": area, "window": "month"}
    shown = shown_over_years(history, VOLUMES, "Recorded crime: volumes", chosen)
    board = monitor.board("tiny", AT, MONTHS)
    assert shown["Crimes"] == [count(board, month, area) for month in MONTHS]


def test_a_figure_that_is_chosen_shows_its_history(history: Prometheus) -> None:
    chosen = {"job": ".+", "instance": ".+", "force": "tiny", "area": "force", "window": "month"}
    chosen["figure"] = "watchroom_results_recorded"
    (values,) = shown_over_years(history, VOLUMES, "$figure", chosen).values()
    assert len(values) == len(MONTHS)


def calls_by_day(path: Path, line: str) -> list[int]:
    """How many calls of a line there are in the events of each day."""
    events = [json.loads(text) for text in path.read_bytes().splitlines()]
    offered = {
        event["id"]: event["offered_at"]
        for event in events
        if event["kind"] == "call" and event["line"] == line
    }
    days = [ms(f"{day}T00:00:00Z") for day in REPLAYED]
    return [sum(day <= ms(at) < day + DAY * 1000 for at in offered.values()) for day in days]


def over_replayed_days(server: Prometheus, target: dict[str, Any]) -> list[list[float]]:
    """What a query of a dashboard has at the ends of the days that were replayed."""
    chosen = {"job": ".+", "instance": ".+", "force": "warwickshire", "area": "force"}
    chosen |= {"line": "999", "window": "today", "__interval": "1d"}
    start = ms(f"{REPLAYED[0]}T00:00:00Z") // 1000 + DAY
    answer = server.get(
        "/api/v1/query_range",
        query=filled(target["expr"], chosen),
        start=str(start),
        end=str(start + (len(REPLAYED) - 1) * DAY),
        step=str(DAY),
    )
    return [[float(value) for _, value in series["values"]] for series in answer["result"]]


def test_the_days_of_a_replay_stand_on_the_dashboard_as_its_events_have_them(
    history: Prometheus, replayed: Path
) -> None:
    (dashboard,) = [each for each in dashboards() if each["title"] == "Calls"]
    shown = {target["legendFormat"]: target for _, target in targets(dashboard)}
    (offered,) = over_replayed_days(history, shown["Offered"])
    assert offered == calls_by_day(replayed, "999")
    assert min(offered) > 0


def test_every_line_of_calls_has_the_replayed_days_but_what_is_of_a_moment(
    history: Prometheus,
) -> None:
    (dashboard,) = [each for each in dashboards() if each["title"] == "Calls"]
    of_a_moment = {
        "Waiting now",
        "End unknown",
        "Oldest waiting",
        "Gave up, not rung back",
        "Oldest not rung back",
        "Not rung back for over a day",
        # What is expected of the hours to come.
        "Expected",
        "Lower",
        "Upper",
    }
    drawn = [
        target
        for panel in panels(dashboard)
        for target in panel["targets"]
        if panel["type"] == "timeseries"
    ]
    without = {t["legendFormat"] for t in drawn if not over_replayed_days(history, t)}
    assert without == of_a_moment


def test_the_force_and_its_areas_can_be_chosen_of_history_alone(history: Prometheus) -> None:
    (dashboard,) = [each for each in dashboards() if each["title"] == VOLUMES]
    (force,) = [each for each in variables(dashboard) if each["name"] == "force"]
    assert options(history, force, {"job": ".+", "instance": ".+"}) == ["tiny", "warwickshire"]


def test_the_end_of_a_month_is_a_step_at_which_its_figure_stands(
    monitor: Monitor, history: Prometheus
) -> None:
    end = ms("2019-07-01T00:00:00+01:00") // 1000
    answer = history.get(
        "/api/v1/query_range",
        query='watchroom_crimes{area="force",offence="all",window="month"}',
        start=str(end - DAY),
        end=str(end + DAY),
        step=str(DAY),
    )
    (series,) = answer["result"]
    board = monitor.board("tiny", AT, MONTHS)
    assert series["values"] == [[end, str(count(board, "2019-06", "force"))]]
