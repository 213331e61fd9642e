"""A proportion over days: formulas written out, over-dispersion, small numbers, and a restart."""

import json
import random
from math import comb, exp, lgamma, log, log1p, log10

import numpy as np
import pytest

from detectors.shares.proportion_watch import ProportionWatch, divergence, stretch_ratio


def watched(weeks: int = 12, seed: int = 1, **parameters: float) -> ProportionWatch:
    """Days of 100 trials, each a success with a chance of 0.8."""
    watch = ProportionWatch(slots=7, **parameters)  # type: ignore[arg-type]
    generator = random.Random(seed)
    for _ in range(7 * weeks):
        watch.update(sum(generator.random() < 0.8 for _ in range(100)), 100)
    return watch


def beta_binomial(k: int, n: int, a: float, b: float) -> float:
    def log_beta(x: float, y: float) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    return comb(n, k) * exp(log_beta(k + a, n - k + b) - log_beta(a, b))


def test_the_surprise_is_a_mixture_of_beta_binomial_tails() -> None:
    watch = watched()
    slot, known = 0, watch.known
    p, spread = watch.expected or 0.0, watch._slot_spreads[slot]
    watch.update(60, 100)
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    width = log1p(2 / known) ** 0.5
    tail = 0.0
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        factor = (1 + 99 * watched().correlation) * exp(width * node - width**2 / 2)
        size = 1 / (max(0.0, (factor - 1) / 99) + spread) - 1
        tail += weight * sum(beta_binomial(k, 100, size * p, size * (1 - p)) for k in range(61))
    assert watch.surprise == pytest.approx(-log10(tail), rel=1e-6)
    assert (watch.direction, watch.causes[0]) == ("down", "surprise")
    assert watch.rate == pytest.approx(3 * 7 * min(tail, exp(-watch.change)), rel=1e-6)


def test_the_ratio_of_a_stretch_is_of_its_likeliest_cause() -> None:
    share, trials, p, correlation = (np.array([x]) for x in (0.7, 200.0, 0.8, 0.02))
    size = 1 / 0.02 - 1
    causes = np.linspace(0.6, 0.9, 100_001)
    written = trials * divergence(share, causes) + size * divergence(p, causes)
    found = float(stretch_ratio(share, trials, p, correlation)[0])
    assert found == pytest.approx(float(written.min()), rel=1e-6)
    plain = float(stretch_ratio(share, trials, p, np.array([1e-9]))[0])
    assert plain == pytest.approx(200 * (0.7 * log(0.7 / 0.8) + 0.3 * log(0.3 / 0.2)), rel=1e-4)


def test_over_dispersion_is_learned() -> None:
    rng = np.random.default_rng(2)
    watch = ProportionWatch(slots=7)
    for x in rng.binomial(100, rng.beta(0.8 * 19, 0.2 * 19, 300)).tolist():
        watch.update(x, 100)
    assert watch.correlation == pytest.approx(1 / 20, abs=0.012)
    assert watched(40).correlation < 0.005
    wide, narrow = watch.limits(0.001, 100), watched(40).limits(0.001, 100)
    assert wide is not None
    assert narrow is not None
    assert wide[0] < narrow[0] - 0.1


def test_a_change_of_some_days_is_found_with_its_onset() -> None:
    watch = watched(allowed=0.05)
    assert (watch.drift_detected, watch.causes) == (False, [])
    for x in (71, 70, 72, 69):
        watch.update(x, 100)
    assert watch.drift_detected
    assert (watch.causes, watch.onset, watch.direction) == (["change"], 84, "down")
    assert watch.level == pytest.approx(0.705)
    assert watch.before == pytest.approx(0.8, abs=0.01)
    assert watch.ratio == pytest.approx(0.705 / (watch.before or 1.0))


def test_a_slot_has_an_effect_of_its_own() -> None:
    watch = ProportionWatch(slots=7)
    for x in [85, 85, 85, 85, 85, 75, 75] * 20:
        watch.update(x, 100)
    expected = []
    for _ in range(7):
        expected.append(watch.expected)
        watch.update(None)
    assert expected[:5] == pytest.approx([0.85] * 5, abs=0.015)
    assert expected[5:] == pytest.approx([0.75] * 2, abs=0.025)


def test_small_numbers_are_added_up() -> None:
    watch = watched(least=20)
    for trials in (7, 0, 12):
        watch.update(0, trials)
        assert (watch.surprise, watch.change, watch.drift_detected) == (0.0, 0.0, False)
    assert watch.pending == 19
    watch.update(0, 1)
    assert watch.pending == 0
    assert watch.drift_detected
    assert watch.onset == 84


def test_nothing_is_judged_while_learning() -> None:
    watch = ProportionWatch(allowed=1.0, slots=7)
    for _ in range(20):
        assert watch.state == "learning"
        watch.update(80, 100)
    assert watch.state == "ready"
    assert watch.rate == pytest.approx(21.0)
    learning = ProportionWatch()
    assert (learning.expected, learning.before, learning.limits(0.01)) == (None, None, None)


def test_a_share_outside_the_limits_is_what_has_a_tail_below_the_probability() -> None:
    watch = watched()
    low, high = watch.limits(0.001, 100) or (0.0, 1.0)
    for k in range(101):
        lower, upper = watch._tails(k, 100, 0)
        assert (lower <= 0.001) == (k / 100 < low - 1e-9)
        assert (upper <= 0.001) == (k / 100 > high + 1e-9)


def test_how_many_groups_come_in_a_week_is_seen() -> None:
    watch = ProportionWatch(slots=168, least=20)
    for _ in range(400):
        watch.update(8, 10)
    assert watch.groups_a_week == pytest.approx(84, rel=0.01)


def test_a_restart_forgets_and_keeps_the_place() -> None:
    watch = watched(allowed=0.05)
    watch.restart("a new way of counting")
    assert watch.about == "learning: 0 groups since a new way of counting, 20 needed"
    for _ in range(28):
        watch.update(50, 100)
        assert not watch.drift_detected
    for _ in range(3):
        watch.update(80, 100)
    assert (watch.drift_detected, watch.onset) == (True, 84 + 28)


def over(
    watch: ProportionWatch, days: int, share: float, seed: int, number: int = 400
) -> list[str | None]:
    """So many days on which each call is answered in time with that chance; what is told."""
    generator = random.Random(seed)
    told = []
    for _ in range(days):
        watch.update(sum(generator.random() < share for _ in range(number)), number)
        told.append(watch.direction if watch.drift_detected else None)
    return told


@pytest.mark.parametrize(("length", "share"), [(7, 0.4), (14, 0.4), (21, 0.6)])
def test_after_a_crisis_a_second_fall_is_found_as_soon_as_the_first_would_be(
    length: int, share: float
) -> None:
    delays = []
    for crisis in (share, 0.85):
        watch = ProportionWatch(slots=7, allowed=0.02)
        over(watch, 182, 0.85, 1)
        rho = watch.correlation
        told = over(watch, length, crisis, 2)
        assert crisis == 0.85 or told == ["down"] * length
        assert over(watch, 35, 0.85, 3)[1:] == [None] * 34  # over with the first day that is well
        assert watch.correlation == pytest.approx(rho, abs=0.001)
        assert watch.before == pytest.approx(0.85, abs=0.015)
        second = over(watch, 20, 0.80, 4)
        delays.append(second.index("down"))
    assert delays[0] <= delays[1] + 1


def test_a_spell_that_scatters_within_itself_teaches_how_far() -> None:
    rng = np.random.default_rng(9)
    watch = ProportionWatch(slots=7, allowed=0.02)
    over(watch, 140, 0.85, 1)
    for x in rng.binomial(400, rng.beta(0.5 * 19, 0.5 * 19, 120)).tolist():  # rho 0.05
        watch.update(x, 400)
    assert watch.correlation > 0.02


def test_no_fall_is_told_of_a_group_that_is_exceptionally_good() -> None:
    watch = ProportionWatch(slots=7, allowed=0.05)
    over(watch, 140, 0.8, 1)
    assert over(watch, 6, 0.6, 2)[-1] == "down"
    watch.update(396, 400)
    assert watch.direction == "up"
    assert (watch.level or 0) > 0.9


def test_a_spell_is_saved_whole() -> None:
    watch = ProportionWatch(slots=7, allowed=0.02)
    over(watch, 140, 0.85, 1)
    over(watch, 9, 0.5, 2)
    again = ProportionWatch.restore(json.loads(json.dumps(watch.save())))
    assert over(watch, 40, 0.85, 3) == over(again, 40, 0.85, 3)
    assert again.save() == watch.save()
