"""Pipeline health: whether the figures can be relied on, and what the workers need."""

from __future__ import annotations

from dataclasses import replace

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.colours import ACT, FINE, NOTICE
from grafana.frame import add, frame
from grafana.panels import Face, NamedRange, Panel, PanelQuery, bars, lines, now, rows, states
from grafana.queries import FORCE, answering, latest, pick
from streams.live import BEHIND, OLD_CHECKPOINT, STALE_FEED


def dashboard() -> Dashboard:
    """The dashboard."""
    made = frame(
        "watchroom-pipeline",
        "Pipeline health",
        "Whether events arrive, are counted and are kept, and what the workers use.",
        [*variables.scraped(), variables.force()],
        since="now-3h",
    )
    add(made, "Workers", *_workers())
    add(made, "Arriving", *_arriving())
    add(made, "Watching", *_watching())
    add(made, "Kept", *_kept())
    add(made, "Processes", *_processes())
    return made


def _workers() -> list[Panel]:
    behind = f"sum({pick('watchroom_lag_messages')})"
    words = (NamedRange(0, "● Keeping up", FINE), NamedRange(BEHIND + 1, "▲ Behind", NOTICE))
    return [
        _of_each(
            Face("Scraped", "Whether Prometheus reaches each worker.", "none"),
            "up",
            (NamedRange(0, "▼ Down", ACT), NamedRange(1, "● Up", FINE)),
        ),
        _of_each(
            Face(
                "Ready",
                "A worker that is not ready shows no figures: it is still catching up.",
                "none",
            ),
            "watchroom_ready",
            (NamedRange(0, "▼ Catching up", ACT), NamedRange(1, "● Ready", FINE)),
        ),
        _of_each(
            Face("Time of the figures", "Live, or a replay of another time.", "none", width=4),
            "watchroom_replay",
            (NamedRange(0, "● Live", FINE), NamedRange(1, "▲ Replay", NOTICE)),
        ),
        now(
            Face(
                "Keeping up",
                f"Behind means that more than {BEHIND} messages are not counted yet.",
                "none",
                width=4,
                height=5,
                none="Reads no topic",
                words=words,
            ),
            PanelQuery(behind, "Keeping up"),
        ),
        rows(
            Face("Versions", "Which version each worker runs.", "none", width=4, height=5),
            PanelQuery(pick("watchroom_build_info"), ""),
            columns={"instance": "Instance", "version": "Version"},
        ),
        states(
            Face(
                "Why a worker was not ready",
                "Each reason that keeps the figures from being relied on, while it holds; /readyz "
                "of the worker says what to do.",
                "none",
                width=24,
                words=(NamedRange(0, "No", FINE), NamedRange(1, "▲ Not ready", NOTICE)),
            ),
            PanelQuery(f"max by (reason) ({pick('watchroom_unready')})", "{{reason}}"),
        ),
    ]


def _of_each(face: Face, metric: str, words: tuple[NamedRange, ...]) -> Panel:
    """What a figure of each worker means, in a word."""
    shown = replace(face, height=5, words=words, none="▼ None", none_is=ACT)
    return now(shown, PanelQuery(pick(metric), "{{instance}}"))


def _arriving() -> list[Panel]:
    refused = pick("watchroom_refused_lines_total")
    unknown = pick("watchroom_unknown_values_total")
    return [
        lines(
            Face(
                "Messages not yet counted",
                f"By topic, all partitions. The dashed line is {BEHIND}.",
                width=8,
                none="Reads no topic",
            ),
            PanelQuery(f"sum by (topic) ({pick('watchroom_lag_messages')})", "{{topic}}"),
            limit=BEHIND,
        ),
        lines(
            Face(
                "Lines refused",
                "Lines that became dead letters, a minute, by reason. "
                "See them with: watchroom deadletter list",
                "cpm",
                width=8,
                none="None was refused",
            ),
            PanelQuery(
                f"60 * sum by (kind, reason) (rate({refused}[$__rate_interval]))",
                "{{kind}}: {{reason}}",
            ),
        ),
        lines(
            Face(
                "Values that no list knows",
                "A minute, by kind and field: the record counts, but not under that value. What is "
                "known is listed by: watchroom force categories.",
                "cpm",
                width=8,
                none="There was none",
            ),
            PanelQuery(
                f"60 * sum by (kind, field) (rate({unknown}[$__rate_interval]))",
                "{{kind}}: {{field}}",
            ),
        ),
        lines(
            Face(
                "Since a feed was heard of",
                "From the latest event of each feed to the clock of the figures. "
                f"The dashed line is {STALE_FEED // 60} minutes.",
                "s",
                width=8,
            ),
            PanelQuery(latest("watchroom_watermark_age_seconds", FORCE), "{{feed}}"),
            limit=STALE_FEED,
        ),
        lines(
            Face(
                "Since the last heartbeat",
                "From the latest heartbeat of each feed. "
                f"The dashed line is {STALE_FEED // 60} minutes.",
                "s",
                width=8,
                none="No feed sends heartbeats",
            ),
            PanelQuery(latest("watchroom_heartbeat_age_seconds", FORCE), "{{feed}}"),
            limit=STALE_FEED,
        ),
        lines(
            Face(
                "Clock of the figures behind this moment",
                "Near zero when live; a replay stands where its events are.",
                "s",
                width=8,
            ),
            PanelQuery(f"time() - {latest('watchroom_clock_timestamp_seconds', FORCE)}", "Behind"),
        ),
    ]


def _watching() -> list[Panel]:
    detectors = pick("watchroom_detector_faults_total", FORCE)
    alerts = pick("watchroom_alert_faults_total")
    said = "Watchroom raises an alert of its own, and the log of the worker says why."
    return [
        lines(
            Face(
                "Detector faults",
                f"Times a minute that a detector failed, and a surge may raise no alert. {said}",
                "cpm",
                width=12,
                none="No detector watches",
            ),
            PanelQuery(f"60 * sum by (kind) (rate({detectors}[$__rate_interval]))", "{{kind}}"),
        ),
        lines(
            Face(
                "Alert faults",
                f"Times a minute that alerts could not be judged or passed on. {said}",
                "cpm",
                width=12,
                none="Raises no alerts",
            ),
            PanelQuery(f"60 * rate({alerts}[$__rate_interval])", "{{instance}}"),
        ),
    ]


def _kept() -> list[Panel]:
    left_out = f"sum({pick('watchroom_rows_left_out')}) or 0 * {answering()}"
    return [
        lines(
            Face(
                "Age of the checkpoint",
                f"After a crash, this much is counted anew. The dashed line is {OLD_CHECKPOINT} s.",
                "s",
                none="Keeps no checkpoint",
            ),
            PanelQuery(pick("watchroom_checkpoint_age_seconds"), "{{instance}}"),
            limit=OLD_CHECKPOINT,
        ),
        lines(
            Face(
                "Pause at the last assignment",
                "How long the last assignment of partitions kept a worker from counting.",
                "s",
                none="Was assigned no partitions",
            ),
            PanelQuery(pick("watchroom_stall_seconds"), "{{instance}}"),
        ),
        bars(
            Face("Records held", "Records within the horizon, by kind."),
            PanelQuery(f"sum by (kind) ({pick('watchroom_records')})", "{{kind}}"),
        ),
        now(
            Face(
                "Rows left out",
                "Rows that are not given to Prometheus, to bound the number of series.",
                words=(NamedRange(0, "● None", FINE), NamedRange(1, "", NOTICE)),
            ),
            PanelQuery(left_out, "Rows left out"),
        ),
    ]


def _processes() -> list[Panel]:
    cpu = pick("process_cpu_seconds_total")
    return [
        lines(
            Face("Processor", "Cores that each worker uses.", "percentunit", width=8),
            PanelQuery(f"rate({cpu}[$__rate_interval])", "{{instance}}"),
        ),
        lines(
            Face("Memory", "Memory that each worker holds.", "bytes", width=8),
            PanelQuery(pick("process_resident_memory_bytes"), "{{instance}}"),
        ),
        lines(
            Face("Time of a scrape", "How long Prometheus waits for the figures.", "s", width=8),
            PanelQuery(pick("scrape_duration_seconds"), "{{instance}}"),
        ),
    ]
