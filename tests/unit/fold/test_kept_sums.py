"""Sums that are kept, and those that take their place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.fold.kept_sums import MOST_BEHIND, KeptSum
from streams.fold.panes import Pane, add_into

PANES = st.dictionaries(st.integers(0, 20), st.integers(-3, 3).filter(bool), max_size=20)


@given(PANES, st.lists(PANES, max_size=6), st.booleans())
def test_a_sum_that_takes_the_place_of_another_is_that_and_what_changed(
    first: Pane, changes: list[Pane], read_between: bool
) -> None:
    kept, expected = KeptSum(first), dict(first)
    for change in changes:
        before, was = kept, dict(expected)
        kept = kept.after(change)
        for key, more in change.items():
            add_into(expected, {key: more})
        for key in range(21):
            assert kept.get(key) == expected.get(key, 0)
            assert before.get(key) == was.get(key, 0)
        if read_between:
            assert (kept.pane, before.pane) == (expected, was)
    assert kept.pane == expected
    assert bool(kept) == bool(expected)


def test_a_sum_knows_what_changed_since_the_last_ones_before_it() -> None:
    every = [KeptSum(dict.fromkeys(range(100), 5))]
    for key in range(MOST_BEHIND + 2):
        every.append(every[-1].after({key: -5}))
    *_, second, last = every
    assert last.differs_from(second) == frozenset({MOST_BEHIND + 1})
    assert last.differs_from(every[-1 - MOST_BEHIND]) == frozenset(range(2, MOST_BEHIND + 2))
    assert last.differs_from(every[-2 - MOST_BEHIND]) is None
    assert last.differs_from(None) is None


def test_no_sum_is_kept_in_memory_for_more_than_the_one_that_is_made_of_it_anew() -> None:
    first = KeptSum({1: 5, 2: 6})
    second = first.after({2: -6})
    third = second.after({3: 1})
    assert third.differs_from(second) == frozenset({3})
    assert third.differs_from(first) is None
