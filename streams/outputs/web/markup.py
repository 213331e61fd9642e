"""HTML that a server writes: elements as function calls, in which every text is escaped unless it
is markup itself."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

VOID = frozenset({"br", "input", "link", "meta"})
"""Elements without an end."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Iterable[Any] | None
"""A text, markup, several of these, or nothing."""


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element. Of an attribute's name `_` at the end is left out and others become `-`; True is
    an attribute without a value, None and False are none.

    >>> tag("a", "R & D", href="/?a=1&b=2", class_="x", hidden=True)
    '<a href="/?a=1&amp;b=2" class="x" hidden>R &amp; D</a>'
    """
    begin = "".join(
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    end = "" if name in VOID else f"{text(children)}</{name}>"
    return Markup(f"<{name}{begin}>{end}")


def text(child: Child) -> Markup:
    """What stands within an element."""
    if child is None:
        return Markup()
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return Markup(escape(child, quote=False))
    return Markup("".join(map(text, child)))


def table(caption: str, headings: Iterable[str], rows: Iterable[Iterable[Child]]) -> Markup:
    """A table that scrolls by itself where it is wider than the page; its first column names the
    rows."""
    head = tag("tr", (tag("th", each, scope="col") for each in headings))
    lines = []
    for row in rows:
        first, *others = row
        lines.append(tag("tr", tag("th", first, scope="row"), map(_data, others)))
    whole = tag(
        "table", tag("caption", caption, class_="unseen"), tag("thead", head), tag("tbody", lines)
    )
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


LONG = 24
"""Letters of a cell that may be broken into lines."""


def _data(child: Child) -> Markup:
    long = isinstance(child, str) and len(child) > LONG
    return tag("td", child, class_="long" if long else None)
