"""Sends the notifications that wait.

Every channel is served in order: what can't be sent now is tried again, after 2, 4, 8 seconds and
so on to 5 minutes, and holds back what comes after it. After `PATIENCE` it is given up.

A link that is dead is one thing that is wrong, however often it is tried and however many receivers
share its address: at the `DEAD`th try that fails, it is noted with the health of the process, which
raises one alert on the board and for the other links; the next message that is sent ends it. How
often the first message that waits was tried is stored, so a restart neither forgets nor repeats
that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from streams.alerts.model import Transition
from streams.live import Health, LostReceiver
from streams.outputs.notify.channels import Channel
from streams.outputs.notify.message import message
from streams.outputs.notify.receivers import Receiver, links
from streams.periods import DAY, MINUTE, SECOND, to_ms
from streams.sources.clock import wall_clock

log = logging.getLogger("watchroom.notify")

FIRST_PAUSE, LONGEST_PAUSE = 2 * SECOND, 5 * MINUTE
PATIENCE = 3 * DAY
"""After so long a message that could not be sent is given up; in ms."""
DEAD = 4
"""After so many tries of a message, in about 14 seconds, its link is taken to be dead."""


STOP_SECONDS = 12.0
"""For which messages that are being sent are waited for at the end."""


class Delivery(NamedTuple):
    """A transition on its way. `again` says that an earlier try may have arrived."""

    number: int
    transition: Transition
    tries: int
    again: bool


class DeliveryQueue(Protocol):
    """Where deliveries wait, safe over a crash."""

    def next(self, channel: str, now: int) -> Delivery | None:
        """The first open delivery of a channel, if its time has come; marks it as being sent."""

    def tried(self, channel: str) -> int:
        """How often the first open delivery of a channel was tried; 0 where none waits."""

    def sent(self, number: int) -> None:
        """Marks a delivery as sent."""

    def later(self, number: int, due: int) -> None:
        """Has a delivery tried again at `due`, in ms."""

    def give_up(self, number: int) -> None:
        """Drops a delivery; it is not tried again."""


class Notifier:
    """Sends the notifications that wait, each channel in a thread of its own: one that is slow, or
    hangs, keeps nothing from the others."""

    def __init__(
        self,
        queue: DeliveryQueue,
        receivers: Sequence[Receiver],
        public_url: str | None = None,
        clock: Callable[[], int] = wall_clock,
        health: Health | None = None,
        forces: Iterable[str] = (),
    ) -> None:
        self.queue, self.public_url, self.clock = queue, public_url, clock
        self.links = links(receivers)
        self.channels = {name: each.channel for name, each in self.links.items()}
        self._forces = tuple(forces)
        self._health = Health() if health is None else health
        self._health_lock = threading.Lock()
        self._stopping = threading.Event()
        self._wakes = {name: threading.Event() for name in self.channels}
        self._threads = [
            threading.Thread(
                target=self._run, args=(channel,), name=f"watchroom-notify-{name}", daemon=True
            )
            for name, channel in self.channels.items()
        ]
        for name in self.channels:
            if queue.tried(name) >= DEAD:
                self._note_dead(name)

    def start(self) -> None:
        """Begins with what an earlier process left."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Something new waits."""
        for wake in self._wakes.values():
            wake.set()

    def stop(self) -> None:
        """Ends after the messages that are being sent, for which it waits `STOP_SECONDS` at most;
        what waits is kept."""
        self._stopping.set()
        self.wake()
        until = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def _run(self, channel: Channel) -> None:
        wake = self._wakes[channel.name]
        while not self._stopping.is_set():
            wake.clear()
            try:
                busy = self.serve(channel)
            except Exception:  # the next alert must still be sent
                if self._stopping.is_set():  # what the queue is kept in may be closed by now
                    return
                log.exception("notifications could not be sent")
                busy = False
            if not busy:
                wake.wait(timeout=1.0)

    def serve(self, channel: Channel) -> bool:
        """Sends the first message of a channel whose time has come; returns whether one was."""
        now = self.clock()
        delivery = self.queue.next(channel.name, now)
        if delivery is None:
            return False
        transition, number = delivery.transition, delivery.number
        if self._is_sent(channel, delivery):
            self.queue.sent(number)
            self._note_alive(channel.name)
        elif now - to_ms(transition.at) > PATIENCE and delivery.tries > 1:
            log.error("%s: given up: %s", channel.name, transition.alert.title)
            self.queue.give_up(number)
        else:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE << min(delivery.tries - 1, 16))
            if delivery.tries == 1:
                title = transition.alert.title
                log.warning("%s: not sent, it is tried again: %s", channel.name, title)
            self.queue.later(number, self.clock() + pause)
            if delivery.tries >= DEAD:
                self._note_dead(channel.name)
        return True

    def _is_sent(self, channel: Channel, delivery: Delivery) -> bool:
        """Makes a message and sends it. Whatever goes wrong there is a try that failed, as any: it
        must neither hold its receiver up for ever nor be tried at every turn."""
        try:
            made = message(delivery.transition, self.public_url, again=delivery.again)
            return channel.send(made)
        except Exception:
            if delivery.tries == 1:  # once, and not at every try
                log.exception("%s: an error in making or sending a message", channel.name)
            return False

    def _note_dead(self, name: str) -> None:
        """Notes once that a link is dead."""
        link = self.links[name]
        with self._health_lock:
            if name not in self._health.lost_receivers:
                log.error("%s: can't be reached. It is tried again, up to every 5 minutes", name)
                served = frozenset(force for force in self._forces if link.serves(force))
                lost = LostReceiver(link.label, served, self.clock())
                self._health.lost_receivers = {**self._health.lost_receivers, name: lost}

    def _note_alive(self, name: str) -> None:
        """Notes that a message was taken."""
        with self._health_lock:
            lost = self._health.lost_receivers
            if name in lost:
                log.warning("%s: can be reached again", name)
                left = {each: of for each, of in lost.items() if each != name}
                self._health.lost_receivers = left
