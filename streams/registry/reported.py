"""Readings as indicators: figures that other systems report, each under the name of its measure."""

from __future__ import annotations

from dataclasses import dataclass

from streams.config.measures import FigureUnit, Subject


@dataclass(frozen=True)
class ReportedRule:
    """How the readings of a `measure` become a figure of a period and an area.

    The reading of that period and area is the figure. Where there is none, those of shorter periods
    are added up, or those of the areas below: counts, and shares and means by their numerators and
    denominators, never values that are reported alone. What is `at_a_moment` is that of the last of
    the shorter periods. With `rolling` the figure is of so many months up to the period's end.
    `percent`: values alone are reported as 87.3 for 0.873. `subject` is whom it is about; only
    figures of areas are asked of areas."""

    measure: str
    unit: FigureUnit
    percent: bool = False
    rolling: int | None = None
    at_a_moment: bool = False
    subject: Subject = "area"
    of: str = ""
    """What a figure of peers or of the nation stands beside."""
