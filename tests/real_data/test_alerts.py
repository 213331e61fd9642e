"""What people would have been told in real years, as `benchmarks/years.py` lists it."""

import csv
import datetime as dt
import gzip
import json
import subprocess
import sys
from calendar import monthrange
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.real_data.test_published_truth import EXAMPLES, OFFENCES, plain_counts

YEARS = Path(__file__).parents[2] / "benchmarks" / "years.py"
DAYS = 365.25 / 12
SIGNALS = ("exceptional_volume", "level_change")

Alert = dict[str, Any]


def alerts(out: Path, *words: object) -> list[Alert]:
    """Those of a history, in the order of opening."""
    asked = [sys.executable, str(YEARS), *map(str, words), "--out", str(out / "years")]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found: list[Alert] = json.loads((out / "years.json").read_text())
    return found


def told(found: list[Alert]) -> str:
    """For the message of a test that fails."""
    return "\n".join(f"{one['opened']} {one['id']}: {one['opening']}" for one in found)


# -- City of London, by the month --------------------------------------------------------------


@pytest.fixture(scope="module")
def city_files(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "data" / "police_uk_city_of_london").glob("*.csv.gz"))


def month_of(path: Path) -> str:
    return path.name[:7]


def counts_of(files: list[Path]) -> Counter[tuple[str, str]]:
    """What the files hold, by month and the name of a series."""
    _, plain = plain_counts(files)
    found: Counter[tuple[str, str]] = Counter()
    for (month, title), number in plain.items():
        if title in OFFENCES:
            found[month, OFFENCES[title]] += number
            found[month, "crimes"] += number
        else:
            found[month, "asb"] += number
    return found


def series_of(alert: Alert) -> str:
    if alert["group"] == "incidents":
        return "asb"  # all there are
    offence = str(alert["row"]["offence"])
    return "crimes" if offence == "all" else offence


def rate(counts: Counter[tuple[str, str]], series: str, months: list[str]) -> float:
    """Records in a month of mean length."""
    days = sum(monthrange(int(month[:4]), int(month[5:]))[1] for month in months)
    return sum(counts[month, series] for month in months) * DAYS / days


def test_no_alert_of_the_city_rests_on_months_without_a_file(
    city_files: list[Path], tmp_path: Path
) -> None:
    """Sixty-seven months, none of July to November 2017 nor of December 2020 to February 2021; and
    the file of May 2017 has no anti-social behaviour at all."""
    counts = counts_of(city_files)
    heard = [month_of(path) for path in city_files]
    assert len(heard) == 67
    found = alerts(tmp_path, *city_files, "--force", "city-of-london")
    missing = [one for one in found if one["kind"] == "feed_silent"]
    assert sorted(one["opening"].partition(": ")[2].partition(";")[0] for one in missing) == [
        "nothing for December 2020 to February 2021",
        "nothing for December 2020 to February 2021",
        "nothing for July to November 2017",
        "nothing for July to November 2017",
        "nothing for May 2017",
    ]
    assert {one["severity"] for one in missing} == {"notice"}
    levels = [one for one in found if one not in missing]
    assert {one["kind"] for one in levels} == {"level_change"}, told(found)
    for one in levels:
        series, evidence = series_of(one), one["evidence"]
        known = [m for m in heard if (m, series) != ("2017-05", "asb")]
        month = evidence["period"]
        assert month in known, told([one])
        assert evidence["observed"] == counts[month, series], told([one])
        for point in one["series"]["month"]:
            here = point["period"]
            closed = here in known and here != heard[-1]
            shown = counts[here, series] if closed else None
            assert point["value"] == shown, (here, told([one]))
        if one["onset"] is None:
            continue
        onset = one["onset"][:7]
        assert onset in known, told([one])
        since = [m for m in known if onset <= m <= month]
        if "the same months a year before" in one["opening"]:
            # What came; the evidence is of an average month, where the season is known.
            came = f": {rate(counts, series, since):,.0f} a month, "
            assert came in one["opening"], told([one])
        lowest = min(rate(counts, series, [m]) for m in known if m < onset)
        assert evidence["before"] >= lowest, told([one])


def test_the_fall_of_april_2020_in_the_city_is_one_alert(
    city_files: list[Path], tmp_path: Path
) -> None:
    """Thirty-six months without a gap: recorded crimes lead, with the figures of April."""
    files = [path for path in city_files if "2017-12" <= month_of(path) <= "2020-11"]
    assert len(files) == 36
    counts = counts_of(files)
    found = alerts(tmp_path, *files, "--force", "city-of-london")
    falls = [
        one
        for one in found
        if one["group"] == "crimes"
        and one["direction"] == "down"
        and one["evidence"]["period"] >= "2020-03"
    ]
    assert len(falls) == 1, told(falls)
    (fall,) = falls
    assert counts["2020-04", "crimes"] == 206
    assert fall["id"] == "city-of-london/level_change/crimes.count/offence=all/force/down/2020-04"
    assert fall["evidence"]["observed"] == 206
    assert fall["opening"].startswith("Recorded crimes, City of London: 206 in April 2020")
    assert fall["opened"][:10] == "2020-05-31"
    # May was lower still, by more than a quarter: the one time that it is told again.
    assert [each["what"] for each in fall["sent"]] == ["opened", "updated"]


# -- Dublin, without a spring ------------------------------------------------------------------

FIRST, AFTER = dt.date(2021, 3, 1), dt.date(2021, 6, 1)
"""March to May 2021 are cut out. The history ends with that year, which saves half a minute."""
FEW = 5
"""Below so many a day a median says little of a level."""


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text[:10])


def without_a_spring(whole: Path, cut: Path) -> None:
    with (
        gzip.open(whole, "rt", encoding="utf-8-sig", newline="") as rows,
        cut.open("w", encoding="utf-8", newline="") as out,
    ):
        reader = csv.DictReader(rows)
        writer = csv.DictWriter(out, reader.fieldnames or ())
        writer.writeheader()
        for row in reader:
            date = dt.date(*(int(part) for part in reversed(row["Date"].split("/"))))
            if date.year < 2022 and not FIRST <= date < AFTER:
                writer.writerow(row)


def test_no_alert_of_dublin_rests_on_a_spring_that_is_cut_out(
    shared_data: Path, tmp_path: Path
) -> None:
    folder, cut = shared_data / "data" / "dublin_fire_brigade", tmp_path / "cut.csv"
    without_a_spring(folder / "dfb_fire_incidents_2020_2022.csv.gz", cut)
    example = EXAMPLES / "dublin_fire_brigade"
    force, mapping = example / "force.toml", example / "mapping.toml"
    found = alerts(tmp_path, cut, "--mapping", mapping, "--force", force)
    about = [one for one in found if one["kind"] in SIGNALS]
    assert {day(one["opened"]).year for one in about} == {2020, 2021}
    for one in about:
        evidence = one["evidence"]
        assert day(evidence["end"]) <= FIRST or day(evidence["start"]) >= AFTER, told([one])
        assert one["onset"] is None or not FIRST <= day(one["onset"]) < AFTER, told([one])
        days = one["series"].get("day", [])
        for point in days:
            assert not FIRST <= day(point["period"]) < AFTER or point["value"] is None, told([one])
        # A level into which the days of the gap had gone as zeros would lie far below these.
        usual = median([p["value"] for p in days if p["value"] is not None] or [0])
        counted = (one["kind"], one["grain"]) == ("exceptional_volume", "day")
        if counted and usual >= FEW and day(evidence["start"]) >= AFTER:
            assert evidence["expected"] >= usual / 2, told([one])
