"""Files, folders, archives and standard input as one source of chunks.

What each file is, and how it is read, is the matter of `readers`. In a folder or a ZIP archive
(read with its sub-folders, in sorted order) a file that can't be read is passed over and named in
`Source.skipped`; a file that is named itself is an error instead, raised before anything is read.
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from streams.config.force import Force
from streams.errors import SourceError
from streams.sources.bytes.lines import Meter
from streams.sources.event_lines import Chunk
from streams.sources.mapping.file import load_mapping
from streams.sources.mapping.model import Mapping
from streams.sources.mapping.pseudonyms import key_of
from streams.sources.police_uk_histories import Histories
from streams.sources.readers import At, FileReader, taken

STDIN = "standard input"
Place = str | Path
WithMapping = tuple[Place, Mapping | Path]


class Input(NamedTuple):
    """One file: where it is (None: standard input), whether a folder held it, its mapping, and
    which members are wanted if it is an archive."""

    path: Path | None
    in_folder: bool = False
    mapping: Mapping | None = None
    glob: str | None = None
    most: int | None = None

    @property
    def at(self) -> At:
        """The file as the reader wants it."""
        path = self.path
        name = Path("-") if path is None else path
        live = path is None or not path.is_file()
        origin = STDIN if path is None else str(path)
        return At(origin, name, self.mapping, self.in_folder, live, self.glob, most=self.most)


class Source:
    """An iterator of `Chunk` over one or more files, in order; close it, or use it with `with`.

    `total_bytes` is the size of all files as they are stored, None where it can't be known
    (standard input, a pipe); `consumed_bytes` grows towards it. `skipped` names the files of a
    folder that were passed over, and why. Iterating raises `SourceError` at the first file that
    can't be read or is damaged, after the chunks of all that came before the damage.

    `warnings` are sentences for the user about what counts and should be looked at, complete after
    the iteration. Set `finite` before it where standard input ends and is no live feed.
    """

    def __init__(
        self, inputs: list[Input], forces: list[Force], left_out: Iterable[str] = ()
    ) -> None:
        self.forces = {force.id: force for force in forces}
        self.finite = False
        self.total_bytes: int | None = 0
        for path, *_ in inputs:
            if path is None or not path.is_file():
                self.total_bytes = None
            elif self.total_bytes is not None:
                self.total_bytes += path.stat().st_size
        self._meter = Meter()
        self._reader = FileReader(self.forces, self._meter)
        self.skipped = self._reader.skipped
        self.skipped += left_out
        for given in inputs:
            if given.mapping is not None and given.mapping.persons:
                key_of(given.mapping)
            if given.path is not None and not given.in_folder and given.path.is_file():
                with _opened(given.path) as opened:
                    self._reader.check(opened, given.at)
        self._chunks = self._all(inputs)

    @property
    def consumed_bytes(self) -> int:
        """How much of the files was read so far, compressed as they are."""
        return self._meter.consumed

    @property
    def warnings(self) -> list[str]:
        """What the user should look at though it counts, each said once with its number."""
        return self._reader.notices.texts()

    @property
    def by_default(self) -> AnyMapping[str, Counter[str]]:
        """By field the values that the default of a mapping stands for, with their rows."""
        return self._reader.notices.by_default

    def __iter__(self) -> Iterator[Chunk]:
        """Itself."""
        return self

    def __next__(self) -> Chunk:
        """The next chunk; raises `SourceError`."""
        return next(self._chunks)

    def __enter__(self) -> Source:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the open file."""
        self.close()

    def close(self) -> None:
        """Close the open file; iterating ends."""
        self._chunks.close()

    def _at(self, given: Input) -> At:
        return given.at._replace(live=False) if self.finite else given.at

    def _all(self, inputs: list[Input]) -> Generator[Chunk]:
        if not any(map(self._may_have_outcomes, inputs)):
            yield from self._files(inputs)
            return
        histories = self._reader.histories = Histories(self.forces, self._reader.notices)
        failure = None
        try:
            try:
                yield from self._files(inputs)
            except SourceError as error:
                failure = error
            yield from histories.versions()
        finally:
            histories.close()
        if failure is not None:
            raise failure

    def _may_have_outcomes(self, given: Input) -> bool:
        """Whether a data.police.uk outcome file may be among what is given."""
        if given.mapping is not None:
            return False
        if given.path is None or not given.path.is_file():  # which can't be looked at before
            return not self._at(given).live
        with _opened(given.path) as opened:
            return self._reader.may_have_outcomes(opened, given.at)

    def _files(self, inputs: list[Input]) -> Iterator[Chunk]:
        for given in inputs:
            path = given.path
            if path is None:
                # The descriptor belongs to the process: it is read, but not closed.
                stdin = cast("io.BufferedIOBase", sys.stdin.buffer)
                yield from self._reader.chunks(stdin, self._at(given))
                continue
            before = self._meter.consumed
            with _opened(path) as opened:
                file = cast("io.BufferedIOBase", opened)
                yield from self._reader.chunks(file, self._at(given))
                # One that was passed over was not read to its end, but is done with all the same.
                if self.total_bytes is not None:
                    self._meter.consumed = before + path.stat().st_size


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise SourceError(f"{path}: can't be opened: {error.strerror}") from None


def files_of(
    place: Place,
    mapping: Mapping | Path | None = None,
    glob: str | None = None,
    leave_out: Path | None = None,
) -> list[Path]:
    """The files that `open_source` reads of a file or folder, in order; raises what it raises."""
    rules = load_mapping(mapping) if isinstance(mapping, Path) else mapping
    found, _ = _expand(str(place), glob, rules, leave_out)
    return [each.path for each in found if each.path is not None]


def _expand(
    path: str, glob: str | None, mapping: Mapping | None, leave_out: Path | None
) -> tuple[list[Input], list[str]]:
    """The files of one argument, and what of a folder is left out: links to places outside of it,
    which whoever may write there could have anything of this machine read by."""
    if path == "-":
        return [Input(None, mapping=mapping, glob=glob)], []
    root = Path(path)
    if not root.is_dir():
        if not root.exists():
            raise SourceError(f"{path}: there is no such file or folder")
        return [Input(root, mapping=mapping, glob=glob)], []
    omitted, inside = leave_out and leave_out.resolve(), root.resolve()
    found, outside = [], []
    for file in sorted(root.rglob("*")):
        relative = file.relative_to(root)
        if any(part.startswith(".") for part in relative.parts):
            continue
        target = file.resolve()
        if not target.is_relative_to(inside):
            if file.is_dir() or (file.is_file() and taken(relative, glob, mapping)):
                outside.append(f"{file}: is a link to a place outside of the folder")
        elif file.is_file() and taken(relative, glob, mapping) and target != omitted:
            found.append(file)
    if not found:
        among = f' that match "{glob}"' if glob else ""
        links = f"; {outside[0]}" if outside else ""
        raise SourceError(f"{path}: the folder has no files{among} to read{links}")
    return [Input(file, in_folder=True, mapping=mapping, glob=glob) for file in found], outside


def open_source(
    path: Place | Iterable[Place | WithMapping],
    mapping: Mapping | Path | None = None,
    force: Force | Iterable[Force] | None = None,
    glob: str | None = None,
    most: int | None = None,
    leave_out: Path | None = None,
) -> Source:
    """Open files, folders or "-" (standard input), as one source.

    `mapping` (or its path) makes every file a table that has none of its own: a path may come as
    (path, mapping). `force` is the force of a mapping that names none, and with its areas that of
    data.police.uk rows; `glob` chooses files inside folders and ZIP archives by name or by path
    below them (`*-street.csv`). Of a table whose rows of one id become one event only the first
    `most` rows are read: it is read whole before the first event. `leave_out` is a file of a folder
    that is not to be read, such as the one that refused rows are written to. Raises `SourceError`
    for what is missing and `ConfigError` for a mapping that is wrong; later, while iterating, also
    for a mapping that does not fit a file.
    """
    inputs: list[Input] = []
    left_out: list[str] = []
    for one in [path] if isinstance(path, str | Path) else path:
        place, own = one if isinstance(one, tuple) else (one, mapping)
        rules = load_mapping(own) if isinstance(own, Path) else own
        found, outside = _expand(str(place), glob, rules, leave_out)
        inputs += found
        left_out += outside
    forces = [force] if isinstance(force, Force) else list(force or ())
    return Source([each._replace(most=most) for each in inputs], forces, left_out)
