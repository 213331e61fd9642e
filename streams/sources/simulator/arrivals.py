"""How much, and when in the week: rates, the shape of a week, and arrivals drawn from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from zoneinfo import ZoneInfo

from streams.config.force import Force
from streams.periods import DAY, MINUTE, SECOND

QUARTER_HOUR = 15 * MINUTE
_PER_WEEK = 7 * 96

KEPT_FREE = 0.12
"""The share of the handlers who are kept free for the emergency line: about one in eight."""


@dataclass(frozen=True)
class Rates:
    """What a plain room may be told. The defaults are explained in `streams.sources.simulator`.

    Volumes are per 1,000 people of the force's population and day. `handlers` multiplies the staff
    that the simulator would roster (0.7 is a bad day); `kept` is the share of those on duty who are
    kept free for the emergency line, whatever else rings. Patience is a mean, in seconds.
    """

    emergency_calls: float = 0.40
    other_calls: float = 1.10
    own_incidents: float = 0.12
    handlers: float = 1.0
    kept: float = KEPT_FREE
    emergency_patience: float = 600.0
    other_patience: float = 300.0
    heartbeat_seconds: int = 30

    def calls_a_day(self, force: Force, line: int) -> float:
        """The mean number of calls a day to the line with this index; the first is the emergency
        line, and the others share the rest."""
        thousands = force.file.population / 1000
        if line == 0:
            return self.emergency_calls * thousands
        return self.other_calls * thousands / (len(force.lines) - 1)


STRAINED = Rates(emergency_calls=0.46, other_calls=1.13, handlers=0.6, kept=0.26)
"""A room that misses its targets for months, as was published: of the emergency calls 83 % are
answered within 10 seconds, of the others 27 % within 30 (with Warwickshire's size, in four weeks).
Some more calls, six in ten of the staff, and one in four of those kept free for emergencies."""


class Week:
    """The shape of a week in local time: a weight for each quarter of an hour, with mean one.

    `hours` are 24 weights of an ordinary day, `days` seven factors from Monday, `nights` the factor
    of Friday and Saturday from 21:00 to 04:00. Quarters are interpolated between hour middles.
    """

    def __init__(self, hours: list[float], days: list[float], nights: float = 1.0) -> None:
        raw = []
        for quarter in range(_PER_WEEK):
            day, within = divmod(quarter, 96)
            at = (within + 0.5) / 4 - 0.5  # in hours, counted from the middle of the first
            low = int(at // 1)
            weight = hours[low % 24] + (at - low) * (hours[(low + 1) % 24] - hours[low % 24])
            evening_of = (day - (within < 16)) % 7
            if evening_of in {4, 5} and (within < 16 or within >= 84):
                weight *= nights
            raw.append(weight * days[day])
        mean = sum(raw) / _PER_WEEK
        self.weights = tuple(weight / mean for weight in raw)


EMERGENCY_WEEK = Week(
    [
        0.62, 0.50, 0.42, 0.36, 0.34, 0.36, 0.46, 0.68, 0.90, 1.00, 1.08, 1.14,
        1.20, 1.22, 1.28, 1.38, 1.46, 1.52, 1.50, 1.44, 1.36, 1.26, 1.08, 0.84,
    ],
    [0.96, 0.95, 0.95, 0.97, 1.05, 1.09, 1.03],
    nights=1.45,
)  # fmt: skip
OTHER_WEEK = Week(
    [
        0.22, 0.16, 0.12, 0.10, 0.10, 0.14, 0.26, 0.55, 1.05, 1.50, 1.66, 1.70,
        1.64, 1.62, 1.66, 1.72, 1.76, 1.72, 1.52, 1.26, 1.04, 0.80, 0.56, 0.35,
    ],
    [1.13, 1.06, 1.03, 1.01, 1.03, 0.91, 0.83],
    nights=1.15,
)  # fmt: skip


def week_of_line(line: int) -> Week:
    """The shape of the week of the line with this index."""
    return EMERGENCY_WEEK if line == 0 else OTHER_WEEK


def quarter_of_week(ms: int, zone: ZoneInfo) -> int:
    """The quarter of an hour of the local week that holds an instant: 0 is Monday at midnight."""
    local = dt.datetime.fromtimestamp(ms // SECOND, zone)
    return local.weekday() * 96 + local.hour * 4 + local.minute // 15


class Arrivals:
    """A Poisson process whose rate follows a week in local time, daylight saving included.

    Drawn by using up one unit exponential along the piecewise constant rate, which is exact.
    `factor` gives what the rate of the quarter of an hour that begins at an instant (ms) is
    multiplied by; where that is drawn itself, the arrivals are a Cox process: over-dispersed, and
    as autocorrelated as the factor (Cox 1955, Some statistical methods connected with series of
    events).
    """

    def __init__(
        self,
        per_day: float,
        week: Week,
        zone: ZoneInfo,
        rng: Random,
        factor: Callable[[int], float] | None = None,
    ) -> None:
        self._per_ms = [per_day / DAY * weight for weight in week.weights]
        self._zone, self._rng, self._factor = zone, rng, factor
        self._quarter, self._rate = -1, 0.0
        self.never = per_day <= 0

    def rate(self, quarter: int) -> float:
        """Arrivals a millisecond in the quarter of an hour with this number since 1970."""
        if quarter != self._quarter:
            self._quarter = quarter
            begin = quarter * QUARTER_HOUR
            self._rate = self._per_ms[quarter_of_week(begin, self._zone)]
            if self._factor is not None:
                self._rate *= self._factor(begin)
        return self._rate

    def after(self, now: int) -> int:
        """The next arrival after `now`, in ms; the process must not be one of rate nought."""
        left = self._rng.expovariate(1.0)
        at = float(now)
        while True:
            quarter = int(at) // QUARTER_HOUR
            rate = self.rate(quarter)
            end = float((quarter + 1) * QUARTER_HOUR)
            within = (end - at) * rate
            if left < within:
                return max(now, int(at + left / rate))
            left -= within
            at = end

    def expected(self, start: int, end: int) -> float:
        """The mean number of arrivals in [start, end), in ms."""
        total, at = 0.0, start
        while at < end:
            quarter = at // QUARTER_HOUR
            until = min(end, (quarter + 1) * QUARTER_HOUR)
            total += (until - at) * self.rate(quarter)
            at = until
        return total


def expected_calls(
    force: Force, line: int, start_ms: int, end_ms: int, rates: Rates | None = None
) -> float:
    """The mean number of calls that `simulate` offers to a line (by index) in [start, end)."""
    per_day = (rates or Rates()).calls_a_day(force, line)
    return Arrivals(per_day, week_of_line(line), force.zone, Random(0)).expected(start_ms, end_ms)
