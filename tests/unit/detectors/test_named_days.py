"""Bank holidays and dated events: which days a baseline may use, and what it says of the others."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.named_days import BANK_HOLIDAY, NamedDays, every_year


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2022-01-03", "New Year's Day (substitute day)"),
        ("2022-04-15", "Good Friday"),
        ("2022-04-18", "Easter Monday"),
        ("2022-06-03", "Platinum Jubilee of Elizabeth II"),
        ("2022-09-19", "State Funeral of Queen Elizabeth II"),
        ("2022-12-26", "Boxing Day"),
        ("2023-05-08", "Coronation of Charles III"),
    ],
)
def test_bank_holidays_of_england(day: str, name: str) -> None:
    names = NamedDays().names(dt.date.fromisoformat(day))
    assert names[-1] == BANK_HOLIDAY
    assert len(names) >= 2
    assert name.split(maxsplit=1)[0] in names[0]  # the package's wording varies with its version


def test_nations_differ() -> None:
    day = dt.date(2022, 11, 30)  # St Andrew's Day
    assert NamedDays().ordinary(day)
    assert not NamedDays("GB-SCT").ordinary(day)
    assert NamedDays(country=None).names(dt.date(2022, 12, 25)) == ()
    assert "bank holiday" in NamedDays("IE").names(dt.date(2022, 3, 17))


def test_events_hold_from_the_first_to_the_last_day() -> None:
    calendar = NamedDays(events=[("Fair", dt.date(2022, 7, 1), dt.date(2022, 7, 3))])
    found = [day for day in range(1, 6) if not calendar.ordinary(dt.date(2022, 7, day))]
    assert found == [1, 2, 3]
    with pytest.raises(ValueError, match="Fair: the last day"):
        NamedDays(events=[("Fair", dt.date(2022, 7, 2), dt.date(2022, 7, 1))])


def test_an_event_on_a_holiday_has_both_names_once() -> None:
    day = dt.date(2022, 12, 26)
    calendar = NamedDays(events=[("Derby", day, day), ("Derby", day, day)])
    assert calendar.names(day) == ("Derby", "Boxing Day", BANK_HOLIDAY)


def test_every_year_may_pass_into_the_next() -> None:
    (event,) = every_year("Turn of the year", (12, 31), (1, 1), [2021])
    assert event[1:] == (dt.date(2021, 12, 31), dt.date(2022, 1, 1))


def test_the_first_year_says_what_it_has_not_seen() -> None:
    calendar = NamedDays(events=every_year("Halloween", (10, 31), (10, 31), range(2020, 2024)))
    start = dt.date(2021, 11, 15)
    halloween = dt.date(2022, 10, 31)
    assert calendar.first_time(halloween, start) == (
        "no day called Halloween since 15 November 2021: nothing to compare this one with"
    )
    assert calendar.first_time(dt.date(2023, 10, 31), start) is None
    easter = calendar.first_time(dt.date(2022, 4, 15), start)
    assert easter == (
        "no day called Good Friday since 15 November 2021: compared with bank holiday days only"
    )
    assert calendar.first_time(dt.date(2022, 7, 5), start) is None


def test_a_run_of_days_does_not_see_itself() -> None:
    calendar = NamedDays(None, events=[("Fair", dt.date(2022, 7, 1), dt.date(2022, 7, 9))])
    assert calendar.seen(dt.date(2022, 7, 8), dt.date(2022, 1, 1)) == ()


@given(st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1)), st.integers(0, 2000))
def test_names_never_repeat_and_what_is_seen_is_among_them(day: dt.date, back: int) -> None:
    calendar = CALENDAR
    names = calendar.names(day)
    assert len(set(names)) == len(names)
    assert set(calendar.seen(day, day - dt.timedelta(back))) <= set(names)
    assert calendar.ordinary(day) == (not names)


CALENDAR = NamedDays(events=every_year("Fireworks", (11, 5), (11, 5), range(1990, 2061)))
