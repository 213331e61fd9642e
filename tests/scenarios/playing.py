"""Plays a scenario through the monitor, its watches and its alerts, and holds what people are
notified of against the truth as a backtest does.

The force may be a smaller one and what is learned from shorter, so that a test takes seconds; the
telephones may be left out where a scenario has nothing to do with them. Incidents then come all the
same, as if opened otherwise.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import msgspec

from streams.alerts.model import Alert, Transition
from streams.alerts.service import AlertService
from streams.backtest.known import known
from streams.backtest.model import SettingsResult
from streams.backtest.results import WEEK, Watches, Window, raised, result
from streams.backtest.settings import own
from streams.board.monitor import Monitor
from streams.config.force import Force
from streams.live import Live
from streams.periods import DAY, HOUR
from streams.sources.simulator import (
    Profile,
    Scenario,
    find_scenario,
    profile_of,
    simulate_whole,
)
from streams.state.surveillance import watch_all


@dataclass(frozen=True)
class Played:
    """What came of a scenario, as a backtest has it: alerts are counted from the first effect on
    (where nothing is to be told, from the seventh week on); and how each alert was at the end."""

    scenario: Scenario
    result: SettingsResult
    at_end: Mapping[str, Alert]
    weeks: float

    def about(self, name: str) -> list[Alert]:
        """The alerts about one of the truths, as they were at the end, the first first."""
        assert name in {each.name for each in self.scenario.truths}
        return [self.at_end[each.id] for each in self.result.alerts if each.truth == name]

    def not_found(self) -> list[str]:
        """The truths that must be found in time and were not."""
        return [
            each.name
            for each in self.result.truths
            if not each.optional and each.detection != "found"
        ]

    def others(self) -> list[Alert]:
        """The pages and notices about nothing that the truth names, as they were at the end."""
        return [
            self.at_end[each.id]
            for each in self.result.alerts
            if each.verdict == "false" and each.severity != "state"
        ]

    def allowed(self) -> float:
        """How many others the budget has for so many weeks, with its own scatter (two standard
        deviations of a Poisson count)."""
        mean = self.result.budget_a_week * self.weeks
        return mean + 2.0 * math.sqrt(mean)


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
    settings, window = own(force), Window(start=first, end=end, lag=0)
    truths = [known(each, force) for each in scenario.truths if each.force == force.id]
    found = result(settings, raised(settings, made, window), window, truths, Watches())
    return Played(scenario, found, {each.alert.id: each.alert for each in made}, window.weeks)


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
