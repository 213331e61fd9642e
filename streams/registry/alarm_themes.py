"""The themes that share the budget of false alarms, each by its weight (`ThemeWeights`).

A theme is what somebody in charge would weigh against another: calls against violence. Its part of
the budget is shared alike by its series, so that to watch more of one theme dulls no other.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.registry.dimensions import ALL

OTHER = "other"
"""Whatever no theme names."""

THEMES: Mapping[str, tuple[str, ...]] = {
    "calls": ("calls",),
    "response": ("attendance",),
    "asb": ("incidents.asb",),
    "welfare": (
        "incidents.concern_for_safety",
        "incidents.fire",
        "incidents.medical",
        "incidents.mental_health",
        "incidents.missing_person",
        "incidents.special_service",
        "incidents.sudden_death",
    ),
    "roads": ("incidents.road_collision", "incidents.road_related"),
    "incidents": ("incidents",),
    "violence": (
        "crimes.violence",
        "crimes.sexual",
        "crimes.violence_and_sexual",
        "crimes.weapons",
    ),
    "acquisitive": (
        "crimes.burglary",
        "crimes.robbery",
        "crimes.vehicle",
        "crimes.theft_from_person",
        "crimes.bicycle_theft",
        "crimes.shoplifting",
        "crimes.other_theft",
    ),
    "crimes": ("crimes",),
}
"""By theme its tables, or the widest categories and offence groups of one; a table that is named
has what no other theme names of it."""

_THEME_OF = {place: theme for theme, places in THEMES.items() for place in places}


def theme_of(group: str, value: str = ALL) -> str:
    """The theme of the rows of a table with that category or offence.

    >>> theme_of("crimes", "burglary"), theme_of("crimes"), theme_of("markers")
    ('acquisitive', 'crimes', 'other')
    """
    return _THEME_OF.get(f"{group}.{value}") or _THEME_OF.get(group, OTHER)
