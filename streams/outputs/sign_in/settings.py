"""The settings of sign-in: one TOML file, which `WATCHROOM_SIGN_IN` or `--sign-in` names.

Files that it names are looked for beside it. docs/sign-in.md shows three whole ones.
"""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from streams.errors import ConfigError

VARIABLE = "WATCHROOM_SIGN_IN"
SHORTEST_SECRET = 20
"""Characters of a secret that programs share; `openssl rand -hex 32` makes 64."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Roles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The groups whose members have a role; "*" is everybody who has signed in."""

    view: tuple[str, ...] = ()
    act: tuple[str, ...] = ()
    administer: tuple[str, ...] = ()


class Proxy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"addresses": "from"}):
    """A proxy that signs people in, and says who they are in headers."""

    addresses: tuple[str, ...]
    """The addresses and networks of the proxy; the headers of nobody else are believed."""
    user: str = "X-Forwarded-User"
    groups: str = "X-Forwarded-Groups"
    name: str | None = None
    """The header with the name to be shown before the user, since people may choose it at some
    providers; by default the user alone is shown."""

    @property
    def networks(self) -> tuple[Network, ...]:
        """What the addresses are; raises ValueError."""
        return tuple(ipaddress.ip_network(each) for each in self.addresses)

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that it sends, in lower case."""
        named = (self.user, self.groups, self.name)
        return tuple(each.lower() for each in named if each)


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An OpenID provider, such as Entra ID or Keycloak."""

    issuer: str
    client_id: str
    client_secret_file: str | None = None
    scope: str = "openid profile"
    groups: str = "groups"
    """The claim with the groups or roles of a person."""
    name: str = "name"
    """The claim with the name to be shown."""
    account: str = "preferred_username"
    """The claim that is shown after the name, since people may choose their name at some providers;
    one that they can't change themselves. The subject where it is missing."""


class SignInFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says."""

    anyone: Literal["none", "view"] = "none"
    """What somebody may do who has not signed in."""
    address: str | None = None
    """The address at which people open the wallboard, where that is not this server's own."""
    hours: float = 12
    """How long a sign-in lasts."""
    token_file: str | None = None
    """The tokens of persons and their programs."""
    cookie_secret_file: str | None = None
    """What cookies are signed with; without it sign-ins end as the process does."""
    workers_token_file: str | None = None
    """What the front and its workers know each other by."""
    metrics_token_file: str | None = None
    """What Prometheus may read `/metrics` with."""
    roles: Roles = Roles()
    proxy: Proxy | None = None
    oidc: Oidc | None = None


class SignInSettings:
    """The settings, and the files that they name; raises `ConfigError` for what is wrong."""

    def __init__(self, said: SignInFile, file: Path) -> None:
        self.said, self.file = said, file
        self.workers_token = self._secret("workers_token_file", said.workers_token_file)
        self.metrics_token = self._secret("metrics_token_file", said.metrics_token_file)
        self.cookie_secret = self._secret("cookie_secret_file", said.cookie_secret_file)
        self.client_secret = self._secret(
            "oidc.client_secret_file", said.oidc.client_secret_file if said.oidc else None, 1
        )
        self.networks: tuple[Network, ...] = ()
        self._check()

    @classmethod
    def read(cls, file: Path) -> SignInSettings:
        """The settings of a file; raises `ConfigError`."""
        try:
            said = msgspec.toml.decode(file.read_bytes(), type=SignInFile)
        except OSError as error:
            raise ConfigError(f"can't be read: {error.strerror}", file=file) from None
        except (msgspec.MsgspecError, ValueError) as error:
            raise ConfigError(str(error), file=file) from None
        return cls(said, file)

    @property
    def tokens(self) -> Path | None:
        """The file of tokens."""
        return self._beside(self.said.token_file)

    @property
    def signed_out(self) -> Path | None:
        """The file of sign-ins that have ended, beside the secret that outlives the process."""
        secret = self._beside(self.said.cookie_secret_file)
        return None if secret is None else secret.with_name(f"{secret.name}.signed-out")

    def _beside(self, name: str | None) -> Path | None:
        return None if name is None else self.file.parent / Path(name).expanduser()

    def _secret(self, field: str, name: str | None, shortest: int = SHORTEST_SECRET) -> str | None:
        path = self._beside(name)
        if path is None:
            return None
        try:
            self._check_mode(field, path)
            found = path.read_text("utf-8").strip()
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise self._wrong(field, f"{path} can't be read: {why}") from None
        if len(found) < shortest:
            raise self._wrong(
                field, f"{path} holds fewer than {shortest} characters", "openssl rand -hex 32"
            )
        return found

    def _check_mode(self, field: str, path: Path) -> None:
        """A group may read it: in a container the file is often another account's."""
        held = path.stat()
        mode = stat.S_IMODE(held.st_mode)
        left = mode & (0o700 if held.st_uid == os.geteuid() else 0o740)
        if mode & (stat.S_IWGRP | stat.S_IRWXO):
            raise self._wrong(
                field,
                f"others may read {path} or write to it (mode {mode:04o})",
                f"chmod {left:o} {path}",
            )

    def _check(self) -> None:
        said = self.said
        if said.proxy is not None and said.oidc is not None:
            raise self._wrong("proxy", "there is [oidc] as well", "Choose one of them")
        if not 0 < said.hours <= 24 * 31:
            raise self._wrong("hours", "a sign-in lasts up to 744 hours, and more than none")
        if said.address is not None and not _is_address(said.address):
            raise self._wrong("address", f'"{said.address}" is none', "https://board.force.example")
        if said.proxy is not None:
            try:
                self.networks = said.proxy.networks
            except ValueError as error:
                raise self._wrong("proxy.from", str(error)) from None
            if not self.networks:
                raise self._wrong("proxy.from", "no address is listed")
        if said.oidc is not None:
            self._check_provider(said.oidc)
        if (said.proxy or said.oidc) and said.roles == Roles():
            raise self._wrong("roles", "nobody is given a role", 'For example view = ["*"]')

    def _check_provider(self, oidc: Oidc) -> None:
        parts = urlsplit(oidc.issuer)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if not (parts.hostname and (parts.scheme == "https" or (local and parts.scheme == "http"))):
            raise self._wrong("oidc.issuer", f'"{oidc.issuer}" is no https address')
        if self.said.address is None:
            raise self._wrong(
                "address",
                "is missing: the provider sends people back there",
                'address = "https://board.force.example"',
            )

    def _wrong(self, field: str, problem: str, cure: str | None = None) -> ConfigError:
        return ConfigError(problem, file=self.file, field=field, cure=cure)


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.path.strip("/")
