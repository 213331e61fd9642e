"""Times of a mapped row: implausible ones, those left out, zones, rolls and the repeated hour."""

import datetime as dt
import os
import time
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError, Refused
from streams.sources.mapping.file import parse_mapping
from streams.sources.mapping.mapped import Mapper
from streams.sources.mapping.times import compile_format
from streams.sources.notices import Notices

NOW = int(dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp() * 1000)
INCIDENT = """
kind = "incident"
force = "f"
timezone = "Europe/London"
id = "no"
time_format = "%Y-%m-%d %H:%M:%S"
[fields.opened_at]
column = "o"
[fields.arrived_at]
column = "a"
[fields.closed_at]
column = "c"
"""
LEAVE = 'on_error = "leave_out"\n'
LENIENT = INCIDENT.replace('"a"\n', f'"a"\n{LEAVE}').replace('"c"\n', f'"c"\n{LEAVE}')


def event(toml: str, /, **cells: str) -> dict[str, object]:
    """The event that a mapping makes of a row with these cells."""
    return noting(toml, None, **cells)


def noting(toml: str, notices: Notices | None, /, **cells: str) -> dict[str, object]:
    """The same; what it leaves out is told to `notices`."""
    cells = {"no": "1", **cells}
    mapper = Mapper(parse_mapping(toml), list(cells), None, "in.csv", lambda: NOW, notices)
    line = mapper(list(cells.values()))
    assert line is not None
    found: dict[str, object] = msgspec.json.decode(line)
    return found


def refusal(toml: str, **cells: str) -> Refused:
    with pytest.raises(Refused) as caught:
        event(toml, **cells)
    return caught.value


def row(o: str, a: str = "", c: str = "") -> dict[str, str]:
    return {"o": o, "a": a, "c": c}


# --- a mistyped year ------------------------------------------------------------------------------


def test_a_time_later_than_the_reading_is_implausible() -> None:
    found = refusal(INCIDENT, **row("2026-05-01 10:00:00", "2062-05-01 10:05:00"))
    assert found.reason == "implausible_date"
    assert found.detail == "arrived_at 2062-05-01 09:05:00 UTC is later than now"


def test_a_clock_two_seconds_ahead_of_the_reading_is_plausible() -> None:
    assert event(INCIDENT, **row("2026-06-01 01:00:02"))["id"] == "1"
    assert refusal(INCIDENT, **row("2026-06-01 01:00:03")).reason == "implausible_date"


def test_a_time_before_1990_is_implausible() -> None:
    assert refusal(INCIDENT, **row("1916-05-01 10:00:00")).reason == "implausible_date"


def test_where_it_cannot_be_told_which_of_two_is_mistyped_both_are_named() -> None:
    found = refusal(INCIDENT, **row("2023-05-01 10:00:00", c="2024-05-01 10:30:00"))
    assert found.reason == "implausible_date"
    assert found.detail == (
        "opened_at 2023-05-01 09:00:00 UTC and closed_at 2024-05-01 09:30:00 UTC are more than "
        "350 days apart: one of them must be mistyped"
    )


def test_the_beginning_is_named_where_all_other_times_agree() -> None:
    times = row("2022-05-01 10:00:00", "2023-05-01 10:05:00", "2023-05-01 11:00:00")
    for toml in (INCIDENT, LENIENT):
        found = refusal(toml, **times)
        assert found.reason == "implausible_date"
        assert "arrived_at and closed_at, which agree" in found.detail


def test_an_incident_of_350_days_is_plausible() -> None:
    assert event(INCIDENT, **row("2023-01-01 10:00:00", c="2023-12-17 10:00:00"))["closed_at"]


def test_an_outcome_may_come_ten_years_later_and_an_offence_be_older_than_any_record() -> None:
    toml = (
        'kind = "crime"\nforce = "f"\ntimezone = "UTC"\nid = "no"\n[fields.recorded_at]\n'
        'column = "r"\n[fields.outcome_at]\ncolumn = "o"\n[fields.committed_from]\ncolumn = "c"\n'
    )
    found = event(toml, r="2010-01-01", o="2019-12-31", c="1962-05-01")
    assert found["committed_from"] == "1962-05-01"
    assert refusal(toml, r="2010-01-01", o="2020-02-01", c="").reason == "implausible_date"
    assert refusal(toml, r="2010-01-01", o="", c="2062-05-01").reason == "implausible_date"


def test_a_call_that_lasts_more_than_40_days_is_implausible() -> None:
    toml = (
        'kind = "call"\nforce = "f"\ntimezone = "UTC"\nid = "no"\n[fields.offered_at]\n'
        'column = "o"\n[fields.ended_at]\ncolumn = "e"\n'
    )
    assert event(toml, o="2024-01-01 10:00", e="2024-02-10 10:00")["ended_at"]
    found = refusal(toml, o="2024-01-01 10:00", e="2024-02-11 10:00")
    assert found.reason == "implausible_date"


def test_a_month_that_is_not_over_was_written_now() -> None:
    toml = INCIDENT.replace('"%Y-%m-%d %H:%M:%S"', '["iso"]')
    assert event(toml, **row("2026-06"))["updated_at"] == "2026-06-01T00:00:00Z"
    assert event(toml, **row("2026-05"))["updated_at"] == "2026-05-31T22:59:59Z"


# --- a field left out -----------------------------------------------------------------------------

GOOD = {"o": "2016-12-30 23:03:12", "a": "2016-12-30 23:13:14"}


@pytest.mark.parametrize(
    ("close", "why"),
    [
        ("2016-12-30 00:05:39", "closed_at is earlier than opened_at"),
        ("2106-12-30 23:59:00", "closed_at 2106-12-30 23:59:00 UTC is later than now"),
        ("2017-12-30 23:59:00", "closed_at is more than 350 days later than opened_at"),
        ("1906-12-30 23:59:00", "closed_at 1906-12-30 23:59:00 UTC is before 1990"),
        ("yesterday", 'closed_at: "yesterday" fits none of the formats'),
    ],
)
def test_a_bad_close_does_not_cost_a_good_incident(close: str, why: str) -> None:
    notices = Notices()
    found = noting(LENIENT, notices, **GOOD, c=close)
    assert found["arrived_at"] == found["updated_at"] == "2016-12-30T23:13:14Z"
    assert "closed_at" not in found
    assert notices.texts() == [
        f"closed_at was left out of 1 row (on_error), the first at in.csv:0: {why}"
    ]


def test_without_on_error_a_contradiction_is_left_to_the_monitor() -> None:
    assert event(INCIDENT, **GOOD, c="2016-12-30 00:05:39")["closed_at"] == "2016-12-30T00:05:39Z"


def test_a_close_within_the_skew_of_two_clocks_does_not_contradict() -> None:
    found = event(LENIENT, o="2024-01-01 10:00:02", a="", c="2024-01-01 10:00:00")
    assert found["closed_at"] == "2024-01-01T10:00:00Z"


def test_a_time_that_contradicts_the_time_it_follows_is_left_out() -> None:
    toml = LENIENT + 'after = "arrived_at"\n'
    found = event(toml, o="2024-01-01 10:00:00", a="2024-01-01 10:10:00", c="2024-01-01 10:05:00")
    assert "closed_at" not in found
    assert found["arrived_at"]


def test_a_time_later_than_its_row_was_written_is_left_out() -> None:
    toml = LENIENT + '[fields.updated_at]\ncolumn = "u"\n'
    cells = {"o": "2024-01-01 10:00:00", "a": "", "u": "2024-01-02 10:00:00"}
    assert "closed_at" not in event(toml, **cells, c="2024-01-03 10:00:00")
    assert "closed_at" in event(toml, **cells, c="2024-01-02 10:00:00")


def test_an_arrival_without_a_time_of_opening_is_left_out() -> None:
    toml = LENIENT.replace('"%Y-%m-%d %H:%M:%S"', '["iso"]')
    assert "arrived_at" not in event(toml, o="2024-01-01", a="2024-01-01 10:00", c="")


def test_what_hangs_on_a_time_that_was_left_out_hangs_on_the_next() -> None:
    toml = LENIENT + 'format = "%H:%M:%S"\nafter = ["arrived_at", "opened_at"]\n'
    found = event(toml, o="2024-01-01 10:00:00", a="2062-01-01 10:00:00", c="11:00:00")
    assert found["closed_at"] == "2024-01-01T11:00:00Z"


CALL = """
kind = "call"
force = "f"
timezone = "UTC"
id = "no"
time_format = "%Y-%m-%d %H:%M:%S"
[fields.offered_at]
column = "o"
[fields.answered_at]
from = "offered_at"
plus = "wait"
on_error = "leave_out"
"""


def test_a_duration_that_is_none_or_answers_before_the_offer_is_left_out() -> None:
    assert "answered_at" not in event(CALL, o="2024-01-01 10:00:00", wait="?")
    assert "answered_at" not in event(CALL, o="2024-01-01 10:00:00", wait="-30")
    assert "answered_at" in event(CALL, o="2024-01-01 10:00:00", wait="30")


def test_of_two_ends_of_a_call_the_one_that_may_be_left_out_goes() -> None:
    toml = CALL + '[fields.abandoned_at]\ncolumn = "x"\n'
    cells = {"o": "2024-01-01 10:00:00", "wait": "5"}
    assert "answered_at" not in event(toml, **cells, x="2024-01-01 10:00:09")
    toml = toml.replace(LEAVE, "") + LEAVE
    assert "abandoned_at" not in event(toml, **cells, x="2024-01-01 10:00:09")


def test_the_time_that_a_record_counts_by_cannot_be_left_out() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_mapping(INCIDENT.replace('"o"\n', f'"o"\n{LEAVE}'), "m.toml")
    assert (caught.value.field, caught.value.line) == ("fields.opened_at.on_error", 9)


# --- a dated time that rolls ----------------------------------------------------------------------

ROLL = INCIDENT + 'after = "opened_at"\nroll = "day"\n'


@pytest.mark.parametrize(
    ("close", "closed"),
    [
        ("2016-12-30 00:05:39", "2016-12-31T00:05:39Z"),  # a day early
        ("2016-12-30 23:30:00", "2016-12-30T23:30:00Z"),  # right as it is
        ("2016-12-29 10:00:00", "2016-12-29T10:00:00Z"),  # more than a day early: not rolled
    ],
)
def test_a_dated_time_rolls_by_one_day_where_it_comes_too_early(close: str, closed: str) -> None:
    assert event(ROLL, **row("2016-12-30 23:03:12", c=close))["closed_at"] == closed


def test_a_time_with_an_offset_rolls_by_24_hours() -> None:
    toml = ROLL.replace('"%Y-%m-%d %H:%M:%S"', '["iso"]')
    found = event(toml, **row("2024-01-01T23:00:00Z", c="2024-01-01T00:30:00Z"))
    assert found["closed_at"] == "2024-01-02T00:30:00Z"


def test_a_time_that_is_long_after_the_time_it_follows_once_rolled_is_said() -> None:
    notices = Notices()
    for opened, closed in (
        ("2016-12-30 19:01:00", "2016-12-30 09:49:00"),  # a wrong clock: 14:48 later
        ("2016-12-30 23:03:12", "2016-12-30 00:05:39"),  # past midnight
        ("2016-12-30 09:00:00", "2016-12-30 19:00:00"),  # long, and not rolled
    ):
        noting(ROLL, notices, **row(opened, c=closed))
    (text,) = notices.texts()
    assert text.startswith(
        "closed_at of 1 row was put on the next day (roll) and is so more than 6 hours after the "
        "time it follows, the first at "
    )


def test_where_the_time_that_others_hang_on_is_blank_that_one_is_named() -> None:
    toml = INCIDENT.replace('column = "c"', 'from = "opened_at"\nplus = "c"')
    found = refusal(toml, **row("", c="30"))
    assert (found.reason, found.detail) == (
        "missing_field", "opened_at is blank, and closed_at is dated by it",
    )  # fmt: skip


def test_a_roll_needs_the_time_that_it_follows() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_mapping(INCIDENT + 'roll = "day"\n', "m.toml")
    assert (caught.value.field, caught.value.cure) == (
        "fields.closed_at.roll", 'after = "opened_at"',
    )  # fmt: skip


# --- the hour that autumn repeats -----------------------------------------------------------------


def seconds(toml: str, **cells: str) -> float:
    found = event(toml, **cells)
    opened = dt.datetime.fromisoformat(str(found["opened_at"]))
    return (dt.datetime.fromisoformat(str(found["arrived_at"])) - opened).total_seconds()


FOLLOWS = INCIDENT.replace('"a"\n', '"a"\nafter = "opened_at"\n')
NIGHT = "2024-10-27 "


@pytest.mark.parametrize("toml", [FOLLOWS, INCIDENT])
@pytest.mark.parametrize(
    ("opened", "arrived", "passed"),
    [
        ("01:41:00", "01:50:00", 540),
        ("01:16:00", "01:30:00", 840),
        ("01:58:22", "02:03:56", 334),  # 02:03:56 happens once that night
        ("02:10:00", "02:16:00", 360),
        ("00:58:00", "01:03:00", 300),
    ],
)
def test_a_repeated_hour_is_read_as_the_last_before_the_time_that_is_certain(
    toml: str, opened: str, arrived: str, passed: float
) -> None:
    assert seconds(toml, o=NIGHT + opened, a=NIGHT + arrived, c="") == passed


def test_a_certain_close_decides_for_opening_and_arrival() -> None:
    times = row(NIGHT + "01:50:00", NIGHT + "01:55:00", NIGHT + "02:30:00")
    assert event(FOLLOWS, **times)["opened_at"] == "2024-10-27T01:50:00+00:00"
    times = row(NIGHT + "01:50:00", NIGHT + "01:10:00", NIGHT + "02:30:00")
    assert event(FOLLOWS, **times)["opened_at"] == "2024-10-27T00:50:00+00:00"


def test_a_time_that_is_counted_from_it_decides_nothing() -> None:
    toml = (
        INCIDENT.replace('column = "a"', 'from = "opened_at"\nplus = "a"')
    )  # fmt: skip
    found = event(toml, o=NIGHT + "01:50:00", a="3600", c="")
    assert found["opened_at"] == "2024-10-27T00:50:00+00:00"
    assert found["arrived_at"] == "2024-10-27T01:50:00Z"


@given(st.integers(0, 4 * 3600), st.integers(0, 3600))
def test_no_incident_of_that_night_is_longer_than_its_clock_times_and_an_hour(
    start: int, passed: int
) -> None:
    clock = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in (start, start + passed)]
    found = seconds(FOLLOWS, o=NIGHT + clock[0], a=NIGHT + clock[1], c="")
    # Who began before the hour was repeated may have lived through it once more.
    assert found in ({passed} if start >= 3600 else {passed, passed + 3600})


# --- the name of a zone ---------------------------------------------------------------------------

ZONED = """
kind = "incident"
force = "f"
timezone = "Europe/London"
id = "no"
time_format = ["%d/%m/%Y %H:%M:%S %Z", "%d %b %Y %I:%M %p %Z"]
[fields.opened_at]
column = "o"
"""


@pytest.fixture(params=["UTC", "Europe/London", "America/New_York"])
def machine(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("01/07/2024 10:30:00 GMT", "2024-07-01T10:30:00+00:00"),
        ("01/07/2024 10:30:00 UTC", "2024-07-01T10:30:00+00:00"),
        ("01/07/2024 11:30:00 BST", "2024-07-01T10:30:00+00:00"),
        ("27/10/2024 01:30:00 BST", "2024-10-27T00:30:00+00:00"),
        ("27/10/2024 01:30:00 GMT", "2024-10-27T01:30:00+00:00"),
        ("01 Jul 2024 11:30 AM bst", "2024-07-01T10:30:00+00:00"),
    ],
)
def test_the_name_of_a_zone_is_obeyed_on_any_machine(machine: None, text: str, opened: str) -> None:
    assert event(ZONED, o=text)["opened_at"] == opened


@pytest.mark.parametrize("text", ["01/07/2024 11:30:00 EST", "01/01/2024 11:30:00 BST"])
def test_a_name_that_the_zone_does_not_use_then_is_refused_by_name(text: str) -> None:
    found = refusal(ZONED, o=text)
    assert found.reason == "bad_time"
    assert f'"{text[-3:]}" is no zone that Europe/London uses' in found.detail


# --- spreadsheets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "serial", "opened"),
    [
        ("excel", "45292.5", "2024-01-01T12:00:00+00:00"),
        ("excel", "45292.0", "2024-01-01T00:00:00+00:00"),
        ("excel", "45292", "2024-01-01"),
        ("excel", "45292.999999999", "2024-01-02T00:00:00+00:00"),
        ("excel", "45292.000694444", "2024-01-01T00:01:00+00:00"),
        ("excel_1904", "43830.5", "2024-01-01T12:00:00+00:00"),
    ],
)
def test_the_serial_number_of_a_spreadsheet_is_a_time(form: str, serial: str, opened: str) -> None:
    toml = ZONED.replace('["%d/%m/%Y %H:%M:%S %Z", "%d %b %Y %I:%M %p %Z"]', f'"{form}"')
    assert event(toml, o=serial)["opened_at"] == opened


@pytest.mark.parametrize(
    ("serial", "day"),
    [("1", "1900-01-01"), ("59", "1900-02-28"), ("60", None), ("61", "1900-03-01"), ("-1", None)],
)
def test_a_spreadsheet_takes_1900_for_a_leap_year(serial: str, day: str | None) -> None:
    found = compile_format("excel")(serial)
    assert (found and str(found.day)) == day
