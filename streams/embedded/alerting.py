"""Alerts in a process without Kafka: the alert service, the database, the notifications, and a
thread that evaluates the present.

A replay keeps its alerts in memory unless a folder is named, and notifies nobody.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from streams.alerts.model import Alert, Handover, Transition
from streams.alerts.service import AlertService
from streams.embedded.alert_database import AlertDatabase, default_folder
from streams.embedded.disk_watch import DiskWatch
from streams.errors import CheckpointError, NotStored
from streams.live import Live
from streams.outputs.notify.notifier import Notifier
from streams.outputs.notify.receivers import Receiver, channels_for, links, receivers
from streams.outputs.public_url import public_url
from streams.sources.clock import wall_clock
from streams.state.sqlite import closed_on_error

if TYPE_CHECKING:
    from streams.outputs.alertmanager.silences import Silencer
    from streams.outputs.alertmanager.silences_set_there import SilencesSetThere

log = logging.getLogger("watchroom.alerts")

EVERY = 2.0
"""Seconds between two evaluations of the present."""
DISK, DAMAGED = "disk", "damaged:alerts"
"""The keys of `Health.troubles` under which it stands that the alerts can't be stored, and that the
store was damaged."""


class EvaluationThread:
    """A thread that has an alert service evaluate the present, again and again."""

    def __init__(
        self,
        service: AlertService,
        every: float = EVERY,
        beside: Callable[[], None] = lambda: None,
    ) -> None:
        self.service, self.every, self.beside = service, every, beside
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchroom-alerts", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the evaluation that is going on."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(self.every):
            try:
                self.service.tick()
                self.beside()
            except Exception:  # the next one may do better
                log.exception("the alerts could not be judged")


class NoDatabase:
    """Stands for a database that can't be had (`streams.alerts.service.Keeper`)."""

    at_once = True

    def check(self, force: str) -> None:
        """Raises `NotStored`."""
        raise NotStored(
            "this can't be stored, so it is not done: no folder for alerts could be had when this "
            "monitor started. Start it again with --state and a folder of its own"
        )

    def keep(self, fact: Transition | Handover) -> bool:
        """Nothing comes so far."""
        return False


class Alerting:
    """Everything about alerts in this process; use it with `with`."""

    def __init__(
        self,
        live: Live,
        folder: Path | None = None,
        receivers_: Sequence[Receiver] = (),
        link: str | None = None,
        silencer: Silencer | None = None,
        every: float = EVERY,
    ) -> None:
        self.service = AlertService(live)
        self.receivers = tuple(receivers_)
        self.database = None if folder is None else AlertDatabase(folder)
        self.notifier: Notifier | None = None
        self._disk = None if folder is None else DiskWatch(live.health, folder)
        self._unsaved: list[Transition] = []
        self._live, self._links = live, links(self.receivers)
        self._thread = EvaluationThread(self.service, every, self._look_at_store)
        if self.database is not None:
            with closed_on_error(self.database):
                self.service.restore(self.database.load())
            self.service.subscribe(self._keep)
            self.service.keeper = self.database
            self.database.channels_for = self._channels_for
            with closed_on_error(self.database):
                self._hand_on(self.database)
            if self.receivers:
                self.notifier = Notifier(
                    self.database,
                    self.receivers,
                    link,
                    health=live.health,
                    forces=live.monitor.forces,
                )
        self._silences: SilencesSetThere | None = None
        self._silencer = silencer
        if silencer is not None:
            from streams.outputs.alertmanager.silences_set_there import SilencesSetThere  # noqa: PLC0415  slow

            self.service.subscribe(silencer.notify)
            self._silences = SilencesSetThere(self.service, silencer.url)
        for shard in live.monitor.shards:
            self.service.attach(shard)
        live.alerts = self.service

    def _keep(self, made: list[Transition]) -> None:
        database = self.database
        if database is None:
            return
        self._unsaved += made
        try:
            database.append(self._unsaved, self._channels_for, wall_clock())
        except sqlite3.Error as error:
            self._note(
                DISK,
                f"the alerts can't be kept in {database.path}: {error}. Make room on its disk, and "
                "look whether it is there and may be written",
            )
            return
        self._unsaved = []
        self._note(DISK)
        if self.notifier is not None:
            self.notifier.wake()

    def _channels_for(self, alert: Alert, before: Collection[str]) -> list[str]:
        """The names of the channels that are sent a message about an alert."""
        return channels_for(alert, self._links, before)

    def _hand_on(self, database: AlertDatabase) -> None:
        """Hands on what waits for addresses that there are no more, and says so. Where no receiver
        is named at all it waits on: the settings may have been forgotten this time."""
        if not self._links:
            if waiting := database.waiting():
                log.warning("%d messages wait, and no receiver is named", waiting)
            return
        forces = self._live.monitor.forces
        try:
            found = database.hand_on(self._links, forces, self._channels_for, wall_clock())
        except sqlite3.Error as error:  # they wait until the next start
            log.warning("messages to addresses of before could not be handed on: %s", error)
            return
        for name, (moved, given_up) in found.items():
            log.warning(
                "%s is no receiver any more: of the messages that waited for it %d were handed on "
                "to the receivers of now, and %d given up", name, moved, given_up,
            )  # fmt: skip

    def _look_at_store(self) -> None:
        """Tries again to store what could not be stored, and says what of the store is damaged, for
        as long as the damaged file lies there."""
        with self._live.lock:  # as where alerts change
            if self._unsaved:
                self._keep([])
        if self.database is not None and (aside := self.database.set_aside) is not None:
            self._note(DAMAGED, self.database.damage if aside.exists() else "")

    def _note(self, key: str, words: str = "") -> None:
        """Notes a trouble, or that there is none any more."""
        health = self._live.health
        before = health.troubles.get(key, "")
        if words and words.partition(". ")[0] != before.partition(". ")[0]:
            log.error("not ready: %s", words)
        if words != before:
            health.note((key.partition(":")[0],), {key: words} if words else {})

    def __enter__(self) -> Alerting:
        """Begins to evaluate, and to send."""
        self._look_at_store()
        self._thread.start()
        if self._disk is not None:
            self._disk.start()
        if self._silencer is not None:
            self._silencer.start()
        if self._silences is not None:
            self._silences.start()
        if self.notifier is not None:
            self.notifier.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends; what was not sent is kept for the next time."""
        self._thread.stop()
        if self._silencer is not None:
            self._silencer.stop()
        if self._silences is not None:
            self._silences.stop()
        if self._disk is not None:
            self._disk.stop()
        if self.notifier is not None:
            self.notifier.stop()
        if self.database is not None:
            self.database.close()


def _silencer() -> Silencer | None:
    from streams.outputs.alertmanager.silences import Silencer  # noqa: PLC0415  slow to import, and no replay needs it

    return Silencer.of_environment()


def alerting(live: Live, named: Path | None, link: str | None = None, *, replay: bool) -> Alerting:
    """The alerts of an embedded monitor: a live one keeps them in `named`, or in the user's state
    folder where that can be had, and notifies the receivers of the environment and of the forces'
    files."""
    sent_to = [] if replay else receivers(live.monitor.forces.values())
    link = link or public_url()
    silencer = None if replay else _silencer()
    if named is not None or replay:
        return Alerting(live, named, sent_to, link, silencer)
    try:
        return Alerting(live, default_folder(), sent_to, link, silencer)
    except CheckpointError as error:
        if sent_to:
            raise
        log.warning("%s. Alerts are kept in memory only, and nothing can be done about them", error)
        made = Alerting(live, silencer=silencer)
        made.service.keeper = NoDatabase()
        return made
