"""Targets of any indicator by date and area, and whether they are met."""

from __future__ import annotations

from typing import Any

import pytest

from streams.board.compare import Comparisons
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.board.targets import Goal, goal
from streams.config.force import Force, check_force, find_force
from streams.config.measures import Band
from streams.errors import ConfigError
from streams.outputs.figures_shown import compared
from streams.registry.targets import measure_problems
from tests.build import TINY_FORCE, crime, feed, monitor, ms

AT = ms("2021-07-01T12:00:00Z")
CHANGE = """
[[targets]]
indicator = "total_recorded_crime"
since = 2021-04-01
of = "change"
at_most = -0.25
"""
DATED = """
[[targets]]
indicator = "visits"
since = 2020-01-01
at_least = 10

[[targets]]
indicator = "visits"
since = 2021-01-01
at_least = 20
at_most = 30

[[targets]]
indicator = "visits"
since = 2021-01-01
at_least = 5
areas = ["north"]

[[targets]]
indicator = "visits"
since = 2021-01-01
until = 2021-05-31
at_least = 6
area_kind = "district"
bands = [{ name = "good", lower = 8 }, { name = "poor", upper = 7 }]

[[readings]]
name = "visits"
title = "Visits"
"""


def tiny(more: str) -> Force:
    force, problems = check_force(TINY_FORCE + more, "tiny.toml")
    assert force is not None, problems
    return force


def visits(value: float, **place: Any) -> dict[str, Any]:
    named = {"measure": "visits", "period": "2021-05", "updated_at": "2021-06-01T00:00:00Z"}
    return {"kind": "reading", "force": "tiny", "id": "v", **named, "value": value, **place}


def judged(value: float, area: str) -> Comparisons:
    watched = monitor(tiny(DATED))
    feed(watched, visits(value, area=area) if area != "force" else visits(value))
    return Comparisons(Query(watched, "tiny", AT), "visits", "2021-05", area)


def test_a_period_is_judged_by_the_target_of_its_own_time() -> None:
    query = Query(monitor(tiny(DATED)), "tiny", AT)
    assert goal(query, "visits", "2019-12") is None
    assert goal(query, "visits", "2020-12") == Goal("2020-01-01", 10)
    assert goal(query, "visits", "2021-Q1") == Goal("2021-01-01", 20, 30)


def test_an_area_has_its_own_target_before_that_of_its_kind() -> None:
    query = Query(monitor(tiny(DATED)), "tiny", AT)
    bands = [Band(name="good", lower=8), Band(name="poor", upper=7)]
    assert goal(query, "visits", "2021-05", "north") == Goal("2021-01-01", 5)
    assert goal(query, "visits", "2021-05", "south") == Goal("2021-01-01", 6, bands=bands)
    assert goal(query, "visits", "2021-06", "south") == Goal("2021-01-01", 20, 30)


@pytest.mark.parametrize(
    ("value", "met", "words"),
    [
        (19, False, "missed (at least 20, at most 30)"),
        (20, True, "met (at least 20, at most 30)"),
        (31, False, "missed (at least 20, at most 30)"),
    ],
)
def test_a_value_meets_its_bounds_or_misses_them(value: float, met: bool, words: str) -> None:
    found = judged(value, "force").target
    assert found is not None
    assert (found.value, found.met) == (value, met)
    assert compared(found, "count") == words


def test_a_value_is_in_the_band_of_the_highest_bound_that_it_reaches() -> None:
    for value, band in ((12, "good"), (8, "good"), (7.4, "poor"), (1, "poor")):
        found = judged(value, "south").target
        assert found is not None
        assert found.band == band


@pytest.mark.parametrize(
    ("value", "band"),
    [(0.36, None), (0.354, "high"), (0.31, "high"), (0.305, "high"), (0.304, "usual"), (0.1, None)],
)
def test_a_value_as_it_is_printed_is_within_both_ends_of_its_band(
    value: float, band: str | None
) -> None:
    bands = [Band(name="high", lower=0.31, upper=0.35), Band(name="usual", lower=0.2, upper=0.3)]
    assert Goal("2020-01-01", bands=bands).band(value) == band


@pytest.mark.parametrize(("now", "met", "words"), [
    (15, True, "met (at most -25 %: -25 %)"),
    (16, False, "missed (at most -25 %: -20 %)"),
])  # fmt: skip
def test_a_change_on_last_year_is_judged_at_year_to_date(now: int, met: bool, words: str) -> None:
    months = {"2020-04": 12, "2020-06": 8, "2021-04": 5, "2021-06": now - 5}
    records = [crime("first", "2019-04-01T12:00:00Z"), crime("late", "2021-07-01T09:00:00Z")]
    for month, number in months.items():
        records += [crime(f"{month} {n}", f"{month}-10T12:00:00Z") for n in range(number)]
    watched = monitor(tiny(CHANGE))
    watched.play_history(True)
    feed(watched, *records)
    found = Comparisons(Query(watched, "tiny", AT), "total_recorded_crime", "2021-06").target
    assert found is not None
    assert found.met is met
    assert compared(found, "count") == words


def test_answers_and_attendance_have_the_targets_of_their_lines() -> None:
    query = Query(monitor(tiny("")), "tiny", AT)
    assert goal(query, "answered_101_within_30s", "2017-08") == Goal("2000-01-01", 0.9, seconds=30)
    assert goal(query, "answered_101_within_30s", "2017-10") == Goal("2017-10-01", 0.8, seconds=30)
    assert goal(query, "attended_within_20min", "2021-05") == Goal("2000-01-01", seconds=1200)
    assert goal(query, "calls_999", "2021-05") is None


def test_a_target_of_no_indicator_says_where_and_what_to_do() -> None:
    text = TINY_FORCE + CHANGE.replace("total_recorded", "total_record")
    force, _ = check_force(text, "tiny.toml")
    assert force is not None
    (problem,) = measure_problems(force, text)
    assert problem.field == "targets[0].indicator"
    assert problem.line == text.splitlines().index('indicator = "total_record_crime"') + 1
    assert (problem.cure or "").startswith('Did you mean "total_recorded_crime"')
    with pytest.raises(ConfigError, match="is no indicator"):
        Monitor([force])


def test_contradicting_targets_are_found_with_their_lines() -> None:
    wrong = DATED.replace("at_most = 30", "at_most = 3").replace('["north"]', '["nowhere"]')
    _, problems = check_force(TINY_FORCE + wrong, "tiny.toml")
    lines = (TINY_FORCE + wrong).splitlines()
    assert [(each.field, each.line) for each in problems] == [
        ("targets[1].at_most", lines.index("at_most = 3") + 1),
        ("targets[2].areas", lines.index('areas = ["nowhere"]') + 1),
    ]


def test_rates_are_of_the_people_of_their_own_year() -> None:
    years = tiny("").file
    years.populations = {"2019": 2000, "2021": 4000}
    force = Force(years)
    assert [force.residents("population", 0, year) for year in (2018, 2020, 2021)] == [
        1000, 2000, 4000,
    ]  # fmt: skip
    assert Query(monitor(force), "tiny", AT).base("population") == 4000


def test_the_shipped_forces_have_the_published_targets() -> None:
    query = Query(Monitor([find_force("west-mercia")]), "west-mercia", AT)
    assert goal(query, "residential_burglary_dwelling", "2020-Q3") == Goal(
        "2020-04-01", None, -0.25, "change"
    )
    assert goal(query, "open_investigations", "2020-Q3") == Goal("2020-07-01", 8000, 10000)
    found = goal(query, "val_referral_rate", "2020-Q3")
    assert found is not None
    assert found.lower == 0.25
    assert [(band.lower, band.upper) for band in found.bands] == [
        (0.31, 0.35), (0.2, 0.3), (0.15, 0.19), (None, 0.15),
    ]  # fmt: skip
