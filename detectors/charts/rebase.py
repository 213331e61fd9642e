"""Automatic re-basing: a centre line moves after so many points in succession on one side of it.

The rule: where n points in succession (8) lie on the same side of the centre, the level has
changed. Its onset is the first of them, the new centre is their mean, and the count starts again
after them. `rules` has the same pattern as a signal; `chart` moves its limits by it. A change-point
detector finds changes sooner at a known rate of false alarms; this is the rule that is in use.

Pinned, and fields of `Rebasing` where another choice is in use:
- A point on the centre line ends the run, as a point that is average is not above the average;
  with `on_line="skips"` it neither counts nor ends it.
- The new level is the mean of the run's points; `statistic="median"` for run charts. Points that
  were skipped are not among them.
- The new centre is drawn from the onset back in time (`begins="onset"`), or from the point that
  completed the run (`begins="signal"`): points in between keep the centre they were judged by.
- Both sides count; `sides="above"` or `"below"` for one only.
- After a re-base the next run starts with the next point; with `overlap=True` the last points of
  the old run count in the next one as well, as far as they lie on one side of the new centre.
- A missing point neither counts nor ends a run; with `gaps="end"` it ends it, since nobody knows on
  which side it lay.

The rule of the R package runcharter is `Rebasing(9, "median", on_line="skips")` on the median of
the first 9. References: R. J. Perla, L. P. Provost and S. K. Murray, The run chart: a simple
analytical tool for learning from variation in healthcare processes, BMJ Quality & Safety 20 (2011).

>>> year = [364, 360, 368, 364]
>>> rebases(year + [394] * 8, Rebasing(8), baseline=4)
[Rebase(at=11, onset=4, begins=4, old=364.0, new=394.0, direction=1)]
>>> rebases(year + [394] * 7, Rebasing(8), baseline=4)
[]
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from detectors.charts.limits import average


class Rebasing(NamedTuple):
    """When and how a centre line moves. `check` says whether the choices are known."""

    points: int = 8
    statistic: str = "mean"
    on_line: str = "breaks"
    begins: str = "onset"
    sides: str = "both"
    overlap: bool = False
    refit: str = "all"
    """For a chart: the spread is fitted anew as well, or only the `centre`."""
    gaps: str = "pass"


CHOICES = {
    "statistic": ("mean", "median"),
    "on_line": ("breaks", "skips"),
    "begins": ("onset", "signal"),
    "sides": ("both", "above", "below"),
    "refit": ("all", "centre"),
    "gaps": ("pass", "end"),
}


def check(rule: Rebasing) -> Rebasing:
    """The same rule; a ValueError where it can't be followed.

    >>> check(Rebasing(on_line="ends"))
    Traceback (most recent call last):
    ValueError: on_line is one of breaks, skips, not ends
    """
    for field, known in CHOICES.items():
        if getattr(rule, field) not in known:
            raise ValueError(f"{field} is one of {', '.join(known)}, not {getattr(rule, field)}")
    if rule.points < 0:
        raise ValueError(f"a run has at least one point, not {rule.points}")
    return rule


class Rebase(NamedTuple):
    """One move of the centre line. Places are numbers of points, the first being 0."""

    at: int
    """The point that completed the run."""
    onset: int
    """The first point of the run."""
    begins: int
    """From where the new centre is drawn."""
    old: float
    new: float
    direction: int


Run = list[list[float]]
"""The run so far: [place, point, and what else is kept] of each of its points."""


def level(points: Sequence[float], statistic: str) -> float:
    """A centre.

    >>> level([1, 2, 6], "mean"), level([1, 2, 6], "median")
    (3.0, 2.0)
    """
    return float(statistics.median(points)) if statistic == "median" else average(points)


def extend(rule: Rebasing, run: Run, place: int, x: float, centre: float) -> bool:
    """Takes a point into the run, or ends it; whether the run is now complete.

    >>> run: Run = []
    >>> [extend(Rebasing(2), run, i, x, 5) for i, x in enumerate([6, 5, 7, 8])], run
    ([False, False, False, True], [[2, 7], [3, 8]])
    """
    direction = (x > centre) - (x < centre)
    if direction:
        if run and (run[-1][1] > centre) != (direction > 0):
            run.clear()
        run.append([place, x])
        if len(run) < rule.points:
            return False
        wanted = {"both": direction, "above": 1, "below": -1}[rule.sides]
        if direction == wanted:
            return True
        del run[0]
    elif run and rule.on_line != "skips":
        run.clear()
    return False


def move(rule: Rebasing, run: Run, centre: float) -> Rebase:
    """The move that a complete run makes; afterwards the run is the start of the next one."""
    points = [one[1] for one in run]
    onset, at = int(run[0][0]), int(run[-1][0])
    new = level(points, rule.statistic)
    old_run = run[1:] if rule.overlap else []
    run.clear()
    for one in old_run:
        extend(rule, run, int(one[0]), one[1], new)
    begins = onset if rule.begins == "onset" else at
    return Rebase(at, onset, begins, centre, new, 1 if points[-1] > centre else -1)


def rebases(
    points: Sequence[float | None],
    rule: Rebasing = Rebasing(),  # noqa: B008 (it can't be changed)
    *,
    baseline: int | None = None,
    centre: float | None = None,
) -> list[Rebase]:
    """All moves of a series, from a known `centre` or from that of the `baseline` first points.

    >>> rebases([5, 7, 8, 7, 9], Rebasing(2), centre=6)
    [Rebase(at=2, onset=1, begins=1, old=6, new=7.5, direction=1)]
    """
    run: Run = []
    found: list[Rebase] = []
    first: list[float] = []
    for place, x in enumerate(points):
        if x is None:
            if rule.gaps == "end":
                run.clear()
            continue
        if centre is None:
            first.append(x)
            if len(first) == baseline:
                centre = level(first, rule.statistic)
        elif extend(rule, run, place, x, centre):
            found.append(move(rule, run, centre))
            centre = found[-1].new
    return found


def centres(length: int, start: float, moves: Sequence[Rebase]) -> list[float]:
    """The centre line as it is drawn, point by point.

    >>> centres(4, 6, [Rebase(at=2, onset=1, begins=1, old=6, new=7.5, direction=1)])
    [6, 7.5, 7.5, 7.5]
    """
    line = [start] * length
    for one in moves:
        line[one.begins :] = [one.new] * max(0, length - one.begins)
    return line
