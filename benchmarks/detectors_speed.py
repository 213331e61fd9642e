"""Microseconds an update and bytes a detector, for every detector in the registry.

    python benchmarks/detectors_speed.py [--points 100000] [--only chart] [--state 1000000]

Points are Poisson-like counts of mean 20. An update is timed over `--points` of them, after a
tenth of them was taken, in time of the processor; the best of five parts is shown, since other work
on the machine only slows. A detector of more than 100 us gets a fiftieth of the points.

Change-point detectors are to take less than 20 us an update, and control charts less than 5; after
`--state` points (a million) a change-point detector is to hold and to save less than 4,000 bytes,
then and at each of a thousand looks on the way. Each is judged: PASS, or short. Detectors of single
periods have no such limit. Rows "uneven" take exposures of 0.5 to 2.2.

Saved is the length of the state as JSON, held what its objects take in memory, most what they ever
took at a look.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.base import Detector
from detectors.change.focus import GaussianFocus, NegativeBinomialFocus, PoissonFocus
from detectors.change.shiryaev_roberts import ShiryaevRoberts
from tests.detectors_registry import DETECTORS

PARTS = 5
LOOKS = 1_000
CHANGE_POINTS = ("cusum", "ewma", "focus", "glr", "held", "shiryaev-roberts", "river")
LIMITS = {"change point": 20.0, "chart": 5.0}
BYTES = 4_000
EXPOSURES = (0.5, 1.0, 1.3, 2.2)
Make = Callable[[], Detector]
UNEVEN: list[tuple[str, Make]] = [
    ("focus, negative binomial, uneven", lambda: NegativeBinomialFocus(restart=False)),
    ("focus, normal, uneven", lambda: GaussianFocus(sd=3.0, restart=False)),
    ("focus, poisson, uneven", lambda: PoissonFocus(dispersion=3.0, restart=False)),
    ("focus, poisson, known, uneven", lambda: PoissonFocus(20.0, dispersion=3.0, restart=False)),
    ("shiryaev-roberts, uneven", ShiryaevRoberts),
]


def points(number: int, uneven: bool) -> list[tuple[float, ...]]:
    """The arguments of each update."""
    generator = random.Random(1)
    found: list[tuple[float, ...]] = []
    for _ in range(number):
        exposure = generator.choice(EXPOSURES) if uneven else 1.0
        mean = 20.0 * exposure
        x = float(max(0, round(generator.gauss(mean, mean**0.5))))
        found.append((x, exposure) if uneven else (x,))
    return found


def microseconds(make: Make, stream: list[tuple[float, ...]]) -> float:
    """The time of one update, in the best part of the stream."""
    detector: Any = make()
    early = len(stream) // 10
    for one in stream[:early]:
        detector.update(*one)
    size = (len(stream) - early) // PARTS
    best = float("inf")
    for part in range(PARTS):
        chunk = stream[early + part * size : early + (part + 1) * size]
        update = detector.update
        start = time.process_time()
        for one in chunk:
            update(*one)
        best = min(best, (time.process_time() - start) / len(chunk))
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


def sizes(make: Make, stream: list[tuple[float, ...]]) -> tuple[int, int, int]:
    """Bytes saved and held after the stream, and the most held at any of the looks."""
    detector: Any = make()
    every = max(1, len(stream) // LOOKS)
    most = 0
    for i, one in enumerate(stream, start=1):
        detector.update(*one)
        if i % every == 0:
            most = max(most, held(detector, set()))
    now = held(detector, set())
    return len(json.dumps(detector.save()["state"])), now, max(now, most)


def kind_of(name: str) -> str:
    if name.startswith("chart"):
        return "chart"
    return "change point" if name.startswith(CHANGE_POINTS) else ""


def verdict(kind: str, took: float, most: int) -> str:
    short = []
    if kind and took >= LIMITS[kind]:
        short.append(f"short: {took:.1f} us of {LIMITS[kind]:.0f}")
    if kind == "change point" and most >= BYTES:
        short.append(f"short: {most:,} bytes of {BYTES:,}")
    return ", ".join(short) or ("PASS" if kind else "")


def measure(name: str, make: Make, timed: list[tuple[float, ...]], stream: list[Any]) -> str:
    kind = kind_of(name)
    quick = microseconds(make, timed[: max(500, len(timed) // 50)])
    took = microseconds(make, timed) if quick < 100 else quick
    saved, now, most = sizes(make, stream if kind == "change point" else timed[:2_000])
    row = f"{name:34} {took:10.2f} {saved:8,} {now:8,} {most:8,}"
    return f"{row}  {verdict(kind, took, max(saved, most))}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--state", type=int, default=1_000_000, help="points before bytes count")
    parser.add_argument("--only", default="", help="names that begin with this")
    arguments = parser.parse_args()
    print(
        f"us an update over {arguments.points:,} points; bytes of change points after"
        f" {arguments.state:,}, of others after 2,000"
    )
    print(f"{'detector':34} {'us/update':>10} {'saved':>8} {'held':>8} {'most':>8}")
    for rows, uneven in ((DETECTORS, False), (UNEVEN, True)):
        timed, stream = points(arguments.points, uneven), points(arguments.state, uneven)
        for name, make in rows:
            if name.startswith(arguments.only):
                print(measure(name, make, timed, stream), flush=True)


if __name__ == "__main__":
    main()
