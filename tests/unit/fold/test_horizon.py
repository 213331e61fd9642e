"""What is older than the horizon: sealed panes, refused records, bounded memory."""

import random
from typing import Any

from streams.board.monitor import Monitor, canonical
from streams.events.schema import Call, decode_line
from streams.fold.ledger import Ledger, Sealed
from streams.periods import DAY, HOUR, Calendar, rfc3339
from streams.registry.packing import Packer
from tests.build import FAR_FUTURE, call, crime, feed, incident, lines, monitor, ms, row, tiny_force

START = ms("2021-03-20T00:00:00Z")  # a week before the clocks go forward


def answered(name: str, offered: int) -> dict[str, Any]:
    """A call that was answered after five seconds, as it stands at the end."""
    return call(name, rfc3339(offered), answered_at=rfc3339(offered + 5000))


def calls_over_days(days: int, seed: int = 1) -> list[dict[str, Any]]:
    """Calls with versions, in the order of their updates but for a tenth that come days late."""
    chance = random.Random(seed)
    records: list[tuple[int, dict[str, Any]]] = []
    for n in range(days * 24):
        offered = START + n * HOUR + chance.randrange(3600) * 1000
        wait = chance.randrange(1, 60) * 1000
        late = chance.randrange(60) * DAY if chance.random() < 0.1 else 0
        for version, end in ((1, None), (2, rfc3339(offered + wait))):
            updated = offered + (wait if end else 0)
            record = call(
                f"c{n}",
                rfc3339(offered),
                version=version,
                updated_at=rfc3339(updated),
                answered_at=end,
            )
            records.append((updated + late, record))
    return [record for _, record in sorted(records, key=lambda item: item[0])]


def plain_sealing(records: list[dict[str, Any]]) -> tuple[set[int], dict[str, dict[str, Any]]]:
    """Which records are refused as sealed, and the winners, by the rule as it is written down."""
    calendar = Calendar(tiny_force().zone)
    watermark = sealed_before = next_hour = 0
    refused: set[int] = set()
    won: dict[str, dict[str, Any]] = {}
    for n, record in enumerate(records):
        if ms(record["offered_at"]) < sealed_before:
            refused.add(n)
            continue
        held = won.get(record["id"])
        if held is None or record["version"] > held["version"]:
            won[record["id"]] = record
        watermark = max(watermark, ms(record["updated_at"]))
        if watermark >= next_hour:
            next_hour = calendar.start("hour", watermark) + HOUR
            sealed_before = max(sealed_before, calendar.start("day", watermark - 35 * DAY))
    return refused, won


def test_the_records_refused_as_sealed_are_those_of_a_plain_list() -> None:
    records = calls_over_days(100)
    refused, won = plain_sealing(records)
    watched = monitor()
    found = watched.ingest(lines(records), FAR_FUTURE)
    assert {r.line for r in found} == refused
    assert {r.reason for r in found} == {"sealed"}
    assert len(refused) > 20
    months = ["2021-03", "2021-04", "2021-05", "2021-06"]
    at = START + 100 * DAY
    board = watched.board("tiny", at, months)
    for month in months:
        kept = [
            r for r in won.values() if rfc3339(ms(r["offered_at"]), tiny_force().zone)[:7] == month
        ]
        found_row = row(board, month, "calls", line="999")
        assert found_row["offered"] == len(kept)
        assert found_row["answered"] == sum("answered_at" in r for r in kept)


def test_records_leave_the_ledger_with_their_pane_and_figures_stay() -> None:
    watched = monitor()
    feed(watched, *calls_over_days(30))
    before = watched.board("tiny", START, ["2021-03"]).periods["2021-03"]
    feed(watched, call("later", rfc3339(START + 120 * DAY)))
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    assert list(ledger.entries) == ["later"]
    assert watched.board("tiny", START, ["2021-03"]).periods["2021-03"] == before


def test_the_records_of_a_day_leave_in_short_steps_between_which_all_sums_are_right() -> None:
    watched = monitor()
    watched.ingest(lines(answered(f"c{n}", START + n * 1000) for n in range(1200)), FAR_FUTURE)
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    last = decode_line(lines([answered("last", START + 40 * DAY)]))
    assert isinstance(last, Call)
    left, held = [], len(ledger.entries) + 1
    for _ in ledger.add(last, FAR_FUTURE) or ():
        offered = row(watched.board("tiny", START, ["2021-03"]), "2021-03", "calls", line="999")[
            "offered"
        ]
        assert offered == 1200
        left.append(held - len(ledger.entries))
        held = len(ledger.entries)
    assert [gone for gone in left if gone] == [500, 500, 200]


def test_memory_is_bounded_by_the_horizon_and_not_by_the_length_of_the_stream() -> None:
    watched = monitor()
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    most = 0
    for day in range(0, 400, 10):
        feed(
            watched,
            *(answered(f"c{day}-{n}", START + day * DAY + n * 20 * 60_000) for n in range(10 * 72)),
        )
        most = max(most, len(ledger.entries))
    assert most <= 47 * 72  # the horizon, the day it is cut at, and one batch
    assert len(ledger.panes.records) <= (48 + 25) * 60
    assert len(ledger.panes.hours) <= (396 + 2) * 24


def test_a_tombstone_leaves_with_the_horizon_too() -> None:
    watched = monitor()
    feed(watched, call("c1"), call("c1", version=2**45, deleted=True))
    feed(watched, call("later", "2021-09-01T00:00:00Z"), call("l2", "2021-09-03T00:00:00Z"))
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    assert "c1" not in ledger.entries


def test_a_tombstone_that_another_replaced_leaves_with_the_horizon_too() -> None:
    target = monitor()
    gone = {"kind": "call", "force": "tiny", "id": "a", "deleted": True}
    for at in (START, START + DAY):
        feed(target, {**gone, "updated_at": rfc3339(at)})
    feed(target, answered("b", START + 100 * DAY))
    ledger = target.ledger("call", "tiny")
    assert ledger is not None
    assert ledger.entries.keys() == {"b"}


def test_a_ledger_that_is_full_refuses_new_records_and_still_takes_versions() -> None:
    force = tiny_force()
    watched = Monitor([force])
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    ledger.most = 2
    feed(watched, call("c1"), call("c2"), call("c1", answered_at="2021-03-01T10:00:03Z"))
    refused = watched.ingest(lines([call("c3")]), FAR_FUTURE)
    assert [r.reason for r in refused] == ["ledger_full"]


def test_minutes_become_hours_after_two_days_and_the_sums_stay() -> None:
    watched = monitor()
    feed(watched, *calls_over_days(3))
    labels = ["2021-03-20T05", "2021-03-20", "2021-03-21", "2021-03"]
    before = watched.board("tiny", START, labels).periods
    feed(watched, call("later", rfc3339(START + 10 * DAY)))
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    assert all(minute * 60_000 >= START + 8 * DAY - HOUR for minute in ledger.panes.records)
    after = watched.board("tiny", START, labels).periods
    assert {k: after[k] for k in list(after)[:3]} == {k: before[k] for k in list(before)[:3]}


def test_a_version_that_comes_after_its_minute_became_an_hour_is_taken_out_and_put_in() -> None:
    watched = monitor()
    feed(watched, call("c1", "2021-03-01T10:10:00Z"), call("later", "2021-03-10T10:00:00Z"))
    feed(
        watched,
        call("c1", "2021-03-01T10:10:00Z", version=2**45, answered_at="2021-03-01T10:10:07Z"),
    )
    board = watched.board("tiny", ms("2021-03-10T10:00:00Z"), ["2021-03-01T10", "2021-03"])
    for label in ("2021-03-01T10+00:00", "2021-03"):
        assert row(board, label, "calls", line="999")["answered"] == 1


def test_figures_finer_than_what_is_kept_are_left_out_and_not_shown_as_zero() -> None:
    watched = monitor()
    feed(watched, call("c1", "2021-03-01T10:10:00Z"), call("later", "2021-03-10T10:00:00Z"))
    past = watched.board("tiny", ms("2021-03-01T10:20:30Z"))
    assert past.windows["15m"].rows("calls") is None
    assert row(past, "today", "calls", line="999")["offered"] == 1


def test_sealed_panes_are_told_once_each_and_hold_all_that_was_counted() -> None:
    watched = monitor()
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    told: list[Sealed] = []
    ledger.on_seal = told.extend
    records = calls_over_days(60)
    watched.ingest(lines(records), FAR_FUTURE)
    feed(watched, call("later", rfc3339(START + 150 * DAY)))
    assert len({(grain, start) for grain, start, _ in told}) == len(told)
    offered = sum(
        ledger.kind.layouts[0].read(value)["offered"]
        for _, _, pane in told
        for key, value in pane.items()
        if key < 1 << 40
    )
    assert offered == len(plain_sealing(records)[1])


def test_crimes_by_month_are_sealed_by_the_end_of_their_month() -> None:
    watched = monitor()
    feed(watched, crime("k1", "2021-03"), crime("k2", "2023-04-20T00:00:00Z"))
    late = crime("k3", "2021-03", updated_at="2023-04-20T00:00:00Z")
    feed(watched, late)  # 25 months after the month's end, less a few days
    feed(watched, crime("k4", "2023-05-03T00:00:00Z"))
    refused = watched.ingest(lines([{**late, "id": "k5"}]), FAR_FUTURE)
    assert [r.reason for r in refused] == ["sealed"]
    board = watched.board("tiny", ms("2023-05-03T00:00:00Z"), ["2021-03"])
    assert row(board, "2021-03", "crimes", offence="all")["count"] == 2


def test_incidents_known_only_to_the_month_may_come_25_months_late() -> None:
    watched = monitor()
    old = incident("i1", "2021-03", grade=None)
    feed(watched, incident("now", "2022-06-01T00:00:00Z"), old)
    board = watched.board("tiny", ms("2022-06-01T00:00:00Z"), ["2021-03"])
    assert row(board, "2021-03", "incidents", category="all", grade="all")["count"] == 1
    precise = incident("i2", "2021-03-05T00:00:00Z", updated_at="2022-06-01T00:00:00Z")
    assert [r.reason for r in watched.ingest(lines([precise]), FAR_FUTURE)] == ["sealed"]


def test_a_date_in_2090_does_not_move_the_watermark() -> None:
    watched = monitor()
    feed(watched, call("c1"))
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    before = ledger.watermark
    refused = watched.ingest(lines([call("c2", "2090-01-01T00:00:00Z")]), FAR_FUTURE)
    assert [r.reason for r in refused] == ["in_the_future"]
    assert ledger.watermark == before


def restored(ledger: Ledger) -> Ledger:
    """A ledger rebuilt from what a checkpoint would hold of another."""
    packer = Packer(ledger.kind, tiny_force())
    packer.restore(ledger.packer.facts.tuples)
    again = Ledger(packer, ledger.calendar)
    again.restore(
        dict(ledger.entries),
        watermark=ledger.watermark,
        sealed_before=ledger.sealed_before,
        sealed=[(grain, start, dict(pane)) for grain, start, pane in ledger.sealed_panes()],
        closed_until=dict(ledger.closed_until),
        revisions={key: dict(pane) for key, pane in ledger.revisions.items()},
    )
    return again


def test_a_restored_ledger_shows_and_goes_on_like_the_one_it_was_taken_from() -> None:
    records = calls_over_days(120)
    cut = len(records) // 2
    first, second = monitor(), monitor()
    first.ingest(lines(records[:cut]), FAR_FUTURE)
    original = first.ledger("call", "tiny")
    assert original is not None
    copy = restored(original)
    for shard in second.shards:
        if shard.kind == "call":
            shard.folds["tiny"] = copy
            shard.adders["tiny"] = copy.add
    labels = ["2021-03", "2021-03-21", "2021-04", "2021-05-10", "2021-05-10T05"]
    at = START + 60 * DAY
    assert canonical(first.board("tiny", at, labels)) == canonical(second.board("tiny", at, labels))
    rest = lines(records[cut:])
    refused = [
        [(r.line, r.reason) for r in watched.ingest(rest, FAR_FUTURE)]
        for watched in (first, second)
    ]
    assert refused[0] == refused[1]
    at = START + 120 * DAY
    assert canonical(first.board("tiny", at, labels)) == canonical(second.board("tiny", at, labels))
    assert copy.revisions == original.revisions
