"""What commands print: no text of a feed, a file or a person acts in the terminal.

Commands use `echo` in place of click's, and consoles made here.
"""

from __future__ import annotations

from collections.abc import Iterable

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from streams.printing import printable, printable_json


def echo(text: str | bytes = "", *, err: bool = False, nl: bool = True) -> None:
    """Prints a text, or JSON as bytes, in which signs that act are escaped."""
    clean = printable_json(text.decode()) if isinstance(text, bytes) else printable(text)
    click.echo(clean, err=err, nl=nl)


class CleanConsole(Console):
    """A console of rich in whose texts signs that act are replaced; its own colours act."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The parts of a thing to be printed."""
        for part in super().render(renderable, options):
            plain = part.control or part.text.isprintable()
            yield part if plain else part._replace(text=printable(part.text))
