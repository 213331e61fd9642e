"""The rules of grafana/dashboard-linter over a dashboard's JSON, by their names.

Written anew from its documentation, and stricter in this: every kind of panel with queries is
judged, not only those that it lists, and notes of changes from Prometheus too. No rule has an
exception, so there is no `.lint` file. Whether PromQL is valid is asked of a real Prometheus
(tests/servers/test_grafana_queries.py); there are no Loki queries, whose two rules do not apply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from grafana_foundation_sdk.models import units

Dashboard = dict[str, Any]
Rule = Callable[[Dashboard], Iterator[str]]

UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and name[0] != "_"}
METRIC = re.compile(
    r"((?:\b(?:watchroom|process|scrape)_[a-z0-9_]+|\bup|\$figure)\b)(?!\s*[(=])(\{[^{}]*\})?"
)
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
CHARTS = {"bargauge", "stat", "state-timeline", "table", "timeseries"}


def panels(dashboard: Dashboard) -> list[Dashboard]:
    """All panels but rows."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def targets(dashboard: Dashboard) -> Iterator[tuple[str, Dashboard]]:
    """(where, query) of every panel."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target


def variables(dashboard: Dashboard, kind: str = "") -> list[Dashboard]:
    found: list[Dashboard] = dashboard["templating"]["list"]
    return [each for each in found if kind in {"", each["type"]}]


def expressions(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """(where, PromQL) of every panel, variable-free notes of changes included."""
    yield from ((where, target["expr"]) for where, target in targets(dashboard))
    for note in dashboard["annotations"]["list"]:
        if note["datasource"] == SOURCE:
            yield note["name"], note["expr"]


def template_datasource(dashboard: Dashboard) -> Iterator[str]:
    sources = variables(dashboard, "datasource")
    if [(s["name"], s["label"], s["query"]) for s in sources] != [
        ("datasource", "Data source", "prometheus")
    ]:
        yield "needs one variable of a data source, named datasource and labelled Data source"


def template_job_and_instance(dashboard: Dashboard) -> Iterator[str]:
    for name in ("job", "instance"):
        (found,) = [each for each in variables(dashboard) if each["name"] == name] or [{}]
        has = [found.get(each) for each in ("type", "label", "multi", "allValue", "datasource")]
        if has != ["query", name.capitalize(), True, ".+", SOURCE]:
            yield f"{name}: {has}"


def template_label_promql(dashboard: Dashboard) -> Iterator[str]:
    for each in variables(dashboard, "query"):
        if not re.fullmatch(
            r"label_values\(.+\{.+\}, \w+\)|label_values\(\w+, \w+\)", each["query"]
        ):
            yield f"{each['name']}: {each['query']}"


def template_on_time_change_reload(dashboard: Dashboard) -> Iterator[str]:
    for each in variables(dashboard, "query"):
        if each["refresh"] != 2:
            yield each["name"]


def panel_datasource(dashboard: Dashboard) -> Iterator[str]:
    for panel in panels(dashboard):
        if panel["datasource"] != SOURCE:
            yield panel["title"]
    for where, target in targets(dashboard):
        if target["datasource"] != SOURCE:
            yield where
    for each in variables(dashboard, "query"):
        if each["datasource"] != SOURCE:
            yield each["name"]


def panel_title_description(dashboard: Dashboard) -> Iterator[str]:
    for panel in panels(dashboard):
        if not (panel["title"] and panel["description"].endswith((".", "list"))):
            yield panel["title"]


def panel_units(dashboard: Dashboard) -> Iterator[str]:
    for panel in panels(dashboard):
        fields = panel["fieldConfig"]
        told = [fields["defaults"].get("unit")]
        for override in fields["overrides"]:
            told += [p["value"] for p in override["properties"] if p["id"] == "unit"]
        if not set(told) <= UNITS:
            yield f"{panel['title']}: {told}"


def panel_no_targets(dashboard: Dashboard) -> Iterator[str]:
    for panel in panels(dashboard):
        if panel["type"] not in CHARTS or not panel["targets"]:
            yield f"{panel['title']}: {panel['type']}"


def target_rate_interval(dashboard: Dashboard) -> Iterator[str]:
    for where, expr in expressions(dashboard):
        for name, range_ in re.findall(r"(\w+)\([^()]*\[([^\]]+)\]", expr):
            if (name in {"rate", "irate", "increase"}) != (range_ == "$__rate_interval"):
                yield f"{where}: {expr}"


def target_job_and_instance(dashboard: Dashboard) -> Iterator[str]:
    for where, expr in expressions(dashboard):
        selectors = METRIC.findall(re.sub(r"\b(by|on|without) \([^)]*\)", "", expr))
        if not selectors:
            yield f"{where} selects nothing: {expr}"
        for name, matchers in selectors:
            if not ('job=~"$job"' in matchers and 'instance=~"$instance"' in matchers):
                yield f"{where}: {name}"


def target_counter_agg(dashboard: Dashboard) -> Iterator[str]:
    for where, expr in expressions(dashboard):
        counters = re.findall(r"\w+_total\b", expr)
        rated = re.findall(r"\b(?:rate|irate|increase)\(\w+_total\b", expr)
        if len(counters) != len(rated):
            yield f"{where}: {expr}"


def uneditable_dashboard(dashboard: Dashboard) -> Iterator[str]:
    if dashboard["editable"]:
        yield "editable"


RULES: dict[str, Rule] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule, template-instance-rule": template_job_and_instance,
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule, target-instance-rule": target_job_and_instance,
    "target-counter-agg-rule": target_counter_agg,
    "uneditable-dashboard": uneditable_dashboard,
}
