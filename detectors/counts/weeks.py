"""Weeks of many series that end together, learned together.

Most of what learning a week costs is not the arithmetic but the calls, and those for a hundred
series are hardly more than those for one (`detectors.counts.weekly.level.fit_levels`).
"""

from __future__ import annotations

from collections.abc import Iterable

from detectors.counts.expected import Expected
from detectors.counts.weekly.baseline import Constants, idle_weeks, learn_weeks


def close_weeks(series: Iterable[Expected], slot: int) -> None:
    """Has those whose week is complete before that slot learn it: just what the next `update` of
    each would do, and does where this is left out.

    >>> alone, together = (Expected(slots=7) for _ in range(2))
    >>> for day in range(22):
    ...     close_weeks([together], day % 7)
    ...     for each in (alone, together):
    ...         each.update(50 + day % 7, day % 7)
    >>> together.age, alone.save() == together.save()
    (3, True)
    """
    alike: dict[Constants, list[Expected]] = {}
    for each in series:
        if each.ends_before(slot) and not each.set_aside():
            alike.setdefault(each.constants, []).append(each)
    for constants, due in alike.items():
        weeks = [(each.resumed, each.week) for each in due]
        for each, known in zip(due, learn_weeks(weeks, constants), strict=True):
            each.close(known)


def pass_weeks(series: Iterable[Expected], slots: int) -> None:
    """Has each learn the week that is running, and then the weeks without a point that end in so
    many slots more: just what as many updates with None would do, in one step.

    >>> alone, together = (Expected(slots=7) for _ in range(2))
    >>> for each in (alone, together):
    ...     for day in range(24):
    ...         each.update(50 + day % 7, day % 7)
    >>> for day in range(24, 60):
    ...     alone.update(None, day % 7)
    >>> pass_weeks([together], 36)
    >>> together.pass_over(36, 36)
    >>> together.age, together.age == alone.age, together.slot == alone.slot
    (8, True, True)
    """
    alike: dict[Constants, list[tuple[Expected, int]]] = {}
    for each in series:
        if weeks := each.weeks_in(slots):
            alike.setdefault(each.constants, []).append((each, weeks))
    for constants, due in alike.items():
        known = learn_weeks([(each.resumed, each.week) for each, _ in due], constants)
        aged = idle_weeks(
            [(k, weeks - 1) for k, (_, weeks) in zip(known, due, strict=True)], constants
        )
        for (each, _), after in zip(due, aged, strict=True):
            each.close(after)
