"""How much comes when: the season, the days that are not like others, chance, and effects.

Each is a factor on a rate that already has the shape of the week.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from random import Random

from detectors.named_days import BANK_HOLIDAY, NamedDays
from streams.config.force import Force
from streams.periods import DAY, HOUR, SECOND
from streams.sources.simulator.effects import Effects
from streams.sources.simulator.profile import CallsOf, Profile

EVENING = 18
"""The local hour from which a named day is not like others."""
SHORT = dt.timedelta(days=2)
"""An event of its own nights: what goes on for longer has a level that only a scenario knows."""
REMEMBERED = 5_000
"""Steps of the past that are kept: whoever asks, asks of about now."""


class Noise:
    """Factors with a mean of one, one a step: exp of a Gaussian autoregression of order one.

    sigma: of the logarithm; memory: its correlation from one step to the next. The first step
    begins at `start`, and steps are drawn in turn, so that a later question changes no earlier one.
    """

    def __init__(self, rng: Random, sigma: float, memory: float, step: int, start: int) -> None:
        self._rng, self._memory, self._step = rng, memory, step
        self._sigma, self._shock = sigma, sigma * math.sqrt(1.0 - memory * memory)
        self._first = start // step
        self._last = rng.gauss(0.0, sigma)
        self._values = [math.exp(self._last - sigma * sigma / 2)]

    def at(self, ms: int) -> float:
        """The factor of the step that holds an instant."""
        number = ms // self._step - self._first
        while number >= len(self._values):
            self._last = self._memory * self._last + self._rng.gauss(0.0, self._shock)
            self._values.append(math.exp(self._last - self._sigma * self._sigma / 2))
            if len(self._values) > 2 * REMEMBERED:
                del self._values[:REMEMBERED]
                self._first += REMEMBERED
                number -= REMEMBERED
        return self._values[max(0, number)]


class Season:
    """Twelve monthly factors, made to a mean of one, and a line between the middles of months."""

    def __init__(self, months: list[float]) -> None:
        mean = sum(months) / 12
        self._points = [month / mean for month in months]

    def at(self, day: dt.date) -> float:
        """The factor of a date."""
        place = (day.timetuple().tm_yday - 0.5) / 365.25 * 12 - 0.5
        low = math.floor(place)
        one, other = self._points[low % 12], self._points[(low + 1) % 12]
        return one + (place - low) * (other - one)


class Demand:
    """The factors of one force."""

    def __init__(
        self, force: Force, profile: Profile, seed: int, start: int, effects: Effects
    ) -> None:
        self._zone, self._profile, self._effects = force.zone, profile, effects
        self._lines = [line.id for line in force.lines]
        self._seed, self._start, self._force = seed, start, force
        events = [(e.name, e.start, e.end or e.start) for e in force.file.events if not e.areas]
        short = [each for each in events if each[2] - each[1] <= SHORT]
        self._days = NamedDays(force.file.country, short)
        scatter = profile.scatter
        chance = Random(f"{seed}/{force.id}/days")
        self._common = Noise(chance, scatter.day, scatter.day_memory, DAY, start)
        self._named = lru_cache(maxsize=64)(self._days.names)

    def calls(self, line: int) -> Callable[[int], float]:
        """The factor on the rate of a line, by the instant at which a quarter of an hour begins."""
        of = self._profile.calls.other if line else self._profile.calls.emergency
        season, noise, name = Season(of.year), self._noise(f"calls {line}"), self._lines[line]

        def factor(at: int) -> float:
            local = dt.datetime.fromtimestamp(at // SECOND, self._zone)
            usual = season.at(local.date()) * noise.at(at) * self._common.at(at)
            return usual * self._named_day(of, local) * self._effects.calls(name, at)

        return factor

    def others(self, stream: str, year: list[float] | None = None) -> Callable[[int], float]:
        """The same of what no line brings: incidents of other origins, and crimes."""
        season, noise = Season(year or [1.0] * 12), self._noise(stream)

        def factor(at: int) -> float:
            day = dt.datetime.fromtimestamp(at // SECOND, self._zone).date()
            return season.at(day) * noise.at(at) * self._common.at(at)

        return factor

    def _noise(self, stream: str) -> Noise:
        scatter = self._profile.scatter
        chance = Random(f"{self._seed}/{self._force.id}/hours of {stream}")
        return Noise(chance, scatter.hour, scatter.hour_memory, HOUR, self._start)

    def _named_day(self, of: CallsOf, local: dt.datetime) -> float:
        names = self._named(local.date())
        if not names:
            return 1.0
        factor = of.on_holidays if BANK_HOLIDAY in names else 1.0
        if names[0] not in self._official(names) and local.hour >= EVENING:
            factor *= of.on_nights
        return factor

    @staticmethod
    def _official(names: tuple[str, ...]) -> tuple[str, ...]:
        """The names of a bank holiday: its own stands before the general one."""
        if BANK_HOLIDAY not in names:
            return ()
        return names[names.index(BANK_HOLIDAY) - 1 :]


class Mix:
    """What happens, drawn by weights that have a season each: cumulative weights by month."""

    def __init__(self, weights: dict[str, float], year: dict[str, list[float]]) -> None:
        self.names, self._weights = list(weights), weights
        self._sums: list[list[float]] = []
        for month in range(12):
            total, sums = 0.0, []
            for name, weight in weights.items():
                total += weight * _of_month(name, year, month)
                sums.append(total)
            self._sums.append(sums)

    def shares(self) -> dict[str, float]:
        """The share of each name in a year."""
        total = sum(self._weights.values())
        return {name: weight / total for name, weight in self._weights.items()}

    def draw(self, rng: Random, month: int) -> str:
        """One of the names; `month` is 1 to 12."""
        sums = self._sums[month - 1]
        return self.names[bisect_right(sums, rng.random() * sums[-1], hi=len(sums) - 1)]


def _of_month(name: str, year: dict[str, list[float]], month: int) -> float:
    while name not in year and "." in name:
        name = name.rpartition(".")[0]
    months = year.get(name)
    return 1.0 if months is None else months[month] / (sum(months) / 12)
