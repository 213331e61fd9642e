"""What the detectors say of a force, over all kinds of record: the board's part `surveillance`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from sys import maxsize
from typing import TYPE_CHECKING, NamedTuple

from detectors.silence import duration_in_words
from streams.board.model import RefusedLines, SurveillanceView, WatchSummary
from streams.board.monitor import Monitor
from streams.config.force import Force
from streams.events.refusals import FeedKey, RefusedFeed
from streams.fold.heartbeats import KIND_OF, LEAST_PATIENCE, Heartbeats, interval_of
from streams.periods import DAY, HOUR, SECOND, Calendar, rfc3339
from streams.registry.phrases import why_refused
from streams.registry.registry import REGISTRY
from streams.surveillance.last_signs import heard_at
from streams.surveillance.signals import Signal
from streams.surveillance.silence import (
    Feed,
    beats_due,
    enough,
    of_heartbeats,
    of_records,
    of_refused,
    records_due,
)

if TYPE_CHECKING:  # slow to import
    from streams.surveillance.service import Surveillance

log = logging.getLogger("watchroom.surveillance")


Reads = Callable[[str], bool]
"""Whether a kind of record, or `heartbeat.<feed>`, is read up to now: else a silence may be the
reader's own."""


class NextSilence(NamedTuple):
    """Of a kind of record: up to when the last judgement of its silence holds (ms), when it was
    last heard, and the signal where it is silent."""

    due: int
    heard: int
    signal: Signal | None


Known = dict[str, NextSilence]
HOURLY = {name for name, kind in REGISTRY.kinds.items() if kind.hourly}
"""Kinds that are watched by the hour: a silence of them is judged while it lasts."""


def surveyed(monitor: Monitor, force_id: str, at: int, current: Reads) -> SurveillanceView:
    """The latest signals as of `at`, the running hour, silent feeds, and how much is watched."""
    force = monitor.forces[force_id]
    latest: list[Signal] = []
    running: list[Signal] = []
    summaries: dict[str, WatchSummary] = {}
    for shard in monitor.shards:
        watching = shard.surveillance.get(force_id)
        if watching is not None:
            latest += watching.latest(at)
            running += watching.running(at)
            summaries[shard.kind] = watching.summary()
    silent, delays = silences(monitor, force_id, at, current)
    latest.sort(key=lambda signal: (-signal.end, signal.rate, signal.series))
    return SurveillanceView(
        watches=sum(each.watches for each in summaries.values()),
        learning=sum(each.learning for each in summaries.values()),
        first_year=sum(each.first_year for each in summaries.values()),
        ready=sum(each.ready for each in summaries.values()),
        faults=sum(each.faults for each in summaries.values()),
        signals=latest,
        running=running,
        silent=silent,
        delays=delays,
        refused=[_row(each, force) for each in monitor.refused_feeds(force_id)],
        kinds=summaries,
    )


def silences(
    monitor: Monitor,
    force_id: str,
    at: int,
    current: Reads,
    *,
    ahead: bool = True,
    refusals: bool = True,
) -> tuple[list[Signal], list[str]]:
    """The feeds that are silent or of which every line is refused, and for the others how soon
    silence will be noticed; what lies `ahead` takes longest to tell. Without `refusals`, as in a
    replay, lines that are refused are passed over: when they were received is no event time."""
    seen = _seen(monitor, force_id, at, current, ahead=ahead, refusals=refusals)
    seen.refused_alone()
    return seen.found, seen.delays


def next_silence(
    monitor: Monitor, force_id: str, at: int, current: Reads, known: Known
) -> tuple[frozenset[str], int]:
    """The feeds that are silent at an instant, and until when no other can be. `known` is that by
    kind of record, kept from one call to the next: nothing that comes makes it earlier."""
    soonest = _soonest(monitor, force_id, at, known)
    if soonest > at:
        return frozenset(), soonest
    seen = _seen(monitor, force_id, at, current, ahead=False, known=known)
    names = frozenset(signal.measure for signal in seen.found)
    return names, min((due for due in seen.due if due > at), default=at + DAY)


def _soonest(monitor: Monitor, force_id: str, at: int, known: Known) -> int:
    """The instant, in ms, before which no feed can turn silent; cheap, mostly from the latest
    heartbeats."""
    if any(each.signal is not None for each in known.values()):
        return 0
    found = [each.due for each in known.values()]
    for shard in monitor.shards:
        fold = shard.folds.get(force_id)
        if isinstance(fold, Heartbeats):
            found += [beat + round(LEAST_PATIENCE) * SECOND for beat in fold.missed(at).values()]
        elif shard.surveillance and shard.kind in HOURLY and shard.kind not in known:
            return 0
    return min(found, default=0)


def _seen(
    monitor: Monitor,
    force_id: str,
    at: int,
    current: Reads,
    *,
    ahead: bool,
    known: Known | None = None,
    refusals: bool = True,
) -> _Seen:
    force = monitor.forces[force_id]
    seen = _Seen(force, Calendar(force.zone), at, monitor, current, ahead=ahead, known=known)
    if not refusals:
        seen.refused = {}
    for shard in monitor.shards:
        fold = shard.folds.get(force_id)
        if isinstance(fold, Heartbeats):
            for feed in fold.missed(at):
                seen.by_beats(fold, feed)
    for shard in monitor.shards:
        watching = shard.surveillance.get(force_id)
        if {shard.kind, REGISTRY.plain_name(shard.kind)} & seen.beating:
            seen.speaks_for(shard.kind)
        elif watching is not None:
            seen.by_records(shard.kind, watching)
    return seen


class _Seen:
    """The feeds of a force, as they are judged one after the other."""

    def __init__(
        self,
        force: Force,
        calendar: Calendar,
        at: int,
        monitor: Monitor,
        current: Reads,
        *,
        ahead: bool,
        known: Known | None,
    ) -> None:
        self.force, self.calendar, self.at = force, calendar, at
        self.monitor, self.current = monitor, current
        self.refused = {r.key: r for r in monitor.refused_feeds(force.id) if r.lasts(at)}
        self.beating: set[str] = set()
        self.found: list[Signal] = []
        self.delays: list[str] = []
        self.due: list[int] = []
        """When they are silent if nothing more comes."""
        self._ahead, self._known = ahead, known
        self._spoken: set[str] = set()

    def by_beats(self, fold: Heartbeats, feed: str) -> None:
        """A feed with heartbeats; new records of its kind are signs of life as well."""
        self.beating.add(feed)
        beat, kind = fold.latest[feed], KIND_OF.get(feed)
        heard = heard_at(self.monitor, fold, feed)
        about = Feed(self.force, self.calendar, feed, heard, record=heard > beat)
        interval = interval_of(self.force, fold, feed)
        signal, words = of_heartbeats(about, interval, self.at)
        # The next beats may come closer together, and then less is waited for.
        soonest = self.at + round(LEAST_PATIENCE) * SECOND
        self.due.append(min(beats_due(about, interval), soonest))
        known = self.current(f"heartbeat.{feed}") and (kind is None or self.current(kind))
        self._take(about, signal, words, kind or feed, known=known)

    def by_records(self, kind: str, watching: Surveillance) -> None:
        """A feed without heartbeats, by the records that it should bring."""
        heard = watching.ledger.watermark
        about = Feed(self.force, self.calendar, kind, heard)
        signal, words = self._of_records(about, watching)
        self._take(about, signal, words, kind, known=self.current(kind))

    def speaks_for(self, kind: str) -> None:
        """Records of a kind are not looked for: its feed has heartbeats."""
        if self._known is not None:
            self._known[kind] = NextSilence(maxsize, 0, None)

    def _take(
        self, about: Feed, signal: Signal | None, words: str, kind: str, *, known: bool
    ) -> None:
        if signal is None:
            self.delays += [words] if words else []
            return
        for key in (FeedKey(self.force.id, "heartbeat", about.name), FeedKey(self.force.id, kind)):
            refused = self.refused.get(key)
            if refused is not None and refused.last > about.heard:
                signal = of_refused(about, refused, self.at)
                self._spoken.add(kind)
                break
        self.found += [signal] if known else []

    def _of_records(self, about: Feed, watching: Surveillance) -> tuple[Signal | None, str]:
        if about.name not in HOURLY or not about.heard:
            return None, ""
        try:
            if self._known is not None:
                return self._newly_silent(about, watching, self._known)
            about = _at_its_rate(about, watching)
            return of_records(about, watching.forecaster(), self.at, ahead=self._ahead)
        except Exception as error:  # noqa: BLE001 - the board is shown without it
            log.warning("silence of %s could not be judged: %r", about.name, error)
            return None, ""

    def _newly_silent(
        self, about: Feed, watching: Surveillance, known: Known
    ) -> tuple[Signal | None, str]:
        """The same, where it may be silent: not before it is due."""
        found = known.get(about.name, NextSilence(0, 0, None))
        again = found.signal is not None and found.heard != about.heard
        if found.due <= self.at and not watching.expects:
            known[about.name] = found = NextSilence(self.at + HOUR, about.heard, None)
        elif found.due <= self.at or again:
            about, forecast = _at_its_rate(about, watching), watching.forecaster()
            signal, _ = of_records(about, forecast, self.at, ahead=False)
            due = self.at + DAY
            if signal is None:
                due = records_due(about, forecast, self.at)
                if about.recent_rate < 1.0:  # which may be faster again after the next record
                    soon = about._replace(heard=self.at, recent_rate=1.0)
                    due = min(due, records_due(soon, forecast, self.at))
            known[about.name] = found = NextSilence(due, about.heard, signal)
        self.due.append(found.due)
        return found.signal, ""

    def refused_alone(self) -> None:
        """The feeds that are not silent, or of which nothing was ever taken, and every line of
        which has been refused for some time."""
        for key, refused in self.refused.items():
            kind = KIND_OF.get(key.feed, key.feed) or key.kind
            if kind not in self._spoken and (key.feed or key.kind in HOURLY) and enough(refused):
                self._spoken.add(kind)
                start = min(refused.first, self.at)
                about = Feed(self.force, self.calendar, key.feed or key.kind, start)
                self.found += [of_refused(about, refused, self.at)]


def _at_its_rate(about: Feed, watching: Surveillance) -> Feed:
    """A feed with how fast it came until it was last heard."""
    return about._replace(recent_rate=watching.recent_rate(about.heard))


def _row(refused: RefusedFeed, force: Force) -> RefusedLines:
    ahead = refused.steadily_ahead
    return RefusedLines(
        kind=refused.key.kind,
        feed=refused.key.feed or None,
        lines=refused.lines,
        reason=refused.reason,
        words=why_refused(refused.reason, None if ahead is None else duration_in_words(ahead)),
        since=rfc3339(refused.first, force.zone),
        last=rfc3339(refused.last, force.zone),
    )
