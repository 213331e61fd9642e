"""What a user should look at though it counts: bounded, counted, and said once at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from streams.sources.bytes.forms import shown

MOST = 100
"""The most different notices that are kept; an export has a handful of fields."""
LONGEST_TEXT = 500
"""Characters that an example has at most: it may quote the row."""

MOST_VALUES = 20_000
"""Different values of a field that are kept; a column of types has hundreds."""


class Notices:
    """Counts what happened by a sentence about it, and keeps the first place of each."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}
        self.by_default: dict[str, Counter[str]] = {}
        """By field the values that no list of the mapping has, so that its `default` stands for
        them, with how many rows have each."""
        self._heard = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """While a row is read a second time: what it says was counted at the first."""
        self._heard = True
        try:
            yield
        finally:
            self._heard = False

    def add_default(self, field: str, value: str) -> None:
        """Count a value that the default of its field stands for."""
        if self._heard:
            return
        found = self.by_default.setdefault(field, Counter())
        if value in found or len(found) < MOST_VALUES:
            found[value] += 1

    def add(self, sentence: str, example: str) -> None:
        """Count one more. `sentence` has `{count}`, `{s}` and `{example}` where these belong."""
        if self._heard:
            return
        count, first = self._found.get(sentence, (0, example))
        if count or len(self._found) < MOST:
            self._found[sentence] = (count + 1, first)

    def texts(self) -> list[str]:
        """The sentences, in the order in which they were first needed."""
        return [
            sentence.format(
                count=f"{count:,}", s="s"[: count > 1], example=shown(example, LONGEST_TEXT)
            )
            for sentence, (count, example) in self._found.items()
        ]
