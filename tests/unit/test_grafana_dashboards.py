"""The committed dashboards: current, well formed, linted, and readable without colour."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as Model

from grafana import colours, generate
from grafana.committed import GENERATED, dashboards
from streams.cli import main
from streams.measures import GROUPS
from streams.outputs.prometheus import metric_name
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

ROOT = Path(__file__).parents[2]
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"
ALL = {dashboard["title"]: dashboard for dashboard in dashboards()}
BUILT_IN = {"__rate_interval", "__url_time_range", "__all"}

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
    used = {
        name
        for text in strings({**dashboard, "links": []})
        for name in re.findall(r"\$\{?(\w+)", text)
    }
    assert used - BUILT_IN == named


@each_dashboard
def test_a_dashboard_has_its_variables_links_times_and_notes(dashboard: Dashboard) -> None:
    names = [each["name"] for each in variables(dashboard)]
    assert names[:4] == ["datasource", "job", "instance", "force"]
    assert ("area" in names) == (dashboard["title"] != "Pipeline health")
    assert all(each["label"] and each["description"] for each in variables(dashboard))
    assert (dashboard["timezone"], dashboard["tags"]) == ("browser", ["watchroom"])
    siblings = dashboard["links"][0]
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
    for group in GROUPS:
        for measure in group.measures:
            assert f"{metric_name(group, measure)}{{" in shown


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


# --- colour ----------------------------------------------------------------------------------


def test_a_state_is_told_in_words_and_a_threshold_by_a_line_of_its_own() -> None:
    for dashboard in ALL.values():
        for panel in panels(dashboard):
            fields = panel["fieldConfig"]["defaults"]
            if len(fields["thresholds"]["steps"]) < 2:
                continue
            if panel["type"] == "timeseries":
                assert fields["custom"]["thresholdsStyle"]["mode"] == "dashed"
                continue
            results = [each["options"]["result"] for each in fields["mappings"]]
            # No text: the number itself, which is a word for more than none.
            texts = [result.get("text", "") for result in results]
            assert len(set(texts)) == len(texts) == len(fields["thresholds"]["steps"])


def test_lines_of_one_panel_differ_in_dashes_or_width_too() -> None:
    for dashboard in ALL.values():
        for panel in panels(dashboard):
            if panel["type"] != "timeseries":
                continue
            assert panel["options"]["legend"]["showLegend"]
            drawn = []
            for override in panel["fieldConfig"]["overrides"]:
                held = {p["id"]: p["value"] for p in override["properties"]}
                if "custom.drawStyle" not in held:  # points stand above or below the limits
                    dash = tuple(held["custom.lineStyle"].get("dash", ()))
                    drawn.append((dash, held["custom.lineWidth"]))
            assert len(set(drawn)) == len(drawn), panel["title"]
            if any("{{" in target["legendFormat"] for target in panel["targets"]):
                assert panel["options"]["legend"]["displayMode"] == "table"


def test_no_colour_is_left_to_grafanas_red_and_green() -> None:
    known = {value for name, value in vars(colours).items() if name.isupper() and "#" in str(value)}
    for dashboard in ALL.values():
        text = json.dumps(dashboard)
        assert set(re.findall(r"#[0-9A-Fa-f]{6}\b", text)) <= known
        assert "palette-classic" not in text
        for panel in panels(dashboard):
            assert "thresholds" in panel["fieldConfig"]["defaults"]


# What a person sees who lacks one kind of cone, in linear RGB (Machado, Oliveira, Fernandes 2009,
# severity 1.0).
SEEN = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def lab(rgb: list[float]) -> tuple[float, float, float]:
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    scaled = [
        sum(m * min(1, max(0, c)) for m, c in zip(row, rgb, strict=True)) / w
        for row, w in zip(matrix, white, strict=True)
    ]
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in scaled)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("kind", SEEN)
@pytest.mark.parametrize(
    "together",
    [(colours.FINE, colours.LOOK, colours.ACT), tuple(look.colour for look in colours.LOOKS[:3])],
    ids=["states", "first lines"],
)
def test_colours_stay_apart_for_a_colour_blind_reader(kind: str, together: tuple[str, ...]) -> None:
    def seen(colour: str) -> tuple[float, float, float]:
        rgb = linear(colour)
        return lab([sum(m * c for m, c in zip(row, rgb, strict=True)) for row in SEEN[kind]])

    for one, other in combinations(together, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5
        assert apart > 15, (one, other)  # 2 can just be told apart side by side


# --- provisioning ----------------------------------------------------------------------------


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROVISIONING / name).read_text())
    return loaded


def test_the_data_source_is_one_that_the_dashboards_can_find() -> None:
    held = read("datasources/watchroom.yaml")
    assert held["apiVersion"] == 1
    (source,) = held["datasources"]
    assert (source["type"], source["access"], source["isDefault"]) == ("prometheus", "proxy", True)
    assert source["uid"]
    # Grafana makes $__rate_interval from it: four scrapes.
    assert re.fullmatch(r"\d+s", source["jsonData"]["timeInterval"])


def test_the_dashboards_are_looked_for_where_the_package_is_mounted() -> None:
    held = read("dashboards/watchroom.yaml")
    assert held["apiVersion"] == 1
    (provider,) = held["providers"]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
    assert (provider["folderUid"], provider["folder"]) == ("watchroom", "Watchroom")
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards/watchroom"
    text = (ROOT / "docs" / "grafana.md").read_text()
    mounted = f"./{GENERATED.relative_to(ROOT)}:{provider['options']['path']}:ro"
    assert mounted in text
    assert "./deploy/grafana/provisioning:/etc/grafana/provisioning:ro" in text


def test_every_query_has_a_name_and_a_kind() -> None:
    for dashboard in ALL.values():
        for where, target in targets(dashboard):
            assert target["instant"] != target["range"], where
