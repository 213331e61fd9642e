"""JSON of any layout: objects a line, an array of objects, or an array somewhere in a document.

An array is read as it streams in (ijson), so that its length does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import ijson
import msgspec

from streams.errors import ConfigError, SourceError
from streams.sources.bytes.forms import shown
from streams.sources.bytes.lines import MAX_LINE, Batch
from streams.sources.event_lines import CHUNK_LINES, Chunk, Rejected
from streams.sources.tables.records import Item, as_json

LOOK_AHEAD = 4 << 20
"""So many bytes of a document are searched for its rows."""
CONTAINERS = frozenset(
    {"calls", "crimes", "data", "events", "features", "incidents", "items", "readings"}
    | {"records", "results", "rows", "value"}
)
"""Names under which exports keep their rows: a document on one line is told by them."""

_INSIDE = re.compile(r"(^|\.)item(\.|$)")
"""A prefix of ijson inside a row."""

Layout = Literal["lines", "document"]


def json_layout(head: bytes, *, named_lines: bool, rows: str | None = None) -> Layout | None:
    """How a text that starts with `head` is laid out as JSON; None when it is no JSON.

    `named_lines` says that the file's name promises a line an object. `rows` is what the mapping
    says about where the rows are.
    """
    start = head.lstrip()
    if re.match(rb"\[\s*([\[{\]]|$)", start):
        return "lines" if named_lines and not re.match(rb"\[\s*(\{|$)", start) else "document"
    if not re.match(rb"\{\s*([\"}]|$)", start):
        return None
    return "lines" if named_lines else _layout_of_object(start, rows)


def _layout_of_object(start: bytes, rows: str | None) -> Layout:
    line, _, rest = start.partition(b"\n")
    following = rest.lstrip()[:1]
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A first line that is broken is followed by another object, one that goes on by its parts.
        lines = following == b"{" if following else b'"kind"' in line[:4096]
        return "lines" if lines else "document"
    if following or not isinstance(record, dict) or "kind" in record:
        return "lines"
    inside = rows is not None and rows.partition(".")[0] in record
    return "document" if inside or any(_is_container(*pair) for pair in record.items()) else "lines"


def _is_container(name: str, value: object) -> bool:
    if isinstance(value, dict):
        return any(_is_container(*pair) for pair in value.items())
    return name in CONTAINERS and isinstance(value, list)


def find_rows(
    blocks: Iterator[bytes], origin: str, wanted: str | None, needed: Sequence[str]
) -> tuple[str, Iterator[bytes]]:
    """Where the rows of a document are, as ijson's prefix, and the same blocks from the start.

    It is the array at `wanted`, else that of which the first object has most of the columns that
    are `needed`. A text of objects one after another has the prefix "".
    """
    search = _Search(wanted, frozenset(needed))
    taken: list[bytes] = []
    events = ijson.sendable_list()
    parse = ijson.parse_coro(events, multiple_values=True)
    size = 0
    broken = False  # the same damage is met again, and named, when the rows are read
    for block in blocks:
        taken.append(block)
        size += len(block)
        try:
            parse.send(block)
        except ijson.JSONError:
            broken = True
        if any(search.found(*event) for event in events) or broken or size > LOOK_AHEAD:
            break
        del events[:]

    def again() -> Iterator[bytes]:
        yield from taken
        yield from blocks

    if search.prefix is None and wanted is not None:
        raise ConfigError(
            f'{origin} has no array of objects at "{wanted}"',
            field="rows",
            cure=f"It has: {', '.join(map(shown, search.names)) or 'none'}",
        )
    return search.prefix or "", again()


class _Search:
    """Looks for the rows among the events of a parser: the array whose first object has most of
    the columns that are needed (or most columns, where none are known)."""

    def __init__(self, wanted: str | None, needed: frozenset[str]) -> None:
        self.wanted, self.needed = wanted, needed
        self.prefix: str | None = None
        self.names: list[str] = []
        """Where arrays are, for a message."""
        self._best = -1
        self._array: str | None = None
        self._item: str | None = None
        self._seen: set[str] = set()
        self._top: set[str] = set()

    def found(self, prefix: str, event: str, _value: object) -> bool:
        """Whether this event of the parser settles it."""
        if self._item is not None:
            if prefix == self._item and event == "end_map":
                return self._judge(self._item, self._seen)
            if prefix.startswith(f"{self._item}."):
                self._seen.add(prefix[len(self._item) + 1 :])
        elif event == "start_array" and not _INSIDE.search(prefix):
            self._array = prefix
            self.names.append(prefix or "(the whole)")
        elif self._array is not None:
            return self._first_of(self._array, prefix, event)
        elif prefix:
            if not _INSIDE.search(prefix):
                self._top.add(prefix)
        elif event == "end_map" and self.wanted is None:
            # A whole object. It may be a row itself, unless an array in it has as much.
            return self._judge("", self._top) or True
        return False

    def _first_of(self, at: str, prefix: str, event: str) -> bool:
        """The first event inside an array: whether its rows are found, or have to be looked at."""
        self._array = None
        item = f"{at}.item" if at else "item"
        if prefix == item and event in {"start_map", "start_array"}:
            if (not at and self.wanted is None) or self.wanted == at:
                self.prefix = item
                return True
            if event == "start_map" and self.wanted is None:
                self._item, self._seen = item, set()
        elif event == "end_array" and self.wanted == at:
            self.prefix = item
            return True
        return False

    def _judge(self, prefix: str, seen: set[str]) -> bool:
        """Keeps the better of two places; whether it can't be better."""
        self._item = None
        score = len(seen & self.needed) if self.needed else len(seen)
        if score > self._best:
            self.prefix, self._best = prefix, score
        return bool(self.needed) and score == len(self.needed)


def document_items(
    blocks: Iterator[bytes], prefix: str, origin: str, columns: Sequence[str] | None = None
) -> Iterator[Item]:
    """The records of a document, numbered from 1; raises `SourceError` where it is damaged.

    A row that is an array has the names in `columns`.
    """
    found = ijson.sendable_list()
    parse = ijson.items_coro(found, prefix, multiple_values=not prefix)
    number = since = 0
    wrong: Exception | None = None
    while wrong is None:
        block = next(blocks, None)
        since += len(block or b"")
        if since > MAX_LINE:  # the parser holds what it has of a value
            raise SourceError(
                f"{origin}: record {number + 1:,} has more than {MAX_LINE >> 20} MiB: no event is "
                "that long. Look whether its array is the right one (`rows` in the mapping)"
            )
        try:
            if block is None:
                parse.close()
            else:
                parse.send(block)
        except ijson.JSONError as error:
            wrong = error
        for value in found:
            number += 1
            yield number, _record(value, number, origin, columns)
        if found:
            since = 0
        del found[:]
        if block is None and wrong is None:
            return
    if not number:
        raise SourceError(f"{origin} is no JSON: {_words(wrong)}")
    raise SourceError(
        f"{origin}: the JSON is damaged ({_words(wrong)}). The {number:,} records before that were "
        "read. Fetch the file again, then replay it: what was counted already is not counted twice"
    )


def _words(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else "it ends in the middle"
    if "UTF" in text:
        text += '; a file of a Windows program may need encoding = "cp1252" in a mapping'
    return shown(text)


def _record(
    value: object, number: int, origin: str, columns: Sequence[str] | None
) -> Mapping[str, object] | Rejected:
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and columns is not None:
        if len(value) == len(columns):
            return dict(zip(columns, value, strict=True))
        detail = f"{len(value)} values under {len(columns)} columns"
        return Rejected(as_json(value), "wrong_cell_count", detail, f"{origin}:{number}")
    detail = "the row is no JSON object"
    if isinstance(value, list):
        detail += '; for rows without names, list them in the mapping: columns = ["id", ...]'
    return Rejected(as_json(value), "not_json", detail, f"{origin}:{number}")


class LineItems:
    """The objects of NDJSON, numbered by their lines."""

    def __init__(self, batches: Iterator[Batch], origin: str) -> None:
        self._batches, self.origin = batches, origin
        self._left = 0
        # Numbers with a fraction stay as they are written.
        self._decoder = msgspec.json.Decoder(float_hook=str)

    def at_hand(self) -> bool:
        """Whether more lines have arrived already."""
        return self._left > 0

    def __iter__(self) -> Iterator[Item]:
        """The objects; a line that is none is refused."""
        for batch in self._batches:
            self._left = len(batch.lines) + len(batch.rejected)
            for number, rejected in enumerate(batch.rejected, batch.first):
                self._left -= 1
                yield number, rejected
            for number, line in enumerate(batch.lines, batch.first):
                self._left -= 1
                yield number, self._one(line, number)

    def _one(self, line: bytes, number: int) -> Mapping[str, object] | Rejected | None:
        if not line.strip():
            return None
        try:
            value = self._decoder.decode(line)
        except RecursionError:
            detail, reason = "nested too deep", "not_json"
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            detail, reason = str(error), "not_json"
        else:
            if isinstance(value, dict):
                return value
            detail, reason = "the line is no JSON object", "not_json"
        return Rejected(line, reason, detail, f"{self.origin}:{number}")


def event_chunks(items: Iterator[Item], origin: str) -> Iterator[Chunk]:
    """The records of a document that are events themselves; on a damaged file, those before it."""
    lines: list[bytes] = []
    numbers: list[int] = []
    rejected: list[Rejected] = []
    try:
        for number, record in items:
            if isinstance(record, Rejected):
                rejected.append(record)
            elif record is not None:
                lines.append(as_json(record))
                numbers.append(number)
            if len(lines) + len(rejected) >= CHUNK_LINES:
                yield Chunk(b"\n".join(lines), origin, numbers, rejected)
                lines, numbers, rejected = [], [], []
    except SourceError:
        yield Chunk(b"\n".join(lines), origin, numbers, rejected)
        raise
    if lines or rejected:
        yield Chunk(b"\n".join(lines), origin, numbers, rejected)
