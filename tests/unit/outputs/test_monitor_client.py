"""How a running monitor is asked: what it answers, what it declines, and that it is not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from streams.outputs import monitor_client
from streams.outputs.monitor_client import Declined, MonitorClient, NoAnswer
from tests.servers.process import free_port


class Handler(BaseHTTPRequestHandler):
    """Tells what it was asked; `/no` is declined in words, `/broken` without any."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["content-length"])))

    def _answer(self, body: bytes) -> None:
        status, told = 200, json.dumps([self.command, self.path, body.decode()])
        if self.path == "/no":
            status, told = 404, '{"error": "there is no such alert"}'
        elif self.path == "/broken":
            status, told = 500, "<html>"
        elif self.path == "/endless":
            told = " " * (3 << 20)
        self.send_response(status)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        with suppress(OSError):  # whoever asked has gone
            self.wfile.write(told.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def client() -> Iterator[MonitorClient]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield MonitorClient(f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_path_is_asked_with_the_values_that_are_given(client: MonitorClient) -> None:
    answer = client.ask("/board.json", {"force": "west mercia", "since": None})
    assert json.loads(answer) == ["GET", "/board.json?force=west+mercia", ""]
    assert json.loads(client.ask("/board.json")) == ["GET", "/board.json", ""]


def test_a_body_is_posted_as_json(client: MonitorClient) -> None:
    method, path, body = json.loads(client.ask("/api/alerts/a%2Fb/close", body={"who": "AB"}))
    assert (method, path, json.loads(body)) == ("POST", "/api/alerts/a%2Fb/close", {"who": "AB"})


def test_what_a_monitor_declines_is_told_in_its_words(client: MonitorClient) -> None:
    with pytest.raises(Declined, match="there is no such alert"):
        client.ask("/no")
    with pytest.raises(Declined, match="answers 500") as declined:
        client.ask("/broken")
    assert (declined.value.status, declined.value.words) == (500, None)


def test_an_answer_that_is_larger_than_any_of_a_monitor_is_given_up(
    client: MonitorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(client.ask("/endless")) == 3 << 20
    monkeypatch.setattr(monitor_client, "MOST_BYTES", 2 << 20)
    with pytest.raises(NoAnswer, match=r"^answers more than 2 MiB$"):
        client.ask("/endless")


def test_a_monitor_that_is_not_there_is_told_as_the_system_has_it() -> None:
    with pytest.raises(NoAnswer, match=r"^Connection refused$"):
        MonitorClient(f"127.0.0.1:{free_port()}").ask("/board.json")


def test_a_proxy_that_can_not_be_used_is_told_as_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(NoAnswer):
        MonitorClient("http://watchroom.invalid:8787").ask("/board.json")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://", "http:///board"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no address: write http"):
        MonitorClient(url)
