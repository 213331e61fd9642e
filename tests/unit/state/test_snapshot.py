"""Snapshots: what is handed over to be written stays as it was, whatever is folded meanwhile."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import Monitor, Shard
from streams.errors import CheckpointError
from streams.fold.ledger import Ledger
from streams.kafka.partition import Partition
from streams.live import Live
from streams.periods import DAY, rfc3339
from streams.registry.counting import Counter
from streams.registry.crimes import CRIME
from streams.registry.registry import REGISTRY
from streams.state import snapshot as snapshots
from streams.state.departed import Departed
from streams.state.snapshot import Identity, Snapshot
from tests.build import Record, call, crime, lines, tiny_force
from tests.examples import one_in
from tests.late import END, START, counters, streams

FORCE = tiny_force()
NAMES = [f"{kind}{number}" for kind in ("call", "incident", "crime") for number in range(4)]
OPENED: list[Partition] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().checkpoint.close()


def partition(folder: str | Path, kind: str = "call") -> Partition:
    """A partition with its checkpoint."""
    identity = Identity("c", f"w.{kind}s", "id", 0, "rules", ("tiny",))
    live = Live(Monitor([FORCE], all_shards=False), clock=lambda: END)
    path = Path(folder) / f"{kind}.sqlite"
    made = Partition(live, Shard(kind, [FORCE]), path, identity, "w", 1)
    OPENED.append(made)
    made.load(1, "me")
    return made


def ledger_of(held: Partition) -> Ledger:
    return held.shard.ledgers()["tiny"]


def departed_of(held: Partition) -> Departed:
    departed = ledger_of(held).departed
    assert isinstance(departed, Departed)
    return departed


def figures(held: Partition) -> dict[str, Any]:
    """All that a checkpoint has to bring back."""
    ledger = ledger_of(held)
    left = {name: departed_of(held).get(name) for name in NAMES if name not in ledger.entries}
    found = {
        **counters(ledger),
        "by clock": [counted_by(ledger, clock) for clock in range(len(ledger.kind.clocks))],
        "left": {place: pane for place, pane in ledger.left.items() if pane},
        "offset": held.folded,
        "entries": ledger.entries,
        "departed": left,
        "revisions": ledger.revisions,
        "dated": [dated(ledger, clock) for clock in range(2)],
        "closed": ledger.closed_until,
        "sealed_before": ledger.sealed_before,
        "first": (ledger.began, ledger.first_known),
        "versions": ledger.versions.as_dict(),
    }
    return deepcopy(found)


def dated(ledger: Ledger, clock: int) -> list[tuple[Any, ...]]:
    """What has changed in closed periods; a month and its first day begin at the same instant."""
    found = ledger.dated.of(clock, START, END)
    return sorted(
        (start, change.first, change.last, sorted(change.flat.items())) for start, change in found
    )


def counted_by(ledger: Ledger, clock: int) -> list[dict[int, Any]]:
    """What is counted by a clock, pane by pane."""
    panes = ledger.panes_by(clock)
    stored = (panes.hours, panes.days, panes.whole_days, panes.whole_months)
    minutes = {minute: panes.minute(minute) for minute in panes.records}
    return [{at: pane for at, pane in found.items() if pane} for found in (*stored, minutes)]


RESOLVED = replace(
    CRIME,
    clocks=("recorded_at", "outcome_at"),
    counters=(*CRIME.counters, Counter("resolved", clock="outcome_at")),
)
"""Crimes that are counted by the time of their outcome, too."""


@st.composite
def resolved(draw: st.DrawFn) -> dict[str, Any]:
    """A version of one of a few crimes over four years, most of them with an outcome."""
    recorded = START + draw(st.integers(0, 1_500)) * DAY
    outcome = recorded + draw(st.sampled_from([0, 40, 780, 900])) * DAY
    fields: dict[str, Any] = {"updated_at": rfc3339(max(recorded, outcome))}
    if draw(st.booleans()):
        text = rfc3339(outcome)
        fields |= {"outcome": 1, "outcome_at": draw(st.sampled_from([text, text[:10]]))}
    return crime(f"crime{draw(st.integers(0, 3))}", rfc3339(recorded), **fields)


@one_in(4)
@given(st.lists(resolved(), min_size=2, max_size=14), st.data())
def test_what_is_counted_by_several_clocks_comes_back(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    with patch.dict(REGISTRY.kinds, crime=RESOLVED):
        written_at_any_instant(records, data)


@one_in(4)
@given(streams(20), st.data())
def test_what_is_written_is_the_state_at_the_instant_of_taking(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    written_at_any_instant(records, data)


def written_at_any_instant(records: list[dict[str, Any]], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(records) - 1))
    second = data.draw(st.integers(first + 1, len(records)))
    with tempfile.TemporaryDirectory() as folder:
        held = partition(folder, records[0]["kind"])

        async def fold(start: int, end: int) -> None:
            for offset in range(start, end):
                await held.fold([Record(offset, lines([records[offset]]))])

        write, go_on = held.checkpoint.save, threading.Event()

        def wait_and_write(snapshot: Snapshot) -> None:
            go_on.wait()
            write(snapshot)

        async def save_while(start: int, end: int) -> dict[str, Any]:
            go_on.clear()
            saving = asyncio.ensure_future(held.save())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            taken = figures(held)
            await fold(start, end)
            go_on.set()
            await saving
            return taken

        async def work() -> dict[str, Any]:
            await fold(0, first)
            await save_while(first, second)
            return await save_while(second, len(records))

        with patch.object(held.checkpoint, "save", wait_and_write):
            taken = asyncio.run(work())
        held.checkpoint.close()
        assert figures(partition(folder, records[0]["kind"])) == taken


@one_in(4)
@given(streams(20), st.data())
def test_saves_that_fail_lose_nothing(records: list[dict[str, Any]], data: st.DataObject) -> None:
    kind = records[0]["kind"]
    with tempfile.TemporaryDirectory() as folder:
        held = partition(folder, kind)
        for offset, record in enumerate(records):
            asyncio.run(held.fold([Record(offset, lines([record]))]))
            if not offset:
                asyncio.run(held.save())
            elif data.draw(st.booleans()):
                mine = held.checkpoint.identity
                held.checkpoint.claim(5, "newer")
                held.checkpoint.identity = msgspec.structs.replace(mine, generation=4)
                if held.changed:
                    with pytest.raises(CheckpointError):
                        asyncio.run(held.save())
        held.checkpoint.claim(6, "me")
        asyncio.run(held.save())
        held.checkpoint.close()
        assert figures(partition(folder, kind)) == figures(held)


def test_taking_hands_over_what_the_ledger_noted_however_much_it_is(tmp_path: Path) -> None:
    held = partition(tmp_path)
    payload = lines([call(f"c{number}") for number in range(100)])
    asyncio.run(held.fold([Record(0, payload)]))
    noted = ledger_of(held).changed
    snapshot = snapshots.take(held.shard, 0, {})
    assert snapshot.entries[0] is noted
    assert ledger_of(held).changed == {}
    assert noted == ledger_of(held).entries


def test_what_is_written_is_let_go(tmp_path: Path) -> None:
    held = partition(tmp_path)
    many = [call(f"c{n}", abandoned_at="2021-03-01T10:01:00Z") for n in range(100)]
    payload = lines([*many, call("late", "2021-06-01T10:00:00Z")])  # and the others leave
    asyncio.run(held.fold([Record(0, payload)]))
    snapshot = snapshots.take(held.shard, 0, {})
    held.checkpoint.save(snapshot)
    assert snapshot.entries == {0: {}}
    assert departed_of(held).writing == {}
    assert departed_of(held).get("c7") is not None


def test_revisions_that_were_taken_are_not_changed_any_more(tmp_path: Path) -> None:
    held = partition(tmp_path)
    later = "2021-03-01T15:00:00Z"
    versions = [
        call("c1", "2021-03-01T10:00:00Z"),
        call("c2", later),
        call("c1", "2021-03-01T10:00:00Z", answered_at="2021-03-01T10:00:05Z", updated_at=later),
        call("c1", deleted=True, updated_at="2021-03-01T15:01:00Z"),
    ]
    asyncio.run(held.fold([Record(0, lines(versions[:3]))]))
    taken = snapshots.take(held.shard, 0, {}).revisions[0]
    before = deepcopy(taken)
    assert before
    asyncio.run(held.fold([Record(1, lines(versions[3:]))]))
    assert taken == before
    assert ledger_of(held).revisions != before
