"""Durations: waits, response times.

- `DurationWatch`: means of groups of durations, exceptional singly or changed for a while;
- `erlang_a`: calls that wait and give up, and the handlers that a target needs;
- `return_level.return_level`: the wait that is passed once in so many periods.
"""

from detectors.durations.duration_watch import DurationWatch

__all__ = ["DurationWatch"]
