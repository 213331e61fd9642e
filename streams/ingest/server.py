"""The server that takes events: `POST /events`, with a token for each force.

| path | answer |
|---|---|
| POST `/events` | what became of each line (`streams.ingest.model.RequestAnswer`) |
| `/healthz` | 200 while the process is alive |
| `/readyz` | 503 with the reason for 30 s after events could not be stored; else 200 |
| `/api/openapi.json` | the description of all this |

It shows no figure and answers nothing else, so it may stand where the systems are that send, apart
from the wallboard.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from streams.errors import ConfigError, Refused, WatchroomError
from streams.events.lenient import read
from streams.ingest.content import Most, NotTaken, numbered, unpacked
from streams.ingest.model import LineRefusal, RequestAnswer, RequestLine, Sent, Store, answer
from streams.ingest.rates import TokenBuckets
from streams.outputs.api.openapi import ingest_document
from streams.outputs.sign_in.access import Access, is_loopback
from streams.outputs.sign_in.limits import FailedSignIns
from streams.outputs.sign_in.tokens import Token, TokenFile
from streams.outputs.web.answers import as_json, in_words
from streams.outputs.web.guard import Guard
from streams.outputs.web.running import Running
from streams.registry.registry import REGISTRY

log = logging.getLogger("watchroom.ingest")

SENT_WITHIN = 60.0
"""Seconds in which all of a body must have come."""
KEPT_OF_TOO_LARGE = 4 << 10
"""Bytes of a line that is too long which its dead letter has: enough to see what it is."""
AT_ONCE = 4
"""Requests that are read and stored at a time: each may hold 40 MiB."""
AT_ONCE_OF_A_TOKEN = 2
"""Of one token, so that none that sends slowly keeps all others waiting."""


class Ingest:
    """What each path answers."""

    def __init__(self, store: Store, tokens: Path, most: Most) -> None:
        self.store, self.tokens, self.most = store, TokenFile(tokens), most
        self._failed = FailedSignIns()
        self._requests, self._lines = (
            TokenBuckets(most.requests_a_minute),
            TokenBuckets(most.lines_a_minute),
        )
        self._bytes = TokenBuckets(most.bytes_a_minute)
        self._held: Counter[str] = Counter()

    def application(self) -> Starlette:
        """The application, for a server or for a test."""
        made = Starlette(
            routes=[
                Route("/events", self.events, methods=["POST"]),
                Route("/healthz", self.healthz, methods=["GET"]),
                Route("/readyz", self.readyz, methods=["GET"]),
                Route("/api/openapi.json", self.openapi, methods=["GET"]),
            ],
            exception_handlers={
                NotTaken: _not_taken,
                HTTPException: in_words,
                Exception: in_words,
            },
        )
        made.router.redirect_slashes = False
        made.add_middleware(Guard)
        return made

    def healthz(self, request: Request) -> Response:
        """The process is alive."""
        return as_json({"status": "alive"})

    def readyz(self, request: Request) -> Response:
        """Whether events can be stored."""
        trouble = self.store.trouble
        said = {"ready": not trouble, **({"detail": trouble} if trouble else {})}
        return as_json(said, 503 if trouble else 200)

    def openapi(self, request: Request) -> Response:
        """The description of the paths."""
        return as_json(ingest_document(RequestAnswer))

    async def events(self, request: Request) -> Response:
        """Takes the events of a request."""
        token = self._sender(request)
        if wait := self._requests.wait(token.name, 1):
            raise NotTaken(
                429, f"more than {self.most.requests_a_minute:,} requests a minute", wait
            )
        if self._held[token.name] >= AT_ONCE_OF_A_TOKEN:
            raise NotTaken(
                429, f"{AT_ONCE_OF_A_TOKEN} requests of this token are being stored: try again", 1
            )
        if self._held.total() >= AT_ONCE:
            raise NotTaken(429, "other requests are being stored: try again", 1)
        self._held[token.name] += 1
        try:
            content = await self._content(request)
            encoding = request.headers.get("content-encoding", "")
            made = await run_in_threadpool(partial(self._take, content, encoding, token))
        finally:
            self._held[token.name] -= 1
        response = as_json(made, 503 if made.not_stored else 200)
        if made.not_stored:
            response.headers["retry-after"] = "5"
        return response

    def _sender(self, request: Request) -> Token:
        """Whose token a request has; raises `NotTaken`."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        try:
            found = self.tokens.holder(given.strip()) if scheme.lower() == "bearer" else None
        except ConfigError as error:
            log.error("%s", error)
            raise NotTaken(503, "the tokens can't be read; the log says why", 60) from None
        if found is not None and found.sends is not None:
            return found
        # Behind a proxy all senders have its address: one whose token is over must not stop them.
        address = request.client.host if request.client else ""
        if wait := self._failed.wait(address):
            raise NotTaken(429, "too many requests without a token that holds", wait)
        self._failed.add(address)
        log.warning("a request from %s has no token that may send events", address)
        raise NotTaken(401, "a token that may send is needed: Authorization: Bearer TOKEN")

    async def _content(self, request: Request) -> bytes:
        """The body as it was sent; raises `NotTaken`."""
        most, parts, size = self.most.sent, [], 0
        try:
            async with asyncio.timeout(SENT_WITHIN):
                async for part in request.stream():
                    size += len(part)
                    if size > most:
                        raise NotTaken(413, f"at most {most:,} bytes in one request: send parts")
                    parts.append(part)
        except TimeoutError:
            raise NotTaken(408, f"the body was not whole within {SENT_WITHIN:.0f} s") from None
        except ClientDisconnect:  # nobody reads the answer
            raise NotTaken(400, "the sender left before the body was whole") from None
        return b"".join(parts)

    def _take(self, content: bytes, encoding: str, token: Token) -> RequestAnswer:
        whole = unpacked(content, encoding, self.most.unpacked)
        if wait := self._bytes.wait(token.name, len(whole)):
            words = f"more than {self.most.bytes_a_minute:,} bytes a minute, unpacked"
            raise NotTaken(429, words, wait)
        found = numbered(whole, self.most.lines)
        if wait := self._lines.wait(token.name, len(found)):
            raise NotTaken(429, f"more than {self.most.lines_a_minute:,} events a minute", wait)
        origin = f"http/{token.sends}/{hashlib.sha256(whole).hexdigest()[:12]}"
        lines, refused = [], []
        for number, raw in found:
            line, why = self._looked_at(number, raw, str(token.sends))
            if why is None:
                lines.append(line)
            else:
                refused.append((line, why))
        sent = Sent(origin, lines, refused)
        return answer(sent, self.store.put(sent))

    def _looked_at(
        self, number: int, raw: bytes, force: str
    ) -> tuple[RequestLine, LineRefusal | None]:
        """A line, and why it is refused whatever the store says of it."""
        if len(raw) > self.most.line:
            words = f"the line has {len(raw):,} bytes; at most {self.most.line:,} are taken"
            return RequestLine(number, raw[:KEPT_OF_TOO_LARGE], None), LineRefusal(
                "too_large", words
            )
        try:
            kept = read(raw, REGISTRY.decode_line)
        except Refused:  # the store says why, and counts it
            return RequestLine(number, raw, None), None
        line = RequestLine(number, raw, kept)
        if kept.event.force != force:
            words = f'this token sends events of "{force}", not of "{kept.event.force}"'
            return line, LineRefusal("wrong_force", words)
        return line, None


def _not_taken(_: Request, error: Exception) -> Response:
    if not isinstance(error, NotTaken):
        raise TypeError
    response = as_json({"error": str(error)}, error.status)
    if error.again is not None:
        response.headers["retry-after"] = str(error.again)
    if error.status == 401:
        response.headers["www-authenticate"] = "Bearer"
    if error.status in (408, 413, 429):
        response.headers["connection"] = "close"  # of a body that was not read
    return response


def serve_ingest(
    store: Store,
    tokens: Path,
    host: str,
    port: int,
    most: Most | None = None,
    access: Access | None = None,
) -> Running:
    """Takes events at an address; raises `WatchroomError`, also where tokens would go over the
    network as they are: on another address than loopback `access` has TLS, or says that it is
    meant."""
    access = access or Access()
    if not is_loopback(host) and access.tls is None and not access.insecure:
        raise WatchroomError(
            f"tokens and events would go to {host} for all to read, so this does not start. Name "
            "--tls-certificate and --tls-key; or listen on 127.0.0.1 behind a proxy that has TLS; "
            "or say that it is meant: --insecure"
        )
    made = Ingest(store, tokens, most or Most())
    made.tokens.all()  # what is wrong with the file is told now
    return Running(made.application(), host, port, lambda: None, access)
