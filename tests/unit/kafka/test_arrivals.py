"""When a feed without heartbeats is silent, by the times at which its messages were taken."""

from __future__ import annotations

import pytest

from streams.kafka.arrivals import MOST_MESSAGES, FeedSeen, seen_of_records
from streams.periods import DAY, HOUR, MINUTE, SECOND

NOW = 20_000 * DAY
TOO_LITTLE = "5,000 messages of less than a day are too little to judge by"


def seen(times: list[int], *, cut_off: bool = True) -> FeedSeen:
    return seen_of_records("calls", "tiny", "calls", times, cut_off=cut_off)


def newest(a_day: int, ago: int) -> list[int]:
    """As many messages as are read of a feed that has so many a day, the last of them so many ms
    ago."""
    return [NOW - ago - n * DAY // a_day for n in range(MOST_MESSAGES)]


@pytest.mark.parametrize("a_day", [4_000, 5_001, 9_000, 60_000, 120_000])
def test_a_feed_that_stopped_two_days_ago_is_silent_however_busy_it_was(a_day: int) -> None:
    assert seen(newest(a_day, 48 * HOUR)).silent(NOW)


def test_a_busy_feed_is_waited_for_a_quarter_of_an_hour() -> None:
    found = seen(newest(9_000, 0))
    assert (found.patience, found.usual) == (900.0, "its pauses are up to 10 seconds")


@pytest.mark.parametrize(
    "times",
    [
        pytest.param([NOW - DAY // 2 - n * 10 for n in range(5_000)], id="history of a minute"),
        pytest.param([NOW - DAY // 2 - n * 150 for n in range(5_000)], id="history of minutes"),
        pytest.param(
            [NOW - 2 * HOUR - n * MINUTE for n in range(200)]
            + [NOW - 6 * HOUR - n * 50 for n in range(4_800)],
            id="history and what came live after it",
        ),
        pytest.param(
            [NOW - HOUR - n * 6 * HOUR - m * 40 for n in range(4) for m in range(1_250)],
            id="extracts",
        ),
    ],
)
def test_what_was_sent_all_at_once_says_of_no_feed_that_it_is_silent(times: list[int]) -> None:
    found = seen(times)
    assert (found.patience, found.usual) == (None, TOO_LITTLE)


def test_a_feed_of_which_few_messages_were_read_beside_a_busy_one_is_not_judged() -> None:
    assert seen([NOW - 2 * HOUR - n * 10 * MINUTE for n in range(40)]).patience is None


def test_a_feed_that_began_today_is_not_judged_by_a_part_of_a_day() -> None:
    assert seen([NOW - n * 10 * SECOND for n in range(5_000)], cut_off=False).patience is None
