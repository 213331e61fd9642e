"""A count watched from two sides: is this hour exceptional, and has the level changed lately?

One `Expected` says what each slot of the week should bring. Against it are held

- the slot alone: `surprise`, minus the common logarithm of its smaller predictive tail;
- every stretch that ends now: `change`, the statistic of `UncertainFocus`, a log-likelihood ratio.

The first finds a burst within the hour, the second a rise of a half that lasts a shift. When
`Expected` has learned a week, the second begins anew with the last `window` slots, so that an old
surge is not found again a month later. Days with names (bank holidays, local events) are judged
alone and kept out of every stretch. So are ordinary days while only the level of an event is known,
since that level is a guess for them (`detectors.counts.weekly.baseline`). The days of an event that
goes on for weeks are part of stretches once it has a level of its own.

How far the level itself may be off is taken from the surest of the levels by which the window was
judged: weeks that hold a change make the level less sure, and so would hide what they show.

A change that alarms goes on until what came since some slot is 1,000 times likelier as expected
than at the ratio of the change (quasi-Poisson, with the variance of a slot); what came before that
slot is then part of no stretch. So a surge that is over raises no alarm and hides no fall after it.
A slot that is exceptional in the opposite direction by itself raises no alarm of the change.

Both are read on one scale, `rate`: how many false alarms a week so much evidence would raise, if
every slot were a new draw: 2 n 10^-surprise and n exp(-change) for n slots a week. In series with
no change the true rate is 0.2 to 1 times that, whatever the level, the dispersion and the length of
the history (`benchmarks/alert_budget.py`); `detectors.calibration.simulation` finds the factor for
a whole set of series. So one number sets a watch: the nominal rate that is `allowed`.

Its place: one series of counts in hours or days. Months have `detectors.change.shiryaev_roberts`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from math import exp, log, log10
from typing import Any, Self

from detectors.base import Detector, Plain
from detectors.change.uncertain_focus import UncertainFocus
from detectors.counts.expected import Expected

ENDED = log(1000.0)
"""A change is over where its last slots are so many times likelier as expected; as a natural
logarithm."""
LEAST = 1e-3
"""The least ratio that a change is taken to have."""
LOOKED_BACK = {168: 48, 7: 28}
"""Slots of the last weeks over which a change is still looked for: two days, four weeks."""
DAYS = 7
"""Slots a week where each is a day."""


def levels_within(window: int, slots: int) -> int:
    """How many levels, one a week, a window of so many slots can have been judged by.

    >>> levels_within(28, 7), levels_within(48, 168)
    (5, 1)
    """
    return window // slots + 1


class CountWatch(Detector):
    """A count by hour or day: exceptional by itself, or changed over any stretch that ends now.

    slots: of the week, 168 hours or 7 days. allowed: nominal false alarms a week; an alarm is at
    most this. window: how many slots back a change is looked for (null: two days of hours, four
    weeks of days). need: weeks of history before any count is judged. prior_dispersion: variance
    over mean before any data, worth prior_weight points.

    >>> watch = CountWatch(slots=7)
    >>> for _ in range(8):
    ...     for x in (50, 48, 52, 49, 51, 70, 68):
    ...         watch.update(x)
    >>> watch.drift_detected
    False
    >>> for x in (70, 72, 67, 75, 79):
    ...     watch.update(x)
    >>> watch.drift_detected, watch.causes, watch.onset, round(watch.ratio, 2)
    (True, ['change'], 56, 1.45)
    """

    def __init__(
        self,
        slots: int = 168,
        allowed: float = 0.01,
        window: int | None = None,
        need: int = 4,
        prior_dispersion: float = 1.5,
        prior_weight: float = 4.0,
    ) -> None:
        super().__init__()
        self.slots = slots
        self.allowed = allowed
        self.window = LOOKED_BACK.get(slots, slots) if window is None else window
        self.need = need
        self.prior_dispersion = prior_dispersion
        self.prior_weight = prior_weight
        self._start()

    def _start(self) -> None:
        self._drift_detected = False
        self._spell: list[float] = []  # the ratio, how much likelier its end, where that began
        self._expected = Expected(
            self.slots,
            need=self.need,
            prior_dispersion=self.prior_dispersion,
            prior_weight=self.prior_weight,
        )
        # Days are expected by one factor each, hours by that of the hour and that of the day.
        self._focus = UncertainFocus(slots=self.slots if self.slots == DAYS else 1)
        self._level_spreads: list[float] = []  # of the levels known within the window
        self._recent: list[list[Any]] = []  # count (None: not looked at) and expected
        self._points = 0
        self._age = 0  # weeks that were known at the last point
        self._stretch = 1.0
        self._surprise = 0.0
        self._direction: str | None = None

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return self._expected.still_needs

    @property
    def expected(self) -> Expected:
        """The baseline, for forecasts and for slots that are not over."""
        return self._expected

    def update(
        self,
        x: float | None,
        slot: int | None = None,
        names: Sequence[str] = (),
        *,
        learn: bool = True,
    ) -> None:
        """Takes the count of a slot (the next in turn unless given), with the day's names. A
        count that is not to be learned is judged by itself, and belongs to no change of level."""
        expected, focus = self._expected, self._focus
        expected.update(x, slot, names, learn=learn)
        age, last = expected.age, expected.last
        if age > self._age:
            self._stretch = expected.baseline.stretch
            if all(count is None for count, _ in self._recent):
                self._level_spreads.clear()  # none of them judged anything of the window
            self._level_spreads.append(expected.baseline.rate_spread)
            del self._level_spreads[: -levels_within(self.window, self.slots)]
            self._look_again()
        self._age = age
        self._points += 1
        self._surprise, self._direction = 0.0, None
        point: list[Any] = [None, 1.0]
        if last is not None and expected.state != "learning":
            count, mean, spread, dispersion, _ = last
            off = count - mean
            self._direction = "up" if off > 0.0 else "down"
            # Within two standard deviations nothing is exceptional; spare the functions.
            if off * off > 4.0 * mean * (dispersion + spread * mean):
                self._surprise = expected.evidence
            how, apart = expected.compared(names)
            if how == "lent":  # a change from before can't be followed across such days
                self._recent = [[None, 1.0] for _ in self._recent]
                self._focus.begin(self._points - 1)
            if learn and not apart and how != "lent" and mean > 0.0:
                focus.dispersion = dispersion * self._stretch
                if how == "ordinary":
                    least = expected.baseline.rate_spread
                    spread = min(self._level_spreads, default=least)
                    focus.own = expected.baseline.spreads[expected.slot]
                else:
                    focus.own = 0.0
                focus.spread = spread
                point = [count, mean]
        focus.update(*point)
        self._recent.append(point)
        if len(self._recent) > self.window:
            del self._recent[0]
        self.conclude(*point)

    def conclude(self, count: float | None, mean: float) -> list[float]:
        """Says whether the last point, which is part of what a change is looked for in, is an
        alarm, and whether a change begins or ends with it: the ratio of the one that goes on, how
        much likelier its end is, and where that began; empty where there is none."""
        if self._spell:
            self._follow(count, mean)
        self._drift_detected = self.rate <= self.allowed
        level = self._focus.level
        if "change" in self.causes and level is not None and not (self._spell and self._spell[1]):
            self._spell = [level, 0.0, 0.0]
        return self._spell

    def _follow(self, count: float | None, mean: float) -> None:
        """Looks whether the change that alarmed is over."""
        last = self._expected.last
        if count is None or last is None:
            return
        ratio, likelier, until = self._spell
        focus, ratio = self._focus, max(ratio, LEAST)
        varies = focus.dispersion + last[2] * mean
        found = likelier + (mean * (ratio - 1.0) - count * log(ratio)) / varies
        self._spell[1:] = max(0.0, found), until if likelier else self._points - 1.0
        if found >= ENDED:
            begin = self._points - len(self._recent)
            for place in range(max(0, int(self._spell[2]) - begin)):
                self._recent[place] = [None, 1.0]
            self._spell = []
            self._look_again()

    def pass_over(self, points: int, slots: int) -> None:
        """Takes more points than the window is long of which nothing is known, the last of them so
        many slots after the one before them. What came before is part of no later change."""
        self._expected.pass_over(points, slots)
        self._age = self._expected.age
        self._stretch = self._expected.baseline.stretch
        self._level_spreads = [self._expected.baseline.rate_spread]
        self._points += points
        self._surprise, self._direction = 0.0, None
        self._recent = [[None, 1.0] for _ in range(self.window)]
        self._spell = []
        self._focus.begin(self._points)
        self._drift_detected = self.rate <= self.allowed

    def _look_again(self) -> None:
        """Looks for a change in the last points alone."""
        self._focus.begin(self._points - len(self._recent))
        self._focus.follow(self._recent)

    def forget(self, first: int, last: int) -> None:
        """Has the points at these places of the stream (from 0; `last` is not one of them) neither
        learned from nor be part of a change. What was learned from a complete week stays; what was
        said of the last point alone stands."""
        self._expected.forget(first, last)
        begin = self._points - len(self._recent)
        for place in range(max(first, begin), min(last, self._points)):
            self._recent[place - begin] = [None, 1.0]
        if last > begin:
            self._look_again()

    @property
    def surprise(self) -> float:
        """Minus the common logarithm of the last count's smaller tail; 0 for an ordinary one."""
        return self._surprise

    @property
    def change(self) -> float:
        """The log-likelihood ratio of a change of level within the window; 0 in a gap, and where
        the last count is exceptional in the other direction."""
        if not self._recent or self._recent[-1][0] is None:
            return 0.0
        contrary = self._surprise and self._direction != self._focus.direction
        return 0.0 if contrary else self._focus.evidence

    @property
    def surprise_rate(self) -> float:
        """Nominal false alarms a week at this `surprise`."""
        return float(2.0 * self.slots * 10.0**-self._surprise)

    @property
    def change_rate(self) -> float:
        """Nominal false alarms a week at this `change`."""
        return self.slots * exp(-self.change)

    @property
    def rate(self) -> float:
        """The smaller of the two: an alarm where it is at most `allowed`."""
        change = self.change
        if not self._surprise and not change:
            return float(self.slots)
        return float(self.slots * min(2.0 * 10.0**-self._surprise, exp(-change)))

    @property
    def causes(self) -> list[str]:
        """Which evidence is an alarm: `surprise`, `change`."""
        found = ["surprise"] if self.surprise_rate <= self.allowed else []
        return found + ["change"] * (self.change_rate <= self.allowed)

    @property
    def evidence(self) -> float:
        """Minus the common logarithm of `rate`."""
        return max(
            self._surprise - log10(2.0 * self.slots), self.change / log(10.0) - log10(self.slots)
        )

    @property
    def direction(self) -> str | None:
        """'up' or 'down': of the change if that is the greater evidence, else of the count."""
        if self.change_rate < self.surprise_rate:
            return self._focus.direction
        return self._direction

    @property
    def onset(self) -> int | None:
        """The place in the stream (from 0) of the first point of the likeliest change."""
        return self._focus.onset

    @property
    def ratio(self) -> float | None:
        """What came since the onset over what was expected."""
        return self._focus.level

    def points_since(self, place: int) -> list[tuple[float | None, float]]:
        """The points from a place of the stream (from 0) on in which a change is looked for, as far
        back as the window reaches: count and expected count; None for the count where it is part of
        no change."""
        held = self._recent[max(0, place - self._points + len(self._recent)) :]
        return [(count, mean) for count, mean in held]

    def take_level(self, ratio: float, spread: float) -> None:
        """Takes a level of so many times what was learned, known with that relative variance, from
        the next point on. The points of the week that is running are not learned."""
        self._expected.take_level(ratio, spread)
        self._level_spreads = [self._expected.baseline.rate_spread]
        self._recent = [[None, 1.0] for _ in self._recent]
        self._look_again()

    def restart(self, reason: str) -> None:
        """Forgets every count because they are recorded otherwise from here on."""
        points, expected = self._points, self._expected
        self._start()
        self._points, self._expected = points, expected
        self._focus.begin(points)
        expected.restart(reason)

    def save(self) -> dict[str, Plain]:
        """The whole watch as plain data."""
        within = {"_expected": self._expected.save(), "_focus": self._focus.save()}
        state = {name: value for name, value in vars(self).items() if name.startswith("_")}
        return copy.deepcopy({"parameters": self._get_params(), "state": {**state, **within}})

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """A watch that goes on exactly where the saved one stood."""
        watch = super().restore(saved)
        watch._expected = Expected.restore(saved["state"]["_expected"])
        watch._focus = UncertainFocus.restore(saved["state"]["_focus"])
        return watch
