"""Files, folders and standard input as one source of chunks.

| what | how it is told |
|---|---|
| gzip, Zstandard | the first bytes, whatever the name |
| CSV, TSV and the like | a mapping is given |
| data.police.uk street file | its header |
| NDJSON | the rest: lines pass untouched, even those that are no JSON |

In a folder (read with its sub-folders, in sorted order) a file that is none of these is passed over
and named in `Source.skipped`; a file that is named itself is an error instead.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, cast

from streams.errors import SourceError
from streams.force import Force
from streams.sources.chunk import CHUNK_LINES, Chunk
from streams.sources.mapped import Mapper
from streams.sources.mapping import Mapping, load_mapping
from streams.sources.police_uk import StreetRows, is_other_file, is_street
from streams.sources.raw import (
    Batch,
    Meter,
    decompress,
    line_batches,
    peek,
    read_blocks,
    to_utf8,
    without_mark,
)
from streams.sources.tables import Table, table_chunks

STDIN = "standard input"
COMPRESSED = frozenset({".gz", ".zst"})
TABULAR = frozenset({".csv", ".tsv", ".tab", ".txt"})
NDJSON = frozenset({".ndjson", ".jsonl", ".json"})
HEADER_BYTES = 1 << 16


class Input(NamedTuple):
    """One file: where it is (None: standard input), whether a folder held it, and its mapping."""

    path: Path | None
    in_folder: bool = False
    mapping: Mapping | None = None


class Source:
    """An iterator of `Chunk` over one or more files, in order; close it, or use it with `with`.

    `total_bytes` is the size of all files as they are stored, None where it can't be known
    (standard input, a pipe); `consumed_bytes` grows towards it. `skipped` names the files of a
    folder that were passed over, and why. Iterating raises `SourceError` at the first file that
    can't be read or is damaged, after the chunks of all that came before the damage.
    """

    def __init__(self, inputs: list[Input], forces: list[Force]) -> None:
        self.forces = {force.id: force for force in forces}
        self.skipped: list[str] = []
        self.total_bytes: int | None = 0
        for path, _, _ in inputs:
            if path is None or not path.is_file():
                self.total_bytes = None
            elif self.total_bytes is not None:
                self.total_bytes += path.stat().st_size
        self._meter = Meter()
        self._chunks = self._all(inputs)

    @property
    def consumed_bytes(self) -> int:
        """How much of the files was read so far, compressed as they are."""
        return self._meter.consumed

    def __iter__(self) -> Iterator[Chunk]:
        """Itself."""
        return self

    def __next__(self) -> Chunk:
        """The next chunk; raises `SourceError`."""
        return next(self._chunks)

    def __enter__(self) -> Source:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the open file."""
        self.close()

    def close(self) -> None:
        """Close the open file; iterating ends."""
        self._chunks.close()

    def _all(self, inputs: list[Input]) -> Generator[Chunk]:
        for given in inputs:
            path = given.path
            if path is None:
                # The descriptor belongs to the process: it is read, but not closed.
                stdin = cast("io.BufferedIOBase", sys.stdin.buffer)
                yield from self._file(stdin, STDIN, given)
                continue
            try:
                opened: BinaryIO = path.open("rb")
            except OSError as error:
                raise SourceError(f"{path}: can't be opened: {error.strerror}") from None
            before = self._meter.consumed
            with opened:
                file = cast("io.BufferedIOBase", opened)
                yield from self._file(file, str(path), given)
                # One that was passed over was not read to its end, but is done with all the same.
                if self.total_bytes is not None:
                    self._meter.consumed = before + path.stat().st_size

    def _file(self, file: io.BufferedIOBase, origin: str, given: Input) -> Iterator[Chunk]:
        blocks = decompress(read_blocks(file, origin, self._meter), origin)
        if given.mapping is not None:
            blocks = without_mark(to_utf8(blocks, given.mapping.encoding, origin))
            yield from self._mapped(given.mapping, line_batches(blocks, origin), origin)
            return
        start, blocks = peek(without_mark(blocks), HEADER_BYTES)
        header = next(csv.reader([start.decode("utf-8", "replace").strip()]), [])
        if is_street(header):
            table = Table(line_batches(blocks, origin), origin, ",")
            yield from table_chunks(table, StreetRows(table.header, self.forces))
            return
        unfit = _unfit(start, header, given.path or Path(), in_folder=given.in_folder)
        if unfit is None:
            yield from _ndjson(line_batches(blocks, origin), origin)
        elif given.in_folder:
            self.skipped.append(f"{origin}: {unfit}")
        else:
            raise SourceError(f"{origin}: {unfit}")

    def _mapped(self, mapping: Mapping, batches: Iterator[Batch], origin: str) -> Iterator[Chunk]:
        table = Table(batches, origin, mapping.delimiter, mapping.columns)
        if not table.header:
            yield from table_chunks(table, lambda _cells: None)  # an empty file has no columns
            return
        only = next(iter(self.forces)) if len(self.forces) == 1 else None
        # Rows that say which version they are may be several of one record: none is the last.
        finished = mapping.version is None
        for chunk in table_chunks(table, Mapper(mapping, table.header, only, origin)):
            yield chunk._replace(finished=finished, unfolds=finished)


def _suffix(path: Path) -> str:
    name = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    return name.suffix.lower()


def _unfit(start: bytes, header: list[str], path: Path, *, in_folder: bool) -> str | None:
    """Why a file without a mapping can't be read, in words; None when it is NDJSON."""
    if is_other_file(header):
        return (
            "is an outcomes or stop-and-search file of data.police.uk; only street files hold "
            "whole records"
        )
    suffix = _suffix(path)
    if suffix in TABULAR - {".txt"}:
        return "is a table, so it needs a mapping that says what its columns are (--mapping FILE)"
    if in_folder and suffix not in NDJSON and not start.lstrip().startswith(b"{"):
        return "is no NDJSON"
    return None


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


def _expand(path: str, glob: str | None, mapping: Mapping | None) -> list[Input]:
    """The files of one argument."""
    if path == "-":
        return [Input(None, mapping=mapping)]
    root = Path(path)
    if not root.is_dir():
        if not root.exists():
            raise SourceError(f"{path}: there is no such file or folder")
        return [Input(root, mapping=mapping)]
    found = []
    for file in sorted(root.rglob("*")):
        relative = file.relative_to(root)
        if any(part.startswith(".") for part in relative.parts) or not file.is_file():
            continue
        if glob is not None:
            if relative.match(glob):
                found.append(file)
        elif mapping is None or _suffix(file) in TABULAR:
            found.append(file)
    if not found:
        among = f' that match "{glob}"' if glob else ""
        raise SourceError(f"{path}: the folder has no files{among} to read")
    return [Input(file, in_folder=True, mapping=mapping) for file in found]


Place = str | Path
WithMapping = tuple[Place, Mapping | Path]


def open_source(
    path: Place | Iterable[Place | WithMapping],
    mapping: Mapping | Path | None = None,
    force: Force | Iterable[Force] | None = None,
    glob: str | None = None,
) -> Source:
    """Open files, folders or "-" (standard input), as one source.

    `mapping` (or its path) makes every file a table that has none of its own: a path may come as
    (path, mapping). `force` is the force of a mapping that names
    none, and with its areas that of data.police.uk rows; `glob` chooses files inside folders by
    name or by path below the folder (`*-street.csv`). Raises `SourceError` for what is missing and
    `ConfigError` for a mapping that is wrong; later, while iterating, also for a mapping that does
    not fit a file.
    """
    inputs: list[Input] = []
    for one in [path] if isinstance(path, str | Path) else path:
        place, own = one if isinstance(one, tuple) else (one, mapping)
        rules = load_mapping(own) if isinstance(own, Path) else own
        inputs += _expand(str(place), glob, rules)
    forces = [force] if isinstance(force, Force) else list(force or ())
    return Source(inputs, forces)
