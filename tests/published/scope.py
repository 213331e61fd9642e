"""Which published figures and judgements are in scope, and what can be had of each figure.

`figures.csv` and `statements.csv` hold what two forces and their commissioners published in five
reports: one row a printed number or judgement. `line` is the line of the report's text. In scope is
what the four reports with tables say of calls (A), incidents (B), crimes (C), their markers (D),
and outcomes, victims and suspects (E); all else (F) comes from other systems.

`python -m tests.published.scope` writes `scope.csv`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent

REPORTS = {
    "000": "Apr-Jun 2016",
    "001": "Oct-Dec 2016",
    "002": "Oct-Dec 2017",
    "003": "Jul-Sep 2020",
}
"""The reports with tables, by the first digits of their source: 000 and 002 are Warwickshire's, the
others West Mercia's."""
TABLES = {"000": (257, 272), "001": (209, 224), "002": (1218, 1233), "003": (1079, 1104)}
"""The first and last line of each report's table of all crime types."""
PERFORMANCE = {"002": (715, 1654)}
"""The lines that are the performance report, where a source holds other papers as well."""

PUBLISHED = "published inputs"
CONSTRUCTED = "constructed inputs"
CONTRADICTORY = "contradictory"
NOT_PUBLISHED = "input not published"
CLASSES = (PUBLISHED, CONSTRUCTED, CONTRADICTORY, NOT_PUBLISHED)

# By the longest prefix that a measure's name has.
_GROUPS = {
    "A": "abandoned_ answered_ average_wait_ calls_ online_crime_reports",
    "B": "asb attended_within_ emergency_ incidents mean_response_time",
    "C": """
        bicycle_theft burglary_other business_ child_sexual_offences_ criminal_damage_arson
        deliberate_fire_setting domestic_burglary drug_offences drug_trafficking
        inciting_child_sexual_activity interfering_with_motor_vehicle malicious_communications
        misc_crimes_against_society other_crimes_against_society other_sexual_offences other_theft
        personal_robbery possession_of_weapons public_order rape residential_burglary_ robbery
        rural_crime shoplifting theft_from_ total_recorded_crime vehicle_offences violence_with
        """,
    "D": """
        action_fraud_ alcohol_ child_at_risk cse cyber domestic_abuse hate_crime vulnerable_adult
        """,
    "E": """
        action_taken_ audit_ domestic_abuse_offenders domestic_abuse_outcome_
        domestic_abuse_repeat_ domestic_abuse_victims investigation_complete_ no_action_taken_
        offences_outcomed open_investigations outcome outcomes_ repeat_nominals repeat_offenders
        repeat_victims sexual_offence_repeat_victims time_to_assign_outcome val_referral_rate
        """,
    "F": """
        business_continuity cyber_campaign cyber_survey domestic_abuse_satisfaction
        domestic_abuse_survey domestic_abuse_victim_satisfaction hate_crime_victim
        """,
}
_BY_PREFIX = sorted(
    ((prefix, group) for group, names in _GROUPS.items() for prefix in names.split()),
    key=lambda each: -len(each[0]),
)

# Where table and text print two figures of one quantity, both are made: the table's first, then
# late and corrected records that turn it into the text's. By report, the measures of which every
# figure outside the table is asked of the text's state.
_TEXT = {
    "000": "domestic_burglary other_sexual_offences rape violence_with_injury",
    "001": "robbery total_recorded_crime vehicle_offences violence_with_injury",
    "002": """
        business_community_burglary rape robbery theft_from_person total_recorded_crime
        violence_with_injury
        """,
    "003": "cyber_itemised_total residential_burglary_dwelling",
}

# By report, line, area ("" for any), measure and statistic ("" for any).
_CONTRADICTORY = {
    ("000", 291, "", "violence_with_injury", "percent_above_quarter_average"): (
        "1,044 is 8.3 % above 964"
    ),
    ("001", 505, "Telford & Wrekin", "hate_crime", ""): "the force's figures, repeated",
    ("002", 1148, "", "cse", "percent_change_on_previous_quarter"): "27 is 25 % below 36",
    ("002", 1195, "Warwickshire", "total_recorded_crime", "2017-11"): (
        "its two policing areas add up to one more"
    ),
    ("002", 1379, "", "theft_from_person", "percent_change_on_previous_quarter"): (
        "the force's 117 less the South's 60 makes it 32 %"
    ),
    ("002", 1496, "", "asb_personal", "percent"): "523 of 3,502 is 14.9 %",
    ("002", 1498, "", "asb_personal", "percent_change_on_previous_quarter"): (
        "523 is 22.5 % below 675"
    ),
    ("003", 944, "", "outcome_16_no_victim_criminal_damage_arson", "percent"): "81 of 482 is 17 %",
    (
        "003",
        1723,
        "",
        "residential_burglary_dwelling",
        "percent_change_on_same_quarter_last_year",
    ): ("556 is 22.6 % below 718; 162 is 41 % of the quarter before"),
    ("003", 1750, "", "hate_crime_racial", "volume"): "68 % of 572 is 389",
    ("003", 1778, "", "vulnerable_adult", "percent_change_on_previous_quarter"): (
        "an increase is called a decrease"
    ),
    ("003", 1778, "", "vulnerable_adult", "change_on_previous_quarter"): (
        "an increase is called a decrease"
    ),
    ("003", 1778, "", "vulnerable_adult", "percent_change_on_same_quarter_last_year"): (
        "3,961 is 4.4 % above 3,793"
    ),
    ("003", 1813, "", "child_at_risk", ""): "a change on the quarter is called one on the month",
    ("003", 1815, "", "child_at_risk", ""): "a change on the quarter is called one on the month",
    ("003", 1965, "", "asb", "percent_change_on_same_quarter_last_year"): (
        "13,004 is 14.7 % above 11,337"
    ),
    ("003", 1976, "", "asb_personal", "percent_change_on_previous_quarter"): (
        "1,599 is 18.8 % above 1,346"
    ),
}


WRONG_WORDS = {
    ("001", 835, "calls_101", "decrease_on_previous_quarter"): "134,875 on 118,008 is an increase",
    ("002", 1146, "cse", "above_quarter_average"): "27 is below 31",
    ("002", 1485, "asb", "above_quarter_average"): "3,502 is below 4,241",
    ("003", 1778, "vulnerable_adult", "decrease_on_previous_quarter"): (
        "3,584 to 3,961 is an increase"
    ),
}
"""Judgements that the figures beside them contradict, by report, line, measure and kind."""


class Figure(NamedTuple):
    """One printed number. `value` is as printed; a reduction has a minus sign."""

    report: str
    line: int
    area: str
    period: str
    measure: str
    statistic: str
    value: str
    unit: str

    @property
    def state(self) -> str:
        """Which state of the records it is asked of: `table`, or `text` where the text differs."""
        return _state(self.report, self.line, self.measure)


class Statement(NamedTuple):
    """One judgement, such as an increase, and the figures that the report gives for it."""

    report: str
    line: int
    area: str
    period: str
    measure: str
    kind: str
    figures: str

    @property
    def state(self) -> str:
        """Which state of the records it is asked of, as of a figure."""
        return _state(self.report, self.line, self.measure)


def _state(report: str, line: int, measure: str) -> str:
    first, last = TABLES[report]
    differs = measure in _TEXT[report].split()
    return "text" if differs and not first <= line <= last else "table"


def group_of(measure: str) -> str:
    """What produces a measure, A to F."""
    return next((group for prefix, group in _BY_PREFIX if measure.startswith(prefix)), "F")


@cache
def figures() -> tuple[Figure, ...]:
    """Every figure in scope, in the order of the reports."""
    return tuple(
        Figure(report, line, *(row[name] for name in Figure._fields[2:]))
        for report, line, row in _in_scope("figures.csv")
    )


@cache
def statements() -> tuple[Statement, ...]:
    """Every judgement in scope, in the order of the reports."""
    names = ("area", "period", "measure", "statement_kind", "figures")
    return tuple(
        Statement(report, line, *(row[name] for name in names))
        for report, line, row in _in_scope("statements.csv")
    )


def excepted(statement: Statement) -> set[str]:
    """The areas that a judgement of all areas leaves out: those it names, and those of which the
    same line says the opposite."""
    opposite = "decrease" if statement.kind.endswith("increase") else "increase"
    return {statement.figures.rpartition("except ")[2]} | {
        each.area
        for each in statements()
        if (each.report, each.line, each.measure)
        == (statement.report, statement.line, statement.measure)
        and each.kind.startswith(opposite)
    }


def classify(figure: Figure) -> tuple[str, str]:
    """The class of a figure, and why where it can't be had."""
    for (report, line, area, measure, which), reason in _CONTRADICTORY.items():
        if (
            (report, line, measure) == (figure.report, figure.line, figure.measure)
            and area in ("", figure.area)
            and which in ("", figure.statistic, figure.period)
        ):
            return CONTRADICTORY, reason
    if figure.statistic.startswith("rank"):
        return NOT_PUBLISHED, "the figures of the other forces were not published"
    if figure.statistic == "quarter_average" or figure.statistic.endswith("_control_limit"):
        return CONSTRUCTED, ""
    return PUBLISHED, ""


def rows() -> Iterator[list[str]]:
    """`scope.csv`, its heading first."""
    yield [*Figure._fields, "group", "state", "class", "reason"]
    for each in figures():
        yield [*map(str, each), group_of(each.measure), each.state, *classify(each)]


def _in_scope(name: str) -> Iterator[tuple[str, int, dict[str, str]]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            report, line = row["source"][:3], int(row["line"])
            first, last = PERFORMANCE.get(report, (0, sys.maxsize))
            if report in REPORTS and first <= line <= last and group_of(row["measure"]) != "F":
                yield report, line, row


if __name__ == "__main__":
    with (HERE / "scope.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(rows())
