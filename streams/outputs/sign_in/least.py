"""What each path needs: the one table of the least role for every route.

A route that is not in it stops the server from starting, so none is open by being forgotten.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.outputs.sign_in.proxy import RequestRefused
from streams.outputs.sign_in.roles import NOT_SIGNED_IN, Caller, Role

LEAST: dict[str, Role] = {
    # Alive and ready: for what starts processes again. Who may not view is told no details.
    "/healthz": Role.NONE,
    "/readyz": Role.NONE,
    # What pages are drawn with; the same in every installation.
    "/assets": Role.NONE,
    "/sign-in": Role.NONE,
    "/sign-in/oidc": Role.NONE,
    "/sign-in/back": Role.NONE,
    "/sign-out": Role.NONE,
    "/me.json": Role.NONE,
    "/": Role.VIEW,
    "/chart": Role.VIEW,
    "/alert": Role.VIEW,
    "/handover": Role.VIEW,
    "/about": Role.VIEW,
    "/ahead": Role.VIEW,
    "/explore": Role.VIEW,
    "/runbooks": Role.VIEW,
    "/runbooks/": Role.VIEW,
    "/runbooks/{name}": Role.VIEW,
    "/chart.svg": Role.VIEW,
    "/events": Role.VIEW,
    "/forces.json": Role.VIEW,
    "/board.json": Role.VIEW,
    "/series.json": Role.VIEW,
    "/trends.json": Role.VIEW,
    "/drawing.json": Role.VIEW,
    "/alerts.json": Role.VIEW,
    "/shift.json": Role.VIEW,
    "/api/measures": Role.VIEW,
    "/api/board": Role.VIEW,
    "/api/series": Role.VIEW,
    "/api/flags": Role.VIEW,
    "/api/openapi.json": Role.VIEW,
    "/api/alerts/{alert:path}/{action}": Role.ACT,
    # Or its own token.
    "/metrics": Role.ADMINISTER,
}
METRICS = "/metrics"

CALLER = "watchroom.caller"
"""Where in a request's scope who asks is kept: a `Caller`, or why it is refused."""
Refusal = Callable[[Request, RequestRefused], Response]


class Undeclared(Exception):
    """A route is not in the table."""


def least(route: BaseRoute) -> Role:
    """The least role of a route; raises `Undeclared`. Of two routes with one path, the one that is
    no GET stands in the table with its method: `POST /events`."""
    path = route.path if isinstance(route, Route | Mount) else str(route)
    if path.startswith("/assets/"):
        path = "/assets"
    methods = (isinstance(route, Route) and route.methods) or ()
    named = [f"{method} {path}" for method in sorted(methods)]
    found = next((each for each in (*named, path) if each in LEAST), None)
    if found is None:
        raise Undeclared(f"{path} is not in the table of the least roles (sign_in/least.py)")
    return LEAST[found]


def caller_of(request: Request) -> Caller:
    """Who asks; nobody where that is not known."""
    found = request.scope.get(CALLER)
    return found if isinstance(found, Caller) else NOT_SIGNED_IN


class Least:
    """Answers a route to those who have its least role."""

    def __init__(self, route: Route | Mount, refusal: Refusal) -> None:
        self._app: ASGIApp = route.app
        self._least, self._refusal = least(route), refusal
        self._scraped = route.path == METRICS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or says why not."""
        refused = self._refused(scope.get(CALLER))
        answer = self._app if refused is None else self._refusal(Request(scope), refused)
        await answer(scope, receive, send)

    def _refused(self, caller: Caller | RequestRefused | None) -> RequestRefused | None:
        if self._least is Role.NONE:
            return None
        if not isinstance(caller, Caller):
            return caller or RequestRefused(500, "it is not known who asks")
        if caller.role >= self._least or (self._scraped and caller.scrapes):
            return None
        if self._scraped and caller.name is None:
            return RequestRefused(401, "/metrics needs its token, or somebody who may administer")
        if caller.name is None:
            return RequestRefused(401, "sign in first")
        return RequestRefused(403, f"{_may(caller.role)}; this needs the role {self._least.said}")


def _may(role: Role) -> str:
    return f"you have the role {role.said}" if role else "you have signed in, but have no role here"


def protect(routes: list[BaseRoute], refusal: Refusal) -> None:
    """Has every route ask for its least role; raises `Undeclared`."""
    for route in routes:
        if not isinstance(route, Route | Mount):
            raise Undeclared(f"{route} is no route that can be protected")
        route.app = Least(route, refusal)
