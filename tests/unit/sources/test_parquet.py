"""Parquet files, a batch of rows at a time; without pyarrow one line says what to install."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streams.errors import ConfigError, NeedsMapping, SourceError
from streams.sources import open_source
from tests.tables import PLAIN, plain, read, write

DAY = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)


def parquet(path: Path, rows: int = 3, zone: str | None = None) -> Path:
    times = [(DAY + dt.timedelta(hours=n)).replace(tzinfo=None) for n in range(rows)]
    table = pa.table(
        {
            "id": list(range(rows)),
            "opened": pa.array(times, pa.timestamp("ns", zone)),
            "at": [{"id": f"n{n}"} for n in range(rows)],
        }
    )
    pq.write_table(table, path, row_group_size=500)
    return path


def test_rows_are_read_in_order_over_all_row_groups(tmp_path: Path) -> None:
    found = read(parquet(tmp_path / "x.parquet", 2300), plain())
    assert found.ids == [str(n) for n in range(2300)]
    assert found.places[-1] == "x.parquet:2300"
    assert found.events[1]["opened_at"] == "2024-03-01T01:00:00+00:00"


def test_times_with_a_zone_are_instants(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet", zone="UTC")
    (first, *_) = read(path, plain(UTC="America/New_York")).events
    assert first["opened_at"] == "2024-03-01T00:00:00+00:00"


def test_nested_columns_have_dotted_names(tmp_path: Path) -> None:
    assert read(parquet(tmp_path / "x.parquet"), plain(id="at.id")).ids == ["n0", "n1", "n2"]


def test_a_file_without_the_columns_says_what_it_has(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet")
    with pytest.raises(ConfigError, match='has no "no" in any of its first records'):
        read(path, plain(id="no"))


def test_without_a_mapping_it_needs_one(tmp_path: Path) -> None:
    with pytest.raises(NeedsMapping, match="is a table, so it needs a mapping"):
        open_source(parquet(tmp_path / "x.parquet"))


def test_a_damaged_file_is_named_in_one_line(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "x.parquet").read_bytes()
    path = write(tmp_path / "y.parquet", whole[:-30])
    with pytest.raises(SourceError, match="the Parquet data is damaged") as caught:
        read(path, plain())
    assert "\n" not in str(caught.value)


def test_without_pyarrow_one_line_says_what_to_install(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet")
    write(tmp_path / "m.toml", PLAIN)
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path\nfrom streams.sources import open_source\n"
        "list(open_source(Path(sys.argv[1]), Path(sys.argv[2])))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, path, tmp_path / "m.toml"],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.stderr.splitlines()[-1].endswith(
        'reading it needs one package more: pip install "watchroom[parquet]"'
    )
