"""Alerts: what is open, how many there were against the budget, and what became of them."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.colours import ACT, FINE, NOTICE
from grafana.frame import add, frame
from grafana.names import BY_SEVERITY
from grafana.open_alerts import OPENED, open_table, snoozed_table
from grafana.panels import Face, NamedRange, Panel, PanelQuery, bars, lines, now, states
from grafana.queries import FORCE, counted, latest

CHOSEN = ('area=~"$area"', 'measure=~"$measure"')


def dashboard() -> Dashboard:
    """The dashboard."""
    made = frame(
        "watchroom-alerts",
        "Alerts",
        "The alerts that are open, and those of the last four weeks against their budget.",
        [
            *variables.scraped(),
            variables.force(),
            variables.alert_area(),
            variables.alert_measure(),
        ],
        since="now-7d",
    )
    add(made, "Open", *_open())
    add(made, "Four weeks", *_weeks())
    add(made, "Over time", *_over_time())
    return made


def _severities() -> list[PanelQuery]:
    return [
        PanelQuery(counted("watchroom_alert_open", FORCE, *CHOSEN, f'severity="{name}"'), title)
        for name, title in BY_SEVERITY.items()
    ]


def _open() -> list[Panel]:
    kinds = f"count by (kind) ({latest('watchroom_alert_open', FORCE, *CHOSEN)})"
    clock = latest("watchroom_clock_timestamp_seconds", FORCE)
    return [
        now(
            Face(
                "Open now",
                "Alerts that are open and not snoozed.",
                width=12,
                height=5,
                words=(NamedRange(0, "● None", FINE), NamedRange(1, "", NOTICE)),
            ),
            *_severities(),
        ),
        now(
            Face(
                "Oldest open alert",
                "How long the oldest has been open; one that is snoozed counts too.",
                "dtdurations",
                height=5,
                none="None is open",
            ),
            PanelQuery(f"{clock} - on (force) (min by (force) ({OPENED}))", "Oldest open alert"),
        ),
        bars(
            Face("Open by kind", "What kinds of alert are open.", height=5, none="None is open"),
            PanelQuery(kinds, "{{kind}}"),
        ),
        open_table(*CHOSEN),
        snoozed_table(),
    ]


def _weeks() -> list[Panel]:
    assessed = latest("watchroom_alerts_28d", FORCE)
    total = f"sum by (force) ({assessed})"
    budget = latest("watchroom_alert_budget_28d", FORCE)
    wrong = latest("watchroom_alerts_28d", FORCE, 'outcome="false"')
    return [
        now(
            Face(
                "Alerts in 28 days",
                "How many there were, how many the force is ready to look at, and how many turned "
                "out false.",
                width=12,
                height=6,
                decimals=0,
            ),
            PanelQuery(total, "Alerts"),
            PanelQuery(budget, "Budget"),
            PanelQuery(wrong, "False"),
        ),
        now(
            Face(
                "Against the budget",
                "Whether there were more alerts than the budget allows for.",
                "none",
                height=6,
                none="No budget",
                words=(NamedRange(0, "● Within budget", FINE), NamedRange(1, "▲ Over budget", ACT)),
            ),
            PanelQuery(f"({total}) > bool on (force) ({budget})", "Budget"),
        ),
        bars(
            Face(
                "By outcome",
                'What the people who closed them found; "none" is not said yet.',
                height=6,
            ),
            PanelQuery(assessed, "{{outcome}}"),
        ),
    ]


def _over_time() -> list[Panel]:
    return [
        lines(
            Face("Open alerts over time", "How many were open, by severity.", width=12),
            *_severities(),
        ),
        states(
            Face(
                "When each was open",
                "A band from when an alert opened until it was settled or snoozed.",
                "none",
                width=12,
                none="None was open",
                words=(NamedRange(0, "Settled", FINE), NamedRange(1, "▲ Open", NOTICE)),
            ),
            PanelQuery(
                latest("watchroom_alert_open", FORCE, *CHOSEN), "{{kind}}, {{area}}, {{measure}}"
            ),
        ),
    ]
