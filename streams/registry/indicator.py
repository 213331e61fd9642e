"""Indicators: what a performance report has a line for, a figure by period and area under one name.

An indicator is made of measures: one measure of one row of a table (violence with injury is the
count of crimes of that offence), or several that are added up (robbery of people and of businesses;
offences and crimed incidents with the marker of domestic abuse). Shares and means are added up by
their parts, never averaged.

Every measure of every row is an indicator without an entry, by its address: `crimes.count`,
`crimes.count{offence=violence}`, `calls.service_level{line=999}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from streams.config.measures import Polarity
from streams.errors import DeclarationError
from streams.registry.charting import ChartPolicy
from streams.registry.conditions import ALWAYS, Condition, Is, is_
from streams.registry.repeats import RepeatRule
from streams.registry.reported import ReportedRule

Per = Literal["population", "households"]

_ADDRESS = re.compile(r"(?P<group>\w+)\.(?P<measure>\w+)(?:\{(?P<where>[^{}]*)\})?")


@dataclass(frozen=True)
class Part:
    """A measure of a table, of the series whose dimensions fulfil `where`: any dimension of the
    kind, also one that the table has no rows of; where one is not named, of all of its values
    together."""

    group: str
    measure: str
    where: Condition = ALWAYS

    @property
    def address(self) -> str:
        """As it is written: `crimes.count{offence=violence}`."""
        asked = [part for part in self.where.parts() if isinstance(part, Is)]
        named = ";".join(f"{each.name}={','.join(map(str, each.allowed))}" for each in asked)
        return f"{self.group}.{self.measure}" + (f"{{{named}}}" if named else "")

    @property
    def in_words(self) -> str:
        """What it is narrowed to, after its title: ` (line 999)`; empty where it is not."""
        _, _, where = self.address.rstrip("}").partition("{")
        words = where.replace("=", " ").replace(",", " or ").replace(";", ", ").replace("_", " ")
        return f" ({words})" if words else ""

    @classmethod
    def at(cls, address: str) -> Part:
        """The part at an address; raises `DeclarationError` for what is written in another way."""
        found = _ADDRESS.fullmatch(address.strip())
        if found is None:
            raise DeclarationError(
                f'"{address}" is no address of a measure: write crimes.count or '
                "crimes.count{offence=violence}, several values with a comma between them, several "
                "dimensions with a semicolon"
            )
        where = ALWAYS
        for asked in filter(None, map(str.strip, (found["where"] or "").split(";"))):
            name, sign, values = asked.partition("=")
            listed = [value.strip() for value in values.split(",")]
            if not sign or not all(listed):
                raise DeclarationError(
                    f'"{address}": "{asked}" is no condition: write a dimension, "=" and its values'
                )
            where &= is_(name.strip(), *listed)
        return cls(found["group"], found["measure"], where)


@dataclass(frozen=True)
class AtEnd:
    """What is counted at the end of a period, such as open investigations, of records as they
    stand now. An indicator's `parts` are those of before that are open now; to these come those
    that were `closed` since then, without those that are not of before (`closed_new`)."""

    closed: Part
    closed_new: Part


@dataclass(frozen=True)
class Indicator:
    """A named figure by period and area: the sum of its `parts`, which have one unit, how many
    people there are by a rule of `repeats`, or what is `reported` by another system.

    What has an `at_end` is not what came in a period, but what was open at its end.

    Where figures rise as long as records grow older (outcomes so far), periods of unequal age can't
    be compared: `at_age` names the indicators that are compared instead, that of the greatest age
    first. Such a one is settled `settled_after` so many days after the end of a period, when all
    records of it have had the same time.

    `share_of` is the indicator that it is shown as a share of (a crime type of recorded crime),
    `per` what its rate is taken over: 1,000 people or households. Without a `polarity` of its own
    it has that of its measures; without `charts`, those that are usual for its unit, one a grain.
    `definition` says in a sentence what is counted, `source` who
    publishes it so."""

    name: str
    title: str
    parts: tuple[Part, ...] = ()
    repeats: RepeatRule | None = None
    reported: ReportedRule | None = None
    at_end: AtEnd | None = None
    at_age: tuple[str, ...] = ()
    settled_after: int = 0
    share_of: str = ""
    per: Per | None = None
    polarity: Polarity | None = None
    charts: tuple[ChartPolicy, ...] = ()
    definition: str = ""
    source: str = ""


def by_name(indicators: tuple[Indicator, ...]) -> Mapping[str, Indicator]:
    """Indicators by name; raises `DeclarationError` for two of one name."""
    found: dict[str, Indicator] = {}
    for each in indicators:
        if each.name in found:
            raise DeclarationError(f'two indicators are called "{each.name}"')
        found[each.name] = each
    return found
