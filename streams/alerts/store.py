"""The alerts that are known, and what is read from them. Pure."""

from __future__ import annotations

from typing import get_args

from streams.alerts import actions as ownership
from streams.alerts import words as say
from streams.alerts.feedback import outcomes
from streams.alerts.model import (
    SEVERITIES,
    Alert,
    AlertSummary,
    AlertsView,
    Handover,
    Outcome,
    Transition,
    ms_of,
)
from streams.config.force import Force
from streams.periods import DAY, to_ms
from streams.surveillance.feedback import Outcomes, Stretch

WEEKS = 4
RECENT = DAY


class Book:
    """A fold of transitions."""

    def __init__(self, force: Force) -> None:
        self.force = force
        self.alerts: dict[str, Alert] = {}
        self.going: dict[tuple[object, ...], str] = {}
        """By key what is open, or closed by a person and not yet quiet since."""
        self.shifts: dict[str, Handover] = {}
        self.owed: set[str] = set()
        """Of which news is still to be told."""
        self.seen: dict[str, int] = {}
        """Until when each finding is taken to hold."""
        self.seen_at: dict[str, int] = {}
        """At which look it was last there."""

    # -- the fold ------------------------------------------------------------------------------

    def apply(self, transition: Transition) -> None:
        """Takes a transition in; one that is older than what is known changes nothing."""
        new = transition.alert
        old = self.alerts.get(new.id)
        if old is not None and old.revision >= new.revision:
            return
        if old is not None and self.going.get(old.key) == old.id:
            del self.going[old.key]
        self.alerts[new.id] = new
        (self.owed.add if new.owed else self.owed.discard)(new.id)
        if new.open or not new.over:
            self.going[new.key] = new.id

    def apply_shift(self, handover: Handover) -> None:
        """Takes a handover in."""
        self.shifts[handover.key] = handover

    def then(self, at: int, direction: str | None, title: str) -> bool:
        """Whether an alert that is over by now told of a direction of that title, or joined it, at
        an instant while it went on: as when a history is read again."""
        return any(
            alert.direction == direction
            and title in (alert.title, *alert.also)
            and to_ms(alert.opened_at) <= at < (ms_of(alert.over_at) or 0)
            for alert in self.alerts.values()
        )

    # -- reading -------------------------------------------------------------------------------

    def view(self, at: int) -> AlertsView:
        """The alerts of the board."""
        since = at - RECENT
        held = [a for a in self.alerts.values() if a.open]
        past = [a for a in self.alerts.values() if a.resolved_at and to_ms(a.resolved_at) >= since]
        held.sort(key=lambda a: (SEVERITIES.index(a.severity), -to_ms(a.opened_at), a.id))
        past.sort(key=lambda a: (-(ms_of(a.resolved_at) or 0), a.id))
        return AlertsView(
            open=held,
            recent=[a for a in past if not a.open],
            summary=self.summary(at),
            handovers=self.handovers(since, at),
            maintenance=ownership.coming_maintenance(self.force, at),
        )

    def handovers(self, since: int, until: int) -> list[Handover]:
        """How the room was handed over, newest first."""
        found = [each for each in self.shifts.values() if since <= to_ms(each.at) <= until]
        return sorted(found, key=lambda each: each.at, reverse=True)

    def counted(self, at: int) -> list[Alert]:
        """What the budget is spent on: pages and notices of the last four weeks."""
        since = at - WEEKS * 7 * DAY
        return [
            a
            for a in self.alerts.values()
            if a.severity != "state" and since <= to_ms(a.opened_at) <= at
        ]

    def summary(self, at: int) -> AlertSummary:
        """How many alerts there were, how many of them false, and how many were allowed."""
        made = self.counted(at)
        false = sum(a.outcome == "false" for a in made)
        budget = self.force.file.alerts.false_episodes_a_week * WEEKS
        return AlertSummary(
            weeks=WEEKS,
            alerts=len(made),
            false=false,
            outcomes={
                name: sum((a.outcome or "none") == name for a in made)
                for name in (*get_args(Outcome), "none")
            },
            budget=budget,
            words=say.summary(WEEKS, len(made), false, budget),
        )

    def history(self, since: int | None = None, state: str | None = None) -> list[Alert]:
        """All alerts, newest first; those that went on after `since`, or are in a state."""
        found = [
            a
            for a in self.alerts.values()
            if (state is None or a.state == state)
            and (since is None or a.open or (ms_of(a.resolved_at) or 0) >= since)
        ]
        return sorted(found, key=lambda a: (-to_ms(a.opened_at), a.id))

    def outcomes(self) -> Outcomes:
        """What is not to be learned from, and which levels are accepted."""
        return outcomes(self.alerts.values(), self.force)

    def not_normal(self) -> list[Stretch]:
        """Stretches that are not to be learned from: (series, from, to, outcome), in ms."""
        return list(self.outcomes().stretches)
