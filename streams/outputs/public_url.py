"""The address by which people reach the wallboard from where they read a message.

It stands in every link that is sent, so it is checked at the start: it is whole, and holds no
password. It is not `WATCHROOM_URL`, by which commands reach a monitor: that may be an address that
only the monitor's own machine knows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from streams.errors import ConfigError
from streams.printing import masked

VARIABLE = "WATCHROOM_PUBLIC_URL"


def checked(address: str, field: str = VARIABLE) -> str:
    """An address without a slash at its end; raises `ConfigError` where people can't be led there.

    >>> checked("https://watchroom.example/")
    'https://watchroom.example'
    """
    try:
        parts = urlsplit(address.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(
            f'"{masked(address)}" is no address that a link can begin with',
            field=field,
            cure=f"Write it whole: {field}=https://watchroom.example",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            "everybody who is sent a message reads it: it may hold no name, password or query",
            field=field,
            cure=f"Write only {field}={parts.scheme}://{host}",
        )
    if any(letter.isspace() or not letter.isprintable() for letter in address.strip()):
        raise ConfigError("holds a blank", field=field, cure=f"Write {field}=https://{host}")
    return address.strip().rstrip("/")


def public_url(environment: Mapping[str, str] | None = None) -> str | None:
    """The address of the environment, if one is named there; raises `ConfigError`."""
    named = (os.environ if environment is None else environment).get(VARIABLE, "")
    return checked(named) if named.strip() else None


def alert_page(base: str, force: str, alert: str) -> str:
    """The address of the page of an alert, where somebody takes it.

    >>> alert_page("https://w.example", "kent", "kent/unattended")
    'https://w.example/alert?force=kent&id=kent%2Funattended'
    """
    return f"{base}/alert?{urlencode({'force': force, 'id': alert})}"
