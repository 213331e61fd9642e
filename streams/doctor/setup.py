"""The installation that is examined, as the command line describes it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from streams.kafka.inputs import split_prefix


@dataclass(frozen=True)
class Setup:
    """What there is, and where."""

    brokers: str = ""
    """Empty where there is no Kafka."""
    prefix: str = "watchroom"
    topic_prefixes: tuple[str, ...] = ()
    """What input topics begin with, as workers are told it (`streams.kafka.inputs.split_prefix`);
    by default that is `prefix`."""
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

    @property
    def inputs(self) -> tuple[str, ...]:
        """The prefixes of the input topics."""
        return tuple(split_prefix(text)[0] for text in self.topic_prefixes) or (self.prefix,)

    def command(self, words: str, *, inputs: bool = False, forces: bool = False) -> str:
        """A command as it is to be typed here: with the brokers, the prefix and, where they matter
        to it, the prefixes of input topics and the forces that were given.

        >>> Setup(brokers="k:9092", forces=("mine.toml",)).command("watchroom deadletter list")
        'watchroom deadletter list --broker k:9092 --prefix watchroom'
        """
        options = ["--broker", self.brokers, "--prefix", self.prefix]
        for text in self.topic_prefixes if inputs else ():
            options += ["--topic-prefix", text]
        for name in self.forces if forces else ():
            options += ["--force", name]
        return f"{words} {shlex.join(options)}"
