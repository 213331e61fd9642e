"""`watchroom flags`: the monthly list, of files and of a running monitor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.board.monitor import Monitor
from streams.live import Live
from streams.outputs.monitor_server import serve
from tests.build import TINY_FORCE, crime, feed, lines, ms, tiny_force
from tests.unit.cli.test_cli import watchroom

RECORDS = [
    *(crime(f"first{m}", f"2020-{m:02}-01T12:00:00Z") for m in range(1, 13)),
    *(crime(f"{m}-{n}", f"2021-0{m}-{3 * n + 1:02}T12:00:00Z", area="north")
      for m in range(1, 5) for n in range(9)),
    *(crime(f"b{n}", f"2021-05-{n % 28 + 1:02}T12:00:00Z", area="south") for n in range(60)),
    crime("last", "2021-06-03T12:00:00Z"),
]  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "tiny.toml").write_text(TINY_FORCE)
    (tmp_path / "crimes.ndjson").write_bytes(lines(RECORDS) + b"\n")
    return "--source", str(tmp_path / "crimes.ndjson"), "--force", str(tmp_path / "tiny.toml")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    watched = Monitor([tiny_force()])
    watched.play_history(True)
    feed(watched, *RECORDS)
    shown = Live(watched, clock=lambda: ms("2021-07-01T00:00:00+01:00"))
    shown.health.state = "live"
    running = serve(shown)
    yield running.url
    running.stop()


def test_the_list_says_of_how_many_and_names_what_stands_out(files: tuple[str, ...]) -> None:
    answer = watchroom("flags", "2021-05", *files)
    assert answer.exit_code == 0, answer.output
    said, *table = filter(None, map(str.strip, answer.stdout.splitlines()))
    assert said.startswith("Of ")
    assert said.endswith("; at this rate about 1 in 10 flags is chance.")
    assert any(line.startswith("Residential burglary, Tiny Police") for line in table)
    assert table[-1].startswith("Not looked at: ")


def test_a_monitor_answers_as_its_files_do(files: tuple[str, ...], url: str) -> None:
    forms = [
        json.loads(watchroom("flags", "2021-05", *how, "--format", "json").stdout)
        for how in (files, ("--url", url))
    ]
    for form in forms:
        del form["at"]
    assert forms[0] == forms[1]
    by_csv = [
        watchroom("flags", "2021-05", *how, "--format", "csv", "--rate", "0.2").stdout
        for how in (files, ("--url", url))
    ]
    assert by_csv[0] == by_csv[1]


def test_a_month_that_is_not_over_is_refused(files: tuple[str, ...]) -> None:
    answer = watchroom("flags", "2022-05", *files)
    assert answer.exit_code == 2
    assert "2022-05 is not over: ask for a month that is" in answer.stderr
