"""Lines in a wrong partition: what their dead letters say, and when so many are no accident.

A force's lines must all come in one partition, which murmur2 chooses by the key (docs/kafka.md). A
producer with another key or another hash has every line refused, and its figures are missing; that
is noted, as a trouble of the process, and is over when such lines stop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from typing import NamedTuple

from streams.config.force import Force
from streams.kafka.topics import partition_of
from streams.periods import MINUTE

WRONG_PARTITION = "wrong_partition"
WINDOW = 10 * MINUTE
MANY = 10
"""So many letters within the window are no accident."""
EVERY = 3
"""Nor are so many, where nothing else was counted in that partition meanwhile."""
LONGEST_KEY = 60
OPTION = "partitioner=murmur2_random"
CLIENTS = "(C, Python's confluent-kafka, .NET, Go, Node, kcat)"
"""What clients made on librdkafka need: their default hash is another."""
KEPT = 1000


class Misplaced(NamedTuple):
    """Where a line came in and where it belongs. Partitions are of the same topic."""

    topic: str
    came: int
    force: str
    group: str
    right: int
    key: bytes | None
    partitions: int
    """How many partitions the topic must have."""

    @property
    def sentence(self) -> str:
        """Which force, partitions and key."""
        return (
            f'"{self.force}" came in partition {self.came} of {self.topic} and belongs in '
            f"{self.right}; its key was {shown(self.key)}"
        )

    @property
    def cure(self) -> str:
        """What the producer must set."""
        if self.came >= self.partitions:
            return f"The topic must have {self.partitions} partitions: watchroom topics check"
        if self.key is None or self.key != self.group.encode():
            return f'Send it with the key "{self.group}"; librdkafka {CLIENTS} also needs {OPTION}'
        return f"The key is right, its hash is not: librdkafka {CLIENTS} needs {OPTION}"

    @property
    def need(self) -> str:
        """The same in a few words."""
        wrong = self.key is None or self.key != self.group.encode()
        return "Their producer needs " + (f'the key "{self.group}"' if wrong else OPTION)

    @property
    def words(self) -> str:
        """All of it, for the dead letter."""
        return f"{self.sentence}. {self.cure}. See docs/kafka.md"


def shown(key: bytes | None) -> str:
    r"""A key as it was sent, made safe to print.

    >>> print(shown(b"a\n\xff"), shown(None))
    "a\n\xff" none
    """
    if key is None:
        return "none"
    text = key[: LONGEST_KEY + 1].decode("utf-8", "backslashreplace")
    safe = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text).replace('"', "'")
    return f'"{safe[:LONGEST_KEY]}…"' if len(safe) > LONGEST_KEY else f'"{safe}"'


def misplaced(force: Force, topic: str, came: int, key: bytes | None, count: int) -> Misplaced:
    """Where a line of a force came in, of a topic that must have `count` partitions."""
    right = partition_of(force.partition_group, count)
    return Misplaced(topic, came, force.id, force.partition_group, right, key, count)


class MisplacedLines:
    """The lines that came in a wrong partition lately, over all partitions of a worker.

    Instants are those at which the log took them, in ms: what is read back from long ago is past.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self.window = window
        self._letters: deque[tuple[int, Misplaced]] = deque(maxlen=KEPT)
        self._counted: dict[tuple[str, int], int] = {}

    def refused(self, letter: Misplaced, at: int) -> None:
        """A line was refused."""
        self._letters.append((at, letter))

    def counted(self, topic: str, number: int, at: int) -> None:
        """A line of a partition was not refused."""
        self._counted[topic, number] = max(at, self._counted.get((topic, number), 0))

    def trouble(self, now: int, wrong: Container[str] = ()) -> str | None:
        """While there are so many: the problem, its cure, more; a sentence each. Those of `wrong`
        topics are passed over: they have a trouble of their own."""
        since = now - self.window
        lately = [(at, x) for at, x in self._letters if at > since and x.topic not in wrong]
        if not lately:
            return None
        if len(lately) < MANY and not self._every(lately):
            return None
        _, latest = lately[-1]
        return (
            f"lines come in a wrong partition, uncounted. {latest.need}. The latest: "
            f"{latest.sentence}. See docs/kafka.md, then: watchroom deadletter retry "
            f"--reason {WRONG_PARTITION}"
        )

    def _every(self, lately: list[tuple[int, Misplaced]]) -> bool:
        """Whether of some partition all of the last lines were refused."""
        found: dict[tuple[str, int], list[int]] = {}
        for at, each in lately:
            found.setdefault((each.topic, each.came), []).append(at)
        return any(
            len(times) >= EVERY and self._counted.get(key, 0) < times[-EVERY]
            for key, times in found.items()
        )
