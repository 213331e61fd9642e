"""Alerts about signals: what detectors find in closed periods, and in the part of a period that
has passed. Pure.

The signals of a period are gathered into clusters (`streams.alerts.correlation.signals`). A cluster
continues the alert of its own series, or joins an alert of another series that it belongs to
(`streams.alerts.correlation.open_alerts`), or opens an alert. Continuing notifies nobody, but where
a notice becomes a page, a level moves much further, or an hour is far beyond what a lasting alert
has come to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from streams.alerts import peak, policy, rules
from streams.alerts import words as say
from streams.alerts.actions import may_notify
from streams.alerts.correlation.open_alerts import OpenAlertCorrelation, is_held
from streams.alerts.correlation.signals import SignalCluster, clusters_of
from streams.alerts.course import (
    first_day,
    in_another_area,
    is_burst,
    peak_of,
    with_burst,
)
from streams.alerts.lifecycle import Lifecycle
from streams.alerts.lookup import PeriodLookup
from streams.alerts.model import SEVERITIES, Alert, Severity, ms_of, stamp
from streams.alerts.rules import exceptional_volume, level_change
from streams.alerts.rules.exceptional_volume import EXCEPTIONAL_VOLUME
from streams.alerts.rules.level_change import LEVEL_CHANGE
from streams.alerts.rules.signals import evidence
from streams.alerts.store import AlertStore
from streams.periods import rfc3339, to_ms
from streams.registry.phrases import place
from streams.surveillance.signals import Signal


class SignalEvaluation:
    """Takes the signals of one instant; `silent` are the kinds of record of silent feeds."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        correlation: OpenAlertCorrelation,
        lookup: PeriodLookup,
        silent: frozenset[str],
    ) -> None:
        self.lifecycle, self.correlation = lifecycle, correlation
        self.lookup, self.silent = lookup, silent
        self.store, self.force, self.at = lifecycle.store, lifecycle.force, lifecycle.at

    def take(self, signals: Iterable[Signal]) -> frozenset[str]:
        """Opens alerts, and continues those that are there; returns the ids of the alerts that go
        on with a signal of their own grain."""
        raising = [s for s in signals if s.notify and rules.is_news(s)]
        clusters = clusters_of(self.force, raising, self.correlation.last)
        self.correlation.clusters = clusters
        return frozenset({self._take(cluster) for cluster in clusters} - {""})

    def open(self, cluster: SignalCluster, kind: str, severity: Severity) -> str:
        """Opens an alert about a cluster, and returns its id; nothing where it was opened before,
        as when a history is read again."""
        s, figures = cluster.lead, self._figures(cluster.lead, kind)
        area, _ = figures.pop("area"), figures.pop("area_name")
        name = policy.name(self.force, kind, s.group, s.measure, s.row, area, s.direction)
        start = rfc3339(s.start).replace("+00:00", "Z") if s.grain == "hour" else s.period
        alert_id = f"{name}/{start}"
        by_day = kind == EXCEPTIONAL_VOLUME.name and s.grain == "day"
        if by_day:
            figures["peak"] = peak_of(self.force, s, self.lookup)
        if alert_id not in self.store.alerts:
            self.lifecycle.open(
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
                also=cluster.also,
                judged_to=None if s.running else stamp(s.end, self.force.zone),
                course=first_day(self.force, s, s.start, self.lookup) if by_day else None,
            )
        return alert_id

    def count_clear_periods(self, signals: Iterable[Signal], going_on: frozenset[str]) -> None:
        """Counts, for each alert that goes on with no signal now, the closed periods in a row that
        are clear, and ends it after enough of them."""
        closed = {s.series: s for s in signals if not s.running}
        for alert_id in list(self.store.active.values()):
            alert = self.store.alerts[alert_id]
            counts = alert.kind in rules.FROM_SIGNALS and alert.course is None
            if not counts or alert_id in going_on:
                continue
            if policy.RECORDS.get(alert.group) in self.silent:
                continue
            period = closed.get(alert.series) or self.lookup.last(alert.series)
            if period is not None and period.end > (ms_of(alert.judged_to) or 0):
                self._count_clear_period(alert, period)

    # -- one cluster ---------------------------------------------------------------------------

    def _take(self, cluster: SignalCluster) -> str:
        """The id of the alert that goes on with a cluster; empty where none does, or one of which
        clear periods are counted in another way."""
        signal = cluster.lead
        kind, severity = rules.kind_of(signal), rules.severity_of(signal)
        own = self._alert_of_series(kind, signal)
        if own is not None and not self._opens_another(own, signal):
            return self._continue(own, cluster, severity)
        for alert in in_joining_order(self.store):
            if alert.kind != kind or not self.correlation.belongs(alert, signal):
                continue
            if not self._opens_another(alert, signal):
                return self._join(alert, cluster, severity)
        # Of alerts without a notification people know nothing yet (in a replay they have none).
        alerts = self.store.alerts.values()
        notified = (a for a in alerts if a.notified or not self.lifecycle.notify)
        title = say.title(self.force, signal)
        if self.correlation.repeats(signal, notified) or self.store.had_alert(
            self.at, signal.direction, title
        ):
            return ""
        return self.open(cluster, kind, severity)

    def _alert_of_series(self, kind: str, signal: Signal) -> Alert | None:
        """The active alert of the same series and direction. A volume by the hour and one by the
        day are the same alert; so is a new level by the month with the volume by days that it is
        the sum of."""
        row = tuple(sorted(signal.row.items()))
        about = signal.group, signal.measure, row, signal.area, signal.direction
        found = self.store.active.get((kind, False, signal.grain, *about))
        if found is not None:
            return self.store.alerts[found]
        for grain in ("hour", "day"):
            found = self.store.active.get((EXCEPTIONAL_VOLUME.name, False, grain, *about))
            alert = None if found is None else self.store.alerts[found]
            if alert is not None and (kind == EXCEPTIONAL_VOLUME.name or is_held(alert)):
                return alert
        return None

    def _opens_another(self, alert: Alert, signal: Signal) -> bool:
        """Whether an hour is far beyond what a person closed while it lasted: then the closed alert
        has cleared, and the hour opens another."""
        if alert.open or not is_burst(alert, signal):
            return False
        self.lifecycle.change(alert, "updated", cleared=True)
        return True

    def _continue(self, alert: Alert, cluster: SignalCluster, severity: Severity) -> str:
        """A further signal of the alert's own series: brings its figures up to date."""
        s = cluster.lead
        if alert.kind == EXCEPTIONAL_VOLUME.name and (alert.course or alert.grain != s.grain):
            self._continue_by_days(alert, cluster, severity)
            return ""
        is_level = alert.kind == LEVEL_CHANGE.name
        if is_level and rules.is_clear(alert, s):
            # The detector still reports the change, but this period is back at the old level, and
            # counts as a clear one.
            return ""
        new_period = not s.running and (ms_of(alert.judged_to) or 0) < s.end
        worse = SEVERITIES.index(severity) < SEVERITIES.index(alert.severity)
        changes: dict[str, Any] = {"clear_periods": 0}
        if not s.running:
            changes["judged_to"] = stamp(max(s.end, ms_of(alert.judged_to) or 0), self.force.zone)
        if alert.open:
            changes |= {"severity": severity if worse else alert.severity}
            changes |= {"worse_at": stamp(self.at, self.force.zone)} if worse else {}
            changes |= {"also": _union(alert.also, cluster.also)}
            if is_level:  # which keeps the figures of the old level, to be compared with
                changes["peak"] = peak.of_signal(self.force, s)
            else:
                changes |= self._figures(s, alert.kind)
        further = alert.open and is_level and level_change.has_grown(alert, s)
        further = further and self.lifecycle.may_notify_of_growth(alert)
        if further:
            old = alert.evidence
            kept = {"before": old.before, "lower": old.lower, "upper": old.upper}
            changes |= self._figures(msgspec.structs.replace(s, **kept), alert.kind)
        refresh = alert.open and s.running and self.at >= policy.refresh_at(alert)
        if new_period or worse or refresh:
            notify = further or self.lifecycle.may_notify_of_page(alert, worse=worse)
            self.lifecycle.change(alert, "updated", notify=notify, **changes)
        return alert.id

    def _continue_by_days(self, alert: Alert, cluster: SignalCluster, severity: Severity) -> None:
        """A further signal of an alert that its days carry, or that is of another grain. Its days
        are counted by `DayEvaluation`; here only a page of what was a notice, and an hour far
        beyond what it has come to, matter."""
        if not alert.open:
            return
        worse = SEVERITIES.index(severity) < SEVERITIES.index(alert.severity)
        changes: dict[str, Any] = {"also": _union(alert.also, cluster.also, alert.title)}
        if worse:
            changes |= {"severity": severity, **self._figures(cluster.lead, alert.kind)}
            if is_held(alert):
                kept = ("area", "area_name", "follows", "title")
                changes |= {name: getattr(alert, name) for name in kept}
            changes["worse_at"] = stamp(self.at, self.force.zone)
        of_burst, is_news = self._burst(alert, cluster.lead)
        notify = is_news or self.lifecycle.may_notify_of_page(alert, worse=worse)
        self.lifecycle.change(alert, "updated", notify=notify, **(changes | of_burst))

    def _join(self, alert: Alert, cluster: SignalCluster, severity: Severity) -> str:
        """A cluster of another series that belongs to an alert. The alert takes the name of the
        cluster where this explains it better: the whole for its parts, or the part that it is all
        about."""
        s = cluster.lead
        title = say.title(self.force, s)
        worse = SEVERITIES.index(severity) < SEVERITIES.index(alert.severity)
        widens = self.correlation.widens(alert, s)
        # One hour does not rename an alert that its days carry, and after some days nothing
        # narrower does.
        may_narrow = alert.course is None or not (s.grain == "hour" or is_held(alert))
        may_narrow = may_narrow and self._was_opened_as(alert, s)
        renames = widens or (may_narrow and self.correlation.narrows(alert, s))
        of_burst, is_news = self._burst(alert, s)
        named = title in (alert.title, *alert.also)
        if not alert.open or not (worse or renames or of_burst or not named):
            return alert.id
        changes: dict[str, Any] = {"also": _union(alert.also, (title, *cluster.also), alert.title)}
        if worse:
            changes |= {"severity": severity, "worse_at": stamp(self.at, self.force.zone)}
            # Whoever is woken by it reads why.
            changes["said"] = (
                *alert.said[:1],
                *rules.said(self.force, s, alert.kind, self.lookup, self.at)[:1],
            )
        if renames:
            figures = self._figures(s, alert.kind)
            also = _union((alert.title, *alert.also), cluster.also, figures["title"])
            changes |= {"row": s.row, "theme": s.theme, "also": also, **figures}
            if alert.course is not None:
                changes["course"] = in_another_area(self.force, alert.course, s)
        if widens:
            changes["also"] = _union(changes["also"], self._resolve_parts(alert, s))
        # After the first day people know an alert that its days carry as one of a part.
        spread = alert.course is not None and s.start >= to_ms(alert.course.until)
        spread = widens and spread and may_notify(self.force, alert, self.at)
        notify = is_news or spread or self.lifecycle.may_notify_of_page(alert, worse=worse)
        changes = changes if renames else changes | of_burst
        self.lifecycle.change(alert, "updated", notify=notify, **changes)
        return alert.id

    def _was_opened_as(self, alert: Alert, s: Signal) -> bool:
        """Whether an alert still has the name that it was opened with, or a signal has that: one
        that has widened from a part to the whole does not go on to another part."""
        about = (alert.row, alert.area), (s.row, s.area)
        names = (
            policy.name(self.force, alert.kind, s.group, s.measure, row, area, alert.direction)
            for row, area in about
        )
        return any(alert.id.startswith(f"{name}/") for name in names)

    def _burst(self, alert: Alert, s: Signal) -> tuple[dict[str, Any], bool]:
        """What an hour far beyond what a lasting alert has come to changes in it, and whether
        people are to be notified of the hour."""
        if alert.course is None or not is_burst(alert, s):
            return {}, False
        course, is_news = with_burst(alert.course, s, self.force.zone)
        if is_news and not self.lifecycle.may_notify_of_growth(alert):
            return {}, False
        if s.running and not is_news:
            return {"course": course}, False
        figures = self._figures(s, alert.kind)
        lead, *others = figures["said"]
        usual = course.expected / max(1, course.taken)
        since = exceptional_volume.times_since(
            self.force, course.ratio, usual, to_ms(course.since), self.at
        )
        said = (lead, since, *others)
        return {"course": course, "said": said, "evidence": figures["evidence"]}, is_news

    def _figures(self, s: Signal, kind: str) -> dict[str, Any]:
        """What an alert says of a signal, and of which area. Where all of a rise is in one area
        within, it is that one."""
        told_of = (self.lookup.wholly(s) if s.direction == "up" else None) or s
        return {
            "area": told_of.area,
            "area_name": place(self.force, told_of.area),
            "follows": "" if told_of.area == s.area else s.area,
            "title": say.title(self.force, told_of),
            "said": rules.said(self.force, told_of, kind, self.lookup, self.at),
            "evidence": evidence(self.force, told_of),
            "peak": peak.of_signal(self.force, told_of),
        }

    def _resolve_parts(self, alert: Alert, whole: Signal) -> tuple[str, ...]:
        """Resolves the other alerts of parts of a whole that has an alert from now on, but for
        those that somebody has taken, or that last. Nobody is notified of that. Returns their
        titles."""
        title, found = say.title(self.force, whole), []
        for alert_id in list(self.store.active.values()):
            other = self.store.alerts[alert_id]
            same = (other.kind, other.direction) == (alert.kind, alert.direction)
            if other.id == alert.id or not same or not other.open or other.owner is not None:
                continue
            if is_held(other):
                continue
            if other.series != whole.series and self.correlation.contains(whole, other):
                self.lifecycle.change(
                    other,
                    "resolved",
                    state="resolved",
                    resolved_at=stamp(self.at, self.force.zone),
                    cleared=True,
                    said=(*other.said[:1], f"Now part of the alert about {title}."),
                    note=f"part of {title}",
                )
                found.append(other.title)
        return tuple(found)

    # -- clear periods -------------------------------------------------------------------------

    def _count_clear_period(self, alert: Alert, period: Signal) -> None:
        clear = alert.clear_periods + 1 if rules.is_clear(alert, period) else 0
        judged_to = stamp(period.end, self.force.zone)
        young = self.at - to_ms(alert.opened_at) < policy.LEAST_OPEN[period.grain]
        enough = clear >= rules.clear_periods(alert, period.grain) or rules.belies(alert, period)
        ends = enough and not (young and alert.open)
        if not ends or self._day_is_outside(alert):
            self.lifecycle.change(alert, "updated", clear_periods=clear, judged_to=judged_to)
        elif alert.open:
            self.lifecycle.resolve(alert, clear_periods=clear, judged_to=judged_to)
        else:
            self.lifecycle.change(
                alert, "updated", cleared=True, clear_periods=clear, judged_to=judged_to
            )

    def _day_is_outside(self, alert: Alert) -> bool:
        """Whether the day of an alert by the hour is outside the usual range so far, too: then
        clear hours don't end the alert before the day does."""
        if alert.grain != "hour" or alert.kind != EXCEPTIONAL_VOLUME.name:
            return False
        day = self.lookup.day_so_far((*alert.series[:-1], "day"))
        alike = day is not None and day.direction == alert.direction
        return day is not None and alike and not rules.inside(alert, day)


def in_joining_order(store: AlertStore) -> list[Alert]:
    """The active alerts in the order in which a cluster is compared with them, and joins the first
    that it belongs to: open ones, pages and old ones first."""
    found = (store.alerts[alert_id] for alert_id in store.active.values())
    return sorted(
        found, key=lambda a: (not a.open, SEVERITIES.index(a.severity), a.opened_at, a.id)
    )


def _union(one: Iterable[str], other: Iterable[str], *less: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in (*one, *other) if each not in less))
