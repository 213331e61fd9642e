"""Rows of one id: merged into one event, read as states of a call, or warned of."""

import gzip
import random
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError, SourceError
from streams.sources import Chunk, open_source
from streams.sources.bytes.lines import line_batches
from streams.sources.draft.trial import try_mapping
from streams.sources.files import Source
from streams.sources.mapping.file import parse_mapping
from streams.sources.mapping.grouping import grouped_chunks
from streams.sources.mapping.mapped import Mapper
from streams.sources.tables.delimited import Table
from streams.sources.tables.rows import TableRows

UNITS = """
kind = "incident"
force = "f"
timezone = "UTC"
id = "Call Number"
time_format = "%m/%d/%Y %I:%M:%S %p"
[constants]
grade = "emergency"
category = "x"
[fields.opened_at]
column = "Received"
[fields.arrived_at]
column = "On Scene"
[fields.closed_at]
column = "Available"
"""
MERGE = UNITS + '[merge]\narrived_at = "first"\nclosed_at = "last"\n'
DATA = b"""Call Number,Unit,Received,On Scene,Available
1,E01,01/05/2023 12:03:10 AM,01/05/2023 12:08:10 AM,01/05/2023 12:40:00 AM
1,T03,01/05/2023 12:03:10 AM,01/05/2023 12:24:10 AM,01/05/2023 12:50:00 AM
1,B04,01/05/2023 12:03:10 AM,,01/05/2023 12:55:00 AM
2,M05,01/05/2023 12:30:00 PM,01/05/2023 12:36:00 PM,01/05/2023 01:10:00 PM
"""


class Read:
    """All of a source: its events by id, and its rows accounted for."""

    def __init__(self, path: Path, data: bytes, toml: str) -> None:
        path.write_bytes(data)
        with open_source(path, parse_mapping(toml)) as source:
            chunks = list(source)
            self.warnings = source.warnings
        self._sum(chunks)

    def _sum(self, chunks: list[Chunk]) -> None:
        found = [msgspec.json.decode(line) for chunk in chunks for line in chunk.lines()]
        self.events = {event["id"]: event for event in found}
        assert len(self.events) == len(found)
        self.numbers = [n for chunk in chunks for n in chunk.line_numbers]
        self.refused = [(r.origin.rpartition(":")[2], r.reason) for c in chunks for r in c.rejected]
        self.joined = sum(chunk.joined for chunk in chunks)
        self.excluded = sum(chunk.excluded for chunk in chunks)
        self.rows = sum(chunk.rows for chunk in chunks)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "in.csv"


# --- units ----------------------------------------------------------------------------------------


def test_the_rows_of_one_incident_become_one_event_with_its_first_arrival(file: Path) -> None:
    read = Read(file, DATA, MERGE)
    one = read.events["1"]
    assert one["arrived_at"] == "2023-01-05T00:08:10Z"
    assert one["closed_at"] == one["updated_at"] == "2023-01-05T00:55:00Z"
    assert read.events["2"]["arrived_at"] == "2023-01-05T12:36:00Z"
    assert (read.numbers, read.joined, read.rows) == ([2, 5], 2, 4)
    assert read.warnings == []


def test_other_fields_are_those_of_the_first_row_that_has_them(file: Path) -> None:
    toml = MERGE.replace("[merge]", '[fields.area]\ncolumn = "Beat"\n[merge]')
    lines = DATA.replace(b"Unit", b"Beat").replace(b"1,E01", b"1,").replace(b"1,T03", b"1,T3")
    assert Read(file, lines, toml).events["1"]["area"] == "T3"
    toml += 'area = "last"\n'
    assert Read(file, lines, toml).events["1"]["area"] == "B04"


@given(st.permutations(DATA.splitlines(keepends=True)[1:]), st.sampled_from(["first", "last"]))
def test_other_fields_do_not_depend_on_the_order_of_the_rows(rows: list[bytes], rule: str) -> None:
    toml = MERGE.replace("[merge]", f'[fields.area]\ncolumn = "Unit"\n[merge]\narea = "{rule}"')
    table = Table(
        line_batches(iter([b"".join([DATA[: DATA.index(b"\n") + 1], *rows])]), "x"), "x", ","
    )
    mapper = Mapper(parse_mapping(toml), table.header, None, "x")
    lines = [line for chunk in grouped_chunks(TableRows(table), mapper) for line in chunk.lines()]
    found = {event["id"]: event for event in map(msgspec.json.decode, lines)}
    # Of the three units E01 has the earliest times, and B04, without an arrival, the latest.
    assert found["1"]["area"] == {"first": "E01", "last": "B04"}[rule]
    assert found["1"]["arrived_at"] == "2023-01-05T00:08:10Z"


def test_an_incident_is_cancelled_when_all_its_rows_are(file: Path) -> None:
    toml = MERGE.replace(
        "[merge]",
        '[fields.cancelled]\ncolumn = "Unit"\nvalues = { B04 = true }\ndefault = false\n[merge]',
    )
    assert Read(file, DATA, toml + 'cancelled = "all"\n').events["1"].get("cancelled") is None
    assert Read(file, DATA, toml + 'cancelled = "any"\n').events["1"]["cancelled"] is True


def test_a_bad_row_is_refused_alone_and_the_others_make_the_event(file: Path) -> None:
    data = DATA.replace(b"01/05/2023 12:08:10 AM", b"never") + b",X,,,\n3\n"
    read = Read(file, data, MERGE)
    assert read.events["1"]["arrived_at"] == "2023-01-05T00:24:10Z"
    assert read.refused == [("6", "no_id"), ("7", "wrong_cell_count"), ("2", "bad_time")]
    assert read.rows == 6


def test_where_the_event_cannot_be_made_all_its_rows_are_refused(file: Path) -> None:
    data = b"Call Number,Received,On Scene,Available\n1,,,\n1,,,\n"
    read = Read(file, data, MERGE)
    assert (read.events, read.refused, read.rows) == ({}, [("2", "no_time"), ("3", "no_time")], 2)


def test_rows_of_different_forces_are_not_joined(file: Path) -> None:
    toml = MERGE.replace('force = "f"\n', "").replace(
        "[merge]", '[fields.force]\ncolumn = "Unit"\n[merge]'
    )
    file.write_bytes(DATA)
    (chunk,) = open_source(file, parse_mapping(toml))
    assert (len(chunk.lines()), chunk.joined) == (4, 0)


@given(st.permutations(range(40)), st.sampled_from([2_000, 1 << 20]))
def test_the_order_of_rows_and_the_memory_for_them_change_no_event(
    order: list[int], run_bytes: int
) -> None:
    rows = [
        b"%d,01/05/2023 12:00:00 AM,01/05/2023 12:%02d:00 AM,01/05/2023 01:%02d:00 AM"
        % (n % 7, n + 1, n)
        for n in range(40)
    ]

    def events(taken: list[bytes]) -> list[bytes]:
        data = b"\n".join([b"Call Number,Received,On Scene,Available", *taken])
        table = Table(line_batches(iter([data]), "x"), "x", ",")
        chunks = list(grouped_chunks(TableRows(table), mapper(table), run_bytes))
        assert sum(chunk.rows for chunk in chunks) == 40
        return sorted(line for chunk in chunks for line in chunk.lines())

    def mapper(table: Table) -> Mapper:
        return Mapper(parse_mapping(MERGE), table.header, None, "x")

    assert events([rows[n] for n in order]) == events(rows)
    assert len(events(rows)) == 7


def test_a_damaged_file_gives_the_events_of_the_rows_before_the_damage(file: Path) -> None:
    file.write_bytes(gzip.compress(DATA)[:-9])
    source: Iterator[Chunk] = open_source(file, parse_mapping(MERGE))
    assert next(source).lines()
    with pytest.raises(SourceError, match="damaged"):
        next(source)


def test_what_goes_on_cannot_be_merged() -> None:
    with (
        open_source("-", parse_mapping(MERGE)) as source,
        pytest.raises(ConfigError, match="all rows have to be read first") as caught,
    ):
        next(source)
    assert caught.value.field == "merge"


def test_standard_input_that_is_a_history_can_be_merged(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(DATA)
    with file.open() as stdin, open_source("-", parse_mapping(MERGE)) as source:
        monkeypatch.setattr("sys.stdin", stdin)
        source.finite = True
        assert sum(chunk.joined for chunk in source) == 2


def test_each_event_of_a_group_is_finished_and_unfolded(file: Path) -> None:
    file.write_bytes(DATA)
    for toml, unfolds in ((MERGE, True), (MERGE + "[unfold]\nenabled = false\n", False)):
        with open_source(file, parse_mapping(toml)) as source:
            assert {(chunk.finished, chunk.unfolds) for chunk in source} == {(True, unfolds)}


# --- records without a number ---------------------------------------------------------------------

ALIKE = """
kind = "crime"
force = "f"
timezone = "UTC"
id = ["Day", "Type"]
alike = "each"
[fields.recorded_at]
column = "Day"
[fields.offence]
column = "Type"
"""
CRIMES = b"Day,Type\n2024-01-31,theft\n2024-01-31,theft\n2024-02-01,theft\n2024-01-31,theft\n"


def test_rows_that_are_alike_may_be_records_of_their_own(file: Path) -> None:
    read = Read(file, CRIMES, ALIKE)
    assert list(read.events) == [
        "2024-01-31/theft",
        "2024-01-31/theft#2",
        "2024-02-01/theft",
        "2024-01-31/theft#3",
    ]
    assert Read(file, CRIMES, ALIKE).events == read.events
    assert read.warnings == []


@pytest.mark.parametrize(
    "toml",
    [ALIKE.replace("alike", 'version = "Type"\nalike'), ALIKE + '[merge]\noffence = "last"\n'],
    ids=["version", "merge"],
)
def test_rows_of_one_id_are_not_both_records_and_versions(toml: str) -> None:
    with pytest.raises(ConfigError, match="can't be records of their own and versions") as caught:
        parse_mapping(toml, "m.toml")
    assert caught.value.field == "alike"
    assert toml.splitlines()[(caught.value.line or 0) - 1] == 'alike = "each"'


# --- sums -----------------------------------------------------------------------------------------

SUMS = """
kind = "reading"
force = "f"
timezone = "UTC"
id = "Day"
[constants]
measure = "calls"
line = "101"
[fields.period]
column = "Day"
[fields."counts.offered"]
column = "In"
[fields."counts.abandoned"]
column = "Lost"
[merge]
"counts.offered" = "sum"
"counts.abandoned" = "sum"
"""
QUARTERS = b"""Day,From,In,Lost
2024-01-31,09:00,12,1
2024-02-01,09:00,5,0
2024-01-31,09:15,"1,030",2
2024-01-31,09:30,7,0
"""


def test_the_totals_of_a_day_are_the_sum_of_its_quarter_hours(file: Path) -> None:
    read = Read(file, QUARTERS, SUMS)
    assert read.events["calls/101/2024-01-31"]["counts"] == {"offered": 1049, "abandoned": 3}
    assert read.events["calls/101/2024-02-01"]["counts"] == {"offered": 5, "abandoned": 0}
    assert (read.joined, read.rows) == (2, 4)


def test_a_sum_that_lacks_a_part_is_not_known(file: Path) -> None:
    read = Read(file, QUARTERS.replace(b'09:15,"1,030",2', b"09:15,3,"), SUMS)
    assert read.events["calls/101/2024-01-31"]["counts"] == {"offered": 22}


def test_a_sum_that_would_lack_a_refused_row_is_refused_with_it(file: Path) -> None:
    read = Read(file, QUARTERS.replace(b"09:30,7", b"09:30,seven"), SUMS)
    assert list(read.events) == ["calls/101/2024-02-01"]
    assert read.refused == [("5", "bad_number"), ("2", "bad_number"), ("4", "bad_number")]
    assert read.rows == 4


@given(parts=st.lists(st.integers(0, 10**6), min_size=1), order=st.randoms(use_true_random=False))
def test_a_sum_does_not_depend_on_the_order_of_rows(
    parts: list[int], order: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [f"2024-01-31,x,{part},0" for part in parts]
    order.shuffle(rows)
    path = tmp_path_factory.mktemp("sum") / "in.csv"
    read = Read(path, "\n".join(["Day,From,In,Lost", *rows]).encode(), SUMS)
    assert read.events["calls/101/2024-01-31"]["counts"] == {"offered": sum(parts), "abandoned": 0}


@pytest.mark.parametrize("key", ['["Day", "From"]', '"Day"'])
def test_parts_of_a_period_that_are_not_summed_are_warned_of(file: Path, key: str) -> None:
    toml = SUMS.partition("[merge]")[0].replace('id = "Day"', f"id = {key}")
    file.write_bytes(QUARTERS)
    with open_source(file, parse_mapping(toml)) as source:
        assert sum(chunk.rows for chunk in source) == 4
        (warning,) = source.warnings
    assert "several rows give the same measure, line, area and period" in warning
    assert f"{file}:2 and {file}:4 (2 rows more)" in warning
    assert Read(file, QUARTERS, SUMS).warnings == []


def test_versions_of_a_total_are_not_warned_of(file: Path) -> None:
    toml = SUMS.partition("[merge]")[0] + '[fields.updated_at]\ncolumn = "Written"\n'
    file.write_bytes(
        b"Day,Written,In,Lost\n2024-01-31,2024-01-31T12:00:00,5,1\n"
        b"2024-01-31,2024-02-01T01:00:00,9,1\n2024-01-31,2024-02-01T01:00:00,9,1\n"
    )
    with open_source(file, parse_mapping(toml)) as source:
        assert sum(chunk.rows for chunk in source) == 3
        assert source.warnings == []


def test_only_numbers_are_summed() -> None:
    with pytest.raises(ConfigError, match='"sum" is for fields that are numbers, and period is'):
        parse_mapping(SUMS + 'period = "sum"\n')


# --- a warning ------------------------------------------------------------------------------------


def test_rows_of_one_id_that_lose_a_time_are_warned_of(file: Path) -> None:
    assert _versions(file, DATA, UNITS) == [
        f"rows of one id differ in arrived_at: {file}:2 and {file}:3 (1 such id); see `merge`",
        f"rows of one id differ in closed_at: {file}:2 and {file}:3 (1 such id); see `merge`",
    ]


def _versions(file: Path, data: bytes, toml: str) -> list[str]:
    file.write_bytes(data)
    with open_source(file, parse_mapping(toml)) as source:
        assert list(source)
        return source.warnings


HEADER = b"Call Number,Received,On Scene,Available\n"
OPEN = b"%d,01/05/2023 12:00:00 AM,,\n"
ATTENDED = b"%d,01/05/2023 12:00:00 AM,01/05/2023 12:10:00 AM,\n"
CLOSED = b"%d,01/05/2023 12:00:00 AM,01/05/2023 12:10:00 AM,01/05/2023 01:00:00 AM\n"


def test_versions_that_only_add_times_are_no_reason_for_a_warning(file: Path) -> None:
    rows = [row % 1 for row in (OPEN, ATTENDED, CLOSED, CLOSED)]
    for taken in (rows, rows[::-1]):
        assert _versions(file, HEADER + b"".join(taken), UNITS) == []


def test_each_id_is_counted_once_a_field(file: Path) -> None:
    lost = b"%d,01/05/2023 12:00:00 AM,,01/05/2023 02:00:00 AM\n"
    data = HEADER + b"".join(row % n for n in range(12) for row in (ATTENDED, lost, ATTENDED))
    assert _versions(file, data, UNITS) == [
        f"rows of one id differ in arrived_at: {file}:2 and {file}:3 (12 such ids); see `merge`"
    ]


def test_with_a_version_column_nothing_is_lost(file: Path) -> None:
    toml = UNITS.replace('id = "Call', 'version = "Unit"\nid = "Call')
    data = DATA.replace(b"E01", b"1").replace(b"T03", b"2").replace(b"B04", b"3")
    assert _versions(file, data.replace(b"M05", b"4"), toml) == []


def test_one_id_on_many_rows_that_begin_at_different_times_is_named_as_none(file: Path) -> None:
    rows = [b"%s,E01,01/%02d/2023 12:00:00 AM,,\n" % (b"NA" if n > 3 else b"%d" % n, n)
            for n in range(1, 14)]  # fmt: skip
    header = DATA[: DATA.index(b"\n") + 1]
    file.write_bytes(header + b"".join(rows))
    with open_source(file, parse_mapping(UNITS)) as source:
        assert sum(chunk.rows for chunk in source) == 13
        assert source.warnings[-1] == (
            "10 rows or more that begin at different times have one id and count as one record: "
            f'"NA" in {file}:14 (1 such id); where it means that there is none, add it to `null`'
        )
    # One less, and it may be a record whose opening was mended again and again.
    file.write_bytes(header + b"".join(rows[:-1]))
    with open_source(file, parse_mapping(UNITS)) as source:
        assert sum(chunk.rows for chunk in source) == 12
        assert [text.partition(" differ")[0] for text in source.warnings] == ["rows of one id"]


# --- states ---------------------------------------------------------------------------------------

QUEUE = """
kind = "call"
force = "f"
timezone = "UTC"
id = "callid"
[constants]
line = "999"
[states]
column = "event"
time = "time"
format = "unix"
ignore = ["RINGNOANSWER"]
[states.fields]
ENTERQUEUE = "offered_at"
CONNECT = "answered_at"
ABANDON = "abandoned_at"
COMPLETEAGENT = "ended_at"
COMPLETECALLER = "ended_at"
"""
LOG = b"""time,callid,event
1704103200,A,ENTERQUEUE
1704103201,B,ENTERQUEUE
1704103203,A,RINGNOANSWER
1704103206,A,CONNECT
1704103261,B,ABANDON
1704103300,A,COMPLETECALLER
"""


def test_the_states_of_a_call_become_its_times(file: Path) -> None:
    read = Read(file, LOG, QUEUE)
    assert read.events == {
        "A": {
            "kind": "call", "force": "f", "id": "A", "line": "999",
            "offered_at": "2024-01-01T10:00:00Z", "answered_at": "2024-01-01T10:00:06Z",
            "ended_at": "2024-01-01T10:01:40Z", "updated_at": "2024-01-01T10:01:40Z",
        },
        "B": {
            "kind": "call", "force": "f", "id": "B", "line": "999",
            "offered_at": "2024-01-01T10:00:01Z", "abandoned_at": "2024-01-01T10:01:01Z",
            "updated_at": "2024-01-01T10:01:01Z",
        },
    }  # fmt: skip
    assert (read.excluded, read.joined, read.rows) == (1, 3, 6)


def test_a_state_that_is_not_listed_is_refused(file: Path) -> None:
    data = LOG + b"1704103301,A,TRANSFER\n"
    assert Read(file, data, QUEUE).refused == [("8", "unknown_value")]
    toml = QUEUE.replace("format =", 'default = "ignore"\nformat =')
    read = Read(file, data, toml)
    assert (read.refused, read.excluded) == ([], 2)


def test_of_a_repeated_state_the_first_counts_or_the_last(file: Path) -> None:
    data = LOG + b"1704103400,A,COMPLETEAGENT\n1704103205,A,CONNECT\n"
    one = Read(file, data, QUEUE).events["A"]
    assert (one["answered_at"], one["ended_at"]) == (
        "2024-01-01T10:00:05Z", "2024-01-01T10:01:40Z",
    )  # fmt: skip
    toml = QUEUE.replace("[states]", '[merge]\nended_at = "last"\n[states]')
    assert Read(file, data, toml).events["A"]["ended_at"] == "2024-01-01T10:03:20Z"


def test_the_order_of_the_states_in_the_file_changes_nothing(file: Path) -> None:
    header, *rows = LOG.splitlines(keepends=True)
    expected = Read(file, LOG, QUEUE).events
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert Read(file, header + b"".join(rows), QUEUE).events == expected


@given(st.lists(st.sampled_from(["A", "A#2", "A#2#2", "A#3", "B"]), max_size=12))
def test_every_row_that_counts_for_itself_has_an_id_of_its_own(ids: list[str]) -> None:
    toml = UNITS.replace('id = "Call Number"', 'id = "Call Number"\nalike = "each"')
    mapper = Mapper(parse_mapping(toml), ["Call Number", "Received", "On Scene", "Available"],
                    None, "x")  # fmt: skip
    lines = [mapper([key, "01/05/2023 12:03:10 AM", "", ""]) for key in ids]
    assert len({msgspec.json.decode(line)["id"] for line in lines if line}) == len(ids)


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "field", "problem"),
    [
        (MERGE + 'graded_at = "first"\n', "merge.graded_at", "is no field of this mapping"),
        (MERGE + 'opened_at = "any"\n', "merge.opened_at", "true or false"),
        (MERGE + 'opened_at = "middle"\n', "merge.opened_at", "middle"),
        (QUEUE + 'RING = "ringing_at"\n', "states.fields", "is no time of call"),
        (QUEUE + 'RINGNOANSWER = "ended_at"\n', "states.ignore", "both ignored and"),
        (QUEUE + '[fields.offered_at]\ncolumn = "t"\n', "fields.offered_at", "both by a state"),
        (QUEUE.replace('"unix"', '"%d"'), "states.format", "neither a year nor an hour"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_a_cure(toml: str, field: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_mapping(toml, "m.toml")
    assert caught.value.field == field
    assert problem in caught.value.problem
    assert caught.value.line
    assert caught.value.cure


def test_unfolding_can_be_turned_off() -> None:
    assert parse_mapping(UNITS).unfolds
    assert not parse_mapping(UNITS + "[unfold]\nenabled = false\n").unfolds
    assert not parse_mapping("unfold = false" + UNITS).unfolds
    assert not parse_mapping('version = "rev"' + UNITS).unfolds


def test_a_source_that_was_not_read_has_no_warnings() -> None:
    assert Source([], []).warnings == []


DIFFERENT = [
    "1,01:00,,central,low",
    "1,01:00,01:20,north,high",
    "1,01:00,01:10,south,low",
    "1,01:00,01:10,east,high",
    "1,01:05,01:30,west,",
    "1,,,nowhere,high",
]


@pytest.mark.parametrize(("rule", "area", "category"), [("first", "central", "low"),
                                                        ("last", "nowhere", "high")])  # fmt: skip
@given(order=st.permutations(DIFFERENT))
def test_what_the_rows_of_one_id_say_differently_never_depends_on_their_order(
    rule: str, area: str, category: str, order: list[str]
) -> None:
    mapping = parse_mapping(f"""
        kind = "incident"
        force = "f"
        timezone = "UTC"
        id = "id"
        time_format = "%Y-%m-%d %H:%M"
        [merge]
        arrived_at = "first"
        area = "{rule}"
        category = "{rule}"
        [fields.opened_at]
        column = "opened"
        [fields.arrived_at]
        column = "arrived"
        [fields.area]
        column = "area"
        [fields.category]
        column = "category"
    """)
    rows = [re.sub(r"(\d\d:\d\d)", r"2024-01-01 \1", text) for text in order]
    data = "\n".join(["id,opened,arrived,area,category", *rows]).encode()
    table = Table(line_batches(iter([data]), "x"), "x", ",")
    (chunk,) = grouped_chunks(TableRows(table), Mapper(mapping, table.header, None, "x"))
    (event,) = map(msgspec.json.decode, chunk.lines())
    assert (event["opened_at"], event["arrived_at"]) == (
        "2024-01-01T01:00:00+00:00",
        "2024-01-01T01:10:00Z",
    )
    assert (event["area"], event["category"]) == (area, category)


def test_one_time_of_one_record_in_the_repeated_hour_is_one_instant_in_all_its_rows(
    tmp_path: Path,
) -> None:
    """The first unit was done at 02:07, so that all was in the second of the two hours; the times
    of the second unit alone fit the first hour as well."""
    toml = MERGE.replace('"UTC"', '"America/Los_Angeles"')
    toml = toml.replace('column = "Available"', 'column = "Available"\nafter = "opened_at"')
    data = b"""Call Number,Unit,Received,On Scene,Available
900,E1,11/03/2024 01:19:51 AM,11/03/2024 01:27:05 AM,11/03/2024 02:07:45 AM
900,E2,11/03/2024 01:19:51 AM,,11/03/2024 01:33:40 AM
"""
    event = Read(tmp_path / "x.csv", data, toml).events["900"]
    assert event["opened_at"] == "2024-11-03T09:19:51+00:00"
    assert event["arrived_at"] == "2024-11-03T09:27:05Z"
    assert event["closed_at"] == "2024-11-03T10:07:45Z"


def test_a_trial_of_the_first_rows_tells_of_no_row_beyond_them(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    head, *rows = DATA.splitlines(keepends=True)
    path.write_bytes(head + b"".join(rows) + 50 * b",E01,01/05/2023 12:03:10 AM,,\n")
    trial = try_mapping(path, parse_mapping(MERGE), None, 5)
    assert (trial.rows, trial.events, trial.joined, trial.refused) == (5, 2, 2, 1)


def test_a_day_that_the_calendar_does_not_have_is_refused_as_one(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Call Number,Received\n1,02/31/2025 10:00:00 AM\n2,n/k\n")
    toml = UNITS.partition("[fields.arrived_at]")[0]
    trial = try_mapping(path, parse_mapping(toml), None)
    assert trial.reasons == {"impossible_date": 1, "bad_time": 1}
    detail = trial.examples["impossible_date"].detail
    assert detail == 'opened_at: "02/31/2025 10:00:00 AM" is no day of the calendar'
