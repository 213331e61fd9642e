"""What the board says in words: shares, whether a target is met, how old the feeds are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.registry.measures import PLAIN_NAMES
from streams.registry.phrases import duration, percent


def share(ratio: Mapping[str, Any], nothing: str) -> str:
    """A ratio with its number of cases: `83.0 % of 1,060`; `nothing` where there are none."""
    if ratio["value"] is None:
        return nothing
    few = ", few" if ratio.get("small") else ""
    return f"{ratio['value'] * 100:.1f} % of {ratio['denominator']:,}{few}"


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
