"""What brokers refuse, in words, with the command that mends it."""

from __future__ import annotations

import ssl

import aiokafka.errors
import kafka.errors
import pytest

from streams.kafka.oauth import TokenEndpoint
from streams.kafka.refusals import Denied, NotAllowed, refusal
from streams.kafka.security import Security

FEED = Security("SASL_SSL", mechanism="SCRAM-SHA-512", username="feed", password="p")  # noqa: S106
TOKEN = Security("SASL_SSL", mechanism="OAUTHBEARER", endpoint=TokenEndpoint("https://x", "c", "s"))
ACLS = "kafka-acls.sh --bootstrap-server k:1 --command-config admin.properties --add"


def said(error: BaseException, security: Security = FEED, operations: tuple[str, ...] = ()) -> str:
    return str(refusal(error, security, "k:1", operations=operations))


@pytest.mark.parametrize(
    ("error", "right", "command"),
    [
        (
            Denied("topic", ["b", "a"], ["Write"]),
            "Write on topic a, b",
            "Write --topic a --topic b",
        ),
        (
            kafka.errors.TopicAuthorizationFailedError("w.calls"),
            "Read on topic w.calls",
            "--operation Read --topic w.calls",
        ),
        (
            aiokafka.errors.TopicAuthorizationFailedError({"w.calls"}),
            "Read on topic w.calls",
            "--operation Read --topic w.calls",
        ),
        (
            aiokafka.errors.GroupAuthorizationFailedError("watchroom"),
            "Read on group watchroom",
            "--operation Read --group watchroom",
        ),
        (kafka.errors.ClusterAuthorizationFailedError(), "Create on the cluster", "--cluster"),
        (
            aiokafka.errors.TransactionalIdAuthorizationFailed(),
            "Write and Describe on the transactional-id",
            "--operation Write --operation Describe --transactional-id NAME",
        ),
    ],
)
def test_a_missing_right_is_named_with_the_command_that_grants_it(
    error: BaseException, right: str, command: str
) -> None:
    words = said(error, operations=("Read",))
    assert f"the right {right} is missing" in words
    assert f"{ACLS} --allow-principal User:feed " in words
    assert command in words
    assert isinstance(refusal(error, FEED, "k:1"), NotAllowed)


def test_a_right_of_who_is_known_by_a_token_or_certificate_says_what_its_name_is() -> None:
    denied = Denied("topic", ["a"], ["Read"])
    assert "User:NAME --operation Read --topic a (NAME is the subject of its token)" in said(
        denied, TOKEN
    )
    assert "(NAME is the subject of its certificate)" in said(
        denied, Security("SSL", certificate="c.pem", key="c.key")
    )


@pytest.mark.parametrize(
    ("reason", "security", "words"),
    [
        ("WRONG_VERSION_NUMBER", Security("SSL"), "do not speak TLS there"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", Security("SSL"), "nobody in without a certificate"),
        (
            "TLSV1_ALERT_UNKNOWN_CA",
            Security("SSL", certificate="mine.pem", key="mine.key"),
            "do not take the certificate mine.pem (TLSV1_ALERT_UNKNOWN_CA)",
        ),
    ],
)
def test_what_tls_refuses_is_told(reason: str, security: Security, words: str) -> None:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    assert words in said(error, security)


def test_a_certificate_that_has_expired_is_told() -> None:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_code, error.verify_message = 10, "certificate has expired"
    assert "is not valid now (certificate has expired). Have it renewed" in said(error)


def test_a_mechanism_that_the_listener_lacks_is_told_with_those_that_it_has() -> None:
    error = aiokafka.errors.UnsupportedSaslMechanismError(
        "Kafka broker does not support X sasl mechanism. Enabled mechanisms are: ['PLAIN']"
    )
    assert "do not take SCRAM-SHA-512; they take ['PLAIN']" in said(error)


def test_brokers_that_are_away_are_no_refusal() -> None:
    for error in (OSError("x"), kafka.errors.KafkaTimeoutError(), ssl.SSLError(1, "EOF")):
        assert refusal(error, FEED, "k:1") is None
