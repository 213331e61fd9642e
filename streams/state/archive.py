"""The archive: sealed panes in the published topic, which are read back when all else is lost.

An archived pane outlives the log, the checkpoint, and the force file that it was counted under, so
it names areas, lines, categories and counters instead of numbering them: a force that adds a
district keeps its history. The key is `force/kind/grain/start`.

A late version of a record changes a sealed pane. The pane is then sent again under its key, with
the offset up to which such changes are in it (`through`), and beside it the version's own offset
and the id of the record, under the key `force/kind/late/offset/id`. When the log is read again,
that version changes the pane no second time, and is no new record of a sealed period. Offsets are
those of one topic: where it was made anew, they say nothing (`topic_id`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from streams.config.force import Force
from streams.fold.ledger import Ledger, Sealed
from streams.fold.panes import Pane, add_into
from streams.periods import MINUTE, Calendar, Grain, rfc3339
from streams.registry.counting import BIN_SHIFT, SERIES_KEY_MASK, bin_in
from streams.registry.histogram import BINS
from streams.registry.times import DAY_PRECISE, SECOND_PRECISE

log = logging.getLogger("watchroom.archive")

STATE_VERSION = 3
"""Of the messages of the published topic, which are read for good: they name all that they hold, so
what a later form adds has a default. To be raised with any change of what is written;
`tests/unit/state/test_versions.py` fails where that was forgotten, or where an older form can't be
read any more. A form whose fields mean something else has to say so in a field of its own."""

FIRST_COUNTED = {
    "call": (
        *("offered", "answered", "within", "abandoned", "abandoned_within", "abandoned_at_once"),
        *("lost", "sum", "squares"),
    ),
    "incident": ("count", "attended", "within", "never", "sum", "squares"),
    "crime": ("count",),
}
"""What was counted of each kind in messages of the first form, which do not say so."""
FIRST_DURATION = {"call": "wait", "incident": "response"}
"""The duration that their bins are of."""

ArchivedPanes = dict[tuple[str, int], Pane]
"""Panes by stored grain and start minute."""


class ArchivedRow(msgspec.Struct, omit_defaults=True):
    """One series key: its names, its counters, and the number of cases in each bin."""

    names: dict[str, str | None]
    counts: dict[str, int] = {}
    bins: dict[str, int] = {}
    """By duration and bin (`wait/12`), in the first form by bin alone."""


class ArchivedPane(msgspec.Struct):
    """A sealed pane as it is published."""

    force: str
    kind: str
    grain: str
    start: str
    minute: int
    rows: list[ArchivedRow]
    through: int = -1
    """The offset up to which late versions are in it."""
    topic_id: str = ""
    """The topic whose offset it is."""
    counted: dict[str, str] = {}
    """The counters that were counted, and a digest of how; in the first form nothing."""
    carried: dict[str, int] = {}
    """The fields that the feed had carried by the end of the pane, and since when, in ms; nothing
    before the third form, of which the counters alone say it."""


class LateVersion(msgspec.Struct):
    """A version of a archive record that was taken although its period was sealed."""

    force: str
    kind: str
    id: str
    offset: int
    topic_id: str


@dataclass
class Archive:
    """What was published of one ledger, while the log that it was made from is read again.

    It is what a ledger asks (`streams.fold.ledger.Published`) about the message at offset `at`.
    """

    calendar: Calendar
    panes: ArchivedPanes = field(default_factory=dict)
    """Those that wait until their period is sealed."""
    through: dict[tuple[str, int], int] = field(default_factory=dict)
    unknown: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    """The counters of now that were not counted in some of the panes."""
    carried: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)
    """By pane, the fields that the feed had carried by its end, and since when."""
    late: set[tuple[str, int]] = field(default_factory=set)
    """LateVersion versions, by record and offset."""
    at: int = -1
    until: int = -1
    """The last offset that anything published has in it."""
    whole: bool = True
    """The log that is read again has all that the panes were counted from."""
    _waiting: tuple[list[tuple[str, int]], ...] = ()
    """The places of panes, of known instants and of whole days and months, the last one first."""

    def sort(self, ledger: Ledger) -> None:
        """Puts the panes in the order in which their periods end."""
        latest = sorted(self.panes, key=lambda place: ledger.panes.end_of(*place), reverse=True)
        precise = [place for place in latest if not place[0].startswith("whole")]
        self._waiting = precise, [place for place in latest if place[0].startswith("whole")]

    def take_due(self, ledger: Ledger) -> list[Sealed]:
        """Takes the panes out whose period is sealed by now, in the order of grain and start."""
        due = []
        for places in self._waiting:
            while places and ledger.is_sealed_pane(*places[-1]):
                due.append(places.pop())
        return [(*place, self.panes.pop(place)) for place in sorted(due)]

    def holds_change(self, when: int, precision: int) -> bool:
        """Whether the published pane of that instant has the changes of this message in it."""
        if precision != SECOND_PRECISE:
            grain = "whole_day" if precision == DAY_PRECISE else "whole_month"
            return self.through.get((grain, when // MINUTE), -1) >= self.at
        grains: tuple[Grain, ...] = ("hour", "day")
        places = ((grain, self.calendar.start(grain, when) // MINUTE) for grain in grains)
        return next((self.through[p] for p in places if p in self.through), -1) >= self.at

    def holds_record(self, key: str) -> bool:
        """Whether this message's version of a record was taken although its period was sealed."""
        return (key, self.at) in self.late

    def add(
        self, archived: ArchivedPane, pane: Pane, topic_id: str, unknown: frozenset[str]
    ) -> None:
        """Adds a pane, which `archived` names and `pane` numbers, and the counters of now that were
        not counted then."""
        if unknown:
            self.unknown[archived.grain, archived.minute] = unknown
        self.carried[archived.grain, archived.minute] = archived.carried
        of_this_log = archived.topic_id == topic_id
        through = archived.through if of_this_log else -1
        self.whole &= of_this_log
        self.panes[archived.grain, archived.minute] = pane
        self.through[archived.grain, archived.minute] = through
        self.until = max(self.until, through)

    def add_late(self, late: LateVersion, topic_id: str) -> None:
        """Adds a late version."""
        if late.topic_id == topic_id:
            self.late.add((late.id, late.offset))
            self.until = max(self.until, late.offset)


def key_of(force: str, kind: str, grain: str, minute: int) -> bytes:
    """The key of an archived pane."""
    return f"{force}/{kind}/{grain}/{rfc3339(minute * MINUTE)}".encode()


def late_key(late: LateVersion) -> bytes:
    """The key under which a late version is noted."""
    return f"{late.force}/{late.kind}/late/{late.offset}/{late.id}".encode()


def encode_late(late: LateVersion) -> bytes:
    """A late version as the value of its message."""
    return _encode(late)


def encode(
    ledger: Ledger,
    force: Force,
    grain: str,
    minute: int,
    pane: Pane,
    *,
    through: int = -1,
    topic_id: str = "",
) -> bytes:
    """A sealed pane as the value of its message."""
    layout, counted = ledger.kind.layouts[0], _counted(ledger)
    for (clock, counter), since in ledger.uncounted.items():
        if not clock and ledger.panes.end_of(grain, minute) <= since.figures:
            del counted[counter]
    rows: dict[int, ArchivedRow] = {}
    for key, value in pane.items():
        series_key = key & SERIES_KEY_MASK
        row = rows.get(series_key)
        if row is None:
            row = rows[series_key] = ArchivedRow(_names(ledger, force, series_key))
        if key > SERIES_KEY_MASK:
            duration, number = bin_in(key)
            row.bins[f"{ledger.kind.kept_durations[duration].name}/{number}"] = value
        else:
            row.counts = {
                counter: n for counter, n in layout.read(value).items() if n and counter in counted
            }
    archived = ArchivedPane(
        force=force.id,
        kind=ledger.kind.name,
        grain=grain,
        start=rfc3339(minute * MINUTE, force.zone),
        minute=minute,
        rows=[rows[series_key] for series_key in sorted(rows)],
        through=through,
        topic_id=topic_id,
        counted=counted,
        carried=ledger.packer.carried.by(ledger.panes.end_of(grain, minute)),
    )
    return _encode(archived)


def _counted(ledger: Ledger) -> dict[str, str]:
    """What is counted now, and a digest of how."""
    return {name: how for name, _, how in ledger.kind.counted[0].counters}


def _known(ledger: Ledger, archived: ArchivedPane) -> frozenset[str]:
    """The counters of now that an archived pane has, counted as they are now."""
    now = _counted(ledger)
    if not archived.counted:
        return frozenset(now).intersection(FIRST_COUNTED.get(archived.kind, ()))
    return frozenset(name for name, how in archived.counted.items() if now.get(name) == how)


def decode(ledger: Ledger, force: Force, value: bytes) -> tuple[str, int, Pane]:
    """(grain, start minute, pane) of an archived pane, numbered as the force file is now.

    What the force no longer has is counted under what is left of it: an area that is gone under
    the force as a whole, a category under its nearest ancestor. Raises `msgspec.MsgspecError`.
    """
    archived = _decode(value)
    return archived.grain, archived.minute, _pane(ledger, force, archived)


def _pane(ledger: Ledger, force: Force, archived: ArchivedPane) -> Pane:
    shift, known = ledger.kind.layouts[0].shift, _known(ledger, archived)
    places = {each.name: n for n, each in enumerate(ledger.kind.kept_durations)}
    timed = {
        t.duration
        for t in ledger.kind.timings
        if t.binned and {name for name, _ in t.counters} <= known
    }
    pane: Pane = {}
    for row in archived.rows:
        series_key = _series_key(ledger, force, row.names)
        if series_key is None:
            continue
        counters = sum(n << shift[counter] for counter, n in row.counts.items() if counter in known)
        part: Pane = {}
        for bin_, n in row.bins.items():
            duration, _, number = bin_.rpartition("/")
            duration = duration or FIRST_DURATION[archived.kind]
            if duration in timed:
                part[series_key | places[duration] * BINS + int(number) + 1 << BIN_SHIFT] = n
        if counters:
            part[series_key] = counters
        add_into(pane, part)
    return pane


def apply(ledger: Ledger, archive: Archive) -> list[Sealed]:
    """Puts those archived panes into a ledger whose period is sealed by now, and takes them out of
    the archive; returns them.

    An archived pane wins over what was counted again from a log that has lost its beginning.
    """
    panes, layout, carried = ledger.panes, ledger.kind.layouts[0], ledger.packer.carried
    due = archive.take_due(ledger)
    coarse: dict[int, Pane] = {}
    for grain, minute, pane in due:
        for counter in archive.unknown.pop((grain, minute), ()):
            ledger.not_counted_before(0, counter, panes.end_of(grain, minute))
        counted = layout.read(sum(pane[key] for key in pane if key <= SERIES_KEY_MASK))
        carried.note_counted((name for name, n in counted.items() if n), minute * MINUTE)
        for fields, when in archive.carried.pop((grain, minute), {}).items():
            carried.note_field(fields, when)
        day = ledger.calendar.start("day", minute * MINUTE) // MINUTE
        if grain == "hour" and minute * MINUTE < panes.days_before:
            add_into(coarse.setdefault(day, {}), pane)
        else:
            if grain == "day":  # no hour of that day may be counted beside it
                end = panes.end_of("day", day)
                for hour in [h for h in panes.hours if day <= h < end // MINUTE]:
                    del panes.hours[hour]
            panes.restore(grain, minute, dict(pane))
    for day, pane in coarse.items():
        panes.restore("day", day, pane)
    if due and not archive.whole:
        # The log may have begun after those periods closed: what they showed then is not in it.
        ledger.first_known = max(ledger.first_known, ledger.began + ledger.kind.horizon)
    return due


def collect(
    ledger: Ledger,
    force: Force,
    messages: Iterable[tuple[bytes | None, bytes | None]],
    topic_id: str,
) -> Archive:
    """The archive of one ledger, of the messages of the published topic; those that can't be read
    are passed over, and the log says so.

    `topic_id` is that of the log that is read again.
    """
    prefix = f"{force.id}/{ledger.kind.name}/".encode()
    archive, unread, why = Archive(ledger.calendar), 0, ""
    for key, value in messages:
        if key is None or value is None or not key.startswith(prefix):
            continue
        try:
            if key.startswith(prefix + b"late/"):
                archive.add_late(_decode_late(value), topic_id)
            else:
                archived = _decode(value)
                unknown = frozenset(_counted(ledger)) - _known(ledger, archived)
                archive.add(archived, _pane(ledger, force, archived), topic_id, unknown)
        except (msgspec.MsgspecError, ValueError) as error:
            unread, why = unread + 1, f"{key.decode(errors='replace')}: {error}"
    if unread:
        log.warning(
            "%d published messages of %s can't be read and are passed over, the last %s",
            unread, prefix.decode(), why,
        )  # fmt: skip
    _drop_hours_of_days(archive)
    archive.sort(ledger)
    return archive


def _drop_hours_of_days(archive: Archive) -> None:
    """An archived day was made of its hours, after they had become a day: it stands for them."""
    calendar = archive.calendar
    days = {minute for grain, minute in archive.panes if grain == "day"}
    for grain, minute in list(archive.panes):
        if grain == "hour" and calendar.start("day", minute * MINUTE) // MINUTE in days:
            del archive.panes[grain, minute], archive.through[grain, minute]


def _names(ledger: Ledger, force: Force, series_key: int) -> dict[str, str | None]:
    """What a series key is of, by name."""
    kind = ledger.kind
    return {
        dimension.name: dimension.name_of(force, index)
        for dimension, index in zip(kind.dimensions, kind.series.split(series_key), strict=True)
    }


def _series_key(ledger: Ledger, force: Force, names: dict[str, str | None]) -> int | None:
    """The series key of what names are of, as the force file is now; None where it has none."""
    indices = []
    for dimension in ledger.kind.dimensions:
        index = dimension.find(force, names.get(dimension.name))
        if index is None:
            return None
        indices.append(index)
    return ledger.kind.series.of(*indices)


_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ArchivedPane).decode
_decode_late = msgspec.json.Decoder(LateVersion).decode
