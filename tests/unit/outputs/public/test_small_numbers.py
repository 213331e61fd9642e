"""No small number can be worked out from the sums of a page: tried by going through all tables that
would look the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.outputs.public.small_numbers import Hidden, Sum, TableEntry, hidden

LIMIT = 3
"""As small as may be, so that all tables can be gone through; 1 and 2 are few, 6 is wide."""
MOST = 27
T: TableEntry = ("all",)

Tree = tuple[int, ...] | tuple[tuple[int, ...], ...]


def table(trees: list[list[list[int]]]) -> tuple[dict[TableEntry, int], list[Sum]]:
    """Counts and sums of a total that is taken apart in several ways: each way into groups, each
    group into smallest; a group of one smallest part is a smallest part itself."""
    counts: dict[TableEntry, int] = {}
    sums = []
    for way, groups in enumerate(trees):
        parts = []
        for number, smallest in enumerate(groups):
            entry: TableEntry = (f"{way}", f"{number}")
            parts.append(entry)
            counts[entry] = sum(smallest)
            if len(smallest) > 1:
                inner = tuple((*entry, f"{n}") for n in range(len(smallest)))
                counts |= dict(zip(inner, smallest, strict=True))
                sums.append(Sum(entry, inner))
        sums.append(Sum(T, tuple(parts)))
        counts[T] = sum(map(sum, groups))
    return counts, sums


def may_be(
    entry: TableEntry, counts: Mapping[TableEntry, int], why: Mapping[TableEntry, Hidden]
) -> list[int]:
    """The values that an entry may have for who sees the page."""
    if entry not in why:
        return [counts[entry]]
    return list(range(1, LIMIT) if why[entry] == "few" else range(MOST))


def solutions(
    counts: Mapping[TableEntry, int], sums: list[Sum], why: Mapping[TableEntry, Hidden]
) -> dict[TableEntry, set[int]]:
    """What each entry may be in any table that looks the same."""
    below = {each.whole: each.parts for each in sums if each.whole != T}
    tops = [each.parts for each in sums if each.whole == T]

    def of_entry(entry: TableEntry) -> dict[int, dict[TableEntry, set[int]]]:
        """By value of an entry, what the entries below it may be."""
        allowed = set(may_be(entry, counts, why))
        if entry not in below:
            return {value: {entry: {value}} for value in allowed}
        return {
            total: {**held, entry: {total}}
            for total, held in of_parts(below[entry]).items()
            if total in allowed
        }

    def of_parts(parts: tuple[TableEntry, ...]) -> dict[int, dict[TableEntry, set[int]]]:
        found: dict[int, dict[TableEntry, set[int]]] = {0: {}}
        for part in parts:
            found = together(found, of_entry(part))
        return found

    ways = [of_parts(parts) for parts in tops]
    totals = set(may_be(T, counts, why)).intersection(*ways)
    result: dict[TableEntry, set[int]] = {T: totals}
    for way in ways:
        for total in totals:
            for entry, some in way[total].items():
                result.setdefault(entry, set()).update(some)
    return result


def together(
    some: dict[int, dict[TableEntry, set[int]]], others: dict[int, dict[TableEntry, set[int]]]
) -> dict[int, dict[TableEntry, set[int]]]:
    """By the sum of both, what the entries below each may be."""
    found: dict[int, dict[TableEntry, set[int]]] = {}
    for (one, held), (other, more) in itertools.product(some.items(), others.items()):
        joint = found.setdefault(one + other, {})
        for entry, values in (*held.items(), *more.items()):
            joint.setdefault(entry, set()).update(values)
    return found


def check(trees: list[list[list[int]]]) -> None:
    counts, sums = table(trees)
    why = hidden(counts, sums, LIMIT)
    found = solutions(counts, sums, why)
    for entry, number in counts.items():
        assert number in found[entry]
        if 0 < number < LIMIT:  # what else is withheld is no small number: to know it harms nobody
            assert found[entry] >= {1, 2}, (entry, counts, why)
        assert why.get(entry) != "few" or 0 < number < LIMIT


smallest = st.sampled_from([0, 1, 2, 3, 6])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(smallest, min_size=1, max_size=2), min_size=1, max_size=2))
def test_nothing_that_is_hidden_can_be_worked_out_in_one_way(groups: list[list[int]]) -> None:
    check([groups])


def two_ways(draw: st.DrawFn) -> list[list[list[int]]]:
    first = draw(st.lists(st.lists(smallest, min_size=1, max_size=2), min_size=1, max_size=2))
    left, parts = sum(map(sum, first)), []
    for _ in range(draw(st.integers(0, 2))):
        parts.append(draw(st.integers(0, left)))
        left -= parts[-1]
    return [first, [[part] for part in (*parts, left)]]


@settings(max_examples=60, deadline=None)
@given(st.composite(two_ways)())
def test_nothing_can_be_worked_out_of_a_total_that_is_taken_apart_in_two_ways(
    trees: list[list[list[int]]],
) -> None:
    check(trees)


def every() -> Iterator[list[list[list[int]]]]:
    some = (0, 1, 2, 6)
    for values in itertools.product(some, repeat=3):
        yield [[[value] for value in values]]
    pairs = itertools.combinations_with_replacement((0, 2, 7), 2)
    for first, second in itertools.product(list(pairs), repeat=2):
        yield [[list(first), list(second)]]


def test_all_small_tables_are_safe() -> None:
    for trees in every():
        check(trees)


def test_without_the_withheld_part_the_small_one_is_the_rest_of_the_total() -> None:
    counts, sums = table([[[1], [7], [9]]])
    assert solutions(counts, sums, {("0", "0"): "few"})[("0", "0")] == {1}
    why = hidden(counts, sums, LIMIT)
    assert why == {("0", "0"): "few", ("0", "1"): "withheld"}
    assert solutions(counts, sums, why)[("0", "0")] == {1, 2}


def test_where_nothing_is_small_all_is_shown() -> None:
    counts, sums = table([[[5], [0], [9]]])
    assert hidden(counts, sums, 5) == {}


def test_where_no_part_is_large_enough_all_is_withheld() -> None:
    counts, sums = table([[[1], [2]]])
    assert hidden(counts, sums, LIMIT)[T] == "withheld"


def test_a_limit_that_hides_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="hides nothing"):
        hidden({}, [], 2)
