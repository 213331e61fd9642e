"""The newest months are marked as likely to rise, by how earlier ones rose, and are not judged."""

from __future__ import annotations

import random
from math import inf, isfinite
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.counts.chain_ladder import ChainLadder
from streams.board.answers import AnswerRows, FigureQuestion, Page, SeriesAnswer
from streams.board.compare import Comparisons
from streams.board.control import chart
from streams.board.flags import MonthlyFlags
from streams.board.monitor import Monitor
from streams.board.outlook import EDGES, Delays, Outlook, Young
from streams.board.query import Query
from streams.events.schema import Crime, decode_line, encode_event
from streams.periods import DAY, Calendar, rfc3339
from streams.sources.order.unfold import unfold
from streams.stretches import Stretch
from tests.build import FAR_FUTURE, crime, feed, incident, monitor, ms, tiny_force

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
    finished = map(decode_line, map(msgspec.json.encode, rows))
    versions = [
        each for event in finished if isinstance(event, Crime) for each in unfold(event, CALENDAR)
    ]
    watched = monitor()
    for at, event in sorted(versions, key=lambda each: each[0]):
        if at < ms(until):
            watched.ingest(encode_event(event), FAR_FUTURE)
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
    rows = list(AnswerRows(query, FigureQuestion(["crimes.count"], ["2021-08", "2021-09"])))
    assert [row.outlook is not None for row in rows] == [False, True]
    series = SeriesAnswer(query, "crimes.count", "month", "2021-08..2021-09", Page(0, 10))
    assert [point.outlook for point in series.points()] == [row.outlook for row in rows]


# -- a month that is likely to rise is provisional -------------------------------------------------


MARCH = "2022-03-02T12:00:00Z"
"""Twelve whole months are recorded; the 13th, February 2022, has 60 of its 69."""


@pytest.fixture(scope="module")
def until_march() -> Query:
    return Query(fed(14, MARCH), "tiny", ms(MARCH))


def test_a_chart_shows_a_month_that_is_likely_to_rise_and_does_not_judge_it(
    until_march: Query,
) -> None:
    made = chart(until_march, "crimes.count", "month")
    *before, young, running = made.points
    assert [point.value for point in before] == [69] * 13
    assert [point.provisional for point in before] == [""] * 13
    assert (young.label, young.value, young.complete) == ("2022-02", 60, True)
    assert young.provisional.startswith("likely to rise: about 15 % more by 10 March 2022, 69")
    assert (young.centre, young.flag, young.run) == (None, None, 0)
    assert (running.label, running.provisional, running.flag) == ("2022-03", "not over", None)
    assert made.centre == 69
    assert made.words[-2:] == [
        f"February 2022 is provisional, and not judged: {young.provisional}.",
        "March 2022 is provisional, and not judged: not over.",
    ]


def test_the_same_month_is_judged_once_it_is_recorded() -> None:
    april = "2022-04-02T12:00:00Z"
    made = chart(Query(fed(15, april), "tiny", ms(april)), "crimes.count", "month")
    february = made.point("2022-02")
    assert february is not None
    assert (february.provisional, february.value, february.centre) == ("", 69, 69)


def test_a_quarter_is_as_young_as_its_last_month() -> None:
    january = "2022-01-02T12:00:00Z"
    made = chart(Query(fed(12, january), "tiny", ms(january)), "crimes.count", "quarter")
    assert [bool(point.provisional) for point in made.points] == [False] * 3 + [True, True]
    assert made.points[3].provisional.startswith("2021-12 is likely to rise: about 15 % more")
    assert made.points[4].provisional == "not over"


def test_a_point_of_a_series_says_why_it_is_not_judged(until_march: Query) -> None:
    page = Page(0, 10)
    series = SeriesAnswer(until_march, "crimes.count", "month", "2022-01..2022-02", page)
    found = series.whole(list(series.points()))
    assert [point.provisional is None for point in found.points] == [True, False]


def test_a_count_of_nothing_so_far_is_provisional_by_the_growth_of_all_records() -> None:
    watched = fed(9, UNTIL, offence="vehicle")
    query = Query(watched, "tiny", ms(UNTIL))
    none = query.indicator("crimes.count{offence=burglary}")
    young = query.reader(Delays).young(none, query.stretch("2021-09"), 0)
    assert young == Young(
        "not all recorded: counts of its age have come to about 15 % more by 10 October 2021, by "
        "7 months of all records of the force",
        None,
        None,
    )


def test_a_month_that_is_likely_to_rise_is_neither_above_nor_below_nor_in_line(
    until_march: Query,
) -> None:
    found = Comparisons(until_march, "crimes.count", "2022-02").standing
    assert found.word is None
    assert found.by.startswith("provisional: likely to rise: about 15 % more by 10 March 2022")


def test_a_list_of_flags_holds_back_what_may_still_come_to_the_usual(until_march: Query) -> None:
    page = MonthlyFlags(until_march, "2022-02", 0.9).page(Page(0, 100))
    assert (page.looked_at, page.rows, page.held_back) == (1, [], 1)
    assert page.words.endswith("1 more is held back: what is still to be recorded may explain it.")


def test_what_is_out_whatever_is_still_to_come_is_listed_as_provisional() -> None:
    watched = fed(14, MARCH)
    for number in range(60):
        late = {"recorded_at": "2022-02-20T10:00:00Z", "updated_at": MARCH}
        feed(watched, crime(f"surge{number}", **late))
    page = MonthlyFlags(Query(watched, "tiny", ms(MARCH)), "2022-02").page(Page(0, 100))
    (row,) = page.rows
    assert (row.value, row.direction, page.held_back) == (120, "above", 0)
    assert (row.provisional or "").startswith("likely to rise: about 15 % more")


# -- any few months --------------------------------------------------------------------------------


months_of_records = st.lists(
    st.lists(st.tuples(st.integers(0, 70), st.booleans()), max_size=4), min_size=1, max_size=4
)
"""By month its records: how many days after the month began each came, and whether it is cancelled
a day later."""


@settings(max_examples=40, deadline=None)
@given(months_of_records, st.integers(0, 60))
def test_of_any_few_months_there_is_an_expected_count_with_its_interval_or_none(
    records: list[list[tuple[int, bool]]], later: int
) -> None:
    until = month_of(len(records) - 1)[1] + later * DAY
    coming = [(month_of(0)[0], crime("first", rfc3339(month_of(0)[0])))]
    for month, some in enumerate(records):
        start, end = month_of(month)
        for number, (days, cancelled) in enumerate(some):
            heard = start + days * DAY
            recorded = rfc3339(min(heard, end - DAY))
            made = crime(f"{month}-{number}", recorded, version=1, updated_at=rfc3339(heard))
            coming.append((heard, made))
            if cancelled:
                again = {"version": 2, "cancelled": True, "updated_at": rfc3339(heard + DAY)}
                coming.append((heard + DAY, {**made, **again}))
    watched = monitor()
    for heard, event in sorted(coming, key=lambda each: each[0]):
        if heard < until:
            feed(watched, event)
    feed(watched, crime("now", rfc3339(until), updated_at=rfc3339(until)))
    query = Query(watched, "tiny", until)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("streams.board.outlook.NEED", 1)
        patched.setattr("streams.board.outlook.ENOUGH", 0)
        for period in query.stretch("2021").parts("month"):
            stretch = Stretch.of(query.calendar, period)
            for area in range(len(query.areas())):
                delays, of = query.reader(Delays), query.indicator("crimes.count")
                found = delays.outlook(of, stretch, area)
                young = delays.young(of, stretch, area)
                assert young is None or young.reason
                if found is not None:
                    assert isfinite(found.percent)
                    assert 0 < found.low <= found.high < inf


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


def test_figures_of_several_kinds_grow_by_the_months_that_all_of_them_have() -> None:
    until = "2021-10-10T12:00:00Z"  # the last crimes of September come on this day
    watched = fed(9, until, markers=["domestic_abuse"])
    for number, when in enumerate(range(month_of(1)[0], ms("2021-09-03T00:00:00Z"), DAY)):
        at = rfc3339(when)  # until the third day of September
        other = {"crimed": number > 0, "markers": ["domestic_abuse"]}
        feed(watched, incident(f"i{number}", at, updated_at=at, closed_at=at, **other))
    query = Query(watched, "tiny", ms(until))
    delays = query.reader(Delays)
    months = {"crimes.count": "2021-09", "domestic_abuse": "2021-08"}
    found = [
        delays.outlook(query.indicator(name), query.stretch(month), 0)
        for name, month in months.items()
    ]
    assert [None if each is None else each.months for each in found] == [7, 6]
