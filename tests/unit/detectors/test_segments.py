"""Where the level or slope of a whole history changed."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.change.segments import segment

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
    steps = np.array(alike(600, 0.6)) + 20.0 * (np.arange(600) >= 300)
    found = segment(steps)
    assert [each.at for each in found.changes] == [300]
    assert found.sigma == pytest.approx(1.0, abs=0.15)
    assert found.alike in (0.4, 0.6, 0.8)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_noise_that_is_alike_has_no_change(correlation: float) -> None:
    assert segment(alike(300, correlation)).changes == []


def test_noise_that_grows_wider_is_found_and_is_no_change_of_level() -> None:
    noise = np.random.default_rng(3).normal(size=200)
    found = segment(np.where(np.arange(200) < 120, noise, 3.0 * noise))
    assert found.changes == []
    (wider,) = found.spreads
    assert wider.earliest <= 120 <= wider.latest
    assert wider.latest - wider.earliest < 30
    assert wider.before == pytest.approx(1.0, abs=0.2)
    assert wider.after == pytest.approx(3.0, abs=0.5)


def test_noise_with_heavy_tails_grows_no_wider() -> None:
    noise = np.random.default_rng(4).standard_t(3, 300)
    assert segment(noise).spreads == []


def test_a_figure_with_a_cycle_is_not_cut_at_each_of_its_turns() -> None:
    noise = np.random.default_rng(6).normal(size=360)
    found = segment(np.where(np.arange(360) % 24 < 12, 40.0, 10.0) + noise, shapes=["level"])
    assert (found.changes, found.too_many) == ([], True)


def test_a_step_without_noise_is_found() -> None:
    (change,) = segment([5.0] * 12 + [9.0] * 12).changes
    assert change.at == 12
    assert [change.before, change.after] == pytest.approx([5.0, 9.0])


def test_segments_are_the_same_in_any_unit() -> None:
    values = NOISE + 5 * (np.arange(120) >= 70)
    places = [(each.at, each.earliest, each.latest) for each in segment(values).changes]
    for times, more in ((1e6, 1e9), (1e-6, -3.0)):
        found = segment(times * values + more)
        assert [(each.at, each.earliest, each.latest) for each in found.changes] == places


def test_figures_that_repeat_have_no_change() -> None:
    assert segment([3.0] * 40).changes == []


@pytest.mark.parametrize("values", [[1.0] * 7, [1.0] * 20 + [float("nan")]])
def test_too_few_figures_or_a_missing_one_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="segments are found from 8 figures or more"):
        segment(values)
