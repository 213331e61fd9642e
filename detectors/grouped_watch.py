"""What the watches of proportions and of durations share: groups, a baseline, one scale of rates.

Slots of few cases say little, so they are added up until they hold at least `least`; such a group
is judged, and later learned. Between the two it waits in a window of the latest groups, so that the
stretches which a change is looked for in are never part of what they are compared with. While there
is less history than the window is long, the window is as long as the history.

**Baseline.** A level, and an effect for each slot of a period (24 hours, or 7 days) taken as normal
around 0 with variance 1/h. With B the information in a slot (the sum of 1 / variance of its groups)
and Y the sum of values over variances, both fading with `half_life` weeks, the joint estimates are
in closed form, with g = h / (B + h),

    level = sum(g Y) / sum(g B),       effect = (Y - B level) / (B + h),
    Var(level + effect) = g^2 / sum(g B) + 1 / (B + h).

**Evidence.** A watch gives for its latest group a `surprise`, minus the common logarithm of the
smaller predictive tail, and for the stretches that end now a `change`, the greatest log-likelihood
ratio. The spread of the groups is known from nu of them only: a log-likelihood ratio c that takes
it as known is read as nu/2 log(1 + 2 c / nu), as the tail of Student's t is to the normal one.

**Spells.** The groups since the onset of a change that alarms are a spell. It goes on until what
came since some group is 1,000 times likelier as expected than as far off as the spell was; what
came before that is then part of no change. A crisis is no guide to how groups scatter: those of a
spell count for the spread of the groups by how far they are off the spell's own level (for m
groups, as 1 - 1/m of one each), and one that alarms alone not at all.

**Scale.** `rate` is in nominal false alarms a week: the smaller of 3 G 10^-surprise and
3 G exp(-change), for the G groups that come in a week. With both tails at a, single groups raise
2 G a, and changes about G a more. In series with no change the true rate of clusters of alarms is
mostly 0.2 to 1.2 times the nominal one (`benchmarks/watch_rates.py`).

References: Robinson (1991), Statistical Science 6, on the estimates; Siegmund (1985), Sequential
Analysis, on the rate.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from math import log, log1p, log10
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.base import Detector

Floats = NDArray[np.float64]
WINDOWS = {168: 48, 7: 28}
"""Groups among which a change is looked for: two days of hours, four weeks of days."""
LOOKS_AT_A_GROUP = 3.0
"""At a group: two sides of it, and the changes."""
ENDED = log(1000.0)
"""A spell is over where its last groups are so many times likelier as expected before it; as a
natural logarithm."""
PERIODS = {168: 24}
"""Slots that have an effect of their own where these are not simply those of the week."""


class FoundChange(NamedTuple):
    """A change: the log-likelihood ratio, the index of the first group, the level since, how far
    that is off what was expected, and in which direction."""

    change: float
    place: int
    level: float
    shift: float
    direction: str


def shrunk(values: Floats, information: Floats, h: float) -> tuple[float, Floats, Floats]:
    """Level, effects, and the variance of each slot's mean, as the module says.

    >>> level, effects, _ = shrunk(np.array([10.0, 30.0]), np.array([10.0, 10.0]), 10.0)
    >>> level, effects.tolist()
    (2.0, [-0.5, 0.5])
    """
    g = h / (information + h)
    known = float(g @ information)
    level = float(g @ values) / known
    effects = (values - information * level) / (information + h)
    return level, effects, g * g / known + 1.0 / (information + h)


class GroupedWatch(Detector):
    """Groups slots, keeps a window and a baseline of them; a subclass knows the distribution.

    allowed: nominal false alarms a week; an alarm is at most this. slots: a week, 168 or 7. least:
    cases in a group. need: groups learned before any is judged. window: latest groups, which wait
    to be learned. half_life: weeks in which a group loses half its weight. prior_weight: groups
    that the prior spread is worth.
    """

    def __init__(
        self,
        allowed: float,
        slots: int,
        least: int,
        need: int,
        window: int | None,
        half_life: float,
        prior_weight: float,
    ) -> None:
        super().__init__()
        if slots < 7 or slots % 7 or least < 1 or need < 2:
            raise ValueError("slots are a multiple of 7, cases at least 1, groups at least 2")
        self.allowed = allowed
        self.slots = slots
        self.least = least
        self.need = need
        self.window = WINDOWS.get(slots, slots) if window is None else window
        self.half_life = half_life
        self.prior_weight = prior_weight
        self._place = 0
        self._start(None)

    @property
    def period(self) -> int:
        """Slots that each have an effect: the hours of a day, or the days of a week."""
        return PERIODS.get(self.slots, self.slots)

    def _start(self, reason: str | None) -> None:
        self._since = reason
        self._begun = self._place
        self._drift_detected = False
        self._spell: list[float] = []  # how far off, how much likelier its end, where that began
        self._from = float(self._place)  # groups before are part of no change
        self._pending: list[Any] = []  # first place, then sums of what came
        self._recent: list[list[float]] = []  # first place, last place, then the sums
        self._groups = 0
        self._learned = 0
        self._learned_at = float(self._place)
        self._values = [0.0] * self.period
        self._information = [0.0] * self.period
        self._spread_sums = [0.0, 0.0, 0.0]  # of the spread, its divisor, and groups
        self._base = 0.0
        self._effects = [0.0] * self.period
        self._slot_spreads = [1.0] * self.period
        self._clear_evidence()

    def _clear_evidence(self) -> None:
        self._drift_detected = False
        self._surprise = self._change = 0.0
        self._off: str | None = None
        # What was found of the likeliest change.
        self._onset: int | None = None
        self._level: float | None = None
        self._way: str | None = None

    def _take(self, added: list[float] | None) -> None:
        """Takes a slot: the number of cases first, then whatever is summed; None is a gap."""
        self._clear_evidence()
        self._place += 1
        if added is None or added[0] <= 0:
            return
        if not self._pending:
            self._pending = [self._place - 1, *([0.0] * len(added))]
        for i, x in enumerate(added, 1):
            self._pending[i] += x
        if self._pending[1] < self.least:
            return
        first, *sums = self._pending
        self._pending = []
        self.complete([first, self._place - 1, *sums])

    def complete(self, group: list[float]) -> None:
        """Takes a group of enough cases, in which the last slot is: judges it, and learns the
        oldest that waits."""
        group = self._formed(group)
        group += [0.0, 0.0]  # how far the level of its spell is off, and the groups of that
        self._groups += 1
        self._recent.append(group)
        if self.state == "ready":
            self.judge_stretches(group)
        while len(self._recent) > min(self.window, max(0, self._learned - self.need)):
            self._absorb(self._recent.pop(0))

    def judge_stretches(self, group: list[float]) -> None:
        """Judges the latest group, and the stretches that end with it."""
        self._surprise, self._off = self._judge(group)
        if self._spell:
            self._follow(group)
        recent = [each for each in self._recent if each[0] >= self._from]
        found = self._likeliest_change(recent)
        self._change, self._way = found.change, found.direction
        if self._surprise and self._off != self._way:
            self._change = 0.0  # no change alarms in a group that is exceptional the other way
        self._onset, self._level = int(recent[found.place][0]), found.level
        self._drift_detected = self.rate <= self.allowed
        causes = self.causes
        if "change" in causes:
            for each in recent[found.place :]:
                each[-2:] = found.shift, len(recent) - found.place
            if not self._spell or not self._spell[1]:
                self._spell = [found.shift, 0.0, 0.0]
        elif causes:
            group[-2:] = 0.0, 1.0

    def _follow(self, group: list[float]) -> None:
        """Looks whether the spell of a change is over."""
        shift, likelier, until = self._spell
        likelier = max(0.0, likelier + self._likelier(group, shift))
        self._spell = [shift, likelier, until if until and likelier else group[0]]
        if likelier >= ENDED:
            self._from, self._spell = self._spell[2], []
            for each in self._recent:
                if each[0] >= self._from:
                    each[-2:] = 0.0, 0.0

    def pass_over(self, slots: int) -> None:
        """Takes so many slots in a row of which nothing is known."""
        self._clear_evidence()
        self._place += slots

    def _absorb(self, group: list[float]) -> None:
        fade = 0.5 ** ((group[1] - self._learned_at) / (self.half_life * self.slots))
        self._learned_at = group[1]
        self._learned += 1
        self._values = [fade * x for x in self._values]
        self._information = [fade * x for x in self._information]
        self._spread_sums = [fade * x for x in self._spread_sums]
        self._learn(group, self._slot(group))

    def _slot(self, group: list[float]) -> int:
        """The slot of the period that a group ends in; one of several slots counts there too."""
        return int(group[1]) % self.period

    def _fit(self, h: float) -> None:
        """Level and effects from the sums."""
        fitted = shrunk(np.array(self._values), np.array(self._information), h)
        self._base = fitted[0]
        self._effects, self._slot_spreads = fitted[1].tolist(), fitted[2].tolist()

    def _shared(self, lengths: Floats) -> Floats:
        """The variance that a stretch of so many groups shares, whatever its groups bring.

        That of the mean of all slots is all that a stretch of a whole period has; a shorter one
        has its slots' own besides, averaged.
        """
        every = 1.0 / sum(self._information)
        own = max(0.0, sum(self._slot_spreads) / self.period - every)
        return np.asarray(every + own / np.minimum(lengths, self.period))

    def _student(self, change: float) -> float:
        """A log-likelihood ratio with the spread known from so many groups only."""
        known = self.known
        return 0.5 * known * log1p(2.0 * change / known)

    def _formed(self, group: list[float]) -> list[float]:
        """A group that is complete, as it is to be judged and learned."""
        return group

    @abstractmethod
    def _judge(self, group: list[float]) -> tuple[float, str | None]:
        """The surprise of a group, and its direction."""

    @abstractmethod
    def _likeliest_change(self, recent: list[list[float]]) -> FoundChange:
        """The likeliest change among the stretches that end now."""

    @abstractmethod
    def _likelier(self, group: list[float], shift: float) -> float:
        """How much likelier a group is as expected than so far off: a natural logarithm."""

    @abstractmethod
    def _learn(self, group: list[float], slot: int) -> None:
        """Takes a group into the baseline."""

    @property
    def known(self) -> float:
        """How many groups the spread is known from, those of the prior among them."""
        return self._groups_known

    @property
    def _groups_known(self) -> float:
        return self._spread_sums[2] + self.prior_weight

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return (
            f"{self.need} groups of at least {self.least} cases"
            if self.state == "learning"
            else None
        )

    @property
    def state(self) -> str:
        """`learning` until `need` groups have been learned, then `ready`."""
        return "learning" if self._learned < self.need else "ready"

    @property
    def about(self) -> str:
        """The state in plain words."""
        since = f" since {self._since}" if self._since else ""
        needed = f", {self.need} needed" if self.state == "learning" else ""
        return f"{self.state}: {self._learned + len(self._recent)} groups{since}{needed}"

    @property
    def groups_a_week(self) -> float:
        """How many groups come in a week, as seen so far."""
        return self.slots * (self._groups + 1.0) / (self._place - self._begun + 1.0)

    @property
    def surprise(self) -> float:
        """Minus the common logarithm of the last group's smaller tail; 0 where none was judged."""
        return self._surprise

    @property
    def change(self) -> float:
        """The log-likelihood ratio of a change of level; 0 where no group was judged."""
        return self._change

    @property
    def rate(self) -> float:
        """Nominal false alarms a week at the present evidence: an alarm is at most `allowed`."""
        return float(10.0**-self.evidence)

    @property
    def evidence(self) -> float:
        """Minus the common logarithm of `rate`."""
        return max(self._evidence("surprise"), self._evidence("change"))

    def _evidence(self, cause: str) -> float:
        found = self._surprise if cause == "surprise" else self._change / log(10.0)
        return found - log10(LOOKS_AT_A_GROUP * self.groups_a_week)

    @property
    def causes(self) -> list[str]:
        """Which evidence is an alarm: `surprise`, `change`."""
        every = ("surprise", "change")
        return [cause for cause in every if 10.0 ** -self._evidence(cause) <= self.allowed]

    @property
    def direction(self) -> str | None:
        """'up' or 'down': of the change if that is the greater evidence, else of the group."""
        if self._evidence("change") > self._evidence("surprise"):
            return self._way
        return self._off

    @property
    def onset(self) -> int | None:
        """The place in the stream (from 0) of the first slot of the likeliest change."""
        return self._onset

    @property
    def level(self) -> float | None:
        """The level since the onset."""
        return self._level

    @property
    def pending(self) -> int:
        """Cases that wait for enough others to be judged with."""
        return int(self._pending[1]) if self._pending else 0

    def restart(self, reason: str) -> None:
        """Forgets every group because they are recorded otherwise from here on; keeps the place."""
        self._start(reason)

    def _get_params(self) -> dict[str, Any]:
        names = ("allowed", "slots", "least", "need", "window", "half_life", "prior_weight")
        return copy.deepcopy({name: getattr(self, name) for name in (*names, *self._own)})

    _own: tuple[str, ...] = ()
    """The parameters that a subclass adds."""
