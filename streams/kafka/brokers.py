"""Clients of Kafka that say in plain words what is wrong with the brokers.

All are made with the security of this process (`streams.kafka.security`). Clients try a connection
again and again that is refused for good, and tell only that it did not come about. So one is made
by hand first, step by step: what is refused in it will be refused again.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aiokafka.errors
import kafka.errors
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.metadata import MetadataRequest

from streams.errors import ConfigError, KafkaError
from streams.kafka.refusals import refusal
from streams.kafka.security import Security, current, in_place

BOOTSTRAP_SECONDS = 10.0
ANSWER_SECONDS = 3.0
"""How long one broker may take to answer while its connection is tried."""
_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""The first thing that clients ask: which requests a broker knows. Length, key, version, number, no
name of a client."""
_TLS_ALERT = b"\x15\x03"
"""How the answer of a TLS listener begins to what is no TLS."""


def unreachable(bootstrap: str, why: object) -> KafkaError:
    """The error for brokers that do not answer, with its cure."""
    return KafkaError(
        f"the Kafka brokers at {bootstrap} can't be reached ({why}). Check that they run, and the "
        "address in --broker (host:port, several with commas)"
    )


def connected(client: Callable[..., Any], bootstrap: str, **options: object) -> Any:
    """A client of kafka-python that has found its brokers; raises `KafkaError`, or `ConfigError`
    where the settings of the connection are wrong."""
    security = current()
    made = {"bootstrap_timeout_ms": int(BOOTSTRAP_SECONDS * 1000), **options}
    try:
        return client(bootstrap_servers=bootstrap.split(","), **security.for_kafka_python(), **made)
    except (kafka.errors.KafkaError, OSError, ValueError) as error:
        raise refusal(error, security, bootstrap) or unreachable(bootstrap, error) from error


@contextmanager
def in_use(client: Any, bootstrap: str, operations: Iterable[str] = ()) -> Iterator[Any]:
    """A client for a block, closed after it; what Kafka raises in it becomes a `KafkaError`.
    `operations` are the rights that the block needs, where one is missing."""
    try:
        yield client
    except kafka.errors.KafkaError as error:
        raise in_words(error, bootstrap, operations) from error
    finally:
        client.close()


def in_words(error: BaseException, bootstrap: str, operations: Iterable[str] = ()) -> KafkaError:
    """The error for what a client, or making one, raised; `operations` as in `in_use`. Where the
    settings of the connection have become wrong meanwhile, it says that."""
    if isinstance(error, ConfigError):
        return KafkaError(str(error))
    try:
        refused = refusal(error, current(), bootstrap, operations=operations)
    except ConfigError as wrong:
        return KafkaError(str(wrong))
    return refused or KafkaError(f"the Kafka brokers at {bootstrap}: {error}")


def await_brokers(bootstrap: str, seconds: float | None = None) -> None:
    """Wait until one of the addresses takes connections; raises `KafkaError` after that time, and
    at once for what is refused; `ConfigError` where the settings of the connection are wrong.

    kafka-python would wait too, but a client of it that fails to start leaves its thread and its
    sockets behind, and tells a mistyped port no better than a broker that is down.
    """
    security = current()
    context = security.context()
    deadline = time.monotonic() + (BOOTSTRAP_SECONDS if seconds is None else seconds)
    while True:
        why: object = "no address"
        for host, port in addresses(bootstrap):
            try:
                _try(host, port, security, context)
            except KafkaError:
                raise
            except Exception as error:
                refused = refusal(error, security, f"{host}:{port}")
                if refused is not None:
                    raise refused from error
                why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            else:
                return
        if time.monotonic() > deadline:
            raise unreachable(bootstrap, why)
        time.sleep(0.2)


def addresses(bootstrap: str) -> Iterator[tuple[str, int]]:
    """Host and port of each; raises `KafkaError`."""
    for address in filter(None, map(str.strip, bootstrap.split(","))):
        host, colon, port = address.rpartition(":")
        if not colon:
            host, port = address, "9092"
        if not port.isdecimal() or not 0 < int(port) < 65_536:
            raise unreachable(bootstrap, f'"{port}" is no port')
        yield host.strip("[]"), int(port)


def _try(host: str, port: int, security: Security, context: ssl.SSLContext | None) -> None:
    """Connects, and asks as a client would, up to being let in; raises what is wrong."""
    with socket.create_connection((host, port), timeout=ANSWER_SECONDS) as plain:
        _greet(plain if context is None else _in_tls(plain, host, context))
    if security.uses_sasl:
        asyncio.run(_sign_in(host, port, security))


def _in_tls(plain: socket.socket, host: str, context: ssl.SSLContext) -> socket.socket:
    try:
        return context.wrap_socket(plain, server_hostname=host.rstrip("."))
    except ssl.SSLEOFError as error:
        # A listener without TLS takes the greeting for a length, and hangs up.
        raise OSError(_other_protocol("TLS")) from error


def _greet(connection: socket.socket) -> None:
    with connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.sendall(_API_VERSIONS)
        said = connection.recv(4)
    if said[:2] == _TLS_ALERT:
        raise KafkaError(
            f"the brokers speak TLS there, and this client does not. Set "
            f"{in_place('security.protocol')} to SSL or SASL_SSL, or name another port"
        )
    if not said:
        raise OSError(_other_protocol("no TLS"))


def _other_protocol(spoken: str) -> str:
    return f"it hung up; this client speaks {spoken}, see {in_place('security.protocol')}"


async def _sign_in(host: str, port: int, security: Security) -> None:
    connection = AIOKafkaConnection(
        host,
        port,
        client_id="watchroom",
        request_timeout_ms=int(ANSWER_SECONDS * 1000),
        **security.for_aiokafka(),
    )
    try:
        await connection.connect()
        if security.endpoint is not None:
            await _ask_once(connection)
    finally:  # which takes some turns of a loop that ends with this
        with suppress(TimeoutError):
            await asyncio.wait_for(connection.close(), ANSWER_SECONDS)


async def _ask_once(connection: AIOKafkaConnection) -> None:
    """A token that is refused is answered with a reason, which aiokafka takes for a welcome. What
    is asked next is then answered with nothing, or not at all."""
    try:
        answer = await connection.send(MetadataRequest([]))
    except aiokafka.errors.KafkaConnectionError as error:
        raise aiokafka.errors.SaslAuthenticationFailed from error
    if not answer.brokers:
        raise aiokafka.errors.SaslAuthenticationFailed
