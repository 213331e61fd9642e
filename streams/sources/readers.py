"""One file, whatever its form: looked at, then read as chunks or named for what it is.

| what | how it is known |
|---|---|
| gzip, Zstandard, ZIP, Excel, Parquet and what can't be read | the first bytes, whatever the name |
| a table (CSV, TSV, JSON, sheet, Parquet) | a mapping is given |
| data.police.uk street or outcome file | its header |
| an array of events | it is JSON and has a `kind` |
| NDJSON | the rest: lines pass untouched, even those that are no JSON |
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from collections.abc import Mapping as AnyMapping
from pathlib import PurePath, PurePosixPath
from typing import BinaryIO, NamedTuple, cast

from streams.config.force import Force
from streams.errors import ConfigError, NeedsMapping, SourceError
from streams.sources.bytes.archives import (
    check_workbook,
    member_blocks,
    members,
    ole_kind,
    open_zip,
    spool,
    workbook_in,
)
from streams.sources.bytes.forms import (
    EMPTY,
    NEEDS_WHOLE,
    OLE,
    OTHER,
    PARQUET,
    ZIP,
    cure_of,
    form_of,
    marked,
    shown,
)
from streams.sources.bytes.lines import (
    Batch,
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
from streams.sources.event_lines import CHUNK_LINES, Chunk
from streams.sources.mapping.grouping import grouped_chunks
from streams.sources.mapping.mapped import Mapper
from streams.sources.mapping.model import Mapping
from streams.sources.mapping.pseudonyms import VeiledRows
from streams.sources.notices import Notices
from streams.sources.police_uk import StreetRows, is_stop_and_search, is_street
from streams.sources.police_uk_histories import Histories, is_outcomes
from streams.sources.tables.delimited import Table
from streams.sources.tables.json_rows import (
    LineItems,
    document_items,
    event_chunks,
    find_rows,
    json_layout,
)
from streams.sources.tables.parquet import parquet_items
from streams.sources.tables.records import Records
from streams.sources.tables.rows import (
    Build,
    NoColumn,
    Rows,
    TableRows,
    needed_columns,
    table_chunks,
)
from streams.sources.tables.sheets import Workbook

COMPRESSED = frozenset({".gz", ".zst"})
TEXT_TABLES = frozenset({".csv", ".tsv", ".tab", ".txt"})
LINE_SUFFIXES = frozenset({".ndjson", ".jsonl"})
NDJSON = LINE_SUFFIXES | {".json"}
WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
TABULAR = TEXT_TABLES | NDJSON | WORKBOOKS | {".geojson", ".parquet"}
ARCHIVES = frozenset({".zip"})
HEADER_BYTES = 1 << 16

NEEDS = (
    "needs a mapping that says what its columns are (--mapping FILE; `watchroom mapping suggest "
    "FILE > mapping.toml` drafts one)"
)


WHOLE_SENTENCES = ("the table in ", "nothing in ")
"""What is wrong with an archive names it already."""


class At(NamedTuple):
    """What is to be read: its name for messages, its path, and how."""

    origin: str
    path: PurePath
    mapping: Mapping | None = None
    in_folder: bool = False
    live: bool = False
    glob: str | None = None
    depth: int = 0
    """How many archives it is in."""
    most: int | None = None
    """Of rows that become one event by their id, so many are read; None: all."""


class Unfit(NamedTuple):
    """Why a file can't be read, in words that follow its name, and whether a mapping is all that
    it lacks."""

    words: str
    needs_mapping: bool = False


def suffix_of(path: PurePath) -> str:
    """The ending of a name, without that of a compression."""
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return name.suffix.lower()


def taken(path: PurePath, glob: str | None, mapping: Mapping | None) -> bool:
    """Whether a file of a folder or an archive is to be read; `path` is below it."""
    if glob is not None:
        return path.match(glob) or path.suffix.lower() in ARCHIVES
    return mapping is None or suffix_of(path) in TABULAR | ARCHIVES


class FileReader:
    """Reads files one after another. `skipped` names what was passed over, and why."""

    def __init__(self, forces: AnyMapping[str, Force], meter: Meter) -> None:
        self.forces, self.meter = forces, meter
        self.skipped: list[str] = []
        self.notices = Notices()
        """What counts and should be looked at all the same."""
        self.histories: Histories | None = None
        """Takes street and outcome files together, where there may be outcome files."""

    # --- what a file is -----------------------------------------------------------------------

    def check(self, file: BinaryIO, at: At) -> None:
        """Raises at once what a named file can't be read for: before others are read for hours."""
        try:
            whole = whole_form(file)
            if whole is None:
                stream = cast("io.BufferedIOBase", file)
                blocks = decompress(read_blocks(stream, at.origin, Meter()), at.origin)
                unfit = self._unfit(peek(blocks, HEADER_BYTES)[0], at)
            else:
                unfit = self._whole_unfit(file, whole, at)
        except SourceError:
            return  # damage is an error in its turn, after what can be read
        if unfit is not None:
            raise _error(unfit, at)

    def may_have_outcomes(self, file: BinaryIO, at: At) -> bool:
        """Whether a file is an outcome file, or an archive in which one may be."""
        try:
            whole = whole_form(file)
            if whole is None:
                stream = cast("io.BufferedIOBase", file)
                return _may_be_outcomes(
                    decompress(read_blocks(stream, at.origin, Meter()), at.origin)
                )
            if whole != ZIP or workbook_in(archive := open_zip(file, at.origin)) is not None:
                return False
            return any(
                _may_be_outcomes(
                    decompress(member_blocks(archive, info, inner.origin, Meter()), inner.origin)
                )
                for info, inner in self._members(archive, at)
            )
        except SourceError:
            return False  # damage is an error in its turn

    def _unfit(self, head: bytes, at: At) -> Unfit | None:
        form = form_of(head, at.mapping.encoding if at.mapping else "utf-8")
        if form.name == OTHER:
            return _named(form.words)
        if form.name == EMPTY or at.mapping is not None:
            return None
        if form.name in NEEDS_WHOLE:
            # What is inside is known once the whole is there; its name says enough until then.
            table = form.name == PARQUET or suffix_of(at.path) in WORKBOOKS
            return Unfit(f"is a table, so it {NEEDS}", needs_mapping=True) if table else None
        return _unmapped(_text_head(head), at)

    def _whole_unfit(self, file: BinaryIO, form: str, at: At) -> Unfit | None:
        if form == PARQUET:
            return None if at.mapping else Unfit(f"is a table, so it {NEEDS}", True)
        if form == OLE:
            kind: str | None = ole_kind(file)
        else:
            archive = open_zip(file, at.origin)
            kind = workbook_in(archive)
            if kind is None:
                return self._archive_unfit(archive, at)
            check_workbook(archive, at.origin)
        if kind != "workbook":
            return _named(str(kind))
        return None if at.mapping else Unfit(f"is a table, so it {NEEDS}", True)

    def _archive_unfit(self, archive: zipfile.ZipFile, at: At) -> Unfit | None:
        """Why nothing of an archive can be read; None when something can."""
        if at.depth > 1:
            return Unfit("is an archive in an archive in another: unpack it first")
        first: Unfit | None = None
        for info, inner in self._members(archive, at):
            blocks = decompress(member_blocks(archive, info, inner.origin, Meter()), inner.origin)
            try:
                unfit = self._unfit(peek(blocks, HEADER_BYTES)[0], inner)
            except SourceError:
                return None
            if unfit is None:
                return None
            if first is None or (unfit.needs_mapping and not first.needs_mapping):
                name = shown(info.filename)
                if unfit.needs_mapping:
                    first = Unfit(f"the table in {at.origin} ({name}) {NEEDS}", True)
                else:
                    first = Unfit(f"nothing in {at.origin} can be read: {name} {unfit.words}")
        if first is None:
            among = f' that match "{at.glob}"' if at.glob else ""
            return Unfit(f"has no files{among} to read")
        return first

    def _members(self, archive: zipfile.ZipFile, at: At) -> Iterator[tuple[zipfile.ZipInfo, At]]:
        glob = None if at.glob is None or PurePosixPath(at.path).match(at.glob) else at.glob
        for info in members(archive):
            path = PurePosixPath(info.filename)
            if taken(path, glob, at.mapping):
                origin = f"{at.origin}/{shown(info.filename)}"
                yield info, At(origin, path, at.mapping, True, False, glob, at.depth + 1, at.most)

    # --- reading ------------------------------------------------------------------------------

    def chunks(self, file: io.BufferedIOBase, at: At) -> Iterator[Chunk]:
        """The chunks of an open file; raises `SourceError`, at damage after all before it."""
        if at.live and at.mapping is not None and at.mapping.groups:
            raise ConfigError(
                "rows of one id become one event here, so all rows have to be read first, and "
                f"{at.origin} goes on",
                field="merge" if at.mapping.merge else "states",
                cure="Give a file, say --speed max if it ends, or take `merge` and `[states]` "
                "out of the mapping",
            )
        whole = whole_form(cast("BinaryIO", file))
        if whole is not None:
            yield from self._whole(cast("BinaryIO", file), whole, at)
        else:
            blocks = decompress(read_blocks(file, at.origin, self.meter), at.origin)
            yield from self._blocks(blocks, at)

    def _blocks(self, blocks: Iterator[bytes], at: At) -> Iterator[Chunk]:
        head, blocks = peek(blocks, HEADER_BYTES)
        form = form_of(head, at.mapping.encoding if at.mapping else "utf-8")
        if form.name in NEEDS_WHOLE:
            with spool(blocks, at.origin) as file:
                yield from self._whole(file, form.name, at)
            return
        unfit = self._unfit(head, at)
        if unfit is not None:
            self._pass_over(unfit, at)
            return
        if form.name == EMPTY:
            yield from _nothing(blocks)
            if not at.live:
                self.skipped.append(f"{at.origin}: is empty")
            return
        encoding = marked(head) or (at.mapping.encoding if at.mapping else "utf-8")
        blocks = without_mark(to_utf8(blocks, encoding, at.origin))
        head, blocks = peek(blocks, HEADER_BYTES)
        if ends_in_cr(head):
            blocks = cr_to_lf(blocks)
        if at.mapping is not None:
            yield from self._mapped_text(head, blocks, at.mapping, at)
        else:
            yield from self._unmapped_text(head, blocks, at)

    def _pass_over(self, unfit: Unfit, at: At) -> None:
        """A file of a folder is named in `skipped`; one that was named itself is an error."""
        if not at.in_folder:
            raise _error(unfit, at)
        whole = unfit.words.startswith(WHOLE_SENTENCES)
        self.skipped.append(unfit.words if whole else f"{at.origin}: {unfit.words}")

    def _unmapped_text(self, head: bytes, blocks: Iterator[bytes], at: At) -> Iterator[Chunk]:
        if json_layout(head, named_lines=suffix_of(at.path) in LINE_SUFFIXES) == "document":
            prefix, blocks = find_rows(blocks, at.origin, None, ["kind"])
            yield from event_chunks(document_items(blocks, prefix, at.origin), at.origin)
            return
        batches = line_batches(blocks, at.origin)
        if is_street(_header(head)):
            table = Table(batches, at.origin, ",")
            if self.histories is not None and not at.live:
                yield from self.histories.crimes(table)
            else:
                convert = StreetRows(table.header, self.forces)
                yield from table_chunks(table, convert, live=at.live)
        elif is_outcomes(_header(head)):
            if self.histories is None or at.live:
                raise SourceError(
                    f"{at.origin}: outcomes are joined with the crimes that they name once all is "
                    "read, and this goes on. Give a file, or say --speed max if it ends"
                )
            yield from self.histories.outcomes(Table(batches, at.origin, ","))
        else:
            yield from _ndjson(batches, at.origin)

    def _builder(self, mapping: Mapping, origin: str) -> Build:
        only = next(iter(self.forces)) if len(self.forces) == 1 else None
        return lambda header: Mapper(mapping, header, only, origin, notices=self.notices)

    def _mapped_text(
        self, head: bytes, blocks: Iterator[bytes], mapping: Mapping, at: At
    ) -> Iterator[Chunk]:
        named_lines = suffix_of(at.path) in LINE_SUFFIXES
        layout = json_layout(head, named_lines=named_lines, rows=mapping.rows)
        build = self._builder(mapping, at.origin)
        if layout is None:

            def of_text() -> Rows:
                return Table(
                    line_batches(blocks, at.origin),
                    at.origin,
                    mapping.delimiter,
                    mapping.columns,
                    quote=mapping.quote,
                    skip=mapping.skip,
                    build=build,
                    live=at.live,
                )

            yield from self._fitting(of_text, build, mapping, at)
        elif layout == "lines":
            lines = LineItems(line_batches(blocks, at.origin), at.origin)

            def of_lines() -> Rows:
                items = iter(lines)
                return Records(items, at.origin, build, live=at.live, at_hand=lines.at_hand)

            yield from self._fitting(of_lines, build, mapping, at)
        else:
            needed = list(needed_columns(build))
            prefix, blocks = find_rows(blocks, at.origin, mapping.rows, needed)
            items = document_items(blocks, prefix, at.origin, mapping.columns)
            yield from self._fitting(lambda: Records(items, at.origin, build), build, mapping, at)

    def _fitting(
        self, table: Callable[[], Rows], build: Build, mapping: Mapping, at: At
    ) -> Iterator[Chunk]:
        """A table through its mapping. Folders have files that are no exports (notes, settings), so
        there one without the columns is passed over and named; not a CSV file, whose columns may
        have been renamed."""
        try:
            rows = table()
        except NoColumn as error:
            if not at.in_folder or suffix_of(at.path) in TEXT_TABLES - {".txt"}:
                if mapping.private:
                    raise error.without_rows() from None
                raise
            self.skipped.append(error.problem)
            return
        if mapping.private and rows.header:
            rows = VeiledRows(rows, mapping, list(needed_columns(build)), self.notices)
        yield from _mapped(rows, build, mapping, at)

    def _whole(self, file: BinaryIO, form: str, at: At) -> Iterator[Chunk]:
        unfit = self._whole_unfit(file, form, at)
        file.seek(0)
        if unfit is not None:
            self._pass_over(unfit, at)
        elif form == ZIP and workbook_in(archive := open_zip(file, at.origin)) is None:
            for info, inner in self._members(archive, at):
                before = self.meter.consumed
                blocks = member_blocks(archive, info, inner.origin, self.meter)
                yield from self._blocks(decompress(blocks, inner.origin), inner)
                self.meter.consumed = before + info.compress_size
        elif at.mapping is not None:
            file.seek(0)
            build = self._builder(at.mapping, at.origin)
            if form == PARQUET:
                needed = list(needed_columns(build))
                items = parquet_items(file, at.origin, needed)
                yield from self._fitting(
                    lambda: Records(items, at.origin, build), build, at.mapping, at
                )
            else:
                yield from self._sheet(Workbook(file, at.origin), build, at.mapping, at)

    def _sheet(self, workbook: Workbook, build: Build, mapping: Mapping, at: At) -> Iterator[Chunk]:
        def sheet() -> Rows:
            rows = workbook.rows(mapping.sheet, build, mapping.columns, mapping.skip)
            others = [shown(name) for name in workbook.names if name != rows.name]
            if others and mapping.sheet is None:
                what = "sheet" if len(others) == 1 else "sheets"
                self.skipped.append(
                    f"{at.origin}: of its sheets only {shown(rows.name)} is read, not the {what} "
                    f"{', '.join(others)} (a mapping chooses with `sheet`)"
                )
            return rows

        yield from self._fitting(sheet, build, mapping, at)


def _mapped(table: Rows, build: Build, mapping: Mapping, at: At) -> Iterator[Chunk]:
    """A table through its mapping; an empty one has no columns."""
    convert = build(table.header) if table.header else lambda _cells: None
    if isinstance(convert, Mapper):
        convert.stands_in(table.origin, lambda: table.number)
    if isinstance(convert, Mapper) and mapping.groups:
        chunks = grouped_chunks(TableRows(table, mapping.footer), convert, most=at.most)
    else:
        chunks = table_chunks(table, convert, live=at.live, footer=mapping.footer)
    # Rows that say which version they are may be several of one record: none is the last.
    finished = mapping.version is None
    for chunk in chunks:
        yield chunk._replace(finished=finished, unfolds=mapping.unfolds)


def _named(words: str) -> Unfit:
    cure = cure_of(words)
    return Unfit(f"{words}. {cure}" if cure else words)


def _error(unfit: Unfit, at: At) -> SourceError:
    whole = unfit.words.startswith(WHOLE_SENTENCES)
    text = unfit.words if whole else f"{at.origin} {unfit.words}"
    return NeedsMapping(text) if unfit.needs_mapping else SourceError(text)


def _nothing(blocks: Iterator[bytes]) -> Iterator[Chunk]:
    """No chunk of a file that has no bytes; damage is raised all the same."""
    for _ in blocks:
        pass
    yield from ()


def whole_form(file: BinaryIO) -> str | None:
    """The form of a file that can be read at random and has to be; None for one that streams."""
    if not file.seekable():
        return None
    at = file.tell()
    form = form_of(file.read(8))
    file.seek(at)
    return form.name if form.name in NEEDS_WHOLE else None


def _may_be_outcomes(blocks: Iterator[bytes]) -> bool:
    head, _ = peek(blocks, HEADER_BYTES)
    return form_of(head).name in NEEDS_WHOLE or is_outcomes(_header(_text_head(head)))


def _text_head(head: bytes) -> bytes:
    """The beginning of a text as UTF-8 without a byte order mark."""
    encoding = marked(head)
    if encoding is not None:
        whole = len(head) - len(head) % 4
        head = head[:whole].decode(encoding, "replace").encode("utf-8")
    return b"".join(without_mark(iter([head]))) if head else head


def _header(start: bytes) -> list[str]:
    """The cells of the first line."""
    line = re.split(rb"[\r\n]", start.lstrip(), maxsplit=1)[0][:HEADER_BYTES]
    try:
        return next(csv.reader([line.decode("utf-8", "replace")]), [])
    except csv.Error:
        return []


def _unmapped(start: bytes, at: At) -> Unfit | None:
    """Why a text without a mapping can't be read; None for street files, events and NDJSON."""
    if not start.strip() and not at.live:
        return Unfit("is empty, or has blank lines only")
    suffix = suffix_of(at.path)
    layout = json_layout(start, named_lines=suffix in LINE_SUFFIXES)
    header = _header(start)
    if is_street(header) or is_outcomes(header) or layout == "lines" or suffix in LINE_SUFFIXES:
        return None
    if is_stop_and_search(header):
        return Unfit("is a stop-and-search file of data.police.uk; stops are not counted")
    lines = [line for line in re.split(rb"[\r\n]+", start) if line.strip()]
    if layout == "document" or suffix in TABULAR - NDJSON - {".txt"}:
        table = layout != "document" or b'"kind"' not in start
    elif at.live or any(line.lstrip().startswith(b"{") for line in lines):
        # A line that is no event is refused, and the next may be one.
        table = at.live and _like_a_table(lines)
    elif at.in_folder:
        return Unfit("is no NDJSON")
    else:
        table = _like_a_table(lines)
        if not table:
            return Unfit(f"is text, but no NDJSON. {cure_of('')}")
    return Unfit(f"is a table, so it {NEEDS}", needs_mapping=True) if table else None


def _like_a_table(lines: list[bytes]) -> bool:
    """Whether the first two lines have as many cells as each other."""
    if len(lines) < 2:
        return False
    first, second = lines[:2]
    if first.lstrip().startswith(b"{") or second.lstrip().startswith(b"{"):
        return False
    return any(0 < first.count(mark) == second.count(mark) for mark in (b",", b"\t", b";", b"|"))


def _ndjson(batches: Iterator[Batch], origin: str) -> Iterator[Chunk]:
    for batch in batches:
        if batch.rejected:
            yield Chunk(b"", origin, (), batch.rejected)
        for at in range(0, len(batch.lines), CHUNK_LINES):
            lines = batch.lines[at : at + CHUNK_LINES]
            first = batch.first + at
            if b"" in lines or b"\r" in lines:
                kept = [
                    (n, line) for n, line in enumerate(lines, first) if line not in (b"", b"\r")
                ]
                numbers = [n for n, _ in kept]
                payload = b"\n".join(line for _, line in kept)
                yield Chunk(payload, origin, numbers, (), len(lines) - len(kept))
            else:
                yield Chunk(b"\n".join(lines), origin, range(first, first + len(lines)))
