"""The course of an exceptional volume by its days: how many, by how much, whether it grows. Pure.

A rise (or fall) that lasts for weeks is one alert. From the first day that is exceptional too, the
days of its series carry it: quiet nights within it end nothing, and it has cleared after some usual
days in a row (`exceptional_volume.has_cleared`). Its ratio is what came since the onset over what
the level before would have brought. From its day number `LONG` on the stretch is left out of what
detectors learn (`streams.alerts.feedback`), so that its days go on being compared with the level
before; and people are notified of an hour only if it is far beyond that ratio (a burst).
"""

from __future__ import annotations

import datetime as dt
from itertools import dropwhile
from math import sqrt

import msgspec

from detectors.counts.predictive import Predictive
from detectors.homogeneity import dispersion
from streams.alerts import peak
from streams.alerts.lookup import CountedPeriod, PeriodLookup
from streams.alerts.model import Alert, Course, Peak, instant, ms_of
from streams.alerts.rules import lasts
from streams.alerts.rules.base import GROWN
from streams.alerts.rules.exceptional_volume import (
    LEAST_EXPECTED,
    MOST_CLEAR_DAYS,
    inside,
    is_news,
)
from streams.alerts.rules.signals import A_WEEK
from streams.config.force import Force
from streams.periods import DAY, HOUR, Calendar, to_ms
from streams.surveillance.signals import LOOKS, Signal

LONG = 3
"""The number of the exceptional day from which on the stretch is not learned. From then on only
signals of the same measure join the alert, and what had joined it before."""
LASTS_FROM, LASTS_FROM_BY_MONTH = 14 * DAY, 62 * DAY
"""After so long an alert, and an alert by the month, counts as lasting: people are asked to say
whether it is the new level."""
BURST = 2 * DAY
"""For so long after a burst people are not notified of another, unless it is a quarter greater."""
SURE = 3.0
"""By how many standard deviations the last two days must lie beyond the ratio that people were
notified of, before they are notified again."""


def is_exceptional(day: Signal, direction: str | None) -> bool:
    """Whether a day, or the part of it that has passed, raises an alert of a direction alone."""
    raises = day.notify and is_news(day)
    return raises and day.direction == direction


def first_day(force: Force, day: Signal, onset: int, lookup: PeriodLookup) -> Course:
    """The course of an alert with that onset (ms), of which `day` is the first exceptional one."""
    counted = days_of(day, lookup)
    latest = day.observed, max(day.expected or 0.0, LEAST_EXPECTED)
    sums = [(each.observed, each.expected) for each in counted if each.observed is not None]
    observed, expected = (sum(each) for each in zip(*sums, strict=True))
    left_out = tuple(instant(each.start, force.zone) for each in counted if each.observed is None)
    ratio, end = observed / expected, instant(day.end, force.zone)
    if day.start < onset < day.end:
        # The day is exceptional by a part of it alone.
        ratio = max(0.0, 1.0 + (ratio - 1.0) * DAY / max(day.end - onset, 6 * HOUR))
    return Course(
        since=instant(counted[0].start, force.zone),
        until=end,
        taken=len(sums),
        left_out=left_out or msgspec.UNSET,
        observed=observed,
        expected=expected,
        latest=latest,
        notified_ratio=ratio,
        judged_to=end,
    )


def days_of(day: Signal, lookup: PeriodLookup) -> list[CountedPeriod]:
    """The days in which an exceptional day was found: those since the onset of a change, where the
    change was found in the sum of several, else the day alone. The first of them is counted."""
    found = list(lookup.since_onset(day)) if day.onset is not None and day.onset < day.start else []
    counted = [
        each._replace(expected=max(each.expected, LEAST_EXPECTED))
        for each in dropwhile(lambda each: each.observed is None, found)
    ]
    alone = CountedPeriod(day.start, day.observed, max(day.expected or 0.0, LEAST_EXPECTED))
    return counted or [alone]


def peak_of(force: Force, day: Signal, lookup: PeriodLookup) -> Peak | msgspec.UnsetType:
    """The day that is furthest out of those in which an exceptional day was found."""
    calendar = Calendar(force.zone)
    found: Peak | msgspec.UnsetType = msgspec.UNSET
    for each in days_of(day, lookup):
        if each.observed is not None:
            end = calendar.end("day", each.start)
            one = msgspec.structs.replace(
                day, start=each.start, end=end, observed=each.observed, first=None
            )
            found = peak.furthest(peak.of_signal(force, one), found, day.direction)
    return found


def next_day(force: Force, alert: Alert, course: Course, day: Signal, at: int) -> Course:
    """The course with one more closed day, usual or not; `at` is the instant of the evaluation."""
    expected = max(day.expected or 0.0, LEAST_EXPECTED)
    usual = course.usual_days + 1 if _is_usual(alert, course, day) else 0
    days = course.days + (not usual)
    notified = course.notified_ratio
    if not course.taken:
        notified = day.observed / expected
    elif course.days == 1 and not usual:
        # The first day may have been judged by a part of it; the first whole day corrects that.
        whole = [course.latest[0] / course.latest[1], day.observed / expected]
        notified = (
            max(notified, min(whole)) if alert.direction == "down" else min(notified, max(whole))
        )
    judged = instant(day.end, force.zone)
    missing = _days_between(force, max(course.judged_to, course.since), day.start)
    left_out = (*(course.left_out or ()), *missing)
    # Once a person has said that it is real, the figures stay those of which that was said.
    adds = course.accepted is None and (course.held is None or alert.outcome != "real")
    return msgspec.structs.replace(
        course,
        until=course.until if usual else judged,
        days=days,
        taken=course.taken + adds,
        left_out=left_out or msgspec.UNSET,
        observed=course.observed + day.observed * adds,
        expected=course.expected + expected * adds,
        latest=(day.observed, expected),
        before_latest=None if missing else course.latest,
        notified_ratio=notified,
        usual_days=usual,
        week=(*course.week, (day.observed, expected))[-MOST_CLEAR_DAYS:],
        usual_sums=(course.usual_sums[0] + day.observed, course.usual_sums[1] + expected)
        if usual
        else (0.0, 0.0),
        usual_peak=peak_with(force, alert, course, day) if usual else msgspec.UNSET,
        judged_to=judged,
        held=instant(at, force.zone) if course.held is None and days >= LONG else course.held,
    )


def _days_between(force: Force, first: dt.datetime, until: int) -> tuple[dt.datetime, ...]:
    """The starts of the days from one on up to an instant, in ms."""
    calendar, at, found = Calendar(force.zone), to_ms(first), []
    while at < until:
        found.append(instant(at, force.zone))
        at = calendar.end("day", at)
    return tuple(found)


def peak_with(force: Force, alert: Alert, before: Course, day: Signal) -> Peak | msgspec.UnsetType:
    """The day that is furthest out of one that is not usual and of the usual days before it, which
    are part of the stretch since it goes on; `before` is the course up to these."""
    return peak.furthest(peak.of_signal(force, day), before.usual_peak, alert.direction)


def _is_usual(alert: Alert, course: Course, day: Signal) -> bool:
    """Whether a day is inside the usual range, and nearer to the expected figure than to the ratio
    since the onset: in a rise of a quarter many days are inside the range."""
    if not inside(alert, day):
        return False
    if (course.ratio >= 1.0) == (alert.direction == "down"):
        return True  # the sums since the onset have moved the other way
    middle = (1.0 + course.ratio) / 2.0 * max(day.expected or 0.0, LEAST_EXPECTED)
    return day.observed >= middle if alert.direction == "down" else day.observed <= middle


def in_another_area(force: Force, course: Course, signal: Signal) -> Course:
    """The course of an alert that follows the series of another area from a signal on: its sums
    begin anew, as those so far are of the area before."""
    since = instant(Calendar(force.zone).start("day", signal.start), force.zone)
    return msgspec.structs.replace(
        course,
        since=since,
        judged_to=min(since, course.judged_to),
        days=course.days - (course.judged_to > since),  # that day is taken once more, of the area
        taken=0,
        left_out=msgspec.UNSET,
        observed=0.0,
        expected=0.0,
        usual_days=0,
        usual_peak=msgspec.UNSET,
        week=(),
        usual_sums=(0.0, 0.0),
        latest=(0.0, LEAST_EXPECTED),
        before_latest=None,
    )


def is_burst(alert: Alert, hour: Signal) -> bool:
    """Whether an hour is exceptional even compared with what a lasting alert has come to, which is
    the usual hour times the ratio of the alert."""
    course = alert.course
    if hour.grain != "hour" or course is None or course.held is None or not hour.expected:
        return False
    notified = min(course.ratio, course.notified_ratio), max(course.ratio, course.notified_ratio)
    return _beyond(hour, notified)


def with_burst(course: Course, hour: Signal, zone: dt.tzinfo) -> tuple[Course, bool]:
    """The course with an hour that is a burst, and whether people are to be notified of it: not if
    there was one as great within `BURST` before it."""
    ratio = hour.observed / max(hour.expected or 0.0, LEAST_EXPECTED)
    least, last = course.burst, ms_of(course.burst_at)
    if least is not None and last is not None and hour.start - last < BURST:
        grows = ratio * GROWN <= least if hour.direction == "down" else ratio >= GROWN * least
        is_news = grows and _beyond(hour, (least, least))
    else:
        is_news = True
    end = max(last or 0, hour.start + HOUR)
    least = ratio if is_news else least
    return msgspec.structs.replace(course, burst=least, burst_at=instant(end, zone)), is_news


def _beyond(hour: Signal, times: tuple[float, float]) -> bool:
    """Whether an hour would raise an alert if the usual figure were so many times as great: of a
    fall the first of `times`, of a rise the second."""
    usual, down = hour.expected or 0.0, hour.direction == "down"
    phi = dispersion(usual, hour.lower, hour.upper, hour.within)
    ahead = Predictive(usual * max(LEAST_EXPECTED, times[0] if down else times[1]), dispersion=phi)
    tail = ahead.at_most(hour.observed) if down else ahead.at_least(hour.observed)
    looks = LOOKS if hour.running else 1.0
    return 2.0 * A_WEEK["hour"] * looks * tail <= hour.allowed


def grown_ratio(alert: Alert, course: Course, day: Signal) -> float | None:
    """The ratio of the last two days, if it is so much further out than the ratio that people were
    notified of that they are notified again, and that is not by chance; else None."""
    if course.before_latest is None:
        return None
    observed = course.latest[0] + course.before_latest[0]
    expected = course.latest[1] + course.before_latest[1]
    ratio, notified = observed / expected, course.notified_ratio
    off = observed - notified * expected
    # The ratio that people were notified of was one of two days as well, and as uncertain.
    varies = (
        2.0
        * dispersion(day.expected, day.lower, day.upper)
        * max(notified, LEAST_EXPECTED)
        * expected
    )
    sure = SURE * sqrt(varies)
    if alert.direction == "down":
        return ratio if ratio * GROWN <= notified and -off >= sure else None
    return ratio if ratio >= GROWN * notified and off >= sure else None


def notified_of_latest(alert: Alert, course: Course) -> Course:
    """The course once people have been notified of its last two days."""
    if course.before_latest is None:
        return course
    ratio = (course.latest[0] + course.before_latest[0]) / (
        course.latest[1] + course.before_latest[1]
    )
    notified = (
        min(course.notified_ratio, ratio)
        if alert.direction == "down"
        else max(course.notified_ratio, ratio)
    )
    return msgspec.structs.replace(course, notified_ratio=notified)


def has_lasted(alert: Alert, at: int) -> bool:
    """Whether an alert has gone on for so long that a person is asked what it is."""
    since = lasts_from(alert)
    return since is not None and at >= since


def lasts_from(alert: Alert) -> int | None:
    """The instant, in ms, from which on it has; None of a kind that people act on at once, such as
    a caller who waits."""
    if not lasts(alert.kind) or alert.severity == "state":
        return None
    since = alert.opened_at if alert.course is None else alert.course.since
    return to_ms(since) + (LASTS_FROM_BY_MONTH if alert.grain == "month" else LASTS_FROM)
