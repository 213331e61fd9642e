"""Events over HTTP: the page as written, a kill, and Kafka that goes away."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.kafka.deadletter_topic import read as read_letters
from streams.kafka.topics import admin, create
from streams.outputs.sign_in.tokens import TokenFile
from tests.servers.kafka import Kafka
from tests.servers.process import free_port, wait_until
from tests.servers.test_publish import messages
from tests.source_tree import ROOT

PAGE = (ROOT / "docs/ingest.md").read_text("utf-8")
FORCE = find_force("warwickshire")


def event(number: int, **more: object) -> dict[str, object]:
    stamp = f"2021-03-01T10:{number % 60:02}:00Z"
    held = {"kind": "call", "force": "warwickshire", "id": f"c{number}", "line": "999"}
    return {**held, "offered_at": stamp, "updated_at": stamp, **more}


@contextmanager
def watchroom(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A command that takes events, and its address."""
    port = free_port()
    command = [sys.executable, "-m", "streams.cli", *options]
    where = f"127.0.0.1:{port}"
    command += ["--ingest" if options[0] == "run" else "--web", where]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        url = f"http://{where}"
        wait_until(lambda: _answers(f"{url}/healthz"), 60, "the server")
        yield process, url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


def post(url: str, token: str, events: list[dict[str, object]]) -> Any:
    body = "\n".join(map(json.dumps, events)).encode()
    headers = {"authorization": f"Bearer {token}"}
    return httpx2.post(f"{url}/events", content=body, headers=headers, trust_env=False, timeout=90)


def test_the_examples_of_the_page_do_what_it_says_and_all_is_there_after_a_kill(
    tmp_path: Path,
) -> None:
    shim = tmp_path / "bin/watchroom"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m streams.cli "$@"\n', "utf-8")
    shim.chmod(0o755)
    environment = {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}", "no_proxy": "*"}
    tokens, sends = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    (said,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

    def typed(block: str) -> str:
        text = re.sub(r"^\$ ", "", block, flags=re.MULTILINE)
        done = subprocess.run(
            ["bash", "-ec", text], cwd=tmp_path, env=environment, capture_output=True, check=True,
            timeout=120,
        )  # fmt: skip
        return done.stdout.decode()

    assert "telephony" in typed(tokens)
    line = [
        "run", "--force", "warwickshire", "--ingest-tokens", "senders.json", "--state", "state",
        "--no-surveillance",
    ]  # fmt: skip
    with watchroom(tmp_path, *line, "--web", "0") as (process, url):
        answers = typed(sends.replace("http://127.0.0.1:8788", url))
        both = [json.loads(each) for each in answers.replace("}{", "}\n{").splitlines()]
        assert both == [json.loads(said)] * 2
        process.send_signal(signal.SIGKILL)
        process.wait()
    web = free_port()
    with watchroom(tmp_path, *line, "--web", str(web)):
        board = httpx2.get(f"http://127.0.0.1:{web}/board.json", trust_env=False).json()
        assert board["ingest"]["call"]["new"] == 1


def test_kafka_has_what_was_answered_and_what_it_could_not_take_is_sent_again(
    kafka: Kafka, topic_prefix: str, tmp_path: Path
) -> None:
    if not kafka.owned:
        pytest.skip("these brokers are not ours to stop")
    prefix = topic_prefix.rstrip(".")
    with admin(kafka.bootstrap) as client:
        create(client, prefix, 6, 1)
    token = TokenFile(tmp_path / "senders.json").add("cad", "send:warwickshire", 1)
    line = [
        "ingest", "--ingest-tokens", "senders.json",
        "--broker", kafka.bootstrap, "--prefix", prefix,
        "--force", "warwickshire",
    ]  # fmt: skip
    events = [event(n) for n in range(700)]
    with watchroom(tmp_path, *line) as (_, url):
        wrong = [event(1, answered_at="2021-03-01T09:00:00Z"), event(2, force="west-mercia")]
        answer = post(url, token, [*events[:650], *wrong])
        said = answer.json()
        assert (answer.status_code, said["accepted"], said["refused"]) == (200, 650, 2)
        with kafka.down():
            answer = post(url, token, events[640:])
            assert answer.status_code == 503
            assert {each["verdict"] for each in answer.json()["lines"]} == {"not_stored"}
            assert httpx2.get(f"{url}/readyz", trust_env=False).status_code == 503
        wait_until(
            lambda: post(url, token, events[640:]).status_code == 200, 60, "the brokers again"
        )
        assert httpx2.get(f"{url}/readyz", trust_env=False).status_code == 200
    found = messages(kafka, f"{prefix}.calls")
    assert {key for _, key, _ in found} == {b"warwickshire-west-mercia"}
    monitor, direct = Monitor([FORCE]), Monitor([FORCE])
    for _, _, held in found:
        monitor.ingest(b"\n".join(held), 2**42)
    direct.ingest("\n".join(map(json.dumps, events)).encode(), 2**42)
    ledger, wanted = monitor.ledger("call", FORCE.id), direct.ledger("call", FORCE.id)
    assert ledger is not None
    assert wanted is not None
    assert ledger.entries == wanted.entries
    letters = read_letters(kafka.bootstrap, prefix)
    assert sorted(each.reason for each in letters) == ["answered_before_offered", "wrong_force"]
