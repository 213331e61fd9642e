"""What every request has to pass, and what every answer carries."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from streams.board.monitor import Monitor
from streams.live import Live
from streams.outputs.front.server import Front
from streams.outputs.monitor_server import application, serve
from streams.outputs.sign_in import own_page
from streams.outputs.web import connections
from streams.outputs.web.connections import Connection
from streams.outputs.web.guard import HEADERS
from streams.outputs.web.running import Running
from tests.build import call, feed, tiny_force


def live() -> Live:
    watched = Monitor([tiny_force()])
    feed(watched, call(answered_at="2021-03-01T10:00:07Z"))
    return Live(watched)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(application(live()), follow_redirects=False) as made:
        yield made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(Connection, "most", 20)
    monkeypatch.setattr(connections, "ASKS_WITHIN", 0.5)
    running = serve(live())
    yield running
    running.stop()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8787",
        "[::1]:8787",
        "10.20.30.40",
        "localhost:8787",
        "worker-1:8787",
        "board.localhost",
        socket.gethostname(),
    ],
)
def test_a_name_that_nobody_outside_can_own_is_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1.attacker.example:8787"])
def test_a_name_that_another_site_can_lead_here_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/board.json", headers={"host": host})
    assert answer.status_code == 421
    name = host.partition(":")[0]
    assert answer.json()["error"] == (
        f'nothing is answered under the name "{name}". If it is this server\'s, start it with '
        f"WATCHROOM_HOSTS={name}"
    )


def test_a_name_that_is_listed_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHROOM_HOSTS", "board.example, Wall.Force.example.")
    with TestClient(application(live())) as client:
        for name in ("board.example", "wall.force.example:8787", "WALL.force.example."):
            assert client.get("/healthz", headers={"host": name}).status_code == 200
        assert client.get("/healthz", headers={"host": "other.example"}).status_code == 421


def test_a_request_for_no_host_is_refused(client: TestClient) -> None:
    assert client.get("/healthz", headers={"host": ""}).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["/", "/about", "/board.json", "/metrics", "/healthz", "/readyz", "/nowhere", "/explore",
     "/chart", "/api/measures", "/board.json?period=21"],
)  # fmt: skip
def test_every_answer_carries_the_headers_that_protect_who_reads_it(
    client: TestClient, path: str
) -> None:
    carried = client.get(path).headers
    assert {name: carried[name] for name in HEADERS} == HEADERS


def test_the_front_refuses_and_protects_alike() -> None:
    with TestClient(Front(["http://127.0.0.1:9"]).application()) as client:
        refused = client.get("/healthz", headers={"host": "attacker.example"})
        assert refused.status_code == 421
        carried = client.get("/about").headers
        assert {name: carried[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("path", ["//attacker.example/", "/board.json/", "//attacker.example"])
def test_no_path_leads_to_another_place(client: TestClient, path: str) -> None:
    answer = client.get(f"http://testserver{path}")
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_a_page_needs_no_style_of_its_own_text(client: TestClient) -> None:
    assert "<style" not in client.get("/about").text


def opened(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def answered(server: Running) -> bool:
    with opened(server) as asking:
        asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return asking.recv(100).startswith(b"HTTP/1.1 200")


def ended(connection: socket.socket) -> bool:
    try:
        while connection.recv(1_000):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def test_connections_that_ask_nothing_shut_nobody_out(server: Running) -> None:
    held = [opened(server) for _ in range(60)]
    assert all(answered(server) for _ in range(5))
    for each in held:
        each.close()


def test_a_connection_that_asks_nothing_is_ended(server: Running) -> None:
    with opened(server) as silent:
        assert ended(silent)


def test_a_request_that_never_ends_its_head_is_ended(server: Running) -> None:
    with opened(server) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
        assert ended(slow)


def test_the_second_request_of_a_connection_has_as_long(server: Running) -> None:
    with opened(server) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert slow.recv(2_000).startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET /heal")
        assert ended(slow)


def test_a_request_whose_body_does_not_come_is_answered_with_why(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_page, "SENT_WITHIN", 0.3)
    with opened(server) as slow:
        slow.sendall(
            b"POST /api/alerts/tiny%2F1/note HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        assert slow.recv(2_000).startswith(b"HTTP/1.1 408")


def test_a_stream_stays_open(server: Running) -> None:
    with opened(server) as screen:
        screen.sendall(b"GET /events?force=tiny HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until = time.monotonic() + 1.5  # three times as long as a silent one may stay
        while time.monotonic() < until:
            assert screen.recv(1_000_000)


def test_what_visitors_provoke_is_told_once_a_minute(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(30):
        with opened(server) as rude:
            rude.sendall(b"\0\0\0\r\n\r\n")
            rude.recv(1_000)
    assert sum("Invalid HTTP request" in each.getMessage() for each in caplog.records) <= 1
