"""What the reports say of recorded crime, by offence."""

from __future__ import annotations

from streams.registry.indicator import Indicator, Part

REPORTS = (
    "Warwickshire PCC performance reports Apr-Jun 2016 and Oct-Dec 2017; "
    "West Mercia PCC performance reports Oct-Dec 2016 and Jul-Sep 2020"
)
TOTAL = "total_recorded_crime"


def of_offence(name: str, title: str, *offences: str) -> Indicator:
    """Recorded crime of an offence, or of several together."""
    return Indicator(
        name,
        title,
        tuple(Part.at(f"crimes.count{{offence={each}}}") for each in offences),
        share_of=TOTAL,
        per="population",
        definition=f"Notifiable offences recorded: {title.lower()}",
        source=REPORTS,
    )


CRIMES = (
    Indicator(
        TOTAL,
        "Total recorded crime",
        (Part.at("crimes.count"),),
        per="population",
        definition="Notifiable offences recorded",
        source=REPORTS,
    ),
    of_offence("violence_with_injury", "Violence with injury", "violence.with_injury"),
    of_offence("violence_without_injury", "Violence without injury", "violence.without_injury"),
    of_offence("rape", "Rape", "sexual.rape"),
    of_offence("other_sexual_offences", "Other sexual offences", "sexual.other"),
    of_offence("business_robbery", "Business robbery", "robbery.business"),
    of_offence("personal_robbery", "Personal robbery", "robbery.personal"),
    of_offence("robbery", "Robbery", "robbery"),
    of_offence("vehicle_offences", "Vehicle offences", "vehicle"),
    of_offence("theft_from_person", "Theft from the person", "theft_from_person"),
    of_offence("bicycle_theft", "Bicycle theft", "bicycle_theft"),
    of_offence("shoplifting", "Shoplifting", "shoplifting"),
    of_offence("other_theft", "Other theft", "other_theft"),
    of_offence("criminal_damage_arson", "Criminal damage and arson", "damage_arson"),
)
