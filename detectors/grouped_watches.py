"""Many proportions, or many durations, watched together: what a `GroupedWatch` does for one series,
as arrays with a row a series.

A series takes its slots one by one, for slots of few cases are only added up. The groups that are
complete are judged and learned together, as soon as anything is asked of one of them (`settle`): a
few dozens of operations on arrays, whatever their number.

There is one meaning, that of the one-series classes. What a group says is said by one of them
(`watch`, made from the row) wherever it can be worth looking at: where its tail or the greatest
ratio of its stretches can have at most `shown` false alarms a week, and where a spell goes on. For
all others the arrays hold the same figures. What is done to one series is `watch`, do it, `put`.

What fails costs only its own series: where the step of all raises, each takes its group alone, and
one in which that fails as well is named in `failed`.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping
from math import log, log10
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import packed, unpacked
from detectors.grouped_watch import LOOKS_AT_A_GROUP, GroupedWatch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

FEW = 2
"""Groups that are taken each alone: the step of all costs as much as that of three."""
SURE = 1e-6
"""The share by which a bound is set wider, for the last digits of sums."""
_UP_OR_DOWN: dict[int, str | None] = {0: None, 1: "up", -1: "down"}
_NUMBER = {said: number for number, said in _UP_OR_DOWN.items()}
NO_EVIDENCE = (0.0, 0.0, 0.0, 0.0, -1.0, np.nan)
"""Surprise, change, the two directions, onset and level where no group was judged."""
SCALARS = (
    "surprise", "change", "off", "way", "onset", "level",
    "place", "begun", "start", "groups", "learned", "learned_at", "held", "base",
)  # fmt: skip

Watch = TypeVar("Watch", bound=GroupedWatch)


class GroupState:
    """What is held of some series, a row each; named as the attributes of `GroupedWatch`.

    All but the recent groups is one array, of which the attributes are columns, so that a few rows
    are taken out and put back at once. Whole numbers are floats, directions 1 (up), -1 and 0.
    recent: the groups that wait to be learned, the latest last, `held` of them; start: `_from`.
    """

    surprise: Floats
    change: Floats
    off: Floats
    way: Floats
    onset: Floats
    level: Floats
    place: Floats
    begun: Floats
    start: Floats
    groups: Floats
    learned: Floats
    learned_at: Floats
    held: Floats
    base: Floats

    def __init__(self, figures: Floats, recent: Floats, period: int) -> None:
        self.figures, self.recent, self.period = figures, recent, period
        for number, name in enumerate(SCALARS):
            setattr(self, name, figures[:, number])
        at, columns = len(SCALARS), []
        for size in (3, recent.shape[2] - 3, period, period, period, period, None):
            columns.append(figures[:, at : None if size is None else at + size])
            at += size or 0
        self.spread_sums, self.pending, self.values, self.information, *columns = columns
        self.effects, self.slot_spreads, self.own = columns

    @classmethod
    def new(cls, rows: int, sums: int, window: int, period: int, own: int) -> GroupState:
        """Of series that have taken nothing."""
        width = len(SCALARS) + 3 + 1 + sums + 4 * period + own
        made = cls(np.zeros((rows, width)), np.zeros((rows, window + 1, sums + 4)), period)
        made.figures[:, : len(NO_EVIDENCE)] = NO_EVIDENCE
        made.slot_spreads[:] = 1.0
        return made

    def of(self, rows: Ints) -> GroupState:
        """Some of them, copied."""
        return GroupState(self.figures[rows], self.recent[rows], self.period)

    def put(self, rows: Ints, some: GroupState) -> None:
        """Has rows be as those are."""
        self.figures[rows], self.recent[rows] = some.figures, some.recent

    @property
    def every(self) -> Ints:
        """The numbers of the rows."""
        return np.arange(len(self.figures))


class JudgedGroups(NamedTuple):
    """What arrays say of the latest groups, a row a series, and of the stretches that end with
    them, a column a stretch with the shortest first.

    up: whether the group is above what was expected; odd: whether its tail is to be looked at;
    ratios: log-likelihood ratios; levels: of the stretches; shifts: how far these are off what was
    expected; variances: of the shifts, as much as a distribution needs of them.
    """

    up: Mask
    odd: Mask
    ratios: Floats
    levels: Floats
    shifts: Floats
    variances: Floats


class GroupedWatches(Generic[Watch]):
    """Series of groups, each as a watch of the same parameters; a subclass knows the distribution.

    pattern: a watch as each of them begins, but for what it is allowed; shown: the rate of false
    alarms a week up to which what a series says is that of its own watch, at least what any is
    allowed. few: so many groups are taken each alone, which costs less.
    """

    sums: int
    """How many numbers are summed of a slot, that of its cases first."""
    own: int = 0
    """How many numbers a subclass keeps of a series besides."""

    def __init__(self, pattern: Watch, shown: float, few: int = FEW) -> None:
        self.pattern, self.shown, self.few = pattern, shown, few
        self._state = self._new(8)
        self._since: list[str | None] = []
        self._allowed: list[float] = []
        self._free: list[int] = []
        self._spells: dict[int, list[float]] = {}
        self._due: dict[int, list[float]] = {}
        """The groups that are complete, by row."""
        self._made: dict[int, Watch] = {}
        self._saved: list[int] = []
        """The rows of the next save."""
        self._then: dict[int, int] = {}
        """By row its number in the save that is restored next."""
        self.failed: list[tuple[int, Exception]] = []
        """Rows in which something failed, each with its error; whoever reads it empties it."""

    def _new(self, rows: int) -> GroupState:
        of = self.pattern
        return GroupState.new(rows, self.sums, of.window, of.period, self.own)

    def add(self, allowed: float) -> int:
        """A further series, as new, with the false alarms a week that it is allowed; the number of
        its row."""
        if self._free:
            row = self._free.pop()
            self._allowed[row] = allowed
            return row
        row = len(self._since)
        if row == len(self._state.figures):
            old, self._state = self._state, self._new(2 * row)
            self._state.put(old.every, old)
        self._since.append(None)
        self._allowed.append(allowed)
        return row

    def drop(self, row: int) -> None:
        """Forgets a series; its row is another's from now on."""
        self.put(row, self._from(self._new(1), 0, self._allowed[row], None, ()))
        self._made.pop(row)
        self._free.append(row)

    # -- a slot ----------------------------------------------------------------------------------

    def take(self, row: int, added: list[float] | None) -> None:
        """Takes a slot of one series: the number of cases first, then whatever is summed; None is
        a gap."""
        self.pass_over(row, 1)
        if added is None or added[0] <= 0:
            return
        state = self._state
        pending = state.pending[row]
        if not pending[1]:
            pending[0] = state.place[row] - 1.0
        pending[1:] += added
        if pending[1] >= self.pattern.least:
            first, *sums = pending.tolist()
            pending[:] = 0.0
            self._due[row] = [first, float(state.place[row]) - 1.0, *sums]

    def pass_over(self, row: int, slots: int) -> None:
        """Takes so many slots of a series in a row of which nothing is known."""
        self._settle(row)
        self._made.pop(row, None)
        self._state.figures[row, : len(NO_EVIDENCE)] = NO_EVIDENCE
        self._state.place[row] += slots

    def _settle(self, row: int) -> None:
        """The groups are settled together once one of them is asked for."""
        if row in self._due:
            self.settle()

    def settle(self) -> None:
        """Judges and learns the groups that are complete."""
        if not self._due:
            return
        due, self._due = self._due, {}
        if len(due) > self.few:
            try:
                self._complete(due)
                return
            except Exception:  # noqa: BLE001, S110 - each by itself, so that only the odd one fails
                pass
        for row, group in due.items():
            try:
                watch = self._watch(row)
                watch.complete(group)
                self.put(row, watch)
            except Exception as error:  # noqa: BLE001
                self.failed.append((row, error))

    def _complete(self, due: Mapping[int, list[float]]) -> None:
        """`GroupedWatch.complete` of many, in copies of their rows."""
        rows, of = list(due), self.pattern
        some = self._state.of(np.array(rows))
        some.recent[:, :-1] = some.recent[:, 1:]
        some.recent[:, -1, :-2] = self._formed(some, np.array(list(due.values())))
        some.recent[:, -1, -2:] = 0.0
        some.held += 1.0
        some.groups += 1.0
        spells = {row: self._spells[row] for row in rows if row in self._spells}
        for part, chosen in _those(some, some.learned >= of.need):
            asked = self._judge(part)
            for number, row in enumerate(rows[place] for place in chosen.tolist()):
                if asked[number] or row in spells:
                    self._ask(part, number, row, spells)
            some.put(chosen, part)
        while (more := some.held > np.clip(some.learned - of.need, 0, of.window)).any():
            for part, chosen in _those(some, more):
                self._absorb(part)
                some.put(chosen, part)
        self._state.put(np.array(rows), some)
        for row in rows:
            self._spells.pop(row, None)
        self._spells |= {row: spell for row, spell in spells.items() if spell}

    def _judge(self, some: GroupState) -> Mask:
        """Notes what is to be said of the latest groups, but for their surprise; which of them may
        say more than the arrays know."""
        every, of = some.every, self.pattern
        width = int(some.held.max())
        latest = some.recent[:, : -width - 1 : -1]
        within = np.arange(width) < some.held[:, None]
        within &= latest[:, :, 0] >= some.start[:, None]
        judged = self._compared(some, latest, within)
        ratios = np.where(within, judged.ratios, -1.0)
        best = ratios.argmax(axis=1)
        known = self._known(some)
        some.change[:] = 0.5 * known * np.log1p(2.0 * ratios[every, best] / known)
        shift, variance = judged.shifts[every, best], judged.variances[every, best]
        stretch = within & (np.arange(width) <= best[:, None])
        some.change[self._of_one(some, latest, stretch, shift, variance)] = 0.0
        some.off[:] = np.where(judged.up, 1.0, -1.0)
        some.way[:] = np.where(judged.shifts[every, best] > 0.0, 1.0, -1.0)
        some.onset[:] = latest[every, best, 0]
        some.level[:] = judged.levels[every, best]
        a_week = of.slots * (some.groups + 1.0) / (some.place - some.begun + 1.0)
        return judged.odd | (
            LOOKS_AT_A_GROUP * a_week * np.exp(-some.change) <= self.shown * (1.0 + SURE)
        )

    def _ask(self, some: GroupState, number: int, row: int, spells: dict[int, list[float]]) -> None:
        """Has the watch of a series say what its latest group says."""
        watch = self._from(some, number, self._allowed[row], self._since[row], spells.get(row, ()))
        try:
            watch.judge_stretches(vars(watch)["_recent"][-1])
        except Exception as error:  # noqa: BLE001 - the others go on, and this one is learned
            self.failed.append((row, error))
            some.figures[number, : len(NO_EVIDENCE)] = NO_EVIDENCE
            return
        self._into(some, number, watch)
        spells[row] = vars(watch)["_spell"]

    def _absorb(self, some: GroupState) -> None:
        """Learns the oldest group of each."""
        group = some.recent[some.every, -some.held.astype(np.int64)]
        of = self.pattern
        fade = 0.5 ** ((group[:, 1] - some.learned_at) / (of.half_life * of.slots))
        some.learned_at[:] = group[:, 1]
        some.learned += 1.0
        some.held -= 1.0
        for held in (some.values, some.information, some.spread_sums):
            np.multiply(held, fade[:, None], out=held)
        self._learn(some, group, group[:, 1].astype(np.int64) % of.period)

    def _fit(self, some: GroupState, h: Floats, where: Mask | None = None) -> None:
        """Level and effects from the sums, as `grouped_watch.shrunk`."""
        h = h[:, None]
        behind = some.information + h
        g = h / behind
        known = (g * some.information).sum(axis=1, keepdims=True)
        level = (g * some.values).sum(axis=1, keepdims=True) / known
        chosen = slice(None) if where is None else where
        some.base[chosen] = level[chosen, 0]
        some.effects[chosen] = ((some.values - some.information * level) / behind)[chosen]
        some.slot_spreads[chosen] = (g * g / known + 1.0 / behind)[chosen]

    def _shared(self, some: GroupState, width: int) -> Floats:
        """The variance that a stretch of each length shares (`GroupedWatch`)."""
        every = 1.0 / some.information.sum(axis=1, keepdims=True)
        own = np.maximum(0.0, some.slot_spreads.mean(axis=1, keepdims=True) - every)
        return np.asarray(every + own / np.minimum(np.arange(1.0, width + 1.0), some.period))

    def _known(self, some: GroupState) -> Floats:
        """How many groups the spread of each is known from."""
        return np.asarray(some.spread_sums[:, 2] + self.pattern.prior_weight)

    def _formed(self, some: GroupState, groups: Floats) -> Floats:
        """Groups that are complete, as they are to be judged and learned."""
        return groups

    def _of_one(
        self, some: GroupState, latest: Floats, stretch: Mask, shift: Floats, variance: Floats
    ) -> Mask:
        """The series whose likeliest change, of that `stretch`, rests on a single case."""
        return np.zeros(len(shift), dtype=bool)

    @abstractmethod
    def expected(self, row: int) -> float | None:
        """What is expected of the next slot of a series; None while learning."""

    @abstractmethod
    def _compared(self, some: GroupState, latest: Floats, within: Mask) -> JudgedGroups:
        """The latest groups and stretches against what was expected; what is not `within` counts
        for nothing."""

    @abstractmethod
    def _learn(self, some: GroupState, group: Floats, slot: Ints) -> None:
        """Takes a group of each into its baseline."""

    # -- one series ------------------------------------------------------------------------------

    def rate(self, row: int) -> float:
        """Nominal false alarms a week of a series at the evidence of its last slot."""
        self._settle(row)
        state, of = self._state, self.pattern
        evidence = max(float(state.surprise[row]), float(state.change[row]) / log(10.0))
        slots = float(state.place[row] - state.begun[row]) + 1.0
        a_week = of.slots * (float(state.groups[row]) + 1.0) / slots
        return float(10.0 ** -(evidence - log10(LOOKS_AT_A_GROUP * a_week)))

    def state(self, row: int) -> str:
        """`learning` until enough groups have been learned, then `ready`."""
        self._settle(row)
        return "learning" if self._state.learned[row] < self.pattern.need else "ready"

    def is_pending(self, row: int) -> bool:
        """Whether cases wait for enough others to be judged with."""
        return bool(self._state.pending[row, 1])

    def middle(self, row: int) -> float | None:
        """Level and effect of the next slot, as they are learned; None while learning."""
        if self.state(row) == "learning":
            return None
        return self._middle(row)

    def _middle(self, row: int) -> float:
        state = self._state
        return float(state.base[row] + state.effects[row, int(state.place[row]) % state.period])

    def watch(self, row: int) -> Watch:
        """A series as a watch of its own, which is not to be changed without a `put`."""
        self._settle(row)
        made = self._made.get(row)
        if made is None:
            made = self._made[row] = self._watch(row)
        return made

    def _watch(self, row: int) -> Watch:
        return self._from(
            self._state, row, self._allowed[row], self._since[row], self._spells.get(row, ())
        )

    def _from(
        self,
        state: GroupState,
        row: int,
        allowed: float,
        since: str | None,
        spell: list[float] | tuple[()],
    ) -> Watch:
        (surprise, change, off, way, onset, level, place, begun, start, groups, learned,
         learned_at, held, base) = state.figures[row, : len(SCALARS)].tolist()  # fmt: skip
        pending = state.pending[row].tolist()
        watch = copy.copy(self.pattern)
        vars(watch).update(
            allowed=allowed,
            _since=since,
            _place=int(place),
            _begun=int(begun),
            _spell=list(spell),
            _from=start,
            _pending=pending if pending[1] else [],
            _recent=state.recent[row, state.recent.shape[1] - int(held) :].tolist(),
            _groups=int(groups),
            _learned=int(learned),
            _learned_at=learned_at,
            _values=state.values[row].tolist(),
            _information=state.information[row].tolist(),
            _spread_sums=state.spread_sums[row].tolist(),
            _base=base,
            _effects=state.effects[row].tolist(),
            _slot_spreads=state.slot_spreads[row].tolist(),
            _surprise=surprise,
            _change=change,
            _off=_UP_OR_DOWN[int(off)],
            _way=_UP_OR_DOWN[int(way)],
            _onset=None if onset < 0 else int(onset),
            _level=None if onset < 0 else level,
            **self._own_of(state.own[row].tolist()),
        )
        vars(watch)["_drift_detected"] = bool(off) and watch.rate <= watch.allowed
        return watch

    def put(self, row: int, watch: Watch) -> None:
        """Goes on with a series as that watch, which `watch` gave, now is."""
        self._settle(row)
        held = vars(watch)
        self._made[row], self._since[row] = watch, held["_since"]
        self._spells.pop(row, None)
        if held["_spell"]:
            self._spells[row] = held["_spell"]
        self._into(self._state, row, watch)

    def _into(self, state: GroupState, row: int, watch: Watch) -> None:
        held = vars(watch)
        recent, onset = held["_recent"], held["_onset"]
        state.figures[row, : len(SCALARS)] = (
            held["_surprise"], held["_change"], _NUMBER[held["_off"]], _NUMBER[held["_way"]],
            -1.0 if onset is None else onset, np.nan if onset is None else held["_level"],
            held["_place"], held["_begun"], held["_from"], held["_groups"], held["_learned"],
            held["_learned_at"], len(recent), held["_base"],
        )  # fmt: skip
        state.spread_sums[row] = held["_spread_sums"]
        state.pending[row] = held["_pending"] or 0.0
        state.values[row], state.information[row] = held["_values"], held["_information"]
        state.effects[row], state.slot_spreads[row] = held["_effects"], held["_slot_spreads"]
        state.own[row] = self._own_in(held)
        if recent:
            state.recent[row, state.recent.shape[1] - len(recent) :] = recent

    def _own_of(self, own: list[float]) -> dict[str, Any]:
        """The attributes that a subclass keeps."""
        return {}

    def _own_in(self, held: Mapping[str, Any]) -> list[float]:
        """What it keeps of them."""
        return []

    # -- what is kept ----------------------------------------------------------------------------

    def number(self, row: int) -> int:
        """The number by which a series is known in what `save` gives next."""
        self._saved.append(row)
        return len(self._saved) - 1

    def save(self) -> dict[str, Any]:
        """The series that were given a number, as plain data that nobody changes afterwards."""
        self.settle()
        rows, self._saved = self._saved, []
        state = self._state.of(np.array(rows, int))
        spells = [(number, self._spells.get(row)) for number, row in enumerate(rows)]
        return {
            "since": [self._since[row] for row in rows],
            "spells": [[number, *spell] for number, spell in spells if spell],
            "recent": packed(state.recent[_waiting(state.held, state.recent.shape[1])]),
            **{name: packed(getattr(state, name)) for name in (*SCALARS, *_ARRAYS)},
        }

    def go_on(self, row: int, number: int) -> None:
        """Has a series go on where the one of that number stood in what `restore` is given."""
        self._then[row] = number

    def restore(self, saved: dict[str, Any]) -> None:
        """Goes on where what was saved stood, in the rows that are to."""
        rows, olds = np.array([*self._then], int), np.array([*self._then.values()], int)
        state = self._new(len(saved["since"]))
        for name in (*SCALARS, *_ARRAYS):
            getattr(state, name)[:] = unpacked(saved[name])
        state.recent[_waiting(state.held, state.recent.shape[1])] = unpacked(saved["recent"])
        self._state.put(rows, state.of(olds))
        spells = {row: spell for row, *spell in saved["spells"]}
        for row, then in self._then.items():
            self._since[row] = saved["since"][then]
            if then in spells:
                self._spells[row] = spells[then]
        self._then.clear()
        self._made.clear()


_ARRAYS = (
    "spread_sums", "pending", "values", "information", "effects", "slot_spreads", "own",
)  # fmt: skip


def _waiting(held: Floats, room: int) -> Mask:
    """Where groups are, among the recent ones."""
    return np.asarray(np.arange(room) >= room - held[:, None])


def _those(some: GroupState, where: Mask) -> list[tuple[GroupState, Ints]]:
    """The rows for which that holds, and their numbers; none where there are none."""
    chosen = np.flatnonzero(where)
    if not len(chosen):
        return []
    return [(some if len(chosen) == len(where) else some.of(chosen), chosen)]
