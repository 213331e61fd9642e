"""The log of a shift: all that was done in it, what is open, and what is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from streams.alerts.handing_over import shift_log
from streams.alerts.model import Alert, Evidence, Handover, LogEntry
from streams.board.monitor import Monitor
from streams.live import Live
from streams.outputs.monitor_server import application
from tests.alerting import unattended
from tests.build import ms, tiny_force

NOW = dt.datetime(2026, 11, 21, 22, 0, tzinfo=dt.UTC)
SINCE = NOW - dt.timedelta(hours=12)
BEFORE, DURING = NOW - dt.timedelta(hours=13), NOW - dt.timedelta(hours=3)
SAME = {"sec-fetch-site": "same-origin", "content-type": "application/json"}
ALERT = Alert(
    id="open", force="tiny", kind="unattended", severity="notice", group="attendance",
    measure="unattended", area="north", area_name="North", title="Emergencies, North",
    grain="now", opened_at=BEFORE, updated_at=BEFORE, words="Two wait.", evidence=Evidence(),
)  # fmt: skip


def entry(at: dt.datetime, what: str) -> LogEntry:
    return LogEntry(at=at, who="AB", what=what)


def over(name: str, at: dt.datetime, *log: LogEntry) -> Alert:
    return replace(ALERT, id=name, state="resolved", resolved_at=at, log=log)


def test_of_what_is_open_stands_all_that_was_done_in_the_shift_and_the_worst_first() -> None:
    log = (entry(BEFORE, "snoozed"), *(entry(DURING, f"noted {n}") for n in range(9)))
    page = replace(ALERT, id="page", severity="page", log=log)
    made = shift_log("tiny", "Tiny Police", [ALERT, page], [], SINCE, NOW)
    assert [each.alert.id for each in made.open] == ["page", "open"]
    assert [each.what for each in made.open[0].done] == [f"noted {n}" for n in range(9)]
    assert made.open[1].done == []


def test_of_what_is_over_stands_what_ended_or_was_written_about_in_the_shift() -> None:
    noted = over("noted", BEFORE, entry(DURING, "noted"))
    history = [over("before", BEFORE), noted, over("ended", DURING)]
    made = shift_log("tiny", "Tiny Police", history, [], SINCE, NOW)
    assert [each.alert.id for each in made.ended] == ["ended", "noted"]


def test_only_the_handovers_of_the_shift_stand_in_it() -> None:
    late, early = (Handover(force="tiny", at=at, who="A", to="B") for at in (DURING, BEFORE))
    assert shift_log("tiny", "Tiny Police", [], [late, early], SINCE, NOW).handovers == [late]


@pytest.fixture
def client() -> Iterator[TestClient]:
    shown = Live(Monitor([tiny_force()]), clock=lambda: ms("2021-03-01T10:30:00Z"))
    unattended(shown, shown.clock(), owner="AB")
    with TestClient(application(shown)) as made:
        yield made


def test_a_shift_goes_over_with_every_alert_that_one_has(client: TestClient) -> None:
    sent = {"who": "AB", "to": "Night shift", "note": "Ice", "held": True}
    done = client.post("/api/alerts/tiny%2Fshift/hand_over", json=sent, headers=SAME).json()
    assert (done["handed"], done["alert"]["to"]) == (1, "Night shift")
    log = client.get("/shift.json").json()
    assert (log["name"], log["handovers"][0]["note"]) == ("Tiny Police", "Ice")
    (open_,) = log["open"]
    assert open_["alert"]["owner"] == "Night shift"
    assert [each["what"] for each in open_["done"]] == ["handed_over"]


def test_a_shift_alone_leaves_alerts_with_who_has_them(client: TestClient) -> None:
    sent = {"who": "AB", "to": "Night shift"}
    done = client.post("/api/alerts/tiny%2Fshift/hand_over", json=sent, headers=SAME).json()
    assert done["handed"] == 0
    assert client.get("/alerts.json").json()["alerts"][0]["owner"] == "AB"


def test_a_shift_of_a_force_that_there_is_not_can_not_be_handed_over(client: TestClient) -> None:
    sent = {"who": "AB", "to": "Night shift", "held": True}
    answer = client.post("/api/alerts/nosuch%2Fshift/hand_over", json=sent, headers=SAME)
    assert answer.status_code == 404


def test_a_name_typed_with_more_blanks_hands_over_what_that_name_has(client: TestClient) -> None:
    sent = {"who": " A  B", "to": "Night shift", "held": True}
    name = {"who": "A B"}
    found = client.get("/alerts.json").json()["alerts"][0]["id"]
    path = f"/api/alerts/{quote(found, safe='')}/acknowledge"
    assert client.post(path, json=name, headers=SAME).status_code == 200
    done = client.post("/api/alerts/tiny%2Fshift/hand_over", json=sent, headers=SAME).json()
    assert done["handed"] == 1


def test_a_handover_to_nobody_is_refused_before_anything_is_done(client: TestClient) -> None:
    sent = {"who": "AB", "held": True}
    answer = client.post("/api/alerts/tiny%2Fshift/hand_over", json=sent, headers=SAME)
    assert (answer.status_code, answer.json()["error"]) == (400, '"to" is missing')
    assert client.get("/alerts.json").json()["alerts"][0]["owner"] == "AB"


@pytest.mark.parametrize("hours", ["0", "25", "soon", "²", "9" * 5_000])
def test_a_shift_has_1_to_24_hours(client: TestClient, hours: str) -> None:
    answer = client.get(f"/shift.json?hours={hours}")
    assert (answer.status_code, answer.json()["error"]) == (400, "hours are 1 to 24")
