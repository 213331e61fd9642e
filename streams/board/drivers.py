"""Which parts of a figure moved it: the areas within, and what is shown as a share of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from streams.board.breaks import break_between
from streams.board.query import Number, Query
from streams.config.force import WHOLE
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

NOT_STATED = "area not stated"
"""What is of none of the areas right below: records without an area, and of an area those that name
no area within it."""
NOT_COMPARABLE = "areas not comparable"
"""What is of areas right below that opened, or whose boundary changed, between the two."""


class Drivers(Struct, frozen=True):
    """What a change of a count on the period before is made of: the changes of the areas right
    below, and of its parts, which may overlap. The largest in its direction come first; what moved
    the other way comes last.

    The areas of a count of records add up to the change exactly: with `NOT_STATED`, where any
    record of the two periods is of none of them, and `NOT_COMPARABLE`, where one of them can't be
    compared. Those of people do not, who may be counted in several areas, and those of what is
    reported need not. A part that began to be counted otherwise is left out."""

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
    parts = [
        each
        for each in map(query.indicator, query.indicators())
        if each.share_of == indicator.name and query.unit(each) == "count"
    ]
    return Drivers(
        whole,
        _ordered(whole, _by_area(query, indicator, now, before, area)),
        _ordered(whole, ((of.name, _change(query, of, now, before, area)) for of in parts)),
    )


def _by_area(
    query: Query, indicator: Indicator, now: Stretch, before: Stretch, area: str
) -> Iterator[tuple[str, Number | None]]:
    """What the areas right below moved, and what is of none of these."""
    above = None if area == WHOLE else area
    below = [each.id for each in query.force.file.areas if each.parent == above]
    counts, base = (query.counts(indicator, each) for each in (now, before))
    if counts is None or base is None:
        yield from ((each, _change(query, indicator, now, before, each)) for each in below)
        return
    not_comparable: Number = 0
    broken, rest = False, [counts[query.area(area)], base[query.area(area)]]
    for each in below:
        place = query.area(each)
        rest = [rest[0] - counts[place], rest[1] - base[place]]
        if break_between(query, indicator, each, before.start, now.end) is None:
            yield each, counts[place] - base[place]
        else:
            broken, not_comparable = True, not_comparable + counts[place] - base[place]
    if broken:
        yield NOT_COMPARABLE, not_comparable
    if below and any(rest):
        yield NOT_STATED, rest[0] - rest[1]


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
