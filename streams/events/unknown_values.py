"""Values that no list knows, in records that are kept: an area that the force file lacks, say.

Such a record counts in everything else: under the force alone, ungraded, as `other`, without the
marker. So that nobody takes what is missing for a quiet district, the lines that had such a value
are counted by field, and the first few values of each field are kept to be shown.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

MOST_VALUES = 20
"""Different values of one field that are kept; the count of lines goes on beyond them."""

LONGEST = 40
"""Characters of a value that are kept: enough to find it, and no room for a text."""


def shown(value: object) -> str:
    """A value as it is shown: short, on one line, with nothing that a terminal would obey."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = value if isinstance(value, str) else json.dumps(value)
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in cut)


class UnknownValues:
    """The count of one force's records of one kind.

    `note` is called while an event is judged, before it is known whether it will be taken; `settle`
    when it is, and then what was noted of that event counts.
    """

    def __init__(self) -> None:
        self.fields: Counter[str] = Counter()
        """Values by field, over all lines taken."""
        self.values: dict[str, dict[str, int]] = {}
        """The first of them: field to value to lines."""
        self.pending: list[tuple[str, str | None]] = []
        self._event: object = None

    def note(self, event: object, field: str, value: str | None) -> None:
        """An event has an unknown value; None where it must not be shown (it is of a person)."""
        if event is not self._event:
            self._event = event
            self.pending.clear()
        self.pending.append((field, value))

    def settle(self, event: object) -> None:
        """The event was taken: what was noted of it counts, and nothing that was noted before.
        Of a history that is played, the last version stands for the record."""
        if event is self._event and getattr(event, "played", None) != "step":
            for field, value in self.pending:
                self.fields[field] += 1
                if value is not None:
                    self._keep(self.values.setdefault(field, {}), value)
        self.pending.clear()
        self._event = None

    def add(self, other: UnknownValues) -> None:
        """Adds the counts of another force."""
        self.fields.update(other.fields)
        for field, values in other.values.items():
            for value, lines in values.items():
                self._keep(self.values.setdefault(field, {}), value, lines)

    @staticmethod
    def _keep(values: dict[str, int], value: str, lines: int = 1) -> None:
        if value in values or len(values) < MOST_VALUES:
            values[value] = values.get(value, 0) + lines

    def restore(self, fields: dict[str, int], values: dict[str, dict[str, int]]) -> None:
        """Goes on from what a checkpoint held."""
        self.fields = Counter(fields)
        self.values = {field: dict(found) for field, found in values.items()}


def in_words(unknown: Mapping[str, UnknownValues], most: int = 3) -> str:
    """By kind and field, in one line: `crime area 12 ("Atlantis" 9, "Lemuria" 3), call area 2`."""
    parts = []
    for kind, found in unknown.items():
        for field, count in sorted(found.fields.items()):
            few = sorted(found.values.get(field, {}).items(), key=lambda item: -item[1])[:most]
            examples = ", ".join(f'"{value}" {lines:,}' for value, lines in few)
            parts.append(f"{kind} {field} {count:,}" + (f" ({examples})" if examples else ""))
    return ", ".join(parts)
