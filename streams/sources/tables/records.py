"""Records with named values (JSON objects, rows of Parquet) as the rows of a table.

Names of nested values are joined with full stops (`properties.opened`). A record that lacks a name
has a blank cell there. The columns are those that the mapping names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

import msgspec

from streams.errors import SourceError
from streams.sources.bytes.forms import shown
from streams.sources.event_lines import Rejected
from streams.sources.tables.rows import Build, NoColumn, needed_columns

Item = tuple[int, "Mapping[str, object] | Rejected | None"]
"""(number, record): the record may be refused already, or nothing (a blank line)."""

SAMPLE = 1000
"""So many records are looked at before a column counts as missing."""

_JSON = msgspec.json.Encoder(decimal_format="number", enc_hook=str)


def as_json(record: object) -> bytes:
    """A record as one line of JSON."""
    return _JSON.encode(record)


def text_of(value: object) -> str:
    """A value as the text of a cell: null is blank, numbers without a `.0`, times as ISO."""
    if isinstance(value, str):
        return value
    make = _TEXT.get(type(value))
    return make(value) if make is not None else str(value)


def _float(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _clock(value: dt.timedelta) -> str:
    """A duration as hours, minutes and seconds, as a mapping's unit `clock` reads it."""
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def _list(value: list[object]) -> str:
    """Plain values with semicolons between, which `split` takes apart; others as JSON."""
    if any(isinstance(part, list | dict) for part in value):
        return as_json(value).decode("utf-8", "surrogatepass")
    return ";".join(map(text_of, value))


_TEXT: dict[type, Callable[..., str]] = {
    type(None): lambda _: "",
    bool: lambda value: "true" if value else "false",
    float: _float,
    dt.timedelta: _clock,
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    bytes: lambda value: value.decode("utf-8", "surrogateescape"),
    list: _list,
}


def flat(record: Mapping[str, object], before: str = "") -> dict[str, str]:
    """The cells of a record by their dotted names, without the geometry of a GeoJSON feature."""
    cells: dict[str, str] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            if name != "geometry" or before or record.get("type") != "Feature":
                cells.update(flat(value, f"{before}{name}."))
        else:
            cells[before + name] = text_of(value)
    return cells


def _sample(items: Iterator[Item]) -> tuple[list[Item], SourceError | None]:
    """The first records, and what broke them off."""
    first: list[Item] = []
    try:
        first.extend(islice(items, SAMPLE))  # extend keeps what came before an error
    except SourceError as error:
        return first, error
    return first, None


def _then(first: list[Item], late: SourceError) -> Iterator[Item]:
    yield from first
    raise late


class Records:
    """The rows of a table of records; see `Rows`.

    Unless `live`, the first thousand are looked at before any is given: a table where none of them
    has an id column is not the mapping's, which raises `NoColumn`.
    """

    def __init__(
        self,
        items: Iterator[Item],
        origin: str,
        build: Build,
        *,
        live: bool = False,
        at_hand: Callable[[], bool] = lambda: True,
    ) -> None:
        self.origin = origin
        self.rejected: list[Rejected] = []
        self.blank = 0
        self.number = 0
        self._record: Mapping[str, object] = {}
        self._at_hand = at_hand
        needed = needed_columns(build)
        self.header = list(needed)
        self._items = items
        if not live:
            first, late = _sample(items)
            self._items = chain(first, items) if late is None else _then(first, late)
            self._check(first, needed)

    def _check(self, first: list[Item], needed: dict[str, str]) -> None:
        records = [record for _, record in first if isinstance(record, dict)]
        if not records:
            return
        seen = dict.fromkeys(name for record in records for name in flat(record))
        lacking = [name for name, field in needed.items() if field == "id" and name not in seen]
        if not lacking and needed and not seen.keys() & needed.keys():
            lacking = list(needed)
        if lacking:
            has = shown(", ".join(shown(name, 60) for name in seen), 600)
            raise NoColumn(
                lacking[0],
                f'{self.origin} has no "{shown(lacking[0])}" in any of its first records',
                field=needed[lacking[0]],
                cure=f"They have: {has or 'nothing'}",
            )

    def __iter__(self) -> Iterator[list[str]]:
        """The records as cells; [] for one that is refused already, and for a blank line."""
        for number, record in self._items:
            self.number = number
            if isinstance(record, Rejected):
                self.rejected.append(record)
                yield []
            elif record is None:
                self.blank += 1
                yield []
            else:
                self._record = record
                cells = flat(record)
                yield [cells.get(name, "") for name in self.header]

    @property
    def raw(self) -> bytes:
        """The record that was just given, as JSON."""
        return as_json(self._record)

    @property
    def drained(self) -> bool:
        """Whether the next record has to be waited for."""
        return not self._at_hand()
