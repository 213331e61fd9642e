"""Who has an alert, and when people are notified: acknowledging, snoozing, closing, handing over;
escalation, quiet hours and maintenance. Pure: an action makes a new alert of an old one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Literal, cast, get_args

import msgspec

from streams.alerts import peak, rules
from streams.alerts import words as say
from streams.alerts.model import (
    Alert,
    AlertOutcome,
    Handover,
    LogEntry,
    MaintenanceShown,
    Severity,
    Transition,
    What,
    instant,
    ms_of,
    stamp,
)
from streams.alerts.rules.level_change import LEVEL_CHANGE
from streams.config.force import WHOLE, Force
from streams.config.schema import Maintenance
from streams.errors import ActionError
from streams.periods import DAY, HOUR, MINUTE, SECOND, rfc3339, to_ms

Action = Literal["acknowledge", "snooze", "close", "note", "hand_over"]
LONGEST_SNOOZE = 14 * DAY
LONGEST_NAME, LONGEST_NOTE = 80, 500
MOST_ENTRIES = 200
"""Entries in the log of an alert, which each transition carries: with as many it can still be
closed, and no more be done about it."""
_DONE: dict[Action, What] = {
    "acknowledge": "acknowledged",
    "snooze": "snoozed",
    "close": "closed",
    "note": "noted",
    "hand_over": "handed_over",
}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks for. `until` is in ms; what an action does not need is passed over."""

    action: Action
    who: str
    until: int | None = None
    reason: str | None = None
    outcome: str | None = None
    note: str | None = None
    to: str | None = None


def act(force: Force, alert: Alert, asked: Request, at: int) -> Transition:
    """Does what is asked; raises `ActionError` with the reason where that can't be done."""
    who = _text(asked.who, "who", LONGEST_NAME)
    if not alert.open and asked.action not in ("note", "close"):
        raise ActionError(f"{alert.title} is over since {_clock(force, alert.resolved_at, at)}")
    if len(alert.log) >= MOST_ENTRIES and not (alert.open and asked.action == "close"):
        cure = "Close it with its outcome" if alert.open else "It is over"
        raise ActionError(f"{alert.title} has {len(alert.log)} entries, no more fit. {cure}")
    note = _text(asked.note, "note", LONGEST_NOTE) if asked.note else ""
    changes: dict[str, Any] = {}
    entry, logged_as = note, str(_DONE[asked.action])
    snooze_ended = "" if alert.snoozed_until is None else "snooze ended"
    if asked.action == "acknowledge":
        changes = _taken(who, at, force)
        whose = ""
        if alert.owner is not None and alert.owner != who:
            logged_as, whose = "took_over", f"from {alert.owner}"
        entry = _entry(whose, snooze_ended, note)
    elif asked.action == "hand_over":
        to = _text(asked.to, "to", LONGEST_NAME)
        changes = _taken(to, at, force)
        entry = _entry(f"to {to}", snooze_ended, note)
    elif asked.action == "snooze":
        changes, entry = _snoozed(force, asked, at)
    elif asked.action == "close":
        changes, entry = _closed(force, alert, asked, at)
        entry = _entry(entry, "", note)
    elif not note:
        raise ActionError("a note needs some text")
    if note:
        changes["note"] = note
    logged = LogEntry(at=instant(at, force.zone), who=who, what=logged_as, note=entry)
    changes["log"] = (*alert.log, logged)
    notify = asked.action == "close" and _may_notify_of_closing(force, alert, at)
    return changed(force, alert, at, _DONE[asked.action], notify=notify, **changes)


def _may_notify_of_closing(force: Force, alert: Alert, at: int) -> bool:
    """Whether those who were notified of an alert are notified that a person closes it. In quiet
    hours they are not, nor afterwards: somebody has dealt with it."""
    heard_of = alert.open and alert.notified and alert.severity != "state"
    return heard_of and may_notify(force, msgspec.structs.replace(alert, snoozed_until=None), at)


def hand_room_over(force: Force, alerts: Iterable[Alert], asked: Request, at: int) -> Handover:
    """What is written down when a shift ends; raises `ActionError`."""
    if asked.action != "hand_over":
        raise ActionError("a shift can only be handed over (hand_over)")
    return Handover(
        force=force.id,
        at=instant(at, force.zone),
        who=_text(asked.who, "who", LONGEST_NAME),
        to=_text(asked.to, "to", LONGEST_NAME),
        note=_text(asked.note, "note", LONGEST_NOTE) if asked.note else "",
        open=tuple(alert.words for alert in alerts if alert.open),
    )


def _entry(done: str, besides: str, note: str) -> str:
    """What an entry says of what was done, what ended by it, and why: each where there is any."""
    said = ", ".join(filter(None, [done, besides]))
    return ": ".join(filter(None, [said, note]))


def _taken(owner: str, at: int, force: Force) -> dict[str, Any]:
    """Whoever has an alert from now on has no snooze of it that somebody else chose."""
    return {
        "owner": owner,
        "acknowledged_at": stamp(at, force.zone),
        "snoozed_until": None,
        "snooze_reason": None,
    }


def _snoozed(force: Force, asked: Request, at: int) -> tuple[dict[str, Any], str]:
    if asked.until is None:
        raise ActionError("a snooze needs an end (until)")
    if not at < asked.until <= at + LONGEST_SNOOZE:
        raise ActionError(
            f"a snooze ends in the future, at most {LONGEST_SNOOZE // DAY} days from now"
        )
    reason = _text(asked.reason, "reason", LONGEST_NAME).rstrip(".")
    changes = {"snoozed_until": stamp(asked.until, force.zone), "snooze_reason": reason}
    return changes, _entry(f"until {say.clock(force, asked.until, at)}", "", reason)


def _level_taken(alert: Alert, at: int) -> bool:
    """Whether the level of an alert that was closed as real has become the usual: it does when the
    next hour closes."""
    course, closed = alert.course, ms_of(alert.resolved_at)
    real = alert.outcome == "real" and course is not None and course.held is not None
    return bool(real and course and not course.ended and closed and closed // HOUR < at // HOUR)


def _closed(force: Force, alert: Alert, asked: Request, at: int) -> tuple[dict[str, Any], str]:
    if asked.outcome is None or asked.outcome not in get_args(AlertOutcome):
        raise ActionError(f"closing needs an outcome: one of {', '.join(get_args(AlertOutcome))}")
    if asked.outcome != "real" and _level_taken(alert, at):
        raise ActionError(
            "it was closed as real, and its level is the usual now: that can't be undone. "
            "Write a note instead"
        )
    changes: dict[str, Any] = {
        "outcome": asked.outcome,
        "snoozed_until": None,
        "snooze_reason": None,
    }
    if alert.open:
        changes |= {"state": "resolved", "resolved_at": stamp(at, force.zone), "clear_periods": 0}
        changes["lasting"] = False
        if alert.course is not None:
            ended = alert.course.usual_days > 0
            changes["course"] = msgspec.structs.replace(alert.course, ended=ended)
    return changes, f"as {say.OUTCOME_WORDS[cast('AlertOutcome', asked.outcome)]}"


def _text(text: str | None, field: str, most: int) -> str:
    said = " ".join((text or "").split())
    if not said:
        raise ActionError(f'"{field}" is missing')
    if len(said) > most:
        raise ActionError(f'"{field}" is longer than {most} characters')
    return said


def _clock(force: Force, at: dt.datetime | None, now: int) -> str:
    return "" if at is None else say.clock(force, to_ms(at), now)


def changed(
    force: Force, alert: Alert, at: int, what: What, *, notify: bool = False, **changes: Any
) -> Transition:
    """The next revision of an alert, its words made anew."""
    if changes.get("cleared") and not alert.cleared:
        changes["cleared_at"] = instant(at, force.zone)
    new: Alert = msgspec.structs.replace(
        alert, **changes, revision=alert.revision + 1, updated_at=instant(at, force.zone)
    )
    if notify and not new.notified:
        new = msgspec.structs.replace(new, notified=True)
    if alert.open and not new.open and (said := rules.closing(force, new, at)):
        new = msgspec.structs.replace(new, said=said, evidence=peak.evidence_at(new))
    new = msgspec.structs.replace(new, words=words_of(force, new, at))
    return Transition(what=what, at=instant(at, force.zone), notify=notify, alert=new)


def words_of(force: Force, alert: Alert, at: int) -> str:
    """The words of an alert as it now is."""
    if not alert.open:
        ended = to_ms(alert.resolved_at or alert.updated_at)
        by_months = alert.grain == "month" and alert.clear_periods > 0
        if by_months and alert.outcome is None and alert.judged_to is not None:
            # With its last month, which may be known only when the next has come.
            last_month = to_ms(alert.judged_to) - 1
            ended = last_month if to_ms(alert.opened_at) <= last_month < ended else ended
        opened = to_ms(alert.opened_at)
        open_since, when = say.opened_and_ended(force, alert.grain, opened, ended, at)
        # What its days carry says since when itself; what ended as it opened, when it was.
        if alert.course is not None or opened // MINUTE >= ended // MINUTE:
            open_since = ""
        last = say.resolved(when, alert.outcome, open_since)
    elif alert.snoozed_until is not None:
        until = say.clock(force, to_ms(alert.snoozed_until), at)
        last = say.owned(None, until, alert.snooze_reason)
    elif alert.owner is None and ms_of(alert.escalated_at) == at:
        waited = (at - to_ms(alert.waits_since)) // MINUTE * MINUTE
        last = say.escalated(max(MINUTE, waited) / SECOND)
    else:
        last = say.owned(alert.owner)
    said = alert.said
    if not alert.open:  # there is nothing left to accept
        said = tuple(sentence for sentence in said if sentence != say.ACCEPT)
    if alert.lasting and alert.open and alert.course is None:
        # Where there is room for it; a volume that goes on by its days says it itself.
        since = to_ms(alert.opened_at if alert.onset is None else alert.onset)
        accepted = (alert.kind, alert.grain) == (LEVEL_CHANGE.name, "month")
        said = (*said, say.lasting(force, since, at, accepted=accepted))
    if not alert.open:
        return say.fit_cleared(said, peak.in_words(force, alert, at), last)
    return say.fit(said, last)


# -- when people are notified ------------------------------------------------------------------


def in_quiet_hours(force: Force, severity: Severity, at: int) -> bool:
    """Whether nobody is to be notified of a severity at this hour of the day."""
    hours: str | None = getattr(force.file.alerts.quiet_hours, severity)
    if hours is None:
        return False
    start, _, end = hours.partition("-")
    clock = f"{instant(at, force.zone):%H:%M}"
    return start <= clock < end if start <= end else (clock >= start or clock < end)


def span(force: Force, window: Maintenance) -> tuple[int, int]:
    """A maintenance window in ms."""
    start, end = (
        to_ms(at if at.tzinfo else at.replace(tzinfo=force.zone))
        for at in (window.start, window.end)
    )
    return start, end


def maintenance_at(force: Force, at: int) -> Iterable[Maintenance]:
    """The windows that an instant is in."""
    for window in force.file.alerts.maintenance:
        start, end = span(force, window)
        if start <= at < end:
            yield window


def in_maintenance(force: Force, alert: Alert, at: int) -> bool:
    """Whether work is going on where an alert is about."""
    within = {alert.area, WHOLE}
    if alert.area != WHOLE:
        within |= set(force.rollup[force.area_index[alert.area]])
    return any(not w.areas or within & set(w.areas) for w in maintenance_at(force, at))


def may_notify(force: Force, alert: Alert, at: int) -> bool:
    """Whether people may be notified of an alert now."""
    return (
        alert.snoozed_until is None
        and not in_quiet_hours(force, alert.severity, at)
        and not in_maintenance(force, alert, at)
    )


def may_escalate(force: Force, alert: Alert, at: int) -> bool:
    """Whether a page has had no owner for too long. People are notified of that once."""
    if alert.severity != "page" or alert.owner or alert.escalated_at or not alert.notified:
        return False
    patience = force.file.alerts.escalate_after_minutes * MINUTE
    return at - to_ms(alert.waits_since) >= patience and may_notify(force, alert, at)


def coming_maintenance(force: Force, at: int) -> list[MaintenanceShown]:
    """The windows that go on or begin within a day, for the board."""
    found = []
    for window in force.file.alerts.maintenance:
        start, end = span(force, window)
        if at < end and start <= at + DAY:
            found.append(
                MaintenanceShown(
                    start=rfc3339(start, force.zone),
                    end=rfc3339(end, force.zone),
                    reason=window.reason,
                    areas=list(window.areas),
                )
            )
    return found
