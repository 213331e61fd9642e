"""Silences that somebody made in Alertmanager, shown on the board as what they are: a snooze.

A silence that selects exactly one open alert, by its id (the label `alert`), keeps it from being
sent as a snooze does, so the board says so, with its end. Silences of more than one alert, and
those that Watchroom made itself, are passed over. Alertmanager asks nobody to sign in, so who made
it is not believed: the log of the alert says that it was set there.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading

import msgspec

from streams.alerts.actions import LONGEST_SNOOZE
from streams.alerts.model import Alert, ms_of
from streams.alerts.rules import kind_named
from streams.alerts.service import AlertService
from streams.errors import ActionError, NotStored, WatchroomError
from streams.outputs.alertmanager.silences import CREATOR, SECONDS, SET_THERE, Matcher
from streams.outputs.monitor_client import MonitorClient
from streams.periods import SECOND, to_ms

log = logging.getLogger("watchroom.alerts")

EVERY = 10.0
"""Seconds between two looks at Alertmanager's silences."""
WHO = "Alertmanager"


class SilenceStatus(msgspec.Struct, frozen=True):
    """Whether a silence holds."""

    state: str


class AlertmanagerSilence(msgspec.Struct, frozen=True, rename="camel"):
    """A silence as Alertmanager's `/api/v2/silences` gives it."""

    matchers: tuple[Matcher, ...]
    ends_at: dt.datetime
    created_by: str
    status: SilenceStatus

    @property
    def end(self) -> int:
        """In ms since 1970. Alertmanager's times are UTC, said or not."""
        ends = self.ends_at
        return to_ms(ends if ends.tzinfo is not None else ends.replace(tzinfo=dt.UTC))


_decode = msgspec.json.Decoder(tuple[AlertmanagerSilence, ...]).decode


def labels(alert: Alert) -> dict[str, str]:
    """The labels of an alert in Alertmanager."""
    kind = kind_named(alert.kind)
    return {
        "alertname": "" if kind is None else kind.runbook,
        "force": alert.force,
        "kind": alert.kind,
        "severity": alert.severity,
        "area": alert.area,
        "measure": alert.measure,
        "alert": alert.id,
        "origin": "" if alert.origin is msgspec.UNSET else alert.origin,
    }


def silences_one(silence: AlertmanagerSilence, alert: Alert) -> bool:
    """Whether a silence selects just this alert: by its id, and by nothing that it has not. Labels
    that Prometheus adds to all of its alerts are not known here, and may be named."""
    if any(each.is_regex or not each.is_equal for each in silence.matchers):
        return False
    known, wanted = labels(alert), {each.name: each.value for each in silence.matchers}
    same = all(known.get(name, value) == value for name, value in wanted.items())
    return same and wanted.get("alert") == alert.id


class SilencesSetThere:
    """Looks at Alertmanager's silences in a thread of its own."""

    def __init__(self, service: AlertService, url: str, every: float = EVERY) -> None:
        self.service, self.url, self.every = service, url.rstrip("/"), every
        self._stop = threading.Event()
        self._answered = True
        self._refused = set[str]()
        """Ids of alerts that could not be snoozed."""
        self._thread = threading.Thread(target=self._run, name="watchroom-silenced", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, seconds: float = SECONDS) -> None:
        """Ends after the look that is going on; waits so long at most."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=seconds)

    def _run(self) -> None:
        while not self._stop.wait(self.every):
            try:
                self.take_in()
                self._answered = True
            except (WatchroomError, ValueError, msgspec.MsgspecError) as error:
                if self._answered:  # once, and not at every look
                    log.warning("Alertmanager's silences can't be read: %s", error)
                self._answered = False
            except Exception:  # the next look may do better
                log.exception("Alertmanager's silences could not be taken in")

    def take_in(self) -> None:
        """Takes in the silences of now; raises `NoAnswer`, `Declined`, ValueError where the address
        is none, and `msgspec.MsgspecError` of what is none of its answers."""
        live = self.service.live
        if live.health.replay or not live.health.held:
            return
        found = [
            each
            for each in _decode(MonitorClient(self.url, SECONDS).ask("/api/v2/silences"))
            if each.status.state == "active" and each.created_by != CREATOR
        ]
        at = live.clock()
        for force in live.forces():
            for alert in self.service.history(force, state="open"):
                ends = [each.end for each in found if silences_one(each, alert)]
                until = self._until(alert, max(ends, default=None), at)
                if until is not None:
                    self._snooze(alert, until, at)

    def _snooze(self, alert: Alert, until: int, at: int) -> None:
        """Snoozes an alert; one that takes no more keeps none of the others from it."""
        try:
            self.service.act(alert.id, "snooze", at, WHO, until=until, reason=SET_THERE)
        except (ActionError, NotStored) as error:
            if alert.id not in self._refused:  # once, and not at every look
                log.warning("%s is not snoozed as in Alertmanager: %s", alert.id, error)
            self._refused.add(alert.id)
        else:
            self._refused.discard(alert.id)

    @staticmethod
    def _until(alert: Alert, end: int | None, at: int) -> int | None:
        """Until when an alert is to be snoozed, in ms; None where it is as it should be."""
        held = ms_of(alert.snoozed_until)
        if held is not None and alert.snooze_reason != SET_THERE:
            return None  # somebody snoozed it here
        if end is None or end <= at:  # there is none, or no more: its end, as any snooze has one
            return None if held is None or held <= at + SECOND else at + SECOND
        wanted = min(end, at + LONGEST_SNOOZE)
        if held is not None and (
            held == wanted or (wanted < end and held - at > LONGEST_SNOOZE // 2)
        ):
            return None
        return wanted
