"""Whether what Kafka carries between machines can be read or changed on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator

from streams.doctor.brokers import Brokers
from streams.doctor.finding import Examined, Finding, examined
from streams.doctor.ports import is_loopback

CHECK = "Kafka transport"
ENCRYPTED = ("SSL", "SASL_SSL")


def check(state: Brokers) -> Examined:
    """Looks at where the brokers are, and how they are spoken to."""
    protocol = os.environ.get("WATCHROOM_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT").upper()
    said = f"{protocol} to {', '.join(sorted(set(state.hosts)))}"
    return examined(CHECK, said, of_protocol(protocol, state.hosts))


def of_protocol(protocol: str, hosts: tuple[str, ...]) -> Iterator[Finding]:
    """Brokers on other machines that are spoken to in the clear."""
    far = sorted({host for host in hosts if not is_loopback(host)})
    if far and protocol not in ENCRYPTED:
        yield Finding(
            subject=", ".join(far),
            problem=f"Kafka is spoken to in the clear ({protocol}) across the network",
            cure="Give the brokers a listener with TLS, then: "
            "export WATCHROOM_KAFKA_SECURITY_PROTOCOL=SASL_SSL (docs/kafka.md)",
        )
