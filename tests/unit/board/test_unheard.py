"""Without surveillance, too, an outage is missing and no zero; a quiet night is zero."""

from __future__ import annotations

from functools import cache
from typing import Any

from streams.board.compare import Comparisons
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.outputs.figures_shown import compared
from streams.periods import DAY, HOUR, MINUTE, rfc3339
from tests.build import as_json, call, crime, feed, monitor, ms, row

START = ms("2021-02-01T00:00:00Z")
OUTAGE = range(30 * 24 + 9, 30 * 24 + 15)
"""Hours: six by day, on 3 March."""
WEEKS = 6


def calls(hour: int) -> list[dict[str, Any]]:
    """Twelve calls an hour by day, and none from two to five at night."""
    number = 0 if 2 <= hour % 24 < 5 else 12
    at = START + hour * HOUR
    return [call(f"{hour}/{n}", rfc3339(at + n * 5 * MINUTE)) for n in range(number)]


@cache
def down() -> Monitor:
    watched = monitor()
    for hour in range(WEEKS * 7 * 24):
        if hour not in OUTAGE:
            feed(watched, *calls(hour))
    return watched


def asked(watched: Monitor, at: str = "2021-03-15T00:00:00Z") -> Query:
    return Query(watched, "tiny", ms(at))


def test_hours_of_an_outage_by_day_are_not_known() -> None:
    query = asked(down())
    hours = [query.figure("calls.offered", f"2021-03-03T{hour:02d}") for hour in (8, 9, 14, 15)]
    assert [each.value for each in hours] == [12, None, None, 12]
    assert hours[1].reason == "the feed of calls was not heard then"


def test_what_was_not_heard_is_compared_with_nothing_and_never_will_be() -> None:
    change = Comparisons(asked(down()), "calls.offered", "2021-03-03T10").previous
    said = "not comparable: the feed of calls was not heard then"
    assert (change.change, compared(change, "count")) == (None, said)


def test_a_quiet_night_is_zero() -> None:
    found = asked(down()).figure("calls.offered", "2021-03-03T03")
    assert (found.value, found.known, found.complete) == (0, True, True)


def test_a_day_with_an_outage_is_not_complete_and_one_without_is() -> None:
    query = asked(down())
    days = [query.figure("calls.offered", f"2021-03-{day:02d}") for day in (3, 4)]
    assert [(each.value, each.complete) for each in days] == [(180, False), (252, True)]


def test_the_board_of_a_monitor_without_surveillance_has_no_zero_there() -> None:
    board = as_json(
        down().board("tiny", ms("2021-03-15T00:00:00Z"), ["2021-03-03T12", "2021-03-03"])
    )
    hour = next(label for label in board["periods"] if "T12" in label)
    shown = row(board, hour, "calls", line="999")
    assert shown["offered"] is None
    assert board["periods"]["2021-03-03"]["missing"]["calls"] == {"known_days": 0.75, "days": 1.0}


def test_a_feed_that_is_silent_now_is_not_known() -> None:
    board = as_json(down().board("tiny", ms("2021-03-15T12:00:00Z")))
    assert row(board, "1h", "calls", line="999")["offered"] is None


def test_heartbeats_that_went_on_make_it_zero() -> None:
    watched = monitor()
    for hour in range(32 * 24):
        beats = [
            {"kind": "heartbeat", "force": "tiny", "feed": "calls", "every_seconds": 300,
             "at": rfc3339(START + hour * HOUR + n * 5 * MINUTE)}
            for n in range(12 if hour >= 30 * 24 else 0)
        ]  # fmt: skip
        feed(watched, *beats, *([] if hour in OUTAGE else calls(hour)))
    found = asked(watched, "2021-03-05T00:00:00Z").figure("calls.offered", "2021-03-03T12")
    assert (found.value, found.known) == (0, True)


def test_records_that_come_after_all_end_the_outage() -> None:
    watched = monitor()
    for hour in range(32 * 24):
        if hour not in OUTAGE:
            feed(watched, *calls(hour))
    assert asked(watched).figure("calls.offered", "2021-03-03T12").value is None
    for hour in OUTAGE:
        feed(watched, *calls(hour))
    assert asked(watched).figure("calls.offered", "2021-03-03T12").value == 12


def test_days_without_a_crime_are_zero() -> None:
    watched = monitor()
    for day in range(70):
        if not 50 <= day < 54:
            at = START + day * DAY
            feed(watched, *(crime(f"{day}/{n}", rfc3339(at + n * HOUR)) for n in range(9, 15)))
    found = asked(watched, "2021-04-12T00:00:00Z").figure("total_recorded_crime", "2021-03-24")
    assert found.value == 0


def test_where_little_is_known_of_the_rate_nothing_is_missing() -> None:
    watched = monitor()
    feed(watched, *(call(f"{n}", rfc3339(START + n * DAY)) for n in (0, 1, 20, 21)))
    assert asked(watched, "2021-02-22T00:00:00Z").figure("calls.offered", "2021-02-10").value == 0
