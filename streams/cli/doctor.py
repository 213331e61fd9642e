"""`watchroom doctor`: what is wrong with an installation, each with its cure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from streams.cli.asking import token_given, token_option
from streams.cli.echo import echo
from streams.cli.options import broker_option, prefix_option, topic_prefixes_option
from streams.doctor.examination import examine
from streams.doctor.finding import Examined
from streams.doctor.setup import Setup

WRONG = 1
WORDS = {"well": "well", "note": "note", "wrong": "WRONG", "unknown": "not known"}


@click.command(short_help="Find what is wrong, each with its cure.")
@broker_option
@prefix_option
@topic_prefixes_option
@click.option("--group", default="watchroom", show_default=True, help="The workers' group.")
@click.option("--no-kafka", is_flag=True, help="There is no Kafka: `watchroom run` alone.")
@click.option(
    "--partitions", type=click.IntRange(1, 1000), help="How many there should be of each topic."
)
@click.option(
    "--force",
    "force_names",
    multiple=True,
    metavar="ID|FILE",
    help="A force whose file is read; may be repeated.",
)
@click.option(
    "--mapping",
    "mappings",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A mapping that is read; may be repeated.",
)
@click.option(
    "--checkpoints",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The folder of a worker's state, on this machine; may be repeated.",
)
@click.option(
    "--worker",
    "workers",
    multiple=True,
    metavar="URL",
    help="The address of a worker or of the front, such as http://worker-1:8787; may be repeated.",
)
@token_option
@click.option("--prometheus", default="", metavar="URL", help="The address of Prometheus.")
@click.option("--alertmanager", default="", metavar="URL", help="The address of Alertmanager.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object instead of a table.")
@click.pass_context
def doctor(  # noqa: PLR0913, PLR0917 - an option each
    context: click.Context,
    broker: str,
    prefix: str,
    topic_prefixes: tuple[str, ...],
    group: str,
    partitions: int | None,
    force_names: tuple[str, ...],
    mappings: tuple[Path, ...],
    checkpoints: tuple[Path, ...],
    workers: tuple[str, ...],
    prometheus: str,
    alertmanager: str,
    *,
    no_kafka: bool,
    as_json: bool,
) -> None:
    """Look at an installation from outside, and say what is wrong with it and what mends it.

    Nothing is changed; in the folder of the state a small file is written and deleted again. What
    it is not given it does not look at, and says so. Best run on the machine of a worker, as the
    user of the worker.

    Ends with 0 where nothing is wrong, with 1 where something is, with 2 where an option is. What
    is only a note, or could not be found out, does not count; --json has it as "note" and
    "unknown".

    \b
    Examples:
      watchroom doctor --broker kafka1:9092 --checkpoints /var/lib/watchroom/1
      watchroom doctor --worker http://worker-1:8787 --worker http://worker-2:8787 --force mine.toml
      watchroom doctor --prometheus http://prometheus:9090 --alertmanager http://alertmanager:9093
      watchroom doctor --no-kafka --worker http://127.0.0.1:8787 --json
    """
    setup = Setup(
        brokers="" if no_kafka else broker,
        prefix=prefix.rstrip("."),
        topic_prefixes=topic_prefixes,
        group=group,
        partitions=partitions,
        forces=force_names,
        mappings=mappings,
        checkpoints=checkpoints,
        workers=tuple(url.rstrip("/") for url in workers),
        token=token_given(),
        prometheus=prometheus.rstrip("/"),
        alertmanager=alertmanager.rstrip("/"),
    )
    done: list[Examined] = []
    for each in examine(setup):
        done.append(each)
        if not as_json:
            _print(each)
    wrong = sum(each.verdict == "wrong" for each in done)
    if as_json:
        answer = {"wrong": wrong, "checks": done}
        echo(msgspec.json.format(msgspec.json.encode(answer)).decode())
    else:
        echo(_summary(done))
    if wrong:
        context.exit(WRONG)


def _print(each: Examined) -> None:
    """A line a check, and below it two a finding: what is wrong, and what to do."""
    echo(f"{each.check:<28} {WORDS[each.verdict]:<10} {each.said}")
    for finding in each.findings:
        mark = "" if finding.grave else " (note)"
        echo(f"    {finding.subject}: {finding.problem}{mark}")
        echo(f"      -> {finding.cure}")


def _summary(done: Sequence[Examined]) -> str:
    graves = sum(finding.grave for each in done for finding in each.findings)
    unknown = sum(each.verdict == "unknown" for each in done)
    said = f"{graves} wrong" if graves else "Nothing is wrong"
    return f"{said}; {len(done) - unknown} of {len(done)} checks were done."
