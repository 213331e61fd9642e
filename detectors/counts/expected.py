"""Expected counts for live hours and days: level times slot of the week, with honest tails.

The count of a slot (one of 168 hours, or of 7 days) is predicted as

    mean = rate x profile[slot] x factor of the named day,    variance = d mean + v mean^2

(`detectors.counts.predictive`), where rate, trend and season come from weekly totals with surges
weighted down (`detectors.counts.weekly.level`), the profile from the shape of each week
(`detectors.counts.weekly.profile`), named days from `detectors.counts.weekly.named_day_factors`,
v is the sum of their relative variances, and d the dispersion about each week's own rate, with its
own uncertainty. Estimates change when a week is complete, so a point is never judged by a baseline
that holds it. A week is complete when its first slot comes round again: slots are given, or taken
in turn, and the clock is the caller's. Single points with a tail below 1 in 1,000 count less, by
(3.09/z)^2 with z the normal quantile of that tail.

Its place: exceptional single hours and days. A lasting change of a few per cent belongs to the
change-point detectors, a monthly series to the control charts or farringtonFlexible.
References: Noufaily et al. (2013), Stat Med 32, 1206-1222; Clayton and Kaldor (1987), Biometrics
43, 671-681; Aitchison and Dunsmore, Statistical Prediction Analysis (1975).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Self

from detectors.base import Detector, Plain
from detectors.counts.predictive import LARGEST_COUNT, Judgement, Predictive, judgement_of
from detectors.counts.weekly.baseline import (
    Baseline,
    ComparedWith,
    Constants,
    Week,
    idle_weeks,
    learn_weeks,
    with_weeks,
)


class Expected(Detector):
    """What to expect in each slot of the week, and whether a count is exceptional.

    slots: slots a week, a multiple of 7 (168 hours or 7 days). probability: of one tail, below
    which a count is exceptional. need: weeks of history before any count is judged by it; until
    then only fixed_lower and fixed_upper are used, if given. half_life: weeks in which a weekly
    total loses half its weight; shape_half_life: the same for profile and dispersion.
    season_sd, trend_sd: what a season's swing and a year's trend may be, as factors about 1, before
    any is seen. prior_dispersion: variance over mean before any data, worth prior_weight points:
    what sibling series have shown. between: how far apart two days of one name are.

    >>> calls = Expected(slots=7, need=4)
    >>> for week in range(8):
    ...     for count in (50, 48, 52, 49, 51, 70, 68):
    ...         calls.update(count)
    >>> calls.forecast(slot=5).limits(0.001)
    (42, 103)
    >>> calls.judge(140, slot=5).exceptional, calls.judge(40, 0.5, slot=5).exceptional
    (True, False)
    >>> calls.about
    'first year: 7 weeks of history, no season or yearly day seen yet'
    """

    def __init__(  # noqa: PLR0913 - every constant of the model can be set
        self,
        slots: int = 168,
        probability: float = 0.001,
        need: int = 4,
        *,
        fixed_lower: float | None = None,
        fixed_upper: float | None = None,
        half_life: float = 26.0,
        shape_half_life: float = 52.0,
        season_sd: float = 0.15,
        trend_sd: float = 0.1,
        prior_dispersion: float = 1.5,
        prior_weight: float = 4.0,
        between: float = 0.3,
    ) -> None:
        if slots < 7 or slots % 7 or not 0.0 < probability < 0.5:
            raise ValueError("slots must be a multiple of 7, and probability between 0 and 0.5")
        self.slots = slots
        self.probability = probability
        self.need = need
        self.fixed_lower = fixed_lower
        self.fixed_upper = fixed_upper
        self.half_life = half_life
        self.shape_half_life = shape_half_life
        self.season_sd = season_sd
        self.trend_sd = trend_sd
        self.prior_dispersion = prior_dispersion
        self.prior_weight = prior_weight
        self.between = between
        self._place = 0  # of the next point in the stream
        self._start(None)

    def _start(self, reason: str | None) -> None:
        self._since = reason
        self._first: int | None = None  # the slot at which weeks begin
        self._slot = -1
        self._position = -1
        self._week: Week = []
        self._baseline = Baseline.none(self.constants)
        self._last: list[float] | None = None  # the last count, and what was expected of it
        self._last_names: list[str] = []
        self._apart = False  # whether the last point was not to be learned
        self._running = [0.0, 0.0]  # of such points of the week that is running: sum and exposure
        self._aside: list[list[float]] = []  # the same of the weeks that were set aside

    def update(
        self,
        x: float | None,
        slot: int | None = None,
        names: Sequence[str] = (),
        *,
        learn: bool = True,
    ) -> None:
        """Takes the count of a slot (the next in turn unless given), with the day's names. With
        `learn` False it is judged and not learned. A week of nothing else is set aside: the
        baseline stays as it was until something is learned again, or their level is taken."""
        slot = (self._slot + 1) % self.slots if slot is None else slot % self.slots
        self._first = slot if self._first is None else self._first
        if self.ends_before(slot) and not self.set_aside():
            self.close(*learn_weeks([(self.resumed, self._week)], self.constants))
        self._slot, self._position = slot, (slot - self._first) % self.slots
        self._place += 1
        self._apart = not learn
        if x is None or not x >= 0.0:  # a count is not negative; nan is no count
            self._last = None  # a gap raises no alarm
            return
        x = min(float(x), LARGEST_COUNT)
        self._last = [x, *self._ahead(slot, names)]
        self._last_names = list(names)
        if learn:
            self._week.append([slot, x, list(names), self._place - 1])
        elif not names:
            self._running[0] += x
            self._running[1] += self._baseline.profile[slot]

    def knowing(self, known: Baseline, since: str | None) -> Self:
        """One with the same parameters, before any point, which has that baseline."""
        made = copy.copy(self)
        made._start(since)
        made._baseline = known
        return made

    def pass_over(self, points: int, slots: int) -> None:
        """Takes so many points in a row of which nothing is known, the last of them so many slots
        after the one before them: learns the week that is running, and the weeks without a point
        that end within, in one step.

        >>> alone, at_once = (Expected(slots=7) for _ in range(2))
        >>> for each in (alone, at_once):
        ...     for day in range(24):
        ...         each.update(50 + day % 7, day % 7)
        >>> for day in range(24, 60):
        ...     alone.update(None, day % 7)
        >>> at_once.pass_over(36, 36)
        >>> at_once.age, at_once.age == alone.age, at_once.slot == alone.slot
        (8, True, True)
        """
        self._place += points
        self._last = None
        if self._first is None:
            return
        weeks = ((self._slot - self._first) % self.slots + slots) // self.slots
        if weeks:
            known = learn_weeks([(self.resumed, self._week)], self.constants)
            self.close(*idle_weeks([(known[0], weeks - 1)], self.constants))
        self._slot = (self._slot + slots) % self.slots
        self._position = (self._slot - self._first) % self.slots

    @property
    def slot(self) -> int:
        """The slot of the last point; -1 before any."""
        return self._slot

    def forecast(self, slot: int | None = None, names: Sequence[str] = ()) -> Predictive:
        """What is expected of a slot (the next in turn unless given) on a day of these names."""
        slot = (self._slot + 1) % self.slots if slot is None else slot % self.slots
        return Predictive(*self._ahead(slot, names))

    def _ahead(self, slot: int, names: Sequence[str]) -> tuple[float, float, float, float]:
        return self._baseline.ahead(slot, names, self.between, self.need)

    def compared(self, names: Sequence[str] = ()) -> tuple[ComparedWith, list[str]]:
        """What a day of these names is compared with, and those of them that this leaves to be
        explained by earlier days of the same name."""
        return self._baseline.compared(names, self.need)

    def judge(
        self,
        count_so_far: float,
        share_passed: float = 1.0,
        slot: int | None = None,
        names: Sequence[str] = (),
    ) -> Judgement:
        """Judges an unfinished slot on the share that has passed; learns nothing from it."""
        ahead = self.forecast(slot, names).part(share_passed)
        return self._judgement(count_so_far, ahead, share_passed, names)

    @property
    def judgement(self) -> Judgement | None:
        """What is to be said of the last count; None before the first and in a gap."""
        if self._last is None:
            return None
        x, *figures = self._last
        return self._judgement(x, Predictive(*figures), 1.0, self._last_names)

    @property
    def drift_detected(self) -> bool:
        """Whether the last count was exceptional: judged when this is read."""
        if self._last is None:
            return False
        x, mean, spread, d, d_spread = self._last
        if self.state == "learning":
            return self._outside(x)
        # Within two standard deviations no tail is below 1 in 1,000; spare the functions.
        if self.probability <= 0.001 and (x - mean) ** 2 < 4.0 * (mean + spread * mean**2):
            return False
        return Predictive(mean, spread, d, d_spread).tail(x) <= self.probability

    @property
    def evidence(self) -> float:
        """Minus the common logarithm of the smaller tail; exceptional from -log10(probability)."""
        if self._last is None or self.state == "learning":
            return 0.0
        x, *figures = self._last
        return -math.log10(max(Predictive(*figures).tail(x), 1e-300))

    @property
    def ahead(self) -> Predictive | None:
        """What was expected of the last count; None before the first and in a gap."""
        return None if self._last is None else Predictive(*self._last[1:])

    @property
    def baseline(self) -> Baseline:
        """What was learned from complete weeks; the same object until another is learned."""
        return self._baseline

    @baseline.setter
    def baseline(self, known: Baseline) -> None:
        self._baseline = known

    @property
    def last(self) -> list[float] | None:
        """The last count, then mean, spread, dispersion and its spread as they were expected of
        it; None before the first and in a gap."""
        return self._last

    @property
    def last_names(self) -> list[str]:
        """Of the day of the last count."""
        return self._last_names

    @property
    def age(self) -> int:
        """Complete weeks that have been learned."""
        return self._baseline.age

    @property
    def state(self) -> str:
        """Either `learning`, `first year` or `ready`."""
        known = self._baseline
        if known.known(self.need):
            return "first year" if known.age < 53 else "ready"
        return "first year" if self._from_event else "learning"

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        fixed = self.fixed_lower is not None or self.fixed_upper is not None
        if fixed or self.state != "learning":
            return None
        return f"{self.need} weeks of {self.slots} points each"

    @property
    def _from_event(self) -> bool:
        """Whether all that is known is an event's own weeks."""
        known = self._baseline
        event = None if known.known(self.need) else known.event
        return event is not None and event.known(self.need)

    @property
    def about(self) -> str:
        """The state in plain words."""
        known = self._baseline
        ordinary = known.age if known.known(self.need) else min(known.age, int(known.filled + 0.1))
        weeks = _weeks(ordinary)
        since = f" since {self._since}" if self._since else ""
        if self._from_event and known.event is not None:
            names = " and ".join(known.event_names)
            return (
                f"first year: known only from {names}, {_weeks(known.event.age)}{since}; "
                f"{weeks} of ordinary history, {self.need} needed"
            )
        more = {
            "learning": f", {self.need} needed; only fixed limits are used",
            "first year": ", no season or yearly day seen yet",
            "ready": "",
        }
        return f"{self.state}: {weeks} of history{since}{more[self.state]}"

    @property
    def dispersion(self) -> float:
        """Variance over mean of the counts about their expectation, as estimated."""
        return self._baseline.dispersion

    def unseen(self, names: Sequence[str]) -> list[str]:
        """Those of the names that no earlier day in the history had."""
        _, apart = self.compared(names)
        return [name for name in apart if name not in self._baseline.names]

    def restart(self, reason: str) -> None:
        """Forgets every count because they are recorded otherwise from here on; keeps the reason.

        >>> hours = Expected()
        >>> hours.restart("the new recording rules of 1 April")
        >>> hours.about[:71]
        'learning: 0 weeks of history since the new recording rules of 1 April, '
        """
        self._start(reason)

    def forget(self, first: int, last: int) -> None:
        """Takes the points at these places of the stream (from 0; `last` is not one of them) out of
        the week that is running, as if they had been gaps. What was learned from an earlier week
        stays.

        >>> calls = Expected(slots=7)
        >>> for count in (50, 500, 52):
        ...     calls.update(count)
        >>> calls.forget(1, 2)
        >>> other = Expected(slots=7)
        >>> for count in (50, None, 52):
        ...     other.update(count)
        >>> calls.save() == other.save()
        True
        """
        self._week = [point for point in self._week if not first <= point[3] < last]

    def _outside(self, x: float) -> bool:
        low, high = self.fixed_lower, self.fixed_upper
        return (low is not None and x < low) or (high is not None and x > high)

    def _judgement(
        self,
        x: float,
        ahead: Predictive,
        share: float,
        names: Sequence[str],
    ) -> Judgement:
        state, about = self.state, self.about
        if state == "learning":
            # A part of a slot can pass the fixed upper limit, never prove the lower one.
            outside = self._outside(x) and (share >= 1.0 or x > (self.fixed_lower or 0.0))
            words = f"{x:,.0f}; {about}"
            low, high = self.fixed_lower, self.fixed_upper
            return Judgement(state, x, None, low, high, None, None, outside, words)
        more = []
        if new := self.unseen(names):
            many = " or ".join(new)
            more.append(f"judged as an ordinary day: none called {many} was seen before")
        if state != "ready":
            more.append(about)
        return judgement_of(x, ahead, self.probability, state, more=more)

    def ends_before(self, slot: int) -> bool:
        """Whether the week that is running is complete where that slot comes next."""
        if self._first is None:
            return False
        position = (slot - self._first) % self.slots
        return position < self._position or len(self._week) >= self.slots * 8 // 7

    @property
    def week(self) -> Week:
        """The week that is running."""
        return self._week

    def close(self, known: Baseline) -> None:
        """Takes what is known with the week that was running, which is over."""
        self._baseline, self._week, self._position = known, [], -1
        self._running, self._aside = [0.0, 0.0], []

    def set_aside(self) -> bool:
        """Ends the week that was running where it had nothing to learn; whether that is so."""
        if not self._apart or self._week:
            return False
        self._aside.append(self._running)
        self._running, self._position = [0.0, 0.0], -1
        return True

    @property
    def resumed(self) -> Baseline:
        """What is known, as old as it is by now: weeks that were set aside are not known."""
        if not self._aside:
            return self._baseline
        return idle_weeks([(self._baseline, len(self._aside))], self.constants)[0]

    def take_level(self, ratio: float, spread: float) -> None:
        """Takes a level of so many times what was learned, known with that relative variance: what
        was learned is scaled, and weeks that were set aside are learned as they came."""
        known = self._baseline.times(ratio, spread)
        self._baseline = with_weeks(known, self._aside, self.constants)
        self._week, self._running, self._aside = [], [0.0, 0.0], []

    @property
    def constants(self) -> Constants:
        """What learning needs to know besides a baseline and a week."""
        return Constants(**{name: getattr(self, name) for name in Constants._fields})

    def save(self) -> dict[str, Plain]:
        """The whole detector as plain data, independent of it."""
        saved = super().save()
        saved["state"] = {**saved["state"], "_baseline": asdict(self._baseline)}  # type: ignore[dict-item]
        return saved

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """A detector that goes on exactly where the saved one stood."""
        detector = super().restore(saved)
        detector._baseline = Baseline.of(vars(detector)["_baseline"])
        return detector


def _weeks(number: int) -> str:
    return f"{number} week{'s' * (number != 1)}"
