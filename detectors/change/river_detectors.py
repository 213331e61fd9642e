"""River's ADWIN and Page-Hinkley as detectors of this kind: baselines to compare with.

- `ADWIN` keeps a window whose length adapts, and drops its older part when the means of two
  parts differ by more than a bound that holds for any bounded distribution, looking every `clock`
  points. It needs no model and no baseline; the price is that it is slow on counts, and it knows
  neither the scale of the noise nor the direction.
- `PageHinkley` adds up distances from the running mean, less `delta`, in units of the points
  themselves: the CUSUM of `cusum.py` without the scale, the mean learned as it goes.

The algorithms are river's own; what is added here is that a gap changes nothing, and that they are
saved as plain data. `focus.py` does what both are for, with the onset and exact evidence. The other
way round nothing is needed: every detector here is a river drift detector.

References: Bifet and Gavalda (2007), SIAM International Conference on Data Mining; Page (1954),
Biometrika 41.

>>> detector = ADWIN(clock=1)
>>> for index, x in enumerate([4.0, 5.0, 6.0] * 40 + [9.0, 10.0, 11.0] * 10):
...     detector.update(x)
...     if detector.drift_detected:
...         print(index, detector.width)
...         break
126 95.0
"""

from __future__ import annotations

import base64
from abc import abstractmethod
from importlib import import_module
from typing import Any, Literal, Self

from detectors.base import Detector, Plain, bounded


def _drift() -> Any:
    """River's package of drift detectors, loaded when the first is made: it takes a second."""
    return import_module("river.drift")


class _River(Detector):
    """A river detector inside, and what makes it one of ours around it."""

    def __init__(self) -> None:
        super().__init__()
        self._river = self._fresh()

    @abstractmethod
    def _fresh(self) -> Any:
        """A new detector of river's with these parameters."""

    @abstractmethod
    def _saved(self) -> dict[str, Plain]:
        """The state of river's detector as plain data."""

    @abstractmethod
    def _restored(self, state: dict[str, Any]) -> None:
        """Puts a saved state into river's detector."""

    def update(self, x: float | None) -> None:
        """Takes the next point; None changes no figure."""
        self._drift_detected = False
        if x is not None:
            self._river.update(bounded(x, 1.0, negative=True))
            self._drift_detected = bool(self._river.drift_detected)

    def save(self) -> dict[str, Plain]:
        """The whole detector as plain data, independent of it."""
        state: dict[str, Plain] = {"_drift_detected": self._drift_detected, **self._saved()}
        state["alarm"] = bool(self._river.drift_detected)
        return {"parameters": self._get_params(), "state": state}

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """A detector that goes on exactly where the saved one stood."""
        detector = cls(**saved["parameters"])
        state = saved["state"]
        detector._drift_detected = state["_drift_detected"]
        detector._restored(state)
        detector._river._drift_detected = state["alarm"]
        return detector


class ADWIN(_River):
    """River's ADWIN: the mean of a window whose length adapts.

    delta: the smaller, the surer a change must be; clock: it is looked for at every so many points;
    max_buckets: of one size, in which the window is kept; min_window_length: points in each of the
    parts that are compared; grace_period: points before any is judged.
    """

    def __init__(
        self,
        delta: float = 0.002,
        clock: int = 32,
        max_buckets: int = 5,
        min_window_length: int = 5,
        grace_period: int = 10,
    ) -> None:
        self.delta = delta
        self.clock = clock
        self.max_buckets = max_buckets
        self.min_window_length = min_window_length
        self.grace_period = grace_period
        super().__init__()

    def _fresh(self) -> Any:
        return _drift().ADWIN(**self._get_params())

    def _saved(self) -> dict[str, Plain]:
        return {"window": base64.b64encode(self._river._helper.__getstate__()).decode()}

    def _restored(self, state: dict[str, Any]) -> None:
        self._river._helper.__setstate__(base64.b64decode(state["window"]))

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return f"{self.grace_period} points" if self._river.width < self.grace_period else None

    @property
    def width(self) -> float:
        """The points in the window."""
        return float(self._river.width)

    @property
    def level(self) -> float:
        """The mean of the window."""
        return float(self._river.estimation)


_SUMS = ("_sum_increase", "_sum_decrease", "_min_increase", "_max_decrease")


class PageHinkley(_River):
    """River's Page-Hinkley test of a changed mean, in units of the points.

    min_instances: points before any is judged; delta: what is taken off each distance from the
    running mean; threshold: an alarm is where the sum is above this; alpha: what is kept of the sum
    at each point; mode: `both`, `up` or `down`.
    """

    def __init__(
        self,
        min_instances: int = 30,
        delta: float = 0.005,
        threshold: float = 50.0,
        alpha: float = 1 - 0.0001,
        mode: Literal["up", "down", "both"] = "both",
    ) -> None:
        self.min_instances = min_instances
        self.delta = delta
        self.threshold = threshold
        self.alpha = alpha
        self.mode = mode
        super().__init__()

    def _fresh(self) -> Any:
        return _drift().PageHinkley(**self._get_params())

    def _saved(self) -> dict[str, Plain]:
        mean = self._river._x_mean
        # Before the first point river's least sum is infinite, which plain data do without.
        sums: list[Plain] = [getattr(self._river, name) for name in _SUMS] if mean.n else []
        return {"mean": [mean.n, mean._mean], "sums": sums}

    def _restored(self, state: dict[str, Any]) -> None:
        self._river._x_mean.n, self._river._x_mean._mean = state["mean"]
        for name, value in zip(_SUMS, state["sums"], strict=False):
            setattr(self._river, name, value)

    @property
    def evidence(self) -> float:
        """The greater of river's two test figures: an alarm above the threshold."""
        if not self._river._x_mean.n:
            return 0.0
        up = self._river._sum_increase - self._river._min_increase
        down = self._river._max_decrease - self._river._sum_decrease
        return float({"up": up, "down": down}.get(self.mode, max(up, down)))
