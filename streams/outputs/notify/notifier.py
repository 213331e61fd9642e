"""Sends the notifications that wait.

Every channel is served in order: what can't be sent now is tried again, after 2, 4, 8 seconds and
so on to 5 minutes, and holds back what comes after it. After `PATIENCE` it is given up.

A link that is dead is one thing that is wrong, however often it is tried: at the `DEAD`th try that
fails, it is noted with the health of the process, which raises one alert on the board and for the
other receivers; the next message that is sent ends it. How often the first message that waits was
tried is stored, so a restart neither forgets nor repeats that.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from streams.alerts.model import Transition
from streams.live import Health, LostReceiver
from streams.outputs.notify.channels import Channel
from streams.outputs.notify.message import message
from streams.outputs.notify.receivers import Receiver
from streams.periods import DAY, MINUTE, SECOND, to_ms
from streams.sources.clock import wall_clock

log = logging.getLogger("watchroom.notify")

FIRST_PAUSE, LONGEST_PAUSE = 2 * SECOND, 5 * MINUTE
PATIENCE = 3 * DAY
"""After so long a message that could not be sent is given up; in ms."""
DEAD = 4
"""After so many tries of a message, in about 14 seconds, its link is taken to be dead."""


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
    """Sends the notifications that wait, in a thread of its own."""

    def __init__(
        self,
        queue: DeliveryQueue,
        receivers: Sequence[Receiver],
        public_url: str | None = None,
        clock: Callable[[], int] = wall_clock,
        health: Health | None = None,
    ) -> None:
        self.queue, self.public_url, self.clock = queue, public_url, clock
        self.channels = {each.channel.name: each.channel for each in receivers}
        self._receivers = {each.channel.name: each for each in receivers}
        self._health = Health() if health is None else health
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="watchroom-notify", daemon=True)
        for name in self.channels:
            if queue.tried(name) >= DEAD:
                self._note_dead(name)

    def start(self) -> None:
        """Begins with what an earlier process left."""
        self._thread.start()

    def wake(self) -> None:
        """Something new waits."""
        self._wake.set()

    def stop(self) -> None:
        """Ends after the message that is being sent; what waits is kept."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                busy = [self.serve(channel) for channel in self.channels.values()]
            except Exception:  # the next alert must still be sent
                log.exception("notifications could not be sent")
                busy = [False]
            if not any(busy):
                self._wake.wait(timeout=1.0)

    def serve(self, channel: Channel) -> bool:
        """Sends the first message of a channel whose time has come; returns whether one was."""
        now = self.clock()
        delivery = self.queue.next(channel.name, now)
        if delivery is None:
            return False
        transition, number = delivery.transition, delivery.number
        made = message(transition, self.public_url, again=delivery.again)
        if channel.send(made):
            self.queue.sent(number)
            self._note_alive(channel.name)
        elif now - to_ms(transition.at) > PATIENCE and delivery.tries > 1:
            log.error("%s: given up: %s", channel.name, made.title)
            self.queue.give_up(number)
        else:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE << min(delivery.tries - 1, 16))
            if delivery.tries == 1:
                log.warning("%s: not sent, it is tried again: %s", channel.name, made.title)
            self.queue.later(number, self.clock() + pause)
            if delivery.tries >= DEAD:
                self._note_dead(channel.name)
        return True

    def _note_dead(self, name: str) -> None:
        """Notes once that a link is dead."""
        receiver = self._receivers[name]
        if receiver.label not in self._health.lost_receivers:
            log.error("%s: can't be reached. It is tried again every 5 minutes", name)
            lost = LostReceiver(receiver.force, self.clock())
            self._health.lost_receivers = {**self._health.lost_receivers, receiver.label: lost}

    def _note_alive(self, name: str) -> None:
        """Notes that a message was taken."""
        label, lost = self._receivers[name].label, self._health.lost_receivers
        if label in lost:
            log.warning("%s: can be reached again", name)
            self._health.lost_receivers = {each: of for each, of in lost.items() if each != label}
