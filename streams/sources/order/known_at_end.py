"""Which facts of a finished export are known from its end alone.

An export has one row a record, as it was at the end. Unfolded (`streams.sources.order.unfold`), its
times come one by one, with what they bring; all else of it (category, area, markers) stands in
every version as it was at the end, so that a replay knows it before anybody did.
"""

from __future__ import annotations

from msgspec.structs import fields

from streams.events.schema import Record, Versioned
from streams.registry import phrases
from streams.registry.registry import REGISTRY
from streams.sources.order.unfold import BRINGS, UNFOLDED

NOT_FACTS = {*Record.__struct_fields__, "units", "entered_at"}
"""What says which record and version it is, and what has times of its own."""


class KnownAtEnd:
    """Notes the rows that are unfolded, and says which of their facts had no time."""

    def __init__(self) -> None:
        self._asked: dict[type[Versioned], dict[str, tuple[str, ...]]] = {}
        """By kind the facts that no row has had yet without its time, each with the times that
        would bring it."""
        self._found: dict[type[Versioned], list[str]] = {}
        self._plain: dict[tuple[type[Versioned], str], tuple[object, ...]] = {}
        """By kind and field the values of one that a row does not give."""

    def note(self, event: Versioned) -> None:
        """Takes a row of a finished export."""
        kind = type(event)
        asked = self._asked.get(kind)
        if asked is None:
            asked = self._asked[kind] = _untimed(kind)
            self._found[kind] = []
            for field in fields(kind):
                self._plain[kind, field.name] = (None, (), field.default)
        given = [name for name in asked if getattr(event, name) not in self._plain[kind, name]]
        for name in given:
            if all(getattr(event, each) is None for each in asked[name]):
                del asked[name]
                self._found[kind].append(name)

    def in_words(self) -> list[str]:
        """A sentence for each kind of record of which rows were unfolded."""
        made = []
        for kind, found in self._found.items():
            names = [name for name in kind.__struct_fields__ if name in found]
            feed = REGISTRY.feeds[str(kind.__struct_config__.tag)]
            if names:
                no_time = (
                    "has no time of its own" if len(names) == 1 else ("have no times of their own")
                )
                made.append(
                    f"Rows of {feed} are as they were at their end: {phrases.listed(names)} "
                    f"{no_time}, and so stand in them from the beginning, which may be sooner than "
                    "anybody knew."
                )
        return made


def _untimed(kind: type[Versioned]) -> dict[str, tuple[str, ...]]:
    """The facts of a kind, each with the times that would bring it."""
    if kind not in UNFOLDED:
        return {}
    begins, later = UNFOLDED[kind]
    brought: dict[str, tuple[str, ...]] = {}
    for time, names in BRINGS.items():
        if time in later:
            brought |= dict.fromkeys(names, (time,))
    times = {begins, *later}
    named = (name for name in kind.__struct_fields__ if name not in times | NOT_FACTS)
    return {name: brought.get(name, ()) for name in named}
