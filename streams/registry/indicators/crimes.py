"""What the reports say of recorded crime, by offence.

Groupings that changed from report to report are sums over one set of leaves: what was "domestic
burglary" until 2017 is that of dwellings; "burglary other" is of sheds, garages and businesses, as
"business and community" was in 2017 and 2020.
"""

from __future__ import annotations

from streams.config.measures import Polarity
from streams.registry.indicator import Indicator, Part, Per

REPORTS = (
    "Warwickshire PCC performance reports Apr-Jun 2016 and Oct-Dec 2017; "
    "West Mercia PCC performance reports Oct-Dec 2016 and Jul-Sep 2020"
)
IN_2016 = (
    "Warwickshire PCC performance report Apr-Jun 2016; West Mercia PCC performance report "
    "Oct-Dec 2016"
)
IN_2017 = (
    "Warwickshire PCC performance report Oct-Dec 2017; West Mercia PCC performance report "
    "Jul-Sep 2020"
)
IN_2020 = "West Mercia PCC performance report Jul-Sep 2020"
TOTAL = "total_recorded_crime"


def offence(
    name: str,
    title: str,
    *offences: str,
    share_of: str = TOTAL,
    per: Per = "population",
    source: str = REPORTS,
    polarity: Polarity | None = None,
) -> Indicator:
    """Recorded crime of an offence, or of several together. Most reports call no direction good
    ("stable volumes"); less is better where one says so."""
    return Indicator(
        name,
        title,
        tuple(Part.at(f"crimes.count{{offence={each}}}") for each in offences),
        share_of=share_of,
        per=per,
        polarity=polarity,
        definition=f"Notifiable offences recorded: {title[:1].lower()}{title[1:]}",
        source=source,
    )


OUTSIDE_DWELLINGS = ("burglary.residential.outbuilding", "burglary.business_community")

CRIME_INDICATORS = (
    Indicator(
        TOTAL,
        "Total recorded crime",
        (Part.at("crimes.count"),),
        per="population",
        polarity="down_good",
        definition="Notifiable offences recorded",
        source=REPORTS,
    ),
    offence(
        "violence_and_sexual_offences",
        "Violence and sexual offences",
        "violence,sexual,violence_and_sexual",  # one part: known also where they come together
        source="data.police.uk, which does not tell the two apart",
    ),
    offence("homicide", "Homicide", "violence.homicide", polarity="down_good"),
    offence(
        "violence_with_injury",
        "Violence with injury",
        "violence.with_injury",
        "violence.homicide",  # "includes murder and attempted murder"
    ),
    offence("violence_without_injury", "Violence without injury", "violence.without_injury"),
    offence(
        "malicious_communications",
        "Malicious communications",
        "violence.without_injury.malicious_communications",
        source=IN_2016,
    ),
    offence("rape", "Rape", "sexual.rape"),
    offence("other_sexual_offences", "Other sexual offences", "sexual.other"),
    offence(
        "other_sexual_offences_share_sexual_assault",
        "Sexual assault",
        "sexual.other.assault_female_13_and_over",
        "sexual.other.assault",
        share_of="other_sexual_offences",
    ),
    offence(
        "other_sexual_offences_share_sexual_activity",
        "Sexual activity",
        "sexual.other.activity_child_under_13",
        "sexual.other.activity_child_under_16",
        "sexual.other.inciting_child",
        share_of="other_sexual_offences",
    ),
    offence(
        "inciting_child_sexual_activity",
        "Inciting a child to sexual activity",
        "sexual.other.inciting_child",
        share_of="other_sexual_offences",
        source=IN_2016,
    ),
    offence("robbery", "Robbery", "robbery"),
    offence("business_robbery", "Business robbery", "robbery.business"),
    offence("personal_robbery", "Personal robbery", "robbery.personal"),
    offence(
        "business_robbery_share_of_robbery",
        "Business robbery, of all robbery",
        "robbery.business",
        share_of="robbery",
        source=IN_2017,
    ),
    offence(
        "domestic_burglary",
        "Domestic burglary",
        "burglary.residential.dwelling",
        per="households",
        source=IN_2016,
    ),
    offence("burglary_other", "Burglary other", *OUTSIDE_DWELLINGS, source=IN_2016),
    offence(
        "residential_burglary_dwelling",
        "Residential burglary, dwelling",
        "burglary.residential.dwelling",
        per="households",
        source=IN_2017,
        polarity="down_good",
    ),
    offence(
        "business_community_burglary",
        "Business and community burglary",
        *OUTSIDE_DWELLINGS,
        per="households",
        source=IN_2017,
    ),
    offence(
        "residential_burglary_all",
        "Residential burglary",
        "burglary.residential",
        per="households",
        source=IN_2020,
        polarity="down_good",
    ),
    offence("vehicle_offences", "Vehicle offences", "vehicle"),
    offence(
        "theft_from_motor_vehicle",
        "Theft from a motor vehicle",
        "vehicle.theft_from",
        share_of="vehicle_offences",
    ),
    offence(
        "interfering_with_motor_vehicle",
        "Interfering with a motor vehicle",
        "vehicle.interfering",
        share_of="vehicle_offences",
    ),
    offence("theft_from_person", "Theft from the person", "theft_from_person"),
    offence("bicycle_theft", "Bicycle theft", "bicycle_theft"),
    offence("shoplifting", "Shoplifting", "shoplifting"),
    offence("other_theft", "Other theft", "other_theft"),
    offence("criminal_damage_arson", "Criminal damage and arson", "damage_arson"),
    offence(
        "other_crimes_against_society",
        "Other crimes against society",
        "drugs",
        "weapons",
        "public_order",
        "other_crime",
    ),
    offence("drug_offences", "Drug offences", "drugs", source=IN_2020),
    offence("drug_trafficking", "Drug trafficking", "drugs.trafficking", source=IN_2020),
    offence("possession_of_weapons", "Possession of weapons", "weapons", source=IN_2020),
    offence("public_order", "Public order", "public_order", source=IN_2020),
    offence(
        "misc_crimes_against_society",
        "Miscellaneous crimes against society",
        "other_crime",
        source=IN_2020,
    ),
    Indicator(
        "rape_current_offences",
        "Rape, share recorded within 28 days",
        (Part.at("recency.current_share{offence=sexual.rape}"),),
        definition="Share of rapes recorded within 28 days of being committed, of those whose date "
        "is known",
        source=IN_2016,
    ),
    Indicator(
        "rape_non_recent_offences",
        "Rape, share recorded after 28 days",
        (Part.at("recency.non_current_share{offence=sexual.rape}"),),
        definition="Share of rapes recorded more than 28 days after being committed, of those "
        "whose date is known",
        source=IN_2016,
    ),
    Indicator(
        "rape_non_recent_over_1_year",
        "Rape, recorded more than a year after",
        (Part.at("recency.non_recent{offence=sexual.rape}"),),
        share_of="rape",
        definition="Rapes recorded more than a year after being committed",
        source=IN_2016,
    ),
    Indicator(
        "other_sexual_offences_current",
        "Other sexual offences, share recorded within 28 days",
        (Part.at("recency.current_share{offence=sexual.other}"),),
        definition="Share of other sexual offences recorded within 28 days of being committed, of "
        "those whose date is known",
        source=IN_2016,
    ),
    Indicator(
        "other_sexual_offences_linked_series",
        "Other sexual offences in a linked series",
        (Part.at("recency.linked_series{offence=sexual.other}"),),
        share_of="other_sexual_offences",
        definition="Other sexual offences taken for the work of the same people",
        source=IN_2016,
    ),
)
