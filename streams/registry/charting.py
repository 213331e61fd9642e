"""How an indicator is charted: the points, what their limits come from, and when the level moves.

A chart says which points are exceptional by the rule that the forces publish by. It is kept apart
from alarms: the detectors that wake people have false-alarm rates of their own
(`streams.surveillance`).

The two rules of the forces' reports:

- 2016 to 2017, months: mean and two standard deviations; after 8 points in a row on one side of the
  mean, it moves to the mean of these 8.
- 2020, quarters: mean and two standard deviations (of a sample) of the four quarters of the
  financial year before, fixed for the year.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.config.measures import BaselineKind, FigureUnit, LimitsKind
from streams.periods import Grain

LIMITS: dict[LimitsKind, str] = {
    "mean_sd": "standard deviations of a sample",
    "individuals": "sigma by the moving range (XmR)",
    "c": "sigma of counts of equal chance (c chart)",
    "p": "sigma of proportions (p chart)",
    "p_prime": "sigma of proportions that vary more than by chance (p' chart)",
}
POINTS: dict[Grain, str] = {
    "hour": "hours",
    "day": "days",
    "month": "months",
    "quarter": "quarters",
    "financial_year": "financial years",
}


@dataclass(frozen=True)
class ChartPolicy:
    """A chart of one point a period of `grain`, with limits at `sigmas` times sigma.

    Limits come from the `first` `points` that there are, which then move by re-basing; from the
    points of the financial year before (`year_before`), of which there have to be `points`; or from
    the `points` before each point (`rolling`). `rebase`: after so many points in a row on one side
    of the centre it moves to their mean, limits too; 0 for never.
    """

    grain: Grain = "month"
    limits: LimitsKind = "mean_sd"
    sigmas: float = 2.0
    baseline: BaselineKind = "first"
    points: int = 12
    rebase: int = 8

    @property
    def needs(self) -> str:
        """How many known figures it takes before one is judged."""
        many, name = self.points, POINTS[self.grain]
        return {
            "first": f"it takes {many} {name} that are over and known, and judges those after",
            "year_before": f"it takes all {many} {name} of the financial year before",
            "rolling": f"it takes {many} known {name} before the one that is judged",
        }[self.baseline]

    @property
    def words(self) -> str:
        """What it is, in a sentence."""
        many, name = self.points, POINTS[self.grain]
        of = {
            "first": f"the first {many} {name}",
            "year_before": f"the {many} {name} of the financial year before",
            "rolling": f"the {many} {name} before each",
        }[self.baseline]
        found = f"Mean of {of}, and {self.sigmas:g} {LIMITS[self.limits]} either side."
        if self.rebase:
            found += (
                f" After {self.rebase} {name} in a row on one side of the mean it moves to theirs."
            )
        return found


def apart(months: int) -> str:
    """What is judged of figures that are each of so many months."""
    return f"Each figure is of {months} months; only those with no month in common are judged."


FEW = 10
"""Counts that are fewer on average are judged by what chance allows, exactly: of so few a standard
deviation, and a percentage, says nothing. (Exact below 10 is the rule of public health statistics:
APHO Technical Briefing 3, Commonly used public health statistics and their confidence intervals.)
"""
OF_FEW = f"Of counts below {FEW} on average limits are no narrower than those of chance, exactly."

MONTHS = ChartPolicy()
QUARTERS = ChartPolicy("quarter", baseline="year_before", points=4, rebase=0)
SHARES = ChartPolicy(limits="p_prime", sigmas=3.0)
TIME_POLICY = ChartPolicy(limits="individuals", sigmas=3.0)

RESPONSE = (ChartPolicy(limits="individuals", sigmas=3.0, points=8), QUARTERS)
"""Times of response began anew with a better data set, and had an average after eight months."""

USUAL: dict[FigureUnit, tuple[ChartPolicy, ...]] = {
    "count": (MONTHS, QUARTERS),
    "ratio": (SHARES, QUARTERS),
    "seconds": (TIME_POLICY, QUARTERS),
    "money": (TIME_POLICY, QUARTERS),
    "days": (TIME_POLICY, QUARTERS),
    "score": (TIME_POLICY, QUARTERS),
}
"""The charts of an indicator that declares none: one a grain."""
