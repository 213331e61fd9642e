"""The installation that is examined, as the command line describes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setup:
    """What there is, and where."""

    brokers: str = ""
    """Empty where there is no Kafka."""
    prefix: str = "watchroom"
    group: str = "watchroom"
    partitions: int | None = None
    """How many each topic should have; None for as many as that of the calls has."""
    forces: tuple[str, ...] = ()
    """Ids or files."""
    mappings: tuple[Path, ...] = ()
    checkpoints: tuple[Path, ...] = ()
    """The folders in which workers keep their state."""
    workers: tuple[str, ...] = ()
    """Their addresses, and that of the front."""
    token: str | None = None
    """What workers are asked with, where they ask who it is."""
    prometheus: str = ""
    alertmanager: str = ""
