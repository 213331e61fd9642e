"""Names have one meaning: what has a plain word is called by it, in all of the code."""

import ast
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import click
import pytest

from streams.cli import main
from tests.source_tree import ROOT, docstrings, identifiers, identifiers_of, modules, parsed

pytestmark = pytest.mark.source_text
WITHIN = {
    "leaf": "series key",
    "leaves": "series keys",
    "lane": "counter",
    "lanes": "counters",
    "taker": "fold",
    "takers": "folds",
    "desk": "alert service",
    "teller": "lifecycle",
    "kin": "correlation",
    "story": "correlation",
    "stories": "correlation",
    "swallow": "homogeneity test",
    "situation": "rule context",
    "teach": "feed back",
    "taught": "learned",
    "holdings": "assigned partitions",
    "letterbox": "dead-letter client",
    "fate": "disposition",
    "fates": "dispositions",
    "stock": "gauge",
    "stocks": "gauges",
    "seldom": "rare event",
}
"""Words that are in no identifier and no docstring, and what to say instead."""

VERBS = frozenset({"leaves", "swallow"})
"""Those of them that are plain verbs in a sentence: in a docstring, and in the name of a test."""

WHOLE = {
    "body": "packed record",
    "cell": "counters",
    "cells": "counters",
    "book": "alert store",
    "look": "evaluation",
    "period_reads": "period lookup",
    "conditions": "alert rules, findings",
    "outcomes": "feedback",
    "hear": "subscribe",
    "tell": "notify",
    "told": "notified",
    "quiet": "clear periods",
    "over": "cleared",
    "facts": "archive",
    "pace": "lag, recent rate",
}
"""Names of classes, functions, variables and modules that nothing has, whether it begins with an
underscore or with a capital; they may be a part of a longer name."""

OF_DETECTORS = {
    "reach": "detection delay, power",
    "longest": "return level",
    "lasting": "over-dispersion of sums",
    "flagged": "named-day factors",
}
"""The same in `detectors`; elsewhere they are plain words."""

ELSEWHERE = {
    ("body", "grafana."): "what is sent in a request",
    ("body", "streams.cli."): "what is sent in a request",
    ("body", "streams.outputs."): "what is sent in a request",
    ("body", "streams.state."): "a column of the file",
    ("cell", "streams.sources."): "a cell of a table",
    ("cells", "streams.sources."): "the cells of a row of a table",
    ("cell", "streams.outputs.terminal."): "a cell of a table",
    ("cells", "streams.outputs.terminal."): "the cells of a row of a table",
    ("cells", "streams.cli.figure_table"): "the cells of a row of a table",
    ("conditions", "streams.registry."): "what a declaration asks of a record",
    ("conditions", "streams.sources.mapping."): "what a mapping asks of a row",
    ("facts", "streams.registry."): "what is known of a record besides its times",
    ("facts", "streams.state.s"): "the same, as it is stored",
    ("outcomes", "streams.sources.police_uk"): "the outcomes of crimes",
    ("outcomes", "streams.sources.readers"): "the same",
    ("tell", "streams.sources.readers"): "where a file is read, as Python has it",
    ("outcomes", "streams.alerts."): "what people said of alerts, counted as `/board.json` has it",
    ("outcomes", "streams.outputs.metrics.alerts"): "the same",
    ("quiet", "streams.cli.grafana"): "an option of the command",
}
"""Where a word has its own meaning, which is the field's, by word and beginning of the module."""


OF_LIBRARIES = {"max_leaves"}
"""Names of hypothesis, which tests use."""


DEFINED_ONCE = {"Level": "streams.charts.model", "wall_clock": "streams.sources.clock"}
"""Names that more than one module once gave to different things, or to the same thing twice, and
the module that defines them."""

TWICE = {
    "Change": "what a comparison shows; by how much a record counts more or less",
    "Finding": "what holds at an instant; what `watchroom doctor` finds",
    "Grain": "every length of a period; those that detectors watch",
    "Heartbeat": "what a feed sends; the detector of feeds that do: both names are public",
    "Links": "the records of people; where people reach Grafana and the wallboard",
    "Number": "a fact of a record; a number that stays whole",
    "STATE_VERSION": "of each form in which state is written",
    "WINDOWS": "those of the board; those in which answers are judged",
}
"""Names that other modules import from more than one, and what each stands for there."""


def words(identifier: str) -> list[str]:
    """`AlertStore.apply_handover` is made of alert, store, apply, handover."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)]


def misnamed(module: str, names: AbstractSet[str]) -> Iterator[tuple[str, str, str]]:
    """The names of a module for which there is a plain word: module, name, what to say."""
    whole_names = WHOLE | (OF_DETECTORS if module.startswith("detectors") else {})
    for name in sorted(names):
        parts = words(name)
        whole = "_".join(parts)
        found = [word for word in parts if word in WITHIN] or [whole] * (whole in whole_names)
        for word in found:
            if not any(w == word and module.startswith(where) for w, where in ELSEWHERE):
                yield module, name, (WITHIN | whole_names)[word]


def names_in(module: str, path: Path) -> set[str]:
    return {*module.split("."), *identifiers_of(path)}


def defined(path: Path) -> set[str]:
    """What a module defines at its top: classes, functions, constants, types."""
    found: set[str] = set()
    for node in parsed(path).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {each.id for each in node.targets if isinstance(each, ast.Name)}
    return found


def misspoken(module: str, tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """The words in docstrings for which there is a plain one: module, word, what to say."""
    for docstring in docstrings(tree):
        for word in words(docstring):
            if word in WITHIN and word not in VERBS:
                yield module, word, WITHIN[word]


def test_what_has_a_plain_word_is_called_by_it() -> None:
    assert [
        found
        for module, path in modules().items()
        for found in misnamed(module, names_in(module, path))
    ] == []


def test_docstrings_say_it_too() -> None:
    assert [
        found for module, path in modules().items() for found in misspoken(module, parsed(path))
    ] == []


def test_tests_and_benchmarks_name_it_so_too() -> None:
    assert [
        (module, name, WITHIN[word])
        for module, path in modules("tests", "benchmarks").items()
        for name in sorted(names_in(module, path) - OF_LIBRARIES)
        for word in words(name)
        if word in WITHIN and not (name.startswith("test_") and word in VERBS)
    ] == []


@pytest.mark.parametrize(("name", "home"), sorted(DEFINED_ONCE.items()))
def test_a_name_that_was_defined_twice_is_defined_once(name: str, home: str) -> None:
    assert [module for module, path in modules().items() if name in defined(path)] == [home]


def imported() -> dict[str, dict[str, str]]:
    """Names of classes, constants and types that other modules import, by name and the module that
    defines them: the class, or the value as it is written."""
    homes: dict[str, dict[str, str]] = {}
    wanted = {
        (node.module, alias.name)
        for path in modules().values()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for module, path in modules().items():
        for node in parsed(path).body:
            match node:
                case ast.ClassDef():
                    found = {node.name: f"{module}.{node.name}"}
                case ast.Assign():
                    names = (each.id for each in node.targets if isinstance(each, ast.Name))
                    found = dict.fromkeys(names, ast.unparse(node.value))
                case ast.AnnAssign(target=ast.Name(id=name)) if node.value is not None:
                    found = {name: ast.unparse(node.value)}
                case _:
                    continue
            for name, value in found.items():
                if (module, name) in wanted:
                    homes.setdefault(name, {})[module] = value
    return homes


def test_a_name_that_others_import_stands_for_one_thing() -> None:
    twice = {name: homes for name, homes in imported().items() if len(set(homes.values())) > 1}
    assert {name: homes for name, homes in twice.items() if name not in TWICE} == {}
    assert sorted(twice) == sorted(TWICE)


@pytest.mark.parametrize("exception", ELSEWHERE)
def test_a_word_is_excepted_only_where_it_is_used(exception: tuple[str, str]) -> None:
    word, where = exception
    assert any(
        word in (*words(name), "_".join(words(name)))
        for module, path in modules().items()
        if module.startswith(where)
        for name in names_in(module, path)
    )


@pytest.mark.parametrize(
    "source",
    [
        "class AlertDesk: pass",
        "def f(taker): pass",
        "leaf_of = 1",
        "x.kin.y",
        "f(stock=1)",
        "from a import b as _Desk",
        "def tell(): pass",
        "class Over: pass",
        "self._quiet = 3",
    ],
)
def test_a_name_is_found_wherever_it_stands(source: str) -> None:
    assert len(list(misnamed("streams.x", {*identifiers(ast.parse(source))}))) == 1


@pytest.mark.parametrize(
    "source", ["handed_over = 1", "def look_at(): pass", "LONGEST = 1", "'kin'", "takes = 1"]
)
def test_a_longer_name_and_a_text_are_not_found(source: str) -> None:
    assert not list(misnamed("streams.x", {*identifiers(ast.parse(source))}))


@pytest.mark.parametrize(
    "source",
    [
        '"""Of a leaf."""',
        'class A:\n    """The desk of a force."""',
        'def f():\n    """Seldom."""',
        'LIMIT = 1\n"""What weeks have taught."""',
    ],
)
def test_a_word_is_found_in_any_docstring(source: str) -> None:
    assert len(list(misspoken("streams.x", ast.parse(source)))) == 1


@pytest.mark.parametrize("source", ['"""Leaves it out."""', 'said = "the desk"', '"""Takes."""'])
def test_verbs_and_texts_that_users_see_are_not_found(source: str) -> None:
    assert not list(misspoken("streams.x", ast.parse(source)))


TOLD = re.compile(
    r"\btold\b(?! apart| of the delay)(?<!\bto be told)(?<![Nn]ot told)(?<!last told)"
)
"""Where a person is notified, a fault is named, or a log says something. Things are told apart, and
a caller is told of a delay."""


def test_pages_and_help_say_notified_named_or_said_and_not_told() -> None:
    pages = [
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "runbooks").glob("*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    ]
    texts = {str(page.relative_to(ROOT)): page.read_text("utf-8") for page in pages}
    texts |= dict(helps(main, "watchroom"))
    assert {name: found for name, text in texts.items() if (found := TOLD.findall(text))} == {}


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """What a command and those below it say of themselves, and of each option."""
    yield name, command.help or ""
    for option in command.params:
        yield f"{name} {option.opts[0]}", getattr(option, "help", None) or ""
    if isinstance(command, click.Group):
        for below in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), below)
            assert found is not None
            yield from helps(found, f"{name} {below}")
