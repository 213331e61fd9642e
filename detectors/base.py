"""What every detector here is: a river drift detector that can be saved as plain data.

`update(x)` takes one point (None where a period is missing); then read `drift_detected`, `evidence`
and what else the detector offers (limits, onset, levels). A detector keeps its parameters in
attributes named as its constructor's arguments, and its state in attributes that begin with an
underscore and hold plain data only (numbers, text, None, and lists and dicts of these). That is all
that `save`, `restore`, `reset` and a deep copy need.

`bounded` is what the detectors of totals over an exposure take as a point.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from typing import Any, ClassVar, Self

from river.base import DriftDetector

__all__ = ["Detector"]

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""What JSON can hold; floats come back bit for bit."""

HUGE, TINY = 1e60, 1e-60
"""No square, product or quotient of sums of totals between these can leave the range of floats."""


def bounded(total: float, exposure: float, negative: bool = False) -> float:
    """A total over an exposure as a point: beyond 1e60 it counts as 1e60, below 1e-60 as 0.

    No count or duration comes near either. negative: whether a total may be below 0, as that of
    measurements.

    Raises:
        ValueError: for an exposure that is not above 0, and for what is no finite total.

    >>> bounded(3, 1.0), bounded(1e300, 1.0), bounded(5e-324, 1.0)
    (3, 1e+60, 0.0)
    """
    if not exposure > 0.0:
        raise ValueError(f"an exposure is above 0, not {exposure}")
    if TINY <= total <= HUGE or total == 0.0:
        return total
    if not (total >= 0.0 or (negative and total < 0.0)) or total in {float("inf"), float("-inf")}:
        raise ValueError(f"not a {'point' if negative else 'count'}: {total}")
    if abs(total) < TINY:
        return 0.0
    return max(-HUGE, min(HUGE, total))


class Detector(DriftDetector):
    """A detector over a stream of numbers, in the manner of `river.base.DriftDetector`."""

    _drift_detected: bool

    gaps_count: ClassVar[bool] = True
    """Whether a missing point has a place of its own, so that `onset` is a place in time."""

    @abstractmethod
    def update(self, x: float | None) -> None:
        """Takes the next point; None where it is missing, which changes no figure."""

    @property
    def drift_detected(self) -> bool:
        """Whether the last point raised an alarm."""
        return self._drift_detected

    @property
    def evidence(self) -> float:
        """How strongly the last point speaks for a change, on the scale of the threshold."""
        return float(self._drift_detected)

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return None

    def reset(self) -> None:
        """Forgets every point: as new, with the same parameters."""
        fresh = type(self)(**self._get_params())
        self.__dict__.clear()
        self.__dict__.update(fresh.__dict__)

    def _reset(self) -> None:
        """River's name for `reset`."""
        self.reset()

    def save(self) -> dict[str, Plain]:
        """The whole detector as plain data, independent of it."""
        state = {name: value for name, value in vars(self).items() if name.startswith("_")}
        return copy.deepcopy({"parameters": self._get_params(), "state": state})

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """A detector that goes on exactly where the saved one stood."""
        detector = cls(**copy.deepcopy(saved["parameters"]))
        detector.__dict__.update(copy.deepcopy(saved["state"]))
        return detector
