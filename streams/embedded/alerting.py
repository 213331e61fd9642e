"""Alerts in a process without Kafka: the books, their store, the notifications, and a thread that
looks at how things stand now.

A replay keeps its alerts in memory unless a folder is named, and tells nobody.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from streams.alerts.model import Transition
from streams.alerts.service import AlertService
from streams.embedded.alert_database import AlertDatabase, default_folder
from streams.errors import CheckpointError
from streams.live import Live, wall_clock
from streams.outputs.notify import LINK_VARIABLE, Channel, Notifier, channels
from streams.outputs.silences import Silencer
from streams.state.sqlite import closed_on_error

log = logging.getLogger("watchroom.alerts")

EVERY = 2.0
"""Seconds between two looks."""


class EvaluationThread:
    """A thread that has a desk look at how things stand now, again and again."""

    def __init__(self, service: AlertService, every: float = EVERY) -> None:
        self.service, self.every = service, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchroom-alerts", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the look that is going on."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(self.every):
            try:
                self.service.tick()
            except Exception:  # the next look may do better
                log.exception("the alerts could not be judged")


class Alerting:
    """Everything about alerts in this process; use it with `with`."""

    def __init__(
        self,
        live: Live,
        folder: Path | None = None,
        channels_: Sequence[Channel] = (),
        link: str | None = None,
        silencer: Silencer | None = None,
        every: float = EVERY,
    ) -> None:
        self.service = AlertService(live)
        self.channels = tuple(channels_)
        self.store = None if folder is None else AlertDatabase(folder)
        self.notifier: Notifier | None = None
        self._unsaved: list[Transition] = []
        self._thread = EvaluationThread(self.service, every)
        if self.store is not None:
            with closed_on_error(self.store):
                self.service.restore(self.store.load())
            self.service.listeners.append(self._keep)
            self.service.keepers.append(self.store.keep)
            if self.channels:
                self.notifier = Notifier(self.store, self.channels, link)
        if silencer is not None:
            self.service.listeners.append(silencer.notify)
        for shard in live.monitor.shards:
            self.service.attach(shard)
        live.alerts = self.service

    def _keep(self, made: list[Transition]) -> None:
        store = self.store
        if store is None:
            return
        self._unsaved += made
        folds = [(channel.name, channel.severities) for channel in self.channels]
        try:
            store.append(self._unsaved, folds, wall_clock())
        except sqlite3.Error as error:
            log.error("%s: %s; it is tried again with the next alert", store.path, error)
            return
        self._unsaved = []
        if self.notifier is not None:
            self.notifier.wake()

    def __enter__(self) -> Alerting:
        """Begins to look, and to send."""
        self._thread.start()
        if self.notifier is not None:
            self.notifier.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends; what was not sent is kept for the next time."""
        self._thread.stop()
        if self.notifier is not None:
            self.notifier.stop()
        if self.store is not None:
            self.store.close()


def alerting(live: Live, named: Path | None, *, replay: bool) -> Alerting:
    """The alerts of an embedded monitor: a live one keeps them in `named`, or in the user's state
    folder where that can be had, and tells the channels of the environment."""
    told = [] if replay else channels()
    link = os.environ.get(LINK_VARIABLE)
    silencer = None if replay else Silencer.of_environment()
    if named is not None or replay:
        return Alerting(live, named, told, link, silencer)
    try:
        return Alerting(live, default_folder(), told, link, silencer)
    except CheckpointError as error:
        if told:
            raise
        log.warning("%s. Alerts are kept in memory only", error)
        return Alerting(live, silencer=silencer)
