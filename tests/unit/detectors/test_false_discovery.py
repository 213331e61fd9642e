"""Benjamini-Hochberg and Benjamini-Yekutieli: the papers' example, and the definition itself."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.calibration.false_discovery import (
    Dependence,
    adjusted,
    discoveries,
    parents_first,
)

# Benjamini and Hochberg (1995), section 4.1: fifteen comparisons of two treatments of infarction.
INFARCTION = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
    0.6528, 0.7590, 1.0000,
]  # fmt: skip


def by_definition(ps: list[Fraction], share: Fraction, dependence: str) -> list[bool]:
    """The largest k with k p-values at or below k q / m, in fractions."""
    m = max(len(ps), 1)
    if dependence == "any":
        share /= sum(Fraction(1, k) for k in range(1, m + 1))
    limits = [Fraction(k) * share / m for k in range(m + 1)]
    fits = [k for k in range(1, m + 1) if sum(p <= limits[k] for p in ps) >= k]
    return [bool(fits) and p <= limits[max(fits)] for p in ps]


def test_the_example_of_the_paper() -> None:
    # Their step-up stops at the fourth, 0.0095 <= 4/15 * 0.05; Bonferroni has three.
    assert discoveries(INFARCTION, 0.05) == [True] * 4 + [False] * 11
    assert sum(p <= 0.05 / 15 for p in INFARCTION) == 3
    assert sum(discoveries(INFARCTION, 0.05, "any")) == 3


@settings(max_examples=60)
@given(
    parts=st.lists(st.integers(0, 200), max_size=12),
    percent=st.integers(1, 60),
    dependence=st.sampled_from(["positive", "any"]),
)
def test_equals_the_definition(parts: list[int], percent: int, dependence: Dependence) -> None:
    ps = [part / 200 for part in parts]
    expected = by_definition(
        [Fraction(part, 200) for part in parts], Fraction(percent, 100), dependence
    )
    assert discoveries(ps, percent / 100, dependence) == expected


def test_few_flags_are_false() -> None:
    generator = random.Random(4)
    shares = []
    for _ in range(800):
        ps = [generator.random() * (1 if i < 15 else 0.01) for i in range(20)]
        flags = discoveries(ps, 0.2)
        shares.append(sum(flags[:15]) / max(1, sum(flags)))
    # 15 of 20 nulls are true, so 0.2 * 15 / 20 on average; the standard error is 0.005.
    assert sum(shares) / len(shares) == pytest.approx(0.15, abs=0.02)


def test_adjusted_values_keep_the_order_and_the_places() -> None:
    ps = [0.9, 0.01, 0.04, 0.03]
    assert adjusted(ps) == pytest.approx([0.9, 0.04, 4 / 3 * 0.04, 4 / 3 * 0.04])
    assert adjusted(ps, "any") == pytest.approx(
        [min(1, q * (1 + 1 / 2 + 1 / 3 + 1 / 4)) for q in adjusted(ps)]
    )
    assert adjusted([]) == []
    assert discoveries([]) == []


def test_what_makes_no_sense_is_refused() -> None:
    for bad in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="not a probability"):
            adjusted([0.5, bad])
    with pytest.raises(ValueError, match="share"):
        discoveries([0.5], 0)
    with pytest.raises(ValueError, match="dependence"):
        adjusted([0.5], "none")  # type: ignore[arg-type]  # what a caller without types may send


PART = st.integers(0, 200)
TREE = st.lists(st.tuples(PART, st.lists(PART, max_size=4)), min_size=1, max_size=4)


@settings(max_examples=60)
@given(tree=TREE, percent=st.integers(1, 60))
def test_parents_first_is_the_procedure_in_each_family(
    tree: list[tuple[int, list[int]]], percent: int
) -> None:
    ps: list[Fraction] = []
    parents: list[int | None] = []
    for top, children in tree:
        place = len(ps)
        ps += [Fraction(each, 200) for each in (top, *children)]
        parents += [None, *([place] * len(children))]
    tops = [n for n, parent in enumerate(parents) if parent is None]
    below = [n for n, parent in enumerate(parents) if parent is not None]
    share = Fraction(percent, 100) / (2 if below else 1)

    def among(places: list[int]) -> set[int]:
        found = by_definition([ps[n] for n in places], share, "positive")
        return {n for n, is_one in zip(places, found, strict=True) if is_one}

    expected = among(tops) | among(below)
    for top in among(tops):
        expected |= among([n for n in below if parents[n] == top])
    # A child is told with its parent at the share of the larger of the two.
    shares = parents_first([float(p) for p in ps], parents)
    assert {n for n, q in enumerate(shares) if q <= percent / 100 * (1 + 1e-12)} == expected


def test_a_child_is_found_by_itself_though_its_parent_is_not() -> None:
    shares = parents_first([0.6, 0.0001, 0.5], [None, 0, 0])
    assert [q <= 0.05 for q in shares] == [False, True, False]


def test_the_children_of_a_discovery_are_judged_among_themselves() -> None:
    others = [0.5] * 50
    shares = parents_first([0.001, 0.02, 0.9, 0.4, *others], [None, 0, 0, None, *([3] * 50)])
    assert [q <= 0.1 for q in shares[:4]] == [True, True, False, False]
