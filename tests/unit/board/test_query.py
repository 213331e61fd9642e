"""Any indicator, for any stretch of time and any area."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import Monitor
from streams.board.query import Observation, Query
from streams.errors import QueryError
from streams.periods import Calendar, rfc3339
from streams.registry.aggregates import Count
from streams.registry.histogram import bin_of, value_of
from streams.registry.registry import REGISTRY
from streams.state.surveillance import watch_all
from streams.stretches import Stretch
from tests.build import call, crime, feed, incident, monitor, ms, tiny_force
from tests.examples import one_in

AT = ms("2021-07-01T12:00:00Z")
CALENDAR = Calendar(tiny_force().zone)


def not_known(reason: str) -> Observation:
    return Observation(None, known=False, complete=False, reason=reason)


def asked(*records: dict[str, Any], at: int = AT) -> Query:
    watched = monitor()
    feed(watched, *records)
    return Query(watched, "tiny", at)


def crimes(*recorded: str, **fields: Any) -> list[dict[str, Any]]:
    return [crime(f"{at}{fields}", at, **fields) for at in recorded]


LAST = "2021-06-30T12:00:00Z"
EDGES = crimes("2021-01-01T12:00:00Z", LAST)
"""The first and last crime of the feed."""


def test_a_count_is_by_period_and_area_with_the_areas_within_it() -> None:
    query = asked(
        *EDGES,
        *crimes("2021-02-03T12:00:00Z", "2021-02", area="north"),
        *crimes("2021-02-04", area="north-area"),
        *crimes("2021-02-05T12:00:00Z", area="south", offence="vehicle"),
        *crimes("2021-03-01T12:00:00Z", area="south"),
    )
    assert query.figure("total_recorded_crime", "2021-02") == Observation(4)
    assert query.figure("total_recorded_crime", "2021-02", "north-area") == Observation(3)
    assert query.figure("total_recorded_crime", "2021-02", "North") == Observation(2)
    assert query.figure("vehicle_offences", "2021-02", "south") == Observation(1)
    assert query.figure("crimes.count{offence=burglary,vehicle}", "2021-Q1") == Observation(6)
    assert query.figure("crimes.count{offence=burglary}", "2021-02..2021-03") == Observation(4)
    by_area = query.by_area("total_recorded_crime", "2021-02")
    assert {name: each.value for name, each in by_area.items()} == {
        "force": 4, "north-area": 3, "north": 2, "south": 1,
    }  # fmt: skip


def test_a_counted_zero_is_0() -> None:
    query = asked(*EDGES)
    assert query.figure("vehicle_offences", "2021-02") == Observation(0)
    assert query.figure("vehicle_offences", "2021-02", "south") == Observation(0)


@pytest.mark.parametrize("period", ["2020-12", "2020-Q4", "2021-07", "2019/20", "2019"])
def test_what_lies_outside_the_feeds_days_is_not_known(period: str) -> None:
    query = asked(*EDGES, at=ms("2021-09-01T00:00:00Z"))
    assert query.figure("vehicle_offences", period) == not_known(
        "crimes are known from 2021-01-01 to 2021-06-30"
    )


def test_of_a_feed_that_never_was_nothing_is_known() -> None:
    assert asked(*EDGES).figure("incidents", "2021-02") == not_known("no incidents have come")


def test_a_period_that_runs_or_was_heard_in_part_is_not_complete() -> None:
    query = asked(*EDGES, at=ms("2021-06-30T20:00:00Z"))
    running = Observation(1, complete=False)
    assert query.figure("total_recorded_crime", "2021-06") == running
    assert query.figure("total_recorded_crime", "2020/21") == Observation(
        1, complete=False, heard=(90 * 24 - 1) / (365 * 24)
    )
    assert query.figure("total_recorded_crime", "2021-Q1") == Observation(1)


def test_as_of_an_instant_a_period_that_holds_it_counts_what_had_happened_by_then() -> None:
    recorded = ("2021-06-10T08:00:00Z", "2021-06-10T12:30:00Z", "2021-06-20T12:00:00Z")
    query = asked(*EDGES, *crimes(*recorded), at=ms("2021-06-10T10:00:00Z"))
    assert query.figure("total_recorded_crime", "2021-06-10") == Observation(1, complete=False)
    assert query.figure("total_recorded_crime", "2021-06") == Observation(1, complete=False)
    assert query.figure("total_recorded_crime", "2021-Q2") == Observation(1, complete=False)
    assert query.figure("total_recorded_crime", "2021-06-09") == Observation(0)
    assert query.figure("total_recorded_crime", "2021-06-11") == not_known("it is still to come")


def test_of_the_last_two_days_it_counts_up_to_the_end_of_its_minute() -> None:
    offered = ("2021-06-10T10:00:10Z", "2021-06-10T10:00:50Z", "2021-06-10T10:01:00Z")
    calls = [call(at, at) for at in (*offered, "2021-06-10T11:00:00Z")]
    query = asked(*calls, at=ms("2021-06-10T10:00:30Z"))
    assert query.figure("calls.offered", "2021-06-10").value == 2


def test_within_an_hour_that_has_no_minutes_any_more_nothing_is_answered() -> None:
    query = asked(*EDGES, at=ms("2021-06-10T10:20:00Z"))
    with pytest.raises(QueryError) as refused:
        query.figure("total_recorded_crime", "2021-06")
    assert str(refused.value) == (
        "crimes of 2021-06-10T11:00 are kept by the hour: ask as of 2021-06-10T11:00 or "
        "2021-06-10T12:00, not 2021-06-10T11:20:00+01:00"
    )
    assert query.figure("total_recorded_crime", "2021-05") == Observation(0)


def test_records_known_only_to_the_day_are_not_known_of_a_part_of_it() -> None:
    records = (*EDGES, *crimes("2021-06-10", "2021-06-09", updated_at=LAST))
    query = asked(*records, at=ms("2021-06-10T10:00:00Z"))
    assert query.figure("total_recorded_crime", "2021-06") == not_known(
        "crimes of then are known only by longer periods"
    )
    query = asked(*records, at=ms("2021-06-09T23:00:00Z"))
    assert query.figure("total_recorded_crime", "2021-06") == Observation(1, complete=False)


def test_where_nothing_came_after_the_instant_a_period_that_runs_counts_as_a_whole() -> None:
    watched = monitor()
    feed(watched, *EDGES, *crimes("2021-06-30", updated_at=LAST))
    query = Query(watched, "tiny", ms("2021-06-30T12:20:00Z"))
    assert query.figure("total_recorded_crime", "2021-06") == Observation(2, complete=False)


def test_without_an_instant_all_that_came_counts() -> None:
    watched = monitor()
    feed(watched, *EDGES, *crimes("2021-06-30", updated_at=LAST))
    watched.advance(ms("2021-06-30T11:59:30Z"))
    query = Query(watched, "tiny")
    assert query.figure("total_recorded_crime", "2021-06") == Observation(2, complete=False)


def test_records_known_only_to_the_month_leave_its_days_unknown() -> None:
    query = asked(*EDGES, *crimes("2021-02"))
    assert query.figure("total_recorded_crime", "2021-02-03") == not_known(
        "crimes of then are known only by longer periods"
    )
    assert query.figure("total_recorded_crime", "2021-03-03") == Observation(0)


def test_a_share_is_of_the_sums_of_its_parts() -> None:
    def answered(name: str, offered: str, seconds: int) -> dict[str, Any]:
        at = rfc3339(ms(offered) + seconds * 1000)
        return call(name, offered, answered_at=at)

    query = asked(
        *(answered(f"a{n}", f"2021-02-0{n}T10:00:00Z", 5) for n in range(1, 10)),
        answered("b1", "2021-03-01T10:00:00Z", 50),
    )
    assert query.figure("answered_999_within_10s", "2021-02") == Observation(1.0, 9, 9, small=True)
    both = query.figure("answered_999_within_10s", "2021-02..2021-03")
    heard = 29 * 24 / (59 * 24 - 1)  # in March the feed ends on the first
    assert both == Observation(0.9, 9, 10, complete=False, small=True, heard=heard)
    mean = query.figure("calls.answer_mean{line=999}", "2021-02..2021-03")
    assert mean == Observation(9.5, 95.0, 10, complete=False, small=True, heard=heard)
    median = query.figure("calls.answer_p90{line=999}", "2021-02..2021-03")
    assert median == Observation(5.0, None, 10, complete=False, small=True, heard=heard)
    assert query.figure("calls.abandonment{line=101}", "2021-02") == Observation(None, 0, 0)
    assert query.figure("calls.answer_median{line=101}", "2021-02") == Observation(None, None, 0)


def test_attendance_is_of_emergencies_alone() -> None:
    query = asked(
        incident("i1", "2021-02-01T10:00:00Z", arrived_at="2021-02-01T10:10:00Z"),
        incident("i2", "2021-02-02T10:00:00Z", grade="priority", closed_at="2021-02-02T11:00:00Z"),
        incident("i3", "2021-02-28T10:00:00Z", arrived_at="2021-02-28T11:00:00Z"),
        at=AT,
    )
    assert query.figure("emergency_incidents", "2021-02") == Observation(2)
    assert query.figure("attended_within_20min", "2021-02") == Observation(0.5, 1, 2, small=True)
    assert query.figure("incidents", "2021-02") == Observation(3)
    assert query.figure("incidents.count{grade=priority}", "2021-02") == Observation(1)


def test_an_offence_that_the_force_does_not_list_is_not_known() -> None:
    query = asked(*EDGES, *crimes("2021-02-03T12:00:00Z", offence="robbery.personal"))
    assert query.figure("robbery", "2021-02") == not_known("the force does not list what it counts")
    assert query.figure("crimes.count{offence=other}", "2021-02") == Observation(1)


def test_a_silent_feed_is_not_0() -> None:
    query = asked(*EDGES)
    assert query.figure("total_recorded_crime", "2021-07-01") == not_known(
        "crimes are known from 2021-01-01 to 2021-06-30"
    )


def test_a_watched_feed_is_not_0_where_it_was_silent_nor_ahead() -> None:
    watched = monitor()
    watch_all(watched)
    begin, every, down = ms("2021-03-01T00:01:00Z"), 3 * 60_000, range(16 * 480, 16 * 480 + 720)
    for number in range(20 * 480 + 240):
        if number not in down:
            at = rfc3339(begin + number * every)
            feed(watched, call(str(number), at, ended_at=at))
    query = Query(watched, "tiny", ms("2021-03-21T12:00:00Z"))
    assert query.figure("calls_999", "2021-03-10") == Observation(480)
    assert query.figure("calls_999", "2021-03-17") == not_known(
        "the feed of calls was not heard then"
    )
    assert query.figure("calls_999", "2021-03-18") == Observation(
        240, complete=False, heard=(12 * 60 - 1) / (24 * 60)
    )
    assert not query.figure("calls_999", "2021-03-21").complete
    assert query.figure("calls_999", "2021-03-22") == not_known("it is still to come")
    assert query.figure("calls_999", "2021-02") == not_known(
        "calls are known from 2021-03-01 to 2021-03-21"
    )


@pytest.mark.parametrize("indicator", ["total_recorded_crime", "open_investigations"])
def test_nothing_is_counted_of_a_day_that_is_still_to_come(indicator: str) -> None:
    watched = monitor()
    watch_all(watched)
    feed(watched, *EDGES)
    watched.advance(AT)
    ahead = ms("2021-07-03T00:00:00+01:00")
    assert Query(watched, "tiny", ahead).figure(indicator, "2021-07-02") == not_known(
        "it is still to come"
    )
    assert not Query(watched, "tiny", ahead).figure(indicator, "2021-07-01").complete


def test_without_an_instant_it_is_as_of_the_last_record() -> None:
    watched = monitor()
    feed(watched, *EDGES)
    query = Query(watched, "tiny")
    assert query.figure("total_recorded_crime", "2021-05") == Observation(0)
    assert query.figure("total_recorded_crime", "2021-06") == Observation(1, complete=False)


def total(period: str, line: str, **counts: int) -> dict[str, Any]:
    return {
        "kind": "reading", "force": "tiny", "id": f"{line}/{period}", "measure": "calls",
        "line": line, "period": period, "updated_at": "2021-05-01T00:00:00Z", "counts": counts,
    }  # fmt: skip


def test_totals_of_calls_stand_beside_records_as_on_the_board() -> None:
    query = asked(
        call("c1", "2021-01-01T10:00:00Z", answered_at="2021-01-01T10:00:05Z"),
        call("c2", "2021-06-30T10:00:00Z", answered_at="2021-06-30T10:00:05Z"),
        total("2021-02", "101", offered=100, answered=90, abandoned=10, within=80),
        total("2021-03", "101", offered=50),
    )
    assert query.figure("calls_101", "2021-02") == Observation(100)
    assert query.figure("answered_101_within_30s", "2021-02") == Observation(0.8, 80, 100)
    assert query.figure("calls_101", "2021-02..2021-03") == Observation(150)
    assert query.figure("answered_101_within_30s", "2021-03") == not_known(
        "totals of calls leave it open"
    )
    assert query.figure("calls.answer_mean{line=101}", "2021-02") == not_known(
        "totals of calls leave it open"
    )
    assert query.figure("calls_101", "2021-Q2") == not_known("totals of calls leave it open")
    assert query.figure("calls_101", "2021-Q1") == Observation(150, complete=False)
    assert query.figure("calls.offered", "2021-01") == not_known("totals of calls leave it open")
    assert query.figure("calls_999", "2021-Q2") == Observation(1)


@pytest.mark.parametrize(
    ("indicator", "period", "area", "words"),
    [
        ("vehicle_offence", "2021-02", "force", "did you mean vehicle_offences"),
        (
            "emergencies_attended_in_time",
            "2021-02",
            "force",
            "is no indicator; did you mean attended_within_20min",
        ),
        (
            "crimes.cout",
            "2021-02",
            "force",
            '"crimes.cout" is no indicator; did you mean crimes.count',
        ),
        (
            "crimes.count{offence=vehicles}",
            "2021-02",
            "force",
            "no offence .* did you mean vehicle",
        ),
        (
            "crimes.count{area=nort}",
            "2021-02",
            "force",
            "no area of Tiny Police; did you mean north",
        ),
        ("calls.waiting", "2021-02", "force", "holds at a moment"),
        ("incidents", "Q1", "force", "is no period: write 2021-10-31T01"),
        ("incidents", "2021-02", "nort", "no area of Tiny Police; did you mean north"),
    ],
)
def test_what_there_is_not_is_told_with_what_there_is(
    indicator: str, period: str, area: str, words: str
) -> None:
    with pytest.raises(QueryError, match=words):
        asked(*EDGES).figure(indicator, period, area)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Emergencies attended in time", "attended_within_20min"),
        ("vehicle offences", "vehicle_offences"),
        ("Recorded crime: Crimes", "crimes.count"),
    ],
)
def test_an_indicator_is_asked_for_by_its_title_too(title: str, name: str) -> None:
    assert asked(*EDGES).indicator(title).name == name


def test_the_force_goes_by_its_own_names() -> None:
    query = asked(*EDGES)
    assert {query.area(name) for name in ("force", "", "tiny", "Tiny Police")} == {0}


def test_a_series_is_of_the_periods_within_a_stretch() -> None:
    query = asked(*EDGES, *crimes("2021-02-03T12:00:00Z", "2021-02-04T12:00:00Z"))
    found = query.series("total_recorded_crime", "month", "2021-Q1")
    assert [(each.label, seen.value) for each, seen in found] == [
        ("2021-01", 1), ("2021-02", 2), ("2021-03", 0),
    ]  # fmt: skip


# -- after any sequence of versions ----------------------------------------------------------------

AREAS = [None, "north", "north-area", "south"]
GRADES = ["emergency", "priority", "scheduled"]
CATEGORIES = ["asb.personal", "asb.nuisance", "missing_person", "other"]
MARKERS = ["domestic_abuse", "hate.racial", "knife"]
days = st.integers(0, 180)

versions = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.integers(0, 15),
            "version": st.integers(1, 4),
            "day": days,
            "area": st.sampled_from(AREAS),
            "grade": st.sampled_from(GRADES),
            "category": st.sampled_from(CATEGORIES),
            "wait": st.one_of(st.none(), st.integers(0, 4000)),
            "cancelled": st.booleans(),
            "markers": st.lists(st.sampled_from(MARKERS), max_size=3, unique=True),
            "crimed": st.booleans(),
            "deleted": st.sampled_from([False, False, False, True]),
        }
    ),
    max_size=60,
    unique_by=lambda each: (each["name"], each["version"]),
)
START = ms("2021-01-01T10:00:00Z")
DAYS = 86_400_000


def folded(drawn: list[dict[str, Any]]) -> tuple[Monitor, list[dict[str, Any]]]:
    """A monitor that has taken the versions in this order, and the versions that win."""
    watched, best = monitor(), dict[int, dict[str, Any]]()
    watched.play_history(True)
    for day in (0, 180):  # the first and last of the feed
        fields = {"grade": "scheduled", "category": "other"}
        feed(watched, incident(f"edge{day}", rfc3339(START + day * DAYS), **fields))
    for each in drawn:
        feed(watched, record_of(each))
        held = best.get(each["name"])
        if held is None or each["version"] > held["version"]:
            best[each["name"]] = each
    won = [each for each in best.values() if not each["cancelled"] and not each["deleted"]]
    return watched, won


def record_of(each: dict[str, Any]) -> dict[str, Any]:
    """The event of a drawn version."""
    opened, wait = START + each["day"] * DAYS + 1000, each["wait"]
    same = ("version", "area", "grade", "category", "cancelled", "deleted", "markers", "crimed")
    return incident(
        f"i{each['name']}",
        rfc3339(opened),
        updated_at=rfc3339(START + 190 * DAYS),
        closed_at=rfc3339(opened + 5_000_000),
        arrived_at=None if wait is None else rfc3339(opened + wait * 1000),
        **{name: each[name] for name in same},
    )


@one_in(4)
@given(versions)
def test_areas_categories_and_grains_add_up(drawn: list[dict[str, Any]]) -> None:
    watched, won = folded(drawn)
    query = Query(watched, "tiny", START + 200 * DAYS)

    def count(where: str, period: str, area: str = "force") -> int:
        found = query.figure(f"incidents.count{where}", period, area)
        assert found.complete
        return int(found.value or 0)

    months = [f"2021-0{n}" for n in range(1, 7)]
    for month in months:
        span = CALENDAR.parse(month)
        own = sum(
            each["area"] is None and span.start <= START + each["day"] * DAYS + 1000 < span.end
            for each in won
        )
        edges = month in ("2021-01", "2021-06")
        inner = count("", month, "north-area") + count("", month, "south")
        assert count("", month) == inner + own + edges
        assert count("", month, "north") <= count("", month, "north-area")
        by_category = (
            count(f"{{category={c}}}", month) for c in ("asb", "missing_person", "other")
        )
        assert count("", month) == sum(by_category)
        by_grade = [count(f"{{grade={g}}}", month) for g in GRADES]
        assert count("", month) == sum(by_grade)
        assert count("{grade=emergency,priority}", month) == sum(by_grade[:2])
        of_days = query.series("incidents.count", "day", month)
        assert count("", month) == sum(int(each.value or 0) for _, each in of_days)
    for quarter, within in (("2021-Q1", months[:3]), ("2021-Q2", months[3:])):
        assert count("", quarter) == sum(count("", month) for month in within)
    assert count("", "2021-01..2021-06") == len(won) + 2


ADDITIVE = [
    f"{group.name}.{measure.name}"
    for group in REGISTRY.groups
    for measure in group.measures
    if group.kind == "incident" and isinstance(measure.value, Count)
]
"""Every count of a table of incidents."""


@one_in(5)
@given(versions)
def test_every_count_adds_up_by_area_category_grade_and_month(drawn: list[dict[str, Any]]) -> None:
    watched, _ = folded([{**each, "area": each["area"] or "south"} for each in drawn])
    query = Query(watched, "tiny", START + 200 * DAYS)
    months = [f"2021-0{n}" for n in range(2, 6)]
    whole = "2021-02..2021-05"

    def count(address: str, period: str = whole, area: str = "force") -> int:
        return int(query.figure(address, period, area).value or 0)

    for name in ADDITIVE:
        assert count(name) == sum(count(name, month) for month in months)
        assert count(name) == count(name, area="north-area") + count(name, area="south")
        assert count(name) == sum(count(f"{name}{{grade={each}}}") for each in GRADES)
        widest = ("asb", "missing_person", "other")
        assert count(name) == sum(count(f"{name}{{category={each}}}") for each in widest)


@one_in(4)
@given(versions, st.integers(0, 5), st.integers(0, 5), st.sampled_from(["force", *AREAS[1:]]))
def test_shares_means_and_quantiles_equal_those_of_their_records(
    drawn: list[dict[str, Any]], a: int, b: int, area: str
) -> None:
    watched, won = folded(drawn)
    query = Query(watched, "tiny", START + 200 * DAYS)
    first, last = sorted((a, b))
    period = f"2021-0{first + 1}..2021-0{last + 1}"
    span = Stretch.parse(CALENDAR, period)
    waits = sorted(
        each["wait"]
        for each in won
        if each["grade"] == "emergency"
        and each["wait"] is not None
        and span.start <= START + each["day"] * DAYS + 1000 < span.end
        and (area in ("force", each["area"]) or (area == "north-area" and each["area"] == "north"))
    )
    share = query.figure("attended_within_20min", period, area)
    assert (share.numerator, share.denominator) == (sum(w <= 1200 for w in waits), len(waits))
    mean = query.figure("mean_response_time", period, area)
    assert mean.value == (sum(waits) / len(waits) if waits else None)
    median = query.figure("attendance.response_median", period, area)
    assert median.denominator == len(waits)
    if waits:
        exact = waits[-(-len(waits) // 2) - 1]
        assert median.value is not None
        assert median.value <= value_of(bin_of(exact))
        assert bin_of(int(median.value)) == bin_of(exact)


@one_in(5)
@given(versions, st.lists(st.integers(1, 6), min_size=60, max_size=60))
def test_what_is_kept_of_closed_periods_is_revised(
    drawn: list[dict[str, Any]], months: list[int]
) -> None:
    at = START + 200 * DAYS
    watched, _ = folded([])
    for each, month in zip(drawn, months, strict=False):
        Query(watched, "tiny", at).by_area("asb", f"2021-0{month}")
        feed(watched, record_of(each))
    anew, _ = folded(drawn)
    for month in range(1, 7):
        found, fresh = (
            Query(each, "tiny", at).by_area("asb", f"2021-0{month}") for each in (watched, anew)
        )
        assert found == fresh
