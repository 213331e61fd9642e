"""Measures: how a figure is read from the counters of a row, and how it is shown and watched.

A *group* is a table of the board: the records of one kind, the dimensions that its rows are told
apart by (area always among them), and its measures. A measure is one entry of the group, in the
file of its kind: the board, the Prometheus exporter and the terminal are made from it.

Every ratio keeps its numerator and denominator, and a ratio of nothing is None, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from streams.config.measures import FigureUnit, Polarity
from streams.config.schema import AttendedInTime, ForceFile, ServiceLevel
from streams.registry.aggregates import Count, Mean, Quantile, Share
from streams.registry.conditions import ALWAYS, Condition, Targets


@dataclass(frozen=True, slots=True)
class Gauge:
    """What holds at one moment: how many of some records are open now (calls waiting, emergencies
    unattended), or how long the oldest has been. `records` are one of the kind's `gauges`.

    `of` is `count`, `oldest_seconds`, or `unknown`: how many have been open so long that their end
    must have been lost.
    """

    records: str
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


ATTENDANCES: dict[AttendedInTime, Formula] = {
    "of_attended": Formula(
        Share(("within",), ("attended",)),
        "attended within the standard / attended; those never attended are left out",
    ),
    "of_attended_and_never": Formula(
        Share(("within",), ("attended", "never")),
        "attended within the standard / (attended + never attended)",
    ),
    "of_deployed": Formula(
        Share(("within",), ("deployed",)),
        "attended within the standard / those to which a unit was sent",
    ),
    "of_not_cancelled": Formula(
        Share(("within",), ("count",)),
        "attended within the standard / all opened but those cancelled",
    ),
    "of_all_opened": Formula(
        Share(("within",), ("opened",)),
        "attended within the standard / all opened, those cancelled among them",
    ),
}
"""Five definitions of attendance in time. Of ten emergencies of which five were attended, all in
time, and five never, the first says 100 %, the second 50 %; where ten more were cancelled, the last
says 25 %. An incident that its feed deletes is in none of them."""


@dataclass(frozen=True, slots=True)
class ChosenShare:
    """A share that is published by several formulas, of which the force's file chooses one.
    `targets` are what it is held to; `counters` has (a counter of the formulas, the one that stands
    for it here)."""

    of: Literal["service_level", "attendance"]
    targets: Targets
    counters: tuple[tuple[str, str], ...] = ()

    @property
    def shares(self) -> Iterable[Share]:
        """All of them, as they are read here."""
        formulas = SERVICE_LEVELS if self.of == "service_level" else ATTENDANCES
        return [self._here(each.share) for each in formulas.values()]

    def share(self, file: ForceFile) -> Share:
        """That which a force's file chooses."""
        if self.of == "service_level":
            return self._here(SERVICE_LEVELS[file.service_level].share)
        return self._here(ATTENDANCES[file.attendance.in_time].share)

    def _here(self, share: Share) -> Share:
        here = dict(self.counters)
        parts = (share.top, share.bottom, share.less)
        return Share(*(tuple(here.get(name, name) for name in names) for names in parts))


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
    unit: FigureUnit
    polarity: Polarity
    value: Count | Share | Mean | Quantile | ChosenShare | Gauge
    watch: WatchPolicy | None = None


def open_now(
    records: str, name: str, title: str, oldest: str, unknown: str
) -> tuple[Measure, Measure, Measure]:
    """How many of some records are open now, the oldest of them, and of how many the end is lost;
    with their titles."""
    return (
        Measure(name, title, "count", "down_good", Gauge(records, "count")),
        Measure(f"oldest_{name}", oldest, "seconds", "down_good", Gauge(records, "oldest_seconds")),
        Measure(f"{name}_unknown", unknown, "count", "down_good", Gauge(records, "unknown")),
    )


@dataclass(frozen=True, slots=True)
class OpenBeside:
    """What else is open now, beside the records of a performance: the group and the name of the
    count (that of the oldest follows from it), the row that has it, and what they are in words."""

    group: str
    name: str
    words: str
    row: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Performance:
    """How a group's records are served, by line or of the force as a whole, as a table with a line
    a period shows it. Measures are given by name."""

    counts: tuple[tuple[str, str], tuple[str, str], tuple[str, str]]
    """How many came, were served, and were not; with the headings of their columns."""
    level: str
    """The share that was served in time, which has a target."""
    speeds: tuple[str, str, str]
    """How long it took: mean, median, 90th percentile."""
    open: tuple[str, str, str]
    """How many are open now, how long the oldest is, and of how many the end is unknown."""
    heading: str
    """Of a column of those that are open."""
    still: str
    """What they still are: `waiting`."""
    records: str
    """What they are: `calls`."""
    unserved: str
    """That none that came can be judged."""
    beside: tuple[OpenBeside, ...] = ()
    """What else is open."""


@dataclass(frozen=True, slots=True)
class Group:
    """A table of the board: the kind of its records, the field by whose time they are counted, the
    dimensions of its rows besides area, its measures, which series are in it by their
    dimensions, and how its records are served, where they are.

    The first measure says how many records there are."""

    name: str
    title: str
    kind: str
    clock: str
    dimensions: tuple[str, ...]
    measures: tuple[Measure, ...]
    where: Condition = ALWAYS
    performance: Performance | None = None
    dashboard: Literal["calls", "response", "volumes"] = "volumes"
    """Which of the dashboards has panels of it."""
    wide: bool = False
    """Whether it has so many measures that they are shown one at a time, as somebody chooses them,
    and not side by side."""
    noun: str = ""
    """What is counted, as a sentence has it: `offences`; by default the name of its kind's feed."""


def lengths(timing: str, number: str, name: str, title: str) -> tuple[Measure, ...]:
    """How long something took: its mean, median and 90th percentile. `number` is the counter that
    says of how many records it is known."""
    p90 = f"90th percentile of {title}"
    return (
        Measure(f"{name}_mean", f"Mean {title}", "seconds", "neutral", Mean(number, timing)),
        Measure(f"{name}_median", f"Median {title}", "seconds", "neutral", Quantile(0.5, timing)),
        Measure(f"{name}_p90", p90, "seconds", "neutral", Quantile(0.9, timing)),
    )


LIVE_GRAINS: tuple[Literal["hour", "day", "month"], ...] = ("hour", "day", "month")
SETTLED_GRAINS: tuple[Literal["hour", "day", "month"], ...] = ("day", "month")
"""For what is hardly known when its hour ends: crimes are recorded for a day."""
