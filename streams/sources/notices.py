"""What a user should look at though it counts: bounded, counted, and said once at the end."""

from __future__ import annotations

from streams.sources.bytes.forms import shown

MOST = 100
"""The most different notices that are kept; an export has a handful of fields."""
LONGEST_TEXT = 500
"""Characters that an example has at most: it may quote the row."""


class Notices:
    """Counts what happened by a sentence about it, and keeps the first place of each."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, sentence: str, example: str) -> None:
        """Count one more. `sentence` has `{count}`, `{s}` and `{example}` where these belong."""
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
