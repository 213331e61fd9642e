"""Who may reach a server: finds out for each request who asks, and refuses to start where nobody
would be asked at all.

Without any settings a server on loopback is open to this machine, as it has always been. On another
address it does not start, unless it was told that this is meant (`--insecure`).
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import math
import socket
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.errors import ConfigError, WatchroomError
from streams.outputs.sign_in.cookie import MOST_BYTES, Cookies
from streams.outputs.sign_in.least import CALLER
from streams.outputs.sign_in.limits import FailedSignIns
from streams.outputs.sign_in.oidc import OidcSignIn
from streams.outputs.sign_in.proxy import ProxySignIn, RequestRefused
from streams.outputs.sign_in.roles import NAMED, NOT_SIGNED_IN, Caller, Role
from streams.outputs.sign_in.settings import SignInSettings
from streams.outputs.sign_in.tls import Tls
from streams.outputs.sign_in.tokens import Token, TokenFile

log = logging.getLogger("watchroom.web")

NAME, SUBJECT, ROLE, NAMES = (
    f"x-watchroom-{each}" for each in ("name", "subject", "role", "names")
)
"""What the front tells a worker of who asks. Believed with the token that they share; `names:
hidden` always, since it only takes away."""
HIDDEN = "hidden"
WARNING = "Anyone who reaches this address may see and act: sign-in is off (--insecure)."
STILL = "watchroom.still"
"""Where in a request's scope it can be asked whether who sent it may still be answered."""
STILL_EVERY = 10.0
"""Seconds between two looks, of a stream, at whether the sign-in still holds."""
WARNED_EVERY = 3_600.0
"""Seconds between two lines of the log about it."""
PLAIN = (
    "people sign in over plain HTTP: whoever listens on the network can act in their name. Name "
    "--tls-certificate and --tls-key, or as address the https:// one of a proxy in front"
)
CURES = (
    "Choose one: listen on 127.0.0.1 (and let a proxy on this machine in front); set up sign-in "
    "(--sign-in FILE, or WATCHROOM_SIGN_IN; docs/sign-in.md); or say that it is meant to be open: "
    "--insecure, or WATCHROOM_INSECURE=1"
)


@dataclass
class Asked:
    """What of a request says who sends it."""

    address: str
    authorization: str
    cookie: str
    forwarded: dict[str, str]
    """The headers of a front."""
    headers: list[tuple[bytes, bytes]]


class Access:
    """Who may reach a server. `settings`: of sign-in, None where there is none."""

    def __init__(
        self,
        settings: SignInSettings | None = None,
        *,
        insecure: bool = False,
        tls: Tls | None = None,
    ) -> None:
        self.settings, self.tls, self.insecure = settings, tls, insecure
        self.on_loopback = True
        said = settings.said if settings else None
        address = (said and said.address) or ""
        secure = address.startswith("https:") or tls is not None
        secret = settings.cookie_secret if settings else None
        signed_out = settings.signed_out if settings else None
        hours = said.hours if said else 12
        self.cookies = Cookies(secret, hours, secure=secure, signed_out=signed_out)
        self.failed = FailedSignIns()
        self.tokens = TokenFile(settings.tokens) if settings and settings.tokens else None
        self.oidc = OidcSignIn(settings) if settings and said and said.oidc else None
        self._proxy = (
            ProxySignIn(said.proxy, settings.networks, said.roles)
            if settings and said and said.proxy
            else None
        )

    def admit(self, host: str) -> None:
        """Takes the address that is listened on; raises `WatchroomError` where nobody would be
        asked who they are, and nobody has said that this is meant."""
        self.on_loopback = is_loopback(host)
        if self.settings is None and not self.on_loopback and not self.insecure:
            raise WatchroomError(
                f"anyone who reaches {host} could see all figures and act on alerts, so this does "
                f"not start. {CURES}"
            )
        if self.tokens is not None:
            self.tokens.all()  # what is wrong with the file is told now
        by_cookie = self.tokens is not None or self.oidc is not None
        if by_cookie and not self.on_loopback and not self.cookies.secure:
            log.warning("%s", PLAIN)

    @property
    def names(self) -> frozenset[str]:
        """The name in the address at which people open it, which is this server's."""
        address = (self.settings and self.settings.said.address) or ""
        host = urlsplit(address).hostname
        return frozenset({host}) if host else frozenset()

    @property
    def warning(self) -> str:
        """What a server that is open says of itself, always; nothing where it is not."""
        return WARNING if self.settings is None and not self.on_loopback else ""

    def caller(self, asked: Asked) -> Caller:
        """Who asks; raises `RequestRefused`."""
        scheme, _, given = asked.authorization.partition(" ")
        token = given.strip() if scheme.lower() == "bearer" else ""
        settings = self.settings
        if settings is not None:
            if token and _same(token, settings.workers_token):
                return _forwarded(asked.forwarded)
            if token and _same(token, settings.metrics_token):
                return Caller(scrapes=True)
        elif self.on_loopback or self.insecure:
            shown = self.on_loopback and asked.forwarded.get(NAMES) != HIDDEN
            return Caller(Role.ADMINISTER, sees_names=shown)
        found = NOT_SIGNED_IN
        if self._proxy is not None:
            found = self._proxy.caller(asked.address, asked.headers)
        if found.name is None and token and self.tokens is not None:
            found = self.by_token(token, asked.address)
        if found.name is None and asked.cookie:
            found = self._by_cookie(asked.cookie) or NOT_SIGNED_IN
        if not found.role and settings is not None and settings.said.anyone == "view":
            return replace(found, role=Role.VIEW, sees_names=False)
        return found

    def by_token(self, token: str, address: str) -> Caller:
        """The person of a token; raises `RequestRefused`."""
        if self.tokens is None:
            raise RequestRefused(401, "tokens are not used here")
        tokens = self.tokens
        found = _looked_up(lambda: tokens.holder(token))
        if found is None:
            # Who has a token that holds is let in: behind a proxy all have its address.
            if wait := self.failed.wait(address):
                raise RequestRefused(429, f"too many sign-ins failed: try again in {wait} s")
            self.failed.add(address)
            log.warning("a sign-in from %s failed: no such token, or it is over", address)
            raise RequestRefused(401, "there is no such token, or it is over")
        return _holder(found)

    def _by_cookie(self, cookie: str) -> Caller | None:
        found = self.cookies.read(cookie)
        if found is None:
            return None
        way, _, name = found.subject.partition(":")
        if way != "token":  # nothing is believed that no longer signs people in here
            return found if self.oidc is not None else None
        tokens = self.tokens
        if tokens is None:
            return None
        held = _looked_up(lambda: tokens.named(name))
        # A token that was removed ends its sign-ins, also where a new one has its name.
        if held is None or held.sha256 != found.token:
            return None
        return _holder(held, until=min(found.until, held.until))

    def forwarded(self, caller: Caller) -> dict[str, str]:
        """What a front tells a worker of who asks, with the token that they share."""
        shown = "shown" if caller.sees_names else HIDDEN
        if self.settings is None or self.settings.workers_token is None:
            return {NAMES: shown}
        sent = {NAMES: shown, ROLE: caller.role.said}
        if caller.name is not None:
            sent |= {NAME: quote(caller.name), SUBJECT: quote(caller.subject)}
        return sent | {"authorization": f"Bearer {self.settings.workers_token}"}


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address; raises `WatchroomError` where it is none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise WatchroomError(f'"{host}" is no address of this machine: {error.strerror}') from None
    return all(
        ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found
    )


def _same(given: str, secret: str | None) -> bool:
    return secret is not None and hmac.compare_digest(given.encode(), secret.encode())


def _forwarded(by_front: dict[str, str]) -> Caller:
    """Who asks, as a front says it; the front itself where it says nothing."""
    role = NAMED.get(by_front[ROLE], Role.NONE) if ROLE in by_front else Role.VIEW
    name = unquote(by_front[NAME]) if by_front.get(NAME) else None
    subject = unquote(by_front.get(SUBJECT, ""))
    return Caller(role, name, subject, sees_names=by_front.get(NAMES) == "shown")


def _looked_up(find: Callable[[], Token | None]) -> Token | None:
    try:
        return find()
    except ConfigError as error:
        log.error("%s", error)
        raise RequestRefused(503, "the tokens can't be read; the log says why") from None


def _holder(token: Token, until: float = math.inf) -> Caller:
    until = min(until, token.until)
    return Caller(
        token.as_role,
        token.name,
        f"token:{token.name}",
        sees_names=True,
        until=until,
        token=token.sha256,
    )


class WhoAsks:
    """Wraps an application: finds out for each request who sends it, for its routes."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on with its `Caller`, or with why there is none."""
        if scope["type"] == "http":
            found = asked(scope, self._access.cookies.name)
            try:
                scope[CALLER] = self._access.caller(found)
            except RequestRefused as refused:
                scope[CALLER] = refused
            scope[STILL] = partial(self._still, scope[CALLER], found)
        await self._app(scope, receive, send)

    def _still(self, before: Caller | RequestRefused, found: Asked) -> bool:
        """Whether who asked may still be answered as then."""
        try:
            return self._access.caller(found) == before
        except RequestRefused:
            return False


async def while_allowed(request: Request, frames: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """A stream, until the sign-in of who reads it ends."""
    still = request.scope.get(STILL, lambda: True)
    looked = time.monotonic()
    async with aclosing(frames):
        async for frame in frames:
            if time.monotonic() - looked >= STILL_EVERY:
                looked = time.monotonic()
                if not still():
                    break
            yield frame


def asked(scope: Scope, cookie: str) -> Asked:
    """What of a request says who sends it. A header that is sent twice is not believed."""
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    single = {name: values[0] for name, values in found.items() if len(values) == 1}
    client = scope.get("client")
    return Asked(
        address=client[0] if client else "",
        authorization=single.get("authorization", ""),
        cookie=cookie_of("; ".join(found.get("cookie", ())), cookie),
        forwarded={name: single[name] for name in (NAME, SUBJECT, ROLE, NAMES) if name in single},
        headers=scope["headers"],
    )


def cookie_of(header: str, name: str) -> str:
    """The value of a cookie in a header; empty where it is not there, or too large to be ours."""
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value if len(value) <= MOST_BYTES else ""
    return ""
