"""Durations watched from two sides: is this day's mean exceptional, has it changed lately?

What is watched is the logarithm of the mean of a group of n durations, so that changes are
proportions and the skew of durations matters less. With cv the coefficient of variation of single
durations, pooled over the groups learned (from sums of squares; `prior_cv` where none are given),

    y = log(total / n) + cv^2 / (2 n),       Var y = cv^2 / n + tau^2,

the second term of y being the bias of the logarithm, and tau^2 the variation from day to day that
no number of durations averages out. From the groups learned, with e the expectation of y (level
plus effect of the slot) and w its variance as it was known at the time,

    tau^2 = mean of (y - e)^2 - w - cv^2 / n, with weights (Var y / (Var y + w))^2,

to which the prior adds `prior_weight` groups with `prior_sd`^2; the weights leave out groups of
which little was expected yet. It may be negative, where durations within a group are alike, but
takes at most three quarters off the first term. (An outlier beyond the 3.09 standard deviations of
1 in 1,000 counts as one at them.)

**Impossible times.** One response of 23 hours among twenty of 10 minutes is no slow day. Were
single durations log-normal with this cv, 4 standard deviations of their logarithms would be `far`
times the mean (20 times at a cv of 1; at least 10). Where n, sum S and sum of squares Q of a group
are those of n - k durations with mean m and this cv, and k alike that are longer, then

    (S - (n - k) m)^2 = k (Q - (n - k) m^2 (1 + cv^2)).

Where for some k, at most 3 + n/20, these are `far` times both m and the expectation, the group is
*doubtful*. It is then judged as having the mean next to the expectation that some such k allows,
and neither level nor spread is learned from it. A day on which everything is late is not doubtful:
its durations are alike. Where four of five groups are doubtful, cv is learned from them, until such
durations are ordinary. Of any group at most 4 cv^2 counts in the cv. A caller that knows the single
durations leaves out those beyond `farthest`.

A rise that rests on one duration raises no alarm: n durations with mean M and squares Q hold none
longer than M (1 + sqrt((n - 1) (Q / (n M^2) - 1))). Without a duration of that length the group, or
the stretch, must still be outside its usual range.

- `surprise`: the tail of Student's t of (y - e) / sqrt(Var y + w) with nu degrees of freedom, the
  groups that the spread is known from; but at most 60, as means of few durations are not normal.
- `change`: of a stretch with weights 1 / Var y, mean m of y - e and shared variance u of the
  baseline, c = m^2 / 2 / (1 / sum(1 / Var y) + u). With a window of at most some dozens of groups
  every onset is looked at, as `detectors.change.focus.GaussianFocus` does without a window.

Its place: means with very unequal numbers behind them. Groups, baseline and scale are those of
`detectors.grouped_watch`. References: DerSimonian and Laird (1986), Controlled Clinical Trials 7,
on tau^2 by moments; Gelman et al., Bayesian Data Analysis (2013), section 3.2.

>>> watch = DurationWatch(allowed=0.05)
>>> for week in range(12):
...     for mean in (600, 620, 590, 610, 605, 640, 650):
...         watch.update(40 * mean, 40)
>>> watch.drift_detected
False
>>> for mean in (780, 800, 760, 790, 800):
...     watch.update(40 * mean, 40)
>>> watch.drift_detected, watch.causes, watch.onset, watch.direction, round(watch.ratio, 2)
(True, ['surprise', 'change'], 84, 'up', 1.3)
"""

from __future__ import annotations

from math import exp, inf, log, log1p, log10, sqrt

import numpy as np

from detectors import special
from detectors.grouped_watch import FoundChange, GroupedWatch

LEAST, MOST = 1e-9, 1e100
"""Means are taken as within these: a duration of 0 has no logarithm."""
MOST_FREEDOM = 1e4
MOST_KNOWN = 60.0
OUTLYING_MEAN = 3.09**2
FAR, LEAST_FAR = 4.0, 10.0
"""Standard deviations of the logarithm beyond which a duration is impossible; the least ratio."""
MOST_SCATTER = 4.0
SOME, MANY = 3, 20
"""Impossible may be so many durations, and one in so many more."""
MOSTLY, LATELY = 0.8, 0.05
"""Where more than this share of groups is doubtful, by an average that takes so much of each, long
durations are usual here."""
USUAL_RANGE = 1.28
"""Standard deviations within which four of five lie: the usual range."""
DOUBTFUL = -1.0
"""In the place of the durations of which the squares are known."""


def sums_of(x: float | None, number: float, squares: float | None) -> list[float] | None:
    """What is summed of a slot: the durations and their sum, squares about their mean over its
    square and the degrees of freedom of these, the sum of squares and of how many that is. None
    where there are none; no time at all is no duration, and has no logarithm."""
    if x is None or not 0.0 < x < inf or not number > 0.0:
        return None
    x = min(x, MOST * number)
    squares = x * x if number <= 1.0 else squares
    known = squares is not None and number > 1.0
    about = 0.0
    if known and squares is not None:
        mean = x / number
        about = min(max(0.0, squares / mean / mean - number), number * (number - 1.0))
    freedom = number - 1.0 if known else 0.0
    return [number, x, about, freedom, squares or 0.0, 0.0 if squares is None else number]


def far_of(cv: float) -> float:
    """How many times the mean a single duration is beyond what is possible."""
    variance = log1p(cv**2)
    return max(LEAST_FAR, exp(FAR * sqrt(variance) - variance / 2.0))


def doubted(group: list[float], cv: float, hoped: float) -> list[float]:
    """A group as it is judged: where some of its durations are impossible, the others. `hoped`: the
    mean that was expected, 0 while nothing is known."""
    _, _, n, total, _, _, squares, known = group
    if known < n or n < 3.0:
        return group
    numbers = range(1, min(SOME + int(n / MANY), int(n) - 2) + 1)
    means = [_without(float(k), n, total, squares, cv) for k in numbers]
    far = far_of(cv)
    for k, mean in zip(numbers, means, strict=True):
        if mean > 0.0 and total - (n - k) * mean >= k * far * max(mean, hoped):
            break
    else:
        return group
    if hoped:
        mean = min(total / n, max(means[-1], hoped) if mean > hoped else hoped)
    return [*group[:2], n - 1.0, (n - 1.0) * mean, *group[4:7], DOUBTFUL]


def _without(k: float, n: float, total: float, squares: float, cv: float) -> float:
    """The mean of the others where k alike are impossible; 0 where there is none."""
    rest, scatter = n - k, 1.0 + cv**2
    mean = total / n  # in its units, so that nothing overflows
    leading = rest * rest + k * rest * scatter
    last = n * n - k * squares / mean / mean
    inner = (n * rest) ** 2 - leading * last
    return mean * (n * rest - sqrt(inner)) / leading if last > 0.0 and inner > 0.0 else 0.0


class DurationWatch(GroupedWatch):
    """A mean of durations: exceptional in a slot, or changed over any stretch that ends now.

    allowed: nominal false alarms a week; an alarm is at most this. slots: of the week, 168 hours or
    7 days. least: cases in a group; need: groups that are learned before any is judged; window: how
    many groups back a change is looked for (null: 48 of hours, 28 of days). half_life: weeks in
    which a group loses half its weight. prior_weight: groups that the prior spread is worth.

    prior_cv: coefficient of variation of single durations before any are squared. prior_sd:
    variation from day to day before any data, as a proportion. slot_sd: standard deviation of
    the effects of the slots.
    """

    _own = ("prior_cv", "prior_sd", "slot_sd")

    def __init__(  # noqa: PLR0913 - every constant of the model can be set
        self,
        allowed: float = 0.01,
        slots: int = 7,
        least: int = 5,
        need: int = 20,
        *,
        window: int | None = None,
        half_life: float = 13.0,
        prior_weight: float = 5.0,
        prior_cv: float = 1.0,
        prior_sd: float = 0.15,
        slot_sd: float = 0.1,
    ) -> None:
        super().__init__(allowed, slots, least, need, window, half_life, prior_weight)
        self.prior_cv = prior_cv
        self.prior_sd = prior_sd
        self.slot_sd = slot_sd

    def _start(self, reason: str | None) -> None:
        super()._start(reason)
        self._cv_sums = [0.0, 0.0]  # squares about the mean over its square, degrees of freedom
        self._doubts = 0.0  # the share of doubtful groups, lately

    def update(self, x: float | None, number: float = 1, squares: float | None = None) -> None:
        """Takes the sum of a slot's durations, their number, and the sum of their squares."""
        self._take(sums_of(x, number, squares))

    @property
    def far(self) -> float:
        """How many times the mean a single duration is beyond what is possible."""
        return far_of(self.cv)

    @property
    def farthest(self) -> float | None:
        """The longest possible single duration in the next slot; None before any is learned."""
        if not self._learned:
            return None
        return self.far * exp(self._base + self._effects[self._place % self.period])

    def _formed(self, group: list[float]) -> list[float]:
        hoped = exp(self._base + self._effects[self._slot(group)]) if self._learned else 0.0
        return doubted(group, self.cv, hoped)

    @property
    def known(self) -> float:
        """Degrees of freedom of the spread: the module says why they are bounded."""
        return min(MOST_KNOWN, self._groups_known)

    @property
    def cv(self) -> float:
        """The coefficient of variation of single durations, as estimated."""
        about, freedom = self._cv_sums
        # A group of the least size is what the prior is worth.
        return sqrt((about + self.least * self.prior_cv**2) / (freedom + self.least))

    @property
    def between(self) -> float:
        """The variance tau^2 from day to day, as estimated."""
        return (self._spread_sums[0] + self.prior_weight * self.prior_sd**2) / self._groups_known

    def _value(self, group: list[float]) -> tuple[float, float]:
        """The group's y and its variance."""
        within = self.cv**2 / group[2]
        mean = min(MOST, max(LEAST, group[3] / group[2]))
        return log(mean) + within / 2.0, max(within + self.between, within / 4.0)

    def _judge(self, group: list[float]) -> tuple[float, str | None]:
        slot = self._slot(group)
        value, variance = self._value(group)
        off = value - self._base - self._effects[slot]
        t = abs(off) / sqrt(variance + self._slot_spreads[slot])
        tail = max(float(special.stdtr(self.known, -t)), 1e-300)
        said = t > 2.0 and not self._of_one([group], off, variance + self._slot_spreads[slot])
        return -log10(tail) if said else 0.0, "up" if off > 0.0 else "down"

    def _of_one(self, groups: list[list[float]], off: float, variance: float) -> bool:
        """Whether groups whose logarithm is so far off would be inside their usual range without
        the longest duration that they may hold, going by their squares."""
        if off <= 0.0 or any(group[7] not in (group[2], DOUBTFUL) for group in groups):
            return False
        n, total, squares = 0.0, 0.0, 0.0
        for group in groups:
            number, sum_, known = group[2], group[3], group[7] != DOUBTFUL
            n, total = n + number, total + sum_
            squares += group[6] if known else sum_ * sum_ / number * (1.0 + self.cv**2)
        if n < 2.0:
            return False  # a single duration is judged by whoever knows it
        mean = total / n
        about = max(0.0, squares / mean / mean - n)
        rest = (n - 1.0 - sqrt(about * (n - 1.0) / n)) / (n - 1.0)
        return rest <= 0.0 or off + log(rest) < USUAL_RANGE * sqrt(variance)

    def _likeliest_change(self, recent: list[list[float]]) -> FoundChange:
        figures = [(*self._value(group), self._effects[self._slot(group)]) for group in recent]
        value, variance, effect = np.array(figures)[::-1].T
        weight = 1.0 / variance
        weights = weight.cumsum()
        means = (weight * (value - effect - self._base)).cumsum() / weights
        shared = self._shared(np.arange(1.0, len(value) + 1.0))
        ratios = means**2 / 2.0 / (1.0 / weights + shared)
        best = int(ratios.argmax())
        off = float(means[best])
        change = self._student(float(ratios[best]))
        level = exp(self._base + off)
        if self._of_one(
            recent[len(recent) - 1 - best :], off, float(1 / weights[best] + shared[best])
        ):
            change = 0.0
        direction = "up" if off > 0.0 else "down"
        return FoundChange(change, len(recent) - 1 - best, level, off, direction)

    def _likelier(self, group: list[float], shift: float) -> float:
        if group[7] == DOUBTFUL:
            return 0.0
        slot = self._slot(group)
        value, variance = self._value(group)
        off = value - self._base - self._effects[slot]
        return ((off - shift) ** 2 - off * off) / 2.0 / (variance + self._slot_spreads[slot])

    def _learn(self, group: list[float], slot: int) -> None:
        doubtful = group[7] == DOUBTFUL
        self._doubts += LATELY * (doubtful - self._doubts)
        if not doubtful or self._doubts > MOSTLY:
            # Of at most so many durations, so that what is older fades.
            fade = 1.0 if self._cv_sums[1] < MOST_FREEDOM else 0.9
            about = min(group[4], MOST_SCATTER * self.cv**2 * group[5])
            self._cv_sums = [fade * self._cv_sums[0] + about, fade * self._cv_sums[1] + group[5]]
        if doubtful and self._learned > 1:
            return
        value, variance = self._value(group)
        if self._learned > 1:
            off = value - self._base - self._effects[slot]
            spread = self._slot_spreads[slot]
            most = OUTLYING_MEAN * (variance + spread)
            # Towards the expectation, so that a single outlier moves the level by little.
            value -= off * (1.0 - min(1.0, sqrt(most) / abs(off))) if off else 0.0
            surely, part, square = (variance / (variance + spread)) ** 2, 1.0, off * off
            shift, together = group[8:]
            if together:  # of a spell: about its own level
                square = (off - shift) ** 2 if together > 1.0 else 0.0
                part, spread = 1.0 - 1.0 / together, 0.0
            within = part * self.cv**2 / group[2]
            self._spread_sums[0] += surely * (min(square, most) - spread - within)
            self._spread_sums[2] += surely * part
        self._values[slot] += value / variance
        self._information[slot] += 1.0 / variance
        self._fit(1.0 / self.slot_sd**2)

    @property
    def expected(self) -> float | None:
        """The mean that is expected of the next slot; None while learning."""
        if self.state == "learning":
            return None
        return exp(self._base + self._effects[self._place % self.period])

    @property
    def before(self) -> float | None:
        """The level before the change: of the groups that have been learned."""
        return None if self.state == "learning" else exp(self._base)

    @property
    def ratio(self) -> float | None:
        """The level since the onset over that before."""
        return None if self.level is None else exp(log(self.level) - self._base)

    def limits(self, probability: float, number: int | None = None) -> tuple[float, float] | None:
        """The least and the greatest mean not exceptional in the next slot; None while learning.

        Each tail has this probability. number: of durations, `least` unless given.
        """
        if self.state == "learning":
            return None
        slot = self._place % self.period
        number = number or self.least
        _, variance = self._value([0.0, 0.0, number, number])
        half_width = -special.stdtrit(self.known, probability) * sqrt(
            variance + self._slot_spreads[slot]
        )
        middle = self._base + self._effects[slot] - self.cv**2 / number / 2.0
        return exp(middle - half_width), exp(middle + half_width)
