"""What a worker is told, what it learns of the brokers, and what it asks of its stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from streams.force import Force

Key = tuple[str, int]
"""A topic and a partition."""


@dataclass(frozen=True)
class Settings:
    """How a worker is run."""

    brokers: str
    forces: tuple[Force, ...]
    checkpoints: Path
    prefix: str = "watchroom"
    group: str = "watchroom"
    instance_id: str = "watchroom-1"
    web: tuple[str, int] | None = None
    every: float = 1.0
    """Seconds between checkpoints."""
    behind: int = 1000
    """Messages of lag above which the worker says that it is behind."""
    surveillance: bool = True
    """Whether detectors watch the measures."""


@dataclass(frozen=True)
class Cluster:
    """What the worker learned of the brokers when it started."""

    id: str
    partitions: int
    topic_ids: dict[str, str]


class Stream:
    """What the holdings ask of the stream that feeds them; the Faust worker fills it in."""

    resume: Callable[[Key], None]
    commit: Callable[[dict[Key, int]], Awaitable[bool]]
    high: Callable[[Key], int | None]
    heard: Callable[[], int | None]
    """When the brokers last answered, in ms by the wall clock; None where that is not known."""
