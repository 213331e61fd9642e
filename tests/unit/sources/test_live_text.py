"""A table on standard input is given row by row: a row counts when its line is there."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.tables import PLAIN, write

pytestmark = pytest.mark.timeout(30)
CODE = (
    "import sys\nfrom pathlib import Path\nfrom streams.sources import open_source\n"
    "for c in open_source('-', Path(sys.argv[1])):\n"
    "    print(list(c.line_numbers), len(c.rejected), c.excluded, flush=True)"
)


@contextmanager
def reader(folder: Path, mapping: str = PLAIN) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """A process that reads a table from a pipe, and says what each chunk has."""
    path = write(folder / "m.toml", mapping)
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, path], cwd=Path(__file__).parents[3], bufsize=0,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        yield process.stdin, process.stdout
        process.stdin.close()


def test_each_row_comes_out_before_the_next_goes_in(tmp_path: Path) -> None:
    with reader(tmp_path) as (into, out):
        into.write(b"id,opened\n")
        for n in range(2, 6):
            into.write(b"%d,2024-01-01 10:00:00\n" % n)
            assert out.readline() == b"[%d] 0 0\n" % n


def test_refused_and_blank_rows_come_out_at_once_too(tmp_path: Path) -> None:
    with reader(tmp_path) as (into, out):
        into.write(b"id,opened\n1,soon\n")
        assert out.readline() == b"[] 1 0\n"
        into.write(b'"a"b,c\n')
        assert out.readline() == b"[] 1 0\n"
        into.write(b"2,2024-01-01\n\n")
        assert out.readline() == b"[4] 0 1\n"


def test_objects_a_line_come_out_at_once(tmp_path: Path) -> None:
    with reader(tmp_path) as (into, out):
        for n in range(1, 4):
            into.write(b'{"id":%d,"opened":"2024-01-01"}\n' % n)
            assert out.readline() == b"[%d] 0 0\n" % n


def test_a_header_that_does_not_fit_is_an_error_at_once(tmp_path: Path) -> None:
    with reader(tmp_path) as (into, out):
        into.write(b"no,when\n")
        assert out.read() == b""  # it has ended, though the pipe is open


def test_lines_that_come_together_are_one_chunk(tmp_path: Path) -> None:
    with reader(tmp_path) as (into, out):
        into.write(b"id,opened\n" + b"1,2024-01-01\n" * 4)
        assert out.readline() == b"[2, 3, 4, 5] 0 0\n"
