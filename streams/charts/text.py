"""How much room words take, without a browser: estimated on the safe side, by the widest of the
usual sans-serif faces (DejaVu Sans), so that what is laid out by it never overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Anchor = Literal["start", "middle", "end"]

_WIDTHS = {
    **dict.fromkeys("ijlI|.,:;'!()[] ", 0.41),
    **dict.fromkeys("frt/-", 0.44),
    **dict.fromkeys("mwMW%@", 1.0),
    **dict.fromkeys("ABCDEFGHJKLNOPQRSTUVXYZ&#^~+=<>≥≤–→…", 0.84),
}
_OTHER = 0.645
"""Small letters and digits, as a share of the size of the letters."""
_BOLD = 1.13


def width(words: str, size: float, *, bold: bool = False) -> float:
    """How wide words are, at the most."""
    wide = sum(_WIDTHS.get(letter, _OTHER) for letter in words) * size
    return wide * _BOLD if bold else wide


class Box(NamedTuple):
    """A rectangle; `right` and `bottom` do not belong to it."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two rectangles have a point in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def wider(self, by: float) -> Box:
        """The same with room at its left and right."""
        return Box(self.left - by, self.top, self.right + by, self.bottom)

    def within(self, other: Box) -> bool:
        """Whether all of it lies in another."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


def box(
    words: str, x: float, y: float, size: float, anchor: Anchor = "start", *, bold: bool = False
) -> Box:
    """The room of words whose baseline begins, ends or has its middle at a place."""
    wide = width(words, size, bold=bold)
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
    return Box(left, y - size, left + wide, y + size * 0.3)


def lines(words: str, most: float, size: float, *, bold: bool = False) -> list[str]:
    """Words in lines, none wider than `most` unless one word alone is."""
    found: list[str] = []
    for word in words.split():
        longer = f"{found[-1]} {word}" if found else word
        if found and width(longer, size, bold=bold) <= most:
            found[-1] = longer
        else:
            found.append(word)
    return found


def shortened(words: str, most: float, size: float) -> str:
    """As many of the words as there is room for, with `…` for the rest; nothing where not even the
    first one fits."""
    if width(words, size) <= most:
        return words
    parts = words.split()
    for many in range(len(parts) - 1, 0, -1):
        short = f"{' '.join(parts[:many]).rstrip('.,:;')}…"
        if width(short, size) <= most:
            return short
    return ""


def apart(wanted: Sequence[float], gap: float, least: float, most: float) -> list[float]:
    """Places for labels, in the order in which they are wanted: none nearer to the next than `gap`,
    as near to what is wanted as the first pass finds, all from `least` to `most` where these leave
    room for all of them.

    >>> apart([10, 12, 50], 15, 0, 60)
    [10, 25, 50]
    >>> apart([58, 59], 15, 0, 60)
    [45, 60]
    """
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    found = list(wanted)
    last = least - gap
    for place in order:
        last = found[place] = max(wanted[place], last + gap)
    for place in reversed(order):
        found[place] = min(found[place], most)
        most = found[place] - gap
    return found
