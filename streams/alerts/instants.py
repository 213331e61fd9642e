"""The instants of event time at which the findings of a force are evaluated, one after the other.

They are each full minute, and each moment at which something is due: a caller or an emergency
passes its limit, a feed has been silent for too long. An instant is evaluated once all records up
to it have come, before the first record after it is counted; so the alerts are the same at full
speed, at any pace and live.

At full speed the minutes at which nothing can hold are passed over without a look: each rule says
until when it can't hold (`RuleSet.quiet_until`), what is due by the clock is known before, and
whatever comes that may bring something forward sets the clock (`EventClock`) anew. So the 525,600
minutes of a year cost what happens in them.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import maxsize
from typing import NamedTuple

from streams.alerts import rules
from streams.alerts.lifecycle import due_at
from streams.alerts.model import Alert
from streams.alerts.policy import refresh_at
from streams.alerts.rules import feed_silent
from streams.alerts.rules.ruleset import RuleSet
from streams.alerts.store import AlertStore, held_key
from streams.board.monitor import Monitor
from streams.fold.heartbeats import Heartbeats
from streams.periods import MINUTE


class SilentFeeds(NamedTuple):
    """The feeds that are silent at an instant, and when the next one will be; in ms."""

    feeds: frozenset[str]
    next: int


FindSilence = Callable[[int, frozenset[str]], SilentFeeds]
EvaluateAt = Callable[[int, bool], None]
"""Evaluates an instant; the second argument says whether it is a full minute."""


class Instants:
    """The instants of one force, evaluated in their order."""

    def __init__(
        self,
        monitor: Monitor,
        rules: RuleSet,
        store: AlertStore,
        find_silence: FindSilence,
        evaluate_at: EvaluateAt,
    ) -> None:
        self.monitor, self.rules, self.store = monitor, rules, store
        self._find_silence, self._evaluate_at = find_silence, evaluate_at
        self.at: int | None = None
        """The last instant that was evaluated or passed over, in ms; None while none is."""
        self._last = 0
        self._silence = SilentFeeds(frozenset(), 0)
        self._feeds = self._day_ends = 0
        self._beats: list[Heartbeats] = []
        self.next_change = 0
        """When an alert may next end or change, if nothing else happens; in ms."""
        self._silent: list[str] = []
        """The feeds that were silent at the last evaluation, by `held_key`; what is not known of
        them by the id of its alert."""
        self._marks: tuple[int, ...] = ()
        """How far each feed had come then."""

    def begin(self, at: int) -> None:
        """Starts after an instant, which is not evaluated itself."""
        self.at, self._last, self._silence = at, at, SilentFeeds(frozenset(), 0)
        self._day_ends = self._end_of_day(at)
        self.rules.bind(self.monitor)
        folds = [shard.folds.get(self.store.force.id) for shard in self.monitor.shards]
        self._beats = [fold for fold in folds if isinstance(fold, Heartbeats)]
        self.evaluated()

    def evaluate_until(self, until: int, held_back: frozenset[str], *, always: bool) -> int:
        """Evaluates the instants before `until`, and returns the next one. With `always` no full
        minute is passed over, since more is evaluated then than is known here (running hours)."""
        ruleset = self.rules
        self.at = until if self.at is None else self.at
        if not always:
            self.at = max(self.at, self._reached() - 1)  # nothing was due before
        while True:
            minute = (self.at // MINUTE + 1) * MINUTE
            if not always:
                minute = self._full_minute_due(minute)
            due, silence = ruleset.due(self.at, held_back), self._silence.next
            at = minute if due is None else min(minute, due)
            if silence < at:
                at = silence if silence > self.at else self.at + 1
            if at >= until:
                return at
            self.at = at
            if at == minute:
                worth_it = ruleset.may_hold(at, held_back) or always
                worth_it = worth_it or at >= min(self._day_ends, self.next_change)
                worth_it = self._heard_again(at) or worth_it
            else:
                worth_it = ruleset.overdue(at, held_back)
            if at >= self._silence.next or self._beating() != self._feeds:
                known, self._feeds = self._silence.feeds, self._beating()
                self._silence = self._find_silence(at, held_back)
                worth_it = worth_it or self._silence.feeds != known
            if worth_it:
                self._evaluate_at(at, at == minute)
                self._last = at
                self.evaluated()
            if at >= self._day_ends:
                self._day_ends = self._end_of_day(at)

    def _full_minute_due(self, minute: int) -> int:
        """The first full minute from one on at which anything may have to be evaluated, as far as
        is known, but for what becomes overdue or silent."""
        if self._silent or self._beating() != self._feeds or self.rules.overdue(self.at or 0):
            return minute
        known = min(self._day_ends, self.next_change)
        if known > minute:
            known = min(known, self.rules.quiet_until(minute))
        return max(minute, -(-known // MINUTE) * MINUTE)

    def _reached(self) -> int:
        """The latest event time that was counted, in ms."""
        return max(self._heard(), default=0)

    def evaluated(self) -> None:
        """Takes note of which alerts are open, after an evaluation or an action of a person."""
        going = [self.store.alerts[name] for name in self.store.active.values()]
        now = [alert for alert in going if alert.grain == "now"]
        seen, seen_at = self.store.holds_until, self.store.last_held_at
        silent = [key for a in now if a.kind == feed_silent.KIND for key in _held_keys(a)]
        self._silent = [key for key in silent if seen_at.get(key) == self._last]
        self._marks = self._heard() if self._silent else ()
        others = [alert.id for alert in now if alert.kind != feed_silent.KIND]
        others += [key for key in silent if key not in self._silent]
        ends = [seen.get(key, self._last) for key in others]
        held = [a for a in now if a.open and seen_at.get(a.id) == self._last]
        refreshes = [at for at in map(refresh_at, held) if at > self._last]
        # At the next full minute nothing of it may be found any more, which its words say.
        eases = [self._last + 1 for a in held if rules.eased(self.store.force, a, self._last)]
        self.next_change = min([*ends, *refreshes, *eases, *map(due_at, going)], default=maxsize)

    def _heard_again(self, at: int) -> bool:
        """Whether anything has come since feeds were silent; up to a minute ago they still were."""
        if not self._silent or self._heard() == self._marks:
            return False
        until, held_at = self.store.holds_until, self.store.last_held_at
        for key in self._silent:
            settle = until[key] - held_at[key]
            until[key], held_at[key] = at - MINUTE + settle, max(held_at[key], at - MINUTE)
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

    def _end_of_day(self, at: int) -> int:
        calendar = self.rules.context.calendar
        return calendar.end("day", calendar.start("day", at))


def _held_keys(alert: Alert) -> list[str]:
    """By what the feeds that an alert says to be silent are kept in the store."""
    feeds = feed_silent.still_silent(alert)
    return [held_key(alert.id, each.feed) for each in feeds] or [alert.id]
