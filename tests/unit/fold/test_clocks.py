"""Several clocks: a record counts by each of its times, whatever came when and whoever left."""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import Refused
from streams.events.schema import decode_line
from streams.fold.ledger import InMemory, Ledger
from streams.periods import DAY, HOUR, MINUTE, Calendar, rfc3339
from streams.registry.counting import SERIES_KEY_MASK, Counter
from streams.registry.crimes import CRIME
from streams.registry.packing import Packer
from tests.build import FAR_FUTURE, crime, ms, tiny_force

START = ms("2021-03-01T00:00:00Z")
RECORDED, OUTCOME = 0, 1
SOLVED = replace(
    CRIME,
    horizon=4 * DAY,
    clocks=("recorded_at", "outcome_at"),
    counters=(Counter("count"), Counter("solved", clock="outcome_at")),
    timings=(),
)


def ledger() -> Ledger:
    """One that takes whatever comes, as a played history does."""
    force = tiny_force()
    made = Ledger(Packer(SOLVED, force), Calendar(force.zone))
    made.counts_sealed, made.departed = True, InMemory()
    return made


def fold(into: Ledger, records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        into.add(decode_line(json.dumps(record).encode()), FAR_FUTURE)  # type: ignore[arg-type]


def by_hour(of: Ledger, clock: int) -> dict[int, int]:
    """By hour since the start: how many records count in it, over all series."""
    panes, name = of.panes_by(clock), SOLVED.layouts[clock].names[0]
    found = Tally[int]()
    for hour in range(24 * 40):
        pane = panes.between(START + hour * HOUR, START + (hour + 1) * HOUR)
        for key, value in pane.items():
            assert key <= SERIES_KEY_MASK
            found[hour] += SOLVED.layouts[clock].read(value)[name]
    return dict(found)


def test_a_crime_counts_when_it_is_recorded_and_again_when_it_is_solved() -> None:
    held = ledger()
    solved = {"outcome": 1, "outcome_at": rfc3339(START + 9 * HOUR)}
    fold(held, [crime("c1", rfc3339(START)), crime("c2", rfc3339(START + HOUR), **solved)])
    assert by_hour(held, RECORDED) == {0: 1, 1: 1}
    assert by_hour(held, OUTCOME) == {9: 1}


def test_an_outcome_that_is_withdrawn_leaves_its_hour_alone() -> None:
    held = ledger()
    solved = {"outcome": 1, "outcome_at": rfc3339(START + 9 * HOUR)}
    fold(held, [crime("c1", rfc3339(START), version=1, **solved)])
    fold(held, [crime("c1", rfc3339(START), version=2)])
    assert (by_hour(held, RECORDED), by_hour(held, OUTCOME)) == ({0: 1}, {})


def test_a_late_outcome_is_a_revision_of_the_period_of_the_outcome_alone() -> None:
    held = ledger()
    fold(held, [crime("c1", rfc3339(START)), crime("late", rfc3339(START + 3 * DAY))])
    solved = {"outcome": 1, "outcome_at": rfc3339(START + HOUR)}
    fold(held, [crime("c1", rfc3339(START), updated_at=rfc3339(START + 3 * DAY), **solved)])
    hour = held.calendar.holding("hour", START + HOUR)
    assert held.changes_since_closed(held.calendar.holding("hour", START)) is None
    assert held.changes_since_closed(hour, OUTCOME)


def updated_of(record: dict[str, Any]) -> str:
    return str(record["updated_at"])


@st.composite
def versions(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for _ in range(draw(st.integers(1, 16))):
        recorded = START + draw(st.integers(0, 24 * 20)) * HOUR
        outcome = recorded + draw(st.integers(0, 24 * 12)) * HOUR
        updated = max(outcome, recorded) + draw(st.integers(0, 24 * 7)) * HOUR
        more: dict[str, Any] = {"updated_at": rfc3339(updated)}
        if draw(st.booleans()):
            more |= {"outcome": 1, "outcome_at": rfc3339(outcome)}
        more["cancelled"] = draw(st.sampled_from([None, None, True]))
        more["deleted"] = draw(st.sampled_from([None, None, None, True]))
        found.append(crime(f"c{draw(st.integers(0, 4))}", rfc3339(recorded), **more))
    end = rfc3339(START + 39 * DAY)
    return [*found, crime("last", end, updated_at=end)]


def expected(records: list[dict[str, Any]], field: str) -> dict[int, int]:
    """The count of the winners by one of their times."""
    won: dict[str, dict[str, Any]] = {}
    for record in records:
        if record["id"] not in won or updated_of(record) > updated_of(won[record["id"]]):
            won[record["id"]] = record
    found = Tally[int]()
    for record in won.values():
        if record.get(field) and not record.get("cancelled") and not record.get("deleted"):
            found[(ms(record[field]) - START) // HOUR] += 1
    return dict(found)


@given(records=versions(), looks=st.lists(st.integers(0, 16), max_size=3))
def test_any_versions_in_any_order_count_as_their_winners_do_by_each_clock(
    records: list[dict[str, Any]], looks: list[int]
) -> None:
    times = {(record["id"], record["updated_at"]) for record in records}
    if len(times) < len(records):
        return  # a tie goes by the content: see the packer's tests
    held = ledger()
    for number, record in enumerate(records):
        fold(held, [record, record])
        if number in looks:
            by_hour(held, OUTCOME)
    assert by_hour(held, RECORDED) == expected(records, "recorded_at")
    assert by_hour(held, OUTCOME) == expected(records, "outcome_at")


@given(records=versions())
def test_when_the_sums_are_asked_for_changes_neither_them_nor_what_was_revised(
    records: list[dict[str, Any]],
) -> None:
    often, once = ledger(), ledger()
    for record in records:
        fold(often, [record])
        by_hour(often, RECORDED)
    fold(once, records)
    for clock in (RECORDED, OUTCOME):
        assert by_hour(once, clock) == by_hour(often, clock)
    assert once.revisions == often.revisions
    assert once.dated.take() == often.dated.take()
    assert once.sealed_panes() == often.sealed_panes()


def test_an_hour_of_which_nobody_is_told_is_counted_when_somebody_asks() -> None:
    held = ledger()
    fold(held, [crime(f"c{n}", rfc3339(START + n * HOUR)) for n in range(6)])
    assert held.closed_until["hour"] == START + 5 * HOUR - SOLVED.grace
    assert len(held._panes.hours) == 1, "counted hour by hour"
    assert by_hour(held, RECORDED) == dict.fromkeys(range(6), 1)


@given(records=versions(), after=versions())
def test_what_is_put_back_goes_on_as_what_was_never_stopped(
    records: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    went_on, stopped = ledger(), ledger()
    fold(went_on, records)
    fold(stopped, records)
    put_back = ledger()
    put_back.departed = stopped.departed
    put_back.packer.restore(stopped.packer.facts.tuples)
    put_back.restore(
        dict(stopped.entries),
        watermark=stopped.watermark,
        sealed_before=stopped.sealed_before,
        sealed=[(grain, minute, dict(pane)) for grain, minute, pane in stopped.sealed_panes()],
        closed_until=dict(stopped.closed_until),
        revisions={place: dict(pane) for place, pane in stopped.revisions.items()},
        left={place: dict(pane) for place, pane in stopped.left.items()},
    )
    for held in (went_on, put_back):
        fold(held, after)
    for clock in (RECORDED, OUTCOME):
        assert by_hour(put_back, clock) == by_hour(went_on, clock)
    assert put_back.revisions == went_on.revisions


def test_a_day_known_only_as_such_counts_in_the_day_of_its_clock() -> None:
    held = ledger()
    fold(held, [crime("c1", rfc3339(START), outcome=1, outcome_at="2021-03-01")])
    day = held.calendar.holding("day", START)
    assert list(held.panes_by(OUTCOME).between(day.start, day.end))
    assert not held.panes_by(OUTCOME).between(day.start, day.start + 12 * HOUR)


def test_a_new_record_of_a_sealed_period_is_refused_by_its_first_clock() -> None:
    held = ledger()
    held.counts_sealed = False
    fold(held, [crime("last", rfc3339(START + 30 * DAY))])
    with pytest.raises(Refused, match="is sealed"):
        fold(held, [crime("c1", rfc3339(START), updated_at=rfc3339(START + 30 * DAY + MINUTE))])
