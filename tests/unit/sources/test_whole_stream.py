"""The simulator's whole stream: what a force has beside a plain room, and what effects change."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter, defaultdict
from functools import cache
from heapq import merge
from random import Random
from typing import TypeVar

import pytest

from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.config.truth import read_truth, truth_text
from streams.errors import ConfigError
from streams.events.schema import Call, Crime, Event, Heartbeat, Incident, decode
from streams.periods import DAY, HOUR, to_ms
from streams.sources.simulator import (
    Effect,
    find_profile,
    find_scenario,
    profile_of,
    shipped_scenarios,
    simulate_whole,
)
from streams.sources.simulator.demand import Noise, Season
from streams.sources.simulator.persons import Persons
from streams.sources.simulator.profile import read_profile, shipped_profile_text
from streams.sources.simulator.scenario import read_scenario

WARWICKSHIRE = find_force("warwickshire")
MONDAY = to_ms(dt.datetime(2022, 3, 7, tzinfo=dt.UTC))
T = TypeVar("T", bound=Event)


@cache
def run(hours: int, *effects: Effect, seed: int = 1) -> list[tuple[int, bytes]]:
    end = MONDAY + hours * HOUR
    return list(simulate_whole(WARWICKSHIRE, MONDAY, end, seed, effects=effects))


@cache
def last(kind: type[T], hours: int, *effects: Effect) -> list[T]:
    """The last version of each record of a kind."""
    name = f'"kind":"{kind.__name__.lower()}"'.encode()
    events = (decode(line) for _, line in run(hours, *effects) if name in line)
    return list({getattr(e, "id", ""): e for e in events if isinstance(e, kind)}.values())


def effect(kind: str, span: tuple[float, float] = (0, 999), **said: object) -> Effect:
    first, until = span
    start, end = MONDAY + int(first * HOUR), MONDAY + int(until * HOUR)
    return Effect(kind=kind, start=start, end=end, **said)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_bytes_and_an_earlier_end_the_beginning_of_them() -> None:
    again = list(simulate_whole(WARWICKSHIRE, MONDAY, MONDAY + 12 * HOUR, 1))
    assert run(24)[: len(again)] == again
    assert [at for at, _ in run(24)] == sorted(at for at, _ in run(24))
    assert run(6, seed=2) != run(6)


def test_all_of_it_counts() -> None:
    monitor = Monitor([WARWICKSHIRE])
    payload = b"\n".join(line for _, line in run(48))
    assert monitor.ingest(payload, MONDAY + 48 * HOUR) == []
    kinds = Counter(type(decode(line)).__name__ for _, line in run(24))
    assert set(kinds) == {"Call", "Incident", "Crime", "Reading", "Heartbeat"}


def test_no_unit_is_in_two_places_at_once() -> None:
    sent: dict[str, list[tuple[dt.datetime, dt.datetime]]] = defaultdict(list)
    for incident in last(Incident, 48):
        for unit in incident.units:
            if unit.dispatched_at and incident.closed_at:
                sent[unit.id].append((unit.dispatched_at, incident.closed_at))
    assert len(sent) > 40
    for spans in sent.values():
        spans.sort()
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans))


def test_with_fewer_units_emergencies_wait_longer() -> None:
    def in_time(*effects: Effect) -> float:
        """Of the emergencies of the first day and a half, those attended within 20 minutes."""
        waits = [
            i.arrived_at and i.arrived_at - dt.datetime.fromisoformat(i.opened_at)
            for i in last(Incident, 48, *effects)
            if i.grade == "emergency" and i.opened_at and i.opened_at < "2022-03-08T12"
        ]
        return sum(bool(w and w <= dt.timedelta(minutes=20)) for w in waits) / len(waits)

    usual = in_time()
    assert 0.6 < usual < 0.95
    assert in_time(effect("units", factor=0.2)) < usual - 0.1
    assert in_time(effect("response", factor=2.0)) < usual - 0.08


def test_a_crime_is_recorded_after_its_incident_and_names_it() -> None:
    opened = {i.id: i.opened_at for i in last(Incident, 48)}
    linked = [crime for crime in last(Crime, 48) if crime.incident_id]
    assert len(linked) > 40
    assert all(str(opened[str(c.incident_id)]) < str(c.recorded_at) for c in linked)
    assert all(crime.markers is not None and crime.committed_from for crime in linked)


def test_who_goes_missing_has_a_pseudonym() -> None:
    missing = [i for i in last(Incident, 48) if i.persons]
    assert {i.category for i in missing} >= {"missing_person"}
    assert all(each.id.startswith("sim-missing-") for i in missing for each in i.persons)


def test_people_come_again_as_often_as_the_profile_says() -> None:
    people = Persons(Random(1), "p", 0.3)
    drawn = Counter(people.draw() for _ in range(20_000))
    assert 1 - len(drawn) / 20_000 == pytest.approx(0.3, abs=0.01)
    assert max(drawn.values()) > 20


def test_noise_has_a_mean_of_one_its_scatter_and_its_memory() -> None:
    noise = Noise(Random(1), 0.2, 0.7, HOUR, MONDAY)
    values = [noise.at(MONDAY + n * HOUR) for n in range(8_000)]
    mean = sum(values) / len(values)
    spread = [value - mean for value in values]
    variance = sum(each * each for each in spread) / len(spread)
    following = sum(a * b for a, b in itertools.pairwise(spread)) / len(spread)
    assert mean == pytest.approx(1.0, abs=0.02)
    assert variance**0.5 == pytest.approx(0.2, abs=0.02)
    assert following / variance == pytest.approx(0.7, abs=0.04)
    assert noise.at(MONDAY + 7_999 * HOUR) == values[-1]


def test_a_season_goes_from_month_to_month_and_has_a_mean_of_one() -> None:
    season = Season([0.5, *[1.0] * 10, 1.5])
    assert season.at(dt.date(2022, 1, 16)) == pytest.approx(0.5, abs=0.02)
    assert season.at(dt.date(2022, 6, 16)) == pytest.approx(1.0)


def offered(hours: tuple[int, int], *effects: Effect, line: str = "999") -> int:
    first, until = (MONDAY + n * HOUR for n in hours)
    calls = last(Call, 48, *effects)
    return sum(
        c.line == line and c.offered_at is not None and first <= to_ms(c.offered_at) < until
        for c in calls
    )


def test_more_calls_come_on_a_line_while_an_effect_holds() -> None:
    more = effect("calls", (24, 48), factor=3.0, line="999")
    assert offered((24, 48), more) == pytest.approx(3 * offered((24, 48)), rel=0.25)
    assert offered((0, 24), more) == pytest.approx(offered((0, 24)), rel=0.25)
    assert offered((24, 48), more, line="101") == pytest.approx(
        offered((24, 48), line="101"), rel=0.15
    )


def test_an_effect_of_a_district_is_of_that_district() -> None:
    more = effect("calls", factor=6.0, area="rugby")
    by_area = Counter(call.area for call in last(Call, 48, more))
    usual = Counter(call.area for call in last(Call, 48))
    assert by_area["rugby"] == pytest.approx(6 * usual["rugby"], rel=0.35)
    assert by_area["warwick"] == pytest.approx(usual["warwick"], rel=0.3)


def test_in_an_outage_no_call_comes_and_its_feed_says_nothing() -> None:
    out = effect("outage", (30, 33), feed="calls", fallback=0.5)
    quiet = [decode(line) for at, line in run(48, out) if 30 * HOUR <= at - MONDAY < 33 * HOUR]
    assert not [e for e in quiet if isinstance(e, Call)]
    assert "calls" not in {e.feed for e in quiet if isinstance(e, Heartbeat)}
    assert {e.feed for e in quiet if isinstance(e, Heartbeat)} == {"incidents", "crimes"}
    assert offered((30, 33), out) == 0
    assert offered((33, 48), out) > 60
    assert not [call for call in last(Call, 48, out) if call.answered_at and not call.ended_at][9:]
    assert [at for at, _ in run(48, out)] == sorted(at for at, _ in run(48, out))


def test_markers_are_set_less_often() -> None:
    none = effect("markers", factor=0.0)
    assert not any(crime.markers for crime in last(Crime, 48, none))
    assert not any(incident.markers for incident in last(Incident, 48, none))
    assert any(crime.markers for crime in last(Crime, 48))
    one = effect("markers", factor=0.0, marker="rural")
    assert "rural" not in {m for crime in last(Crime, 48, one) for m in crime.markers}
    assert "business" in {m for crime in last(Crime, 48, one) for m in crime.markers}


def test_more_incidents_of_a_category_change_no_other() -> None:
    more = effect("incidents", factor=6.0, category="missing_person")
    usual, now = (Counter(i.category for i in last(Incident, 48, *e)) for e in ((), (more,)))
    assert now["missing_person"] > 3 * usual["missing_person"]
    assert now["domestic"] == pytest.approx(usual["domestic"], rel=0.35)
    assert offered((0, 48), more) == pytest.approx(offered((0, 48)), rel=0.2)


def test_fewer_crimes_are_recorded() -> None:
    fewer = effect("crimes", factor=0.3)
    assert len(last(Crime, 48, fewer)) < 0.5 * len(last(Crime, 48))


def test_a_series_is_of_its_district_of_the_night_and_of_its_suspects() -> None:
    series = effect(
        "crimes", factor=40.0, area="rugby", offence="burglary.residential.dwelling",
        series="op-lantern",
    )  # fmt: skip
    found = [crime for crime in last(Crime, 48, series) if crime.series == "op-lantern"]
    assert len(found) > 10
    assert {(c.area, c.offence) for c in found if c.version == 1} == {
        ("rugby", "burglary.residential.dwelling")
    }
    assert {int(str(c.committed_to)[11:13]) for c in found} <= {21, 22, 23, 0, 1, 2, 3, 4, 5}
    assert {each for c in found for each in c.suspects} <= {
        "sim-series-op-lantern-1", "sim-series-op-lantern-2",
    }  # fmt: skip


def test_several_forces_run_independently() -> None:
    forces = [find_force("west-mercia"), find_force("warwickshire")]
    alone = [list(simulate_whole(force, MONDAY, MONDAY + 2 * HOUR, 1)) for force in forces]
    beside = list(merge(*(simulate_whole(force, MONDAY, MONDAY + 2 * HOUR, 1) for force in forces)))
    for force, own in zip(forces, alone, strict=True):
        mark = f'"force":"{force.id}"'.encode()
        assert own == [each for each in beside if mark in each[1]]
        assert own


@pytest.mark.parametrize("name", shipped_scenarios())
def test_a_shipped_scenario_is_of_its_forces_and_its_truth_can_be_read(name: str) -> None:
    scenario = find_scenario(name)
    assert scenario.about
    for each in scenario.forces:
        force = scenario.force(each)
        begin, end = scenario.span(force)
        effects = scenario.effects(force)
        assert all(begin <= e.start < e.end for e in effects)
        assert min(e.start for e in effects) < end
    assert read_truth(truth_text(scenario.truths), name) == list(scenario.truths)


def test_the_football_saturday_and_the_cold_start_expect_nothing() -> None:
    assert find_scenario("football-saturday").truths == ()
    assert find_scenario("cold-start-lockdown").truths == ()


def test_a_scenario_names_the_days_that_the_file_of_its_force_is_to_have() -> None:
    force = find_scenario("football-saturday").force("warwickshire")
    assert [e.name for e in force.file.events].count("Home match") == 8
    assert [e.name for e in WARWICKSHIRE.file.events].count("Home match") == 0


WRONG = """title = "Wrong"
forces = ["warwickshire"]
start = 2022-03-07
end = 2022-03-09

[[effects]]
kind = "{kind}"
{said}
from = 2022-03-07
to = 2022-03-08
"""


@pytest.mark.parametrize(
    ("kind", "said", "line", "problem"),
    [
        ("calls", 'category = "asb"', 8, 'an effect on "calls" has no category'),
        ("calls", 'line = "112"', None, 'Warwickshire has no line "112"'),
        ("incidents", 'area = "atlantis"', None, 'Warwickshire has no area "atlantis"'),
        ("crimes", 'offence = "dragons"', None, 'Warwickshire has no offence "dragons"'),
        ("outage", "fallback = 0.5", 6, "an outage is of a feed"),
        ("storms", "", 7, "Invalid enum value 'storms'"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_line(
    kind: str, said: str, line: int | None, problem: str
) -> None:
    def effects(text: str) -> None:
        read_scenario(text, "wrong.toml").effects(WARWICKSHIRE)

    with pytest.raises(ConfigError) as told:
        effects(WRONG.format(kind=kind, said=said))
    assert problem in told.value.problem
    assert told.value.line == line


def test_a_force_without_a_profile_has_that_of_warwickshire_by_population() -> None:
    assert profile_of(find_force("city-of-london")) is find_profile("warwickshire")
    events = list(simulate_whole(find_force("city-of-london"), MONDAY, MONDAY + DAY, 1))
    calls = sum(b'"kind":"call"' in line and b'"version":1,' in line for _, line in events)
    assert 0 < calls < 60


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("population = 556_780", "population = 0", "population"),
        ('"asb.nuisance"', '"asb.dragons"', "incidents.a_day.asb.dragons"),
        ("shoplifting = ", "dragons = ", "crimes.a_day.dragons"),
        ("units = ", "unit = ", "incidents.units"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_field(before: str, after: str, field: str) -> None:
    text = shipped_profile_text("warwickshire").replace(before, after, 1)
    with pytest.raises(ConfigError) as told:
        read_profile(text, "mine.toml")
    assert told.value.field == field
    assert told.value.line is not None
