"""What is known to have happened: a TOML file of dated events, beside a history that is replayed.

A backtest holds the alerts that a history raises against it. An analyst writes one by hand; the
scenarios of the simulator write theirs. A file without any event is right: it says that nothing
should be raised.

```toml
[[truth]]
name = "Surge of 999 calls"
force = "warwickshire"
kind = "call"                         # the kind of record: call, incident, crime
measure = "calls.offered"             # of the registry; without it any measure of these records
where = { line = "999" }              # values of dimensions, area among them; others: any value
from = 2026-03-01                     # a day, or a time
to = 2026-04-30                       # its last day, or a time; without it it goes on
direction = "up"
alerts = ["exceptional_volume"]       # kinds of alert that may say it; without it any
within = "36h"                        # the longest delay that counts as found: m, h, d or w
optional = false                      # true: an alert about it is right, and none is right too
```
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from streams.config.schema import Name, Slug
from streams.config.toml import Fault, faults, locate, parse_toml, read_text
from streams.errors import ConfigError, WatchroomError
from streams.periods import DAY, HOUR, MINUTE, YEARS

CURE = "Compare with docs/backtest.md"

Direction = Literal["up", "down"]
UNITS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
"""The units of a length of time, in ms."""
_LENGTH = re.compile(r"(\d{1,6})\s?([mhdw])")
_MEASURE = r"^\w+\.\w+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One thing that happened. `start` and `end` are days, or times; a time without an offset is
    local. A day that begins it counts from its first instant, one that ends it to its last."""

    name: str
    force: str
    kind: str
    """The kind of record in which it shows."""
    measure: str | None = None
    """The measure in which it shows, as `group.measure`; None for any of these records."""
    where: dict[str, str] = field(default_factory=dict)
    """By dimension the value that it is of; a dimension that is not named stands for any value."""
    start: dt.date
    end: dt.date | None = None
    """None where it goes on."""
    direction: Direction
    alerts: tuple[str, ...] = ()
    """The kinds of alert that may say it; none stands for any."""
    within: int
    """The longest time after its start, in ms, at which an alert counts as having found it."""
    optional: bool = False
    """Whether nothing is missed where no alert comes."""

    def span(self, zone: dt.tzinfo) -> tuple[int, int | None]:
        """Its first instant and the first after it, in ms; None where it goes on."""
        until = self.end
        if until is not None and not isinstance(until, dt.datetime):
            until += dt.timedelta(days=1)
        return _instant(self.start, zone), None if until is None else _instant(until, zone)


def _instant(when: dt.date, zone: dt.tzinfo) -> int:
    if not isinstance(when, dt.datetime):
        when = dt.datetime(when.year, when.month, when.day, tzinfo=zone)
    when = when if when.tzinfo is not None else when.replace(tzinfo=zone)
    return round(when.timestamp() * 1000)


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""

    name: Name
    force: Slug
    kind: Slug
    measure: Annotated[str, Meta(pattern=_MEASURE, max_length=80)] | None = None
    where: dict[str, str] = {}
    start: Any = msgspec.field(name="from")
    end: Any = msgspec.field(name="to", default=None)
    direction: Direction
    alerts: list[Slug] = []
    within: str
    optional: bool = False


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    truth: list[_Written] = []


def read_truth(text: str, source: Path | str) -> list[Truth]:
    """The events of a text, in its order; raises the first `ConfigError`, with line, field and
    cure. What only the force and the registry know (areas, measures) is not looked at here."""
    written = parse_toml(text, _File, source, CURE).truth
    for fault in _at_odds(written):
        raise wrong(text, source, fault)
    return [_truth(each) for each in written]


def load_truth(path: Path) -> list[Truth]:
    """The events of a file; raises `ConfigError`, also where it can't be read."""
    return read_truth(read_text(path), path)


def wrong(text: str, source: Path | str, fault: Fault) -> ConfigError:
    """What is wrong with one value of a text, with its line."""
    return ConfigError(
        fault.problem,
        file=source,
        line=locate(text, fault.field),
        field=fault.field,
        cure=fault.cure,
    )


def _at_odds(written: Sequence[_Written]) -> Iterator[Fault]:
    """What is wrong with values of the right form."""
    for number, each in enumerate(written):
        at = f"truth[{number}]"
        for key, when in (("from", each.start), ("to", each.end)):
            if when is not None and not isinstance(when, dt.date):
                problem, cure = f"{when!r} is no day", "Write it without quotes: 2026-03-01"
                yield Fault(f"{at}.{key}", problem, cure)
            elif when is not None and when.year not in YEARS:
                cure = f"Use a year from {YEARS[0]} on"
                yield Fault(f"{at}.{key}", f"{when} is not in our time", cure)
        if length(each.within) is None:
            cure = "Write a number and m, h, d or w: 36h"
            yield Fault(f"{at}.within", f'"{each.within}" is no length of time', cure)
        if any(each.name == other.name and each.force == other.force for other in written[:number]):
            problem = f'"{each.name}" stands twice for {each.force}'
            yield Fault(f"{at}.name", problem, "Give each a name of its own")
        for known in faults(each.where, dict[str, Annotated[str, Meta(min_length=1)]]):
            yield Fault(f"{at}.where.{known.field}", known.problem, "Name a value, or take it out")
    for number, each in enumerate(written):
        start, end = _truth(each).span(dt.UTC)
        if end is not None and end <= start:
            cure = "Swap them; a day that ends it is its last one"
            yield Fault(f"truth[{number}].to", f'"{each.name}" ends before it begins', cure)


def _truth(written: _Written) -> Truth:
    return Truth(
        name=written.name,
        force=written.force,
        kind=written.kind,
        measure=written.measure,
        where=dict(written.where),
        start=written.start,
        end=written.end,
        direction=written.direction,
        alerts=tuple(written.alerts),
        within=length(written.within) or 0,
        optional=written.optional,
    )


def length(text: str) -> int | None:
    """A length of time in ms; None for what is none.

    >>> length("36h") == 36 * HOUR
    True
    """
    found = _LENGTH.fullmatch(text.strip())
    return int(found[1]) * UNITS[found[2]] if found and int(found[1]) else None


def length_text(ms: int) -> str:
    """A length of time in whole minutes as the file has it, in the largest unit that fits.

    >>> length_text(36 * HOUR), length_text(14 * DAY)
    ('36h', '2w')
    """
    unit = max((each for each in UNITS if ms % UNITS[each] == 0), key=UNITS.__getitem__, default="")
    if not unit or ms <= 0:
        raise ValueError(f"{ms} ms are no whole minutes")
    return f"{ms // UNITS[unit]}{unit}"


def truth_text(truths: Iterable[Truth], heading: str = "") -> str:
    """Events as the text of a file, which `read_truth` reads as the same events. `heading` stands
    before them as a comment. Raises `ConfigError` for events that could not be read back."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    for each in truths:
        lines += [*([""] if lines else []), "[[truth]]"]
        lines += [f"{key} = {value}" for key, value in _values(each)]
    text = "\n".join(lines) + "\n" if lines else ""
    read_truth(text, "events that are written")
    return text


def write_truth(path: Path, truths: Iterable[Truth], heading: str = "") -> None:
    """Writes a file of events; raises `WatchroomError` where it can't be written."""
    text = truth_text(truths, heading)
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        why = error.strerror or error
        raise WatchroomError(f"{path} can't be written: {why}. Name another file") from error


def _values(truth: Truth) -> Iterator[tuple[str, str]]:
    """The keys of an event with their values, as TOML; what is left to its default is left out."""
    yield "name", _quoted(truth.name)
    yield "force", _quoted(truth.force)
    yield "kind", _quoted(truth.kind)
    if truth.measure is not None:
        yield "measure", _quoted(truth.measure)
    if truth.where:
        pairs = (f"{_key(name)} = {_quoted(value)}" for name, value in truth.where.items())
        yield "where", f"{{ {', '.join(pairs)} }}"
    yield "from", _when(truth.start)
    if truth.end is not None:
        yield "to", _when(truth.end)
    yield "direction", _quoted(truth.direction)
    if truth.alerts:
        yield "alerts", f"[{', '.join(map(_quoted, truth.alerts))}]"
    yield "within", _quoted(length_text(truth.within))
    if truth.optional:
        yield "optional", "true"


def _when(when: dt.date) -> str:
    """A day or a time; of a zone that has a name its offset then."""
    return when.isoformat()


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else _quoted(name)


def _quoted(text: str) -> str:
    """A basic string of TOML; its escapes are those of JSON."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
