"""Whether somebody counts, and keeps up."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from streams.doctor.brokers import Brokers
from streams.doctor.finding import Examined, Finding, NotKnown, examined
from streams.doctor.setup import Setup
from streams.live import BEHIND

CHECK = "lag"


def check(setup: Setup, state: Brokers) -> Examined:
    """Compares the ends of the log with what the group has acknowledged."""
    if state.group_refused:
        raise NotKnown(state.group_refused)
    behind = sum(lags(state).values())
    said = f"{behind:,} messages, {len(state.members)} workers in {setup.group}"
    return examined(CHECK, said, of_lag(setup, state))


def lags(state: Brokers) -> dict[str, int]:
    """How many messages are not acknowledged, by topic."""
    found: dict[str, int] = {}
    for (topic, partition), end in state.ends.items():
        place = (topic, partition)
        done = max(state.committed.get(place, 0), state.begins.get(place, 0))
        found[topic] = found.get(topic, 0) + max(0, end - done)
    return found


def worker_command(setup: Setup) -> str:
    """The command that starts the workers again, each in its folder. A worker that is started with
    other forces than before can't use its checkpoints."""
    group = f"--group {shlex.quote(setup.group)}"
    start = f"{setup.command('watchroom worker', inputs=True, forces=True)} {group}"
    folders = [shlex.quote(str(each)) for each in setup.checkpoints] or ["FOLDER"]
    command = " and ".join(f"{start} --checkpoints {each}" for each in folders)
    if setup.forces:
        return command
    return (
        f"{command}, with each --force that it had: with other forces it sets its checkpoints "
        "aside and reads the log again"
    )


def of_lag(setup: Setup, state: Brokers) -> Iterator[Finding]:
    """What is wrong with the group."""
    if not state.members:
        yield Finding(
            subject=setup.group,
            problem="no worker is in the group: nothing is counted",
            cure=worker_command(setup),
        )
    by_topic = lags(state)
    if sum(by_topic.values()) > BEHIND:
        topic = max(by_topic, key=by_topic.__getitem__)
        yield Finding(
            subject=topic,
            problem=f"{sum(by_topic.values()):,} messages are not counted, {by_topic[topic]:,} of "
            "them here",
            cure="Wait while it falls. Where it grows, start another worker in the same --group "
            "with a --checkpoints folder of its own",
        )
