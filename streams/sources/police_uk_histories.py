"""data.police.uk outcome files: what became of the crimes in the street files beside them.

An outcome file has a row for each outcome, with the Crime ID, the month and the words. Of each
crime that both name a history is made, in the order of time:

| version | has |
|---|---|
| each row of a street file | the crime, without an outcome |
| each outcome | the crime with this outcome, and its month as `outcome_at` |

`updated_at` is the last second of the row's month.

An outcome in the month of recording wins over the crime without one, and of several in one month
the one with the greatest content, as the ledger compares it: a month has no order. One that is
dated before its crime is a version of the crime's month. Of a crime that outcomes name, the last
outcome category of the street file is not used; of any other it stands, without a date.

`outcome_at` is a month, so it enters no day, and no duration: how many days passed is not known.

The same outcome again in the same month is joined with the first (a charge has a row for each
suspect). Outcomes of crimes that no street file has are left out, and counted in a notice.

**Cost.** Crimes and outcomes are sorted by Crime ID in bounded memory
(`streams.sources.external_sort`), so crimes with an ID come after all files were read. Without an
outcome file nothing is sorted here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from streams.config.force import Force
from streams.errors import Refused
from streams.events.schema import Crime
from streams.sources.event_lines import CHUNK_LINES, Chunk
from streams.sources.external_sort import RUN_BYTES, ExternalSort
from streams.sources.notices import Notices
from streams.sources.police_uk import (
    OUTCOME_GROUPS,
    OUTCOMES,
    UNDECIDED,
    PublishedForces,
    StreetRows,
    checked_id,
    encoded,
)
from streams.sources.tables.rows import CONVERT, Rows, table_chunks

STREET_ROW, OUTCOME_ROW = 0, 1
NO_CRIME = (
    "{count} outcome{s} of crimes that no street file here has, the first in {example}: not "
    "counted. Read the street files of the months in which these were recorded as well"
)

_decode = msgspec.json.Decoder(Crime).decode

Row = tuple[Any, ...]
"""Force, Crime ID, which file it is of, month, what it says, origin, line."""


def is_outcomes(header: Sequence[str]) -> bool:
    """Whether these are the columns of an outcome file."""
    return {"Crime ID", "Month", "Falls within", "Outcome type"} <= set(header)


class OutcomeRows:
    """The rows of one outcome file; call it with the cells of a row."""

    def __init__(self, header: Sequence[str], forces: Mapping[str, Force]) -> None:
        place = {name: position for position, name in enumerate(header)}
        self._id, self._month = place["Crime ID"], place["Month"]
        self._force, self._words = place["Falls within"], place["Outcome type"]
        self._forces = PublishedForces(forces)

    def __call__(self, cells: list[str]) -> tuple[str, str, str, str]:
        """The force, the Crime ID, the month and the words of one row; raises `Refused`."""
        force = self._forces.of(cells[self._force])
        month, words = cells[self._month], cells[self._words]
        force.end_of(month)
        if not cells[self._id]:
            raise Refused("no_id", "Crime ID is blank, so the outcome is of no crime")
        if not words:
            raise Refused("missing_field", "Outcome type is blank")
        if not (words in OUTCOMES or words in OUTCOME_GROUPS or words in UNDECIDED):
            raise Refused("unknown_value", f'Outcome type: "{words[:80]}" is no known outcome')
        return force.id, checked_id(cells[self._id]), month, words


class Histories:
    """Takes the rows of street and outcome files in any order, then gives the versions of the
    crimes. Close it: a temporary file then goes.

    `forces` are the known forces by id.
    """

    def __init__(
        self, forces: Mapping[str, Force], notices: Notices, run_bytes: int = RUN_BYTES
    ) -> None:
        self._forces, self._notices = PublishedForces(forces), notices
        self._known = forces
        self._rows = ExternalSort(run_bytes)
        self._origins: list[str] = []

    def close(self) -> None:
        """Deletes the temporary file."""
        self._rows.close()

    def crimes(self, table: Rows) -> Iterator[Chunk]:
        """Takes a street file. Gives the chunks of the rows without a Crime ID, and of those that
        are refused."""
        rows, origin = StreetRows(table.header, self._known), self._origin(table)

        def take(cells: list[str]) -> bytes | None:
            event = rows.event(cells)
            line = encoded(event)
            if not isinstance(event, Crime) or not rows.has_id(cells):
                return line
            month = str(event.recorded_at)
            key = event.force, event.id, STREET_ROW, month
            self._rows.add((*key, line, origin, table.number), len(line) + len(event.id))
            return None

        return self._taken(table, take)

    def outcomes(self, table: Rows) -> Iterator[Chunk]:
        """Takes an outcome file. Gives the chunks of the rows that are refused."""
        rows, origin = OutcomeRows(table.header, self._known), self._origin(table)

        def take(cells: list[str]) -> None:
            force, crime, month, words = rows(cells)
            key = force, crime, OUTCOME_ROW, month
            self._rows.add((*key, words, origin, table.number), len(crime) + len(words))

        return self._taken(table, take)

    def _origin(self, table: Rows) -> int:
        self._origins.append(table.origin)
        return len(self._origins) - 1

    def _taken(self, table: Rows, take: CONVERT) -> Iterator[Chunk]:
        """The chunks of a table but for the rows that are kept for later."""
        before = self._rows.rows
        for chunk in table_chunks(table, take):
            kept = self._rows.rows - before
            before = self._rows.rows
            left = chunk._replace(excluded=chunk.excluded - kept)
            if left.rows:
                yield left

    def versions(self) -> Iterator[Chunk]:
        """The chunks of all crimes with an ID, each with its outcomes."""
        output = _Output(self._origins)
        for _, group in groupby(self._rows, key=lambda row: row[:2]):
            self._history(list(group), output)
            if output.full:
                yield output.chunk()
        last = output.chunk()
        if last.rows:
            yield last

    def _history(self, rows: list[Row], output: _Output) -> None:
        """The versions of one crime, from its rows in order: street files first, then by month."""
        first = next((n for n, row in enumerate(rows) if row[2] == OUTCOME_ROW), len(rows))
        street, outcomes = rows[:first], rows[first:]
        if not street:
            for row in outcomes:
                output.excluded += 1
                self._notices.add(NO_CRIME, f"{self._origins[row[-2]]}:{row[-1]}")
            return
        for row in street:
            output.add(_undecided(row[4]) if outcomes else row[4], row)
        # Rows of one month that differ stay apart, so that the ledger chooses among them as it does
        # without outcomes.
        last = [
            _decode(line) for line in sorted({row[4] for row in street if row[3] == street[-1][3]})
        ]
        before = None
        for row in outcomes:
            if row[3:5] == before:
                output.joined += 1
                continue
            before = row[3:5]
            for place, crime in enumerate(last):
                output.add(self._decided(crime, *row[3:5]), row, begins=place == 0)

    def _decided(self, crime: Crime, month: str, words: str) -> bytes:
        end = self._forces.of(crime.force).end_of(month)
        decided = words not in UNDECIDED
        version = msgspec.structs.replace(
            crime,
            updated_at=max(end, crime.updated_at),
            outcome=OUTCOMES.get(words),
            outcome_group=OUTCOME_GROUPS.get(words),
            outcome_at=month if decided else None,
        )
        return encoded(version)


def _undecided(line: bytes) -> bytes:
    crime = msgspec.structs.replace(_decode(line), outcome=None, outcome_group=None)
    return encoded(crime)


class _Output:
    """The versions made since the last chunk."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = origins
        self._lines: list[bytes] = []
        self._places: list[tuple[int, int, bool]] = []
        self.excluded = self.joined = 0

    def add(self, line: bytes, row: Row, *, begins: bool = True) -> None:
        """A version, and the row that it is of."""
        self._lines.append(line)
        self._places.append((row[-2], row[-1], begins))

    @property
    def full(self) -> bool:
        """Whether there is enough for a chunk."""
        return max(len(self._lines), self.excluded, self.joined) >= CHUNK_LINES

    def chunk(self) -> Chunk:
        """What was made, which is then forgotten."""
        origins = [self._origins[origin] for origin, _, _ in self._places]
        made = Chunk(
            b"\n".join(self._lines),
            origins[0] if origins else "",
            [number for _, number, _ in self._places],
            excluded=self.excluded,
            joined=self.joined,
            origins=origins,
            begins=[begins for _, _, begins in self._places],
        )
        self._lines, self._places = [], []
        self.excluded = self.joined = 0
        return made
