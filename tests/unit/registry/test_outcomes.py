"""Outcomes, by when they were decided and by when the crime was recorded."""

from __future__ import annotations

from typing import Any

import pytest

from streams.board.query import Query
from tests.build import crime, feed, monitor, ms

AT = ms("2021-07-01T12:00:00Z")


def decided(name: str, recorded: str, outcome: int, at: str, **more: Any) -> dict[str, Any]:
    return crime(name, recorded, outcome=outcome, outcome_at=at, **more)


@pytest.fixture(scope="module")
def query() -> Query:
    records = [
        crime("0", "2021-01-01T01:00:00Z"),
        decided("1", "2021-02-01T12:00:00Z", 1, "2021-02-03T12:00:00Z"),
        decided("2", "2021-02-02T12:00:00Z", 18, "2021-02-20T12:00:00Z"),
        decided("3", "2021-02-03T12:00:00Z", 14, "2021-05-03T12:00:00Z", victims=["a"]),
        decided("4", "2021-02-04T12:00:00Z", 16, "2021-05-04T12:00:00Z"),
        crime("5", "2021-02-05T12:00:00Z"),
        decided("6", "2021-02-06T12:00:00Z", 1, "2021-05-05T12:00:00Z", notifiable=False),
        decided("7", "2021-02-07T12:00:00Z", 1, "2021-05-05T12:00:00Z", cancelled=True),
        decided(
            "8",
            "2021-02-08T12:00:00Z",
            16,
            "2021-05-06",
            markers=["domestic_abuse"],
            updated_at="2021-05-06T15:00:00Z",
        ),
        crime("9", "2021-06-30T23:30:00Z"),
    ]
    watched = monitor()
    feed(watched, *sorted(records, key=lambda each: str(each["updated_at"])))
    return Query(watched, "tiny", AT)


@pytest.mark.parametrize(
    ("name", "period", "value"),
    [
        ("offences_outcomed", "2021-02", 2),
        ("offences_outcomed", "2021-05", 3),
        ("action_taken_outcomes", "2021-02", 1),
        ("investigation_complete_no_suspect_share", "2021-02", 0.5),
        ("outcomes_assigned_within_5_days", "2021-02", 0.5),
        ("outcomes_assigned_within_6_to_30_days", "2021-02", 0.5),
        ("outcomes_assigned_within_5_days", "2021-05", 0.0),
        ("outcome_14", "2021-05", 1),
        ("outcome_14_victim_linked", "2021-05", 1.0),
        ("outcome_16_no_victim", "2021-05", 2),
        ("outcome_16_victim_linked", "2021-Q2", 0.0),
        ("outcome_14_16_victim_linked", "2021-Q2", 1 / 3),
        ("domestic_abuse_outcome_16", "2021-05", 1),
        ("domestic_abuse_outcome_16_share", "2021-05", 1.0),
        ("time_to_assign_outcome", "2021-02", 10 * 86_400),
        ("time_to_assign_outcome", "2021-06", None),
    ],
)
def test_an_outcome_counts_when_it_was_decided(
    query: Query, name: str, period: str, value: float | None
) -> None:
    assert query.figure(name, period).value == value


def test_the_median_and_90th_percentile_of_the_time_to_an_outcome_are_within_a_hundredth(
    query: Query,
) -> None:
    median, p90 = (
        query.figure(f"time_to_assign_outcome_{name}", "2021-02").value
        for name in ("median", "p90")
    )
    assert median == pytest.approx(2 * 86_400, rel=0.01)
    assert p90 == pytest.approx(18 * 86_400, rel=0.01)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("outcome_rate", 5 / 6),
        ("action_taken_outcome_rate", 1 / 6),
        ("no_action_taken_outcome_rate", 3 / 6),
        ("results.without_outcome", 1),
        ("open_investigations", 5),
    ],
)
def test_of_the_crimes_recorded_in_a_period_it_is_known_how_many_have_an_outcome_so_far(
    query: Query, name: str, value: float
) -> None:
    assert query.figure(name, "2021-02").value == value


def test_the_mean_time_to_an_outcome_is_of_those_that_took_more_than_40_days_too(
    query: Query,
) -> None:
    days = (89 + 89 + 86 + 11 / 24) / 3
    assert query.figure("time_to_assign_outcome", "2021-05").value == pytest.approx(days * 86_400)


@pytest.fixture(scope="module")
def grouped() -> Query:
    """Outcomes of which the group is known, without a code, and those with a code."""
    month = {"outcome_at": "2021-03", "updated_at": "2021-03-31T22:59:59Z"}
    records = [
        crime("1", "2021-02-01T12:00:00Z", outcome_group="action_taken", **month),
        crime("2", "2021-02-01T12:00:00Z", outcome_group="no_action", **month),
        crime("3", "2021-02-01T12:00:00Z", outcome_group="no_action"),
        crime("4", "2021-02-01T12:00:00Z", outcome=1, outcome_group="no_action", **month),
        crime("5", "2021-02-01T12:00:00Z", outcome=18, outcome_group="action_taken", **month),
        crime("6", "2021-02-01T12:00:00Z", outcome=5, outcome_group="action_taken", **month),
        crime("7", "2021-02-01T12:00:00Z"),
        crime("8", "2021-05-01T12:00:00Z"),
    ]
    watched = monitor()
    feed(watched, *sorted(records, key=lambda each: str(each["updated_at"])))
    return Query(watched, "tiny", AT)


@pytest.mark.parametrize(
    ("name", "period", "value"),
    [
        ("results.with_outcome", "2021-02", 6),
        ("results.without_outcome", "2021-02", 1),
        ("results.with_dated_outcome", "2021-02", 5),
        ("action_taken_outcome_rate", "2021-02", 2 / 7),
        ("no_action_taken_outcome_rate", "2021-02", 3 / 7),
        ("offences_outcomed", "2021-03", 5),
        ("action_taken_outcomes", "2021-03", 2),
        ("outcomes.no_action", "2021-03", 2),
        ("outcome_18", "2021-03", 1),
        ("open_investigations", "2021-02", 6),
        ("open_investigations", "2021-03", 1),
    ],
)
def test_an_outcome_counts_in_its_group_and_a_code_says_which_before_a_group_does(
    grouped: Query, name: str, period: str, value: float
) -> None:
    assert grouped.figure(name, period).value == value


def test_an_outcome_dated_to_the_month_is_neither_early_nor_late(grouped: Query) -> None:
    seen = grouped.figure("outcomes_assigned_within_5_days", "2021-03")
    assert (seen.value, seen.known) == (None, False)
    assert seen.reason == "the feed of crimes has not carried outcome_at to the day"
