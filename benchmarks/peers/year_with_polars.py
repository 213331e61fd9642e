"""polars: a year of calls, incidents and crimes as a lazy frame, grouped at once by the keys of the
dict loop of `benchmarks/replay.py`."""

from __future__ import annotations

import polars as pl

WINDOW_MS = 300_000
TEXTS = (
    "kind", "line", "category", "offence", "area", "offered_at", "opened_at", "recorded_at",
    "answered_at", "arrived_at",
)  # fmt: skip
SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(TEXTS, pl.String()),
    "outcome": pl.Int64(),
}


def count(path: str) -> int:
    """How many windows it counted."""
    at = pl.coalesce("offered_at", "opened_at", "recorded_at")
    rows = (
        pl.scan_ndjson(path, schema=SCHEMA)
        .select(
            "kind",
            "area",
            value=pl.coalesce("line", "category", "offence"),
            window=at.str.replace("Z$", "+00:00")
            .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="ms")
            .dt.epoch("ms")
            // WINDOW_MS,
            more=pl.coalesce("answered_at", "arrived_at").is_not_null()
            | pl.col("outcome").is_not_null(),
        )
        .group_by("kind", "value", "area", "window")
        .agg(pl.len(), pl.col("more").sum())
        .collect()
    )
    return rows.height
