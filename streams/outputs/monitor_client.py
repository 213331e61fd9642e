"""Asking a running monitor over HTTP, as `watchroom board`, `alerts` and `grafana push` do; and
Alertmanager, which is asked in the same way."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import httpx2

from streams.errors import WatchroomError
from streams.printing import masked

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SECONDS = 10.0
"""How long an answer may take."""

MOST_BYTES = 64 << 20
"""Of an answer: what answers more is no monitor, and must not fill the memory of one that asks."""


class NoAnswer(WatchroomError):
    """Nothing answers at the address; the message says why, as the system has it."""


class Declined(WatchroomError):
    """The monitor answers that it can't do this; the message is its own, or "answers 500"."""

    def __init__(self, status: int, words: str | None) -> None:
        super().__init__(words or f"answers {status}")
        self.status, self.words = status, words


class MonitorClient:
    """A monitor by its address, such as `http://127.0.0.1:8787`; raises ValueError for none.
    `token`: says who asks, where the monitor wants to know."""

    def __init__(self, url: str, seconds: float = SECONDS, token: str | None = None) -> None:
        url = url if "://" in url else f"http://{url}"
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f'"{masked(url)}" is no address: write http://127.0.0.1:8787')
        self.url, self.seconds = url.rstrip("/"), seconds
        # What runs on this machine is not asked for through a proxy.
        self._by_proxy = parts.hostname not in LOOPBACK
        # httpx2 leaves it out where an answer leads to another host.
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self._trusted = ssl.create_default_context()

    def ask(
        self,
        path: str,
        query: Mapping[str, str | Sequence[str] | None] | None = None,
        body: object = None,
    ) -> bytes:
        """What a path answers; with a `body` it is posted as JSON. Values of None are left out of
        the `query`; a list is given value by value. Raises `NoAnswer` and `Declined`."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            with httpx2.stream(
                "GET" if body is None else "POST",
                self.url + path,
                params=given or None,
                json=body,
                headers=self._headers,
                timeout=self.seconds,
                trust_env=self._by_proxy,
                verify=self._trusted,
                follow_redirects=True,
            ) as answer:
                content = _whole(answer)
        # ImportError: the environment names a proxy of a kind that httpx2 has no package for.
        except (httpx2.HTTPError, httpx2.InvalidURL, ImportError) as error:
            raise NoAnswer(_cause(error)) from error
        if answer.is_error:
            raise Declined(answer.status_code, _words_of(content))
        return content


def _whole(answer: httpx2.Response) -> bytes:
    """All that is answered; raises `NoAnswer` where it is more than any monitor answers."""
    read = bytearray()
    for part in answer.iter_bytes():
        read += part
        if len(read) > MOST_BYTES:
            raise NoAnswer(f"answers more than {MOST_BYTES >> 20} MiB")
    return bytes(read)


def _cause(error: BaseException) -> str:
    """What the system says of a connection that failed, without its number."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx2.TimeoutException):
        return "timed out"
    return str(error) or type(error).__name__


def _words_of(answer: bytes) -> str | None:
    """The sentence in which a monitor says what is wrong."""
    try:
        return str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return None
