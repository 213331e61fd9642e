"""Small pictures of lines for the documents, written by hand as SVG.

The background is left open and colours are of middle lightness, so that a picture can be read on
white and on black. Lines are named at their ends, not in a legend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

INK, FAINT = "#7a828c", "#7a828c55"
BLUE, AMBER, GREY, GREEN = "#2f81f7", "#d07a1c", "#8b949e", "#2da160"
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"
Points = Sequence[tuple[float, float]]


@dataclass
class Panel:
    """A rectangle of the picture with its own scales: from `x` and `y`, to places."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]
    parts: list[str] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + across * self.width, self.top + (1 - up) * self.height

    def text(  # what a text is, where, and how it looks
        self,
        place: tuple[float, float],
        words: str,
        *,
        colour: str = INK,
        anchor: str = "start",
        size: int = 12,
        weight: int = 400,
    ) -> None:
        self.parts.append(
            f"<text x='{place[0]:.1f}' y='{place[1]:.1f}' fill='{colour}' font-size='{size}'"
            f" font-weight='{weight}' text-anchor='{anchor}'>{escape(words)}</text>"
        )

    def line(self, points: Points, colour: str, width: float = 2, dash: str = "") -> None:
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*one) for one in points))
        dashes = f" stroke-dasharray='{dash}'" if dash else ""
        self.parts.append(
            f"<polyline points='{way}' fill='none' stroke='{colour}' stroke-width='{width}'"
            f" stroke-linejoin='round' stroke-linecap='round'{dashes}/>"
        )

    def name(self, point: tuple[float, float], words: str, colour: str, drop: float = 4) -> None:
        """To the right of a point, as at the end of a line."""
        x, y = self.at(*point)
        self.text((x + 8, y + drop), words, colour=colour, weight=600)

    def title(self, words: str) -> None:
        self.text((self.left, self.top - 14), words, size=13, weight=600)

    def across(self, ticks: Sequence[tuple[float, str]], label: str = "") -> None:
        for x, words in ticks:
            place = self.at(x, self.y[0])
            self.text((place[0], place[1] + 18), words, anchor="middle", size=11)
        self.text((self.left, self.top + self.height + 36), label, size=11)

    def up(self, ticks: Sequence[tuple[float, str]]) -> None:
        for y, words in ticks:
            self.line([(self.x[0], y), (self.x[1], y)], FAINT, 1)
            place = self.at(self.x[0], y)
            self.text((place[0] - 8, place[1] + 4), words, anchor="end", size=11)


def picture(panels: Sequence[Panel], width: int, height: int, said: str) -> str:
    """The whole file; `said` is for those who can't see it."""
    content = "\n".join(part for panel in panels for part in panel.parts)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}'"
        f" height='{height}' role='img' aria-label='{escape(said, {chr(39): '&apos;'})}' {FONT}>\n"
        f"<title>{escape(said)}</title>\n{content}\n</svg>\n"
    )
