"""What a change of recording affects: its names are checked where measures are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.board.monitor import Monitor
from streams.config.force import Force, check_force, find_force, shipped_forces
from streams.errors import ConfigError
from streams.registry.affected import (
    NOT_COUNTED,
    PUBLISHED,
    affects,
    known_names,
    unknown_fields,
    unknown_names,
)
from streams.registry.aggregates import Count
from streams.registry.crimes import CRIME, CRIMES
from streams.registry.measures import Measure
from streams.registry.registry import REGISTRY, Registry
from streams.surveillance.series import watch_list
from tests.build import TINY_FORCE, monitor, tiny_force

ANY_NAME = (
    "Name a group (calls, further_levels, contacts, handling, since_operator, attendance, "
    "attendance_by_grade, incidents, segments, deployment, missing_persons, road_casualties, "
    "crimed_incidents, crimes, markers, recency, results, outcomes), a measure, a category, "
    "an offence, a marker or a line"
)


def force_with(*names: str) -> tuple[Force, str]:
    said = ", ".join(f'"{name}"' for name in names)
    text = TINY_FORCE + (
        '\n[[changes]]\ndate = 2021-04-07\nkind = "system"\nwhat = "A new system"\n'
        f"affects = [{said}]\n"
    )
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    return force, text


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("vulnerable_adlut", 'Did you mean "vulnerable_adult"?'),
        ("call", 'Did you mean "calls" or "calls_999" or "calls_101"?'),
        ("servicelevel", 'Did you mean "service_level"?'),
        ("calls_991", 'Did you mean "calls_999" or "calls_101" or "calls"?'),
        ("zzz", ANY_NAME),
    ],
)
def test_a_name_that_stands_for_nothing_is_an_error_with_the_nearest(name: str, cure: str) -> None:
    force, text = force_with("crimes", name)
    (problem,) = unknown_names(force, text)
    line = text.splitlines().index(f'affects = ["crimes", "{name}"]') + 1
    assert (problem.problem, problem.file, problem.line, problem.field, problem.cure) == (
        f'"{name}" is nothing that a change can affect',
        "tiny.toml",
        line,
        "changes[0].affects",
        cure,
    )
    with pytest.raises(ConfigError, match=name):
        Monitor([force])


def test_all_that_is_measured_and_what_forces_publish_is_known() -> None:
    names = (
        "calls", "attendance", "incidents", "crimes", "service_level", "response_mean",
        "missing_person", "vehicle", "domestic_abuse", "cse", "999", "calls_101",
        "answered_999_within_10s", "abandoned_101", "mean_response_time", "ksi_casualties",
    )  # fmt: skip
    force, text = force_with(*names)
    assert not list(unknown_names(force, text))
    assert {"total_recorded_crime", "alcohol"} < known_names(force)


def test_every_published_name_stands_for_what_is_known() -> None:
    known = known_names(find_force("warwickshire"))
    assert {part for parts in PUBLISHED.values() for part in parts} <= known
    assert not NOT_COUNTED & PUBLISHED.keys()


@pytest.mark.parametrize("name", shipped_forces())
def test_the_shipped_files_name_what_is_known(name: str) -> None:
    assert not list(unknown_names(find_force(name)))


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("mean_response_time", {"day/attendance/response_mean/force"}),
        ("attended_within_20min", {"day/attendance/within/force"}),
        ("calls_101", {"day/calls/offered/101/force", "day/calls/service_level/101/force"}),
        ("answered_999_within_10s", {"day/calls/service_level/999/force"}),
        ("total_recorded_crime", {"day/crimes/count/all/force"}),
        ("cse", set[str]()),
    ],
)
def test_a_published_name_affects_the_series_that_it_stands_for(
    name: str, series: set[str]
) -> None:
    force, _ = force_with(name)
    (change,) = force.file.changes
    every = (
        w
        for kind in ("call", "incident", "crime")
        for w in watch_list(force, REGISTRY.kinds[kind], "day")
    )
    found = {w.name for w in every if w.area == "force" and affects(change, w.names)}
    assert series <= found
    assert found == series or name == "total_recorded_crime"


def test_the_command_system_of_july_2020_restarts_response_times_alone() -> None:
    force = find_force("west-mercia")
    in_july = [c for c in force.file.changes if c.date.isoformat() == "2020-07-01"]
    found: dict[str, set[str]] = {}
    for watched in (
        w for kind in ("call", "incident") for w in watch_list(force, REGISTRY.kinds[kind], "day")
    ):
        for change in in_july:
            if affects(change, watched.names):
                found.setdefault(watched.measure.name, set()).add(change.effect)
    assert found == {
        "offered": {"mark"}, "service_level": {"mark"}, "emergencies": {"mark"},
        "count": {"mark"}, "within": {"mark", "restart"}, "response_mean": {"mark", "restart"},
    }  # fmt: skip


@pytest.mark.parametrize("name", ["warwickshire", "west-mercia"])
def test_crime_is_charted_across_october_2017_and_markers_restart(name: str) -> None:
    changes = [c for c in find_force(name).file.changes if c.date.isoformat() == "2017-10-01"]
    assert [(c.effect, c.affects[0]) for c in changes] == [
        ("mark", "crimes"),
        ("restart", "domestic_abuse"),
    ]


def test_a_measure_of_another_registry_is_a_name_there() -> None:
    hate = Measure("hate_crimes", "Hate crimes", "count", "down_good", Count("count"))
    group = replace(CRIMES, measures=(*CRIMES.measures, hate))
    registry = Registry((replace(CRIME, groups=(group,)),))
    force = tiny_force()
    assert "hate_crimes" in known_names(force, registry)
    assert "hate_crimes" not in known_names(force)


def test_a_field_that_no_feed_may_carry_is_named_with_the_nearest() -> None:
    text = TINY_FORCE.replace('carries = ["arrived_at"]', 'carries = ["markers.csa"]')
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    (problem,) = unknown_fields(force, text)
    assert str(problem).startswith(
        'tiny.toml:7 [carries]: "markers.csa" is no field that a feed may carry or not. '
        'Did you mean "markers.cse"'
    )
    with pytest.raises(ConfigError, match="no field that a feed may carry"):
        monitor(force)


def test_a_change_names_fields_with_their_feed_or_without_it() -> None:
    change = '[[changes]]\ndate = 2021-01-01\nkind = "system"\nwhat = "New"\n'
    named = 'not_carried = ["crimes.markers.hate", "outcome"]\ncarried = ["incidents.crimed"]\n'
    force, problems = check_force(f"{TINY_FORCE}\n{change}{named}", "tiny.toml")
    assert force is not None, problems
    assert not list(unknown_fields(force))
