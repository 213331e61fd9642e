"""What has to be fed so that the published figures come out: `cells.csv`.

A cell is how many records of one series (an offence, an incident type, a marker) an area had in a
month or quarter. Every published figure is a sum of cells or a condition on sums, so the cells are
the integers that fulfil them all. Where quarters were not published (those of averages, limits and
changes), they are chosen near what was.

`python -m tests.published.construct` writes `cells.csv`, which takes a minute; the tests read it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from tests.published.scope import (
    CONTRADICTORY,
    HERE,
    WRONG_WORDS,
    Figure,
    Statement,
    classify,
    excepted,
    figures,
    statements,
)
from tests.published.series import (
    DRIVERS,
    FORCES,
    MEASURES,
    MONTHLY,
    REPORTED,
    TYPES,
    WHOLES,
    WITHIN,
    before,
    every_period,
    quarter_of,
    quarters_before,
    shortest_periods,
    year_before,
)

Numbers = NDArray[np.float64] | NDArray[np.int64]
MARGIN = 0.495
"""How far from a printed whole number a value may lie, so that nobody's rounding of halves
matters."""


class Cell(NamedTuple):
    """A series of a report in an area and a part period."""

    report: str
    series: str
    period: str
    area: str


class Program:
    """Integers that fulfil linear conditions and lie near what is expected."""

    def __init__(self) -> None:
        self.places: dict[Cell, int] = {}
        self.near: list[float] = []
        self._rows: list[tuple[dict[int, float], float, float]] = []

    def at(self, cell: Cell, near: float | None = None) -> int:
        """The place of a cell."""
        if cell not in self.places:
            self.places[cell] = len(self.near)
            self.near.append(np.nan)
        place = self.places[cell]
        if near is not None:
            self.near[place] = near
        return place

    def between(
        self, terms: Iterable[tuple[float, Iterable[Cell]]], low: float, high: float
    ) -> None:
        """The weighted sum of cells lies in [low, high]."""
        row: dict[int, float] = defaultdict(float)
        for weight, cells in terms:
            for cell in cells:
                row[self.at(cell)] += weight
        self._rows.append((row, low, high))

    def solve(self) -> dict[Cell, int]:
        """The cells; raises `ValueError` where nothing fulfils all conditions."""
        count = len(self.near)
        near = np.nan_to_num(np.array(self.near), nan=3.0)
        # x - above + below = near; the objective is the sum of above and below.
        entries = [(r, c, w) for r, (row, _, _) in enumerate(self._rows) for c, w in row.items()]
        first = len(self._rows)
        for i in range(count):
            entries += [(first + i, i, 1.0), (first + i, count + i, -1.0)]
            entries.append((first + i, 2 * count + i, 1.0))
        r, c, w = (np.array(part) for part in zip(*entries, strict=True))
        matrix = csr_array((w, (r, c)), shape=(first + count, 3 * count))
        low = np.concatenate([[row[1] for row in self._rows], near])
        high = np.concatenate([[row[2] for row in self._rows], near])
        bound = np.array([cell.series.startswith("crime:") for cell in self.places])
        scale = 1.0 / np.sqrt(near + 1.0)
        done = milp(
            np.concatenate([np.zeros(count), scale, scale]),
            constraints=LinearConstraint(matrix, low, high),
            integrality=np.concatenate([np.ones(count), np.zeros(2 * count)]),
            bounds=Bounds(
                np.concatenate([np.floor(0.5 * near - 3).clip(0) * bound, np.zeros(2 * count)]),
                np.concatenate(
                    [np.where(bound, 1.6 * near + 5, np.inf), np.full(2 * count, np.inf)]
                ),
            ),
            options={"mip_rel_gap": 0.1, "time_limit": 120},
        )
        if done.x is None:
            raise ValueError(done.message)
        values = np.rint(done.x[:count]).astype(int)
        return {cell: int(values[place]) for cell, place in self.places.items()}


def cells(report: str, measure: str, period: str, area: str) -> list[Cell]:
    """The cells that a measure is the sum of."""
    parts = product(
        MEASURES[report][measure], shortest_periods(report, period), WITHIN.get(area, (area,))
    )
    return [Cell(report, *part) for part in parts]


def state(
    report: str, rows: Sequence[Figure], judged: Sequence[Statement], near: dict[Cell, int]
) -> dict[Cell, int]:
    """The cells that fulfil what is printed in `rows`, and what is said of them, as near to `near`
    as can be."""
    program = Program()
    force = FORCES[report]
    for cell, value in near.items():
        program.at(cell, value)
    for figure in rows:
        if figure.measure in MEASURES[report]:
            _require(program, figure)
    for statement in judged:
        _agree(program, statement)
        _pattern(program, statement, near)
    for period in {cell.period for cell in near}:
        for area in WITHIN[force]:
            unlisted = Cell(report, "crime:unlisted", period, area)
            program.between([(1, [unlisted])], 0, 5)
    for (of, series, period), number in _LEAST.items():
        if of == report:
            victims = [Cell(report, series, period, area) for area in WITHIN[force]]
            program.between([(1, victims)], number, np.inf)
    return program.solve()


# So many victims of domestic abuse had a month, of which the crimes were not published.
_LEAST = {("000", "mark:domestic_abuse:", "2016-06"): 400}


def _same(period: str) -> str:
    return period


_SUMS: dict[str, tuple[tuple[float, Callable[[str], str]], ...]] = {
    "volume": ((1, _same),),
    "previous_quarter": ((1, before),),
    "same_quarter_last_year": ((1, year_before),),
    "change_on_previous_quarter": ((1, _same), (-1, before)),
    "change_on_same_quarter_last_year": ((1, _same), (-1, year_before)),
}
"""Statistics that are sums of a measure in some periods."""
_CHANGES = {
    "percent_change_on_previous_quarter": before,
    "percent_change_on_previous_month": before,
    "percent_change_after_system_change": before,
    "percent_change_on_same_quarter_last_year": year_before,
    "ytd_percent_change": year_before,
}
"""Changes in per cent, and on which period."""
_SHARES = {"percent": (0, MARGIN), "percent_of_asb": (0, MARGIN), "percent_approx": (0, 2)}
_SHARES["percent_at_least"] = (2, 1.5)
"""Shares in per cent: how far from the printed one the share may lie, and around what."""


def _require(program: Program, figure: Figure) -> None:
    """Takes in what a printed figure says of cells, where it says something of cells."""
    report, measure, period, statistic = (
        figure.report,
        figure.measure,
        figure.period,
        figure.statistic,
    )
    value = float(figure.value)

    def of(when: str, name: str = measure) -> list[Cell]:
        return cells(report, name, when, figure.area)

    def ratio(part: list[Cell], whole: list[Cell], percent: float, margin: float) -> None:
        program.between([(1, part), (-(percent - margin) / 100, whole)], 0, np.inf)
        program.between([(1, part), (-(percent + margin) / 100, whole)], -np.inf, 0)

    if statistic in _SUMS and figure.unit == "count":
        summed = [(weight, of(when(period))) for weight, when in _SUMS[statistic]]
        program.between(summed, value, value)
    elif statistic in _CHANGES:
        ratio(of(period), of(_CHANGES[statistic](period)), 100 + value, MARGIN)
    elif statistic in _SHARES and measure in WHOLES:
        more, margin = _SHARES[statistic]
        ratio(of(period), of(period, WHOLES[measure]), value + more, margin)
    elif statistic == "percent_of_total_crime" and measure == "domestic_abuse":
        offences = [cell for cell in of(period) if cell.series.startswith("mark:")]
        ratio(offences, of(period, "total_recorded_crime"), value, MARGIN)
    elif statistic.startswith(("monthly_average", "consecutive_months")):
        _chart(program, figure, of)
    elif statistic.endswith("quarter_average"):
        four = [cell for quarter in quarters_before(period) for cell in of(quarter)]
        if statistic == "quarter_average":
            program.between([(1, four)], 4 * value - 2, 4 * value + 1)
        else:
            ratio(4 * of(period), four, 100 + value, MARGIN)


_POLICING_AREAS = {
    "Warwickshire": ("North Warwickshire policing area", "South Warwickshire policing area"),
    "West Mercia": WITHIN["West Mercia"],
}


def _agree(program: Program, statement: Statement) -> None:
    """Lets areas and quarters that were not published rise and fall as a report says."""
    report, measure, period, kind = (
        statement.report,
        statement.measure,
        statement.period,
        statement.kind,
    )
    if measure not in MEASURES[report] or measure in WHOLES:
        return
    rises = kind.startswith(("increase", "above")) or kind.endswith("increase")
    sign = 1.0 if rises else -1.0
    areas = {statement.area}
    if kind.startswith("area_comparison"):
        areas = set(_POLICING_AREAS[statement.area]) - excepted(statement)
    for area in areas:
        if kind.startswith("area_comparison") or kind in _SAID_ON_LAST:
            base, many = [before(period)], 1
        elif kind in _SAID_ON_YEAR:
            base, many = [year_before(period)], 1
        elif kind in ("above_quarter_average", "below_quarter_average"):
            base, many = quarters_before(period), 4
        else:
            return
        others = [cell for each in base for cell in cells(report, measure, each, area)]
        now = cells(report, measure, period, area)
        program.between([(many * sign, now), (-sign, others)], 1, np.inf)


_SAID_ON_LAST = {
    f"{word}_on_previous_{period}"
    for word in ("increase", "decrease")
    for period in ("quarter", "month")
}
_SAID_ON_YEAR = {
    f"{word}_on_same_{period}_last_year"
    for word in ("increase", "decrease")
    for period in ("quarter", "period")
}


# By report, line and area, how far the months that make a chart's limits lie from their mean, as a
# share of it: so far that what the report says of later months is so.
_SPREAD = {
    ("000", 25, "Warwickshire"): 0.05,
    ("000", 293, "North Warwickshire policing area"): 0.05,
    ("000", 334, "South Warwickshire policing area"): 0.1,
    ("001", 294, "West Mercia"): 0.04,
    ("001", 328, "South Worcestershire"): 0.12,
    ("001", 333, "South Worcestershire"): 0.12,
    ("001", 382, "North Worcestershire"): 0.1,
    ("001", 416, "West Mercia"): 0.15,
    ("001", 439, "Shropshire"): 0.08,
    ("001", 439, "Telford & Wrekin"): 0.08,
    ("001", 628, "West Mercia"): 0.05,
    ("002", 737, "Warwickshire"): 0.15,
    ("002", 738, "Warwickshire"): 0.08,
    ("002", 1282, "South Warwickshire policing area"): 0.05,
    ("002", 1384, "South Warwickshire policing area"): 0.04,
}
_OF_MONTHS = ("exceptional", "no_exceptional", "within_expected", "returned")
_RISING = {("000", 248): 12, ("000", 313): 7}
_FALLING = {("001", 614): 7}
"""By report and line, over how many months a measure rises or falls."""


def _pattern(program: Program, statement: Statement, near: dict[Cell, int]) -> None:
    """Lets months and quarters that were not published have the pattern that a report describes:
    the season, the trend, what is usual, and which areas a change comes from."""
    report, measure, kind = statement.report, statement.measure, statement.kind
    if measure not in MEASURES[report] or measure in WHOLES:
        return
    place = (report, statement.line)
    if kind == "seasonal" and report in MONTHLY and "Q" in statement.period:
        _season(program, statement)
    elif kind == "share_stable":
        _same_shares(program, statement)
    elif kind.startswith("trend") and place in _RISING | _FALLING:
        _trend(program, statement, (_RISING | _FALLING)[place], 1 if place in _RISING else -1)
    elif kind == "driver" and place in DRIVERS:
        _driven(program, statement, DRIVERS[place])
    elif kind.startswith(_OF_MONTHS):
        spread = _SPREAD.get((*place, statement.area))
        if spread is not None:
            _usual(program, statement, spread, near)


def _season(program: Program, statement: Statement) -> None:
    """The same quarter of last year lies on the side of the average on which this one does."""
    report, _, area, period, measure, *_ = statement
    printed = {
        each.statistic: float(each.value)
        for each in figures()
        if (each.report, each.area, each.period, each.measure) == (report, area, period, measure)
    }
    above = printed.get("percent_above_quarter_average")
    if above is None and {"volume", "quarter_average"} <= printed.keys():
        above = printed["volume"] - printed["quarter_average"]
    if above is None:
        return
    sign = 1.0 if above > 0 else -1.0
    four = [cell for each in quarters_before(period) for cell in cells(report, measure, each, area)]
    then = cells(report, measure, year_before(period), area)
    program.between([(4 * sign, then), (-sign, four)], 8, np.inf)


def _same_shares(program: Program, statement: Statement) -> None:
    """The shares that are printed beside it were the same in the quarter before."""
    report, line, area, period, measure, *_ = statement
    last = before(period)
    for each in figures():
        if (each.report, each.line, each.area) != (report, line, area) or each.unit != "percent":
            continue
        if classify(each)[0] == CONTRADICTORY:
            continue
        part, whole = each.measure, measure
        if each.statistic == "percent_of_total_crime":
            whole = "total_recorded_crime"
        elif WHOLES.get(part) != measure:
            continue
        marked = [c for c in cells(report, part, last, area) if measure not in _COUNTED_TWICE
                  or c.series.startswith("mark:")]  # fmt: skip
        for side in (-1, 1):
            share = float(each.value) / 100 * (1 + 0.004 * side)
            program.between(
                [(side * share, cells(report, whole, last, area)), (-side, marked)], 0, np.inf
            )


_COUNTED_TWICE = ("domestic_abuse",)
"""Measures of offences and of incidents, of which offences are a share of recorded crime."""


def _trend(program: Program, statement: Statement, months: int, sign: int) -> None:
    report, _, area, period, measure, *_ = statement
    every = every_period(report)
    last = every.index(shortest_periods(report, period.rpartition("..")[2])[-1])
    of = [cells(report, measure, each, area) for each in every[last + 1 - months : last + 1]]
    for place, now in enumerate(of):
        if place:
            program.between([(sign, now), (-sign, of[place - 1])], 0, np.inf)
        if place >= 3:
            program.between([(sign, now), (-sign, of[place - 3])], 1, np.inf)


def _driven(program: Program, statement: Statement, areas: Sequence[str]) -> None:
    """The change of these areas is larger than that of the others, and in its direction."""
    report, _, _, period, measure, *_ = statement

    def change(area: str, sign: float) -> list[tuple[float, list[Cell]]]:
        now, last = (cells(report, measure, each, area) for each in (period, before(period)))
        return [(sign, now), (-sign, last)]

    for area in areas:
        program.between(change(area, 1), 1, np.inf)
        for other in set(_POLICING_AREAS[FORCES[report]]) - set(areas):
            program.between([*change(area, 1), *change(other, -1)], 1, np.inf)


def _usual(program: Program, statement: Statement, spread: float, near: dict[Cell, int]) -> None:
    """The first 12 months lie above and below their mean by turns, all about as far, so that the
    limits of their chart are known; the months that are judged lie beyond or within these, and no
    run of 8 moves them before."""
    report, _, area, period, measure, kind, _ = statement
    every = every_period(report)
    of = {month: cells(report, measure, month, area) for month in every}
    twelve = [cell for month in every[:12] for cell in of[month]]
    least = spread * sum(near.get(cell, 0) for cell in twelve) / 12
    most = 1.15 * least + 1

    def away(month: str, low: float, high: float) -> None:
        """How far a month lies above the mean."""
        program.between([(12, of[month]), (-1, twelve)], 12 * low, 12 * high)

    for place, month in enumerate(every[:12]):
        away(month, *((least, most) if place % 2 else (-most, -least)))
    months = [each for part in period.split("..") for each in shortest_periods(report, part)]
    if kind == "exceptional_volume":
        away(months[-1], 2.12 * most, np.inf)
    elif kind == "exceptional_reduction":
        away(months[-1], -np.inf, -2.12 * most)
    else:
        for month in months if kind != "returned_to_expected" else months[-1:]:
            away(month, -2.05 * least, 2.05 * least)
    if len(every) > 20 and not {every[14], every[15]} & set(months):
        away(every[14], -np.inf, -0.5)
        away(every[15], 0.5, np.inf)


def printed_average(figure: Figure) -> bool:
    """Whether the report prints the average that the months of a figure lie above."""
    return any(
        each.statistic == "monthly_average_before_rebase"
        and (each.report, each.measure) == (figure.report, figure.measure)
        for each in figures()
    )


def _chart(program: Program, figure: Figure, of: Callable[[str], list[Cell]]) -> None:
    """A chart by month has its average from the first 12 months; after 8 in a row above that it
    moves to the mean of these 8."""
    last = shortest_periods(figure.report, figure.period)[-1]
    every = every_period(figure.report)
    months = every[: every.index(last) + 1]
    value = float(figure.value)
    if figure.statistic == "consecutive_months_increasing":
        _rises(program, int(value), months, of)
    elif figure.statistic.startswith("consecutive"):
        if not printed_average(figure):
            _run(program, int(value), months, of)
    elif not printed_average(figure):
        twelve = [cell for month in months[:12] for cell in of(month)]
        program.between([(1, twelve)], 12 * (value - 0.5), 12 * (value + 0.5) - 1)
    elif figure.statistic == "monthly_average":
        eight = [cell for month in months[-8:] for cell in of(month)]
        program.between([(1, eight)], 8 * (value - 0.5), 8 * (value + 0.5) - 1)
    else:
        first = [cell for month in months[:-8] for cell in of(month)]
        many = len(months) - 8
        program.between([(1, first)], many * (value - 0.5), many * (value + 0.5) - 1)
        for month in months[-8:]:
            program.between([(1, of(month))], value + 1, np.inf)


def _run(program: Program, run: int, months: list[str], of: Callable[[str], list[Cell]]) -> None:
    """The last months of a chart lie above its average, as many as `run`."""
    first = [(-1.0, [cell for month in months[:12] for cell in of(month)])]
    for month in months[12:-run]:
        program.between([(12.0, of(month)), *first], -np.inf, -6)
    for month in months[-run:]:
        program.between([(12.0, of(month)), *first], 6, np.inf)


def _rises(program: Program, run: int, months: list[str], of: Callable[[str], list[Cell]]) -> None:
    """Each of the last months lies above the one before it, as many as `run`."""
    for month, last in zip(months[-run:], months[-run - 1 : -1], strict=True):
        program.between([(1, of(month)), (-1, of(last))], 1, np.inf)
    program.between([(1, of(months[-run - 1])), (-1, of(months[-run - 2]))], -np.inf, 0)


# How a measure's records are expected to lie, where that was not published.
_WEIGHTS = {
    "crime:violence.without_injury.other": 0.8,
    "crime:drugs.possession": 0.65,
    "incident:asb.nuisance": 0.78,
    "incident:suspicious": 1.0,
    "mark:domestic_abuse:": 0.9,
    "mark:child_at_risk:": 0.9,
    "mark:vulnerable_adult:": 0.9,
    "mark:hate.disability:": 0.4,
    "mark:cse:": 0.8,
    "mark:rural:": 0.69,
    "crime:violence.without_injury.malicious_communications": 0.2,
    "crime:sexual.other.assault": 0.5,
    "crime:sexual.other.activity_child_under_16": 0.36,
    "crime:sexual.other.inciting_child": 0.08,
    "crime:sexual.other.other": 0.06,
    "crime:vehicle.theft_from": 0.65,
    "crime:vehicle.interfering": 0.15,
    "crime:drugs.trafficking": 0.35,
    "incident:domestic_abuse": 0.1,
    "incident:child_at_risk": 0.1,
    "incident:vulnerable_adult": 0.1,
    "incident:hate.racial": 0.1,
    "mark:hate.racial:": 0.5,
    "mark:cse:sexual.rape.other": 0.2,
    "mark:rural:burglary.business_community": 0.11,
    "mark:rural:vehicle.theft_from": 0.1,
    "mark:rural:other_theft": 0.1,
    "incident:asb.personal": 0.14,
    "incident:asb.environmental": 0.08,
}


def expected(report: str, rows: Sequence[Figure]) -> dict[Cell, int]:
    """Cells as they would be expected from the volumes and averages of `rows`."""
    force, quarter = FORCES[report], REPORTED[report]
    printed: dict[tuple[str, str, str], float] = {}
    for row in rows:
        kind = {"same_quarter_last_year": year_before, "previous_quarter": before}.get(
            row.statistic
        )
        if row.statistic == "quarter_average":
            printed.setdefault((row.measure, row.area, "average"), float(row.value))
        elif row.unit == "count" and (row.statistic == "volume" or kind):
            when = kind(row.period) if kind else row.period
            printed.setdefault((row.measure, row.area, when), float(row.value))
    for row in rows:
        summers, spring = (row.measure, row.area, "2019-Q3"), (row.measure, row.area, "2019-Q2")
        if row.statistic == "ytd_percent_change" and spring in printed:
            both = (1 + float(row.value) / 100) * (printed[spring] + printed[summers])
            last = both - printed[row.measure, row.area, quarter]
            printed.setdefault((row.measure, row.area, before(quarter)), last)
    found: dict[Cell, int] = {}
    total = "total_recorded_crime"
    whole = sum(printed.get((total, area, quarter), 1.0) for area in WITHIN[force])
    shares = {area: printed.get((total, area, quarter), 1.0) / whole for area in WITHIN[force]}
    # A measure of few series says more of each than one of many.
    for measure, term in sorted(MEASURES[report].items(), key=lambda each: len(each[1])):
        if measure == total:
            continue
        for part, area in product(every_period(report), WITHIN[force]):
            period = quarter_of(part)
            places = ((area, 1.0), (force, shares[area]))
            whens = (period, "average", quarter, year_before(quarter))
            known = (
                printed[measure, place, when] * part
                for place, part in places
                for when in whens
                if (measure, place, when) in printed
            )
            number = next(known, None)
            rest = [series for series in term if Cell(report, series, part, area) not in found]
            if number is None or not rest:
                continue
            number /= len(shortest_periods(report, period))
            number -= sum(found.get(Cell(report, series, part, area), 0) for series in term)
            weights = {series: _WEIGHTS.get(series, 0.2) for series in rest}
            for series, weight in weights.items():
                each = max(0.0, number) * weight / sum(weights.values())
                found[Cell(report, series, part, area)] = round(each)
    return found


class Year(NamedTuple):
    """What a measure had in the quarters of 2019/20, beside the published Jul-Sep, and in Apr-Jun
    2020."""

    spring: int
    autumn: int
    winter: int


def years(summer: int, upper: int, lower: int, springs: Iterable[int]) -> Iterator[Year]:
    """The years whose mean and two sample standard deviations around it are the printed limits."""
    middle, spread = (upper + lower) / 2, (upper - lower) / 4
    for spring in springs:
        rest = 4 * middle - spring - summer
        half = 3 * spread**2 - (spring - middle) ** 2 - (summer - middle) ** 2
        half = half / 2 - (rest / 2 - middle) ** 2
        if half < 0:
            continue
        for sign, nudge, other in product((1, -1), (0, -1, 1), (0, -1, 1)):
            autumn = round(rest / 2 + sign * half**0.5) + nudge
            winter = round(rest) - autumn + other
            four = (spring, summer, autumn, winter)
            limit = 2 * stdev(four)
            close = abs(mean(four) + limit - upper), abs(mean(four) - limit - lower)
            if max(close) <= MARGIN and min(four) >= 0:
                yield Year(spring, autumn, winter)


def limited(rows: Sequence[Figure]) -> list[Figure]:
    """Volumes of the quarters of 2019/20 that give the printed limits, where the crime types add up
    to recorded crime; as figures, though nobody printed them."""
    force = [row for row in rows if row.area == "West Mercia" and row.unit != "forces"]
    at = {(row.measure, row.statistic): float(row.value) for row in force}
    volumes = {
        (row.measure, row.period): float(row.value) for row in force if row.statistic == "volume"
    }
    choices: dict[str, list[Year]] = {}
    for (measure, statistic), upper in at.items():
        if statistic != "upper_control_limit":
            continue
        lower, summer = at[measure, "lower_control_limit"], at[measure, "same_quarter_last_year"]
        last = at.get((measure, "previous_quarter"))
        if risen := at.get((measure, "change_on_previous_quarter")):
            last = last or volumes[measure, "2020-Q3"] - risen
        springs: Numbers = np.arange(round(lower * 0.9), round(upper * 1.1) + 1)
        now, ytd = volumes[measure, "2020-Q3"], at[measure, "ytd_percent_change"]
        free: Numbers = np.rint((1 + ytd / 100) * (springs + summer) - now)
        lasts = free if last is None else last
        change = 100 * (lasts + now) / (springs + summer) - 100
        springs = springs[abs(change - ytd) <= MARGIN]
        autumn, winter = (volumes.get((measure, quarter)) for quarter in ("2019-Q4", "2020-Q1"))
        if autumn is None:
            springs = springs[:: max(1, len(springs) // 150)]
        choices[measure] = [
            year
            for year in years(int(summer), int(upper), int(lower), map(int, springs))
            if autumn in (None, year.autumn) and winter in (None, year.winter)
        ]
        if not choices[measure]:
            raise ValueError(f"no year has the limits of {measure}")
    chosen = {
        measure: min(found, key=lambda year: abs(year.autumn - year.winter))
        for measure, found in choices.items()
    }
    if choices.keys() >= _CRIME:
        chosen |= _adding_up(choices)
    row = rows[0]
    return [
        row._replace(
            area="West Mercia",
            measure=measure,
            period=period,
            statistic="volume",
            value=str(value),
            unit="count",
        )
        for measure, year in chosen.items()
        for period, value in zip(("2019-Q2", "2019-Q4", "2020-Q1"), year, strict=True)
    ]


_CRIME = {*TYPES["003"], "total_recorded_crime"}


def _adding_up(choices: dict[str, list[Year]]) -> dict[str, Year]:
    """One year of each crime type, so that these add up to recorded crime, but for 25 a quarter."""
    options = [
        (measure, year) for measure in choices if measure in _CRIME for year in choices[measure]
    ]
    one = np.array([[name == measure for name, _ in options] for measure in _CRIME], float)
    signs = np.array([1.0 if name == "total_recorded_crime" else -1.0 for name, _ in options])
    rest = np.array([year for _, year in options]).T * signs
    done = milp(
        np.zeros(len(options)),
        constraints=[LinearConstraint(one, 1, 1), LinearConstraint(rest, 0, 25)],
        integrality=np.ones(len(options)),
        bounds=Bounds(0, 1),
        options={"time_limit": 300},
    )
    if done.x is None:
        raise ValueError(done.message)
    return dict(options[i] for i in np.flatnonzero(done.x > 0.5))


def cells_of(report: str) -> Iterator[tuple[str, dict[Cell, int]]]:
    """All cells of a report in the state of its table, then as its text has them."""
    had = [row for row in figures() if row.report == report and classify(row)[0] != CONTRADICTORY]
    table = [row for row in had if row.state == "table"]
    if report == "003":
        table += limited(table)
    said = [
        each
        for each in statements()
        if each.report == report and (report, each.line, each.measure, each.kind) not in WRONG_WORDS
    ]
    judged = [each for each in said if each.state == "table"]
    first = state(report, table, judged, expected(report, table))
    yield "table", first
    text = [row for row in had if row.state == "text"]
    if report == "003":
        text += limited([row for row in text if row.measure == "residential_burglary_dwelling"])
    judged = [each for each in said if each.state == "text"]
    yield "text", state(report, text, judged, first)


def rows(report: str) -> Iterator[list[str]]:
    """The rows of `cells.csv` of a report: the counts of a series and area from its first period
    on. Of the text's state only what differs."""
    written: dict[tuple[str, str], str] = {}
    for which, found in cells_of(report):
        periods = sorted({cell.period for cell in found})
        for series, area in sorted({(cell.series, cell.area) for cell in found}):
            every = (found.get(Cell(report, series, period, area), 0) for period in periods)
            counts = " ".join(map(str, every))
            if written.get((series, area)) != counts:
                written[series, area] = counts
                yield [which, report, series, area, periods[0], counts]


if __name__ == "__main__":
    with (HERE / "cells.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["state", "report", "series", "area", "first", "counts"])
        for report in REPORTED:
            writer.writerows(rows(report))
