"""Whether a figure lies above, below or in line with what it is compared with, and by what.

In line is what differs by 5 % or less, which reports call so, and what may differ so by chance: of
a count that is small on average by its exact limits, of a share by the interval of the difference
of two shares, of a mean by that of two means. So a share of 30 cases is not above an average since
two more of them were in time, and a share of 30,000 not since it differs by a hundredth. A share or
mean of fewer than 20 cases is not judged.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from detectors.charts.limits import usual_counts
from detectors.durations.welch import welch
from detectors.shares.difference import newcombe
from streams.board.query import Observation, Query
from streams.registry.aggregates import SMALL
from streams.registry.charting import FEW
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

IN_LINE = 5.0
"""Per cent of the average within which a value is in line with it, where no chart says so."""
CHANCE = 1.96
"""How many standard deviations a count of few cases may lie from its average by chance: the limits
are those of exactly 95 %."""

Word = Literal["above", "below", "in line", "too few to judge"]
PERCENT = f"{IN_LINE:g} % of the average"
OF_COUNT = "the average, exact 95 % limits of a count"
OF_SHARE = f"{PERCENT}, and the 95 % interval of two shares"
OF_MEAN = f"{PERCENT}, and the 95 % interval of two means"
TOO_FEW = f"fewer than {SMALL} cases"


class Standing(Struct, frozen=True):
    """How a value stands to what is usual, and by what: `chart`, a percentage, an interval; or why
    it is not judged."""

    word: Word | None
    by: str


def of_count(value: float, average: float, periods: int) -> Standing:
    """How a count stands to the average of so many periods."""
    if 0 <= average < FEW:
        return _beyond(value, average, *usual_counts(average, periods, CHANCE), OF_COUNT)
    return by_percent(value, average)


def by_percent(value: float, average: float) -> Standing:
    """How a value of which no more is known stands to an average."""
    away = abs(average) * IN_LINE / 100
    return _beyond(value, average, average - away, average + away, PERCENT)


def against(
    query: Query, indicator: Indicator, now: Stretch, before: Stretch, area: str
) -> Standing:
    """How a share or mean stands to that of some time before, all of it together."""
    found, base = (query.figure(indicator, each, area) for each in (now, before))
    if found.value is None or base.value is None:
        return Standing(None, PERCENT)
    if _few(found) or _few(base):
        return Standing("too few to judge", TOO_FEW)
    plain = by_percent(found.value, base.value)
    if query.unit(indicator) == "ratio":
        apart = shares_apart(found, base)
        if apart is not None:
            return _confirmed(plain, OF_SHARE, differs=apart)
        return plain
    samples = [query.sample(indicator, each, area) for each in (now, before)]
    one, other = samples
    if one is None or other is None:
        return plain
    low, high = welch(one, other)
    return _confirmed(plain, OF_MEAN, differs=not low <= 0 <= high)


def shares_apart(one: Observation, other: Observation) -> bool | None:
    """Whether two shares of cases differ by more than chance; None of any other figures, and where
    it is not known of how many cases they are."""
    if one.numerator is None or other.numerator is None:
        return None
    if not one.denominator or not other.denominator:
        return None
    parts = (one.numerator, one.denominator), (other.numerator, other.denominator)
    if not all(0 <= top <= bottom for top, bottom in parts):
        return None
    low, high = newcombe(*parts[0], *parts[1])
    return not low <= 0 <= high


def _few(found: Observation) -> bool:
    return found.denominator is not None and found.denominator < SMALL


def _beyond(value: float, average: float, least: float, most: float, by: str) -> Standing:
    if least <= value <= most:
        return Standing("in line", by)
    return Standing("above" if value > average else "below", by)


def _confirmed(plain: Standing, by: str, *, differs: bool) -> Standing:
    """The same where the two differ by more than chance; else in line."""
    return Standing(plain.word if differs else "in line", by)
