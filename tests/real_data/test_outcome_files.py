"""Real street and outcome files of data.police.uk count as a plain script counts them."""

from __future__ import annotations

import csv
import gzip
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.cli import main
from streams.config.force import find_force
from streams.sources import open_source
from streams.sources.order.history import play
from tests.build import as_json

ACTION_TAKEN = {
    "Suspect charged", "Suspect charged as part of another case", "Awaiting court outcome",
    "Court case unable to proceed", "Court result unavailable", "Defendant found not guilty",
    "Defendant sent to Crown Court", "Offender deprived of property", "Offender fined",
    "Offender given absolute discharge", "Offender given community sentence",
    "Offender given conditional discharge", "Offender given suspended prison sentence",
    "Offender ordered to pay compensation", "Offender otherwise dealt with",
    "Offender sent to prison", "Offender given penalty notice", "Offender given a caution",
    "Offender given a drugs possession warning", "Local resolution",
}  # fmt: skip
COMPLETE = {"Investigation complete; no suspect identified"}
NO_ACTION = {
    "Unable to prosecute suspect", "Action to be taken by another organisation",
    "Formal action is not in the public interest", "Further action is not in the public interest",
    "Further investigation is not in the public interest",
}  # fmt: skip
GROUPS = {"action_taken": ACTION_TAKEN, "complete": COMPLETE, "no_action": NO_ACTION}
GROUP_OF = {words: group for group, all_words in GROUPS.items() for words in all_words}
ASB = "Anti-social behaviour"
OFFENCES = {
    "Bicycle theft": "bicycle_theft", "Burglary": "burglary",
    "Criminal damage and arson": "damage_arson", "Drugs": "drugs", "Other crime": "other_crime",
    "Other theft": "other_theft", "Possession of weapons": "weapons",
    "Public order": "public_order", "Robbery": "robbery", "Shoplifting": "shoplifting",
    "Theft from the person": "theft_from_person", "Vehicle crime": "vehicle",
    "Violence and sexual offences": "violence_and_sexual",
}  # fmt: skip


def plain_rows(paths: list[Path]) -> Iterator[dict[str, str]]:
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


class Plain(NamedTuple):
    """What a plain script counts: a row without a Crime ID is a record of its own; of rows with one
    the latest month counts; of outcomes with one, the latest month, each in that month."""

    volumes: Counter[tuple[str, str]]
    """By month and crime type."""
    results: Counter[tuple[str, str]]
    """Crimes by month of recording and group of the outcome so far."""
    outcomes: Counter[tuple[str, str, str]]
    """Outcomes by their month, their group and the crime type."""
    of_no_crime: int
    """Outcomes of crimes that are in no street file."""
    repeated: int
    """Outcomes that stand there again."""


def plain(street: list[Path], outcomes: list[Path]) -> Plain:
    crimes: dict[str, tuple[str, str, str]] = {}
    several: dict[str, list[tuple[str, str]]] = {}
    volumes: Counter[tuple[str, str]] = Counter()
    results: Counter[tuple[str, str]] = Counter()
    for found in plain_rows(street):
        month, kind = found["Month"], found["Crime type"]
        row = month, kind, found["Last outcome category"]
        if not found["Crime ID"]:
            volumes[month, kind] += 1
            if kind != ASB:
                results[month, GROUP_OF.get(row[2], "none")] += 1
        elif found["Crime ID"] not in crimes or crimes[found["Crime ID"]][0] < month:
            crimes[found["Crime ID"]] = row
        if found["Crime ID"]:
            several.setdefault(found["Crime ID"], []).append((month, kind))
    decided: dict[str, tuple[str, str]] = {}
    of_no_crime, seen, repeated = 0, set(), 0
    for found in plain_rows(outcomes):
        name, month, words = found["Crime ID"], found["Month"], found["Outcome type"]
        if name not in crimes:
            of_no_crime += 1
            continue
        repeated += (name, month, words) in seen
        seen.add((name, month, words))
        if name in decided and decided[name][0] == month:
            assert decided[name][1] == words  # else the files do not say which came last
        decided[name] = max(decided.get(name, ("", "")), (month, words))
    dated: Counter[tuple[str, str, str]] = Counter()
    for name, (month, kind, said) in crimes.items():
        assert {k for m, k in several[name] if m == month} == {kind}
        volumes[month, kind] += 1
        when, words = decided.get(name, ("", said))
        results[month, GROUP_OF.get(words, "none")] += 1
        if when:
            dated[when, GROUP_OF[words], kind] += 1
    return Plain(volumes, results, dated, of_no_crime, repeated)


class Replay(NamedTuple):
    monitor: Monitor
    query: Query
    board: Board
    warnings: list[str]


def replayed(force_id: str, paths: list[Path], months: list[str]) -> Replay:
    force = find_force(force_id)
    monitor = Monitor([force])
    source = open_source(paths, None, force)
    assert list(play(monitor, source)) == []
    ledgers = [monitor.ledger(kind, force_id) for kind in ("incident", "crime")]
    at = max(ledger.watermark for ledger in ledgers if ledger is not None)
    board = monitor.board(force_id, at, months)
    return Replay(monitor, Query(monitor, force_id, at), board, source.warnings)


def volumes_of(board: Board, months: list[str]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for month in months:
        period = as_json(board.periods[month])
        crimes = {r["offence"]: r["count"] for r in period["crimes"] if r["area"] == "force"}
        found.update({(month, words): crimes.get(name, 0) for words, name in OFFENCES.items()})
        found[month, ASB] += sum(
            r["count"]
            for r in period["incidents"]
            if (r["category"], r["grade"], r["area"]) == ("asb", "all", "force")
        )
    return +found


def results_of(query: Query, months: list[str]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for month in months:
        counts: dict[str, Any] = {
            name: query.figure(f"{name}_outcome_rate", month).numerator
            for name in ("action_taken", "no_action_taken")
        }
        every = query.figure("results.with_outcome", month).value
        found[month, "action_taken"] = counts["action_taken"]
        found[month, "no_action"] = counts["no_action_taken"]
        found[month, "complete"] = int(every or 0) - sum(counts.values())
        found[month, "none"] = int(query.figure("results.without_outcome", month).value or 0)
    return +found


def outcomes_of(query: Query, months: list[str]) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for month in months:
        for words, offence in OFFENCES.items():
            for group in GROUPS:
                seen = query.figure(f"outcomes.{group}{{offence={offence}}}", month)
                found[month, group, words] = int(seen.value or 0)
    return +found


def months_from(first: str, count: int) -> list[str]:
    year, month = map(int, first.split("-"))
    return [f"{year + (month - 1 + n) // 12}-{(month - 1 + n) % 12 + 1:02d}" for n in range(count)]


MONTHS = months_from("2021-03", 13)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "rows", "of_no_crime"),
    [("west-mercia", 89_169, 6_119), ("warwickshire", 42_747, 3_220)],
)
def test_street_and_outcome_files_count_as_a_plain_script_counts_them(
    shared_data: Path, name: str, rows: int, of_no_crime: int
) -> None:
    folder = shared_data / "data" / "police_uk_west_mercia_warwickshire"
    street = sorted(folder.glob(f"*-{name}-street.csv.gz"))
    outcomes = sorted(folder.glob(f"*-{name}-outcomes.csv.gz"))
    expected = plain(street, outcomes)
    paths = [*outcomes, *street]
    random.Random(5).shuffle(paths)
    found = replayed(name, paths, MONTHS)
    assert volumes_of(found.board, MONTHS) == expected.volumes
    assert results_of(found.query, MONTHS) == expected.results
    assert outcomes_of(found.query, MONTHS) == expected.outcomes
    for month in MONTHS:
        of_month = sum(n for (when, _, _), n in expected.outcomes.items() if when == month)
        assert found.query.figure("offences_outcomed", month).value == of_month
    assert expected.of_no_crime == of_no_crime
    assert sum(1 for _ in plain_rows(outcomes)) == rows
    (notice,) = found.warnings
    assert notice.startswith(f"{of_no_crime:,} outcomes of crimes that no street file here has")
    days = found.query.figure("outcome_rate_within_30_days", "2021-06")
    assert (days.value, days.known) == (None, False)
    assert days.reason == "the feed of crimes has not carried outcome_at to the day"


@pytest.mark.real_data
def test_street_files_of_the_city_count_as_a_plain_script_counts_them(shared_data: Path) -> None:
    """There are no outcome files of the City: its outcomes have no month."""
    folder = shared_data / "data" / "police_uk_city_of_london"
    months = months_from("2017-12", 36)
    street = [folder / f"{month}-city-of-london-street.csv.gz" for month in months]
    rows: dict[str, set[tuple[str, str]]] = {}
    expected: Counter[tuple[str, str]] = Counter()
    for row in plain_rows(street):
        where = row["Month"], row["Crime type"]
        if row["Crime ID"]:
            rows.setdefault(row["Crime ID"], set()).add(where)
        else:
            expected[where] += 1
    for each in rows.values():
        expected[max(each)] += 1
    found = replayed("city-of-london", street, months)
    assert volumes_of(found.board, months) == expected
    assert found.query.figure("offences_outcomed", "2019-06").value is None


@pytest.mark.real_data
def test_street_and_outcome_files_are_asked_for_outcomes_by_the_command(shared_data: Path) -> None:
    folder = shared_data / "data" / "police_uk_west_mercia_warwickshire"
    street = sorted(folder.glob("2021-0[3-6]-warwickshire-street.csv.gz"))
    outcomes = sorted(folder.glob("2021-0[3-6]-warwickshire-outcomes.csv.gz"))
    expected = sum(n for (m, _, _), n in plain(street, outcomes).outcomes.items() if m == "2021-05")
    sources = [part for path in [*outcomes, *street] for part in ("--source", str(path))]
    asked = CliRunner().invoke(
        main,
        ["query", *sources, "--force", "warwickshire", "offences_outcomed", "--period", "2021-05",
         "--format", "csv"],
    )  # fmt: skip
    assert asked.exit_code == 0, asked.output
    (answer,) = csv.DictReader(asked.stdout.splitlines())
    assert answer["value"] == str(expected)
