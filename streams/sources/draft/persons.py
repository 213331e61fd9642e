"""Columns that say who people are: found by their names before anything else is, so that no guess
takes one of them for something that is shown or sent as it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from streams.sources.draft.columns import Column
from streams.sources.draft.draft import Work, quoted
from streams.sources.draft.field_words import RecordKind
from streams.sources.mapping.pseudonyms import VARIABLE

FIELDS: Mapping[RecordKind, Sequence[tuple[str, str]]] = {
    "call": (("caller", r"\bcaller|calling|\bcli\b|\bani\b|phone|msisdn"),),
    "incident": (("persons.id", r"misper|missing person|nominal"),),
    "crime": (
        ("victims", r"victim|complainant|aggrieved"),
        ("suspects", r"suspect|offender|perpetrator"),
        ("defendants", r"defendant|accused"),
    ),
    "reading": (),
}
"""Of each kind the fields of people, and how exports call who they are."""

ROLES = "|".join(pattern for fields in FIELDS.values() for _, pattern in fields)
ID = r"\b(ids?|nos?|num|number|refs?|reference|nominals?|urns?|key|cli|ani)\b|phone|msisdn"
NAME = r"\b(sur|fore|first|last|middle|family|given|full|maiden) ?names?\b|\bsurname|\bforename"
IDENTITY = rf"{NAME}|\bdob\b|birth|phone|\bmobile\b|\be ?mail|passport|national insurance|\bnino\b"
OF_A_PERSON = r"\b(caller|informant|witness|person|nominal|officer|agent)s? names?\b"
NO_IDENTITY = (
    r"\b(type|age|sex|gender|ethnic\w*|counts?|injur\w*|class|categ\w*|flag|status|town|area"
    r"|relation\w*)\b|number of|\bno of\b"
)
"""What a column says of people without saying who they are."""
SPLITS = (";", "|", ",")


def place_persons(work: Work) -> None:
    """Adds the fields of people, and lists the other columns that say who somebody is."""
    columns = work.columns
    private = [column for column in columns.all if _says_who(column)]
    columns.personal = {columns.use(column).name for column in private}
    taken = set()
    for field, pattern in FIELDS[work.kind]:
        column = next(
            (
                c
                for c in private
                if c.name not in taken and re.search(pattern, c.words) and re.search(ID, c.words)
            ),
            None,
        )
        if column is None or not column.values:
            continue
        taken.add(column.name)
        name = quoted(field) if "." in field else field
        work.fields += ["", f"[fields.{name}]", f"column = {quoted(column.name)}"]
        split = next((sign for sign in SPLITS if any(sign in v for v in column.counts)), None)
        if split is not None and field != "caller":
            work.fields.append(f"split = {quoted(split)}")
        work.doubts.append(
            f"`{field}`: {column.name} says who people are; it becomes pseudonyms, by the key in "
            f"{VARIABLE}"
        )
    left = [column.name for column in private if column.name not in taken]
    if left:
        work.personal.append(f"personal = {quoted(left)}    # who people are: never read, nor kept")


def _says_who(column: Column) -> bool:
    """Whether a column's name says that it holds who somebody is."""
    if re.search(NO_IDENTITY, column.words):
        return False
    if re.search(f"{IDENTITY}|{OF_A_PERSON}", column.words):
        return True
    return re.search(ROLES, column.words) is not None and (
        re.search(rf"{ID}|\bnames?\b", column.words) is not None
    )
