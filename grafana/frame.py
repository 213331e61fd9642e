"""What all dashboards have: address, links to one another, refresh, notes of changes."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    AnnotationTarget,
    Dashboard,
    DashboardLink,
    Row,
    TimePicker,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from grafana.colours import ORANGE, PURPLE
from grafana.origins import origin
from grafana.panels import Panel
from grafana.queries import pick
from grafana.settings import WALLBOARD, shipped_zone
from grafana.tags import CHANGE, TAG, force_tag
from grafana.variables import SOURCE, Variable, wallboard
from streams.alerts.rules.level_change import LEVEL_CHANGE

OWN = model.DataSourceRef(type_val="grafana", uid="-- Grafana --")
"""Grafana's own store of annotations, which has this uid in every Grafana."""


def frame(
    uid: str,
    title: str,
    description: str,
    variables: Sequence[Variable],
    *,
    since: str = "now-24h",
    refresh: str = "30s",
) -> Dashboard:
    """A dashboard that says where its records come from, and has no other panels."""
    made = (
        Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .readonly()
        .time(since, "now")
        .refresh(refresh)
        .timezone(shipped_zone())
        .week_start("monday")
        .timepicker(TimePicker().refresh_intervals(["5s", "30s", "1m", "5m"]))
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .variables([*variables, wallboard()])
        .link(_siblings())
        .link(_wallboard())
        .with_panel(origin())
    )
    made.annotation(_changes())
    return made


def _siblings() -> DashboardLink:
    """One link to each of the other dashboards, with the force and the times kept."""
    link = DashboardLink("Watchroom").type(model.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.keep_time(True).include_vars(True)


def _wallboard() -> DashboardLink:
    """To the wallboard of the force, where its alerts are taken."""
    link = DashboardLink("Wallboard").type(model.DashboardLinkType.LINK).icon("external link")
    return link.url(f"${{{WALLBOARD}:raw}}/?force=${{force:percentencode}}").target_blank(True)


def _changes() -> AnnotationQuery:
    """The change points that `watchroom grafana push` wrote: re-bases and changes of recording."""
    target = AnnotationTarget().limit(100).match_any(False).type("tags")
    return (
        AnnotationQuery()
        .name("Changes of recording and re-bases")
        .datasource(OWN)
        .enable(True)
        .icon_color(PURPLE)
        .target(target.tags([TAG, CHANGE, force_tag("$force")]))
    )


class _Worded(model.AnnotationQuery):
    """Notes from Prometheus with words, for which the SDK has no fields."""

    def to_json(self) -> dict[str, object]:
        words = {"titleFormat": self.name, "textFormat": "{{measure}}, {{area}}", "tagKeys": "kind"}
        # Grafana 11.6.2, 12.0.1 and later take the query from `target`, those before from `expr`.
        target = {"expr": self.expr, "refId": "Anno"}
        return super().to_json() | words | {"target": target}


class _Found(Builder[model.AnnotationQuery]):
    def __init__(self, made: model.AnnotationQuery) -> None:
        self._made = made

    def build(self) -> model.AnnotationQuery:
        return self._made


def changes_of_level(*matchers: str) -> Builder[model.AnnotationQuery]:
    """From when a change of level was found until it was settled, as Prometheus has it."""
    expr = pick("watchroom_alert_open", f'kind="{LEVEL_CHANGE.name}"', *matchers)
    name = "Change of level found"
    return _Found(_Worded(name, SOURCE, icon_color=ORANGE, expr=expr))


def add(dashboard: Dashboard, title: str, *panels: Panel, repeat: str = "") -> None:
    """A row with its panels below it, left to right; repeated for each value of a variable."""
    row = Row(title)
    if repeat:
        row.repeat(repeat)
    dashboard.with_row(row)
    for panel in panels:
        dashboard.with_panel(panel)
