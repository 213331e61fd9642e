"""Where everything of a chart stands, in units of which a page has one a pixel. No colours: each
thing has a kind, which `chart.css` knows.

Words never overlap: their room is estimated on the safe side (`streams.charts.text`), and what has
none is left to the table. Places are rounded to a tenth, so that the same chart is the same text
everywhere.

| purpose | what there is |
|---|---|
| `tile` | the line, its band, targets, earlier values as ticks, the last value; no words |
| `page` | all of it, with a `Spot` for each point to point at |
| `print` | all of it, with as many values as have room, since nothing can be pointed at |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import TypeVar

from streams.charts import axes
from streams.charts.key import SMOOTHED, extent, key
from streams.charts.model import Chart, ChartTarget, Level, Mark
from streams.charts.shapes import (
    LARGE,
    SMALL,
    Coordinates,
    Dot,
    Layout,
    Polyline,
    Purpose,
    Shape,
    Spot,
    Text,
    cross,
    diamond,
    rounded,
    tenth,
    triangle,
)
from streams.charts.text import Anchor, Box, apart, lines, shortened, width
from streams.charts.words import amount, sentence, spot

T = TypeVar("T")
NARROW = 560.0
"""A chart that is narrower has shorter words."""
DENSE = 400
"""Above so many points each is a faint dot, and their mean a line."""
TIERS = 5
"""Lines of words above the plot, at the most, about changes and notes."""
BELOW = 40.0
"""Room below the plot, for the names of periods and of longer ones."""
MOST_NUMBERS = 12
"""Values that are written at what stands out, at the most."""


def layout(
    chart: Chart,
    wide: float = 840,
    high: float = 370,
    purpose: Purpose = "page",
    *,
    titled: bool = True,
) -> Layout:
    """A chart in a size and for a purpose; `titled` draws its title, which a page may have above
    it. Raises ValueError for a size that holds no chart."""
    if wide < 80 or high < 24 or (purpose != "tile" and (wide < 240 or high < 180)):
        raise ValueError(f"{wide:g} by {high:g} is too small for a chart")
    return _Drawing(chart, wide, high, purpose, titled=titled).made()


class _Drawing:
    """A chart as it is laid out: first the margins, which words need, then what is within."""

    def __init__(
        self, chart: Chart, wide: float, high: float, purpose: Purpose, *, titled: bool
    ) -> None:
        self.chart, self.wide, self.high, self.purpose = chart, wide, high, purpose
        self.narrow, self.dense = wide < NARROW, len(chart.points) > DENSE
        self.shapes: list[Shape] = []
        self.texts: list[Text] = []
        self.full = purpose != "tile"
        self._titled = titled and self.full
        self.ends = _ends(chart, narrow=self.narrow) if self.full else []
        self.tiers = 0
        self._frame(TIERS)
        if self.full:
            self._frame(len({each.y for each in self._changes()}))

    def _frame(self, tiers: int) -> None:
        """Finds the plot below so many tiers of words, and where each point stands in it."""
        self.texts, self.shapes, self.tiers = [], [], tiers
        self.plot, self.ticks = self._framed()
        size = len(self.chart.points)
        inner = 6.0 if self.full else 5.0
        left, right = self.plot.left + inner, self.plot.right - inner
        step = (right - left) / (size - 1) if size > 1 else 0.0
        self.step = step or right - left
        self.xs = [left + step * at if size > 1 else (left + right) / 2 for at in range(size)]
        half = [(a + b) / 2 for a, b in pairwise(self.xs)]
        self.edges = [self.plot.left, *half, self.plot.right]

    # -- margins -----------------------------------------------------------------------------------

    def _framed(self) -> tuple[Box, list[float]]:
        """The plot, and the values of its scale."""
        chart = self.chart
        if not self.full:
            least, most = extent(chart, from_zero=False)
            high = most if most > least else least + 1
            return Box(0, 6, self.wide, self.high - 6), [least, high]
        least, most = extent(chart)
        top = 8.0
        if self._titled:
            for line in lines(chart.title, self.wide - 12, LARGE, bold=True):
                top += 20
                self.texts.append(Text("title", 2, top - 4, line))
        top = self._keys(top)
        top += self._tiers_high
        bottom = self.high - BELOW
        wanted = max(2, int((bottom - top) / (34 if self.narrow else 46)))
        values = axes.ticks(least, most, chart.unit, wanted)
        names = [axes.tick_name(each, chart.unit) for each in values]
        left = max(width(name, SMALL) for name in names) + 10
        ends = max(
            (width(words, SMALL, bold=kind == "strong") for words, _, kind in self.ends),
            default=0.0,
        )
        return Box(left, top, self.wide - (ends + 10 if ends else 12), bottom), values

    @property
    def _tiers_high(self) -> float:
        """Room above the plot for alerts, and for the words of changes and notes."""
        return 12.0 + self.tiers * 16 + (14 if self._alerts else 0)

    @property
    def _alerts(self) -> list[Mark]:
        return [each for each in self.chart.marks if each.kind == "alert"]

    @property
    def _worded(self) -> list[tuple[str, Level | Mark]]:
        """What has words above the plot: why levels are others, changes and notes."""
        levels: list[tuple[str, Level | Mark]] = [
            (each.why, each) for each in self.chart.levels if each.why
        ]
        return [*levels, *((m.words, m) for m in self.chart.marks if m.kind != "alert")]

    def _keys(self, top: float) -> float:
        """What the lines and signs mean, in rows; returns where these end."""
        found = key(self.chart, self.wide, top, dense=self.dense)
        self.shapes += found.shapes
        self.texts += found.texts
        return found.bottom

    # -- the plot ----------------------------------------------------------------------------------

    def y(self, value: float) -> float:
        """Where a value stands."""
        low, high = self.ticks[0], self.ticks[-1]
        return self.plot.top + (high - value) / (high - low) * (self.plot.bottom - self.plot.top)

    def x(self, mark: Mark) -> float | None:
        """Where an instant stands; None outside of the periods."""
        points = self.chart.points
        for place, point in enumerate(points):
            if point.start <= mark.at < point.end:
                share = (mark.at - point.start) / (point.end - point.start)
                return self.edges[place] + share * (self.edges[place + 1] - self.edges[place])
        return None

    def made(self) -> Layout:
        """All of it, in the order in which one thing covers another."""
        if self.full:
            self._scale()
        self._band()
        if self.full:
            self._earlier()
            self._levels()
        else:
            self._earlier_ticks()
        self._targets()
        if self.full:
            self._changes()
        self._values()
        self._flags()
        if self.full:
            self._alert_signs()
            self._end_names()
            self._numbers()
        return Layout(
            self.purpose,
            self.wide,
            self.high,
            Box(*map(tenth, self.plot)),
            tuple(map(rounded, self.shapes)),
            tuple(each._replace(x=tenth(each.x), y=tenth(each.y)) for each in self.texts),
            tuple(self._spots()) if self.purpose == "page" else (),
            self.chart.title,
            sentence(self.chart),
        )

    def _line(self, kind: str, *places: Coordinates, closed: bool = False) -> None:
        self.shapes.append(Polyline(kind, places, closed))

    def _scale(self) -> None:
        plot, unit = self.plot, self.chart.unit
        for value in self.ticks:
            y = self.y(value)
            self._line("grid", (plot.left, y), (plot.right, y))
            self.texts.append(
                Text("tick", plot.left - 6, y + 4, axes.tick_name(value, unit), "end")
            )
        chart = self.chart
        grain = axes.WITHIN[chart.period] if chart.cumulative else chart.period
        names = axes.named(chart.points, grain, self.xs, SMALL)
        self._midnights(grain)
        found: list[Text] = []
        for place, name, _ in names:
            x, half = self.xs[place], width(name, SMALL) / 2
            self._line("tick-mark", (x, plot.bottom), (x, plot.bottom + 4))
            found.append(
                Text("tick", _clamped(x, half, self.wide), plot.bottom + 20, name, "middle")
            )
        self.texts += _clear(found)
        self.texts += _clear(self._longer_periods(names))

    def _midnights(self, grain: axes.Step) -> None:
        """A line where one day becomes the next, among hours that are few enough."""
        if grain != "hour" or self.dense or self.chart.cumulative:
            return
        for at, point in enumerate(self.chart.points):
            if at and point.start.date() != self.chart.points[at - 1].start.date():
                x = self.edges[at]
                self._line("grid", (x, self.plot.top), (x, self.plot.bottom))

    def _longer_periods(self, names: Sequence[axes.Named]) -> list[Text]:
        """The names of the years (months, days) below the first period that is named of each."""
        found: list[Text] = []
        for nth, (place, _, within) in enumerate(names):
            if within and (not nth or names[nth - 1].within != within):
                half = width(within, SMALL) / 2
                x = _clamped(self.xs[place], half, self.wide)
                found.append(Text("tick", x, self.plot.bottom + 36, within, "middle"))
        # Of two that meet the later one holds for longer.
        clear = [each for each, after in pairwise(found) if not each.box.meets(after.box)]
        return [*clear, *found[-1:]]

    def _band(self) -> None:
        for part in _together(self.chart.expected):
            if len(part) == 1:
                ((at, only),) = part
                left, right = self.edges[at], self.edges[at + 1]
                upper = [(left, self.y(only.upper)), (right, self.y(only.upper))]
                lower = [(right, self.y(only.lower)), (left, self.y(only.lower))]
            else:
                upper = [(self.xs[at], self.y(each.upper)) for at, each in part]
                lower = [(self.xs[at], self.y(each.lower)) for at, each in reversed(part)]
            self._line("band", *upper, *lower, closed=True)

    def _earlier(self) -> None:
        for beside in self.chart.earlier:
            kind = "day-before" if beside.when == "the day before" else "earlier"
            for part in _together(beside.values):
                places = [(self.xs[at], self.y(value)) for at, value in part]
                self._line(kind, *(places if len(places) > 1 else _short(*places[0])))

    def _earlier_ticks(self) -> None:
        half = min(self.step * 0.3, 14.0)
        values = [zip(self.xs, each.values, strict=True) for each in self.chart.earlier]
        for x, value in chain.from_iterable(values):
            if value is not None:
                self._line("earlier", (x - half, self.y(value)), (x + half, self.y(value)))

    def _levels(self) -> None:
        for kind, value_of in _LIMITS:
            for level in self.chart.levels:
                value = value_of(level)
                if value is not None and (kind == "centre" or self.chart.drawn(value)):
                    self._flat(kind, level, value)

    def _targets(self) -> None:
        for target in self.chart.targets:
            self._flat("target", target, target.value)

    def _flat(self, kind: str, along: Level | ChartTarget, value: float) -> None:
        y = self.y(value)
        self._line(kind, (self.edges[along.first], y), (self.edges[along.last + 1], y))

    def _changes(self) -> list[Text]:
        """A line across the plot for each change and note, and its words where there is room."""
        top = self.plot.top - 12 - (14 if self._alerts else 0)
        placed: list[Text] = []
        for words, what in sorted(self._worded, key=lambda each: self._at(each[1]) or 0.0):
            x = self._at(what)
            if x is None:
                continue
            self._line("change", (x, self.plot.top - 4), (x, self.plot.bottom))
            placed += self._note(words, x, top, placed)
        self.texts += placed
        return placed

    def _at(self, what: Level | Mark) -> float | None:
        return self.edges[what.first] if isinstance(what, Level) else self.x(what)

    def _note(self, words: str, x: float, top: float, placed: Sequence[Text]) -> list[Text]:
        """Words beside a line, in the lowest tiers in which they meet no others: in as many rows as
        they need, and where there is no room for these, in fewer, with `…` for the rest."""
        most = self.wide * (0.6 if self.narrow else 0.45)
        rows = lines(words, most, SMALL)
        sides: tuple[tuple[Anchor, float], ...] = (("start", x + 4), ("end", x - 4))
        for many in range(min(len(rows), self.tiers), 0, -1):
            shown = [*rows[: many - 1], shortened(" ".join(rows[many - 1 :]), most, SMALL)]
            for tier in range(self.tiers - many + 1) if all(shown) else ():
                for anchor, at in sides:
                    texts = [
                        Text("note", at, top - (tier + many - row) * 16, each, anchor)
                        for row, each in enumerate(shown, start=1)
                    ]
                    if all(
                        text.box.left >= 0
                        and text.box.right <= self.wide
                        and not any(text.box.wider(6).meets(each.box) for each in placed)
                        for text in texts
                    ):
                        return texts
        return []

    def _values(self) -> None:
        """The line, broken where nothing is known, and a dot for each point where there is room."""
        values = [each.value for each in self.chart.points]
        if self.dense:
            self._smoothed(values)
        else:
            for part in _together(values):
                self._joined(part)
        if not self.full:
            known = [(x, each) for x, each in zip(self.xs, values, strict=True) if each is not None]
            self.shapes += [Dot("dot", x, self.y(each), 3.4) for x, each in known[-1:]]
            return
        for at, value in enumerate(values):
            if self.chart.points[at].ahead:
                continue
            if value is None:
                self.shapes += cross("missing", self.xs[at], self.plot.bottom - 6, 3.0)
            elif (dot := self._dot(at, self.y(value))) is not None:
                self.shapes.append(dot)

    def _joined(self, part: list[tuple[int, float]]) -> None:
        """A line through values in a row; to that of a period that is not over, a broken one."""
        running = self.chart.points[part[-1][0]].running
        places = [(self.xs[at], self.y(value)) for at, value in part]
        whole = places[:-1] if running else places
        if len(whole) > 1:
            self._line("line", *whole)
        elif whole and not self._dotted:
            self.shapes.append(Dot("dot", *whole[0], 2.0))
        if running and whole:
            self._line("to-running", *places[-2:])

    @property
    def _dotted(self) -> bool:
        """Whether there is room for a dot for each point."""
        return self.step >= 9 and self.full and not self.chart.cumulative

    def _dot(self, at: int, y: float) -> Dot | None:
        point, x = self.chart.points[at], self.xs[at]
        if point.running or point.provisional:
            return Dot("running" if point.running else "provisional", x, y, 3.2)
        if self.dense:
            return Dot("faint", x, y, 1.4)
        return Dot("dot", x, y, 3.2) if self._dotted else None

    def _smoothed(self, values: Sequence[float | None]) -> None:
        """A line of the means of as many points as a day or week has, around each."""
        size, _ = SMOOTHED.get(self.chart.period, (0, ""))
        means: list[float | None] = []
        for at in range(len(values)):
            around = values[max(0, at - size // 2) : at - size // 2 + size] if size else ()
            known = [each for each in around if each is not None]
            enough = values[at] is not None and 2 * len(known) > size > 0
            means.append(sum(known) / len(known) if enough else None)
        for part in _together(means):
            if len(part) > 1:
                self._line("line", *((self.xs[at], self.y(value)) for at, value in part))

    def _flags(self) -> None:
        for flag in self.chart.flags:
            for at in range(flag.first, flag.last + 1):
                value = self.chart.points[at].value
                if value is None:
                    continue
                x, y = self.xs[at], self.y(value)
                if flag.rule == "run":
                    if self.full and not self.dense:
                        self.shapes.append(Dot("run", x, y, 5.6))
                    continue
                size = 6.5 if self.full else 4.5
                size = 4.0 if self.dense else size
                self.shapes.append(diamond("flag", x, y, size))

    def _alert_signs(self) -> None:
        y = self.plot.top - 6
        for mark in self._alerts:
            if (x := self.x(mark)) is not None:
                self.shapes.append(triangle("alert", x, y))

    def _end_names(self) -> None:
        """The names of the lines at their right ends."""
        plot = self.plot
        wanted = [self.y(value) for _, value, _ in self.ends]
        ys = apart(wanted, 16, plot.top + 6, plot.bottom)
        for (words, _, kind), y in zip(self.ends, ys, strict=True):
            self.texts.append(Text(kind, plot.right + 6, y + 4, words))

    def _numbers(self) -> None:
        """The values of what stands out, those farthest out first, then of the last point; on paper
        of as many as have room. None lies on a sign or on other words."""
        chart, points = self.chart, self.chart.points
        out = [each for each in chart.flags if each.rule == "limit"]
        out.sort(key=lambda each: -self._beyond(each.first))
        wanted = [(each.first, "flagged", each.side == "above") for each in out[:MOST_NUMBERS]]
        known = [at for at, each in enumerate(points) if each.value is not None]
        wanted += [(at, "last-value", True) for at in known[-1:]]
        if self.purpose == "print" and not self.dense:
            wanted += [(at, "value", True) for at in known]
        signs = [
            Box(
                self.xs[at] - 5,
                self.y(points[at].value or 0.0) - 5,
                self.xs[at] + 5,
                self.y(points[at].value or 0.0) + 5,
            )
            for at in (known if not self.dense else [each.first for each in out])
        ]
        placed: list[Box] = [each.box for each in self.texts]
        room = Box(self.plot.left, self.plot.top - 6, self.plot.right, self.plot.bottom)
        done: set[int] = set()
        for at, kind, above in wanted:
            if at in done:
                continue
            found = self._number(at, kind, above=above, placed=placed, signs=signs, room=room)
            if found is not None:
                done.add(at)
                placed.append(found.box)
                self.texts.append(found)

    def _number(
        self, at: int, kind: str, *, above: bool, placed: list[Box], signs: list[Box], room: Box
    ) -> Text | None:
        value = self.chart.points[at].value or 0.0
        words, x, y = amount(value, self.chart.unit), self.xs[at], self.y(value)
        rows = (y - 10, y + 20)
        upright: list[tuple[float, float, Anchor]] = [(x, row, "middle") for row in rows]
        if not above:
            upright.reverse()
        sides: list[tuple[int, Anchor]] = [(-4, "start"), (4, "end")]
        slanted = [(x + by, row, anchor) for row in rows for by, anchor in sides]
        beside: list[tuple[float, float, Anchor]] = [(x + 9, y + 4, "start"), (x - 9, y + 4, "end")]
        for left, base, anchor in (*upright, *slanted, *beside):
            text = Text(kind, tenth(left), tenth(base), words, anchor)
            here = text.box
            if here.within(room) and not any(map(here.meets, (*placed, *signs))):
                return text
        return None

    def _beyond(self, at: int) -> float:
        """How far a point lies outside of its limits, in widths of these."""
        value, level = self.chart.points[at].value, self.chart.level(at)
        if value is None or level is None:
            return 0.0
        reach = (
            max(
                abs((end if end is not None else level.centre) - level.centre)
                for end in (level.lower, level.upper)
            )
            or 1.0
        )
        return abs(value - level.centre) / reach

    def _spots(self) -> Iterator[Spot]:
        for at, point in enumerate(self.chart.points):
            left, right = self.edges[at], self.edges[at + 1]
            if point.ahead:
                return
            y = None if point.value is None else tenth(self.y(point.value))
            words = spot(self.chart, at)
            yield Spot(tenth(left), tenth(right - left), tenth(self.xs[at]), y, words)


# -- parts -----------------------------------------------------------------------------------------


_LIMITS: tuple[tuple[str, Callable[[Level], float | None]], ...] = (
    ("limit", lambda level: level.upper),
    ("limit", lambda level: level.lower),
    ("centre", lambda level: level.centre),
)


def _ends(chart: Chart, *, narrow: bool) -> list[tuple[str, float, str]]:
    """The names of the lines at the right: words, value, kind."""
    found: list[tuple[str, float, str]] = []
    unit = chart.unit
    if chart.levels:
        level = chart.levels[-1]
        for before, value, kind in (
            ("upper limit ", level.upper, "end"),
            ("average ", level.centre, "strong"),
            ("lower limit ", level.lower, "end"),
        ):
            if value is not None and (kind == "strong" or chart.drawn(value)):
                name = "" if narrow else before
                found.append((f"{name}{amount(value, unit)}", value, kind))
    if chart.targets:
        target = chart.targets[-1]
        sign = "≥" if target.bound == "at least" else "≤"
        words = f"{sign} {amount(target.value, unit)}"
        found.append((words if narrow else f"target {words}", target.value, "target-name"))
    return found


def _together(values: Iterable[T | None]) -> Iterator[list[tuple[int, T]]]:
    """The stretches of values in a row, each with its place."""
    part: list[tuple[int, T]] = []
    for at, value in enumerate(values):
        if value is not None:
            part.append((at, value))
        elif part:
            yield part
            part = []
    if part:
        yield part


def _short(x: float, y: float) -> tuple[Coordinates, Coordinates]:
    return (x - 3, y), (x + 3, y)


def _clear(texts: Sequence[Text]) -> list[Text]:
    """Texts without those that meet one before."""
    found: list[Text] = []
    for each in texts:
        if not found or not each.box.meets(found[-1].box):
            found.append(each)
    return found


def _clamped(x: float, half: float, wide: float) -> float:
    """The middle of words that stay within a width."""
    return min(max(x, half), wide - half)
