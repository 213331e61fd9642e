"""data.police.uk street files: one record a row, the same whatever the order of files."""

import csv
import gzip
import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.config.force import default_vocabulary, find_force
from streams.events.schema import Crime, Incident, decode_line
from streams.sources import Chunk, open_source
from streams.sources.police_uk import OFFENCES, OUTCOMES, StreetRows, force_slug

STREET = (
    "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location",
    "LSOA code", "LSOA name", "Crime type", "Last outcome category", "Context",
)  # fmt: skip
"""The columns of a street file, in their order."""

MONTHS = [f"2021-{month:02}" for month in range(3, 13)] + ["2022-01", "2022-02", "2022-03"]


def row(**cells: str) -> list[str]:
    base = {
        "Crime ID": "c1", "Month": "2021-03", "Reported by": "Warwickshire Police",
        "Falls within": "Warwickshire Police", "Location": "On or near Mill Lane",
        "LSOA code": "E01", "LSOA name": "Stratford-on-Avon 015A", "Crime type": "Burglary",
    }  # fmt: skip
    named = {name.replace("_", " "): cell for name, cell in cells.items()}
    return [{**base, **named}.get(name, "") for name in STREET]


def asb(**cells: str) -> list[str]:
    return row(Crime_ID="", Crime_type="Anti-social behaviour", **cells)


def events(*rows: list[str]) -> list[Crime | Incident]:
    convert = StreetRows(STREET, {})
    made = [decode_line(convert(cells)) for cells in rows]
    assert all(isinstance(event, Crime | Incident) for event in made)
    return made  # type: ignore[return-value]


def crime(**cells: str) -> Crime:
    (event,) = events(row(**cells))
    assert isinstance(event, Crime)
    return event


def test_a_crime_is_recorded_in_its_month_and_no_finer() -> None:
    event = crime()
    assert (event.force, event.id, event.recorded_at) == ("warwickshire", "c1", "2021-03")
    assert (event.offence, event.area) == ("burglary", "stratford")


def test_updated_at_is_the_last_second_of_the_month_local_time() -> None:
    assert crime().updated_at.isoformat() == "2021-03-31T23:59:59+01:00"
    assert crime(Month="2020-02").updated_at.isoformat() == "2020-02-29T23:59:59+00:00"


def test_crime_types_and_offence_groups_stand_one_to_one() -> None:
    assert len(OFFENCES) == len(set(OFFENCES.values())) == 13
    listed = default_vocabulary("offences")
    known = {path for full in listed for path in (full, full.partition(".")[0])}
    assert set(OFFENCES.values()) <= known


def test_a_crime_type_that_is_not_listed_keeps_a_name_of_its_own() -> None:
    event = crime(Crime_type="Public disorder and weapons")
    assert event.offence == "public_disorder_and_weapons"


def test_anti_social_behaviour_is_an_incident_opened_in_its_month() -> None:
    (event,) = events(asb())
    assert isinstance(event, Incident)
    assert (event.category, event.opened_at, event.grade) == ("asb", "2021-03", None)


def test_alike_rows_without_id_are_told_apart_by_their_order() -> None:
    ids = [event.id for event in events(asb(), asb(), asb(Location="Elsewhere"))]
    assert ids[0].removesuffix("-1") == ids[1].removesuffix("-2")
    assert len(set(ids)) == 3


def test_the_same_file_gives_the_same_ids_again() -> None:
    rows = [asb(), asb(), row(Crime_ID=""), asb(Month="2021-04")]
    assert [e.id for e in events(*rows)] == [e.id for e in events(*rows)]


def test_a_made_up_id_does_not_change_with_the_outcome() -> None:
    before = row(Crime_ID="", Last_outcome_category="Under investigation")
    after = row(Crime_ID="", Last_outcome_category="Local resolution")
    assert events(before)[0].id == events(after)[0].id


def test_a_crime_without_id_stays_a_crime() -> None:
    assert isinstance(events(row(Crime_ID=""))[0], Crime)


def test_a_repeated_id_of_a_later_month_is_a_later_version() -> None:
    first, second = events(row(), row(Month="2021-04"))
    assert first.id == second.id
    assert first.updated_at < second.updated_at


@pytest.mark.parametrize("lsoa", ["", "Coventry 012B", "Nonsense"])
def test_a_row_outside_the_force_or_without_place_has_no_area(lsoa: str) -> None:
    assert crime(LSOA_name=lsoa).area is None


def test_every_district_of_the_shipped_forces_is_found_from_its_lsoa_name() -> None:
    names = {
        "Warwickshire": ["North Warwickshire", "Nuneaton and Bedworth", "Rugby",
                         "Stratford-on-Avon", "Warwick"],
        "West Mercia": ["Bromsgrove", "Herefordshire", "Malvern Hills", "Redditch", "Shropshire",
                        "Telford and Wrekin", "Worcester", "Wychavon", "Wyre Forest"],
    }  # fmt: skip
    for force, districts in names.items():
        for name in districts:
            falls = f"{force} Police"
            assert crime(Falls_within=falls, LSOA_name=f"{name} 001A").area is not None, name


def test_a_force_that_is_not_known_keeps_its_slug_and_has_no_area() -> None:
    event = crime(Falls_within="Devon & Cornwall Police")
    assert (event.force, event.area) == ("devon-and-cornwall", None)


def test_a_force_of_ones_own_is_found_by_its_published_name() -> None:
    own = find_force("warwickshire")
    convert = StreetRows(STREET, {"x": own})
    assert decode_line(convert(row())).force == "warwickshire"


@pytest.mark.parametrize(
    ("name", "slug"),
    [("West Mercia Police", "west-mercia"), ("City of London Police", "city-of-london"),
     ("Cheshire Constabulary", "cheshire"), ("Metropolitan Police Service", "metropolitan"),
     ("Avon and Somerset Constabulary", "avon-and-somerset")],
)  # fmt: skip
def test_the_published_name_gives_the_force_id(name: str, slug: str) -> None:
    assert force_slug(name) == slug


@pytest.mark.parametrize(
    ("words", "code"),
    [("Offender sent to prison", 1), ("Offender given penalty notice", 6),
     ("Local resolution", 8), ("Investigation complete; no suspect identified", 18),
     ("Unable to prosecute suspect", None), ("Offender given a caution", None),
     ("Under investigation", None), ("", None)],
)  # fmt: skip
def test_an_outcome_code_is_set_only_where_the_words_leave_no_choice(
    words: str, code: int | None
) -> None:
    assert crime(Last_outcome_category=words).outcome == code


@pytest.mark.parametrize(
    ("words", "group"),
    [("Unable to prosecute suspect", "no_action"), ("Offender given a caution", "action_taken"),
     ("Formal action is not in the public interest", "no_action"),
     ("Suspect charged as part of another case", "action_taken"),
     ("Offender sent to prison", None), ("Under investigation", None), ("", None)],
)  # fmt: skip
def test_words_that_several_codes_share_say_the_group_of_the_outcome(
    words: str, group: str | None
) -> None:
    assert crime(Last_outcome_category=words).outcome_group == group


def test_outcome_codes_are_those_of_the_home_office() -> None:
    assert set(OUTCOMES.values()) == {1, 6, 7, 8, 18, 20, 21}


def read(tmp_path: Path, *rows: list[str]) -> Chunk:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([STREET, *rows])
    path = tmp_path / "2021-03-warwickshire-street.csv"
    path.write_text(text.getvalue())
    (chunk,) = open_source(path)
    return chunk


@pytest.mark.parametrize(
    ("cells", "reason"),
    [({"Month": "2021-13"}, "bad_time"), ({"Month": ""}, "bad_time"),
     ({"Crime_ID": "x" * 129}, "wrong_form"), ({"Crime_type": ""}, "wrong_form"),
     ({"Falls_within": ""}, "no_force")],
)  # fmt: skip
def test_a_row_that_can_be_no_event_is_rejected_with_its_line(
    tmp_path: Path, cells: dict[str, str], reason: str
) -> None:
    chunk = read(tmp_path, row(), row(**cells), row())
    (rejected,) = chunk.rejected
    assert (rejected.reason, rejected.origin.rpartition(":")[2]) == (reason, "3")
    assert list(chunk.line_numbers) == [2, 4]


@given(st.permutations([row(), row(Month="2021-04"), asb(), asb(), row(Crime_ID="c2")]))
def test_the_records_do_not_depend_on_the_order_of_rows(rows: list[list[str]]) -> None:
    made = {(e.id, e.updated_at) for e in events(*rows)}
    assert made == {
        (e.id, e.updated_at)
        for e in events(row(), row(Month="2021-04"), asb(), asb(), row(Crime_ID="c2"))
    }


@pytest.mark.parametrize(("force", "rows"), [("west-mercia", 137_047), ("warwickshire", 54_622)])
def test_thirteen_real_months_come_out_row_for_row_by_crime_type(
    shared_data: Path, force: str, rows: int
) -> None:
    folder = shared_data / "data" / "police_uk_west_mercia_warwickshire"
    names = {offence: name for name, offence in OFFENCES.items()}
    got: Counter[tuple[str, str]] = Counter()
    ids: Counter[str] = Counter()
    for chunk in open_source(folder, glob=f"*-{force}-street.csv.gz"):
        assert not chunk.rejected
        for line in chunk.lines():
            event = decode_line(line)
            assert event.force == force
            if isinstance(event, Crime):
                got[event.recorded_at or "", names[event.offence or ""]] += 1
            elif isinstance(event, Incident):
                got[event.opened_at or "", "Anti-social behaviour"] += 1
                ids[event.id] += 1
    wanted: Counter[tuple[str, str]] = Counter()
    for path in folder.glob(f"*-{force}-street.csv.gz"):
        with gzip.open(path, "rt", newline="") as file:
            wanted.update((r["Month"], r["Crime type"]) for r in csv.DictReader(file))
    assert got == wanted
    assert got.total() == rows
    assert {month for month, _ in got} == set(MONTHS)
    assert max(ids.values()) == 1
