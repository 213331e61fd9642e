"""A feed that is silent, or of which every line is refused; and one that was not heard for a while.

Whether it is silent is judged by `streams.surveillance.silence`, which words it too. Here that
becomes a finding, and so one page while it lasts, of all feeds that may have fallen silent at one
moment (`streams.alerts.evaluation.feeds`); and a notice once a stretch proves missing of which
nobody was notified while it lasted. Feeds that are not known (`streams.fold.heartbeats.is_known`)
page nobody: whoever may send heartbeats could invent a hundred. They are one notice together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import UNSET

from streams.alerts.context import RECORDS
from streams.alerts.model import Alert, Evidence, SilentFeed, ms_of, stamp
from streams.alerts.rules.base import AlertKind, Finding, InstantRule, TableRow
from streams.config.force import Force
from streams.fold.heartbeats import MISSED_NO_MORE, PRESUMED, is_known
from streams.periods import DAY, MINUTE, SECOND, Calendar, to_ms
from streams.registry.phrases import REFUSED, enumerated, moment, moments
from streams.registry.registry import REGISTRY
from streams.surveillance.last_signs import LastSign
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
NAMED_TOGETHER = 5
"""Names of known feeds that the words of one alert give."""
AT_MOST_DUE = 3.0
"""Records that are expected of a feed between its last one and the moment at which its sender falls
silent: more are, by chance, once in twenty times (the exponential of -3)."""
URGENT = {"call": "callers", "incident": "emergencies"}
"""What cannot wait of what a feed reports, by its kind of record."""
NO_SIGNS: Mapping[str, LastSign] = {}


def silent_feeds(
    force: Force, signals: Iterable[Signal], at: int = 0, signs: Mapping[str, LastSign] = NO_SIGNS
) -> list[Finding]:
    """What surveillance says of feeds that are silent; and, by the last signs of life of the others
    with heartbeats at an instant (`at`, in ms), which of them have missed a beat. These open no
    alert, and are named where one opens."""
    silent = [signal for signal in signals if signal.method == "silence"]
    unknown = [signal for signal in silent if not is_known(force, signal.measure)]
    names = {signal.measure for signal in silent}
    return [
        *(
            _late(force, feed, sign)
            for feed, sign in signs.items()
            if feed not in names and is_known(force, feed) and _has_missed(sign, at)
        ),
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
                due=_due(signal, signs),
            )
            for signal in silent
            if signal not in unknown
        ),
        *([_unknown(force, unknown)] if unknown else []),
    ]


def _since(signal: Signal) -> int:
    return signal.start if signal.onset is None else signal.onset


def _due(signal: Signal, signs: Mapping[str, LastSign]) -> int:
    """When the next sign of life of a silent feed was due at the latest, in ms: the next heartbeat,
    or, of a feed without any, the record that hardly ever takes longer."""
    since, sign = _since(signal), signs.get(signal.measure)
    if sign is not None:
        return max(since, sign.due)
    if signal.expected:
        return since + round((signal.end - since) * min(1.0, AT_MOST_DUE / signal.expected))
    return since + round(PRESUMED * SECOND)


def _has_missed(sign: LastSign, at: int) -> bool:
    """Whether a heartbeat is missing at an instant; a little jitter is none."""
    return at > sign.due + round(max(10.0, sign.interval / 10.0) * SECOND)


def _late(force: Force, feed: str, sign: LastSign) -> Finding:
    return Finding(
        kind=KIND,
        severity="page",
        records=FEEDS.get(feed, "heartbeat"),
        group="feeds",
        measure=feed,
        title=title((feed,), force),
        since=sign.heard,
        due=sign.due,
        said=(),
        settle=SETTLE,
        opens=False,
    )


def title(feeds: Sequence[str], force: Force) -> str:
    """`Feed of calls, Warwickshire`; of several `Feeds of calls and incidents, Warwickshire`."""
    return f"Feed{'s' if len(feeds) > 1 else ''} of {names_of(feeds)}, {force.name}"


def names_of(feeds: Sequence[str]) -> str:
    """`calls, crimes and incidents`; of many feeds the first few, and how many more."""
    names = sorted(map(_plain, feeds))
    if len(names) > NAMED_TOGETHER:
        names = [*names[:NAMED_TOGETHER], f"{len(names) - NAMED_TOGETHER} more"]
    return enumerated(names)


def _plain(feed: str) -> str:
    return REGISTRY.plain_name(feed).lower()


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
        title=title((feed,), force),
        said=(signal.words,),
        **fields,
    )


# -- the feeds of an alert ---------------------------------------------------------------------


def feeds_of(alert: Alert) -> tuple[SilentFeed, ...]:
    """The feeds of an alert; none where it is not about known ones."""
    if alert.feeds is not UNSET:
        return alert.feeds
    if alert.kind != KIND or alert.measure == UNKNOWN:
        return ()
    began = alert.opened_at if alert.onset is None else alert.onset  # an alert of before
    due, heard = (
        began + dt.timedelta(seconds=PRESUMED),
        alert.resolved_at if alert.cleared else None,
    )
    return (SilentFeed(feed=alert.measure, since=began, due=due, heard=heard),)


def still_silent(alert: Alert) -> tuple[SilentFeed, ...]:
    """Those of its feeds that have not been heard again."""
    return tuple(each for each in feeds_of(alert) if each.heard is None)


def in_words(
    force: Force, feeds: Sequence[SilentFeed], found: Sequence[Finding], now: int
) -> tuple[str, ...]:
    """The sentences of an alert that goes on: which feeds are silent, by what is found of them, and
    when the others were heard again."""
    silent = [each.feed for each in feeds if each.heard is None]
    words = {each.measure: each.said[0] for each in found if each.said}
    back = _back(force, [each for each in feeds if each.heard is not None], now)
    whys = {feed: why for feed in silent if (why := _why_refused(words.get(feed, "")))}
    by_rate = any(
        each.said and each.measure in silent and each.records != "heartbeat" for each in found
    )
    if len(silent) == 1 and (whys or by_rate):  # by the rate: its words say what was expected
        return (words[silent[0]], *back)
    name = _heading(silent, force)
    if whys and len(whys) == len(silent) and len(set(whys.values())) == 1:
        return (f"{name}: {REFUSED}{whys[silent[0]]}.", "None of their lines is counted.", *back)
    refused = [f"Lines of {_plain(feed)} are refused: {why}." for feed, why in whys.items()]
    what = "nothing is counted" if refused else "silent"
    (_, since), *later = _by_since(force, [each for each in feeds if each.heard is None], now)
    begun = f"{name}: {what} since {since}{_later(later, 'since')}."
    one = () if len(silent) == 1 else ("One sender may be down.",)
    return (begun, *_unwatched(silent), *back, *refused, *one)


def _by_since(force: Force, feeds: Sequence[SilentFeed], now: int) -> list[tuple[list[str], str]]:
    """The names of feeds that were last heard in the same minute, and that minute; the earliest
    first."""
    by_time: dict[str, list[str]] = {}
    for each in sorted(feeds, key=lambda each: (to_ms(each.since), each.feed)):
        at = moment(Calendar(force.zone), to_ms(each.since), now)
        by_time.setdefault(at, []).append(each.feed)
    return [(names, at) for at, names in by_time.items()]


def joined(force: Force, feeds: Sequence[SilentFeed], now: int) -> str:
    """`calls and crimes silent too since 23:05`: what an alert notes of feeds that join it."""
    (names, at), *later = _by_since(force, feeds, now)
    return f"{names_of(names)} silent too since {at}{_later(later, 'since')}"


def is_urgent(feed: str) -> bool:
    """Whether a feed reports what cannot wait: calls or incidents."""
    return records_of(feed) in URGENT


def _later(groups: Sequence[tuple[list[str], str]], word: str) -> str:
    return "".join(f", {names_of(names)} {word} {at}" for names, at in groups)


def _unwatched(feeds: Sequence[str]) -> tuple[str, ...]:
    """What is not watched while feeds are silent, of what cannot wait."""
    urgent = [what for kind, what in URGENT.items() if kind in map(records_of, feeds)]
    if not urgent:
        return ()
    said = enumerated(urgent)
    return (f"{said[0].upper()}{said[1:]} are not watched.",)


def _heading(feeds: Sequence[str], force: Force) -> str:
    return f"Feed{'s' if len(feeds) > 1 else ''} {names_of(feeds)}, {force.name}"


def _back(force: Force, feeds: Sequence[SilentFeed], now: int) -> tuple[str, ...]:
    """`Back: calls and crimes at 23:05, incidents at 23:10.`; nothing where none is."""
    by_time: dict[str, list[str]] = {}
    for each in sorted(feeds, key=lambda each: (ms_of(each.heard) or 0, each.feed)):
        at = moment(Calendar(force.zone), ms_of(each.heard) or now, now)
        by_time.setdefault(at, []).append(each.feed)
    said = ", ".join(f"{names_of(names)} at {at}" for at, names in by_time.items())
    return (f"Back: {said}.",) if said else ()


def _why_refused(sentences: str) -> str:
    """Why every line of a feed is refused, by its words; empty where none is."""
    said = sentences.partition(": ")[2]
    return said.removeprefix(REFUSED).partition(". ")[0] if said.startswith(REFUSED) else ""


def ended(force: Force, alert: Alert, feeds: Sequence[SilentFeed], now: int) -> tuple[str, ...]:
    """The sentences of an alert once all of its feeds are heard again: from when to when they were
    silent, and which came back before the last. Those of lines that were refused stay as they
    are."""
    begun = min(to_ms(each.since) for each in feeds)
    heard = max(ms_of(each.heard) or now for each in feeds)
    if not alert.said or heard <= begun:
        return alert.said
    name, _, silence = alert.said[0].partition(": ")
    if silence.startswith(REFUSED):
        return alert.said
    if len(feeds) > 1:
        name = _heading([each.feed for each in feeds], force)
    calendar = Calendar(force.zone)
    since, until = moments(calendar, begun, heard, now)
    _, *later = _by_since(force, feeds, now)
    silent = f"{name}: silent from {since} to {until}{_later(later, 'from')}."
    last = moment(calendar, heard, now)
    sooner = [each for each in feeds if moment(calendar, ms_of(each.heard) or now, now) != last]
    return (silent, *_back(force, sooner, now))


def was_reported(alert: Alert, signal: Signal) -> bool:
    """Whether an alert reported a stretch in which a feed was not heard, while it lasted. One that
    is open says that the feed is unsteady, and at most one of a feed is."""
    opened = to_ms(alert.opened_at)
    for each in feeds_of(alert):
        if signal.kind not in (each.feed, FEEDS.get(each.feed)):
            continue
        heard = ms_of(alert.resolved_at) if each.heard is None else ms_of(each.heard)
        # The last calls that were under way may still end after the alert has been opened.
        meanwhile = opened <= signal.end and heard is not None and signal.start < heard
        began = signal.start < opened and to_ms(each.since) <= signal.end
        if alert.open or meanwhile or began:
            return True
    return False


def out_of_date(finding: Finding) -> str:
    """The kind of record that a silent feed leaves out of date; empty where it is none."""
    if finding.kind != KIND or not finding.opens:
        return ""
    if finding.records != "heartbeat":
        return finding.records
    return FEEDS.get(finding.row.get("feed", finding.measure), "")


def is_of_known(alert: Alert) -> bool:
    """Whether an alert is about feeds that are known: others are forgotten, and so it ends."""
    return alert.kind == KIND and alert.measure != UNKNOWN


def read_from(feed: str) -> frozenset[str]:
    """The kinds of record, and `heartbeat.<feed>`, of whose reading the silence of a feed is."""
    return frozenset((feed, FEEDS.get(feed, ""), f"heartbeat.{feed}"))


def is_held_back(alert: Alert, held_back: frozenset[str]) -> bool:
    """Whether none of the feeds that an alert says to be silent is read up to now."""
    feeds = [each.feed for each in still_silent(alert)] or [alert.measure]
    return all(not read_from(feed).isdisjoint(held_back) for feed in feeds)


def records_of(feed: str) -> str:
    """The kind of record that a feed speaks for; the name of a feed that speaks for none."""
    return FEEDS.get(feed, feed)


class FeedSilentRule(InstantRule):
    """Takes over what surveillance found."""

    any_minute = False

    def judge(self, at: int) -> Iterable[Finding]:
        """The feeds that are silent."""
        return silent_feeds(self.force, self.context.silent, at, self.context.signs)


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
            "Feed incidents, Warwickshire: silent since 03:00. Emergencies are not watched.",
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
