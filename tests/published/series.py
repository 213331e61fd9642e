"""The series of records that the published figures are made of, and the areas and periods that they
are fed by."""

from __future__ import annotations

from collections.abc import Mapping

REPORTED = {"000": "2016-Q2", "001": "2016-Q4", "002": "2017-Q4", "003": "2020-Q3"}
"""The quarter that each report is about."""
FORCES = {"000": "Warwickshire", "001": "West Mercia", "002": "Warwickshire", "003": "West Mercia"}
MONTHLY = ("000", "001", "002")
"""The reports of which months are published too: their records are fed by month, those of the
others by quarter."""
FIRST = {"000": "2015-04", "001": "2015-05", "002": "2016-03", "003": "2019-Q2"}
"""The first month or quarter of each report's records: a chart by month that moves in the reported
quarter has 12 months from which its first limits are, and then 8 on one side."""

_NORTH = ("North Warwickshire", "Nuneaton & Bedworth", "Rugby")
_SOUTH = ("Stratford", "Warwick")
_WEST_MERCIA = (
    "Herefordshire",
    "North Worcestershire",
    "Shropshire",
    "South Worcestershire",
    "Telford & Wrekin",
)
WITHIN: Mapping[str, tuple[str, ...]] = {
    "Warwickshire": (*_NORTH, *_SOUTH),
    "North Warwickshire policing area": _NORTH,
    "South Warwickshire policing area": _SOUTH,
    "West Mercia": _WEST_MERCIA,
}
"""The areas that records are fed by, within those that have others within them."""

DRIVERS = {
    ("002", 1403): ("North Warwickshire policing area",),
    ("000", 27): ("South Warwickshire policing area",),
    ("000", 72): ("South Warwickshire policing area",),
    ("003", 1890): ("South Worcestershire", "Shropshire", "Telford & Wrekin"),
}
"""By report and line, the areas that a change comes from."""

Term = tuple[str, ...]
"""The series whose sum a measure is."""

_OTHERS = (
    "crime:sexual.rape.other",
    "crime:robbery.business",
    "crime:robbery.personal",
    "crime:burglary.residential.dwelling",
    "crime:burglary.business_community",
    "crime:theft_from_person",
    "crime:bicycle_theft",
    "crime:shoplifting",
    "crime:other_theft",
    "crime:damage_arson.damage",
)
_VIOLENCE = ("crime:violence.without_injury.malicious_communications",)
_SEXUAL = (
    "crime:sexual.other.assault",
    "crime:sexual.other.activity_child_under_16",
    "crime:sexual.other.inciting_child",
)
_VEHICLE = ("crime:vehicle.theft_of", "crime:vehicle.theft_from", "crime:vehicle.interfering")
_SOCIETY = ("crime:drugs.possession", "crime:weapons", "crime:public_order", "crime:other_crime")
_TRAFFICKING = "crime:drugs.trafficking"

_TYPES: dict[str, Term] = {
    "violence_with_injury": ("crime:violence.with_injury",),
    "violence_without_injury": ("crime:violence.without_injury.other", *_VIOLENCE),
    "rape": ("crime:sexual.rape.other",),
    "other_sexual_offences": ("crime:sexual.other.other", *_SEXUAL),
    "business_robbery": ("crime:robbery.business",),
    "personal_robbery": ("crime:robbery.personal",),
    "vehicle_offences": _VEHICLE,
    "theft_from_person": ("crime:theft_from_person",),
    "bicycle_theft": ("crime:bicycle_theft",),
    "shoplifting": ("crime:shoplifting",),
    "other_theft": ("crime:other_theft",),
    "criminal_damage_arson": ("crime:damage_arson.damage",),
}
"""The crime types that every report has."""
_UNTIL_2017 = {"other_crimes_against_society": ("crime:society",)}
_BURGLARY = {
    "000": ("domestic_burglary", "burglary_other"),
    "001": ("domestic_burglary", "burglary_other"),
    "002": ("residential_burglary_dwelling", "business_community_burglary"),
    "003": ("residential_burglary_dwelling", "business_community_burglary"),
}
_IN_2020: dict[str, Term] = {
    "drug_offences": ("crime:drugs.possession", _TRAFFICKING),
    "possession_of_weapons": ("crime:weapons",),
    "public_order": ("crime:public_order",),
    "misc_crimes_against_society": ("crime:other_crime",),
}


def _types(report: str) -> dict[str, Term]:
    dwelling, other = _BURGLARY[report]
    return {
        **_TYPES,
        dwelling: ("crime:burglary.residential.dwelling",),
        other: ("crime:burglary.business_community",),
        **(_IN_2020 if report == "003" else _UNTIL_2017),
    }


TYPES = {report: _types(report) for report in REPORTED}
"""By report the rows of its table of crime types, which add up to recorded crime but for a few."""

CYBER: dict[str, str] = {
    "cyber_threats_to_kill": "violence.without_injury.threats_to_kill",
    "cyber_harassment": "violence.without_injury.harassment",
    "cyber_stalking": "violence.without_injury.stalking",
    "cyber_malicious_communications": "violence.without_injury.malicious_communications",
    "cyber_controlling_coercive_behaviour": "violence.without_injury.controlling_coercive",
    "cyber_rape_female_16_and_over": "sexual.rape.female_16_and_over",
    "cyber_abuse_of_children_sexual_exploitation": "sexual.other.child_exploitation",
    "cyber_sexual_assault_female_13_and_over": "sexual.other.assault_female_13_and_over",
    "cyber_sexual_activity_child_under_13": "sexual.other.activity_child_under_13",
    "cyber_sexual_activity_child_under_16": "sexual.other.activity_child_under_16",
    "cyber_sexual_grooming": "sexual.other.grooming",
    "cyber_blackmail": "other_theft.blackmail",
    "cyber_attempting_to_pervert_justice": "other_crime.perverting_justice",
    "cyber_obscene_publications": "other_crime.obscene_publications",
}
"""The offences that cyber crime is split by."""
_CYBER: dict[str, Term] = {name: (f"mark:cyber:{offence}",) for name, offence in CYBER.items()}


def _cyber_of(offence: str) -> Term:
    return tuple(s for (s,) in _CYBER.values() if s.startswith(f"mark:cyber:{offence}"))


def _marked(report: str) -> dict[str, Term]:
    cyber: Term = (*(s for (s,) in _CYBER.values()), "mark:cyber:")
    if report in ("000", "002"):
        cyber = ("mark:cyber:",)
    elif report == "001":
        cyber = (*_CYBER["cyber_malicious_communications"], "mark:cyber:")
    cse: Term = ("mark:cse:", "mark:cse:sexual.rape.other") if report == "003" else ("mark:cse:",)
    rural: Term = ("mark:rural:",)
    if report == "002":
        rural = (
            "mark:rural:",
            "mark:rural:burglary.business_community",
            "mark:rural:vehicle.theft_from",
            "mark:rural:other_theft",
        )
    found: dict[str, Term] = {
        "hate_crime": ("mark:hate.racial:", "mark:hate.disability:", "incident:hate.racial"),
        "hate_crime_racial": ("mark:hate.racial:", "incident:hate.racial"),
        "domestic_abuse": ("mark:domestic_abuse:", "incident:domestic_abuse"),
        "child_at_risk": ("mark:child_at_risk:", "incident:child_at_risk"),
        "vulnerable_adult": ("mark:vulnerable_adult:", "incident:vulnerable_adult"),
        "alcohol_related": ("mark:alcohol:",),
        "cse": cse,
        "rape_cse_marker": cse[1:],
        "cyber": cyber,
        "cyber_itemised_total": cyber,
        "business_crime": ("mark:business:",),
        "rural_crime": rural,
    }
    if report == "003":
        found |= {
            **_CYBER,
            "cyber_violence_without_injury": _cyber_of("violence.without_injury"),
            "cyber_other_sexual_offences": _cyber_of("sexual.other"),
            "cyber_other_crimes_against_society": _cyber_of("other_crime"),
        }
    if report == "002":
        found["vulnerable_adult_keyword_use"] = ("mark:vulnerable_adult:",)
        found["alcohol_keyword_use"] = ("mark:alcohol:",)
        shares = ("business_community_burglary", "theft_from_vehicle", "other_theft")
        for name, each in zip(shares, rural[1:], strict=True):
            found[f"rural_crime_share_{name}"] = (each,)
    if report == "001":
        found["cyber_malicious_communications"] = _CYBER["cyber_malicious_communications"]
    return found


_PARTS: dict[str, Term] = {
    "robbery": ("crime:robbery.business", "crime:robbery.personal"),
    "business_robbery_share_of_robbery": ("crime:robbery.business",),
    "malicious_communications": _VIOLENCE,
    "inciting_child_sexual_activity": ("crime:sexual.other.inciting_child",),
    "other_sexual_offences_share_sexual_assault": ("crime:sexual.other.assault",),
    "other_sexual_offences_share_sexual_activity": ("crime:sexual.other.activity_child_under_16",),
    "theft_from_motor_vehicle": ("crime:vehicle.theft_from",),
    "interfering_with_motor_vehicle": ("crime:vehicle.interfering",),
    "drug_trafficking": (_TRAFFICKING,),
}
_ASB = ("asb_personal", "asb_nuisance", "asb_environmental")
_INCIDENTS: dict[str, Term] = {
    **{name: (f"incident:{name.replace('_', '.')}",) for name in _ASB},
    "asb": tuple(f"incident:{name.replace('_', '.')}" for name in _ASB),
}


def _measures(report: str) -> dict[str, Term]:
    types = TYPES[report]
    every = (*(series for term in types.values() for series in term), "crime:unlisted")
    found = {**types, "total_recorded_crime": every, **_marked(report), **_INCIDENTS}
    found |= {name: term for name, term in _PARTS.items() if set(term) <= set(every)}
    if report == "003":
        all_of = (series for term in found.values() for series in term)
        opened = dict.fromkeys(series for series in all_of if series.startswith("incident:"))
        found["incidents"] = (*opened, "incident:suspicious")
    else:
        found["emergency_incidents"] = ("incident:emergency",)
    return found


MEASURES = {report: _measures(report) for report in REPORTED}
"""By report and measure, the series that it is the sum of."""

WHOLES = {
    **dict.fromkeys(_ASB, "asb"),
    "business_robbery_share_of_robbery": "robbery",
    "cyber_malicious_communications": "cyber",
    "hate_crime_racial": "hate_crime",
    "other_sexual_offences_share_sexual_assault": "other_sexual_offences",
    "other_sexual_offences_share_sexual_activity": "other_sexual_offences",
    "rural_crime_share_business_community_burglary": "rural_crime",
    "rural_crime_share_theft_from_vehicle": "rural_crime",
    "rural_crime_share_other_theft": "rural_crime",
}
"""The measures whose percentage is of another one."""


def shortest_periods(report: str, period: str) -> tuple[str, ...]:
    """The months or quarters that records of a period are fed by; raises `ValueError` for a period
    that is none of those."""
    kind, _, rest = period.partition("-")
    if kind == "YTD":
        year, month = map(int, rest.split("-"))
        return tuple(
            part
            for q in range(2, month // 3 + 1)
            for part in shortest_periods(report, f"{year}-Q{q}")
        )
    if rest.startswith("Q"):
        if report not in MONTHLY:
            return (period,)
        first = 3 * int(rest[1]) - 2
        return tuple(f"{kind}-{month:02d}" for month in range(first, first + 3))
    if rest.isdigit() and report in MONTHLY:
        return (period,)
    raise ValueError(f"{period} of {report}")


def every_period(report: str) -> list[str]:
    """The months or quarters of a report's records, in order."""
    found = [FIRST[report]]
    last = shortest_periods(report, REPORTED[report])[-1]
    while found[-1] != last:
        found.append(after(found[-1]))
    return found


def after(period: str) -> str:
    """The month or quarter after."""
    year, rest = int(period[:4]), period[5:]
    if rest in ("Q4", "12"):
        return f"{year + 1}-{'Q1' if rest == 'Q4' else '01'}"
    return f"{year}-Q{int(rest[1]) + 1}" if rest[0] == "Q" else f"{year}-{int(rest) + 1:02d}"


def quarter_of(period: str) -> str:
    """The quarter of a month, or the quarter itself."""
    return period if "Q" in period else f"{period[:4]}-Q{(int(period[5:]) + 2) // 3}"


def before(period: str) -> str:
    """The month or quarter before."""
    year, rest = int(period[:4]), period[5:]
    if rest.startswith("Q"):
        return f"{year - 1}-Q4" if rest == "Q1" else f"{year}-Q{int(rest[1]) - 1}"
    return f"{year - 1}-12" if rest == "01" else f"{year}-{int(rest) - 1:02d}"


def year_before(period: str) -> str:
    """The same period of the year before."""
    kind, _, rest = period.partition("-")
    return f"YTD-{year_before(rest)}" if kind == "YTD" else f"{int(kind) - 1}-{rest}"


def quarters_before(quarter: str, count: int = 4) -> list[str]:
    """The quarters before one, the latest first."""
    found = [before(quarter)]
    while len(found) < count:
        found.append(before(found[-1]))
    return found
