"""Many counts watched together: what `CountWatch` does for one series, as arrays over all of them.

All series of a grain take the same slots. So the counts of the running week, what was expected of
them and what may be learned of them are one array each, a row a series and a column a slot; what
differs by series (starts, gaps, restarts, days with names, counts that are not to be learned) is a
mask. A slot costs some dozens of operations on columns, whatever the number of series.

An update says which series have evidence worth looking at: those of which the rate of false alarms
can be at most `shown`. Bounds decide: for a single count its tail, for a change half the chi-square
of every stretch, which no log-likelihood ratio of `UncertainFocus` exceeds.
What such a series says is then said by a `CountWatch` (`watch`), made from its row as it would be
had it taken every slot by itself. The same holds for what is done to one series (a restart, a level
that is accepted): `watch`, do it, `put`. So there is one meaning, that of `CountWatch`, and the
tests hold the two together through random series of all of it.

What fails costs only the series in which it fails. A step over all of them that raises is taken row
by row; where it is the bounds that fail, every series is asked what it has to say. The row that
raises alone has a gap in its place, and is named in `failed`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import packed, unpacked
from detectors.change.uncertain_focus import MOST_BEYOND, UncertainFocus
from detectors.counts.count_watch import DAYS, ENDED, CountWatch, levels_within
from detectors.counts.expected import Expected
from detectors.counts.predictive import LARGEST_COUNT, tails
from detectors.counts.weekly.baseline import (
    Baseline,
    Week,
    Weeks,
    idle_weeks,
    learn_together,
    most_points,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

TOGETHER = 256
"""Series whose weeks are learned in one step: some ten milliseconds."""
SURE = 1e-3
"""The share by which a bound is set wider, for the last digits of sums and tails."""
_NO_ROWS: Ints = np.zeros(0, dtype=np.int64)


class CountWatches:
    """Series of counts by hour or day, each as a `CountWatch` of the same parameters.

    pattern: a watch as each of them begins, but for what it is allowed; shown: the rate of false
    alarms a week up to which `update` tells of a series, at least what any is allowed. Rows are
    numbered in the order of `add`.

    >>> watches = CountWatches(CountWatch(slots=7), shown=0.1)
    >>> rows = [watches.add(0.01), watches.add(0.02)]
    >>> for week in range(8):
    ...     for slot, x in enumerate((50, 48, 52, 49, 51, 70, 68)):
    ...         found = watches.update(np.array([x, 2.0 * x]), slot)
    >>> watches.update(np.array([50.0, 200.0]), 0).tolist()
    [1]
    >>> watches.watch(1).causes
    ['surprise', 'change']
    """

    def __init__(self, pattern: CountWatch, shown: float) -> None:
        self.pattern, self.shown = pattern, shown
        self.slots, self.window = pattern.slots, pattern.window
        self._levels_kept = levels_within(self.window, self.slots)
        self._cycle = pattern.slots if pattern.slots == DAYS else 1
        self._interest = log(self.slots / max(shown, 1e-300)) * (1.0 - SURE)
        self._kept = most_points(self.slots) + self.window + 1
        self._of = pattern.expected.constants
        self._between, self._need = pattern.expected.between, pattern.expected.need
        self._number = self._end = 0
        self._gone = 0
        """Columns that are no longer kept; with them a column has a number for good."""
        self._unsaved = 0
        """The number of the first column that has changed since `changed_columns` was asked."""
        self._slot_at = np.zeros(2 * self._kept, dtype=np.int64)
        self._called: list[tuple[str, ...]] = [()]
        """The names of days, by the numbers that stand for them."""
        self._numbers: dict[tuple[str, ...], int] = {(): 0}
        self.baselines: list[Baseline] = []
        """What was learned from complete weeks: another object once there is one more."""
        self._since: list[str | None] = []
        self._allowed: list[float] = []
        self._spells: dict[int, list[float]] = {}
        self._aside: dict[int, list[list[float]]] = {}
        self._carried: dict[int, UncertainFocus] = {}
        """Of series that learn nothing for weeks: the search for a change before the columns."""
        self._expected: dict[int, Expected] = {}
        self._made: dict[int, CountWatch] = {}
        self.telling: set[int] = set()
        """The rows that may have evidence worth looking at: those that `update` returned last, and
        those that were `put` since."""
        self.failed: list[tuple[int, Exception]] = []
        """Rows in which something failed, each with its error; whoever reads it empties it."""
        self._room(8)

    def _room(self, rows: int) -> None:
        """Makes room for so many rows."""
        columns = 2 * self._kept

        def grown(name: str, shape: tuple[int, ...], fill: float, kind: type) -> None:
            new: NDArray[Any] = np.full((rows, *shape), fill, dtype=kind)
            old = getattr(self, name, None)
            if old is not None:
                new[: len(old)] = old
            setattr(self, name, new)

        for name, shape, fill, kind in (
            ("_count", (columns,), np.nan, float),
            ("_hoped", (columns,), 0.0, float),  # expected, where a change is looked for
            ("_learned", (columns,), False, bool),  # of the week that is running
            ("_names", (columns,), 0, int),
            ("_came", (columns + 1,), 0.0, float),  # sums of the counts that are looked at
            ("_due", (columns + 1,), 0.0, float),  # and of what was expected of them
            ("_last", (5,), 0.0, float),  # count, mean, spread, dispersion and its spread
            ("_has_last", (), False, bool),
            ("_last_names", (), 0, int),
            ("_odd", (), False, bool),
            ("_known", (), False, bool),  # whether it is judged
            ("_points", (), 0, int),
            ("_first", (), -1, int),
            ("_slot", (), -1, int),
            ("_position", (), -1, int),
            ("_week_from", (), 0, int),
            ("_week_points", (), 0, int),
            ("_apart", (), False, bool),
            ("_running", (2,), 0.0, float),
            ("_age", (), 0, int),
            ("_stretch", (), 1.0, float),
            ("_look_from", (), 0, int),
            ("_recent_from", (), 0, int),
            ("_looked", (3,), 0.0, float),  # dispersion of a stretch, spread, that of the slot
            ("_level_spreads", (self._levels_kept,), np.inf, float),
            # Of the baselines:
            ("_weeks_known", (), 0, int),
            ("_event", (), False, bool),
            ("_level", (4,), 0.0, float),  # rate, its spread, dispersion, its spread
            ("_profile", (self.slots,), 1.0, float),
            ("_spreads", (self.slots,), 1.0, float),
        ):
            grown(name, shape, fill, kind)

    _count: Floats
    _hoped: Floats
    _learned: Mask
    _names: Ints
    _came: Floats
    _due: Floats
    _last: Floats
    _has_last: Mask
    _last_names: Ints
    _odd: Mask
    _known: Mask
    _points: Ints
    _first: Ints
    _slot: Ints
    _position: Ints
    _week_from: Ints
    _week_points: Ints
    _apart: Mask
    _running: Floats
    _age: Ints
    _stretch: Floats
    _look_from: Ints
    _recent_from: Ints
    _looked: Floats
    _level_spreads: Floats
    _weeks_known: Ints
    _event: Mask
    _level: Floats
    _profile: Floats
    _spreads: Floats

    def __len__(self) -> int:
        return self._number

    def add(self, allowed: float) -> int:
        """A further series, as new, with the false alarms a week that it is allowed; the number of
        its row."""
        row = self._number
        if row == len(self._count):
            self._room(2 * row)
        self._number += 1
        self.baselines.append(self.pattern.expected.baseline)
        self._since.append(None)
        self._allowed.append(allowed)
        self._learn_row(row, self.pattern.expected.baseline)
        self._stretch[row] = self._looked[row, 0] = 1.0
        self._week_from[row] = self._look_from[row] = self._recent_from[row] = self._end
        return row

    def names_number(self, names: Sequence[str]) -> int:
        """The number that stands for the names of a day in `update`; 0 for a day without."""
        key = tuple(names)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._called)
            self._called.append(key)
        return found

    # -- a slot ----------------------------------------------------------------------------------

    def update(
        self,
        x: Floats,
        slot: int,
        names: Ints | None = None,
        learn: Mask | None = None,
    ) -> Ints:
        """Takes a slot of every series, nan where it is missing, with the numbers of its day's
        names, and returns the rows of which the rate of false alarms can be at most `shown`. A
        count that is not to be learned is judged by itself."""
        n = self._number
        if n == 0:
            return _NO_ROWS
        slot %= self.slots
        for _ in self.close_weeks(slot):
            pass
        self._made.clear()
        at = self._next_column()
        self._slot_at[at] = slot
        first = self._first[:n]
        first[first < 0] = slot
        self._slot[:n] = slot
        self._position[:n] = (slot - first) % self.slots
        self._points[:n] += 1
        there = x >= 0.0
        x = np.minimum(np.where(there, x, 0.0), LARGEST_COUNT)
        self._count[:n, at] = np.where(there, x, np.nan)
        taken = there if learn is None else there & learn
        self._learned[:n, at] = taken
        self._week_points[:n] += taken
        self._apart[:n] = False if learn is None else ~learn
        if names is None:
            names = np.zeros(n, dtype=np.int64)
        self._names[:n, at] = names
        unlearned = there & ~taken & (names == 0)
        self._running[:n, 0] += np.where(unlearned, x, 0.0)
        self._running[:n, 1] += np.where(unlearned, self._profile[:n, slot], 0.0)
        self._look_again_after_weeks(n, at)
        looked = self._expect_all(n, at, x, there, taken, names)
        self.telling = self._judge(n, at, looked)
        return np.array(sorted(self.telling), dtype=np.int64) if self.telling else _NO_ROWS

    def _next_column(self) -> int:
        if self._end == 2 * self._kept:
            gone = self._kept
            for row in np.flatnonzero(self._look_from[: self._number] < gone).tolist():
                try:
                    self._carried[row] = self._focus(row, gone)
                except Exception as error:  # noqa: BLE001 - it looks for a change from here on
                    self.failed.append((row, error))
                    self._carried.pop(row, None)
            for array in (self._count, self._hoped, self._learned, self._names):
                array[:, :gone] = array[:, gone:]
            self._slot_at[:gone] = self._slot_at[gone:]
            self._end -= gone
            self._gone += gone
            for places in (self._week_from, self._look_from, self._recent_from):
                np.maximum(places - gone, 0, out=places)
            self._sum_up(slice(None))
        self._end += 1
        return self._end - 1

    def _sum_up(self, rows: slice | int) -> None:
        """The sums over the columns anew."""
        hoped = self._hoped[rows, : self._end]
        came = np.where(hoped > 0.0, self._count[rows, : self._end], 0.0)
        self._came[rows, 1 : self._end + 1] = came.cumsum(-1)
        self._due[rows, 1 : self._end + 1] = hoped.cumsum(-1)

    def _look_again_after_weeks(self, n: int, at: int) -> None:
        """Where a week has been learned since the last slot, a change is looked for among the
        latest slots alone."""
        newer = self._weeks_known[:n] > self._age[:n]
        if newer.any():
            for row in np.flatnonzero(newer).tolist():
                self._stretch[row] = self.baselines[row].stretch
                since = max(int(self._recent_from[row]), at - self.window, 0)
                if self._due[row, since] == self._due[row, at]:
                    self._level_spreads[row] = inf  # none of them judged anything of the window
                self._level_spreads[row, :-1] = self._level_spreads[row, 1:]
                self._level_spreads[row, -1] = self.baselines[row].rate_spread
                self._look_from[row] = since
                self._carried.pop(row, None)
            self._age[:n] = self._weeks_known[:n]

    def _expect_all(
        self, n: int, at: int, x: Floats, there: Mask, taken: Mask, names: Ints
    ) -> Mask:
        """Notes what was expected of the slot; the rows of which it is looked at for a change."""
        try:
            return self._expect(slice(0, n), at, x, there, taken, names)
        except Exception:  # noqa: BLE001 - each by itself, so that only the odd one fails
            looked = np.zeros(n, dtype=bool)
            for row in range(n):
                try:
                    alone = slice(row, row + 1)
                    figures = x[alone], there[alone], taken[alone], names[alone]
                    looked[row] = self._expect(alone, at, *figures)[0]
                except Exception as error:  # noqa: BLE001
                    self.failed.append((row, error))
                    self._leave_gap(row, at)
            return looked

    def _leave_gap(self, row: int, at: int) -> None:
        """The slot of a series is no part of a change, and nothing is said of it."""
        self._has_last[row] = self._odd[row] = False
        self._hoped[row, at] = 0.0
        self._came[row, at + 1], self._due[row, at + 1] = self._came[row, at], self._due[row, at]

    def _expect(
        self, rows: slice, at: int, x: Floats, there: Mask, taken: Mask, names: Ints
    ) -> Mask:
        slot = int(self._slot_at[at])
        level = self._level[rows]
        last = np.empty((len(x), 5))
        last[:, 0] = x
        last[:, 1] = np.minimum(level[:, 0] * self._profile[rows, slot], LARGEST_COUNT)
        last[:, 2] = level[:, 1] + self._spreads[rows, slot]
        last[:, 3:] = level[:, 2:]
        known = self._known[rows] & there
        looked = known & taken
        spread = np.minimum.reduce(self._level_spreads[rows], axis=1)
        spread = np.where(np.isfinite(spread), spread, level[:, 1])
        own = self._spreads[rows, slot].copy()
        special = self._event[rows] | (names != 0)
        for place in np.flatnonzero(special).tolist() if special.any() else ():
            row = rows.start + place
            called = self._called[int(names[place])]
            known_of = self.baselines[row]
            last[place, 1:] = known_of.ahead(slot, called, self._between, self._need)
            how, apart = known_of.compared(called, self._need)
            if how == "lent" and known[place]:
                self._begin_again(row, at)
            if apart or how == "lent":
                looked[place] = False
            if how != "ordinary":
                spread[place], own[place] = last[place, 2], 0.0
        looked &= last[:, 1] > 0.0
        self._last[rows], self._has_last[rows] = last, there
        self._last_names[rows] = np.where(there, names, self._last_names[rows])
        mean = last[:, 1]
        hoped = np.where(looked, mean, 0.0)
        self._hoped[rows, at] = hoped
        self._came[rows, at + 1] = self._came[rows, at] + np.where(looked, x, 0.0)
        self._due[rows, at + 1] = self._due[rows, at] + hoped
        figures = np.stack([last[:, 3] * self._stretch[rows], spread, own], axis=-1)
        self._looked[rows] = np.where(looked[:, None], figures, self._looked[rows])
        off = x - mean
        self._odd[rows] = known & (off * off > 4.0 * mean * (last[:, 3] + last[:, 2] * mean))
        return looked

    def _begin_again(self, row: int, at: int) -> None:
        """No change is followed from before this column."""
        begin = max(0, at - self.window)
        self._hoped[row, begin:at] = 0.0
        self._unsaved = min(self._unsaved, self._gone + begin)
        self._look_from[row] = at
        self._carried.pop(row, None)
        self._sum_up(row)

    def _judge(self, n: int, at: int, looked: Mask) -> set[int]:
        """The rows whose slot, or a change that ends with it, may be worth looking at."""
        try:
            changed = np.flatnonzero(self._may_have_changed(at, np.flatnonzero(looked))).tolist()
            odd = np.flatnonzero(self._odd[:n])
            rows = set(odd[self._exceptional(odd)].tolist() if len(odd) else ())
        except Exception:  # noqa: BLE001 - without bounds, each series says it by itself
            changed = np.flatnonzero(looked).tolist()
            rows = set(range(n))
        changed += [row for row in (*self._spells, *self._carried) if looked[row]]
        for row in dict.fromkeys(changed):
            try:
                self._follow(row)
                rows.add(row)
            except Exception as error:  # noqa: BLE001 - the others go on
                self.failed.append((row, error))
                self._made.pop(row, None)
                self._leave_gap(row, at)
                rows.discard(row)
        return rows

    def _exceptional(self, rows: Ints) -> Mask:
        """Of which of some rows the count alone can be worth looking at."""
        x, mean, spread, dispersion, dispersion_spread = self._last[rows].T
        tail = tails(x, np.maximum(mean, 1e-9), spread, dispersion, dispersion_spread)
        return np.asarray(2.0 * self.slots * tail <= self.shown * (1.0 + SURE))

    def _may_have_changed(self, at: int, rows: Ints) -> Mask:
        """Of which rows any stretch that ends here can be worth looking at."""
        found = np.zeros(self._number, dtype=bool)
        if not len(rows):
            return found
        every = len(rows) == self._number
        some: Any = slice(0, self._number) if every else rows
        since = self._look_from[some]
        low = int(since.min())
        due = self._due[some, at + 1 : at + 2] - self._due[some, low : at + 1]
        came = self._came[some, at + 1 : at + 2] - self._came[some, low : at + 1]
        # No ratio exceeds its chi-square, of which the variance is at least the smaller mean.
        excess = came - due
        most = np.minimum(due, came)
        most *= 2.0 * self._interest
        place = np.flatnonzero(excess * excess > most)
        if not len(place):
            return found
        row, column = np.divmod(place, due.shape[1])
        come, due_of, excess = came.ravel()[place], due.ravel()[place], excess.ravel()[place]
        # As `UncertainFocus` spares logarithms; and a fall is worth no more than it is deep.
        dispersion, spread, own = self._looked[some][row].T
        spread = spread + own / np.minimum(at + 1 - low - column, self._cycle)
        least = np.maximum(np.minimum(due_of, come), 0.0)
        varies = least * (1.0 + least / due_of * (dispersion - 1.0) + spread * least)
        far = excess * excess > 2.0 * self._interest * varies
        far &= (excess > 0.0) | (excess < -self._interest)
        far &= low + column >= since[row]
        row, figures = row[far], (come[far], due_of[far], dispersion[far], spread[far])
        enough = row[_gain(*figures) >= self._interest]
        found[enough if every else rows[enough]] = True
        return found

    def _follow(self, row: int) -> None:
        """Has the watch of a row say whether a change begins or ends with this slot."""
        watch = self.watch(row)
        before: list[float] = vars(watch)["_spell"]
        spell = watch.conclude(*self._last[row, :2].tolist())
        self._spells.pop(row, None)
        if spell:
            self._spells[row] = spell
        if before and before[1] >= ENDED:  # that one is over, whether or not another begins
            self._put_recent(row, watch)

    # -- weeks -----------------------------------------------------------------------------------

    def close_weeks(self, slot: int) -> Iterator[None]:
        """Has every series whose week is complete before that slot learn it, in short steps: just
        what the next `update` does, and does where this is left out."""
        n = self._number
        first = self._first[:n]
        ends = (slot - first) % self.slots < self._position[:n]
        ends |= self._week_points[:n] >= most_points(self.slots)
        ends &= first >= 0
        if not ends.any():
            return
        self._made.clear()
        idle = ends & self._apart[:n] & (self._week_points[:n] == 0)
        for row in np.flatnonzero(idle).tolist():
            self._aside.setdefault(row, []).append(self._running[row].tolist())
            self._running[row], self._position[row] = 0.0, -1
        due = np.flatnonzero(ends & ~idle).tolist()
        for begin in range(0, len(due), TOGETHER):
            self._learn(due[begin : begin + TOGETHER])
            yield

    def _learn(self, rows: list[int], idle: Sequence[int] = ()) -> None:
        """Has series learn the week that is running, and then so many weeks without a point each.
        Of one that fails the week is over, and not learned."""
        try:
            self._close(rows, self._with_week(rows, idle))
        except Exception:  # noqa: BLE001 - one odd series must not keep the others from it
            for number, row in enumerate(rows):
                try:
                    self._close([row], self._with_week([row], idle[number : number + 1]))
                except Exception as error:  # noqa: BLE001
                    self.failed.append((row, error))
                    self._close([row], [self.baselines[row]])

    def _with_week(self, rows: list[int], idle: Sequence[int]) -> list[Baseline]:
        known = [self._resumed(row) for row in rows]
        known = learn_together(known, self._weeks(rows), self._of)
        return idle_weeks(zip(known, idle, strict=True), self._of) if idle else known

    def _close(self, rows: list[int], known: list[Baseline]) -> None:
        for row, baseline in zip(rows, known, strict=True):
            self._learn_row(row, baseline)
            self._aside.pop(row, None)
        some = np.array(rows)
        self._week_from[some], self._week_points[some] = self._end, 0
        self._position[some], self._running[some] = -1, 0.0

    def _learn_row(self, row: int, known: Baseline) -> None:
        """Takes what is known of a series."""
        self.baselines[row] = known
        self._expected.pop(row, None)
        self._level[row] = known.rate, known.rate_spread, known.dispersion, known.dispersion_spread
        self._profile[row], self._spreads[row] = known.profile, known.spreads
        self._weeks_known[row] = known.age
        self._event[row] = known.event is not None
        event = known.event
        self._known[row] = known.known(self._need) or (
            event is not None and event.known(self._need)
        )

    def _resumed(self, row: int) -> Baseline:
        aside = self._aside.get(row)
        known = self.baselines[row]
        return idle_weeks([(known, len(aside))], self._of)[0] if aside else known

    def _weeks(self, rows: list[int]) -> Weeks:
        """The weeks of some series that are running."""
        low, most = int(self._week_from[rows].min()), most_points(self.slots)
        columns = np.arange(low, self._end)
        taken = self._learned[rows, low : self._end] & (columns >= self._week_from[rows][:, None])
        called = taken & (self._names[rows, low : self._end] != 0)
        plain = np.zeros((len(rows), max(most, len(columns))), dtype=bool)
        plain[:, : len(columns)] = taken & ~called
        order = np.argsort(~plain, axis=1, kind="stable")[:, :most]  # points first, in order
        here = np.take_along_axis(plain, order, 1)
        order = np.where(here, order, 0)
        return Weeks(
            np.where(here, self._slot_at[low + order], 0),
            np.where(here, np.take_along_axis(self._count[rows, low:], order, 1), 0.0),
            here,
            {
                place: self.week(rows[place])
                for place in np.flatnonzero(called.any(axis=1)).tolist()
            },
        )

    def week(self, row: int) -> Week:
        """The week of a series that is running."""
        begin, end = int(self._week_from[row]), self._end
        columns = begin + np.flatnonzero(self._learned[row, begin:end])
        place = int(self._points[row]) - end
        return [
            [slot, count, list(self._called[names]), place + column]
            for slot, count, names, column in zip(
                self._slot_at[columns].tolist(),
                self._count[row, columns].tolist(),
                self._names[row, columns].tolist(),
                columns.tolist(),
                strict=True,
            )
        ]

    def pass_weeks(self, slots: int) -> Iterator[None]:
        """Has each learn the week that is running, and then the weeks without a point that end in
        so many slots more, in short steps; `pass_over` comes after it."""
        n = self._number
        first = self._first[:n]
        weeks = ((self._slot[:n] - first) % self.slots + slots) // self.slots
        due = np.flatnonzero((first >= 0) & (weeks > 0)).tolist()
        self._made.clear()
        for begin in range(0, len(due), TOGETHER):
            some = due[begin : begin + TOGETHER]
            self._learn(some, (weeks[some] - 1).tolist())
            yield

    def pass_over(self, points: int, slots: int) -> None:
        """Takes more points than the window is long of which nothing is known, the last of them so
        many slots after the one before them. What came before is part of no later change."""
        n = self._number
        self._made.clear()
        self.telling.clear()
        self._spells.clear()
        self._carried.clear()
        begun = self._first[:n] >= 0
        slot = np.where(begun, (self._slot[:n] + slots) % self.slots, self._slot[:n])
        self._slot[:n] = slot
        self._position[:n] = np.where(
            begun, (slot - self._first[:n]) % self.slots, self._position[:n]
        )
        self._points[:n] += points
        self._has_last[:n] = self._odd[:n] = False
        self._count.fill(np.nan)
        self._learned.fill(False)
        self._hoped.fill(0.0)
        self._names.fill(0)
        self._gone += self._end
        self._unsaved = self._gone
        self._end = self.window
        self._sum_up(slice(None))
        self._look_from.fill(self._end)
        self._recent_from.fill(0)
        self._week_from.fill(self._end)
        self._week_points.fill(0)
        self._age[:n] = self._weeks_known[:n]
        for row, known in enumerate(self.baselines):
            self._stretch[row] = known.stretch
            self._know_levels(row, [known.rate_spread])

    # -- one series ------------------------------------------------------------------------------

    def expected(self, row: int) -> Expected:
        """The baseline of a series, for forecasts and what is to be said of it; without its week
        that is running."""
        found = self._expected.get(row)
        if found is None:
            known, since = self.baselines[row], self._since[row]
            found = self._expected[row] = self.pattern.expected.knowing(known, since)
        return found

    def last(self, row: int) -> list[float] | None:
        """The last count of a series and what was expected of it, as `Expected.last`."""
        return self._last[row].tolist() if self._has_last[row] else None

    def ahead(self) -> Floats:
        """What was expected of the last count of each series, a row each as `Predictive` has it;
        zeros where there is none."""
        n = self._number
        return np.where(self._has_last[:n, None], self._last[:n, 1:], 0.0)

    def last_names(self, row: int) -> tuple[str, ...]:
        """Of the day of the last count of a series."""
        return self._called[int(self._last_names[row])]

    def watch(self, row: int) -> CountWatch:
        """A series as a watch of its own, which is not to be changed without a `put`."""
        made = self._made.get(row)
        if made is None:
            made = self._made[row] = self._watch(row)
        return made

    def _watch(self, row: int) -> CountWatch:
        end, points = self._end, int(self._points[row])
        first = int(self._first[row])
        expected = self.pattern.expected.knowing(self.baselines[row], self._since[row])
        vars(expected).update(
            _place=points,
            _first=None if first < 0 else first,
            _slot=int(self._slot[row]),
            _position=int(self._position[row]),
            _week=self.week(row),
            _last=self.last(row),
            _last_names=list(self.last_names(row)),
            _apart=bool(self._apart[row]),
            _running=self._running[row].tolist(),
            _aside=[list(each) for each in self._aside.get(row, ())],
        )
        off = self._last[row, 0] - self._last[row, 1]
        judged = self._has_last[row] and self._known[row]
        watch = copy.copy(self.pattern)
        vars(watch).update(
            allowed=self._allowed[row],
            _expected=expected,
            _focus=self._focus(row, end),
            _recent=self._points_of(row, max(int(self._recent_from[row]), end - self.window), end),
            _spell=list(self._spells.get(row, ())),
            _points=points,
            _age=int(self._age[row]),
            _stretch=float(self._stretch[row]),
            _level_spreads=[each for each in self._level_spreads[row].tolist() if each < inf],
            _surprise=expected.evidence if self._odd[row] else 0.0,
            _direction=("up" if off > 0.0 else "down") if judged else None,
        )
        vars(watch)["_drift_detected"] = watch.rate <= watch.allowed
        return watch

    def _focus(self, row: int, end: int) -> UncertainFocus:
        """The search for a change, up to a column."""
        begin = int(self._look_from[row])
        carried = self._carried.get(row)
        focus = UncertainFocus() if carried is None else copy.deepcopy(carried)
        focus.dispersion, focus.spread, focus.own = self._looked[row].tolist()
        focus.slots = self._cycle
        if carried is None:
            focus.begin(int(self._points[row]) - (self._end - begin))
        focus.follow(self._points_of(row, begin, end))
        return focus

    def _points_of(self, row: int, begin: int, end: int) -> list[list[Any]]:
        """Columns as points of a change: count (None: not looked at), and expected."""
        hoped = self._hoped[row, begin:end].tolist()
        count = self._count[row, begin:end].tolist()
        return [
            [x, mean] if mean > 0.0 else [None, 1.0] for x, mean in zip(count, hoped, strict=True)
        ]

    def put(self, row: int, watch: CountWatch) -> None:
        """Goes on with a series as that watch, which `watch` gave, now is."""
        held, expected = vars(watch), watch.expected
        within = vars(expected)
        self._made[row] = watch
        self.telling.add(row)
        self._since[row] = within["_since"]
        self._learn_row(row, expected.baseline)
        first = within["_first"]
        self._first[row] = -1 if first is None else first
        self._slot[row], self._position[row] = within["_slot"], within["_position"]
        self._apart[row], self._running[row] = within["_apart"], within["_running"]
        self._aside.pop(row, None)
        if within["_aside"]:
            self._aside[row] = within["_aside"]
        self._unsaved = 0
        week = expected.week
        off = self._end - int(self._points[row])
        self._learned[row] = False
        self._learned[row, [point[3] + off for point in week]] = True
        self._week_from[row], self._week_points[row] = 0, len(week)
        last = expected.last
        self._has_last[row] = last is not None
        if last is not None:
            self._last[row] = last
        self._last_names[row] = self.names_number(expected.last_names)
        self._odd[row] = watch.surprise > 0.0
        self._age[row], self._stretch[row] = held["_age"], held["_stretch"]
        self._know_levels(row, held["_level_spreads"])
        self._spells.pop(row, None)
        if held["_spell"]:
            self._spells[row] = held["_spell"]
        self._put_recent(row, watch)

    def _put_recent(self, row: int, watch: CountWatch) -> None:
        """Takes the points among which a watch looks for a change."""
        recent: list[list[Any]] = vars(watch)["_recent"]
        focus: UncertainFocus = vars(watch)["_focus"]
        begin = self._end - len(recent)
        self._unsaved = min(self._unsaved, self._gone + begin)
        self._recent_from[row] = begin
        self._hoped[row, begin : self._end] = [
            0.0 if count is None else mean for count, mean in recent
        ]
        carried = self._carried.get(row)
        if carried is None or carried.begun != focus.begun:
            self._carried.pop(row, None)
            self._look_from[row] = self._end - (int(self._points[row]) - focus.begun)
        self._looked[row] = focus.dispersion, focus.spread, focus.own
        self._sum_up(row)

    def go_on(
        self, row: int, known: Baseline, since: str | None, place: tuple[int, int, int]
    ) -> None:
        """Has a series that was added go on with what was learned of it elsewhere, and why that
        began anew. `place`: the slot at which its weeks begin, the last slot, and its points."""
        first, slot, points = place
        self._since[row] = since
        self._learn_row(row, known)
        self._first[row], self._slot[row], self._points[row] = first, slot, points
        self._position[row] = (slot - first) % self.slots if first >= 0 else -1
        self._age[row], self._stretch[row] = known.age, known.stretch
        self._know_levels(row, [known.rate_spread] if known.age else [])

    def _know_levels(self, row: int, spreads: Sequence[float]) -> None:
        """Takes how unsure the levels were by which the window of a series was judged."""
        held = self._level_spreads[row]
        held.fill(inf)
        held[self._levels_kept - len(spreads) :] = spreads

    # -- what is kept ----------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """All but the baselines and the columns, as plain data that nobody changes afterwards."""
        n, low = self._number, max(0, self._end - self._kept)
        carried = {
            row: self._focus(row, low).save()
            for row in np.flatnonzero(self._look_from[:n] < low).tolist()
        }
        carried |= {r: each.save() for r, each in self._carried.items() if r not in carried}
        return {
            "rows": n,
            "columns": self._gone + self._end,
            "since": list(self._since),
            "called": list(self._called),
            "spells": [[row, *spell] for row, spell in sorted(self._spells.items())],
            "aside": [[row, weeks] for row, weeks in sorted(self._aside.items())],
            "carried": sorted(carried.items()),
            **{name: packed(getattr(self, f"_{name}")[:n]) for name in _BY_ROW},
            **{
                name: packed(self._gone + np.maximum(getattr(self, f"_{name}")[:n], low))
                for name in _PLACES
            },
        }

    def columns(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The columns that are kept, each with a number: one takes the place of another that had
        its number before."""
        for at in range(max(0, self._end - self._kept), self._end):
            yield self._column(at)

    def changed_columns(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Those that have changed since this was last asked."""
        low = max(0, self._end - self._kept, self._unsaved - self._gone)
        self._unsaved = self._gone + self._end
        for at in range(low, self._end):
            yield self._column(at)

    def lost(self) -> None:
        """Has every column count as changed, after what was given could not be kept."""
        self._unsaved = 0

    def _column(self, at: int) -> tuple[int, dict[str, Any]]:
        number, n = self._gone + at, self._number
        return number % self._kept, {
            "number": number,
            "slot": int(self._slot_at[at]),
            **{name: packed(getattr(self, f"_{name}")[:n, at]) for name in _COLUMNS},
        }

    def restore(
        self,
        saved: dict[str, Any],
        columns: Iterable[dict[str, Any]],
        rows: Mapping[int, int],
        baselines: Mapping[int, Baseline],
    ) -> None:
        """Goes on, before any slot, where what was saved stood: `rows` has by row that which it had
        then, `baselines` what was learned of it. Other rows begin with the next slot."""
        if "level_spreads" not in saved:
            saved = _with_shared_spreads(saved, self._levels_kept)
        end = saved["columns"]
        self._gone = max(0, end - self._kept)
        self._end = end - self._gone
        here = [(now, then) for now, then in rows.items()]
        some, olds = [now for now, _ in here], [then for _, then in here]
        same = some == olds == list(range(saved["rows"])) and len(rows) == self._number
        self._unsaved = end if same else 0
        self._called = [tuple(names) for names in saved["called"]]
        self._numbers = {names: number for number, names in enumerate(self._called)}
        now_of = {then: now for now, then in here}
        self._spells = {now_of[row]: spell for row, *spell in saved["spells"] if row in now_of}
        self._aside = {now_of[row]: weeks for row, weeks in saved["aside"] if row in now_of}
        self._carried = {
            now_of[row]: UncertainFocus.restore(each)
            for row, each in saved["carried"]
            if row in now_of
        }
        for name in _PLACES:
            getattr(self, f"_{name}")[: self._number] = self._end
        for name in (*_BY_ROW, *_PLACES):
            getattr(self, f"_{name}")[some] = unpacked(saved[name])[olds]
        for name in _PLACES:
            place = getattr(self, f"_{name}")
            place[some] = np.maximum(place[some] - self._gone, 0)
        for now, then in here:
            self._since[now] = saved["since"][then]
            self._learn_row(now, baselines[now])
        for column in columns:
            at = column["number"] - self._gone
            if 0 <= at < self._end:
                self._slot_at[at] = column["slot"]
                for name in _COLUMNS:
                    values = unpacked(column[name])
                    there = [n for n, then in enumerate(olds) if then < len(values)]  # by then
                    getattr(self, f"_{name}")[[some[n] for n in there], at] = values[
                        [olds[n] for n in there]
                    ]
        self._sum_up(slice(None))
        self.telling = set(range(self._number))


_COLUMNS = ("count", "hoped", "learned", "names")
_PLACES = ("week_from", "look_from", "recent_from")
_BY_ROW = (
    "last",
    "has_last",
    "last_names",
    "odd",
    "points",
    "first",
    "slot",
    "position",
    "week_points",
    "apart",
    "running",
    "age",
    "stretch",
    "looked",
    "level_spreads",
)


def _with_shared_spreads(saved: dict[str, Any], levels: int) -> dict[str, Any]:
    """What was saved before a slot had a spread of its own, which was then part of the one that all
    points share; how unsure the levels before the last were is not known."""
    looked = unpacked(saved["looked"])
    return {
        **saved,
        "looked": packed(np.pad(looked, ((0, 0), (0, 1)))),
        "level_spreads": packed(np.full((len(looked), levels), inf)),
    }


def _gain(came: Floats, due: Floats, dispersion: Floats, spread: Floats) -> Floats:
    """The log-likelihood ratios of stretches, as `UncertainFocus` has them."""
    size = 1.0 / np.clip(dispersion - 1.0 + spread * due, 1e-9, MOST_BEYOND)
    own = np.maximum(came, 0.0) / due
    gain = -(came + due * size) * np.log1p((own - 1.0) / (1.0 + size))
    return np.asarray(gain + came * np.log(np.where(own > 0.0, own, 1.0)))
