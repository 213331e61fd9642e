"""The header and the first thousand rows of a table of any form, without a mapping.

What has to stand in a mapping to read the file so again (delimiter, quote, encoding, sheet ...) is
found on the way.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePath, PurePosixPath
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, cast

from charset_normalizer import from_bytes

from streams.errors import ConfigError, SourceError
from streams.sources.bytes.archives import member_blocks, members, open_zip, spool, workbook_in
from streams.sources.bytes.forms import NEEDS_WHOLE, OTHER, PARQUET, ZIP, form_of, marked, shown
from streams.sources.bytes.lines import (
    Meter,
    cr_to_lf,
    decompress,
    ends_in_cr,
    line_batches,
    peek,
    read_blocks,
    to_utf8,
    without_mark,
)
from streams.sources.draft.time_guess import like_a_value
from streams.sources.police_uk import is_street
from streams.sources.police_uk_histories import is_outcomes
from streams.sources.readers import LINE_SUFFIXES, TABULAR, suffix_of, whole_form
from streams.sources.tables.json_rows import LineItems, document_items, find_rows, json_layout
from streams.sources.tables.parquet import parquet_items
from streams.sources.tables.records import Item, flat
from streams.sources.tables.rows import TOTALS, first_cell
from streams.sources.tables.sheets import SheetRows, Workbook

ROWS_LOOKED_AT = 1000
"""So many rows are looked at."""
BYTES = 4 << 20
"""So much of a text is looked at."""
DELIMITERS = (",", "\t", ";", "|")


class TableSample(NamedTuple):
    """The columns and first rows of a table; `settings` are keys of a mapping with their values."""

    origin: str
    header: list[str]
    rows: list[list[str]]
    settings: Mapping[str, object] = MappingProxyType({})
    notes: tuple[str, ...] = ()


def read_sample(path: Path | None) -> TableSample:
    """The first rows of a file, or of standard input; raises `SourceError`, `ConfigError`."""
    return _without_totals(_of_path(path))


def _without_totals(sample: TableSample) -> TableSample:
    """The same without the rows that sum others, which are no records; a note says so."""
    rows = [row for row in sample.rows if first_cell(row).rstrip(":") not in TOTALS]
    if len(rows) == len(sample.rows) or not rows:
        return sample
    left_out = [row for row in sample.rows if first_cell(row).rstrip(":") in TOTALS]
    begin = sorted({next(cell.strip() for cell in row if cell.strip()) for row in left_out})
    note = f"`footer`: what begins with {' or '.join(begin)} is left out, as the sum of other rows"
    return sample._replace(
        rows=rows, settings={**sample.settings, "footer": begin}, notes=(*sample.notes, note)
    )


def _of_path(path: Path | None) -> TableSample:
    if path is None:
        return _of_file(sys.stdin.buffer, "standard input", PurePosixPath("-"))
    try:
        opened = path.open("rb")
    except OSError as error:
        raise SourceError(f"{path}: can't be opened: {error.strerror}") from None
    with opened as file:
        return _of_file(file, str(path), path)


def _of_file(file: BinaryIO, origin: str, name: PurePath) -> TableSample:
    form = whole_form(file)
    if form is not None:
        return _of_whole(file, form, origin)
    stream = cast("io.BufferedIOBase", file)
    return _of_blocks(decompress(read_blocks(stream, origin, Meter()), origin), origin, name)


def _of_blocks(blocks: Iterator[bytes], origin: str, name: PurePath) -> TableSample:
    head, blocks = peek(blocks, 1 << 16)
    form = form_of(head)
    if form.name in NEEDS_WHOLE:
        with spool(blocks, origin) as file:
            return _of_whole(file, form.name, origin)
    unmarked = form.words.startswith("is UTF-16")
    if form.name == OTHER and not unmarked:
        raise SourceError(f"{origin} {form.words}, so there is no table to map")
    encoding = form.words.rpartition('= "')[2].partition('"')[0] if unmarked else None
    return _of_text(_some(blocks), origin, name, encoding)


def _some(blocks: Iterator[bytes]) -> bytes:
    """The first bytes, up to the end of a line."""
    taken, size = [], 0
    for block in blocks:
        taken.append(block)
        size += len(block)
        if size >= BYTES:
            whole = b"".join(taken)
            end = max(whole.rfind(b"\n"), whole.rfind(b"\r"))
            return whole[: end + 1] if end > 0 else whole
    return b"".join(taken)


def _of_whole(file: BinaryIO, form: str, origin: str) -> TableSample:
    if form == PARQUET:
        return _of_records(parquet_items(file, origin, []), origin, {})
    if form == ZIP and workbook_in(archive := open_zip(file, origin)) is None:
        for info in members(archive):
            name = PurePosixPath(info.filename)
            if suffix_of(name) in TABULAR:
                inner = f"{origin}/{shown(info.filename)}"
                return _of_blocks(
                    decompress(member_blocks(archive, info, inner, Meter()), inner), inner, name
                )
        raise SourceError(f"{origin} holds no table")
    file.seek(0)
    return _of_workbook(Workbook(file, origin), origin)


def _of_workbook(workbook: Workbook, origin: str) -> TableSample:
    """The first sheet that has a header; its name is only needed when there are others."""
    for name in workbook.names:
        sheet = SheetRows(workbook.sheet(name), origin)
        rows = [cells for cells in islice(sheet, ROWS_LOOKED_AT + 100) if cells]
        place = _header_place(rows)
        if place is not None and len(rows) > place + 1:
            settings = {"sheet": name} if len(workbook.names) > 1 else {}
            header = [cell.strip() for cell in rows[place]]
            return TableSample(
                f"{origin}/{name}", header, rows[place + 1 :][:ROWS_LOOKED_AT], settings
            )
    raise SourceError(f"{origin}: none of its sheets has a header and rows")


# --- text -----------------------------------------------------------------------------------------


def _of_text(data: bytes, origin: str, name: PurePath, declared: str | None) -> TableSample:
    encoding = declared or marked(data) or encoding_of(data)
    settings: dict[str, object] = {}
    if marked(data) is None and encoding != "utf-8":
        settings["encoding"] = encoding
    text = b"".join(without_mark(to_utf8(iter([data]), encoding, origin)))
    if ends_in_cr(text[: 1 << 16]):
        text = b"".join(cr_to_lf(iter([text])))
    if not text.strip():
        raise SourceError(f"{origin} is empty, so there is nothing to map")
    layout = json_layout(text[: 1 << 16], named_lines=suffix_of(name) in LINE_SUFFIXES)
    if layout == "lines":
        return _of_records(iter(LineItems(line_batches(iter([text]), origin), origin)), origin, {})
    if layout == "document":
        prefix, blocks = find_rows(iter([text]), origin, None, [])
        rows = prefix.removesuffix(".item") if prefix.endswith(".item") else None
        items = document_items(blocks, prefix, origin)
        return _of_records(items, origin, {**settings, **({"rows": rows} if rows else {})})
    return _of_lines(text.decode("utf-8", "surrogateescape"), origin, settings)


def encoding_of(data: bytes) -> str:
    """The encoding of a text: UTF-8 if it is, else a guess, cp1252 for the Western ones."""
    try:
        # A character may be cut at the end.
        data[: data.rfind(b"\n") + 1 or len(data)].decode("utf-8")
    except UnicodeDecodeError:
        found = from_bytes(data[: 1 << 18]).best()
        guess = "cp1252" if found is None else found.encoding
        western = ("latin", "cp125", "iso8859", "cp8", "cp4", "mac", "hp", "cp1140", "cp500")
        return "cp1252" if guess.startswith(western) and not guess.startswith("cp1251") else guess
    return "utf-8"


def _of_lines(text: str, origin: str, settings: dict[str, object]) -> TableSample:
    lines = text.split("\n", ROWS_LOOKED_AT + 200)[: ROWS_LOOKED_AT + 200]
    delimiter, quote = dialect_of(lines)
    if delimiter != ",":
        settings["delimiter"] = delimiter
    if quote != '"':
        settings["quote"] = quote
    rows = _parsed(lines, delimiter, quote)
    place = _header_place(rows)
    if place is None:
        raise SourceError(f"{origin} is no table: its lines have no columns in common")
    notes = []
    width = len(rows[place])
    header = [cell.strip() for cell in rows[place]]
    if is_street(header) or is_outcomes(header):
        what = "a street" if is_street(header) else "an outcome"
        raise SourceError(f"{origin} is {what} file of data.police.uk, which needs no mapping")
    following = [row for row in rows[place + 1 :] if len(row) == width]
    if any(like_a_value(cell) for cell in header):
        header = [f"column {n}" for n in range(1, width + 1)]
        settings["columns"] = header
        following = [row for row in rows[place:] if len(row) == width]
        notes.append("No header was found: the columns are numbered; give them names in `columns`")
    return TableSample(origin, header, following[:ROWS_LOOKED_AT], settings, tuple(notes))


def _parsed(lines: Sequence[str], delimiter: str, quote: str) -> list[list[str]]:
    """The rows of some lines; those that can't be read are left out."""
    text = (f"{line}\n" for line in lines)
    if quote:
        rows = csv.reader(text, delimiter=delimiter, quotechar=quote)
    else:
        rows = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    found: list[list[str]] = []
    while True:
        try:
            row = next(rows, None)
        except csv.Error:
            continue
        if row is None:
            return found
        if any(cell.strip() for cell in row):
            found.append(row)


def dialect_of(lines: Sequence[str]) -> tuple[str, str]:
    """The delimiter and quote under which most rows are alike, and have most cells."""
    text = "\n".join(lines[:300])
    quotes = ['"', ""]
    if text.count("'") > 10 and any(f"{d}'" in text and f"'{d}" in text for d in DELIMITERS):
        quotes.append("'")
    best, choice = 0.0, (",", '"')
    for delimiter in DELIMITERS:
        shapes = {quote: _shape(lines[:300], delimiter, quote) for quote in quotes}
        plain = shapes[""]
        quote = max(quotes, key=lambda q: (round(shapes[q].share, 2), -quotes.index(q)))
        if plain.share == 1 and plain.rows > shapes[quote].rows:
            quote = ""  # where all lines are alike as they stand, a quote only joins them
        shape = shapes[quote]
        score = shape.share * shape.width**0.5
        if shape.width > 1 and shape.share > 0.5 and score > best:
            best, choice = score, (delimiter, quote)
    return choice


class _Shape(NamedTuple):
    """The usual width of rows, the share that has it, and how many rows there are."""

    width: int
    share: float
    rows: int


def _shape(lines: Sequence[str], delimiter: str, quote: str) -> _Shape:
    rows = _parsed(lines, delimiter, quote)
    widths = Counter(len(row) for row in rows)
    if not widths:
        return _Shape(0, 0, 0)
    width, count = widths.most_common(1)[0]
    return _Shape(width, count / len(rows), len(rows))


def _header_place(rows: Sequence[Sequence[str]]) -> int | None:
    """Which row is the header: the first of the usual width with hardly a blank cell."""
    widths = Counter(len(row) for row in rows[:300])
    if not widths:
        return None
    width = max(widths, key=lambda w: (widths[w] * (w > 1), w))
    for place, row in enumerate(rows[:100]):
        filled = [cell.strip() for cell in row if cell.strip()]
        if len(row) == width and width > 1 and len(filled) >= max(2, 0.7 * width):
            return place
    return None


# --- records --------------------------------------------------------------------------------------


def _of_records(items: Iterator[Item], origin: str, settings: dict[str, object]) -> TableSample:
    records = []
    for _, record in islice(items, ROWS_LOOKED_AT):
        if isinstance(record, dict):
            if isinstance(record.get("kind"), str) and "updated_at" in record:
                raise ConfigError(f"{origin} holds events already, which need no mapping")
            records.append(flat(record))
    names = list(dict.fromkeys(name for record in records for name in record))
    if not names:
        raise SourceError(f"{origin} has no objects to map")
    rows = [[record.get(name, "") for name in names] for record in records]
    return TableSample(origin, names, rows, settings)
