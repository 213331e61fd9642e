"""No small number can be worked out from the sums of a page: tried by going through all tables that
would look the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.outputs.public.small_numbers import Cell, Hidden, Sum, hidden

LIMIT = 3
"""As small as may be, so that all tables can be gone through; 1 and 2 are few, 6 is wide."""
MOST = 27
T: Cell = ("all",)

Tree = tuple[int, ...] | tuple[tuple[int, ...], ...]


def table(trees: list[list[list[int]]]) -> tuple[dict[Cell, int], list[Sum]]:
    """Counts and sums of a total that is taken apart in several ways: each way into groups, each
    group into leaves; a group of one leaf is a leaf itself."""
    counts: dict[Cell, int] = {}
    sums = []
    for way, groups in enumerate(trees):
        parts = []
        for number, leaves in enumerate(groups):
            cell: Cell = (f"{way}", f"{number}")
            parts.append(cell)
            counts[cell] = sum(leaves)
            if len(leaves) > 1:
                inner = tuple((*cell, f"{n}") for n in range(len(leaves)))
                counts |= dict(zip(inner, leaves, strict=True))
                sums.append(Sum(cell, inner))
        sums.append(Sum(T, tuple(parts)))
        counts[T] = sum(map(sum, groups))
    return counts, sums


def may_be(cell: Cell, counts: Mapping[Cell, int], why: Mapping[Cell, Hidden]) -> list[int]:
    """The values that a cell may have for who sees the page."""
    if cell not in why:
        return [counts[cell]]
    return list(range(1, LIMIT) if why[cell] == "few" else range(MOST))


def solutions(
    counts: Mapping[Cell, int], sums: list[Sum], why: Mapping[Cell, Hidden]
) -> dict[Cell, set[int]]:
    """What each cell may be in any table that looks the same."""
    below = {each.whole: each.parts for each in sums if each.whole != T}
    tops = [each.parts for each in sums if each.whole == T]

    def of_cell(cell: Cell) -> dict[int, dict[Cell, set[int]]]:
        """By value of a cell, what the cells below it may be."""
        allowed = set(may_be(cell, counts, why))
        if cell not in below:
            return {value: {cell: {value}} for value in allowed}
        return {
            total: {**held, cell: {total}}
            for total, held in of_parts(below[cell]).items()
            if total in allowed
        }

    def of_parts(parts: tuple[Cell, ...]) -> dict[int, dict[Cell, set[int]]]:
        found: dict[int, dict[Cell, set[int]]] = {}
        each = [of_cell(part) for part in parts]
        for values in itertools.product(*each):
            held = found.setdefault(sum(values), {})
            for one, value in zip(each, values, strict=True):
                for cell, some in one[value].items():
                    held.setdefault(cell, set()).update(some)
        return found

    ways = [of_parts(parts) for parts in tops]
    totals = set(may_be(T, counts, why)).intersection(*ways)
    result: dict[Cell, set[int]] = {T: totals}
    for way in ways:
        for total in totals:
            for cell, some in way[total].items():
                result.setdefault(cell, set()).update(some)
    return result


def check(trees: list[list[list[int]]]) -> None:
    counts, sums = table(trees)
    why = hidden(counts, sums, LIMIT)
    found = solutions(counts, sums, why)
    for cell, number in counts.items():
        assert number in found[cell]
        if 0 < number < LIMIT:  # what else is withheld is no small number: to know it harms nobody
            assert found[cell] >= {1, 2}, (cell, counts, why)
        assert why.get(cell) != "few" or 0 < number < LIMIT


leaves = st.sampled_from([0, 1, 2, 3, 6])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(leaves, min_size=1, max_size=2), min_size=1, max_size=2))
def test_nothing_that_is_hidden_can_be_worked_out_in_one_way(groups: list[list[int]]) -> None:
    check([groups])


def two_ways(draw: st.DrawFn) -> list[list[list[int]]]:
    first = draw(st.lists(st.lists(leaves, min_size=1, max_size=2), min_size=1, max_size=2))
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
    for values in itertools.product((0, 2, 7), repeat=4):
        yield [[list(values[:2]), list(values[2:])]]


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
