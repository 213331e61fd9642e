"""Connections to the web server: how many there may be, and how long one may take to ask.

One that opens and asks nothing is ended after `ASKS_WITHIN` seconds. Where all are taken, the one
that has been silent for longest gives way to the newest, so that nobody can shut out the screens by
opening connections; where none is silent, the newest is refused. Both are counted, and told at most
once a minute.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

logger = logging.getLogger("watchroom.web")

ASKS_WITHIN = 10.0
"""Seconds until the head of a request must have come, from its first byte or from the opening of a
connection on."""
TOLD_EVERY = 60.0
"""Seconds between two lines of the log about connections."""


def most_connections() -> int:
    """As many as leave half of the files that this process may open for everything else; of a front
    each screen takes two."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1_000 if soft == resource.RLIM_INFINITY else max(16, min(1_000, soft // 3))


class Notices:
    """Tells in the log what happens often: the first at once, then how many a minute."""

    def __init__(self) -> None:
        self.count = 0
        self._since = float("-inf")

    def add(self, words: str) -> None:
        """Counts one, and tells of all since the last line where that is a minute ago."""
        self.count += 1
        now = time.monotonic()
        if now - self._since >= TOLD_EVERY:
            logger.warning("%s (%s since the last such line)", words, f"{self.count:,}")
            self.count, self._since = 0, now


class Connection(H11Protocol):
    """A connection of the server; uvicorn makes one for each."""

    most: ClassVar[int | None] = None
    """How many there may be; None until the first is opened."""
    notices: ClassVar[Notices] = Notices()
    _waits: asyncio.TimerHandle | None = None
    _opened = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes it, if there is room or room can be made."""
        super().connection_made(transport)
        kind = type(self)
        if kind.most is None:
            kind.most = most_connections()
        self._opened = self.loop.time()
        self._wait()
        if len(self.connections) > kind.most:
            others = (each for each in self.connections if isinstance(each, Connection))
            silent = [each for each in others if each.silent and each is not self]
            given_up = min(silent, key=lambda each: each._opened, default=self)
            self.notices.add(f"all {kind.most:,} connections are taken: one was ended")
            given_up.end()

    @property
    def silent(self) -> bool:
        """Whether it waits for a request, or for the rest of its head."""
        return self._waits is not None

    def end(self) -> None:
        """Ends it at once."""
        self._done_waiting()
        self.connections.discard(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Takes bytes; the head of a request has to come as a whole within its time."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._done_waiting()
        elif self._waits is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets it."""
        self._done_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waits = self.loop.call_later(ASKS_WITHIN, self._asked_nothing)

    def _done_waiting(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _asked_nothing(self) -> None:
        self.notices.add(f"a connection asked nothing for {ASKS_WITHIN:.0f} s: it was ended")
        self.end()


class ServerLoop(asyncio.SelectorEventLoop):
    """The event loop of a server: over TLS the handshake has to be made within `ASKS_WITHIN`, too.
    Until then a connection is none of those that are counted."""

    async def create_server(self, *args: Any, **more: Any) -> asyncio.Server:
        """Makes a server, as asyncio does, which by itself waits for a minute."""
        if more.get("ssl") is not None:
            more.setdefault("ssl_handshake_timeout", ASKS_WITHIN)
        return await super().create_server(*args, **more)


class OnceAMinute(logging.Filter):
    """Lets one message of a kind pass a minute: anybody who connects can provoke them."""

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is the first of its kind for a minute."""
        if record.levelno < logging.WARNING:
            return True
        kind, now = str(record.msg)[:200], time.monotonic()
        if now - self._passed.get(kind, float("-inf")) < TOLD_EVERY:
            return False
        if (
            len(self._passed) > 100
        ):  # the kinds are few; their number is not the visitor's to choose
            self._passed.clear()
        self._passed[kind] = now
        return True
