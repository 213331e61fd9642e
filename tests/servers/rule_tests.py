"""promtool's rule tests, with the annotations that never vary filled in from the rules."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Content = dict[str, Any]


def loaded(path: Path) -> Content:
    """A YAML file."""
    content: Content = yaml.safe_load(path.read_text())
    return content


def alerts_of(rules: Content) -> list[Content]:
    """Every alert rule of a rule file."""
    found = [rule for group in rules["groups"] for rule in group["rules"]]
    return [rule for rule in found if "alert" in rule]


def filled(tests: Content, rules: Content) -> Content:
    """The tests with each annotation that a test does not name taken from its rule."""
    for expected, rule in _expectations(tests, rules):
        own = expected.get("exp_annotations", {})
        labels = expected["exp_labels"]
        texts = {name: _with(text, labels) for name, text in rule["annotations"].items()}
        expected["exp_annotations"] = {**texts, **own}
    return tests


def _expectations(tests: Content, rules: Content) -> Iterator[tuple[Content, Content]]:
    known: dict[str, list[Content]] = {}
    for rule in alerts_of(rules):
        known.setdefault(rule["alert"], []).append(rule)
    for test in tests["tests"]:
        for evaluation in test.get("alert_rule_test", ()):
            for expected in evaluation["exp_alerts"]:
                labels = expected["exp_labels"]
                for rule in known[evaluation["alertname"]]:
                    if rule.get("labels", {}).items() <= labels.items():
                        yield expected, rule


def _with(text: str, labels: dict[str, str]) -> str:
    return re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels[found[1]], text)


def run(promtool: Path, folder: Path, tests: Content, rule_files: list[Path]) -> str:
    """What promtool says of the tests; empty when all hold."""
    path = folder / "tests.yml"
    content = {"rule_files": [str(file) for file in rule_files], **tests}
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    answer = subprocess.run(
        [promtool, "test", "rules", path], capture_output=True, text=True, check=False
    )
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr


def verdicts(tests: Content, alert: str) -> list[list[bool]]:
    """For each test that asks about an alert, whether it fires at each time asked, in order."""
    found = []
    for test in tests["tests"]:
        asked = [one for one in test.get("alert_rule_test", ()) if one["alertname"] == alert]
        asked.sort(key=lambda one: seconds(one["eval_time"]))
        if asked:
            found.append([bool(one["exp_alerts"]) for one in asked])
    return found


def seconds(text: str) -> int:
    """A length of time as Prometheus writes it: `1m30s`."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))
