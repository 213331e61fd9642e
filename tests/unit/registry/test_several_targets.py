"""More targets than one: several of a line at once, of other grades, of a class of areas."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from streams.alerts.answer_windows import AnswerWindows
from streams.board.compare import Comparisons
from streams.board.model import Board, FurtherTarget
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import Force, Target, check_force
from streams.outputs.terminal.board import as_text, summary
from streams.registry.aggregates import Ratio
from tests.build import FAR_FUTURE, TINY_FORCE, call, incident, monitor, ms

AT = ms("2021-03-01T12:00:00Z")
IN_15, IN_20 = "since = 2000-01-01, seconds = 15", "since = 2000-01-01, seconds = 20"


def force(**parts: str) -> Force:
    """The small force with other targets of 999 and of attendance; its north is urban."""
    text = TINY_FORCE.replace('kind = "policing_area"', 'kind = "policing_area"\nclass = "urban"')
    text = text.replace('name = "South"', 'name = "South"\nclass = "rural"')
    first = "targets = [{ since = 2000-01-01, seconds = 10, share = 0.9 }]"
    text = text.replace(first, f"targets = [{parts.get('line', '{ ' + IN_15 + ' }')}]")
    attended = "{ since = 2000-01-01, seconds = 1200 }"
    text = text.replace(attended, f"{attended},{parts.get('attendance', '')}")
    found, problems = check_force(text, "tiny.toml")
    assert found is not None, problems
    return found


BOTH = force(line=f"{{ {IN_15}, share = 0.9 }}, {{ {IN_20}, share = 0.95 }}")
GRADES = force(
    attendance="""
  { since = 2000-01-01, seconds = 900, share = 0.8, area_class = "urban" },
  { since = 2000-01-01, seconds = 3600, share = 0.7, grade = "priority" },
"""
)


def fed(of: Force, *events: dict[str, Any]) -> Monitor:
    made = monitor(of)
    for event in events:
        assert not made.ingest(json.dumps(event).encode(), FAR_FUTURE)
    return made


def board(of: Force, *events: dict[str, Any]) -> Board:
    return fed(of, *events).board("tiny", AT)


def answered(name: str, seconds: int, **fields: Any) -> dict[str, Any]:
    return call(name, answered_at=f"2021-03-01T10:00:{seconds:02d}Z", **fields)


def attended(name: str, minutes: int, **fields: Any) -> dict[str, Any]:
    at = dt.datetime(2021, 3, 1, 10, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
    return incident(name, arrived_at=at.isoformat(), **fields)


def further(shown: Board, group: str, measure: str, **place: str) -> Ratio:
    row = shown.windows["today"].row(group, **place)
    assert row is not None
    return row.ratio_of(measure)


CALLS = [answered("a", 15), answered("b", 16), answered("c", 20), answered("d", 21)]


def test_a_call_counts_by_each_target_of_its_line_that_holds_at_once() -> None:
    shown = board(BOTH, *CALLS)
    assert further(shown, "calls", "service_level", line="999", area="force").numerator == 1
    second = further(shown, "further_levels", "second_target", line="999", area="force")
    assert (second.numerator, second.denominator) == (3, 4)


@pytest.mark.parametrize(
    ("formula", "parts"),
    [
        ("answered_and_abandoned_within_of_offered", (2, 4)),
        ("answered_of_answered", (1, 2)),
        ("answered_of_offered", (1, 4)),
        ("answered_of_offered_less_abandoned_within", (1, 3)),
        ("answered_and_abandoned_at_once_of_offered", (2, 4)),
    ],
)
def test_each_formula_of_the_service_level_is_read_by_the_second_target_too(
    formula: str, parts: tuple[int, int]
) -> None:
    text = f"{{ {IN_15} }}, {{ {IN_20}, share = 0.95 }}"
    text = TINY_FORCE.replace("{ since = 2000-01-01, seconds = 10, share = 0.9 }", text)
    found, _ = check_force(text.replace('"answered_of_offered"', f'"{formula}"'), "tiny.toml")
    assert found is not None
    given_up = [
        call("x", abandoned_at="2021-03-01T10:00:04Z"),
        call("y", abandoned_at="2021-03-01T10:00:25Z"),
    ]
    shown = board(found, answered("c", 20), answered("d", 21), *given_up)
    second = further(shown, "further_levels", "second_target", line="999", area="force")
    assert (second.numerator, second.denominator) == parts


def test_a_line_with_one_target_has_no_figure_of_a_second() -> None:
    shown = board(BOTH, answered("a", 5, line="101"))
    second = further(shown, "further_levels", "second_target", line="101", area="force")
    assert second == Ratio(None, 0, 0)


def test_targets_are_by_date_and_calls_before_the_first_are_judged_by_it() -> None:
    line = """
  { since = 2015-01-01, seconds = 10, share = 0.9 },
  { since = 2020-01-01, seconds = 15, share = 0.9 },
  { since = 2020-01-01, seconds = 20, share = 0.95 },
  { since = 2022-01-01, seconds = 15, share = 0.9 },
"""
    (found,) = [each for each in force(line=line).lines if each.id == "999"]
    dates = [dt.date(year, 1, 1) for year in (2015, 2020, 2022)]
    assert found.by_date() == tuple(
        Target(since=since, seconds=seconds, share=0.9)
        for since, seconds in zip(dates, (10, 15, 15), strict=True)
    )
    # Before and after the years of the second there is its limit, and no share to be reached.
    assert found.by_date(1) == (
        Target(since=dates[0], seconds=20),
        Target(since=dates[1], seconds=20, share=0.95),
        Target(since=dates[2], seconds=20),
    )
    assert found.by_date(2) == ()


ATTENDED = [
    attended("a", 14, area="north"),
    attended("b", 16, area="north"),
    attended("c", 19, area="south"),
    attended("d", 50, area="south", grade="priority"),
    attended("e", 70, area="north", grade="priority"),
    attended("f", 30, area="south", grade="scheduled"),
]


def test_each_area_is_held_to_the_limit_of_its_class() -> None:
    shown = board(GRADES, *ATTENDED)
    for area, parts in {"force": (2, 3), "urban": (1, 2), "rural": (1, 1)}.items():
        within = further(shown, "attendance", "within", area=area)
        assert (within.numerator, within.denominator) == parts


def test_each_grade_is_held_to_its_own_limit_and_one_without_has_no_share() -> None:
    shown, shares = board(GRADES, *ATTENDED), {}
    for grade in ("emergency", "priority", "scheduled", "all"):
        within = further(shown, "attendance_by_grade", "within", grade=grade, area="force")
        shares[grade] = within.numerator, within.denominator
    assert shares == {"emergency": (2, 3), "priority": (1, 2), "scheduled": (0, 0), "all": (3, 5)}


def test_a_class_of_areas_has_every_figure_that_an_area_has() -> None:
    shown = board(GRADES, *ATTENDED)
    counts = {
        area: shown.windows["today"].row("incidents", category="all", grade="all", area=area)
        for area in ("urban", "rural")
    }
    assert {name: row and row.count_of("count") for name, row in counts.items()} == {
        "urban": 3,
        "rural": 3,
    }
    assert shown.definitions.areas["urban"].kind == "area_class"


def test_a_district_has_the_class_of_the_area_that_it_lies_in() -> None:
    assert [GRADES.class_of(area) for area in ("north", "north-area", "south", "force")] == [
        "urban",
        "urban",
        "rural",
        None,
    ]


def test_the_board_names_every_target_besides_the_first() -> None:
    assert board(BOTH).definitions.further == [
        FurtherTarget("further_levels", "second_target", {"line": "999"}, 20, 0.95)
    ]
    assert board(GRADES).definitions.further == [
        FurtherTarget("attendance", "within", {"area": "urban"}, 900, 0.8),
        FurtherTarget("attendance_by_grade", "within", {"grade": "priority"}, 3600, 0.7),
    ]


@pytest.mark.parametrize(
    ("of", "indicator", "area", "seconds", "least"),
    [
        (BOTH, "calls.service_level{line=999}", "force", 15, 0.9),
        (BOTH, "further_levels.second_target{line=999}", "force", 20, 0.95),
        (GRADES, "attendance.within", "force", 1200, None),
        (GRADES, "attendance.within", "north", 900, 0.8),
        (GRADES, "attendance.within", "urban", 900, 0.8),
        (GRADES, "attendance_by_grade.within{grade=priority}", "south", 3600, 0.7),
    ],
)
def test_a_question_is_answered_with_the_target_of_line_grade_and_class(
    of: Force, indicator: str, area: str, seconds: int, least: float | None
) -> None:
    query = Query(fed(of, *CALLS, *ATTENDED), "tiny", AT)
    found = Comparisons(query, indicator, "2021-03-01", area).target
    assert found is not None
    assert (found.target.seconds, found.target.lower) == (seconds, least)


@pytest.mark.parametrize(
    "indicator",
    ["attendance_by_grade.within", "attendance_by_grade.within{grade=scheduled}"],
)
def test_several_grades_together_and_one_without_a_limit_have_no_target(indicator: str) -> None:
    query = Query(fed(GRADES, *ATTENDED), "tiny", AT)
    assert Comparisons(query, indicator, "2021-03-01", "force").target is None


def test_the_terminal_shows_each_with_its_limit_and_whether_it_is_met() -> None:
    calls = [answered(f"c{n}", 20 if n else 25) for n in range(40)]
    lines = [each.split() for each in as_text(board(BOTH, *calls), 120).splitlines()]
    at = next(n for n, line in enumerate(lines) if line[:2] == ["Further", "targets"])
    assert lines[at + 1][:3] == ["999,", "20", "s"]
    assert lines[at + 1][-4:] == ["97.5", "%", "of", "40"]
    assert lines[at + 2][-4:] == ["✓", "met", "95", "%"]


def test_a_column_names_the_limit_of_the_force_s_file() -> None:
    ten_minutes = TINY_FORCE.replace("seconds = 1200", "seconds = 600")
    of, problems = check_force(ten_minutes, "tiny.toml")
    assert of is not None, problems
    text = as_text(board(of, attended("a", 5)), 160)
    assert "In 10 min" in text
    assert "In time" not in text
    assert board(of).definitions.attendance.limits == "10 min"


def test_where_classes_of_areas_have_limits_of_their_own_a_column_says_in_time_and_which() -> None:
    shown = board(GRADES, attended("a", 5, area="north"))
    text = as_text(shown, 160)
    assert "In 20 min" not in text
    assert " In time today " in text
    assert "\nIn time: 20 min, urban 15 min.\n" in text
    assert shown.definitions.attendance.limits == "20 min, urban 15 min"
    assert summary(shown).endswith(
        "emergencies: 0 not yet attended, 100.0 % of 1, few in time today"
    )


def test_where_the_limit_was_another_in_a_period_shown_the_note_says_so() -> None:
    changed = TINY_FORCE.replace(
        "seconds = 1200 }", "seconds = 1200 }, { since = 2021-02-01, seconds = 900 }"
    )
    of, problems = check_force(changed, "tiny.toml")
    assert of is not None, problems
    made = fed(of, attended("a", 5))
    text = as_text(made.board("tiny", AT, ["2021-01", "2021-Q1"]), 160)
    assert "\nIn time: 15 min; 2021-01: 20 min; 2021-Q1: 20 min then 15 min.\n" in text
    assert "In 15 min today" in text


def test_the_weeks_of_a_line_are_read_by_each_of_its_targets() -> None:
    ledger = fed(BOTH, *CALLS).ledger("call", "tiny")
    assert ledger is not None
    windows = AnswerWindows(BOTH, ledger, 15)
    day = ms("2021-03-01T00:00:00Z"), ms("2021-03-02T00:00:00Z")
    assert windows.between(*day) == {"999": (1, 4)}
    assert windows.between(*day, "second") == {"999": (3, 4)}
