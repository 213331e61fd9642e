"""The special functions that tails are made of: scipy's, loaded when the first is asked for.

To import `scipy.special` takes three times as long as all else that a detector imports, and many a
use of a detector (help, a check of a force file, a chart) needs none of its functions. So

    from detectors import special

costs nothing, and `special.betainc(...)` is `scipy.special.betainc(...)`, bit for bit. Whatever may
not wait a third of a second at its first tail, such as a worker that folds events, calls `load`
when it starts.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """A function of `scipy.special`; kept here, so that it is looked up once.

    >>> gammaincc = __getattr__("gammaincc")
    >>> round(float(gammaincc(1.0, 2.0)), 6)  # exp(-2)
    0.135335
    """
    if name.startswith("__"):  # what tools look for on any module
        raise AttributeError(name)
    found = globals()[name] = getattr(load(), name)
    return found


def load() -> Any:
    """Loads scipy's functions now, unless they are."""
    return import_module("scipy.special")
