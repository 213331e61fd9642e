"""What a dashboard shows of labels is words, not identifiers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from grafana.committed import dashboards
from grafana.names import IDENTIFIERS, VALUES, in_words
from streams.registry.registry import REGISTRY
from tests.dashboard_linter import panels

PANELS = [panel for dashboard in dashboards() for panel in panels(dashboard)]


def renamed(name: str, transformations: list[dict[str, Any]]) -> str:
    """The name as Grafana's own transformation makes it."""
    for each in transformations:
        (pattern, flags) = re.fullmatch("/(.*)/(g?)", each["regex"]).groups()  # type: ignore[union-attr]
        name = re.sub(pattern, each["renamePattern"], name, count=0 if flags else 1)
    return name


@pytest.mark.parametrize(
    ("label", "value", "words"),
    [
        ("category", "asb", "Anti-social behaviour"),
        ("category", "road_collision.injury", "road collision, injury"),
        ("offence", "theft_from_person", "Theft from the person"),
        ("kind", "call", "calls"),
        ("kind", "exceptional_volume", "exceptional volume"),
        ("outcome", "planned_event", "planned event"),
    ],
)
def test_a_name_says_in_words_what_a_label_holds(label: str, value: str, words: str) -> None:
    options: list[Any] = [each.options for each in in_words([f"{{{{{label}}}}}"])]
    assert renamed(value, options) == words


def test_names_of_machines_and_lines_are_left_as_they_are() -> None:
    assert in_words(["{{instance}}", "{{line}}", "Service level"]) == []


def test_every_panel_that_names_identifiers_says_them_in_words() -> None:
    named = 0
    for panel in PANELS:
        legends = " ".join(target["legendFormat"] for target in panel["targets"])
        if set(re.findall(r"{{(\w+)}}", legends)) & IDENTIFIERS:
            told = [each["options"] for each in panel["transformations"]]
            assert renamed("a_b.c_d", told) == "a b, c d", panel["title"]
            named += 1
    assert named > 10


def test_an_override_of_a_table_is_of_a_column_that_it_has() -> None:
    tables = [panel for panel in PANELS if panel["type"] == "table"]
    assert len(tables) > 5
    for panel in tables:
        columns = panel["transformations"][-1]["options"]["renameByName"].values()
        overrides = [each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"]]
        assert set(overrides) <= set(columns), panel["title"]
        assert len(set(overrides)) == len(overrides), panel["title"]


def test_every_measure_and_table_of_the_registry_has_words() -> None:
    assert set(VALUES["measure"]) == {m.name for group in REGISTRY.groups for m in group.measures}
    assert set(VALUES["group"]) == {group.name for group in REGISTRY.groups}
