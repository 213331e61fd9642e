"""One address to which messages are sent.

Most are those of a service that `apprise` knows (`mailtos://`, `json://`, `slack://`). A webhook of
our own (`webhook+https://`) is sent the whole message as JSON; what stands before an @ in its
address is a bearer token, or a user and a password. `nobody://` is sent everything and notifies
nobody: what would have been sent stands in the log. A channel is known by its scheme and a digest.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import ssl
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx2

from streams.errors import ConfigError
from streams.outputs.monitor_client import LOOPBACK
from streams.outputs.notify.message import Message, encode

log = logging.getLogger("watchroom.notify")

WEBHOOK = "webhook+"
NOBODY = "nobody://"
SECONDS = 10.0
"""How long a webhook may take."""
TOKEN = re.compile(r"[!-~]+")
"""What may stand in a header: signs of ASCII, no blank. (RFC 6750, 2.1 has yet fewer; receivers are
less strict, so this is, too.)"""


class Channel(Protocol):
    """Something that takes messages."""

    name: str

    def send(self, message: Message) -> bool:
        """Sends a message; False where that failed."""


def channel_of(address: str, field: str) -> Channel:
    """The channel of an address; raises `ConfigError` where it can't be read."""
    digest = hashlib.sha256(address.encode()).hexdigest()[:8]
    name = f"{address.partition(':')[0]}-{digest}"
    if address.startswith(WEBHOOK):
        return Webhook(address.removeprefix(WEBHOOK), name, field)
    if address == NOBODY:
        return Nobody()
    return Service(address, name, field)


class Service:
    """A service that apprise knows."""

    def __init__(self, address: str, name: str, field: str) -> None:
        import apprise  # noqa: PLC0415  slow to import, and only needed to notify people

        self.name = name
        self._kinds, self._text = apprise.NotifyType, apprise.NotifyFormat.TEXT
        self._sender: Any = apprise.Apprise()
        if not self._sender.add(address):
            raise ConfigError(
                f"an address for notifications can't be read (it begins with "
                f'"{address.partition(":")[0]}:")',
                field=field,
                cure="See the list of services in docs/notifications.md; "
                "special characters of a password are written as %40 and so on",
            )

    def send(self, message: Message) -> bool:
        """Sends its words."""
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
                    title=message.title,
                    body=message.text,
                    notify_type=kinds[message.urgency],
                    body_format=self._text,
                )
            )
        except Exception as error:  # noqa: BLE001 - a fault in a plugin is a failure to send
            log.warning("%s: %s", self.name, type(error).__name__)
            return False


class Webhook:
    """A program that takes messages as JSON by POST; it has taken one that it answers with 2xx."""

    def __init__(self, url: str, name: str, field: str) -> None:
        self.name = name
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if parts.scheme not in ("http", "https") or not host:
            raise ConfigError(
                "the address of a webhook can't be read",
                field=field,
                cure="Write webhook+https://TOKEN@host/path",
            )
        place = f"[{host}]" if ":" in host else host
        place += "" if port is None else f":{port}"
        self._url = urlunsplit((parts.scheme, place, parts.path, parts.query, ""))
        self._headers = {"content-type": "application/json", "user-agent": "watchroom"}
        self._auth: tuple[str, str] | None = None
        if parts.password is not None:
            self._auth = unquote(parts.username or ""), unquote(parts.password)
        elif parts.username:
            token = unquote(parts.username)
            if not TOKEN.fullmatch(token):
                raise ConfigError(
                    "the token of a webhook can't be sent in a header of HTTP",
                    field=field,
                    cure="A token has no blanks, and no letters beyond those of ASCII",
                )
            self._headers["authorization"] = f"Bearer {token}"
        try:  # what no request can be made of is said now, and not at the first alert
            httpx2.Request("POST", self._url, headers=self._headers)
        except (httpx2.InvalidURL, ValueError):
            raise ConfigError(
                "the address of a webhook can't be read",
                field=field,
                cure="Write what is neither a letter, a digit nor -._~ as %E2%82%AC and so on",
            ) from None
        # What runs on this machine is not asked for through a proxy.
        self._by_proxy = host not in LOOPBACK

    def send(self, message: Message) -> bool:
        """Posts all of it."""
        try:
            status = asyncio.run(self._posted(encode(message)))
        # ImportError: the environment names a proxy of a kind that httpx2 has no package for.
        except (httpx2.HTTPError, httpx2.InvalidURL, ImportError, TimeoutError) as error:
            log.info("%s: %s", self.name, type(error).__name__)
            return False
        if not httpx2.codes.is_success(status):
            log.info("%s: answered %d", self.name, status)
            return False
        return True

    async def _posted(self, content: bytes) -> int:
        """The status of the answer. All of it has to be there in `SECONDS`, however it trickles in;
        what it says besides is not read, since it may have any size."""
        async with (
            asyncio.timeout(SECONDS),
            httpx2.AsyncClient(
                auth=self._auth,
                timeout=SECONDS,
                trust_env=self._by_proxy,
                verify=ssl.create_default_context(),
            ) as client,
            client.stream("POST", self._url, content=content, headers=self._headers) as answer,
        ):
            return answer.status_code


class Nobody:
    """Nobody is notified, as in a trial: the log says what would have been sent."""

    name = "nobody"

    def send(self, message: Message) -> bool:
        """Says it in the log."""
        log.warning("nobody is notified: %s. %s", message.title, message.text.partition("\n")[0])
        return True
