"""Where the level or slope of a whole history changed."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.change.segments import noise, segment

CHANCE = np.random.default_rng(7)
NOISE = CHANCE.normal(size=120)


def alike(size: int, correlation: float) -> list[float]:
    found = [0.0]
    for each in CHANCE.normal(size=size - 1):
        found.append(correlation * found[-1] + float(np.sqrt(1 - correlation**2) * each))
    return found


def test_a_step_is_found_with_the_levels_beside_it() -> None:
    (change,) = segment((NOISE + 5 * (np.arange(120) >= 70)).tolist()).changes
    assert abs(change.at - 70) <= 1
    assert change.earliest <= change.at <= change.latest
    assert change.before == pytest.approx(0, abs=0.5)
    assert change.after == pytest.approx(5, abs=0.5)


def test_noise_alone_has_no_change() -> None:
    assert segment(NOISE.tolist()).changes == []


def test_a_straight_line_has_no_change() -> None:
    found = segment((NOISE + 0.3 * np.arange(120)).tolist())
    assert (found.shape, found.changes) == ("line", [])


def test_a_slope_that_turns_is_found() -> None:
    turned = np.where(np.arange(120) < 60, np.arange(120), 120 - np.arange(120))
    (change,) = segment((NOISE + turned).tolist()).changes
    assert abs(change.at - 60) <= 2


def test_a_figure_that_is_alone_is_no_change() -> None:
    values = NOISE.copy()
    values[50] = 6.0
    assert segment(values.tolist()).changes == []


def test_the_noise_and_its_correlation_are_told_whatever_the_level() -> None:
    steps = np.array(alike(4000, 0.5)) + 20.0 * (np.arange(4000) >= 2000)
    sigma, correlation = noise(steps)
    assert sigma == pytest.approx(1.0, abs=0.1)
    assert correlation == pytest.approx(0.5, abs=0.1)


def test_figures_that_repeat_have_no_change() -> None:
    assert segment([3.0] * 40).changes == []


@pytest.mark.parametrize("values", [[1.0] * 7, [1.0] * 20 + [float("nan")]])
def test_too_few_figures_or_a_missing_one_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="segments are found from 8 figures or more"):
        segment(values)
