"""The instants of event time at which a force is judged, one after the other.

They are each full minute, and each moment at which something is due: a caller or an emergency that
passes its limit, a feed whose silence becomes one. An instant is judged once all records up to it
have come, and before the first from after it counts: so the alerts are those of the log, at full
speed, at any pace and live. Instants at which nothing can have changed are passed over, which makes
a year's 525,600 minutes cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from sys import maxsize

from streams.alert_book import Book
from streams.alert_records import Alert
from streams.alert_rules import refresh_at
from streams.event_clock import EventClock
from streams.monitor import Monitor
from streams.periods import MINUTE
from streams.readings import Heartbeats
from streams.situation import Situation

NextSilence = Callable[[int, frozenset[str]], int]
"""From an instant: when a feed is silent that has not been, or that instant where one is."""
Judge = Callable[[int, bool], None]
"""Judges an instant; whether it is a full minute."""


class Instants:
    """Of one force."""

    def __init__(
        self, monitor: Monitor, situation: Situation, book: Book, silence: NextSilence, judge: Judge
    ) -> None:
        self.monitor, self.situation, self.book = monitor, situation, book
        self._next_silence, self._judge = silence, judge
        self.clock = EventClock(lambda _: None)
        self.at: int | None = None
        """The last that was judged or passed over; None before any."""
        self._silence = 0
        """Before this no feed is silent that is not."""
        self._next = 0
        """When an open alert that is judged now may end or change, though nothing else happens."""
        self._marks: tuple[int, ...] = ()
        self._silent: list[str] = []
        """Ids of the alerts of feeds that were silent at the last look, and what had come then."""

    def stop(self) -> None:
        """Nothing is judged until it begins again."""
        self.at, self.clock.due = None, maxsize

    def begin(self, at: int) -> None:
        """Judges an instant, and from there on."""
        self.at, self._silence, self._silent = at, 0, []
        self._judge(at, True)
        self.looked(at)
        self.clock.due = (at // MINUTE + 1) * MINUTE

    def reach(self, until: int, held_back: frozenset[str], *, always: bool) -> None:
        """Judges the instants before `until`. `always` is that full minutes are never passed over,
        since more is judged at them than is known here."""
        if self.at is None:
            return
        situation, monitor = self.situation, self.monitor
        day_ends = self._day_ends(self.at)
        while True:
            minute = (self.at // MINUTE + 1) * MINUTE
            due = situation.due(monitor, held_back)
            at = min(minute, max(self.at + 1, self._silence))
            if due is not None and self.at < due < at:
                at = due
            if at >= until:
                break
            self.at = at
            if at == minute:
                look = situation.stirs(monitor, at, held_back) or always
                look = look or at >= min(day_ends, self._next) or self._heard_again(at)
            else:
                look = situation.overdue(monitor, at, held_back)
            if at >= self._silence:
                self._silence = self._next_silence(at, held_back)
                look = look or (self._silence <= at and not self._silent)
            if look:
                self._judge(at, at == minute)
                self.looked(at)
            elif not always and situation.idle:
                self._pass_over(until, day_ends, held_back)
            if at >= day_ends:
                day_ends = self._day_ends(at)
        self.clock.due = at

    def looked(self, at: int) -> None:
        """Takes note of what is open after a look, or after whatever else changed that."""
        going = [self.book.alerts[name] for name in self.book.going.values()]
        now = [alert for alert in going if alert.grain == "now"]
        silent = [a for a in now if a.kind == "feed_silent" and self._is_held(a, at)]
        self._silent = [alert.id for alert in silent]
        self._marks = self._heard() if silent else ()
        ends = [self.book.seen.get(a.id, at) + 1 for a in now if a not in silent]
        self._next = min([*ends, *(refresh_at(alert) for alert in silent)], default=maxsize)

    def _is_held(self, alert: Alert, at: int) -> bool:
        """Whether the last look found that an alert goes on."""
        return self.book.seen.get(alert.id, 0) > at

    def _heard_again(self, at: int) -> bool:
        """Whether anything has come since feeds were silent; they were up to a minute ago."""
        if not self._silent or self._heard() == self._marks:
            return False
        for name in self._silent:
            settle = self.book.settles.get(name, 0)
            self.book.seen[name] = max(self.book.seen.get(name, 0), at - MINUTE + settle)
        return True

    def _heard(self) -> tuple[int, ...]:
        found: list[int] = []
        for shard in self.monitor.shards:
            taker = shard.takers.get(self.book.force.id)
            if isinstance(taker, Heartbeats):
                found += taker.latest.values()
            elif taker is not None:
                found.append(taker.watermark)
        return tuple(found)

    def _pass_over(self, until: int, day_ends: int, held_back: frozenset[str]) -> None:
        """Goes on to the last full minute before something may happen."""
        due = self.situation.due(self.monitor, held_back)
        nexts: Iterable[int] = (until, day_ends, self._next, self._silence, due or maxsize)
        first = min(each for each in nexts if each > (self.at or 0))
        self.at = max(self.at or 0, (first - 1) // MINUTE * MINUTE)

    def _day_ends(self, at: int) -> int:
        calendar = self.situation.calendar
        return calendar.end("day", calendar.start("day", at))
