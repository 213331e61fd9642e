"""The fields of words in a draft: area, category or offence, and grade."""

from __future__ import annotations

import re
from collections.abc import Sequence

from streams.config.force import Force
from streams.sources.draft import value_guess
from streams.sources.draft.columns import Column
from streams.sources.draft.draft import Work, quoted
from streams.sources.draft.field_words import AREA, GRADE

MOST_VALUES = 40
"""So many values that no pattern knows are listed in a draft."""


def place_area(work: Work) -> None:
    """Adds the area: the column that holds the force's own, else one with a name for it."""
    columns = work.columns
    column = None
    if work.force is not None:
        # The names of the force's own areas say more than that of a column.
        free = [c for c in columns.all if c.times is None and c.name not in columns.used]
        few = [c for c in free if len(c.counts) <= 500]
        known = [(sum(_is_area(work.force, v) for v in c.counts), c) for c in few]
        count, best = max(known, key=lambda pair: pair[0], default=(0, None))
        column = best if count else None
    places = [c for c in columns.all if c.times is None and 1 <= len(c.counts) <= 500]
    column = column or columns.find(AREA, places)
    if column is None:
        work.doubts.append("`area`: no column was found for it")
        return
    columns.use(column)
    work.fields += ["", "[fields.area]", f"column = {quoted(column.name)}"]
    if work.force is not None:
        strange = [v for v in column.counts if not _is_area(work.force, v)]
        if strange:
            work.doubts.append(
                f"`area`: {len(strange):,} of {len(column.counts):,} values of {column.name} "
                f"are no area of {work.force.id}, such as {strange[0]}: add them as aliases"
            )
    else:
        work.doubts.append(
            f"`area`: the force file has to know the {len(column.counts):,} values of {column.name}"
        )


def _is_area(force: Force, name: str) -> bool:
    try:
        force.find_area(name)
    except KeyError:
        return False
    return True


def place_words(
    work: Work, field: str, patterns: Sequence[str], table: Sequence[tuple[str, str]], default: str
) -> None:
    """Adds a category or offence, each value translated by the first pattern that it fits."""
    columns = work.columns
    texts = columns.texts(max(30, len(work.sample.rows) // 4))
    named = [c for p in patterns for c in texts
             if c.name not in columns.used and re.search(p, c.words)]  # fmt: skip
    # Of several, such as a code and its words, the one that says most.
    column = min(named, key=lambda c: round(_strange(c, table, default), 1), default=None)
    if column is None:
        work.constants.append(f"{field} = {quoted(default)}    # no column says it")
        work.doubts.append(f"`{field}`: no column was found for it")
        return
    columns.use(column)
    work.fields += ["", f"[fields.{field}]", f"column = {quoted(column.name)}",
                    f"default = {quoted(default)}    # values that are not listed", "",
                    f"[fields.{field}.values]"]  # fmt: skip
    known = {v: value_guess.translated(v, table, default) for v in column.counts}
    listed = [v for v, _ in column.counts.most_common() if known[v] != default]
    others = [v for v, _ in column.counts.most_common() if known[v] == default]
    shown = [*listed[: MOST_VALUES * 4], *others[:MOST_VALUES]]
    work.fields += [f"{quoted(value)} = {quoted(known[value])}" for value in shown]
    counted = sum(column.counts[v] for v in others)
    share = counted / max(1, len(column.values))
    work.doubts.append(
        f"`{field}`: {column.name} is translated by its words; {share:.0%} of the rows fall under "
        f"{default}"
    )


def place_grade(work: Work) -> None:
    """Adds the grade, where a column of few values has a name for it."""
    columns = work.columns
    few = [c for c in columns.all if c.times is None and 2 <= len(c.counts) <= 15]
    column = columns.find(GRADE, few)
    found = value_guess.grades(sorted(column.counts)) if column is not None else None
    if column is None or found is None:
        work.doubts.append("`grade`: no column was found for it, so response times have no grade")
        return
    columns.use(column)
    work.fields += [
        "",
        "[fields.grade]",
        f"column = {quoted(column.name)}",
        "",
        "[fields.grade.values]",
    ]
    work.fields += [f"{quoted(value)} = {quoted(grade)}" for value, grade in found.items()]
    work.doubts.append(
        f"`grade`: what {column.name} means is a guess; the smallest number is taken for the most "
        "urgent"
    )


def _strange(column: Column, table: Sequence[tuple[str, str]], default: str) -> float:
    """The share of rows whose value no pattern knows."""
    known = {v: value_guess.translated(v, table, default) != default for v in column.counts}
    return sum(n for v, n in column.counts.items() if not known[v]) / max(1, len(column.values))
