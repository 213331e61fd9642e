"""Which input topics a worker reads, and which forces' records may come in each.

Usually all forces share the topics of one prefix. Where those who send do not trust one another,
each has topics of a prefix of its own: brokers can't restrict who sends which key, but they can
restrict who writes to which topic. A record of another force is then refused, whoever sent it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from streams.config.force import Force
from streams.errors import ConfigError
from streams.kafka.topics import INPUT_TOPICS, input_topic

OPTION = "--topic-prefix"


class Input(NamedTuple):
    """An input topic: its kind of record, and the forces of which it may have any."""

    kind: str
    forces: tuple[Force, ...]


class ForcePrefix(NamedTuple):
    """A prefix of topics that are of some forces alone."""

    name: str
    forces: tuple[Force, ...]


def inputs_of(
    prefix: str, forces: tuple[Force, ...], prefixes: Sequence[ForcePrefix]
) -> dict[str, Input]:
    """The input topics by name: those of a prefix for all forces, or those of each force's own."""
    return {
        input_topic(name, kind): Input(kind, allowed)
        for name, allowed in prefixes or ((prefix, forces),)
        for kind in INPUT_TOPICS
    }


def split_prefix(text: str) -> tuple[str, list[str]]:
    """The prefix and the ids of its forces in `PREFIX` or `PREFIX=FORCE,FORCE`; without forces a
    prefix is of the one whose id it ends in.

    >>> split_prefix("police.warwickshire"), split_prefix("b=west-mercia,warwickshire")
    (('police.warwickshire', ['warwickshire']), ('b', ['west-mercia', 'warwickshire']))
    """
    name, _, named = text.partition("=")
    name = name.strip().rstrip(".")
    return name, [id_.strip() for id_ in (named or name.rpartition(".")[2]).split(",")]


def forces_in_prefixes(texts: Iterable[str]) -> tuple[str, ...]:
    """The ids of all forces that such prefixes name."""
    return tuple(dict.fromkeys(id_ for text in texts for id_ in split_prefix(text)[1]))


def prefixes_named(texts: Iterable[str], forces: Sequence[Force]) -> tuple[ForcePrefix, ...]:
    """What several such texts say, each force in one of them. Raises `ConfigError`."""
    known = {force.id: force for force in forces}
    found = []
    for text in texts:
        name, ids = split_prefix(text)
        for id_ in ids:
            if id_ not in known:
                raise ConfigError(
                    f'"{text}" names the force "{id_}", and there are {", ".join(sorted(known))}',
                    field=OPTION,
                    cure="Write PREFIX=FORCE, or name the force by --force as well",
                )
        found.append(ForcePrefix(name, tuple(known[id_] for id_ in ids)))
    if found:
        _once_each(found, known)
    return tuple(found)


def _once_each(found: Sequence[ForcePrefix], known: Iterable[str]) -> None:
    prefixes = Counter(each.name for each in found)
    forces = Counter(force.id for each in found for force in each.forces)
    for what, counts in (("prefix", prefixes), ("force", forces)):
        if twice := [name for name, count in counts.items() if count > 1]:
            raise ConfigError(
                f'the {what} "{twice[0]}" is named twice',
                field=OPTION,
                cure="Write each prefix once: PREFIX=FORCE,FORCE",
            )
    if left := sorted(set(known) - set(forces)):
        raise ConfigError(
            f"no prefix has the records of {', '.join(left)}",
            field=OPTION,
            cure="Name one for each force, or leave the force out of --force",
        )


def parted(prefixes: Sequence[ForcePrefix]) -> list[tuple[str, str]]:
    """Forces that share people (a partition group) and have different prefixes, in pairs."""
    return [
        (one.id, other.id)
        for mine, theirs in combinations(prefixes, 2)
        for one in mine.forces
        for other in theirs.forces
        if one.partition_group == other.partition_group
    ]
