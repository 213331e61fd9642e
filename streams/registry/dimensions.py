"""Dimensions: what tells the series of a kind apart, each value by its index in the force's lists.

A *series key* is the integer of all indices of a series, the dimension that is declared last in the
lowest bits. A dimension knows how many bits its index takes, which index a value of an event has,
the name of an index, and the rows that it counts in: an area counts in itself, the areas above it
and the force; a category in itself, those above it, and all of them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import lshift
from typing import Any, ClassVar

from streams.config.force import Force, Vocabulary
from streams.errors import Refused
from streams.events.unknown_values import shown
from streams.registry.conditions import Is, Question
from streams.registry.facts import FieldFact, Note, one_of

ALL = "all"
"""The value of a dimension that stands for all of its values together."""


UNKNOWN_LINE = "unknown_line"
"""Why a call is refused whose line the force has not."""

AREA = "area"
"""The dimension that every kind has: each row of a table is of an area."""


@dataclass(frozen=True)
class Dimension(FieldFact):
    """A field of an event by which series are told apart; `bits` bound its index, which is its
    value in a tuple of facts."""

    answers = (Is,)
    summed: ClassVar[bool] = True
    """Whether there are rows of all its values together (`ALL`)."""
    narrows: ClassVar[bool] = False
    """Whether its values say what happened (a category, an offence), so that a rise of one explains
    that of all together: an alert of the whole names the value that holds most of it."""
    bits: int = 12

    def put(self, force: Force, question: Question, value: str) -> str:
        """Whether it is one of some."""
        return one_of(self.names(force), question, value)

    def names(self, force: Force) -> Sequence[str]:
        """The name of every index."""
        raise NotImplementedError

    def name_at(self, force: Force, index: int) -> str:
        """The name of one index."""
        return self.names(force)[index]

    def name_of(self, force: Force, index: int) -> str | None:
        """The name under which an index is stored; None for what has none."""
        return self.names(force)[index]

    def find(self, force: Force, name: str | None) -> int | None:
        """The index under which a stored name counts now; None where it no longer can."""
        raise NotImplementedError

    def rows(self, force: Force, index: int) -> tuple[str, ...]:
        """The values of the rows that an index counts in."""
        raise NotImplementedError

    def coarser(self, force: Force, index: int) -> tuple[int, ...]:
        """The indices that leave open whether a record is of this one."""
        return ()

    def watched(self, force: Force) -> tuple[str, ...]:
        """The values of the rows that detectors watch."""
        return (ALL,)

    def standing(self, force: Force) -> tuple[str, ...]:
        """The values of the rows that are shown even when nothing happened."""
        return (ALL,)

    def name_in_words(self, force: Force, value: str) -> str | None:
        """A value as a sentence names it; None where the words of its id do."""
        return None

    def brief(self, value: str) -> str | None:
        """The same as short as it can be said."""
        return None


@dataclass(frozen=True)
class Lines(Dimension):
    """The telephone lines of a force. A call has one of them, or it is refused: on which line it
    came decides what it is."""

    summed = False
    says = "a telephone line of the force"
    name: str = "line"
    bits: int = 6

    def value(self, force: Force, raw: Any, note: Note) -> int:
        """The line's; raises `Refused` for none and for an unknown one."""
        if raw is None:
            raise missing_field(self.name)
        found = force.line_index.get(raw)
        if found is None:
            known = ", ".join(force.line_index)
            detail = f'"{raw}" is no line of {force.name}, which has {known}'
            raise Refused(UNKNOWN_LINE, detail)
        return found

    def knows(self, force: Force, raw: Any) -> bool:
        """Every line that is taken is one of the force."""
        return True

    def names(self, force: Force) -> Sequence[str]:
        """The ids of the lines."""
        return tuple(line.id for line in force.lines)

    def name_at(self, force: Force, index: int) -> str:
        """Without making all of them."""
        return force.lines[index].id

    def find(self, force: Force, name: str | None) -> int | None:
        """The line's; None for one that the force no longer has."""
        return force.line_index.get(name or "")

    def rows(self, force: Force, index: int) -> tuple[str, ...]:
        """Lines are never summed: each has a target of its own."""
        return (force.lines[index].id,)

    def watched(self, force: Force) -> tuple[str, ...]:
        """Every line."""
        return tuple(line.id for line in force.lines)

    def standing(self, force: Force) -> tuple[str, ...]:
        """Every line."""
        return self.watched(force)

    def name_in_words(self, force: Force, value: str) -> str:
        """By its name in the force's file, as calls: `999 calls`."""
        named = force.lines[force.line_index[value]].name
        return named if "call" in named.casefold() else f"{named} calls"

    def brief(self, value: str) -> str:
        """By its number, which everyone knows it by."""
        return f"{value} calls"


@dataclass(frozen=True)
class Areas(Dimension):
    """The areas of a force, as a tree; index 0 is the force without a known area."""

    summed = False
    says = "an area of the force, which may lie within another"
    name: str = AREA

    def value(self, force: Force, raw: Any, note: Note) -> int:
        """The area's; 0, the force alone, for none and for an unknown one."""
        try:
            return force.find_area(raw)
        except KeyError:
            note(self.name, shown(raw))
            return 0

    def dates(self, force: Force) -> Sequence[int]:
        """When areas open and close."""
        return force.area_dates

    def value_then(self, force: Force, raw: Any, note: Note, when: int) -> int:
        """The area's at its time; 0 for one that was not there then."""
        index = self.value(force, raw, note)
        found = force.area_then(index, when)
        if found is None:
            note(self.name, f"{shown(raw)} ({force.why_not_then(index, when)})")
        return found or 0

    def knows_then(self, force: Force, raw: Any, when: int) -> bool:
        """Whether it is none, or one that was there then."""
        return self.knows(force, raw) and (
            raw is None or force.area_then(force.area_index[raw], when) is not None
        )

    def knows(self, force: Force, raw: Any) -> bool:
        """Whether it is an id, name or alias as it is listed, or none."""
        return raw is None or raw in force.area_index

    def names(self, force: Force) -> Sequence[str]:
        """The ids of the areas; the force's own word for the whole comes first."""
        return tuple(chain[0] for chain in force.rollup)

    def name_at(self, force: Force, index: int) -> str:
        """Without making all of them: it is asked for each new tuple of facts."""
        return force.rollup[index][0]

    def name_of(self, force: Force, index: int) -> str | None:
        """The id of the area; None for none."""
        area = force.areas[index]
        return None if area is None else area.id

    def find(self, force: Force, name: str | None) -> int | None:
        """The area's; that of the force as a whole for one that is gone."""
        return force.area_index.get(name or "", 0)

    def rows(self, force: Force, index: int) -> tuple[str, ...]:
        """The area, those above it, the force."""
        return force.rollup[index]

    def standing(self, force: Force) -> tuple[str, ...]:
        """The force as a whole."""
        return self.rows(force, 0)


@dataclass(frozen=True)
class Categories(Dimension):
    """A tree of dotted categories of the force, `vocabulary`; index 0 is `other`.

    `code` is a field of the event with a published code, of which `codes` says the category,
    whatever its case and blanks: it counts where the event names no category, or one that the
    code's lies within."""

    narrows = True
    says = "a dotted name of the force's list, which may lie within another"
    vocabulary: Callable[[Force], Vocabulary] = field(kw_only=True)
    code: str = field(default="", kw_only=True)
    codes: Callable[[Force], Mapping[str, str]] | None = field(default=None, kw_only=True)
    together: Callable[[], Mapping[str, Sequence[str]]] = field(default=dict, kw_only=True)
    """By category that leaves open which of some others it is, these."""

    @property
    def read(self) -> tuple[str, ...]:
        """Its own, and that of the code."""
        return (self.name, self.code) if self.code and self.codes is not None else (self.name,)

    def refined(self, force: Force, event: Any, raw: Any) -> Any:
        """The category that the event's code says, where that is the finer one."""
        code = getattr(event, self.code) if self.code and self.codes is not None else None
        if code is None or self.codes is None:
            return raw
        found = self.codes(force).get("".join(code.split()).upper())
        return found if found and (raw is None or found.startswith(f"{raw}.")) else raw

    def value(self, force: Force, raw: Any, note: Note) -> int:
        """The category's own, or that of its nearest listed ancestor; that of `other` where none is
        listed, which is noted."""
        if raw is None:
            raise missing_field(self.name)
        found = self.vocabulary(force).resolve(raw)
        if found == 0 and raw != Vocabulary.OTHER:
            note(self.name, shown(raw))
        return found

    def knows(self, force: Force, raw: Any) -> bool:
        """Whether it is listed."""
        return raw in self.vocabulary(force).index

    def names(self, force: Force) -> Sequence[str]:
        """The listed categories and all above them."""
        return self.vocabulary(force).paths

    def find(self, force: Force, name: str | None) -> int | None:
        """The category's, or that of its nearest ancestor."""
        return self.vocabulary(force).resolve(name or Vocabulary.OTHER)

    def rows(self, force: Force, index: int) -> tuple[str, ...]:
        """All together, and the category below each that it lies within."""
        return (ALL, *self.vocabulary(force).ancestors(index))

    def coarser(self, force: Force, index: int) -> tuple[int, ...]:
        """Those of all categories that it lies within: a record may say no more than `burglary`."""
        vocabulary = self.vocabulary(force)
        chain = vocabulary.ancestors(index)
        joint = [wide for wide, of in self.together().items() if not {*of}.isdisjoint(chain)]
        wider = (*chain[:-1], *joint)
        return tuple(vocabulary.index[each] for each in wider if each in vocabulary.index)

    def watched(self, force: Force) -> tuple[str, ...]:
        """All together, and the widest."""
        return (ALL, *(path for path in self.names(force) if "." not in path))


@dataclass(frozen=True)
class Choice(Dimension):
    """One of a fixed list of words, `values`, of which the first stands for none."""

    values: tuple[str, ...] = ()
    headings: tuple[tuple[str, str], ...] = ()
    """Those that have a column of their own in a narrow table, the most urgent first, and its
    heading."""

    def listed_values(self) -> Sequence[Any] | None:
        """The words."""
        return self.values

    def value(self, force: Force, raw: Any, note: Note) -> int:
        """The word's place in the list."""
        return 0 if raw is None else self.values.index(raw)

    def knows(self, force: Force, raw: Any) -> bool:
        """Every event has one of them."""
        return True

    def names(self, force: Force) -> Sequence[str]:
        """The words."""
        return self.values

    def find(self, force: Force, name: str | None) -> int | None:
        """The word's place in the list."""
        return self.values.index(name or self.values[0])

    def coarser(self, force: Force, index: int) -> tuple[int, ...]:
        """That of none, for any other."""
        return (0,) if index else ()

    def rows(self, force: Force, index: int) -> tuple[str, ...]:
        """All together, and the word itself."""
        return (ALL, self.values[index])


class SeriesLayout:
    """The series keys of a kind: the indices of its dimensions in one integer."""

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        self.dimensions = tuple(dimensions)
        shifts, at = [], 0
        for dimension in reversed(self.dimensions):
            shifts.append(at)
            at += dimension.bits
        self.bits = at
        self._shifts = shifts[::-1]
        self._places = [
            (shift, (1 << dimension.bits) - 1)
            for shift, dimension in zip(self._shifts, self.dimensions, strict=True)
        ]

    def of(self, *indices: int) -> int:
        """The series key of an index of each dimension, in the order in which they are declared."""
        return sum(map(lshift, indices, self._shifts))

    def split(self, series_key: int) -> tuple[int, ...]:
        """The index of each dimension."""
        return tuple([(series_key >> shift) & mask for shift, mask in self._places])


def known_area(force: Force, name: str | None) -> int:
    """The index of the area that a reported figure is of; raises `Refused` for an unknown one,
    since it would be of nothing. A record counts for the force all the same: see `Areas`."""
    try:
        return force.find_area(name)
    except KeyError:
        raise Refused("unknown_area", f'"{name}" is no area of {force.name}') from None


def missing_field(field: str) -> Refused:
    """The refusal of a record that lacks a field which only a tombstone may lack."""
    return Refused("missing_field", f"{field} is missing (only a deleted record may lack it)")
