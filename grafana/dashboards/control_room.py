"""Control room now: large figures for a screen on the wall (`?kiosk`)."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink

from grafana import variables
from grafana.colours import ACT, FINE, NOTICE
from grafana.frame import add, frame
from grafana.names import BY_SEVERITY
from grafana.open_alerts import open_table
from grafana.panels import Face, NamedRange, Panel, PanelQuery, bars, now
from grafana.queries import FORCE, PLACE, counted, figure, latest, pick
from streams.registry.dimensions import ALL
from streams.registry.registry import Registry

UID = "watchroom-now"
ON_TARGET = (NamedRange(0, "▼ Below target", ACT), NamedRange(1, "● On target", FINE))
TO_CALLS = ("Calls", "watchroom-calls")
TO_RESPONSE = ("Response", "watchroom-response")
LARGE = 48


def dashboard(registry: Registry) -> Dashboard:
    """The dashboard."""
    made = frame(
        UID,
        "Control room now",
        "The state of the control room at this moment, for a screen across the room.",
        [*variables.scraped(), variables.force(), variables.area()],
        since="now-6h",
        refresh="5s",
    )
    full = DashboardLink("Full screen").url(f"/d/{UID}?kiosk&${{force:queryparam}}")
    made.link(full.icon("external link"))
    add(made, "State", *_state())
    add(made, "Calls", *_calls(registry))
    add(made, "Emergencies", *_emergencies(registry))
    add(made, "Volumes and alerts", *_volumes(registry))
    return made


def _measure(registry: Registry, group: str, name: str, window: str, *matchers: str) -> str:
    found = registry.require("dashboard Control room now", group, name)
    return figure(*found, *PLACE, *matchers, window=window)


def _on_target(registry: Registry, group: str, name: str, window: str, on: str) -> str:
    """1 where the share reaches the target that the force set, 0 where it doesn't."""
    share = _measure(registry, group, name, window)
    target = latest(f"watchroom_{group}_target_ratio", FORCE)
    return f"({share}) >= bool on ({on}) group_left () ({target})"


def _state() -> list[Panel]:
    clock = latest("watchroom_clock_timestamp_seconds", FORCE)
    ready = "min without (job, instance) (" + pick("watchroom_ready") + ")"
    severities = [
        PanelQuery(counted("watchroom_alert_open", FORCE, f'severity="{name}"'), title)
        for name, title in BY_SEVERITY.items()
    ]
    return [
        now(
            Face(
                "Figures of",
                "The instant that the figures are of. It stands still when no event arrives.",
                "dateTimeAsLocal",
                width=6,
                height=4,
            ),
            PanelQuery(f"1000 * {clock}", "Figures of"),
        ),
        now(
            Face(
                "Monitor",
                "Whether the figures may be relied on: a monitor that is still catching up shows "
                "none. A replay shows another time than now.",
                "none",
                height=4,
                none="▼ No answer",
                none_is=ACT,
                link=("Pipeline health", "watchroom-pipeline"),
                words=(NamedRange(0, "▼ Catching up", ACT), NamedRange(1, "● Ready", FINE)),
            ),
            PanelQuery(ready, "Monitor"),
        ),
        now(
            Face(
                "Open alerts",
                "Alerts that are open and not snoozed, for the whole force.",
                width=12,
                height=4,
                link=("Alerts", "watchroom-alerts"),
                words=(NamedRange(0, "● None", FINE), NamedRange(1, "", NOTICE)),
            ),
            *severities,
        ),
    ]


def _calls(registry: Registry) -> list[Panel]:
    def large(name: str, title: str, words: str, unit: str, window: str = "1h") -> Panel:
        face = Face(title, words, unit, width=4, height=6, link=TO_CALLS, decimals=0)
        by_line = ("line", pick("watchroom_calls_target_seconds", FORCE))
        query = PanelQuery(_measure(registry, "calls", name, window), "{{line}}", each=by_line)
        return now(face, query, size=LARGE)

    return [
        large("waiting", "Calls waiting", "Callers waiting to be answered.", "short"),
        large("oldest_waiting", "Longest wait now", "How long the first of them has waited.", "s"),
        large("offered", "Calls, last hour", "Calls offered in the last hour.", "short"),
        large(
            "service_level",
            "Answered in time, last hour",
            "The service level of the last hour, by the formula that the force chose.",
            "percentunit",
        ),
        now(
            Face(
                "Calls against target, last hour",
                "Whether the service level of the last hour reaches the target of the line.",
                "none",
                width=4,
                height=6,
                none="No target",
                link=TO_CALLS,
                words=ON_TARGET,
            ),
            PanelQuery(
                _on_target(registry, "calls", "service_level", "1h", "force, line"), "{{line}}"
            ),
        ),
        large(
            "abandonment",
            "Abandoned, last hour",
            "The share of callers who gave up.",
            "percentunit",
        ),
    ]


def _emergencies(registry: Registry) -> list[Panel]:
    def large(name: str, title: str, words: str, unit: str) -> Panel:
        face = Face(title, words, unit, width=4, height=6, link=TO_RESPONSE, decimals=0)
        return now(
            face, PanelQuery(_measure(registry, "attendance", name, "today"), title), size=LARGE
        )

    return [
        large("unattended", "Not yet attended", "Emergencies that nobody has reached.", "short"),
        large("oldest_unattended", "Longest not attended", "The oldest of them.", "s"),
        large("emergencies", "Emergencies today", "Emergency incidents since midnight.", "short"),
        large("within", "Attended in time today", "The share within the standard.", "percentunit"),
        now(
            Face(
                "Attendance against target, today",
                "Whether the share of today reaches the target, where the force set one.",
                "none",
                width=4,
                height=6,
                none="No target",
                link=TO_RESPONSE,
                words=ON_TARGET,
            ),
            PanelQuery(
                _on_target(registry, "attendance", "within", "today", "force"), "Attendance"
            ),
        ),
        large("response_mean", "Mean response today", "From opening to arrival.", "s"),
    ]


def _volumes(registry: Registry) -> list[Panel]:
    incidents = _measure(
        registry, "incidents", "count", "today", f'category!="{ALL}"', f'grade="{ALL}"'
    )
    crimes = _measure(registry, "crimes", "count", "month", f'offence!="{ALL}"')
    link = ("Volumes and control charts", "watchroom-volumes")
    return [
        bars(
            Face(
                "Incidents today, the ten most frequent",
                "Incidents opened since midnight, by category.",
                height=10,
                link=link,
            ),
            PanelQuery(f"sort_desc(topk(10, {incidents}))", "{{category}}"),
        ),
        bars(
            Face(
                "Crimes this month, the ten most frequent",
                "Crimes recorded since the first of the month, by offence group.",
                height=10,
                link=link,
            ),
            PanelQuery(f"sort_desc(topk(10, {crimes}))", "{{offence}}"),
        ),
        open_table(width=12, height=10),
    ]
