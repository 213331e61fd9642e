"""The indicators that the reports of forces have a line for, by what they are made of."""

from __future__ import annotations

from streams.registry.indicator import Indicator
from streams.registry.indicators.calls import CALL_INDICATORS
from streams.registry.indicators.crime_outcomes import CRIME_OUTCOMES
from streams.registry.indicators.crimes import CRIME_INDICATORS
from streams.registry.indicators.incidents import INCIDENT_INDICATORS
from streams.registry.indicators.markers import MARKED
from streams.registry.indicators.people import PEOPLE
from streams.registry.indicators.readings import READINGS

INDICATORS: tuple[Indicator, ...] = (
    *CALL_INDICATORS,
    *INCIDENT_INDICATORS,
    *CRIME_INDICATORS,
    *MARKED,
    *CRIME_OUTCOMES,
    *PEOPLE,
    *READINGS,
)
