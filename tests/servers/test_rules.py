"""Every rule, by promtool: each alert fires, does not fire, and resolves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from streams.outputs.rules import Links, budget_file
from tests.servers import rule_tests

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"
TESTS = ROOT / "tests" / "rules"
FILES = ["watchroom-alerts.yml", "watchroom-pipeline.yml", "watchroom-recording.yml"]


@pytest.fixture
def budget(tmp_path: Path) -> Path:
    """The optional rules of an error budget at a target of 90 %."""
    path = tmp_path / "budget.yml"
    path.write_text(budget_file(0.9, "calls.service_level", "", Links()))
    return path


def test_promtool_accepts_the_configuration_and_every_rule_file(
    promtool: Path, budget: Path
) -> None:
    config = ROOT / "deploy" / "prometheus" / "prometheus.yml"
    for what, path in (("config", config), ("rules", budget)):
        answer = subprocess.run(
            [promtool, "check", what, path], capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("name", FILES)
def test_the_rules_do_what_their_tests_say(promtool: Path, tmp_path: Path, name: str) -> None:
    rules = rule_tests.loaded(RULES / name)
    tests = rule_tests.filled(rule_tests.loaded(TESTS / name), rules)
    assert rule_tests.run(promtool, tmp_path, tests, [RULES / name]) == ""


def test_an_error_budget_of_90_percent_fires_where_the_known_rates_never_could(
    promtool: Path, tmp_path: Path, budget: Path
) -> None:
    rules = rule_tests.loaded(budget)
    tests = rule_tests.filled(rule_tests.loaded(TESTS / "error-budget.yml"), rules)
    files = [RULES / "watchroom-recording.yml", budget]
    assert rule_tests.run(promtool, tmp_path, tests, files) == ""


def test_a_wrong_expectation_is_found(promtool: Path, tmp_path: Path) -> None:
    name = "watchroom-pipeline.yml"
    tests = rule_tests.loaded(TESTS / name)
    for test in tests["tests"]:
        for evaluation in test["alert_rule_test"]:
            evaluation["exp_alerts"] = []
    assert "FAILED" in rule_tests.run(promtool, tmp_path, tests, [RULES / name])


def test_every_alert_is_shown_to_fire_to_be_quiet_and_to_resolve() -> None:
    # The dead man's switch never does anything but fire.
    found = [
        (tests, alert["alert"])
        for rules, tests in (
            (rule_tests.loaded(RULES / name), rule_tests.loaded(TESTS / name)) for name in FILES
        )
        for alert in rule_tests.alerts_of(rules)
        if alert["alert"] != "WatchroomWatchdog"
    ]
    budget = yaml.safe_load(budget_file(0.9, "calls.service_level", "", Links()))
    tests = rule_tests.loaded(TESTS / "error-budget.yml")
    found += [(tests, alert["alert"]) for alert in rule_tests.alerts_of(budget)]
    assert len(found) >= 18
    for tests, alert in found:
        verdicts = rule_tests.verdicts(tests, alert)
        assert any(
            verdict[0] is False and True in verdict and verdict[-1] is False for verdict in verdicts
        ), alert
