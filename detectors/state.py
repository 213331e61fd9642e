"""A detector's state as it is written often: not copied first, and without its baseline.

`Detector.save` copies, so that what it gives stays as it was. Where hundreds of detectors are
written every hour that costs more than all else. `plain` gives an encoder the very lists of a
detector, which are to be encoded before the next point. `fill` puts them into a new detector. A
`Baseline` is left out: it changes once a week, and is written by itself.
"""

from __future__ import annotations

from array import array
from typing import Any

from detectors.base import Detector
from detectors.counts.weekly.baseline import Baseline


def plain(part: object) -> Any:
    """What an encoder makes of a detector, of one within it, and of its arrays.

    >>> from detectors.counts.count_watch import CountWatch
    >>> state = plain(CountWatch())
    >>> state["_points"], "_baseline" in plain(state["_expected"])
    (0, False)
    """
    if isinstance(part, Detector):
        return {n: v for n, v in vars(part).items() if not isinstance(v, Baseline)}
    if isinstance(part, array):
        return part.tolist()
    raise NotImplementedError(f"{type(part).__name__} is no state of a detector")


def fill(detector: Detector, state: dict[str, Any]) -> None:
    """Puts what was encoded and read back into a new detector; the lists become its own."""
    own = vars(detector)
    for name, value in state.items():
        held = own.get(name)
        if isinstance(held, Detector):
            fill(held, value)
        elif isinstance(held, list) and held and isinstance(held[0], array):
            own[name] = [array("d", column) for column in value]
        else:
            own[name] = value
