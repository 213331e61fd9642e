"""Every sentence of an alert: complete without a link, and never longer than a text message.

    999 calls, Warwickshire: 21 in the hour to 22:40, usually 3 to 14. Up since about 21:50.
    17 of 21 answered within 10 s. Nobody has this yet.

The first sentence says what, where, how many, when and how many are usual. Who has it comes last.
Where not all of it fits in `LONGEST` characters, sentences in between are left out, last first.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.alert_records import Outcome
from streams.force import Force
from streams.measures import GROUPS, Measure, Unit
from streams.naming import name
from streams.periods import Calendar, Period
from streams.signal_words import amount, moment, place, since, subject, usual, when
from streams.signals import Signal

LONGEST = 160
NOBODY = "Nobody has this yet."
REPORTED = ("hate", "domestic", "domestic_abuse", "cse", "child_at_risk", "sexual")
"""What is under-reported: more of it on record is first of all more that was reported."""

OUTCOMES: dict[Outcome, str] = {
    "real": "real",
    "planned_event": "a planned event",
    "data_fault": "a fault in the data",
    "false": "a false alarm",
}


def measure_of(group: str, measure: str) -> Measure | None:
    """A measure of the registry by its names."""
    for each in GROUPS:
        if each.name == group:
            return next((m for m in each.measures if m.name == measure), None)
    return None


def unit_of(group: str, measure: str) -> Unit:
    """Whether a figure is a count, a share or a duration."""
    found = measure_of(group, measure)
    return "count" if found is None else found.unit


def about(force: Force, signal: Signal) -> str:
    """What a signal is about: `999 calls`, `Vehicle offences`."""
    found = measure_of(signal.group, signal.measure)
    if found is None or found.watch is None:
        return name(signal.measure)
    if "line" in signal.row:  # by its number, which everyone knows it by
        return found.watch.subject.format(line=calls(signal.row["line"]))
    return subject(force, found.watch, signal.row)


def calls(line: str) -> str:
    """`999 calls`."""
    return f"{line} calls"


def title(force: Force, signal: Signal) -> str:
    """`999 calls, Warwickshire`."""
    return f"{about(force, signal)}, {place(force, signal.area)}"


def is_reporting(signal: Signal) -> bool:
    """Whether a rise is first of all a rise in reporting."""
    if unit_of(signal.group, signal.measure) != "count":
        return False
    narrow = signal.row.get("category", signal.row.get("offence", signal.measure))
    return signal.polarity == "good" or narrow.split(".")[0] in REPORTED or "hate" in narrow


def volume(
    force: Force,
    signal: Signal,
    now: int,
    answered: tuple[int, int, int] | None = None,
    mostly: tuple[str, int] | None = None,
) -> tuple[str, ...]:
    """The sentences of an exceptional volume; `answered` is (in time, of, limit in seconds), and
    `mostly` (the area within that holds most of it, how many there)."""
    calendar = Calendar(force.zone)
    said = [_lead(force, calendar, signal, now)]
    if mostly is not None:
        said.append(f"{mostly[1]:,} of them in {place(force, mostly[0])}.")
    if is_reporting(signal):
        more = "more" if signal.direction == "up" else "fewer"
        said.append(f"That is {more} reports, which need not be {more} offences.")
    if signal.onset is not None and signal.onset < signal.start:
        began = since(calendar, signal.grain, signal.onset, now)
        said.append(f"{signal.direction.capitalize()} since about {began}.")
    if answered is not None and answered[1]:
        said.append(f"{answered[0]} of {answered[1]} answered within {answered[2]} s.")
    return tuple(said)


def level(force: Force, signal: Signal, now: int) -> tuple[str, ...]:
    """The sentences of a change of level."""
    calendar = Calendar(force.zone)
    unit = unit_of(signal.group, signal.measure)
    said = [_lead(force, calendar, signal, now)]
    onset = signal.start if signal.onset is None else signal.onset
    began = since(calendar, signal.grain, onset, now)
    change = f"A new level since about {began}"
    if signal.before is not None and signal.after is not None:
        change += f": {amount(signal.before, unit)} before, {amount(signal.after, unit)} since"
    elif signal.ratio is not None:
        change += f": {signal.ratio:.2g} times the old one"
    elif onset == signal.start:  # which the first sentence says already
        return tuple(said)
    return (*said, change + ".")


def _lead(force: Force, calendar: Calendar, signal: Signal, now: int) -> str:
    unit = unit_of(signal.group, signal.measure)
    period = Period(signal.grain, signal.period, signal.start, signal.end)
    figures = (
        f": {amount(signal.observed, unit)} {_told(calendar, period, signal, now)}, "
        f"{usual(signal.lower, signal.upper, unit)}."
    )
    return shortened(title(force, signal), LONGEST - len(figures)) + figures


def _told(calendar: Calendar, period: Period, signal: Signal, now: int) -> str:
    """The period; of an hour that runs, so far."""
    return when(calendar, period, now, running=signal.running)


def waiting(
    what: str, where: str, people: int, longest: float, limit: float, target: int
) -> tuple[str, ...]:
    """Callers who wait too long."""
    who = "1 caller waiting" if people == 1 else f"{people:,} callers waiting, the longest"
    figures = f": {who} for {duration(longest)}."
    return (
        shortened(f"{what}, {where}", LONGEST - len(figures)) + figures,
        f"The limit is {duration(limit)}.",
        f"The target is {duration(target)}.",
    )


def unattended(where: str, count: int, longest: float, limit: float) -> tuple[str, ...]:
    """Emergencies that nobody has reached."""
    what = "Emergency incident" if count == 1 else "Emergency incidents"
    figures = f": {count:,} not attended, the oldest for {duration(longest)}."
    return (
        shortened(f"{what}, {where}", LONGEST - len(figures)) + figures,
        f"The limit is {duration(limit)}.",
    )


def answer_rate(
    what: str, where: str, told: tuple[int, int], seconds: int, recent: float, target: float
) -> tuple[str, ...]:
    """An answer rate that has become worse."""
    figures = (
        f": {told[0]} of the last {told[1]} answered within {seconds} s, "
        f"usually {recent * 100:.0f} %, target {percent(target)}."
    )
    return (shortened(f"{what}, {where}", LONGEST - len(figures)) + figures,)


def missed(
    what: str, where: str, rate: float, target: float, seconds: int, weeks: int
) -> tuple[str, ...]:
    """A target that has been missed for weeks."""
    figures = (
        f": {percent(rate)} within {duration(seconds)} over {weeks} weeks, "
        f"target {percent(target)}. Missed in every week."
    )
    return (shortened(f"{what}, {where}", LONGEST - len(figures)) + figures,)


def feed(kind: str, force: str) -> str:
    """The title of what is said of a feed that is silent."""
    return f"Feed of {name(kind).lower()}, {force}"


def silent(words: str) -> tuple[str, ...]:
    """A silent feed, as surveillance words it."""
    return (words,)


def owned(owner: str | None, snoozed_until: str | None = None, reason: str | None = None) -> str:
    """The last sentence: who has it."""
    if snoozed_until is not None:
        why = f": {reason}" if reason else ""
        return f"Snoozed until {snoozed_until}{why}."
    return NOBODY if owner is None else f"{owner} has this."


def resolved(at: str, outcome: Outcome | None) -> str:
    """The last sentence of an alert that is over."""
    return f"Over at {at}." if outcome is None else f"Closed at {at}: {OUTCOMES[outcome]}."


def escalated(minutes: int) -> str:
    """Why it is sent again."""
    return f"Nobody has taken this for {minutes} minutes."


def fit(said: Sequence[str], last: str = "", longest: int = LONGEST) -> str:
    """The sentences in their order, as many as fit: the first, the last, then the others.

    >>> fit(["A county: 5.", "Up since Monday.", "3 of 5 answered."], "Anna has this.", 50)
    'A county: 5. Up since Monday. Anna has this.'
    """
    first = shortened(said[0] if said else "", longest)
    last = shortened(last, longest)
    room = longest - len(first)
    ending = f" {last}" if last and len(last) + 1 <= room else ""
    room -= len(ending)
    kept = [first]
    for sentence in said[1:]:
        if sentence and len(sentence) + 1 <= room:
            kept.append(sentence)
            room -= len(sentence) + 1
    return " ".join(kept) + ending


def shortened(text: str, longest: int) -> str:
    """A text cut at a word, with an ellipsis, where it is too long."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    if longest < 2:
        return text[: max(0, longest)]
    cut = text[: longest - 1].rpartition(" ")[0] or text[: longest - 1]
    return cut.rstrip(" ,.:") + "…"


def duration(seconds: float) -> str:
    """`40 s`, `4 min`, `2 min 30 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        rest = f" {whole % 60} s" if whole % 60 else ""
        return f"{whole // 60} min{rest}"
    rest = f" {whole % 3600 // 60} min" if whole % 3600 >= 60 else ""
    return f"{whole // 3600} h{rest}"


def percent(share: float) -> str:
    """`83 %`, `92.5 %`."""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def summary(weeks: int, alerts: int, false: int, budget: float) -> str:
    """`last 4 weeks: 5 alerts, 1 false, budget 4`."""
    plural = "alert" if alerts == 1 else "alerts"
    return f"last {weeks} weeks: {alerts:,} {plural}, {false:,} false, budget {budget:g}"


def clock(force: Force, ms: int, now: int) -> str:
    """A time of day, with its day where that is another: `22:40`, `22:40 on Monday`."""
    return moment(Calendar(force.zone), ms, now)


def behind(force: Force, seconds: float) -> tuple[str, ...]:
    """Watchroom does not keep up."""
    lead = f"Watchroom, {force.name}: behind for {duration(seconds)}."
    return (lead, "The figures are older than they look. No other alert can be relied on.")


def no_checkpoint(force: Force, seconds: float) -> tuple[str, ...]:
    """Nothing is saved."""
    lead = f"Watchroom, {force.name}: no checkpoint for {duration(seconds)}."
    return (lead, "Counting goes on. A restart will take longer.")


TROUBLES = {"topic": "a topic is not as it should be", "wrong_partition": "wrong partition"}
"""What the titles of alerts call the kinds of `streams.live.Health.troubles`."""


def trouble(force: Force, sentences: Sequence[str]) -> tuple[str, ...]:
    """What keeps figures from being whole: the first problem, its cure, and how many more there
    are. A problem is told in sentences of which the first two stand for all."""
    problem, *cure = sentences[0].rstrip(".").split(". ")
    more = len(sentences) - 1
    head = f"Watchroom, {force.name}: "
    lead = head + shortened(problem, LONGEST - len(head) - 1) + "."
    rest = (f"{more} more like this.",) if more else ()
    return (lead, *(f"{sentence}." for sentence in cure[:1]), *rest)


def faulty(force: Force, faults: int) -> tuple[str, ...]:
    """Something that watches fails."""
    lead = f"Watchroom, {force.name}: {faults:,} fault{'s' * (faults != 1)} in what watches."
    return (lead, "Counting goes on, but a surge may raise no alert. The log says why.")
