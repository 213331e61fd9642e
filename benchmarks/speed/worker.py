"""What an event costs on its way through Kafka and the worker, and how soon it is seen.

A real broker on one processor, a real worker with surveillance on the other, which saves and
acknowledges every second as it always does. Times are of the worker's process (user and system).

- Calls of a large force, 200,000 a month in three versions each, are sent each in a message of its
  own, then in messages of 300 lines; last come a simulated county's calls and incidents. The fewer
  events there are to an hour, the more of its closing, its detectors and its alerts each one bears.
- The checkpoints are deleted, and the worker reads the log again, with surveillance and without.
- A thousand calls come a second: how long until each is in /metrics, and on a screen?
- Quix Streams reads the same calls, one a message, from the same broker.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import statistics
import sys
import threading
import time
import urllib.request
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import core
import peers
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from measuring import BENCHMARKS, Bench, Child, Row

from streams.config.force import find_force
from streams.kafka import topics
from streams.sources.simulator import Rates, simulate
from tests.servers import kafka as brokers
from tests.servers.process import MissingError, Server, free_port, wait_until

COUNTY = find_force("warwickshire")
FIRST = int(dt.datetime(2023, 1, 2, tzinfo=dt.UTC).timestamp() * 1000)
"""A Monday."""
BATCH = 300
KINDS = ("call", "incident")
KEY = COUNTY.partition_group.encode()
RATE = 1000
NAME = f"bench-{os.getpid()}"
"""What topics and groups begin with; a broker that goes on may know those of an earlier run."""
Messages = list[tuple[str, bytes]]
"""Kind and payload."""


@contextmanager
def pinned(core_: int) -> Iterator[None]:
    """Has what is started within run on one processor."""
    was = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core_})
    try:
        yield
    finally:
        os.sched_setaffinity(0, was)


class Run:
    """A worker of a working tree, on topics of its own."""

    def __init__(self, bench: Bench, broker: str, tree: Path, name: str, *options: str) -> None:
        self.bench, self.broker, self.prefix = bench, broker, name
        self.folder = bench.folder / name
        self.folder.mkdir()
        self.checkpoints = self.folder / "checkpoints"
        self.port = free_port()
        with topics.admin(broker) as client:
            topics.create(client, name, 4, 1)
        command = [sys.executable, "-m", "streams.cli", "worker", "--broker", broker]
        command += ["--prefix", name, "--group", name, "--force", COUNTY.id]
        command += ["--checkpoints", str(self.checkpoints), "--web", f"127.0.0.1:{self.port}"]
        self.command, self.tree = command, tree
        self.log = self.folder / "log"
        self.server = self._server(*options)
        self.producer = KafkaProducer(
            bootstrap_servers=broker, transactional_id=name, acks="all", linger_ms=2
        )
        self.producer.init_transactions()

    def _server(self, *options: str) -> Server:
        environment = {"PYTHONPATH": str(self.tree), "OPENBLAS_NUM_THREADS": "1"}
        command = [*self.command, *options]
        return Server(self.prefix, command, self.log, cwd=self.tree, environment=environment)

    def get(self, path: str) -> bytes:
        """The body of an answer with 200, else nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as told:
                return bytes(told.read())
        except OSError:
            return b""

    def start(self) -> float:
        """Starts the worker; the CPU seconds until it was ready."""
        with pinned(self.bench.core):
            self.server.start(lambda: bool(self.get("/readyz")), seconds=300)
        return self.cpu()

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def send(self, kind: str, payload: bytes) -> Any:
        return self.producer.send(topics.input_topic(self.prefix, kind), key=KEY, value=payload)

    def count(self, messages: Sequence[tuple[str, bytes]]) -> float:
        """CPU seconds of the worker for these messages, until they are saved and acknowledged. They
        are one transaction, so that a worker which reads what is committed finds all at once, and
        is not fed more slowly than it counts."""
        before = self.cpu()
        self.producer.begin_transaction()
        last = {kind: self.send(kind, payload) for kind, payload in messages}
        self.producer.flush()
        self.producer.commit_transaction()
        found = [sent.get() for sent in last.values()]
        ends = {TopicPartition(each.topic, each.partition): each.offset + 1 for each in found}
        while not self.acknowledged(ends):
            time.sleep(0.5)
        return self.cpu() - before

    def acknowledged(self, ends: dict[TopicPartition, int]) -> bool:
        """Whether the group has acknowledged all messages before these offsets."""
        consumer = KafkaConsumer(bootstrap_servers=self.broker, group_id=self.prefix)
        done = all((consumer.committed(each) or 0) >= end for each, end in ends.items())
        consumer.close(autocommit=False)
        return done

    def read_back(self, *options: str) -> float:
        """Deletes the checkpoints and starts again: CPU seconds until it is ready."""
        self.server.stop()
        shutil.rmtree(self.checkpoints)
        self.server = self._server(*options)
        return self.start()

    def close(self) -> None:
        self.server.stop()
        self.producer.close()


def large(calls: int) -> Iterator[tuple[str, bytes]]:
    """Calls of a large force, in the order of their updates."""
    for batch in core.batches(calls, versions=3):
        for line in batch.split(b"\n"):
            yield "call", line


def simulated() -> Iterator[tuple[str, bytes]]:
    """A county's calls and incidents in the order of their updates, without end."""
    for _, line in simulate(COUNTY, FIRST, None, 1_000, Rates(heartbeat_seconds=0)):
        kind = json.loads(line)["kind"]
        if kind in KINDS:
            yield kind, line


def batched(lines: Messages) -> Messages:
    """The same lines, 300 of a kind a message."""
    waiting: dict[str, list[bytes]] = defaultdict(list)
    found: Messages = []
    for kind, line in lines:
        waiting[kind].append(line)
        if len(waiting[kind]) == BATCH:
            found.append((kind, b"\n".join(waiting.pop(kind))))
    return found + [(kind, b"\n".join(rest)) for kind, rest in waiting.items()]


COSTS = {
    "alone": ("events alone through Kafka and the worker, with surveillance", 40.0, 25.0),
    "together": (f"{BATCH} lines a message through the worker, with surveillance", 12.0, 8.0),
    "county": (f"the same of a simulated county, {BATCH} lines a message", None, None),
}


def cost(bench: Bench, broker: str) -> None:
    """An event alone, and 300 a message."""
    alone, together = bench.size(20_000, 10_000, 300), bench.size(60_000, 30_000, 600)
    spent: dict[tuple[str, str], list[float]] = defaultdict(list)
    events, county = large(bench.size(200_000, 200_000, 2_000)), simulated()
    with ExitStack() as stack:
        runs = {}
        for how in ("large", "county"):
            for name, tree in bench.trees.items():
                runs[how, name] = Run(bench, broker, tree, f"{NAME}-{how}-{name}")
                stack.callback(runs[how, name].close)
                runs[how, name].start()
        for _ in range(bench.rounds):
            lots = {
                "alone": (alone, "large", list(islice(events, alone))),
                "together": (together, "large", batched(list(islice(events, together)))),
                "county": (together, "county", batched(list(islice(county, together)))),
            }
            for how, (number, kind, messages) in lots.items():
                for name in bench.trees:
                    spent[name, how].append(1e6 * runs[kind, name].count(messages) / number)
    found = {key: statistics.median(each) for key, each in spent.items()}
    for how, (words, floor, aim) in COSTS.items():
        row = Row(words, found["here", how], "us an event", floor, aim)
        row.before = found.get(("before", how))
        bench.add(row)


def rebuild(bench: Bench, broker: str) -> None:
    """Reading the log again, with surveillance and without, beyond a start with an empty log."""
    number = bench.size(300_000, 60_000, 600)
    messages = batched(list(large(number // 3)))
    floors = {"without": (150_000.0, ("--no-surveillance",)), "with": (100_000.0, ())}
    spent: dict[tuple[str, str], list[float]] = defaultdict(list)
    with ExitStack() as stack:
        runs: dict[str, Run] = {}
        idle: dict[tuple[str, str], float] = {}
        for name, tree in bench.trees.items():
            runs[name] = run = Run(bench, broker, tree, f"{NAME}-back-{name}")
            stack.callback(run.close)
            run.start()
            for how, (_, options) in floors.items():
                idle[name, how] = run.read_back(*options)
            run.count(messages)
        for _ in range(min(bench.rounds, 3)):
            for how, (_, options) in floors.items():
                for name, run in runs.items():
                    spent[name, how].append(run.read_back(*options) - idle[name, how])
    for how, (floor, _) in floors.items():
        rates = {name: number / statistics.median(spent[name, how]) for name in runs}
        row = Row(
            f"rebuild from the log, {how} surveillance",
            rates["here"],
            "events/s a core",
            floor,
            floor,
            more=True,
            before=rates.get("before"),
        )
        bench.add(row)


class Seen:
    """When which number of calls was first seen, by something that looks again and again."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.counts: list[int] = []

    def note(self, count: int) -> None:
        self.times.append(time.perf_counter())
        self.counts.append(count)

    def delays(self, sent: Sequence[float]) -> list[float]:
        """Milliseconds until each call was seen; of those that were."""
        found = []
        for number, at in enumerate(sent, start=1):
            place = bisect_left(self.counts, number)
            if place < len(self.counts):
                found.append(1000 * (self.times[place] - at))
        return found


OFFERED = re.compile(
    rb'watchroom_calls_offered\{area="force",force="warwickshire",line="999",window="month"\} (\S+)'
)


def scrape(run: Run, seen: Seen, ended: Callable[[], bool]) -> None:
    """Looks at /metrics twenty times a second, or as often as it can be had."""
    while not ended():
        found = OFFERED.search(run.get("/metrics"))
        seen.note(int(float(found[1])) if found else 0)
        time.sleep(0.05)


def look(run: Run, seen: Seen, ended: Callable[[], bool]) -> None:
    """Follows the first screen as a browser does."""
    address = f"http://127.0.0.1:{run.port}/events?force={COUNTY.id}&screen=first"
    while not ended():
        try:
            with urllib.request.urlopen(address, timeout=30) as frames:
                for line in frames:
                    if line.startswith(b"data: {") and b'"in_time"' in line:
                        answer = json.loads(line[6:])["in_time"].get("999") or {}
                        seen.note(answer.get("denominator") or 0)
                    if ended():
                        return
        except OSError:
            time.sleep(0.1)


def latency(bench: Bench, broker: str, tree: Path, name: str) -> tuple[list[float], list[float]]:
    """Milliseconds from sending to /metrics and to the screen, of each of a thousand a second."""
    seconds = bench.size(15, 8, 2)
    run = Run(bench, broker, tree, name)
    producer = KafkaProducer(bootstrap_servers=broker, acks=1)
    topic = topics.input_topic(name, "call")
    try:
        run.start()
        stop = threading.Event()
        metrics, screen = Seen(), Seen()
        watchers = [
            threading.Thread(target=scrape, args=(run, metrics, stop.is_set), daemon=True),
            threading.Thread(target=look, args=(run, screen, stop.is_set), daemon=True),
        ]
        for watcher in watchers:
            watcher.start()
        sent: list[float] = []
        begun = time.perf_counter()
        while len(sent) < RATE * seconds:
            due = begun + len(sent) / RATE
            if (now := time.perf_counter()) < due:
                time.sleep(due - now)
            at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
            call = {"kind": "call", "force": COUNTY.id, "id": f"L{len(sent)}", "version": 1}
            call |= {"line": "999", "area": "rugby", "offered_at": at, "answered_at": at}
            producer.send(topic, key=KEY, value=json.dumps({**call, "updated_at": at}).encode())
            sent.append(time.perf_counter())
        producer.flush()
        for seen in (metrics, screen):
            wait_until(lambda seen=seen: len(sent) in seen.counts[-1:], 60, "all calls are seen")
        stop.set()
        for watcher in watchers:
            watcher.join(timeout=30)
        # The first second is not like the others: nothing is counted yet, and no screen connected.
        return metrics.delays(sent)[RATE:], screen.delays(sent)[RATE:]
    finally:
        producer.close()
        run.close()


def latencies(bench: Bench, broker: str) -> None:
    delays: dict[tuple[str, str], list[float]] = defaultdict(list)
    for number in range(bench.size(2, 1, 1)):
        for name, tree in bench.trees.items():
            metrics, screen = latency(bench, broker, tree, f"{NAME}-late-{name}-{number}")
            delays[name, "metrics"] += metrics
            delays[name, "screen"] += screen
    last = {key: p99(each) for key, each in delays.items()}
    for where, words, floor, aim in (
        ("metrics", "/metrics", 300.0, 250.0),
        ("screen", "the screen", 500.0, 400.0),
    ):
        middle = statistics.median(delays["here", where])
        row = Row(
            f"event to {words}, p99 at {RATE:,} a second", last["here", where], "ms", floor, aim
        )
        row.before, row.note = last.get(("before", where)), f"half of them within {middle:.0f} ms"
        bench.add(row)


def p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def quix(bench: Bench, broker: str) -> None:
    """Quix Streams and Watchroom on the same calls, one a message."""
    if bench.peers is None:
        return
    calls = bench.size(20_000, 10_000, 300)
    lines = b"\n".join(core.batches(calls, versions=1)).split(b"\n")
    with topics.admin(broker) as client:
        client.create_topics([NewTopic(f"{NAME}-keyed", 1, 1)])
        client.wait_for_topics([f"{NAME}-keyed"])
    producer = KafkaProducer(bootstrap_servers=broker, acks=1, linger_ms=5)
    keyed = [
        (f"{call['line']}|{call['area']}", line) for line in lines if (call := json.loads(line))
    ]
    # A window closes once a later call of its key has come.
    last = {key: re.sub(rb"2021-03-..T", b"2021-04-09T", line) for key, line in keyed}
    for key, line in [*keyed, *last.items()]:
        producer.send(f"{NAME}-keyed", key=key.encode(), value=line)
    producer.close()
    path = bench.folder / "calls.ndjson"
    path.write_bytes(b"\n".join(lines) + b"\n")
    theirs, ours = [], []
    for number in range(min(bench.rounds, 3)):
        folder = str(bench.folder / f"quix-{number}")
        file = BENCHMARKS / "peers" / "with_quix.py"
        with Child(file, bench.here, bench.core, str(bench.peers)) as child:
            theirs.append(
                child.seconds("count", broker, f"{NAME}-keyed", f"{NAME}-{number}", folder)
            )
            answer = child.ask("figures").value
        run = Run(bench, broker, bench.here, f"{NAME}-quix-{number}")
        try:
            run.start()
            ours.append(run.count([("call", line) for line in lines]))
        finally:
            run.close()
    peers.watchroom(str(path))
    assert peers.agrees(answer, peers.figures()), "Quix Streams counts otherwise than Watchroom"
    each = [1e6 * statistics.median(spent) / calls for spent in (theirs, ours)]
    bench.add(
        Row(
            "Quix Streams, the same calls alone through the same broker",
            each[0],
            "us an event",
            group="peers",
            note=f"Watchroom {each[1]:.1f} us, with surveillance, checkpoints and the board",
        )
    )


PARTS = (cost, rebuild, latencies, quix)


def measure(bench: Bench) -> None:
    try:
        broker = brokers.Kafka(brokers.find())
    except MissingError as missing:
        print(f"    through Kafka: not measured. {missing}")
        return
    try:
        with pinned(bench.other):
            broker.start()
            for part in PARTS:
                part(bench, broker.bootstrap)
    finally:
        broker.close()
