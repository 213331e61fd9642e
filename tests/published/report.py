"""What of the published figures and judgements stands in the performance summary that the product
writes of the records of a report.

`python -m tests.published.report 002` prints by class how many do, and every other one.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import resources
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from streams.board.compare import AsLastYear, Beside, Change, Rate
from streams.board.drivers import Drivers
from streams.board.monitor import Monitor
from streams.board.month_by_month import MonthByMonth
from streams.board.query import Observation, Query
from streams.board.standing import IN_LINE
from streams.board.targets import JudgedTarget
from streams.config.force import WHOLE
from streams.errors import QueryError
from streams.outputs.report.build import build
from streams.outputs.report.layout import FILE, ReportLayout, load_layout, parse_layout
from streams.outputs.report.model import Report, ReportFigure, figures_of
from streams.periods import Calendar, rfc3339
from streams.registry.affected import stands_for
from tests.published.asking import ALIASES, AREAS, OF_FORCE, TARGET_OF
from tests.published.feed import Feed
from tests.published.judging import NAMED_SHARES, PARTS, RISES, SHARES
from tests.published.matching import ABOUT, FAR_FUTURE, decimals
from tests.published.scope import HERE, Figure, Statement, classify, excepted, figures, statements
from tests.published.series import DRIVERS, REPORTED, after

JUDGEMENT = "judgements"


class Shown(NamedTuple):
    """How many figures by class, and judgements, stand in a report, of how many; and the others."""

    found: Counter[str]
    of: Counter[str]
    lacking: list[str]


class Document:
    """The figures of a performance summary as its JSON has them, by measure, period and area."""

    def __init__(self, text: bytes, query: Query) -> None:
        self.report = msgspec.json.decode(text, type=Report)
        self.query = query
        self.rows: dict[tuple[str, str, str, str], ReportFigure] = {}
        """By indicator, start, end and area; the first of several is that of its own section."""
        self.others: dict[tuple[str, str, str], float] = {}
        """What stands beside a figure, of another period, by its label."""
        self.shares: dict[tuple[str, str, str], float] = {}
        """The same of shares."""
        for row in figures_of(self.report):
            place = row.indicator, row.start, row.end, row.area
            if place not in self.rows or row.beside is not UNSET:
                self.rows[place] = row
            for change in _changes(row):
                _keep(self.others, row, change)
            beside = row.beside if isinstance(row.beside, Beside) else Beside()
            if isinstance(beside.share_change, Change):
                _keep(self.shares, row, beside.share_change)

    def row(self, measure: str, period: str, area: str) -> ReportFigure | None:
        """The figure of a measure, as the reports name it."""
        try:
            stretch = self.query.stretch(_written(period))
        except QueryError:
            return None
        start, end = (rfc3339(at, self.query.force.zone) for at in (stretch.start, stretch.end))
        return self.rows.get((ALIASES.get(measure, measure), start, end, self._place(area)))

    def other(self, measure: str, period: str, area: str) -> float | None:
        """A value that stands beside another figure."""
        return self.others.get((ALIASES.get(measure, measure), period, self._place(area)))

    def share(self, measure: str, period: str, area: str) -> float | None:
        """The same of a share."""
        name = ALIASES.get(measure, measure)
        is_share = self.query.unit(self.query.indicator(name)) == "ratio"
        return (self.others if is_share else self.shares).get((name, period, self._place(area)))

    def _place(self, area: str) -> str:
        return self.query.areas()[self.query.area(AREAS.get(area, area))]

    def months(self, measure: str, period: str, area: str) -> list[ReportFigure]:
        """The figures of the months of a period, in order."""
        labels = [each.label for each in self.query.stretch(_written(period)).parts("month")]
        found = (self.row(measure, label, area) for label in labels)
        return [each for each in found if each is not None]

    def charted(self, measure: str, period: str, area: str) -> list[ReportFigure]:
        """Those of them that were judged."""
        return [each for each in self.months(measure, period, area) if each.centre is not None]


def _written(period: str) -> str:
    return period.removeprefix("asat-").replace("before-2020-07", "2020-01..2020-06")


def _keep(found: dict[tuple[str, str, str], float], row: ReportFigure, change: Change) -> None:
    for label, value in ((change.period, change.value), (change.base_period, change.base)):
        if value is not None:
            found.setdefault((row.indicator, label, row.area), value)


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
    if row.indicator == "repeat_nominals_3plus_high_harm":  # what the others are a share of
        return 100.0 if row.value else None
    of_force = row.indicator in OF_FORCE and row.area != WHOLE
    found = beside.of_force if of_force else beside.share
    if not isinstance(found, Observation) or found.value is None:
        return None
    return found.value * 100


def _rate(row: ReportFigure) -> float | None:
    beside = row.beside if isinstance(row.beside, Beside) else Beside()
    return beside.rate.value if isinstance(beside.rate, Rate) else None


def _target(row: ReportFigure) -> JudgedTarget | None:
    beside = row.beside if isinstance(row.beside, Beside) else Beside()
    return beside.target if isinstance(beside.target, JudgedTarget) else None


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
    how = next((how for start, how in _OTHERWISE if figure.statistic.startswith(start)), None)
    if how is not None:
        return how(document, figure)
    row = document.row(figure.measure, figure.period, figure.area)
    read = _READ.get(figure.statistic)
    found = None if row is None or read is None else read(row)
    return _elsewhere(document, figure) if found is None else found


def _elsewhere(document: Document, figure: Figure) -> float | None:
    """The value where it stands beside the figure of another period or measure."""
    place, statistic = (figure.measure, figure.period, figure.area), figure.statistic
    if statistic == "volume":
        return document.other(*place)
    if statistic == "target":
        row = document.row(TARGET_OF.get(figure.measure, figure.measure), *place[1:])
        found = None if row is None else _target(row)
        if row is None or found is None or figure.unit != "minutes":
            return None if row is None else _READ["target"](row)
        return None if found.target.seconds is None else found.target.seconds / 60
    if statistic == "ytd_percent_change":
        row = document.row(figure.measure, REPORTED[figure.report], figure.area)
        return None if row is None else _of(row, "year_to_date", "percent")
    if statistic.startswith("percent") and "change" not in statistic:
        share = document.share(*place)
        return None if share is None else share * 100
    return None


def _monthly(document: Document, figure: Figure) -> float | None:
    row = document.row(figure.measure, figure.period, figure.area)
    if row is not None and row.a_month is not None:
        return row.a_month
    charted = document.charted(figure.measure, figure.period, figure.area)
    return _of_months(charted, figure.statistic)


def _extreme(document: Document, figure: Figure) -> float | None:
    months = document.months(figure.measure, figure.period, figure.area)
    values = [each.value for each in months if each.value is not None]
    return (min if figure.statistic == "volume_low" else max)(values, default=None)


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


def _of_band(document: Document, figure: Figure) -> float | None:
    measure, _, number = figure.measure.partition("_key_band_")
    row = document.row(measure, figure.period, figure.area)
    target = None if row is None else _target(row)
    if target is None:
        return None
    band = target.target.bands[int(number) - 1]
    bound = band.lower if figure.statistic == "band_lower" else band.upper
    return None if bound is None else bound * 100


_OTHERWISE: tuple[tuple[str, Callable[[Document, Figure], float | None]], ...] = (
    ("monthly_average", _monthly),
    ("consecutive_months", _monthly),
    ("volume_low", _extreme),
    ("volume_high", _extreme),
    ("band", _of_band),
)
"""How a value is read that is of no single row, by how its statistic begins."""


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
    how = next((how for start, how in _JUDGES if each.kind.startswith(start)), None)
    if how is not None:
        return how(document, each)
    measure = each.measure
    if each.kind.startswith("target"):
        measure = TARGET_OF.get(measure, measure)
    row = document.row(measure, each.period, each.area)
    if row is None and ".." in each.period:  # judged month by month
        months = document.months(measure, each.period, each.area)
        return bool(months) and all(_of_row(month, each) for month in months)
    return row is not None and _of_row(row, each)


def _flagged(document: Document, each: Statement) -> bool:
    """What the chart of months says of those of the period."""
    kind, months = each.kind, document.charted(each.measure, each.period, each.area)
    flags = [month.flag for month in months]
    if kind.startswith("exceptional"):
        return ("below" if "reduction" in kind else "above") in flags
    if kind.startswith("returned"):
        return flags[-1:] == [None]
    if kind.startswith("rebased"):
        return any(month.moved for month in months)
    return bool(months) and not any(flags)


def _off_average(document: Document, each: Statement) -> bool:
    months = document.charted(each.measure, each.period, each.area)
    away = [(month.value or 0) - (month.centre or 0) for month in months]
    return bool(away) and all(x > 0 for x in away) is each.kind.startswith("above")


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


def _trend(document: Document, each: Statement) -> bool:
    place, rises = (each.measure, each.period, each.area), each.kind.endswith("increasing")
    row = document.row(*place)
    if (times := RISES.get((each.report, each.line))) is not None:
        return [month.rises for month in document.charted(*place)][-1:] == [times]
    if each.figures.startswith("+"):
        row = row or document.row(each.measure, each.period.partition("..")[0], each.area)
        change = None if row is None else _of(row, "previous", "change")
    elif row is None:
        return False
    elif each.figures.startswith("YTD"):
        change = _of(row, "year_to_date", "change")
    else:
        beside = row.beside if isinstance(row.beside, Beside) else Beside()
        found = beside.month_by_month
        change = found.value - found.base if isinstance(found, MonthByMonth) else None
    return bool(change) and ((change or 0) > 0) is rises


def _shares(document: Document, each: Statement) -> bool:
    named = NAMED_SHARES.get((each.report, each.line), SHARES.get(each.measure, ()))
    rows = [document.row(name, each.period, each.area) for name in named]
    found = [(_of(row, "share_change", "change"), row) for row in rows if row is not None]
    if not found or len(found) < len(named):
        return False
    if each.kind == "share_increasing":
        return all(change is not None and change > 0 for change, _ in found)
    bases = [(change, _of(row, "share_change", "base")) for change, row in found]
    return all(
        change is not None and base is not None and abs(change) <= base * IN_LINE / 100
        for change, base in bases
    )


def _everywhere(document: Document, each: Statement) -> bool:
    rises, left_out = each.kind.endswith("increase"), excepted(each)
    for area in document.query.force.file.areas:
        if area.parent is None and area.name not in left_out:
            row = document.row(each.measure, each.period, area.name)
            change = None if row is None else _of(row, "previous", "change")
            if not change or (change > 0) is not rises:
                return False
    return True


def _driven(document: Document, each: Statement) -> bool:
    place = each.report, each.line
    areas, parts = DRIVERS.get(place), PARTS.get(place)
    row = document.row(each.measure, each.period, WHOLE if areas else each.area)
    beside = row.beside if row is not None and isinstance(row.beside, Beside) else Beside()
    found = beside.drivers
    if areas and not isinstance(found, Drivers):
        return _most_moved(document, each) in areas
    if not isinstance(found, Drivers) or not (areas or parts):
        return False
    named = set(parts or (document.query.areas()[document.query.area(a)] for a in areas or ()))
    return set(list(found.areas if areas else found.parts)[: len(named)]) == named


def _most_moved(document: Document, each: Statement) -> str:
    """The area whose figure rose most on the period before."""
    changes = {}
    for area in document.query.force.file.areas:
        row = document.row(each.measure, each.period, area.name)
        if area.parent is None and row is not None:
            changes[area.name] = _of(row, "previous", "change") or 0.0
    return max(changes, key=lambda name: changes[name], default="")


def _seasonal(document: Document, each: Statement) -> bool:
    row = document.row(each.measure, each.period, each.area)
    beside = row.beside if row is not None and isinstance(row.beside, Beside) else Beside()
    found = beside.as_last_year
    return isinstance(found, AsLastYear) and found.word == "as last year"


def _changed(document: Document, each: Statement) -> bool:
    about = stands_for(each.measure) | {each.measure}
    found = (set(change.affects) for change in document.report.changes)
    return any(not names or any(stands_for(n) <= about for n in names) for names in found)


def _across(document: Document, each: Statement) -> bool:
    row = document.row(each.measure, each.period, each.area)
    return row is not None and any(change.reason for change in _changes(row))


def _unavailable(document: Document, each: Statement) -> bool:
    row = document.row(each.measure, each.period, each.area)
    lacking = {unknown.indicator for unknown in document.report.unknown}
    return each.measure in lacking or (row is not None and row.value is None)


def _run(document: Document, each: Statement) -> bool:
    period = each.period
    if each.kind == "rebase_due_next_month":  # said of the month that is to come
        period = document.query.stretch(period).previous.label
    return [month.run for month in document.charted(each.measure, period, each.area)][-1:] == [7]


_JUDGES: tuple[tuple[str, Callable[[Document, Statement], bool]], ...] = (
    ("exceptional_volume", _flagged),
    ("exceptional_reduction", _flagged),
    ("no_exceptional", _flagged),
    ("within_expected", _flagged),
    ("returned", _flagged),
    ("rebased", _flagged),
    ("above_monthly", _off_average),
    ("below_monthly", _off_average),
    ("trend", _trend),
    ("share", _shares),
    ("area_comparison", _everywhere),
    ("driver", _driven),
    ("seasonal", _seasonal),
    ("system_change", _changed),
    ("recording_change", _changed),
    ("not_comparable", _across),
    ("data_unavailable", _unavailable),
    ("7", _run),
    ("rebase_due", _run),
)
"""How a judgement is looked up that is more than a flag or a change, by how its kind begins."""


def layout_of(report: str, query: Query) -> ReportLayout:
    """The shipped layout, with the chapter that an analyst adds for the topics of one quarter."""
    own = HERE / f"layout_{report}.toml"
    if not own.exists():
        return load_layout(None, query)
    shipped = (resources.files("streams.outputs.report") / FILE).read_text("utf-8")
    return parse_layout(f"{shipped}\n{own.read_text('utf-8')}", own, query)


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
        made = build(query, query.stretch(REPORTED[report]), layout_of(report, query))
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
