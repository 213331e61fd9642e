"""The alert book of a force: signals and findings in, transitions out. Pure; time is an argument.

`consider` decides what is opened, updated and resolved at one look (`streams.alerts.look`), and
what is told again; `act` does what a person asks. Both return transitions, which are facts: they
are stored once, and `apply` folds them into the book again, in any order, after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.alerts.actions import Request, act
from streams.alerts.look import Look
from streams.alerts.model import JUDGED_NOW, Alert, AlertKind, Transition
from streams.alerts.policy import NoLookup, PeriodLookup
from streams.alerts.rules.conditions import Finding
from streams.alerts.store import Book
from streams.errors import NoAlert
from streams.surveillance.signals import Signal

__all__ = ["Alert", "AlertBook", "NoLookup", "PeriodLookup", "Transition"]


class AlertBook(Book):
    """The alerts of one force, open and past."""

    def consider(
        self,
        signals: Iterable[Signal],
        findings: Iterable[Finding],
        at: int,
        lookup: PeriodLookup | None = None,
        *,
        judged: Iterable[AlertKind] = JUDGED_NOW,
        tell: bool = True,
        held_back: frozenset[str] = frozenset(),
    ) -> list[Transition]:
        """What becomes of the alerts. `judged` are the kinds that `findings` speak of at this
        look; `tell` False makes alerts of which nobody is told (of the past, or while behind).
        `held_back` are kinds of record, and `heartbeat.<feed>`, that are not read up to now: what
        is judged at a moment does not end for want of them, and nobody is reminded of it."""
        look = Look(self, at, lookup or NoLookup(), tell=tell, held_back=held_back)
        return look.take(list(signals), list(findings), frozenset(judged))

    def act(self, alert_id: str, asked: Request, at: int) -> Transition:
        """Does what a person asks; raises `ActionError`, `NoAlert`."""
        alert = self.alerts.get(alert_id)
        if alert is None:
            raise NoAlert(f'there is no alert "{alert_id}"')
        transition = act(self.force, alert, asked, at)
        self.apply(transition)
        return transition
