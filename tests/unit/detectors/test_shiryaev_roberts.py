"""Shiryaev-Roberts against its formula written out, and the way that it is read."""

from math import exp, isfinite, log, sqrt

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.change.shiryaev_roberts import ShiryaevRoberts

STABLE = [360, 371, 352, 377, 366, 349, 381, 358, 370, 362, 355, 367]
RAISED = [392, 399, 388, 401, 385, 395, 398, 391]


def written_out(counts: list[float], lengths: list[float], dispersion: float, size: float) -> float:
    """Half way between sum and mean of the Bayes factors of every onset after 12 points."""
    logs = []  # their sum can be beyond what a float holds
    for onset in range(12, len(counts)):
        earlier, since = sum(lengths[:onset]), sum(lengths[onset:])
        rate = sum(counts[:onset]) / earlier
        difference = (sum(counts[onset:]) / since - rate) / rate
        variance = dispersion / rate * (1 / since + 1 / earlier)
        prior = size**2 * dispersion / rate
        gain = prior / (prior + variance)
        logs.append(difference**2 / 2 / variance * gain + log(variance / (variance + prior)) / 2)
    top = max(logs)
    return top + log(sum(exp(each - top) for each in logs) / sqrt(len(counts) - 12))


@settings(max_examples=50)
@given(st.lists(st.integers(0, 600), min_size=13, max_size=30), st.floats(0.1, 2.0))
@example([0] * 13, 1.0)
def test_the_evidence_is_the_formula_written_out(counts: list[int], size: float) -> None:
    series = [float(count) for count in [*STABLE, *counts]]
    detector = ShiryaevRoberts(size=size, window=100)
    for count in series:
        detector.update(count)
    assert detector.evidence == pytest.approx(
        written_out(series, [1.0] * len(series), detector.dispersion, size), rel=1e-9
    )


def test_exposures_are_lengths_of_time() -> None:
    lengths = [1.0, 0.9, 1.1, 1.0] * 5
    counts = [
        length * rate for length, rate in zip(lengths, [364.0] * 14 + [394.0] * 6, strict=True)
    ]
    detector = ShiryaevRoberts()
    for count, length in zip(counts, lengths, strict=True):
        detector.update(count, length)
    assert detector.evidence == pytest.approx(written_out(counts, lengths, 1.0, 0.4), rel=1e-9)
    assert (detector.onset, round(detector.level), round(detector.before)) == (14, 394, 364)


def test_a_rise_and_a_fall_are_told_apart() -> None:
    for factor, direction in ((1.1, 1), (0.9, -1)):
        detector = ShiryaevRoberts()
        for count in [*STABLE, *(factor * count for count in STABLE)]:
            detector.update(count)
        assert detector.drift_detected
        assert detector.direction == direction
        assert detector.onset == 12


def test_nothing_is_judged_before_the_baseline_is_full() -> None:
    detector = ShiryaevRoberts(threshold=-100)
    for count in STABLE:
        detector.update(count)
        assert not detector.drift_detected
    detector.update(364)
    assert detector.drift_detected


def test_a_missing_point_moves_the_index_and_changes_no_evidence() -> None:
    whole, gapped = ShiryaevRoberts(), ShiryaevRoberts()
    for count in [*STABLE, *RAISED]:
        whole.update(count)
        gapped.update(count)
        gapped.update(None)
    assert gapped.evidence == whole.evidence
    assert (whole.onset, gapped.onset) == (12, 24)


def test_the_dispersion_is_drawn_towards_that_of_the_siblings() -> None:
    alone = ShiryaevRoberts(least_dispersion=0)
    shrunk = ShiryaevRoberts(least_dispersion=0, prior_dispersion=3.0, prior_weight=22)
    for count in STABLE:
        alone.update(count)
        shrunk.update(count)
    # Eleven degrees of freedom of its own, twenty-two of the siblings: one third and two thirds.
    assert shrunk.dispersion == pytest.approx(alone.dispersion / 3 + 2.0, rel=1e-12)


def test_memory_is_bounded_by_the_window() -> None:
    detector = ShiryaevRoberts(window=24)
    for count in STABLE * 500:
        detector.update(count)
    assert len(str(detector.save())) < 4_000
    assert not detector.drift_detected


def test_a_baseline_of_nothing_is_judged_without_an_error() -> None:
    detector = ShiryaevRoberts()
    for count in [0.0] * 20 + [3.0] * 5:
        detector.update(count)
    assert isfinite(detector.evidence)
    assert detector.onset == 20


@pytest.mark.parametrize("wrong", [{"baseline": 1}, {"window": 0}, {"size": 0.0}])
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="baseline must be"):
        ShiryaevRoberts(**wrong)  # type: ignore[arg-type]


def test_points_apart_are_as_points_that_never_came() -> None:
    apart = {14, 15, 16}
    whole, holes = ShiryaevRoberts(), ShiryaevRoberts()
    for place, x in enumerate([*([30, 34, 28, 31] * 3), 33, 29, 60, 58, 63, 31, 33]):
        whole.update(x)
        holes.update(None if place in apart else x)
    assert whole.likeliest_change((14, 17)) == holes.likeliest_change()
    assert whole.evidence > 5 > holes.evidence
    whole.set_aside(14, 17)
    assert whole.likeliest_change() == holes.likeliest_change()
    assert (whole.evidence, whole.onset, whole.level) == (holes.evidence, holes.onset, holes.level)
    whole.set_aside(0, 99)
    assert (whole.likeliest_change(), whole.evidence, whole.onset) == (None, 0.0, None)
