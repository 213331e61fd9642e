"""The front of several workers: real servers behind it, forces that move between them."""

from __future__ import annotations

import json
import socket
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from click.testing import CliRunner

from streams.board.monitor import Monitor, Shard
from streams.cli import main
from streams.config.force import find_force
from streams.events.schema import EVENT_KINDS
from streams.live import Live
from streams.outputs.front import holders, shared_streams
from streams.outputs.front.server import Front, serve_front
from streams.outputs.monitor_server import serve
from streams.outputs.wallboard import hub
from streams.outputs.web.running import Running
from tests.alerting import unattended
from tests.build import call, feed, lines, ms, row, tiny_force
from tests.servers.process import free_port, wait_until

NOW = ms("2021-03-01T10:30:00Z")
JSON = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
FORCES = {"tiny": tiny_force(), "warwickshire": find_force("warwickshire")}


def take(watched: Monitor, force: str) -> None:
    """Gives a worker the partitions of a force."""
    for kind in EVENT_KINDS:
        watched.add_shard(Shard(kind, [FORCES[force]]))


def live(*held: str) -> Live:
    """A worker's monitor, which knows both forces and holds some of them."""
    watched = Monitor(FORCES.values(), all_shards=False)
    for name in held:
        take(watched, name)
    if "tiny" in held:
        feed(watched, call(answered_at="2021-03-01T10:00:07Z"))
    made = Live(watched, clock=lambda: NOW)
    made.health.state = "live"
    return made


class Rig:
    """Two workers and the front of them."""

    def __init__(self, one: Live, two: Live) -> None:
        self.lives = [one, two]
        self.workers: list[Running] = [serve(each) for each in self.lives]
        self.front: Running = serve_front([each.url for each in self.workers])
        self.client = httpx2.Client(base_url=self.front.url, trust_env=False, timeout=10)

    def get(self, path: str, **more: Any) -> httpx2.Response:
        return self.client.get(path, **more)

    def until(self, path: str, status: int = 200) -> httpx2.Response:
        wait_until(lambda: self.get(path).status_code == status, 10, f"{path} answers {status}")
        return self.get(path)

    def stop(self) -> None:
        self.client.close()
        with ThreadPoolExecutor() as all_at_once:
            for each in (self.front, *self.workers):
                all_at_once.submit(each.stop)


Made = Callable[[Live, Live], Rig]


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holders, "EVERY", 0.02)
        patch.setattr(hub, "EVERY", 0.05)
        patch.setattr(hub, "BEAT", 0.1)
        yield


@pytest.fixture(scope="module")
def rig(quick: None) -> Iterator[Rig]:
    """Each force on a worker of its own; nothing changes it."""
    made = Rig(live("tiny"), live("warwickshire"))
    made.until("/board.json?force=tiny")
    made.until("/board.json?force=warwickshire")
    yield made
    made.stop()


@pytest.fixture
def rigged(quick: None) -> Iterator[Made]:
    with ExitStack() as stack:

        def make(one: Live, two: Live) -> Rig:
            made = Rig(one, two)
            stack.callback(made.stop)
            return made

        yield make


def test_the_reasons_of_workers_are_passed_on_with_which_worker_says_so(rigged: Made) -> None:
    one, two = live("tiny"), live("warwickshire")
    one.health.note(("topic",), {"topic:w.calls": "the topic is missing. Make it again"})
    rig = rigged(one, two)
    wait_until(lambda: bool(rig.get("/readyz").json().get("reasons")), 10, "it is told")
    rig.until("/readyz")
    assert rig.get("/readyz").json() == {
        "ready": True,
        "workers": {rig.workers[0].url: "unwell", rig.workers[1].url: "live"},
        "reasons": [
            {
                "code": "topic",
                "problem": "the topic is missing",
                "cure": "Make it again",
                "runbook": "WatchroomTopicChanged",
                "subject": "w.calls",
                "worker": rig.workers[0].url,
            }
        ],
    }


@pytest.mark.parametrize("force", FORCES)
def test_the_board_of_each_force_is_that_of_the_worker_that_has_it(rig: Rig, force: str) -> None:
    query = f"/board.json?force={force}&at=2021-03-02T00:00:00+00:00&period=2021-03&period=2021-Q1"
    passed = rig.get(query)
    own = [rig.client.get(worker.url + query) for worker in rig.workers]
    (asked,) = (answer for answer in own if answer.status_code == 200)
    assert passed.content == asked.content
    assert list(passed.json()["periods"]) == ["2021-03", "2021-Q1"]
    assert passed.headers["content-type"] == "application/json"
    assert passed.headers["cache-control"] == "no-store"


def test_a_force_that_two_workers_serve_for_longer_than_a_take_over_makes_not_ready(
    rigged: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holders, "TAKE_OVER", 0.3)
    rig = rigged(live("tiny"), live("tiny"))

    wait_until(lambda: bool(rig.get("/readyz").json().get("reasons")), 10, "it is told")
    answer = rig.get("/readyz")
    assert answer.status_code == 503
    one, two = sorted(worker.url for worker in rig.workers)
    assert answer.json()["reasons"] == [
        {
            "code": "holders",
            "problem": f"2 workers serve tiny at the same time: {one}, {two}",
            "cure": "Give them the same --group and each a --checkpoints folder of its own",
            "runbook": "WatchroomTwoHolders",
            "subject": "tiny",
        }
    ]


def test_what_a_worker_refuses_reaches_the_reader_in_its_words(rig: Rig) -> None:
    answer = rig.get("/board.json?force=tiny&at=yesterday")
    assert answer.status_code == 400
    assert '"yesterday" is no time' in answer.json()["error"]
    assert rig.get("/events?force=tiny&area=nowhere").status_code == 404
    assert rig.get("/wallboard").json()["error"].endswith("/about says where to look")


def test_a_chart_and_the_alerts_are_passed_on(rig: Rig) -> None:
    points = rig.get("/series.json?force=tiny&chart=waiting&line=999").json()["points"]
    assert len(points) == 25
    assert rig.get("/alerts.json?force=tiny").json() == {"alerts": []}


def test_an_explored_figure_is_passed_on_with_its_policy(rig: Rig) -> None:
    page = rig.get("/explore?force=tiny&measure=calls_999")
    assert "<h1>999 calls, Tiny Police</h1>" in page.text
    assert (
        page.headers["content-security-policy"] == rig.get("/").headers["content-security-policy"]
    )
    chart = rig.get("/chart.svg?force=tiny&measure=calls_999")
    assert chart.headers["content-type"] == "image/svg+xml"


def test_without_a_force_an_explored_figure_asks_for_one(rig: Rig) -> None:
    page = rig.get("/explore?measure=calls_999")
    assert "Which force?" in page.text
    assert 'href="/explore?force=warwickshire&amp;measure=calls_999"' in page.text


def test_figures_are_passed_on_and_what_can_be_asked_for_is_any_workers(rig: Rig) -> None:
    query = "/api/board?force=tiny&indicator=calls_999&period=2021-03&area=all&limit=1"
    answer = rig.get(query)
    assert answer.json()["rows"][0]["value"] == 1
    assert 'rel="next"' in answer.headers["link"]
    assert rig.get("/api/series?force=tiny&indicator=calls_999&period=2021").status_code == 200
    assert rig.get("/api/measures?search=999").json()["total"] > 0
    assert "/api/board" in rig.get("/api/openapi.json").json()["paths"]


def test_a_force_that_no_worker_knows_is_told_with_those_there_are(rig: Rig) -> None:
    answer = rig.get("/board.json?force=nowhere")
    assert answer.status_code == 404
    assert (
        answer.json()["error"] == 'no force "nowhere" is monitored here, only: tiny, warwickshire'
    )
    assert rig.get("/board.json").json()["error"].startswith("which force? Name one of: tiny")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/?force=nosuch", 'There is no force "nosuch" here.'),
        ("/?force=tiny&force=nosuch", 'There is no force "nosuch" here.'),
        ("/?forces=tiny,nosuch", 'There is no force "nosuch" here.'),
        ("/?force=tiny&areas=nosuch", 'There are no areas of kind "nosuch" in Tiny Police.'),
        ("/?force=tiny&area=nosuch", 'There is no area "nosuch" in Tiny Police.'),
        ("/chart?force=tiny&chart=nosuch", 'There is no chart "nosuch".'),
    ],
)
def test_a_page_says_what_there_is_not_as_the_worker_does(rig: Rig, path: str, words: str) -> None:
    page = rig.get(path)
    assert page.status_code == 404
    assert words in page.text


def test_of_a_page_that_there_is_only_the_head_is_asked_of_the_worker(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    request = Front._request

    def noted(self: Front, method: str, address: str, *more: Any, **named: Any) -> httpx2.Request:
        asked.append(f"{method} {urlsplit(address).path}")
        return request(self, method, address, *more, **named)

    monkeypatch.setattr(Front, "_request", noted)
    assert rig.get("/chart?force=tiny&chart=feeds").status_code == 200
    assert asked == ["HEAD /chart"]
    asked.clear()
    assert "no chart" in rig.get("/chart?force=tiny&chart=nosuch").text
    assert asked == ["HEAD /chart", "GET /chart"]


@pytest.mark.parametrize(
    "path", ["/", "/?force=tiny", "/chart?force=tiny&chart=feeds", "/alert?force=tiny", "/handover"]
)
def test_the_pages_and_what_they_load_are_there(rig: Rig, path: str) -> None:
    page = rig.get(path)
    assert page.status_code == 200
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    for asset in (part.split('"')[0] for part in page.text.split('="/assets/')[1:]):
        assert rig.get(f"/assets/{asset}").status_code == 200, asset


def test_the_page_is_offered_every_force(rig: Rig) -> None:
    told = rig.get("/forces.json").json()
    assert sorted(force["id"] for force in told["forces"]) == ["tiny", "warwickshire"]
    assert f"/assets/{told['version']}/" in rig.get("/").text


def test_it_says_which_worker_serves_what(rig: Rig) -> None:
    assert rig.get("/readyz").json()["workers"] == {each.url: "live" for each in rig.workers}
    assert f"Warwickshire: {rig.workers[1].url}" in rig.get("/about").text


def test_an_alert_is_taken_at_the_worker_that_has_it(rigged: Made) -> None:
    made = rigged(live("warwickshire"), live("tiny"))
    name = unattended(made.lives[1], NOW)
    made.until("/alerts.json?force=tiny")
    quoted = name.replace("/", "%2F").replace(":", "%3A")
    path = f"/api/alerts/{quoted}/acknowledge"

    def act(headers: dict[str, str], body: bytes = b'{"who": "AB"}') -> int:
        return made.client.post(path, content=body, headers=headers).status_code

    assert act({**JSON, "origin": "https://elsewhere.example"}) == 403
    assert act({**JSON, "origin": made.workers[1].url}) == 403
    assert act({**JSON, "sec-fetch-site": "cross-site"}) == 403
    assert act({"content-type": "text/plain"}) == 415
    assert act(JSON, b" " * 20_000) == 413
    assert act(JSON, b'{"colour": "red"}') == 400
    assert made.get("/alerts.json?force=tiny").json()["alerts"][0]["owner"] is None
    assert act({**JSON, "origin": made.front.url}) == 200
    assert made.get("/alerts.json?force=tiny").json()["alerts"][0]["owner"] == "AB"
    path = "/api/alerts/tiny%2Fnothing/acknowledge"
    assert act(JSON) == 404
    path = "/api/alerts/nowhere%2Fx/acknowledge"
    # A worker that was slow to answer may have what nobody else has.
    wait_until(lambda: act(JSON) == 404, 10, "all workers have said what they have")


def next_board(said: Iterator[str]) -> dict[str, Any]:
    """The next board of a stream."""
    for line in said:
        if line == "event: board":
            found: dict[str, Any] = json.loads(next(said).removeprefix("data: "))
            return found
    raise AssertionError("the stream ended")


def read_to_its_end(said: Iterator[str]) -> None:
    deque(said, maxlen=0)


def test_events_arrive_as_they_are_sent_and_a_viewer_who_leaves_is_let_go(rigged: Made) -> None:
    made = rigged(live("tiny"), live("warwickshire"))
    made.until("/board.json?force=tiny")
    with made.client.stream("GET", "/events?force=tiny") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        said = answer.iter_lines()
        assert row(next_board(said), "1h", "calls", line="999")["offered"] == 1
        # The stream goes on, and what happens meanwhile is in its next board.
        assert not made.lives[0].ingest(lines([call("c2", "2021-03-01T10:29:00Z")]), NOW)
        assert row(next_board(said), "1h", "calls", line="999")["offered"] == 2
        hub = made.workers[0].made.state.hub
        assert hub.viewers == 1
    wait_until(lambda: hub.viewers == 0, 10, "the worker knows that he left")


def places_of(said: Iterator[str]) -> Iterator[str]:
    """The forces of which a stream of several says something, as it comes."""
    for line in said:
        if line.startswith("data: "):
            found = json.loads(line.removeprefix("data: "))["force"]
            yield found if isinstance(found, str) else found["id"]


def test_several_forces_of_several_workers_come_in_one_stream_and_one_that_is_lost_comes_back(
    rigged: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_streams, "RETRY", 0.05)
    made = rigged(live("tiny"), live("warwickshire"))
    made.until("/board.json?force=tiny")
    made.until("/board.json?force=warwickshire")
    query = "screen=places&force=tiny&force=warwickshire"
    with made.client.stream("GET", f"/events?{query}") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        said = places_of(answer.iter_lines())
        assert {next(said) for _ in range(20)} == {"tiny", "warwickshire"}
        made.workers[0].stop()
        wait_until(lambda: next(said) == next(said) == "warwickshire", 10, "one goes on alone")
        with made.lives[1].lock:
            take(made.lives[1].monitor, "tiny")
        wait_until(lambda: next(said) == "tiny", 10, "the other worker has it")
    assert made.get("/?force=tiny&force=warwickshire").status_code == 200
    assert made.get("/events?screen=places&force=tiny&force=nowhere").status_code == 404
    assert made.get("/events?force=tiny&force=warwickshire").status_code == 400


def connections(port: int) -> int:
    """How many connections this machine has to a server, as its kernel counts them."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text("ascii").splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_however_many_screens_show_several_forces_each_worker_has_one_stream_of_each(
    rigged: Made,
) -> None:
    made = rigged(live("tiny"), live("warwickshire"))
    made.until("/board.json?force=tiny")
    made.until("/board.json?force=warwickshire")
    hubs = [each.made.state.hub for each in made.workers]
    query = "screen=places&force=tiny&force=warwickshire"
    with ExitStack() as stack:
        answers = [
            stack.enter_context(made.client.stream("GET", f"/events?{query}")) for _ in range(12)
        ]
        screens = [places_of(answer.iter_lines()) for answer in answers]
        for said in screens:
            assert {next(said) for _ in range(20)} == {"tiny", "warwickshire"}
        assert connections(made.front.port) >= 12
        assert [each.viewers for each in hubs] == [1, 1]
        # Beside the stream there is the one on which the front asks what the worker has.
        assert all(connections(each.port) <= 2 for each in made.workers)
    wait_until(lambda: not any(each.viewers for each in hubs), 10, "the streams are let go")


def test_a_force_is_found_again_where_another_worker_took_it_over(rigged: Made) -> None:
    made = rigged(live("tiny"), live("warwickshire"))
    made.until("/board.json?force=tiny")
    with made.client.stream("GET", "/events?force=tiny") as answer:
        said = answer.iter_lines()
        assert next(line for line in said if line.startswith("data:"))
        made.workers[0].stop()
        # The stream ends, so that the page asks again.
        read_to_its_end(said)
    lost = made.until("/board.json?force=tiny", 503)
    assert lost.json()["error"] == "no worker serves Tiny Police now; trying again"
    assert made.get("/events?force=tiny").status_code == 503
    page = made.get("/?force=tiny&kiosk")
    assert page.status_code == 503
    assert "No worker serves Tiny Police now; trying again." in page.text
    assert "/nobody_page.js" in page.text
    assert made.get("/?force=warwickshire").status_code == 200
    assert made.get("/readyz").status_code == 200
    with made.lives[1].lock:
        take(made.lives[1].monitor, "tiny")
    assert made.until("/board.json?force=tiny").json()["force"]["id"] == "tiny"
    assert made.get("/?force=tiny&kiosk").status_code == 200


def test_of_two_workers_that_have_a_force_the_ready_one_serves_it(rigged: Made) -> None:
    one, two = live("tiny"), live("tiny")
    one.health.state = "behind"
    made = rigged(one, two)
    made.until("/readyz")
    status = "/board.json?force=tiny"
    wait_until(lambda: made.get(status).json().get("status", {}).get("ready"), 10, "the ready one")
    with made.client.stream("GET", "/events?force=tiny") as answer:
        said = answer.iter_lines()
        assert next_board(said)
        one.health.state, two.health.state = "live", "behind"
        # The stream of a worker that no longer has the say ends with its next word.
        wait_until(lambda: made.get(status).json()["status"]["state"] == "live", 10, "the other")
        read_to_its_end(said)


@pytest.mark.parametrize(
    "address", ["worker-1:8787", "ftp://worker-1", "http://", "http://w:port", "http://w/path"]
)
def test_what_is_no_address_of_a_worker_is_refused(address: str) -> None:
    answer = CliRunner().invoke(main, ["wallboard", "--worker", address])
    assert answer.exit_code == 2
    assert "is no address of a worker: write http://worker-1:8787" in answer.output


def test_without_any_worker_it_is_alive_and_says_what_is_wrong(quick: None) -> None:
    front = serve_front([f"http://127.0.0.1:{free_port()}"])
    try:
        with httpx2.Client(base_url=front.url, trust_env=False, timeout=10) as client:
            assert client.get("/healthz").status_code == 200
            answer = client.get("/readyz")
            assert answer.status_code == 503
            assert list(answer.json()["workers"].values()) == ["no answer"]
            answer = client.get("/board.json")
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "2"
            assert answer.json()["error"] == "no worker answers now; trying again"
            answer = client.get("/board.json?force=tiny")
            assert answer.json()["error"] == "no worker serves tiny now; trying again"
            assert "No worker answers now; trying again." in client.get("/").text
    finally:
        front.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", front.port)) != 0
