"""What the commands share that open a port: sign-in, TLS, and whether it is meant to be open."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.errors import ConfigError

if TYPE_CHECKING:  # slow to import, and most runs need no server
    from streams.outputs.sign_in.access import Access

FILE = click.Path(dir_okay=False, path_type=Path)


def tls_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a server's certificate and its key."""
    key = click.option(
        "--tls-key",
        type=FILE,
        envvar="WATCHROOM_TLS_KEY",
        show_envvar=True,
        help="Its key, as PEM.",
    )
    certificate = click.option(
        "--tls-certificate",
        type=FILE,
        envvar="WATCHROOM_TLS_CERTIFICATE",
        show_envvar=True,
        help="Serve over TLS with this certificate and those above it, as PEM.",
    )
    given: Callable[..., Any] = certificate(key(command))
    return given


def serving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of a command that opens a port; it is given `access`, which makes the
    `Access` of its server where it is called, and raises `ConfigError`."""

    @functools.wraps(command)
    def given(
        *args: Any,
        sign_in: Path | None,
        tls_certificate: Path | None,
        tls_key: Path | None,
        insecure: bool,
        **more: Any,
    ) -> Any:
        access = functools.partial(access_of, sign_in, tls_certificate, tls_key, insecure=insecure)
        return command(*args, access=access, **more)

    options = (
        click.option(
            "--sign-in",
            type=FILE,
            envvar="WATCHROOM_SIGN_IN",
            show_envvar=True,
            help="The file that says how people sign in, and what each may do (docs/sign-in.md).",
        ),
        tls_options,
        click.option(
            "--insecure",
            is_flag=True,
            envvar="WATCHROOM_INSECURE",
            show_envvar=True,
            help="Serve on another address than loopback although nobody signs in: whoever "
            "reaches it may see and act.",
        ),
    )
    for option in reversed(options):
        given = option(given)
    return given


def access_of(
    sign_in: Path | None, certificate: Path | None, key: Path | None, *, insecure: bool
) -> Access:
    """Who may reach a server, by the options; raises `ConfigError`."""
    from streams.outputs.public_url import public_url  # noqa: PLC0415
    from streams.outputs.sign_in.access import Access  # noqa: PLC0415
    from streams.outputs.sign_in.settings import SignInSettings  # noqa: PLC0415
    from streams.outputs.sign_in.tls import Tls  # noqa: PLC0415

    public_url()  # what is wrong with it is said now, and not with the first message
    if (certificate is None) != (key is None):
        raise ConfigError("--tls-certificate and --tls-key belong together: name both")
    tls = None if certificate is None or key is None else Tls(certificate, key)
    settings = None if sign_in is None else SignInSettings.read(sign_in)
    return Access(settings, insecure=insecure, tls=tls)
