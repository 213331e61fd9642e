"""Alerts held against what happened: exact cases of who finds what."""

import datetime as dt
from typing import Any

import pytest

from streams.backtest.known import Known, known
from streams.backtest.matching import Found, Judged, Opened, match
from streams.config.truth import Truth
from streams.periods import DAY, HOUR, MINUTE
from tests.build import ms, tiny_force

FORCE = tiny_force()
BEGAN = ms("2021-03-01T00:00:00Z")


def event(name: str = "surge", **fields: Any) -> Known:
    """999 calls rise on 1 March for ten days; two days to find it."""
    given: dict[str, Any] = {
        "force": "tiny",
        "kind": "call",
        "measure": "calls.offered",
        "where": {"line": "999"},
        "start": dt.date(2021, 3, 1),
        "end": dt.date(2021, 3, 10),
        "direction": "up",
        "within": 2 * DAY,
        **fields,
    }
    return known(Truth(name=name, **given), FORCE)


def alert(after: int = 5 * HOUR, **fields: Any) -> Opened:
    """An alert about the last hour of 999 calls, opened so long after the first of March."""
    given: dict[str, Any] = {
        "id": f"a{after}",
        "kind": "exceptional_volume",
        "group": "calls",
        "measure": "offered",
        "row": {"line": "999"},
        "direction": "up",
        "start": BEGAN + after - HOUR,
        "end": BEGAN + after,
        **fields,
    }
    return Opened(at=BEGAN + after, **given)


def verdicts(alerts: list[Opened], events: list[Known]) -> list[str]:
    return [each.verdict for each in match(alerts, events, FORCE)[0]]


def detections(alerts: list[Opened], events: list[Known]) -> list[str]:
    return [each.detection for each in match(alerts, events, FORCE)[1]]


def test_an_alert_in_time_finds_the_event_after_its_delay() -> None:
    assert match([alert()], [event()], FORCE) == (
        [Judged("found", 0)],
        [Found("found", 0, 5 * HOUR)],
    )


def test_nothing_that_happened_and_no_alert_is_nothing() -> None:
    assert match([], [], FORCE) == ([], [])


def test_an_event_without_an_alert_is_missed() -> None:
    assert match([], [event()], FORCE) == ([], [Found("missed")])


def test_an_optional_event_without_an_alert_is_not_missed() -> None:
    assert detections([], [event(optional=True)]) == ["silent"]


def test_an_alert_without_an_event_is_false() -> None:
    assert match([alert()], [], FORCE) == ([Judged("false")], [])


def test_an_event_is_found_once_and_what_follows_is_about_it_again() -> None:
    alerts = [alert(3 * DAY), alert(5 * HOUR), alert(9 * DAY)]
    judged, found = match(alerts, [event()], FORCE)
    assert [each.verdict for each in judged] == ["again", "found", "again"]
    assert found == [Found("found", 1, 5 * HOUR, more=2)]


def test_an_alert_before_the_event_is_false() -> None:
    assert verdicts([alert(-HOUR)], [event()]) == ["false"]


def test_an_alert_after_the_time_that_counts_is_late_and_the_event_is_not_found() -> None:
    judged, found = match([alert(3 * DAY)], [event()], FORCE)
    assert judged == [Judged("late", 0)]
    assert found == [Found("late", 0, 3 * DAY)]


def test_an_alert_at_the_last_instant_that_counts_finds_it() -> None:
    assert verdicts([alert(2 * DAY), alert(2 * DAY + 1)], [event()]) == ["found", "again"]
    assert verdicts([alert(2 * DAY + 1)], [event()]) == ["late"]


def test_an_alert_after_the_end_of_a_short_event_finds_it_within_its_time() -> None:
    short = event(start=dt.datetime(2021, 3, 1), end=dt.datetime(2021, 3, 1, 4))  # noqa: DTZ001
    day = alert(30 * HOUR, start=BEGAN, end=BEGAN + DAY)
    assert verdicts([day], [short]) == ["found"]


def test_an_alert_about_a_time_before_the_event_is_false_and_says_so() -> None:
    # That of the hour, or of February, which is opened once the event has begun.
    hour = alert(5 * MINUTE, start=BEGAN - HOUR, end=BEGAN)
    month = alert(6 * MINUTE, start=BEGAN - 28 * DAY, end=BEGAN)
    judged, found = match([hour, month], [event()], FORCE)
    assert judged == [Judged("false", None, "of surge, but of a time before it")] * 2
    assert found == [Found("missed")]


def test_an_alert_about_the_last_hour_of_an_event_is_about_it_after_its_end() -> None:
    last = alert(10 * DAY + 30 * MINUTE, start=BEGAN + 10 * DAY - HOUR, end=BEGAN + 10 * DAY)
    assert verdicts([last], [event()]) == ["late"]
    assert verdicts([alert(), last], [event()]) == ["found", "again"]


def test_an_alert_about_a_month_in_which_an_event_ended_is_about_it() -> None:
    month = alert(31 * DAY + HOUR, start=BEGAN, end=BEGAN + 31 * DAY)
    assert verdicts([alert(), month], [event()]) == ["found", "again"]


def test_an_alert_about_a_time_after_the_end_is_false() -> None:
    after = alert(10 * DAY + HOUR, start=BEGAN + 10 * DAY, end=BEGAN + 10 * DAY + HOUR)
    assert match([after], [event()], FORCE)[0] == [Judged("false")]


def test_an_alert_after_the_end_and_within_its_time_says_that_it_is_of_a_time_after() -> None:
    short = event(start=dt.datetime(2021, 3, 1), end=dt.datetime(2021, 3, 1, 4))  # noqa: DTZ001
    judged, _ = match([alert(30 * HOUR)], [short], FORCE)
    assert judged == [Judged("false", None, "of surge, but of a time after it")]


def test_what_holds_at_the_first_moment_of_an_event_is_about_it() -> None:
    assert verdicts([alert(0, start=BEGAN, end=BEGAN)], [event()]) == ["found"]


def test_an_event_that_goes_on_can_be_found_late_for_good() -> None:
    assert verdicts([alert(300 * DAY)], [event(end=None)]) == ["late"]


def test_an_event_that_began_before_alerts_are_counted_is_not_to_be_found_and_none_is_false() -> (
    None
):
    judged, found = match([alert()], [event()], FORCE, counted_from=BEGAN + 1)
    assert judged == [Judged("again", 0)]
    assert found == [Found("before", more=1)]


def test_an_alert_goes_to_the_event_that_can_be_found() -> None:
    lasting = event("lasting", start=dt.date(2021, 2, 1))
    _, found = match([alert()], [lasting, event()], FORCE, counted_from=BEGAN)
    assert found == [Found("before"), Found("found", 0, 5 * HOUR)]


def test_the_other_direction_is_false_and_says_so() -> None:
    judged, found = match([alert(direction="down")], [event()], FORCE)
    assert judged == [Judged("false", None, "of surge, but in the other direction")]
    assert found == [Found("missed")]


def test_another_kind_of_alert_than_is_asked_for_is_false_and_says_so() -> None:
    judged, _ = match([alert()], [event(alerts=("level_change",))], FORCE)
    assert judged == [Judged("false", None, "of surge, but of another kind of alert")]


def test_another_line_or_measure_is_false_without_a_reason() -> None:
    other_line = alert(row={"line": "101"})
    other_measure = alert(measure="service_level")
    assert match([other_line, other_measure], [event()], FORCE)[0] == [Judged("false")] * 2


@pytest.mark.parametrize(
    ("area", "verdict"),
    [("north", "found"), ("north-area", "found"), ("force", "found"), ("south", "false")],
)
def test_an_area_that_holds_the_event_or_lies_in_it_is_of_it(area: str, verdict: str) -> None:
    within = event(where={"line": "999", "area": "north"})
    assert verdicts([alert(area=area)], [within]) == [verdict]


def test_an_area_within_that_of_the_event_is_of_it() -> None:
    assert verdicts([alert(area="north")], [event(where={"area": "north-area"})]) == ["found"]
    assert verdicts([alert(area="south")], [event()]) == ["found"]


@pytest.mark.parametrize(
    ("category", "verdict"),
    [
        ("asb.personal", "found"),
        ("asb", "found"),
        ("all", "found"),
        ("asb.nuisance", "false"),
        ("missing_person", "false"),
        ("asb.personal.repeated", "found"),
    ],
)
def test_a_category_above_or_below_that_of_the_event_is_of_it(category: str, verdict: str) -> None:
    asb = event(kind="incident", measure="incidents.count", where={"category": "asb.personal"})
    row = {"category": category, "grade": "all"}
    assert verdicts([alert(group="incidents", measure="count", row=row)], [asb]) == [verdict]


def test_two_tables_that_count_the_same_records_are_one_series() -> None:
    emergencies = alert(group="attendance", measure="emergencies", row={})
    rise = event(kind="incident", measure="incidents.count", where={"category": "asb"})
    assert verdicts([emergencies], [rise]) == ["found"]


def test_without_a_measure_any_of_the_kind_of_record_counts() -> None:
    anything = event(measure=None, where={}, direction="down")
    assert verdicts([alert(measure="service_level", direction="down")], [anything]) == ["found"]
    assert verdicts([alert(group="crimes", measure="count", row={})], [anything]) == ["false"]


def test_a_silent_feed_is_a_fall_of_what_is_made_of_its_records() -> None:
    silent = alert(kind="feed_silent", group="feeds", measure="call", row={}, direction=None)
    outage = event(direction="down", alerts=("feed_silent",))
    assert verdicts([silent], [outage]) == ["found"]
    assert verdicts([silent], [event()]) == ["false"]
    crimes = event(kind="crime", measure="crimes.count", where={}, direction="down")
    assert verdicts([silent], [crimes]) == ["false"]


def test_a_fall_in_calls_does_not_find_an_outage_that_a_silent_feed_must_say() -> None:
    outage = event(direction="down", alerts=("feed_silent",))
    fall = alert(HOUR, direction="down")
    silent = alert(2 * HOUR, kind="feed_silent", group="feeds", measure="call", row={})
    judged, found = match([fall, silent], [outage], FORCE)
    assert [each.verdict for each in judged] == ["false", "found"]
    assert found == [Found("found", 1, 2 * HOUR)]


def test_an_alert_that_fits_two_events_leaves_each_one_of_its_own() -> None:
    # The first alert is of the whole force and could be either; the second of one area alone.
    wide = event("wide", where={"line": "999"})
    north = event("north", where={"line": "999", "area": "north"})
    alerts = [alert(HOUR, area="south"), alert(2 * HOUR, area="north")]
    assert [each.alert for each in match(alerts, [wide, north], FORCE)[1]] == [0, 1]
    assert [each.alert for each in match(alerts[::-1], [north, wide], FORCE)[1]] == [0, 1]


def test_as_many_events_are_found_as_can_be() -> None:
    # Taking the first alert for the first event would leave nothing for the second.
    wide = event("wide")
    north = event("north", where={"area": "north"})
    alerts = [alert(HOUR, area="force"), alert(2 * HOUR, area="south")]
    assert [each.detection for each in match(alerts, [wide, north], FORCE)[1]] == ["found", "found"]
    assert [each.alert for each in match(alerts, [wide, north], FORCE)[1]] == [1, 0]


def test_one_alert_finds_one_event() -> None:
    events = [event("one"), event("two")]
    assert detections([alert()], events) == ["found", "missed"]


def test_an_event_that_must_be_found_goes_before_an_optional_one() -> None:
    events = [event("perhaps", optional=True), event("surely")]
    assert detections([alert()], events) == ["silent", "found"]
