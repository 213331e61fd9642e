r"""A monthly count watched as it is usually charted, and for a lasting change of its level.

Two things are held against the same months:

- the usual chart: mean plus and minus two standard deviations of 12 months, re-based after 8 on one
  side. Its `flags` are for a chart and a report. They raise no alarm: where nothing happens it
  flags 8 % of the months (`detectors.charts.chart`).
- `detectors.change.shiryaev_roberts` for a level that has changed for good, with onset, old and new
  level. Its evidence S alarms, on the scale of the other watches: nominal false alarms a week.

**The rate.** The evidence S of k onsets is nearly a Bayes factor, and so exceeded less often than
exp(-S): the factor of the longest stretch, against E months before, is exp(g z^2 / 2) but for a
constant, with z normal and g the share of its variance that a change would have. So in months

.. math:: \mathit{rate} = \frac{12}{52.18}\;e^{-c'},\qquad c = \frac{1.2\,S}{g},
    \qquad g = \frac{s^2}{s^2 + 1/k + 1/E},

with s the `size` of the changes, 1.2 fitted to simulations (`benchmarks/watch_rates.py`), and
c' = nu/2 log(1 + 2 c / nu): the dispersion is known from nu months only, those of the baseline and
those that the prior is worth, and so a tail is Student's. Where the prior is right this is two to
five times too cautious, where the dispersion is twice the prior it is right. Without any evidence
the rate is still about 0.03: a greater one says nothing, and should not be allowed.

Whoever takes an alarm for true says `accept`: then baseline and chart begin anew at the onset, with
what was known of the dispersion. Until then the change stands, and is looked at for its end: with m
the level before it and l that of its months but the last ones, the count x of the last months,
worth E months, is by quasi-Poisson likelihood

.. math:: \exp\bigl((x\log(m/l) - E(m - l)) / \varphi\bigr)

times likelier at the old level than at the new. Where that is 20 for any number of last months, and
they are within a standard deviation of the old level or beyond it, the change ended before them
(one that has only become smaller goes on). Its months are then missing in the search for changes:
for good where it is 1,000, or where a change in the other direction alarms, else as long as the
last months say so. So a level that is as it was has no evidence, and one beyond it on the other
side is a second change, as evident as if there had been no first, with its own onset and against
the old level.

**The season.** Each time that a year is complete, from the second on, it is looked for in the whole
years of the last `REMEMBERED` months (`detectors.season.month_shares`). Where months differ from
year to year alike, beyond `SEASONAL` by chance, a month is worth its share of the year, so that a
winter is held against what winters have; the level is then that of an average month. The
dispersion is what is left about that, times 1 + 1/B for the shares of B years.

Whether or not a season is known, and already in the second year, a change alarms only where its
months (the last twelve of them at most), X counts, differ the same way from the same months a
year before, Y counts for as many days:

.. math:: \pm\log(X/Y) \ge z\sqrt{\varphi\,(1/X + 1/Y)},

with z of `BEYOND` (`PLAINLY` where it began more than a year ago) and the dispersion of what months
differ by from those a year before: Pearson's, before and since the onset apart, drawn towards
`YEARLY_DISPERSION` with the weight of `YEARLY_WEIGHT` months. So what comes back each year is no
change, and neither is one that has lasted for two years. Where those months are not known
(`a_year_before` is None) there is no such test, and no change alarms that began more than a year
ago.

No change alarms in a month that lies on the other side of the level before it, or outside the
chart there; nor one that is the last month alone, where that is inside the chart, or where
something finer than months is watched as well.

Its place: months; hours and days have `detectors.counts.count_watch`.
References: those of `shiryaev_roberts`; Pollak (1987), Annals of Statistics 15, on
sums of Bayes factors.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from math import exp, inf, log, log1p, log10, sqrt
from typing import Any, NamedTuple, Self

from detectors.base import Detector, Plain
from detectors.change.shiryaev_roberts import LARGEST_WHOLE, LikeliestChange, ShiryaevRoberts
from detectors.charts.chart import ControlChart
from detectors.counts.predictive import Predictive
from detectors.season import YEARS_OF_SHARES, month_shares

MONTH = 30.4375
"""Days: an exposure of this is one month."""
MONTHS_A_WEEK = 12.0 / 52.18
SHARPER = 1.2
"""Fitted: how much faster than its longest stretch alone the sum over onsets gets rare."""
SHARED_WEIGHT = 24.0
"""Months that the dispersion which siblings share is worth."""

ENDED = log(20.0)
"""A change is over where its last months are so many times likelier at the level before it; as a
natural logarithm."""
SURELY = log(1000.0)
"""From here on it is over for good, whatever comes."""
BACK = 1.0
"""And are within so many standard deviations of that level, or beyond it."""
KEPT = 12
"""So many accepted changes are remembered."""
YEAR = 12
REMEMBERED = 5 * YEAR
"""Months that are remembered, to be compared with."""
SEASONAL = 0.05
"""There is a season where months differ so much by chance in a smaller share of series."""
BEYOND = 1.645
"""Standard deviations from the same months a year before: one in twenty by chance."""
PLAINLY = 2.6
"""The same of a change that is older than a year, which is late: one in two hundred."""
YEARLY_DISPERSION, YEARLY_WEIGHT = 2.0, 10.0
"""What is taken of the dispersion about the year before, and how many months that is worth."""


class SameMonths(NamedTuple):
    """The months of a change, the last twelve at the most, beside the same ones a year before."""

    months: int
    since: float
    """What came in a month of mean length."""
    before: float
    """What came in one a year before."""
    differ: float
    """By how many standard deviations these are apart, above 0 for a rise."""


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


class _Pair(NamedTuple):
    """A month's count, that of the same month a year before for as many days, and its length."""

    came: float
    earlier: float
    length: float


def _about_the_year_before(pairs: Sequence[_Pair]) -> tuple[float, int]:
    """Pearson's chi-square of months about their common ratio to the year before, and its degrees
    of freedom."""
    count, earlier = sum(each.came for each in pairs), sum(each.earlier for each in pairs)
    if count <= 0.0 or earlier <= 0.0:
        return 0.0, 0
    ratio = count / earlier
    squares = sum(
        (each.came - ratio * each.earlier) ** 2 / (ratio * each.earlier * (1.0 + ratio))
        for each in pairs
        if each.earlier > 0.0
    )
    return squares, len(pairs) - 1


class MonthWatch(Detector):
    """A count by month: a lasting change of its level, beside the flags of the usual chart.

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
        self._shares: list[float] = []  # of the year, by the place of a month in it
        self._finer = False
        self._same: SameMonths | None = None
        self._begin(None, self.prior_dispersion, self.prior_weight)

    def _begin(self, reason: str | None, dispersion: float, weight: float) -> None:
        self._since = reason
        self._offset = self._place
        self._learned = 0  # months with a count
        self._total = [0.0, 0.0]  # counts and months since the offset
        self._recent: list[list[float | None]] = []  # count and months, of the window
        # The same of years, whatever their season, and whether the month is set aside.
        self._history: list[tuple[float | None, float, bool]] = []
        self._chart = ControlChart("mean_sd", sigmas=2, baseline=12, rebase=8)
        self._shiryaev_roberts = ShiryaevRoberts(
            baseline=self.baseline,
            window=self.window,
            prior_dispersion=dispersion,
            prior_weight=weight,
        )
        self._stands: list[int] | None = None  # first month and direction of a change that alarmed
        self._found: LikeliestChange | None = (
            None  # the likeliest change; None in a gap and while learning
        )
        self._drift_detected = False

    def update(
        self, x: float | None, exposure: float | None = MONTH, *, finer: bool = False
    ) -> None:
        """Takes the count of a month of so many days; None for either is a month that is missing.

        The chart has the count as it is recorded, the search for a change the count for its days
        and its season. finer: whether its days are watched too, so that a month alone is no news.
        """
        self._finer = finer
        missing = x is None or not 0.0 <= x < inf or exposure is None or not exposure > 0.0
        months = 1.0 if missing or exposure is None else exposure / MONTH
        self._place += 1
        self._add(None if missing or x is None else min(float(x), LARGEST_WHOLE), months)
        if (self._place - self._offset) % YEAR == 0:
            self._learn_season()
        if missing or self.state == "learning":
            self._take(None)
        else:
            self._find_change()

    def pass_over(self, months: int) -> None:
        """Takes so many months in a row that are missing."""
        while months > 0:
            to_the_year = YEAR - (self._place - self._offset) % YEAR
            self._skip(min(months, to_the_year))
            if months >= to_the_year:
                self._learn_season()
            months -= to_the_year
        self._take(None)

    def _skip(self, months: int) -> None:
        """Takes missing months of which none but the last ends a year."""
        places = range(self._place, self._place + months)
        self._place += months
        self._recent += [[None, self._share(place)] for place in places]
        del self._recent[: -self.window]
        self._history += [(None, 1.0, False)] * months
        del self._history[:-REMEMBERED]
        self._chart.pass_over(months)
        self._shiryaev_roberts.pass_over(months)

    def _add(self, x: float | None, months: float, place: int | None = None) -> None:
        self._history.append((x, months, False))
        del self._history[:-REMEMBERED]
        months *= self._share(self._place - 1 if place is None else place)
        self._recent.append([x, months])
        del self._recent[: -self.window]
        self._chart.update(x)
        self._shiryaev_roberts.update(x, months)
        if x is not None:
            self._learned += 1
            self._total = [self._total[0] + x, self._total[1] + months]

    def _share(self, place: int) -> float:
        """What a month usually is beside an average one."""
        return self._shares[place % YEAR] if self._shares else 1.0

    def _learn_season(self) -> None:
        """Looks for a season in the whole years that are remembered, and where there is one takes
        all their months anew for what they are worth."""
        years = [
            [(x, length) for x, length, _ in self._history[at : at + YEAR] if x is not None]
            for at in range(len(self._history) % YEAR, len(self._history), YEAR)
        ]
        years = [year for year in years if len(year) == YEAR]
        if len(years) < YEARS_OF_SHARES:
            return
        found = month_shares(years)
        if found.chance >= SEASONAL or min(found.usual) <= 0.0:
            if not self._shares:
                return
            shares: list[float] = []
        else:
            turn = self._place % YEAR
            shares = found.usual[-turn:] + found.usual[:-turn] if turn else found.usual
        self._take_anew(shares, found.dispersion * (1.0 + 1.0 / len(years)), len(years))

    def _take_anew(self, shares: list[float], dispersion: float, years: int) -> None:
        """Takes the months that are remembered anew with these shares (none: each is worth one);
        the dispersion about them is known from so many years. What was set aside before any season
        was known may have been one."""
        if not self._shares:
            self._history = [(x, length, False) for x, length, _ in self._history]
        self._shares = shares
        first = self._place - len(self._history)
        degrees = (YEAR - 1.0) * (years - 1.0)
        about = (degrees * dispersion + YEARLY_WEIGHT * YEARLY_DISPERSION) / (
            degrees + YEARLY_WEIGHT
        )
        made = ShiryaevRoberts(
            baseline=self.baseline,
            window=self.window,
            prior_dispersion=max(1.0, about),
            prior_weight=degrees + YEARLY_WEIGHT,
        )
        made.pass_over(first - self._offset)
        self._total, self._recent = [0.0, 0.0], []
        self._learned = 0
        for place, (came, length, aside) in enumerate(self._history, first):
            x, months = None if aside else came, length * self._share(place)
            made.update(x, months)
            self._recent.append([x, months])
            if x is not None:
                self._learned += 1
                self._total = [self._total[0] + x, self._total[1] + months]
        del self._recent[: -self.window]
        self._shiryaev_roberts = made

    def _find_change(self) -> None:
        """Finds the likeliest change, without the months of one that stands and is over."""
        self._take(self._shiryaev_roberts.likeliest_change())
        if self._stands is not None and self._stands[0] < self._place - len(self._recent):
            self._stands = None  # too long ago
        ended = None if self._stands is None else self._ended(*self._stands)
        if self._stands is not None and ended is not None:
            (first, direction), (until, likelier) = self._stands, ended
            self._take(
                self._shiryaev_roberts.likeliest_change(
                    (first - self._offset, until - self._offset)
                )
            )
            opposite = self._drift_detected and self._way == -direction
            if not opposite and likelier <= SURELY:
                return  # it may go on yet
            self._set_aside(first, until)
            self._stands = None
        if self._drift_detected and self.onset is not None:
            self._stands = [self.onset, self._way]

    def _take(self, found: LikeliestChange | None) -> None:
        self._found = found
        self._same = None if found is None else self._same_months(self._offset + found.onset)
        self._drift_detected = found is not None and self.rate <= self.allowed

    @property
    def _way(self) -> int:
        return 0 if self._found is None else self._found.direction

    def _ended(self, first: int, direction: int) -> tuple[int, float] | None:
        """The month after a change with that first month and direction, and how much likelier its
        end is, where it is over."""
        begin = self._place - len(self._recent)
        months = [
            (place, x, length or 1.0)
            for place, (x, length) in enumerate(self._recent, begin)
            if x is not None and place >= first
        ]
        count, length = sum(x for _, x, _ in months), sum(e for _, _, e in months)
        earlier = self._total[1] - length
        if earlier <= 0.0:
            return None
        old = max(0.5, self._total[0] - count) / earlier
        back = passed = 0.0
        found: tuple[int, float] | None = None
        for place, x, e in reversed(months[1:]):
            back, passed = back + x, passed + e
            new = max(0.5, count - back) / (length - passed)
            likelier = (back * log(old / new) - passed * (old - new)) / self.dispersion
            varies = self.dispersion * old * passed * (1.0 + passed / earlier)
            still = direction * (back - old * passed) > BACK * sqrt(varies)
            most = ENDED if found is None else found[1]
            if direction * (new - old) > 0.0 and not still and likelier > most:
                found = place, likelier
        return found

    def _set_aside(self, first: int, until: int) -> None:
        """Takes the months of a change that is over as missing for good."""
        begin = self._place - len(self._recent)
        for month in self._recent[first - begin : until - begin]:
            if month[0] is not None:
                self._learned -= 1
                self._total = [self._total[0] - month[0], self._total[1] - (month[1] or 1.0)]
                month[0] = None
        begin = self._place - len(self._history)
        for at in range(max(0, first - begin), until - begin):
            x, length, _ = self._history[at]
            self._history[at] = x, length, True
        self._shiryaev_roberts.set_aside(first - self._offset, until - self._offset)

    @property
    def stands(self) -> bool:
        """Whether a change has alarmed that is not accepted, and not over for good."""
        return self._stands is not None

    @property
    def contrary(self) -> bool:
        """Whether the months speak against the likeliest change: the last lies on the other side of
        the level before, or of the usual chart; or the change is it alone, and inside the chart or
        known by its days; or its months are no different from the same ones a year before."""
        found, (x, length) = self._found, self._recent[-1]
        if found is None or x is None:
            return False
        ways = [way for _, way in self.flags]
        alone = self._offset + found.onset == self._place - 1
        other = self._way * (x - found.before * (length or 1.0)) < 0.0
        # The chart knows no season.
        outside = -self._way in ways and not self._shares
        if other or outside or (alone and (self._finer or self._way not in ways)):
            return True
        late = self._place - self._offset - found.onset > YEAR
        if self._same is None:
            return late
        return self._way * self._same.differ < (PLAINLY if late else BEYOND)

    @property
    def a_year_before(self) -> SameMonths | None:
        """The months of the likeliest change beside the same ones a year before; None where there
        is no change, or one of those is not known."""
        return self._same

    @property
    def season(self) -> float | None:
        """What the last month usually is beside an average one; None where no season is known."""
        return self._share(self._place - 1) if self._shares else None

    def _same_months(self, onset: int) -> SameMonths | None:
        """The months from a place of the stream on beside those a year before."""
        history, last = self._history, len(self._history)
        onset += last - self._place
        first = max(onset, last - YEAR)
        if first < YEAR:
            return None
        pairs = {
            at: _Pair(x, y * length / earlier, length)
            for at, ((y, earlier, aside), (x, length, _)) in enumerate(
                zip(history, history[YEAR:], strict=False), YEAR
            )
            if x is not None and y is not None and not (aside and self._shares)
        }
        if any(history[at][0] is not None and at not in pairs for at in range(first, last)):
            return None
        since = [pair for at, pair in pairs.items() if at >= first]
        length = sum(pair.length for pair in since)
        if not since:
            return None
        squares, degrees = YEARLY_WEIGHT * YEARLY_DISPERSION, YEARLY_WEIGHT
        for part in (
            [pair for at, pair in pairs.items() if at < onset],
            [pair for at, pair in pairs.items() if at >= onset],
        ):
            of_part = _about_the_year_before(part)
            squares, degrees = squares + of_part[0], degrees + of_part[1]
        x, y = (max(0.5, sum(each)) for each in list(zip(*since, strict=True))[:2])
        spread = sqrt(max(1.0, squares / degrees) * (1.0 / x + 1.0 / y))
        now, then = (sum(each) / length for each in list(zip(*since, strict=True))[:2])
        return SameMonths(len(since), now, then, log(x / y) / spread)

    @property
    def months(self) -> list[tuple[float, float]]:
        """Counts and lengths, in months, of the window: what siblings learn from."""
        return [(x, length or 1.0) for x, length in self._recent if x is not None]

    def share(self, dispersion: float, weight: float) -> None:
        """Takes the variance over the mean that siblings show; of use until the baseline is full.

        See `pooled` for how they come to it.
        """
        self.prior_dispersion = self._shiryaev_roberts.prior_dispersion = dispersion
        self.prior_weight = self._shiryaev_roberts.prior_weight = weight

    @property
    def state(self) -> str:
        """`learning` until the baseline is full, then `ready`."""
        return "learning" if self._shiryaev_roberts.dispersion <= 0.0 else "ready"

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return f"{self.baseline} months" if self.state == "learning" else None

    @property
    def about(self) -> str:
        """The state in plain words."""
        since = f" since {self._since}" if self._since else ""
        needed = f", {self.baseline} needed" if self.state == "learning" else ""
        return f"{self.state}: {self._learned} months{since}{needed}"

    @property
    def change(self) -> float:
        """The c' of the module, a natural logarithm; 0 in a gap, while learning, and where the last
        month is `contrary`."""
        if self._found is None or self.contrary:
            return 0.0
        onsets = self._found.onsets
        size = self._shiryaev_roberts.size**2
        gain = size / (size + 1.0 / onsets + 1.0 / (self._learned - onsets))
        found, known = SHARPER * self._found.evidence / gain, self.known
        return 0.5 * known * log1p(2.0 * found / known) if found > 0.0 else found

    @property
    def known(self) -> float:
        """How many months the dispersion is known from, those of the prior among them."""
        return self.baseline - 1.0 + self._shiryaev_roberts.prior_weight

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
        return None if self._found is None else self._offset + self._found.onset

    @property
    def direction(self) -> str | None:
        """'up' or 'down'."""
        return {0: None, 1: "up", -1: "down"}[self._way]

    @property
    def level(self) -> float | None:
        """Counts in a month since the onset."""
        return None if self._found is None else self._found.level

    @property
    def before(self) -> float | None:
        """Counts in a month before the onset, or in all months where there is none."""
        if self._found is not None:
            return self._found.before
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
        return self._shiryaev_roberts.dispersion

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
        """The range of usual counts: beyond either end of it lies this probability."""
        ahead = self.forecast(exposure)
        return None if ahead is None else ahead.limits(probability)

    def accept(self) -> None:
        """Takes the change for true: baseline and chart begin anew at its onset."""
        onset, before, level = self.onset, self.before, self.level
        if onset is None or before is None or level is None:
            raise ValueError("there is no change to accept")
        self._changes.append([onset, round(before, 1), round(level, 1)])
        del self._changes[:-KEPT]
        months = self._history[onset - self._place :]
        known = self.known, self._shiryaev_roberts.dispersion
        self._begin(f"the change of level at month {onset}", known[1], known[0])
        self._offset = onset
        for place, (x, length, _) in enumerate(months, onset):
            self._add(x, length, place)

    def restart(self, reason: str) -> None:
        """Forgets every count because they are recorded otherwise from here on."""
        self._shares = []
        self._begin(reason, self.prior_dispersion, self.prior_weight)

    def save(self) -> dict[str, Plain]:
        """The whole watch as plain data."""
        within = {"_chart": self._chart.save(), "_shiryaev_roberts": self._shiryaev_roberts.save()}
        found = None if self._found is None else list(self._found)
        state = {name: value for name, value in vars(self).items() if name.startswith("_")}
        same = None if self._same is None else list(self._same)
        history = [list(each) for each in self._history]
        state = {**state, **within, "_found": found, "_same": same, "_history": history}
        return copy.deepcopy({"parameters": self._get_params(), "state": state})

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """A watch that goes on exactly where the saved one stood."""
        watch = super().restore(saved)
        watch._chart = ControlChart.restore(saved["state"]["_chart"])
        watch._shiryaev_roberts = ShiryaevRoberts.restore(saved["state"]["_shiryaev_roberts"])
        found = saved["state"]["_found"]
        watch._found = None if found is None else LikeliestChange(*found)
        watch._history = [(x, e, aside) for x, e, aside in watch._history]
        same = saved["state"].get("_same")
        watch._same = None if same is None else SameMonths(*same)
        return watch
