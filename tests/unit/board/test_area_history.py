"""Areas that open, close, change their name or their boundary on a day."""

from __future__ import annotations

import json

import pytest

from streams.board.answers import AnswerRows, FigureQuestion
from streams.board.compare import Comparisons
from streams.board.control import chart
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import Force, check_force
from streams.outputs.terminal.breakdowns import areas
from streams.outputs.wallboard.screen import first_screen
from streams.registry.registry import REGISTRY
from tests.build import FAR_FUTURE, TINY_FORCE, crime, ms

HISTORY = """
boundary_changes = [2021-05-01]
former_names = [{ name = "Southam", until = 2021-02-28 }]

[[areas]]
id = "old-town"
name = "Old Town"
kind = "district"
until = 2021-03-31
replaced_by = "new-town"

[[areas]]
id = "new-town"
name = "New Town"
kind = "district"
from = 2021-04-01

[[areas]]
id = "harbour"
name = "Harbour"
kind = "district"
until = 2021-03-31
"""
"""Goes on where the force of the tests ends, with its area "south"."""
AT = ms("2022-01-01T00:00:00Z")


def force() -> Force:
    found, problems = check_force(TINY_FORCE + HISTORY, "tiny.toml")
    assert found is not None, problems
    return found


def fed(*crimes: tuple[str, str]) -> Monitor:
    """A crime on each day in an area, from the first of January to the end of the year."""
    watched = Monitor([force()])
    days = [("2021-01-01", "north"), *crimes, ("2021-12-31", "north")]
    for number, (day, area) in enumerate(sorted(days)):
        refused = watched.ingest(_line(number, day, area), FAR_FUTURE)
        assert refused == []
    return watched


def _line(number: int, day: str, area: str) -> bytes:
    return json.dumps(crime(f"k{number}", f"{day}T10:00:00Z", area=area)).encode()


def count(watched: Monitor, area: str, period: str) -> float | None:
    return Query(watched, "tiny", AT).figure("crimes.count", period, area).value


def unknown(watched: Monitor) -> dict[str, int]:
    return watched.unknown()["crime"].values.get("area", {}) if watched.unknown() else {}


def test_a_record_counts_in_the_area_of_its_own_time() -> None:
    watched = fed(
        ("2021-03-31", "Old Town"), ("2021-04-01", "Old Town"), ("2021-04-02", "New Town")
    )
    assert count(watched, "old-town", "2021-03") == 1
    assert count(watched, "new-town", "2021-04") == 2
    assert unknown(watched) == {}


def test_an_area_that_had_closed_without_a_successor_is_unknown_with_its_reason() -> None:
    watched = fed(("2021-03-31", "harbour"), ("2021-04-01", "harbour"), ("2021-04-02", "harbour"))
    assert count(watched, "harbour", "2021-03") == 1
    assert count(watched, "force", "2021-04") == 2
    assert unknown(watched) == {"harbour (harbour ended on 2021-03-31)": 2}


def test_an_area_that_has_not_opened_is_unknown_with_its_reason() -> None:
    watched = fed(("2021-03-31", "new-town"), ("2021-04-01", "new-town"))
    assert count(watched, "new-town", "2021-04") == 1
    assert count(watched, "force", "2021-03") == 1
    assert unknown(watched) == {"new-town (new-town began on 2021-04-01)": 1}


def test_of_a_time_in_which_an_area_was_not_there_it_has_no_figure() -> None:
    query = Query(fed(("2021-03-31", "Old Town"), ("2021-04-01", "New Town")), "tiny", AT)
    assert query.figure("crimes.count", "2021-03", "new-town").reason == "the area was not there"
    figures = [
        query.figure("crimes.count", period, area).value
        for area in ("old-town", "new-town")
        for period in ("2021-03", "2021-04", "2021-Q1", "2021-Q2")
    ]
    assert figures == [1, None, 1, None, None, 1, None, 1]
    assert count(query.monitor, "force", "2021-03") == 1


def test_its_share_is_of_the_force_while_the_area_was_there() -> None:
    old = [("2021-03-10", "Old Town")] * 3
    query = Query(fed(*old, *[("2021-05-10", "north")] * 96), "tiny", AT)
    of_force = Comparisons(query, "crimes.count", "2021", "old-town").of_force
    assert of_force is not None
    assert (of_force.value, of_force.numerator, of_force.denominator) == (0.75, 3, 4)
    north = Comparisons(query, "crimes.count", "2021", "north").of_force
    assert north is not None
    assert (north.numerator, north.denominator) == (98, 101)


def test_a_share_is_of_the_parent_in_the_same_period_and_area() -> None:
    days = [("2021-03-10", "Old Town")] * 3 + [("2021-04-10", "New Town")] * 5
    query = Query(fed(*days), "tiny", AT)
    months = [
        Comparisons(query, "vehicle_offences", period, "new-town")
        for period in ("2021-04", "2021-03")
    ]
    now, before = (each.share for each in months)
    assert now is not None
    assert now.denominator == 5
    assert before is not None
    assert (before.value, before.reason) == (None, "the area was not there")
    change = months[0].share_change
    assert change is not None
    assert (change.base, change.change) == (None, None)


def test_a_renamed_area_goes_on_under_one_id_with_the_name_of_the_period() -> None:
    watched = fed(("2021-02-10", "Southam"), ("2021-03-10", "South"), ("2021-03-11", "Southam"))
    assert [count(watched, "south", f"2021-0{month}") for month in (2, 3)] == [1, 2]
    query = Query(watched, "tiny", AT)
    rows = AnswerRows(query, FigureQuestion(["crimes.count"], ["2021-02", "2021-03"], ["south"]))
    assert [(row.area, row.called) for row in rows] == [("south", "Southam"), ("south", None)]


def test_across_a_changed_boundary_no_change_is_shown_but_words() -> None:
    days = [("2021-03-10", "south"), *[("2021-05-10", "south")] * 40]
    query = Query(fed(*days), "tiny", AT)
    found = Comparisons(query, "crimes.count", "2021-05", "south")
    assert (found.previous.value, found.previous.base) == (40, 0)
    assert (found.previous.change, found.previous.percent) == (None, None)
    assert found.previous.reason == "not comparable with before 1 May 2021"
    assert found.standing.by == "not comparable with before 1 May 2021"
    later = Comparisons(query, "crimes.count", "2021-06", "south").previous
    assert later.change == -40
    north = Comparisons(query, "crimes.count", "2021-05", "north").previous
    assert north.change == 0
    whole = Comparisons(query, "crimes.count", "2021-05").previous
    assert whole.change == 40


def test_a_chart_begins_anew_where_a_boundary_changes() -> None:
    months = [(2020 + month // 12, month % 12 + 1) for month in range(32)]
    days = [
        (f"{year}-{month:02}-10", "south")
        for year, month in months
        for _ in range(10 if (year, month) < (2021, 5) else 30)
    ]
    watched = fed(*days)
    query = Query(watched, "tiny", ms("2022-08-20T00:00:00Z"))
    south, whole = (
        chart(query, "crimes.count", "month", "2020-01..2022-07", area)
        for area in ("south", "force")
    )
    centres = {
        made.area: [point.centre for point in made.points if point.label in {"2021-04", "2021-08"}]
        for made in (south, whole)
    }
    assert centres == {"south": [10, None], "force": [pytest.approx(10, abs=0.2)] * 2}


PROBLEMS = [
    ("from = 2021-04-01\nuntil = 2021-03-31", "ends before it begins", "until"),
    ("until = 2021-03-31\nreplaced_by = 'nowhere'", 'which is no area here', "replaced_by"),
    ("replaced_by = 'north'", "replaced, but not said when", "replaced_by"),
    ("until = 2021-03-31\nreplaced_by = 'gap'", '"gap" begins on 2021-06-01', "replaced_by"),
    ("until = 2021-03-31\nreplaced_by = 'south'", "is replaced by itself", "replaced_by"),
    ("from = 2021-04-01\nboundary_changes = [2020-04-01]", "when it was not there", "boundary_changes"),  # noqa: E501
    ("from = 1021-04-01", "has the date 1021-04-01", "from"),
    ("former_names = [{ name = 'North', until = 2021-03-31 }]", "stands for two areas", "former_names"),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("lines", "problem", "field"), PROBLEMS)
def test_dates_that_contradict_themselves_are_named_with_their_line_and_cure(
    lines: str, problem: str, field: str
) -> None:
    gap = '\n[[areas]]\nid = "gap"\nname = "Gap"\nkind = "district"\nfrom = 2021-06-01\n'
    _, problems = check_force(f"{TINY_FORCE}{lines}\n{gap}", "tiny.toml")
    [found] = [each for each in problems if each.field == f"areas[2].{field}"]
    assert problem in str(found)
    assert found.line is not None
    assert found.cure


@pytest.mark.parametrize(
    ("at", "town", "listed"),
    [
        ("2021-03-31T23:59:59+01:00", "old-town", ["South", "Old Town", "Harbour"]),
        ("2021-04-01T00:00:00+01:00", "new-town", ["South", "New Town"]),
    ],
)
def test_the_live_board_lists_the_areas_that_are_there_now(
    at: str, town: str, listed: list[str]
) -> None:
    text = (TINY_FORCE + HISTORY).replace('kind = "policing_area"', 'kind = "district"')
    found, problems = check_force(text, "tiny.toml")
    assert found is not None, problems
    board = Monitor([found]).board("tiny", ms(at))
    table = areas(board, REGISTRY)
    assert table is not None
    assert [str(line[0]) for line in table.rows] == ["North", *listed]
    assert [each.name for each in first_screen(board).areas] == [
        "North policing area",
        "North",
        *listed,
    ]


def test_a_closed_area_is_still_seen_by_who_asks_for_it() -> None:
    board = fed(("2021-03-31", "Old Town")).board("tiny", AT, periods=["2021-03"])
    row = board.periods["2021-03"].row("crimes", offence="all", area="old-town")
    assert row is not None
    assert row.count_of("count") == 1
    assert board.definitions.areas["old-town"].there is False
    shown = first_screen(board, "old-town").area
    assert shown is not None
    assert shown.name == "Old Town"
