"""Where each alert goes, by amtool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from streams.alerts.rules import KINDS
from streams.alerts.rules.base import AlertKind
from streams.config.force import shipped_forces
from streams.outputs.rules import PIPELINE

CONFIG = Path(__file__).parents[2] / "deploy" / "alertmanager" / "alertmanager.yml"
RECEIVERS = {"page": "pages", "notice": "notices", "state": "tickets"}
PIPES = {"page": "pages", "notice": "pipeline", "state": "pipeline-tickets"}


def goes_to(amtool: Path, **labels: str) -> list[str]:
    pairs = [f"{name}={value}" for name, value in labels.items()]
    command = [str(amtool), "config", "routes", "test", f"--config.file={CONFIG}", *pairs]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return answer.stdout.split()


def test_amtool_has_no_complaint(amtool: Path) -> None:
    answer = subprocess.run(
        [amtool, "check-config", CONFIG], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_alert_goes_to_its_force_by_its_severity(amtool: Path, kind: AlertKind) -> None:
    for severity, receiver in RECEIVERS.items():
        common = {"alertname": kind.runbook, "kind": kind.name, "severity": severity}
        for force in shipped_forces():
            found = goes_to(amtool, **common, force=force, alert=f"{force}/1")
            assert found == [f"{receiver}-{force}"]
        # A force that the file does not know yet is told to everybody's receiver.
        assert goes_to(amtool, **common, force="another", alert="another/1") == [receiver]


@pytest.mark.parametrize("alert", PIPELINE, ids=lambda alert: alert.name)
def test_what_is_wrong_with_watchroom_goes_to_those_who_keep_it(
    amtool: Path, alert: object
) -> None:
    named = next(each for each in PIPELINE if each is alert)
    labels = {"alertname": named.name, "kind": "pipeline_unwell", "severity": named.severity}
    assert goes_to(amtool, **labels) == [PIPES[named.severity]]
    if "force" in named.summary:
        assert goes_to(amtool, **labels, force="warwickshire") == ["pages-warwickshire"]


def test_the_dead_mans_switch_has_a_receiver_of_its_own(amtool: Path) -> None:
    assert goes_to(amtool, alertname="WatchroomWatchdog", severity="watchdog") == ["watchdog"]


@pytest.mark.parametrize(
    ("tier", "severity", "receiver"),
    [("fast", "page", "pages"), ("steady", "notice", "notices"), ("slow", "state", "tickets")],
)
def test_an_error_budget_goes_by_its_severity(
    amtool: Path, tier: str, severity: str, receiver: str
) -> None:
    labels = {"alertname": "WatchroomErrorBudget", "kind": "error_budget", "tier": tier}
    found = goes_to(amtool, **labels, severity=severity, force="west-mercia")
    assert found == [f"{receiver}-west-mercia"]


def test_an_alert_of_an_unknown_severity_is_told_to_somebody(amtool: Path) -> None:
    assert goes_to(amtool, alertname="Other", severity="critical") == ["pages"]


def test_nothing_is_told_twice_before_alertmanager_has_forgotten_it() -> None:
    config = yaml.safe_load(CONFIG.read_text())
    compose = yaml.safe_load((CONFIG.parents[2] / "docker-compose.yml").read_text())
    options = compose["services"]["alertmanager"]["command"]
    (kept,) = [text for text in options if text.startswith("--data.retention=")]
    days = int(config["route"]["repeat_interval"].removesuffix("d"))
    assert int(kept.partition("=")[2].removesuffix("h")) > 24 * days
    assert "alert" in config["route"]["group_by"]
