"""What a checkpoint was written under: what a record means, and what is counted of it.

Where what a record means has changed (a fact, a dimension, a clock, a rule, a list of the force),
its packed form says something else, and the records are read from the log again: `fingerprint`.
Where only what is counted of it has, records are counted again as they are loaded. Of periods that
are sealed the records are gone: what was not counted of them then is not known (`Recount`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

from streams.config.force import Force
from streams.fold.ledger import Uncounted
from streams.fold.panes import Pane
from streams.registry.counting import BIN_SHIFT, SERIES_KEY_MASK, CounterLayout
from streams.registry.histogram import BINS
from streams.registry.kind import Kind


class Counted(msgspec.Struct, array_like=True):
    """What is counted by one clock: of each counter its name, its bits and a digest of how it is
    counted, lowest first; and of each timing the place of its duration and such a digest."""

    counters: list[tuple[str, int, str]]
    timings: list[tuple[int, str]]


def fingerprint(kind: Kind | None, forces: Iterable[Force], form: int) -> str:
    """Changes with what the records of a file mean, and with anything in the force files that could
    change a figure. `form` is the number of the file's form; readings and heartbeats, of which
    nothing is counted, have no kind."""
    said = [f"{form}", "" if kind is None else _digest(_meaning(kind))]
    for force in sorted(forces, key=lambda f: f.id):
        lists = (*force.categories.paths, *force.offences.paths, *force.markers.paths)
        said.append("/".join((force.id, force.fingerprint, *lists)))
    return _digest(said)


def counted(kind: Kind) -> list[Counted]:
    """What is counted, by clock."""
    return [_counted_by(kind, clock) for clock in kind.clocks]


def _counted_by(kind: Kind, clock: str) -> Counted:
    layout, kept = kind.layouts[kind.clocks.index(clock)], kind.kept_durations
    how = {each.name: _digest([kind.counts, each.when]) for each in kind.counters_by(clock)}
    timings = []
    for each in kind.timings_by(clock):
        place = next(n for n, duration in enumerate(kept) if duration.name == each.duration)
        how[each.sum] = how[each.squares] = _digest([kind.counts, each.duration, each.when])
        timings.append((place, how[each.sum]))
    bits = ((name, layout.mask[name].bit_length()) for name in layout.names)
    return Counted([(name, size, how[name]) for name, size in bits], timings)


class Recount:
    """From panes as they were counted under older declarations to those of now."""

    def __init__(self, before: Sequence[Counted], kind: Kind) -> None:
        now = counted(kind)
        self.changed = list(before) != now
        self._clocks = [_ClockRecount(*each) for each in zip(before, now, strict=True)]

    def uncounted(
        self, known: Mapping[tuple[int, str], Uncounted], now: Uncounted
    ) -> dict[tuple[int, str], Uncounted]:
        """Of which counters of now, by clock and name, older panes know nothing: those that were
        `known` to be so, and those that are new `now`."""
        found = {}
        for clock, each in enumerate(self._clocks):
            for name in each.names:
                place = clock, name
                if name in each.unknown:
                    found[place] = now
                elif place in known:
                    found[place] = known[place]
        return found

    def pane(self, clock: int, pane: Pane) -> Pane:
        """A pane with the counters of now, those that it does not know left out."""
        return self._clocks[clock].pane(pane)


class _ClockRecount:
    def __init__(self, before: Counted, now: Counted) -> None:
        self._before, self._now = (
            CounterLayout(*((name, bits) for name, bits, _ in each.counters))
            for each in (before, now)
        )
        known = {(name, how) for name, _, how in before.counters}
        self._kept = [name for name, _, how in now.counters if (name, how) in known]
        self.names = self._now.names
        self.unknown = frozenset(self.names) - set(self._kept)
        self._timings = {place for place, how in now.timings if (place, how) in before.timings}

    def pane(self, pane: Pane) -> Pane:
        found: Pane = {}
        for key, value in pane.items():
            if key > SERIES_KEY_MASK:
                if ((key >> BIN_SHIFT) - 1) // BINS in self._timings:
                    found[key] = value
            else:
                counts = self._parts(value)
                if total := sum(counts[name] << self._now.shift[name] for name in self._kept):
                    found[key] = total
        return found

    def _parts(self, value: int) -> dict[str, int]:
        """The counters in an integer. Of a change some may be below zero: then they have borrowed
        from those above them."""
        found = {}
        for name in self._before.names:
            mask = self._before.mask[name]
            part = value & mask
            if part > mask >> 1:
                part -= mask + 1
            found[name] = part
            value = value - part >> mask.bit_length()
        return found


def _meaning(kind: Kind) -> list[Any]:
    """All that decides what a packed record is."""
    return [
        kind.name, kind.clocks, kind.dimensions, kind.facts, kind.times, kind.rules,
        kind.kept_durations, kind.open, kind.unfinished,
    ]  # fmt: skip


def _digest(declared: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(_plain(declared))).hexdigest()[:16]


def _plain(declared: Any) -> Any:
    """Declarations as plain data; functions by name."""
    if is_dataclass(declared) and not isinstance(declared, type):
        each = {field.name: _plain(getattr(declared, field.name)) for field in fields(declared)}
        return [type(declared).__name__, each]
    if isinstance(declared, Mapping):
        return {str(name): _plain(value) for name, value in declared.items()}
    if isinstance(declared, Callable):  # type: ignore[arg-type]
        return declared.__qualname__
    if isinstance(declared, Sequence) and not isinstance(declared, str):
        return [_plain(each) for each in declared]
    return declared
