"""Workbooks: times as ISO text, numbers as shown, and the sheet that has the columns."""

import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from streams.errors import ConfigError, NeedsMapping, SourceError
from streams.sources import open_source
from streams.sources.bytes.archives import ole_kind
from tests.tables import plain, read, write
from tests.workbooks import Cell, ods, xlsx


def at(hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
    return dt.datetime(2024, 3, 1, hour, minute, second)  # noqa: DTZ001  a local clock


ROWS: list[Sequence[Cell]] = [["id", "opened", "n"], [1, at(10), 1.5], [2, at(23, 59, 59), None]]


def test_a_sheet_is_read_through_a_mapping(tmp_path: Path) -> None:
    found = read(write(tmp_path / "x.xlsx", xlsx(Calls=ROWS)), plain())
    assert (found.ids, found.places) == (["1", "2"], ["x.xlsx/Calls:2", "x.xlsx/Calls:3"])
    assert [event["opened_at"] for event in found.events] == [
        "2024-03-01T10:00:00+00:00", "2024-03-01T23:59:59+00:00",
    ]  # fmt: skip


def test_what_is_a_workbook_is_told_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    assert read(write(tmp_path / "x.csv", xlsx(Calls=ROWS)), plain()).ids == ["1", "2"]


def test_local_times_are_those_of_the_mapping(tmp_path: Path) -> None:
    summer = dt.datetime(2024, 7, 1, 10)  # noqa: DTZ001  a local clock
    path = write(tmp_path / "x.xlsx", xlsx(Calls=[["id", "opened"], [1, summer]]))
    (event,) = read(path, plain(UTC="Europe/London")).events
    assert event["opened_at"] == "2024-07-01T09:00:00+00:00"


def test_midnight_in_a_column_of_times_is_a_time_and_a_day_elsewhere_a_day(tmp_path: Path) -> None:
    both: list[list[Cell]] = [["id", "opened"], [1, at(10)], [2, at(0)]]
    found = read(write(tmp_path / "a.xlsx", xlsx(Calls=both)), plain())
    assert found.events[1]["opened_at"] == "2024-03-01T00:00:00+00:00"
    days: list[list[Cell]] = [["id", "opened"], [1, dt.date(2024, 3, 1)]]
    found = read(write(tmp_path / "b.xlsx", xlsx(Calls=days)), plain())
    assert found.events[0]["opened_at"] == "2024-03-01"


def test_a_duration_is_a_clock_and_a_whole_number_has_no_fraction(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["id", "opened", "wait"], [7.0, at(10), dt.timedelta(hours=30)]]
    path = write(tmp_path / "x.xlsx", xlsx(Calls=rows))
    assert read(path, plain()).ids == ["7"]
    waits = plain(id="wait")
    assert read(path, waits).ids == ["30:00:00"]


def test_titles_and_blank_rows_keep_the_numbers_that_the_program_shows(tmp_path: Path) -> None:
    rows: list[Sequence[Cell]] = [[], ["Calls of March"], [], *ROWS, [], ["Total", None, 2]]
    found = read(write(tmp_path / "x.xlsx", xlsx(Calls=rows)), plain())
    assert found.places == ["x.xlsx/Calls:5", "x.xlsx/Calls:6"]
    assert (found.rejected, found.excluded >= 3) == ([], True)


def test_the_first_sheet_that_has_the_columns_is_read_and_the_others_are_named(
    tmp_path: Path,
) -> None:
    book = xlsx(Notes=[["About"]], January=ROWS, February=[["id", "opened", "n"], [3, at(1), 1]])
    path = write(tmp_path / "x.xlsx", book)
    found = read(path, plain())
    assert found.ids == ["1", "2"]
    (skipped,) = found.skipped
    assert skipped == (
        "x.xlsx: of its sheets only January is read, not the sheets Notes, February (a mapping "
        "chooses with `sheet`)"
    )
    assert read(path, plain('sheet = "February"\n')).ids == ["3"]
    with pytest.raises(ConfigError, match=r'no sheet "May"\. It has: Notes, January, February'):
        read(path, plain('sheet = "May"\n'))


def test_a_workbook_without_the_columns_says_what_its_first_sheet_has(tmp_path: Path) -> None:
    path = write(tmp_path / "x.xlsx", xlsx(Calls=[["No", "When"], [1, at(1)]]))
    with pytest.raises(ConfigError, match=r'x\.xlsx/Calls has no column "id"'):
        read(path, plain())


def test_a_refused_row_is_kept_as_its_cells(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["id", "opened"], ["a,b", "soon"]]
    (refused,) = read(write(tmp_path / "x.xlsx", xlsx(Calls=rows)), plain()).rejected
    assert (refused.reason, refused.raw) == ("bad_time", b'"a,b",soon')


def test_a_warning_names_the_sheet_as_a_refusal_does(tmp_path: Path) -> None:
    rows: list[Sequence[Cell]] = [*ROWS, [2, at(12), None]]
    path = write(tmp_path / "x.xlsx", xlsx(Notes=[["About"]], Calls=rows))
    with open_source(path, plain()) as source:
        assert sum(chunk.rows for chunk in source) == 3
        (warning,) = (text for text in source.warnings if "differ" in text)
    assert warning == (
        f"rows of one id differ in opened_at: {path}/Calls:3 and {path}/Calls:4 (1 such id); "
        "see `merge`"
    )


def test_an_opendocument_spreadsheet_is_read_too(tmp_path: Path) -> None:
    rows = [["id", "opened"], ["1", "2024-03-01 10:00"]]
    assert read(write(tmp_path / "x.ods", ods(rows)), plain()).ids == ["1"]


def test_a_workbook_without_a_mapping_needs_one(tmp_path: Path) -> None:
    path = write(tmp_path / "x.xlsx", xlsx(Calls=ROWS))
    with pytest.raises(NeedsMapping, match=r"x\.xlsx is a table, so it needs a mapping"):
        open_source(path)


def test_a_damaged_workbook_is_named_in_one_line(tmp_path: Path) -> None:
    book = bytearray(xlsx(Calls=ROWS))
    at_sheet = book.index(b"xl/worksheets/s1.xml") + 20
    book[at_sheet : at_sheet + 40] = b"\xff" * 40
    path = write(tmp_path / "x.xlsx", bytes(book))
    with pytest.raises(SourceError) as caught:
        read(path, plain())
    assert str(caught.value).startswith(f"{path}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [("Workbook", "workbook"), ("WordDocument", "is an old Word document"),
     ("EncryptedPackage", "is locked with a password: save a copy without it"),
     ("__nameid", "is an old Office file or a mail message")],
)  # fmt: skip
def test_old_office_files_are_told_apart_by_their_streams(stream: str, kind: str) -> None:
    content = b"\xd0\xcf\x11\xe0" + b"\0" * 508 + stream.encode("utf-16-le").ljust(64, b"\0")
    assert ole_kind(io.BytesIO(content)) == kind
