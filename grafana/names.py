"""Identifiers in words: what a label holds, as people write it.

Where a label is part of a name (a bar, a band, a line), Grafana rewrites the name itself, so that a
force's own categories are covered; in a table the values that are known are mapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from grafana_foundation_sdk.models import dashboard as model

from streams.config.force import WHOLE
from streams.registry.registry import REGISTRY

BY_SEVERITY = {"page": "To act on", "notice": "To look at", "state": "To know of"}
RECORDED = {"feed", "kind"}
"""Labels that may hold a kind of record."""
LISTED = {name for name, dimension in REGISTRY.dimensions.items() if dimension.narrows}
"""Labels whose values are of the forces' own lists."""
SUMMED = {name for name, dimension in REGISTRY.dimensions.items() if dimension.summed}
IDENTIFIERS = {*RECORDED, *SUMMED, "measure", "outcome", "reason", "row"}
"""Labels whose values are written with underscores and dots."""
RECORDS = REGISTRY.feeds
CATEGORIES = {
    name: words for name, words in REGISTRY.names.items() if name not in {*RECORDS, "all"}
}

_TITLES: dict[str, set[str]] = {}
for _group in REGISTRY.groups:
    for _measure in _group.measures:
        _TITLES.setdefault(_measure.name, set()).add(_measure.title)

VALUES: dict[str, dict[str, str]] = {
    "area": {WHOLE: "Whole force"},
    "grain": {name: name.capitalize() for name in ("hour", "day", "month")},
    "group": {group.name: group.title for group in REGISTRY.groups},
    # A title that only one table gives: "count" is the crimes of one and the incidents of another.
    "measure": {
        name: min(titles) if len(titles) == 1 else name.capitalize()
        for name, titles in _TITLES.items()
    },
    "severity": BY_SEVERITY,
}


def in_words(legends: Iterable[str]) -> list[model.DataTransformerConfig]:
    """What makes "other_theft" "other theft" in names that such labels are part of."""
    labels = {label for legend in legends for label in re.findall(r"{{(\w+)}}", legend)}
    if not labels & IDENTIFIERS:
        return []
    known = RECORDS if labels & RECORDED else CATEGORIES if labels & LISTED else {}
    rules = [(f"/^{re.escape(name)}$/", words) for name, words in known.items()]
    return [_renamed(*rule) for rule in (*rules, ("/_/g", " "), (r"/\./g", ", "))]


def _renamed(regex: str, words: str) -> model.DataTransformerConfig:
    options = {"regex": regex, "renamePattern": words}
    return model.DataTransformerConfig("renameByRegex", options=options)


def mapped(label: str) -> list[model.ValueMapping]:
    """The values of a label in words, where they are known."""
    found = {
        value: model.ValueMappingResult(text=words, index=place)
        for place, (value, words) in enumerate(VALUES.get(label, {}).items())
    }
    return [model.ValueMap(options=found)] if found else []
