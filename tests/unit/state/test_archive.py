"""Sealed panes outlive the log, the checkpoint and the force file that they were counted under."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.board.monitor import Monitor, Shard
from streams.config.force import check_force
from streams.kafka.partition import Partition, fingerprint
from streams.live import Live
from streams.state import archive
from streams.state.snapshot import Identity
from tests.build import TINY_FORCE, Record, call, crime, incident, lines, ms, tiny_force

FORCE = tiny_force()
AT = ms("2021-05-01T00:00:00Z")
MAKERS = {"call": call, "incident": incident, "crime": crime}
OPENED: list[Partition] = []


@pytest.fixture(autouse=True)
def closed_in_the_end() -> Iterator[None]:
    """A process that "dies" in a test stays open until the test is over."""
    yield
    while OPENED:
        OPENED.pop().checkpoint.close()


def partition(path: Path, kind: str = "call") -> Partition:
    path.mkdir(exist_ok=True)
    forces = (FORCE,)
    identity = Identity("c", f"w.{kind}s", "id", 0, fingerprint(kind, forces), ("tiny",))
    live = Live(Monitor(forces, all_shards=False), clock=lambda: AT)
    made = Partition(live, Shard(kind, forces), path / f"{kind}.sqlite", identity, "w", 1)
    OPENED.append(made)
    made.load(1, "me")
    made.show()
    return made


def history(kind: str = "call", days: int = 80) -> list[bytes]:
    """A message a day; the later half of each day's records changes on the day after."""
    start = dt.datetime(2021, 2, 1, 12, tzinfo=dt.UTC)
    out = []
    for day in range(days):
        at = start + dt.timedelta(days=day)
        records = [
            MAKERS[kind](
                f"{day}-{n}",
                (at + dt.timedelta(minutes=20 * n)).isoformat(),
                area=("north", "south", None)[n % 3],
            )
            for n in range(9)
        ]
        if kind == "call":
            for record in records[:5]:
                later = dt.datetime.fromisoformat(record["offered_at"]) + dt.timedelta(seconds=8)
                record["answered_at"] = record["updated_at"] = later.isoformat()
        out.append(lines(records))
    return out


def board(held: Partition) -> dict[str, Any]:
    periods = ["2021-02", "2021-02-03", "2021-02-03T12", "2021-03", "2021-Q1"]
    shown = held.live.monitor.board("tiny", AT, periods).periods
    assert isinstance(shown, dict)
    return shown


def published(held: Partition) -> list[tuple[bytes, bytes | None]]:
    mail = asyncio.run(held.save())
    return [(m.key, m.value) for _, m in mail if m.topic == "w.published"]


def given(held: Partition, messages: list[Any]) -> None:
    ledger = held.shard.ledgers()["tiny"]
    asyncio.run(held.take_archive(FORCE, archive.collect(ledger, FORCE, messages, "id")))


def counted(folder: Path, messages: list[bytes]) -> tuple[Partition, Partition]:
    """A partition that has read it all, and one that was given the archive of it alone."""
    whole = partition(folder / "whole")
    for offset, payload in enumerate(messages):
        asyncio.run(whole.fold([Record(offset, payload)]))
    rebuilt = partition(folder / "rebuilt")
    given(rebuilt, published(whole))
    return whole, rebuilt


@pytest.mark.parametrize("lost", [0, 10, 40])
def test_archived_panes_win_over_what_a_shortened_log_counts(tmp_path: Path, lost: int) -> None:
    messages = history()
    whole = partition(tmp_path / "whole")
    for offset, payload in enumerate(messages):
        asyncio.run(whole.fold([Record(offset, payload)]))
    mail = published(whole)
    assert mail, "something was sealed"
    rebuilt = partition(tmp_path / "rebuilt")
    given(rebuilt, mail)
    for offset, payload in enumerate(messages[lost:], start=lost):
        asyncio.run(rebuilt.fold([Record(offset, payload)]))
    rebuilt.settle_archives()
    assert board(rebuilt) == board(whole)
    assert not published(rebuilt), "a fact is published once"


def test_archived_panes_survive_in_the_checkpoint(tmp_path: Path) -> None:
    messages = history()
    whole, rebuilt = counted(tmp_path, messages)
    for offset, payload in enumerate(messages[40:], start=40):
        asyncio.run(rebuilt.fold([Record(offset, payload)]))
    asyncio.run(rebuilt.save())
    rebuilt.checkpoint.close()
    again = partition(tmp_path / "rebuilt")
    assert again.folded == len(messages) - 1
    assert board(again) == board(whole)


def test_what_the_feed_has_carried_is_known_from_the_archive_alone(tmp_path: Path) -> None:
    marked = incident("x", "2021-02-03T12:00:00Z", markers=["hate.racial"])  # no counter has it
    first, second, third, *rest = history("incident")
    messages = [first, second, lines([marked]) + b"\n" + third, *rest]
    whole = partition(tmp_path / "whole", "incident")
    for offset, payload in enumerate(messages):
        asyncio.run(whole.fold([Record(offset, payload)]))
    rebuilt = partition(tmp_path / "rebuilt", "incident")
    given(rebuilt, published(whole))
    for offset, payload in enumerate(messages[40:], start=40):
        asyncio.run(rebuilt.fold([Record(offset, payload)]))
    rebuilt.settle_archives()
    since = ms("2021-02-03T12:00:00Z")
    marks = dict.fromkeys(("markers", "markers.hate", "markers.hate.racial"), since)
    for held in (whole, rebuilt):
        assert held.shard.ledgers()["tiny"].packer.carried.since == marks
    assert board(rebuilt) == board(whole)


def test_archived_panes_that_are_ahead_of_what_was_read_wait_for_their_time(tmp_path: Path) -> None:
    messages = history()
    whole, rebuilt = counted(tmp_path, messages)
    for offset, payload in enumerate(messages[:20]):
        asyncio.run(rebuilt.fold([Record(offset, payload)]))
    rebuilt.settle_archives()
    for offset, payload in enumerate(messages[20:], start=20):
        asyncio.run(rebuilt.fold([Record(offset, payload)]))
    assert board(rebuilt) == board(whole)


def test_it_is_said_how_many_published_messages_cannot_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = partition(tmp_path).shard.ledgers()["tiny"]
    key = b"tiny/call/hour/2021-02-03T12:00:00Z"
    found = archive.collect(ledger, FORCE, [(key, b'{"rows": 3}'), (key, b""), (b"x", b"")], "id")
    assert found.panes == {}
    assert "2 published messages of tiny/call/ can't be read" in caplog.text


@pytest.mark.parametrize("kind", ["call", "incident", "crime"])
def test_a_fact_keeps_its_meaning_when_the_force_file_changes(tmp_path: Path, kind: str) -> None:
    held = partition(tmp_path, kind)
    asyncio.run(held.fold([Record(0, history(kind, 1)[0])]))
    ledger = held.shard.ledgers()["tiny"]
    pane = ledger.panes.between(0, AT)
    value = archive.encode(ledger, FORCE, "hour", 0, pane)
    assert archive.decode(ledger, FORCE, value) == ("hour", 0, pane)
    new_area = '[[areas]]\nid = "east"\nname = "East"\nkind = "district"\n\n'
    changed = TINY_FORCE.replace(
        '[[areas]]\nid = "north-area"', new_area + '[[areas]]\nid = "north-area"'
    )
    changed = changed.replace("incident_categories = [", 'incident_categories = ["aaa", ')
    changed = changed.replace("offence_groups = [", 'offence_groups = ["aaa", ')
    other, problems = check_force(changed, "changed.toml")
    assert other is not None, problems
    fresh = Shard(kind, [other]).ledgers()["tiny"]
    _, _, renumbered = archive.decode(fresh, other, value)
    assert archive.encode(fresh, other, "hour", 0, renumbered) == value
    assert renumbered != pane
