"""What of the published figures and judgements stands in the performance summary that the product
writes of the records of a report.

`python -m tests.published.report 002` prints by class how many do, and every other one.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from streams.board.compare import Beside, Change, Rate
from streams.board.monitor import Monitor
from streams.board.query import Observation, Query
from streams.board.standing import IN_LINE
from streams.board.targets import Judged
from streams.outputs.report.build import build
from streams.outputs.report.layout import load_layout
from streams.outputs.report.model import Report, ReportFigure, figures_of
from streams.periods import Calendar
from tests.published.asking import ALIASES, AREAS
from tests.published.feed import Feed
from tests.published.matching import ABOUT, FAR_FUTURE, decimals
from tests.published.scope import Figure, Statement, classify, figures, statements
from tests.published.series import REPORTED, after

JUDGEMENT = "judgements"


class Shown(NamedTuple):
    """How many figures by class, and judgements, stand in a report, of how many; and the others."""

    found: Counter[str]
    of: Counter[str]
    lacking: list[str]


class Document:
    """The figures of a performance summary as its JSON has them, by measure, period and area."""

    def __init__(self, text: bytes, query: Query) -> None:
        report = msgspec.json.decode(text, type=Report)
        self.query = query
        self.rows: dict[tuple[str, str, str], ReportFigure] = {}
        self.others: dict[tuple[str, str, str], float] = {}
        """What stands beside a figure, of another period."""
        for row in figures_of(report):
            self.rows[row.indicator, row.period, row.area] = row
            for change in _changes(row):
                for label, value in (
                    (change.period, change.value),
                    (change.base_period, change.base),
                ):
                    if value is not None:
                        self.others.setdefault((row.indicator, label, row.area), value)

    def row(self, measure: str, period: str, area: str) -> ReportFigure | None:
        """The figure of a measure, as the reports name it."""
        period = period.replace("before-2020-07", "2020-01..2020-06")
        place = self.query.areas()[self.query.area(AREAS.get(area, area))]
        return self.rows.get((ALIASES.get(measure, measure), period.removeprefix("asat-"), place))

    def other(self, measure: str, period: str, area: str) -> float | None:
        """A value that stands beside another figure."""
        place = self.query.areas()[self.query.area(AREAS.get(area, area))]
        return self.others.get((ALIASES.get(measure, measure), period, place))

    def months(self, measure: str, period: str, area: str) -> list[ReportFigure]:
        """The figures of the months of a period, in order, that were judged."""
        period = period.removeprefix("asat-").replace("before-2020-07", "2020-01..2020-06")
        labels = [each.label for each in self.query.stretch(period).parts("month")]
        found = (self.row(measure, label, area) for label in labels)
        return [each for each in found if each is not None and each.centre is not None]


def _changes(row: ReportFigure) -> Iterator[Change]:
    beside = row.beside if isinstance(row.beside, Beside) else Beside()
    names = ("previous", "last_year", "year_to_date", "rolling_3", "rolling_6", "rolling_12")
    for name in names:
        change = getattr(beside, name)
        if isinstance(change, Change) and change.at_age is None:
            yield change


def _of(row: ReportFigure, name: str, field: str) -> float | None:
    beside = row.beside if isinstance(row.beside, Beside) else Beside()
    change = getattr(beside, name)
    if not isinstance(change, Change):
        return None
    if field == "percent" and change.percent is None and change.base and change.change is not None:
        return change.change * 100 / change.base  # of few cases, as the reports print it
    value: float | None = getattr(change, field)
    if value is not None and field == "base" and row.unit == "ratio":
        return value * 100
    return value


def _share(row: ReportFigure) -> float | None:
    beside = row.beside if isinstance(row.beside, Beside) else Beside()
    if row.unit == "ratio":
        return None if row.value is None else row.value * 100
    found = beside.of_force if row.indicator.endswith("10plus_offences") else beside.share
    if not isinstance(found, Observation) or found.value is None:
        return None
    return found.value * 100


def _rate(row: ReportFigure) -> float | None:
    beside = row.beside if isinstance(row.beside, Beside) else Beside()
    return beside.rate.value if isinstance(beside.rate, Rate) else None


def _target(row: ReportFigure) -> Judged | None:
    beside = row.beside if isinstance(row.beside, Beside) else Beside()
    return beside.target if isinstance(beside.target, Judged) else None


def _bound(name: str, scale: float = 100) -> Callable[[ReportFigure], float | None]:
    def read(row: ReportFigure) -> float | None:
        found = _target(row)
        value: float | None = None if found is None else getattr(found.target, name)
        return None if value is None else value * scale

    return read


def _compared(name: str, field: str) -> Callable[[ReportFigure], float | None]:
    return lambda row: _of(row, name, field)


_READ: dict[str, Callable[[ReportFigure], float | None]] = {
    "volume": lambda row: row.value,
    "seconds": lambda row: row.value,
    "percent": _share,
    "percent_approx": _share,
    "percent_at_least": _share,
    "percent_of_total_crime": _share,
    "percent_of_asb": _share,
    "percent_of_repeat_nominals": _share,
    "rate_per_1000": _rate,
    "previous_quarter": _compared("previous", "base"),
    "previous_month": _compared("previous", "base"),
    "same_quarter_last_year": _compared("last_year", "base"),
    "quarter_average": _compared("average", "base"),
    "change_on_previous_quarter": _compared("previous", "change"),
    "change_on_previous_month": _compared("previous", "change"),
    "change_on_same_month_last_year": _compared("last_year", "change"),
    "change_on_same_quarter_last_year": _compared("last_year", "change"),
    "percent_change": _compared("previous", "percent"),
    "percent_change_after_system_change": _compared("previous", "percent"),
    "percent_change_on_previous_month": _compared("previous", "percent"),
    "percent_change_on_previous_quarter": _compared("previous", "percent"),
    "percent_change_on_same_quarter_last_year": _compared("last_year", "percent"),
    "percent_above_quarter_average": _compared("average", "percent"),
    "ytd_percent_change": _compared("year_to_date", "percent"),
    "target": _bound("lower"),
    "target_percent_change": _bound("upper"),
    "target_lower": _bound("lower", 1),
    "target_upper": _bound("upper", 1),
    "upper_control_limit": lambda row: row.upper,
    "lower_control_limit": lambda row: row.lower,
}


def _value(document: Document, figure: Figure) -> float | None:
    """The value that stands in the document where the report has a figure; None where none does."""
    place = figure.measure, figure.period, figure.area
    if figure.statistic.startswith(("monthly_average", "consecutive_months")):
        return _of_months(document.months(*place), figure.statistic)
    row, read = document.row(*place), _READ.get(figure.statistic)
    if row is not None and read is not None:
        return read(row)
    if figure.statistic == "volume":
        return document.other(*place)
    if figure.statistic == "ytd_percent_change":
        row = document.row(figure.measure, REPORTED[figure.report], figure.area)
        return None if row is None else _of(row, "year_to_date", "percent")
    return None


def _of_months(months: list[ReportFigure], statistic: str) -> float | None:
    if not months:
        return None
    moved = next((each.moved for each in reversed(months) if each.moved is not None), None)
    last = months[-1]
    if statistic == "monthly_average_before_rebase":
        return None if moved is None else moved.old
    if statistic == "monthly_average":
        return last.centre if moved is None else moved.new
    if statistic == "consecutive_months_increasing":
        return last.rises
    return last.run if last.moved is None else last.moved.points


def _is_shown(document: Document, figure: Figure) -> bool:
    value = _value(document, figure)
    if value is None:
        return False
    printed = float(figure.value)
    if figure.statistic == "percent_at_least":
        return value >= printed
    if figure.statistic == "percent_approx":
        return abs(value - printed) <= ABOUT
    return abs(value - printed) <= 0.5 / 10.0 ** decimals(figure) + 1e-9


# -- judgements ------------------------------------------------------------------------------------


def _is_judged(document: Document, each: Statement) -> bool:
    """Whether the document says what a report says."""
    kind, place = each.kind, (each.measure, each.period, each.area)
    row, months = document.row(*place), document.months(*place)
    flags = [month.flag for month in months]
    if kind.startswith(("exceptional_volume", "exceptional_reduction")):
        return ("below" if "reduction" in kind else "above") in flags
    if kind.startswith(("no_exceptional", "within_expected")):
        return bool(months) and not any(flags)
    if kind.startswith("returned"):
        return flags[-1:] == [None]
    if kind.startswith("rebased"):
        return any(month.moved for month in months)
    if kind.startswith(("above_monthly", "below_monthly")):
        away = [(month.value or 0) - (month.centre or 0) for month in months]
        return bool(away) and all(x > 0 for x in away) is kind.startswith("above")
    return row is not None and _of_row(row, each)


def _of_row(row: ReportFigure, each: Statement) -> bool:
    kind = each.kind
    base = "last_year" if kind.endswith("last_year") else "previous"
    if kind.startswith(("increase_on", "decrease_on")):
        change = _of(row, base, "change")
        return change is not None and (change > 0 if kind[0] == "i" else change < 0)
    if kind.startswith(("above_quarter", "below_quarter")):
        change = _of(row, "average", "change")
        return change is not None and (change > 0 if kind[0] == "a" else change < 0)
    if kind.startswith(("stable", "in_line")):
        name = "average" if kind.startswith("in_line") and "->" not in each.figures else base
        change, of = _of(row, name, "change"), _of(row, name, "base")
        if change is None or not of:
            return False
        return abs(change) * (100 if row.unit == "ratio" else 1) <= of * IN_LINE / 100
    if kind.startswith("target"):
        target = _target(row)
        return target is not None and target.met is kind.endswith("met")
    return _of_limits(row, kind)


def _of_limits(row: ReportFigure, kind: str) -> bool:
    if kind.startswith(("within_control", "above_upper", "below_lower", "below_expected")):
        wanted = {"above": "above", "below": "below"}.get(kind.split("_", maxsplit=1)[0])
        return row.centre is not None and row.flag == wanted
    return False


def shown(report: str) -> Shown:
    """Feeds the records of a report, writes its performance summary, and looks for every figure and
    judgement in scope."""
    feed = Feed(report)
    monitor = Monitor(feed.forces)
    result = Shown(Counter(), Counter(), [])
    at = Calendar(feed.force.zone).parse(after(REPORTED[report])).end
    for state, payloads in (("table", feed.lines()), ("text", feed.corrections())):
        for payload in payloads:
            refused = monitor.ingest(payload, FAR_FUTURE)
            assert not refused, refused[0]
        query = Query(monitor, feed.force.id, at)
        made = build(query, query.stretch(REPORTED[report]), load_layout(None, query))
        document = Document(msgspec.json.encode(made), query)
        _look(document, report, state, result)
    return result


def _look(document: Document, report: str, state: str, result: Shown) -> None:
    def note(of: str, found: bool, said: object) -> None:
        result.of[of] += 1
        result.found[of] += found
        if not found:
            result.lacking.append(f"{of}: {said}")

    known = {area.name for area in document.query.force.file.areas} | {document.query.force.name}
    for figure in figures():
        if (figure.report, figure.state) == (report, state):
            there = AREAS.get(figure.area, figure.area) in known
            note(classify(figure)[0], there and _is_shown(document, figure), figure)
    for each in statements():
        if (each.report, each.state) == (report, state):
            there = AREAS.get(each.area, each.area) in known
            note(JUDGEMENT, there and _is_judged(document, each), each)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["002", "003"]:
        told = shown(name)
        print("\n".join(told.lacking))
        for of, number in told.of.items():
            print(f"{name} {of}: {told.found[of]} of {number}")
