"""Records that are not counted in panes: readings (a figure as reported) and heartbeats."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from streams.config.force import Force
from streams.errors import Refused
from streams.events.schema import Heartbeat, Reading
from streams.fold.event_clock import EventClock
from streams.fold.heartbeats import Span, keep, usual_interval
from streams.fold.totals import CallTotals, Order, Place, Total, read_total
from streams.periods import DAY, SECOND, Calendar, Period, to_ms
from streams.registry.kind import SKEW, require

MOST_READINGS = 500_000
MOST_FEEDS = 200
LONGEST_INTERVAL = 7 * DAY / SECOND
"""Heartbeats further apart say nothing; in seconds."""
KEPT_BEATS = 8
"""Newest heartbeats of a feed that are kept: from their gaps its interval is learned."""

Beat = tuple[int, float]
"""When a feed said that it is alive, in ms, and how many seconds apart it said that it does; 0
where it did not say."""

_canonical = msgspec.json.Encoder(order="deterministic").encode


class Readings:
    """The winning version of every reading of one force; the largest Order wins."""

    def __init__(self, force: Force) -> None:
        self.force = force
        self.calendar = Calendar(force.zone)
        self.totals = CallTotals()
        """Of the entries, those that count calls."""
        self.entries: dict[str, tuple[Order, Reading]] = {}
        self._plain: set[str] = set()
        """The ids of the others, deleted ones left out."""
        self.dirty: set[str] | None = None
        self.watermark = 0
        self.lines = 0
        self.clock: EventClock | None = None
        """Told of the event time of a version before it is taken."""
        self.new = 0
        """Lines that were the first of their id."""

    def taken(self) -> dict[str, int]:
        """How many lines were taken, and how many records it holds."""
        return {"taken": self.lines, "records": len(self.entries)}

    def add(self, event: Reading, appended: int) -> None:
        """Folds one version of a reading; raises `Refused`."""
        updated = to_ms(event.updated_at)
        if updated > appended + SKEW:
            raise Refused("in_the_future", "updated_at is later than the event was received")
        total = None if event.deleted else self._judge(event)
        if self.clock is not None and updated > self.clock.due:
            self.clock.reach(updated)
        order = order_of(event)
        held = self.entries.get(event.id)
        if held is None and len(self.entries) >= MOST_READINGS:
            raise Refused("ledger_full", f"more than {MOST_READINGS} readings")
        self.new += held is None
        if held is None or order > held[0]:
            self._replace(event, order, total)
            if self.dirty is not None:
                self.dirty.add(event.id)
        self.watermark = max(self.watermark, updated)
        self.lines += 1

    def restore(self, events: Iterable[Reading], *, watermark: int, lines: int) -> None:
        """Puts a checkpoint back into empty readings."""
        for event in events:
            total = None if event.deleted else self._judge(event)
            self._replace(event, order_of(event), total)
        self.watermark, self.lines = watermark, lines

    def _replace(self, event: Reading, order: Order, total: tuple[Place, Total] | None) -> None:
        self.entries[event.id] = (order, event)
        if total is not None:
            self._plain.discard(event.id)
            self.totals.put(event.id, total[0], order, total[1])
            return
        self.totals.drop(event.id)
        if event.deleted:
            self._plain.discard(event.id)
        else:
            self._plain.add(event.id)

    def _judge(self, event: Reading) -> tuple[Place, Total] | None:
        """The total that a reading is, if it is one; raises `Refused` for what makes no sense."""
        for field in ("measure", "period"):
            if getattr(event, field) is None:
                raise require(field)
        of_parts = event.numerator is not None and event.denominator is not None
        if (event.value is not None) + of_parts + (event.counts is not None) != 1:
            raise Refused("wrong_form", "give a value, a numerator and a denominator, or counts")
        if event.area is not None and event.area.casefold() not in self.force.area_index:
            raise Refused("unknown_area", f'"{event.area}" is no area of {self.force.name}')
        if event.line is not None and event.line not in self.force.line_index:
            raise Refused("unknown_line", f'"{event.line}" is no line of {self.force.name}')
        period = self._period(event.period or "")
        return None if event.counts is None else read_total(self.force, event, period)

    def _period(self, label: str) -> Period | None:
        """The period of a label; None for a calendar year, which no figure has."""
        if len(label) == len("2021"):
            return None
        try:
            return self.calendar.parse(label)
        except (ValueError, OverflowError):
            raise Refused(
                "impossible_date",
                f'period "{label}" is no day or hour in {self.force.file.timezone}',
            ) from None

    def winners(self) -> list[tuple[str, Reading]]:
        """The label of its period and the reading, one for each (measure, area, line, period), in
        the order of these; the largest Order among its ids. Totals of calls are not among them:
        they stand in the figures."""
        best: dict[tuple[str, str, str, str], tuple[Order, Reading]] = {}
        for order, event in map(self.entries.__getitem__, self._plain):
            period = event.period or ""
            if "T" in period:  # one hour may be written in several ways
                period = self.calendar.parse(period).label
            key = (event.measure or "", event.area or "", event.line or "", period)
            if key not in best or order > best[key][0]:
                best[key] = (order, event)
        return [(key[-1], best[key][1]) for key in sorted(best)]


def order_of(event: Reading) -> Order:
    """What decides among the versions of a reading: the largest wins."""
    updated = to_ms(event.updated_at)
    return (updated if event.version is None else event.version, updated, _canonical(event))


class Heartbeats:
    """The latest heartbeat of each feed of one force, in ms, and the few before it.

    Kept are the newest instants, each once, so the order of arrival and repeats change nothing.
    """

    def __init__(self) -> None:
        self.latest: dict[str, int] = {}
        self.beats: dict[str, list[Beat]] = {}
        """By feed the newest heartbeats, oldest first."""
        self.heard: dict[str, list[Span]] = {}
        """By feed the stretches of time through which it beat (`beats.keep`)."""
        self.lines = 0
        self.clock: EventClock | None = None
        """Told of the instant of a heartbeat before it is taken."""

    def taken(self) -> dict[str, int]:
        """How many heartbeats were taken, and from how many feeds."""
        return {"taken": self.lines, "records": len(self.latest)}

    def add(self, event: Heartbeat, appended: int) -> None:
        """Takes a heartbeat; raises `Refused`."""
        at = to_ms(event.at)
        if at > appended + SKEW:
            raise Refused("in_the_future", "at is later than the heartbeat was received")
        if event.feed not in self.latest and len(self.latest) >= MOST_FEEDS:
            raise Refused("too_many_feeds", f"more than {MOST_FEEDS} feeds")
        if self.clock is not None and at > self.clock.due:
            self.clock.reach(at)
        if at > self.latest.get(event.feed, 0):
            self.latest[event.feed] = at
        keep(self.heard.setdefault(event.feed, []), at)
        every = event.every_seconds or 0.0
        self._keep(event.feed, (at, every if 0.0 < every <= LONGEST_INTERVAL else 0.0))
        self.lines += 1

    def _keep(self, feed: str, beat: Beat) -> None:
        held = self.beats.setdefault(feed, [])
        place = bisect_left(held, (beat[0],))
        if place < len(held) and held[place][0] == beat[0]:
            held[place] = max(held[place], beat)
        elif place or len(held) < KEPT_BEATS:
            held.insert(place, beat)
            del held[:-KEPT_BEATS]

    def restore(
        self,
        latest: dict[str, int],
        beats: dict[str, list[Beat]],
        heard: dict[str, list[Span]],
        lines: int,
    ) -> None:
        """Puts a checkpoint back."""
        self.heard = {feed: list(stretches) for feed, stretches in heard.items()}
        self.latest, self.lines = dict(latest), lines
        self.beats = {feed: beats.get(feed) or [(at, 0.0)] for feed, at in latest.items()}


def interval_of(force: Force, heartbeats: Heartbeats, feed: str) -> float | None:
    """Seconds between two heartbeats of a feed: as the force's file says, as the heartbeats say, or
    as they come; None where too few came to tell."""
    written = force.file.feeds.get(feed)
    if written is not None and written.heartbeat_seconds is not None:
        return written.heartbeat_seconds
    held = heartbeats.beats.get(feed, [])
    said = next((every for _, every in reversed(held) if every), None)
    return said or usual_interval([at / SECOND for at, _ in held])
