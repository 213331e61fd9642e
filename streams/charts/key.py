"""The key of a chart: what its lines and signs mean, in rows above the plot."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from streams.charts.model import Chart, When
from streams.charts.shapes import SMALL, Dot, Polyline, Shape, Text, cross, diamond, triangle
from streams.charts.text import lines, width
from streams.charts.words import EACH, band, counted
from streams.periods import Grain

ROW = 18.0
"""From one line of words to the next."""
SIGN = 24.0
"""The room of a sign before its meaning."""
GAP = 16.0
SMOOTHED: dict[Grain, tuple[int, str]] = {"hour": (24, "a day"), "day": (7, "a week")}
"""Of so many points is the mean of a dense chart."""


class Key(NamedTuple):
    """The rows of a key, and where they end."""

    shapes: list[Shape]
    texts: list[Text]
    bottom: float


def key(chart: Chart, wide: float, top: float, *, dense: bool) -> Key:
    """The key of all that a chart has, in a width, from a height on."""
    shapes: list[Shape] = []
    texts: list[Text] = []
    x, y = 2.0, top + ROW - 4
    for line in lines(_of_scale(chart), wide - x, SMALL):
        texts.append(Text("key", x, y, line))
        y += ROW
    x, y = 2.0 + width(texts[-1].words, SMALL) + GAP, y - ROW
    for kind, words in meanings(chart, dense=dense):
        room = SIGN + width(words, SMALL)
        if x + room > wide:
            x, y = 2.0, y + ROW
        shapes += sign(kind, x, y - 4)
        texts.append(Text("key", x + SIGN, y, words))
        x += room + GAP
    return Key(shapes, texts, y + 4)


def _of_scale(chart: Chart) -> str:
    scale = "" if extent(chart)[0] <= 0 else "; the scale does not begin at 0"
    by = counted(chart) if chart.cumulative else EACH[chart.period]
    return f"{by[:1].upper()}{by[1:]}{scale}."


def extent(chart: Chart, *, from_zero: bool = True) -> tuple[float, float]:
    """The least and the greatest value of all that is drawn; from 0 where the scale begins there,
    and where it would nearly do so. A tile has no scale, and shows the shape alone."""
    values = [each.value for each in chart.points]
    values += [each for level in chart.levels for each in (level.centre, level.lower, level.upper)]
    values += [end for each in chart.expected if each for end in (each.lower, each.upper)]
    values += [each for beside in chart.earlier for each in beside.values]
    values += [each.value for each in chart.targets]
    known = [each for each in values if each is not None]
    least, most = (min(known), max(known)) if known else (0.0, 1.0)
    near = 0 <= least < (most - least) * 0.5
    return (min(least, 0.0) if from_zero and (chart.from_zero or near) else least), most


def meanings(chart: Chart, *, dense: bool) -> list[tuple[str, str]]:
    """The kind of each thing that a chart has, and what it means."""
    mean = SMOOTHED.get(chart.period)
    smoothed = [("line", f"mean of {mean[1]}")] if dense and mean is not None else []
    return smoothed + [(kind, words) for kind, words, there in _MEANINGS if there(chart)]


def _limits(chart: Chart) -> bool:
    return any(each.lower is not None or each.upper is not None for each in chart.levels)


def _changing(chart: Chart) -> bool:
    return any(each.provisional and not each.running for each in chart.points)


def _with_band(words: str) -> Callable[[Chart], bool]:
    return lambda chart: any(chart.expected) and band(chart) == words


def _beside(when: When) -> Callable[[Chart], bool]:
    return lambda chart: any(
        each.when == when and any(value is not None for value in each.values)
        for each in chart.earlier
    )


_MEANINGS: tuple[tuple[str, str, Callable[[Chart], bool]], ...] = (
    *(("band", words, _with_band(words)) for words in ("expected", "usual", "usual by then")),
    ("centre", "average", lambda chart: bool(chart.levels)),
    ("limit", "limits", _limits),
    ("target", "target", lambda chart: bool(chart.targets)),
    ("earlier", "a year before", _beside("a year before")),
    ("earlier", "a week before", _beside("a week before")),
    ("day-before", "the day before", _beside("the day before")),
    ("flag", "exceptional", lambda chart: any(each.rule == "limit" for each in chart.flags)),
    ("run", "run on one side", lambda chart: any(each.rule == "run" for each in chart.flags)),
    ("running", "not over yet", lambda chart: any(each.running for each in chart.points)),
    ("provisional", "may change yet", _changing),
    (
        "missing",
        "not known",
        lambda chart: any(each.value is None and not each.ahead for each in chart.points),
    ),
    ("alert", "alert", lambda chart: any(each.kind == "alert" for each in chart.marks)),
)


def sign(kind: str, x: float, y: float) -> list[Shape]:
    """How a thing looks, 18 wide, around a height."""
    middle = x + 9
    signs: dict[str, list[Shape]] = {
        "band": [
            Polyline("band", ((x, y - 5), (x + 18, y - 5), (x + 18, y + 5), (x, y + 5)), True)
        ],
        "flag": [diamond("flag", middle, y, 6.0)],
        "alert": [triangle("alert", middle, y + 4)],
        "missing": cross("missing", middle, y, 3.0),
        "running": [Dot("running", middle, y, 3.2)],
        "provisional": [Dot("provisional", middle, y, 3.2)],
        "run": [Dot("run", middle, y, 5.6), Dot("dot", middle, y, 3.2)],
    }
    return signs.get(kind, [Polyline(kind, ((x, y), (x + 18, y)))])
