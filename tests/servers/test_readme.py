"""Every command of the README is run as it is written."""

import datetime as dt
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from streams.board.model import Board, decode_board, find
from tests.exports import incidents
from tests.servers.chromium import Chromium
from tests.servers.kafka import Kafka
from tests.servers.process import STOP_SECONDS, free_port, wait_until
from tests.servers.wallboard_rig import browser

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parents[2]
BLOCKS: list[str] = re.findall(
    r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
)


def run(script: str, folder: Path, *, seconds: float = 600, **env: str) -> str:
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


@contextmanager
def running(script: str, folder: Path, **env: str) -> Iterator[Path]:
    """Runs a block of which something stays; all of it is ended with the context, which is given
    the file with what it says."""
    said = folder / "said.txt"
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    with said.open("wb") as out:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", f"{script}\nwait"],
            cwd=folder, env={**os.environ, "PATH": path, **env}, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield said
        except BaseException:
            print(said.read_text())
            raise
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(shell.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    shell.wait(STOP_SECONDS)
                    break


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
        "make demo", "make test", "force new", "watchroom run examples", "mapping check",
        "watchroom query", "worker --force warwickshire", "deadletter list", "--prefix own",
    )  # fmt: skip
    assert [block(word) for word in words] == BLOCKS


def test_make_demo_shows_the_board_and_ends(checkout: Path) -> None:
    out = run(block("make demo").replace("make demo", 'make demo ARGS="--for 5s --web 0"'), ROOT)
    assert "999 emergency calls" in out


def test_make_test_is_what_the_gate_runs() -> None:
    assert block("make test") == "make test\n"
    assert "make test\n" in (ROOT / ".ci" / "run").read_text()


def test_your_own_export_is_on_the_wallboard_in_five_commands(
    checkout: Path, chromium: Chromium
) -> None:
    script = block("force new")
    assert len(script.splitlines()) == 5
    (checkout / "own.csv").write_text(incidents())
    port = free_port()
    script = script.replace("make install\n", "").replace("8787", str(port))
    url = f"http://127.0.0.1:{port}"
    with running(script, checkout) as said, browser(chromium.path) as made:
        wait_until(lambda: b"Serving until Ctrl-C" in said.read_bytes(), 60, "the export was read")
        page = made.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(url)
        expect(page.locator("#attended .figure")).to_have_text("84.0%")
        expect(page.locator("#attended .context")).to_contain_text("42 of 50 today")
        expect(page.locator("#place")).to_have_text("Borsetshire")
    told = said.read_text()
    assert "rows in = 364: 360 counted + 0 merged as versions + 0 refused + 4 excluded" in told
    assert told.count("Next, with the draft saved as ") == 2


def test_your_own_data_without_kafka(checkout: Path) -> None:
    out = run(block("watchroom run examples"), checkout)
    assert "rows in = 1,488: " in out
    assert "rows in = 3,724: 3,724 counted" in out
    assert "rows in = 8: 7 counted + 0 merged as versions + 0 refused + 1 excluded" in out
    assert 'call area 1 ("Atlantis" 1)' in out


def test_a_mapping_and_a_force_file_are_checked(checkout: Path) -> None:
    out = run(block("mapping check"), checkout)
    assert "calls.csv: 8 rows read: 7 events, 0 refused, 1 excluded or blank." in out
    assert "my-force.toml: fine. Warwickshire" in out


def test_figures_reports_and_backtests(checkout: Path) -> None:
    out = run(block("watchroom query"), checkout)
    rows = [re.split(" {2,}", line.strip()) for line in out.splitlines()]
    assert [row[-2:] for row in rows[1:4]] == [
        ["force", "15"],
        ["North Warwickshire policing area", "9"],
        ["South Warwickshire policing area", "6"],
    ]
    assert "summary.html: " in out
    assert "Warwickshire, January 2022" in (checkout / "summary.html").read_text()
    assert "found: Telephony outage" in out
    assert "Backtest of alerts" in (checkout / "alerts.html").read_text()


@pytest.fixture
def stack(checkout: Path, kafka: Kafka, topic_prefix: str) -> Callable[[str], str]:
    """Turns a block into one for this broker, and for topics, groups and ports of this test."""
    ports = {"8787": str(free_port()), "8788": str(free_port())}

    def here(script: str) -> str:
        script = script.replace("localhost:9092", kafka.bootstrap)
        for port, free in ports.items():
            script = script.replace(port, free)
        script = script.replace("--prefix own", f"--prefix {topic_prefix}own")
        script = script.replace("--group own", f"--group {topic_prefix}own")
        script = script.replace("worker --force", f"worker --group {topic_prefix} --force")
        for command in ("topics create", "worker", "simulate", "deadletter list"):
            named = re.compile(rf"watchroom {command}(?! --prefix)")
            script = named.sub(f"watchroom {command} --prefix {topic_prefix}", script)
        return script

    return here


def board_at(url: str, *periods: str) -> Board | None:
    """The board that is served at an address; None where nothing answers yet."""
    asked = "&".join(f"period={period}" for period in periods)
    try:
        with urllib.request.urlopen(f"{url}/board.json?{asked}", timeout=20) as answer:
            return decode_board(answer.read())
    except OSError:
        return None


def test_the_full_stack_shows_a_living_room_that_says_it_is_simulated(
    checkout: Path, kafka: Kafka, stack: Callable[[str], str], chromium: Chromium
) -> None:
    url = stack("http://127.0.0.1:8787")

    def living() -> bool:
        board = board_at(url)
        found = []
        for window in ("1h", "today"):  # the one is not the other in the minutes after midnight
            rows = board and board.windows[window].rows("calls")
            row = rows and find(rows, line="999", area="force")
            found.append(bool(row and row.count_of("offered")))
        return all(found)

    with running(stack(block("worker --force warwickshire")), checkout):
        wait_until(living, 120, "calls of the last hour on the board")
        board = board_at(url)
        assert board is not None
        assert board.status is not None
        kinds = set(re.findall(r"\w{3,}s\b", board.status.simulated or ""))
        assert kinds == {"calls", "incidents", "crimes"}
        assert board.status.mixed is None
        with browser(chromium.path) as made:
            page = made.new_page(viewport={"width": 1920, "height": 1080})
            page.goto(url)
            expect(page.locator("#mode")).to_have_text("Simulated")
            expect(page.locator("#in_time-999 .figure")).to_have_text(re.compile(r"^[1-9]"))
        script = stack(block("deadletter list"))
        out = run(script, checkout, WATCHROOM_BOOTSTRAP=kafka.bootstrap, WATCHROOM_URL=url)
        assert "SIMULATED" in out
        assert re.search(r"^today +[1-9]", out, re.MULTILINE)
        assert "watchroom_calls_waiting{" in out
        assert "\n0 dead letters\n" in out


def test_an_export_goes_through_kafka(
    checkout: Path, kafka: Kafka, stack: Callable[[str], str]
) -> None:
    begin = dt.datetime.now(ZoneInfo("Europe/London")) - dt.timedelta(hours=50)
    day = f"{begin + dt.timedelta(hours=24):%Y-%m-%d}"  # one that the export has the whole of
    (checkout / "own.csv").write_text(incidents(begin=begin))
    run("\n".join(block("force new").splitlines()[2:4]), checkout)
    url = stack("http://127.0.0.1:8788")

    def counted() -> bool:
        board = board_at(url, day)
        rows = board and board.periods[day].rows("incidents")
        row = rows and find(rows, area="force", category="all", grade="all")
        return bool(row and row.count_of("count"))

    with running(stack(block("--prefix own")), checkout, WATCHROOM_BOOTSTRAP=kafka.bootstrap):
        wait_until(counted, 60, "the incidents of a day on the board")
