"""The chart of an indicator: what it takes from the board, and in which periods."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache

import pytest

from streams.alerts.model import Alert, Evidence
from streams.board.query import Query
from streams.charts.indicator import indicator_chart, is_about, recent_chart
from streams.charts.model import Earlier, Range
from streams.charts.words import sentence
from streams.config.force import Force, check_force
from streams.errors import QueryError
from streams.periods import rfc3339
from tests.build import FAR_FUTURE, TINY_FORCE, call, crime, feed, lines, monitor, ms, tiny_force
from tests.surveillance import after, hours, play, watched

MOVED = (*[29, 31] * 6, *[34, 36] * 4, 50)
"""Crimes a month: the average moves from 30 to 35 with the 20th, and the last is exceptional."""
CHANGED = """
[[changes]]
date = 2020-10-01
kind = "recording"
what = "Counted otherwise"
effect = "restart"
affects = ["crimes"]

[[targets]]
indicator = "total_recorded_crime"
since = 2020-03-01
at_most = 33
"""


def crimes(counts: Sequence[int]) -> list[dict[str, object]]:
    """So many of each month from January 2020."""
    found = []
    for month, count in enumerate(counts):
        year, of_year = divmod(month, 12)
        days = (1, 28 if of_year == 1 else 30, *[10] * count)[:count]
        found += [
            crime(
                f"m{month}n{n}",
                f"{2020 + year}-{of_year + 1:02d}-{day:02d}T12:00:00Z",
                area="north",
            )
            for n, day in enumerate(days)
        ]
    return found


def asked(
    counts: Sequence[int], at: str = "2021-10-01T00:00:00+01:00", force: Force | None = None
) -> Query:
    watched = monitor(force or tiny_force())
    feed(watched, *crimes(counts))
    return Query(watched, "tiny", ms(at))


@cache
def moved() -> Query:
    return asked(MOVED)


def test_a_chart_has_the_levels_of_its_control_chart_and_says_why_they_moved() -> None:
    made = indicator_chart(moved(), "total_recorded_crime")
    assert made.title == "Total recorded crime, Tiny Police"
    assert [each.label for each in made.points][:2] == ["2020-01", "2020-02"]
    assert len(made.points) == 21
    assert [(each.first, each.last, each.centre, each.why) for each in made.levels] == [
        (12, 19, 30, ""),
        (20, 20, 35, "Average 30 to 35"),
    ]
    assert made.rule.startswith("Mean of the first 12 months, and 2 standard deviations")


def test_flags_are_points_beyond_their_limits_and_the_run_that_moved_the_average() -> None:
    made = indicator_chart(moved(), "total_recorded_crime")
    run = [each for each in made.flags if each.rule == "run"]
    assert [(each.first, each.last, each.side) for each in run] == [(12, 19, "above")]
    assert run[0].words == "one of 8 months in a row above the average of 30"
    (last,) = (each for each in made.flags if each.first == 20)
    assert (last.rule, last.side) == ("limit", "above")
    assert last.words.startswith("exceptional: above the upper limit of 37")


def test_the_same_a_year_before_stands_beside_each_point() -> None:
    made = indicator_chart(moved(), "total_recorded_crime")
    (before,) = made.earlier
    assert before.when == "a year before"
    assert before.values[:12] == (None,) * 12
    assert before.values[12:14] == (29, 31)


def test_a_flag_stays_with_its_month_whatever_part_is_shown() -> None:
    made = indicator_chart(moved(), "total_recorded_crime", within="2021-06..2021-09")
    assert [each.label for each in made.points] == ["2021-06", "2021-07", "2021-08", "2021-09"]
    assert [(each.first, each.last) for each in made.levels] == [(0, 2), (3, 3)]
    assert [(each.first, each.last, each.rule) for each in made.flags] == [
        (0, 0, "limit"),
        (1, 1, "limit"),
        (2, 2, "limit"),
        (0, 2, "run"),
        (3, 3, "limit"),
    ]


def test_the_period_that_runs_is_the_last_and_is_not_judged() -> None:
    made = indicator_chart(asked(MOVED, "2021-09-20T00:00:00Z"), "total_recorded_crime")
    *whole, last = made.points
    assert (last.label, last.value, last.running) == ("2021-09", 49, True)
    assert not any(each.running for each in whole)
    assert made.level(20) is None
    assert "50 in September" not in sentence(made)


def test_a_month_that_is_not_known_has_no_value_and_says_why() -> None:
    made = indicator_chart(moved(), "domestic_abuse", within="2021-09")
    (point,) = made.points
    assert point.value is None
    assert point.missing.startswith("the feed of crimes has not carried markers")


def test_a_share_of_nothing_has_no_value() -> None:
    watched = monitor()
    feed(watched, call(answered_at="2021-03-01T10:00:05Z"), crime("k", "2021-05-01T00:00:00Z"))
    feed(watched, call("c2", "2021-05-01T10:00:00Z", answered_at="2021-05-01T10:00:05Z"))
    query = Query(watched, "tiny", ms("2021-06-01T00:00:00+01:00"))
    made = indicator_chart(query, "calls.service_level{line=999}")
    assert [(each.value, each.missing) for each in made.points] == [
        (1.0, ""),
        (None, "no cases"),
        (1.0, ""),
    ]
    assert made.points[0].cases == (1, 1)
    assert [(each.value, each.bound) for each in made.targets] == [(0.9, "at least")]


@pytest.mark.parametrize("grain", ["hour", "day", "financial_year"])
def test_a_grain_without_a_control_chart_has_its_values_and_says_so(grain: str) -> None:
    query = moved()
    within = None if grain == "financial_year" else "2021-09-10"
    made = indicator_chart(query, "total_recorded_crime", grain, within)  # type: ignore[arg-type]
    assert made.levels == ()
    assert f"No limits: total_recorded_crime is charted by month or quarter, not by {grain}" in (
        made.rule
    )
    assert max(each.value or 0 for each in made.points) >= 48


def test_a_day_has_its_own_points_and_zeroes_that_were_counted() -> None:
    made = indicator_chart(moved(), "total_recorded_crime", "day", "2021-09-08..2021-09-10")
    assert [each.value for each in made.points] == [0, 0, 48]


def test_a_change_of_recording_is_marked_and_a_target_is_a_bound() -> None:
    force, problems = check_force(TINY_FORCE + CHANGED, "tiny.toml")
    assert force is not None, problems
    made = indicator_chart(asked(MOVED, force=force), "total_recorded_crime")
    (mark,) = made.marks
    assert (mark.kind, mark.at.date()) == ("change", dt.date(2020, 10, 1))
    assert mark.words == "not comparable with before 1 October 2020: Counted otherwise"
    (target,) = made.targets
    assert (target.first, target.last, target.value, target.bound) == (2, 20, 33, "at most")


def test_an_area_has_its_own_chart() -> None:
    query = moved()
    north = indicator_chart(query, "total_recorded_crime", area="north")
    south = indicator_chart(query, "total_recorded_crime", area="south")
    assert north.title == "Total recorded crime, North"
    assert [each.value for each in south.points] == [0] * 21
    assert [each.value for each in north.points] == list(MOVED)


def test_more_periods_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(QueryError, match="more than 1,000 periods by hour: ask for a shorter"):
        indicator_chart(moved(), "total_recorded_crime", "hour")


def test_a_feed_without_records_is_a_chart_without_points() -> None:
    query = Query(monitor(), "tiny", ms("2021-10-01T00:00:00Z"))
    made = indicator_chart(query, "total_recorded_crime")
    assert made.points == ()
    assert sentence(made).endswith("nothing is known.")


def alert(**fields: object) -> Alert:
    """An alert about crimes of the north in June 2021."""
    began = dt.datetime(2021, 6, 3, 12, tzinfo=dt.UTC)
    held: dict[str, object] = {
        "id": "tiny/1",
        "force": "tiny",
        "kind": "exceptional_volume",
        "severity": "notice",
        "group": "crimes",
        "measure": "count",
        "row": {"offence": "burglary.residential"},
        "area": "north",
        "area_name": "North",
        "title": "Burglary, North",
        "grain": "day",
        "opened_at": began,
        "updated_at": began,
        "words": "Burglary, North: 9 on Thursday. Nobody has this yet.",
        "said": ("Burglary, North: 9 on Thursday.",),
        "evidence": Evidence(),
    }
    return Alert(**{**held, **fields})  # type: ignore[arg-type]


def test_alerts_are_marked_at_the_time_from_which_they_are() -> None:
    onset = dt.datetime(2021, 5, 30, tzinfo=dt.UTC)
    made = indicator_chart(moved(), "total_recorded_crime", alerts=[alert(onset=onset)])
    (mark,) = made.marks
    assert (mark.kind, mark.at, mark.link) == ("alert", onset, "tiny/1")
    assert mark.words == "Burglary, North: 9 on Thursday."
    later = alert(opened_at=dt.datetime(2022, 1, 1, tzinfo=dt.UTC))
    assert indicator_chart(moved(), "total_recorded_crime", alerts=[later]).marks == ()


@pytest.mark.parametrize(
    ("name", "area", "fields", "found"),
    [
        ("crimes.count", "north", {}, True),
        ("crimes.count{offence=burglary}", "north", {}, True),
        ("crimes.count{offence=vehicle}", "north", {}, False),
        ("crimes.count", "force", {}, False),
        ("crimes.count", "force", {"area": "force"}, True),
        ("crimes.count{offence=burglary}", "north", {"row": {}}, False),
        ("incidents.count", "north", {}, False),
        (
            "calls.offered{line=999}",
            "north",
            {"group": "calls", "measure": "oldest_waiting", "grain": "now", "row": {"line": "999"}},
            True,
        ),
    ],
)
def test_an_alert_is_about_what_an_indicator_counts(
    name: str, area: str, fields: dict[str, object], found: bool
) -> None:
    query = moved()
    assert is_about(alert(**fields), query, query.indicator(name), area) is found


def test_an_hour_has_what_is_usual_of_it_as_it_is_learned_now() -> None:
    target = watched()
    play(target, hours(35 * 24))
    query = Query(target, "tiny", after(35 * 24))
    made = indicator_chart(query, "incidents.count", "hour", "2021-04-04T11..2021-04-04T12")
    assert len(made.expected) == 2
    last = made.expected[-1]
    assert last is not None
    assert 0 <= last.lower < 4 < last.upper < 10
    before = indicator_chart(query, "incidents.count", "hour", "2021-03-02")
    assert before.expected == ()


def test_the_last_whole_hours_stand_beside_those_of_the_week_before() -> None:
    target = watched()
    play(target, hours(35 * 24))
    made = recent_chart(Query(target, "tiny", after(35 * 24) + 20 * 60_000), "incidents.count", 3)
    assert [each.label for each in made.points] == [
        "2021-04-04T22+01:00",
        "2021-04-04T23+01:00",
        "2021-04-05T00+01:00",
    ]
    assert [each.running for each in made.points] == [False, False, False]
    week = indicator_chart(
        Query(target, "tiny", after(35 * 24)),
        "incidents.count",
        "hour",
        "2021-03-28T22..2021-03-29T00",
    )
    assert made.earlier == (Earlier("a week before", tuple(each.value for each in week.points)),)
    assert len(made.expected) == 3


def test_an_hour_of_a_share_has_what_is_usual_of_so_many_cases() -> None:
    target, events = watched(), []
    for hour in range(14 * 24):
        for number in range(10):
            at = after(hour) + number * 60_000
            events.append(
                call(
                    f"{hour}/{number}",
                    rfc3339(at),
                    answered_at=rfc3339(at + (20_000 if number == hour % 10 else 5_000)),
                )
            )
    assert not target.ingest(lines(events), FAR_FUTURE)
    query = Query(target, "tiny", after(14 * 24))
    made = indicator_chart(query, "answered_999_within_10s", "hour", "2021-03-14T11..2021-03-14T12")
    assert [each.value for each in made.points] == [0.9, 0.9]
    assert len(made.expected) == 2
    for each in made.expected:
        assert each is not None
        assert 0.6 <= each.lower < 0.9 < each.upper <= 1


def test_what_was_usual_of_the_period_of_an_alert_is_shown() -> None:
    zone = tiny_force().zone
    began = dt.datetime(2021, 9, 10, tzinfo=zone)
    usual = Evidence(
        lower=28,
        upper=42,
        start=dt.datetime(2021, 9, 1, tzinfo=zone),
        end=dt.datetime(2021, 10, 1, tzinfo=zone),
    )
    told = alert(row={}, area="force", grain="month", opened_at=began, evidence=usual)
    made = indicator_chart(moved(), "crimes.count", within="2021-08..2021-09", alerts=[told])
    assert made.expected == (None, Range(28, 42))
