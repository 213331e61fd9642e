"""Which kinds of alert watch a measure: by the signals of its detectors, or as things happen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from streams.alerts.rules import KINDS, kind_of
from streams.config.force import WHOLE
from streams.registry.measures import Group, Measure
from streams.surveillance.signals import Method, Signal


def alert_kinds(group: Group, measure: Measure) -> list[str]:
    """The names of the kinds of alert that watch a measure, in the order of all lists of kinds."""
    found = {kind.name for kind in KINDS if (group.name, measure.name) in kind.figures}
    if measure.watch is not None:
        found |= signal_kinds(group, measure)
    return in_order(found)


def signal_kinds(group: Group, measure: Measure) -> set[str]:
    """The kinds of alert that signals of a watched measure open."""
    known: Mapping[str, Any] = {
        "force": "", "kind": group.kind, "group": group.name, "measure": measure.name,
        "area": WHOLE, "grain": "day", "period": "", "start": 0, "end": 0, "theme": "",
        "direction": "up", "polarity": "neutral", "observed": 0.0,
    }  # fmt: skip
    methods = (method for method in get_args(Method) if method != "silence")
    return {kind_of(Signal(**known, method=method)) for method in methods}


def in_order(names: set[str]) -> list[str]:
    """Names of kinds of alert in the order of all lists of kinds."""
    return [each.name for each in KINDS if each.name in names]
