"""`watchroom segments`: where a figure changed over its whole history."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from msgspec.structs import replace
from rich.table import Table

from streams.board.query import Query
from streams.board.segments import History, Segment, history
from streams.charts.indicator import indicator_chart
from streams.charts.layout import layout
from streams.charts.model import Chart, Mark
from streams.charts.svg import standalone
from streams.cli.echo import echo
from streams.cli.inputs import Inputs, source_options
from streams.cli.options import board_console
from streams.cli.query import LABELLED_GRAINS, played, written
from streams.cli.query_chart import SIZE
from streams.config.force import WHOLE
from streams.outputs.figure_csv import csv_text
from streams.outputs.figures_shown import amount
from streams.periods import Grain


@click.command()
@click.argument("indicator")
@source_options
@click.option("--force", metavar="ID|FILE", help="The force, by id or TOML file.")
@click.option("--area", default=WHOLE, help="An area by id, name or alias. Default: the force.")
@click.option("--period", required=True, metavar="P", help="Which history, such as 2017..2021.")
@click.option(
    "--by",
    "grain",
    type=click.Choice(LABELLED_GRAINS),
    default="month",
    show_default=True,
    help="Periods.",
)
@click.option(
    "--chart",
    "picture",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the chart with the changes marked to this file, as SVG.",
)
@click.option("--at", metavar="TIME", help="As of when; by default the end of the last day.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How the answer is written.",
)
def segments(  # noqa: PLR0913, PLR0917  one argument an option
    indicator: str,
    inputs: Inputs,
    force: str | None,
    area: str,
    period: str,
    grain: Grain,
    picture: Path | None,
    at: str | None,
    form: str,
) -> None:
    """Find where a figure changed over its whole history, seen from its end.

    The history is cut into levels, or into straight lines, with no more changes than its own noise
    allows. Beside each change stand the first and last period where it may as well lie.

    \b
    Examples:
      watchroom segments total_recorded_crime street/ --force west-mercia --period 2017..2021
      watchroom segments 'crimes.count{offence=burglary}' street/ --force warwickshire \\
          --period 2017..2021 --chart burglary.svg
    """
    inputs.check()
    named = () if force is None else (force,)
    with played(inputs, named, at) as query:
        within = query.stretch(period)
        found = history(query, indicator, within, grain, area)
        unit = query.unit(indicator)
        if picture is not None:
            chart = indicator_chart(query, indicator, grain, within, area)
            written(picture, standalone(layout(marked(chart, query, found), *SIZE, "print")))
    if form == "csv":
        echo(csv_text(Segment, found.changes), nl=False)
    elif form == "json":
        echo(msgspec.json.encode(found))
    else:
        what = "levels" if found.shape == "level" else "straight lines"
        echo(
            f"{found.periods} periods, {found.first} to {found.last}, as {what}; noise "
            f"{amount(found.sigma, unit)}, correlation {found.alike:.2f}."
        )
        for each in found.spreads:
            lies = f"{each.earliest} to {each.latest}"
            before, after = amount(each.before, unit), amount(each.after, unit)
            echo(f"The noise is another from {each.period} on ({lies}): {before}, then {after}.")
        if not found.changes:
            many = "It would have very many changes: it has a cycle, or wanders. None is named."
            echo(many if found.too_many else "No change is beyond the noise.")
            return
        table = Table("From", "Before", "After", "Change", "May lie in")
        for each in found.changes:
            lies = f"{each.earliest} to {each.latest}"
            figures = (amount(number, unit) for number in (each.before, each.after, each.change))
            table.add_row(each.period, *figures, lies)
        board_console().print(table)


def marked(chart: Chart, query: Query, found: History) -> Chart:
    """A chart with the changes as marks, and without limits, flags and their words."""
    calendar = query.calendar
    marks = tuple(
        Mark(
            at=calendar.local(calendar.parse(each.period).start),
            kind="change",
            words=f"{each.before:,.4g} to {each.after:,.4g}",
        )
        for each in found.changes
    )
    return replace(chart, levels=(), flags=(), rule="", findings=(), marks=marks)
