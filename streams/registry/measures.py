"""The registry: what is measured, from which records, by which clock, and how it is worded.

A *group* is a table of the board: the records of one kind, the dimensions that its rows are told
apart by (area always among them), and its measures. A measure is one entry: how its value is read
from the counters of a row. The board, the Prometheus exporter and the terminal are made from this
registry, so a new measure over counters that exist is one line here.

Every ratio keeps its numerator and denominator, and a ratio of nothing is None, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streams.config.force import ServiceLevel
from streams.registry.aggregates import Count, Mean, Quantile, Share

Polarity = Literal["up_good", "down_good", "neutral"]
Unit = Literal["count", "ratio", "seconds"]


@dataclass(frozen=True, slots=True)
class ChosenServiceLevel:
    """The service level by the formula that the force's file chooses."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """What holds at one moment: how many records are open now (calls waiting, emergencies
    unattended), or how long the oldest has been.

    `of` is `count`, `oldest_seconds`, or `unknown`: how many have been open so long that their end
    must have been lost.
    """

    of: Literal["count", "oldest_seconds", "unknown"]


@dataclass(frozen=True, slots=True)
class Formula:
    """One of the published definitions of a service level, and how it is written in words."""

    share: Share
    words: str


SERVICE_LEVELS: dict[ServiceLevel, Formula] = {
    "answered_and_abandoned_within_of_offered": Formula(
        Share(("within", "abandoned_within"), ("answered", "abandoned")),
        "(answered within target + abandoned within target) / (answered + abandoned)",
    ),
    "answered_of_answered": Formula(
        Share(("within",), ("answered",)), "answered within target / answered"
    ),
    "answered_of_offered": Formula(
        Share(("within",), ("answered", "abandoned")),
        "answered within target / (answered + abandoned)",
    ),
    "answered_of_offered_less_abandoned_within": Formula(
        Share(("within",), ("answered", "abandoned"), ("abandoned_within",)),
        "answered within target / (answered + abandoned - abandoned within target)",
    ),
    "answered_and_abandoned_at_once_of_offered": Formula(
        Share(("within", "abandoned_at_once"), ("answered", "abandoned")),
        "(answered within target + abandoned within 5 s) / (answered + abandoned)",
    ),
}
"""Five formulas for one name. "Offered" in them is what has been decided: answered + abandoned;
callers still waiting are in neither part."""


ATTENDED = "attended within the standard / attended; those never attended are left out"
"""Which of the definitions of attendance in time it is. Others count who was never attended as
missed, so their share is lower: `never_attended` stands beside it."""


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """How a measure is watched by detectors: once a period of each of the grains.

    A figure is watched only in periods that are known well soon after they end: a marker, an
    outcome or a casualty has no watch before the delay of its recording has been estimated.
    """

    grains: tuple[Literal["hour", "day", "month"], ...]
    theme: str
    """What related signals have in common, so that they become one alert; the category or offence
    is added to it."""
    subject: str
    """What a sentence is about: `{category} incidents`."""
    of_all: str = ""
    """The same where the category or offence is `all`."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a row: its name in JSON and metrics, its title for people, its unit, which
    direction is good, how it is read, and how it is watched, if it is."""

    name: str
    title: str
    unit: Unit
    polarity: Polarity
    value: Count | Share | Mean | Quantile | ChosenServiceLevel | Gauge
    watch: WatchPolicy | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A table of the board: the kind of its records, the field by whose time they are counted, the
    dimensions of its rows besides area, and its measures."""

    name: str
    title: str
    kind: str
    clock: str
    dimensions: tuple[str, ...]
    measures: tuple[Measure, ...]


LIVE_GRAINS: tuple[Literal["hour", "day", "month"], ...] = ("hour", "day", "month")
SETTLED_GRAINS: tuple[Literal["hour", "day", "month"], ...] = ("day", "month")
"""For what is hardly known when its hour ends: crimes are recorded for a day."""

ALL = "all"
"""The value of a dimension that stands for all of its values together."""

CALLS = Group(
    "calls",
    "Calls",
    "call",
    "offered_at",
    ("line",),
    (
        Measure(
            "offered",
            "Offered",
            "count",
            "neutral",
            Count("offered"),
            WatchPolicy(LIVE_GRAINS, "calls", "{line}"),
        ),
        Measure("answered", "Answered", "count", "neutral", Count("answered")),
        Measure("abandoned", "Abandoned", "count", "down_good", Count("abandoned")),
        Measure("end_unknown", "End not on record", "count", "down_good", Count("lost")),
        Measure("answered_within", "Answered in time", "count", "up_good", Count("within")),
        Measure(
            "service_level",
            "Service level",
            "ratio",
            "up_good",
            ChosenServiceLevel(),
            WatchPolicy(("hour", "day"), "calls", "{line} answered in time"),
        ),
        Measure(
            "abandonment",
            "Abandonment",
            "ratio",
            "down_good",
            Share(("abandoned",), ("answered", "abandoned")),
        ),
        Measure("answer_mean", "Mean speed of answer", "seconds", "down_good", Mean("answered")),
        Measure("answer_median", "Median", "seconds", "down_good", Quantile(0.5)),
        Measure("answer_p90", "90th percentile", "seconds", "down_good", Quantile(0.9)),
        Measure("waiting", "Waiting now", "count", "down_good", Gauge("count")),
        Measure(
            "oldest_waiting", "Oldest waiting", "seconds", "down_good", Gauge("oldest_seconds")
        ),
        Measure("waiting_unknown", "Fate unknown", "count", "down_good", Gauge("unknown")),
    ),
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
        Measure("unattended_unknown", "Fate unknown", "count", "down_good", Gauge("unknown")),
    ),
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
CRIMES = Group(
    "crimes",
    "Recorded crime",
    "crime",
    "recorded_at",
    ("offence",),
    (
        Measure(
            "count",
            "Crimes",
            "count",
            "neutral",
            Count("count"),
            WatchPolicy(SETTLED_GRAINS, "crimes", "{offence} offences", "Recorded crimes"),
        ),
    ),
)
GROUPS: tuple[Group, ...] = (CALLS, ATTENDANCE, INCIDENTS, CRIMES)

LINKS = (("calls", "incidents"),)
"""Themes that are related: calls, and the incidents that they become a few minutes later."""


def find_measure(group: str, measure: str) -> tuple[Group, Measure] | None:
    """A group and its measure by their names; None where there is none of that name."""
    for each in GROUPS:
        if each.name == group:
            return next(((each, m) for m in each.measures if m.name == measure), None)
    return None


def measure_of(group: str, measure: str) -> Measure | None:
    """A measure by its names."""
    found = find_measure(group, measure)
    return None if found is None else found[1]


def unit_of(group: str, measure: str) -> Unit:
    """Whether a figure is a count, a share or a duration; what no group has is counted."""
    found = measure_of(group, measure)
    return "count" if found is None else found.unit


FEED_NAMES = {
    "call": "calls",
    "incident": "incidents",
    "crime": "crimes",
    "reading": "readings",
}
"""By kind of record the name of its feed: in heartbeats, in topics and on the board."""

PLAIN_NAMES = {
    "all": "All",
    "asb": "Anti-social behaviour",
    "damage_arson": "Damage and arson",
    "theft_from_person": "Theft from the person",
    "violence_and_sexual": "Violence, sexual offences",
    **FEED_NAMES,
}
"""Names of kinds, categories and offence groups that are written in another way than their id."""


def plain_name(path: str) -> str:
    """A category or offence group in words: `road_collision.injury` is Road collision, injury."""
    known = PLAIN_NAMES.get(path)
    return known or path.replace(".", ", ").replace("_", " ").capitalize()
