"""Rows of one id become one event: the units of an incident, or the states of a call.

The rows of a file are sorted by id (`streams.sources.external_sort`, in bounded memory), so this
works on what has an end only. Each row is mapped by itself; of the rows of one id each field is
then

| `merge.FIELD` | value |
|---|---|
| `first`, of a time | the earliest that a row has |
| `last`, of a time | the latest; so is `updated_at` where nothing is said |
| `first`, of another field | that of the earliest row that has it; so is every field not named |
| `last`, of another field | that of the latest row that has it |
| `any`, `all` | true where it is true in any row, or in all rows that have it |
| `sum` | the sum of all rows; not known where one of them lacks it |
| `each`, of a list | what the rows have: a marker once, a casualty a row, a unit once an id |

A row is earlier than another where the first of its times is, then the second, and so on; rows of
the same times are ordered by their cells. So the order of the rows in the file changes nothing.

A row that can't be mapped is refused alone, and the event is made of the others. Where the whole
event can't be, all its rows are refused; so are they where a sum would lack a refused row.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import partial
from itertools import groupby, islice
from typing import Any

import msgspec

from streams.errors import Refused, SourceError
from streams.sources.event_lines import CHUNK_LINES, Chunk, Rejected
from streams.sources.external_sort import RUN_BYTES, ExternalSort
from streams.sources.mapping.kind_fields import item_fields
from streams.sources.mapping.mapped import Mapper
from streams.sources.mapping.model import Mapping
from streams.sources.mapping.placing import Placed
from streams.sources.tables.rows import TableRows

Order = tuple[bool, list[dt.datetime], list[str]]
"""Where a row stands among those of its id: whether it has no time, its times, its cells."""


class Merged:
    """One record, from its rows in any order."""

    def __init__(self, mapping: Mapping) -> None:
        states = {} if mapping.states is None else mapping.states.fields
        self._rules: dict[str, str] = {
            "updated_at": "last", **dict.fromkeys(states.values(), "first"), **mapping.merge,
            **dict.fromkeys(item_fields(mapping.kind), "each"),
        }  # fmt: skip
        self.event: dict[str, object] = {}
        self.placed = Placed()
        self._from: dict[str, Order] = {}
        """Of each field the place, among the rows, of the one that it was taken from."""
        self.sums = {name for name, rule in mapping.merge.items() if rule == "sum"}
        """Fields that are sums over all rows."""
        self._summed: Counter[str] = Counter()
        self._each: dict[str, list[Any]] = {}
        """What the rows have of a list, together."""
        self._items = tuple(f"{name}." for name in item_fields(mapping.kind))
        self._rows = 0

    def whole(self) -> dict[str, object]:
        """The fields of the record when all its rows were taken."""
        lacking = {name for name in self.sums if self._summed[name] < self._rows}
        gathered = {n: _together(each) for n, each in self._each.items()}
        return {n: value for n, value in self.event.items() if n not in lacking} | gathered

    def add(self, event: dict[str, object], placed: Placed, cells: list[str]) -> None:
        """Take one more row."""
        self._rows += 1
        order = not placed.at, sorted(placed.at.values()), cells
        for name, value in event.items():
            rule = self._rules.get(name, "first")
            if name == "version":
                self.event[name] = max(self.event.get(name, value), value, key=_version)
            elif rule == "sum":
                so_far = Decimal(str(self.event.get(name, 0)))
                self.event[name] = format(so_far + Decimal(str(value)), "f")
                self._summed[name] += 1
            elif rule == "each" and isinstance(value, list):
                held = self._each.setdefault(name, [])
                held += [each for each in value if isinstance(each, dict) or each not in held]
            elif rule in {"any", "all"}:
                flag = msgspec.convert(value, bool, strict=False)
                before = self.event.get(name, flag)
                self.event[name] = (before or flag) if rule == "any" else (before and flag)
            elif name not in self.event or self._replaces(name, rule, placed, order):
                self.event[name] = value
                self._from[name] = order
                self._place(name, placed)
        for name, at in placed.at.items():
            if name.startswith(self._items):  # the latest of them says how late the record is
                self.placed.at[name] = max(at, self.placed.at.get(name, at))

    def _replaces(self, name: str, rule: str, placed: Placed, order: Order) -> bool:
        """Whether the value of a further row takes the place of the one that is held."""
        new, held = placed.at.get(name), self.placed.at.get(name)
        if new is not None and held is not None and name in self._rules and new != held:
            return new > held if rule == "last" else new < held
        before = self._from[name]
        return order > before if rule == "last" else order < before

    def _place(self, name: str, placed: Placed) -> None:
        if name in placed.at:
            self.placed.forget(name)
            self.placed.at[name] = placed.at[name]
            if placed.until is not None and name in placed.until:
                if self.placed.until is None:
                    self.placed.until = {}
                self.placed.until[name] = placed.until[name]


def _together(gathered: list[Any]) -> list[Any]:
    """What the rows have of a list, in one order. Objects with one id (a unit that is sent in one
    row and arrives in another) are one, unless both say something of which one can be true."""
    joined: list[Any] = []
    of_id: dict[object, list[dict[str, object]]] = {}
    for each in sorted(gathered, key=msgspec.json.encode):
        if not isinstance(each, dict) or "id" not in each:
            joined.append(each)
            continue
        alike = of_id.setdefault(each["id"], [])
        for held in alike:
            if all(held.get(part, value) == value for part, value in each.items()):
                held.update(each)
                break
        else:
            alike.append(dict(each))
            joined.append(alike[-1])
    return sorted(joined, key=msgspec.json.encode)


def _version(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return -1


Raw = tuple[int, bytes]


class _Output:
    """The rows accounted for since the last chunk."""

    def __init__(self, table: TableRows) -> None:
        self.table = table
        self.lines: list[bytes] = []
        self.numbers: list[int] = []
        self.excluded = self.joined = 0

    def event(self, line: bytes, rows: list[Raw]) -> None:
        self.lines.append(line)
        self.numbers.append(rows[0][0])
        self.joined += len(rows) - 1

    def refuse(self, refused: Refused, rows: list[Raw]) -> None:
        for number, raw in rows:
            origin = f"{self.table.origin}:{number}"
            self.table.rejected.append(Rejected(raw, refused.reason, refused.detail, origin))

    @property
    def full(self) -> bool:
        held = len(self.lines) + len(self.table.rejected)
        return held >= CHUNK_LINES or self.excluded >= CHUNK_LINES

    def chunk(self) -> Chunk:
        table = self.table
        made = Chunk(
            b"\n".join(self.lines),
            table.origin,
            self.numbers,
            table.rejected,
            self.excluded + table.blank,
            self.joined,
        )
        self.lines, self.numbers, self.excluded, self.joined = [], [], 0, 0
        table.rejected, table.blank = [], 0
        return made


def grouped_chunks(
    table: TableRows, mapper: Mapper, run_bytes: int = RUN_BYTES, most: int | None = None
) -> Iterator[Chunk]:
    """The chunks of a table, or of its first `most` rows, whose rows of one id become one event; on
    a damaged file, first those of the rows before the damage. An event has the line of the first of
    its rows."""
    output, failure = _Output(table), None
    with ExternalSort(run_bytes) as rows:
        try:
            for cells in islice(table, most):
                _gather(cells, mapper, rows, output)
                if output.full:
                    yield output.chunk()
        except SourceError as error:
            failure = error
        for _, group in groupby(rows, key=lambda row: row[:2]):
            _join(group, mapper, output)
            if output.full:
                yield output.chunk()
    last = output.chunk()
    if last.rows:
        yield last
    if failure is not None:
        raise failure


def _join(group: Iterable[tuple[Any, ...]], mapper: Mapper, output: _Output) -> None:
    """Make one event of the rows of one id, or refuse them."""
    merged, joined, lacking = Merged(mapper.mapping), list[Raw](), None
    rows = [(number, list(cells), raw) for _, _, number, cells, raw in group]
    for (number, cells, raw), row in zip(rows, _mapped(mapper, rows), strict=True):
        if not isinstance(row, Refused):
            if row is not None:
                merged.add(*row, cells)
            joined.append((number, raw))
            continue
        output.refuse(row, [(number, raw)])
        if merged.sums:
            detail = f"the sum would lack row {number}: {row.detail}"
            lacking = lacking or Refused(row.reason, detail)
    if not joined:
        return
    mapper.line = partial(int, joined[0][0])
    try:
        if lacking is not None:
            raise lacking
        output.event(mapper.finish(merged.whole(), merged.placed), joined)
    except Refused as refused:
        output.refuse(refused, joined)


def _gather(cells: list[str], mapper: Mapper, rows: ExternalSort, output: _Output) -> None:
    """Sort one row under its id, unless it is excluded or has none."""
    table = output.table
    if len(cells) != len(table.header):
        table.reject("wrong_cell_count", f"{len(cells)} cells under {len(table.header)} columns")
        return
    try:
        key = mapper.key(cells)
    except Refused as refused:
        table.reject(refused.reason, refused.detail)
        return
    if key is None:
        output.excluded += 1
    else:
        raw = table.raw
        rows.add((*key, table.number, tuple(cells), raw), 2 * len(raw))


Mapped = tuple[dict[str, object], Placed]


def _mapped(
    mapper: Mapper, rows: list[tuple[int, list[str], bytes]]
) -> list[Mapped | Refused | None]:
    """The rows of one record, each mapped or refused. What one of them decides of a time in the
    hour that autumn repeats holds for all that have it: it is one time of one record."""
    found = []
    for number, cells, _ in rows:
        mapper.line = partial(int, number)
        found.append(_one(mapper, cells, shares=False))
    placed = [row[1] if isinstance(row, tuple) else None for row in found]
    decided = {item for each in placed if each is not None for item in each.decided.items()}
    for place, (number, cells, _) in enumerate(rows):
        here = placed[place]
        if here is not None and (undecided := here.undecided):
            settled = {
                n: at for n, at in sorted(decided, reverse=True) if at in undecided.get(n, ())
            }
            mapper.line = partial(int, number)
            found[place] = _one(mapper, cells, {**(here.settled or {}), **settled})
    return found


def _one(
    mapper: Mapper,
    cells: list[str],
    settled: dict[str, dt.datetime] | None = None,
    *,
    shares: bool = True,
) -> Mapped | Refused | None:
    """One row, mapped; None where it is excluded, or why it is refused."""
    try:
        mapped = mapper.row(cells, settled, shares=shares)
        if mapped is None:
            return None
        mapper.plausible.judge(mapped[1])
        return mapper.itemised(mapped[0]), mapped[1]
    except Refused as refused:
        return refused
    except msgspec.ValidationError as error:
        return Refused("wrong_form", str(error))
