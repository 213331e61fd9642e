"""Watchroom itself is not well: behind, without a checkpoint, with faults, or with troubles.

What it can't say of itself, since nobody would be there to say it, is watched by Prometheus
(`streams.outputs.rules.pipeline`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streams.alerts import words as say
from streams.alerts.context import PipelineHealth
from streams.alerts.model import Alert, Evidence
from streams.alerts.rules.base import AlertKind, Finding, InstantRule, TableRow
from streams.config.force import Force
from streams.live import OLD_CHECKPOINT, LostReceiver
from streams.live.reasons import BY_CODE, OTHER_REASON
from streams.periods import MINUTE, SECOND
from streams.registry.phrases import round_duration

KIND = "pipeline_unwell"
RECEIVER = "receiver"
"""The measure of an alert that an address for notifications can't be reached."""
LONG_BEHIND = 300
"""Seconds for which it must have been behind."""
SETTLE = 2 * MINUTE
"""How long nothing must have been wrong before its alert is over, in ms."""
REACHED = 10 * SECOND
"""How long a receiver must be reached again before that is said, in ms."""
FAULTY = 3600
"""Seconds for which a fault counts: a detector that fails does so again when the hour closes."""


def pipeline_unwell(force: Force, health: PipelineHealth, at: int) -> list[Finding]:
    """What is wrong with Watchroom itself."""
    found = []
    if health.behind_for >= LONG_BEHIND:
        said = _behind(force, health.behind_for)
        found.append(("lag", "behind", health.behind_for, health.behind_for, said))
    if (age := health.checkpoint_age) is not None and age > OLD_CHECKPOINT:
        found.append(("checkpoint", "no checkpoint", age, age, _no_checkpoint(force, age)))
    if (age := health.fault_age) is not None and age < FAULTY:
        said = _faulty(force, health.faults)
        found.append(("faults", "faults", age, float(health.faults), said))
    kinds: dict[str, list[str]] = {}
    for key, words in sorted(health.troubles.items()):
        kinds.setdefault(key.partition(":")[0], []).append(words)
    for kind, sentences in kinds.items():
        said = _trouble(force, sentences)
        title = BY_CODE.get(kind, OTHER_REASON).title
        found.append((kind, title, 0.0, float(len(sentences)), said))
    lost = [_lost(force, *each) for each in sorted(health.lost_receivers.items())]
    return lost + [
        Finding(
            kind=KIND,
            severity="page",
            records="",
            group="pipeline",
            measure=measure,
            title=f"Watchroom, {force.name}: {title}",
            since=at - round(seconds * SECOND),
            said=said,
            evidence=Evidence(observed=observed),
            settle=SETTLE,
        )
        for measure, title, seconds, observed, said in found
    ]


def _lost(force: Force, channel: str, lost: LostReceiver) -> Finding:
    """An address for notifications can't be reached. The figures are right, so this is no page."""
    title = f"Watchroom, {force.name}: no messages to {lost.label}"
    return Finding(
        kind=KIND,
        severity="notice",
        records="",
        group="pipeline",
        measure=RECEIVER,
        row={RECEIVER: channel},
        title=title,
        since=lost.since,
        said=(f"{title}: it can't be reached.", "It is tried again every 5 minutes."),
        settle=REACHED,
    )


def receiver_of(alert: Alert) -> str | None:
    """The name of the channel that can't be reached, where an alert is about one; else None."""
    about_one = alert.kind == KIND and alert.measure == RECEIVER
    return alert.row.get(RECEIVER) if about_one else None


def _behind(force: Force, seconds: float) -> tuple[str, ...]:
    """Watchroom does not keep up."""
    lead = f"Watchroom, {force.name}: behind for {round_duration(seconds)}."
    return (lead, "The figures are older than they look. No other alert can be relied on.")


def _no_checkpoint(force: Force, seconds: float) -> tuple[str, ...]:
    """Nothing is saved."""
    lead = f"Watchroom, {force.name}: no checkpoint for {round_duration(seconds)}."
    return (lead, "Counting goes on. A restart will take longer.")


def _trouble(force: Force, sentences: Sequence[str]) -> tuple[str, ...]:
    """What keeps figures from being whole: the first problem, its cure, and how many more there
    are. A problem has sentences of which the first two stand for all."""
    problem, *cure = sentences[0].rstrip(".").split(". ")
    more = len(sentences) - 1
    head = f"Watchroom, {force.name}: "
    lead = head + say.shortened(problem, say.LONGEST_TEXT - len(head) - 1) + "."
    rest = (f"{more} more like this.",) if more else ()
    return (lead, *(f"{sentence}." for sentence in cure[:1]), *rest)


def _faulty(force: Force, faults: int) -> tuple[str, ...]:
    """Something that watches fails."""
    lead = f"Watchroom, {force.name}: {faults:,} fault{'s' * (faults != 1)} in what watches."
    return (lead, "Counting goes on, but a surge may raise no alert. The log says why.")


class PipelineUnwellRule(InstantRule):
    """Judges what the process knows of itself."""

    any_minute = False

    def judge(self, at: int) -> Iterable[Finding]:
        """What is wrong."""
        return pipeline_unwell(self.force, self.context.pipeline, at)


PIPELINE_UNWELL = AlertKind(
    name=KIND,
    runbook="WatchroomPipelineUnwell",
    summary="Watchroom itself is not well",
    meaning="Watchroom itself is not well: its figures may be late or incomplete.",
    dashboard="pipeline",
    table=(
        TableRow(
            f"Watchroom itself is behind for {LONG_BEHIND // 60} minutes, has no checkpoint for "
            f"{OLD_CHECKPOINT // 60}, has a trouble (a topic, a gap in the log, its disk, its web "
            "server, another holder), or a detector or the alerts failed within the hour",
            "page",
            f"{SETTLE // MINUTE} minutes have passed without any of these",
            "Watchroom, Warwickshire: behind for 6 min 40 s. The figures are older than they look. "
            "No other alert can be relied on.",
        ),
        TableRow(
            "a receiver of Watchroom's own notifications can't be reached",
            "notice",
            f"{REACHED // SECOND} seconds have passed since a message reached it again",
            "Watchroom, Warwickshire: no messages to the pager: it can't be reached. It is tried "
            "again every 5 minutes.",
        ),
    ),
    judged="process",
    rules=(PipelineUnwellRule,),
)
