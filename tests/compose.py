"""docker-compose.yml as the tests read it: with the variables of a filled-in .env put in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
SECRETS = "/somewhere/secrets"
FILLED_IN = {"GRAFANA_ADMIN_PASSWORD": "chosen by the operator", "WATCHROOM_SECRETS": SECRETS}
"""What .env.example says is required."""

Content = dict[str, Any]
VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")


def interpolated(text: str, variables: dict[str, str]) -> str:
    """A text with its variables put in; KeyError for a required one that is not there."""

    def value(found: re.Match[str]) -> str:
        name, operator, other = found.groups()
        if variables.get(name):
            return variables[name]
        if operator == ":-":
            return str(other)
        raise KeyError(name)

    return VARIABLE.sub(value, text)


def compose(variables: dict[str, str] | None = None) -> Content:
    """The content of the file."""
    text = interpolated(FILE.read_text(), FILLED_IN if variables is None else variables)
    content: Content = yaml.safe_load(text)
    return content


def kafka_properties(environment: dict[str, str]) -> dict[str, str]:
    """What the official image makes of its environment: `KAFKA_NODE_ID` is `node.id`."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment.items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }
