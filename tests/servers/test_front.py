"""The front of two real workers: a force stays in view when the worker that has it is killed."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from streams.force import find_force
from tests import events
from tests.servers.kafka import Kafka
from tests.servers.process import Server, free_port, http_ok, wait_until
from tests.servers.rig import Worker, rigged

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]


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
