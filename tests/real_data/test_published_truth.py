"""Real, published data sets: the figures must be those that were published of them."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.board.model import Board
from streams.board.monitor import Monitor, canonical
from streams.board.rollup import Rollup
from streams.config.force import Force, find_force, load_force
from streams.registry.incidents import ATTENDANCE, INCIDENT
from streams.sources import open_source
from tests.build import FAR_FUTURE, as_json, row

EXAMPLES = Path(__file__).parents[2] / "examples"
MONTHS = [f"{2021 + (m > 12)}-{(m - 1) % 12 + 1:02d}" for m in range(3, 16)]


class Replay(NamedTuple):
    """A monitor after a replay, and what became of every row."""

    monitor: Monitor
    rows: int
    refused: Counter[str]
    excluded: int

    def board(self, force: str, *periods: str) -> Board:
        ledgers = (self.monitor.ledger(kind, force) for kind in ("call", "incident", "crime"))
        at = max(ledger.watermark for ledger in ledgers if ledger is not None)
        return self.monitor.board(force, at, periods)

    def taken(self, *kinds: str) -> Counter[str]:
        tallies = self.monitor.board(next(iter(self.monitor.forces)), 0).ingest
        total: Counter[str] = Counter()
        for kind in kinds:
            total.update({k: v for k, v in as_json(tallies[kind]).items() if isinstance(v, int)})
        return total


def replay(*paths: Path, force: Force, mapping: Path | None = None) -> Replay:
    monitor = Monitor([force])
    rows = excluded = 0
    refused: Counter[str] = Counter()
    for path in paths:
        for chunk in open_source(str(path), mapping=mapping, force=force):
            rows += chunk.rows
            excluded += chunk.excluded
            refused.update(r.reason for r in chunk.rejected)
            refused.update(r.reason for r in monitor.ingest(chunk.payload, FAR_FUTURE))
    return Replay(monitor, rows, refused, excluded)


def example(name: str) -> tuple[Force, Path]:
    return load_force(EXAMPLES / name / "force.toml"), EXAMPLES / name / "mapping.toml"


@pytest.fixture(scope="module")
def dublin(shared_data: Path) -> Replay:
    force, mapping = example("dublin_fire_brigade")
    folder = shared_data / "data" / "dublin_fire_brigade"
    return replay(folder / "dfb_fire_incidents_2020_2022.csv.gz", force=force, mapping=mapping)


@pytest.mark.real_data
def test_dublin_attendance_is_as_published(dublin: Replay) -> None:
    years = [f"{year}/{year % 100 + 1}" for year in range(2019, 2023)]
    board = dublin.board("dublin-fire-brigade", *years)
    found = [row(board, year, "attendance") for year in years]
    assert sum(r["attended"] for r in found) == 27_620
    assert sum(r["attended_within"] for r in found) == 25_934
    assert round(25_934 / 27_620 * 100, 2) == 93.90


@pytest.mark.real_data
def test_dublin_quantiles_are_within_one_percent_of_the_published(dublin: Replay) -> None:
    ledger = dublin.monitor.ledger("incident", "dublin-fire-brigade")
    assert ledger is not None
    force = dublin.monitor.forces["dublin-fire-brigade"]
    whole = ledger.panes.between(
        ledger.calendar.midnight(2020, 1, 1), ledger.calendar.midnight(2023, 1, 1)
    )
    rollup = Rollup(ATTENDANCE, force, INCIDENT)
    rows = rollup.rows(rollup.sums(whole))
    total = next(r for r in rows if r["area"] == "force")
    assert total["attended"] == 27_620
    assert total["response_median"] == pytest.approx(604, rel=0.01)
    assert total["response_p90"] == pytest.approx(1_036, rel=0.01)


@pytest.mark.real_data
def test_every_row_of_dublin_is_counted_refused_or_merged(dublin: Replay) -> None:
    taken = dublin.taken("incident")
    assert dublin.rows == 35_163
    counted = taken["new"]
    merged = taken["revised"] + taken["same"] + taken["stale"]
    assert counted + merged + dublin.refused.total() + dublin.excluded == 35_163
    assert dublin.refused == {}
    assert merged == 0


@pytest.fixture(scope="module")
def bank(shared_data: Path) -> Replay:
    force, mapping = example("anonymous_bank")
    folder = shared_data / "data" / "anonymous_bank_calls"
    return replay(folder / "anonymous_bank_1999_02.tsv.gz", force=force, mapping=mapping)


@pytest.mark.real_data
def test_anonymous_bank_rates_are_as_published(bank: Replay) -> None:
    found = row(bank.board("anonymous-bank", "1999-02"), "1999-02", "calls", line="bank")
    assert found["offered"] == 33_066
    assert round(found["abandonment"]["value"] * 100, 2) == 17.86
    within = found["answered_within"]
    assert round(within / (found["answered"] + found["abandoned"]) * 100, 2) == 43.73
    assert round(within / found["answered"] * 100, 2) == 53.24


@pytest.mark.real_data
def test_every_row_of_anonymous_bank_is_counted_refused_or_excluded(bank: Replay) -> None:
    assert bank.rows == 33_344
    assert bank.excluded == 278  # rows without a caller
    assert bank.refused == {}
    assert bank.taken("call")["new"] == 33_066


def street_files(shared_data: Path, force: str) -> list[Path]:
    folder = shared_data / "data" / "police_uk_west_mercia_warwickshire"
    return [folder / f"{month}-{force}-street.csv.gz" for month in MONTHS]


def plain_rows(paths: list[Path]) -> Iterator[dict[str, str]]:
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def plain_counts(paths: list[Path]) -> tuple[int, Counter[tuple[str, str]]]:
    """(rows, crimes by month and type) with the rule in plain words: a row without a Crime ID is a
    record of its own; rows with one Crime ID are one record, and the latest month wins."""
    rows = 0
    counts: Counter[tuple[str, str]] = Counter()
    by_id: dict[str, set[tuple[str, str]]] = {}
    for found in plain_rows(paths):
        rows += 1
        where = found["Month"], found["Crime type"]
        if found["Crime ID"]:
            by_id.setdefault(found["Crime ID"], set()).add(where)
        else:
            counts[where] += 1
    counts.update(max(where) for where in by_id.values())
    return rows, counts


OFFENCES = {
    "Bicycle theft": "bicycle_theft",
    "Burglary": "burglary",
    "Criminal damage and arson": "damage_arson",
    "Drugs": "drugs",
    "Other crime": "other_crime",
    "Other theft": "other_theft",
    "Possession of weapons": "weapons",
    "Public order": "public_order",
    "Robbery": "robbery",
    "Shoplifting": "shoplifting",
    "Theft from the person": "theft_from_person",
    "Vehicle crime": "vehicle",
    "Violence and sexual offences": "violence_and_sexual",
}


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "rows"), [("west-mercia", 137_047), ("warwickshire", 54_622)])
def test_street_files_count_as_the_files_do_by_month_and_type(
    shared_data: Path, name: str, rows: int
) -> None:
    paths = street_files(shared_data, name)
    read, expected = plain_counts(paths)
    assert read == rows
    done = replay(*paths, force=find_force(name))
    board = done.board(name, *MONTHS)
    found: Counter[tuple[str, str]] = Counter()
    for month in MONTHS:
        period = as_json(board.periods[month])
        crimes = {r["offence"]: r["count"] for r in period["crimes"] if r["area"] == "force"}
        found.update(
            {(month, title): crimes.get(offence, 0) for title, offence in OFFENCES.items()}
        )
        asb = [
            r["count"]
            for r in period["incidents"]
            if (r["category"], r["grade"], r["area"]) == ("asb", "all", "force")
        ]
        found[month, "Anti-social behaviour"] = sum(asb)
        assert crimes["all"] + sum(asb) == sum(
            n for (when, _), n in expected.items() if when == month
        )
    assert +found == expected
    taken = done.taken("crime", "incident")
    merged = taken["revised"] + taken["same"] + taken["stale"]
    assert done.refused == {}
    assert taken["new"] + merged == rows
    assert taken["new"] == expected.total()


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["west-mercia", "warwickshire"])
def test_months_replayed_in_reverse_order_give_the_same_board(shared_data: Path, name: str) -> None:
    paths = street_files(shared_data, name)
    forward, back = (
        replay(*order, force=find_force(name)).board(name, *MONTHS, "2021-Q2", "2021/22")
        for order in (paths, paths[::-1])
    )
    assert canonical(forward) == canonical(back)


@pytest.mark.real_data
def test_of_records_known_only_to_the_month_no_day_and_no_hour_is_known(shared_data: Path) -> None:
    paths = street_files(shared_data, "warwickshire")[:1]
    board = replay(*paths, force=find_force("warwickshire")).board(
        "warwickshire", "2021-03", "2021-03-01", "2021-03-01T00"
    )
    assert row(board, "2021-03", "crimes", offence="all")["count"] > 3_000
    for label in ("2021-03-01", "2021-03-01T00+00:00"):
        assert row(board, label, "crimes", offence="all")["count"] is None
    assert row(board, "today", "crimes", offence="all")["count"] is None
