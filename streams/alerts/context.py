"""What the rules of one force read: its ledgers, the windows of its answered calls, its alerts.

Whatever is judged at an instant is read here, so that a rule (`streams.alerts.rules`) says nothing
but what it judges. What only one rule keeps is kept by that rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from streams.alerts.answer_windows import AnswerWindows
from streams.alerts.model import Alert
from streams.alerts.usual_answers import WINDOWS
from streams.board.monitor import Monitor
from streams.board.rollup import Rollup
from streams.config.force import Force
from streams.fold.ledger import EventClock, Ledger
from streams.live import LostReceiver
from streams.periods import Calendar
from streams.registry.calls import CALL, CALLS
from streams.registry.incidents import ATTENDANCE, INCIDENT
from streams.registry.kind import Kind
from streams.registry.measures import Group
from streams.registry.registry import REGISTRY
from streams.surveillance.last_signs import LastSign
from streams.surveillance.signals import Signal

RECORDS = tuple(REGISTRY.kinds)
"""The kinds of record of which rules read the ledger."""


class PipelineHealth(NamedTuple):
    """How Watchroom itself does; ages in seconds."""

    behind_for: float = 0.0
    detail: str = ""
    checkpoint_age: float | None = None
    faults: int = 0
    fault_age: float | None = None
    """Of the latest fault of a detector or of the alerts themselves; None before any."""
    troubles: Mapping[str, str] = {}
    """Sentences with their cures, by `kind:subject` (`streams.live.Health`)."""
    lost_receivers: Mapping[str, LostReceiver] = {}
    """The addresses to which no notification can be sent, by the name of their channel."""


class RuleContext:
    """What is known of one force. `alerts` gives the alerts that there were."""

    def __init__(self, force: Force, alerts: Callable[[], Iterable[Alert]] = tuple) -> None:
        self.force, self.alerts = force, alerts
        self.calendar = Calendar(force.zone)
        self.calls = Rollup(CALLS, force, CALL)
        self.attendance = Rollup(ATTENDANCE, force, INCIDENT)
        self._rollups = {CALLS.name: self.calls, ATTENDANCE.name: self.attendance}
        self.ledgers: dict[str, Ledger] = {}
        """By kind of record, those that there are."""
        self._windows: AnswerWindows | None = None
        self.silent: tuple[Signal, ...] = ()
        """The feeds that are silent at the instant that is judged."""
        self.signs: Mapping[str, LastSign] = {}
        """The last signs of life of the feeds with heartbeats that are read up to now, by feed;
        empty where none is silent."""
        self.pipeline = PipelineHealth()
        """How the process does, as of its last look at itself."""
        self.clock: EventClock | None = None
        """Where open records say at which moment they pass their limit; None if nobody judges."""

    @property
    def windows(self) -> AnswerWindows:
        """How many calls each line answered in time over the minutes up to now; LookupError where
        there is no ledger of calls."""
        if self._windows is None:
            raise LookupError(f"no calls of {self.force.id} are read")
        return self._windows

    def rollup(self, group: Group, kind: Kind) -> Rollup:
        """The rows of a group."""
        found = self._rollups.get(group.name)
        if found is None:
            found = self._rollups[group.name] = Rollup(group, self.force, kind)
        return found

    def bind(self, monitor: Monitor) -> None:
        """Reads the ledgers that a monitor has now."""
        found = {kind: monitor.ledger(kind, self.force.id) for kind in RECORDS}
        self.ledgers = {kind: ledger for kind, ledger in found.items() if ledger is not None}
        calls = self.ledgers.get("call")
        if calls is None:
            self._windows = None
        elif self._windows is None or self._windows.ledger is not calls:
            self._windows = AnswerWindows(self.force, calls, max(WINDOWS))
