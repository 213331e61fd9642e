"""A count by months: the usual chart beside it, the rate written out, what an accept does, and what
becomes of a change that nobody accepts."""

import json
from calendar import monthrange
from collections.abc import Sequence
from math import cos, exp, log, log1p, log10, pi

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.change.shiryaev_roberts import ShiryaevRoberts
from detectors.charts.chart import ControlChart
from detectors.counts.month_watch import MonthWatch
from streams.surveillance.adapters.base import PeriodPoint
from streams.surveillance.adapters.counts import Months

STABLE = [360, 371, 352, 377, 366, 349, 381, 358, 370, 362, 355, 367]
RAISED = [442, 431, 452, 437, 446, 429]


def watched(counts: Sequence[float | None], **parameters: float) -> MonthWatch:
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
    assert watch.before == pytest.approx(364, abs=0.01)
    assert watch.level == 439.5
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
    assert (low, high) == pytest.approx((364 - reach, 364 + reach), abs=2)
    shorter = watch.limits(0.01, 28) or (0, 0)
    assert shorter[1] < high


def test_a_second_change_is_as_evident_as_if_there_had_been_no_first() -> None:
    fall = [255, 262, 249]
    watch = watched([*STABLE, *RAISED])
    first = watched([*STABLE, *([None] * 6)])
    for x in fall:
        watch.update(x)
        first.update(x)
        assert (watch.direction, watch.onset) == ("down", 18)
        assert watch.evidence == pytest.approx(first.evidence)
        assert watch.drift_detected == first.drift_detected
    assert watch.drift_detected
    assert (watch.before, watch.level) == pytest.approx((364, 255.33), abs=0.01)


def test_a_change_is_over_with_the_first_month_that_is_far_likelier_at_the_old_level() -> None:
    rise = watched([*STABLE, *RAISED])
    before, level, dispersion = rise.before or 0.0, rise.level or 0.0, rise.dispersion
    assert rise.stands
    for x, over in ((400, False), (380, True)):
        likelier = (x * log(before / level) - (before - level)) / dispersion
        assert (likelier > log(20)) == over
        watch = watched([*STABLE, *RAISED, x])
        assert watch.drift_detected != over


FELL = [60, 52, 66, 57, 49, 63, 58, 54, 61, 47, 65, 56, 62, 50, 59, 55, 69, 57, 54, 21, 21, 20]
BACK = [53, 61, 48, 71, 50, 58, 60, 62, 58, 64, 55, 58]


def test_the_evidence_of_a_change_that_is_over_is_none() -> None:
    watch = watched(list(FELL))
    assert (watch.drift_detected, watch.onset, watch.direction) == (True, 19, "down")
    for x in BACK:
        watch.update(x)
        assert not watch.drift_detected
        assert watch.rate > 10 * watch.allowed
        assert (watch.before or 0.0) > 55
    assert not watch.stands
    assert watch.about == "ready: 31 months"  # the three of the change are not learned


def test_a_month_that_only_looks_like_the_end_ends_nothing_for_good() -> None:
    watch = watched([*STABLE, *RAISED])
    watch.update(375)
    assert (watch.drift_detected, watch.stands) == (False, True)
    watch.update(440)
    assert (watch.drift_detected, watch.onset, watch.direction) == (True, 12, "up")
    assert watch.level == pytest.approx((sum(RAISED) + 375 + 440) / 8)


def test_a_change_that_has_become_smaller_goes_on() -> None:
    watch = watched([*STABLE, *([200] * 4)])
    for x in (300, 296, 305):
        watch.update(x)
        assert (watch.drift_detected, watch.direction, watch.onset) == (True, "down", 12)


CITY = [
    *(515, 557, 505, 574, 550, 541, 577, 627, 597, 576, 656, 691),
    *(652, 524, 595, 742, 752, 636, 822, 764, 792, 738, 807, 820),
    *(797, 710, 678, 549, 209, 175, 276, 416, 448, 483, 486, 412),
]
"""Recorded crimes of the City of London without anti-social behaviour, December 2017 to November
2020, by data.police.uk."""


def month_after(place: int) -> tuple[int, int]:
    return 2017 + (11 + place) // 12, (11 + place) % 12 + 1


def test_the_fall_of_april_2020_is_told_as_a_fall_while_a_rise_waits_to_be_accepted() -> None:
    watch, told = MonthWatch(), {}
    for place, x in enumerate(CITY):
        watch.update(x, monthrange(*month_after(place))[1])
        if watch.drift_detected:
            told[month_after(place)] = watch.direction, month_after(watch.onset or 0)
    assert {told[2019, month] for month in range(6, 10)} == {("up", (2019, 2))}
    assert (2020, 3) not in told  # 549 is below the chart, and as before the rise
    assert {told[2020, month] for month in range(4, 9)} == {("down", (2020, 4))}
    assert {way for (year, month), (way, _) in told.items() if (year, month) > (2020, 2)} == {
        "down"
    }


@pytest.mark.parametrize("month", [250, 560])
def test_no_change_is_told_against_a_month_outside_the_chart(month: int) -> None:
    rise = [442, 431, 452, 437, 446, 429, 441, 440]  # the chart is re-based to them
    months = Months("count", 0.002)
    series = [*STABLE, *(rise if month == 250 else [728 - x for x in rise]), month]
    for place, x in enumerate(series):
        months.update({"count": x}, PeriodPoint(place, 30.4375, place % 12))
    reading = months.assessment()
    assert (reading.lower or 0) > month or (reading.upper or 0) < month
    assert reading.direction == ("down" if month == 250 else "up")


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from([0, 4, 20, 30, 40, 55, 90])),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.integers(-3, 3), min_size=20, max_size=20),
    st.floats(0.0005, 0.02),
)
def test_what_is_told_agrees_with_its_figures_and_is_saved_whole(
    runs: list[tuple[int, int]], noise: list[int], allowed: float
) -> None:
    watch = MonthWatch(allowed=allowed, prior_dispersion=1.0)
    series = [40] * 12 + [level for number, level in runs for _ in range(number)]
    for place, level in enumerate(series):
        x = max(0, level + noise[place % 20] * level // 20)
        watch.update(x)
        watch = MonthWatch.restore(json.loads(json.dumps(watch.save())))
        if watch.drift_detected:
            assert watch.before is not None
            assert watch.level is not None
            assert watch.direction == ("up" if watch.level > watch.before else "down")
            assert (watch.ratio or 2.0) > 1 or watch.direction == "down"
            way = 1 if watch.direction == "up" else -1
            assert (x / (watch.season or 1.0) - watch.before) * way >= -1e-9
            assert watch.season or -way not in [each for _, each in watch.flags]
            assert watch.onset is not None
            assert 12 <= watch.onset < place or way in [each for _, each in watch.flags]


def test_a_change_of_one_month_is_told_where_that_is_outside_the_chart() -> None:
    scattered = [100.0 + 30 * (-1) ** n for n in range(12)]  # limits at 37 and 163
    for x, told in ((158, False), (260, True)):
        watch = watched([*scattered, x], prior_dispersion=1.0, prior_weight=1e4)
        assert watch.onset == 12
        assert watch.drift_detected == told


CHICAGO = [
    *(1224, 1115, 1537, 1612, 1711, 1641, 1672, 1631, 1478, 1511, 1216, 976),
    *(1081, 897, 1324, 1422, 1515, 1538, 1701, 1472, 1329, 1416, 1114, 1111),
    *(966, 902, 1374, 1168, 1516, 1506, 1570, 1450, 1252, 1277, 1081, 1041),
    *(938, 835, 1052, 1109, 1285, 1290, 1261, 1245, 1105, 1081, 892, 857),
    *(726, 718, 959, 1075, 1310, 1313, 1377, 1218, 1161, 1201, 928, 957),
    *(875, 724, 1060, 1116, 1348, 1240, 1330, 1277, 1171, 1200, 966, 977),
    *(1010, 939, 1247, 1191, 1464, 1488, 1484, 1502, 1363, 1424, 1224, 993),
    *(1057, 983, 1085, 1286, 1453, 1482, 1476, 1375, 1365, 1302, 1125, 1033),
    *(1044, 952, 1164, 1184, 1562, 1441, 1568, 1481, 1405, 1376, 1111, 1145),
    *(1042, 956, 1191, 1246, 1521, 1502, 1606, 1427, 1282, 1255, 1143, 1157),
]
"""Aggravated assaults in Chicago, 2010 to 2019: fewer in 2011 to 2013, more from 2016 on, and each
summer half as many again as each winter."""


def test_a_season_that_comes_back_each_year_is_no_change() -> None:
    watch, found = MonthWatch(), {}
    for place, x in enumerate(CHICAGO):
        year, month = 2010 + place // 12, place % 12 + 1
        watch.update(x, monthrange(year, month)[1], finer=True)
        same = watch.a_year_before
        if watch.drift_detected:
            assert same is not None
            onset = (watch.onset or 0) // 12 + 2010
            found[year, month] = watch.direction, onset, round(100 * same.since / same.before - 100)
    assert found[2012, 1] == ("down", 2011, -8)
    assert found[2014, 4] == ("down", 2013, -15)
    assert found[2016, 9] == ("up", 2016, 15)
    assert {year for year, _ in found} == {2011, 2012, 2013, 2014, 2016, 2017}
    assert {way for (year, _), (way, _, _) in found.items() if year < 2015} == {"down"}


def test_two_years_are_enough_to_know_the_season_and_one_is_not() -> None:
    year = [round(100 * (1 + 0.25 * cos(pi * month / 6))) for month in range(12)]
    assert watched([*year, *year[:11]]).season is None
    watch = watched([*year, *year])
    assert watch.season == pytest.approx(1 + 0.25 * cos(pi * 11 / 6), abs=0.01)
    watch.update(year[0])
    assert watch.season == pytest.approx(1.25, abs=0.01)


def test_in_its_second_year_a_season_is_held_against_the_same_months_of_the_first() -> None:
    year = [round(1400 * (1 + 0.25 * cos(pi * month / 6))) for month in range(12)]
    watch = MonthWatch(allowed=0.02)
    for x in [*year, *year]:
        watch.update(x)
        assert not watch.drift_detected


def test_a_fall_in_the_high_season_is_found_once_the_season_is_known() -> None:
    year = [round(1400 * (1 - 0.25 * cos(pi * month / 6))) for month in range(12)]
    watch = watched([*year, *year, *year, *year[:5]])
    for x in year[5:8]:  # June to August
        watch.update(0.8 * x)
    assert (watch.drift_detected, watch.direction, watch.onset) == (True, "down", 41)
    same = watch.a_year_before
    assert same is not None
    assert (same.months, round(same.since / same.before, 2)) == (3, 0.80)


def test_a_level_of_two_years_that_is_as_it_was_a_year_ago_is_no_news() -> None:
    quiet = [100 + 3 * (-1) ** n for n in range(24)]
    watch = watched([*quiet, *(112 + 3 * (-1) ** n for n in range(24))], allowed=1e-9)
    watch.allowed = 0.02
    watch.update(113)
    assert watch.onset is not None
    assert not watch.drift_detected


def test_a_month_alone_is_no_change_where_its_days_are_watched_too() -> None:
    for finer in (False, True):
        watch = watched(list(STABLE))
        watch.update(150, finer=finer)
        assert watch.drift_detected != finer
    watch.update(155, finer=True)
    assert (watch.drift_detected, watch.onset) == (True, 12)


def test_what_was_learned_of_the_season_is_kept_by_an_accept_and_forgotten_by_a_restart() -> None:
    year = [round(1400 * (1 + 0.25 * cos(pi * month / 6))) for month in range(12)]
    watch = watched([*year, *year, *(round(0.7 * x) for x in year[:6])])
    assert (watch.drift_detected, watch.onset) == (True, 24)
    watch.accept()
    assert watch.season == pytest.approx(1 + 0.25 * cos(pi * 5 / 6), abs=0.01)
    for x in [*year[6:], *year, *year]:
        watch.update(round(0.7 * x))
        assert not watch.drift_detected
    watch.restart("the new recording rules")
    assert watch.season is None


def test_a_change_that_is_over_is_not_accepted() -> None:
    months = Months("count", 0.002)
    for place, x in enumerate([*FELL, *BACK]):
        months.update({"count": x}, PeriodPoint(place, 30.4375, place % 12))
    assert not months.accept("down", len(FELL))
    assert months.state == "ready"
