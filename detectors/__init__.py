"""Change and exceptional-volume detectors: numbers in, state out, no input or output.

Each is a river drift detector: `update(x)`, then `drift_detected`. All are here, by question:

| question | detectors |
|---|---|
| does a point break the rules of a control chart? | `ControlChart` |
| has the level changed? | `CUSUM`, `EWMA`, `PoissonFocus`, `NegativeBinomialFocus`, `GaussianFocus`, `UncertainFocus`, `GLR`, `ShiryaevRoberts`, `ADWIN`, `PageHinkley` |
| is a count exceptional? | `CountWatch`, `MonthWatch`, `Expected`, `SeasonalScan`, `FlexibleFarrington`, `EARS`, `ReportingTriangle` |
| is a share? | `Proportion`, `ProportionWatch` |
| is a mean of durations? | `DurationWatch` |
| has a feed gone quiet? | `Heartbeat`, `Silence` |

A name is imported when it is first asked for, so `import detectors` costs nothing.

>>> from detectors import CUSUM
>>> detector = CUSUM(mean=9)
>>> for x in (9, 8, 16, 15, 17):
...     detector.update(x)
>>> detector.drift_detected, detector.onset
(True, 2)
"""  # noqa: E501 - a table

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detectors.base import Detector
    from detectors.change import (
        ADWIN,
        CUSUM,
        EWMA,
        GLR,
        GaussianFocus,
        NegativeBinomialFocus,
        PageHinkley,
        PoissonFocus,
        ShiryaevRoberts,
        UncertainFocus,
    )
    from detectors.charts import ControlChart
    from detectors.counts import (
        EARS,
        CountWatch,
        Expected,
        FlexibleFarrington,
        MonthWatch,
        ReportingTriangle,
        SeasonalScan,
    )
    from detectors.durations import DurationWatch
    from detectors.shares import Proportion, ProportionWatch
    from detectors.silence import Heartbeat, Silence

__all__ = [
    "ADWIN",
    "CUSUM",
    "EARS",
    "EWMA",
    "GLR",
    "ControlChart",
    "CountWatch",
    "Detector",
    "DurationWatch",
    "Expected",
    "FlexibleFarrington",
    "GaussianFocus",
    "Heartbeat",
    "MonthWatch",
    "NegativeBinomialFocus",
    "PageHinkley",
    "PoissonFocus",
    "Proportion",
    "ProportionWatch",
    "ReportingTriangle",
    "SeasonalScan",
    "ShiryaevRoberts",
    "Silence",
    "UncertainFocus",
]

_PARTS = ("base", "silence", "charts", "change", "counts", "shares", "durations")


def __getattr__(name: str) -> Any:
    """A detector, imported from the part that has it."""
    if name in __all__:
        for part in _PARTS:
            module = import_module(f"detectors.{part}")
            if hasattr(module, name):
                globals()[name] = getattr(module, name)
                return globals()[name]
    raise AttributeError(f"module 'detectors' has no attribute {name!r}")
