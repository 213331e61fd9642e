"""What a worker is told, what it learns of the brokers, and what it asks of its stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from streams.config.force import Force

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
    topics_every: float = 5.0
    """Seconds between two looks at the topics as the brokers have them; clients of Kafka refresh
    what they know of them as often."""
    surveillance: bool = True
    """Whether detectors watch the measures."""


@dataclass(frozen=True)
class Cluster:
    """What the worker knows of the brokers: the number of partitions as it was at the start, and
    the ids of the topics as they are now."""

    id: str
    partitions: int
    topic_ids: dict[str, str]


class Mark(NamedTuple):
    """How far the stream has come in a partition: everything before `position` was handed over, the
    last message with the offset `last`, or -1."""

    last: int
    position: int
    heard: int
    """The client's mark of the brokers' answer that this goes by."""


class Stream:
    """What the holdings ask of the stream that feeds them; the Faust worker fills it in."""

    resume: Callable[[Key], None]
    commit: Callable[[dict[Key, int]], Awaitable[bool]]
    high: Callable[[Key], int | None]
    """The end of what may be read: the last stable offset."""
    mark: Callable[[Key], Mark | None]
    forget_marks: Callable[[], None]
    """Called at every assignment: what was noted is of the one before."""
    ends_at: Callable[[Key, int], None]
    """Called with the end of a log that was read: the stream may be further only in another log."""
    heard: Callable[[], int | None]
    """When the brokers last answered, in ms by the wall clock; None where that is not known."""
