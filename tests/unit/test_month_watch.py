"""A count by months: the usual chart beside it, the rate written out, and what an accept does."""

from math import exp, log1p, log10

import pytest

from detectors.chart import ControlChart
from detectors.month_watch import MonthWatch
from detectors.shiryaev_roberts import ShiryaevRoberts

STABLE = [360, 371, 352, 377, 366, 349, 381, 358, 370, 362, 355, 367]
RAISED = [442, 431, 452, 437, 446, 429]


def watched(counts: list[float | None], **parameters: float) -> MonthWatch:
    watch = MonthWatch(**parameters)  # type: ignore[arg-type]
    for x in counts:
        watch.update(x)
    return watch


def test_the_rate_is_the_formula_written_out() -> None:
    months = [*STABLE, *RAISED[:4]]
    watch = watched(months, prior_dispersion=1.5, prior_weight=6.0)
    lasting = ShiryaevRoberts(prior_dispersion=1.5, prior_weight=6.0)
    for x in months:
        lasting.update(x)
    g = 0.16 / (0.16 + 1 / 4 + 1 / 12)
    c, nu = 1.2 * lasting.evidence / g, 11.0 + 6.0
    assert watch.change == pytest.approx(nu / 2 * log1p(2 * c / nu))
    assert watch.rate == pytest.approx(12 / 52.18 * exp(-watch.change))
    assert watch.evidence == pytest.approx(-log10(watch.rate))


def test_a_lasting_rise_is_found_with_its_onset_and_levels() -> None:
    watch = watched([*STABLE, *RAISED])
    assert watch.drift_detected
    assert (watch.causes, watch.onset, watch.direction) == (["change"], 12, "up")
    assert (watch.before, watch.level) == (pytest.approx(364, abs=0.01), 439.5)
    assert watch.ratio == pytest.approx(439.5 / 364, rel=1e-4)
    assert watched([*STABLE, *(728 - x for x in RAISED)]).direction == "down"


def test_an_alarm_is_a_rate_that_is_allowed() -> None:
    rate = watched([*STABLE, *RAISED]).rate
    assert watched([*STABLE, *RAISED], allowed=rate).drift_detected
    assert not watched([*STABLE, *RAISED], allowed=rate * 0.999).drift_detected


def test_the_usual_chart_flags_and_never_alarms() -> None:
    watch = watched([*STABLE, 400])
    chart = ControlChart("mean_sd", sigmas=2, rebase=8)
    for x in [*STABLE, 400]:
        chart.update(x)
    assert watch.flags == chart.causes == [["outside", 1]]
    assert (watch.centre, watch.lower, watch.upper) == (chart.centre, chart.lower, chart.upper)
    assert not watch.drift_detected


def test_the_days_of_a_month_are_no_change() -> None:
    dated, plain = MonthWatch(), watched([12 * 30.4375] * 24)
    for days in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] * 2:
        dated.update(12 * days, days)
    assert dated.rate == pytest.approx(plain.rate, rel=0.02)
    assert dated.before == pytest.approx(12 * 30.4375)


@pytest.mark.parametrize("gap", [(None, 31), (360, None), (float("nan"), 31), (360, 0)])
def test_a_missing_month_has_a_place_and_tells_nothing(gap: tuple[float | None, float]) -> None:
    watch = watched([*STABLE, *RAISED])
    watch.update(*gap)
    assert not watch.drift_detected
    assert (watch.change, watch.onset, watch.ratio) == (0.0, None, None)
    watch.update(440)
    assert (watch.drift_detected, watch.onset) == (True, 12)


def test_what_is_accepted_is_the_new_baseline() -> None:
    watch = watched([None, *STABLE, *RAISED])
    dispersion = watch.dispersion
    watch.accept()
    assert watch.changes == [[13, 364.0, 439.5]]
    assert watch.state == "learning"
    assert watch.about == "learning: 6 months since the change of level at month 13, 12 needed"
    for x in [*RAISED, *RAISED]:
        watch.update(x)
    assert watch.state == "ready"
    assert watch.before == pytest.approx(439.5, abs=1)
    assert not watch.drift_detected
    assert watch.known == 11 + 11 + 10  # what was known of the dispersion is kept
    assert 1.0 <= watch.dispersion <= dispersion
    for x in STABLE[:6]:
        watch.update(x)
    assert (watch.onset, watch.direction) == (13 + 18, "down")


def test_nothing_can_be_accepted_where_nothing_was_found() -> None:
    with pytest.raises(ValueError, match="no change"):
        watched(list(STABLE)).accept()


def test_a_restart_forgets_and_keeps_the_place() -> None:
    watch = watched([*STABLE, *RAISED])
    watch.restart("the new recording rules")
    assert watch.about == "learning: 0 months since the new recording rules, 12 needed"
    assert (watch.before, watch.limits(0.01), watch.centre) == (None, None, None)
    for x in [*STABLE, *RAISED]:
        watch.update(x)
    assert watch.onset == 18 + 12


def test_limits_are_those_of_the_level_of_all_months() -> None:
    watch = watched(list(STABLE), prior_dispersion=1.0, prior_weight=1e9)
    low, high = watch.limits(0.01) or (0, 0)
    # 2.33 standard deviations of 364 counts, about a level known from twelve times as many.
    reach = 2.33 * (364 * (1 + 1 / 12)) ** 0.5
    assert (low, high) == (pytest.approx(364 - reach, abs=2), pytest.approx(364 + reach, abs=2))
    shorter = watch.limits(0.01, 28) or (0, 0)
    assert shorter[1] < high
