"""What every family of series shares: an `Adapter` between a series and its detector.

It reads the figure from the counters of a row, keeps the starts of the latest periods (an onset is
a place in the stream), and tells what the detector found in the same words for every family.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from detectors.base import Detector
from detectors.counts.weekly.baseline import Baseline
from detectors.state import fill
from streams.surveillance.signals import Direction, Method, State

TAIL = 0.1
"""Of each side: four of five periods lie within the range that is told."""
KEPT = 64
"""Starts of periods that are kept, to say since when: no detector looks back further."""
SHOWN = 10.0
"""Evidence weaker than what is sent, by up to this factor, is still shown."""

RowCounts = Mapping[str, int]


class Timed(dict[str, int]):
    """The counters of a row, with its durations: bins (`streams.registry.histogram`), how many in
    each."""

    def __init__(self, counts: RowCounts, bins: Mapping[int, int]) -> None:
        super().__init__(counts)
        self.bins = bins


class Point(NamedTuple):
    """A period: its start in ms, its days, its slot (hour or day of the week from Monday, month of
    the year from 0), and the names of its day."""

    start: int
    days: float
    slot: int
    names: tuple[str, ...] = ()


class PassedPeriods(NamedTuple):
    """The periods of a gap: how many they are, how many slots of the local calendar the last of
    them is after the period before the gap, and the starts of the last of them."""

    points: int
    slots: int
    starts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a detector found of a period."""

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


class Adapter(ABC):
    """A detector, as a series sees it."""

    detector: Any

    def __init__(self, allowed: float) -> None:
        self.allowed = allowed
        self.starts: list[int] = []
        self.taken = 0
        self.missing = False
        """Whether the last period is missing: then there is no figure of it."""

    def update(self, counts: RowCounts | None, point: Point) -> None:
        """Takes the counters of a row in the period; None is a gap."""
        self._update(counts, point)
        self._note(point.start)
        self.missing = counts is None

    def judge_only(self, counts: RowCounts | None, point: Point) -> bool:
        """Takes a period that is not to be learned; whether it was judged. A family that can't
        judge without learning takes a gap."""
        self.update(None, point)
        return False

    def pass_over(self, passed: PassedPeriods) -> None:
        """Takes all periods of a gap at once."""
        self._pass_over(passed)
        self.missing = True
        self.taken += self._places(passed)
        self.starts = [*self.starts, *passed.starts][-KEPT:]

    @abstractmethod
    def _pass_over(self, passed: PassedPeriods) -> None:
        """Has the detector move on."""

    def _places(self, passed: PassedPeriods) -> int:
        """How many places of the stream a gap takes."""
        return passed.points

    def _note(self, start: int) -> None:
        self.taken += 1
        self.starts.append(start)
        if len(self.starts) > KEPT:
            del self.starts[0]

    @abstractmethod
    def _update(self, counts: RowCounts | None, point: Point) -> None:
        """Gives the detector its point."""

    @abstractmethod
    def assessment(self) -> Assessment:
        """What was found of the last period."""

    def judge(self, counts: RowCounts, point: Point, share: float) -> Assessment | None:
        """What is to be said of a part of a period; None where the family can't tell."""
        return None

    @property
    def rate(self) -> float:
        """Nominal false alarms a week at the evidence of the last period."""
        return float(self.detector.rate)

    @property
    def shown(self) -> bool:
        """Whether there is something to show of the last period, short of an alarm."""
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
        """The event that the last period, or a day of these names, is compared with, by its names;
        and whether nothing else is known."""
        return (), False

    @property
    def onset(self) -> int | None:
        """When the likeliest change began, in ms; None for the last period alone."""
        place = self.detector.onset
        back = self.taken - place if place is not None else 0
        return self.starts[-back] if 1 < back <= len(self.starts) else None

    def forget(self, first: int, last: int) -> None:  # noqa: B027 - most learn at once, for good
        """Unlearns the periods from the one that starts at `first` to the one that starts at
        `last`, as far as the detector can."""

    def accept(self, direction: str | None, before: int) -> bool:
        """Takes a lasting change that began before then for the new level; whether there was
        one, in a family that has to be told."""
        return False

    def take_level(self, ratio: float, before: int) -> None:  # noqa: B027 - counts alone can
        """Takes the level of the stretch that began before then and was judged only, of about that
        ratio to what was learned."""

    def restart(self, reason: str) -> None:
        """Forgets what came before."""
        self.detector.restart(reason)

    @property
    def learned(self) -> Baseline | None:
        """What is not in `save`, as it changes less often: another object when it does."""
        return None

    def save(self) -> dict[str, Any]:
        """The state, by an encoder that knows `detectors.state.plain`: before the next period."""
        return {
            "starts": self.starts,
            "taken": self.taken,
            "missing": self.missing,
            "detector": self._held(),
        }

    def restore(self, saved: dict[str, Any], learned: dict[str, Any]) -> None:
        """Goes on where the saved one stood; what it is allowed is as it is now."""
        self.starts, self.taken = saved["starts"], saved["taken"]
        self.missing = saved["missing"]
        self._hold(saved["detector"])
        self.detector.allowed = self.allowed

    def _held(self) -> Detector | dict[str, Any]:
        held: Detector = self.detector
        return held

    def _hold(self, saved: dict[str, Any]) -> None:
        fill(self.detector, saved)
