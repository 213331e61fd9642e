"""How far a publishing got."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """How far a publishing got. `sent` counts lines that all in-sync replicas acknowledged."""

    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    bytes: int = 0
    read: int = 0
    excluded: int = 0
    last: str | None = None
    interrupted: bool = False
