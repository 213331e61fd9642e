"""What all rule files share: where their links lead, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from streams.printing import without_user

DASHBOARDS = {
    "alerts": "watchroom-alerts",
    "calls": "watchroom-calls",
    "pipeline": "watchroom-pipeline",
    "response": "watchroom-response",
    "volumes": "watchroom-volumes",
}
"""Grafana's dashboards by what they show, with their uids."""

EVERY = "5s"
"""How often rules are evaluated: as often as the workers are scraped."""

PrometheusRule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Links:
    """Where people reach Grafana, the runbooks and the wallboard."""

    grafana: str = "http://localhost:3000"
    runbooks: str = ""
    """By default those that the wallboard serves."""
    wallboard: str = "http://localhost:8787"

    def runbook(self, alert: str) -> str:
        """The address of an alert's runbook."""
        if self.runbooks:
            return without_user(f"{self.runbooks.rstrip('/')}/{alert}.md")
        return without_user(f"{self.wallboard.rstrip('/')}/runbooks/{alert}")

    def alert(self) -> str:
        """The address of the page of an alert on the wallboard, where somebody takes it: its id is
        a label."""
        query = "force={{ $labels.force | urlquery }}&id={{ $labels.alert | urlquery }}"
        return without_user(f"{self.wallboard.rstrip('/')}/alert?{query}")

    def board(self) -> str:
        """The address of the wallboard."""
        return without_user(f"{self.wallboard.rstrip('/')}/")

    def dashboard(self, name: str, query: str = "") -> str:
        """The address of a dashboard."""
        return without_user(f"{self.grafana.rstrip('/')}/d/{DASHBOARDS[name]}{query}")


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as a block, as a person would."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def written(head: str, groups: Sequence[tuple[str, Sequence[PrometheusRule]]]) -> str:
    """The text of a rule file; `head` says what it is, in comment lines."""
    content = {
        "groups": [
            {"name": name, "interval": EVERY, "rules": list(rules)} for name, rules in groups
        ]
    }
    body = yaml.dump(
        content,
        Dumper=_Dumper,
        sort_keys=False,
        width=100_000,  # a folded expression is harder to copy than a long one
        allow_unicode=True,
    )
    comment = "".join(f"# {line}\n" for line in head.splitlines())
    return f"{comment}# Made by `watchroom rules`: change it there.\n{body}"


def template(text: str) -> str:
    """A text for people as a Prometheus template: `<force>` becomes the label of that name."""
    return re.sub(r"<(\w+)>", r"{{ $labels.\1 }}", text)
