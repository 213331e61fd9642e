"""`watchroom report`: the performance summary of a force, written from what its records count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
from rich.progress import track

from streams.board.compare import COMPARISONS
from streams.cli.echo import CleanConsole, echo
from streams.cli.inputs import Inputs, source_options
from streams.cli.query import played
from streams.errors import WatchroomError
from streams.outputs.figure_csv import csv_text
from streams.outputs.report.build import build, sections_of, shown_in
from streams.outputs.report.comments import load_comments
from streams.outputs.report.layout import load_layout
from streams.outputs.report.model import ReportFigure, figures_of, why_empty
from streams.outputs.report.page import page

_file = click.Path(dir_okay=False, path_type=Path)


@click.command()
@source_options
@click.option(
    "--force",
    "force_names",
    multiple=True,
    required=True,
    metavar="FORCE",
    help="The force that the report is of, an id or a force file; allied forces may follow.",
)
@click.option(
    "--period", required=True, metavar="P", help="A month, quarter or year: 2017-12, 2017-Q4."
)
@click.option("-o", "--output", type=_file, required=True, help="The HTML page that is written.")
@click.option("--json", "json_file", type=_file, help="Also every figure and sentence as JSON.")
@click.option("--csv", "csv_file", type=_file, help="Also every figure as CSV.")
@click.option(
    "--layout", "layout_file", type=_file, help="The sections and their order, instead of our own."
)
@click.option(
    "--comments", "comments_file", type=_file, help="What analysts write beside the figures."
)
@click.option("--at", metavar="TIME", help="As of when; by default the end of the last day.")
def report(  # noqa: PLR0913, PLR0917  one argument an option
    inputs: Inputs,
    force_names: tuple[str, ...],
    period: str,
    output: Path,
    json_file: Path | None,
    csv_file: Path | None,
    layout_file: Path | None,
    comments_file: Path | None,
    at: str | None,
) -> None:
    """Write the performance summary of a force, from the records of SOURCEs.

    One page with a table of all topics, then a section a measure: its control chart, what changed
    in plain English, months by area, rate and share. It needs no other file and prints well. Causes
    are in it only where somebody wrote them in --comments.

    \b
    Examples:
      watchroom report --force warwickshire --period 2017-Q4 events.ndjson -o summary.html
      watchroom report --force west-mercia --period 2022-Q1 street/ -o summary.html \\
          --comments comments.toml --csv figures.csv
      watchroom report --force my-force.toml --period 2021-12 -o summary.html \\
          --source calls.csv:calls.toml --source cad.csv:cad.toml

    \b
    Exit codes:
      0    it was written
      1    an input, the layout or the comments can't be read, or the page can't be written
      2    there is no such period or force, or the period has not begun
    """
    inputs.check()
    with played(inputs, force_names, at) as query:
        stretch = query.stretch(period)
        layout = load_layout(layout_file, query)
        shown = shown_in(layout, query)
        comments = (
            [] if comments_file is None else load_comments(comments_file, query, stretch, shown)
        )
        with _steps(sections_of(layout)) as step:
            made = build(query, stretch, layout, comments, step)
        _write(output, page(made, query.force))
    if json_file is not None:
        _write(json_file, msgspec.json.format(msgspec.json.encode(made)).decode() + "\n")
    if csv_file is not None:
        _write(csv_file, csv_text(ReportFigure, figures_of(made), COMPARISONS))
    number = sum(len(each.sections) for each in made.chapters)
    echo(f"{output}: {number} sections, as of {made.as_of}", err=True)
    if empty := why_empty(made):
        echo(empty, err=True)


@contextmanager
def _steps(total: int) -> Iterator[Callable[[], None]]:
    """Progress of the writing, where a person watches; gives what moves it."""
    console = CleanConsole(stderr=True)
    if not console.is_terminal:
        yield lambda: None
        return
    steps = iter(track(range(total + 1), "Writing", console=console, transient=True))
    next(steps)

    def step() -> None:
        next(steps, None)

    yield step
    for _ in steps:
        pass


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        why = error.strerror or error
        raise WatchroomError(f"{path} can't be written: {why}. Name another file") from error
