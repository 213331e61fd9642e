"""The fold: versions, duplicates, order, tombstones, against a plain count of the winners."""

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import canonical
from streams.periods import rfc3339
from tests.build import FAR_FUTURE, call, crime, feed, gauges, incident, lines, monitor, ms, row
from tests.examples import one_in
from tests.oracle import attendance_row, call_row, winners

AT = ms("2021-03-01T12:00:00Z")
LABELS = ("2021-03-01T10", "2021-03-01", "2021-03", "2021-Q1", "2020/21")
AREAS = [None, "north-area", "north", "south"]

minutes = st.integers(0, 150)


@st.composite
def versions(draw: st.DrawFn) -> dict[str, Any]:
    """One version of one of a few records; equal versions with other content are likely."""
    kind = draw(st.sampled_from(["call", "incident", "crime"]))
    name = f"{kind}{draw(st.integers(0, 4))}"
    start = f"2021-03-01T{9 + draw(st.integers(0, 1)):02d}:{draw(st.integers(0, 59)):02d}:00Z"
    later = f"2021-03-01T11:{draw(st.integers(0, 59)):02d}:{draw(st.integers(0, 59)):02d}Z"
    common = {
        "version": draw(st.one_of(st.none(), st.integers(1, 3))),
        "updated_at": f"2021-03-01T11:59:{draw(st.integers(57, 59))}Z",
        "area": draw(st.sampled_from(AREAS)),
        "deleted": draw(st.sampled_from([None, None, None, True])),
    }
    if kind == "call":
        disposition = draw(st.sampled_from([None, "answered_at", "abandoned_at", "ended_at"]))
        line = draw(st.sampled_from(["999", "101"]))
        return call(
            name, start, line=line, **common, **({disposition: later} if disposition else {})
        )
    if kind == "incident":
        times = {"arrived_at": later, "closed_at": later}
        chosen = draw(st.sets(st.sampled_from(sorted(times))))
        return incident(
            name,
            start,
            grade=draw(st.sampled_from(["emergency", "priority", None])),
            category=draw(st.sampled_from(["asb.personal", "asb.nuisance", "new_code"])),
            cancelled=draw(st.sampled_from([None, True])),
            **common,
            **{key: times[key] for key in chosen},
        )
    when = draw(st.sampled_from([start, "2021-03-01", "2021-03"]))
    return crime(name, when, cancelled=draw(st.sampled_from([None, True])), **common)


def final_board(records: list[dict[str, Any]]) -> bytes:
    watched = monitor()
    feed(watched, *records)
    return canonical(watched.board("tiny", AT, LABELS))


@one_in(2)
@given(st.lists(versions(), max_size=12), st.randoms(use_true_random=False))
def test_any_order_and_any_duplication_give_the_same_board(
    records: list[dict[str, Any]], chance: random.Random
) -> None:
    again = records + [record for record in records if chance.random() < 0.5]
    chance.shuffle(again)
    assert final_board(again) == final_board(records)


@one_in(2)
@given(st.lists(versions(), max_size=12), st.sampled_from(["call0", "incident1", "crime2"]))
def test_a_deleted_version_gives_the_board_without_the_record(
    records: list[dict[str, Any]], name: str
) -> None:
    kind = name.rstrip("0123456789")
    tombstone = {
        "kind": kind,
        "force": "tiny",
        "id": name,
        "version": 2**62,
        "updated_at": "2021-03-01T11:59:59Z",
        "deleted": True,
    }
    without = [record for record in records if record["id"] != name]
    heard = [call("a"), incident("b"), crime("c")]  # a tombstone is a sign of life, too
    assert final_board([*heard, tombstone, *records]) == final_board([*heard, *without])


@one_in(2)
@given(st.lists(versions(), max_size=12), st.integers(1, 5))
def test_the_board_does_not_depend_on_how_lines_are_cut_into_payloads(
    records: list[dict[str, Any]], size: int
) -> None:
    watched = monitor()
    for start in range(0, len(records), size):
        watched.ingest(lines(records[start : start + size]), FAR_FUTURE)
    assert canonical(watched.board("tiny", AT, LABELS)) == final_board(records)


def a_busy_morning(seed: int) -> list[dict[str, Any]]:
    """Calls and incidents in up to three versions each, as a control room would send them."""
    chance = random.Random(seed)
    records = []
    for n in range(400):
        opened = ms("2021-03-01T09:00:00Z") + chance.randrange(3 * 3600) * 1000
        wait = int(chance.expovariate(1 / 25) * 1000)

        area = chance.choice(AREAS)
        line = chance.choice(["999", "101"])
        end = "answered_at" if chance.random() < 0.8 else "abandoned_at"
        first = call(f"c{n}", rfc3339(opened), version=1, line=line, area=area)
        records.append(first)
        if chance.random() < 0.9:
            records.append(
                call(
                    f"c{n}",
                    rfc3339(opened),
                    version=2,
                    line=line,
                    area=area,
                    **{end: rfc3339(opened + wait)},
                )
            )
        grade = chance.choice(["emergency", "priority"])
        records.append(incident(f"i{n}", rfc3339(opened), version=1, area=area, grade=grade))
        if chance.random() < 0.7:
            arrived = rfc3339(opened + int(chance.lognormvariate(6, 0.6) * 1000))
            records.append(
                incident(
                    f"i{n}", rfc3339(opened), version=2, area=area, grade=grade, arrived_at=arrived
                )
            )
    chance.shuffle(records)
    return records


def test_the_rows_of_a_busy_morning_are_those_of_a_plain_count() -> None:
    records = a_busy_morning(7)
    watched = monitor()
    feed(watched, *records)
    board = watched.board("tiny", AT, ["2021-03-01T10", "2021-03-01"])
    won = winners(records)
    within = {
        "2021-03-01T10+00:00": ("2021-03-01T10:00", "2021-03-01T11:00"),
        "2021-03-01": ("2021-03-01T00:00", "2021-03-02T00:00"),
        "1h": ("2021-03-01T11:00", "2021-03-01T12:00"),
        "15m": ("2021-03-01T11:45", "2021-03-01T12:00"),
        "today": ("2021-03-01T00:00", "2021-03-02T00:00"),
    }
    under: dict[str, set[str | None]] = {
        "force": set(AREAS),
        "north-area": {"north-area", "north"},
        "south": {"south"},
    }
    checked = 0
    for window, (start, end) in within.items():
        for area, areas in under.items():
            here = [r for r in won if r.get("area") in areas and start <= begin_of(r) < end]
            for line, limit in (("999", 10), ("101", 30)):
                plain = call_row([c for c in here if c.get("line") == line], limit)
                if plain["offered"]:
                    assert_same(row(board, window, "calls", line=line, area=area), plain)
                    checked += 1
            plain = attendance_row([i for i in here if i["kind"] == "incident"], 1200)
            if plain["emergencies"]:
                assert_same(row(board, window, "attendance", area=area), plain)
                checked += 1
    assert checked > 35


def begin_of(record: dict[str, Any]) -> str:
    return str(record.get("offered_at") or record.get("opened_at") or record.get("recorded_at"))


def assert_same(found: dict[str, Any], plain: dict[str, Any]) -> None:
    """Counts and ratios equal; durations exact below 128 s and within 1 % above."""
    for name, value in plain.items():
        if isinstance(value, tuple):
            assert (found[name]["numerator"], found[name]["denominator"]) == value, name
        elif name.endswith(("_median", "_p90")) and value is not None:
            assert abs(found[name] - value) <= (0.01 * value if value >= 128 else 0), name
        elif name.endswith("_mean") and value is not None:
            assert abs(found[name] - value) < 1e-9 * value, name
        else:
            assert found[name] == value, name


def test_an_older_version_that_arrives_later_changes_nothing() -> None:
    newer = call("c1", version=2, answered_at="2021-03-01T10:00:04Z")
    older = call("c1", version=1)
    assert final_board([newer, older]) == final_board([newer])


def test_a_theft_that_becomes_a_burglary_moves_from_one_group_to_the_other() -> None:
    watched = monitor()
    feed(watched, crime("k1", version=1, offence="vehicle"))
    feed(watched, crime("k1", version=2, offence="burglary.residential"))
    board = watched.board("tiny", AT)
    counts = {r["offence"]: r["count"] for r in board.windows["month"]["crimes"]}
    assert counts == {"all": 1, "burglary": 1, "burglary.residential": 1}


def test_a_category_that_is_not_listed_counts_under_its_nearest_listed_ancestor() -> None:
    watched = monitor()
    feed(watched, incident("i1", category="asb.personal.new"), incident("i2", category="brand_new"))
    found = watched.board("tiny", AT).windows["today"]["incidents"]
    counts = {r["category"]: r["count"] for r in found if r["grade"] == "all"}
    assert counts == {"all": 2, "asb": 1, "asb.personal": 1, "other": 1}


def test_a_version_that_is_missing_is_the_time_of_the_update() -> None:
    later = call("c1", updated_at="2021-03-01T10:00:09Z", answered_at="2021-03-01T10:00:09Z")
    earlier = call("c1", updated_at="2021-03-01T10:00:00Z")
    assert final_board([later, earlier]) == final_board([later])


def test_calls_waiting_and_the_oldest_of_them_are_those_at_the_moment_asked_for() -> None:
    watched = monitor()
    feed(
        watched,
        call("c1", "2021-03-01T10:00:00Z"),
        call("c2", "2021-03-01T10:01:30Z"),
        call("c3", "2021-03-01T10:02:00Z", answered_at="2021-03-01T10:02:04Z"),
    )
    at_two = gauges(watched.board("tiny", ms("2021-03-01T10:02:00Z")), "calls", line="999")
    assert (at_two["waiting"], at_two["oldest_waiting"]) == (2, 120)
    at_one = gauges(watched.board("tiny", ms("2021-03-01T10:01:00Z")), "calls", line="999")
    assert (at_one["waiting"], at_one["oldest_waiting"]) == (1, 60)


def test_a_call_whose_end_was_lost_is_unknown_and_never_the_oldest() -> None:
    watched = monitor()
    feed(watched, call("c1", "2021-03-01T10:00:00Z"), call("c2", "2021-03-01T11:59:00Z"))
    found = gauges(watched.board("tiny", ms("2021-03-01T12:00:01Z")), "calls", line="999")
    assert (found["waiting"], found["oldest_waiting"], found["waiting_unknown"]) == (1, 61, 1)


def test_an_emergency_is_unattended_until_someone_arrives_or_it_is_closed() -> None:
    watched = monitor()
    feed(
        watched,
        incident("i1", "2021-03-01T10:00:00Z"),
        incident("i2", "2021-03-01T10:00:00Z", arrived_at="2021-03-01T10:10:00Z"),
        incident("i3", "2021-03-01T10:00:00Z", closed_at="2021-03-01T10:30:00Z"),
        incident("i4", "2021-03-01T10:00:00Z", grade="priority"),
    )
    board = watched.board("tiny", ms("2021-03-01T10:30:00Z"))
    found = gauges(board, "attendance")
    assert (found["unattended"], found["oldest_unattended"]) == (1, 1800)
    attended = row(board, "1h", "attendance")
    assert (attended["emergencies"], attended["attended"], attended["never_attended"]) == (3, 1, 1)


def test_boards_are_plain_json() -> None:
    watched = monitor()
    feed(watched, *a_busy_morning(3))
    board = watched.board("tiny", AT, LABELS)
    assert json.loads(canonical(board))["at"] == board.at
