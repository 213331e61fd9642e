r"""A monthly count watched as it is usually charted, and for a lasting change of its level.

Two things are held against the same months:

- the usual chart: mean plus and minus two standard deviations of 12 months, re-based after 8 on one
  side. Its `flags` are for a chart and a report. They raise no alarm: where nothing happens it
  flags 8 % of the months (`detectors.chart`).
- `detectors.shiryaev_roberts` for a level that has changed for good, with onset, old and new level.
  Its evidence S alarms, on the scale of the other watches: nominal false alarms a week.

**The rate.** The evidence S of k onsets is nearly a Bayes factor, and so exceeded more seldom than
exp(-S): the factor of the longest stretch, against E months before, is exp(g z^2 / 2) but for a
constant, with z normal and g the share of its variance that a change would have. So in months

.. math:: \mathit{rate} = \frac{12}{52.18}\;e^{-c'},\qquad c = \frac{1.2\,S}{g},
    \qquad g = \frac{s^2}{s^2 + 1/k + 1/E},

with s the `size` of the changes, 1.2 fitted to simulations (`benchmarks/watch_rates.py`), and
c' = nu/2 log(1 + 2 c / nu): the dispersion is known from nu months only, those of the baseline and
those that the prior is worth, and so a tail is Student's. Where the prior is right this is two to
five times too cautious, where the dispersion is twice the prior it is right. Without any evidence
the rate is still about 0.03: a greater one tells nothing, and should not be allowed.

Whoever takes an alarm for true says `accept`: then baseline and chart begin anew at the onset, with
what was known of the dispersion. Until then the alarm stands while the evidence does.

Its place: months; hours and days have `detectors.count_watch`.
References: those of `shiryaev_roberts`; Pollak (1987), Annals of Statistics 15, on
sums of Bayes factors.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from math import exp, inf, log, log1p, log10
from typing import Any, Self

from detectors.base import Detector, Plain
from detectors.chart import ControlChart
from detectors.predictive import Predictive
from detectors.shiryaev_roberts import ShiryaevRoberts

MONTH = 30.4375
"""Days: an exposure of this is one month."""
MONTHS_A_WEEK = 12.0 / 52.18
SHARPER = 1.2
"""Fitted: how much faster than its longest stretch alone the sum over onsets gets rare."""
SHARED_WEIGHT = 24.0
"""Months that the dispersion which siblings share is worth."""

KEPT = 12
"""So many accepted changes are remembered."""


def pooled(siblings: Iterable[Sequence[tuple[float, float]]]) -> float:
    """Variance over mean that sibling series share about their own rates: Pearson's, pooled.

    siblings: for each series its counts and their exposures. At least 1.

    >>> pooled([[(5, 1.0), (15, 1.0), (10, 1.0)], [(10, 1.0), (11, 1.1), (9, 0.9)]])
    1.25
    """
    squares = degrees = 0.0
    for one in siblings:
        count, length = sum(x for x, _ in one), sum(e for _, e in one)
        if count > 0.0:
            rate = count / length
            squares += sum((x - rate * e) ** 2 / (rate * e) for x, e in one)
            degrees += len(one) - 1
    return max(1.0, squares / degrees) if degrees else 1.0


class MonthWatch(Detector):
    """Watches a count in months.

    allowed: nominal false alarms a week; an alarm is at most this. prior_dispersion: variance over
    mean of sibling series, worth prior_weight months. baseline: months before any is judged.
    window: how many months back an onset may lie.

    >>> watch = MonthWatch()
    >>> days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    >>> year = [360, 331, 352, 347, 366, 349, 361, 358, 340, 362, 355, 367]
    >>> for count, length in zip(year, days):
    ...     watch.update(count, length)
    >>> watch.drift_detected, watch.state, round(watch.before)
    (False, 'ready', 354)
    >>> for count, length in zip([442, 401, 432, 437, 446], days):
    ...     watch.update(count, length)
    >>> watch.drift_detected, watch.onset, watch.direction, round(watch.ratio, 2)
    (True, 12, 'up', 1.23)
    >>> watch.accept()
    >>> watch.state, watch.changes
    ('learning', [[12, 354.2, 435.0]])
    """

    def __init__(
        self,
        allowed: float = 0.002,
        prior_dispersion: float = 2.0,
        prior_weight: float = 10.0,
        baseline: int = 12,
        window: int = 24,
    ) -> None:
        super().__init__()
        self.allowed = allowed
        self.prior_dispersion = prior_dispersion
        self.prior_weight = prior_weight
        self.baseline = baseline
        self.window = window
        self._place = 0
        self._changes: list[list[Any]] = []
        self._begin(None, self.prior_dispersion, self.prior_weight)

    def _begin(self, reason: str | None, dispersion: float, weight: float) -> None:
        self._since = reason
        self._offset = self._place
        self._learned = 0  # months with a count
        self._total = [0.0, 0.0]  # counts and months since the offset
        self._recent: list[list[float | None]] = []  # count and months, of the window
        self._chart = ControlChart("mean_sd", sigmas=2, baseline=12, rebase=8)
        self._lasting = ShiryaevRoberts(
            baseline=self.baseline,
            window=self.window,
            prior_dispersion=dispersion,
            prior_weight=weight,
        )
        self._gap = True
        self._drift_detected = False

    def update(self, x: float | None, exposure: float | None = MONTH) -> None:
        """Takes the count of a month of so many days; None for either is a month that is missing.

        The chart has the count as it is recorded, the search for a change the count for its days.
        """
        missing = x is None or not 0.0 <= x < inf or exposure is None or not exposure > 0.0
        months = 1.0 if missing or exposure is None else exposure / MONTH
        self._place += 1
        self._add(None if missing else x, months)
        self._drift_detected = not self._gap and self.rate <= self.allowed

    def pass_over(self, months: int) -> None:
        """Takes so many months in a row that are missing."""
        self._place += months
        self._recent += [[None, 1.0] for _ in range(min(months, self.window))]
        del self._recent[: -self.window]
        self._chart.pass_over(months)
        self._lasting.pass_over(months)
        self._gap, self._drift_detected = True, False

    def _add(self, x: float | None, months: float) -> None:
        self._recent.append([x, months])
        del self._recent[: -self.window]
        self._chart.update(x)
        self._lasting.update(x, months)
        self._gap = x is None or self.state == "learning" or self._lasting.onset is None
        if x is not None:
            self._learned += 1
            self._total = [self._total[0] + x, self._total[1] + months]

    @property
    def months(self) -> list[tuple[float, float]]:
        """Counts and lengths, in months, of the window: what siblings learn from."""
        return [(x, length or 1.0) for x, length in self._recent if x is not None]

    def share(self, dispersion: float, weight: float) -> None:
        """Takes the variance over the mean that siblings show; of use until the baseline is full.

        See `pooled` for how they come to it.
        """
        self.prior_dispersion = self._lasting.prior_dispersion = dispersion
        self.prior_weight = self._lasting.prior_weight = weight

    @property
    def state(self) -> str:
        """`learning` until the baseline is full, then `ready`."""
        return "learning" if self._lasting.dispersion <= 0.0 else "ready"

    @property
    def about(self) -> str:
        """The state in plain words."""
        since = f" since {self._since}" if self._since else ""
        needed = f", {self.baseline} needed" if self.state == "learning" else ""
        return f"{self.state}: {self._learned} months{since}{needed}"

    @property
    def change(self) -> float:
        """The c' of the module, a natural logarithm; 0 in a gap and while learning."""
        if self._gap:
            return 0.0
        onsets = min(self.window, self._learned - self.baseline)
        size = self._lasting.size**2
        gain = size / (size + 1.0 / onsets + 1.0 / (self._learned - onsets))
        found, known = SHARPER * self._lasting.evidence / gain, self.known
        return 0.5 * known * log1p(2.0 * found / known) if found > 0.0 else found

    @property
    def known(self) -> float:
        """How many months the dispersion is known from, those of the prior among them."""
        return self.baseline - 1.0 + self._lasting.prior_weight

    @property
    def evidence(self) -> float:
        """Minus the common logarithm of `rate`."""
        return self.change / log(10.0) - log10(MONTHS_A_WEEK)

    @property
    def rate(self) -> float:
        """Nominal false alarms a week: an alarm where it is at most `allowed`."""
        return MONTHS_A_WEEK * exp(-self.change)

    @property
    def causes(self) -> list[str]:
        """`change` where there is an alarm."""
        return ["change"] * self._drift_detected

    @property
    def flags(self) -> list[list[Any]]:
        """[name of the rule, direction] of the usual chart for the last month; never an alarm."""
        return self._chart.causes

    @property
    def rebased(self) -> bool:
        """Whether the usual chart moved its level with the last month."""
        return self._chart.rebased

    @property
    def rebase(self) -> tuple[float, float, int] | None:
        """What that was: the old centre, the new one, and after how many months on one side of
        the old; None where the last month moved nothing."""
        if not self.rebased:
            return None
        made = self._chart.rebases[-1]
        return made.old, made.new, self._chart.rebasing.points

    @property
    def centre(self) -> float | None:
        """The centre line of the usual chart; None while it is learning, as its limits."""
        return self._chart.centre

    @property
    def lower(self) -> float | None:
        """Its lower limit."""
        return self._chart.lower

    @property
    def upper(self) -> float | None:
        """Its upper limit."""
        return self._chart.upper

    @property
    def onset(self) -> int | None:
        """The place in the stream (from 0) of the first month of the likeliest change."""
        found = self._lasting.onset
        return None if self._gap or found is None else self._offset + found

    @property
    def direction(self) -> str | None:
        """'up' or 'down'."""
        if self.onset is None:
            return None
        return "up" if self._lasting.direction > 0 else "down"

    @property
    def level(self) -> float | None:
        """Counts in a month since the onset."""
        return None if self.onset is None else self._lasting.level

    @property
    def before(self) -> float | None:
        """Counts in a month before the onset, or in all months where there is none."""
        if self.onset is not None:
            return self._lasting.before
        count, months = self._total
        return count / months if self.state == "ready" else None

    @property
    def ratio(self) -> float | None:
        """The level since the onset over that before."""
        before = self.before
        return None if self.level is None or not before else self.level / before

    @property
    def dispersion(self) -> float:
        """The variance over the mean that is reckoned with; 0 while learning."""
        return self._lasting.dispersion

    @property
    def changes(self) -> list[list[Any]]:
        """[place, old level, new level] of the last changes that were accepted."""
        return copy.deepcopy(self._changes)

    def forecast(self, exposure: float = MONTH) -> Predictive | None:
        """What a month of so many days brings at the level of all months; None while learning."""
        if self.state == "learning":
            return None
        count, months = self._total
        mean = max(count, 0.5) / months
        return Predictive(
            mean * exposure / MONTH,
            self.dispersion / max(count, 0.5),
            self.dispersion,
            2.0 / self.known,
        )

    def limits(self, probability: float, exposure: float = MONTH) -> tuple[int, int] | None:
        """The least and the most not exceptional, each tail of this probability."""
        ahead = self.forecast(exposure)
        return None if ahead is None else ahead.limits(probability)

    def accept(self) -> None:
        """Takes the change for true: baseline and chart begin anew at its onset."""
        onset, before, level = self.onset, self.before, self.level
        if onset is None or before is None or level is None:
            raise ValueError("there is no change to accept")
        self._changes.append([onset, round(before, 1), round(level, 1)])
        del self._changes[:-KEPT]
        months = self._recent[onset - self._place :]
        known = self.known, self._lasting.dispersion
        self._begin(f"the change of level at month {onset}", known[1], known[0])
        self._offset = onset
        for x, length in months:
            self._add(x, length or 1.0)

    def restart(self, reason: str) -> None:
        """Forgets every count because they are recorded otherwise from here on."""
        self._begin(reason, self.prior_dispersion, self.prior_weight)

    def save(self) -> dict[str, Plain]:
        """The whole watch as plain data."""
        within = {"_chart": self._chart.save(), "_lasting": self._lasting.save()}
        state = {name: value for name, value in vars(self).items() if name.startswith("_")}
        return copy.deepcopy({"parameters": self._get_params(), "state": {**state, **within}})

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """A watch that goes on exactly where the saved one stood."""
        watch = super().restore(saved)
        watch._chart = ControlChart.restore(saved["state"]["_chart"])
        watch._lasting = ShiryaevRoberts.restore(saved["state"]["_lasting"])
        return watch
