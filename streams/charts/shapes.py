"""What a chart is drawn of: lines, dots and words in their places, each of a kind that `chart.css`
knows the look of."""

from __future__ import annotations

from typing import Literal, NamedTuple

from streams.charts.text import Anchor, Box, box

Purpose = Literal["tile", "page", "print"]
Coordinates = tuple[float, float]

SMALL, LARGE = 12.0, 16.0
"""Sizes of letters; the title is of the larger one."""
BOLD = ("title", "strong", "flagged", "last-value")
"""The kinds of words that are bold."""


class Text(NamedTuple):
    """Words at a place: their baseline begins, ends or has its middle there."""

    kind: str
    x: float
    y: float
    words: str
    anchor: Anchor = "start"

    @property
    def box(self) -> Box:
        """The room that it takes, at the most."""
        size = LARGE if self.kind == "title" else SMALL
        return box(self.words, self.x, self.y, size, self.anchor, bold=self.kind in BOLD)


class Polyline(NamedTuple):
    """A line through places; `closed` is a surface."""

    kind: str
    places: tuple[Coordinates, ...]
    closed: bool = False


class Dot(NamedTuple):
    """A circle."""

    kind: str
    x: float
    y: float
    radius: float


class Spot(NamedTuple):
    """The part of the plot that belongs to a point: where to point at, where the point is (None
    where it is not known), and what is said of it."""

    left: float
    width: float
    x: float
    y: float | None
    words: str


class Layout(NamedTuple):
    """A chart in its places."""

    purpose: Purpose
    width: float
    height: float
    plot: Box
    shapes: tuple[Polyline | Dot, ...]
    texts: tuple[Text, ...]
    spots: tuple[Spot, ...]
    title: str
    said: str


Shape = Polyline | Dot


def tenth(number: float) -> float:
    """A place as it is written."""
    return round(number, 1) + 0.0


def rounded(shape: Shape) -> Shape:
    """A shape with its places as they are written."""
    if isinstance(shape, Dot):
        return shape._replace(x=tenth(shape.x), y=tenth(shape.y))
    return shape._replace(places=tuple((tenth(x), tenth(y)) for x, y in shape.places))


def diamond(kind: str, x: float, y: float, size: float) -> Polyline:
    """A square on its corner."""
    return Polyline(kind, ((x, y - size), (x + size, y), (x, y + size), (x - size, y)), closed=True)


def cross(kind: str, x: float, y: float, size: float) -> list[Shape]:
    """Two strokes."""
    return [
        Polyline(kind, ((x - size, y - size), (x + size, y + size))),
        Polyline(kind, ((x - size, y + size), (x + size, y - size))),
    ]


def triangle(kind: str, x: float, y: float) -> Polyline:
    """A triangle that points down at a place."""
    return Polyline(kind, ((x - 5, y - 9), (x + 5, y - 9), (x, y)), closed=True)
