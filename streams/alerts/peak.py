"""The peak of an alert: the highest figure of any of its periods, of a fall the lowest, and when it
was. Where its days carry an alert that began in an hour, they replace its hours; figures of several
periods together, and those of another series than the one in its title, are no peak.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from streams.alerts.model import Alert, Evidence, Peak, instant
from streams.config.force import Force
from streams.periods import HOUR, Calendar, Period, to_ms
from streams.registry.phrases import figure, moment, when
from streams.registry.registry import REGISTRY
from streams.surveillance.signals import Signal

GRAINS = ("now", "hour", "day", "month")
"""From the shortest."""


def of_signal(force: Force, s: Signal) -> Peak | UnsetType:
    """The figure of a signal, where it is of one period."""
    if s.first is not None:
        return UNSET
    top, bottom = s.cases or (None, None)
    start, end = instant(s.start, force.zone), instant(s.end, force.zone)
    return Peak(
        observed=s.observed, numerator=top, denominator=bottom, grain=s.grain, start=start, end=end
    )


def of_finding(
    force: Force, evidence: Evidence, at: int, late: int | None = None
) -> Peak | UnsetType:
    """The figure of what is found at an instant, in ms; `late` is how many wait beyond a limit."""
    if evidence.observed is None:
        return UNSET
    now = instant(at, force.zone)
    top, bottom = evidence.numerator, evidence.denominator
    return Peak(
        observed=evidence.observed,
        numerator=top,
        denominator=bottom,
        late=UNSET if late is None else late,
        grain="now",
        start=now,
        end=now,
    )


def evidence_at(alert: Alert) -> Evidence:
    """The evidence of what was found at an instant, with the figures of its peak."""
    held = alert.peak
    if isinstance(held, UnsetType):
        return alert.evidence
    return replace(alert.evidence, observed=held.observed, numerator=held.numerator)


def with_peak(alert: Alert, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes of an alert, with the peak that it has then."""
    held, new = alert.peak, changes.get("peak", UNSET)
    renamed = changes.get("title", alert.title) != alert.title
    if renamed or isinstance(held, UnsetType):
        return changes
    if not beyond(new, held, alert.direction):
        return {**changes, "peak": held}
    return changes


def furthest(
    one: Peak | UnsetType, other: Peak | UnsetType, direction: str | None
) -> Peak | UnsetType:
    """The one of two figures that is further out."""
    return one if beyond(one, other, direction) else other


def beyond(new: Peak | UnsetType, held: Peak | UnsetType, direction: str | None) -> TypeGuard[Peak]:
    """Whether a figure is further out than the peak so far."""
    if isinstance(new, UnsetType):
        return False
    if isinstance(held, UnsetType):
        return True
    longer = GRAINS.index(new.grain) - GRAINS.index(held.grain)
    if longer:
        return longer > 0
    lower = new.observed < held.observed
    return lower if direction == "down" else new.observed > held.observed


def in_words(force: Force, alert: Alert, at: int) -> str:
    """`Highest 45 in the hour to 20:00.`; empty where the other sentences say it, or it has none.

    `at` is the instant, in ms, at which that is said."""
    peak, found, course = alert.peak, alert.evidence, alert.course
    if isinstance(peak, UnsetType) or alert.severity == "state":
        return ""
    total, _, days = course.while_it_lasted if course is not None else (0.0, 0.0, 0)
    period = found.start if peak.grain != "now" else peak.start
    said_already = (found.observed, period) == (peak.observed, peak.start)
    if days >= 1 and alert.cleared:  # the words give what came a day, and not the last of them
        said_already = False
    if said_already or (days >= 1 and round(total / days) == round(peak.observed)):
        return ""
    calendar = Calendar(force.zone)
    start, end = to_ms(peak.start), to_ms(peak.end)
    if peak.grain == "now":
        happened = f"at {moment(calendar, start, at)}"
    else:
        running = peak.grain == "hour" and end - start < HOUR
        happened = when(calendar, Period(peak.grain, "", start, end), at, running=running)
    top, bottom = peak.numerator, peak.denominator
    cases = None if top is None or bottom is None else (top, bottom)
    said = figure(peak.observed, REGISTRY.unit(alert.group, alert.measure), cases)
    return f"{'Lowest' if alert.direction == 'down' else 'Highest'} {said} {happened}."
