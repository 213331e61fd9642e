"""The kinds of alert, listed once. Each stands in a file of its own beside this one.

The order is that of all lists of kinds.
"""

from __future__ import annotations

from streams.alerts.lookup import PeriodLookup
from streams.alerts.model import Alert, Severity
from streams.alerts.rules.base import AlertKind, Finding, SignalRule
from streams.alerts.rules.callers_waiting import CALLERS_WAITING
from streams.alerts.rules.exceptional_volume import EXCEPTIONAL_VOLUME
from streams.alerts.rules.feed_silent import FEED_SILENT
from streams.alerts.rules.level_change import LEVEL_CHANGE
from streams.alerts.rules.pipeline_unwell import PIPELINE_UNWELL
from streams.alerts.rules.target_missed import TARGET_MISSED
from streams.alerts.rules.unattended import UNATTENDED
from streams.config.force import Force
from streams.surveillance.signals import Signal

KINDS: tuple[AlertKind, ...] = (
    EXCEPTIONAL_VOLUME,
    LEVEL_CHANGE,
    TARGET_MISSED,
    CALLERS_WAITING,
    UNATTENDED,
    FEED_SILENT,
    PIPELINE_UNWELL,
)


def kind_named(name: str) -> AlertKind | None:
    """A kind by its name; None of one that another version of Watchroom has."""
    return next((kind for kind in KINDS if kind.name == name), None)


def names_of(*judged: str) -> tuple[str, ...]:
    """The names of the kinds that are judged then (`streams.alerts.rules.base.Judged`)."""
    return tuple(kind.name for kind in KINDS if kind.judged in judged)


def daily(records: str) -> tuple[str, ...]:
    """The names of the kinds of which something is judged at the close of days of those records."""
    return tuple(
        kind.name
        for kind in KINDS
        if any(rule.daily and rule.records == records for rule in kind.rules)
    )


FROM_SIGNALS = names_of("period")
JUDGED_NOW = names_of("instant", "minute", "process")
"""What is judged again at every look: it is over when it is no longer so."""


# -- signals -----------------------------------------------------------------------------------


def rule_of(signal: Signal) -> tuple[AlertKind, SignalRule]:
    """The kind of alert that a signal is of, and how it is judged."""
    found = [(kind, kind.signals) for kind in KINDS if kind.signals is not None]
    found.sort(key=lambda each: each[1].takes_rest)
    return next((kind, rule) for kind, rule in found if rule.takes(signal))


def kind_of(signal: Signal) -> str:
    """The name of the kind of alert that a signal is of."""
    return rule_of(signal)[0].name


def severity_of(signal: Signal) -> Severity:
    """How severe an alert of a signal is."""
    return rule_of(signal)[1].severity(signal)


def is_news(signal: Signal) -> bool:
    """Whether anybody is to be notified of a signal whose rate of false alarms is within what is
    allowed."""
    return rule_of(signal)[1].is_news(signal)


def said(force: Force, signal: Signal, kind: str, lookup: PeriodLookup, at: int) -> tuple[str, ...]:
    """The sentences of a signal, in an alert of a kind."""
    now = signal.end if signal.running else max(signal.end, at)
    return _rule(kind).said(force, signal, now, lookup)


def inside(alert: Alert, period: Signal) -> bool:
    """Whether a closed period is back in the range that an alert is compared with."""
    return _rule(alert.kind).inside(alert, period)


def is_clear(alert: Alert, period: Signal) -> bool:
    """Whether a closed period counts towards the end of an alert."""
    return _rule(alert.kind).is_clear(alert, period)


def clear_periods(alert: Alert, grain: str) -> int:
    """How many clear periods in a row end an alert."""
    return _rule(alert.kind).clear_periods[grain]


def belies(alert: Alert, period: Signal) -> bool:
    """Whether a closed period by itself ends an alert, since it says the opposite."""
    rule = _rule(alert.kind)
    return rule.belies is not None and rule.belies(alert, period)


def _rule(kind: str) -> SignalRule:
    """How a kind is judged from signals; LookupError of one that is not."""
    for each in KINDS:
        if each.name == kind and each.signals is not None:
            return each.signals
    raise LookupError(f"{kind} is not judged from signals")


# -- findings ----------------------------------------------------------------------------------


def got_worse(finding: Finding, notified: float, age: int) -> bool:
    """Whether people are notified again, of a figure that is so much worse than they know; `age` is
    that of the alert, in ms."""
    kind = kind_named(finding.kind)
    return (
        kind is not None and kind.got_worse is not None and kind.got_worse(finding, notified, age)
    )


def eased(force: Force, alert: Alert, at: int) -> tuple[str, ...]:
    """The sentences of an open alert of which nothing is found any more, as of an instant in ms;
    none where they stay as they are."""
    kind = kind_named(alert.kind)
    return () if kind is None or kind.eased is None else kind.eased(force, alert, at)


def closing(force: Force, alert: Alert, at: int) -> tuple[str, ...]:
    """The sentences of an alert that is over, as of an instant in ms; none where they stay as they
    are."""
    kind = kind_named(alert.kind)
    return () if kind is None or kind.closing is None else kind.closing(force, alert, at)


def lasts(kind: str) -> bool:
    """Whether a person is asked what an alert of a kind is once it has gone on for weeks."""
    found = kind_named(kind)
    return found is not None and found.lasts
