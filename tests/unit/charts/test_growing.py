"""The count of the hour or day that an alert is about, as it grows."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.alerts.model import Alert, Evidence, instant
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.charts.growing import growing_chart
from streams.charts.indicator import is_of
from streams.charts.layout import layout
from streams.charts.model import Chart, Range
from streams.charts.words import sentence, spot, table
from streams.periods import HOUR, MINUTE, rfc3339
from tests.alerting import ZONE
from tests.build import incident, lines
from tests.surveillance import after, burst, hours, of, play, watched

LATEST = 42 * 24 + 10
"""The hour that runs: 11:00 (BST) on Monday 12 April 2021, when four an hour are usual."""


def alert(grain: str, minutes: int, lower: float, upper: float, observed: float) -> Alert:
    """One of so many minutes of the running hour, or of the hours of its day up to it."""
    start = after(LATEST if grain == "hour" else LATEST - 11)
    end = instant(after(LATEST) + minutes * MINUTE, ZONE)
    return Alert(
        id="tiny/1", force="tiny", kind="exceptional_volume", severity="page", direction="up",
        group="incidents", measure="count", row={"category": "all"}, area="force",
        area_name="Tiny Police", title="Incidents", grain=grain,  # type: ignore[arg-type]
        opened_at=end, updated_at=end, words="",
        evidence=Evidence(
            observed=observed, lower=lower, upper=upper, start=instant(start, ZONE), end=end
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def target() -> Monitor:
    """Six weeks as ever, and an hour in which many come in the first minutes."""
    made = watched()
    play(made, hours(LATEST))
    play(made, (burst(after(LATEST), [0, 1, 2, 3, 4, 5, 6, 7, 8, 18], "b"),))
    return made


def chart(target: Monitor, about: Alert, minutes: int = 20) -> Chart | None:
    query = Query(target, "tiny", after(LATEST) + minutes * MINUTE)
    return growing_chart(query, query.indicator("incidents.count"), about)


def test_an_alert_that_names_an_area_is_of_that_area_alone_though_it_follows_a_wider_one() -> None:
    """Hours are watched for the widest areas only; what is usual of the named one is its part."""
    made = watched()
    play(made, hours(LATEST))
    play(made, (burst(after(LATEST), list(range(10)), "elsewhere"),))
    here = (incident(f"n{n}", rfc3339(after(LATEST) + n * MINUTE), area="north") for n in (2, 8, 9))
    play(made, (lines(here),))
    about = alert("hour", 11, 0, 1, 3)
    about = replace(
        about, area="north", area_name="North", follows="force",
        evidence=replace(about.evidence, expected=0.3),
    )  # fmt: skip
    shown = chart(made, about, 11)
    assert shown is not None
    assert shown.title == "Incidents, North"
    assert shown.points[11].value == 3
    assert sentence(shown).endswith("3 by 11:11, usually 0 to 1 by then.")
    assert [shown.expected[at] for at in (0, 11, 60)] == [Range(0, 0), Range(0, 1), Range(0, 3)]
    query = Query(made, "tiny", after(LATEST + 1))
    incidents = query.indicator("incidents.count")
    assert is_of(about, query, incidents, "north")
    assert not is_of(about, query, incidents, "force")


def test_a_point_is_what_had_come_by_then(target: Monitor) -> None:
    made = chart(target, alert("hour", 11, 0, 3, 9))
    assert made is not None
    assert [each.value for each in made.points[:12]] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9]
    assert [each.value for each in made.points[18:21]] == [9, 10, 10]
    assert made.cumulative


def test_the_rest_of_the_hour_is_to_come_and_has_its_usual_range(target: Monitor) -> None:
    made = chart(target, alert("hour", 11, 0, 3, 9))
    assert made is not None
    assert len(made.points) == 61
    assert all(each.ahead and each.value is None for each in made.points[21:])
    usual = of(target).usual("hour", "incidents", "count", {}, "force")
    assert usual is not None
    calendar = of(target).ledger.calendar
    assert made.expected[60] == Range(*usual(calendar.holding("hour", after(LATEST)), 0))  # type: ignore[misc]
    later = made.expected[12:]
    tops = [each.upper for each in later if each is not None]
    assert tops == sorted(tops)


def test_at_the_instant_of_the_alert_the_chart_says_what_the_alert_says(target: Monitor) -> None:
    made = chart(target, alert("hour", 11, 0, 3, 9))
    assert made is not None
    assert made.points[11].value == 9
    assert made.expected[11] == Range(0, 3)
    assert [(each.first, each.side) for each in made.flags] == [(11, "above")]
    assert spot(made, 11).startswith("By 11:11: 9. Usual by then 0 to 3. The alert said 9.")
    assert sentence(made).startswith(
        "Incidents, Tiny Police, counted from 11:00 on, 12 April 2021: "
        "9 by 11:11, usually 0 to 3 by then; 10 by 11:20, usually "
    )


def test_the_table_ends_with_now(target: Monitor) -> None:
    made = chart(target, alert("hour", 11, 0, 3, 9))
    assert made is not None
    headings, rows = table(made)
    assert headings[:3] == ["Counted", "Value", "Usual by then"]
    assert (rows[0][0], rows[-1][0], len(rows)) == ("by 11:20", "by 11:00", 21)


def test_a_day_grows_by_its_hours(target: Monitor) -> None:
    made = chart(target, alert("day", 0, 10, 40, 30))
    assert made is not None
    assert made.period == "day"
    assert [each.start.hour for each in made.points] == [*range(24), 0]
    assert [each.ahead for each in made.points] == [False] * 12 + [True] * 13
    assert made.points[0].value == 0
    assert made.expected[11] == Range(10, 40)
    assert made.expected[24] is not None


def test_its_axis_names_minutes_and_nothing_is_drawn_of_what_is_to_come(target: Monitor) -> None:
    made = chart(target, alert("hour", 11, 0, 3, 9))
    assert made is not None
    page = layout(made, 1000, 400)
    names = [each.words for each in page.texts if each.kind == "tick"]
    assert "11:05" in names
    assert "12:00" in names
    assert "Mon 12 Apr 2021" not in names
    assert len(page.spots) == 21
    assert not any(each.kind == "missing" for each in page.shapes)


@pytest.mark.parametrize("grain", ["month", "now"])
def test_other_alerts_are_of_no_count_that_grows(target: Monitor, grain: str) -> None:
    assert chart(target, replace(alert("hour", 11, 0, 3, 9), grain=grain)) is None


def test_there_is_none_once_the_minutes_are_not_kept_any_more() -> None:
    old = watched()
    play(old, hours(LATEST + 60))
    query = Query(old, "tiny", after(LATEST + 60))
    indicator = query.indicator("incidents.count")
    assert growing_chart(query, indicator, alert("hour", 11, 0, 3, 9)) is None


def test_the_usual_part_of_a_day_follows_what_its_hours_bring(target: Monitor) -> None:
    """A night brings less than its share of the clock."""
    watching = of(target)
    found = watching.usual_so_far("day", "incidents", "count", {}, "force")
    assert found is not None
    day = watching.ledger.calendar.holding("day", after(LATEST))
    night, all_of_it = found(day, day.start + 6 * HOUR)[1], found(day, day.end)[1]
    assert night < all_of_it / 4
    assert watching.usual_so_far("hour", "incidents", "count", {"category": "x"}, "force") is None
