"""What one batch of the log may hold once it is unpacked.

A message of 19 kB can stand for 600 MiB of blanks, and whoever reads the log reads it again after
each restart. So a batch is unpacked up to `MOST_BYTES`, and what goes beyond is given up: in its
place comes one message with the batch's last offset, whose value (`GivenUp`) says which offsets it
stands for. It becomes one dead letter, and the log has the batch as long as it keeps it.

The limit is set where aiokafka and kafka-python unpack, so that it holds for all that read through
them: the stream of the worker and reading back, and a log that is replayed or looked through.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from functools import wraps
from importlib import import_module
from typing import Any, NamedTuple

import aiokafka.consumer.fetcher
import cramjam
import kafka.codec
import kafka.consumer.fetcher
import zstandard
from aiokafka.codec import snappy_decode

from streams.errors import KafkaError
from streams.kafka.lots import KafkaMessage

MOST_BYTES = 32 << 20
"""Of a batch: producers make batches of at most some MiB before they pack them."""
MOST_LINES = 100_000
"""Of a message, blank ones among them. Producers of Watchroom send 300."""
MOST_OF_MESSAGE = 16 << 20
"""Bytes of a message."""
KEPT_BYTES = 1 << 16
"""Bytes of a message that was given up which stand in its dead letter."""
TOO_LARGE = "too_large"

_LZ4_RATIO = 255
"""No lz4 expands by more (LZ4 block format: a byte of length adds at most 255)."""
_MODULES = (
    "aiokafka.record.default_records",
    "aiokafka.record.legacy_records",
    "aiokafka.record._crecords.default_records",
    "aiokafka.record._crecords.legacy_records",
    "kafka.record.default_records",
    "kafka.record.legacy_records",
)
"""Where aiokafka and kafka-python look their decoders up."""


class TooMuch(KafkaError):
    """A batch holds more than `MOST_BYTES`."""


class GivenUp(bytes):
    """The value of a message that stands for a batch which was not unpacked; it is empty."""

    words = ""
    """Which offsets it stands for, and why."""


def refusal(message: KafkaMessage) -> str | None:
    """Why a message is not folded at all, in words; None where it is."""
    value = message.value
    if isinstance(value, GivenUp):
        return value.words
    if value is None or len(value) < MOST_LINES:
        return None
    if len(value) > MOST_OF_MESSAGE:
        return f"the message has {len(value):,} bytes, and at most {MOST_OF_MESSAGE:,} are read"
    if (found := value.count(b"\n") + 1) > MOST_LINES:
        return f"the message has {found:,} lines, and at most {MOST_LINES:,} are read"
    return None


# -- unpacking up to a limit -----------------------------------------------------------------------

Decode = Callable[[Any], bytes]


def gzip(packed: Any, most: int = MOST_BYTES) -> bytes:
    """All members of a gzip stream; raises `TooMuch`, and zlib's error where it is damaged."""
    data, out = bytes(packed), b""
    while data:
        member = zlib.decompressobj(wbits=31)
        out += member.decompress(data, most + 1 - len(out))
        if len(out) > most or member.unconsumed_tail:
            raise TooMuch
        if not member.eof:
            raise zlib.error("the gzip stream ends in the middle")
        data = member.unused_data
    return out


def zstd(packed: Any, most: int = MOST_BYTES) -> bytes:
    """All frames of a Zstandard stream; raises `TooMuch`."""
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed), read_across_frames=True)
    out: bytes = reader.read(most + 1)
    if len(out) > most:
        raise TooMuch
    return out


def lz4(packed: Any, most: int = MOST_BYTES) -> bytes:
    """An lz4 frame; raises `TooMuch`, and cramjam's error where it is damaged."""
    data = bytes(packed)
    if len(data) * _LZ4_RATIO <= most:
        return bytes(cramjam.lz4.decompress(data))
    room = bytearray(most)
    try:
        size = cramjam.lz4.decompress_into(data, room)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            raise TooMuch from None
        raise
    return bytes(memoryview(room)[:size])


def snappy(packed: Any, most: int = MOST_BYTES) -> bytes:
    """Snappy, alone or in the blocks of xerial; raises `TooMuch`."""
    data = bytes(packed)
    if sum(map(_snappy_size, _snappy_blocks(data))) > most:
        raise TooMuch
    return snappy_decode(data) if len(data) != _XERIAL_HEAD else b""


_XERIAL, _XERIAL_HEAD = b"\x82SNAPPY\x00", 16
"""How a stream in blocks begins, and how long its head is."""


def _snappy_blocks(data: bytes) -> Iterator[bytes]:
    if not data.startswith(_XERIAL):
        yield data
        return
    at = _XERIAL_HEAD
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


def _snappy_size(block: bytes) -> int:
    """The size that a block says it has, a little-endian varint."""
    size = 0
    for place, byte in enumerate(block[:5]):
        size |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            break
    return size


_DECODERS: dict[str, Decode] = {
    "gzip_decode": gzip,
    "snappy_decode": snappy,
    "lz4_decode": lz4,
    "zstd_decode": zstd,
}


# -- in the clients --------------------------------------------------------------------------------


class _StandIn(NamedTuple):
    """A record in place of a batch, with what the clients ask of one."""

    offset: int
    timestamp: int
    value: GivenUp
    timestamp_type: int = 0
    key: bytes | None = None
    headers: tuple[()] = ()
    checksum: None = None
    size_in_bytes: int = 0

    def validate_crc(self) -> bool:
        """True: the batch was checked."""
        return True


class _LimitedBatch:
    """A batch that gives its records, or the one that stands in for them."""

    def __init__(self, batch: Any) -> None:
        self._batch: Any = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(self._batch)  # which unpacks all of it
        except TooMuch:
            return iter((given_up(self._batch),))


class _LimitedRecords:
    """What a fetch brought of a partition, batch by batch."""

    def __init__(self, records: Any) -> None:
        self._records = records

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        return None if batch is None else _LimitedBatch(batch)


def given_up(batch: Any) -> _StandIn:
    """What stands in for a batch."""
    first, last = batch.base_offset, batch.next_offset - 1
    value = GivenUp()
    which = f"message {last}" if first == last else f"messages {first} to {last}"
    value.words = (
        f"{which} of the partition hold more than {MOST_BYTES:,} bytes once they are unpacked, "
        "and were not read"
    )
    return _StandIn(last, max(0, batch.max_timestamp or 0), value)


def limit_unpacking() -> None:
    """Has all that is read through aiokafka and kafka-python from now on unpacked up to the limit;
    doing it twice changes nothing."""
    for name in _MODULES:
        module = import_module(name)
        for decoder, limited in _DECODERS.items():
            if hasattr(module, decoder):  # messages of old forms know no Zstandard
                setattr(module, decoder, limited)
    # For these kafka-python would want libraries of its own.
    kafka.codec.has_snappy = kafka.codec.has_lz4 = lambda: True
    _limit(aiokafka.consumer.fetcher.PartitionRecords, 1)
    _limit(kafka.consumer.fetcher.Fetcher.PartitionRecords, 2)


def _limit(kind: Any, place: int) -> None:
    """Limits the records that a class gets as the argument at this place."""
    begin = kind.__init__
    if hasattr(begin, "__wrapped__"):
        return

    @wraps(begin)
    def begin_limited(self: Any, *given: Any, **options: Any) -> None:
        records = _LimitedRecords(given[place])
        begin(self, *given[:place], records, *given[place + 1 :], **options)

    kind.__init__ = begin_limited
