"""Files, folders and standard input as chunks: nothing lost, everything with its line."""

import gzip
import io
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import SourceError
from streams.sources import CHUNK_LINES, Chunk, Rejected, files, open_source
from streams.sources.bytes import lines as raw
from streams.sources.mapping.file import parse_mapping

LINES = [b'{"n":%d}' % n for n in range(1000)]
TEXT = b"\n".join(LINES) + b"\n"
CALLS = parse_mapping(
    'kind = "call"\nforce = "f"\ntimezone = "UTC"\nid = "no"\n[fields.offered_at]\ncolumn = "at"\n'
)
STREET = (
    b"Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
    b"Crime type,Last outcome category,Context\r\n"
    b"c1,2021-03,Warwickshire Police,Warwickshire Police,,,,,Rugby 001A,Drugs,,\r\n"
)


def lines(source: object) -> list[bytes]:
    assert isinstance(source, files.Source)
    return [line for chunk in source for line in chunk.lines()]


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def until_damage(path: Path) -> tuple[list[Chunk], str]:
    chunks: list[Chunk] = []
    with pytest.raises(SourceError) as caught:
        chunks.extend(open_source(path))  # extend keeps what came before the error
    return chunks, str(caught.value)


@pytest.mark.parametrize(
    "packed",
    [TEXT, gzip.compress(TEXT), zstandard.compress(TEXT), gzip.compress(TEXT[:500]) + b"\0" * 99
     + gzip.compress(TEXT[500:]), zstandard.compress(TEXT[:500]) + zstandard.compress(TEXT[500:])],
    ids=["plain", "gzip", "zstd", "two gzip members with padding", "two zstd frames"],
)  # fmt: skip
def test_compression_is_told_by_the_first_bytes_whatever_the_name(
    tmp_path: Path, packed: bytes
) -> None:
    assert lines(open_source(write(tmp_path / "events", packed))) == LINES


def test_lines_pass_untouched_even_if_they_are_no_json_or_no_utf_8(tmp_path: Path) -> None:
    odd = [b'{"a": 1}\r', b"\xff\xfe\x00", b"  half a {", b'"\xed\xa0\x80"']
    assert lines(open_source(write(tmp_path / "x.ndjson", b"\n".join(odd)))) == odd


def test_a_last_line_without_newline_counts(tmp_path: Path) -> None:
    assert lines(open_source(write(tmp_path / "x.ndjson", b"{}\n[]"))) == [b"{}", b"[]"]


def test_blank_lines_are_excluded_and_leave_the_numbers_right(tmp_path: Path) -> None:
    (chunk,) = open_source(write(tmp_path / "x.ndjson", b"{}\n\n\r\n[]\n\n"))
    assert (chunk.lines(), list(chunk.line_numbers), chunk.excluded) == ([b"{}", b"[]"], [1, 4], 3)
    assert chunk.rows == 5


def test_a_chunk_holds_a_few_hundred_lines_and_their_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "x.ndjson", TEXT)
    chunks = list(open_source(path))
    assert max(len(chunk.line_numbers) for chunk in chunks) == CHUNK_LINES
    assert [n for chunk in chunks for n in chunk.line_numbers] == list(range(1, 1001))
    assert {chunk.origin for chunk in chunks} == {str(path)}


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    assert list(open_source(write(tmp_path / "x.ndjson", b""))) == []


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    assert lines(open_source(write(tmp_path / "x.ndjson", b"\xef\xbb\xbf{}\n"))) == [b"{}"]


def test_a_gzip_file_that_ends_early_gives_all_before_its_end_and_then_its_name(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "x.ndjson.gz", gzip.compress(TEXT)[:-600])
    chunks, message = until_damage(path)
    whole = [line for chunk in chunks for line in chunk.lines()]
    (half,) = [rejected for chunk in chunks for rejected in chunk.rejected]
    assert len(whole) > 100
    assert whole == LINES[: len(whole)]
    assert (half.reason, half.origin) == ("cut_short", f"{path}:{len(whole) + 1}")
    assert LINES[len(whole)].startswith(half.raw)
    assert message.startswith(f"{path}: the gzip data is damaged (it ends in the middle)")


def test_a_wrong_checksum_is_damage_after_all_lines_were_given(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[-5] ^= 1
    packed[-8] ^= 1
    chunks, message = until_damage(write(tmp_path / "x.gz", bytes(packed)))
    assert [line for chunk in chunks for line in chunk.lines()] == LINES
    assert "incorrect data check" in message


def test_a_damaged_byte_in_the_middle_loses_nothing_before_it(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[len(packed) // 2] ^= 0xFF
    path = write(tmp_path / "x.gz", bytes(packed))
    chunks, _ = until_damage(path)
    whole = [line for chunk in chunks for line in chunk.lines()]
    assert whole[:300] == LINES[:300]  # what comes after the damage may be noise


def test_a_zstandard_file_that_ends_early_is_damage_too(tmp_path: Path) -> None:
    _, message = until_damage(write(tmp_path / "x.zst", zstandard.compress(TEXT)[:-10]))
    assert "the Zstandard data is damaged (it ends in the middle)" in message


def test_something_else_after_the_compressed_data_is_damage(tmp_path: Path) -> None:
    chunks, message = until_damage(write(tmp_path / "x.gz", gzip.compress(TEXT) + b"hello"))
    assert [line for chunk in chunks for line in chunk.lines()] == LINES
    assert "something else follows" in message


def test_a_damaged_table_gives_the_rows_before_the_damage(tmp_path: Path) -> None:
    rows = b"no,at\n" + b"".join(b"%d,2021-03-01T00:00:00Z\n" % n for n in range(5000))
    path = write(tmp_path / "x.csv.gz", gzip.compress(rows)[:-200])
    given: list[Chunk] = []
    with pytest.raises(SourceError, match="damaged"):
        given.extend(open_source(path, CALLS))
    whole = sum(len(chunk.line_numbers) for chunk in given)
    assert whole > 1000
    assert [n for chunk in given for n in chunk.line_numbers] == list(range(2, whole + 2))


def test_a_line_without_end_is_rejected_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw, "MAX_LINE", 1000)
    monkeypatch.setattr(raw, "KEPT_OF_LONG_LINE", 10)
    monkeypatch.setattr(raw, "BLOCK", 64)
    path = write(tmp_path / "x.ndjson", b"{}\n" + b"x" * 5000 + b"\n[]\n")
    chunks = list(open_source(path))
    assert [line for chunk in chunks for line in chunk.lines()] == [b"{}", b"[]"]
    assert [n for chunk in chunks for n in chunk.line_numbers] == [1, 3]
    (rejected,) = [r for chunk in chunks for r in chunk.rejected]
    assert rejected == Rejected(
        b"x" * 10, "line_too_long",
        "the line has 5,000 bytes; at most 1,000 are read. `raw` is its start", f"{path}:2",
    )  # fmt: skip


@given(
    st.lists(st.binary(max_size=12).filter(lambda b: b"\n" not in b and b.strip()), max_size=30),
    st.integers(1, 40),
)
def test_every_line_comes_out_once_however_the_bytes_are_cut_into_blocks(
    wanted: list[bytes], size: int
) -> None:
    whole = b"\n".join(wanted)
    blocks = (whole[at : at + size] for at in range(0, len(whole), size))
    got = [
        (n, line)
        for batch in raw.line_batches(blocks, "x")
        for n, line in enumerate(batch.lines, batch.first)
    ]
    assert got == list(enumerate(wanted, 1))


def test_a_folder_is_read_in_sorted_order_with_its_sub_folders(tmp_path: Path) -> None:
    for name in ("b.ndjson", "a/z.jsonl.gz", "c.json", ".hidden.ndjson"):
        write(tmp_path / name, b'{"in":"%s"}\n' % name.encode())
    assert lines(open_source(tmp_path)) == [
        b'{"in":"a/z.jsonl.gz"}', b'{"in":"b.ndjson"}', b'{"in":"c.json"}',
    ]  # fmt: skip


def test_a_folder_names_what_it_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "README.md", b"# hello\n")
    write(tmp_path / "table.csv", b"a,b\n1,2\n")
    write(tmp_path / "stops.csv", b"Type,Object of search,Legislation\nPerson,Drugs,x\n")
    write(tmp_path / "x.ndjson", b"{}\n")
    source = open_source(tmp_path)
    assert lines(source) == [b"{}"]
    assert [line.removeprefix(f"{tmp_path}/")[:28] for line in source.skipped] == [
        "README.md: is no NDJSON",
        "stops.csv: is a stop-and-sea",
        "table.csv: is a table, so it",
    ]
    assert source.consumed_bytes == source.total_bytes


def test_a_glob_chooses_files_by_name_or_by_path(tmp_path: Path) -> None:
    for name in ("2021/a-street.ndjson", "2021/a-other.ndjson", "2022/a-street.ndjson"):
        write(tmp_path / name, b"%s\n" % name.encode())
    assert lines(open_source(tmp_path, glob="*-street.ndjson")) == [
        b"2021/a-street.ndjson", b"2022/a-street.ndjson",
    ]  # fmt: skip
    assert len(lines(open_source(tmp_path, glob="2021/*"))) == 2


def test_several_arguments_are_one_source_with_the_size_of_all(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.ndjson", b"{}\n"), write(tmp_path / "b.ndjson", b"[]\n[]\n")
    source = open_source([a, b])
    assert (source.total_bytes, source.consumed_bytes) == (9, 0)
    assert lines(source) == [b"{}", b"[]", b"[]"]
    assert source.consumed_bytes == 9


def test_a_table_that_is_named_itself_needs_a_mapping(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="needs a mapping"):
        list(open_source(write(tmp_path / "x.csv.gz", gzip.compress(b"a,b\n1,2\n"))))


def test_a_missing_file_and_an_empty_folder_are_errors_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        open_source(tmp_path / "nowhere")
    with pytest.raises(SourceError, match=r'no files that match "\*\.x"'):
        open_source(tmp_path, glob="*.x")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_street_file_is_known_by_its_header(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    (line,) = lines(open_source(write(tmp_path / "anything.txt", pack(STREET))))
    assert b'"kind":"crime"' in line


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TEXT))))
    source = open_source("-")
    assert source.total_bytes is None
    assert lines(source) == LINES


@pytest.mark.timeout(30)
def test_a_pipe_gives_a_line_before_it_is_closed() -> None:
    code = (
        "from streams.sources import open_source\n"
        "for chunk in open_source('-'): print(chunk.payload, flush=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(b"{}\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"b'{}'\n"
        process.stdin.close()


def test_a_link_out_of_a_folder_is_not_followed_and_one_within_is(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/secret.ndjson", b'{"n":1}\n')
    write(tmp_path / "in/a.ndjson", b'{"n":2}\n')
    (tmp_path / "in/b.ndjson").symlink_to(tmp_path / "elsewhere/secret.ndjson")
    (tmp_path / "in/c.ndjson").symlink_to("a.ndjson")
    (tmp_path / "in/d").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in/e.ndjson").symlink_to(tmp_path / "nowhere")
    source = open_source(tmp_path / "in")
    assert lines(source) == [b'{"n":2}', b'{"n":2}']
    assert source.skipped == [
        f"{tmp_path}/in/{name}: is a link to a place outside of the folder"
        for name in ("b.ndjson", "d")
    ]


def test_a_folder_of_nothing_but_links_out_of_it_says_so(tmp_path: Path) -> None:
    write(tmp_path / "secret.ndjson", b"{}\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.ndjson").symlink_to(tmp_path / "secret.ndjson")
    with pytest.raises(SourceError, match=r"no files to read; .*a link to a place outside"):
        open_source(tmp_path / "in")


def test_a_folder_that_is_a_link_itself_was_named_and_is_read(tmp_path: Path) -> None:
    write(tmp_path / "real/a.ndjson", b'{"n":1}\n')
    (tmp_path / "in").symlink_to("real")
    assert lines(open_source(tmp_path / "in")) == [b'{"n":1}']


def test_zstandard_of_zeros_comes_in_small_pieces() -> None:
    packed = zstandard.compress(b" " * (60 << 20))
    assert max(map(len, raw.decompress(iter([packed]), "x"))) <= 17 << 20
