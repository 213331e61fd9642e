"""A history that was played to its end: its last day, and what ends with that day, is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from streams.board.answers import Page
from streams.board.flags import MonthlyFlags
from streams.board.monitor import Monitor
from streams.embedded.runner import Embedded
from streams.live import Live
from streams.outputs.monitor_server import application
from streams.sources import Chunk
from streams.sources.order.player import Player
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stops
from streams.state.surveillance import watch_all
from tests.build import crime, lines, ms, tiny_force

YEARS = [f"{year}-{month:02}" for year in (2019, 2020) for month in range(1, 13)]
BURGLARIES = [
    crime(f"{month}-{n}", f"{month}-{2 * n + 1:02}T12:00:00Z", area="north")
    for month in YEARS
    for n in range(14)
]
LAST = crime("last", "2020-12-31T23:54:00Z", area="north")


def read(*, watched: bool, more: bool = False) -> Live:
    """A monitor that has read an export of two years; of one that is not whole `more` follows."""
    clock = ReplayClock()
    live = Live(Monitor([tiny_force()]), clock)
    if watched:
        watch_all(live.monitor)
    runner = Embedded(live, Stops(), clock)
    records = [*BURGLARIES, LAST]
    chunk = Chunk(lines(records), "crimes.ndjson", range(1, len(records) + 1), (), 0)
    player = Player([chunk], runner)
    player.play()
    if more:
        runner.enter("playing", None)
    return live


@pytest.fixture(scope="module", params=[True, False], ids=["watched", "unwatched"])
def live(request: pytest.FixtureRequest) -> Live:
    return read(watched=request.param)


@pytest.fixture(scope="module")
def client(live: Live) -> Iterator[TestClient]:
    with TestClient(application(live)) as made:
        yield made


@pytest.mark.parametrize("period", ["2020-12-31", "2020-12", "2020-Q4", "2020"])
@pytest.mark.parametrize(
    "at", [None, "2021-01-01T00:00:00Z", "2021-01-02T12:00:00Z", "2021-03-01T00:00:00Z"]
)
def test_what_ends_with_the_last_day_is_over(live: Live, period: str, at: str | None) -> None:
    query = live.query("tiny", None if at is None else ms(at))
    figure = query.figure("crimes.count", query.stretch(period), "force")
    assert (figure.complete, figure.reason) == (True, "")


def test_what_is_asked_of_an_instant_before_its_end_is_not_over(live: Live) -> None:
    query = live.query("tiny", ms("2020-12-31T20:00:00Z"))
    assert not query.figure("crimes.count", query.stretch("2020-12"), "force").complete


def test_what_lies_after_the_last_day_is_not_known(live: Live) -> None:
    query = live.query("tiny", ms("2021-03-01T00:00:00Z"))
    figure = query.figure("crimes.count", query.stretch("2021-01"), "force")
    assert (figure.value, figure.reason) == (
        None, "crimes are known from 2019-01-01 to 2020-12-31"
    )  # fmt: skip


def test_of_what_goes_on_the_last_day_is_not_over() -> None:
    query = read(watched=True, more=True).query("tiny")
    assert not query.figure("crimes.count", query.stretch("2020-12"), "force").complete


@pytest.mark.parametrize("at", [None, ms("2021-01-01T00:00:00Z")])
def test_its_last_month_is_judged(live: Live, at: int | None) -> None:
    page = MonthlyFlags(live.query("tiny", at), "2020-12").page(Page(0, 100))
    assert page.looked_at > 0
    assert page.words.startswith("Of ")


def test_the_pages_of_a_monitor_answer_the_same(client: TestClient) -> None:
    for at in ("", "&at=2021-01-01", "&at=2021-01-02T12:00"):
        asked = f"/api/board?indicator=crimes.count&period=2020-12&compare=previous{at}"
        (row,) = client.get(asked).json()["rows"]
        assert row["value"] == 15
        assert row.get("complete", True)
        assert row["beside"]["previous"]["change"] is not None
        assert client.get(f"/api/flags?month=2020-12{at}").status_code == 200
    assert client.get("/explore?measure=crimes.count").status_code == 200
