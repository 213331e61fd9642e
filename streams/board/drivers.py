"""Which parts of a figure moved it: the areas within, and what is shown as a share of it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from streams.board.breaks import break_between
from streams.board.query import Number, Query
from streams.config.force import WHOLE
from streams.registry.indicator import Indicator
from streams.stretches import Stretch


class Drivers(Struct, frozen=True):
    """What a change of a count on the period before is made of: the changes of the areas right
    below, and of its parts, which may overlap. The largest in its direction come first; what moved
    the other way comes last. The areas add up to it where every record has one; one whose boundary
    changed is left out, and so is a part that began to be counted otherwise."""

    change: Number
    areas: dict[str, Number]
    parts: dict[str, Number]


def drivers(
    query: Query, indicator: Indicator, now: Stretch, before: Stretch, area: str
) -> Drivers | None:
    """What moved a count from one stretch to another; None of what is no count, and where one of
    them is not known as a whole or the series breaks between them."""
    whole = _change(query, indicator, now, before, area)
    if query.unit(indicator) != "count" or whole is None:
        return None
    above = None if area == WHOLE else area
    below = [each.id for each in query.force.file.areas if each.parent == above]
    parts = [
        each
        for each in map(query.indicator, query.indicators())
        if each.share_of == indicator.name and query.unit(each) == "count"
    ]
    return Drivers(
        whole,
        _ordered(whole, ((each, _change(query, indicator, now, before, each)) for each in below)),
        _ordered(whole, ((of.name, _change(query, of, now, before, area)) for of in parts)),
    )


def _change(
    query: Query, indicator: Indicator, now: Stretch, before: Stretch, area: str
) -> Number | None:
    """By how much one moved; None where that is not known, or the series breaks between."""
    if break_between(query, indicator, area, before.start, now.end) is not None:
        return None
    found, base = (query.figure(indicator, each, area) for each in (now, before))
    if not found.complete or not base.complete or found.value is None or base.value is None:
        return None
    return found.value - base.value


def _ordered(whole: Number, changes: Iterable[tuple[str, Number | None]]) -> dict[str, Number]:
    known = {name: change for name, change in changes if change is not None}
    return dict(sorted(known.items(), key=lambda each: -each[1] if whole > 0 else each[1]))
