"""A real Prometheus is given history by promtool, and answers with the board's closed months."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.cli.backfill import blocks
from streams.outputs.backfill import Backfill
from tests.build import crime, feed, ms, tiny_force
from tests.servers.prometheus import Found, Prometheus

pytestmark = pytest.mark.servers

MONTHS = [f"{year}-{month:02}" for year in range(2017, 2022) for month in range(1, 13)]
AT = ms("2022-01-01T00:00:00Z")
DAY = 86_400


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
def history(
    monitor: Monitor, prometheus_found: Found, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """A Prometheus that was given the history before it was started."""
    path = tmp_path_factory.mktemp("history") / "history.om"
    with path.open("wb") as out:
        written = Backfill(Query(monitor, "tiny", AT), ("month",)).write(out)
    server = Prometheus(prometheus_found, "global: { scrape_interval: 1m }\n")
    try:
        made = blocks(str(server.promtool), path, server.folder / "data")
        assert (made.number, made.size < 200 * written.samples) == (60, True)
        server.server.command.append("--storage.tsdb.retention.time=100y")
        server.start()
        yield server
    finally:
        server.close()


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
