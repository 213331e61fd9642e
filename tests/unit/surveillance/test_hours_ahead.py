"""The next hours of calls, and the handlers that they need beside the roster."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from copy import copy
from typing import Any

import msgspec
import numpy as np
import pytest

from detectors.counts.predictive import Predictive
from detectors.durations.erlang_a import erlang_a
from streams.board.model import Handlers, HoursAhead, LineAhead
from streams.board.monitor import Monitor
from streams.config.schema import ServiceLevel, Target
from streams.fold.readings import Readings
from streams.periods import DAY, HOUR, MINUTE, SECOND, Calendar, rfc3339
from streams.registry.measures import SERVICE_LEVELS
from streams.state import surveillance as watching
from streams.surveillance.hours_ahead import Ahead, _together
from streams.surveillance.staffing import (
    Serving,
    beside_roster,
    rates_of,
    roster_of,
    serving_of,
    staffed,
)
from tests.build import FAR_FUTURE, call, feed, lines, ms, tiny_force

START = ms("2021-02-01T00:00:00Z")  # a Monday
DAYS = 29
NOW = START + DAYS * DAY + 18 * HOUR + 20 * MINUTE


def calls(hours: range, times: float = 1.0, **fields: Any) -> Iterator[dict[str, Any]]:
    """Six 999 calls an hour by day and three by night, or so many times as many: answered after
    4 s, ended after 5 min, wrapped up after one more; the third of every other hour gives up after
    40 s."""
    for hour in hours:
        number = round(times * (6 if 8 <= hour % 24 < 20 else 3))
        for n in range(number):
            at = START + hour * HOUR + n * (HOUR // number)
            gone = n == 2 and hour % 2 == 0
            times_of = [4 * SECOND, 304 * SECOND, 364 * SECOND]
            names = ["answered_at", "ended_at", "wrapped_up_at"]
            if gone:
                times_of, names = [40 * SECOND], ["abandoned_at"]
            known = {name: rfc3339(at + after) for name, after in zip(names, times_of, strict=True)}
            yield call(f"h{hour}n{n}", rfc3339(at), **{**known, **fields})


def reading(period: str, value: float, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "reading",
        "force": "tiny",
        "id": f"r{period}{fields.get('line')}{fields.get('measure')}",
        "updated_at": "2021-03-01T00:00:00Z",
        "measure": "handlers_rostered",
        "period": period,
        "value": value,
        **fields,
    }


def fed(hours: int = DAYS * 24 + 18, **fields: Any) -> Monitor:
    made = Monitor([tiny_force()])
    watching.watch_all(made)
    for day in range(0, hours, 24):
        payload = lines(calls(range(day, min(day + 24, hours)), **fields))
        assert not made.ingest(payload, FAR_FUTURE)
    made.advance(START + hours * HOUR + 20 * MINUTE)
    return made


def view(made: Monitor, at: int = NOW) -> HoursAhead:
    found = Ahead(made, tiny_force()).view(at)
    assert found is not None
    return found


def line(found: HoursAhead, name: str = "999") -> LineAhead:
    return next(each for each in found.lines if each.line == name)


@pytest.fixture(scope="module")
def made() -> Monitor:
    made = fed()
    feed(made, reading("2021-03-02T19", 2.0, line="999"))
    return made


def test_the_next_twelve_whole_hours_bring_what_they_usually_do(made: Monitor) -> None:
    hours = line(view(made)).hours
    assert [hour.start[11:16] for hour in hours][:3] == ["19:00", "20:00", "21:00"]
    assert len(hours) == 12
    assert [round(hour.expected, 1) for hour in hours[:3]] == [6.0, 3.0, 3.0]
    assert all(h.low_95 <= h.low_80 < h.expected < h.high_80 <= h.high_95 for h in hours)


def test_a_day_that_is_busier_than_usual_is_expected_to_go_on_so() -> None:
    made = fed(DAYS * 24)
    busier = calls(range(DAYS * 24, DAYS * 24 + 18), times=2.0)
    assert not made.ingest(lines(busier), FAR_FUTURE)
    made.advance(NOW)
    busy = line(view(made))
    assert busy.level is not None
    assert 1.2 < busy.level <= 2.0
    assert busy.hours[0].expected > 6.5
    assert busy.hours[0].expected / 6.0 > busy.hours[-1].expected / 3.0


def test_a_surge_is_carried_into_the_next_hours_and_said() -> None:
    made = fed(DAYS * 24 + 15)
    assert not made.ingest(lines(calls(range(DAYS * 24 + 15, DAYS * 24 + 18), 4.0)), FAR_FUTURE)
    made.advance(NOW)
    found = line(view(made))
    assert found.departed == (
        "999: 48 calls in the last 2 hours, where 12 were expected. That is carried on, and wears "
        "off by half in two hours: it may last longer."
    )
    assert found.hours[0].expected == pytest.approx(11.7, abs=0.1)
    assert found.hours[0].high_95 > 24
    assert found.hours[-1].expected == pytest.approx(3.0, abs=0.5)


def test_an_ordinary_day_departs_from_nothing(made: Monitor) -> None:
    assert line(view(made)).departed == ""


def test_how_calls_are_served_is_learned_from_them(made: Monitor) -> None:
    found = line(view(made))
    assert (found.handling_seconds, found.wrap_up) == (360.0, True)
    # How long all callers of a day waited together, over those of them who gave up.
    of_a_day = [(6 if 8 <= hour < 20 else 3, hour % 2 == 0) for hour in range(24)]
    gone = sum(left for _, left in of_a_day)
    waited = 40 * gone + 4 * (sum(number for number, _ in of_a_day) - gone)
    assert found.patience_seconds == pytest.approx(waited / gone, rel=0.01)


def test_what_is_expected_and_needed_is_said_in_plain_words(made: Monitor) -> None:
    hour = line(view(made)).hours[1]
    assert hour.words == (
        f"20:00: 3 calls expected ({hour.low_80} to {hour.high_80}), "
        "2 handlers needed for 90 % within 10 s"
    )


def test_a_roster_of_a_line_is_held_against_its_own_calls(made: Monitor) -> None:
    hour = line(view(made)).hours[0]
    assert hour.handlers.needed == 3
    assert (hour.handlers.rostered, hour.handlers.short) == (2.0, 1.0)
    assert hour.handlers.level is not None
    assert 0.6 < hour.handlers.level < 0.9
    assert hour.words.endswith(", the roster has 2: 1 short")


def test_of_a_room_nothing_is_known_while_a_line_is_not(made: Monitor) -> None:
    found = view(made)
    assert found.room == []
    assert found.room_reason == "101: no call was counted on it yet"
    assert line(found, "101").reason == "no call was counted on it yet"


def test_a_room_serves_all_lines_from_one_roster() -> None:
    made = Monitor([tiny_force()])
    watching.watch_all(made)
    hours = range(DAYS * 24 + 18)
    both = [
        *calls(hours, 2.0),
        *({**each, "id": f"o{each['id']}", "line": "101"} for each in calls(hours, 2.0)),
    ]
    both.sort(key=lambda each: str(each["offered_at"]))
    assert not made.ingest(lines(both), FAR_FUTURE)
    made.advance(NOW)
    feed(made, reading("2021-03-02T19", 3.0), reading("2021-03-03", 9.0))
    found = view(made)
    assert found.room_reason == ""
    first, later = found.room[0], found.room[5]
    assert first.expected == pytest.approx(24.0, abs=0.2)
    assert [line(found, name).hours[0].handlers.needed for name in ("999", "101")] == [4, 3]
    assert first.handlers == Handlers(5, 3.0, 2.0)  # one queue is served by fewer than two are
    assert first.words == (
        "19:00: 24 calls expected on all lines, 5 handlers needed for all targets, "
        "the roster has 3: 2 short"
    )
    assert later.start[:13] == "2021-03-03T00"
    assert (later.handlers.rostered, later.words[-6:]) == (9.0, "enough")


def test_handlers_are_not_known_where_no_end_of_calls_is_fed() -> None:
    made = fed(ended_at=None, wrapped_up_at=None)
    found = line(view(made))
    assert len(found.hours) == 12
    assert found.hours[0].handlers == Handlers()
    assert found.handlers_reason == (
        "no call had a handling time, 30 are needed: is `ended_at` fed?"
    )
    assert found.hours[0].words.endswith(")")


def test_nothing_is_known_of_a_short_history() -> None:
    made = fed(10 * 24)
    found = line(view(made, START + 10 * DAY + 20 * MINUTE))
    assert found.hours == []
    assert found.reason == "learning: 1 week of history, 4 needed"


def test_nothing_is_said_of_an_instant_long_past(made: Monitor) -> None:
    assert Ahead(made, tiny_force()).view(NOW - DAY) is None


def test_what_is_said_is_made_once_an_hour_and_when_the_roster_changes(made: Monitor) -> None:
    ahead = Ahead(made, tiny_force())
    first = ahead.view(NOW)
    assert ahead.view(NOW + 20 * MINUTE) is first
    feed(made, reading("2021-05-01", 2.0))
    assert ahead.view(NOW + 20 * MINUTE) is not first


# -- the parts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICE_LEVELS)
def test_the_service_level_is_read_by_the_formula_of_the_force(name: ServiceLevel) -> None:
    queue, soon = (erlang_a(0.02, 300, 90, 6, limit) for limit in (20, 5))
    expected = {
        "answered_and_abandoned_within_of_offered": queue.within + queue.abandoned_within,
        "answered_of_answered": queue.within / (1 - queue.abandoned),
        "answered_of_offered": queue.within,
        "answered_of_offered_less_abandoned_within": queue.within / (1 - queue.abandoned_within),
        "answered_and_abandoned_at_once_of_offered": queue.within + soon.abandoned_within,
    }
    serving = Serving(300, 90, wrapped_up=True, gives_up=True)
    level = serving.level(SERVICE_LEVELS[name].share, 20, 0.02, 6)
    assert level[-1] == pytest.approx(expected[name])


def test_too_few_who_gave_up_leave_patience_at_an_hour() -> None:
    sums = dict.fromkeys(("wrapped_up", "wrap_up_time"), 0)
    sums |= {"handled": 100, "handling_time": 100 * 240_000, "abandoned": 29}
    sums |= {"sum": 400_000, "abandoned_wait": 900_000}
    assert serving_of(sums) == (Serving(240.0, 3600.0, wrapped_up=False, gives_up=False), "")
    sums["abandoned"] = 30
    found, _ = serving_of(sums)
    assert found is not None
    assert found.patience == pytest.approx(1_300 / 30)


def test_rates_are_on_average_what_is_expected_and_vary_as_counts_do_beyond_chance() -> None:
    assert rates_of(Predictive(36.0)).tolist() == [0.01]
    rates = rates_of(Predictive(36.0, 0.04, 1.5)) * 3600
    assert rates.mean() == pytest.approx(36.0, rel=0.03)
    assert 0.6 < rates.var() / (0.5 * 36 + 0.04 * 36**2) < 1.0


def test_the_roster_of_an_hour_goes_before_that_of_its_day() -> None:
    readings = Readings(tiny_force())
    made = Monitor([tiny_force()])
    feed(
        made,
        reading("2021-03-02", 5.0),
        reading("2021-03-02T10", 7.0),
        reading("2021-03-02T10", 3.0, line="999"),
        reading("2021-03", 99.0),
        reading("2021-03-02T11", 2.0, measure="handlers_signed_on"),
    )
    found = made.readings("tiny")
    assert found is not None
    at = ms("2021-03-02T10:00:00Z")
    roster = roster_of(found, Calendar(tiny_force().zone), [at, at + HOUR])
    assert (roster.room(at, ["999"]), roster.room(at + HOUR, ["999"])) == (7.0, 5.0)
    assert (roster.of("999", at), roster.of("999", at + HOUR)) == (3.0, None)
    assert roster_of(readings, Calendar(tiny_force().zone), [at]).room(at, ["999"]) is None


def test_lines_that_all_have_a_roster_make_that_of_the_room() -> None:
    made = Monitor([tiny_force()])
    feed(made, reading("2021-03-02T10", 3.0, line="999"), reading("2021-03-02T10", 4.0, line="101"))
    at = ms("2021-03-02T10:00:00Z")
    roster = roster_of(made.readings("tiny"), Calendar(tiny_force().zone), [at])
    assert roster.room(at, ["999", "101"]) == 7.0
    assert roster.room(at, ["999", "101", "webchat"]) is None


@pytest.mark.parametrize(
    ("handlers", "words"),
    [
        (Handlers(9, 7), ", the roster has 7: 2 short"),
        (Handlers(9, 8.5), ", the roster has 8.5: 1 short"),
        (Handlers(9, 9), ", the roster has 9: enough"),
        (Handlers(9), ""),
        (Handlers(None, 7), ""),
    ],
)
def test_the_roster_is_set_beside_what_is_needed(handlers: Handlers, words: str) -> None:
    assert beside_roster(handlers) == words


def test_lines_of_a_room_are_busy_together() -> None:
    both = _together([Predictive(50.0, 0.04), Predictive(20.0, 0.04)])
    assert both.mean == 70.0
    assert both.spread == pytest.approx(0.04)


def test_no_number_of_handlers_is_named_for_a_target_of_100_percent(made: Monitor) -> None:
    force = copy(tiny_force())
    certain = [Target(since=dt.date(2020, 1, 1), seconds=10, share=1.0)]
    force.lines = tuple(msgspec.structs.replace(each, targets=certain) for each in force.lines)
    found = Ahead(made, force).view(NOW)
    assert found is not None
    assert line(found).hours[0].handlers.needed is None
    assert line(found).handlers_reason == (
        "a target of 100 % is never reached for certain, by however many handlers"
    )


def test_a_part_of_a_handler_that_is_missing_is_one() -> None:
    level = Serving(300, 90, wrapped_up=True, gives_up=True)
    formula = SERVICE_LEVELS["answered_of_offered"].share
    rates = np.array([0.01])
    asked = [(lambda rate, most: level.level(formula, 20, rate, most), 0.9)]
    found = staffed(rates, 300, asked, Handlers(rostered=5.5))
    assert found.needed == 6
    assert (found.short, beside_roster(found)) == (1, ", the roster has 5.5: 1 short")
