"""The fields of words in a draft: area, category or offence, and grade."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from streams.config.force import Force
from streams.sources.bytes.forms import shown
from streams.sources.draft import value_guess
from streams.sources.draft.columns import Column
from streams.sources.draft.draft import Work, clean, quoted
from streams.sources.draft.field_words import AREA_WORDS, GRADE
from streams.sources.draft.value_guess import ValueWords, guessed

MOST_LISTED = 500
"""So many values that some pattern knows are listed in a draft."""
MOST_VALUES = 40
"""So many values that no pattern knows are listed in a draft."""
NAMED, LONGEST = 5, 60
"""How many values a line names, and characters that it has of each."""
NOT_SURE = "# CHECK: not sure"


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
    column = column or columns.find(AREA_WORDS, places)
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


def place_words(work: Work, field: str, patterns: Sequence[str], words: ValueWords) -> None:
    """Adds a category or offence, each value translated by the first pattern that it fits."""
    columns, default = work.columns, words.default
    texts = columns.texts(max(30, len(work.sample.rows) // 4))
    named = [c for p in patterns for c in texts
             if c.name not in columns.used and re.search(p, c.words)]  # fmt: skip
    # Of several, such as a code and its words, the one that says most.
    column = min(named, key=lambda c: round(_strange(c, words), 1), default=None)
    if column is None:
        work.constants.append(f"{field} = {quoted(default)}    # no column says it")
        work.doubts.append(f"`{field}`: no column was found for it")
        return
    columns.use(column)
    work.fields += ["", f"[fields.{field}]", f"column = {quoted(column.name)}",
                    f"default = {quoted(default)}    # values that are not listed", "",
                    f"[fields.{field}.values]"]  # fmt: skip
    counts = work.values.get(column.name, column.counts)
    found = {value: guessed(value, words) for value, _ in counts.most_common()}
    listed = {value: guess for value, guess in found.items() if guess is not None}
    for value, guess in list(listed.items())[:MOST_LISTED]:
        note = "" if guess.sure else f"    {NOT_SURE}"
        work.fields.append(f"{quoted(value)} = {quoted(guess.name)}{note}")
    others = [value for value in found if value not in listed]
    if others:
        work.fields.append(f"# CHECK: no word of these is known, so they count as {default}:")
    work.fields += [f"{quoted(value)} = {quoted(default)}" for value in others[:MOST_VALUES]]
    fallen = others + list(listed)[MOST_LISTED:]
    rows, share = _rows(counts, fallen), _rows(counts, fallen) / max(1, counts.total())
    work.doubts.append(
        f"`{field}`: {column.name} is translated by its words; {share:.0%} of the rows "
        f"({rows:,} of {counts.total():,}) fall under {default}{_most_often(counts, fallen)}"
    )
    unsure = [value for value, guess in listed.items() if not guess.sure]
    if unsure:
        work.doubts.append(
            f"`{field}`: what {len(unsure):,} values mean is not sure ({_rows(counts, unsure):,} "
            f"rows); their lines say CHECK{_most_often(counts, unsure)}"
        )


def _rows(counts: Counter[str], values: Sequence[str]) -> int:
    """In how many rows some values stand."""
    return sum(counts[value] for value in values)


def _most_often(counts: Counter[str], values: Sequence[str]) -> str:
    """The values of which most rows are, in words."""
    few = sorted(values, key=lambda value: -counts[value])[:NAMED]
    named = ", ".join(f"{shown(clean(value), LONGEST)} ({counts[value]:,})" for value in few)
    return f"; most often {named}" if few else ""


def place_grade(work: Work) -> None:
    """Adds the grade, where a column of few values has a name for it."""
    columns = work.columns
    few = [c for c in columns.all if c.times is None and 2 <= len(c.counts) <= 15]
    column = columns.find(GRADE, few)
    values = Counter[str]() if column is None else work.values.get(column.name, column.counts)
    found = None if column is None else value_guess.grades(sorted(values))
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


def _strange(column: Column, words: ValueWords) -> float:
    """The share of rows whose value no pattern knows."""
    known = {v: guessed(v, words) is not None for v in column.counts}
    return sum(n for v, n in column.counts.items() if not known[v]) / max(1, len(column.values))
