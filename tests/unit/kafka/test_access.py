"""deploy/kafka/access.sh: what it would do, which it says before it is told to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "deploy" / "kafka" / "access.sh"
REACH = "kafka-acls.sh --bootstrap-server k:1 --command-config admin.properties"


def run(*arguments: str, said: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), "--broker", "k:1", *arguments],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def lines(*arguments: str) -> list[str]:
    found = run(*arguments)
    assert found.returncode == 0, found.stderr
    return [line.strip() for line in found.stdout.splitlines()]


def test_a_producer_may_write_to_its_feeds_and_nothing_else() -> None:
    assert lines("--feeds", "calls,heartbeats", "--prefix", "wm.", "producer", "cad", "phones") == [
        (
            f"{REACH} --add --allow-principal User:cad --allow-principal User:phones "
            "--operation Write --operation DescribeConfigs --topic wm.calls --topic wm.heartbeats"
        )
    ]


def test_a_worker_reads_every_prefix_and_writes_to_its_own() -> None:
    prefixes = ("--topic-prefix", "a", "--topic-prefix", "b", "--feeds", "calls")
    found = lines(*prefixes, "--group", "g", "worker", "w")
    assert [line.removeprefix(f"{REACH} --add --allow-principal User:w ") for line in found] == [
        (
            "--operation Read --operation DescribeConfigs --topic a.calls --topic b.calls "
            "--topic watchroom.alerts --topic watchroom.published"
        ),
        (
            "--operation Write --operation DescribeConfigs --topic watchroom.alerts "
            "--topic watchroom.published --topic watchroom.deadletter"
        ),
        "--operation Read --group g",
        (
            "--operation Write --operation Describe --resource-pattern-type prefixed "
            "--transactional-id watchroom.alerts-g-"
        ),
    ]


def test_what_was_granted_is_taken_away_by_the_same_words() -> None:
    (line,) = lines("--deny", "reader", "analyst")
    assert line == (
        f"{REACH} --remove --force --allow-principal User:analyst --operation Read "
        "--operation DescribeConfigs --resource-pattern-type prefixed --topic watchroom."
    )


def test_a_password_stands_on_no_command_line(tmp_path: Path) -> None:
    tool = tmp_path / "kafka-configs.sh"
    tool.write_text('#!/bin/sh\necho "$@"\nfor last; do :; done\ncat "$last"; ls -l "$last"\n')
    tool.chmod(0o755)
    found = run("--apply", "user", "feed", said="pass word=1\n", KAFKA_BIN=str(tmp_path))
    command, content, listed = found.stdout.splitlines()
    assert "pass word" not in command
    assert content == "SCRAM-SHA-512=password=pass word=1"
    assert listed.startswith("-rw-------")
    assert not Path(command.split()[-1]).exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["owner", "x"],
            '"owner" is no role: user, producer, worker, operator, reader, doctor or retrier',
        ),
        (["reader", "a;b"], '"a;b" is no name of a user'),
        (["--grup", "g", "worker", "w"], "--grup is no option"),
        (["--apply", "user", "x"], "no password came on standard input"),
        (["--mechanism", "PLAIN", "user", "x"], "PLAIN is no SCRAM-SHA-256 or -512"),
    ],
)
def test_what_is_wrong_is_told(arguments: list[str], words: str) -> None:
    found = run(*arguments)
    assert found.returncode == 2
    assert words in found.stderr
