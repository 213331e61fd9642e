"""A force's own waits of the last weeks."""

from typing import Any

from streams.alerts.own_waits import OwnWaits, Waits
from streams.board.monitor import Monitor
from streams.periods import DAY, Calendar, rfc3339
from tests.build import call, feed, monitor, ms, tiny_force

CALENDAR = Calendar(tiny_force().zone)
FIRST = ms("2021-03-08T00:00:00Z")


def of(watched: Monitor) -> OwnWaits:
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    return OwnWaits(ledger, CALENDAR, lambda _: "calls")


def answered(day: int) -> dict[str, Any]:
    at = FIRST + day * DAY + DAY // 2
    return call(
        f"c{day}", rfc3339(at), answered_at=rfc3339(at + 9000), ended_at=rfc3339(at + 60_000)
    )


def count(waits: dict[str, Waits]) -> int:
    return sum(count for each in waits.values() for _, count in each.seen)


def test_days_that_come_late_are_learned_as_by_who_starts_anew() -> None:
    watched = monitor()
    feed(watched, *(answered(day) for day in (0, 1, 2, 6)))
    running = of(watched)
    assert count(running.learn(FIRST + 7 * DAY)) == 4
    feed(watched, *(answered(day) for day in (3, 4, 5)))
    assert count(of(watched).learn(FIRST + 8 * DAY)) == 7
    assert count(running.learn(FIRST + 8 * DAY)) == 7
