"""What a batch of the log may hold once it is unpacked."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import cramjam
import pytest
import zstandard
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from kafka.consumer.fetcher import Fetcher, IsolationLevel
from kafka.record import MemoryRecords as PythonRecords

from streams.kafka import log_reader, unpacking
from streams.kafka.unpacking import GivenUp, TooMuch, limit_unpacking, refusal
from tests.build import Record

MOST = 100_000
CODECS: list[tuple[Callable[[Any, int], bytes], Callable[[bytes], bytes]]] = [
    (unpacking.gzip, gzip_encode),
    (unpacking.zstd, zstd_encode),
    (unpacking.lz4, lz4_encode),
    (unpacking.snappy, snappy_encode),
    (unpacking.snappy, lambda data: snappy_encode(data, xerial_compatible=False)),
]
NAMES = ["gzip", "zstd", "lz4", "snappy in blocks", "snappy"]
PACKED = [1, 2, 3, 4]
"""gzip, snappy, lz4, zstd: as the log numbers them."""


@pytest.mark.parametrize(("unpack", "pack"), CODECS, ids=NAMES)
def test_what_is_within_the_limit_comes_out_as_it_went_in(
    unpack: Callable[[Any, int], bytes], pack: Callable[[bytes], bytes]
) -> None:
    for data in (b"a call", bytes(range(256)) * 300, b" " * MOST):
        assert unpack(memoryview(pack(data)), MOST) == data


@pytest.mark.parametrize(("unpack", "pack"), CODECS, ids=NAMES)
def test_one_byte_more_is_too_much(
    unpack: Callable[[Any, int], bytes], pack: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(TooMuch):
        unpack(pack(b" " * (MOST + 1)), MOST)


@pytest.mark.parametrize(("unpack", "pack"), CODECS, ids=NAMES)
def test_what_is_damaged_is_an_error_of_its_own(
    unpack: Callable[[Any, int], bytes], pack: Callable[[bytes], bytes]
) -> None:
    packed = bytes(pack(bytes(range(256)) * 8))
    with pytest.raises((zlib.error, zstandard.ZstdError, cramjam.DecompressionError)):
        unpack(b"\0\0" + packed[2:], MOST)


def test_members_of_gzip_and_frames_of_zstandard_are_added_up() -> None:
    data = b" " * 60_000
    for unpack, one in (
        (unpacking.gzip, gzip.compress(data)),
        (unpacking.zstd, zstandard.compress(data)),
    ):
        assert unpack(one + one, 120_000) == data + data
        with pytest.raises(TooMuch):
            unpack(one + one, 119_999)


def batch(first: int, values: list[bytes], codec: int) -> bytes:
    """A batch as it lies in the log; `first` is the offset of its first message."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 30,
    )
    for number, value in enumerate(values):
        builder.append(number, timestamp=1_000, key=None, value=value, headers=[])
    return first.to_bytes(8, "big") + bytes(builder.build())[8:]


def read(*batches: bytes) -> list[tuple[int, bytes]]:
    """(offset, value) of what aiokafka makes of batches that lie one after the other."""
    records = PartitionRecords(
        TopicPartition("w.calls", 0), MemoryRecords(b"".join(batches)), [], 0, None, None, True,
        READ_COMMITTED,
    )  # fmt: skip
    return [(each.offset, each.value) for each in records]


def read_in_python(*batches: bytes) -> list[tuple[int, bytes]]:
    """The same of kafka-python, which reads logs that are replayed."""
    records = Fetcher.PartitionRecords(
        0, TopicPartition("w.calls", 0), PythonRecords(b"".join(batches)),
        isolation_level=IsolationLevel.READ_COMMITTED,
    )  # fmt: skip
    return [(each.offset, each.value) for each in records.take()]


@pytest.mark.parametrize("read", [read, read_in_python])
@pytest.mark.parametrize("codec", PACKED)
def test_a_batch_that_holds_too_much_is_passed_over_and_what_follows_is_read(
    codec: int, read: Callable[..., list[tuple[int, bytes]]]
) -> None:
    limit_unpacking()
    limit_unpacking()  # as a second worker of a process does
    blanks = b"\n" * (33 << 20)
    found = read(
        batch(0, [b"a", b"b"], codec),
        batch(2, [b"c", blanks, b"d"], codec),
        batch(5, [b"e"], codec),
    )
    assert [offset for offset, _ in found] == [0, 1, 4, 5]
    assert [value for _, value in found] == [b"a", b"b", b"", b"e"]
    value = found[2][1]
    assert isinstance(value, GivenUp)
    assert value.words == (
        "messages 2 to 4 of the partition hold more than 33,554,432 bytes once they are unpacked, "
        "and were not read"
    )


def test_a_log_that_is_replayed_is_unpacked_up_to_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limited: list[str] = []
    monkeypatch.setattr(log_reader, "limit_unpacking", lambda: limited.append("before"))
    monkeypatch.setattr(log_reader, "connected", lambda *_, **__: ExitStack())
    with log_reader.reader("a:1"):
        assert limited == ["before"]


def test_a_message_of_very_many_lines_or_bytes_is_refused_as_a_whole() -> None:
    assert refusal(Record(0, b"x\n" * 99_999, 0)) is None
    assert refusal(Record(0, None, 0)) is None
    assert refusal(Record(0, b"\n" * 100_000, 0)) == (
        "the message has 100,001 lines, and at most 100,000 are read"
    )
    assert refusal(Record(0, b" " * (16 << 20) + b"x", 0)) == (
        "the message has 16,777,217 bytes, and at most 16,777,216 are read"
    )
