"""How a signal becomes an alert: its kind, severity, least volume, words and end. Pure."""

from __future__ import annotations

from typing import Protocol

from streams.alerts import words as say
from streams.alerts.model import Alert, AlertKind, Evidence, Severity, stamp
from streams.config.force import Force
from streams.periods import DAY, HOUR, MINUTE, to_ms
from streams.registry.measures import GROUPS
from streams.surveillance.signals import Signal

LEAST_UP, LEAST_DOWN = 5, 10
"""Minimum volume: a rise is of at least so many records, a fall from at least so many expected."""
CLEAR_PERIODS = {"hour": 3, "day": 2, "month": 1}
BACK = {"hour": 24, "day": 7, "month": 2}
LEAST_OPEN = {"hour": 2 * HOUR, "day": DAY, "month": DAY}
GROWN = 1.25
"""Times what people were notified of from which on they are notified again: of the ratio of a
volume, of a level, of the share of calls that is not answered in time."""
STEADY = 14 * DAY
"""How long a state must not have been seen before it is over."""
REFRESH = 5 * MINUTE
"""How often the figures of an open alert are brought up to date, at most."""
A_WEEK = {"hour": 168.0, "day": 7.0, "month": 0.23}
"""Periods in a week."""
RECORDS = {group.name: group.kind for group in GROUPS}
"""The kind of record that a group is made from."""
FEEDS = {"calls": "call", "incidents": "incident", "crimes": "crime"}
"""The kind of record that a feed with heartbeats brings, by the feed's name."""
FORGOTTEN = {"hour": DAY, "day": 14 * DAY, "month": 93 * DAY, "now": DAY}
"""After so long what a person closed is taken to be quiet, even where nothing was read of it."""


def refresh_at(alert: Alert) -> int:
    """When the figures of an open alert are next brought up to date, in ms: after `REFRESH`, and
    the later, the longer it has been open already, so that a feed that is off for a month does not
    fill its history."""
    updated = to_ms(alert.updated_at)
    lasts = updated - to_ms(alert.opened_at) if alert.grain == "now" else 0
    return updated + max(REFRESH, lasts // 11)


class PeriodLookup(Protocol):
    """What the book may look up about a period."""

    def last(self, series: tuple[str, ...]) -> Signal | None:
        """The last closed period of a watched series, whether or not it is exceptional."""

    def day_so_far(self, series: tuple[str, ...]) -> Signal | None:
        """A series by the day, of the day up to its last closed hour, if there is something to
        show of that."""

    def answered(self, signal: Signal) -> tuple[int, int, int] | None:
        """Of the calls of a signal's period: (in time, of how many, the limit in seconds)."""

    def mostly(self, signal: Signal) -> tuple[str, int] | None:
        """Where within its area a count mostly is, unlike usual: (the area, how many there)."""

    def wholly(self, signal: Signal) -> Signal | None:
        """The signal of the one area within that all of a rise is in."""


class NoLookup:
    """Nothing can be looked up."""

    def last(self, series: tuple[str, ...]) -> Signal | None:
        """Not known."""
        return None

    def day_so_far(self, series: tuple[str, ...]) -> Signal | None:
        """Not known."""
        return None

    def answered(self, signal: Signal) -> tuple[int, int, int] | None:
        """Not known."""
        return None

    def mostly(self, signal: Signal) -> tuple[str, int] | None:
        """Not known."""
        return None

    def wholly(self, signal: Signal) -> Signal | None:
        """Not known."""
        return None


def name(
    force: Force,
    kind: str,
    group: str,
    measure: str,
    row: dict[str, str],
    area: str,
    direction: str | None,
) -> str:
    """What the id of an alert begins with."""
    dims = ",".join(f"{dim}={value}" for dim, value in sorted(row.items())) or "-"
    parts = (force.id, kind, f"{group}.{measure}", dims, area, direction or "-")
    return "/".join(each.replace("/", "_") for each in parts)


def said(
    force: Force, signal: Signal, kind: AlertKind, lookup: PeriodLookup, at: int
) -> tuple[str, ...]:
    """The sentences of a signal."""
    now = max(signal.end, at) if not signal.running else signal.end
    if kind == "level_change":
        return say.level(force, signal, now)
    answered = lookup.answered(signal) if "line" in signal.row else None
    mostly = lookup.mostly(signal) if signal.direction == "up" else None
    return say.volume(force, signal, now, answered, mostly)


def evidence(force: Force, s: Signal) -> Evidence:
    """The figures of a signal."""
    zone = force.zone
    return Evidence(
        observed=s.observed,
        expected=s.expected,
        lower=s.lower,
        upper=s.upper,
        probability=s.probability,
        ratio=s.ratio,
        numerator=None if s.cases is None else s.cases[0],
        denominator=None if s.cases is None else s.cases[1],
        before=s.before,
        after=s.after,
        method=s.method,
        period=s.period,
        start=stamp(s.start, zone),
        end=stamp(s.end, zone),
    )


def kind_of(signal: Signal) -> AlertKind:
    """A volume is of a count; a share or a duration that moves has a new level."""
    count = say.unit_of(signal.group, signal.measure) == "count"
    return "exceptional_volume" if count and signal.method != "level" else "level_change"


def severity_of(signal: Signal) -> Severity:
    """A rise within the hour wakes someone; all else can wait."""
    rises = signal.grain == "hour" and signal.direction == "up" and signal.polarity != "good"
    return "page" if rises and kind_of(signal) == "exceptional_volume" else "notice"


def worth(signal: Signal) -> bool:
    """Whether there is enough of it, and whether it is any news."""
    if say.unit_of(signal.group, signal.measure) != "count":
        # An answer rate within the hour is judged by calls (`streams.alerts.rules.conditions`).
        return signal.polarity != "good" and signal.grain != "hour"
    if signal.direction == "up":
        return signal.observed >= LEAST_UP
    return (signal.expected or 0.0) >= LEAST_DOWN


def inside(alert: Alert, reading: Signal) -> bool:
    """Whether a closed period is back in the usual range: for a level, in that of the old one."""
    old = alert.kind == "level_change"
    limits = alert.evidence if old else reading
    if limits.lower is None or limits.upper is None:
        return not reading.notify
    if alert.direction == "down":
        return reading.observed >= limits.lower
    return reading.observed <= limits.upper


def back(alert: Alert, reading: Signal) -> bool:
    """Whether a closed period counts towards the end of an alert: it is usual again. For a level it
    is inside the range of the old one and nearer to that than to the new, since a small change of
    level leaves most periods inside the old range.
    """
    before, after = alert.evidence.before, alert.evidence.after
    if not inside(alert, reading):
        return False
    if alert.kind != "level_change" or before is None or after is None:
        return True
    middle = (before + after) / 2
    return reading.observed <= middle if after > before else reading.observed >= middle


def usual_again(signal: Signal) -> bool:
    """Whether a volume of a closed period is inside the usual range, however high what came before
    adds up: nobody is told of `87, usually 65 to 92`."""
    if signal.running or signal.lower is None or signal.upper is None:
        return False
    if kind_of(signal) != "exceptional_volume":
        return False
    if signal.direction == "down":
        return signal.observed >= signal.lower
    return signal.observed <= signal.upper


def is_told(signal: Signal) -> bool:
    """Whether there is anything to tell of a signal whose rate is within what is allowed."""
    return worth(signal) and not usual_again(signal) and not contrary(signal)


def contrary(signal: Signal) -> bool:
    """Whether the figure belies the change of level that is found: it lies beyond its usual range
    on the other side (the rise of last year, of a month that has fallen), or nearer to the level
    before than to that since (the last days of a bad week that is over)."""
    if kind_of(signal) != "level_change":
        return False
    before, after = signal.before, signal.after
    levels = None if before is None or after is None else (before, after)
    if levels and abs(signal.observed - levels[0]) < abs(signal.observed - levels[1]):
        return True
    if signal.lower is None or signal.upper is None:
        return False
    if signal.direction == "down":
        return signal.observed > signal.upper
    return signal.observed < signal.lower


def alone(signal: Signal) -> bool:
    """Whether a period would raise an alert by itself, whatever came before it."""
    chance = signal.probability
    return chance is not None and chance * A_WEEK[signal.grain] <= signal.allowed
