"""polars: the file as a lazy frame, grouped at once.

As its user guide has it: `scan_ndjson` with a schema, expressions, one `collect`. The newest
version of each call is the last after a sort by version.
"""

from __future__ import annotations

import polars as pl
from windows import WINDOW, Counts, Key, by_day

SCHEMA = {
    "id": pl.String,
    "version": pl.Int64,
    "line": pl.String,
    "area": pl.String,
    "offered_at": pl.String,
    "answered_at": pl.String,
}
STAMP = "%Y-%m-%dT%H:%M:%S%.3fZ"
found: dict[Key, Counts] = {}


def count(path: str, versions: int) -> None:
    calls = pl.scan_ndjson(path, schema=SCHEMA)
    if versions > 1:
        calls = calls.sort("version").unique("id", keep="last", maintain_order=False)
    offered, answered = (
        pl.col(name).str.to_datetime(STAMP, time_unit="ms").dt.epoch("ms")
        for name in ("offered_at", "answered_at")
    )
    rows = (
        calls.select("line", "area", offered=offered, wait=answered - offered)
        .group_by("line", "area", window=pl.col("offered") // (WINDOW * 1000))
        .agg(
            offered=pl.len(),
            answered=pl.col("wait").count(),
            within=(pl.col("wait") <= 10_000).sum(),
        )
        .collect()
    )
    found.clear()
    found.update(
        ((line, area, window), tuple(counts)) for line, area, window, *counts in rows.iter_rows()
    )


def figures() -> dict[str, list[int]]:
    return by_day(found.items())
