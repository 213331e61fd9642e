"""A volume far above, or far below, what such an hour, day or month usually has.

Where it goes on for days, the days carry it (`streams.alerts.course`): how it ends by them, and its
sentences then, are here.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from detectors.counts.predictive import Predictive
from detectors.homogeneity import dispersion
from streams.alerts import words as say
from streams.alerts.lookup import Answers, CountedPeriod, PeriodLookup
from streams.alerts.model import Alert, Course, Severity
from streams.alerts.rules.base import AlertKind, SignalRule, TableRow
from streams.alerts.rules.signals import worth
from streams.config.force import Force
from streams.periods import DAY, HOUR, Calendar, Period, to_ms
from streams.registry.dimensions import ALL
from streams.registry.phrases import date, figure, has_multiple, place, rough, when
from streams.registry.registry import REGISTRY
from streams.surveillance.signals import Signal

CLEAR_PERIODS = {"hour": 3, "day": 2, "month": 1}
"""Closed periods in a row inside the usual range after which it is over."""
MOST_CLEAR_DAYS = 7
"""Of a series of a few a day, the usual days in a row after which it is over at the latest."""
SETTLED = 26 * 7 * DAY
"""After so long the level is accepted as the usual one, even if no person has said what it is."""
CHANCE = 0.025
"""A week is usual if a count as far out as its own comes by chance in at least this share of
weeks."""
FEW = 10.0
"""A series of which fewer are expected a day needs more usual days before it has cleared."""
LIKELIER = 100.0
"""In such a series the usual days in a row must be so many times likelier at the usual level than
at the ratio before."""
LEAST_EXPECTED = 0.1
"""The least that is taken as expected of a day: a ratio to nothing says nothing."""
REPORTS = {
    "up": "That is more reports, which need not be more offences.",
    "down": "That is fewer reports, which need not be fewer offences.",
}
REPORTED = ("hate", "domestic", "domestic_abuse", "cse", "child_at_risk", "sexual")
"""What is under-reported: more of it on record is first of all more that was reported."""


def takes(signal: Signal) -> bool:
    """Whether a signal is of a volume: of a count, and of no lasting level."""
    return REGISTRY.unit(signal.group, signal.measure) == "count" and signal.method != "level"


def severity(signal: Signal) -> Severity:
    """A rise within the hour wakes someone; all else can wait."""
    rises = signal.grain == "hour" and signal.direction == "up" and signal.polarity != "good"
    return "page" if rises else "notice"


def usual_again(signal: Signal) -> bool:
    """Whether a volume of a closed period is inside the usual range, however high what came before
    adds up: nobody is notified of `87, usually 65 to 92`."""
    if signal.running or signal.lower is None or signal.upper is None or not takes(signal):
        return False
    if signal.direction == "down":
        return signal.observed >= signal.lower
    return signal.observed <= signal.upper


def is_news(signal: Signal) -> bool:
    """Whether there is enough of it, and it is not usual again."""
    return worth(signal) and not usual_again(signal)


def inside(alert: Alert, period: Signal) -> bool:
    """Whether a closed period is back in its usual range."""
    if period.lower is None or period.upper is None:
        return not period.notify
    if alert.direction == "down":
        return period.observed >= period.lower
    return period.observed <= period.upper


# -- how it ends by its days ---------------------------------------------------------------------


def has_cleared(alert: Alert, course: Course, day: Signal) -> bool:
    """Whether the alert has cleared with this day: after `CLEAR_PERIODS["day"]` usual days in a
    row. In a series of fewer than `FEW` a day two usual days come easily by chance: there it takes
    up to `MOST_CLEAR_DAYS`, until these days are `LIKELIER` times as likely at the usual level as
    at the ratio before (by a quasi-Poisson likelihood). Or when the last week as a whole is usual,
    even if no two days in a row were."""
    if _week_is_usual(alert, course, day):
        return True
    few = (day.expected or 0.0) < FEW
    if not few or not CLEAR_PERIODS["day"] <= course.usual_days < MOST_CLEAR_DAYS:
        return course.usual_days >= CLEAR_PERIODS["day"]
    before, expected, days = course.while_it_lasted
    ratio = max(LEAST_EXPECTED, before / max(expected, LEAST_EXPECTED))
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


def is_settled(course: Course, day: Signal) -> bool:
    """Whether a volume has gone on for `SETTLED`, and goes on, so that its level is accepted as the
    usual one without a person."""
    long = course.held is not None and day.end - to_ms(course.since) >= SETTLED
    return long and not course.usual_days


# -- words -------------------------------------------------------------------------------------


def said(force: Force, signal: Signal, now: int, lookup: PeriodLookup) -> tuple[str, ...]:
    """The sentences of a signal, with what can be looked up of its period."""
    answered = lookup.answered(signal)
    mostly = lookup.mostly(signal) if signal.direction == "up" else None
    return volume(force, signal, now, answered, mostly, _greater(signal, lookup))


def _greater(signal: Signal, lookup: PeriodLookup) -> CountedPeriod | None:
    """The hour that is furthest above its expected figure of those in which a rise was found, if
    that is not the last one, and had more: it raised nothing by itself."""
    if signal.grain != "hour" or signal.direction != "up":
        return None
    above = {
        each.observed - each.expected: each
        for each in lookup.since_onset(signal)
        if each.observed is not None and each.observed > signal.observed
    }
    most = max(above, default=0.0)
    return above[most] if most > signal.observed - (signal.expected or 0.0) else None


def is_reporting(signal: Signal) -> bool:
    """Whether a rise is first of all a rise in reporting."""
    if REGISTRY.unit(signal.group, signal.measure) != "count":
        return False
    _, narrow = REGISTRY.narrowed_by(signal.row) or ("", signal.measure)
    return signal.polarity == "good" or narrow.split(".")[0] in REPORTED or "hate" in narrow


def is_as_recorded(signal: Signal) -> bool:
    """Whether a count rests on what somebody wrote down: a category or an offence. A call is
    counted by itself."""
    narrow = REGISTRY.narrowed_by(signal.row)
    return narrow is not None and narrow[1] != ALL


def volume(
    force: Force,
    signal: Signal,
    now: int,
    answered: Answers | None = None,
    mostly: tuple[str, int] | None = None,
    greater: CountedPeriod | None = None,
) -> tuple[str, ...]:
    """The sentences of an exceptional volume; `answered` is what became of its calls, `mostly` (the
    area within that holds most of it, how many there), and `greater` an hour before it, of the same
    rise, that had more."""
    calendar = Calendar(force.zone)
    said = [say.lead(force, calendar, signal, now)]
    if signal.onset is not None and signal.onset < signal.start:
        said.append(say.changed(calendar, signal, signal.onset, now))
    if greater is not None:
        hour = Period("hour", "", greater.start, greater.start + HOUR)
        many = figure(greater.observed or 0.0, "count")
        said.append(f"Before that {many} {when(calendar, hour, now)}.")
    if mostly is not None:
        said.append(f"{mostly[1]:,} of them in {place(force, mostly[0])}.")
    if is_reporting(signal):
        said.append(REPORTS[signal.direction])
    if answered is not None and answered.offered:
        said.append(answers(answered, running=signal.grain == "hour"))
    return (*said, *signal.caveats)


def answers(calls: Answers, *, running: bool) -> str:
    """What became of the calls of a period; `running` where it ends so late that those without an
    end still wait.

    >>> answers(Answers(21, 21, 17, 0, 0, 10), running=True)
    '17 of 21 answered within 10 s.'
    >>> answers(Answers(15, 12, 12, 1, 2, 10), running=True)
    '12 of 15 answered, all within 10 s; 1 gave up, 2 still wait.'
    """
    lost = calls.offered - calls.answered - calls.abandoned - calls.waiting
    unknown = lost if running else lost + calls.waiting
    others = [f"{calls.abandoned:,} gave up"] * bool(calls.abandoned)
    if running and calls.waiting:
        others.append(f"{calls.waiting:,} still wait{'s' * (calls.waiting == 1)}")
    if unknown:
        others.append(f"the end of {unknown:,} is not on record")
    if not others:
        return f"{calls.within:,} of {calls.offered:,} answered within {calls.limit} s."
    came = "None" if not calls.answered else f"{calls.answered:,}"
    in_time = "all" if calls.within == calls.answered else f"{calls.within:,}"
    how = f", {in_time} within {calls.limit} s" * bool(calls.answered)
    return f"{came} of {calls.offered:,} answered{how}; {', '.join(others)}."


def by_days(
    force: Force,
    about: str,
    day: Signal,
    times: float,
    since: int,
    now: int,
    alike: int | None = None,
) -> tuple[str, ...]:
    """The sentences of a volume that goes on by its days; `times` is its ratio since then, `alike`
    in how many areas it is that, where it is in all of them.

    999 calls, Warwickshire: 610 on Wednesday 1 July, usually about 200.
    About 3.1 times the usual since 1 July.
    """
    calendar = Calendar(force.zone)
    usually = rough(day.expected or 0.0)
    figures = (
        f": {day.observed:,.0f} on {date(calendar, day.start, now, weekday=True)}, "
        f"usually about {usually}."
    )
    lead = say.named(about, figures)
    said = [lead, times_since(force, times, day.expected or 0.0, since, now, alike)]
    if is_reporting(day):
        said.append(REPORTS[day.direction])
    return tuple(said)


def times_since(
    force: Force, times: float, usual: float, since: int, now: int, alike: int | None = None
) -> str:
    """`About 1.6 times the usual since 1 July.`; where hardly any are `usual` a day, `Above the
    usual since 1 July.`; with `alike`, `... since 1 July in all 5 areas: perhaps recording.`"""
    began = date(Calendar(force.zone), since, now)
    began += f" in all {alike} areas: perhaps recording" if alike else ""
    if not has_multiple(usual):
        return f"{'Above' if times >= 1.0 else 'Below'} the usual since {began}."
    return f"About {times:.2g} times the usual since {began}."


def _multiple(came: float, usual: float) -> str:
    """`1.6 times the usual `; empty where hardly any are usual."""
    return f"{came / usual:.2g} times the usual " if has_multiple(usual) else ""


def by_two_days(
    force: Force,
    about: str,
    day: Signal,
    two: tuple[float, float],
    times: float,
    since: int,
    now: int,
) -> tuple[str, ...]:
    """The sentences of a volume that has grown in the two days up to one: what came in both, and
    what was usual.

    999 calls, Warwickshire: 2.2 times the usual over the 2 days to Thursday 16 July, 730 a day,
    usually about 332. About 1.6 times the usual since 1 July.
    """
    calendar = Calendar(force.zone)
    to = date(calendar, day.start, now, weekday=True)
    figures = (
        f": {_multiple(two[0] / 2, two[1] / 2)}over the 2 days to {to}, "
        f"{rough(two[0] / 2)} a day, usually about {rough(two[1] / 2)}."
    )
    lead = say.named(about, figures)
    return (lead, times_since(force, times, two[1] / 2, since, now))


def by_days_past(
    force: Force,
    about: str,
    a_day: tuple[float, float],
    span: tuple[int, int],
    now: int,
    left_out: Sequence[int] = (),
) -> tuple[str, ...]:
    """The sentence of a volume that went on by its days and is over: what came on a day, what was
    usual, and from when to when; which of its days are left out of that (their starts).

    999 calls, Warwickshire: 1.6 times the usual from 1 to 5 July without 3 July, 528 a day, usually
    about 330.
    """
    calendar = Calendar(force.zone)
    first, last = date(calendar, span[0], now), date(calendar, span[1] - 1, now)
    day, _, month = first.partition(" ")
    happened = f"on {first}"
    if first != last:
        happened = f"from {day if last.partition(' ')[2] == month else first} to {last}"
    if left_out:
        many = f"{len(left_out)} of these days"
        happened += f" without {date(calendar, left_out[0], now) if len(left_out) == 1 else many}"
    came, usually = (rough(each) for each in a_day)
    daily = " a day" * (first != last)
    many = f"{came}{daily}"
    said = (
        f"{_multiple(*a_day)}{happened}, {many}" if has_multiple(a_day[1]) else f"{many} {happened}"
    )
    figures = f": {said}, usually about {usually}."
    return (say.named(about, figures),)


def by_weeks(
    force: Force,
    about: str,
    days: tuple[float, float],
    times: float,
    since: int,
    now: int,
    alike: int | None = None,
) -> tuple[str, ...]:
    """The sentences of a volume that has lasted; `days` is what came on a day since then, and what
    was usual; `alike` as of `by_days`."""
    came, usually = (rough(each) for each in days)
    began = f"since {date(Calendar(force.zone), since, now)}"
    happened = f"{came} a day {began}"
    if has_multiple(days[1]):
        happened = f"{times:.2g} times the usual {began}, {came} a day"
    figures = f": {happened}, usually about {usually}."
    lasting = f"All {alike} areas alike: perhaps recording. {say.ACCEPT}" if alike else say.ACCEPT
    return (say.named(about, figures), lasting)


def taken_as_usual(said: Sequence[str]) -> tuple[str, ...]:
    """The sentences of a volume that has lasted, once its level is taken as the usual by itself."""
    return (said[0], f"After {SETTLED // (7 * DAY)} weeks its level is taken as the usual.")


EXCEPTIONAL_VOLUME = AlertKind(
    name="exceptional_volume",
    runbook="WatchroomExceptionalVolume",
    summary="Far more, or far fewer, than usual",
    meaning="Far more, or far fewer, than such an hour or day usually has: something is going on, "
    "or a feed is wrong.",
    dashboard="volumes",
    table=(
        TableRow(
            "the count of an hour, day or month is rarer than the budget of false alarms allows",
            "page: a rise within an hour; else notice",
            f"{CLEAR_PERIODS['hour']} hours ({CLEAR_PERIODS['month']} month) in a row are usual "
            f"again; where [its day is exceptional too](#a-surge-that-lasts), "
            f"{CLEAR_PERIODS['day']} days",
            "999 calls, Warwickshire: 21 in the hour to 22:00, usually 3 to 14. 1.8 times the "
            "usual since about 18:00 on Friday.",
            "[as many a week as you accept](detectors.md#the-alert-budget), "
            "changes of level included",
        ),
    ),
    judged="period",
    signals=SignalRule(
        takes=takes,
        takes_rest=True,
        severity=severity,
        is_news=is_news,
        said=said,
        inside=inside,
        is_clear=inside,
        clear_periods=CLEAR_PERIODS,
    ),
    lasts=True,
)
