"""The draft of a queue log: a row for each event of a call, as an Asterisk exchange writes them."""

from __future__ import annotations

from streams.sources.draft.columns import Column, SampleColumns
from streams.sources.draft.draft import Work, clean, one_or_more, quoted

STATES = {
    "ENTERQUEUE": "offered_at",
    "CONNECT": "answered_at",
    "ABANDON": "abandoned_at",
    "COMPLETEAGENT": "ended_at",
    "COMPLETECALLER": "ended_at",
    "EXITEMPTY": "ended_at",
    "EXITWITHKEY": "ended_at",
    "EXITWITHTIMEOUT": "ended_at",
}
"""The events of a queue log that are times of a call. Who leaves the queue by EXIT... was neither
answered nor gave up."""


def states_of(columns: SampleColumns) -> Column | None:
    """The column of events of a queue log; None where the table is none."""
    return next((c for c in columns.texts(200, 2) if {"ENTERQUEUE", "CONNECT"} <= c.counts.keys()),
                None)  # fmt: skip


def place_states(work: Work, events: Column) -> bool:
    """Adds the id, the states and the line of a queue log; False where it lacks a column."""
    columns = work.columns
    time = columns.find((r"date|time|stamp|epoch", r"."), columns.with_times("second"))
    key = columns.find((r"call ?id|unique ?id",), columns.all)
    if time is None or time.times is None or key is None:
        return False
    for column in (events, time, key):
        columns.use(column)
    work.id.append(f"id = {quoted(key.name)}")
    work.fields += [
        "", "[states]", f"column = {quoted(events.name)}", f"time = {quoted(time.name)}",
        f"format = {one_or_more(time.times.formats)}",
        'default = "ignore"    # ringing, agents who log in, calls made',
        "", "[states.fields]",
        *(f"{state} = {quoted(field)}" for state, field in STATES.items()
          if state in events.counts or not state.startswith("EXIT")),
    ]  # fmt: skip
    queue = columns.find((r"queue", r"\bline\b|skill|service"), columns.texts(60))
    if queue is None:
        work.constants.append('line = "999"    # no column says the line')
        work.doubts.append("`line`: no column says it, so all calls count under 999")
        return True
    columns.use(queue)
    names = clean(", ".join(sorted(set(queue.counts) - {"NONE"})[:5]))
    work.fields += ["", "[fields.line]", f"column = {quoted(queue.name)}", 'null = ["NONE"]']
    work.doubts.append(f"`line`: the force file has to have the lines of {queue.name} ({names})")
    return True
