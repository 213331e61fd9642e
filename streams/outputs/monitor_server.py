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

import html
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from streams.live import Live
from streams.outputs.api.paths import Api
from streams.outputs.explore.ahead import AheadPage
from streams.outputs.explore.pages import Explore
from streams.outputs.instants import parse_instant
from streams.outputs.metrics.exported import in_words as exported_in_words
from streams.outputs.metrics.prometheus import Exporter
from streams.outputs.runbooks.pages import RunbookPages
from streams.outputs.sign_in.access import Access
from streams.outputs.sign_in.least import caller_of
from streams.outputs.sign_in.roles import Role
from streams.outputs.sign_in.without_names import nameless_board
from streams.outputs.wallboard.hub import Hub
from streams.outputs.wallboard.pages import Files, Wallboard
from streams.outputs.web.answers import as_json, in_words
from streams.outputs.web.plain_pages import ABOUT
from streams.outputs.web.readiness import readiness
from streams.outputs.web.running import Running, guarded

MOST_PERIODS = 50
"""The most periods in one request for a board."""


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
    guarded(made, access, files.assets)
    made.state.hub = wallboard.hub
    made.state.exported = exported_in_words(pages.exporter.exported.values())
    return made


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
    running = Running(made, host, port, hub.close, access, made.state.exported)
    running.probe(live.health, tls=access.tls is not None)
    return running
