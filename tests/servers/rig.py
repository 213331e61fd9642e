"""Real workers on a real broker, for tests: subprocesses, ended by their own process ids."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from streams.board.model import decode_board
from streams.board.monitor import canonical
from streams.kafka import topics
from tests import events
from tests.answers import check
from tests.servers.kafka import Kafka
from tests.servers.process import PATIENCE, Server, free_port, wait_until

PARTITIONS = 4


class Worker:
    """One `watchroom worker`, which may be killed and started again on the same checkpoints."""

    def __init__(
        self, rig: Rig, name: str, *options: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.rig = rig
        self.checkpoints = rig.folder / name
        self.port = free_port()
        command = [sys.executable, "-m", "streams.cli", "worker", "--broker", rig.bootstrap]
        command += ["--prefix", rig.prefix, "--group", rig.prefix, "--checkpoints"]
        command += [str(self.checkpoints), "--web", f"127.0.0.1:{self.port}", *rig.forces, *options]
        root = Path(__file__).parents[2]
        log = rig.folder / f"{name}.log"
        self.server = Server(name, command, log, cwd=root, environment=environment)

    def start(self, *, wait: bool = True) -> None:
        self.server.start(lambda: not wait or self.ready(), seconds=60)

    def kill(self) -> None:
        self.server.kill()

    def stop(self) -> None:
        self.server.stop()

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=5 * PATIENCE
            ) as told:
                status, answer = told.status, told.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""
        check(path, status, answer)
        return status, answer

    def ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def board(self, force: str, at: int = events.AT, *periods: str) -> dict[str, Any]:
        stamp = dt.datetime.fromtimestamp(at / 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = f"/board.json?force={force}&at={stamp}" + "".join(f"&period={p}" for p in periods)
        status, body = self.get(query)
        return json.loads(body) if status == 200 else {}

    def said(self, pattern: str) -> list[str]:
        return re.findall(pattern, self.server.log.read_text(errors="replace"))


class Rig:
    """Topics of its own on a broker, and workers that count them."""

    def __init__(self, kafka: Kafka, prefix: str, folder: Path) -> None:
        self.bootstrap, self.folder = kafka.bootstrap, folder
        self.prefix = prefix.rstrip(".")
        self.forces = [part for name in events.FORCES for part in ("--force", name)]
        self.workers: list[Worker] = []
        with topics.admin(self.bootstrap) as client:
            topics.create(client, self.prefix, PARTITIONS, 1)
        self.producer = self.connect()

    def connect(self) -> Any:
        return KafkaProducer(
            bootstrap_servers=self.bootstrap,
            acks="all",
            enable_idempotence=True,
            batch_size=512 << 10,
            linger_ms=2,
            compression_type="gzip",  # kafka-python sums every byte in Python
        )

    def worker(self, name: str = "worker", *options: str) -> Worker:
        made = Worker(self, name, *options)
        self.workers.append(made)
        return made

    def send(self, kind: str, group: str, payload: bytes | None) -> Any:
        topic = topics.input_topic(self.prefix, kind)
        return self.producer.send(topic, key=group.encode(), value=payload)

    def publish(self, messages: Iterable[events.Message], pause: float = 0) -> None:
        for message in messages:
            self.send(*message)
            if pause:
                self.producer.flush()
                time.sleep(pause)
        self.producer.flush()

    def committed(self) -> dict[str, int]:
        """The group's offsets, by topic/partition."""
        with topics.admin(self.bootstrap) as client:
            found = client.list_group_offsets({self.prefix: None})[self.prefix]
        return {f"{tp.topic}/{tp.partition}": held.offset for tp, held in found.items()}

    def boards(self, at: int = events.AT) -> dict[str, bytes]:
        """The canonical board of each force, from whichever worker has it."""
        found = {}
        for worker in self.workers:
            if worker.server.running:
                for name in events.FORCES:
                    if board := worker.board(name, at):
                        found[name] = canonical(decode_board(json.dumps(board).encode()))
        return found

    def shows(self, wanted: dict[str, bytes], seconds: float = 40) -> None:
        """Wait until the boards are the wanted ones, and stay so."""
        try:
            wait_until(lambda: self.boards() == wanted, seconds, "the boards are as wanted")
        except TimeoutError:
            self._explain(wanted)
            raise
        time.sleep(1)
        if self.boards() != wanted:
            self._explain(wanted)
            raise AssertionError("the boards went on changing")

    def _explain(self, wanted: dict[str, bytes]) -> None:
        found = self.boards()
        for name, board in wanted.items():
            got, want = json.loads(found.get(name, b"{}")), json.loads(board)
            for part in want:
                if got.get(part) != want[part]:
                    print(name, part, "\n got:", got.get(part), "\nwant:", want[part])
        for worker in self.workers:
            print(worker.server.log_tail(60))

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            print(worker.server.log_tail(60))  # which pytest shows where the test failed
        self.producer.close()


@contextmanager
def rigged(kafka: Kafka, prefix: str, folder: Path) -> Iterator[Rig]:
    rig = Rig(kafka, prefix, folder)
    try:
        yield rig
    finally:
        rig.close()


def halves(found: Sequence[events.Message]) -> tuple[list[events.Message], list[events.Message]]:
    return list(found[: len(found) // 2]), list(found[len(found) // 2 :])
