"""Imports run downwards only (see the table in docs/architecture.md)."""

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = [
    "errors",
    "toml_files",
    "force_file",
    "force_check",
    "force",
    "events",
    "unknown_values",
    "lenient",
    "periods",
    "histogram",
    "records",
    "panes",
    "gaps",
    "event_clock",
    "ledger",
    "beats",
    "totals",
    "readings",
    "totals_used",
    "naming",
    "figures",
    "measures",
    "affected",
    "rollup",
    "targets",
    "refusals",
    "monitor",
    "current",
    "alert_book",
    "alert_kin",
    "alert_look",
    "alert_records",
    "alert_rules",
    "alert_telling",
    "alert_words",
    "alerts",
    "answer_windows",
    "answering",
    "conditions",
    "fallen",
    "instants",
    "feedback",
    "outcomes",
    "overdue",
    "own_waits",
    "ownership",
    "period_reads",
    "situation",
    "stories",
    "swallow",
    "waits",
]
SURVEILLANCE = [
    "signals",
    "signal_words",
    "watch_list",
    "day_names",
    "families",
    "watches",
    "watch_state",
    "feed_pace",
    "feed_silence",
    "grain_watches",
    "unheard",
    "history",
    "surveillance",
    "surveyed",
]
"""Pure like the core, and above it: no part of the core imports any of these."""
OUTSIDE = {
    "faust",
    "mode",
    "kafka",
    "aiokafka",
    "prometheus_client",
    "httpx2",
    "starlette",
    "uvicorn",
    "rich",
}
IO_AND_CLOCKS = {"socket", "threading", "asyncio", "time", "subprocess", "sqlite3", "random", "os"}


def imports(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it, by full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def files(part: str) -> list[Path]:
    """The files of a module or package below streams/."""
    module = ROOT / "streams" / f"{part}.py"
    return [module] if module.exists() else sorted((ROOT / "streams" / part).rglob("*.py"))


@pytest.mark.parametrize("part", [*CORE, *SURVEILLANCE])
def test_the_core_imports_no_faust_kafka_prometheus_or_web_package(part: str) -> None:
    assert files(part)
    for path in files(part):
        packages = {name.partition(".")[0] for name in imports(path)}
        assert not packages & OUTSIDE, path


@pytest.mark.parametrize("part", [*CORE, *SURVEILLANCE])
def test_the_core_has_no_clock_no_chance_and_no_input_or_output(part: str) -> None:
    for path in files(part):
        packages = {name.partition(".")[0] for name in imports(path)}
        assert not packages & IO_AND_CLOCKS, path


@pytest.mark.parametrize("part", [*CORE, *SURVEILLANCE])
def test_the_core_imports_nothing_that_stands_above_it(part: str) -> None:
    above = {"live", "sources", "outputs", "runners", "cli", "demo", "deadletters"}
    for path in files(part):
        mine = {name.split(".")[1] for name in imports(path) if name.startswith("streams.")}
        assert not mine & above, path


@pytest.mark.parametrize("folder", ["", "sources", "runners"])
def test_the_page_of_the_architecture_names_every_module(folder: str) -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    named = {Path(name).name for name in re.findall(r"`([\w/*]+\.py)`", page)}
    modules = [path.name for path in (ROOT / "streams" / folder).glob("*.py")]
    missing = [m for m in modules if not any(fnmatch(m, name) for name in named)]
    assert missing == ["__init__.py"]


def test_outputs_and_sources_import_no_runner_and_no_command() -> None:
    for path in (*files("outputs"), *files("sources")):
        mine = {name.split(".")[1] for name in imports(path) if name.startswith("streams.")}
        assert not mine & {"runners", "cli", "demo"}, path


def test_only_runners_import_faust() -> None:
    for path in (ROOT / "streams").rglob("*.py"):
        if "faust" in {name.partition(".")[0] for name in imports(path)}:
            assert path.parent.name == "runners", path


def test_detectors_import_nothing_of_streams() -> None:
    for path in (ROOT / "detectors").rglob("*.py"):
        assert "streams" not in {name.partition(".")[0] for name in imports(path)}, path
