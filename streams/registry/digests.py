"""Declarations as digests, by which stored figures are told to be those of now."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec


class ClockCounters(msgspec.Struct, array_like=True, frozen=True):
    """What is counted by one clock: of each counter its name, its bits and a digest of how it is
    counted, lowest first; and of each timing the place of its duration and such a digest."""

    counters: tuple[tuple[str, int, str], ...]
    timings: tuple[tuple[int, str], ...]


def digest(*declared: Any) -> str:
    """A digest of declarations, the same in every process."""
    return hashlib.sha256(msgspec.json.encode(_plain(declared))).hexdigest()[:16]


def _plain(declared: Any) -> Any:
    """Declarations as plain data; functions by name."""
    if is_dataclass(declared) and not isinstance(declared, type):
        each = {field.name: _plain(getattr(declared, field.name)) for field in fields(declared)}
        return [type(declared).__name__, each]
    if isinstance(declared, Sequence) and not isinstance(declared, str):
        return [_plain(each) for each in declared]
    return declared.__qualname__ if callable(declared) else declared
