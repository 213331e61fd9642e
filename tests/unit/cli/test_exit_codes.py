"""What commands end with, and what they read of the environment, is what docs/commands.md says."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from streams.cli import main
from streams.doctor.environment import KNOWN, OF_OTHERS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "commands.md").read_text("utf-8")
CALL = (
    '{"kind":"call","force":"warwickshire","id":"%d","line":"999","updated_at":'
    '"2022-01-14T10:00:00Z","offered_at":"2022-01-14T10:00:00Z"}\n'
)


def command(*words: str, folder: Path) -> list[str]:
    folder.joinpath("good.ndjson").write_text("".join(CALL % n for n in range(20)))
    folder.joinpath("bad.ndjson").write_text("rubbish\n" * 20)
    return [sys.executable, "-m", "streams.cli", *words]


def ends_with(*words: str, folder: Path) -> int:
    done = subprocess.run(
        command(*words, folder=folder), cwd=folder, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120,
    )  # fmt: skip
    return done.returncode


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, ("run", "good.ndjson", "--force", "warwickshire")),
        (1, ("board", "--once", "--url", "http://127.0.0.1:1")),
        (1, ("schemas", "--check", "--output", "nowhere")),
        (2, ("run", "good.ndjson", "--nosuch")),
        (2, ("run", "good.ndjson", "--force", "nowhere")),
        (3, ("run", "bad.ndjson", "--force", "warwickshire")),
    ],
)
def test_a_command_ends_with_the_code_that_the_page_names(
    tmp_path: Path, code: int, words: tuple[str, ...]
) -> None:
    assert f"| {code} |" in PAGE
    assert ends_with(*words, folder=tmp_path) == code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_ended_from_outside_says_so(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    assert f"| {code} |" in PAGE
    words = ("run", "good.ndjson", "--force", "warwickshire", "--web", "0")
    with subprocess.Popen(
        command(*words, folder=tmp_path), cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "Serving until Ctrl-C" in line:
                break
        process.send_signal(number)
        assert process.wait(60) == code


def table() -> dict[str, list[str]]:
    """By variable the options that stand for it."""
    rows = re.findall(r"^\| `([A-Z_]+)` \|([^|]*)\|", PAGE, re.MULTILINE)
    return {name: re.findall(r"`(--[\w-]+)`", options) for name, options in rows}


def test_every_variable_that_is_read_is_in_the_table() -> None:
    assert set(table()) == {*KNOWN, *OF_OTHERS}


def commands(group: click.Group) -> list[click.Command]:
    """All commands, those of groups among them."""
    context = click.Context(group)
    found: list[click.Command] = []
    for name in group.list_commands(context):
        each = group.get_command(context, name)
        assert each is not None
        found += commands(each) if isinstance(each, click.Group) else [each]
    return found


def options() -> list[click.Option]:
    return [
        each for made in commands(main) for each in made.params if isinstance(each, click.Option)
    ]


def test_the_table_has_the_option_that_each_variable_stands_for() -> None:
    named = {(each.envvar, each.opts[-1]) for each in options() if each.envvar}
    assert named == {(name, option) for name, given in table().items() for option in given}


def test_what_is_the_same_has_one_name_in_every_command() -> None:
    names = {name for each in options() for name in each.opts if not each.hidden}
    assert names.isdisjoint({"--bootstrap", "--out", "--port", "--tokens", "--monitor"})
    short = {tuple(each.opts) for each in options() if "--output" in each.opts}
    assert short == {("-o", "--output")}
    for each in options():
        if each.opts == ["--from"] and not each.hidden:
            assert each.metavar == "TIME"
