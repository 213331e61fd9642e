"""The rules of one force that are judged at instants, as one: when to look, and what is found.

A look costs little: what changes slowly is learned once a day, open records are known by the moment
at which they pass a limit (`streams.alerts.overdue`), and a rule says whether it may hold at all
before it is judged. `due`, `quiet_until`, `overdue` and `may_hold` say at which instants there may
be anything to judge; `streams.alerts.instants` goes from one of them to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sys import maxsize

from streams.alerts.context import PipelineHealth, RuleContext
from streams.alerts.overdue import Overdue
from streams.alerts.rules.base import AlertKind, Finding, InstantRule, Judged
from streams.board.monitor import Monitor
from streams.fold.ledger import Ledger
from streams.surveillance.last_signs import last_signs
from streams.surveillance.signals import Signal

NOTHING: frozenset[str] = frozenset()


class RuleSet:
    """Judges one force by the kinds of alert that are given."""

    def __init__(self, context: RuleContext, kinds: Sequence[AlertKind]) -> None:
        self.context = context
        self._judged: dict[InstantRule, Judged] = {
            make(context): kind.judged for kind in kinds for make in kind.rules
        }
        self.rules = tuple(self._judged)
        self._any_minute = [rule for rule in self.rules if rule.any_minute]
        self._followed: dict[InstantRule, Ledger] = {}
        self._learned: dict[InstantRule, int] = {}
        """The day of which the morning was taken for what is usual."""
        self._waiting: list[tuple[str, Overdue]] = []
        """The open records that are followed, by the kind of record."""

    # -- what holds ----------------------------------------------------------------------------

    def evaluate(
        self,
        monitor: Monitor,
        at: int,
        silent: Sequence[Signal],
        held_back: frozenset[str] = NOTHING,
        *,
        full: bool = True,
    ) -> list[Finding]:
        """Everything that holds at an instant. Of kinds of record that are `held_back`, since they
        are not read up to now, nothing is judged nor remembered; `silent` are the feeds that are;
        `full` is whether it is a full minute."""
        self.context.silent = tuple(silent)
        self.context.signs = (
            last_signs(monitor, self.context.force, at, held_back) if silent else {}
        )
        self.bind(monitor)
        self.learn(at, held_back)
        when: tuple[Judged, ...] = ("instant", "minute") if full else ("instant",)
        judged = (rule for rule in self._reading(held_back) if self._judged[rule] in when)
        return [finding for rule in judged for finding in rule.judge(at)]

    def of_day(self, monitor: Monitor, records: str, at: int) -> list[Finding]:
        """What is judged of a kind of record as a day of it has closed, at an instant."""
        self.bind(monitor)
        daily = (r for r in self._reading(NOTHING) if r.daily and r.records == records)
        return [finding for rule in daily for finding in rule.judge(at)]

    def of_process(self, health: PipelineHealth, at: int) -> list[Finding]:
        """What is wrong with Watchroom itself."""
        self.context.pipeline = health
        judged = (rule for rule in self.rules if self._judged[rule] == "process")
        return [finding for rule in judged for finding in rule.judge(at)]

    # -- what is read --------------------------------------------------------------------------

    def bind(self, monitor: Monitor) -> None:
        """Follows the ledgers that a monitor has now."""
        self.context.bind(monitor)
        for rule in self.rules:
            ledger = self.context.ledgers.get(rule.records)
            if ledger is None:
                self._followed.pop(rule, None)
            elif self._followed.get(rule) is not ledger:
                self._followed[rule] = ledger
                self._learned.pop(rule, None)
                rule.follow(ledger)
        self._follow_waiting()

    def learn(self, at: int, held_back: frozenset[str] = NOTHING) -> None:
        """Takes in what was usual up to the start of the day of an instant; once a day."""
        day = self.context.calendar.start("day", at)
        for rule in self._reading(held_back):
            if rule.records and self._learned.get(rule) != day:
                self._learned[rule] = day
                rule.learn(day, at)
        self._follow_waiting()  # what is usual says what is followed

    def _follow_waiting(self) -> None:
        found = [(rule.records, rule.overdue) for rule in self._followed]
        self._waiting = [(of, overdue) for of, overdue in found if overdue is not None]

    def _reads(self, rule: InstantRule, held_back: frozenset[str]) -> bool:
        """Whether a rule can be judged."""
        return not rule.records or (rule in self._followed and rule.records not in held_back)

    def _reading(self, held_back: frozenset[str]) -> Iterator[InstantRule]:
        return (rule for rule in self.rules if self._reads(rule, held_back))

    # -- when to look --------------------------------------------------------------------------

    def due(self, after: int, held_back: frozenset[str] = NOTHING) -> int | None:
        """The next moment after an instant at which an open record passes its limit."""
        first = None
        for records, overdue in self._waiting:
            due = None if records in held_back else overdue.due(after)
            if due is not None and (first is None or due < first):
                first = due
        return first

    def overdue(self, at: int, held_back: frozenset[str] = NOTHING) -> bool:
        """Whether an open record has passed its limit at an instant."""
        for records, overdue in self._waiting:
            if records not in held_back and overdue.any_late(at):
                return True
        return False

    def may_hold(self, at: int, held_back: frozenset[str] = NOTHING) -> bool:
        """Whether anything may hold at a full minute: where not, a look would find nothing."""
        for rule in self._any_minute:
            if self._reads(rule, held_back) and rule.may_hold(at):
                return True
        return self.overdue(at, held_back)

    def quiet_until(self, at: int) -> int:
        """The first full minute from one on at which anything may hold, as far as is known, but for
        what is overdue; no kind of record being held back."""
        asked = [rule.quiet_until(at) for rule in self._any_minute if self._reads(rule, NOTHING)]
        return min(asked, default=maxsize)
