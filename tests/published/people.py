"""Who the victims and defendants are, so that as many come again as was published.

Somebody comes again who had other offences in the twelve months before. The reports do not say
whether an offence counts itself, so whoever had "3 or more" has five, of "6 or more" eight and of
"10 or more" twelve, all but the last before the month; whoever only comes again has two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle, islice, product
from typing import TYPE_CHECKING, NamedTuple

from tests.published.outcomes import Which, marked, of_offence

if TYPE_CHECKING:
    from tests.published.feed import Feed, Record

AGAIN, THREE, SIX, TEN = 1, 4, 7, 11
"""How many offences somebody had before the month."""


class People(NamedTuple):
    """So many people of a month, each with one offence in it, and with so many before it."""

    number: int
    earlier: int = 0
    areas: Sequence[str] = ()


def add_people(feed: Feed) -> None:
    """Gives the crimes of a report the people that its figures need."""
    _named_from_the_start(feed)
    if feed.report == "000":
        months = [f"2015-{month:02d}" for month in range(8, 13)]
        months += [f"2016-{month:02d}" for month in range(1, 6)]
        victims, defendants = Month(feed, "2016-06", months), Month(feed, "2016-06", months)
        victims.add("victims", _ABUSE, People(97, AGAIN), People(281))
        victims.add("victims", _others, People(3, TEN), People(103, THREE), People(91, AGAIN))
        victims.add("victims", _others, People(825))
        defendants.add("defendants", _others, People(4, TEN), People(16, SIX), People(85, AGAIN))
        defendants.add("defendants", _others, People(164))
    elif feed.report == "001":
        # In November 1,250 victims and as many defendants as in December came again.
        last = Month(feed, "2016-11", ["2015-12", "2016-01"])
        last.add("victims", _others, People(1250, AGAIN))
        last.add("defendants", _others, People(292, AGAIN))
        months = [f"2016-{month:02d}" for month in range(2, 12)]
        victims, defendants = Month(feed, "2016-12", months), Month(feed, "2016-12", months)
        victims.add("victims", _ABUSE, People(286, AGAIN), People(622))
        rest = [area for area in feed.areas if area not in ("Telford & Wrekin", "West Mercia")]
        victims.add(
            "victims",
            _others,
            People(7, TEN, ("Telford & Wrekin",)),
            People(7, TEN, rest),
            People(490, THREE),
            People(426, AGAIN),
            People(2839),
        )
        defendants.add("defendants", _ABUSE, People(49, AGAIN), People(75))
        defendants.add("defendants", _others, People(34, TEN), People(39, SIX), People(170, AGAIN))
        defendants.add("defendants", _others, People(312))
    elif feed.report == "002":
        before = Month(feed, "2016-12", ["2016-10", "2016-11"])
        before.add("victims", _others, People(200, AGAIN), People(800))
        months = [f"2017-{month:02d}" for month in range(2, 12)]
        victims = Month(feed, "2017-12", months)
        victims.add("victims", of_offence("sexual"), People(11, AGAIN), People(89))
        victims.add(
            "victims",
            lambda made: not made.what.startswith("sexual"),
            People(2, TEN, ("Rugby",)),
            People(2, TEN, ("Warwick",)),
            People(1, TEN),
        )
    elif feed.report == "003":
        months = [f"2019-{month:02d}" for month in range(9, 13)]
        months += [f"2020-{month:02d}" for month in range(1, 7)]
        victims = Month(feed, "2020-07", months)
        # 1,275 victims of domestic abuse of July are there by their outcome.
        victims.add("victims", _ABUSE, People(14))
        _come_again(feed, "2020-07", months, _ABUSE, 539)
        _nominals(feed)
        _come_again(feed, "2020-Q3", months, lambda _: True)


def _named_from_the_start(feed: Feed) -> None:
    """Somebody in each role whom no other crime names, in the first crimes: people that a feed
    names only later are not known before."""
    first = min(month for (month, _), crimes in feed.crimes.items() if crimes)
    for made in islice(feed.crimes_of(first, lambda _: True), 100):
        for role in ("victims", "defendants"):
            made.facts.setdefault(role, [feed.somebody()])


_ABUSE: Which = marked("domestic_abuse")


def _others(made: Record) -> bool:
    return not _ABUSE(made)


class Month:
    """The people of a month, and the crimes before it that are theirs as well."""

    def __init__(self, feed: Feed, month: str, before: Sequence[str]) -> None:
        self.feed, self.month, self.before = feed, month, before

    def add(self, role: str, which: Which, *several: People) -> None:
        """People in a role of some crimes; the same crimes have them in the month and before."""
        for people in several:
            now = self._crimes([self.month], role, which, people.areas)
            earlier = self._crimes(self.before, role, which, people.areas)
            for made in _exactly(now, people.number):
                who = self.feed.somebody()
                for each in (made, *_exactly(earlier, people.earlier)):
                    each.facts[role] = [who]

    def _crimes(
        self, months: Sequence[str], role: str, which: Which, areas: Sequence[str]
    ) -> Iterator[Record]:
        for month in months:
            found = self.feed.crimes_of(month, lambda m: role not in m.facts and which(m), areas)
            yield from found


def _exactly(crimes: Iterator[Record], number: int) -> list[Record]:
    found = list(islice(crimes, number))
    if len(found) < number:
        raise ValueError(f"{number - len(found)} crimes too few")
    return found


def _nominals(feed: Feed) -> None:
    """The people with three or more high-harm offences in Jul-Sep 2020, by area: victims only,
    suspects only, both. 61 of the suspects have three in each of two areas, so that the areas add
    up to 622 and the force has 561; of 419 one offence is domestic abuse."""
    crimes = {}
    for area, abuse in product(_NOMINALS, (True, False)):
        # The victims of domestic abuse in July are all there.
        months = ("2020-08", "2020-09") if abuse else ("2020-07", "2020-08", "2020-09")
        held = [
            made for month in months for made in feed.crimes_of(month, _harming(abuse), (area,))
        ]
        crimes[area, "victims", abuse] = cycle(held)
        crimes[area, "suspects", abuse] = cycle(reversed(held))
    linked = 0

    def offences(area: str, roles: Sequence[str], who: str, abuse: bool) -> None:
        for place, role in enumerate(roles):
            pool = crimes[area, role, abuse and place == 0]
            # Nobody is victim and suspect of one crime.
            made = next(
                made
                for made in pool
                if who not in _listed(made, "victims") + _listed(made, "suspects")
            )
            made.facts[role] = [*_listed(made, role), who]

    pairs = [pair for pair, number in _IN_TWO.items() for _ in range(number)]
    left = dict(_NOMINALS)
    for first, second in pairs:
        who = feed.somebody()
        offences(first, ("suspects",) * 3, who, linked < _LINKED)
        offences(second, ("suspects",) * 3, who, abuse=False)
        linked += 1
        for area in (first, second):
            left[area] = left[area]._replace(suspects=left[area].suspects - 1)
    for area, number in left.items():
        for several, roles in (
            (number.victims, ("victims",) * 3),
            (number.suspects, ("suspects",) * 3),
            (number.both, ("victims", "suspects", "suspects")),
        ):
            for _ in range(several):
                offences(area, roles, feed.somebody(), linked < _LINKED)
                linked += 1


class Nominals(NamedTuple):
    """People of an area with three or more high-harm offences, by what they were in them."""

    victims: int
    suspects: int
    both: int


# The report's text has lost the names over its five tables: they are taken in this order.
_NOMINALS = {
    "Herefordshire": Nominals(22, 34, 59),
    "North Worcestershire": Nominals(13, 35, 58),
    "Shropshire": Nominals(34, 53, 68),
    "South Worcestershire": Nominals(10, 18, 49),
    "Telford & Wrekin": Nominals(30, 57, 82),
}
_IN_TWO = {
    ("Herefordshire", "Shropshire"): 20,
    ("North Worcestershire", "Telford & Wrekin"): 25,
    ("Shropshire", "Telford & Wrekin"): 16,
}
"""How many of the suspects are so in two areas."""
_LINKED = 419
_HIGH_HARM = of_offence("violence.with_injury", "sexual", "robbery")


def _harming(abuse: bool) -> Which:
    """High-harm offences that have a victim."""
    return lambda made: (
        _HIGH_HARM(made) and _ABUSE(made) is abuse and made.facts.get("victims") != []
    )


def _come_again(
    feed: Feed, period: str, months: Sequence[str], which: Which, number: int | None = None
) -> None:
    """Lets so many of the victims of some crimes have had another one before; without a number as
    many as 32 % of all."""
    times = Counter(
        who for made in feed.crimes_of(period, which) for who in _listed(made, "victims")
    )
    held = [made for month in months for made in feed.crimes_of(month, which)]
    known = {who for made in held for who in _listed(made, "victims")}
    again = {who for who, several in times.items() if several > 1 or who in known}
    if number is None:
        number = round(0.32 * len(times))
    first = islice((who for who in times if who not in again), number - len(again))
    free = (made for made in held if "victims" not in made.facts)
    for who, made in zip(first, free, strict=False):
        made.facts["victims"] = [who]


def _listed(made: Record, role: str) -> list[str]:
    found = made.facts.get(role, [])
    assert isinstance(found, list)
    return found
