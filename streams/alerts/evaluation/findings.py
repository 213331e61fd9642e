"""Alerts about findings: what the rules find at an instant. Pure.

An alert opens with a finding and ends some time after the last one (`Finding.settle`). Feeds
that are silent are taken together (`streams.alerts.evaluation.feeds`); a gap of a feed that proves
missing only later is a notice that is resolved at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec

from streams.alerts import peak, policy, rules
from streams.alerts.evaluation.feeds import FeedEvaluation
from streams.alerts.lifecycle import Lifecycle
from streams.alerts.model import Alert, Evidence, Peak, stamp
from streams.alerts.rules import feed_silent
from streams.alerts.rules.base import STEADY, Finding
from streams.periods import MINUTE, rfc3339, to_ms
from streams.surveillance.signals import Signal


class FindingEvaluation:
    """Takes the findings of one instant; `silent` are the kinds of record of silent feeds."""

    def __init__(self, lifecycle: Lifecycle, silent: frozenset[str]) -> None:
        self.lifecycle, self.silent = lifecycle, silent
        self.store, self.force, self.at = lifecycle.store, lifecycle.force, lifecycle.at
        self.feeds = FeedEvaluation(lifecycle)

    def take(self, findings: Iterable[Finding]) -> None:
        """Opens an alert for each finding that has none, and brings the others up to date. What is
        found about records of a silent feed is passed over."""
        feeds: list[Finding] = []
        for finding in findings:
            if finding.kind == feed_silent.KIND and finding.measure != feed_silent.UNKNOWN:
                feeds.append(finding)
            elif finding.kind == feed_silent.KIND or finding.records not in self.silent:
                self._take(finding)
        self.feeds.take(feeds)

    def take_gaps(self, signals: Iterable[Signal]) -> None:
        """Notifies people of stretches in which a feed was not heard, once these are over, if
        nobody was notified of the silence while it lasted."""
        for signal in signals:
            past = signal.method == "silence" and not signal.running
            if past and signal.kind not in self.lifecycle.held_back:
                self._take_gap(signal)

    def end_absent(self, judged: frozenset[str]) -> None:
        """Ends the alerts of the kinds that were judged of which no finding is there, and has been
        none for as long as the finding asks. Of what is held back, or of a silent feed, nothing is
        known, so that it stays as it is."""
        if feed_silent.KIND in judged:
            self.feeds.end_absent()
        for alert_id in list(self.store.active.values()):
            alert = self.store.alerts[alert_id]
            if feed_silent.is_of_known(alert):
                continue
            silent = policy.RECORDS.get(alert.group) in self.silent
            to_come = (  # of a history that is read again
                self.at < to_ms(alert.opened_at) and alert_id not in self.store.misdated
            )
            if alert.kind not in judged or silent or to_come or self.lifecycle.is_held_back(alert):
                continue
            if alert.grain == "now" and self.at >= self._holds_until(alert):
                if alert.open:
                    self.lifecycle.resolve(alert)
                else:
                    self.lifecycle.change(alert, "updated", cleared=True)
            elif alert.open and alert_id not in self.lifecycle.present:
                self._ease(alert)

    def _take(self, f: Finding) -> None:
        row = tuple(sorted(f.row.items()))
        key = (f.kind, f.severity == "state", "now", f.group, f.measure, row, f.area, f.direction)
        known = self.store.active.get(key)
        if known is not None:
            self._note_present(known, f)
            self.store.note_peak(known, self._peak_of(f))
            self._bring_up_to_date(self.store.alerts[known], f)
            return
        if not f.opens:
            return
        by_day = f.severity == "state"
        when = rfc3339(f.since // MINUTE * MINUTE, self.force.zone if by_day else dt.UTC)
        name = policy.name(self.force, f.kind, f.group, f.measure, f.row, f.area, f.direction)
        alert_id = f"{name}/{when[:10] if by_day else when.replace('+00:00', 'Z')}"
        if alert_id in self.store.alerts or self.store.had_alert(self.at, f.direction, f.title):
            return
        self._note_present(alert_id, f)
        self.lifecycle.open(
            id=alert_id,
            kind=f.kind,
            severity=f.severity,
            direction=f.direction,
            group=f.group,
            measure=f.measure,
            row=f.row,
            area=f.area,
            title=f.title,
            grain="now",
            onset=f.since,
            said=f.said,
            evidence=_with_notified(f, f.evidence.observed),
            peak=self._peak_of(f),
        )

    def _bring_up_to_date(self, alert: Alert, f: Finding) -> None:
        notified = alert.evidence.notified_share
        worse = notified is not None and self._got_worse(alert, f, notified)
        due = self.at >= policy.refresh_at(alert) or self._is_eased(alert)
        if alert.open and (worse or (alert.said != f.said and due)):
            # Until people are notified for the first time, what they will be notified of moves on.
            share = f.evidence.observed if worse or not alert.notified else notified
            evidence = _with_notified(f, share)
            self.lifecycle.change(alert, "updated", notify=worse, said=f.said, evidence=evidence)

    def _ease(self, alert: Alert) -> None:
        """Has an alert say that nothing of it is found at this moment, where its kind does."""
        worst = msgspec.structs.replace(alert, peak=self.store.peaks.get(alert.id, alert.peak))
        if not self._is_eased(alert) and (said := rules.eased(self.force, worst, self.at)):
            self.lifecycle.change(alert, "updated", said=said, evidence=peak.evidence_at(worst))

    def _is_eased(self, alert: Alert) -> bool:
        said = rules.eased(self.force, alert, self.at)
        return bool(said) and alert.said[:1] == said[:1]

    def _peak_of(self, f: Finding) -> Peak | msgspec.UnsetType:
        return peak.of_finding(self.force, f.evidence, self.at, f.late)

    def _got_worse(self, alert: Alert, f: Finding, notified: float) -> bool:
        """Whether people are notified again, of a figure that is so much worse than they know."""
        if not alert.open or not alert.notified:
            return False
        age = self.at - to_ms(alert.opened_at)
        return rules.got_worse(f, notified, age) and self.lifecycle.may_notify_of_growth(alert)

    def _take_gap(self, s: Signal) -> None:
        if any(feed_silent.was_reported(alert, s) for alert in self.store.alerts.values()):
            return
        found = feed_silent.not_heard(self.force, s)
        when = rfc3339(s.start // MINUTE * MINUTE).replace("+00:00", "Z")
        name = policy.name(self.force, found.kind, s.group, s.measure, {}, s.area, None)
        alert_id = f"{name}/{when}"
        if alert_id in self.store.alerts:
            return
        self.lifecycle.open(
            id=alert_id,
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
        self.lifecycle.change(  # its opening says that it is over: no second notification
            self.store.alerts[alert_id],
            "resolved",
            state="resolved",
            resolved_at=stamp(self.at, self.force.zone),
            cleared=True,
        )

    def _note_present(self, alert_id: str, f: Finding) -> None:
        until = self.store.holds_until
        until[alert_id] = max(until.get(alert_id, 0), self.at + f.settle)
        self.store.last_held_at[alert_id] = self.at
        self.lifecycle.present.add(alert_id)

    def _holds_until(self, alert: Alert) -> int:
        until = self.store.holds_until.setdefault(alert.id, self.at)
        if alert.severity == "state":  # one good week is no reason for another ticket
            return max(until, to_ms(alert.updated_at) + STEADY)
        return until


def _with_notified(f: Finding, share: float | None) -> Evidence:
    """The evidence of a finding; of an answer rate with the share that people are notified of."""
    if f.correlation is None:
        return f.evidence
    return msgspec.structs.replace(f.evidence, notified_share=share)
