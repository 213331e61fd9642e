"""What of a force's figures is exported as metrics, by `[metrics]` of its file, or by
`WATCHROOM_METRICS` where that names no tables."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from math import prod

from streams.board.monitor import WINDOWS
from streams.config.force import Force
from streams.errors import ConfigError
from streams.fold.totals import MEASURE
from streams.registry.aggregates import Count, Share
from streams.registry.dimensions import AREA, Dimension
from streams.registry.measures import ChosenShare, Gauge, Group, Measure
from streams.registry.registry import Registry

ALL_WINDOWS = len(WINDOWS) + 2
"""The sliding ones, today and the month."""
KEY = "figures"
"""What the series of figures by name are called beside those of tables."""


VARIABLE = "WATCHROOM_METRICS"
CORE = ("calls", "incidents", "attendance", "crimes")
"""The tables of `WATCHROOM_METRICS=core`: what the room works by, and how much was recorded."""
PRESETS = {"": None, "all": None, "core": CORE}
MOST_WATCHES, CORE_WATCHES = 2_000, 100
"""Watched series of a force that are exported, unless its file says otherwise; and with `core`."""


def preset() -> tuple[str, ...] | None:
    """The tables that the environment chooses, None for all; raises `ConfigError`."""
    named = os.environ.get(VARIABLE, "")
    if named not in PRESETS:
        raise ConfigError(f'{VARIABLE} is "{named}": write core, or all')
    return PRESETS[named]


def own_parts(group: Group, measure: Measure) -> tuple[str, ...]:
    """Which of `numerator` and `denominator` of a ratio need gauges of their own."""
    if measure.unit != "ratio":
        return ()
    if isinstance(measure.value, ChosenShare):
        return ("numerator", "denominator")
    counters = {(m.value.counter,) for m in group.measures if isinstance(m.value, Count)}
    share = measure.value
    if not isinstance(share, Share):
        return ()
    parts = {"numerator": share.top, "denominator": () if share.less else share.bottom}
    return tuple(name for name, summed in parts.items() if summed not in counters)


class Exported:
    """What of a force is exported."""

    def __init__(self, force: Force, registry: Registry) -> None:
        self.force, self.registry, self.settings = force, registry, force.file.metrics
        tables = preset() if self.settings.tables is None else self.settings.tables
        left_out = frozenset(self.settings.left_out)
        self._measures = {
            group.name: frozenset(
                measure.name
                for measure in group.measures
                if (tables is None or group.name in tables)
                and left_out.isdisjoint({group.name, f"{group.name}.{measure.name}"})
            )
            for group in registry.groups
        }

    def measures(self, group: Group) -> frozenset[str]:
        """The names of the measures of a table that are exported."""
        return self._measures[group.name]

    @property
    def most_watches(self) -> int:
        """How many of the series that detectors watch are exported at most."""
        if self.settings.most_watches is not None:
            return self.settings.most_watches
        return MOST_WATCHES if preset() is None else CORE_WATCHES

    def most(self) -> dict[str, int]:
        """By table how many series there can be at most; those that are not exported left out. That
        of figures by name is under `KEY`."""
        found = {group.name: self._most_of(group) for group in self.registry.groups}
        places = len(self.force.areas)
        found[KEY] = len(self.settings.figures) * len(self.settings.periods) * 2 * places
        return {name: number for name, number in found.items() if number}

    def _most_of(self, group: Group) -> int:
        wanted = [each for each in group.measures if each.name in self.measures(group)]
        if not wanted:
            return 0
        kind = self.registry.kinds[group.kind]
        of = [kind.dimension(name) for name in (*group.dimensions, AREA)]
        sizes = [_size(each, self.force) for each in of]
        narrow = [
            1 if each.summed and each.name != AREA else size
            for each, size in zip(of, sizes, strict=True)
        ]
        every, plain = prod(sizes), 0 if group.wide else prod(narrow)
        rows = plain * ALL_WINDOWS + (every - plain) * len(self.settings.windows)
        flows = sum(
            1 + len(own_parts(group, each)) for each in wanted if not isinstance(each.value, Gauge)
        )
        gauges = sum(isinstance(each.value, Gauge) for each in wanted)
        flows += group.name == MEASURE  # where its figures come from
        return min(rows, self.settings.most_rows) * flows + every * gauges

    def left_out(self) -> list[str]:
        """The tables that are not exported, and of the others the measures that are not."""
        found = []
        for group in self.registry.groups:
            names = [each.name for each in group.measures]
            missing = [each for each in names if each not in self.measures(group)]
            if len(missing) == len(names):
                found.append(group.name)
            else:
                found += [f"{group.name}.{each}" for each in missing]
        return found


def in_words(every: Iterable[Exported]) -> str:
    """How many series some forces have at most, and what is left out."""
    most, less = Counter[str](), dict[str, None]()
    for each in every:
        most.update(each.most())
        less.update(dict.fromkeys(each.left_out()))
    tables = ", ".join(f"{name} {number:,}" for name, number in most.most_common())
    said = f"Metrics: at most {most.total():,} series of figures" + (tables and f" ({tables})")
    return f"{said}; left out: {', '.join(less)}" if less else said


def _size(dimension: Dimension, force: Force) -> int:
    """How many values its rows have."""
    number = len(dimension.names(force))
    return len({value for index in range(number) for value in dimension.rows(force, index)})
