"""Tokens: kept while they are good, renewed in time, and never printed."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import aiokafka.errors
import pytest

from streams.errors import KafkaError
from streams.kafka.oauth import (
    AiokafkaTokens,
    KafkaPythonTokens,
    Token,
    TokenEndpoint,
    Tokens,
    fetched,
    tokens_of,
)

SECRET = "a secret & more"  # noqa: S105 - looked for in everything that is printed


class Answering:
    """An endpoint that gives `answer` with `status`, and notes what it was asked."""

    def __init__(self) -> None:
        self.status, self.answer = 200, b'{"access_token": "t1", "expires_in": "60"}'
        self.location = ""
        self.asked: list[tuple[str, dict[str, list[str]]]] = []


@contextmanager
def endpoint(scope: str | None = None) -> Iterator[tuple[Answering, TokenEndpoint]]:
    kept = Answering()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            kept.asked.append((self.headers["Authorization"], parse_qs(form)))
            self.send_response(kept.status)
            if kept.location:
                self.send_header("Location", kept.location)
            self.send_header("Content-Length", str(len(kept.answer)))
            self.end_headers()
            self.wfile.write(kept.answer)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/token"
        yield kept, TokenEndpoint(url, "watch room", SECRET, scope)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_client_shows_its_id_and_secret_and_asks_for_its_scope() -> None:
    with endpoint("kafka:write") as (kept, where):
        assert fetched(where) == Token("t1", 60.0)
    (known, form) = kept.asked[0]
    said = base64.b64decode(known.removeprefix("Basic ")).decode()
    assert said == "watch+room:a+secret+%26+more"
    assert form == {"grant_type": ["client_credentials"], "scope": ["kafka:write"]}


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (401, b'{"error": "invalid_client", "hint": "a secret & more"}', "(401 invalid_client)"),
        (500, b"a secret & more", "gives no token to watch room (500). Check sasl.oauthbearer.tok"),
        (200, b'{"token": "x"}', "gave no access_token"),
        (200, b"<html>", "gave no access_token"),
    ],
)
def test_an_endpoint_that_gives_no_token_is_told_without_the_secret(
    status: int, answer: bytes, words: str
) -> None:
    with endpoint() as (kept, where):
        kept.status, kept.answer = status, answer
        with pytest.raises(KafkaError) as caught:
            fetched(where)
    assert words in str(caught.value)
    assert SECRET not in f"{caught.value} {where!r}"


def test_an_endpoint_that_does_not_answer_is_told() -> None:
    with pytest.raises(KafkaError, match=r"http://127.0.0.1:1/t does not answer \(.*refused"):
        fetched(TokenEndpoint("http://127.0.0.1:1/t?key=x", "c", SECRET))


def test_the_secret_follows_no_redirect() -> None:
    with endpoint() as (kept, where), endpoint() as (other, _):
        kept.status, kept.location = 307, where.url.replace("token", "elsewhere")
        with pytest.raises(KafkaError, match="307"):
            fetched(where)
        assert (len(kept.asked), len(other.asked)) == (1, 0)


def test_what_is_sent_to_this_machine_goes_through_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with endpoint() as (kept, where), endpoint() as (proxy, at):
        monkeypatch.setenv("http_proxy", at.url.removesuffix("/token"))
        assert fetched(where) == Token("t1", 60.0)
        assert (len(kept.asked), len(proxy.asked)) == (1, 0)


def test_aiokafka_takes_a_missing_token_for_a_connection_that_failed() -> None:
    away = TokenEndpoint("http://127.0.0.1:1/away", "c", SECRET)
    with pytest.raises(aiokafka.errors.KafkaConnectionError) as caught:
        asyncio.run(AiokafkaTokens(away).token())
    assert isinstance(caught.value, KafkaError)
    assert str(caught.value).startswith(
        "the token endpoint http://127.0.0.1:1/away does not answer"
    )


class Clocked:
    """Tokens t1, t2, ... that are good for 100 seconds, by a clock that is set."""

    def __init__(self) -> None:
        self.now, self.asked, self.fails = 1000.0, 0, False
        self.tokens = Tokens(self._ask, lambda: self.now)

    def _ask(self) -> Token:
        if self.fails:
            raise KafkaError("no answer")
        self.asked += 1
        return Token(f"t{self.asked}", 100.0)

    def at(self, seconds: float) -> str:
        self.now = 1000.0 + seconds
        return self.tokens.token()


def test_a_token_is_renewed_at_four_fifths_of_its_life() -> None:
    clocked = Clocked()
    assert [clocked.at(s) for s in (0, 79, 80, 159, 161)] == ["t1", "t1", "t2", "t2", "t3"]


def test_an_endpoint_that_is_away_is_borne_for_as_long_as_the_token_is_good() -> None:
    clocked = Clocked()
    assert clocked.at(0) == "t1"
    clocked.fails = True
    assert clocked.at(99) == "t1"
    with pytest.raises(KafkaError):
        clocked.at(100)


def test_all_clients_share_one_token() -> None:
    with endpoint() as (kept, where):
        assert KafkaPythonTokens(where).token() == "t1"
        assert asyncio.run(AiokafkaTokens(where).token()) == "t1"
        assert tokens_of(where).token() == "t1"
    assert len(kept.asked) == 1


def test_a_token_is_not_printed() -> None:
    assert "t1" not in repr(Token("t1", 5.0))
