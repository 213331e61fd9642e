"""What is open besides the records of a performance: callers not rung back, priority incidents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from streams.board.model import Row
from streams.registry.measures import Performance


class OpenNow(Struct, frozen=True):
    """Some records that are open now: how many, and for how long the oldest, in seconds."""

    words: str
    count: int
    oldest: float | None


def open_beside(
    row_of: Callable[[str, Mapping[str, str]], Row | None],
    shape: Performance,
    where: Mapping[str, str],
) -> Iterator[OpenNow]:
    """What is open beside the records of a performance in a row of its group, as far as there is
    any; `row_of` finds the row of a group with these dimensions."""
    for each in shape.beside:
        row = row_of(each.group, {**where, **dict(each.row)})
        if row is not None and (count := row.count_of(each.name)):
            yield OpenNow(each.words, count, row.number_of(f"oldest_{each.name}"))
