"""Plays a scenario through the monitor, its watches and its alerts, and holds what people are
notified of against the truth.

The force may be a smaller one and what is learned from shorter, so that a test takes seconds; the
telephones may be left out where a scenario has nothing to do with them. Incidents then come all the
same, as if opened otherwise.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import msgspec

from streams.alerts.model import Alert, Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.config.force import WHOLE, Force
from streams.config.truth import Truth
from streams.live import Live
from streams.periods import DAY, HOUR, to_ms
from streams.sources.simulator import (
    Profile,
    Scenario,
    find_scenario,
    profile_of,
    simulate_whole,
)
from streams.state.surveillance import watch_all

WEEK = 7 * DAY


@dataclass(frozen=True)
class Played:
    """What came of a scenario: the pages and notices that were opened since the first effect (where
    nothing is to be told, from the seventh week on), as they are at the end, and how many weeks
    that are."""

    scenario: Scenario
    force: Force
    notified: tuple[Alert, ...]
    weeks: float

    def about(self, name: str) -> list[Alert]:
        """The alerts about one of the truths, in time and of the right kind, the first first."""
        (truth,) = (each for each in self.scenario.truths if each.name == name)
        start, _ = truth.span(self.force.zone)
        return [
            alert
            for alert in self.notified
            if is_about(self.force, alert, truth) and opened(alert) - start <= truth.within
        ]

    def missed(self) -> list[str]:
        """The truths that must be found and were not."""
        truths = self.scenario.truths
        return [each.name for each in truths if not each.optional and not self.about(each.name)]

    def others(self) -> list[Alert]:
        """The alerts about nothing that the truth names."""
        return [
            alert
            for alert in self.notified
            if not any(is_about(self.force, alert, truth) for truth in self.scenario.truths)
        ]

    def allowed(self) -> float:
        """How many others the budget has for so many weeks, with its own scatter (two standard
        deviations of a Poisson count)."""
        mean = self.force.file.alerts.false_episodes_a_week * self.weeks
        return mean + 2.0 * math.sqrt(mean)


def is_about(force: Force, alert: Alert, truth: Truth) -> bool:
    """Whether an alert is about something that happened: of its series, or one above or below it,
    the same way, while it lasted, and of a right kind."""
    start, end = truth.span(force.zone)
    lately = end is None or opened(alert) < end + 2 * DAY
    if not start <= opened(alert) or not lately:
        return False
    if truth.alerts and alert.kind not in truth.alerts:
        return False
    if alert.kind == "feed_silent":
        return alert.measure.startswith(truth.kind)
    group, _, measure = (truth.measure or f"{alert.group}.{alert.measure}").partition(".")
    where = dict(truth.where)
    area = where.pop("area", WHOLE)
    row = dict(alert.row)
    return (
        (alert.group, alert.measure) == (group, measure)
        and alert.direction in (None, truth.direction)
        and RECORDS[alert.group] == truth.kind
        and (WHOLE in (area, alert.area) or nested(force, area, alert.area))
        and all(_nested_value(row.get(name, "all"), value) for name, value in where.items())
    )


RECORDS = {
    "attendance": "incident", "attendance_by_grade": "incident", "calls": "call", "crimes": "crime",
    "feeds": "", "incidents": "incident", "markers": "crime", "pipeline": "",
}  # fmt: skip


def nested(force: Force, one: str, other: str) -> bool:
    """Whether one area lies in the other."""
    chains = {chain[0]: chain for chain in force.rollup[1:]}
    return other in chains.get(one, ()) or one in chains.get(other, ())


def _nested_value(one: str, other: str) -> bool:
    return "all" in (one, other) or f"{one}.".startswith(f"{other}.") or other.startswith(f"{one}.")


def opened(alert: Alert) -> int:
    """When an alert was opened, in ms."""
    return to_ms(alert.opened_at)


def smaller(profile: Profile, size: float, *, calls: bool) -> Profile:
    """A profile of so much of its volumes, with or without the telephones."""
    people = round(profile.population / size)
    changed = msgspec.structs.replace(profile, population=people)
    if calls:
        return changed
    lines = {
        name: msgspec.structs.replace(getattr(profile.calls, name), a_day=0.0)
        for name in ("emergency", "other")
    }
    return msgspec.structs.replace(changed, calls=msgspec.structs.replace(profile.calls, **lines))


@dataclass(frozen=True, kw_only=True)
class How:
    """How a scenario is played. `size` is what the volumes of the force are multiplied by; with
    `calls` False no telephone rings; `since` and `until` are other days than the scenario's. For
    `live_days` from the day before the first effect on it is judged as a live monitor judges, each
    full minute and the hour that runs; else as each period closes."""

    size: float = 1.0
    calls: bool = True
    since: dt.date | None = None
    until: dt.date | None = None
    live_days: float = 0.0
    heartbeat_seconds: int = 300


def play(name: str, how: How) -> Played:
    """Plays a scenario to its end."""
    scenario = find_scenario(name)
    force = scenario.force(scenario.forces[0])
    begin, end = scenario.span(force)
    begin = begin if how.since is None else force.instant(how.since)
    end = end if how.until is None else force.instant(how.until)
    effects = scenario.effects(force)
    first = max(min(each.start for each in effects), begin)
    if not scenario.truths:
        first = begin + 6 * WEEK  # a watch by the hour judges from the fifth week on
    profile = smaller(profile_of(force), how.size, calls=how.calls)
    seconds = how.heartbeat_seconds
    events = simulate_whole(
        force, begin, end, scenario.seed, profile, effects, heartbeat_seconds=seconds
    )
    live_until = first + how.live_days * DAY
    made = list(transitions(force, events, (first - DAY, live_until) if how.live_days else None))
    told = [each for each in made if each.alert.severity != "state"]
    latest = {each.alert.id: each.alert for each in told}
    found = tuple(alert for alert in latest.values() if opened(alert) >= first)
    return Played(scenario, force, found, (end - first) / WEEK)


def transitions(
    force: Force, events: Iterator[tuple[int, bytes]], live_span: tuple[float, float] | None
) -> Iterator[Transition]:
    """What becomes of the alerts of a monitor that takes these events hour by hour."""
    live = Live(Monitor([force]), lambda: 0)
    watch_all(live.monitor)
    service = AlertService(live)
    for shard in live.monitor.shards:
        service.attach(shard)
    made: list[Transition] = []
    service.subscribe(made.extend)
    live.health.replay = True
    for hour, found in groupby(events, lambda event: event[0] // HOUR):
        until = (hour + 1) * HOUR
        lives = live_span is not None and live_span[0] <= until < live_span[1]
        live.health.state = "live" if lives else "behind"
        live.ingest(b"\n".join(line for _, line in found), until)
    assert not service.faults
    yield from made
