"""Versions of a few records over years, of which many come long after their period is sealed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from streams.board.monitor import Monitor
from streams.fold.ledger import Ledger
from streams.periods import DAY, HOUR, rfc3339
from tests.build import call, crime, incident, ms

START = ms("2018-01-10T00:00:00Z")
END = START + 1_600 * DAY
YEARS = ["2017/18", "2018/19", "2019/20", "2020/21", "2021/22"]
STORED = ("minute", "hour", "day", "whole_day", "whole_month")
_DAYS = {"call": 90, "incident": 90, "crime": 1_500}
"""Of the events' times, so that each kind has some beyond its horizon and some within."""


@st.composite
def version(draw: st.DrawFn, kind: str, *, versions: bool = True) -> dict[str, Any]:
    """One version of one of a few records of a kind, of any time of three horizons."""
    numbers = st.integers(1, 3) if versions else st.none()
    name = f"{kind}{draw(st.integers(0, 3))}"
    when = START + draw(st.integers(0, _DAYS[kind])) * DAY + draw(st.integers(0, 23)) * HOUR
    updated = min(when + HOUR + draw(st.integers(0, _DAYS[kind])) * DAY, END - DAY)
    common = {
        "version": draw(st.one_of(st.none(), st.none(), numbers)),
        "updated_at": rfc3339(updated),
        "area": draw(st.sampled_from([None, "north", "south"])),
        "deleted": draw(st.sampled_from([None] * 5 + [True])),
    }
    later = rfc3339(when + 300_000)
    if kind == "call":
        disposition = draw(st.sampled_from([None, "answered_at", "abandoned_at", "ended_at"]))
        return call(name, rfc3339(when), **common, **({disposition: later} if disposition else {}))
    text = rfc3339(when)
    if kind == "incident":
        times = draw(st.sets(st.sampled_from(["arrived_at", "closed_at"])))
        if not times & {"arrived_at"}:
            text = draw(st.sampled_from([text, text, text[:7]]))
        cancelled = draw(st.sampled_from([None, None, None, True]))
        played = {**dict.fromkeys(times, later), "cancelled": cancelled}
        return incident(name, text, **common, **played)
    text = draw(st.sampled_from([text, text[:10], text[:7]]))
    return crime(name, text, **common, offence=draw(st.sampled_from(["vehicle", "burglary"])))


def histories(most: int = 14, *, versions: bool = True) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Versions of one kind in the order in which they were written; ties are in any order. With
    version numbers, an older one may come later."""
    return (
        st.sampled_from(["call", "incident", "crime"])
        .flatmap(lambda kind: st.lists(version(kind, versions=versions), min_size=1, max_size=most))
        .map(lambda found: [*sorted(found, key=updated_of), last(found[0]["kind"])])
    )


def streams(most: int = 14) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Versions of one kind in any order, as a feed with disorder sends them."""
    return (
        st.sampled_from(["call", "incident", "crime"])
        .flatmap(lambda kind: st.lists(version(kind), min_size=1, max_size=most))
        .map(lambda found: [*found, last(found[0]["kind"])])
    )


def updated_of(record: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(record["updated_at"])


def last(kind: str) -> dict[str, Any]:
    """A record after all others: wherever it is read, the watermark ends up the same."""
    at = rfc3339(END)
    if kind == "call":
        return call("last", at, answered_at=at)
    return incident("last", at, closed_at=at) if kind == "incident" else crime("last", at)


def counters(ledger: Ledger) -> dict[str, Any]:
    """Everything that a ledger counts, pane by pane, and what is open."""
    panes = ledger.panes
    minutes = {minute: panes.minute(minute) for minute in panes.records}
    stored = {"minute": minutes, "hour": panes.hours, "day": panes.days,
              "whole_day": panes.whole_days, "whole_month": panes.whole_months}  # fmt: skip
    found: dict[str, Any] = {
        grain: {minute: pane for minute, pane in by_start.items() if pane}
        for grain, by_start in stored.items()
    }
    packer = ledger.packer
    still = {key: (packer.when_of(p), packer.facts_of(p)) for key, p in ledger.open.items()}
    return {**found, "open": still, "watermark": ledger.watermark}


def without_horizon(monitor: Monitor) -> Monitor:
    """A monitor that seals nothing: what a plain count of the winners shows."""
    for shard in monitor.shards:
        for ledger in shard.ledgers().values():
            ledger.kind = replace(ledger.kind, horizon=100 * 366 * DAY)
    return monitor
