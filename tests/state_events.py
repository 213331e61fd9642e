"""The fixed streams of events that the golden files of stored state are made of (`state_files`).

They must stay as they are: a golden file is compared with what the program makes of them now. To
have more in them, raise the numbers of the forms that they change and add golden files.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from streams.config.force import Force, check_force
from streams.periods import DAY, HOUR, MINUTE, SECOND, rfc3339
from streams.surveillance.feedback import AcceptedLevel, ExcludedStretch, Feedback
from tests.build import ms

FOLDER = Path(__file__).parent / "data" / "state"
MONDAY = ms("2021-03-01T00:00:00Z")
WEEKS = 8
LATER = MONDAY + WEEKS * 7 * DAY
"""The end of what the watches of the golden file have seen."""
RISE = MONDAY + 43 * DAY + 12 * HOUR
"""An instant within a rise, of records and of waits."""
WAITS, RESPONSES = (2, 4, 5, 7, 9, 14), (240, 420, 600, 780, 900, 1500)
"""Seconds until a call is answered and an emergency attended."""

Record = dict[str, Any]


@cache
def force() -> Force:
    """The force of the golden files."""
    found, problems = check_force((FOLDER / "force.toml").read_text("utf-8"), "force.toml")
    assert found is not None, problems
    return found


def record(kind: str, name: str, updated: int, **fields: Any) -> Record:
    """One version of a record; times in ms become stamps, and what is None is left out."""
    found: Record = {"kind": kind, "force": "golden", "id": name, "updated_at": rfc3339(updated)}
    for field, value in fields.items():
        stamp = field.endswith("_at") and isinstance(value, int)
        if value is not None:
            found[field] = rfc3339(value) if stamp else value
    return found


# -- what a checkpoint holds --------------------------------------------------------------------


def counted(kind: str) -> list[list[Record]]:
    """Messages of every sort of record of a kind, with versions in and out of order, late and
    deleted ones, open ones that stay beyond the horizon, and sealed periods."""
    messages: dict[str, Any] = {
        "call": _calls,
        "incident": _incidents,
        "crime": _crimes,
        "reading": _readings,
        "heartbeat": _heartbeats,
    }
    return list(messages[kind]())


def _calls() -> Iterator[list[Record]]:
    at = MONDAY + 10 * HOUR
    for day in (0, 45):
        first = []
        for number in range(12):
            name, offered = f"c{day}-{number}", at + day * DAY + number * 7 * MINUTE + 345
            area = (None, "north", "east", "unheard-of")[number % 4]
            fields: Record = {"line": "999", "offered_at": offered, "area": area}
            if number < 6:
                fields["caller"] = f"caller{number % 2}"
            first.append(record("call", name, offered, **fields))
            ended = offered + (number * 4 + 1) * SECOND
            end = ("answered_at", "abandoned_at", "ended_at")[number % 3]
            if number != 7:  # it is waiting for ever
                first.append(record("call", name, ended, **fields, **{end: ended}))
        first.append(record("call", f"c{day}-0", at + day * DAY + 2 * HOUR, deleted=True))
        first.append(record("call", f"c{day}-1", at + day * DAY, line="999", offered_at=at))
        yield first
        # The hour closes, and versions come after it; one comes twice.
        offered = at + day * DAY + 5 * HOUR
        twice = record("call", f"c{day}-next", offered, line="999", offered_at=offered)
        yield [twice, twice]
        old = at + day * DAY + 3 * 7 * MINUTE + 345
        yield [record("call", f"c{day}-3", offered + MINUTE, line="999", offered_at=old)]
    # Of a sealed day: a late version, a late deletion, and a new record, which is refused.
    late, old = at + 47 * DAY, at + 2 * 7 * MINUTE + 345
    fields = {"line": "999", "offered_at": old, "area": "north", "answered_at": old + 9 * SECOND}
    yield [record("call", "c0-2", late, **fields)]
    yield [record("call", "c0-4", late + SECOND, deleted=True)]
    yield [record("call", "c0-new", late + 2 * SECOND, line="999", offered_at=at)]
    yield [record("call", "c47-skewed", late + 3 * SECOND, line="999", offered_at=late + 4000)]


def _incidents() -> Iterator[list[Record]]:
    at = MONDAY + 10 * HOUR
    for day in (0, 50):
        first = []
        for number in range(12):
            name, opened = f"i{day}-{number}", at + day * DAY + number * 9 * MINUTE
            fields: Record = {
                "opened_at": opened,
                "grade": ("emergency", "priority", "scheduled", "no_attendance", None)[number % 5],
                "category": ("asb.personal", "asb.nuisance", "missing_person", "fire")[number % 4],
                "area": (None, "north", "east")[number % 3],
            }
            first.append(record("incident", name, opened, **fields))
            arrived, closed = opened + number * 3 * MINUTE, opened + 2 * HOUR
            if number % 2 == 0:
                fields["arrived_at"] = arrived
                first.append(record("incident", name, arrived, **fields))
            if number % 4 < 2:
                first.append(record("incident", name, closed, **fields, closed_at=closed))
            if number == 6:
                first.append(record("incident", name, closed, **fields, cancelled=True))
        first.append(record("incident", f"i{day}-9", at + day * DAY + 3 * HOUR, deleted=True))
        yield first
    later = at + 52 * DAY
    yield [record("incident", "month", later, opened_at="2021-03", category="asb.personal")]
    yield [record("incident", "day", later, opened_at="2021-03-05", category="asb.personal")]
    fields = {"opened_at": at, "category": "missing_person", "grade": "emergency"}
    yield [record("incident", "i0-0", later + SECOND, **fields, arrived_at=at + 20 * MINUTE)]


def _crimes() -> Iterator[list[Record]]:
    at = MONDAY + 10 * HOUR
    for day in (0, 40, 900):
        made = []
        for number in range(12):
            when = rfc3339(at + day * DAY + number * HOUR)
            fields: Record = {
                "recorded_at": when[: (None, 10, 7)[number % 3]],
                "offence": ("burglary.residential", "vehicle", "theft")[number % 3],
                "area": (None, "north", "east")[number % 3],
                "cancelled": number == 5 or None,
            }
            made.append(record("crime", f"k{day}-{number}", at + (day + 1) * DAY, **fields))
        yield made
    later = at + 902 * DAY
    yield [record("crime", "k40-0", later, recorded_at=rfc3339(at + 40 * DAY), offence="theft")]
    fields = {"recorded_at": rfc3339(at + 900 * DAY), "offence": "vehicle", "area": "east"}
    yield [record("crime", "k900-0", later, **fields)]
    yield [record("crime", "k900-1", later + SECOND, deleted=True)]


def _readings() -> Iterator[list[Record]]:
    at = MONDAY + 10 * HOUR
    yield [
        record("reading", "value", at, measure="sickness", period="2021-02", value=4.25),
        record("reading", "share", at, measure="victims.satisfied", area="north",
               period="2021-Q1", numerator=81.0, denominator=90.0),
        record("reading", "gone", at, measure="sickness", period="2021-01", value=3.5),
    ]  # fmt: skip
    yield [
        record("reading", "gone", at + MINUTE, deleted=True),
        record("reading", "value", at + MINUTE, measure="sickness", period="2021-02", value=4.5),
        record("reading", "hour", at + MINUTE, measure="calls", line="999", period="2021-03-01T09",
               counts={"offered": 12, "answered": 11, "abandoned": 1, "within": 9}),
        record("reading", "month", at + MINUTE, measure="calls", line="999", area="east",
               period="2021-02", version=3, counts={"offered": 300, "answered_within": 1}),
        record("reading", "known", at + MINUTE, measure="calls", line="999", area="east",
               period="2021-02", version=3, counts={"offered": 300}),
    ]  # fmt: skip


def _heartbeats() -> Iterator[list[Record]]:
    at = MONDAY + 10 * HOUR
    beats = [at + number * 30 * SECOND for number in range(12)]
    beats += [at + HOUR + number * 30 * SECOND for number in range(12)]
    for feed, every in (("calls", None), ("incidents", 30.0)):
        yield [
            {"kind": "heartbeat", "force": "golden", "feed": feed, "at": rfc3339(beat),
             **({} if every is None else {"every_seconds": every})}
            for beat in beats
        ]  # fmt: skip


# -- what watches hold --------------------------------------------------------------------------


@cache
def watched(kind: str, first: int, last: int) -> tuple[Record, ...]:
    """Records of a kind from one instant to another, in ms: with a daily shape, an event of one
    day and one that goes on at the end, stretches in which nothing was heard, and a rise. Crimes
    are of two years before as well."""
    if kind == "crime":
        return tuple(_months(first, last))
    found: list[Record] = []
    for hour in range(first, last, HOUR):
        found += _call_hour(hour) if kind == "call" else _incident_hour(hour)
    return tuple(sorted(found, key=lambda each: str(each["updated_at"])))


def _level(hour: int) -> int:
    """About how many records an hour has: a whole number, the same on every machine."""
    passed = hour - MONDAY
    if 34 * DAY + 9 * HOUR <= passed < 34 * DAY + 17 * HOUR:
        return 0
    if 56 * DAY - 10 * HOUR <= passed < 56 * DAY - HOUR:
        return 0
    local = (passed // HOUR) % 24
    usual = 4 if 8 <= local < 20 else 2
    if passed >= 44 * DAY or 12 * DAY <= passed < 13 * DAY:
        usual += 2
    return usual * 3 if _rises(hour) or passed >= 54 * DAY else usual


def _rises(hour: int) -> bool:
    return 42 * DAY <= hour - MONDAY < 44 * DAY


def _chance(kind: str, hour: int) -> random.Random:
    return random.Random(f"{kind}/{hour}")


def _call_hour(hour: int) -> Iterator[Record]:
    chance = _chance("call", hour)
    for number in range(round(_level(hour) * (0.5 + chance.random()))):
        offered = hour + int(chance.random() * HOUR)
        wait = WAITS[int(chance.random() * 6)] * SECOND
        if _rises(hour):
            wait *= 3
        end = "answered_at" if chance.random() < 0.95 else "abandoned_at"
        fields = {"line": "999", "offered_at": offered, end: offered + wait}
        yield record("call", f"w{hour // HOUR}-{number}", offered + wait, **fields)


def _incident_hour(hour: int) -> Iterator[Record]:
    chance = _chance("incident", hour)
    for number in range(round(_level(hour) * (0.5 + chance.random()))):
        opened = hour + int(chance.random() * HOUR)
        arrived = opened + RESPONSES[int(chance.random() * 6)] * SECOND
        if _rises(hour):
            arrived += 15 * MINUTE
        fields: Record = {
            "opened_at": opened,
            "category": ("asb.personal", "fire")[int(chance.random() * 2)],
            "grade": "priority",
        }
        if chance.random() < 0.5:
            fields |= {"grade": "emergency", "arrived_at": arrived}
        yield record("incident", f"w{hour // HOUR}-{number}", arrived, **fields)


def _months(first: int, last: int) -> Iterator[Record]:
    began = first - 730 * DAY if first == MONDAY else first
    for day in range(began, last, DAY):
        chance = _chance("crime", day)
        stamp = dt.datetime.fromtimestamp(day / 1000, dt.UTC).date().isoformat()
        many = 4 if day < MONDAY - 270 * DAY else 7
        for number in range(round(many * (0.5 + chance.random()))):
            offence = ("burglary.residential", "vehicle")[int(chance.random() * 2)]
            yield record("crime", f"w{stamp}-{number}", day + DAY - MINUTE, recorded_at=stamp,
                         offence=offence)  # fmt: skip


def said_of(kind: str) -> tuple[int, Feedback]:
    """What people say of alerts, and when: the rise of calls is judged only for two weeks, one of
    incidents was the new level, and the monthly level of crimes is."""
    series: tuple[str, ...]
    if kind == "call":
        at = LATER - 16 * DAY
        series = ("golden", "calls", "offered", "line=999", "force", "hour")
        return at, Feedback((ExcludedStretch(series, at - HOUR, None, "goes on", (), at),), ())
    if kind == "incident":
        at = LATER - 12 * HOUR
        series = ("golden", "incidents", "count", "category=asb", "grade=all", "force", "day")
        stretch = ExcludedStretch(series, at - 28 * HOUR, at, "real", (), at - 27 * HOUR)
        return at, Feedback((stretch,), (AcceptedLevel(series, "up", at, (), 3.0),))
    series = ("golden", "crimes", "count", "offence=all", "force", "month")
    at = MONDAY + 16 * DAY
    return at, Feedback((), (AcceptedLevel(series, "up", at),))
