"""Where figures are too low, since the log had lost records before they were counted. Pure.

Two things lead to it: a gap in the log (`streams.fold.log_gap`), and a log that had lost its
beginning when it was read again (`Ledger.half_counted`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from streams.board.model import Incomplete
from streams.fold.log_gap import LogGap
from streams.periods import rfc3339
from streams.registry.registry import REGISTRY

HORIZON = max(kind.horizon for kind in REGISTRY.kinds.values())
"""For how long a gap in what is no record (readings, heartbeats) is shown, in ms."""


def horizon_of(kind: str) -> int:
    """For how long records of a kind count when they are sent again, in ms."""
    return REGISTRY.kinds[kind].horizon if kind in REGISTRY.kinds else HORIZON


def incomplete(
    kind: str,
    name: str,
    zone: dt.tzinfo,
    at: int,
    gaps: Iterable[LogGap],
    cut: tuple[int, int] | None,
) -> list[Incomplete]:
    """The stretches of one kind (`name` in words) of a force, as of `at`: its gaps, and the
    [start, end) in ms of which the log had lost the beginning."""
    found = []
    for gap in gaps:
        if gap.since <= at and gap.mendable(at, horizon_of(kind)):
            lost = f"the log lost up to {gap.messages:,} messages before they were counted"
            if gap.made_again:
                lost = "their topic was made again, and only what was sent since is counted"
            found.append(_stretch(kind, name, zone, (gap.since, gap.until), lost, gap.messages))
    if cut is not None:
        lost = "the log does not have them all any more"
        found.append(_stretch(kind, name, zone, cut, lost, None))
    return found


def _stretch(
    kind: str,
    name: str,
    zone: dt.tzinfo,
    span: tuple[int, int],
    lost: str,
    messages: int | None,
) -> Incomplete:
    start, end = (rfc3339(at, zone) for at in span)
    first, last = (text[:16].replace("T", " ") for text in (start, end))
    words = f"{name} from {first} to {last} are not all counted: {lost}"
    return Incomplete(kind, start, end, words[:1].upper() + words[1:], messages)
