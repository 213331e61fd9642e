"""Nothing is compared across a restart of the force's file, or a changed boundary of an area."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from streams.board.answers import Page
from streams.board.breaks import breaks
from streams.board.compare import Comparisons
from streams.board.control import chart
from streams.board.drivers import NOT_COMPARABLE
from streams.board.flags import FlagPage, MonthlyFlags
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import Force, check_force
from streams.outputs.figures_shown import compared
from tests.build import TINY_FORCE, crime, feed, ms

MONTHS = [f"{year}-{month:02}" for year in (2019, 2020, 2021) for month in range(1, 13)]
BOUNDARY = TINY_FORCE.replace('id = "south"\n', 'id = "south"\nboundary_changes = [2021-10-01]\n')
RESTART = f"""{TINY_FORCE}
[[changes]]
date = 2021-10-01
kind = "recording"
what = "Counted otherwise"
effect = "restart"
affects = ["vehicle"]
"""
TARGET = """
[[targets]]
indicator = "vehicle_offences"
since = 2019-04-01
of = "change"
at_most = -0.1
"""
MOVED = "not comparable with before 1 October 2021"
RESTARTED = f"{MOVED}: Counted otherwise"


def force(text: str) -> Force:
    found, problems = check_force(text, "tiny.toml")
    assert found is not None, problems
    return found


@cache
def asked(text: str) -> Query:
    """Vehicle crimes by area and month: from October 2021 on some of south's are counted in north,
    and more of them in all."""
    found: list[dict[str, Any]] = [crime("first", "2018-12-31T12:00:00Z", offence="vehicle")]
    for place, label in enumerate(MONTHS):
        wobble = (0, 2, -1, 1, -2)[place % 5]
        for area, before, since in (("north", 20, 60), ("south", 60, 30)):
            number = (before if label < "2021-10" else since) + wobble
            found += [
                crime(f"{label} {area} {n}", f"{label}-{n % 27 + 1:02}T12:00:00Z",
                      area=area, offence="vehicle")
                for n in range(number)
            ]  # fmt: skip
    watched = Monitor([force(text)])
    watched.play_history(True)
    feed(watched, *found, crime("last", "2022-01-02T12:00:00Z", offence="vehicle"))
    return Query(watched, "tiny", ms("2022-01-03T00:00:00Z"))


def beside(text: str, period: str, area: str) -> Comparisons:
    return Comparisons(asked(text), "vehicle_offences", period, area)


def flagged(text: str, period: str) -> FlagPage:
    return MonthlyFlags(asked(text), period, 0.1).page(Page(0, 100))


BROKEN = [(BOUNDARY, "south", MOVED), (RESTART, "south", RESTARTED), (RESTART, "force", RESTARTED)]


def test_breaks_are_those_of_the_area_and_of_the_indicator() -> None:
    for text, area, reason in BROKEN:
        query = asked(text)
        (found,) = breaks(query, query.indicator("vehicle_offences"), area)
        assert found == (ms("2021-10-01T00:00:00+01:00"), reason, text is BOUNDARY)
    assert breaks(asked(BOUNDARY), asked(BOUNDARY).indicator("vehicle_offences"), "north") == []
    assert breaks(asked(RESTART), asked(RESTART).indicator("domestic_burglary"), "south") == []


@pytest.mark.parametrize(("text", "area", "reason"), BROKEN)
def test_a_comparison_across_a_break_says_so_and_nothing_is_judged_by_it(
    text: str, area: str, reason: str
) -> None:
    found = beside(text, "2021-10", area)
    for change in (found.previous, found.last_year, found.average, found.year_to_date):
        assert change.base is not None
        assert change.reason == reason
        assert compared(change, "count") == reason
    assert (found.standing.word, found.standing.by) == (None, reason)
    assert found.as_last_year.word is None
    assert found.drivers is None
    assert (found.trend.word, found.trend.reason) == (None, reason)
    assert compared(found.trend, "count") == reason
    assert found.share_change is not None
    assert found.share_change.reason == reason


def test_across_a_dated_change_the_difference_stands_as_reports_print_it() -> None:
    found = beside(RESTART, "2021-10", "south").previous
    assert found.change is not None
    assert found.percent is not None
    moved = beside(BOUNDARY, "2021-10", "south")
    assert (moved.previous.change, moved.previous.percent) == (None, None)
    assert moved.share_change is not None
    assert moved.share_change.change is None


@pytest.mark.parametrize(("text", "area", "reason"), BROKEN)
def test_periods_on_the_same_side_of_a_break_are_compared(
    text: str, area: str, reason: str
) -> None:
    for period in ("2021-09", "2021-12"):
        found = beside(text, period, area)
        assert found.previous.change is not None
        assert found.drivers is not None
        assert found.drivers.change == found.previous.change
    before = beside(text, "2021-09", area)
    assert before.standing.word is not None
    assert before.as_last_year.word is not None
    assert before.trend.reason.startswith("a trend can't be seen apart from a season in 33 months")
    assert before.month_by_month is not None
    assert (before.month_by_month.of, before.month_by_month.reason) == (11, "")


def test_a_target_of_a_change_is_neither_met_nor_missed_across_a_break() -> None:
    found = beside(BOUNDARY + TARGET, "2021-12", "south").target
    assert found is not None
    assert (found.value, found.met) == (None, None)
    other = beside(BOUNDARY + TARGET, "2021-09", "south").target
    assert other is not None
    assert other.met is not None


def test_an_area_whose_boundary_moved_is_apart_from_what_moved_the_force() -> None:
    found = beside(BOUNDARY, "2021-10", "force").drivers
    assert found is not None
    assert list(found.areas) == ["north-area", NOT_COMPARABLE]
    assert sum(found.areas.values()) == found.change


def test_the_monthly_list_has_no_area_whose_boundary_moved() -> None:
    assert {row.area for row in flagged(TINY_FORCE, "2021-10").rows} >= {"south", "north"}
    for period in ("2021-10", "2021-12"):
        page = flagged(BOUNDARY, period)
        assert "south" not in {row.area for row in page.rows}
        assert page.too_short > flagged(TINY_FORCE, period).too_short


@pytest.mark.parametrize(("text", "area", "reason"), BROKEN)
def test_a_chart_begins_anew_at_a_break(text: str, area: str, reason: str) -> None:
    made = chart(asked(text), "vehicle_offences", "month", None, area)
    judged = {point.label: point.centre is not None for point in made.points}
    assert (judged["2021-09"], judged["2021-10"]) == (True, False)
