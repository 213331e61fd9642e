"""Every sentence of an alert: complete without a link, and never longer than a text message.

    999 calls, Warwickshire: 21 in the hour to 22:40, usually 3 to 14. Up since about 21:50.
    17 of 21 answered within 10 s. Nobody has this yet.

The first sentence says what, where, how many, when and how many are usual; the second what matters
most besides: since when and by how much. Who has it comes last. Where not all of it fits in
`LONGEST` characters, the sentences after the second are left out, last first; then who has it, and
only then the name in the first is shortened.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.alerts.model import AlertOutcome
from streams.config.force import Force
from streams.periods import Calendar, Period
from streams.registry.measures import GROUPS, Measure, Unit, plain_name
from streams.registry.phrases import (
    change,
    figure,
    fits,
    moment,
    place,
    since,
    span,
    subject,
    usual,
    when,
)
from streams.surveillance.signals import Signal

LONGEST = 160
NOBODY = "Nobody has this yet."
ACCEPT = "Lasting: close it as real to accept the level."
REPORTS = {
    "up": "That is more reports, which need not be more offences.",
    "down": "That is fewer reports, which need not be fewer offences.",
}
REPORTED = ("hate", "domestic", "domestic_abuse", "cse", "child_at_risk", "sexual")
"""What is under-reported: more of it on record is first of all more that was reported."""

OUTCOMES: dict[AlertOutcome, str] = {
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
        return plain_name(signal.measure)
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
    if signal.onset is not None and signal.onset < signal.start:
        said.append(_change(calendar, signal, signal.onset, now))
    if mostly is not None:
        said.append(f"{mostly[1]:,} of them in {place(force, mostly[0])}.")
    if is_reporting(signal):
        said.append(REPORTS[signal.direction])
    if answered is not None and answered[1]:
        said.append(f"{answered[0]:,} of {answered[1]:,} answered within {answered[2]} s.")
    return (*said, *signal.caveats)


def by_days(
    force: Force, about: str, day: Signal, times: float, since: int, now: int
) -> tuple[str, ...]:
    """The sentences of a volume that goes on by its days; `times` is its ratio since then.

    999 calls, Warwickshire: 610 on Wednesday 1 July, usually about 200.
    About 3.1 times the usual since 1 July.
    """
    calendar = Calendar(force.zone)
    usually = _about(day.expected or 0.0)
    figures = (
        f": {day.observed:,.0f} on {date(calendar, day.start, now, weekday=True)}, "
        f"usually about {usually}."
    )
    lead = shortened(about, LONGEST - len(figures)) + figures
    said = [lead, times_since(force, times, since, now)]
    if is_reporting(day):
        said.append(REPORTS[day.direction])
    return tuple(said)


def times_since(force: Force, times: float, since: int, now: int) -> str:
    """`About 1.6 times the usual since 1 July.`"""
    began = date(Calendar(force.zone), since, now)
    return f"About {times:.2g} times the usual since {began}."


def by_two_days(
    force: Force,
    about: str,
    day: Signal,
    two: tuple[float, float],
    times: float,
    since: int,
    now: int,
) -> tuple[str, ...]:
    """The sentences of a volume that has grown in the two days up to one: what came in both, and
    what was usual.

    999 calls, Warwickshire: 2.2 times the usual over the 2 days to Thursday 16 July, 730 a day,
    usually about 332. About 1.6 times the usual since 1 July.
    """
    calendar = Calendar(force.zone)
    to = date(calendar, day.start, now, weekday=True)
    figures = (
        f": {two[0] / two[1]:.2g} times the usual over the 2 days to {to}, "
        f"{_about(two[0] / 2)} a day, usually about {_about(two[1] / 2)}."
    )
    lead = shortened(about, LONGEST - len(figures)) + figures
    return (lead, times_since(force, times, since, now))


def by_days_past(
    force: Force, about: str, a_day: tuple[float, float], span: tuple[int, int], now: int
) -> tuple[str, ...]:
    """The sentence of a volume that went on by its days and is over: what came on a day, what was
    usual, and from when to when.

    999 calls, Warwickshire: 1.6 times the usual from 1 to 5 July, 528 a day, usually about 330.
    """
    calendar = Calendar(force.zone)
    first, last = date(calendar, span[0], now), date(calendar, span[1] - 1, now)
    day, _, month = first.partition(" ")
    when = f"on {first}"
    if first != last:
        when = f"from {day if last.partition(' ')[2] == month else first} to {last}"
    came, usually = (_about(each) for each in a_day)
    daily = " a day" * (first != last)
    figures = (
        f": {a_day[0] / a_day[1]:.2g} times the usual {when}, {came}{daily}, "
        f"usually about {usually}."
    )
    return (shortened(about, LONGEST - len(figures)) + figures,)


def by_weeks(
    force: Force, about: str, days: tuple[float, float], times: float, since: int, now: int
) -> tuple[str, ...]:
    """The sentences of a volume that has lasted; `days` is what came on a day since then, and what
    was usual."""
    came, usually = (_about(each) for each in days)
    figures = (
        f": {times:.2g} times the usual since {date(Calendar(force.zone), since, now)}, "
        f"{came} a day, usually about {usually}."
    )
    return (shortened(about, LONGEST - len(figures)) + figures, ACCEPT)


def _about(many: float) -> str:
    """`1,204`, `12`, below ten `1.4`, as of so few a whole number says too little, and at the least
    `less than 0.1`."""
    if many < 0.05:
        return "less than 0.1"
    return f"{many:,.0f}" if many >= 9.95 else f"{many:.1f}".removesuffix(".0")


def taken_as_usual(said: Sequence[str]) -> tuple[str, ...]:
    """The sentences of a volume that has lasted, once its level is taken as the usual by itself."""
    return (said[0], "After 26 weeks its level is taken as the usual.")


def lasting(force: Force, since: int, now: int, *, accepted: bool) -> str:
    """The sentence of what has lasted; `accepted` where a person can have it taken as the level."""
    return ACCEPT if accepted else f"Lasting since {date(Calendar(force.zone), since, now)}."


def level(force: Force, signal: Signal, now: int) -> tuple[str, ...]:
    """The sentences of a change of level."""
    calendar = Calendar(force.zone)
    lead = _lead(force, calendar, signal, now)
    onset = signal.start if signal.onset is None else signal.onset
    known = signal.before is not None and signal.after is not None
    if signal.onset is None and not known and signal.ratio is None:
        return (lead, *signal.caveats)  # which says since when
    changed = _change(calendar, signal, onset, now)
    if len(lead) + _room(changed) > LONGEST and signal.before is not None:
        # The level before is the baseline of both.
        lead = _lead(force, calendar, signal, now, compared=False)
    return (lead, changed, *signal.caveats)


def _change(calendar: Calendar, signal: Signal, onset: int, now: int) -> str:
    unit = unit_of(signal.group, signal.measure)
    began = since(calendar, signal.grain, onset, now)
    return change(signal, began, unit, span(calendar, _period(signal), onset))


def _period(signal: Signal) -> Period:
    return Period(signal.grain, signal.period, signal.start, signal.end)


def _lead(
    force: Force, calendar: Calendar, signal: Signal, now: int, *, compared: bool = True
) -> str:
    unit = unit_of(signal.group, signal.measure)
    happened = when(calendar, _period(signal), now, running=signal.running, first=signal.first)
    figures = f": {figure(signal.observed, unit, signal.cases)} {happened}"
    if compared and fits(signal):
        figures += f", {usual(signal.lower, signal.upper, unit, signal.observed)}"
    return named(title(force, signal), figures + ".")


def named(name: str, figures: str, longest: int = LONGEST) -> str:
    """A sentence of a name and figures, its name shortened where it is too long."""
    return shortened(name, longest - len(figures)) + figures


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
    oldest = "" if count == 1 else ", the oldest"
    figures = f": {count:,} not attended{oldest} for {duration(longest)}."
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


def fallen(
    force: Force,
    line: str,
    told: tuple[int, int],
    seconds: int,
    usual_share: float,
    target: float,
    days: tuple[Period, int, int],
    *,
    running: bool,
) -> tuple[str, ...]:
    """An answer rate that has been low for a day or more: `days` are the day of the figures, when
    it fell, and now."""
    calendar = Calendar(force.zone)
    day, since_, now = days
    on = f"{'so far ' * running}on {date(calendar, day.start, now, weekday=True)}"
    figures = (
        f": {told[0]:,} of {told[1]:,} answered within {seconds} s {on}, "
        f"usually {usual_share * 100:.0f} %, target {percent(target)}."
    )
    began = f"{calendar.local(since_):%H:%M} on {date(calendar, since_, now)}"
    head = shortened(f"{calls(line)}, {force.name}", LONGEST - len(figures))
    return (head + figures, f"Down since about {began}.")


def date(calendar: Calendar, at: int, now: int, *, weekday: bool = False) -> str:
    """`1 July`, or `Wednesday 1 July 2020` where it is another year."""
    local = calendar.local(at)
    year = f" {local.year}" if local.year != calendar.local(now).year else ""
    return f"{local:%A} " * weekday + f"{local.day} {local:%B}{year}"


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
    return f"Feed of {plain_name(kind).lower()}, {force}"


def silent(words: str) -> tuple[str, ...]:
    """A silent feed, as surveillance words it."""
    return (words,)


def owned(owner: str | None, snoozed_until: str | None = None, reason: str | None = None) -> str:
    """The last sentence: who has it."""
    if snoozed_until is not None:
        why = f": {reason}" if reason else ""
        return f"Snoozed until {snoozed_until}{why}."
    return NOBODY if owner is None else f"{owner} has this."


def resolved(at: str, outcome: AlertOutcome | None) -> str:
    """The last sentence of an alert that is over: `at` is `at 22:40`, `on 31 May 2020`."""
    return f"Over {at}." if outcome is None else f"Closed {at}: {OUTCOMES[outcome]}."


def ended(force: Force, grain: str, ms: int, now: int) -> str:
    """When an alert ended: at a time of day, or on a date where it is told by the day or month."""
    if grain in ("day", "month"):
        local = Calendar(force.zone).local(ms)
        return f"on {local.day} {local:%B %Y}"
    return f"at {clock(force, ms, now)}"


def escalated(seconds: float) -> str:
    """Why it is sent again."""
    return f"Nobody has taken this for {duration(seconds)}."


def fit(said: Sequence[str], last: str = "", longest: int = LONGEST, *, over: bool = False) -> str:
    """The sentences in their order, as many as fit: the first two, the last, then the others; of an
    alert that is over the last before the second.

    >>> fit(["A county: 5.", "Up since Monday.", "3 of 5 answered."], "Anna has this.", 50)
    'A county: 5. Up since Monday. Anna has this.'
    >>> fit(["A county of the far north: 5.", "Up since Monday."], "Nobody has this yet.", 40)
    'A county of the…: 5. Up since Monday.'
    >>> fit(["A county: 5, usually 1 to 2.", "Up since May."], "Over on 1 June.", 42, over=True)
    'A county: 5. Up since May. Over on 1 June.'
    """
    first, change, *others = [*said, "", ""][: max(2, len(said))]
    whole, second, ending = _first_and_last(first, change, last, longest, over=over)
    room = longest - len(whole) - _room(second) - _room(ending)
    if others and _room(others[0]) > room:
        # For the third sentence, such as where most of it is, a name may lose a quarter.
        less = _room(others[0]) - room
        if less <= len(first.partition(": ")[0]) // 4:
            whole = _shorter_name(whole, len(whole) - less)
            room = longest - len(whole) - _room(second) - _room(ending)
    kept = [whole, second]
    for sentence in others:
        if sentence and _room(sentence) <= room:
            kept.append(sentence)
            room -= _room(sentence)
    return " ".join(filter(None, (*kept, ending)))


LEAST_NAME = 12
"""A name is not cut to fewer characters."""
LEAST_WHAT = 8
"""Where nothing of its place would be left, so much of what it is stays beside the place."""


def _first_and_last(
    first: str, change: str, last: str, longest: int, *, over: bool
) -> tuple[str, str, str]:
    """The first sentence, the second and the last, as they fit; what is left out is empty."""
    name = len(first.partition(": ")[0])
    tries = [(first, change, last, name)]  # the first, what follows, and the least of its name
    if last == NOBODY:
        tries += [(first, change, "", name), (first, change, "", LEAST_NAME)]
    elif over:  # what it was says more than the range that it was outside of
        tries.append((_without_range(first), change, last, name))
    else:
        tries += [(first, change, last, LEAST_NAME), (first, change, "", LEAST_NAME)]
    for lead, second, ending, least in (*tries, (first, "", last, LEAST_NAME)):
        whole = _shorter_name(lead, longest - _room(second) - _room(ending), least)
        if len(whole) + _room(second) + _room(ending) <= longest:
            return whole, second, ending
    return shortened(first, longest), "", ""


def _without_range(first: str) -> str:
    told, usually, _ = first.rpartition(", usually ")
    return f"{told}." if usually else first


def _room(sentence: str) -> int:
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
