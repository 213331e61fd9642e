"""Why a row is refused: every reason, what it means, and what to do about it.

A reason is a short fixed word group: a label of a metric, a header of a dead letter, and a row of
the table in docs/sources.md. What is wrong with the one row stands in its detail.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.sources.bytes.forms import shown


class Reason(NamedTuple):
    """What a reason means, and what to do."""

    meaning: str
    cure: str


LONGEST_TEXT = 500
"""Characters of a row's own text that a message has at most."""

REASONS: dict[str, Reason] = {
    # the form of the file
    "bad_csv": Reason(
        "a quote that is never closed, or text after a closing quote",
        'mend the row, or write `quote = ""` in the mapping if the file does not quote',
    ),
    "wrong_cell_count": Reason(
        "more or fewer cells than there are columns",
        "look for an unquoted delimiter in the row; check `delimiter`",
    ),
    "bad_encoding": Reason(
        "bytes that are not of the encoding", 'check `encoding` in the mapping, such as "cp1252"'
    ),
    "line_too_long": Reason("a line above 16 MiB", "look whether the file has lines at all"),
    "cut_short": Reason(
        "half a line before a damaged part of the file",
        "fetch the file again and read it again: nothing is counted twice",
    ),
    "not_json": Reason("a line that is no JSON object", "mend the line, or give a mapping"),
    "wrong_form": Reason(
        "a field is missing or has the wrong form",
        "compare the row with docs/schemas/, and its columns with the mapping",
    ),
    # the mapping
    "bad_time": Reason(
        "a time that fits none of the formats",
        "mend the row, or add its form to `time_format`, or to `null`, in the mapping",
    ),
    "bad_number": Reason(
        "a figure or duration that is no number", "add what stands there to `null`"
    ),
    "no_date": Reason(
        "a time of day that no date goes with", "give the field `date` or `after` in the mapping"
    ),
    "no_time": Reason("the row has no time at all", "map a column with a time, or exclude the row"),
    "no_id": Reason(
        "a part of the id is blank",
        "mend the row, or let the mapping exclude such rows or make the id of other columns",
    ),
    "no_force": Reason("the column with the force is blank", "give --force, or mend the row"),
    "unknown_value": Reason(
        "a word that is not known, and without which the row counts nowhere",
        "mend the row, or list the word in `values`, or give a `default`, in the mapping",
    ),
    # the sense of a record
    "missing_field": Reason("a field that the kind needs is missing", "map it, or mend the sender"),
    "impossible_date": Reason("a date that the calendar does not have", "mend the row"),
    "implausible_date": Reason(
        "a time before 1990, later than the reading, or far from the other times of the row",
        'mend the year, or let the mapping leave the field out (`on_error = "leave_out"`)',
    ),
    "no_offset": Reason(
        "a time without an offset from UTC", "write it with one: 2024-01-31T10:00:00+00:00"
    ),
    "in_the_future": Reason(
        "a time later than the record was written or received",
        "set the clock of the sender, or mend the row",
    ),
    "too_long": Reason("a wait or a response of more than 40 days", "mend the times of the row"),
    "answered_before_offered": Reason(
        "the call is answered before it is offered", "mend the times, or use `after` or `tolerance`"
    ),
    "abandoned_before_offered": Reason(
        "the call is abandoned before it is offered",
        "mend the times, or use `after` or `tolerance`",
    ),
    "ended_before_offered": Reason(
        "the call ends before it is offered", "mend the times, or use `after` or `tolerance`"
    ),
    "arrived_before_opened": Reason(
        "the arrival is earlier than the opening",
        'mend the times, or use `after`, `tolerance` or `on_error = "leave_out"`',
    ),
    "closed_before_opened": Reason(
        "the close is earlier than the opening",
        "mend the times, or use `after` (in the hour that autumn repeats), "
        '`roll = "day"` or `on_error = "leave_out"`',
    ),
    "recontact_due_before_opened": Reason(
        "the caller was to be rung again before the incident was opened",
        'mend the times, or use `after`, `tolerance` or `on_error = "leave_out"`',
    ),
    "answered_and_abandoned": Reason(
        "the call has two ends", "map one of them, with `when` on the outcome"
    ),
    "impossible_counts": Reason(
        "a total counts more parts than the whole",
        "mend the row; map the columns to the counts that they are (docs/sources.md)",
    ),
    "arrival_without_time": Reason(
        "an arrival, but the opening is known only to the day or the month",
        "map the time of day of the opening, or leave the arrival out",
    ),
    # the force
    "unknown_force": Reason(
        "no force of that id is known here", "give its file with --force, or mend the id"
    ),
    "wrong_force": Reason(
        "an event of another force than the token may send (docs/ingest.md)",
        "send it with the token of its force",
    ),
    "unknown_line": Reason(
        "the force has no such telephone line", "add the line to the force file, or map its name"
    ),
    "unknown_area": Reason(
        "a reading of an area that the force does not have",
        "add it to the force file, as an area or an alias",
    ),
    # the monitor
    "sealed": Reason(
        "a new record of a period that is older than the horizon of its kind",
        "publish history before the feed starts, or into topics with a prefix of its own",
    ),
    "ledger_full": Reason(
        "more records inside the horizon than one process holds",
        "share the force's records among partition groups, or read a shorter history",
    ),
    "too_many_feeds": Reason(
        "more feeds of heartbeats than a force may have", "send a fixed name in `feed`"
    ),
    "too_large": Reason(
        "a line above the message limit of its topic, or a message or batch that holds more than a "
        "worker reads",
        "raise max.message.bytes of the topic; send smaller messages (docs/kafka.md)",
    ),
    "no_value": Reason("a message without a value", "mend the producer"),
    "wrong_topic": Reason("an event of another kind than its topic's", "mend the producer"),
    "wrong_prefix": Reason(
        "a record of a force in a topic whose prefix is of others",
        "look who sent it: a feed names its own force, and sends to the topics of its prefix",
    ),
    "wrong_partition": Reason(
        "the key or the hash of the producer sends the force elsewhere",
        "key by the force's partition group and hash with murmur2 (docs/kafka.md)",
    ),
    "fault": Reason("a fault of Watchroom itself", "report it, with the dead letter"),
}


def in_words(reason: str, origin: str, detail: str) -> str:
    """One refused row for a person: where it is, what is wrong with it, and what to do."""
    known = REASONS.get(reason)
    cure = f" To do: {known.cure}." if known else ""
    what = shown(detail, LONGEST_TEXT) or (known.meaning if known else reason)
    return f"{origin}: {what}.{cure}".replace("..", ".")
