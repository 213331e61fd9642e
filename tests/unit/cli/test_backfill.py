"""`watchroom backfill`, with a promtool that is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import TINY_FORCE, crime, lines
from tests.unit.cli.test_cli import watchroom

PROMTOOL = """#!/bin/sh
echo "$@" > called
mkdir -p "$7/01BLOCK/chunks"
echo '{}' > "$7/01BLOCK/meta.json"
head -c 997 /dev/zero > "$7/01BLOCK/chunks/000001"
"""
FAILS = "#!/bin/sh\necho 'it is\nfull' >&2\nexit 1\n"
READ = ("crimes.ndjson", "--force", "tiny.toml", "--grain", "month")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tiny force and some crimes, which is the current one."""
    (tmp_path / "tiny.toml").write_text(TINY_FORCE)
    days = ("2021-01-01T12:00:00Z", "2021-02-10T12:00:00Z", "2021-03-31T12:00:00Z")
    records = [crime(f"k{n}", day) for n, day in enumerate(days)]
    (tmp_path / "crimes.ndjson").write_bytes(lines(records) + b"\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tool(folder: Path, text: str) -> str:
    path = folder / "tool"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_it_writes_to_standard_output(folder: Path) -> None:
    answer = watchroom("backfill", *READ)
    assert answer.exit_code == 0
    assert answer.stdout.startswith("# HELP watchroom_")
    assert answer.stdout.endswith("# EOF\n")
    assert "from 2021-01-31 to 2021-03-31." in answer.stderr


def test_it_makes_blocks_and_says_what_they_cost(folder: Path) -> None:
    answer = watchroom("backfill", *READ, "--into", "data", "--promtool", tool(folder, PROMTOOL))
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout == ""
    assert "1 block in data: 1 kB on disk" in answer.stderr
    assert "--storage.tsdb.retention.time reaches back to 2021-01-31" in answer.stderr
    called = (folder / "called").read_text().split()
    assert called[:4] == ["tsdb", "create-blocks-from", "--max-block-duration=744h", "--quiet"]


def test_the_file_stays_where_one_is_named_beside_the_blocks(folder: Path) -> None:
    options = ("-o", "history.om", "--into", "data", "--promtool", tool(folder, PROMTOOL))
    assert watchroom("backfill", *READ, *options).exit_code == 0
    assert (folder / "history.om").read_text().endswith("# EOF\n")


def test_a_promtool_that_is_not_there_is_told_before_anything_is_read(folder: Path) -> None:
    answer = watchroom("backfill", "absent.ndjson", "--into", "data", "--promtool", "./none")
    assert answer.exit_code == 1
    assert '"./none" is not found, which makes the blocks' in answer.stderr
    assert "--promtool" in answer.stderr


def test_what_promtool_says_is_passed_on(folder: Path) -> None:
    answer = watchroom("backfill", *READ, "--into", "data", "--promtool", tool(folder, FAILS))
    assert answer.exit_code == 1
    assert "promtool made no blocks in data: it is full" in answer.stderr


def test_a_label_that_is_none_is_refused(folder: Path) -> None:
    answer = watchroom("backfill", *READ, "--label", "9a=b")
    assert answer.exit_code == 2
    assert '"9a=b" is no label' in answer.stderr


def test_a_file_that_cant_be_written_is_told(folder: Path) -> None:
    answer = watchroom("backfill", *READ, "-o", "absent/history.om")
    assert answer.exit_code == 1
    assert "absent/history.om can't be written: No such file or directory" in answer.stderr


def test_nothing_that_is_over_makes_no_blocks(folder: Path) -> None:
    into = ("--into", "data", "--promtool", tool(folder, PROMTOOL))
    answer = watchroom("backfill", *READ, "--period", "2020", *into)
    assert answer.exit_code == 0
    assert "nothing was written" in answer.stderr
    assert not (folder / "called").exists()
