"""How often does a season by the month alarm as a change of level, and what does it hide?

    python -m benchmarks.month_season [--series 400]

Ten years of counts by the month with nothing in them but chance, and with a season of 25 % up and
down: how many changes of level `MonthWatch` alarms in one series, at the rate that one of forty
series by the month is allowed. And of series that fall by 15 or 30 % in their fourth year, in how
many that alarms within nine months.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from detectors.counts.month_watch import MONTH, MonthWatch

DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
YEARS, ALLOWED, SEASON = 10, 0.0009, 0.25
WITHIN = 9
FALLS = (0.85, 0.7)

Series = NDArray[np.int64]


def alarms(counts: Series) -> list[tuple[int, str | None]]:
    """The months in which a change begins to alarm, and its direction."""
    watch, before = MonthWatch(allowed=ALLOWED), None
    found: list[tuple[int, str | None]] = []
    for place, count in enumerate(counts):
        watch.update(int(count), float(DAYS[place % 12]))
        now = watch.direction if watch.drift_detected else None
        if now not in (None, before):
            found.append((place, now))
        before = now
    return found


def drawn(rng: np.random.Generator, means: NDArray[np.float64], dispersion: float) -> Series:
    """Counts about these means, of that variance over the mean."""
    if dispersion == 1.0:
        return rng.poisson(means)
    return rng.negative_binomial(means / (dispersion - 1.0), 1.0 / dispersion)


def row(rng: np.random.Generator, level: int, dispersion: float, share: float, many: int) -> str:
    """False alarms in a series, and the share of falls that are found."""
    months = np.arange(12 * YEARS)
    means = level * (1.0 + share * np.cos(np.pi * (months - 6) / 6)) * DAYS[months % 12] / MONTH
    false = sum(len(alarms(drawn(rng, means, dispersion))) for _ in range(many)) / many
    found = []
    for fall in FALLS:
        hits = 0
        for _ in range(many // 2):
            begins = int(36 + rng.integers(0, 12))
            fallen = np.where(months >= begins, means * fall, means)[: begins + WITHIN]
            alarmed = alarms(drawn(rng, fallen, dispersion))
            hits += any(way == "down" and place >= begins for place, way in alarmed)
        found.append(f"{hits / (many // 2):.2f}")
    return f"{level:6,} {dispersion:10.0f} {share:7.0%} {false:6.2f}   {'   '.join(found)}"


def main() -> None:
    """Prints a line for each design."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--series", type=int, default=400)
    many = parser.parse_args().series
    rng = np.random.default_rng(5)
    print("level dispersion  season  false   -15 %  -30 %")
    for level in (20, 100, 1400):
        for dispersion in (1.0, 3.0):
            for share in (0.0, SEASON):
                print(row(rng, level, dispersion, share, many), flush=True)


if __name__ == "__main__":
    main()
