"""The wording of signals, to the letter."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.config.force import find_force
from streams.periods import HOUR, Calendar
from streams.registry import phrases as said
from streams.registry.aggregates import Share
from streams.registry.calls import CALL
from streams.registry.crimes import CRIME
from streams.registry.registry import REGISTRY
from streams.surveillance.adapters.base import Assessment, PeriodPoint
from streams.surveillance.adapters.counts import Months
from streams.surveillance.adapters.grouped import GroupedRows, Shares
from streams.surveillance.series import WatchedSeries, watch_list
from streams.surveillance.signals import Signal
from streams.surveillance.watch import Context, Watch, news
from tests.alerting import signal
from tests.build import crime, feed, ms
from tests.surveillance import of, watched

WARWICKSHIRE = find_force("warwickshire")
CALENDAR = Calendar(WARWICKSHIRE.zone)
NOW = ms("2021-06-09T21:05:00Z")  # a Wednesday, 22:05 in Warwickshire
IN_TIME = Share(("within",), ("answered", "abandoned"))


def told(name: str, start: str, now: int = NOW, onset: str | None = None, **found: Any) -> str:
    grain: Any = name.partition("/")[0]
    listed = (
        w for g in REGISTRY.groups for w in watch_list(WARWICKSHIRE, REGISTRY.kinds[g.kind], grain)
    )
    each = next(w for w in listed if w.name == name)

    began = None if onset is None else ms(onset)

    class Fixed(Months):
        onset = began

        def assessment(self) -> Assessment:
            return Assessment(**found)

    watch = Watch(each, CALL.layouts[0], Fixed("offered", 0.1))
    period = CALENDAR.holding(grain, ms(start))
    signal: Signal = watch.make_signal(Context(WARWICKSHIRE, CALENDAR), period, now)
    return signal.words


def found(observed: float, lower: float, upper: float, **more: Any) -> dict[str, Any]:
    fixed = {"method": "surprise", "direction": "up", "rate": 0.001}
    return {**fixed, "observed": observed, "lower": lower, "upper": upper, **more}


def test_an_hour_of_calls() -> None:
    words = told(
        "hour/calls/offered/999/force", "2021-06-09T20:00:00Z",
        onset="2021-06-09T20:00:00Z", **found(21, 3, 14),
    )  # fmt: skip
    assert words == (
        "999 emergency calls, Warwickshire: 21 in the hour to 22:00, usually 3 to 14. "
        "Up since about 21:00."
    )


def test_a_change_says_by_how_much_and_an_older_onset_its_day() -> None:
    words = told(
        "hour/incidents/count/asb/all/force", "2021-06-09T20:00:00Z",
        onset="2021-06-08T17:00:00Z", **found(12, 3, 14, method="change", ratio=1.62),
    )  # fmt: skip
    assert words == (
        "Anti-social behaviour incidents, Warwickshire: 12 in the hour to 22:00, usually 3 to 14. "
        "1.6 times the usual since about 18:00 on Tuesday."
    )


def test_a_day_of_a_district() -> None:
    words = told("day/crimes/count/vehicle/north-warwickshire", "2021-06-08T00:00:00Z",
                 **found(9, 1, 5))  # fmt: skip
    assert words == "Vehicle offences, North Warwickshire: 9 on Tuesday, usually 1 to 5."


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("other_crime", "Other crime, Warwickshire: 9 on Tuesday, usually 1 to 5."),
        ("all", "Recorded crimes, Warwickshire: 9 on Tuesday, usually 1 to 5."),
        ("drugs", "Drugs offences, Warwickshire: 9 on Tuesday, usually 1 to 5."),
    ],
)
def test_no_word_stands_twice(group: str, words: str) -> None:
    name = f"day/crimes/count/{group}/force"
    assert told(name, "2021-06-08T00:00:00Z", **found(9, 1, 5)) == words


def test_a_month() -> None:
    words = told("month/crimes/count/vehicle/north-warwickshire", "2017-10-01T12:00:00Z",
                 **found(333, 166, 271))  # fmt: skip
    assert words == "Vehicle offences, North Warwickshire: 333 in October 2017, usually 166 to 271."


def test_a_share_and_a_duration() -> None:
    words = told("day/calls/service_level/101/force", "2021-05-30T12:00:00Z",
                 **found(0.712, 0.85, 0.95, direction="down"))  # fmt: skip
    assert words == (
        "101 non-emergency calls answered in time, Warwickshire: 71.2 % on Sunday 30 May 2021, "
        "usually 85.0 % to 95.0 %."
    )
    words = told("day/attendance/response_mean/force", "2021-06-08T12:00:00Z",
                 **found(724, 550, 661))  # fmt: skip
    assert words == (
        "Mean response to emergencies, Warwickshire: 12 min 4 s on Tuesday, "
        "usually 9 min 10 s to 11 min 1 s."
    )


@pytest.mark.parametrize(
    ("polarity", "direction", "which"),
    [("up_good", "up", "good"), ("up_good", "down", "bad"), ("down_good", "up", "bad"),
     ("neutral", "up", "neutral")],
)  # fmt: skip
def test_the_registry_says_what_is_good_news(polarity: str, direction: Any, which: str) -> None:
    assert news(polarity, direction) == which


def test_nothing_to_compare_with_is_said() -> None:
    assert said.usual(None, None, "count") == "nothing to compare with yet"


def test_a_lasting_change_in_months_known_by_the_month_is_found() -> None:
    target = watched()
    signals: list[Signal] = []
    of(target, "crime").on_signals = signals.extend
    for n in range(26):
        month = f"{2018 + n // 12}-{n % 12 + 1:02}"
        count = 40 + n % 5 if n < 20 else 75 + n % 5
        feed(target, *(
            crime(f"{month}/{k}", month, offence="vehicle", updated_at=f"{month}-28T12:00:00Z")
            for k in range(count)
        ))  # fmt: skip
    sent = [s for s in signals if s.notify and s.row["offence"] == "vehicle"]
    assert (sent[0].grain, sent[0].method, sent[0].direction) == ("month", "level", "up")
    assert sent[0].words == "Vehicle offences, Tiny Police: 75 in September 2019, usually 39 to 45."
    assert sent[1].onset == ms("2019-09-01T00:00:00+01:00")
    assert sent[1].words == (
        "Vehicle offences, Tiny Police: 76 in October 2019, usually 39 to 45. "
        "Higher since about September 2019: 75 a month, 74 % more than in the same months a year "
        "before."
    )


def vehicle() -> WatchedSeries:
    listed = watch_list(WARWICKSHIRE, REGISTRY.kinds["crime"], "month")
    return next(each for each in listed if each.name == "month/crimes/count/vehicle/force")


def hours_of_calls(adapter: Shares, slots: range, within: int) -> None:
    for slot in slots:
        counts = {"answered": 40, "abandoned": 2, "within": within}
        adapter.update(counts, PeriodPoint(slot * HOUR, 1 / 24, slot % 168))


def test_a_fall_of_a_service_level_is_found_with_its_onset() -> None:
    adapter = Shares(IN_TIME, GroupedRows(168, 0.01).shares, 0.01)
    hours_of_calls(adapter, range(400), 36)
    assert not adapter.shown
    hours_of_calls(adapter, range(400, 404), 20)
    assessment = adapter.assessment()
    assert adapter.rate <= 0.01
    assert (assessment.direction, round(assessment.observed, 3)) == ("down", 0.476)
    assert adapter.onset == 400 * HOUR
    assert assessment.upper is not None
    assert assessment.upper <= 1.0


def test_an_hour_that_the_clocks_repeat_or_skip_moves_no_other() -> None:
    adapter = Shares(IN_TIME, GroupedRows(168, 0.01).shares, 0.01)
    for slot in (0, 1, 1, 2, 4):
        adapter.update(
            {"answered": 40, "abandoned": 2, "within": 36}, PeriodPoint(slot, 1 / 24, slot)
        )
    assert adapter.starts == [0, 1, 2, 4, 4]


def test_a_share_knows_the_slots_that_it_is_of() -> None:
    adapter = Shares(IN_TIME, GroupedRows(168, 0.01).shares, 0.01)
    seen = []
    for slot in range(9):
        counts = {"answered": 4, "abandoned": 0, "within": 3}
        adapter.update(counts, PeriodPoint(slot * HOUR, 1 / 24, slot))
        assessment = adapter.assessment()
        seen.append((assessment.first, assessment.cases))
    # Slots of so few calls are added up before they are judged.
    firsts = {first for first, _ in seen}
    for first, cases in seen:
        assert first is not None
        assert cases is not None
    assert len(firsts) < 9
    for n, (first, cases) in enumerate(seen):
        assert cases == (3 * (n - (first or 0) // HOUR + 1), 4 * (n - (first or 0) // HOUR + 1))


def test_a_new_average_of_a_chart_is_told_and_nobody_is_notified() -> None:
    months = Months("count", 1e-9)
    watch = Watch(vehicle(), CRIME.layouts[0], months)
    told = []
    for n in range(22):
        period = CALENDAR.holding("month", ms(f"{2016 + n // 12}-{n % 12 + 1:02}-15T12:00:00Z"))
        count = 364 + (-1) ** n * 20 if n < 12 else 390 + n
        point = PeriodPoint(period.start, 30.4375, n % 12)
        if months.feed({"count": count}, point, normal=True):
            told.append(watch.make_signal(Context(WARWICKSHIRE, CALENDAR), period, period.end))
    (moved,) = (each for each in told if each.rebased)
    assert moved.rebased == (364.0, 405.5, 8)
    assert (moved.period, moved.direction, moved.notify) == ("2017-08", "up", False)
    assert moved.words == (
        "Vehicle offences, Warwickshire: 409 in August 2017, usually 322 to 406. "
        "Following 8 months above 364, the average rose from 364 to 406."
    )


def test_a_new_average_below() -> None:
    assert said.rebased(33.4, 19.6, 8) == (
        "Following 8 months below 33, the average fell from 33 to 20."
    )


def test_a_rise_from_hardly_any_is_no_multiple_of_the_usual() -> None:
    few = signal("2026-11-21 00:00", grain="day", expected=0.49, ratio=11.0, direction="up")
    assert said.change(few, "Tuesday", "count") == "Up since about Tuesday."
    more = msgspec.structs.replace(few, expected=0.5)
    assert said.change(more, "Tuesday", "count") == "11 times the usual since about Tuesday."


def test_a_mean_that_ends_with_a_half_is_rounded_away_from_zero() -> None:
    assert [said.rough(many) for many in (20.5, 178.5, 1204.5)] == ["21", "179", "1,205"]
