"""What the first screen of the wallboard says, and what its server answers."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from starlette.testclient import TestClient

from streams.alerts.rules import KINDS
from streams.board.model import Handlers, HourAhead, HoursAhead, LineAhead, RoomHour
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.charts.indicator import recent_chart
from streams.charts.model import Chart, ChartPoint, Range
from streams.fold.log_gap import LogGap
from streams.live import Live
from streams.outputs.monitor_server import application
from streams.outputs.wallboard import hub as hub_module
from streams.outputs.wallboard import trends as trends_module
from streams.outputs.wallboard.hub import Hub, View, screen_content
from streams.outputs.wallboard.pages import STATIC
from streams.outputs.wallboard.screen import fingerprint, first_screen
from streams.outputs.wallboard.trends import CALLS, Trends, words
from streams.periods import DAY, HOUR, Calendar, rfc3339
from tests.alerting import unattended
from tests.build import as_json, call, feed, incident, ms, tiny_force

NOW = ms("2021-03-01T10:30:00Z")
SAME = {"sec-fetch-site": "same-origin", "content-type": "application/json"}


def beat(name: str, at: str) -> dict[str, Any]:
    return {"kind": "heartbeat", "force": "tiny", "feed": name, "at": at}


def live(*records: dict[str, Any]) -> Live:
    shown = Live(Monitor([tiny_force()]), clock=lambda: NOW)
    feed(shown.monitor, *records)
    shown.health.state = "live"
    return shown


def screen(*records: dict[str, Any], area: str | None = None) -> dict[str, Any]:
    shown: dict[str, Any] = as_json(first_screen(live(*records).board("tiny"), area))
    return shown


ANSWERED = call(answered_at="2021-03-01T10:00:07Z")
WAITING = call("c2", "2021-03-01T10:28:17Z")
OPEN = incident("i1", "2021-03-01T10:10:00Z", area="north")


def test_what_has_never_been_heard_of_is_not_zero() -> None:
    shown = screen()
    assert shown["waiting"]["999"]["count"] is None
    assert shown["unattended"]["count"] is None
    assert shown["in_time"]["999"]["value"] is None
    assert not shown["in_time"]["999"]["known"]
    assert shown["alerts"] is None


def test_a_heartbeat_makes_nothing_a_true_zero() -> None:
    assert screen(beat("calls", "2021-03-01T10:29:30Z"))["waiting"]["999"]["count"] == 0


@pytest.mark.parametrize("arrived", [True, False])
def test_where_no_arrival_was_ever_sent_nobody_knows_who_was_attended(arrived: bool) -> None:
    at = {"arrived_at": "2021-02-28T10:09:00Z"} if arrived else {}
    shown = Live(Monitor([tiny_force(carries="[]")]), clock=lambda: NOW)
    feed(
        shown.monitor,
        incident("i1", "2021-02-28T10:00:00Z", closed_at="2021-02-28T11:00:00Z", **at),
    )
    tile = as_json(first_screen(shown.board("tiny")))["unattended"]
    assert (tile["count"], tile["carried"]) == (0, arrived)


@pytest.fixture(scope="module")
def silent() -> Any:
    """The first screen of a history of incidents that ends two days before its clock."""
    end = ms("2021-03-01T10:00:00Z")
    shown = Live(Monitor([tiny_force()]), clock=lambda: end)
    shown.monitor.play_history(True)
    for hour in range(30 * 24):
        at = end - 2 * DAY - hour * HOUR
        stamps = {"arrived_at": rfc3339(at + 600_000), "closed_at": rfc3339(at + 1_200_000)}
        feed(shown.monitor, incident(f"i{hour}", rfc3339(at), **stamps))
    return as_json(first_screen(shown.board("tiny")))


def test_where_nothing_was_heard_the_feed_is_not_said_to_have_no_arrivals(silent: Any) -> None:
    tile = silent["unattended"]
    assert (tile["state"], tile["carried"], tile["heard"]) == ("unknown", True, False)


def test_a_feed_that_was_not_heard_is_not_said_to_be(silent: Any) -> None:
    assert [(each["kind"], each["heard"]) for each in silent["feeds"]] == [("incident", False)]


def test_the_oldest_is_told_by_the_instant_from_which_it_waits() -> None:
    shown = screen(WAITING, OPEN)
    assert shown["waiting"]["999"]["count"] == 1
    assert shown["waiting"]["999"]["oldest_since"] == "2021-03-01T10:28:17+00:00"
    assert shown["unattended"]["oldest_since"] == "2021-03-01T10:10:00+00:00"


def test_few_calls_are_not_judged() -> None:
    answer = screen(ANSWERED)["in_time"]["999"]
    assert (answer["numerator"], answer["denominator"], answer["small"]) == (1, 1, True)
    assert answer["met"] is None


def test_enough_calls_are_judged_by_the_target() -> None:
    many = [
        call(f"c{n}", f"2021-03-01T10:{n:02}:00Z", answered_at=f"2021-03-01T10:{n:02}:04Z")
        for n in range(25)
    ]
    assert screen(*many)["in_time"]["999"]["met"] is True


@pytest.mark.parametrize(
    ("offered", "state"),
    [
        ("10:29:53", "calm"),
        ("10:29:52", "approaching"),  # 8 of 10 seconds
        ("10:29:50", "approaching"),
        ("10:29:49", "breached"),
    ],
)
def test_a_wait_approaches_its_limit_from_four_fifths_of_it_on(offered: str, state: str) -> None:
    assert screen(call("c1", f"2021-03-01T{offered}Z"))["waiting"]["999"]["state"] == state


@pytest.mark.parametrize(
    ("missed", "state"),
    [(7, "calm"), (8, "approaching"), (10, "approaching"), (11, "breached")],
)
def test_a_share_approaches_its_target_within_a_fifth_of_the_misses_it_allows(
    missed: int, state: str
) -> None:
    calls = [
        call(
            f"c{n}",
            f"2021-03-01T10:{n // 60 + 25}:{n % 60:02}Z",
            answered_at=f"2021-03-01T10:{n // 60 + 25 + (n < missed)}:{n % 60:02}Z",
        )
        for n in range(100)
    ]
    tile = screen(*calls)["in_time"]["999"]
    assert (tile["numerator"], tile["denominator"], tile["state"]) == (100 - missed, 100, state)


def test_nobody_waiting_is_calm_and_what_was_never_heard_is_unknown() -> None:
    assert screen(beat("calls", "2021-03-01T10:29:30Z"))["waiting"]["999"]["state"] == "calm"
    shown = screen()
    assert shown["waiting"]["999"]["state"] == "unknown"
    assert shown["in_time"]["999"]["state"] == "unknown"
    assert shown["unattended"]["state"] == "unknown"
    assert shown["open"]["state"] == "unknown"


def test_what_is_late_or_too_few_is_neither_calm_nor_breached() -> None:
    old = call("c3", "2021-03-01T10:20:00Z")
    tiles = screen(old, beat("calls", "2021-03-01T10:27:00Z"))
    assert tiles["waiting"]["999"]["state"] == "late"
    few = screen(ANSWERED, beat("calls", "2021-03-01T10:29:30Z"))
    assert few["in_time"]["999"]["state"] == "unjudged"


def test_the_last_hour_stands_beside_today() -> None:
    early = call("c0", "2021-03-01T08:00:00Z", answered_at="2021-03-01T08:01:00Z")
    tile = screen(early, ANSWERED)["in_time"]["999"]
    assert (tile["numerator"], tile["denominator"]) == (1, 2)
    assert tile["last_hour"] == {"numerator": 1, "denominator": 1}


def surge_before_midnight(today: int) -> dict[str, Any]:
    """The tile a minute after midnight: 30 calls before it of which 24 were answered in time, and
    so many of today, all of them in time."""
    before = [
        call(f"b{n}", f"2021-03-01T23:{n + 20}:00Z", answered_at=f"2021-03-01T23:{n + 20}:{late}Z")
        for n in range(30)
        for late in ["30" if n < 6 else "04"]
    ]
    after = [
        call(f"a{n}", f"2021-03-02T00:00:{n:02}Z", answered_at=f"2021-03-02T00:00:{n + 4:02}Z")
        for n in range(today)
    ]
    shown = Live(Monitor([tiny_force()]), clock=lambda: ms("2021-03-02T00:01:00Z"))
    feed(shown.monitor, *before, *after)
    tile: dict[str, Any] = as_json(first_screen(shown.board("tiny")))["in_time"]["999"]
    return tile


def test_until_today_has_enough_cases_the_last_hour_is_shown_and_judged() -> None:
    tile = surge_before_midnight(today=1)
    assert (tile["window"], tile["state"], tile["met"]) == ("1h", "breached", False)
    assert (tile["numerator"], tile["denominator"]) == (25, 31)
    assert (tile["today"], tile["last_hour"]) == ({"numerator": 1, "denominator": 1}, None)
    assert surge_before_midnight(today=0)["window"] == "1h"
    assert surge_before_midnight(today=19)["window"] == "1h"
    tile = surge_before_midnight(today=20)
    assert (tile["window"], tile["state"], tile["today"]) == ("today", "calm", None)
    assert tile["last_hour"] == {"numerator": 44, "denominator": 50}


@pytest.mark.parametrize(
    ("grades", "state", "within"),
    [
        (["emergency"], "calm", "all within their limits"),
        (["emergency", "priority"], "calm", "emergencies within their limit"),
        (["priority"], "unjudged", ""),
        ([], "calm", ""),
    ],
)
def test_of_open_incidents_only_those_that_are_judged_are_within_their_limits(
    grades: list[str], state: str, within: str
) -> None:
    records = [
        incident(f"i{n}", "2021-03-01T10:25:00Z", area="north", grade=grade)
        for n, grade in enumerate(grades)
    ]
    beats = beat("incidents", "2021-03-01T10:29:30Z")
    tile = screen(*records, beats)["open"]
    assert (tile["state"], tile["within"]) == (state, within)


def test_open_incidents_are_listed_by_grade_and_area_the_nearest_to_its_limit_first() -> None:
    sooner = [
        incident("i2", "2021-03-01T10:12:00Z", area="south"),
        incident("i3", "2021-03-01T09:00:00Z", area="south", grade="priority"),
        incident("i4", "2021-02-28T09:00:00Z", area="south", grade="scheduled"),
        incident("i5", "2021-03-01T10:29:00Z"),
    ]
    tile = screen(incident("i1", "2021-03-01T10:05:00Z", area="north"), *sooner)["open"]
    rows = [(row["grade"], row["area"], row["count"], row["state"]) for row in tile["rows"]]
    assert rows == [
        ("emergency", "North", 1, "breached"),
        ("emergency", "South", 1, "approaching"),
        ("priority", "South", 1, "unjudged"),
        ("emergency", "area not known", 1, "unjudged"),
    ]
    assert (tile["state"], tile["count"], tile["scheduled"]) == ("breached", 4, 1)


def test_a_view_of_an_area_lists_what_is_open_there() -> None:
    there = incident("i1", "2021-03-01T10:20:00Z", area="north")
    elsewhere = incident("i2", "2021-03-01T10:20:00Z", area="south")
    rows = screen(there, elsewhere, area="north-area")["open"]["rows"]
    assert [(row["area"], row["count"]) for row in rows] == [("North", 1)]


def staff(period: str, value: float, measure: str = "handlers_signed_on") -> dict[str, Any]:
    return {
        "kind": "reading",
        "force": "tiny",
        "id": f"{measure} {period}",
        "updated_at": "2021-03-01T10:00:00Z",
        "measure": measure,
        "period": period,
        "value": value,
    }


def handlers(*records: dict[str, Any], next_hour: Handlers | None = None) -> tuple[Any, ...]:
    """What the tile says: its state, the number and what says so."""
    board = live(*records).board("tiny")
    if next_hour is not None:
        hour = RoomHour("2021-03-01T11:00:00+00:00", 20.0, next_hour, "")
        board.ahead = HoursAhead("2021-03-01T10:00:00+00:00", [], [hour])
    tile = as_json(first_screen(board))["handlers"]
    return tile["state"], tile["value"], tile["of"]


ROSTER = staff("2021-03-01T10", 10, "handlers_rostered")


def test_the_handlers_are_those_of_a_reading_of_this_hour_else_of_its_roster() -> None:
    shown = screen(staff("2021-03-01T10", 9), ROSTER)
    assert "handlers" in shown["tiles"]
    assert screen()["handlers"] is None
    assert handlers(staff("2021-03-01T10", 9), ROSTER) == ("unjudged", 9, "signed_on")
    assert handlers(staff("2021-03-01T09", 9), ROSTER) == ("unjudged", 10, "roster")
    by_day = staff("2021-03-01", 8, "handlers_rostered")
    assert handlers(by_day) == ("unjudged", 8, "roster")


def test_a_roster_that_is_known_weeks_ahead_says_who_is_there_in_this_hour() -> None:
    first = ms("2021-03-01T00:00:00Z")
    hours = [Calendar(tiny_force().zone).label("hour", first + n * HOUR) for n in range(30 * 24)]
    ahead = [staff(hour, n % 24, "handlers_rostered") for n, hour in enumerate(hours)]
    assert handlers(*ahead) == ("unjudged", 10, "roster")


def test_an_average_of_the_day_says_nothing_of_the_handlers_of_this_hour() -> None:
    enough = Handlers(needed=3, rostered=3, short=0)
    assert handlers(staff("2021-03-01", 4.8)) == ("unknown", None, None)
    assert handlers(staff("2021-03-01", 4.8), next_hour=enough) == ("unknown", None, None)
    assert handlers(staff("2021-03-01", 7.7), ROSTER) == ("unjudged", 10, "roster")


@pytest.mark.parametrize(
    ("next_hour", "state"),
    [
        (Handlers(needed=3, rostered=2, short=1), "breached"),
        (Handlers(needed=10, rostered=10, short=0), "calm"),
        (Handlers(needed=10), "unjudged"),
    ],
)
def test_the_next_hour_is_judged_by_its_own_roster(next_hour: Handlers, state: str) -> None:
    day = staff("2021-03-01", 4.8)
    assert handlers(day, ROSTER, next_hour=next_hour) == (state, 10, "roster")


def test_nobody_says_that_handlers_are_enough_while_the_calls_feed_is_silent() -> None:
    silent = (call("c3", "2021-03-01T10:20:00Z"), beat("calls", "2021-03-01T10:27:00Z"))
    enough, few = Handlers(needed=2, rostered=3, short=-1), Handlers(needed=3, rostered=2, short=1)
    assert handlers(ROSTER, *silent, next_hour=enough) == ("late", 10, "roster")
    assert handlers(ROSTER, *silent, next_hour=few) == ("breached", 10, "roster")
    heard = (silent[0], beat("calls", "2021-03-01T10:29:30Z"))
    assert handlers(ROSTER, *heard, next_hour=enough) == ("calm", 10, "roster")


@pytest.mark.parametrize(("at", "late"), [("10:27", True), ("10:29", False)])
def test_the_next_hours_are_late_while_the_calls_feed_is_silent(at: str, late: bool) -> None:
    silent = (call("c3", "2021-03-01T10:20:00Z"), beat("calls", f"2021-03-01T{at}:30Z"))
    board = live(*silent).board("tiny")
    hour = HourAhead("2021-03-01T11:00:00+00:00", 3.0, 1, 5, 0, 6, Handlers(), "")
    board.ahead = HoursAhead(
        "2021-03-01T10:00:00+00:00", [LineAhead("999", "999", 10, 0.9, hours=[hour])]
    )
    tile = as_json(first_screen(board, None, ["ahead.999"]))["ahead"]["999"]
    assert (tile["late"] is not None) == late
    assert len(tile["hours"]) == 1


def test_a_force_that_chooses_no_tiles_has_those_of_its_lines() -> None:
    assert screen()["tiles"] == [
        "waiting.999",
        "in_time.999",
        "waiting.101",
        "in_time.101",
        "unattended",
        "open",
        "feeds",
        "alerts",
    ]


def test_a_force_chooses_its_tiles_and_their_order() -> None:
    board = live(WAITING).board("tiny")
    made = as_json(first_screen(board, None, ["alerts", "waiting.101"]))
    assert made["tiles"] == ["alerts", "waiting.101"]
    assert (list(made["waiting"]), made["in_time"]) == (["101"], {})


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"owner": None}, "page"),
        ({"owner": "AB"}, "taken"),
        ({"owner": None, "severity": "notice"}, "notice"),
        ({"owner": None, "severity": "state"}, "state"),
        ({"owner": "AB", "severity": "state"}, "state"),
        ({"owner": None, "snoozed_until": dt.datetime(2021, 3, 1, 12, tzinfo=dt.UTC)}, "taken"),
    ],
)
def test_the_alerts_are_as_urgent_as_the_worst_that_nobody_has(
    more: dict[str, Any], state: str
) -> None:
    shown = live(WAITING)
    alert(shown)
    board = shown.board("tiny")
    assert board.alerts is not None
    one = msgspec.structs.replace(board.alerts.open[0], severity="page")
    one = msgspec.structs.replace(one, **more)
    board.alerts = msgspec.structs.replace(board.alerts, open=[one])
    assert as_json(first_screen(board))["alerts"]["state"] == state


def test_before_anything_has_arrived_it_is_not_known_whether_there_are_alerts() -> None:
    shown = live(ANSWERED)
    alert(shown)
    board = shown.board("tiny")
    assert board.alerts is not None
    board.alerts = msgspec.structs.replace(board.alerts, open=[])
    assert as_json(first_screen(board))["alerts"]["state"] == "calm"
    board.feeds = {}
    assert as_json(first_screen(board))["alerts"]["state"] == "unknown"


def test_a_feed_whose_heartbeat_is_silent_is_late() -> None:
    shown = screen(WAITING, beat("calls", "2021-03-01T10:27:00Z"), OPEN)
    assert shown["waiting"]["999"]["late"] is None  # the call itself is younger than its heartbeat
    old = call("c3", "2021-03-01T10:20:00Z")
    shown = screen(old, beat("calls", "2021-03-01T10:27:00Z"))
    assert shown["waiting"]["999"]["late"]["as_of"] == "2021-03-01T10:27:00+00:00"
    assert shown["in_time"]["999"]["late"]["name"] == "calls"
    assert shown["waiting"]["999"]["count"] == 1


def test_a_feed_that_beats_every_150_seconds_is_late_after_the_second_that_is_missed() -> None:
    old = call("c3", "2021-03-01T10:20:00Z", answered_at="2021-03-01T10:20:05Z")
    slow = [beat("calls", f"2021-03-01T10:{at}Z") for at in ("20:00", "22:30", "25:00")]
    assert ms("2021-03-01T10:30:00Z") == NOW
    assert screen(old, *slow)["waiting"]["999"]["late"] is None
    missed = [beat("calls", f"2021-03-01T10:{at}Z") for at in ("19:30", "22:00", "24:30")]
    assert screen(old, *missed)["waiting"]["999"]["late"] is not None


def test_a_feed_without_heartbeat_is_late_after_a_quarter_of_an_hour() -> None:
    assert screen(OPEN)["unattended"]["late"] is not None
    assert screen(incident("i1", "2021-03-01T10:16:00Z"))["unattended"]["late"] is None


def test_a_view_of_an_area_counts_what_has_no_area_yet() -> None:
    shown = screen(WAITING, call("c3", "2021-03-01T10:29:00Z", area="north"), area="north")
    assert shown["waiting"]["999"]["count"] == 1
    assert shown["waiting"]["999"]["unplaced"] == 1
    assert screen(WAITING, area="south")["waiting"]["999"]["unplaced"] == 1
    assert screen(WAITING)["waiting"]["999"]["unplaced"] == 0


def test_an_area_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match='no area "nowhere" in Tiny Police'):
        screen(area="nowhere")


def test_the_clock_of_the_screen_runs_as_that_of_the_monitor() -> None:
    shown = live(WAITING)
    assert first_screen(shown.board("tiny")).speed == 1
    shown.health.replay, shown.health.speed = True, 60.0
    assert first_screen(shown.board("tiny")).speed == 60
    shown.health.state = "finished"
    assert first_screen(shown.board("tiny")).speed == 0


def alert(shown: Live, owner: str | None = "J Bond") -> str:
    words = f"Emergencies unattended, North: 2. {owner} has this."
    return unattended(shown, NOW, words=words, owner=owner)


def test_of_which_time_records_were_lost_stands_on_the_first_screen() -> None:
    shown = live(ANSWERED)
    (shard,) = (each for each in shown.monitor.shards if each.kind == "call")
    assert as_json(first_screen(shown.board("tiny")))["incomplete"] == []
    shard.gaps = [LogGap(18, 164, NOW - 3_600_000, NOW - 60_000, NOW)]
    (words,) = as_json(first_screen(shown.board("tiny")))["incomplete"]
    assert words == (
        "Calls from 2021-03-01 09:30 to 2021-03-01 10:29 are not all counted: the log lost up to "
        "147 messages before they were counted"
    )
    assert "incomplete" in (STATIC / "wallboard.js").read_text()


def test_no_name_is_on_the_first_screen() -> None:
    shown = live(WAITING)
    alert(shown)
    told = as_json(first_screen(shown.board("tiny")))
    assert told["alerts"]["open"][0]["owned"] is True
    assert "Bond" not in json.dumps(told)


def test_the_post_that_has_an_alert_is_on_the_first_screen_as_the_force_file_writes_it() -> None:
    shown = live(WAITING)
    alert(shown, owner=" duty INSPECTOR")
    board = shown.board("tiny")
    told = as_json(first_screen(board, roles=["Duty inspector"]))
    assert told["alerts"]["open"][0]["role"] == "Duty inspector"
    assert as_json(first_screen(board))["alerts"]["open"][0]["role"] is None


def test_of_an_alert_the_first_screen_says_two_sentences() -> None:
    shown = live(WAITING)
    said = ("999 calls, North: 21.", "16 of them in Town.", "17 of 21 answered within 10 s.")
    unattended(shown, NOW, said=said)
    told = as_json(first_screen(shown.board("tiny")))
    assert told["alerts"]["open"][0]["words"] == "999 calls, North: 21. 16 of them in Town."


def test_what_nobody_has_comes_first() -> None:
    shown = live(WAITING)
    alert(shown)
    board = shown.board("tiny")
    assert board.alerts is not None
    mine = partial(msgspec.structs.replace, board.alerts.open[0], owner="AB", snoozed_until=None)
    later = dt.datetime(2021, 3, 1, 12, tzinfo=dt.UTC)
    open_ones = [
        mine(id="owned"),
        mine(id="slept", owner=None, snoozed_until=later),
        mine(id="nobody", owner=None),
        mine(id="state", owner=None, severity="state"),
    ]
    board.alerts = msgspec.structs.replace(board.alerts, open=open_ones)
    order = [one["id"] for one in as_json(first_screen(board))["alerts"]["open"]]
    assert order == ["nobody", "owned", "slept", "state"]


def test_a_view_of_an_area_has_the_alerts_near_it() -> None:
    shown = live(WAITING)
    alert(shown)
    board = shown.board("tiny")
    for area, open_there in (("north", 1), ("north-area", 1), ("south", 0)):
        assert len(as_json(first_screen(board, area))["alerts"]["open"]) == open_there


def test_time_alone_is_no_change() -> None:
    shown = live(WAITING)
    early, late = (first_screen(shown.board("tiny", NOW + more)) for more in (0, 1000))
    assert early != late
    assert fingerprint(early) == fingerprint(late)


def test_a_frame_is_made_when_something_changed_else_a_beat() -> None:
    shown = live(WAITING)
    view = View("screen", screen_content)
    view.show(shown.board("tiny", NOW), 10.0)
    view.show(shown.board("tiny", NOW + 1000), 11.0)
    assert (view.newest.frames, view.newest.beats) == (1, 0)
    view.show(shown.board("tiny", NOW + 2000), 12.0)
    assert (view.newest.frames, view.newest.beats) == (1, 1)
    feed(shown.monitor, call("c9", "2021-03-01T10:29:59Z"))
    view.show(shown.board("tiny", NOW + 3000), 13.0)
    assert (view.newest.frames, view.newest.beats) == (2, 1)
    assert view.newest.frame.startswith(b'event: screen\ndata: {"force"')


def test_a_stream_begins_with_the_board_and_ends_with_the_server() -> None:
    shown = live(WAITING)
    hub = Hub(shown)

    async def first_frames() -> list[bytes]:
        frames = []
        async for frame in hub.stream("tiny", None, whole=True):
            frames.append(frame)
            if len(frames) == 2:
                hub.close()
        return frames

    retry, board = asyncio.run(first_frames())
    assert retry.startswith(b"retry: ")
    event, data = board.split(b"\n")[:2]
    assert event == b"event: board"
    assert json.loads(data[6:]) == as_json(shown.board("tiny"))
    assert hub.viewers == 0


def test_a_board_is_made_as_lines_come_and_for_all_screens_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "EVERY", 60.0)
    monkeypatch.setattr(hub_module, "BEAT", 120.0)
    shown = live(WAITING)
    hub = Hub(shown)

    async def watch(until: int) -> int:
        async for _ in hub.stream("tiny", None, whole=True):
            if hub.computed >= until:
                return hub.computed
        raise AssertionError("the stream ended")

    async def two_screens() -> list[int]:
        first = await asyncio.gather(watch(1), watch(1))
        feed(shown.monitor, call("c9", "2021-03-01T10:29:59Z"))
        return [*first, *await asyncio.gather(watch(2), watch(2))]

    found = asyncio.run(asyncio.wait_for(two_screens(), 30))
    assert found == [1, 1, 2, 2]


@pytest.fixture
def shown() -> Live:
    return live(ANSWERED, WAITING, OPEN)


@pytest.fixture
def client(shown: Live) -> Iterator[TestClient]:
    with TestClient(application(shown)) as made:
        yield made


@pytest.mark.parametrize("path", ["/", "/chart", "/alert"])
def test_the_pages_run_nothing_but_their_own_files(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    for asset in (part.split('"')[0] for part in page.text.split('="/assets/')[1:]):
        assert client.get(f"/assets/{asset}").status_code == 200, asset


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in STATIC.iterdir():
        if path.stem.startswith("inter"):  # the font, and its licence
            continue
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text, path.name


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("force=nowhere", 404, 'no force "nowhere"'),
        ("force=tiny&area=nowhere", 404, 'no area "nowhere" in Tiny Police, only: north-area, '),
    ],
)
def test_a_stream_of_nothing_is_refused(
    client: TestClient, query: str, status: int, words: str
) -> None:
    answer = client.get(f"/events?{query}")
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_an_alerts_page_knows_where_the_runbooks_are(
    shown: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHROOM_RUNBOOKS", 'https://intranet.example/a"b/')
    with TestClient(application(shown)) as served:
        page = served.get("/alert").text
    assert 'name="runbooks" content="https://intranet.example/a&quot;b"' in page
    for kind in KINDS:  # as the page makes the name of the runbook
        assert kind.runbook == "Watchroom" + kind.name.title().replace("_", "")


def test_a_series_has_the_last_hours(client: TestClient) -> None:
    points = client.get("/series.json?chart=waiting&line=999").json()["points"]
    assert len(points) == 25
    assert points[-1]["from"] == "2021-03-01T10:00:00+00:00"
    assert points[-1]["value"] == 2
    rate = client.get("/series.json?chart=answer&line=999").json()["points"][-1]
    assert (rate["numerator"], rate["denominator"]) == (1, 1)


def test_a_trend_is_the_chart_of_a_tile_and_its_last_hour_in_words(client: TestClient) -> None:
    shown = live(*(call(f"c{n}", f"2021-03-01T0{n}:30:00Z") for n in range(4, 10)))
    with TestClient(application(shown)) as served:
        made = served.get("/trends.json").json()
    assert made["waiting.999"]["words"] == "09 to 10 h: 1 call"
    assert made["waiting.999"]["svg"].startswith("<svg xmlns=")
    assert "waiting.101" in made
    assert client.get("/trends.json?area=nowhere").status_code == 404
    assert client.get("/trends.json?area=nowhere").json()["error"] == (
        'no area "nowhere" in Tiny Police, only: north-area, north, south'
    )


def test_charts_of_which_one_can_not_be_made_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a fault of an instant would leave the tiles without charts for a minute."""
    shown = live(*(call(f"c{n}", f"2021-03-01T0{n}:30:00Z") for n in range(4, 10)))
    trends = Trends(shown)

    def broken(query: Query, indicator: str, *more: Any) -> Chart:
        if "101" in indicator:
            raise RuntimeError("broken")
        return recent_chart(query, indicator, *more)

    with monkeypatch.context() as patch:
        patch.setattr(trends_module, "recent_chart", broken)
        with pytest.raises(RuntimeError):
            trends.of("tiny", None)
    assert {"waiting.999", "waiting.101"} <= set(trends.of("tiny", None))


def test_of_one_hour_alone_there_is_no_chart_only_its_words() -> None:
    shown = live(call("c1", "2021-03-01T09:30:00Z"))
    with TestClient(application(shown)) as served:
        made = served.get("/trends.json").json()["waiting.999"]
    assert made == {"svg": "", "words": "09 to 10 h: 1 call"}


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (0.8, 1.0, "09 to 10 h: 90 %, usually 80 to 100 %"),
        (0.999, 1.0, "09 to 10 h: 90 %, usually 100 %"),
        (0.0, 1.0, "09 to 10 h: 90 %"),
    ],
)
def test_what_is_usual_of_a_share_is_said_where_it_says_something(
    lower: float, upper: float, said: str
) -> None:
    start = dt.datetime(2021, 3, 1, 9, tzinfo=dt.UTC)
    end = start + dt.timedelta(hours=1)
    point = ChartPoint(start=start, end=end, label="2021-03-01T09", value=0.9, cases=(9, 10))
    chart = SimpleNamespace(
        points=(point,), unit="ratio", expected=(Range(lower, upper),), earlier=()
    )
    assert words(cast("Chart", chart), CALLS) == said


def test_a_series_of_nothing_is_refused(client: TestClient) -> None:
    answer = client.get("/series.json?group=calls&measure=pizzas&line=999")
    assert answer.status_code == 400
    assert answer.json()["error"] == 'no measure "pizzas" among the calls'


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("chart=answer&line=111", 'no line "111" in Tiny Police, only: 999, 101'),
        ("chart=answer&line=999&area=atlantis", 'no area "atlantis" in Tiny Police, only: force, '),
        (
            "group=incidents&measure=count&category=pizza",
            'no category "pizza" in Tiny Police, only: all, other, asb, ',
        ),
        ("group=crimes&measure=count&grade=all", 'the crimes have no "grade", only: offence, area'),
        ("group=pizzas&measure=count", 'no measure "count" among the pizzas'),
        ("chart=pizzas", 'no chart "pizzas", only: waiting, answer, '),
        ("line=999", "name a chart, or a group and a measure"),
        ("chart=answer", "say which line of the calls: 999, 101"),
        ("group=calls&measure=waiting", 'no measure "waiting" among the calls'),
    ],
)
def test_a_series_of_what_there_is_none_of_is_refused_in_plain_words(
    client: TestClient, query: str, words: str
) -> None:
    answer = client.get(f"/series.json?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(words)


def test_a_series_of_what_is_listed_but_did_not_happen_is_0(client: TestClient) -> None:
    query = "group=incidents&measure=count&category=missing_person&grade=all"
    *before, now = client.get(f"/series.json?{query}").json()["points"]
    assert now["value"] == 0
    assert {point["value"] for point in before} == {None}  # the feed began within the last hour


def test_a_dimension_that_is_left_out_is_that_of_all_together(client: TestClient) -> None:
    answer = client.get("/series.json?group=incidents&measure=count").json()
    assert answer["where"] == {"category": "all", "grade": "all", "area": "force"}
    all_ = client.get("/series.json?group=incidents&measure=count&category=all&grade=all").json()
    assert answer["points"] == all_["points"]
    assert answer["points"][-1]["value"] > 0


@pytest.mark.parametrize(
    ("measure", "nothing"),
    [("emergencies", 0), ("within", None), ("response_median", None), ("response_mean", None)],
)
def test_of_nothing_a_count_is_0_and_a_share_or_duration_is_not_known(
    client: TestClient, measure: str, nothing: int | None
) -> None:
    points = client.get(f"/series.json?group=attendance&measure={measure}&area=south").json()
    assert points["points"][-1]["value"] == nothing


def test_without_alerts_there_are_none(client: TestClient) -> None:
    assert client.get("/alerts.json").json() == {"alerts": []}
    assert client.post("/api/alerts/x/acknowledge", json={"who": "AB"}).status_code == 404


def test_an_alert_is_acknowledged_by_its_quoted_id(client: TestClient, shown: Live) -> None:
    quoted = alert(shown, owner=None).replace("/", "%2F").replace(":", "%3A")
    path = f"/api/alerts/{quoted}/acknowledge"
    answer = client.post(path, json={"who": "AB"}, headers=SAME)
    assert answer.json()["alert"]["owner"] == "AB"
    assert client.get("/alerts.json?state=open").json()["alerts"][0]["owner"] == "AB"


@pytest.mark.parametrize(
    ("action", "sent", "status", "words"),
    [
        ("acknowledge", {"who": ""}, 400, "who"),
        ("snooze", {"who": "AB", "until": "soon", "reason": "x"}, 400, '"soon" is no time'),
        ("snooze", {"who": "AB", "reason": "x"}, 400, "needs an end"),
        ("close", {"who": "AB", "outcome": "boring"}, 400, "outcome"),
        ("close", {"who": "AB", "colour": "red"}, 400, "colour"),
        ("note", {"who": "AB", "note": "x" * 20_000}, 413, "10,000 bytes"),
        ("explode", {"who": "AB"}, 404, "explode"),
    ],
)
def test_what_can_not_be_done_is_told_in_words(
    client: TestClient, shown: Live, action: str, sent: dict[str, str], status: int, words: str
) -> None:
    answer = client.post(f"/api/alerts/{alert(shown)}/{action}", json=sent, headers=SAME)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_an_alert_that_there_is_not_is_told(client: TestClient, shown: Live) -> None:
    alert(shown)
    answer = client.post("/api/alerts/tiny/nothing/acknowledge", json={"who": "AB"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://elsewhere.example"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"origin": "http://testserver"}, 200),
    ],
)
def test_only_our_own_pages_act(
    client: TestClient, shown: Live, headers: dict[str, str], status: int
) -> None:
    sent = {"content-type": "application/json", **headers}
    path = f"/api/alerts/{alert(shown)}/acknowledge"
    assert client.post(path, content=b'{"who": "AB"}', headers=sent).status_code == status


def test_alerts_are_asked_for_in_plain_words(client: TestClient) -> None:
    assert client.get("/alerts.json?since=yesterday").status_code == 400
    assert client.get("/alerts.json?state=sleepy").status_code == 400
