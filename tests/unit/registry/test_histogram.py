import itertools
from collections import Counter
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from streams.registry.histogram import bin_of, quantile, value_of


def test_zero_has_a_bin_of_its_own() -> None:
    assert bin_of(0) == 0
    assert value_of(0) == 0.0
    assert bin_of(1) != 0


def test_every_second_below_128_is_exact() -> None:
    assert [value_of(bin_of(s)) for s in range(128)] == list(range(128))


def test_every_value_up_to_a_month_is_within_one_percent() -> None:
    seconds = [*range(128, 200_000), *range(200_000, 2_700_000, 997)]
    assert max(abs(value_of(bin_of(s)) - s) / s for s in seconds) < 1 / 128


def test_bins_grow_with_the_duration_without_a_gap() -> None:
    bins = [bin_of(s) for s in range(5000)]
    assert all(0 <= after - before <= 1 for before, after in itertools.pairwise(bins))


def test_the_median_of_an_even_number_is_the_lower_middle_one() -> None:
    assert quantile({1: 1, 2: 1, 3: 1, 4: 1}, 0.5) == 2.0


def test_the_ninetieth_percentile_of_ten_is_the_ninth() -> None:
    assert quantile(dict.fromkeys(range(1, 11), 1), 0.9) == 9.0


def test_a_quantile_is_no_longer_than_the_durations_together_allow() -> None:
    assert quantile({bin_of(640): 1}, 0.9) == 643.5
    assert quantile({bin_of(640): 1}, 0.9, together=640.4) == 640
    assert quantile({5: 1, bin_of(640): 2}, 0.9, together=5 + 641 + 642) == 643
    assert quantile({5: 1, bin_of(640): 2}, 0.5, together=5 + 640 + 640) == 640


@given(st.lists(st.integers(0, 4_000), min_size=1, max_size=8), st.sampled_from([0.5, 0.9]))
def test_a_quantile_that_its_sum_bounds_is_never_further_from_the_truth(
    values: list[int], share: float
) -> None:
    bins, true = Counter(map(bin_of, values)), sorted(values)[ceil(share * len(values) - 1e-9) - 1]
    alone, bounded = quantile(bins, share), quantile(bins, share, float(sum(values)))
    assert alone is not None
    assert bounded is not None
    assert abs(bounded - true) <= abs(alone - true)


def test_a_quantile_of_nothing_is_none() -> None:
    assert quantile({}, 0.5) is None


@given(
    st.lists(st.integers(0, 127), min_size=1, max_size=300),
    st.sampled_from([0.1, 0.25, 0.5, 0.9, 0.99, 1.0]),
)
def test_quantiles_below_128_seconds_are_those_of_the_sorted_list(
    values: list[int], share: float
) -> None:
    rank = max(1, ceil(round(share * len(values), 9)))
    assert quantile(Counter(map(bin_of, values)), share) == sorted(values)[rank - 1]
