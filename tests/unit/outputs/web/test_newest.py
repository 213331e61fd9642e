"""The newest frames of a stream: what a screen gets that begins to look."""

from __future__ import annotations

import asyncio

from streams.outputs.web.newest import Newest


async def read(newest: Newest, got: list[bytes]) -> None:
    async for each in newest.read(lambda: False, holds=3.0):
        got.append(each)  # noqa: PERF401 - each as it comes


async def given(alive: float) -> tuple[list[bytes], list[bytes]]:
    """What a screen gets of a frame that was last heard of so many seconds ago: at once, and once
    more is heard."""
    clock = asyncio.get_running_loop().time
    newest, got = Newest(frame=b"figures ", frames=1, beat=b"beat"), list[bytes]()
    newest.alive = clock() - alive
    screen = asyncio.create_task(read(newest, got))
    await asyncio.sleep(0.01)
    at_once = list(got)
    newest.alive = clock()
    newest.wake()
    await asyncio.sleep(0.01)
    screen.cancel()
    return at_once, got


def test_a_screen_gets_the_newest_at_once_with_the_word_that_it_still_holds() -> None:
    assert asyncio.run(given(1.0)) == ([b"figures beat"], [b"figures beat"])


def test_a_screen_that_connects_again_while_nothing_is_heard_stays_stale_until_something_is() -> (
    None
):
    assert asyncio.run(given(10.0)) == ([], [b"figures beat"])
