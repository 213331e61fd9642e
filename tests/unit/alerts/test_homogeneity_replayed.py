"""Who is told what of a day in a county of five districts, by the monitor as it runs.

Sixteen quiet weeks of anti-social behaviour, 80 incidents a day in each district; then a day on
which something happens. `tests/unit/detectors/test_homogeneity.py` has the rule by itself.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from random import Random

import pytest

from streams.alerts.model import Alert, Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.live import Live
from streams.periods import DAY, MINUTE, rfc3339, to_ms
from streams.state.surveillance import watch_all
from tests.build import incident, lines

pytestmark = pytest.mark.replays

FORCE = find_force("warwickshire")
START = to_ms(dt.datetime(2025, 1, 6, tzinfo=dt.UTC))
HISTORY = 16 * 7
SEED = 3
"""Of six draws one told more than is right: a page of the county, and eight hours later another of
its south, where a burst lay on top of the rise."""
USUAL = 80.0
DISTRICTS = ("north-warwickshire", "nuneaton-bedworth", "rugby", "stratford", "warwick")


def arrivals(day: int, factors: Mapping[str, float], rng: Random) -> Iterator[tuple[int, bytes]]:
    """(instant, record) of a day on which districts have so many times the usual."""
    found = []
    for district in DISTRICTS:
        rate = USUAL * factors.get(district, 1.0) / DAY
        at = START + day * DAY + rng.expovariate(rate)
        while at < START + (day + 1) * DAY:
            found.append((int(at), district))
            at += rng.expovariate(rate)
    for number, (at, district) in enumerate(sorted(found)):
        fields = {"force": FORCE.id, "category": "asb", "grade": "priority", "area": district}
        yield int(at), lines([incident(f"i{day}-{number}", rfc3339(int(at), dt.UTC), **fields)])


def told(factors: Mapping[str, float]) -> list[Alert]:
    """The alerts that someone was told of in that day and the one after it, as they were then."""
    now = START + HISTORY * DAY
    live = Live(Monitor([FORCE]), lambda: now)
    watch_all(live.monitor)
    service = AlertService(live)
    for shard in live.monitor.shards:
        service.attach(shard)
    made: list[Transition] = []
    service.subscribe(made.extend)
    live.health.state = "behind"
    rng = Random(SEED)
    for day in range(HISTORY):
        payload = b"\n".join(line for _, line in arrivals(day, {}, rng))
        assert not live.ingest(payload, now)
    live.health.state = "live"
    known = [*arrivals(HISTORY, factors, rng), *arrivals(HISTORY + 1, {}, rng)]
    instants, read = [at for at, _ in known], 0
    while now < START + (HISTORY + 2) * DAY:
        now += 5 * MINUTE
        upto = bisect_left(instants, now)
        assert not live.ingest(b"\n".join(line for _, line in known[read:upto]), now)
        read = upto
        service.tick()
    assert not service.faults
    return [each.alert for each in made if each.notify and each.what == "opened"]


def test_one_district_with_three_times_its_usual_is_named() -> None:
    (alert,) = told({"rugby": 3.0})
    # Hours are watched by policing area; the words name the district.
    assert (alert.area, alert.direction) == ("north-warwickshire-area", "up")
    assert alert.words.endswith(" since about 01:00. 14 of them in Rugby.")


def test_a_county_with_a_third_more_everywhere_is_one_alert_of_the_county() -> None:
    (alert,) = told(dict.fromkeys(DISTRICTS, 1.3))
    assert (alert.area, alert.direction) == ("force", "up")


def test_a_rise_in_one_district_and_a_fall_in_another_are_two_alerts() -> None:
    found = told({"north-warwickshire": 2.5, "warwick": 0.2})
    up, down = sorted(found, key=lambda alert: alert.direction == "down")
    # All of the rise is in one district, whose hours are not watched.
    assert (up.area, up.watched, up.direction) == (
        "north-warwickshire",
        "north-warwickshire-area",
        "up",
    )
    assert (down.area, down.direction) == ("warwick", "down")


def test_on_a_quiet_day_nobody_is_told_of_anything() -> None:
    assert told({}) == []
