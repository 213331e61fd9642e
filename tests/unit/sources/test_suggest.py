"""`watchroom mapping suggest` and `check`: drafts that load and let the rows of real layouts in."""

import csv
import datetime as dt
import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.errors import ConfigError, SourceError
from streams.sources import open_source
from streams.sources.draft.columns import SampleColumns
from streams.sources.draft.field_words import RecordKind
from streams.sources.draft.sample import TableSample, encoding_of, read_sample
from streams.sources.draft.suggest import guess_kind, suggest
from streams.sources.draft.time_guess import find_times
from streams.sources.draft.trial import try_mapping
from streams.sources.draft.value_guess import CATEGORIES, CRIMES, INCIDENTS, guessed, translated
from streams.sources.mapping.file import parse_mapping
from streams.sources.mapping.model import Mapping
from tests.tables import write
from tests.workbooks import Cell, xlsx

EXAMPLES = Path(__file__).parents[3] / "examples"
START = dt.datetime(2024, 1, 20, 4, 5, 6)  # noqa: DTZ001  a local clock
US = "%m/%d/%Y %I:%M:%S %p"


def at(row: int, seconds: int = 0, form: str = US) -> str:
    return (START + dt.timedelta(minutes=17 * row, seconds=seconds)).strftime(form)


def table(header: str, make: Callable[[int], Sequence[object]], rows: int = 120) -> str:
    """A CSV file of made-up rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows(make(row) for row in range(rows))
    return text.getvalue()


def draft(path: Path, kind: RecordKind | None = None) -> Mapping:
    return parse_mapping(suggest(read_sample(path), kind, None, None).toml)


def fields(path: Path) -> dict[str, object]:
    """The column, or the duration, of each field of a draft."""
    return {name: rule.column or rule.plus for name, rule in draft(path).fields.items()}


def pick(row: int, *values: str) -> str:
    return values[row % len(values)]


LAYOUTS: dict[str, tuple[str, str, str, dict[str, object]]] = {
    "Seattle fire": (
        table(
            "Address,Type,Datetime,Latitude,Longitude,Report Location,Incident Number",
            lambda n: [f"{n} Main St", pick(n, "Aid Response", "Auto Fire Alarm"), at(n), 47.6,
                       -122.3, "(47.6, -122.3)", f"F24{n:07d}"],
        ),
        "incident", "Incident Number", {"opened_at": "Datetime", "category": "Type"},
    ),
    "New York ambulances": (
        table(
            "CAD_INCIDENT_ID,INCIDENT_DATETIME,INITIAL_CALL_TYPE,FINAL_SEVERITY_LEVEL_CODE,"
            "FIRST_ASSIGNMENT_DATETIME,FIRST_ON_SCENE_DATETIME,INCIDENT_CLOSE_DATETIME,BOROUGH",
            lambda n: [240010000 + n, at(n), pick(n, "SICK", "INJURY"), pick(n, "2", "4", "6"),
                       at(n, 30), at(n, 400) if n % 9 else "", at(n, 3000),
                       pick(n, "BRONX", "QUEENS")],
        ),
        "incident", "CAD_INCIDENT_ID",
        {"opened_at": "INCIDENT_DATETIME", "dispatched_at": "FIRST_ASSIGNMENT_DATETIME",
         "arrived_at": "FIRST_ON_SCENE_DATETIME", "closed_at": "INCIDENT_CLOSE_DATETIME",
         "area": "BOROUGH", "category": "INITIAL_CALL_TYPE",
         "grade": "FINAL_SEVERITY_LEVEL_CODE"},
    ),
    "New Orleans calls for service": (
        table(
            "NOPD_Item,Type,TypeText,Priority,TimeCreate,TimeDispatch,TimeArrive,TimeClosed,Beat",
            lambda n: [f"A{n:07d}24", "62A", pick(n, "BURGLAR ALARM, SILENT", "DISTURBANCE"),
                       pick(n, "2C", "1A", "0H"), at(n), at(n, 60), at(n, 600) if n % 5 else "",
                       at(n, 3000), pick(n, "4H", "7B")],
        ),
        "incident", "NOPD_Item",
        {"opened_at": "TimeCreate", "dispatched_at": "TimeDispatch", "arrived_at": "TimeArrive",
         "closed_at": "TimeClosed", "area": "Beat", "category": "TypeText", "grade": "Priority"},
    ),
    "Montgomery County 911": (
        table(
            "lat,lng,desc,zip,title,timeStamp,twp,addr,e",
            lambda n: [40.1, -75.3, "REINDEER CT; STATION 332", 19464,
                       pick(n, "EMS: BACK PAINS/INJURY", "Traffic: VEHICLE ACCIDENT -"),
                       at(n, 0, "%Y-%m-%d %H:%M:%S"), pick(n, "HATFIELD", "NORRISTOWN"), "X", 1],
        ),
        "incident", "timeStamp", {"opened_at": "timeStamp", "category": "title", "area": "twp"},
    ),
    "Los Angeles dispatch": (
        table(
            "Incident_Number,Area_Occ,Rpt_Dist,Dispatch_Date,Dispatch_Time,Call_Type_Text",
            lambda n: [f"PD24{n:08d}", pick(n, "Central", "Rampart"), "0156",
                       at(n, 0, "%m/%d/%Y"), at(n, 0, "%H:%M:%S"), pick(n, "TRAFFIC", "CODE 6")],
        ),
        "incident", "Incident_Number",
        {"opened_at": "Dispatch_Time", "category": "Call_Type_Text", "area": "Area_Occ"},
    ),
    "Chicago crimes": (
        table(
            "ID,Case Number,Date,Block,IUCR,Primary Type,Arrest,Beat,FBI Code,Updated On",
            lambda n: [13000000 + n, f"JH{n:06d}", at(n), "001XX W ST", "0486",
                       pick(n, "BATTERY", "THEFT"), "false", pick(n, "0123", "0456"), "08B",
                       at(n, 99)],
        ),
        "crime", "Case Number", {"recorded_at": "Date", "offence": "Primary Type", "area": "Beat"},
    ),
    "a call centre's log": (
        table(
            "Call Date,Call Time,Line,Wait Time,Outcome,Agent,Talk Time",
            lambda n: [at(n, 0, "%d/%m/%Y"), at(n, 0, "%H:%M"), pick(n, "999", "101"),
                       f"00:00:{n % 50:02d}", pick(n, "Answered", "Abandoned"), f"A{n % 7}",
                       "00:03:10"],
        ),
        "call", "Call Date",
        {"offered_at": "Call Time", "answered_at": "Wait Time", "abandoned_at": "Wait Time",
         "line": "Line"},
    ),
    "a telephony export that calls its rows incidents and events": (
        table(
            "Incident No,Event Title,Priority,Received,Time Answered,Time Abandoned,Queue,"
            "Response Agent,Description",
            lambda n: [n + 4000, "Call", pick(n, "1", "2"), at(n, 0, "%d/%m/%Y %H:%M:%S"),
                       at(n, 6, "%d/%m/%Y %H:%M:%S") if n % 5 else "",
                       "" if n % 5 else at(n, 40, "%d/%m/%Y %H:%M:%S"),
                       pick(n, "999", "101"), f"A{n % 7}", "caller"],
        ),
        "call", "Incident No",
        {"offered_at": "Received", "answered_at": "Time Answered",
         "abandoned_at": "Time Abandoned", "line": "Queue"},
    ),
    "San Francisco fire, a row a unit": (
        table(
            "Call Number,Unit ID,Call Type,Call Date,Received DtTm,Dispatch DtTm,On Scene DtTm,"
            "Original Priority,Priority,Final Priority,RowID",
            lambda n: [161 + n // 2, f"E{n % 9}", pick(n // 2, "Medical", "Alarms"),
                       at(n // 2, 0, "%m/%d/%Y"), at(n // 2), at(n // 2, 60),
                       at(n // 2, 300 + n) if n % 7 else "", pick(n // 2, "E", "3", "A"), "3",
                       pick(n // 2, "3", "2"), f"{161 + n // 2}-E{n % 9}"],
        ),
        "incident", "Call Number",
        {"opened_at": "Received DtTm", "dispatched_at": "Dispatch DtTm",
         "arrived_at": "On Scene DtTm", "category": "Call Type", "grade": "Final Priority"},
    ),
    "San Jose fire": (
        table(
            "Incident_No,Date_Time_Of_Event,Priority,Final_Incident_Type",
            lambda n: [f"F15{n:05d}", at(n, 0, "%m/%d/%y %I:%M %p"),
                       pick(n, "Priority 1", "Priority 2", "Priority 1 or Priority 2"),
                       pick(n, "MEDICAL", "FIRE & Other")],
        ),
        "incident", "Incident_No",
        {"opened_at": "Date_Time_Of_Event", "category": "Final_Incident_Type",
         "grade": "Priority"},
    ),
    "Berkeley police: a day with a midnight, a clock, and when the rows were loaded": (
        table(
            "CASENO,OFFENSE,EVENTDT,EVENTTM,InDbDate,City",
            lambda n: [22000000 + n, pick(n, "VANDALISM", "ROBBERY"),
                       at(n, 0, "%m/%d/%Y 12:00:00 AM"), at(n, 0, "%I:%M:%S %p"),
                       "10/13/2024 04:42:00 PM", pick(n, "Berkeley", "Albany")],
        ),
        "crime", "CASENO",
        {"recorded_at": "EVENTTM", "offence": "OFFENSE", "area": "City"},
    ),
    "Pittsburgh police": (
        table(
            "PK,CCR,INCIDENTTIME,INCIDENTZONE,INCIDENTHIERARCHYDESC,OFFENSES",
            lambda n: [306530435 + 7 * n, 23035798 + n // 2, at(n, 0, "%Y-%m-%dT%H:%M:%S"),
                       pick(n, "2", "5"), pick(n, "THEFT", "ROBBERY"),
                       f"{3921 + n} Theft / {2709 + n} Other"],
        ),
        "crime", "PK",
        {"recorded_at": "INCIDENTTIME", "offence": "INCIDENTHIERARCHYDESC",
         "area": "INCIDENTZONE"},
    ),
    "Seattle police: when it was cleared, and no opening": (
        table(
            "CAD Event Number,Event Clearance Description,Event Clearance Date,At Scene Time",
            lambda n: [f"16000{n:06d}", pick(n, "TRESPASS", "ALARM"), at(n, 9000),
                       at(n) if n % 3 else ""],
        ),
        "incident", "CAD Event Number",
        {"opened_at": "Event Clearance Date", "category": "Event Clearance Description"},
    ),
    "Avon fire: day, month and year in columns of their own": (
        table(
            "Day,Month,Year,Time of Call,Incident Number,Ward,Incident Category",
            lambda n: [at(n, 0, "%d").lstrip("0"), at(n, 0, "%B"), 2024, at(n, 0, "%H:%M:%S"),
                       f"{5538 + n:06d}-A", pick(n, "ABBEY", "CLIFTON"),
                       pick(n, "Fire", "False Alarm")],
        ),
        "incident", "Incident Number",
        {"opened_at": ["Day", "Month", "Year", "Time of Call"], "category": "Incident Category",
         "area": "Ward"},
    ),
    "a UK command and control system": (
        table(
            "Incident Ref,Opened,Grade,Type,Beat Code,First Arrival,Closed",
            lambda n: [f"WK-{n:05d}", at(n, 0, "%d-%b-%Y %H:%M"),
                       pick(n, "Emergency", "Priority", "Scheduled"),
                       pick(n, "Missing person", "ASB nuisance", "Road collision"), "RG1",
                       at(n, 600, "%d-%b-%Y %H:%M"), at(n, 7200, "%d-%b-%Y %H:%M")],
        ),
        "incident", "Incident Ref",
        {"opened_at": "Opened", "arrived_at": "First Arrival", "closed_at": "Closed",
         "grade": "Grade", "category": "Type", "area": "Beat Code"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_draft_finds_the_fields_of_a_public_layout_and_lets_every_row_in(
    tmp_path: Path, name: str
) -> None:
    text, kind, key, wanted = LAYOUTS[name]
    path = write(tmp_path / "export.csv", text)
    mapping = draft(path)
    assert mapping.kind == kind
    assert (mapping.id if isinstance(mapping.id, str) else (mapping.id or [""])[0]) == key
    assert fields(path) == wanted
    mapping.force = "any"
    trial = try_mapping(path, mapping, None)
    assert (trial.rows, trial.events + trial.joined) == (120, 120)


HEADERS: Sequence[tuple[RecordKind, str]] = (
    # Telephony: contact centres, exchanges, emergency call takers.
    ("call", "Contact_ID,Skill_Name,Agent_No,Start_Date,InQueue,Agent_Time,ACW_Time,Abandon"),
    ("call", "ContactId,InitiationTimestamp,EnqueueTimestamp,AfterContactWorkDuration"),
    ("call", "Call Start Time,Contact Disposition,Called Number,Queue Time,Talk Time"),
    ("call", "Conversation ID,Date,ANI,DNIS,Queue,Direction,IVR Time,Alert Time,ACW,Abandoned"),
    ("call", "SEGSTART,CALLID,DISPVDN,DISPOSITION,QUEUETIME,RINGTIME,TALKTIME,ACWTIME"),
    ("call", "Event No,Event Date,Presented to Queue,Answered At,Abandoned At,Cleared At,Priority"),
    ("call", "Incident Call ID,Date,Time Received,Time Answered,Time Abandoned,Emergency Line"),
    ("call", "Priority,Event Title,Received,Answered,Abandoned,Queue,Description"),
    ("call", "Position,Call Time,Pick Up Time,Release Time,Ring Time,Talk Time,Trunk"),
    # Command and control: an answer and a queue stand in its log too.
    ("incident", "Call Number,Call Answered,Entered Queue,Dispatched,En Route,Arrived,Problem"),
    ("incident", "Call_Id,Call_Answer_Time,Queue_Time,Dispatch_Time,OnScene_Time,Nature"),
    ("incident", "Master Incident Number,Call Queued,First Unit Assigned,Call Closed"),
    ("incident", "Log,Opened,Grade,Beat,Call sign,Assigned,At scene,Closed,Result codes,Crime no"),
    ("incident", "Event ID,Create Date,Grade,Resource,Allocated,Arrived,Call Taker,Caller Waiting"),
    # Missing persons, collisions.
    ("incident", "Misper Ref,Date Reported Missing,Risk Level,Age,Looked After Child,Date Found"),
    ("incident", "Collision,Date,Time,Authority,Grid ref,Casualty no,Severity,Casualty class"),
    ("incident", "CRASH DATE,CRASH TIME,BOROUGH,NUMBER OF PERSONS INJURED,COLLISION_ID"),
    # Crimes: many have the number of an incident, and who attended.
    ("crime", "DR_NO,Date Rptd,DATE OCC,TIME OCC,AREA NAME,Crm Cd,Vict Age,Weapon Desc"),
    ("crime", "CMPLNT_NUM,CMPLNT_FR_DT,RPT_DT,OFNS_DESC,PD_DESC,BORO_NM,VIC_RACE"),
    ("crime", "Incident ID,Incident Datetime,Report Datetime,Resolution,CAD Number"),
    ("crime", "Crime Number,Committed From,Date Recorded,Beat,Response Officer,Unit"),
    ("crime", "Occurrence No,Event Number,Offence Title,Date Recorded,Victim,Dispatch Ref"),
    ("crime", "Investigation,Created,HO code,Classification,Reclassified to,Outcome,Nominal"),
    ("reading", "Indicator,Month,Numerator,Denominator,Area"),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "header"), HEADERS)
def test_what_a_row_is_follows_from_all_that_the_columns_say(kind: RecordKind, header: str) -> None:
    found = guess_kind(SampleColumns(TableSample("export.csv", header.split(","), [])))
    assert (found.kind, found.sure, found.other) == (kind, True, None)


def test_columns_that_could_be_of_two_kinds_are_said(tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", table(
        "No,Received,Answered,Queue,Agent,Dispatched,Arrived",
        lambda n: [n, at(n), at(n, 9), "999", "A1", at(n, 60), at(n, 600)],
    ))  # fmt: skip
    said = "`kind`: the columns could be of incident or call; --kind says it"
    assert said in suggest(read_sample(path)).doubts


def test_a_row_for_each_unit_is_drafted_as_one_incident(tmp_path: Path) -> None:
    text = table(
        "Call Number,Unit ID,Received DtTm,On Scene DtTm,Available DtTm,Call Type,RowID",
        lambda n: [f"0901{n // 3:05d}", f"E{n % 3}", at(n // 3), at(n // 3, 300 + n % 3),
                   at(n // 3, 900), "Outside Fire", f"0901{n // 3:05d}-E{n % 3}"],
    )  # fmt: skip
    made = suggest(read_sample(write(tmp_path / "x.csv", text)))
    mapping = parse_mapping(made.toml)
    assert mapping.id == "Call Number"
    assert mapping.merge == {"opened_at": "first", "arrived_at": "first", "closed_at": "last"}
    assert any("taken for units of one incident" in doubt for doubt in made.doubts)


def test_a_number_on_rows_that_begin_apart_is_no_incident_of_several_units(tmp_path: Path) -> None:
    text = table(
        "Caller No,Event No,Opened,Type,RowID",
        lambda n: [n // 3, n // 3, at(n), pick(n, "FIRE", "THEFT"), f"R{n}"],
    )
    assert draft(write(tmp_path / "x.csv", text)).id == "RowID"


def test_where_no_column_numbers_the_records_each_row_is_one(tmp_path: Path) -> None:
    text = table("Opened,Type", lambda n: [at(n // 2), "THEFT"])
    mapping = draft(write(tmp_path / "x.csv", text), "incident")
    assert mapping.alike == "each"


def test_a_column_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    text = table(",Date,Description,", lambda n: [n, at(n // 2), "Theft", ""])
    path = write(tmp_path / "frame.csv", "Calls in hand\n" + text)
    mapping = draft(path, "incident")
    assert mapping.id == "column 1"
    mapping.force = "any"
    assert try_mapping(path, mapping, None).events == 120
    with open_source(path, mapping) as source:
        first = json.loads(next(iter(source)).lines()[0])
    assert first["id"] == "0"


def test_a_queue_log_is_drafted_by_its_states(tmp_path: Path) -> None:
    events = ("ENTERQUEUE", "RINGNOANSWER", "CONNECT", "COMPLETEAGENT", "ENTERQUEUE", "ABANDON")
    text = table(
        "uid,date_time,callid,queue_name,agent,event",
        lambda n: [n, 1543598380 + 7 * n, "NONE" if n == 0 else f"15435.{n // 2}",
                   "NONE" if n == 0 else "IT", "Agent/1", "QUEUESTART" if n == 0
                   else events[n % 6]],
    )  # fmt: skip
    path = write(tmp_path / "queue_log.csv", text)
    mapping = draft(path)
    assert (mapping.kind, mapping.id) == ("call", "callid")
    assert mapping.states is not None
    assert (mapping.states.column, mapping.states.time) == ("event", "date_time")
    assert mapping.states.fields == {
        "ENTERQUEUE": "offered_at", "CONNECT": "answered_at", "ABANDON": "abandoned_at",
        "COMPLETEAGENT": "ended_at", "COMPLETECALLER": "ended_at",
    }  # fmt: skip
    assert mapping.fields["line"].column == "queue_name"


TOTALS: dict[str, tuple[str, Callable[[int], list[object]], object, dict[str, object], int]] = {
    "months": (
        "Month,Inbound Calls,Average Speed of Answer in Secs,Abandoned Calls,Abandonment Rate",
        lambda n: [f"{('Jan', 'Feb', 'May')[n % 3]} {1990 + n // 3}", 3000 + n, 95, n, 8.7],
        "Month",
        {"period": "Month", "counts.offered": "Inbound Calls",
         "counts.abandoned": "Abandoned Calls"},
        40,
    ),
    "a year and a month": (
        "Year,Month,Calls Answered",
        lambda n: [2000 + n // 12, f"{1 + n % 12}", n],
        ["Year", "Month"],
        {"period": ["Year", "Month"], "counts.answered": "Calls Answered"},
        40,
    ),
    "quarters of an hour": (
        "Date,Interval,Calls_Offered,Calls_Answered",
        lambda n: [f"{1 + n // 4:02d}/02/2024", f"{n % 4}", 9 + n, n],
        "Date",
        {"period": "Date", "counts.offered": "Calls_Offered",
         "counts.answered": "Calls_Answered"},
        10,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOTALS)
def test_totals_of_calls_are_drafted_as_readings(tmp_path: Path, name: str) -> None:
    header, make, key, wanted, events = TOTALS[name]
    path = write(tmp_path / "totals.csv", table(header, make, 40))
    mapping = draft(path)
    assert (mapping.kind, mapping.id) == ("reading", key)
    assert fields(path) == wanted
    mapping.force = "any"
    trial = try_mapping(path, mapping, None)
    assert (trial.events, trial.joined, trial.refused) == (events, 40 - events, 0)
    with pytest.raises(SourceError, match='totals of calls are of kind = "reading"'):
        draft(path, "call")


HOURS: dict[str, tuple[str, Callable[[int], list[object]], object, dict[str, object]]] = {
    "an exchange": (
        "Date,Hour,ACD Calls,Aban Calls,Avg Speed Ans,Avg ACD Time",
        lambda n: [f"{1 + n // 24:02d}/02/2024", f"{n % 24:02d}:00", 30 + n, n % 4,
                   f"00:00:{n % 24:02d}", "00:03:10"],
        ["Date", "Hour"],
        {"period": "Hour", "counts.answered": "ACD Calls", "counts.abandoned": "Aban Calls"},
    ),
    "hours in numbers": (
        "Day,Hour of day,Calls offered,Calls handled",
        lambda n: [f"2024-02-{1 + n // 24:02d}", n % 24, 30 + n, 29 + n],
        ["Day", "Hour of day"],
        {"period": "Hour of day", "counts.offered": "Calls offered",
         "counts.answered": "Calls handled"},
    ),
    "hours with their dates": (
        "Interval Start,Queue Calls,Calls Abandoned",
        lambda n: [f"{13 + n // 24}/02/2024 {n % 24:02d}:00", 30 + n, n % 3],
        "Interval Start",
        {"period": "Interval Start", "counts.offered": "Queue Calls",
         "counts.abandoned": "Calls Abandoned"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOURS)
def test_calls_by_the_hour_are_drafted_as_totals_and_not_as_single_calls(
    tmp_path: Path, name: str
) -> None:
    header, make, key, wanted = HOURS[name]
    path = write(tmp_path / "hours.csv", table(header, make, 72))
    mapping = draft(path)
    assert (mapping.kind, mapping.id) == ("reading", key)
    assert fields(path) == wanted
    mapping.force = "any"
    trial = try_mapping(path, mapping, None)
    assert (trial.events, trial.joined, trial.refused) == (72, 0, 0)


def test_numbers_in_the_row_of_a_call_make_no_total_of_it(tmp_path: Path) -> None:
    text = table(
        "Call ID,Start Time,Answered,Abandoned,Previous calls",
        lambda n: [n, at(n), 1 if n % 5 else 0, 0 if n % 5 else 1, n % 4],
    )
    assert draft(write(tmp_path / "x.csv", text)).kind == "call"


def test_rows_that_sum_others_are_left_out_of_a_draft_and_told(tmp_path: Path) -> None:
    header, make, *_ = HOURS["an exchange"]
    path = write(tmp_path / "hours.csv", table(header, make, 72) + "Total,,4716,108,,\n")
    made = suggest(read_sample(path))
    said = "`footer`: what begins with Total is left out, as the sum of other rows"
    assert said in made.doubts
    mapping = parse_mapping(made.toml)
    assert mapping.footer == ["Total"]
    mapping.force = "any"
    trial = try_mapping(path, mapping, None)
    assert (trial.rows, trial.events, trial.refused) == (73, 72, 0)


def test_outcomes_that_a_draft_takes_for_no_end_are_said(tmp_path: Path) -> None:
    text = table(
        "call_id,start_time,wait_sec,status",
        lambda n: [n, at(n), "" if n < 4 else n % 50,
                   pick(n, "Completed", "Dropped", "Transferred", "Voicemail")],
    )  # fmt: skip
    made = suggest(read_sample(write(tmp_path / "x.csv", text)), "call")
    when = parse_mapping(made.toml).fields["answered_at"].when
    assert not isinstance(when, list)
    assert when is not None
    assert when.is_ == ["Completed", "Transferred"]
    said = "\n".join(made.doubts)
    assert "Voicemail (30 rows) is taken for neither answered nor abandoned" in said
    assert "3 rows have an outcome and no wait_sec" in said


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "geojson", "ndjson", "xlsx"])
def test_a_draft_reads_every_form_of_a_file(tmp_path: Path, form: str) -> None:
    header = ["CallNumber", "CallDateTime", "Nature", "Zone"]
    rows = [[f"C{n}", at(n, 0, "%Y-%m-%d %H:%M:%S"), pick(n, "THEFT", "FIRE"), pick(n, "A", "B")]
            for n in range(40)]  # fmt: skip
    objects = [dict(zip(header, row, strict=True)) for row in rows]
    cells: list[Sequence[Cell]] = [header, *rows]
    features = [{"type": "Feature", "geometry": None, "properties": one} for one in objects]
    data: dict[str, str | bytes] = {
        "csv": "\n".join(",".join(row) for row in [header, *rows]),
        "tsv": "\n".join("\t".join(row) for row in [header, *rows]),
        "json": json.dumps({"n": 1, "items": objects}),
        "geojson": json.dumps({"type": "FeatureCollection", "features": features}),
        "ndjson": "\n".join(map(json.dumps, objects)),
        "xlsx": xlsx(Notes=[["About"]], Calls=cells),
    }
    path = write(tmp_path / f"export.{form}", data[form])
    mapping = draft(path)
    before = "properties." if form == "geojson" else ""
    assert mapping.id == f"{before}CallNumber"
    mapping.force = "any"
    assert try_mapping(path, mapping, None).events == 40


def test_a_draft_of_unit_rows_merges_them(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", LAYOUTS["San Francisco fire, a row a unit"][0])
    assert draft(path).merge == {
        "opened_at": "first", "dispatched_at": "first", "arrived_at": "first",
    }  # fmt: skip


def test_a_draft_without_a_close_says_what_cannot_be_counted(tmp_path: Path) -> None:
    without, said = "San Francisco fire, a row a unit", "no emergency counts as never attended"
    for name, expected in ((without, True), ("New Orleans calls for service", False)):
        sample = read_sample(write(tmp_path / "x.csv", LAYOUTS[name][0]))
        assert any(said in doubt for doubt in suggest(sample).doubts) is expected


def test_a_draft_joins_a_date_in_three_columns(tmp_path: Path) -> None:
    name = "Avon fire: day, month and year in columns of their own"
    mapping = draft(write(tmp_path / "x.csv", LAYOUTS[name][0]))
    opened = mapping.fields["opened_at"]
    assert (opened.join, opened.format) == (" ", "%d %B %Y %H:%M:%S")


def test_what_is_no_number_among_numbered_grades_has_none(tmp_path: Path) -> None:
    mapping = draft(write(tmp_path / "x.csv", LAYOUTS["San Jose fire"][0]))
    assert mapping.fields["grade"].values == {
        "Priority 1": "emergency", "Priority 2": "priority",
    }  # fmt: skip


def test_stability_is_no_stabbing() -> None:
    words = {
        v: translated(v, INCIDENTS, "other") for v in ("Stability Problem", "STABBING", "stab")
    }
    assert words == {"Stability Problem": "other", "STABBING": "violence", "stab": "violence"}


def test_a_draft_of_the_example_calls_is_their_mapping(tmp_path: Path) -> None:
    path = EXAMPLES / "own_export/calls.csv"
    assert fields(path) == {
        "offered_at": "Presented", "answered_at": "Answered after (s)",
        "abandoned_at": "Abandoned after (s)", "line": "Queue", "area": "Beat",
    }  # fmt: skip
    line = draft(path).fields["line"]
    assert line.values == {"EMERGENCY": "999", "NON-EMERGENCY": "101", "TEST": "101"}


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("folder", "share"), [("dublin_fire_brigade", 1.0), ("anonymous_bank_calls", 0.99)]
)
def test_drafts_of_the_real_sets_let_their_rows_in(
    shared_data: Path, folder: str, share: float
) -> None:
    (path,) = (shared_data / "data" / folder).glob("*.gz")
    mapping = draft(path)
    mapping.force = "any"
    trial = try_mapping(path, mapping, None)
    assert trial.events >= share * trial.rows > 30_000


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "formats", "precision"),
    [
        (["31/12/2021 23:59:00", "01/02/2021 00:00:00"], ["%d/%m/%Y %H:%M:%S"], "second"),
        (["12/31/2021 11:59 PM", "01/02/2021 1:00 AM"], ["%m/%d/%Y %I:%M %p"], "second"),
        (["2021-12-31T23:59:00Z"], ["iso"], "second"),
        (["2021/12/31 23:59:00+00"], [], ""),
        (["31-Dec-2021 23:59"], ["%d-%b-%Y %H:%M"], "second"),
        (["December 31, 2021"], ["%B %d, %Y"], "day"),
        (["2021-12"], ["iso"], "month"),
        (["12/31/2021 12:00:00 AM", "01/02/2022 12:00:00 AM"], ["%m/%d/%Y 12:00:00 AM"], "day"),
        (["2021-12-31T00:00:00.000", "2022-01-02T00:00:00.000"], ["%Y-%m-%dT00:00:00.000"], "day"),
        (["2021-12-31 00:00:00", "2022-01-02 10:00:00"], ["iso"], "second"),
        (["23:59", "7:05"], ["%H:%M"], "clock"),
        (["31/12/2021 23:59:00", "31/12/2021 23:59"], ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"],
         "second"),
        (["20211231"], ["%Y%m%d"], "day"),
        (["1640995140000"], ["unix_ms"], "second"),
        (["Rugby 1"], [], ""),
        (["12", "13"], [], ""),
    ],
)  # fmt: skip
def test_formats_are_found_by_what_fits(
    values: list[str], formats: list[str], precision: str
) -> None:
    found = find_times(values, "call date")
    assert (found.formats if found else [], found.precision if found else "") == (
        formats, precision,
    )  # fmt: skip


def test_numbers_are_times_only_under_a_name_that_says_so() -> None:
    assert find_times(["20211231", "20220101"], "reference") is None


def test_the_order_of_day_and_month_is_decided_by_the_data() -> None:
    days = find_times([f"{day:02d}/02/2024" for day in range(1, 20)], "date")
    assert days is not None
    assert (days.order, days.ambiguous) == ("day", False)
    months = find_times([f"02/{day:02d}/2024" for day in range(1, 20)], "date")
    assert months is not None
    assert (months.order, months.ambiguous) == ("month", False)


def test_where_both_would_do_neighbouring_rows_lie_close_together_and_it_is_said() -> None:
    found = find_times([f"02/{day:02d}/2024" for day in range(1, 12)], "date")
    assert found is not None
    assert (found.order, found.ambiguous) == ("month", True)


def test_what_is_ambiguous_is_said_in_the_draft_and_follows_the_time_zone() -> None:
    rows = [[str(n), "03/03/2024 10:00"] for n in range(20)]
    sample = TableSample("x.csv", ["Incident No", "Opened"], rows)
    ours = suggest(sample, timezone="Europe/London")
    assert 'format = "%d/%m/%Y %H:%M"' in ours.toml
    theirs = suggest(sample, timezone="America/Chicago")
    assert 'format = "%m/%d/%Y %H:%M"' in theirs.toml
    assert any(doubt.startswith("AMBIGUOUS: Opened") for doubt in ours.doubts)


def test_one_column_that_is_sure_settles_the_others() -> None:
    rows = [["1", "03/04/2024 10:00", "03/25/2024 10:00"]] * 20
    sample = TableSample("x.csv", ["Incident No", "Opened", "Closed"], rows)
    made = suggest(sample, timezone="Europe/London")
    assert '"%d/%m' not in made.toml
    assert not any(doubt.startswith("AMBIGUOUS") for doubt in made.doubts)


# --- text -----------------------------------------------------------------------------------------


def sampled(tmp_path: Path, text: str | bytes, name: str = "x.csv") -> TableSample:
    return read_sample(write(tmp_path / name, text))


BODY = "".join(f"{n};caf\xe9 {n};2024-01-01 10:00\n" for n in range(30))


def test_delimiter_encoding_and_titles_are_found(tmp_path: Path) -> None:
    text = f"Calls of caf\xe9s\n\nno;what;opened\n{BODY}"
    found = sampled(tmp_path, text.encode("cp1252"))
    assert dict(found.settings) == {"encoding": "cp1252", "delimiter": ";"}
    assert (found.header, len(found.rows)) == (["no", "what", "opened"], 30)


def test_a_table_that_does_not_quote_is_told_by_its_lines(tmp_path: Path) -> None:
    text = 'no\tremark\topened\n1\tok\tx\n2\t"unclosed\tx\n3\tsaid stop"\tx\n4\tok\tx\n'
    found = sampled(tmp_path, text)
    assert dict(found.settings) == {"delimiter": "\t", "quote": ""}
    assert len(found.rows) == 4


def test_quoted_cells_with_the_delimiter_in_them_are_one_cell(tmp_path: Path) -> None:
    text = "no,where,opened\n" + '1,"(47.6, -122.3)",2024-01-01\n' * 20
    found = sampled(tmp_path, text)
    assert (dict(found.settings), found.rows[0][1]) == ({}, "(47.6, -122.3)")


def test_columns_without_a_header_are_numbered_and_it_is_said(tmp_path: Path) -> None:
    found = sampled(tmp_path, "1,2024-01-01 10:00,A\n2,2024-01-01 11:00,B\n")
    assert found.settings["columns"] == ["column 1", "column 2", "column 3"]
    assert len(found.rows) == 2
    assert "No header was found" in found.notes[0]


def test_a_time_of_1900_that_comes_again_and_again_is_none(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    never = "01/01/1900 12:00:00 AM"
    path.write_text(
        table(
            "Event Number,Time Queued,Arrived Time,Priority,Call Type",
            lambda n: (f"E{n}", at(n), never if n % 6 == 0 else at(n, 300), "1", "FIRE"),
        )
    )
    drafted = suggest(read_sample(path), "incident", None, None)
    assert never in parse_mapping(drafted.toml).null
    assert not any("before the first time" in doubt for doubt in drafted.doubts)


def test_midnight_is_a_time_in_a_table_of_hours(tmp_path: Path) -> None:
    header = "Ref,Date,Time,Priority,Nature"
    path = tmp_path / "hours.csv"
    path.write_text(
        table(
            header,
            lambda n: (f"R{n}", f"2024-01-{1 + n // 24:02}", f"{n % 24:02}:00", "1", "FIRE"),
            240,
        )
    )
    drafted = suggest(read_sample(path), "incident", "Europe/London", None)
    assert "null" not in drafted.toml
    assert not any("have no Time" in doubt for doubt in drafted.doubts)


def test_words_that_stand_for_nothing_become_null(tmp_path: Path) -> None:
    text = table("Incident No,Opened,Arrived", lambda n: [n, at(n), "NULL" if n % 2 else at(n, 9)])
    mapping = draft(write(tmp_path / "x.csv", text))
    assert mapping.null == ["NULL"]
    assert mapping.fields["arrived_at"].column == "Arrived"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [(b"abc", "utf-8"), ("ü".encode(), "utf-8"), ("Müller und Söhne\n".encode("cp1252"), "cp1252")],
)
def test_an_encoding_is_guessed_only_where_it_is_not_utf_8(data: bytes, encoding: str) -> None:
    assert encoding_of(data) == encoding


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("hello\nworld\n", "is no table"),
        ("a,b\nx,y\nu,v\n", "none of its columns holds times"),
        ("%PDF-1.7\n", "is a PDF document, so there is no table to map"),
        ("Crime ID,Month,Falls within,Crime type,LSOA name\n1,2024-01,x,y,z\n", "needs no mapping"),
        ('{"kind":"call","id":"1","updated_at":"x"}\n', "holds events already"),
    ],
)
def test_what_can_not_be_mapped_says_why(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "x.csv" if not text.startswith("{") else tmp_path / "x.ndjson", text)
    with pytest.raises((SourceError, ConfigError), match=message):
        suggest(read_sample(path))


def test_a_table_of_many_columns_without_times_is_named_by_the_first(tmp_path: Path) -> None:
    text = table(",".join(f"figure {n}" for n in range(300)), lambda n: [f"x{n}"] * 300, 3)
    with pytest.raises(SourceError) as caught:
        draft(write(tmp_path / "x.csv", text))
    assert "(figure 0, figure 1, " in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_an_id_is_never_made_of_names_and_addresses(tmp_path: Path) -> None:
    make = lambda n: [at(n // 3), f"{n} High St", f"Name {n}", pick(n, "THEFT", "FIRE", "RTC")]  # noqa: E731
    path = write(tmp_path / "x.csv", table("Opened,Address,Caller,Type", make))
    assert draft(path).id == ["Opened", "Type"]


def test_a_draft_always_loads(tmp_path: Path) -> None:
    chance = random.Random(3)
    cells = ["", "x", "1", "2024-01-01 10:00:00", "12:00", 'a"b\\c', "é\x7f", "NULL", "999"]
    for n in range(12):
        header = [chance.choice(["No", "Opened", "Type", "Queue", "Wait (min)", "Grade", 'q"\\'])
                  + str(place) for place in range(5)]  # fmt: skip
        rows = [[f"r{r}", "2024-01-01 10:00:00", *chance.choices(cells, k=4)] for r in range(9)]
        sample = TableSample(
            "x\n.csv", ["Opened", *header], [[row[1], row[0], *row[2:]] for row in rows]
        )
        for kind in ("call", "incident", "crime"):
            assert parse_mapping(suggest(sample, kind).toml).kind == kind, n


# --- the command ----------------------------------------------------------------------------------


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["mapping", *map(str, arguments)])


INCIDENTS_BY_ID = """\
kind = "incident"
timezone = "UTC"
id = "id"
[constants]
category = "other"
[fields.opened_at]
column = "opened"
"""


def test_suggest_prints_the_draft_and_says_beside_it_what_to_check(tmp_path: Path) -> None:
    path = EXAMPLES / "own_export/calls.csv"
    result = run("suggest", path, "--force", "warwickshire")
    assert result.exit_code == 0
    mapping = parse_mapping(result.stdout)
    assert (mapping.force, mapping.timezone) == ("warwickshire", "Europe/London")
    assert "8 rows read: 8 events, 0 refused, 0 excluded or blank." in result.stderr
    assert "CHECK `line`: TEST (1 rows) is counted under 101." in result.stderr
    assert "are no area of warwickshire, such as" in result.stderr


def test_suggest_takes_the_kind_and_the_time_zone(tmp_path: Path) -> None:
    text = LAYOUTS["Chicago crimes"][0]
    result = run(
        "suggest", write(tmp_path / "x.csv", text), "--kind", "incident", "--timezone",
        "America/Chicago",
    )  # fmt: skip
    mapping = parse_mapping(result.stdout)
    assert (mapping.kind, mapping.timezone) == ("incident", "America/Chicago")


def test_suggest_prints_no_draft_that_does_not_load() -> None:
    result = run("suggest", EXAMPLES / "own_export/calls.csv", "--timezone", "Europe/Londn")
    assert (result.exit_code, result.stdout) == (2, "")
    assert 'unknown time zone "Europe/Londn"' in result.stderr


def test_suggest_says_in_one_line_what_it_can_not_read(tmp_path: Path) -> None:
    result = run("suggest", write(tmp_path / "x.csv", b"%PDF-1.7\n"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1


def test_check_says_how_many_rows_go_in_and_why_others_do_not(tmp_path: Path) -> None:
    rows = "".join(f"{n},{'soon' if n < 15 else '2024-01-01'}\n" for n in range(500))
    path = write(tmp_path / "x.csv", f"id,opened\n{rows}")
    toml = INCIDENTS_BY_ID
    result = run("check", write(tmp_path / "m.toml", toml), path)
    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        f"{path}: 500 rows read: 485 events, 15 refused (3.0%), 0 excluded or blank.",
        f'  bad_time 15: {path}:2: opened_at: "soon" fits none of the formats',
    ]
    assert list(tmp_path.glob("*.ndjson")) == []


def test_check_reads_the_first_thousand_rows_or_all(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "id,opened\n" + "1,2024-01-01\n" * 5000)
    toml = INCIDENTS_BY_ID
    mapping = write(tmp_path / "m.toml", toml)
    assert run("check", mapping, path).stdout.startswith(f"{path}: 1,200 rows read")
    assert run("check", mapping, path, "--all").stdout.startswith(f"{path}: 5,000 rows read")


def test_check_says_what_counts_and_should_be_looked_at(tmp_path: Path) -> None:
    rows = "".join(f"NA,2024-01-{day:02d}T10:00:00\n" for day in range(1, 13))
    path = write(tmp_path / "x.csv", f"id,opened\n{rows}")
    toml = 'kind = "incident"\ntimezone = "UTC"\nid = "id"\n[constants]\ncategory = "fire"\n'
    toml += '[fields.opened_at]\ncolumn = "opened"\n'
    result = run("check", write(tmp_path / "m.toml", toml), path)
    assert result.exit_code == 0
    first, differ, many = result.stdout.splitlines()
    assert first == f"{path}: 12 rows read: 12 events, 0 refused, 0 excluded or blank."
    assert differ.startswith("  Look: rows of one id differ in opened_at: ")
    assert many.startswith("  Look: 10 rows or more that begin at different times have one id")


def test_check_counts_the_rows_of_one_id_as_one_event_where_they_are_merged(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "id,opened\n1,2024-01-02\n1,2024-01-01\n2,2024-01-01\n")
    toml = INCIDENTS_BY_ID
    result = run("check", write(tmp_path / "m.toml", toml), path)
    first, second = result.stdout.splitlines()
    assert first == f"{path}: 3 rows read: 3 events, 0 refused, 0 excluded or blank."
    assert second == (
        f"  Look: rows of one id differ in opened_at: {path}:2 and {path}:3 (1 such id); "
        "see `merge`"
    )
    toml += '[merge]\nopened_at = "first"\n'
    result = run("check", write(tmp_path / "m.toml", toml), path)
    assert result.stdout == (
        f"{path}: 3 rows read: 2 events, 1 joined with another of their id, 0 refused, "
        "0 excluded or blank.\n"
    )


def test_check_names_a_mistake_of_the_mapping(tmp_path: Path) -> None:
    result = run("check", write(tmp_path / "m.toml", 'kind = "x"\ntimezone = "UTC"\n'), "x.csv")
    assert result.exit_code == 2
    assert "m.toml:1 [kind]" in result.stderr


def test_check_refuses_without_a_force_what_a_run_refuses(tmp_path: Path) -> None:
    rows = "1,2024-01-01 23:03,2024-01-01 00:04\n2,2024-01-01 22:00,2024-01-01 22:50\n"
    path = write(tmp_path / "x.csv", f"id,opened,closed\n{rows}")
    toml = INCIDENTS_BY_ID + '[fields.closed_at]\ncolumn = "closed"\n'
    mapping = write(tmp_path / "m.toml", toml)
    alone, known = (
        run("check", mapping, path),
        run("check", mapping, path, "--force", "warwickshire"),
    )
    assert alone.stdout == known.stdout
    assert alone.stdout.splitlines() == [
        f"{path}: 2 rows read: 1 events, 1 refused (50.0%), 0 excluded or blank.",
        f"  closed_before_opened 1: {path}:2: closed_at is earlier than opened_at",
    ]


def test_check_says_what_it_could_not_check_without_a_force(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "id,opened\n1,2024-01-01 10:00\n")
    mapping = write(tmp_path / "m.toml", INCIDENTS_BY_ID)
    unchecked = "Not checked, as the force is not known: whether it has these lines, areas, "
    assert run("check", mapping, path).stderr.startswith(unchecked)
    assert "Not checked" not in run("check", mapping, path, "--force", "warwickshire").stderr


def test_check_lets_a_call_in_whose_line_no_force_is_known_to_lack(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "id,offered\n1,2024-01-01 10:00\n")
    toml = INCIDENTS_BY_ID.replace("incident", "call").replace("opened", "offered")
    mapping = write(tmp_path / "m.toml", toml.replace('category = "other"', 'line = "hotline"'))
    assert "1 rows read: 1 events, 0 refused" in run("check", mapping, path).stdout
    known = run("check", mapping, path, "--force", "warwickshire").stdout
    assert "1 rows read: 0 events, 1 refused" in known
    assert "unknown_line 1" in known


def test_the_draft_says_how_times_that_run_backwards_are_mended(tmp_path: Path) -> None:
    text = table(
        "Incident No,Opened,Closed,Type",
        lambda n: [f"I{n}", f"2024-01-{n % 20 + 1:02} 23:30:00",
                   f"2024-01-{n % 20 + 1:02} {'00:20' if n < 4 else '09:49' if n < 6 else '23:50'}",
                   "FIRE"],
    )  # fmt: skip
    doubts = suggest(read_sample(write(tmp_path / "x.csv", text))).doubts
    assert (
        "`closed_at`: 6 of 120 Closed (5%) lie before the first time, and are refused; 4 of them "
        'have the date of the day before: roll = "day" puts them on the next; the others are wrong '
        'times, which on_error = "leave_out" leaves out'
    ) in doubts


def test_values_are_looked_up_in_all_rows_of_a_file(tmp_path: Path) -> None:
    text = table(
        "Incident No,Opened,Nature",
        lambda n: [f"I{n}", at(n), "ALARMS" if n < 1_400 else "17A2 FALL" if n < 1_480 else "XYZ"],
        rows=1_500,
    )
    result = run("suggest", write(tmp_path / "x.csv", text))
    category = parse_mapping(result.stdout).fields["category"]
    assert category.values == {"ALARMS": "alarm", "17A2 FALL": "medical", "XYZ": "other"}
    assert (
        "CHECK `category`: Nature is translated by its words; 1% of the rows (20 of 1,500) fall "
        "under other; most often XYZ (20)."
    ) in result.stderr


def test_a_guess_that_is_not_sure_says_so_in_its_line(tmp_path: Path) -> None:
    text = table(
        "Incident No,Opened,Nature",
        lambda n: [f"I{n}", at(n), pick(n, "HAZARDOUS CONDITION", "FIRE", "STATUS MOVE")],
    )
    result = run("suggest", write(tmp_path / "x.csv", text))
    lines = result.stdout.splitlines()
    assert '"HAZARDOUS CONDITION" = "special_service"    # CHECK: not sure' in lines
    assert '"FIRE" = "fire"' in lines
    unknown = lines.index("# CHECK: no word of these is known, so they count as other:")
    assert lines[unknown + 1] == '"STATUS MOVE" = "other"'
    assert (
        "CHECK `category`: what 1 values mean is not sure (40 rows); their lines say CHECK; most "
        "often HAZARDOUS CONDITION (40)."
    ) in result.stderr


@pytest.mark.parametrize(
    ("value", "name", "sure"),
    [
        ("HAZARDOUS CONDITION", "special_service", False),
        ("B&E RESIDENCE", "crime_report", True),
        ("24B2 CHILDBIRTH", "medical", True),
        ("11E1 CHOKING", "medical", True),
        ("19D4 HEART PROB", "medical", True),
        ("26A9 SICK PRSN", "medical", True),
        ("VEH COL", "road_collision", True),
        ("VEH FIRE", "fire", True),
        ("SUSPICIOUS VEHICLE", "suspicious", True),
        ("MEDICAL ALRM", "alarm", False),
        ("ACCIDENTAL POISONING", "medical", True),
        ("ASST CITIZEN (FIRE DEPT)", "special_service", False),
    ],
)
def test_a_category_is_told_by_its_words(value: str, name: str, sure: bool) -> None:
    assert guessed(value, CATEGORIES) == (name, sure)


def test_a_burglary_of_no_residence_is_no_residential_one() -> None:
    found = [guessed(value, CRIMES) for value in ("B&E RESIDENCE", "B&E NONRESIDENCE")]
    assert found == [("burglary.residential", True), ("burglary.business_community", True)]


def test_the_draft_of_a_fire_service_finds_grade_and_dispatch(tmp_path: Path) -> None:
    text = table(
        "Incident Num,Incident Category,Response Type,911 Date,Notify Date,Arrival Date,Clear Date",
        lambda n: [f"SM-{n}", "FIRE", pick(n, "Emergent", "Non-emergent",
                   "Emergent initially, changing to non-emergent", "No response (walk-in, etc.)"),
                   at(n), at(n, 60), at(n, 400), at(n, 3000)],
    )  # fmt: skip
    path = write(tmp_path / "x.csv", text)
    found = fields(path)
    assert found["opened_at"] == "911 Date"
    assert found["dispatched_at"] == "Notify Date"
    assert draft(path).fields["grade"].values == {
        "Emergent": "emergency",
        "Emergent initially, changing to non-emergent": "emergency",
        "No response (walk-in, etc.)": "no_attendance",
        "Non-emergent": "priority",
    }


def test_check_says_which_values_the_default_stands_for(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "id,opened,type\n1,2024-01-01 10:00,FALL\n")
    toml = INCIDENTS_BY_ID.replace('[constants]\ncategory = "other"\n', "")
    toml += '[fields.category]\ncolumn = "type"\ndefault = "other"\nvalues = { FIRE = "fire" }\n'
    said = run("check", write(tmp_path / "m.toml", toml), path).stdout
    assert '  category by default, as the mapping does not list the value: 1 ("FALL" 1)' in said


@pytest.mark.parametrize(
    ("value", "category"),
    [
        ("RAPE", "crime_report"),
        ("ARSON", "crime_report"),
        ("KIDNAPING", "crime_report"),
        ("EMBEZZLEMENT", "crime_report"),
        ("DANGEROUS / INJURED ANIMAL", "special_service"),
        ("AIRCRAFT CRASH", "special_service"),
        ("BARRICADED SUSPECT", "violence"),
        ("SUSPICIOUS PERSON", "suspicious"),
    ],
)
def test_what_police_logs_call_their_incidents_is_known(value: str, category: str) -> None:
    assert guessed(value, CATEGORIES) == (category, True)


def test_a_prisoner_or_suspect_is_not_what_is_suspicious() -> None:
    assert guessed("TRANSPORT PRISONER", CATEGORIES) is None
