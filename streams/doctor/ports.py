"""Whether figures can be read from the network by anybody, without signing in."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator

from streams.doctor.asking import HttpAnswer, ask, host_of, port_of
from streams.doctor.finding import Examined, Finding, NotKnown, examined
from streams.doctor.setup import Setup
from streams.outputs.monitor_client import LOOPBACK

CHECK = "open ports"
FIGURES = "/forces.json"
"""What nobody should read without signing in: it is answered at once, and by the front too."""
WHO = "/me.json"
"""What says which role somebody has who has not signed in."""


def check(setup: Setup) -> Examined:
    """Asks for figures under every address that the network may use, without signing in."""
    if not setup.workers:
        raise NotKnown("name the addresses of workers and front: --worker URL")
    own = list(own_addresses())
    asked = {url for each in setup.workers for url in reached_at(each, own)}
    answers = {url: ask(url, FIGURES) for url in sorted(asked)}
    found = of_answers(answers, {url: ask(url, WHO) for url in opened(answers)})
    return examined(CHECK, f"{len(asked)} addresses of the network", found)


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK or host.endswith(".localhost")


def own_addresses() -> Iterator[str]:
    """The addresses under which the network may reach this machine."""
    # No packet is sent: it is only asked which address would be used.
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((far, 9))
                address = str(probe.getsockname()[0])
            except OSError:
                continue
            if not is_loopback(address):
                yield f"[{address}]" if ":" in address else address


def reached_at(url: str, own: Iterable[str]) -> list[str]:
    """The addresses of a server on the network: its own, or where it is one of this machine's
    loopback, this port under the machine's other addresses."""
    if not is_loopback(host_of(url)):
        return [url]
    scheme = "https" if url.startswith("https:") else "http"
    return [f"{scheme}://{address}:{port_of(url)}" for address in own]


def opened(answers: dict[str, HttpAnswer]) -> list[str]:
    """The addresses that show figures to anybody."""
    return [url for url, answer in answers.items() if answer.status == 200]


def of_answers(figures: dict[str, HttpAnswer], who: dict[str, HttpAnswer]) -> Iterator[Finding]:
    """Addresses that answer anybody; `who`: what those say of who has not signed in."""
    for url in opened(figures):
        said = who[url].json() if url in who else {}
        if isinstance(said, dict) and said.get("role") == "view":
            yield Finding(
                subject=url,
                problem='anybody on the network reads figures, without names: anyone = "view"',
                cure="Nothing, where that is meant (a screen on the wall); else take it out of the "
                "file of sign-in",
                grave=False,
            )
            continue
        yield Finding(
            subject=url,
            problem="anybody on the network reads figures and acts on alerts: no sign-in",
            cure="Start it with --sign-in FILE instead of --insecure (docs/sign-in.md), or let "
            "a proxy that asks who it is be the only way in: --web 127.0.0.1:8787",
        )
