"""The indicators that the reports of forces have a line for, by what they are made of."""

from __future__ import annotations

from streams.registry.indicator import Indicator
from streams.registry.indicators.calls import CALLS
from streams.registry.indicators.crime_outcomes import CRIME_OUTCOMES
from streams.registry.indicators.crimes import CRIMES
from streams.registry.indicators.incidents import INCIDENTS
from streams.registry.indicators.markers import MARKED
from streams.registry.indicators.people import PEOPLE
from streams.registry.indicators.readings import READINGS

INDICATORS: tuple[Indicator, ...] = (
    *CALLS,
    *INCIDENTS,
    *CRIMES,
    *MARKED,
    *CRIME_OUTCOMES,
    *PEOPLE,
    *READINGS,
)
