"""No detector is there for nothing: a measure, a rule of alerts or a command uses it, or it is a
reference for tests, and says so."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import detectors
from tests.source_tree import modules, nodes_of

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/detectors.md").read_text()
REFERENCES = {"detectors.change.run_length", "detectors.charts.sample_charts"}


OURS = modules("detectors")


def imported(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_is_used_by_the_product_or_is_a_reference_that_says_so() -> None:
    waiting = {name for path in modules("streams").values() for name in imported(path)}
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in OURS and name not in reached:
            reached.add(name)
            waiting |= set(imported(OURS[name]))
    assert set(OURS) - reached - {"detectors.calibration"} == REFERENCES
    for name in REFERENCES:
        assert "reference" in str(importlib.import_module(name).__doc__).casefold()
        assert f"`{name.removeprefix('detectors.')}`" in PAGE


def test_the_page_names_every_detector() -> None:
    section = PAGE[PAGE.index("### What uses each") : PAGE.index("Where the reference of")]
    focus = {"PoissonFocus", "NegativeBinomialFocus", "GaussianFocus"}
    for name in set(detectors.__all__) - {"Detector"} - focus:
        assert f"`{name}`" in section, name
    assert all(f"`{name}`" in PAGE for name in focus)
