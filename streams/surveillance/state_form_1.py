"""Reads the first form of the state of watches: what was learned goes on, so that nobody waits a
year for it again.

There each count had its whole detector written by name. Of that the baseline is taken, with the
place in the week and the starts of the latest periods; the week that was running, of a count by the
hour the last two days, are lost. Proportions, durations and months were written as they are now.
"""

from __future__ import annotations

from typing import Any

from detectors.counts.weekly.baseline import Baseline
from streams.surveillance.adapters.counts import Counts
from streams.surveillance.grain_watches import GrainWatches

VERSION = 1


def restore(watches: GrainWatches, running: dict[str, Any], found: dict[str, Any]) -> None:
    """Has the watches of a grain, which have taken nothing yet, go on from its part; `found` has
    all parts by name."""
    rows = {each.name: row for row, listed in watches.by_row.items() for each in listed}
    saved = {name: each for name, each in running["watches"].items() if name in rows}
    for row in dict.fromkeys(rows[name] for name in saved):
        for watch in watches.begin(row):
            name = watch.series.name
            if name not in saved:
                continue
            watch.restore(saved[name])
            if isinstance(watch.adapter, Counts):
                _learned(watch.adapter, saved[name]["adapter"], found[name])


def _learned(counts: Counts, saved: dict[str, Any], learned: dict[str, Any]) -> None:
    expected = saved["detector"]["_expected"]
    first = expected["_first"]
    place = -1 if first is None else first, expected["_slot"], expected["_place"]
    counts.rows.go_on(counts.row, Baseline.of(learned), expected["_since"], place, saved["starts"])
