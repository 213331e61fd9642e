"""The forces in the package: names in use resolve, figures agree with those published."""

import csv
import datetime as dt
import gzip
import re
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from streams.config.force import find_force, shipped_force_text, shipped_forces
from streams.periods import to_ms

Key = tuple[str, str, str, str]
"""Force, area, measure, line."""

WARWICKSHIRE, WEST_MERCIA = find_force("warwickshire"), find_force("west-mercia")


def area_id(force_name: str, name: str) -> str:
    force = find_force(force_name)
    area = force.areas[force.find_area(name)]
    assert area is not None
    return area.id


def test_three_forces_are_shipped() -> None:
    assert shipped_forces() == ("city-of-london", "warwickshire", "west-mercia")


@pytest.mark.parametrize("name", shipped_forces())
def test_a_shipped_force_keeps_british_time(name: str) -> None:
    force = find_force(name)
    assert (force.file.timezone, force.file.country) == ("Europe/London", "GB-ENG")


def test_plain_north_warwickshire_is_the_borough() -> None:
    assert area_id("warwickshire", "North Warwickshire") == "north-warwickshire"


def test_the_policing_area_of_the_north_is_named_in_full() -> None:
    name = "North Warwickshire policing area"
    assert area_id("warwickshire", name) == "north-warwickshire-area"


@pytest.mark.parametrize(
    ("force", "name", "expected"),
    [
        ("warwickshire", "Stratford-on-Avon", "stratford"),
        ("warwickshire", "Nuneaton and Bedworth", "nuneaton-bedworth"),
        ("warwickshire", "Nuneaton & Bedworth", "nuneaton-bedworth"),
        ("warwickshire", "Rugby", "rugby"),
        ("warwickshire", "Warwick", "warwick"),
        ("west-mercia", "Herefordshire", "herefordshire"),
        ("west-mercia", "Herefordshire, County of", "herefordshire"),
        ("west-mercia", "Telford and Wrekin", "telford-wrekin"),
        ("west-mercia", "Shropshire", "shropshire"),
        ("west-mercia", "Bromsgrove", "bromsgrove"),
        ("west-mercia", "Wyre Forest", "wyre-forest"),
        ("west-mercia", "Malvern Hills", "malvern-hills"),
        ("west-mercia", "Wychavon", "wychavon"),
        ("west-mercia", "Worcester", "worcester"),
        ("west-mercia", "Redditch", "redditch"),
    ],
)
def test_the_names_of_local_authorities_resolve(force: str, name: str, expected: str) -> None:
    assert area_id(force, name) == expected


def test_the_districts_of_warwickshire_lie_in_two_policing_areas() -> None:
    assert WARWICKSHIRE.rollup[1:] == (
        ("north-warwickshire-area", "force"),
        ("south-warwickshire-area", "force"),
        ("north-warwickshire", "north-warwickshire-area", "force"),
        ("nuneaton-bedworth", "north-warwickshire-area", "force"),
        ("rugby", "north-warwickshire-area", "force"),
        ("stratford", "south-warwickshire-area", "force"),
        ("warwick", "south-warwickshire-area", "force"),
    )


def test_west_mercia_has_five_policing_areas() -> None:
    assert [a.name for a in WEST_MERCIA.file.areas if a.kind == "policing_area"] == [
        "Herefordshire",
        "North Worcestershire",
        "Shropshire",
        "South Worcestershire",
        "Telford & Wrekin",
    ]


def test_the_two_allied_forces_share_a_partition_group() -> None:
    assert WARWICKSHIRE.partition_group == WEST_MERCIA.partition_group


@pytest.mark.parametrize("name", ["warwickshire", "west-mercia"])
def test_the_policing_areas_add_up_to_the_force(name: str) -> None:
    file = find_force(name).file
    tops = [area for area in file.areas if area.parent is None]
    assert sum(area.population or 0 for area in tops) == file.population
    assert sum(area.households or 0 for area in tops) == file.households


def test_the_districts_of_warwickshire_add_up_to_their_policing_areas() -> None:
    for top in WARWICKSHIRE.file.areas[:2]:
        below = [a for a in WARWICKSHIRE.file.areas if a.parent == top.id]
        assert sum(a.population or 0 for a in below) == top.population
        assert sum(a.households or 0 for a in below) == top.households


@pytest.mark.parametrize("name", ["warwickshire", "west-mercia"])
@pytest.mark.parametrize(
    ("line", "day", "expected"),
    [
        ("999", "2016-12-31T12:00:00+00:00", (10_000, 0.9)),
        ("101", "2017-09-30T22:59:59+00:00", (30_000, 0.9)),
        ("101", "2017-09-30T23:00:00+00:00", (30_000, 0.8)),  # 1 October, British Summer Time
    ],
)
def test_the_target_at_a_date(name: str, line: str, day: str, expected: tuple[int, float]) -> None:
    force = find_force(name)
    at = to_ms(dt.datetime.fromisoformat(day))
    steps = force.target_steps(force.lines[force.line_index[line]].targets)
    since, limit, share = next(step for step in steps if step[0] <= at)
    assert (limit, share) == expected
    assert since <= at


@pytest.mark.parametrize("name", shipped_forces())
def test_attendance_is_twenty_minutes_without_a_share(name: str) -> None:
    force = find_force(name)
    assert [(s[1], s[2]) for s in force.target_steps(force.file.attendance.targets)] == [
        (1_200_000, None)
    ]


@pytest.mark.parametrize("name", ["warwickshire", "west-mercia"])
def test_athena_is_a_change_of_system_and_of_recording(name: str) -> None:
    changes = find_force(name).file.changes
    assert [c.kind for c in changes if c.date.isoformat() == "2017-10-01"] == [
        "system",
        "recording",
    ]


@pytest.mark.parametrize("name", shipped_forces())
def test_halloween_stands_in_every_year_from_2019_to_2026(name: str) -> None:
    events = find_force(name).file.events
    assert [e.start.year for e in events if e.name == "Halloween"] == list(range(2019, 2027))
    assert {(e.start.month, e.start.day) for e in events if e.name == "Halloween"} == {(10, 31)}


@pytest.mark.parametrize("name", shipped_forces())
def test_every_figure_has_its_source_in_a_comment(name: str) -> None:
    text = shipped_force_text(name)
    assert re.search(r"#.*(report|Census|standard)", text)


def test_the_sample_is_the_whole_month_of_warwickshire() -> None:
    path = resources.files("streams") / "samples" / "2022-01-warwickshire-street.csv.gz"
    rows = list(csv.DictReader(gzip.decompress(path.read_bytes()).decode().splitlines()))
    assert len(rows) == 3_724
    assert {row["Month"] for row in rows} == {"2022-01"}
    assert Counter(row["Crime type"] for row in rows).most_common(2) == [
        ("Violence and sexual offences", 1_312),
        ("Anti-social behaviour", 695),
    ]
    assert {row["Longitude"] + row["Latitude"] + row["Location"] for row in rows} == {""}


def test_the_sample_carries_its_attribution() -> None:
    text = (resources.files("streams") / "samples" / "README.md").read_text("utf-8")
    assert "Contains public sector information licensed under the" in text
    assert "Open Government Licence v3.0" in text


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "expected"),
    [("warwickshire", (54_622, 52_328)), ("west-mercia", (137_047, 134_787))],
)
def test_published_crimes_fall_in_the_areas_of_the_force(
    name: str, expected: tuple[int, int], shared_data: Path
) -> None:
    """(rows, rows whose local authority is an area of the force)."""
    force = find_force(name)
    rows = inside = 0
    folder = shared_data / "data" / "police_uk_west_mercia_warwickshire"
    for path in sorted(folder.glob(f"*-{name}-street.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                rows += 1
                inside += row["LSOA name"][:-5].casefold() in force.area_index
    assert (rows, inside) == expected


@pytest.mark.real_data
def test_the_populations_give_the_published_rates(shared_data: Path) -> None:
    """Volume over population is the printed rate per 1,000 in every area of both forces."""
    sources = {"Warwickshire": ("002", WARWICKSHIRE), "West Mercia": ("001", WEST_MERCIA)}
    volumes: dict[Key, float] = {}
    printed: list[tuple[Key, str]] = []
    with (shared_data / "figures" / "published_figures.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key: Key = (row["force"], row["area"], row["measure"], row["line"])
            if row["source"].startswith(sources.get(row["force"], ("-",))[0]):
                if row["statistic"] == "volume":
                    volumes[key] = float(row["value"])
                if row["statistic"] == "rate_per_1000":
                    printed.append((key, row["value"]))
    checked = 0
    for key, rate in printed:
        name, area, measure, _ = key
        if key not in volumes or area not in {name, *(a.name for a in sources[name][1].file.areas)}:
            continue
        force = sources[name][1].file
        place = next((a for a in force.areas if a.name == area), force)
        households = "burglary" in measure and not (
            name == "West Mercia" and measure == "burglary_other"
        )
        base = place.households if households else place.population
        assert base is not None
        decimals = len(rate.partition(".")[2])
        assert abs(volumes[key] / base * 1000 - float(rate)) <= 0.5 * 10**-decimals + 1e-9, key
        checked += 1
    assert checked == 191
