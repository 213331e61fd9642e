"""How well are the next months of a count projected, and how often do the intervals hold?

    WATCHROOM_SHARED=../shared python benchmarks/projection.py [--peers]

Every month from the nineteenth on of real monthly counts is an origin: what is known by then is
projected one to six months ahead, and held against what came. Printed, by method and set of series:
the mean absolute error beside that of the seasonal naive forecast (the same month a year before),
three and six months ahead and over all six, and how often the intervals of 80 and 95 % held what
came. `--peers` adds river's Holt-Winters and SNARIMAX, which give no intervals. The next hours have
a file of their own: `benchmarks/hours_ahead.py`.

The series: crimes of the City of London by kind (data.police.uk, 2017-12 to 2020-11, with the fall
of spring 2020 and, by itself, before it) and what Dublin Fire Brigade was called to, by station
(2020 to 2022), of those with ten a month or more. Of the latter also the mean time from call to
attendance by station, and the shares attended within 10 and 20 minutes.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from river import time_series

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.counts.projection import (
    MEANS,
    MONTHS_NEEDED,
    SHARE_SCALE,
    YEAR,
    Projected,
    Scale,
    project,
)

AHEAD = 6
LEAST = 10.0
Method = Callable[[Sequence[float]], list[float] | list[Projected]]


class Scored(NamedTuple):
    """Of one forecast: how many months ahead, its error, that of the seasonal naive one, and
    whether its intervals held; None without any."""

    ahead: int
    error: float
    naive: float
    in_80: bool | None
    in_95: bool | None


def london(folder: Path) -> dict[str, list[float]]:
    """Crimes of each kind by month."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(folder.glob("*-street.csv.gz")):
        month = path.name[:7]
        if "2017-12" <= month <= "2020-11":
            with gzip.open(path, "rt", encoding="utf-8") as rows:
                for row in csv.DictReader(rows):
                    found[row["Crime type"]][month] += 1
                    found["all"][month] += 1
    return whole(found)


def dublin(folder: Path) -> dict[str, list[float]]:
    """Mobilisations of each station by month."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path in folder.glob("*.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            for row in csv.DictReader(rows):
                _, month, year = row["Date"].split("/")
                for name in (row["Station Name"], "all"):
                    found[name][f"{year}-{month}"] += 1
    return whole(found)


def attended(folder: Path) -> dict[str, list[NDArray[np.float64]]]:
    """The seconds from call to attendance of each station by month, of those with ten in each."""
    found: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for path in folder.glob("*.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            for row in csv.DictReader(rows):
                if row["TOC"] and row["IA"]:
                    _, month, year = row["Date"].split("/")
                    seconds = (clock(row["IA"]) - clock(row["TOC"])) % 86_400
                    if seconds <= 7200:
                        for name in (row["Station Name"], "all"):
                            found[name][f"{year}-{month}"].append(seconds)
    months = sorted(found["all"])
    return {
        name: [np.array(each[month], np.float64) for month in months]
        for name, each in found.items()
        if min(len(each[month]) for month in months) >= LEAST
    }


def clock(text: str) -> int:
    """A time of day in seconds."""
    hours, minutes, seconds = map(int, text.split(":"))
    return 3600 * hours + 60 * minutes + seconds


def lasting(
    series: Iterable[list[NDArray[np.float64]]], scale: Scale, limit: float = 0.0
) -> list[Scored]:
    """Every forecast of means, or of the shares within a limit, three months ahead."""
    found = []
    for months in series:
        if scale is SHARE_SCALE:
            values = [float((each <= limit).mean()) for each in months]
            chances = [1 / (4 * len(each)) for each in months]
        else:
            values = [float(each.mean()) for each in months]
            chances = [float(e.var(ddof=1) / len(e) / e.mean() ** 2) for e in months]
        for origin in range(MONTHS_NEEDED, len(values)):
            chance = sum(chances[origin - YEAR : origin]) / YEAR
            made = project(values[:origin], 3, scale=scale, chance=chance)
            for ahead, (came, each) in enumerate(zip(values[origin:], made, strict=False)):
                last_year = abs(came - values[origin + ahead - YEAR])
                in_80 = each.low_80 <= came <= each.high_80
                in_95 = each.low_95 <= came <= each.high_95
                error = abs(came - each.value)
                found.append(Scored(ahead + 1, error, last_year, in_80, in_95))
    return found


def whole(found: dict[str, Counter[str]]) -> dict[str, list[float]]:
    """The counts of all months; of series with `LEAST` a month or more."""
    months = sorted(found["all"])
    series = {name: [float(each[month]) for month in months] for name, each in found.items()}
    return {name: each for name, each in series.items() if sum(each) >= LEAST * len(each)}


def naive(values: Sequence[float]) -> list[float]:
    """The same months a year before."""
    return [values[len(values) + ahead - YEAR] for ahead in range(AHEAD)]


def last_year_with_level(values: Sequence[float]) -> list[float]:
    """The same months a year before, times the last quarter beside that of a year before."""
    now, before = sum(values[-3:]), sum(values[-3 - YEAR : -YEAR])
    return [each * (now / before if before else 1.0) for each in naive(values)]


def holt_winters(values: Sequence[float]) -> list[float]:
    """River's, additive, at the settings of its documentation."""
    model = time_series.HoltWinters(alpha=0.3, beta=0.1, gamma=0.6, seasonality=YEAR)
    for value in values:
        model.learn_one(value)
    return [float(each) for each in model.forecast(horizon=AHEAD)]


def snarimax(values: Sequence[float]) -> list[float]:
    """River's, with the last month and that of a year before."""
    model: Any = time_series.SNARIMAX(p=1, d=0, q=0, m=YEAR, sp=1)
    mean = sum(values) / len(values)
    for value in values:
        model.learn_one(value / mean)
    return [float(each) * mean for each in model.forecast(horizon=AHEAD)]


def scored(series: Iterable[Sequence[float]], method: Method) -> list[Scored]:
    """Every forecast of all origins."""
    found = []
    for values in series:
        for origin in range(MONTHS_NEEDED, len(values)):
            known = values[:origin]
            made, by = method(known), naive(known)
            for ahead, came in enumerate(values[origin : origin + AHEAD]):
                each, last_year = made[ahead], abs(came - by[ahead])
                if isinstance(each, Projected):
                    in_80 = each.low_80 <= came <= each.high_80
                    in_95 = each.low_95 <= came <= each.high_95
                    error = abs(came - each.value)
                    found.append(Scored(ahead + 1, error, last_year, in_80, in_95))
                else:
                    found.append(Scored(ahead + 1, abs(came - each), last_year, None, None))
    return found


def ratio(scores: Iterable[Scored]) -> float:
    """The errors beside the seasonal naive ones'."""
    both = np.array([(each.error, each.naive) for each in scores])
    return float(both[:, 0].sum() / both[:, 1].sum())


def row(name: str, scores: list[Scored]) -> str:
    """A line of the table."""
    parts = [ratio(each for each in scores if each.ahead == ahead) for ahead in (3, 6)]
    said = f"  {name:34}{parts[0]:8.2f}{parts[1]:8.2f}{ratio(scores):8.2f}"
    known = [each for each in scores if each.in_80 is not None]
    if not known:
        return said
    shares = (np.mean([each.in_80 for each in known]), np.mean([each.in_95 for each in known]))
    return said + "".join(f"{100 * share:8.0f}%" for share in shares)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", action="store_true")
    asked = parser.parse_args()
    data = Path(os.environ.get("WATCHROOM_SHARED", "../shared")) / "data"
    if not data.is_dir():
        parser.error(f"{data} is not there: name the folder that holds data/ in WATCHROOM_SHARED")
    city = london(data / "police_uk_city_of_london")
    sets = {
        "City of London, December 2017 to February 2020": {n: s[:27] for n, s in city.items()},
        "City of London to November 2020": city,
        "Dublin Fire Brigade, 2020 to 2022": dublin(data / "dublin_fire_brigade"),
    }
    methods: dict[str, Method] = {
        "same month a year before": naive,
        "  times the last quarter's change": last_year_with_level,
        "ours: level, season, year before": lambda values: project(values, AHEAD),
        "  alpha 0.15": lambda values: project(values, AHEAD, 0.15),
        "  alpha 0.5": lambda values: project(values, AHEAD, 0.5),
    }
    if asked.peers:
        methods |= {"river HoltWinters": holt_winters, "river SNARIMAX": snarimax}
    for title, series in sets.items():
        print(f"{title}: {len(series)} series")
        heads = f"{'3rd':>8}{'6th':>8}{'1-6':>8}{'80 %':>9}{'95 %':>9}"
        print(f"  {'error beside seasonal naive':34}{heads}")
        for name, method in methods.items():
            print(row(name, scored(series.values(), method)), flush=True)
    stations = attended(data / "dublin_fire_brigade")
    print(f"Dublin, call to attendance: {len(stations)} series, one to three months ahead")
    for name, scale, limit in (
        ("mean", MEANS, 0.0),
        ("share within 10 minutes", SHARE_SCALE, 600.0),
        ("share within 20 minutes", SHARE_SCALE, 1200.0),
    ):
        scores = lasting(stations.values(), scale, limit)
        known = [(each.in_80, each.in_95) for each in scores]
        shares = "".join(f"{100 * share:8.0f}%" for share in np.mean(known, axis=0))
        print(f"  {name:34}{ratio(scores):24.2f}{shares}", flush=True)


if __name__ == "__main__":
    main()
