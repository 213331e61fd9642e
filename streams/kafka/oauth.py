"""Tokens for SASL OAUTHBEARER: asked for with a client's id and secret, and kept while they last.

The client credentials grant of OAuth 2.0 (RFC 6749, section 4.4): the id and the secret go to the
token endpoint as HTTP Basic, the token comes back with how long it is good for. All clients of a
process share one token. It is renewed at four fifths of its life, so a connection that is made
never has one that is about to end; where the endpoint does not answer then, the old one is used
for as long as it is good.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec
from aiokafka.abc import AbstractTokenProvider as AiokafkaProvider
from aiokafka.errors import KafkaConnectionError
from kafka.net.sasl.oauth import AbstractTokenProvider as KafkaPythonProvider

from streams.errors import KafkaError

PATIENCE = 10.0
"""Seconds that an answer of the endpoint is waited for."""
RENEWED = 0.8
"""The share of a token's life after which a new one is asked for."""
UNSAID = 300.0
"""Seconds for which a token is taken to be good whose life the endpoint does not tell."""
LARGEST_ANSWER = 1 << 20


class NoToken(KafkaError, KafkaConnectionError):  # type: ignore[misc]  # it ships no types
    """No token could be had for a connection. aiokafka tries it again as it does with any other
    that failed; a task of its own that meets an error which it does not know ends for good."""

    __str__ = Exception.__str__  # aiokafka's puts the name of the class before it


@dataclass(frozen=True)
class TokenEndpoint:
    """Where tokens are asked for, and as whom; `ca` is the file of trusted authorities."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None
    extensions: tuple[tuple[str, str], ...] = ()
    ca: str | None = None


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: float | str | None = None
    """In seconds; some endpoints write it as text."""


class _Refusal(msgspec.Struct):
    error: str = ""


@dataclass(frozen=True)
class Token:
    """A token, and how many seconds it is good for."""

    text: str = field(repr=False)
    seconds: float


def fetched(endpoint: TokenEndpoint) -> Token:
    """A new token; raises `KafkaError`, which holds no secret."""
    form = {"grant_type": "client_credentials"}
    if endpoint.scope:
        form["scope"] = endpoint.scope
    known = f"{quote_plus(endpoint.client_id)}:{quote_plus(endpoint.client_secret)}"
    request = urllib.request.Request(  # noqa: S310 - http and https alone, checked as it was read
        endpoint.url,
        urlencode(form).encode(),
        {
            "Authorization": f"Basic {base64.b64encode(known.encode()).decode()}",
            "Accept": "application/json",
        },
    )
    context = ssl.create_default_context(cafile=endpoint.ca)
    ways = [urllib.request.HTTPSHandler(context=context), _StayHere()]
    if is_here(urlsplit(endpoint.url).hostname or ""):  # what is sent to it must not leave
        ways.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*ways)
    try:
        with opener.open(request, timeout=PATIENCE) as response:
            text = response.read(LARGEST_ANSWER)
    except urllib.error.HTTPError as error:
        raise _refused(endpoint, error) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise KafkaError(
            f"the token endpoint {_shown(endpoint)} does not answer ({why}). Check "
            "sasl.oauthbearer.token.endpoint.url; an authority of your own is named by "
            "https.ca.location"
        ) from None
    try:
        answer = msgspec.json.decode(text, type=_Answer)
        seconds = float(answer.expires_in or UNSAID)
    except (msgspec.MsgspecError, ValueError):
        raise KafkaError(
            f"the token endpoint {_shown(endpoint)} gave no access_token. Check "
            "sasl.oauthbearer.token.endpoint.url"
        ) from None
    return Token(answer.access_token, seconds)


def _refused(endpoint: TokenEndpoint, error: urllib.error.HTTPError) -> KafkaError:
    try:
        said = msgspec.json.decode(error.read(LARGEST_ANSWER), type=_Refusal).error
    except (msgspec.MsgspecError, OSError):
        said = ""
    words = f"{error.code} {said}" if said.isascii() and said.isidentifier() else str(error.code)
    refused = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    cure = (
        "Check sasl.oauthbearer.client.id, sasl.oauthbearer.client.secret and "
        "sasl.oauthbearer.scope"
        if error.code in refused
        else "Check sasl.oauthbearer.token.endpoint.url, and the server behind it"
    )
    return KafkaError(
        f"the token endpoint {_shown(endpoint)} gives no token to {endpoint.client_id} ({words}). "
        f"{cure}"
    )


def _shown(endpoint: TokenEndpoint) -> str:
    parts = urlsplit(endpoint.url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the secret is for this address alone."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follows none."""


class Tokens:
    """The token of an endpoint, renewed in time. Any thread may ask."""

    def __init__(
        self,
        ask: Callable[[], Token],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._clock = ask, clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._got = 0.0

    def token(self) -> str:
        """A token that is good; raises `KafkaError`."""
        with self._lock:
            age = self._clock() - self._got
            if self._token is None or age >= self._token.seconds * RENEWED:
                try:
                    asked_at = self._clock()
                    self._token, self._got = self._ask(), asked_at
                except KafkaError:
                    if self._token is None or age >= self._token.seconds:
                        raise
            return self._token.text


@cache
def tokens_of(endpoint: TokenEndpoint) -> Tokens:
    """The token that all clients of an endpoint share."""
    return Tokens(lambda: fetched(endpoint))


class KafkaPythonTokens(KafkaPythonProvider):  # type: ignore[misc]  # it ships no types
    """What kafka-python asks for a token."""

    def __init__(self, endpoint: TokenEndpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    def token(self) -> str:
        """A token that is good; raises `KafkaError`."""
        return tokens_of(self._endpoint).token()

    def extensions(self) -> dict[str, str]:
        """What goes to the brokers beside it."""
        return dict(self._endpoint.extensions)


class AiokafkaTokens(AiokafkaProvider):  # type: ignore[misc]  # it ships no types
    """What aiokafka asks for a token, and so Faust."""

    def __init__(self, endpoint: TokenEndpoint) -> None:
        self._endpoint = endpoint

    async def token(self) -> str:
        """A token that is good; raises `NoToken`."""
        try:
            return await asyncio.to_thread(tokens_of(self._endpoint).token)
        except KafkaError as error:
            raise NoToken(str(error)) from None

    def extensions(self) -> dict[str, str]:
        """What goes to the brokers beside it."""
        return dict(self._endpoint.extensions)


def is_here(host: str) -> bool:
    """Whether what is sent to a host stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
