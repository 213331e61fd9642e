"""The front of several workers: one address at which every force can be seen.

Workers share the forces, and each serves the wallboard of those that it holds. The front finds for
each force the worker that has it and passes on what is asked. It counts nothing and keeps nothing.

| path | answer |
|---|---|
| `/`, `/chart`, `/alert`, `/handover` | the wallboard's pages, which are the same everywhere |
| `/board.json`, `/series.json`, `/trends.json`, `/drawing.json` | the worker's, of `?force=` |
| `/alerts.json`, `/shift.json`, `/events` | the same |
| `/api/board`, `/api/series`, `/api/flags`, `/explore`, `/chart.svg`, `/ahead` | the same |
| `/api/measures`, `/api/openapi.json` | any worker's |
| POST `/api/alerts/<id>/<action>` | the worker's; a page of another site is refused here |
| `/runbooks/` | what to do about each alert; the same everywhere, also where no worker answers |
| `/forces.json` | every force that a worker could show, and the release of the pages |
| `/healthz`, `/readyz` | 200 while alive; 200 when at least one worker is ready |
| `/about` | which worker serves what |
"""

from __future__ import annotations

import asyncio
import html
import logging
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial
from urllib.parse import quote, urlsplit

import httpx2
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from streams.board.model import Board, decode_board
from streams.errors import ConfigError
from streams.outputs.explore.asked import Asked
from streams.outputs.explore.page import Frame, force_page
from streams.outputs.front.holders import Holders, Worker
from streams.outputs.front.shared_streams import SharedStreams
from streams.outputs.monitor_client import LOOPBACK
from streams.outputs.runbooks.pages import RunbookPages
from streams.outputs.sign_in.access import Access, while_allowed
from streams.outputs.sign_in.least import caller_of
from streams.outputs.sign_in.roles import Caller, Role
from streams.outputs.wallboard.alert_actions import body_of
from streams.outputs.wallboard.hub import BEAT, EVERY
from streams.outputs.wallboard.pages import PAGES, STREAM, Files
from streams.outputs.wallboard.unknown import named_forces, no_force
from streams.outputs.web.answers import as_json, in_words
from streams.outputs.web.merged import merged
from streams.outputs.web.newest import BEGINNING
from streams.outputs.web.plain_pages import ABOUT, NOBODY_PAGE
from streams.outputs.web.readiness import ReasonShown
from streams.outputs.web.running import Running, guarded
from streams.printing import masked

log = logging.getLogger("watchroom.front")

PATIENCE = httpx2.Timeout(10.0, connect=2.0)
"""Of a stream it is the longest silence: a worker that lives speaks every 2 seconds."""

IN_THE_CLEAR = (
    "%s: asked over plain HTTP, so whoever listens on the network reads the workers' token, and "
    "can act in anybody's name with it. Start the workers with --tls-certificate and --tls-key and "
    "name them as https://, unless the network between is yours alone"
)

AGAIN = {"retry-after": "2"}
PASSED_ON = (
    "content-type",
    "cache-control",
    "x-accel-buffering",
    "retry-after",
    "link",
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
)
"""The headers of a worker's answer that reach the browser."""


FIGURES = (
    "/board.json",
    "/series.json",
    "/trends.json",
    "/drawing.json",
    "/alerts.json",
    "/shift.json",
    "/api/board",
    "/api/series",
    "/api/flags",
    "/chart.svg",
    "/ahead",
)
SAME_EVERYWHERE = ("/api/measures", "/api/openapi.json")


class Front:
    """What each path answers."""

    def __init__(self, urls: list[str], access: Access | None = None) -> None:
        self.access = access or Access()
        self.holders = Holders(urls, self.access.forwarded(Caller(Role.VIEW)))
        self.files = Files(self.access.warning)
        self.closing = False
        self.places = SharedStreams(self._places_of, holds=BEAT + EVERY)
        """What is to be shown of each force beside others, for all screens of several."""
        self._client: httpx2.AsyncClient

    def close(self) -> None:
        """Lets every stream end with its next word; may be called from any thread."""
        self.closing = self.places.closing = True

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[None]:
        """Asks the workers as long as the server runs."""
        # Who looks at one force has a connection of his own to a worker. No proxy stands between.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
        async with httpx2.AsyncClient(
            timeout=PATIENCE, limits=limits, trust_env=False, verify=ssl.create_default_context()
        ) as client:
            self._client = client
            asking = asyncio.create_task(self.holders.watch(client))
            try:
                yield
            finally:
                asking.cancel()
                with suppress(asyncio.CancelledError):
                    await asking
                await self.places.ended()

    def application(self) -> Starlette:
        """The application, for a server."""
        own = {
            "/forces.json": self.forces,
            "/healthz": self.healthz,
            "/readyz": self.readyz,
            "/about": self.about,
        }
        passed = dict.fromkeys(FIGURES, self.figures)
        same = dict.fromkeys(SAME_EVERYWHERE, self.of_any_worker)
        answers = {**own, **passed, **same, "/events": self.events}
        made = Starlette(
            routes=[
                Route("/explore", self.explore),
                *(Route(f"/{path}", partial(self.page, path)) for path in PAGES),
                *(Route(path, endpoint, methods=["GET"]) for path, endpoint in answers.items()),
                Route("/api/alerts/{alert:path}/{action}", self.act, methods=["POST"]),
                *RunbookPages(self.files).routes(),
                *self.files.routes(),
            ],
            exception_handlers={HTTPException: front_in_words, Exception: in_words},
            lifespan=self.lifespan,
        )
        guarded(made, self.access, self.files.assets)
        return made

    def force_of(self, named: str | None) -> str:
        """The force that is named, or the only one; raises an `HTTPException` in words."""
        known = self.holders.names
        if named in known:
            return named
        listed = ", ".join(known)
        if named and known and self.holders.heard_all:
            raise HTTPException(404, f'no force "{named}" is monitored here, only: {listed}')
        if named:
            raise _unserved(named)
        if not known:
            raise HTTPException(503, "no worker answers now; trying again", AGAIN)
        if len(known) > 1:
            raise HTTPException(400, f"which force? Name one of: {listed}")
        return next(iter(known))

    def holder(self, force: str) -> Worker:
        """The worker that serves it now; raises an `HTTPException` in words."""
        worker = self.holders.of(force)
        if worker is None:
            raise _unserved(self.holders.names.get(force, force))
        return worker

    async def page(self, path: str, request: Request) -> Response:
        """A page of the wallboard; where nobody serves what it would show, one that says so and
        looks again by itself; where it is asked for what there is not, the worker's that says
        so. Of several forces each shows by itself that nobody serves it."""
        query, names = request.query_params, self.holders.names
        found = no_force(path, query, names) if names and self.holders.heard_all else None
        if found is not None:
            return self.files.nothing(found)
        named = named_forces(query)
        if len(named) > 1:
            return self.files.page(path)
        try:
            self.holder(self.force_of(named[0] if named else None))
            if query and (await self._head(request)).status_code == 404:
                return await self.figures(request)
        except HTTPException as error:
            if error.status_code == 503:
                return self.nobody(error.detail)
            # Which force to look at the page asks itself.
        return self.files.page(path)

    def nobody(self, why: str) -> Response:
        """A page that says why there is nothing to show, and looks again by itself."""
        words = html.escape(why[:1].upper() + why[1:])
        text = self.files.filled(NOBODY_PAGE).replace("{words}", words)
        return HTMLResponse(text, 503, AGAIN)

    async def explore(self, request: Request) -> Response:
        """The worker's page; of several forces, where none is named, the choice."""
        known, query = self.holders.names, request.query_params
        if not query.get("force") and len(known) > 1:
            asked = Asked(measure=query.get("measure", ""))
            text = force_page(Frame(self.files.assets, warning=self.files.warning), asked, known)
            return HTMLResponse(text)
        try:
            return await self.figures(request)
        except HTTPException as error:
            if error.status_code != 503:
                raise
            return self.nobody(error.detail)

    async def figures(self, request: Request) -> Response:
        """What a worker answers about one force."""
        force, worker, address = self._asked(request)
        return await self._passed(force, worker, self._request("GET", address, request))

    async def _head(self, request: Request) -> Response:
        """How a worker answers about one force, without what it answers."""
        force, worker, address = self._asked(request)
        return await self._passed(force, worker, self._request("HEAD", address, request))

    def _request(
        self, method: str, address: str, request: Request, content: bytes | None = None
    ) -> httpx2.Request:
        """What a worker is asked, with who asks; of what a browser sends nothing else."""
        headers = self.access.forwarded(caller_of(request))
        if content is not None:
            headers["content-type"] = "application/json"
        return self._client.build_request(method, address, content=content, headers=headers)

    async def of_any_worker(self, request: Request) -> Response:
        """What every worker answers alike."""
        for force in self.holders.names:
            if (worker := self.holders.of(force)) is not None:
                address = f"{worker.url}{request.url.path}?{request.url.query}"
                return await self._passed(force, worker, self._request("GET", address, request))
        raise HTTPException(503, "no worker answers now; trying again", AGAIN)

    async def act(self, request: Request) -> Response:
        """What a person does about an alert, done by the worker that has it."""
        asked = await body_of(request)
        if (name := caller_of(request).name) is not None:
            asked.who = name  # also for a worker that was not told how people sign in
        alert, action = request.path_params["alert"], request.path_params["action"]
        force = self.force_of(alert.partition("/")[0])
        worker = self.holder(force)
        # Where it comes from was checked above; the worker is asked by the front alone.
        address = f"{worker.url}/api/alerts/{quote(alert, safe='')}/{quote(action, safe='')}"
        passed = self._request("POST", address, request, msgspec.json.encode(asked))
        return await self._passed(force, worker, passed)

    async def events(self, request: Request) -> Response:
        """A worker's stream, word by word, until either side leaves or another has the force; of
        several forces those of all their workers in one, which all screens share."""
        if len(request.query_params.getlist("force")) > 1:
            return self._events_of_several(request)
        force, worker, address = self._asked(request)
        answer = await self._answer(force, worker, self._request("GET", address, request))
        if answer.status_code != 200:
            return await _whole(answer)
        words = while_allowed(request, self._words(force, worker, answer))
        return _Stream(answer, words)

    def _events_of_several(self, request: Request) -> Response:
        query = request.query_params
        if query.get("screen") != "places" or "areas" in query:
            raise HTTPException(400, "of several forces there is a screen of places: screen=places")
        forces = [self.force_of(each) for each in dict.fromkeys(query.getlist("force"))]
        frames = while_allowed(request, self._beside(forces))
        return StreamingResponse(frames, headers=STREAM, media_type="text/event-stream")

    async def _beside(self, forces: list[str]) -> AsyncGenerator[bytes]:
        yield BEGINNING
        async with aclosing(merged([self.places.frames(each) for each in forces])) as frames:
            async for frame in frames:
                yield frame

    async def _places_of(self, force: str) -> AsyncGenerator[bytes]:
        """What is to be shown of a force beside others, until its worker's stream ends; nothing
        where no worker has it. It names nobody, so whoever may look may see it."""
        if (worker := self.holders.of(force)) is None:
            return
        address = f"{worker.url}/events?screen=places&force={quote(force)}"
        headers = self.access.forwarded(Caller(Role.VIEW))
        sent = self._client.build_request("GET", address, headers=headers)
        with suppress(HTTPException):
            answer = await self._answer(force, worker, sent)
            try:
                if answer.status_code == 200:
                    async with aclosing(self._words(force, worker, answer)) as words:
                        async for part in words:
                            yield part
            finally:
                await answer.aclose()

    async def _words(
        self, force: str, worker: Worker, answer: httpx2.Response
    ) -> AsyncGenerator[bytes]:
        # A stream that breaks off just ends: the page is stale by then, and asks again.
        with suppress(httpx2.HTTPError):
            async for part in answer.aiter_raw():
                yield part
                if self.closing or self.holders.of(force) not in (worker, None):
                    break

    def _asked(self, request: Request) -> tuple[str, Worker, str]:
        """The force, its worker, and the address there."""
        named, query = request.query_params.get("force"), request.url.query
        force = self.force_of(named)
        if not named:
            query = f"{query}&force={quote(force)}".lstrip("&")
        worker = self.holder(force)
        return force, worker, f"{worker.url}{request.url.path}?{query}"

    async def _answer(self, force: str, worker: Worker, sent: httpx2.Request) -> httpx2.Response:
        """The beginning of an answer; raises an `HTTPException` in words."""
        name = self.holders.names.get(force, force)
        try:
            return await self._client.send(sent, stream=True)
        except httpx2.ConnectError:
            self.holders.lost(worker)
            raise _unserved(name) from None
        except httpx2.HTTPError:
            raise _broken_off(name, sent) from None

    async def _passed(self, force: str, worker: Worker, sent: httpx2.Request) -> Response:
        answer = await self._answer(force, worker, sent)
        try:
            return await _whole(answer)
        except httpx2.HTTPError:
            raise _broken_off(self.holders.names.get(force, force), sent) from None

    async def board(self, force: str) -> Board:
        """The board of a force as its worker has it, asked for by the front itself; raises an
        `HTTPException` in words."""
        worker = self.holder(force)
        address = f"{worker.url}/board.json?force={quote(force)}"
        headers = self.access.forwarded(Caller(Role.VIEW))
        sent = self._client.build_request("GET", address, headers=headers)
        answer = await self._passed(force, worker, sent)
        if answer.status_code != 200:
            raise HTTPException(503, f"the worker of {force} gives no board", AGAIN)
        return decode_board(bytes(answer.body))

    async def forces(self, request: Request) -> Response:
        """Every force that a worker could show, and the release of the pages."""
        known = self.holders.names
        if not known:
            raise HTTPException(503, "no worker answers now; trying again", AGAIN)
        named = [{"id": force, "name": name} for force, name in known.items()]
        return as_json({"forces": named, "version": self.files.version})

    async def healthz(self, request: Request) -> Response:
        """The process is alive."""
        return as_json({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """Whether there is a worker whose figures may be relied on."""
        reasons = [
            ReasonShown("holders", *_held_twice(force, urls), "WatchroomTwoHolders", force)
            for force, urls in sorted(self.holders.shared().items())
        ]
        ready = self.holders.ready and not reasons
        if caller_of(request).role < Role.VIEW:
            return as_json({"ready": ready}, 200 if ready else 503)
        workers = {worker.shown: worker.state for worker in self.holders.workers}
        reasons += (each for worker in self.holders.workers for each in worker.reasons)
        content = {"ready": ready, "workers": workers, "reasons": reasons}
        return as_json(content, 200 if ready else 503)

    async def about(self, request: Request) -> Response:
        """Which worker serves what."""
        rows = [f"{worker.shown}: {worker.state}" for worker in self.holders.workers]
        for force, name in self.holders.names.items():
            worker = self.holders.of(force)
            rows.append(f"{name}: {worker.shown if worker else 'no worker serves it now'}")
        listed = "".join(f"<li>{html.escape(row)}</li>" for row in rows)
        content = f"<p>This passes on what the workers serve.</p>\n<ul>{listed}</ul>"
        text = self.files.filled(ABOUT).replace("{content}", content)
        return HTMLResponse(text)


class _Stream(StreamingResponse):
    """Passes a stream on, and leaves the worker however it ends."""

    def __init__(self, answer: httpx2.Response, words: AsyncGenerator[bytes]) -> None:
        super().__init__(words, headers=_headers(answer))
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._answer.aclose()


def _headers(answer: httpx2.Response) -> dict[str, str]:
    return {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}


async def _whole(answer: httpx2.Response) -> Response:
    try:
        return Response(await answer.aread(), answer.status_code, _headers(answer))
    finally:
        await answer.aclose()


def _held_twice(force: str, urls: list[str]) -> tuple[str, str]:
    """What is wrong where several workers serve a force, and what to do."""
    return (
        f"{len(urls)} workers serve {force} at the same time: {', '.join(urls)}",
        "Give them the same --group and each a --checkpoints folder of its own",
    )


def _unserved(name: str) -> HTTPException:
    return HTTPException(503, f"no worker serves {name} now; trying again", AGAIN)


def _broken_off(name: str, sent: httpx2.Request) -> HTTPException:
    if sent.method == "POST":
        words = (
            f"the worker of {name} did not answer: look whether it was done before you repeat it"
        )
        return HTTPException(503, words)
    return HTTPException(503, f"the worker of {name} does not answer; trying again", AGAIN)


def front_in_words(request: Request, error: Exception) -> Response:
    """An error as JSON that a person can read, and when to ask again."""
    answer = in_words(request, error)
    if isinstance(error, HTTPException) and error.headers:
        answer.headers.update(error.headers)
    return answer


def _in_the_clear(urls: list[str]) -> list[str]:
    """The workers on other machines that are asked without TLS."""
    parts = {url: urlsplit(url) for url in urls}
    return [
        masked(url)
        for url, each in parts.items()
        if each.scheme == "http" and each.hostname not in LOOPBACK
    ]


def serve_front(
    urls: list[str], host: str = "127.0.0.1", port: int = 0, access: Access | None = None
) -> Running:
    """Serves the front of the workers at these addresses to those who may reach it (`access`);
    raises `WatchroomError`, also where workers could not believe it who asks."""
    access = access or Access()
    access.admit(host)
    if access.settings is not None and access.settings.workers_token is None:
        raise ConfigError(
            "is missing: without it workers do not believe this front who has signed in",
            file=access.settings.file,
            field="workers_token_file",
            cure="Give this front and every worker the same one (docs/sign-in.md)",
        )
    if access.settings is not None and (plain := _in_the_clear(urls)):
        log.warning(IN_THE_CLEAR, ", ".join(plain))
    front = Front(urls, access)
    made = front.application()
    return Running(
        made, host, port, front.close, access, lifespan="on", timeout_graceful_shutdown=3
    )
