"""The registry: the kinds of record that are measured, and all that is declared of them, by name.

`REGISTRY` is the one that everything is made from. Whoever reads declarations takes them from the
registry that it is given, so that another one can stand in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Union

import msgspec

from streams.config.measures import FigureUnit, Polarity
from streams.errors import DeclarationError
from streams.events.schema import EVENT_KINDS, Event, Heartbeat, Record
from streams.registry.aggregates import Count
from streams.registry.calls import CALL
from streams.registry.checks import check, check_place, check_repeats
from streams.registry.crimes import CRIME
from streams.registry.dimensions import Dimension
from streams.registry.incidents import INCIDENT
from streams.registry.indicator import AtEnd, Indicator, Part, by_name
from streams.registry.indicators import INDICATORS
from streams.registry.kind import Kind
from streams.registry.measures import ChosenShare, Gauge, Group, Measure
from streams.registry.repeats import RepeatRule

READING = "reading"
READINGS = {READING: "readings"}
"""Of readings there are no records to be counted, but a feed."""

NAMES = {
    "all": "All",
    "asb": "Anti-social behaviour",
    "damage_arson": "Damage and arson",
    "theft_from_person": "Theft from the person",
    "violence_and_sexual": "Violence, sexual offences",
}
"""Names of categories and offence groups that are written in another way than their id."""

NEAREST = 3
"""Names that a wrong one may stand for: no more are named."""
NONE_OWN: Mapping[str, Indicator] = {}
"""Of a force without indicators of its own."""


class Registry:
    """Some kinds of record, and the indicators that are made of them. Raises `DeclarationError`
    where one names what there is not."""

    def __init__(self, kinds: Iterable[Kind], indicators: Iterable[Indicator] = ()) -> None:
        self.kinds: dict[str, Kind] = {}
        for kind in kinds:
            check(kind)
            self.kinds[kind.name] = kind
        self.groups: tuple[Group, ...] = tuple(
            group for kind in self.kinds.values() for group in kind.groups
        )
        self.dimensions: dict[str, Dimension] = {
            each.name: each for kind in self.kinds.values() for each in kind.dimensions
        }
        """By name; kinds that share a name share what it means."""
        self.structs: dict[str, type[Record | Heartbeat]] = {
            **{kind.name: kind.struct for kind in self.kinds.values()},
            **{name: EVENT_KINDS[name] for name in ("reading", "heartbeat")},
        }
        """By kind of event, counted or not, the struct of its events."""
        self.feeds = {**{kind.name: kind.feed for kind in self.kinds.values()}, **READINGS}
        """By kind of record the name of its feed: in heartbeats, in topics and on the board."""
        self.names = {**NAMES, **self.feeds}
        """Names of kinds, categories and offence groups that are written in another way than their
        id."""
        events: Any = Union[tuple(self.structs.values())]  # noqa: UP007 - as many as there are
        self.decode_line: Callable[[bytes], Event] = msgspec.json.Decoder(events).decode
        """One JSON object to one event; raises what msgspec raises."""
        self.indicators: Mapping[str, Indicator] = by_name(tuple(indicators))
        """Those that have an entry, by name."""
        for indicator in self.indicators.values():
            self._check(indicator)

    def indicator(self, name: str, own: Mapping[str, Indicator] = NONE_OWN) -> Indicator:
        """An indicator by its name, or by the address of a measure (`streams.registry.indicator`);
        `own` are those of a force, by name. Raises `DeclarationError` for what is neither, with
        those whose names, addresses or titles are nearest."""
        found = own.get(name) or self.indicators.get(name)
        if found is None and "." in name:
            part = Part.at(name)
            place = self.find(part.group, part.measure)
            if place is not None:
                of, measured = place[0].title, place[1].title
                title = (of if of == measured else f"{of}: {measured}") + part.in_words
                found = Indicator(part.address, title, (part,))
                self._check(found)
        if found is None:
            near = self._near(name, own)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise DeclarationError(f'"{name}" is no indicator{hint}')
        return found

    def titles(self, own: Mapping[str, Indicator] = NONE_OWN) -> dict[str, str]:
        """By title, in small letters, the names of indicators and the addresses of measures. Of
        several with one title it is an indicator of all forces before one of the force's `own`,
        and these before a measure."""
        titled = [(each.title, each.name) for each in (*self.indicators.values(), *own.values())]
        for group in self.groups:
            titled += [
                (f"{group.title}: {m.title}", f"{group.name}.{m.name}") for m in group.measures
            ]
        return {title.casefold(): name for title, name in reversed(titled)}

    def _near(self, name: str, own: Mapping[str, Indicator]) -> list[str]:
        """The names and addresses that a wrong one may stand for, the nearest first."""
        titles = self.titles(own)
        meant = titles | {_plain(each): each for each in (*titles.values(), *self.indicators, *own)}
        near = get_close_matches(_plain(name.partition("{")[0]), meant, n=2 * NEAREST)
        return list(dict.fromkeys(meant[each] for each in near))[:NEAREST]

    def measures_of(self, indicator: Indicator) -> list[tuple[Part, Group, Measure]]:
        """The parts of an indicator, each with its table and measure."""
        return [(part, *self._measure_of(part, indicator.name)) for part in indicator.parts]

    def kinds_of(self, indicator: Indicator) -> list[str]:
        """The kinds of the records that it is made of."""
        if indicator.repeats is not None:
            return [indicator.repeats.kind]
        if indicator.reported is not None:
            return [READING]
        return list(dict.fromkeys(group.kind for _, group, _ in self.measures_of(indicator)))

    def repeats_of(self, kind: str) -> list[RepeatRule]:
        """The rules of indicators that count the people in the records of a kind."""
        rules = dict.fromkeys(each.repeats for each in self.indicators.values())
        return [rule for rule in rules if rule is not None and rule.kind == kind]

    def shared_part(self, indicator: Indicator, whole: Indicator) -> Indicator:
        """What of an indicator can be a share of another: the parts of the kinds of record that are
        in that as well. Crimed incidents are no part of recorded crime."""
        kinds = set(self.kinds_of(whole))
        parts = tuple(p for p, group, _ in self.measures_of(indicator) if group.kind in kinds)
        if not parts or parts == indicator.parts:
            return indicator
        return replace(indicator, parts=parts)

    def unit_of(self, indicator: Indicator) -> FigureUnit:
        """What its figures are."""
        if indicator.reported is not None:
            return indicator.reported.unit
        return next((m.unit for _, _, m in self.measures_of(indicator)), "count")

    def noun_of(self, indicator: Indicator) -> str:
        """What a count of it counts, as a sentence has it: `offences and crimed incidents`; nothing
        of what is reported."""
        if indicator.repeats is not None:
            return "people"
        groups = (group for _, group, _ in self.measures_of(indicator))
        nouns = dict.fromkeys(each.noun or self.kinds[each.kind].feed for each in groups)
        return " and ".join(nouns)

    def polarity_of(self, indicator: Indicator) -> Polarity:
        """Which direction is good."""
        if indicator.polarity is not None:
            return indicator.polarity
        for _, _, measure in self.measures_of(indicator):
            return measure.polarity
        return "neutral"

    def _measure_of(self, part: Part, name: str) -> tuple[Group, Measure]:
        return self.require(f"indicator {name}", part.group, part.measure)

    def _check(self, indicator: Indicator) -> None:
        """Whether an indicator can be read: each part a measure of periods, of dimensions and
        values that there are, and all of them read in one way."""
        entry = f"indicator {indicator.name}"
        made_of = (indicator.parts, indicator.repeats, indicator.reported)
        if sum(bool(each) for each in made_of) != 1:
            raise DeclarationError(f"{entry}: it has parts, or repeats, or it is reported")
        if (rule := indicator.repeats) is not None:
            check_repeats(entry, self.kinds.get(rule.kind), rule)
        read = set()
        for part, group, measure in self.measures_of(indicator):
            if isinstance(measure.value, Gauge):
                raise DeclarationError(
                    f'{entry}: "{part.address}" holds at a moment, and is no figure of a period'
                )
            chosen = isinstance(measure.value, ChosenShare)
            read.add("Share" if chosen else type(measure.value).__name__)
            check_place(entry, self.kinds[group.kind], part.where)
        if len(read) > 1:
            raise DeclarationError(f"{entry}: {' and '.join(sorted(read))} can't be added up")
        if "Quantile" in read and len(indicator.parts) > 1:
            raise DeclarationError(f"{entry}: quantiles can't be added up")
        if indicator.at_end is not None:
            self._check_at_end(entry, indicator, indicator.at_end)
        others = {"share_of": (indicator.share_of,), "at_age": indicator.at_age}
        for what, names in others.items():
            for name in filter(None, names):
                if name not in self.indicators:
                    raise DeclarationError(f'{entry}: {what} "{name}" is no indicator')

    def _check_at_end(self, entry: str, indicator: Indicator, at_end: AtEnd) -> None:
        for part in (*indicator.parts, at_end.closed, at_end.closed_new):
            group, measure = self._measure_of(part, indicator.name)
            check_place(entry, self.kinds[group.kind], part.where)
            if not isinstance(measure.value, Count) or len(indicator.parts) > 1:
                raise DeclarationError(f"{entry}: what is open at the end is one count")

    def find(self, group: str, measure: str) -> tuple[Group, Measure] | None:
        """A group and its measure by their names; None where there is none of that name."""
        for each in self.groups:
            if each.name == group:
                return next(((each, m) for m in each.measures if m.name == measure), None)
        return None

    def require(self, by: str, group: str, measure: str) -> tuple[Group, Measure]:
        """A group and its measure, for what is made for just this one: `by` says what that is.
        Raises `DeclarationError` where there is none of that name."""
        found = self.find(group, measure)
        if found is None:
            known = sorted(f"{each.name}.{m.name}" for each in self.groups for m in each.measures)
            raise DeclarationError(
                f'{by}: measure "{group}.{measure}" is none of {", ".join(known)}'
            )
        return found

    def narrowed_by(self, row: Mapping[str, str]) -> tuple[str, str] | None:
        """The dimension of a row that says what happened, and its value; None without any."""
        for name, value in row.items():
            if name in self.dimensions and self.dimensions[name].narrows:
                return name, value
        return None

    def measure(self, group: str, measure: str) -> Measure | None:
        """A measure by its names."""
        found = self.find(group, measure)
        return None if found is None else found[1]

    def unit(self, group: str, measure: str) -> FigureUnit:
        """Whether a figure is a count, a share or a duration; what no group has is counted."""
        found = self.measure(group, measure)
        return "count" if found is None else found.unit

    def plain_name(self, path: str) -> str:
        """A kind, category or offence group in words: `road_collision.injury` is Road collision,
        injury."""
        known = self.names.get(path)
        return known or path.replace(".", ", ").replace("_", " ").capitalize()


def _plain(name: str) -> str:
    """A name or title as both are compared."""
    return name.casefold().replace("_", " ")


REGISTRY = Registry((CALL, INCIDENT, CRIME), INDICATORS)

LINKS = (("calls", "incidents"),)
"""Themes that are related: calls, and the incidents that they become a few minutes later."""
