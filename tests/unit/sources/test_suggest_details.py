"""Drafts beyond times and places: people, markers, links, channel and flags."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from streams.sources.draft.sample import read_sample
from streams.sources.draft.suggest import suggest
from streams.sources.mapping.file import parse_mapping

CRIMES = """\
Crime No,Recorded,Offence,HO Code,Victim ID,Suspect nominals,Victim name,Victim age,Keywords,\
Notifiable,Log no,Linked series
K1,13/03/2021 10:00,Burglary,28A,NOM-448812,NOM-1;NOM-2,Rosalind Quillfeather,44,\
DOMESTIC ABUSE;CYBER,Y,L1,
K2,14/03/2021 11:00,Theft,48,NOM-990001,,Peregrine Oddsocks,31,KNIFE,N,L2,S7
"""
CALLS = """\
Call ID,Caller number,Channel,Queue,Offered,Answered,Ended,Wrap up secs,Incident ref,\
Resolved at first contact,Agent name
1,07700900123,999 line,999,13/03/2021 10:00:00,13/03/2021 10:00:05,13/03/2021 10:05:00,33,L1,Y,Al
2,07700900124,Webchat,101,14/03/2021 10:00:00,14/03/2021 10:00:05,14/03/2021 10:05:00,12,,N,Bo
"""
INCIDENTS = """\
Incident No,Opened,Closed,Type,Crimed,Qualifiers,Misper nominal
1,13/03/2021 10:00:00,13/03/2021 11:00:00,Missing person,N,Child at risk,NOM-448812
2,14/03/2021 10:00:00,14/03/2021 11:00:00,Burglary,Y,,
"""
PEOPLE = ("NOM-", "Rosalind", "Peregrine", "07700", "Al", "Bo")


def drafted(folder: Path, text: str) -> tuple[dict[str, Any], str]:
    """The draft as a table, and everything that it says."""
    path = folder / "in.csv"
    path.write_text(text)
    draft = suggest(read_sample(path))
    parse_mapping(draft.toml)
    return tomllib.loads(draft.toml), "\n".join([draft.toml, *draft.doubts])


def test_people_of_crimes_are_proposed_by_the_columns_of_their_ids(tmp_path: Path) -> None:
    draft, _ = drafted(tmp_path, CRIMES)
    assert draft["fields"]["victims"] == {"column": "Victim ID"}
    assert draft["fields"]["suspects"] == {"column": "Suspect nominals", "split": ";"}
    assert draft["personal"] == ["Victim name"]


@pytest.mark.parametrize("text", [CRIMES, CALLS, INCIDENTS])
def test_nobody_is_seen_in_a_draft(tmp_path: Path, text: str) -> None:
    _, said = drafted(tmp_path, text)
    assert [person for person in PEOPLE if f'"{person}' in said or f" {person}" in said] == []


def test_markers_are_proposed_and_those_that_no_force_knows_are_named(tmp_path: Path) -> None:
    draft, said = drafted(tmp_path, CRIMES)
    assert draft["fields"]["markers"] == {
        "column": "Keywords",
        "split": ";",
        "values": {"DOMESTIC ABUSE": "domestic_abuse", "CYBER": "cyber"},
    }
    assert "1 of its values are no marker that every force has, such as KNIFE" in said


def test_the_code_the_incident_the_series_and_whether_it_is_notifiable(tmp_path: Path) -> None:
    fields = drafted(tmp_path, CRIMES)[0]["fields"]
    assert fields["offence_code"] == {"column": "HO Code"}
    assert fields["incident_id"] == {"column": "Log no"}
    assert fields["series"] == {"column": "Linked series"}
    assert fields["notifiable"] == {"column": "Notifiable", "values": {"N": False, "Y": True}}


def test_a_call_has_its_caller_channel_incident_and_wrap_up(tmp_path: Path) -> None:
    draft, _ = drafted(tmp_path, CALLS)
    fields = draft["fields"]
    assert fields["caller"] == {"column": "Caller number"}
    assert fields["channel"]["values"] == {"999 line": "999", "Webchat": "webchat"}
    assert fields["incident_id"] == {"column": "Incident ref"}
    assert fields["wrapped_up_at"] == {"from": "ended_at", "plus": "Wrap up secs"}
    assert fields["resolved"]["values"] == {"Y": True, "N": False}
    assert draft["personal"] == ["Agent name"]


def test_an_incident_has_its_missing_person_and_whether_it_is_a_crime(tmp_path: Path) -> None:
    fields = drafted(tmp_path, INCIDENTS)[0]["fields"]
    assert fields["persons.id"] == {"column": "Misper nominal"}
    assert fields["crimed"]["values"] == {"N": False, "Y": True}
    assert fields["markers"]["values"] == {"Child at risk": "child_at_risk"}


def test_markers_that_are_columns_of_their_own_are_flags(tmp_path: Path) -> None:
    text = (
        "Crime No,Recorded,Offence,DA flag,Hate crime,Detected\n"
        "K1,13/03/2021 10:00,Theft,Y,N,Y\nK2,14/03/2021 10:00,Theft,N,N,N\n"
    )
    fields = drafted(tmp_path, text)[0]["fields"]
    assert fields["markers"] == {"flags": {"DA flag": "domestic_abuse", "Hate crime": "hate"}}
