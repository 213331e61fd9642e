"""What the reports say of calls."""

from __future__ import annotations

from streams.registry.indicator import Indicator, Part

REPORTS = "West Mercia PCC performance report Oct-Dec 2016; Warwickshire PCC report Oct-Dec 2017"

WEST_MERCIA = "West Mercia PCC performance report Jul-Sep 2020"
NATIONAL = "National performance figures of 999 calls"

CALL_INDICATORS = (
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
        definition="Share of 999 calls answered within the limit, and by the formula, of the "
        "force's file",
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
        definition="Share of 101 calls answered within the limit, and by the formula, of the "
        "force's file",
        source=REPORTS,
    ),
    Indicator(
        "abandoned_101",
        "Non-emergency calls abandoned",
        (Part.at("calls.abandonment{line=101}"),),
        definition="Share of 101 calls that were abandoned, of those answered or abandoned",
        source=REPORTS,
    ),
    Indicator(
        "calls_resolved_at_first_contact",
        "Resolved at first contact",
        (Part.at("contacts.resolved_share"),),
        definition="Share of contacts that the first contact settled, of those of which it is "
        "known",
        source=WEST_MERCIA,
    ),
    Indicator(
        "call_handling_time",
        "Mean handling time",
        (Part.at("handling.handling_mean"),),
        definition="Mean time from the answer to the end of a call",
    ),
    Indicator(
        "call_wrap_up_time",
        "Mean wrap-up",
        (Part.at("handling.wrap_up_mean"),),
        definition="Mean time from the end of a call until its handler is free again",
    ),
    *(
        Indicator(
            f"national_999_answered_{name}",
            f"999 calls answered, {title}",
            (Part.at(f"since_operator.share_{name}{{line=999}}"),),
            definition=f"Share of 999 calls that were answered {title} after the operator's "
            "connect, of those answered of which it is known",
            source=NATIONAL,
        )
        for name, title in (
            ("under_10s", "under 10 seconds"),
            ("10_to_60s", "10 to under 60 seconds"),
            ("60s_and_over", "60 seconds and over"),
        )
    ),
    Indicator(
        "national_999_mean_answer",
        "999 mean answer since the operator's connect",
        (Part.at("since_operator.connect_mean{line=999}"),),
        definition="Mean time from the operator's connect to the answer of 999 calls",
        source=NATIONAL,
    ),
)
