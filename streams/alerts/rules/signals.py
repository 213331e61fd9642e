"""What the kinds share that are judged from signals of the detectors: what is worth a message."""

from __future__ import annotations

from streams.alerts.model import Evidence, stamp
from streams.config.force import Force
from streams.registry.registry import REGISTRY
from streams.surveillance.signals import Signal

LEAST_UP, LEAST_DOWN = 5, 10
"""Minimum volume: a rise is of at least so many records, a fall from at least so many expected."""
A_WEEK = {"hour": 168.0, "day": 7.0, "month": 0.23}
"""Periods in a week."""


def worth(signal: Signal) -> bool:
    """Whether there is enough of it, and whether it is any news."""
    if REGISTRY.unit(signal.group, signal.measure) != "count":
        # An answer rate within the hour is judged by calls (`answer_rate`).
        return signal.polarity != "good" and signal.grain != "hour"
    if signal.direction == "up":
        return signal.observed >= LEAST_UP
    return (signal.expected or 0.0) >= LEAST_DOWN


def alone(signal: Signal) -> bool:
    """Whether a period would raise an alert by itself, whatever came before it."""
    chance = signal.probability
    return chance is not None and chance * A_WEEK[signal.grain] <= signal.allowed


def evidence(force: Force, s: Signal) -> Evidence:
    """The figures of a signal."""
    zone = force.zone
    return Evidence(
        observed=s.observed,
        expected=s.expected,
        lower=s.lower,
        upper=s.upper,
        probability=s.probability,
        ratio=s.ratio,
        numerator=None if s.cases is None else s.cases[0],
        denominator=None if s.cases is None else s.cases[1],
        before=s.before,
        after=s.after,
        method=s.method,
        period=s.period,
        start=stamp(s.start, zone),
        end=stamp(s.end, zone),
    )
