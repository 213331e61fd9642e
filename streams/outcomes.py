"""What people's outcomes of alerts say about the baselines. Pure.

A planned event and a fault of the data are no guide to an ordinary day: the stretch from the first
period of the alert to its end is not to be learned from. A real surge is: that is what demand does,
the baselines weigh a single surge down already, and limits that were learned from calm days alone
would be too narrow. A monthly level that a person says is real becomes the level.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from streams.alert_records import Alert, ms_of
from streams.periods import DAY, HOUR, Period, to_ms

NOT_NORMAL = ("planned_event", "data_fault")
MUCH = 0.1
"""The share of a month from which on a stretch makes the month another than usual."""
_LENGTH = {"hour": HOUR, "day": DAY, "month": DAY, "now": 0}


class Stretch(NamedTuple):
    """Of a series not to be learned from; `end` is None while it goes on."""

    series: tuple[str, ...]
    start: int
    end: int | None
    outcome: str

    def holds(self, period: Period) -> bool:
        """Whether a period, of whichever grain, is another than usual by it."""
        end = period.end if self.end is None else min(self.end, period.end)
        within = end - max(self.start, period.start)
        if period.grain == "month":
            return within >= MUCH * (period.end - period.start)
        return within > 0


class Level(NamedTuple):
    """A lasting change that a person has said is real, and when."""

    series: tuple[str, ...]
    direction: str | None
    at: int


class Outcomes(NamedTuple):
    """All of a force."""

    stretches: tuple[Stretch, ...] = ()
    levels: tuple[Level, ...] = ()


def outcomes(alerts: Iterable[Alert], zone: dt.tzinfo) -> Outcomes:
    """What the outcomes of some alerts say, in a fixed order."""
    stretches, levels = [], []
    for alert in alerts:
        if alert.outcome in NOT_NORMAL and alert.kind in ("exceptional_volume", "level_change"):
            start, end = _start(alert, zone), _end(alert)
            if end is not None:
                end = max(start, end)
            about = {alert.series, alert.named}
            stretches += [Stretch(each, start, end, str(alert.outcome)) for each in about]
        elif alert.outcome == "real" and (alert.kind, alert.grain) == ("level_change", "month"):
            closed = [entry.at for entry in alert.log if entry.what == "closed"]
            levels.append(Level(alert.series, alert.direction, to_ms(closed[-1])))
    return Outcomes(
        tuple(sorted(stretches, key=lambda each: each[:2])),
        tuple(sorted(levels, key=lambda each: (each.at, each.series))),
    )


def _start(alert: Alert, zone: dt.tzinfo) -> int:
    """The onset, or the first period of the alert, which its id ends with: the figures are those
    of the last."""
    named = alert.id.rpartition("/")[2]
    first = dt.datetime.fromisoformat(f"{named}-01" if len(named) == len("2026-11") else named)
    first = first if first.tzinfo else first.replace(tzinfo=zone)
    known = [at for at in (ms_of(alert.onset), ms_of(alert.evidence.start)) if at is not None]
    return min([*known, to_ms(first), to_ms(alert.opened_at)])


def _end(alert: Alert) -> int | None:
    """The end of the last period that was not usual. A share or a duration has no usual range to
    come back to meanwhile: there it is when a person closed the alert, or it resolved."""
    ended = ms_of(alert.resolved_at) or to_ms(alert.updated_at)
    judged = ms_of(alert.judged_to)
    if alert.kind == "level_change":
        return ended
    if alert.quiet:
        return (judged or ended) - alert.quiet * _LENGTH[alert.grain]
    return (judged or ended) if alert.over else None
