"""Widths of words on the safe side, and labels that keep apart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.charts.text import apart, box, lines, shortened, width

DEJAVU = {
    "Total recorded crime, City of London": 217.3,
    "999 calls answered within 10 seconds": 227.6,
    "Average 447 to 553": 118.6,
    "upper limit 1,204": 103.5,
    "WWWmmm%%%": 104.9,
    "illicit filling": 64.6,
    "≥ 87.5 %": 55.8,
    "####^^^^~~~~": 120.7,
    "&&&&&&&&": 74.8,
}
"""What a browser measures of words in DejaVu Sans at 12 pixels."""


@pytest.mark.parametrize("words", DEJAVU)
def test_no_words_are_wider_than_is_taken_for_them(words: str) -> None:
    assert DEJAVU[words] <= width(words, 12) <= 1.45 * DEJAVU[words]


def test_bold_words_are_wider() -> None:
    assert width("394", 12, bold=True) > width("394", 12)


def test_words_are_broken_into_lines_that_fit() -> None:
    found = lines("one two three four", width("one two", 12), 12)
    assert found == ["one two", "three", "four"]


def test_words_without_room_end_with_an_ellipsis() -> None:
    words = "Average 364 to 394, after a change"
    assert shortened(words, width("Average 364 to 394…", 12), 12) == "Average 364 to 394…"
    assert shortened(words, 20, 12) == ""


@pytest.mark.parametrize(
    ("anchor", "left"), [("start", 50), ("middle", 50 - 6.45), ("end", 50 - 12.9)]
)
def test_a_box_begins_where_its_anchor_says(anchor: str, left: float) -> None:
    assert box("1", 50, 20, 20, anchor).left == pytest.approx(left)  # type: ignore[arg-type]


@given(st.lists(st.floats(0, 300), min_size=1, max_size=8))
def test_labels_keep_their_gap_and_stay_within_bounds(wanted: list[float]) -> None:
    found = apart(wanted, 15, 0, 300)
    ordered = sorted(found)
    assert all(after - before >= 15 - 1e-6 for before, after in pairwise(ordered))
    assert ordered[0] >= -1e-6
    assert ordered[-1] <= 300 + 1e-6


def test_labels_that_are_apart_stay_where_they_are() -> None:
    assert apart([10, 100, 40], 15, 0, 200) == [10, 100, 40]
