"""Shares and means are above or below what they are compared with only beyond chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.durations.welch import Sample, welch
from detectors.shares.difference import newcombe
from streams.board.compare import Comparisons, Rank
from streams.board.query import Query
from streams.board.standing import OF_MEAN, OF_SHARE, Standing
from streams.periods import rfc3339
from tests.build import call, feed, incident, monitor, ms

DAYS = [f"2021-03-{day:02}" for day in range(1, 30)]
LAST = DAYS[-1]


def answered(day: str, number: int, in_time: int) -> list[dict[str, Any]]:
    """So many calls of a day, of which some are answered in 5 s, the others in 50 s."""
    start = ms(f"{day}T10:00:00+01:00")
    return [
        call(
            f"{day}-{n}",
            rfc3339(start + n * 60_000),
            answered_at=rfc3339(start + n * 60_000 + (5_000 if n < in_time else 50_000)),
            ended_at=rfc3339(start + n * 60_000 + 200_000),
        )
        for n in range(number)
    ]


def standing(number: int, in_time: int) -> Standing:
    """That of a share on a day after 28 days of 20 calls, of which 18 were in time."""
    watched = monitor()
    watched.play_history(True)
    for day in DAYS[:-1]:
        feed(watched, *answered(day, 20, 18))
    feed(watched, *answered(LAST, number, in_time), call("after", "2021-03-30T08:00:00Z"))
    query = Query(watched, "tiny", ms("2021-03-30T12:00:00Z"))
    return Comparisons(query, "answered_999_within_10s", LAST).standing


@pytest.mark.parametrize(
    ("number", "in_time", "word"),
    [
        (30, 24, "in line"),  # ten points less, which chance may be
        (30, 21, "below"),
        (60, 60, "above"),
        (400, 350, "in line"),  # less than 5 % below
    ],
)
def test_a_share_is_above_or_below_beyond_five_per_cent_and_beyond_chance(
    number: int, in_time: int, word: Any
) -> None:
    assert standing(number, in_time) == Standing(word, OF_SHARE)


def test_a_share_of_few_cases_is_not_judged() -> None:
    assert standing(19, 4) == Standing("too few to judge", "fewer than 20 cases")


def response(lengths: list[int]) -> Standing:
    """That of a mean response on a day after 28 days of 20 responses of 500 or 700 seconds."""
    watched = monitor()
    watched.play_history(True)
    for day in DAYS:
        start = ms(f"{day}T10:00:00Z")
        of = lengths if day == LAST else [500, 700] * 10
        feed(
            watched,
            *(
                incident(
                    f"{day}-{n}",
                    rfc3339(start + n * 60_000),
                    arrived_at=rfc3339(start + n * 60_000 + length * 1000),
                )
                for n, length in enumerate(of)
            ),
        )
    feed(watched, incident("after", "2021-03-30T09:00:00Z"))
    query = Query(watched, "tiny", ms("2021-03-30T09:00:00Z"))
    return Comparisons(query, "mean_response_time", LAST).standing


@pytest.mark.parametrize(
    ("lengths", "word"),
    [
        ([620, 740] * 10, "above"),  # by 13 %, and they scatter little
        ([100, 1260] * 10, "in line"),  # by as much, and they scatter widely
        ([500, 720] * 10, "in line"),  # by 2 %
    ],
)
def test_a_mean_is_above_beyond_five_per_cent_and_beyond_its_scatter(
    lengths: list[int], word: Any
) -> None:
    assert response(lengths) == Standing(word, OF_MEAN)


def test_a_mean_of_few_cases_is_not_judged() -> None:
    assert response([1000] * 19).word == "too few to judge"


def test_a_share_of_few_cases_has_no_place_and_one_is_level_with_what_chance_leaves_open() -> None:
    watched = monitor()
    watched.play_history(True)
    for area, number, quick in (("north", 30, 24), ("south", 30, 27), ("north-area", 5, 5)):
        start = ms(f"{LAST}T10:00:00Z")
        feed(
            watched,
            *(
                incident(
                    f"{area}-{n}",
                    rfc3339(start + n * 60_000),
                    area=area,
                    arrived_at=rfc3339(start + n * 60_000 + (300_000 if n < quick else 3_000_000)),
                )
                for n in range(number)
            ),
        )
    first, last = incident("first", "2021-03-01T10:00:00Z"), incident("z", "2021-03-30T12:00:00Z")
    feed(watched, first, last)
    query = Query(watched, "tiny", ms("2021-03-30T12:00:00Z"))
    ranks = [Comparisons(query, "attended_within_20min", LAST, area).rank
             for area in ("north", "south")]  # fmt: skip
    assert ranks == [
        Rank(2, 2, "districts", "highest first", level_with=["south"]),
        Rank(1, 2, "districts", "highest first", level_with=["north"]),
    ]
    feed(watched, *(incident(f"few{n}", "2021-03-28T10:00:00Z", area="south",
                             arrived_at="2021-03-28T10:05:00Z") for n in range(3)))  # fmt: skip
    query = Query(watched, "tiny", ms("2021-03-30T12:00:00Z"))
    few = Comparisons(query, "attended_within_20min", "2021-03-28", "south").rank
    assert few == Rank(None, 0, "districts", "highest first", too_few=["south"], left_out=["north"])


# -- against other programs ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_two_shares_is_that_which_newcombe_published(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    assert newcombe(*one, *other) == pytest.approx((low, high), abs=6e-5)


lengths_of_some = st.lists(st.floats(0, 100), min_size=2, max_size=30)


@given(lengths_of_some, lengths_of_some)
def test_the_interval_of_two_means_is_that_of_scipy(one: list[float], other: list[float]) -> None:
    first, second = (
        Sample.of_sums(len(each), sum(each), sum(x * x for x in each)) for each in (one, other)
    )
    if min(first.variance, second.variance) > 1e-3:
        expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval()
        assert welch(first, second) == pytest.approx(tuple(expected), rel=1e-6, abs=1e-6)


def test_means_that_do_not_scatter_differ_by_what_they_differ() -> None:
    assert welch(Sample(5, 12.0, 0.0), Sample(9, 10.0, 0.0)) == (2.0, 2.0)


def test_how_durations_scatter_is_read_of_their_bins() -> None:
    chance = np.random.default_rng(1)
    lengths = [int(each) for each in chance.gamma(2.0, 400.0, 60)]
    watched = monitor()
    watched.play_history(True)
    start = ms(f"{LAST}T10:00:00Z")
    feed(
        watched,
        incident("first", "2021-03-28T10:00:00Z"),
        *(
            incident(f"i{n}", rfc3339(start + n), arrived_at=rfc3339(start + n + length * 1000))
            for n, length in enumerate(lengths)
        ),
        incident("after", "2021-03-30T12:00:00Z"),
    )
    query = Query(watched, "tiny", ms("2021-03-30T12:00:00Z"))
    of = query.indicator("mean_response_time")
    found = query.sample(of, query.stretch(LAST), "force")
    assert found is not None
    assert found.number == 60
    assert found.mean == pytest.approx(np.mean(lengths), rel=1e-9)
    assert found.variance == pytest.approx(np.var(lengths, ddof=1), rel=0.02)
