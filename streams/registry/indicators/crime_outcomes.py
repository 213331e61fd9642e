"""What the reports say of outcomes: by the date of the outcome, and by when the crime was recorded.

The codes are those of the Home Office's outcomes framework: 14 evidential difficulties, the victim
declines; 16 the same with a named suspect, the victim does not support action; 18 investigation
complete, no suspect identified.
"""

from __future__ import annotations

from typing import Any

from streams.registry.crimes import OUTCOME_AGES
from streams.registry.indicator import AtEnd, Indicator, Part
from streams.registry.indicators.crimes import IN_2016, IN_2020

HARM = ("violence.homicide", "violence.with_injury", "sexual", "robbery", "burglary.residential")


def of(name: str, title: str, address: str, definition: str, source: str = IN_2020) -> Indicator:
    """An indicator of one measure."""
    return Indicator(name, title, (Part.at(address),), definition=definition, source=source)


def rates(
    name: str, title: str, measure: str, definition: str, offences: tuple[str, ...] = ()
) -> list[Indicator]:
    """A share of the offences recorded in a period, so far, and at the ages at which it is
    compared."""
    where = [f"{{offence={each}}}" for each in offences] or [""]

    def made(name: str, title: str, measure: str, when: str, **how: Any) -> Indicator:
        parts = tuple(Part.at(f"results.{measure}{each}") for each in where)
        return Indicator(
            name, title, parts, definition=definition.format(when), source=IN_2016, **how
        )

    aged = [
        made(
            f"{name}_within_{days}_days",
            f"{title} within {days} days",
            f"{measure}_{days}_days",
            f"within {days} days",
            settled_after=days,
        )
        for days in sorted(OUTCOME_AGES, reverse=True)
    ]
    return [made(name, title, measure, "so far", at_age=tuple(each.name for each in aged)), *aged]


def without_victim(name: str, title: str, *offences: str) -> Indicator:
    """Outcomes 16 without a victim, of some offences."""
    return Indicator(
        f"outcome_16_no_victim_{name}",
        f"Outcome 16 without a victim: {title}",
        tuple(Part.at(f"outcomes.outcome_16_no_victim{{offence={each}}}") for each in offences),
        share_of="outcome_16_no_victim",
        definition=f"Outcomes 16 decided in the period to which no victim is linked: {title}",
        source=IN_2020,
    )


CRIME_OUTCOMES = (
    *rates("outcome_rate", "Outcome rate", "outcome_rate",
           "Share of the offences recorded in the period that have an outcome {}"),
    *rates("action_taken_outcome_rate", "Action taken rate", "action_taken_rate",
           "Share of the offences recorded in the period in which action was taken {}"),
    *rates("no_action_taken_outcome_rate", "No action taken rate", "no_action_rate",
           "Share of the offences recorded in the period in which it was decided {} that no action "
           "is taken; without those of which no suspect is known"),
    *rates("action_taken_outcome_rate_high_harm", "Action taken rate, high harm",
           "action_taken_rate", "Share of the offences of high harm recorded in the period in "
           "which action was taken {}", HARM),
    Indicator(
        "open_investigations",
        "Open investigations",
        (Part("results", "without_outcome"),),
        at_end=AtEnd(Part("outcomes", "outcomes"), Part("results", "with_dated_outcome")),
        definition="Offences recorded until the end of the period that had no outcome by then, as "
        "far back as records go",
        source=IN_2020,
    ),
    of("offences_outcomed", "Outcomes", "outcomes.outcomes", "Outcomes decided in the period"),
    of("action_taken_outcomes", "Outcomes with action taken", "outcomes.action_taken",
       "Outcomes with action taken, decided in the period"),
    of("outcomes_assigned_within_5_days", "Outcomes within 5 days", "outcomes.early_share",
       "Share of the outcomes decided in the period on a known day that came within 5 days of "
       "recording", IN_2016),
    of("outcomes_assigned_within_6_to_30_days", "Outcomes within 6 to 30 days",
       "outcomes.later_share",
       "Share of the outcomes decided in the period on a known day that came 6 to 30 days after "
       "recording", IN_2016),
    of("time_to_assign_outcome", "Time to the outcome, mean", "outcomes.time_mean",
       "From recording to the outcome, of the outcomes decided in the period", IN_2016),
    of("time_to_assign_outcome_median", "Time to the outcome, median", "outcomes.time_median",
       "From recording to the outcome, of the outcomes decided in the period", IN_2016),
    of("time_to_assign_outcome_p90", "Time to the outcome, 90th percentile", "outcomes.time_p90",
       "From recording to the outcome, of the outcomes decided in the period", IN_2016),
    of("investigation_complete_no_suspect_share", "No suspect identified, share",
       "outcomes.complete_share", "Share of the outcomes decided in the period that are 18"),
    of("outcome_14", "Outcome 14", "outcomes.outcome_14", "Outcomes 14 decided in the period"),
    of("outcome_16", "Outcome 16", "outcomes.outcome_16", "Outcomes 16 decided in the period"),
    of("outcome_18", "Outcome 18", "outcomes.complete", "Outcomes 18 decided in the period"),
    of("outcome_14_victim_linked", "Outcome 14 with a victim", "outcomes.outcome_14_linked_share",
       "Share of the outcomes 14 decided in the period to which a victim is linked"),
    of("outcome_16_victim_linked", "Outcome 16 with a victim", "outcomes.outcome_16_linked_share",
       "Share of the outcomes 16 decided in the period to which a victim is linked"),
    of("outcome_14_16_victim_linked", "Outcomes 14 and 16 with a victim",
       "outcomes.outcome_14_16_linked_share",
       "Share of the outcomes 14 and 16 decided in the period to which a victim is linked"),
    of("outcome_16_no_victim", "Outcome 16 without a victim", "outcomes.outcome_16_no_victim",
       "Outcomes 16 decided in the period to which no victim is linked"),
    without_victim("society_crimes", "crimes against society",
                   "drugs", "weapons", "public_order", "other_crime"),
    without_victim("criminal_damage_arson", "criminal damage and arson", "damage_arson"),
    without_victim("other_theft", "other theft", "other_theft"),
    of("domestic_abuse_outcome_16", "Domestic abuse, outcomes 16",
       "outcomes.domestic_abuse_outcome_16",
       "Outcomes 16 of domestic abuse decided in the period, whenever it was recorded"),
    of("domestic_abuse_outcome_16_share", "Domestic abuse, outcome 16",
       "outcomes.domestic_abuse_outcome_16_share",
       "Share of the outcomes of domestic abuse decided in the period that are 16"),
)  # fmt: skip
