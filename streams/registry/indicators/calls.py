"""What the reports say of calls."""

from __future__ import annotations

from streams.registry.indicator import Indicator, Part

REPORTS = "West Mercia PCC performance report Oct-Dec 2016; Warwickshire PCC report Oct-Dec 2017"

CALLS = (
    Indicator(
        "calls_999",
        "999 calls",
        (Part.at("calls.offered{line=999}"),),
        definition="Calls received on the 999 system",
        source=REPORTS,
    ),
    Indicator(
        "answered_999_within_10s",
        "999 calls answered in time",
        (Part.at("calls.service_level{line=999}"),),
        definition="Share of 999 calls answered within the target of 10 seconds, by the formula "
        "that the force's file chooses",
        source=REPORTS,
    ),
    Indicator(
        "abandoned_999",
        "999 calls abandoned",
        (Part.at("calls.abandonment{line=999}"),),
        definition="Share of 999 calls that were abandoned, of those answered or abandoned",
        source=REPORTS,
    ),
    Indicator(
        "calls_101",
        "Non-emergency calls",
        (Part.at("calls.offered{line=101}"),),
        definition="Calls received on 101",
        source=REPORTS,
    ),
    Indicator(
        "answered_101_within_30s",
        "Non-emergency calls answered in time",
        (Part.at("calls.service_level{line=101}"),),
        definition="Share of 101 calls answered within the target of 30 seconds, by the formula "
        "that the force's file chooses",
        source=REPORTS,
    ),
    Indicator(
        "abandoned_101",
        "Non-emergency calls abandoned",
        (Part.at("calls.abandonment{line=101}"),),
        definition="Share of 101 calls that were abandoned, of those answered or abandoned",
        source=REPORTS,
    ),
)
