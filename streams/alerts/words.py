"""Every sentence of an alert: complete without a link, and never longer than a text message.

    999 calls, Warwickshire: 21 in the hour to 22:40, usually 3 to 14. Up since about 21:50.
    17 of 21 answered within 10 s. Nobody has this yet.

The first sentence says what, where, how many, when and how many are usual; the second what matters
most besides: since when and by how much. Who has it comes last. Where not all of it fits in
`LONGEST_TEXT` characters, the sentences after the second are left out, last first; then who has it,
and only then the name in the first is shortened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from math import floor
from typing import NamedTuple

from msgspec import UnsetType

from streams.alerts.model import Alert, AlertOutcome
from streams.config.force import Force
from streams.events.origin import NotLive
from streams.periods import Calendar, Period, to_ms
from streams.registry.phrases import (
    change,
    date,
    figure,
    fits,
    full_date,
    moment,
    moments,
    place,
    round_duration,
    since,
    span,
    subject,
    usual,
    when,
)
from streams.registry.registry import REGISTRY
from streams.surveillance.signals import Signal

LONGEST_TEXT = 160
NOBODY_YET = "Nobody has this yet."
OPEN_SINCE = ", open since "
NOT_TAKEN = "Nobody has taken this for"
ACCEPT = "Lasting: close it as real to accept the level."
MARKS: dict[NotLive, str] = {
    "simulated": "SIMULATED",
    "replayed": "REPLAYED",
    "mixed": "PARTLY MADE UP",
}
"""The first words of whatever is sent of an alert whose records are not of a live feed."""
OUTCOME_WORDS: dict[AlertOutcome, str] = {
    "real": "real",
    "planned_event": "a planned event",
    "data_fault": "a fault in the data",
    "false": "a false alarm",
}


def about(force: Force, signal: Signal) -> str:
    """What a signal is about: `999 calls`, `Vehicle offences`."""
    found = REGISTRY.measure(signal.group, signal.measure)
    if found is None or found.watch is None:
        return REGISTRY.plain_name(signal.measure)
    return subject(force, found.watch, signal.row, brief=True)


def marked(alert: Alert, text: str) -> str:
    """A text about an alert as it is sent: what is made up says so first."""
    return text if isinstance(alert.origin, UnsetType) else f"{MARKS[alert.origin]}: {text}"


def local_instant(at: dt.datetime) -> str:
    """An instant of an alert, which is on the force's clock, as a message says it.

    >>> local_instant(dt.datetime.fromisoformat("2026-11-21T22:00:00+00:00"))
    '22:00 on Saturday 21 November 2026'
    """
    return f"{at:%H:%M} on {at:%A} {full_date(at)}"


def calls(line: str) -> str:
    """`999 calls`."""
    return f"{line} calls"


def title(force: Force, signal: Signal) -> str:
    """`999 calls, Warwickshire`."""
    return f"{about(force, signal)}, {place(force, signal.area)}"


def lasting(force: Force, since: int, now: int, *, accepted: bool) -> str:
    """The sentence of what has lasted; `accepted` where a person can have it taken as the level."""
    return ACCEPT if accepted else f"Lasting since {date(Calendar(force.zone), since, now)}."


def changed(calendar: Calendar, signal: Signal, onset: int, now: int) -> str:
    """Since when a figure has changed, and by how much: `Up since about 21:50.`"""
    unit = REGISTRY.unit(signal.group, signal.measure)
    began = since(calendar, signal.grain, onset, now)
    return change(signal, began, unit, span(calendar, _period(signal), onset))


def waited(seconds: float, limit: float) -> str:
    """How long somebody has waited, in whole seconds, beyond a limit: never in the same words as
    the limit.

    >>> waited(1441.0, 1440.0), waited(3601.0, 3600.0), waited(4000.0, 3600.0)
    ('24 min 1 s', '1 h 1 s', '1 h 6 min')
    """
    said = round_duration(seconds)
    return f"{said} {seconds % 60:.0f} s" if said == round_duration(floor(limit)) else said


def beyond(late: int, of: int, limit: float) -> str:
    """How many of those who wait have waited beyond the limit.

    >>> beyond(1, 3, 1440.0), beyond(3, 3, 1439.6)
    ('1 of the 3 is beyond the limit of 24 min.', 'All 3 are beyond the limit of 23 min 59 s.')
    """
    longest = round_duration(floor(limit))
    if of == 1:
        return f"The limit is {longest}."
    if late == of:
        return f"{'Both' if of == 2 else f'All {of:,}'} are beyond the limit of {longest}."
    return f"{late:,} of the {of:,} {'is' if late == 1 else 'are'} beyond the limit of {longest}."


class WorstWait(NamedTuple):
    """The worst wait that was seen of an alert, in words."""

    people: int | None
    """How many waited then."""
    limit: str
    """`5 min`"""
    by: str
    """`6 min 47 s by 02:57`"""
    beyond: str
    """`2 beyond the limit of 5 min`"""


def worst_wait(force: Force, alert: Alert, at: int) -> WorstWait | None:
    """The worst wait that was seen of an alert, as of an instant in ms; None where it has none, or
    no limit. It is seen at full minutes, so that it says by when somebody had waited so long."""
    peak, limit = alert.peak, alert.evidence.upper
    if isinstance(peak, UnsetType) or limit is None:
        return None
    longest = round_duration(floor(limit))
    by = f"{waited(peak.observed, limit)} by {clock(force, to_ms(peak.start), at)}"
    beyond = f"beyond the limit of {longest}"
    if peak.numerator != 1 and not isinstance(peak.late, UnsetType):
        beyond = f"{peak.late:,} {beyond}"
    return WorstWait(peak.numerator, longest, by, beyond)


def _period(signal: Signal) -> Period:
    return Period(signal.grain, signal.period, signal.start, signal.end)


def lead(
    force: Force, calendar: Calendar, signal: Signal, now: int, *, compared: bool = True
) -> str:
    """The first sentence of a signal: its figure, when, and the usual range if `compared`."""
    unit = REGISTRY.unit(signal.group, signal.measure)
    happened = when(calendar, _period(signal), now, running=signal.running, first=signal.first)
    figures = f": {figure(signal.observed, unit, signal.cases)} {happened}"
    if compared and fits(signal):
        figures += f", {usual(signal.lower, signal.upper, unit, signal.observed)}"
    return named(title(force, signal), figures + ".")


def named(name: str, figures: str, longest: int = LONGEST_TEXT) -> str:
    """A sentence of a name and figures, its name shortened where it is too long."""
    return shortened(name, longest - len(figures)) + figures


def owned(owner: str | None, snoozed_until: str | None = None, reason: str | None = None) -> str:
    """The last sentence: who has it."""
    if snoozed_until is not None:
        why = f": {reason}" if reason else ""
        return f"Snoozed until {snoozed_until}{why}."
    return NOBODY_YET if owner is None else f"{owner} has this."


def resolved(at: str, outcome: AlertOutcome | None, opened: str = "") -> str:
    """The last sentence of an alert that is over: `at` is `at 22:40`, `on 31 May 2020`, and
    `opened` since when it was open, where no other sentence says so: `14:00`, `3 May 2020`.

    >>> resolved("at 22:40", None, "14:00"), resolved("on 31 May 2020", "real")
    ('Over at 22:40, open since 14:00.', 'Closed on 31 May 2020: real.')
    """
    if outcome is not None:
        return f"Closed {at}: {OUTCOME_WORDS[outcome]}."
    return f"Over {at}{OPEN_SINCE}{opened}." if opened else f"Over {at}."


def opened_and_ended(
    force: Force, grain: str, opened: int, ended: int, now: int
) -> tuple[str, str]:
    """When an alert opened, and when it ended: `22:40` and `at 23:50`, more than a day apart `22:40
    on 29 May` and `at 23:50 on 31 May`, by the day or month `29 May 2020` and `on 31 May 2020`."""
    calendar = Calendar(force.zone)
    if grain in ("day", "month"):
        since, until = (full_date(calendar.local(ms)) for ms in (opened, ended))
        return since, f"on {until}"
    since, until = moments(calendar, opened, ended, now)
    return since, f"at {until}"


def escalated(seconds: float) -> str:
    """Why it is sent again."""
    return f"{NOT_TAKEN} {round_duration(seconds)}."


def fit(
    said: Sequence[str], last: str = "", longest: int = LONGEST_TEXT, *, cleared: bool = False
) -> str:
    """The sentences in their order, as many as fit: the first two, the last, then the others; of an
    alert that is over the last before the second.

    >>> fit(["A county: 5.", "Up since Monday.", "3 of 5 answered."], "Anna has this.", 50)
    'A county: 5. Up since Monday. Anna has this.'
    >>> fit(["A county of the far north: 5.", "Up since Monday."], "Nobody has this yet.", 40)
    'A county of the…: 5. Up since Monday.'
    >>> fit(["A county: 5, usually 1 to 2.", "Up since May."], "Over on 1 June.", 42, cleared=True)
    'A county: 5. Up since May. Over on 1 June.'
    """
    first, change, *others = [*said, "", ""][: max(2, len(said))]
    whole, second, ending = _first_and_last(first, change, last, longest, cleared=cleared)
    room = longest - len(whole) - room_of(second) - room_of(ending)
    if others and room_of(others[0]) > room:
        # For the third sentence, such as where most of it is, a name may lose a quarter.
        less = room_of(others[0]) - room
        shorter = _shorter_name(whole, len(whole) - less)
        if less <= len(first.partition(": ")[0]) // 4 and _has_place(shorter) == _has_place(whole):
            whole = shorter
            room = longest - len(whole) - room_of(second) - room_of(ending)
    kept = [whole, second]
    for sentence in others:
        if sentence and room_of(sentence) <= room:
            kept.append(sentence)
            room -= room_of(sentence)
    return " ".join(filter(None, (*kept, ending)))


def fit_cleared(said: Sequence[str], highest: str, last: str, longest: int = LONGEST_TEXT) -> str:
    """The sentences of an alert that is over, with that of its highest figure before the last.

    Where not all fit, since when it was open goes first, if its change says since when; then the
    change, if the first sentence has a usual range to compare with, else the highest figure.

    >>> county = ["A county: 5, usually 1 to 2.", "Up since 2:00."]
    >>> fit_cleared(county, "Highest 9.", "Over at 7:00, open since 3:00.", 85)
    'A county: 5, usually 1 to 2. Up since 2:00. Highest 9. Over at 7:00, open since 3:00.'
    >>> fit_cleared(county, "Highest 9.", "Over at 7:00, open since 3:00.", 84)
    'A county: 5, usually 1 to 2. Up since 2:00. Highest 9. Over at 7:00.'
    >>> fit_cleared(county, "Highest 9.", "Over at 7:00, open since 3:00.", 60)
    'A county: 5, usually 1 to 2. Highest 9. Over at 7:00.'
    >>> fit_cleared(["A county: 5.", "A level since May."], "Lowest 4.", "Over on 1 June.", 50)
    'A county: 5. A level since May. Over on 1 June.'
    """
    first, change = [*said, ""][:2]
    whole = [last]
    if " since " in change and OPEN_SINCE in last:
        whole.append(f"{last.partition(OPEN_SINCE)[0]}.")
    tries = [(first, change, highest)]
    if highest:
        tries += [(first, "", highest), (first, change, "")][:: 1 if _has_range(first) else -1]
    for lead, second, more in tries:
        others = said[2:] if second else ()
        for ending in whole:
            if sum(map(room_of, (lead, second, more, ending))) - 1 <= longest:
                both = " ".join(filter(None, (more, ending)))
                return fit([lead, second, *others], both, longest, cleared=True)
    return fit(said, whole[-1], longest, cleared=True)


LEAST_NAME = 12
"""A name is not cut to fewer characters."""
LEAST_WHAT = 8
"""Where nothing of its place would be left, so much of what it is stays beside the place."""


def _first_and_last(
    first: str, change: str, last: str, longest: int, *, cleared: bool
) -> tuple[str, str, str]:
    """The first sentence, the second and the last, as they fit; what is left out is empty."""
    name = len(first.partition(": ")[0])
    tries = [(first, change, last, name)]  # the first, what follows, and the least of its name
    if last == NOBODY_YET:
        tries += [(first, change, "", name), (first, change, "", LEAST_NAME)]
    elif cleared:  # what it was says more than the range that it was outside of
        tries.append((_without_range(first), change, last, name))
    else:
        tries += [(first, change, last, LEAST_NAME), (first, change, "", LEAST_NAME)]
    for lead, second, ending, least in (*tries, (first, "", last, LEAST_NAME)):
        whole = _shorter_name(lead, longest - room_of(second) - room_of(ending), least)
        if len(whole) + room_of(second) + room_of(ending) <= longest:
            return whole, second, ending
    return shortened(first, longest), "", ""


def _has_range(first: str) -> bool:
    return ", usually " in first


def _without_range(first: str) -> str:
    figure_and_period, usually, _ = first.rpartition(", usually ")
    return f"{figure_and_period}." if usually else first


def _has_place(sentence: str) -> bool:
    """Whether the name before its figures has a place, worth more than a third sentence."""
    return ", " in sentence.partition(": ")[0]


def room_of(sentence: str) -> int:
    """The characters that a further sentence takes."""
    return len(sentence) + 1 if sentence else 0


def _shorter_name(sentence: str, longest: int, least: int = LEAST_NAME) -> str:
    """A sentence with the name before its figures shortened, to no fewer characters than that."""
    name, colon, figures = sentence.partition(": ")
    if len(sentence) <= longest or not colon:
        return sentence
    room = max(min(max(least, LEAST_NAME), len(name)), longest - len(colon) - len(figures))
    what, comma, where = name.rpartition(", ")
    cut, left = shortened(name, room), room - len(comma) - len(where)
    if comma and len(cut) <= len(what) + len(comma) + 1 and left >= LEAST_WHAT:
        cut = shortened(what, left) + comma + where
    return cut + colon + figures


def shortened(text: str, longest: int) -> str:
    """A text cut at a word, with an ellipsis, where it is too long."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    if longest < 2:
        return text[: max(0, longest)]
    cut = text[: longest - 1].rpartition(" ")[0] or text[: longest - 1]
    return cut.rstrip(" ,.:") + "…"


def summary(weeks: int, alerts: int, false: int, budget: float) -> str:
    """`last 4 weeks: 5 alerts, 1 false, budget 4`."""
    plural = "alert" if alerts == 1 else "alerts"
    return f"last {weeks} weeks: {alerts:,} {plural}, {false:,} false, budget {budget:g}"


def clock(force: Force, ms: int, now: int) -> str:
    """A time of day, with its day where that is another: `22:40`, `22:40 on Monday`."""
    return moment(Calendar(force.zone), ms, now)
