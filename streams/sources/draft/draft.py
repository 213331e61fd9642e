"""What a draft of a mapping is made of while it is being made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from streams.config.force import Force
from streams.sources.draft.columns import Column, SampleColumns
from streams.sources.draft.field_words import RecordKind
from streams.sources.draft.sample import TableSample


class Work:
    """A draft in the making: each step adds lines, and marks the columns that it used."""

    def __init__(
        self,
        sample: TableSample,
        columns: SampleColumns,
        kind: RecordKind,
        force: Force | None,
        values: Mapping[str, Counter[str]] = MappingProxyType({}),
    ) -> None:
        self.sample, self.columns, self.kind, self.force = sample, columns, kind, force
        self.values = values
        """By column the values in all rows, with how many have each, where these were counted."""
        self.doubts: list[str] = list(sample.notes)
        self.constants: list[str] = []
        self.fields: list[str] = []
        self.id: list[str] = []
        self.personal: list[str] = []
        """The line of the columns that say who people are and that no field takes."""
        self.main: Column | None = None
        self.clock: Column | None = None
        """The clock time of a main time that is a day."""
        self.placed: list[str] = []
        """The time fields in the draft, in the order in which they follow each other."""


def quoted(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(quoted, value))}]"
    if isinstance(value, str):
        clean = value.encode("utf-8", "replace").decode("utf-8").replace("\x7f", "?")
        return json.dumps(clean, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)


def one_or_more(values: list[str]) -> str:
    """Several values as an array, one alone as it is."""
    return quoted(values[0] if len(values) == 1 else values)


def clean(text: str) -> str:
    """A text for a comment: on one line."""
    return "".join(char if char.isprintable() else "?" for char in text)
