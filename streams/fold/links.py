"""Persons: in which records each pseudonym is, by time and role.

A person is known by a pseudonym alone. The forces of a partition group share one `Links`, so that
a person who is a victim in two allied forces is one. Every version of a record replaces the links
of the one before, and a record that leaves its ledger takes its links along; so what is held is
what the winners within the horizon say.

A link is three numbers in sorted arrays: a digest of the pseudonym (64 bits: in a million persons
two share one with a chance of 1 in 40 million), time and role, and facts and record. That is 24
bytes; what is kept by record is 9 bytes a person, from which its links are found again.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

from streams.events.schema import Record
from streams.registry.packing import Facts, Packer

_BUCKET_BITS, _ROLE_BITS, _FEED_BITS, _RECORD_BITS = 10, 8, 8, 40
_RECORD_MASK = (1 << _RECORD_BITS) - 1
_PERSON_BYTES = 9
"""Of each person in a record: the role, and the digest of the pseudonym."""


class Link(NamedTuple):
    """That a person is in a record."""

    when: int
    """The record's first clock, in ms."""
    precision: int
    role: str
    """The field that names the person: `victims`."""
    packer: Packer
    """Of the record's kind and force."""
    facts: Facts
    record: int
    """Tells records of one packer apart; it is another one in each process."""


class _Bucket:
    """Some links, sorted by person, then time."""

    __slots__ = ("persons", "records", "times")

    def __init__(self) -> None:
        self.persons, self.times, self.records = array("Q"), array("Q"), array("Q")

    def of(self, person: int) -> slice:
        """Where the links of a person are."""
        first = bisect_left(self.persons, person)
        return slice(first, bisect_right(self.persons, person, first))

    def put(self, person: int, time: int, record: int) -> None:
        """Adds a link."""
        of = self.of(person)
        at = bisect_left(self.times, time, of.start, of.stop)
        for column, value in self._columns(person, time, record):
            column.insert(at, value)

    def drop(self, person: int, time: int, record: int) -> None:
        """Removes a link."""
        of = self.of(person)
        at = bisect_left(self.times, time, of.start, of.stop)
        while self.records[at] != record:
            at += 1
        for column, _ in self._columns(person, time, record):
            del column[at]

    def _columns(self, *link: int) -> Iterator[tuple[array[int], int]]:
        return zip((self.persons, self.times, self.records), link, strict=True)


class Links:
    """The links of all kinds of record of the forces of one partition group."""

    def __init__(self) -> None:
        self._buckets: defaultdict[int, _Bucket] = defaultdict(_Bucket)
        self._packers: list[Packer] = []

    def feed(self, packer: Packer) -> RecordLinks:
        """What the ledger with this packer keeps its links by."""
        self._packers.append(packer)
        return RecordLinks(packer, len(self._packers) - 1, self)

    def of(self, pseudonym: str) -> list[Link]:
        """The links of a person, by time; a record is among them once a role."""
        person = _digest(pseudonym)
        bucket = self._bucket(person)
        of = bucket.of(person)
        return [
            self._link(time, record)
            for time, record in zip(bucket.times[of], bucket.records[of], strict=True)
        ]

    def _link(self, time: int, record: int) -> Link:
        packer = self._packers[time >> _ROLE_BITS & (1 << _FEED_BITS) - 1]
        role = packer.kind.persons[time & (1 << _ROLE_BITS) - 1]
        when = time >> _ROLE_BITS + _FEED_BITS
        facts = packer.facts.tuples[record >> _RECORD_BITS]
        return Link(when >> 2, when & 3, role, packer, facts, record & _RECORD_MASK)

    def put(self, person: int, time: int, record: int) -> None:
        """Adds a link of numbers."""
        self._bucket(person).put(person, time, record)

    def drop(self, person: int, time: int, record: int) -> None:
        """Removes one."""
        self._bucket(person).drop(person, time, record)

    def _bucket(self, person: int) -> _Bucket:
        return self._buckets[person >> 64 - _BUCKET_BITS]


class RecordLinks:
    """The links of the records of one ledger."""

    def __init__(self, packer: Packer, index: int, links: Links) -> None:
        self.packer, self._index, self._links = packer, index, links
        self.persons: dict[str, bytes] = {}
        """By id of a record that names any: its persons, each a role and a digest."""
        self.changed: dict[str, bytes | None] | None = None
        """What of it has changed since the last checkpoint, None for what is no longer there; None
        where no checkpoint is kept."""

    def revise(self, key: str, event: Record, old_packed: int, packed: int) -> None:
        """Takes the version of a record that has won over one that packed as `old_packed`, 0 for
        none; `packed` is 0 for a tombstone."""
        named = self._named(event) if packed else b""
        held = self.persons.get(key, b"")
        if held == named and (not named or old_packed == packed):
            return
        self._drop(key, held, old_packed)
        self._hold(key, named)
        for person, time, record in self._numbers(key, named, packed):
            self._links.put(person, time, record)

    def forget(self, key: str, packed: int) -> None:
        """Removes the links of a record that leaves."""
        held = self.persons.get(key, b"")
        if held:
            self._drop(key, held, packed)
            self._hold(key, b"")

    def restore(self, persons: dict[str, bytes], packed: Iterable[tuple[str, int]]) -> None:
        """Puts the persons of a checkpoint back; `packed` gives id and packed record of all."""
        self.persons = persons
        for key, each in packed:
            for link in self._numbers(key, persons.get(key, b""), each):
                self._links.put(*link)

    def _drop(self, key: str, held: bytes, packed: int) -> None:
        for person, time, record in self._numbers(key, held, packed):
            self._links.drop(person, time, record)

    def _hold(self, key: str, named: bytes) -> None:
        if named:
            self.persons[key] = named
        else:
            self.persons.pop(key, None)
        if self.changed is not None:
            self.changed[key] = named or None

    def _named(self, event: Record) -> bytes:
        """The persons that an event names, each once a role, in one order."""
        found = {
            role.to_bytes(1, "big") + _digest(pseudonym).to_bytes(8, "big")
            for role, field in enumerate(self.packer.kind.persons)
            for pseudonym in _pseudonyms(getattr(event, field))
        }
        return b"".join(sorted(found))

    def _numbers(self, key: str, named: bytes, packed: int) -> Iterator[tuple[int, int, int]]:
        """(Person, time, record) of each person of a record."""
        if not named:
            return
        when, precision = self.packer.when_of(packed)
        facts = self.packer.facts_index(packed)
        record = facts << _RECORD_BITS | hash(key) & _RECORD_MASK
        time = ((when << 2 | precision) << _FEED_BITS | self._index) << _ROLE_BITS
        for at in range(0, len(named), _PERSON_BYTES):
            person = int.from_bytes(named[at + 1 : at + _PERSON_BYTES], "big")
            yield person, time | named[at], record


def _pseudonyms(value: Any) -> Iterator[str]:
    """The pseudonyms in a field: none, one, or several, each as it is or as the `id` of a part."""
    if isinstance(value, str):
        yield value
    else:
        for each in value or ():
            yield each if isinstance(each, str) else each.id


def _digest(pseudonym: str) -> int:
    return int.from_bytes(blake2b(pseudonym.encode(), digest_size=8).digest(), "big")
