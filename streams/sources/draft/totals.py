"""The draft of a table of totals: how many calls came in a day or a month, instead of each call."""

from __future__ import annotations

import re
from collections.abc import Iterable

from streams.sources.draft.columns import Column, SampleColumns
from streams.sources.draft.draft import Work, one_or_more, quoted
from streams.sources.draft.time_guess import find_times, read_time

HOURS_A_DAY = 24
FILLED = 0.9
"""The share of rows that have each of the counts, at least."""
COUNTS = (
    ("abandoned", r"\baban|\blost\b|hung|dropped"),
    ("answered", r"answered|handled|served|\bacd\b"),
    ("offered", r"offer|incoming|inbound|received|presented|\bcalls\b|total"),
)
NO_COUNT = r"rate|percent|pct|share|avg|average|mean|speed|time|sec|minute|level|duration|%"
"""Names of what is no count, though it has the name of one in it: "Average speed of answer"."""
NO_HOUR = r"avg|average|mean|longest|max|acd|talk|handl|speed|answer|answ?\b|wait"
"""Names of clock times that are no hour of the day, though they look like one: "Avg ACD time"."""


def are_totals(columns: SampleColumns) -> bool:
    """Whether each row counts calls and is none: two columns or more are filled with counts, one of
    them of "calls", and more than one call is in some row."""
    found = _counts(columns)
    return (
        len(found) >= 2
        and any(re.search(r"\bcalls\b", column.words) for column in found.values())
        and all(column.filled > FILLED for column in found.values())
        and any(int(text) > 1 for column in found.values() for text in column.counts)
    )


def place_totals(work: Work) -> bool:
    """Adds the period, the counts and the id of a table of totals of calls; False where the table
    is none."""
    found = _counts(work.columns)
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
    if "offered" not in found:
        work.doubts.append(
            "`counts.offered`: no column says it; if each call was answered or abandoned, add "
            '"counts.end_unknown" = 0 to the constants, and it is their sum'
        )
    places = [c.cells for c in work.columns.all if c.name in names]
    if len(set(zip(*places, strict=True))) < len(work.sample.rows):
        work.fields += ["", "[merge]", *(f'"counts.{count}" = "sum"' for count in found)]
        work.doubts.append(
            f"`merge`: several rows have one {' and '.join(names)}; they are summed as parts of it"
        )
    return True


def _counts(columns: SampleColumns) -> dict[str, Column]:
    found: dict[str, Column] = {}
    whole = [c for c in columns.all if all(v.isdigit() for v in c.counts) and c.values
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
        if one.times.precision == "day" and (hour := _hour(columns)) is not None:
            name, form = hour
            return [one.name, name], [
                f"column = {quoted(name)}", f"format = {one_or_more(form)}",
                f"date = {quoted(one.name)}", f"date_format = {formats}",
            ]  # fmt: skip
        return [one.name], [f"column = {quoted(one.name)}", f"format = {formats}"]
    both_in_one = columns.find(
        (r"date|time|interval|period|start|hour",), columns.with_times("second")
    )
    if both_in_one is not None and both_in_one.times is not None and _of_hours(both_in_one):
        formats = one_or_more(both_in_one.times.formats)
        return [both_in_one.name], [f"column = {quoted(both_in_one.name)}", f"format = {formats}"]
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


def _hour(columns: SampleColumns) -> tuple[str, list[str]] | None:
    """The column of the hour of a day, and how it is written; None where the rows are of whole days
    or of parts of an hour, which are summed to their days."""
    for column in columns.all:
        if column.name in columns.used or re.search(NO_HOUR, column.words):
            continue
        if column.times is not None and column.times.precision == "clock" and _of_hours(column):
            return column.name, column.times.formats
        if re.search(r"\bhour\b", column.words) and column.values and _is_hour(column.counts):
            return column.name, ["%H"]
    return None


def _of_hours(column: Column) -> bool:
    """Whether all times of a column are full hours, and of more than one hour."""
    read = [] if column.times is None else [read_time(column.times, text) for text in column.counts]
    hours = {at.hour for at in read if at is not None}
    return len(hours) > 1 and not any(at.minute or at.second for at in read if at is not None)


def _is_hour(texts: Iterable[str]) -> bool:
    return all(text.isdigit() and int(text) < HOURS_A_DAY for text in texts)
