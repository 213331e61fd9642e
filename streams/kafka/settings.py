"""How a worker is run, and what it learns of the brokers when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streams.config.force import Force
from streams.kafka.inputs import ForcePrefix, Input, inputs_of
from streams.live import BEHIND

if TYPE_CHECKING:  # only a worker that serves needs it
    from streams.outputs.sign_in.access import Access


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker is run."""

    brokers: str
    forces: tuple[Force, ...]
    checkpoints: Path
    prefix: str = "watchroom"
    topic_prefixes: tuple[ForcePrefix, ...] = ()
    """Those of the input topics, where each is of some forces alone; else they have `prefix`."""
    group: str = "watchroom"
    instance_id: str = "watchroom-1"
    web: tuple[str, int] | None = None
    access: Access | None = None
    """Who may reach the pages that it serves."""
    every: float = 1.0
    """Seconds between checkpoints."""
    behind: int = BEHIND
    """Messages of lag above which the worker says that it is behind."""
    topics_every: float = 5.0
    """Seconds between two looks at the topics as the brokers have them; clients of Kafka refresh
    what they know of them as often."""
    surveillance: bool = True
    """Whether detectors watch the measures."""

    @property
    def inputs(self) -> dict[str, Input]:
        """The input topics, by name."""
        return inputs_of(self.prefix, self.forces, self.topic_prefixes)


@dataclass(frozen=True)
class Cluster:
    """What the worker knows of the brokers: the number of partitions as it was at the start, and
    the ids of the topics as they are now."""

    id: str
    partitions: int
    topic_ids: dict[str, str]
