"""The front in a real browser, and of two real workers of which one is killed."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from streams.config.force import find_force
from streams.outputs.front.server import serve_front
from tests import events
from tests.servers.chromium import Chromium
from tests.servers.kafka import Kafka
from tests.servers.process import Server, free_port, http_ok, wait_until
from tests.servers.rig import Worker, rigged
from tests.servers.wallboard_rig import FORCE, browser, room

pytestmark = pytest.mark.servers


def test_a_page_acts_through_the_front_goes_stale_and_comes_back(chromium: Chromium) -> None:
    with room() as evening, browser(chromium.path) as opened:
        name = evening.alert("999 calls, Warwickshire, 20:00 to 21:00: 31, expected 6 to 23.", 12)
        evening.clock.run()
        front = serve_front([evening.url])
        try:
            wait_until(lambda: http_ok(f"{front.url}/readyz"), 10, "the front is ready")
            page = opened.new_page()
            page.goto(f"{front.url}/alert?force={FORCE}&id={quote(name)}")
            page.get_by_label("You: initials or role").fill("AB")
            page.keyboard.press("Enter")
            expect(page.locator("#log")).to_contain_text("acknowledge")
            assert evening.alerts()[name].owner == "AB"

            page.goto(f"{front.url}/?force={FORCE}")
            waiting = page.locator("#waiting-999 .figure")
            expect(waiting).to_have_text("3")
            evening.stop()
            banner = page.get_by_role("alert").filter(has_text="no connection since 21:10:")
            expect(banner).to_be_visible()
            page.reload()  # as a screen that was switched off and on
            expect(page.get_by_role("status")).to_have_text(
                "No worker serves Warwickshire now; trying again."
            )
            evening.take(evening.call(0))
            evening.start()
            expect(waiting).to_have_text("4")
            expect(banner).to_be_hidden()
        finally:
            front.stop()


def holds(worker: Worker) -> set[str]:
    """The forces that a worker says it has."""
    status, said = worker.get("/forces.json")
    return {force["id"] for force in json.loads(said)["forces"]} if status == 200 else set()


def test_a_force_is_served_by_whichever_worker_has_it(
    kafka: Kafka, topic_prefix: str, tmp_path: Path
) -> None:
    with rigged(kafka, topic_prefix, tmp_path) as rig:
        workers = [rig.worker(name) for name in ("one", "two")]
        workers[0].start()
        workers[1].start()
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "streams.cli", "wallboard", "--web", f"127.0.0.1:{port}"]
        for worker in workers:
            command += ["--worker", f"http://127.0.0.1:{worker.port}"]
        root = Path(__file__).parents[2]
        front = Server("front", command, tmp_path / "front.log", cwd=root)

        def board(force: str) -> tuple[int, dict[str, object]]:
            try:
                with urllib.request.urlopen(f"{url}/board.json?force={force}", timeout=15) as told:
                    return told.status, json.load(told)
            except urllib.error.HTTPError as error:
                return error.code, json.load(error)

        front.start(lambda: http_ok(f"{url}/readyz"))
        try:
            for force in events.FORCES:
                wait_until(lambda name=force: board(name)[0] == 200, 60, f"{force} is served")  # type: ignore[misc]
            wait_until(lambda: any(holds(worker) for worker in workers), 30, "a worker has a force")
            loser = next(worker for worker in workers if holds(worker))
            force = min(holds(loser))
            loser.kill()
            words = {"error": f"no worker serves {find_force(force).name} now; trying again"}
            wait_until(lambda: board(force) == (503, words), 20, "the loss is told")
            wait_until(lambda: board(force)[0] == 200, 60, "the other worker's board is there")
            other = next(worker for worker in workers if worker is not loser)
            assert force in holds(other)
            for name in events.FORCES:
                wait_until(lambda name=name: board(name)[0] == 200, 60, f"{name} is served")  # type: ignore[misc]
        finally:
            front.stop()
