"""Dead letters, from the refusal in a worker to the line that is sent again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from tests.build import TINY_FORCE, call, lines, ms, row
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import Rig, rigged

AT = ms("2021-03-01T10:10:00Z")
WITHOUT_101 = TINY_FORCE.replace('id = "101"\nname = "101"', 'id = "111"\nname = "111"')


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        yield made


def run(rig: Rig, command: str, *arguments: str) -> Result:
    where = ["--broker", rig.bootstrap, "--prefix", rig.prefix]
    return CliRunner().invoke(main, ["deadletter", command, *where, *arguments])


def test_a_line_is_sent_again_once_the_force_file_is_mended(rig: Rig) -> None:
    file = rig.folder / "tiny.toml"
    file.write_text(WITHOUT_101)
    rig.forces = ["--force", str(file)]
    worker = rig.worker()
    worker.start()
    rig.send("call", "tiny", lines([call("a"), call("b", line="101")]))
    rig.send("call", "tiny", b"rubbish")
    rig.producer.flush()
    wait_until(
        lambda: run(rig, "list").stdout.count("\n") == 2, 30, "both dead letters are in the topic"
    )
    listed = run(rig, "list", "--reason", "unknown_line")
    assert listed.exit_code == 0
    (line,) = listed.stdout.splitlines()
    _, reason, kind, force, letter, *_ = line.split("  ")
    assert (reason, kind, force) == ("unknown_line", "call", "tiny")
    shown = json.loads(run(rig, "show", letter).stdout)
    assert json.loads(shown["raw"])["id"] == "b"
    assert shown["origin"] == letter

    worker.stop()
    file.write_text(TINY_FORCE)  # other rules: the worker rebuilds, and counts b from the log
    worker.start()
    assert row(worker.board("tiny", AT), "1h", "calls", line="101")["offered"] == 1
    sent = run(rig, "retry", "--reason", "unknown_line", "--force", str(file))
    assert f"sent to {rig.prefix}.calls" in sent.stdout, sent.output
    again = run(rig, "retry", letter, "--force", str(file))
    assert "was sent again already" in again.stdout
    assert "(sent again)" in run(rig, "list", "--reason", "unknown_line").stdout
    once_more = run(rig, "retry", letter, "--again", "--force", str(file))
    assert "sent to" in once_more.stdout
    wait_until(worker.ready, 20, "it is ready")
    assert row(worker.board("tiny", AT), "1h", "calls", line="101")["offered"] == 1


def test_what_can_not_be_sent_again_says_why(rig: Rig) -> None:
    file = rig.folder / "tiny.toml"
    file.write_text(TINY_FORCE)
    rig.forces = ["--force", str(file)]
    rig.worker().start()
    rig.send("call", "tiny", b"rubbish")
    rig.send("call", "tiny", lines([call("x", force="unheard-of")]))
    rig.producer.flush()
    wait_until(lambda: run(rig, "list").stdout.count("\n") == 2, 30, "both are there")
    told = run(rig, "retry", "--limit", "9").stdout
    assert "its kind can't be read" in told
    assert 'its force "unheard-of" is not known here' in told
    assert run(rig, "show", "no/such/letter").exit_code == 1
    assert run(rig, "retry").exit_code == 2
    assert run(rig, "list", "--since", "2100-01-01").stdout == ""
    assert run(rig, "list", "--since", "yesterday").exit_code == 2
