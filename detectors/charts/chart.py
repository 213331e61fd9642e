"""A control chart online: a baseline, limits from it, rules about each point, and re-bases.

For each point the chart says whether any rule's pattern is complete (`drift_detected`, `causes`),
and what the point was judged by (`centre`, `lower`, `upper`). The pieces stand apart: `limits` and
`rare_event_charts` fit a baseline, `rules` are the patterns, `rebase` moves the level.

Where the baseline comes from:
- the first `baseline` points (12), which are not judged themselves: the chart is `learning`;
- or `baseline` is a list of earlier points, such as those of the previous financial year: limits
  stand at once. `start` takes another such list, when a new year begins;
- and after `rebase` points (8; 0 for never) on one side of the centre, from those points.

Pinned, and parameters where another choice is in use:
- Limits are fixed once fitted: a new point does not move them. The baseline is fitted once.
- Points of the baseline count in runs that go on after it, as far as they lie on one side of the
  line that they make (`runs_from_baseline=True`, as on a chart that is drawn afterwards).
  A run that re-bases starts after the baseline, as `rebase.rebases` has it.
- The point that completes a run is judged by the old lines; the lines shown with it are the new
  ones. The sigma is fitted anew as well, to the points of the run, unless `refit` is "centre".
  (They all lie on one side of the old centre, so it comes out too small.) Rules start afresh.
  `rebase` takes the fields of `rebase.Rebasing`: `{"points": 9, "statistic": "median"}`.
- With sizes (u, p and their primes) x is the count, and centre and limits are of x / size; a size
  of 0 is a missing point, as are None, NaN and infinity. A point beyond 1e150 is taken as 1e150.

The price of the usual choice, mean plus and minus 2 standard deviations of 12 points: on a series
where nothing happens it flags 8.1 % of the points, because the limits are estimated too
(P(|t11| > 2 / root(1 + 1/12))), and of 12 points judged by the same limits at least one is flagged
in 55 % of all years. A re-base after 8 on one side of the mean of 12 is made within a year on
5.2 % of series that have not moved (10 % after 7, 2.8 % after 9).

References: those of `limits`, `rules` and `rebase`.

>>> chart = ControlChart("mean_sd", sigmas=2, baseline=[10, 12, 11, 9, 13, 11], rebase=3)
>>> for x in (12, 14, 15):
...     chart.update(x)
...     print(chart.drift_detected, chart.causes, round(chart.upper, 2), chart.centre)
False [] 13.83 11.0
True [['outside', 1]] 13.83 11.0
True [['outside', 1]] 16.72 13.666666666666666
>>> chart.rebases
[Rebase(at=2, onset=0, begins=0, old=11.0, new=13.666666666666666, direction=1)]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from detectors.base import Detector
from detectors.charts import limits, rare_event_charts
from detectors.charts.limits import Fitted
from detectors.charts.rebase import Rebase, Rebasing, check, extend, level, move
from detectors.charts.rules import RULES, Memory, step

Fit = Callable[..., Fitted]
KINDS: dict[str, tuple[Fit, bool]] = {
    "individuals": (limits.individuals, False),
    "mean_sd": (limits.mean_sd, False),
    "c": (limits.counts, False),
    "g": (rare_event_charts.between, False),
    "t": (rare_event_charts.times, False),
    "u": (limits.rates, True),
    "p": (limits.proportions, True),
    "u_prime": (limits.laney_rates, True),
    "p_prime": (limits.laney, True),
}
"""How a baseline is fitted, and whether its points have sizes."""
INFINITE = float("inf")
LARGEST = 1e150
"""Squares of this are still numbers."""
KEPT = 3
"""So many of the last re-bases are remembered."""


def _within(x: float) -> float:
    """A point that can be squared."""
    return float(x) if -LARGEST <= x <= LARGEST else LARGEST if x > 0 else -LARGEST


class ControlChart(Detector):
    """A control chart over one series: limits from a baseline, rules about points, re-basing.

    `kind` is `individuals` or `mean_sd` (measurements), `c` (counts), `g` (counts between events),
    `t` (times between events), `u` or `u_prime` (counts over a size), `p` or `p_prime` (a number of
    so many); `sigmas` is the distance of the limits, `baseline` how many first points make them, or
    a list of earlier points, whose `sizes` may be given; `rebase` after how many on one side the
    level moves (0: never). `rules` are `outside`, `side_N` (N of 6 to 9 on one side), `trend_N` (N
    of 5 to 8 rising or falling), `near_2_of_3` and `near_2_of_3_outside_too`. `runs_from_baseline`
    says whether points of the baseline count in runs. `options` go to what fits the baseline:
    `{"screen": 1}`.
    """

    def __init__(
        self,
        kind: str = "individuals",
        *,
        sigmas: float = 3.0,
        baseline: int | Sequence[float | None] = 12,
        sizes: Sequence[float] | None = None,
        rules: Sequence[str] = ("outside",),
        rebase: int | dict[str, Any] = 0,
        runs_from_baseline: bool = True,
        options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"no such kind of chart: {kind}")
        if not sigmas > 0:
            raise ValueError(f"sigmas are above 0, not {sigmas}")
        unknown = [name for name in rules if name not in RULES]
        if unknown:
            raise ValueError(f"no such rule: {unknown[0]}")
        self.kind = kind
        self.sigmas = sigmas
        self.baseline = baseline if isinstance(baseline, int) else list(baseline)
        self.sizes = None if sizes is None else list(sizes)
        self.rules = list(rules)
        self.rebase = dict(rebase) if isinstance(rebase, dict) else rebase
        self.runs_from_baseline = runs_from_baseline
        self.options = None if options is None else dict(options)
        # Made of the parameters, and so no state.
        self.fit, self.sized = KINDS[kind]
        self.patterns = [RULES[name] for name in self.rules]
        moves = Rebasing(rebase) if isinstance(rebase, int) else Rebasing(**rebase)
        self.rebasing = check(moves)

        self._drift_detected = False
        self._place = -1
        self._value: float | None = None
        self._causes: list[list[Any]] = []
        self._fitted: list[Any] | None = None
        self._lines: list[float] = []
        self._memories: list[Memory] = []
        self._learnt: list[list[float]] = []
        self._run: list[list[float]] = []
        self._rebases: list[list[Any]] = []
        self._rebased = False
        if isinstance(self.baseline, int):
            if self.baseline < 1:
                raise ValueError("a baseline has at least one point")
        else:
            self.start(self.baseline, self.sizes)

    def start(self, points: Sequence[float | None], sizes: Sequence[float] | None = None) -> None:
        """Takes a new baseline: points that came before the next one, without the missing ones."""
        weights = [1.0] * len(points) if sizes is None else sizes
        taken = [
            [_within(x), size]
            for x, size in zip(points, weights, strict=True)
            if x is not None and size > 0 and -INFINITE < x < INFINITE
        ]
        if not taken:
            raise ValueError("a baseline has at least one point")
        self._learnt = taken
        self._end_learning()

    def update(self, x: float | None, size: float = 1.0) -> None:
        """Takes the next point; None where it is missing."""
        self._place += 1
        self._drift_detected = self._rebased = False
        self._causes = []
        self._value = None
        if x is None or not size > 0 or not -INFINITE < x < INFINITE:
            if self.rebasing.gaps == "end":
                self._run = []
            return
        x = _within(x)
        if self._fitted is None:
            self._learnt.append([x, size])
            if len(self._learnt) == self.baseline:
                self._end_learning()
            return
        if self.sized:
            self._lines = list(Fitted(*self._fitted).limits(self.sigmas, size))
        value = self._value = x / size if self.sized else x
        lines = self._lines
        for i, rule in enumerate(self.patterns):
            direction = step(rule, self._memories[i], value, lines)
            if direction:
                self._causes.append([self.rules[i], direction])
                self._drift_detected = True
        if self.rebasing.points and self._extend(self._place, value, x, size):
            self._move(size)

    def pass_over(self, points: int) -> None:
        """Takes so many points in a row that are missing."""
        if points > 0:
            self._place += points - 1
            self.update(None)

    @property
    def learning(self) -> bool:
        """Whether the baseline is still being filled, and no point judged."""
        return self._fitted is None

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return f"{self.baseline} points for its limits" if self.learning else None

    @property
    def centre(self) -> float | None:
        """The centre line; None while learning, as the limits."""
        return self._lines[0] if self._lines else None

    @property
    def lower(self) -> float | None:
        """The lower limit."""
        return self._lines[1] if self._lines else None

    @property
    def upper(self) -> float | None:
        """The upper limit."""
        return self._lines[2] if self._lines else None

    def lines_at(self, size: float | None = None) -> limits.Limits:
        """Centre and limits for a point of a size, as they stand now; without one, those of the
        last point. Raises ValueError while learning."""
        if self._fitted is None:
            raise ValueError("there are no limits yet")
        if size is None or not self.sized:
            return limits.Limits(*self._lines)
        return Fitted(*self._fitted).limits(self.sigmas, size)

    @property
    def causes(self) -> list[list[Any]]:
        """[name of a rule, direction] for each pattern that the last point completes."""
        return self._causes

    @property
    def points_on_one_side(self) -> int:
        """How long the run is that would re-base the chart."""
        return len(self._run)

    @property
    def rebased(self) -> bool:
        """Whether the last point re-based the chart."""
        return self._rebased

    @property
    def rebases(self) -> list[Rebase]:
        """The last re-bases, at most three; places count from the first point, gaps included."""
        return [Rebase(*one) for one in self._rebases]

    @property
    def evidence(self) -> float:
        """How far the last point lies from the centre, in sigmas."""
        if self._value is None or not self._lines:
            return 0.0
        centre, lower, upper = self._lines
        sigma = max(upper - centre, centre - lower) / self.sigmas
        away = abs(self._value - centre)
        return min(LARGEST, away / sigma) if sigma else LARGEST * bool(away)

    def _end_learning(self) -> None:
        """Fits the baseline, and lets its points begin the runs."""
        learnt, self._learnt = self._learnt, []
        self._fit([x for x, _ in learnt], [size for _, size in learnt])
        if self.runs_from_baseline:
            for x, size in learnt:
                value = x / size if self.sized else x
                if self.sized:
                    self._lines = list(Fitted(*self._fitted or ()).limits(self.sigmas, size))
                for rule, memory in zip(self.patterns, self._memories, strict=True):
                    step(rule, memory, value, self._lines)

    def _fit(self, points: list[float], sizes: list[float], sigma: float | None = None) -> None:
        """Makes lines from these points, and starts the rules and the run afresh."""
        options = self.options or {}
        fitted = self.fit(points, sizes, **options) if self.sized else self.fit(points, **options)
        if self.rebasing.statistic == "median":
            values = [x / n for x, n in zip(points, sizes, strict=True)] if self.sized else points
            fitted = fitted._replace(line=level(values, "median") ** (1 / fitted.power))
        if sigma is not None:
            fitted = fitted._replace(sigma=sigma)
        self._fitted = list(fitted)
        self._lines = list(fitted.limits(self.sigmas, sizes[-1]))
        self._memories = [[] for _ in self.patterns]
        self._run = []

    def _extend(self, place: int, value: float, x: float, size: float) -> bool:
        """Takes a point into the run that may re-base the chart."""
        complete = extend(self.rebasing, self._run, place, value, self._lines[0])
        if self.sized and self._run and self._run[-1][0] == place:
            self._run[-1] += [x, size]
        return complete

    def _move(self, size: float) -> None:
        """Re-bases the chart on its run."""
        run, old = list(self._run), self._fitted or []
        made = move(self.rebasing, self._run, self._lines[0])
        points, sizes = [one[1] for one in run], [size] * len(run)
        if self.sized:
            points, sizes = [one[2] for one in run], [one[3] for one in run]
        self._fit(points, sizes, old[1] if self.rebasing.refit == "centre" else None)
        if self.rebasing.overlap:
            for one, x, own in zip(run[1:], points[1:], sizes[1:], strict=True):
                self._extend(int(one[0]), one[1], x, own)
        self._rebases = [*self._rebases, list(made._replace(new=self._lines[0]))][-KEPT:]
        self._rebased = self._drift_detected = True
