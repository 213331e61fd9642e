"""Late versions in a worker: through restarts, lost checkpoints and a log that is read again."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.board.monitor import Monitor, Shard
from streams.errors import CheckpointError
from streams.fold.ledger import InMemory, Ledger
from streams.kafka.partition import Partition, fingerprint
from streams.live import Live
from streams.state import archive
from streams.state.departed import Departed
from streams.state.snapshot import Identity
from tests.build import FAR_FUTURE, Record, call, lines, monitor, ms, row, tiny_force
from tests.examples import one_in
from tests.late import END, counters, histories, streams

FORCE = tiny_force()
Published = dict[bytes, bytes | None]
"""What the compacted topic holds: the last value of each key."""


def partition(folder: Path, kind: str = "call", topic_id: str = "id") -> Partition:
    folder.mkdir(exist_ok=True)
    forces = (FORCE,)
    identity = Identity("c", f"w.{kind}s", topic_id, 0, fingerprint(kind, forces), ("tiny",))
    live = Live(Monitor(forces, all_shards=False), clock=lambda: END)
    made = Partition(live, Shard(kind, forces), folder / f"{kind}.sqlite", identity, "w", 1)
    OPENED.append(made)
    made.load(1, "me")
    made.show()
    return made


OPENED: list[Partition] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Closes what a test leaves open, as where a worker dies in it."""
    yield
    while OPENED:
        OPENED.pop().checkpoint.close()


def ledger_of(held: Partition) -> Ledger:
    return held.shard.ledgers()["tiny"]


def save(held: Partition, topic: Published) -> None:
    """Saves, and sends what may be sent."""
    for _, message in asyncio.run(held.save()):
        if message.topic == "w.published":
            topic[message.key] = message.value


def know(held: Partition, topic: Published) -> None:
    """What reading back does first."""
    if held.needs_archive:
        topic_id = held.checkpoint.identity.topic_id
        known = archive.collect(ledger_of(held), FORCE, topic.items(), topic_id)
        asyncio.run(held.take_archive(FORCE, known))


def alone(records: list[dict[str, Any]]) -> Ledger:
    """The ledger of a process that is never stopped."""
    watched = monitor()
    ledger = watched.ledger(records[0]["kind"], "tiny")
    assert ledger is not None
    ledger.departed = InMemory()
    watched.ingest(lines(records), FAR_FUTURE)
    return ledger


def messages(records: list[dict[str, Any]], size: int) -> list[bytes]:
    return [lines(records[at : at + size]) for at in range(0, len(records), size)]


@one_in(4)
@given(streams(20), st.integers(1, 3), st.data())
def test_restarts_at_any_place_lose_and_double_nothing(
    records: list[dict[str, Any]], size: int, data: st.DataObject
) -> None:
    log, topic = messages(records, size), Published()
    kind = records[0]["kind"]
    with tempfile.TemporaryDirectory() as folder:
        held = partition(Path(folder), kind)
        for offset in range(len(log)):
            for missing in range(held.folded + 1, offset + 1):
                asyncio.run(held.fold([Record(missing, log[missing])]))
            step = data.draw(st.sampled_from(["go on", "go on", "save", "stop", "die"]))
            if step in {"save", "stop"}:
                save(held, topic)
            if step in {"stop", "die"}:
                held.checkpoint.close()
                held = partition(Path(folder), kind)
        for missing in range(held.folded + 1, len(log)):
            asyncio.run(held.fold([Record(missing, log[missing])]))
        whole = alone(records)
        assert counters(ledger_of(held)) == counters(whole)
        assert ledger_of(held).versions.as_dict() == whole.versions.as_dict()
        assert ledger_of(held).entries == whole.entries
        assert ledger_of(held).revisions == whole.revisions
        held.checkpoint.close()


def beaten_by_a_deletion(records: list[dict[str, Any]]) -> bool:
    """Whether a version comes after a deletion that beats it. Once the deletion has departed it
    counts as new where the process went on, and as stale where the log is read again."""
    gone: dict[str, int] = {}
    for record in records:
        version = record.get("version", 0)
        if record.get("deleted"):
            gone[record["id"]] = max(version, gone.get(record["id"], 0))
        elif version <= gone.get(record["id"], -1):
            return True
    return False


@one_in(4)
@given(streams(20), st.integers(1, 3), st.data())
def test_a_log_that_is_read_again_beside_what_was_published_counts_the_same(
    records: list[dict[str, Any]], size: int, data: st.DataObject
) -> None:
    assume(not beaten_by_a_deletion(records))
    log, topic = messages(records, size), Published()
    kind = records[0]["kind"]
    with tempfile.TemporaryDirectory() as folder:
        first = partition(Path(folder, "first"), kind)
        for offset in range(data.draw(st.integers(0, len(log)))):
            asyncio.run(first.fold([Record(offset, log[offset])]))
            if data.draw(st.booleans()):
                save(first, topic)
        save(first, topic)
        first.checkpoint.close()
        again = partition(Path(folder, "again"), kind)
        again.begin_reading(0)
        know(again, topic)
        for offset in range(len(log)):
            asyncio.run(again.fold([Record(offset, log[offset])]))
            if data.draw(st.sampled_from([False, False, True])):
                save(again, topic)
                again.checkpoint.close()
                again = partition(Path(folder, "again"), kind)
                again.begin_reading(0)
                know(again, topic)
        asyncio.run(again.end_reading())
        whole = alone(records)
        assert ledger_of(again).revisions == whole.revisions
        assert ledger_of(again).first_known == 0
        assert counters(ledger_of(again)) == counters(whole)
        assert ledger_of(again).versions.as_dict() == whole.versions.as_dict()
        again.checkpoint.close()


@one_in(4)
@given(histories(20, versions=False), st.data())
def test_sealed_panes_are_the_same_where_the_log_has_lost_its_beginning(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    topic = Published()
    kind = records[0]["kind"]
    with tempfile.TemporaryDirectory() as folder:
        first = partition(Path(folder, "first"), kind)
        # A log that began with a record that was refused, or with a version that a lost one beats,
        # would have nothing to judge it by.
        taken, won = [], first.shard.ledgers()["tiny"].versions
        for offset, record in enumerate(records):
            before = won.new + won.revised
            asyncio.run(first.fold([Record(offset, lines([record]))]))
            taken += [offset] if won.new + won.revised > before else []
            if data.draw(st.booleans()):
                save(first, topic)
        save(first, topic)
        first.checkpoint.close()
        again = partition(Path(folder, "again"), kind)
        know(again, topic)
        for offset in range(data.draw(st.sampled_from(taken)), len(records)):
            asyncio.run(again.fold([Record(offset, lines([records[offset]]))]))
        again.settle_archives()
        assert sorted(ledger_of(again).sealed_panes()) == sorted(ledger_of(first).sealed_panes())
        again.checkpoint.close()


# -- one by one ------------------------------------------------------------------------------------

OLD = call("c1", abandoned_at="2021-03-01T10:00:20Z")
NOW = call("now", "2021-09-01T00:00:00Z", answered_at="2021-09-01T00:00:05Z")
LATE = call("c1", answered_at="2021-03-01T10:00:07Z", updated_at="2021-09-01T00:00:06Z")
LATER = call("c1", answered_at="2021-03-01T10:00:08Z", updated_at="2021-09-01T00:00:09Z")
LOG = [lines([each]) for each in (OLD, NOW, LATE, LATER)]


def march(held: Partition) -> tuple[int, int, int, float | None]:
    board = held.live.monitor.board("tiny", ms("2021-09-01T00:01:00Z"), ["2021-03"])
    found = row(board, "2021-03", "calls", line="999")
    return found["offered"], found["answered"], found["abandoned"], found["answer_mean"]


def folded(held: Partition, *offsets: int) -> Partition:
    for offset in offsets:
        asyncio.run(held.fold([Record(offset, LOG[offset])]))
    return held


def test_a_departed_record_stays_in_the_file_and_is_not_loaded(tmp_path: Path) -> None:
    held = folded(partition(tmp_path), 0, 1)
    save(held, {})
    held.checkpoint.close()
    with sqlite3.connect(tmp_path / "call.sqlite") as db:
        assert db.execute("SELECT id FROM entries").fetchall() == [("now",)]
        assert db.execute("SELECT id FROM departed").fetchall() == [("c1",)]
    db.close()
    again = partition(tmp_path)
    assert list(ledger_of(again).entries) == ["now"]
    folded(again, 2)
    assert march(again) == (1, 1, 0, 7)
    again.checkpoint.close()


def test_a_departed_record_is_found_before_the_next_save_and_between(tmp_path: Path) -> None:
    held = folded(partition(tmp_path), 0, 1)
    folded(held, 2)  # nothing was ever saved
    assert march(held) == (1, 1, 0, 7)
    save(held, {})
    folded(held, 3)
    assert march(held) == (1, 1, 0, 8)
    held.checkpoint.close()


def test_what_is_written_leaves_memory(tmp_path: Path) -> None:
    held = folded(partition(tmp_path), 0, 1)
    departed = ledger_of(held).departed
    assert isinstance(departed, Departed)
    assert list(departed.pending) == ["c1"]
    save(held, {})
    assert departed.pending == {}
    assert departed.get("c1") is not None
    held.checkpoint.close()


def test_a_save_that_fails_forgets_no_departed_record(tmp_path: Path) -> None:
    held = folded(partition(tmp_path), 0, 1)
    save(held, {})
    held.checkpoint.claim(5, "newer")
    held.checkpoint.identity = Identity("c", "w.calls", "id", 0, "x", ("tiny",), generation=1)
    folded(held, 2)
    newer = [call("n2", "2021-12-01T00:00:00Z"), call("n3", "2021-12-03T00:00:00Z")]
    asyncio.run(held.fold([Record(4, lines(newer))]))
    with pytest.raises(CheckpointError):
        save(held, {})
    departed = ledger_of(held).departed
    assert isinstance(departed, Departed)
    assert "c1" in departed.pending
    held.checkpoint.claim(6, "me")
    save(held, {})
    assert departed.get("c1") is not None
    assert departed.pending == {}
    held.checkpoint.close()


def test_a_damaged_record_is_a_fault_that_says_what_to_do(tmp_path: Path) -> None:
    held = folded(partition(tmp_path), 0, 1)
    save(held, {})
    held.checkpoint.close()
    again = partition(tmp_path)
    with sqlite3.connect(tmp_path / "call.sqlite") as db:  # after it was checked as a whole
        db.execute("UPDATE departed SET body = x'00'")
    db.close()
    folded(again, 2)
    [(_, letter)] = asyncio.run(again.save())
    headers = dict(letter.headers)
    assert headers["reason"] == b"fault"
    assert b"delete the file and start it again: the log is read instead" in headers["detail"]
    again.checkpoint.close()


def test_a_revised_sealed_pane_is_published_again_with_the_offset_it_is_true_for(
    tmp_path: Path,
) -> None:
    topic: Published = {}
    held = folded(partition(tmp_path), 0, 1)
    save(held, topic)
    [key] = topic
    folded(held, 2)
    save(held, topic)
    late = archive.late_key(archive.LateVersion("tiny", "call", "c1", 2, "id"))
    assert sorted(topic) == [key, late]
    value, known = topic[key], archive.collect(ledger_of(held), FORCE, topic.items(), "id")
    assert value is not None
    assert b'"through":2' in value
    assert known.late == {("c1", 2)}
    assert list(known.through.values()) == [2]
    save(held, topic)
    assert topic[key] == value, "what has not changed is sent once"
    held.checkpoint.close()


def test_what_is_sealed_is_published_again_where_the_topic_was_made_again(tmp_path: Path) -> None:
    topic: Published = {}
    held = folded(partition(tmp_path), 0, 1)
    save(held, topic)
    made_again: Published = {}
    held.publish_again()
    save(held, made_again)
    assert made_again.keys() == topic.keys()
    known, before = (
        archive.collect(ledger_of(held), FORCE, each.items(), "id") for each in (made_again, topic)
    )
    assert known.panes == before.panes
    assert known.panes
    held.checkpoint.close()


@pytest.mark.parametrize("start", [0, 1, 2])
def test_a_late_version_that_an_archived_pane_has_in_it_changes_nothing_and_the_next_one_does(
    tmp_path: Path, start: int
) -> None:
    topic: Published = {}
    first = folded(partition(tmp_path / "first"), 0, 1, 2)
    save(first, topic)
    first.checkpoint.close()
    again = partition(tmp_path / "again")
    know(again, topic)
    if start == 2:
        asyncio.run(again.fold([Record(1, LOG[1])]))  # the last that the log has before it
    folded(again, *range(start, 3))
    assert again.refused == {}, "it is known from what was published"
    assert march(again) == (1, 1, 0, 7)
    folded(again, 3)
    assert march(again) == (1, 1, 0, 8)
    save(again, topic)
    assert again.needs_archive is False
    again.checkpoint.close()


def test_what_becomes_known_while_a_snapshot_is_written_is_in_the_next_one(
    tmp_path: Path,
) -> None:
    """Else a worker that dies then would take late versions in the archive for new ones."""
    held = folded(partition(tmp_path), 0)
    known = archive.Archive(ledger_of(held).calendar, until=7)

    async def work() -> None:
        saving = asyncio.ensure_future(held.save())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert held.saving.locked()
        await held.take_archive(FORCE, known)
        await saving
        await held.save()

    asyncio.run(work())
    held.checkpoint.close()
    again = partition(tmp_path)
    assert (again.folded, again.archived_until) == (0, 7)
    assert again.needs_archive


def first_answered(held: Partition) -> int | None:
    """What March showed when it closed, where that is known and has changed."""
    board = held.live.monitor.board("tiny", ms("2021-09-01T00:01:00Z"), ["2021-03"])
    revised = board.revisions["2021-03"]["calls"] if board.revisions else []
    found = [r.count_of("answered") for r in revised if (r["line"], r["area"]) == ("999", "force")]
    return found[0] if found else None


def test_how_a_period_stood_is_kept_in_the_checkpoint_and_unknown_after_a_rebuild_from_the_archive(
    tmp_path: Path,
) -> None:
    topic: Published = {}
    first = folded(partition(tmp_path / "first"), 0, 1)
    save(first, topic)
    first.checkpoint.close()
    first = folded(partition(tmp_path / "first"), 2)
    assert (march(first)[1], first_answered(first)) == (1, 0)
    save(first, topic)
    first.checkpoint.close()
    again = partition(tmp_path / "again")
    know(again, topic)
    folded(again, 1, 2, 3)  # the log has lost its beginning
    assert (march(again), first_answered(again)) == ((1, 1, 0, 8), None)
    again.checkpoint.close()


def test_offsets_of_a_topic_that_was_made_anew_say_nothing(tmp_path: Path) -> None:
    topic: Published = {}
    first = folded(partition(tmp_path / "first"), 0, 1, 2)
    save(first, topic)
    first.checkpoint.close()
    again = partition(tmp_path / "again", topic_id="another")
    know(again, topic)
    asyncio.run(again.fold([Record(0, lines([OLD]))]))
    asyncio.run(again.fold([Record(1, lines([NOW]))]))
    assert march(again) == (1, 1, 0, 7)  # the archived pane
    known = again.archives["tiny"] if again.archives else None
    assert known is None or known.late == set()
    again.checkpoint.close()


def test_a_new_record_that_was_refused_is_refused_again(tmp_path: Path) -> None:
    topic: Published = {}
    log = [LOG[0], LOG[1], lines([call("c2", updated_at="2021-09-01T00:00:06Z")]), LOG[2]]
    first, again = partition(tmp_path / "first"), partition(tmp_path / "again")
    for offset, payload in enumerate(log):
        asyncio.run(first.fold([Record(offset, payload)]))
    save(first, topic)
    know(again, topic)
    for offset, payload in enumerate(log):
        asyncio.run(again.fold([Record(offset, payload)]))
    assert first.refused == again.refused == {"sealed": 1}
    for held in (first, again):
        held.checkpoint.close()


def test_a_day_that_was_made_of_hours_is_revised_once_in_file_and_archive(tmp_path: Path) -> None:
    """Fourteen months later the hours are a day: the day's row stands for theirs."""
    topic: Published = {}
    other = call("c0", "2021-03-01T15:00:00Z", answered_at="2021-03-01T15:00:03Z")
    first = [lines([OLD, other]), lines([NOW])]
    then = lines([call("then", "2022-06-01T00:00:00Z", answered_at="2022-06-01T00:00:01Z")])
    late = lines([{**LATE, "updated_at": "2022-06-01T00:00:02Z"}])
    held = partition(tmp_path / "one")
    for offset, payload in enumerate([*first, then, late]):
        asyncio.run(held.fold([Record(offset, payload)]))
        save(held, topic)
    assert march(held) == (2, 2, 0, 5)
    held.checkpoint.close()
    again = partition(tmp_path / "one")
    assert march(again) == (2, 2, 0, 5)
    again.checkpoint.close()
    rebuilt = partition(tmp_path / "two")
    know(rebuilt, topic)
    asyncio.run(rebuilt.fold([Record(2, then)]))
    asyncio.run(rebuilt.fold([Record(3, late)]))
    assert march(rebuilt) == (2, 2, 0, 5)
    rebuilt.checkpoint.close()


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0, 40, []),
        (2, 40, []),
        (20, 40, ["2021-03-05 to 2021-03-21"]),
        (20, 60, []),
    ],
)
def test_it_is_said_of_which_days_a_log_that_was_cut_within_the_horizon_has_not_all(
    tmp_path: Path, first: int, last: int, expected: list[str]
) -> None:
    start = dt.datetime(2021, 3, 1, 10, tzinfo=dt.UTC)
    days = [(start + dt.timedelta(days=day)).isoformat() for day in range(last)]
    held = partition(tmp_path)
    held.begin_reading(first)
    for offset in range(first, last):
        asyncio.run(held.fold([Record(offset, lines([call(f"c{offset}", days[offset])]))]))
    asyncio.run(held.end_reading())
    save(held, {})
    held.checkpoint.close()
    for each in (held, partition(tmp_path)):
        assert each.half_counted == [
            f"calls of tiny from {words} are not all counted: "
            "the log does not have them all any more"
            for words in expected
        ]
