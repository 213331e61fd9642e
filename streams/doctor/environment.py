"""The environment variables of Watchroom: names that nothing reads, addresses that are none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from streams.doctor.finding import Examined, Finding, examined
from streams.doctor.setup import Setup
from streams.errors import ConfigError
from streams.outputs.public_url import PUBLIC_URL_VARIABLE as PUBLIC_URL
from streams.outputs.public_url import checked

CHECK = "environment"
PREFIX = "WATCHROOM_"
FAMILIES = ("WATCHROOM_KAFKA_", "WATCHROOM_TEST_")
"""Names that go on after these are checked by who reads them."""
KNOWN = (
    "WATCHROOM_BOOTSTRAP",
    "WATCHROOM_GRAFANA_TOKEN",
    "WATCHROOM_GRAFANA_URL",
    "WATCHROOM_HOSTS",
    "WATCHROOM_INGEST_TOKENS",
    "WATCHROOM_INSECURE",
    "WATCHROOM_METRICS",
    "WATCHROOM_NOTIFY",
    "WATCHROOM_NOTIFY_FILE",
    "WATCHROOM_PSEUDONYM_KEY",
    "WATCHROOM_PUBLIC_URL",
    "WATCHROOM_RUNBOOKS",
    "WATCHROOM_SIGN_IN",
    "WATCHROOM_TLS_CERTIFICATE",
    "WATCHROOM_TLS_KEY",
    "WATCHROOM_TOKEN",
    "WATCHROOM_TOKEN_FILE",
    "WATCHROOM_URL",
    "WATCHROOM_WHO",
)
"""All of Watchroom's own that are read; a test compares them with the code."""
OF_OTHERS = ("ALERTMANAGER_URL", "COLUMNS", "XDG_CACHE_HOME", "XDG_STATE_HOME")
"""Those that are read and have a name that other programs give them."""


def check(setup: Setup) -> Examined:  # noqa: ARG001 - as every check
    """Reads the environment of this process."""
    named = [name for name in os.environ if name.startswith(PREFIX)]
    return examined(CHECK, f"{len(named)} variables", of_environment(os.environ))


def of_environment(environment: Mapping[str, str]) -> Iterator[Finding]:
    """What is wrong with variables."""
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name.startswith(FAMILIES):
            continue
        if name not in KNOWN:
            near = get_close_matches(name, KNOWN, n=1)
            cure = f"Name it {near[0]}" if near else f"Take it out: unset {name}"
            yield Finding(subject=name, problem="nothing reads this variable", cure=cure)
        elif name == "WATCHROOM_HOSTS" and (wrong := _no_names(value)):
            cure = f"export WATCHROOM_HOSTS={','.join(map(_name_of, value.split(',')))}"
            problem = f'"{wrong}" is no name of a host: no scheme, port or path belongs there'
            yield Finding(subject=name, problem=problem, cure=cure)
        elif name == PUBLIC_URL and (bad := _no_link(value)) is not None:
            yield Finding(subject=name, problem=bad.problem, cure=bad.cure or "")
        elif name == "WATCHROOM_BOOTSTRAP" and "://" in value:
            cure = f"export WATCHROOM_BOOTSTRAP={','.join(map(_address_of, value.split(',')))}"
            problem = "addresses of brokers are HOST:PORT, without a scheme"
            yield Finding(subject=name, problem=problem, cure=cure)


def _no_link(value: str) -> ConfigError | None:
    """What is wrong with the address that links begin with; None where nothing is."""
    try:
        checked(value)
    except ConfigError as error:
        return error
    return None


def _no_names(value: str) -> str:
    """The first of several names that is none; empty where all are."""
    return next((each for each in value.split(",") if _name_of(each) != each.strip()), "")


def _name_of(text: str) -> str:
    return _address_of(text).partition("/")[0].partition(":")[0]


def _address_of(text: str) -> str:
    return text.strip().rpartition("://")[2]
