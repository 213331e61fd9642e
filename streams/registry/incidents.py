"""Incidents: how many, of what category and grade, and how soon emergencies were attended.

All of an incident's figures belong to the minute at which it was opened (or to the day or month,
where no more is known). Attendance runs from `opened_at` to `arrived_at`, the first resource at
scene (where that is left out, the first of `units`); within 20 minutes includes the twentieth. A
cancelled incident counts nowhere. An incident closed with no arrival is never attended; an arrival
recorded after the close still counts. The last version of an incident in a finished export that
names neither is unknown: it counts, but is neither never attended nor unattended now.

Counters of a series (category, grade, area): count; attended; within the limit at that date; never
attended; and of the response time the sum (ms) and sum of squares (ms squared).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams.config.force import Force, Target
from streams.events.schema import Casualties, Casualty, Incident
from streams.periods import DAY, HOUR
from streams.registry.aggregates import Count, Mean, Quantile, Share
from streams.registry.conditions import flagged, is_, precise, present, within
from streams.registry.counting import Counter, Timing
from streams.registry.dimensions import Areas, Categories, Choice
from streams.registry.facts import Case, Flag, Marks, Number, declared_markers
from streams.registry.kind import Duration, Kind, Rule, Time
from streams.registry.markers import marker_counters, marker_measures
from streams.registry.measures import LIVE_GRAINS, Gauge, Group, Measure, Performance, WatchPolicy

EMERGENCY = "emergency"
GRADES = ("ungraded", EMERGENCY, "priority", "scheduled", "no_attendance")
SHORT_GRADES = ((EMERGENCY, "emerg."), ("priority", "prior."), ("scheduled", "sched."))
ATTENDED = is_("attendance", "attended")


Hurt = tuple[Casualty, ...] | Casualties


def killed(casualties: Hurt) -> int:
    """How many people a collision killed."""
    return _hurt(casualties, "fatal")


def seriously_hurt(casualties: Hurt) -> int:
    """How many it hurt seriously."""
    return _hurt(casualties, "serious")


def slightly_hurt(casualties: Hurt) -> int:
    """How many it hurt slightly."""
    return _hurt(casualties, "slight")


def _hurt(casualties: Hurt, severity: str) -> int:
    if isinstance(casualties, Casualties):
        found: int = getattr(casualties, severity)
        return found
    return sum(each.severity == severity for each in casualties)


def limit(force: Force, _: Mapping[str, Any]) -> Sequence[Target]:
    """How soon emergencies are to be attended."""
    return force.file.attendance.targets


def lost_after(force: Force, _: Mapping[str, Any]) -> int:
    """Milliseconds after which an emergency still unattended is shown as unknown."""
    return force.file.attendance.lost_after_hours * HOUR


ATTENDANCE = Group(
    "attendance",
    "Emergency attendance",
    "incident",
    "opened_at",
    (),
    (
        Measure(
            "emergencies",
            "Emergency incidents",
            "count",
            "neutral",
            Count("count"),
            WatchPolicy(LIVE_GRAINS, "incidents", "Emergency incidents"),
        ),
        Measure("attended", "Attended", "count", "neutral", Count("attended")),
        Measure("attended_within", "Attended in time", "count", "up_good", Count("within")),
        Measure(
            "within",
            "Within the standard, of those attended",
            "ratio",
            "up_good",
            Share(("within",), ("attended",)),
            WatchPolicy(("day",), "attendance", "Emergencies attended in time"),
        ),
        Measure(
            "response_mean",
            "Mean response",
            "seconds",
            "down_good",
            Mean("attended"),
            WatchPolicy(("day",), "attendance", "Mean response to emergencies"),
        ),
        Measure("response_median", "Median", "seconds", "down_good", Quantile(0.5)),
        Measure("response_p90", "90th percentile", "seconds", "down_good", Quantile(0.9)),
        Measure("never_attended", "Never attended", "count", "down_good", Count("never")),
        Measure("unattended", "Not yet attended", "count", "down_good", Gauge("count")),
        Measure(
            "oldest_unattended",
            "Oldest not attended",
            "seconds",
            "down_good",
            Gauge("oldest_seconds"),
        ),
        Measure("unattended_unknown", "End unknown", "count", "down_good", Gauge("unknown")),
    ),
    where=is_("grade", EMERGENCY),
    performance=Performance(
        counts=(
            ("emergencies", "Opened"),
            ("attended", "Attended"),
            ("never_attended", "Never att."),
        ),
        level="within",
        speeds=("response_mean", "response_median", "response_p90"),
        open=("unattended", "oldest_unattended", "unattended_unknown"),
        heading="Unattended",
        still="not yet attended",
        records="emergencies",
        unserved="none attended",
    ),
    dashboard="response",
)
INCIDENTS = Group(
    "incidents",
    "Incidents",
    "incident",
    "opened_at",
    ("category", "grade"),
    (
        Measure(
            "count",
            "Incidents",
            "count",
            "neutral",
            Count("count"),
            WatchPolicy(LIVE_GRAINS, "incidents", "{category} incidents", "Incidents"),
        ),
    ),
)

CRIMED = Group(
    "crimed_incidents",
    "Crimed incidents with a marker",
    "incident",
    "opened_at",
    (),
    (
        Measure("crimed", "Crimed incidents", "count", "neutral", Count("crimed")),
        *marker_measures(),
    ),
    wide=True,
)

INCIDENT = Kind(
    name="incident",
    feed="incidents",
    struct=Incident,
    horizon=35 * DAY,
    grace=HOUR,
    clocks=("opened_at",),
    # graded_at and dispatched_at enter no figure yet: an error there must not lose an incident.
    times=(
        Time("arrived_at", after="opened_at", bounded=True, earliest_of="units"),
        Time("closed_at", after="opened_at"),
    ),
    rules=(
        Rule(
            "arrival_without_time",
            present("arrived_at") & ~precise("opened_at"),
            "arrived_at needs an exact opened_at",
        ),
    ),
    durations=(Duration("response", until=("arrived_at",), when=~flagged("cancelled")),),
    dimensions=(
        Categories("category", vocabulary=lambda force: force.categories),
        Choice("grade", 3, GRADES, SHORT_GRADES),
        Areas(),
    ),
    facts=(
        Case(
            "attendance",
            "pending",
            (
                ("never", present("closed_at")),
                ("attended", present("arrived_at")),
                ("cancelled", flagged("cancelled")),
            ),
        ),
        Flag("ended", present("closed_at") | flagged("cancelled") | is_("played", "end")),
        Marks("markers", declared_markers),
        Flag("crimed", flagged("crimed")),
        Number("killed", "casualties", killed),
        Number("seriously_hurt", "casualties", seriously_hurt),
        Number("slightly_hurt", "casualties", slightly_hurt),
    ),
    counts=~is_("attendance", "cancelled"),
    counters=(
        Counter("count"),
        Counter("attended", ATTENDED),
        Counter("within", ATTENDED & within("response", limit)),
        Counter("never", is_("attendance", "never")),
        Counter("crimed", flagged("crimed")),
        *marker_counters(flagged("crimed")),
    ),
    timings=(Timing("response", ATTENDED),),
    open=is_("attendance", "pending") & ~flagged("ended") & is_("grade", EMERGENCY),
    unfinished=~flagged("ended"),
    lost_after=lost_after,
    groups=(ATTENDANCE, INCIDENTS, CRIMED),
)
