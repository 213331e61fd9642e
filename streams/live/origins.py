"""Which records are not of a live feed, in words: figures of them are never shown unmarked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Origins(NamedTuple):
    """The kinds of record (`calls and incidents`) that are simulated, replayed, and of which some
    are of a live feed and some are not; None where there is none."""

    simulated: str | None = None
    replayed: str | None = None
    mixed: str | None = None


def origins_of(found: Mapping[str, Mapping[str, int]]) -> Origins:
    """By kind, in plural, and origin how many lines were taken.

    >>> origins_of({"calls": {"simulated": 3}, "crimes": {"live": 2}})
    Origins(simulated='calls', replayed=None, mixed=None)
    """
    return Origins(
        _joined(kind for kind, by_origin in found.items() if "simulated" in by_origin),
        _joined(kind for kind, by_origin in found.items() if "replayed" in by_origin),
        _joined(
            kind for kind, by_origin in found.items() if "live" in by_origin and len(by_origin) > 1
        ),
    )


def _joined(kinds: Iterable[str]) -> str | None:
    *first, last = (*kinds,) or ("",)
    return f"{', '.join(first)} and {last}" if first else last or None
