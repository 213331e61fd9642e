"""The winning version of each record of one kind of one force, and the panes that it counts in.

An entry is one Python integer: `version | updated_at | deleted | body`. The largest integer wins,
so any order of arrival and any duplication end in the same entry (DESIGN, decision 2). A new winner
takes the old one's contribution out of the panes and puts its own in.

The *watermark* is the highest accepted `updated_at`. Whatever depends on it happens when it crosses
an hour, record by record and never by batch, so that a rebuild from the same log does the same:
periods close, panes coarsen, and panes older than the kind's horizon are *sealed*: they never
change again, their records leave the ledger, and a record that comes for one is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from streams.errors import Refused
from streams.events import Record
from streams.panes import Pane, Panes, end_of_record
from streams.periods import DAY, EPOCH, GRAINS, HOUR, MILLISECOND, Calendar, Grain, Period
from streams.records import (
    BODY_BITS,
    EARLIEST,
    OPEN,
    PRECISION_SHIFT,
    SKEW,
    WHEN_SHIFT,
    Contribution,
    Kind,
    when_of,
)

_BODY_MASK = (1 << BODY_BITS) - 1
_UPDATED_SHIFT = BODY_BITS + 1
_UPDATED_MASK = (1 << 42) - 1
_DELETED = 1 << BODY_BITS

MOST_RECORDS = 5_000_000
"""Records of one kind that a force may have inside the horizon, so that memory is bounded."""

WHOLE_HORIZON = 761 * DAY
"""25 months: the least horizon of a record known only to the day or the month. Such records are no
live feed but history, and come months at a time."""

Sealed = tuple[str, int, Pane]
"""A pane that will not change again: grain, start minute, counters."""


class Tally:
    """How the records of a ledger were taken; all of it from the log, none of it in a figure."""

    __slots__ = ("new", "revised", "same", "skewed", "stale")

    def __init__(self, **counts: int) -> None:
        self.new = self.revised = self.same = self.stale = self.skewed = 0
        for name, count in counts.items():
            setattr(self, name, count)

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class Closing(NamedTuple):
    """A period that has just closed, with the watermark that closed it."""

    period: Period
    watermark: int


class Ledger:
    """The fold of one (kind, force)."""

    def __init__(self, kind: Kind, calendar: Calendar, most: int = MOST_RECORDS) -> None:
        self.kind = kind
        self.calendar = calendar
        self.most = most
        self.entries: dict[str, int] = {}
        self.open: dict[str, int] = {}
        """Bodies of the records that count in a stock, by id."""
        self.panes = Panes(calendar)
        self.watermark = 0
        self.sealed_before = 0
        self.counts_sealed = False
        """Whether a new record of a sealed period counts, as a revision of it."""
        self.tally = Tally()
        self.closed_until: dict[Grain, int] = dict.fromkeys(GRAINS, 0)
        self.revisions: dict[tuple[Grain, int], Pane] = {}
        """What changed in a period after it closed: (grain, start in ms) to the sum of changes."""
        self.dirty: set[str] | None = None
        """Ids touched since the last checkpoint; None where no checkpoint is kept."""
        self.dirty_revisions: set[tuple[Grain, int]] = set()
        self.on_close: Callable[[Closing], None] | None = None
        self.on_seal: Callable[[list[Sealed]], None] | None = None
        self._by_day: dict[int, list[str]] = {}
        self._next_hour = 0
        self._closed = 0
        self._sealed_body = self._whole_before = 0
        self._whole_longer = max(0, WHOLE_HORIZON - kind.horizon)
        self._pack, self._contribution = kind.pack, kind.contribution
        self._unknown = kind.unknown

    def add(self, event: Record, appended: int) -> None:
        """Folds one version of a record; raises `Refused`. `appended` is when the log took it, in
        ms: an `updated_at` may not lie more than the skew after it."""
        updated = (event.updated_at - EPOCH) // MILLISECOND
        if not EARLIEST <= updated <= appended:
            self._judge(updated, appended)
        version = event.version
        order = ((updated if version is None else version) << 42 | updated) << _UPDATED_SHIFT
        if event.deleted:
            entry, body = order | _DELETED, 0
        else:
            body = self._pack(event, updated)
            if body < self._sealed_body and not self.counts_sealed and self._is_sealed(body):
                raise Refused("sealed", "its period is older than the horizon")
            entry = order | body
        key = event.id
        old = self.entries.get(key)
        if old is None:
            self._admit(key, body, updated)
            self._replace(key, entry, 0, body)
        elif entry > old:
            self.tally.revised += 1
            self._replace(key, entry, old & _BODY_MASK, body)
        elif entry == old:
            self.tally.same += 1
        else:
            self.tally.stale += 1
        if self._unknown.pending:
            self._unknown.settle(event)
        # Last: crossing an hour may seal, and this record was judged by what was sealed before.
        if updated > self.watermark:
            self.watermark = updated
            if updated >= self._next_hour:
                self._cross_hour()

    def _judge(self, updated: int, appended: int) -> None:
        """Raises `Refused` for an update from the future or from before all feeds."""
        if updated > appended + SKEW:
            raise Refused("in_the_future", "updated_at is later than the event was received")
        if updated < EARLIEST:
            raise Refused("implausible_date", "updated_at lies before 1990")
        self.tally.skewed += 1

    def _admit(self, key: str, body: int, updated: int) -> None:
        """Takes in a record that is new; raises `Refused` where the ledger is full."""
        if len(self.entries) >= self.most:
            raise Refused("ledger_full", f"more than {self.most} records within the horizon")
        self.tally.new += 1
        self._file(key, body, updated)

    def _replace(self, key: str, entry: int, old_body: int, body: int) -> None:
        """Makes an entry the winner: its body counts and the old one's does not."""
        self.entries[key] = entry
        if self.dirty is not None:
            self.dirty.add(key)
        if body != old_body:
            if old_body:
                self._recount(old_body, body)
            else:
                self._count(self._contribution(body), 1)
            if body & OPEN:
                self.open[key] = body
            elif old_body & OPEN:
                del self.open[key]

    def _recount(self, old_body: int, body: int) -> None:
        """Takes the old body's contribution out of the panes and puts the new one's in."""
        old = self._contribution(old_body)
        new = self._contribution(body) if body else None
        if old is not None and new is not None and old[4] < 0 and old[:3] == new[:3]:
            # The usual case, a call that is answered: one leaf, changed in one go.
            when, precision, leaf, cell, bin_key = new
            self._count((when, precision, leaf, cell - old[3], bin_key), 1)
        else:
            self._count(old, -1)
            self._count(new, 1)

    def _count(self, contribution: Contribution | None, sign: int) -> None:
        if contribution is not None:
            self.panes.add(contribution, sign)
            if contribution[0] < self._closed:
                self._revise(contribution, sign)

    def _is_sealed(self, body: int) -> bool:
        when, precision = when_of(body)
        before = self._whole_before if precision else self.sealed_before
        return end_of_record(self.calendar, when, precision) <= before

    def _revise(self, contribution: Contribution, sign: int) -> None:
        """Remembers, for every closed period that holds it, a change made after the close."""
        when, precision, leaf, cell, bin_key = contribution
        for grain in GRAINS[precision:]:
            if when < self.closed_until[grain]:
                start = self.calendar.start(grain, when)
                change = self.revisions.setdefault((grain, start), {})
                self.dirty_revisions.add((grain, start))
                for key, value in ((leaf, cell), (bin_key, 1)):
                    if key >= 0:
                        total = change.get(key, 0) + sign * value
                        if total:
                            change[key] = total
                        else:  # may be a change of nothing: a wait that is counted the same
                            change.pop(key, None)

    def _cross_hour(self) -> None:
        """All that happens as the watermark passes an hour."""
        before = self._next_hour
        self._next_hour = self.calendar.start("hour", self.watermark) + HOUR
        self._close_periods(first=before == 0)
        self.panes.coarsen(self.watermark)
        sealed_before = self.calendar.start("day", max(0, self.watermark - self.kind.horizon))
        if sealed_before > self.sealed_before:
            self._seal(sealed_before)

    def _close_periods(self, first: bool) -> None:
        """Closes every period that ended a grace time before the watermark."""
        settled = self.watermark - self.kind.grace
        for grain in GRAINS:
            until = self.calendar.start(grain, settled)
            if until > self.closed_until[grain]:
                # The first record of all closes what lies before it, but publishes nothing of it.
                if not first and self.on_close is not None:
                    at = self.closed_until[grain]
                    while at < until:
                        period = self.calendar.holding(grain, at)
                        self.on_close(Closing(period, self.watermark))
                        at = period.end
                self.closed_until[grain] = until
        self._closed = max(self.closed_until.values())

    def _seal(self, before: int) -> None:
        after, whole_after = self.sealed_before, self._whole_before
        self._seal_before(before)
        if self.on_seal is not None:
            sealed = self.panes.sealed((after, before), (whole_after, self._whole_before))
            if sealed:
                self.on_seal(sealed)
        for day in sorted(day for day in self._by_day if day * DAY < before):
            for key in self._by_day.pop(day):
                entry = self.entries[key]
                if self._may_leave(entry):
                    del self.entries[key]
                    self.open.pop(key, None)
                    if self.dirty is not None:
                        self.dirty.add(key)
                else:  # a later version moved it, or its month is not over
                    self._file(key, entry & _BODY_MASK, (entry >> _UPDATED_SHIFT) & _UPDATED_MASK)
        for revised in [r for r in self.revisions if self._is_settled(*r)]:
            del self.revisions[revised]
            self.dirty_revisions.add(revised)

    def _is_settled(self, grain: Grain, start: int) -> bool:
        """Whether no record can change a period any more."""
        before = self.sealed_before if grain == "hour" else self._whole_before
        return self.calendar.end(grain, start) <= before

    def _seal_before(self, before: int) -> None:
        self.sealed_before = before
        self._sealed_body = before << WHEN_SHIFT  # bodies begin with their time
        self._whole_before = self.calendar.start("day", max(0, before - self._whole_longer))

    def _file(self, key: str, body: int, updated: int) -> None:
        """Notes on which day a record may first leave (a tombstone: by its updated_at)."""
        top = body >> PRECISION_SHIFT
        if not body:
            day = updated // DAY
        elif top & 3:
            day = (end_of_record(self.calendar, *when_of(body)) + self._whole_longer) // DAY
        else:
            day = top // (4 * DAY)
        filed = self._by_day.get(day)
        if filed is None:
            self._by_day[day] = [key]
        else:
            filed.append(key)

    def _may_leave(self, entry: int) -> bool:
        body = entry & _BODY_MASK
        if not body:  # a tombstone has no time of its own
            return (entry >> _UPDATED_SHIFT) & _UPDATED_MASK < self.sealed_before
        return (body >> WHEN_SHIFT) < self.sealed_before and self._is_sealed(body)

    def sealed_panes(self) -> list[Sealed]:
        """All panes that will not change again."""
        return self.panes.sealed((0, self.sealed_before), (0, self._whole_before))

    def taken(self) -> dict[str, int]:
        """How its lines were taken, and how many records it holds."""
        counts = self.tally.as_dict()
        counts["skewed"] += self.kind.skewed
        return {**counts, "records": len(self.entries)}

    def restore(
        self,
        entries: dict[str, int],
        *,
        watermark: int,
        sealed_before: int,
        sealed: list[Sealed],
        closed_until: dict[Grain, int],
        revisions: dict[tuple[Grain, int], Pane],
    ) -> None:
        """Puts a checkpoint back into an empty ledger: panes are counted again from the entries,
        except the sealed ones, which are facts."""
        self.watermark = watermark
        self._seal_before(sealed_before)
        for grain, minute, pane in sealed:
            self.panes.restore(grain, minute, pane)
        self.panes.coarsen(watermark)
        self.entries = entries
        for key, entry in entries.items():
            body = entry & _BODY_MASK
            self._file(key, body, (entry >> _UPDATED_SHIFT) & _UPDATED_MASK)
            if body:
                contribution = self.kind.contribution(body)
                if contribution is not None:
                    self.panes.add(contribution, 1)
                if body & OPEN:
                    self.open[key] = body
        # Only now: counting again is no revision.
        self.closed_until.update(closed_until)
        self._closed = max(self.closed_until.values())
        self.revisions = revisions
        self._next_hour = self.calendar.start("hour", watermark) + HOUR if watermark else 0
