"""The windowed GLR against R surveillance, FOCuS and a search over levels."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any, Literal

import pytest
from scipy import optimize

from detectors.change.focus import NegativeBinomialFocus, PoissonFocus
from detectors.change.glr import GLR

CASES = json.loads((Path(__file__).parents[2] / "data" / "surveillance_cusum_glr.json").read_text())
CASE = CASES["glrpois_shadar"]


def run(detector: GLR | PoissonFocus) -> tuple[list[float], list[int]]:
    evidence, alarms = [], []
    for x, mean in zip(CASE["result"]["observed"], CASE["mu0"], strict=True):
        detector.update(x, mean)
        evidence.append(detector.evidence)
        alarms.append(int(detector.drift_detected))
    return evidence, alarms


@pytest.mark.parametrize(
    "detector",
    [GLR(mean=1.0, threshold=4.0, window=87), PoissonFocus(1.0, threshold=4.0, sides="up")],
)
def test_matches_surveillance(detector: GLR | PoissonFocus) -> None:
    evidence, alarms = run(detector)
    assert evidence == pytest.approx(CASE["result"]["upperbound"], abs=1e-6)
    assert evidence == pytest.approx(CASE["result"]["upperbound"], rel=1e-6, abs=1e-9)
    assert alarms == CASE["result"]["alarm"]


def log_chance(x: int, mean: float, alpha: float) -> float:
    """The negative binomial log-probability, but for what does not depend on the mean."""
    return x * math.log(mean / (1 + alpha * mean)) - math.log(1 + alpha * mean) / alpha


def searched(xs: list[int], ms: list[float], alpha: float, sign: int, lengths: range) -> float:
    """The statistic by a numerical search for the factor of each segment."""
    best = 0.0
    for length in lengths:
        x, m = xs[-length:], ms[-length:]

        def loss(log_c: float, x: list[int] = x, m: list[float] = m) -> float:
            c = math.exp(log_c)
            pairs = list(zip(x, m, strict=True))
            return sum(log_chance(a, b, alpha) - log_chance(a, c * b, alpha) for a, b in pairs)

        bounds = (0.0, 6.0) if sign > 0 else (-6.0, 0.0)
        found = optimize.minimize_scalar(
            loss, bounds=bounds, method="bounded", options={"xatol": 1e-9}
        )
        best = max(best, -found.fun)
    return best


@pytest.mark.parametrize("direction", ["up", "down"])
@pytest.mark.parametrize("even", [True, False])
def test_negative_binomial_by_search(direction: Literal["up", "down"], even: bool) -> None:
    rng = random.Random(6)
    detector = GLR(mean=2.0, alpha=0.3, threshold=99.0, window=6, least=2, direction=direction)
    xs: list[int] = []
    ms: list[float] = []
    for i in range(14):
        mean = 5.0 if even else 3.0 + i % 4
        xs.append(rng.randrange(1, 12))
        ms.append(mean)
        detector.update(xs[-1], mean / 2.0)
        lengths = range(2, min(len(xs), 6) + 1)
        expected = searched(xs, ms, 0.3, 1 if direction == "up" else -1, lengths)
        assert detector.evidence == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_equals_focus_where_means_are_even() -> None:
    rng = random.Random(1)
    glr = GLR(mean=6.0, alpha=0.25, threshold=3.0, window=500)
    focus = NegativeBinomialFocus(6.0, threshold=3.0, sides="up", size=4.0)
    for _ in range(300):
        x = rng.randrange(0, 16)
        glr.update(x)
        focus.update(x)
        assert glr.evidence == pytest.approx(focus.evidence, rel=1e-9, abs=1e-9)
        assert glr.drift_detected == focus.drift_detected
        if glr.evidence > 1e-6:
            assert glr.onset == focus.onset
            assert glr.level == pytest.approx(focus.level)


def test_no_counts_at_all_is_a_fall() -> None:
    detector = GLR(mean=2.0, alpha=0.5, direction="down", threshold=4.0, restart=False)
    for i in range(8):
        detector.update(0, 1.0 + i % 2)
    assert detector.drift_detected
    assert detector.level == 0.0
    assert detector.onset == 0


def test_window_and_least_bound_the_segments() -> None:
    detector = GLR(mean=1.0, window=3, least=2, threshold=99.0)
    detector.update(9)
    assert detector.evidence == 0.0
    for x in [2, 2, 2, 2]:
        detector.update(x)
    assert detector.onset == 2
    assert detector.factor == 2.0


@pytest.mark.parametrize(
    "arguments", [{"mean": 0.0}, {"alpha": -1.0}, {"least": 0}, {"direction": "left"}]
)
def test_refuses_senseless_parameters(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        GLR(**arguments)
