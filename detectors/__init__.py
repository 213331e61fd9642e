"""Change and exceptional-volume detectors: numbers in, state out, no input or output.

Each is a river drift detector: `update(x)`, then `drift_detected`. `from detectors import CUSUM`
gets one by its name, from the part that answers its question:

| question | part |
|---|---|
| does a point break the rules of a control chart? | `charts`: `ControlChart` |
| has the level changed? | `change`: `CUSUM`, `ShiryaevRoberts`, `PoissonFocus` and others |
| is a count exceptional? | `counts`: `CountWatch`, `MonthWatch`, `SeasonalScan` and others |
| is a share of so many? | `shares`: `Proportion`, `ProportionWatch` |
| is a mean of durations? | `durations`: `DurationWatch` |
| is a feed silent? | `silence`: `Heartbeat`, `Silence` |

Each part lists its own, and `watchroom detect` lists all. A part is imported when one of its names
is asked for, so `import detectors` costs nothing.

>>> from detectors import CUSUM
>>> detector = CUSUM(mean=9)
>>> for x in (9, 8, 16, 15, 17):
...     detector.update(x)
>>> detector.drift_detected, detector.onset
(True, 2)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detectors.base import Detector as Detector
    from detectors.change import *  # noqa: F403 - what a part exports, all of it
    from detectors.charts import *  # noqa: F403
    from detectors.counts import *  # noqa: F403
    from detectors.durations import *  # noqa: F403
    from detectors.shares import *  # noqa: F403
    from detectors.silence import *  # noqa: F403

_PARTS = ("base", "silence", "charts", "change", "counts", "shares", "durations")


def __getattr__(name: str) -> Any:
    """A detector, imported from the part that exports it; `__all__` asks every part."""
    if name == "__all__":
        return [each for part in _PARTS for each in _exported(part).__all__]
    if not name.startswith("_"):
        for part in _PARTS:
            module = _exported(part)
            if name in module.__all__:
                globals()[name] = getattr(module, name)
                return globals()[name]
    raise AttributeError(f"module 'detectors' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__getattr__("__all__")]


def _exported(part: str) -> Any:
    return import_module(f"{__name__}.{part}")
