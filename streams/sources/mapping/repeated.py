"""Notices rows of one id in one file whose times differ, where the ledger keeps one of them only.

Without a `version` column the row with the latest time wins, whole. A time that another row of the
same id has and the winner has not is then lost: the first arrival of three units, for one. Of
readings it notices rows for one figure that are no versions of each other.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from streams.sources.notices import Notices
from streams.sources.record_times import COMMITTED, RECORD_TIMES

REMEMBERED = 30_000
"""At least so many of the latest ids are remembered (and at most twice as many): exports have the
rows of one id near each other, and memory is not endless."""


class SamePeriod:
    """Notices rows that give one figure of one period, of which one alone counts: the quarters of
    an hour as totals of the hour, for one. Versions of a reading are not meant: rows of one id that
    were written at different times, or are alike."""

    def __init__(self, file: str, notices: Notices) -> None:
        self.file, self._notices = file, notices
        self._seen: dict[Any, tuple[int, dict[str, object]]] = {}

    def see(self, event: dict[str, object], number: int) -> None:
        """Take one reading: its fields, and its line in the file."""
        figure = tuple(event.get(name) for name in ("force", "measure", "line", "area", "period"))
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        first, held = self._seen.setdefault(figure, (number, event))
        if event["id"] == held["id"] and (
            event["updated_at"] != held["updated_at"] or event == held
        ):
            return
        self._notices.add(
            "several rows give the same measure, line, area and period, and only one of them "
            "counts: {example} ({count} row{s} more); where they are parts of a sum, give them one "
            'id and `merge` with "sum"',
            f"{self.file}:{first} and {self.file}:{number}",
        )


MANY = 10
"""So many rows that begin at different times are not of one record: their id means nothing."""
BEGINNINGS = frozenset(life.begins for life in RECORD_TIMES.values())
TIMES = COMMITTED.union(*(life.order for life in RECORD_TIMES.values()))


class Repeated:
    """Looks at the event lines of one file; `notices` counts each id once a field."""

    def __init__(self, file: str, notices: Notices) -> None:
        self.file, self._notices = file, notices
        self._beginnings: dict[Any, int] = {}
        """Of ids that were noticed, how many rows begin at another time than the one before."""
        # Bytes and numbers, which the garbage collector need not look at.
        self._lines: dict[Any, bytes] = {}
        self._numbers: dict[Any, int] = {}
        self._old_lines: dict[Any, bytes] = {}
        self._old_numbers: dict[Any, int] = {}
        self._noticed: dict[Any, set[str]] = {}

    def see(self, key: object, line: bytes, number: int) -> None:
        """Take one row: its id, the event that it became, and its line in the file."""
        if key in self._lines or key in self._old_lines:
            self._compare(key, line, number)
            return
        if len(self._lines) >= REMEMBERED:
            self._old_lines, self._old_numbers = self._lines, self._numbers
            self._lines, self._numbers, self._noticed, self._beginnings = {}, {}, {}, {}
        self._lines[key] = line
        self._numbers[key] = number

    def _compare(self, key: object, line: bytes, number: int) -> None:
        # The earlier row of this id, and where it stands.
        lines, numbers = self._lines, self._numbers
        if key not in lines:
            lines, numbers = self._old_lines, self._old_numbers
        held, new = msgspec.json.decode(lines[key]), msgspec.json.decode(line)
        if held["force"] != new["force"]:
            return
        wins = _order(new) > _order(held)
        winner, loser = (new, held) if wins else (held, new)
        differ = {name for name in TIMES & loser.keys() if winner.get(name) != loser[name]}
        noticed = self._noticed.setdefault(key, set()) if differ else set()
        for name in sorted(differ - noticed):
            self._notices.add(
                f"rows of one id differ in {name}: "
                "{example} ({count} such id{s}); see `merge`",
                f"{self.file}:{numbers[key]} and {self.file}:{number}",
            )
        if differ & BEGINNINGS:
            self._count(key, number)
        noticed |= differ
        if wins:
            lines[key], numbers[key] = line, number

    def _count(self, key: object, number: int) -> None:
        count = self._beginnings[key] = self._beginnings.get(key, 1) + 1
        if count == MANY:
            self._notices.add(
                f"{MANY} rows or more that begin at different times have one id and count as one "
                "record: {example} ({count} such id{s}); where it means that there is none, add "
                "it to `null`",
                f'"{key}" in {self.file}:{number}',
            )


def _order(event: dict[str, Any]) -> tuple[dt.datetime, int]:
    """The later row wins; of two of the same time the fuller, since the ledger compares content."""
    return dt.datetime.fromisoformat(event["updated_at"]), len(TIMES & event.keys())
