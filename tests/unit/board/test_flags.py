"""The monthly list: what stands out in a month that is over, by how much, and of how many."""

from __future__ import annotations

from functools import cache

import pytest

from detectors.counts.month_ahead import middle_scatter, month_ahead, scatter
from streams.board.answers import Page
from streams.board.flags import FlagPage, FlagRow, MonthlyFlags
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import Force, check_force
from streams.errors import QueryError
from tests.build import TINY_FORCE, crime, feed, tiny_force

MONTHS = [*(f"2020-{month:02}" for month in range(5, 13)), "2021-01", "2021-02", "2021-03",
          "2021-04"]  # fmt: skip
MAY = "2021-05"
USUAL = {("vehicle", "north"): 20, ("vehicle", "south"): 30, ("burglary.residential", "south"): 15}
Counts = dict[tuple[str, str], int]


def month(label: str, counts: Counts) -> list[dict[str, str]]:
    """So many crimes of an offence in an area, on all days but the last."""
    return [
        crime(f"{label}-{offence}-{area}-{n}", f"{label}-{7 * n % 27 + 1:02}T12:00:00Z",
              area=area, offence=offence)
        for (offence, area), number in counts.items()
        for n in range(number)
    ]  # fmt: skip


def wobbled(counts: Counts, place: int) -> Counts:
    """A month that scatters as counts do."""
    off = (0, 4, -3, 2, -5, 3)[place % 6]
    return {of: number + off for of, number in counts.items()}


def played(last: Counts, force: Force | None = None) -> Query:
    watched = Monitor([force or tiny_force()])
    watched.play_history(True)
    records = [crime("first", "2019-12-15T12:00:00Z", offence="vehicle", area="south")]
    for place, label in enumerate(MONTHS):
        records += month(label, wobbled(USUAL, place))
    records += month(MAY, last)
    records.append(crime("last", "2021-06-01T12:00:00Z", offence="vehicle", area="south"))
    feed(watched, *records)
    return Query(watched, "tiny")


def listed(query: Query, label: str = MAY, rate: float | None = None) -> FlagPage:
    return MonthlyFlags(query, label, rate).page(Page(0, 1000))


@cache
def surge() -> FlagPage:
    return listed(played({**USUAL, ("vehicle", "north"): 70}))


def names(page: FlagPage) -> list[str]:
    return [row.name for row in page.rows]


def row(page: FlagPage, name: str) -> FlagRow:
    return next(each for each in page.rows if each.name == name)


def test_an_ordinary_month_has_no_flags_and_the_list_says_of_how_many_series() -> None:
    page = listed(played(USUAL))
    assert page.rows == []
    assert page.words == (
        f"Of {page.looked_at} series looked at none is flagged: none is farther from its 12 months "
        "before than chance alone may explain."
    )


def test_a_surge_in_one_area_is_listed_where_it_is_below_what_it_is_part_of() -> None:
    page = surge()
    north = row(page, "Vehicle offences, North")
    assert (north.indicator, north.area, north.value) == ("vehicle_offences", "north", 70)
    assert (north.direction, north.chart) == ("above", "above")
    assert north.words == "Vehicle offences, North: 70 in May 2021, usually 14 to 27."
    assert page.words.startswith(f"Of {page.looked_at} series looked at {len(page.rows)} are flagg")
    assert page.words.endswith("; at this rate about 1 in 10 flags is chance.")
    for place, each in enumerate(page.rows):
        assert each.part_of is None or each.part_of in names(page)[:place]


def test_the_p_value_is_that_of_the_twelve_months_before() -> None:
    north = row(surge(), "Vehicle offences, North")
    before = [20 + (0, 4, -3, 2, -5, 3)[n % 6] for n in range(12)][::-1]
    days = [30, 31, 28, 31, 31, 30, 31, 30, 31, 31, 30, 31]
    # London's clock: March has an hour less, October one more.
    lengths = [float(n) for n in days]
    lengths[1], lengths[6] = 31 - 1 / 24, 31 + 1 / 24
    ahead = month_ahead(before, lengths, 31.0, middle_scatter([scatter(before, lengths)]))
    assert north.expected == round(ahead.mean, 1)
    assert north.p_value == pytest.approx(ahead.mid_p(70), rel=1e-6)


def test_each_series_is_listed_once_under_the_narrowest_of_its_names() -> None:
    page = surge()
    assert "crimes.count{offence=vehicle}" not in {each.indicator for each in page.rows}
    assert len({(each.area, each.value, each.expected) for each in page.rows}) == len(page.rows)


def test_a_fall_is_listed_too() -> None:
    page = listed(played({**USUAL, ("vehicle", "south"): 2}))
    assert row(page, "Vehicle offences, South").direction == "below"


def test_the_rate_is_that_of_the_forces_file_unless_another_is_asked_for() -> None:
    force, problems = check_force(f"{TINY_FORCE}\n[alerts]\nfalse_flags = 0.25\n", "tiny.toml")
    assert force is not None, problems
    query = played({**USUAL, ("vehicle", "north"): 70}, force)
    assert listed(query).rate == 0.25
    assert listed(query).words.endswith("about 1 in 4 flags is chance.")
    assert listed(query, rate=0.15).words.endswith("about 15 % of flags are chance.")


def test_a_higher_rate_lists_at_least_as_much_and_each_row_from_its_least_rate_on() -> None:
    query = played({**USUAL, ("vehicle", "north"): 33})
    wide = listed(query, rate=0.5)
    for each in wide.rows:
        rate = min(each.least_rate * 1.0001, 0.5)
        assert each.name in names(listed(query, rate=rate))
        assert each.name not in names(listed(query, rate=each.least_rate * 0.99))


def test_without_twelve_whole_months_before_nothing_is_judged_and_the_list_says_so() -> None:
    early = listed(played(USUAL), "2020-08")
    assert (early.looked_at, early.rows) == (0, [])
    assert early.too_short > 0
    assert early.words == "No series has 12 whole months before to be held against."


def test_a_change_of_recording_begins_the_months_anew() -> None:
    text = f"""{TINY_FORCE}
[[changes]]
date = 2020-12-01
kind = "recording"
what = "Another rule"
effect = "restart"
affects = ["vehicle"]
"""
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    page = listed(played({**USUAL, ("vehicle", "north"): 70}, force))
    assert not any("Vehicle" in name for name in names(page))
    assert page.too_short > surge().too_short


@pytest.mark.parametrize(
    ("label", "rate", "problem"),
    [
        ("2021-Q2", None, '"2021-Q2" is no month: write one as 2024-05'),
        ("2021-06", None, "2021-06 is not over: ask for a month that is"),
        (MAY, 1.0, "a rate lies between 0 and 1, not 1"),
    ],
)
def test_what_makes_no_sense_is_refused(label: str, rate: float | None, problem: str) -> None:
    with pytest.raises(QueryError, match=problem):
        listed(played(USUAL), label, rate)
