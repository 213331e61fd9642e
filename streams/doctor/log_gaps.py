"""Whether the log still has what was not counted yet: against the checkpoints, and against what the
group has acknowledged."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.doctor.brokers import Brokers, PartitionPlace
from streams.doctor.finding import Examined, Finding, examined
from streams.doctor.setup import Setup
from streams.state.snapshot import Head
from streams.state.sqlite import Damaged, connect_beside, head_of

CHECK = "log against checkpoints"
MEND = (
    "Have the source send the records of that time again (from files: watchroom publish), and give "
    "the topic a longer retention.ms: watchroom topics check"
)


class StoredHead(NamedTuple):
    """A checkpoint: its head, or why it can't be read."""

    path: Path
    head: Head | None
    error: str = ""


def check(setup: Setup, state: Brokers) -> Examined:
    """Compares where the log begins and ends with what was counted."""
    stored = [each for folder in setup.checkpoints for each in heads(folder)]
    counted = {key_of(each.head): each.head.offset + 1 for each in stored if each.head is not None}
    of_group = {place: at for place, at in state.committed.items() if place not in counted}
    said = f"{len(stored)} checkpoints, {len(state.committed)} partitions of {setup.group}"
    findings = [
        *of_files(stored),
        *of_heads(stored, state, time.time() * 1000),
        *of_offsets(of_group, state),
    ]
    return examined(CHECK, said, findings)


def heads(folder: Path) -> Iterator[StoredHead]:
    """The checkpoints of a folder; one that a worker writes at this moment is read beside it."""
    for path in sorted(folder.glob("*.sqlite")):
        try:
            with contextlib.closing(connect_beside(path)) as db:
                yield StoredHead(path, head_of(db))
        except (sqlite3.Error, Damaged, msgspec.MsgspecError) as error:
            yield StoredHead(path, None, str(error))


def key_of(head: Head) -> PartitionPlace:
    """The topic-partition of a checkpoint."""
    return head.topic, head.partition


def of_files(stored: list[StoredHead]) -> Iterator[Finding]:
    """Checkpoints that can't be read."""
    for each in stored:
        if each.head is None:
            yield Finding(
                subject=str(each.path),
                problem=f"the checkpoint can't be read: {each.error}",
                cure=f"Nothing, where the log is whole: the worker sets it aside and reads the log "
                f"again. To do so now, stop the worker, then: rm {each.path}*",
            )


def of_heads(stored: list[StoredHead], state: Brokers, now: float) -> Iterator[Finding]:
    """What the log has lost of what a checkpoint goes on from; `now` in ms."""
    for each in stored:
        head = each.head
        if head is None or head.topic not in state.found:
            continue
        name = f"{head.topic}/{head.partition}"
        if head.topic_id != state.found[head.topic].id:
            yield Finding(
                subject=name,
                problem=f"the topic was made again since the checkpoint {each.path} was written",
                cure="Start the worker: it begins anew with this topic. Send again what the old "
                "one had: watchroom publish",
            )
            continue
        yield from of_offsets({(head.topic, head.partition): head.offset + 1}, state)
        for gap in head.gaps:
            if not gap.is_recent(int(now)):
                continue
            if gap.made_again:
                yield Finding(
                    subject=name,
                    problem=f"the topic was made again: up to {gap.messages:,} messages of the old "
                    "one are counted no more",
                    cure="Have the source send the records of that time again (from files: "
                    "watchroom publish)",
                )
            else:
                yield _lost(name, gap.first, gap.last)


def of_offsets(counted: dict[PartitionPlace, int], state: Brokers) -> Iterator[Finding]:
    """The partitions of which the next message to be counted is not in the log."""
    for (topic, partition), at in sorted(counted.items()):
        begin, end = state.begins.get((topic, partition)), state.ends.get((topic, partition))
        name = f"{topic}/{partition}"
        if begin is not None and 0 < at < begin:
            yield _lost(name, at, begin - 1)
        elif end is not None and at > end:
            yield Finding(
                subject=name,
                problem=f"was counted up to offset {at - 1}, and the log ends at {end}",
                cure="Start the worker: it sets its checkpoint aside and reads the log again. "
                "Where brokers lost what they had acknowledged, look at their logs",
            )


def _lost(name: str, first: int, last: int) -> Finding:
    many = last - first + 1
    problem = f"the log lost up to {many:,} messages (offsets {first} to {last}) before they were "
    return Finding(subject=name, problem=f"{problem}counted", cure=MEND)
