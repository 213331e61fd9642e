"""CUSUM against R surveillance and its defining recursion; EWMA against its own; run lengths."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from detectors.change.cusum import CUSUM, Transform, transformed, untransformed
from detectors.change.ewma import EWMA
from detectors.change.run_length import find_h, poisson_run_length, reference_value

CASES = json.loads((Path(__file__).parents[2] / "data" / "surveillance_cusum_glr.json").read_text())


def test_matches_surveillance() -> None:
    case, counts = CASES["cusum_standard"], CASES["salmonella_agona"]
    result, control = case["result"], case["control"]
    mean = sum(counts[: result["index"][0] - 1]) / (result["index"][0] - 1)
    assert mean == pytest.approx(result["m"], rel=1e-12)
    detector = CUSUM(mean=mean, k=control["k"], h=control["h"], sides="up", restart=False)
    total = 0.0
    for x, bound, alarm in zip(
        result["observed"], result["upperbound"], result["alarm"], strict=True
    ):
        # The bound is rounded up there, and never below 0.
        upper = detector.limits[1]
        assert upper is not None
        assert max(0, math.ceil(upper)) == bound
        detector.update(x)
        total = max(0.0, total + (x - mean) / math.sqrt(mean) - control["k"])
        assert detector.evidence == pytest.approx(total, abs=1e-12)
        assert detector.drift_detected is bool(alarm)


def test_run_length_matches_surveillance() -> None:
    case = CASES["arlCusum_example"]
    length = poisson_run_length(case["theta0"], case["k"], case["h"])
    assert length == pytest.approx(case["arl_in"], rel=1e-9)


def test_threshold_matches_surveillance() -> None:
    mean, h, k, length, error = CASES["findH"]["res"]
    after = mean + CASES["findH"]["s"] * math.sqrt(mean)
    assert round(reference_value(mean, after), 1) == k
    assert find_h(mean, k, CASES["findH"]["ARL0"]) == h
    assert length / CASES["findH"]["ARL0"] - 1 == pytest.approx(error)


def test_run_length_is_what_a_simulated_chart_has() -> None:
    rng = random.Random(5)
    mean, k, h = 1.0, 1.5, 2.5
    scale = math.sqrt(mean)
    detector = CUSUM(mean=mean, k=(k - mean) / scale, h=h / scale, sides="up")
    alarms, points = 0, 40_000
    for _ in range(points):
        x, p = 0, rng.random() - math.exp(-mean)
        while p > 0:
            x += 1
            p -= math.exp(-mean) * mean**x / math.factorial(x)
        detector.update(x)
        alarms += detector.drift_detected
    assert points / alarms == pytest.approx(poisson_run_length(mean, k, h), rel=0.1)


@pytest.mark.parametrize("transform", ["standard", "rossi", "anscombe", "none"])
@pytest.mark.parametrize("x", [0.0, 1.0, 3.0, 17.0])
def test_transforms_are_undone(transform: str, x: float) -> None:
    z = transformed(x, 4.0, 2.0, transform)
    assert untransformed(z, 4.0, 2.0, transform) == pytest.approx(x, abs=1e-9)


def test_transforms_at_their_mean() -> None:
    assert transformed(4.0, 4.0, 2.0, "rossi") == 0.0
    assert transformed(4.0, 4.0, 2.0, "anscombe") == 0.0
    assert transformed(9.0, 4.0, 2.0, "rossi") == pytest.approx((9 - 12 + 12) / 4)


@pytest.mark.parametrize("transform", ["standard", "rossi", "anscombe"])
@pytest.mark.parametrize("head_start", [0.0, 0.5])
def test_limits_are_where_the_alarm_begins(transform: Transform, head_start: float) -> None:
    rng = random.Random(2)
    detector = CUSUM(mean=9.0, transform=transform, head_start=head_start)
    for _ in range(300):
        lower, upper = detector.limits
        assert upper is not None
        for nudge, alarm in ((1e-6, True), (-1e-6, False)):
            again = CUSUM.restore(detector.save())
            again.update(upper + nudge)
            assert again.drift_detected is alarm
        assert lower is not None
        if lower > 1e-3:
            again = CUSUM.restore(detector.save())
            again.update(lower - 1e-6)
            assert again.drift_detected
        detector.update(rng.randrange(3, 18))


def test_both_sides_and_the_onset() -> None:
    detector = CUSUM(mean=16.0)
    for x in [16, 17, 15, 8, 9, 7, 8]:
        detector.update(x)
    assert detector.drift_detected
    assert (detector.direction, detector.onset, detector.level) == ("down", 3, 8.0)
    assert detector.level_before == 16.0
    assert detector.evidence_up == 0.0


def test_after_an_alarm() -> None:
    series = [4, 12, 12, 4]
    evidence = {}
    for name, detector in {
        "anew": CUSUM(mean=4.0, h=5.0, sides="up"),
        "half": CUSUM(mean=4.0, h=5.0, sides="up", head_start=0.5),
        "on": CUSUM(mean=4.0, h=5.0, sides="up", restart=False),
    }.items():
        for x in series:
            detector.update(x)
        evidence[name] = detector.evidence
    assert evidence == {"anew": 0.0, "half": 2.0, "on": 6.5}


def test_learns_mean_and_variance() -> None:
    detector = CUSUM(dispersion=None, learn=4)
    for x in [10, 14, 10, 14]:
        assert detector.learning
        detector.update(x)
    assert not detector.learning
    detector.update(20)
    sd = math.sqrt(16 / 3)
    assert detector.evidence == pytest.approx(8 / sd - 0.5)
    assert detector.level_before == 12.0


def test_a_constant_teaches_no_variance() -> None:
    detector = CUSUM(dispersion=None, learn=3)
    for _ in range(10):
        detector.update(5)
    assert detector.learning
    detector.update(6)
    assert not detector.learning


def test_exposure_scales_mean_and_variance() -> None:
    detector = CUSUM(mean=4.0)
    detector.update(24, 4.0)
    assert detector.evidence == pytest.approx((24 - 16) / 4 - 0.5)
    assert detector.level == 6.0


def test_ewma_by_its_definition() -> None:
    rng = random.Random(4)
    detector = EWMA(mean=9.0, weight=0.1, restart=False)
    average = 0.0
    for t in range(1, 60):
        x = rng.randrange(4, 16)
        detector.update(x)
        average = 0.1 * (x - 9) / 3 + 0.9 * average
        spread = math.sqrt(0.1 / 1.9 * (1 - 0.9 ** (2 * t)))
        assert detector.evidence == pytest.approx(abs(average) / spread, rel=1e-9)
        lower, upper = detector.limits
        assert lower is not None
        assert upper is not None
        assert detector.level is not None
        assert upper - 9 == pytest.approx(3 * 2.962 * spread)
        assert (lower < detector.level < upper) is not detector.drift_detected


def test_ewma_false_alarms_are_as_published() -> None:
    rng = random.Random(8)
    detector = EWMA(mean=0.0, sd=1.0, exact=False)
    alarms, points = 0, 60_000
    for _ in range(points):
        detector.update(rng.gauss(0, 1))
        alarms += detector.drift_detected
    assert points / alarms == pytest.approx(500, rel=0.25)


@pytest.mark.parametrize(
    "arguments",
    [
        {"mean": 0.0},
        {"sd": 0.0},
        {"dispersion": -1.0},
        {"learn": 1},
        {"h": 0.0},
        {"head_start": 1.0},
        {"sides": "left"},
        {"transform": "cube"},
        {"transform": "rossi", "dispersion": 2.0},
    ],
)
def test_refuses_senseless_parameters(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        CUSUM(**arguments)
