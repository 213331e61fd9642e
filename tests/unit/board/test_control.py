"""The control chart of an indicator: flags, runs, re-bases and words, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.charts.limits import mean_sd
from detectors.charts.rebase import Rebasing, rebases
from streams.board.control import ControlPoint, Lines, Moved, chart, judge
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import find_force
from streams.errors import QueryError
from streams.periods import Calendar, Grain, rfc3339
from streams.registry.charting import QUARTERS, SHARES, ChartPolicy
from tests.build import crime, feed, lines, monitor, ms, tiny_force

LONDON = Calendar(tiny_force().zone)
MONTHS = ChartPolicy()


def points(
    values: Sequence[float | None],
    first: str = "2016-04",
    grain: Grain = "month",
    sizes: Sequence[int] | None = None,
) -> list[ControlPoint]:
    """Periods in a row, the first by its label."""
    found, at = [], LONDON.parse(first)
    for place, value in enumerate(values):
        size = None if sizes is None else sizes[place]
        found.append(
            ControlPoint(at.label, at.start, at.end, value, size, complete=value is not None)
        )
        at = LONDON.holding(grain, at.end)
    return found


STEADY = [360.0, 368.0] * 6
"""Twelve months with a mean of 364."""
HIGHER = [390.0, 398.0] * 4
"""Eight above that, with a mean of 394."""


def test_after_eight_months_above_it_the_average_rises_to_theirs() -> None:
    made = points([*STEADY, *HIGHER, 500])
    judge(made, MONTHS, [])
    assert [each.label for each in made if each.moved] == ["2017-11"]
    assert made[19].moved == Moved(364, 394, 8, "2017-04")
    assert (made[19].centre, made[20].centre) == (364, 394)
    assert [each.run for each in made[11:]] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 1]
    assert made[20].flag == "above"


def test_after_seven_it_stays() -> None:
    made = points([*STEADY, *HIGHER[:7], 364])
    judge(made, MONTHS, [])
    assert not any(each.moved for each in made)
    assert [each.run for each in made[-2:]] == [7, 0]


def test_the_first_months_make_the_limits_and_are_not_judged() -> None:
    made = points([*STEADY, 364])
    judge(made, MONTHS, [])
    assert [each.centre for each in made[:12]] == [None] * 12
    lines = mean_sd(STEADY).limits(2)
    assert (made[12].centre, made[12].lower, made[12].upper) == tuple(lines)


def test_a_flag_stays_with_its_month_when_the_average_moves() -> None:
    made = points([*STEADY, *HIGHER])
    judge(made, MONTHS, [])
    alone = points([*STEADY, *HIGHER[:1]])
    judge(alone, MONTHS, [])
    assert made[12].flag == alone[12].flag == "above"
    assert made[12].upper == alone[12].upper


def test_limits_of_the_year_before_are_those_that_west_mercia_published() -> None:
    """Anti-social behaviour, quarters of 2019/20: limits of 2020/21 are 12,433 and 6,997."""
    made = points([10_291, 11_337, 8_330, 8_902, 12_000, 13_004], "2019-Q2", "quarter")
    after = judge(made, QUARTERS, [])
    assert [each.upper for each in made[:4]] == [None] * 4
    second = made[5]
    assert second.label == "2020-Q3"
    assert [round(line or 0) for line in (second.upper, second.lower)] == [12_433, 6_997]
    assert (second.flag, made[4].flag) == ("above", None)
    assert after is not None
    assert round(after.upper) == 12_433


def test_the_next_point_after_a_financial_year_is_judged_by_that_year() -> None:
    made = points([100, 10, 20, 30, 40, 50, 60, 70, 80], "2018-Q1", "quarter")
    after = judge(made, QUARTERS, [])
    assert after is not None
    assert after.centre == 65


def test_no_limit_of_a_count_is_below_nought() -> None:
    made = chart(asked([0, 1, 0, 2, 0, 0, 1, 0, 3, 0, 0, 1, 1]), "total_recorded_crime")
    assert made.lower == 0


def test_a_year_with_a_quarter_missing_makes_no_limits() -> None:
    made = points([10_291, None, 8_330, 8_902, 12_000], "2019-Q2", "quarter")
    assert judge(made, QUARTERS, []) is None
    assert made[4].centre is None


def test_a_missing_month_ends_a_run() -> None:
    made = points([*STEADY, 390, None, 398])
    judge(made, MONTHS, [])
    assert [each.run for each in made[12:]] == [1, 0, 1]
    assert made[13].centre is None


def test_eight_months_with_one_missing_among_them_move_no_average() -> None:
    made = points([*STEADY, *HIGHER[:4], None, *HIGHER[:7]])
    judge(made, MONTHS, [])
    assert not any(each.moved for each in made)
    made = points([*STEADY, *HIGHER[:4], None, *HIGHER])
    judge(made, MONTHS, [])
    assert made[-1].moved == Moved(364, 394, 8, since="2017-09")


def test_limits_of_a_small_count_are_no_narrower_than_chance() -> None:
    seven_a_year = [1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0]
    made = points([*seven_a_year, 1, 2, 3, 4])
    judge(made, MONTHS, [], counts=True)
    assert [each.flag for each in made[12:]] == [None, None, None, "above"]
    none = points([*[0.0] * 12, 1, 2])
    judge(none, MONTHS, [], counts=True)
    assert [each.flag for each in none[12:]] == [None, "above"]


def test_limits_of_a_count_that_is_not_small_are_those_of_the_rule() -> None:
    # The robberies of businesses of which West Mercia published limits of 11 and 19.
    quarters = [16.0, 17.0, 14.0, 13.0, 8.0]
    made, other = (points(quarters, "2019-Q2", "quarter") for _ in range(2))
    judge(made, QUARTERS, [], counts=True)
    judge(other, QUARTERS, [])
    assert made == other
    assert made[-1].flag == "below"


def test_a_month_that_is_not_over_is_not_judged() -> None:
    made = points([*STEADY, 900])
    made[12].complete = False
    judge(made, MONTHS, [])
    assert (made[12].value, made[12].flag, made[12].centre) == (900, None, None)


def test_a_change_of_recording_begins_the_chart_anew() -> None:
    made = points([*STEADY, 364, 90, *[100, 104] * 6, 102])
    judge(made, MONTHS, [made[14].start])
    assert made[13].flag == "below"
    assert [each.centre for each in made[14:26]] == [None] * 12
    assert (made[26].centre, made[26].flag) == (102, None)


def test_a_point_says_how_many_times_in_a_row_it_rose_or_fell() -> None:
    made = points([10, 12, 13, None, 14, 14, 9, 8])
    judge(made, MONTHS, [])
    assert [each.rises for each in made] == [0, 1, 2, 0, 0, 0, -1, -2]


def test_a_share_is_judged_by_how_many_it_is_of() -> None:
    sizes = [400] * 12 + [25, 400]
    made = points([0.8, 0.84] * 6 + [0.7, 0.7], sizes=sizes)
    judge(made, SHARES, [])
    assert (made[12].flag, made[13].flag) == (None, "below")
    assert made[12].lower is not None
    assert made[13].lower is not None
    assert made[12].lower < made[13].lower


VALUES = st.lists(st.none() | st.integers(0, 40).map(float), min_size=1, max_size=60)


@given(VALUES)
def test_the_average_moves_as_the_rule_by_itself_says(values: list[float | None]) -> None:
    made = points(values)
    judge(made, MONTHS, [])
    rule = Rebasing(8, gaps="end")
    expected = [(each.at, each.old, each.new) for each in rebases(values, rule, baseline=12)]
    found = [(n, p.moved.old, p.moved.new) for n, p in enumerate(made) if p.moved is not None]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other)
    for n, point in enumerate(made):
        if point.moved is not None:
            seen = [each for each in made[: n + 1] if each.value is not None][-8:]
            assert point.moved.since == seen[0].label


@given(VALUES, st.integers(0, 60))
def test_what_comes_later_changes_no_point(values: list[float | None], cut: int) -> None:
    made, part = points(values), points(values[:cut])
    judge(made, MONTHS, [])
    judge(part, MONTHS, [])
    assert made[:cut] == part


# -- of a monitor ----------------------------------------------------------------------------------


def months(counts: Sequence[int], first: str = "2020-01") -> list[dict[str, Any]]:
    """So many crimes a month, known to the month."""
    found: list[dict[str, Any]] = []
    for point, count in zip(points([0] * len(counts), first), counts, strict=True):
        over = rfc3339(point.end - 1000)
        found += [crime(f"{point.label} {n}", point.label, updated_at=over) for n in range(count)]
    return found


def asked(counts: Sequence[int], at: str = "2023-01-01T00:00:00Z") -> Query:
    watched = monitor()
    feed(watched, *months(counts))
    return Query(watched, "tiny", ms(at))


def test_a_chart_says_how_the_last_month_stands_and_when_its_average_moved() -> None:
    counts = [*[29, 31] * 6, *[34, 36] * 4, 50]
    made = chart(asked(counts), "total_recorded_crime", within="2021-Q3")
    assert [each.label for each in made.points] == ["2021-07", "2021-08", "2021-09"]
    assert made.words[:2] == [
        "After 8 months above it, the monthly average rose from 30 to 35 in August 2021.",
        (
            "Total recorded crime, Tiny Police: 50 in September 2021, above the upper limit of 37: "
            "exceptional."
        ),
    ]


def test_an_average_that_months_moved_which_have_as_many_each_year_may_be_the_season() -> None:
    year = [*[30, 32] * 2, *[39, 41] * 4]
    made = chart(asked([*year, *year], "2022-01-01T00:00:00Z"), "total_recorded_crime")
    assert made.words[:2] == [
        "After 8 months above it, the monthly average rose from 37 to 40 in December 2021.",
        "This may be the season: the same months a year before had 40 on average, these 40.",
    ]


def test_a_run_that_will_move_the_average_says_so() -> None:
    query = asked([*[29, 31] * 6, *[31] * 7], "2021-08-01T00:00:00Z")
    made = chart(query, "total_recorded_crime")
    assert made.words == [
        "Total recorded crime, Tiny Police: 31 in July 2021, within the limits of 28 and 32.",
        "7th consecutive month above the average of 30; one more, and the average moves.",
    ]


def test_while_nothing_is_judged_the_chart_says_what_it_needs() -> None:
    made = chart(asked([9, 11], "2020-03-01T00:00:00Z"), "total_recorded_crime", area="north")
    assert made.area == "north"
    (said,) = made.words
    assert said == (
        "Nothing is judged yet: it takes 12 months that are over and known, and judges those after."
    )


def test_before_any_record_a_chart_has_no_point() -> None:
    assert chart(Query(monitor(), "tiny", 0), "incidents").points == []


def test_an_indicator_is_charted_by_the_grains_that_it_has() -> None:
    with pytest.raises(QueryError, match="charted by month or quarter, not by hour"):
        chart(asked([1]), "total_recorded_crime", "hour")


def test_a_change_that_the_forces_file_dates_begins_its_chart_anew() -> None:
    """Warwickshire's markers after the move to another system, October 2017."""
    force = find_force("warwickshire")
    watched = Monitor([force])
    made = points([0] * 16, "2016-10")
    records = [
        crime(f"{each.label} {n}", each.label, force="warwickshire", markers=["cyber"],
              updated_at="2018-01-31T12:00:00Z", offence="shoplifting")
        for each in made
        for n in range(20 if each.label < "2017-10" else 6)
    ]  # fmt: skip
    assert not watched.ingest(lines(records), ms("2030-01-01T00:00:00Z"))
    query = Query(watched, "warwickshire", ms("2018-02-01T00:00:00Z"))
    cyber, total = (chart(query, name) for name in ("cyber", "total_recorded_crime"))
    assert [each.flag for each in total.points if each.centre is not None] == ["below"] * 3 + [
        "below"
    ]
    assert not any(each.centre for each in cyber.points)
    assert cyber.centre is None


def test_lines_of_the_next_point_are_those_after_the_last() -> None:
    made = points(STEADY)
    assert judge(made, MONTHS, []) == Lines(*mean_sd(STEADY).limits(2))
