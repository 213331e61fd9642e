"""What is known of the alerts of one force: the latest state of each, and the views that outputs
read. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import msgspec

from streams.alerts import words as say
from streams.alerts.actions import Request, act, coming_maintenance
from streams.alerts.feedback import feedback_of
from streams.alerts.model import (
    SEVERITIES,
    Alert,
    AlertOutcome,
    AlertSummary,
    AlertsView,
    Handover,
    Peak,
    Transition,
    ms_of,
)
from streams.alerts.peak import beyond
from streams.config.force import Force
from streams.errors import NoAlert
from streams.events.origin import NotLive
from streams.periods import DAY, to_ms
from streams.surveillance.feedback import ExcludedStretch, Feedback

WEEKS = 4
RECENT = DAY


def held_key(alert_id: str, feed: str) -> str:
    """What a feed of an alert is kept by in `AlertStore.holds_until` and `last_held_at`."""
    return f"{alert_id}#{feed}"


class AlertStore:
    """The alerts of one force, open and past, built from their transitions.

    Transitions may be applied in any order and more than once: of each alert the one of the highest
    rank is kept. So a restart applies all that were stored, and stands where it stood.
    """

    def __init__(self, force: Force) -> None:
        self.force = force
        self.generation = 0
        """Of the transitions that are made here (`Transition.generation`)."""
        self.alerts: dict[str, Alert] = {}
        self.ranks: dict[str, tuple[int, int]] = {}
        """By alert id, the rank of the transition that counts."""
        self.active: dict[tuple[object, ...], str] = {}
        """The ids, by `Alert.key`, of the alerts that are open, and of those that a person closed
        and that have not cleared since: what comes again belongs to them."""
        self.handed_over: dict[str, Handover] = {}
        self.notification_due: set[str] = set()
        """The ids of alerts of which people are still to be notified (`Alert.notification_due`)."""
        self.holds_until: dict[str, int] = {}
        """By alert id, or `held_key`, until when its condition is taken to hold; in ms."""
        self.last_held_at: dict[str, int] = {}
        """By the same, the last evaluation at which its condition held; in ms."""
        self.misdated: set[str] = set()
        """The ids of alerts that were opened by a clock that was ahead, and set back since."""
        self.peaks: dict[str, Peak] = {}
        """By alert id, a peak that no transition has yet: the next one takes it."""
        self.origin_of: Callable[[str], NotLive | None] = lambda _: None
        """What the records of a kind are, if not live; of a kind that is none, all of the force."""

    # -- what changes it -----------------------------------------------------------------------

    def apply(self, transition: Transition) -> None:
        """Applies a transition; one that is older than what is known changes nothing."""
        new = transition.alert
        old = self.alerts.get(new.id)
        if old is not None and self.ranks[new.id] >= transition.rank:
            return
        self.ranks[new.id] = transition.rank
        if new.peak is not msgspec.UNSET and self.peaks.get(new.id) == new.peak:
            del self.peaks[new.id]
        if old is not None and self.active.get(old.key) == old.id:
            del self.active[old.key]
        self.alerts[new.id] = new
        (self.notification_due.add if new.notification_due else self.notification_due.discard)(
            new.id
        )
        if new.open or not new.cleared:
            self.active[new.key] = new.id

    def to_store(self) -> list[Transition | Handover]:
        """What makes a store what this one is: of each alert how it stands, and the handovers."""
        alerts: list[Transition | Handover] = [
            Transition(
                what="updated", at=each.updated_at, generation=self.ranks[each.id][0], alert=each
            )
            for each in self.alerts.values()
        ]
        return alerts + list(self.handed_over.values())

    def forget(self) -> None:
        """Empties it: the alerts have been another's since, and what is known of them is old."""
        for held in (self.alerts, self.ranks, self.active, self.handed_over, self.holds_until):
            held.clear()
        for known in (self.last_held_at, self.peaks, self.notification_due, self.misdated):
            known.clear()

    def set_back(self, now: int) -> None:
        """The clock was set back to `now`: what held later than that holds now, for as long."""
        for alert, at in self.last_held_at.items():
            if at > now:
                self.holds_until[alert] -= at - now
                self.last_held_at[alert] = now
        opened = ((each, self.alerts[each].opened_at) for each in self.active.values())
        self.misdated |= {alert for alert, at in opened if to_ms(at) > now}

    def apply_handover(self, handover: Handover) -> None:
        """Adds a handover; the same one twice changes nothing."""
        self.handed_over[handover.key] = handover

    def decide(self, alert_id: str, asked: Request, at: int) -> Transition:
        """What becomes of an alert by what a person asks, which is not applied yet; raises
        `ActionError`, `NoAlert`."""
        alert = self.alerts.get(alert_id)
        if alert is None:
            raise NoAlert(f'there is no alert "{alert_id}"')
        if alert.open and alert_id in self.peaks:
            alert = msgspec.structs.replace(alert, peak=self.peaks[alert_id])
        return self.stamped(act(self.force, alert, asked, at))

    def act(self, alert_id: str, asked: Request, at: int) -> Transition:
        """Does what a person asks, where nothing has to be stored first; raises as `decide`."""
        transition = self.decide(alert_id, asked, at)
        self.apply(transition)
        return transition

    def stamped(self, transition: Transition) -> Transition:
        """A transition that is made here, with its generation."""
        if transition.generation == self.generation:
            return transition
        return msgspec.structs.replace(transition, generation=self.generation)

    def note_peak(self, alert_id: str, found: Peak | msgspec.UnsetType) -> None:
        """Notes a figure of an alert, which is kept where it is further out than the peak so
        far."""
        alert = self.alerts[alert_id]
        if beyond(found, self.peaks.get(alert_id, alert.peak), alert.direction) and alert.open:
            self.peaks[alert_id] = found

    def had_alert(self, at: int, direction: str | None, title: str) -> bool:
        """Whether an alert of that direction and title, or one that it joined, was open at an
        instant and has cleared since: then what is found anew there, as when a history is read
        again, opens none."""
        return any(
            alert.direction == direction
            and title in (alert.title, *alert.also)
            and to_ms(alert.opened_at) <= at < (ms_of(alert.cleared_at) or 0)
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
            maintenance=coming_maintenance(self.force, at),
        )

    def handovers(self, since: int, until: int) -> list[Handover]:
        """How the room was handed over, newest first."""
        found = [each for each in self.handed_over.values() if since <= to_ms(each.at) <= until]
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
                for name in (*get_args(AlertOutcome), "none")
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

    def feedback(self) -> Feedback:
        """The feedback of people on these alerts, for the baselines."""
        return feedback_of(self.alerts.values(), self.force)

    def excluded(self) -> list[ExcludedStretch]:
        """The stretches that are not to be learned from, in a fixed order."""
        return list(self.feedback().stretches)
