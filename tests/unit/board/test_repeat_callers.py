"""Callers who ring again, by their pseudonyms."""

from __future__ import annotations

from typing import Any

import pytest

from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.periods import DAY, HOUR, rfc3339
from tests.build import call, feed, incident, monitor, ms

LEVELS = ("callers", "repeat_callers", "repeat_callers_3plus_calls", "repeat_callers_6plus_calls",
          "repeat_callers_10plus_calls")  # fmt: skip
START = ms("2021-01-01T12:00:00Z")


def rung(caller: str | None, *days: int, area: str = "north", line: str = "999") -> list[Any]:
    """Calls of one caller at noon of days from 1 January 2021 on."""
    return [
        call(f"{caller}-{line}-{day}", rfc3339(START + day * DAY), line=line, area=area,
             ended_at=rfc3339(START + day * DAY + HOUR // 10),
             **({} if caller is None else {"caller": caller}))
        for day in days
    ]  # fmt: skip


EVERY_DAY = rung(None, *range(200))
"""A feed that never stops, whose callers are not known."""


def fed(*calls: list[Any]) -> Monitor:
    watched = monitor()
    watched.play_history(True)
    every = [each for some in (EVERY_DAY, *calls) for each in some]
    feed(watched, *sorted(every, key=lambda each: str(each["updated_at"])))
    return watched


def shown(watched: Monitor, period: str, area: str = "force") -> list[float | None]:
    query = Query(watched, "tiny", START + 199 * DAY)
    return [query.figure(name, period, area).value for name in LEVELS]


def test_callers_are_counted_once_by_how_often_they_rang_in_a_month() -> None:
    watched = fed(
        rung("once", 151), rung("twice", 160, 161), rung("five", *range(155, 160)),
        rung("seven", *range(155, 162)), rung("eleven", *range(155, 166), area="south"),
        rung("first", 0),
    )  # fmt: skip
    assert shown(watched, "2021-06") == [5, 4, 3, 2, 1]
    assert shown(watched, "2021-06", "south") == [1, 1, 1, 1, 1]


def test_calls_of_the_month_before_each_call_count_too_on_whatever_line() -> None:
    # 30 days before 5 June, and 40.
    watched = fed(rung("again", 125, 155), rung("again", 126, line="101"), rung("late", 115, 155))
    assert shown(watched, "2021-06") == [2, 1, 1, 0, 0]


def test_a_quarter_is_counted_as_a_whole() -> None:
    watched = fed(rung("spread", 95, 130, 170), rung("again", 100, 101, 102), rung("first", 0))
    assert shown(watched, "2021-Q2") == [2, 1, 1, 0, 0]


def test_a_feed_that_never_said_who_rang_knows_no_callers() -> None:
    found = Query(fed(), "tiny", START + 199 * DAY).figure("repeat_callers", "2021-06")
    assert (found.value, found.reason) == (None, "the feed of calls has not carried caller")


def test_what_months_counted_stays_known_when_their_calls_have_left() -> None:
    watched = fed(rung("again", 32, 40, 41), rung("first", 0))
    assert shown(watched, "2021-02") == [1, 1, 1, 0, 0]


def test_calls_without_a_caller_leave_as_soon_as_ever() -> None:
    def held(of: Monitor) -> int:
        ledger = of.ledger("call", "tiny")
        assert ledger is not None
        return len(ledger.entries)

    assert held(fed(rung("a", 100, 190))) == held(fed()) + 2


def test_a_caller_that_is_put_right_counts_as_who_it_was() -> None:
    watched = fed(rung("a", 155), rung("b", 156), rung("first", 0))
    assert shown(watched, "2021-06")[:2] == [2, 0]
    (wrong,) = rung("b", 156)
    again = rfc3339(START + 157 * DAY)
    feed(watched, {**wrong, "caller": "a", "updated_at": again})
    assert shown(watched, "2021-06")[:2] == [1, 1]


@pytest.mark.parametrize("told", [0, 2])
def test_the_share_of_incidents_whose_caller_was_told_is_known_once_a_feed_says_so(
    told: int,
) -> None:
    watched = monitor()
    watched.play_history(True)
    for n in range(8):
        opened = START + n * DAY
        said = {"recontacted_at": rfc3339(opened + HOUR)} if n in range(2, 2 + told) else {}
        feed(
            watched,
            incident(f"i{n}", rfc3339(opened), closed_at=rfc3339(opened + 2 * HOUR), **said),
        )
    query = Query(watched, "tiny", START + 8 * DAY)
    found = query.figure("deployment.recontacted_share", "2021-01-01..2021-01-08")
    assert found.value == (told / 8 if told else None)
    assert found.reason == ("" if told else "the feed of incidents has not carried recontacted_at")
