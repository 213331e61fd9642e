"""Sign-in by a proxy: it says in headers who asks, and is believed by its address alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from streams.outputs.sign_in.account import with_account
from streams.outputs.sign_in.cookie import LONGEST_SUBJECT
from streams.outputs.sign_in.groups import role_of
from streams.outputs.sign_in.roles import NOT_SIGNED_IN, Caller
from streams.outputs.sign_in.settings import Network, Proxy, Roles

Headers = Iterable[tuple[bytes, bytes]]


class RequestRefused(Exception):
    """A request that is not answered; the message says why."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


def is_listed(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks; IPv4 that comes as IPv6 is what it was."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


class ProxySignIn:
    """Believes the headers of the listed addresses."""

    def __init__(self, proxy: Proxy, networks: Sequence[Network], roles: Roles) -> None:
        self._proxy, self._networks, self._roles = proxy, networks, roles

    def caller(self, address: str, headers: Headers) -> Caller:
        """Who asks; raises `RequestRefused` where somebody else than the proxy says so."""
        sent: dict[str, list[str]] = {}
        for name, value in headers:
            sent.setdefault(name.decode("latin-1").lower(), []).append(_text(value))
        said = {name: sent[name] for name in self._proxy.headers if name in sent}
        if not said:
            return NOT_SIGNED_IN
        if not is_listed(address, self._networks):
            raise RequestRefused(
                403, f"{', '.join(said)}: only the proxy in front of Watchroom may say who asks"
            )
        if twice := [name for name, values in said.items() if len(values) > 1]:
            raise RequestRefused(400, f"the proxy sends {twice[0]} more than once")
        user = said.get(self._proxy.user.lower(), [""])[0].strip()
        if not user:
            return NOT_SIGNED_IN
        shown = said.get((self._proxy.name or "").lower(), [user])[0].strip() or user
        if len(user) > LONGEST_SUBJECT or not (user + shown).isprintable():
            raise RequestRefused(400, f"the proxy sends a {self._proxy.user} that is no name")
        listed = said.get(self._proxy.groups.lower(), [""])[0]
        groups = {each.strip() for each in listed.split(",")} - {""}
        role = role_of(groups, self._roles)
        return Caller(role, with_account(shown, user), f"proxy:{user}", sees_names=True)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
