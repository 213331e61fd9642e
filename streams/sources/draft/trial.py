"""Tries a mapping on the first rows of a source: how many go through, and why others do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from streams.config.force import Force
from streams.errors import Refused
from streams.events.unknown_values import in_words
from streams.events.unknown_values import shown as shown_value
from streams.sources.bytes.forms import shown
from streams.sources.event_lines import Rejected
from streams.sources.files import open_source
from streams.sources.mapping.model import Mapping as MappingFile
from streams.sources.order.play import Judge
from streams.sources.reasons import LONGEST_TEXT

NAMED = 5
"""How many values a line names."""


class Trial(NamedTuple):
    """What became of the rows: `rows` = `events` + `joined` + `refused` + `excluded`."""

    rows: int
    events: int
    excluded: int
    reasons: Counter[str]
    examples: dict[str, Rejected]
    """The first refused row of each reason."""
    joined: int = 0
    """Rows that are part of the event of another row of their id."""
    warnings: Sequence[str] = ()
    """What counts and should be looked at."""
    unknown: str = ""
    """Values that no list knows, of rows that count in everything else, in words."""
    by_default: Mapping[str, Counter[str]] = MappingProxyType({})
    """By field the values that its default stands for, with the rows of each."""
    without_lists: int = 0
    """Events of forces that are not known: no list of areas, lines or categories was asked."""

    @property
    def refused(self) -> int:
        """How many rows were refused."""
        return self.reasons.total()

    def words(self) -> list[str]:
        """The account in plain lines: one in all, then one a reason."""
        share = f" ({self.refused / self.rows:.1%})" if self.rows and self.refused else ""
        refused = f"{self.refused:,} refused{share}"
        left = f"{self.excluded:,} excluded or blank"
        joined = f"{self.joined:,} joined with another of their id, " if self.joined else ""
        lines = [f"{self.rows:,} rows read: {self.events:,} events, {joined}{refused}, {left}."]
        for reason, count in self.reasons.most_common():
            first = self.examples[reason]
            detail = shown(first.detail, LONGEST_TEXT)
            lines.append(f"  {reason} {count:,}: {first.origin}: {detail}")
        for field, values in self.by_default.items():
            named = ", ".join(f'"{shown_value(v)}" {n:,}' for v, n in values.most_common(NAMED))
            lines.append(
                f"  {field} by default, as the mapping does not list the value: "
                f"{values.total():,} ({named}{', ...' if len(values) > NAMED else ''})"
            )
        if self.unknown:
            lines.append(f"  unknown, of events that count in everything else: {self.unknown}")
        return [*lines, *(f"  Look: {warning}" for warning in self.warnings)]


def try_mapping(
    path: Path | str, mapping: MappingFile, force: Force | None, most: int | None = None
) -> Trial:
    """Reads up to about `most` rows, or all; raises as `open_source` does. What becomes an event is
    judged by the rules of its kind as a run does, and by the lists of `force` where that is known.
    """
    rows = events = joined = excluded = 0
    reasons: Counter[str] = Counter()
    examples: dict[str, Rejected] = {}
    judge = Judge([] if force is None else [force], mapping.timezone)

    def refuse(rejected: Rejected) -> None:
        reasons[rejected.reason] += 1
        examples.setdefault(rejected.reason, rejected)

    with open_source(path, mapping, force, most=most) as source:
        for chunk in source:
            rows += chunk.rows
            joined += chunk.joined
            excluded += chunk.excluded
            for rejected in chunk.rejected:
                refuse(rejected)
            for n, line in enumerate(chunk.lines()):
                try:
                    judge.take(line)
                    events += 1
                except Refused as refused:
                    refuse(Rejected(line, refused.reason, refused.detail, chunk.place(n)))
            if most is not None and rows >= most:
                break
    unknown = in_words(judge.unknown())
    return Trial(
        rows,
        events,
        excluded,
        reasons,
        examples,
        joined,
        source.warnings,
        unknown,
        source.by_default,
        judge.without_lists,
    )
