"""What came of a history, made of the transitions of its alerts. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_values
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from streams.alerts.model import SEVERITIES, Alert, Transition, instant
from streams.alerts.rules import names_of
from streams.alerts.rules.feed_silent import feeds_of
from streams.alerts.rules.target_missed import TARGET_MISSED
from streams.backtest.known import Known
from streams.backtest.matching import Opened, match, nested
from streams.backtest.model import (
    Difference,
    RaisedAlert,
    Score,
    SettingsResult,
    TruthResult,
)
from streams.backtest.settings import BacktestSettings
from streams.charts.model import Chart
from streams.config.force import Force
from streams.periods import DAY, HOUR, Calendar, to_ms
from streams.surveillance.service import Surveillance

WEEK = 7 * DAY
REPORTED = (*names_of("period"), TARGET_MISSED.name)
"""The kinds of alert whose subject is in a report of the month."""
SLACK_BY_GRAIN = {"month": 40 * DAY}
SLACK = 2 * DAY
"""Two settings raise the same alert where it is about the same, and its times under both overlap or
are no further apart than this; months close a month apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when to when alerts are counted, and how long after a month its report is out; in ms."""

    start: int
    end: int
    lag: int

    @property
    def weeks(self) -> float:
        """Its length."""
        return max(0.0, (self.end - self.start) / WEEK)

    def judged(self, start: int | None) -> Window:
        """The part of it in which something could be judged: from an instant on, None for never."""
        return with_values(self, start=self.end if start is None else max(self.start, start))

    def overlaps(self, event: Known) -> bool:
        """Whether any of an event lies within."""
        return event.start < self.end and (event.end is None or event.end > self.start)


class Watches(NamedTuple):
    """How many series detectors watched at the end, how many of these could not be judged yet, how
    often a detector or a rule failed, and from when on any series could be judged (ms; None where
    none ever could)."""

    watched: int = 0
    learning: int = 0
    faults: int = 0
    judged_from: int | None = None

    @classmethod
    def of(cls, watching: Iterable[Surveillance], faults: int, judged_from: int | None) -> Watches:
        """Those of some ledgers, and the faults of rules."""
        found = [each.summary() for each in watching]
        return cls(
            sum(each.watches for each in found),
            sum(each.learning for each in found),
            faults + sum(each.faults for each in found),
            judged_from,
        )


def raised(
    settings: BacktestSettings, transitions: Iterable[Transition], window: Window
) -> list[RaisedAlert]:
    """The alerts that were opened within a window, in the order of their opening."""
    first: dict[str, Alert] = {}
    last: dict[str, Alert] = {}
    worst: dict[str, Alert] = {}
    for each in transitions:
        alert = each.alert
        first.setdefault(alert.id, alert)
        last[alert.id] = alert
        known = worst.setdefault(alert.id, alert)
        if SEVERITIES.index(alert.severity) < SEVERITIES.index(known.severity):
            worst[alert.id] = alert
    made = [
        _raised(settings, first[name], last[name], worst[name], window)
        for name in first
        if window.start <= to_ms(first[name].opened_at) < window.end
    ]
    return sorted(made, key=lambda each: (each.opened_at, each.id))


def _raised(
    settings: BacktestSettings, first: Alert, last: Alert, worst: Alert, window: Window
) -> RaisedAlert:
    force = settings.force
    opened = to_ms(first.opened_at)
    since = min(opened, to_ms(_began(first)))
    judged_to = opened if first.evidence.end is None else min(opened, to_ms(first.evidence.end))
    until = None if last.resolved_at is None else to_ms(last.resolved_at)
    if until is not None and until >= window.end:
        until = None
    report = report_at(force, since, window.lag) if first.kind in REPORTED else None
    return RaisedAlert(
        settings=settings.name,
        id=first.id,
        kind=first.kind,
        severity=worst.severity,
        group=first.group,
        measure=first.measure,
        row=first.row,
        area=first.area,
        direction=first.direction,
        grain=first.grain,
        feeds=tuple(each.feed for each in feeds_of(last)),
        title=first.title,
        words=" ".join(first.said) if first.said else first.words,
        opened_at=first.opened_at,
        since=instant(since, force.zone),
        judged_to=instant(judged_to, force.zone),
        until=None if until is None else instant(until, force.zone),
        hours_open=round(((window.end if until is None else until) - opened) / HOUR, 2),
        report_at=None if report is None else instant(report, force.zone),
        days_before_report=None if report is None else round((report - opened) / DAY, 1),
    )


def _began(alert: Alert) -> dt.datetime:
    """When what an alert is about began, as far as it says: of what holds at a moment the figures
    may be of weeks before."""
    if alert.onset is not None:
        return alert.onset
    start = None if alert.grain == "now" else alert.evidence.start
    return alert.opened_at if start is None else start


def report_at(force: Force, since: int, lag: int) -> int:
    """When the report of the month of an instant is out: `lag` ms after the month's end."""
    return Calendar(force.zone).end("month", since) + lag


def result(
    settings: BacktestSettings,
    alerts: Sequence[RaisedAlert],
    window: Window,
    events: Sequence[Known] | None,
    watches: Watches,
    charts: tuple[Chart, ...] = (),
    charts_left_out: int = 0,
) -> SettingsResult:
    """What came of some settings; `events` are the truth, None where none is given. Those that are
    over before the window, or begin after it, are in no result."""
    truths: list[TruthResult] = []
    score = None
    judged = window.judged(watches.judged_from)
    if events is not None:
        alerts, truths = _judged(settings, alerts, events, window)
        score = _score(alerts, truths, judged)
    severities = Counter(each.severity for each in alerts)
    return SettingsResult(
        name=settings.name,
        differs=settings.differs,
        alerts=tuple(alerts),
        by_severity={name: severities[name] for name in SEVERITIES},
        by_kind=dict(Counter(each.kind for each in alerts).most_common()),
        weeks_judged=round(judged.weeks, 2),
        alerts_a_week=_a_week(alerts, judged),
        budget_a_week=settings.force.file.alerts.false_episodes_a_week,
        hours_open=round(sum(each.hours_open for each in alerts), 2),
        open_at_end=sum(each.until is None for each in alerts),
        watched=watches.watched,
        learning=watches.learning,
        faults=watches.faults,
        truths=tuple(truths),
        score=score,
        charts=charts,
        charts_left_out=charts_left_out,
    )


def _a_week(alerts: Iterable[RaisedAlert], judged: Window) -> float | None:
    """Pages and notices a week, of the weeks in which something could be judged: what comes before,
    such as a silent feed, is in no rate, as nothing else could come there."""
    if not judged.weeks:
        return None
    many = sum(
        each.severity != "state" and to_ms(each.opened_at) >= judged.start for each in alerts
    )
    return round(many / judged.weeks, 3)


def _judged(
    settings: BacktestSettings,
    alerts: Sequence[RaisedAlert],
    events: Sequence[Known],
    window: Window,
) -> tuple[list[RaisedAlert], list[TruthResult]]:
    opened = [_opened(each) for each in alerts]
    judged, found = match(opened, events, settings.force, counted_from=window.start)
    named = [
        replace(
            alert,
            verdict=each.verdict,
            truth=None if each.event is None else events[each.event].name,
            why=each.why,
        )
        for alert, each in zip(alerts, judged, strict=True)
    ]
    zone = settings.force.zone
    return named, [
        TruthResult(
            settings=settings.name,
            name=event.name,
            about=event.about,
            start=instant(event.start, zone),
            end=None if event.end is None else instant(event.end, zone),
            within_hours=round(event.truth.within / HOUR, 2),
            optional=event.truth.optional,
            detection=each.detection,
            alert=None if each.alert is None else alerts[each.alert].id,
            delay_hours=None if each.delay is None else round(each.delay / HOUR, 2),
            more=each.more,
        )
        for event, each in zip(events, found, strict=True)
        if window.overlaps(event)
    ]


def _opened(alert: RaisedAlert) -> Opened:
    return Opened(
        id=alert.id,
        kind=alert.kind,
        group=alert.group,
        measure=alert.measure,
        at=to_ms(alert.opened_at),
        start=to_ms(alert.since),
        end=to_ms(alert.judged_to),
        row=alert.row,
        area=alert.area,
        direction=alert.direction,
        feeds=alert.feeds,
    )


def _score(alerts: Sequence[RaisedAlert], truths: Sequence[TruthResult], judged: Window) -> Score:
    verdicts = Counter(each.verdict for each in alerts)
    false = [each for each in alerts if each.verdict == "false"]
    detections = Counter(
        each.detection for each in truths if not each.optional and each.detection != "before"
    )
    delays = [
        each.delay_hours
        for each in truths
        if each.detection == "found" and each.delay_hours is not None
    ]
    return Score(
        expected=detections.total(),
        found=detections["found"],
        late=detections["late"],
        missed=detections["missed"],
        again=verdicts["again"],
        false=verdicts["false"],
        false_states=sum(each.severity == "state" for each in false),
        false_a_week=_a_week(false, judged),
        median_delay_hours=round(median(delays), 2) if delays else None,
    )


def differences(
    first: SettingsResult, second: SettingsResult, force: Force
) -> tuple[list[Difference], int]:
    """The alerts that two settings do not raise alike, in the order of time, and how many they do:
    at the same time, about the same. Each is paired with the nearest about the same that is left;
    what then is left with one that names a whole or a part of the same, opened about then."""
    times = [[to_ms(each.opened_at) for each in result.alerts] for result in (first, second)]
    apart = {
        (m, n): abs(times[0][m] - times[1][n])
        for m in range(len(first.alerts))
        for n in range(len(second.alerts))
    }
    same_series = [pair for pair in apart if _is_one(first.alerts[pair[0]], second.alerts[pair[1]])]
    of: dict[int, int] = _paired(same_series, apart, {})
    related = [
        (m, n)
        for (m, n), between in apart.items()
        if between <= SLACK and _is_related(first.alerts[m], second.alerts[n], force)
    ]
    of = _paired(related, apart, of)
    found: list[Difference] = []
    same = 0
    for m, a in enumerate(first.alerts):
        b = second.alerts[of[m]] if m in of else None
        later = None if b is None else (times[1][of[m]] - times[0][m]) / HOUR
        if b is not None and later == 0 and a.title == b.title:
            same += 1
            continue
        found.append(
            Difference(
                title=a.title,
                words=a.words,
                opened_at=a.opened_at,
                first=a.id,
                second=None if b is None else b.id,
                second_title="" if b is None or b.title == a.title else b.title,
                later_hours=None if later is None else round(later, 2),
            )
        )
    taken = set(of.values())
    found += [
        Difference(title=b.title, words=b.words, opened_at=b.opened_at, first=None, second=b.id)
        for n, b in enumerate(second.alerts)
        if n not in taken
    ]
    return sorted(found, key=lambda each: (each.opened_at, each.title)), same


def _paired(
    pairs: Iterable[tuple[int, int]], apart: Mapping[tuple[int, int], int], so_far: dict[int, int]
) -> dict[int, int]:
    """Pairs with those of `pairs` whose sides are both left, the nearest in time first."""
    of = dict(so_far)
    taken = set(of.values())
    for m, n in sorted(pairs, key=lambda pair: (apart[pair], pair)):
        if m not in of and n not in taken:
            of[m] = n
            taken.add(n)
    return of


def _is_one(a: RaisedAlert, b: RaisedAlert) -> bool:
    """Whether two alerts are about the same, and so near in time that they are one."""
    if _about(a) != _about(b):
        return False
    first, second = sorted((a, b), key=lambda each: each.opened_at)
    slack = SLACK_BY_GRAIN.get(a.grain, SLACK)
    return first.until is None or to_ms(second.opened_at) - to_ms(first.until) <= slack


def _about(alert: RaisedAlert) -> tuple[object, ...]:
    row = tuple(sorted(alert.row.items()))
    return alert.kind, alert.group, alert.measure, row, alert.area, alert.direction


def _is_related(a: RaisedAlert, b: RaisedAlert, force: Force) -> bool:
    """Whether one alert names a whole of which the other names a part."""
    return (a.kind, a.direction) == (b.kind, b.direction) and nested(_opened(a), _opened(b), force)
