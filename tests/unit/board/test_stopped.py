"""A field that a feed stops carrying: what rests on it is not known from then on, and never 0."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from streams.board.answers import Page
from streams.board.compare import Change, Comparisons
from streams.board.control import chart
from streams.board.flags import MonthlyFlags
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.board.stopped import silences
from streams.config.force import check_force
from streams.registry.charting import ChartPolicy
from tests.build import TINY_FORCE, as_json, crime, feed, incident, monitor, ms, row

FIRST, LAST = date(2021, 1, 1), date(2022, 3, 31)
STOP, AGAIN = date(2021, 9, 10), date(2021, 11, 20)
AT = ms("2022-04-01T12:00:00Z")
ABUSE = {"markers": ["domestic_abuse"]}
CHARGED = {"outcome": 1}


def days(first: date = FIRST, last: date = LAST) -> list[date]:
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def crimes(day: date, carried: dict[str, Any]) -> list[dict[str, Any]]:
    """Two crimes of a day, of which the first carries something."""
    return [
        crime(f"{day}/{n}", f"{day}T1{n}:00:00Z", **(carried if n == 0 else {})) for n in range(2)
    ]


def watched(changes: str = "") -> Monitor:
    force, problems = check_force(TINY_FORCE + changes, "tiny.toml")
    assert force is not None, problems
    found = monitor(force)
    found.play_history(True)
    return found


@cache
def stopped(until: date | None = None) -> Monitor:
    """A feed whose markers stop on a day, and come again on another or never."""
    found = watched()
    for day in days():
        feed(found, *crimes(day, {} if day >= STOP and (not until or day < until) else ABUSE))
    return found


def asked(of: Monitor, at: int = AT) -> Query:
    return Query(of, "tiny", at)


WHY = "the feed of crimes has not carried markers since 10 September 2021"


def test_what_rests_on_a_field_that_stopped_is_not_known_from_then_on() -> None:
    query = asked(stopped())
    months = ("2021-08", "2021-09", "2021-10", "2022-03")
    found = [query.figure("markers.domestic_abuse", month) for month in months]
    assert [each.value for each in found] == [31, 9, None, None]
    assert [each.complete for each in found] == [True, False, False, False]
    assert found[2].reason == f"{WHY}"
    assert query.figure("crime_with_a_marker", "2021-10").reason == WHY
    assert query.figure("total_recorded_crime", "2021-10").value == 62


def test_the_days_until_it_stopped_are_known() -> None:
    query = asked(stopped())
    found = [query.figure("markers.domestic_abuse", f"2021-09-{n:02d}") for n in (8, 9, 10, 11)]
    assert [each.value for each in found] == [1, 1, None, None]


def test_when_it_comes_again_what_lay_between_stays_not_known() -> None:
    query = asked(stopped(AGAIN))
    months = ("2021-09", "2021-10", "2021-11", "2021-12")
    found = [query.figure("markers.domestic_abuse", month) for month in months]
    assert [each.value for each in found] == [9, None, 11, 31]
    assert [each.complete for each in found] == [False, False, False, True]


def test_the_board_says_since_when_and_has_no_zero() -> None:
    board = stopped().board("tiny", AT, ["2021-08", "2022-03"])
    assert as_json(board)["feeds"]["crime"]["stopped"] == {"markers": "2021-09-10T00:00:00+01:00"}
    assert row(as_json(board), "2021-08", "markers")["domestic_abuse"] == 31
    shown = row(as_json(board), "2022-03", "markers")
    assert (shown["recorded"], shown["domestic_abuse"]) == (62, None)
    assert "stopped" not in as_json(stopped(AGAIN).board("tiny", AT))["feeds"]["crime"]


def test_a_chart_passes_over_the_months_and_no_run_goes_across() -> None:
    found = chart(asked(stopped(AGAIN)), "markers.domestic_abuse", "month")
    points = {each.label: each for each in found.points}
    assert [points[f"2021-{n:02d}"].value for n in (8, 10, 12)] == [31, None, 31]
    assert not any(each.flag for each in found.points)
    assert points["2021-10"].reason == WHY


def test_no_run_goes_across_the_months_that_are_not_known() -> None:
    policy = ChartPolicy(points=6)
    found = chart(asked(stopped(AGAIN)), "markers.domestic_abuse", "month", policy=policy)
    assert found.points[11].centre is not None
    assert [abs(each.run) for each in found.points][8:11] == [0, 0, 0]


def test_no_flag_is_raised_of_what_is_not_known() -> None:
    found = MonthlyFlags(asked(stopped()), "2022-03").page(Page(0, 100))
    assert any(reason.startswith(WHY) for reason in found.not_known)
    assert not any("marker" in each.indicator for each in found.rows)


def test_a_comparison_with_what_is_not_known_gives_the_reason() -> None:
    found = Comparisons(asked(stopped(AGAIN)), "markers.domestic_abuse", "2022-01")
    assert (found.previous.change, found.previous.reason) == (0, "")
    assert Comparisons(found.query, "markers.domestic_abuse", "2021-10").previous == Change(
        "2021-10", None, "2021-09", None, None, None, reason=WHY
    )


def test_a_few_records_without_it_are_no_stop() -> None:
    found = watched()
    for day in days(last=date(2021, 9, 14)):
        feed(found, *crimes(day, {} if day >= STOP else ABUSE))
    query = asked(found, ms("2021-09-15T12:00:00Z"))
    assert query.figure("markers.domestic_abuse", "2021-09-12").value == 0


def test_the_order_of_records_makes_no_difference() -> None:
    found = watched()
    records = [each for day in days() for each in crimes(day, {} if day >= STOP else ABUSE)]
    feed(found, records[-1], *records[:-1])
    assert (
        as_json(found.board("tiny", AT, ["2022-03"]))["periods"]
        == (as_json(stopped().board("tiny", AT, ["2022-03"]))["periods"])
    )


def test_a_record_that_comes_late_with_the_field_ends_the_silence() -> None:
    found = watched()
    for day in days():
        feed(found, *crimes(day, {} if day >= STOP else ABUSE))
    assert asked(found).figure("markers.domestic_abuse", "2021-10").value is None
    late = {**crime("late", "2022-03-20T12:00:00Z", **ABUSE), "updated_at": "2022-03-31T13:00:00Z"}
    feed(found, late)
    found_now = [asked(found).figure("markers.domestic_abuse", f"2022-{n}") for n in ("02", "03")]
    assert [(each.value, each.complete) for each in found_now] == [(None, False), (1, False)]


DECLARED = """
[[changes]]
date = 2021-09-10
kind = "system"
what = "A new crime system"
not_carried = ["crimes.markers"]

[[changes]]
date = 2021-11-20
kind = "system"
what = "Markers came back"
carried = ["markers"]
"""


def test_a_forces_file_says_from_when_to_when_a_field_is_not_carried() -> None:
    found = watched(DECLARED)
    for day in days():
        feed(found, crime(f"{day}", f"{day}T12:00:00Z", **(ABUSE if day.day == 1 else {})))
    query = asked(found)
    months = ("2021-09", "2021-10", "2021-11", "2021-12")
    values = [query.figure("markers.domestic_abuse", month) for month in months]
    assert [each.value for each in values] == [1, None, 1, 1]
    assert [each.complete for each in values] == [False, False, False, True]
    assert values[1].reason == WHY


def test_arrivals_that_stop_leave_nobody_never_attended() -> None:
    found = watched()
    for day in days():
        for n in range(2):
            at = f"{day}T1{n}:00:00Z"
            more = {"arrived_at": f"{day}T1{n}:10:00Z"} if day < STOP else {}
            feed(found, incident(f"{day}/{n}", at, closed_at=f"{day}T1{n}:50:00Z", **more))
    query = asked(found)
    values = [query.figure("attendance.never_attended", f"2021-{n}").value for n in ("08", "10")]
    assert values == [0, None]
    reason = query.figure("attendance.never_attended", "2021-10").reason
    assert reason == "the feed of incidents has not carried arrived_at since 10 September 2021"


def test_outcomes_without_a_date_are_asked_of_records_that_have_had_their_time() -> None:
    found = watched()
    for day in days():
        feed(found, *crimes(day, {} if day >= date(2022, 1, 1) else CHARGED))
    query = asked(found)
    assert query.figure("results.with_outcome", "2022-03").value == 0
    later = asked(stopped_outcomes())
    assert later.figure("results.with_outcome", "2021-10").value is None


@cache
def stopped_outcomes() -> Monitor:
    found = watched()
    for day in days():
        feed(found, *crimes(day, {} if day >= STOP else CHARGED))
    return found


def run(*had: int, records: int = 100) -> list[tuple[int, int]]:
    """By months."""
    of = np.full(len(had), records, np.int64)
    return silences(of, np.array(had, np.int64), range(len(had)))


def test_a_silence_is_a_stop_where_it_is_no_chance() -> None:
    assert run(20, 20, 20, 20, 0, 0) == [(3, 6)]
    assert run(20, 20, 20, 20, 0, 0, 20, 20) == [(3, 6)]


@pytest.mark.parametrize("had", [(0, 0, 0), (20, 0, 0, 0), (20, 20, 20, 1, 1, 1)])
def test_never_too_short_a_past_and_a_fall_are_no_stop(had: tuple[int, ...]) -> None:
    assert run(*had) == []


def test_what_a_month_was_without_is_never_taken_to_have_stopped() -> None:
    assert run(60, 0, 60, 60, 0, 0, 0, 0, 0, 0) == []


def test_its_least_usual_month_says_how_many_records_it_takes() -> None:
    # 0.98 ** 683 > 1e-6 > 0.98 ** 684
    assert silences(np.array([100] * 4 + [683]), np.array([90, 2, 90, 90, 0]), range(5)) == []
    assert silences(np.array([100] * 4 + [684]), np.array([90, 2, 90, 90, 0]), range(5)) == [(3, 5)]
