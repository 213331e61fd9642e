"""The pages of sign-in.

| path | answer |
|---|---|
| `/sign-in?next=` | how to sign in; POST with a token signs in |
| `/sign-in/oidc`, `/sign-in/back` | to the OpenID provider, and back from it |
| POST `/sign-out` | ends the sign-in |
| `/me.json` | who asks, and what they may do |
"""

from __future__ import annotations

import html
import logging
from urllib.parse import parse_qs, urlencode

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from streams.outputs.sign_in.access import Access, asked
from streams.outputs.sign_in.least import caller_of
from streams.outputs.sign_in.oidc import BACK, NotSignedIn
from streams.outputs.sign_in.own_page import from_own_page, sent_from_own_page
from streams.outputs.sign_in.proxy import RequestRefused

log = logging.getLogger("watchroom.web")

# A form that is sent from a page without any referrer says that its origin is "null".
_HEADERS = {"cache-control": "no-store", "referrer-policy": "same-origin"}
_PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>Sign in – Watchroom</title>
<link rel="icon" href="{assets}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{assets}/wallboard.css">
</head>
<body class="below">
<main id="main">
<h1>Sign in to Watchroom</h1>
{content}
</main>
</body>
</html>
"""


class Me(msgspec.Struct):
    """What `/me.json` answers."""

    name: str | None
    """The name that is written into the log of an alert; null where nobody has signed in."""
    role: str
    sees_names: bool
    sign_in: bool
    """Whether people sign in here at all."""
    sign_out: bool
    """Whether this server can end the sign-in: that of a proxy ends there."""


def own_path(text: str) -> str:
    """Where to go after signing in: a path of this server, the wallboard where it is none."""
    plain = text.startswith("/") and text.isprintable()
    return text if plain and not text.startswith(("//", "/\\")) else "/"


class SignInPages:
    """What each path answers."""

    def __init__(self, access: Access, assets: str) -> None:
        self._access, self._assets = access, assets

    def routes(self) -> list[Route]:
        """All routes of these pages."""
        return [
            Route("/sign-in", self.page, methods=["GET"]),
            Route("/sign-in", self.by_token, methods=["POST"]),
            Route("/sign-in/oidc", self.leave, methods=["GET"]),
            Route(BACK, self.back, methods=["GET"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/me.json", self.me, methods=["GET"]),
        ]

    def me(self, request: Request) -> Response:
        """Who asks, and what they may do."""
        caller, access = caller_of(request), self._access
        cookie = asked(request.scope, access.cookies.name).cookie
        content = Me(
            caller.name,
            caller.role.said,
            caller.sees_names,
            access.settings is not None,
            caller.name is not None and access.cookies.read(cookie) is not None,
        )
        return Response(
            msgspec.json.encode(content),
            headers={"cache-control": "no-store"},
            media_type="application/json",
        )

    def page(self, request: Request) -> Response:
        """How to sign in."""
        words = "You have signed out." if "out" in request.query_params else ""
        return self._page(200, words, request.query_params.get("next", "/"))

    def refusal(self, request: Request, refused: RequestRefused) -> Response:
        """Why a request is not answered: for a browser that opens a page the page of sign-in, else
        as JSON."""
        headers = {"cache-control": "no-store"}
        if refused.status == 401:
            headers["www-authenticate"] = 'Bearer realm="Watchroom"'
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            answer = self._page(refused.status, _sentence(refused.words), there)
        else:
            content = msgspec.json.encode({"error": refused.words})
            answer = Response(content, refused.status, media_type="application/json")
        answer.headers.update(headers)
        return answer

    def _page(self, status: int, words: str, there: str) -> Response:
        access, there = self._access, own_path(there)
        parts = [f'<p class="lead" role="status">{html.escape(words)}</p>'] if words else []
        if access.oidc is not None:
            query = html.escape(urlencode({"next": there}))
            parts.append(
                f'<p><a class="onward" href="/sign-in/oidc?{query}">'
                "Sign in with your force's account</a></p>"
            )
        if access.tokens is not None:
            parts.append(
                '<form method="post" action="/sign-in">\n'
                f'<input type="hidden" name="next" value="{html.escape(there)}">\n'
                '<label>Your token <input type="password" name="token" required '
                'autocomplete="current-password"></label>\n'
                '<button type="submit" class="main">Sign in</button>\n</form>'
            )
        if access.oidc is None and access.tokens is None:
            parts.append(f"<p>{self._elsewhere()}</p>")
        text = _PAGE.replace("{assets}", self._assets).replace("{content}", "\n".join(parts))
        return HTMLResponse(text, status, _HEADERS)

    def _elsewhere(self) -> str:
        settings = self._access.settings
        if settings is None:
            return 'Nobody needs to sign in here: <a href="/">the wallboard</a>.'
        if settings.said.address is not None:
            address = html.escape(settings.said.address)
            return f'People sign in at <a href="{address}">{address}</a>.'
        return "People sign in at the proxy in front of Watchroom, not here."

    async def by_token(self, request: Request) -> Response:
        """Signs in who has a token."""
        form = await _form(request)
        there = own_path(form.get("next", "/"))
        address = request.client.host if request.client else ""
        try:
            caller = self._access.by_token(form.get("token", "").strip(), address)
        except RequestRefused as refused:
            return self._page(refused.status, _sentence(refused.words), there)
        answer = RedirectResponse(there, 303, {"cache-control": "no-store"})
        self._access.cookies.sign_in(answer, caller)
        log.info("%s has signed in from %s", caller.subject, address)
        return answer

    async def leave(self, request: Request) -> Response:
        """Sends somebody to the provider."""
        oidc, cookies = self._access.oidc, self._access.cookies
        if oidc is None:
            raise HTTPException(404, "people do not sign in by OpenID Connect here")
        flow: dict[str, object] = {}
        there = own_path(request.query_params.get("next", "/"))
        try:
            answer = await oidc.leave(request, flow)
            cookies.keep_flow(answer, {**flow, "next": there})
        except NotSignedIn as error:
            return self._not_signed_in(error, there)
        except ValueError:  # the address to come back to is too long to be kept
            cookies.keep_flow(answer, flow)
        answer.headers["cache-control"] = "no-store"
        return answer

    async def back(self, request: Request) -> Response:
        """Takes somebody back from the provider."""
        oidc, cookies = self._access.oidc, self._access.cookies
        if oidc is None:
            raise HTTPException(404, "people do not sign in by OpenID Connect here")
        flow = cookies.flow(asked(request.scope, cookies.flow_name).cookie)
        there = own_path(str(flow.pop("next", "/")))
        try:
            caller = await oidc.back(request, flow)
            answer: Response = RedirectResponse(there, 303, {"cache-control": "no-store"})
            cookies.sign_in(answer, caller)
            log.info("%s has signed in as %s", caller.subject, caller.name)
        except NotSignedIn as error:
            answer = self._not_signed_in(error, there)
        except ValueError as error:
            answer = self._not_signed_in(NotSignedIn(str(error)), there)
        cookies.end_flow(answer)
        return answer

    def _not_signed_in(self, error: NotSignedIn, there: str) -> Response:
        log.warning("a sign-in failed: %s", error)
        return self._page(403, f"You have not signed in: {error}. Try again.", there)

    def sign_out(self, request: Request) -> Response:
        """Ends the sign-in."""
        from_own_page(request)
        cookies = self._access.cookies
        answer = RedirectResponse("/sign-in?out", 303, {"cache-control": "no-store"})
        cookies.sign_out(answer, asked(request.scope, cookies.name).cookie)
        return answer


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form as a browser sends it; raises an `HTTPException` in words."""
    words = "send a form, as the page of sign-in does"
    raw = await sent_from_own_page(request, "application/x-www-form-urlencoded", words)
    try:
        fields = parse_qs(raw.decode(), max_num_fields=10)
    except ValueError as error:
        raise HTTPException(400, f"this can't be read: {error}") from None
    return {name: values[0] for name, values in fields.items()}
