"""The committed dashboards: current, well formed, linted, and whole."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as Model

from grafana import generate
from grafana.committed import dashboards
from grafana.registry import one_at_a_time
from streams.cli import main
from streams.outputs.metrics.prometheus import metric_name
from streams.registry.registry import REGISTRY
from tests.dashboard_linter import (
    RULES,
    SOURCE,
    Dashboard,
    Rule,
    expressions,
    panels,
    targets,
    variables,
)
from tests.source_tree import imports

ROOT = Path(__file__).parents[3]
ALL = {dashboard["title"]: dashboard for dashboard in dashboards()}
BUILT_IN = {"__rate_interval", "__range", "__interval", "__url_time_range", "__all", "__data"}

each_dashboard = pytest.mark.parametrize("dashboard", ALL.values(), ids=ALL.keys())


def test_the_six_dashboards_are_there() -> None:
    assert set(ALL) == {
        "Control room now",
        "Calls",
        "Response",
        "Volumes and control charts",
        "Alerts",
        "Pipeline health",
    }


def test_the_committed_json_is_current() -> None:
    assert generate.differing() == [], "run: watchroom grafana generate"


def test_generate_writes_what_differs_and_check_says_so(tmp_path: Path) -> None:
    def run(*options: str) -> tuple[int, str]:
        command = ["grafana", "generate", "--output", str(tmp_path), *options]
        answer = CliRunner().invoke(main, command)
        return answer.exit_code, answer.output

    assert run("--check")[0] == 1
    assert run()[0] == 0
    assert run("--check") == (0, f"{tmp_path}: all is up to date\n")
    (tmp_path / "watchroom-calls.json").write_text("{}")
    (tmp_path / "old.json").write_text("{}")
    code, words = run("--check")
    assert (code, words.splitlines()[:2]) == (
        1,
        ["old.json: out of date", "watchroom-calls.json: out of date"],
    )
    assert "Run: watchroom grafana generate" in words
    run()
    assert run("--check")[0] == 0
    command = ["grafana", "generate", "--output", str(tmp_path / "watchroom-now.json" / "below")]
    answer = CliRunner().invoke(main, command)
    assert (answer.exit_code, "can't be written" in answer.output) == (1, True)


def known(value: Any, read: Any) -> bool:
    """Whether all of a value was read; the schema may add what it takes for granted."""
    if isinstance(value, dict):
        return all(key in read and known(each, read[key]) for key, each in value.items())
    if isinstance(value, list):
        return len(value) == len(read) and all(map(known, value, read))
    return bool(value == read)


@each_dashboard
def test_a_dashboard_is_what_grafanas_schema_describes(dashboard: Dashboard) -> None:
    register_default_plugins()
    dashboard = copy.deepcopy(dashboard)
    for note in dashboard["annotations"]["list"]:
        if note["datasource"] == SOURCE:
            # Prometheus's own query and words, which the schema leaves to each data source.
            assert note.pop("target") == {"expr": note["expr"], "refId": "Anno"}
            assert all(note.pop(name) for name in ("titleFormat", "textFormat", "tagKeys"))
    model = Model.from_json(copy.deepcopy(dashboard))
    assert known(dashboard, json.loads(JSONEncoder().encode(model)))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@each_dashboard
def test_the_dashboard_linters_rules_hold(dashboard: Dashboard, rule: Rule) -> None:
    assert list(rule(dashboard)) == []


def spoil_expr(text: str) -> Callable[[Dashboard], None]:
    return lambda d: panels(d)[0]["targets"][0].update(expr=text)


SPOILT: dict[str, Callable[[Dashboard], None]] = {
    "template-datasource-rule": lambda d: variables(d)[0].update(name="ds"),
    "template-job-rule, template-instance-rule": lambda d: variables(d)[1].update(multi=False),
    "template-label-promql-rule": lambda d: variables(d)[1].update(query="up"),
    "template-on-time-change-reload-rule": lambda d: variables(d)[1].update(refresh=1),
    "panel-datasource-rule": lambda d: panels(d)[0].update(datasource={"uid": "abc"}),
    "panel-title-description-rule": lambda d: panels(d)[0].update(description=""),
    "panel-units-rule": lambda d: panels(d)[0]["fieldConfig"]["defaults"].update(unit="stones"),
    "panel-no-targets-rule": lambda d: panels(d)[0].update(targets=[]),
    "target-rate-interval-rule": spoil_expr("rate(watchroom_refused_lines_total{}[5m])"),
    "target-job-rule, target-instance-rule": spoil_expr('max(watchroom_ready{job="x"})'),
    "target-counter-agg-rule": spoil_expr("sum(process_cpu_seconds_total{})"),
    "uneditable-dashboard": lambda d: d.update(editable=True),
}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_sees_what_breaks_it(name: str) -> None:
    dashboard = copy.deepcopy(ALL["Pipeline health"])
    SPOILT[name](dashboard)
    assert list(RULES[name](dashboard))


@each_dashboard
def test_panels_lie_beside_one_another_and_have_numbers_of_their_own(dashboard: Dashboard) -> None:
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        letters = [target["refId"] for target in panel.get("targets", ())]
        assert len(set(letters)) == len(letters)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


@each_dashboard
def test_every_variable_that_is_used_is_there_and_the_other_way_round(dashboard: Dashboard) -> None:
    named = {each["name"] for each in variables(dashboard)}
    used = {name for text in strings(dashboard) for name in re.findall(r"\$\{?(\w+)", text)}
    assert used - BUILT_IN == named


@each_dashboard
def test_a_dashboard_has_its_variables_links_times_and_notes(dashboard: Dashboard) -> None:
    names = [each["name"] for each in variables(dashboard)]
    assert names[:4] == ["datasource", "job", "instance", "force"]
    assert ("area" in names) == (dashboard["title"] != "Pipeline health")
    assert all(each["label"] and each["description"] for each in variables(dashboard))
    assert (dashboard["timezone"], dashboard["tags"]) == ("Europe/London", ["watchroom"])
    siblings, wallboard, *_ = dashboard["links"]
    assert wallboard["url"] == "${wallboard:raw}/?force=${force:percentencode}"
    assert (siblings["type"], siblings["tags"]) == ("dashboards", ["watchroom"])
    assert siblings["keepTime"]
    assert siblings["includeVars"]
    (own, *_) = dashboard["annotations"]["list"]
    assert own["target"]["tags"] == ["watchroom", "change", "force:$force"]


def test_a_measure_is_chosen_where_measures_are_compared() -> None:
    for title in ("Volumes and control charts", "Alerts"):
        assert "measure" in {each["name"] for each in variables(ALL[title])}


def test_every_link_between_dashboards_leads_somewhere() -> None:
    known = {dashboard["uid"] for dashboard in ALL.values()}
    found = {
        uid
        for dashboard in ALL.values()
        for text in strings(dashboard)
        for uid in re.findall(r"/d/([\w-]+)", text)
    }
    assert found
    assert found <= known


def test_every_measure_of_the_registry_is_on_a_dashboard() -> None:
    shown = "\n".join(expr for dashboard in ALL.values() for _, expr in expressions(dashboard))
    chosen = {metric for _, metric in one_at_a_time(REGISTRY)}
    for group in REGISTRY.groups:
        for measure in group.measures:
            name = metric_name(group, measure)
            assert name in chosen if group.wide else f"{name}{{" in shown


def test_the_figures_of_a_wide_table_are_chosen_by_a_variable() -> None:
    variables = ALL["Volumes and control charts"]["templating"]["list"]
    (figure,) = [each for each in variables if each["name"] == "figure"]
    options = {each["text"]: each["value"] for each in figure["options"]}
    assert options["Crimes with a marker: Hate crime, racial"] == "watchroom_markers_hate_racial"
    assert (
        "Crimes with a marker: Hate crime\\, racial : watchroom_markers_hate_racial"
        in (figure["query"])
    )


def test_the_control_chart_has_centre_limits_flags_and_re_bases() -> None:
    dashboard = ALL["Volumes and control charts"]
    (chart,) = [panel for panel in panels(dashboard) if panel["title"] == "Control chart"]
    assert [target["legendFormat"] for target in chart["targets"]] == [
        "Observed",
        "Centre",
        "Lower limit",
        "Upper limit",
        "Flagged: above",
        "Flagged: below",
    ]
    own, found = dashboard["annotations"]["list"]
    assert own["datasource"]["type"] == "grafana"
    assert 'kind="level_change"' in found["expr"]
    assert found["datasource"] == SOURCE


def test_publishing_needs_no_sdk() -> None:
    for name in ("change_points", "client", "committed", "publish", "tags"):
        found = imports(ROOT / "grafana" / f"{name}.py")
        assert not {each for each in found if each.startswith("grafana_foundation_sdk")}
        mine = {each.split(".")[1] for each in found if each.startswith("grafana.")}
        assert mine <= {"change_points", "client", "committed", "tags"}


def test_without_the_sdk_generate_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.cli.grafana.find_spec", lambda _: None)
    answer = CliRunner().invoke(main, ["grafana", "generate"])
    assert answer.exit_code == 1
    assert "pip install 'watchroom[grafana]'" in answer.output


def test_help_shows_examples() -> None:
    for command in ([], ["push"], ["generate"]):
        answer = CliRunner().invoke(main, ["grafana", *command, "--help"])
        assert answer.exit_code == 0
        assert "Example" in answer.output


def test_every_query_has_a_name_and_a_kind() -> None:
    for dashboard in ALL.values():
        for where, target in targets(dashboard):
            assert target["instant"] != target["range"], where
