"""What the pages that need no other file have in common: how they begin, their look, their charts.

A page is a template that extends `frame.html`; its charts are in it as SVG, and it prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from streams.charts.layout import layout
from streams.charts.model import Chart
from streams.charts.svg import style, svg

PACKAGE = "streams.outputs.report"
"""Where `frame.html` is, and the look of all pages."""
WIDE, NARROW = (840, 250), (350, 290)
"""The sizes of a chart: for paper and a screen, and for a phone."""


def rendered(
    package: str, template: str, version: str, styles: Sequence[str] = (), **values: object
) -> str:
    """A page of a package, with what its template names, and with styles that it adds."""

    def file(name: str, of: str = package) -> str:
        return (resources.files(PACKAGE if name == "frame.html" else of) / name).read_text("utf-8")

    environment = Environment(
        loader=FunctionLoader(file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = style() + file("report.css", PACKAGE) + "".join(map(file, styles))
    return environment.get_template(template).render(
        version=version,
        style=Markup(css),  # noqa: S704 - files of these packages
        picture=Pictures().picture,
        **values,
    )


class Pictures:
    """The charts of a page, each with ids of its own."""

    def __init__(self) -> None:
        self._number = 0

    def picture(self, chart: Chart) -> Markup:
        """A chart in both sizes, of which the page shows one."""
        self._number += 1
        shown = [
            svg(layout(chart, *size, "print", titled=False), f"chart-{self._number}-{name}")
            for name, size in (("wide", WIDE), ("narrow", NARROW))
        ]
        wide, narrow = shown
        made = f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>'
        return Markup(made)  # noqa: S704 - what is in it is escaped by `svg`
