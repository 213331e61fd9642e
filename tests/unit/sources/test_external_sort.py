"""The external merge sort equals Python's own, whatever fits into memory."""

import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import SourceError
from streams.sources.external_sort import ExternalSort

ROWS = st.lists(
    st.tuples(st.integers(-(2**60), 2**60), st.binary(max_size=20), st.integers(0, 99)),
    max_size=200,
)


@given(ROWS, st.integers(1, 20_000))
def test_rows_come_in_the_order_of_pythons_own_sort(
    rows: list[tuple[int, bytes, int]], run_bytes: int
) -> None:
    with ExternalSort(run_bytes) as sort:
        for row in rows:
            sort.add(row, len(row[1]))
        assert list(sort) == sorted(rows)
        assert list(sort) == sorted(rows), "reading does not use it up"
        assert sort.rows == len(rows)


def test_the_memory_for_sorting_is_bounded_by_the_size_of_a_run() -> None:
    tracemalloc.start()
    try:
        with ExternalSort(1 << 20) as sort:
            for number in range(60_000):  # about 18 MB
                sort.add((number * 7919 % 60_000, b"x" * 100), 100)
            assert [row[0] for row in sort] == list(range(60_000))
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def add_all(sort: ExternalSort, rows: list[tuple[int, bytes]]) -> None:
    for row in rows:
        sort.add(row, 100)


def test_a_full_disk_is_told_and_all_rows_before_it_come_in_order() -> None:
    rows = [(number * 7919 % 2000, b"%0100d" % number) for number in range(2000)]
    with largest_file(100_000), ExternalSort(30_000) as sort:
        with pytest.raises(SourceError, match=r"can't be sorted: File too large in .* TMPDIR"):
            add_all(sort, rows)
        assert 100 < sort.rows < 2000
        assert list(sort) == sorted(rows[: sort.rows])
