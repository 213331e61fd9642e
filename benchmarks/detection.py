"""Which detector finds a lasting change of a monthly count, at the same false alarms?

    python benchmarks/detection.py [--replicates 4000] [--quick]

Every method gets its threshold from simulated stable series so that it raises a false alarm in a
given share of series in twelve months, and is scored on other series, with other seeds; its false
alarms on those are printed with it. A detection counts only where no alarm came before the change.

The step comes in month 4, or in a month that is uniform over the twelve; then a chance of detection
within 3, 6 or 9 months is that of the series that are watched for so long after the step. A delay
of 1 is an alarm in the first month of the new level; the median is that of the changes found within
9 months, and the error of the onset their mean absolute error in months, by what each method names.

The main design (level 364, dispersion 3, 12 baseline months, step from month 4) is run with five
times the series, and judged claim by claim: PASS, or short and by how much. How series are made and
the methods: `detection_methods.py`. `--quick` leaves out the table over all designs.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from detection_methods import (
    AS_THEY_ARE,
    CALIBRATED,
    CHOSEN,
    ESTIMATED,
    KNOWN,
    MONITORED,
    ORACLE,
    SLOWER,
    Array,
    Design,
    Sample,
    Scored,
    sample,
    shiryaev_roberts,
)

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.change.shiryaev_roberts import ShiryaevRoberts

SHARES = (0.05, 0.10)
STEPS = (1.08, 394 / 364, 1.15, 1.3, 1.6)
LEVELS, DISPERSIONS, SEASONS, BASELINES = (4, 30, 364), (1, 3), (0, 0.15), (12, 24, 36)
CALIBRATION, FRESH, CHANGED, STARTS = 1, 2, 3, 9
"""Seeds."""
STATED = {
    ESTIMATED: {1.08: (0.36, 0.48), 1.15: (0.85, 0.915)},
    KNOWN: {1.08: (0.43, 0.54), 1.15: (0.91, 0.95)},
    ORACLE: {1.08: (0.61, 0.71), 1.15: (0.975, 0.985)},
}
"""What CUSUM was to reach within 9 months on the main design, by step and share."""
LEFT = {12: 0.8, 36: 0.9}
"""How much of the power is to be left with a season of 15 %, by baseline months."""


@dataclass(frozen=True)
class Power:
    """Found within 3, 6 and 9 months; median delay and error of the onset of those found in 9."""

    within: tuple[float, float, float]
    delay: float
    error: float
    delays: Array

    def __str__(self) -> str:
        chances = " ".join(f"{chance:.2f}" for chance in self.within)
        return f"{chances} {self.delay:3.0f} {self.error:4.1f}"


def power(scored: Scored, threshold: float, at: Array | int) -> Power:
    statistic, places = scored
    start = np.broadcast_to(np.asarray(at), (len(statistic),))
    months = np.arange(1, MONITORED + 1)[None, :]
    alarms = statistic > threshold
    clean = ~(alarms & (months < start[:, None])).any(1)
    first = alarms.argmax(1)
    delay = np.where(alarms.any(1), first + 2.0 - start, np.inf)
    watched = MONITORED + 1 - start
    within = [float((delay[clean & (watched >= w)] <= w).mean()) for w in (3, 6, 9)]
    found = clean & (watched >= 9) & (delay <= 9)
    error = np.abs(places[np.arange(len(first)), first] - start)[found]
    if not found.any():
        return Power((within[0], within[1], within[2]), np.nan, np.nan, delay[found])
    return Power(
        (within[0], within[1], within[2]),
        float(np.median(delay[found])),
        float(error.mean()),
        delay[found],
    )


@dataclass(frozen=True)
class Scores:
    """Of one method on one design: false alarms on fresh series, and power by step and start."""

    false: float
    found: dict[tuple[float, str], Power]


def score(
    design: Design,
    share: float,
    replicates: int,
    steps: tuple[float, ...] = STEPS,
    starts: tuple[str, ...] = ("month 4",),
) -> dict[str, Scores]:
    """Every method on one design; rules that can't be calibrated as they are."""
    stable = sample(design, replicates, CALIBRATION)
    fresh = sample(design, replicates, FRESH)
    uniform = np.random.default_rng(STARTS).integers(1, MONITORED + 1, replicates)
    at = {name: 4 if name == "month 4" else uniform for name in starts}
    changed: dict[tuple[float, str], Sample] = {
        (step, name): sample(design, replicates, CHANGED, step, at[name])
        for step, name in product(steps, starts)
    }
    rows = {}
    for name in (*CALIBRATED, *AS_THEY_ARE):
        tell(f"{design}: {name}")
        if name in CALIBRATED:
            method = CALIBRATED[name]
            limit = float(np.quantile(method(stable)[0].max(1), 1 - share))
        else:
            method, limit = AS_THEY_ARE[name]
        rows[name] = Scores(
            float((method(fresh)[0] > limit).any(1).mean()),
            {key: power(method(data), limit, at[key[1]]) for key, data in changed.items()},
        )
    tell("")
    return rows


def tell(text: str) -> None:
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def show(design: Design, share: float, rows: dict[str, Scores], starts: tuple[str, ...]) -> None:
    steps = sorted({step for step, _ in next(iter(rows.values())).found})
    for start in starts:
        print(f"\n{design}; {share:.0%} false alarms a year; step from {start}")
        heads = "".join(f"{f'x{step:.4g}':>26}" for step in steps)
        print(f"{'within 3, 6, 9; delay; error of onset':38}{'false':>6}{heads}")
        for name, row in rows.items():
            cells = "".join(f"{row.found[step, start]!s:>26}" for step in steps)
            print(f"{name:38}{row.false:6.1%}{cells}", flush=True)


def claim(text: str, got: float, wanted: float) -> None:
    verdict = "PASS" if got >= wanted else f"short by {wanted - got:.3f}"
    print(f"{text:84} {got:.3f} of {wanted:.3f}  {verdict}")


def claims(main: dict[float, dict[str, Scores]], replicates: int) -> None:
    """What was to be reached on the main design, line by line."""
    print("\nClaims, found within 9 months, main design:")
    for i, share in enumerate(SHARES):
        rows = main[share]
        off = max(abs(rows[name].false - share) for name in CALIBRATED)
        claim(f"{share:.0%} false alarms, every method within 0.01 on fresh series", 0.01 - off, 0)
        for step in (1.08, 1.15):
            nine = {name: row.found[step, "month 4"].within[2] for name, row in rows.items()}
            label = f"x{step} at {share:.0%}:"
            for name, stated in STATED.items():
                claim(f"{label} {name}, as stated within 0.01", nine[name], stated[step][i] - 0.01)
            # The better of our own runs and of what was stated, so that neither can flatter.
            rival = max(nine[ESTIMATED], nine[SLOWER], STATED[ESTIMATED][step][i])
            best = max(nine[KNOWN], STATED[KNOWN][step][i])
            claim(f"{label} chosen is above CUSUM, everything estimated", nine[CHOSEN], rival)
            half = (rival + best) / 2
            claim(f"{label} chosen closes half the way to known dispersion", nine[CHOSEN], half)
    for months, left in LEFT.items():
        for share in SHARES:
            flat, seasonal = (
                score(Design(baseline=months, season=season), share, replicates, (1.08, 1.15))
                for season in (0, 0.15)
            )
            for step in (1.08, 1.15):
                base, got = (
                    rows[CHOSEN].found[step, "month 4"].within[2] for rows in (flat, seasonal)
                )
                text = f"x{step} at {share:.0%}: chosen, season 15 %, {months} baseline months:"
                claim(f"{text} {left:.0%} of {base:.3f}", got, left * base)


def the_class_says_the_same() -> None:
    """The chosen method here is the detector that is shipped, month by month."""
    data = sample(Design(season=0.15), 20, FRESH, 1.15, 4)
    evidence, places = shiryaev_roberts(data, data.own)
    for i in range(len(data.counts)):
        detector = ShiryaevRoberts()
        for t, (count, shape) in enumerate(zip(data.counts[i], data.shape[i], strict=True)):
            detector.update(float(count), float(shape))
            month = t - data.design.baseline
            if month >= 0:
                assert abs(detector.evidence - evidence[i, month]) < 1e-9
                assert detector.onset == data.design.baseline + places[i, month] - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=4_000, help="series of each design")
    parser.add_argument("--quick", action="store_true", help="the main design alone")
    options = parser.parse_args()
    the_class_says_the_same()
    starts = ("month 4", "a uniform month")
    if not options.quick:
        for design in product(LEVELS, DISPERSIONS, SEASONS, BASELINES):
            for share in SHARES:
                rows = score(Design(*design), share, options.replicates, starts=starts)
                show(Design(*design), share, rows, starts)
    many = 5 * options.replicates
    main_design = {share: score(Design(), share, many) for share in SHARES}
    for share, rows in main_design.items():
        show(Design(), share, rows, ("month 4",))
    claims(main_design, many)


if __name__ == "__main__":
    main()
