"""Dated changes of closed periods: how they are packed, kept apart and put back."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.fold.changes import AGES, Changed, Changes, counter_in, counter_number, pack, unpacked
from streams.periods import DAY, Calendar
from streams.registry.counting import CounterLayout
from streams.state.declared import parts
from tests.build import crime, feed, monitor, ms, tiny_force

LAYOUT = CounterLayout(("count", 32), ("sum", 48), ("squares", 64))
CALENDAR = Calendar(tiny_force().zone)
MARCH_9 = ms("2021-03-09T00:00:00Z")


def changes() -> Changes:
    return Changes(CALENDAR, (LAYOUT,))


differences = st.dictionaries(
    st.integers(0, (1 << 40) - 1),
    st.tuples(*(st.integers(-(1 << 20), 1 << 20) for _ in LAYOUT.names)),
    max_size=5,
)


@given(differences)
def test_counters_are_told_apart_and_put_together_again(found: dict[int, tuple[int, ...]]) -> None:
    pane = {
        key: sum(n << LAYOUT.shift[name] for name, n in zip(LAYOUT.names, each, strict=True))
        for key, each in found.items()
    }
    flat = changes().flat(0, pane)
    assert flat == {
        counter_number(key, index): n
        for key, each in found.items()
        for index, n in enumerate(each)
        if n
    }
    for key, each in found.items():
        assert tuple(parts(LAYOUT, pane[key]).values()) == each


def test_a_number_of_a_counter_is_its_series_and_its_index() -> None:
    assert counter_in(counter_number(12345, 17)) == (12345, 17)


@given(st.dictionaries(st.integers(-(1 << 60), 1 << 60), st.integers(-(1 << 60), 1 << 60)))
def test_what_is_packed_is_unpacked_as_it_was(flat: dict[int, int]) -> None:
    assert unpacked(pack(Changed(5, 7, flat))) == Changed(5, 7, flat)


@given(st.integers(-40, 3000))
def test_a_day_of_change_belongs_to_the_stretch_that_its_age_is_in(age: int) -> None:
    end = CALENDAR.parse("2021-03").end
    day = CALENDAR.start("day", end + age * DAY + DAY // 2)
    first = changes().first_day(MARCH_9, day)
    if age < 14:
        assert first == day
    else:
        of = max(edge for edge in AGES if edge <= age)
        assert first == CALENDAR.start("day", end + of * DAY + DAY // 2)
        assert changes().first_day(MARCH_9, first) == first


def test_stretches_are_by_day_then_by_week_then_by_four_weeks() -> None:
    lengths = [after - before for before, after in pairwise(AGES)]
    assert lengths == [1] * 14 + [7] * 11 + [28] * 22


def test_what_was_put_back_goes_on_as_if_nothing_had_been() -> None:
    late = [
        (f"late{n}", f"2021-04-{day:02}T12:00:00Z") for n, day in enumerate((5, 16, 18, 18, 23))
    ]
    for cut in range(len(late) + 1):
        whole = monitor()
        feed(whole, crime("april", "2021-04-02T10:00:00Z"))
        ledger = whole.ledger("crime", "tiny")
        assert ledger is not None
        stored: dict[tuple[str, int, int], bytes] = {}
        for n, (name, updated) in enumerate(late):
            if n == cut:
                taken = ledger.dated.take()
                for key, held in taken.items():
                    stored.pop(key, None)
                    if held is not None:
                        stored[key] = ledger.dated.packed(key, held)
                ledger.dated = Changes(ledger.calendar, ledger.kind.layouts)
                ledger.dated.give_back(dict(stored))  # to be written again
                ledger.dated.restore(stored)
            feed(whole, crime(name, "2021-03-09T10:00:00Z", updated_at=updated))
        found = ledger.days_of_change(CALENDAR.parse("2021-03"))
        assert found == ["2021-04-05", "2021-04-16..2021-04-18", "2021-04-23"]


def test_days_of_change_are_kept_until_there_is_another() -> None:
    whole = monitor()
    feed(whole, crime("april", "2021-04-02T10:00:00Z"))
    ledger = whole.ledger("crime", "tiny")
    assert ledger is not None
    march, february = (CALENDAR.parse(month) for month in ("2021-03", "2021-02"))

    def late(name: str, recorded: str, updated: str) -> list[str]:
        feed(whole, crime(name, recorded, updated_at=updated))
        return ledger.days_of_change(march)

    first = late("a", "2021-03-09T10:00:00Z", "2021-04-05T12:00:00Z")
    assert late("b", "2021-03-09T11:00:00Z", "2021-04-05T13:00:00Z") is first
    assert late("c", "2021-02-09T11:00:00Z", "2021-04-06T13:00:00Z") is first
    assert first == ["2021-04-05"]
    assert late("d", "2021-03-10T11:00:00Z", "2021-04-06T14:00:00Z") == ["2021-04-05", "2021-04-06"]
    assert ledger.days_of_change(february) == ["2021-04-06"]
