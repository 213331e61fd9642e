"""The next hours of calls: on a page, in the terminal, for Prometheus and after those that were."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from streams.alerts.model import Alert, Evidence
from streams.alerts.store import AlertStore
from streams.board.model import Board, Handlers, HourAhead, HoursAhead, LineAhead, RoomHour
from streams.board.monitor import Monitor
from streams.live import Live
from streams.outputs.metrics.ahead import ahead_metrics
from streams.outputs.monitor_server import application
from streams.outputs.terminal.board import as_text
from streams.outputs.wallboard.screen import first_screen
from streams.outputs.words import unusual_ahead
from tests.build import FAR_FUTURE, call, feed, ms, tiny_force

AT = ms("2021-03-01T18:20:00Z")


def hour(at: int, expected: float, needed: int | None, **handlers: Any) -> HourAhead:
    start = f"2021-03-01T{at:02d}:00:00+00:00"
    words = f"{at:02d}:00: {expected:g} calls expected"
    held = Handlers(needed, **handlers)
    return HourAhead(start, expected, 24, 39, 20, 44, held, words)


def ahead(*, room: bool = False, **fields: Any) -> HoursAhead:
    known = {
        "level": 1.12,
        "handling_seconds": 361.0,
        "wrap_up": True,
        "patience_seconds": 145.0,
        "hours": [
            hour(19, 31.0, 9, rostered=7.0, short=2.0, level=0.713),
            hour(20, 4.2, 3, rostered=4.0, short=-1.0, level=0.97),
        ],
    }
    line = LineAhead("999", "999", 10, 0.9, **{**known, **fields})
    other = LineAhead("101", "101", 30, 0.8, reason="learning: 2 weeks of history, 4 needed")
    made = HoursAhead("2021-03-01T18:00:00+00:00", [line, other])
    if room:
        start = "2021-03-01T19:00:00+00:00"
        words = "19:00: 66 calls expected on all lines"
        made.room = [RoomHour(start, 66.0, Handlers(14, 12.0, 2.0), words)]
    return made


def live(shown: HoursAhead | None) -> Live:
    watched = Monitor([tiny_force()])
    feed(watched, call("c1", "2021-03-01T18:00:00Z", answered_at="2021-03-01T18:00:05Z"))

    class Shown(Live):
        def board(self, *args: Any, **fields: Any) -> Board:
            found = super().board(*args, **fields)
            found.ahead = shown
            return found

    made = Shown(watched, clock=lambda: AT)
    made.health.state = "live"
    return made


def page(shown: HoursAhead | None) -> str:
    with TestClient(application(live(shown))) as client:
        text = client.get("/ahead").text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_the_page_says_how_busy_it_is_and_where_the_roster_is_short() -> None:
    text = page(ahead())
    assert "Calls were counted to 18:00. 999: 12 % above usual." in text
    assert "The roster is short in 1 of the 2 hours that it names, most at 999, 19:00: 31" in text
    assert "101, next hours: not known, learning: 2 weeks of history, 4 needed." in text


DEPARTED = "999: 48 calls in the last 2 hours, where 12 were expected. That is carried on."


def with_alert(shown: HoursAhead) -> Board:
    """The board of a force that has an open alert of its 999 calls."""
    found = live(shown).board("tiny")
    said = ("999 calls, Tiny Police: 48 in the hour to 18:00, usually 3 to 9.",)
    at = dt.datetime(2021, 3, 1, 18, tzinfo=dt.UTC)
    alert = Alert(
        id="1", force="tiny", kind="exceptional_volume", severity="page", group="calls",
        measure="offered", row={"line": "999"}, area="force", area_name="Tiny Police",
        title="999 calls", grain="hour", opened_at=at, updated_at=at, words=said[0], said=said,
        evidence=Evidence(),
    )  # fmt: skip
    found.alerts = msgspec.structs.replace(AlertStore(tiny_force()).view(AT), open=[alert])
    return found


def test_a_departure_is_said_before_the_hours() -> None:
    text = page(ahead(departed=DEPARTED))
    assert text.index(DEPARTED) < text.index("Calls were counted to")


def test_an_open_alert_of_calls_says_not_to_rely_on_what_is_forecast_from_the_usual() -> None:
    alert = "An alert is open: 999 calls, Tiny Police: 48 in the hour to 18:00, usually 3 to 9."
    assert unusual_ahead(with_alert(ahead())) == [
        alert,
        (
            "These hours are forecast from what is usual: while that alert holds, do not rely on "
            "the handlers that they name."
        ),
    ]
    assert unusual_ahead(with_alert(ahead(departed=DEPARTED))) == [DEPARTED, alert]
    assert unusual_ahead(live(ahead()).board("tiny")) == []


@pytest.mark.parametrize(("departed", "unusual"), [(DEPARTED, True), ("", False)])
def test_the_tile_of_the_next_hours_says_that_calls_are_not_as_usual(
    departed: str, unusual: bool
) -> None:
    found = first_screen(live(ahead(departed=departed)).board("tiny"), None)
    assert found.ahead["999"].unusual == unusual


def test_the_tile_of_handlers_calls_no_roster_enough_in_a_surge() -> None:
    roster = {
        "kind": "reading", "force": "tiny", "id": "r1", "updated_at": "2021-03-01T17:00:00Z",
        "measure": "handlers_rostered", "period": "2021-03-01T18", "value": 12,
    }  # fmt: skip
    heard = {"kind": "heartbeat", "force": "tiny", "feed": "calls", "at": "2021-03-01T18:19:50Z"}
    found = []
    for departed in ("", DEPARTED):
        shown = ahead(departed=departed, room=True)
        shown.room[0].handlers = Handlers(9, 12.0, -3.0)
        made = live(shown)
        feed(made.monitor, roster, heard, appended=FAR_FUTURE)
        tile = first_screen(made.board("tiny"), None).handlers
        assert tile is not None
        found.append((tile.state, tile.unusual))
    assert found == [("calm", False), ("unjudged", True)]


def test_the_page_has_a_table_a_line_with_intervals_and_handlers() -> None:
    text = page(ahead())
    assert "19:00 31 24 to 39 20 to 44 9 7 ✗ 2 short, 71 % in time" in text
    assert "20:00 4.2 24 to 39 20 to 44 3 4 ✓ enough, 97 % in time" in text
    assert "a call takes 6 min 1 s with wrap-up; callers wait 2 min 25 s on average" in text


def test_the_page_says_what_is_not_known() -> None:
    hours = [hour(19, 31.0, None)]
    reason = "no call had a handling time"
    found = ahead(hours=hours, handling_seconds=None, handlers_reason=reason)
    text = page(found)
    assert "999, handlers needed: not known, no call had a handling time." in text
    assert "The roster is not known" in text
    assert "Handlers needed" not in text
    assert "Not known: no calls are watched by the hour here." in page(None)


def test_the_page_has_the_room_where_it_is_known() -> None:
    text = page(ahead(room=True))
    assert "most at 19:00: 66 calls expected on all lines." in text
    assert "All lines together Hour from Calls Handlers needed Roster Beside it" in text
    assert "19:00 66 14 12 ✗ 2 short" in text


def test_a_force_that_is_not_here_has_a_page_that_says_so() -> None:
    with TestClient(application(live(None))) as client:
        answer = client.get("/ahead?force=nowhere")
    assert answer.status_code == 404
    assert "No force &quot;nowhere&quot; is monitored here" in answer.text or (
        'No force "nowhere" is monitored here' in answer.text
    )


@pytest.mark.parametrize("width", [80, 140])
def test_the_terminal_has_a_column_an_hour(width: int) -> None:
    lines = as_text(live(ahead()).board("tiny"), width).splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("The next hours"))
    shown = [" ".join(line.split()) for line in lines[begin : begin + 7]]
    assert shown == [
        "The next hours 19:00 20:00",
        "999 calls 31 4.2",
        "4 of 5 hours 24-39 24-39",
        "Handlers needed 9 3",
        "On the roster 7 4",
        "Short ✗ 2",
        "101, next hours: not known, learning: 2 weeks of history, 4 needed.",
    ]


def test_prometheus_has_what_is_expected_and_needed_by_hours_ahead() -> None:
    board = live(ahead(room=True)).board("tiny")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in ahead_metrics({"tiny": board})
        for sample in family.samples
    }
    assert samples["watchroom_calls_ahead", "tiny", "999", "2"] == 4.2
    assert samples["watchroom_calls_ahead_limit", "tiny", "999", "1", "high_95"] == 44
    assert samples["watchroom_handlers_needed", "tiny", "999", "1"] == 9
    assert samples["watchroom_handlers_rostered", "tiny", "all", "1"] == 12.0
    assert not any("101" in place for place in samples)
    assert list(ahead_metrics({"tiny": live(None).board("tiny")})) == []


def test_the_hours_of_a_line_are_followed_by_those_to_come() -> None:
    with TestClient(application(live(ahead()))) as client:
        found = client.get("/series.json?chart=waiting&line=999").json()
        other = client.get("/series.json?chart=answer&line=999").json()
        area = client.get("/series.json?chart=waiting&line=999&area=north").json()
    assert [each["expected"] for each in found["ahead"]] == [31.0, 4.2]
    assert "ahead" not in other
    assert "ahead" not in area
