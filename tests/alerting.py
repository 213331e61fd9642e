"""Short ways to make signals and alert stores for tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.alerts.evaluation import evaluate
from streams.alerts.lookup import Answers, CountedPeriod, NoLookup
from streams.alerts.model import Alert, Evidence, Transition, instant
from streams.alerts.rules.base import Finding
from streams.alerts.service import AlertService
from streams.alerts.store import AlertStore
from streams.config.force import Force, check_force, find_force, shipped_force_text
from streams.live import Live
from streams.periods import Calendar, to_ms
from streams.surveillance.signals import Signal

WARWICKSHIRE = find_force("warwickshire")
ZONE = ZoneInfo("Europe/London")
CALENDAR = Calendar(ZONE)


def with_policy(policy: str) -> Force:
    """Warwickshire, with a policy of its alerts."""
    force, problems = check_force(shipped_force_text("warwickshire") + policy, "warwickshire.toml")
    assert force is not None, problems
    return force


def at(text: str) -> int:
    """A local time in ms: `2026-11-21 22:40`."""
    return to_ms(dt.datetime.fromisoformat(text).replace(tzinfo=ZONE))


class Known(NoLookup):
    """What can be looked up: the last signals of some series."""

    def __init__(
        self,
        *signals: Signal,
        answered: Answers | None = None,
        mostly: tuple[str, int] | None = None,
        wholly: dict[str, Any] | None = None,
        since_onset: Sequence[CountedPeriod] = (),
    ) -> None:
        self.signals = {signal.series: signal for signal in signals}
        self.calls, self.area, self.whole = answered, mostly, wholly
        self.of_change = since_onset

    def last(self, series: tuple[str, ...]) -> Signal | None:
        return self.signals.get(series)

    def since_onset(self, signal: Signal) -> Sequence[CountedPeriod]:
        return self.of_change

    def answered(self, signal: Signal) -> Answers | None:
        return self.calls

    def mostly(self, signal: Signal) -> tuple[str, int] | None:
        return self.area

    def wholly(self, signal: Signal) -> Signal | None:
        return None if self.whole is None else msgspec.structs.replace(signal, **self.whole)


def signal(when: str, **changes: Any) -> Signal:
    """An exceptional hour of 999 calls in Warwickshire."""
    grain = changes.get("grain", "hour")
    period = CALENDAR.holding(grain, at(when))
    fields: dict[str, Any] = {
        "force": "warwickshire",
        "kind": "call",
        "group": "calls",
        "measure": "offered",
        "row": {"line": "999"},
        "area": "force",
        "grain": grain,
        "period": period.label,
        "start": period.start,
        "end": period.end,
        "method": "surprise",
        "theme": "calls",
        "direction": "up",
        "polarity": "neutral",
        "observed": 21,
        "expected": 8.0,
        "lower": 3,
        "upper": 14,
        "rate": 0.001,
        "allowed": 0.01,
        "notify": True,
    }
    return Signal(**{**fields, **changes})


def quiet(when: str, **changes: Any) -> Signal:
    """A usual hour of the same."""
    return signal(when, **{"observed": 9, "notify": False, "rate": 20.0, **changes})


def incidents(area: str, observed: float, expected: float, **changes: Any) -> Signal:
    """A day of anti-social behaviour in an area."""
    spread = 1.28 * expected**0.5
    fields: dict[str, Any] = {
        "kind": "incident",
        "group": "incidents",
        "measure": "count",
        "row": {"category": "asb", "grade": "all"},
        "area": area,
        "grain": "day",
        "theme": "incidents.asb",
        "observed": observed,
        "expected": expected,
        "lower": expected - spread,
        "upper": expected + spread,
        "notify": observed > expected + 3 * expected**0.5,
        "direction": "up" if observed > expected else "down",
    }
    return signal("2026-11-20 00:00", **{**fields, **changes})


def store() -> AlertStore:
    """An empty alert store of Warwickshire."""
    return AlertStore(WARWICKSHIRE)


def words_of(finding: Finding | None) -> str:
    """The words of the alert that a finding opens, in the evening of 21 November 2026."""
    assert finding is not None
    made = evaluate(store(), [], [finding], at("2026-11-21 22:00"))
    return made[0].alert.words


def unattended(shown: Live, now: int, **changes: Any) -> str:
    """Gives a monitor of the tiny force alerts, one of them open; returns that alert's id."""
    shown.alerts = service = AlertService(shown)
    opened = instant(now - 720_000, ZONE)
    fields: dict[str, Any] = {
        "id": "tiny/unattended/now/north/up/2021-03-01T10:18:00Z",
        "force": "tiny",
        "kind": "unattended",
        "severity": "page",
        "group": "attendance",
        "measure": "unattended",
        "area": "north",
        "area_name": "North",
        "title": "Emergencies, North",
        "grain": "now",
        "opened_at": opened,
        "updated_at": opened,
        "words": "Emergencies unattended, North: 2.",
        "said": ("Emergencies unattended, North: 2.",),
        "evidence": Evidence(observed=2),
        **changes,
    }
    service.restore([Transition(what="opened", at=opened, alert=Alert(**fields))])
    return str(fields["id"])
