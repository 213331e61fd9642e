"""When an event line became known, read without decoding the rest of it."""

from __future__ import annotations

import datetime as dt

import msgspec

from streams.periods import to_ms


class _Dated(msgspec.Struct):
    updated_at: dt.datetime | None = None
    at: dt.datetime | None = None


_read_dated = msgspec.json.Decoder(_Dated).decode


def instant_of(line: bytes) -> int | None:
    """When a line became known (its `updated_at`), in ms; None where that can't be read."""
    try:
        found = _read_dated(line)
        stamp = found.updated_at or found.at
        return to_ms(stamp) if stamp is not None else None
    except (msgspec.MsgspecError, RecursionError, UnicodeError, TypeError):
        return None
