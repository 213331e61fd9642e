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

from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.alerts.model import Transition
from streams.alerts.rules.answer_rate import answer_rate
from streams.alerts.rules.lasting_fall import Fall, LastingFalls, falls, spells
from streams.alerts.service import AlertService
from streams.alerts.usual_answers import (
    EMERGENCY_PRIORS,
    OTHER_PRIORS,
    AnswerRate,
    UsualAnswers,
    UsualRate,
)
from streams.live import Live
from streams.periods import DAY, HOUR, MINUTE, SECOND, rfc3339
from streams.state import surveillance as watching
from tests.alerting import CALENDAR, at, store
from tests.build import call, lines, monitor, ms, tiny_force

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
    service = AlertService(live)
    for shard in live.monitor.shards:
        service.attach(shard)
    made: list[Transition] = []
    service.subscribe(made.extend)
    assert live.ingest(lines(list(calls(days, share))), RECEIVED) == []
    assert not service.faults
    return [t for t in made if t.alert.kind == "target_missed" and t.alert.severity == "page"]


FELL = BEGIN + 33 * DAY + 14 * HOUR
"""14:00 on Wednesday 1 July."""


@pytest.mark.replays
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


@pytest.mark.replays
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
    def read(start: int, _end: int) -> dict[str, AnswerRate]:
        bad = NOW - 20 * DAY <= start < NOW - 5 * DAY
        return {"101": AnswerRate(1, 10) if bad else AnswerRate(9, 10)}

    plain = UsualAnswers(CALENDAR, {"101": OTHER_PRIORS})
    plain.learn(read, NOW)
    assert plain.usual("101", 60, NOW).share < 0.6
    made = UsualAnswers(CALENDAR, {"101": OTHER_PRIORS})
    made.learn(read, NOW, {"101": [(NOW - 20 * DAY, NOW - 5 * DAY)]})
    assert made.usual("101", 60, NOW).share == pytest.approx(0.9)
    assert made.usual("101", 360, NOW).of > 1000
    assert made.usual("101", 60, NOW).correlation < plain.usual("101", 60, NOW).correlation / 4


def test_a_spell_that_a_person_says_is_real_is_what_is_usual() -> None:
    found = [Fall("a", "999", 5, 9, False), Fall("b", "999", 20, None, False)]
    assert spells(found) == {"999": [(5, 9), (20, None)]}
    assert spells([Fall("a", "999", 5, 9, True)]) == {}
    assert falls([]) == []


def test_a_note_on_an_alert_that_is_over_makes_its_spell_no_longer() -> None:
    made, begun = store(), at("2026-06-01 12:00")
    windows, usual = {60: AnswerRate(10, 60)}, {60: UsualRate(0.85, 0.05, 10_000)}
    fell = answer_rate(made.force, "999", windows, usual, 0.9, 10, begun)
    assert fell is not None
    evaluate(made, [], [fell], begun, judged=("target_missed",))
    (name,) = made.alerts
    made.act(name, Request(action="close", who="x", outcome="planned_event"), begun + HOUR)
    evaluate(made, [], [], begun + 5 * HOUR, judged=("target_missed",))
    before = falls(made.alerts.values())
    assert [fall.end for fall in before] == [begun + 5 * HOUR]
    made.act(name, Request(action="note", who="x", note="see report"), begun + 120 * DAY)
    assert falls(made.alerts.values()) == before


@pytest.mark.parametrize("weeks", [10, 27, 40, 80])
def test_while_a_fall_goes_on_what_was_usual_before_it_is_kept(weeks: int) -> None:
    """However long; beyond a year by what the alert says."""
    now = BEGIN + weeks * 7 * DAY

    def read(start: int, _end: int) -> dict[str, AnswerRate]:
        return {"999": AnswerRate(17, 20) if start < BEGIN else AnswerRate(8, 20)}

    def between(start: int, end: int) -> dict[str, tuple[int, int]]:
        hours = (end - start) // HOUR
        return {"999": (8 * hours, 20 * hours)}

    force = tiny_force()
    answering = UsualAnswers(CALENDAR, {"999": EMERGENCY_PRIORS})
    fall = Fall("tiny/calls/service_level/999", "999", BEGIN, None, False, 0.85)
    answering.learn(read, now, spells([fall]))
    usual = answering.usual("999", 1440, now)
    if weeks < 54:
        assert usual.share == pytest.approx(0.85)
        assert usual.of == pytest.approx(27 * 480, rel=0.35)
    else:
        assert usual.of == 0
    targets = force.lines[force.line_index["999"]].targets
    lasts = LastingFalls(force, CALENDAR, answering).lasts(fall, targets, between, now)
    assert lasts is not None
    assert lasts.evidence.expected == pytest.approx(0.85)
