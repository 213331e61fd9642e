"""A volume that lasts: by made-up days and hours, what the alert store does and whom it tells."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.alerts.lookup import CountedPeriod
from streams.alerts.model import Alert, Transition, decode, encode
from streams.alerts.rules import exceptional_volume
from streams.alerts.store import AlertStore
from streams.config.force import Force
from streams.config.schema import QuietHours
from streams.errors import ActionError
from streams.periods import DAY, HOUR, MINUTE
from streams.surveillance.signals import Signal
from tests.alerting import CALENDAR, WARWICKSHIRE, Known, at, quiet, signal, store, with_policy

FIRST = "2026-07-01 00:00"
NORTH = "north-warwickshire-area"


def day_of(number: int, observed: float, **changes: Any) -> Signal:
    """The day so many days after 1 July 2026, of which 200 +- 20 calls are usual."""
    period = CALENDAR.holding("day", at(FIRST) + number * DAY + 12 * HOUR)
    up = observed > 220
    fields: dict[str, Any] = {
        "grain": "day",
        "observed": observed,
        "expected": 200.0,
        "lower": 180,
        "upper": 220,
        "notify": up or observed < 180,
        "direction": "down" if observed < 200 else "up",
        "rate": 0.001 if up else 20.0,
        "start": period.start,
        "end": period.end,
        "period": period.label,
    }
    return signal(FIRST, **{**fields, **changes})


def close_day(b: AlertStore, number: int, observed: float, **changes: Any) -> list[Transition]:
    """Has a store evaluated for a day when it has closed."""
    found = day_of(number, observed, **changes)
    return evaluate(b, [found], [], found.end + 2 * MINUTE)


def notified(made: list[Transition]) -> list[str]:
    return [each.what for each in made if each.notify]


def paged() -> AlertStore:
    """A page of the hour from 9 to 10 of 1 July, which somebody has taken."""
    b = store()
    (opened,) = evaluate(b, [signal("2026-07-01 09:00")], [], at("2026-07-01 10:01"))
    asked = Request(action="acknowledge", who="Duty inspector")
    b.act(opened.alert.id, asked, at("2026-07-01 10:02"))
    return b


def the(b: AlertStore) -> Alert:
    (alert,) = b.alerts.values()
    return alert


def test_a_page_whose_day_is_exceptional_goes_on_by_its_days_and_tells_the_day() -> None:
    b = paged()
    made = close_day(b, 0, 610)
    assert [(each.what, each.notify) for each in made] == [("updated", False)]
    assert the(b).words == (
        "999 calls, Warwickshire: 610 on Wednesday 1 July, usually about 200. "
        "About 3 times the usual since 1 July. Duty inspector has this."
    )
    assert (the(b).severity, the(b).grain) == ("page", "hour")
    # The hours of a night end nothing.
    for hour in ("00:00", "01:00", "02:00", "03:00", "04:00"):
        usual = quiet(f"2026-07-02 {hour}")
        assert not evaluate(b, [usual], [], usual.end + MINUTE)
    assert the(b).open


def test_quiet_hours_end_nothing_while_the_day_so_far_is_outside_its_range() -> None:
    class High(Known):
        def day_so_far(self, series: tuple[str, ...]) -> Signal | None:
            assert series[-1] == "day"
            return day_of(0, 310, running=True)

    for lookup, goes_on in ((High(), True), (Known(), False)):
        b = paged()
        for hour in ("10:00", "11:00", "12:00"):
            usual = quiet(f"2026-07-01 {hour}")
            evaluate(b, [usual], [], usual.end + MINUTE, lookup)
        assert the(b).open == goes_on


def test_it_is_over_after_two_usual_days_in_a_row() -> None:
    b = paged()
    told = [notified(close_day(b, n, count)) for n, count in enumerate((320, 320, 200, 320, 200))]
    assert told == [[]] * 5
    assert notified(close_day(b, 5, 205)) == ["resolved"]
    assert not the(b).open


def test_a_steady_rise_is_told_once_and_one_that_grows_by_a_quarter_once_more() -> None:
    b = paged()
    told = [notified(close_day(b, n, 320)) for n in range(20)]
    assert told == [[]] * 20
    assert the(b).lasting
    # At 2.2 times the usual the ratio of two days passes 2.0 with the second.
    told = [notified(close_day(b, n, 440)) for n in range(20, 40)]
    assert told == [[], ["updated"], *([[]] * 18)]


def test_after_two_weeks_it_is_lasting_and_says_what_to_do() -> None:
    b = paged()
    for n in range(13):
        close_day(b, n, 320)
    assert not the(b).lasting
    for n in range(13, 15):
        close_day(b, n, 320)
    assert the(b).words == (
        "999 calls, Warwickshire: 1.6 times the usual since 1 July, 320 a day, usually about 200. "
        "Lasting: close it as real to accept the level. Duty inspector has this."
    )


def test_a_day_that_comes_first_and_an_hour_are_one_alert_that_becomes_a_page() -> None:
    b = store()
    assert notified(close_day(b, 0, 320)) == ["opened"]
    made = evaluate(b, [signal("2026-07-02 09:00")], [], at("2026-07-02 10:01"))
    assert [(each.what, each.notify) for each in made] == [("updated", True)]
    assert (the(b).severity, the(b).grain) == ("page", "day")
    # It waits to be taken from then on, not since the notice.
    assert not evaluate(b, [], [], at("2026-07-02 10:15"))
    assert notified(evaluate(b, [], [], at("2026-07-02 10:17"))) == ["escalated"]


def test_a_fall_is_one_notice_that_ends_after_two_usual_days() -> None:
    b = store()
    assert notified(close_day(b, 0, 100)) == ["opened"]
    assert [notified(close_day(b, n, 100)) for n in range(1, 9)] == [[]] * 8
    assert the(b).severity == "notice"
    assert [notified(close_day(b, n, 200)) for n in (9, 10)] == [[], ["resolved"]]


def test_another_direction_opens_its_own() -> None:
    b = paged()
    close_day(b, 0, 320)
    close_day(b, 1, 100)
    assert {each.direction for each in b.alerts.values() if each.open} == {"up", "down"}


def test_one_that_comes_again_a_week_later_is_another() -> None:
    b = store()
    for n, count in enumerate((320, 320, 320, 200, 200, 200, 200, 200, 200, 320)):
        close_day(b, n, count)
    assert [each.open for each in b.alerts.values()] == [False, True]


def test_from_the_third_day_on_the_stretch_is_not_learned_in_the_area_and_those_within() -> None:
    b = paged()
    for n in range(2):
        close_day(b, n, 320)
    assert not b.excluded()
    close_day(b, 2, 320)
    (stretch,) = b.excluded()
    assert (stretch.start, stretch.end) == (at(FIRST), None)
    assert stretch.known == day_of(2, 320).end + 2 * MINUTE
    assert {"force", "rugby", "north-warwickshire-area"} <= set(stretch.areas)
    assert stretch.holds(CALENDAR.holding("day", at("2026-07-20 00:00")))
    assert not stretch.holds(CALENDAR.holding("month", at("2026-07-20 00:00")))
    for n in (3, 4):
        close_day(b, n, 200)
    (stretch,) = b.excluded()
    assert stretch.end == day_of(4, 200).end


def test_closed_as_real_it_gives_the_level_and_as_false_it_does_not() -> None:
    found = {}
    for outcome in ("real", "false", "planned_event"):
        b = paged()
        for n in range(5):
            close_day(b, n, 320)
        now = day_of(5, 0).start + 9 * HOUR
        b.act(the(b).id, Request(action="close", who="A", outcome=outcome), now)
        levels = [(each.at == now, each.ratio) for each in b.feedback().levels]
        found[outcome] = levels, [each.end == now for each in b.excluded()]
    assert found == {
        "real": ([(True, 1.6)], [True]),
        "false": ([], [True]),
        "planned_event": ([], [False]),
    }


def test_a_rise_of_a_quarter_goes_on_through_days_inside_the_usual_range() -> None:
    """250 a day, usually 200: half of the days of a small series would be usual by themselves."""
    b = store()
    wide = {"lower": 140, "upper": 260, "notify": True, "direction": "up"}
    close_day(b, 0, 290, **wide)
    for n, count in enumerate((250, 240, 255, 235, 270, 245), start=1):
        close_day(b, n, count, **wide)
    assert the(b).open
    for n, count in enumerate((205, 195), start=7):
        close_day(b, n, count, **wide)
    assert not the(b).open


def test_a_level_that_moves_a_quarter_further_is_told_once_more_with_the_level_before() -> None:
    b, told = store(), []
    for month, (observed, after) in enumerate(((520, 509), (530, 515), (700, 600), (760, 650))):
        found = signal(
            f"2026-0{month + 3}-01 00:00", grain="month", method="level", observed=observed,
            lower=400, upper=480, before=438.0 + 10 * month, after=float(after),
            onset=at("2026-02-01 00:00"), season=1.0,
        )  # fmt: skip
        made = evaluate(b, [found], [], found.end + HOUR)
        told += [(each.what, each.alert.words) for each in made if each.notify]
    usual, since = "usually 400 to 480", "since about February 2026: 438 a month before"
    first = (
        f"520 in March 2026, {usual}. Higher {since}, 509 since (2 months). Nobody has this yet."
    )
    second = f"760 in June 2026, {usual}. A new level {since}, 650 since (5 months)."
    assert told == [
        ("opened", f"999 calls, Warwickshire: {first}"),
        ("updated", f"999 calls, Warwickshire: {second}"),
    ]


def hour_of(number: int, observed: float, **changes: Any) -> Signal:
    """An hour in the evening of a day so many days after 1 July, of which 10 calls are usual."""
    start = day_of(number, 0).start + 19 * HOUR
    fields: dict[str, Any] = {"expected": 10.0, "lower": 6, "upper": 14, "observed": observed}
    return signal(FIRST, **{"start": start, "end": start + HOUR, **fields, **changes})


def take_hour(b: AlertStore, number: int, observed: float, **changes: Any) -> list[Transition]:
    """Has a store evaluated for an hour when it has closed."""
    found = hour_of(number, observed, **changes)
    return evaluate(b, [found], [], found.end + MINUTE)


def lasting(days: int = 5, observed: float = 320) -> AlertStore:
    """A page that has gone on for some days."""
    b = paged()
    for n in range(days):
        close_day(b, n, observed)
    return b


def close(b: AlertStore, when: int, outcome: str) -> None:
    asked = Request(action="close", who="Duty inspector", outcome=outcome)
    b.act(next(iter(b.alerts)), asked, when)


def test_a_day_inside_the_usual_range_does_not_push_out_the_one_that_was_not() -> None:
    b = paged()
    close_day(b, 0, 320, upper=300)
    close_day(b, 1, 280, upper=300)  # nearer to 320 than to 200, and inside the usual range
    assert the(b).open
    assert "320 on Wednesday 1 July" in the(b).words


def test_a_level_that_was_taken_is_not_given_back_by_another_outcome() -> None:
    """Hours would keep it and days would drop it: then neither is right."""
    b = lasting()
    closed = day_of(5, 0).start + 8 * HOUR
    close(b, closed, "planned_event")
    close(b, closed + MINUTE, "real")
    close(b, closed + 2 * MINUTE, "false")  # in the same hour nothing has been taken yet
    close(b, closed + 3 * MINUTE, "real")
    with pytest.raises(ActionError, match="its level is the usual now: that can't be undone"):
        close(b, closed + 30 * HOUR, "planned_event")
    assert the(b).outcome == "real"


def test_an_hour_far_beyond_what_a_lasting_rise_has_come_to_is_told_once_with_its_figures() -> None:
    b = lasting()
    assert not notified(take_hour(b, 5, 25))  # of 16 an hour
    (made,) = take_hour(b, 5, 80)
    assert (made.what, made.notify) == ("updated", True)
    assert made.alert.words == (
        "999 calls, Warwickshire: 80 in the hour to 20:00, usually 6 to 14. "
        "About 1.6 times the usual since 1 July. Duty inspector has this."
    )
    close_day(b, 5, 400)
    # As great again a day later it is no news, a week later and greater it is.
    assert not notified(take_hour(b, 6, 82))
    assert notified(take_hour(b, 6, 140)) == ["updated"]
    for n in range(6, 12):
        close_day(b, n, 320)
    assert notified(take_hour(b, 12, 80)) == ["updated"]
    assert len(b.alerts) == 1


def test_an_hour_that_bursts_in_a_part_of_a_lasting_rise_is_told_in_its_alert() -> None:
    b = lasting()
    made = take_hour(b, 5, 60, area=NORTH)
    told = [each.alert.words for each in made if each.notify]
    lead = "999 calls, North Warwickshire policing area: 60 in the hour to 20:00"
    assert [words.startswith(lead) for words in told] == [True]


def test_a_fall_that_lasts_tells_an_hour_far_below_it_too_and_takes_in_its_parts() -> None:
    b = store()
    for n in range(5):
        close_day(b, n, 100)
    fall: dict[str, Any] = {"direction": "down", "expected": 60.0, "lower": 50, "upper": 70}
    assert not notified(take_hour(b, 5, 28, **fall))
    assert notified(take_hour(b, 5, 2, **fall)) == ["updated"]
    part = {**fall, "area": NORTH, "expected": 30.0, "lower": 24, "upper": 36}
    whole = hour_of(6, 30, **fall)
    evaluate(b, [hour_of(6, 15, **part)], [], whole.end + MINUTE, Known(whole))
    assert len(b.alerts) == 1


def test_what_grows_in_two_days_is_told_with_the_figure_of_these_days() -> None:
    b = lasting(20)
    close_day(b, 20, 440)
    (made,) = close_day(b, 21, 460)
    assert made.notify
    assert made.alert.words == (
        "999 calls, Warwickshire: 2.2 times the usual over the 2 days to Wednesday 22 July, "
        "450 a day, usually about 200. About 1.7 times the usual since 1 July."
    )


def test_what_a_person_closed_opens_anew_where_its_days_grow_by_a_quarter() -> None:
    for outcome in ("real", "false", "planned_event"):
        b = paged()
        close(b, day_of(0, 0).start + 15 * HOUR, outcome)
        told = [notified(close_day(b, n, 320)) for n in range(8)]
        assert told == [[]] * 8
        told = [notified(close_day(b, n, 440)) for n in range(8, 12)]
        assert told == [[], ["opened"], [], []]
        first, second = b.alerts.values()
        assert first.cleared
        assert second.open


def test_an_hour_far_beyond_what_a_person_closed_is_an_alert_of_its_own() -> None:
    b = paged()
    close(b, day_of(0, 0).start + 15 * HOUR, "false")
    for n in range(5):
        close_day(b, n, 320)
    assert not notified(take_hour(b, 5, 25))
    assert notified(take_hour(b, 5, 80)) == ["opened"]


def test_one_that_is_closed_as_real_on_its_first_day_gives_its_level_with_the_third() -> None:
    for outcome in ("real", "false"):
        b = paged()
        close(b, day_of(0, 0).start + 15 * HOUR, outcome)
        for n in range(2):
            close_day(b, n, 320)
        assert b.feedback() == ((), ())
        close_day(b, 2, 320)
        third = day_of(2, 0).end + 2 * MINUTE
        stretches, levels = b.feedback()
        assert [(each.start, each.end) for each in stretches] == (
            [(at(FIRST), third)] if outcome == "real" else []
        )
        taken = [(each.at, each.ratio) for each in levels]
        assert taken == ([(third, 1.6)] if outcome == "real" else [])


def test_what_is_over_gives_no_level_when_it_is_closed_as_real_the_morning_after() -> None:
    for usual in (1, 2):  # days: with the second it is over
        b = lasting()
        for n in range(5, 5 + usual):
            close_day(b, n, 200)
        assert the(b).open == (usual == 1)
        close(b, day_of(5 + usual, 0).start + 8 * HOUR, "real")
        assert b.feedback().levels == ()


def test_what_is_over_is_told_with_all_of_it_and_has_nothing_left_to_accept() -> None:
    b = lasting(20)
    assert the(b).words.count("Lasting: close it as real")
    close_day(b, 20, 200)
    (made,) = close_day(b, 21, 190)
    assert (made.what, made.alert.lasting) == ("resolved", False)
    assert made.alert.words == (
        "999 calls, Warwickshire: 1.6 times the usual from 1 to 20 July, 320 a day, "
        "usually about 200. Over at 00:02 on 23 July."
    )
    b = lasting(20)
    close(b, day_of(20, 0).start + 8 * HOUR, "real")
    assert not the(b).lasting
    assert the(b).words == (
        "999 calls, Warwickshire: 1.6 times the usual since 1 July, 320 a day, "
        "usually about 200. Closed at 08:00 on 21 July: real."
    )


def test_a_rise_of_the_whole_after_that_of_a_part_has_lasted_is_an_alert_of_its_own() -> None:
    part: dict[str, Any] = {"area": NORTH}
    whole: dict[str, Any] = {"expected": 1000.0, "lower": 900, "upper": 1100}
    b = store()
    for n in range(14):
        # At first the rest is as usual, and nobody is told of the whole.
        both = day_of(n, 300, **part), day_of(n, 1120 if n < 10 else 1700, **whole)
        made = evaluate(b, both, [], both[0].end + 2 * MINUTE, Known(*both))
        if n == 10:
            assert [(each.alert.area, each.what) for each in made if each.notify] == [
                ("force", "opened")
            ]
    child, other = b.alerts.values()
    assert (child.area, other.area) == (NORTH, "force")
    assert child.words.startswith(
        "999 calls, North Warwickshire policing area: 1.5 times the usual since 1 July, 300 a day, "
        "usually about 200."
    )


def test_a_whole_that_takes_over_on_the_second_day_counts_its_own_days_and_tells_it_once() -> None:
    b = store()
    for n in range(16):
        found = [day_of(n, 300, area=NORTH)]
        if n:
            found.append(day_of(n, 1700, expected=1000.0, lower=900, upper=1100))
        made = evaluate(b, found, [], found[0].end + 2 * MINUTE, Known(*found))
        assert notified(made) == [["opened"], ["updated"]][n] if n < 2 else not notified(made)
    (alert,) = b.alerts.values()
    assert alert.words.startswith(
        "999 calls, Warwickshire: 1.7 times the usual since 2 July, 1,700 a day, "
        "usually about 1,000."
    )


def test_missing_days_are_no_days_that_a_lasting_rise_is_counted_over() -> None:
    b = lasting(5)
    for n in range(5, 11):
        assert not evaluate(b, [], [], day_of(n, 0).end + 2 * MINUTE)
    for n in range(11, 16):
        close_day(b, n, 320)
    assert "1.6 times the usual since 1 July, 320 a day, usually about 200." in the(b).words
    for n in (16, 17):
        made = close_day(b, n, 200)
    assert notified(made) == ["resolved"]


def test_two_low_days_of_a_series_of_a_few_a_day_do_not_end_its_rise() -> None:
    few: dict[str, Any] = {"expected": 3.0, "lower": 1, "upper": 5}
    b = store()
    for n, count in enumerate((9, 7, 8, 5, 4, 8, 7, 4, 5, 8)):
        close_day(b, n, count, notify=count > 5, direction="up", **few)
        assert the(b).open
    assert "About 2.2 times the usual since 1 July." in the(b).words
    told = [notified(close_day(b, n, 3, notify=False, **few)) for n in range(10, 14)]
    assert told == [[], [], [], ["resolved"]]
    assert the(b).words.startswith(
        "999 calls, Warwickshire: 2.2 times the usual from 1 to 10 July, 6.5 a day, "
        "usually about 3."
    )


def test_what_falls_in_quiet_hours_of_a_lasting_fall_is_told_in_the_morning() -> None:
    policy = '\n[alerts.quiet_hours]\nnotice = "22:00-07:00"\n'
    b = AlertStore(with_policy(policy))
    told = []
    for n, count in enumerate((150, 150, 150, 60, 60, 200, 200)):
        made = close_day(b, n, count)
        assert not notified(made)
        known = Known(day_of(n, count))
        morning = evaluate(b, [], [], day_of(n, 0).end + 7 * HOUR, known)
        told.append(notified(morning))
        if n == 4:
            assert "0.3 times the usual over the 2 days to Sunday 5 July" in the(b).words
    assert told == [["reminded"], [], [], ["reminded"], ["reminded"], [], ["resolved"]]


def test_a_rise_whose_whole_was_usual_when_it_took_over_ends_after_two_usual_days() -> None:
    b = store()
    close_day(b, 0, 320, area=NORTH)
    whole: dict[str, Any] = {"expected": 1000.0, "lower": 900, "upper": 1100}
    found = [day_of(1, 200, area=NORTH, notify=False), day_of(1, 1150, **whole)]
    evaluate(b, found, [], found[0].end + 2 * MINUTE, Known(*found))
    assert (the(b).area, the(b).open) == ("force", True)
    for n, count in enumerate((800, 1000), start=2):
        assert the(b).open
        close_day(b, n, count, **whole, notify=False)
    assert not the(b).open


def test_what_was_stored_goes_on_as_if_nothing_had_happened() -> None:
    whole, before = paged(), paged()
    lines = []
    for n in range(6):
        lines += [encode(each) for each in close_day(before, n, 320)]
        close_day(whole, n, 320)
    after = store()
    after.apply(Transition(what="updated", at=the(before).updated_at, alert=the(before)))
    for line in lines:
        after.apply(decode(line))
    for n, count in enumerate((320, 480, 480, 200, 200), start=6):
        assert close_day(after, n, count) == close_day(whole, n, count)
    assert after.alerts == whole.alerts


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(100, 700), st.sampled_from(["", "up", "down"])),
        min_size=1,
        max_size=40,
    )
)
def test_whatever_the_days_there_is_one_alert_of_a_direction_and_few_notifications(
    days: list[tuple[int, str]],
) -> None:
    b, made = store(), list[Transition]()
    for n, (observed, hour) in enumerate(days):
        start = day_of(n, 0).start + 9 * HOUR
        if hour:
            burst = signal(FIRST, start=start, end=start + HOUR, direction=hour, expected=30.0)
            burst = msgspec.structs.replace(burst, observed=60 if hour == "up" else 1, lower=20)
            made += evaluate(b, [burst], [], start + HOUR + MINUTE)
        made += close_day(b, n, observed)
        ongoing = [each.direction for each in b.alerts.values() if each.open]
        assert len(ongoing) == len(set(ongoing))
    for alert in b.alerts.values():
        told = [each.what for each in made if each.alert.id == alert.id and each.notify]
        assert told[0] == "opened"
        assert told.count("escalated") <= 1
        assert (told[-1] == "resolved") == (not alert.open)
        # A quarter each time, from a day that was outside the range at least.
        assert told.count("updated") <= 8


def at_night(b: AlertStore, number: int, observed: float) -> list[tuple[str, str]]:
    """What is told of a day from its close, at two minutes past midnight, to the next morning."""
    made = close_day(b, number, observed)
    end = day_of(number, observed).end
    for hour in (2, 6, 7, 8):
        made += evaluate(b, [], [], end + hour * HOUR, Known(day_of(number, observed)))
    return [(each.what, f"{each.at:%H:%M}") for each in made if each.notify]


def of_quiet_nights() -> AlertStore:
    file = WARWICKSHIRE.file
    alerts = msgspec.structs.replace(file.alerts, quiet_hours=QuietHours(notice="22:00-07:00"))
    return AlertStore(Force(msgspec.structs.replace(file, alerts=alerts)))


def test_what_became_worse_or_was_over_in_quiet_hours_is_told_in_the_morning() -> None:
    b = of_quiet_nights()
    days = (150, 150, 150, 80, 80, 80, 200, 200, 200)
    assert [at_night(b, n, count) for n, count in enumerate(days)] == [
        [("reminded", "07:00")], [], [], [], [("reminded", "07:00")], [], [],
        [("resolved", "07:00")], [],
    ]  # fmt: skip
    assert the(b).words.endswith("Over on 9 July 2026.")


def test_a_notice_that_becomes_a_page_in_quiet_hours_of_notices_is_told_at_once() -> None:
    b = of_quiet_nights()
    assert at_night(b, 0, 320) == [("reminded", "07:00")]
    made = evaluate(b, [signal("2026-07-02 22:00")], [], at("2026-07-02 23:01"))
    assert [(each.what, each.notify) for each in made] == [("updated", True)]


def test_hours_that_are_over_at_night_are_told_in_the_morning_unless_somebody_closed_them() -> None:
    for closed, told in ((False, ["resolved"]), (True, [])):
        b = of_quiet_nights()
        fall = {"direction": "down", "observed": 1, "expected": 20.0, "lower": 14}
        made = evaluate(b, [signal("2026-07-01 19:00", **fall)], [], at("2026-07-01 20:01"))
        assert notified(made) == ["opened"]
        for hour in (20, 21, 22):
            usual = quiet(f"2026-07-01 {hour}:00")
            assert not notified(evaluate(b, [usual], [], usual.end + MINUTE))
        assert not the(b).open
        if closed:
            asked = Request(action="close", who="A", outcome="real")
            b.act(the(b).id, asked, at("2026-07-02 06:00"))
        assert notified(evaluate(b, [], [], at("2026-07-02 07:00"))) == told
        assert not b.notification_due
        assert not evaluate(b, [], [], at("2026-07-02 07:01"))


def test_a_course_of_small_figures_is_told_with_a_decimal() -> None:
    b = store()
    small = {"expected": 0.26, "lower": 0, "upper": 1, "notify": True, "direction": "up"}
    for n in range(2):
        close_day(b, n, 5, **small)
    assert the(b).words.startswith(
        "999 calls, Warwickshire: 5 on Thursday 2 July, usually about 0.3. "
    )
    for n in range(2, 15):
        close_day(b, n, (2, 5)[n % 2], **small)
    assert ": 3.6 a day since 1 July, usually about 0.3. Lasting" in the(b).words


def test_what_grows_while_nobody_may_be_told_is_told_when_people_may_be() -> None:
    b = lasting()
    for n in (5, 6):  # read as a backlog
        found = day_of(n, 800)
        assert not notified(evaluate(b, [found], [], found.end + 2 * MINUTE, notify=False))
    assert the(b).course.notified_ratio == 1.6  # type: ignore[union-attr]
    assert [notified(close_day(b, n, 800)) for n in (7, 8)] == [["updated"], []]


def test_days_and_hours_of_a_stretch_that_was_told_are_no_alert_when_they_are_read_again() -> None:
    for outcome in (None, "false"):
        b = lasting(8)
        if outcome is not None:
            close(b, day_of(8, 0).start + 8 * HOUR, outcome)
        for n in (8, 9):
            close_day(b, n, 200)
        (known,) = b.alerts.values()
        assert known.cleared
        anew = store()
        anew.apply(Transition(what="updated", at=known.updated_at, alert=known))
        for n in range(8):
            take_hour(anew, n, 40)
            close_day(anew, n, 320)
            close_day(anew, n, 160, area=NORTH, expected=100.0, lower=85, upper=115)
        assert list(anew.alerts.values()) == [known]
        # What comes after it is another.
        assert notified(close_day(anew, 12, 320)) == ["opened"]


def test_what_went_on_after_a_person_closed_it_opens_nothing_when_it_is_read_again() -> None:
    b = lasting(4)
    close(b, day_of(4, 0).start + 8 * HOUR, "false")
    for n in range(4, 10):
        close_day(b, n, 320 if n < 8 else 200)
    (known,) = b.alerts.values()
    assert known.cleared
    anew = store()
    anew.apply(Transition(what="updated", at=known.updated_at, alert=known))
    for n in range(8):
        take_hour(anew, n, 40)
        close_day(anew, n, 320)
    assert list(anew.alerts.values()) == [known]


def test_a_lasting_rise_keeps_its_name_where_all_of_it_is_in_a_part_for_days() -> None:
    up: dict[str, Any] = {"direction": "up", "notify": True, "rate": 0.001}
    part = {"area": NORTH, "expected": 50.0, "lower": 40, "upper": 60, **up}
    b = lasting()
    for n, (whole, within) in enumerate(((320, 170), (340, 90), (320, 170)), start=5):
        days = [day_of(n, whole), day_of(n, within, **part)]
        evaluate(b, days, [], days[0].end + 2 * MINUTE, Known(*days))
        assert (the(b).area, the(b).title) == ("force", "999 calls, Warwickshire")
    assert the(b).course.taken == 8  # type: ignore[union-attr]


def test_after_26_weeks_the_level_is_taken_as_the_usual_and_it_says_so() -> None:
    b, days = paged(), 26 * 7
    told = [notified(close_day(b, n, 320)) for n in range(days)]
    assert told == [*([[]] * (days - 1)), ["resolved"]]
    assert the(b).words == (
        "999 calls, Warwickshire: 1.6 times the usual since 1 July, 320 a day. "
        "After 26 weeks its level is taken as the usual. Over at 00:02 on 30 December."
    )
    now = day_of(days - 1, 0).end + 2 * MINUTE
    stretches, levels = b.feedback()
    assert [(each.start, each.end) for each in stretches] == [(at(FIRST), now)]
    assert [(each.at, each.ratio) for each in levels] == [(now, 1.6)]
    # The next day is still judged by the level before, and opens nothing.
    assert not close_day(b, days, 330)[0].notify
    usual = {"expected": 320.0, "lower": 290, "upper": 350, "notify": False}
    for n in (days + 1, days + 2):
        close_day(b, n, 325, **usual)
    assert the(b).cleared
    assert b.feedback().levels == levels


def test_a_small_series_whose_days_alternate_is_over_once_a_week_of_it_is_as_usual() -> None:
    def few(b: AlertStore, number: int, observed: float) -> None:
        varies = {"expected": 12.0, "lower": 8, "upper": 16, "notify": observed > 24}
        close_day(b, number, observed, direction="up" if observed > 12 else "down", **varies)

    b = store()
    few(b, 0, 40)
    for n in range(1, 12):
        few(b, n, 17 if n % 2 else 11)
    assert not the(b).open
    # One that goes on at twice the usual is not.
    b = store()
    for n in range(12):
        few(b, n, 25 if n % 2 else 19)
    assert the(b).open


def test_a_bank_holiday_that_the_change_left_out_is_named_where_it_is_over() -> None:
    """Found on 1 September in the sum since 29 August; 31 August is a bank holiday."""
    b = store()
    found = {"onset": at("2026-08-29 00:00"), "ratio": 7.1, "method": "change"}
    few: dict[str, Any] = {"expected": 0.8, "lower": 0, "upper": 2}
    made = [signal("2026-09-01 00:00", grain="day", observed=6, **few, **found)]
    counted = [
        CountedPeriod(at(f"2026-{day} 00:00"), observed, 0.8)
        for day, observed in (("08-29", 9.0), ("08-30", 2.0), ("08-31", None), ("09-01", 6.0))
    ]
    evaluate(b, made, [], at("2026-09-02 00:01"), Known(since_onset=counted))
    for day in range(2, 10):
        over = quiet(f"2026-09-{day:02} 00:00", grain="day", **{**few, "observed": 1})
        evaluate(b, [over], [], over.end + MINUTE)
    assert not the(b).open
    assert the(b).words.startswith(
        "999 calls, Warwickshire: 7.1 times the usual from 29 August to 1 September without "
        "31 August, 5.7 a day, usually about 0.8."
    )


def test_an_hour_late_in_the_evening_before_does_not_make_its_day_one_of_the_stretch() -> None:
    b = store()
    evaluate(b, [signal("2026-06-30 23:00")], [], at("2026-07-01 00:01"))
    for n, count in enumerate((320, 340, 200, 200)):
        close_day(b, n, count)
    assert the(b).words.startswith(
        "999 calls, Warwickshire: 1.6 times the usual from 1 to 2 July, 330 a day, usually about "
        "200. Highest 340 on Thursday. Over at 00:02 on 5 July."
    )


def test_a_usual_day_within_the_stretch_can_be_its_highest_and_one_after_it_can_not() -> None:
    b = store()
    weekend = {"expected": 400.0, "lower": 360, "upper": 440}
    close_day(b, 0, 320)
    close_day(b, 1, 410, notify=False, **weekend)
    close_day(b, 2, 320)
    close_day(b, 3, 420, notify=False, **weekend)
    close_day(b, 4, 200)
    assert the(b).words.startswith(
        "999 calls, Warwickshire: 1.3 times the usual from 1 to 3 July, 350 a day, usually about "
        "267. Highest 410 on Thursday. Over on 6 July 2026."
    )


def test_a_missing_day_within_the_stretch_is_named_as_left_out() -> None:
    b = store()
    for n, count in ((0, 320), (2, 340), (3, 200), (5, 200)):
        close_day(b, n, count)
    assert the(b).words.startswith(
        "999 calls, Warwickshire: 1.6 times the usual from 1 to 3 July without 2 July, 330 a day, "
        "usually about 200. Highest 340 on Friday. Over on 7 July 2026."
    )


def test_of_what_is_hardly_ever_there_is_no_multiple() -> None:
    rare = day_of(0, 3, expected=0.3)
    day = at("2026-07-04 12:00")
    about = WARWICKSHIRE, "Non-recent offences"
    since = rare.start
    assert exceptional_volume.by_days(*about, rare, 10.0, since, day)[1] == (
        "Above the usual since 1 July."
    )
    assert exceptional_volume.by_weeks(*about, (3.0, 0.3), 10.0, since, day)[0] == (
        "Non-recent offences: 3 a day since 1 July, usually about 0.3."
    )
    span = since, since + 2 * DAY
    assert exceptional_volume.by_days_past(*about, (3.0, 0.3), span, day)[0] == (
        "Non-recent offences: 3 a day from 1 to 2 July, usually about 0.3."
    )
    one = since, since + DAY
    assert exceptional_volume.by_days_past(*about, (5.0, 0.4), one, day)[0] == (
        "Non-recent offences: 5 on 1 July, usually about 0.4."
    )
