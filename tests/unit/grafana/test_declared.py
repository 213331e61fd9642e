"""What is declared has panels: a measure of one entry, and a kind of one file."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from grafana.generate import texts
from streams.errors import DeclarationError
from streams.registry.calls import CALL, CALLS
from streams.registry.crimes import CRIME, CRIMES
from streams.registry.incidents import INCIDENT
from streams.registry.measures import Measure
from streams.registry.registry import REGISTRY, Registry
from tests.dashboard_linter import RULES, panels
from tests.unit.board.test_declared import MARKED, STOP

STREET = Registry((*REGISTRY.kinds.values(), STOP))


def volumes(registry: Registry) -> dict[str, Any]:
    """The dashboard of volumes."""
    made: dict[str, Any] = json.loads(texts(registry)["watchroom-volumes.json"])
    return made


def panel(dashboard: dict[str, Any], title: str) -> dict[str, Any]:
    """Its one panel of a title."""
    (found,) = (each for each in panels(dashboard) if each["title"] == title)
    return found


def asked(of: dict[str, Any]) -> str:
    """All that a panel asks of Prometheus."""
    return "\n".join(target["expr"] for target in of["targets"])


def test_a_measure_of_one_entry_is_a_line_of_its_table() -> None:
    made = volumes(MARKED)
    counts = panel(made, "Recorded crime: volumes")
    assert [each["legendFormat"] for each in counts["targets"]] == ["Crimes", "Domestic abuse"]
    assert 'watchroom_crimes_domestic{force="$force", area="$area", offence="all"' in asked(counts)
    share = panel(made, "Recorded crime: share of domestic abuse")
    assert "watchroom_crimes_domestic_share_ratio{" in asked(share)


def test_a_kind_of_one_file_has_panels_by_time_and_by_the_values_of_its_dimensions() -> None:
    made = volumes(STREET)
    assert 'watchroom_stops_found{force="$force", area="$area", reason="all"' in asked(
        panel(made, "Stops: volumes")
    )
    bars = panel(made, "Stops by reason, this month")
    assert 'watchroom_stops{force="$force", area="$area", reason!="all", window="month"' in asked(
        bars
    )
    assert [said for rule in RULES.values() for said in rule(made)] == []


def test_a_table_of_many_measures_has_several_panels_and_every_measure_is_in_one() -> None:
    many = [replace(CRIMES.measures[0], name=f"m{n}", title=f"M {n}") for n in range(40)]
    crime = replace(CRIME, groups=(replace(CRIMES, measures=(*CRIMES.measures, *many)),))
    counts = [
        each
        for each in panels(volumes(Registry((CALL, INCIDENT, crime))))
        if each["title"].startswith("Recorded crime: volumes")
    ]
    titles = [query["legendFormat"] for each in counts for query in each["targets"]]
    assert titles == ["Crimes", *(each.title for each in many)]
    assert len({each["title"] for each in counts}) == len(counts) == 7


def test_a_table_has_a_column_for_every_measure_of_its_group() -> None:
    many: tuple[Measure, ...] = tuple(
        replace(CALLS.measures[0], name=f"m{n}", title=f"M {n}") for n in range(30)
    )
    call = replace(CALL, groups=(replace(CALLS, measures=(*CALLS.measures, *many)),))
    made = json.loads(texts(Registry((call, INCIDENT, CRIME)))["watchroom-calls.json"])
    table = panel(made, "Calls by area")
    (named,) = (t for t in table["transformations"] if t["id"] == "organize")
    assert {"M 0", "M 29"} <= set(named["options"]["renameByName"].values())
    assert {"watchroom_calls_m0{", "watchroom_calls_m29{"} <= set(
        re.findall(r"watchroom_calls_m\d+{", asked(table))
    )


def test_a_panel_of_a_measure_that_there_is_not_is_refused() -> None:
    assert CALLS.performance is not None
    alone = replace(CALLS.performance, beside=())
    few = replace(CALLS, measures=CALLS.measures[:1], performance=alone)
    with pytest.raises(
        DeclarationError, match=r'Control room now: measure "calls\.waiting" is none'
    ):
        texts(Registry((replace(CALL, groups=(few,)), INCIDENT, CRIME)))
