"""Whether what Kafka carries between machines can be read or changed on the way, and by whom."""

from __future__ import annotations

from collections.abc import Iterator

from streams.doctor.brokers import Brokers
from streams.doctor.finding import Examined, Finding, examined
from streams.doctor.ports import is_loopback
from streams.kafka.security import Security, current

CHECK = "Kafka transport"
SECURE = (
    "Give the brokers a listener with TLS and sign-in, then: export "
    "WATCHROOM_KAFKA_SECURITY_PROTOCOL=SASL_SSL and what belongs to it (docs/kafka.md)"
)


def check(state: Brokers) -> Examined:
    """Looks at where the brokers are, and how they are spoken to."""
    security = current()
    said = f"{security.in_words} to {', '.join(sorted(set(state.hosts)))}"
    return examined(CHECK, said, of_security(security, state.hosts))


def of_security(security: Security, hosts: tuple[str, ...]) -> Iterator[Finding]:
    """Brokers on other machines that are spoken to in the clear."""
    far = sorted({host for host in hosts if not is_loopback(host)})
    if not far or security.uses_tls:
        return
    problem = f"Kafka is spoken to in the clear ({security.protocol}) across the network"
    if security.readable_secret:
        problem += ", with the password"
    yield Finding(subject=", ".join(far), problem=problem, cure=SECURE)
