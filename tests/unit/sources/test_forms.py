"""What can't be read is named for what it is in one line, whatever its name says."""

import io
import sqlite3
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError, SourceError, WatchroomError
from streams.sources import open_source
from streams.sources.bytes import archives
from streams.sources.bytes import lines as byte_lines
from streams.sources.bytes.forms import form_of, shown
from tests.tables import plain, read, write
from tests.workbooks import xlsx

OTHERS = [
    (b"%PDF-1.7\n%\xe2\xe3\n", "is a PDF document"),
    (b"\x89PNG\r\n\x1a\n\0\0", "is an image (PNG)"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "is an image (JPEG)"),
    (b"7z\xbc\xaf\x27\x1c\0\4", "is a 7z archive"),
    (b"\xfd7zXZ\0\0\4", "is compressed with xz"),
    (b"BZh91AY&SY", "is compressed with bzip2"),
    (b"SQLite format 3\0\x10\0", "is an SQLite database"),
    (b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "is a web page (HTML)"),
    (b"\xef\xbb\xbf<HTML>", "is a web page (HTML)"),
    (b'<?xml version="1.0"?><rows><row/></rows>', "is XML"),
    (b"{\\rtf1\\ansi}", "is a Rich Text document"),
    (bytes(range(256)) * 4, "is binary data, not text"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is an old Office file"),
]


@pytest.mark.parametrize(("data", "words"), OTHERS, ids=[words for _, words in OTHERS])
@pytest.mark.parametrize("mapped", [False, True], ids=["no mapping", "mapping"])
def test_a_file_that_is_something_else_is_named_in_one_line(
    tmp_path: Path, data: bytes, words: str, mapped: bool
) -> None:
    path = write(tmp_path / "export.csv", data)
    with pytest.raises(SourceError) as caught:
        open_source(path, plain() if mapped else None)
    message = str(caught.value)
    assert message.startswith(f"{path} {words}")
    assert message.isprintable()


def test_real_archives_and_databases_are_known(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(write(tmp_path / "a.csv", "id,opened\n"), "a.csv")
    sqlite3.connect(tmp_path / "x.csv").execute("CREATE TABLE t (a)").connection.close()
    for name, words in (("x.tar", "is a tar archive"), ("x.csv", "is an SQLite database")):
        with pytest.raises(SourceError, match=words):
            open_source(tmp_path / name)


def test_in_a_folder_it_is_passed_over_and_named(tmp_path: Path) -> None:
    write(tmp_path / "f/a.csv", b"%PDF-1.7\n")
    write(tmp_path / "f/b.ndjson", '{"id":"1"}\n')
    write(tmp_path / "f/c.csv", b"")
    found = read(tmp_path / "f")
    assert found.ids == ["1"]
    assert [line.partition(". ")[0] for line in found.skipped] == [
        "f/a.csv: is a PDF document", "f/c.csv: is empty",
    ]  # fmt: skip


def test_an_empty_file_gives_nothing_and_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", b"")
    for mapping in (None, plain()):
        found = read(path, mapping)
        assert (found.ids, found.skipped) == ([], ["x.csv: is empty"])


@pytest.mark.parametrize("name", ["x.csv", "x.txt"])
@pytest.mark.parametrize("data", [b"\n\n \r\n", b"\xef\xbb\xbf", "\n".encode("utf-16")])
def test_a_file_of_blank_lines_is_said_to_be_empty(tmp_path: Path, data: bytes, name: str) -> None:
    path = write(tmp_path / name, data)
    with pytest.raises(SourceError) as caught:
        open_source(path)
    assert str(caught.value) == f"{path} is empty, or has blank lines only"


def test_a_wrong_file_among_several_is_named_before_any_is_read(tmp_path: Path) -> None:
    good = write(tmp_path / "a.ndjson", "{}\n")
    bad = write(tmp_path / "b.ndjson", b"%PDF-1.7\n")
    with pytest.raises(SourceError, match=r"b\.ndjson is a PDF document"):
        open_source([good, bad])


@pytest.mark.parametrize("text", ["a;b\n1;2\n", "a\tb\r\n1\t2\r\n", "x|y|z\n1|2|3\n"])
def test_a_table_is_known_whatever_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match="is a table, so it needs a mapping"):
        open_source(write(tmp_path / "export.txt", text))


def test_plain_text_is_no_events(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is text, but no NDJSON"):
        open_source(write(tmp_path / "notes.txt", "Dear all\n\nplease find attached\n"))


def test_a_broken_line_at_the_top_of_ndjson_is_one_bad_line_and_no_other_form(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "x.log", 'half a line}\n{"id":"1"}\n{"id":"2"}\n')
    with open_source(path) as source:
        assert sum(len(chunk.line_numbers) for chunk in source) == 3


def test_a_name_is_shown_without_what_moves_a_cursor() -> None:
    assert shown("a\x1b[2Jb\udce9") == "a\N{REPLACEMENT CHARACTER}[2Jb?"
    assert shown("x" * 300, 5) == "xxxxx..."


def test_stray_bytes_do_not_make_a_text_binary() -> None:
    assert form_of(b"id,opened\n" + b"1,2024-01-01\n" * 50 + b"\0\x01").name == "text"
    assert form_of(b'{"a": "\xff\xfe\0"}\n').name == "text"


def test_in_a_folder_records_without_the_columns_are_passed_over_and_named(tmp_path: Path) -> None:
    write(tmp_path / "f/a.csv", "id,opened\n1,2024-01-01\n")
    write(tmp_path / "f/README.txt", "These are the calls of 2024\n")
    write(tmp_path / "f/settings.json", '[{"colour": "red"}]')
    write(tmp_path / "f/lines.ndjson", '{"colour": "red"}\n')
    write(tmp_path / "f/notes.xlsx", xlsx(Notes=[["About"], ["these files"]]))
    found = read(tmp_path / "f", plain())
    assert found.ids == ["1"]
    assert found.skipped == [
        'f/README.txt has no column "id"',
        'f/lines.ndjson has no "id" in any of its first records',
        'f/notes.xlsx/Notes has no column "id"',
        'f/settings.json has no "id" in any of its first records',
    ]


def test_a_workbook_that_is_a_bomb_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(byte_lines, "HARMLESS", 1 << 10)
    monkeypatch.setattr(byte_lines, "MOST_RATIO", 20)
    path = write(tmp_path / "x.xlsx", xlsx(Calls=[("id", "opened"), *[("1", "x" * 99)] * 999]))
    with pytest.raises(SourceError, match=r"x\.xlsx unpacks to .* decompression bomb"):
        read(path, plain())


def test_a_workbook_that_lies_about_its_size_is_unpacked_to_be_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = xlsx(Calls=[("id", "opened"), *[("1", "x" * 99)] * 9999])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        true = archive.getinfo("xl/worksheets/s1.xml").file_size
    path = write(tmp_path / "x.xlsx", data.replace(struct.pack("<I", true), struct.pack("<I", 99)))
    monkeypatch.setattr(byte_lines, "HARMLESS", 1 << 16)
    monkeypatch.setattr(byte_lines, "MOST_RATIO", 20)
    with pytest.raises(SourceError, match=r"s1\.xml unpacks to .* decompression bomb"):
        read(path, plain())


def test_a_workbook_too_large_to_be_held_is_to_be_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_OF_WORKBOOK", 1 << 10)
    path = write(tmp_path / "x.xlsx", xlsx(Calls=[("id", "opened"), *[("1", "x")] * 999]))
    with pytest.raises(SourceError, match="held in memory whole: export its sheets as CSV"):
        read(path, plain())


PIECES = st.sampled_from(
    [b"id,opened\n", b"1,2024-01-01\n", b'{"id":1}\n', b'{"kind":"call"}', b"[", b"]", b"{", b"}",
     b",", b'"', b"\r", b"\n", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"PK\x03\x04", b"PK\x05\x06",
     b"PAR1", b"\x1f\x8b\x08\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"a\tb\n", b"\xe9",
     b'"data":[{"id":1,"opened":"2024-01-01"}]', b"Total,1\n", b"[[1,2]]", b'"\\ud800"']
)  # fmt: skip
NAMES = st.sampled_from(["x.csv", "x.json", "x.ndjson", "x", "x.zip"])


@given(st.lists(PIECES, max_size=8).map(b"".join), NAMES, st.booleans())
def test_any_bytes_give_rows_or_one_error_of_one_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str, mapped: bool
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "any" / name, data)
    try:
        for chunk in open_source(path, plain() if mapped else None):
            assert chunk.rows == len(chunk.lines()) + len(chunk.rejected) + chunk.excluded
    except WatchroomError as error:
        assert str(error).isprintable()  # noqa: PT017  the message is what is looked at


def test_in_a_folder_a_csv_file_without_the_columns_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,opened\n1,2024-01-01\n")
    write(tmp_path / "b.csv", "id,started\n1,2024-01-01\n")
    with pytest.raises(ConfigError, match=r'b\.csv has no column "opened"'):
        read(tmp_path, plain())
