"""TOML files that a user writes: read into a Struct, with every fault found at its line."""

from __future__ import annotations

import difflib
import re
import tomllib
import types
from collections.abc import Iterable, Iterator
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, cast, get_args, get_origin

import msgspec

from streams.errors import ConfigError

T = TypeVar("T")

CURE = "Compare with a file in streams/config/forces/ or `watchroom force show warwickshire`"

_CURES = (
    ("date", "Write a date without quotes: 2017-10-01"),
    ("`float` <= 1.0", "Write a share between 0 and 1: 0.9 is 90 %"),
    ("`float` >= 0.001", "Write a weight from 0.001 to 1000"),
    ("`float` <= 1000.0", "Write a weight from 0.001 to 1000"),
    ("matching regex '^[a-z0-9][a-z0-9_-]*$'", "Use small letters, digits and hyphens"),
    ("matching regex '^[a-z0-9_]+", "Use small letters, with full stops between: asb.personal"),
)

_HEADER = re.compile(r"^\s*\[{1,2}\s*([\w.-]+)\s*\]{1,2}\s*(#.*)?$")
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*')


class Fault(NamedTuple):
    """One value of the wrong form: its path (`areas[3].parent`), what is wrong, what to do."""

    field: str
    problem: str
    cure: str


def read_text(path: Path) -> str:
    """The text of a file, UTF-8 with or without a byte order mark; raises `ConfigError`."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"can't be read: {error.strerror or error}", file=path, cure="Check the path"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8 text", file=path, cure="Save it as UTF-8") from None


def meant(near: Iterable[str]) -> str:
    """A cure for a name that is not known, with those that are nearest to it.

    >>> meant(["CO", "KM"])
    'Did you mean "CO" or "KM"?'
    """
    quoted = " or ".join(f'"{each}"' for each in near)
    return f"Did you mean {quoted}?"


def locate(text: str, path: str) -> int | None:
    """The 1-based line of `areas[3].parent` in a TOML text, or of the nearest thing above it.

    Knows the usual layouts: tables, arrays of tables, and arrays of inline tables. None where not
    even the first part of the path is found.
    """
    lines = text.splitlines()
    at, found, prefix, lost = 0, None, "", False
    for name, index in re.findall(r"([A-Za-z_][\w-]*)(?:\[(\d+)\])?", path):
        prefix = f"{prefix}.{name}" if prefix else name
        place = _header(lines, at, prefix, int(index or 0))
        if place is not None:
            at, lost = place + 1, False
        else:
            place = None if lost else _key(lines, at, name)
            if place is None:  # a table below it may stand there all the same: [alerts.shares]
                lost = True
                continue
            if index:
                place = _inline_item(lines, place, int(index))
            at = place
        found = place + 1
    return found


def _header(lines: list[str], at: int, name: str, index: int) -> int | None:
    """The line of the `[name]` or, counted from `at`, the (index + 1)-th `[[name]]`."""
    for number in range(at, len(lines)):
        match = _HEADER.match(lines[number])
        if match and match[1] == name:
            if index == 0:
                return number
            index -= 1
    return None


def _key(lines: list[str], at: int, name: str) -> int | None:
    """The line of `name =` in the table that goes on at line `at`; not in the next table."""
    key = re.compile(rf"""^\s*["']?{re.escape(name)}["']?\s*=""")
    for number in range(at, len(lines)):
        if key.match(lines[number]):
            return number
        if _HEADER.match(lines[number]):
            return None
    return None


def _inline_item(lines: list[str], at: int, index: int) -> int:
    """The line of the (index + 1)-th inline table of the array that starts at line `at`."""
    depth = 0
    for number in range(at, len(lines)):
        if number > at and depth == 0 and _HEADER.match(lines[number]):
            break
        for mark in re.findall(r"[{}]", _STRING_OR_COMMENT.sub("", lines[number])):
            if mark == "{" and depth == 0:
                if index == 0:
                    return number
                index -= 1
            depth += 1 if mark == "{" else -1
    return at


def faults(value: object, shape: Any, path: str = "") -> list[Fault]:
    """Everything about `value` that does not fit the type `shape`, one fault a place."""
    try:
        msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        inner = _inner_faults(value, shape, path)
        problem, _, below = str(error).partition(" - at `$")
        return inner or [Fault(path + below.rstrip("`"), problem, _cure(problem, shape))]
    return []


def _cure(problem: str, shape: Any) -> str:
    """What to do about a value that does not fit."""
    choices = [value for part in (shape, *get_args(shape)) for value in _literals(part)]
    if problem.startswith("Invalid enum") and choices:
        return f"Use one of: {', '.join(choices)}"
    for sign, cure in _CURES:
        if sign in problem:
            return cure
    return CURE


def _literals(shape: Any) -> tuple[str, ...]:
    return get_args(shape) if get_origin(shape) is Literal else ()


def _inner_faults(value: object, shape: Any, path: str) -> list[Fault]:
    """The faults of the parts of a table or an array; none where only the whole is wrong."""
    while get_origin(shape) is Annotated:
        shape = get_args(shape)[0]
    if get_origin(shape) in {Union, types.UnionType}:
        choices = [choice for choice in get_args(shape) if choice is not type(None)]
        return _inner_faults(value, choices[0], path) if len(choices) == 1 else []
    found: list[Fault] = []
    if isinstance(value, dict) and isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        return _table_faults(value, shape, path)
    if isinstance(value, list) and get_origin(shape) is list:
        for n, item in enumerate(value):
            found += faults(item, get_args(shape)[0], f"{path}[{n}]")
    if isinstance(value, dict) and get_origin(shape) is dict:
        for key, item in value.items():
            found += faults(item, get_args(shape)[1], f"{path}.{key}" if path else key)
    return found


def _table_faults(table: dict[str, object], shape: type[msgspec.Struct], path: str) -> list[Fault]:
    """The faults of a table: wrong values, missing keys and unknown ones."""
    before = f"{path}." if path else ""
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    found: list[Fault] = []
    for name, field in fields.items():
        if name in table:
            found += faults(table[name], field.type, before + name)
        elif field.required:
            problem = f"Object missing required field `{name}`"
            found.append(Fault(before + name, problem, f"Add it. {CURE}"))
    if shape.__struct_config__.forbid_unknown_fields:
        for name in table.keys() - fields.keys():
            close = difflib.get_close_matches(name, fields, n=1)
            cure = meant(close) if close else f"Take it out. {CURE}"
            problem = f"Object contains unknown field `{name}`"
            found.append(Fault(before + name, problem, cure))
    return found


def _not_finite(value: object, path: str = "") -> Iterator[Fault]:
    """The numbers that TOML can write and no figure can be compared with."""
    if isinstance(value, float) and not isfinite(value):
        yield Fault(path, f"{value} is no number", "Write a finite number, or leave it out")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _not_finite(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _not_finite(item, f"{path}[{n}]")


def read_toml(
    text: str, shape: type[T], file: Path | str
) -> tuple[T, None] | tuple[None, list[ConfigError]]:
    """A TOML text as `shape`, or every fault of form that it has, in the order of the lines."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"line (\d+)", str(error))
        return None, [
            ConfigError(
                f"not valid TOML: {error}",
                file=file,
                line=int(where[1]) if where else len(text.splitlines()) or None,
                cure="Mend the line; strings need quotes, tables need [brackets]",
            )
        ]
    except RecursionError:
        return None, [ConfigError("nested too deep", file=file, cure="Mend the brackets")]
    found = list(_not_finite(raw)) or faults(raw, shape)
    if not found:
        return msgspec.convert(raw, shape), None
    placed = [(locate(text, fault.field) or 1, fault) for fault in found]
    placed.sort(key=lambda pair: (pair[0], pair[1].field))
    return None, [
        ConfigError(fault.problem, file=file, line=line, field=fault.field, cure=fault.cure)
        for line, fault in placed
    ]


def parse_toml(text: str, shape: type[T], file: Path | str, cure: str = CURE) -> T:
    """A TOML text as `shape`; raises the first `ConfigError`, with file, line, field and cure.
    `cure` says what such a file is to be compared with, where it is no force's."""
    parsed, problems = read_toml(text, shape, file)
    if problems is not None:
        first = problems[0]
        raise ConfigError(
            first.problem,
            file=file,
            line=first.line,
            field=first.field,
            cure=(first.cure or cure).replace(CURE, cure),
        )
    return cast("T", parsed)
