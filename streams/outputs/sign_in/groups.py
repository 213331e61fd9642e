"""The role of a person, by the groups that the proxy or the provider says they are in."""

from __future__ import annotations

from collections.abc import Collection

from streams.outputs.sign_in.roles import NAMED, Role
from streams.outputs.sign_in.settings import Roles

EVERYBODY = "*"


def role_of(groups: Collection[str], roles: Roles) -> Role:
    """The highest role that one of the groups has, or everybody; NONE where none has any."""
    having = {*groups, EVERYBODY}
    found = (role for name, role in NAMED.items() if having.intersection(getattr(roles, name)))
    return max(found, default=Role.NONE)
