"""Rules, as data, about points and their limits: which patterns are not chance.

Four kinds, each a fold over the points that needs a few numbers and no history:

- `outside`: a point strictly beyond a limit.
- `side`: n points in succession on one side of the centre line.
- `trend`: n points in succession, each above (or each below) the one before: n - 1 steps.
- `near`: m of n points beyond a share (2/3) of the way from the centre to the limit.

`step` takes one point and says in which direction the rule's pattern is complete; `marks` looks
back and says of which patterns each point is part, as a finished chart is coloured. `limits` makes
the lines; `rebase` uses the `side` rule to move them; `chart` runs a set of rules online.

Pinned, and fields of a rule where another choice is in use:
- A point on a limit is inside it.
- A point on the centre line is on no side and ends a run; with `on_line="skips"` it is as if it had
  not come. An equal point ends a trend, and likewise.
- A point outside the limits is not near them (`outside_counts=False`), and all n points of the
  window must lie on one side, not only the near ones (`one_side=True`).
- Of a `near` window only its near points are marked (`whole=True`: all of them). It needs n points.
- The first rule of a set that a point is part of names the point (`first`). The NHS's charts name
  it by outside, trend, two of three, side, in this order.
- The point where one trend ends and another begins is named by the later one. (NHSRplotthedots
  also calls the last point of a rise decreasing where the point after it begins a rise of its own;
  here it is the rise that it belongs to.)

Reference: NHS England, Making data count (the four rules, with 7, 7 and 2 of 3); Western Electric,
Statistical Quality Control Handbook (1956); L. S. Nelson, The Shewhart control chart: tests for
special causes (1984). How many on one side is a matter of school: 6 (some NHS boards), 7 (NHS
England), 8 (Western Electric), 9 (Nelson).

>>> flat = Limits(5, 0, 10)
>>> series = [4, 6, 7, 6, 6, 8, 6, 7, 11, 5]
>>> [nhs_wording(*first(m)) if m else "" for m in marks(series, [flat] * 10, SETS["nhs"])][-4:]
['7 Points Above CL', '7 Points Above CL', 'Above UCL', '']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from detectors.charts.limits import Limits

UP, DOWN, NEITHER = 1, -1, 0
Memory = list[float]
"""What a rule keeps between points: plain numbers."""
Lines = Limits | Sequence[float]
"""Centre, lower and upper."""
Mark = tuple[str, int]
"""The name of a rule, and a direction."""


class Rule(NamedTuple):
    """One pattern. Which fields matter depends on the kind."""

    kind: str
    points: int = 1
    """n on one side; n of a trend; how many near."""
    window: int = 3
    """Near: of how many."""
    share: float = 2 / 3
    """Near: how far from the centre to the limit."""
    on_line: str = "breaks"
    """A point on the line, or equal to the last: `breaks` the run, or the run `skips` it."""
    outside_counts: bool = False
    one_side: bool = True
    whole: bool = False


RULES = {
    "outside": Rule("outside"),
    **{f"side_{n}": Rule("side", n) for n in (6, 7, 8, 9)},
    **{f"trend_{n}": Rule("trend", n) for n in (5, 6, 7, 8)},
    "near_2_of_3": Rule("near", 2),
    "near_2_of_3_outside_too": Rule("near", 2, outside_counts=True, one_side=False),
}
"""Rules by name."""

SETS = {
    "limits": ("outside",),
    "nhs": ("outside", "trend_7", "near_2_of_3", "side_7"),
    "western_electric": ("outside", "near_2_of_3_outside_too", "side_8"),
    "nelson": ("outside", "side_9", "trend_6", "near_2_of_3_outside_too"),
}
"""Sets of rules in common use, in the order in which they name a point."""


def side(x: float, line: float) -> int:
    """On which side of a line.

    >>> side(3, 2), side(2, 2), side(1, 2)
    (1, 0, -1)
    """
    return (x > line) - (x < line)


def nearness(rule: Rule, x: float, limits: Lines) -> int:
    """On which side a point is near a limit. The longer way measures (a limit may be cut at 0).

    >>> nearness(RULES["near_2_of_3"], 9, Limits(5, 0, 10))
    1
    """
    centre, lower, upper = limits
    length = rule.share * max(upper - centre, centre - lower)
    if not rule.outside_counts and (x > upper or x < lower):
        return NEITHER
    return UP if x - centre > length else DOWN if centre - x > length else NEITHER


def step(rule: Rule, memory: Memory, x: float, limits: Lines) -> int:
    """Takes a point; the direction in which the pattern is now complete, or 0. `memory`: once `[]`.

    >>> memory: Memory = []
    >>> [step(RULES["side_6"], memory, x, Limits(5, 0, 10)) for x in (6, 6, 7, 6, 6, 6, 4)]
    [0, 0, 0, 0, 0, 1, 0]
    """
    kind = rule.kind
    if kind == "outside":
        return (x > limits[2]) - (x < limits[1])
    if kind == "side":
        centre = limits[0]
        return run(rule, memory, (x > centre) - (x < centre), 1)
    if kind == "trend":
        if not memory:
            memory[:] = 0, 0, 0, x
            return NEITHER
        last, memory[3] = memory[3], x
        return run(rule, memory, (x > last) - (x < last), 2)
    return close(rule, memory, x, limits)


def run(rule: Rule, memory: Memory, direction: int, first: int) -> int:
    """Counts a run in `memory`: its direction, its points, the same with points skipped.

    `first` is how many points the first step of a run is worth.
    """
    if not memory:
        memory[:] = 0, 0, 0
    if not direction and rule.on_line == "skips":
        memory[2] += 1 if memory[0] else 0
        return NEITHER
    if direction and direction == memory[0]:
        memory[1] += 1
        memory[2] += 1
    else:
        memory[0] = direction
        memory[1] = memory[2] = first if direction else 0
    return direction if memory[1] >= rule.points else NEITHER


def close(rule: Rule, memory: Memory, x: float, limits: Lines) -> int:
    """The `near` rule. `memory`: whether the last window was complete, then for each point of the
    last window its side, doubled where it is near."""
    if not memory:
        memory.append(0)
    place = side(x, limits[0])
    near = nearness(rule, x, limits)
    memory.append(2 * near or place)
    if len(memory) <= rule.window:
        return NEITHER
    del memory[1 : len(memory) - rule.window]
    window = memory[1:]
    for direction in (UP, DOWN):
        if window.count(2 * direction) >= rule.points:
            together = all(seen in (direction, 2 * direction) for seen in window)
            if together or not rule.one_side:
                before, memory[0] = memory[0], 1
                new = near or not before or rule.whole
                return direction if new else NEITHER
    memory[0] = 0
    return NEITHER


def span(rule: Rule, memory: Memory) -> int:
    """How many points back, with this one, the pattern that is now complete reaches."""
    if rule.kind == "outside":
        return 1
    return rule.window if rule.kind == "near" else max(rule.points, int(memory[2]))


def covered(hits: Sequence[int], spans: Sequence[int]) -> list[int]:
    """Each point's direction, if a pattern that is complete at or after it reaches back to it.

    >>> covered([0, 0, 1, 0], [2] * 4)
    [0, 1, 1, 0]
    """
    found = [NEITHER] * len(hits)
    for i, (hit, length) in enumerate(zip(hits, spans, strict=True)):
        if hit:
            found[max(0, i + 1 - length) : i + 1] = [hit] * min(length, i + 1)
    return found


def pattern(points: Sequence[float], lines: Sequence[Limits], rule: Rule) -> list[int]:
    """For one rule, looking back: the direction of the pattern that each point is part of, or 0.

    >>> pattern([1, 2, 3, 4, 5, 5], [Limits(9, 0, 9)] * 6, RULES["trend_5"])
    [1, 1, 1, 1, 1, 0]
    """
    memory: Memory = []
    hits, spans = [], []
    for x, limits in zip(points, lines, strict=True):
        hits.append(step(rule, memory, x, limits))
        spans.append(span(rule, memory))
    found = covered(hits, spans)
    if rule.kind == "near" and not rule.whole:
        near = (nearness(rule, x, limits) for x, limits in zip(points, lines, strict=True))
        found = [f if f and n == f else NEITHER for f, n in zip(found, near, strict=True)]
    return found


def marks(
    points: Sequence[float], lines: Sequence[Limits], rules: Sequence[str]
) -> list[list[Mark]]:
    """For each point, looking back, the patterns that it is part of, in the rules' order.

    >>> marks([1, 11], [Limits(5, 0, 10)] * 2, ["outside", "side_7"])
    [[], [('outside', 1)]]
    """
    found = {name: pattern(points, lines, RULES[name]) for name in rules}
    return [
        [(name, found[name][i]) for name in rules if found[name][i]] for i in range(len(points))
    ]


def first(found: Sequence[Mark]) -> Mark:
    """The mark that names a point.

    >>> first([("side_7", -1), ("trend_7", 1)])
    ('side_7', -1)
    """
    return found[0] if found else ("", NEITHER)


def nhs_wording(name: str, direction: int) -> str:
    """What NHS charts call it.

    >>> nhs_wording("trend_7", -1), nhs_wording("", 0)
    ('7 Point Trend (Decreasing)', 'Common Cause')
    """
    if not direction:
        return "Common Cause"
    rule, up = RULES[name], direction > 0
    if rule.kind == "outside":
        return "Above UCL" if up else "Below LCL"
    if rule.kind == "trend":
        return f"{rule.points} Point Trend ({'Increasing' if up else 'Decreasing'})"
    what = f"{rule.points} Points" if rule.kind == "side" else f"{rule.points} in {rule.window}"
    return f"{what} {'Above' if up else 'Below'} CL"


def nhs_point_type(direction: int, better: int) -> str:
    """Improvement or concern; `better` is the direction that is wanted, 0 where neither is.

    >>> nhs_point_type(UP, better=DOWN), nhs_point_type(UP, better=NEITHER)
    ('special_cause_concern', 'special_cause_neutral_high')
    """
    if not direction:
        return "common_cause"
    if not better:
        return f"special_cause_neutral_{'high' if direction > 0 else 'low'}"
    return f"special_cause_{'improvement' if direction == better else 'concern'}"


def nhs_assurance(limits: Limits, target: float, better: int) -> str:
    """Whether a target will be met: consistently, never, or now and then.

    >>> nhs_assurance(Limits(6, 5, 7), target=4, better=UP)
    'consistent_pass'
    """
    if limits.lower <= target <= limits.upper:
        return "inconsistent"
    return "consistent_pass" if side(limits.centre, target) == better else "consistent_fail"
