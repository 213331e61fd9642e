"""The instants of event time at which a force is judged, one after the other.

They are each full minute, and each moment at which something is due: a caller or an emergency that
passes its limit, a feed whose silence becomes one. An instant is judged once all records up to it
have come, and before the first from after it counts: so the alerts are those of the log, at full
speed, at any pace and live. Instants at which nothing can have changed are passed over, which makes
a year's 525,600 minutes cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import maxsize
from typing import NamedTuple

from streams.alerts.model import Alert
from streams.alerts.policy import refresh_at
from streams.alerts.rules import feed_silent
from streams.alerts.rules.ruleset import RuleSet
from streams.alerts.store import AlertStore
from streams.board.monitor import Monitor
from streams.fold.heartbeats import Heartbeats
from streams.periods import MINUTE


class Silence(NamedTuple):
    """The feeds that are silent at an instant, and when the next one will be; in ms."""

    feeds: frozenset[str]
    next: int


Listen = Callable[[int, frozenset[str]], Silence]
Judge = Callable[[int, bool], None]
"""Judges an instant; whether it is a full minute."""


class Instants:
    """Of one force."""

    def __init__(
        self,
        monitor: Monitor,
        rules: RuleSet,
        store: AlertStore,
        listen: Listen,
        judge: Judge,
    ) -> None:
        self.monitor, self.rules, self.store = monitor, rules, store
        self._listen, self._judge = listen, judge
        self.at: int | None = None
        """The last that was judged or passed over; None while nothing is judged."""
        self._looked = 0
        self._silence = Silence(frozenset(), 0)
        self._feeds = self._day_ends = 0
        self._beats: list[Heartbeats] = []
        self._next = 0
        """When an open alert that is judged now may end or change, though nothing else happens."""
        self._silent: list[Alert] = []
        """Of feeds that were silent at the last look."""
        self._marks: tuple[int, ...] = ()
        """What had come then."""

    def begin(self, at: int) -> None:
        """Goes on from an instant, of which nothing is judged any more."""
        self.at, self._looked, self._silence = at, at, Silence(frozenset(), 0)
        self._day_ends = self._end_of_day(at)
        self.rules.bind(self.monitor)
        folds = [shard.folds.get(self.store.force.id) for shard in self.monitor.shards]
        self._beats = [fold for fold in folds if isinstance(fold, Heartbeats)]
        self.looked()

    def reach(self, until: int, held_back: frozenset[str], *, always: bool) -> int:
        """Judges the instants before `until`, and returns the next one. `always` is that no full
        minute is passed over, since more is judged at it than is known here."""
        rules = self.rules
        self.at = until if self.at is None else self.at
        while True:
            at = minute = (self.at // MINUTE + 1) * MINUTE
            due, silence = rules.due(self.at, held_back), self._silence.next
            if due is not None and due < at:
                at = due
            if silence < at:
                at = silence if silence > self.at else self.at + 1
            if at >= until:
                return at
            self.at = at
            if at == minute:
                look = rules.may_hold(at, held_back) or always
                look = look or at >= min(self._day_ends, self._next)
                look = self._heard_again(at) or look
            else:
                look = rules.overdue(at, held_back)
            if at >= self._silence.next or self._beating() != self._feeds:
                known, self._feeds = self._silence.feeds, self._beating()
                self._silence = self._listen(at, held_back)
                look = look or self._silence.feeds != known
            if look:
                self._judge(at, at == minute)
                self._looked = at
                self.looked()
            elif not always and rules.idle:
                self._pass_over(until, held_back)
            if at >= self._day_ends:
                self._day_ends = self._end_of_day(at)

    def looked(self) -> None:
        """Takes note of what is open after a look, or after whatever else changed that."""
        going = [self.store.alerts[name] for name in self.store.active.values()]
        now = [alert for alert in going if alert.grain == "now"]
        seen, seen_at = self.store.holds_until, self.store.last_held_at
        self._silent = [
            a for a in now if a.kind == feed_silent.KIND and seen_at.get(a.id) == self._looked
        ]
        self._marks = self._heard() if self._silent else ()
        ends = [seen.get(alert.id, self._looked) for alert in now if alert not in self._silent]
        refreshes = [refresh_at(alert) for alert in self._silent if alert.open]
        self._next = min([*ends, *refreshes], default=maxsize)

    def _heard_again(self, at: int) -> bool:
        """Whether anything has come since feeds were silent; up to a minute ago they still were."""
        if not self._silent or self._heard() == self._marks:
            return False
        for alert in self._silent:
            settle = self.store.holds_until[alert.id] - self.store.last_held_at[alert.id]
            self.store.holds_until[alert.id] = at - MINUTE + settle
        self._silence = self._silence._replace(next=at)
        return True

    def _heard(self) -> tuple[int, ...]:
        found: list[int] = []
        for shard in self.monitor.shards:
            fold = shard.folds.get(self.store.force.id)
            if isinstance(fold, Heartbeats):
                found += fold.latest.values()
            elif fold is not None:
                found.append(fold.watermark)
        return tuple(found)

    def _beating(self) -> int:
        """How many feeds with heartbeats are known."""
        return sum([len(fold.latest) for fold in self._beats])

    def _pass_over(self, until: int, held_back: frozenset[str]) -> None:
        """Goes on to the last full minute before something may happen."""
        at = self.at or 0
        due = self.rules.due(at, held_back) or maxsize
        first = min(
            until, due, *(n for n in (self._day_ends, self._next, self._silence.next) if n > at)
        )
        self.at = max(at, (first - 1) // MINUTE * MINUTE)

    def _end_of_day(self, at: int) -> int:
        calendar = self.rules.context.calendar
        return calendar.end("day", calendar.start("day", at))
