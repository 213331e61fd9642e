"""Clients of Kafka that say in plain words what is wrong with the brokers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import kafka.errors

from streams.errors import KafkaError

BOOTSTRAP_SECONDS = 10.0


def unreachable(bootstrap: str, why: object) -> KafkaError:
    """The error for brokers that do not answer, with its cure."""
    return KafkaError(
        f"the Kafka brokers at {bootstrap} can't be reached ({why}). Check that they run, and the "
        "address in --bootstrap (host:port, several with commas)"
    )


def connected(client: Callable[..., Any], bootstrap: str, **options: object) -> Any:
    """A client of kafka-python that has found its brokers; raises `KafkaError`."""
    try:
        return client(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=int(BOOTSTRAP_SECONDS * 1000),
            **options,
        )
    except (kafka.errors.KafkaError, OSError, ValueError) as error:
        raise unreachable(bootstrap, error) from error


@contextmanager
def in_use(client: Any, bootstrap: str) -> Iterator[Any]:
    """A client for a block, closed after it; what Kafka raises in it becomes a `KafkaError`."""
    try:
        yield client
    except kafka.errors.KafkaError as error:
        raise KafkaError(f"the Kafka brokers at {bootstrap}: {error}") from error
    finally:
        client.close()


def await_brokers(bootstrap: str, seconds: float | None = None) -> None:
    """Wait until one of the addresses takes connections; raises `KafkaError` after that time.

    kafka-python would wait too, but a client of it that fails to start leaves its thread and its
    sockets behind, and tells a mistyped port no better than a broker that is down.
    """
    deadline = time.monotonic() + (BOOTSTRAP_SECONDS if seconds is None else seconds)
    while True:
        why: object = "no address"
        for address in filter(None, map(str.strip, bootstrap.split(","))):
            host, colon, port = address.rpartition(":")
            if not colon:
                host, port = address, "9092"
            if not port.isdecimal() or not 0 < int(port) < 65_536:
                raise unreachable(bootstrap, f'"{port}" is no port')
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
            except OSError as error:
                why = error.strerror or error
            else:
                return
        if time.monotonic() > deadline:
            raise unreachable(bootstrap, why)
        time.sleep(0.2)
