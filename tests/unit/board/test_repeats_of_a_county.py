"""Two allied forces with a year of crimes and people: every figure as a count of the whole log has
it, at each month's end and at moments drawn, with late, cancelled and revised records."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import find_force
from streams.periods import to_ms
from tests.build import FAR_FUTURE, lines

LONDON = ZoneInfo("Europe/London")
FORCES = ("warwickshire", "west-mercia")
START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
DAYS = 425
NAMES = ("victims", "repeat_victims", "repeat_victims_3plus_offences",
         "domestic_abuse_repeat_victims")  # fmt: skip


class Version(NamedTuple):
    updated: dt.datetime
    record: dict[str, Any]


def log(crimes: int, seed: int = 5) -> list[Version]:
    """Versions of crimes of two forces, in the order of time; a tenth of them change later."""
    chance = random.Random(seed)

    def people() -> list[str]:
        number = chance.choice((0, 1, 1, 1, 2))
        return [f"p{int(chance.paretovariate(1.1) * crimes / 60)}" for _ in range(number)]

    made = []
    for n in range(crimes):
        at = START + dt.timedelta(days=chance.random() * DAYS)
        record = {
            "kind": "crime",
            "force": FORCES[chance.random() < 0.7],
            "id": f"c{n}",
            "recorded_at": at.isoformat(),
            "offence": chance.choice(("violence.with_injury", "shoplifting", "sexual.rape")),
            "victims": people(),
            "markers": ["domestic_abuse"] if chance.random() < 0.2 else [],
        }
        made.append(Version(at, record))
        if chance.random() < 0.1:
            later = at + dt.timedelta(days=chance.random() * 60)
            change = {"cancelled": True} if chance.random() < 0.5 else {"victims": people()}
            made.append(Version(later, {**record, **change}))
    return sorted(made)


def by_hand(winners: dict[str, dict[str, Any]], force: str, month: str) -> dict[str, int]:
    """Every figure of a month, from all records as they stand."""
    history: defaultdict[str, list[tuple[dt.datetime, dict[str, Any]]]] = defaultdict(list)
    for record in winners.values():
        if not record.get("cancelled"):
            at = dt.datetime.fromisoformat(record["recorded_at"]).astimezone(LONDON)
            for person in set(record["victims"]):
                history[person].append((at, record))
    found = dict.fromkeys(NAMES, 0)
    for records in history.values():
        most = abused = 0
        for at, record in records:
            if record["force"] != force or f"{at:%Y-%m}" != month:
                continue
            first = a_year_before(at.date())
            window = [r for other, r in records if other.date() >= first and other <= at]
            most = max(most, len(window))
            if record["markers"]:
                abused = max(abused, sum(bool(each["markers"]) for each in window))
        found["victims"] += most >= 1
        found["repeat_victims"] += most >= 2
        found["repeat_victims_3plus_offences"] += most >= 3
        found["domestic_abuse_repeat_victims"] += abused >= 2
    return found


def a_year_before(day: dt.date) -> dt.date:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap else day.day)


def compare(crimes: int, moments: int) -> None:
    """Folds the log, and compares at each end of a month and at moments that are drawn."""
    versions = log(crimes)
    chance = random.Random(7)
    ends = [dt.datetime(2020 + n // 12, n % 12 + 1, 1, tzinfo=LONDON) for n in range(1, 15)]
    drawn = [START + dt.timedelta(days=30 + chance.random() * (DAYS - 31)) for _ in range(moments)]
    watched = Monitor([find_force(each) for each in FORCES])
    winners: dict[str, dict[str, Any]] = {}
    place = 0
    for moment in sorted([*(end - dt.timedelta(seconds=1) for end in ends), *drawn]):
        batch = []
        while place < len(versions) and versions[place].updated <= moment:
            updated, record = versions[place]
            batch.append({**record, "updated_at": updated.isoformat()})
            winners[record["id"]] = record
            place += 1
        for first in range(0, len(batch), 300):
            assert not watched.ingest(lines(batch[first : first + 300]), FAR_FUTURE)
        month = f"{moment.astimezone(LONDON):%Y-%m}"
        for force in FORCES:
            query = Query(watched, force, to_ms(moment.astimezone(dt.UTC)))
            found = {name: query.figure(name, month).value for name in NAMES}
            assert found == by_hand(winners, force, month), (force, moment)


@pytest.mark.replays
def test_a_small_county_is_counted_as_by_hand() -> None:
    compare(crimes=6_000, moments=10)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_200_000_crimes_are_counted_as_by_hand() -> None:
    compare(crimes=200_000, moments=100)
