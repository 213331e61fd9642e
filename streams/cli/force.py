"""`watchroom force`: check a force file of one's own, and see the shipped ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import click

from detectors.named_days import holidays_in, place_of
from streams.cli.echo import echo
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
from streams.registry.affected import unknown_fields, unknown_names
from streams.registry.targets import measure_problems


@click.group()
def force() -> None:
    """Force files: the areas, lines, targets and words of a control room.

    \b
    A force of your own, in three steps:
      watchroom force show warwickshire > mine.toml
      (edit mine.toml)
      watchroom force check mine.toml
    """


@force.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.pass_context
def check(context: click.Context, files: tuple[Path, ...]) -> None:
    """Check force files, and name everything that is wrong at once.

    Names that clash, a country without bank holidays that are known, a change of recording that
    affects nothing: each is told with its file, line and field, and what to do. Of a good file it
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
