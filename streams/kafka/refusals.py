"""What brokers refuse, in words: what is wrong, which right is missing, and what mends it.

Clients of Kafka tell of a refusal by the class of an exception and a number; the connection's own
parts (certificates, SASL) tell of it by OpenSSL's words. Here each becomes a `KafkaError`.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable

import aiokafka.errors
import kafka.errors

from streams.errors import KafkaError
from streams.kafka.security import Security, in_place

HOSTNAME, ADDRESS = 62, 64
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
NOT_YET, EXPIRED = 9, 10
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""

_KINDS = {
    "TopicAuthorizationFailedError": "topic",
    "GroupAuthorizationFailedError": "group",
    "ClusterAuthorizationFailedError": "cluster",
    "TransactionalIdAuthorizationFailedError": "transactional-id",
    "TransactionalIdAuthorizationFailed": "transactional-id",
}
"""What a right is missing on, by the class of what the clients raise."""
_OF_NAMES = {"topic": "--topic", "group": "--group", "transactional-id": "--transactional-id"}


class NotAllowed(KafkaError):
    """The brokers know who this is, and a right is missing."""


class Denied(kafka.errors.AuthorizationError):  # type: ignore[misc]  # it ships no types
    """Rights that are missing, as one of kafka-python's errors: on a kind of thing (`topic`), the
    things that are named, and Kafka's names of the operations (`Write`)."""

    def __init__(self, kind: str, names: Iterable[str], operations: Iterable[str]) -> None:
        self.kind, self.names, self.operations = kind, tuple(names), tuple(operations)
        super().__init__(f"{self.operations} on {self.kind} {self.names}")


def missing_right(
    security: Security, bootstrap: str, kind: str, names: Iterable[str], operations: Iterable[str]
) -> NotAllowed:
    """The error for rights that are missing on a kind of thing (`topic`), with the command that
    grants them; `operations` are Kafka's (`Write`)."""
    named, asked = sorted(names), list(operations)
    what = f"{kind} {', '.join(named)}" if named else f"the {kind}"
    where = " ".join(f"{_OF_NAMES[kind]} {name}" for name in named) if named else ""
    where = where or ("--cluster" if kind == "cluster" else f"{_OF_NAMES[kind]} NAME")
    principal, _, hint = security.principal.partition(", ")
    command = " ".join(
        [
            "kafka-acls.sh --bootstrap-server",
            bootstrap,
            "--command-config admin.properties --add --allow-principal",
            principal,
            *(f"--operation {each}" for each in asked),
            where,
        ]
    )
    hint = f" (NAME is {hint})" if hint else ""
    return NotAllowed(
        f"the brokers do not let {_who(security)} do this: the right {' and '.join(asked)} on "
        f"{what} is missing. Whoever runs the brokers grants it with: {command}{hint}. All rights "
        "of a feed, a worker, an operator or a reader: deploy/kafka/access.sh"
    )


def refusal(
    error: BaseException, security: Security, bootstrap: str, *, operations: Iterable[str] = ()
) -> KafkaError | None:
    """What an exception says of a refusal; None for one that may be over by itself. `operations`
    are those that were tried on a topic, where a right is missing."""
    if isinstance(error, KafkaError):
        return error
    if isinstance(error, ssl.SSLError):
        return _by_tls(error, security, bootstrap)
    if isinstance(error, Denied):
        return missing_right(security, bootstrap, error.kind, error.names, error.operations)
    if (kind := _KINDS.get(type(error).__name__)) is not None:
        named = _names_in(error)
        tried = tuple(operations) if kind == "topic" else ()
        return missing_right(security, bootstrap, kind, named, tried or _usual(kind))
    return _by_sasl(error, security, bootstrap)


def _by_sasl(error: BaseException, security: Security, bootstrap: str) -> KafkaError | None:
    if isinstance(
        error, aiokafka.errors.SaslAuthenticationFailed | kafka.errors.SaslAuthenticationFailedError
    ):
        return _not_let_in(security, bootstrap)
    if isinstance(
        error,
        aiokafka.errors.UnsupportedSaslMechanismError | kafka.errors.UnsupportedSaslMechanismError,
    ):
        _, _, there = str(error).partition("nabled mechanisms")
        there = there.removeprefix(" are").strip(": ")
        return KafkaError(
            f"the brokers at {bootstrap} do not take {security.mechanism}"
            f"{f'; they take {there}' if there else ''}. Set {in_place('sasl.mechanism')} to one "
            "that this listener has"
        )
    return None


def _usual(kind: str) -> tuple[str, ...]:
    return {"topic": ("Describe",), "group": ("Read",), "cluster": ("Create",)}.get(
        kind, ("Write", "Describe")
    )


def _names_in(error: BaseException) -> list[str]:
    """The topics or the group that an exception names; aiokafka gives them as its argument."""
    named: list[str] = []
    for each in getattr(error, "args", ()):
        if isinstance(each, str) and each and " " not in each:
            named.append(each)
        elif isinstance(each, set | frozenset | list | tuple):
            named += [str(name) for name in each]
    return named


def _who(security: Security) -> str:
    name = security.username or (security.endpoint and security.endpoint.client_id)
    return name or "this client"


def _not_let_in(security: Security, bootstrap: str) -> KafkaError:
    if security.endpoint is not None:
        return KafkaError(
            f"the brokers at {bootstrap} do not take the token of {security.endpoint.client_id}. "
            "Look at what they expect of its issuer, audience and keys "
            "(sasl.oauthbearer.expected.issuer, .expected.audience and .jwks.endpoint.url of the "
            "listener), and at sasl.oauthbearer.scope here"
        )
    scram = (security.mechanism or "").startswith("SCRAM")
    cure = (
        "kafka-configs.sh --bootstrap-server "
        f"{bootstrap} --command-config admin.properties --alter --entity-type users --entity-name "
        f"{security.username} --add-config '{security.mechanism}=[password=...]'"
        if scram
        else f"user_{security.username} in the sasl.jaas.config of the listener"
    )
    return KafkaError(
        f"the brokers at {bootstrap} do not let {security.username} in by {security.mechanism}: "
        f"the name or the password is not right. Check {in_place('sasl.username')} and "
        f"{in_place('sasl.password')}; whoever runs the brokers sets the password with: {cure}"
    )


def _by_tls(error: ssl.SSLError, security: Security, bootstrap: str) -> KafkaError | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, bootstrap)
    reason = getattr(error, "reason", None) or ""
    if "WRONG_VERSION" in reason or reason in ("HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return KafkaError(
            f"the brokers at {bootstrap} do not speak TLS there. Name the port of their TLS "
            f"listener, or set {in_place('security.protocol')} to what this one speaks"
        )
    if "ALERT" not in reason:
        return None
    if security.certificate is None:
        return KafkaError(
            f"the brokers at {bootstrap} let nobody in without a certificate ({reason}). Set "
            f"{in_place('ssl.certificate.location')} and {in_place('ssl.key.location')}"
        )
    return KafkaError(
        f"the brokers at {bootstrap} do not take the certificate {security.certificate} ({reason})."
        " It must be valid now, and come from an authority that they trust (their "
        "ssl.truststore.location)"
    )


def _untrusted(error: ssl.SSLCertVerificationError, bootstrap: str) -> KafkaError:
    why = error.verify_message.rstrip(".")
    if error.verify_code in (HOSTNAME, ADDRESS):
        return KafkaError(
            f"the certificate of the broker at {bootstrap} is for another name ({why}). Name the "
            "brokers as their certificate does (--broker, and advertised.listeners of the brokers),"
            " or have it made anew with this name as a subjectAltName"
        )
    if error.verify_code in (NOT_YET, EXPIRED):
        return KafkaError(
            f"the certificate of the broker at {bootstrap} is not valid now ({why}). Have it "
            "renewed, and look at the clock of this machine"
        )
    return KafkaError(
        f"the certificate of the broker at {bootstrap} comes from nobody that is trusted here "
        f"({why}). Name the certificate of its authority, in PEM form, in "
        f"{in_place('ssl.ca.location')}"
    )
