"""Microseconds an update and bytes a detector, for every detector in the registry.

    python benchmarks/detectors_speed.py [--points 100000] [--only chart]

The points are Poisson-like counts of mean 20, with sizes of 1; a detector is measured after it has
taken a tenth of them. The best of five parts is shown, since other work on the machine only slows.
Saved is the length of its state as JSON, held what its objects take in memory. For change points
after a million points: --points 1000000 --only focus (then cusum, river, ...).
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


def held(value: object, seen: set[int]) -> int:
    """Bytes of memory of a detector and all in it (not of what river keeps outside Python)."""
    if id(value) in seen or isinstance(value, type):
        return 0
    seen.add(id(value))
    inside: list[object] = [vars(value)] if hasattr(value, "__dict__") else []
    if isinstance(value, dict):
        inside += value.values()
    elif isinstance(value, (list, tuple)):
        inside += value
    if isinstance(value, str):
        return 0  # names are shared by all detectors
    return sys.getsizeof(value) + sum(held(each, seen) for each in inside)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--only", default="", help="names that begin with this")
    arguments = parser.parse_args()
    stream = points(arguments.points)
    print(f"After {arguments.points:,} points:")
    print(f"{'detector':32} {'us/update':>10} {'bytes saved':>12} {'bytes held':>11}")
    for name, make in DETECTORS:
        if name.startswith(arguments.only):
            detector = make()
            took = microseconds(detector, stream)
            saved = len(json.dumps(detector.save()["state"]))
            print(f"{name:32} {took:10.2f} {saved:12,} {held(detector, set()):11,}", flush=True)


if __name__ == "__main__":
    main()
