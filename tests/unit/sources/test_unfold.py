"""A finished record as the versions that a live feed would have sent of it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import canonical
from streams.events.schema import Call, Crime, Incident, Unit, Versioned, decode_line, encode_event
from streams.periods import Calendar, to_ms
from streams.sources.order.play import Judge
from streams.sources.order.unfold import UNFOLDED, unfold
from tests.build import FAR_FUTURE, gauges, monitor, row, tiny_force
from tests.examples import one_in

CALENDAR = Calendar(tiny_force().zone)
BEGIN = dt.datetime(2024, 3, 1, 10, tzinfo=dt.UTC)


def at(minutes: float) -> dt.datetime:
    return BEGIN + dt.timedelta(minutes=minutes)


def told(event: Versioned) -> list[tuple[int, dict[str, Any]]]:
    """The versions as (minute at which it was sent, what it says beside its identity)."""
    out = []
    for instant, version in unfold(event, CALENDAR):
        said = msgspec.to_builtins(version)
        for name in ("kind", "force", "id", "updated_at"):
            said.pop(name)
        assert said.pop("origin", None) in {"replayed", None}
        out.append(((instant - to_ms(BEGIN)) // 60_000, said))
    return out


def test_a_call_is_offered_then_answered_then_ended() -> None:
    event = Call(
        force="tiny", id="1", updated_at=at(5), line="999",
        offered_at=at(0), answered_at=at(1), ended_at=at(5),
    )  # fmt: skip
    offered = {"line": "999", "offered_at": "2024-03-01T10:00:00Z"}
    answered = {**offered, "answered_at": "2024-03-01T10:01:00Z"}
    ended = {**answered, "ended_at": "2024-03-01T10:05:00Z"}
    assert told(event) == [
        (0, {**offered, "played": "step"}),
        (1, {**answered, "played": "step"}),
        (5, {**ended, "played": "end"}),
    ]


def test_a_grade_comes_with_its_time_and_without_one_stands_from_the_beginning() -> None:
    graded = Incident(
        force="tiny", id="1", updated_at=at(9), category="asb", opened_at=at(0).isoformat(),
        grade="emergency", graded_at=at(2), arrived_at=at(9),
    )  # fmt: skip
    assert [(m, v.get("grade")) for m, v in told(graded)] == [
        (0, None), (2, "emergency"), (9, "emergency"),
    ]  # fmt: skip
    plain = msgspec.structs.replace(graded, graded_at=None)
    assert [(m, v.get("grade")) for m, v in told(plain)] == [(0, "emergency"), (9, "emergency")]


def test_a_unit_comes_with_its_dispatch_and_its_times_one_by_one() -> None:
    event = Incident(
        force="tiny", id="1", updated_at=at(40), category="fire", opened_at=at(0).isoformat(),
        units=(
            Unit(id="NA21", dispatched_at=at(2), arrived_at=at(9), cleared_at=at(40)),
            Unit(id="NA22", dispatched_at=at(5)),
            Unit(id="NA23"),
        ),
    )  # fmt: skip
    assert [
        (m, [(unit["id"], len(unit) - 1) for unit in version["units"]])
        for m, version in told(event)
    ] == [
        (0, [("NA23", 0)]),
        (2, [("NA21", 1), ("NA23", 0)]),
        (5, [("NA21", 1), ("NA22", 1), ("NA23", 0)]),
        (9, [("NA21", 2), ("NA22", 1), ("NA23", 0)]),
        (40, [("NA21", 3), ("NA22", 1), ("NA23", 0)]),
    ]


def test_an_emergency_is_attended_when_the_first_of_its_units_arrives() -> None:
    event = Incident(
        force="tiny", id="1", updated_at=at(40), category="domestic", grade="emergency",
        opened_at=at(0).isoformat(),
        units=(
            Unit(id="NA22", dispatched_at=at(3), arrived_at=at(12)),
            Unit(id="NA21", dispatched_at=at(2), arrived_at=at(8), cleared_at=at(40)),
        ),
    )  # fmt: skip
    target = monitor()
    shown = []
    for instant, version in unfold(event, CALENDAR):
        assert target.ingest(encode_event(version), FAR_FUTURE) == []
        board = target.board("tiny", instant, ["2024-03-01"])
        waits = gauges(board, "attendance")
        found = row(board, "2024-03-01", "attendance")
        minute = (instant - to_ms(BEGIN)) // 60_000
        shown.append((minute, waits["unattended"], found["attended"], found["response_mean"]))
    assert shown == [
        (0, 1, 0, None), (2, 1, 0, None), (3, 1, 0, None), (8, 0, 1, 480.0), (12, 0, 1, 480.0),
        (40, 0, 1, 480.0),
    ]  # fmt: skip


def test_what_is_played_again_says_so_and_what_was_made_up_stays_so() -> None:
    event = Call(force="tiny", id="1", updated_at=at(5), line="999", offered_at=at(0))
    made_up = msgspec.structs.replace(event, origin="simulated")
    for record, origin in ((event, "replayed"), (made_up, "simulated")):
        said = {msgspec.to_builtins(version)["origin"] for _, version in unfold(record, CALENDAR)}
        assert said == {origin}


def test_an_outcome_comes_with_its_day_at_the_end_of_it() -> None:
    event = Crime(
        force="tiny", id="1", updated_at=dt.datetime(2026, 6, 2, 22, 59, 59, tzinfo=dt.UTC),
        recorded_at="2024-03-01", offence="vehicle", outcome=1, outcome_at="2026-06-02",
    )  # fmt: skip
    versions = [version for _, version in unfold(event, CALENDAR)]
    assert [(str(v.updated_at), v.outcome) for v in versions if isinstance(v, Crime)] == [
        ("2024-03-01 23:59:59+00:00", None),
        ("2026-06-02 22:59:59+00:00", 1),  # the day ends at 23:59:59 BST
    ]


def test_the_last_version_of_a_record_whose_end_is_blank_says_that_nothing_comes() -> None:
    call = Call(force="tiny", id="1", updated_at=at(0), line="999", offered_at=at(0))
    assert [v["played"] for _, v in told(call)] == ["end"]


def test_what_the_export_says_of_its_writing_is_kept_and_ends_no_wait_late() -> None:
    call = Call(force="tiny", id="1", updated_at=at(600), line="999", offered_at=at(0))
    assert [(m, v["played"]) for m, v in told(call)] == [(0, "end"), (600, "end")]


def test_an_arrival_a_second_before_the_opening_is_no_version_of_its_own() -> None:
    event = Incident(
        force="tiny", id="1", updated_at=at(3), category="asb", opened_at=at(0).isoformat(),
        arrived_at=at(-1 / 60), closed_at=at(3),
    )  # fmt: skip
    assert [(m, "arrived_at" in v) for m, v in told(event)] == [(0, True), (3, True)]


@pytest.mark.parametrize("changes", [{"version": 3}, {"deleted": True}, {"offered_at": None}])
def test_what_is_a_version_already_stays_as_it_is(changes: dict[str, Any]) -> None:
    call = Call(force="tiny", id="1", updated_at=at(5), line="999", offered_at=at(0))
    event = msgspec.structs.replace(call, answered_at=at(1), **changes)
    assert [version for _, version in unfold(event, CALENDAR)] == [event]


FINISHED: tuple[type[Call | Incident | Crime], ...] = (Call, Incident, Crime)


@st.composite
def finished(draw: st.DrawFn) -> Versioned:
    """A record of a finished export, valid as a whole."""
    kind = draw(st.sampled_from(FINISHED))
    begin, later = UNFOLDED[kind]
    start = draw(st.integers(0, 60 * 24 * 30))
    limit = 60 * 24 * 39 if kind is Call else 60 * 24 * 90
    stamps = {name: draw(st.one_of(st.none(), st.integers(0, limit))) for name in later}
    if kind is Call and stamps["answered_at"] is not None:
        stamps["abandoned_at"] = None
    if stamps.get("arrived_at") is not None:
        stamps["arrived_at"] = min(stamps["arrived_at"] or 0, 60 * 24 * 39)
    times: dict[str, Any] = {
        name: at(start + minutes) for name, minutes in stamps.items() if minutes is not None
    }
    updated = max([at(start), *times.values()])
    if kind is not Call:
        times = {n: t.isoformat() if n == "outcome_at" else t for n, t in times.items()}
    times[begin] = at(start) if kind is Call else at(start).isoformat()
    facts: dict[type[Versioned], dict[str, Any]] = {
        Call: {"line": draw(st.sampled_from(["999", "101"])), "area": "north"},
        Incident: {
            "category": draw(st.sampled_from(["asb", "missing_person"])),
            "grade": draw(st.sampled_from([None, "emergency", "priority"])),
            "cancelled": draw(st.booleans()),
        },
        Crime: {"offence": "vehicle", "outcome": draw(st.sampled_from([None, 1, 18]))},
    }
    name = str(draw(st.integers(0, 10**6)))
    made: Versioned = kind(force="tiny", id=name, updated_at=updated, **times, **facts[kind])
    return made


@given(finished())
def test_the_versions_are_in_order_and_end_in_the_record(event: Versioned) -> None:
    versions = unfold(event, CALENDAR)
    instants = [instant for instant, _ in versions]
    assert instants == sorted(set(instants))
    assert [to_ms(v.updated_at) for _, v in versions if isinstance(v, Versioned)] == instants
    last = versions[-1][1]
    assert msgspec.structs.replace(last, played=None, origin="live") == event
    for _, version in versions:
        Judge([tiny_force()]).packed(version)  # each is valid by itself


@one_in(2)
@given(st.lists(finished(), max_size=12, unique_by=lambda event: (type(event), event.id)))
def test_folding_the_versions_in_order_gives_the_board_of_the_records_alone(
    events: list[Versioned],
) -> None:
    judge = Judge([tiny_force()])
    whole, played = monitor(), monitor()
    whole.play_history(True)
    played.play_history(True)
    lasts = sorted(
        v
        for e in events
        for v in [(at, encode_event(x)) for at, x in judge.versions(e, unfolds=False)]
    )
    steps = sorted(
        v
        for e in events
        for v in [(at, encode_event(x)) for at, x in judge.versions(e, unfolds=True)]
    )
    assert whole.ingest(b"\n".join(line for _, line in lasts), FAR_FUTURE) == []
    assert played.ingest(b"\n".join(line for _, line in steps), FAR_FUTURE) == []
    for line in (line for _, line in steps):
        assert decode_line(line).force == "tiny"
    end = to_ms(at(60 * 24 * 130))
    periods = ("2024-03", "2024-04", "2024-03-15", "2023/24")
    assert canonical(whole.board("tiny", end, periods)) == canonical(
        played.board("tiny", end, periods)
    )


def test_the_group_of_an_outcome_is_not_known_before_the_outcome_is() -> None:
    event = Crime(
        force="f",
        id="1",
        updated_at=dt.datetime(2021, 5, 31, 22, tzinfo=dt.UTC),
        recorded_at="2021-03-01",
        outcome_group="no_action",
        outcome_at="2021-04-01",
    )
    versions = [each for _, each in unfold(event, Calendar(ZoneInfo("Europe/London")))]
    groups = [each.outcome_group for each in versions if isinstance(each, Crime)]
    assert groups == [None, "no_action", "no_action"]
