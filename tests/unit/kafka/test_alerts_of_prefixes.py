"""The alerts of two forces whose calls are in topics of different prefixes, in one partition."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from streams.kafka.partition_alerts import PartitionAlerts
from streams.state.snapshot import Outgoing


class Writer:
    """A writer that takes everything."""

    claimed, topic, brokers = True, "w.alerts", "k:1"

    async def claim(self) -> None:
        pass

    async def write(self, _: object) -> None:
        pass

    async def close(self) -> None:
        pass


class Held:
    """A partition with the calls of a force, and what was struck off in its checkpoint."""

    def __init__(self, force: str) -> None:
        self.topic, self.number = f"{force}.calls", 2
        self.struck: list[int] = []
        self.checkpoint = SimpleNamespace(sent=self.struck.extend)
        self.shard = SimpleNamespace(forces=(SimpleNamespace(id=force),))


def test_each_force_begins_and_is_struck_off_in_its_own_checkpoint() -> None:
    begun: list[list[str]] = []
    service: Any = SimpleNamespace(begin=lambda forces, *_, **__: begun.append(forces))

    async def read(_: int) -> list[bytes]:
        return []

    async def run() -> list[Any]:
        writer: Any = Writer()
        alerts = PartitionAlerts(2, writer, service, read, lambda: 1)
        partitions: list[Any] = [Held("warwickshire"), Held("west-mercia")]
        alerts.partitions = {each.topic: each for each in partitions}
        await alerts.take_over()
        message = Outgoing("w.alerts", b"k", None, [], 2)
        alerts.post(partitions[0], [(1, message), (2, message)])
        alerts.post(partitions[1], [(1, message)])
        async with asyncio.timeout(10):
            while not all(each.struck for each in partitions):  # noqa: ASYNC110 - in a thread
                await asyncio.sleep(0.01)
        await alerts.close()
        return partitions

    first, second = asyncio.run(run())
    assert begun == [["warwickshire", "west-mercia"]]
    assert (first.struck, second.struck) == ([1, 2], [1])
