"""Rows of figures as a table for the terminal, with what is set beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.board.answers import FigureRow
from streams.board.compare import (
    NOT_YET,
    AsLastYear,
    Beside,
    Change,
    Compared,
    Rank,
    Rate,
)
from streams.board.drivers import Drivers
from streams.board.month_by_month import MonthByMonth
from streams.board.outlook import Outlook
from streams.board.projection import Projection
from streams.board.query import Observation
from streams.board.revisions import FirstFigure
from streams.board.season import Season
from streams.board.standing import Standing
from streams.board.targets import JudgedTarget
from streams.board.trend import Trend
from streams.config.measures import FigureUnit
from streams.registry.phrases import heard_in_part, printed

NOT_KNOWN, NOTHING = "not known", "no cases"
NONE = "-"
"""Instead of a comparison that can't be made."""
HEADINGS = {
    "previous": "Period before",
    "last_year": "Last year",
    "average": "Average before",
    "year_to_date": "Year to date (last year's)",
    "rolling_3": "3 months (last year's)",
    "rolling_6": "6 months (last year's)",
    "rolling_12": "12 months (last year's)",
    "season": "Season",
    "as_last_year": "As last year",
    "trend": "Trend",
    "month_by_month": "Month by month",
    "drivers": "Moved by",
    "share": "Share",
    "share_change": "Share before",
    "of_force": "Of the force",
    "rate": "Per 1,000",
    "standing": "Standing",
    "rank": "Rank",
    "peers": "Among peers",
    "nation": "Nation",
    "similar": "Similar forces",
    "target": "Target",
    "first_published": "First published",
    "expected": "Expected",
    "projection": "Projection",
}
SUMS = ("year_to_date", "rolling_3", "rolling_6", "rolling_12")
"""Comparisons whose value is not that of the row."""
NOT_RANKED = "no rank, as the figure, or how many people there are, is not known as a whole"
TOO_FEW_TO_RANK = "no rank, as it is of fewer than 20 cases"
PART = "* the period is not over, or was not heard from end to end"
MOST_CHANGES = 8
"""Dates of change that are written out; of more, the last ones."""
FEW = 1.0
"""Per cent; a smaller change is shown with a decimal place."""


def figures(rows: Sequence[FigureRow], compare: Sequence[str] = ()) -> RenderableType:
    """The table; areas and periods have a column where there are several of them."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    placed = [name for name in ("area", "period") if len({getattr(r, name) for r in rows}) > 1]
    reasons = Reasons()
    table.add_column("")
    for name in placed:
        table.add_column(name.capitalize())
    for heading in ("Value", *(HEADINGS[name] for name in compare)):
        table.add_column(heading, justify="right")
    for row in rows:
        beside = [_beside(row, name, reasons) for name in compare]
        shown = value(row) if row.known else f"{NOT_KNOWN}{reasons.mark(row.reason)}"
        table.add_row(row.title, *(_placed(row, name) for name in placed), shown, *beside)
    notes = [Text(PART, style="dim")] if any(value(row).endswith(" *") for row in rows) else []
    for row in rows:
        name = ", ".join((row.title, *(_placed(row, each) for each in placed)))
        said = [] if row.heard is None else [heard_in_part(row.heard)]
        said += [row.outlook] if row.outlook else []
        if isinstance(row.beside, Beside) and isinstance(row.beside.first_published, FirstFigure):
            said += dates(row.beside.first_published, row.unit)
        notes += [Text(f"{name}: {words}", style="dim") for words in said]
    return Group(table, *notes, *(Text(each, style="dim") for each in reasons.notes()))


def _beside(row: FigureRow, name: str, reasons: Reasons) -> str:
    """A comparison of a row in words; why there is no rate or rank stands below the table."""
    found = getattr(row.beside, name, None)
    match found:
        case Rate(value=None, reason=reason) if reason:
            return f"{NONE}{reasons.mark(reason)}"
        case Rank(rank=None):
            few = row.area in found.too_few
            return f"{NONE}{reasons.mark(TOO_FEW_TO_RANK if few else NOT_RANKED)}"
    unit = "ratio" if name == "share_change" else row.unit
    return compared(found, unit, sums=name in SUMS)


def _placed(row: FigureRow, name: str) -> str:
    """The area or period of a row as it is shown: an area by its name."""
    text: str = getattr(row, name)
    return (row.area_name or text) if name == "area" else text


class Reasons:
    """Why figures of a table are not known: each reason stands once below it, with the number that
    marks its figures."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, reason: str) -> str:
        """What stands behind a figure of which nothing is known: ` (1)`; nothing without a
        reason."""
        if not reason:
            return ""
        return f" ({self._numbers.setdefault(reason, len(self._numbers) + 1)})"

    def notes(self) -> list[str]:
        """The lines below the table."""
        return [f"({number}) {_with_why(reason)}" for reason, number in self._numbers.items()]


def _with_why(reason: str) -> str:
    return reason if reason in {NOT_RANKED, TOO_FEW_TO_RANK} else f"not known: {reason}"


def value(row: FigureRow) -> str:
    """The value of a row in words."""
    if not row.known:
        return NOT_KNOWN
    words = NOTHING if row.value is None else amount(row.value, row.unit)
    return words if row.complete and row.heard is None else f"{words} *"


def amount(number: float, unit: FigureUnit) -> str:
    """A figure as reports print it: `1,159`, `87.3 %`, `12.4 s`."""
    if unit == "ratio":
        return f"{printed(number * 100, 1)} %"
    if unit == "seconds":
        return f"{printed(number, 1):,} s"
    return f"{printed(number, 0 if float(number).is_integer() else 1):,}"


def compared(found: Compared | None, unit: FigureUnit, *, sums: bool = False) -> str:
    """A comparison in words; of one of `sums` its own value comes first."""
    said = NONE
    match found:
        case Change(at_age=age, value=value, reason=reason) if reason and not (
            age is not None and value is None
        ):
            said = reason if value is not None else not_comparable(reason)
        case Change():
            said = NOT_KNOWN if found.base is None else amount(found.base, unit)
            if sums:
                own = NOT_KNOWN if found.value is None else amount(found.value, unit)
                said = f"{own} ({said})"
            said = f"{said} {moved(found, unit)}".rstrip()
        case Observation(value) if value is not None:
            said = amount(value, "ratio")
        case Rate(value, reason=reason):
            said = reason if value is None else f"{printed(value, 2)}"
        case Standing(word, by) if word is not None:
            said = f"{word} ({by})"
        case Season() | AsLastYear() | Trend() | Drivers() | MonthByMonth() | Projection():
            said = pattern(found, unit) or NONE
        case Rank():
            said = placed(found) or NONE
        case JudgedTarget():
            said = judged(found, unit)
        case FirstFigure(value):
            said = NOTHING if value is None else amount(value, unit)
        case Outlook():
            said = f"{found.value:,.0f} ({found.low:,.0f} to {found.high:,.0f})"
    return said


def not_comparable(reason: str) -> str:
    """What is said of a value that is not known: it is too young, or what else the reason is."""
    if reason.startswith(NOT_YET):
        return NOT_YET
    return reason if reason.startswith("not comparable") else f"not comparable: {reason}"


def projected(found: Projection, unit: FigureUnit) -> str:
    """The months to come with their intervals of 95 %: `2022-03: 310 (250 to 380)`; or why none."""
    ahead = (each for each in (found.in_3, found.in_6) if each is not None)
    said = (
        f"{each.month}: {_near(each.value, unit)} "
        f"({_near(each.low_95, unit)} to {_near(each.high_95, unit)})"
        for each in ahead
    )
    return "; ".join(said) or found.reason


def _near(value: float, unit: FigureUnit) -> str:
    """A projected figure, whole where it is a count."""
    return f"{value:,.0f}" if unit == "count" else amount(value, unit)


def placed(found: Rank) -> str:
    """Its place: `2 of 4, lowest first (1 left out)`; empty where it has none."""
    if found.rank is None:
        return ""
    apart = [
        f"{len(some)} {words}"
        for some, words in (
            (found.left_out, "left out"),
            (found.too_few, "too few to judge"),
            (found.level_with, "level with it by chance"),
        )
        if some
    ]
    said = f" ({', '.join(apart)})" if apart else ""
    return f"{found.rank} of {found.of}, {found.order}{said}"


def pattern(
    found: Season | AsLastYear | Trend | Drivers | MonthByMonth | Projection, unit: FigureUnit
) -> str:
    """Whether a figure is as in its season, where it tends, how it went, what moved it, what it is
    projected to be; why a trend can't be seen; empty where that is not known."""
    match found:
        case MonthByMonth():
            said = went(found, unit)
        case Projection():
            said = projected(found, unit)
        case Drivers():
            said = driven(found)
        case AsLastYear():
            said = found.word or ""
        case Season():
            said = in_season(found)
        case Trend(word=None):
            said = found.reason
        case Trend():
            said = f"{found.word}, {found.first} to {found.last}, its season apart"
    return said


def in_season(found: Season) -> str:
    """What its months usually are: `usually +12 % on an average month, now +15 %`; why no season is
    told."""
    if not found.seasonal or found.usual is None:
        return found.reason
    now = "" if found.now is None else f", now {_percent(found.now)}"
    return f"usually {_percent(found.usual)} on an average month{now}"


def went(found: MonthByMonth, unit: FigureUnit) -> str:
    """How a figure went: `rose in 7 of 11 months, 3 in a row to 2021-12: 120 to 164`."""
    fell = found.falls > found.rises
    many = found.falls if fell else found.rises
    row = abs(found.in_a_row)
    again = f", {row} in a row to {found.last}" if row > 1 and (found.in_a_row < 0) is fell else ""
    ends = f"{amount(found.base, unit)} to {amount(found.value, unit)}"
    return f"{'fell' if fell else 'rose'} in {many} of {found.of} months{again}: {ends}"


def driven(found: Drivers, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The area and the part that moved a figure most in the direction in which it went, by id or
    by those of the `names` that there are: `south +36, robbery +12 of +44`."""
    firsts = (next(iter(each.items()), None) for each in (found.areas, found.parts))
    most = [
        f"{names.get(name, name)} {printed(change):+,}"
        for name, change in filter(None, firsts)
        if change * found.change > 0
    ]
    return f"{', '.join(most)} of {printed(found.change):+,}" if most else ""


def dates(found: FirstFigure, unit: FigureUnit) -> list[str]:
    """The last changes of a figure: `changed 41 to 43 on 2022-01-15; 43 to 40, 2022-04-02 to
    2022-04-19`; those of some days together are one."""
    shown = found.changes[-MOST_CHANGES:]
    said = []
    for each in shown:
        before, after = (
            NOTHING if value is None else amount(value, unit) for value in (each.before, each.after)
        )
        days = f" on {each.day}" if each.until is None else f", {each.day} to {each.until}"
        said.append(f"{before} to {after}{days}")
    if not said:
        return []
    more = f"{len(found.changes)} times, lately " if len(shown) < len(found.changes) else ""
    return [f"changed {more}{'; '.join(said)}"]


def judged(found: JudgedTarget, unit: FigureUnit) -> str:
    """Whether a target is met: `met (at least 90.0 %)`, `missed (at most -25 %: -21 %)`."""
    goal = found.target
    bounds = [
        f"{words} {_percent(bound) if goal.of == 'change' else amount(bound, unit)}"
        for words, bound in (("at least", goal.lower), ("at most", goal.upper))
        if bound is not None
    ]
    if found.met is None:
        return found.band or NONE
    said = f"{'met' if found.met else 'missed'} ({', '.join(bounds)})"
    if goal.of == "change" and found.value is not None:
        said = f"{said[:-1]}: {_percent(found.value)})"
    return said


def _percent(change: float) -> str:
    return f"{printed(change * 100):+} %"


def moved(change: Change, unit: FigureUnit) -> str:
    """By how much: in per cent, else by itself, of a share in points: `+12 %`, `-3`."""
    if change.change is None:
        return ""
    if change.percent is not None:
        whole = abs(change.percent) >= FEW or change.percent == 0
        return f"{printed(change.percent, 0 if whole else 1):+} %"
    if unit == "ratio":
        return f"{printed(change.change * 100, 1):+} points"
    whole = float(change.change).is_integer()
    return f"{printed(change.change, 0 if whole else 1):+,}"
