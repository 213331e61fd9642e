"""Asking a server over HTTP, once: what it answers, and what its clock says."""

from __future__ import annotations

import json
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2

SECONDS = 5.0
"""How long an answer is waited for."""


class HttpAnswer(NamedTuple):
    """What came of asking."""

    status: int = 0
    """0 where nothing answered."""
    content: bytes = b""
    error: str = ""
    """Why nothing answered."""
    ahead: float | None = None
    """By how many seconds its clock is ahead of this one; None where it does not say."""

    def json(self) -> Any:
        """The content as JSON; an empty dict where it is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return {}


def ask(url: str, path: str, token: str | None = None) -> HttpAnswer:
    """Asks with a token or without signing in, through no proxy. Never raises."""
    address = url_of(url) + path
    headers = {"authorization": f"Bearer {token}"} if token else {}
    trusted = ssl.create_default_context()
    began = time.time()
    try:
        answer = httpx2.get(
            address,
            headers=headers,
            timeout=SECONDS,
            trust_env=False,
            follow_redirects=False,
            verify=trusted,
        )
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return HttpAnswer(error=str(error) or type(error).__name__)
    return HttpAnswer(
        answer.status_code, answer.content, "", ahead(answer.headers, began, time.time())
    )


def ahead(headers: Any, began: float, ended: float) -> float | None:
    """By how many seconds a server's clock is ahead; the header says it to the second."""
    try:
        stamp = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return None
    return stamp + 0.5 - (began + ended) / 2


def url_of(text: str) -> str:
    """An address with its scheme and without a slash at the end."""
    return (text if "://" in text else f"http://{text}").rstrip("/")


def host_of(url: str) -> str:
    """The host of an address."""
    return urlsplit(url_of(url)).hostname or ""


def port_of(url: str) -> int:
    """The port of an address."""
    parts = urlsplit(url_of(url))
    return parts.port or (443 if parts.scheme == "https" else 80)
