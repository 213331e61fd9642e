"""Rows of figures as CSV: a column a field, and of each comparison a column a field of it.

What is not known is empty; yes and no are `true` and `false`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, get_args, get_type_hints

from msgspec import UNSET, Struct

from streams.board.compare import Beside


def csv_text(kind: type[Struct], rows: Iterable[Struct], compare: Sequence[str] = ()) -> str:
    """The CSV text of some rows of one kind, with a heading; `compare` names the comparisons that
    stand beside them."""
    names = [name for name in kind.__struct_fields__ if name != "beside"]
    of = {name: _fields(name) for name in compare}
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    out.writerow([*names, *(f"{name}_{field}" for name in compare for field in of[name])])
    for row in rows:
        written = [_text_of(getattr(row, name)) for name in names]
        for name in compare:
            found = getattr(getattr(row, "beside", None), name, None)
            written += [_text_of(getattr(found, field, None)) for field in of[name]]
        out.writerow(written)
    return text.getvalue()


def _fields(comparison: str) -> tuple[str, ...]:
    """The fields of a comparison."""
    hints = get_type_hints(Beside)
    made = next(each for each in get_args(hints[comparison]) if hasattr(each, "__struct_fields__"))
    found: tuple[str, ...] = made.__struct_fields__
    return found


def _text_of(value: Any) -> str:
    if value is None or value is UNSET:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Struct):  # a centre that moved
        return "; ".join(f"{name} {getattr(value, name)}" for name in value.__struct_fields__)
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name} {each}" for name, each in value.items())
    text = str(value)
    # A spreadsheet would take such a text for a formula.
    formula = isinstance(value, str) and text.startswith(("=", "+", "-", "@"))
    return f"'{text}" if formula else text
