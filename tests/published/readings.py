"""What the forces report of other systems: referrals of victims, an audit, Action Fraud's reports.

Of referrals only percentages are printed; the counts are chosen so that those of every area, month
and of the year to date come out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.published.scope import figures


class Reading(NamedTuple):
    """A figure of a period: a value, or how many of how many. Without an area, of the force."""

    measure: str
    period: str
    value: float
    of: int | None = None
    area: str = ""


_REFERRED = {
    "South Worcestershire": ((61, 589), (103, 589), (83, 533), (127, 628), (92, 707), (80, 673)),
    "North Worcestershire": ((111, 650), (59, 585), (77, 585), (117, 863), (35, 643), (118, 727)),
    "Herefordshire": ((112, 657), (47, 523), (122, 657), (170, 721), (71, 804), (100, 736)),
    "Shropshire": ((59, 617), (83, 563), (99, 614), (149, 781), (105, 808), (74, 662)),
    "Telford & Wrekin": ((100, 578), (50, 577), (58, 578), (120, 795), (69, 731), (91, 748)),
}
"""Victims referred to the Victim Advice Line, and victims, of each month from April 2020."""
_ACTION_FRAUD = (*[214] * 10, 213, 203, 181)
"""Reports of victims to Action Fraud, from October 2016; the twelve before the last average 213."""
_ONLINE = (1000, 1000, 1710, 1710)
"""Crimes reported online, from May 2020."""


def readings(report: str) -> Iterator[Reading]:
    """The readings that a report's figures are made of."""
    if report == "002":
        for place, number in enumerate(_ACTION_FRAUD):
            year, month = divmod(2016 * 12 + 9 + place, 12)
            yield Reading("action_fraud_victim_reports", f"{year}-{month + 1:02d}", number)
        yield Reading("action_fraud_victims_aged_30_59", "2017-10", 91, 181)
    if report == "003":
        for area, months in _REFERRED.items():
            for month, (referred, victims) in enumerate(months, 4):
                yield Reading("val_referral_rate", f"2020-{month:02d}", referred, victims, area)
        for month, parts in enumerate(zip(*_REFERRED.values(), strict=True), 4):
            referred, victims = map(sum, zip(*parts, strict=True))
            yield Reading("val_referral_rate", f"2020-{month:02d}", referred, victims)
        for month, number in enumerate(_ONLINE, 5):
            yield Reading("online_crime_reports", f"2020-{month:02d}", number)
        # "500 to 600" in the quarter.
        for month, number in enumerate((500, 550, 600), 7):
            yield Reading("open_investigations_awaiting_closure_ddm", f"2020-{month:02d}", number)
        for figure in figures():
            if figure.measure.startswith("audit_"):
                yield Reading(figure.measure, figure.period, float(figure.value))
