"""`watchroom topics`: create, list and check the Kafka topics, and say which feeds are silent."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from streams.cli.echo import echo
from streams.cli.options import (
    Seconds,
    broker_option,
    forces_known,
    more_forces_option,
    prefix_option,
    topic_prefixes_option,
)
from streams.config.force import Force, find_force
from streams.kafka import arrivals
from streams.kafka import topics as kafka_topics
from streams.kafka.brokers import await_brokers
from streams.kafka.inputs import split_prefix
from streams.periods import DAY, SECOND

WRONG = 1


@click.group()
def topics() -> None:
    """The Kafka topics: five in, three out.

    \b
    Examples:
      watchroom topics create --replication-factor 3
      watchroom topics check
    """


@topics.command()
@broker_option
@prefix_option
@topic_prefixes_option
@click.option(
    "--partitions",
    type=click.IntRange(1, 1000),
    default=kafka_topics.PARTITIONS,
    show_default=True,
    help="The same for every topic, and for good: a force's records stay in one partition.",
)
@click.option(
    "--replication-factor",
    type=click.IntRange(1, 9),
    default=1,
    show_default=True,
    help="Copies of each topic; 3 where there are three brokers.",
)
@click.option(
    "--wait", type=Seconds(), help="How long to wait for the brokers to answer; default: 10s."
)
@click.pass_context
def create(
    context: click.Context,
    broker: str,
    prefix: str,
    topic_prefixes: tuple[str, ...],
    partitions: int,
    replication_factor: int,
    wait: float | None,
) -> None:
    """Create the topics that are missing, and check the others.

    Ends with 0 when all topics are as they should be, with 1 when one is not. Run it as often as
    you like.

    \b
    Examples:
      watchroom topics create
      watchroom topics create --broker kafka1:9092 --replication-factor 3
      watchroom topics create --topic-prefix warwickshire --topic-prefix west-mercia
      watchroom topics create --wait 3m
    """
    inputs = [split_prefix(text)[0] for text in topic_prefixes]
    await_brokers(broker, wait)
    with kafka_topics.admin(broker) as client:
        for name in kafka_topics.create(
            client, prefix, partitions, replication_factor, inputs=inputs
        ):
            echo(f"{name}: created")
        _report_unused(client, prefix)
        _report(context, kafka_topics.check(client, broker, prefix, partitions, inputs=inputs))


@topics.command()
@broker_option
@prefix_option
@topic_prefixes_option
@click.option(
    "--partitions", type=click.IntRange(1, 1000), help="How many there should be of each topic."
)
@more_forces_option
@click.option(
    "--feeds/--no-feeds",
    default=True,
    show_default=True,
    help="Also read the ends of the input topics, and say when something last came of each feed.",
)
@click.pass_context
def check(
    context: click.Context,
    broker: str,
    prefix: str,
    topic_prefixes: tuple[str, ...],
    partitions: int | None,
    force_names: tuple[str, ...],
    feeds: bool,
) -> None:
    """Say what is wrong with the topics, each with its cure, and which feeds are silent.

    A feed with heartbeats is silent when one is overdue; another after twice its longest usual
    pause. It needs no worker.

    Ends with 0 when all topics are as they should be and no feed is silent, with 1 when one is not.

    \b
    Examples:
      watchroom topics check
      watchroom topics check --no-feeds
      watchroom topics check --prefix trial --partitions 24
    """
    inputs = [split_prefix(text)[0] for text in topic_prefixes]
    known = forces_known([find_force(name) for name in force_names])
    with kafka_topics.admin(broker) as client:
        _report_unused(client, prefix)
        wrong = kafka_topics.check(client, broker, prefix, partitions, inputs=inputs)
        names = [topic.name for topic in kafka_topics.wanted(prefix, inputs)]
        there, _ = kafka_topics.seen(client, names)
    silent = _report_feeds(broker, there, inputs or [prefix], known) if feeds else 0
    _report(context, wrong, silent)
    if silent:
        context.exit(WRONG)


@topics.command("list")
@broker_option
@prefix_option
@topic_prefixes_option
def list_(broker: str, prefix: str, topic_prefixes: tuple[str, ...]) -> None:
    """List the topics with their partitions, copies and retention.

    \b
    Example:
      watchroom topics list
    """
    inputs = [split_prefix(text)[0] for text in topic_prefixes]
    with kafka_topics.admin(broker) as client:
        names = [topic.name for topic in kafka_topics.wanted(prefix, inputs)]
        found = kafka_topics.describe(client, names)
        _report_unused(client, prefix)
    width = max(map(len, names))
    for name in names:
        topic = found.get(name)
        if topic is None:
            echo(f"{name:<{width}}  missing")
            continue
        echo(
            f"{name:<{width}}  {topic.partitions:>3} partitions  {topic.replicas} copies  "
            f"{_kept(topic)}"
        )


def _kept(topic: kafka_topics.Found) -> str:
    if topic.config.get("cleanup.policy") == "compact":
        return "the latest of each key"
    kept = int(topic.config.get("retention.ms", -1))
    return "kept for good" if kept < 0 else f"kept {kept // DAY} days"


def _report_unused(client: Any, prefix: str) -> None:
    for name in kafka_topics.unused(client, prefix):
        echo(
            f"{name} is no longer used. Once no worker of an earlier version runs and you will not "
            f"go back to one, delete it: kafka-topics.sh --delete --topic {name}",
            err=True,
        )


def _report_feeds(
    broker: str,
    there: Mapping[str, kafka_topics.Found],
    prefixes: Sequence[str],
    forces: Mapping[str, Force],
) -> int:
    """Says when something last came of each feed; how many are silent."""
    at = int(time.time() * SECOND)
    seen = arrivals.read_feeds(broker, there, prefixes, forces, at)
    if seen.unreadable:
        names = ", ".join(seen.unreadable)
        echo(f"Not looked for silent feeds, since the right Read is missing: {names}", err=True)
    if seen.empty:
        echo(f"Without a message: {', '.join(seen.empty)}")
    for force in seen.unknown:
        echo(f'Messages of the force "{force}": name its file with --force', err=True)
    silent = [feed for feed in seen.feeds if feed.silent(at)]
    for feed in seen.feeds:
        if feed not in silent:
            echo(feed.in_words(at))
    for feed in silent:
        echo(
            f"SILENT {feed.in_words(at)}. Look at the source system and at its link to the brokers",
            err=True,
        )
    return len(silent)


def _report(context: click.Context, found: dict[str, list[str]], silent: int = 0) -> None:
    for name, problems in found.items():
        for each in problems:
            echo(f"{name} {each}", err=True)
    if found:
        context.exit(WRONG)
    but = f"; {silent} {'feed is' if silent == 1 else 'feeds are'} silent" if silent else ""
    echo(f"All topics are as they should be{but}.")
