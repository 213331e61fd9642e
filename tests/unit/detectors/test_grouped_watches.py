"""Many proportions, or durations, watched together say what each says by itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.durations.duration_watch import DurationWatch
from detectors.durations.duration_watches import DurationWatches
from detectors.grouped_watch import GroupedWatch
from detectors.shares.proportion_watch import ProportionWatch
from detectors.shares.proportion_watches import ProportionWatches
from tests.examples import one_in

SHOWN = 0.5
Given = dict[str, Any]
Slot = tuple[Any, ...]
"""What `update` is given of a slot."""


class Family:
    """How series of one distribution are made and what comes in their slots."""

    def __init__(
        self,
        alone: Callable[..., Any],
        together: Callable[[Any, float, int], Any],
        slot: Callable[[np.random.Generator, float, int], Slot],
        levels: tuple[float, ...],
    ) -> None:
        self.alone, self.together, self.slot, self.levels = alone, together, slot, levels


def successes(chance: np.random.Generator, level: float, number: int) -> Slot:
    return (float(chance.binomial(number, min(level, 1.0))), float(number))


def durations(chance: np.random.Generator, level: float, number: int) -> Slot:
    took = chance.lognormal(math.log(600.0 * level), 0.8, number)
    return (float(took.sum()), float(number), float((took * took).sum()))


SHARES = Family(ProportionWatch, ProportionWatches, successes, (0.5, 0.9, 0.97))
DURATIONS = Family(DurationWatch, DurationWatches, durations, (0.5, 1.0, 4.0))
EVERY = {"shares": SHARES, "durations": DURATIONS}


class Both:
    """The same series one by one, and together."""

    def __init__(self, family: Family, slots: int, seed: int = 1, few: int = 0) -> None:
        self.family, self.chance = family, np.random.default_rng(seed)
        self.slots, self.few = slots, few
        self.together: Any = family.together(self.make(), SHOWN, few)
        self.alone: dict[int, Any] = {}
        self.levels: dict[int, float] = {}
        self.alarms = 0

    def make(self, allowed: float = 0.05) -> Any:
        return self.family.alone(allowed=allowed, slots=self.slots, least=5, need=6, window=10)

    def begin(self) -> int:
        allowed = 0.05 / (1 + len(self.alone) % 3)
        row: int = self.together.add(allowed)
        self.alone[row] = self.make(allowed)
        self.levels[row] = float(self.chance.choice(self.family.levels))
        return row

    def update(self, row: int, *slot: Any) -> None:
        self.alone[row].update(*slot)
        self.together.update(row, *slot)
        self.alarms += bool(self.alone[row].causes)

    def take(self, slots: int, most: int = 40) -> None:
        """So many slots of all series, each of a few cases."""
        for _ in range(slots):
            for row, level in self.levels.items():
                number = int(self.chance.integers(0, most))
                slot = self.family.slot(self.chance, level, number) if number else (None,)
                self.update(row, *slot)
            self.check(said_only=True)

    def save(self) -> None:
        """A restart of the program, in which rows get other numbers."""
        old = self.together
        self.together = self.family.together(self.make(), SHOWN, self.few)
        rows = {self.together.add(self.alone[row].allowed): row for row in reversed(self.alone)}
        for now, then in rows.items():
            self.together.go_on(now, old.number(then))
        self.together.restore(old.save())
        self.alone = {now: self.alone[then] for now, then in rows.items()}
        self.levels = {now: self.levels[then] for now, then in rows.items()}

    def check(self, *, said_only: bool = False) -> None:
        for row, watch in self.alone.items():
            assert self.together.rate(row) == pytest.approx(watch.rate, rel=1e-8)
            if watch.rate <= SHOWN:
                assert_alike(said(self.together.watch(row)), said(watch))
            if not said_only:
                assert_alike(state(self.together.watch(row)), state(watch))
                assert self.together.expected(row) == close(watch.expected)
                assert self.together.state(row) == watch.state
                assert self.together.is_pending(row) == bool(watch.pending)
                if isinstance(watch, DurationWatch):
                    assert self.together.farthest(row) == close(watch.farthest)
        assert not self.together.failed


def close(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)


def state(watch: GroupedWatch) -> Given:
    """All that is kept."""
    return {name: value for name, value in vars(watch).items() if name.startswith("_")}


def said(watch: Any) -> Given:
    names = ("causes", "direction", "onset", "level", "ratio", "before", "drift_detected", "about")
    return {name: getattr(watch, name) for name in names}


def assert_alike(here: Any, there: Any, where: str = "") -> None:
    """Equal, and numbers with a fraction to 1e-9."""
    if isinstance(there, dict):
        assert here.keys() == there.keys(), where
        for name in there:
            assert_alike(here[name], there[name], f"{where}.{name}")
    elif isinstance(there, list):
        assert len(here) == len(there), where
        for number, (one, other) in enumerate(zip(here, there, strict=True)):
            assert_alike(one, other, f"{where}[{number}]")
    elif isinstance(there, float):
        assert here == pytest.approx(there, rel=1e-9, abs=1e-9), where
    else:
        assert here == there, where


class Life:
    """What happens to some series, by name: each with a number and a row."""

    def __init__(self, both: Both) -> None:
        self.both = both

    def live(self, happened: list[tuple[str, tuple[int, int]]]) -> None:
        for what, (number, row) in happened:
            rows = list(self.both.alone)
            getattr(self, what)(number, rows[row % len(rows)] if rows else 0)
            self.both.check()

    def begin(self, _number: int, _row: int) -> None:
        self.both.begin()

    def cases(self, number: int, _row: int) -> None:
        self.both.take(2 * number)

    def level(self, number: int, row: int) -> None:
        self.both.levels[row] *= float(self.both.chance.choice([0.4, 0.8, 1.3, 3.0]))
        self.both.take(number)

    def odd(self, number: int, row: int) -> None:
        """A slot unlike all others: of durations, one is impossible."""
        self.both.update(row, *self.both.family.slot(self.both.chance, 0.02 * number, 20))
        if self.both.family is DURATIONS:
            self.both.update(row, 80_000.0 + 15 * 600, 16, 80_000.0**2 + 20 * 600**2)

    def unsquared(self, number: int, row: int) -> None:
        for _ in range(number):
            self.both.update(row, *self.both.family.slot(self.both.chance, 1.0, 9)[:2])

    def gap(self, number: int, row: int) -> None:
        for _ in range(number):
            self.both.update(row, None)

    def pass_over(self, number: int, row: int) -> None:
        self.both.alone[row].pass_over(17 * number)
        self.both.together.pass_over(row, 17 * number)

    def restart(self, _number: int, row: int) -> None:
        self.both.alone[row].restart("the new rules")
        watch = self.both.together.watch(row)
        watch.restart("the new rules")
        self.both.together.put(row, watch)

    def drop(self, _number: int, row: int) -> None:
        if len(self.both.alone) > 1:
            self.both.together.drop(row)
            del self.both.alone[row], self.both.levels[row]

    def save(self, _number: int, _row: int) -> None:
        self.both.save()


SPECIAL = (
    "begin", "level", "level", "odd", "unsquared", "gap", "pass_over", "restart", "drop", "save",
)  # fmt: skip


@st.composite
def lives(draw: Any) -> list[tuple[str, tuple[int, int]]]:
    """Mostly cases; now and then all else."""
    what = st.sampled_from(("cases",) * 8 + SPECIAL)
    step = st.tuples(what, st.tuples(st.integers(1, 20), st.integers(0, 3)))
    return [("begin", (0, 0)), ("begin", (0, 0)), *draw(st.lists(step, min_size=2, max_size=14))]


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("slots", [7, 168])
@one_in(4)
@given(happened=lives(), seed=st.integers(0, 1000), few=st.sampled_from((0, 0, 1, 2)))
def test_any_life_of_series_is_that_of_each_by_itself(
    family: str, slots: int, happened: list[tuple[str, tuple[int, int]]], seed: int, few: int
) -> None:
    Life(Both(EVERY[family], slots, seed, few)).live(happened)


@pytest.mark.parametrize("family", EVERY)
def test_a_rise_that_stays_is_found_together_as_it_is_alone(family: str) -> None:
    both = Both(EVERY[family], 7)
    for _ in range(12):
        both.begin()
    both.take(60)
    for row in both.levels:
        both.levels[row] *= 0.6
    both.take(30)
    both.check()
    assert both.alarms > 30


@pytest.mark.parametrize("family", EVERY)
def test_where_the_step_of_all_fails_each_takes_its_group_alone(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Both(EVERY[family], 7)
    rows = [both.begin() for _ in range(3)]
    both.take(40)

    def broken(*_: Any) -> Any:
        raise ValueError("the step is odd")

    monkeypatch.setattr(EVERY[family].together, "_learn", broken)
    both.take(10)
    both.check()
    complete = GroupedWatch.complete

    def odd(self: GroupedWatch, group: list[float]) -> None:
        if group[2] == 33.0:
            raise ValueError("one series is odd")
        complete(self, group)

    monkeypatch.setattr(GroupedWatch, "complete", odd)
    for row, number in zip(rows, (20, 33, 20), strict=True):
        slot = both.family.slot(both.chance, 0.9, number)
        both.together.update(row, *slot)
        if number != 33:
            both.alone[row].update(*slot)
    both.together.settle()
    assert [(r, str(error)) for r, error in both.together.failed] == [(1, "one series is odd")]
    both.together.failed.clear()
    del both.alone[1]
    both.check()
