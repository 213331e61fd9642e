"""When a change of level by month is over, by the detector that finds it and the alert store."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streams.alerts.evaluation import evaluate
from streams.periods import DAY
from streams.registry.registry import REGISTRY
from streams.surveillance.adapters.base import PeriodPoint
from streams.surveillance.adapters.counts import Months
from streams.surveillance.series import watch_list
from streams.surveillance.watch import Context, Watch
from tests.alerting import CALENDAR, WARWICKSHIRE, Known, store

ALLOWED = 0.0009
"""Nominal false alarms a week of one series: a twentieth of one by the month, over some 40."""


def told(counts: list[int]) -> list[tuple[str, str]]:
    """What became of the burglaries of so many months from January 2020: (what, in which month)."""
    return [(what, month) for what, month, _ in with_words(counts)]


def with_words(counts: list[int]) -> list[tuple[str, str, str]]:
    """The same with the words. A month is closed three days after its end."""
    watched = next(
        each
        for each in watch_list(WARWICKSHIRE, REGISTRY.kinds["crime"], "month")
        if (each.area, each.row["offence"], each.measure.name) == ("force", "burglary", "count")
    )
    nothing: Any = None
    months = Months("count", ALLOWED)
    watch = Watch(watched, nothing, months)
    context, b = Context(WARWICKSHIRE, CALENDAR), store()
    found: list[tuple[str, str, str]] = []
    for month, count in enumerate(counts):
        middle = CALENDAR.midnight(2020 + month // 12, month % 12 + 1, 15)
        period = CALENDAR.holding("month", middle)
        months.update({"count": count}, PeriodPoint(period.start, 30.4, month % 12))
        at = period.end + 3 * DAY
        signal = watch.read(context, period, at)
        signals = [signal] if watch.adapter.shown else []
        made = evaluate(b, signals, [], at, Known(signal))
        found += [
            (t.what, period.label, t.alert.words) for t in made if t.what in ("opened", "resolved")
        ]
    return found


def test_a_level_is_over_when_the_old_one_was_back_for_two_months() -> None:
    usual = [60, 52, 66, 57, 49, 63, 58, 54, 61, 47, 65, 56, 62, 50, 59, 55, 69, 57, 54]
    back = [53, 61, 48, 71, 50, 58, 60, 62, 58, 64, 55, 58]
    # November is at the old level, December too; the detector goes on saying "down since August".
    assert told([*usual, 21, 21, 20, *back]) == [("opened", "2021-09"), ("resolved", "2021-12")]
    # It was over with its last month, whenever that was known.
    (_, _, words) = with_words([*usual, 21, 21, 20, *back])[-1]
    assert words.endswith("Over on 31 December 2021, open since 4 October 2021.")


def test_a_level_that_was_none_for_three_months_is_over_as_soon() -> None:
    counts = [60 + (month * 7) % 13 - 6 for month in range(30)]
    counts[19:22] = [0, 0, 0]
    assert told(counts) == [("opened", "2021-08"), ("resolved", "2021-12")]


WINTER_AND_SUMMER = [70, 64, 88, 92, 98, 94, 96, 94, 85, 87, 70, 56]
"""What each month has: half as many again in summer."""


def test_what_comes_back_each_year_raises_nothing() -> None:
    drift = [2, -3, 1, 0, 3, -2]
    months = [x + drift[(place * 5) % 6] for place, x in enumerate(WINTER_AND_SUMMER * 6)]
    assert told(months) == []


def test_a_summer_does_not_end_a_fall_and_a_level_that_is_back_does() -> None:
    fall = [round(0.75 * x) for x in WINTER_AND_SUMMER]
    months = [*WINTER_AND_SUMMER * 3, *fall, *fall[:6], *WINTER_AND_SUMMER[6:], *WINTER_AND_SUMMER]
    (opened, when), (resolved, then) = told(months)
    assert (opened, resolved) == ("opened", "resolved")
    assert "2023-03" <= when <= "2023-06"
    assert then in ("2024-07", "2024-08")


def test_a_level_is_said_beside_the_same_months_a_year_before() -> None:
    fall = [round(0.75 * x) for x in WINTER_AND_SUMMER]
    (_, month, words), *_ = with_words([*WINTER_AND_SUMMER * 3, *fall])
    assert month == "2023-05"
    assert words == (
        "Burglary offences, Warwickshire: 74 in May 2023. A new level since about January 2023: "
        "62 a month, 25 % less than in the same months a year before."
    )


@pytest.mark.parametrize("seed", range(6))
def test_counts_drawn_at_random_are_over_within_four_months_and_told_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [*rng.poisson(60, 20), *rng.poisson(28, 4), *rng.poisson(60, 18)]
    (opened, _), (resolved, when) = told([int(count) for count in drawn])
    assert (opened, resolved) == ("opened", "resolved")
    assert "2022-02" <= when <= "2022-04"


@pytest.mark.parametrize("seed", range(4))
def test_a_level_that_stays_stays_open(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [*rng.poisson(60, 20), *rng.poisson(90, 24)]
    ((what, _),) = told([int(count) for count in drawn])
    assert what == "opened"
