"""The truth of a history, checked against its force and the registry, ready to be held against
alerts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from streams.alerts.rules import KINDS
from streams.config.force import WHOLE, Force
from streams.config.toml import Fault, meant, read_text
from streams.config.truth import Truth, read_truth, wrong
from streams.registry.dimensions import ALL, AREA
from streams.registry.registry import REGISTRY


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Something that happened, of a force that is known: `area` is an id, `where` has the other
    dimensions, instants are in ms, and `end` is None where it goes on."""

    truth: Truth
    start: int
    end: int | None
    area: str
    where: dict[str, str]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.truth.name

    @property
    def latest(self) -> int:
        """The last instant at which an alert counts as having found it."""
        return self.start + self.truth.within

    def is_past(self, at: int) -> bool:
        """Whether an instant is after its end, and after the time to find it."""
        return self.end is not None and at >= self.end and at > self.latest

    @property
    def about(self) -> str:
        """In what it shows, in words."""
        what = self.truth.measure or f"any measure of {REGISTRY.feeds[self.truth.kind]}"
        values = [f"{name} {value}" for name, value in self.where.items()]
        place = [] if self.area == WHOLE else [self.area]
        return ", ".join((what, *values, *place, self.truth.direction))


def load_known(path: Path, force: Force) -> tuple[list[Known], int]:
    """The events of a file that are of a force, in the order of their start, and how many are of
    others. Raises `ConfigError` with file, line, field and cure."""
    text = read_text(path)
    truths = read_truth(text, path)
    for number, each in enumerate(truths):
        for fault in _unknown(each, force if each.force == force.id else None):
            at = f"truth[{number}].{fault.field}"
            raise wrong(text, path, fault._replace(field=at))
    own = [known(each, force) for each in truths if each.force == force.id]
    return sorted(own, key=lambda each: each.start), len(truths) - len(own)


def known(truth: Truth, force: Force) -> Known:
    """An event of a force, whose names are right."""
    start, end = truth.span(force.zone)
    where = dict(truth.where)
    area = where.pop(AREA, WHOLE)
    place = 0 if area == WHOLE else force.find_area(area)
    found = force.areas[place]
    return Known(
        truth=truth, start=start, end=end, area=WHOLE if found is None else found.id, where=where
    )


def _unknown(truth: Truth, force: Force | None) -> Iterator[Fault]:
    """The names of an event that the registry or, where it is known, the force does not have."""
    kind = REGISTRY.kinds.get(truth.kind)
    if kind is None:
        problem = f'"{truth.kind}" is no kind of record'
        yield Fault("kind", problem, f"Use one of: {', '.join(REGISTRY.kinds)}")
        return
    dimensions = {each.name: each for each in kind.dimensions}
    if truth.measure is not None:
        found = REGISTRY.find(*truth.measure.split("."))
        if found is None or found[0].kind != kind.name:
            every = [f"{group.name}.{m.name}" for group in kind.groups for m in group.measures]
            problem = f'"{truth.measure}" is no measure of {REGISTRY.feeds[kind.name]}'
            yield Fault("measure", problem, _nearest(truth.measure, every))
            return
        named = (AREA, *found[0].dimensions)
        dimensions = {name: each for name, each in dimensions.items() if name in named}
    for name, value in truth.where.items():
        if name not in dimensions:
            problem = f'"{name}" is no dimension of {truth.measure or kind.name}'
            yield Fault(f"where.{name}", problem, f"Use one of: {', '.join(dimensions)}")
        elif force is not None and not _has(force, dimensions[name].names(force), name, value):
            names = dimensions[name].names(force)
            problem = f'"{value}" is no {name} of {force.name}'
            yield Fault(f"where.{name}", problem, _nearest(value, [each for each in names if each]))
    kinds = [each.name for each in KINDS]
    for number, alert in enumerate(truth.alerts):
        if alert not in kinds:
            problem, cure = f'"{alert}" is no kind of alert', f"Use one of: {', '.join(kinds)}"
            yield Fault(f"alerts[{number}]", problem, cure)


def _has(force: Force, names: Sequence[str], dimension: str, value: str) -> bool:
    if dimension != AREA:
        return value == ALL or value in names
    if value == WHOLE:
        return True
    try:
        return force.find_area(value) > 0
    except KeyError:
        return False


def _nearest(name: str, names: Sequence[str]) -> str:
    """The names that a wrong one may stand for; where none is near, some that there are."""
    near = get_close_matches(name, names, n=3)
    return meant(near) if near else f"Use one of: {', '.join(names[:12])}"
