"""A mapping file is read and checked; every fault is named with its file, line, field and cure."""

from __future__ import annotations

from pathlib import Path

from streams.config.toml import locate, parse_toml, read_text
from streams.errors import ConfigError
from streams.sources.mapping.checks import CURE, check
from streams.sources.mapping.model import Mapping


def load_mapping(path: Path) -> Mapping:
    """A mapping from a file; raises `ConfigError` with file, line, field and cure."""
    return parse_mapping(read_text(path), path)


def parse_mapping(text: str, file: Path | str = "mapping") -> Mapping:
    """A mapping from TOML text; raises the first `ConfigError`."""
    try:
        mapping = parse_toml(text, Mapping, file, CURE)
    except ConfigError as error:
        line = error.line or _line_of(text, error.field or "")
        raise ConfigError(
            error.problem, file=file, line=line, field=error.field, cure=error.cure
        ) from None
    for problem, place, cure in check(mapping):
        line = locate(text, place) if "[" in place else _line_of(text, place)
        raise ConfigError(problem, file=file, line=line, field=place, cure=cure)
    return mapping


def _line_of(text: str, place: str) -> int | None:
    """The line of `fields.opened_at.after`, or of the nearest table or key above it."""
    table, found = "", None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip().replace('"', "")
        if words.startswith("["):
            at = table = words.partition("]")[0].strip("[ ")
        else:
            key = words.partition("=")[0].strip()
            at = f"{table}.{key}" if table else key
        if at == place:
            return number
        if f"{place}.".startswith(f"{at}.") or (found is None and at.startswith(f"{place}.")):
            found = number
    return found
