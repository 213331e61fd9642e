"""The measurements that need a broker run, and Quix Streams finds what Watchroom finds."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.kafka import Kafka

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers" / "bin" / "python"


def test_the_worker_is_measured(kafka: Kafka) -> None:
    command = [
        sys.executable,
        str(ROOT / "benchmarks/performance.py"),
        "--tiny",
        "--only",
        "worker",
    ]
    if PEERS.exists():
        command += ["--peers", str(PEERS)]
    environment = {**os.environ, "WATCHROOM_TEST_KAFKA": kafka.bootstrap}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    wanted = ("events alone", "rebuild from the log, with", "to /metrics", "to the screen")
    assert [words for words in wanted if words not in done.stdout] == []
