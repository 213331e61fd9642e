"""Facts of single crimes that the published figures rest on: when they were committed, which belong
together, and what came of them.

Shares alone are printed of most of these; where counts had to be chosen, they are given here.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.published.feed import Feed, Record

ACTION, VICTIM_DECLINES, VICTIM_DOES_NOT_SUPPORT, NO_SUSPECT = 1, 14, 16, 18
"""Outcomes by the Home Office's codes; the first is a charge."""
Which = Callable[["Record"], bool]


def of_offence(*offences: str) -> Which:
    """Crimes of an offence, or of any beneath it."""
    return lambda made: made.what.startswith(offences)


def marked(marker: str) -> Which:
    """Crimes with a marker."""
    return lambda made: any(each.startswith(marker) for each in made.markers)


def add_facts(feed: Feed) -> None:
    """Gives the crimes of a report the facts that its figures need."""
    {"000": _of_2016_q2, "001": _of_2016_q4, "002": _nothing, "003": _of_2020_q3}[feed.report](feed)


def _nothing(feed: Feed) -> None:
    pass


def _of_2016_q2(feed: Feed) -> None:
    year = [f"2015-Q{quarter}" for quarter in (2, 3, 4)] + ["2016-Q1"]
    for offence, share in (("sexual.rape", 0.40), ("sexual.other", 0.54)):
        found = [made for quarter in year for made in feed.crimes_of(quarter, of_offence(offence))]
        _committed(found, round(share * len(found)), 400)
    children = list(feed.crimes_of("2016-Q2", marked("child_at_risk")))
    _committed(children, round(0.83 * len(children)), 400)
    linked = feed.crimes_of("2016-06", of_offence("sexual.other"), ("Stratford", "Warwick"))
    for made in islice(linked, 2):
        made.facts["series"] = "linked"
    for made in islice(feed.crimes_of("2016-06", of_offence("violence.with_injury")), 2):
        made.facts["series"] = "euro-2016"
    _outcomed(feed, "2015-Q2", 0.70)
    _outcomed(feed, "2016-Q1", 0.71, no_action=0.20)
    _outcomed(feed, "2016-Q2", 0.72, no_action=0.22)


def _of_2016_q4(feed: Feed) -> None:
    for quarter, old in (("2016-Q3", 12), ("2016-Q4", 40)):
        rapes = list(feed.crimes_of(quarter, of_offence("sexual.rape")))
        _committed(rapes, len(rapes) - old, 800)
    _outcomed(feed, "2015-Q4", 0.74, within_5_days=0.58, action=0.36)
    _outcomed(feed, "2016-Q3", 0.72, within_5_days=0.53, action=0.31)
    _outcomed(feed, "2016-Q4", 0.75, within_5_days=0.54, action=0.30)


_SOCIETY = ("drugs", "weapons", "public_order", "other_crime")


def _of_2020_q3(feed: Feed) -> None:
    rapes = list(feed.crimes_of("2020-Q3", of_offence("sexual.rape")))
    exploited = [made for made in rapes if "cse" in made.markers]
    for place, made in enumerate(exploited):
        made.facts["committed"] = 3000 if place < 28 else 10 if place < 33 else 800
    for made in [made for made in rapes if "cse" not in made.markers][:30]:
        made.what, made.facts["committed"] = "sexual.rape.child", 20
    # 482 crimes of outcome 16 without a victim: 81 of 426 of criminal damage, 52 of 200 of other
    # theft, 271 of crimes against society, 78 others.
    _came(feed, "2020-Q3", VICTIM_DOES_NOT_SUPPORT, 426, of_offence("damage_arson"), 81)
    _came(feed, "2020-Q3", VICTIM_DOES_NOT_SUPPORT, 200, of_offence("other_theft"), 52)
    _came(feed, "2020-Q3", VICTIM_DOES_NOT_SUPPORT, 271, of_offence(*_SOCIETY), 271)
    abuse = marked("domestic_abuse")
    for month in ("2020-07", "2020-08", "2020-09"):  # 65 % of 1,500
        _came(feed, month, VICTIM_DOES_NOT_SUPPORT, 975, _personal(abuse))
        _came(feed, month, VICTIM_DECLINES, 300, _personal(abuse))
        _came(feed, month, ACTION, 225, _personal(abuse), 225)
    rest = _personal(lambda made: not abuse(made))
    _came(feed, "2020-Q3", VICTIM_DOES_NOT_SUPPORT, 2203, rest, 78)
    _came(feed, "2020-Q3", VICTIM_DECLINES, 825, rest, 362)  # with the 900 above 79 % linked
    _came(feed, "2020-Q3", ACTION, 368, rest)
    _came(feed, "2020-Q3", NO_SUSPECT, 5067, lambda made: not abuse(made), 5067)
    for month in ("2020-04", "2020-05", "2020-06"):  # 68 % of 1,500
        _came(feed, month, VICTIM_DOES_NOT_SUPPORT, 1020, _personal(abuse))
        _came(feed, month, VICTIM_DECLINES, 233, _personal(abuse))
        _came(feed, month, ACTION, 247, _personal(abuse), 247)
    _came(feed, "2020-Q2", VICTIM_DECLINES, 628, rest, 300)
    _came(feed, "2020-Q2", ACTION, 418, rest)
    _came(feed, "2020-Q2", VICTIM_DOES_NOT_SUPPORT, 3390, rest, 516)
    _came(feed, "2020-Q2", NO_SUSPECT, 4294, lambda made: not abuse(made), 4294)
    _came(feed, "2019-Q3", VICTIM_DECLINES, 1500, _personal(lambda _: True), 405)
    _came(feed, "2019-Q3", VICTIM_DOES_NOT_SUPPORT, 3400, _personal(lambda _: True))
    _came(feed, "2019-Q3", ACTION, 1000, lambda _: True)
    _came(feed, "2019-Q3", NO_SUSPECT, 4100, lambda _: True, 4100)


def _personal(which: Which) -> Which:
    """Of some crimes those that are not of the kinds of which outcome 16 is counted apart."""
    return lambda made: (
        which(made) and not made.what.startswith(("damage_arson", "other_theft", *_SOCIETY))
    )


def _committed(crimes: list[Record], current: int, old: int) -> None:
    """Of some crimes the first few were committed 5 days before they were recorded, the others
    `old` days."""
    for place, made in enumerate(crimes):
        made.facts["committed"] = 5 if place < current else old


def _outcomed(
    feed: Feed,
    quarter: str,
    share: float,
    within_5_days: float = 0.5,
    action: float = 0.35,
    no_action: float = 0.0,
) -> None:
    """So many of the crimes of a quarter have their outcome in it, so many of these in 5 days; of
    so many it is that action was taken, of so many that the victim declines, else that there is no
    suspect."""
    crimes = list(feed.crimes_of(quarter, lambda _: True))
    chosen = [made for place, made in enumerate(crimes) if _is_due(place, share)]
    # Those of its last month would have it after the quarter.
    late = [made for made in chosen if made.month != crimes[-1].month]
    slow = {id(made) for made in late[: round(len(chosen) * (1 - within_5_days))]}
    for place, made in enumerate(chosen):
        if _is_due(place, action):
            made.facts["outcome"] = ACTION
        else:
            made.facts["outcome"] = VICTIM_DECLINES if _is_due(place, no_action) else NO_SUSPECT
        made.facts |= {"outcome_after": 20 if id(made) in slow else 0}


def _is_due(place: int, share: float) -> bool:
    """Whether the one at a place is of a share that is spread evenly over all places."""
    return int((place + 1) * share) > int(place * share)


def _came(
    feed: Feed, period: str, outcome: int, number: int, which: Which, without_victim: int = 0
) -> None:
    """Gives an outcome to some crimes that have none; so many of them have no victim."""
    free = feed.crimes_of(period, lambda made: "outcome" not in made.facts and which(made))
    chosen = list(islice(free, number))
    if len(chosen) < number:
        raise ValueError(f"{number - len(chosen)} crimes too few for outcome {outcome} in {period}")
    for place, made in enumerate(chosen):
        made.facts |= {"outcome": outcome, "outcome_after": 0}
        made.facts["victims"] = [feed.somebody()] if place >= without_victim else []
