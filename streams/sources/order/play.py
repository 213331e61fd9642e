"""A finite source in the order of time, whatever the order of its rows and files.

Two steps. `gather` reads everything, judges each row of a finished export whole (one verdict, with
its file and line), unfolds it into the versions of a live feed (`streams.sources.order.unfold`) and
sorts all lines by the instant at which they became known, in bounded memory. Then the play itself
is iterated: chunks of lines in order. Lines that became known at the same instant are ordered by
their content, so the order of rows and files changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import NamedTuple, Protocol

from streams.config.force import Force, without_lists
from streams.errors import Refused, SourceError
from streams.events.lenient import read
from streams.events.schema import Event, Versioned
from streams.events.unknown_values import UnknownValues
from streams.periods import DAY, Calendar, rfc3339, to_ms
from streams.registry.dimensions import UNKNOWN_LINE
from streams.registry.packing import Packer
from streams.registry.registry import REGISTRY
from streams.registry.times import EARLIEST, SKEW
from streams.sources.clock import wall_clock
from streams.sources.event_lines import CHUNK_LINES, Chunk, Rejected, instant_of
from streams.sources.external_sort import ExternalSort
from streams.sources.order.known_at_end import KnownAtEnd
from streams.sources.order.unfold import last_version, unfold

ALONE = 180 * DAY
"""Rows that have no other so near before or after them stand alone: their year may be wrong."""
ISLAND = 7 * DAY
"""Rows of so few days together may stand alone; a longer time is a part of the data."""
SMALL = 0.1
"""So large a share of all rows at the most stands alone; one row always may."""
NAMED = 3
"""Rows or days alone in time that a warning names."""
UNREADABLE = -1
"""The instant of a line that has none: it comes first, and is refused by whoever takes it."""

UNJUDGED = "record"
"""Stands for the kind of records of forces that are not known."""


SortedRow = tuple[int, bytes, int]
"""A line with its instant before it, by which it is sorted, and its place (`place_of`)."""
BEGINS = 1
NUMBER_BITS = 40
NUMBER_MASK = (1 << NUMBER_BITS) - 1
ORIGIN_SHIFT = 1 + NUMBER_BITS


def place_of(origin: int, number: int, *, begins: bool) -> int:
    """Where a line came from, as an integer: the file, the number of the line, and whether it is
    the first that its row has become."""
    return origin << ORIGIN_SHIFT | number << 1 | begins


def number_of(place: int) -> int:
    """The number of the line."""
    return place >> 1 & NUMBER_MASK


class Judge:
    """Judges events by the rules of their kind, for the forces that are known.

    `take` judges events of any other force too where their time zone (`elsewhere`) is given: by all
    that needs no list of a force, such as the order of their times.
    """

    def __init__(self, forces: Sequence[Force], elsewhere: str | None = None) -> None:
        self.calendars = {force.id: Calendar(force.zone) for force in forces}
        self._packers = {
            (kind.name, force.id): Packer(kind, force)
            for force in forces
            for kind in REGISTRY.kinds.values()
        }
        self._unjudged = UnknownValues()
        self.without_lists = 0
        """Events taken of forces that are not known."""
        self._elsewhere: dict[str, Packer] = {}
        if elsewhere is not None:
            unlisted = without_lists(elsewhere)
            self._elsewhere = {k.name: Packer(k, unlisted) for k in REGISTRY.kinds.values()}

    def packer(self, event: Event) -> Packer | None:
        """The rules for an event; None for a kind without records, or a force that is not known."""
        name = type(event).__struct_config__.tag
        return self._packers.get((str(name), event.force))

    def packed(self, event: Event) -> int | None:
        """What of a record is counted, packed; None where nothing judges it; raises `Refused`."""
        packer = self.packer(event)
        if packer is None or not isinstance(event, Versioned) or event.deleted:
            return None
        return packer.pack(event, to_ms(event.updated_at))

    def take(self, line: bytes) -> None:
        """Judges one line as a monitor does, and counts its unknown values; raises `Refused`."""
        kept = read(line, REGISTRY.decode_line)
        packer = self.packer(kept.event)
        unknown = self._unjudged if packer is None else packer.unknown
        for field, value in kept.unknown:
            unknown.note(kept.event, field, value)
        if packer is None:
            self._take_elsewhere(kept.event)
        else:
            self.packed(kept.event)
        unknown.settle(kept.event)

    def _take_elsewhere(self, event: Event) -> None:
        """Judges an event of a force that is not known; raises `Refused`."""
        packer = self._elsewhere.get(str(type(event).__struct_config__.tag))
        if packer is not None and isinstance(event, Versioned) and not event.deleted:
            try:
                packer.pack(event, to_ms(event.updated_at))
            except Refused as refused:
                # Lists are asked last, when nothing else is wrong.
                if refused.reason != UNKNOWN_LINE:
                    raise
        self.without_lists += 1

    def unknown(self) -> dict[str, UnknownValues]:
        """The unknown values of the lines that were taken, by kind of record."""
        found: dict[str, UnknownValues] = {}
        for (name, _), packer in self._packers.items():
            if packer.unknown.fields:
                found.setdefault(name, UnknownValues()).add(packer.unknown)
        if self._unjudged.fields:
            found[UNJUDGED] = self._unjudged
        return found

    def versions(self, event: Event, *, unfolds: bool) -> list[tuple[int, Event]]:
        """A finished record as the versions of a live feed, or `unfolds` False as its last one
        alone; raises `Refused` for a record that makes no sense as a whole."""
        self.packed(event)
        if not isinstance(event, Versioned):
            return [(to_ms(event.at), event)]
        calendar = self.calendars.get(event.force)
        if not unfolds or calendar is None:  # without a calendar nobody takes it
            return [(to_ms(event.updated_at), last_version(event))]
        return unfold(event, calendar)


class Readable(Protocol):
    """What can be played: a source of files (`streams.sources.files.Source`), or a log of Kafka."""

    finite: bool
    """Set before the iteration: it ends, and is no live feed."""
    skipped: list[str]
    """What was passed over, and why."""

    @property
    def total_bytes(self) -> int | None:
        """How much there is to read; None where that can't be known."""

    @property
    def consumed_bytes(self) -> int:
        """How much of it was read so far."""

    @property
    def warnings(self) -> list[str]:
        """What a user should look at though it counts."""

    def __iter__(self) -> Iterator[Chunk]: ...

    def close(self) -> None:
        """Lets go what is open."""


class Play:
    """A finite source, sorted. Call `gather`, then iterate; use it with `with`, or close it.

    `forces` judge the rows; `unfolds` False leaves finished records whole. What became known before
    `begin`, or at `end` or later (ms), is left out, and a row of which nothing is left counts as
    excluded. `warnings` are sentences for the user, complete after the iteration.
    """

    def __init__(
        self,
        source: Readable,
        forces: Iterable[Force],
        *,
        unfolds: bool = True,
        begin: int | None = None,
        end: int | None = None,
    ) -> None:
        self.source, self.unfolds = source, unfolds
        self.begin, self.end = begin, end
        known = list(forces)
        self.judge = Judge(known)
        zones = {force.zone.key: force.zone for force in known}
        self._zone: dt.tzinfo = next(iter(zones.values())) if len(zones) == 1 else dt.UTC
        """Of the days that are named."""
        source.finite = True
        self.failure: SourceError | None = None
        """What broke off the reading; raised once all that came before it was played."""
        self.played = 0
        """Lines given so far, of `lines`."""
        self.gathered = False
        """Whether all was read and sorted."""
        self.rows = 0
        """Rows that will be played; each may have become several lines."""
        self.at_end = KnownAtEnd()
        """Which facts of finished exports are known from their end alone."""
        self.outside = 0
        """Rows of which nothing lies between the begin and the end."""
        self.first: int | None = None
        self.last = 0
        """The instants of the first and the last line, in ms."""
        self._sort = ExternalSort()
        self._origins: dict[str, int] = {}
        self._alone: list[Island] = []
        self._begun = 0
        """Rows that were played."""
        self._latest = wall_clock() + SKEW
        self._left_out: int | None = None
        """The place of a row, without its lowest bit, whose first version was left out."""

    def __enter__(self) -> Play:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Lets the files go."""
        self.close()

    def close(self) -> None:
        """Lets the files go."""
        self._sort.close()
        self.source.close()

    @property
    def lines(self) -> int:
        """How many lines were gathered."""
        return self._sort.rows

    @property
    def warnings(self) -> list[str]:
        """What a user should look at though it counts."""
        found = list(getattr(self.source, "warnings", ()))
        alone = [each for each in self._alone if each.is_small(self._begun)]
        if alone:
            few = sum(each.rows for each in alone)
            named = ", ".join(each.words(self._zone) for each in alone[:NAMED])
            left = sum(each.rows for each in alone[NAMED:])
            more = f" and {left:,} more" if left else ""
            rows = "1 row stands" if few == 1 else f"{few:,} rows stand"
            found.append(
                f"{rows} alone in time, more than {ALONE // DAY} days from every other, and "
                f"{'counts' if few == 1 else 'count'}; look whether the year is right: "
                f"{named}{more}"
            )
        return found

    def gather(self) -> Iterator[Chunk]:
        """Reads and sorts the whole source. Gives, without any line, chunks that account for the
        rows that will not be played: refused, excluded, or joined with another."""
        try:
            for chunk in self.source:
                outside = self.outside
                rejected = [*chunk.rejected, *self._add(chunk)]
                excluded = chunk.excluded + self.outside - outside
                yield Chunk(b"", chunk.origin, (), rejected, excluded, chunk.joined)
        except SourceError as failure:
            self.failure = failure
        self.gathered = True

    def _add(self, chunk: Chunk) -> Iterator[Rejected]:
        if not chunk.finished:
            self._add_lines(chunk)
            return
        origin = self._origin(chunk.origin)
        unfolds = self.unfolds and chunk.unfolds
        for number, line in zip(chunk.line_numbers, chunk.lines(), strict=True):
            try:
                kept = read(line, REGISTRY.decode_line)
                if unfolds and isinstance(kept.event, Versioned):
                    self.at_end.note(kept.event)
                versions = self.judge.versions(kept.event, unfolds=unfolds)
                rows: list[SortedRow] = []
                size = 0
                for at, event in versions:
                    if self._is_within(at):
                        version = kept.encode(event)
                        rows.append((at, version, place_of(origin, number, begins=not rows)))
                        size += len(version)
                self._extend(rows, size)
                self.rows += bool(rows)
                self.outside += not rows
            except Refused as refused:
                yield Rejected(line, refused.reason, refused.detail, f"{chunk.origin}:{number}")

    def _add_lines(self, chunk: Chunk) -> None:
        """Takes lines that are events of a feed, as they are."""
        lines, places = chunk.lines(), self._places(chunk)
        instants = [UNREADABLE if at is None else at for at in map(instant_of, lines)]
        given, size = len(lines), len(chunk.payload)
        if self.begin is not None or self.end is not None:
            within = [self._is_within(at) for at in instants]
            lines, instants = list(compress(lines, within)), list(compress(instants, within))
            places = list(compress(self._beginning_within(places, within), within))
            size = sum(map(len, lines))
        self._extend(list(zip(instants, lines, places, strict=True)), size)
        rows = chunk.rows_in(given)
        within_rows = sum(place & BEGINS for place in places)
        self.rows += within_rows
        self.outside += rows - within_rows

    def _is_within(self, at: int) -> bool:
        """Whether a line of an instant is played. One that has none is, so that it is refused."""
        if at == UNREADABLE:
            return True
        return (self.begin is None or at >= self.begin) and (self.end is None or at < self.end)

    def _extend(self, rows: list[SortedRow], size: int) -> None:
        self._sort.extend(rows, size)
        # Rows of other times are refused by whoever takes them.
        instants = [row[0] for row in rows if EARLIEST <= row[0] <= self._latest]
        if instants:
            self.first = min(self.first or instants[0], *instants)
            self.last = max(self.last, *instants)

    def _beginning_within(self, places: list[int], within: list[bool]) -> Iterator[int]:
        """The places of lines; of a row of which the first versions are left out, the first that is
        not begins it."""
        for place, kept in zip(places, within, strict=True):
            if not kept:
                if place & BEGINS:
                    self._left_out = place >> 1
                yield place
                continue
            yield place | (place >> 1 == self._left_out)
            self._left_out = None

    def _origin(self, name: str) -> int:
        return self._origins.setdefault(name, len(self._origins))

    def _places(self, chunk: Chunk) -> list[int]:
        """Where each line of a chunk came from."""
        numbers = chunk.line_numbers
        if chunk.origins is None or chunk.begins is None:
            file = place_of(self._origin(chunk.origin), 0, begins=True)
            return [file | number << 1 for number in numbers]
        return [
            place_of(self._origin(name), number, begins=begins)
            for name, number, begins in zip(chunk.origins, numbers, chunk.begins, strict=True)
        ]

    def __iter__(self) -> Iterator[Chunk]:
        """The lines in order; raises what broke off the reading, after all that came before it."""
        self.played, self._begun, self._alone = 0, 0, []
        names = list(self._origins)
        watch, now = _Islands(), self._latest
        for rows in self._in_chunks():
            # Rows of other times are refused by whoever takes them.
            begins = [row for row in rows if row[2] & BEGINS and EARLIEST <= row[0] <= now]
            self._begun += len(begins)
            if not watch.extend(begins):
                for at, _, place in begins:
                    self._note(watch.step(at, names[place >> ORIGIN_SHIFT], number_of(place)))
            self.played += len(rows)
            yield Chunk(
                b"\n".join([row[1] for row in rows]),
                names[rows[0][2] >> ORIGIN_SHIFT],
                [row[2] >> 1 & NUMBER_MASK for row in rows],
                origins=[names[row[2] >> ORIGIN_SHIFT] for row in rows],
                begins=[bool(row[2] & BEGINS) for row in rows],
                instants=[row[0] for row in rows],
            )
        self._note(watch.end())
        if self.failure is not None:
            raise self.failure

    def _in_chunks(self) -> Iterator[list[SortedRow]]:
        """The sorted rows, as many together as a chunk has lines."""
        held: list[SortedRow] = []
        for part in self._sort.parts():
            held = held + part if held else part
            whole = len(held) // CHUNK_LINES * CHUNK_LINES
            for at in range(0, whole, CHUNK_LINES):
                yield held[at : at + CHUNK_LINES]
            held = held[whole:]
        if held:
            yield held

    def _note(self, island: Island | None) -> None:
        if island is not None and island.last - island.first <= ISLAND:
            self._alone.append(island)


class Island(NamedTuple):
    """Rows far in time from all others: the instants of the first and the last, how many, and the
    file and line of the first."""

    first: int
    last: int
    rows: int
    place: str

    def is_small(self, rows: int) -> bool:
        """Whether it is so small a part of all rows that its date may be wrong."""
        return self.rows == 1 or self.rows <= SMALL * rows

    def words(self, zone: dt.tzinfo) -> str:
        """`x.csv:2 (2014-03-01)`, `x.csv:2 and 517 more (2014-03-01 to 2014-03-03)`."""
        first, last = _day(self.first, zone), _day(self.last, zone)
        more = f" and {self.rows - 1:,} more" if self.rows > 1 else ""
        return f"{self.place}{more} ({first}{'' if first == last else f' to {last}'})"


class _Islands:
    """Finds, among instants that come in order, those far from all others on both sides."""

    def __init__(self) -> None:
        self._before = False
        """Whether anything came before the rows at hand."""
        self._now: Island | None = None

    def extend(self, rows: Sequence[SortedRow]) -> bool:
        """Takes rows that all go on from the one before, as nearly always; else returns False."""
        now = self._now
        if not rows:
            return True
        if now is None or rows[-1][0] - now.last > ALONE:
            return False
        self._now = now._replace(last=rows[-1][0], rows=now.rows + len(rows))
        return True

    def step(self, at: int, origin: str, number: int) -> Island | None:
        """Takes the instant of a row; returns the rows before it where they end with it."""
        now = self._now
        if now is not None and at - now.last <= ALONE:
            self._now = now._replace(last=at, rows=now.rows + 1)
            return None
        self._now = Island(at, at, 1, f"{origin}:{number}")
        self._before = now is not None
        return now

    def end(self) -> Island | None:
        """The last rows; where no others are they do not stand alone."""
        return self._now if self._before else None


def _day(at: int, zone: dt.tzinfo) -> str:
    return rfc3339(at, zone)[:10]
