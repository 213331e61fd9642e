"""Alertmanager's silences: who takes or snoozes an alert keeps it from being sent again.

With `ALERTMANAGER_URL` set, an alert that is acknowledged is silenced for a shift, and one that is
snoozed until its end, by the label `alert`, which is its id. Alertmanager keeps its silences;
one that it did not take, since it did not answer, is tried again three times and then logged.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading

import msgspec

from streams.alerts.model import Transition
from streams.errors import WatchroomError
from streams.outputs.monitor_client import MonitorClient
from streams.periods import HOUR, rfc3339, to_ms

log = logging.getLogger("watchroom.alerts")

VARIABLE = "ALERTMANAGER_URL"
CREATOR = "watchroom"
"""Who makes the silences of this module."""
SET_THERE = "set in Alertmanager"
"""Why an alert is snoozed that somebody silenced there (`silences_set_there`)."""
SHIFT = 12 * HOUR
SECONDS = 10.0
TRIES = 4


class Matcher(msgspec.Struct, frozen=True, rename="camel"):
    """A label that alerts must have to be silenced."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class SilenceRequest(msgspec.Struct, frozen=True, rename="camel"):
    """What Alertmanager's `/api/v2/silences` takes; times are RFC 3339."""

    matchers: tuple[Matcher, ...]
    starts_at: str
    ends_at: str
    created_by: str
    comment: str


def silence(transition: Transition) -> SilenceRequest | None:
    """What Alertmanager is asked for by a transition; None where nothing is."""
    alert = transition.alert
    if transition.what not in ("acknowledged", "handed_over", "snoozed") or not alert.log:
        return None
    if transition.what == "snoozed" and alert.snooze_reason == SET_THERE:
        return None  # it is there already
    start = to_ms(transition.at)
    end = start + SHIFT
    if transition.what == "snoozed" and alert.snoozed_until is not None:
        end = to_ms(alert.snoozed_until)
    # Alertmanager has no sign-in of its own: who it was stands at the alert, behind ours.
    return SilenceRequest(
        matchers=(Matcher("alert", alert.id),),
        starts_at=rfc3339(start),
        ends_at=rfc3339(end),
        created_by=CREATOR,
        comment=f"{alert.log[-1].what.replace('_', ' ')}; who and why: the alert on the wallboard",
    )


class Silencer:
    """Makes silences in a thread of its own, between `start` and `stop`."""

    def __init__(self, url: str, pause: float = 2.0) -> None:
        self.url, self.pause = url.rstrip("/"), pause
        self._queue: queue.SimpleQueue[SilenceRequest | None] = queue.SimpleQueue()
        """None ends the thread."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchroom-silences", daemon=True)

    def start(self) -> None:
        """Begins with what was asked for so far."""
        self._thread.start()

    def stop(self, seconds: float = SECONDS) -> None:
        """Ends once all that was asked for is made; what fails then is not tried again. Waits so
        long at most."""
        self._stop.set()
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout=seconds)

    @classmethod
    def of_environment(cls) -> Silencer | None:
        """For the Alertmanager of the environment, where one is named."""
        url = os.environ.get(VARIABLE)
        return cls(url) if url else None

    def notify(self, made: list[Transition]) -> None:
        """Has silences made for the transitions that ask for one."""
        for transition in made:
            wanted = silence(transition)
            if wanted is not None:
                self._queue.put(wanted)

    def _run(self) -> None:
        while (wanted := self._queue.get()) is not None:
            for tries in range(TRIES):
                try:
                    self.post(wanted)
                    break
                except (WatchroomError, ValueError, LookupError, TypeError) as error:
                    log.warning("Alertmanager did not take a silence: %s", error)
                    if self._stop.wait(self.pause * 2**tries):
                        break

    def post(self, wanted: SilenceRequest) -> str:
        """Makes a silence and returns its id; raises `NoAnswer`, `Declined` and, of an answer that
        is none of Alertmanager's, ValueError, LookupError or TypeError."""
        body = msgspec.to_builtins(wanted)
        answer = MonitorClient(self.url, SECONDS).ask("/api/v2/silences", body=body)
        return str(json.loads(answer)["silenceID"])
