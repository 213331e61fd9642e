"""What `make audit` makes of the answers of cyclonedx-py and pip-audit, as they gave them."""

import pytest

from deploy.audit import (
    FOUND,
    NOT_KNOWN,
    WENT_WELL,
    Vulnerability,
    _print_vulnerabilities,
    looked_up,
    unread_licences,
)


def component(*licences: dict[str, object]) -> dict[str, object]:
    return {"name": "part", "version": "1.0", "licenses": list(licences)}


@pytest.mark.parametrize(
    ("licences", "unread"),
    [
        ([{"license": {"id": "MIT"}}], []),
        ([{"expression": "Apache-2.0 OR GPL-3.0-only"}], []),
        ([{"expression": "(MIT AND BSD-3-Clause)"}], []),
        ([{"expression": "MIT AND GPL-3.0-only"}], ["part 1.0: MIT AND GPL-3.0-only"]),
        (
            [{"license": {"id": "MIT"}}, {"license": {"name": "Something else"}}],
            ["part 1.0: MIT and Something else"],
        ),
        ([], ["part 1.0: no licence stated"]),
    ],
)
def test_a_part_passes_when_every_licence_that_it_states_is_permitted(
    licences: list[dict[str, object]], unread: list[str]
) -> None:
    assert unread_licences([component(*licences)]) == unread


ANSWERED = {"name": "click", "version": "8.3.3", "vulns": []}
VULNERABLE = {
    "name": "aiohttp",
    "version": "3.0.0",
    "vulns": [{"id": "PYSEC-2024-24", "fix_versions": ["3.9.2"], "aliases": []}],
}
SKIPPED = {"name": "yarl", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def test_a_known_vulnerability_names_the_version_that_mends_it() -> None:
    found, skipped = looked_up({"dependencies": [ANSWERED, VULNERABLE]})
    assert found == [Vulnerability("aiohttp 3.0.0", "PYSEC-2024-24", ("3.9.2",))]
    assert str(found[0]) == "aiohttp 3.0.0: PYSEC-2024-24, mended in 3.9.2"
    assert skipped == []


@pytest.mark.parametrize(
    ("parts", "code", "said"),
    [
        ([ANSWERED], WENT_WELL, "Vulnerabilities: none is known for any part."),
        ([ANSWERED, SKIPPED], NOT_KNOWN, "Vulnerabilities: NOT KNOWN for 1 parts (yarl)"),
        ([VULNERABLE, SKIPPED], FOUND, "Vulnerability: aiohttp 3.0.0: PYSEC-2024-24"),
    ],
)
def test_a_part_that_could_not_be_looked_up_is_not_taken_for_safe(
    parts: list[object], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _print_vulnerabilities(looked_up({"dependencies": parts})) == code
    assert said in capsys.readouterr().out


def test_a_database_that_can_not_be_asked_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert _print_vulnerabilities("Name or service not known") == NOT_KNOWN
    assert "NOT KNOWN. The database could not be asked: Name or" in capsys.readouterr().out
