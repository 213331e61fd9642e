"""A finished export of which one row ends long after the others: every row counts in its month.

The rows are sorted by their updates and played, as any finite source is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources import open_source
from streams.sources.mapping.file import parse_mapping
from tests.build import FAR_FUTURE, monitor, ms, row, tiny_force
from tests.late import updated_of

INCIDENTS = """id,opened,closed
1,2024-01-01 10:00:00,2024-01-01 11:00:00
2,2024-01-02 10:00:00,2024-03-02 10:00:00
3,2024-01-03 10:00:00,2024-01-03 11:00:00
4,2024-01-10 10:00:00,2024-01-10 11:00:00
5,2024-01-20 10:00:00,2024-01-20 11:00:00
6,2024-01-25 10:00:00,2024-01-25 11:00:00
"""
INCIDENT_MAPPING = """
kind = "incident"
timezone = "Europe/London"
id = "id"
time_format = "%Y-%m-%d %H:%M:%S"
[constants]
category = "asb.personal"
[fields.opened_at]
column = "opened"
[fields.closed_at]
column = "closed"
"""
CRIMES = """no,recorded,offence,outcome_at
1,2020-01-10,burglary,2020-03-10
2,2020-01-11,burglary,2023-01-10
3,2020-01-12,burglary,
4,2020-06-12,burglary,2020-08-01
5,2021-02-12,burglary,
"""
CRIME_MAPPING = """
kind = "crime"
timezone = "Europe/London"
id = "no"
[fields.recorded_at]
column = "recorded"
[fields.offence]
column = "offence"
[fields.outcome_at]
column = "outcome_at"
"""


def events_of(folder: Path, rows: str, mapping: str) -> list[dict[str, Any]]:
    path = folder / "in.csv"
    path.write_text(rows)
    source = open_source(str(path), parse_mapping(mapping), tiny_force())
    found = [msgspec.json.decode(line) for chunk in source for line in chunk.lines()]
    return sorted(found, key=updated_of)


def played(events: list[dict[str, Any]], month: str, group: str, **where: str) -> tuple[int, int]:
    """The count of a month, and how many rows were refused."""
    watched = monitor()
    watched.play_history()
    payload = b"\n".join(map(msgspec.json.encode, events))
    refused = watched.ingest(payload, FAR_FUTURE)
    board = watched.board("tiny", ms("2024-04-01T00:00:00Z"), [month])
    return row(board, month, group, **where)["count"], len(refused)


def test_an_incident_closed_sixty_days_later_costs_no_other_row(tmp_path: Path) -> None:
    events = events_of(tmp_path, INCIDENTS, INCIDENT_MAPPING)
    assert len(events) == 6
    assert played(events, "2024-01", "incidents", category="all", grade="all") == (6, 0)


def test_an_outcome_three_years_later_costs_no_other_row(tmp_path: Path) -> None:
    events = events_of(tmp_path, CRIMES, CRIME_MAPPING)
    assert len(events) == 5
    assert played(events, "2020-01", "crimes", offence="all") == (3, 0)


@pytest.fixture(scope="module")
def closed_late(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The incidents, and of the second one what a live feed would have sent first."""
    events = events_of(tmp_path_factory.mktemp("rows"), INCIDENTS, INCIDENT_MAPPING)
    second = next(event for event in events if event["id"] == "2")
    opened = {key: value for key, value in second.items() if key != "closed_at"}
    return sorted([*events, {**opened, "updated_at": second["opened_at"]}], key=updated_of)


@given(st.data())
def test_unfolded_rows_give_the_same_month_however_they_are_repeated(
    closed_late: list[dict[str, Any]], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(closed_late)))
    events = sorted([*closed_late, *again], key=updated_of)
    assert played(events, "2024-01", "incidents", category="all", grade="all") == (6, 0)
