"""Lines in a wrong partition: the words of their dead letters, and when they are a trouble."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import Monitor, Shard
from streams.config.force import find_force
from streams.kafka.partition import Partition, fingerprint
from streams.kafka.topics import partition_of
from streams.kafka.wrong_partition import EVERY, MANY, WINDOW, MisplacedLines, misplaced, shown
from streams.live import Live
from streams.periods import MINUTE
from streams.state.snapshot import Identity
from tests.build import Record, call, lines, ms

FORCE = find_force("warwickshire")
KEY = b"warwickshire-west-mercia"
AT = ms("2021-03-01T10:00:00Z")


def test_a_right_key_in_a_wrong_partition_names_the_clients_option() -> None:
    assert misplaced(FORCE, "w.calls", 22, KEY, 24).words == (
        '"warwickshire" came in partition 22 of w.calls and belongs in 6; its key was '
        '"warwickshire-west-mercia". The key is right, its hash is not: librdkafka '
        "(C, Python's confluent-kafka, .NET, Go, Node, kcat) needs partitioner=murmur2_random. "
        "See docs/kafka.md"
    )


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (b"warwickshire", 'its key was "warwickshire". Send it with the key "warwickshire-west'),
        (None, 'its key was none. Send it with the key "warwickshire-west-mercia"'),
        (b"", 'its key was "". Send it with the key "warwickshire-west-mercia"'),
    ],
)
def test_another_key_names_the_right_one(key: bytes | None, words: str) -> None:
    found = misplaced(FORCE, "w.calls", 22, key, 24).words
    assert words in found
    assert "also needs partitioner=murmur2_random" in found


def test_a_partition_that_should_not_be_there_is_a_fault_of_the_topic() -> None:
    found = misplaced(FORCE, "w.calls", 24, KEY, 24).words
    assert "The topic must have 24 partitions: watchroom topics check" in found
    lately = refused(MANY)
    assert lately.trouble(AT, {"w.crimes"}) is not None
    assert lately.trouble(AT, {"w.calls"}) is None


@given(st.binary(max_size=200))
def test_a_key_is_shown_as_short_printable_text_on_one_line(key: bytes) -> None:
    text = shown(key)
    assert text.isprintable()
    assert len(text) <= 63
    assert text[0] == text[-1] == '"'
    assert '"' not in text[1:-1]


def refused(number: int, *, at: int = AT) -> MisplacedLines:
    lately = MisplacedLines()
    lately.counted("w.calls", 22, at + 10)
    for n in range(number):
        lately.refused(misplaced(FORCE, "w.calls", 22, KEY, 24), at + n)
    return lately


def test_ten_lines_within_ten_minutes_are_a_trouble_that_ends_when_they_stop() -> None:
    assert refused(MANY - 1).trouble(AT) is None
    lately = refused(MANY)
    assert lately.trouble(AT) == (
        "lines come in a wrong partition, uncounted. Their producer needs "
        'partitioner=murmur2_random. The latest: "warwickshire" came in partition 22 of w.calls '
        'and belongs in 6; its key was "warwickshire-west-mercia". See docs/kafka.md, then: '
        "watchroom deadletter retry --reason wrong_partition"
    )
    assert lately.trouble(AT + WINDOW - 1) is not None
    assert lately.trouble(AT + WINDOW) is None
    assert lately.trouble(AT + WINDOW + MANY) is None


def test_ten_lines_over_more_than_ten_minutes_are_none() -> None:
    lately = MisplacedLines()
    lately.counted("w.calls", 22, AT + 4 * WINDOW)
    for n in range(2 * MANY):
        lately.refused(
            misplaced(FORCE, "w.calls", 22, KEY, 24), AT + n * (WINDOW // (MANY - 1) + 1)
        )
        assert lately.trouble(AT + n * (WINDOW // (MANY - 1) + 1)) is None


def test_a_few_lines_are_a_trouble_where_nothing_else_is_counted_in_their_partition() -> None:
    lately = MisplacedLines()
    for n in range(EVERY):
        assert lately.trouble(AT) is None
        lately.refused(misplaced(FORCE, "w.crimes", 22, KEY, 24), AT + n)
    assert lately.trouble(AT) is not None
    lately.counted("w.crimes", 6, AT + 5)  # another partition
    assert lately.trouble(AT) is not None
    lately.counted("w.crimes", 22, AT + 5)
    assert lately.trouble(AT) is None


def test_lines_that_are_read_back_from_long_ago_are_no_trouble() -> None:
    assert refused(500, at=AT - WINDOW - 600).trouble(AT) is None


def test_a_partition_words_its_dead_letters_and_notes_what_it_counts(tmp_path: Path) -> None:
    forces = (find_force("warwickshire"), find_force("west-mercia"))
    live = Live(Monitor(forces, all_shards=False))
    identity = Identity("c", "w.calls", "id", 3, fingerprint("call", ()), ())
    partition = Partition(live, Shard("call", ()), tmp_path / "p", identity, "w", 24)
    line = lines([call("a", force="warwickshire", area=None)])
    for offset in range(EVERY):
        asyncio.run(partition.fold([Record(offset, line + b"\nrubbish\n", AT, KEY)]))
    right = partition_of("warwickshire-west-mercia", 24)
    letters = [
        {name: text.decode() for name, text in message.headers}
        for _, message in asyncio.run(partition._take()).made_outbox()
    ]
    assert [each["reason"] for each in letters] == ["wrong_partition", "not_json"] * EVERY
    assert f"came in partition 3 of w.calls and belongs in {right}" in letters[0]["detail"]
    assert partition.misplaced_lines.trouble(AT) is not None
    assert partition.misplaced_lines.trouble(AT + 10 * MINUTE) is None
    assert json.loads(line)["force"] == "warwickshire"


def test_a_message_with_any_line_that_is_counted_counts_for_its_partition(tmp_path: Path) -> None:
    forces = (FORCE, find_force("city-of-london"))
    live = Live(Monitor(forces, all_shards=False))
    identity = Identity("c", "w.calls", "id", 6, fingerprint("call", [FORCE]), ("warwickshire",))
    partition = Partition(live, Shard("call", [FORCE]), tmp_path / "p", identity, "w", 24)
    for offset in range(EVERY):
        mine = call(f"m{offset}", force="warwickshire")
        other = call(f"o{offset}", force="city-of-london")
        asyncio.run(partition.fold([Record(offset, lines([mine, other]), AT + offset, KEY)]))
    assert partition.refused == {"wrong_partition": EVERY}
    assert partition.misplaced_lines.trouble(AT) is None
