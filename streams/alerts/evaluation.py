"""One look: what becomes of the alerts now that these signals and findings are there.

An alert of a volume is over after `QUIET` closed periods in a row inside the usual range, and not
before `LEAST_OPEN`; a change of level when a person closes it, which accepts the new level, or
after `BACK` periods at the old one; what is judged now, some time after it was last so. What a
person closed is not opened again before it has been quiet once. While a feed is silent, its own
alert is the only one that its records raise or end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import msgspec

from streams.alerts import policy, rules
from streams.alerts import words as say
from streams.alerts.actions import may_notify
from streams.alerts.correlation.open_alerts import OpenAlertCorrelation, is_held
from streams.alerts.correlation.signals import SignalCluster, stories
from streams.alerts.course import (
    begun,
    burst,
    bursts,
    elsewhere,
    exceptional,
    grown,
    has_lasted,
    level_grown,
    next_day,
    over,
    settled,
    while_it_lasted,
)
from streams.alerts.feedback import start_of
from streams.alerts.lifecycle import Lifecycle
from streams.alerts.lookup import NoLookup, PeriodLookup
from streams.alerts.model import (
    SEVERITIES,
    Alert,
    Course,
    Evidence,
    Severity,
    Transition,
    ms_of,
    stamp,
)
from streams.alerts.rules import exceptional_volume, feed_silent
from streams.alerts.rules.base import STEADY, Finding
from streams.alerts.rules.signals import evidence
from streams.alerts.store import AlertStore
from streams.periods import HOUR, MINUTE, rfc3339, to_ms
from streams.registry.phrases import place
from streams.surveillance.signals import Signal


def evaluate(
    store: AlertStore,
    signals: Iterable[Signal],
    findings: Iterable[Finding],
    at: int,
    lookup: PeriodLookup | None = None,
    *,
    judged: Iterable[str] = rules.JUDGED_NOW,
    notify: bool = True,
    held_back: frozenset[str] = frozenset(),
) -> list[Transition]:
    """What becomes of the alerts of a store at an instant (in ms): the transitions, which are
    applied to the store.

    `judged` are the kinds that `conditions` are about at this evaluation: only alerts of these end
    because their condition is not there. With `notify` False nobody is notified, as of the past or
    while a monitor catches up. `held_back` are the kinds of record, and `heartbeat.<feed>`, that
    are not read up to now: conditions about them do not end for want of records, and nobody is
    reminded of them.
    """
    evaluation = Evaluation(store, at, lookup or NoLookup(), notify=notify, held_back=held_back)
    return evaluation.take(list(signals), list(findings), frozenset(judged))


class Evaluation(Lifecycle):
    """A look at one instant; made once and used once."""

    def __init__(
        self,
        store: AlertStore,
        at: int,
        lookup: PeriodLookup,
        *,
        notify: bool,
        held_back: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(store, at, notify=notify, held_back=held_back)
        self.lookup = lookup
        self.stale: set[str] = set()
        self.correlation = OpenAlertCorrelation(self.force, (), lookup)

    def take(
        self, signals: list[Signal], findings: list[Finding], judged: frozenset[str]
    ) -> list[Transition]:
        """All of it, in a fixed order."""
        held = sorted(findings, key=lambda c: (c.kind, c.group, c.measure, c.area, c.title))
        self.stale = set(map(feed_silent.out_of_date, held)) - {""}
        for finding in held:
            if finding.kind == feed_silent.KIND or finding.records not in self.stale:
                self._take_finding(finding)
        here = [s for s in signals if s.kind not in self.stale and s.method != "silence"]
        for signal in signals:
            past = signal.method == "silence" and not signal.running
            if past and signal.kind not in self.held_back:
                self._note_missing(signal)
        self.correlation = OpenAlertCorrelation(self.force, here, self.lookup)
        raised = self._take_signals(here)
        self._take_days(here)
        self._count_quiet(here, raised)
        self._end_findings(judged)
        self.keep_house()
        return self.made

    # -- findings ----------------------------------------------------------------------------

    def _take_finding(self, c: Finding) -> None:
        row = tuple(sorted(c.row.items()))
        key = (c.kind, c.severity == "state", "now", c.group, c.measure, row, c.area, c.direction)
        known = self.store.active.get(key)
        if known is not None:
            self._saw(known, c)
            alert = self.store.alerts[known]
            notified = alert.evidence.notified_share
            grew = notified is not None and self._grew(alert, c, notified)
            if alert.open and (grew or (alert.said != c.said and self._due(alert))):
                # What nobody has heard of yet is told as it is when it is told.
                notified = c.evidence.observed if grew or not alert.notified else notified
                evidence = _with_notified(c, notified)
                self.change(alert, "updated", notify=grew, said=c.said, evidence=evidence)
            return
        if not c.opens:
            return
        day = c.severity == "state"
        when = rfc3339(c.since // MINUTE * MINUTE, self.force.zone if day else dt.UTC)
        name = policy.name(self.force, c.kind, c.group, c.measure, c.row, c.area, c.direction)
        alert_id = f"{name}/{when[:10] if day else when.replace('+00:00', 'Z')}"
        if alert_id in self.store.alerts or self.store.then(self.at, c.direction, c.title):
            return
        self._saw(alert_id, c)
        self.open(
            id=alert_id,
            kind=c.kind,
            severity=c.severity,
            direction=c.direction,
            group=c.group,
            measure=c.measure,
            row=c.row,
            area=c.area,
            title=c.title,
            grain="now",
            onset=c.since,
            said=c.said,
            evidence=_with_notified(c, c.evidence.observed),
        )

    def _grew(self, alert: Alert, c: Finding, told: float) -> bool:
        """Whether people are notified again of an answer rate. Not in the first hour: a window of
        calls shows what it has fallen to only when all of them came since."""
        young = self.at - to_ms(alert.opened_at) < HOUR
        if young or not alert.open or not alert.notified:
            return False
        return rules.got_worse(c, told) and self._may_be_told(alert)

    def _note_missing(self, s: Signal) -> None:
        """A stretch in which a feed was not heard, once it is over: a notice that is over at once.
        None where its silence was told while it lasted."""
        if any(feed_silent.was_told(alert, s) for alert in self.store.alerts.values()):
            return
        found = feed_silent.not_heard(self.force, s)
        when = rfc3339(s.start // MINUTE * MINUTE).replace("+00:00", "Z")
        name = policy.name(self.force, found.kind, s.group, s.measure, {}, s.area, None)
        if f"{name}/{when}" in self.store.alerts:
            return
        self.open(
            id=f"{name}/{when}",
            kind=found.kind,
            severity=found.severity,
            group=found.group,
            measure=found.measure,
            area=found.area,
            title=found.title,
            grain="now",
            onset=found.since,
            said=found.said,
            evidence=found.evidence,
        )
        self.change(  # one message says all: no other tells that it is over
            self.store.alerts[f"{name}/{when}"],
            "resolved",
            state="resolved",
            resolved_at=stamp(self.at, self.force.zone),
            cleared=True,
        )

    def _saw(self, alert_id: str, c: Finding) -> None:
        self.store.holds_until[alert_id] = max(
            self.store.holds_until.get(alert_id, 0), self.at + c.settle
        )
        self.store.last_held_at[alert_id] = self.at
        self.present.add(alert_id)

    def _due(self, alert: Alert) -> bool:
        return self.at >= policy.refresh_at(alert)

    def _end_findings(self, judged: frozenset[str]) -> None:
        for alert_id in list(self.store.active.values()):
            alert = self.store.alerts[alert_id]
            stale = policy.RECORDS.get(alert.group) in self.stale
            to_come = self.at < to_ms(alert.opened_at)  # of a history that is read again
            if alert.kind not in judged or stale or to_come or self.is_held_back(alert):
                # Not judged at this look: nothing is known of it.
                continue
            if alert.grain == "now" and self.at >= self._holds_until(alert):
                if alert.open:
                    self.resolve(alert)
                else:
                    self.change(alert, "updated", cleared=True)

    def _holds_until(self, alert: Alert) -> int:
        holds_until = self.store.holds_until.setdefault(alert.id, self.at)
        if alert.severity == "state":  # one good week is no reason for another ticket
            return max(holds_until, to_ms(alert.updated_at) + STEADY)
        return holds_until

    # -- signals -------------------------------------------------------------------------------

    def _take_signals(self, signals: list[Signal]) -> set[str]:
        """Opens, updates and joins; returns the ids of the alerts that go on."""
        raising = [s for s in signals if s.notify and rules.is_news(s)]
        self.correlation.told = stories(self.force, raising, self.correlation.last)
        return {self._take_story(story) for story in self.correlation.told} - {""}

    def _take_story(self, story: SignalCluster) -> str:
        """The id of the alert that goes on with it; empty where it keeps none open."""
        signal = story.signal
        kind, severity = rules.kind_of(signal), rules.severity_of(signal)
        known = self._known(kind, signal)
        if known is not None and not self._is_another(known, signal):
            return self._go_on(known, story, severity)
        for alert in self._loudest_first():
            if alert.kind != kind or not self.correlation.same_story(alert, signal):
                continue
            if not self._is_another(alert, signal):
                return self._join(alert, story, severity)
        # What nobody heard of is no story told; a replay tells nobody of anything.
        told = (a for a in self.store.alerts.values() if a.notified or not self.notify)
        title = say.title(self.force, signal)
        if self.correlation.retold(signal, told) or self.store.then(
            self.at, signal.direction, title
        ):
            return ""
        return self._open_signal(story, kind, severity)

    def _loudest_first(self) -> list[Alert]:
        """What goes on, in the order in which a story joins it: so that a page is not taken in by
        a notice, nor an old alert by one of today."""
        found = (self.store.alerts[alert_id] for alert_id in self.store.active.values())
        return sorted(
            found, key=lambda a: (not a.open, SEVERITIES.index(a.severity), a.opened_at, a.id)
        )

    def _known(self, kind: str, signal: Signal) -> Alert | None:
        """The alert of the same series and direction that goes on. A volume by the hour and by the
        day are one, and a new level by the month is what its days have come to."""
        row = tuple(sorted(signal.row.items()))
        about = signal.group, signal.measure, row, signal.area, signal.direction
        found = self.store.active.get((kind, False, signal.grain, *about))
        if found is not None:
            return self.store.alerts[found]
        for grain in ("hour", "day"):
            found = self.store.active.get(("exceptional_volume", False, grain, *about))
            alert = None if found is None else self.store.alerts[found]
            long = alert is not None and alert.course is not None and alert.course.held is not None
            if alert is not None and (kind == "exceptional_volume" or long):
                return alert
        return None

    def _is_another(self, alert: Alert, signal: Signal) -> bool:
        """Whether an hour is beyond what a person closed while it lasted: then that is over, and
        the hour another story."""
        if alert.open or not bursts(alert, signal):
            return False
        self.change(alert, "updated", cleared=True)
        return True

    def _open_signal(self, story: SignalCluster, kind: str, severity: Severity) -> str:
        s, figures = story.signal, self._figures(story.signal, kind)
        area, _ = figures.pop("area"), figures.pop("area_name")
        name = policy.name(self.force, kind, s.group, s.measure, s.row, area, s.direction)
        start = rfc3339(s.start).replace("+00:00", "Z") if s.grain == "hour" else s.period
        alert_id = f"{name}/{start}"
        by_day = kind == "exceptional_volume" and s.grain == "day"
        if alert_id not in self.store.alerts:
            self.open(
                id=alert_id,
                kind=kind,
                severity=severity,
                direction=s.direction,
                group=s.group,
                measure=s.measure,
                row=s.row,
                area=area,
                grain=s.grain,
                theme=s.theme,
                onset=s.onset,
                **figures,
                also=story.also,
                judged_to=None if s.running else stamp(s.end, self.force.zone),
                course=begun(self.force, s, s.start) if by_day else None,
            )
        return alert_id

    def _go_on(self, alert: Alert, story: SignalCluster, severity: Severity) -> str:
        """The same series again: its figures are brought up to date, nobody is told again."""
        s = story.signal
        if alert.kind == "exceptional_volume" and (alert.course or alert.grain != s.grain):
            return self._go_on_by_days(alert, story, severity)
        closed = not s.running
        new = closed and (ms_of(alert.judged_to) or 0) < s.end
        if alert.kind == "level_change" and rules.is_clear(alert, s):
            # The detector repeats what it said of the stretch: the period itself is at the old
            # level, and is counted as such.
            return ""
        worse = SEVERITIES.index(severity) < SEVERITIES.index(alert.severity)
        changes: dict[str, Any] = {"clear_periods": 0}
        if closed:
            changes["judged_to"] = stamp(max(s.end, ms_of(alert.judged_to) or 0), self.force.zone)
        if alert.open:
            changes |= {"severity": severity if worse else alert.severity}
            changes |= {"worse_at": stamp(self.at, self.force.zone)} if worse else {}
            changes |= {"also": _union(alert.also, story.also)}
            if alert.kind != "level_change":  # the old level stays: it is what is compared with
                changes |= self._figures(s, alert.kind)
        further = alert.open and alert.kind == "level_change" and level_grown(alert, s)
        further = further and self._may_be_told(alert)
        if further:  # the old level stays, with its range
            old = alert.evidence
            kept = {"before": old.before, "lower": old.lower, "upper": old.upper}
            changes |= self._figures(msgspec.structs.replace(s, **kept), alert.kind)
        if new or worse or (alert.open and s.running and self._due(alert)):
            notify = further or self._louder(alert, worse=worse)
            self.change(alert, "updated", notify=notify, **changes)
        return alert.id

    def _go_on_by_days(self, alert: Alert, story: SignalCluster, severity: Severity) -> str:
        """The same again, of an alert that its days carry or that is of another grain: nothing but
        a page of what was a notice, or an hour far beyond what it has come to, is any news. The
        days themselves are taken by `_take_days`."""
        worse = SEVERITIES.index(severity) < SEVERITIES.index(alert.severity)
        if alert.open:
            changes: dict[str, Any] = {"also": _union(alert.also, story.also, alert.title)}
            if worse:
                changes |= {"severity": severity, **self._figures(story.signal, alert.kind)}
                if is_held(alert):
                    kept = ("area", "area_name", "follows", "title")
                    changes |= {name: getattr(alert, name) for name in kept}
                changes["worse_at"] = stamp(self.at, self.force.zone)
            sudden, news = self._burst(alert, story.signal)
            notify = news or self._louder(alert, worse=worse)
            self.change(alert, "updated", notify=notify, **(changes | sudden))
        return ""

    def _burst(self, alert: Alert, s: Signal) -> tuple[dict[str, Any], bool]:
        """What an hour far beyond what a lasting alert has come to changes of it, and whether
        people are to be notified."""
        if alert.course is None or not bursts(alert, s):
            return {}, False
        course, news = burst(alert.course, s, self.force.zone)
        if news and not self._may_be_told(alert):
            return {}, False
        if s.running and not news:
            return {"course": course}, False
        figures = self._figures(s, alert.kind)
        lead, *others = figures["said"]
        since = exceptional_volume.times_since(
            self.force, course.ratio, to_ms(course.since), self.at
        )
        said = (lead, since, *others)
        return {"course": course, "said": said, "evidence": figures["evidence"]}, news

    def _figures(self, s: Signal, kind: str) -> dict[str, Any]:
        """What an alert says of a signal, and of which area: that which all of a rise is in."""
        told = (self.lookup.wholly(s) if s.direction == "up" else None) or s
        return {
            "area": told.area,
            "area_name": place(self.force, told.area),
            "follows": "" if told.area == s.area else s.area,
            "title": say.title(self.force, told),
            "said": rules.said(self.force, told, kind, self.lookup, self.at),
            "evidence": evidence(self.force, told),
        }

    def _may_be_told(self, alert: Alert) -> bool:
        """Whether what grows in an alert is told, and so is what is compared with from then on.
        What nobody has heard of yet is told as it is when it is told."""
        return (self.notify or not alert.notified) and self.may_notify(alert)

    def _louder(self, alert: Alert, *, worse: bool) -> bool:
        """Whether to tell that a notice has become a page, which no quiet hours of notices hold."""
        page = msgspec.structs.replace(alert, severity="page")
        return worse and alert.open and alert.owner is None and self.may_notify(page)

    def _join(self, alert: Alert, story: SignalCluster, severity: Severity) -> str:
        s = story.signal
        title = say.title(self.force, s)
        worse = SEVERITIES.index(severity) < SEVERITIES.index(alert.severity)
        wider = self.correlation.widens(alert, s)
        # What its days carry is not named by where one hour was, and from the third day on it
        # keeps its name.
        by_days = alert.course is not None
        narrow = not (by_days and (s.grain == "hour" or is_held(alert)))
        names = wider or (narrow and self.correlation.narrows(alert, s))
        sudden, news = self._burst(alert, s)
        known = title in (alert.title, *alert.also)
        if not alert.open or not (worse or names or sudden or not known):
            return alert.id
        changes: dict[str, Any] = {"also": _union(alert.also, (title, *story.also), alert.title)}
        if worse:
            changes |= {"severity": severity, "worse_at": stamp(self.at, self.force.zone)}
        if names:  # it speaks for the story from now on: the parent, or the child that it is about
            figures = self._figures(s, alert.kind)
            also = _union((alert.title, *alert.also), story.also, figures["title"])
            changes |= {"row": s.row, "theme": s.theme, "also": also, **figures}
            if alert.course is not None:
                changes["course"] = elsewhere(self.force, alert.course, s)
        if wider:
            changes["also"] = _union(changes["also"], self._take_in(alert, s))
        # After its first day people know what its days carry as something within.
        spread = alert.course is not None and s.start >= to_ms(alert.course.until)
        spread = wider and spread and may_notify(self.force, alert, self.at)
        notify = news or spread or self._louder(alert, worse=worse)
        self.change(alert, "updated", notify=notify, **(changes if names else changes | sudden))
        return alert.id

    def _take_days(self, signals: list[Signal]) -> None:
        """Has the days of volumes carry them, and ends those of which two were usual."""
        here = {s.series: s for s in signals if not s.running}
        for alert_id in list(self.store.active.values()):
            alert = self.store.alerts[alert_id]
            if alert.kind != "exceptional_volume" or alert.grain not in ("hour", "day"):
                continue
            if policy.RECORDS.get(alert.group) in self.stale:
                continue
            series = (*alert.named[:-1], "day")
            day = here.get(series) or self.lookup.last(series)
            if day is None:
                continue
            first, course = start_of(alert, self.force.zone), alert.course
            if course is not None and day.end > to_ms(course.judged_to):
                self._next_day(alert, course, day)
            elif course is None and day.end > first and exceptional(day, alert.direction):
                course = begun(self.force, day, first)
                self.change(alert, "updated", course=course, **self._by_days(alert, course, day))

    def _next_day(self, alert: Alert, course: Course, day: Signal) -> None:
        """One more day of an alert."""
        course = next_day(self.force, alert, course, day, self.at)
        if not alert.open:
            ratio = grown(alert, course, day)
            ends = over(alert, course, day) or ratio is not None
            self.change(alert, "updated", cleared=ends, course=course)
            if ratio is not None and exceptional(day, alert.direction):
                # It is beyond what a person closed.
                self._open_signal(SignalCluster(day), alert.kind, rules.severity_of(day))
            return
        changes: dict[str, Any] = {"course": course}
        lasts = has_lasted(msgspec.structs.replace(alert, course=course), self.at)
        if not course.usual_days and (lasts or not exceptional_volume.usual_again(day)):
            # A day inside the usual range says less than the one before it that was not.
            changes |= self._by_days(alert, course, day)
        self._tell_days(alert, course, day, changes)

    def _tell_days(
        self, alert: Alert, course: Course, day: Signal, changes: dict[str, Any]
    ) -> None:
        """Takes a day in, and tells that it is over or has grown."""
        if over(alert, course, day):
            self.resolve(alert, **changes | self._ended(alert, course))
            return
        if settled(course, day):
            taken = msgspec.structs.replace(course, accepted=stamp(self.at, self.force.zone))
            told = self._by_days(alert, course, day)
            said = exceptional_volume.taken_as_usual(told["said"])
            # The day that runs is still judged by the level before.
            changes |= told | {"course": taken, "said": said}
            self.resolve(alert, cleared=False, **changes)
            return
        ratio = None if course.usual_days else grown(alert, course, day)
        notify = ratio is not None and self._may_be_told(alert)
        if ratio is not None:
            if notify:
                course = msgspec.structs.replace(course, notified_ratio=ratio)
            changes = {"course": course, **self._by_days(alert, course, day, grew=True)}
        self.change(alert, "updated", notify=notify, **changes)

    def _by_days(
        self, alert: Alert, course: Course, day: Signal, *, grew: bool = False
    ) -> dict[str, Any]:
        """The words and figures of an alert that its days carry: those of its last day, or of the
        last two where these are why people are notified again."""
        since, now = to_ms(course.since), max(day.end, self.at)
        lasts = has_lasted(msgspec.structs.replace(alert, course=course), self.at)
        about = self.force, alert.title
        if grew and course.before_latest is not None:
            last, before = course.latest, course.before_latest
            two = last[0] + before[0], last[1] + before[1]
            said = exceptional_volume.by_two_days(*about, day, two, course.ratio, since, now)
        elif lasts:
            days = max(1, course.taken)
            a_day = course.observed / days, course.expected / days
            said = exceptional_volume.by_weeks(*about, a_day, course.ratio, since, now)
        else:
            said = exceptional_volume.by_days(*about, day, course.ratio, since, now)
        return {"said": said, "evidence": evidence(self.force, day), "lasting": lasts}

    def _ended(self, alert: Alert, course: Course) -> dict[str, Any]:
        """What is said of an alert that its days carried, once it is over: all of it."""
        observed, expected, days = while_it_lasted(course)
        if days <= 0:  # what it was counted in changed since
            return {"lasting": False}
        span = to_ms(course.since), to_ms(course.until)
        a_day = observed / days, expected / days
        return {
            "said": exceptional_volume.by_days_past(self.force, alert.title, a_day, span, self.at),
            "lasting": False,
        }

    def _day_goes_on(self, alert: Alert) -> bool:
        """Whether the day up to its last closed hour is outside the usual range too: then quiet
        hours end nothing before it is over."""
        if alert.grain != "hour" or alert.kind != "exceptional_volume":
            return False
        day = self.lookup.day_so_far((*alert.series[:-1], "day"))
        alike = day is not None and day.direction == alert.direction
        return day is not None and alike and not rules.inside(alert, day)

    def _take_in(self, alert: Alert, whole: Signal) -> tuple[str, ...]:
        """Ends the other alerts of parts that a whole speaks for from now on, where nobody has
        them; nobody is told. Returns their titles."""
        title, found = say.title(self.force, whole), []
        for alert_id in list(self.store.active.values()):
            other = self.store.alerts[alert_id]
            same = (other.kind, other.direction) == (alert.kind, alert.direction)
            if other.id == alert.id or not same or not other.open or other.owner is not None:
                continue
            if other.course is not None and other.course.held is not None:
                continue  # it lasts, and is another story
            if other.series != whole.series and self.correlation.contains(whole, other):
                over = stamp(self.at, self.force.zone)
                note = f"told with {title}"
                self.change(
                    other, "resolved", state="resolved", resolved_at=over, cleared=True, note=note
                )
                found.append(other.title)
        return tuple(found)

    def _count_quiet(self, signals: list[Signal], raised: set[str]) -> None:
        """Counts the closed periods inside the usual range, and ends what is over."""
        closed = {s.series: s for s in signals if not s.running}
        for alert_id in list(self.store.active.values()):
            alert = self.store.alerts[alert_id]
            if (
                alert.kind not in rules.FROM_SIGNALS
                or alert_id in raised
                or alert.course is not None
            ):
                continue
            if policy.RECORDS.get(alert.group) in self.stale:
                continue
            reading = closed.get(alert.series) or self.lookup.last(alert.series)
            if reading is None or reading.end <= (ms_of(alert.judged_to) or 0):
                continue
            clear_periods = alert.clear_periods + 1 if rules.is_clear(alert, reading) else 0
            needed = rules.clear_periods(alert, reading.grain)
            judged = stamp(reading.end, self.force.zone)
            long_open = self.at - to_ms(alert.opened_at) >= policy.LEAST_OPEN[reading.grain]
            if (
                clear_periods >= needed
                and (long_open or not alert.open)
                and not self._day_goes_on(alert)
            ):
                if alert.open:
                    self.resolve(alert, clear_periods=clear_periods, judged_to=judged)
                else:
                    self.change(
                        alert,
                        "updated",
                        cleared=True,
                        clear_periods=clear_periods,
                        judged_to=judged,
                    )
            else:
                self.change(alert, "updated", clear_periods=clear_periods, judged_to=judged)


def _with_notified(c: Finding, share: float | None) -> Evidence:
    """The evidence of a condition, with what was told of an answer rate."""
    if c.correlation is None:
        return c.evidence
    return msgspec.structs.replace(c.evidence, notified_share=share)


def _union(one: Iterable[str], other: Iterable[str], *less: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in (*one, *other) if each not in less))
