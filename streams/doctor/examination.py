"""All checks, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import kafka.errors

from streams.doctor import (
    clock,
    configuration,
    disk_space,
    environment,
    instances,
    lag,
    log_gaps,
    permissions,
    ports,
    readiness,
    refused,
    topic_settings,
    transport,
    versions,
    watchers,
)
from streams.doctor.brokers import Brokers, BrokersClient, asked
from streams.doctor.finding import Examined, Finding, NotKnown, examined
from streams.doctor.setup import Setup
from streams.errors import WatchroomError

BROKERS = "brokers"
NO_KAFKA = "there is no Kafka (--no-kafka)"
UNREACHED = "the brokers can't be asked"


def examine(setup: Setup) -> Iterator[Examined]:
    """What each check comes to, as it is done."""
    yield _done(configuration.CHECK, lambda: configuration.check(setup))
    yield _done(environment.CHECK, lambda: environment.check(setup))
    with ExitStack() as opened:
        client, state = None, None
        if setup.brokers:
            try:
                client = opened.enter_context(
                    asked(setup.brokers, setup.prefix, setup.inputs, setup.group)
                )
                state = client.ask_all()
            except (WatchroomError, kafka.errors.KafkaError, OSError) as error:
                client = None
                yield _unreached(setup, error)
            else:
                said = f"{len(state.hosts)} at {setup.brokers}"
                yield examined(BROKERS, said, ())
        yield from _of_kafka(setup, state, client)
        yield _done(versions.CHECK, lambda: versions.check(setup, state))
        yield _done(clock.CHECK, lambda: clock.check(setup, state))
        yield _done(instances.CHECK, lambda: instances.check(setup, client))
    for module in (disk_space, permissions, readiness, ports, watchers):
        yield _done(module.CHECK, partial(module.check, setup))


def _of_kafka(
    setup: Setup, state: Brokers | None, client: BrokersClient | None
) -> Iterator[Examined]:
    checks: list[tuple[str, Callable[[Brokers, BrokersClient], Examined]]] = [
        (topic_settings.CHECK, lambda state, _: topic_settings.check(setup, state)),
        (log_gaps.CHECK, lambda state, _: log_gaps.check(setup, state)),
        (lag.CHECK, lambda state, _: lag.check(setup, state)),
        (refused.CHECK, lambda state, client: refused.check(setup, state, client)),
        (transport.CHECK, lambda state, _: transport.check(state)),
    ]
    for name, check in checks:
        if state is None or client is None:
            why = UNREACHED if setup.brokers else NO_KAFKA
            yield Examined(check=name, verdict="unknown", said=why)
        else:
            yield _done(name, partial(check, state, client))


def _unreached(setup: Setup, error: Exception) -> Examined:
    finding = Finding.of_words(setup.brokers, str(error))
    if not finding.cure:
        cure = "Check that they run, and the address: --broker HOST:PORT"
        finding = Finding(subject=finding.subject, problem=finding.problem, cure=cure)
    return examined(BROKERS, UNREACHED, [finding])


def _done(name: str, check: Callable[[], Examined]) -> Examined:
    """What a check comes to; where it can't find out, that it can't."""
    try:
        return check()
    except NotKnown as why:
        return Examined(check=name, verdict="unknown", said=str(why))
    except (WatchroomError, kafka.errors.KafkaError, OSError) as error:
        why_not = f"it could not be looked at: {error or type(error).__name__}"
        return Examined(check=name, verdict="unknown", said=why_not)
