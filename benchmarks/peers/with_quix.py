"""Quix Streams: tumbling windows over a topic, one event a message, keyed by line and area.

As its documentation has it: an event's own time by a timestamp extractor, `agg` with `Count` and
`Sum`, `final` windows, state in RocksDB with a changelog topic.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import quixstreams.dataframe.windows.aggregations as agg
from quixstreams import Application
from windows import WINDOW, Counts, Key, by_day

QUIET = 4.0
"""Seconds without a message after which all has been read."""


class Call(msgspec.Struct, gc=False):
    line: str
    area: str
    offered_at: dt.datetime
    answered_at: dt.datetime | None = None


decode = msgspec.json.Decoder(Call).decode
found: dict[Key, Counts] = {}


def parsed(value: bytes, *_: Any) -> dict[str, Any]:
    """A message as a row: what is counted of it, and its own time."""
    call = decode(value)
    wait = (
        None if call.answered_at is None else (call.answered_at - call.offered_at).total_seconds()
    )
    return {
        "at": int(call.offered_at.timestamp() * 1000),
        "answered": int(wait is not None),
        "within": int(wait is not None and wait <= 10),
    }


def count(broker: str, topic: str, group: str, folder: str) -> None:
    """Reads the whole topic."""
    application = Application(
        broker_address=broker,
        consumer_group=group,
        auto_offset_reset="earliest",
        state_dir=folder,
        loglevel="WARNING",
    )
    calls = application.topic(
        topic,
        key_deserializer="str",
        value_deserializer="bytes",
        timestamp_extractor=lambda value, *_: parsed(value)["at"],
    )
    windows = (
        application.dataframe(calls)
        .apply(parsed)
        .tumbling_window(dt.timedelta(seconds=WINDOW), grace_ms=dt.timedelta(hours=1))
        .agg(offered=agg.Count(), answered=agg.Sum("answered"), within=agg.Sum("within"))
        .final()
    )

    def keep(row: dict[str, Any], key: str, *_: Any) -> None:
        line, area = key.split("|")
        window = row["start"] // (WINDOW * 1000)
        found[line, area, window] = (row["offered"], row["answered"], row["within"])

    windows.update(keep, metadata=True)
    application.run(timeout=QUIET, collect=False)


def figures() -> dict[str, list[int]]:
    return by_day(found.items())
