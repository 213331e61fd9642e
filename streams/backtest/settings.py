"""Settings to be tried: the sections of a force's file in which they differ from it.

```toml
[alerts]
false_episodes_a_week = 2.0
shares = { hour = 0.2, day = 0.3, month = 0.5 }
```

A table is taken key by key, so that what it does not name stays as the force has it; a list is
taken whole.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from streams.config.checks import contradictions
from streams.config.force import Force
from streams.config.schema import ForceFile
from streams.config.toml import faults, locate, parse_toml, read_text
from streams.errors import ConfigError
from streams.surveillance.adapters.chosen import chosen

OWN = "own"
"""What the settings of the force's file are called."""
MOST_ENTRIES = 3
"""Entries of a list that are named."""


@dataclass(frozen=True, slots=True)
class BacktestSettings:
    """A force as some settings have it; what differs, as `alerts.false_flags = 0.2`."""

    name: str
    force: Force
    differs: tuple[str, ...] = ()


def own(force: Force) -> BacktestSettings:
    """Those that the force's file has."""
    return BacktestSettings(OWN, force)


def load_settings(path: Path, force: Force) -> BacktestSettings:
    """The settings of a file; raises `ConfigError` with file, line, field and cure."""
    return read_settings(read_text(path), str(path), path.stem, force)


def read_settings(text: str, source: str, name: str, force: Force) -> BacktestSettings:
    """The settings of a text, under a name."""
    parse_toml(text, dict[str, Any], source)  # whether it is TOML
    changes = tomllib.loads(text)
    if "id" in changes:
        raise ConfigError(
            "the force is the one of --force, and can't be another",
            file=source, line=locate(text, "id"), field="id", cure="Take the id out",
        )  # fmt: skip
    plain = msgspec.to_builtins(force.file, builtin_types=(dt.date, dt.datetime))
    merged = _merged(plain, changes)
    for fault in faults(merged, ForceFile):
        raise ConfigError(
            fault.problem,
            file=source,
            line=locate(text, fault.field),
            field=fault.field,
            cure=fault.cure,
        )
    file = msgspec.convert(merged, ForceFile)
    for problem in contradictions(file, text, source):
        raise problem
    declared = {each.name for each in force.file.readings}
    readings = [each for each in force.readings.values() if each.name not in declared]
    made = Force(file, source, readings)
    _check_chosen(made, text)
    return BacktestSettings(name, made, tuple(_differing(plain, changes)))


def _check_chosen(force: Force, text: str) -> None:
    """Raises `ConfigError` for a detector that is chosen for what it can't watch."""
    try:
        chosen(force)
    except ConfigError as error:
        raise ConfigError(
            error.problem,
            file=error.file,
            line=locate(text, error.field or ""),
            field=error.field,
            cure=error.cure,
        ) from None


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    made = dict(base)
    for key, value in changes.items():
        before = made.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            made[key] = _merged(before, value)
        else:
            made[key] = value
    return made


def _differing(base: object, changes: dict[str, Any], at: str = "") -> Iterator[str]:
    """Each value that is other than the force's, with where it stands."""
    for key, value in changes.items():
        before = base.get(key) if isinstance(base, dict) else None
        if isinstance(value, dict) and isinstance(before, dict | None):
            yield from _differing(before, value, f"{at}{key}.")
        elif value != before:
            was = "" if before in (None, []) else f" (own: {_said(before)})"
            yield f"{at}{key} = {_said(value)}{was}"


def _said(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | dt.date):
        return str(value)
    if isinstance(value, list):
        entries = [_said(each) for each in value[:MOST_ENTRIES]]
        more = len(value) - len(entries)
        return "; ".join([*entries, *([f"{more} more"] if more else [])]) or "none"
    if isinstance(value, dict):
        pairs = (f"{key} {_said(each)}" for key, each in value.items() if each not in ({}, []))
        return f"({', '.join(pairs)})"
    return f"{value:g}" if isinstance(value, float) else str(value)
