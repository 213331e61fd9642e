"""The worked examples of CONTRIBUTING.md: how many files each needs. That an example works is
tested beside the tests of what it adds to."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.adding import ROOT, changed, examples

TITLES = [
    "A measure",
    "A kind of record",
    "A panel",
    "An alert kind",
    "A detector",
    "A source mapping",
]


def test_the_page_shows_how_to_add_what_is_added_often() -> None:
    assert list(examples()) == TITLES


@pytest.mark.parametrize("title", TITLES)
def test_an_example_changes_no_more_files_than_its_title_says(title: str) -> None:
    example = examples()[title]
    assert 1 <= len(example.changes) <= example.most_files


# The gate's own environment has it; those of the lowest versions have what tests need, and no more.
@pytest.mark.skipif(find_spec("ruff") is None, reason="ruff is of the extra `dev`")
@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("command", ["check", "format --check"])
def test_an_example_is_in_the_form_that_the_gate_asks_for(title: str, command: str) -> None:
    for path, lines in examples()[title].changes.items():
        if not path.endswith(".py"):
            continue
        file = ROOT / path
        text = changed(file.read_text() if file.exists() else "", lines, path)
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command.split(), "--stdin-filename", path, "-"],
            cwd=ROOT, input=text, text=True, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_change_finds_its_place_by_lines_that_are_there() -> None:
    text = "a = 1\nb = 2\n\nc = 3\n"
    diff = " a = 1\n+x = 1\n@@\n \n-c = 3\n+c = 4\n"
    assert changed(text, diff, "x.py") == "a = 1\nx = 1\nb = 2\n\nc = 4\n"
    assert changed("", "+new = 1\n", "x.py") == "new = 1\n"


@pytest.mark.parametrize("diff", [" d = 4\n+e = 5\n", "+e = 5\n", " = 1\n+e = 5\n"])
def test_a_change_that_does_not_fit_the_file_is_none(diff: str) -> None:
    with pytest.raises(AssertionError, match=r"x\.py"):
        changed("a = 1\nb = 1\n", diff, "x.py")
