"""The cookie of who has signed in: signed, so that only this server can write one.

It holds the subject, the name and the role, the hash of the token of who signed in with one, when
the sign-in ends, and a number by which a sign-out ends it; no token itself, nor one of a provider.
Names are bounded, so that it stays far below the 4,096 bytes that browsers keep.

What it holds has a number (`STATE_VERSION`), which is in the signature: a cookie of another form is
none of this server's, and who has one signs in again.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from pathlib import Path
from typing import Any

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.responses import Response

from streams.alerts.actions import LONGEST_NAME
from streams.outputs.sign_in.roles import NAMED, Caller, Role
from streams.outputs.sign_in.signed_out import SignedOut

STATE_VERSION = 3
"""Of what the cookie of a sign-in holds. To be raised with any change of `SignedIn`, or of what a
field of it means; `tests/unit/state/test_versions.py` fails where that was forgotten. Forms 1 and 2
were in no signature."""
MOST_BYTES = 4_096
"""A browser keeps no larger cookie, and none is read."""
LONGEST_SUBJECT = 255
"""Characters of a subject at a provider. Source: OpenID Connect Core 1.0, 2."""
SIGNING_IN_SECONDS = 600
"""How long somebody may take at the provider."""


class SignedIn(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What the cookie of a sign-in holds."""

    subject: str
    name: str
    role: str
    token: str
    """The SHA-256 of the token of who signed in with one."""
    until: int
    """When the sign-in ends, in seconds since 1970."""
    number: str
    """By which a sign-out ends it."""


class Cookies:
    """Writes and reads the cookies of sign-in. `secure`: a browser sends them over TLS only;
    `signed_out`: the file of those that a sign-out has ended."""

    def __init__(
        self, secret: str | None, hours: float, *, secure: bool, signed_out: Path | None = None
    ) -> None:
        secret = secret or secrets.token_hex(32)
        self._signed_in = _serializer(secret, f"signed in, form {STATE_VERSION}")
        self._signing_in = _serializer(secret, "signing in")
        self.seconds, self.secure = round(hours * 3_600), secure
        # No other host, and no page below another path, can set a cookie of such a name.
        self.name = "__Host-watchroom" if secure else "watchroom"
        self.flow_name = f"{self.name}-signing-in"
        self._signed_out = SignedOut(signed_out)

    def sign_in(self, answer: Response, caller: Caller) -> None:
        """Adds the cookie of a person to an answer; raises ValueError where it would be too
        large."""
        until = min(caller.until, time.time() + self.seconds)
        name = (caller.name or "")[:LONGEST_NAME]
        if len(caller.subject) > LONGEST_SUBJECT:
            raise ValueError(f"the subject has more than {LONGEST_SUBJECT} characters")
        content = SignedIn(
            caller.subject, name, caller.role.said, caller.token, round(until), secrets.token_hex(8)
        )
        text = self._signed_in.dumps(msgspec.to_builtins(content))
        self._set(answer, self.name, text, round(until - time.time()))

    def read(self, text: str) -> Caller | None:
        """Who has signed in with a cookie; None where it is none of this server's, or is over."""
        found = self._found(text)
        if found is None or found.until <= time.time() or found.number in self._signed_out:
            return None
        return Caller(
            NAMED.get(found.role, Role.NONE),
            found.name,
            found.subject,
            sees_names=True,
            until=found.until,
            token=found.token,
        )

    def _found(self, text: str) -> SignedIn | None:
        """What a cookie of this server holds; None of any other, whoever signed it."""
        try:
            return msgspec.convert(_loads(self._signed_in, text, self.seconds), SignedIn)
        except msgspec.ValidationError:
            return None

    def sign_out(self, answer: Response, text: str) -> None:
        """Removes the cookie from the browser, and believes it no more."""
        if (found := self._found(text)) is not None:
            self._signed_out.add(found.number, found.until)
        self._remove(answer, self.name)

    def keep_flow(self, answer: Response, content: dict[str, Any]) -> None:
        """Keeps what is needed when somebody comes back from the provider; raises ValueError where
        it would be too large."""
        self._set(answer, self.flow_name, self._signing_in.dumps(content), SIGNING_IN_SECONDS)

    def flow(self, text: str) -> dict[str, Any]:
        """What was kept; nothing where there is none that holds."""
        found = _loads(self._signing_in, text, SIGNING_IN_SECONDS)
        return found if isinstance(found, dict) else {}

    def end_flow(self, answer: Response) -> None:
        """Removes what was kept."""
        self._remove(answer, self.flow_name)

    def _set(self, answer: Response, name: str, value: str, seconds: int) -> None:
        if len(name) + len(value) > MOST_BYTES - 200:  # what else stands in the header
            raise ValueError(f"the cookie would have more than {MOST_BYTES:,} bytes")
        # Lax: a page of another site can't have a browser send it with a POST; a link to a page
        # of this one is followed by who has signed in.
        answer.set_cookie(
            name, value, seconds, path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def _remove(self, answer: Response, name: str) -> None:
        answer.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")


def _serializer(secret: str, purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        secret, salt=f"watchroom {purpose}", signer_kwargs={"digest_method": hashlib.sha256}
    )


def _loads(serializer: URLSafeTimedSerializer, text: str, seconds: int) -> Any:
    if not text or len(text) > MOST_BYTES:
        return None
    try:
        return serializer.loads(text, max_age=seconds)
    except BadData:
        return None
