"""What is open now: callers waiting and not rung back, incidents not attended, delays not told."""

from __future__ import annotations

import json
from typing import Any

from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.config.force import Force, check_force
from streams.outputs.terminal.board import as_text
from streams.outputs.wallboard.screen import OpenShown, first_screen
from tests.build import FAR_FUTURE, TINY_FORCE, call, incident, monitor, ms

NOON = ms("2021-03-01T12:00:00Z")
DAY = 24 * 60 * 60 * 1000


def force(*, says: bool) -> Force:
    """The small force; where it `says`, it rings back on 999, and tells callers of a delay."""
    text = TINY_FORCE
    if says:
        text = text.replace('name = "999"', 'name = "999"\nrings_back = true')
        text = text.replace("[attendance]", "[attendance]\ntells_delay = true")
    found, problems = check_force(text, "tiny.toml")
    assert found is not None, problems
    return found


SAYS, SILENT = force(says=True), force(says=False)


def fed(*events: dict[str, Any], of: Force = SAYS) -> Monitor:
    made = monitor(of)
    for event in events:
        assert not made.ingest(json.dumps(event).encode(), FAR_FUTURE)
    return made


def open_now(
    board: Board, group: str, name: str, **place: str
) -> tuple[int | None, float | None, int | None]:
    """How many, for how many minutes the oldest, and of how many the end is unknown."""
    row = board.now.row(group, **{"area": "force", **place})
    assert row is not None
    oldest = row.number_of(f"oldest_{name}")
    minutes = None if oldest is None else oldest / 60
    return row.count_of(name), minutes, row.count_of(f"{name}_unknown")


def given_up(name: str, minute: int, **fields: Any) -> dict[str, Any]:
    """A caller who gives up after a minute."""
    return call(
        name,
        f"2021-03-01T11:{minute:02d}:00Z",
        abandoned_at=f"2021-03-01T11:{minute + 1:02d}:00Z",
        **fields,
    )


def test_callers_who_gave_up_are_open_from_then_until_they_are_rung_back() -> None:
    back = given_up("c", 20, called_back_at="2021-03-01T11:30:00Z")
    board = fed(given_up("a", 10), given_up("b", 40, area="north"), back).board("tiny", NOON)
    assert open_now(board, "calls", "not_rung_back", line="999") == (2, 49.0, 0)
    assert open_now(board, "calls", "not_rung_back", line="999", area="north") == (1, 19.0, 0)
    assert open_now(board, "calls", "waiting", line="999") == (0, None, 0)


def test_a_later_version_that_says_so_takes_a_caller_off() -> None:
    made = fed(given_up("a", 10))
    later = given_up("a", 10, called_back_at="2021-03-01T11:30:00Z")
    assert not made.ingest(json.dumps(later).encode(), FAR_FUTURE)
    found = open_now(made.board("tiny", NOON), "calls", "not_rung_back", line="999")
    assert found == (0, None, 0)
    ledger = made.ledger("call", "tiny")
    assert ledger is not None
    assert ledger.open == {}


def test_a_caller_who_is_not_rung_back_for_a_day_is_no_longer_waited_for() -> None:
    board = fed(given_up("a", 10)).board("tiny", NOON + DAY)
    assert open_now(board, "calls", "not_rung_back", line="999") == (0, None, 1)


def test_a_line_that_does_not_say_so_has_no_such_figure() -> None:
    board = fed(given_up("a", 10), given_up("b", 10, line="101")).board("tiny", NOON)
    assert open_now(board, "calls", "not_rung_back", line="101") == (None, None, None)
    silent = fed(given_up("a", 10), of=SILENT)
    found = open_now(silent.board("tiny", NOON), "calls", "not_rung_back", line="999")
    assert found == (None, None, None)
    ledger = silent.ledger("call", "tiny")
    assert ledger is not None
    assert ledger.open == {}


INCIDENTS = [
    incident("a", "2021-03-01T11:50:00Z"),
    incident("b", "2021-03-01T11:00:00Z", grade="priority", area="north"),
    incident("c", "2021-03-01T11:30:00Z", grade="priority"),
    incident("d", "2021-03-01T09:00:00Z", grade="scheduled"),
    incident("e", "2021-03-01T09:00:00Z", grade="no_attendance"),
    incident("f", "2021-03-01T09:00:00Z", grade="priority", closed_at="2021-03-01T09:10:00Z"),
    incident("g", "2021-03-01T09:00:00Z", grade="priority", arrived_at="2021-03-01T09:10:00Z"),
]


def test_incidents_not_yet_attended_are_told_apart_by_grade() -> None:
    board = fed(*INCIDENTS).board("tiny", NOON)
    found = {
        grade: open_now(board, "attendance_by_grade", "unattended", grade=grade)
        for grade in ("emergency", "priority", "scheduled", "all")
    }
    assert found == {
        "emergency": (1, 10.0, 0),
        "priority": (2, 60.0, 0),
        "scheduled": (1, 180.0, 0),
        "all": (4, 180.0, 0),
    }
    assert open_now(board, "attendance", "unattended") == (1, 10.0, 0)


def test_what_is_scheduled_may_be_open_for_a_week() -> None:
    board = fed(*INCIDENTS).board("tiny", NOON + 2 * DAY)
    found = [
        open_now(board, "attendance_by_grade", "unattended", grade=grade)[::2]
        for grade in ("priority", "scheduled")
    ]
    assert found == [(0, 2), (1, 0)]


def waits(name: str, due: str, **fields: Any) -> dict[str, Any]:
    """An incident of eleven whose caller is to be told of a delay by then."""
    times = {key: f"2021-03-01T{value}:00Z" for key, value in fields.items()}
    return incident(
        name,
        "2021-03-01T11:00:00Z",
        grade="priority",
        recontact_due_at=f"2021-03-01T{due}:00Z",
        updated_at="2021-03-01T11:40:00Z",
        **times,
    )


def test_a_caller_is_to_be_told_of_the_delay_from_the_time_that_it_is_due() -> None:
    made = fed(
        waits("late", "11:30"),
        waits("to come", "12:30"),
        waits("told", "11:20", recontacted_at="11:25"),
        waits("told before, and due again", "11:35", recontacted_at="11:05"),
        waits("attended", "11:20", arrived_at="11:30"),
    )
    board = made.board("tiny", NOON)
    assert open_now(board, "attendance_by_grade", "not_told", grade="priority") == (2, 30.0, 0)
    later = made.board("tiny", ms("2021-03-01T12:40:00Z"))
    assert open_now(later, "attendance_by_grade", "not_told", grade="priority") == (3, 70.0, 0)


def test_a_force_that_does_not_say_when_has_no_such_figure() -> None:
    board = fed(waits("late", "11:30"), of=SILENT).board("tiny", NOON)
    found = open_now(board, "attendance_by_grade", "not_told", grade="priority")
    assert found == (None, None, None)


def test_a_caller_may_wait_for_an_officer_and_for_word() -> None:
    board = fed(waits("late", "11:30")).board("tiny", NOON)
    assert open_now(board, "attendance_by_grade", "unattended", grade="priority") == (1, 60.0, 0)
    assert open_now(board, "attendance_by_grade", "not_told", grade="priority") == (1, 30.0, 0)


def test_the_terminal_says_what_else_is_open() -> None:
    board = fed(given_up("a", 10), *INCIDENTS, waits("late", "11:30")).board("tiny", NOON)
    text = " ".join(as_text(board, 200).split())
    assert "0 waiting now 1 not rung back, the oldest for 49 min" in text
    assert (
        "1 not yet attended now, the oldest for 10 min 0 s 3 priority not yet attended, the "
        "oldest for 1 h 0 min 1 not told of the delay, the oldest for 30 min 0 s"
    ) in text


def test_the_wallboard_has_it_on_the_tile_that_it_belongs_to() -> None:
    board = fed(given_up("a", 10), *INCIDENTS).board("tiny", NOON)
    shown = first_screen(board)
    assert shown.waiting["999"].beside == [
        OpenShown("not rung back", 1, "2021-03-01T11:11:00+00:00")
    ]
    assert shown.unattended.beside == [
        OpenShown("priority not yet attended", 2, "2021-03-01T11:00:00+00:00")
    ]
