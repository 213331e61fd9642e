"""Silence, as against a time without events: a feed that sends no heartbeat, or no record where
many are expected.

With heartbeats silence is noticed after the second that is missed, and within two minutes where
they come every 50 seconds or sooner. Without them it is judged by the rate that is expected over
all lines of the feed together. While a feed is up the board says how long it would take to notice.

A feed of which every line is refused is not silent: the signal says why they are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil, isinf
from typing import NamedTuple

from detectors.counts.predictive import Predictive
from detectors.silence import Heartbeat, Silence, duration_in_words
from streams.config.force import WHOLE, Force
from streams.events.refusals import RefusedFeed
from streams.fold.heartbeats import PRESUMED, patience
from streams.periods import DAY, HOUR, MINUTE, SECOND, Calendar
from streams.registry import phrases
from streams.surveillance.recent_rate import at_rate
from streams.surveillance.signals import Signal

AHEAD = 168
"""Hours ahead over which a delay is looked for."""
LEAST_BEATS, LEAST_LINES, LEAST_WHILE = 3, 10, 2 * MINUTE
"""Heartbeats or records that must have been refused in a row, over so long, to be spoken of."""
LOOKED = 14 * DAY
"""A longer gap is as these first weeks of it: nobody waits for an hour-by-hour sum over years."""


class Feed(NamedTuple):
    """One feed of a force. `heard` is when the last of it came, in ms; `recent_rate` is how much it
    brought before that, over what was expected of it (`streams.surveillance.recent_rate`)."""

    force: Force
    calendar: Calendar
    name: str
    heard: int
    record: bool = False
    """Of a feed with heartbeats: the last that came was a new record."""
    recent_rate: float = 1.0


def together(parts: Iterable[Predictive]) -> Predictive:
    """The forecast of several lines together, with the greatest dispersion and spread of any."""
    every = list(parts)
    return Predictive(
        sum(part.mean for part in every),
        max((part.spread for part in every), default=0.0),
        max((part.dispersion for part in every), default=1.0),
    )


def of_records(
    feed: Feed, forecast: Callable[[int], Predictive], at: int, *, ahead: bool = True
) -> tuple[Signal | None, str]:
    """Judges a feed without heartbeats at an instant: the signal if it is silent, and the words for
    the board; with `ahead` these say how long a silence would take to notice.

    `forecast` gives what is expected of the hour that starts at an instant.
    """
    gap, expected, worst = max(0, at - feed.heard), 0.0, Predictive(0.0)
    hour = feed.calendar.start("hour", feed.heard)
    looked = min(at, feed.heard + LOOKED)
    while hour < looked:
        worst = at_rate(forecast(hour), feed.recent_rate)
        expected += worst.mean * max(0, min(looked, hour + HOUR) - max(feed.heard, hour)) / HOUR
        hour += HOUR
    expected *= max(1.0, gap / LOOKED)
    silence = Silence(dispersion=worst.dispersion, spread=worst.spread)
    chance = silence.empty(expected)
    if chance <= silence.probability:
        words = phrases.silent(feed.name, feed.force, duration_in_words(gap / SECOND), expected)
        return _signal(feed, at, feed.name, words, expected, chance), words
    if not ahead:
        return None, ""
    pieces = [_piece(feed, hour, forecast) for hour in _hours(feed, AHEAD)]
    delay = silence.delay_over(pieces)
    if delay is None or isinf(delay):
        return None, phrases.unknown(feed.name)
    return None, phrases.noticed(feed.name, duration_in_words(delay))


def records_due(feed: Feed, forecast: Callable[[int], Predictive], at: int) -> int:
    """The instant, to the second, at which a feed without heartbeats is silent if nothing more
    comes; at most a day ahead, and an hour ahead where it is silent already."""
    expected, hour = 0.0, feed.calendar.start("hour", feed.heard)
    looked = min(at, feed.heard + LOOKED) + DAY
    while hour < looked:
        ahead = at_rate(forecast(hour), feed.recent_rate)
        begin = max(feed.heard, hour)
        silence = Silence(dispersion=ahead.dispersion, spread=ahead.spread)
        here = ahead.mean * (hour + HOUR - begin) / HOUR
        if hour + HOUR > at and ahead.mean and silence.holds(expected + here):
            left = max(0.0, silence.needed - expected)
            due = begin + ceil(left / ahead.mean * HOUR / SECOND) * SECOND + SECOND
            return due if due > at else at + HOUR
        expected, hour = expected + here, hour + HOUR
    return at + HOUR if expected == 0.0 else at + DAY


def beats_due(feed: Feed, interval: float | None) -> int:
    """The instant, to the second, at which a feed with heartbeats is silent if nothing more
    comes."""
    return feed.heard + (int(patience(interval or PRESUMED)) + 1) * SECOND


def _hours(feed: Feed, number: int) -> Iterable[int]:
    first = feed.calendar.start("hour", feed.heard)
    return (first + n * HOUR for n in range(number))


def _piece(feed: Feed, hour: int, forecast: Callable[[int], Predictive]) -> tuple[float, float]:
    left = min(HOUR, hour + HOUR - feed.heard)
    return left / SECOND, feed.recent_rate * forecast(hour).mean / (HOUR / SECOND)


def of_heartbeats(feed: Feed, interval: float | None, at: int) -> tuple[Signal | None, str]:
    """Judges a feed with heartbeats by its last sign of life: the signal if it is silent, and the
    words for the board. `interval` is how many seconds apart they are, where that is known."""
    wait = patience(interval or PRESUMED)
    every = None if interval is None else _every(interval)
    age = (at - feed.heard) / SECOND
    beat = Heartbeat(interval or PRESUMED, missed=1, late=wait - (interval or PRESUMED))
    beat.update(age)
    if not beat.drift_detected:
        return None, phrases.noticed_by_beats(feed.name, duration_in_words(wait), every)
    words = phrases.no_beat(
        feed.name, feed.force, duration_in_words(age), every, record=feed.record
    )
    return _signal(feed, at, "heartbeat", words, None, None), words


def _every(seconds: float) -> str:
    """An interval as people say it: `30 s`, `150 s`, `1 hour`."""
    return f"{seconds:.3g} s" if seconds < 600 else duration_in_words(seconds)


def of_refused(feed: Feed, refused: RefusedFeed, at: int) -> Signal:
    """The signal of a feed of which every line is refused: since when, and why."""
    ahead = refused.steadily_ahead
    why = phrases.why_refused(refused.reason, None if ahead is None else duration_in_words(ahead))
    words = phrases.refused(feed.name, feed.force, why, refused.lines)
    kind = "heartbeat" if refused.key.kind == "heartbeat" else feed.name
    return _signal(feed, at, kind, words, None, None)


def enough(refused: RefusedFeed) -> bool:
    """Whether so many lines of a feed were refused in a row, for so long, that it is reported
    though the feed can't be silent yet."""
    least = LEAST_BEATS if refused.key.kind == "heartbeat" else LEAST_LINES
    return refused.lines >= least and refused.last - refused.first >= LEAST_WHILE


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
