"""docs/security.md: each threat names a test that is there."""

import re

import pytest

from tests.compose import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
THREATS = PAGE.partition("## Threats")[2].partition("## What is kept")[0]
ROWS = [line for line in THREATS.splitlines() if line.startswith("| ") and "`tests/" in line]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_each_threat_names_the_test_of_its_defence() -> None:
    others = [
        line
        for line in THREATS.splitlines()
        if line.startswith("|") and line not in ROWS and not line.startswith(("| threat |", "|---"))
    ]
    assert others == []
    assert len(ROWS) >= 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" | ")[0].strip("| "))
def test_the_test_of_a_defence_is_there(row: str) -> None:
    named = NAMED.findall(row)
    assert named
    for path, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE), (path, name)
