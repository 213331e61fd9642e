"""Colours that a colour-blind reader tells apart, and the line styles that go with them.

The colours are those of Okabe and Ito (2008), less yellow and black, which vanish on a light and on
a dark page. Colour never stands alone: lines differ in their dashes too, and a state is a word with
a mark of its own (● ▲ ▼).
"""

from __future__ import annotations

from typing import NamedTuple

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
VERMILLION = "#D55E00"
GREY = "#8C8C8C"

FINE, NOTICE, ACT = BLUE, ORANGE, VERMILLION
"""The colours of a state. There is no green beside red in them."""


class Appearance(NamedTuple):
    """How a line is drawn: its colour, and its dashes and gaps in pixels (none: solid)."""

    colour: str
    dash: tuple[int, ...] = ()
    width: int = 2


REFERENCE = Appearance(GREY, (12, 6), 1)
"""A target or an expected value: what a figure is compared with."""

APPEARANCES = (
    Appearance(BLUE),
    Appearance(ORANGE, (10, 5)),
    Appearance(GREEN, (2, 4)),
    Appearance(PURPLE, (14, 4, 2, 4)),
    Appearance(SKY, (), 4),
    Appearance(VERMILLION, (6, 3)),
)
"""Lines of one panel, in this order."""
