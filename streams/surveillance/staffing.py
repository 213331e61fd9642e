"""The handlers that calls need, beside those that the roster has.

How many are needed follows from Erlang A (`detectors.durations.erlang_a`) with the mean handling
time, wrap-up included, and the patience of callers, by the force's own formula of the service
level. That calls may be more or fewer than expected counts: the target is to be reached on average
over what may come.

The roster is what readings say: `handlers_rostered` of an hour, or of the day that holds it, of a
line or, without one, of the room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import special
from detectors.counts.predictive import Predictive
from detectors.durations.erlang_a import MOST_HANDLERS, erlang_a_upto, handlers_needed, patience
from streams.board.model import Handlers
from streams.fold.readings import Readings
from streams.periods import SECOND, Calendar
from streams.registry.aggregates import Share
from streams.registry.calls import AT_ONCE
from streams.stretches import Stretch

Floats = NDArray[np.float64]
ServiceLevel = Callable[[float, int], Floats]
"""The service level at a rate of calls a second, with 1 to so many handlers."""
ENOUGH = 30
"""Calls with a handling time from which its mean is known; and callers who gave up from whom
patience is."""
PATIENT = 3600.0
"""The patience in seconds that is taken where too few gave up to tell: nearly everyone waits, which
asks for rather too many handlers than too few."""
MAYBE = (np.arange(5) + 0.5) / 5
"""The rate of calls is taken at these quantiles of what it may be."""
ROSTERED = "handlers_rostered"
"""The measure of readings that the roster is read from."""


class Serving(NamedTuple):
    """How the calls of a line, or of several together, are served: means in seconds."""

    handling: float
    patience: float
    wrapped_up: bool
    """Whether handling has the wrap-up in it: else that is not fed."""
    gives_up: bool
    """Whether enough callers gave up to know their patience: else `PATIENT` is taken."""

    def level(self, formula: Share, seconds: int, rate: float, most: int) -> Floats:
        """The service level by a formula, within so many seconds, with 1 to `most` handlers, at a
        rate of calls a second."""
        queues = erlang_a_upto(rate, self.handling, self.patience, most, seconds)
        at_once = queues.abandoned_within
        if "abandoned_at_once" in (*formula.top, *formula.bottom, *formula.less):
            soon = min(seconds, AT_ONCE / SECOND)
            at_once = erlang_a_upto(rate, self.handling, self.patience, most, soon).abandoned_within
        shares = {
            "offered": np.ones(most),
            "within": queues.within,
            "answered": 1.0 - queues.abandoned,
            "abandoned": queues.abandoned,
            "abandoned_within": queues.abandoned_within,
            "abandoned_at_once": at_once,
        }

        def total(names: Sequence[str]) -> Floats:
            found: Floats = np.zeros(most)
            for name in names:
                found += shares[name]
            return found

        decided: Floats = np.maximum(total(formula.bottom) - total(formula.less), 1e-12)
        reached: Floats = total(formula.top) / decided
        return reached


def serving_of(sums: Mapping[str, int]) -> tuple[Serving | None, str]:
    """How calls are served, from the sums of their counters; or why that is not known."""
    handled = sums.get("handled", 0)
    if handled < ENOUGH:
        few = f"{handled} calls of the last four weeks" if handled else "no call"
        return None, f"{few} had a handling time, {ENOUGH} are needed: is `ended_at` fed?"
    handling, wrapped_up = sums["handling_time"] / handled, sums["wrapped_up"] >= ENOUGH
    if wrapped_up:
        handling += sums["wrap_up_time"] / sums["wrapped_up"]
    if not handling:
        return None, "every handling time is 0"
    seconds, gives_up = PATIENT, sums["abandoned"] >= ENOUGH
    if gives_up:
        learned = patience(sums["abandoned"], (sums["sum"] + sums["abandoned_wait"]) / SECOND)
        seconds = max(learned or 0.0, 1.0)
    return Serving(handling / SECOND, seconds, wrapped_up, gives_up), ""


def rates_of(hour: Predictive) -> Floats:
    """Rates of calls a second that are equally likely in an hour. What counts vary more than calls
    that come by chance is taken as variation of the rate, a gamma."""
    mean = max(hour.mean, 1e-3)
    variance = (hour.dispersion - 1.0) * mean + hour.spread * mean**2
    if variance <= 1e-9 * mean:
        return np.array([mean]) / 3600.0
    shape = mean**2 / variance
    rates: Floats = special.gammaincinv(shape, MAYBE) / shape * mean
    return np.maximum(rates, 1e-3) / 3600.0


def staffed(
    rates: Floats,
    handling: float,
    asked: Sequence[tuple[ServiceLevel, float]],
    handlers: Handlers,
) -> Handlers:
    """Handlers with how many are needed to reach every target, each beside the service level by
    rate and number of handlers, and what the rostered ones would reach of the first."""
    try:
        needed = max(handlers_needed(rates.tolist(), handling, *each) for each in asked)
    except ValueError:  # handling times of days
        return handlers
    made = Handlers(needed, handlers.rostered)
    if handlers.rostered is not None:
        made.short = ceil(needed - handlers.rostered)
        number = min(max(0, int(handlers.rostered)), MOST_HANDLERS)
        if len(asked) == 1:
            served = asked[0][0]
            levels = [float(served(rate, number)[-1]) if number else 0.0 for rate in rates]
            made.level = round(float(rates @ levels / rates.sum()), 4)
    return made


def out_of_reach(target: float) -> str:
    """Why no number of handlers reaches a target, in words; empty where one may."""
    if target < 1.0:
        return ""
    return "a target of 100 % is never reached for certain, by however many handlers"


def needs(number: int) -> str:
    """How many handlers are needed, in words."""
    return f"{number} handler{'s' * (number != 1)} needed"


def beside_roster(handlers: Handlers) -> str:
    """What the roster has beside what is needed: `, the roster has 7: 2 short`."""
    if handlers.rostered is None or handlers.needed is None:
        return ""
    short = ceil(handlers.needed - handlers.rostered)
    verdict = f"{short} short" if short > 0 else "enough"
    return f", the roster has {handlers.rostered:g}: {verdict}"


class Rosters:
    """The handlers that are rostered, by line (the empty one: the room) and hour."""

    def __init__(self, held: Mapping[tuple[str, int], float]) -> None:
        self._held = held

    def of(self, line: str, at: int) -> float | None:
        """Those of a line alone; None where that is not said."""
        return self._held.get((line, at))

    def room(self, at: int, lines: Sequence[str]) -> float | None:
        """Those of the room: as it is said of it, or of every line."""
        if (whole := self._held.get(("", at))) is not None:
            return whole
        each = [self._held.get((line, at)) for line in lines]
        known = [number for number in each if number is not None]
        return sum(known) if len(known) == len(each) else None


def roster_of(readings: Readings | None, calendar: Calendar, starts: Sequence[int]) -> Rosters:
    """What readings say of some hours: of the hour, else of its day."""
    held: dict[tuple[str, int], float] = {}
    days = {calendar.label("day", at) for at in starts}
    found = [] if readings is None else readings.winners(ROSTERED)
    of_time = [(label, each) for label, each in found if label[:10] in days]
    for label, reading in sorted(of_time, key=lambda each: len(each[0])):  # hours after days
        period = Stretch.parse(calendar, label).period
        if reading.value is None or reading.area is not None or period is None:
            continue
        for at in starts:
            if period.start <= at < period.end:
                held[reading.line or "", at] = reading.value
    return Rosters(held)
