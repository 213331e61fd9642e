"""Text of others as it may be printed: on a terminal, in a log, a message or an answer.

*Passwords.* Addresses of brokers, monitors, Alertmanager and services may hold one: what stands
before the host is masked wherever an address is printed, and so are values of a query that are
named like a secret. Sources: RFC 3986, 3.2.1 (user information), 7.5 (sensitive information).

*Signs that act.* A terminal obeys control characters (it clears the screen, moves the cursor, sets
its title), and signs of direction turn the order of letters around: each becomes the replacement
character. Source: ECMA-48 (C0 and C1 control functions); Unicode TR 36, 2.5 (bidirectional text).
"""

from __future__ import annotations

import logging
import re
import unicodedata
from typing import Any

MASK = "***"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_USER = re.compile(
    # In an address all up to the last @ before its path, or, where a colon that begins no port
    # says that a password follows, up to the last @ at all: people forget to write / as %2F.
    r"(?<=://)(?:[^\s/?#@:\"]*:(?!\d*(?:[/?#\s\"]|$))[^\s\"]*|[^\s/?#\"]*)@"
    # And without a scheme, as in user:password@kafka:9092.
    r"|(?<![\w/@:.-])[\w.%+-]+:[^\s/@\"',]+@(?=[\w\[])"
)
_NAMED = re.compile(
    r"([?&;](?:access_?token|api_?key|auth|key|pass(?:word)?|secret|sig(?:nature)?|token)=)"
    r"[^&;#\s\"']+",
    re.IGNORECASE,
)
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""The categories of Unicode whose signs do something or are nothing."""


def masked(text: str) -> str:
    """A text without the passwords of the addresses in it.

    >>> masked("http://ops:pa/ss@alerts:9093/api?token=abc&at=1 does not answer")
    'http://***@alerts:9093/api?token=***&at=1 does not answer'
    """
    if "@" in text:
        text = _USER.sub(f"{MASK}@", text)
    return _NAMED.sub(rf"\1{MASK}", text) if "=" in text else text


def without_user(address: str) -> str:
    """An address that people are led to: whoever follows it signs in as himself.

    >>> without_user("https://ops:secret@host:3000/d/1")
    'https://host:3000/d/1'
    """
    return _USER.sub("", address)


def printable(text: str, *, lines: bool = True) -> str:
    """A text without signs that act; line ends and tabs stay unless it must be one line.

    >>> printable("Feed \\x1b[2J down")
    'Feed \N{REPLACEMENT CHARACTER}[2J down'
    """
    if text.isprintable():
        return text
    kept = "\n\t" if lines else ""
    return "".join(
        sign if sign in kept or unicodedata.category(sign) not in _ACTING else REPLACEMENT
        for sign in text
    )


def printable_json(text: str) -> str:
    """JSON with signs that act written as `\\u009b`, so that it says the same."""
    if text.isprintable():
        return text
    return "".join(
        sign
        if sign in "\n\t" or unicodedata.category(sign) not in _ACTING
        else "".join(f"\\u{unit:04x}" for unit in _utf16(sign))
        for sign in text
    )


def _utf16(sign: str) -> list[int]:
    raw = sign.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]


class LogFormatter(logging.Formatter):
    """A line of a log is one line, whatever a feed or a file is called, and tells no password."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """The line itself."""
        return printable(masked(super().formatMessage(record)), lines=False)

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's own name
        """What stands below it, where something failed."""
        return printable(masked(super().formatException(ei)))
