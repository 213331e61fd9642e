"""ZIP archives are read like folders; damage, passwords and bombs are named in one line."""

import gzip
import io
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import zstandard
from click.testing import CliRunner

from streams.cli import main
from streams.errors import NeedsMapping, SourceError
from streams.sources import open_source
from streams.sources.bytes import archives
from streams.sources.bytes import lines as byte_lines
from tests.tables import PLAIN, plain, read, write
from tests.workbooks import xlsx

AT = "2024-01-01 10:00:00"
STREET = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,"
    "Crime type,Last outcome category,Context\r\n"
    "{},2024-01,Warwickshire Police,Warwickshire Police,,,,,Rugby 001A,Drugs,,\r\n"
)


def rows(*ids: int) -> str:
    return "id,opened\n" + "".join(f"{n},{AT}\n" for n in ids)


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """An archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def packed(**members: bytes | str) -> bytes:
    """An archive; `__` in a name stands for `/`, `_` for a full stop."""
    return zipped({n.replace("__", "/").replace("_", "."): data for n, data in members.items()})


def test_members_are_read_in_sorted_order_with_their_folders(tmp_path: Path) -> None:
    data = packed(
        b_csv=rows(3), a__z_csv=rows(1, 2), c_csv_gz=gzip.compress(rows(4).encode()),
        d_xlsx=xlsx(S=[["id", "opened"], [5, AT]]), e_json=f'[{{"id":6,"opened":"{AT}"}}]',
    )  # fmt: skip
    found = read(write(tmp_path / "x.zip", data), plain())
    assert found.ids == ["1", "2", "3", "4", "5", "6"]
    assert found.places == [
        "x.zip/a/z.csv:2", "x.zip/a/z.csv:3", "x.zip/b.csv:2", "x.zip/c.csv.gz:2",
        "x.zip/d.xlsx/S:2", "x.zip/e.json:1",
    ]  # fmt: skip


def test_an_archive_of_street_files_needs_no_mapping(tmp_path: Path) -> None:
    members = {
        "2024-01/2024-01-warwickshire-street.csv": STREET.format("c1"),
        "2024-01/2024-01-warwickshire-stop-and-search.csv": "Object of search,Legislation\nx,y\n",
        "2024-02/2024-02-warwickshire-street.csv": STREET.format("c2"),
        "__MACOSX/2024-01/._2024-01-warwickshire-street.csv": "junk",
        ".hidden": "junk",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    found = read(write(tmp_path / "x.zip", out.getvalue()))
    assert found.places == [f"x.zip/2024-0{n}/2024-0{n}-warwickshire-street.csv:2" for n in (1, 2)]
    assert [line.partition(": ")[0] for line in found.skipped] == [
        "x.zip/2024-01/2024-01-warwickshire-stop-and-search.csv"
    ]


def test_a_glob_applies_to_the_members(tmp_path: Path) -> None:
    path = write(tmp_path / "x.zip", packed(a__one_csv=rows(1), b__two_csv=rows(2)))
    assert read(path, plain(), glob="b/*").ids == ["2"]
    assert read(tmp_path, plain(), glob="one.csv").ids == ["1"]
    assert read(tmp_path, plain(), glob="*.zip").ids == ["1", "2"]
    with pytest.raises(SourceError, match=r'has no files that match "\*\.x" to read'):
        open_source(path, plain(), glob="*.x")


def test_a_table_in_an_archive_needs_a_mapping_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "in.zip", packed(a_csv=rows(1)))
    with pytest.raises(NeedsMapping, match=r"the table in .*in\.zip \(a\.csv\) needs a mapping"):
        open_source(path)
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(main, ["run", "in.zip", "--force", "warwickshire"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Error: the table in in.zip (a.csv) needs a mapping")
    assert len(ended.stderr.splitlines()) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["in.zip"]


def test_an_archive_may_come_through_a_pipe(tmp_path: Path) -> None:
    write(tmp_path / "m.toml", PLAIN)
    code = (
        "import sys\nfrom pathlib import Path\nfrom streams.sources import open_source\n"
        "for c in open_source('-', Path(sys.argv[1])): print(c.origin, list(c.line_numbers))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "m.toml"], input=packed(a_csv=rows(1, 2)),
        cwd=Path(__file__).parents[3], capture_output=True, check=True,
    )  # fmt: skip
    assert ended.stdout == b"standard input/a.csv [2, 3]\n"


def test_one_archive_in_another_is_read_a_third_is_not(tmp_path: Path) -> None:
    inner = packed(a_csv=rows(1))
    assert read(write(tmp_path / "x.zip", packed(in_zip=inner)), plain()).ids == ["1"]
    found = read(write(tmp_path / "y.zip", packed(in_zip=packed(deep_zip=inner))), plain())
    assert found.ids == []
    assert found.skipped == [
        "y.zip/in.zip/deep.zip: is an archive in an archive in another: unpack it first"
    ]


def test_an_archive_of_other_things_says_what_the_first_is(tmp_path: Path) -> None:
    path = write(tmp_path / "x.zip", packed(report_pdf=b"%PDF-1.7 "))
    with pytest.raises(SourceError, match=r"nothing in .*x\.zip can be read: report\.pdf is a PDF"):
        open_source(path)


def test_damage_in_a_member_comes_after_the_lines_before_it(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", rows(*range(2000)))
    data = bytearray(out.getvalue())
    data[data.index(b"1999,2024")] = ord("7")  # stored as it is, so that only the checksum tells
    path = write(tmp_path / "x.zip", bytes(data))
    ids: list[int] = []
    numbers = (n for chunk in open_source(path, plain()) for n in chunk.line_numbers)
    with pytest.raises(SourceError, match=r"x\.zip/a\.csv: the ZIP data is damaged \(Bad CRC"):
        ids.extend(numbers)
    assert len(ids) > 2000 - archives.PIECE * 2 // len("1999,2024-01-01 10:00:00")
    assert ids == list(range(2, 2 + len(ids)))


def test_an_archive_that_ends_early_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.zip", packed(a_csv=rows(1))[:-10])
    with pytest.raises(SourceError, match="the ZIP archive is damaged"):
        read(path, plain())


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    data = bytearray(packed(a_csv=rows(1)))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path = write(tmp_path / "x.zip", bytes(data))
    with pytest.raises(SourceError, match=r"x\.zip/a\.csv is encrypted: unpack the archive"):
        read(path, plain())


def test_a_way_of_packing_that_is_not_known_is_named(tmp_path: Path) -> None:
    data = bytearray(packed(a_csv=rows(1)))
    data[8], data[data.index(b"PK\x01\x02") + 10] = 9, 9  # deflate64, as Windows packs large files
    path = write(tmp_path / "x.zip", bytes(data))
    with pytest.raises(SourceError, match=r"x\.zip/a\.csv is packed in a way that can't be read"):
        read(path, plain())


BOMB = b"x\n" * (1 << 20)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.zip", packed(a_csv=rows(1) + "\0" * (1 << 21))),
        ("y.zip", zipped({"inner.zip": zipped({"a.ndjson": BOMB})})),
        ("z.ndjson.gz", gzip.compress(BOMB, 9)),
        ("z.ndjson.zst", zstandard.compress(BOMB)),
        ("z.zip", zipped({"z.ndjson.gz": gzip.compress(BOMB, 9)})),
    ],
    ids=["zip", "zip in zip", "gzip", "zstd", "gzip in zip"],
)
def test_a_decompression_bomb_is_refused(
    tmp_path: Path, name: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(byte_lines, "HARMLESS", 1 << 16)
    with pytest.raises(SourceError, match="refused as a decompression bomb"):
        read(write(tmp_path / name, data), None if name[0] != "x" else plain())


def test_members_that_share_their_bytes_are_a_bomb_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = zipped({f"{n}.ndjson": b"{}\n" * 9000 for n in range(9)})
    monkeypatch.setattr(byte_lines, "HARMLESS", 200_000)
    monkeypatch.setattr(byte_lines, "MOST_RATIO", 100)  # of the archive; of each member it is 150
    with pytest.raises(SourceError, match=r"x\.zip unpacks to 243,000 bytes"):
        read(write(tmp_path / "x.zip", data))


def test_a_list_of_members_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 2)
    path = write(tmp_path / "x.zip", zipped({f"{n}.ndjson": b"{}" for n in range(3)}))
    with pytest.raises(SourceError, match="has 3 members; at most 2 are read"):
        read(path)


def test_a_name_that_leads_out_of_the_archive_is_a_name_and_no_place(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    line = b'{"kind":"call"}\n'
    data = zipped({"../../evil.ndjson": line, "/etc/evil.ndjson": line, "C:\\evil.ndjson": line})
    with open_source(write(tmp_path / "in/x.zip", data)) as source:
        assert sum(len(chunk.lines()) for chunk in source) == 3
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "x.zip"]
    assert not Path("/etc/evil.ndjson").exists()


def test_a_gzip_bomb_is_read_in_a_bounded_memory(tmp_path: Path) -> None:
    import tracemalloc  # noqa: PLC0415

    path = write(tmp_path / "x.ndjson.gz", gzip.compress(b"{" + b" " * (80 << 20), 9))
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="over 250 times its size"):
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


def test_a_source_over_an_archive_says_how_far_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "x.zip", packed(a_csv=rows(*range(5000)), b_csv=rows(1)))
    source = open_source(path, plain())
    consumed = [source.consumed_bytes for _ in source]
    assert consumed == sorted(consumed)
    assert source.consumed_bytes == source.total_bytes == path.stat().st_size
