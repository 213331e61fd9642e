"""An `Adapter` stands between a series and its detector.

It reads the figure from the counters of a row, keeps the starts of the latest periods (a detector
gives an onset as a place in its stream, people want the time), and gives what the detector found as
an `Assessment`, of the same form for counts, proportions and durations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from detectors.base import Detector
from detectors.state import fill
from streams.surveillance.signals import Direction, Method, State

TAIL = 0.1
"""The probability beyond each limit of the range that is shown: four of five periods lie in it."""
ONSET_STARTS = 64
"""Starts of periods that are kept, to give the time of an onset: no detector looks back further."""
SHOWN = 10.0
"""A signal whose rate of false alarms is too high to notify people, by up to this factor, is still
shown."""

RowCounts = Mapping[str, int]


class Timed(dict[str, int]):
    """The counters of a row by name, with the histogram of its durations: by bin
    (`streams.registry.histogram`) how many."""

    def __init__(self, counts: RowCounts, bins: Mapping[int, int]) -> None:
        super().__init__(counts)
        self.bins = bins


class PeriodPoint(NamedTuple):
    """A period as a detector takes it: its start in ms, its length in days, its slot (hour or day
    of the week from Monday, month of the year from 0), and the names of its day; of a month,
    whether its days are watched too."""

    start: int
    days: float
    slot: int
    names: tuple[str, ...] = ()
    finer: bool = False


class PassedPeriods(NamedTuple):
    """The periods of a gap: how many they are, how many slots of the local calendar the last of
    them is after the period before the gap, and the starts of the last of them."""

    points: int
    slots: int
    starts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a detector found of a period: fields as in `streams.surveillance.signals.Signal`."""

    method: Method
    direction: Direction
    observed: float
    rate: float
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    within: float = 0.8
    probability: float | None = None
    ratio: float | None = None
    before: float | None = None
    after: float | None = None
    first: int | None = None
    """The start of the first period that the figure is of, where it is of several."""
    cases: tuple[int, int] | None = None
    """Of a share: the numerator and the denominator."""
    rebased: tuple[float, float, int] | None = None
    """Of a chart that took a new average with this period: the old one, the new one, and after
    how many months on one side."""
    season: float | None = None
    same_months: tuple[int, float, float] | None = None


class SeriesFigures(NamedTuple):
    """The last period of a series in numbers: what was counted, what was expected, the usual range,
    and 1 or -1 where it was exceptionally high or low, else 0."""

    observed: float
    expected: float | None
    lower: float | None
    upper: float | None
    flagged: int


class Adapter(ABC):
    """A detector of one series. `allowed` is how many false alarms a week it may raise."""

    allowed: float
    detector: Any

    @property
    @abstractmethod
    def starts(self) -> list[int]:
        """Of the latest periods that were taken, in ms; `ONSET_STARTS` at most."""

    @property
    @abstractmethod
    def taken(self) -> int:
        """How many periods were taken."""

    @property
    @abstractmethod
    def missing(self) -> bool:
        """Whether the last period was missing, so that there is no figure of it."""

    @abstractmethod
    def assessment(self) -> Assessment:
        """What the detector found of the last period."""

    def judge(self, counts: RowCounts, point: PeriodPoint, share: float) -> Assessment | None:
        """What the detector finds of a period of which that `share` has passed; None where it can't
        judge a part."""
        return None

    @property
    def rate(self) -> float:
        """Nominal false alarms a week at the evidence of the last period."""
        return float(self.detector.rate)

    @property
    def mark(self) -> object:
        """Another one where `figures` may be others."""
        return self.taken, self.starts[-1:], self.rate, self.state

    def figures(self) -> SeriesFigures:
        """Those of the last period."""
        found = self.assessment()
        flagged = 0 if found.rate > self.allowed else 1 if found.direction == "up" else -1
        return SeriesFigures(found.observed, found.expected, found.lower, found.upper, flagged)

    @property
    def shown(self) -> bool:
        """Whether the evidence of the last period is strong enough to be shown on the board."""
        return self.rate <= self.allowed * SHOWN

    @property
    def about(self) -> str:
        """The state of the baseline in plain words."""
        return str(self.detector.about)

    @property
    def state(self) -> State:
        """Of the detector: `learning`, `first year` or `ready`."""
        state: State = self.detector.state
        return state

    def event_of(self, names: Sequence[str] | None = None) -> tuple[Sequence[str], bool]:
        """The names of the event that the last period, or a day of these names, is compared with;
        and whether only days of it are known yet."""
        return (), False

    @property
    def onset(self) -> int | None:
        """When the likeliest change began, in ms; None for the last period alone."""
        place = self.detector.onset
        back = self.taken - place if place is not None else 0
        starts = self.starts
        return starts[-back] if 1 < back <= len(starts) else None

    def forget(self, first: int, last: int) -> None:  # noqa: B027 - most learn at once, for good
        """Unlearns the periods from the one that starts at `first` to the one that starts at
        `last`, as far as the detector can."""

    def accept(self, direction: str | None, before: int) -> bool:
        """Makes the level since a lasting change that began before `before` the new level, and
        returns whether there was one. Most detectors take a new level by themselves."""
        return False

    def take_level(self, ratio: float, before: int) -> None:  # noqa: B027 - counts alone can
        """Takes for the new level that of the periods that were judged and not learned, if the
        first of them began before `before`; about `ratio` times the level that was learned."""

    def restart(self, reason: str) -> None:
        """Forgets what came before."""
        self.detector.restart(reason)


class OwnAdapter(Adapter):
    """An adapter that takes the periods of its series by itself."""

    use = ""
    """What is saved of it fits one of the same use: of a detector that is chosen its name and
    settings."""
    starts: list[int] = []  # noqa: RUF012 - in place of the property; each has its own
    taken = 0
    missing = False

    def __init__(self, allowed: float) -> None:
        self.allowed = allowed
        self.starts = []

    def feed(self, counts: RowCounts | None, point: PeriodPoint, *, normal: bool) -> bool:
        """Takes a period, None where it is missing, and returns whether there may be a signal to
        show (`shown`). What is not `normal` can't be judged without being learned: it is passed
        over."""
        self.update(counts if normal else None, point)
        return normal and counts is not None

    def update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        """Takes the counters of the row in a period; None where the period is missing."""
        self._update(counts, point)
        self._note(point.start)
        self.missing = counts is None

    def pass_over(self, passed: PassedPeriods) -> None:
        """Takes all periods of a gap at once."""
        self._pass_over(passed)
        self.missing = True
        self.taken += self._places(passed)
        self.starts = [*self.starts, *passed.starts][-ONSET_STARTS:]

    @abstractmethod
    def _pass_over(self, passed: PassedPeriods) -> None:
        """Has the detector move on."""

    def _places(self, passed: PassedPeriods) -> int:
        """How many places of the stream a gap takes."""
        return passed.points

    def _note(self, start: int) -> None:
        self.taken += 1
        self.starts.append(start)
        if len(self.starts) > ONSET_STARTS:
            del self.starts[0]

    @abstractmethod
    def _update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        """Gives the detector its point."""

    def save(self) -> dict[str, Any]:
        """The state, by an encoder that knows `detectors.state.plain`: before the next period."""
        return {
            "starts": self.starts,
            "taken": self.taken,
            "missing": self.missing,
            "detector": self._held(),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Goes on where the saved one stood; what it is allowed is as it is now."""
        self.starts, self.taken = saved["starts"], saved["taken"]
        self.missing = saved["missing"]
        self._hold(saved["detector"])

    def _held(self) -> Detector | dict[str, Any] | int:
        held: Detector = self.detector
        return held

    def _hold(self, saved: Any) -> None:
        fill(self.detector, saved)
