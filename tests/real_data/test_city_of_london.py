"""City of London, 2017-12 to 2020-07: the first lockdown shows on an XmR chart, March 2020 not."""

import csv
import gzip
from pathlib import Path

import pytest

from detectors.charts.chart import ControlChart

BASELINE = [f"{2017 + (11 + i) // 12}-{(11 + i) % 12 + 1:02d}" for i in range(27)]
JUDGED = ["2020-03", "2020-04", "2020-05", "2020-06", "2020-07"]


@pytest.fixture(scope="module")
def volumes(shared_data: Path) -> dict[str, int]:
    """Rows by month."""
    folder = shared_data / "data" / "police_uk_city_of_london"
    found = {}
    for month in BASELINE + JUDGED:
        with gzip.open(folder / f"{month}-city-of-london-street.csv.gz", "rt") as file:
            found[month] = sum(row["Month"] == month for row in csv.DictReader(file))
    return found


@pytest.fixture
def chart(volumes: dict[str, int]) -> ControlChart:
    chart = ControlChart("individuals", baseline=27, rebase=8)
    for month in BASELINE:
        chart.update(volumes[month])
    return chart


@pytest.mark.real_data
def test_the_limits_of_27_months_are_as_published(chart: ControlChart) -> None:
    assert (BASELINE[0], BASELINE[-1]) == ("2017-12", "2020-02")
    assert not chart.learning
    lines = (chart.centre, chart.lower, chart.upper)
    assert [round(y) for y in lines if y is not None] == [770, 577, 963]


@pytest.mark.real_data
def test_april_to_july_2020_are_low_and_march_is_not(
    chart: ControlChart, volumes: dict[str, int]
) -> None:
    found = {}
    for month in JUDGED:
        chart.update(volumes[month])
        found[month] = (volumes[month], [direction for _, direction in chart.causes])
    assert found == {
        "2020-03": (605, []),
        "2020-04": (236, [-1]),
        "2020-05": (226, [-1]),
        "2020-06": (323, [-1]),
        "2020-07": (463, [-1]),
    }
