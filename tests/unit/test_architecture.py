"""The table of docs/architecture.md holds for every module."""

import re
from collections.abc import Collection, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.source_tree import CODE, ROOT, imports, modules

pytestmark = pytest.mark.source_text
PAGE = (ROOT / "docs/architecture.md").read_text()
TABLE = re.findall(r"^\| `([a-z_.]+)` \|", PAGE, re.MULTILINE)
"""The packages, bottom first."""
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

Imports = Mapping[str, Collection[str]]


@cache
def our_tree() -> Imports:
    """The modules that each module imports."""
    return {
        name: {found for found in imports(path) if found in modules()} - {name}
        for name, path in modules().items()
    }


def package_of(module: str, table: list[str]) -> str | None:
    """The row of a table in which a module is: the longest that it is in. `streams` and `detectors`
    as rows are these two modules alone."""
    if module in CODE:
        return module if module in table else None
    rows = [row for row in table if row not in ("streams", "detectors")]
    return max((row for row in rows if f"{module}.".startswith(f"{row}.")), key=len, default=None)


def without_package(tree: Imports, table: list[str]) -> list[str]:
    """The modules that are in no package of a table."""
    return [module for module in tree if package_of(module, table) is None]


def upwards(tree: Imports, table: list[str]) -> list[tuple[str, str]]:
    """The imports of a module from a package that stands below its own in a table."""
    places = {module: table.index(package_of(module, table) or "") for module in tree}
    return [
        (module, other)
        for module, others in tree.items()
        for other in sorted(others)
        if places[other] > places[module]
    ]


def circle(tree: Imports) -> list[str]:
    """Modules that import each other in a circle, from one to itself; none where there is none."""
    try:
        TopologicalSorter(tree).prepare()
    except CycleError as error:
        return [str(module) for module in error.args[1]]
    return []


def outside(module: str) -> set[str]:
    """The top names of all that a module imports."""
    return {name.partition(".")[0] for name in imports(modules()[module])}


def pure(*, sources: bool) -> list[str]:
    """The modules of the packages up to surveillance, with or without those that read sources."""
    rows = TABLE[: TABLE.index("streams.surveillance") + 1]
    if not sources:
        rows = [row for row in rows if not f"{row}.".startswith("streams.sources.")]
    return [module for module in modules() if package_of(module, TABLE) in rows]


def test_a_package_of_the_table_has_modules_and_is_there_once() -> None:
    assert sorted(TABLE) == sorted({package_of(module, TABLE) or "" for module in our_tree()})


def test_a_module_is_in_a_package_of_the_table() -> None:
    assert without_package(our_tree(), TABLE) == []


@pytest.mark.parametrize("package", ["kafka", "outputs/wallboard"])
def test_the_page_says_what_each_file_of_a_package_with_many_is_for(package: str) -> None:
    files = (path for path in (ROOT / "streams" / package).glob("*.py") if path.stem != "__init__")
    assert [path.name for path in files if not re.search(rf"[`/]{path.name}`", PAGE)] == []


def test_a_module_imports_nothing_that_stands_below_it_in_the_table() -> None:
    assert upwards(our_tree(), TABLE) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(our_tree()) == []


def test_five_modules_at_most_stand_directly_in_streams() -> None:
    assert len(list((ROOT / "streams").glob("*.py"))) <= 5


def test_the_core_imports_no_faust_kafka_prometheus_or_web_package() -> None:
    assert [m for m in pure(sources=True) if outside(m) & OUTSIDE] == []


def test_the_core_has_no_clock_no_chance_and_no_input_or_output() -> None:
    assert [m for m in pure(sources=False) if outside(m) & IO_AND_CLOCKS] == []


def test_only_kafka_imports_faust() -> None:
    users = {module for module in modules() if "faust" in outside(module)}
    assert {package_of(module, TABLE) for module in users} == {"streams.kafka"}


# --- what the checks find in a tree that is made up -----------------------------------------------

ROWS = [
    "detectors.base",
    "detectors",
    "streams.fold",
    "streams.fold.gaps",
    "streams",
    "streams.cli",
]
SOUND: dict[str, set[str]] = {
    "detectors.base": set(),
    "detectors": {"detectors.base"},
    "streams.fold": set(),
    "streams.fold.ledger": {"streams.fold", "detectors.base", "streams.fold.panes"},
    "streams.fold.panes": {"detectors"},
    "streams.fold.gaps": {"streams.fold.ledger"},
    "streams": {"streams.fold.ledger"},
    "streams.cli.main": {"streams", "streams.fold.gaps"},
}


def with_import(module: str, other: str) -> dict[str, set[str]]:
    """The sound tree with one import more."""
    return SOUND | {module: SOUND[module] | {other}}


def test_in_a_sound_tree_nothing_is_found() -> None:
    assert (without_package(SOUND, ROWS), upwards(SOUND, ROWS), circle(SOUND)) == ([], [], [])


@pytest.mark.parametrize(
    ("module", "other"),
    [
        ("detectors.base", "streams.fold.panes"),
        ("detectors.base", "detectors"),  # the module itself stands above its parts
        ("streams.fold.ledger", "streams.fold.gaps"),  # a row within a package of the table
        ("streams.fold.panes", "streams.cli.main"),
        ("streams.fold.panes", "streams"),
    ],
)
def test_an_import_upwards_is_found(module: str, other: str) -> None:
    assert upwards(with_import(module, other), ROWS) == [(module, other)]


@pytest.mark.parametrize("module", ["streams.new", "streams.folded.x", "detectors.new", "tests.x"])
def test_a_module_in_no_package_is_found(module: str) -> None:
    assert without_package({**SOUND, module: set()}, ROWS) == [module]


def test_the_top_of_a_tree_needs_a_row_of_its_own() -> None:
    assert without_package(SOUND, [row for row in ROWS if row != "streams"]) == ["streams"]


def test_a_circle_within_a_package_is_found() -> None:
    found = circle(with_import("streams.fold.panes", "streams.fold.ledger"))
    assert found[0] == found[-1]
    assert set(found) == {"streams.fold.panes", "streams.fold.ledger"}


def test_a_module_that_imports_itself_by_way_of_two_others_is_found() -> None:
    tree = with_import("streams.fold.panes", "streams.fold.gaps")
    assert len(circle(tree)) == 4
