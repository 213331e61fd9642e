"""What is shown of alerts to those who have not signed in: that somebody has one, not who.

The names of persons go, and with them what persons wrote, in which names may stand.
"""

from __future__ import annotations

import msgspec

from streams.alerts.handing_over import ShiftAlert, ShiftLog
from streams.alerts.model import Alert, AlertsView, Handover
from streams.alerts.words import owned
from streams.board.model import Board

SOMEBODY = "somebody"
"""Stands where the name of a person would."""
SENTENCE = "Somebody has this."


def nameless_words(alert: Alert) -> str:
    """The words of an alert without who has it, and without why somebody snoozed it."""
    if alert.snoozed_until is not None and alert.snooze_reason:
        return _ended(alert.words, f": {alert.snooze_reason}.", ".")
    if alert.owner is None:
        return alert.words
    return _ended(alert.words, owned(alert.owner), SENTENCE)


def _ended(words: str, end: str, other: str) -> str:
    """With another end. Where there was no room for it, or the alert is over, it ends otherwise."""
    return words.removesuffix(end) + other if words.endswith(end) else words


def nameless(alert: Alert) -> Alert:
    """An alert without names, and without what persons wrote."""
    return msgspec.structs.replace(
        alert,
        words=nameless_words(alert),
        owner=None if alert.owner is None else SOMEBODY,
        snooze_reason=None,
        note=None,
        log=tuple(msgspec.structs.replace(entry, who=SOMEBODY, note="") for entry in alert.log),
    )


def nameless_handover(handover: Handover) -> Handover:
    """That the room was handed over, and when."""
    return msgspec.structs.replace(handover, who=SOMEBODY, to=SOMEBODY, note="", open=())


def nameless_shift(log: ShiftLog) -> ShiftLog:
    """The log of a shift: what was done, not by whom, nor what they wrote."""

    def without(each: ShiftAlert) -> ShiftAlert:
        shown = nameless(each.alert)
        done = [entry for entry in shown.log if entry.at >= log.since]
        return ShiftAlert(alert=shown, done=done)

    return msgspec.structs.replace(
        log,
        handovers=[nameless_handover(each) for each in log.handovers],
        open=[without(each) for each in log.open],
        ended=[without(each) for each in log.ended],
    )


def nameless_view(view: AlertsView) -> AlertsView:
    """The alerts of a board without names."""
    return msgspec.structs.replace(
        view,
        open=[nameless(each) for each in view.open],
        recent=[nameless(each) for each in view.recent],
        handovers=[nameless_handover(each) for each in view.handovers],
    )


def nameless_board(board: Board) -> Board:
    """A board without names."""
    if board.alerts is None:
        return board
    return msgspec.structs.replace(board, alerts=nameless_view(board.alerts))
