"""The figures of calls and incidents counted the slow, plain way: no panes, no bins, no packing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from math import ceil
from typing import Any

Record = dict[str, Any]


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def winners(records: Iterable[Record]) -> list[Record]:
    """The winning version of each id, without the deleted. Ties must have equal content."""
    best: dict[tuple[str, str], tuple[tuple[float, dt.datetime], Record]] = {}
    for record in records:
        updated = instant(record["updated_at"])
        version = record.get("version")
        order = (updated.timestamp() * 1000 if version is None else version, updated)
        key = (record["kind"], record["id"])
        if key not in best or order > best[key][0]:
            best[key] = (order, record)
    return [record for _, record in best.values() if not record.get("deleted")]


def nearest_rank(values: list[int], share: float) -> int | None:
    """The smallest value with at least `share` of all values at or below it."""
    if not values:
        return None
    return sorted(values)[max(1, ceil(round(share * len(values), 9))) - 1]


def seconds_between(record: Record, start: str, end: str) -> float:
    return (instant(record[end]) - instant(record[start])).total_seconds()


def call_row(calls: list[Record], limit: float) -> Record:
    """The row of these calls, as the board words it (service level of offered)."""
    waits = [seconds_between(c, "offered_at", "answered_at") for c in calls if c.get("answered_at")]
    abandoned = [c for c in calls if c.get("abandoned_at")]
    within = sum(wait <= limit for wait in waits)
    decided = len(waits) + len(abandoned)
    whole = [int(wait) for wait in waits]
    return {
        "offered": len(calls),
        "answered": len(waits),
        "abandoned": len(abandoned),
        "answered_within": within,
        "service_level": (within, decided),
        "abandonment": (len(abandoned), decided),
        "answer_mean": sum(waits) / len(waits) if waits else None,
        "answer_median": nearest_rank(whole, 0.5),
        "answer_p90": nearest_rank(whole, 0.9),
    }


def attendance_row(incidents: list[Record], limit: float) -> Record:
    """The attendance row of these incidents, of which only emergencies not cancelled count."""
    kept = [i for i in incidents if i.get("grade") == "emergency" and not i.get("cancelled")]
    times = [seconds_between(i, "opened_at", "arrived_at") for i in kept if i.get("arrived_at")]
    whole = [int(time) for time in times]
    return {
        "emergencies": len(kept),
        "attended": len(times),
        "attended_within": sum(time <= limit for time in times),
        "never_attended": sum(not i.get("arrived_at") and bool(i.get("closed_at")) for i in kept),
        "response_mean": sum(times) / len(times) if times else None,
        "response_median": nearest_rank(whole, 0.5),
        "response_p90": nearest_rank(whole, 0.9),
    }


def as_line(record: Record) -> bytes:
    return json.dumps(record).encode()


def payload(records: Iterable[Record]) -> bytes:
    return b"\n".join(map(as_line, records))
