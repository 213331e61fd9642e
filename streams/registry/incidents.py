"""Incidents: how many, of what category and grade, and how soon emergencies were attended.

All of an incident's figures belong to the minute at which it was opened (or to the day or month,
where no more is known). Attendance runs from `opened_at` to `arrived_at`, the first resource at
scene (where that is left out, the first of `units`); within a limit of 20 minutes includes the
twentieth. A cancelled incident counts among all that were opened, and nowhere else. An incident
closed with no arrival is never attended; an arrival recorded after the close still counts. The last
version of an incident in a finished export that names neither is unknown: it counts, but is neither
never attended nor unattended now.

The way from the call to the close is timed in segments, each where both of its ends are known: call
to grade, grade to dispatch of the first unit, its travel, and the time at the scene. A missing
person is found when the incident is closed. Casualties are those of road collisions.

Counters of a series (category, grade, area): count; attended; within the limit at that date; never
attended; and of the response time the sum (ms) and sum of squares (ms squared).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from streams.config.force import Force, Target
from streams.config.schema import AttendedGrade
from streams.events.schema import Casualties, Casualty, Incident, Person, RoadUser
from streams.periods import DAY, HOUR
from streams.registry.aggregates import DURATIONS, Count, Mean, Quantile, Share
from streams.registry.conditions import (
    flagged,
    has_target,
    is_,
    precise,
    present,
    timed,
    within,
)
from streams.registry.counting import Counter, CounterOfAll, Timing
from streams.registry.dimensions import ALL, Areas, Categories, Choice
from streams.registry.facts import Case, Flag, Marks, Number, declared_markers
from streams.registry.kind import Duration, Kind, OpenRecords, People, Rule, Time
from streams.registry.markers import marker_counters, marker_measures
from streams.registry.measures import (
    LIVE_GRAINS,
    ChosenShare,
    Group,
    Measure,
    OpenBeside,
    Performance,
    WatchPolicy,
    lengths,
    open_now,
)

EMERGENCY = "emergency"
GRADES = ("ungraded", EMERGENCY, "priority", "scheduled", "no_attendance")
SHORT_GRADES = ((EMERGENCY, "emerg."), ("priority", "prior."), ("scheduled", "sched."))
ATTENDED = is_("attendance", "attended")
PENDING = is_("attendance", "pending") & ~flagged("ended")
TO_ATTEND = is_("grade", *get_args(AttendedGrade))
LONGEST_AHEAD = 7 * DAY
"""Milliseconds: no caller is told that it will take longer."""
MISSING = is_("category", "missing_person")


ROAD_USERS = {
    "pedestrians": ("pedestrian",),
    "cyclists": ("cyclist",),
    "motorcyclists": ("motorcyclist",),
    "in_cars": ("car_driver", "car_passenger"),
    "in_goods_vehicles": ("goods_vehicle",),
}
"""Road users of which those killed or seriously injured are counted apart."""
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


def killed_or_seriously_hurt(casualties: Hurt) -> int:
    """How many it killed or hurt seriously."""
    return killed(casualties) + seriously_hurt(casualties)


def _among(*road_users: str) -> Callable[[Hurt], int]:
    """How many of some road users a collision killed or hurt seriously; nobody where no more than
    numbers is known."""

    def hurt(casualties: Hurt) -> int:
        if isinstance(casualties, Casualties):
            return 0
        return sum(c.severity != "slight" and c.road_user in road_users for c in casualties)

    return hurt


def children(persons: tuple[Person, ...]) -> int:
    """How many people are known to be under 18."""
    return sum(each.age_under_18 is True for each in persons)


def in_care(persons: tuple[Person, ...]) -> int:
    """How many are known to be in care."""
    return sum(each.in_care is True for each in persons)


def _hurt(casualties: Hurt, severity: str) -> int:
    if isinstance(casualties, Casualties):
        found: int = getattr(casualties, severity)
        return found
    return sum(each.severity == severity for each in casualties)


HURT = (
    *("killed", "seriously_hurt", "slightly_hurt", "ksi", "ksi_as_known"),
    *(f"ksi_{users}" for users in ROAD_USERS),
)
"""Numbers of people hurt on roads, each of which is added up."""


def limit(force: Force, known: Mapping[str, Any]) -> Sequence[Target]:
    """How soon incidents of a grade are to be attended in an area, by its class."""
    attendance = force.file.attendance
    if not attendance.by_class:  # then an area is not looked at: what holds of one holds of all
        return attendance.by_date(known["grade"])
    return attendance.by_date(known["grade"], force.class_of(known["area"]))


def lost_after(force: Force, known: Mapping[str, Any]) -> int:
    """Milliseconds after which an incident still unattended is shown as unknown; what is scheduled
    is attended on another day."""
    if known["grade"] == "scheduled":
        return LONGEST_AHEAD
    return force.file.attendance.lost_after_hours * HOUR


def tells_delay(force: Force, _: Mapping[str, Any]) -> bool:
    """Whether it is known by when callers are to be told of a delay."""
    return force.file.attendance.tells_delay


UNATTENDED = open_now(
    "unattended", "unattended", "Not yet attended", "Oldest not attended", "End unknown"
)
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
            "Attended within the standard",
            "ratio",
            "up_good",
            ChosenShare("attendance", limit),
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
        *UNATTENDED,
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
        beside=(
            OpenBeside(
                "attendance_by_grade",
                "unattended",
                "priority not yet attended",
                (("grade", "priority"),),
            ),
            OpenBeside(
                "attendance_by_grade", "not_told", "not told of the delay", (("grade", ALL),)
            ),
        ),
    ),
    dashboard="response",
)
HELD = ("attended", "never", "deployed", "count", "opened")
"""Counters of which there is another for the incidents that a target is set for."""
BY_GRADE = Group(
    "attendance_by_grade",
    "Attendance by grade",
    "incident",
    "opened_at",
    ("grade",),
    (
        Measure("incidents", "Incidents", "count", "neutral", Count("count")),
        Measure("attended", "Attended", "count", "neutral", Count("attended")),
        Measure(
            "within",
            "Attended within the limit of the grade",
            "ratio",
            "up_good",
            ChosenShare("attendance", limit, tuple((name, f"held_{name}") for name in HELD)),
        ),
        *lengths(DURATIONS, "attended", "response", "response"),
        Measure("never_attended", "Never attended", "count", "down_good", Count("never")),
        *UNATTENDED,
        *open_now(
            "not_told",
            "not_told",
            "Caller not told of the delay",
            "Longest not told",
            "Not told, end unknown",
        ),
    ),
    where=TO_ATTEND,
    wide=True,
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
    noun="crimed incidents",
)

SEGMENTS = Group(
    "segments",
    "From the call to the close",
    "incident",
    "opened_at",
    ("grade",),
    (
        Measure("incidents", "Incidents", "count", "neutral", Count("count")),
        *lengths("grading_time", "graded", "to_grade", "time from call to grade"),
        *lengths("dispatch_time", "dispatched", "to_dispatch", "time from grade to dispatch"),
        *lengths("travel_time", "travelled", "travel", "time from dispatch to arrival"),
        *lengths("scene_time", "left_scene", "scene", "time from arrival to close"),
    ),
    wide=True,
)
DEPLOYMENT = Group(
    "deployment",
    "Deployment",
    "incident",
    "opened_at",
    ("category",),
    (
        Measure("incidents", "Incidents", "count", "neutral", Count("count")),
        Measure("deployed", "With a unit sent", "count", "neutral", Count("deployed")),
        Measure(
            "deployed_share",
            "Share with a unit sent",
            "ratio",
            "neutral",
            Share(("deployed",), ("count",)),
        ),
        Measure(
            "recontacted", "Caller told of the delay", "count", "neutral", Count("recontacted")
        ),
        Measure(
            "recontacted_share",
            "Share with the caller told of the delay",
            "ratio",
            "neutral",
            Share(("recontacted",), ("count",)),
        ),
    ),
    wide=True,
)
MISSING_PERSONS = Group(
    "missing_persons",
    "Missing persons",
    "incident",
    "opened_at",
    (),
    (
        Measure("incidents", "Incidents", "count", "neutral", Count("missing")),
        Measure("reports", "People reported missing", "count", "neutral", Count("people_missing")),
        Measure("under_18", "Under 18", "count", "down_good", Count("children_missing")),
        Measure("in_care", "In care", "count", "down_good", Count("missing_in_care")),
        Measure(
            "resolved_within_24h",
            "Share resolved within 24 hours",
            "ratio",
            "up_good",
            Share(("found_within_24h",), ("found",)),
        ),
    ),
    wide=True,
)
CASUALTIES = Group(
    "road_casualties",
    "Road casualties",
    "incident",
    "opened_at",
    (),
    (
        Measure("ksi", "Killed or seriously injured", "count", "down_good", Count("ksi")),
        Measure("fatal", "Killed", "count", "down_good", Count("killed")),
        Measure("serious", "Seriously injured", "count", "down_good", Count("seriously_hurt")),
        Measure("slight", "Slightly injured", "count", "down_good", Count("slightly_hurt")),
        Measure(
            "ksi_collisions", "With killed or seriously injured", "count", "down_good",
            Count("ksi_collisions"),
        ),
        *(
            Measure(
                f"ksi_{users}",
                f"Killed or seriously injured, {users.replace('_', ' ')}",
                "count",
                "down_good",
                Count(f"ksi_{users}"),
            )
            for users in ROAD_USERS
        ),
        *(
            Measure(
                f"ksi_{users}_share",
                f"Share of killed or seriously injured, {users.replace('_', ' ')}",
                "ratio",
                "neutral",
                Share((f"ksi_{users}",), ("ksi_as_known",)),
            )
            for users in ROAD_USERS
        ),
    ),
    wide=True,
)  # fmt: skip

INCIDENT = Kind(
    name="incident",
    feed="incidents",
    struct=Incident,
    horizon=35 * DAY,
    grace=HOUR,
    clocks=("opened_at",),
    times=(
        Time("graded_at", after="opened_at", doubtful=True),
        Time("dispatched_at", after="opened_at", doubtful=True, earliest_of="units"),
        Time("arrived_at", after="opened_at", bounded=True, earliest_of="units"),
        Time("closed_at", after="opened_at"),
        Time("recontact_due_at", after="opened_at", planned=True),
        Time("recontacted_at", after="opened_at", doubtful=True),
    ),
    rules=(
        Rule(
            "arrival_without_time",
            present("arrived_at") & ~precise("opened_at"),
            "arrived_at needs an exact opened_at",
        ),
    ),
    durations=(
        Duration("response", until=("arrived_at",), when=~flagged("cancelled")),
        Duration("to_grade", ("graded_at",), clamped=False),
        Duration("to_dispatch", ("dispatched_at",), ("graded_at",), clamped=False),
        Duration("travel", ("arrived_at",), ("dispatched_at",), clamped=False),
        Duration("scene", ("closed_at",), ("arrived_at",), clamped=False),
        Duration("to_close", ("closed_at",), clamped=False),
        Duration("to_recontact", ("recontact_due_at",), longest=LONGEST_AHEAD, clamped=False),
        Duration("told_late_by", ("recontacted_at",), ("recontact_due_at",), clamped=False),
    ),
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
            rests_on="arrived_at",
        ),
        Flag("ended", present("closed_at") | flagged("cancelled") | is_("played", "end")),
        Marks("markers", declared_markers),
        Flag("crimed", flagged("crimed"), rests_on="crimed"),
        Number("killed", "casualties", killed),
        Number("seriously_hurt", "casualties", seriously_hurt),
        Number("slightly_hurt", "casualties", slightly_hurt),
        Number("ksi", "casualties", killed_or_seriously_hurt),
        Number("ksi_as_known", "casualties", _among(*get_args(RoadUser)), "road_user"),
        *(
            Number(f"ksi_{users}", "casualties", _among(*named), "road_user")
            for users, named in ROAD_USERS.items()
        ),
        Number("people", "persons", len),
        Number("children", "persons", children, "age_under_18"),
        Number("in_care", "persons", in_care, "in_care"),
        Flag(
            "deployed",
            present("dispatched_at") | present("arrived_at"),
            rests_on="dispatched_at or arrived_at",
        ),
        Flag("recontacted", present("recontacted_at")),
        # Who was last told before the time that holds now is to be told again.
        Flag("to_be_told", timed("to_recontact") & ~timed("told_late_by")),
    ),
    people=(People("persons", "missing"),),
    people_in=MISSING,
    people_for=761 * DAY,  # 25 months: who was missing before is asked for the 12 months before
    counts=~is_("attendance", "cancelled"),
    counters=(
        Counter("count"),
        CounterOfAll("opened"),
        Counter("attended", ATTENDED),
        Counter("within", ATTENDED & within("response", limit)),
        Counter("never", is_("attendance", "never")),
        Counter("held_attended", ATTENDED & has_target(limit)),
        Counter("held_never", is_("attendance", "never") & has_target(limit)),
        Counter("held_deployed", flagged("deployed") & has_target(limit)),
        Counter("held_count", has_target(limit)),
        CounterOfAll("held_opened", has_target(limit)),
        Counter("crimed", flagged("crimed")),
        *marker_counters(flagged("crimed")),
        Counter("deployed", flagged("deployed")),
        Counter("recontacted", flagged("recontacted")),
        Counter("graded", timed("to_grade")),
        Counter("dispatched", flagged("deployed") & timed("to_dispatch")),
        Counter("travelled", ATTENDED & timed("travel")),
        Counter("left_scene", ATTENDED & timed("scene")),
        Counter("missing", MISSING),
        Counter("people_missing", MISSING, adds="people"),
        Counter("children_missing", MISSING, adds="children"),
        Counter("missing_in_care", MISSING, adds="in_care"),
        Counter("found", MISSING & timed("to_close")),
        Counter("found_within_24h", MISSING & within("to_close", DAY)),
        Counter("ksi_collisions", present("ksi")),
        *(Counter(name, present(name), adds=name) for name in HURT),
    ),
    timings=(
        Timing("response", ATTENDED),
        Timing("to_grade", sum="grading_time", squares=""),
        Timing("to_dispatch", flagged("deployed"), sum="dispatch_time", squares=""),
        Timing("travel", ATTENDED, sum="travel_time", squares=""),
        Timing("scene", ATTENDED, sum="scene_time", squares=""),
    ),
    gauges=(
        OpenRecords("unattended", PENDING & TO_ATTEND, lost_after=lost_after),
        OpenRecords(
            "not_told",
            PENDING & TO_ATTEND & flagged("to_be_told"),
            since="to_recontact",
            lost_after=lost_after,
            kept=tells_delay,
            said="the force says when callers are to be told",
        ),
    ),
    unfinished=~flagged("ended"),
    groups=(
        ATTENDANCE,
        BY_GRADE,
        INCIDENTS,
        SEGMENTS,
        DEPLOYMENT,
        MISSING_PERSONS,
        CASUALTIES,
        CRIMED,
    ),
)
