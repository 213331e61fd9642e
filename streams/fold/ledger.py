"""The winning version of each record of one kind of one force, and the panes that it counts in.

An *entry* is one Python integer: `version | updated_at | deleted | packed record`. The largest
integer wins, and of one version and time the record with the larger values, so any order of arrival
and any duplication end in the same entry. A new winner takes the old one's contribution out of the
panes and puts its own in.

The *watermark* is the highest accepted `updated_at`, in ms. Whatever depends on it happens when it
crosses an hour, record by record and never by batch, so that a rebuild from the same log does the
same: periods close, panes coarsen, and panes older than the kind's horizon are *sealed*: their
records leave the ledger, but for those whose end is still to come. Periods within a long gap
(`streams.fold.gaps`) close together. All of it is done in short steps, so that whoever folds can
let others have their turn between two of them.

A record that has left is not forgotten: its entry goes to a store (`DepartedRecords`), which knows
what it counted. So a version that comes however late is one revision of its period: what the record
counted is taken out and what it counts now is put in. Only a record that is new and belongs to a
sealed period is refused, unless a finished history is being played (`counts_sealed`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from sys import maxsize
from typing import NamedTuple, Protocol

from streams.errors import Refused
from streams.events.schema import Record
from streams.fold.changes import ChangeKey, Changes
from streams.fold.gaps import (
    LEAST,
    LONGEST_QUIET,
    Gap,
    empty_runs,
    in_one_step,
    too_long,
    walk,
)
from streams.fold.links import Links
from streams.fold.panes import (
    Change,
    Pane,
    Panes,
    add_into,
    clock_and_grain,
    end_of_record,
    put_in,
    stored_grain,
)
from streams.periods import DAY, EPOCH, GRAINS, HOUR, Calendar, Grain, Period, Span
from streams.registry.conditions import ALWAYS
from streams.registry.counting import bin_in
from streams.registry.packing import (
    CLOCK_MASK,
    OPEN,
    ByClock,
    Contribution,
    Packer,
)
from streams.registry.times import EARLIEST, MONTH_PRECISE, SKEW

_UPDATED_BITS = 42
_UPDATED_MASK = (1 << _UPDATED_BITS) - 1
_DAY_OF_TIME = DAY << 2
"""A day, where the precision still stands beneath the time."""
_LONGEST_WHOLE = 33 * DAY
"""No day or month ends later after its start, in whole days."""

MOST_RECORDS = 5_000_000
"""Records of one kind that a force may have inside the horizon, so that memory is bounded."""

WHOLE_HORIZON = 761 * DAY
"""25 months: the least horizon of a record known only to the day or the month. Such records are no
live feed but history, and come months at a time."""

MOST_HELD_OVER = 20_000
"""Records without their end that stay beyond the horizon. Where a feed never sends an end, the
oldest leave like any other: they are found again when a version comes, but no gauge counts them."""

MOST_PENDING = 1000
"""Records that have changed and are not counted yet, so that counting them takes no long step."""

RECORDS_A_STEP = 500
"""Records that leave the ledger in one step."""
IDS_PACKED = 1000
"""As many ids of a day are packed, once a day."""

Steps = Iterable[None] | None
"""What is still to be done, step by step; None where nothing is."""

Sealed = tuple[str, int, Pane]
"""A sealed pane: grain, start minute, counters."""


class EventClock:
    """Says that event time is about to pass an instant, to whoever judges at instants of it.

    A fold asks, before a record counts, whether its `updated_at` lies after `due` (ms), and calls
    `judge_until` with that time if so. So whoever judges sees each instant with all that came
    before it and nothing from after it, however the records are batched.
    """

    __slots__ = ("due", "judge_until")

    def __init__(self, judge_until: Callable[[int], None]) -> None:
        self.due = maxsize
        """The next instant that is to be judged; far away while nothing is."""
        self.judge_until = judge_until


class DepartedRecords(Protocol):
    """Keeps the entries of the records that have left a ledger. It may hold an older entry of a
    record that has come back; the ledger's own wins."""

    def get(self, key: str, /) -> int | None:
        """The entry with which a record left; None for a record that never did."""

    def put(self, entries: dict[str, int], /) -> None:
        """Takes records in; a record that left before has its new entry."""


class InMemory(dict[str, int]):
    """Departed records in a plain dict, where nothing bounds the memory."""

    def put(self, entries: dict[str, int]) -> None:
        """Takes records in."""
        self.update(entries)


class Published(Protocol):
    """What was published of a log that is now read again, as of the message being folded."""

    def holds_change(self, when: int, precision: int) -> bool:
        """Whether the published pane of that instant has the changes of this message in it."""

    def holds_record(self, key: str) -> bool:
        """Whether this message's version of a record was taken although its period was sealed."""


class VersionCounts:
    """How many versions a ledger has taken, and as what: the first of its record (`new`), a newer
    one (`revised`), the one that it holds (`same`), an older one (`stale`). `skewed` counts those
    whose sender's clock was ahead of the log's. They follow from the log; no figure has them."""

    __slots__ = ("new", "revised", "same", "skewed", "stale")

    def __init__(self, **counts: int) -> None:
        self.new = self.revised = self.same = self.stale = self.skewed = 0
        for name, count in counts.items():
            setattr(self, name, count)

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class Uncounted(NamedTuple):
    """Since when a counter is counted that was new when a checkpoint was loaded, in ms."""

    figures: int
    """Of what is before it has no figure: the records were no longer there to be counted."""
    published: int
    """Of periods that had ended by then it is not known how it stood when they closed."""


class Closing(NamedTuple):
    """A period that has just closed, with the watermark that closed it."""

    period: Period
    watermark: int


class Ledger:
    """The fold of one kind of record of one force. Instants are in ms since 1970 UTC."""

    def __init__(self, packer: Packer, calendar: Calendar, most: int = MOST_RECORDS) -> None:
        self.packer, self.kind = packer, packer.kind
        self.calendar = calendar
        self.most = most
        self.entries: dict[str, int] = {}
        self.open: dict[str, int] = {}
        """The packed records that gauges count (calls waiting, emergencies unattended), by id."""
        self._by_clock = tuple(Panes(calendar, each) for each in packer.by_clock)
        self._panes = self._by_clock[0]
        self._stored_grains = [
            [(grain, stored_grain(clock, grain)) for grain in GRAINS]
            for clock in range(len(self._by_clock))
        ]
        self.links = Links(self.kind.people, self._when_of) if self.kind.people else None
        """The records of each person, where the kind declares people."""
        self._has_people = (
            None if self.kind.people_in == ALWAYS else packer.test_of(self.kind.people_in)
        )
        """Whether a packed record is one whose people are kept; None where all are."""
        self._days_longer = max(0, self.kind.people_for - self.kind.horizon) // DAY
        """How long these stay beyond the horizon."""
        self.watermark = 0
        self.new_at = 0
        """The latest update, in ms, with which a record came that was not known before."""
        self.sealed_before = 0
        self.versions = VersionCounts()
        self.closed_until: dict[Grain, int] = dict.fromkeys(GRAINS, 0)
        self.on_change: Callable[[int, int], None] | None = None
        """Called with a record that has changed, packed as it was and as it is: 0 where it counted
        nothing, or counts nothing any more."""
        self.revisions: dict[tuple[str, int], Pane] = {}
        """By stored grain and start of a period: the sum of what has changed in it since it
        closed."""
        self.dated = Changes(calendar, self.kind.layouts)
        """The same by the days on which it did."""
        self.changed: dict[str, int | None] | None = None
        """The entries that have changed since the last checkpoint, by id, None for one that left;
        None where no checkpoint is kept."""
        self.changed_revisions: dict[tuple[str, int], Pane | None] = {}
        """The revisions that have changed since then, None for those that are no longer kept. What
        a checkpoint has taken of them is not changed any more: it is written in another thread."""
        self.left: dict[tuple[str, int], Pane] = {}
        """By stored grain and start minute: what records that have left count by other clocks than
        the first, in periods that are not sealed. A checkpoint keeps it: they are not counted again
        from the entries."""
        self.changed_left: dict[tuple[str, int], Pane | None] = {}
        """What of it has changed since the last checkpoint, as `changed_revisions`."""
        self.on_close: Callable[[Closing], Steps] | None = None
        """Called with every period that closes; returns what takes long, in short steps."""
        self.on_gap: Callable[[Gap], Steps] | None = None
        """Called instead of `on_close` for the periods of a grain that lie within a gap."""
        self.on_empty: Callable[[Span], list[Span]] = too_long
        """Asked which parts of a span of event time without a record are missing, before its
        periods close. It may be asked again of a span that goes on."""
        self.counted_people: dict[tuple[str, int], Pane] = {}
        """By a rule's digest and start of a month: how many people counted, by area, when the first
        of its records were about to leave; whoever counts them puts them here."""
        self.changed_people: dict[tuple[str, int], Pane | None] = {}
        """What of it has changed since the last checkpoint, as `changed_revisions`."""
        self.on_leaving: Callable[[int], Steps] | None = None
        """Called before records with people leave, with the new `people_since`."""
        self.on_late_people: Callable[[int, int], None] | None = None
        """Called where a record changes that is older than `people_since`, with the packed record
        that it was and the one that it is."""
        self.on_seal: Callable[[list[Sealed]], None] | None = None
        """Called at every sealing with the panes that are sealed, empty ones left out."""
        self.counts_sealed = False
        """Whether a new record of a sealed period counts: a finished history is played."""
        self.departed: DepartedRecords | None = None
        """Where records go when they leave; without one they are forgotten."""
        self.published: Published | None = None
        """While a log is read again: what was published of it before."""
        self.revised_sealed: set[tuple[str, int]] = set()
        """Sealed panes (grain, start minute) that have changed since this was last emptied; where a
        checkpoint is kept."""
        self.uncounted: dict[tuple[int, str], Uncounted] = {}
        """The counters that are newer than some panes, by clock and name (`counted_then`)."""
        self.late: set[str] = set()
        """Ids of the records of which a version was taken although its period was sealed, since
        this was last emptied; where a checkpoint is kept."""
        self.began = 0
        """The watermark at the first sealing: the log's beginning."""
        self.first_known = 0
        """Of periods that ended by then, it is not known how they stood when they closed."""
        self._held_over: set[str] = set()
        """Ids of the records that stay beyond the horizon, since their end is still to come."""
        self.on_open: Callable[[str, int], None] | None = None
        """Called with the id and the packed record of which a gauge counts it from now on."""
        self.clock: EventClock | None = None
        """Asked to judge up to the event time of a version before it is folded."""
        self.stepwise = False
        """Whether `add` leaves what an hour that is crossed brings to its caller, step by step."""
        self._by_day: defaultdict[int, list[str]] = defaultdict(list)
        """By number of the day since 1970 UTC: the ids of the records that may leave on it, but for
        those that are `_packed_ids`."""
        self._packed_ids: defaultdict[int, list[tuple[str, ...]]] = defaultdict(list)
        """Python looks through lists for garbage, and not through tuples of texts: a million ids in
        lists took it 20 to 90 ms every time."""
        self.made_up: Counter[str] = Counter()
        """Lines that are not of a live feed, by their origin; of all others it is one."""
        self._next_hour = 0
        self._closed = 0
        self._unsealed_until = 0
        """The end of the first day that is not sealed."""
        self._running_until: dict[Grain, int] = dict.fromkeys(GRAINS, 0)
        """The ends of the first periods that are not closed."""
        self._sealed_packed = self._whole_before = 0
        self._late_people = 0
        """As `_sealed_packed`, by `people_since`."""
        self._whole_longer = max(0, WHOLE_HORIZON - self.kind.horizon)
        self._pack = packer.pack
        self._unknown, self._carried = packer.unknown, packer.carried
        # An entry: version, updated_at, whether it is a tombstone, packed record.
        self._packed_mask = (1 << packer.bits) - 1
        self._deleted = 1 << packer.bits
        self._updated_shift = packer.bits + 1
        self._when_shift, self._precision_shift = packer.when_shift, packer.precision_shift
        self._later_clocks = packer.later_clocks
        self._quiet_until = 0
        """The watermark up to which an hour that is crossed does no more than close periods."""
        self._fresh: dict[str, int] = {}
        """By id: the packed records of new records that are neither counted nor filed yet. When
        they came, all of their periods were running."""
        self._pending: dict[str, int] = {}
        """By id: the packed record that is counted of a record which has changed since. When it
        did, all of its periods were running, too."""
        self._counted_packed = 0
        """No packed record that is less is in either of them."""
        self._live_packed = 1
        """The least packed record of which nothing is closed by the first clock; a deleted one
        packs as 0. By other clocks a record may count in closed periods whatever its own time is.
        """

    def add(  # noqa: C901  each call that it spares is a tenth of its time
        self, event: Record, appended: int
    ) -> Iterator[None] | None:
        """Folds one version of a record; raises `Refused`. `appended` is when the log took it, in
        ms: an `updated_at` may not lie more than `SKEW` after it.

        Where an hour is crossed and the ledger is `stepwise`, the steps of that are returned, which
        have to be gone through before anything else is added."""
        since = event.updated_at - EPOCH
        # As `since // MILLISECOND`, which takes twice as long.
        updated = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
        if not EARLIEST <= updated <= appended:
            self._judge(updated, appended)
        version = event.version
        order = (updated if version is None else version) << _UPDATED_BITS | updated
        if event.deleted:
            entry, packed = order << self._updated_shift | self._deleted, 0
        else:
            packed = self._pack(event, updated)
            entry = order << self._updated_shift | packed
        # Before anything of it counts, and not of a line that is refused.
        clock = self.clock
        if clock is not None and updated > clock.due:
            clock.judge_until(updated)
        key, later = event.id, self._later_clocks
        old = self.entries.get(key)
        if old is None and self.departed is not None:
            old = self._find_departed(self.departed, key, entry)
        if old is None:
            live = packed >= self._live_packed and not (later and packed & later)
            if live and len(self.entries) < self.most:
                self.versions.new += 1
                self.entries[key] = entry
                self._fresh[key] = packed
                if packed & OPEN:
                    self._open(key, packed)
                if len(self._fresh) >= MOST_PENDING:
                    self._settle()
            else:
                counted = self._admit(key, packed)
                self._file(key, packed, updated)
                self._replace(key, entry, counted, packed)
            if updated > self.new_at:  # noqa: PLR1730  a call of max takes longer
                self.new_at = updated
            if self.on_change is not None:
                self.on_change(0, packed)
            if self.changed is not None:
                self.changed[key] = entry
                if packed < self._sealed_packed:
                    self._note_late(key, packed)
            links = self.links
            if links is not None and (packed < self._late_people or links.concern(key, event)):
                self._put_people(links, event, packed, None)
        # Nearly all that win are of a later version or update: what they say is not asked.
        elif entry > old | self._packed_mask or self._wins(entry, old):
            self.versions.revised += 1
            old_packed = old & self._packed_mask
            live = packed >= self._live_packed <= old_packed
            if live and not (later and (packed | old_packed) & later):
                self.entries[key] = entry
                if packed != old_packed:
                    if key in self._fresh:
                        self._fresh[key] = packed
                    else:
                        self._pending.setdefault(key, old_packed)
                        if len(self._pending) >= MOST_PENDING:
                            self._settle()
                    if packed & OPEN:
                        self._open(key, packed)
                    elif old_packed & OPEN:
                        del self.open[key]
            else:
                self._replace(key, entry, old_packed, packed)
            # Where it may leave on another day; a tombstone goes by when it was written.
            moved = packed >> self._precision_shift != old_packed >> self._precision_shift
            if moved or not packed or (self._held_over and key in self._held_over):
                self._held_over.discard(key)
                self._file(key, packed, updated)
            if self.on_change is not None and packed != old_packed:
                self.on_change(old_packed, packed)
            if self.changed is not None:
                self.changed[key] = entry
                if packed < self._sealed_packed:
                    self._note_late(key, packed)
            links, late = self.links, self._late_people
            if links is not None and (
                packed < late or old_packed < late or links.concern(key, event)
            ):
                self._put_people(links, event, packed, old_packed)
        elif entry == old:
            self.versions.same += 1
            has_people, links = self._has_people, self.links
            if links is not None and key in self.entries and (not has_people or has_people(packed)):
                links.put_same(key, event)
        else:
            self.versions.stale += 1
        if 0 < packed < self._carried.packed_before:
            self._carried.note(self.packer.facts_of(packed), packed >> self._when_shift)
        if self._unknown.pending:
            self._unknown.settle(event)
        if event.origin != "live":  # before what it closes is judged, which is of it, too
            self.made_up[event.origin] += 1
        # Last: crossing an hour may seal, and this record was judged by what was sealed before.
        if updated > self.watermark:
            self.watermark = updated
            if updated >= self._next_hour:
                return self._cross_hour()
        return None

    def _put_people(self, links: Links, event: Record, packed: int, old: int | None) -> None:
        """Notes who is in the winning version of a record, where its people are kept; `old` is the
        packed record that it was, None for a new one."""
        has_people = self._has_people
        if has_people is None or has_people(packed) or (old is not None and has_people(old)):
            was, late = old or 0, self._late_people
            if (0 < packed < late or 0 < was < late) and self.on_late_people is not None:
                self.on_late_people(was, packed)
            if old is not None and (packed ^ old) >> self._when_shift:
                links.moved(event.id, old >> self._when_shift)
            links.put(event.id, event)

    def _judge(self, updated: int, appended: int) -> None:
        """Raises `Refused` for an update from the future or from before all feeds."""
        if updated > appended + SKEW:
            raise Refused("in_the_future", "updated_at is later than the event was received")
        if updated < EARLIEST:
            raise Refused("implausible_date", "updated_at lies before 1990")
        self.versions.skewed += 1

    def _admit(self, key: str, packed: int) -> int:
        """Takes in a record that is not known here; returns what it counts already, as a packed
        record: 0, but where a published pane has it.

        Raises `Refused` for a period that is sealed, and where the ledger is full.
        """
        counted = 0
        if 0 < packed < self._sealed_packed and self._is_sealed(packed):
            if self.published is not None and self.published.holds_record(key):
                counted = packed
                if packed & OPEN:
                    self._open(key, packed)
            elif not self.counts_sealed:
                raise self._sealed_refusal(packed)
        if len(self.entries) >= self.most:
            raise Refused("ledger_full", f"more than {self.most} records within the horizon")
        if counted:
            self.versions.revised += 1
        else:
            self.versions.new += 1
        return counted

    def _sealed_refusal(self, packed: int) -> Refused:
        """The refusal of a new record that belongs to a sealed period."""
        when, precision = self.packer.when_of(packed)
        grain: Grain = "month" if precision == MONTH_PRECISE else "day"
        label = self.calendar.label(grain, self.calendar.start(grain, when))
        days = (self.kind.horizon + (self._whole_longer if precision else 0)) // DAY
        return Refused(
            "sealed",
            f"{label} is sealed: a new {self.kind.name} counts until {days} days after its period. "
            "Load older records before the live feed starts, or publish them into topics with a "
            "prefix of their own (--prefix)",
        )

    def _find_departed(self, departed: DepartedRecords, key: str, entry: int) -> int | None:
        """The entry of a record that has left; it comes back where a newer one replaces it."""
        old = departed.get(key)
        if old is not None and self._wins(entry, old):
            self._take_back(key, old)
        return old

    def _wins(self, entry: int, old: int) -> bool:
        """Whether an entry is that of the winning version. Of one version and time of update the
        record decides, by its values: indices of facts say nothing."""
        if (entry ^ old) >> self.packer.bits:
            return entry > old
        return self.packer.wins_tie(entry & self._packed_mask, old & self._packed_mask)

    def _take_back(self, key: str, entry: int) -> None:
        """Takes back a record that had left, with what it was: that is counted in the panes."""
        packed = entry & self._packed_mask
        self.entries[key] = entry
        if self._later_clocks:
            self._note_left(packed, -1)
        if packed & OPEN:
            self._open(key, packed)
        self._file(key, packed, (entry >> self._updated_shift) & _UPDATED_MASK)

    def _replace(self, key: str, entry: int, old_packed: int, packed: int) -> None:
        """Makes an entry the winner where a closed period may change: it is counted at once."""
        if key in self._fresh or key in self._pending:
            self._settle()  # as what it was when its periods were running
        self.entries[key] = entry
        if packed != old_packed:
            updated = (entry >> self._updated_shift) & _UPDATED_MASK
            self._recount(old_packed, packed, max(updated, self.watermark))
            if packed & OPEN:
                self._open(key, packed)
            elif old_packed & OPEN:
                del self.open[key]

    def _note_late(self, key: str, packed: int) -> None:
        """Notes a record of which a version was taken, if its period is sealed."""
        if packed and self._is_sealed(packed):
            self.late.add(key)

    @property
    def panes(self) -> Panes:
        """The sums of all records as they stand now."""
        return self.panes_by(0)

    def _settle(self) -> None:
        """Counts the records that have changed since this was last done, each once, however many
        versions of it have come. It is no revision, though a period of theirs may have closed
        meanwhile: they came before. So an hour in which little happens is counted with others,
        unless somebody asks what it counts."""
        self._counted_packed = self._live_packed
        if self._fresh:
            fresh, self._fresh = self._fresh, {}
            self._panes.put(fresh.values(), 1)
            day, filed = -1, list[str]()
            for key, packed in fresh.items():
                top = packed >> self._precision_shift
                if top & 3:
                    self._file(key, packed, 0)
                else:
                    if top // _DAY_OF_TIME != day:
                        day = top // _DAY_OF_TIME
                        filed = self._by_day[day]
                    filed.append(key)
        if self._pending:
            pending, self._pending = self._pending, {}
            now = [self.entries[key] & self._packed_mask for key in pending]
            self._panes.put(pending.values(), -1)
            self._panes.put(now, 1)

    def _open(self, key: str, packed: int) -> None:
        """Has a gauge count a record."""
        self.open[key] = packed
        if self.on_open is not None:
            self.on_open(key, packed)

    def panes_by(self, clock: int) -> Panes:
        """The same by another clock, by its index in the kind."""
        if self._fresh or self._pending:
            self._settle()
        return self._by_clock[clock]

    def _recount(self, old_packed: int, packed: int, at: int) -> None:
        """Takes what one packed record counts out of the panes and puts in what another does; 0
        counts nothing. `at` is when, by event time."""
        for index, clock in enumerate(self.packer.by_clock):
            put = clock.put if not self.uncounted else partial(self._put, clock)
            old, new = old_packed >> clock.shift & CLOCK_MASK, packed >> clock.shift & CLOCK_MASK
            if old == new:  # the usual case, a call that is answered
                if new:
                    sums: Pane = {}
                    less = put(old_packed, sums, -1)
                    more = put(packed, sums, 1)
                    if sums:
                        self._count(index, Change(new >> 2, new & 3, sums, more - less), at)
                continue
            for time, each, sign in ((old, old_packed, -1), (new, packed, 1)):
                sums = {}
                if time and put(each, sums, sign):
                    self._count(index, Change(time >> 2, time & 3, sums, sign), at)

    def _put(self, clock: ByClock, packed: int, pane: Pane, sign: int) -> bool:
        """Puts what a record counts by a clock into a pane (`sign` 1) or takes it out (-1); returns
        whether it counts anything."""
        if not self.uncounted:
            return clock.put(packed, pane, sign)
        found = self._contribution(clock, packed)
        if found is not None:
            put_in(pane, found, sign)
        return found is not None

    def _count(self, clock: int, change: Change, at: int) -> None:
        if change.when >= self._closed:
            self._by_clock[clock].add(change)
        else:
            self._revise(clock, change, at)
            if change.when >= self.sealed_before or not self._holds_already(clock, change):
                self._by_clock[clock].revise(change)

    def _holds_already(self, clock: int, change: Change) -> bool:
        """Whether a published pane has a change in it already; else notes which sealed pane
        changes, if one does."""
        when, precision = change.when, change.precision
        if self._is_over(when, precision):
            # Only what is counted by the first clock is published.
            published = self.published if clock == 0 else None
            if published is not None and published.holds_change(when, precision):
                return True
            if self.changed is not None:
                grain, minute = self._by_clock[clock].place_of(when, precision)
                self.revised_sealed.add((stored_grain(clock, grain), minute))
        return False

    def _is_sealed(self, packed: int) -> bool:
        return self._is_over(*self.packer.when_of(packed))

    def _is_over(self, when: int, precision: int) -> bool:
        """Whether the pane of a record is sealed."""
        before = self._whole_before if precision else self.sealed_before
        return end_of_record(self.calendar, when, precision) <= before

    def is_sealed_pane(self, grain: str, minute: int) -> bool:
        """Whether the pane of a stored grain that starts there is sealed."""
        clock, grain = clock_and_grain(grain)
        before = self._whole_before if grain.startswith("whole") else self.sealed_before
        return self._by_clock[clock].end_of(grain, minute) <= before

    def changes_since_closed(self, period: Period, clock: int = 0) -> Pane | None:
        """What has changed in a period since it closed, by a clock; None where nothing has, or
        where it is not known how it stood then."""
        coarse = period.grain == "hour" and period.start < self._panes.days_before
        if coarse or period.end <= self.first_known:
            return None
        return self.revisions.get((stored_grain(clock, period.grain), period.start)) or None

    def days_of_change(self, period: Period, clock: int = 0) -> list[str]:
        """On which days a period changed since it closed, by a clock (`Changes.days`). Of hours
        that is not known."""
        if period.grain == "hour":
            return []
        since = self.closing_day(period)
        return self.dated.days(clock, period.start, period.end, since)

    def closing_day(self, period: Period) -> int:
        """The start of the day on which a period closes at the earliest."""
        return self.calendar.start("day", period.end + self.kind.grace)

    @property
    def half_counted(self) -> Span | None:
        """The stretch within the horizon, [start, end) in ms, of which the log had lost the
        beginning: what came before is in no figure. None where there is none."""
        if self.sealed_before < self.began <= self.first_known:
            return self.sealed_before, self.began
        return None

    def unknown_in(self, clock: str, start: int, end: int) -> frozenset[str]:
        """The counters of a clock that are not known of [start, end): they were not counted then,
        or the feed had not carried what they rest on."""
        newer = self._newer(clock, lambda since: start < since.figures) if self.uncounted else ()
        return self.packer.carried.unknown(self.kind.clocks.index(clock), end).union(newer)

    def unpublished_in(self, clock: str, period: Period) -> frozenset[str]:
        """The counters of a clock of which it is not known how they stood when a period closed."""
        return self.packer.carried.unknown(self.kind.clocks.index(clock), period.end) | self._newer(
            clock, lambda since: period.end <= since.published or period.start < since.figures
        )

    def _newer(self, clock: str, than: Callable[[Uncounted], bool]) -> frozenset[str]:
        of = self.kind.clocks.index(clock)
        found = ((place, since) for place, since in self.uncounted.items() if than(since))
        return frozenset(name for (index, name), _ in found if index == of)

    def not_counted_before(self, clock: int, counter: str, end: int) -> None:
        """Has a counter of a clock have no figure before an instant: published panes from before it
        do not have it."""
        known = self.uncounted.get((clock, counter), Uncounted(0, 0))
        self.uncounted[clock, counter] = Uncounted(
            max(known.figures, end), max(known.published, end)
        )

    def _counted_of(self, packed: int, sign: int = 1) -> Iterator[tuple[int, Change]]:
        """What a record counts in panes that are not sealed, with the index of the clock; with
        `sign` -1 what is missing there without it."""
        for index, clock in enumerate(self.packer.by_clock):
            time = packed >> clock.shift & CLOCK_MASK
            if time and not self._is_over(time >> 2, time & 3):
                sums: Pane = {}
                if self._put(clock, packed, sums, sign):
                    yield index, Change(time >> 2, time & 3, sums, sign)

    def _contribution(self, clock: ByClock, packed: int) -> Contribution | None:
        """What a record counts by a clock, without the counters that its pane does not have, since
        it was sealed before these were counted."""
        found = clock.contribution(packed) if packed else None
        return self._counted_then(found) if self.uncounted and found is not None else found

    def _counted_then(self, contribution: Contribution) -> Contribution | None:
        clock, when, precision, series_key, counters, bins = contribution
        end, layout = end_of_record(self.calendar, when, precision), self.kind.layouts[clock]
        for (of, name), since in self.uncounted.items():
            known_from = self._whole_end(since.figures) if precision else since.figures
            if of == clock and end <= known_from:
                counters &= ~(layout.mask[name] << layout.shift[name])
                timed = self.kind.duration_of.get(name)
                bins = tuple([each for each in bins if bin_in(each)[0] != timed])
        if not counters and not bins:
            return None
        return clock, when, precision, series_key, counters, bins

    def _revise(self, clock: int, change: Change, at: int) -> None:
        """Adds a change, at an instant, to the revisions of every closed period that it falls
        into."""
        when, precision, sums, _ = change
        dated = GRAINS[max(1, precision)]  # the day, or the month of what is known only to that
        for grain, stored in self._stored_grains[clock][precision:]:
            if when >= self.closed_until[grain]:
                break  # then no longer period has closed either
            if grain == "hour" and when < self._panes.days_before:
                continue  # the hour itself is no longer kept
            place = stored, self.calendar.start(grain, when)
            revised = self.changed_revisions.get(place)
            if revised is None:
                revised = dict(self.revisions.get(place, ()))
                self.revisions[place] = self.changed_revisions[place] = revised
            add_into(revised, sums)
            if grain == dated:
                self.dated.note(place, at, sums)

    def _cross_hour(self) -> Iterator[None] | None:
        """Does all that happens as the watermark passes an hour, or returns it as steps."""
        first = self._next_hour == 0
        self._next_hour = self.calendar.start("hour", self.watermark) + HOUR
        if self.watermark < self._quiet_until and not self._is_heard:
            self._close_quietly()
            for panes in self._by_clock:
                panes.let_minutes_pass(self.watermark)
            return None
        steps = self._crossing(first=first)
        if self.stepwise:
            return steps
        for _ in steps:
            pass
        return None

    @property
    def _is_heard(self) -> bool:
        """Whether anybody is notified of the periods that close."""
        return self.on_close is not None or self.on_gap is not None

    def _crossing(self, first: bool) -> Iterator[None]:
        # The first record of all closes what lies before it, but publishes nothing of it.
        if self._is_heard and not first:
            self._settle()
            yield from self._close_periods()
        else:
            self._close_quietly()
        for panes in self._by_clock:
            yield from panes.coarsening(self.watermark)
        yield from self.dated.packing(self.watermark)
        sealing = self.watermark - self.kind.horizon
        if sealing >= self._unsealed_until:
            sealed_before = self.calendar.start("day", max(0, sealing))
            if sealed_before << self._when_shift > self._counted_packed:
                self._settle()
            for before in self._seal_stages(sealed_before):
                yield from self._seal(before)
        self._quiet_until = min(
            self.calendar.end("day", self.calendar.start("day", self.watermark)),
            self._unsealed_until + self.kind.horizon,
            *(panes.joined_until for panes in self._by_clock),
        )

    def _close_periods(self) -> Iterator[None]:
        """Closes every period that ended the kind's grace before the watermark, a step each."""
        settled = self.watermark - self.kind.grace
        missing: list[Span] = []
        least = LONGEST_QUIET if self.on_empty is too_long else LEAST
        for run in empty_runs(self._panes, self.closed_until["hour"], settled, least):
            missing += in_one_step(self.on_empty(run))
        until = settled
        for grain in GRAINS:
            if until < self._running_until[grain]:
                break  # then no longer period has ended either
            at, until = self.closed_until[grain], self.calendar.start(grain, until)
            for each in walk(self.calendar, grain, (at, until), missing):
                yield from self._closing(grain, each) or ()
                yield
            self._close_until(grain, until)
        self._note_closed()

    def _close_quietly(self) -> None:
        """The same where nobody is notified of it."""
        until = self.watermark - self.kind.grace
        for grain in GRAINS:
            if until < self._running_until[grain]:
                break
            until = self.calendar.start(grain, until)
            self._close_until(grain, until)
        self._note_closed()

    def _close_until(self, grain: Grain, until: int) -> None:
        self.closed_until[grain] = until
        self._running_until[grain] = self.calendar.end(grain, until)

    def _note_closed(self) -> None:
        self._closed = self.closed_until["hour"]
        self._live_packed = max(1, self._closed << self._when_shift)
        for panes in self._by_clock:
            panes.closed_before = self._closed

    def _closing(self, grain: Grain, closed: Period | tuple[int, int]) -> Steps:
        """Passes on a period that closes, or those of a gap."""
        if isinstance(closed, Period):
            return self.on_close and self.on_close(Closing(closed, self.watermark))
        return self.on_gap and self.on_gap(Gap(grain, *closed, self.watermark))

    def _seal_stages(self, before: int) -> Iterator[int]:
        """The days up to which to seal, one after the other: one by far mostly, and after a gap as
        many as keep each stage short."""
        leaving = 0
        for day in self._days_before(before):
            leaving += len(self._by_day.get(day, ())) + sum(map(len, self._packed_ids.get(day, ())))
            stage = self.calendar.start("day", (day + 2) * DAY)
            if leaving >= RECORDS_A_STEP and self.sealed_before < stage < before:
                leaving = 0
                yield stage
        yield before

    def _seal(self, before: int) -> Iterator[None]:
        """Seals what lies before an instant: first the panes, then its records leave, some a
        step."""
        self.began = self.began or self.watermark
        if self.on_leaving is not None:
            yield from self.on_leaving(before - self._days_longer * DAY) or ()
        after, whole_after = self.sealed_before, self._whole_before
        self._seal_before(before)
        if self.on_seal is not None:
            self.on_seal(self._sealed((after, before), (whole_after, self._whole_before)))
        for place in [place for place in self.left if self.is_sealed_pane(*place)]:
            del self.left[place]
            self.changed_left[place] = None
        self._pack_ids()
        yield
        for day in self._days_before(before):
            for filed in (*self._packed_ids.pop(day, ()), self._by_day.pop(day, [])):
                for at in range(0, len(filed), RECORDS_A_STEP):
                    self._let_go(self._leaving(day, filed[at : at + RECORDS_A_STEP]))
                    yield
        if len(self._held_over) > MOST_HELD_OVER:
            self._let_go(self._no_longer_held_over())
        # Revisions are kept as long as the figures that they are revisions of.
        oldest = self._panes.days_before
        for revised in [r for r in self.revisions if r[0] == "hour" and r[1] < oldest]:
            del self.revisions[revised]
            self.changed_revisions[revised] = None
        yield

    def _days_before(self, before: int) -> list[int]:
        """The days before an instant on which records may leave, in their order."""
        return sorted(day for day in self._by_day.keys() | self._packed_ids if day * DAY < before)

    def _pack_ids(self) -> None:
        for day, filed in self._by_day.items():
            if len(filed) >= IDS_PACKED:
                self._packed_ids[day].append(tuple(filed))
                filed.clear()

    def _leaving(self, day: int, filed: Iterable[str]) -> dict[str, int]:
        """The entries of those records filed for a day that leave the ledger."""
        leaving: dict[str, int] = {}
        unfinished = self.packer.unfinished
        for key in filed:
            entry = self.entries.get(key)
            if entry is None:
                continue
            packed, updated = (
                entry & self._packed_mask,
                (entry >> self._updated_shift) & _UPDATED_MASK,
            )
            departs = self._departs_on(packed, updated)
            if day not in (departs, departs + self._days_longer):
                continue  # a version moved it, and it is filed there too
            if not self._is_past(packed, updated):  # the local day is not over
                self._file(key, packed, updated)
            elif day == departs and self._stays(packed):
                self._by_day[day + self._days_longer].append(key)
            elif unfinished(packed):
                self._held_over.add(key)
            else:
                leaving[key] = entry
        return leaving

    def _stays(self, packed: int) -> bool:
        """Whether a record stays longer, since people are looked for in it."""
        if not self._days_longer or self.packer.when_of(packed)[1]:
            return False
        return self._has_people is None or self._has_people(packed)

    def _no_longer_held_over(self) -> dict[str, int]:
        """The oldest records without an end, so that a tenth of the room is free again."""
        count = len(self._held_over) - MOST_HELD_OVER * 9 // 10
        oldest = sorted((self.entries[key] & self._packed_mask, key) for key in self._held_over)[
            :count
        ]
        self._held_over.difference_update(key for _, key in oldest)
        return {key: self.entries[key] for _, key in oldest}

    def _let_go(self, leaving: dict[str, int]) -> None:
        """Has records leave the ledger."""
        for key, entry in leaving.items():
            del self.entries[key]
            self.open.pop(key, None)
            if self._later_clocks:
                self._note_left(entry & self._packed_mask, 1)
        if self.links is not None:
            self.links.drop(leaving)
        if self.changed is not None:
            self.changed.update(dict.fromkeys(leaving))
        if leaving and self.departed is not None:
            self.departed.put(leaving)

    def _note_left(self, packed: int, sign: int) -> None:
        """Notes what a record that leaves (`sign` 1) or comes back (-1) counts by other clocks in
        periods that are not sealed."""
        for clock, (when, precision, sums, _) in self._counted_of(packed, sign):
            if clock:
                grain, minute = self._by_clock[clock].finest_place_of(when, precision)
                place = stored_grain(clock, grain), minute
                left = self.changed_left.get(place)
                if left is None:
                    left = dict(self.left.get(place, ()))
                    self.left[place] = self.changed_left[place] = left
                add_into(left, sums)

    def _seal_before(self, before: int) -> None:
        self.sealed_before = before
        self._unsealed_until = self.calendar.end("day", before)
        self._sealed_packed = before << self._when_shift  # the highest bits are the time
        self._late_people = max(0, self.people_since) << self._when_shift
        self._whole_before = self._whole_end(before)

    def _whole_end(self, before: int) -> int:
        """Before which instant whole days and months are sealed where all else is `before` one."""
        return self.calendar.start("day", max(0, before - self._whole_longer))

    def _departs_on(self, packed: int, updated: int) -> int:
        """The number of the day on which a record may first leave (a tombstone: by when it was
        written)."""
        top = packed >> self._precision_shift
        if not packed:
            return updated // DAY
        if top & 3:
            end = end_of_record(self.calendar, *self.packer.when_of(packed))
            return (end + self._whole_longer) // DAY
        return top // _DAY_OF_TIME

    def _file(self, key: str, packed: int, updated: int) -> None:
        """Notes a record for the day on which it may leave."""
        top = packed >> self._precision_shift
        if packed and not top & 3:
            self._by_day[top // _DAY_OF_TIME].append(key)
        else:
            self._by_day[self._departs_on(packed, updated)].append(key)

    def _is_past(self, packed: int, updated: int) -> bool:
        """Whether a record lies beyond the horizon; a tombstone has no time of its own."""
        if not packed:
            return updated < self.sealed_before
        return packed < self._sealed_packed and self._is_sealed(packed)

    def sealed_panes(self) -> list[Sealed]:
        """All panes that are sealed."""
        return self._sealed((0, self.sealed_before), (0, self._whole_before))

    def _sealed(self, precise: Span, whole: Span) -> list[Sealed]:
        """The panes by all clocks that end in (after, before], see `Panes.sealed`."""
        return [
            (stored_grain(clock, grain), minute, pane)
            for clock, panes in enumerate(self._by_clock)
            for grain, minute, pane in panes.sealed(precise, whole)
        ]

    def stored(self, grain: str, minute: int) -> Pane:
        """The pane of a stored grain that starts there; empty where nothing is counted."""
        clock, grain = clock_and_grain(grain)
        return self.panes_by(clock).stored(grain, minute)

    def place_now(self, grain: str, minute: int) -> tuple[str, int]:
        """Where the contents of a stored pane are now: an hour may have become part of a day."""
        clock, grain = clock_and_grain(grain)
        grain, minute = self._by_clock[clock].place_now(grain, minute)
        return stored_grain(clock, grain), minute

    def packed(self, key: str) -> int:
        """The packed record of an id; 0 where it was deleted, or is not here."""
        return self.entries.get(key, 0) & self._packed_mask

    @property
    def people_since(self) -> int:
        """From when on all records with people are here, in ms."""
        return self.sealed_before - self._days_longer * DAY

    def _when_of(self, key: str) -> int:
        """When a record was, in ms; 0 for one that was deleted, or is not here."""
        return self.packed(key) >> self._when_shift

    def records_between(self, start: int, end: int) -> Iterator[tuple[str, int]]:
        """The ids and packed records with people whose time by the first clock lies in
        [start, end), as far as `people_since` goes back."""
        self._settle()
        days = range(start // DAY, -(-end // DAY))
        # Those known only to a day or month are filed for its end.
        after = range(start + self._whole_longer, end + self._whole_longer + _LONGEST_WHOLE, DAY)
        found: set[str] = set()
        for day in {*days, *(at // DAY for at in after)}:
            for filed in {day, day + self._days_longer}:
                found.update(self._by_day.get(filed, ()), *self._packed_ids.get(filed, ()))
        for key in found:
            packed = self.packed(key)
            if start <= packed >> self._when_shift < end:
                yield key, packed

    def taken(self) -> dict[str, int]:
        """How its lines were taken, and how many records it holds."""
        counts = self.versions.as_dict()
        counts["skewed"] += self.packer.skewed
        return {**counts, "records": len(self.entries)}

    def restore(  # noqa: PLR0913  what a checkpoint holds, each by its name
        self,
        entries: dict[str, int],
        *,
        watermark: int,
        new_at: int = 0,
        sealed_before: int,
        sealed: list[Sealed],
        closed_until: dict[Grain, int],
        revisions: dict[tuple[str, int], Pane],
        uncounted: dict[tuple[int, str], Uncounted] | None = None,
        left: dict[tuple[str, int], Pane] | None = None,
        changes: Mapping[ChangeKey, bytes] | None = None,
    ) -> None:
        """Puts a checkpoint back into an empty ledger: panes are counted again from the entries,
        except the sealed ones, which have their records in them already. Where it is not known
        when the last new record came (`new_at` 0), it is taken to have come last of all."""
        self.uncounted = uncounted or {}
        self.watermark, self.new_at = watermark, new_at or watermark
        self._seal_before(sealed_before)
        for place, minute, pane in sealed:
            clock, grain = clock_and_grain(place)
            self._by_clock[clock].restore(grain, minute, pane)
        for panes in self._by_clock:
            panes.coarsen(watermark)
        self.left = left or {}
        for (place, minute), pane in self.left.items():
            if pane:
                clock, grain = clock_and_grain(place)
                self._by_clock[clock].put_back(grain, minute, pane)
        self.entries = entries
        for key, entry in entries.items():
            packed = entry & self._packed_mask
            self._file(key, packed, (entry >> self._updated_shift) & _UPDATED_MASK)
            if packed:
                for clock, change in self._counted_of(packed):
                    self._by_clock[clock].add(change)
                if packed & OPEN:
                    self.open[key] = packed
        # Only now: counting again is no revision.
        for grain, until in closed_until.items():
            self._close_until(grain, until)
        self._note_closed()
        self.revisions = revisions
        self.dated.restore(changes or {})
        self._next_hour = self.calendar.start("hour", watermark) + HOUR if watermark else 0
