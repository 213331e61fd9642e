"""A closed period keeps its first published figure, and when it changed from what to what."""

from __future__ import annotations

import random
from typing import Any

import pytest

from streams.board.compare import Comparisons
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.board.revisions import FirstFigure, Revised
from streams.fold.changes import AGES
from streams.periods import DAY, Calendar, rfc3339
from streams.stretches import Stretch
from tests.build import call, crime, feed, monitor, ms, tiny_force

AT = ms("2022-12-31T00:00:00Z")


def first(
    watched: Monitor, period: str, indicator: str = "crimes.count", area: str = "force"
) -> FirstFigure | None:
    return Comparisons(Query(watched, "tiny", AT), indicator, period, area).first_published


def some_crimes(*late: dict[str, Any]) -> Monitor:
    """Three crimes of March 2021, heard at once, and what came late."""
    watched = monitor()
    for name, day in (("k1", "03"), ("k2", "17"), ("k3", "30")):
        feed(watched, crime(name, f"2021-03-{day}T10:00:00Z", version=1))
    feed(watched, crime("april", "2021-04-02T10:00:00Z"), *late)
    return watched


def late(name: str, day: str, **fields: Any) -> dict[str, Any]:
    return crime(name, "2021-03-09T10:00:00Z", updated_at=f"{day}T12:00:00Z", **fields)


def test_a_period_that_nothing_changed_was_published_as_it_is() -> None:
    assert first(some_crimes(), "2021-03") == FirstFigure(3)


def test_each_change_has_its_day_and_what_it_changed_from_and_to() -> None:
    watched = some_crimes(
        late("k4", "2021-04-05"), late("k5", "2021-04-05"), late("k6", "2021-04-09")
    )
    assert first(watched, "2021-03") == FirstFigure(
        3, changes=[Revised("2021-04-05", 3, 5), Revised("2021-04-09", 5, 6)]
    )
    assert first(watched, "2021-03-09") == FirstFigure(
        0, changes=[Revised("2021-04-05", 0, 2), Revised("2021-04-09", 2, 3)]
    )


def test_only_what_changed_a_figure_is_a_change_of_it() -> None:
    watched = some_crimes(late("k4", "2021-04-05", offence="vehicle", area="south"))
    burglary = "crimes.count{offence=burglary}"
    assert first(watched, "2021-03", burglary) == FirstFigure(3)
    assert first(watched, "2021-03", area="north") == FirstFigure(0)
    assert first(watched, "2021-03", "crimes.count{offence=vehicle}", "south") == FirstFigure(
        0, changes=[Revised("2021-04-05", 0, 1)]
    )


def test_what_was_changed_and_changed_back_has_both_dates() -> None:
    fields = {"recorded_at": "2021-03-03T10:00:00Z"}
    watched = some_crimes(
        crime("k1", **fields, version=2, cancelled=True, updated_at="2021-04-05T12:00:00Z"),
        crime("k1", **fields, version=3, updated_at="2021-04-09T12:00:00Z"),
    )
    # As a whole nothing has changed, so that the board shows no revision of it.
    assert watched.board("tiny", AT, ["2021-03"]).revisions == {}
    assert first(watched, "2021-03") == FirstFigure(
        3, changes=[Revised("2021-04-05", 3, 2), Revised("2021-04-09", 2, 3)]
    )


def test_what_is_changed_back_within_a_week_is_no_change_once_the_days_are_not_told_apart() -> None:
    watched = some_crimes(late("k4", "2021-04-16"), late("k4", "2021-04-18", cancelled=True))
    assert first(watched, "2021-03") == FirstFigure(
        3, changes=[Revised("2021-04-16", 3, 4), Revised("2021-04-18", 4, 3)]
    )
    feed(watched, crime("later", "2021-04-20T10:00:00Z"))
    assert first(watched, "2021-03") == FirstFigure(3)


def test_after_two_weeks_the_changes_of_a_week_are_one_and_later_those_of_four_weeks() -> None:
    days = ("2021-04-16", "2021-04-18", "2021-04-29", "2021-07-20", "2021-07-27")
    watched = some_crimes(*(late(f"late{n}", day) for n, day in enumerate(days)))
    assert first(watched, "2021-03") == FirstFigure(
        3,
        changes=[
            Revised("2021-04-16", 3, 5, until="2021-04-18"),
            Revised("2021-04-29", 5, 6),
            Revised("2021-07-20", 6, 7),
            Revised("2021-07-27", 7, 8),
        ],
    )


def test_a_change_before_a_quarter_closed_is_one_of_its_months_alone() -> None:
    watched = some_crimes(late("k4", "2021-04-05"))
    feed(watched, crime("july", "2021-07-05T10:00:00Z"), late("k5", "2021-07-06"))
    april = crime("k6", "2021-04-20T10:00:00Z", updated_at="2021-06-08T12:00:00Z")
    feed(watched, april)
    assert first(watched, "2021-Q2") == FirstFigure(1, changes=[Revised("2021-07-06", 1, 2)])
    found = first(watched, "2021/22")
    assert found is None  # it has not closed


def test_a_share_changes_with_both_of_its_parts() -> None:
    watched = monitor()
    answered = {"answered_at": "2021-03-01T10:00:05Z"}
    feed(watched, call("c1", **answered), call("c2", abandoned_at="2021-03-01T10:01:00Z"))
    feed(watched, call("next", "2021-03-03T10:00:00Z"))
    feed(watched, call("c2", updated_at="2021-03-03T11:00:00Z", **answered))
    found = first(watched, "2021-03-01", "calls.abandonment")
    assert found is not None
    assert (found.numerator, found.denominator, found.value) == (1, 2, 0.5)
    assert found.changes == [Revised("2021-03-03", 0.5, 0.0)]


def test_of_hours_and_of_what_is_no_period_there_is_none() -> None:
    watched = some_crimes(late("k4", "2021-04-05"))
    for period in ("2021-03-09T10", "R2-2021-03", "2021-03-01..2021-03-09"):
        assert first(watched, period) is None


def test_the_board_says_on_which_days_a_table_changed() -> None:
    days = ("2021-04-05", "2021-04-16", "2021-04-18", "2021-04-23")
    watched = some_crimes(*(late(f"late{n}", day) for n, day in enumerate(days)))
    revised = watched.board("tiny", AT, ["2021-03"]).revisions["2021-03"]
    assert revised.days["crimes"] == [
        "2021-04-05",
        "2021-04-16..2021-04-18",
        "2021-04-23",
    ]


# -- against figures that were noted day by day ----------------------------------------------------

START = ms("2021-01-01T00:00:00Z")
OFFENCES = ("vehicle", "burglary.residential")
INDICATORS = ("crimes.count", "crimes.count{offence=vehicle}")


def versions(seed: int) -> list[tuple[int, dict[str, Any]]]:
    """Crimes of four months with late, reclassified, moved and cancelled versions, by when each
    came."""
    chance = random.Random(seed)
    found = []
    for number in range(80):
        at = START + chance.randrange(120 * DAY)
        updated, month = at, chance.random() < 0.2
        for version in range(1, chance.choice((2, 2, 3, 4))):
            updated += int(chance.expovariate(1 / 20) * DAY) + 1000
            recorded = rfc3339(at)[:7] if month else rfc3339(at)
            fields: dict[str, Any] = {"version": version, "updated_at": rfc3339(updated)}
            fields |= {"cancelled": True} if chance.random() < 0.1 else {}
            fields["offence"] = chance.choice(OFFENCES)
            fields["area"] = chance.choice(("north", "south", None))
            found.append((updated, crime(f"k{number}", recorded, **fields)))
            if chance.random() < 0.1:
                at += chance.randrange(5 * DAY)
    return sorted(found, key=lambda each: each[0])


@pytest.mark.parametrize("seed", range(3))
def test_changes_are_those_that_a_reader_would_have_noted_every_night(seed: int) -> None:
    watched = monitor()
    labels = ("2021-01", "2021-02", "2021-03", "2021-Q1", "2021-02-10")
    noted: dict[tuple[str, str, str], dict[str, Any]] = {}
    coming = versions(seed)
    calendar, night = Calendar(tiny_force().zone), START
    for day in range(200):
        on, night = calendar.label("day", night), calendar.end("day", night)
        while coming and coming[0][0] < night:
            feed(watched, coming.pop(0)[1])
        # Something comes at midnight, so that whatever is due closes: a crime of its own month.
        feed(watched, crime(f"n{day}", rfc3339(night), updated_at=rfc3339(night), area="south"))
        query = Query(watched, "tiny", AT)
        for label in labels:
            if query.stretch(label).end + DAY <= night:
                for name in INDICATORS:
                    for area in ("force", "north-area"):
                        value = query.figure(name, label, area).value
                        noted.setdefault((name, label, area), {})[on] = value
    for (name, label, area), by_day in noted.items():
        found = first(watched, label, name, area)
        values = list(by_day.items())
        if values[-1][1] is None:  # a day of a month of which a record is known only to the month
            assert found is None
            continue
        assert found is not None
        assert found.value == values[0][1]
        expected, left = found.value, list(found.changes)
        for on, value in values[1:]:
            while left and (left[0].until or left[0].day) <= on:
                expected = left.pop(0).after
            if told_apart(calendar, label, on):
                assert value == expected, (name, label, area, on)


def told_apart(calendar: Calendar, label: str, day: str) -> bool:
    """Whether a stretch of change ends with a day, for each month of a period."""
    night = calendar.parse(day).end
    months = Stretch.parse(calendar, label).parts("month") or [calendar.parse(label[:7])]
    ages = [round((night - month.end) / DAY) for month in months]
    return all(age <= 0 or age in AGES for age in ages)
