"""The times of each kind of record in the order in which they come, and how long a record lasts.

| kind | begins | longest |
|---|---|---|
| call | `offered_at` | 40 days |
| incident | `opened_at` | 350 days: less than a year, so that a year mistyped by one shows |
| crime | `recorded_at` | 10 years to the outcome |

Any other kind of the registry begins with its first clock, and its times come in the order in which
they are declared.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from streams.registry import times as records
from streams.registry.registry import REGISTRY

LONGEST_WAIT = dt.timedelta(milliseconds=records.LONGEST)
"""The longest wait or response that is counted."""


class RecordTimes(NamedTuple):
    """The times of a kind in the order in which they come, and how long it can last."""

    order: tuple[str, ...] = ()
    begins: str = ""
    lasts_at_most: dt.timedelta = dt.timedelta.max


RECORD_TIMES = {
    "call": RecordTimes(
        (
            "connected_at",
            "offered_at",
            "answered_at",
            "abandoned_at",
            "ended_at",
            "wrapped_up_at",
            "called_back_at",
        ),
        "offered_at",
        LONGEST_WAIT,
    ),
    "incident": RecordTimes(
        (
            "opened_at",
            "graded_at",
            "dispatched_at",
            "arrived_at",
            "recontacted_at",
            "closed_at",
        ),
        "opened_at",
        dt.timedelta(days=350),
    ),
    "crime": RecordTimes(("recorded_at", "outcome_at"), "recorded_at", dt.timedelta(days=3_653)),
    "reading": RecordTimes(),
    "heartbeat": RecordTimes(),
}
for _kind in REGISTRY.kinds.values():
    _begins, *_ = _kind.clocks
    RECORD_TIMES.setdefault(
        _kind.name, RecordTimes((_begins, *(time.field for time in _kind.times)), _begins)
    )
COMMITTED = frozenset({"committed_from", "committed_to"})
"""When a crime was committed. Offences come to light after decades, so only the future is wrong."""
DUE = frozenset({"recontact_due_at"})
"""Times that lie ahead: nothing has happened yet, so they say nothing of when the record was so."""
