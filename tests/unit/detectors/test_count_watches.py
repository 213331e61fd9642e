"""Many counts watched together say what each says by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.counts import count_watches
from detectors.counts.count_watch import CountWatch
from detectors.counts.count_watches import CountWatches
from detectors.counts.weekly.baseline import Baseline, learn_together
from tests.examples import one_in

NAMES: tuple[tuple[str, ...], ...] = ((), ("Boxing Day", "bank holiday"), ("Lockdown",))
Given = dict[str, Any]


class Both:
    """The same series one by one, and together."""

    def __init__(self, slots: int, *, shown: float = 0.5, need: int = 4) -> None:
        self.pattern = CountWatch(slots=slots, allowed=0.05, need=need)
        self.together = CountWatches(self.pattern, shown)
        self.alone: list[CountWatch] = []
        self.slot = 0
        self.found: list[tuple[int, ...]] = []
        self.in_vain = 0
        self.columns: dict[int, Given] = {}

    def begin(self) -> None:
        allowed = 0.05 / (1 + len(self.alone) % 3)
        self.together.add(allowed)
        alone = CountWatch(slots=self.pattern.slots, allowed=allowed, need=self.pattern.need)
        self.alone.append(alone)

    def update(
        self,
        counts: Sequence[float | None],
        names: Sequence[tuple[str, ...]],
        learn: Sequence[bool],
    ) -> None:
        for watch, x, called, learned in zip(self.alone, counts, names, learn, strict=True):
            watch.update(x, self.slot, called, learn=learned)
        rows = self.together.update(
            np.array([math.nan if x is None else x for x in counts]),
            self.slot,
            np.array([self.together.names_number(called) for called in names]),
            np.array(learn),
        )
        self.found.append(tuple(rows.tolist()))
        self.in_vain += sum(self.alone[row].rate > self.together.shown for row in rows.tolist())
        for row, watch in enumerate(self.alone):
            if watch.rate <= self.together.shown:
                assert row in rows
        self.slot += 1

    def each(self, row: int, what: str, *given: Any) -> None:
        """Does something to one series."""
        getattr(self.alone[row], what)(*given)
        watch = self.together.watch(row)
        getattr(watch, what)(*given)
        self.together.put(row, watch)

    def pass_over(self, slots: int) -> None:
        """A gap that is longer than the window."""
        for watch in self.alone:
            watch.pass_over(slots, slots)
        for _ in self.together.pass_weeks(slots):
            pass
        self.together.pass_over(slots, slots)
        self.slot += slots

    def save(self) -> None:
        """A restart of the program: what was written of the columns before, and what is now."""
        self.columns.update(self.together.changed_columns())
        saved, known = self.together.save(), self.together.baselines
        self.together = CountWatches(self.pattern, self.together.shown)
        for watch in self.alone:
            self.together.add(watch.allowed)
        rows = {row: row for row in range(len(known))}
        self.together.restore(saved, self.columns.values(), rows, dict(enumerate(known)))

    def check(self) -> None:
        for row, watch in enumerate(self.alone):
            assert state(self.together.watch(row)) == state(watch)


def state(watch: CountWatch) -> Given:
    """All that is kept, but for what the latest evidence was in a gap, which nobody reads."""
    saved: Any = watch.save()
    kept = saved["state"]
    if not kept["_recent"] or kept["_recent"][-1][0] is None:
        focus = kept["_focus"]["state"]
        for name in ("_evidence_up", "_evidence_down", "_onset", "_level", "_before", "_direction"):
            del focus[name]
        del focus["_drift_detected"], focus["_ended"], kept["_focus"]["parameters"]
    kept["said"] = [watch.rate, watch.causes, watch.direction, watch.drift_detected]
    return {"state": kept, "parameters": saved["parameters"]}


class Life:
    """What happens to some series, by name: each with a number and a row."""

    def __init__(self, both: Both, seed: int) -> None:
        self.both, self.chance = both, np.random.default_rng(seed)
        self.levels: list[float] = []
        self.slots = both.pattern.slots

    def live(self, happened: list[tuple[str, tuple[int, int]]]) -> None:
        for what, (number, row) in happened:
            getattr(self, what)(number, row % max(1, len(self.levels)))
            self.both.check()

    def take(
        self, slots: int, row: int, *, missing: bool = False, names: int = 0, learn: bool = True
    ) -> None:
        """So many slots, of which those of one series may be special."""
        for _ in range(slots):
            busy = 1.5 if self.both.slot % self.slots == 2 else 1.0
            counts: list[float | None] = [
                float(self.chance.poisson(level * busy)) for level in self.levels
            ]
            called, learned = [NAMES[0]] * len(counts), [True] * len(counts)
            called[row], learned[row] = NAMES[names], learn
            if missing:
                counts[row] = None
            self.both.update(counts, called, learned)

    def begin(self, _number: int, _row: int) -> None:
        self.both.begin()
        self.levels.append(float(self.chance.choice([0.3, 4.0, 30.0, 300.0])))

    def counts(self, number: int, row: int) -> None:
        self.take(number * self.slots // 3, row)

    def level(self, number: int, row: int) -> None:
        self.levels[row] *= float(self.chance.choice([0.2, 0.6, 1.5, 4.0]))
        self.take(number, row)

    def gap(self, number: int, row: int) -> None:
        self.take(number, row, missing=True)

    def missing(self, _number: int, _row: int) -> None:
        n = len(self.levels)
        self.both.update([None] * n, [NAMES[0]] * n, [True] * n)

    def apart(self, number: int, row: int) -> None:
        self.take(number * self.slots // 4, row, learn=False)

    def named(self, number: int, row: int) -> None:
        self.take(1 + number % 3, row, names=1)

    def event(self, number: int, row: int) -> None:
        self.take(number * self.slots // 3, row, names=2)

    def restart(self, _number: int, row: int) -> None:
        self.both.each(row, "restart", "the new rules")

    def take_level(self, number: int, row: int) -> None:
        self.both.each(row, "take_level", 1.0 + number / 10.0, 0.01)

    def forget(self, number: int, row: int) -> None:
        points = vars(self.both.alone[row])["_points"]
        self.both.each(row, "forget", max(0, points - number), points - number // 2)

    def pass_over(self, number: int, _row: int) -> None:
        self.both.pass_over(max(self.both.pattern.window, self.slots) + number)

    def skip(self, number: int, _row: int) -> None:
        """The clocks change."""
        self.both.slot += number % 3 - 1

    def save(self, _number: int, _row: int) -> None:
        self.both.save()


SPECIAL = (
    "level", "gap", "apart", "named", "event", "begin", "restart", "take_level", "forget",
    "pass_over", "skip", "missing", "save",
)  # fmt: skip


@st.composite
def lives(draw: Any) -> list[tuple[str, tuple[int, int]]]:
    """Mostly counts; now and then all else."""
    what = st.sampled_from(("counts",) * 8 + SPECIAL)
    step = st.tuples(what, st.tuples(st.integers(1, 20), st.integers(0, 3)))
    return [("begin", (0, 0)), ("begin", (0, 0)), *draw(st.lists(step, min_size=2, max_size=14))]


def test_a_change_that_ends_with_the_slot_with_which_another_begins_is_that_of_each_by_itself() -> (
    None
):
    begun = [("begin", (0, 0)), ("begin", (0, 0))]
    Life(Both(7, need=2), 566).live(
        [*begun, ("counts", (10, 0)), ("level", (1, 1)), ("counts", (9, 0))]
    )


@one_in(3)
@given(lives(), st.integers(0, 1000))
def test_any_life_of_series_by_the_day_is_that_of_each_by_itself(
    happened: list[tuple[str, tuple[int, int]]], seed: int
) -> None:
    Life(Both(7, need=2), seed).live(happened)


@settings(max_examples=2, deadline=None)
@given(lives(), st.integers(0, 1000))
def test_any_life_of_series_by_the_hour_is_that_of_each_by_itself(
    happened: list[tuple[str, tuple[int, int]]], seed: int
) -> None:
    Life(Both(168, need=1), seed).live(happened)


def test_series_with_evidence_are_told_and_few_others() -> None:
    both, chance = Both(7), np.random.default_rng(3)
    for _ in range(20):
        both.begin()
    for day in range(300):
        counts = [float(chance.poisson(20 + (day > 250 and row == 4) * 12)) for row in range(20)]
        both.update(counts, [()] * 20, [True] * 20)
    assert sum(4 in rows for rows in both.found[251:]) > 20
    assert both.in_vain < 0.1 * sum(map(len, both.found))


@pytest.mark.parametrize("slots", [7, 168])
def test_weeks_learned_before_the_slot_that_ends_them_are_those_learned_with_it(slots: int) -> None:
    both = Both(slots, need=1)
    both.begin()
    for slot in range(3 * slots + 1):
        for _ in both.together.close_weeks(slot % slots):
            pass
        both.update([float(slot % 5)], [()], [True])
    both.check()
    assert both.together.baselines[0].age == 3


def test_a_week_that_one_series_fails_to_learn_is_learned_by_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(known: Any, weeks: Any, constants: Any) -> Any:
        if (weeks.counts == 99.0).any():
            raise ValueError("one series is odd")
        return learn_together(known, weeks, constants)

    both = Both(7)
    both.begin()
    both.begin()
    for _ in range(7):
        both.update([5.0, 99.0], [(), ()], [True, True])
    monkeypatch.setattr(count_watches, "learn_together", broken)
    list(both.together.close_weeks(0))
    assert [(row, str(error)) for row, error in both.together.failed] == [(1, "one series is odd")]
    assert [known.age for known in both.together.baselines] == [1, 0]
    assert both.together.week(1) == []


def grown(days: int) -> Both:
    """Three series of which weeks are known, the second about 99 a day and the others 50."""
    both, chance = Both(7), np.random.default_rng(5)
    for _ in range(3):
        both.begin()
    for _ in range(days):
        counts = [float(chance.poisson(level)) for level in (50, 99, 50)]
        both.update(counts, [()] * 3, [True] * 3)
    return both


def rise(both: Both, called: tuple[str, ...] = ()) -> None:
    """A day on which all three have twice as much; the second may have a name."""
    both.update([100.0, 198.0, 100.0], [(), called, ()], [True] * 3)


@pytest.mark.parametrize("broken", ["ahead", "conclude"])
def test_a_series_that_fails_to_be_judged_costs_no_other_its_slot(
    monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    both, alone = grown(70), grown(70)
    names = NAMES[1] if broken == "ahead" else ()
    with monkeypatch.context() as patch:
        if broken == "ahead":
            patch.setattr(Baseline, broken, fails_of(Baseline.ahead, lambda it: it.rate > 80.0))
        else:
            of = fails_of(CountWatch.conclude, lambda it: it.expected.last[0] == 198.0)
            patch.setattr(CountWatch, broken, of)
        found = both.together.update(
            np.array([100.0, 198.0, 100.0]),
            both.slot,
            np.array([0, both.together.names_number(names), 0]),
        )
    rise(alone, names)
    assert found.tolist() == [0, 2]
    assert [(row, str(error)) for row, error in both.together.failed] == [(1, "one series is odd")]
    for _ in range(9):
        both.together.update(np.array([50.0, 99.0, 50.0]), both.slot + 1)
        both.slot += 1
        alone.update([50.0, 99.0, 50.0], [()] * 3, [True] * 3)
        for row in (0, 2):
            assert state(both.together.watch(row)) == state(alone.alone[row])
    assert vars(both.together.watch(1))["_points"] == vars(alone.alone[1])["_points"]


@pytest.mark.parametrize("broken", ["_gain", "tails"])
def test_without_bounds_every_series_says_by_itself_what_it_has_to_say(
    monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fails(*_: Any) -> Any:
        raise ValueError("the bounds are odd")

    both = grown(70)
    with monkeypatch.context() as patch:
        patch.setattr(count_watches, broken, fails)
        rise(both)
    both.check()
    assert both.found[-1] == (0, 1, 2)


def fails_of(of: Any, odd: Any) -> Any:
    """That method, which fails where `odd` holds of its object."""

    def method(self: Any, *given: Any) -> Any:
        if odd(self):
            raise ValueError("one series is odd")
        return of(self, *given)

    return method
