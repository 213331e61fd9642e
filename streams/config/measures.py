"""What a force's file declares of measures: readings of other systems, and targets of any measure.

A reading is a figure that another system reports. Its declaration says what is known of it, so that
it is asked for, charted and compared like what is counted here. A target holds from a date on: a
period is judged by that of its own time.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

Dotted = Annotated[str, Meta(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=80)]
Title = Annotated[str, Meta(min_length=1, max_length=120)]
Months = Annotated[int, Meta(gt=1, le=120)]
Points = Annotated[int, Meta(gt=1, le=1000)]

Polarity = Literal["up_good", "down_good", "neutral"]
FigureUnit = Literal["count", "ratio", "seconds", "money", "days", "score"]
ReadingUnit = Literal["count", "percent", "ratio", "seconds", "money", "days", "score"]
"""`percent` is a share that is reported as 87.3, `ratio` one that is reported as 0.873."""
Subject = Literal["force", "area", "peer", "nation"]
ChartGrain = Literal["hour", "day", "month", "quarter", "financial_year"]
LimitsKind = Literal["mean_sd", "individuals", "c", "p", "p_prime"]
"""How limits are made (`detectors.charts.limits`)."""
BaselineKind = Literal["first", "year_before", "rolling"]
AreaKind = Literal["policing_area", "district", "beat"]


class Chart(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How a reading is charted, one point a period of `grain` (`streams.registry.charting`)."""

    grain: ChartGrain = "month"
    limits: LimitsKind = "individuals"
    sigmas: Annotated[float, Meta(gt=0, le=10)] = 3.0
    baseline: BaselineKind = "first"
    points: Points = 12
    rebase: Annotated[int, Meta(ge=0, le=1000)] = 8


class Band(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A range that has a name, both ends included."""

    name: Title
    lower: float | None = None
    upper: float | None = None


class MeasureTarget(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a measure should be from a date on, until the next one or the last day: at least, at
    most, or between both. Shares are written as 0.9.

    With `of = "change"` it is the change of the year to date on last year's at the same day: at
    most -0.25 is a quarter less. `areas`, or the areas of a kind, go before what holds for all.
    """

    since: dt.date
    until: dt.date | None = None
    at_least: float | None = None
    at_most: float | None = None
    of: Literal["value", "change"] = "value"
    bands: list[Band] = []
    areas: list[str] = []
    area_kind: AreaKind | None = None


class IndicatorTarget(MeasureTarget, kw_only=True, forbid_unknown_fields=True):
    """A target of an indicator, by its name or address."""

    indicator: str


class DeclaredReading(Struct, kw_only=True, forbid_unknown_fields=True):
    """A measure that another system reports.

    `rolling`: it is of so many months, which are added up from numerators and denominators. What
    is `at_a_moment` (posts, pending cases) adds up over areas, but not over time. `subject` says
    whom it is about: a figure of peers or of the nation stands beside the measure that it is `of`.
    """

    name: Dotted
    title: Title
    unit: ReadingUnit = "count"
    polarity: Polarity = "neutral"
    rolling: Months | None = None
    at_a_moment: bool = False
    subject: Subject = "area"
    of: Dotted | None = None
    share_of: Dotted | None = None
    charts: list[Chart] = []
    targets: list[MeasureTarget] = []
    definition: str = ""
    source: str = ""


class ReadingsFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """A file of readings, which the file of a force names."""

    readings: list[DeclaredReading]
