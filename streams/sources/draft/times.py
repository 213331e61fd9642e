"""Which columns become the time fields of a draft, and how they are written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import NamedTuple

from streams.errors import SourceError
from streams.sources.bytes.forms import shown
from streams.sources.draft.columns import Column
from streams.sources.draft.draft import Work, clean, one_or_more, quoted
from streams.sources.draft.field_words import MAIN, PARTIAL, TIMES
from streams.sources.draft.time_guess import read_time
from streams.sources.mapping.times import DAY, compile_format

FEW = 0.01
"""So large a share of times that run backwards is not worth a line."""
NIGHT = dt.timedelta(hours=6)
"""How late a time can be after the first that is dated a day too early by midnight; a wrong clock
is off by anything."""


def place_times(work: Work) -> None:
    """Adds the time fields; raises `SourceError` where no column has times."""
    if work.kind == "reading":
        raise SourceError(
            f"{work.sample.origin} looks like figures of periods: a draft is made for calls, "
            'incidents and crimes only. Write kind = "reading" by hand, see docs/sources.md'
        )
    columns = work.columns
    found: dict[str, Column] = {}
    whole = columns.with_times("second")
    clocks = columns.with_times("clock")
    days = columns.with_times("day", "month")
    for field, patterns in TIMES[work.kind]:
        if field in found:
            continue
        partly = days if field in PARTIAL else []
        groups = (whole, clocks, partly) if field != "committed_from" else (whole, partly)
        # A pattern is tried on all columns of times before the next is.
        for pattern in patterns:
            column = next(
                (c for g in groups if (c := columns.find([pattern], g)) is not None), None
            )
            if column is not None:
                found[field] = columns.use(column)
                break
    main = MAIN[work.kind]
    if main not in found and work.kind == "crime" and "committed_from" in found:
        found[main] = found.pop("committed_from")
        work.doubts.append("`recorded_at`: no column says when a crime was recorded")
    if main not in found and found:
        # What is left is earlier, or no later time follows it: a record has to begin somewhere.
        fullest = max(found.values(), key=lambda column: column.filled)
        for column in found.values():
            columns.used.discard(column.name)
        found = {main: columns.use(fullest)}
        work.doubts.append(
            f"`{main}`: no column says it, so {fullest.name} is taken, and no other time is used; "
            "how long anything took can't be had"
        )
    if main not in found:
        names = shown(", ".join(clean(column.name) for column in columns.all), 600)
        raise SourceError(
            f"{work.sample.origin}: none of its columns holds times that are known ({names}). "
            "Write a mapping by hand, see docs/sources.md: a time may be joined of several "
            'columns, and totals of calls are of kind = "reading"'
        )
    _main_time(work, main, _dated(work, main, found), days)
    rest = [field for field, _ in reversed(TIMES[work.kind]) if field in found]
    order = ("offered_at", "opened_at", "graded_at", "dispatched_at", "answered_at",
             "abandoned_at", "arrived_at", "ended_at", "closed_at")  # fmt: skip
    for field in sorted(set(rest) - {main}, key=lambda f: order.index(f) if f in order else 99):
        _other_time(work, field, found[field])
    if "arrived_at" in work.placed and "closed_at" not in work.placed:
        work.doubts.append(
            "`closed_at`: no column was found for it, so no emergency counts as never attended"
        )


def _dated(work: Work, main: str, found: dict[str, Column]) -> Column:
    """The column of the main time. Where it is a day only, and the one clock time of the row
    was taken for another field, that clock time belongs to it."""
    column = found[main]
    times = column.times
    if times is not None and times.precision == "day" and work.kind != "crime":
        clocks = work.columns.with_times("clock")
        if len(clocks) == 1 and clocks[0].name in work.columns.used:
            field = next((f for f, c in found.items() if c is clocks[0]), None)
            if field is not None:
                del found[field]
                work.columns.used.discard(clocks[0].name)
                work.doubts.append(f"`{main}`: {clocks[0].name} is the only clock time there is")
    return column


def _main_time(work: Work, field: str, column: Column, days: Sequence[Column]) -> None:
    times = column.times
    assert times is not None  # noqa: S101  only columns of times are chosen
    work.main = column
    lines = ["", f"[fields.{field}]", f"column = {quoted(column.name)}"]
    clock = None
    if times.precision in {"day", "month"}:
        patterns = (r"time|clock|hour|^toc$",)
        clock = work.columns.find(patterns, work.columns.with_times("clock"))
    if clock is not None and clock.times is not None:
        work.columns.use(clock)
        work.clock = clock
        lines = ["", f"[fields.{field}]", f"column = {quoted(clock.name)}",
                 f"format = {one_or_more(clock.times.formats)}",
                 f"date = {quoted(column.name)}",
                 f"date_format = {one_or_more(times.formats)}"]  # fmt: skip
    elif times.precision == "clock":
        date = work.columns.find((r"date|day", r"."), days)
        lines.append(f"format = {one_or_more(times.formats)}")
        if date is not None and date.times is not None:
            work.columns.use(date)
            lines += [f"date = {quoted(date.name)}",
                      f"date_format = {one_or_more(date.times.formats)}"]  # fmt: skip
        elif (parts := _day_month_year(work)) is not None:
            names, form = parts
            formats = [f"{form} {clock_form}" for clock_form in times.formats]
            lines[2:] = [f"column = {quoted([*names, column.name])}", 'join = " "',
                         f"format = {one_or_more(formats)}"]  # fmt: skip
        else:
            work.doubts.append(f"`{field}`: no column dates the clock time {column.name}")
    else:
        lines.append(f"format = {one_or_more(times.formats)}")
        if times.precision != "second":
            known = f"# known to the {times.precision} only, and counted in nothing finer"
            lines[2] += f"    {known}"
    if column.zeros:
        lines.append(f"null = {quoted(sorted(column.zeros))}")
    if column.filled < 0.99:
        _second_choice(work, field, column, lines)
    work.fields += lines
    work.placed = [field]


def _day_month_year(work: Work) -> tuple[list[str], str] | None:
    """The columns of the day, the month and the year, and how a date of them is written."""
    names = {c.words: c for c in work.columns.all if c.name not in work.columns.used and c.values}
    parts = [names[name] for name in ("day", "month", "year") if name in names]
    if len(parts) != 3:
        return None
    for month in ("%B", "%b", "%m"):
        form = f"%d {month} %Y"
        parse = compile_format(form)
        dates = {" ".join(cells) for cells in zip(*(c.cells for c in parts), strict=True)}
        if sum(parse(date) is not None for date in dates) > 0.9 * len(dates):
            return [work.columns.use(c).name for c in parts], form
    return None


def _second_choice(work: Work, field: str, column: Column, lines: list[str]) -> None:
    """A column that dates the rows where the main time is blank: the latest one before it."""
    blank = [n for n, cell in enumerate(column.cells) if not cell or cell in column.zeros]
    assert column.times is not None  # noqa: S101  only columns of times are chosen
    best, latest = None, ""
    for other in work.columns.with_times(column.times.precision):
        if other.name in work.columns.used or other.times is None:
            continue
        cells = [other.cells[n].rjust(20) for n in blank]
        if other.filled > 0.99 and other.times.formats == column.times.formats:
            median = sorted(cells)[len(cells) // 2]
            if median > latest and re.search(r"start|entry|exit|receiv|creat", other.words):
                best, latest = other, median
    if best is None:
        work.doubts.append(f"`{field}`: {len(blank):,} rows have no {column.name}")
        return
    work.columns.use(best)
    place = next(n for n, line in enumerate(lines) if line.startswith("column = "))
    lines[place] = f"column = {quoted([column.name, best.name])}"
    work.doubts.append(f"`{field}`: {len(blank):,} rows have no {column.name} and take {best.name}")


class _Backwards(NamedTuple):
    """How many rows have two times, in how many the second lies before the first, and how many of
    these it would follow within `NIGHT` if it were of the next day."""

    rows: int = 0
    before: int = 0
    overnight: int = 0


def _backwards(work: Work, column: Column) -> _Backwards:
    """How often a time lies before the main one."""
    main = work.main
    if main is None or main.times is None or column.times is None:
        return _Backwards()
    if {main.times.precision, column.times.precision} != {"second"}:
        return _Backwards()
    rows = before = overnight = 0
    for first, second in zip(main.cells, column.cells, strict=True):
        if second in column.nulls:
            continue
        a, b = read_time(main.times, first), read_time(column.times, second)
        if a is not None and b is not None:
            rows += 1
            before += b < a
            overnight += b < a <= b + DAY <= a + NIGHT
    return _Backwards(rows, before, overnight)


def _backwards_doubt(field: str, column: Column, found: _Backwards) -> str:
    """What is wrong with the rows that run backwards, and the setting that mends it."""
    wrong = found.before - found.overnight
    said = (
        f"`{field}`: {found.before:,} of {found.rows:,} {column.name} "
        f"({found.before / found.rows:.0%}) lie before the first time, and are refused"
    )
    if found.overnight:
        said += (
            f'; {found.overnight:,} of them have the date of the day before: roll = "day" puts '
            "them on the next"
        )
    if wrong:
        others = "the others are" if found.overnight else "these are"
        said += f'; {others} wrong times, which on_error = "leave_out" leaves out'
    return said


def _other_time(work: Work, field: str, column: Column) -> None:
    times = column.times
    assert times is not None  # noqa: S101  only columns of times are chosen
    lines = ["", f"[fields.{field}]", f"column = {quoted(column.name)}",
             f"format = {one_or_more(times.formats)}"]  # fmt: skip
    if column.zeros:
        lines.append(f"null = {quoted(sorted(column.zeros))}")
    found = _backwards(work, column)
    if work.kind != "crime" and found.before > FEW * found.rows:
        work.doubts.append(_backwards_doubt(field, column, found))
    if field not in PARTIAL:
        # The nearest first: a closing follows the arrival where there was one.
        before = [name for name in reversed(work.placed) if name not in PARTIAL - {"opened_at"}]
        # Of a time with its date it decides which of two hours it is in where the clock goes back.
        if before and times.precision in {"clock", "second"}:
            lines.append(f"after = {one_or_more(before)}")
        work.placed.append(field)
    work.fields += lines
