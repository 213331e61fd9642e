"""`watchroom force`: check a force file of one's own, and see the shipped ones."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from detectors.named_days import holidays_in, place_of
from streams.cli.echo import echo
from streams.cli.inputs import Inputs, source_options
from streams.cli.options import board_console
from streams.config.force import (
    Force,
    Target,
    check_force,
    find_force,
    shipped_force_text,
    shipped_forces,
)
from streams.config.toml import read_text
from streams.errors import ConfigError
from streams.outputs.reference.force_lists import entries, list_names
from streams.outputs.reference.force_tables import entries_csv, entry_tables
from streams.registry.affected import unknown_fields, unknown_names
from streams.registry.targets import measure_problems
from streams.sources.draft.new_force import BRITISH, ForceAnswers, draft_force, events_in, slug
from streams.sources.mapping.file import load_mapping


@click.group()
def force() -> None:
    """Force files: the areas, lines, targets and words of a control room.

    \b
    A force of your own, from what an export of it holds:
      watchroom force new Borsetshire --population 620000 calls.csv --mapping calls.toml > mine.toml
      (edit mine.toml; watchroom force show warwickshire is an example with everything in it)
      watchroom force check mine.toml

    What its events may name: watchroom force categories mine.toml
    """


@force.command(short_help="Draft the file of a force of your own.")
@click.argument("name", metavar="NAME")
@source_options
@click.option(
    "--population",
    type=click.IntRange(1),
    required=True,
    help="How many people live there: rates are per 1,000 of them.",
)
@click.option(
    "--timezone", metavar="ZONE", help="Default: that of the mapping, else Europe/London."
)
@click.option("--country", metavar="CODE", help="For bank holidays: GB-ENG, GB-SCT, IE, US-VA ...")
def new(
    name: str, inputs: Inputs, population: int, timezone: str | None, country: str | None
) -> None:
    """Draft the file of a force called NAME, with the areas and lines that its exports name.

    Nobody ships the force file of every control room. This writes one to standard output that can
    be used at once: what it could not know it says on standard error, and lines with CHECK are the
    ones to look at. Without a SOURCE it has no areas.

    \b
    Examples:
      watchroom force new Borsetshire --population 620000 cad.csv --mapping cad.toml > force.toml
      watchroom force new Borsetshire --population 620000 \\
        --source calls.csv:calls.toml --source cad.csv:cad.toml > force.toml
      watchroom force new "Springfield 911" --population 116000 --timezone America/Chicago
    """
    if inputs.has_stdin:
        raise click.UsageError("standard input can be read once only: name files")
    rules = [load_mapping(mapping) for _, mapping in inputs.places if mapping is not None]
    answers = ForceAnswers(
        id=next((each.force for each in rules if each.force), slug(name)),
        name=name,
        timezone=timezone or next((each.timezone for each in rules if each.timezone), BRITISH),
        population=population,
        country=country,
    )
    if not answers.id:
        raise click.UsageError(f'"{name}" has no letter that an id can be made of')
    draft = draft_force(answers)
    if inputs:
        with inputs.open([_checked(draft.toml)]) as source:
            draft = draft_force(answers, events_in(source))
    _checked(draft.toml)
    echo(draft.toml, nl=False)
    echo(f"A draft of {name} with {_count(draft.areas, 'area')}.", err=True)
    for doubt in draft.doubts:
        echo(f"  CHECK {doubt}.", err=True)
    given = " ".join(
        [*map(shlex.quote, inputs.sources)]
        + [f"--mapping {shlex.quote(str(inputs.mapping))}"] * (inputs.mapping is not None)
        + [f"--source {shlex.quote(f'{place}:{path}')}" for place, path in inputs.paired]
    )
    echo(
        "Next, with the draft saved as force.toml: "
        f"watchroom run {given or 'FILE'} --force force.toml --web 8787",
        err=True,
    )


def _checked(text: str) -> Force:
    """The force of a draft; raises the first `ConfigError`."""
    found, problems = check_force(text, "the draft")
    if found is None:
        raise problems[0]
    return found


@force.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.pass_context
def check(context: click.Context, files: tuple[Path, ...]) -> None:
    """Check force files, and name everything that is wrong at once.

    Names that clash, a country without bank holidays that are known, a change of recording that
    affects nothing: each is named with its file, line and field, and what to do. Of a good file it
    says what is in it, and which bank holidays it has.

    Ends with 0 when all files are fine, with 2 when one is not.

    \b
    Examples:
      watchroom force check mine.toml
      watchroom force check forces/*.toml
    """
    wrong = False
    for path in files:
        try:
            text = read_text(path)
            found, problems = check_force(text, str(path))
            if found is not None:
                problems = [
                    *unknown_names(found, text),
                    *unknown_fields(found, text),
                    *measure_problems(found, text),
                ]
        except ConfigError as error:
            found, problems = None, [error]
        if found is None or problems:
            wrong = True
            for problem in problems:
                echo(_line_of(problem), err=True)
        else:
            echo(f"{path}: fine. {summary(found)}")
    if wrong:
        context.exit(2)


@force.command()
@click.argument("name")
@click.pass_context
def show(context: click.Context, name: str) -> None:
    """Print the file of a shipped force, to copy from; to the terminal also what is in it.

    \b
    Example:
      watchroom force show warwickshire > mine.toml
    """
    try:
        echo(shipped_force_text(name), nl=False)
        echo(summary(find_force(name)), err=True)
    except ConfigError as error:
        echo(str(error), err=True)
        context.exit(error.exit_code)


@force.command(name="list")
def list_() -> None:
    """List the shipped forces.

    \b
    Example:
      watchroom force list
    """
    names = shipped_forces()
    width = max(map(len, names))
    for name in names:
        echo(f"{name:<{width}}  {summary(find_force(name))}")


@force.command()
@click.argument("name", metavar="ID|FILE")
@click.option(
    "--list",
    "lists",
    type=click.Choice(list_names()),
    multiple=True,
    help="Only this list; may be repeated. By default all but the areas.",
)
@click.option(
    "--within", metavar="CODE", help="Only this entry and what lies within it; a spelling will do."
)
@click.option(
    "--mapping",
    "mapping_files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A mapping, whose words stand among the spellings; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a line an entry.")
def categories(
    name: str,
    lists: tuple[str, ...],
    within: str | None,
    mapping_files: tuple[Path, ...],
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List what the events of a force may name: lines, categories, offences, markers and so on.

    Each entry stands below the one that it lies within, with what it is called, by which periods
    detectors watch it ("with asb": as part of asb; "now": judged as it happens), which kinds of
    alert that opens, and what else stands for it: codes of the Home Office, crime types of
    data.police.uk, aliases of areas, and the words of your mapping.

    \b
    Examples:
      watchroom force categories warwickshire
      watchroom force categories my-force.toml --list category --mapping incidents.toml
      watchroom force categories warwickshire --within burglary
      watchroom force categories warwickshire --within 28A
      watchroom force categories warwickshire --list area --csv > areas.csv
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    mappings = [load_mapping(path) for path in mapping_files]
    found = entries(find_force(name), lists, within, mappings)
    if as_json:
        echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    elif as_csv:
        echo(entries_csv(found), nl=False)
    else:
        for table in entry_tables(found):
            board_console().print(table)


def summary(found: Force) -> str:
    """One line on what a force file holds."""
    file = found.file
    counts = [
        _count(len(file.areas), "area"),
        _count(len(file.events), "local event"),
        _count(len(file.changes), "change"),
    ]
    lines = [f"{line.id} {_targets(line.targets)}" for line in file.lines]
    lines.append(f"attendance {_targets(file.attendance.by_date())}")
    return (
        f"{found.name}: population {file.population:,}, {', '.join(counts)}; "
        f"{'; '.join(lines)}; {file.timezone}; {_holidays(file.country)}."
    )


def _holidays(country: str | None) -> str:
    """Which bank holidays a force has: how many this year says most about a code."""
    if country is None:
        return "no bank holidays, as no country is given"
    year = dt.date.today().year  # noqa: DTZ011 - a year to count in, no instant
    days = holidays_in(country, year)
    return f"bank holidays of {place_of(country)}: {days} in {year}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _targets(targets: Sequence[Target]) -> str:
    """The targets that were set last."""
    since = max(target.since for target in targets)
    each = (
        f"{'' if target.share is None else f'{target.share * 100:.4g} % '}in {target.seconds} s"
        for target in targets
        if target.since == since
    )
    return f"{' and '.join(each)} since {since}"


def _line_of(problem: ConfigError) -> str:
    """A problem as `file:line: [field] problem. cure`, which editors can jump to."""
    where = f"{problem.file}:{problem.line}" if problem.line else f"{problem.file}"
    field = f"[{problem.field}] " if problem.field else ""
    cure = f" {problem.cure}" if problem.cure else ""
    return f"{where}: {field}{problem.problem}.{cure}"
