"""The open alerts as a table, for the dashboards that show them."""

from __future__ import annotations

from grafana.panels import Face, Panel, PanelQuery, rows
from grafana.queries import FORCE, latest
from grafana.settings import WALLBOARD

PAGE = (
    f"${{{WALLBOARD}:raw}}/alert?force=${{force:percentencode}}"
    "&id=${__data.fields.Alert:percentencode}"
)
LINKS = {"What": ("Open its page on the wallboard, where it is taken", PAGE)}
COLUMNS = {
    "severity": "Severity",
    "words": "What",
    "taken": "Somebody has it",
    "area": "Area",
    "Value": "Opened",
    "alert": "Alert",
}
OPENED = latest("watchroom_alert_opened_timestamp_seconds", FORCE)
WORDS = latest("watchroom_alert_words", FORCE)


def open_table(*matchers: str, width: int = 24, height: int = 8) -> Panel:
    """What is open and not snoozed, the newest first."""
    known = latest("watchroom_alert_open", FORCE, *matchers)
    named = f"{WORDS} * on (force, alert) group_left (severity, area) ({known})"
    expr = f"sort_desc(1000 * ({named}) * on (force, alert) group_left () ({OPENED}))"
    face = Face(
        "Open alerts in words",
        "Every alert that is open and not snoozed: what happened, since when, and whether somebody "
        "has it.",
        "none",
        width=width,
        height=height,
        none="None is open",
    )
    return _table(face, expr, COLUMNS)


def snoozed_table() -> Panel:
    """What is open, but silenced for a while."""
    awake = latest("watchroom_alert_open", FORCE)
    asleep = f"({WORDS} unless on (force, alert) ({awake}))"
    expr = f"1000 * {asleep} * on (force, alert) group_left () ({OPENED})"
    face = Face(
        "Snoozed alerts",
        "Alerts that are open, but that somebody put off for a while.",
        "none",
        width=24,
        height=6,
        none="None is snoozed",
    )
    columns = {"words": "What", "taken": "Somebody has it", "Value": "Opened", "alert": "Alert"}
    return _table(face, expr, columns)


def _table(face: Face, expr: str, columns: dict[str, str]) -> Panel:
    """Each row leads to the page of its alert."""
    return rows(
        face,
        PanelQuery(expr, ""),
        columns=columns,
        units={"Opened": "dateTimeAsLocal"},
        links=LINKS,
        hidden=("Alert",),
    )
