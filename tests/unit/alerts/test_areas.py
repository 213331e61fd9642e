"""An alert of a district whose hours are not watched: all of a rise of its area is in it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.alerts.feedback import feedback_of
from streams.alerts.model import Transition, decode, encode
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.live import Live
from streams.periods import DAY, HOUR, MINUTE, rfc3339
from streams.state.surveillance import watch_all
from tests.alerting import WARWICKSHIRE, Known, at, quiet, signal, store
from tests.build import FAR_FUTURE, call, lines, ms

RUGBY = {"area": "rugby", "observed": 13, "expected": 1.1, "lower": 0, "upper": 2}
ALL_IN_RUGBY = Known(wholly=RUGBY)
TEN = "2026-11-21 21:00"


def opened(reads: Known = ALL_IN_RUGBY) -> Any:
    b = store()
    told = signal(TEN, observed=13, lower=1, upper=6)
    (made,) = evaluate(b, [told], [], told.end, reads)
    return b, made


def test_a_rise_that_is_all_in_rugby_is_rugbys_alert() -> None:
    _, made = opened()
    alert = made.alert
    assert alert.words == (
        "999 calls, Rugby: 13 in the hour to 22:00, usually 0 to 2. Nobody has this yet."
    )
    assert (alert.area, alert.area_name, alert.title) == ("rugby", "Rugby", "999 calls, Rugby")
    assert alert.id.startswith("warwickshire/exceptional_volume/calls.offered/line=999/rugby/up/")
    assert (alert.evidence.observed, alert.evidence.upper) == (13, 2)
    # The series that it follows is that of the force, of which hours are watched.
    assert alert.series == ("warwickshire", "calls", "offered", "line=999", "force", "hour")
    assert decode(encode(made)) == made


def test_it_is_one_alert_while_it_goes_on_wherever_the_rise_spreads() -> None:
    b, made = opened()
    later = signal("2026-11-21 22:00", observed=25)
    updated = evaluate(b, [later], [], later.end, Known())[0]
    assert (updated.what, updated.notify, updated.alert.id) == ("updated", False, made.alert.id)
    assert (updated.alert.area, updated.alert.title) == ("force", "999 calls, Warwickshire")
    again = signal("2026-11-21 23:00", observed=15)
    updated = evaluate(b, [again], [], again.end, ALL_IN_RUGBY)[0]
    assert (updated.alert.id, updated.alert.area) == (made.alert.id, "rugby")
    assert len(b.alerts) == 1


def test_it_ends_with_the_series_that_it_follows() -> None:
    b, _ = opened()
    for hour in ("2026-11-21 22:00", "2026-11-21 23:00", "2026-11-22 00:00"):
        usual = quiet(hour)
        made = evaluate(b, [usual], [], usual.end + MINUTE, Known(usual))
    assert [(each.what, each.alert.area) for each in made] == [("resolved", "rugby")]


def test_a_planned_event_there_is_learned_by_neither_series() -> None:
    b, made = opened()
    b.act(made.alert.id, Request(action="close", who="A", outcome="planned_event"), at(TEN) + DAY)
    found = feedback_of(b.alerts.values(), WARWICKSHIRE)
    assert [each.series[-2:] for each in found.stretches] == [("force", "hour"), ("rugby", "hour")]


def test_its_day_is_not_told_again() -> None:
    b, _ = opened()
    for hour in ("2026-11-21 22:00", "2026-11-21 23:00", "2026-11-22 00:00"):
        usual = quiet(hour)
        evaluate(b, [usual], [], usual.end + MINUTE, Known(usual))
    day = signal("2026-11-21 00:00", grain="day", area="rugby", observed=60, expected=30.0,
                 lower=22, upper=39)  # fmt: skip
    assert not evaluate(b, [day], [], day.end + HOUR, Known(day))


# -- by the whole chain ------------------------------------------------------------------------

TONIGHT = ms("2026-11-21T20:00:00Z")
NORTH = "north-warwickshire-area"
USUAL = ["rugby", "nuneaton-bedworth", "nuneaton-bedworth", "rugby"]


def calls(start: int, areas: list[str]) -> bytes:
    """A 999 call a minute, each answered in its area, as lines of events."""
    made = []
    for number, area in enumerate(areas):
        offered, answered, ended = (
            rfc3339(start + number * MINUTE + after, dt.UTC) for after in (0, 5_000, 30_000)
        )
        about = {"force": "warwickshire", "area": area, "line": "999"}
        stamps = {"answered_at": answered, "ended_at": ended}
        made.append(call(f"c{start}-{number}", offered, **about, **stamps))
    return lines(made)


@pytest.mark.parametrize(
    ("areas", "area"),
    [
        (["rugby"] * 25, "rugby"),
        ([*["rugby"] * 13, *["nuneaton-bedworth"] * 12], NORTH),
    ],
)
def test_a_rise_in_one_district_by_the_hour(areas: list[str], area: str) -> None:
    live = Live(Monitor([WARWICKSHIRE]), lambda: FAR_FUTURE)
    watch_all(live.monitor)
    service = AlertService(live)
    made: list[Transition] = []
    service.subscribe(made.extend)
    for shard in live.monitor.shards:
        service.attach(shard)
    live.monitor.play_history(True)
    for hour in range(-42 * 24, 0):
        live.ingest(calls(TONIGHT + hour * HOUR, USUAL), FAR_FUTURE)
    live.ingest(calls(TONIGHT, areas), FAR_FUTURE)
    for hour in range(1, 7):
        live.ingest(calls(TONIGHT + hour * HOUR, USUAL), FAR_FUTURE)
    assert not service.faults
    (told,) = (each.alert for each in made if each.what == "opened")
    assert (told.area, told.watched) == (area, NORTH)
    assert told.evidence.observed == 25
    assert made[-1].what == "resolved"
    assert made[-1].alert.id == told.id
