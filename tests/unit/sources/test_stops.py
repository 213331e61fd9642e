"""A real process that reads for long: it ends when it is asked, and says that it counts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.periods import DAY, rfc3339
from streams.sources import CHUNK_LINES
from tests.build import TINY_FORCE, incident, lines, ms
from tests.servers.process import PATIENCE, free_port, wait_until

pytestmark = pytest.mark.replays  # real processes with months of history

ROOT = Path(__file__).parents[3]
MOST = 5.0 * PATIENCE
"""Seconds in which a process ends that is asked to, where it had minutes of work left."""
MINUTES_OF_WORK = lines(
    incident(f"i{n}", rfc3339(ms("1994-12-02T00:00:00Z") + n * 30 * DAY)) for n in range(300)
)
"""Of each line all hours of a month close that may be quiet, with all its series watched."""


@contextmanager
def process(folder: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    force = folder / "tiny.toml"
    force.write_text(TINY_FORCE)
    command = [sys.executable, "-m", "streams.cli", "run", *options]
    command += ["--force", str(force), "--dead-letters", str(folder / "refused.ndjson")]
    command += ["--state", str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def asked_to_end(running: subprocess.Popen[bytes]) -> tuple[float, str]:
    begun = time.monotonic()
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=60 * PATIENCE)
    return time.monotonic() - begun, out.decode()


def test_a_long_history_is_left_off_when_the_process_is_asked_to_end(tmp_path: Path) -> None:
    first, history = tmp_path / "first.ndjson", tmp_path / "history.ndjson"
    first.write_bytes(b"rubbish\n" * CHUNK_LINES)  # its letters tell that counting has begun
    history.write_bytes(MINUTES_OF_WORK)
    with process(tmp_path, str(first), str(history)) as running:
        wait_until((tmp_path / "refused.ndjson").exists, 20, "it reads")
        seconds, out = asked_to_end(running)
    assert seconds < MOST
    assert running.returncode == 143
    found = re.search(r"rows in = (\d+): (\d+) counted \+ 0 merged as versions \+ 300 refused", out)
    assert found
    assert int(found[1]) == int(found[2]) + CHUNK_LINES < 600


def test_a_stop_while_files_are_read_passes_no_judgement_on_them(tmp_path: Path) -> None:
    history = tmp_path / "history.ndjson"
    os.mkfifo(history)
    with process(tmp_path, str(history)) as running, history.open("wb", buffering=0) as pipe:
        pipe.write(b'{"kind":"nonsense"}\n')
        pipe.write(b"a line that was too long" * (1 << 20) + b"\n")  # refused while it is read
        wait_until((tmp_path / "refused.ndjson").exists, 20, "it reads")
        _, out = asked_to_end(running)
    assert running.returncode == 143
    assert "Left off while the files were read" in out
    assert "exit code 3" not in out


def test_a_live_process_that_reads_for_seconds_is_not_ready_and_ends_when_it_is_asked(
    tmp_path: Path,
) -> None:
    port = free_port()

    def ready() -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/readyz", timeout=5 * PATIENCE
            ) as told:
                return told.status, json.loads(told.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())
        except OSError:
            return 0, {}

    with process(tmp_path, "-", "--web", f"127.0.0.1:{port}") as running:
        wait_until(lambda: ready()[0] == 200, 20, "it is ready")
        assert running.stdin is not None
        running.stdin.write(MINUTES_OF_WORK + b"\n")
        running.stdin.flush()
        wait_until(lambda: "counting" in ready()[1].get("detail", ""), 20, "it is not ready")
        told = ready()[1]
        seconds, _ = asked_to_end(running)
    assert (told["state"], told["ready"]) == ("behind", False)
    assert re.fullmatch(
        r"figures may be behind: counting for \d+ s without a pause", told["detail"]
    )
    assert seconds < MOST
    assert running.returncode == 143
