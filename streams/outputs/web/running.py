"""A server that runs in a thread of its own, with an event loop of its own, and answers only those
who may ask."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette

from streams.errors import WatchroomError
from streams.live import Health
from streams.outputs.sign_in.access import WARNED_EVERY, Access, WhoAsks
from streams.outputs.sign_in.least import protect
from streams.outputs.sign_in.pages import SignInPages
from streams.outputs.sign_in.tls import HSTS, LOOKED_EVERY, Tls
from streams.outputs.web.connections import Connection, OnceAMinute, ServerLoop
from streams.outputs.web.guard import Guard
from streams.outputs.web.self_probe import SelfProbe


def guarded(made: Starlette, access: Access, assets: str) -> None:
    """Has an application answer only what it should, to those who may ask it, with the headers that
    protect who reads it; adds the pages of sign-in. A path is what it is: none leads to the same
    with a slash, at whatever host was named."""
    pages = SignInPages(access, assets)
    made.router.routes.extend(pages.routes())
    protect(made.router.routes, pages.refusal)
    made.router.redirect_slashes = False
    made.add_middleware(WhoAsks, access=access)
    made.add_middleware(Guard, names=access.names, more=() if access.tls is None else (HSTS,))


_CONFIG: dict[str, Any] = {
    "http": Connection,
    "ws": "none",
    "loop": "asyncio",
    "lifespan": "off",
    "log_config": None,
    "access_log": False,
    # Who asks is told by the connection: a header of whoever it is must not change that.
    "proxy_headers": False,
    "timeout_graceful_shutdown": 2,
}


class _Config(uvicorn.Config):
    """The configuration of a server with the TLS that it has, if any. uvicorn by itself reads the
    certificate once, and allows what OpenSSL does."""

    def __init__(self, made: Starlette, tls: Tls | None, **config: Any) -> None:
        super().__init__(made, **config)
        self._tls = tls

    def load(self) -> None:
        """Loads it."""
        super().load()
        if self._tls is not None:
            self.ssl = self._tls.context


class _Beside:
    """What a server does every minute beside serving."""

    def __init__(self, access: Access) -> None:
        self._access, self._warned = access, float("-inf")

    async def __call__(self) -> None:
        """Takes up a renewed certificate, and warns while anybody may ask anything."""
        if self._access.tls is not None:
            self._access.tls.renew()
        if self._access.warning and time.monotonic() - self._warned >= WARNED_EVERY:
            self._warned = time.monotonic()
            logging.getLogger("watchroom.web").warning("%s", self._access.warning)


class Running:
    """A server that runs; `stop` ends it and waits until its port is free. `close` lets its streams
    end, or it would wait for every screen to leave."""

    def __init__(
        self,
        made: Starlette,
        host: str,
        port: int,
        close: Callable[[], None],
        access: Access,
        exported: str = "",
        **config: Any,
    ) -> None:
        self.made, self.exported = made, exported
        """What is served, and how many series of figures a monitor exports, in words."""
        listener = listen(host, port)
        log = logging.getLogger("uvicorn.error")
        if not any(isinstance(each, OnceAMinute) for each in log.filters):
            log.addFilter(OnceAMinute())
        self.host, self.port, self._close = host, int(listener.getsockname()[1]), close
        self._tls = access.tls
        beside = {"callback_notify": _Beside(access), "timeout_notify": LOOKED_EVERY}
        server = uvicorn.Server(_Config(made, access.tls, **{**_CONFIG, **beside, **config}))
        self._server, self._listener = server, listener
        self._thread = threading.Thread(target=self._serve, name="watchroom-web", daemon=True)
        self._thread.start()
        self._probe: SelfProbe | None = None

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=ServerLoop) as runner:
            runner.run(self._server.serve([self._listener]))

    def probe(self, health: Health, **options: Any) -> None:
        """Has the server ask itself whether it answers, and note in `health` where it does not."""
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        self._probe = SelfProbe(health, host, self.port, **options)

    @property
    def url(self) -> str:
        """The address to open in a browser on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host and '[' not in host else host}:{self.port}"

    def stop(self) -> None:
        """Ends the server; does nothing the second time."""
        if self._probe is not None:
            self._probe.stop()
        self._close()
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; raises `WatchroomError` where that can't be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise WatchroomError(f'"{host}" is no address of this machine: {error.strerror}') from None
    try:
        # As every server does: a port that was in use a moment ago may be had again.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit this: of a screen that was switched off the place is free again.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            why = f"port {port} of {host} is in use. Choose another, or 0 for any that is free"
        else:
            why = f"can't listen on {host}:{port}: {os.strerror(error.errno or 0)}"
        raise WatchroomError(why) from None
    return listener
