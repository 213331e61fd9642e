"""Rules about Watchroom's own health, from its raw metrics: what it can't say of itself."""

from __future__ import annotations

from dataclasses import dataclass

from streams.alerts.rules.pipeline_unwell import KIND
from streams.live import BEHIND, FED, OLD_CHECKPOINT
from streams.outputs.rules.kinds import REPORTED
from streams.outputs.rules.text import Links, PrometheusRule, template, written

JOB = 'job="watchroom"'


@dataclass(frozen=True, slots=True)
class PipelineAlert:
    """One alert; in its texts `<label>` stands for the value of a label."""

    name: str
    severity: str
    expr: str
    wait: str
    summary: str
    meaning: str
    keep: str = ""


def _trouble(kind: str) -> str:
    """Watchroom notifies people of its troubles itself, unless it holds none of the forces that
    they concern. A day back, since people have been notified of one that was snoozed or closed."""
    opened = f'watchroom_alert_open{{{JOB}, kind="{KIND}", measure="{kind}"}}'
    return (
        f'max by (instance, subject) (watchroom_trouble{{{JOB}, kind="{kind}"}}) > 0\n'
        f"unless on (instance) max by (instance) (max_over_time({opened}[1d]))\n"
    )


PIPELINE: tuple[PipelineAlert, ...] = (
    PipelineAlert(
        "WatchroomWorkerDown",
        "notice",
        f"up{{{JOB}}} == 0",
        # Longer than an update takes, and than it takes to say that all of them are down.
        "2m",
        "The Watchroom worker <instance> does not answer.",
        "The other workers have taken over its share; there is one fewer to take over from.",
    ),
    PipelineAlert(
        "WatchroomAllWorkersDown",
        "page",
        # Not `absent(up == 1)`: that would page an installation that has no workers yet.
        f"count(up{{{JOB}}}) unless count(up{{{JOB}}} == 1)",
        "30s",
        "No Watchroom worker answers: the figures stand still and no alert will come.",
        "Watch the room by other means until the board moves again.",
    ),
    PipelineAlert(
        "WatchroomForceNotReported",
        "page",
        f"max by (force) (last_over_time({REPORTED}[1d]))\n"
        f"unless on (force) max by (force) ({REPORTED})\n"
        f"unless on () (count(up{{{JOB}}}) unless count(up{{{JOB}}} == 1))\n",
        "1m",
        "No Watchroom worker reports <force>: its figures stand still.",
        "Workers answer, but none of them counts this force.",
    ),
    PipelineAlert(
        "WatchroomRecovering",
        "notice",
        f"watchroom_ready{{{JOB}}} == 0\nunless on (instance) watchroom_trouble{{{JOB}}}\n",
        "5m",
        "The Watchroom worker <instance> has not been ready for 5 minutes.",
        "It is reading back what it lacks, waits for partitions, or can't keep up. The figures of "
        "its share are not shown.",
    ),
    PipelineAlert(
        "WatchroomBehind",
        "notice",
        f"sum by (instance) (watchroom_lag_messages{{{JOB}}}) > {BEHIND}",
        "2m",
        "The Watchroom worker <instance> is {{ $value | humanize }} messages behind.",
        "More comes than it counts, or the brokers are slow. The figures are late, not wrong.",
        keep="30s",
    ),
    PipelineAlert(
        "WatchroomCheckpointOld",
        "notice",
        # A checkpoint is written when something has come: an idle worker's may be old.
        f"watchroom_checkpoint_age_seconds{{{JOB}}} > {OLD_CHECKPOINT}\n"
        f"and on (instance) min by (instance) (watchroom_watermark_age_seconds{{{JOB}}}) < {FED}\n",
        "1m",
        "The Watchroom worker <instance> has saved nothing for {{ $value | humanizeDuration }}.",
        "Counting goes on and nothing is lost, but a restart would take long. Most often a disk "
        "is full.",
    ),
    PipelineAlert(
        "WatchroomAlertsFail",
        "page",
        # Watchroom notifies people of its own faults, unless notifying is what fails: so this is
        # only where it has not. A day back, since people were notified of one that was snoozed or
        # closed.
        f"sum by (instance) (increase(watchroom_alert_faults_total{{{JOB}}}[5m])) > 0\n"
        f"and on (instance) watchroom_ready{{{JOB}}} == 1\n"
        f"unless on (instance) max_over_time(watchroom_alert_open{{{JOB}, "
        f'kind="{KIND}", measure="faults"}}[1d])\n',
        "1m",
        "The Watchroom worker <instance> can't judge or send alerts, not even this one.",
        "Counting goes on and the board is right, but nothing that happens raises an alert.",
        keep="30s",
    ),
    PipelineAlert(
        "WatchroomTopicChanged",
        "page",
        _trouble("topic"),
        "1m",
        "The topic <subject> was deleted, made again or given more partitions.",
        "What is sent to it is not counted, or only in part. /readyz of <instance> says what is "
        "wrong with it and how to mend it.",
    ),
    PipelineAlert(
        "WatchroomLogGap",
        "page",
        _trouble("log_gap"),
        "1m",
        "The log lost messages of <subject> before they were counted.",
        "Figures of that time are too low until the source sends them again. /readyz of <instance> "
        "says of which time they are.",
    ),
    PipelineAlert(
        "WatchroomDiskFull",
        "page",
        _trouble("disk"),
        "1m",
        "The disk of the Watchroom worker <instance> is full or can't be written.",
        "Counting goes on, but nothing is saved: a restart would take long. What people do about "
        "alerts a worker keeps in Kafka; an embedded run has to refuse it.",
    ),
    PipelineAlert(
        "WatchroomTwoHolders",
        "page",
        # Longer than a take-over: the old holder notices within its session of 6 seconds.
        f"count by (force) (count by (force, instance) ({REPORTED}{{{JOB}}})) > 1",
        "1m",
        "{{ $value }} Watchroom workers report <force> at the same time.",
        "Two processes hold the same partitions: figures and alerts may be of either. Most often "
        "they are in different groups.",
    ),
    PipelineAlert(
        "WatchroomWrongPartition",
        "page",
        _trouble("wrong_partition"),
        "1m",
        "A producer sends lines to a wrong partition: they are not counted.",
        "It has another key or hash than Watchroom. /readyz of <instance> names the force and the "
        "setting; clients on librdkafka need partitioner=murmur2_random.",
    ),
    PipelineAlert(
        "WatchroomDeadLetters",
        "state",
        f"sum by (reason) (increase(watchroom_refused_lines_total{{{JOB}}}[1h])) > 0",
        "1m",
        "Lines were refused in the last hour: <reason>.",
        "They are kept as dead letters and can be sent again once the cause is mended.",
    ),
    PipelineAlert(
        "WatchroomManyDeadLetters",
        "notice",
        f"sum by (reason) (increase(watchroom_refused_lines_total{{{JOB}}}[15m])) > 100",
        "1m",
        "{{ $value | humanize }} lines were refused in 15 minutes: <reason>.",
        "So many at once mean that a source system or the force file has changed: figures are "
        "too low until it is mended.",
        keep="1m",
    ),
    PipelineAlert(
        "WatchroomUnknownValues",
        "state",
        # A category or an offence that the list lacks is `other` by design: every system has some.
        f"sum by (field) (increase(watchroom_unknown_values_total{{{JOB}, "
        'field!~"category|offence"}[1h])) > 0',
        "1m",
        "Records with an unknown <field> came in the last hour.",
        "They count in everything else: an unknown area under the force alone, so that its own "
        "figures are too low. Most often the force file lacks it.",
    ),
    PipelineAlert(
        "WatchroomNotificationsFail",
        "notice",
        "sum by (integration) (increase(alertmanager_notifications_failed_total[5m])) > 0",
        "1m",
        "Alertmanager could not deliver notifications by <integration>.",
        "Somebody may not have been notified. Look at the board, then at the receiver.",
    ),
    PipelineAlert(
        "WatchroomRulesFail",
        "notice",
        "sum(increase(prometheus_rule_evaluation_failures_total[5m])) > 0",
        "1m",
        "Prometheus could not evaluate a rule.",
        "An alert may be missing. Prometheus names the rule on its page of rules.",
    ),
)


def pipeline_rule(alert: PipelineAlert, links: Links) -> PrometheusRule:
    """The rule of one alert."""
    keep = {"keep_firing_for": alert.keep} if alert.keep else {}
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.wait,
        **keep,
        "labels": {"severity": alert.severity, "kind": KIND},
        "annotations": {
            "summary": template(alert.summary),
            "wallboard_url": links.board(),
            "description": template(alert.meaning),
            "runbook_url": links.runbook(alert.name),
            "dashboard_url": links.dashboard("pipeline"),
        },
    }


def watchdog_rule(links: Links) -> PrometheusRule:
    """An alert that always fires: who expects it learns from its absence that nobody watches."""
    return {
        "alert": "WatchroomWatchdog",
        "expr": "vector(1)",
        "labels": {"severity": "watchdog"},
        "annotations": {
            "summary": "Watchroom's alerting works.",
            "wallboard_url": links.board(),
            "description": "This always fires. When it no longer arrives, alerts don't either.",
            "runbook_url": links.runbook("WatchroomWatchdog"),
            "dashboard_url": links.dashboard("pipeline"),
        },
    }


def pipeline_file(links: Links) -> str:
    """The text of the file."""
    rules = [*(pipeline_rule(alert, links) for alert in PIPELINE), watchdog_rule(links)]
    head = "The health of Watchroom itself, and the dead man's switch."
    return written(head, [("watchroom-pipeline", rules)])
