"""Patterns, written numbers, durations, periods of readings and the parts of an id."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError, Refused
from streams.events.schema import EVENT_KINDS
from streams.sources.mapping.cells import clock_length, plain_number
from streams.sources.mapping.file import parse_mapping
from streams.sources.mapping.kind_fields import allowed_fields
from streams.sources.mapping.mapped import Mapper

NOW = int(dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC).timestamp() * 1000)
HEAD = 'force = "f"\ntimezone = "Europe/London"\nid = "no"\n'
INCIDENT = f'kind = "incident"\n{HEAD}[fields.opened_at]\ncolumn = "at"\n'
CALL = f'kind = "call"\n{HEAD}[fields.offered_at]\ncolumn = "at"\n'
READING = f'kind = "reading"\n{HEAD}[constants]\nmeasure = "x"\n[fields.period]\ncolumn = "p"\n'
AT = "2024-01-01T12:00:00Z"


def convert(toml: str, **cells: str) -> dict[str, object] | None:
    cells = {"no": "1", **cells}
    line = Mapper(parse_mapping(toml), list(cells), None, "in.csv", lambda: NOW)(
        list(cells.values())
    )
    if line is None:
        return None
    found: dict[str, object] = msgspec.json.decode(line)
    return found


def event(toml: str, **cells: str) -> dict[str, object]:
    found = convert(toml, **cells)
    assert found is not None
    return found


def refusal(toml: str, **cells: str) -> Refused:
    with pytest.raises(Refused) as caught:
        convert(toml, **cells)
    return caught.value


# --- several columns of one field ----------------------------------------------------------------

PARTS = INCIDENT.replace('"at"', '["y", "m", "d", "h"]\njoin = "-"\nformat = "%Y-%m-%d-%H"')


def test_a_time_may_be_written_in_several_columns() -> None:
    assert event(PARTS, y="2024", m="7", d="1", h="9")["opened_at"] == "2024-07-01T08:00:00+00:00"


def test_a_time_of_several_columns_of_which_some_are_blank_fits_no_format() -> None:
    refused = refusal(PARTS, y="2024", m="", d="1", h="9")
    assert (refused.reason, refused.detail) == (
        "bad_time",
        'opened_at: "2024--1-9" fits none of the formats',
    )


def test_a_field_of_several_columns_that_are_all_blank_is_left_out() -> None:
    toml = INCIDENT + '[fields.area]\ncolumn = ["force", "beat"]\njoin = "/"\nnull = ["-"]\n'
    assert event(toml, at=AT, force="A", beat="1")["area"] == "A/1"
    assert event(toml, at=AT, force="A", beat="-")["area"] == "A/"
    assert "area" not in event(toml, at=AT, force="-", beat=" ")


def test_a_time_of_two_columns_may_lack_the_one_with_the_hour() -> None:
    toml = INCIDENT.replace('"at"', '["date", "time"]\njoin = " "')
    toml += 'format = ["%d/%m/%Y %H:%M", "%d/%m/%Y"]\n'
    assert event(toml, date="09/01/2024", time="10:30")["opened_at"] == "2024-01-09T10:30:00+00:00"
    assert event(toml, date="09/01/2024", time="")["opened_at"] == "2024-01-09"


def test_under_says_whether_a_number_is_below() -> None:
    toml = INCIDENT + "[fields.crimed]\ncolumn = 'age'\nunder = 18\n"
    assert [event(toml, at=AT, age=age).get("crimed") for age in ("17", "18", "1,700", "")] == [
        True, None, None, None,
    ]  # fmt: skip
    with pytest.raises(Refused, match="is no number"):
        convert(toml.replace("crimed", "cancelled"), at=AT, age="x")


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[fields.area]\ncolumn = 'age'\nunder = 18\n", "`under` says yes or no, and area is"),
        (
            "[fields.crimed]\ncolumn = 'age'\nunder = 18\ndefault = true\n",
            "`under` and `default` don't go together",
        ),
    ],
)
def test_under_is_for_what_is_true_or_false(toml: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_mapping(INCIDENT + toml)


def test_what_is_null_is_left_out_of_a_list() -> None:
    toml = INCIDENT + "[fields.markers]\ncolumn = 'codes'\nsplit = ','\nnull = ['ATT']\n"
    toml += "values = { DV = 'domestic_abuse' }\n"
    assert event(toml, at=AT, codes="ATT, DV")["markers"] == ["domestic_abuse"]
    assert "markers" not in event(toml, at=AT, codes="ATT")


def test_the_period_of_a_reading_may_be_written_in_two_columns() -> None:
    toml = READING.replace('"p"', '["Year", "Month"]\njoin = " "\nformat = "%Y %B"')
    toml += "[fields.value]\ncolumn = 'v'\n"
    assert event(toml, Year="2007", Month="December", v="3")["period"] == "2007-12"


def test_join_of_one_column_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="`join` needs several columns"):
        parse_mapping(INCIDENT + 'join = "-"\n')


def test_a_reading_whose_figure_is_blank_is_refused_as_such() -> None:
    value = READING + "[fields.value]\ncolumn = 'v'\n"
    refused = refusal(value, p="2024-01", v="")
    assert (refused.reason, refused.detail) == (
        "missing_field",
        "the row has no figure: value blank; exclude such rows if they are no readings",
    )
    share = value.replace("fields.value", "fields.numerator")
    share += "[fields.denominator]\ncolumn = 'of'\n"
    assert refusal(share, p="2024-01", v="3", of="").reason == "missing_field"
    counts = value.replace("fields.value", 'fields."counts.offered"')
    assert refusal(counts, p="2024-01", v="").reason == "missing_field"
    assert event(counts, p="2024-01", v="3")["counts"] == {"offered": 3}


def test_one_row_is_another_reading_by_each_mapping_that_says_what_it_is_of() -> None:
    toml = READING + "[fields.value]\ncolumn = 'v'\n"
    emergency = toml.replace('"x"', '"x"\nline = "999"')
    other = toml.replace('"x"', '"x"\nline = "101"\narea = "Rugby"')
    ids = [event(one, p="2024-01", v="3")["id"] for one in (toml, emergency, other)]
    assert ids == ["x/1", "x/999/1", "x/101/Rugby/1"]


# --- patterns -------------------------------------------------------------------------------------

GROUP = INCIDENT + "[fields.area]\ncolumn = 'beat'\nmatch = 'Beat (\\w+)( .*)?'\n"


def test_the_first_group_of_a_pattern_is_the_value() -> None:
    assert event(GROUP, at=AT, beat="Beat R1 (old)")["area"] == "R1"


def test_a_pattern_without_a_group_takes_the_whole_cell() -> None:
    toml = GROUP.replace("Beat (\\w+)( .*)?", "R\\d")
    assert event(toml, at=AT, beat=" R1 ")["area"] == "R1"


def test_a_pattern_must_match_the_whole_cell() -> None:
    # Sent as it stands: an area that nobody knows, and the record counts under the force.
    assert event(GROUP, at=AT, beat="see Beat R1")["area"] == "see Beat R1"
    assert event(GROUP + 'default = "Other"\n', at=AT, beat="see")["area"] == "Other"
    assert "area" not in event(GROUP + 'on_error = "leave_out"\n', at=AT, beat="see")


def test_values_translate_what_the_pattern_found() -> None:
    toml = GROUP + 'values = { R1 = "Rugby" }\n'
    assert event(toml, at=AT, beat="Beat R1")["area"] == "Rugby"
    assert event(toml, at=AT, beat="Beat R2")["area"] == "R2"


def test_a_pattern_takes_a_time_or_a_duration_out_of_its_cell() -> None:
    toml = CALL + "match = 'at (.*)'\n[fields.answered_at]\nfrom = 'offered_at'\nplus = 'w'\n"
    toml += "match = '(\\d+) s'\n"
    assert event(toml, at=f"at {AT}", w="30 s")["answered_at"] == "2024-01-01T12:00:30Z"
    assert refusal(toml, at=AT, w="30 s").reason == "bad_time"
    assert refusal(toml, at=f"at {AT}", w="30").reason == "bad_number"


def test_a_pattern_chooses_rows_and_fields() -> None:
    toml = INCIDENT + "[[exclude]]\ncolumn = 'beat'\nmatch = 'TEST.*'\n"
    assert convert(toml, at=AT, beat="TEST 7") is None
    assert convert(toml, at=AT, beat="A TEST") is not None
    toml = INCIDENT + "[[include]]\ncolumn = 'beat'\nmatch = '[A-Z]\\d'\nis_not = ['X9']\n"
    assert convert(toml, at=AT, beat="R1") is not None
    assert convert(toml, at=AT, beat="X9") is None
    assert convert(toml, at=AT, beat="") is None
    toml = INCIDENT + (
        "[fields.area]\ncolumn = 'beat'\nwhen = { column = 'beat', match = 'R\\d' }\n"
    )
    assert event(toml, at=AT, beat="R1")["area"] == "R1"
    assert "area" not in event(toml, at=AT, beat="Q1")


@pytest.mark.parametrize(
    ("toml", "field", "line"),
    [
        (INCIDENT + '[fields.area]\ncolumn = "b"\nmatch = "("\n', "fields.area.match", 9),
        (
            INCIDENT + '[[include]]\ncolumn = "a"\nis = ["x"]\n[[include]]\ncolumn = "b"\n'
            'match = "["\n',
            "include[1].match",
            12,
        ),
        (INCIDENT + '[[exclude]]\ncolumn = "a"\n', "exclude[0]", 7),
        (
            INCIDENT + '[fields.area]\ncolumn = "b"\nwhen = { column = "a", match = "*" }\n',
            "fields.area.when",
            9,
        ),
    ],
)
def test_a_pattern_that_cannot_be_used_is_named_with_its_line(
    toml: str, field: str, line: int
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_mapping(toml, "m.toml")
    assert (caught.value.field, caught.value.line) == (field, line)
    assert caught.value.cure


# --- durations ------------------------------------------------------------------------------------

WAIT = CALL + '[fields.answered_at]\nfrom = "offered_at"\nplus = "w"\n'


def test_minus_is_a_time_before_another() -> None:
    toml = (
        f'kind = "call"\n{HEAD}'
        '[fields.answered_at]\ncolumn = "at"\n'
        '[fields.offered_at]\nfrom = "answered_at"\nminus = "w"\nunit = "minutes"\n'
    )
    assert event(toml, at=AT, w="1.5")["offered_at"] == "2024-01-01T11:58:30Z"
    with pytest.raises(ConfigError, match="either `column` or `from`"):
        parse_mapping(toml + 'plus = "w"\n')


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("00:00:05", 5), ("-00:00:05", -5), ("-01:02:03", -3_723), ("1:02:03", 3_723),
        ("2:03", 123), ("0:00:05.25", 5.25), ("-0:00.5", -0.5), ("100:00:00", 360_000),
    ],
)  # fmt: skip
def test_a_clock_duration_keeps_its_sign(text: str, passed: float) -> None:
    assert clock_length(text).total_seconds() == passed


@pytest.mark.parametrize("text", ["", "-", "--1:00", "1:-2:03", "1:2:3:4", "1:02:0x", "+1"])
def test_what_is_no_clock_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  it has no words of its own
        clock_length(text)


def test_thousands_may_stand_in_a_duration_and_a_percentage_may_not() -> None:
    assert event(WAIT, at=AT, w="1,800")["answered_at"] == "2024-01-01T12:30:00Z"
    assert refusal(WAIT, at=AT, w="50%").reason == "bad_number"


# --- numbers --------------------------------------------------------------------------------------

VALUE = READING + '[fields.value]\ncolumn = "v"\n'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.923", 0.923), ("92.3%", 0.923), ("92.3 %", 0.923), ("12,345", 12_345),
        ("1,234,567.5", 1_234_567.5), ("-1,000", -1_000), ("100%", 1), ("7", 7), ("1e3", 1_000),
    ],
)  # fmt: skip
def test_a_figure_is_read_as_it_is_written(text: str, value: float) -> None:
    assert event(VALUE, p="2024", v=text)["value"] == value


@pytest.mark.parametrize("text", ["1,2", "0,923", "12,34,567", "12.3.4", "%", "n/a", "1,000,00"])
def test_a_figure_that_could_mean_two_things_is_refused(text: str) -> None:
    found = refusal(VALUE, p="2024", v=text)
    assert (found.reason, found.detail) == ("bad_number", f'value: "{text}" is no number')


def test_decimals_and_thousands_may_have_other_marks() -> None:
    comma = VALUE.replace("force", 'decimal = ","\nforce')
    assert event(comma, p="2024", v="12.345,5")["value"] == 12_345.5
    assert event(comma, p="2024", v="0,923")["value"] == 0.923
    assert refusal(comma, p="2024", v="0.923").reason == "bad_number"
    space = VALUE + 'thousands = " "\n'
    assert event(space, p="2024", v="12\u00a0345")["value"] == 12_345
    with pytest.raises(ConfigError) as caught:
        parse_mapping(comma + 'thousands = ","\n')
    assert caught.value.field == "fields.value.thousands"


def test_counts_of_people_may_have_thousands_too() -> None:
    toml = INCIDENT + '[fields."casualties.slight"]\ncolumn = "s"\n'
    assert event(toml, at=AT, s="1,024")["casualties"] == {"slight": 1_024}
    # What is no number is unknown, and the incident counts without it.
    assert event(toml, at=AT, s="some")["casualties"] == {"slight": "some"}


@given(st.integers(-(10**12), 10**12), st.sampled_from([",", "."]))
def test_any_whole_number_is_read_with_and_without_thousands(number: int, mark: str) -> None:
    decimal = "." if mark == "," else ","
    assert float(plain_number(f"{number:,}".replace(",", mark), decimal, mark)) == number
    assert float(plain_number(str(number), decimal, mark)) == number


def test_the_parts_of_a_field_that_is_an_object_are_fields() -> None:
    assert {"casualties.fatal", "casualties.serious", "casualties.slight"} < allowed_fields(
        "incident"
    )
    assert {"units.id", "units.arrived_at", "persons.in_care"} < allowed_fields("incident")
    for kind in EVENT_KINDS:
        assert not {"persons", "units", "id", "version", "played", "origin"} & allowed_fields(kind)


# --- periods of readings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "last"),
    [
        ("2024-01", "2024-01-31T23:59:59Z"), ("2024-02", "2024-02-29T23:59:59Z"),
        ("2024-07", "2024-07-31T22:59:59Z"), ("2024", "2024-12-31T23:59:59Z"),
        ("2024-Q2", "2024-06-30T22:59:59Z"), ("2023-Q4", "2023-12-31T23:59:59Z"),
        ("2026", "2026-06-15T12:00:00Z"),  # not over: as it is now
    ],
)  # fmt: skip
def test_a_reading_without_a_time_was_so_at_the_end_of_its_period(period: str, last: str) -> None:
    found = event(VALUE, p=period, v="1")
    assert (found["period"], found["updated_at"]) == (period, last)


@pytest.mark.parametrize(
    ("form", "text", "period"),
    [
        ("%B %Y", "January 2024", "2024-01"), ("%b-%y", "Feb-24", "2024-02"),
        ("%m/%Y", "03/2024", "2024-03"), ("%Y", "2024", "2024"),
    ],
)  # fmt: skip
def test_a_period_is_made_of_a_written_month_or_year(form: str, text: str, period: str) -> None:
    toml = VALUE.replace('column = "p"', f'column = "p"\nformat = "{form}"')
    assert event(toml, p=text, v="1")["period"] == period


def test_a_period_that_is_none_or_has_not_begun_is_refused() -> None:
    assert refusal(VALUE, p="2024-13", v="1").reason == "wrong_form"
    assert refusal(VALUE, p="January", v="1").reason == "wrong_form"
    assert refusal(VALUE, p="2026-07", v="1").reason == "implausible_date"
    toml = VALUE.replace('column = "p"', 'column = "p"\nformat = "%B %Y"')
    assert refusal(toml, p="Januar 24", v="1").reason == "bad_time"


def test_updated_at_may_be_a_month_or_a_day() -> None:
    toml = VALUE + '[fields.updated_at]\ncolumn = "u"\n'
    for text, last in (("2024-01", "2024-01-31T23:59:59Z"), ("2024-07-01", "2024-07-01T22:59:59Z")):
        assert event(toml, p="2024", v="1", u=text)["updated_at"] == last


def test_a_year_alone_is_no_time_of_a_record() -> None:
    assert refusal(INCIDENT + 'format = "%Y"\n', at="2024").reason == "bad_time"


# --- the parts of an id ---------------------------------------------------------------------------

TWO = INCIDENT.replace('id = "no"', 'null = ["NULL"]\nid = ["no", "day"]')


@pytest.mark.parametrize(
    ("no", "day", "column"),
    [("", "Mon", "no"), ("1", " ", "day"), ("NULL", "Mon", "no"), ("1", "NULL", "day")],
)
def test_a_blank_part_of_an_id_is_refused_by_its_column(no: str, day: str, column: str) -> None:
    found = refusal(TWO, no=no, day=day, at=AT)
    assert (found.reason, found.detail) == (
        "no_id", f'the column "{column}" is blank, and the id needs it',
    )  # fmt: skip


def test_an_id_whose_parts_are_all_there_is_joined() -> None:
    assert event(TWO, no="7", day="Mon", at=AT)["id"] == "7/Mon"
