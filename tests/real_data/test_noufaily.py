"""The simulated series of Noufaily et al. (2013): our verdict on each week must be that of R.

The verdicts are those of `farringtonFlexible` and `earsC` of the R package surveillance 1.20.3 on
weeks 576 to 624 of 105 series, each without outbreaks and with outbreaks of four kinds.
"""

import csv
import dataclasses
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from detectors.counts.ears import EARS
from detectors.counts.farrington import ORIGINAL, Options, judge

Row = dict[str, str]
NOUFAILY = Options(alpha=0.01)
OLD = dataclasses.replace(ORIGINAL, alpha=0.01, half_case=False)
EVERY = 7  # judge one week in so many, other weeks in each series
PRINTED = 6e-9  # R's probabilities were written with eight decimals


class Series(NamedTuple):
    """One series and R's verdicts on its last 49 weeks."""

    counts: list[float]
    rows: list[Row]


@pytest.fixture(scope="module")
def series(shared_data: Path) -> list[Series]:
    folder = shared_data / "data" / "noufaily"
    parts: dict[tuple[str, ...], list[float]] = {}
    with gzip.open(folder / "series.csv.gz", "rt") as file:
        lines = csv.reader(file)
        next(lines)
        for scenario, replicate, variant, *counts in lines:
            parts[scenario, replicate, variant] = [float(count) for count in counts]
    rows: dict[tuple[str, ...], list[Row]] = {}
    with gzip.open(folder / "results.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            rows.setdefault((row["scenario"], row["rep"], row["k1"], row["k2"]), []).append(row)
    found = []
    for (scenario, replicate, past, now), verdicts in rows.items():
        added = ["base"] + ["past3"] * (past != "0") + [f"cur{now}"] * (now != "0")
        summed = zip(*(parts[scenario, replicate, variant] for variant in added), strict=True)
        found.append(Series([sum(cases) for cases in summed], verdicts))
    assert len(found) == 525
    return found


def sample(series: list[Series]) -> Iterator[tuple[list[float], float, Row]]:
    flat = ((one.counts, row) for one in series for row in one.rows)
    for i, (counts, row) in enumerate(flat):
        week = int(row["week"])
        if i % EVERY == (i // 49) % EVERY:
            assert counts[week - 1] == float(row["y"])
            yield counts[: week - 1], counts[week - 1], row


def test_flexible_farrington_says_what_r_says(series: list[Series]) -> None:
    agree: Counter[str] = Counter()
    for past, now, row in sample(series):
        verdict = judge(past, now, NOUFAILY)
        assert verdict is not None
        agree["weeks"] += 1
        agree["alarms of R"] += row["ff_alarm"] == "1"
        agree["alarm"] += verdict.alarm == (row["ff_alarm"] == "1")
        agree["enough"] += verdict.enough == (row["ff_upper"] != "NA")
        agree["upper"] += not verdict.enough or verdict.upper == float(row["ff_upper"])
        agree["p"] += abs(verdict.p_value - float(row["ff_p"])) <= PRINTED
    print(dict(agree))
    assert agree["weeks"] == 3675
    assert agree["alarms of R"] > 50
    assert {agree[figure] for figure in ("alarm", "enough", "upper", "p")} == {agree["weeks"]}


def test_the_original_variant_says_what_r_says(series: list[Series]) -> None:
    agree: Counter[str] = Counter()
    for past, now, row in sample(series):
        verdict = judge(past, now, OLD)
        assert verdict is not None
        agree["weeks"] += 1
        agree["alarm"] += verdict.alarm == (row["fo_alarm"] == "1")
        agree["p"] += abs(verdict.p_value - float(row["fo_p"])) <= PRINTED
    print(dict(agree))
    assert agree["alarm"] == agree["p"] == agree["weeks"] == 3675


@pytest.mark.parametrize(("method", "alpha"), [("C1", 0.01), ("C2", 0.01), ("C3", 0.025)])
def test_ears_says_what_r_says(series: list[Series], method: Any, alpha: float) -> None:
    weeks = undecided = agree = 0
    for one in series:
        detector = EARS(method, alpha=alpha, around="observed")
        for count in one.counts[550:575]:
            detector.update(count)
        for row in one.rows:
            detector.update(float(row["y"]))
            verdict = row[method.lower()]
            weeks += 1
            undecided += verdict == "NA"  # R divides nothing by nothing where a baseline is flat
            agree += verdict == str(int(detector.drift_detected))
    print(method, weeks, undecided, agree)
    assert weeks == 25_725
    assert undecided <= (0.05 * weeks if method == "C3" else 0)
    assert agree == weeks - undecided
