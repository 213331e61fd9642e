"""A broker with TLS, SASL and the rights of deploy/kafka: what is let in, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)

from streams.board.model import decode_board
from streams.board.monitor import canonical
from streams.cli import main
from streams.kafka import brokers, topics
from streams.kafka.log_source import LogSource
from tests import events
from tests.servers.kafka import Found
from tests.servers.process import wait_until
from tests.servers.rig import Worker
from tests.servers.secured import ADMIN, PLAIN_USER, SecuredKafka, secured

PREFIX = "watchroom"
OPERATOR, FEED, WORKER, PROXY = "operator", "feed", "worker", "ids"


@pytest.fixture(scope="module")
def broker(kafka_found: Found, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """One broker for the file, with its users and rights made by the script, and its topics made
    by the operator."""
    users = {FEED: "SCRAM-SHA-256", WORKER: "SCRAM-SHA-512", "leaver": "SCRAM-SHA-512"}
    with secured(kafka_found, tmp_path_factory.mktemp("secured"), users) as made:
        made.grant("user", OPERATOR, password=made.password(OPERATOR))
        made.grant(OPERATOR, OPERATOR)
        made.grant("producer", FEED, PLAIN_USER, "feed-with-certificate")
        made.grant("worker", WORKER, PROXY, "worker-with-certificate", "leaver")
        made.grant("reader", "reader-with-certificate")
        made.grant("doctor", "doctor-with-certificate")
        with pytest.MonkeyPatch.context() as patch:
            act(patch, made.scram(OPERATOR))
            told = run("topics", "create", "--partitions", "4")
            assert told.exit_code == 0, told.output
        yield made


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "BOOTSTRAP_SECONDS", 5.0)


def act(patch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    """From now on this process has these settings."""
    for name, value in settings.items():
        patch.setenv(name, value)


def run(*arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(main, list(arguments), input=said)


def secrets_of(broker: SecuredKafka) -> list[str]:
    return [*broker.passwords.values(), "open sesame"]


# -- what is let in --------------------------------------------------------------------------------


def worker_of(folder: Path, settings: dict[str, str]) -> Worker:
    """A worker with these settings."""
    rig: Any = SimpleNamespace(
        folder=folder,
        bootstrap=settings["WATCHROOM_BOOTSTRAP"],
        prefix=PREFIX,
        forces=[part for name in events.FORCES for part in ("--force", name)],
    )
    return Worker(rig, "worker", environment=settings)


def lines_of(found: list[events.Event]) -> str:
    return "".join(f"{event.line.decode()}\n" for event in found)


def board_of(worker: Worker, force: str) -> bytes:
    found = worker.board(force)
    return canonical(decode_board(json.dumps(found).encode())) if found else b""


@pytest.mark.parametrize(
    ("way", "force"),
    [("scram", "warwickshire"), ("certificate", "west-mercia"), ("token", "city-of-london")],
)
def test_a_worker_counts_what_a_feed_sends_whichever_way_they_come_in(
    broker: SecuredKafka, way: str, force: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds = {
        "scram": broker.scram(FEED, "SCRAM-SHA-256"),
        "certificate": broker.mtls("feed-with-certificate"),
        "token": broker.plain(),
    }
    workers = {
        "scram": broker.scram(WORKER),
        "certificate": broker.mtls("worker-with-certificate"),
        "token": broker.oauth(PROXY),
    }
    broker.tokens.seconds = 12.0  # it has to be renewed while the worker runs
    sent = [event for event in events.events(300) if event.force == force]
    later = [event for event in events.events(60, seed=2) if event.force == force]
    act(monkeypatch, feeds[way])
    told = run("publish", "-", said=lines_of(sent))
    assert told.exit_code == 0, told.output
    worker = worker_of(tmp_path, workers[way])
    try:
        worker.start()
        assert board_of(worker, force) == events.boards(sent)[force]
        asked = len(broker.tokens.asked)
        if way == "token":  # connections end with their tokens, and are made with new ones
            wait_until(lambda: len(broker.tokens.asked) > asked, 20, "a token was renewed")
        assert run("publish", "-", said=lines_of(later)).exit_code == 0
        wanted = events.boards(sent + later)[force]
        wait_until(lambda: board_of(worker, force) == wanted, 20, "the board is as wanted")
        wait_until(worker.ready, 60, "it is ready")
        about, log = worker.get("/about")[1].decode(), worker.server.log.read_text()
    finally:
        worker.stop()
    for secret in secrets_of(broker):
        assert secret not in about
        assert secret not in log


def test_topics_are_made_as_they_should_be_by_whoever_may_make_topics(
    broker: SecuredKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(monkeypatch, broker.scram(OPERATOR))
    told = run("topics", "check", "--partitions", "4")
    assert (told.exit_code, told.stdout) == (0, "All topics are as they should be.\n")
    assert told.stderr.startswith("Not looked for silent feeds, since the right Read is missing: ")


def test_a_doctor_finds_all_well_with_rights_that_change_nothing(
    broker: SecuredKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(monkeypatch, broker.mtls("doctor-with-certificate"))
    told = run("doctor", "--partitions", "4")
    assert "topics                       well       8 topics of watchroom" in told.output, (
        told.output
    )
    assert "log against checkpoints      well" in told.output
    assert "Kafka transport              well       SSL, as " in told.output
    act(monkeypatch, broker.mtls("reader-with-certificate"))
    told = run("doctor", "--partitions", "4")
    assert "lag                          not known  the brokers do not let " in told.output
    assert "the right Describe on group watchroom is missing" in told.output


def test_a_reader_lists_dead_letters_and_replays_topics(
    broker: SecuredKafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    act(monkeypatch, broker.mtls("reader-with-certificate"))
    told = run("deadletter", "list")
    assert (told.exit_code, told.stderr) == (0, "0 dead letters\n")
    place = f"kafka://{broker.bootstrap['MTLS']}/{PREFIX}"
    told = run("replay", place, "--state", str(tmp_path), "--no-surveillance")
    assert told.exit_code == 0, told.output


# -- what is refused -------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[SecuredKafka], dict[str, str]], str]] = {
    "a wrong password": (
        lambda b: {**b.plain(), "WATCHROOM_KAFKA_SASL_PASSWORD": "wrong"},
        "do not let cad in by PLAIN: the name or the password is not right",
    ),
    "a user that there is not": (
        lambda b: b.scram("stranger"),
        "do not let stranger in by SCRAM-SHA-512: the name or the password is not right",
    ),
    "an authority that is not trusted": (
        lambda b: {**b.tls(), "WATCHROOM_KAFKA_SSL_CA_LOCATION": ""},
        "comes from nobody that is trusted here",
    ),
    "another host name": (
        lambda b: {
            **b.tls(),
            "WATCHROOM_BOOTSTRAP": b.bootstrap["TLS"].replace("localhost", "127.0.0.1"),
        },
        "is for another name",
    ),
    "no certificate": (
        lambda b: {**b.tls(), "WATCHROOM_BOOTSTRAP": b.bootstrap["MTLS"]},
        "let nobody in without a certificate",
    ),
    "no TLS": (
        lambda b: dict.fromkeys(b.tls(), "") | {"WATCHROOM_BOOTSTRAP": b.bootstrap["TLS"]},
        "the brokers speak TLS there, and this client does not",
    ),
    "a wrong secret of a client": (
        lambda b: {**b.oauth(PROXY), "WATCHROOM_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": "wrong"},
        "gives no token to ids (401 invalid_client)",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_told_at_once_with_its_cure(
    broker: SecuredKafka, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, words = REFUSED[what]
    act(monkeypatch, settings(broker))
    told = run("topics", "check")
    assert told.exit_code == 1
    assert words in told.output
    assert not [secret for secret in secrets_of(broker) if secret in told.output]


@pytest.mark.parametrize("what", ["forged", "for another service", "of another issuer"])
def test_a_token_that_the_brokers_do_not_take_is_told(
    broker: SecuredKafka, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker.tokens, "forged", what == "forged")
    claims = {"for another service": {"aud": "mail"}, "of another issuer": {"iss": "https://x"}}
    monkeypatch.setattr(broker.tokens, "claims", claims.get(what, {}))
    broker.tokens.clients[what] = "its secret"
    act(monkeypatch, broker.oauth(what))
    told = run("topics", "check")
    assert told.exit_code == 1
    assert f"do not take the token of {what}" in told.output


def test_a_producer_without_the_right_is_refused_and_nothing_of_it_is_in_the_log(
    broker: SecuredKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(monkeypatch, broker.mtls("reader-with-certificate"))
    ends = ends_of(broker)
    file = tmp_path / "events.ndjson"
    file.write_text(lines_of(events.events(50, seed=3)))
    told = run("publish", str(file), "--dead-letters", str(tmp_path / "refused.ndjson"))
    assert told.exit_code == 1
    assert "the right Write on topic watchroom.calls is missing" in told.output
    assert "--operation Write --topic watchroom.calls" in told.output
    assert "0 events are safely there" in told.output
    assert ends_of(broker) == ends
    act(monkeypatch, broker.plain())
    assert run("publish", "-", said=file.read_text()).exit_code == 0
    assert ends_of(broker) > ends


def ends_of(broker: SecuredKafka) -> int:
    """How many offsets the topics have, as the reader sees them."""
    with pytest.MonkeyPatch.context() as patch:
        act(patch, broker.mtls("reader-with-certificate"))
        with LogSource(broker.bootstrap["MTLS"], PREFIX) as source:
            return sum(end for _, end in source.spans.values())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["deadletter", "list"], "the right Read on topic watchroom.deadletter is missing"),
        (["publish", "FILE"], "files are history"),
        (["replay", "kafka://BROKER/watchroom"], "the right Read on topic watchroom.calls is"),
        (["topics", "create", "--prefix", "new"], "the right Describe on topic new.alerts, new."),
        (["worker", "--web", "off"], "the right Read on topic watchroom.calls, watchroom.crimes"),
    ],
)
def test_a_feed_that_does_more_than_send_is_told_which_right_it_lacks(
    broker: SecuredKafka, command: list[str], words: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    act(monkeypatch, broker.plain())
    monkeypatch.chdir(tmp_path)
    Path("FILE").write_text(lines_of(events.events(20)))
    run("publish", "-", said=Path("FILE").read_text())
    told = run(*(part.replace("BROKER", broker.bootstrap["SASL"]) for part in command))
    assert told.exit_code == 1
    assert words in told.output


def test_a_feed_of_one_force_can_not_send_to_the_topics_of_another(
    broker: SecuredKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(monkeypatch, broker.plain())
    found = run("publish", "-", "--prefix", "west-mercia", said=lines_of(events.events(5)))
    assert found.exit_code == 1
    assert "the right Write on topic west-mercia." in found.output
    assert "0 events are safely there" in found.output


def test_a_worker_without_the_right_to_its_group_does_not_start(
    broker: SecuredKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(monkeypatch, broker.scram(WORKER))
    told = run("worker", "--web", "off", "--group", "another", "--checkpoints", str(tmp_path))
    assert told.exit_code == 1
    assert "the right Read on group another is missing" in told.output
    assert "--add --allow-principal User:worker --operation Read --group another" in told.output


def rights_of(principal: str) -> ACLFilter:
    """All that a principal was granted."""
    return ACLFilter(
        principal, "*", ACLOperation.ANY, ACLPermissionType.ANY,
        ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
    )  # fmt: skip


def test_a_worker_whose_rights_are_withdrawn_ends_and_says_which(
    broker: SecuredKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = worker_of(tmp_path, broker.scram("leaver"))
    try:
        worker.start()
        act(monkeypatch, broker.scram(ADMIN))
        with topics.admin(broker.bootstrap["SASL"]) as client:
            client.delete_acls([rights_of("User:leaver")])
        wait_until(lambda: not worker.server.running, 30, "the worker has ended")
        assert worker.said(r"Error: .*the right (?:Read|Describe) on (?:topic|group) watchroom")
    finally:
        worker.stop()
