"""Committing offsets while the stream breaks off."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from streams.kafka.faust_stream import FaustStream

KEY = ("w.calls", 3)


def stream(call_thread: Any) -> FaustStream:
    """A stream whose consumer's thread is asked in this way."""
    consumer = SimpleNamespace(assignment=lambda: {TopicPartition(*KEY)}, commit=None)
    thread = SimpleNamespace(_ensure_consumer=lambda: consumer, call_thread=call_thread)
    made = FaustStream.__new__(FaustStream)
    made.app = SimpleNamespace(consumer=SimpleNamespace(_thread=thread))
    made._ending = False
    return made


@pytest.mark.parametrize("error", [asyncio.CancelledError(), RuntimeError("Event loop is closed")])
def test_a_thread_that_has_ended_takes_no_offsets_and_breaks_nothing(error: BaseException) -> None:
    async def ended(*_: object) -> None:
        raise error

    assert asyncio.run(stream(ended).commit({KEY: 5})) is False


def test_who_is_cancelled_while_offsets_are_taken_ends() -> None:
    async def cancelled() -> bool:
        async def slow(*_: object) -> None:
            await asyncio.sleep(60)

        task = asyncio.create_task(stream(slow).commit({KEY: 5}))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(cancelled())
