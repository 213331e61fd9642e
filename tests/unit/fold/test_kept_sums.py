"""Sums that are kept, and those that take their place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.fold.kept_sums import KeptSum
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


def test_a_sum_knows_what_changed_since_the_one_before_it_alone() -> None:
    first = KeptSum({1: 5, 2: 6})
    second = first.after({2: -6})
    third = second.after({3: 1})
    assert third.differs_from(second) == frozenset({3})
    assert third.differs_from(first) is None
    assert third.differs_from(None) is None
