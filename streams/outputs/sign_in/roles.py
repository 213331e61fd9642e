"""What a person may do, and who asks."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass


class Role(enum.IntEnum):
    """What somebody may do; each includes those before it."""

    NONE = 0
    VIEW = 1
    """See the figures and the alerts."""
    ACT = 2
    """Take alerts, snooze, close and hand them over."""
    ADMINISTER = 3
    """Also read `/metrics`."""

    @property
    def said(self) -> str:
        """Its name in settings and sentences."""
        return self.name.lower()


NAMED = {role.said: role for role in Role if role}
"""The roles that can be given, by name."""


@dataclass(frozen=True)
class Caller:
    """Who sends a request."""

    role: Role = Role.NONE
    name: str | None = None
    """The name of a person who has signed in; None of anybody else."""
    subject: str = ""
    """What identifies the person for whoever signed them in."""
    sees_names: bool = False
    """Whether the names of persons are shown to them."""
    scrapes: bool = False
    """Whether it has the token of `/metrics`."""
    until: float = math.inf
    """When the sign-in ends, in seconds since 1970."""
    token: str = ""
    """The SHA-256 of the token that the person signed in with; empty for any other way."""


NOT_SIGNED_IN = Caller()
