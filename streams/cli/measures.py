"""`watchroom measures`: what is measured."""

from __future__ import annotations

import click

from streams.cli.echo import echo
from streams.registry.page import page


@click.command()
def measures() -> None:
    """Print what is measured: each kind of record, its counters and measures, and the indicators
    of reports that are made of these.

    \b
    Examples:
      watchroom measures
      watchroom measures > docs/measures.md
    """
    echo(page(), nl=False)
