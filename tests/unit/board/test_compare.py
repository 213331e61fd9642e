"""What a report sets beside a figure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.compare import (
    COMPARISONS,
    AsLastYear,
    Beside,
    Change,
    Comparisons,
    Rank,
    Rate,
    percent_change,
)
from streams.board.monitor import Monitor
from streams.board.query import Observation, Query
from streams.board.standing import Standing
from streams.config.force import Force, check_force
from streams.errors import QueryError
from streams.outputs.figures_shown import compared
from streams.registry.phrases import printed
from tests.build import TINY_FORCE, as_json, crime, feed, incident, monitor, ms
from tests.examples import one_in

AT = ms("2021-07-01T12:00:00Z")
RANKED = TINY_FORCE.replace('id = "north"\n', 'id = "north"\npopulation = 200\n').replace(
    'id = "south"\n', 'id = "south"\npopulation = 500\nhouseholds = 250\n'
)


def crimes(month: str, number: int, **fields: Any) -> list[dict[str, Any]]:
    """Crimes of the 10th of a month."""
    at = f"{month}-10T12:00:00Z"
    return [crime(f"{month}/{n}/{fields}", at, **fields) for n in range(number)]


EDGES = [crime("first", "2019-04-01T12:00:00Z"), crime("last", "2021-06-30T12:00:00Z")]


def monitored(*records: dict[str, Any], force: Force | None = None) -> Monitor:
    watched = monitor(force)
    watched.play_history(True)
    feed(watched, *records)
    return watched


def beside(
    *records: dict[str, Any],
    period: str = "2021-05",
    indicator: str = "total_recorded_crime",
    area: str = "force",
    at: int = AT,
    **options: Any,
) -> Comparisons:
    query = Query(monitored(*EDGES, *records), "tiny", at)
    return Comparisons(query, indicator, period, area, **options)


def test_the_period_before_and_last_years() -> None:
    found = beside(*crimes("2021-05", 24), *crimes("2021-04", 20), *crimes("2020-05", 30))
    assert found.observation == Observation(24)
    assert found.previous == Change("2021-05", 24, "2021-04", 20, 4, 20.0)
    assert found.last_year == Change("2021-05", 24, "2020-05", 30, -6, -20.0)


def test_a_change_on_nothing_is_no_number() -> None:
    found = beside(*crimes("2021-05", 24))
    assert found.previous == Change("2021-05", 24, "2021-04", 0, 24, None)
    assert percent_change(1, 0) is None


def test_there_is_no_per_cent_on_a_few_cases_unless_it_is_asked_for() -> None:
    few = [*crimes("2021-05", 18), *crimes("2021-04", 9)]
    assert beside(*few).previous.percent is None
    assert beside(*few, small_bases=True).previous.percent == 100.0


def test_a_month_on_average_of_the_twelve_and_a_quarter_of_the_four_before() -> None:
    before = [each for n in range(1, 13) for each in crimes(f"2020-{n:02}", 8)]
    before += [each for n in range(1, 5) for each in crimes(f"2021-0{n}", 14)]
    found = beside(*before, *crimes("2021-05", 12))
    label = "average of 12: 2020-05..2021-04"
    assert found.average == Change("2021-05", 12, label, 10.0, 2.0, 20.0)
    quarter = beside(*before, *crimes("2020-12", 4, area="south"), period="2021-Q1")
    assert quarter.average.base == 25.0
    assert beside(*before, *crimes("2021-05", 12), number=2).average.base == 14.0


def test_the_same_people_every_month_are_as_many_on_average() -> None:
    months = ("2020-12", "2021-01", "2021-02", "2021-03", "2021-04", "2021-05")
    people = [each for month in months for each in crimes(month, 3, victims=["a", "b"])]
    found = beside(*people, indicator="victims", number=4)
    assert found.average == Change("2021-05", 2, "average of 4: 2021-01..2021-04", 2.0, 0.0, None)
    assert found.a_month is None


def test_a_mean_over_periods_is_that_of_all_their_records() -> None:
    def attended(name: str, opened: str, minutes: int) -> dict[str, Any]:
        return incident(name, opened, arrived_at=opened.replace("T10:00", f"T10:{minutes:02d}"))

    query = Query(
        monitored(
            attended("edge", "2020-04-01T10:00:00Z", 10),
            *(attended(f"a{n}", "2021-03-01T10:00:00Z", 10) for n in range(3)),
            attended("b", "2021-04-01T10:00:00Z", 30),
            attended("c", "2021-05-01T10:00:00Z", 10),
            attended("d", "2021-05-31T10:00:00Z", 30),
        ),
        "tiny",
        AT,
    )
    mean = Comparisons(query, "mean_response_time", "2021-05", number=2).average
    assert (mean.base, mean.value, mean.percent) == (900.0, 1200.0, 100 / 3)
    share = Comparisons(query, "attended_within_20min", "2021-05", number=2).average
    assert (share.base, share.value, share.change, share.percent) == (0.75, 0.5, -0.25, None)


def test_the_year_to_date_and_last_years_at_the_same_day() -> None:
    records = [*crimes("2020-04", 10), *crimes("2020-06", 99), *crimes("2021-04", 15)]
    found = beside(*records, period="2021-05")
    assert found.year_to_date == Change("YTD-2021-05", 15, "YTD-2020-05", 10, 5, 50.0)


def test_rolling_months_beside_those_of_a_year_before() -> None:
    records = [*crimes("2020-04", 10), *crimes("2021-03", 12), *crimes("2021-01", 3)]
    found = beside(*records, period="2021-05")
    assert found.rolling_3 == Change("R3-2021-05", 12, "R3-2020-05", 10, 2, 20.0)
    assert found.rolling_6 is not None
    assert found.rolling_6.value == 15
    assert found.rolling_12 is not None
    assert found.rolling_12.value == 15
    assert beside(period="2021-05-10").rolling_3 is None


def test_a_period_that_runs_is_compared_with_the_same_days() -> None:
    def days(month: str, *numbers: int) -> list[dict[str, Any]]:
        return [crime(f"{month}-{n}", f"{month}-{n:02d}T12:00:00Z") for n in numbers]

    found = beside(
        *days("2021-06", 1, 2, 3, 20), *days("2021-05", 1, 4, 5, 20), *days("2020-06", 3, 9),
        period="2021-06", at=ms("2021-06-05T09:00:00Z"),
    )  # fmt: skip
    assert found.observation == Observation(3, complete=False)
    so_far = "2021-06-01..2021-06-04"
    assert found.previous == Change(so_far, 3, "2021-05-01..2021-05-04", 2, 1, None)
    assert found.last_year == Change(so_far, 3, "2020-06-01..2020-06-04", 1, 2, None)
    assert found.year_to_date.period == "YTD-2021-06-04"
    assert found.average.change is None


def test_a_month_that_is_nearly_over_is_compared_with_as_many_days_of_a_shorter_one() -> None:
    records = [crime(f"m{n}", f"2021-03-{n:02d}T12:00:00Z") for n in range(1, 31)]
    found = beside(
        *records, *crimes("2021-02", 20), period="2021-03", at=ms("2021-03-31T09:00:00Z")
    )
    assert found.previous == Change("2021-03-01..2021-03-28", 28, "2021-02", 20, 8, 40.0)


def test_what_has_not_begun_or_was_heard_in_part_is_compared_with_nothing() -> None:
    ahead = beside(period="2021-08")
    assert (ahead.previous.value, ahead.previous.change) == (None, None)
    half = beside(*crimes("2019-05", 20), period="2020-03")
    assert half.last_year.base is None  # the feed began after it
    assert half.average.change is None


def test_a_share_of_the_parent_and_of_any_other_count() -> None:
    records = [*crimes("2021-05", 3, offence="vehicle"), *crimes("2021-05", 9)]
    found = beside(*records, indicator="vehicle_offences")
    assert found.share == Observation(0.25, 3, 12)
    assert found.share_of("vehicle_offences").value == 1.0
    assert beside(*records).share is None
    with pytest.raises(QueryError, match="is no count"):
        found.share_of("attended_within_20min")


def test_crimed_incidents_are_no_part_of_recorded_crime_but_of_what_counts_them_too() -> None:
    abuse, racial = {"markers": ["domestic_abuse"]}, {"markers": ["hate.racial"]}
    records = [
        *crimes("2021-05", 3, **abuse),
        *crimes("2021-05", 1, **racial),
        *crimes("2021-05", 8),
        incident("1", "2021-05-10T12:00:00Z", crimed=True, **abuse),
        incident("2", "2021-05-10T12:00:00Z", crimed=True, **racial),
        incident("last", "2021-06-30T12:00:00Z"),
    ]
    records.sort(key=lambda each: str(each["updated_at"]))
    found = beside(*records, indicator="domestic_abuse")
    assert found.observation.value == 4
    assert found.share is not None
    assert (found.share.numerator, found.share.denominator) == (3, 12)
    of_hate = beside(*records, indicator="hate_crime_racial").share
    assert of_hate is not None
    assert (of_hate.numerator, of_hate.denominator) == (2, 2)


def test_a_share_beside_that_of_the_period_before() -> None:
    records = [*crimes("2021-05", 3, offence="vehicle"), *crimes("2021-05", 9)]
    records += [*crimes("2021-04", 5, offence="vehicle"), *crimes("2021-04", 5)]
    found = beside(*records, indicator="vehicle_offences")
    assert found.share_change == Change("2021-05", 0.25, "2021-04", 0.5, -0.25, None)
    assert beside(*records).share_change is None


def test_a_season_is_the_side_of_the_average_of_last_year() -> None:
    year = [each for n in (4, *range(6, 13)) for each in crimes(f"2020-{n:02d}", 10)]
    year += [each for month in range(1, 5) for each in crimes(f"2021-{month:02d}", 10)]
    found = beside(*year, *crimes("2020-05", 34), *crimes("2021-05", 30))
    assert found.as_last_year == AsLastYear("as last year", 30, 34, 12)
    found = beside(*year, *crimes("2020-05", 3), *crimes("2021-05", 30))
    assert found.as_last_year.word == "unlike last year"
    assert beside(period="2020-02").as_last_year == AsLastYear(None, 0, None, None)


def test_an_area_as_a_share_of_the_force() -> None:
    records = [*crimes("2021-05", 3, area="south"), *crimes("2021-05", 9)]
    assert beside(*records, area="south").of_force == Observation(0.25, 3, 12)
    assert beside(*records).of_force is None


def test_a_rate_is_per_1000_people_or_households_of_the_area() -> None:
    force, problems = check_force(RANKED, "tiny.toml")
    assert force is not None, problems
    query = Query(monitored(*EDGES, *crimes("2021-05", 4, area="south"), force=force), "tiny", AT)
    assert Comparisons(query, "total_recorded_crime", "2021-05").rate == Rate(
        4.0, "population", 1000
    )
    south = Comparisons(query, "total_recorded_crime", "2021-05", "south")
    assert south.rate == Rate(8.0, "population", 500)
    households = Comparisons(query, "total_recorded_crime", "2021-05", "south", per="households")
    assert households.rate == Rate(16.0, "households", 250)
    unknown = Comparisons(query, "total_recorded_crime", "2021-05", "north-area")
    assert unknown.rate == Rate(
        None, "population", None, "the force's file has no population of north-area"
    )


@pytest.mark.parametrize(
    ("indicator", "period", "rate"),
    [
        ("attended_within_20min", "2021-05", Rate(None, None, None, "only a count has a rate")),
        (
            "incidents",
            "2021-05",
            Rate(None, None, None, "no rate per 1,000 people or households is declared for it"),
        ),
        (
            "total_recorded_crime",
            "2021-08",
            Rate(None, "population", 1000, "it is still to come"),
        ),
    ],
)
def test_without_a_rate_it_is_said_why(indicator: str, period: str, rate: Rate) -> None:
    found = beside(indicator=indicator, period=period)
    assert found.rate == rate
    assert compared(found.rate, "count") == rate.reason


def test_the_rank_among_the_areas_of_a_kind_is_by_rate() -> None:
    force, problems = check_force(RANKED, "tiny.toml")
    assert force is not None, problems
    records = [
        *crimes("2021-05", 4, area="south", offence="vehicle"),
        *crimes("2021-05", 3, area="north", offence="vehicle"),
    ]
    query = Query(monitored(*EDGES, *records, force=force), "tiny", AT)
    ranks = [
        Comparisons(query, "vehicle_offences", "2021-05", area).rank
        for area in ("north", "south", "north-area", "force")
    ]
    assert ranks == [
        Rank(1, 2, "districts", "highest first"),
        Rank(2, 2, "districts", "highest first"),
        Rank(None, 0, "policing areas", "highest first", ["north-area"]),
        None,
    ]


def test_where_less_is_better_the_lowest_is_first() -> None:
    force, problems = check_force(RANKED, "tiny.toml")
    assert force is not None, problems
    records = [*crimes("2021-05", 4, area="south"), *crimes("2021-05", 3, area="north")]
    query = Query(monitored(*EDGES, *records, force=force), "tiny", AT)
    south = Comparisons(query, "total_recorded_crime", "2021-05", "south").rank
    assert south == Rank(1, 2, "districts", "lowest first")


def test_the_rank_in_a_period_that_runs_is_of_the_days_that_are_over() -> None:
    found = beside(
        crime("a", "2021-06-02T12:00:00Z", area="north"),
        crime("b", "2021-06-08T12:00:00Z", area="south"),
        crime("c", "2021-06-08T12:00:00Z", area="south"),
        period="2021-06", area="north", at=ms("2021-06-08T15:00:00Z"), indicator="crimes.count",
    )  # fmt: skip
    assert found.rank == Rank(1, 2, "districts", "highest first")


def test_the_rank_among_the_similar_forces_that_are_here() -> None:
    own, other = (
        check_force(TINY_FORCE.replace('id = "tiny"', head), "tiny.toml")[0]
        for head in ('id = "tiny"\nmost_similar = ["other", "away"]', 'id = "other"')
    )
    assert own is not None
    assert other is not None
    watched = Monitor([own, other])
    for force in ("tiny", "other"):
        feed(watched, *({**each, "force": force} for each in EDGES))
    feed(watched, *({**each, "force": "other"} for each in crimes("2021-05", 3)))
    of = Comparisons(Query(watched, "tiny", AT), "total_recorded_crime", "2021-05")
    assert of.peers == Rank(1, 2, "most similar forces", "lowest first")
    assert Comparisons(Query(watched, "other", AT), "total_recorded_crime", "2021-05").peers is None


def test_a_force_that_was_heard_in_part_has_no_place_among_the_similar_ones() -> None:
    own, other, late = (
        check_force(TINY_FORCE.replace('id = "tiny"', head), "tiny.toml")[0]
        for head in (
            'id = "tiny"\nmost_similar = ["other", "late"]', 'id = "other"', 'id = "late"',
        )
    )  # fmt: skip
    assert own is not None
    assert other is not None
    assert late is not None
    watched = Monitor([own, other, late])
    for force in ("tiny", "other"):
        feed(watched, *({**each, "force": force} for each in EDGES))
    feed(watched, *({**each, "force": "other"} for each in crimes("2021-05", 3)))
    # The feed of this one began in the middle of the month.
    half = [crime("first", "2021-05-20T12:00:00Z"), crime("last", "2021-06-30T12:00:00Z")]
    feed(watched, *({**each, "force": "late"} for each in half))
    of = Comparisons(Query(watched, "tiny", AT), "total_recorded_crime", "2021-05")
    assert of.peers == Rank(1, 2, "most similar forces", "lowest first", ["late"])


@pytest.mark.parametrize(("number", "word"), [(100, "in line"), (106, "above"), (94, "below")])
def test_a_value_is_above_below_or_in_line_with_the_average(number: int, word: str) -> None:
    found = beside(
        *crimes("2021-05", number), *crimes("2021-04", 100), period="R1-2021-05", number=1
    )
    assert found.standing == Standing(word, "5 % of the average")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "word"), [(0, "in line"), (1, "in line"), (3, "in line"), (4, "above")]
)
def test_a_few_cases_are_above_their_average_only_beyond_chance(number: int, word: str) -> None:
    seven = [each for n in range(1, 8) for each in crimes(f"2020-{n + 4:02d}", 1)]
    found = beside(*crimes("2021-05", number), *seven, period="R1-2021-05")
    assert found.average.base == 7 / 12
    by = "the average, exact 95 % limits of a count"
    assert found.standing == Standing(word, by)  # type: ignore[arg-type]


def test_a_value_is_judged_by_its_chart_where_there_is_one() -> None:
    before = [
        each
        for month in ("2020-04", "2020-05", "2020-06", "2020-07", "2020-08", "2020-09", "2020-10",
                      "2020-11", "2020-12", "2021-01", "2021-02", "2021-03", "2021-04")
        for each in crimes(month, 10)
    ]  # fmt: skip
    assert beside(*before, *crimes("2021-05", 60)).standing == Standing("above", "chart")
    assert beside(*before, *crimes("2021-05", 10)).standing == Standing("in line", "chart")


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(2.5, 0, "3"), (-2.5, 0, "-3"), (0.285, 2, "0.29"), (1.005, 2, "1.01"), (12.449, 1, "12.4")],
)
def test_numbers_are_printed_with_halves_away_from_zero(
    value: float, places: int, text: str
) -> None:
    assert printed(value, places) == Decimal(text)


def test_the_comparisons_that_are_asked_for_stand_beside_a_figure() -> None:
    found = beside(*crimes("2021-05", 3, area="south"), area="south")
    every = Beside.of(found, COMPARISONS)
    assert {name: getattr(every, name) for name in COMPARISONS} == {
        name: getattr(found, name) for name in COMPARISONS
    }
    some = as_json(Beside.of(found, ["share", "rank"]))
    rank: dict[str, Any] = {"rank": None, "of": 0, "among": "districts", "order": "lowest first"}
    rank |= {"left_out": ["north", "south"], "too_few": [], "level_with": []}
    assert some == {"share": None, "rank": rank}


months = st.integers(0, 26)


@one_in(4)
@given(
    st.lists(st.tuples(months, st.sampled_from(["north", "south", None])), max_size=80),
    st.integers(13, 25),
    st.sampled_from(["force", "north-area", "south"]),
)
def test_comparisons_equal_those_of_the_boards_rows(
    drawn: list[tuple[int, str | None]], month: int, area: str
) -> None:
    labels = [f"{2019 + (n + 3) // 12}-{(n + 3) % 12 + 1:02d}" for n in range(27)]
    watched = monitored(
        *EDGES,
        *(
            crime(f"k{n}", f"{labels[at]}-15T12:00:00Z", area=of)
            for n, (at, of) in enumerate(sorted(drawn, key=lambda each: each[0]))
        ),
    )
    board = watched.board("tiny", AT, labels)

    def count(label: str) -> int:
        rows = board.periods[label].rows("crimes") or []
        return sum(each.count_of("count") or 0 for each in rows
                   if each.is_at(offence="all", area=area))  # fmt: skip

    found = Comparisons(Query(watched, "tiny", AT), "crimes.count", labels[month], area)
    now, before = count(labels[month]), count(labels[month - 1])
    assert (found.previous.value, found.previous.base) == (now, before)
    assert found.previous.change == now - before
    assert found.last_year.base == count(labels[month - 12])
    twelve = sum(map(count, labels[month - 12 : month]))
    assert found.average.base == twelve / 12
    assert found.rolling_12 is not None
    assert found.rolling_12.value == twelve - count(labels[month - 12]) + now
    begins = month - (month % 12)
    assert found.year_to_date.value == sum(map(count, labels[begins : month + 1]))
    assert found.year_to_date.base == sum(map(count, labels[begins - 12 : month - 11]))
