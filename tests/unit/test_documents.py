"""What documents, docstrings and comments name of our code is there."""

import ast
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from streams.registry.registry import REGISTRY
from tests.adding import examples
from tests.source_tree import CODE, ROOT, docstrings, identifiers_of, modules, nodes_of, parsed

pytestmark = pytest.mark.source_text
ALL_CODE = (*CODE, "tests", "benchmarks")
FOLDERS = (*ALL_CODE, "docs", "deploy", "examples")
PATH = re.compile(rf"(?<![\w/.~-])(?:{'|'.join(FOLDERS)})/[\w./-]*\w")
PYTHON_FILE = re.compile(r"(?<![\w/.])[\w/]+\.py\b")
FILE_ENDINGS = (".csv", ".gz", ".json", ".md", ".py", ".toml", ".xlsx", ".yml", ".zip")
DOTTED = re.compile(rf"(?<![\w/.-])(?:{'|'.join(ALL_CODE)})(?:\.[A-Za-z_]\w*)+")
QUOTED = re.compile(r"(?<!`)`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\([\w, ]*\))?`(?!`)")
EXAMPLE = re.compile(r"^```diff\n.*?^```$", re.MULTILINE | re.DOTALL)
"""A change that is made nowhere but in a test."""
NO_FILES = {
    "deploy/prometheus/rules/budget-999.yml": "a command of a page makes it",
    "deploy/prometheus/rules/budget-attendance.yml": "a command of a page makes it",
    "grafana/dashboard-linter": "a repository",
}
NOT_OURS = {
    "Colombia": "the holidays package's",
    "JsonConverter": "Kafka Connect's",
    "StringConverter": "Kafka Connect's",
    "farringtonFlexible": "of R's surveillance package",
    "merge.FIELD": "a place in a mapping",
    "onSceneDtm_1": "a column of an example",
    "value.converter": "Kafka Connect's",
}


def texts() -> Iterator[tuple[str, str]]:
    """The file and the text of every page, docstring and comment."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "examples" / "README.md"]
    for page in [*pages, *sorted((ROOT / "docs").rglob("*.md"))]:
        if page.exists():
            yield str(page.relative_to(ROOT)), EXAMPLE.sub("", page.read_text())
    for file in modules(*ALL_CODE).values():
        name = str(file.relative_to(ROOT))
        for text in (*docstrings(parsed(file)), *comments(file)):
            yield name, text


def comments(file: Path) -> Iterator[str]:
    """The comments of a file that may name what is not there. To take a file apart into its tokens
    takes long: it is done where what stands behind any `#` has such a name, comment or not."""
    ends = (
        line[place:]
        for line in file.read_text().splitlines()
        if "#" in line
        for place in (match.start() for match in re.finditer("#", line))
    )
    if any(any(unknown(end)) for end in ends):
        with tokenize.open(file) as lines:
            for token in tokenize.generate_tokens(lines.readline):
                if token.type == tokenize.COMMENT:
                    yield token.string


@cache
def files() -> frozenset[str]:
    """The paths of all files and folders, and those of docs also as its pages write them."""
    found = {
        path.relative_to(ROOT)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if "__pycache__" not in path.parts
    }
    found |= {path.relative_to("docs") for path in found if path.is_relative_to("docs")}
    return frozenset(map(str, found | {Path(folder) for folder in FOLDERS}))


@cache
def added() -> frozenset[str]:
    """The files that the examples of CONTRIBUTING.md make."""
    return frozenset(path for example in examples().values() for path in example.changes)


@cache
def ends() -> frozenset[str]:
    """The paths of all Python files, and what is left of each without its first folders."""
    return frozenset(
        "/".join(parts[first:])
        for path in files()
        if path.endswith(".py")
        for parts in [path.split("/")]
        for first in range(len(parts))
    )


def named_in(module: str) -> frozenset[str]:
    """All that a module names."""
    return identifiers_of(modules(*ALL_CODE)[module])


@cache
def names() -> frozenset[str]:
    """All that the code names, and the words in its short texts: fields, settings, columns; and the
    measures, of which some have names that are made."""
    found = {measure.name for group in REGISTRY.groups for measure in group.measures}
    for module, path in modules(*ALL_CODE).items():
        if path == Path(__file__):  # names what is not there
            continue
        found.update(module.split("."), named_in(module))
        for node in nodes_of(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(re.findall(r"\w+", node.value) if len(node.value) < 60 else ())
    return frozenset(found)


def is_there(dotted: str) -> bool:
    """Whether a module of that name exists, or one that names the rest of it."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if module in modules(*ALL_CODE):
            return {*parts[length:]} <= named_in(module)
    return False


def unknown(text: str) -> Iterator[str]:
    """The names in a text that look like ours and are none."""
    for match in PATH.finditer(text):
        if match[0] not in files() and match[0] not in NO_FILES and match[0] not in added():
            yield match[0]
    for match in PYTHON_FILE.finditer(text):
        if match[0] not in ends():
            yield match[0]
    for match in DOTTED.finditer(text):
        if not match[0].endswith(FILE_ENDINGS) and not is_there(match[0]):
            yield match[0]
    for match in QUOTED.finditer(text):
        name = match[1]
        ours = "." in name or re.search("[A-Z][a-z]", name) or match[0].endswith(")`")
        if ours and not name.endswith(FILE_ENDINGS) and name not in NOT_OURS:
            yield from [] if {*name.split(".")} <= names() else [name]


def test_a_file_class_or_function_that_is_named_is_there() -> None:
    assert sorted({(file, name) for file, text in texts() for name in unknown(text)}) == []


@pytest.mark.parametrize(
    "text",
    [
        "see streams/fold/nothing.py",
        "(`fold/nothing.py`)",
        "`nothing.py`",
        "streams.fold.ledger.Nowhere",
        "`streams.nowhere`",
        "`Nowhere`",
        "`Ledger.nowhere_at_all`",
        "`nowhere_at_all()`",
        "[page](docs/nowhere.md)",
    ],
)
def test_what_is_not_there_is_found(text: str) -> None:
    assert list(unknown(text))


def test_what_is_there_is_not_found() -> None:
    text = """`fold/ledger.py`, `streams.fold.ledger.Ledger`, `ledger.Ledger.add`, `Ledger`,
    docs/architecture.md, `README.md`, `Monitor.steps`, `advance(now)`, `a_setting`, and words."""
    assert not list(unknown(text))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1  # `Nowhere`\n", ["# `Nowhere`"]),
        ("x = '#`'  # `Nowhere`\n", ["# `Nowhere`"]),
        ("x = '# `Nowhere`'\n", []),
        ("x = 1  # `Ledger`\n", []),
    ],
)
def test_comments_are_read_and_texts_with_a_number_sign_are_none(
    tmp_path: Path, source: str, found: list[str]
) -> None:
    file = tmp_path / "some.py"
    file.write_text(source)
    assert list(comments(file)) == found
