"""A volume that lasts: by made-up days and hours, what the alert book does and whom it tells."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alert_records import Alert, Transition, decode, encode
from streams.alerts import AlertBook
from streams.force import Force
from streams.force_file import QuietHours
from streams.ownership import Request
from streams.periods import DAY, HOUR, MINUTE
from streams.signals import Signal
from tests.alerting import CALENDAR, WARWICKSHIRE, Known, at, book, quiet, signal

FIRST = "2026-07-01 00:00"


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


def close_day(b: AlertBook, number: int, observed: float, **changes: Any) -> list[Transition]:
    """Has a book consider a day when it has closed."""
    found = day_of(number, observed, **changes)
    return b.consider([found], [], found.end + 2 * MINUTE)


def notified(made: list[Transition]) -> list[str]:
    return [each.what for each in made if each.notify]


def paged() -> AlertBook:
    """A page of the hour from 9 to 10 of 1 July, which somebody has taken."""
    b = book()
    (opened,) = b.consider([signal("2026-07-01 09:00")], [], at("2026-07-01 10:01"))
    asked = Request(action="acknowledge", who="Duty inspector")
    b.act(opened.alert.id, asked, at("2026-07-01 10:02"))
    return b


def the(b: AlertBook) -> Alert:
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
        assert not b.consider([usual], [], usual.end + MINUTE)
    assert the(b).open


def test_quiet_hours_end_nothing_while_the_day_so_far_is_outside_its_range() -> None:
    class High(Known):
        def day_so_far(self, series: tuple[str, ...]) -> Signal | None:
            assert series[-1] == "day"
            return day_of(0, 310, running=True)

    for reads, goes_on in ((High(), True), (Known(), False)):
        b = paged()
        for hour in ("10:00", "11:00", "12:00"):
            usual = quiet(f"2026-07-01 {hour}")
            b.consider([usual], [], usual.end + MINUTE, reads)
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
    b = book()
    assert notified(close_day(b, 0, 320)) == ["opened"]
    made = b.consider([signal("2026-07-02 09:00")], [], at("2026-07-02 10:01"))
    assert [(each.what, each.notify) for each in made] == [("updated", True)]
    assert (the(b).severity, the(b).grain) == ("page", "day")
    # It waits to be taken from then on, not since the notice.
    assert not b.consider([], [], at("2026-07-02 10:15"))
    assert notified(b.consider([], [], at("2026-07-02 10:17"))) == ["escalated"]


def test_a_fall_is_one_notice_that_ends_after_two_usual_days() -> None:
    b = book()
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
    b = book()
    for n, count in enumerate((320, 320, 320, 200, 200, 200, 200, 200, 200, 320)):
        close_day(b, n, count)
    assert [each.open for each in b.alerts.values()] == [False, True]


def test_from_the_third_day_on_the_stretch_is_not_learned_in_the_area_and_those_within() -> None:
    b = paged()
    for n in range(2):
        close_day(b, n, 320)
    assert not b.not_normal()
    close_day(b, 2, 320)
    (stretch,) = b.not_normal()
    assert (stretch.start, stretch.end) == (at(FIRST), None)
    assert stretch.known == day_of(2, 320).end + 2 * MINUTE
    assert {"force", "rugby", "north-warwickshire-area"} <= set(stretch.areas)
    assert stretch.holds(CALENDAR.holding("day", at("2026-07-20 00:00")))
    assert not stretch.holds(CALENDAR.holding("month", at("2026-07-20 00:00")))
    for n in (3, 4):
        close_day(b, n, 200)
    (stretch,) = b.not_normal()
    assert stretch.end == day_of(4, 200).end


def test_closed_as_real_it_gives_the_level_and_as_false_it_does_not() -> None:
    found = {}
    for outcome in ("real", "false", "planned_event"):
        b = paged()
        for n in range(5):
            close_day(b, n, 320)
        now = day_of(5, 0).start + 9 * HOUR
        b.act(the(b).id, Request(action="close", who="A", outcome=outcome), now)
        levels = [(each.at == now, each.ratio) for each in b.outcomes().levels]
        found[outcome] = levels, [each.end == now for each in b.not_normal()]
    assert found == {
        "real": ([(True, 1.6)], [True]),
        "false": ([], [True]),
        "planned_event": ([], [False]),
    }


def test_a_rise_of_a_quarter_goes_on_through_days_inside_the_usual_range() -> None:
    """250 a day, usually 200: half of the days of a small series would be usual by themselves."""
    b = book()
    wide = {"lower": 140, "upper": 260, "notify": True, "direction": "up"}
    close_day(b, 0, 290, **wide)
    for n, count in enumerate((250, 240, 255, 235, 270, 245), start=1):
        close_day(b, n, count, **wide)
    assert the(b).open
    for n, count in enumerate((205, 195), start=7):
        close_day(b, n, count, **wide)
    assert not the(b).open


def test_a_level_that_moves_a_quarter_further_is_told_once_more_with_the_level_before() -> None:
    b, told = book(), []
    for month, (observed, after) in enumerate(((520, 509), (530, 515), (700, 600), (760, 650))):
        found = signal(
            f"2026-0{month + 3}-01 00:00", grain="month", method="level", observed=observed,
            lower=400, upper=480, before=438.0 + 10 * month, after=float(after),
            onset=at("2026-02-01 00:00"),
        )  # fmt: skip
        made = b.consider([found], [], found.end + HOUR)
        told += [(each.what, each.alert.words) for each in made if each.notify]
    usual = "usually 400 to 480. A new level since about February 2026: 438 a month before"
    first, second = "520 in March 2026", "760 in June 2026"
    assert told == [
        ("opened", f"999 calls, Warwickshire: {first}, {usual}, 509 since (2 months)."),
        ("updated", f"999 calls, Warwickshire: {second}, {usual}, 650 since (5 months)."),
    ]


def test_what_was_stored_goes_on_as_if_nothing_had_happened() -> None:
    whole, before = paged(), paged()
    lines = []
    for n in range(6):
        lines += [encode(each) for each in close_day(before, n, 320)]
        close_day(whole, n, 320)
    after = book()
    after.apply(Transition(what="updated", at=the(before).updated_at, alert=the(before)))
    for line in lines:
        after.apply(decode(line))
    for n, count in enumerate((320, 480, 480, 200, 200), start=6):
        assert close_day(after, n, count) == close_day(whole, n, count)
    assert after.alerts == whole.alerts


@settings(max_examples=60, deadline=None)
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
    b, made = book(), list[Transition]()
    for n, (observed, hour) in enumerate(days):
        start = day_of(n, 0).start + 9 * HOUR
        if hour:
            burst = signal(FIRST, start=start, end=start + HOUR, direction=hour, expected=30.0)
            burst = msgspec.structs.replace(burst, observed=60 if hour == "up" else 1, lower=20)
            made += b.consider([burst], [], start + HOUR + MINUTE)
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


def at_night(b: AlertBook, number: int, observed: float) -> list[tuple[str, str]]:
    """What is told of a day from its close, at two minutes past midnight, to the next morning."""
    made = close_day(b, number, observed)
    end = day_of(number, observed).end
    for hour in (2, 6, 7, 8):
        made += b.consider([], [], end + hour * HOUR)
    return [(each.what, f"{each.at:%H:%M}") for each in made if each.notify]


def of_quiet_nights() -> AlertBook:
    file = WARWICKSHIRE.file
    alerts = msgspec.structs.replace(file.alerts, quiet_hours=QuietHours(notice="22:00-07:00"))
    return AlertBook(Force(msgspec.structs.replace(file, alerts=alerts)))


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
    made = b.consider([signal("2026-07-02 22:00")], [], at("2026-07-02 23:01"))
    assert [(each.what, each.notify) for each in made] == [("updated", True)]


def test_what_is_over_at_night_and_closed_before_the_morning_is_told_to_nobody() -> None:
    b = of_quiet_nights()
    assert at_night(b, 0, 150) == [("reminded", "07:00")]
    close_day(b, 1, 200)
    close_day(b, 2, 200)
    (owed,) = b.owed
    b.act(owed, Request(action="close", who="A", outcome="real"), day_of(2, 0).end + HOUR)
    assert not notified(b.consider([], [], day_of(2, 0).end + 7 * HOUR))
    assert not b.owed


def test_a_course_of_small_figures_is_told_with_a_decimal() -> None:
    b = book()
    small = {"expected": 0.26, "lower": 0, "upper": 1, "notify": True, "direction": "up"}
    for n in range(2):
        close_day(b, n, 5, **small)
    assert the(b).words.startswith(
        "999 calls, Warwickshire: 5 on Thursday 2 July, usually about 0.3. "
    )
    for n in range(2, 15):
        close_day(b, n, (2, 5)[n % 2], **small)
    assert ", 3.6 a day, usually about 0.3. Lasting" in the(b).words
