"""Drafts the file of a force from the events of its exports: its areas, and the lines of calls."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.config.force import WHOLE
from streams.errors import Refused
from streams.events.lenient import read
from streams.events.schema import Call, Event, Incident
from streams.registry.registry import REGISTRY
from streams.sources.draft.draft import clean, quoted
from streams.sources.event_lines import Chunk

MOST_AREAS = 300
"""The most areas of a draft: more are addresses or map squares rather than areas."""
LONGEST = 80
"""Characters of a name."""
NATIONAL = {"999": ("999 emergency calls", 10, 60), "101": ("101 non-emergency calls", 30, 180)}
"""Lines that every British force has: name, target in seconds, and after how many minutes a call
that nothing more is heard of is lost."""
BRITISH = "Europe/London"


class ForceAnswers(NamedTuple):
    """What no export says of a force."""

    id: str
    name: str
    timezone: str
    population: int
    country: str | None


class ForceDraft(NamedTuple):
    """A drafted force file, and what a person has to look at first."""

    toml: str
    doubts: list[str]
    areas: int


def slug(text: str) -> str:
    """The id that a name makes: `St. Oswin's` is `st-oswins`; empty where no letter is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"['’`.]", "", plain.casefold())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def events_in(chunks: Iterable[Chunk]) -> Iterator[Event]:
    """The events of a source; what is none is left out."""
    for chunk in chunks:
        for line in chunk.lines():
            try:
                yield read(line, REGISTRY.decode_line).event
            except Refused:
                continue


def draft_force(answers: ForceAnswers, events: Iterable[Event] = ()) -> ForceDraft:
    """The draft, with the areas and lines of some events."""
    named: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    kinds: set[type[Event]] = set()
    for event in events:
        kinds.add(type(event))
        if area := getattr(event, "area", None):
            named[area] += 1
        if line := getattr(event, "line", None):
            lines[line] += 1
    doubts: list[str] = []
    text = [
        "# Drafted by `watchroom force new`: every line with CHECK is a guess. What else can stand",
        "# here is in docs/forces.md; `watchroom force check FILE` names what is wrong.",
        "",
        f"id = {quoted(answers.id)}",
        f"name = {quoted(answers.name)}",
        f"timezone = {quoted(answers.timezone)}",
        f"population = {answers.population:_}",
    ]
    if answers.country is not None:
        text.append(f"country = {quoted(answers.country)}")
    else:
        example = _country(answers.timezone)
        text.append(f'# country = "{example}"    # CHECK: without it no bank holiday is known')
        doubts.append(
            f"`country`: not given, so no bank holidays are known; give it, as --country {example}"
        )
    if kinds and Call not in kinds:
        text += [
            "",
            "lines = []    # the export has no calls: list [[lines]] once they are fed",
        ]
        doubts.append("`lines`: no call is in the export, so there is none")
        doubts.append("the target of attendance is the national one: set your own")
    else:
        text += _lines(lines)
        doubts.append("the targets of lines and of attendance are the national ones: set your own")
    text += [
        "",
        "[attendance]",
        "targets = [{ since = 2000-01-01, seconds = 1200 }]    # CHECK: emergencies in 20 minutes",
    ]
    text += _tiles(kinds, _ranked(lines))
    areas = _areas(named, doubts)
    for ident, spellings in areas.items():
        name, *others = spellings
        text += ["", "[[areas]]", f"id = {quoted(ident)}", f"name = {quoted(name)}"]
        text.append('kind = "district"')
        if others:
            text.append(f"aliases = {quoted(others)}")
    if areas:
        doubts.append("`areas`: each is a district by itself; `parent` puts one into another")
    return ForceDraft("\n".join(text) + "\n", doubts, len(areas))


def _country(timezone: str) -> str:
    """A country as it is written, near to a time zone."""
    if timezone == BRITISH:
        return "GB-ENG"
    return "US-IL" if timezone.startswith("America/") else "IE"


def _ranked(seen: Counter[str]) -> list[str]:
    """The lines that calls came by, 999 and 101 before others, and of these the busiest first; else
    999 and 101."""
    others = [line for line, _ in seen.most_common() if line not in NATIONAL]
    return [*(line for line in NATIONAL if line in seen), *others] or [*NATIONAL]


def _tiles(kinds: set[type[Event]], lines: list[str]) -> list[str]:
    """The wallboard of a force of which there are calls alone; else it is left to the wallboard's
    own choice, which has no tile of calls for a force without lines."""
    if Call not in kinds or Incident in kinds:
        return []
    tiles = [f"{kind}.{line}" for line in lines[:2] for kind in ("waiting", "in_time")]
    return [
        "",
        "[wallboard]    # the export has no incidents: take this table out once they are fed, too",
        f"tiles = {quoted([*tiles, 'feeds', 'alerts'])}",
    ]


def _lines(seen: Counter[str]) -> list[str]:
    """The tables of the lines."""
    text = []
    for line in _ranked(seen):
        name, seconds, minutes = NATIONAL.get(line, (line, 30, 120))
        text += ["", "[[lines]]", f"id = {quoted(line)}", f"name = {quoted(name)}"]
        target = f"[{{ since = 2000-01-01, seconds = {seconds}, share = 0.9 }}]"
        text.append(f"targets = {target}    # CHECK: 90 % within {seconds} seconds")
        text.append(f"lost_after_minutes = {minutes}")
    return text


def _in_order(ident: str) -> list[tuple[bool, int, str]]:
    """What an id is sorted by: numbers in it by their value, so that 2 comes before 10."""
    parts = re.split(r"(\d+)", ident)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts if part]


def _areas(named: Counter[str], doubts: list[str]) -> dict[str, list[str]]:
    """By id the names of each area, the most frequent first; spellings of one name together."""
    found: dict[str, list[str]] = {}
    folded: set[str] = set()
    for name, _ in named.most_common():
        ident = slug(name)
        if not ident or len(name) > LONGEST or clean(name) != name or name.casefold() in folded:
            continue
        folded.add(name.casefold())
        ident = f"{ident}-area" if ident == WHOLE else ident
        found.setdefault(ident, []).append(name)
    if len(found) <= MOST_AREAS:
        return dict(sorted(found.items(), key=lambda each: _in_order(each[0])))
    doubts.append(
        f"`areas`: {len(found):,} different values are no areas, so none is written; map another "
        "column to `area`"
    )
    return {}
