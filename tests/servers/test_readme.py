"""Every command of the README is run as it is written."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.servers.kafka import Kafka
from tests.servers.process import free_port

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parents[2]
BLOCKS: list[str] = re.findall(
    r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
)


def run(script: str, folder: Path, seconds: float = 600, **env: str) -> str:
    """Runs a block as a person would; what it leaves in the background is ended at the end."""
    done = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            f"trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}",
        ],
        cwd=folder,
        env={**os.environ, "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder in which the README's relative paths lead to the checkout's own files."""
    for name in ("examples", "streams", ".venv", "Makefile", "pyproject.toml", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def block(word: str) -> str:
    found = [text for text in BLOCKS if word in text]
    assert len(found) == 1, word
    return found[0]


def test_there_is_no_command_that_no_test_here_runs() -> None:
    words = (
        "make demo", "make test", "watchroom run examples", "mapping suggest", "watchroom query",
        "watchroom report", "watchroom backtest", "force check", "worker --force",
    )  # fmt: skip
    assert [block(word) for word in words] == BLOCKS


def test_make_demo_shows_the_board_and_ends(checkout: Path) -> None:
    out = run(block("make demo").replace("make demo", 'make demo ARGS="--for 5s --port 0"'), ROOT)
    assert "999 emergency calls" in out


def test_make_test_is_what_the_gate_runs() -> None:
    assert block("make test") == "make test\n"
    assert "make test\n" in (ROOT / ".ci" / "run").read_text()


def test_your_own_data_without_kafka(checkout: Path) -> None:
    out = run(block("watchroom run examples").replace("make install\n", ""), checkout)
    assert "rows in = 1,488: " in out
    assert "rows in = 3,724: 3,724 counted" in out
    assert "rows in = 8: 7 counted + 0 merged as versions + 0 refused + 1 excluded" in out
    assert 'call area 1 ("Atlantis" 1)' in out


def test_a_mapping_is_drafted_and_tried(checkout: Path) -> None:
    out = run(block("mapping suggest"), checkout)
    assert out.splitlines()[-1] == (
        "examples/own_export/calls.csv: 8 rows read: 8 events, 0 refused, 0 excluded or blank."
    )


def test_any_figure_by_area(checkout: Path) -> None:
    rows = [line.split() for line in run(block("watchroom query"), checkout).splitlines()]
    assert [row[-2:] for row in rows[1:4]] == [
        ["force", "15"],
        ["north-warwickshire-area", "9"],
        ["south-warwickshire-area", "6"],
    ]


def test_a_performance_summary(checkout: Path) -> None:
    said = run(block("watchroom report"), checkout)
    assert "summary.html: " in said
    assert "Warwickshire, January 2022" in (checkout / "summary.html").read_text()


def test_the_alerts_of_a_history(checkout: Path) -> None:
    said = run(block("watchroom backtest"), checkout)
    assert "found: Telephony outage" in said
    assert "Backtest of alerts" in (checkout / "alerts.html").read_text()


def test_a_force_of_your_own(checkout: Path) -> None:
    assert "Warwickshire" in run(block("force check"), checkout)


def test_the_full_stack(checkout: Path, kafka: Kafka, topic_prefix: str) -> None:
    script = block("worker --force")
    script = script.replace("localhost:9092", kafka.bootstrap)
    # Brokers of one's own may hold real topics: none of theirs is touched.
    for command in ("topics create", "worker", "publish", "deadletter list"):
        script = script.replace(
            f"watchroom {command}", f"watchroom {command} --prefix {topic_prefix}"
        )
    script = script.replace("watchroom worker", f"watchroom worker --group {topic_prefix}")
    script = script.replace("8787", str(free_port()))
    out = run(script, checkout)
    assert "WARWICKSHIRE" in out
    assert "watchroom_calls_waiting{" in out
