"""Signals in plain English, all of it here: what, where, how many, when, and how many are usual.

    999 calls, Warwickshire: 21 in the hour to 22:00, usually 3 to 14. Up since about 21:00.

Times are local. What is older than a day is told with its day, what is older than a week with its
date.
"""

from __future__ import annotations

import datetime as dt

from streams.events import KINDS
from streams.force import WHOLE, Force
from streams.measures import ALL, Unit, Watch
from streams.naming import name
from streams.periods import DAY, Calendar, Grain, Period
from streams.refusals import WORDS as REASONS


def subject(force: Force, watch: Watch, row: dict[str, str]) -> str:
    """What a sentence is about: `999 calls`, `Vehicle offences`, `Incidents`."""
    narrow = row.get("category", row.get("offence"))
    if narrow == ALL:
        return watch.of_all
    said = {"line": _line(force, row["line"])} if "line" in row else {}
    if narrow is not None:
        said |= {"category": name(narrow), "offence": name(narrow)}
    told = watch.subject.format(**said)
    for twice in ("offences offences", "crime offences"):  # "Other crime" is a group's own name
        told = told.replace(twice, twice.partition(" ")[0])
    return told


def _line(force: Force, line: str) -> str:
    """A line by its name in the force's file, as calls: `999 calls`."""
    named = force.lines[force.line_index[line]].name
    return named if "call" in named.casefold() else f"{named} calls"


def place(force: Force, area: str) -> str:
    """An area by its name in the force's file."""
    found = None if area == WHOLE else force.areas[force.area_index[area]]
    return force.name if found is None else found.name


def amount(value: float, unit: Unit) -> str:
    """A count, a share in per cent or a duration: `1,021`, `84.0 %`, `12 min 4 s`."""
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "ratio":
        return f"{value * 100:.1f} %"
    whole = round(value)
    return f"{whole} s" if whole < 60 else f"{whole // 60:,} min {whole % 60} s"


def usual(lower: float | None, upper: float | None, unit: Unit) -> str:
    """The range of most periods: `usually 3 to 14`."""
    if lower is None or upper is None:
        return "nothing to compare with yet"
    return f"usually {amount(lower, unit)} to {amount(upper, unit)}"


def moment(calendar: Calendar, ms: int, now: int) -> str:
    """A time of day, with its day where that is older: `21:00`, `21:00 on Monday`."""
    local = calendar.local(ms)
    said = f"{local:%H:%M}"
    if now - ms > DAY:
        said += f" on {_day(local, calendar.local(now))}"
    return said


def _day(local: dt.datetime, now: dt.datetime) -> str:
    if (now.date() - local.date()).days < 7:
        return f"{local:%A}"
    return f"{local:%A} {local.day} {local:%B %Y}"


def when(calendar: Calendar, period: Period, now: int, *, running: bool = False) -> str:
    """The period: `in the hour to 22:00`, `on Monday`, `in October 2017`; or `since 21:00`."""
    local = calendar.local(period.start)
    if running:
        return f"from {moment(calendar, period.start, now)} to {moment(calendar, period.end, now)}"
    if period.grain == "hour":
        return f"in the hour to {moment(calendar, period.end, now)}"
    if period.grain == "day":
        return f"on {_day(local, calendar.local(now))}"
    return f"in {local:%B %Y}"


def since(calendar: Calendar, grain: str, onset: int, now: int) -> str:
    """When a change began: `21:00`, `Monday`, `October 2017`."""
    local = calendar.local(onset)
    if grain == "hour":
        return moment(calendar, onset, now)
    return _day(local, calendar.local(now)) if grain == "day" else f"{local:%B %Y}"


def change(direction: str, began: str, ratio: float | None) -> str:
    """Since when, and by how much where that is known: `Up since about 21:00.`"""
    times = "" if ratio is None else f", to {ratio:.2g} times the usual"
    return f"{direction.capitalize()} since about {began}{times}."


def only_since(reason: str) -> str:
    """Of a baseline that began anew."""
    return f"Compared only with what was recorded after a change: {reason}."


def silent(kind: str, force: Force, gap: str, expected: float) -> str:
    """No record of a kind where some were to be expected."""
    return (
        f"{name(kind).capitalize()}, {force.name}: nothing for {gap}, "
        f"where {expected:,.0f} records were expected. The feed may be down."
    )


def missing(kind: str, force: Force, when: str) -> str:
    """A stretch of the past in which a feed was not heard."""
    return f"{name(kind).capitalize()}, {force.name}: nothing {when}; missing, not zero."


def stretch(calendar: Calendar, start: int, end: int) -> str:
    """A stretch of the past: `for August to October 2021`, `for 20 to 26 May 2021`, `from 10:20 to
    15:05 on 6 April 2021`; its whole months, else its whole days, where it has any."""
    grains: tuple[Grain, ...] = ("month", "day")
    for grain in grains:
        first = calendar.start(grain, start)
        first = first if first == start else calendar.end(grain, start)
        last = calendar.start(grain, end)
        long = grain == "day" or (first - start + end - last) < DAY
        if first < last and long:
            return f"for {_span(calendar.local(first), calendar.local(last - 1), grain)}"
    a, b = calendar.local(start), calendar.local(end)
    on = f"{b.day} {b:%B %Y}"
    if a.date() == b.date():
        return f"from {a:%H:%M} to {b:%H:%M} on {on}"
    return f"from {a:%H:%M} on {a.day} {a:%B %Y} to {b:%H:%M} on {on}"


def _span(first: dt.datetime, last: dt.datetime, grain: str) -> str:
    """The first and the last month or day: what they share is said once."""
    day = "" if grain == "month" else f"{last.day} "
    until = f"{day}{last:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        same = grain == "month" or first.day == last.day
        return until if same else f"{first.day} to {until}"
    begun = f"{first:%B}" if grain == "month" else f"{first.day} {first:%B}"
    if first.year != last.year:
        begun += f" {first.year}"
    return f"{begun} to {until}"


def noticed(kind: str, delay: str) -> str:
    """How soon silence will be noticed, while there is none."""
    return f"a silent feed of {name(kind)} is noticed after {delay}"


def unknown(kind: str) -> str:
    """Before any rate is known."""
    return f"a silent feed of {name(kind)} can't be told from a quiet one: no rate is known yet"


def noticed_by_beats(feed: str, delay: str, every: str | None) -> str:
    """How soon silence of a feed with heartbeats will be noticed, and why then."""
    return f"a silent feed {feed} is noticed after {delay}: {_due(every)}"


def _due(every: str | None) -> str:
    if every is None:
        return "how often it beats is not known yet"
    return f"a heartbeat is due every {every}"


def no_beat(feed: str, force: Force, gap: str, every: str | None, *, record: bool = False) -> str:
    """A heartbeat that did not come. `record` where a record was the last sign of life."""
    due = "" if every is None else f", {_due(every)}"
    what = "no record nor heartbeat" if record else "no heartbeat"
    return f"Feed {feed}, {force.name}: {what} for {gap}{due}. The feed may be down."


def why_refused(reason: str, ahead: str | None) -> str:
    """Why lines are refused: `its clock is 1 hour ahead`."""
    if ahead is not None:
        return f"its clock is {ahead} ahead"
    return REASONS.get(reason, reason.replace("_", " "))


def refused(feed: str, force: Force, why: str, lines: int) -> str:
    """A feed of which every line is refused."""
    many = "1 line" if lines == 1 else f"{lines:,} lines"
    what = name(feed).capitalize() if feed in KINDS else f"Feed {feed}"
    return f"{what}, {force.name}: refused: {why}. {many} in a row; none is counted."
