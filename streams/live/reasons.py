"""Why a process is not ready: every reason that there is, in this one place.

A reason has a code that stays the same from release to release, the problem and its cure in plain
words, and where it is of one thing among several a subject: a topic, a partition, a folder. All
that speak of reasons read them here: `/readyz`, the metric `watchroom_unready`, the board, the log,
alerts, the rules of Prometheus and `watchroom doctor`.

Those that are `lasting` are troubles (`Health.troubles`): a runner notes each as sentences, of
which the first is the problem and the others the cure. It goes on counting what it can, and
somebody has to do something. The others come of what the runner does at the moment, and end by
themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ReasonKind(NamedTuple):
    """One of the reasons."""

    code: str
    title: str
    """What the title of an alert calls it."""
    means: str
    """A sentence for the documents."""
    lasting: bool = False
    runbook: str = "WatchroomPipelineUnwell"
    cure: str = ""
    """What is to be done, where that is always the same."""


WAIT = "Wait: it ends by itself"
REASON_KINDS: tuple[ReasonKind, ...] = (
    ReasonKind(
        "starting", "starting", "The process has no partitions yet.",
        runbook="WatchroomRecovering", cure=f"{WAIT}. Where it lasts, look at the brokers",
    ),
    ReasonKind(
        "recovering", "reading back", "Partitions are being read back.",
        runbook="WatchroomRecovering", cure=f"{WAIT}. The log says how far it is",
    ),
    ReasonKind(
        "lag", "behind", "More messages are not counted than `--behind` allows.",
        runbook="WatchroomBehind",
        cure="Look at the lag, and start another worker if it grows",
    ),
    ReasonKind(
        "brokers", "brokers silent", "The brokers do not answer.",
        runbook="WatchroomBehind",
        cure="Look at the brokers and at the network to them",
    ),
    ReasonKind(
        "counting", "counting for long",
        "Counting goes on for seconds without a pause, or one step of it takes that long.",
        runbook="WatchroomBehind",
        cure=f"{WAIT}. Where it comes again with records from Kafka, have their producer send "
        "fewer lines in a message",
    ),
    ReasonKind(
        "stalled", "stalled", "The process had no turn for seconds.",
        runbook="WatchroomBehind",
        cure="Look at the load, the memory and the disk of the machine; start it again if it stays",
    ),
    ReasonKind(
        "group", "cut off from the group",
        "The group of workers has not answered for a session, so another may have taken over.",
        runbook="WatchroomBehind",
        cure=f"{WAIT}. Where it comes again, look at the network to the brokers and at the machine",
    ),
    ReasonKind(
        "past", "reading the past", "What is read is of the past.",
        cure=f"{WAIT}, or give --speed for a replay",
    ),
    ReasonKind(
        "topic", "a topic is not as it should be",
        "A topic is missing, was made again or has another number of partitions.",
        lasting=True, runbook="WatchroomTopicChanged",
    ),
    ReasonKind(
        "log_gap", "records are missing",
        "The log lost messages before they were counted.",
        lasting=True, runbook="WatchroomLogGap",
    ),
    ReasonKind(
        "wrong_partition", "wrong partition",
        "A producer with another key or hash sends lines to a wrong partition.",
        lasting=True, runbook="WatchroomWrongPartition",
    ),
    ReasonKind(
        "clock", "the clock is set again and again", "The clock of the machine was set.",
        lasting=True,
    ),
    ReasonKind(
        "disk", "the disk is full or can't be written",
        "Checkpoints or alerts can't be read or written, or their disk is nearly full.",
        lasting=True, runbook="WatchroomDiskFull",
    ),
    ReasonKind(
        "damaged", "what is kept was damaged",
        "What an embedded run keeps was damaged; it goes on with what could be read of it.",
        lasting=True, runbook="WatchroomDiskFull",
    ),
    ReasonKind(
        "web", "its web server does not answer",
        "The process lives, and its own web server does not answer it.",
        lasting=True, runbook="WatchroomWorkerDown",
    ),
    ReasonKind(
        "holders", "two workers hold the same partitions",
        "Another worker may hold the same partitions, or does.",
        lasting=True, runbook="WatchroomTwoHolders",
    ),
    ReasonKind(
        "instance", "another worker has its name",
        "Another worker runs under the same instance id, and has this one's place in the group.",
        lasting=True, runbook="WatchroomTwoHolders",
    ),
    ReasonKind(
        "alerts", "alerts can't be written",
        "The topic of alerts can't be written, so nothing that people do about them is taken.",
        lasting=True,
    ),
    ReasonKind(
        "unsent", "messages can't be sent",
        "Dead letters and published figures can't be sent, though the brokers answer.",
        lasting=True,
    ),
)  # fmt: skip
BY_CODE: Mapping[str, ReasonKind] = {kind.code: kind for kind in REASON_KINDS}
OTHER_REASON = ReasonKind("other", "not ready", "Something else.")


class Reason(NamedTuple):
    """A reason as it holds now: what is wrong, and what to do."""

    code: str
    problem: str
    cure: str
    subject: str = ""

    @property
    def kind(self) -> ReasonKind:
        """What kind of reason it is."""
        return BY_CODE.get(self.code, OTHER_REASON)


def of_trouble(key: str, words: str) -> Reason:
    """The reason that is noted as a trouble: `kind:subject`, and sentences.

    >>> of_trouble("topic:w.calls", "it is missing. Make it again. See the page")
    Reason(code='topic', problem='it is missing', cure='Make it again. See the page', \
subject='w.calls')
    """
    code, _, subject = key.partition(":")
    problem, _, cure = words.partition(". ")
    return Reason(
        code, problem.rstrip("."), (cure or BY_CODE.get(code, OTHER_REASON).cure), subject
    )


def of_state(code: str, words: str) -> Reason:
    """The reason that comes of what the process does, in the words of its state."""
    return Reason(code, words, BY_CODE.get(code, OTHER_REASON).cure)
