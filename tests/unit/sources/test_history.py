"""`streams.play`: files from Python, in any order, with every refused row named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest

from streams import open_source, play
from streams.errors import SourceError
from streams.sources.event_lines import Rejected
from tests.build import call, lines, monitor, ms, tiny_force

MONTHS = ("2024-03", "2024-01", "2023-02")


def counted(
    paths: Sequence[Path | tuple[Path, Path]],
) -> tuple[list[Rejected], list[int | None], int]:
    """What was refused, the calls of each month, and how many refusals the monitor counts."""
    watched = monitor()
    refused = list(play(watched, open_source(list(paths), force=tiny_force())))
    periods = watched.board("tiny", ms("2024-04-01T00:00:00Z"), periods=list(MONTHS)).periods
    rows = [periods[month].row("calls", line="999", area="force") for month in MONTHS]
    calls = [None if row is None else row.count_of("offered") for row in rows]
    return refused, calls, sum(counts.total() for counts in watched.refused.values())


def test_files_in_any_order_count_whole(tmp_path: Path) -> None:
    paths = []
    for month in MONTHS:
        events = [call(f"{month}-{n}", f"{month}-{n:02}T10:00:00Z") for n in range(1, 29)]
        paths.append(tmp_path / f"{month}.ndjson")
        paths[-1].write_bytes(lines(events))
    for order in permutations(paths):
        assert counted(order) == ([], [28, 28, 28], 0)


def test_every_refused_row_is_given_once_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "calls.ndjson"
    good, lost = call("a", "2024-03-01T10:00:00Z"), call("b", "2024-03-01T10:00:00Z")
    lost["force"] = "nowhere"
    path.write_text(f"{json.dumps(good)}\n{{\n{json.dumps(lost)}\n")
    table = tmp_path / "table.csv"
    table.write_text("id,at,line\nc,2024-03-02 10:00,999\nd,2024-13-02 10:00,999\n")
    mapping = tmp_path / "table.toml"
    mapping.write_text(
        'kind = "call"\ntimezone = "Europe/London"\nid = "id"\ntime_format = "%Y-%m-%d %H:%M"\n'
        '[fields.offered_at]\ncolumn = "at"\n[fields.line]\ncolumn = "line"\n'
    )
    refused, calls, counts = counted([path, (table, mapping)])
    assert sorted((each.origin.rpartition("/")[2], each.reason) for each in refused) == [
        ("calls.ndjson:2", "not_json"),
        ("calls.ndjson:3", "unknown_force"),
        ("table.csv:3", "bad_time"),
    ]
    assert (calls[0], counts) == (2, 3)


def test_a_source_that_breaks_off_says_so_after_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "calls.ndjson"
    path.write_bytes(lines([call("a", "2024-03-01T10:00:00Z")]))
    watched, source = monitor(), open_source([path, tmp_path], force=tiny_force())
    (tmp_path / "calls.ndjson").unlink()
    with pytest.raises(SourceError, match="can't be opened"):
        list(play(watched, source))
    assert all(not ledger.counts_sealed for s in watched.shards for ledger in s.ledgers().values())
