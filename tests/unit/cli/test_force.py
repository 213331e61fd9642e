"""`watchroom force`: check, show, list, categories."""

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detectors.named_days import holidays_in
from streams.cli import main
from streams.cli.force import force
from streams.config.force import shipped_force_text


def run(*arguments: str) -> Result:
    return CliRunner().invoke(force, list(arguments))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(shipped_force_text("warwickshire"), encoding="utf-8")
    return path


def test_a_good_file_is_summed_up_in_one_line(mine: Path) -> None:
    year = dt.date.today().year  # noqa: DTZ011 - as the command has it
    result = run("check", str(mine))
    assert result.exit_code == 0
    assert result.stdout == (
        f"{mine}: fine. Warwickshire: population 556,780, 7 areas, 33 local events, 10 changes; "
        "999 90 % in 10 s since 2016-04-01; 101 80 % in 30 s since 2017-10-01; "
        "attendance in 1200 s since 2016-04-01; Europe/London; "
        f"bank holidays of England: {holidays_in('GB-ENG', year)} in {year}.\n"
    )


@pytest.mark.parametrize(
    ("country", "said"),
    [
        ("US-VA", "bank holidays of US-VA: "),
        ("IE", "bank holidays of Ireland: "),
        (None, "no bank"),
    ],
)
def test_a_force_says_which_bank_holidays_it_has(mine: Path, country: str, said: str) -> None:
    line = f'country = "{country}"' if country else ""
    text = mine.read_text(encoding="utf-8").replace('country = "GB-ENG"', line)
    mine.write_text(text, encoding="utf-8")
    assert f"Europe/London; {said}" in run("check", str(mine)).stdout


def test_a_change_that_affects_nothing_is_no_good_file(mine: Path) -> None:
    text = mine.read_text(encoding="utf-8").replace('["cyber"]', '["cybre"]')
    mine.write_text(text, encoding="utf-8")
    result = run("check", str(mine))
    number = (
        text.splitlines().index(
            'affects = ["cybre"]  # Warwickshire PCC performance report Apr-Jun 2016'
        )
        + 1
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f'{mine}:{number}: [changes[1].affects] "cybre" is nothing that a change can affect. '
        'Did you mean "cyber"?\n'
    )


def test_every_problem_is_on_a_line_of_its_own_that_an_editor_can_jump_to(mine: Path) -> None:
    text = mine.read_text(encoding="utf-8")
    text = text.replace('parent = "south-warwickshire-area"', 'parent = "south"')
    mine.write_text(text, encoding="utf-8")
    result = run("check", str(mine))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    at = [n for n, line in enumerate(text.splitlines(), 1) if line == 'parent = "south"']
    assert [line.partition("]] ")[0].partition(" [")[0] for line in lines] == [
        f"{mine}:{n}:" for n in at
    ]
    assert lines[0] == (
        f'{mine}:{at[0]}: [areas[5].parent] area "stratford" has the parent "south", which is no '
        "area here. Use one of: north-warwickshire, north-warwickshire-area, nuneaton-bedworth, "
        "rugby, south-warwickshire-area, stratford, warwick"
    )


def test_one_bad_file_among_good_ones_ends_with_two(mine: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("id = ", encoding="utf-8")
    result = run("check", str(mine), str(bad))
    assert result.exit_code == 2
    assert result.stdout.startswith(f"{mine}: fine.")
    assert result.stderr.startswith(f"{bad}:1: not valid TOML")


def test_a_missing_file_is_named_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    result = run("check", str(path))
    assert result.exit_code == 2
    assert result.stderr == f"{path}: can't be read: No such file or directory. Check the path\n"


def test_check_without_a_file_shows_the_usage() -> None:
    result = run("check")
    assert result.exit_code == 2
    assert "Missing argument 'FILE...'" in result.stderr


def test_show_prints_a_file_that_check_takes(tmp_path: Path) -> None:
    path = tmp_path / "copy.toml"
    path.write_text(run("show", "west-mercia").stdout, encoding="utf-8")
    assert run("check", str(path)).exit_code == 0


def test_show_prints_the_comments_too() -> None:
    assert run("show", "warwickshire").stdout == shipped_force_text("warwickshire")


def test_show_says_beside_the_file_which_bank_holidays_it_has() -> None:
    assert "; bank holidays of England: " in run("show", "warwickshire").stderr


def test_show_of_an_unknown_force_names_the_shipped_ones() -> None:
    result = run("show", "essex")
    assert result.exit_code == 2
    assert result.stderr == (
        'no force "essex" is shipped. Use one of city-of-london, warwickshire, west-mercia\n'
    )


def test_list_has_one_line_a_force() -> None:
    result = run("list")
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "city-of-london",
        "warwickshire",
        "west-mercia",
    ]


@pytest.mark.parametrize("arguments", [(), ("check",), ("show",), ("list",), ("categories",)])
def test_help_has_an_example(arguments: tuple[str, ...]) -> None:
    assert "watchroom force" in run(*arguments, "--help").stdout


def test_categories_prints_a_tree_with_what_is_watched_and_how_else_it_is_spelled() -> None:
    result = run("categories", "warwickshire", "--within", "robbery")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines() if "─" not in line]
    assert lines == [
        "Offences (offence of a crime), alerts: exceptional_volume, level_change",
        "",
        "Code Is Watched Also spelled",
        "robbery Robbery day, month data.police.uk Robbery",
        "robbery.business Business with robbery Home Office 34A",
        "robbery.personal Personal with robbery Home Office 34B",
        "",
    ]


def test_categories_as_json_has_every_field_of_an_entry() -> None:
    result = run("categories", "warwickshire", "--within", "34A", "--json")
    assert json.loads(result.stdout) == [
        {
            "list": "offence",
            "code": "robbery.business",
            "within": "robbery",
            "depth": 1,
            "words": "Robbery, business",
            "spellings": [{"text": "34A", "of": "Home Office"}],
            "watched": [],
            "watched_as": "robbery",
            "alerts": ["exceptional_volume", "level_change"],
        }
    ]


def test_categories_of_a_force_file_of_ones_own_has_what_that_lists(mine: Path) -> None:
    text = 'markers = ["hate.misogyny"]\n' + mine.read_text(encoding="utf-8")
    mine.write_text(text, encoding="utf-8")
    result = run("categories", str(mine), "--list", "marker", "--within", "hate", "--csv")
    assert "marker,hate.misogyny,hate," in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("essex",), "Use one of city-of-london, warwickshire, west-mercia"),
        (("warwickshire", "--list", "foo"), "'line', 'area', 'category', 'grade', 'offence'"),
        (("warwickshire", "--within", "asp"), "did you mean asb"),
        (("warwickshire", "--json", "--csv"), "--json and --csv exclude each other"),
    ],
)
def test_categories_names_what_there_is_instead(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main, ["force", "categories", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr


def commands_of_the_page() -> list[str]:
    """The commands of docs/forces.md that list what events may name."""
    page = (Path(__file__).parents[3] / "docs" / "forces.md").read_text("utf-8")
    (block,) = [each for each in page.split("```") if each.startswith("sh\nwatchroom force categ")]
    return [line.partition("#")[0].strip() for line in block.splitlines()[1:]]


@pytest.mark.parametrize("command", commands_of_the_page())
def test_the_commands_of_the_page_list_something(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my-force.toml").write_text(shipped_force_text("warwickshire"), encoding="utf-8")
    mapping = Path(__file__).parents[3] / "examples" / "dublin_fire_brigade" / "mapping.toml"
    Path("incidents.toml").write_bytes(mapping.read_bytes())
    words = command.partition(" > ")[0].split()[1:]
    answer = CliRunner().invoke(main, words)
    assert answer.exit_code == 0, answer.output
    assert len(answer.stdout.splitlines()) > 5
