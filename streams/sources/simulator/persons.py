"""People as pseudonyms, some of whom come again.

A Polya urn: with some chance the next one is drawn from those who came before, as often as each
came; else somebody new comes. So most come once and a few very often (Yule 1925, Simon 1955).
"""

from __future__ import annotations

from random import Random

REMEMBERED = 20_000
"""The newest appearances that are drawn from, some months of a county."""


class Persons:
    """The people of one role."""

    def __init__(self, rng: Random, prefix: str, again: float) -> None:
        self._rng, self._prefix, self._again = rng, prefix, again
        self._seen: list[str] = []
        self._made = 0

    def draw(self) -> str:
        """A pseudonym."""
        if self._seen and self._rng.random() < self._again:
            name = self._seen[int(self._rng.random() * len(self._seen))]
        else:
            self._made += 1
            name = f"{self._prefix}{self._made}"
        self._seen.append(name)
        if len(self._seen) > 2 * REMEMBERED:
            del self._seen[:REMEMBERED]
        return name
