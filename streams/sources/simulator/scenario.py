"""Scenarios: what is otherwise, from when to when, and what a monitor is to see of it.

A scenario is a TOML file. Its effects change the model; its truth is the file of dated events that
a backtest holds alerts against (`streams.config.truth`), and is written beside the events. The
shipped ones are in `streams/sources/simulator/scenarios/`.

```toml
title = "999 calls rise by 60 % for two months"
forces = ["west-mercia"]
start = 2021-03-01
end = 2021-10-01                      # not simulated any more
seed = 1

[[effects]]
kind = "calls"                        # see streams.sources.simulator.effects
line = "999"
factor = 1.6
from = 2021-07-01                     # a day, or a local time
to = 2021-08-31                       # its last day, or a time

[[truth]]                             # docs/backtest.md; these tables come last
...
```
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from streams.config.force import Force, LocalEvent, find_force
from streams.config.schema import Name, Slug
from streams.config.toml import Fault, locate, parse_toml, read_text
from streams.config.truth import Truth, read_truth
from streams.errors import ConfigError
from streams.sources.simulator.effects import Effect, EffectKind
from streams.sources.simulator.profile import profile_of

FOLDER = resources.files("streams.sources.simulator") / "scenarios"
CURE = "Compare with docs/simulator.md"
Hour = Annotated[int, Meta(ge=0, le=24)]
_TRUTH = "[[truth]]"
_OF: dict[str, tuple[str, ...]] = {
    "calls": ("line", "area"),
    "incidents": ("category", "area"),
    "crimes": ("offence", "area", "series"),
    "markers": ("marker",),
    "response": (),
    "units": (),
    "handlers": (),
    "outage": ("feed", "fallback"),
}
"""Of which things an effect of each kind can be."""
_THINGS = ("line", "area", "category", "offence", "marker", "feed", "series", "fallback")
FEEDS = ("calls", "incidents", "crimes")


class _Effect(Struct, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""

    kind: EffectKind
    start: Any = msgspec.field(name="from")
    end: Any = msgspec.field(name="to")
    factor: Annotated[float, Meta(ge=0, le=1000)] = 1.0
    force: Slug | None = None
    area: Name | None = None
    line: Name | None = None
    category: Name | None = None
    offence: Name | None = None
    marker: Name | None = None
    feed: Name | None = None
    fallback: Annotated[float, Meta(ge=0, le=1)] | None = None
    hours: Annotated[list[Hour], Meta(min_length=2, max_length=2)] | None = None
    series: Slug | None = None


class _File(Struct, kw_only=True, forbid_unknown_fields=True):
    title: Name
    about: str = ""
    forces: Annotated[list[Name], Meta(min_length=1)]
    start: dt.date
    end: dt.date
    seed: int = 1
    handlers: Annotated[float, Meta(ge=0.1, le=5)] = 1.0
    days: list[LocalEvent] = []
    effects: list[_Effect] = []
    truth: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Scenario:
    """A scenario as it was read. `days` are dated events that the force's file is to have, as
    somebody who knows of them would have written them there."""

    name: str
    title: str
    about: str
    forces: tuple[str, ...]
    start: dt.date
    end: dt.date
    seed: int
    handlers: float
    days: tuple[LocalEvent, ...]
    truths: tuple[Truth, ...]
    _effects: tuple[_Effect, ...]

    def of_forces(self, names: Sequence[str]) -> Scenario:
        """The same for other forces: what is true of the only force of the scenario is then true of
        each of them. Raises `ConfigError` for a scenario of several forces."""
        if tuple(names) == self.forces:
            return self
        if len(self.forces) > 1 and set(names) - set(self.forces):
            raise ConfigError(
                f'scenario "{self.name}" is of {", ".join(self.forces)}',
                cure="Name one of these, or leave --force out",
            )
        if len(self.forces) > 1:
            return replace(self, forces=tuple(n for n in self.forces if n in names))
        truths = tuple(replace(each, force=name) for name in names for each in self.truths)
        effects = tuple(msgspec.structs.replace(e, force=None) for e in self._effects)
        return replace(self, forces=tuple(names), truths=truths, _effects=effects)

    def force(self, name: str) -> Force:
        """A force by id or path, as the scenario has its file: with the days that are named."""
        return self.with_days(find_force(name))

    def with_days(self, force: Force) -> Force:
        """A force with the dated events of the scenario, of those areas that it has."""
        if not self.days:
            return force
        file = msgspec.structs.replace(force.file, events=[*force.file.events, *self.days])
        return type(force)(file)

    def effects(self, force: Force) -> list[Effect]:
        """What is otherwise in a force. Raises `ConfigError` for what the force does not have."""
        return [
            _resolved(each, number, force, self.name)
            for number, each in enumerate(self._effects)
            if each.force in (None, force.id)
        ]

    def span(self, force: Force) -> tuple[int, int]:
        """Its first instant and the one after its last, in ms."""
        return _instant(self.start, force), _instant(self.end, force)

    def truths_of(self, force: str) -> list[Truth]:
        """What is true of a force, by id."""
        return [each for each in self.truths if each.force == force]


def read_scenario(text: str, source: Path | str) -> Scenario:
    """A scenario from TOML; raises `ConfigError` with line, field and cure."""
    found = parse_toml(text, _File, source)
    for fault in _at_odds(found):
        raise ConfigError(
            fault.problem,
            file=source,
            line=locate(text, fault.field),
            field=fault.field,
            cure=fault.cure,
        )
    head, mark, tail = text.partition(_TRUTH)
    truths = read_truth("\n" * head.count("\n") + mark + tail, source) if mark else []
    return Scenario(
        Path(source).stem,
        found.title,
        found.about.strip(),
        tuple(found.forces),
        found.start,
        found.end,
        found.seed,
        found.handlers,
        tuple(found.days),
        tuple(truths),
        tuple(found.effects),
    )


def _at_odds(found: _File) -> Iterator[Fault]:
    if found.end <= found.start:
        yield Fault("end", "it ends before it begins", "Swap them")
    for number, each in enumerate(found.effects):
        at = f"effects[{number}]"
        for key, when in (("from", each.start), ("to", each.end)):
            if not isinstance(when, dt.date):
                problem, cure = f"{when!r} is no day", "Write it without quotes: 2021-07-01"
                yield Fault(f"{at}.{key}", problem, cure)
                return
        for thing in _THINGS:
            if getattr(each, thing) is not None and thing not in _OF[each.kind]:
                of = ", ".join(_OF[each.kind]) or "the force as a whole"
                problem = f'an effect on "{each.kind}" has no {thing}'
                yield Fault(f"{at}.{thing}", problem, f"It can be of: {of}")
        if each.kind == "outage" and each.feed not in FEEDS:
            problem = "an outage is of a feed"
            yield Fault(f"{at}.feed", problem, f"Add one of {', '.join(FEEDS)}")
        if _moment(each.start, last=False) >= _moment(each.end, last=True):
            yield Fault(f"{at}.to", "it ends before it begins", "Swap them")


def _moment(when: dt.date, *, last: bool) -> dt.datetime:
    """A local time; a day as its first instant or, where it is the `last`, as that of the next."""
    if isinstance(when, dt.datetime):
        return when.replace(tzinfo=None)
    return dt.datetime.combine(when, dt.time()) + dt.timedelta(days=int(last))


def _instant(when: dt.date, force: Force, *, last: bool = False) -> int:
    return round(_moment(when, last=last).replace(tzinfo=force.zone).timestamp() * 1000)


def _resolved(written: _Effect, number: int, force: Force, name: str) -> Effect:
    """An effect as it is of a force."""
    area = None
    if written.area is not None:
        index = force.area_index.get(written.area.casefold())
        area = force.file.areas[index - 1].id if index else None
    lines = [line.id for line in force.lines]
    crimes = profile_of(force).crimes.a_day
    for thing, value, known in (
        ("area", written.area, area is not None),
        ("line", written.line, written.line in lines),
        ("category", written.category, written.category in force.categories.index),
        ("offence", written.offence, any(_below(o, written.offence) for o in crimes)),
    ):
        if value is not None and not known:
            raise ConfigError(
                f'{force.name} has no {thing} "{value}"',
                file=f"{name}.toml",
                field=f"effects[{number}].{thing}",
                cure=f"See `watchroom force show {force.id}`",
            )
    return Effect(
        kind=written.kind,
        start=_instant(written.start, force),
        end=_instant(written.end, force, last=True),
        factor=written.factor,
        area=area,
        line=written.line,
        category=written.category,
        offence=written.offence,
        marker=written.marker,
        feed=written.feed,
        fallback=written.fallback or 0.0,
        hours=None if written.hours is None else (written.hours[0], written.hours[1]),
        series=written.series,
    )


def _below(path: str, wider: str | None) -> bool:
    return wider is None or path == wider or path.startswith(f"{wider}.")


def shipped_scenarios() -> tuple[str, ...]:
    """The names of those in the package."""
    return tuple(sorted(f.name[:-5] for f in FOLDER.iterdir() if f.name.endswith(".toml")))


def find_scenario(name: str) -> Scenario:
    """A scenario by the name of a shipped one, or by the path of a TOML file."""
    if name in shipped_scenarios():
        return read_scenario((FOLDER / f"{name}.toml").read_text("utf-8"), f"{name}.toml")
    if name.endswith(".toml") or "/" in name:
        return read_scenario(read_text(Path(name)), name)
    raise ConfigError(
        f'there is no scenario "{name}"',
        cure=f"Use one of {', '.join(shipped_scenarios())}, or the path of a TOML file",
    )
