"""The lists of a force: what its events may name, what stands for it, and what is watched of it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from streams.config.force import Force, find_force
from streams.errors import QueryError
from streams.outputs.reference.force_lists import (
    ListEntry,
    Spelling,
    WatchedMeasure,
    entries,
    list_names,
)
from streams.outputs.reference.force_tables import entries_csv
from streams.sources.mapping.file import load_mapping
from tests.build import tiny_force

OWN_EXPORT = Path(__file__).parents[4] / "examples" / "own_export" / "mapping.toml"


@pytest.fixture(scope="module")
def force() -> Force:
    return find_force("warwickshire")


def entry(force: Force, code: str, *lists: str) -> ListEntry:
    (found,) = [each for each in entries(force, lists) if each.code == code]
    return found


def test_there_is_a_list_of_every_dimension_and_one_of_markers() -> None:
    assert list_names() == ("line", "area", "category", "grade", "offence", "marker")


def test_each_entry_stands_below_the_one_that_it_lies_within(force: Force) -> None:
    for name in list_names():
        seen: list[str] = []
        for each in entries(force, (name,)):
            assert each.within is None or each.within in seen, each.code
            seen.append(each.code)
        assert len(set(seen)) == len(seen) > 0


def test_every_category_offence_and_marker_of_the_force_is_listed(force: Force) -> None:
    listed = {
        name: {each.code for each in entries(force, (name,))}
        for name in ("category", "offence", "marker")
    }
    assert listed == {
        "category": set(force.categories.paths),
        "offence": set(force.offences.paths),
        "marker": set(force.markers.paths),
    }


def test_a_branch_is_a_tree_of_group_and_offences(force: Force) -> None:
    found = entries(force, ("offence",), "burglary")
    assert [(each.depth, each.code, each.words) for each in found] == [
        (0, "burglary", "Burglary"),
        (1, "burglary.business_community", "Burglary, business community"),
        (1, "burglary.residential", "Burglary, residential"),
        (2, "burglary.residential.dwelling", "Burglary, residential, dwelling"),
        (2, "burglary.residential.outbuilding", "Burglary, residential, outbuilding"),
    ]


def test_codes_of_the_home_office_and_published_crime_types_are_spellings(force: Force) -> None:
    assert entry(force, "robbery.business").spellings == [Spelling("34A", "Home Office")]
    assert entry(force, "vehicle").spellings == [Spelling("Vehicle crime", "data.police.uk")]
    assert entry(force, "asb").spellings == [Spelling("Anti-social behaviour", "data.police.uk")]


def test_aliases_and_former_names_of_an_area_are_its_spellings(force: Force) -> None:
    found = entry(force, "nuneaton-bedworth", "area")
    assert (found.within, found.words) == ("north-warwickshire-area", "Nuneaton & Bedworth")
    assert found.spellings == [Spelling("Nuneaton and Bedworth", "alias")]


def test_the_words_of_a_mapping_are_spellings(force: Force) -> None:
    found = entries(force, ("line",), mappings=[load_mapping(OWN_EXPORT)])
    assert {each.code: each.spellings for each in found} == {
        "999": [Spelling("EMERGENCY", "mapping")],
        "101": [Spelling("NON-EMERGENCY", "mapping")],
    }


def test_an_entry_is_found_by_its_code_its_name_or_a_spelling(force: Force) -> None:
    for asked in ("robbery.business", "Robbery, business", "34a"):
        assert [each.code for each in entries(force, within=asked)] == ["robbery.business"]


def test_what_is_no_entry_is_refused_with_the_nearest(force: Force) -> None:
    with pytest.raises(QueryError) as refused:
        entries(force, ("offence", "marker"), "burglry")
    assert str(refused.value) == (
        '"burglry" is in no offence or marker list of Warwickshire; did you mean burglary?'
    )


def test_a_line_is_watched_by_its_volume_its_answers_and_who_waits_now(force: Force) -> None:
    found = entry(force, "999")
    assert found.watched == [
        WatchedMeasure("calls.offered", ["hour", "day", "month"]),
        WatchedMeasure("calls.service_level", ["hour", "day"]),
        WatchedMeasure("calls.oldest_waiting", []),
    ]
    assert found.alerts == [
        "exceptional_volume",
        "level_change",
        "target_missed",
        "callers_waiting",
    ]


def test_a_line_without_a_share_to_reach_misses_no_target() -> None:
    file = deepcopy(tiny_force().file)  # which all tests share
    line = file.lines[0]
    line.targets = [line.targets[0].__class__(since=line.targets[0].since, seconds=10)]
    assert "target_missed" not in entry(Force(file), line.id).alerts


def test_emergencies_alone_among_the_grades_are_watched(force: Force) -> None:
    found = {each.code: each.alerts for each in entries(force, ("grade",))}
    assert found == {
        "emergency": ["exceptional_volume", "level_change", "unattended"],
        "priority": [],
        "scheduled": [],
        "no_attendance": [],
    }


def test_a_narrow_offence_is_watched_as_the_widest_one_that_holds_it(force: Force) -> None:
    found = entry(force, "burglary.residential.dwelling")
    assert (found.watched, found.watched_as) == ([], "burglary")
    assert found.alerts == ["exceptional_volume", "level_change"]
    assert entry(force, "burglary").watched == [WatchedMeasure("crimes.count", ["day", "month"])]


def test_hours_are_watched_of_the_widest_areas_alone(force: Force) -> None:
    periods = {
        each.code: next(w.periods for w in each.watched if w.measure == "incidents.count")
        for each in entries(force, ("area",))
    }
    assert periods["south-warwickshire-area"] == ["hour", "day", "month"]
    assert periods["stratford"] == ["day", "month"]


def test_csv_has_a_line_an_entry(force: Force) -> None:
    found = entries(force, ("category",), "road_collision")
    assert entries_csv(found) == (
        "list,code,within,words,watched,periods,watched_as,alerts,spellings\n"
        "category,road_collision,,Road collision,incidents.count,hour; day; month,,"
        "exceptional_volume; level_change,\n"
        'category,road_collision.damage,road_collision,"Road collision, damage",,,road_collision,'
        "exceptional_volume; level_change,\n"
        'category,road_collision.injury,road_collision,"Road collision, injury",,,road_collision,'
        "exceptional_volume; level_change,\n"
    )
