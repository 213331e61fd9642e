"""How well are the calls of the next 12 hours forecast, and how often do the intervals hold?

    WATCHROOM_SHARED=../shared python benchmarks/hours_ahead.py

At origins that move on by a few hours, what is known by then forecasts the next 12 hours, as
`streams.surveillance.hours_ahead` does it, and is held against what came. Printed, by how far
ahead: the mean absolute error beside that of the seasonal naive forecast (the same hour a week
before), of the week's shape alone and of that times the level now; the root of the squared errors
likewise; and how often the intervals of 80 and 95 % held what came; and what it is worth to carry
on what the last hours brought where they departed from ordinary days. Counts are whole, so where
few come intervals hold more often than they say: no shorter one holds often enough.

The series: the calls of the Anonymous Bank, February 1999, from the third week on, while two to
four weeks are known; what Dublin Fire Brigade was called to, 2020 to 2022, from the half year on;
and calls that are made up, with a level that swings within the day by a known rule, on which no
forecast can do much better than ours.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import gzip
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.counts.expected import Expected
from detectors.counts.hours_ahead import LAST_HOURS, departure, hours_ahead, level, swing
from detectors.counts.predictive import Predictive, limits

WEEK, AHEAD = 168, 12
LEARNED = 8 * WEEK
"""Hours from which it is learned how the level swings."""
HORIZONS = {"1": (1, 1), "2-3": (2, 3), "4-6": (4, 6), "7-12": (7, 12), "1-12": (1, 12)}
Floats = NDArray[np.float64]


def bank(folder: Path) -> Floats:
    """Calls an hour; phantom rows are none."""
    found = Counter[dt.datetime]()
    for path in folder.glob("*.tsv.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            for row in csv.DictReader(rows, delimiter="\t"):
                if row["outcome"] != "PHANTOM":
                    day, hour = row["date"], int(row["vru_exit"].partition(":")[0])
                    at = (1900 + int(day[:2]), int(day[2:4]), int(day[4:]), hour)
                    found[dt.datetime(*at, tzinfo=dt.UTC)] += 1
    return by_hour(found)


def dublin(folder: Path) -> Floats:
    """Mobilisations an hour, by the time of the call."""
    found = Counter[dt.datetime]()
    for path in folder.glob("*.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as rows:
            for row in csv.DictReader(rows):
                if row["TOC"]:
                    day, month, year = map(int, row["Date"].split("/"))
                    hour = int(row["TOC"][:2])
                    found[dt.datetime(year, month, day, hour, tzinfo=dt.UTC)] += 1
    return by_hour(found)


def by_hour(found: Counter[dt.datetime]) -> Floats:
    """The counts of all hours from the first Monday on."""
    first = min(found).replace(hour=0)
    first += dt.timedelta(days=-first.weekday() % 7)
    hours = int((max(found) - first) / dt.timedelta(hours=1)) + 1
    return np.array([found[first + dt.timedelta(hours=n)] for n in range(hours)], np.float64)


def made_up(weeks: int = 40, seed: int = 1) -> Floats:
    """About 12 calls an hour with a shape of the day, clumped, with a level that swings by a fifth
    and keeps 0.9 of that from hour to hour."""
    chance = np.random.default_rng(seed)
    apart, counts = 0.0, []
    for hour in range(weeks * WEEK):
        apart = 0.9 * apart + 0.2 * (1 - 0.9**2) ** 0.5 * chance.normal()
        usual = 12 + 8 * np.sin((hour % 24 - 9) / 24 * 2 * np.pi) + 3 * (hour // 24 % 7 > 4)
        rate = usual * np.exp(apart - 0.02)
        counts.append(chance.poisson(chance.gamma(rate / 0.5, 0.5)))
    return np.array(counts, np.float64)


def scored(counts: Floats, first: int, step: int) -> Iterator[tuple[float, ...]]:
    """Of every forecast: hours ahead; the errors of the naive one, the shape, and ours; whether the
    intervals of 80 and 95 % held; our error without departures, and whether there was one."""
    expected = Expected(need=1)
    for at, count in enumerate(counts):
        if at >= first and not at % step and at + AHEAD <= len(counts):
            since = max(0, at - LEARNED)
            week = [expected.forecast(slot) for slot in range(WEEK)]
            by_slot = [each.mean for each in week]
            usual = [by_slot[hour % WEEK] for hour in range(since, at)]
            by = swing(counts[since : at - LAST_HOURS], usual[:-LAST_HOURS])
            now = level(counts[at - WEEK : at], usual[-WEEK:], by)
            shape = [week[(at + hour) % WEEK] for hour in range(AHEAD)]
            lately = range(at - LAST_HOURS, at)
            departed = departure(counts[at - LAST_HOURS : at], [week[n % WEEK] for n in lately], by)
            ordinary = _held(counts, at, shape, hours_ahead(now, by, shape))
            ours = _held(counts, at, shape, hours_ahead(now, by, shape, departed))
            for before, after in zip(ordinary, ours, strict=True):
                yield *after, before[3], departed is not None
        expected.update(count, at % WEEK)


def _held(
    counts: Floats, at: int, shape: list[Predictive], ours: list[Predictive]
) -> Iterator[tuple[float, ...]]:
    fields = np.array([[e.mean, e.spread, e.dispersion, e.dispersion_spread] for e in ours])
    (low_80, high_80), (low_95, high_95) = limits(fields, 0.1), limits(fields, 0.025)
    for hour, (by_shape, each) in enumerate(zip(shape, ours, strict=True)):
        came = counts[at + hour]
        yield (
            hour + 1,
            came - counts[at + hour - WEEK],
            came - by_shape.mean,
            came - each.mean,
            low_80[hour] <= came <= high_80[hour],
            low_95[hour] <= came <= high_95[hour],
        )


def main() -> None:
    """Prints the tables."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    data = Path(os.environ.get("WATCHROOM_SHARED", "../shared")) / "data"
    series = {
        "Anonymous Bank, from the third week": (bank, "anonymous_bank_calls", 2 * WEEK, 3),
        "Dublin Fire Brigade": (dublin, "dublin_fire_brigade", 26 * WEEK, 7),
    }
    sets = {
        title: (read(data / folder), first, step)
        for title, (read, folder, first, step) in series.items()
        if (data / folder).is_dir()
    }
    sets["Made up"] = made_up(), 8 * WEEK, 7
    for title, (counts, first, step) in sets.items():
        rows = np.array(list(scored(counts, first, step)), np.float64)
        print(f"{title}: {len(rows):,} forecasts, {counts.mean():.1f} an hour")
        print(f"  {'hours ahead':14}{'shape':>8}{'ours':>8}{'squares':>9}{'80 %':>8}{'95 %':>8}")
        for name, (least, most) in HORIZONS.items():
            _, naive, shape, ours, in_80, in_95, *_ = rows[
                (rows[:, 0] >= least) & (rows[:, 0] <= most)
            ].T
            absolute, squares = np.abs(naive).mean(), np.square(naive).mean() ** 0.5
            print(
                f"  {name:14}{np.abs(shape).mean() / absolute:8.2f}"
                f"{np.abs(ours).mean() / absolute:8.2f}"
                f"{np.square(ours).mean() ** 0.5 / squares:9.2f}"
                f"{100 * in_80.mean():7.0f}%{100 * in_95.mean():7.0f}%",
                flush=True,
            )
        departed = rows[rows[:, 7] > 0.0]
        if len(departed):
            print(
                f"  after {len(departed) // AHEAD} departures: mean absolute error "
                f"{np.abs(departed[:, 6]).mean():.2f} from ordinary days, "
                f"{np.abs(departed[:, 3]).mean():.2f} carried on; intervals of 95 % held "
                f"{100 * departed[:, 5].mean():.0f} %"
            )


if __name__ == "__main__":
    main()
