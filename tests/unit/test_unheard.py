"""What a feed was not heard in is missing, at every grain: no zero, nothing learned, no alert."""

from __future__ import annotations

import calendar
from typing import Any

import pytest

from streams.alert_desk import Desk
from streams.alert_records import Alert
from streams.live import Live
from streams.monitor import Monitor
from streams.periods import DAY, HOUR, rfc3339
from streams.signals import Signal
from tests.build import FAR_FUTURE, crime, incident, lines
from tests.unit.test_surveillance import after, of, watched


def replayed(*events: dict[str, Any]) -> tuple[Monitor, list[Alert], list[Signal]]:
    """Events of the past at full speed: the monitor, the alerts and the signals of them."""
    target = watched()
    live = Live(target, lambda: FAR_FUTURE)
    live.health.replay = True
    desk = Desk(live)
    signals: list[Signal] = []
    for shard in target.shards:
        for surveillance in shard.surveillance.values():
            surveillance.on_signals = signals.extend
        desk.attach(shard)
    assert not target.ingest(lines(events), FAR_FUTURE)
    return target, desk.history("tiny"), signals


def volumes(alerts: list[Alert]) -> list[str]:
    """What is said of volumes and levels."""
    return [a.said[0] for a in alerts if a.kind in ("exceptional_volume", "level_change")]


def monthly(rate: int, missing: set[int], months: int = 36) -> list[dict[str, Any]]:
    """About so many crimes a month, known by the month, from January 2020."""
    found = []
    for k in set(range(months)) - missing:
        year, month = 2020 + k // 12, k % 12 + 1
        at = f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}T22:59:59Z"
        count = rate + (k * 7) % 13 * rate // 60 - rate // 10
        found += [
            crime(f"{k}/{n}", at[:7], offence="burglary", updated_at=at) for n in range(count)
        ]
    return found


@pytest.mark.parametrize("rate", [20, 60])
@pytest.mark.parametrize("missing", [{20}, {19, 20}, {19, 20, 21}, {17, 18, 19, 20, 21}, {14, 30}])
def test_months_without_a_file_are_missing(rate: int, missing: set[int]) -> None:
    target, alerts, _ = replayed(*monthly(rate, missing))
    assert volumes(alerts) == []
    for watch in of(target, "crime").grains["month"]:
        assert watch.adapter.detector.months[-1][0] > 0
        assert min(x for x, _ in watch.adapter.detector.months) >= rate * 0.8
        assert watch.adapter.taken == 35


def test_a_month_of_no_crime_is_zero_where_few_are_usual() -> None:
    target, _, _ = replayed(*monthly(4, {32, 33}))
    assert of(target, "crime").unheard.gaps == []
    watch = next(iter(of(target, "crime").grains["month"]))
    assert [x for x, _ in watch.adapter.detector.months].count(0) == 2


def daily(rate: int, days: range, missing: range, known: str = "second") -> list[dict[str, Any]]:
    """So many crimes a day, known to the second or to the day."""
    found = []
    for day in set(days) - set(missing):
        for n in range(rate + (day * 5 + 3) % 11 - 5):
            at = rfc3339(after(day * 24) + n * DAY // (rate + 6))
            when = at if known == "second" else at[:10]
            found.append(crime(f"{day}/{n}", when, offence="burglary", updated_at=at))
    return found


@pytest.mark.parametrize("known", ["second", "day"])
@pytest.mark.parametrize("length", [1, 2, 7, 20])
def test_a_week_of_no_crimes_at_30_a_day_is_missing(known: str, length: int) -> None:
    gap = range(80, 80 + length)
    target, alerts, signals = replayed(*daily(30, range(110), gap, known))
    assert volumes(alerts) == []
    assert not [s.words for s in signals if s.notify]
    ((start, end),) = of(target, "crime").unheard.gaps
    assert start <= after(80 * 24) + HOUR
    assert end >= after((80 + length) * 24) - HOUR
    for watch in of(target, "crime").grains["day"]:
        level = watch.adapter.detector.expected.forecast(3).mean
        assert level == pytest.approx(30, rel=0.15)


def test_one_offence_that_falls_to_nothing_while_others_go_on_is_told() -> None:
    events = daily(30, range(110), range(80, 90))
    events += [
        crime(f"v{day}/{n}", at, offence="vehicle", updated_at=at)
        for day in range(110)
        for n in range(10)
        for at in [rfc3339(after(day * 24) + n * 2 * HOUR)]
    ]
    events.sort(key=lambda event: event["updated_at"])
    target, alerts, _ = replayed(*events)
    assert of(target, "crime").unheard.gaps == []
    assert any("0 on" in said for said in volumes(alerts))


def hourly(rate: int, number: int, missing: tuple[int, int]) -> list[dict[str, Any]]:
    """So many incidents an hour, evenly; none in those minutes."""
    found = []
    for minute in range(0, number * 60, 60 // rate):
        if not missing[0] <= minute < missing[1]:
            at = rfc3339(after(0) + minute * 60_000)
            found.append(incident(f"{minute}", at, grade="priority"))
    return found


@pytest.mark.parametrize(("first", "length"), [(20, 70), (55, 70), (0, 180), (40, 600), (10, 2000)])
def test_hours_that_a_silence_cuts_are_missing_and_so_are_its_days(first: int, length: int) -> None:
    begin = 36 * 24 * 60 + 9 * 60 + first
    target, alerts, signals = replayed(*hourly(12, 40 * 24, (begin, begin + length)))
    assert volumes(alerts) == []
    assert not [s.words for s in signals if s.notify]
    ((start, end),) = of(target).unheard.gaps
    assert (start, end) == (after(0) + (begin - 4) * 60_000, after(0) + (begin + length) * 60_000)
