"""What a checkpoint was written under: what a record means, and what is counted of it.

Where what a record means has changed (a fact, a dimension, a clock, a rule, a list of the force),
its packed form says something else, and the records are read from the log again: `fingerprint`.
Where only what is counted of it has, records are counted again as they are loaded. Of periods that
are sealed the records are gone: what was not counted of them then is not known (`Recount`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from streams.config.force import Force
from streams.fold.changes import Flat, counter_in, counter_number, pack, unpacked
from streams.fold.ledger import Uncounted
from streams.fold.panes import Pane
from streams.registry.counting import SERIES_KEY_MASK, CounterLayout, bin_in
from streams.registry.digests import ClockCounters, digest
from streams.registry.kind import Kind


def fingerprint(kind: Kind | None, forces: Iterable[Force], form: int) -> str:
    """Changes with what the records of a file mean, and with anything in the force files that could
    change a figure. `form` is the number of the file's form; readings and heartbeats, of which
    nothing is counted, have no kind."""
    said = [f"{form}", "" if kind is None else kind.meaning]
    for force in sorted(forces, key=lambda f: f.id):
        lists = (*force.categories.paths, *force.offences.paths, *force.markers.paths)
        codes = (f"{code}={offence}" for code, offence in force.offence_codes.items())
        said.append("/".join((force.id, force.fingerprint, *lists, *codes)))
    return digest(*said)


class Recount:
    """From panes as they were counted under older declarations to those of now."""

    def __init__(self, before: Sequence[ClockCounters], kind: Kind) -> None:
        self.changed = tuple(before) != kind.counted
        self._clocks = [_ClockRecount(*each) for each in zip(before, kind.counted, strict=True)]

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

    def changes(self, clock: int, packed: bytes) -> bytes:
        """A stretch of dated changes likewise."""
        return self._clocks[clock].changes(packed)


class _ClockRecount:
    def __init__(self, before: ClockCounters, now: ClockCounters) -> None:
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
                if bin_in(key)[0] in self._timings:
                    found[key] = value
            else:
                counts = parts(self._before, value)
                if total := sum(counts[name] << self._now.shift[name] for name in self._kept):
                    found[key] = total
        return found

    def changes(self, packed: bytes) -> bytes:
        held = unpacked(packed)
        flat: Flat = {}
        for number, part in held.flat.items():
            if number > SERIES_KEY_MASK:
                if bin_in(number)[0] in self._timings:
                    flat[number] = part
            else:
                key, index = counter_in(number)
                name = self._before.names[index]
                if name not in self.unknown and name in self.names:
                    flat[counter_number(key, self._now.names.index(name))] = part
        return pack(held._replace(flat=flat))


def parts(layout: CounterLayout, value: int) -> dict[str, int]:
    """The counters in an integer. Of a change some may be below zero: then they have borrowed from
    those above them."""
    found = {}
    for name in layout.names:
        mask = layout.mask[name]
        part = value & mask
        if part > mask >> 1:
            part -= mask + 1
        found[name] = part
        value = value - part >> mask.bit_length()
    return found
