"""Durations: waits, response times.

- `DurationWatch`: means of groups of durations, exceptional singly or changed for a while;
- `return_level.return_level`: the wait that is passed once in so many periods.
"""

from detectors.durations.duration_watch import DurationWatch

__all__ = ["DurationWatch"]
