"""The newest months are marked as likely to rise, by how earlier months rose."""

from __future__ import annotations

import random
from typing import Any

import pytest

from detectors.counts.chain_ladder import ChainLadder
from streams.board.answers import Page, Question, Rows, SeriesAnswer
from streams.board.compare import Comparisons
from streams.board.monitor import Monitor
from streams.board.outlook import EDGES, Outlook
from streams.board.query import Query
from streams.events.schema import decode_line, encode
from streams.periods import DAY, Calendar, rfc3339
from streams.sources.order.unfold import unfold
from tests.build import FAR_FUTURE, crime, feed, lines, monitor, ms, tiny_force

CALENDAR = Calendar(tiny_force().zone)
LATE = ((2, 6), (9, 3))
"""Days after the end of a month, and how many crimes of it are recorded then."""


def month_of(number: int) -> tuple[int, int]:
    """The start and end of the so manieth month since January 2021."""
    period = CALENDAR.parse(f"{2021 + number // 12}-{number % 12 + 1:02}")
    return period.start, period.end


def fed(
    months: int,
    until: str,
    late: tuple[tuple[int, int], ...] = LATE,
    at_once: int = 60,
    **fields: Any,
) -> Monitor:
    """So many months of crimes, of which some come late, up to an instant."""
    coming = []
    for month in range(months):
        start, end = month_of(month)
        # One on the second day of each month, so that the one before has closed.
        second = start + DAY + 3_600_000
        coming.append((second, crime(f"s{month}", rfc3339(second), **fields)))
        delays = [0] * (at_once - 1) + [day for day, number in late for _ in range(number)]
        for number, day in enumerate(delays):
            recorded = start + 10 * DAY + number * 1000
            heard = end + day * DAY + number * 1000 if day else recorded
            stamp = {"updated_at": rfc3339(heard)}
            name = f"k{month}-{number}"
            coming.append((heard, crime(name, rfc3339(recorded), **stamp, **fields)))
    watched = monitor()
    for heard, event in sorted(coming, key=lambda each: each[0]):
        if heard < ms(until):
            feed(watched, event)
    feed(watched, crime("now", until, updated_at=until, **fields))
    return watched


def outlook(
    watched: Monitor, until: str, month: str, indicator: str = "crimes.count", area: str = "force"
) -> Outlook | None:
    return Comparisons(Query(watched, "tiny", ms(until)), indicator, month, area).expected


UNTIL = "2021-10-02T12:00:00Z"


def test_a_month_is_expected_to_grow_as_those_before_it_did() -> None:
    found = outlook(fed(9, UNTIL), UNTIL, "2021-09")
    assert found is not None
    assert found.value == pytest.approx(69)
    assert (found.low, found.high) == pytest.approx((69, 69))
    assert (found.months, found.of, found.by) == (7, "its own", "2021-10-10")
    assert (
        found.words
        == (
            "likely to rise: about 15 % more by 10 October 2021, 69 (69 to 69); rests on 7 months "
        ).strip()
    )


def test_what_has_come_already_is_not_expected_again() -> None:
    until = "2021-10-05T12:00:00Z"
    found = outlook(fed(9, until), until, "2021-09")
    assert found is not None
    assert (round(found.value, 6), round(found.percent)) == (69, 5)
    assert outlook(fed(9, "2021-10-20T12:00:00Z"), "2021-10-20T12:00:00Z", "2021-09") is None


def test_with_fewer_than_six_earlier_months_that_were_heard_as_a_whole_nothing_is_said() -> None:
    until = "2021-08-02T12:00:00Z"
    assert outlook(fed(7, until), until, "2021-07") is None
    until = "2021-09-02T12:00:00Z"
    assert outlook(fed(8, until), until, "2021-08") is not None


def test_nothing_is_said_of_a_month_that_has_not_closed_nor_of_longer_periods() -> None:
    watched = fed(9, UNTIL)
    for period in ("2021-10", "2021-Q3", "2021-09-30", "R2-2021-09"):
        assert outlook(watched, UNTIL, period) is None


def test_nothing_is_said_of_what_is_no_count() -> None:
    assert outlook(fed(9, UNTIL), UNTIL, "2021-09", "results.outcome_rate") is None


def test_of_months_that_were_loaded_when_they_were_complete_no_delay_is_known() -> None:
    watched = fed(9, UNTIL, late=(), at_once=69)
    assert outlook(watched, UNTIL, "2021-09") is None


def exported(months: int, entered_since: int, until: str) -> Monitor:
    """What a file of an export gives, in which a tenth of the crimes of a month were entered on the
    third day of the next, and every second crime has an outcome forty days later. When they were
    entered it says from one of its months on."""
    rows = []
    for month in range(months):
        start, end = month_of(month)
        for number in range(60):
            recorded = start + (DAY + 3_600_000 if number == 0 else 10 * DAY + number * 1000)
            came = end + 2 * DAY + number * 1000 if number > 53 else recorded
            decided = max(recorded + 40 * DAY, came) if number % 2 else came
            rows.append(crime(
                f"{month}-{number}", rfc3339(recorded), updated_at=rfc3339(decided),
                **({"outcome": 1, "outcome_at": rfc3339(decided)} if number % 2 else {}),
                **({"entered_at": rfc3339(came)} if month >= entered_since else {}),
            ))  # fmt: skip
    versions = [each for made in rows for each in unfold(decode_line(lines([made])), CALENDAR)]
    watched = monitor()
    for at, event in sorted(versions, key=lambda each: each[0]):
        if at < ms(until):
            watched.ingest(encode(event), FAR_FUTURE)
    feed(watched, crime("now", until))
    return watched


def test_an_unfolded_export_says_how_late_crimes_came_where_it_says_when_they_were_entered() -> (
    None
):
    found = outlook(exported(9, 0, UNTIL), UNTIL, "2021-09")
    assert found is not None
    assert (round(found.value), found.months, found.direction) == (60, 7, "rise")


def test_without_it_the_delay_is_not_known_though_outcomes_came_after_their_month() -> None:
    assert outlook(exported(9, 9, UNTIL), UNTIL, "2021-09") is None


def test_months_before_entries_were_said_do_not_dilute_how_counts_grow() -> None:
    until = "2022-07-02T12:00:00Z"
    found = outlook(exported(18, 9, until), until, "2022-06")
    assert found is not None
    assert (round(found.value, 6), found.months) == (60, 8)


def test_of_few_records_the_growth_is_that_of_the_force_or_of_all_records() -> None:
    watched = fed(9, UNTIL, offence="vehicle", area="north")
    for number in range(5):
        fields = {"recorded_at": f"2021-09-0{number + 1}T10:00:00Z", "area": "south"}
        feed(watched, crime(f"s{number}", **fields, offence="burglary", updated_at=UNTIL))
    south = outlook(watched, UNTIL, "2021-09", "crimes.count", "south")
    assert south is not None
    assert (south.of, south.small, round(south.value, 2)) == ("the force", True, 5.75)
    burglary = outlook(watched, UNTIL, "2021-09", "crimes.count{offence=burglary}")
    assert burglary is not None
    assert burglary.of == "all records of the force"
    north = outlook(watched, UNTIL, "2021-09", "crimes.count", "north-area")
    assert north is not None
    assert north.of == "its own"


def test_a_month_whose_records_are_cancelled_later_is_likely_to_fall() -> None:
    watched, coming = monitor(), []
    for month in range(9):
        start, end = month_of(month)
        second = start + DAY + 3_600_000
        coming.append((second, crime(f"s{month}", rfc3339(second))))
        for number in range(79):
            recorded = start + 10 * DAY + number * 1000
            made = crime(f"k{month}-{number}", rfc3339(recorded), version=1)
            coming.append((recorded, made))
            if number < 8:
                heard = end + 5 * DAY + number * 1000
                coming.append((heard, {**made, "version": 2, "cancelled": True,
                                       "updated_at": rfc3339(heard)}))  # fmt: skip
    for heard, event in sorted(coming, key=lambda each: each[0]):
        if heard < ms(UNTIL):
            feed(watched, event)
    feed(watched, crime("now", UNTIL))
    found = outlook(watched, UNTIL, "2021-09")
    assert found is not None
    assert (found.direction, round(found.value)) == ("fall", 72)
    assert found.words is not None
    assert found.words.startswith(
        "likely to fall: about 10 % less by 6 October 2021, 72 (72 to 72)"
    )


def test_every_row_and_point_of_a_month_that_is_likely_to_rise_says_so() -> None:
    query = Query(fed(9, UNTIL), "tiny", ms(UNTIL))
    rows = list(Rows(query, Question(["crimes.count"], ["2021-08", "2021-09"])))
    assert [row.outlook is not None for row in rows] == [False, True]
    series = SeriesAnswer(query, "crimes.count", "month", "2021-08..2021-09", Page(0, 10))
    assert [point.outlook for point in series.points()] == [row.outlook for row in rows]


# -- against a plain program -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_chain_ladder_of_what_stood_so_many_days_after_each_month(seed: int) -> None:
    chance = random.Random(seed)
    coming, until = [], ms("2022-03-20T12:00:00Z")
    for month in range(15):
        start, end = month_of(month)
        for number in range(chance.randrange(55, 75)):
            recorded = chance.randrange(start, end)
            heard = recorded + (int(chance.expovariate(1 / 15) * DAY) if number % 3 == 0 else 0)
            if heard < until:
                made = crime(f"k{month}-{number}", rfc3339(recorded), updated_at=rfc3339(heard))
                coming.append((heard, made))
    night = month_of(0)[0]
    while night < until:
        coming.append((night, crime(f"n{night}", rfc3339(night))))
        night = CALENDAR.end("day", night)
    coming.sort(key=lambda each: each[0])
    watched = monitor()
    for _, event in coming:
        feed(watched, event)
    watermark = coming[-1][0]
    rows = []
    for month in range(14):
        start, end = month_of(month)
        ours = [heard for heard, event in coming if start <= ms(event["recorded_at"]) < end]
        ages = range((watermark - end) // DAY + 1)
        nights = [
            CALENDAR.start("day", end + days * DAY + DAY // 2) for days in EDGES if days in ages
        ]
        # Of what comes at midnight the day begins with it.
        rows.append([sum(heard < night for heard in ours) for night in nights])
    ladder = ChainLadder(rows)
    found = outlook(watched, rfc3339(until), "2022-02")
    assert found is not None
    start, end = month_of(13)
    age = (watermark - end) // DAY
    place = max(n for n, edge in enumerate(EDGES) if edge <= age)
    position = place + (age - EDGES[place]) / (EDGES[place + 1] - EDGES[place])
    last = next(n for n, edge in enumerate(EDGES) if CALENDAR.label(
        "day", end + (edge - 1) * DAY + DAY // 2) == found.by)  # fmt: skip
    now = sum(start <= ms(event["recorded_at"]) < end for _, event in coming)
    expected = ladder.completed(now, position, last)
    assert expected is not None
    assert found.value == pytest.approx(expected.estimate)
    assert (found.low, found.high) == pytest.approx(expected.interval())
    assert found.months == expected.periods
