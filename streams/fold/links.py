"""People and the records in which they appear, of one ledger whose kind declares persons.

A person is a pseudonym. Of each the records are known by their time, so that whoever asks whether
somebody came back within twelve months goes through a few of them and through no others.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence

from streams.registry.packing import Persons

Appearance = tuple[int, str, str]
"""Of a person in a record: (when in ms by the first clock, id of the record, role)."""


class Links:
    """The records of each person, as their winning versions have it."""

    def __init__(self) -> None:
        self.records: dict[str, tuple[int, Persons]] = {}
        """By id of a record: when it was, and who is in it."""
        self.changed: dict[str, tuple[int, Persons] | None] | None = None
        """Those that have changed since the last checkpoint, None for one that is no more; None
        where no checkpoint is kept."""
        self._of: dict[str, tuple[Appearance, ...]] = {}

    def __len__(self) -> int:
        """How many people are known."""
        return len(self._of)

    def of(self, person: str, start: int, end: int) -> Sequence[Appearance]:
        """The appearances of a person in [start, end), in ms, in the order of time."""
        found = self._of.get(person, ())
        return found[bisect_left(found, (start,)) : bisect_left(found, (end,))]

    def put(self, record: str, when: int, persons: Persons, *, tie: bool = False) -> None:
        """Takes in who is in a record now; nobody, where it was deleted. Of two versions between
        which nothing else decides (a `tie`) the larger list is taken, whatever order they came
        in."""
        known = self.records.get(record)
        if tie and known is not None and known[1] > persons:
            return
        if known == (when, persons) or (known is None and not persons):
            return
        if known is not None:
            self._take_out(record, *known)
        if persons:
            self.records[record] = when, persons
            for person, role in persons:
                found = list(self._of.get(person, ()))
                insort(found, (when, record, role))
                self._of[person] = tuple(found)
        if self.changed is not None:
            self.changed[record] = (when, persons) if persons else None

    def drop(self, records: Iterable[str]) -> None:
        """Forgets records that have left the ledger."""
        for record in records:
            if record in self.records:
                self.put(record, 0, ())

    def restore(self, records: Mapping[str, tuple[int, Persons]]) -> None:
        """Puts a checkpoint back where nobody is known yet."""
        changed, self.changed = self.changed, None
        for record, (when, persons) in records.items():
            self.put(record, when, persons)
        self.changed = changed

    def _take_out(self, record: str, when: int, persons: Persons) -> None:
        del self.records[record]
        for person, _ in persons:
            left = tuple(each for each in self._of.get(person, ()) if each[1] != record)
            if left:
                self._of[person] = left
            else:
                self._of.pop(person, None)
