"""Prometheus's rules: current, complete, linked to pages that exist; budgets that can fire."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from streams.alerts.rules import FROM_SIGNALS, KINDS
from streams.cli import main
from streams.config.force import shipped_forces
from streams.errors import ConfigError
from streams.live import BEHIND, OLD_CHECKPOINT
from streams.outputs.rules import DASHBOARDS, PIPELINE, Links, budget_file, rule_files
from streams.outputs.rules.budget import most_burn, tiers
from streams.outputs.rules.recording import ratios
from streams.registry.registry import REGISTRY
from tests import rule_annotations

ROOT = Path(__file__).parents[3]
RULES = ROOT / "deploy" / "prometheus" / "rules"
RUNBOOKS = ROOT / "docs" / "runbooks"
NAMES = [
    *(kind.runbook for kind in KINDS),
    *(alert.name for alert in PIPELINE),
    "WatchroomWatchdog",
    "WatchroomErrorBudget",
]


def all_rules() -> list[dict[str, object]]:
    texts = [*rule_files(Links()).values(), budget_file(0.9, "calls.service_level", "", Links())]
    groups = [group for text in texts for group in yaml.safe_load(text)["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def test_the_committed_rules_are_current() -> None:
    texts = rule_files(Links())
    assert {path.name for path in RULES.iterdir()} == set(texts)
    for name, text in texts.items():
        assert (RULES / name).read_text() == text, "run: watchroom rules write"


def test_the_committed_rule_tests_are_current() -> None:
    for path, text in rule_annotations.pages().items():
        assert path.read_text() == text, "run: python -m tests.rule_annotations"


def test_the_command_writes_checks_and_finds_what_is_stale(tmp_path: Path) -> None:
    def rules(*words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(main, ["rules", *words])
        return answer.exit_code, answer.output

    out = ["--output", str(tmp_path / "rules"), "--grafana", "https://grafana.example.org/"]
    out += ["--wallboard", "https://watchroom.example.org/"]
    assert rules("write", *out)[0] == 0
    assert rules("check", *out)[0] == 0
    text = (tmp_path / "rules" / "watchroom-alerts.yml").read_text()
    assert "https://grafana.example.org/d/watchroom-calls?" in text
    assert "https://watchroom.example.org/runbooks/WatchroomUnattended\n" in text
    page = "alert?force={{ $labels.force | urlquery }}&id={{ $labels.alert | urlquery }}"
    assert text.count(f"https://watchroom.example.org/{page}\n") == len(KINDS)
    code, told = rules("write", *out, "--runbooks", "https://wiki.example.org/watchroom")
    text = (tmp_path / "rules" / "watchroom-alerts.yml").read_text()
    assert "https://wiki.example.org/watchroom/WatchroomUnattended.md\n" in text
    assert rules("write", *out)[0] == 0
    (tmp_path / "rules" / "watchroom-alerts.yml").write_text("groups: []\n")
    code, told = rules("check", *out)
    assert code == 1
    assert "watchroom-alerts.yml" in told
    code, told = rules("error-budget", "--target", "0.9", "--line", "999")
    assert code == 0
    assert 'line="999",window="1h"' in told


def test_the_wallboard_is_where_the_environment_says_and_no_password_stands_in_a_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHROOM_PUBLIC_URL", "https://room.example")
    out = ["rules", "write", "--output", str(tmp_path)]
    assert CliRunner().invoke(main, out).exit_code == 0
    assert "https://room.example/alert?force=" in (tmp_path / "watchroom-alerts.yml").read_text()
    answer = CliRunner().invoke(main, [*out, "--wallboard", "https://ops:secret@room.example"])
    assert answer.exit_code == 2
    assert "it may hold no name, password or query" in answer.output
    assert "secret" not in answer.output


def test_there_is_a_rule_for_every_kind_of_alert_that_watchroom_opens() -> None:
    text = rule_files(Links())["watchroom-alerts.yml"]
    for kind in KINDS:
        assert f'{{kind="{kind.name}"}} > 0' in text


def test_every_alert_says_what_how_and_where() -> None:
    alerts = [rule for rule in all_rules() if "alert" in rule]
    assert {rule["alert"] for rule in alerts} == set(NAMES)
    for rule in alerts:
        notes = rule["annotations"]
        assert isinstance(notes, dict)
        wanted = ["summary", "wallboard_url", "description", "runbook_url", "dashboard_url"]
        assert [name for name in notes if name != "since"] == wanted
        assert notes["runbook_url"].endswith(f"/runbooks/{rule['alert']}")
        assert all(notes.values())


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == set(NAMES)
    index = (RUNBOOKS / "README.md").read_text()
    for name in NAMES:
        text = (RUNBOOKS / f"{name}.md").read_text()
        assert f"`{name}`" in text
        assert "\n## Look at this first\n\n1. " in text
        assert f"({name}.md)" in index


def test_runbooks_say_the_limits_that_the_rules_have() -> None:
    old = (RUNBOOKS / "WatchroomCheckpointOld.md").read_text()
    assert f"for {OLD_CHECKPOINT // 60} minutes nothing could be saved" in old
    behind = (RUNBOOKS / "WatchroomBehind.md").read_text()
    assert f"More than {BEHIND:,} messages" in behind
    assert f"the lag is below {BEHIND:,}." in behind


def test_every_dashboard_that_an_alert_links_to_is_there() -> None:
    for uid in DASHBOARDS.values():
        assert (ROOT / "grafana" / "generated" / f"{uid}.json").is_file()


def test_names_of_recorded_series_say_level_metric_and_operation() -> None:
    names = [str(rule["record"]) for rule in all_rules() if "record" in rule]
    assert len(names) == len(set(names))
    for name in names:
        assert re.fullmatch(r"[a-z_]+:watchroom_[a-z_0-9]+:(max|sum|ratio|held)", name), name


def test_every_ratio_of_the_registry_is_recorded_with_its_parts_apart() -> None:
    wanted = sum(measure.unit == "ratio" for group in REGISTRY.groups for measure in group.measures)
    assert len(ratios()) == wanted >= 3
    for series in ratios():
        assert series.numerator != series.denominator


def test_the_routes_know_every_shipped_force() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text())
    names = {receiver["name"] for receiver in config["receivers"]}
    for force in shipped_forces():
        assert {f"pages-{force}", f"notices-{force}", f"tickets-{force}"} <= names


def test_the_kinds_that_alertmanager_mutes_are_kinds_of_alert() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text())
    matchers = [
        matcher
        for rule in config["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
    ]
    found = [each for matcher in matchers for each in re.findall(r'^kind =~ "(.+)"$', matcher)]
    named = {name for each in found for name in each.split("|")}
    assert named < {kind.name for kind in KINDS}
    assert set(FROM_SIGNALS) < named


def test_no_tier_burns_faster_than_total_failure() -> None:
    for target in (0.6, 0.8, 0.9, 0.95, 0.99, 0.999):
        fast, steady, slow = tiers(target)
        assert most_burn(target) > fast.burn > steady.burn > slow.burn == 1
        assert 0 < slow.missed < steady.missed < fast.missed <= 0.5 + 1e-9
    assert most_burn(0.9) == pytest.approx(10), "so that 14.4 can never be reached"


def test_the_well_known_rates_come_out_where_they_belong() -> None:
    fast, steady, slow = tiers(0.99)
    assert (fast.burn, slow.burn) == (14.4, 1)
    assert steady.burn == pytest.approx(6)
    assert [tier.spent for tier in (fast, steady, slow)] == pytest.approx([0.02, 0.05, 0.1])


@pytest.mark.parametrize("target", [0.0, 0.5, 1.0, 90])
def test_a_target_without_a_budget_is_refused_in_words(target: float) -> None:
    with pytest.raises(ConfigError, match="has no error budget"):
        tiers(target)


def test_a_measure_that_is_no_ratio_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match="no ratio of the registry"):
        budget_file(0.9, "calls.offered", "", Links())
