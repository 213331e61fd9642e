"""The fields of calls in a draft: answered or abandoned after so long, and the line."""

from __future__ import annotations

import re

from streams.sources.draft import value_guess
from streams.sources.draft.columns import Column
from streams.sources.draft.draft import Work, quoted
from streams.sources.draft.field_words import LINE


def place_call(work: Work) -> None:
    """Adds when a call was answered or abandoned, where only how long it took is known."""
    columns = work.columns
    numbers = [c for c in columns.all if c.like_a_duration]
    has_answer = "answered_at" in work.placed
    answer = (
        None
        if has_answer
        else columns.find((r"answer.*(\bs|sec|after|time|delay|wait|speed)|^asa",), numbers)
    )
    abandon = columns.find((r"abandon.*(\bs|sec|after|time|delay|wait)|patience",), numbers)
    outcome = next(
        (c for c in columns.texts(30, 2) if _some(c, value_guess.ABANDONED)
         and not _some(c, r"^\d")), None
    )  # fmt: skip
    if outcome is not None:
        columns.use(outcome)
    wait = columns.find((r"q time|queue.*time|wait|ring.*(time|sec)|delay",), numbers)
    if not has_answer and answer is None:
        answer = wait
    if abandon is None and outcome is not None and "abandoned_at" not in work.placed:
        abandon = wait
    for field, column in (("answered_at", answer), ("abandoned_at", abandon)):
        if column is None:
            continue
        columns.use(column)
        lines = [
            "",
            f"[fields.{field}]",
            'from = "offered_at"',
            f"plus = {quoted(column.name)}",
        ]
        if (unit := _unit(column)) != "seconds":
            lines.append(f"unit = {quoted(unit)}")
        if outcome is not None and column is wait:
            abandoned = _matching(outcome, value_guess.ABANDONED)
            values = abandoned if field == "abandoned_at" else [
                value for value in _matching(outcome, value_guess.ANSWERED)
                if value not in abandoned
            ]  # fmt: skip
            lines.append(f"when = {{ column = {quoted(outcome.name)}, is = {quoted(values)} }}")
        work.fields += lines
    if outcome is not None and wait is not None and wait in (answer, abandon):
        _say_without_end(work, outcome, wait)
    if not has_answer and answer is None:
        work.doubts.append(
            "`answered_at`: no column says when or after how long a call was answered"
        )
    _line(work)


def _say_without_end(work: Work, outcome: Column, wait: Column) -> None:
    """Doubts about calls that the draft takes for neither answered nor abandoned."""
    known = {
        v for p in (value_guess.ABANDONED, value_guess.ANSWERED) for v in _matching(outcome, p)
    }
    for value, count in outcome.counts.most_common():
        if value not in known:
            work.doubts.append(
                f"`answered_at`: {value} ({count:,} rows) is taken for neither answered nor "
                "abandoned; add it to `is` of one of them"
            )
    blank = sum(1 for o, w in zip(outcome.cells, wait.cells, strict=True) if o in known and not w)
    if blank:
        work.doubts.append(
            f"`answered_at`: {blank:,} rows have an outcome and no {wait.name}; nothing says when "
            "these calls ended, so how they did is not counted"
        )


def _line(work: Work) -> None:
    for column in work.columns.texts(30) + [c for c in work.columns.all if c.numeric]:
        found = value_guess.lines(sorted(column.counts)[:30])
        if (
            found
            and re.search("|".join(LINE), column.words)
            and column.name not in work.columns.used
        ):
            work.columns.use(column)
            work.fields += ["", "[fields.line]", f"column = {quoted(column.name)}", "",
                            "[fields.line.values]"]  # fmt: skip
            for value, count in column.counts.most_common(30):
                line = found.get(value)
                note = "    # a guess" if line else "    # CHECK: its name does not say"
                work.fields.append(f"{quoted(value)} = {quoted(line or '101')}{note}")
                if line is None:
                    work.doubts.append(f"`line`: {value} ({count:,} rows) is counted under 101")
            return
    work.constants.append('line = "999"    # no column says the line')
    work.doubts.append("`line`: no column says it, so all calls count under 999")


def _some(column: Column, pattern: str) -> bool:
    return any(re.search(pattern, value.casefold()) for value in column.counts)


def _matching(column: Column, pattern: str) -> list[str]:
    return [v for v, _ in column.counts.most_common() if re.search(pattern, v.casefold())]


def _unit(column: Column) -> str:
    if not column.numeric:
        return "clock"
    if re.search(r"\bms\b|milli", column.words):
        return "milliseconds"
    return "minutes" if re.search(r"\bmins?\b|minute", column.words) else "seconds"
