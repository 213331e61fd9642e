"""How things stand now, read from the ledgers for the rules of `streams.conditions`. Pure.

What changes slowly (the force's own waits and rates of the last weeks) is read once an hour.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

from streams import conditions as rules
from streams import waits
from streams.answering import EMERGENCY, OTHER, Answering
from streams.conditions import Condition, Doing, Rate
from streams.force import WHOLE, Force, Target
from streams.histogram import value_of
from streams.ledger import Ledger
from streams.measures import ATTENDANCE, CALLS, Group
from streams.monitor import Monitor
from streams.panes import Pane
from streams.periods import DAY, HOUR, MINUTE, SECOND, Calendar
from streams.records import BIN_SHIFT, LEAF_MASK, Kind
from streams.records.calls import Calls
from streams.records.incidents import Incidents
from streams.rollup import Key, Rollup
from streams.signals import Signal
from streams.waits import Queue, Waits

WINDOWS = tuple(EMERGENCY)
"""Minutes over which an answer rate is looked at; those with too few calls are passed over."""
OWN = waits.OWN_WEEKS * 7 * DAY


class Situation:
    """Reads one force."""

    def __init__(self, force: Force) -> None:
        self.force = force
        self.calendar = Calendar(force.zone)
        self.calls = Rollup(CALLS, force, Calls(force))
        self.attendance = Rollup(ATTENDANCE, force, Incidents(force))
        self._rollups = {CALLS.name: self.calls, ATTENDANCE.name: self.attendance}
        self._hours: dict[str, int] = {}
        self._day = -1
        self._waits: dict[str, Waits] = {}
        self._response = Waits()
        self._answering = Answering(
            self.calendar,
            {line.id: OTHER if n else EMERGENCY for n, line in enumerate(force.lines)},
        )
        self._missed: list[Condition] = []

    def rollup(self, group: Group, kind: Kind) -> Rollup:
        """The rows of a group."""
        found = self._rollups.get(group.name)
        if found is None:
            found = self._rollups[group.name] = Rollup(group, self.force, kind)
        return found

    def look(
        self,
        monitor: Monitor,
        at: int,
        silent: list[Signal],
        doing: Doing,
        held_back: frozenset[str] = frozenset(),
    ) -> list[Condition]:
        """Everything that holds now; of kinds of record that are `held_back`, since they are not
        read up to now, nothing is judged nor remembered."""
        found: list[Condition | None] = [
            *rules.silent_feeds(self.force, silent),
            *rules.pipeline_unwell(self.force, doing, at),
        ]
        ledger = monitor.ledger("call", self.force.id)
        if ledger is not None and "call" not in held_back:
            self._learn_calls(ledger, at)
            found += [*self.targets(monitor, at), *self._calls(ledger, at)]
        ledger = monitor.ledger("incident", self.force.id)
        if ledger is not None and "incident" not in held_back:
            self._learn_incidents(ledger, at)
            found.append(self._emergencies(ledger, at))
        return [condition for condition in found if condition is not None]

    def targets(self, monitor: Monitor, at: int) -> list[Condition]:
        """Targets that have been missed in each of the last four weeks, up to this morning."""
        until = self.calendar.start("day", at)
        ledger = monitor.ledger("call", self.force.id)
        if ledger is not None and until != self._day:
            self._day, self._missed = until, self._targets(ledger, until)
        return self._missed

    # -- parts ---------------------------------------------------------------------------------

    def _new_hour(self, ledger: Ledger, at: int) -> int | None:
        """The hour of an instant, the first time that a kind of record is looked at in it."""
        hour, kind = self.calendar.start("hour", at), ledger.kind.name
        if self._hours.get(kind) == hour:
            return None
        self._hours[kind] = hour
        return hour

    def _learn_calls(self, ledger: Ledger, at: int) -> None:
        if (hour := self._new_hour(ledger, at)) is not None:
            pane = ledger.panes.between(self.calendar.start("day", at - OWN), hour)
            self._waits = {key[0]: found for key, found in _waits(self.calls, pane).items()}
            self._answering.learn(partial(self._rates, ledger), hour)

    def _learn_incidents(self, ledger: Ledger, at: int) -> None:
        if (hour := self._new_hour(ledger, at)) is not None:
            pane = ledger.panes.between(self.calendar.start("day", at - OWN), hour)
            self._response = _waits(self.attendance, pane).get((WHOLE,), Waits())

    def _rates(self, ledger: Ledger, start: int, end: int) -> dict[str, Rate]:
        """The service level of the whole force by line."""
        found = {}
        for row in self.calls.rows(ledger.panes.between(start, end)):
            level: Any = row["service_level"]
            if row["area"] == WHOLE:
                found[str(row["line"])] = Rate(level["numerator"], level["denominator"])
        return found

    def _calls(self, ledger: Ledger, at: int) -> list[Condition | None]:
        force, found = self.force, list[Condition | None]()
        stock = {r["line"]: r for r in self._stock(self.calls, ledger, at) if r["area"] == WHOLE}
        end = at // MINUTE * MINUTE
        windows = {n: self._rates(ledger, end - n * MINUTE, end) for n in WINDOWS}
        nothing = Rate(0, 0)
        for line in force.lines:
            seconds, share = held(force, line.targets, at)
            row = stock.get(line.id, {})
            limit = waits.waiting_limit(
                force.file.alerts.waiting_seconds.get(line.id),
                seconds,
                self._waits.get(line.id, Waits()),
            )
            people, oldest = row.get("waiting", 0), row.get("oldest_waiting")
            late = oldest is not None and oldest > limit
            beyond = self._beyond(ledger, line.id, limit, at) if late else 0
            queue = Queue(people, oldest, beyond)
            found.append(waits.callers_waiting(force, line.id, queue, limit, seconds, at))
            if share is not None:
                mine = {n: rates.get(line.id, nothing) for n, rates in windows.items()}
                own = {n: self._answering.usual(line.id, n, end) for n in WINDOWS}
                found.append(rules.answer_rate(force, line.id, mine, own, share, seconds, at))
        return found

    def _beyond(self, ledger: Ledger, line: str, limit: float, at: int) -> int:
        """How many callers on a line have waited longer."""
        kind, count = self.calls.kind, 0
        for body in ledger.open.values():
            contribution = kind.contribution(body)
            if contribution is not None and (line, WHOLE) in self.calls.keys(contribution[2]):
                count += limit < (at - contribution[0]) / SECOND <= kind.lost_after(body) / SECOND
        return count

    def _emergencies(self, ledger: Ledger, at: int) -> Condition | None:
        force = self.force
        standard, _ = held(force, force.file.attendance.targets, at)
        limit = waits.unattended_limit(
            force.file.alerts.unattended_seconds, standard, self._response
        )
        rows = self._stock(self.attendance, ledger, at)
        row = next((each for each in rows if each["area"] == WHOLE), {})
        return waits.unattended(
            force, row.get("unattended", 0), row.get("oldest_unattended"), limit, at
        )

    def _stock(self, rollup: Rollup, ledger: Ledger, at: int) -> list[dict[str, Any]]:
        return rollup.stock(ledger.open.values(), at)

    def _targets(self, ledger: Ledger, until: int) -> list[Condition]:
        edges = [
            self.calendar.start("day", until - 7 * DAY * n + 12 * HOUR)
            for n in range(rules.WEEKS, -1, -1)
        ]
        weeks = [self._rates(ledger, start, end) for start, end in pairwise(edges)]
        found = []
        for line in self.force.lines:
            seconds, share = held(self.force, line.targets, until)
            mine = [week.get(line.id, Rate(0, 0)) for week in weeks]
            if share is not None:
                missed = rules.target_missed(self.force, line.id, mine, share, seconds, until)
                found += [missed] if missed is not None else []
        return found


def held(force: Force, targets: list[Target], at: int) -> tuple[int, float | None]:
    """The limit in seconds and the share that hold at an instant."""
    steps = force.steps(targets)
    _, limit, share = next((step for step in steps if at >= step[0]), steps[-1])
    return limit // 1000, share


def _waits(rollup: Rollup, pane: Pane) -> dict[Key, Waits]:
    """The waits by row of the whole force."""
    bins: dict[Key, dict[int, int]] = {}
    for key, value in pane.items():
        if key > LEAF_MASK:
            for row in rollup.keys(key & LEAF_MASK):
                if row[-1] == WHOLE:
                    into = bins.setdefault(row, {})
                    index = (key >> BIN_SHIFT) - 1
                    into[index] = into.get(index, 0) + value
    return {
        row: Waits((value_of(index), count) for index, count in found.items())
        for row, found in bins.items()
    }
