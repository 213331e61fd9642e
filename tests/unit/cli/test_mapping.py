"""`watchroom mapping`: what it says of a mapping and a file."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.events.fields import FIELDS
from streams.events.schema import EVENT_KINDS
from streams.sources.mapping.kind_fields import forms
from streams.sources.mapping.pseudonyms import VARIABLE

CRIMES = """\
kind = "crime"
force = "warwickshire"
timezone = "Europe/London"
id = "no"
[fields.recorded_at]
column = "at"
[fields.offence]
column = "offence"
[fields.area]
column = "beat"
[fields.markers]
column = "keywords"
split = ";"
values = { DA = "domestic_abuse", HATE = "hate" }
[fields.outcome]
column = "outcome"
"""
ROWS = """\
no,at,offence,beat,keywords,outcome
1,2021-03-01T10:00:00Z,vehicle,Rugby,DA,1
2,2021-03-01T11:00:00Z,vehicle,Atlantis,DA;KN,16A
3,2021-03-01T12:00:00Z,piracy,Rugby,KN;HATE,
4,2021-03-32T12:00:00Z,vehicle,Rugby,,
"""


def check(folder: Path, rows: str, mapping: str, *words: str) -> Result:
    folder.joinpath("m.toml").write_text(mapping)
    folder.joinpath("in.csv").write_text(rows)
    return CliRunner().invoke(
        main, ["mapping", "check", str(folder / "m.toml"), str(folder / "in.csv"), *words]
    )


def test_values_that_no_list_of_the_force_has_are_counted_as_unknown(tmp_path: Path) -> None:
    said = check(tmp_path, ROWS, CRIMES).output
    assert "4 rows read: 3 events, 1 refused (25.0%), 0 excluded or blank." in said
    assert (
        "  unknown, of events that count in everything else: "
        'crime area 1 ("Atlantis" 1), crime markers 2 ("KN" 2), crime offence 1 ("piracy" 1), '
        'crime outcome 1 ("16A" 1)' in said
    )


def test_a_row_that_a_monitor_refuses_is_refused(tmp_path: Path) -> None:
    rows = "no,at,offence\n1,2021-03-01T10:00:00Z,555\n"
    waits = CRIMES.replace('kind = "crime"', 'kind = "call"').partition("[fields.offence]")[0]
    waits = waits.replace("recorded_at", "offered_at") + '[fields.line]\ncolumn = "offence"\n'
    said = check(tmp_path, rows, waits).output
    assert "1 rows read: 0 events, 1 refused" in said
    assert "unknown_line 1" in said


def test_a_force_that_is_not_known_judges_nothing_but_the_form(tmp_path: Path) -> None:
    said = check(tmp_path, ROWS, CRIMES.replace("warwickshire", "mars")).output
    assert '  unknown, of events that count in everything else: record outcome 1 ("16A" 1)' in said


def test_people_of_a_draft_are_not_tried_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    path = tmp_path / "in.csv"
    path.write_text(
        "Crime No,Recorded,Offence,Victim ID\n"
        "K1,13/03/2021 10:00,Theft,NOM-448812\nK2,14/03/2021 10:00,Theft,NOM-448813\n"
    )
    result = CliRunner().invoke(main, ["mapping", "suggest", str(path)])
    assert result.exit_code == 0
    assert '[fields.victims]\ncolumn = "Victim ID"' in result.output
    assert (
        "It was not tried: fields.victims: who people are is kept as pseudonyms only"
        in result.output
    )
    assert "NOM-" not in result.output


# --- fields ---------------------------------------------------------------------------------------


def test_every_field_of_every_kind_is_said() -> None:
    for kind, struct in EVENT_KINDS.items():
        names = {f.encode_name for f in msgspec.structs.fields(struct)} | forms(kind).keys()
        assert FIELDS[kind].keys() == names


def test_the_fields_of_a_kind_are_printed_with_what_they_may_hold() -> None:
    said = CliRunner().invoke(main, ["mapping", "fields", "call"]).output
    assert said.startswith("call\n  line ")
    assert "  caller          who called (pseudonym)\n" in said
    assert (
        "  channel         how the contact came (one of 101, 999, online, text, webchat)\n" in said
    )


def test_the_list_of_fields_says_which_an_event_needs() -> None:
    said = CliRunner().invoke(main, ["mapping", "fields", "incident"]).output
    needed = [line.split()[0] for line in said.splitlines() if "needed unless deleted)" in line]
    assert needed == ["opened_at", "category"]


def test_the_fields_as_json_have_meaning_form_example_and_what_they_feed() -> None:
    said = CliRunner().invoke(main, ["mapping", "fields", "call", "--json"]).output
    (found,) = [entry for entry in json.loads(said) if entry["name"] == "called_back_at"]
    assert found == {
        "kind": "call",
        "name": "called_back_at",
        "says": "when a caller who gave up was rung back",
        "form": "time",
        "unit": "",
        "needed": "",
        "mapped": True,
        "example": "2024-01-31T10:20:00+00:00",
        "feeds": {
            "figures": {
                "calls": ["not_rung_back", "oldest_not_rung_back", "not_rung_back_unknown"]
            },
            "every": False,
            "people": [],
            "tiles": [],
            "alerts": [],
            "dashboards": ["calls"],
            "otherwise": "",
        },
    }
