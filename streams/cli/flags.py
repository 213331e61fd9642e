"""`watchroom flags`: what stands out in a month that is over, of files or of a running monitor."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click
import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from streams.board.answers import Page
from streams.board.flags import LEAST_RECORDS, MONTHS_BEFORE, FlagPage, FlagRow, MonthlyFlags
from streams.cli.asking import monitor_at
from streams.cli.echo import echo
from streams.cli.inputs import Inputs, asked_options
from streams.cli.options import answer_options, board_console
from streams.cli.query import page_of, played
from streams.outputs.figure_csv import csv_text
from streams.registry import phrases

PAGE = 1_000
"""Rows that are asked for at once."""
RARE = 1e-6
"""A chance below this is not told apart."""


@click.command()
@click.argument("month", metavar="MONTH")
@asked_options
@click.option(
    "--force", metavar="FORCE", help="The force: an id, or of files also the path of a force file."
)
@click.option(
    "--rate",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    metavar="SHARE",
    help="Which share of the listed may be chance; by default what the force's file says, or 0.1.",
)
@answer_options
def flags(
    month: str,
    inputs: Inputs,
    url: str,
    force: str | None,
    rate: float | None,
    at: str | None,
    form: str,
) -> None:
    """List what stands out in a MONTH that is over, beyond chance.

    Every count that reports have a line for, and every category and offence group, is held against
    the twelve months before, area by area. Of hundreds of figures some are far out by chance alone;
    listed are those of which on average no more than --rate are. The least likely come first; what
    is part of a listed figure stands below it.

    \b
    Examples:
      watchroom flags 2024-05
      watchroom flags 2024-05 --rate 0.2
      watchroom flags 2022-03 --source street/ --force west-mercia
      watchroom flags 2024-05 --format csv > flags.csv

    \b
    Exit codes:
      0    it was answered
      1    an input can't be read, or no monitor answers
      2    there is no such month or force, or the month is not over
    """
    if inputs:
        inputs.check()
        with played(inputs, () if force is None else (force,), at) as query:
            page = MonthlyFlags(query, month, rate).page(Page(0, sys.maxsize))
    else:
        page = _of_monitor(url, {"force": force, "at": at, "month": month}, rate)
    if form == "csv":
        sys.stdout.write(csv_text(FlagRow, page.rows))
    elif form == "json":
        echo(msgspec.json.encode(page))
    else:
        board_console().print(shown(page))


def _of_monitor(url: str, asked: dict[str, str | None], rate: float | None) -> FlagPage:
    """The whole list that a running monitor answers; raises `WatchroomError`."""
    client = monitor_at(url)
    asked |= {"rate": None if rate is None else str(rate), "limit": str(PAGE)}
    page = page_of(client, "/api/flags", asked, FlagPage)
    rows, offset = page.rows, page.next
    while offset is not None:
        more = page_of(client, "/api/flags", {**asked, "offset": str(offset)}, FlagPage)
        rows += more.rows
        offset = more.next
    page.next = None
    return page


PROVISIONAL = "* not all is recorded yet; it is out whatever is still to come."


def shown(page: FlagPage) -> RenderableType:
    """The list as a table, with the sentence that says of how many."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    for heading in ("Value", "Usually", "By chance"):
        table.add_column(heading, justify="right")
    table.add_column("Its chart")
    for row, depth in _with_depth(page.rows):
        sign = "+" if row.direction == "above" else "-"
        table.add_row(
            "  " * depth + row.name,
            f"{row.value:,} {sign}{' *' if row.provisional else ''}",
            f"{row.lower:,} to {row.upper:,}",
            _one_in(row.p_value),
            "exceptional" if row.chart is not None else "",
        )
    left = [
        f"{phrases.count(number)} {why}"
        for number, why in (
            (page.too_short, f"without {MONTHS_BEFORE} whole months before"),
            (page.too_few, f"with fewer than {LEAST_RECORDS} records in these"),
        )
        if number
    ]
    below = [Text(PROVISIONAL, style="dim")] if any(row.provisional for row in page.rows) else []
    below += [Text(f"Not looked at: {', '.join(left)}.", style="dim")] if left else []
    listed: list[RenderableType] = [Text(), table, Text()] if page.rows else []
    return Group(Text(page.words), *listed, *below)


def _with_depth(rows: Sequence[FlagRow]) -> Iterator[tuple[FlagRow, int]]:
    """Each row, and within how many others it lies."""
    depths: dict[str, int] = {}
    for row in rows:
        depth = 0 if row.part_of is None else depths[row.part_of] + 1
        depths[row.name] = depth
        yield row, depth


def _one_in(p_value: float) -> str:
    """How often chance alone brings as much: `1 in 440`."""
    if p_value < RARE:
        return f"less than 1 in {1 / RARE:,.0f}"
    return f"1 in {1 / p_value:,.0f}"
