"""The commands of the runbooks: those for docker-compose.yml as far as they can be checked without
an engine. Those without Docker are run by tests/servers/test_stack.py."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from streams.alerts.rules import KINDS
from streams.cli import main
from streams.outputs.rules import PIPELINE
from streams.outputs.rules.budget import tiers
from tests.compose import compose
from tests.runbooks import FOLDER, Command, commands, of_service

COMMANDS = commands()
IN_DOCKER = [command for command in COMMANDS if command.docker]
SEVERITIES = ("page", "notice", "state", "watchdog")
UNITS = {"watchroom-worker", "kafka", "prometheus", "alertmanager"}
"""The units of systemd that the pages speak of, as docs/runbooks/README.md says."""


def declared() -> dict[str, set[str]]:
    """The severities that an alert may have, by its name, as the code has them."""
    found = {
        kind.runbook: {word for row in kind.table for word in severities(row.severity)}
        for kind in KINDS
    }
    found |= {alert.name: {alert.severity} for alert in PIPELINE}
    found["WatchroomErrorBudget"] = {tier.severity for tier in tiers(0.9)}
    found["WatchroomWatchdog"] = {"watchdog"}
    return found


def severities(text: str) -> set[str]:
    return {word for word in SEVERITIES if re.search(rf"\b{word}\b", text)}


def test_a_runbook_says_the_severity_that_its_alert_has() -> None:
    for name, wanted in declared().items():
        text = (FOLDER / f"{name}.md").read_text()
        (said,) = re.findall(rf"^`{name}` · (.*)$", text, re.MULTILINE)
        assert severities(said) == wanted, name


def test_a_runbook_says_what_it_means_what_to_do_and_how_one_knows_that_it_is_over() -> None:
    for name in declared():
        text = (FOLDER / f"{name}.md").read_text()
        headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert headings[:2] == ["Look at this first", "Then"], name
        assert headings[-1] == "When it is over", name
        assert len(text.partition("\n## ")[0].split("\n\n")) >= 3, f"{name}: what it means"


def test_every_command_that_looks_into_an_installation_has_a_form_with_docker() -> None:
    both_alike = (
        "curl -s http://127.0.0.1:8787/",
        "curl -s 'http://127.0.0.1:8787/",
        "ss ",
        "mount ",
    )
    for command in COMMANDS:
        assert command.docker or command.plain.startswith(both_alike), command


@pytest.mark.parametrize("command", IN_DOCKER, ids=lambda command: command.docker)
def test_the_services_of_a_command_are_in_the_compose_file(command: Command) -> None:
    _, services, _ = of_service(command.docker)
    assert set(services) <= set(compose()["services"])


@pytest.mark.parametrize("command", IN_DOCKER, ids=lambda command: command.docker)
def test_both_forms_do_the_same(command: Command) -> None:
    verb, services, inner = of_service(command.docker)
    plain = shlex.split(command.plain)
    if verb == "run":
        assert plain[0] == "watchroom"
        assert parse(inner) == parse(plain[1:])
    elif verb == "exec":
        assert list(inner) == plain
    else:
        same = {
            "up": "start",
            "stop": "stop",
            "restart": "restart",
            "ps": "status",
            "logs": "journalctl",
            "kill": "reload",
        }
        assert same[verb] in plain[:2]
        units = set(plain[1:]) & UNITS
        assert units, command
        for unit in units if services else ():
            assert any(service.startswith(unit.removeprefix("watchroom-")) for service in services)


def test_the_units_that_the_pages_speak_of_are_explained() -> None:
    text = (FOLDER / "README.md").read_text()
    for unit in UNITS:
        assert f"`{unit}`" in text


def parse(words: Sequence[str]) -> list[str]:
    """The name of a command of ours; raises where there is none of that name, or no such option."""
    command: click.Command = main
    context, names, rest = click.Context(main), list[str](), list(words)
    while isinstance(command, click.Group):
        found = command.get_command(context, rest[0])
        assert found is not None, words
        names.append(rest.pop(0))
        command = found
    given = [str(Path(__file__)) if word.endswith("lost.ndjson") else word for word in rest]
    command.make_context(command.name, given, parent=context)
    return names
