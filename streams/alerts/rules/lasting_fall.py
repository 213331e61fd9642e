"""An answer rate that has fallen and stays so for days: one alert, from its onset to its end. Pure.

Nights and quiet hours do not end it: while the alert is open, whole days are judged too, by the
same tails as the windows (`streams.alerts.rules.answers`), against what was usual before it
began. It goes on while a day since the onset, or the day so far, is worse than that, and until two
days after the last such day have been as usual. A day of too few calls says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log
from typing import NamedTuple

from streams.alerts import words as say
from streams.alerts.model import Alert, Evidence, ms_of
from streams.alerts.rules.answers import (
    BELOW,
    DROP,
    LEAST_CALLS,
    TARGET_MISSED_KIND,
    WORSE,
    of_answers,
    worsening,
)
from streams.alerts.rules.base import Finding
from streams.alerts.usual_answers import ENOUGH, AnswerRate, UsualAnswers, UsualRate
from streams.config.force import Force, Target
from streams.config.targets import held
from streams.periods import DAY, HOUR, MINUTE, Calendar
from streams.periods import Period as Day
from streams.registry.phrases import date, percent, whole_percent

USUAL_DAYS = 2
FURTHEST_BACK = 6 * HOUR
"""How long before a window in which a fall was seen it may have begun."""
LONGEST_DOUBT = 14 * DAY
"""After so long without a day that is worse it is over, even where none was quite as usual."""

Between = Callable[[int, int], Mapping[str, tuple[int, int]]]
"""The answer rates by line of a stretch of time."""


class Fall(NamedTuple):
    """An alert about an answer rate: the line, and from when to when it was; `end` is None while it
    goes on. `accepted` is that a person said it is real, so that it is what is usual from then.
    `usual` is the share that was usual before, as far as the alert says."""

    alert: str
    line: str
    start: int
    end: int | None
    accepted: bool
    usual: float | None = None

    @property
    def going(self) -> bool:
        """Whether it is not over."""
        return self.end is None


class JudgedDay(NamedTuple):
    """What is to be said of a day, and of how much of it."""

    day: Day
    rate: AnswerRate
    own: UsualRate
    evidence: float
    usual: bool

    @property
    def worse(self) -> bool:
        """Whether it was worse than what was usual."""
        return self.evidence > 0.0


def falls(alerts: Iterable[Alert]) -> list[Fall]:
    """The alerts about answer rates, in a fixed order."""
    found = []
    for alert in alerts:
        line = alert.row.get("line")
        if alert.kind == TARGET_MISSED_KIND and alert.severity != "state" and line is not None:
            start = ms_of(alert.onset) or ms_of(alert.opened_at) or 0
            # What a person closed goes on until it has cleared once.
            ended = alert.resolved_at if alert.outcome is None else alert.cleared_at
            end = ms_of(ended or alert.updated_at) if alert.cleared else None
            usual = alert.evidence.expected
            found.append(Fall(alert.id, line, start, end, alert.outcome == "real", usual))
    return sorted(found)


def spells(found: Iterable[Fall]) -> dict[str, list[tuple[int, int | None]]]:
    """By line what is not learned: the spells of its alerts, but for those that a person said are
    real, and so what is usual."""
    out: dict[str, list[tuple[int, int | None]]] = {}
    for fall in found:
        if not fall.accepted:
            out.setdefault(fall.line, []).append((fall.start, fall.end))
    return out


class LastingFalls:
    """Judges the days of the falls of one force."""

    def __init__(self, force: Force, calendar: Calendar, answering: UsualAnswers) -> None:
        self.force, self.calendar, self.answering = force, calendar, answering
        self._closed: dict[str, dict[int, JudgedDay | None]] = {}
        """By alert and the start of a day."""
        self._so_far: dict[str, tuple[int, JudgedDay | None]] = {}
        """By alert the full hour up to which the day was judged last."""

    def lasts(
        self, fall: Fall, targets: Sequence[Target], between: Between, at: int
    ) -> Finding | None:
        """What keeps a fall going at an instant; None where nothing does. Days are judged up to the
        last full hour."""
        known = self._closed.setdefault(fall.alert, {})
        for other in self._closed.keys() - {fall.alert}:
            if other.split("/")[3:4] == fall.alert.split("/")[3:4]:
                del self._closed[other]  # an earlier one of the same line
        today, start = self.calendar.start("day", at), self.calendar.start("day", fall.start)
        days: list[JudgedDay] = []
        while start < today:
            day = self.calendar.holding("day", start)
            if start not in known:
                known[start] = self._judge(fall, targets, between, day, day.end)
            found = known[start]
            days += [found] if found is not None else []
            start = day.end
        hour = at // HOUR * HOUR
        if self._so_far.get(fall.alert, (0, None))[0] != hour:
            day = self.calendar.holding("day", at)
            self._so_far[fall.alert] = hour, self._judge(fall, targets, between, day, hour)
        so_far = self._so_far[fall.alert][1]
        if so_far is not None and so_far.worse:
            days.append(so_far)
        worse = [n for n, day in enumerate(days) if day.worse]
        if not worse or at - days[worse[-1]].day.end > LONGEST_DOUBT:
            return None
        if sum(day.usual for day in days[worse[-1] + 1 :]) >= USUAL_DAYS:
            return None
        worst = max((days[n] for n in worse), key=lambda day: (day.evidence, day.day.start))
        since = self._onset(fall, between, worst, at)
        figures, running = worst[:3], worst is so_far
        seconds, target = held(self.force, targets, worst.day.start)
        if target is None:
            return None
        return lasting(self.force, fall.line, figures, since, target, seconds, at, running=running)

    def _onset(self, fall: Fall, between: Between, worst: JudgedDay, at: int) -> int:
        """The full hour from which on calls were rather answered as on the day that says most than
        as usual: the largest sum of log-likelihood ratios, up to a day after the alert."""
        first = fall.start // HOUR * HOUR - FURTHEST_BACK
        last = min(at // HOUR * HOUR, fall.start // HOUR * HOUR + DAY)
        low = min(0.999, max(0.001, worst.rate.share))
        usual = min(0.999, max(0.001, worst.own.share))
        hit, miss = log(low / usual), log((1.0 - low) / (1.0 - usual))
        found, best, total = fall.start, 0.0, 0.0
        for start in range(last - HOUR, first - 1, -HOUR):
            within, of = between(start, start + HOUR).get(fall.line, (0, 0))
            total += within * hit + (of - within) * miss
            if total > best:
                found, best = start, total
        return found

    def _judge(
        self, fall: Fall, targets: Sequence[Target], between: Between, day: Day, until: int
    ) -> JudgedDay | None:
        target = held(self.force, targets, day.start)[1]
        minutes = (until - day.start) // MINUTE
        if minutes <= 0:
            return None
        rate = AnswerRate(*between(day.start, until).get(fall.line, (0, 0)))
        own = self.answering.usual(fall.line, minutes, until)
        if own.of < ENOUGH and fall.usual is not None:
            # It lasts longer than hours are kept: what was usual last is so still.
            together = self.answering.correlation(fall.line, minutes)
            own = UsualRate(fall.usual, together, ENOUGH)
        if target is None or rate.of < LEAST_CALLS or own.of < ENOUGH:
            return None
        fell = own.share - rate.share >= DROP
        evidence = 0.0
        if fell:
            lately, aimed = worsening(rate, own, target)
            evidence = lately if lately >= WORSE and aimed >= BELOW else 0.0
        return JudgedDay(day, rate, own, evidence, usual=not fell)


def lasting(
    force: Force,
    line: str,
    figures: tuple[Day, AnswerRate, UsualRate],
    since: int,
    target: float,
    seconds: int,
    at: int,
    *,
    running: bool,
) -> Finding:
    """An answer rate that fell at `since` and has been low for a whole day or more: `figures` are
    those of the day that says most. It opens no alert, and keeps an open one going."""
    day, rate, own = figures
    days = day, since, at
    until = (at // HOUR + 1) * HOUR  # what is judged by the day is judged at full hours
    return of_answers(
        line,
        severity="page",
        title=f"{line} answer rate, {force.name}",
        since=since,
        said=sentences(force, line, rate, seconds, own.share, target, days, running=running),
        evidence=Evidence(
            observed=rate.share,
            expected=own.share,
            numerator=rate.within,
            denominator=rate.of,
            target=target,
            method="proportion",
            period=day.label,
        ),
        settle=until - at,
        correlation=own.correlation,
        opens=False,
    )


def sentences(
    force: Force,
    line: str,
    counted: tuple[int, int],
    seconds: int,
    usual_share: float,
    target: float,
    days: tuple[Day, int, int],
    *,
    running: bool,
) -> tuple[str, ...]:
    """An answer rate that has been low for a day or more: `days` are the day of the figures, when
    it fell, and now."""
    calendar = Calendar(force.zone)
    day, since_, now = days
    on = f"{'so far ' * running}on {date(calendar, day.start, now, weekday=True)}"
    figures = (
        f": {counted[0]:,} of {counted[1]:,} answered within {seconds} s {on}, "
        f"usually {whole_percent(usual_share)}, target {percent(target)}."
    )
    began = f"{calendar.local(since_):%H:%M} on {date(calendar, since_, now)}"
    lead = say.named(f"{say.calls(line)}, {force.name}", figures)
    return (lead, f"Down since about {began}.")
