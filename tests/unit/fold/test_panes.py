"""Panes: sums over stretches of time, and which of them are kept."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.fold.kept_sums import KeptSum
from streams.fold.panes import KEEP_HOURS, MOST_KEPT, Change, Pane, Panes, add_into
from streams.periods import DAY, HOUR, MINUTE, Calendar
from streams.registry.calls import CALL
from streams.registry.packing import Packer
from streams.registry.times import DAY_PRECISE, MONTH_PRECISE, SECOND_PRECISE
from tests.build import tiny_force

CALENDAR = Calendar(ZoneInfo("Europe/London"))
OFFERED = Packer(CALL, tiny_force()).by_clock[0]
MARCH = CALENDAR.midnight(2021, 3, 1)
APRIL = CALENDAR.midnight(2021, 4, 1)


def at(when: int, series_key: int = 1, precision: int = SECOND_PRECISE) -> Change:
    return Change(when, precision, {series_key: 1}, 1)


def pane_of(kept: KeptSum | None) -> Pane:
    return kept.pane if kept else {}


@pytest.fixture
def panes() -> Panes:
    """Those of March and the first days of April, an event every seven hours."""
    made = Panes(CALENDAR, OFFERED)
    for when in range(MARCH, APRIL + 5 * DAY, 7 * HOUR):
        made.add(at(when))
    made.coarsen(APRIL + 5 * DAY)
    made.closed_before = APRIL + 5 * DAY - 2 * HOUR
    return made


def test_a_closed_period_is_one_kept_sum(panes: Panes) -> None:
    kept, fresh = panes.parts(MARCH, APRIL)
    assert (pane_of(kept), fresh) == ({1: -(-(APRIL - MARCH) // (7 * HOUR))}, {})
    assert panes.parts(MARCH, APRIL).kept is kept


def test_of_a_running_period_the_closed_hours_are_kept(panes: Panes) -> None:
    end = CALENDAR.end("month", APRIL)
    kept, fresh = panes.parts(APRIL, end)
    panes.add(at(panes.closed_before + MINUTE, 2))
    assert panes.parts(APRIL, end).kept is kept
    assert panes.parts(APRIL, end).fresh == {**fresh, 2: 1}


def test_a_revision_makes_the_sums_anew_that_it_is_in(panes: Panes) -> None:
    march, april = panes.parts(MARCH, APRIL).kept, panes.parts(APRIL, APRIL + DAY).kept
    panes.revise(at(MARCH + DAY, 3))
    assert pane_of(panes.parts(MARCH, APRIL).kept) == {**pane_of(march), 3: 1}
    assert panes.parts(APRIL, APRIL + DAY).kept is april


def test_a_revised_sum_knows_what_was_revised_since_the_one_before(panes: Panes) -> None:
    march = panes.parts(MARCH, APRIL).kept
    panes.revise(at(MARCH + DAY, 3))
    second = panes.parts(MARCH, APRIL).kept
    panes.revise(at(MARCH + DAY, 4))
    third = panes.parts(MARCH, APRIL).kept
    assert second is not None
    assert third is not None
    assert second.differs == frozenset({3})
    assert third.differs_from(second) == frozenset({4})
    assert third.differs_from(march) is None


def test_what_was_given_out_does_not_change_by_a_revision(panes: Panes) -> None:
    march = panes.parts(MARCH, APRIL).kept
    before = dict(pane_of(march))
    panes.revise(at(MARCH + DAY, 3))
    assert pane_of(march) == before


def test_a_revised_day_has_another_sum_than_the_one_that_was_given_out(panes: Panes) -> None:
    day = MARCH + DAY
    (before,) = panes.within(day, day + DAY)
    counted = dict(before)
    panes.revise(at(day + HOUR, 3))
    panes.revise(at(day + HOUR, 3))
    (after,) = panes.within(day, day + DAY)
    assert (before, after) == (counted, {**counted, 3: 2})
    assert next(panes.within(day, day + DAY)) is after


def test_a_revised_day_whose_sum_is_no_longer_kept_is_summed_once(panes: Panes) -> None:
    day = MARCH + DAY
    counted = dict(next(panes.within(day, day + DAY)))
    panes.revise(at(day + HOUR, 3))
    for other in range(MOST_KEPT):
        list(panes.within(MARCH - (other + 2) * DAY, MARCH - (other + 1) * DAY))
    assert next(panes.within(day, day + DAY)) == {**counted, 3: 1}


def test_hours_that_close_are_put_into_the_sum_that_is_kept(panes: Panes) -> None:
    closed, end = panes.closed_before, CALENDAR.end("month", APRIL)
    before = panes.parts(APRIL, end).kept
    panes.add(at(closed + MINUTE, 2))
    panes.closed_before = closed + HOUR
    kept, fresh = panes.parts(APRIL, end)
    assert (pane_of(kept), fresh) == (panes.between(APRIL, closed + HOUR), {})
    assert kept is not None
    assert kept.differs_from(before) == frozenset({1, 2})


def test_a_sealed_pane_that_is_put_back_makes_all_sums_anew(panes: Panes) -> None:
    panes.parts(MARCH, APRIL)
    panes.restore("hour", MARCH // MINUTE, {9: 4})
    assert panes.between(MARCH, MARCH + DAY)[9] == 4
    assert panes.between(MARCH, APRIL)[9] == 4


def test_of_records_that_have_left_a_minute_shows_the_others_when_one_is_taken_out() -> None:
    panes = Panes(CALENDAR, OFFERED)
    panes.coarsen(MARCH + DAY)
    minute = (MARCH + DAY) // MINUTE - 10
    panes.put_back("minute", minute, {1: 2})
    panes.add(Change(minute * MINUTE, SECOND_PRECISE, {1: -1}, -1))
    assert panes.between(minute * MINUTE, (minute + 1) * MINUTE) == {1: 1}


EVENTS = st.tuples(
    st.integers(0, 40 * 24 * 60).map(lambda minute: MARCH + minute * MINUTE),
    st.sampled_from((SECOND_PRECISE, SECOND_PRECISE, DAY_PRECISE, MONTH_PRECISE)),
    st.integers(1, 3),
)


def whole(event: tuple[int, int, int]) -> Change:
    when, precision, series_key = event
    if precision == DAY_PRECISE:
        when = CALENDAR.start("day", when)
    elif precision == MONTH_PRECISE:
        when = CALENDAR.start("month", when)
    return at(when, series_key, precision)


def lies_within(change: Change, start: int, end: int) -> bool:
    when, precision = change.when, change.precision
    if precision == SECOND_PRECISE:
        return start <= when < end
    last = CALENDAR.end("day" if precision == DAY_PRECISE else "month", when)
    return start <= when and last <= end


@given(
    st.lists(EVENTS, max_size=30),
    st.lists(EVENTS, max_size=10),
    st.lists(st.tuples(st.integers(0, 45 * 24), st.integers(0, 45 * 24)), max_size=6),
)
def test_parts_add_up_to_what_lies_within_whenever_it_came(
    first: list[tuple[int, int, int]],
    late: list[tuple[int, int, int]],
    spans: list[tuple[int, int]],
) -> None:
    panes = Panes(CALENDAR, OFFERED)
    for event in first:
        panes.add(whole(event))
    watermark = MARCH + 40 * DAY
    panes.coarsen(watermark)
    panes.closed_before = watermark - 12 * HOUR
    asked = [(MARCH + a * HOUR, MARCH + b * HOUR) for a, b in spans] + [(MARCH, APRIL)]
    counted = [whole(event) for event in first]
    for change in (None, *map(whole, late)):
        if change is not None:
            counted.append(change)
            closed = change.when < panes.closed_before
            (panes.revise if closed else panes.add)(change)
        for start, end in asked:
            expected: Pane = {}
            for each in counted:
                if lies_within(each, start, end):
                    add_into(expected, each.sums)
            assert panes.between(start, end) == expected
            kept, fresh = panes.parts(start, end)
            together = dict(pane_of(kept))
            add_into(together, fresh)
            assert together == expected
        panes.closed_before += HOUR


@pytest.mark.parametrize("put_back", [True, False])
def test_an_hour_that_comes_back_after_hours_were_joined_is_joined_with_the_next(
    put_back: bool,
) -> None:
    panes = Panes(CALENDAR, OFFERED)
    panes.add(at(APRIL))
    panes.coarsen(MARCH + KEEP_HOURS)
    assert (panes.days_before, panes.days, len(panes.hours)) == (MARCH, {}, 1)
    if put_back:
        panes.put_back("hour", (MARCH + HOUR) // MINUTE, {1: 2})
    else:
        panes.restore("hour", (MARCH + HOUR) // MINUTE, {1: 2})
    panes.coarsen(MARCH + KEEP_HOURS + 2 * DAY)
    assert panes.days == {MARCH // MINUTE: {1: 2}}
    assert list(panes.hours) == [APRIL // MINUTE]
