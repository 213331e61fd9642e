"""Notifications without Alertmanager: alerts to e-mail, chat, telephone by `apprise`.

Where to send comes from the environment or a file, never from the command line, since the addresses
hold passwords: `WATCHROOM_NOTIFY` (addresses between blanks) or the file that
`WATCHROOM_NOTIFY_FILE` names, an address a line. Before an address may stand the severities that it
takes: `page,notice mailtos://...`. A channel is known by its scheme and a digest, in the log too.

Every channel is served in order: what can't be sent now is tried again, after 2, 4, 8 seconds and
so on to 5 minutes, and holds back what comes after it. After `PATIENCE` it is given up, which the
log tells.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, get_args

from streams.alerts.model import Severity, Transition
from streams.errors import ConfigError
from streams.outputs.runbooks import runbook
from streams.periods import DAY, MINUTE, SECOND, to_ms
from streams.printing import printable, without_user
from streams.sources.clock import wall_clock

log = logging.getLogger("watchroom.notify")

VARIABLE, FILE_VARIABLE, LINK_VARIABLE = (
    "WATCHROOM_NOTIFY",
    "WATCHROOM_NOTIFY_FILE",
    "WATCHROOM_URL",
)
ALL: frozenset[str] = frozenset(get_args(Severity))
FIRST_PAUSE, LONGEST_PAUSE = 2 * SECOND, 5 * MINUTE
PATIENCE = 3 * DAY
"""After so long a message that could not be sent is given up; in ms."""
AGAIN = "Sent again after a restart; it may have reached you before."
_HEADS = {"resolved": "Over", "escalated": "Still nobody", "reminded": "Still open"}


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

    def sent(self, number: int) -> None:
        """Marks a delivery as sent."""

    def later(self, number: int, due: int) -> None:
        """Has a delivery tried again at `due`, in ms."""

    def give_up(self, number: int) -> None:
        """Drops a delivery; it is not tried again."""


class Channel:
    """One address. It raises `ConfigError` where apprise can't read it."""

    def __init__(self, address: str, severities: frozenset[str] = ALL) -> None:
        import apprise  # noqa: PLC0415  slow to import, and only needed to notify people

        digest = hashlib.sha256(address.encode()).hexdigest()[:8]
        self.name = f"{address.partition(':')[0]}-{digest}"
        self.severities = severities
        self._kinds, self._text = apprise.NotifyType, apprise.NotifyFormat.TEXT
        self._sender: Any = apprise.Apprise()
        if not self._sender.add(address):
            raise ConfigError(
                f"an address for notifications can't be read (it begins with "
                f'"{address.partition(":")[0]}:")',
                field=VARIABLE,
                cure="See the list of services in docs/alerts.md; "
                "special characters of a password are written as %40 and so on",
            )

    def send(self, title: str, body: str, kind: str) -> bool:
        """Sends a message; False where that failed."""
        kinds = {
            "page": self._kinds.FAILURE,
            "notice": self._kinds.WARNING,
            "state": self._kinds.INFO,
            "resolved": self._kinds.SUCCESS,
        }
        try:
            # As text: what a feed or a person wrote is never taken for HTML or Markdown.
            return bool(
                self._sender.notify(
                    title=title, body=body, notify_type=kinds[kind], body_format=self._text
                )
            )
        except Exception as error:  # noqa: BLE001 - a fault in a plugin is a failure to send
            log.warning("%s: %s", self.name, type(error).__name__)
            return False


def channels(environment: Mapping[str, str] | None = None) -> list[Channel]:
    """The channels of the environment, and of the file that it names; raises `ConfigError`."""
    environment = os.environ if environment is None else environment
    lines = environment.get(VARIABLE, "").split()
    if named := environment.get(FILE_VARIABLE):
        try:
            text = Path(named).read_text("utf-8")
        except OSError as error:
            raise ConfigError(
                f"can't be read: {error.strerror}", file=named, field=FILE_VARIABLE
            ) from None
        for line in text.splitlines():
            if not line.lstrip().startswith("#"):
                lines += line.split()
    found: list[Channel] = []
    severities = ALL
    for word in lines:
        if ":" in word:
            found.append(Channel(word, severities))
            severities = ALL
        elif (named_here := frozenset(word.split(","))) <= ALL:
            severities = named_here
        else:
            raise ConfigError(
                f'"{word}" is neither an address nor a list of severities',
                field=VARIABLE,
                cure=f"Write {', '.join(sorted(ALL))}, with commas between, before the address",
            )
    return found


def message(transition: Transition, link: str | None, *, again: bool = False) -> tuple[str, str]:
    """Title and body. The words are complete without the links: to the alert, and of one that is
    open to what to do about it."""
    alert = transition.alert
    head = _HEADS.get(transition.what) or alert.severity.capitalize()
    lines = [alert.words]
    if again:
        lines.append(AGAIN)
    if link:
        query = urllib.parse.urlencode({"force": alert.force, "id": alert.id})
        lines.append(without_user(f"{link.rstrip('/')}/alert?{query}"))
    if transition.what != "resolved" and (what_to_do := runbook(alert.kind)):
        lines.append(f"What to do: {what_to_do}")
    return printable(f"{head}: {alert.title}", lines=False), printable("\n".join(lines))


class Notifier:
    """Sends the notifications that wait, in a thread of its own."""

    def __init__(
        self,
        queue: DeliveryQueue,
        channels_: Sequence[Channel],
        link: str | None = None,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self.queue, self.channels, self.link, self.clock = queue, channels_, link, clock
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="watchroom-notify", daemon=True)

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
                busy = [self.serve(channel) for channel in self.channels]
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
        transition = delivery.transition
        title, body = message(transition, self.link, again=delivery.again)
        kind = "resolved" if transition.what == "resolved" else transition.alert.severity
        if channel.send(title, body, kind):
            self.queue.sent(delivery.number)
        elif now - to_ms(transition.at) > PATIENCE and delivery.tries > 1:
            log.error("%s: given up: %s", channel.name, title)
            self.queue.give_up(delivery.number)
        else:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE << min(delivery.tries - 1, 16))
            log.warning("%s: not sent, again in %d s: %s", channel.name, pause // 1000, title)
            self.queue.later(delivery.number, self.clock() + pause)
        return True
