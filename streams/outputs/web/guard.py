"""What every request has to pass, and what every answer carries, whichever page it is of.

*Names.* A page of another site can have its own name lead to this machine (DNS rebinding), and
would then read what is meant for this network. So a request is answered only under a name that
nobody outside can own: an IP address, a name without a dot (`worker-1`), `localhost`, this
machine's own name, those that `WATCHROOM_HOSTS` lists, separated by commas, and that of the
`address` at which people sign in.

*Headers.* Nothing from elsewhere is loaded or run, nothing is guessed about content, no other site
may frame a page.

Source: OWASP, "HTTP Security Response Headers Cheat Sheet"; RFC 9110, 7.2.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable

import msgspec
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

VARIABLE = "WATCHROOM_HOSTS"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'"
)
"""Everything comes from this server, and nothing in a page's own text is run."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
"""What an answer carries that does not say otherwise itself."""


def allowed_names() -> frozenset[str]:
    """The names with a dot under which this process answers, in lower case."""
    listed = os.environ.get(VARIABLE, "").split(",")
    return frozenset(
        name.strip().lower().rstrip(".") for name in (*listed, socket.gethostname()) if name.strip()
    )


def host_of(header: str) -> str:
    """The name or address of a request's header `host` without its port, in lower case."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower().rstrip(".")


def may_name(host: str, names: Iterable[str]) -> bool:
    """Whether requests for this name or address are answered."""
    if "." not in host and ":" not in host:
        return bool(host)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.endswith(".localhost") or host in names
    return True


class Guard:
    """Wraps an application. `names`: further ones under which it answers; `more`: further headers
    of every answer."""

    def __init__(
        self,
        app: ASGIApp,
        names: Iterable[str] = (),
        more: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._app, self._names = app, allowed_names().union(names)
        self._headers = {**HEADERS, **dict(more)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or refuses it in words."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        host = host_of(named[0]) if len(named) == 1 else ""
        answer = self._app if may_name(host, self._names) else _refusal(host)
        await answer(scope, receive, dressed)


def _refusal(host: str) -> Response:
    words = (
        f'nothing is answered under the name "{host[:100]}". If it is this server\'s, start it '
        f"with {VARIABLE}={host[:100]}"
        if host
        else "the request does not say for which host it is"
    )
    return Response(
        msgspec.json.encode({"error": words}), 421 if host else 400, media_type="application/json"
    )
