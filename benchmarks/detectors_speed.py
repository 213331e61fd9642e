"""Microseconds an update and bytes a detector, for every detector in the registry.

    python benchmarks/detectors_speed.py [--points 100000] [--only chart]

The points are Poisson-like counts of mean 20, with sizes of 1; a detector is measured after it has
taken a tenth of them. The best of five parts is shown, since other work on the machine only slows.
"""

import argparse
import json
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.base import Detector
from tests.detectors_registry import DETECTORS

PARTS = 5


def points(number: int) -> list[float]:
    generator = random.Random(1)
    return [float(max(0, round(generator.gauss(20, 4.5)))) for _ in range(number)]


def microseconds(detector: Detector, stream: list[float]) -> float:
    """The time of one update, in the best part of the stream."""
    early = len(stream) // 10
    for x in stream[:early]:
        detector.update(x)
    size = (len(stream) - early) // PARTS
    best = float("inf")
    for part in range(PARTS):
        chunk = stream[early + part * size : early + (part + 1) * size]
        update = detector.update
        start = time.perf_counter()
        for x in chunk:
            update(x)
        best = min(best, (time.perf_counter() - start) / len(chunk))
    return best * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--only", default="", help="names that begin with this")
    arguments = parser.parse_args()
    stream = points(arguments.points)
    print(
        f"{'detector':32} {'us/update':>10} {'bytes saved':>12}   after {arguments.points:,} points"
    )
    for name, make in DETECTORS:
        if name.startswith(arguments.only):
            detector = make()
            took = microseconds(detector, stream)
            saved = len(json.dumps(detector.save()["state"]))
            print(f"{name:32} {took:10.2f} {saved:12,}", flush=True)


if __name__ == "__main__":
    main()
