"""Callers who have waited too long."""

from collections import Counter

import numpy as np
import pytest

from detectors.durations.return_level import return_level
from streams.alerts.context import RuleContext
from streams.alerts.own_waits import ONCE_IN, OWN_WEEKS, Waits
from streams.alerts.rules import KINDS
from streams.alerts.rules.callers_waiting import Queue, callers_waiting, waiting_limit
from streams.alerts.rules.ruleset import RuleSet
from streams.alerts.rules.unattended import unattended_limit
from streams.periods import rfc3339
from tests.alerting import WARWICKSHIRE, at, words_of
from tests.build import call, feed, monitor, ms, tiny_force

NOW = at("2026-11-21 22:00")


def test_callers_who_wait_too_long() -> None:
    assert callers_waiting(WARWICKSHIRE, "999", Queue(3, 80, 0), 80.0, 10, NOW) is None
    found = callers_waiting(WARWICKSHIRE, "999", Queue(3, 130, 1), 80.0, 10, NOW)
    assert words_of(found) == (
        "999 calls, Warwickshire: 3 callers waiting, the longest for 2 min 10 s. "
        "1 of the 3 is beyond the limit of 1 min 20 s. The target is 10 s. Nobody has this yet."
    )


@pytest.mark.parametrize(
    ("queue", "pages"),
    [
        (Queue(9, 700, 2), False),
        (Queue(9, 700, 3), True),
        (Queue(1, 1000, 1), False),
        (Queue(1, 1001, 1), True),
    ],
)
def test_a_line_that_is_not_for_emergencies_takes_three_callers_or_a_far_longer_wait(
    queue: Queue, pages: bool
) -> None:
    found = callers_waiting(WARWICKSHIRE, "101", queue, 600.0, 30, NOW)
    assert (found is not None) == pages
    assert callers_waiting(WARWICKSHIRE, "999", queue, 600.0, 10, NOW) is not None


def test_callers_beyond_the_limit_are_counted_by_line() -> None:
    force, watched = tiny_force(), monitor()
    now = ms("2021-03-01T12:00:00+00:00")
    rules = RuleSet(RuleContext(force), KINDS)

    def waiting() -> list[str]:
        held = rules.evaluate(watched, now, [])
        return [each.row["line"] for each in held if each.kind == "callers_waiting"]

    offered = rfc3339(now - 16 * 60_000)
    feed(watched, *(call(f"c{n}", offered, line="101") for n in range(2)))
    feed(watched, call("e", offered, line="999"))
    feed(watched, call("new", rfc3339(now - 60_000), line="101"))
    assert waiting() == ["999"]
    feed(watched, call("c3", offered, line="101"))
    assert waiting() == ["999", "101"]


def test_the_limit_for_a_caller_is_the_forces_own_or_a_standing_one() -> None:
    assert waiting_limit(20, 10, Waits([(900.0, 100)])) == 20
    assert waiting_limit(None, 10, Waits()) == 300
    assert unattended_limit(1200, 1200, Waits([(9000.0, 100)])) == 1200
    assert unattended_limit(None, 1200, Waits()) == 3600
    seen = [(600.0, 990), *((1200.0 + 100 * n, 1) for n in range(10))]
    assert unattended_limit(None, 1200, Waits(seen)) == max(
        3600.0, return_level(seen, ONCE_IN) or 0.0
    )


def test_where_callers_wait_so_long_every_week_the_limit_follows_from_their_tail() -> None:
    usual = [(5.0, 12_000), (200.0, 100)]
    assert waiting_limit(None, 10, Waits([*usual, (320.0, 8)])) == 300  # once a week
    seen = [*usual, (320.0, 9)]
    assert waiting_limit(None, 10, Waits(seen)) == max(300.0, return_level(seen, ONCE_IN) or 0.0)
    often = [(5.0, 8000), *((200.0 + 10 * n, 40 - n) for n in range(40))]
    assert waiting_limit(None, 10, Waits(often)) == return_level(often, ONCE_IN)
    assert (return_level(often, ONCE_IN) or 0.0) > 600.0


@pytest.mark.parametrize(("calls", "often"), [(12_000, 1.0), (300_000, 0.02)])
def test_steady_queues_hardly_page_however_large_the_force(calls: int, often: float) -> None:
    """One caller in 14 waits, for 45 seconds on average, and the others for none. What 99 of 100
    wait three times over is passed twice in eight weeks by the smaller force, and daily by the
    larger one. `often` is how many are to be beyond the limit a week, at most."""
    rng = np.random.default_rng(12)
    forces, late = 600_000 // calls, 0
    for _ in range(forces):
        waits = rng.exponential(45.0, (2, calls)) * (rng.random((2, calls)) < 1 / 14)
        found = Counter(waits[0].astype(int).tolist())
        own = Waits((float(wait), count) for wait, count in found.items())
        limit = waiting_limit(None, 10, own)
        assert 300 <= limit < 900
        late += int((waits[1] > limit).sum())
    assert late <= often * OWN_WEEKS * forces
