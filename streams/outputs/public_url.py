"""The address by which people reach the wallboard from where they read a message.

It stands in every link that is sent, so it is checked at the start: it is whole, and holds no
password. It is not `WATCHROOM_URL`, by which commands reach a monitor: that may be an address that
only the monitor's own machine knows.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from streams.errors import ConfigError
from streams.printing import masked

PUBLIC_URL_VARIABLE = "WATCHROOM_PUBLIC_URL"
EXAMPLE = "https://watchroom.example"
_HOST = re.compile(
    r"(?!.{254})[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*\.?",
    re.IGNORECASE,
)
_PATH = re.compile(r"(/([A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*)*")
"""Of the signs of RFC 3986 those that mean nothing in the text of a message, a rule or a page."""


def checked(address: str, field: str = PUBLIC_URL_VARIABLE) -> str:
    """An address without a slash at its end; raises `ConfigError` where people can't be led there.

    >>> checked("https://watchroom.example/")
    'https://watchroom.example'
    """
    text = address.strip()

    def wrong(problem: str, cure: str) -> ConfigError:
        return ConfigError(problem, field=field, cure=cure)

    if any(each.isspace() or not each.isprintable() for each in text):
        raise wrong(
            "an address has no blanks in it, nor signs that can't be seen",
            f"Write it without: {field}={EXAMPLE}",
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise wrong(
            f'"{masked(text)}" is no address that a link can begin with',
            f"Write it whole: {field}={EXAMPLE}",
        )
    place = f"[{host}]" if ":" in host else host
    place += "" if port is None else f":{port}"
    whole = f"{parts.scheme}://{place}"
    if "@" in text:
        raise wrong(
            "everybody who is sent a message reads it: it may hold no name, password or query",
            f"Write only {field}={whole}",
        )
    if not _is_host(host) or port == 0 or parts.netloc.endswith(":"):
        raise wrong(
            f'"{masked(text)}" names no host that a browser can find',
            f"Name it as people type it, in letters, digits, dots and hyphens: {field}={EXAMPLE}",
        )
    if "?" in text or "#" in text:
        raise wrong(
            "the page of an alert is added to it: nothing after a ? or # may stand in it",
            f"Write only {field}={whole}",
        )
    if not _PATH.fullmatch(parts.path) or "//" in parts.path.rstrip("/") or _leads_up(parts.path):
        raise wrong(
            "a link can't begin with its path: it may have letters, digits, and - . _ ~ and %20",
            f"Write {field}={whole}, and behind it only the path under which a proxy serves "
            "Watchroom, if it has one",
        )
    return text.rstrip("/")


def _is_host(host: str) -> bool:
    """Whether it is a name or an IP address that another machine may be asked for."""
    try:
        return not ipaddress.ip_address(host).is_unspecified
    except ValueError:
        # What ends in a number is an IP address to a browser, so no other form of it is a name.
        last = host.rstrip(".").rpartition(".")[2]
        return not last.isdecimal() and _HOST.fullmatch(host) is not None


def _leads_up(path: str) -> bool:
    return any(step in (".", "..") for step in path.split("/"))


def public_url(environment: Mapping[str, str] | None = None) -> str | None:
    """The address of the environment, if one is named there; raises `ConfigError`."""
    named = (os.environ if environment is None else environment).get(PUBLIC_URL_VARIABLE, "")
    return checked(named) if named.strip() else None


def alert_page(base: str, force: str, alert: str) -> str:
    """The address of the page of an alert, where somebody takes it.

    >>> alert_page("https://w.example", "kent", "kent/unattended")
    'https://w.example/alert?force=kent&id=kent%2Funattended'
    """
    return f"{base}/alert?{urlencode({'force': force, 'id': alert})}"
