"""Columns that a mapping joins, and rows without an id that it numbers."""

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError
from streams.sources import open_source
from streams.sources.mapped import Mapper
from streams.sources.mapping import parse_mapping
from tests.workbooks import xlsx

PARTS = """
kind = "incident"
force = "f"
timezone = "Europe/London"
id = "No"
null = ["NULL"]
[join]
"Date" = ["Day", "Month", "Year"]
[constants]
category = "fire"
[fields.opened_at]
column = "Time"
format = "%H:%M:%S"
date = "Date"
date_format = "%d %B %Y"
"""
PARTS_DATA = """No,Day,Month,Year,Time
1,1,July,2014,01:54:02
2,31,July,2014,23:59:50
3,NULL,July,2014,10:00:00
"""
SPLIT = """
kind = "incident"
force = "f"
timezone = "America/New_York"
skip = 1
columns = ["Type", "Date", "Clock", "Half"]
id = "Opened"
number_repeats = true
[join]
"Opened" = ["Date", "Clock", "Half"]
[constants]
category = "fire"
[fields.opened_at]
column = "Opened"
format = "%m/%d/%y %I:%M:%S %p"
"""
SPLIT_DATA = """Type,Date,,
Fire,12/31/14,12:59:00,AM
Fire,12/31/14,12:59:00,PM
Fire,12/31/14,12:59:00,AM
"""
ALIKE = """
kind = "crime"
force = "f"
timezone = "UTC"
columns = ["At", "Street", "What"]
id = ["At", "Street"]
number_repeats = true
[fields.recorded_at]
column = "At"
[fields.offence]
column = "What"
"""
ALIKE_ROWS = ["2024-01-31T10:00:00,High Street,drugs"] * 3 + [
    "2024-01-31T10:00:00,High Street,weapons",
    "2024-01-31T11:00:00,High Street,drugs",
]

Row = dict[str, str]


def read(path: Path, toml: str) -> tuple[list[Row], list[tuple[str, str]]]:
    """The events of a file, and its refused rows as (reason, detail)."""
    with open_source(path, parse_mapping(toml)) as source:
        chunks = list(source)
    events = [msgspec.json.decode(line) for chunk in chunks for line in chunk.lines()]
    return events, [(r.reason, r.detail) for chunk in chunks for r in chunk.rejected]


def text(path: Path, data: str, toml: str) -> tuple[list[Row], list[tuple[str, str]]]:
    path.write_text(data)
    return read(path, toml)


def test_a_date_in_three_columns_is_joined_with_blanks(tmp_path: Path) -> None:
    events, refused = text(tmp_path / "in.csv", PARTS_DATA, PARTS)
    assert [(e["id"], e["opened_at"]) for e in events] == [
        ("1", "2014-07-01T00:54:02+00:00"),
        ("2", "2014-07-31T22:59:50+00:00"),
    ]
    # A part that is blank or null is left out, and what is left is no date.
    assert [reason for reason, _ in refused] == ["bad_time"]
    assert '"July 2014"' in refused[0][1]


def test_a_clock_in_two_columns_is_joined(tmp_path: Path) -> None:
    events, refused = text(tmp_path / "in.csv", SPLIT_DATA, SPLIT)
    assert [e["opened_at"] for e in events] == [
        "2014-12-31T05:59:00+00:00",
        "2014-12-31T17:59:00+00:00",
        "2014-12-31T05:59:00+00:00",
    ]
    assert not refused


def test_columns_of_json_and_of_a_sheet_are_joined_too(tmp_path: Path) -> None:
    names = ["No", "Day", "Month", "Year", "Time"]
    rows = [line.split(",") for line in PARTS_DATA.splitlines()[1:]]
    json = tmp_path / "in.json"
    json.write_bytes(msgspec.json.encode([dict(zip(names, row, strict=True)) for row in rows]))
    book = tmp_path / "in.xlsx"
    book.write_bytes(xlsx(Sheet1=[list(names), *(list(row) for row in rows)]))
    for path in (json, book):
        events, refused = read(path, PARTS)
        assert [e["opened_at"] for e in events] == [
            "2014-07-01T00:54:02+00:00",
            "2014-07-31T22:59:50+00:00",
        ]
        assert [reason for reason, _ in refused] == ["bad_time"]


def test_a_column_that_is_joined_and_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no column "Year"') as error:
        text(tmp_path / "in.csv", "No,Day,Month,Time\n1,1,July,10:00:00\n", PARTS)
    assert error.value.field == "join.Date"


@pytest.mark.parametrize("seed", range(5))
def test_rows_that_are_alike_are_records_of_their_own_in_any_order(
    seed: int, tmp_path: Path
) -> None:
    rows = list(ALIKE_ROWS)
    random.Random(seed).shuffle(rows)
    events, _ = text(tmp_path / "in.csv", "\n".join(rows) + "\n", ALIKE)
    ten = "2024-01-31T10:00:00/High Street"
    assert sorted(e["id"] for e in events) == sorted(
        [ten, f"{ten}#2", f"{ten}#3", f"{ten}#4", "2024-01-31T11:00:00/High Street"]
    )
    assert sorted(e["offence"] for e in events) == ["drugs"] * 4 + ["weapons"]


@given(st.lists(st.sampled_from(["A", "A#2", "A#2#2", "A#3", "B"]), max_size=12))
def test_every_row_that_is_numbered_has_an_id_of_its_own(ids: list[str]) -> None:
    mapping = parse_mapping(
        'kind = "incident"\nforce = "f"\ntimezone = "UTC"\nid = "No"\nnumber_repeats = true\n'
        '[constants]\ncategory = "fire"\n[fields.opened_at]\ncolumn = "At"\n'
    )
    mapper = Mapper(mapping, ["No", "At"], None, "x")
    lines = [mapper([key, "2024-01-31T10:00:00"]) for key in ids]
    assert len({msgspec.json.decode(line)["id"] for line in lines if line}) == len(ids)


def test_rows_that_are_alike_count_once_where_they_are_not_numbered(tmp_path: Path) -> None:
    toml = ALIKE.replace("number_repeats = true\n", "")
    events, _ = text(tmp_path / "in.csv", "\n".join(ALIKE_ROWS) + "\n", toml)
    assert len({e["id"] for e in events}) == 2


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("number_repeats = true", "number_repeats = true\nversion = 'What'", "`version`"),
        ("[fields.offence]", '[merge]\noffence = "last"\n[fields.offence]', "`merge`"),
        ("[fields.offence]", '[join]\nA = ["At"]\n[fields.offence]', "length >= 2"),
        (
            "[fields.offence]",
            '[join]\nA = ["At", "Street"]\nB = ["A", "What"]\n[fields.offence]',
            '"A" is itself joined',
        ),
    ],
)
def test_what_does_not_go_together_is_named(old: str, new: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as error:
        parse_mapping(ALIKE.replace(old, new), "m.toml")
    assert error.value.line is not None
    assert error.value.cure
