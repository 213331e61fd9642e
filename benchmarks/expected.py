"""Are the tails of expected counts what they say, after how little history?

    python -m benchmarks.expected [--histories 100]

First, realised over nominal share of points beyond the limits of one tail, by weeks of history,
level and dispersion; 1.00 is right, above 1 is too many alarms. The same for limits that know
nothing of their own uncertainty (the mean of each slot, taken as known; the dispersion given). Then
what a surge of two months does to the level, and microseconds an update.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.counts.expected import Expected
from detectors.counts.predictive import Predictive
from tests.seasonal_counts import draw, flagged, history, learned, realised, week_shape

HOURS, DAYS = (0.5, 4.0, 30.0), (12.0, 96.0, 720.0)


def calibration(histories: int) -> None:
    print("                                 predictive                   plug-in")
    print("slots level disp. weeks    0.01 up  down 0.001 up  down   0.001 up   down")
    for slots, levels in ((168, HOURS), (7, DAYS)):
        for level in levels:
            for dispersion in (1.0, 3.0):
                for weeks in (4, 8, 26):
                    rng = np.random.default_rng([slots, int(2 * level), int(dispersion), weeks])
                    share = realised(
                        rng,
                        weeks,
                        level,
                        dispersion,
                        histories=histories * (1 if slots == 168 else 6),
                        slots=slots,
                        step=14 if slots == 168 else 1,
                    ) / [[0.01], [0.001]]
                    plug = plug_in(rng, weeks, level, dispersion, slots, histories) / 0.001
                    print(
                        f"{slots:5} {level:5.1f} {dispersion:5.0f} {weeks:5}   "
                        f"{share[0, 0]:8.2f}{share[0, 1]:6.2f}"
                        f"{share[1, 0]:9.2f}{share[1, 1]:6.2f}{plug[0]:11.1f}{plug[1]:7.1f}",
                        flush=True,
                    )


def plug_in(  # the slot's own mean, as if it were the truth
    rng: np.random.Generator,
    weeks: int,
    level: float,
    dispersion: float,
    slots: int,
    histories: int,
) -> np.ndarray:
    shape = level * week_shape(slots)
    shares = []
    for _ in range(max(4, histories // 4)):
        mean = history(rng, weeks, level, dispersion, slots).mean(axis=0)
        for slot in range(0, slots, max(1, slots // 12)):
            ahead = Predictive(float(mean[slot]), 0.0, dispersion)
            shares.append(flagged(ahead, float(shape[slot]), dispersion, 0.001))
    return np.mean(shares, axis=0)


def surge() -> None:
    print("\nlevel disp.  level after a surge of 30 % in 9 of 30 weeks, over that without it")
    for level in HOURS:
        for dispersion in (1.0, 3.0):
            rng = np.random.default_rng(5)
            ratios = []
            for _ in range(20):
                plain = history(rng, 30, level, dispersion)
                surged = plain.copy()
                surged[17:26] = draw(rng, np.tile(1.3 * level * week_shape(), (9, 1)), dispersion)
                rates = [learned(weeks).forecast(40).mean for weeks in (surged, plain)]
                ratios.append(rates[0] / rates[1])
            low, high = np.quantile(ratios, [0.1, 0.9])
            print(
                f"{level:5.1f} {dispersion:5.0f}  {np.mean(ratios):.3f} ({low:.3f} to {high:.3f})"
            )


def speed() -> None:
    for slots, weeks in ((168, 200), (7, 200)):
        counts = history(np.random.default_rng(1), weeks, 4.0, 1.5, slots).ravel().tolist()
        detector = Expected(slots=slots)
        start = time.perf_counter()
        for count in counts:
            detector.update(count)
        took = (time.perf_counter() - start) / len(counts)
        start = time.perf_counter()
        for _ in range(1_000):
            detector.forecast(3).at_least(12)
        tail = (time.perf_counter() - start) / 1_000
        print(f"{slots:5} slots: {took * 1e6:.1f} microseconds an update, {tail * 1e6:.0f} a tail")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=100, help="simulated histories a row")
    histories = parser.parse_args().histories
    calibration(histories)
    surge()
    print()
    speed()


if __name__ == "__main__":
    main()
