"""How an exceptional volume goes on by its days: how many, by how much, whether it grows. Pure.

A rise that lasts weeks is one alert. From the first day that is exceptional too, the days of its
series carry it: nights inside it end nothing, and it is over after `CLEAR_PERIODS["day"]` usual
days in a row. Its ratio is what came since the onset over what the level before would have brought;
from the day `LONG` on the stretch is not learned (`streams.alerts.feedback`), so that the level
before stays what the days are compared with, and an hour far beyond that ratio is news.
"""

from __future__ import annotations

import datetime as dt
from math import log, sqrt

import msgspec

from detectors.counts.predictive import Predictive
from detectors.homogeneity import dispersion
from streams.alerts.model import Alert, Course, instant, ms_of
from streams.alerts.rules import lasts
from streams.alerts.rules.base import GROWN
from streams.alerts.rules.exceptional_volume import (
    CLEAR_PERIODS,
    MOST_CLEAR_DAYS,
    inside,
    is_news,
)
from streams.alerts.rules.signals import A_WEEK
from streams.config.force import Force
from streams.periods import DAY, HOUR, Calendar, to_ms
from streams.surveillance.signals import LOOKS, Signal

LONG = 3
"""The exceptional day from which on the stretch is not learned, and other stories are others."""
LASTING, LASTING_MONTHS = 14 * DAY, 62 * DAY
"""After so long an alert, or one by the month, is called lasting: a person is to say whether it is
the new level."""
SETTLED = 26 * 7 * DAY
"""After so long its level is taken as the usual, also where nobody has said what it is."""
CHANCE = 0.025
"""A week is as usual where so many, or more, come as often as that."""
BURST = 2 * DAY
"""For so long after an hour that bursts another is no news, unless it is a quarter more."""
SURE = 3.0
"""Standard deviations by which the last two days must lie beyond what was notified."""

FEW = 10.0
"""Fewer than this are expected of a day in a series of a few a day."""
LIKELIER = 100.0
"""Times that usual days in a row must be likelier as usual before an alert is over."""
LEAST = 0.1
"""Expected of a day, at the least: nothing is so many times nothing."""


def exceptional(day: Signal, direction: str | None) -> bool:
    """Whether a day, or a day so far, raises an alert in a direction by itself."""
    raises = day.notify and is_news(day)
    return raises and day.direction == direction


def begun(force: Force, day: Signal, onset: int) -> Course:
    """The course of an alert of that onset, of which a day is the first to be exceptional too."""
    expected = max(day.expected or 0.0, LEAST)
    observed, days = day.observed, 1
    since = min(day.start, max(onset, day.start - DAY))
    if day.onset is not None and day.onset < day.start and day.ratio:
        # The change was found in the sum of several days.
        since, days = day.onset, round((day.end - day.onset) / DAY)
        expected = expected * days
        observed = day.ratio * expected
    ratio, end = observed / expected, instant(day.end, force.zone)
    if day.start < onset < day.end:
        # The day is exceptional by a part of it alone.
        ratio = max(0.0, 1.0 + (ratio - 1.0) * DAY / max(day.end - onset, 6 * HOUR))
    return Course(
        since=instant(Calendar(force.zone).start("day", since), force.zone),
        until=end,
        taken=days,
        observed=observed,
        expected=expected,
        latest=(day.observed, max(day.expected or 0.0, LEAST)),
        notified_ratio=ratio,
        judged_to=end,
    )


def next_day(force: Force, alert: Alert, course: Course, day: Signal, at: int) -> Course:
    """The course with one more closed day, which is usual or not, as of a look."""
    expected = max(day.expected or 0.0, LEAST)
    usual = course.usual_days + 1 if _is_usual(alert, course, day) else 0
    days = course.days + (not usual)
    told = course.notified_ratio
    if not course.taken:
        told = day.observed / expected
    elif course.days == 1 and not usual:
        # The first whole day shows what the first part of one was taken for.
        whole = [course.latest[0] / course.latest[1], day.observed / expected]
        told = max(told, min(whole)) if alert.direction == "down" else min(told, max(whole))
    judged = instant(day.end, force.zone)
    # What was accepted as the level is what it was accepted at.
    adds = course.accepted is None and (course.held is None or alert.outcome != "real")
    return msgspec.structs.replace(
        course,
        until=course.until if usual else judged,
        days=days,
        taken=course.taken + adds,
        observed=course.observed + day.observed * adds,
        expected=course.expected + expected * adds,
        latest=(day.observed, expected),
        before_latest=course.latest,
        notified_ratio=told,
        usual_days=usual,
        week=(*course.week, (day.observed, expected))[-MOST_CLEAR_DAYS:],
        usual_sums=(course.usual_sums[0] + day.observed, course.usual_sums[1] + expected)
        if usual
        else (0.0, 0.0),
        judged_to=judged,
        held=instant(at, force.zone) if course.held is None and days >= LONG else course.held,
    )


def _is_usual(alert: Alert, course: Course, day: Signal) -> bool:
    """Whether a day is inside the usual range, and nearer to what is usual than to what came since
    the onset: a rise of a quarter leaves many days inside the range."""
    if not inside(alert, day):
        return False
    if (course.ratio >= 1.0) == (alert.direction == "down"):
        return True  # what came since says the opposite
    middle = (1.0 + course.ratio) / 2.0 * max(day.expected or 0.0, LEAST)
    return day.observed >= middle if alert.direction == "down" else day.observed <= middle


def elsewhere(force: Force, course: Course, signal: Signal) -> Course:
    """The course of an alert that from a signal on follows the series of another area: what came
    before was counted elsewhere."""
    since = Calendar(force.zone).start("day", signal.start)
    return msgspec.structs.replace(
        course,
        since=instant(since, force.zone),
        taken=0,
        observed=0.0,
        expected=LEAST,
        usual_days=0,
        week=(),
        usual_sums=(0.0, 0.0),
        latest=(0.0, LEAST),
        before_latest=None,
    )


def while_it_lasted(course: Course) -> tuple[float, float, int]:
    """Observed and expected up to the last day that was not usual, and of how many days."""
    observed, expected = course.usual_sums
    return course.observed - observed, course.expected - expected, course.taken - course.usual_days


def over(alert: Alert, course: Course, day: Signal) -> bool:
    """Whether enough days in a row were usual, of which that is the last: `CLEAR_PERIODS`; of
    fewer than `FEW` as many more, up to `MOST_CLEAR_DAYS`, as it takes until they are so much
    likelier as usual than at the ratio before (quasi-Poisson), as two low ones in a row are soon
    there by chance. Or the last week together was as usual, of which no two days in a row may have
    been."""
    if _week_is_usual(alert, course, day):
        return True
    few = (day.expected or 0.0) < FEW
    if not few or not CLEAR_PERIODS["day"] <= course.usual_days < MOST_CLEAR_DAYS:
        return course.usual_days >= CLEAR_PERIODS["day"]
    before, expected, days = while_it_lasted(course)
    ratio = max(LEAST, before / max(expected, LEAST))
    if days <= 0 or (ratio >= 1.0) == (alert.direction == "down"):
        return True
    came, usual = course.usual_sums
    phi = dispersion(day.expected, day.lower, day.upper, day.within)
    return ((ratio - 1.0) * usual - came * log(ratio)) / phi >= log(LIKELIER)


def _week_is_usual(alert: Alert, course: Course, day: Signal) -> bool:
    if len(course.week) < MOST_CLEAR_DAYS:
        return False
    observed, expected = (sum(each) for each in zip(*course.week, strict=True))
    ahead = Predictive(expected, dispersion=dispersion(day.expected, day.lower, day.upper))
    down = alert.direction == "down"
    return (ahead.at_most(observed) if down else ahead.at_least(observed)) >= CHANCE


def settled(course: Course, day: Signal) -> bool:
    """Whether a volume has gone on for so long, up to a day that is not usual, that its level is
    taken as the usual by itself."""
    long = course.held is not None and day.end - to_ms(course.since) >= SETTLED
    return long and not course.usual_days


def bursts(alert: Alert, hour: Signal) -> bool:
    """Whether an hour is exceptional even for what a lasting alert has come to: so many times what
    is usual."""
    course = alert.course
    if hour.grain != "hour" or course is None or course.held is None or not hour.expected:
        return False
    told = min(course.ratio, course.notified_ratio), max(course.ratio, course.notified_ratio)
    return _beyond(hour, told)


def burst(course: Course, hour: Signal, zone: dt.tzinfo) -> tuple[Course, bool]:
    """The course with an hour that bursts, and whether that is news: not where one of the days
    before it was as great."""
    ratio = hour.observed / max(hour.expected or 0.0, LEAST)
    least, last = course.burst, ms_of(course.burst_at)
    if least is not None and last is not None and hour.start - last < BURST:
        grows = ratio * GROWN <= least if hour.direction == "down" else ratio >= GROWN * least
        news = grows and _beyond(hour, (least, least))
    else:
        news = True
    end = max(last or 0, hour.start + HOUR)
    least = ratio if news else least
    return msgspec.structs.replace(course, burst=least, burst_at=instant(end, zone)), news


def _beyond(hour: Signal, times: tuple[float, float]) -> bool:
    """Whether an hour would raise an alert where so many times the usual were usual: of a fall the
    first, of a rise the second."""
    usual, down = hour.expected or 0.0, hour.direction == "down"
    phi = dispersion(usual, hour.lower, hour.upper, hour.within)
    ahead = Predictive(usual * max(LEAST, times[0] if down else times[1]), dispersion=phi)
    tail = ahead.at_most(hour.observed) if down else ahead.at_least(hour.observed)
    looks = LOOKS if hour.running else 1.0
    return 2.0 * A_WEEK["hour"] * looks * tail <= hour.allowed


def grown(alert: Alert, course: Course, day: Signal) -> float | None:
    """The ratio of the last two days where it is so much greater than what was notified that people
    are notified again, and not by chance."""
    if course.before_latest is None:
        return None
    observed = course.latest[0] + course.before_latest[0]
    expected = course.latest[1] + course.before_latest[1]
    ratio, told = observed / expected, course.notified_ratio
    off = observed - told * expected
    # What was notified was of some two days too, and as uncertain.
    varies = 2.0 * dispersion(day.expected, day.lower, day.upper) * max(told, LEAST) * expected
    sure = SURE * sqrt(varies)
    if alert.direction == "down":
        return ratio if ratio * GROWN <= told and -off >= sure else None
    return ratio if ratio >= GROWN * told and off >= sure else None


def as_told(alert: Alert, course: Course) -> Course:
    """The course once people are notified of its last two days."""
    if course.before_latest is None:
        return course
    ratio = (course.latest[0] + course.before_latest[0]) / (
        course.latest[1] + course.before_latest[1]
    )
    told = (
        min(course.notified_ratio, ratio)
        if alert.direction == "down"
        else max(course.notified_ratio, ratio)
    )
    return msgspec.structs.replace(course, notified_ratio=told)


def level_grown(alert: Alert, signal: Signal) -> bool:
    """Whether a level has moved so much further from the old one than was notified. The level since
    is of the whole stretch, so that a single period grows nothing; and the period is as far."""
    before, told, now = alert.evidence.before, alert.evidence.after, signal.after
    if not before or told is None or now is None:
        return False
    if alert.direction == "down":
        return told >= GROWN * now and signal.observed <= told
    return now >= GROWN * told and signal.observed >= told


def has_lasted(alert: Alert, at: int) -> bool:
    """Whether an alert has gone on for so long that a person is to say what it is. One that people
    are asked to act on at once, such as a caller who waits, is never that."""
    if not lasts(alert.kind) or alert.severity == "state":
        return False
    since = alert.opened_at if alert.course is None else alert.course.since
    return at - to_ms(since) >= (LASTING_MONTHS if alert.grain == "month" else LASTING)
