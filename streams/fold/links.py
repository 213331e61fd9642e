"""People and the records in which they appear, of one ledger whose kind declares people.

A person is a pseudonym. Of each the records are known, so that whoever asks whether somebody came
back within twelve months goes through a few of them and through no others.

Folding a record must cost little, and millions of people must fit. So a version is only noted as it
comes; who is in it is taken in later, many at once. A pseudonym is kept as a digest of 64 bits (of
a million people no two are likely to share one), the people of a record as one string of bytes. The
records of each person are sorted when somebody first asks, and from then on with each change.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from hashlib import blake2b
from itertools import pairwise
from operator import attrgetter, or_
from struct import Struct
from typing import Any

import numpy as np

from streams.events.schema import Record
from streams.registry.kind import People

MOST_NOTED = 500
"""Versions that are noted and not taken in yet, so that taking them in takes no long step."""
MOST_LOGGED = 50_000
"""Changes that are remembered for those who keep figures of people."""
_BUCKET_BITS = 10
"""Links are kept in so many arrays (as a power of two) that one more is put in quickly."""
_SORTED_ANEW = 8
"""Where an eighth of all records has changed, sorting anew is quicker than putting them in."""

_HEAD = Struct("<qI")
"""Of a record: the hash of what its event says of people, and the number of the record."""
_PERSON = Struct("<QB")
"""One person of a record: digest, and the place of the role among those of the kind."""
_PERSONS = np.dtype([("person", "<u8"), ("role", "u1")])


def digest(pseudonym: str) -> int:
    """What a pseudonym is kept as."""
    return int.from_bytes(blake2b(pseudonym.encode(), digest_size=8).digest(), "little")


class _Bucket:
    """Some links, sorted by person."""

    __slots__ = ("persons", "records")

    def __init__(self) -> None:
        self.persons, self.records = array("Q"), array("I")

    def of(self, person: int) -> Sequence[int]:
        """The numbers of a person's records."""
        first = bisect_left(self.persons, person)
        return self.records[first : bisect_right(self.persons, person, first)]

    def put(self, person: int, record: int) -> None:
        """Adds a link."""
        at = bisect_left(self.persons, person)
        self.persons.insert(at, person)
        self.records.insert(at, record)

    def drop(self, person: int, record: int) -> None:
        """Removes a link."""
        at = self.records.index(record, bisect_left(self.persons, person))
        del self.persons[at], self.records[at]


class Links:
    """The records of each person, as their winning versions have it. `when_of` says when a record
    was, in ms, by its id."""

    def __init__(self, people: Sequence[People], when_of: Callable[[str], int]) -> None:
        self.roles = tuple(dict.fromkeys(each.role for each in people))
        """What somebody can be in a record; a set of roles is a number with a bit for each."""
        self.changed: dict[str, bytes | None] | None = None
        """Who is in the records that have changed since the last checkpoint, None for one without
        people; None where no checkpoint is kept."""
        self._when_of = when_of
        self._fields = [(each.field, bytes([self.roles.index(each.role)])) for each in people]
        self._read = attrgetter(*(each.field for each in people))
        self._each = [attrgetter(each.field) for each in people]
        self._noted: dict[str, Record] = {}
        """The last versions of the records that are not taken in yet."""
        self._held: dict[str, bytes] = {}
        """By id of a record with people: its head, then them."""
        self._ids: list[str] = []
        """The ids of records by number."""
        self._free: list[int] = []
        """Numbers of records that are no more."""
        self._buckets: list[_Bucket] | None = None
        """None until somebody asks."""
        self._behind: dict[str, bytes | None] = {}
        """What the buckets have of records that have changed since they were last asked."""
        self._logged = array("Q"), array("Q")
        """Whose records have changed, and when these were, change by change."""
        self._forgotten = 0
        """Changes that are not remembered any more."""

    def __len__(self) -> int:
        """How many records have people."""
        self.settle()
        return len(self._held)

    def concern(self, record: str, event: Record) -> bool:
        """Whether a version names anybody, or any before it may have done so."""
        for read in self._each:
            if read(event):
                return True
        return record in self._noted or record in self._held

    def put(self, record: str, event: Record) -> None:
        """Notes the winning version of a record."""
        self._noted[record] = event
        if len(self._noted) >= MOST_NOTED:
            self.settle()

    def put_same(self, record: str, event: Record) -> None:
        """The same for a version that nothing but its people tells from the one that is held: the
        larger list of people is taken, whatever order they came in."""
        self.settle()
        if self._people_in(event) > self.record(record):
            self.put(record, event)

    def moved(self, record: str, when: int) -> None:
        """Notes when a record was of which a version with another time is put."""
        if self._buckets is not None:
            self.settle()
            self._log(self.record(record), when)

    def record(self, record: str) -> bytes:
        """Who is in a record, as `persons_of` reads it; empty for one without people."""
        self.settle()
        return self._held.get(record, b"")[_HEAD.size :]

    def of(self, person: int) -> Iterator[tuple[str, int]]:
        """The ids of a person's records, and what he is in each: a set of roles."""
        for number in self._asked()[person >> 64 - _BUCKET_BITS].of(person):
            record = self._ids[number]
            persons = persons_of(self._held[record][_HEAD.size :])
            yield record, reduce(or_, (1 << role for each, role in persons if each == person))

    def count(self, person: int) -> int:
        """In how many records a person is."""
        return len(self._asked()[person >> 64 - _BUCKET_BITS].of(person))

    def mark(self) -> int:
        """A number for what is known now, to ask later what has changed since."""
        self._asked()
        return self._forgotten + len(self._logged[0])

    def touched(self, since: int, start: int, end: int) -> set[int] | None:
        """Those of whom a record in [start, end), in ms, has changed since a mark; None where that
        is no longer remembered."""
        self.settle()
        if since < self._forgotten:
            return None
        first = since - self._forgotten
        persons, times = (np.frombuffer(each, np.uint64)[first:] for each in self._logged)
        return set(persons[(times >= start) & (times < end)].tolist())

    def settle(self) -> None:
        """Takes in what was noted."""
        while self._noted:
            noted, self._noted = self._noted, {}
            for record, event in noted.items():
                self._settle(record, event)

    def drop(self, records: Iterable[str]) -> None:
        """Forgets records that have left the ledger."""
        self.settle()
        for record in records:
            if record in self._held:
                self._replace(record, b"")

    def restore(self, records: Mapping[str, bytes]) -> None:
        """Puts a checkpoint back where nobody is known yet."""
        for record, persons in records.items():
            self._held[record] = _HEAD.pack(0, len(self._ids)) + persons
            self._ids.append(record)

    def _settle(self, record: str, event: Record) -> None:
        said = 0 if event.deleted else hash(self._read(event))
        held = self._held.get(record)
        if held is None or event.deleted or _HEAD.unpack_from(held)[0] != said:
            persons = self._people_in(event)
            if persons != (held or b"")[_HEAD.size :]:
                self._replace(record, persons, said)
        if self._buckets is not None:
            self._log(self._held.get(record, b"")[_HEAD.size :], self._when_of(record))

    def _people_in(self, event: Record) -> bytes:
        """Who is in a version of a record; nobody in a deleted one."""
        found: list[bytes] = []
        for field, role in self._fields if not event.deleted else ():
            named: Any = getattr(event, field) or ()
            for each in (named,) if isinstance(named, str) else named:
                pseudonym = each if isinstance(each, str) else each.id
                found += (blake2b(pseudonym.encode(), digest_size=8).digest(), role)
        return b"".join(found)

    def _replace(self, record: str, persons: bytes, said: int = 0) -> None:
        """Has other people in a record."""
        held = self._held.get(record)
        if self._buckets is not None:
            self._behind.setdefault(record, held)
            if held is not None:
                self._log(held[_HEAD.size :], self._when_of(record))
        if persons:
            if held is not None:
                number = _HEAD.unpack_from(held)[1]
            else:
                number = self._free.pop() if self._free else len(self._ids)
                self._ids[number : number + 1] = [record]
            self._held[record] = _HEAD.pack(said, number) + persons
        elif held is not None:
            self._free.append(_HEAD.unpack_from(held)[1])
            del self._held[record]
        if self.changed is not None:
            self.changed[record] = persons or None

    def _log(self, persons: bytes, when: int) -> None:
        """Remembers that a record of some people has changed."""
        for person, _ in persons_of(persons):
            self._logged[0].append(person)
            self._logged[1].append(when)
        if len(self._logged[0]) > MOST_LOGGED:
            half = MOST_LOGGED // 2
            self._forgotten += half
            for each in self._logged:
                del each[:half]

    def _asked(self) -> list[_Bucket]:
        """The links as they stand now."""
        self.settle()
        if self._buckets is None or len(self._behind) * _SORTED_ANEW > len(self._held):
            self._buckets = self._sorted()
        else:
            for held in self._behind.values():
                for person, number in _links(held):
                    self._buckets[person >> 64 - _BUCKET_BITS].drop(person, number)
            for record in self._behind:
                for person, number in _links(self._held.get(record)):
                    self._buckets[person >> 64 - _BUCKET_BITS].put(person, number)
        self._behind.clear()
        return self._buckets

    def _sorted(self) -> list[_Bucket]:
        """All links, sorted."""
        persons_by_record = [held[_HEAD.size :] for held in self._held.values()]
        persons = np.frombuffer(b"".join(persons_by_record), _PERSONS)["person"]
        heads = b"".join([held[: _HEAD.size] for held in self._held.values()])
        numbers = np.frombuffer(heads, np.dtype([("said", "<i8"), ("number", "<u4")]))["number"]
        numbers = np.repeat(numbers, [len(each) // _PERSON.size for each in persons_by_record])
        order = np.lexsort((numbers, persons))
        persons, numbers = persons[order], numbers[order]
        first = np.ones(len(persons), bool)  # not twice where he has two roles
        first[1:] = (persons[1:] != persons[:-1]) | (numbers[1:] != numbers[:-1])
        persons, numbers = persons[first], numbers[first]
        edges = np.arange(1, 1 << _BUCKET_BITS, dtype=np.uint64) << np.uint64(64 - _BUCKET_BITS)
        ends = [0, *np.searchsorted(persons, edges).tolist(), len(persons)]
        buckets = []
        for start, end in pairwise(ends):
            bucket = _Bucket()
            bucket.persons.frombytes(persons[start:end].tobytes())
            bucket.records.frombytes(numbers[start:end].astype(np.uint32).tobytes())
            buckets.append(bucket)
        return buckets


def persons_of(persons: bytes) -> Iterator[tuple[int, int]]:
    """Digest and role of each person of a record; a role is its place in `Links.roles`."""
    return _PERSON.iter_unpack(persons)


def _links(held: bytes | None) -> set[tuple[int, int]]:
    """Each person of a record, with its number."""
    if held is None:
        return set()
    number = _HEAD.unpack_from(held)[1]
    return {(person, number) for person, _ in persons_of(held[_HEAD.size :])}
