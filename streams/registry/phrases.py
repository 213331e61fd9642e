"""Figures and signals in plain English, all of it here: numbers, shares, durations, dates, times;
what, where, how many, when, and how many are usual.

    999 calls, Warwickshire: 21 in the hour to 22:00, usually 3 to 14. Up since about 21:00.

The figures of a sentence can be compared with each other: a range of single periods stands beside a
single period, and is left out where it says the opposite of the change that is found. Times are
local, with the name of their zone where the clock shows them twice. What is more than a day away is
given with its day, more than a week with its date.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from math import ceil, floor
from typing import Protocol

from streams.config.force import WHOLE, Force
from streams.config.measures import FigureUnit
from streams.events.refusals import WORDS as REASONS
from streams.events.schema import EVENT_KINDS
from streams.periods import DAY, HOUR, Calendar, Grain, Period
from streams.registry.carried import named_once
from streams.registry.charting import POINTS
from streams.registry.dimensions import ALL
from streams.registry.measures import WatchPolicy
from streams.registry.registry import REGISTRY

SHORT = 80
"""Characters of a sentence that an alert has room for beside its figures."""
_ONE: dict[Grain, str] = {
    "hour": "hour",
    "day": "day",
    "month": "month",
    "quarter": "quarter",
    "financial_year": "financial year",
}
_EACH: dict[Grain, str] = {
    "hour": "hourly",
    "day": "daily",
    "month": "monthly",
    "quarter": "quarterly",
    "financial_year": "yearly",
}
LEAST_USUAL = 0.5
"""The least usual count of a period of which another is worded as so many times as great."""
NO_FIGURE = "–"
"""What stands where there is no figure."""


# -- numbers and shares --------------------------------------------------------------------------


def count(number: int | None) -> str:
    """A count with thousands separated."""
    return NO_FIGURE if number is None else f"{number:,}"


def printed(value: float, places: int = 0) -> Decimal:
    """A number to so many decimal places as reports print it: a half is rounded away from zero."""
    # To nine places first: 0.285 is a little less as a float.
    exact = Decimal(repr(round(value, 9)))
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def rough(many: float) -> str:
    """A mean: `1,204`, `12`, below ten `1.4`, as of so few a whole number says too little, and at
    the least `less than 0.1`."""
    if many < 0.05:
        return "less than 0.1"
    return f"{printed(many):,}" if many >= 9.95 else f"{many:.1f}".removesuffix(".0")


def few(many: float) -> str:
    """An expected number: to a tenth where it is small."""
    return f"{many:,.0f}" if many >= 10 else f"{many:.1f}".removesuffix(".0")


def percent(share: float) -> str:
    """A target, or a share that may be a whole number: `83 %`, `92.5 %`."""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def whole_percent(share: float) -> str:
    """A share that is known roughly: `83 %`."""
    return f"{share * 100:.0f} %"


# -- durations -----------------------------------------------------------------------------------


def duration(seconds: float | None) -> str:
    """A measured duration, in two units: `7.4 s`, `1 min 43 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return NO_FIGURE
    if seconds < 60 and seconds != int(seconds):
        tenths = f"{seconds:.1f}"
        return f"{tenths} s" if tenths != "60.0" else "1 min 0 s"
    whole = round(seconds)
    for size, unit, below, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // below} {part}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def round_duration(seconds: float) -> str:
    """A duration that may be a round one: `40 s`, `4 min`, `2 min 30 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        rest = f" {whole % 60} s" if whole % 60 else ""
        return f"{whole // 60} min{rest}"
    rest = f" {whole % 3600 // 60} min" if whole % 3600 >= 60 else ""
    return f"{whole // 3600} h{rest}"


def limit(seconds: int) -> str:
    """A limit, usually a round one: `10 s`, `20 min`."""
    return f"{seconds // 60} min" if seconds and seconds % 60 == 0 else duration(seconds)


def limits(by_class: Mapping[str, Sequence[int]]) -> str:
    """The limits that records are held to, by class of areas (in seconds, the first `""`, of all
    others; those of a class in the order in which they held): `20 min, urban 15 min`."""
    said = []
    for area_class, seconds in by_class.items():
        held = " then ".join(map(limit, dict.fromkeys(seconds)))
        said.append(f"{area_class} {held}".strip())
    return ", ".join(said)


# -- dates and times -----------------------------------------------------------------------------


def full_date(day: dt.date) -> str:
    """`1 July 2020`."""
    return f"{day.day} {day:%B %Y}"


def date(calendar: Calendar, at: int, now: int, *, weekday: bool = False) -> str:
    """`1 July`, or `Wednesday 1 July 2020` where it is another year."""
    local = calendar.local(at)
    year = f" {local.year}" if local.year != calendar.local(now).year else ""
    return f"{local:%A} " * weekday + f"{local.day} {local:%B}{year}"


def instant(rfc3339: str, zone: dt.tzinfo) -> str:
    """A moment on the local clock: `Friday 14 January 2022, 17:42:10 GMT`."""
    local = dt.datetime.fromisoformat(rfc3339).astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S %Z}"


def period(label: str, zone: dt.tzinfo) -> str:
    """The label of a period as one asks for it: an hour without its offset, `2021-10-31T02`, but
    for the two that a clock shows on the night on which it goes back, `2021-10-31T01+01:00`."""
    hour, offset = label[:13], label[13:]
    if label[10:11] != "T" or ".." in label or not offset:
        return label
    local = dt.datetime.fromisoformat(f"{hour}:00").replace(tzinfo=zone)
    twice = local.utcoffset() != local.replace(fold=1).utcoffset()
    return label if twice else hour


# -- reports -------------------------------------------------------------------------------------


def listed(names: Sequence[str]) -> str:
    """`October`, `October and November`, `October, November and December`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def in_print(value: float, unit: FigureUnit) -> str:
    """A figure as a report prints it, a half rounded away from zero: `1,280`, a mean `365` and
    below ten `4.5`, `84.0 %`, `13 min 6 s`, `1.5 days`."""
    if unit == "ratio":
        return f"{printed(value * 100, 1)} %"
    if unit == "seconds":
        return duration(value)
    if unit == "count":
        whole = float(value).is_integer() or abs(value) >= 9.95
        return f"{printed(value, 0 if whole else 1):,}"
    said = f"{printed(value, 1):,}".removesuffix(".0")
    return f"{said} days" if unit == "days" else said


def percent_change(percent: float) -> str:
    """By how many per cent, without a sign: `12.3 %`; never 0.0 of what has changed."""
    shown = printed(abs(percent), 1)
    return f"{shown} %" if shown or not percent else "less than 0.1 %"


def compared(value: float, base: float, percent: float | None, unit: FigureUnit, name: str) -> str:
    """How a figure lies to another: `12.3 % above the quarter before (1,140)`, of few cases `5
    above ...`, of shares `2.1 percentage points below ...`, of times `12 s above ...`; `the same as
    the quarter before`."""
    change = value - base
    if not change:
        return f"the same as {name}"
    return f"{difference(change, percent, unit)} {name} ({_apart(value, base, unit)[1]})"


def difference(change: float, percent: float | None, unit: FigureUnit) -> str:
    """By how much and which way a figure lies from another: `12.3 % above`; `the same as`."""
    if not change:
        return "the same as"
    if unit == "ratio":
        points = printed(abs(change) * 100, 1)
        far = f"{points} percentage points" if points else "less than 0.1 percentage points"
    elif unit == "count" and percent is not None:
        far = percent_change(percent)
    elif unit == "seconds":
        far = duration(round(abs(change))) if abs(change) >= 1 else "less than 1 s"
    else:
        far = in_print(abs(change), unit)
    return f"{far} {'above' if change > 0 else 'below'}"


def signed(change: float, percent: float | None, unit: FigureUnit) -> str:
    """The same as a table has it: `+12.3 %`, `−2.1 points`, `+12 s`, of few cases `+5`; `0`."""
    if not change:
        return "0"
    if unit == "ratio":
        points = printed(abs(change) * 100, 1)
        return f"{'+' if change > 0 else '−'}{points} points" if points else "less than 0.1 points"
    far = difference(change, percent, unit).rpartition(" ")[0]
    return far if far.startswith("less") else f"{'+' if change > 0 else '−'}{far}"


def beside(figure: str, when: str, others: Sequence[str]) -> str:
    """A figure with what stands beside it: `1,280 offences in October to December 2017: 12.3 %
    above the quarter before (1,140) and 4.0 % below the same quarter last year (1,333).`"""
    return f"{figure} in {when}: {listed(others)}." if others else f"{figure} in {when}."


def average_moved(
    grain: Grain, points: int, averages: tuple[float, float], unit: FigureUnit, when: str, noun: str
) -> str:
    """That a chart took a new average: `Following 8 months of above average volumes, the monthly
    average increased in October from 364 to 394 offences.`"""
    old, new = averages
    side, went = ("above", "increased") if new > old else ("below", "decreased")
    was, now = _apart(old, new, unit)
    of = f" {noun}" if unit == "count" and noun else ""
    return (
        f"Following {points} {POINTS[grain]} of {side} average {_volumes(unit)}, the "
        f"{_EACH[grain]} average {went} in {when} from {was} to {now}{of}."
    )


def perhaps_season(
    averages: tuple[float, float], moved: tuple[float, float], unit: FigureUnit
) -> str:
    """Beside a chart by month that took a new average, that its season may have moved it: where the
    same months a year before lay nearer to the new average than to the old one, or beyond it. Empty
    where they did not. `This may be the season: the same months a year before had 411 on average,
    these 402.`"""
    (now, then), (old, new) = averages, moved
    if (then - (old + new) / 2) * (new - old) < 0:
        return ""
    here, there = in_print(now, unit), in_print(then, unit)
    return (
        f"This may be the season: the same months a year before had {there} on average, these "
        f"{here}."
    )


def exceptional(side: str, when: Sequence[str], centre: str, unit: FigureUnit) -> str:
    """Which periods a chart calls exceptional: `Exceptional volumes above this revised average were
    recorded in December.` `centre` is what they lie above or below: `this revised average`."""
    much = "Exceptional" if side == "above" else "Exceptionally low"
    return f"{much} {_volumes(unit)} {side} {centre} were recorded in {listed(when)}."


def not_exceptional(judged: int, of: int, grain: Grain, limits: str) -> str:
    """That no period is: `No month was exceptional: all lie within the limits of 354 and 434.` Of
    those that were judged, where these are fewer."""
    if judged < of:
        are = "was" if judged == 1 else "were"
        return f"Of {of} {POINTS[grain]}, {judged} {are} judged, and none was exceptional."
    within = f": {limits}" if limits else ""
    return f"No {_ONE[grain]} was exceptional{within}."


def _volumes(unit: FigureUnit) -> str:
    return "volumes" if unit == "count" else "figures"


def _apart(one: float, other: float, unit: FigureUnit) -> tuple[str, str]:
    """Two figures that differ, with as many decimals as show that."""
    shown = in_print(one, unit), in_print(other, unit)
    if unit not in ("count", "ratio"):
        return shown
    scale, sign = (100, " %") if unit == "ratio" else (1, "")
    for places in (1, 2, 3):
        if shown[0] != shown[1]:
            break
        more = [f"{printed(each * scale, places):,}{sign}" for each in (one, other)]
        shown = more[0], more[1]
    return shown


# -- signals -------------------------------------------------------------------------------------


def subject(force: Force, watch: WatchPolicy, row: dict[str, str], *, brief: bool = False) -> str:
    """What a sentence is about: `999 calls`, `Vehicle offences`, `Incidents`."""
    narrowed = REGISTRY.narrowed_by(row)
    if narrowed is not None and narrowed[1] == ALL:
        return watch.of_all
    said = {name: _named(force, name, value, brief=brief) for name, value in row.items()}
    said_of = watch.subject.format(**said)
    for twice in ("offences offences", "crime offences"):  # "Other crime" is a group's own name
        said_of = said_of.replace(twice, twice.partition(" ")[0])
    return said_of


def _named(force: Force, name: str, value: str, *, brief: bool) -> str:
    """A value of a dimension in words."""
    said, dimension = None, REGISTRY.dimensions.get(name)
    if dimension is not None:
        said = dimension.brief(value) if brief else dimension.name_in_words(force, value)
    return said or REGISTRY.plain_name(value)


def place(force: Force, area: str) -> str:
    """An area by its name in the force's file."""
    found = None if area == WHOLE else force.areas[force.area_index[area]]
    return force.name if found is None else found.name


def amount(value: float, unit: FigureUnit) -> str:
    """A count, a share in per cent or a duration: `1,021`, `84.0 %`, `12 min 4 s`."""
    if unit == "count":
        return f"{printed(value):,}"
    if unit == "ratio":
        return f"{printed(value * 100, 1)} %"
    whole = round(value)
    return f"{whole} s" if whole < 60 else f"{whole // 60:,} min {whole % 60} s"


def figure(value: float, unit: FigureUnit, cases: tuple[int, int] | None = None) -> str:
    """An amount, a share with its cases: `1,021`, `83 of 412 (20.1 %)`."""
    if cases is None or unit != "ratio":
        return amount(value, unit)
    return f"{cases[0]:,} of {cases[1]:,} ({amount(value, unit)})"


def usual(
    lower: float | None, upper: float | None, unit: FigureUnit, observed: float | None = None
) -> str:
    """The range of most periods: `usually 3 to 14`, `usually 12`, `usually none`; never rounded to
    hold a count that lies `observed` outside of it."""
    if lower is None or upper is None:
        return "nothing to compare with yet"
    if unit == "count" and observed is not None:
        lower = ceil(lower) if round(lower) <= observed < lower else lower
        upper = floor(upper) if upper < observed <= round(upper) else upper
    least, most = amount(lower, unit), amount(upper, unit)
    if least == most:
        return "usually none" if unit == "count" and most == "0" else f"usually {most}"
    return f"usually {least} to {most}"


def fits(found: ChangeFound) -> bool:
    """Whether the usual range may stand beside a change: not where the figure lies
    on its other side; nor, of a change of level, inside it, or where the level before is not."""
    lower, upper = found.lower, found.upper
    level = found.before is not None and found.after is not None
    if lower is None or upper is None:
        return not level
    off = (found.observed - upper, lower - found.observed)
    beyond, short = off if found.direction == "up" else off[::-1]
    if not level or found.before is None:
        return short <= 0
    return beyond > 0 and lower <= found.before <= upper


def moment(calendar: Calendar, ms: int, now: int) -> str:
    """A time of day, with its day where that is a day or more away: `21:00`, `21:00 on Monday`,
    `01:00 GMT` where the clock shows it twice."""
    said = _time_of_day(calendar, ms)
    if abs(now - ms) > DAY:
        said += f" on {_day(calendar.local(ms), calendar.local(now))}"
    return said


def dated_moment(calendar: Calendar, ms: int, now: int) -> str:
    """A time of day with its date: `21:00 on 1 July`, of another year `21:00 on 1 July 2020`."""
    return f"{_time_of_day(calendar, ms)} on {date(calendar, ms, now)}"


def moments(calendar: Calendar, begin: int, end: int, now: int) -> tuple[str, str]:
    """The two ends of a stretch of time: more than a day apart both with their dates."""
    said = dated_moment if end - begin > DAY else moment
    return said(calendar, begin, now), said(calendar, end, now)


def _time_of_day(calendar: Calendar, ms: int) -> str:
    local = calendar.local(ms)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M}" + f" {local:%Z}" * twice


def _day(local: dt.datetime, now: dt.datetime) -> str:
    if abs((now.date() - local.date()).days) < 7:
        return f"{local:%A}"
    return f"{local:%A} {full_date(local)}"


def when(
    calendar: Calendar,
    period: Period,
    now: int,
    *,
    running: bool = False,
    first: int | None = None,
) -> str:
    """The period: `in the hour to 22:00`, `on Monday`, `in October 2017`; or `from 21:00 to 21:40`.
    Of periods since `first` that are taken together: `over the 4 days to Monday`."""
    local = calendar.local(period.start)
    if running:
        return f"from {moment(calendar, period.start, now)} to {moment(calendar, period.end, now)}"
    if period.grain == "hour":
        ends = moment(calendar, period.end, now)
        hours = 1 if first is None else round((period.end - first) / HOUR)
        return f"over the {hours} hours to {ends}" if hours > 1 else f"in the hour to {ends}"
    if period.grain == "day":
        day = _day(local, calendar.local(now))
        days = 1 if first is None else (local.date() - calendar.local(first).date()).days + 1
        return f"over the {days} days to {day}" if days > 1 else f"on {day}"
    return f"in {local:%B %Y}"


def since(calendar: Calendar, grain: str, onset: int, now: int) -> str:
    """When a change began: `21:00`, `Monday`, `1 July 2020`, `October 2017`."""
    local = calendar.local(onset)
    if grain == "hour":
        return moment(calendar, onset, now)
    if grain == "month":
        return f"{local:%B %Y}"
    if abs((calendar.local(now).date() - local.date()).days) < 7:
        return f"{local:%A}"
    return full_date(local)


class ChangeFound(Protocol):
    """What the words of a change are made from: a reading of a detector, or a signal."""

    @property
    def direction(self) -> str:
        """`up` or `down`."""

    @property
    def observed(self) -> float:
        """The figure."""

    @property
    def lower(self) -> float | None:
        """The usual range."""

    @property
    def upper(self) -> float | None:
        """The usual range."""

    @property
    def expected(self) -> float | None:
        """What was expected of the period."""

    @property
    def ratio(self) -> float | None:
        """What came since the change over what was expected then."""

    @property
    def before(self) -> float | None:
        """The level before a change."""

    @property
    def after(self) -> float | None:
        """The level since."""

    @property
    def season(self) -> float | None:
        """Of a level by the month: what the month usually is beside an average one; None where no
        season is known."""

    @property
    def same_months(self) -> tuple[int, float, float] | None:
        """Of a level by the month: how many months of it are compared with the same ones a year
        before, what came in a month of them, and in one then."""


def span(calendar: Calendar, period: Period, onset: int) -> int:
    """How many months a change has lasted, of a period that is a month; else 0."""
    if period.grain != "month":
        return 0
    first, last = calendar.local(onset), calendar.local(period.start)
    return (last.year - first.year) * 12 + last.month - first.month + 1


def change(found: ChangeFound, began: str, unit: FigureUnit, months: int = 0) -> str:
    """Since when, and by how much where that is known; a level by the month with its months, and
    called a new level once it has held for `LEVEL_MONTHS`: a storm of one week lifts one or two.

    `Up since about 21:00.` `1.6 times the usual since about 18:00 on Tuesday.`
    `Higher since about May 2019: 76 a month, 31 % more than in the same months a year before.`
    `A new level since about May 2019, perhaps only the season: 42 a month before, 76 since (4
    months).` where the same months a year before are not known.
    """
    sign = 1 if found.direction == "up" else -1
    before, after = found.before, found.after
    if before is not None and after is not None and sign * (after - before) > 0:
        was, now = amount(before, unit), amount(after, unit)
        higher = "A new level" if months >= LEVEL_MONTHS else "Higher" if sign > 0 else "Lower"
        if not months:
            return f"{higher} since about {began}: {was} before, {now} since."
        return f"{higher} since about {began}{_by_the_month(found, unit, months)}."
    ratio = None if unit == "count" and not has_multiple(found.expected) else found.ratio
    if ratio is not None and (times := _times(ratio)) and sign * (ratio - 1.0) > 0:
        return f"{times} the usual since about {began}."
    return f"{found.direction.capitalize()} since about {began}."


LEVEL_MONTHS = 3
"""Months after which a level that has moved is called a new level."""


def _by_the_month(found: ChangeFound, unit: FigureUnit, months: int) -> str:
    """What is said of a change of level by the month that has so many, after since when it is."""
    was, now = amount(found.before or 0.0, unit), amount(found.after or 0.0, unit)
    if months == 1:
        return f": {was} a month before"
    if found.same_months is None:
        unknown = ", perhaps only the season" if found.season is None else ""
        return f"{unknown}: {was} a month before, {now} since ({months} months)"
    many, came, earlier = found.same_months
    lately = f"{amount(came, unit)} a month" + " in the last 12" * (months > many)
    then = "a year before" if months > many else "the same months a year before"
    return f": {lately}, {_beside_a_year_before(came, earlier, then)}"


def _beside_a_year_before(came: float, earlier: float, then: str) -> str:
    """`3 % less than in the same months a year before`, `2.4 times that of a year before`."""
    if earlier <= 0.0:
        return f"none in {then}" if then.startswith("the") else f"none {then}"
    ratio = came / earlier
    if ratio >= 2.0:
        return f"{_times(ratio)} that of {then}"
    within = f"in {then}" if then.startswith("the") else then
    return f"{abs(ratio - 1.0) * 100:.0f} % {'more' if ratio > 1.0 else 'less'} than {within}"


def has_multiple(usual: float | None) -> bool:
    """Whether a count may be worded as so many times the usual: not of a usual that is hardly any,
    as of none there is no multiple."""
    return usual is None or usual >= LEAST_USUAL


def _times(ratio: float) -> str:
    """`1.6 times`, `12 times`, `62 % of`; empty where it rounds to the usual itself."""
    if ratio < 1.0:
        return f"{ratio * 100:.0f} % of" if ratio < 0.995 else ""
    if ratio >= 9.95:
        return f"{ratio:,.0f} times"
    return f"{ratio:.1f} times" if ratio >= 1.05 else ""


def rebased(old: float, new: float, months: int) -> str:
    """That a chart by month took a new average: `Following 8 months above 364, the average rose
    from 364 to 394.`"""
    side, went = ("above", "rose") if new > old else ("below", "fell")
    was, now = amount(old, "count"), amount(new, "count")
    return f"Following {months} months {side} {was}, the average {went} from {was} to {now}."


def period_name(calendar: Calendar, grain: Grain, start: int) -> str:
    """A period as a sentence names it: `December 2017`, `October to December 2017`, `2017/18`."""
    if grain in ("quarter", "month"):
        last = calendar.local(calendar.end(grain, start) - 1)
        return _span(calendar.local(start), last, "month")
    if grain == "day":
        return full_date(calendar.local(start))
    return calendar.label(grain, start)


def centre_moved(
    old: float, new: float, unit: FigureUnit, grain: Grain, points: int, when: str
) -> str:
    """That the centre of a chart moved: `After 8 months above it, the monthly average rose from 364
    to 394 in October 2017.`"""
    side, went = ("above", "rose") if new > old else ("below", "fell")
    was, now = amount(old, unit), amount(new, unit)
    many, average = f"{points} {POINTS[grain]}", f"the {_EACH[grain]} average"
    return f"After {many} {side} it, {average} {went} from {was} to {now} in {when}."


def charted(
    subject: str, when: str, value: float, limits: tuple[float, float], unit: FigureUnit
) -> str:
    """Where a point of a chart lies: `Criminal damage, Warwickshire: 468 in December 2017, above
    the upper limit of 447: exceptional.`"""
    lower, upper = limits
    least, most = amount(lower, unit), amount(upper, unit)
    where = f"within the limits of {least} and {most}"
    if value > upper:
        where = f"above the upper limit of {most}: exceptional"
    elif value < lower:
        where = f"below the lower limit of {least}: exceptional"
    return f"{subject}: {amount(value, unit)} in {when}, {where}."


def in_a_row(run: int, centre: float, unit: FigureUnit, grain: Grain, moves_after: int) -> str:
    """How long points have been on one side: `7th consecutive month above the average of 364; one
    more, and the average moves.`"""
    many, side = abs(run), "above" if run > 0 else "below"
    said = f"{ordinal(many)} consecutive {_ONE[grain]} {side} the average of {amount(centre, unit)}"
    return f"{said}; one more, and the average moves." if many + 1 == moves_after else f"{said}."


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`, `22nd`."""
    ending = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def only_since(reason: str) -> str:
    """The sentence that says that a baseline began anew, and why."""
    return f"Compared only with what was recorded after a change: {reason}."


def known_from(names: Sequence[str], *, only: bool) -> str:
    """The sentence that says that a figure is compared with days of an event that lasts weeks."""
    event = " and ".join(names)
    return f"Known only from {event}." if only else f"Compared with other days of {event}."


def across(what: str, kind: str, day: dt.date) -> str:
    """The sentence that says that the comparison spans a change of recording; short enough to stand
    in an alert."""
    said = f"Compared across a change: {what}, {full_date(day)}."
    return (
        said if len(said) <= SHORT else f"Compared across a change of {kind} on {full_date(day)}."
    )


def silent(kind: str, force: Force, gap: str, expected: float) -> str:
    """No record of a kind where some were to be expected."""
    return (
        f"{REGISTRY.plain_name(kind).capitalize()}, {force.name}: nothing for {gap}, "
        f"where {_records(expected)} expected. The feed may be down."
    )


def missing(kind: str, force: Force, when: str) -> str:
    """A stretch of the past in which a feed was not heard."""
    feed = REGISTRY.plain_name(kind).capitalize()
    return f"{feed}, {force.name}: nothing {when}; missing, not zero."


def stretch(calendar: Calendar, start: int, end: int) -> str:
    """A stretch of the past: `for August to October 2021`, `for 20 to 26 May 2021`, `from 10:20 to
    15:05 on 6 April 2021`; its months (days) where they are whole but for less than a day
    (two hours), else its instants."""
    grains: tuple[Grain, ...] = ("month", "day")
    for grain in grains:
        first = calendar.start(grain, start)
        first = first if first == start else calendar.end(grain, start)
        last = calendar.start(grain, end)
        rest = first - start + end - last
        if first < last and rest < (DAY if grain == "month" else 2 * HOUR):
            return f"for {_span(calendar.local(first), calendar.local(last - 1), grain)}"
    a, b = calendar.local(start), calendar.local(end)
    on = full_date(b)
    if a.date() == b.date():
        return f"from {a:%H:%M} to {b:%H:%M} on {on}"
    return f"from {a:%H:%M} on {full_date(a)} to {b:%H:%M} on {on}"


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


def _records(expected: float) -> str:
    many = f"{expected:,.0f}"
    return "1 record was" if many == "1" else f"{many} records were"


def noticed(kind: str, delay: str) -> str:
    """How soon silence will be noticed, while there is none."""
    return f"a silent feed of {REGISTRY.plain_name(kind)} is noticed after {delay}"


def unknown(kind: str) -> str:
    """Before any rate is known."""
    feed = REGISTRY.plain_name(kind)
    return f"a silent feed of {feed} can't be told from a quiet one: no rate is known yet"


def noticed_by_beats(feed: str, delay: str, every: str | None) -> str:
    """How soon silence of a feed with heartbeats will be noticed, and why then."""
    return f"a silent feed {feed} is noticed after {delay}: {_due(every)}"


def _due(every: str | None) -> str:
    if every is None:
        return "how often it beats is not known yet"
    return f"a heartbeat is due every {every}"


def no_beat(feed: str, force: Force, gap: str, every: str | None, *, record: bool = False) -> str:
    """A heartbeat that did not come. `record` where a new record was the last sign of life."""
    due = "" if every is None else f", {_due(every)}"
    what = "no new record nor heartbeat" if record else "no heartbeat"
    return f"Feed {feed}, {force.name}: {what} for {gap}{due}. The feed may be down."


def why_refused(reason: str, ahead: str | None) -> str:
    """Why lines are refused: `its clock is 1 hour ahead`."""
    if ahead is not None:
        return f"its clock is {ahead} ahead"
    return REASONS.get(reason, reason.replace("_", " "))


REFUSED = "refused: "
"""Begins what is said of a feed of which every line is refused."""


def refused(feed: str, force: Force, why: str, lines: int) -> str:
    """A feed of which every line is refused."""
    many = "1 line" if lines == 1 else f"{lines:,} lines"
    what = REGISTRY.plain_name(feed).capitalize() if feed in EVENT_KINDS else f"Feed {feed}"
    return f"{what}, {force.name}: {REFUSED}{why}. {many} in a row; none is counted."


def not_carried(feed: str, fields: Sequence[str]) -> str:
    """Why figures are not known that rest on fields which a feed never had until then."""
    return f"the feed of {feed} has not carried {enumerated(map(_field, fields))}"


def names_nobody(feed: str, fields: Sequence[str]) -> str:
    """The same of people, where no record that is kept names any."""
    return f"no {feed} that are kept name {enumerated(map(_field, fields))}"


def not_told_apart(feed: str, field: str, value: str) -> str:
    """The same of values finer than the one at which all of its records stop."""
    return f'the feed of {feed} has no finer {field} than "{value}"'


def no_longer_carried(feed: str, since: Mapping[str, dt.date]) -> str:
    """The same of fields that it had, and no longer has since a day."""
    days: dict[dt.date, list[str]] = {}
    for field in named_once(since.keys()):
        days.setdefault(since[field], []).append(_field(field))
    named = enumerated(
        f"{enumerated(fields)} since {full_date(day)}" for day, fields in sorted(days.items())
    )
    return f"the feed of {feed} has not carried {named}"


def _field(field: str) -> str:
    whole, _, marker = field.partition(".")
    return f"the marker {marker}" if whole == "markers" and marker else field


def enumerated(several: Iterable[str]) -> str:
    """`calls`, `calls and crimes`, `calls, crimes and incidents`."""
    *most, last = several
    return f"{', '.join(most)} and {last}" if most else last


def none_came(feed: str) -> str:
    """Why nothing is known of a feed that never was."""
    return f"no {feed} have come"


def known_between(feed: str, first: dt.date, last: dt.date) -> str:
    """Why nothing is known of what lies before or after a feed."""
    return f"{feed} are known from {first} to {last}"


def was_not_heard(feed: str) -> str:
    """Why nothing is known of a stretch in which a feed was silent."""
    return f"the feed of {feed} was not heard then"


def heard_in_part(share: float, of: str = "it") -> str:
    """How much of a stretch a feed was heard in; never rounded up to all of it.

    >>> heard_in_part(0.7733), heard_in_part(0.9999, "2018-09")
    ('the feed was heard in 77.3 % of it', 'the feed was heard in 99.9 % of 2018-09')
    """
    return f"the feed was heard in {printed(min(share * 100, 99.9), 1)} % of {of}"


def too_coarse(feed: str) -> str:
    """Why nothing is known of a part of an hour, day or month of which there is only the whole."""
    return f"{feed} of then are known only by longer periods"
