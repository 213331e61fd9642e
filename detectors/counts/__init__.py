"""Counts: what to expect of the next one, and which are exceptional.

- `CountWatch`: hours or days, exceptional singly or over any stretch that ends now;
- `Expected`: what the next hour or day should bring, with limits; parts of it in `weekly`;
- `MonthWatch`: months, for a lasting change beside the usual control chart;
- `SeasonalScan`, `FlexibleFarrington`: weeks or months with a yearly season;
- `EARS`: any counts, from seven points of history;
- `hours_ahead`, `projection`: what the next hours, the next months bring;
- `ReportingTriangle`: counts that still grow as records arrive.
"""

from detectors.counts.count_watch import CountWatch
from detectors.counts.ears import EARS
from detectors.counts.expected import Expected
from detectors.counts.farrington import FlexibleFarrington
from detectors.counts.month_watch import MonthWatch
from detectors.counts.reporting_triangle import ReportingTriangle
from detectors.counts.seasonal_scan import SeasonalScan

__all__ = [
    "EARS",
    "CountWatch",
    "Expected",
    "FlexibleFarrington",
    "MonthWatch",
    "ReportingTriangle",
    "SeasonalScan",
]
