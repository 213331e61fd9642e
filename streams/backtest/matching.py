"""Which alert is about which event of the truth. Pure.

An alert and an event belong together where they are of the same series, or one of an ancestor of
the other: the same measure (or both how many records there are), areas and values of which one lies
in the other, the same direction, and times that overlap: when an alert is opened says how late it
is, and not what it is about. Each event is found by one alert, and each alert finds one: as many
events as can be are found, those that must be before those that are optional, each by the first
alert that is left for it. A silent feed is a fall of all that is made from its records. An event
that began before alerts are counted may have been found then: what comes is about it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from streams.alerts.correlation.signals import above
from streams.alerts.rules.feed_silent import FEED_SILENT, FEEDS
from streams.backtest.known import Known
from streams.backtest.model import Detection, Verdict
from streams.config.force import WHOLE, Force
from streams.registry.dimensions import ALL
from streams.registry.registry import REGISTRY

VOLUMES = {(group.name, group.measures[0].name): group.kind for group in REGISTRY.groups}
"""By measure that says how many records there are in a table, their kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What of an alert says what it is about. It was opened `at`, about the time from `start` (its
    onset, or the beginning of its period) up to `end` (that of its period; of what holds at a
    moment, this moment). All in ms."""

    id: str
    kind: str
    group: str
    measure: str
    at: int
    start: int
    end: int
    row: Mapping[str, str]
    area: str = WHOLE
    direction: Literal["up", "down"] | None = None
    feeds: tuple[str, ...] = ()
    """Of an alert about silent feeds: all of it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What an alert is: of which event, by its place; and of a false one what was in the way."""

    verdict: Verdict
    event: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What became of an event: by which alert (its place), how long after its start (ms), and how
    many further alerts were about it."""

    detection: Detection
    alert: int | None = None
    delay: int | None = None
    more: int = 0


def match(
    alerts: Sequence[Opened], events: Sequence[Known], force: Force, *, counted_from: int = 0
) -> tuple[list[Judged], list[Found]]:
    """What each alert is, and what became of each event, in their orders. `counted_from` is when
    alerts begin to be counted, in ms."""
    before = {e for e, event in enumerate(events) if event.start < counted_from}
    about = {
        (a, e): differs(alert, event, force)
        for a, alert in enumerate(alerts)
        for e, event in enumerate(events)
        if event.start <= alert.at and not event.is_past(alert.start)
    }
    fits = [pair for pair, reason in about.items() if reason == ""]
    in_order = sorted(range(len(alerts)), key=lambda a: (alerts[a].at, alerts[a].id))
    finders = _assigned(
        sorted(
            set(range(len(events))) - before,
            key=lambda e: (events[e].truth.optional, events[e].start, e),
        ),
        {
            e: [a for a in in_order if (a, e) in fits and alerts[a].at <= events[e].latest]
            for e in range(len(events))
            if e not in before
        },
    )
    finds = {a: e for e, a in finders.items()}
    judged = []
    for a, alert in enumerate(alerts):
        if a in finds:
            judged.append(Judged("found", finds[a]))
            continue
        own = sorted(
            (e for e in range(len(events)) if (a, e) in fits), key=lambda e: -events[e].start
        )
        again = [e for e in own if e in finders or e in before]
        if again:
            judged.append(Judged("again", again[0]))
        elif own:
            judged.append(Judged("late", own[0]))
        else:
            near = [(e, reason) for (b, e), reason in about.items() if b == a and reason]
            e, reason = min(
                near, key=lambda each: alert.at - events[each[0]].start, default=(None, "")
            )
            why = "" if e is None else f"of {events[e].name}, but {reason}"
            judged.append(Judged("false", None, why))
    return judged, [
        Found("before", more=sum(each.event == e for each in judged))
        if e in before
        else _became(e, alerts, event, judged, finders)
        for e, event in enumerate(events)
    ]


def _became(
    e: int,
    alerts: Sequence[Opened],
    event: Known,
    judged: Sequence[Judged],
    finders: Mapping[int, int],
) -> Found:
    own = [a for a, each in enumerate(judged) if each.event == e]
    if e in finders:
        return Found("found", finders[e], alerts[finders[e]].at - event.start, len(own) - 1)
    if own:
        first = min(own, key=lambda a: alerts[a].at)
        return Found("late", first, alerts[first].at - event.start, len(own) - 1)
    return Found("silent" if event.truth.optional else "missed")


def _assigned(events: Sequence[int], ways: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Of each event that can be found the alert that finds it; `ways` are those that may, the best
    first. As many as can be: augmenting paths (Kuhn 1955, The Hungarian method)."""
    finds: dict[int, int] = {}

    def give(event: int, tried: set[int]) -> bool:
        for alert in ways[event]:
            if alert not in tried:
                tried.add(alert)
                if alert not in finds or give(finds[alert], tried):
                    finds[alert] = event
                    return True
        return False

    for event in events:
        give(event, set())
    return {event: alert for alert, event in finds.items()}


def differs(alert: Opened, event: Known, force: Force) -> str | None:
    """Empty where an alert says what an event is, whenever it was opened; None where it is about
    something else; in words what is other where it is about the same series only."""
    if not _same_series(alert, event, force):
        return None
    direction = "down" if alert.kind == FEED_SILENT.name else alert.direction
    if direction not in (None, event.truth.direction):
        return "in the other direction"
    if event.truth.alerts and alert.kind not in event.truth.alerts:
        return "of another kind of alert"
    if alert.start < event.start and alert.end <= event.start:
        return "of a time before it"
    if event.end is not None and alert.start >= event.end:
        return "of a time after it"
    return ""


def _same_series(alert: Opened, event: Known, force: Force) -> bool:
    if alert.kind == FEED_SILENT.name:
        feeds = alert.feeds or (alert.row.get("feed", alert.measure), alert.measure)
        return any(event.truth.kind in (feed, FEEDS.get(feed)) for feed in feeds)
    if event.truth.measure is None:
        group = next((each for each in REGISTRY.groups if each.name == alert.group), None)
        same = group is not None and group.kind == event.truth.kind
    else:
        group_name, _, measure = event.truth.measure.partition(".")
        same = _same_measure((alert.group, alert.measure), (group_name, measure))
    return (
        same
        and _nested_areas(force, alert.area, event.area)
        and _nested_rows(alert.row, event.where)
    )


def nested(one: Opened, other: Opened, force: Force) -> bool:
    """Whether two alerts are of the same series, or one of an ancestor of the other."""
    return (
        _same_measure((one.group, one.measure), (other.group, other.measure))
        and _nested_areas(force, one.area, other.area)
        and _nested_rows(one.row, other.row)
    )


def _same_measure(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two measures are the same, or both how many records of a kind there are."""
    return one == other or (one in VOLUMES and VOLUMES[one] == VOLUMES.get(other))


def _nested_areas(force: Force, one: str, other: str) -> bool:
    return one == other or one in above(force, other) or other in above(force, one)


def _nested_rows(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether the values of two rows are the same or lie in each other, as far as both have the
    dimension."""
    return all(_nested(one.get(name, ALL), value) for name, value in other.items())


def _nested(one: str, other: str) -> bool:
    """Whether a value is another, lies in it, or has it within."""
    return (
        ALL in (one, other)
        or one == other
        or one.startswith(f"{other}.")
        or other.startswith(f"{one}.")
    )
