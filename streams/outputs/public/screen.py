"""The server of the public screen: `watchroom wallboard --public`.

| path | answer |
|---|---|
| `/?force=` | the screen |
| `/figures.json`, `/figures.csv` | its figures |
| `/healthz`, `/readyz` | 200 while alive; 200 when a worker is ready |

It asks the workers for boards, and nothing of a board but these figures leaves it: no path of the
wallboard is served here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine, Iterable
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from streams.errors import ConfigError
from streams.outputs.front.server import Front, front_in_words
from streams.outputs.public.figures import (
    PUBLIC_WINDOWS,
    PublicFigures,
    PublicTable,
    as_csv,
    minute,
    public_figures,
    shown,
)
from streams.outputs.sign_in.access import Access
from streams.outputs.web.answers import as_json
from streams.outputs.web.guard import Guard
from streams.outputs.web.markup import Markup, table, tag, text
from streams.outputs.web.plain_pages import PUBLIC
from streams.outputs.web.running import Running

KEPT = 30.0
"""Seconds for which figures are kept: an hour of clicks costs the workers 120 boards."""

KEPT_FAILURE = 2.0
"""Seconds for which it is kept that there are none: after these a page that says so asks again."""


class _Answer:
    """The figures of one force as they are asked for, once for all who want them meanwhile, and
    kept afterwards."""

    def __init__(self, asking: Coroutine[object, object, PublicFigures]) -> None:
        self.task = asyncio.create_task(asking)
        self._ended = float("inf")
        self.task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[PublicFigures]) -> None:
        self._ended = time.monotonic()

    @property
    def expired(self) -> bool:
        """Whether it is to be asked for anew."""
        if not self.task.done():
            return False
        failed = self.task.cancelled() or self.task.exception() is not None
        return time.monotonic() - self._ended > (KEPT_FAILURE if failed else KEPT)


class PublicScreen:
    """What each path answers."""

    def __init__(self, front: Front, below: int) -> None:
        self.front, self.below = front, below
        self._answers: dict[str, _Answer] = {}
        """By force: none waits for another."""

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[None]:
        """Asks the workers as long as the server runs."""
        async with self.front.lifespan(app):
            try:
                yield
            finally:
                tasks = [each.task for each in self._answers.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def application(self) -> Starlette:
        """The application, for a server."""
        answers = {
            "/": self.page,
            "/figures.json": self.as_json,
            "/figures.csv": self.as_csv,
            "/healthz": self.healthz,
            "/readyz": self.readyz,
        }
        made = Starlette(
            routes=[
                *(Route(path, endpoint, methods=["GET"]) for path, endpoint in answers.items()),
                *self.front.files.routes(),
            ],
            exception_handlers={HTTPException: _in_words, Exception: _in_words},
            lifespan=self.lifespan,
        )
        made.router.redirect_slashes = False
        made.add_middleware(Guard)
        return made

    async def figures(self, request: Request) -> PublicFigures:
        """The figures of the force that is asked for; raises an `HTTPException` in words."""
        force = self.front.force_of(request.query_params.get("force"))
        answer = self._answers.get(force)
        if answer is None or answer.expired:
            answer = self._answers[force] = _Answer(self._ask(force))
        # Who leaves does not end it for the others.
        return await asyncio.shield(answer.task)

    async def _ask(self, force: str) -> PublicFigures:
        return public_figures(await self.front.board(force), self.below)

    async def page(self, request: Request) -> Response:
        """The screen; where it can't be shown, a page that says why, and what there is."""
        try:
            figures = await self.figures(request)
        except HTTPException as error:
            if error.status_code == 503:
                return self.front.nobody(error.detail)
            return self._choice(request.query_params.get("force"), error.status_code)
        parts = [
            *(tag("p", tag("strong", each)) for each in figures.notices),
            tag("h1", figures.force),
            (
                tag("section", tag("h2", words), tables)
                for window, words in PUBLIC_WINDOWS.items()
                if (tables := _tables(figures, window))
            ),
            tag(
                "p",
                f"{_as_of(figures)} Counts above 0 and below "
                f"{figures.below} are not shown, nor what would give them away.",
            ),
        ]
        return self._filled(parts)

    def _choice(self, named: str | None, status: int) -> Response:
        """The forces that there are, where none is named or one that there is not."""
        words = f'There is no force "{named}" here.' if named else "Which force?"
        choices = [
            tag("li", tag("a", name, href=f"/?{urlencode({'force': force})}"))
            for force, name in self.front.holders.names.items()
        ]
        parts = [tag("h1", words), tag("p", "There are:"), tag("ul", choices, class_="list")]
        return self._filled(parts, status)

    def _filled(self, parts: Iterable[object], status: int = 200) -> Response:
        content = text(parts)
        return HTMLResponse(self.front.files.filled(PUBLIC).replace("{content}", content), status)

    async def as_json(self, request: Request) -> Response:
        """The figures as JSON."""
        return as_json(await self.figures(request))

    async def as_csv(self, request: Request) -> Response:
        """The figures as CSV."""
        return Response(as_csv(await self.figures(request)), media_type="text/csv")

    async def healthz(self, request: Request) -> Response:
        """The process is alive."""
        return as_json({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """Whether a worker is ready."""
        ready = self.front.holders.ready
        return as_json({"ready": ready}, 200 if ready else 503)


def _in_words(request: Request, error: Exception) -> Response:
    """An error as JSON that a person can read. It names no page that is not served here."""
    if isinstance(error, HTTPException) and error.detail == "Not Found":  # the framework's own
        error = HTTPException(404, f"there is nothing at {request.url.path}; the screen is at /")
    return front_in_words(request, error)


def _as_of(figures: PublicFigures) -> str:
    """Of when the figures are: those that end before now say so themselves."""
    at = figures.at[:16].replace("T", " ")
    if any(each.to for each in figures.tables):
        return f"Looked up at {at}; figures are to the time that is named above."
    return f"As of {at}."


def _tables(figures: PublicFigures, window: str) -> list[Markup]:
    return [_table(each, figures) for each in figures.tables if each.window == window]


def _table(found: PublicTable, figures: PublicFigures) -> Markup:
    below, shares = figures.below, found.by == "line"
    title = found.title
    if found.to and found.reached:
        title += f" to {minute(found.to, figures.at)}"
    headings = [found.by.capitalize(), title, *(["Answered in time"] * shares)]
    rows = []
    for row in found.rows:
        share = "not shown" if row.share is None else f"{row.share} %"
        if row.hidden == "not_yet":
            share = shown(row, below)
        rows.append([row.name, shown(row, below), *([share] * shares)])
    caption = f"{found.title} by {found.by}, {PUBLIC_WINDOWS[found.window].lower()}"
    return table(caption, headings, rows)


def serve_public(
    urls: list[str],
    below: int,
    host: str = "127.0.0.1",
    port: int = 0,
    access: Access | None = None,
) -> Running:
    """Serves the public screen of the workers at these addresses; raises `WatchroomError`. Nobody
    signs in to it; `access` has its TLS, and the token by which workers know it."""
    if below < 3:
        raise ConfigError(f"a limit of {below} hides nothing", cure="Write 3 or more; 5 is usual")
    access = access or Access()
    screen = PublicScreen(Front(urls, access), below)
    made = screen.application()
    return Running(
        made, host, port, screen.front.close, access, lifespan="on", timeout_graceful_shutdown=3
    )
