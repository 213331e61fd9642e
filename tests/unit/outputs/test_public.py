"""The public screen: what stands on it, and that nothing else is served."""

from __future__ import annotations

import json
import re

import pytest
from starlette.testclient import TestClient

from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.errors import ConfigError
from streams.outputs.front import Front
from streams.outputs.public.figures import as_csv, public_figures
from streams.outputs.public.screen import PublicScreen, serve_public
from tests.build import FAR_FUTURE, call, incident, lines, ms, tiny_force

NOW = ms("2021-03-01T11:00:00Z")


def board(*events: dict[str, object]) -> Board:
    watched = Monitor([tiny_force()])
    assert watched.ingest(lines(list(events)), FAR_FUTURE) == []
    watched.advance(NOW)
    return watched.board("tiny")


def incidents(area: str, category: str, number: int) -> list[dict[str, object]]:
    return [
        incident(id=f"{area}{category}{n}", area=area, category=category, grade="emergency")
        for n in range(number)
    ]


def calls(number: int, answered: int) -> list[dict[str, object]]:
    late, soon = "2021-03-01T10:01:30Z", "2021-03-01T10:00:03Z"
    return [
        call(id=f"{n}", line="999", answered_at=soon if n < answered else late)
        for n in range(number)
    ]


FULL = board(
    *incidents("north", "asb", 12), *incidents("south", "asb", 2),
    *incidents("south", "other", 9), *calls(20, 14),
)  # fmt: skip


def table(found: Board, title: str, by: str, below: int = 5) -> dict[str, object]:
    (one,) = (
        each
        for each in public_figures(found, below).tables
        if (each.window, each.title, each.by) == ("today", title, by)
    )
    return {row.name: row.hidden or row.count for row in one.rows}


def test_counts_by_area_and_category_stand_there_with_their_total() -> None:
    assert table(FULL, "Incidents", "category") == {"All": 23, "asb": 14, "other": 9}
    by_area = table(FULL, "Incidents", "area")
    assert by_area["All"] == 23
    assert {12, 11} <= set(by_area.values())


def test_a_small_area_is_few_and_another_is_withheld() -> None:
    found = board(*incidents("north", "asb", 12), *incidents("south", "asb", 2))
    by_area = table(found, "Incidents", "area")
    assert by_area["All"] == 14
    assert "few" in by_area.values()
    assert "withheld" in by_area.values()
    assert not {12, 2} & set(by_area.values())


def test_a_small_total_is_few_and_is_not_taken_apart() -> None:
    found = board(*incidents("north", "asb", 2), *incidents("south", "other", 1))
    assert table(found, "Incidents", "category") == {
        "All": "few", "asb": "withheld", "other": "withheld",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("number", "answered", "count", "share"),
    [
        (20, 14, 20, 70),
        (20, 18, 20, None),
        (20, 3, 20, None),
        (20, 20, 20, 100),
        (4, 4, "few", None),
    ],
)  # fmt: skip
def test_a_share_of_few_or_of_all_but_few_is_left_out(
    number: int, answered: int, count: object, share: int | None
) -> None:
    (one,) = (
        each
        for each in public_figures(board(*calls(number, answered)), 5).tables
        if each.title == "Calls" and each.window == "today"
    )
    row = next(row for row in one.rows if row.name.startswith("999"))
    assert (row.hidden or row.count, row.share) == (count, share)


class Fixed(Front):
    """A front whose workers have this board."""

    def __init__(self, held: Board) -> None:
        super().__init__(["http://127.0.0.1:1"])
        self.held = held
        self.holders.names["tiny"] = "Tiny"

    async def board(self, force: str) -> Board:
        return self.held


def client(held: Board) -> TestClient:
    return TestClient(PublicScreen(Fixed(held), 5).application(), base_url="http://localhost")


def test_page_json_and_csv_say_the_same() -> None:
    held = board(*incidents("north", "asb", 12), *incidents("south", "asb", 2), *calls(20, 14))
    asked = client(held)
    page, said, text = (asked.get(f"/{name}") for name in ("", "figures.json", "figures.csv"))
    figures = public_figures(held, 5)
    assert json.loads(said.content)["below"] == 5
    assert text.text == as_csv(figures)
    assert "today,Incidents,area,All,14,," in text.text
    assert re.search(r"today,Incidents,area,[^,]+,,fewer than 5,", text.text)
    assert "fewer than 5" in page.text
    assert ">70 %<" in page.text
    assert page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/board.json", "/series.json", "/alerts.json", "/metrics", "/events", "/explore", "/chart",
        "/chart.svg", "/ahead", "/alert", "/about", "/api/board", "/api/series", "/api/flags",
        "/api/measures", "/forces.json",
    ],
)  # fmt: skip
def test_nothing_of_the_wallboard_is_served(path: str) -> None:
    assert client(FULL).get(f"{path}?force=tiny").status_code == 404


def test_nobody_acts_on_it() -> None:
    assert client(FULL).post("/api/alerts/tiny/x/acknowledge", json={}).status_code == 404


def test_a_limit_that_hides_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="a limit of 2 hides nothing"):
        serve_public(["http://127.0.0.1:1"], 2)
