"""Figures over HTTP: measures, boards and series, as JSON and CSV, in pages, and described."""

from __future__ import annotations

import csv
import io
import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from streams.board.answers import MeasureShown
from streams.board.compare import COMPARISONS
from streams.board.monitor import Monitor
from streams.config.force import check_force
from streams.fold.panes import Pane, Panes
from streams.live import Live
from streams.outputs.figure_csv import csv_text
from streams.outputs.monitor_server import application, serve
from streams.periods import DAY
from streams.registry.registry import REGISTRY
from tests.build import TINY_FORCE, crime, feed, ms, tiny_force

AT = ms("2021-07-01T12:00:00Z")
BESIDE = "&".join(f"compare={name}" for name in COMPARISONS)


def live() -> Live:
    watched = Monitor([tiny_force()])
    watched.play_history(True)
    feed(
        watched,
        crime("first", "2020-01-01T12:00:00Z"),
        *(crime(f"a{n}", "2021-04-10T12:00:00Z", area="north") for n in range(20)),
        *(crime(f"b{n}", "2021-05-10T12:00:00Z", area="south") for n in range(25)),
        crime("v", "2021-05-10T12:00:00Z", offence="vehicle"),
        crime("last", "2021-06-30T12:00:00Z"),
    )
    return Live(watched, clock=lambda: AT)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(application(live())) as made:
        yield made


@pytest.fixture(scope="module")
def described(client: TestClient) -> Any:
    return client.get("/api/openapi.json").json()


def answered(client: TestClient, described: Any, url: str) -> Any:
    """An answer, which has to be as it is described."""
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    path = url.partition("?")[0]
    content = described["paths"][path]["get"]["responses"]["200"]["content"]
    schema = content["application/json"]["schema"] | {"components": described["components"]}
    Draft202012Validator(schema).validate(answer.json())
    return answer.json()


def of_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_figure_by_indicator_period_and_area(client: TestClient, described: Any) -> None:
    url = "/api/board?indicator=vehicle_offences&indicator=crimes.count&period=2021-05&area=all"
    answer = answered(client, described, url)
    assert answer["force"] == "tiny"
    assert answer["at"] == "2021-07-01T13:00:00+01:00"
    assert [(each["indicator"], each["area"], each["value"]) for each in answer["rows"]] == [
        ("vehicle_offences", "force", 1), ("vehicle_offences", "north-area", 0),
        ("vehicle_offences", "north", 0), ("vehicle_offences", "south", 0),
        ("crimes.count", "force", 26), ("crimes.count", "north-area", 0),
        ("crimes.count", "north", 0), ("crimes.count", "south", 25),
    ]  # fmt: skip
    assert answer["rows"][0] == {
        "indicator": "vehicle_offences",
        "title": REGISTRY.indicators["vehicle_offences"].title,
        "unit": "count",
        "area": "force",
        "period": "2021-05",
        "start": "2021-05-01T00:00:00+01:00",
        "end": "2021-06-01T00:00:00+01:00",
        "value": 1,
    }


def test_what_is_not_known_is_null(client: TestClient, described: Any) -> None:
    answer = answered(client, described, "/api/board?indicator=incidents&period=2021-05")
    (row,) = answer["rows"]
    assert (row["value"], row["known"], row["complete"]) == (None, False, False)


def test_comparisons_stand_beside_a_figure(client: TestClient, described: Any) -> None:
    url = "/api/board?indicator=total_recorded_crime&period=2021-05&compare=previous&compare=rate"
    (row,) = answered(client, described, url)["rows"]
    assert row["beside"] == {
        "previous": {
            "period": "2021-05", "value": 26, "base_period": "2021-04", "base": 20, "change": 6,
            "percent": 30.0,
        },
        "rate": {"value": 26.0, "per": "population", "base": 1000},
    }  # fmt: skip


def test_every_comparison_is_as_it_is_described(client: TestClient, described: Any) -> None:
    parameters = described["paths"]["/api/board"]["get"]["parameters"]
    names = next(each for each in parameters if each["name"] == "compare")["schema"]["items"][
        "enum"
    ]
    beside = "&".join(f"compare={name}" for name in names)
    url = f"/api/board?indicator=vehicle_offences&period=2021-05&area=all&{beside}"
    for row in answered(client, described, url)["rows"]:
        assert list(row["beside"]) == names


def test_without_an_indicator_all_that_have_a_name_are_given(client: TestClient) -> None:
    answer = client.get("/api/board?period=2021-05&limit=1000").json()
    assert answer["total"] == len(REGISTRY.indicators)
    assert [row["indicator"] for row in answer["rows"]] == list(REGISTRY.indicators)


def test_the_readings_that_a_force_declares_can_be_asked_for() -> None:
    text = TINY_FORCE + '\n[[readings]]\nname = "horses_fit"\ntitle = "Horses fit for duty"\n'
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    with TestClient(application(Live(Monitor([force]), clock=lambda: AT))) as client:
        for url in ("/api/measures?search=horses", "/api/measures?search=horses&force=tiny"):
            (found,) = client.get(url).json()["measures"]
            assert (found["name"], found["title"]) == ("horses_fit", "Horses fit for duty")
        assert client.get("/api/measures?force=nowhere").status_code == 404


def test_pages_follow_each_other(client: TestClient) -> None:
    url = "/api/board?indicator=crimes.count&period=2021-04&period=2021-05&area=all&limit=3"
    found: list[Any] = []
    pages = 0
    while url:
        answer = client.get(url)
        found += answer.json()["rows"]
        pages += 1
        url = answer.links["next"]["url"] if "next" in answer.links else ""
    assert pages == 3
    assert [(row["period"], row["area"]) for row in found] == [
        (period, area)
        for period in ("2021-04", "2021-05")
        for area in ("force", "north-area", "north", "south")
    ]


def test_a_board_as_csv(client: TestClient) -> None:
    answer = client.get(
        "/api/board?indicator=crimes.count&period=2021-05&area=all&compare=previous&format=csv"
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = of_csv(answer.text)
    assert [(row["area"], row["value"], row["complete"]) for row in rows] == [
        ("force", "26", "true"), ("north-area", "0", "true"), ("north", "0", "true"),
        ("south", "25", "true"),
    ]  # fmt: skip
    assert rows[0]["previous_base"] == "20"
    assert rows[0]["previous_percent"] == "30.0"
    assert rows[3]["previous_percent"] == ""


def test_a_series_with_its_chart(client: TestClient, described: Any) -> None:
    url = "/api/series?indicator=total_recorded_crime&period=2020-02..2021-05"
    answer = answered(client, described, url)
    assert (answer["grain"], answer["unit"], answer["total"]) == ("month", "count", 16)
    assert [each["value"] for each in answer["points"][-3:]] == [0, 20, 26]
    assert answer["rule"]
    assert answer["points"][-1]["centre"] is not None
    plain = answered(client, described, f"{url}&chart=no&grain=quarter")
    assert [each["period"] for each in plain["points"]] == [
        "2020-Q2", "2020-Q3", "2020-Q4", "2021-Q1",
    ]  # fmt: skip
    assert "rule" not in plain
    rows = of_csv(client.get(f"{url}&format=csv").text)
    assert rows[-1]["value"] == "26"


def test_what_can_be_asked_for(client: TestClient, described: Any) -> None:
    answer = answered(client, described, "/api/measures?search=vehicle&limit=1000")
    found = {each["name"]: each for each in answer["measures"]}
    assert found["vehicle_offences"]["parts"] == ["crimes.count{offence=vehicle}"]
    assert found["vehicle_offences"]["per"] == "population"
    assert found["vehicle_offences"]["source"]
    every = answered(client, described, "/api/measures?limit=1000")
    by_name = {each["name"]: each for each in every["measures"]}
    assert by_name["calls.offered"]["dimensions"] == ["line", "area"]
    assert "calls.waiting" not in by_name  # it holds at a moment
    rows = of_csv(client.get("/api/measures?search=vehicle&format=csv").text)
    assert rows[0]["name"] == next(iter(found))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/api/board?indicator=crimes.count", "period is missing. What it is of: 2021-10-31T01"),
        ("/api/board?indicator=vehicle_offence&period=2021", "did you mean vehicle_offences"),
        ("/api/board?period=2021&area=nort", "did you mean north"),
        ("/api/board?period=21", '"21" is no period'),
        ("/api/board?period=0001", '"0001" is no period'),
        ("/api/board?period=0002", "of the years 1900 to 2199"),
        ("/api/series?indicator=incidents&period=0001&grain=day", '"0001" is no period'),
        ("/api/board?period=0001..2026&compare=previous", '"0001..2026" is no period'),
        ("/api/board?period=2021&compare=best", '"best" is no comparison: choose from previous'),
        ("/api/board?period=2021&limit=1001", 'limit: "1001" is no whole number, from 1 to 1000'),
        ("/api/board?period=2021&offset=-1", 'offset: "-1" is no whole number, 0 or more'),
        ("/api/board?period=2021&format=xml", 'format: "xml" is none of json, csv'),
        ("/api/board?period=2021&at=noon", '"noon" is no time'),
        ("/api/board?periods=2021", 'there is no parameter "periods", only: force, indicator'),
        ("/api/series?period=2021", "indicator is missing"),
        ("/api/series?indicator=incidents&period=2021&grain=week", "is none of hour, day"),
        (
            "/api/series?indicator=incidents&period=2000..2100&grain=hour",
            "more than 10,000 periods",
        ),
    ],
)
def test_what_there_is_not_is_told_in_words(client: TestClient, url: str, words: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_force_that_is_not_here_is_not_found(client: TestClient) -> None:
    answer = client.get("/api/board?force=nowhere&period=2021")
    assert answer.status_code == 404


def test_the_description_names_every_path_with_what_it_takes(described: Any) -> None:
    assert described["openapi"] == "3.1.0"
    assert list(described["paths"]) == ["/api/measures", "/api/board", "/api/series", "/api/flags"]
    taken = described["paths"]["/api/board"]["get"]["parameters"]
    assert [each["name"] for each in taken if each["required"]] == ["period"]
    of_area = next(each for each in taken if each["name"] == "area")
    assert of_area["schema"] == {"type": "array", "items": {"type": "string"}}


def test_a_text_that_a_spreadsheet_would_run_is_none() -> None:
    row = MeasureShown(name="=1+1", title="-1", unit="count", polarity="neutral", definition="")
    assert csv_text(MeasureShown, [row]).splitlines()[1].startswith("'=1+1,'-1,")


def test_a_text_that_is_empty_stays_empty() -> None:
    row = MeasureShown(name="a", title="", unit="count", polarity="neutral", definition="")
    assert csv_text(MeasureShown, [row]).splitlines()[1].startswith("a,,count,")


def test_a_server_answers_over_http() -> None:
    running = serve(live())
    try:
        url = f"{running.url}/api/board?indicator=crimes.count&period=2021-05&period=2021-Q2"
        with urllib.request.urlopen(url, timeout=10) as answer:
            rows = json.loads(answer.read())["rows"]
        assert [row["value"] for row in rows] == [26, 47]
        with urllib.request.urlopen(f"{url}&format=csv&limit=1", timeout=10) as answer:
            assert answer.headers["link"].endswith('offset=1>; rel="next"')
            assert len(answer.read().splitlines()) == 2
    finally:
        running.stop()


def test_flags_are_listed_as_described_page_by_page_and_as_csv(
    client: TestClient, described: Any
) -> None:
    page = answered(client, described, "/api/flags?month=2021-05&rate=0.5")
    assert (page["month"], page["rate"]) == ("2021-05", 0.5)
    assert page["flagged"] == len(page["rows"]) > 1
    assert page["words"].endswith("at this rate about 1 in 2 flags is chance.")
    first = answered(client, described, "/api/flags?month=2021-05&rate=0.5&limit=1")
    assert (first["rows"], first["next"]) == (page["rows"][:1], 1)
    rows = list(csv.DictReader(io.StringIO(
        client.get("/api/flags?month=2021-05&rate=0.5&format=csv").text
    )))  # fmt: skip
    assert [each["name"] for each in rows] == [each["name"] for each in page["rows"]]


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ("", "month is missing. A month that is over: 2024-05."),
        ("month=2021-05&rate=2", 'rate: "2" is no share between 0 and 1'),
        ("month=2021-05&rate=few", 'rate: "few" is no share between 0 and 1'),
        ("month=2021", '"2021" is no month: write one as 2024-05'),
    ],
)
def test_a_list_of_flags_that_can_not_be_made_is_refused_in_words(
    client: TestClient, asked: str, problem: str
) -> None:
    answer = client.get(f"/api/flags?{asked}")
    assert (answer.status_code, answer.json()) == (400, {"error": problem})


class Turns:
    """A lock that numbers its turns."""

    def __init__(self) -> None:
        self.number, self._lock, self._depth = 0, threading.RLock(), 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self.number += not self._depth
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        self._lock.release()


@pytest.mark.parametrize(
    "url",
    [
        "/api/series?indicator=vehicle_offences&period=2019..2099",
        "/api/board?indicator=vehicle_offences&indicator=crimes.count&period=2020-01..2021-06",
        f"/api/board?indicator=vehicle_offences&period=2021-05&{BESIDE}",
        "/api/flags?month=2021-05&rate=0.5",
    ],
)
def test_in_one_turn_no_more_than_two_months_are_added_up(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, turns, made = live(), Turns(), Counter[int]()
    monkeypatch.setattr(watched, "lock", turns)
    summed = Panes._precise

    def counted(panes: Panes, start: int, end: int) -> Iterator[Pane]:
        assert turns._depth, "the fold may go on while it is read"
        made[turns.number] += max(0, end - start)
        return summed(panes, start, end)

    monkeypatch.setattr(Panes, "_precise", counted)
    with TestClient(application(watched)) as client:
        assert client.get(url).status_code == 200
    assert len(made) > 10
    assert max(made.values()) <= 62 * DAY


def test_a_series_of_what_is_to_come_reads_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    watched, asked = live(), list[int]()
    keeps = Panes.keeps

    def noted(panes: Panes, start: int, end: int) -> bool:
        asked.append(end)
        return keeps(panes, start, end)

    monkeypatch.setattr(Panes, "keeps", noted)
    with TestClient(application(watched)) as client:
        url = "/api/series?indicator=vehicle_offences&period=2019..2099&limit=1"
        assert client.get(url).json()["total"] == 81 * 12
    assert max(asked) <= ms("2021-07-31T23:00:00Z")


def test_an_area_has_its_name_beside_its_id(client: TestClient, described: Any) -> None:
    url = "/api/board?indicator=crimes.count&period=2021-05&area=all"
    names = {row["area"]: row.get("area_name") for row in answered(client, described, url)["rows"]}
    named = {area.id: area.name for area in tiny_force().areas if area is not None}
    assert names == {"force": None, **named}
