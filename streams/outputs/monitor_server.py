"""The web server of a monitor: metrics, the board as JSON, and whether it is alive and ready.

It runs in a daemon thread with an event loop of its own, so that neither a scrape nor a slow
browser ever holds up a runner; what has to be computed is computed in a pool of threads.

| path | answer |
|---|---|
| `/metrics` | for Prometheus |
| `/board.json?force=&at=&period=` | the board; `at` is RFC 3339, `period` may be repeated |
| `/api/measures`, `/api/board`, `/api/series` | any figure: see `streams.outputs.api.paths` |
| `/healthz` | 200 while the process is alive |
| `/readyz` | 200 when the figures may be relied on, else 503 with the reason |
| `/about` | where to look |

Who may ask for what is in `streams.outputs.sign_in.least`, the pages of sign-in beside it.

`/` and what belongs to it are the wallboard's: see `streams.outputs.wallboard.pages`; `/explore` is
any figure over months and years: see `streams.outputs.explore.pages`; `/ahead` is the next hours of
calls: see `streams.outputs.explore.ahead`; `/runbooks/` is what to do about each alert: see
`streams.outputs.runbooks.pages`.
"""

from __future__ import annotations

import asyncio
import errno
import html
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from streams.errors import WatchroomError
from streams.live import Health, Live
from streams.outputs.api.paths import Api
from streams.outputs.explore.ahead import AheadPage
from streams.outputs.explore.pages import Explore
from streams.outputs.instants import parse_instant
from streams.outputs.metrics.exported import in_words as exported_in_words
from streams.outputs.metrics.prometheus import Exporter
from streams.outputs.runbooks.pages import RunbookPages
from streams.outputs.sign_in.access import WARNED_EVERY, Access, WhoAsks
from streams.outputs.sign_in.least import caller_of, protect
from streams.outputs.sign_in.pages import SignInPages
from streams.outputs.sign_in.roles import Role
from streams.outputs.sign_in.tls import HSTS, LOOKED_EVERY, Tls
from streams.outputs.sign_in.without_names import nameless_board
from streams.outputs.wallboard.hub import Hub
from streams.outputs.wallboard.pages import Files, Wallboard
from streams.outputs.web.connections import Connection, OnceAMinute, ServerLoop
from streams.outputs.web.guard import Guard
from streams.outputs.web.plain_pages import ABOUT
from streams.outputs.web.readiness import readiness
from streams.outputs.web.self_probe import SelfProbe

MOST_PERIODS = 50
"""The most periods in one request for a board."""

_encode = msgspec.json.Encoder().encode


def as_json(content: object, status: int = 200) -> Response:
    """An answer that no cache may keep."""
    return Response(
        _encode(content), status, {"cache-control": "no-store"}, media_type="application/json"
    )


class Pages:
    """What each path answers. Those that have to compute are plain functions, which Starlette runs
    in threads."""

    def __init__(self, live: Live, files: Files) -> None:
        self.live, self._files = live, files
        self.exporter = Exporter(live)

    def metrics(self, request: Request) -> Response:
        """Every metric, in the format that the scraper asks for."""
        text, content_type = self.exporter.text(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": content_type})

    def board(self, request: Request) -> Response:
        """The board of one force."""
        query = request.query_params
        force = self.force(query.get("force"))
        periods = query.getlist("period")
        if len(periods) > MOST_PERIODS:
            raise HTTPException(400, f"at most {MOST_PERIODS} periods in one request")
        try:
            zone = self.live.monitor.forces[force].zone
            at = parse_instant(query["at"], zone) if query.get("at") else None
            board = self.live.board(force, at, periods)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return as_json(board if caller_of(request).sees_names else nameless_board(board))

    def force(self, named: str | None) -> str:
        """The force that is named, or the only one; raises an `HTTPException` in words."""
        here = self.live.forces()
        if named in here:
            return named
        known = ", ".join(here) or "none"
        if named:
            raise HTTPException(404, f'no force "{named}" is monitored here, only: {known}')
        if not here:
            raise HTTPException(404, "no force is monitored here yet")
        if len(here) > 1:
            raise HTTPException(400, f"which force? Name one of: {known}")
        return here[0]

    async def healthz(self, request: Request) -> Response:
        """The process is alive. Takes no thread: it is answered while all of them wait."""
        return as_json({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """Whether the figures may be relied on; takes no thread and no lock either."""
        content = readiness(self.live.health)
        if caller_of(request).role < Role.VIEW:  # what is wrong here is nobody else's business
            shown = {"ready": content.ready, "state": content.state}
            return as_json(shown, 200 if content.ready else 503)
        return as_json(content, 200 if content.ready else 503)

    def about(self, request: Request) -> Response:
        """Where to look."""
        (state, detail), here = self.live.health.shown, self.live.forces()
        boards = "".join(
            f'<li><a href="/?force={name}">/?force={name}</a>: the wallboard of '
            f"{html.escape(self.live.monitor.forces[name].name)}; "
            f'<a href="/board.json?force={name}">/board.json?force={name}</a>: all its figures</li>'
            for name in here
        )
        content = _MONITOR.format(
            version=version("watchroom"), state=html.escape(f"{state}: {detail}"), boards=boards
        )
        return HTMLResponse(self._files.filled(ABOUT).replace("{content}", content))


_MONITOR = """<p>{state}.</p>
<ul>
{boards}
<li><a href="/explore">/explore</a>: any measure over months and years</li>
<li><a href="/ahead">/ahead</a>: the next 12 hours of calls, and the handlers that they need</li>
<li><a href="/runbooks/">/runbooks/</a>: what to do about each alert</li>
<li><a href="/api/measures">/api/measures</a>, /api/board, /api/series: any figure, by area and
period; <a href="/api/openapi.json">/api/openapi.json</a> describes them</li>
<li><a href="/metrics">/metrics</a>: for Prometheus</li>
<li><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>: alive, and ready</li>
</ul>
<p>In a terminal: <code>watchroom board --url</code> with this address. Version {version}.</p>
"""


def in_words(request: Request, error: Exception) -> Response:
    """An error as JSON that a person can read."""
    if not isinstance(error, HTTPException):
        return as_json({"error": "a fault of Watchroom itself; its log says more"}, 500)
    words = error.detail
    if words == "Not Found":  # the framework's own
        words = f"there is nothing at {request.url.path}; /about says where to look"
    return as_json({"error": words}, error.status_code)


def application(live: Live, access: Access | None = None) -> Starlette:
    """The application, for a server or for a test, to those who may reach it (`access`)."""
    access = access or Access()
    files = Files(access.warning)
    pages = Pages(live, files)
    wallboard = Wallboard(live, pages.force, files)
    explore = Explore(live, pages.force, files)
    ahead = AheadPage(live, pages.force, files)
    paths = {
        "/about": pages.about,
        "/metrics": pages.metrics,
        "/board.json": pages.board,
        "/healthz": pages.healthz,
        "/readyz": pages.readyz,
    }
    plain = [Route(path, endpoint, methods=["GET"]) for path, endpoint in paths.items()]
    made = Starlette(
        routes=[
            *plain,
            *Api(live, pages.force).routes(),
            *explore.routes(),
            *ahead.routes(),
            *RunbookPages(files).routes(),
            *wallboard.routes(),
        ],
        exception_handlers={HTTPException: in_words, Exception: in_words},
    )
    guarded(made, access, files)
    made.state.hub = wallboard.hub
    made.state.exported = exported_in_words(pages.exporter.exported.values())
    return made


def guarded(made: Starlette, access: Access, files: Files) -> None:
    """Has an application answer only what it should, to those who may ask it, with the headers that
    protect who reads it; adds the pages of sign-in. A path is what it is: none leads to the same
    with a slash, at whatever host was named."""
    pages = SignInPages(access, files.assets)
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
        hub: Hub | None = None,
        exported: str = "",
        **config: Any,
    ) -> None:
        self.hub, self.exported = hub, exported
        """What the screens of a monitor share, and how many series of figures it exports; None, and
        nothing, where the server is not a monitor's."""
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


def serve(
    live: Live, host: str = "127.0.0.1", port: int = 0, access: Access | None = None
) -> Running:
    """Serves `live` from a thread to those who may reach it (`access`); port 0 takes any that is
    free. Raises `WatchroomError`, also where nobody would be asked who they are and that was not
    said to be meant."""
    access = access or Access()
    access.admit(host)
    made = application(live, access)
    hub: Hub = made.state.hub
    running = Running(made, host, port, hub.close, access, hub, made.state.exported)
    running.probe(live.health, tls=access.tls is not None)
    return running
