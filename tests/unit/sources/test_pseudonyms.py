"""Files that say who people are: pseudonyms reach the events, and no id reaches anything else.

The people and ids of these files are made up.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from streams.cli import main
from streams.errors import ConfigError
from streams.sources import open_source
from streams.sources.external_sort import ExternalSort
from streams.sources.mapping.file import parse_mapping
from streams.sources.mapping.pseudonyms import VARIABLE, normal, pseudonyms

KEY = "a key that only the tests have, 0123456789"
PEOPLE = ("NOM-448812", "NOM-448813", "NOM-990001", "Rosalind Quillfeather", "+44 7700 900123")
"""Every text of the files below that says who somebody is."""

CRIMES = """\
kind = "crime"
force = "warwickshire"
timezone = "Europe/London"
id = "Crime No"
time_format = "%d/%m/%Y %H:%M"
personal = ["Victim name"]

[fields.recorded_at]
column = "Recorded"

[fields.offence]
column = "Offence"

[fields.victims]
column = "Victims"
split = ";"

[fields.suspects]
column = "Suspect"
null = ["UNKNOWN"]
"""
HEADER = "Crime No,Recorded,Offence,Victims,Suspect,Victim name\n"
ROWS = (
    "K1,01/03/2021 10:00,vehicle,NOM-448812; nom-448813,UNKNOWN,Rosalind Quillfeather\n"
    "K2,02/03/2021 10:00,vehicle,NOM-990001,nom-448812,\n"
)
BAD_ROWS = (
    "K3,31/02/2021 10:00,vehicle,NOM-448812,NOM-990001,Rosalind Quillfeather\n"
    "K4,03/03/2021 10:00,NOM-448812\n"
    'K5,04/03/2021 10:00,vehicle,"NOM-448813,,\n'
)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "crimes.csv"
    path.write_text(HEADER + ROWS + BAD_ROWS)
    return path


@pytest.fixture
def mapping_file(tmp_path: Path) -> Path:
    path = tmp_path / "crimes.toml"
    path.write_text(CRIMES)
    return path


def events(path: Path, toml: str) -> dict[str, dict[str, object]]:
    with open_source(path, parse_mapping(toml)) as source:
        found = [msgspec.json.decode(line) for chunk in source for line in chunk.lines()]
    return {event["id"]: event for event in found}


def who(text: str) -> str:
    return pseudonyms(KEY.encode())(text)


def seen_in(text: str) -> list[str]:
    """Those of the people who can be found in a text, however they are written."""
    folded = normal(text)
    return [person for person in PEOPLE if normal(person) in folded]


# --- what a pseudonym is --------------------------------------------------------------------------


def test_a_pseudonym_is_the_first_96_bits_of_the_hmac_in_hexadecimal() -> None:
    digest = hmac.new(KEY.encode(), b"nom-448812", hashlib.sha256).hexdigest()
    assert who("NOM-448812") == digest[:24]


@pytest.mark.parametrize(
    "written",
    ["nom-448812", " NOM-448812 ", "NOM - 448812", "NOM-448\u00a0812", "\ufeffNOM-448812\u200b"],
)
def test_capitals_blanks_and_invisible_characters_make_no_other_person(written: str) -> None:
    assert who(written) == who("NOM-448812")


@pytest.mark.parametrize("other", ["NOM448812", "NOM-448813", "NOM/448812", "NOM-0448812"])
def test_every_other_character_makes_another_person(other: str) -> None:
    assert who(other) != who("NOM-448812")


@given(st.text())
@example("\u0339 \u0334")
def test_an_id_is_the_same_however_its_letters_are_composed(text: str) -> None:
    assert normal(unicodedata.normalize("NFD", text)) == normal(text)
    assert normal(normal(text)) == normal(text)


def test_another_key_makes_other_people() -> None:
    assert pseudonyms(b"another key of thirty-two letters")("NOM-448812") != who("NOM-448812")


# --- the events -----------------------------------------------------------------------------------


def test_the_people_of_a_row_are_pseudonyms_in_its_event(export: Path) -> None:
    found = events(export, CRIMES)
    assert found["K1"]["victims"] == [who("NOM-448812"), who("NOM-448813")]
    assert "suspects" not in found["K1"]
    assert found["K2"]["suspects"] == [who("NOM-448812")]


def test_a_caller_is_a_pseudonym(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("no,at,phone\nC1,2021-03-01T10:00:00Z,+44 7700 900123\nC2,2021-03-01,\n")
    toml = (
        'kind = "call"\nforce = "f"\ntimezone = "UTC"\nid = "no"\nconstants = { line = "999" }\n'
        '[fields.offered_at]\ncolumn = "at"\n[fields.caller]\ncolumn = "phone"\n'
    )
    assert events(path, toml)["C1"]["caller"] == who("+447700900123")


def test_a_missing_person_is_a_pseudonym_with_what_measures_need(tmp_path: Path) -> None:
    path = tmp_path / "missing.csv"
    path.write_text("no,at,who,age,care\nM1,2021-03-01T10:00:00Z,Rosalind Quillfeather,U18,N\n")
    toml = (
        'kind = "incident"\nforce = "f"\ntimezone = "UTC"\nid = "no"\n'
        'constants = { category = "missing_person" }\n'
        '[fields.opened_at]\ncolumn = "at"\n[fields."persons.id"]\ncolumn = "who"\n'
        '[fields."persons.age_under_18"]\ncolumn = "age"\nvalues = { U18 = true }\n'
        '[fields."persons.in_care"]\ncolumn = "care"\nvalues = { Y = true, N = false }\n'
    )
    assert events(path, toml)["M1"]["persons"] == [
        {"id": who("rosalindquillfeather"), "age_under_18": True, "in_care": False}
    ]


def test_the_people_of_several_rows_are_gathered(tmp_path: Path) -> None:
    path = tmp_path / "roles.csv"
    path.write_text(
        "no,at,who,role\n"
        "K1,2021-03-01T10:00:00Z,NOM-448812,VIC\n"
        "K1,2021-03-01T10:00:00Z,NOM-448813,VIC\n"
        "K1,2021-03-01T10:00:00Z,nom-448812,VIC\n"
        "K1,2021-03-01T10:00:00Z,NOM-990001,SUS\n"
    )
    toml = (
        'kind = "crime"\nforce = "f"\ntimezone = "UTC"\nid = "no"\n'
        'constants = { offence = "vehicle" }\nmerge = { victims = "each", suspects = "each" }\n'
        '[fields.recorded_at]\ncolumn = "at"\n'
        '[fields.victims]\ncolumn = "who"\nwhen = { column = "role", is = ["VIC"] }\n'
        '[fields.suspects]\ncolumn = "who"\nwhen = { column = "role", is = ["SUS"] }\n'
    )
    crime = events(path, toml)["K1"]
    assert crime["victims"] == sorted([who("NOM-448812"), who("NOM-448813")])
    assert crime["suspects"] == [who("NOM-990001")]


def test_rows_are_sorted_without_people_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorted_rows: list[object] = []
    add = ExternalSort.add

    def noting(self: ExternalSort, row: tuple[Any, ...], size: int) -> None:
        sorted_rows.append(row)
        add(self, row, size)

    monkeypatch.setattr(ExternalSort, "add", noting)
    path = tmp_path / "in.csv"
    path.write_text(HEADER + ROWS)
    events(path, CRIMES.replace("[fields.rec", 'merge = { victims = "each" }\n[fields.rec', 1))
    assert len(sorted_rows) == 2
    assert seen_in(repr(sorted_rows)) == []


def test_a_person_known_by_several_columns_is_one(tmp_path: Path) -> None:
    path = tmp_path / "named.csv"
    path.write_text("no,at,first,last\nK1,2021-03-01T10:00:00Z,Rosalind,Quillfeather\n")
    toml = (
        'kind = "crime"\nforce = "f"\ntimezone = "UTC"\nid = "no"\n'
        'constants = { offence = "vehicle" }\n[fields.recorded_at]\ncolumn = "at"\n'
        '[fields.victims]\ncolumn = ["first", "last"]\njoin = "|"\n'
    )
    assert events(path, toml)["K1"]["victims"] == [who("rosalind|quillfeather")]


def test_a_pattern_takes_the_id_out_of_a_cell_and_tells_of_cells_without_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        "no,at,who\nK1,2021-03-01T10:00:00Z,Rosalind Quillfeather (NOM-448812)\n"
        "K2,2021-03-01T10:00:00Z,Rosalind Quillfeather\n"
    )
    toml = (
        'kind = "crime"\nforce = "f"\ntimezone = "UTC"\nid = "no"\n'
        'constants = { offence = "vehicle" }\n[fields.recorded_at]\ncolumn = "at"\n'
        "[fields.victims]\ncolumn = \"who\"\nmatch = '.*\\((NOM-\\d+)\\)'\n"
    )
    with open_source(path, parse_mapping(toml)) as source:
        lines = [line for chunk in source for line in chunk.lines()]
        warnings = source.warnings
    assert json.loads(lines[0])["victims"] == [who("NOM-448812")]
    assert not json.loads(lines[1]).get("victims")
    assert warnings == [f"victims was left out of 1 row (match), the first at {path}:3"]


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_every_form_of_table_gives_the_same_pseudonyms(tmp_path: Path, form: str) -> None:
    rows = list(csv.DictReader(io.StringIO(HEADER + ROWS)))
    path = tmp_path / f"in.{form}"
    texts = {
        "json": json.dumps(rows),
        "ndjson": "\n".join(map(json.dumps, rows)),
        "csv": HEADER + ROWS,
    }
    path.write_text(texts[form])
    found = events(path, CRIMES)
    assert found["K2"]["victims"] == [who("NOM-990001")]


# --- the key --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "", "short"])
def test_without_a_key_nothing_is_read_and_the_error_says_what_to_do(
    export: Path, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    if key is None:
        monkeypatch.delenv(VARIABLE)
    else:
        monkeypatch.setenv(VARIABLE, key)
    with pytest.raises(ConfigError) as caught:
        open_source(export, parse_mapping(CRIMES))
    assert caught.value.field == "fields.victims"
    assert VARIABLE in str(caught.value)
    assert "openssl rand -hex 32" in str(caught.value)
    assert key != "short" or "short" not in str(caught.value).replace("too short", "")


def test_a_mapping_without_people_needs_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    path = tmp_path / "in.csv"
    path.write_text(HEADER + ROWS)
    plain = CRIMES.partition("[fields.victims]")[0]
    assert events(path, plain).keys() == {"K1", "K2"}


# --- mistakes in a mapping ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        (('id = "Crime No"', 'id = ["Crime No", "Suspect"]'), "id", "would be seen here"),
        (('column = "Offence"', 'column = "Victim name"'), "fields.offence", "would be seen here"),
        (('split = ";"', 'default = "x"'), "fields.victims.default", "can't be used"),
        (('split = ";"', 'values = { a = "b" }'), "fields.victims.values", "can't be used"),
        (('column = "Suspect"', 'column = "Victims"'), "fields.suspects", "in two ways"),
        (
            ("[fields.recorded_at]", '[constants]\ndefendants = ["x"]\n[fields.recorded_at]'),
            "constants.defendants",
            "no constant",
        ),
    ],
)
def test_a_mapping_that_would_show_who_somebody_is_is_wrong(
    change: tuple[str, str], field: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        parse_mapping(CRIMES.replace(*change, 1))
    assert caught.value.field == field


# --- what is not seen -----------------------------------------------------------------------------


def test_of_a_refused_row_the_mapped_columns_are_kept_with_pseudonyms(export: Path) -> None:
    with open_source(export, parse_mapping(CRIMES)) as source:
        rejected = [each for chunk in source for each in chunk.rejected]
    by_reason = {each.reason: each for each in rejected}
    assert json.loads(by_reason["impossible_date"].raw) == {
        "Crime No": "K3",
        "Recorded": "31/02/2021 10:00",
        "Offence": "vehicle",
        "Victims": who("NOM-448812"),
        "Suspect": who("NOM-990001"),
    }
    assert by_reason["wrong_cell_count"].raw == b""
    assert by_reason["bad_csv"].raw == b""
    assert "who people are" in by_reason["bad_csv"].detail


def run(*words: object) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result.output


def everything_in(folder: Path, but: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file() and path != but]
    return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)


def test_no_person_is_seen_in_what_a_command_says_or_writes(
    tmp_path: Path, export: Path, mapping_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = [
        run("mapping", "check", mapping_file, export, "--all"),
        run("convert", export, "--mapping", mapping_file, "--force", "warwickshire", "-o",
            "events.ndjson"),
        run("run", export, "--mapping", mapping_file, "--force", "warwickshire"),
        run("mapping", "suggest", export),
    ]  # fmt: skip
    assert Path("events.ndjson").read_text().count(who("NOM-448812")) == 2
    assert Path("refused.ndjson").exists()
    assert seen_in("\n".join(said)) == []
    assert seen_in(everything_in(tmp_path, but=export)) == []
    assert KEY not in "\n".join(said) + everything_in(tmp_path, but=export)


def test_a_header_that_does_not_fit_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "without_a_header.csv"
    path.write_text(ROWS)
    with pytest.raises(ConfigError) as caught, open_source(path, parse_mapping(CRIMES)) as source:
        list(source)
    assert seen_in(str(caught.value)) == []
    assert 'no column "Crime No"' in str(caught.value)
