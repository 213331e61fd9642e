"""Counting never holds the event loop, a lock or a request to end for long, whatever comes."""

from __future__ import annotations

import asyncio
import gc
import json
import random
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.board.monitor import Folded, Monitor, Shard, canonical
from streams.config.force import Force, find_force
from streams.kafka.alerts import TopicAlerts
from streams.kafka.assignments import AssignedPartitions
from streams.kafka.partition import NO_OFFSET, Partition, fingerprint
from streams.kafka.producer import Outbox
from streams.kafka.rebuild import LogReader
from streams.kafka.settings import Cluster, WorkerSettings
from streams.live import LONG, Busy, Health, Live
from streams.periods import DAY, HOUR, MINUTE, rfc3339
from streams.state import surveillance as watching
from streams.state.snapshot import Identity
from tests.build import FAR_FUTURE, Record, StillStream, ms

pytestmark = pytest.mark.replays  # weeks and months of a county

TP = TopicPartition("w.incidents", 0)
COUNTY = find_force("warwickshire")
START = ms("2021-03-01T00:00:00Z")
MOST = 0.1
"""Seconds of its own CPU time for which the thread of the event loop may be held."""
CATEGORIES = ("asb.personal", "burglary", "theft", "missing_person", "road_collision", "other")


def incidents(count: int, step: int, first: int = START, name: str = "i") -> bytes:
    """So many incidents one step apart, all over the county."""
    chance = random.Random(count)
    areas = [area.id for area in COUNTY.file.areas]
    found = []
    for n in range(count):
        at = rfc3339(first + n * step)
        found.append(
            {
                "kind": "incident",
                "force": COUNTY.id,
                "id": f"{name}{n}",
                "version": 1,
                "opened_at": at,
                "updated_at": at,
                "category": chance.choice(CATEGORIES),
                "grade": "priority",
                "area": chance.choice(areas),
            }
        )
    return b"\n".join(json.dumps(each).encode() for each in found)


async def nothing_stored(_: int) -> list[bytes] | None:
    return []


def with_unknown_grades(payload: bytes) -> bytes:
    """The same lines, each with a grade that no list has."""
    found = [{**json.loads(line), "grade": "new_grade"} for line in payload.split(b"\n")]
    return b"\n".join(json.dumps(each).encode() for each in found)


YEARS_LATER = incidents(2, 34 * DAY, START + 4_000 * DAY, "later")


def partition(folder: Path, live: Live | None = None) -> Partition:
    forces: tuple[Force, ...] = (COUNTY,)
    identity = Identity("c", "w.incidents", "id", 0, fingerprint("incident", forces), (COUNTY.id,))
    live = live or Live(Monitor(forces, all_shards=False))
    folder.mkdir(exist_ok=True)
    made = Partition(
        live, Shard("incident", forces), folder / "i.sqlite", identity, "w", 1, surveillance=True
    )
    made.load(1, "me")
    made.show()
    return made


async def turns(work: Coroutine[Any, Any, Any]) -> float:
    """Does something; returns the longest time that the loop was held, by its thread's own CPU
    time, so that other work on the machine makes no difference. What other tests have left in
    memory is kept out of the garbage collector's rounds, as a worker does with what it imports."""
    task = asyncio.ensure_future(work)
    longest = 0.0
    gc.freeze()
    try:
        while not task.done():
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
    finally:
        gc.unfreeze()
    await task
    return longest


def board(held: Partition) -> bytes:
    return canonical(held.live.monitor.board(COUNTY.id, START + 30 * DAY, ["2021-03", "2021-Q1"]))


# -- the event loop -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([incidents(20_000, 5 * 1000)], id="20,000 lines of a day"),
        pytest.param([incidents(900, HOUR)], id="five weeks of hours in a message"),
        pytest.param(
            [incidents(2_000, 30 * MINUTE), incidents(40, 20 * HOUR, START + 70 * DAY)],
            id="two messages with hours between",
        ),
        pytest.param(
            [with_unknown_grades(incidents(900, HOUR)), with_unknown_grades(YEARS_LATER)],
            id="lines with unknown values, over weeks and over a gap",
        ),
        pytest.param(
            [
                incidents(3_000, 20 * MINUTE),
                incidents(2, 34 * DAY, START + 76 * DAY, "quiet"),
                incidents(2, 4_000 * DAY, START + 500 * DAY, "gap"),
            ],
            id="a month that may be quiet, and gaps of years",
        ),
    ],
)
def test_the_loop_gets_its_turn_while_messages_are_folded_and_saved(
    messages: list[bytes], tmp_path: Path
) -> None:
    held = partition(tmp_path)
    settings = WorkerSettings("127.0.0.1:9", (COUNTY,), tmp_path, prefix="w")
    lease = StillStream().membership.lease
    alerts = TopicAlerts(settings, held.live, lease, lambda _: held, nothing_stored, lambda: 1)
    alerts.service.attach(held.shard)

    async def work() -> None:
        for offset, payload in enumerate(messages):
            await held.fold([Record(offset, payload)])
        await held.save()

    longest = asyncio.run(turns(work()))
    assert held.saved == len(messages) - 1
    assert not held.shard.surveillance[COUNTY.id].faults
    assert longest < MOST
    held.checkpoint.close()


def test_who_waits_for_a_timer_has_a_turn_between_any_two_slices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.partition.FOLDING", 0.0)
    held = partition(tmp_path)
    slices, between = 0, []

    async def tick() -> None:
        while True:
            before = slices
            await asyncio.sleep(1e-9)
            between.append(slices - before)

    def on_slice() -> None:
        nonlocal slices
        slices += 1

    async def work() -> None:
        held.on_slice = on_slice
        ticking = asyncio.ensure_future(tick())
        await held.fold([Record(0, incidents(900, MINUTE))])
        ticking.cancel()

    asyncio.run(work())
    assert slices > 20
    assert max(between) == 1


def test_a_message_in_slices_counts_what_it_counts_in_one(tmp_path: Path) -> None:
    payload = incidents(400, 2 * HOUR) + b"\nrubbish\n" + incidents(1, HOUR, START + 99 * DAY, "z")
    held, plain = partition(tmp_path), partition(tmp_path / "plain")
    asyncio.run(held.fold([Record(0, payload)]))
    plain.live.ingest(payload, FAR_FUTURE, plain.shard)
    assert board(held) == board(plain)
    assert held.refused == {"not_json": 1}


def test_a_line_with_an_unknown_value_closes_its_periods_in_steps() -> None:
    monitor = Monitor([COUNTY])
    watching.watch_all(monitor)
    monitor.ingest(incidents(1, HOUR), FAR_FUTURE)
    later = with_unknown_grades(incidents(1, HOUR, START + 30 * DAY, "later"))
    assert sum(1 for _ in monitor.steps(later, FAR_FUTURE, None, Folded())) > 30 * 24


def test_reading_back_gives_the_loop_its_turn_and_stops_where_the_assignment_changes(
    tmp_path: Path,
) -> None:
    held = partition(tmp_path)
    changed: list[bool] = []
    reader = LogReader("127.0.0.1:9", lambda _: None, lambda: bool(changed))
    records = [Record(n, incidents(40, 3 * HOUR, START + n * 5 * DAY, f"{n}-")) for n in range(9)]

    async def work() -> None:
        await reader._fold(None, {TP: records[:6]}, {TP: held})
        changed.append(True)
        await reader._fold(None, {TP: records[6:]}, {TP: held})

    longest = asyncio.run(turns(work()))
    assert held.folded == 5
    assert held.read_back == 6 * 40
    assert longest < MOST


# -- what a checkpoint holds --------------------------------------------------------------------


LONG_MESSAGE = incidents(700, HOUR)


def test_no_snapshot_holds_a_part_of_a_message(tmp_path: Path) -> None:
    held = partition(tmp_path)

    async def work() -> None:
        await held.fold([Record(0, incidents(5, HOUR, START - DAY, "before"))])
        folding = asyncio.ensure_future(held.fold([Record(1, LONG_MESSAGE)]))
        await asyncio.sleep(0)
        assert held.folded == 0
        await held.save()
        assert held.saved == held.folded == 1
        await folding

    asyncio.run(work())
    held.checkpoint.close()
    again = partition(tmp_path)
    assert again.folded == 1
    assert board(again) == board(held)
    again.checkpoint.close()


def test_whoever_is_cancelled_leaves_a_message_to_its_end(tmp_path: Path) -> None:
    held = partition(tmp_path)

    async def work() -> None:
        folding = asyncio.ensure_future(held.fold([Record(0, LONG_MESSAGE)]))
        await asyncio.sleep(0)
        folding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await folding
        assert held.folded == NO_OFFSET
        await held.settled()

    asyncio.run(work())
    assert held.folded == 0
    assert len(held.shard.ledgers()[COUNTY.id].entries) == 700


def test_a_message_that_takes_long_is_given_up_at_the_end_and_nothing_of_it_is_saved(
    tmp_path: Path,
) -> None:
    held = partition(tmp_path)

    async def work() -> None:
        await held.fold([Record(0, incidents(5, HOUR, START - DAY, "before"))])
        await held.save()
        folding = asyncio.ensure_future(held.fold([Record(1, LONG_MESSAGE)]))
        await asyncio.sleep(0)
        await held.settle(0.0)
        await folding
        assert held.torn
        assert await held.save() == []

    asyncio.run(work())
    held.checkpoint.close()
    again = partition(tmp_path)
    assert again.folded == 0
    assert len(again.shard.ledgers()[COUNTY.id].entries) == 5
    again.checkpoint.close()


def test_messages_of_two_readers_take_turns_and_count_once(tmp_path: Path) -> None:
    held = partition(tmp_path)
    payloads = [incidents(60, 6 * HOUR, START + n * 15 * DAY, f"m{n}-") for n in range(6)]

    async def read() -> None:
        for offset, payload in enumerate(payloads):
            await held.fold([Record(offset, payload)])

    async def work() -> None:
        await asyncio.gather(read(), read())

    asyncio.run(work())
    assert held.folded == 5
    assert held.shard.ledgers()[COUNTY.id].versions.as_dict()["new"] == 360


# -- others -------------------------------------------------------------------------------------


def test_another_thread_gets_the_lock_between_slices(tmp_path: Path) -> None:
    held, waits, done = partition(tmp_path), list[float](), threading.Event()

    def read() -> None:
        while not done.wait(0.01):
            begun = time.monotonic()
            with held.live.lock:
                waits.append(time.monotonic() - begun)

    reader = threading.Thread(target=read)
    reader.start()
    asyncio.run(held.fold([Record(0, LONG_MESSAGE)]))
    done.set()
    reader.join()
    assert len(waits) > 2  # without slices: once within, and once after


def test_a_board_can_be_read_between_any_two_steps() -> None:
    monitor = Monitor([COUNTY])
    watching.watch_all(monitor)
    live = Live(monitor, lambda: START + 40 * DAY)
    folded = Folded()
    payload = incidents(40, 20 * HOUR)
    boards = 0
    for step, _ in enumerate(monitor.steps(payload, FAR_FUTURE, None, folded)):
        if step % 40 == 0:
            shown = live.board(COUNTY.id)
            assert shown.ingest["incident"].new == folded.lines
            assert shown.windows["month"]["incidents"]
            boards += 1
    assert folded.lines == 40
    assert boards > 20


# -- health -------------------------------------------------------------------------------------


class Clock:
    at = 100.0

    def __call__(self) -> float:
        return self.at


def test_a_pause_is_as_long_as_the_counting_before_it() -> None:
    clock = Clock()
    busy = Busy(clock)
    assert (busy.seconds, busy.long) == (0, False)
    busy.begin()
    clock.at += 1.5
    assert (busy.seconds, busy.long, busy.turn) == (1.5, False, 1.5)
    busy.end()
    clock.at += 0.1
    busy.begin()
    clock.at += 0.6
    assert (busy.long, busy.words) == (
        True,
        "figures may be behind: counting for 2 s without a pause",
    )
    busy.end()
    clock.at += 0.5
    assert (busy.long, busy.turn) == (True, 0)
    clock.at += 0.2
    assert (busy.seconds, busy.long) == (0, False)
    busy.begin()
    clock.at += 1
    assert busy.seconds == 1


def test_who_has_nothing_left_to_count_is_ready_however_long_it_counted() -> None:
    clock, health = Clock(), Health()
    health.state, health.busy = "live", Busy(clock)
    health.busy.begin()
    clock.at += LONG + 1
    health.busy.end()
    assert not health.ready
    health.busy.rest()
    assert health.ready


def test_a_live_process_that_counts_for_seconds_is_behind_until_it_pauses() -> None:
    clock, health = Clock(), Health()
    health.state, health.detail, health.busy = "live", "reading as lines arrive", Busy(clock)
    health.busy.begin()
    assert (health.ready, health.shown[0]) == (True, "live")
    clock.at += LONG + 1
    assert (health.ready, health.shown) == (
        False,
        ("behind", "figures may be behind: counting for 3 s without a pause"),
    )
    health.busy.end()
    clock.at += LONG + 2
    assert health.shown == ("live", "reading as lines arrive")
    assert health.ready


def test_a_worker_with_a_message_that_takes_long_is_behind_and_then_live_again(
    tmp_path: Path,
) -> None:
    clock, seen = Clock(), list[tuple[str, str]]()

    async def work() -> None:
        settings = WorkerSettings("127.0.0.1:9", (COUNTY,), tmp_path, prefix="w")
        cluster = Cluster("c", 1, {"w.incidents": "id"})
        live = Live(Monitor(settings.forces, all_shards=False))
        assigned = AssignedPartitions(settings, cluster, live, Outbox("127.0.0.1:9"), StillStream())
        key = ("w.incidents", 0)
        assigned.assign({key}, 1, "me")
        await assigned._load(key)
        held = assigned.partitions[key]
        held.busy = Busy(clock)
        assigned._on_ready(held)
        assert live.health.state == "live"
        on_slice = held.on_slice

        def slow() -> None:
            clock.at += 1.5
            assigned._refreshed = 0.0
            on_slice()
            seen.append((live.health.state, live.health.detail))

        held.on_slice = slow
        await assigned.accept(key, [Record(0, LONG_MESSAGE)])
        clock.at += 1000
        assigned.refresh()
        seen.append((live.health.state, live.health.detail))
        await assigned.close()
        await assigned.outbox.close()

    asyncio.run(work())
    assert seen[0] == ("live", "1 partitions")
    assert ("behind", "figures may be behind: counting for 3 s without a pause") in seen
    assert seen[-1] == ("live", "1 partitions")


def test_what_is_started_over_shows_what_is_counted_anew_and_not_what_was(tmp_path: Path) -> None:
    held = partition(tmp_path)
    asyncio.run(held.fold([Record(0, incidents(5, HOUR))]))
    held.start_over("is at 0, and the log ends at 0")
    held.show()
    asyncio.run(held.fold([Record(0, incidents(2, HOUR, name="anew"))]))
    assert held.live.monitor.shards == [held.shard]
    shown = held.live.monitor.board(COUNTY.id, START + DAY).ingest["incident"]
    assert shown.records == 2
    held.checkpoint.close()
