"""A chart as SVG text: classes alone, so that the page that it is on says how it looks; for a file
of its own `standalone` puts literal colours in, since other programs know no variables of CSS."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib import resources

from streams.charts.shapes import Dot, Layout, Polyline, Spot, Text

CSS_FILE = "chart.css"
"""Beside this module."""


def svg(layout: Layout, ident: str = "chart") -> str:
    """A chart as an element of a page, in which nothing else has an id that begins with `ident`."""
    wide, high = number(layout.width), number(layout.height)
    begins = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart {layout.purpose}" '
        f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img" '
        f'aria-labelledby="{ident}-title" aria-describedby="{ident}-said">'
    )
    parts = [
        begins,
        f'<title id="{ident}-title">{escape(layout.title)}</title>',
        f'<desc id="{ident}-said">{escape(layout.said)}</desc>',
        *(_dot(each) if isinstance(each, Dot) else _line(each) for each in layout.shapes),
        *map(_text, layout.texts),
        *(_spot(each, layout) for each in layout.spots),
        "</svg>",
    ]
    return "\n".join(parts)


def standalone(layout: Layout, ident: str = "chart") -> str:
    """A chart as a file of its own, on white, with its colours in it."""
    made = svg(layout, ident)
    first, rest = made.split("\n", 1)
    return (
        f'{first}\n<style>{literal_style()}</style>\n<rect class="paper" width="100%" '
        f'height="100%"/>\n{rest}\n'
    )


def style() -> str:
    """The rules of `chart.css`."""
    return (resources.files("streams.charts") / CSS_FILE).read_text("utf-8")


@cache
def literal_style() -> str:
    """The rules of `chart.css` with the colours of paper in the place of its variables."""
    text = style()
    palette = dict(re.findall(r"--(chart-[a-z]+): (#[0-9a-f]+)", text.partition("}")[0]))
    looks = re.findall(r"^\.chart.*\}$", text, re.MULTILINE)
    return re.sub(r"var\(--(chart-[a-z]+)\)", lambda name: palette[name[1]], "".join(looks))


def number(value: float) -> str:
    """A place as it is written: `12`, `12.5`."""
    return f"{value:.1f}".removesuffix(".0")


def _line(line: Polyline) -> str:
    (x, y), *rest = line.places
    way = [f"M{number(x)} {number(y)}"]
    for at, (to_x, to_y) in enumerate(rest):
        before = line.places[at]
        if to_y == before[1]:
            way.append(f"H{number(to_x)}")
        elif to_x == before[0]:
            way.append(f"V{number(to_y)}")
        else:
            way.append(f"L{number(to_x)} {number(to_y)}")
    return f'<path class="{line.kind}" d="{"".join(way)}{"Z" if line.closed else ""}"/>'


def _dot(dot: Dot) -> str:
    return (
        f'<circle class="{dot.kind}" cx="{number(dot.x)}" cy="{number(dot.y)}" '
        f'r="{number(dot.radius)}"/>'
    )


def _text(text: Text) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    return (
        f'<text class="{text.kind}" x="{number(text.x)}" y="{number(text.y)}"{anchor}>'
        f"{escape(text.words, quote=False)}</text>"
    )


def _spot(spot: Spot, layout: Layout) -> str:
    """A part of the plot to point at: browsers show its title, and a script reads it."""
    plot = layout.plot
    y = "" if spot.y is None else f' data-y="{number(spot.y)}"'
    return (
        f'<rect class="spot" x="{number(spot.left)}" y="{number(plot.top)}" '
        f'width="{number(spot.width)}" height="{number(plot.bottom - plot.top)}" '
        f'data-x="{number(spot.x)}"{y}><title>{escape(spot.words, quote=False)}</title></rect>'
    )
