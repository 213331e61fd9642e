"""The web server: what each path answers, and how it starts and stops."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from starlette.testclient import TestClient

from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.errors import WatchroomError
from streams.live import Live
from streams.live.clock import steady_clock
from streams.outputs.monitor_server import application, serve
from streams.outputs.web.running import listen
from tests.build import call, feed, ms, row, tiny_force
from tests.servers.process import wait_until

NOW = ms("2021-03-01T10:30:00Z")


def live(*, forces: int = 1) -> Live:
    made = [tiny_force(), find_force("warwickshire")][:forces]
    watched = Monitor(made)
    if made:
        feed(watched, call(answered_at="2021-03-01T10:00:07Z"))
    shown = Live(watched, clock=lambda: NOW)
    shown.health.state = "live"
    return shown


@pytest.fixture
def shown() -> Live:
    return live()


@pytest.fixture
def client(shown: Live) -> Iterator[TestClient]:
    with TestClient(application(shown)) as made:
        yield made


def test_the_only_force_needs_no_name(client: TestClient) -> None:
    board = client.get("/board.json").json()
    assert board["force"]["id"] == "tiny"
    assert row(board, "1h", "calls", line="999")["answered"] == 1


def test_the_board_is_that_of_the_instant_asked_for(client: TestClient) -> None:
    board = client.get("/board.json", params={"at": "2021-03-02T00:00:00+00:00"}).json()
    assert board["at"] == "2021-03-02T00:00:00+00:00"
    assert row(board, "1h", "calls", line="999")["answered"] == 0


def test_a_plus_sign_that_a_url_made_a_space_is_understood(client: TestClient) -> None:
    assert client.get("/board.json?at=2021-03-02T00:00:00+00:00").status_code == 200


def test_periods_may_be_repeated(client: TestClient) -> None:
    board = client.get("/board.json?period=2021-03&period=2021-Q1").json()
    assert list(board["periods"]) == ["2021-03", "2021-Q1"]


def test_a_board_is_never_cached(client: TestClient) -> None:
    assert client.get("/board.json").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("force=nowhere", 404, 'no force "nowhere" is monitored here, only: tiny'),
        ("at=yesterday", 400, '"yesterday" is no time'),
        ("at=9999-01-01T00:00:00Z", 400, "lies outside the years 1990 to 2100"),
        ("period=21", 400, '"21" is no period'),
        ("period=0001", 400, '"0001" is no period'),
        ("period=0001-01-01", 400, '"0001-01-01" is no period'),
        ("period=9999-12-31T23", 400, '"9999-12-31T23" is no period'),
        ("&".join(["period=2021-03"] * 51), 400, "at most 50 periods"),
    ],
)
def test_what_can_not_be_answered_is_told_in_plain_words(
    client: TestClient, query: str, status: int, words: str
) -> None:
    answer = client.get(f"/board.json?{query}")
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_one_of_several_forces_must_be_named() -> None:
    with TestClient(application(live(forces=2))) as client:
        answer = client.get("/board.json")
        assert answer.status_code == 400
        assert answer.json()["error"] == "which force? Name one of: tiny, warwickshire"
        assert client.get("/board.json?force=warwickshire").json()["force"]["id"] == "warwickshire"


def test_a_process_without_a_force_says_so() -> None:
    with TestClient(application(live(forces=0))) as client:
        assert client.get("/board.json").status_code == 404


def test_an_unknown_path_points_to_the_first_page(client: TestClient) -> None:
    answer = client.get("/wallboard")
    assert answer.status_code == 404
    assert answer.json()["error"] == "there is nothing at /wallboard; /about says where to look"


def test_metrics_come_in_the_format_that_is_asked_for(client: TestClient) -> None:
    plain = client.get("/metrics", headers={"accept": "text/plain"})
    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert "watchroom_calls_answered{" in plain.text
    openmetrics = client.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")


def test_alive_whether_ready_or_not(client: TestClient, shown: Live) -> None:
    shown.health.state = "recovering"
    assert client.get("/healthz").json() == {"status": "alive"}


def test_ready_when_live(client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200


def test_not_ready_says_why(client: TestClient, shown: Live) -> None:
    shown.health.state, shown.health.detail = "behind", "12 messages behind"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "state": "behind",
        "detail": "12 messages behind",
        "reasons": [
            {
                "code": "lag",
                "problem": "12 messages behind",
                "cure": "Look at the lag, and start another worker if it grows",
                "runbook": "WatchroomBehind",
            }
        ],
    }


def test_it_says_whether_it_is_ready_while_every_board_has_to_wait(shown: Live) -> None:
    running = serve(shown)
    with ThreadPoolExecutor(50) as viewers, shown.lock:
        shown.health.step_since = steady_clock() - 60
        address = f"{running.url}/board.json"
        asked = [viewers.submit(httpx2.get, address, timeout=30) for _ in range(45)]
        requests = running._server.server_state.tasks
        wait_until(lambda: len(requests) >= len(asked), 20, "all of them wait")
        began = time.monotonic()
        answer = httpx2.get(f"{running.url}/readyz", timeout=5)
        assert time.monotonic() - began < 4
        assert answer.status_code == 503
        assert answer.json()["reasons"][0]["code"] == "counting"
        assert answer.json()["detail"].startswith(
            "figures may be behind: one step of counting has taken 6"
        )
        assert httpx2.get(f"{running.url}/healthz", timeout=5).status_code == 200
        shown.lock.release()  # which lets the boards be made
        assert {each.result().status_code for each in asked} == {200}
        shown.lock.acquire()
    running.stop()


def test_troubles_are_listed_and_make_it_not_ready(client: TestClient, shown: Live) -> None:
    shown.health.troubles = {"topic:w.calls": "the topic w.calls is missing. Make it again."}
    shown.health.state, shown.health.detail = "unwell", "the topic w.calls is missing."
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "state": "unwell",
        "detail": "the topic w.calls is missing.",
        "reasons": [
            {
                "code": "topic",
                "problem": "the topic w.calls is missing",
                "cure": "Make it again.",
                "runbook": "WatchroomTopicChanged",
                "subject": "w.calls",
            }
        ],
    }
    shown.health.troubles, shown.health.state = {}, "live"
    assert client.get("/readyz").status_code == 200


def test_the_page_about_says_where_to_look(client: TestClient) -> None:
    page = client.get("/about").text
    for address in ("/board.json?force=tiny", "/metrics", "/healthz", "/readyz"):
        assert f'href="{address}"' in page
    assert "Tiny Police" in page


def test_the_server_answers_from_its_own_thread_until_it_is_stopped(shown: Live) -> None:
    handle = serve(shown)
    with urllib.request.urlopen(f"{handle.url}/board.json", timeout=10) as answer:
        assert json.load(answer)["force"]["id"] == "tiny"
    handle.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", handle.port)) != 0


def test_stopping_twice_does_no_harm(shown: Live) -> None:
    handle = serve(shown)
    handle.stop()
    handle.stop()


def test_a_port_in_use_is_told_in_plain_words() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WatchroomError, match=f"port {port} of 127.0.0.1 is in use"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_told_in_plain_words() -> None:
    with pytest.raises(WatchroomError, match=r"can't listen on 192\.0\.2\.1:0"):
        listen("192.0.2.1", 0)
