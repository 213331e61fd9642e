"""Markers as measures: how many records carry each, whatever else they are.

A marker is counted on crimes and on crimed incidents (those that the crime system keeps and the
Home Office does not count), as the reports do; the indicators add the two. Marking rests on what
officers write down, so the share of crimes that carry any marker stands beside the markers: when it
falls as a new system comes, crime with a marker has not.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.config.measures import Polarity
from streams.registry.aggregates import Count
from streams.registry.conditions import Condition, has
from streams.registry.counting import Counter
from streams.registry.measures import Measure


@dataclass(frozen=True)
class Marker:
    """A marker as it is counted: the counter's name, the marker in the force's list, its title, and
    which way is good: more reports of hidden harm are a good sign."""

    name: str
    marker: str
    title: str
    polarity: Polarity


MARKERS = (
    Marker("domestic_abuse", "domestic_abuse", "Domestic abuse", "up_good"),
    Marker("hate", "hate", "Hate crime", "up_good"),
    Marker("hate_racial", "hate.racial", "Hate crime, racial", "up_good"),
    Marker("hate_religious", "hate.religious", "Hate crime, religious", "up_good"),
    Marker(
        "hate_sexual_orientation",
        "hate.sexual_orientation",
        "Hate crime, sexual orientation",
        "up_good",
    ),
    Marker("hate_disability", "hate.disability", "Hate crime, disability", "up_good"),
    Marker("hate_transgender", "hate.transgender", "Hate crime, transgender", "up_good"),
    Marker("child_at_risk", "child_at_risk", "Child at risk", "up_good"),
    Marker("cse", "cse", "Child sexual exploitation", "up_good"),
    Marker("cyber", "cyber", "Cyber crime", "up_good"),
    Marker("vulnerable_adult", "vulnerable_adult", "Vulnerable adult", "up_good"),
    Marker("alcohol", "alcohol", "Alcohol related", "neutral"),
    Marker("business", "business", "Business crime", "neutral"),
    Marker("rural", "rural", "Rural crime", "neutral"),
    Marker("knife", "knife", "Knife crime", "down_good"),
    Marker("firearm", "firearm", "Firearms", "down_good"),
)


def marker_counters(of: Condition) -> tuple[Counter, ...]:
    """A counter a marker, of the records that a condition holds of."""
    return tuple(Counter(each.name, of & has("markers", each.marker)) for each in MARKERS)


def marker_measures() -> tuple[Measure, ...]:
    """A measure a marker."""
    return tuple(
        Measure(each.name, each.title, "count", each.polarity, Count(each.name)) for each in MARKERS
    )
