"""Text tables: quoting, titles above, totals below, line ends and encodings; nothing is lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError, SourceError
from streams.sources import open_source
from streams.sources.bytes.lines import Batch, cr_to_lf, ends_in_cr
from streams.sources.mapping.mapped import Mapper
from streams.sources.tables import delimited as tables
from streams.sources.tables.rows import MOST_NOTES, table_chunks
from tests.tables import plain, read, write

HEADER = "id,opened,note\n"
AT = "2024-01-01 10:00:00"


# --- quotes ---------------------------------------------------------------------------------------


def test_without_quoting_a_quote_mark_is_a_letter_like_others(tmp_path: Path) -> None:
    text = f'id\topened\tnote\n1\t{AT}\tok\n2\t{AT}\t"unclosed\n3\t{AT}\tsaid stop"\n4\t{AT}\tok\n'
    mapping = plain('delimiter = "\\t"\nquote = ""\n')
    assert read(write(tmp_path / "x.tsv", text), mapping).ids == ["1", "2", "3", "4"]


def test_cells_may_be_quoted_with_another_mark(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"{HEADER}1,{AT},'a, b'\n2,{AT},'it''s'\n")
    assert read(path, plain('quote = "\'"\n')).ids == ["1", "2"]


def test_an_open_quote_costs_its_own_row_alone_and_says_what_may_help(tmp_path: Path) -> None:
    found = read(write(tmp_path / "x.csv", f'{HEADER}1,{AT},"open\n2,{AT},\n'), plain())
    assert (found.ids, found.reasons) == (["2"], ["bad_csv"])
    assert 'write quote = "" where nothing is quoted' in found.rejected[0].detail


def test_a_quoted_cell_goes_on_for_so_many_lines_and_no_more(tmp_path: Path) -> None:
    long = "\n".join(["line"] * tables.MOST_LINES)
    fits = write(tmp_path / "a.csv", f'{HEADER}1,{AT},"{long}"\n')
    assert read(fits, plain()).ids == ["1"]
    over = write(tmp_path / "b.csv", f'{HEADER}1,{AT},"{long}\n{long}"\n2,{AT},\n')
    found = read(over, plain())
    assert found.ids == ["2"]
    assert f"more than {tables.MOST_LINES} lines" in found.rejected[0].detail


def test_a_quote_that_is_also_the_delimiter_is_a_mistake_of_the_mapping() -> None:
    with pytest.raises(ConfigError, match="quoted with what divides them"):
        plain('quote = ","\n')


# --- titles above ---------------------------------------------------------------------------------


def test_titles_above_the_header_are_passed_over_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"Calls for service\nFrom,2024,\n\n{HEADER}1,{AT},\n")
    found = read(path, plain())
    assert (found.ids, found.places, found.excluded, found.rejected) == (["1"], ["x.csv:5"], 3, [])


def test_a_header_that_lacks_a_column_is_named_with_its_row_and_what_it_has(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "x.csv", f"Calls\nid,started,note\n1,{AT},\n")
    with pytest.raises(ConfigError) as caught:
        read(path, plain())
    assert 'no column "opened" in its header, row 2. It has: id, started, note' in str(caught.value)


@pytest.mark.parametrize(("delimiter", "said"), [(";", '";"'), ("|", '"|"'), ("\t", '"\\t"')])
def test_a_header_that_is_one_cell_names_the_delimiter_that_is_missing(
    tmp_path: Path, delimiter: str, said: str
) -> None:
    text = f"{HEADER}1,{AT},\n".replace(",", delimiter)
    with pytest.raises(ConfigError) as caught:
        read(write(tmp_path / "x.csv", text), plain())
    assert f"Row 1 is read as one cell: write delimiter = {said} in the mapping" in str(
        caught.value
    )


def test_where_no_row_has_any_column_the_first_rows_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "Calls\nNo;When\n1;2\n")
    with pytest.raises(ConfigError) as caught:
        read(path, plain())
    assert 'has no column "id". Row 1 has: Calls; Row 2 has: No;When' in str(caught.value)


def test_a_message_never_carries_raw_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", b"caf\xe9\x1b[31m,b\n1,2\n")
    with pytest.raises(ConfigError) as caught:
        read(path, plain())
    assert str(caught.value).isprintable()
    str(caught.value).encode()


def test_lines_can_be_skipped_by_number(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"Calls\nFrom,2024\n1,{AT},\n")
    found = read(path, plain('skip = 2\ncolumns = ["id", "opened", "note"]\n'))
    assert (found.ids, found.excluded) == (["1"], 2)


# --- totals and notes below -----------------------------------------------------------------------


def test_rows_that_begin_as_the_mapping_says_are_no_records(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"{HEADER}1,{AT},\n,Total:,1\nsource: CAD\n")
    found = read(path, plain('footer = ["Total", "Source:"]\n'))
    assert (found.ids, found.excluded, found.rejected) == (["1"], 2, [])


def test_a_row_of_totals_is_left_out_when_it_can_be_no_record(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"{HEADER}1,{AT},\nGrand Total:,2,\nTotal,{AT},\n")
    found = read(path, plain())
    assert (found.ids, found.excluded, found.rejected) == (["1", "Total"], 1, [])


def test_notes_below_a_blank_line_are_no_part_of_the_table(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"{HEADER}1,{AT},\n\nSource: CAD\nPrinted,2024\n")
    found = read(path, plain())
    assert (found.ids, found.excluded, found.rejected) == (["1"], 3, [])


def test_short_rows_amid_the_table_are_refused_also_after_a_blank_line(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"{HEADER}1,{AT},\n\n2\n3,{AT},\n")
    found = read(path, plain())
    assert (found.ids, found.reasons, found.excluded) == (["1", "3"], ["wrong_cell_count"], 1)


def test_a_last_line_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    found = read(write(tmp_path / "x.csv", f"{HEADER}1,{AT},\n2,2024"), plain())
    assert (found.ids, found.reasons) == (["1"], ["wrong_cell_count"])


def test_many_short_rows_at_the_end_are_no_notes(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"{HEADER}1,{AT},\n\n" + "9\n" * (MOST_NOTES + 1))
    assert len(read(path, plain()).rejected) == MOST_NOTES + 1


def test_rows_of_commas_alone_are_blank_and_a_header_that_stands_again_is_no_record(
    tmp_path: Path,
) -> None:
    found = read(write(tmp_path / "x.csv", f"{HEADER}1,{AT},\n,,\n{HEADER}2,{AT},\n"), plain())
    assert (found.ids, found.excluded, found.rejected) == (["1", "2"], 2, [])


ROWS = st.sampled_from([f"1,{AT},x", "", ",,", "a", "Total,1,", '"a"b,c,d', "1,2,3"])


@given(st.lists(ROWS, max_size=9))
def test_every_line_below_the_header_is_accounted_for(rows: list[str]) -> None:
    lines = ["id,opened,note", *rows]
    batch = Batch(1, [line.encode() for line in lines], [])
    table = tables.Table(iter([batch]), "x.csv", ",")
    chunks = list(table_chunks(table, Mapper(plain(), table.header, None, "x.csv")))
    assert sum(chunk.rows for chunk in chunks) == len(rows)


# --- line ends and encodings ----------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_lines_may_end_in_any_of_the_three_ways(tmp_path: Path, end: str) -> None:
    text = end.join(["id,opened,note", f"1,{AT},a", f"2,{AT},b", ""])
    found = read(write(tmp_path / "x.csv", text), plain())
    assert (found.ids, found.places) == (["1", "2"], ["x.csv:2", "x.csv:3"])


def test_a_return_inside_a_quoted_cell_does_not_end_a_line(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f'{HEADER}1,{AT},"a\rb\rc\rd\re"\n2,{AT},\n')
    assert read(path, plain()).places == ["x.csv:2", "x.csv:3"]


def test_a_return_inside_a_bare_cell_is_named_as_what_it_is(tmp_path: Path) -> None:
    found = read(write(tmp_path / "x.csv", f"{HEADER}1,{AT},a\rb\n2,{AT},\n"), plain())
    assert found.ids == ["2"]
    assert "carriage return" in found.rejected[0].detail


def test_a_table_of_an_old_mac_is_a_table_all_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", f"id,opened\r1,{AT}\r2,{AT}\r")
    with pytest.raises(SourceError, match=r"in\.csv is a table, so it needs a mapping") as caught:
        open_source(path)
    assert caught.value.exit_code == 2
    assert (
        read(tmp_path)
        .skipped[0]
        .endswith("(--mapping FILE; `watchroom mapping suggest FILE > mapping.toml` drafts one)")
    )


@given(
    st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"b,c"]), max_size=20), st.integers(1, 5)
)
def test_line_ends_are_the_same_however_the_bytes_are_cut(parts: list[bytes], size: int) -> None:
    whole = b"".join(parts)
    blocks = (whole[at : at + size] for at in range(0, len(whole), size))
    assert b"".join(cr_to_lf(blocks)) == whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


@pytest.mark.parametrize(
    ("head", "alone"),
    [(b"a\rb\rc", True), (b"a\r\nb\r\n", False), (b"a\nb\rc\rd", False), (b"a\r\r\nb\r\r\n", False),
     (b"", False), (b'a\rb,"x\ny"\rc\r', True)],
)  # fmt: skip
def test_returns_alone_end_the_lines_of_a_text_that_starts_so(head: bytes, alone: bool) -> None:
    assert ends_in_cr(head) is alone


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(tmp_path: Path, encoding: str) -> None:
    text = f"id,opened,note\r\nü1,{AT},a\r\n"
    assert read(write(tmp_path / "x.csv", text.encode(encoding)), plain()).ids == ["ü1"]


def test_events_may_come_as_utf_16(tmp_path: Path) -> None:
    path = write(tmp_path / "x.ndjson", '{"kind":"call","id":"ü"}\n'.encode("utf-16"))
    assert read(path).ids == ["ü"]


def test_utf_16_without_its_mark_is_named_and_read_once_it_is_declared(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"id,opened,note\r\n1,{AT},a\r\n".encode("utf-16-le"))
    with pytest.raises(SourceError, match='write encoding = "utf-16-le"'):
        read(path, plain())
    assert read(path, plain('encoding = "utf-16-le"\n')).ids == ["1"]


def test_bytes_of_a_windows_program_say_which_encoding_to_try(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"id,opened,note\n\xfc1,{AT},\n".encode("cp1252"))
    found = read(path, plain())
    assert found.reasons == ["bad_encoding"]
    assert 'encoding = "cp1252"' in found.rejected[0].detail
    assert read(path, plain('encoding = "cp1252"\n')).ids == ["ü1"]


def test_a_line_of_cells_without_end_is_refused_before_it_is_taken_apart(tmp_path: Path) -> None:
    text = f"{HEADER}1,{AT},ok\n{',' * 20_001}\n2,{AT},ok\n"
    found = read(write(tmp_path / "x.csv", text), plain())
    assert (found.ids, found.reasons) == (["1", "2"], ["bad_csv"])


def test_a_row_of_many_long_lines_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_LINE", 1 << 20)
    cells = ",".join('"' + "x" * 999 + '"' for _ in range(99))
    text = f"{HEADER}1,{AT},ok\n2,{AT}," + f'{cells},"\n",' * 99 + f"\n3,{AT},ok\n"
    found = read(write(tmp_path / "x.csv", text), plain())
    assert "3" in found.ids
    assert any("more than 1 MiB" in each.detail for each in found.rejected)
