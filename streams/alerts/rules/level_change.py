"""A figure that has moved to a new level and stays there: a count, a share or a duration.

It is compared with the old level, which is kept in its evidence. A person who closes it accepts the
new one.
"""

from __future__ import annotations

from streams.alerts import words as say
from streams.alerts.lookup import PeriodLookup
from streams.alerts.model import Alert, Severity, ms_of
from streams.alerts.rules.base import GROWN, AlertKind, SignalRule, TableRow
from streams.alerts.rules.exceptional_volume import is_as_recorded
from streams.alerts.rules.signals import worth
from streams.config.force import Force
from streams.periods import Calendar
from streams.registry.registry import REGISTRY
from streams.surveillance.signals import Signal

MARKED = "markers"
"""The table of crimes with a marker."""
BACK_PERIODS = {"hour": 24, "day": 7, "month": 2}
"""Closed periods in a row at the old level after which it is over."""


def takes(signal: Signal) -> bool:
    """A share or a duration that moves has a new level, and a count whose level has."""
    return REGISTRY.unit(signal.group, signal.measure) != "count" or signal.method == "level"


def severity(signal: Signal) -> Severity:  # noqa: ARG001  always the same
    """It can wait."""
    return "notice"


def is_news(signal: Signal) -> bool:
    """Whether the change is large enough, and the latest figure does not contradict it."""
    return worth(signal) and not contrary(signal)


def contrary(signal: Signal) -> bool:
    """Whether the figure belies the change of level that is found: it lies beyond its usual range
    on the other side (the rise of last year, of a month that has fallen), or nearer to the level
    before than to that since (the last days of a bad week that is over)."""
    before, after = signal.before, signal.after
    levels = None if before is None or after is None else (before, after)
    figure = signal.of_average
    if levels and abs(figure - levels[0]) < abs(figure - levels[1]):
        return True
    if signal.lower is None or signal.upper is None or signal.season is not None:
        return False  # the usual chart knows no season
    if signal.direction == "down":
        return signal.observed > signal.upper
    return signal.observed < signal.lower


def inside(alert: Alert, period: Signal) -> bool:
    """Whether a closed period is in the range that was usual at the old level."""
    lower, upper = alert.evidence.lower, alert.evidence.upper
    if lower is None or upper is None:
        return not period.notify
    if alert.direction == "down":
        return period.observed >= lower
    return period.observed <= upper


def is_back(alert: Alert, period: Signal) -> bool:
    """Whether a closed period is at the old level again: inside the range of that, and nearer to it
    than to the new one, since a small change of level leaves most periods inside the old range. Of
    months with a season the level alone says so: no range of all months does."""
    before, after = alert.evidence.before, alert.evidence.after
    seasonal = period.season is not None and before is not None and after is not None
    if not seasonal and not inside(alert, period):
        return False
    if before is None or after is None:
        return True
    middle, figure = (before + after) / 2, period.of_average
    return figure <= middle if after > before else figure >= middle


def belies(alert: Alert, period: Signal) -> bool:
    """Whether a month says the opposite of the change: it is beyond the range that was usual at the
    old level, on the other side."""
    lower, upper = alert.evidence.lower, alert.evidence.upper
    if period.grain != "month" or lower is None or upper is None:
        return False
    return period.observed > upper if alert.direction == "down" else period.observed < lower


def has_grown(alert: Alert, signal: Signal) -> bool:
    """Whether a level has moved so much further from the old one than people know that they are
    notified again. The new level is that of all periods since the change, so that one period alone
    hardly moves it; and the period itself must be as far out."""
    before, notified, now = alert.evidence.before, alert.evidence.after, signal.after
    if not before or notified is None or now is None:
        return False
    if alert.direction == "down":
        return notified >= GROWN * now and signal.of_average <= notified
    return now >= GROWN * notified and signal.of_average >= notified


def is_known(alert: Alert, signal: Signal) -> bool:
    """Whether a change of level of the same series had an alert that ended, and the figure is
    not as far out as that was; or is the return to the level before it, where no person closed
    that alert."""
    figures, ended = alert.evidence, ms_of(alert.resolved_at)
    began = signal.start if signal.onset is None else signal.onset
    if alert.kind != LEVEL_CHANGE.name or alert.series != signal.series:
        return False
    if alert.direction == signal.direction:
        far = figures.after is None or (
            signal.of_average >= figures.after
            if signal.direction == "up"
            else signal.of_average <= figures.after
        )
        return ended is not None and began < ended and (inside(alert, signal) or not far)
    if alert.outcome is not None or signal.after is None:
        return False
    low, high = figures.lower, figures.upper
    return low is not None and high is not None and low <= signal.after <= high


def said(
    force: Force,
    signal: Signal,
    now: int,
    lookup: PeriodLookup,
) -> tuple[str, ...]:
    """The sentences of a change of level."""
    calendar = Calendar(force.zone)
    lead = say.lead(force, calendar, signal, now)
    onset = signal.start if signal.onset is None else signal.onset
    known = signal.before is not None and signal.after is not None
    recorded = _recorded(signal, onset, lookup)
    if signal.onset is None and not known and signal.ratio is None:
        # The lead says since when.
        return (
            lead,
            *([f"{recorded[0].upper()}{recorded[1:]}."] if recorded else ()),
            *signal.caveats,
        )
    changed = say.changed(calendar, signal, onset, now)
    if recorded:  # in the second sentence, as a third one is left out where there is no room
        changed = f"{changed.removesuffix('.')}; {recorded}."
    if len(lead) + say.room_of(changed) > say.LONGEST_TEXT and signal.before is not None:
        # The level before is the baseline of both.
        lead = say.lead(force, calendar, signal, now, compared=False)
    return (lead, changed, *signal.caveats)


def _recorded(signal: Signal, onset: int, lookup: PeriodLookup) -> str:
    """That it may be a matter of recording: of a share of what is written down, or of a count of
    that which has moved alike in all areas; else nothing."""
    if signal.group == MARKED:
        return "perhaps recording"
    ratio = signal.ratio
    if signal.before and signal.after is not None:
        ratio = signal.after / signal.before
    areas = lookup.alike(signal, onset, ratio) if is_as_recorded(signal) else None
    return "" if areas is None else f"in all {areas} areas alike: perhaps recording"


LEVEL_CHANGE = AlertKind(
    name="level_change",
    runbook="WatchroomLevelChange",
    summary="A figure has moved to another level",
    meaning="The figure has moved to another level and stays there. No single period need stand "
    "out.",
    dashboard="volumes",
    table=(
        TableRow(
            "a figure has a lasting new level; also a share or a duration",
            "notice",
            f"a person closes it, which accepts the new level, or {BACK_PERIODS['day']} days "
            f"({BACK_PERIODS['hour']} hours, {BACK_PERIODS['month']} months) are at the old one, "
            "or one month is out of the usual range on the other side",
            "Shoplifting offences, Warwickshire: 44 in July 2026. A new level since about May "
            "2026: 41 a month, 29 % less than in the same months a year before.",
            "in the same budget as exceptional volumes",
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
        is_clear=is_back,
        clear_periods=BACK_PERIODS,
        belies=belies,
    ),
    lasts=True,
)
