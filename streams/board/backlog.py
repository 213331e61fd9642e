"""Whether records go back far enough to compare what was open then with what is open now.

What was open before the first record is in no figure. Such a figure begins at nothing and grows
with the records, until they reach as far back as anything stays open. So of what is open now it is
asked how much had been open for longer than the earlier figure could see: if that is more than a
small part, as much is likely to be missing there, and the two are not compared."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from streams.board.query import Query
from streams.registry.indicator import Indicator
from streams.registry.phrases import full_date
from streams.stretches import Stretch

MOST_UNSEEN = 0.05
"""The part of what is open now that may be older than the earlier figure could see."""


def too_short(query: Query, indicator: Indicator, area: str, now: Stretch, before: Stretch) -> str:
    """Why what was open at the end of an earlier stretch can't be compared with what is at the end
    of another; nothing where it can, or where the indicator is no such figure.

    Those that are older are counted as records stand now, so those that were closed since are not
    among them: the part is at least that."""
    since = query.since(indicator)
    value = query.figure(indicator, now, area).value
    if indicator.at_end is None or since is None or not value:
        return ""
    end = query.calendar.start("day", min(now.end, query.at) - (before.end - since))
    if end <= since:
        return ""
    flow = replace(indicator, at_end=None)
    seen = replace(now, grain=None, form="range", start=since, end=end)
    older = query.figure(flow, seen, area).value or 0
    if older <= MOST_UNSEEN * value:
        return ""
    return f"{too_late(query, indicator)} at the end of {before.label}"


def too_late(query: Query, indicator: Indicator) -> str:
    """From when records are, in words, where that is too late for what was open at some time."""
    since = query.since(indicator)
    first = "" if since is None else full_date(query.calendar.local(since).date())
    return f"records begin on {first}, too late to know all that was open"


def unseen(query: Query, indicator: Indicator, area: str, stretches: Sequence[Stretch]) -> int:
    """How many of some stretches in a row, the first ones, records begin too late for, by what was
    open at the end of the last that is over."""
    ended = [each for each in stretches if each.end <= query.at]
    if indicator.at_end is None or not ended:
        return 0
    return bisect_left(
        ended[:-1], True, key=lambda each: not too_short(query, indicator, area, ended[-1], each)
    )
