"""The simulator: what it sends is valid, in order, the same for a seed, and believable."""

import dataclasses
import datetime as dt
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.cli.simulate import surges_of
from streams.config.force import Force, check_force, find_force
from streams.errors import ConfigError, Refused
from streams.events.schema import (
    Call,
    Crime,
    Event,
    Heartbeat,
    Incident,
    Reading,
    decode,
    encode_event,
)
from streams.periods import DAY, HOUR, to_ms
from streams.registry.calls import CALL
from streams.registry.incidents import INCIDENT
from streams.registry.packing import Packer
from streams.sources.simulator import (
    SIMULATED_DAY,
    STRAINED,
    Rates,
    Surge,
    expected_calls,
    simulate,
    spread_crimes,
)
from streams.sources.simulator.incidents import smallest_areas
from streams.sources.simulator.room import kept_free, roster
from streams.sources.simulator.surge import added

WARWICKSHIRE = find_force("warwickshire")
QUIET = Rates(heartbeat_seconds=0)


def ms(text: str) -> int:
    return to_ms(dt.datetime.fromisoformat(text))


MONDAY = ms("2022-01-03T00:00:00+00:00")


def run(
    hours: float, seed: int = 1, start: int = MONDAY, force: Force = WARWICKSHIRE
) -> list[tuple[int, bytes]]:
    return list(simulate(force, start, start + int(hours * HOUR), seed))


def decoded(lines: Iterable[tuple[int, bytes]]) -> list[Event]:
    return [decode(line) for _, line in lines]


@pytest.fixture(scope="module")
def four_weeks() -> dict[str, Call | Incident]:
    """The last version of each record of four weeks, by id."""
    events = decoded(simulate(WARWICKSHIRE, MONDAY, MONDAY + 28 * DAY, 7, QUIET))
    return {event.id: event for event in events if isinstance(event, Call | Incident)}


@pytest.fixture(scope="module")
def offered_in_weeks() -> list[Counter[str]]:
    """How many calls came on each line in a week of each of five seeds."""
    return [
        Counter(
            event.line
            for event in decoded(simulate(WARWICKSHIRE, MONDAY, MONDAY + 7 * DAY, seed, QUIET))
            if isinstance(event, Call) and event.version == 1 and event.line is not None
        )
        for seed in range(5)
    ]


seeds = st.integers(0, 2**32)
starts = st.integers(ms("2019-01-01T00:00:00Z") // 1000, ms("2030-01-01T00:00:00Z") // 1000)
some_hours = settings(max_examples=15)


@some_hours
@given(seeds, starts)
def test_lines_come_in_order_of_time_within_the_run(seed: int, start: int) -> None:
    instants = [instant for instant, _ in run(3, seed, start * 1000)]
    assert instants == sorted(instants)
    assert instants[0] == start * 1000
    assert instants[-1] < start * 1000 + 3 * HOUR


@some_hours
@given(seeds, starts)
def test_every_line_decodes_and_is_known_when_it_says(seed: int, start: int) -> None:
    for instant, line in run(3, seed, start * 1000):
        event = decode(line)
        known = event.at if isinstance(event, Heartbeat) else event.updated_at
        assert to_ms(known) == instant


@some_hours
@given(seeds, starts)
def test_the_versions_of_a_record_are_one_two_three(seed: int, start: int) -> None:
    versions: dict[str, list[int | None]] = defaultdict(list)
    for event in decoded(run(3, seed, start * 1000)):
        if isinstance(event, Call | Incident):
            versions[event.id].append(event.version)
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


@some_hours
@given(seeds, starts)
def test_every_record_makes_sense_to_the_monitor(seed: int, start: int) -> None:
    calls, incidents = Packer(CALL, WARWICKSHIRE), Packer(INCIDENT, WARWICKSHIRE)
    for instant, line in run(3, seed, start * 1000):
        event = decode(line)
        if isinstance(event, Call):
            calls.pack(event, instant)
        elif isinstance(event, Incident):
            incidents.pack(event, instant)
    assert (calls.skewed, incidents.skewed) == (0, 0)


@some_hours
@given(seeds)
def test_a_call_is_answered_or_abandoned_and_never_before_it_is_offered(seed: int) -> None:
    for event in decoded(run(6, seed, MONDAY + 12 * HOUR)):
        if isinstance(event, Call):
            assert event.offered_at is not None
            assert event.answered_at is None or event.abandoned_at is None
            assert (event.answered_at or event.abandoned_at or event.updated_at) >= event.offered_at
            if event.ended_at is not None:
                assert (event.answered_at is None) != (event.abandoned_at is None)


@some_hours
@given(seeds)
def test_the_times_of_an_incident_follow_each_other(seed: int) -> None:
    for event in decoded(run(6, seed, MONDAY + 12 * HOUR)):
        if isinstance(event, Incident):
            assert event.opened_at is not None
            times = [
                dt.datetime.fromisoformat(event.opened_at),
                *filter(
                    None,
                    (event.graded_at, event.dispatched_at, event.arrived_at, event.closed_at),
                ),
            ]
            assert times == sorted(times)


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert run(24, seed=3) == run(24, seed=3)


def test_another_seed_gives_other_bytes() -> None:
    assert run(1, seed=3) != run(1, seed=4)


def test_two_forces_with_one_seed_run_independently() -> None:
    def gaps(force: Force) -> list[int]:
        lines = run(6, 3, MONDAY, force)
        calls = [i for i, line in lines if b'"call"' in line and b'"version":1' in line]
        return calls[:5]

    assert gaps(WARWICKSHIRE) != gaps(find_force("west-mercia"))


def test_an_earlier_end_gives_the_beginning_of_the_same() -> None:
    whole = run(12)
    assert run(6) == [pair for pair in whole if pair[0] < MONDAY + 6 * HOUR]


def test_a_run_without_an_end_goes_on() -> None:
    endless = simulate(WARWICKSHIRE, MONDAY, None, 1)
    assert list(itertools.islice(endless, 30_000))[-1][0] > MONDAY + 2 * DAY


def test_heartbeats_come_every_thirty_seconds_for_each_feed() -> None:
    beats = Counter(e.feed for e in decoded(run(1)) if isinstance(e, Heartbeat))
    assert beats == {"calls": 120, "incidents": 120}


def test_heartbeats_can_be_left_out() -> None:
    events = decoded(simulate(WARWICKSHIRE, MONDAY, MONDAY + HOUR, 1, QUIET))
    assert not any(isinstance(event, Heartbeat) for event in events)


def test_ids_are_the_start_of_the_run_and_a_number() -> None:
    calls = {event.id for event in decoded(run(1)) if isinstance(event, Call)}
    assert calls == {f"sim-20220103T000000Z-c{n}" for n in range(1, len(calls) + 1)}


def test_no_person_appears() -> None:
    events = decoded(run(48))
    assert not any(e.persons for e in events if isinstance(e, Incident))
    assert not any(e.caller for e in events if isinstance(e, Call))


def test_every_record_says_that_it_is_simulated() -> None:
    records = [e for e in decoded(run(24)) if not isinstance(e, Heartbeat)]
    assert {type(e) for e in records} == {Call, Incident, Reading}
    assert {e.origin for e in records} == {"simulated"}


def test_a_call_comes_through_the_channel_of_its_line(
    four_weeks: dict[str, Call | Incident],
) -> None:
    calls = [e for e in four_weeks.values() if isinstance(e, Call)]
    assert {(e.line, e.channel) for e in calls} == {("999", "999"), ("101", "101")}


def test_a_call_names_the_incident_that_was_opened_while_it_was_talked(
    four_weeks: dict[str, Call | Incident],
) -> None:
    linked = 0
    for call in four_weeks.values():
        if isinstance(call, Call) and call.incident_id is not None:
            incident = four_weeks[call.incident_id]
            assert isinstance(incident, Incident)
            assert call.answered_at is not None
            opened = dt.datetime.fromisoformat(incident.opened_at or "")
            assert call.answered_at <= opened <= (call.ended_at or opened)
            linked += 1
    assert linked > 6_000


def test_a_call_is_wrapped_up_after_it_ended_and_called_back_after_it_was_abandoned(
    four_weeks: dict[str, Call | Incident],
) -> None:
    calls = [e for e in four_weeks.values() if isinstance(e, Call)]
    for call in calls:
        if call.wrapped_up_at is not None:
            assert call.answered_at is not None
            assert call.ended_at is not None
            assert call.wrapped_up_at >= call.ended_at
        if call.called_back_at is not None:
            assert call.abandoned_at is not None
            assert call.called_back_at >= call.abandoned_at
    given_up = [call for call in calls if call.line == "999" and call.abandoned_at is not None]
    called_back = sum(call.called_back_at is not None for call in given_up)
    assert 0.8 < called_back / len(given_up) < 1.0


def test_the_first_unit_has_the_times_of_the_incident_and_all_are_clear_at_its_end(
    four_weeks: dict[str, Call | Incident],
) -> None:
    units = Counter[int]()
    for event in four_weeks.values():
        if isinstance(event, Incident) and event.closed_at is not None and event.units:
            units[len(event.units)] += 1
            first = event.units[0]
            assert (first.dispatched_at, first.arrived_at, first.cleared_at) == (
                event.dispatched_at,
                event.arrived_at,
                event.closed_at,
            )
            for unit in event.units[1:]:
                times = [unit.dispatched_at, unit.arrived_at, unit.cleared_at, event.closed_at]
                known = [time for time in times if time is not None]
                assert known == sorted(known)
    assert units.keys() == {1, 2}


def test_markers_are_those_that_every_force_has(four_weeks: dict[str, Call | Incident]) -> None:
    found = Counter(
        marker for e in four_weeks.values() if isinstance(e, Incident) for marker in e.markers
    )
    assert found.keys() <= set(WARWICKSHIRE.markers.paths)
    assert found["domestic_abuse"] > found["hate"] > 0


def test_some_incidents_prove_to_be_crimes(four_weeks: dict[str, Call | Incident]) -> None:
    crimed = [e for e in four_weeks.values() if isinstance(e, Incident) and e.crimed]
    assert {e.category for e in crimed} >= {"crime_report", "violence"}
    assert all(e.closed_at is not None for e in crimed)


def test_the_handlers_signed_on_are_a_reading_of_the_day() -> None:
    read = [e for e in decoded(run(48)) if isinstance(e, Reading)]
    readings = [e for e in read if e.measure == "handlers_signed_on"]
    last = {e.period: e for e in readings}
    assert last.keys() == {"2022-01-03", "2022-01-04"}
    early, late, night = roster(WARWICKSHIRE, Rates())[0]
    whole = (7 * night + 8 * early + 8 * late + night) / 24
    assert last["2022-01-03"].value == pytest.approx(whole, abs=0.005)
    assert [e.version for e in readings if e.period == "2022-01-03"] == [1, 2, 3, 4]


def test_the_roster_of_every_hour_is_said_a_day_before_it() -> None:
    read = [e for e in decoded(run(24)) if isinstance(e, Reading)]
    roster_of = {e.period: e for e in read if e.measure == "handlers_rostered"}
    assert len(roster_of) == 47
    early, late, night = roster(WARWICKSHIRE, Rates())[0]
    by_hour = [roster_of[f"2022-01-03T{hour:02d}+00:00"].value for hour in (6, 7, 15, 23)]
    assert by_hour == [night, early, late, night]
    assert roster_of["2022-01-04T05+00:00"].updated_at.isoformat()[:16] == "2022-01-03T05:00"


@pytest.mark.parametrize("line", [0, 1])
def test_the_calls_of_a_week_lie_within_poisson_bounds(
    offered_in_weeks: list[Counter[str]], line: int
) -> None:
    expected = expected_calls(WARWICKSHIRE, line, MONDAY, MONDAY + 7 * DAY)
    offered = [week[WARWICKSHIRE.lines[line].id] for week in offered_in_weeks]
    assert all(abs(n - expected) < 4 * math.sqrt(expected) for n in offered)
    assert abs(sum(offered) - 5 * expected) < 4 * math.sqrt(5 * expected)


def test_the_calls_of_each_part_of_the_day_lie_within_poisson_bounds(
    four_weeks: dict[str, Call | Incident],
) -> None:
    offered = Counter[tuple[str | None, int]]()
    for event in four_weeks.values():
        if isinstance(event, Call) and event.offered_at:
            offered[event.line, event.offered_at.hour // 4] += 1
    for line, part in itertools.product((0, 1), range(6)):
        expected = sum(
            expected_calls(WARWICKSHIRE, line, at, at + 4 * HOUR)
            for at in range(MONDAY + part * 4 * HOUR, MONDAY + 28 * DAY, DAY)
        )
        found = offered[WARWICKSHIRE.lines[line].id, part]
        assert abs(found - expected) < 4.5 * math.sqrt(expected)


def test_a_week_has_the_volume_of_the_population() -> None:
    # 556,780 people, 0.40 and 1.10 calls per 1,000 and day.
    week = [expected_calls(WARWICKSHIRE, line, MONDAY, MONDAY + 7 * DAY) for line in (0, 1)]
    assert [round(calls / 7, 3) for calls in week] == [222.712, 612.458]


def test_the_shape_of_the_day_follows_the_local_clock_into_summer_time() -> None:
    winter, summer = ms("2022-03-24T17:00:00+00:00"), ms("2022-03-31T16:00:00+00:00")
    rates = [expected_calls(WARWICKSHIRE, 1, at, at + HOUR) for at in (winter, summer)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-12)


@pytest.mark.parametrize(
    ("day", "hours"), [("2022-03-27T00:00:00+00:00", 23), ("2022-10-30T00:00:00+01:00", 25)]
)
def test_a_day_on_which_the_clocks_change_is_simulated_to_its_end(day: str, hours: int) -> None:
    events = decoded(run(hours, start=ms(day)))
    offsets = {e.at.utcoffset() for e in events if isinstance(e, Heartbeat)}
    assert offsets == {dt.timedelta(0), dt.timedelta(hours=1)}
    assert sum(isinstance(e, Heartbeat) for e in events) == hours * 240


def share_within(calls: list[Call], seconds: int) -> float:
    """Answered within so many seconds, of all offered."""
    waits = [
        (call.answered_at - call.offered_at).total_seconds()
        for call in calls
        if call.answered_at and call.offered_at
    ]
    return sum(wait <= seconds for wait in waits) / len(calls)


def finished(records: dict[str, Call | Incident], line: str) -> list[Call]:
    return [r for r in records.values() if isinstance(r, Call) and r.line == line and r.ended_at]


def test_about_nine_emergency_calls_in_ten_are_answered_within_ten_seconds(
    four_weeks: dict[str, Call | Incident],
) -> None:
    assert 0.88 <= share_within(finished(four_weeks, "999"), 10) <= 0.95


def test_about_eight_other_calls_in_ten_are_answered_within_thirty_seconds(
    four_weeks: dict[str, Call | Incident],
) -> None:
    assert 0.74 <= share_within(finished(four_weeks, "101"), 30) <= 0.85


def test_a_strained_room_is_one_of_83_and_27_in_a_hundred() -> None:
    rates = dataclasses.replace(STRAINED, heartbeat_seconds=0)
    lines = simulate(WARWICKSHIRE, MONDAY, MONDAY + 28 * DAY, 7, rates)
    # The second version of a call says how it was answered.
    second = (e for e in lines if b'"version":2' in e[1] and b'"kind":"call"' in e[1])
    calls = [event for event in decoded(second) if isinstance(event, Call)]
    emergency, other = ([c for c in calls if c.line == line] for line in ("999", "101"))
    assert 0.82 <= share_within(emergency, 10) <= 0.84
    assert 0.25 <= share_within(other, 30) <= 0.29


def test_to_keep_more_handlers_free_hires_none() -> None:
    assert roster(WARWICKSHIRE, Rates(kept=0.3)) == roster(WARWICKSHIRE, Rates())
    assert [kept_free(n) for n in (2, 3, 8, 20)] == [0, 1, 1, 2]
    assert [kept_free(n, 0.3) for n in (2, 3, 8, 20)] == [0, 1, 2, 6]


def test_the_late_afternoon_and_the_weekend_hurt(four_weeks: dict[str, Call | Incident]) -> None:
    calls = finished(four_weeks, "101")
    late = [c for c in calls if c.offered_at and 15 <= c.offered_at.hour < 18]
    weekend = [c for c in calls if c.offered_at and c.offered_at.weekday() >= 5]
    assert share_within(late, 30) < 0.70
    assert share_within(weekend, 30) < 0.75


@pytest.mark.parametrize(("line", "low", "high"), [("999", 0.005, 0.02), ("101", 0.06, 0.11)])
def test_few_callers_give_up(
    four_weeks: dict[str, Call | Incident], line: str, low: float, high: float
) -> None:
    calls = finished(four_weeks, line)
    assert low <= sum(c.abandoned_at is not None for c in calls) / len(calls) <= high


def test_a_day_with_fewer_handlers_is_a_bad_day() -> None:
    def rate(handlers: float) -> float:
        rates = Rates(handlers=handlers, heartbeat_seconds=0)
        events = decoded(simulate(WARWICKSHIRE, MONDAY, MONDAY + 3 * DAY, 5, rates))
        calls = {e.id: e for e in events if isinstance(e, Call) and e.line == "101" and e.ended_at}
        return share_within(list(calls.values()), 30)

    assert rate(0.75) < 0.6
    assert 0.7 < rate(1.0) < 0.9
    assert rate(2.0) > 0.95


def test_emergencies_are_attended_in_about_ten_minutes(
    four_weeks: dict[str, Call | Incident],
) -> None:
    responses = sorted(
        (r.arrived_at - dt.datetime.fromisoformat(r.opened_at)).total_seconds()
        for r in four_weeks.values()
        if isinstance(r, Incident) and r.grade == "emergency" and r.arrived_at and r.opened_at
    )
    assert 560 <= responses[len(responses) // 2] <= 640
    assert 0.84 <= sum(r <= 1200 for r in responses) / len(responses) <= 0.90


def test_incidents_have_all_their_dispositions(four_weeks: dict[str, Call | Incident]) -> None:
    closed = [r for r in four_weeks.values() if isinstance(r, Incident) and r.closed_at]
    dispositions = Counter(
        "cancelled" if r.cancelled else "attended" if r.arrived_at else "never" for r in closed
    )
    assert 0.01 < dispositions["cancelled"] / len(closed) < 0.03
    assert 0.50 < dispositions["attended"] / len(closed) < 0.70
    never = [r for r in closed if r.grade == "emergency" and not r.arrived_at and not r.cancelled]
    assert 30 <= len(never) <= 110  # 3 % of about 2,200


def test_incidents_fall_in_the_districts_by_population(
    four_weeks: dict[str, Call | Incident],
) -> None:
    areas = Counter(r.area for r in four_weeks.values() if isinstance(r, Incident))
    assert set(areas) == {
        "north-warwickshire",
        "nuneaton-bedworth",
        "rugby",
        "stratford",
        "warwick",
    }
    assert areas["warwick"] / areas.total() == pytest.approx(140_400 / 556_780, abs=0.02)


def test_the_weights_of_the_smallest_areas_add_up_to_one() -> None:
    places = {area.id: weight for area, weight in smallest_areas(find_force("west-mercia"))}
    assert sum(places.values()) == pytest.approx(1.0)
    assert places["bromsgrove"] == pytest.approx(279_900 / 1_249_350 * 96_400 / 282_400)


def test_every_category_of_the_mix_is_one_of_the_force(
    four_weeks: dict[str, Call | Incident],
) -> None:
    found = {r.category for r in four_weeks.values() if isinstance(r, Incident)}
    assert len(found) == 19
    assert all(c in WARWICKSHIRE.categories.index for c in found)


def test_the_staff_grows_with_the_load() -> None:
    assert roster(WARWICKSHIRE, Rates()) == ([10, 9, 3], [8, 7, 3])
    assert roster(find_force("west-mercia"), Rates()) == ([19, 18, 5], [16, 15, 4])


CENTRE = """
id = "centre"
name = "County 911"
timezone = "America/Chicago"
population = 90000
incident_categories = ["ems.cardiac", "fire.structure"]

[[lines]]
id = "911 \\"main\\""
name = "911"
targets = [{ since = 2020-01-01, seconds = 15, share = 0.9 }]

[attendance]
targets = [{ since = 2020-01-01, seconds = 480 }]
"""


def test_a_centre_of_one_line_without_areas_uses_its_own_words() -> None:
    centre, problems = check_force(CENTRE, "centre.toml")
    assert centre is not None, problems
    events = decoded(run(48, force=centre))
    assert {e.line for e in events if isinstance(e, Call)} == {'911 "main"'}
    assert {e.area for e in events if isinstance(e, Call | Incident)} == {None}
    categories = {e.category for e in events if isinstance(e, Incident)}
    assert categories == set(centre.file.incident_categories)


def test_a_force_without_calls_has_incidents_of_its_own() -> None:
    rates = Rates(emergency_calls=0, other_calls=0)
    events = decoded(simulate(WARWICKSHIRE, MONDAY, MONDAY + DAY, 1, rates))
    assert not any(isinstance(event, Call) for event in events)
    assert any(isinstance(event, Incident) for event in events)


def month_crime(name: str, month: str = "2022-01", **fields: object) -> bytes:
    end = dt.datetime(2022, 3, 31, 23, 59, 59, tzinfo=dt.UTC)
    crime = Crime(
        force="warwickshire",
        id=name,
        updated_at=end,
        recorded_at=month,
        offence="vehicle",
        area="rugby",
        **fields,  # type: ignore[arg-type]
    )
    return encode_event(crime)


def spread(*lines: bytes, seed: int = 1) -> list[Crime]:
    found = [decode(line) for _, line in spread_crimes(lines, seed)]
    assert all(isinstance(event, Crime) for event in found)
    return found  # type: ignore[return-value]


def test_a_crime_known_to_the_month_gets_a_second_of_that_month() -> None:
    crimes = spread(*(month_crime(f"c{n}", "2021-10") for n in range(500)))
    stamps = [dt.datetime.fromisoformat(c.recorded_at or "") for c in crimes]
    assert stamps == sorted(stamps)
    assert {(s.year, s.month) for s in stamps} == {(2021, 10)}
    assert len({s.day for s in stamps}) == 31
    assert {s.utcoffset() for s in stamps} == {dt.timedelta(hours=1), dt.timedelta(0)}


def test_a_spread_crime_says_so_in_its_id_and_keeps_the_rest() -> None:
    (crime,) = spread(month_crime("abc", outcome=18, outcome_at="2022-03"))
    assert crime.id == SIMULATED_DAY + "abc" == "sim-day:abc"
    assert (crime.version, crime.offence, crime.area) == (1, "vehicle", "rugby")
    assert (crime.outcome, crime.outcome_at) == (None, None)  # they came later
    assert crime.updated_at == dt.datetime.fromisoformat(crime.recorded_at or "")


def test_a_crime_falls_on_the_same_second_whatever_stands_beside_it() -> None:
    (alone,) = spread(month_crime("b"))
    among = {c.id: c for c in spread(*(month_crime(n) for n in "cba"))}
    assert among["sim-day:b"] == alone


def test_another_seed_gives_another_second() -> None:
    assert spread(month_crime("b"), seed=1) != spread(month_crime("b"), seed=2)


def test_an_incident_known_to_the_month_is_spread_too() -> None:
    updated = dt.datetime(2022, 1, 31, 23, 59, 59, tzinfo=dt.UTC)
    line = encode_event(
        Incident(force="f", id="i", updated_at=updated, opened_at="2022-01", category="asb")
    )
    ((instant, spread_line),) = spread_crimes([line], 1)
    event = decode(spread_line)
    assert isinstance(event, Incident)
    assert event.id == "sim-day:i"
    assert ms(event.opened_at or "") == instant


def test_a_record_known_more_finely_passes_as_it_is() -> None:
    line = month_crime("d", "2022-01-15")
    assert list(spread_crimes([line], 1)) == [(ms("2022-03-31T23:59:59+00:00"), line)]


def test_a_line_that_is_no_event_is_refused() -> None:
    with pytest.raises(Refused):
        list(spread_crimes([b"{"], 1))


SURGE = Surge(MONDAY + 2 * HOUR, MONDAY + 4 * HOUR, 4.0)
SIX_HOURS = MONDAY + 6 * HOUR


def with_surges(*surges: Surge) -> list[tuple[int, bytes]]:
    return list(simulate(WARWICKSHIRE, MONDAY, SIX_HOURS, 1, None, surges))


def test_a_surge_adds_events_and_changes_none() -> None:
    usual, more = run(6), with_surges(SURGE)
    assert [event for event in more if b"-surge1-" not in event[1]] == usual
    assert [at for at, _ in more] == sorted(at for at, _ in more)
    assert with_surges(SURGE) == more
    calls = [e for e in decoded(more) if isinstance(e, Call) and e.version == 1]
    extra = [call for call in calls if "-surge1-" in call.id]
    offered = [to_ms(call.offered_at) for call in extra if call.offered_at]
    assert SURGE.start_ms <= min(offered) <= max(offered) < SURGE.end_ms
    mean = 3 * sum(
        expected_calls(WARWICKSHIRE, line, SURGE.start_ms, SURGE.end_ms) for line in (0, 1)
    )
    assert abs(len(extra) - mean) < 4 * math.sqrt(mean)
    assert any(isinstance(e, Incident) and "-surge1-" in e.id for e in decoded(more))


def test_the_events_of_a_surge_come_to_an_end() -> None:
    *_, (last, _) = added(WARWICKSHIRE, SURGE, 1, seed=1, rates=QUIET)
    assert SURGE.end_ms < last < SURGE.end_ms + 60 * DAY


def test_a_surge_may_be_of_a_line_and_an_area() -> None:
    surge = Surge(SURGE.start_ms, SURGE.end_ms, 40.0, area="north-warwickshire-area", line="101")
    extra = [e for e in decoded(with_surges(SURGE, surge)) if "-surge2-" in getattr(e, "id", "")]
    calls = {e.id: e for e in extra if isinstance(e, Call)}
    assert {call.line for call in calls.values()} == {"101"}
    areas = {e.area for e in extra if isinstance(e, Call | Incident)}
    assert areas == {None, "north-warwickshire", "nuneaton-bedworth", "rugby"}
    share = 294_060 / 556_780
    mean = 39 * share * expected_calls(WARWICKSHIRE, 1, surge.start_ms, surge.end_ms)
    assert abs(len(calls) - mean) < 4 * math.sqrt(mean)


def test_a_surge_may_be_of_a_category_and_then_brings_no_calls() -> None:
    surge = Surge(SURGE.start_ms, SURGE.end_ms, 20.0, category="asb")
    extra = [e for e in decoded(with_surges(surge)) if "-surge1-" in getattr(e, "id", "")]
    assert extra
    categories = {str(e.category) for e in extra if isinstance(e, Incident)}
    assert {category.partition(".")[0] for category in categories} == {"asb"}
    assert not [e for e in extra if isinstance(e, Call)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"factor": 1.0},
        {"end_ms": SURGE.start_ms},
        {"line": "999", "category": "asb"},
        {"area": "atlantis"},
        {"line": "112"},
        {"category": "dragons"},
        {"start_ms": MONDAY - 1},
    ],
)
def test_a_surge_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"surge|has no"):
        with_surges(dataclasses.replace(SURGE, **wrong))


def test_a_surge_is_written_in_one_line() -> None:
    forces = [WARWICKSHIRE, find_force("west-mercia")]
    both = surges_of(["2022-01-14T19:00/2h x3", "2022-01-15T00:30/90m x2.5 999 Rugby"], forces)
    start = ms("2022-01-14T19:00:00+00:00")
    assert both["west-mercia"] == [Surge(start, start + 2 * HOUR, 3.0)]
    later = ms("2022-01-15T00:30:00+00:00")
    assert both["warwickshire"][1] == Surge(later, later + 90 * 60_000, 2.5, "rugby", "999")
    assert (
        surges_of(["2022-01-14T19:00/1d x3 asb"], forces[:1])["warwickshire"][0].category == "asb"
    )


@pytest.mark.parametrize(
    "text",
    ["tomorrow", "2022-01-14T19:00/2h", "noon/2h x3", "2022-01-14/2h x1", "2022-01-14/2h x3 mars"],
)
def test_a_surge_that_cannot_be_read_is_told_so(text: str) -> None:
    with pytest.raises(ConfigError, match=r"surge|no time|is not all in"):
        surges_of([text], [WARWICKSHIRE])
