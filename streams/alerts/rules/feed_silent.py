"""A feed that is silent, or of which every line is refused; and one that was not heard for a while.

Whether it is silent is judged by `streams.surveillance.silence`, which words it too. Here that
becomes an alert: one page while it lasts, and a notice once a stretch proves missing of which
nobody was notified while it lasted. Feeds that are not known (`streams.fold.heartbeats.is_known`)
page nobody: whoever may send heartbeats could invent a hundred. They are one notice together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streams.alerts.context import RECORDS
from streams.alerts.model import Alert, Evidence, ms_of, stamp
from streams.alerts.rules.base import AlertKind, Finding, InstantRule, TableRow
from streams.config.force import Force
from streams.fold.heartbeats import MISSED_NO_MORE, is_known
from streams.periods import DAY, MINUTE, Calendar, to_ms
from streams.registry.phrases import REFUSED, moment
from streams.registry.registry import REGISTRY
from streams.surveillance.signals import Signal

KIND = "feed_silent"
FEEDS = {REGISTRY.feeds[kind]: kind for kind in RECORDS}
"""The kind of record that a feed with heartbeats brings, by the feed's name."""

UNKNOWN = "unknown"
"""What stands for the name of a feed where several are meant that are not known."""
NAMED = 3
"""Names of unknown feeds that an alert gives."""
SETTLE = 2 * MINUTE
"""How long a feed must not have been silent before its alert is over, in ms."""


def silent_feeds(force: Force, signals: Iterable[Signal]) -> list[Finding]:
    """What surveillance says of feeds that are silent."""
    silent = [signal for signal in signals if signal.method == "silence"]
    unknown = [signal for signal in silent if not is_known(force, signal.measure)]
    return [
        *(
            _finding(
                signal,
                force,
                signal.row.get("feed", signal.measure),
                severity="page",
                row=signal.row,
                since=_since(signal),
                evidence=Evidence(
                    observed=signal.observed,
                    expected=signal.expected,
                    probability=signal.probability,
                    method="silence",
                ),
                settle=SETTLE,
            )
            for signal in silent
            if signal not in unknown
        ),
        *([_unknown(force, unknown)] if unknown else []),
    ]


def _since(signal: Signal) -> int:
    return signal.start if signal.onset is None else signal.onset


def _unknown(force: Force, signals: list[Signal]) -> Finding:
    """The silent feeds that are not known, together; the first `NAMED` by name."""
    names = sorted(signal.measure for signal in signals)
    shown = ", ".join(f'"{name}"' for name in names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    who = "A feed that nobody knows is"
    if len(names) > 1:
        who = f"{len(names)} feeds that nobody knows are"
    return Finding(
        kind=KIND,
        records="heartbeat",
        severity="notice",
        group="feeds",
        measure=UNKNOWN,
        title=f"Unknown feeds, {force.name}",
        since=min(map(_since, signals)),
        said=(
            f"{who} silent: {shown}{more}.",
            f"What [feeds] does not name is forgotten after {MISSED_NO_MORE // DAY} days.",
        ),
        evidence=Evidence(observed=0, method="silence"),
        settle=SETTLE,
    )


def not_heard(force: Force, signal: Signal) -> Finding:
    """A stretch in which a feed was not heard, once it is over."""
    return _finding(
        signal,
        force,
        signal.kind,
        severity="notice",
        area=signal.area,
        since=signal.start,
        evidence=Evidence(
            observed=0,
            method="silence",
            start=stamp(signal.start, force.zone),
            end=stamp(signal.end, force.zone),
        ),
    )


def _finding(signal: Signal, force: Force, feed: str, **fields: Any) -> Finding:
    return Finding(
        kind=KIND,
        records=signal.kind,
        group=signal.group,
        measure=signal.measure,
        title=f"Feed of {REGISTRY.plain_name(feed).lower()}, {force.name}",
        said=(signal.words,),
        **fields,
    )


def was_reported(alert: Alert, signal: Signal) -> bool:
    """Whether an alert reported a stretch in which a feed was not heard, while it lasted. One that
    is open says that the feed is unsteady, and at most one of a feed is."""
    if alert.kind != KIND or signal.kind not in (alert.measure, FEEDS.get(alert.measure)):
        return False
    opened, resolved = to_ms(alert.opened_at), ms_of(alert.resolved_at)
    # The last calls that were under way may still end after the alert has been opened.
    meanwhile = opened <= signal.end and resolved is not None and signal.start < resolved
    began = signal.start < opened and (ms_of(alert.onset) or 0) <= signal.end
    return alert.open or meanwhile or began


def ended(force: Force, alert: Alert, until: int, now: int) -> tuple[str, ...]:
    """The sentences of a feed's alert once it is over: from when to when it was silent, in ms.
    Those of other alerts, and of lines that were refused, stay as they are."""
    since = ms_of(alert.onset)
    if not is_of_known(alert) or not alert.said or since is None or until <= since:
        return alert.said
    feed, _, silence = alert.said[0].partition(": ")
    if silence.startswith(REFUSED):
        return alert.said
    begun, heard = (moment(Calendar(force.zone), each, now) for each in (since, until))
    return (f"{feed}: silent from {begun} to {heard}.",)


def out_of_date(finding: Finding) -> str:
    """The kind of record that a silent feed leaves out of date; empty where it is none."""
    if finding.kind != KIND:
        return ""
    if finding.records != "heartbeat":
        return finding.records
    return FEEDS.get(finding.row.get("feed", finding.measure), "")


def is_of_known(alert: Alert) -> bool:
    """Whether an alert is about one feed that is known: others are forgotten, and so it ends."""
    return alert.kind == KIND and alert.measure != UNKNOWN


def read_from(alert: Alert) -> frozenset[str]:
    """The kinds of record, and `heartbeat.<feed>`, of whose reading an alert about a feed is."""
    return frozenset((alert.measure, FEEDS.get(alert.measure, ""), f"heartbeat.{alert.measure}"))


def records_of(feed: str) -> str:
    """The kind of record that a feed speaks for; the name of a feed that speaks for none."""
    return FEEDS.get(feed, feed)


class FeedSilentRule(InstantRule):
    """Takes over what surveillance found."""

    any_minute = False

    def judge(self, at: int) -> Iterable[Finding]:
        """The feeds that are silent."""
        return silent_feeds(self.force, self.context.silent)


FEED_SILENT = AlertKind(
    name=KIND,
    runbook="WatchroomFeedSilent",
    summary="A source system sends nothing",
    meaning="A source system sends nothing. Its figures stand still: do not trust a quiet board.",
    dashboard="pipeline",
    table=(
        TableRow(
            "nothing came of a feed where something should have, or every line of it is refused "
            "([how soon](#silent-feeds))",
            "page",
            f"{SETTLE // MINUTE} minutes have passed since it came back",
            "Feed incidents, Warwickshire: no heartbeat for 5 minutes.",
            "with heartbeats none; without, each silence is chance once in 100,000",
        ),
        TableRow(
            "feeds with heartbeats are silent that the force's file does not name, all together",
            "notice",
            f"{SETTLE // MINUTE} minutes have passed since all came back, or "
            f"{MISSED_NO_MORE // DAY} days since the last heartbeat of them",
            '2 feeds that nobody knows are silent: "telephony", "web". What [feeds] does not name '
            "is forgotten after 7 days.",
        ),
    ),
    judged="instant",
    rules=(FeedSilentRule,),
)
