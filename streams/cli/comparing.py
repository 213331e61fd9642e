"""`--compare`: what is to be set beside figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from streams.board.compare import COMPARISONS
from streams.cli.options import Command


class Listed(click.ParamType):
    """Names with commas between them, or the option repeated."""

    name = "names"

    def __init__(self, known: Sequence[str]) -> None:
        self._known = known

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The names."""
        names = tuple(filter(None, (each.strip() for each in value.split(","))))
        for name in names:
            if name not in self._known:
                self.fail(f'"{name}" is none of {", ".join(self._known)}', param, ctx)
        return names


def compare_option(command: Command) -> Command:
    """Adds the comparisons that are asked for, as lists of names (`names_in`)."""
    return click.option(
        "--compare",
        type=Listed(COMPARISONS),
        multiple=True,
        metavar="NAME,...",
        help=f"What to set beside each figure: {', '.join(COMPARISONS)}.",
    )(command)


def names_in(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """The names of all lists, each once."""
    return tuple(dict.fromkeys(name for names in lists for name in names))
