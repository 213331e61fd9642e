"""What is found of a monthly level that changes again while its first change waits to be accepted?

    python -m benchmarks.second_change [--series 400]

Fifteen stable months, then the levels of a plan (as ratios to the stable one), watched by
`MonthWatch` at 0.002 nominal false alarms a week. For each month of the plan the share of series in
which a rise and a fall alarms.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.counts.month_watch import MonthWatch
from tests.seasonal_counts import draw

CELLS = ((60.0, 1.5), (364.0, 3.0))
"""Counts a month and their dispersion."""
PLANS = {
    "15 % higher": [1.15] * 12,
    "30 % higher": [1.3] * 12,
    "30 % higher for 7 months, then half": [1.3] * 7 + [0.5] * 6,
    "30 % higher for 7 months, then 0.7 times": [1.3] * 7 + [0.7] * 6,
    "30 % higher for 7 months, then as before": [1.3] * 7 + [1.0] * 6,
    "half for 3 months, then as before": [0.5] * 3 + [1.0] * 6,
    "half for 3 months, then 0.8 times": [0.5] * 3 + [0.8] * 6,
}
STABLE = 15


def alarmed(
    level: float, dispersion: float, plan: list[float], series: int
) -> dict[str, list[float]]:
    """The shares of series in which each direction alarms, month by month of the plan."""
    found = {way: np.zeros(len(plan)) for way in ("up", "down")}
    for number in range(series):
        rng = np.random.default_rng([number, round(level), round(10 * dispersion)])
        means = level * np.array([1.0] * STABLE + plan)
        watch = MonthWatch(allowed=0.002)
        for place, x in enumerate(draw(rng, means, dispersion).tolist()):
            watch.update(x)
            if watch.drift_detected and watch.direction is not None and place >= STABLE:
                found[watch.direction][place - STABLE] += 1
    return {way: (count / series).tolist() for way, count in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--series", type=int, default=400)
    chosen = parser.parse_args()
    for level, dispersion in CELLS:
        print(f"{level:g} a month, dispersion {dispersion:g}")
        for name, plan in PLANS.items():
            print(f"  {name}")
            for way, shares in alarmed(level, dispersion, plan, chosen.series).items():
                print(f"    {way:5}" + "".join(f"{100 * share:5.0f}" for share in shares))


if __name__ == "__main__":
    main()
