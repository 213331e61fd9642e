"""The public screen: what stands on it, and that nothing else is served."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Mapping

import numpy as np
import pytest
from msgspec import structs
from numpy.typing import NDArray
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient

from streams.board.model import Board, PeriodFigures, Status
from streams.board.monitor import Monitor
from streams.config.force import WHOLE
from streams.errors import ConfigError
from streams.outputs.front.server import Front
from streams.outputs.public.figures import PublicFigures, as_csv, public_figures
from streams.outputs.public.screen import PublicScreen, serve_public
from tests.build import FAR_FUTURE, call, incident, lines, ms, tiny_force

NOW = ms("2021-03-01T11:00:00Z")


def board(*events: dict[str, object], now: int = NOW) -> Board:
    watched = Monitor([tiny_force()])
    assert watched.ingest(lines(list(events)), FAR_FUTURE) == []
    watched.advance(now)
    return watched.board("tiny")


def incidents(
    area: str | None, category: str, number: int, day: str = "2021-03-01"
) -> list[dict[str, object]]:
    return [
        incident(
            id=f"{area}{category}{day}{n}", area=area, category=category, grade="emergency",
            opened=f"{day}T10:00:00Z",
        )
        for n in range(number)
    ]  # fmt: skip


def calls(number: int, answered: int, day: str = "2021-03-01") -> list[dict[str, object]]:
    late, soon = f"{day}T10:01:30Z", f"{day}T10:00:03Z"
    return [
        call(
            id=f"{day}{n}", line="999", offered=f"{day}T10:00:00Z",
            answered_at=soon if n < answered else late,
        )
        for n in range(number)
    ]  # fmt: skip


FULL = board(
    *incidents("north", "asb", 12), *incidents("south", "asb", 2),
    *incidents("south", "other", 9), *calls(20, 14),
)  # fmt: skip


def table(
    found: Board, title: str, by: str, below: int = 5, window: str = "today"
) -> dict[str, object]:
    return rows(public_figures(found, below), title, by, window)


def rows(figures: PublicFigures, title: str, by: str, window: str) -> dict[str, object]:
    """The rows of a table: a count, or why it is hidden. One that is not there counts none."""
    return {
        row.name: row.count if row.hidden is None else row.hidden
        for each in figures.tables
        if (each.window, each.title, each.by) == (window, title, by)
        for row in each.rows
    } or {"All": 0}


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
    assert table(found, "Incidents", "category") == {"All": "few"}
    assert table(found, "Incidents", "area") == {"All": "few"}


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


LATER = ms("2021-03-04T11:00:00Z")
ELSEWHERE = "Elsewhere, or area not known"
EARLIER = "month_before_today"


def test_the_month_stands_there_without_today() -> None:
    found = board(
        *incidents("north", "asb", 6), *incidents("north", "asb", 8, "2021-03-04"),
        *calls(30, 12), *calls(20, 14, "2021-03-04"), now=LATER,
    )  # fmt: skip
    assert table(found, "Incidents", "area", window=EARLIER)["North"] == 6
    assert table(found, "Incidents", "category", window=EARLIER) == {"All": 6, "asb": 6}
    assert table(found, "Calls", "line", window=EARLIER)["999"] == 30
    (share,) = (
        row.share
        for each in public_figures(found, 5).tables
        if (each.window, each.title) == (EARLIER, "Calls")
        for row in each.rows
        if row.name == "999"
    )
    assert share == 40


def test_no_two_windows_of_a_figure_have_a_day_in_common() -> None:
    found = board(
        *incidents("north", "asb", 8), *incidents("north", "asb", 8, "2021-03-04"), now=LATER
    )
    windows: dict[str, set[str]] = {}
    for each in public_figures(found, 5).tables:
        windows.setdefault(each.title, set()).add(each.window)
    assert windows == {"Incidents": {"today", EARLIER}, "Calls": {"today", EARLIER}}


def test_on_the_first_of_a_month_nothing_of_it_is_before_today() -> None:
    assert {each.window for each in public_figures(FULL, 5).tables} == {"today"}


def test_a_month_of_which_today_is_not_known_is_not_known_before_today() -> None:
    held = of_areas({"north": 8}, {"north": 9})
    today = structs.replace(held.windows["today"])
    today.put("incidents", [structs.replace(today["incidents"][0], count=None)])
    held.windows["today"] = today
    assert not [each for each in public_figures(held, 3).tables if each.title == "Incidents"]


def test_few_that_lie_in_no_area_are_a_part_as_the_others_are() -> None:
    found = board(
        *incidents("north", "asb", 7), *incidents("south", "asb", 12), *incidents(None, "asb", 2)
    )
    by_area = table(found, "Incidents", "area")
    assert by_area["All"] == 21
    assert by_area[ELSEWHERE] == "few"
    assert by_area["South"] == "withheld"


def test_many_that_lie_in_no_area_stand_there() -> None:
    found = board(*incidents("south", "asb", 12), *incidents(None, "asb", 9))
    assert table(found, "Incidents", "area") == {"All": 21, "South": 12, ELSEWHERE: 9}


def test_what_lies_elsewhere_in_an_area_is_a_part_of_it() -> None:
    found = board(*incidents("north", "asb", 12), *incidents("north-area", "asb", 2))
    by_area = table(found, "Incidents", "area")
    assert by_area["Elsewhere in North policing area, or area not known"] == "few"
    assert by_area["North"] == "withheld"


TEMPLATE = board(*incidents("south", "asb", 1, "2021-03-04"), now=LATER)
ROW = next(row for row in TEMPLATE.windows["today"]["incidents"] if row.is_at(category="all"))
LIMIT, MOST = 3, 17
"""As small as may be, so that all tables can be gone through; 1 and 2 are few, 6 is wide."""
NAMES = {"north": "North", "south": "South"}


def of_areas(today: Mapping[str, int], earlier: Mapping[str, int]) -> Board:
    """A board on which so many incidents are of each area, or of the force (`force`) alone."""

    def figures(window: str, counts: Mapping[str, int]) -> PeriodFigures:
        total = sum(counts.values())
        made = [structs.replace(ROW, area=WHOLE, count=total)]
        made += [
            structs.replace(ROW, area=area, count=number)
            for area, number in counts.items()
            if number and area != WHOLE
        ]
        found = structs.replace(TEMPLATE.windows[window])
        found.put("incidents", made)
        return found

    both = {area: today.get(area, 0) + earlier.get(area, 0) for area in {**today, **earlier}}
    windows = {"today": figures("today", today), "month": figures("month", both)}
    windows = {**TEMPLATE.windows, **windows}
    return structs.replace(TEMPLATE, windows=windows)


def looks_the_same(
    figures: PublicFigures, window: str, parts: Mapping[str, NDArray[np.int64]]
) -> NDArray[np.bool_]:
    """Which tables, given by the counts of their parts by name, look as one of a page does to who
    knows which areas there are, and that one has a row where it has any incident."""
    shown = rows(figures, "Incidents", "area", window)
    same = _may_be(sum(parts.values(), np.zeros(1, np.int64)), shown["All"])
    for name, counts in parts.items():
        if len(shown) > 1 or shown["All"] == 0:
            same = same & _may_be(counts, shown.get(name, 0))
    return same


def _may_be(counts: NDArray[np.int64], shown: object) -> NDArray[np.bool_]:
    if shown == "few":
        return (counts >= 1) & (counts < LIMIT)
    return counts >= 1 if shown == "withheld" else counts == shown


def none_told(same: NDArray[np.bool_], world: tuple[int, ...], worlds: NDArray[np.int64]) -> bool:
    """Whether, of all worlds that look the same, each small count of this may be any small one."""
    assert same[(worlds == np.array(world)[:, None]).all(axis=0)].all()
    return all(
        {*range(1, LIMIT)} <= {*np.unique(counts[same]).tolist()}
        for count, counts in zip(world, worlds, strict=True)
        if 0 < count < LIMIT
    )


def test_no_small_part_and_no_small_rest_can_be_worked_out_of_the_others() -> None:
    worlds = np.indices((MOST,) * 3).reshape(3, -1)
    parts = dict(zip((*NAMES.values(), ELSEWHERE), worlds, strict=True))
    for world in itertools.product((0, 1, 2, 3, 7), repeat=3):
        figures = public_figures(
            of_areas(dict(zip((*NAMES, WHOLE), world, strict=True)), {}), LIMIT
        )
        assert none_told(looks_the_same(figures, "today", parts), world, worlds), world


WORLDS = np.indices((MOST,) * 4).reshape(4, -1)
"""All tables of two areas today, and the same on the days before."""
TODAY, BEFORE = WORLDS[:2], WORLDS[2:]
MEANING = {"today": TODAY, EARLIER: BEFORE, "month": TODAY + BEFORE}
"""What each window counts."""


def test_no_window_tells_of_another() -> None:
    for world in itertools.product((0, 1, 2, 7), repeat=4):
        today, before = (dict(zip(NAMES, some, strict=True)) for some in (world[:2], world[2:]))
        figures = public_figures(of_areas(today, before), LIMIT)
        same = np.ones(WORLDS.shape[1], np.bool_)
        shown = {each.window for each in figures.tables if each.title == "Incidents"}
        for window in {"today", EARLIER, *shown}:
            parts = dict(zip(NAMES.values(), MEANING[window], strict=True))
            same &= looks_the_same(figures, window, parts)
        assert none_told(same, world, WORLDS), world


def test_a_month_with_today_in_it_would_tell_of_today() -> None:
    today, month = {"north": 2, "south": 7}, {"north": 8, "south": 7}
    same = np.ones(WORLDS.shape[1], np.bool_)
    for window, counts in (("today", today), ("month", month)):
        figures = public_figures(of_areas(counts, {}), LIMIT)
        parts = dict(zip(NAMES.values(), MEANING[window], strict=True))
        same &= looks_the_same(figures, "today", parts)
    assert {*TODAY[0][same].tolist()} == {2}


AFTER_MIDNIGHT = ms("2021-03-05T00:01:00Z")
DEAD = board(
    *incidents("north", "asb", 8, "2021-03-04"), *calls(20, 14, "2021-03-04"), now=AFTER_MIDNIGHT
)
"""Incidents came to 10:00 of the day before, calls to 10:01, and nothing since."""


def status(**other: object) -> Status:
    usual = Status("live", "", ready=True, replay=False, speed=None, simulated=None, lag=0)
    return structs.replace(usual, **other)


def test_a_day_that_a_feed_has_not_reached_is_not_known_yet_and_never_none() -> None:
    figures = public_figures(DEAD, 5)
    assert rows(figures, "Incidents", "category", "today") == {"All": "not_yet"}
    assert set(rows(figures, "Calls", "line", "today").values()) == {"not_yet"}


def test_what_was_counted_before_a_feed_died_stands_there_to_when() -> None:
    (found,) = (
        each
        for each in public_figures(DEAD, 5).tables
        if (each.window, each.title, each.by) == (EARLIER, "Incidents", "category")
    )
    assert (found.rows[0].count, found.to) == (8, "2021-03-04T10:00:00+00:00")


def test_a_late_feed_of_today_has_figures_to_the_minute_at_which_it_was_last_heard() -> None:
    (found,) = (each for each in public_figures(FULL, 5).tables if each.by == "category")
    assert (found.rows[0].count, found.to) == (23, "2021-03-01T10:00:00+00:00")
    assert "Incidents are known only to 10:00." in public_figures(FULL, 5).notices


def test_a_feed_in_time_has_figures_of_now_and_nothing_to_notice() -> None:
    figures = public_figures(board(*calls(20, 14), now=ms("2021-03-01T10:01:00Z")), 5)
    assert {each.to for each in figures.tables} == {None}
    assert figures.notices == []


def test_of_a_worker_that_is_not_ready_all_figures_are_to_when_its_records_are() -> None:
    held = board(*calls(20, 14), now=ms("2021-03-01T10:01:00Z"))
    held.status = status(ready=False, state="behind", detail="far behind in watchroom.calls")
    figures = public_figures(held, 5)
    assert {each.to for each in figures.tables} == {"2021-03-01T10:01:00+00:00"}
    assert figures.notices == [
        "Not all records are counted yet.",
        "Calls are known only to 10:01.",
    ]


def test_a_heartbeat_says_nothing_of_what_a_worker_has_not_read() -> None:
    beat: dict[str, object] = {
        "kind": "heartbeat", "force": "tiny", "feed": "calls", "at": "2021-03-01T10:59:59Z"
    }  # fmt: skip
    held = board(beat)
    assert set(rows(public_figures(held, 5), "Calls", "line", "today").values()) == {0}
    held.status = status(ready=False, state="behind")
    assert set(rows(public_figures(held, 5), "Calls", "line", "today").values()) == {"not_yet"}


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ({"simulated": "calls"}, "Simulated, not real: calls."),
        ({"replayed": "crimes"}, "Replayed records, not live: crimes."),
        ({"mixed": "calls"}, "Not to be relied on: live and made-up calls in one."),
        ({"replay": True}, "Replay, not live."),
        ({"state": "finished"}, "Ended, not live."),
    ],
)
def test_page_json_and_csv_say_first_what_is_not_live(
    origin: dict[str, object], words: str
) -> None:
    asked = client(structs.replace(FULL, status=status(**origin)))
    page, said, text = (asked.get(f"/{name}") for name in ("", "figures.json", "figures.csv"))
    assert page.text.partition('<main id="main">\n')[2].startswith(f"<p><strong>{words}<")
    assert json.loads(said.content)["notices"][0] == words
    assert all(f",{words}" in line or f',"{words}' in line for line in text.text.splitlines()[1:])


def test_page_and_csv_say_of_a_dead_feed_what_the_json_says() -> None:
    asked = client(DEAD)
    page, text = asked.get("/").text, asked.get("/figures.csv").text
    assert "Calls are known only to 2021-03-04 10:01." in page
    assert "Incidents to 2021-03-04 10:00<" in page
    assert "As of 2021-03-05 00:01" not in page
    assert ">not known yet<" in page
    assert "today,Incidents,category,All,,not known yet,,2021-03-04T10:00:00+00:00," in text


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


@pytest.mark.parametrize("path", ["/about", "/nosuch", "/events", "/figures.json/"])
def test_an_error_names_no_page_that_the_public_can_not_open(path: str) -> None:
    error = client(FULL).get(path).json()["error"]
    assert error == f"there is nothing at {path}; the screen is at /"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/?force=nosuch", 404, 'There is no force "nosuch" here.'),
        ("/", 400, "Which force?"),
    ],
)
def test_where_no_force_is_chosen_the_screen_lists_those_there_are(
    path: str, status: int, words: str
) -> None:
    front = Fixed(FULL)
    front.holders.names["small"] = "Small Police"
    for worker in front.holders.workers:
        worker.heard = True
    answer = TestClient(PublicScreen(front, 5).application(), base_url="http://localhost").get(path)
    assert answer.status_code == status
    assert words in answer.text.replace("&quot;", '"')
    assert '<a href="/?force=small">Small Police</a>' in answer.text
    assert "/about" not in answer.text


def test_where_no_worker_answers_the_screen_says_so_and_looks_again() -> None:
    front = Fixed(FULL)
    front.holders.names.clear()
    answer = TestClient(PublicScreen(front, 5).application(), base_url="http://localhost").get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "No worker answers now; trying again." in answer.text


class Slow(Fixed):
    """A front whose worker of the tiny force answers only when it is let, and then that there is no
    board; that of another force answers at once."""

    def __init__(self, held: Board) -> None:
        super().__init__(held)
        self.holders.names["small"] = "Small Police"
        self.asked: list[str] = []
        self.began, self.let = asyncio.Event(), asyncio.Event()

    async def board(self, force: str) -> Board:
        self.asked.append(force)
        self.began.set()
        if force == "tiny":
            await self.let.wait()
            raise HTTPException(503, "no")
        return await super().board(force)


def of(force: str) -> Request:
    return Request({"type": "http", "query_string": f"force={force}".encode()})


def test_who_asks_for_one_force_does_not_wait_for_another() -> None:
    async def asked() -> str:
        screen = PublicScreen(Slow(FULL), 5)
        waiting = asyncio.create_task(screen.figures(of("tiny")))
        await asyncio.sleep(0)
        found = await asyncio.wait_for(screen.figures(of("small")), 5)
        waiting.cancel()
        return found.force

    assert asyncio.run(asked()) == "Tiny Police"


def test_all_who_ask_at_once_share_one_request_and_its_failure_is_kept() -> None:
    async def asked() -> tuple[list[str], list[str]]:
        front = Slow(FULL)
        screen = PublicScreen(front, 5)
        several = [asyncio.create_task(screen.figures(of("tiny"))) for _ in range(5)]
        await front.began.wait()
        front.let.set()
        several.append(asyncio.create_task(screen.figures(of("tiny"))))
        found = await asyncio.gather(*several, return_exceptions=True)
        with pytest.raises(HTTPException):
            await screen.figures(of("tiny"))
        return front.asked, [str(each) for each in found]

    assert asyncio.run(asked()) == (["tiny"], ["503: no"] * 6)


def test_who_leaves_ends_the_request_for_nobody_else() -> None:
    async def asked() -> tuple[list[str], str]:
        front = Slow(FULL)
        screen = PublicScreen(front, 5)
        first, second = (asyncio.create_task(screen.figures(of("tiny"))) for _ in range(2))
        await front.began.wait()
        first.cancel()
        await asyncio.wait([first])
        front.let.set()
        (found,) = await asyncio.gather(second, return_exceptions=True)
        return front.asked, str(found)

    assert asyncio.run(asked()) == (["tiny"], "503: no")


def test_after_a_failure_the_worker_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.outputs.public.screen.KEPT_FAILURE", 0.0)

    async def asked() -> list[str]:
        front = Slow(FULL)
        screen = PublicScreen(front, 5)
        front.let.set()
        for _ in range(2):
            with pytest.raises(HTTPException):
                await screen.figures(of("tiny"))
            await asyncio.sleep(0.001)
        return front.asked

    assert asyncio.run(asked()) == ["tiny", "tiny"]


def test_nobody_acts_on_it() -> None:
    assert client(FULL).post("/api/alerts/tiny/x/acknowledge", json={}).status_code == 404


def test_a_limit_that_hides_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="a limit of 2 hides nothing"):
        serve_public(["http://127.0.0.1:1"], 2)
