"""The command line: help, plain errors, exit codes, and whole runs."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from streams.cli import COMMANDS, Lazy, main
from streams.live import Live
from streams.outputs.monitor_client import MonitorClient
from streams.outputs.monitor_server import serve
from streams.sources.stops import Stopped
from tests.build import TINY_FORCE, call, feed, lines, monitor, ms, row
from tests.servers.process import PATIENCE, wait_until

CALLS = [
    call("c1", "2021-03-01T10:00:00Z", answered_at="2021-03-01T10:00:05Z"),
    call("c2", "2021-03-01T10:01:00Z", answered_at="2021-03-01T10:01:10Z"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tiny force and some calls, which is the current one."""
    (tmp_path / "tiny.toml").write_text(TINY_FORCE)
    (tmp_path / "calls.ndjson").write_bytes(lines(CALLS) + b"\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Before click 8.2 standard error is kept apart only when that is asked for.
APART = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}


def watchroom(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner(**APART).invoke(main, arguments, input=stdin)  # type: ignore[arg-type]


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return watchroom("run", "--force", "tiny.toml", *arguments, stdin=stdin)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_request_to_end_while_a_run_is_made_ready_gives_the_code_of_its_signal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise Stopped(number)

    monkeypatch.setattr("streams.embedded.alerting.alerting", asked)
    found = CliRunner().invoke(main, ["run", "calls.ndjson", "--force", "tiny.toml"])
    assert found.exit_code == code


def test_help_lists_every_command_with_what_it_does() -> None:
    answer = watchroom("--help")
    assert answer.exit_code == 0
    for name, lazy in COMMANDS.items():
        assert f"  {name}" in answer.output
        assert lazy.summary in answer.output


def test_help_imports_no_command() -> None:
    code = (
        "import sys\nfrom streams.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in "
        "('faust', 'kafka', 'rich', 'starlette', 'msgspec', 'uvicorn')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_terminal_board_imports_nothing_of_a_worker() -> None:
    code = (
        "import sys\nimport streams.cli.board\n"
        "print(sorted(m for m in sys.modules if m in ('faust', 'kafka', 'starlette', 'uvicorn')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def every_command() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            for below, one in command.commands.items():
                yield f"{name} {below}", one


def test_every_command_has_an_example_in_its_help() -> None:
    for name, command in every_command():
        assert f"watchroom {name}" in (command.help or ""), name


def test_a_command_whose_module_is_missing_does_not_break_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(COMMANDS, "gone", Lazy("streams.cli.gone", "gone", "Not here."))
    assert watchroom("--help").exit_code == 0
    answer = watchroom("gone")
    assert answer.exit_code == 1
    assert answer.stderr == 'Error: "gone" is not part of this installation\n'


def test_the_version_is_told() -> None:
    assert watchroom("--version").output.startswith("watchroom, version ")


def test_an_unknown_command_is_a_usage_error() -> None:
    assert watchroom("dashboard").exit_code == 2


def test_a_run_ends_with_the_board_and_the_account(folder: Path) -> None:
    answer = run("calls.ndjson")
    assert answer.exit_code == 0, answer.output
    assert "TINY POLICE" in answer.stdout
    assert "100.0 % of 2, few" in answer.stdout
    assert answer.stdout.splitlines()[-1] == (
        "At 2021-03-01T10:01:10+00:00, rows in = 2: "
        "2 counted + 0 merged as versions + 0 refused + 0 excluded"
    )
    hint = "--at shows another instant, --period a day, month or year."
    assert answer.stderr.splitlines()[-1] == f"No alerts. {hint}"
    asked = run("calls.ndjson", "--period", "2021-Q1")
    assert asked.stderr.splitlines()[-1] == "No alerts."


def test_a_run_as_json_has_the_board_alone_on_standard_output(folder: Path) -> None:
    answer = run("calls.ndjson", "--json", "--at", "2021-03-01T10:30", "--period", "2021-Q1")
    board = json.loads(answer.stdout)
    assert board["at"] == "2021-03-01T10:30:00+00:00"
    assert row(board, "1h", "calls", line="999")["offered"] == 2
    assert row(board, "2021-Q1", "calls", line="999")["answered_within"] == 2
    assert "rows in = 2" in answer.stderr


def test_a_run_reads_standard_input(folder: Path) -> None:
    answer = run("-", "--json", stdin=gzip.compress(lines(CALLS)))
    assert row(json.loads(answer.stdout), "month", "calls", line="999")["offered"] == 2


def test_refused_rows_are_told_and_do_not_fail_the_run(folder: Path) -> None:
    (folder / "bad.ndjson").write_bytes(b"{\n" + lines(CALLS))
    answer = run("bad.ndjson")
    assert answer.exit_code == 0
    assert "rows in = 3: 2 counted + 0 merged as versions + 1 refused" in answer.stdout
    assert answer.stdout.splitlines()[-2:] == [
        "Refused 1 row; see refused.ndjson:",
        (
            "  not_json 1: bad.ndjson:1: Input data was truncated. "
            "To do: mend the line, or give a mapping."
        ),
    ]
    assert json.loads((folder / "refused.ndjson").read_text())["origin"] == "bad.ndjson:1"


MAPPING = """
kind = "incident"
force = "tiny"
timezone = "UTC"
id = "no"
[fields]
opened_at = { column = "opened" }
arrived_at = { column = "arrived" }
closed_at = { column = "closed" }
area = { column = "district" }
category = { column = "type", values = { A = "asb.personal", M = "missing_person" } }
grade = { column = "grade", values = { 1 = "emergency", 2 = "priority" } }
"""
TABLE = """no,opened,arrived,closed,district,type,grade
1,2021-03-01T10:00:00Z,2021-03-01T10:05:00Z,2021-03-01T11:00:00Z,north,A,1
2,2021-03-01T10:01:00Z,2021-03-01T10:09:00Z,2021-03-01T11:00:00Z,Atlantis,M,1
3,2021-03-01T10:02:00Z,,,Atlantis,F,9
"""


def test_rows_with_unknown_values_count_and_the_values_are_said_with_examples(
    folder: Path,
) -> None:
    (folder / "i.toml").write_text(MAPPING)
    (folder / "i.csv").write_text(TABLE)
    answer = run("i.csv", "--mapping", "i.toml", "--json")
    assert answer.exit_code == 0
    assert "rows in = 3: 3 counted" in answer.stderr
    assert "Refused" not in answer.stderr
    told = [line for line in answer.stderr.splitlines() if line.startswith("Unknown values")]
    words = (
        'Unknown values, in rows that count all the same: incident area 2 ("Atlantis" 2), '
        'incident category 1 ("F" 1), incident grade 1 ("9" 1). Add what the force file lacks, or '
        "mend the sender"
    )
    assert told == [words]
    board = json.loads(answer.stdout)
    counted = row(board, "month", "incidents", category="all", grade="all")
    assert counted["count"] == 3
    assert row(board, "month", "incidents", category="other", grade="ungraded")["count"] == 1
    assert row(board, "month", "attendance")["attended"] == 2


def test_a_run_without_a_named_force_shows_the_forces_that_have_records(folder: Path) -> None:
    calls = [{**record, "force": "warwickshire"} for record in CALLS]
    (folder / "calls.ndjson").write_bytes(lines(calls))
    answer = watchroom("run", "calls.ndjson", "--json")
    assert [json.loads(line)["force"]["id"] for line in answer.stdout.splitlines()] == [
        "warwickshire"
    ]


def test_a_damaged_input_fails_after_the_board_of_what_came_before(folder: Path) -> None:
    whole = gzip.compress(lines(CALLS) + b"\n" + os.urandom(1000).hex().encode())
    (folder / "cut.ndjson.gz").write_bytes(whole[:-100])
    answer = run("cut.ndjson.gz")
    assert answer.exit_code == 1
    assert "100.0 % of 2, few" in answer.stdout
    assert answer.stderr.startswith("Error: cut.ndjson.gz: the gzip data is damaged")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "no.ndjson"], 1, "no.ndjson: there is no such file or folder"),
        (["run", "--force", "utopia", "-"], 2, 'there is no force "utopia"'),
        (["run", "--at", "noon", "-"], 2, '"noon" is no time'),
        (["run", "--period", "21", "-"], 2, '"21" is no period'),
        (["run", "--speed", "fast", "-"], 2, '"fast" is no speed'),
        (["run", "--web", "here", "-"], 2, '"here" is no address'),
        (["run", "--force", "rutland.toml", "-"], 2, "rutland.toml"),
        (["board", "--once", "--url", "127.0.0.1:1"], 1, "does not answer: Connection refused"),
        (["board", "--url", "ftp://x"], 2, '"ftp://x" is no address'),
        (["board", "--every", "soon"], 2, '"soon" is no length of time'),
        (["demo", "--speed", "max"], 2, "needs a pace"),
        (["demo", "--for", "0s"], 2, '"0s" is no length of time'),
        (["schemas", "--check", "--output", "nowhere"], 1, "nowhere: not current"),
    ],
)
def test_an_error_is_told_in_plain_words_with_its_exit_code(
    folder: Path, arguments: list[str], code: int, words: str
) -> None:
    answer = watchroom(*arguments)
    assert answer.exit_code == code, answer.output
    assert words in answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr


def test_the_option_that_a_run_needed_once_changes_nothing(folder: Path) -> None:
    options = ["--force", "tiny.toml", "--json", "calls.ndjson"]
    assert watchroom("run", "--embedded", *options).stdout == watchroom("run", *options).stdout
    assert "--embedded" not in watchroom("run", "--help").stdout


def test_the_same_force_named_twice_is_an_error(folder: Path) -> None:
    answer = run("--force", "tiny.toml", "calls.ndjson")
    assert answer.exit_code == 2
    assert answer.stderr == 'Error: --force names "tiny" twice\n'


def test_ctrl_c_shows_the_board_of_what_was_read_and_ends_with_130(folder: Path) -> None:
    command = [sys.executable, "-m", "streams.cli", "run", "--force", "tiny.toml"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        [*command, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(lines(CALLS) + b"\n{\n")
        process.stdin.flush()
        wait_until((folder / "refused.ndjson").exists, 30, "it has read the lines")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30 * PATIENCE)
    assert process.returncode == 130, err.decode()
    assert "rows in = 3: 2 counted + 0 merged as versions + 1 refused" in out.decode()
    assert b"Traceback" not in err


@pytest.fixture
def running() -> Iterator[str]:
    """The address of a monitor with two calls."""
    watched = monitor()
    feed(watched, *CALLS)
    live = Live(watched, clock=lambda: ms("2021-03-01T10:30:00Z"))
    live.health.state = "live"
    handle = serve(live)
    yield handle.url
    handle.stop()


def test_the_board_of_a_running_monitor_is_shown_once(running: str) -> None:
    answer = watchroom("board", "--once", "--url", running)
    assert answer.exit_code == 0
    assert "TINY POLICE" in answer.stdout


@pytest.mark.parametrize(
    "words",
    [["board", "--once"], ["query", "calls_999", "--period", "2022-01"], ["flags", "2022-01"]],
)
def test_the_address_of_the_monitor_is_that_of_the_environment(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHROOM_URL", "http://127.0.0.1:2")
    assert "http://127.0.0.1:2 does not answer" in watchroom(*words).output


def test_what_answers_without_a_board_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MonitorClient, "ask", lambda *_: b'{"greeting": "hello"}')
    answer = watchroom("board", "--once", "--url", "127.0.0.1:1")
    assert answer.exit_code == 1
    assert (
        "http://127.0.0.1:1 answers, but it is not a board that this release can read: "
        in answer.stderr
    )


def test_the_board_of_a_running_monitor_comes_as_json(running: str) -> None:
    board: dict[str, Any] = json.loads(watchroom("board", "--json", "--url", running).stdout)
    assert row(board, "1h", "calls", line="999")["offered"] == 2


def test_what_a_running_monitor_refuses_is_told_in_its_words(running: str) -> None:
    answer = watchroom("board", "--once", "--url", running, "--force", "rutland")
    assert answer.exit_code == 1
    assert 'no force "rutland" is monitored here, only: tiny' in answer.stderr


def test_a_port_in_use_is_told(folder: Path, running: str) -> None:
    port = running.rpartition(":")[2]
    answer = run("--web", port, "calls.ndjson")
    assert answer.exit_code == 1
    assert f"port {port} of 127.0.0.1 is in use" in answer.stderr


def _commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from _commands(command, *path, name)


@pytest.mark.parametrize("path", list(_commands(main)), ids=" ".join)
def test_no_help_shows_the_marks_of_its_own_form(path: tuple[str, ...]) -> None:
    assert "\\b" not in watchroom(*path, "--help").output


def test_a_file_that_is_given_to_json_is_no_source_and_the_cure_is_said(folder: Path) -> None:
    answer = watchroom("run", "calls.ndjson", "--json", "board.json")
    assert answer.exit_code == 2
    assert "--json takes no file" in answer.stderr
    assert "--json > board.json" in answer.stderr
