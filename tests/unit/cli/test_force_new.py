"""`watchroom force new`: the file of a force that nobody ships, from its own export."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.board.monitor import Monitor
from streams.cli import main
from streams.config.force import check_force, find_force
from streams.events.schema import Crime
from streams.outputs.notify.rehearsal import life
from streams.outputs.wallboard.screen import first_screen
from streams.sources.draft.new_force import ForceAnswers, draft_force
from tests.build import crime
from tests.exports import calls, incidents


def run(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an export and its drafted mapping, in which the commands are given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text(incidents())
    (tmp_path / "mapping.toml").write_text(run("mapping", "suggest", "own.csv").stdout)
    return tmp_path


NEW = ("force", "new", "Borsetshire", "--population", "620000")
OWN = ("own.csv", "--mapping", "mapping.toml")


def test_a_force_is_drafted_with_the_areas_of_its_export(export: Path) -> None:
    made = run(*NEW, *OWN)
    assert made.exit_code == 0
    force, problems = check_force(made.stdout, "force.toml")
    assert problems == []
    assert force is not None
    assert (force.id, force.name, force.file.timezone) == (
        "borsetshire", "Borsetshire", "Europe/London",
    )  # fmt: skip
    assert force.file.population == 620_000
    assert {area.id: area.name for area in force.file.areas} == {
        "brindle-town": "Brindle Town",
        "harrow-vale": "Harrow Vale",
        "sandmoor": "Sandmoor",
        "st-oswins": "St. Oswin's",
    }
    assert force.lines == ()


def test_every_row_of_the_export_counts_in_the_drafted_force(export: Path) -> None:
    (export / "force.toml").write_text(run(*NEW, *OWN).stdout)
    done = run("run", *OWN, "--force", "force.toml", "--json")
    assert done.exit_code == 0
    board = json.loads(done.stdout)
    opened = {
        row["area"]: row["count"]
        for row in board["windows"]["month"]["incidents"]
        if (row["category"], row["grade"]) == ("all", "all")
    }
    assert opened == {
        "force": 360, "brindle-town": 90, "harrow-vale": 90, "sandmoor": 90, "st-oswins": 90,
    }  # fmt: skip
    assert "unknown" not in done.stderr


def test_each_command_on_the_way_says_the_next(export: Path) -> None:
    suggested = run("mapping", "suggest", "own.csv").stderr.splitlines()[-1]
    assert suggested == (
        "Next, with the draft saved as mapping.toml: watchroom force new NAME --population NUMBER "
        "own.csv --mapping mapping.toml > force.toml"
    )
    drafted = run(*NEW, *OWN)
    (export / "force.toml").write_text(drafted.stdout)
    assert drafted.stderr.splitlines()[-1] == (
        "Next, with the draft saved as force.toml: "
        "watchroom run own.csv --mapping mapping.toml --force force.toml --web 8787"
    )
    checked = run("mapping", "check", "mapping.toml", "own.csv", "--force", "force.toml")
    assert checked.stderr == (
        "Next: watchroom run own.csv --mapping mapping.toml --force force.toml --web 8787\n"
    )


def test_a_draft_for_a_shipped_force_needs_no_force_file(export: Path) -> None:
    said = run("mapping", "suggest", "own.csv", "--force", "warwickshire").stderr.splitlines()[-1]
    assert said == (
        "Next, with the draft saved as mapping.toml: "
        "watchroom run own.csv --mapping mapping.toml --web 8787"
    )


def test_a_run_without_mapping_or_force_names_the_command_that_is_missing(export: Path) -> None:
    bare = run("run", "own.csv")
    assert bare.exit_code == 2
    assert "`watchroom mapping suggest FILE > mapping.toml` drafts one" in bare.stderr
    unnamed = run("run", *OWN)
    assert unnamed.exit_code == 2
    assert "`watchroom force new` drafts the file of a force of your own" in unnamed.stderr


def test_a_table_of_calls_goes_the_same_way(export: Path) -> None:
    (export / "own.csv").write_text(calls())
    (export / "mapping.toml").write_text(run("mapping", "suggest", "own.csv").stdout)
    (export / "force.toml").write_text(run(*NEW, *OWN).stdout)
    board = json.loads(run("run", *OWN, "--force", "force.toml", "--json").stdout)
    offered = {
        (row["line"], row["area"]): row["offered"] for row in board["windows"]["month"]["calls"]
    }
    assert {line: offered[line, "force"] for line in ("999", "101")} == {"999": 200, "101": 200}
    assert offered["999", "south"] == 67


def test_the_force_of_incidents_alone_has_no_line_and_no_tiles_of_calls(export: Path) -> None:
    made = run(*NEW, *OWN)
    force, _ = check_force(made.stdout, "force.toml")
    assert force is not None
    assert (force.lines, force.file.wallboard.tiles) == ((), None)
    assert "CHECK `lines`: no call is in the export, so there is none." in made.stderr
    board = Monitor([force]).board(force.id)
    assert first_screen(board).tiles == ["unattended", "attended", "open", "feeds", "alerts"]


def test_a_force_without_lines_is_run_and_its_alerts_are_judged(export: Path) -> None:
    (export / "force.toml").write_text(run(*NEW, *OWN).stdout)
    done = run("run", *OWN, "--force", "force.toml", "--json")
    assert (done.exit_code, "Traceback" in done.stderr) == (0, False)
    board = json.loads(done.stdout)
    assert board["windows"]["month"]["calls"] == []
    assert sum(r["count"] for r in board["windows"]["month"]["incidents"] if r["area"] == "force")


def test_what_a_force_without_lines_can_not_do_is_said(export: Path) -> None:
    (export / "force.toml").write_text(run(*NEW, *OWN).stdout)
    simulated = run("simulate", "--force", "force.toml", "--since", "2024-01-01", "--until",
                    "2024-01-02")  # fmt: skip
    assert simulated.exit_code == 2
    assert "Borsetshire has no lines, and what is made up begins with calls" in simulated.stderr


def test_the_rehearsal_of_a_force_without_lines_is_of_incidents(export: Path) -> None:
    (export / "force.toml").write_text(run(*NEW, *OWN).stdout)
    opened, *_ = life(find_force("force.toml"), 1_704_067_200_000)
    assert opened.alert.title == "Emergency incidents, Borsetshire"


def test_the_wallboard_of_calls_alone_has_no_tiles_of_incidents(export: Path) -> None:
    (export / "own.csv").write_text(calls())
    (export / "mapping.toml").write_text(run("mapping", "suggest", "own.csv").stdout)
    force, _ = check_force(run(*NEW, *OWN).stdout, "force.toml")
    assert force is not None
    assert force.file.wallboard.tiles == [
        "waiting.999", "in_time.999", "waiting.101", "in_time.101", "feeds", "alerts",
    ]  # fmt: skip


def test_both_exports_together_leave_the_tiles_to_the_wallboard(export: Path) -> None:
    (export / "calls.csv").write_text(calls())
    (export / "calls.toml").write_text(run("mapping", "suggest", "calls.csv").stdout)
    both = ("--source", "own.csv:mapping.toml", "--source", "calls.csv:calls.toml")
    made = run(*NEW, *both)
    force, _ = check_force(made.stdout, "force.toml")
    assert force is not None
    assert force.file.wallboard.tiles is None
    assert [area.id for area in force.file.areas] == [
        "brindle-town", "harrow-vale", "north", "sandmoor", "south", "st-oswins",
    ]  # fmt: skip
    assert made.stderr.splitlines()[-1] == (
        "Next, with the draft saved as force.toml: watchroom run --source own.csv:mapping.toml "
        "--source calls.csv:calls.toml --force force.toml --web 8787"
    )


def test_spellings_of_one_area_are_one_area(export: Path) -> None:
    text = (export / "own.csv").read_text()
    text = text.replace("St. Oswin's", "ST OSWINS", 1).replace("Sandmoor", "SANDMOOR", 1)
    (export / "own.csv").write_text(text)
    force, _ = check_force(run(*NEW, *OWN).stdout, "force.toml")
    assert force is not None
    area = {each.id: each for each in force.file.areas}
    assert len(area) == 4
    assert (area["st-oswins"].name, area["st-oswins"].aliases) == ("St. Oswin's", ["ST OSWINS"])
    assert force.find_area("SANDMOOR") == force.find_area("sandmoor")


def test_addresses_are_no_areas(export: Path) -> None:
    head, *rows = incidents(500).split("BV-")
    text = head + "".join(
        "BV-" + row.replace("Sandmoor", f"{n} High Street").replace("Harrow Vale", f"Flat {n}")
        .replace("Brindle Town", f"{n} Mill Lane") for n, row in enumerate(rows)
    )  # fmt: skip
    (export / "own.csv").write_text(text)
    made = run(*NEW, *OWN)
    assert "[[areas]]" not in made.stdout
    assert "CHECK `areas`: 376 different values are no areas" in made.stderr


def test_a_force_without_an_export_has_its_lines_alone() -> None:
    made = run("force", "new", "Springfield 911", "--population", "116000",
               "--timezone", "America/Chicago", "--country", "US-IL")  # fmt: skip
    force, _ = check_force(made.stdout, "force.toml")
    assert force is not None
    assert (force.id, force.file.country, force.file.areas) == ("springfield-911", "US-IL", [])


def test_a_population_has_to_be_given_and_a_time_zone_to_exist() -> None:
    missing = run("force", "new", "Borsetshire")
    assert missing.exit_code == 2
    assert "Missing option '--population'" in missing.stderr
    wrong = run(*NEW, "--timezone", "Europe/Londn")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "Europe/Londn" in wrong.stderr


def test_numbered_areas_are_drafted_in_the_order_of_their_numbers() -> None:
    answers = ForceAnswers("chi", "Chicago", "America/Chicago", 2_700_000, None)
    events = [msgspec.convert(crime(f"c{n}", area=f"District {n}"), Crime) for n in (10, 2, 1, 11)]
    draft = draft_force(answers, events)
    names = [line for line in draft.toml.splitlines() if line.startswith('name = "District')]
    assert names == [f'name = "District {n}"' for n in (1, 2, 10, 11)]
    assert '# country = "US-IL"' in draft.toml
    assert any("--country US-IL" in doubt for doubt in draft.doubts)
