"""Places beside each other on the wallboard: what is said of them, and how it is sent."""

from __future__ import annotations

import asyncio
import cProfile
import itertools
import json
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.config.force import Force, check_force
from streams.config.schema import WallboardSettings
from streams.live import Live
from streams.outputs.monitor_server import application
from streams.outputs.wallboard import hub as hub_module
from streams.outputs.wallboard.hub import Hub
from streams.outputs.wallboard.pages import STATIC
from streams.outputs.wallboard.places import fingerprint, places
from streams.outputs.web.merged import framed, merged
from tests.alerting import unattended
from tests.build import TINY_FORCE, as_json, call, feed, incident, ms, tiny_force

NOW = ms("2021-03-01T10:30:00Z")
LATE = incident("i1", "2021-03-01T10:05:00Z", area="north")
"""An emergency that has waited for longer than its limit of 20 minutes."""
NEAR = incident("i2", "2021-03-01T10:13:00Z", area="south")
"""One that is close to it."""


def live(*records: dict[str, Any], forces: tuple[Force, ...] = ()) -> Live:
    shown = Live(Monitor([tiny_force(), *forces]), clock=lambda: NOW)
    feed(shown.monitor, *records)
    shown.health.state = "live"
    return shown


def of_file(text: str) -> Live:
    """The tiny force by another file."""
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    return Live(Monitor([force]), clock=lambda: NOW)


def beside(shown: Live, kind: str | None = None, **settings: Any) -> dict[str, Any]:
    """The screen of the areas of the tiny force."""
    board = shown.board("tiny")
    made: dict[str, Any] = as_json(places(board, WallboardSettings(**settings), kind, areas=True))
    return made


def states(shown: dict[str, Any]) -> dict[str | None, str]:
    return {place["id"]: place["state"] for place in shown["places"]}


def test_a_force_stands_before_its_smallest_areas() -> None:
    shown = beside(live())
    assert [place["id"] for place in shown["places"]] == [None, "north", "south"]
    assert [place["name"] for place in shown["places"]] == ["Tiny Police", "North", "South"]
    assert (shown["kind"], shown["order"]) == ("district", "worst_first")


def test_the_kind_of_the_areas_is_that_of_the_address_else_of_the_force_file() -> None:
    assert list(states(beside(live(), "policing_area"))) == [None, "north-area"]
    assert list(states(beside(live(), areas="policing_area"))) == [None, "north-area"]
    assert list(states(beside(live(), "district", areas="policing_area")))[1:] == ["north", "south"]


def test_a_kind_of_area_that_there_is_not_is_refused() -> None:
    expected = 'no areas of kind "beat" in Tiny Police, only: policing_area, district'
    with pytest.raises(ValueError, match=expected):
        beside(live(), "beat")


def test_each_place_has_the_state_of_the_figure_that_needs_somebody_first() -> None:
    beat = {"kind": "heartbeat", "force": "tiny", "feed": "incidents", "at": "2021-03-01T10:29:50Z"}
    shown = beside(live(LATE, NEAR, beat))
    assert states(shown) == {None: "breached", "north": "breached", "south": "approaching"}


def test_a_place_has_the_figures_of_its_own_first_screen() -> None:
    north = beside(live(LATE, NEAR))["places"][1]["figures"]
    assert north["unattended"]["count"] == 1
    assert north["unattended"]["oldest_since"] == "2021-03-01T10:05:00+00:00"
    assert [row["area"] for row in north["open"]["rows"]] == ["North"]


def test_places_are_compared_by_the_tiles_that_the_force_chooses_but_for_those_of_a_force() -> None:
    chosen = ["alerts", "feeds", "waiting.101", "ahead.999", "handlers"]
    assert beside(live(), tiles=chosen)["tiles"] == ["alerts", "waiting.101", "handlers"]
    usual = ["waiting.999", "in_time.999", "waiting.101", "in_time.101"]
    assert beside(live())["tiles"] == [*usual, "unattended", "open", "alerts"]


def test_an_alert_of_an_area_is_at_the_area_and_at_what_holds_it_but_not_at_the_next() -> None:
    shown = live()
    unattended(shown, NOW)
    found = {
        place["id"]: place["figures"]["alerts"]["open"]
        for kind in ("policing_area", "district")
        for place in beside(shown, kind)["places"]
    }
    assert found == {None: 1, "north-area": 1, "north": 1, "south": 0}


def test_an_alert_of_the_whole_force_is_at_no_area() -> None:
    shown = live()
    unattended(shown, NOW, area="force")
    assert states(beside(shown))[None] == "page"
    assert all(place["figures"]["alerts"]["open"] == 0 for place in beside(shown)["places"][1:])


def test_callers_of_whom_no_area_is_known_make_no_area_one_that_needs_somebody() -> None:
    shown = beside(live(call("c1", "2021-03-01T10:20:00Z")))
    waiting = {place["id"]: place["figures"]["waiting.999"] for place in shown["places"]}
    assert (waiting["north"]["count"], waiting["north"]["unplaced"]) == (0, 1)
    assert states(shown)[None] == "breached"
    assert states(shown)["north"] != "breached"


def test_an_alert_that_a_post_has_says_which_and_of_a_person_only_that_it_is_taken() -> None:
    shown = live()
    unattended(shown, NOW, owner="duty inspector")
    first = beside(shown, roles=["Duty inspector"])["places"][0]["figures"]["alerts"]["first"]
    assert (first["owned"], first["role"]) == (True, "Duty inspector")
    unattended(shown, NOW, owner="J Bond")
    first = beside(shown, roles=["Duty inspector"])["places"][0]["figures"]["alerts"]["first"]
    assert (first["owned"], first["role"]) == (True, None)
    assert "Bond" not in json.dumps(beside(shown))


def test_time_alone_is_no_change() -> None:
    shown = live(LATE)
    early, late = (
        places(shown.board("tiny", NOW + more), WallboardSettings(), areas=True)
        for more in (0, 1000)
    )
    assert early != late
    assert fingerprint(early) == fingerprint(late)


ENDED = TINY_FORCE.replace('kind = "', 'until = 2020-01-01\nkind = "')
"""A force whose areas have all ended before `NOW`."""
HALF = TINY_FORCE.replace('kind = "district"', 'kind = "district"\nuntil = 2020-01-01')
"""One of which an area is there that held some which have ended."""


def test_while_no_area_is_there_the_force_stands_alone() -> None:
    shown = beside(of_file(ENDED))
    assert (list(states(shown)), shown["kind"]) == ([None], None)


def test_an_area_that_holds_only_such_as_have_ended_is_one_of_the_smallest() -> None:
    assert list(states(beside(of_file(HALF)))) == [None, "north-area"]


def calls_made(areas: int) -> int:
    """How many functions a screen of so many areas calls, each with an emergency."""
    more = "".join(
        f'\n[[areas]]\nid = "a{n}"\nname = "Area {n}"\nkind = "beat"\nparent = "north-area"\n'
        for n in range(areas)
    )
    shown = of_file(TINY_FORCE + more)
    feed(
        shown.monitor,
        *(incident(f"i{n}", "2021-03-01T10:05:00Z", area=f"a{n}") for n in range(areas)),
    )
    board, profile = shown.board("tiny"), cProfile.Profile()
    profile.enable()
    made = places(board, WallboardSettings(), "beat", areas=True)
    profile.disable()
    found = [place["figures"]["unattended"]["count"] for place in as_json(made)["places"]]
    assert found == [areas, *[1] * areas]
    return sum(each.callcount for each in profile.getstats())


def test_an_area_among_many_costs_what_it_costs_among_few() -> None:
    few, more, many = (calls_made(areas) for areas in (10, 40, 100))
    assert (many - more) / 60 < 1.2 * (more - few) / 30


# -- how it is sent --------------------------------------------------------------------------------


def other() -> Force:
    text = TINY_FORCE.replace('id = "tiny"', 'id = "other"').replace("Tiny Police", "Other Police")
    force, problems = check_force(text, "other.toml")
    assert force is not None, problems
    return force


def heard(frame: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The events of a frame."""
    found = []
    for each in frame.decode().split("\n\n"):
        if each.startswith("event: "):
            event, data = each.split("\n")
            found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_several_forces_come_in_one_stream_that_is_one_screen() -> None:
    shown = live(forces=(other(),))
    hub = Hub(shown)

    async def first_of_each() -> tuple[set[str], int]:
        found: set[str] = set()
        async for frame in hub.places(["tiny", "other"], kind=None, areas=False):
            found |= {data["force"]["id"] for event, data in heard(frame) if event == "places"}
            if len(found) == 2:
                break
        viewers = hub.viewers
        hub.close()
        return found, viewers

    assert asyncio.run(asyncio.wait_for(first_of_each(), 30)) == ({"tiny", "other"}, 1)


def test_a_beat_says_of_which_force_it_is() -> None:
    hub = Hub(live())

    async def first() -> bytes:
        async for frame in hub.places(["tiny"], kind=None, areas=True):
            if heard(frame):
                hub.close()
                return frame
        raise AssertionError("the stream ended")

    (_, screen), (beat, sent) = heard(asyncio.run(asyncio.wait_for(first(), 30)))
    assert [place["id"] for place in screen["places"]] == [None, "north", "south"]
    assert (beat, sent["force"]) == ("beat", "tiny")


async def parts(*some: bytes) -> AsyncGenerator[bytes]:
    for part in some:
        await asyncio.sleep(0)
        yield part


def test_streams_that_are_merged_end_when_all_have() -> None:
    async def read() -> list[bytes]:
        return [part async for part in merged([parts(b"a", b"b"), parts(b"c"), parts()])]

    assert sorted(asyncio.run(read())) == [b"a", b"b", b"c"]


def test_a_stream_that_fails_ends_alone() -> None:
    async def failing() -> AsyncGenerator[bytes]:
        yield b"a"
        raise RuntimeError("no more")

    async def read() -> list[bytes]:
        return [part async for part in merged([failing(), parts(b"b", b"c")])]

    assert sorted(asyncio.run(read())) == [b"a", b"b", b"c"]


def test_merged_streams_are_let_go_when_the_reader_leaves() -> None:
    ended = []

    async def endless() -> AsyncGenerator[bytes]:
        try:
            while True:
                await asyncio.sleep(0)
                yield b"a"
        finally:
            ended.append(True)

    async def read() -> None:
        stream = merged([endless(), endless()])
        async for _ in stream:
            break
        await stream.aclose()

    asyncio.run(read())
    assert ended == [True, True]


def test_a_screen_that_leaves_lets_its_force_go_at_once() -> None:
    """Not whenever the collector comes by: until then the force's board is computed for nobody."""
    hub = Hub(live())

    async def viewers_left() -> list[int]:
        found = []
        for stream in (
            hub.places(["tiny"], kind=None, areas=True),
            hub.stream("tiny", None, whole=True),
        ):
            async for frame in stream:
                if heard(frame):
                    break
            watched = hub._forces["tiny"]
            await stream.aclose()
            found.append(sum(view.newest.readers for view in watched.views.values()))
        hub.close()
        return found

    assert asyncio.run(asyncio.wait_for(viewers_left(), 30)) == [0, 0]


def test_no_more_than_a_third_of_the_time_goes_into_boards_however_many_forces_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = live(forces=(other(),))
    hub, made, spans = Hub(shown), shown.board, list[tuple[float, float]]()

    def slow(force: str) -> Board:
        begun = time.monotonic()
        time.sleep(0.03)
        board = made(force)
        spans.append((begun, time.monotonic()))
        return board

    monkeypatch.setattr(shown, "board", slow)
    monkeypatch.setattr(hub_module, "EVERY", 0.0)

    async def look() -> None:
        async for _ in hub.places(["tiny", "other"], kind=None, areas=False):
            if len(spans) >= 6:
                hub.close()

    asyncio.run(asyncio.wait_for(look(), 30))
    for (begun, ended), (following, _) in itertools.pairwise(spans):
        assert following - ended >= 1.9 * (ended - begun)


def test_a_view_that_is_opened_while_a_board_is_made_breaks_it_for_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hub, making, opened = Hub(live()), threading.Event(), threading.Event()
    made_of = hub_module.screen_content

    def slow(board: Board, area: str | None, **named: Any) -> hub_module.Content:
        making.set()
        assert opened.wait(20)
        return made_of(board, area, **named)

    monkeypatch.setattr(hub_module, "screen_content", slow)

    async def seen(area: str | None) -> str | None:
        async for frame in hub.stream("tiny", area, whole=False):
            for event, data in heard(frame):
                if event == "screen":
                    return str(data["area"])
        return None

    async def both() -> tuple[str | None, ...]:
        first = asyncio.create_task(seen(None))
        await asyncio.to_thread(making.wait, 20)
        second = asyncio.create_task(seen("north"))
        while len(hub._forces["tiny"].views) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        opened.set()
        found = await asyncio.gather(first, second)
        hub.close()
        return tuple(found)

    first, second = asyncio.run(asyncio.wait_for(both(), 30))
    assert first == "None"
    assert second is not None
    assert [each.message for each in caplog.records if each.name.endswith("hub")] == []


@pytest.mark.parametrize(
    ("forces", "took", "seconds"), [(1, 0.03, 4.5), (43, 0.033, 9.0), (43, 0.2, 15.0)]
)
def test_a_screen_may_hear_nothing_while_the_turn_comes_round_twice(
    forces: int, took: float, seconds: float
) -> None:
    hub = Hub(live())
    hub._forces |= {str(n): hub_module._Watched(took=took) for n in range(forces)}
    assert hub.silence == seconds


def test_a_beat_says_how_long_silence_is_no_news() -> None:
    view = hub_module.View("screen", hub_module.screen_content)
    view.show(live().board("tiny"), 1.0, 9.0)
    assert heard(view.newest.beat)[0][1]["silence"] == 9.0


def test_of_several_views_of_a_force_one_that_fails_leaves_the_others_right(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Those that were made before it must not say that old figures still hold."""
    shown = live(LATE)
    hub = Hub(shown)
    failing = asyncio.Event()

    def fails(*_: object, **__: object) -> None:
        failing.set()
        raise ValueError("no such areas")

    monkeypatch.setattr("streams.outputs.wallboard.hub.places_content", fails)

    async def attempted() -> None:
        async for frame in hub.places(["tiny"], kind=None, areas=True):
            assert not heard(frame), "a view that can't be made says that it is alive"

    async def counted() -> int:
        """How many emergencies wait, as the ordinary wallboard has it after a new one."""
        told = 0
        async for frame in hub.stream("tiny", None, whole=False):
            for event, data in heard(frame):
                if event == "screen":
                    told = data["unattended"]["count"]
            if told == 1 and failing.is_set():
                feed(shown.monitor, NEAR)
                failing.clear()
            if told == 2:
                hub.close()
        return told

    async def both() -> int:
        found, _ = await asyncio.gather(counted(), attempted())
        return found

    assert asyncio.run(asyncio.wait_for(both(), 20)) == 2
    assert [each.message for each in caplog.records if each.name.endswith("hub")] == [
        "places/True/None of tiny can't be made of its board"
    ]


def test_frames_are_whole_however_they_arrive() -> None:
    async def read() -> list[bytes]:
        return [part async for part in framed(parts(b"a\n", b"\nb", b"c\n\nd\n\ne"))]

    assert asyncio.run(read()) == [b"a\n\n", b"bc\n\n", b"d\n\n"]


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(application(live(forces=(other(),)))) as made:
        yield made


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("force=tiny&force=nowhere", 404, 'no force "nowhere" is monitored here, only: tiny'),
        ("force=tiny&areas=beat", 404, 'no areas of kind "beat" in Tiny Police, only: '),
        ("force=tiny&force=other&areas", 400, "areas are those of one force: name one"),
    ],
)
def test_places_that_there_are_not_are_refused(
    client: TestClient, query: str, status: int, words: str
) -> None:
    answer = client.get(f"/events?screen=places&{query}")
    assert answer.status_code == status
    assert answer.json()["error"].startswith(words)


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        (ENDED, "", "no area in Tiny Police has opened and not closed yet"),
        (HALF, "district", 'no area of kind "district" in Tiny Police has opened and not closed'),
    ],
)
def test_areas_none_of_which_is_there_now_are_refused_in_words(
    text: str, query: str, words: str
) -> None:
    with TestClient(application(of_file(text))) as ask:
        answer = ask.get(f"/events?screen=places&force=tiny&areas={query}")
        page = ask.get(f"/?force=tiny&areas={query}")
    assert (answer.status_code, page.status_code) == (404, 404)
    assert answer.json()["error"].startswith(words)
    assert f"<h1>{words[:1].upper()}{words[1:]}" in page.text


def test_only_the_page_answers_whether_there_are_areas_of_a_kind(client: TestClient) -> None:
    """Charts of tiles are made for who shows them, not for who asks whether an address is right."""
    kinds = ("district", "beat")
    found = [client.get("/", params={"force": "tiny", "areas": kind}).status_code for kind in kinds]
    assert found == [200, 404]
    text = (STATIC / "wallboard.js").read_text("utf-8")
    assert text.count("/trends.json") == 1
