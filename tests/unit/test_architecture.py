"""The table of docs/architecture.md holds for every module."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("detectors", "streams", "grafana")
PAGE = (ROOT / "docs/architecture.md").read_text()
TABLE = re.findall(r"^\| `([a-z_.]+)` \|", PAGE, re.MULTILINE)
"""The packages, bottom first."""
PURE = TABLE[: TABLE.index("streams.surveillance") + 1]
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


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for part in CODE for path in sorted((ROOT / part).rglob("*.py"))}


def imports(path: Path) -> Iterator[str]:
    """What a file imports, wherever in it, by full name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module


OURS = {
    name: {found for found in imports(path) if found in MODULES} - {name}
    for name, path in MODULES.items()
}


def package(module: str) -> str | None:
    """The row of the table in which a module is."""
    if module in CODE:
        return module
    rows = [row for row in TABLE if row not in ("streams", "detectors")]
    return max((r for r in rows if f"{module}.".startswith(f"{r}.")), key=len, default=None)


def packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("row", TABLE)
def test_a_package_of_the_table_has_modules(row: str) -> None:
    assert row in map(package, MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_in_a_package_of_the_table(module: str) -> None:
    assert package(module), f"{module} is in no package of docs/architecture.md"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_nothing_that_stands_below_it_in_the_table(module: str) -> None:
    own = package(module)
    assert own
    upwards = [
        other for other in OURS[module] if TABLE.index(package(other) or own) > TABLE.index(own)
    ]
    assert not upwards, f"{module} imports {', '.join(upwards)}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert list(TopologicalSorter(OURS).static_order())


def test_four_modules_at_most_stand_directly_in_streams() -> None:
    assert len(list((ROOT / "streams").glob("*.py"))) <= 4


@pytest.mark.parametrize("module", [m for m in MODULES if package(m) in PURE])
def test_the_core_imports_no_faust_kafka_prometheus_or_web_package(module: str) -> None:
    assert not packages(MODULES[module]) & OUTSIDE


@pytest.mark.parametrize(
    "module", [m for m in MODULES if package(m) in PURE and package(m) != "streams.sources"]
)
def test_the_core_has_no_clock_no_chance_and_no_input_or_output(module: str) -> None:
    assert not packages(MODULES[module]) & IO_AND_CLOCKS


@pytest.mark.parametrize("module", [m for m in MODULES if package(m) != "streams.kafka"])
def test_only_kafka_imports_faust(module: str) -> None:
    assert "faust" not in packages(MODULES[module])
