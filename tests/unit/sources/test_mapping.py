"""Mapping files: any table to any event, with every time on the right day."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.config.force import load_force
from streams.errors import ConfigError, Refused
from streams.events.lenient import read
from streams.events.schema import Call, Crime, Incident, decode_line
from streams.sources import Chunk, open_source
from streams.sources.mapping.file import load_mapping, parse_mapping
from streams.sources.mapping.mapped import Mapper

EXAMPLES = Path(__file__).parents[3] / "examples"
INCIDENT = """
kind = "incident"
force = "f"
timezone = "Europe/London"
id = "no"
date_format = "%d/%m/%Y"
[fields.opened_at]
column = "opened"
date = "date"
[fields.arrived_at]
column = "arrived"
after = "opened_at"
"""


def far() -> int:
    """A time of reading after all that these rows hold, in ms: the end of the year 9999."""
    return 253_402_300_790_000


def convert(toml: str, **cells: str) -> bytes | None:
    header = [name.replace("_", " ") for name in cells]
    return Mapper(parse_mapping(toml), header, None, "x.csv", now=far)(list(cells.values()))


def event(toml: str, **cells: str) -> dict[str, object]:
    line = convert(toml, **cells)
    assert line is not None
    decode_line(line)
    found: dict[str, object] = msgspec.json.decode(line)
    return found


def reason(toml: str, **cells: str) -> str:
    with pytest.raises(Refused) as caught:
        convert(toml, **cells)
    return caught.value.reason


def base(more: str = "", kind: str = "incident", fields: str = "opened_at") -> str:
    return (
        f'kind = "{kind}"\nforce = "f"\ntimezone = "UTC"\nid = "no"\n{more}\n'
        f'[fields.{fields}]\ncolumn = "at"\n'
    )


AT = "2021-03-01T12:00:00Z"


def incident(date: str, opened: str, arrived: str, toml: str = INCIDENT) -> tuple[str, str]:
    found = event(toml, no="1", date=date, opened=opened, arrived=arrived)
    return str(found["opened_at"]), str(found.get("arrived_at"))


# --- times ----------------------------------------------------------------------------------------


def test_a_clock_time_takes_its_date_from_another_column() -> None:
    assert incident("04/03/2021", "09:15:00", "") == ("2021-03-04T09:15:00+00:00", "None")


def test_a_clock_time_before_the_time_it_follows_is_on_the_next_day() -> None:
    times = incident("04/03/2021", "23:55:00", "00:10:00")
    assert times == ("2021-03-04T23:55:00+00:00", "2021-03-05T00:10:00Z")


def test_a_clock_time_equal_to_the_time_it_follows_is_the_same_instant() -> None:
    assert incident("04/03/2021", "23:55:00", "23:55:00")[1] == "2021-03-04T23:55:00Z"


def test_in_summer_the_local_clock_is_an_hour_ahead() -> None:
    times = incident("01/07/2021", "00:30:00", "00:40:00")
    assert times == ("2021-06-30T23:30:00+00:00", "2021-06-30T23:40:00Z")


def test_a_time_in_the_march_gap_is_moved_forward() -> None:
    # 28 March 2021: 00:59:59 is followed by 02:00:00. 01:30 becomes 02:30, which is 01:30 UTC.
    assert incident("28/03/2021", "01:30:00", "")[0] == "2021-03-28T01:30:00+00:00"


def test_a_time_in_the_doubled_october_hour_is_the_first_of_the_two() -> None:
    assert incident("31/10/2021", "01:30:00", "01:40:00") == (
        "2021-10-31T00:30:00+00:00", "2021-10-31T00:40:00Z",
    )  # fmt: skip


def test_in_the_doubled_hour_a_time_before_the_one_it_follows_is_the_second_of_the_two() -> None:
    assert incident("31/10/2021", "01:50:00", "01:10:00") == (
        "2021-10-31T00:50:00+00:00", "2021-10-31T01:10:00Z",
    )  # fmt: skip


def test_across_the_march_change_a_wall_clock_loses_an_hour() -> None:
    opened, arrived = incident("28/03/2021", "00:50:00", "02:10:00")
    assert (opened, arrived) == ("2021-03-28T00:50:00+00:00", "2021-03-28T01:10:00Z")


def test_a_clock_read_as_utc_keeps_plain_differences_through_the_march_change() -> None:
    toml = INCIDENT.replace("Europe/London", "UTC")
    opened, arrived = incident("28/03/2021", "00:50:00", "02:10:00", toml)
    assert (opened, arrived) == ("2021-03-28T00:50:00+00:00", "2021-03-28T02:10:00Z")


@given(st.integers(0, 86_399), st.integers(0, 86_399), st.dates(dt.date(2000, 1, 1)))
def test_read_as_utc_every_difference_is_the_plain_one_modulo_24_hours(
    opened: int, arrived: int, day: dt.date
) -> None:
    if day == dt.date.max:
        return
    first, then = (f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in (opened, arrived))
    toml = INCIDENT.replace("Europe/London", "UTC")
    a, b = map(dt.datetime.fromisoformat, incident(f"{day:%d/%m/%Y}", first, then, toml))
    assert (b - a).total_seconds() == (arrived - opened) % 86_400


@given(
    st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1)), st.integers(0, 86_399),
    st.integers(0, 86_399),
)  # fmt: skip
def test_in_any_time_zone_a_time_never_comes_before_the_one_it_follows(
    day: dt.date, opened: int, arrived: int
) -> None:
    clock = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in (opened, arrived)]
    a, b = map(dt.datetime.fromisoformat, incident(f"{day:%d/%m/%Y}", *clock))
    assert dt.timedelta() <= b - a <= dt.timedelta(hours=25)


TOLERANT = INCIDENT + "tolerance = 60\n"


def test_within_the_tolerance_a_time_may_lie_before_the_one_it_follows() -> None:
    assert incident("04/03/2021", "12:00:00", "11:59:10", TOLERANT)[1] == "2021-03-04T11:59:10Z"


def test_beyond_the_tolerance_it_is_on_the_next_day() -> None:
    assert incident("04/03/2021", "12:00:00", "11:58:59", TOLERANT)[1] == "2021-03-05T11:58:59Z"


def test_the_tolerance_reaches_back_over_midnight() -> None:
    assert incident("05/03/2021", "00:00:10", "23:59:40", TOLERANT)[1] == "2021-03-04T23:59:40Z"


def test_with_floor_a_time_within_the_tolerance_becomes_the_one_it_follows() -> None:
    toml = TOLERANT + "floor = true\n"
    assert incident("04/03/2021", "12:00:00", "11:59:10", toml)[1] == "2021-03-04T12:00:00Z"


def test_a_time_follows_the_first_of_several_that_the_row_has() -> None:
    toml = INCIDENT + '[fields.closed_at]\ncolumn = "closed"\nafter = ["arrived_at", "opened_at"]\n'
    row = {"no": "1", "date": "04/03/2021", "opened": "22:00:00", "closed": "23:00:00"}
    assert event(toml, **row, arrived="23:30:00")["closed_at"] == "2021-03-05T23:00:00Z"
    assert event(toml, **row, arrived="")["closed_at"] == "2021-03-04T23:00:00Z"


def test_a_duration_is_added_to_the_time_it_starts_from() -> None:
    toml = base(kind="call", fields="offered_at") + (
        '[fields.answered_at]\nfrom = "offered_at"\nplus = "wait"\n'
    )
    assert event(toml, no="1", at=AT, wait="90")["answered_at"] == "2021-03-01T12:01:30Z"
    minutes = toml + 'unit = "minutes"\n'
    assert event(minutes, no="1", at=AT, wait="1.5")["answered_at"] == "2021-03-01T12:01:30Z"
    clock = toml + 'unit = "clock"\n'
    assert event(clock, no="1", at=AT, wait="1:01:30")["answered_at"] == "2021-03-01T13:01:30Z"


def test_a_working_time_carries_others_but_is_not_sent() -> None:
    toml = base('[working.entered]\ncolumn = "in"', "call", "offered_at") + 'after = "entered"\n'
    found = event(toml, no="1", **{"in": "2021-03-01 23:59:50"}, at="00:00:05")
    assert found["offered_at"] == found["updated_at"] == "2021-03-02T00:00:05Z"
    assert "entered" not in found


@pytest.mark.parametrize(
    ("form", "text", "opened"),
    [("iso", "2021-03-01 12:00:00", "2021-03-01T12:00:00+00:00"),
     ("iso", "2021-03-01T12:00:00+02:00", "2021-03-01T10:00:00+00:00"),
     ("iso", "2021-03-01", "2021-03-01"), ("iso", "2021-03", "2021-03"),
     ("unix", "1614600000", "2021-03-01T12:00:00+00:00"),
     ("unix_ms", "1614600000250", "2021-03-01T12:00:00.250000+00:00"),
     ("%d/%m/%Y %H:%M", "1/3/2021 12:00", "2021-03-01T12:00:00+00:00"),
     ("%Y%m%d%H%M%S", "20210301120000", "2021-03-01T12:00:00+00:00"),
     ("%H:%M:%S.%f %d-%m-%y", "12:00:00.5 01-03-21", "2021-03-01T12:00:00.500000+00:00"),
     ("%d %b %Y %I:%M %p", "01 Mar 2021 12:00 PM", "2021-03-01T12:00:00+00:00"),
     ("%Y-%m-%d %H:%M %z", "2021-03-01 12:00 -0100", "2021-03-01T13:00:00+00:00"),
     ("%d.%m.%Y", "01.03.2021", "2021-03-01"), ("%m/%Y", "03/2021", "2021-03")],
)  # fmt: skip
def test_a_time_is_read_in_its_format_and_keeps_its_precision(
    form: str, text: str, opened: str
) -> None:
    assert event(base() + f'format = "{form}"\n', no="1", at=text)["opened_at"] == opened


def test_the_first_of_several_formats_that_fits_is_taken() -> None:
    toml = base() + 'format = ["%d/%m/%Y", "iso"]\n'
    assert event(toml, no="1", at="2021-03-01")["opened_at"] == "2021-03-01"
    assert event(toml, no="1", at="01/03/2021")["opened_at"] == "2021-03-01"


@pytest.mark.parametrize("text", ["25:00:00", "12:60:00", "noon", "32/03/2021", "9999-99"])
def test_a_time_that_fits_no_format_is_refused(text: str) -> None:
    assert reason(base(), no="1", at=text) == "bad_time"


def test_a_clock_time_without_a_date_is_refused() -> None:
    assert reason(base(), no="1", at="12:00:00") == "no_date"


def test_a_date_beyond_the_calendar_is_refused() -> None:
    assert reason(INCIDENT, no="1", date="31/12/9999", opened="23:00", arrived="") == "bad_time"


def test_updated_at_is_the_latest_time_of_the_row() -> None:
    found = event(INCIDENT, no="1", date="04/03/2021", opened="12:00", arrived="12:20")
    assert found["updated_at"] == "2021-03-04T12:20:00Z"


def test_updated_at_of_a_month_is_its_last_second() -> None:
    assert event(base(), no="1", at="2021-02")["updated_at"] == "2021-02-28T23:59:59Z"


def test_updated_at_can_have_a_column_of_its_own() -> None:
    toml = base() + '[fields.updated_at]\ncolumn = "changed"\n'
    found = event(toml, no="1", at=AT, changed="2021-03-09T00:00:00Z")
    assert found["updated_at"] == "2021-03-09T00:00:00Z"


def test_a_row_without_any_time_is_refused() -> None:
    assert reason(base(), no="1", at="") == "no_time"


# --- words ----------------------------------------------------------------------------------------


def test_the_first_column_that_is_not_blank_and_no_null_value_wins() -> None:
    toml = base('null = ["-"]') + '[fields.area]\ncolumn = ["beat", "district"]\nnull = ["n/a"]\n'
    for beat in ("", "  ", "-", "n/a"):
        assert event(toml, no="1", at=AT, beat=beat, district=" Rugby ")["area"] == "Rugby"
    assert event(toml, no="1", at=AT, beat="R1", district="Rugby")["area"] == "R1"


VALUES = base() + '[fields.grade]\ncolumn = "g"\nvalues = { "1" = "emergency", "2" = "priority" }\n'


def test_a_value_is_translated() -> None:
    assert event(VALUES, no="1", at=AT, g="2")["grade"] == "priority"


def test_a_value_that_is_not_listed_takes_the_default() -> None:
    assert event(VALUES + 'default = "scheduled"', no="1", at=AT, g="9")["grade"] == "scheduled"


def test_without_default_a_value_that_is_not_listed_is_sent_as_it_is_and_counts_as_unknown() -> (
    None
):
    line = convert(VALUES, no="1", at=AT, g="9")
    assert line is not None
    assert json.loads(line)["grade"] == "9"
    assert read(line).unknown == [("grade", "9")]


def test_a_code_that_is_not_listed_is_never_taken_for_one_of_ours() -> None:
    toml = base(kind="crime", fields="recorded_at") + (
        '[fields.outcome]\ncolumn = "o"\nvalues = { charged = 1 }\n'
    )
    line = convert(toml, no="1", at=AT, o="16")
    assert line is not None
    assert read(line).unknown == [("outcome", "16")]


def test_without_default_a_line_that_is_not_listed_is_refused_since_the_call_counts_nowhere() -> (
    None
):
    toml = base(kind="call", fields="offered_at") + (
        '[fields.line]\ncolumn = "l"\nvalues = { E = "999" }\n'
    )
    assert reason(toml, no="1", at=AT, l="X") == "unknown_value"


def test_a_marker_that_is_not_listed_is_sent_as_it_is_for_the_force_to_judge() -> None:
    toml = base(kind="crime", fields="recorded_at") + (
        '[fields.markers]\ncolumn = "m"\nsplit = ";"\nvalues = { DA = "domestic_abuse" }\n'
    )
    line = convert(toml, no="1", at=AT, m="DA;KN")
    assert line is not None
    crime = decode_line(line)
    assert isinstance(crime, Crime)
    assert crime.markers == ("domestic_abuse", "KN")


def test_a_blank_cell_leaves_the_field_out() -> None:
    assert "grade" not in event(VALUES, no="1", at=AT, g="")


def test_a_cell_can_hold_a_list() -> None:
    toml = base() + (
        '[fields.markers]\ncolumn = "m"\nsplit = ";"\nvalues = { DA = "domestic_abuse" }\n'
        'default = "other"\n'
    )
    assert event(toml, no="1", at=AT, m="DA; X")["markers"] == ["domestic_abuse", "other"]


@pytest.mark.parametrize(
    ("cells", "markers"),
    [
        ({"DA": "Y", "HC": "n", "kw": ""}, ["domestic_abuse"]),
        ({"DA": "1", "HC": "X", "kw": ""}, ["domestic_abuse", "hate"]),
        ({"DA": "yes", "HC": "0", "kw": "cyber;domestic_abuse"}, ["domestic_abuse", "cyber"]),
        ({"DA": "No", "HC": "", "kw": ""}, None),
    ],
)
def test_columns_that_say_yes_or_no_make_a_list(
    cells: dict[str, str], markers: list[str] | None
) -> None:
    toml = base() + (
        '[fields.markers]\ncolumn = "kw"\nsplit = ";"\n'
        'flags = { DA = "domestic_abuse", HC = "hate" }\n'
    )
    assert event(toml, no="1", at=AT, **cells).get("markers") == markers


def test_flags_may_stand_without_a_column_of_their_own() -> None:
    toml = base() + '[fields.markers.flags]\nDA = "domestic_abuse"\n'
    assert event(toml, no="1", at=AT, DA="Y")["markers"] == ["domestic_abuse"]


def test_casualties_are_filled_by_their_own_names() -> None:
    toml = base('constants = { "casualties.fatal" = 1 }') + (
        '[fields."casualties.slight"]\ncolumn = "s"\n'
    )
    assert event(toml, no="1", at=AT, s="2")["casualties"] == {"fatal": 1, "slight": 2}


def test_an_id_is_made_of_several_columns() -> None:
    toml = base().replace('id = "no"', 'id = ["no", "day"]\nid_separator = "-"')
    assert event(toml, no="7", day="Mon", at=AT)["id"] == "7-Mon"


def test_a_blank_id_is_refused() -> None:
    assert reason(base(), no=" ", at=AT) == "no_id"


def test_a_version_column_orders_the_versions() -> None:
    assert event(base('version = "rev"'), no="1", at=AT, rev="12")["version"] == 12


def test_constants_stand_in_every_event() -> None:
    assert event(base('constants = { grade = "priority" }'), no="1", at=AT)["grade"] == "priority"


def test_a_value_that_nobody_knows_is_sent_as_it_is_and_counts_as_unknown() -> None:
    toml = base() + '[fields.grade]\ncolumn = "g"\n'
    line = convert(toml, no="1", at=AT, g="urgent")
    assert line is not None
    assert read(line).unknown == [("grade", "urgent")]


def test_casualties_that_are_no_number_are_unknown_and_the_incident_counts() -> None:
    toml = base() + '[fields."casualties.fatal"]\ncolumn = "f"\n'
    assert event(toml, no="1", at=AT, f="2")["casualties"] == {"fatal": 2}
    line = convert(toml, no="1", at=AT, f="two")
    assert line is not None
    assert read(line).unknown == [("casualties", None)]


def test_a_field_of_the_wrong_form_is_refused() -> None:
    toml = base() + '[fields.cancelled]\ncolumn = "c"\n'
    assert reason(toml, no="1", at=AT, c="perhaps") == "wrong_form"


def test_a_figure_that_is_no_number_is_refused_rather_than_sent_as_null() -> None:
    toml = base('constants = { measure = "x", period = "2021" }', "reading", "updated_at")
    assert reason(toml + '[fields.value]\ncolumn = "v"\n', no="1", at=AT, v="nan") == "bad_number"


def test_the_counts_of_a_total_are_filled_by_their_own_names() -> None:
    fixed = '{ measure = "calls", line = "101", period = "2021-03-01" }'
    toml = base(f"constants = {fixed}", "reading", "updated_at") + (
        '[fields."counts.offered"]\ncolumn = "in"\n'
        '[fields."counts.answered"]\ncolumn = "ok"\n'
        '[fields."counts.abandoned"]\ncolumn = "lost"\n'
    )
    found = event(toml, **{"no": "1", "at": AT, "in": "217", "ok": "204", "lost": ""})
    assert found["counts"] == {"offered": 217, "answered": 204}
    assert reason(toml, **{"no": "1", "at": AT, "in": "2.5", "ok": "", "lost": ""}) == "wrong_form"
    with pytest.raises(ConfigError, match=r'reading has no field "counts\.lost"'):
        event(toml.replace("counts.abandoned", "counts.lost"), no="1", at=AT)


def test_a_heartbeat_needs_no_id() -> None:
    toml = base('constants = { feed = "calls" }', "heartbeat", "at").replace('id = "no"\n', "")
    assert event(toml, at=AT) == {"kind": "heartbeat", "force": "f", "feed": "calls", "at": AT}


# --- filters --------------------------------------------------------------------------------------


def test_excluded_rows_give_no_event() -> None:
    toml = base() + '[[exclude]]\ncolumn = "o"\nis = ["TEST", ""]\n'
    assert convert(toml, no="1", at=AT, o="TEST") is None
    assert convert(toml, no="1", at=AT, o="") is None
    assert convert(toml, no="1", at=AT, o="REAL") is not None


def test_only_rows_that_meet_every_include_give_an_event() -> None:
    toml = base() + (
        '[[include]]\ncolumn = "o"\nis = ["A", "B"]\n[[include]]\ncolumn = "p"\nis_not = ["X"]\n'
    )
    cells = {"no": "1", "at": AT}
    assert convert(toml, **cells, o="A", p="Y") is not None
    assert convert(toml, **cells, o="A", p="X") is None
    assert convert(toml, **cells, o="C", p="Y") is None


def test_a_field_is_filled_only_when_its_condition_holds() -> None:
    toml = base() + '[fields.area]\ncolumn = "a"\nwhen = { column = "o", is = ["A"] }\n'
    assert event(toml, no="1", at=AT, a="R", o="A")["area"] == "R"
    assert "area" not in event(toml, no="1", at=AT, a="R", o="B")


# --- tables ---------------------------------------------------------------------------------------


def table(tmp_path: Path, data: bytes, toml: str | None = None) -> Chunk:
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    chunks = list(open_source(path, parse_mapping(toml or base())))
    return Chunk(
        b"\n".join(line for c in chunks for line in c.lines()), str(path),
        [n for c in chunks for n in c.line_numbers], [r for c in chunks for r in c.rejected],
        sum(c.excluded for c in chunks),
    )  # fmt: skip


def rejected(chunk: Chunk) -> list[tuple[str, str, bytes]]:
    return [(r.reason, r.origin.rpartition(":")[2], r.raw) for r in chunk.rejected]


def test_every_row_is_an_event_a_refusal_or_excluded(tmp_path: Path) -> None:
    data = b"no,at\r\n1,2021-03\r\n2,never\r\n\r\n3\r\n4,2021-04\r\n"
    found = table(tmp_path, data)
    assert list(found.line_numbers) == [2, 6]
    assert rejected(found) == [
        ("bad_time", "3", b"2,never\r"), ("wrong_cell_count", "5", b"3\r"),
    ]  # fmt: skip
    assert (found.excluded, found.rows) == (1, 5)


def test_a_quoted_cell_may_hold_newlines_and_the_row_counts_where_it_starts(
    tmp_path: Path,
) -> None:
    found = table(tmp_path, b'no,at\n"a\nb",2021-03\nc,2021-04\n')
    assert list(found.line_numbers) == [2, 4]
    assert msgspec.json.decode(found.lines()[0])["id"] == "a\nb"


def test_a_quote_that_is_never_closed_costs_one_row_and_not_the_file(tmp_path: Path) -> None:
    rows = b"".join(b"%d,2021-03\n" % n for n in range(3000))
    found = table(tmp_path, b'no,at\n"oops,2021-03\n' + rows)
    assert rejected(found) == [("bad_csv", "2", b'"oops,2021-03')]
    assert list(found.line_numbers) == list(range(3, 3003))


def test_bytes_that_are_not_the_encoding_cost_their_own_row(tmp_path: Path) -> None:
    found = table(tmp_path, b"no,at\nA\xff,2021-03\nB,2021-03\n")
    assert rejected(found) == [("bad_encoding", "2", b"A\xff,2021-03")]
    assert list(found.line_numbers) == [3]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "latin-1", "utf-8"])
def test_any_encoding_can_be_read(tmp_path: Path, encoding: str) -> None:
    toml = base(f'encoding = "{encoding}"')
    found = table(tmp_path, "no,at\ncafé,2021-03\n".encode(encoding), toml)
    assert msgspec.json.decode(found.lines()[0])["id"] == "café"


def test_a_file_without_header_takes_its_column_names_from_the_mapping(tmp_path: Path) -> None:
    found = table(tmp_path, b"1;2021-03\n", base('columns = ["no", "at"]\ndelimiter = ";"'))
    assert list(found.line_numbers) == [1]


def test_a_column_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'x.csv has no column "at".*It has: no, time'):
        table(tmp_path, b"no,time\n1,2021-03\n")


def test_a_mapping_without_force_takes_the_one_given(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("no,at\n1,2021-03\n")
    toml = parse_mapping(base().replace('force = "f"\n', ""))
    force = load_force(EXAMPLES / "anonymous_bank" / "force.toml")
    (chunk,) = open_source(path, toml, force)
    assert b'"force":"anonymous-bank"' in chunk.payload
    with pytest.raises(ConfigError, match="which force"):
        list(open_source(path, toml))


# --- the file itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        (lambda s: s.replace('column = "at"', 'colum = "at"'), "fields.opened_at.colum", "colum"),
        (lambda s: s.replace("opened_at", "opened"), "fields.opened", 'no field "opened"'),
        (lambda s: s.replace('"UTC"', '"Mars"'), "timezone", 'unknown time zone "Mars"'),
        (lambda s: s + 'after = "nobody"', "fields.opened_at.after", '"nobody" is no time'),
        (lambda s: s + 'after = "opened_at"', "fields", "opened_at -> opened_at"),
        (lambda s: s + 'values = { a = "b" }', "fields.opened_at.values", "is for words"),
        (lambda s: s + 'format = "%d/%m"', "fields.opened_at.format", "neither a year nor an hour"),
        (lambda s: s + 'plus = "wait"', "fields.opened_at", "go together"),
        (
            lambda s: s + '[fields.grade.flags]\nx = "emergency"',
            "fields.grade.flags",
            "`flags` make a list",
        ),
        (lambda s: s + '[fields.persons]\ncolumn = "x"', "fields.persons", 'no field "persons"'),
        (lambda s: s.replace('id = "no"', ""), "id", "no column makes the id"),
        (lambda s: s.replace('"incident"', '"accident"'), "kind", "accident"),
        (lambda s: s.replace("force =", 'encoding = "klingon"\nforce ='), "encoding", "klingon"),
        (lambda s: s + '[constants]\nclosed_at = "x"', "constants.closed_at", "is a time"),
    ],
)
def test_a_mistake_is_named_with_file_line_field_and_cure(
    change: Callable[[str], str], field: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_mapping(change(base()), "my.toml")
    error = caught.value
    assert (error.file, error.field) == ("my.toml", field)
    assert problem in error.problem
    assert error.cure
    if field != "id":  # what is missing stands on no line
        assert error.line is not None


@pytest.mark.parametrize("name", ["dublin_fire_brigade", "anonymous_bank"])
def test_the_examples_are_valid(name: str) -> None:
    load_mapping(EXAMPLES / name / "mapping.toml")
    load_force(EXAMPLES / name / "force.toml")


# --- the published figures ------------------------------------------------------------------------


def test_dublin_gives_the_published_attendance(shared_data: Path) -> None:
    folder = EXAMPLES / "dublin_fire_brigade"
    force = load_force(folder / "force.toml")
    chunks = list(
        open_source(shared_data / "data/dublin_fire_brigade", folder / "mapping.toml", force)
    )
    assert not [r for c in chunks for r in c.rejected]
    found = [decode_line(line) for c in chunks for line in c.lines()]
    incidents = [e for e in found if isinstance(e, Incident)]
    delays = sorted(
        (e.arrived_at - dt.datetime.fromisoformat(e.opened_at)).total_seconds()
        for e in incidents
        if e.arrived_at and e.opened_at
    )
    assert (len(found), len(incidents), len({e.id for e in incidents})) == (35_163,) * 3
    assert (len(delays), sum(d <= 1200 for d in delays)) == (27_620, 25_934)
    assert delays[len(delays) // 2 - 1] == 604
    assert len({force.find_area(e.area) for e in incidents}) == 14


def test_anonymous_bank_gives_the_published_answer_rates(shared_data: Path) -> None:
    folder = EXAMPLES / "anonymous_bank"
    chunks = list(open_source(shared_data / "data/anonymous_bank_calls", folder / "mapping.toml"))
    assert sum(c.excluded for c in chunks) == 278
    assert not [r for c in chunks for r in c.rejected]
    calls = [e for c in chunks for line in c.lines() if isinstance(e := decode_line(line), Call)]
    waits = [
        (e.answered_at - e.offered_at).total_seconds()
        for e in calls
        if e.answered_at and e.offered_at
    ]
    within = sum(w <= 10 for w in waits)
    assert (len(calls), len({e.id for e in calls}), len(waits)) == (33_066, 33_066, 27_162)
    assert sum(e.abandoned_at is not None for e in calls) == 5_904
    assert (within, f"{within / 33_066:.2%}", f"{within / 27_162:.2%}") == (
        14_460, "43.73%", "53.24%",
    )  # fmt: skip
    assert all(e.ended_at >= e.answered_at for e in calls if e.ended_at and e.answered_at)
