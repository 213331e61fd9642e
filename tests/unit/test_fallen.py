"""A fall of an answer rate that lasts for weeks is one alert, and does not become what is usual."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.alert_desk import Desk
from streams.alert_records import Transition
from streams.answering import OTHER, Answering
from streams.conditions import Rate
from streams.fallen import Fall, falls, spells
from streams.live import Live
from streams.periods import DAY, HOUR, MINUTE, SECOND, rfc3339
from streams.runners import watching
from tests.alerting import CALENDAR, at
from tests.build import call, lines, monitor, ms

LONDON = ZoneInfo("Europe/London")
BEGIN = ms("2020-05-28T23:00:00Z")  # midnight in London, a Friday
RECEIVED = ms("2030-01-01T00:00:00Z")


def calls(days: int, share: Callable[[int], float], seed: int = 3) -> Iterator[dict[str, Any]]:
    """One every five minutes, each known once it is answered: `share` of them in time, by day and
    hour."""
    chance = random.Random(seed)
    for when in range(BEGIN, BEGIN + days * DAY, 5 * MINUTE):
        late = chance.random() >= share(when)
        stamp = rfc3339(when + (40 if late else 4) * SECOND, dt.UTC)
        yield call(f"c{when}", rfc3339(when, dt.UTC), answered_at=stamp)


def in_time(each: dict[str, Any]) -> bool:
    offered, answered = (
        dt.datetime.fromisoformat(each[f"{n}_at"]) for n in ("offered", "answered")
    )
    return answered - offered <= dt.timedelta(seconds=10)


def day_of(each: dict[str, Any]) -> str:
    day = dt.datetime.fromisoformat(each["offered_at"]).astimezone(LONDON)
    return f"{day:%A} {day.day} {day:%B}"


def replay(days: int, share: Callable[[int], float]) -> list[Transition]:
    live = Live(monitor(), lambda: 0)
    watching.watch_all(live.monitor)
    live.health.replay, live.health.state = True, "behind"
    desk = Desk(live)
    for shard in live.monitor.shards:
        desk.attach(shard)
    made: list[Transition] = []
    desk.listeners.append(made.extend)
    assert live.ingest(lines(list(calls(days, share))), RECEIVED) == []
    assert not desk.faults
    return [t for t in made if t.alert.kind == "target_missed" and t.alert.severity == "page"]


FELL = BEGIN + 33 * DAY + 14 * HOUR
"""14:00 on Wednesday 1 July."""


def test_a_fall_of_weeks_is_one_alert_with_its_most_telling_day_and_its_onset() -> None:
    back = BEGIN + 33 * DAY + 21 * DAY

    def share(when: int) -> float:
        return 0.4 if FELL <= when < back else 0.95

    made = replay(33 + 25, share)
    opened, *_, ended = made
    assert (opened.what, ended.what) == ("opened", "resolved")
    assert {each.alert.id for each in made} == {opened.alert.id}
    assert FELL < opened.at.timestamp() * 1000 < FELL + 3 * HOUR
    # The days of 22 and 23 July are as usual.
    assert ended.at.isoformat() == "2020-07-24T00:00:00+01:00"
    by_day = Counter(day_of(each) for each in calls(58, share) if in_time(each))
    fewest = min(by_day.items(), key=itemgetter(1))
    assert fewest == ("Saturday 4 July", 96)
    lead = "999 calls, Tiny Police: 96 of 288 answered within 10 s on Saturday 4 July"
    assert ended.alert.said == (
        f"{lead}, usually 95 %, target 90 %.",
        "Down since about 14:00 on 1 July.",
    )


def test_a_bad_afternoon_ends_as_before() -> None:
    made = replay(36, lambda when: 0.2 if FELL <= when < FELL + 2 * HOUR else 0.95)
    assert [made[0].what, made[-1].what] == ["opened", "resolved"]
    assert made[-1].at.timestamp() * 1000 - FELL <= 9 * HOUR


def test_a_second_fall_is_seen_as_soon_as_the_first() -> None:
    """The crowds of the first, which lasts for ten days, are not what is usual afterwards."""

    def share(when: int) -> float:
        first = FELL <= when < FELL + 10 * DAY
        return 0.3 if first or when >= FELL + 20 * DAY else 0.95

    made = [t for t in replay(33 + 22, share) if t.what == "opened"]
    first, second = (round(t.at.timestamp() * 1000) for t in made)
    assert abs((second - FELL - 20 * DAY) - (first - FELL)) <= HOUR
    assert [t.alert.evidence.expected for t in made] == [pytest.approx(0.95, abs=0.02)] * 2


NOW = at("2026-11-20 03:00")


def test_hours_of_a_spell_are_not_learned_and_older_ones_stand_in_for_them() -> None:
    def read(start: int, _end: int) -> dict[str, Rate]:
        bad = NOW - 20 * DAY <= start < NOW - 5 * DAY
        return {"101": Rate(1, 10) if bad else Rate(9, 10)}

    plain = Answering(CALENDAR, {"101": OTHER})
    plain.learn(read, NOW)
    assert plain.usual("101", 60, NOW).share < 0.6
    made = Answering(CALENDAR, {"101": OTHER})
    made.learn(read, NOW, {"101": [(NOW - 20 * DAY, NOW - 5 * DAY)]})
    assert made.usual("101", 60, NOW).share == pytest.approx(0.9)
    assert made.usual("101", 360, NOW).of > 1000
    assert made.usual("101", 60, NOW).correlation < plain.usual("101", 60, NOW).correlation / 4


def test_a_spell_that_a_person_says_is_real_is_what_is_usual() -> None:
    found = [Fall("a", "999", 5, 9, False), Fall("b", "999", 20, None, False)]
    assert spells(found) == {"999": [(5, 9), (20, None)]}
    assert spells([Fall("a", "999", 5, 9, True)]) == {}
    assert falls([]) == []
