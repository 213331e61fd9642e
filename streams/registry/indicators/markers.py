"""What the reports say of crime with a marker or keyword.

Most of them count offences and crimed incidents together; cyber crime by offence, business and
rural crime count offences.
"""

from __future__ import annotations

from streams.registry.indicator import Indicator, Part
from streams.registry.indicators.crimes import IN_2016, IN_2020, REPORTS, TOTAL
from streams.registry.markers import MARKERS, Marker

NAMES = {
    "hate": "hate_crime",
    "alcohol": "alcohol_related",
    "business": "business_crime",
    "rural": "rural_crime",
    "knife": "knife_crime",
    "firearm": "firearms_offences",
}
"""Names under which the reports publish what is counted under another."""
OFFENCES_ALONE = {"business", "rural", "knife", "firearm"}
"""Markers of what somebody did to somebody: of these no crimed incidents are counted."""


def marked(marker: Marker) -> Indicator:
    """All that carry a marker."""
    alone = marker.name in OFFENCES_ALONE
    name = NAMES.get(marker.name, marker.name.replace("hate_", "hate_crime_"))
    return Indicator(
        name,
        marker.title,
        tuple(
            Part(table, marker.name)
            for table in (("markers",) if alone else ("markers", "crimed_incidents"))
        ),
        share_of="hate_crime" if marker.name.startswith("hate_") else TOTAL,
        definition=f"{'Offences' if alone else 'Offences and crimed incidents'} with the marker "
        f'"{marker.marker}"',
        source=REPORTS,
    )


def cyber(name: str, title: str, *offences: str) -> Indicator:
    """Offences of a kind with the marker of cyber crime."""
    return Indicator(
        f"cyber_{name}",
        f"Cyber crime: {title}",
        tuple(Part.at(f"markers.cyber{{offence={each}}}") for each in offences),
        share_of="cyber",
        definition=f'Offences with the marker "cyber": {title}',
        source=IN_2020,
    )


def rural(name: str, title: str, offence: str) -> Indicator:
    """Offences of a kind with the marker of rural crime."""
    return Indicator(
        f"rural_crime_share_{name}",
        f"Rural crime: {title}",
        (Part.at(f"markers.rural{{offence={offence}}}"),),
        share_of="rural_crime",
        definition=f'Offences with the marker "rural": {title}',
        source="Warwickshire PCC performance report Oct-Dec 2017",
    )


WITHOUT_INJURY, SEXUAL = "violence.without_injury", "sexual.other"
ITEMS = (
    ("malicious_communications", "malicious communications",
     (f"{WITHOUT_INJURY}.malicious_communications",)),
    ("threats_to_kill", "threats to kill", (f"{WITHOUT_INJURY}.threats_to_kill",)),
    ("harassment", "harassment", (f"{WITHOUT_INJURY}.harassment",)),
    ("stalking", "stalking", (f"{WITHOUT_INJURY}.stalking",)),
    ("controlling_coercive_behaviour", "controlling or coercive behaviour",
     (f"{WITHOUT_INJURY}.controlling_coercive",)),
    ("violence_without_injury", "violence without injury, all", (WITHOUT_INJURY,)),
    ("rape_female_16_and_over", "rape of a female aged 16 and over",
     ("sexual.rape.female_16_and_over",)),
    ("abuse_of_children_sexual_exploitation", "abuse of children through sexual exploitation",
     (f"{SEXUAL}.child_exploitation",)),
    ("sexual_assault_female_13_and_over", "sexual assault on a female aged 13 and over",
     (f"{SEXUAL}.assault_female_13_and_over",)),
    ("sexual_activity_child_under_13", "sexual activity involving a child under 13",
     (f"{SEXUAL}.activity_child_under_13",)),
    ("sexual_activity_child_under_16", "sexual activity involving a child under 16",
     (f"{SEXUAL}.activity_child_under_16",)),
    ("sexual_grooming", "sexual grooming", (f"{SEXUAL}.grooming",)),
    ("other_sexual_offences", "other sexual offences, all", (SEXUAL,)),
    ("blackmail", "blackmail", ("other_theft.blackmail",)),
    ("attempting_to_pervert_justice", "perverting the course of justice",
     ("other_crime.perverting_justice",)),
    ("obscene_publications", "obscene publications", ("other_crime.obscene_publications",)),
    ("other_crimes_against_society", "other crimes against society, all",
     ("drugs", "weapons", "public_order", "other_crime")),
)  # fmt: skip
"""The offences of the table of cyber crime, by name, title and what they are made of."""

MARKED = (
    *map(marked, MARKERS),
    *(cyber(name, title, *offences) for name, title, offences in ITEMS),
    Indicator(
        "child_at_risk_current_offences",
        "Child at risk, share recorded within 28 days",
        (Part("recency", "child_at_risk_current_share"),),
        definition='Share of the offences with the marker "child_at_risk" recorded within 28 days '
        "of being committed, of those whose date is known",
        source=IN_2016,
    ),
    Indicator(
        "rape_cse_marker",
        "Rape with the marker of child sexual exploitation",
        (Part.at("markers.cse{offence=sexual.rape}"),),
        share_of="rape",
        definition='Rapes with the marker "cse"',
        source=IN_2020,
    ),
    rural("theft_from_vehicle", "theft from vehicles", "vehicle.theft_from"),
    rural("other_theft", "other theft", "other_theft"),
    rural(
        "business_community_burglary",
        "business and community burglary",
        "burglary.business_community",
    ),
    Indicator(
        "crime_with_a_marker",
        "Recorded crime with any marker",
        (Part("markers", "marked_share"),),
        definition="Share of recorded crime that carries any marker: a fall of it is one in "
        "marking, not in crime",
    ),
)
