"""Surges as a person writes them: `2022-01-14T19:00/2h x3 rugby`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from streams.config.force import Force
from streams.errors import ConfigError
from streams.outputs.instants import parse_instant
from streams.sources.simulator import Surge

HELP = (
    'More than usual for a while: "2022-01-14T19:00/2h x3" is three times the calls, '
    'then a line, an area or a category of incidents: "... x3 999 rugby". Repeatable.'
)
_SURGE = re.compile(r"(\S+)/(\d+(?:\.\d+)?)(m|h|d)\s+x(\d+(?:\.\d+)?)((?:\s+\S+)*)\s*")
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_FORM = "write 2022-01-14T19:00/2h x3, then a line, an area or a category, if it is of one"


class Where(NamedTuple):
    """What a surge is of; None is everything."""

    area: str | None
    line: str | None
    category: str | None


def surges_of(texts: Sequence[str], forces: Sequence[Force]) -> dict[str, list[Surge]]:
    """The surges of each force; one that names an area, a line or a category is of those forces
    that have it. Raises `ConfigError`."""
    found: dict[str, list[Surge]] = {force.id: [] for force in forces}
    for text in texts:
        read = _SURGE.fullmatch(text.strip())
        if read is None:
            raise ConfigError(f'"{text}" is no surge: {_FORM}')
        words, fitting = read[5].split(), 0
        for force in forces:
            where = _where(force, words)
            if where is not None:
                fitting += 1
                try:
                    start = parse_instant(read[1], force.zone)
                    end = start + round(float(read[2]) * _UNITS[read[3]])
                    found[force.id].append(Surge(start, end, float(read[4]), *where))
                except ValueError as error:
                    raise ConfigError(f'"{text}": {error}') from None
        if not fitting:
            names = ", ".join(force.name for force in forces)
            raise ConfigError(f'"{text}": {" ".join(words)} is not all in {names}; {_FORM}')
    return found


def _where(force: Force, words: Sequence[str]) -> Where | None:
    """What the words name in a force; None where it lacks any of it."""
    area = line = category = None
    for word in words:
        if word in force.line_index and line is None:
            line = word
        elif word.casefold() in force.area_index and area is None:
            area = force.file.areas[force.find_area(word) - 1].id
        elif word in force.categories.index and category is None:
            category = word
        else:
            return None
    return Where(area, line, category)
