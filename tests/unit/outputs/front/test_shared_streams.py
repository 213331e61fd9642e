"""Streams that are read once, however many screens look: newest first, closed after the last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

import pytest

from streams.outputs.front import shared_streams
from streams.outputs.front.shared_streams import SharedStreams


def figures(number: int) -> bytes:
    return f'event: places\ndata: {{"count":{number}}}\n\n'.encode()


def beat(number: int) -> bytes:
    return f'event: beat\ndata: {{"at":{number}}}\n\n'.encode()


class Source:
    """A worker that says what it is given; `None` breaks the connection off."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.open, self.opened = 0, 0

    async def stream(self, name: str) -> AsyncGenerator[bytes]:
        self.open, self.opened = self.open + 1, self.opened + 1
        try:
            while (part := await self.said.get()) is not None:
                if isinstance(part, Exception):
                    raise part
                yield part
                self.said.task_done()
        finally:
            self.open -= 1

    def say(self, *parts: bytes | Exception | None) -> None:
        for part in parts:
            self.said.put_nowait(part)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 10))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_streams, "RETRY", 0.0)


def test_a_stream_is_opened_once_for_all_who_look_and_closed_after_the_last() -> None:
    async def test() -> None:
        source = Source()
        shared = SharedStreams(source.stream, holds=3)
        source.say(figures(1) + beat(1))
        screens = [shared.frames("tiny") for _ in range(12)]
        for screen in screens:
            assert await anext(screen) == figures(1) + beat(1), "also of one that comes later"
        assert (source.open, source.opened, shared.names) == (1, 1, ["tiny"])
        for screen in screens[1:]:
            await screen.aclose()
        source.say(beat(2))
        assert await anext(screens[0]) == beat(2), "the others have left, one looks on"
        await screens[0].aclose()
        await shared.ended()
        assert (source.open, source.opened, shared.names) == (0, 1, [])
        again = shared.frames("tiny")
        source.say(figures(3))
        assert await anext(again) == figures(3)
        assert (source.open, source.opened) == (1, 2)
        await again.aclose()

    run(test())


def test_a_slow_screen_gets_the_newest_and_holds_up_nobody() -> None:
    async def test() -> None:
        source = Source()
        shared = SharedStreams(source.stream, holds=3)
        slow, swift = shared.frames("tiny"), shared.frames("tiny")
        source.say(figures(0))
        await anext(slow)
        assert await anext(swift) == figures(0)
        for number in range(1, 1_000):
            source.say(figures(number))
            assert await anext(swift) == figures(number)
        source.say(beat(1_000))
        await source.said.join()
        assert await anext(slow) == figures(999) + beat(1_000)
        await slow.aclose()
        await swift.aclose()

    run(test())


def test_a_frame_goes_on_without_the_beat_before_it_which_is_older() -> None:
    async def test() -> None:
        source = Source()
        shared = SharedStreams(source.stream, holds=3)
        screen = shared.frames("tiny")
        source.say(b"retry: 2000\n\n" + figures(1))
        assert await anext(screen) == figures(1)
        source.say(beat(1))
        assert await anext(screen) == beat(1)
        source.say(figures(2))
        assert await anext(screen) == figures(2)
        await screen.aclose()

    run(test())


def test_who_comes_while_nothing_is_heard_is_shown_nothing_old() -> None:
    async def test() -> None:
        source = Source()
        shared = SharedStreams(source.stream, holds=0.05)
        first, late = shared.frames("tiny"), shared.frames("tiny")
        source.say(figures(1))
        await anext(first)
        await asyncio.sleep(0.06)
        waits = asyncio.ensure_future(anext(late))
        await asyncio.sleep(0.01)
        assert not waits.done()
        source.say(beat(2))
        assert await waits == figures(1) + beat(2), "it still holds, as the beat says"
        await first.aclose()
        await late.aclose()

    run(test())


@pytest.mark.parametrize("how", [None, RuntimeError("no more")])
def test_a_stream_that_ends_is_opened_anew_for_the_same_screens(
    how: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        source = Source()
        shared = SharedStreams(source.stream, holds=3)
        screen = shared.frames("tiny")
        source.say(figures(1), how, how, figures(2))
        assert b'"count":1' in await anext(screen)
        assert await anext(screen) == figures(2)
        assert (source.open, source.opened) == (1, 3)
        await screen.aclose()

    run(test())
    told = [each.message for each in caplog.records]
    assert told == ([] if how is None else ["the stream of tiny ended"]), "once, not every time"


def test_as_the_server_ends_the_streams_of_all_screens_end() -> None:
    async def test() -> None:
        source = Source()
        shared = SharedStreams(source.stream, holds=3)
        screen = shared.frames("tiny")
        source.say(figures(1))
        await anext(screen)
        shared.closing = True
        source.say(None)
        assert [frame async for frame in screen] == []
        await shared.ended()
        assert source.open == 0

    run(test())
