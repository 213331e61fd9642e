"""Every rule, by promtool: each alert fires, does not fire, and resolves."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rule_annotations import BUDGET, TESTS, rules_of

ROOT = Path(__file__).parents[2]
COMMAND = "promtool test rules tests/rules/*.yml"


@pytest.mark.parametrize(
    ("what", "path"),
    [("config", ROOT / "deploy" / "prometheus" / "prometheus.yml"), ("rules", BUDGET)],
)
def test_promtool_accepts_the_configuration_and_every_rule_file(
    promtool: Path, what: str, path: Path
) -> None:
    answer = subprocess.run(
        [promtool, "check", what, path], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_rules_do_what_their_tests_say(promtool: Path) -> None:
    path = f"{promtool.parent}:{os.environ['PATH']}"
    answer = subprocess.run(
        ["bash", "-c", COMMAND],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.count("SUCCESS") == len(list(TESTS.glob("*.yml"))) == 4
    for page in (TESTS / "watchroom-alerts.yml", ROOT / "docs" / "alerting.md"):
        assert COMMAND in page.read_text()


def test_a_wrong_expectation_is_found(promtool: Path, tmp_path: Path) -> None:
    tests = yaml.safe_load((TESTS / "watchroom-pipeline.yml").read_text())
    tests["rule_files"] = [str((TESTS / file).resolve()) for file in tests["rule_files"]]
    for test in tests["tests"]:
        for evaluation in test["alert_rule_test"]:
            evaluation["exp_alerts"] = []
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump(tests))
    answer = subprocess.run(
        [promtool, "test", "rules", path], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert "FAILED" in answer.stdout + answer.stderr


def test_every_alert_is_shown_to_fire_to_be_quiet_and_to_resolve() -> None:
    found = [
        (path, rule["alert"])
        for path in TESTS.glob("*.yml")
        for rule in rules_of(path, path.read_text())
        if rule["alert"] != "WatchroomWatchdog"  # which never does anything but fire
    ]
    assert len(found) >= 18
    for path, alert in found:
        verdicts = list(verdicts_of(yaml.safe_load(path.read_text()), alert))
        assert any(
            verdict[0] is False and True in verdict and verdict[-1] is False for verdict in verdicts
        ), alert


def verdicts_of(tests: dict[str, Any], alert: str) -> Iterator[list[bool]]:
    """For each test that asks about an alert, whether it fires at each time asked, in order."""
    for test in tests["tests"]:
        asked = [one for one in test.get("alert_rule_test", ()) if one["alertname"] == alert]
        asked.sort(key=lambda one: seconds(one["eval_time"]))
        if asked:
            yield [bool(one["exp_alerts"]) for one in asked]


def seconds(text: str) -> int:
    """A length of time as Prometheus writes it: `1m30s`."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))
