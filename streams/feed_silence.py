"""Silence told from quiet: a feed that sends no heartbeat, or no record where many are expected.

With heartbeats silence is noticed within two minutes. Without them it is told from the rate that
is expected over all lines of the feed together, and until then how long that takes is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isinf
from typing import NamedTuple

from detectors.predictive import Predictive
from detectors.silence import Heartbeat, Silence, in_words
from streams import signal_words as said
from streams.force import WHOLE, Force
from streams.periods import DAY, HOUR, MINUTE, SECOND, Calendar
from streams.signals import Signal

EVERY = {"call": "offered", "incident": "count"}
"""Kinds whose records come by the hour, and the measure that counts every one of them."""
AHEAD = 168
"""Hours ahead over which a delay is looked for."""


MOVING = MINUTE
"""What moved so lately moves."""
LOOKED = 14 * DAY
"""A longer gap is as these first weeks of it: nobody waits for an hour-by-hour sum over years."""


class Feed(NamedTuple):
    """One feed of a force, and when it was last heard."""

    force: Force
    calendar: Calendar
    name: str
    heard: int


def together(parts: Iterable[Predictive]) -> Predictive:
    """What several lines bring together, with the greatest dispersion and doubt of any."""
    every = list(parts)
    return Predictive(
        sum(part.mean for part in every),
        max((part.spread for part in every), default=0.0),
        max((part.dispersion for part in every), default=1.0),
    )


def impossible(ahead: Predictive) -> bool:
    """Whether no record at all, where these are expected, must be silence."""
    silence = Silence(dispersion=ahead.dispersion, spread=ahead.spread)
    return silence.empty(ahead.mean) <= silence.probability


def of_records(
    feed: Feed, forecast: Callable[[int], Predictive], at: int
) -> tuple[Signal | None, str]:
    """Judges a feed without heartbeats: the signal if it is silent, and the words for it else.

    `forecast` tells what is expected of the hour that starts at an instant.
    """
    gap, expected, worst = max(0, at - feed.heard), 0.0, Predictive(0.0)
    hour = feed.calendar.start("hour", feed.heard)
    looked = min(at, feed.heard + LOOKED)
    while hour < looked:
        worst = forecast(hour)
        expected += worst.mean * max(0, min(looked, hour + HOUR) - max(feed.heard, hour)) / HOUR
        hour += HOUR
    expected *= max(1.0, gap / LOOKED)
    silence = Silence(dispersion=worst.dispersion, spread=worst.spread)
    chance = silence.empty(expected)
    if chance <= silence.probability:
        words = said.silent(feed.name, feed.force, in_words(gap / SECOND), expected)
        return _signal(feed, at, feed.name, words, expected, chance), words
    pieces = [_piece(feed.heard, hour, forecast) for hour in _hours(feed, AHEAD)]
    delay = silence.delay_over(pieces)
    if delay is None or isinf(delay):
        return None, said.unknown(feed.name)
    return None, said.noticed(feed.name, in_words(delay))


def _hours(feed: Feed, number: int) -> Iterable[int]:
    first = feed.calendar.start("hour", feed.heard)
    return (first + n * HOUR for n in range(number))


def _piece(heard: int, hour: int, forecast: Callable[[int], Predictive]) -> tuple[float, float]:
    left = min(HOUR, hour + HOUR - heard)
    return left / SECOND, forecast(hour).mean / (HOUR / SECOND)


def of_heartbeats(feed: Feed, at: int) -> Signal | None:
    """Judges a feed by the age of its newest heartbeat."""
    beat = Heartbeat()
    age = (at - feed.heard) / SECOND
    beat.update(age)
    if not beat.drift_detected:
        return None
    words = said.no_beat(feed.name, feed.force, in_words(age))
    return _signal(feed, at, "heartbeat", words, None, None)


class Backlog:
    """Tells a feed of which old records arrive from one that is silent.

    What was last heard of a silent feed stays as it is. A feed whose last record is more than a day
    old, and was older still a moment ago, is being read from its past.
    """

    def __init__(self) -> None:
        self._marks: dict[tuple[str, ...], tuple[int, int]] = {}

    def holds(self, silent: Signal, at: int) -> bool:
        """Whether a feed that was found silent is only behind; to be asked at every look."""
        mark, since = self._marks.get(silent.series, (0, at))
        if mark != silent.start:
            since = at
            self._marks[silent.series] = silent.start, at
        return at - silent.start > DAY and at - since < MOVING


def _signal(
    feed: Feed, at: int, kind: str, words: str, expected: float | None, chance: float | None
) -> Signal:
    period = feed.calendar.holding("hour", at)
    return Signal(
        force=feed.force.id,
        kind=kind,
        group="feeds",
        measure=feed.name,
        area=WHOLE,
        grain="hour",
        period=period.label,
        start=feed.heard,
        end=at,
        method="silence",
        theme="feeds",
        direction="down",
        polarity="bad",
        observed=0,
        expected=expected,
        probability=chance,
        onset=feed.heard,
        notify=True,
        running=True,
        words=words,
    )
