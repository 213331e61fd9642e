"""The topics: missing, with other partitions, kept too short a time, compacted, with one copy."""

from __future__ import annotations

from collections.abc import Iterator

from streams.doctor.brokers import Brokers
from streams.doctor.finding import Examined, Finding, examined
from streams.doctor.setup import Setup
from streams.kafka import topics

CHECK = "topics"


def check(setup: Setup, state: Brokers) -> Examined:
    """Compares the topics with what they must be like."""
    found = of_topics(setup, state)
    prefixes = dict.fromkeys((setup.prefix, *setup.inputs))
    return examined(CHECK, f"{len(state.found)} topics of {' and '.join(prefixes)}", found)


def of_topics(setup: Setup, state: Brokers) -> Iterator[Finding]:
    """What is wrong with topics."""
    first = state.found.get(topics.input_topic(setup.inputs[0], "call"))
    expected = setup.partitions or (first.partitions if first else topics.PARTITIONS)
    create = setup.command("watchroom topics create", inputs=True)
    make = f"{create} --partitions {expected}"
    written = {topics.topic_name(setup.prefix, name) for name in ("alerts", "published")}
    for topic in topics.wanted(setup.prefix, setup.inputs):
        found = state.found.get(topic.name)
        if found is None:
            cure = make + (_restored(setup) if topic.name in written else "")
            yield Finding(subject=topic.name, problem=topics.MISSING, cure=cure)
            continue
        for words in topics.problems(topic, found, expected):
            yield Finding.of_words(topic.name, words)
        if found.replicas < 2:
            yield from _one_copy(topic.name, found, len(set(state.hosts)), create)


def _restored(setup: Setup) -> str:
    """How what was in a topic that no input makes anew comes back into it."""
    restore = setup.command("watchroom restore FILE", inputs=True)
    return (
        ". Workers that run write into it what they hold. Where none ran all the time, stop them, "
        f"and: {restore} --group {setup.group}, of the last backup"
    )


def _one_copy(name: str, found: topics.Found, brokers: int, create: str) -> Iterator[Finding]:
    """A topic that is lost with one broker, where another could hold a copy."""
    if brokers > 1:
        yield Finding(
            subject=name,
            problem=f"has {found.replicas} copy, and there are {brokers} brokers",
            cure="Give it more: kafka-reassign-partitions.sh --execute. New topics: "
            f"{create} --replication-factor 3",
        )
