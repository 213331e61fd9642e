"""The lists of a force: every line, category, grade, offence, marker and area that an event may
name, what it is called, which spellings stand for it, and what is watched of it.

They follow from the force's file and from the registry of measures: the dimensions and markers of
each kind of record. What is watched is what `streams.surveillance.series` lists for the force as a
whole (for an area: of that area), and what the kinds of alert name that are judged without
detectors (`AlertKind.figures`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import get_args

import msgspec

from streams.alerts.rules import KINDS
from streams.config.force import WHOLE, Force
from streams.errors import QueryError
from streams.outputs.reference.watched_measures import in_order, signal_kinds
from streams.registry.conditions import Is
from streams.registry.dimensions import ALL, AREA, Areas, Categories, Choice, Dimension
from streams.registry.facts import Marks
from streams.registry.markers import MARKERS
from streams.registry.measures import ChosenShare, Group, Measure
from streams.registry.registry import REGISTRY
from streams.sources.mapping.model import Mapping as MappingFile
from streams.sources.police_uk import ASB, OFFENCES
from streams.surveillance.series import WatchedSeries, watch_list
from streams.surveillance.signals import Grain

MARKER = "marker"
"""What the list of markers is called; those of dimensions have the dimension's name."""
PUBLISHED = "data.police.uk"
CODES = "Home Office"
NEAREST = 3


class Spelling(msgspec.Struct, frozen=True):
    """What else stands for an entry, and whose word it is: an alias of the force's file, a code of
    the Home Office, a crime type of data.police.uk, or a word of a mapping."""

    text: str
    of: str


class WatchedMeasure(msgspec.Struct, frozen=True):
    """A measure that is watched, by its address, and by which periods: hour, day, month; none of
    one that is judged as it happens."""

    measure: str
    periods: list[str]


class ListEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a list."""

    list_name: str = msgspec.field(name="list")
    """`line`, `category`, `grade`, `offence`, `marker` or `area`."""
    code: str
    """As an event names it."""
    within: str | None
    """The code of the entry that it lies within; None for the widest."""
    depth: int
    """How many entries it lies within."""
    words: str
    spellings: list[Spelling]
    watched: list[WatchedMeasure]
    """What is watched of it by itself."""
    watched_as: str | None
    """Where nothing is: the nearest entry above it of which something is."""
    alerts: list[str]
    """The kinds of alert that watch it, or what it is watched as."""


def list_names() -> tuple[str, ...]:
    """The lists that there are."""
    return (*REGISTRY.dimensions, MARKER)


def entries(
    force: Force,
    lists: Sequence[str] = (),
    within: str | None = None,
    mappings: Sequence[MappingFile] = (),
) -> list[ListEntry]:
    """The entries of some lists of a force (by default of all but its areas), each below the one
    that it lies within; with `within` one entry and what lies within it. The words of `mappings`
    stand among the spellings. Raises `QueryError` for a `within` that is no code, name or
    spelling."""
    wanted = lists or tuple(name for name in list_names() if name != AREA)
    found = [each for name in wanted for each in _list(force, name, mappings)]
    if within is None:
        return found
    named = within.casefold()
    roots = [
        each
        for each in found
        if named
        in {text.casefold() for text in (each.code, each.words, *(s.text for s in each.spellings))}
    ]
    if not roots:
        codes = list(dict.fromkeys(each.code for each in found))
        near = get_close_matches(named, codes, n=NEAREST) or [
            code for code in codes if named in code
        ]
        listed = (
            f"did you mean {' or '.join(near[:NEAREST])}?" if near else "see it without --within"
        )
        raise QueryError(f'"{within}" is in no {_either(wanted)} list of {force.name}; {listed}')
    held = {(each.list_name, each.code) for each in roots}
    for each in found:  # each stands after the one that it lies within
        if (each.list_name, each.within) in held:
            held.add((each.list_name, each.code))
    return [each for each in found if (each.list_name, each.code) in held]


def _either(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _list(force: Force, name: str, mappings: Sequence[MappingFile]) -> Iterator[ListEntry]:
    """The entries of one list, in the order of a tree."""
    if name == MARKER:
        yield from _markers(force, mappings)
        return
    kind = next(k for k in REGISTRY.kinds.values() if any(d.name == name for d in k.dimensions))
    dimension = kind.dimension(name)
    words = _mapped_words(mappings, name)
    watched = {code: _watched(force, dimension, code) for code in _codes(force, dimension)}
    chains = {code: _above(force, dimension, code) for code in watched}
    for code in sorted(watched, key=lambda code: _order(force, dimension, chains[code], code)):
        above = chains[code]
        nearest = next((each for each in reversed((*above, code)) if watched[each][0]), None)
        measures, alerts = watched[code]
        yield ListEntry(
            list_name=name,
            code=code,
            within=above[-1] if above else None,
            depth=len(above),
            words=_words(force, dimension, code, above),
            spellings=[*_spellings(force, dimension, code), *words.get(code, ())],
            watched=measures,
            watched_as=None if nearest in (None, code) else nearest,
            alerts=alerts if nearest in (None, code) else watched[nearest][1],
        )


def _codes(force: Force, dimension: Dimension) -> list[str]:
    """The codes of a dimension; of a choice without the one that stands for none."""
    if isinstance(dimension, Choice):
        return list(dimension.values[1:])
    return [code for code in dict.fromkeys(dimension.names(force)) if code != WHOLE]


def _above(force: Force, dimension: Dimension, code: str) -> tuple[str, ...]:
    """The codes that one lies within, widest first."""
    if isinstance(dimension, Categories):
        vocabulary = dimension.vocabulary(force)
        return vocabulary.ancestors(vocabulary.index[code])[:-1]
    if isinstance(dimension, Areas):
        parents = {area.id: area.parent for area in force.areas if area is not None}
        found: list[str] = []
        at = parents[code]
        while at is not None:
            found.insert(0, at)
            at = parents[at]
        return tuple(found)
    return ()


def _order(
    force: Force, dimension: Dimension, above: tuple[str, ...], code: str
) -> tuple[int | str, ...]:
    """What an entry is sorted by: each below the one that it lies within; lines, grades and areas
    as they are listed, categories by code, `other` last."""
    place = {each: n for n, each in enumerate(_codes(force, dimension))}
    if isinstance(dimension, Categories):
        return (code == "other", *above, code)
    return tuple(place[each] for each in (*above, code))


def _words(force: Force, dimension: Dimension, code: str, above: Sequence[str]) -> str:
    """What an entry is called: `Damage and arson, arson`."""
    if isinstance(dimension, Areas):
        area = force.areas[force.area_index[code]]
        return code if area is None else area.name
    return dimension.name_in_words(force, code) or _path_words(code, above)


def _path_words(code: str, above: Sequence[str]) -> str:
    """A dotted code by the name of its widest part and the words of the others."""
    if not above:
        return REGISTRY.plain_name(code)
    narrower = code.removeprefix(f"{above[0]}.")
    return f"{REGISTRY.plain_name(above[0])}, {REGISTRY.plain_name(narrower).lower()}"


def _spellings(force: Force, dimension: Dimension, code: str) -> Iterator[Spelling]:
    """What else stands for an entry, by the force's file and by published lists."""
    if isinstance(dimension, Areas):
        area = force.areas[force.area_index[code]]
        if area is not None:
            former = (each.name for each in area.former_names)
            for text in dict.fromkeys((*area.aliases, *former)):
                yield Spelling(text, "alias")
    if isinstance(dimension, Categories):
        if dimension.codes is not None:
            for text, offence in dimension.codes(force).items():
                if offence == code:
                    yield Spelling(text, CODES)
        published = OFFENCES if dimension.name == "offence" else {ASB: "asb"}
        for text, category in published.items():
            if category == code:
                yield Spelling(text, PUBLISHED)


def _mapped_words(mappings: Sequence[MappingFile], field: str) -> dict[str, list[Spelling]]:
    """By code the words that mappings say stand for it."""
    found: dict[str, list[Spelling]] = {}
    for mapping in mappings:
        rule = mapping.fields.get(field)
        for text, code in ((rule and rule.values) or {}).items():
            found.setdefault(str(code), []).append(Spelling(text, "mapping"))
    return found


def _markers(force: Force, mappings: Sequence[MappingFile]) -> Iterator[ListEntry]:
    """The markers, of crimes and of incidents alike: what is counted with one has no watch."""
    marks = next(
        fact for kind in REGISTRY.kinds.values() for fact in kind.columns if isinstance(fact, Marks)
    )
    words = _mapped_words(mappings, marks.name)
    titles = {each.marker: each.title for each in MARKERS}
    paths = marks.listed(force).paths
    for code in paths:
        above = [each for each in paths if code.startswith(f"{each}.")]
        yield ListEntry(
            list_name=MARKER,
            code=code,
            within=above[-1] if above else None,
            depth=len(above),
            words=titles.get(code) or _path_words(code, above),
            spellings=list(words.get(code, ())),
            watched=[],
            watched_as=None,
            alerts=[],
        )


def _watched(
    force: Force, dimension: Dimension, code: str
) -> tuple[list[WatchedMeasure], list[str]]:
    """The measures that are watched of one entry by itself, and the kinds of alert that do so."""
    found: dict[str, list[str]] = {}
    alerts: set[str] = set()
    kinds = [k for k in REGISTRY.kinds.values() if dimension.name in {d.name for d in k.dimensions}]
    for each, grain in ((k, grain) for k in kinds for grain in get_args(Grain)):
        for series in watch_list(force, each, grain):
            if _is_of(series, dimension, code):
                address = f"{series.group.name}.{series.measure.name}"
                grains = found.setdefault(address, [])
                if grain not in grains:
                    grains.append(grain)
                alerts |= signal_kinds(series.group, series.measure)
    for alert, group, measure in _judged_without(dimension):
        if _admits(group, dimension, code) and _has_target(force, measure, dimension, code):
            found.setdefault(f"{group.name}.{measure.name}", [])
            alerts.add(alert)
    named = [WatchedMeasure(address, grains) for address, grains in found.items()]
    return named, in_order(alerts)


def _is_of(series: WatchedSeries, dimension: Dimension, code: str) -> bool:
    """Whether a series is of one entry, and of nothing narrower."""
    row = dict(series.row)
    here = series.area if dimension.name == AREA else row.pop(dimension.name, None)
    if any(value != ALL and REGISTRY.dimensions[name].summed for name, value in row.items()):
        return False
    if dimension.name == AREA:
        return here == code
    if series.area != WHOLE:
        return False
    return here == code if here is not None else _admits(series.group, dimension, code)


def _admits(group: Group, dimension: Dimension, code: str) -> bool:
    """Whether the rows of a table are of one entry: each has a row of its own, or only series of it
    are in the table."""
    if dimension.name in group.dimensions:
        return True
    asked = [p for p in group.where.parts() if isinstance(p, Is) and p.name == dimension.name]
    return bool(asked) and all(part.admits(code) for part in asked)


def _judged_without(dimension: Dimension) -> Iterator[tuple[str, Group, Measure]]:
    """The measures by which kinds of alert are judged as things happen, without detectors."""
    for kind in KINDS:
        for figure in kind.figures if dimension.name != AREA else ():
            yield kind.name, *REGISTRY.require(f"alert {kind.name}", *figure)


def _has_target(force: Force, measure: Measure, dimension: Dimension, code: str) -> bool:
    """Whether there is anything to miss: a share is held to a target that the entry may lack."""
    if not isinstance(measure.value, ChosenShare):
        return True
    steps = measure.value.targets(force, {dimension.name: code})
    return any(target.share is not None for target in steps)
