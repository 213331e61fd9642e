"""`watchroom mapping`: what it says of a mapping and a file."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from streams.cli import main

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
