"""Events that go on for weeks: a level of their own, lent where no ordinary weeks are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detectors.counts.count_watch import CountWatch
from detectors.counts.expected import Expected
from tests.examples import one_in

LOCKDOWN = ("First national lockdown",)
Names = Callable[[int], Sequence[str]]
Rate = Callable[[int], float]


def of_days(days: int, rate: Rate, names: Names, seed: int = 1) -> tuple[CountWatch, list[int]]:
    """A count by the day (Poisson, the week begins on a Wednesday), and its days with an alarm."""
    chance, watch, alarms = np.random.default_rng(seed), CountWatch(7, allowed=0.005), []
    for day in range(days):
        watch.update(int(chance.poisson(rate(day))), (day + 2) % 7, names(day))
        if watch.drift_detected:
            alarms.append(day)
    return watch, alarms


def in_lockdown(first: int, last: int) -> Names:
    return lambda day: LOCKDOWN if first <= day <= last else ()


def test_an_install_that_begins_in_an_event_of_12_weeks_has_no_level_of_zero() -> None:
    watch = CountWatch(allowed=0.005)
    for hour in range(44 * 24):
        watch.update(12, (hour + 72) % 168, ("Third national lockdown",))
        assert not watch.drift_detected, hour
    assert watch.expected.about == (
        "first year: known only from Third national lockdown, 6 weeks; "
        "0 weeks of ordinary history, 4 needed"
    )
    assert watch.expected.forecast(0, ("Third national lockdown",)).limits(0.1) == (8, 17)


def test_while_an_event_is_not_known_either_it_is_learning_and_says_so() -> None:
    watch, alarms = of_days(27, lambda _: 300, in_lockdown(0, 90))
    assert not alarms
    assert watch.expected.state == "learning"
    assert watch.expected.about == (
        "learning: 0 weeks of history, 4 needed; only fixed limits are used"
    )


def test_a_surge_within_an_event_that_an_install_began_in_is_found_on_its_first_day() -> None:
    _, alarms = of_days(94, lambda day: 328 if day < 91 else 525, in_lockdown(0, 93))
    assert alarms == [91, 92, 93]


def test_a_surge_within_such_an_event_is_found_within_hours() -> None:
    """As 999 calls had it in July 2020: 328 a day, then 525, from midnight on."""
    by_hour = [0.5, 0.4, 0.35, 0.3, 0.3, 0.35, 0.5, 0.7, 0.9, 1.0, 1.1, 1.15,
               1.2, 1.2, 1.2, 1.25, 1.3, 1.4, 1.5, 1.5, 1.45, 1.4, 1.2, 0.9]  # fmt: skip
    chance, watch = np.random.default_rng(3), CountWatch(allowed=0.005)
    alarms = []
    for hour in range(94 * 24):
        level = (328 if hour < 91 * 24 else 525) / sum(by_hour) * by_hour[hour % 24]
        watch.update(int(chance.poisson(level)), (hour + 48) % 168, LOCKDOWN)
        if watch.drift_detected:
            alarms.append(hour - 91 * 24)
    assert alarms[0] in range(24)
    assert len(alarms) > 48
    assert watch.onset in range(91 * 24, 91 * 24 + 6)


def test_a_change_within_an_event_is_not_found_again_once_ordinary_days_are_known() -> None:
    """The days between, whose level was lent, are no part of any stretch, nor is what they part."""
    watch, alarms = of_days(160, lambda day: 328 if day < 91 else 525, in_lockdown(0, 93))
    assert alarms == [91, 92, 93]
    assert watch.expected.compared() == ("ordinary", [])


@pytest.mark.parametrize("end", [83, 85, 86, 90])
@pytest.mark.parametrize("ratio", [0.75, 1.3, 1.5])
def test_the_end_of_a_lockdown_raises_no_flood_and_ordinary_weeks_take_over(
    end: int, ratio: float
) -> None:
    """It was the only level known: that the counts then differ by as much is to be expected."""
    watch, alarms = of_days(
        end + 60, lambda day: 300 if day <= end else 300 * ratio, in_lockdown(0, end)
    )
    assert not alarms
    assert watch.expected.baseline.event is None
    assert watch.expected.forecast(3).mean == pytest.approx(300 * ratio, rel=0.05)


def test_after_the_end_of_a_lockdown_limits_are_wide_and_narrow_with_every_ordinary_week() -> None:
    wide = {}
    for weeks in range(6):
        # The week of the watch begins on a Wednesday, as the lockdown ends on a Tuesday.
        watch, _ = of_days(91 + 7 * weeks + 1, lambda _: 300, in_lockdown(0, 90))
        wide[weeks] = watch.expected.compared()[0], watch.expected.forecast(3).limits(0.1)
    assert wide == {
        0: ("lent", (189, 420)),
        1: ("lent", (203, 363)),
        2: ("lent", (222, 360)),
        3: ("lent", (234, 358)),
        4: ("ordinary", (273, 332)),
        5: ("ordinary", (272, 330)),
    }


def test_what_is_learned_of_ordinary_weeks_is_what_a_series_that_began_with_them_learns() -> None:
    """The event leaves nothing behind: neither a level nor a shape."""
    chance = np.random.default_rng(3)
    event, ordinary = chance.poisson(500, 12 * 7), chance.poisson(300, 8 * 7 + 1)
    late, both = Expected(7), Expected(7)
    for count in event:
        both.update(int(count), names=LOCKDOWN)
    for count in ordinary:
        both.update(int(count))
        late.update(int(count))
    for slot in range(7):
        told, alone = both.forecast(slot), late.forecast(slot)
        assert told.mean == pytest.approx(alone.mean, rel=0.01)
        assert told.spread == pytest.approx(alone.spread, rel=0.1)
    assert both.about == "first year: 20 weeks of history, no season or yearly day seen yet"


def test_an_event_of_14_weeks_between_ordinary_weeks_has_a_level_of_its_own() -> None:
    first, last = 20 * 7, 34 * 7 - 1
    watch, alarms = of_days(
        first + 35, lambda day: 220 if day >= first else 300, in_lockdown(first, last)
    )
    assert alarms
    assert max(alarms) < first + 14  # told as it begins; then it is what such days bring
    assert watch.expected.compared(LOCKDOWN) == ("event", [])
    assert watch.expected.forecast(0, LOCKDOWN).limits(0.1) == (194, 241)
    assert watch.expected.forecast(0).limits(0.1) == (269, 321)  # as before it
    watch, alarms = of_days(
        last + 80, lambda day: 220 if first <= day <= last else 300, in_lockdown(first, last)
    )
    assert max(alarms) < first + 14  # and none as it ends
    assert watch.expected.compared() == ("ordinary", [])


def test_a_surge_within_an_event_between_ordinary_weeks_is_found() -> None:
    first, last, surge = 20 * 7, 34 * 7 - 1, range(30 * 7, 30 * 7 + 5)

    def rate(day: int) -> float:
        level = 220 if first <= day <= last else 300
        return level * 1.6 if day in surge else level

    _, alarms = of_days(last, rate, in_lockdown(first, last))
    assert set(surge) <= set(alarms)


def test_a_holiday_within_a_lockdown_is_one_among_the_days_of_the_lockdown() -> None:
    """It is half of such a day, and later half of an ordinary one."""
    holidays = {40: "Good Friday", 43: "Easter Monday", 130: "Good Friday"}

    def names(day: int) -> Sequence[str]:
        holiday = (holidays[day], "bank holiday") if day in holidays else ()
        return (*LOCKDOWN, *holiday) if day < 91 else holiday

    watch, _ = of_days(
        129, lambda day: (200 if day < 91 else 300) * (0.5 if day in holidays else 1), names
    )
    assert watch.expected.forecast(names=names(130)).mean == pytest.approx(150, rel=0.25)


def test_the_names_of_one_day_are_not_counted_twice() -> None:
    """A day of two names and the general one is half of others, not an eighth."""
    named = ("New Year's Eve", "New Year's Day", "bank holiday")
    days = dict.fromkeys(range(30, 390, 90), named)
    watch, alarms = of_days(
        370, lambda day: 150 if day in days else 300, lambda day: days.get(day, ())
    )
    assert alarms == [30]
    assert watch.expected.forecast(names=days[30]).mean == pytest.approx(150, rel=0.1)
    other = watch.expected.forecast(names=("Boxing Day", "bank holiday")).mean
    assert other == pytest.approx(150, rel=0.1)


@pytest.mark.parametrize("days", [1, 2, 6])
def test_of_named_days_as_the_very_first_days_nothing_is_learned_at_the_cost_of_a_week(
    days: int,
) -> None:
    watch, alarms = of_days(45, lambda _: 300, in_lockdown(0, days - 1))
    assert not alarms
    assert watch.expected.state == "first year"
    assert watch.expected.compared() == ("ordinary", [])


def test_events_of_which_only_some_days_are_named_leave_the_others_ordinary() -> None:
    """Matches on two days of each week: the other five are ordinary, and the two have a factor."""
    watch, alarms = of_days(
        100, lambda day: 400 if day % 7 in (3, 4) else 300,
        lambda day: ("Match",) if day % 7 in (3, 4) else (),
    )  # fmt: skip
    assert not alarms
    assert watch.expected.compared() == ("ordinary", [])
    assert watch.expected.compared(("Match",)) == ("ordinary", ["Match"])
    assert watch.expected.forecast(5, ("Match",)).mean == pytest.approx(400, rel=0.15)


@given(
    count=st.sampled_from([0, 1, 12, 5_000]),
    start=st.integers(0, 6),
    events=st.lists(
        st.tuples(
            st.integers(0, 150), st.integers(1, 100), st.sampled_from("ABC"), st.integers(1, 7)
        ),
        max_size=5,
    ),
)
@example(count=12, start=3, events=[(0, 81, "A", 7)])
@example(count=12, start=0, events=[(0, 20, "A", 7), (20, 20, "B", 7), (40, 20, "C", 7)])
@example(count=5_000, start=0, events=[(0, 100, "A", 5)])
@one_in(2)
def test_constant_counts_never_alarm_wherever_events_lie(
    count: int, start: int, events: list[tuple[int, int, str, int]]
) -> None:
    """An event is its first day, its days, its name, and how many days of each week it names."""
    watch = CountWatch(7, allowed=0.01)
    for day in range(160):
        named = [
            name for first, length, name, of in events
            if first <= day < first + length and (day - first) % 7 < of
        ]  # fmt: skip
        watch.update(count, (start + day) % 7, list(dict.fromkeys(named)))
        assert not watch.drift_detected, (day, watch.expected.about)


def test_what_is_known_of_an_event_is_saved_and_moves_on_across_a_gap() -> None:
    watch, _ = of_days(60, lambda _: 300, in_lockdown(0, 200))
    again = CountWatch.restore(watch.save())
    assert again.save() == watch.save()
    one, other = watch.expected, again.expected
    for _ in range(36):
        one.update(None)
    other.pass_over(36, 36)
    known, event = one.baseline, other.baseline.event
    assert event is not None
    assert known.event is not None
    assert (event.age, event.filled) == (known.event.age, known.event.filled) == (13, 60 / 7)
    assert event.rate == pytest.approx(known.event.rate, rel=1e-12)
    assert other.forecast(0, LOCKDOWN).limits(0.1) == one.forecast(0, LOCKDOWN).limits(0.1)
