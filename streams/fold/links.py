"""People and the records in which they appear, of one ledger whose kind declares people.

A person is a pseudonym. Of each the records are known by their time, so that whoever asks whether
somebody came back within twelve months goes through a few of them and through no others.

Millions of people must fit: what a record says of its people is one string of bytes, and that a
person is in a record three numbers in sorted arrays. The pseudonym is there as a digest; that two
people may share one does no harm, since the record itself is asked for its people.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import chain

import msgspec

from streams.periods import DAY
from streams.registry.packing import Persons

Appearance = tuple[int, str, str]
"""Of a person in a record: (when in ms by the first clock, id of the record, role)."""

_BUCKET_BITS = 10
"""Links are kept in so many arrays (as a power of two) that one more is put in quickly."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class _Bucket:
    """Some links, sorted by person, then time."""

    __slots__ = ("persons", "records", "times")

    def __init__(self) -> None:
        self.persons, self.times, self.records = array("Q"), array("Q"), array("I")

    def between(self, person: int, start: int, end: int) -> Sequence[int]:
        """The numbers of a person's records in [start, end)."""
        first = bisect_left(self.persons, person)
        last = bisect_right(self.persons, person, first)
        return self.records[
            bisect_left(self.times, start, first, last) : bisect_left(self.times, end, first, last)
        ]

    def put(self, person: int, when: int, record: int) -> None:
        """Adds a link."""
        first = bisect_left(self.persons, person)
        at = bisect_left(self.times, when, first, bisect_right(self.persons, person, first))
        self.persons.insert(at, person)
        self.times.insert(at, when)
        self.records.insert(at, record)

    def drop(self, person: int, when: int, record: int) -> None:
        """Removes a link."""
        first = bisect_left(self.persons, person)
        at = bisect_left(self.times, when, first, bisect_right(self.persons, person, first))
        at = self.records.index(record, at)
        del self.persons[at], self.times[at], self.records[at]


class Links:
    """The records of each person, as their winning versions have it."""

    def __init__(self) -> None:
        self.changed: dict[str, tuple[int, Persons] | None] | None = None
        """The records that have changed since the last checkpoint, with when they were and who is
        in them, None for one that is no more; None where no checkpoint is kept."""
        self._held: dict[str, bytes] = {}
        """By id of a record: its number, when it was, and who is in it."""
        self._ids: list[str] = []
        """The ids of records by number."""
        self._free: list[int] = []
        """Numbers of records that are no more."""
        self._buckets: defaultdict[int, _Bucket] = defaultdict(_Bucket)
        self._days: defaultdict[int, array[int]] = defaultdict(partial(array, "I"))
        """By number of the day since 1970 UTC: the numbers of its records."""

    def __len__(self) -> int:
        """How many records have people."""
        return len(self._held)

    def record(self, record: str) -> tuple[int, Persons] | None:
        """When a record was, and who is in it; None for one without people."""
        held = self._held.get(record)
        return None if held is None else _read(held)[1:]

    def of(self, person: str, start: int, end: int) -> Sequence[Appearance]:
        """The appearances of a person in [start, end), in ms, in the order of time."""
        digest = _digest(person)
        found: set[Appearance] = set()
        for number in self._bucket(digest).between(digest, start, end):
            key = self._ids[number]
            _, when, persons = _read(self._held[key])
            found.update((when, key, role) for each, role in persons if each == person)
        return sorted(found)

    def between(self, start: int, end: int) -> Iterator[tuple[str, int, Persons]]:
        """The records with people in [start, end), in ms, each with its time."""
        for day in range(start // DAY, -(-end // DAY)):
            for number in self._days.get(day, ()):
                key = self._ids[number]
                _, when, persons = _read(self._held[key])
                if start <= when < end:
                    yield key, when, persons

    def put(self, record: str, when: int, persons: Persons, *, tie: bool = False) -> None:
        """Takes in who is in a record now; nobody, where it was deleted. Of two versions between
        which nothing else decides (a `tie`) the larger list is taken, whatever order they came
        in."""
        known = self.record(record)
        if tie and known is not None and known[1] > persons:
            return
        if known == (when, persons) or (known is None and not persons):
            return
        if known is not None:
            self._take_out(record)
        if persons:
            number = self._free.pop() if self._free else len(self._ids)
            self._ids[number : number + 1] = [record]
            self._held[record] = _encode((number, when, *chain.from_iterable(persons)))
            self._days[when // DAY].append(number)
            for digest in _digests(persons):
                self._bucket(digest).put(digest, when, number)
        if self.changed is not None:
            self.changed[record] = (when, persons) if persons else None

    def drop(self, records: Iterable[str]) -> None:
        """Forgets records that have left the ledger."""
        for record in records:
            if record in self._held:
                self.put(record, 0, ())

    def restore(self, records: Mapping[str, tuple[int, Persons]]) -> None:
        """Puts a checkpoint back where nobody is known yet."""
        changed, self.changed = self.changed, None
        for record, (when, persons) in records.items():
            self.put(record, when, persons)
        self.changed = changed

    def _take_out(self, record: str) -> None:
        number, when, persons = _read(self._held.pop(record))
        self._free.append(number)
        day = self._days[when // DAY]
        day.remove(number)
        if not day:
            del self._days[when // DAY]
        for digest in _digests(persons):
            self._bucket(digest).drop(digest, when, number)

    def _bucket(self, digest: int) -> _Bucket:
        return self._buckets[digest >> 64 - _BUCKET_BITS]


def _read(held: bytes) -> tuple[int, int, Persons]:
    """(Number, when, people) of a record."""
    number, when, *flat = _decode(held)
    return number, when, tuple(zip(flat[::2], flat[1::2], strict=True))


def _digests(persons: Persons) -> set[int]:
    return {_digest(person) for person, _ in persons}


def _digest(person: str) -> int:
    return int.from_bytes(blake2b(person.encode(), digest_size=8).digest(), "big")
