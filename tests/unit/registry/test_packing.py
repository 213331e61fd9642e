"""What a packed record counts is what the declarations of its kind say, read one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.config.force import find_force
from streams.errors import Refused
from streams.events.schema import Call, Casualty, Crime, Incident, Person, Record, Unit
from streams.fold.panes import put_in
from streams.periods import DAY, HOUR, SECOND, Calendar, to_ms
from streams.registry.calls import CALL
from streams.registry.conditions import (
    All,
    AnyOf,
    Condition,
    Flagged,
    Has,
    Is,
    Not,
    OfForce,
    Precise,
    Present,
    Within,
    has,
    is_,
    present,
    within,
)
from streams.registry.counting import BIN_SHIFT, Counter, CounterOfAll, Timing, bin_in
from streams.registry.crimes import CRIME
from streams.registry.facts import Case, Code, Flag, Marks, Number
from streams.registry.histogram import bin_of
from streams.registry.incidents import INCIDENT
from streams.registry.kind import Kind
from streams.registry.packing import CLOCK_MASK, FACT_MASK, OPEN, ByClock, Packer
from streams.registry.times import LONGEST, partial_stamp
from tests.build import tiny_force

FORCE = tiny_force()
CALENDAR = Calendar(FORCE.zone)
NOON = dt.datetime(2021, 3, 4, 12, tzinfo=dt.UTC)
UPDATED = NOON + dt.timedelta(days=500)

OUTCOMES: Kind = replace(
    CRIME,
    clocks=("recorded_at", "outcome_at"),
    counters=(
        *CRIME.counters,
        Counter("theft", is_("offence", "vehicle", "shoplifting") | is_("offence", "burglary")),
        Counter("charged", is_("outcome", 1), "outcome_at"),
        Counter("soon", within("to_outcome", 5 * DAY), "outcome_at"),
        Counter("charged_soon", is_("outcome", 1) & within("to_outcome", 30 * DAY), "outcome_at"),
        Counter("victims", clock="outcome_at", adds="victims"),
    ),
    timings=(Timing("to_outcome", present("outcome"), "outcome_at", "time", "time_squares"),),
)
"""Crimes by two clocks, with markers and the time to the outcome."""

COLLISIONS: Kind = replace(
    INCIDENT,
    counters=(
        *INCIDENT.counters,
        Counter("dead", adds="killed"),
        Counter("sober", ~has("markers", "alcohol") & has("markers", "hate")),
    ),
)


# -- read one by one -------------------------------------------------------------------------------


def holds(condition: Condition, values: dict[str, Any], when: int) -> bool:
    """Whether a condition holds of named values."""
    found = False
    match condition:
        case All(of=parts):
            found = all(holds(part, values, when) for part in parts)
        case AnyOf(of=parts):
            found = any(holds(part, values, when) for part in parts)
        case Not(of=part):
            found = not holds(part, values, when)
        case Present(name=name):
            found = values[name] not in (None, 0, "", (), [])
        case Precise(name=name):
            found = len(values[name]) > 10 if isinstance(values[name], str) else True
        case Flagged(name=name):
            found = bool(values[name])
        case Is(name=name, allowed=allowed):
            found = any(lies_in(values[name], each) for each in allowed)
        case Has(name=name, value=value):
            found = any(lies_in(each, value) for each in values[name])
        case Within(name=name, limit=limit):
            most = limit if isinstance(limit, int) else held(limit(FORCE, values), when)
            found = values[name] is not None and most is not None and values[name] <= most
        case OfForce(asks=asks):
            found = bool(asks(FORCE, values))
        case _:
            raise AssertionError(condition)
    return found


def lies_in(value: object, wider: object) -> bool:
    return value == wider or str(value).startswith(f"{wider}.")


def held(targets: Any, when: int) -> int | None:
    """The limit at an instant, in ms; before the first date, the first. None without a target."""
    if not targets:
        return None
    steps = sorted((FORCE.instant(each.since), int(each.seconds) * 1000) for each in targets)
    return [limit for since, limit in steps if since <= when or since == steps[0][0]][-1]


def instant(value: Any) -> tuple[int, int] | None:
    """A time as (ms, precision)."""
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return to_ms(value), 0
    if len(value) > 10:
        return to_ms(dt.datetime.fromisoformat(value)), 0
    year, month, day = (int(part) for part in (value + "-01")[:10].split("-"))
    return CALENDAR.midnight(year, month, day), 1 if len(value) == 10 else 2


def fields_of(kind: Kind, event: Record) -> dict[str, Any]:
    """Every field of an event, with the times that its lists give."""
    values: dict[str, Any] = {name: getattr(event, name) for name in event.__struct_fields__}
    for time in kind.times:
        if values[time.field] is None and time.earliest_of:
            several = [getattr(each, time.field) for each in values[time.earliest_of]]
            values[time.field] = min((at for at in several if at is not None), default=None)
    return values


def facts_of(kind: Kind, event: Record) -> dict[str, Any]:
    """Every fact, dimension and duration of an event by name, as words."""
    values = fields_of(kind, event)
    when, _ = instant(values[kind.clocks[0]]) or (0, 0)
    for duration in kind.durations:
        best = 1 if duration.to_the_day else 0
        ends = []
        for names in (duration.since or kind.clocks[:1], duration.until):
            known = [t for name in names if (t := instant(values[name])) and t[1] <= best]
            ends.append(known[0][0] if known else None)
        began, end = ends
        there = began is not None and end is not None and holds(duration.when, values, when)
        passed: int = end - began if there else -1  # type: ignore[operator]
        if there and duration.clamped:
            passed = max(0, passed)
        values[duration.name] = passed if passed >= 0 else None
    found = dict(values)
    for fact in kind.facts:
        match fact:
            case Flag():
                found[fact.name] = holds(fact.when, values, when)
            case Case():
                last = [name for name, each in fact.cases if holds(each, values, when)]
                found[fact.name] = last[-1] if last else fact.otherwise
            case Number():
                raw = values[fact.field]
                found[fact.name] = fact.of(raw) if raw else 0
            case Marks():
                found[fact.name] = [m for m in values[fact.name] if m in FORCE.markers.index]
            case Code():
                found[fact.name] = values[fact.name] or fact.none
    found["grade"] = values.get("grade") or "ungraded"
    for name, vocabulary in (("offence", FORCE.offences), ("category", FORCE.categories)):
        if name in found:
            found[name] = vocabulary.paths[vocabulary.resolve(found[name])]
    return found


def counted(kind: Kind, event: Record) -> dict[str, tuple[Any, ...]]:
    """By clock (when, precision, counters by name, bins) of what an event counts."""
    values, found = facts_of(kind, event), {}
    when, _ = instant(getattr(event, kind.clocks[0])) or (0, 0)
    for index, clock in enumerate(kind.clocks):
        at = instant(getattr(event, clock))
        if at is None:
            continue
        counts = holds(kind.counts, values, when)
        counters = dict.fromkeys(kind.layouts[index].names, 0)
        for counter in kind.counters_by(clock):
            everywhere = counts or isinstance(counter, CounterOfAll)
            if everywhere and holds(counter.when, values, when):
                counters[counter.name] = values[counter.adds] if counter.adds else 1
        bins = []
        for timing in kind.timings_by(clock):
            passed = values[timing.duration]
            if counts and passed is not None and holds(timing.when, values, when):
                counters[timing.sum] = passed
                if timing.squares:
                    counters[timing.squares] = passed * passed
                bins.append((kind.duration_of[timing.sum], bin_of(passed // 1000)))
        if any(counters.values()) or bins:
            found[clock] = (*at, counters, bins)
    return found


def packed_counts(packer: Packer, packed: int) -> dict[str, tuple[Any, ...]]:
    kind, found = packer.kind, {}
    for clock, when, precision, key, counters, bins in packer.contributions(packed):
        assert key == packer.series_key(packed)
        read = [bin_in(each) for each in bins]
        assert all(each & ((1 << BIN_SHIFT) - 1) == key for each in bins)
        found[kind.clocks[clock]] = (when, precision, kind.layouts[clock].read(counters), read)
    return found


# -- events ----------------------------------------------------------------------------------------

MARKERS = st.lists(st.sampled_from(["hate", "alcohol", "rural", "nobody.knows"]), max_size=3)
CASUALTIES = st.lists(
    st.sampled_from((Casualty(severity="fatal"), Casualty(severity="slight"))), max_size=3
)
MISSING = st.sampled_from((Person(id="a", age_under_18=True), Person(id="b", in_care=True)))
AREAS = st.sampled_from([None, "north", "south", "Atlantis"])


def later(start: dt.datetime, most: int) -> st.SearchStrategy[dt.datetime]:
    """An instant up to so many ms after another."""
    return st.integers(0, most).map(lambda ms: start + dt.timedelta(milliseconds=ms))


def partial(instants: st.SearchStrategy[dt.datetime]) -> st.SearchStrategy[str]:
    """As it is written: to the millisecond, the day or the month."""
    return st.tuples(instants, st.sampled_from([7, 10, None])).map(
        lambda pair: pair[0].isoformat()[: pair[1]]
    )


def units(opened: dt.datetime) -> st.SearchStrategy[Unit]:
    """A unit that was sent and arrived, or was not and did not, some time after an instant."""
    times = st.none() | later(opened, 2 * HOUR)
    return st.builds(Unit, id=st.just("NA21"), dispatched_at=times, arrived_at=times)


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    opened = draw(later(NOON, DAY))
    text = draw(partial(st.just(opened)))
    exact = len(text) > 10
    return Incident(
        force="tiny",
        id="i",
        updated_at=UPDATED,
        opened_at=text,
        category=draw(st.sampled_from(["asb.personal", "asb", "missing_person", "flood"])),
        grade=draw(st.sampled_from([None, "emergency", "priority"])),
        area=draw(AREAS),
        graded_at=draw(st.none() | later(opened, HOUR)) if exact else None,
        dispatched_at=draw(st.none() | later(opened, 2 * HOUR)) if exact else None,
        arrived_at=draw(st.none() | later(opened, 2 * HOUR)) if exact else None,
        units=tuple(draw(st.lists(units(opened), max_size=3))) if exact else (),
        closed_at=draw(st.none() | later(opened, DAY)) if exact else None,
        cancelled=draw(st.booleans()),
        markers=tuple(draw(MARKERS)),
        casualties=tuple(draw(CASUALTIES)),
        persons=tuple(draw(st.lists(MISSING, max_size=2))),
        played=draw(st.sampled_from([None, "step", "end"])),
    )


@st.composite
def crimes(draw: st.DrawFn) -> Crime:
    recorded = draw(later(NOON, DAY))
    return Crime(
        force="tiny",
        id="c",
        updated_at=UPDATED,
        recorded_at=draw(partial(st.just(recorded))),
        committed_from=draw(st.none() | partial(later(NOON - dt.timedelta(days=500), 500 * DAY))),
        offence=draw(st.sampled_from(["burglary.residential", "vehicle", "violence", "odd"])),
        area=draw(AREAS),
        notifiable=draw(st.booleans()),
        markers=tuple(draw(MARKERS)),
        victims=tuple(draw(st.lists(st.sampled_from("abc"), max_size=2))),
        outcome=draw(st.sampled_from([None, 1, 14])),
        outcome_at=draw(st.none() | partial(later(recorded, 60 * DAY))),
        cancelled=draw(st.booleans()),
        series=draw(st.sampled_from([None, "s1"])),
    )


@pytest.mark.parametrize(
    ("kind", "events"), [(COLLISIONS, incidents), (OUTCOMES, crimes)], ids=["incident", "crime"]
)
@given(data=st.data())
def test_a_record_counts_what_its_declarations_say(
    kind: Kind, events: Callable[[], st.SearchStrategy[Record]], data: st.DataObject
) -> None:
    packer = Packer(kind, FORCE)
    for event in data.draw(st.lists(events(), min_size=1, max_size=6)):
        packed = packer.pack(event, to_ms(UPDATED))
        assert packed_counts(packer, packed) == counted(kind, event)


def put(by: ByClock, packed: int, pane: dict[int, int], sign: int) -> bool:
    index = packed >> 1 & FACT_MASK
    return by.ways[index].put(packed, pane, sign, by.given[index])


@pytest.mark.parametrize(
    ("kind", "events"), [(COLLISIONS, incidents), (OUTCOMES, crimes)], ids=["incident", "crime"]
)
@given(data=st.data())
def test_a_record_puts_its_contributions_into_panes_and_takes_them_out_again(
    kind: Kind, events: Callable[[], st.SearchStrategy[Record]], data: st.DataObject
) -> None:
    packer, drawn = Packer(kind, FORCE), st.lists(events(), min_size=1, max_size=6)
    records = [packer.pack(event, to_ms(UPDATED)) for event in data.draw(drawn)]
    panes: list[dict[int, int]] = [{} for _ in kind.clocks]
    expected: list[dict[int, int]] = [{} for _ in kind.clocks]
    for packed in records:
        contributed = {each[0]: each for each in packer.contributions(packed)}
        for clock, by in enumerate(packer.by_clock):
            time = packed >> by.shift & CLOCK_MASK
            counts = time > 0 and put(by, packed, panes[clock], 1)
            assert counts == (clock in contributed)
            if counts:
                assert (time >> 2, time & 3) == contributed[clock][1:3]
                put_in(expected[clock], contributed[clock], 1)
    assert panes == expected
    for packed in records:
        for pane, by in zip(panes, packer.by_clock, strict=True):
            if packed >> by.shift & CLOCK_MASK:
                put(by, packed, pane, -1)
    assert panes == [{} for _ in kind.clocks]


@pytest.mark.parametrize(
    ("kind", "events"), [(COLLISIONS, incidents), (OUTCOMES, crimes)], ids=["incident", "crime"]
)
@given(data=st.data())
def test_records_with_the_same_facts_put_in_together_what_each_puts_in_alone(
    kind: Kind, events: Callable[[], st.SearchStrategy[Record]], data: st.DataObject
) -> None:
    packer, drawn = Packer(kind, FORCE), st.lists(events(), min_size=1, max_size=6)
    records = [packer.pack(event, to_ms(UPDATED)) for event in data.draw(drawn)]
    by = packer.by_clock[0]
    by_facts: dict[int, list[int]] = {}
    for packed in records:
        by_facts.setdefault(packed >> 1 & FACT_MASK, []).append(packed)
    together: dict[int, int] = {}
    alone: dict[int, int] = {}
    for sign in (1, -1):
        for index, same in by_facts.items():
            put_all = by.ways[index].put_all
            counted = [put(by, packed, alone, sign) for packed in same]
            if put_all is not None:
                assert all(counted)
                put_all(same, together, sign, by.given[index])
            else:
                for packed in same:
                    put(by, packed, together, sign)
        assert together == alone
    assert together == {}


@given(st.lists(crimes(), min_size=1, max_size=6), st.randoms())
def test_which_tuples_were_met_before_changes_nothing(events: list[Crime], random: Any) -> None:
    one, other = Packer(OUTCOMES, FORCE), Packer(OUTCOMES, FORCE)
    shuffled = [*events, *events]
    random.shuffle(shuffled)
    for event in shuffled:
        other.pack(event, to_ms(UPDATED))
    for event in events:
        packed, again = one.pack(event, to_ms(UPDATED)), other.pack(event, to_ms(UPDATED))
        assert one.contributions(packed) == other.contributions(again)
        assert one.facts_of(packed) == other.facts_of(again)


@given(crimes(), crimes())
def test_of_two_versions_the_same_one_wins_in_every_process(a: Crime, b: Crime) -> None:
    one, other = Packer(OUTCOMES, FORCE), Packer(OUTCOMES, FORCE)
    a_first, b_second = one.pack(a, to_ms(UPDATED)), one.pack(b, to_ms(UPDATED))
    b_first, a_second = other.pack(b, to_ms(UPDATED)), other.pack(a, to_ms(UPDATED))
    assert one.wins_tie(a_first, b_second) == other.wins_tie(a_second, b_first)
    assert (a_first == b_second) == (a_second == b_first)
    if a_first != b_second:
        assert one.wins_tie(a_first, b_second) != one.wins_tie(b_second, a_first)


@given(st.lists(crimes(), max_size=5))
def test_a_table_of_facts_that_is_put_back_means_what_it_meant(events: list[Crime]) -> None:
    packer, again = Packer(OUTCOMES, FORCE), Packer(OUTCOMES, FORCE)
    packed = [packer.pack(event, to_ms(UPDATED)) for event in events]
    again.restore(packer.facts.tuples)
    assert [again.contributions(each) for each in packed] == [
        packer.contributions(each) for each in packed
    ]


# -- calls, one by one -----------------------------------------------------------------------------

Changes = dict[str, Any]


def a_call(**changes: Any) -> Call:
    """A call on 101 in the north, which rang at noon and nobody has answered; seconds are those
    after noon."""
    times = {
        name: NOON + dt.timedelta(seconds=value)
        for name, value in {"offered_at": 0, "updated_at": 60, **changes}.items()
        if name.endswith("_at")
    }
    others = {name: value for name, value in changes.items() if not name.endswith("_at")}
    return Call(**{"force": "tiny", "id": "c", "line": "101", "area": "north", **others, **times})


def counts(event: Call) -> tuple[set[str], int]:
    """The counters that a call counts in, and its wait in ms."""
    packer = Packer(CALL, FORCE)
    ((_, when, _, key, counters, _),) = packer.contributions(pack(packer, event))
    assert (when, key) == (to_ms(NOON), CALL.series.of(1, 2))
    read = CALL.layouts[0].read(counters)
    return {name for name, n in read.items() if n == 1}, read["sum"]


def pack(packer: Packer, event: Call) -> int:
    return packer.pack(event, to_ms(event.updated_at))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ({"offered"}, 0)),
        ({"answered_at": 30}, ({"offered", "answered", "within"}, 30_000)),
        ({"answered_at": 30.001}, ({"offered", "answered"}, 30_001)),
        (
            {"abandoned_at": 5},
            ({"offered", "abandoned", "abandoned_within", "abandoned_at_once"}, 0),
        ),
        ({"abandoned_at": 30}, ({"offered", "abandoned", "abandoned_within"}, 0)),
        ({"abandoned_at": 31}, ({"offered", "abandoned"}, 0)),
        ({"ended_at": 40}, ({"offered", "lost"}, 0)),
        ({"played": "end"}, ({"offered", "lost"}, 0)),
        ({"played": "step"}, ({"offered"}, 0)),
        ({"answered_at": 61}, ({"offered", "answered"}, 60_000)),
        ({"answered_at": -1}, ({"offered", "answered", "within"}, 0)),
    ],
)
def test_what_a_call_counts(changes: Changes, expected: tuple[set[str], int]) -> None:
    assert counts(a_call(**changes)) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"line": None}, "missing_field"),
        ({"line": "112"}, "unknown_line"),
        ({"answered_at": 10, "abandoned_at": 10}, "answered_and_abandoned"),
        ({"answered_at": 63}, "in_the_future"),
        ({"answered_at": -3}, "answered_before_offered"),
        ({"ended_at": -3}, "ended_before_offered"),
        ({"answered_at": LONGEST / SECOND + 1, "updated_at": LONGEST}, "too_long"),
        ({"offered_at": -1_500_000_000}, "implausible_date"),
    ],
)
def test_why_a_call_is_refused(changes: Changes, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        pack(Packer(CALL, FORCE), a_call(**changes))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text", ["2021_03", "2021- 3", "2021-+3", "+021-03", "2021-W09", "2021-W09-1", "2021-3", ""]
)
def test_what_is_written_otherwise_is_no_day_and_no_month(text: str) -> None:
    with pytest.raises(Refused) as caught:
        partial_stamp("opened_at", text, dt.UTC)
    assert caught.value.reason == "impossible_date"


@pytest.mark.parametrize("code", ["8L", "8l", " 8 l"])
def test_a_code_says_the_offence_whatever_its_case_and_blanks(code: str) -> None:
    coded = Crime(
        force="tiny", id="k", updated_at=NOON, offence_code=code, recorded_at="2021-03-04"
    )
    force = find_force("warwickshire")
    packer = Packer(CRIME, force)
    facts = packer.facts_of(packer.pack(coded, to_ms(NOON)))
    assert force.offences.paths[facts[0]] == "violence.without_injury.harassment"


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (-3, "arrived_before_opened"),
        (63, "in_the_future"),
        (LONGEST / SECOND + 1, "too_long"),
    ],
)
def test_the_first_arrival_of_its_units_is_judged_as_that_of_an_incident(
    seconds: float, reason: str
) -> None:
    arrived = NOON + dt.timedelta(seconds=seconds)
    after = arrived + dt.timedelta(seconds=30)
    updated = after if reason == "too_long" else NOON + dt.timedelta(seconds=60)
    wrong = Incident(
        force="tiny",
        id="i",
        updated_at=updated,
        opened_at=NOON.isoformat(),
        category="asb",
        units=(Unit(id="NA22", arrived_at=after), Unit(id="NA21", arrived_at=arrived)),
    )
    with pytest.raises(Refused) as caught:
        Packer(INCIDENT, FORCE).pack(wrong, to_ms(updated))
    assert caught.value.reason == reason


def test_times_set_back_by_the_skew_of_clocks_are_counted() -> None:
    packer = Packer(CALL, FORCE)
    pack(packer, a_call(answered_at=61, ended_at=61))
    assert packer.skewed == 2


def test_a_call_is_open_while_it_waits() -> None:
    packer = Packer(CALL, FORCE)
    assert [
        pack(packer, each) & OPEN for each in (a_call(), a_call(answered_at=9), a_call(ended_at=9))
    ] == [1, 0, 0]


def test_an_area_that_no_list_knows_is_noted_with_every_record() -> None:
    packer = Packer(CALL, FORCE)
    for _ in range(3):
        event = a_call(area="Atlantis")
        pack(packer, event)
        packer.unknown.settle(event)
    assert packer.unknown.values == {"area": {"Atlantis": 3}}


def test_a_traceback_shows_the_line_that_was_written() -> None:
    with pytest.raises(AttributeError) as caught:
        Packer(CALL, FORCE).pack(object(), 0)
    assert str(caught.traceback[-1].statement).strip() == "_stamp = _event.updated_at"
