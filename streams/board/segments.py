"""Where the level, slope or noise of a figure changed over its whole history, seen from its end.

Of the periods of a grain within a stretch those are read that are over and were heard as a whole,
from the last one back to the first that was not. The changes are those of
`detectors.change.segments`: an analyst's look back, with no say in alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from detectors.change.segments import FIGURES_NEEDED, SegmentChange, SegmentShape, segment
from streams.board.query import Query
from streams.errors import QueryError
from streams.periods import Grain
from streams.stretches import Stretch


class Segment(Struct, frozen=True):
    """A period from which on a figure is another: what the segments come to just before and after,
    the difference, and the first and last period where the change may as well lie."""

    period: str
    before: float
    after: float
    change: float
    earliest: str
    latest: str


class History(Struct, frozen=True):
    """The changes of a figure over so many `periods` from `first` to `last`, and what a segment
    is. `sigma` is the standard deviation of its noise, `alike` the correlation of this from one
    period to the next, and `spreads` says from which periods on that deviation is another."""

    first: str
    last: str
    periods: int
    shape: SegmentShape
    sigma: float
    alike: float
    changes: list[Segment]
    spreads: list[Segment]
    too_many: bool = False
    """No changes are named since there would be very many: the figure has a cycle, or wanders."""


def history(query: Query, name: str, within: Stretch, grain: Grain, area: str) -> History:
    """The changes; raises `QueryError` for what there is not, and for too few periods."""
    indicator, place = query.indicator(name), query.area(area)
    labels: list[str] = []
    values: list[float] = []
    for period in reversed(within.parts(grain)):
        found = query.figures(indicator, Stretch.of(query.calendar, period)).at(place)
        if found.complete and found.value is not None:
            labels.append(period.label)
            values.append(found.value)
        elif values:
            break
    if len(values) < FIGURES_NEEDED:
        raise QueryError(
            f"{len(values)} periods in a row are known of {name} within {within.label}: "
            f"{FIGURES_NEEDED} are needed"
        )
    labels.reverse()
    made = segment(values[::-1])
    sigma, alike = round(made.sigma, 4), round(made.alike, 2)
    changes, spreads = _named(made.changes, labels), _named(made.spreads, labels)
    ends = labels[0], labels[-1], len(labels)
    return History(*ends, made.shape, sigma, alike, changes, spreads, made.too_many)


def _named(changes: Iterable[SegmentChange], labels: Sequence[str]) -> list[Segment]:
    return [
        Segment(
            labels[each.at],
            round(each.before, 4),
            round(each.after, 4),
            round(each.after - each.before, 4),
            labels[each.earliest],
            labels[each.latest],
        )
        for each in changes
    ]
