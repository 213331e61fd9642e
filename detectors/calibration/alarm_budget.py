"""One number for a control room: how many false episodes a week it will stand, split over grains.

A watch alarms where its nominal rate of false alarms a week (`CountWatch.rate`) is at most what it
is allowed. With a budget of B episodes a week, of which the grain has the share s, and of that the
watch the part p,

    allowed = factor * s * B * p,

but never more than `MOST_ALARMS`: an alarm that comes too often says nothing, whatever the budget.
What a grain can't use for that, calibration gives to the others.

Themes share a grain by weights, and the watches of a theme share alike what it has (`parts`):
however many watches one theme has more, those of the others are allowed what they were. To spend
one level unevenly over what is tested, by weights that are set before, is as safe as evenly:
Genovese, Roeder and Wasserman, Biometrika 93 (2006) 509-524.

The factor is what `detectors.calibration.simulation` finds for a set of series by simulation: it
makes good that nominal rates err on the safe side (they call for factors above 1) and that alarms
which belong together are one episode (`detectors.calibration.episodes`). The factors here are those
of the set of 300 series in `benchmarks/alert_budget.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

GRAIN_SHARES: Mapping[str, float] = {"hour": 0.5, "day": 0.3, "month": 0.2}
"""By default half of the budget is for what has to be known within the hour."""

MOST_ALARMS: Mapping[str, float] = {"hour": 0.1, "day": 0.05, "month": 0.01}
"""Nominal false alarms a week that no watch of a grain may go beyond: about once in ten weeks, in
five months, in two years."""

FACTORS: Mapping[str, float] = {"hour": 1.6, "day": 1.6, "month": 3.2}


@dataclass(frozen=True)
class AlarmBudget:
    """False episodes a week, and how they are split.

    >>> round(AlarmBudget(1.0, factors={"hour": 2.0}).allowed("hour", part=1 / 50), 4)
    0.02
    """

    episodes_a_week: float = 1.0
    shares: Mapping[str, float] = field(default_factory=lambda: dict(GRAIN_SHARES))
    factors: Mapping[str, float] = field(default_factory=lambda: dict(FACTORS))

    def __post_init__(self) -> None:
        if not self.episodes_a_week > 0.0:
            raise ValueError("a budget of false episodes a week is above 0")
        if not 0.0 < sum(self.shares.values()) <= 1.0 + 1e-9 or min(self.shares.values()) < 0.0:
            raise ValueError("the shares of the grains are at least 0 and at most 1 together")

    def allowed(self, grain: str, part: float) -> float:
        """The nominal false alarms a week of a watch that has this part of its grain's budget."""
        return min(
            MOST_ALARMS[grain],
            self.factors[grain] * self.shares[grain] * self.episodes_a_week * part,
        )


def parts(weights: Mapping[str, float], watches: Mapping[str, int]) -> dict[str, float]:
    """By theme the part of a budget that each of its watches has. `watches` says how many there are
    of each theme; one that has none is not in it, and leaves its share to the others.

    >>> parts({"calls": 1.0, "crimes": 3.0, "fires": 5.0}, {"calls": 2, "crimes": 30})
    {'calls': 0.125, 'crimes': 0.025}
    """
    whole = sum(weights[theme] for theme in watches)
    return {theme: weights[theme] / whole / number for theme, number in watches.items()}
