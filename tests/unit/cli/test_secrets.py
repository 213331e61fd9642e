"""A password in an address that a command is given stands in nothing that it says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.kafka import brokers
from streams.outputs.alertmanager import silences
from streams.outputs.alertmanager.silences import Silencer, SilenceRequest
from streams.outputs.front.server import Front
from streams.outputs.notify.channels import channel_of
from streams.outputs.rules.text import Links
from streams.printing import LogFormatter

SECRET = "hunter2"  # noqa: S105  what is looked for
URL = f"http://ops:{SECRET}@127.0.0.1:1"
BROKER = f"ops:{SECRET}@127.0.0.1:1"
NOT_ONE = f"gopher://ops:{SECRET}@host"

LINES = {
    "run --web": ["run", "--embedded", "events.ndjson", "--web", NOT_ONE],
    "replay --web": ["replay", "events.ndjson", "--web", NOT_ONE],
    "replay --to-kafka": ["replay", "events.ndjson", "--to-kafka", BROKER, "--prefix", "test"],
    "worker --broker": ["worker", "--broker", BROKER, "--web", "off"],
    "worker --web": ["worker", "--web", NOT_ONE],
    "wallboard --worker": ["wallboard", "--worker", NOT_ONE],
    "wallboard --web": ["wallboard", "--worker", URL, "--web", NOT_ONE],
    "board --url": ["board", "--url", URL],
    "query --url": ["query", "calls.offered", "--period", "2024-01", "--url", URL],
    "flags --url": ["flags", "2024-01", "--url", URL],
    "publish --broker": ["publish", "events.ndjson", "--broker", BROKER],
    "simulate --broker": ["simulate", "--broker", BROKER],
    "topics check --broker": ["topics", "check", "--broker", BROKER],
    "topics create --broker": ["topics", "create", "--broker", BROKER],
    "topics list --broker": ["topics", "list", "--broker", BROKER],
    "deadletter list --broker": ["deadletter", "list", "--broker", BROKER],
    "deadletter retry --broker": ["deadletter", "retry", "x", "--broker", BROKER],
    "deadletter show --broker": ["deadletter", "show", "x", "--broker", BROKER],
    "alerts ack --url": ["alerts", "ack", "1", "--who", "AB", "--url", URL],
    "alerts close --url": [
        "alerts", "close", "1", "--outcome", "real", "--who", "AB", "--url", URL,
    ],
    "alerts handover --url": ["alerts", "handover", "--url", URL],
    "alerts list --url": ["alerts", "list", "--url", URL],
    "alerts show --url": ["alerts", "show", "1", "--url", URL],
    "alerts snooze --url": [
        "alerts", "snooze", "1", "--until", "1h", "--reason", "x", "--who", "AB", "--url", URL,
    ],
    "rules check --grafana": ["rules", "check", "--output", "rules", "--grafana", URL],
    "rules check --runbooks": ["rules", "check", "--output", "rules", "--runbooks", URL],
    "rules error-budget --grafana": ["rules", "error-budget", "--target", "0.9", "--grafana", URL],
    "rules error-budget --runbooks": [
        "rules", "error-budget", "--target", "0.9", "--runbooks", URL,
    ],
    "rules write --grafana": ["rules", "write", "--output", "rules", "--grafana", URL],
    "rules write --runbooks": ["rules", "write", "--output", "rules", "--runbooks", URL],
    "ingest --broker": ["ingest", "--ingest-tokens", "senders.json", "--broker", BROKER],
    "ingest --web": ["ingest", "--ingest-tokens", "senders.json", "--web", NOT_ONE],
    "grafana push --grafana": ["grafana", "push", "--grafana", URL],
    "grafana push --url": ["grafana", "push", "--force", "warwickshire", "--url", URL],
}  # fmt: skip
"""What is typed, by command and option, where that alone is not enough. Nothing listens at any of
the addresses."""

WORDS = ("url", "broker", "host:port", "grafana", "runbooks")


def options() -> Iterator[str]:
    """Every option of every command that takes an address."""

    def walk(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                yield from walk(inner, (*path, name))
            return
        for each in command.params:
            form = f"{each.opts} {each.metavar} {each.type.name} {each.default}".lower()
            if isinstance(each, click.Option) and any(word in form for word in WORDS):
                yield f"{' '.join(path)} {each.opts[0]}"

    yield from walk(main, ())


def typed(option: str) -> list[str]:
    """The line that gives an option an address with a password."""
    *_, name = option.split()
    return LINES.get(option) or [*option.split(), BROKER if "bro" in name else URL]


def test_the_options_that_need_more_are_there() -> None:
    assert set(LINES) <= set(options())


@pytest.mark.parametrize("option", sorted(options()))
def test_no_command_tells_the_password_of_an_address(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(brokers, "BOOTSTRAP_SECONDS", 0.0)
    monkeypatch.setenv("WATCHROOM_GRAFANA_TOKEN", "t0ken")
    monkeypatch.setenv("ALERTMANAGER_URL", URL)
    monkeypatch.setenv("WATCHROOM_URL", URL)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)  # pytest's own log stays
    Path("events.ndjson").write_text("", "utf-8")
    ran = CliRunner().invoke(main, typed(option))
    caplog.handler.setFormatter(LogFormatter())
    assert isinstance(ran.exception, SystemExit | type(None)), ran.exception
    assert SECRET not in ran.output + "".join(map(caplog.handler.format, caplog.records))
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or SECRET not in file.read_text("utf-8", "replace"), file


def test_a_front_names_its_workers_without_their_passwords() -> None:
    front = Front([URL])
    (worker,) = front.holders.workers
    assert (worker.url, worker.shown) == (URL, "http://***@127.0.0.1:1")


def test_an_alertmanager_that_is_away_is_told_without_its_password(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silences, "TRIES", 1)
    wanted = SilenceRequest((), "", "", "AB", "")
    silencer = Silencer(f"gopher://ops:{SECRET}@h", pause=0.0)
    with pytest.raises(ValueError, match="no address") as raised:
        silencer.post(wanted)
    assert SECRET not in str(raised.value)


def test_a_channel_is_known_by_its_scheme_and_a_digest() -> None:
    assert SECRET not in channel_of(f"json://ops:{SECRET}@127.0.0.1:1/{SECRET}", "X").name
    assert SECRET not in channel_of(f"webhook+https://{SECRET}@127.0.0.1:1/", "X").name


def test_rules_lead_people_to_addresses_without_a_password() -> None:
    links = Links(URL, "")
    assert links.runbook("A") == "http://localhost:8787/runbooks/A"
    assert Links(wallboard=URL).board() == "http://127.0.0.1:1/"
    assert links.dashboard("calls") == "http://127.0.0.1:1/d/watchroom-calls"
