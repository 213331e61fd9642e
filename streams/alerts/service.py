"""The alert service of a process: between the monitor, the alerts of its forces, and the outputs.

Signals are evaluated as each period closes, in event time, so that a replay makes the alerts that
would have been made then; findings at each instant at which something is due
(`streams.alerts.instants`); and both at the present whenever `tick` is called. Nobody is notified
of anything while a monitor replays or catches up, nor of a kind of record that is not read up to
now (`streams.board.freshness`). All of it happens under the lock of the `Live`.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from detectors import special
from streams.alerts.actions import Request, hand_room_over
from streams.alerts.context import PipelineHealth, RuleContext
from streams.alerts.evaluation import evaluate
from streams.alerts.feedback import gives_feedback
from streams.alerts.instants import Instants, SilentFeeds
from streams.alerts.lookup import MonitorLookup
from streams.alerts.model import Alert, AlertsView, Handover, Transition, shift
from streams.alerts.rules import KINDS, daily, feed_silent, names_of
from streams.alerts.rules.base import Finding
from streams.alerts.rules.ruleset import RuleSet
from streams.alerts.store import AlertStore
from streams.board.monitor import Shard
from streams.config.force import Force
from streams.errors import NoAlert, NotStored
from streams.events.origin import NotLive, not_live
from streams.fold.ledger import Closing, EventClock, Ledger
from streams.live import CLOCK, Live, LostReceiver
from streams.periods import DAY, HOUR, MINUTE
from streams.surveillance.feedback import ExcludedStretch
from streams.surveillance.signals import Signal

if TYPE_CHECKING:  # slow to import
    from streams.surveillance.service import Surveillance
    from streams.surveillance.view import NextSilence

log = logging.getLogger("watchroom.alerts")

Subscriber = Callable[[list[Transition]], None]
"""Is given transitions once they are in the store; called under the lock, so it must be quick."""
_FRESH = {"hour": 3 * HOUR, "day": 2 * DAY, "month": 33 * DAY}
"""How long ago the period of a signal may have ended for people to be notified of it, or for it to
be evaluated after a restart. Older ones are history, as when a backlog is read; in ms, by grain."""

INSTANT, MINUTE_TOO = names_of("instant"), names_of("instant", "minute")
"""The kinds of alert that are judged at any instant, and at full minutes."""
PROCESS = names_of("process")
MOST_AT_ONCE = 5 * MINUTE
"""A live process that has evaluated nothing for longer evaluates the present only; in ms."""
UNSTEADY = 300.0
"""Seconds for which the clock must have been set again and again, so that somebody is notified."""
STALLED, TURNS = 10.0, 2
"""After more than so many seconds between two ticks this process, and so its reading, has stood
still; it then lets so many ticks pass before it evaluates anything."""


TRIES = 5
"""How often what a person does is decided anew, because the alert changed while it was stored."""


class Keeper(Protocol):
    """Stores what people do, before it is done."""

    at_once: bool
    """Whether that takes no longer than a disk does: then nothing else is decided meanwhile."""

    def check(self, force: str) -> None:
        """Raises `NotStored` where nothing can be stored now about the alerts of a force."""

    def keep(self, fact: Transition | Handover) -> bool:
        """Returns once it is stored so that no crash and no power cut takes it back; raises
        `NotStored`. False where another has had the alerts since: it has to be decided anew."""


class AlertService:
    """The alerts of the forces that a `Live` has; implements `streams.live.AlertProvider`."""

    def __init__(self, live: Live) -> None:
        special.load()  # now, and not while someone waits for an alert
        self.live = live
        self.stores: dict[str, AlertStore] = {}
        self.rules: dict[str, RuleSet] = {}
        self.subscribers: list[Subscriber] = []
        self.keeper: Keeper | None = None
        """Stores what people do; None where it is held in memory, as in a replay."""
        self.faults = 0
        """Times that alerts could not be judged or passed on."""
        self._faults_known: dict[str, int] = {}
        self._fault_at: dict[str, int] = {}
        self._attached: weakref.WeakSet[Shard] = weakref.WeakSet()
        self._behind_since: int | None = None
        self._left: float | None = None
        self._turns = TURNS
        self._held_back_then: dict[str, frozenset[str]] = {}
        self._instants: dict[str, Instants] = {}
        self._silences: dict[str, dict[str, NextSilence]] = {}
        self._clocks: dict[str, EventClock] = {}
        self._now = 0
        """The instant of the last tick, in ms."""
        for force in live.monitor.forces.values():
            self._begin(force)

    def _begin(self, force: Force) -> None:
        """An empty store for a force, its rules, and its instants."""
        store = self.stores[force.id] = AlertStore(force)
        store.origin_of = partial(self._origin_of, force.id)
        context = RuleContext(force, store.alerts.values)
        clock = context.clock = EventClock(partial(self._evaluate_until, force))
        rules = self.rules[force.id] = RuleSet(context, KINDS)
        self._clocks[force.id] = clock
        self._instants[force.id] = Instants(
            self.live.monitor,
            rules,
            store,
            partial(self._silence, force),
            partial(self._evaluate_at, force),
        )

    def _origin_of(self, force: str, kind: str) -> NotLive | None:
        """What the records of a kind are, if not live; of a kind that is none, all of the force."""
        found = self.live.monitor.origins(force)
        every: Counter[str] = Counter()
        for by_origin in [found[kind]] if kind in found else found.values():
            every.update(by_origin)
        return not_live(every)

    # -- what is evaluated ---------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber) -> None:
        """Gives a subscriber all transitions from now on."""
        self.subscribers.append(subscriber)

    def attach(self, shard: Shard) -> None:
        """Subscribes to the closing periods of a shard; does nothing the second time."""
        if shard in self._attached:
            return
        self._attached.add(shard)
        for force_id, fold in shard.folds.items():
            fold.clock = self._clocks[force_id]
            fold.clock.due = 0
        for force_id, ledger in shard.ledgers().items():
            watching = shard.surveillance.get(force_id)
            if watching is not None:  # its faults of before a restart are no news
                known = self._faults_known.get(force_id, 0)
                self._faults_known[force_id] = known + watching.faults
            self._subscribe(self.stores[force_id].force, ledger, watching)

    def detach(self, shard: Shard) -> None:
        """Forgets a shard that is gone. With the calls of a force its alerts go elsewhere too."""
        self._attached.discard(shard)
        if shard.kind == "call":
            for force in shard.forces:
                self._begin(force)
                for other in self._attached:
                    if force.id in other.folds:
                        other.folds[force.id].clock = self._clocks[force.id]

    def _subscribe(self, force: Force, ledger: Ledger, watching: Surveillance | None) -> None:
        pending: list[Signal] = []
        before = ledger.on_close

        def closed(closing: Closing) -> Iterator[None]:
            if before is not None:
                yield from before(closing) or ()
            signals = pending.copy()
            pending.clear()
            self._closed(force, ledger, signals, closing)

        ledger.on_close = closed
        if watching is not None:
            earlier = watching.on_signals

            def on_signals(signals: list[Signal]) -> None:
                if earlier is not None:
                    earlier(signals)
                pending.extend(signals)

            watching.on_signals = on_signals
            watching.feed_back(self.stores[force.id].feedback())
            fresh = [
                s
                for s in watching.latest(ledger.watermark)
                if s.notify and ledger.watermark - s.end <= _FRESH[s.grain]
            ]
            if fresh and self._is_new(force, fresh):
                lately = self.live.clock() - fresh[0].end <= _FRESH[fresh[0].grain]
                self._evaluate(force, fresh, [], ledger.watermark, (), fresh=lately)

    def _is_new(self, force: Force, signals: list[Signal]) -> bool:
        """Whether no alert has changed since those signals were made."""
        held = self.stores[force.id].alerts.values()
        latest = max((a.updated_at.timestamp() * 1000 for a in held), default=0)
        return max(s.end for s in signals) > latest

    def _closed(
        self, force: Force, ledger: Ledger, signals: list[Signal], closing: Closing
    ) -> None:
        store, health = self.stores[force.id], self.live.health
        if not signals and not store.active and not store.notification_due and health.replay:
            return  # as most hours of history: nothing opens, ends or waits
        findings: list[Finding] = []
        judged: tuple[str, ...] = ()
        if (
            closing.period.grain == "day"
            and not health.replay
            and health.state not in ("live", "unwell")
        ):
            # While a backlog is read no instants are evaluated, but what is judged by the day is.
            records = ledger.kind.name
            findings = self.rules[force.id].of_day(self.live.monitor, records, closing.period.end)
            judged = daily(records)
        # Quarters and years close too; there are no signals of them.
        newest = _FRESH.get(closing.period.grain, 0)
        fresh = self.live.clock() - closing.period.end <= newest
        fresh = fresh and self.live.reaches(force.id, ledger.kind.name, closing.watermark)
        self._evaluate(force, signals, findings, closing.watermark, judged, fresh=fresh)

    def _evaluate(
        self,
        force: Force,
        signals: Iterable[Signal],
        findings: Iterable[Finding],
        at: int,
        judged: Iterable[str],
        *,
        fresh: bool = True,
    ) -> bool:
        """Evaluates, and passes the transitions on; returns whether that was possible."""
        health = self.live.health
        live = health.follows or health.state in ("live", "unwell")
        lookup = MonitorLookup(self.live.monitor, force, self.rules[force.id].context)
        try:
            made = evaluate(
                self.stores[force.id],
                signals,
                findings,
                at,
                lookup,
                judged=judged,
                notify=fresh and live and health.held and not health.replay,
                held_back=self._held_back(force),
            )
        except Exception:  # a fault of ours must not stop the counting
            self.faults += 1
            log.exception("%s: the alerts could not be judged", force.id)
            return False
        self._alerts_changed(force.id)
        self._pass_on(made)
        return True

    def _alerts_changed(self, force: str) -> None:
        """Something may be due before what was."""
        instants, clock = self._instants[force], self._clocks[force]
        instants.evaluated()
        clock.due = min(clock.due, instants.next_change)

    def _pass_on(self, made: list[Transition]) -> None:
        self._feed_back({each.alert.force for each in made if gives_feedback(each.alert)})
        for subscriber in self.subscribers if made else ():
            try:
                subscriber(made)
            except Exception:  # the others must be given them, and the counting goes on
                self.faults += 1
                log.exception("transitions of alerts could not be passed on")

    def _feed_back(self, forces: Iterable[str]) -> None:
        """Gives the detectors the feedback of people (`streams.surveillance.feedback`)."""
        for force in forces:
            found = self.stores[force].feedback()
            for shard in self.live.monitor.shards:
                if (watching := shard.surveillance.get(force)) is not None:
                    watching.feed_back(found)

    def _held_back(self, force: Force) -> frozenset[str]:
        """The kinds of record, and `heartbeat.<feed>`, that are not read up to now, and the feeds
        of open alerts of which nothing has come here yet, as after a restore into new topics:
        whether those are silent is not known. A replay at full speed evaluates periods as they
        close, so there nothing is held back."""
        live = self.live
        if live.health.replay:
            return frozenset()
        kinds = live.current.kinds(force.id)
        held_back = {kind for kind in kinds if not live.is_current(force.id, kind)}
        store = self.stores[force.id]
        for alert in map(store.alerts.__getitem__, store.active.values()):
            for each in feed_silent.still_silent(alert):
                if feed_silent.read_from(each.feed).isdisjoint(kinds):
                    held_back.add(f"heartbeat.{each.feed}")
        return frozenset(held_back)

    def tick(self) -> None:
        """Evaluates the present; to be called every few seconds."""
        now = time.monotonic()
        stalled = self._left is not None and now - self._left > STALLED
        self._turns = 0 if stalled else self._turns + 1
        try:
            self._tick()
        finally:
            self._left = time.monotonic()

    def _tick(self) -> None:
        live = self.live
        with live.lock:
            live.observe()
            at, health = live.monitor.now, live.health
            self._note_set_back(at)
            for shard in live.monitor.shards:
                self.attach(shard)
            behind = health.state == "behind" and not health.replay and not health.follows
            self._behind_since = min(self._behind_since or at, at) if behind else None
            judging = health.held and health.state in ("live", "unwell", "behind")
            if not judging or (health.replay and not health.ready):
                return
            for force_id in live.forces():
                if live.monitor.ledger("call", force_id) is not None:
                    force = self.stores[force_id].force
                    settled = health.replay or (not behind and self._turns >= TURNS)
                    self._evaluate_due(force, at, settled=settled)
                    unwell = self.rules[force_id].of_process(self._pipeline(force, at), at)
                    self._evaluate(force, [], unwell, at, PROCESS)

    def _note_set_back(self, now: int) -> None:
        """Where the clock was set back, what was judged by it holds for no longer than usual."""
        if self._now - now > MINUTE:
            for force, store in self.stores.items():
                store.set_back(now)
                self._instants[force].at = None
        self._now = now

    def _evaluate_due(self, force: Force, at: int, *, settled: bool) -> None:
        """Evaluates the instants that are due up to now; or the present only, if nothing was
        evaluated of late, or if a kind of record is read up to now from this tick on."""
        instants, held_back = self._instants[force.id], self._held_back(force)
        before = self._held_back_then.get(force.id, frozenset())
        self._held_back_then[force.id] = held_back
        if not settled:
            instants.at = None
            return
        if self.live.health.replay:  # which begins with its first record
            if instants.at is not None:
                self._evaluate_until(force, at)
            return
        if instants.at is not None and at - instants.at <= MOST_AT_ONCE:
            self._evaluate_until(force, at)
            if not before - held_back:
                return
        self._evaluate_at(force, at, True)
        self._silences.pop(force.id, None)
        instants.begin(at)
        self._clocks[force.id].due = 0

    def _evaluate_until(self, force: Force, until: int) -> None:
        """Evaluates the instants before one, as a record of that instant is about to be counted.
        A live process evaluates no instants of the future, and none of the past."""
        instants, clock = self._instants[force.id], self._clocks[force.id]
        replay = self.live.health.replay
        clock.due = until + MINUTE
        if not replay:
            until = min(until, self.live.clock())
        if not replay and (instants.at is None or until - instants.at > MOST_AT_ONCE):
            return  # the next tick evaluates the present
        try:
            if instants.at is None:
                self._silences.pop(force.id, None)
                instants.begin((until - 1) // MINUTE * MINUTE)
            clock.due = instants.evaluate_until(until, self._held_back(force), always=not replay)
        except Exception:  # a fault of ours must not stop the counting, nor go unnoticed
            self.faults += 1
            log.exception("%s: nobody could be notified of what was due", force.id)

    def _silence(self, force: Force, at: int, held_back: frozenset[str]) -> SilentFeeds:
        from streams.surveillance.view import next_silence  # noqa: PLC0415  slow to import

        known = self._silences.setdefault(force.id, {})
        monitor = self.live.monitor
        return SilentFeeds(
            *next_silence(monitor, force.id, at, lambda kind: kind not in held_back, known)
        )

    def _evaluate_at(self, force: Force, at: int, full: bool) -> None:
        """Evaluates an instant; at full minutes (`full`) answer rates and running hours, too."""
        try:
            self._evaluate_now(force, at, full)
        except Exception:  # a fault of ours must not stop the counting, nor go unnoticed
            self.faults += 1
            log.exception("%s: nobody could be notified of how things stand", force.id)

    def _evaluate_now(self, force: Force, at: int, full: bool) -> None:
        from streams.surveillance.view import silences  # noqa: PLC0415  slow to import, and loaded by then

        live, held_back = self.live, self._held_back(force)
        running: list[Signal] = []
        # In a replay an hour is judged as it closes, so that any pace gives the same alerts.
        if full and not live.health.replay:
            for shard in live.monitor.shards:
                watching = shard.surveillance.get(force.id)
                if watching is not None and shard.kind not in held_back:
                    running += watching.running(at)
        silent, _ = silences(
            live.monitor,
            force.id,
            at,
            lambda kind: kind not in held_back,
            ahead=False,
            refusals=not live.health.replay,
        )
        findings = self.rules[force.id].evaluate(live.monitor, at, silent, held_back, full=full)
        self._evaluate(force, running, findings, at, MINUTE_TOO if full else INSTANT)

    def _pipeline(self, force: Force, at: int) -> PipelineHealth:
        health = self.live.health
        since = self._behind_since
        watching = [shard.surveillance.get(force.id) for shard in self.live.monitor.shards]
        faults = self.faults + sum(one.faults for one in watching if one is not None)
        if faults > self._faults_known.get(force.id, 0):
            self._fault_at[force.id] = at
        self._faults_known[force.id] = faults
        last, troubles = self._fault_at.get(force.id), dict(health.troubles)
        if self.live.clock_unsteady < UNSTEADY:
            troubles.pop(CLOCK, None)  # one step is over in a minute: nobody has to do anything
        return PipelineHealth(
            0.0 if since is None else (at - since) / 1000,
            health.detail,
            health.checkpoint_age,
            faults,
            None if last is None else (at - last) / 1000,
            troubles,
            self._lost_receivers(force.id),
        )

    def _lost_receivers(self, force: str) -> dict[str, LostReceiver]:
        """The links that are dead, and of which the alert is this force's. One that serves several
        forces is one alert, of the first of them."""
        held = self.live.forces()
        first = next(iter(held), None)
        return {
            name: lost
            for name, lost in self.live.health.lost_receivers.items()
            if next((each for each in held if each in lost.forces), first) == force
        }

    # -- what the outputs read -----------------------------------------------------------------

    def restore(self, stored: Iterable[Transition | Handover]) -> None:
        """Applies what was stored; no subscriber is given it."""
        with self.live.lock:
            for each in stored:
                if isinstance(each, Handover):
                    if (store := self.stores.get(each.force)) is not None:
                        store.apply_handover(each)
                elif (store := self.stores.get(each.alert.force)) is not None:
                    store.apply(each)
            for force in self._instants:
                self._alerts_changed(force)
            self._feed_back(self.stores)

    def begin(
        self,
        forces: Iterable[str],
        generation: int,
        stored: Iterable[Transition | Handover],
        *,
        anew: bool,
    ) -> None:
        """Applies what was stored; what is made from now on of the alerts of these forces is of
        this generation. With `anew` they were another's since: what is known is forgotten."""
        with self.live.lock:
            for force in forces:
                if anew:
                    self.stores[force].forget()
                self.stores[force].generation = generation
            self.restore(stored)

    def to_store(self, force: str) -> list[Transition | Handover]:
        """All that is known of the alerts of a force, as `restore` takes it."""
        with self.live.lock:
            return self.stores[force].to_store()

    def view(self, force: str, at: int) -> AlertsView:
        """The alerts of the board."""
        with self.live.lock:
            return self.stores[force].view(at)

    def history(
        self, force: str, since: int | None = None, state: str | None = None
    ) -> list[Alert]:
        """The alerts of a force, newest first; see `AlertStore.history`."""
        with self.live.lock:
            return self.stores[force].history(since, state)

    def act(self, alert: str, action: Any, at: int, who: str, **details: Any) -> Alert | Handover:
        """Does what a person asks about an alert, or the room, once it is stored for good; raises
        `ActionError`, `NoAlert`, and `NotStored`: then it is not done. Nobody is notified
        before."""
        force, keeper = alert.partition("/")[0], self.keeper
        if force not in self.stores:
            raise NoAlert(f'there is no alert "{alert}"')
        asked = Request(action=action, who=who, **details)
        if keeper is not None:
            keeper.check(force)
        with self.live.lock if keeper is not None and keeper.at_once else nullcontext():
            for _ in range(TRIES):
                with self.live.lock:
                    fact = self._decide(force, alert, asked, at)
                if keeper is not None and not keeper.keep(fact):
                    continue
                with self.live.lock:
                    if self._done(force, fact):
                        return fact if isinstance(fact, Handover) else fact.alert
        raise NotStored("the alert changes again and again. It is not done: try again")

    def _decide(self, force: str, alert: str, asked: Request, at: int) -> Transition | Handover:
        store = self.stores[force]
        if alert == shift(force):
            return hand_room_over(store.force, store.history(state="open"), asked, at)
        return store.decide(alert, asked, at)

    def _done(self, force: str, fact: Transition | Handover) -> bool:
        """Applies what is stored by now; False where the alert has changed meanwhile, so that it
        has to be decided anew."""
        store = self.stores[force]
        if isinstance(fact, Handover):
            store.apply_handover(fact)
            return True
        store.apply(fact)
        if store.alerts[fact.alert.id] != fact.alert:
            return False
        self._alerts_changed(force)
        self._pass_on([fact])
        return True

    def excluded(self, force: str) -> list[ExcludedStretch]:
        """Stretches that are not to be learned from; see `AlertStore.excluded`."""
        with self.live.lock:
            return self.stores[force].excluded()
