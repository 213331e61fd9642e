"""One evaluation: what becomes of the alerts of a force, given the signals and findings of an
instant. Pure; time is an argument.

An alert of a volume ends after some closed periods in a row inside the usual range (of one that its
days carry, usual days), and not before it has been open for `policy.LEAST_OPEN`. A change of level
ends when a person closes it, which accepts the new level, or after some periods at the old one.
What is judged at the instant itself ends some time after its finding was last there. What a person
closed is not opened again before it has cleared once. While a feed is silent, its own alert is the
only one that its records open or end.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.alerts import rules
from streams.alerts.correlation.open_alerts import OpenAlertCorrelation
from streams.alerts.evaluation.days import DayEvaluation
from streams.alerts.evaluation.findings import FindingEvaluation
from streams.alerts.evaluation.signals import SignalEvaluation
from streams.alerts.lifecycle import Lifecycle
from streams.alerts.lookup import NoLookup, PeriodLookup
from streams.alerts.model import Transition
from streams.alerts.rules import feed_silent
from streams.alerts.rules.base import Finding
from streams.alerts.store import AlertStore
from streams.surveillance.signals import Signal

__all__ = ["evaluate"]


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

    `judged` are the kinds of alert that `findings` are about at this evaluation: only alerts of
    these end because no finding is there. With `notify` False nobody is notified, as of the past or
    while a monitor catches up. `held_back` are the kinds of record, and `heartbeat.<feed>`, that
    are not read up to now: alerts about them do not end for want of findings, and nobody is
    reminded of them.
    """
    lookup, signals = lookup or NoLookup(), list(signals)
    present = sorted(findings, key=lambda f: (f.kind, f.group, f.measure, f.area, f.title))
    silent = frozenset(map(feed_silent.out_of_date, present)) - {""}
    lifecycle = Lifecycle(store, at, notify=notify, held_back=held_back)

    about_findings = FindingEvaluation(lifecycle, silent)
    about_findings.take(present)
    about_findings.take_gaps(signals)

    counted = [s for s in signals if s.kind not in silent and s.method != "silence"]
    correlation = OpenAlertCorrelation(store.force, counted, lookup)
    about_signals = SignalEvaluation(lifecycle, correlation, lookup, silent)
    going_on = about_signals.take(counted)
    DayEvaluation(lifecycle, about_signals, lookup, silent).take(counted)
    about_signals.count_clear_periods(counted, going_on)

    about_findings.end_absent(frozenset(judged))
    lifecycle.follow_up()
    return lifecycle.made
