"""What the reports say of incidents."""

from __future__ import annotations

from streams.registry.charting import RESPONSE
from streams.registry.indicator import Indicator, Part

WARWICKSHIRE = "Warwickshire PCC performance reports Apr-Jun 2016 and Oct-Dec 2017"
WEST_MERCIA = "West Mercia PCC performance report Jul-Sep 2020"

INCIDENT_INDICATORS = (
    Indicator(
        "incidents",
        "Incidents",
        (Part.at("incidents.count"),),
        definition="All incidents but those cancelled",
        source=WEST_MERCIA,
    ),
    Indicator(
        "emergency_incidents",
        "Emergency incidents",
        (Part.at("attendance.emergencies"),),
        definition="Incidents graded emergency",
        source=WARWICKSHIRE,
    ),
    Indicator(
        "attended_within_20min",
        "Emergencies attended in time",
        (Part.at("attendance.within"),),
        definition="Share of emergency incidents attended within the limits, and by the "
        "definition, of the force's file",
        source=WARWICKSHIRE,
    ),
    Indicator(
        "mean_response_time",
        "Mean response to emergencies",
        (Part.at("attendance.response_mean"),),
        charts=RESPONSE,
        definition="Mean time from opening to arrival of emergency incidents",
        source=WARWICKSHIRE,
    ),
    Indicator(
        "asb",
        "Anti-social behaviour",
        (Part.at("incidents.count{category=asb}"),),
        definition="Incidents of anti-social behaviour",
        source=WARWICKSHIRE,
    ),
    *(
        Indicator(
            f"asb_{kind}",
            f"Anti-social behaviour, {kind}",
            (Part.at(f"incidents.count{{category=asb.{kind}}}"),),
            share_of="asb",
            definition=f"Incidents of anti-social behaviour that are {kind}",
            source=WARWICKSHIRE,
        )
        for kind in ("personal", "nuisance", "environmental")
    ),
)
