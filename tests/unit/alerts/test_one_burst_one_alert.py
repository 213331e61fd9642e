"""One burst, one alert: its areas, its hours, its calls and its incidents."""

from typing import Any

import msgspec

from streams.alerts.evaluation import evaluate
from streams.alerts.evaluation.signals import in_joining_order
from streams.alerts.store import AlertStore
from streams.surveillance.signals import Signal
from tests.alerting import Known, at, incidents, quiet, signal, store

HOUR, MINUTE = 3_600_000, 60_000
NORTH = "north-warwickshire-area"
SINCE = at("2026-11-21 22:00")


def so_far(minutes: int, **changes: Any) -> Signal:
    """999 calls of the hour that runs."""
    end = SINCE + minutes * MINUTE
    return signal("2026-11-21 22:00", **{"running": True, "end": end, **changes})


def north(minutes: int, observed: int = 17, **changes: Any) -> Signal:
    """The same in the north of the county."""
    held = {"area": NORTH, "observed": observed, "expected": 3.0, "lower": 0, "upper": 6}
    return so_far(minutes, **{**held, **changes})


def evaluated(b: AlertStore, minutes: int, *signals: Signal, known: tuple[Signal, ...] = ()) -> Any:
    """A look so many minutes into the hour; the hours before it were usual."""
    before = quiet("2026-11-21 21:00")
    child = msgspec.structs.replace(before, area=NORTH, observed=3, expected=3.0)
    return evaluate(b, signals, [], SINCE + minutes * MINUTE, Known(before, child, *known))


def test_a_child_that_explains_its_parent_narrows_the_alert_and_pages_nobody() -> None:
    b = store()
    (opened,) = evaluated(b, 30, so_far(30))
    for minutes in (34, 40):
        made = evaluated(b, minutes, so_far(minutes), north(minutes))
    made = made or evaluated(b, 41, north(41))
    assert len(b.alerts) == 1
    (alert,) = b.alerts.values()
    assert alert.id == opened.alert.id
    assert (alert.area, alert.title) == (NORTH, "999 calls, North Warwickshire policing area")
    assert alert.also == ("999 calls, Warwickshire",)
    # The parent alone again: the alert keeps the name of what it is about.
    assert not evaluated(b, 44, so_far(44))
    assert next(iter(b.alerts.values())).area == NORTH


def test_a_child_that_is_seen_without_its_parent_is_compared_with_what_the_alert_told() -> None:
    b = store()
    evaluated(b, 30, so_far(30))
    made = evaluated(b, 34, north(34))
    assert [(t.what, t.notify, t.alert.area) for t in made] == [("updated", False, NORTH)]


def test_a_child_in_the_hour_after_is_compared_in_the_hour_that_was_told() -> None:
    b = store()
    evaluated(b, 60, signal("2026-11-21 22:00"))
    held = {"area": NORTH, "observed": 17, "expected": 3.0, "lower": 0, "upper": 6}
    closed = signal("2026-11-21 22:00", **held)
    after = msgspec.structs.replace(north(75, 12), start=SINCE + HOUR)
    evaluated(b, 75, after, known=(closed,))
    assert len(b.alerts) == 1


def test_two_children_that_explain_it_together_open_nothing() -> None:
    b = store()
    evaluated(b, 30, so_far(30))
    halves = [north(34, 10), north(34, 9, area="south-warwickshire-area")]
    evaluated(b, 34, *halves)
    assert len(b.alerts) == 1


def test_a_child_in_the_opposite_direction_stays_a_second_alert() -> None:
    b = store()
    evaluated(b, 30, so_far(30))
    fall = north(40, 2, direction="down", expected=16.0, lower=9, upper=22)
    evaluated(b, 40, so_far(40), fall)
    assert {(a.area, a.direction) for a in b.alerts.values()} == {("force", "up"), (NORTH, "down")}


def change(hour: int, observed: int, onset: int, **changes: Any) -> Signal:
    """An hour that closed, in which a change went on."""
    start = SINCE + hour * HOUR
    held = {"method": "change", "start": start, "end": start + HOUR, "probability": 0.05}
    return signal("2026-11-21 22:00", observed=observed, onset=onset, **{**held, **changes})


def test_usual_hours_count_as_quiet_though_the_change_is_still_evident() -> None:
    b = store()
    evaluated(b, 60, signal("2026-11-21 22:00", observed=30))
    for hour in (1, 2, 3):
        evaluated(b, 60 * (hour + 1), change(hour, 12, SINCE))
    (alert,) = b.alerts.values()
    assert not alert.open
    # The change is told: an hour above the usual range does not open it again, a burst does.
    evaluated(b, 301, change(4, 15, SINCE))
    assert len(b.alerts) == 1
    evaluated(b, 361, change(5, 40, SINCE, probability=1e-9))
    assert len(b.alerts) == 2


def test_a_change_that_begins_later_opens_again() -> None:
    b = store()
    evaluated(b, 60, signal("2026-11-21 22:00", observed=30))
    for hour in (1, 2, 3):
        evaluated(b, 60 * (hour + 1), change(hour, 12, SINCE))
    evaluated(b, 480, change(7, 18, SINCE + 6 * HOUR))
    assert len(b.alerts) == 2


def test_an_hour_of_what_joined_a_notice_by_the_day_makes_that_a_page_and_opens_no_other() -> None:
    b = store()
    held: dict[str, Any] = {
        "grain": "day", "observed": 484, "expected": 410.0, "lower": 370, "upper": 459,
    }  # fmt: skip
    whole = incidents("force", row={"category": "all", "grade": "all"}, theme="incidents", **held)
    part = incidents("force", 165, 130.0)
    evaluate(b, [whole, part], [], at("2026-11-21 00:10"), Known(whole, part))
    (alert,) = b.alerts.values()
    assert (alert.severity, alert.also) == (
        "notice",
        ("Anti-social behaviour incidents, Warwickshire",),
    )
    hour = at("2026-11-21 09:00")
    burst = incidents("force", 15, 4.0, grain="hour", start=hour, end=hour + HOUR)
    (made,) = evaluate(b, [burst], [], hour + HOUR + MINUTE, Known(whole, part))
    assert (made.what, made.notify, made.alert.severity) == ("updated", True, "page")
    assert made.alert.words == (
        "Incidents, Warwickshire: 484 on Friday, usually 370 to 459. Anti-social behaviour "
        "incidents, Warwickshire: 15 in the hour to 10:00, usually 1 to 7."
    )


def over_by_midnight(*, notify: bool = True) -> AlertStore:
    """After a burst at eight in the evening and three usual hours."""
    b = store()
    evaluate(b, [signal("2026-11-21 20:00")], [], at("2026-11-21 21:01"), notify=notify)
    for hour in (21, 22, 23):
        usual = quiet(f"2026-11-21 {hour}:00")
        evaluate(b, [usual], [], usual.end + MINUTE, notify=notify)
    (alert,) = b.alerts.values()
    assert not alert.open
    return b


def day(when: str, **changes: Any) -> Signal:
    held = {"grain": "day", "observed": 300, "expected": 210.0, "lower": 190, "upper": 230}
    return signal(when, **{**held, **changes})


def test_the_day_of_hours_that_were_told_is_not_told_again() -> None:
    b = over_by_midnight()
    burst = day("2026-11-21 00:00")
    assert not evaluate(b, [burst], [], burst.end + HOUR)
    goes_on = day("2026-11-22 00:00", observed=225, method="change", onset=burst.start)
    assert not evaluate(b, [goes_on], [], goes_on.end + HOUR)


def test_the_day_is_told_where_nobody_heard_of_its_hours() -> None:
    """As when a worker was down that evening, and read it afterwards."""
    b = over_by_midnight(notify=False)
    burst = day("2026-11-21 00:00")
    made = evaluate(b, [burst], [], burst.end + HOUR)
    assert [(t.what, t.notify) for t in made] == [("opened", True)]


def test_a_replay_opens_what_a_live_monitor_would_have() -> None:
    b = over_by_midnight(notify=False)
    burst = day("2026-11-21 00:00")
    assert not evaluate(b, [burst], [], burst.end + HOUR, notify=False)


def test_the_day_of_a_part_is_not_told_again_where_it_is_what_was_told() -> None:
    b = over_by_midnight()
    whole = day("2026-11-21 00:00")
    part = day("2026-11-21 00:00", area=NORTH, observed=195, expected=105.0)
    other = day("2026-11-21 00:00", area=NORTH, observed=30, expected=10.0, upper=14)
    now = whole.end + HOUR
    assert not evaluate(b, [part], [], now, Known(whole, part))
    assert [t.what for t in evaluate(b, [other], [], now, Known(whole, other))] == ["opened"]


def test_a_day_that_began_when_all_was_over_is_told() -> None:
    b = over_by_midnight()
    after = day("2026-11-22 00:00")
    assert [t.what for t in evaluate(b, [after], [], after.end + HOUR)] == ["opened"]


def test_a_lasting_level_is_told_though_its_first_hours_were() -> None:
    b = over_by_midnight()
    level = day("2026-11-21 00:00", method="level", onset=at("2026-11-01 00:00"))
    made = evaluate(b, [level], [], level.end + HOUR)
    assert [(t.what, t.alert.kind) for t in made] == [("opened", "level_change")]


def test_a_day_in_the_opposite_direction_is_told() -> None:
    b = over_by_midnight()
    fall = day("2026-11-21 00:00", direction="down", observed=150)
    assert [t.what for t in evaluate(b, [fall], [], fall.end + HOUR)] == ["opened"]


def test_an_update_with_the_same_content_is_no_transition() -> None:
    b = store()
    whole = so_far(60)
    assert len(evaluated(b, 60, whole)) == 1
    for minutes in range(61, 74):
        assert not evaluated(b, minutes, whole)
    late = msgspec.structs.replace(whole, observed=22)
    assert [t.what for t in evaluated(b, 74, late)] == ["updated"]


def test_calls_and_the_incidents_that_they_become_are_one_cluster() -> None:
    for area in ("force", NORTH):
        b = store()
        evaluated(b, 30, so_far(30))
        follow = incidents(area, 20, 8.0, grain="hour", notify=True, running=True)
        follow = msgspec.structs.replace(follow, start=SINCE, end=SINCE + 40 * MINUTE)
        made = evaluated(b, 40, follow)
        assert [(t.what, t.notify) for t in made] == [("updated", False)]
        assert made[0].alert.title == "999 calls, Warwickshire"
        assert len(made[0].alert.also) == 1
    together = store()
    evaluated(together, 40, so_far(40), follow)
    assert len(together.alerts) == 1


def test_a_crime_is_no_part_of_the_cluster_of_the_calls() -> None:
    b = store()
    evaluated(b, 30, so_far(30))
    crime = incidents("force", 20, 8.0, grain="hour", notify=True, theme="crimes.burglary")
    evaluated(b, 40, msgspec.structs.replace(crime, start=SINCE, end=SINCE + HOUR))
    assert len(b.alerts) == 2


def test_what_makes_a_notice_a_page_is_what_people_are_told() -> None:
    b = store()
    rise = day("2026-11-21 00:00")
    assert [t.what for t in evaluate(b, [rise], [], rise.end + HOUR)] == ["opened"]
    burst = signal("2026-11-22 20:00", area=NORTH, observed=17, expected=3.0, lower=0, upper=6)
    whole = signal("2026-11-22 20:00", observed=22, notify=False)
    made = evaluate(b, [burst], [], burst.end + MINUTE, Known(whole, burst))
    assert [(t.what, t.notify, t.alert.severity) for t in made] in (
        [("opened", True, "page")],
        [("updated", True, "page")],
    )
    assert "17 in the hour to 21:00" in made[0].alert.words


def test_a_page_takes_the_notice_of_a_part_in_whichever_changed_last() -> None:
    """Whichever alert changed last, a cluster is compared with the page first."""
    b = store()
    page = signal("2026-11-21 20:00", area=NORTH, observed=17, expected=3.0, lower=0, upper=6)
    evaluate(b, [page], [], page.end + MINUTE)
    part = day("2026-11-21 00:00", area="south-warwickshire-area", observed=150, expected=105.0)
    evaluate(b, [part], [], part.end + HOUR, Known(page))
    first, *_ = in_joining_order(b)
    assert first.severity == "page"
