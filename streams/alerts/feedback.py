"""Makes the feedback of a force's alerts to its detectors. Pure.

A planned event and a fault of the data say nothing about an ordinary day: the stretch from the
first period of such an alert to its end is left out of what is learned. A real surge is learned:
demand is like that, the baselines give a single surge little weight anyway, and limits that were
learned from calm days alone would be too narrow. A monthly level that a person closes as real
becomes the level; so does that of a volume that has gone on for days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from streams.alerts.model import Alert, ms_of
from streams.alerts.rules import FROM_SIGNALS
from streams.alerts.rules.level_change import LEVEL_CHANGE
from streams.config.force import Force
from streams.periods import DAY, HOUR, to_ms
from streams.surveillance.feedback import NOT_NORMAL, AcceptedLevel, ExcludedStretch, Feedback

_LENGTH = {"hour": HOUR, "day": DAY, "month": DAY, "now": 0}


def feedback_of(alerts: Iterable[Alert], force: Force) -> Feedback:
    """The feedback of some alerts, in a fixed order."""
    stretches: list[ExcludedStretch] = []
    levels: list[AcceptedLevel] = []
    for alert in alerts:
        course = alert.course
        held = None if course is None else ms_of(course.held)
        if alert.outcome in NOT_NORMAL and alert.kind in FROM_SIGNALS:
            start, end = start_of(alert, force.zone), _end(alert)
            if end is not None:
                end = max(start, end)
            named, areas = str(alert.outcome), () if held is None else _areas(force, alert)
            about = {alert.series, alert.named}
            stretches += [
                ExcludedStretch(each, start, end, named, areas, held or 0) for each in about
            ]
        elif course is not None and held is not None:
            areas, closed = _areas(force, alert), _closed_at(alert)
            if closed is not None and closed < held:  # in its first days
                if alert.outcome != "real":
                    continue
                closed = held
            # What nobody had said anything of is taken by itself at last.
            accepted = ms_of(course.accepted)
            if accepted is None and alert.outcome == "real" and not course.ended:
                accepted = closed
            closed = accepted if closed is None else closed
            ended = to_ms(course.judged_to) if closed is None else closed
            end, named = None if alert.open else ended, alert.outcome or "goes on"
            start = to_ms(course.since)
            stretches.append(ExcludedStretch(alert.series, start, end, named, areas, held))
            if accepted is not None:
                level = AcceptedLevel(alert.series, alert.direction, accepted, areas, course.ratio)
                levels.append(level)
        elif alert.outcome == "real" and (alert.kind, alert.grain) == (LEVEL_CHANGE.name, "month"):
            levels.append(AcceptedLevel(alert.series, alert.direction, _said_at(alert)))
    return Feedback(
        tuple(sorted(stretches, key=lambda each: each[:2])),
        tuple(sorted(levels, key=lambda each: (each.at, each.series))),
    )


def gives_feedback(alert: Alert) -> bool:
    """Whether an alert has any feedback for the detectors."""
    lasts = alert.course is not None and alert.course.held is not None
    return lasts or alert.outcome is not None


def within(force: Force, area: str) -> tuple[str, ...]:
    """An area and those within it."""
    return (area, *sorted(chain[0] for chain in force.rollup if area in chain[1:]))


def _areas(force: Force, alert: Alert) -> tuple[str, ...]:
    """The areas of a volume that goes on: its own, those within, and the one that it follows."""
    return tuple(dict.fromkeys((*within(force, alert.area), alert.series[-2])))


def _said_at(alert: Alert) -> int:
    """When a person last closed it with an outcome, or changed that; in ms."""
    return to_ms([entry.at for entry in alert.log if entry.what == "closed"][-1])


def _closed_at(alert: Alert) -> int | None:
    """When a person closed it while it was open; None if it is open, or ended by itself."""
    by_person = any(e.what == "closed" and e.at == alert.resolved_at for e in alert.log)
    return ms_of(alert.resolved_at) if by_person else None


def start_of(alert: Alert, zone: dt.tzinfo) -> int:
    """The start of what an alert is about (ms): its onset, or its first period, which its id ends
    with (its figures are of the last one)."""
    named = alert.id.rpartition("/")[2]
    first = dt.datetime.fromisoformat(f"{named}-01" if len(named) == len("2026-11") else named)
    first = first if first.tzinfo else first.replace(tzinfo=zone)
    known = [at for at in (ms_of(alert.onset), ms_of(alert.evidence.start)) if at is not None]
    return min([*known, to_ms(first), to_ms(alert.opened_at)])


def _end(alert: Alert) -> int | None:
    """The end of the last period that was not usual (ms); None while that goes on. Of a change of
    level it is when a person closed the alert, or it resolved."""
    ended = ms_of(alert.resolved_at) or to_ms(alert.updated_at)
    judged = ms_of(alert.judged_to)
    if alert.kind == LEVEL_CHANGE.name:
        return ended
    if alert.course is not None:
        return to_ms(alert.course.until) if alert.cleared or alert.course.usual_days else None
    if alert.clear_periods:
        return (judged or ended) - alert.clear_periods * _LENGTH[alert.grain]
    return (judged or ended) if alert.cleared else None
