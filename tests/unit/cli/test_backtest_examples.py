"""The examples of files in the help and in the documentation can be copied as they stand."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from streams.backtest.known import known
from streams.backtest.settings import read_settings
from streams.cli.backtest import backtest
from streams.config.force import find_force
from streams.config.truth import read_truth

ROOT = Path(__file__).parents[3]
FORCE = find_force("warwickshire")
PAGE = re.findall(
    r"^```toml\n(.*?)^```$", (ROOT / "docs" / "backtest.md").read_text(), re.MULTILINE | re.DOTALL
)
HELP = [
    dedent(each)
    for each in re.findall(r"^( +\[.*?)\n\s*\n", backtest.help or "", re.MULTILINE | re.DOTALL)
]
FILES = [*PAGE, *HELP]


def test_every_example_is_a_file_of_settings_or_of_events() -> None:
    assert [each.split("\n")[0] for each in PAGE] == [
        "[alerts]",
        "[[alerts.detectors]]",
        "[[truth]]",
    ]
    assert [each.split("\n")[0] for each in HELP] == ["[alerts]", "[[truth]]"]


@pytest.mark.parametrize("text", [each for each in FILES if each.startswith("[[truth]]")])
def test_an_example_of_events_can_be_read(text: str) -> None:
    events = [known(each, FORCE) for each in read_truth(text, "example")]
    assert [each.name for each in events][:1] == ["Surge of 999 calls"]


@pytest.mark.parametrize("text", [each for each in FILES if "[alerts" in each])
def test_an_example_of_settings_can_be_read_and_differs(text: str) -> None:
    assert read_settings(text, "example.toml", "example", FORCE).differs
