"""Expected counts on real days: Dublin's fire incidents of 2022, with 2020 and 2021 as history."""

import csv
import datetime as dt
import gzip
from collections import Counter
from pathlib import Path

import pytest

from detectors.counts.expected import Expected

HALLOWEEN = dt.date(2022, 10, 31)


@pytest.fixture(scope="session")
def incidents(shared_data: Path) -> dict[dt.date, int]:
    """Incidents by day; the file writes 31/10/2022."""
    path = shared_data / "data" / "dublin_fire_brigade" / "dfb_fire_incidents_2020_2022.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as rows:
        days = Counter(row["Date"] for row in csv.DictReader(rows))
    return {
        dt.date(*(int(part) for part in reversed(day.split("/")))): count
        for day, count in days.items()
    }


def test_halloween_2022_is_exceptional(
    incidents: dict[dt.date, int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert [incidents[HALLOWEEN.replace(year=year)] for year in (2020, 2021, 2022)] == [
        193,
        129,
        132,
    ]
    detector = Expected(slots=7)
    flagged: list[str] = []
    halloween = None
    day = dt.date(2020, 1, 1)
    while day.year <= 2022:
        detector.update(incidents.get(day, 0), slot=day.weekday())
        judgement = detector.judgement
        assert judgement is not None
        if day == HALLOWEEN:
            halloween = judgement
        elif day.year == 2022 and detector.drift_detected:
            flagged.append(f"{day:%d %B}: {judgement.words}")
        day += dt.timedelta(1)
    assert halloween is not None
    with capsys.disabled():
        print(f"\n31 October 2022: {halloween.words} (p = {halloween.high:.1e})")
        print(f"Other days of 2022 flagged at 1 in 1,000 a tail: {len(flagged)} of 364")
        print(*flagged, sep="\n")
    assert halloween.exceptional
    assert halloween.high is not None
    assert halloween.high < 1e-6
    assert halloween.expected == pytest.approx(43.5, abs=8)
    assert halloween.state == "ready"
    # By chance alone 0.7; both of those found are real: St Patrick's weekend and Halloween's eve.
    assert len(flagged) <= 4


def test_with_its_name_halloween_is_compared_with_halloweens(
    incidents: dict[dt.date, int],
) -> None:
    detector = Expected(slots=7)
    day = dt.date(2020, 1, 1)
    while day < HALLOWEEN:
        names = ["Halloween"] if (day.month, day.day) == (10, 31) else []
        detector.update(incidents.get(day, 0), day.weekday(), names)
        day += dt.timedelta(1)
    judgement = detector.judge(incidents[HALLOWEEN], slot=HALLOWEEN.weekday(), names=["Halloween"])
    assert not judgement.exceptional
    assert judgement.expected is not None
    assert 110 < judgement.expected < 190
