"""The values of a drafted mapping's word columns in all rows of a file, not the first thousand.

Exports are often sorted by type, so that the first rows have few of the values. The draft is read
through once with nothing listed: every value then falls to the default, and is counted there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as AnyMapping
from pathlib import Path

import msgspec

from streams.config.force import Force
from streams.sources.files import open_source
from streams.sources.mapping.model import Mapping

DEFAULTS = {"category": "other", "offence": "other_crime", "grade": "scheduled"}
"""The fields whose values a draft translates, each with something that it may be."""
MOST_ROWS = 500_000
"""So many rows are looked at."""


def all_values(
    path: Path | str, mapping: Mapping, force: Force | None
) -> AnyMapping[str, Counter[str]]:
    """By column its values with how many rows have each; raises as `open_source` does."""
    rules = {
        field: msgspec.structs.replace(rule, values={}, default=DEFAULTS[field])
        for field, rule in mapping.fields.items()
        if field in DEFAULTS and isinstance(rule.column, str) and rule.values is not None
    }
    if not rules:
        return {}
    unlisted = msgspec.structs.replace(
        mapping, fields={**mapping.fields, **rules}, force=mapping.force or "any"
    )
    rows = 0
    with open_source(path, unlisted, force, most=MOST_ROWS) as source:
        for chunk in source:
            rows += chunk.rows
            if rows >= MOST_ROWS:
                break
        return {
            str(rules[field].column): values
            for field, values in source.by_default.items()
            if field in rules
        }
