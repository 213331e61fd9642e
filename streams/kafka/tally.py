"""How far a publishing got."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """How far a publishing got. `sent` counts lines that all in-sync replicas acknowledged."""

    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of each reason the first row that was refused: its place, and what was wrong with it."""
    messages: int = 0
    bytes: int = 0
    read: int = 0
    excluded: int = 0
    last: str | None = None
    interrupted: bool = False

    def __add__(self, other: Tally) -> Tally:
        """Both together, the other after this one."""
        return Tally(
            sent=self.sent + other.sent,
            refused=self.refused + other.refused,
            examples={**other.examples, **self.examples},
            messages=self.messages + other.messages,
            bytes=self.bytes + other.bytes,
            read=self.read + other.read,
            excluded=self.excluded + other.excluded,
            last=other.last or self.last,
            interrupted=other.interrupted,
        )
