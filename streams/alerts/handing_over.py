"""What a shift hands over: all that was done in it, what is open and who has that, and what is
over. One answer for the wallboard's page and for `watchroom alerts handover`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec

from streams.alerts.model import SEVERITIES, Alert, Handover, LogEntry


class ShiftAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert, and all that people did about it in the shift, oldest first."""

    alert: Alert
    done: list[LogEntry]


class ShiftLog(msgspec.Struct, frozen=True, kw_only=True):
    """What `/shift.json` answers. Instants are on the force's clock."""

    force: str
    name: str
    since: dt.datetime
    at: dt.datetime
    handovers: list[Handover]
    """How the room was handed over since then, newest first."""
    open: list[ShiftAlert]
    """What is open, worst first."""
    ended: list[ShiftAlert]
    """What is over, and ended since then or had something done about it, newest first."""


def shift_log(
    force: str,
    name: str,
    alerts: Iterable[Alert],
    handovers: Iterable[Handover],
    since: dt.datetime,
    at: dt.datetime,
) -> ShiftLog:
    """The log of a shift, from all alerts of a force and the handovers of its last day."""
    open_, ended = [], []
    for alert in alerts:
        done = [each for each in alert.log if each.at >= since]
        shown = ShiftAlert(alert=alert, done=done)
        if alert.open:
            open_.append(shown)
        elif done or (alert.resolved_at is not None and alert.resolved_at >= since):
            ended.append(shown)
    open_.sort(key=lambda each: (SEVERITIES.index(each.alert.severity), each.alert.opened_at))
    ended.sort(key=lambda each: each.alert.resolved_at or each.alert.opened_at, reverse=True)
    return ShiftLog(
        force=force,
        name=name,
        since=since,
        at=at,
        handovers=[each for each in handovers if each.at >= since],
        open=open_,
        ended=ended,
    )
