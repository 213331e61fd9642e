"""What a checkpoint was written under: records are read again, or counted again, or neither."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.model import Board
from streams.board.monitor import Monitor, Shard
from streams.fold.ledger import Ledger, Uncounted
from streams.kafka.partition import Partition
from streams.live import Live
from streams.registry.calls import CALL
from streams.registry.conditions import is_, present
from streams.registry.counting import Counter, CounterLayout
from streams.registry.facts import Flag
from streams.registry.kind import Kind, OpenRecords
from streams.registry.registry import REGISTRY
from streams.state import archive
from streams.state.declared import Recount, fingerprint
from streams.state.snapshot import Identity
from tests.build import Record, call, lines, ms, row, tiny_force
from tests.late import END, counters

FORCE = tiny_force()
FEW = replace(CALL, counters=tuple(each for each in CALL.counters if each.name != "lost"))
"""Calls of which those that were lost are not counted."""
OTHERWISE = replace(
    CALL, counters=(*FEW.counters, Counter("lost", is_("end", "lost") & is_("line", "999")))
)
OPENED: list[Partition] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().checkpoint.close()


# -- the fingerprint of what a record means -------------------------------------------------------


def test_it_is_the_same_in_every_process() -> None:
    code = (
        "from streams.registry.registry import REGISTRY as r\n"
        "from streams.state.declared import fingerprint as f\n"
        "print([f(kind, [], 4) for kind in r.kinds.values()])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str([fingerprint(k, [], 4) for k in REGISTRY.kinds.values()])


def test_counters_and_measures_are_not_in_it() -> None:
    assert fingerprint(FEW, [FORCE], 4) == fingerprint(CALL, [FORCE], 4)
    assert fingerprint(OTHERWISE, [FORCE], 4) == fingerprint(CALL, [FORCE], 4)
    assert fingerprint(replace(CALL, groups=()), [FORCE], 4) == fingerprint(CALL, [FORCE], 4)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(CALL, facts=(*CALL.facts, Flag("f", present("area")))), id="fact"),
        pytest.param(replace(CALL, rules=()), id="rule"),
        pytest.param(replace(CALL, times=CALL.times[1:]), id="time"),
        pytest.param(replace(CALL, clocks=("offered_at", "ended_at")), id="clock"),
        pytest.param(replace(CALL, dimensions=CALL.dimensions[1:]), id="dimension"),
        pytest.param(
            replace(CALL, gauges=(*CALL.gauges, OpenRecords("placed", present("area")))), id="gauge"
        ),
        pytest.param(replace(CALL, timings=(), counters=()), id="duration that is kept"),
    ],
)
def test_anything_that_decides_what_a_packed_record_is_changes_it(other: Kind) -> None:
    assert fingerprint(other, [FORCE], 4) != fingerprint(CALL, [FORCE], 4)


def test_the_form_and_the_lists_of_a_force_change_it() -> None:
    other = tiny_force(offence_groups='["burglary.residential"]')
    assert fingerprint(CALL, [FORCE], 5) != fingerprint(CALL, [FORCE], 4)
    assert fingerprint(CALL, [other], 4) != fingerprint(CALL, [FORCE], 4)
    assert fingerprint(None, [other], 4) != fingerprint(None, [FORCE], 4)


# -- panes that were counted under other declarations ---------------------------------------------


def test_what_is_counted_alike_needs_no_recount() -> None:
    assert not Recount(CALL.counted, CALL).changed


def test_a_counter_that_is_counted_otherwise_is_as_new_as_one_that_was_not_there() -> None:
    now = Uncounted(5, 7)
    for before in (FEW, OTHERWISE):
        assert Recount(before.counted, CALL).uncounted({}, now) == {(0, "lost"): now}
    assert Recount(CALL.counted, FEW).uncounted({}, now) == {}


def test_what_was_not_known_stays_so_as_long_as_it_is_counted_alike() -> None:
    old, now = Uncounted(1, 2), Uncounted(5, 7)
    known = {(0, "lost"): old}
    assert Recount(FEW.counted, CALL).uncounted(known, now) == {(0, "lost"): now}
    more = replace(CALL, counters=(*CALL.counters, Counter("more")))
    assert Recount(CALL.counted, more).uncounted(known, now) == {
        (0, "lost"): old,
        (0, "more"): now,
    }
    assert Recount(CALL.counted, FEW).uncounted(known, now) == {}


@given(st.lists(st.integers(-1000, 1000), min_size=10, max_size=10))
def test_counters_of_a_pane_or_of_a_change_move_to_the_places_that_they_have_now(
    numbers: list[int],
) -> None:
    more = replace(CALL, counters=(Counter("first"), *reversed(FEW.counters)))
    before, after = CALL.layouts[0], more.layouts[0]
    values = dict(zip(before.names, numbers, strict=False))
    bin_key = 7 | 1 << 40
    pane = {7: packed(before, values), bin_key: 3}
    kept = {name: n for name, n in values.items() if name != "lost"}
    found = Recount(CALL.counted, more).pane(0, pane)
    assert found == {k: n for k, n in {7: packed(after, kept), bin_key: 3}.items() if n}


def packed(layout: CounterLayout, values: dict[str, int]) -> int:
    return sum(n << layout.shift[name] for name, n in values.items())


# -- a checkpoint that is loaded under other declarations -----------------------------------------


def partition(folder: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> Partition:
    monkeypatch.setitem(REGISTRY.kinds, "call", kind)
    mark = fingerprint(kind, [FORCE], 4)
    identity = Identity("c", "w.calls", "id", 0, mark, ("tiny",))
    live = Live(Monitor([FORCE], all_shards=False), clock=lambda: END)
    made = Partition(live, Shard("call", [FORCE]), folder / "c.sqlite", identity, "w", 1)
    OPENED.append(made)
    made.load(1, "me")
    made.show()
    return made


def ledger_of(held: Partition) -> Ledger:
    return held.shard.ledgers()["tiny"]


def lost(name: str, at: str, **fields: Any) -> dict[str, Any]:
    """A call that ended with neither an answer nor an abandonment on record."""
    return call(name, at, ended_at=at.replace("00Z", "30Z"), **fields)


SEALED, OPEN_MONTH = "2021-01-15T10:00:00Z", "2021-03-14T10:00:00Z"


def filled(
    folder: Path,
    kind: Kind,
    monkeypatch: pytest.MonkeyPatch,
    published: list[tuple[bytes | None, bytes | None]] | None = None,
) -> None:
    """A checkpoint of some calls; `published` is given what is sent to the topic of that name."""
    held = partition(folder, kind, monkeypatch)
    log = [
        [lost("old", SEALED), call("older", SEALED, answered_at="2021-01-15T10:00:03Z")],
        [lost("new", OPEN_MONTH)],
        [lost("now", "2021-03-20T10:00:00Z")],
        [lost("new", OPEN_MONTH, line="101", updated_at="2021-03-20T10:05:00Z")],
    ]
    for offset, records in enumerate(log):
        asyncio.run(held.fold([Record(offset, lines(records))]))
    sent = asyncio.run(held.save())
    if published is not None:
        published += [(each.key, each.value) for _, each in sent if each.topic == "w.published"]
    held.checkpoint.close()


def end_unknown(held: Partition, period: str) -> tuple[Any, Any]:
    """Of the calls on 999 how many were offered, and how many lost."""
    board: Board = held.live.monitor.board("tiny", ms("2021-03-20T10:00:00Z"), [period])
    found = row(board, period, "calls", line="999")
    return found["offered"], found["end_unknown"]


def test_a_new_counter_is_counted_of_live_records_and_is_not_known_of_sealed_periods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, FEW, monkeypatch)
    again = partition(tmp_path, CALL, monkeypatch)
    assert again.folded == 3
    assert end_unknown(again, "2021-01-15") == (2, None)
    assert end_unknown(again, "2021-03-20") == (1, 1)


def test_what_a_late_version_changes_in_a_sealed_period_leaves_the_new_counter_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, FEW, monkeypatch)
    again = partition(tmp_path, CALL, monkeypatch)
    late = lines([lost("old", SEALED, line="101", updated_at="2021-03-20T11:00:00Z")])
    asyncio.run(again.fold([Record(4, late)]))
    assert end_unknown(again, "2021-01-15") == (1, None)
    pane = ledger_of(again).panes.stored("hour", ms(SEALED) // 60_000)
    layout = CALL.layouts[0]
    assert [layout.read(value)["lost"] for key, value in pane.items() if key < 1 << 40] == [0, 0]


def test_how_a_new_counter_stood_when_a_period_closed_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, FEW, monkeypatch)
    again = partition(tmp_path, CALL, monkeypatch)
    board = again.live.monitor.board("tiny", ms("2021-03-20T10:00:00Z"), ["2021-03-14"])
    first = board.revisions["2021-03-14"]["calls"]
    found = next(r for r in first if (r["line"], r["area"]) == ("999", "force"))
    assert (found.count_of("offered"), found["end_unknown"]) == (1, None)


def test_nor_how_it_stood_in_a_period_that_was_partly_sealed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, FEW, monkeypatch)
    ledger = ledger_of(partition(tmp_path, CALL, monkeypatch))
    year, april = (
        ledger.calendar.holding(*each)
        for each in (("financial_year", ms(SEALED)), ("month", ms("2021-04-10T10:00:00Z")))
    )
    assert "lost" in ledger.unpublished_in("offered_at", year)
    assert "lost" not in ledger.unpublished_in("offered_at", april)


def test_counting_again_is_saved_and_done_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, FEW, monkeypatch)
    again = partition(tmp_path, CALL, monkeypatch)
    assert again.changed
    asyncio.run(again.save())
    again.checkpoint.close()
    once = partition(tmp_path, CALL, monkeypatch)
    assert not once.changed
    assert counters(ledger_of(once)) == counters(ledger_of(again))
    assert ledger_of(once).revisions == ledger_of(again).revisions
    assert end_unknown(once, "2021-01-15") == (2, None)


def test_a_process_that_dies_before_its_first_save_counts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, FEW, monkeypatch)
    first = partition(tmp_path, CALL, monkeypatch)
    again = partition(tmp_path, CALL, monkeypatch)
    assert counters(ledger_of(again)) == counters(ledger_of(first))
    assert again.changed


def test_a_published_pane_says_what_was_counted_and_a_newer_counter_has_no_figure_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[bytes | None, bytes | None]] = []
    filled(tmp_path, FEW, monkeypatch, sent)
    (tmp_path / "again").mkdir()
    again = partition(tmp_path / "again", CALL, monkeypatch)
    known = archive.collect(ledger_of(again), FORCE, sent, "id")
    asyncio.run(again.take_archive(FORCE, known))
    asyncio.run(again.fold([Record(2, lines([lost("now", "2021-03-20T10:00:00Z")]))]))
    assert end_unknown(again, "2021-01-15") == (2, None)
    assert end_unknown(again, "2021-03-20") == (1, 1)


def test_a_new_fact_means_a_rebuild_from_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path, CALL, monkeypatch)
    other = replace(CALL, facts=(*CALL.facts, Flag("placed", present("area"))))
    again = partition(tmp_path, other, monkeypatch)
    assert again.folded == -1
    assert "rebuilding from the log" in caplog.text
