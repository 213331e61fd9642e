"""`publish` against a real broker: what arrives, where, in what order, and what is refused."""

import json
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.partitioner.default import murmur2

from streams.cli import main
from streams.cli.publish import publish as command
from streams.config.force import find_force
from streams.errors import KafkaError, SourceError
from streams.kafka.publisher import publish
from streams.kafka.topics import INPUT_TOPICS
from streams.sources import Chunk, open_source
from tests.servers.kafka import Kafka
from tests.servers.process import PATIENCE, wait_until

FORCES = {name: find_force(name) for name in ("warwickshire", "west-mercia", "city-of-london")}
PARTITIONS = 6
SMALL_LIMIT = 2_000


@pytest.fixture
def prefix(kafka: Kafka, topic_prefix: str) -> Iterator[str]:
    """Topics of six partitions each; that of readings takes messages of 2,000 bytes at the most."""
    prefix = topic_prefix.rstrip(".")  # `publish` takes either
    topics = {f"{prefix}.{name}": {"num_partitions": PARTITIONS} for name in INPUT_TOPICS.values()}
    topics[f"{prefix}.readings"]["configs"] = {"max.message.bytes": str(SMALL_LIMIT)}  # type: ignore[assignment]
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics(topics, wait_for_metadata=True)
    yield prefix
    admin.delete_topics(list(topics))
    admin.close()


def messages(kafka: Kafka, topic: str) -> list[tuple[int, bytes, list[bytes]]]:
    """Everything in a topic, as (partition, key, lines)."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    partitions = [TopicPartition(topic, n) for n in range(PARTITIONS)]
    consumer.assign(partitions)
    ends = consumer.end_offsets(partitions)
    found = []
    deadline = time.monotonic() + 20 * PATIENCE
    while any(consumer.position(p) < ends[p] for p in partitions):
        assert time.monotonic() < deadline
        for records in consumer.poll(timeout_ms=200).values():
            found += [(r.partition, r.key, r.value.split(b"\n")) for r in records]
    consumer.close()
    return found


def event(kind: str, force: str, number: int, **more: object) -> bytes:
    record = {"kind": kind, "force": force, "id": str(number), "updated_at": "2021-03-01T00:00:00Z"}
    return json.dumps({**record, **more}).encode()


def chunk(*lines: bytes) -> Chunk:
    return Chunk(b"\n".join(lines), "events.ndjson", range(1, len(lines) + 1))


def letters(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_line_arrives_once_in_batches_of_the_asked_size(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    lines = [event("call", "warwickshire", n) for n in range(1000)]
    tally = publish(
        [chunk(*lines)], kafka.bootstrap, prefix, forces=FORCES, batch=300,
        dead_letters=tmp_path / "refused",
    )  # fmt: skip
    arrived = messages(kafka, f"{prefix}.calls")
    assert [len(batch) for _, _, batch in arrived] == [300, 300, 300, 100]
    assert [line for _, _, batch in arrived for line in batch] == lines
    assert (tally.sent, tally.messages, tally.read) == ({"call": 1000}, 4, 1000)
    assert not (tmp_path / "refused").exists()


def test_a_message_holds_one_kind_and_goes_to_its_topic(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    beat = b'{"kind":"heartbeat","force":"warwickshire","feed":"c","at":"2021-03-01T00:00:00Z"}'
    lines = [event(k, "warwickshire", n) for n in range(5) for k in ("call", "incident", "crime")]
    publish(
        [chunk(*lines, beat)], kafka.bootstrap, prefix, forces=FORCES, dead_letters=tmp_path / "r"
    )
    kinds = {
        name: [
            json.loads(line)["kind"]
            for _, _, b in messages(kafka, f"{prefix}.{name}")
            for line in b
        ]
        for name in INPUT_TOPICS.values()
    }
    assert kinds == {
        "calls": ["call"] * 5, "incidents": ["incident"] * 5, "crimes": ["crime"] * 5,
        "readings": [], "heartbeats": ["heartbeat"],
    }  # fmt: skip


def test_forces_of_one_partition_group_share_key_partition_and_order(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    names = ["warwickshire", "west-mercia", "city-of-london"]
    lines = [event("call", names[n % 3], n) for n in range(900)]
    publish(
        [chunk(*lines)], kafka.bootstrap, prefix, forces=FORCES, batch=7,
        dead_letters=tmp_path / "r",
    )  # fmt: skip
    arrived: dict[bytes, list[bytes]] = defaultdict(list)
    where: dict[bytes, set[int]] = defaultdict(set)
    for partition, key, batch in messages(kafka, f"{prefix}.calls"):
        arrived[key] += batch
        where[key].add(partition)
    shared = FORCES["warwickshire"].partition_group.encode()
    assert FORCES["west-mercia"].partition_group.encode() == shared
    assert arrived == {
        shared: [line for n, line in enumerate(lines) if n % 3 < 2],
        b"city-of-london": [line for n, line in enumerate(lines) if n % 3 == 2],
    }
    assert where == {key: {(murmur2(key) & 0x7FFFFFFF) % PARTITIONS} for key in arrived}


def test_lines_that_no_monitor_could_read_are_refused_with_file_line_and_bytes(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    lines = [
        event("call", "warwickshire", 1), b'{"kind":"call"', b"\xff\xfe", event("call", "mars", 4),
        b'{"kind":"call","force":"warwickshire"}', event("call", "warwickshire", 6),
    ]  # fmt: skip
    tally = publish(
        [chunk(*lines)], kafka.bootstrap, prefix, forces=FORCES, dead_letters=tmp_path / "r"
    )
    assert tally.refused == {"not_json": 2, "unknown_force": 1, "wrong_form": 1}
    refused = letters(tmp_path / "r")
    assert [(x["reason"], x["origin"]) for x in refused] == [
        ("not_json", "events.ndjson:2"), ("not_json", "events.ndjson:3"),
        ("unknown_force", "events.ndjson:4"), ("wrong_form", "events.ndjson:5"),
    ]  # fmt: skip
    assert refused[0]["raw"] == '{"kind":"call"'
    assert refused[1]["raw_base64"] == "//4="
    assert [b for _, _, b in messages(kafka, f"{prefix}.calls")] == [[lines[0], lines[5]]]


def test_a_line_above_the_message_limit_is_refused_here_and_never_sent(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    small = event("reading", "warwickshire", 1)
    big = event("reading", "warwickshire", 2, note="x" * SMALL_LIMIT)
    tally = publish(
        [chunk(big, small)], kafka.bootstrap, prefix, forces=FORCES, dead_letters=tmp_path / "r"
    )
    assert (tally.sent, tally.refused) == ({"reading": 1}, {"too_large": 1})
    assert letters(tmp_path / "r")[0]["raw"].encode() == big
    assert [b for _, _, b in messages(kafka, f"{prefix}.readings")] == [[small]]


def test_a_line_above_the_brokers_own_limit_is_refused(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    big = event("call", "warwickshire", 2, note="x" * 1_100_000)
    near = event("call", "warwickshire", 3, note="x" * 1_040_000)
    tally = publish(
        [chunk(big, near)], kafka.bootstrap, prefix, forces=FORCES, dead_letters=tmp_path / "r"
    )
    assert (tally.sent, tally.refused) == ({"call": 1}, {"too_large": 1})


def test_batches_are_split_below_the_message_limit(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    lines = [event("reading", "warwickshire", n) for n in range(100)]
    tally = publish(
        [chunk(*lines)], kafka.bootstrap, prefix, forces=FORCES, dead_letters=tmp_path / "r"
    )
    arrived = messages(kafka, f"{prefix}.readings")
    assert [line for _, _, b in arrived for line in b] == lines
    assert tally.messages == len(arrived) > 1
    assert max(len(b"\n".join(b)) for _, _, b in arrived) < SMALL_LIMIT


def test_a_missing_topic_is_named_with_the_cure(kafka: Kafka, tmp_path: Path) -> None:
    lines = chunk(event("call", "warwickshire", 1))
    with pytest.raises(KafkaError, match=r"nowhere\.calls.* watchroom topics create"):
        publish([lines], kafka.bootstrap, "nowhere", forces=FORCES, dead_letters=tmp_path / "r")


def test_what_came_before_a_damaged_part_of_the_input_is_sent(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    def source() -> Iterator[Chunk]:
        yield chunk(event("call", "warwickshire", 1))
        raise SourceError("events.gz: damaged")

    with pytest.raises(SourceError, match="damaged"):
        publish(source(), kafka.bootstrap, prefix, forces=FORCES, dead_letters=tmp_path / "r")
    assert [len(b) for _, _, b in messages(kafka, f"{prefix}.calls")] == [1]


def run(*arguments: str) -> click.testing.Result:
    return CliRunner().invoke(command, list(arguments))


def main_run(*arguments: str) -> click.testing.Result:
    return CliRunner().invoke(main, list(arguments))


def test_the_command_tells_what_was_sent_and_ends_with_0(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(event("call", "warwickshire", n) for n in range(5)))
    result = run(str(file), "--broker", kafka.bootstrap, "--prefix", f"{prefix}.")
    assert result.exit_code == 0
    assert "Sent 5 calls in 1 messages" in result.output


def test_the_command_names_what_was_refused_and_the_cure(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    file, refused = tmp_path / "events.ndjson", tmp_path / "refused.ndjson"
    file.write_bytes(event("call", "warwickshire", 1) + b"\nnonsense\n")
    result = run(
        str(file), "--broker", kafka.bootstrap, "--prefix", prefix,
        "--dead-letters", str(refused),
    )  # fmt: skip
    assert result.exit_code == 0
    assert f"Refused 1 row; see {refused}:" in result.output
    assert f"  not_json 1: {file}:2: " in result.output
    assert letters(refused)[0]["origin"] == f"{file}:2"


def test_the_command_ends_with_3_where_every_row_was_refused(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    file, refused = tmp_path / "events.ndjson", tmp_path / "refused.ndjson"
    file.write_bytes(b"nonsense\nmore of it\n")
    result = run(
        str(file), "--broker", kafka.bootstrap, "--prefix", prefix,
        "--dead-letters", str(refused),
    )  # fmt: skip
    assert result.exit_code == 3
    assert result.output.splitlines()[-1] == (
        "Much of the input was refused (every row): exit code 3."
    )


def day(number: int) -> str:
    return f"2021-{1 + number // 28:02d}-{1 + number % 28:02d}T10:00:00Z"


def opened(number: int, id_: str) -> bytes:
    times = {"opened_at": day(number), "updated_at": day(number), "category": "asb"}
    record = {"kind": "incident", "force": "warwickshire", "id": id_, **times}
    return json.dumps(record).encode()


def test_files_are_sent_in_the_order_of_time(kafka: Kafka, prefix: str, tmp_path: Path) -> None:
    april, march = tmp_path / "a.ndjson", tmp_path / "b.ndjson"
    april.write_bytes(b"\n".join([opened(90, "4"), opened(88, "3")]))
    march.write_bytes(b"\n".join([opened(60, "2"), opened(59, "1")]))
    result = run(str(april), str(march), "--broker", kafka.bootstrap, "--prefix", prefix)
    assert result.exit_code == 0, result.output
    arrived = [json.loads(x)["id"] for _, _, b in messages(kafka, f"{prefix}.incidents") for x in b]
    assert arrived == ["1", "2", "3", "4"]


def test_history_that_would_be_refused_as_sealed_is_not_sent(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    live, old = tmp_path / "live.ndjson", tmp_path / "old.ndjson"
    live.write_bytes(b"\n".join(opened(100 + n % 9, f"live-{n}") for n in range(1200)))
    old.write_bytes(b"\n".join([opened(10, "a"), opened(20, "b"), opened(99, "c")]))
    ours = ["--broker", kafka.bootstrap, "--prefix", prefix, "--batch", "7"]
    assert run(str(live), *ours).exit_code == 0
    before = len(messages(kafka, f"{prefix}.incidents"))
    result = main_run("publish", str(old), *ours)
    assert result.exit_code == 1
    assert (
        "2 of 3 rows would be refused there as sealed (incidents of warwickshire from before "
        "2021-03-21): they are new, and older than the horizon behind the newest record of their "
        f"feed. Nothing was sent. Publish history before the feed starts, or into topics of its "
        f"own: watchroom topics create --prefix {prefix}-history, then publish with --prefix "
        f"{prefix}-history" in result.output
    )
    assert len(messages(kafka, f"{prefix}.incidents")) == before
    old.write_bytes(opened(99, "c"))
    assert run(str(old), *ours).exit_code == 0


def test_files_that_were_sent_in_part_can_be_sent_again_as_a_whole(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    file = tmp_path / "months.ndjson"
    known = [opened(number, f"known-{number}") for number in range(0, 100, 3)]
    file.write_bytes(b"\n".join(known))
    ours = ["--broker", kafka.bootstrap, "--prefix", prefix]
    assert run(str(file), *ours).exit_code == 0
    file.write_bytes(b"\n".join([*known, opened(98, "more")]))
    result = main_run("publish", str(file), *ours)
    assert result.exit_code == 0, result.output
    file.write_bytes(b"\n".join([*known, opened(1, "new")]))
    result = main_run("publish", str(file), *ours)
    assert result.exit_code == 1
    assert "1 of 35 rows would be refused there as sealed" in result.output


def test_ctrl_c_sends_what_was_read_and_says_how_far_it_got(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    letters = tmp_path / "refused.ndjson"
    arguments = ["publish", "-", "--broker", kafka.bootstrap, "--prefix", prefix]
    arguments += ["--dead-letters", str(letters)]
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    lines = [event("call", "warwickshire", n).decode() for n in range(39)]
    process.stdin.write("\n".join([*lines, "rubbish"]) + "\n")
    process.stdin.flush()
    wait_until(letters.exists, 60, "it has connected and read all")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30 * PATIENCE)
    assert process.returncode == 130
    assert "Stopped by Ctrl-C after 40 rows. The last row sent was standard input:40." in output
    assert [len(b) for _, _, b in messages(kafka, f"{prefix}.calls")] == [39]


def test_a_month_of_street_level_crime_arrives_whole(
    kafka: Kafka, prefix: str, tmp_path: Path
) -> None:
    sample = Path(__file__).parents[2] / "streams/samples/2022-01-warwickshire-street.csv.gz"
    tally = publish(
        open_source(sample), kafka.bootstrap, prefix, forces=FORCES, dead_letters=tmp_path / "r"
    )
    arrived = [
        json.loads(line)
        for name in ("crimes", "incidents")
        for _, _, batch in messages(kafka, f"{prefix}.{name}")
        for line in batch
    ]
    assert len(arrived) == tally.sent.total() == tally.read
    assert {record["force"] for record in arrived} == {"warwickshire"}


def test_brokers_out_of_reach_are_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.brokers.BOOTSTRAP_SECONDS", 0.3)
    with pytest.raises(KafkaError, match=r"127\.0\.0\.1:1 can't be reached.*--broker"):
        publish([], "127.0.0.1:1", forces=FORCES, dead_letters=tmp_path / "r")


def test_an_address_that_is_none_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(KafkaError, match="localhost:port can't be reached"):
        publish([], "localhost:port", forces=FORCES, dead_letters=tmp_path / "r")
