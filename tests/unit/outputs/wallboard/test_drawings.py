"""The charts one step down, and what a page says of what there is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.charts.indicator import PeriodBeside
from streams.charts.model import ChartPoint
from streams.config.force import find_force
from streams.live import Live
from streams.outputs.monitor_server import application
from streams.outputs.notify.rehearsal import rehearsal
from streams.outputs.wallboard.drawings import LONGEST, SHORTEST, Window
from streams.outputs.wallboard.kept_points import MOST, KeptPoints
from streams.periods import DAY, HOUR, MINUTE
from streams.registry.indicator import Indicator
from streams.stretches import Stretch
from tests.alerting import unattended
from tests.build import call, feed, ms, tiny_force

NOW = ms("2021-03-28T10:30:00Z")
"""Summer time began in the night before."""


@pytest.fixture
def shown() -> Live:
    shown = Live(Monitor([tiny_force()]), clock=lambda: NOW)
    calls = (call(f"c{n}", f"2021-03-{n // 24 + 20:02d}T{n % 24:02d}:05:00Z") for n in range(200))
    feed(shown.monitor, *calls)
    shown.health.state = "live"
    return shown


@pytest.fixture
def client(shown: Live) -> Iterator[TestClient]:
    with TestClient(application(shown)) as made:
        yield made


def test_a_chart_is_drawn_in_the_size_of_the_screen(client: TestClient) -> None:
    for width, height, drawn in (
        (1200, 500, "1200 500"),
        (1, 1, "260 200"),
        (1e9, 1e9, "4000 2400"),
    ):
        address = f"/drawing.json?chart=waiting&line=999&width={width}&height={height}"
        assert f'viewBox="0 0 {drawn}"' in client.get(address).json()["svg"]


@pytest.mark.parametrize("width", ["nan", "inf", "wide"])
def test_a_size_that_is_no_number_of_pixels_is_refused(client: TestClient, width: str) -> None:
    answer = client.get(f"/drawing.json?chart=waiting&line=999&width={width}&height=200")
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "width and height are numbers of pixels",
    )


def test_a_chart_of_a_late_feed_says_so_and_no_board_is_made_for_that(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(*_: object, **__: object) -> None:
        raise AssertionError("a whole board")

    monkeypatch.setattr(Monitor, "board", made)
    query = "line=999&width=900&height=400"
    late = client.get(f"/drawing.json?chart=waiting&{query}").json()["late"]
    assert late == {"kind": "call", "name": "calls", "as_of": "2021-03-28T08:05:00+01:00"}
    assert client.get("/drawing.json?chart=attended&width=900&height=400").json()["late"] is None


def test_of_a_history_that_is_played_to_its_end_no_feed_is_late(shown: Live) -> None:
    shown.health.state = "finished"
    with TestClient(application(shown)) as client:
        query = "chart=waiting&line=999&width=900&height=400"
        assert client.get(f"/drawing.json?{query}").json()["late"] is None


def test_a_day_without_an_hour_has_one_point_fewer(client: TestClient) -> None:
    """From midnight to 11:30 by the clock are ten and a half hours."""
    query = "from=2021-03-28T00:00&width=900&height=400"
    made = client.get(f"/drawing.json?chart=waiting&line=999&{query}").json()
    assert [each[11:16] for each in made["starts"]][:3] == ["00:00", "02:00", "03:00"]
    assert made["starts"][1].endswith("+01:00")
    assert len(made["starts"]) == 11
    assert (made["grain"], made["by"]) == ("hour", "by hour")


def test_yesterday_and_the_same_day_last_week_stand_beside_a_day_and_last_week_beside_days(
    client: TestClient,
) -> None:
    def headings(hours: int) -> list[str]:
        query = f"chart=waiting&line=999&hours={hours}&width=900&height=400"
        found: list[str] = client.get(f"/drawing.json?{query}").json()["headings"]
        return found

    assert headings(24) == ["Hour", "Value", "A week before", "The day before", "Notes"]
    assert headings(168) == ["Hour", "Value", "A week before", "Notes"]
    assert headings(672)[:1] == ["Day"]


class Room:
    """A force whose clock can be moved, and its pages."""

    def __init__(self) -> None:
        self.now = NOW
        self.shown = Live(Monitor([tiny_force()]), clock=lambda: self.now)
        self.calls(*(f"2021-03-{n // 24 + 14:02d}T{n % 24:02d}:05:00Z" for n in range(347)))
        self.shown.health.state = "live"
        self._client = TestClient(application(self.shown))

    def calls(self, *came: str) -> None:
        feed(self.shown.monitor, *(call(f"c{at}", at) for at in came))

    def values(self) -> dict[str, str]:
        """The calls of the last days by hour."""
        query = "chart=waiting&line=999&hours=168&width=900&height=400"
        rows = self._client.get(f"/drawing.json?{query}").json()["rows"]
        return {row[0]: row[1] for row in rows}


def test_points_of_hours_that_are_over_are_made_once_for_all_screens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room, read = Room(), []
    real = Query.figures

    def counted(query: Query, indicator: Indicator, stretch: Stretch) -> object:
        read.append(stretch.label)
        return real(query, indicator, stretch)

    monkeypatch.setattr(Query, "figures", counted)
    first, many = room.values(), len(read)
    read.clear()
    assert room.values() == first
    assert many > 2 * 168
    assert set(read) <= {"2021-03-28T11+01:00", "2021-03-21T11+00:00"}


def test_the_running_hour_is_always_as_of_now_and_revised_hours_after_a_minute() -> None:
    room = Room()
    before = room.values()
    running, over = list(before)[:2]
    assert (before[running], before[over]) == ("1", "1")
    room.calls("2021-03-28T10:10:00Z", "2021-03-28T09:10:00Z")
    assert (room.values()[running], room.values()[over]) == ("2", "1")
    room.now += MINUTE
    assert (room.values()[running], room.values()[over]) == ("2", "2")


def test_points_are_dropped_after_a_minute_also_where_the_clock_of_figures_stands() -> None:
    seconds = 0.0
    kept = KeptPoints(lambda: seconds)
    with kept.of(NOW, "tiny", "calls.offered", "force") as first:
        pass
    with kept.of(NOW, "tiny", "calls.offered", "north") as other:
        assert other is not first
    seconds = 59.0
    with kept.of(NOW, "tiny", "calls.offered", "force") as again:
        assert again is first
    seconds = 60.0
    with kept.of(NOW, "tiny", "calls.offered", "force") as anew:
        assert anew is not first


def test_no_more_points_are_kept_than_fit() -> None:
    kept = KeptPoints(lambda: 0.0)
    beside = PeriodBeside(cast("ChartPoint", None), None, None, ())
    with kept.of(NOW, "tiny", "calls.offered", "force") as first:
        first.update({(n, n + 1, ()): beside for n in range(MOST + 1)})
    with kept.of(NOW, "tiny", "calls.offered", "force") as anew:
        assert anew == {}


def test_of_a_figure_that_nothing_is_known_of_nothing_is_drawn(client: TestClient) -> None:
    made = client.get("/drawing.json?chart=attended&width=900&height=400").json()
    assert made["svg"] == ""
    assert made["said"].endswith("nothing is known.")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("chart=waiting&line=999&from=soon", "soon"),
        ("group=pizzas&measure=count", 'no measure "count" among the pizzas'),
        ("chart=waiting&line=111", '"111" is no line of Tiny Police'),
    ],
)
def test_a_chart_of_what_there_is_not_is_refused_in_words(
    client: TestClient, query: str, words: str
) -> None:
    answer = client.get(f"/drawing.json?{query}&width=900&height=400")
    assert answer.status_code == 400
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("start", "end", "hours", "found"),
    [
        (None, None, 24, (NOW - DAY, NOW)),
        (None, NOW + DAY, 6, (NOW - 6 * HOUR, NOW)),
        (NOW - HOUR, None, 24, (NOW - SHORTEST, NOW)),
        (0, NOW - DAY, 24, (NOW - DAY - LONGEST, NOW - DAY)),
    ],
)
def test_a_window_is_neither_too_short_nor_too_long_nor_to_come(
    start: int | None, end: int | None, hours: int, found: tuple[int, int]
) -> None:
    assert Window.of(NOW, start, end, hours) == found


@pytest.mark.parametrize(
    ("address", "words", "choice"),
    [
        ("/?force=nosuch", 'There is no force "nosuch" here.', 'href="/?force=tiny">Tiny Police'),
        ("/chart?force=nosuch", 'There is no force "nosuch" here.', "/chart?force=tiny"),
        ("/alert?force=nosuch", 'There is no force "nosuch" here.', "/alert?force=tiny"),
        ("/?area=nosuch", 'There is no area "nosuch" in Tiny Police.', 'href="/?area=north"'),
        ("/?area=nosuch", 'There is no area "nosuch" in Tiny Police.', 'href="/">All of Tiny'),
        ("/?forces=nosuch", 'There is no force "nosuch" here.', 'href="/?force=tiny">Tiny Police'),
        ("/?forces=tiny,nosuch", 'There is no force "nosuch" here.', "/?force=tiny"),
        ("/?forces=all,nosuch", 'There is no force "nosuch" here.', "/?force=tiny"),
        ("/?force=nosuch&force=tiny", 'There is no force "nosuch" here.', "/?force=tiny"),
        (
            "/?areas=nosuch",
            'There are no areas of kind "nosuch" in Tiny Police.',
            'href="/?areas=district">Districts',
        ),
        ("/?areas=nosuch", 'There are no areas of kind "nosuch"', 'href="/">All of Tiny'),
        ("/chart?chart=nosuch", 'There is no chart "nosuch".', "chart=waiting&amp;line=999"),
        ("/chart?chart=waiting&line=1", 'There is no line "1" in Tiny Police.', "line=101"),
        ("/chart?chart=waiting", "Of which line?", "line=999"),
        ("/chart?group=nosuch", 'There are no figures called "nosuch".', "group=crimes"),
        (
            "/chart?group=incidents&measure=nosuch",
            'There is no measure "nosuch" among the incidents.',
            "measure=count",
        ),
        (
            "/chart?group=incidents&measure=count&category=nosuch",
            'There is no category "nosuch" in Tiny Police.',
            "category=asb",
        ),
        ("/explore?measure=nosuch", "No measure has all of the words “nosuch”.", "<datalist"),
        ("/explore?force=nosuch", 'No force "nosuch" is monitored here, only: tiny.', "/explore"),
        ("/explore?measure=calls.offered&area=nosuch", "nosuch", "/explore"),
        ("/ahead?force=nosuch", 'No force "nosuch" is monitored here, only: tiny.', "Wallboard"),
    ],
)
def test_a_page_says_what_there_is_not_and_what_there_is(
    client: TestClient, address: str, words: str, choice: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert words in answer.text.replace("&quot;", '"')
    assert choice in answer.text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/?area=nosuch", 'There is no area "nosuch" here.'),
        ("/?areas=nosuch", 'There are no areas of kind "nosuch" here.'),
        ("/?force=tiny&force=warwickshire&area=nosuch", 'There is no area "nosuch" here.'),
        ("/?forces=tiny,warwickshire,x", 'There is no force "x" here.'),
    ],
)
def test_of_several_forces_a_page_says_what_none_of_them_has(address: str, words: str) -> None:
    several = Live(Monitor([tiny_force(), find_force("warwickshire")]), clock=lambda: NOW)
    with TestClient(application(several)) as served:
        answer = served.get(address)
        assert answer.status_code == 404
        assert words in answer.text.replace("&quot;", '"')
        assert 'href="/?force=warwickshire">Warwickshire' in answer.text
        for known in ("/", "/?area=north", "/?areas=district", "/?forces=tiny,warwickshire"):
            assert served.get(known).status_code == 200, known


def test_an_unknown_alert_leads_to_those_that_are_open() -> None:
    shown = Live(Monitor([tiny_force()]), clock=lambda: NOW)
    known = unattended(shown, NOW)
    with TestClient(application(shown)) as served:
        answer = served.get("/alert?force=tiny&id=tiny/nosuch")
        assert answer.status_code == 404
        assert 'There is no alert "tiny/nosuch" in Tiny Police.' in answer.text
        assert f"id={quote(known, safe='')}" in answer.text
        assert served.get(f"/alert?id={quote(known, safe='')}").status_code == 200


def test_the_link_of_a_rehearsal_leads_to_a_page_that_says_that_it_was_one() -> None:
    shown = Live(Monitor([tiny_force()]), clock=lambda: NOW)
    (opened, *_) = rehearsal(tiny_force(), NOW, "http://testserver")
    with TestClient(application(shown)) as served:
        answer = served.get(str(opened.links.alert))
    assert "This was a rehearsal: nothing has happened, and nothing is to be done." in answer.text
    assert "There is no alert" not in answer.text


def test_what_there_is_is_no_404(client: TestClient) -> None:
    for address in ("/", "/?force=tiny&area=north", "/alert", "/chart?chart=attended&area=force",
                    "/chart?group=incidents&measure=count&category=asb"):  # fmt: skip
        assert client.get(address).status_code == 200, address
