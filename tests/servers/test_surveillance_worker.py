"""A real worker watches as the embedded runner does, also after a kill -9."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.live import Live
from tests.build import TINY_FORCE, as_json
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import Rig, rigged
from tests.surveillance import after, burst, hours, play, watched

WEEKS = 5 * 168


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        file = made.folder / "tiny.toml"
        file.write_text(TINY_FORCE)
        made.forces = ["--force", str(file)]
        yield made


def test_a_worker_and_the_embedded_runner_give_equal_signals(rig: Rig) -> None:
    surge = burst(after(WEEKS), list(range(0, 60, 3)), "surge")
    payloads = (*hours(WEEKS), surge, *hours(3, WEEKS + 1))
    at = after(WEEKS + 3)
    embedded = watched()
    play(embedded, payloads)
    live = Live(embedded, lambda: at)
    wanted = as_json(live.board("tiny", at).surveillance)
    assert any(signal["notify"] for signal in wanted["signals"])

    worker = rig.worker("worker", "--every", "0.2")
    worker.start()
    for number, payload in enumerate(payloads):
        rig.send("incident", "tiny", payload)
        if number == WEEKS // 2:
            rig.producer.flush()
            wait_until(lambda: worker.board("tiny", at) != {}, 30, "a board")
            worker.kill()
            worker.start(wait=False)
    rig.producer.flush()

    def same() -> bool:
        told = worker.board("tiny", at).get("surveillance", {})
        return all(told.get(part) == wanted[part] for part in ("signals", "watches", "learning"))

    wait_until(same, 60, "the worker's signals are those of the embedded runner")
