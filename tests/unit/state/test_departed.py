"""Where records go that have left: a filter of ids, and a temporary file for an embedded run."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from streams.board.monitor import Monitor
from streams.state import departed
from streams.state.departed import TemporaryFile, kept_on_disk
from streams.state.id_filter import PAGE, IdFilter
from tests.build import FAR_FUTURE, lines, monitor
from tests.late import counters, streams

MANY = 50_000


def ids(count: int, start: int = 0) -> list[str]:
    return [f"W{number:09d}" for number in range(start, start + count)]


def test_a_filter_never_says_no_to_an_id_that_was_added_and_rarely_yes_to_another() -> None:
    found = IdFilter()
    found.add(ids(100_000))
    assert all(key in found for key in ids(100_000))
    assert sum(key in found for key in ids(20_000, 10_000_000)) < 20_000 // 30


def test_an_empty_filter_takes_no_room_and_knows_nothing() -> None:
    found = IdFilter()
    assert "W1" not in found
    assert found.take() == []


def test_a_filter_is_put_back_from_its_pages_and_only_changed_pages_are_taken() -> None:
    found = IdFilter()
    pages: dict[int, bytes] = {}
    for start in range(0, 60_000, 20_000):
        found.add(ids(20_000, start))
        pages.update(found.take())
    found.add(["one more"])
    changed = found.take()
    assert 1 <= len(changed) <= 2
    assert {len(bits) for _, bits in changed} == {PAGE}
    pages.update(changed)
    again = IdFilter()
    again.restore(found.count, pages)
    assert all(key in again for key in [*ids(60_000), "one more"])
    assert (again.count, again.pages, again.dirty) == (found.count, found.pages, set())
    again.add(ids(10, 70_000))
    assert {number for number, _ in again.take()} <= set(range(64 + 512))


def entry(number: int) -> int:
    return number << 100 | 7


def test_a_temporary_file_is_made_when_there_is_much_and_gone_at_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    file = TemporaryFile()
    first, second = file.store(), file.store()
    first.put({key: entry(n) for n, key in enumerate(ids(departed.MOST_PENDING))})
    second.put({"W000000001": entry(77)})
    assert first.pending == {}
    assert first.get("W000000001") == entry(1)
    assert second.get("W000000001") == entry(77)
    assert second.get("W000000002") is None
    first.put({"W000000001": entry(2)})
    assert first.get("W000000001") == entry(2)
    file.close()
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_what_has_left() -> None:
    file = TemporaryFile()
    store = file.store()
    for start in range(0, MANY, 5000):
        store.put({key: entry(n) for n, key in enumerate(ids(5000, start))})
        assert len(store.pending) < departed.MOST_PENDING
    chance = random.Random(1)
    assert all(store.get(key) is not None for key in ids(50, chance.randrange(MANY - 50)))
    file.close()


def test_where_the_disk_is_full_records_stay_in_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(departed, "MOST_PENDING", 10)
    connect = sqlite3.connect

    def small(*args: Any, **options: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(*args, **options)
        made.execute("PRAGMA max_page_count = 4")
        return made

    monkeypatch.setattr(sqlite3, "connect", small)
    file = TemporaryFile()
    store = file.store()
    store.put({key: entry(n) for n, key in enumerate(ids(3000))})
    assert all(store.get(key) == entry(n) for n, key in enumerate(ids(3000)))
    assert "SQLITE_TMPDIR" in caplog.text
    file.close()


@settings(max_examples=30)
@given(streams(20))
def test_the_disk_finds_what_a_dict_finds(records: list[dict[str, Any]]) -> None:
    by_disk, by_dict = monitor(), monitor()
    by_dict.play_history()
    kind = records[0]["kind"]
    before = departed.MOST_PENDING
    departed.MOST_PENDING = 1
    try:
        with kept_on_disk(by_disk):
            by_disk.play_history()
            for watched in (by_disk, by_dict):
                watched.ingest(lines(records), FAR_FUTURE)
    finally:
        departed.MOST_PENDING = before
    assert counted(by_disk, kind) == counted(by_dict, kind)


def counted(watched: Monitor, kind: str) -> dict[str, Any]:
    ledger = watched.ledger(kind, "tiny")
    assert ledger is not None
    return {**counters(ledger), "tally": ledger.versions.as_dict(), "entries": ledger.entries}
