"""`watchroom mapping`: drafts a mapping from a file, and tries one on a file."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping as AnyMapping
from pathlib import Path

import click
import msgspec

from streams.cli.echo import echo
from streams.cli.inputs import MUCH_REFUSED
from streams.config.force import Force, find_force, shipped_forces
from streams.errors import WatchroomError
from streams.outputs.reference.field_dictionary import dictionary, page
from streams.registry.registry import REGISTRY
from streams.sources.draft.all_values import all_values
from streams.sources.draft.field_words import RECORD_KINDS, RecordKind
from streams.sources.draft.sample import ROWS_LOOKED_AT, read_sample
from streams.sources.draft.suggest import suggest
from streams.sources.draft.trial import Trial, try_mapping
from streams.sources.mapping.file import load_mapping, parse_mapping
from streams.sources.mapping.model import Mapping
from streams.sources.mapping.pseudonyms import NoKey

UNCHECKED = (
    "Not checked, as the force is not known: whether it has these lines, areas, categories and "
    "markers. --force FILE checks that too."
)


@click.group()
def mapping() -> None:
    """Mappings: what the columns of a table mean.

    \b
    From an export to the wallboard:
      watchroom mapping suggest own.csv > mapping.toml
      (look at what it guessed, and correct it)
      watchroom force new Borsetshire --population 620000 own.csv --mapping mapping.toml \\
        > force.toml
      watchroom mapping check mapping.toml own.csv --force force.toml --all
      watchroom run own.csv --mapping mapping.toml --force force.toml --web 8787
    """


@mapping.command(name="suggest", short_help="Draft a mapping from a file.")
@click.argument("file", metavar="FILE")
@click.option(
    "--kind", type=click.Choice(RECORD_KINDS[:3]), help="What a row is; default: a guess."
)
@click.option(
    "--timezone", metavar="ZONE", help="Of times without an offset, such as Europe/London."
)
@click.option(
    "--force", "force_name", metavar="ID|FILE", help="The force: its areas and time zone are used."
)
def suggest_(
    file: str, kind: RecordKind | None, timezone: str | None, force_name: str | None
) -> None:
    """Draft a mapping from the header and the first thousand rows of FILE ("-": standard input).

    Categories, offences and grades are looked up in all rows of a file (up to 500,000).

    FILE may be CSV, TSV, JSON, GeoJSON, NDJSON, Excel, OpenDocument or Parquet, plain, compressed
    or in a ZIP archive. The draft goes to standard output; what it could not know, and how many of
    the rows go through, to standard error. Lines with CHECK are the ones to look at.

    \b
    Examples:
      watchroom mapping suggest calls.xlsx > calls.toml
      watchroom mapping suggest incidents.csv --force my-force.toml > incidents.toml
      watchroom mapping suggest crimes.json.gz --kind crime --timezone America/Chicago
    """
    force = find_force(force_name) if force_name else None
    sample = read_sample(None if file == "-" else Path(file))
    draft = suggest(sample, kind, timezone, force)
    parsed = parse_mapping(draft.toml, "the draft")
    readable = file != "-" and Path(file).is_file()
    if readable and (values := _values(file, parsed, force)):
        draft = suggest(sample, kind, timezone, force, values)
        parsed = parse_mapping(draft.toml, "the draft")
    echo(draft.toml, nl=False)
    echo(f"A draft for {len(sample.rows):,} rows of {sample.origin}.", err=True)
    for doubt in draft.doubts:
        echo(f"  CHECK {doubt}.", err=True)
    if not readable:
        what = "standard input" if file == "-" else f"{file} is a pipe, which"
        echo(f"It was not tried: {what} can be read once only.", err=True)
        return
    try:
        _say(_try(file, parsed, force, ROWS_LOOKED_AT), err=True)
    except NoKey as error:
        echo(f"It was not tried: {error}", err=True)
    drafted = f"{shlex.quote(file)} --mapping mapping.toml"
    if force is None:
        then = f"force new NAME --population NUMBER {drafted} > force.toml"
    else:
        named = "" if force_name == force.id else f" --force {shlex.quote(force_name or '')}"
        then = f"run {drafted}{named} --web 8787"
    echo(f"Next, with the draft saved as mapping.toml: watchroom {then}", err=True)


@mapping.command(short_help="Say how many rows of files a mapping lets in.")
@click.argument("mapping_file", metavar="MAPPING", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--force", "force_name", metavar="ID|FILE", help="The force of a mapping that names none."
)
@click.option("--all", "whole", is_flag=True, help="All rows; default: the first thousand.")
@click.pass_context
def check(
    context: click.Context,
    mapping_file: Path,
    files: tuple[str, ...],
    force_name: str | None,
    whole: bool,
) -> None:
    """Try a mapping on files: how many rows become events, and why others do not.

    Nothing is counted and nothing is written. Rows are judged as a run judges them. Where the force
    is known, values that its file has not (areas, categories, markers) are said too: events count
    without them. Ends with 3 when all
    rows of a file are refused, or more than 1 % and at least ten of them; with 2 when the mapping
    or an option is wrong.

    \b
    Examples:
      watchroom mapping check calls.toml calls.xlsx
      watchroom mapping check incidents.toml 2023.csv 2024.csv --all
    """
    rules = load_mapping(mapping_file)
    force = find_force(force_name) if force_name else None
    bad = unlisted = False
    for file in files:
        trial = _try(file, rules, force, None if whole else ROWS_LOOKED_AT)
        echo(f"{file}: ", nl=False)
        _say(trial)
        unlisted |= trial.without_lists > 0
        bad |= trial.refused > 0 and (
            trial.events == 0 or (trial.refused >= 10 and trial.refused > trial.rows / 100)
        )
    if unlisted:
        echo(UNCHECKED, err=True)
    if bad:
        context.exit(MUCH_REFUSED)
    known = force_name or rules.force
    given = "" if known in shipped_forces() else f" --force {shlex.quote(known or 'FORCE_FILE')}"
    echo(
        f"Next: watchroom run {' '.join(map(shlex.quote, files))} "
        f"--mapping {shlex.quote(str(mapping_file))}{given} --web 8787",
        err=True,
    )


@mapping.command(short_help="Say what each field of an event means and feeds.")
@click.argument("kind", type=click.Choice(tuple(REGISTRY.structs)), required=False)
@click.option("--page", "as_page", is_flag=True, help="All kinds, as docs/fields.md.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def fields(kind: str | None, *, as_page: bool, as_json: bool) -> None:
    """Print the fields of a kind of event that a mapping can fill: what each says, its form, and
    whether an event needs it.

    --page and --json have every field, also its unit, an example, and what it feeds: the measures
    that hang on it, tiles of the wallboard and alerts.

    \b
    Examples:
      watchroom mapping fields crime
      watchroom mapping fields crime --json
      watchroom mapping fields --page > docs/fields.md
    """
    if as_page:
        echo(page(), nl=False)
        return
    kinds = [kind] if kind else list(REGISTRY.structs)
    if as_json:
        found = [entry for each in kinds for entry in dictionary(each)]
        echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
        return
    for each in kinds:
        echo(each)
        table = [entry for entry in dictionary(each) if entry.mapped]
        widest = max(len(entry.name) for entry in table)
        for entry in table:
            needed = f"; needed {entry.needed}" if entry.needed else ""
            echo(f"  {entry.name:{widest}}  {entry.says} ({entry.form}{needed})")


def _values(
    file: str, drafted: Mapping, force: Force | None
) -> AnyMapping[str, Counter[str]] | None:
    """The values of the columns of words in all rows; None where they can't be read."""
    try:
        return all_values(file, drafted, force)
    except WatchroomError:
        return None  # the trial of the draft says why


def _try(file: str, rules: Mapping, force: Force | None, most: int | None) -> Trial:
    """The trial; a mapping without a force is tried under a name that does not matter."""
    if force is None and rules.force in shipped_forces():
        force = find_force(rules.force or "")
    if force is None and rules.force is None and "force" not in {*rules.fields, *rules.constants}:
        rules = msgspec.structs.replace(rules, force="any")
    return try_mapping(file, rules, force, most)


def _say(trial: Trial, *, err: bool = False) -> None:
    for line in trial.words():
        echo(line, err=err)
