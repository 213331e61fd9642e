"""The draft of a table of totals: how many calls came in a day or a month, instead of each call."""

from __future__ import annotations

import re

from streams.sources.draft.columns import Column
from streams.sources.draft.draft import Work, one_or_more, quoted
from streams.sources.draft.time_guess import find_times

COUNTS = (
    ("abandoned", r"abandon|\blost\b|hung|dropped"),
    ("answered", r"answered|handled|served"),
    ("offered", r"offer|incoming|inbound|received|presented|\bcalls\b|total"),
)
NO_COUNT = r"rate|percent|pct|share|avg|average|mean|speed|time|sec|minute|level|duration|%"
"""Names of what is no count, though it has the name of one in it: "Average speed of answer"."""


def place_totals(work: Work) -> bool:
    """Adds the period, the counts and the id of a table of totals of calls; False where the table
    is none."""
    found = _counts(work)
    work.columns.settle("day")
    period = _period(work) if found else None
    if period is None:
        return False
    names, lines = period
    work.constants += ['measure = "calls"', 'line = "101"    # no column says the line']
    work.doubts.append("`line`: the line of these totals; a table of several needs its column")
    work.columns.used.update(names)
    work.id.append(f"id = {one_or_more(names)}")
    work.fields += ["", "[fields.period]", *lines]
    for count, column in found.items():
        work.columns.use(column)
        work.fields += ["", f'[fields."counts.{count}"]', f"column = {quoted(column.name)}"]
    places = [c.cells for c in work.columns.all if c.name in names]
    if len(set(zip(*places, strict=True))) < len(work.sample.rows):
        work.fields += ["", "[merge]", *(f'"counts.{count}" = "sum"' for count in found)]
        work.doubts.append(
            f"`merge`: several rows have one {' and '.join(names)}; they are summed as parts of it"
        )
    return True


def _counts(work: Work) -> dict[str, Column]:
    found: dict[str, Column] = {}
    whole = [c for c in work.columns.all if all(v.isdigit() for v in c.counts) and c.values
             and not re.search(NO_COUNT, f"{c.words} {c.name}".lower())]  # fmt: skip
    for count, pattern in COUNTS:
        column = next(
            (c for c in whole if c not in found.values() and re.search(pattern, c.words)), None
        )
        if column is not None:
            found[count] = column
    return found


def _period(work: Work) -> tuple[list[str], list[str]] | None:
    """The columns of the period, and the lines of its field."""
    columns = work.columns
    one = columns.find((r"date|day|month|period", r"."), columns.with_times("day", "month"))
    if one is not None and one.times is not None:
        formats = one_or_more(one.times.formats)
        if one.times.ambiguous and not columns.order_is_sure:
            work.doubts.append(
                f"AMBIGUOUS: {one.name}: no day is above 12, and the {columns.order} is taken to "
                "come first"
            )
        return [one.name], [f"column = {quoted(one.name)}", f"format = {formats}"]
    year = columns.find((r"^(the )?year$",), columns.all)
    month = columns.find((r"^(the )?month( name)?$",), columns.all)
    if year is None or month is None:
        return None
    both = [f"{a} {b}" for a, b in zip(year.cells, month.cells, strict=True)]
    times = find_times([text for text in both if text.strip()], "month")
    if times is None or times.precision != "month":
        return None
    names = [year.name, month.name]
    return names, [f"column = {quoted(names)}", 'join = " "',
                   f"format = {one_or_more(times.formats)}"]  # fmt: skip
