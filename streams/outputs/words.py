"""Figures as a person reads them: plain words, no jargon, never a number that means nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from streams.registry.measures import PLAIN_NAMES

NOTHING = "–"


def count(number: int | None) -> str:
    """A count with thousands separated."""
    return NOTHING if number is None else f"{number:,}"


def duration(seconds: float | None) -> str:
    """A duration in words: `7.4 s`, `1 min 43 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return NOTHING
    if seconds < 60 and seconds != int(seconds):
        tenths = f"{seconds:.1f}"
        return f"{tenths} s" if tenths != "60.0" else "1 min 0 s"
    whole = round(seconds)
    for size, unit, below, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // below} {part}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def limit(seconds: int) -> str:
    """A limit, usually a round one: `10 s`, `20 min`."""
    return f"{seconds // 60} min" if seconds and seconds % 60 == 0 else duration(seconds)


def share(ratio: Mapping[str, Any], nothing: str) -> str:
    """A ratio with its number of cases: `83.0 % of 1,060`; `nothing` where there are none."""
    if ratio["value"] is None:
        return nothing
    few = ", few" if ratio.get("small") else ""
    return f"{ratio['value'] * 100:.1f} % of {ratio['denominator']:,}{few}"


def percent(value: float) -> str:
    """A target: `90 %`, `92.5 %`."""
    return f"{value * 100:.1f}".removesuffix(".0") + " %"


def verdict(ratio: Mapping[str, Any], held: Mapping[str, Any]) -> str:
    """Whether the target of a period is met, by word and sign; of too few cases, and where the
    target changed within the period, that it is not judged."""
    target = held["target"]
    if target is None or ratio["value"] is None:
        return ""
    if "changed" in held:
        return "target changed"
    if ratio.get("small"):
        return "too few to judge"
    met = ratio["value"] >= target
    return f"✓ met {percent(target)}" if met else f"✗ missed {percent(target)}"


def held_in(board: Mapping[str, Any], span: Mapping[str, Any], line: str | None = None) -> Any:
    """The target of a span of the board's own time, of a line or of attendance."""
    of = span.get("targets") or board["definitions"]
    return of["attendance"] if line is None else of["lines"][line]


def ages(feeds: Mapping[str, Mapping[str, Any]]) -> str:
    """How old the latest of every feed is: `calls 3 s, crimes 4 min 1 s; heartbeats calls 12 s`."""
    data, beats = [], []
    for path, heard in feeds.items():
        kind, _, of = path.partition(".")
        age = duration(max(0, int(heard["age_seconds"])))
        if of:
            beats.append(f"{of.replace('_', ' ')} {age}")
        else:
            data.append(f"{PLAIN_NAMES.get(kind, kind)} {age}")
    told = ", ".join(data)
    return f"{told}; heartbeats {', '.join(beats)}" if beats else told


def moment(rfc3339: str, zone: dt.tzinfo) -> str:
    """An instant on the local clock: `Friday 14 January 2022, 17:42:10 GMT`."""
    local = dt.datetime.fromisoformat(rfc3339).astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S %Z}"


def period(label: str, zone: dt.tzinfo) -> str:
    """The label of a period as one asks for it: an hour without its offset, `2021-10-31T02`, but
    for the two that a clock shows on the night on which it goes back, `2021-10-31T01+01:00`."""
    hour, offset = label[:13], label[13:]
    if not offset:
        return label
    local = dt.datetime.fromisoformat(f"{hour}:00").replace(tzinfo=zone)
    twice = local.utcoffset() != local.replace(fold=1).utcoffset()
    return label if twice else hour
