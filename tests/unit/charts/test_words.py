"""What a chart says: amounts, periods, one sentence, a table."""

from __future__ import annotations

import pytest

from streams.charts.model import ChartPoint, Level
from streams.charts.words import amount, limit, period_name, sentence, spot, table
from streams.config.measures import FigureUnit
from streams.periods import Grain
from tests.charts import chart, full, points, rates


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1021, "count", "1,021"),
        (364.4, "count", "364"),
        (2.5, "count", "2.5"),
        (0.8404, "ratio", "84.0 %"),
        (724, "seconds", "12 min 4 s"),
        (7.42, "seconds", "7.4 s"),
        (12.25, "days", "12.2 days"),
        (1500, "money", "1,500"),
    ],
)
def test_an_amount_has_its_unit(value: float, unit: FigureUnit, words: str) -> None:
    assert amount(value, unit) == words


def test_a_limit_is_told_apart_from_the_value_beyond_it() -> None:
    assert limit(1635.72, 1636, "count") == "1,635.72"
    assert limit(1600.2, 1636, "count") == "1,600"
    assert limit(0.87404, 0.8742, "ratio") == "87.404 %"


@pytest.mark.parametrize(
    ("grain", "first", "name"),
    [
        ("month", "2017-12-01", "December 2017"),
        ("quarter", "2017-10-01", "October to December 2017"),
        ("financial_year", "2017-04-01", "2017/18"),
        ("day", "2022-01-14", "14 January 2022"),
        ("hour", "2022-01-14T20:00", "20:00 to 21:00 on 14 January 2022"),
    ],
)
def test_a_period_has_a_name(grain: Grain, first: str, name: str) -> None:
    assert period_name(grain, points([1], first, grain)[0]) == name


def test_the_sentence_says_the_last_value_and_what_stands_out() -> None:
    assert sentence(full()) == (
        "Burglaries of homes, Northshire, by month, from December 2024 to November 2026: 402 in "
        "October 2026, average 394, limits 354 to 434; exceptional: May 2025 (312, below), June "
        "2026 (455, above); 1 month not known."
    )


def test_the_sentence_says_where_a_value_beyond_its_limits_lies() -> None:
    level = Level(first=0, last=1, centre=10, lower=4, upper=16)
    said = sentence(chart([10, 20], levels=(level,)))
    assert said.endswith(": 20 in January 2025, above the upper limit of 16; none is exceptional.")


def test_a_chart_of_quarters_says_its_first_month_and_its_last() -> None:
    assert "from January 2024 to December 2025: 94.4 % in October to December 2025" in sentence(
        rates()
    )


def test_a_point_says_all_that_is_known_of_it() -> None:
    assert spot(full(), 18) == (
        "June 2026: 455. Average 394, limits 354 to 434. Expected 376 to 426. A year before 384. "
        "Target at most 370. Exceptional: above 434. Burglaries: 455 in June."
    )
    assert spot(full(), 23).endswith("Target at most 370. Not over yet.")
    assert spot(rates(), 0) == (
        "January to March 2024: 912 of 1,000 (91.2 %). Target at least 90.0 %."
    )


def test_the_table_has_the_newest_first_and_only_columns_with_something() -> None:
    headings, rows = table(chart([5, None]))
    assert headings == ["Month", "Value"]
    assert rows == [["January 2025", "not known"], ["December 2024", "5"]]


def test_the_table_says_why_a_value_is_missing_and_levels_moved() -> None:
    headings, rows = table(full())
    assert headings == [
        "Month", "Value", "Average", "Limits", "Expected", "A year before", "Target", "Stands out",
        "Notes",
    ]  # fmt: skip
    by_month = {row[0]: row for row in rows}
    assert by_month["February 2026"][-1] == "the feed was silent"
    assert by_month["August 2025"][-1] == "Average 364 to 394; New recording system"
    assert by_month["November 2026"][-1] == "not over yet"
    assert by_month["June 2026"][1:4] == ["455", "394", "354 to 434"]


def test_shares_have_their_cases_in_the_table() -> None:
    headings, rows = table(rates())
    assert headings[:3] == ["Quarter", "Value", "Cases"]
    assert rows[-1][:3] == ["January to March 2024", "91.2 %", "912 of 1,000"]
    assert rows[4][1] == "not known"


def test_the_names_of_months_do_not_follow_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    point = points([1], "2017-05-01")[0]
    assert isinstance(point, ChartPoint)
    assert period_name("month", point) == "May 2017"
