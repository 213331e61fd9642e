"""People who come back, as a count of the whole log by brute force has it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import Monitor
from streams.board.query import Observation, Query
from streams.board.repeats import Repeats
from streams.config.force import find_force
from streams.fold import links
from streams.fold.ledger import InMemory
from streams.registry.carried import MANY
from streams.registry.conditions import ALWAYS, has
from streams.registry.repeats import RepeatRule
from tests.build import FAR_FUTURE, crime, incident, lines, ms
from tests.examples import one_in

WARWICKSHIRE, WEST_MERCIA = "warwickshire", "west-mercia"
AT = ms("2021-12-31T23:59:59Z")
LAST = crime("last", "2021-12-31T22:00:00Z", force=WARWICKSHIRE, offence="shoplifting")
ALLY = crime("ally", "2020-01-01T01:00:00Z", force=WEST_MERCIA, offence="shoplifting")
FIRST = crime("first", "2020-01-01T01:00:00Z", force=WARWICKSHIRE, offence="shoplifting")


def of(name: str, recorded: str, *victims: str, force: str = WARWICKSHIRE, **more: Any) -> Any:
    made = {"offence": "burglary", "area": "warwick", "victims": list(victims), **more}
    return crime(name, recorded, force=force, **made)


def asked(*records: dict[str, Any]) -> Query:
    watched = Monitor([find_force(WARWICKSHIRE), find_force(WEST_MERCIA)])
    given = sorted((FIRST, ALLY, *records, LAST), key=lambda each: str(each["updated_at"]))
    assert not watched.ingest(lines(given), FAR_FUTURE)
    return Query(watched, WARWICKSHIRE, AT)


def value(query: Query, name: str, period: str = "2021-06", area: str = "force") -> float | None:
    return query.figure(name, period, area).value


def test_a_repeat_victim_has_another_offence_in_the_12_months_before() -> None:
    query = asked(
        of("1", "2020-06-10T12:00:00Z", "a"),
        of("2", "2021-06-10T12:00:00Z", "a"),
        of("3", "2020-06-09T12:00:00Z", "b"),
        of("4", "2021-06-10T13:00:00Z", "b", "c"),
    )
    assert value(query, "victims") == 3
    assert value(query, "repeat_victims") == 1
    assert value(query, "repeat_victims", area="warwick") == 1
    assert value(query, "repeat_victims", area="South Warwickshire") == 1
    assert value(query, "repeat_victims", area="rugby") == 0


def test_before_the_feed_carries_victims_nobody_knows_who_came_back() -> None:
    months = [f"{2020 + n // 12}-{n % 12 + 1:02d}" for n in range(24)]
    plain = [of(f"p{n}", f"{months[n % 24]}-10T12:00:00Z") for n in range(3 * MANY)]
    query = asked(
        *plain, of("1", "2021-05-10T12:00:00Z", "a"), of("2", "2021-06-10T12:00:00Z", "a")
    )
    before, first = (query.figure("repeat_victims", f"2021-{m}") for m in ("04", "06"))
    assert (before.value, before.known, before.complete) == (None, False, False)
    assert before.reason == "the feed of crimes has not carried victims"
    assert (first.value, first.known, first.complete) == (1, True, False)
    few = asked(*plain[::24], of("1", "2021-06-10T12:00:00Z", "a"))
    assert few.figure("repeat_victims", "2021-06").complete  # by chance there were none before


def test_people_that_no_record_ever_named_are_not_said_to_be_no_longer_kept() -> None:
    query = asked(*(of(str(n), f"2021-06-{n:02d}T12:00:00Z") for n in range(1, 11)))
    found = query.figure("repeat_offenders", "2021-06")
    assert (found.value, found.known) == (None, False)
    assert found.reason == "no crimes that are kept name defendants"


def test_an_offence_of_the_other_allied_force_is_another_one() -> None:
    query = asked(
        of("1", "2021-05-01T12:00:00Z", "a", force=WEST_MERCIA, area="telford-wrekin"),
        of("2", "2021-06-10T12:00:00Z", "a"),
    )
    assert value(query, "repeat_victims") == 1
    assert value(Query(query.monitor, WEST_MERCIA, AT), "victims", "2021-06") is None


def test_a_cancelled_a_deleted_and_a_revised_offence_count_as_they_stand() -> None:
    first = of("1", "2021-05-01T12:00:00Z", "a")
    second = of("2", "2021-06-10T12:00:00Z", "a")
    assert value(asked(first, second), "repeat_victims") == 1
    later = {"updated_at": "2021-07-01T12:00:00Z"}
    assert value(asked(first, second, {**first, **later, "cancelled": True}), "repeat_victims") == 0
    assert value(asked(first, second, {**first, **later, "deleted": True}), "repeat_victims") == 0
    assert value(asked(first, second, {**first, **later, "victims": ["b"]}), "repeat_victims") == 0
    assert value(asked(first, second, {**second, **later, "victims": ["b"]}), "victims") == 1


def test_within_domestic_abuse_both_offences_are_domestic_abuse() -> None:
    marked: dict[str, Any] = {"markers": ["domestic_abuse"]}
    query = asked(
        of("1", "2021-05-01T12:00:00Z", "a", "b"),
        of("2", "2021-05-02T12:00:00Z", "b", **marked),
        of("3", "2021-06-10T12:00:00Z", "a", "b", **marked),
    )
    assert value(query, "domestic_abuse_victims") == 2
    assert value(query, "domestic_abuse_repeat_victims") == 1


def test_nominals_are_victims_suspects_or_both_in_three_months() -> None:
    def harm(name: str, day: str, victims: str = "", suspects: str = "") -> Any:
        return of(name, f"2021-{day}T12:00:00Z", *victims, suspects=list(suspects),
                  offence="violence.with_injury")  # fmt: skip

    query = asked(
        harm("1", "04-02", "vb", "s"),
        harm("2", "05-02", "v", "sb"),
        harm("3", "06-02", "v", "sb"),
        harm("4", "06-03", "x", "x"),
        harm("5", "03-30", "x", "x"),
        harm("6", "06-04", "x", "x"),
    )
    found = {
        name: value(query, f"repeat_nominals_{name}", "R3-2021-06")
        for name in ("3plus_high_harm", "victims_only", "suspects_only", "victim_and_suspect")
    }
    assert found == {
        "3plus_high_harm": 3, "victims_only": 1, "suspects_only": 1, "victim_and_suspect": 1,
    }  # fmt: skip


def test_where_no_record_names_people_nothing_is_known() -> None:
    assert asked().figure("repeat_victims", "2021-06") == Observation(
        None, known=False, complete=False, reason="the feed of crimes has not carried victims"
    )


def test_without_the_allys_records_nobody_knows_who_came_back_there() -> None:
    watched = Monitor([find_force(WARWICKSHIRE)])
    seen = of("1", "2021-06-10T12:00:00Z", "a")
    assert not watched.ingest(lines([FIRST, seen, LAST]), FAR_FUTURE)
    query = Query(watched, WARWICKSHIRE, AT)
    assert query.figure("repeat_victims", "2021-06").complete is False
    assert query.figure("victims", "2021-06").complete is True


def test_where_the_window_reaches_before_the_records_the_figure_is_not_complete() -> None:
    query = asked(of("1", "2020-03-01T12:00:00Z", "a"))
    assert query.figure("repeat_victims", "2020-03").complete is False
    assert query.figure("victims", "2020-03").complete is True
    assert query.figure("repeat_victims", "2021-03").complete is True


# -- by brute force --------------------------------------------------------------------------------


class Offence(NamedTuple):
    force: str
    at: dt.datetime
    area: str | None
    marked: bool
    cancelled: bool
    persons: tuple[tuple[str, str], ...]


NEW_YEAR = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
OFFENCES = st.builds(
    Offence,
    st.sampled_from([WARWICKSHIRE, WARWICKSHIRE, WEST_MERCIA]),
    st.integers(0, 720).map(lambda days: NEW_YEAR + dt.timedelta(days=days, hours=12)),
    st.sampled_from(["warwick", "rugby", None]),
    st.booleans(),
    st.integers(0, 9).map(lambda n: n == 0),
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["victim", "suspect"])), max_size=3)
    .map(dict.fromkeys)
    .map(tuple),
)
RULES = st.builds(
    RepeatRule,
    st.just("crime"),
    st.sampled_from([("victim",), ("suspect",), ("victim", "suspect")]),
    st.sampled_from([ALWAYS, has("markers", "domestic_abuse")]),
    st.integers(1, 4),
    st.sampled_from([0, 3, 12]),
    st.sampled_from(["record", "period"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    linked=st.sampled_from([ALWAYS, has("markers", "domestic_abuse")]),
)


def months_back(day: dt.date, months: int) -> dt.date:
    index = day.year * 12 + day.month - 1 - months
    for number in range(day.day, 0, -1):
        try:
            return dt.date(index // 12, index % 12 + 1, number)
        except ValueError:
            continue
    raise AssertionError(day)


def by_hand(log: list[Offence], rule: RepeatRule, month: str, area: str) -> int:
    """Every person against every record, in the plainest way."""
    found = 0
    counting = [
        each for each in log
        if not each.cancelled
        and (rule.when == ALWAYS or each.marked)
        and (rule.allied or each.force == WARWICKSHIRE)
    ]  # fmt: skip
    for person in "abc":
        there = False
        for own in counting:
            roles = {role for name, role in own.persons if name == person}
            inside = own.force == WARWICKSHIRE and f"{own.at:%Y-%m}" == month
            if not inside or not roles & set(rule.roles) or area not in ("force", own.area):
                continue
            if rule.until == "record":
                start, end = months_back(own.at.date(), rule.months), own.at
            else:
                first = dt.date.fromisoformat(f"{month}-01")
                start, end = months_back(first, rule.months), dt.datetime.max.replace(tzinfo=dt.UTC)
                end = next_month(first)
            window = [each for each in counting if each.at.date() >= start and each.at <= end]
            had = {role for each in window for name, role in each.persons if name == person}
            others = sum(
                any(name == person and role in rule.roles for name, role in each.persons)
                and (rule.same_period or f"{each.at:%Y-%m}" != month)
                for each in window
            )
            others += not rule.same_period
            if rule.all_roles and not set(rule.roles) <= had:
                continue
            if rule.linked != ALWAYS and not any(
                each.marked and name == person and role in rule.roles
                for each in window
                for name, role in each.persons
            ):
                continue
            there = there or (rule.at_least == 1 and not rule.all_roles) or others >= rule.at_least
        found += there
    return found


def next_month(first: dt.date) -> dt.datetime:
    after = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return dt.datetime(after.year, after.month, 1, tzinfo=dt.UTC)


@given(st.lists(OFFENCES, max_size=25), RULES, st.integers(1, 12))
def test_any_rule_counts_what_brute_force_counts(
    log: list[Offence], rule: RepeatRule, month: int
) -> None:
    records = [
        of(
            str(n),
            each.at.isoformat(),
            *(name for name, role in each.persons if role == "victim"),
            suspects=[name for name, role in each.persons if role == "suspect"],
            force=each.force,
            area=each.area if each.force == WARWICKSHIRE else None,
            markers=["domestic_abuse"] if each.marked else [],
            cancelled=each.cancelled,
        )
        for n, each in enumerate(log)
    ]
    query = asked(*records)
    label = f"2021-{month:02}"
    repeats = query.monitor.repeats(WARWICKSHIRE, "crime")
    assert repeats is not None
    counted = repeats.count(rule, query.stretch(label))
    for area in ("force", "warwick", "rugby"):
        assert counted.people[query.area(area)] == by_hand(log, rule, label, area), area


def test_a_figure_is_counted_again_when_a_record_comes() -> None:
    query = asked(of("1", "2021-06-10T12:00:00Z", "a"))
    repeats = query.monitor.repeats(WARWICKSHIRE, "crime")
    assert repeats is not None
    rule, month = RepeatRule("crime", ("victim",)), query.stretch("2021-06")
    before = repeats.count(rule, month).people
    assert repeats.count(rule, month).people is before
    other = of("2", "2021-05-11T12:00:00Z", "b", updated_at="2021-12-31T23:00:00Z")
    assert not query.monitor.ingest(lines([other]), FAR_FUTURE)
    assert repeats.count(rule, month).people is before
    late = of("3", "2021-06-11T12:00:00Z", "b", updated_at="2021-12-31T23:00:00Z")
    assert not query.monitor.ingest(lines([late]), FAR_FUTURE)
    assert (before[0], repeats.count(rule, month).people[0]) == (1, 2)


# Dates lie close together, so that most changes reach into a window.
CLOSE = st.builds(
    Offence._replace,
    OFFENCES,
    at=st.integers(300, 480).map(lambda days: NEW_YEAR + dt.timedelta(days=days, hours=12)),
)
VERSIONS = st.lists(
    st.lists(
        st.tuples(st.sampled_from("1234"), CLOSE, st.sampled_from([False] * 4 + [True])),
        min_size=1,
        max_size=4,
    ),
    max_size=6,
)


@one_in(2)
@given(
    VERSIONS, st.builds(replace, RULES, at_least=st.integers(1, 2)), st.sampled_from([3, 50_000])
)
def test_what_is_kept_of_a_figure_is_what_is_counted_anew(
    batches: list[list[tuple[str, Offence, bool]]], rule: RepeatRule, remembered: int
) -> None:
    query = asked()
    months = [query.stretch(each) for each in ("2021-03", "2021")]
    with patch.object(links, "MOST_LOGGED", remembered):
        for minute, batch in enumerate(batches):
            updated = f"2021-12-31T22:{minute:02}:00Z"
            records = [
                of(
                    f"{each.force}-{name}", each.at.isoformat(),
                    *(who for who, role in each.persons if role == "victim"),
                    suspects=[who for who, role in each.persons if role == "suspect"],
                    force=each.force, area=each.area if each.force == WARWICKSHIRE else None,
                    markers=["domestic_abuse"] if each.marked else [], cancelled=each.cancelled,
                    deleted=deleted, updated_at=updated, version=minute * 10 + n,
                )
                for n, (name, each, deleted) in enumerate(batch)
            ]  # fmt: skip
            assert not query.monitor.ingest(lines(records), FAR_FUTURE)
            kept = query.monitor.repeats(WARWICKSHIRE, "crime")
            assert kept is not None
            anew = Repeats(kept.force, kept.ledger, kept.allies, ())
            for month in months:
                found, wanted = (each.count(rule, month).people for each in (kept, anew))
                assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize("period", ["2021-06", "2021-Q2", "2021", "2021-06-10"])
def test_any_period_can_be_asked_for(period: str) -> None:
    assert value(asked(of("1", "2021-06-10T12:00:00Z", "a")), "victims", period) == 1


# -- missing persons -------------------------------------------------------------------------------


def missing(name: str, opened: str, *persons: str, **more: Any) -> Any:
    made = {
        "category": "missing_person", "grade": "priority", "area": "warwick",
        "persons": [{"id": each} for each in persons], "updated_at": opened, **more,
    }  # fmt: skip
    return incident(name, opened, force=WARWICKSHIRE, **made)


def incidents(*records: dict[str, Any]) -> Query:
    watched = Monitor([find_force(WARWICKSHIRE)])
    ends = [
        incident(name, at, force=WARWICKSHIRE, updated_at=at, closed_at=at, grade="scheduled")
        for name, at in (("first", "2020-01-01T01:00:00Z"), ("last", "2021-12-31T22:00:00Z"))
    ]
    given = sorted((*ends, *records), key=lambda each: str(each["updated_at"]))
    assert not watched.ingest(lines(given), FAR_FUTURE)
    return Query(watched, WARWICKSHIRE, AT)


def test_people_missing_again_were_missing_in_the_12_months_before() -> None:
    query = incidents(
        missing("1", "2020-07-10T12:00:00Z", "a"),
        missing("2", "2020-05-09T12:00:00Z", "b"),
        missing("3", "2021-06-10T13:00:00Z", "a", "b", "c", closed_at="2021-06-10T13:00:00Z"),
        missing("4", "2021-06-11T13:00:00Z", "d", category="asb.personal"),
        missing("5", "2021-06-12T13:00:00Z", "d"),
        missing("6", "2021-06-10T12:00:00Z", "c"),
        missing("6", "2021-06-10T12:00:00Z", updated_at="2021-07-01T12:00:00Z", deleted=True),
    )
    assert value(query, "missing_people") == 4
    assert value(query, "repeat_missing_people") == 1


def test_reports_of_missing_people_stay_beyond_the_horizon_and_other_incidents_do_not() -> None:
    query = incidents(
        missing("1", "2020-07-10T12:00:00Z", "a", closed_at="2020-07-10T12:00:00Z"),
        missing("2", "2020-07-10T12:00:00Z", "a", category="asb", closed_at="2020-07-10T12:00:00Z"),
    )
    ledger = query.monitor.ledger("incident", WARWICKSHIRE)
    assert ledger is not None
    assert {"1", "2"} & ledger.entries.keys() == {"1"}
    later = missing("3", "2023-12-31T22:00:00Z", "b")
    assert not query.monitor.ingest(lines([later]), FAR_FUTURE)
    assert "1" not in ledger.entries
    assert ledger.links is not None
    assert len(ledger.links) == 1


# -- months of which records have left -------------------------------------------------------------


def later(query: Query, *records: dict[str, Any], at: str) -> None:
    last = crime(f"at {at}", at, force=WARWICKSHIRE, offence="shoplifting", area="rugby")
    other = crime(f"at {at}", at, force=WEST_MERCIA, offence="shoplifting")
    given = [last, other, *records]
    assert not query.monitor.ingest(lines(given), FAR_FUTURE)


TWICE = (of("1", "2021-05-01T12:00:00Z", "a"), of("2", "2021-06-10T12:00:00Z", "a", "b"))
REVISED = {"updated_at": "2023-12-01T12:00:00Z"}


def test_what_a_month_counts_is_kept_when_its_records_leave() -> None:
    query = asked(*TWICE)
    before = query.figure("repeat_victims", "2021-06")
    assert (before.value, before.known, before.complete) == (1, True, True)
    later(query, at="2023-11-01T12:00:00Z")
    assert Query(query.monitor, WARWICKSHIRE, AT).figure("repeat_victims", "2021-06") == before
    later(query, at="2024-11-01T12:00:00Z")
    gone = Query(query.monitor, WARWICKSHIRE, AT)
    ledger = gone.monitor.ledger("crime", WARWICKSHIRE)
    assert ledger is not None
    assert not {"1", "2"} & ledger.entries.keys()
    assert gone.figure("repeat_victims", "2021-06") == before
    assert value(gone, "victims") == 2
    assert value(gone, "victims", area="warwick") == 2
    assert value(gone, "victims", "2021-06-10") is None


@pytest.mark.parametrize(
    ("changed", "complete"),
    [
        ({**TWICE[0], **REVISED}, True),
        ({**TWICE[0], **REVISED, "outcome": 18, "outcome_at": "2023-12-01T12:00:00Z"}, True),
        ({**TWICE[0], **REVISED, "cancelled": True}, False),
        ({**TWICE[0], **REVISED, "recorded_at": "2021-04-01T12:00:00Z"}, False),
        ({**TWICE[0], **REVISED, "deleted": True}, False),
    ],
)
def test_a_month_that_is_kept_is_no_longer_complete_when_a_record_counts_otherwise(
    changed: dict[str, Any], complete: bool
) -> None:
    query = asked(*TWICE)
    for ledger in query.monitor.shards[2].ledgers().values():
        ledger.departed = InMemory()
    later(query, at="2023-11-01T12:00:00Z")
    later(query, changed, at="2023-12-01T12:00:00Z")
    found = Query(query.monitor, WARWICKSHIRE, AT).figure("repeat_victims", "2021-06")
    assert (found.value, found.complete) == (1, complete)
