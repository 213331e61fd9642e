"""Whether a feed is refused: lines that became dead letters lately."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from kafka import TopicPartition

from streams.doctor.brokers import Brokers, BrokersClient
from streams.doctor.finding import Examined, Finding, NotKnown, examined
from streams.doctor.setup import Setup
from streams.events.deadletters import DeadLetter, from_message, merged
from streams.kafka.log_reader import reader
from streams.kafka.topics import INPUT_TOPICS, input_topic, topic_name
from streams.periods import MINUTE
from streams.sources.clock import wall_clock

CHECK = "refused lines"
LATELY = 15 * MINUTE
MANY, FEW = 100, 3
"""So many within `LATELY` mean that a source or a force file has changed; so few do where nothing
else came."""
CURABLE_HERE = frozenset(
    {"unknown_area", "unknown_force", "unknown_line", "ledger_full", "too_many_feeds", "fault"}
)
"""Reasons that may lie with Watchroom or its force file: a line may be right as it came."""
SENT_WRONG = frozenset({"wrong_partition", "wrong_topic"})
"""Reasons that lie with the producer, though the line is right: a retry sends it where it
belongs."""
MOST_LETTERS = 5_000
MOST_SECONDS = 10.0
"""How many letters are read, and for how long."""


def check(setup: Setup, state: Brokers, client: BrokersClient) -> Examined:
    """Reads the dead letters of the last quarter of an hour, and counts what came beside them."""
    topic = topic_name(setup.prefix, "deadletter")
    if topic not in state.found:
        raise NotKnown(f"the topic {topic} is missing")
    since = wall_clock() - LATELY
    letters = letters_since(setup.brokers, topic, state.found[topic].partitions, since)
    came = {}
    kinds = {each.kind for each in letters if each.kind is not None}
    for kind in kinds & INPUT_TOPICS.keys():
        names = [input_topic(prefix, kind) for prefix in setup.inputs]
        there = [state.found[name] for name in names if name in state.found]
        came[kind] = sum(client.since(each.name, each.partitions, since) for each in there)
    said = f"{len(letters):,} in the last {LATELY // MINUTE} minutes"
    return examined(CHECK, said, of_letters(setup, letters, came))


def letters_since(brokers: str, topic: str, partitions: int, since: int) -> list[DeadLetter]:
    """The letters since an instant in ms that nobody has sent again; at most `MOST_LETTERS`."""
    found: list[DeadLetter] = []
    with reader(brokers) as consumer:
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(tps)
        ends = consumer.end_offsets(tps)
        starts = consumer.offsets_for_times(dict.fromkeys(tps, since))
        for tp in tps:
            consumer.seek(tp, starts[tp].offset if starts.get(tp) else ends[tp])
        until = time.monotonic() + MOST_SECONDS
        while len(found) < MOST_LETTERS and any(consumer.position(tp) < ends[tp] for tp in tps):
            for records in consumer.poll(timeout_ms=500).values():
                found += [from_message(each.key, each.value, each.headers) for each in records]
            if time.monotonic() > until:
                break
    return [each for each in merged(found) if each.retried is None]


def cure(setup: Setup, reason: str) -> str:
    """What to do about lines of a reason: a retry sends them as they are, which helps only where
    the fault is not theirs."""
    listed = setup.command(f"watchroom deadletter list --reason {shlex.quote(reason)}")
    again = setup.command(f"watchroom deadletter retry --reason {shlex.quote(reason)}", forces=True)
    if reason in CURABLE_HERE:
        return f"{listed} says why. Mend that, start the workers again, then: {again}"
    if reason in SENT_WRONG:
        return f"{listed} says why. Mend the sender, then: {again}"
    if reason == "in_the_future":
        return (
            f"{listed} says which. Mend the clock of the sender, and have it send them again. "
            f"Where their times are right: {again}, once these are past"
        )
    return f"{listed} says which. Mend the sender, and have it send them again"


def of_letters(
    setup: Setup, letters: Sequence[DeadLetter], came: Mapping[str, int]
) -> list[Finding]:
    """Why lines were refused, the most frequent reason first; `came` are the messages that came
    meanwhile, by kind."""
    found = []
    reasons = Counter((each.kind or "unknown", each.reason) for each in letters)
    for (kind, reason), count in reasons.most_common():
        lines = "line was" if count == 1 else "lines were"
        alone = count >= FEW and count >= came.get(kind, count + 1)
        problem = f"{count:,} {lines} refused in the last {LATELY // MINUTE} minutes: {reason}"
        found.append(
            Finding(
                subject=kind,
                problem=f"{problem}; nothing else came" if alone else problem,
                cure=cure(setup, reason),
                grave=alone or count >= MANY,
            )
        )
    return found
