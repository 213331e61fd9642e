"""Two forces that do not trust one another, each with topics of its own, in one worker."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner

from streams.board.model import decode_board
from streams.board.monitor import canonical
from streams.cli import main
from streams.kafka import deadletter_topic
from tests import events
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import Worker

FORCES = ("warwickshire", "west-mercia")


def test_a_worker_counts_each_force_from_its_own_topics_and_refuses_it_in_the_others(
    kafka: Kafka, topic_prefix: str, tmp_path: Path
) -> None:
    prefix = topic_prefix.rstrip(".")
    own = {name: f"{prefix}.{name}" for name in FORCES}
    options = [part for each in own.values() for part in ("--topic-prefix", each)]
    where = ("--broker", kafka.bootstrap, "--prefix")
    made = run("topics", "create", *where, prefix, *options, "--partitions", "4")
    assert made.count("created") == 13
    sent = events.events(200)
    forged = events.events(20, seed=9)
    for name in FORCES:
        run("publish", "-", *where, own[name], said=lines_of(sent, name))
    run("publish", "-", *where, own["warwickshire"], said=lines_of(forged, "west-mercia"))
    rig: Any = SimpleNamespace(
        folder=tmp_path, bootstrap=kafka.bootstrap, prefix=prefix, forces=options
    )
    worker = Worker(rig, "worker")
    try:
        worker.start()
        wanted = events.boards(sent)
        for name in FORCES:
            board = worker.board(name)
            assert canonical(decode_board_of(board)) == wanted[name]
        count = sum(event.force == "west-mercia" for event in forged)
        found: list[Any] = []

        def all_there() -> bool:
            found[:] = deadletter_topic.read(kafka.bootstrap, prefix)
            return len(found) >= count

        wait_until(all_there, 20, "the dead letters are there")
        assert {(letter.reason, letter.force) for letter in found} == {
            ("wrong_prefix", "west-mercia")
        }
        assert len(found) == count
        assert worker.said("people in records of both warwickshire and west-mercia")
    finally:
        worker.stop()


def run(*arguments: str, said: str = "") -> str:
    found = CliRunner().invoke(main, list(arguments), input=said)
    assert found.exit_code == 0, found.output
    return found.output


def lines_of(found: list[events.Event], force: str) -> str:
    return "".join(f"{event.line.decode()}\n" for event in found if event.force == force)


def decode_board_of(board: dict[str, Any]) -> Any:
    return decode_board(json.dumps(board).encode())
