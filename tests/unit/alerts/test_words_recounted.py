"""What an alert that is over says of its days is what a recount of these days gives."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Sequence

import numpy as np
import pytest

from streams.alerts.evaluation import evaluate
from streams.alerts.lookup import CountedPeriod, NoLookup
from streams.alerts.store import AlertStore
from streams.periods import MINUTE
from streams.registry.phrases import rough
from streams.surveillance.adapters.counts import CountRows, Counts
from streams.surveillance.signals import Signal
from tests.alerting import CALENDAR, ZONE, at, signal, store

ALLOWED = 0.02
FIRST = dt.date(2026, 3, 2)
"""A Monday; all days of a series lie in one year, so that words have no year."""
LEARNED = 12 * 7
DATE = r"\d{1,2} [A-Z][a-z]+"
ON = re.compile(
    rf"(?:from (?P<first>\d{{1,2}}(?: [A-Z][a-z]+)?) to (?P<last>{DATE})|on (?P<only>{DATE}))"
    rf"(?: without (?:(?P<less>{DATE})|\d+ of these days))?, (?P<came>[\d,.]*\d)"
)
PEAK = re.compile(
    rf"(?P<what>Highest|Lowest) (?P<count>[\d,]+) on [A-Z][a-z]+day(?: (?P<on>{DATE}))?"
)


class Days(NoLookup):
    """The days of one series, its detector, and what an alert looks up of them."""

    def __init__(self, usual: Sequence[float]) -> None:
        rows = CountRows(7, ALLOWED)
        self.adapter, self.usual = Counts("offered", rows, ALLOWED), usual
        self.counts: dict[dt.date, int | None] = {}

    def take(self, count: int | None) -> Signal | None:
        """Feeds the next day, and returns its signal; None of a day that is missing."""
        day = FIRST + dt.timedelta(len(self.counts))
        self.counts[day] = count
        period = CALENDAR.holding("day", at(f"{day} 12:00"))
        rows = self.adapter.rows
        for _ in rows.close_weeks(day.weekday()):
            pass
        figure = np.array([np.nan if count is None else float(count)])
        rows.update(figure, period.start, day.weekday())
        if count is None:
            return None
        found = self.adapter.assessment()
        return signal(
            f"{day} 00:00", grain="day", method=found.method, direction=found.direction,
            observed=found.observed, expected=found.expected, lower=found.lower, upper=found.upper,
            rate=found.rate, allowed=ALLOWED, notify=found.rate <= ALLOWED, ratio=found.ratio,
            onset=self.adapter.onset, start=period.start, end=period.end, period=period.label,
        )  # fmt: skip

    def since_onset(self, signal: Signal) -> Sequence[CountedPeriod]:
        assert signal.onset is not None
        return [CountedPeriod(*each) for each in self.adapter.since(signal.onset)]


def played(seed: int) -> tuple[Days, AlertStore]:
    """A series that rises, or falls, for some days, with days that are missing."""
    draw = random.Random(seed)
    level = draw.choice((14.0, 60.0, 300.0))
    usual = [level * draw.uniform(0.7, 1.4) for _ in range(7)]
    days, held = Days(usual), store()
    change, length = draw.choice((0.35, 0.6, 1.35, 1.8)), draw.randrange(2, 13)
    begins = LEARNED + draw.randrange(7)
    generator = np.random.default_rng(seed)
    for number in range(LEARNED + 45):
        ratio = change if begins <= number < begins + length else 1.0
        count = int(generator.poisson(usual[number % 7] * ratio))
        found = days.take(None if number > LEARNED and draw.random() < 0.05 else count)
        if found is not None:
            evaluate(held, [found], [], found.end + 2 * MINUTE, days)
    return days, held


def on(text: str) -> dt.date:
    return dt.datetime.strptime(f"{text} 2026", "%d %B %Y").replace(tzinfo=ZONE).date()


@pytest.mark.parametrize("seeds", [range(20), range(20, 40)])
def test_the_mean_and_the_peak_are_those_of_the_days_that_the_words_name(seeds: range) -> None:
    said = peaks = stretches = 0
    for seed in seeds:
        days, held = played(seed)
        for alert in held.alerts.values():
            if alert.open or alert.course is None:
                continue
            words = " ".join(alert.said)
            match = ON.search(words)
            assert match is not None, words
            last = on(match["last"] or match["only"])
            first = on(match["only"]) if match["only"] else on(
                match["first"] if " " in match["first"] else f"{match['first']} {last:%B}"
            )  # fmt: skip
            left_out = {each.date() for each in alert.course.left_out or ()}
            if match["less"]:
                assert on(match["less"]) in left_out
            named = {
                first + dt.timedelta(n): days.counts[first + dt.timedelta(n)]
                for n in range((last - first).days + 1)
            }
            counted = {day: count for day, count in named.items() if day not in left_out}
            figures = [count for count in counted.values() if count is not None]
            assert len(figures) == len(counted), words
            assert match["came"] == rough(sum(figures) / len(figures)), words
            said += 1
            stretches += len(figures) > 1
            if (peak := PEAK.search(alert.words)) is not None:
                furthest = (max if peak["what"] == "Highest" else min)(figures)
                assert int(peak["count"].replace(",", "")) == furthest, alert.words
                if peak["on"]:
                    assert counted[on(peak["on"])] == furthest
                peaks += 1
    assert said > 15
    assert stretches > 10
    assert peaks > 5
