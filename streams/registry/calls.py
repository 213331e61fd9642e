"""Calls: offered to the room, then answered or abandoned.

All of a call's figures belong to the minute at which it was offered, whenever it was answered, so
that numerator and denominator of a rate are the same calls.

Counters of a series (line, area): offered; answered; answered within the line's limit at that date;
abandoned; abandoned within that limit; abandoned within 5 seconds; lost (ended with neither an
answer nor an abandonment on record); and of the speed of answer the sum (ms) and sum of squares
(ms squared). Within a limit includes the limit, and is judged in milliseconds.

The last version of a call in a finished export that names no end is lost, never waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams.config.force import Force, Line, Target
from streams.events.schema import Call
from streams.periods import DAY, MINUTE, SECOND
from streams.registry.aggregates import Count, Mean, Quantile, Share
from streams.registry.conditions import is_, present, within
from streams.registry.counting import Counter, Timing
from streams.registry.dimensions import Areas, Choice, Lines
from streams.registry.facts import Case, Flag
from streams.registry.kind import Duration, Kind, Rule, Time
from streams.registry.measures import (
    LIVE_GRAINS,
    ChosenServiceLevel,
    Gauge,
    Group,
    Measure,
    Performance,
    WatchPolicy,
)

AT_ONCE = 5 * SECOND
"""Milliseconds within which a caller who gave up is taken not to have waited."""


def line_of(force: Force, known: Mapping[str, Any]) -> Line:
    """The line of a call."""
    return force.lines[force.line_index[known["line"]]]


def limit(force: Force, known: Mapping[str, Any]) -> Sequence[Target]:
    """How soon the calls on a line are to be answered."""
    return line_of(force, known).targets


def lost_after(force: Force, known: Mapping[str, Any]) -> int:
    """Milliseconds after which a call still waiting is shown as unknown."""
    return line_of(force, known).lost_after_minutes * MINUTE


CHANNELS = ("", "999", "101", "online", "webchat", "text")
"""The first stands for a call of which its line says all."""
ENDED = present("ended_at") | is_("played", "end")
ANSWERED, ABANDONED = is_("end", "answered"), is_("end", "abandoned")

CALLS = Group(
    "calls",
    "Calls",
    "call",
    "offered_at",
    ("line",),
    (
        Measure(
            "offered",
            "Offered",
            "count",
            "neutral",
            Count("offered"),
            WatchPolicy(LIVE_GRAINS, "calls", "{line}"),
        ),
        Measure("answered", "Answered", "count", "neutral", Count("answered")),
        Measure("abandoned", "Abandoned", "count", "down_good", Count("abandoned")),
        Measure("end_unknown", "End not on record", "count", "down_good", Count("lost")),
        Measure("answered_within", "Answered in time", "count", "up_good", Count("within")),
        Measure(
            "service_level",
            "Service level",
            "ratio",
            "up_good",
            ChosenServiceLevel(),
            WatchPolicy(("hour", "day"), "calls", "{line} answered in time"),
        ),
        Measure(
            "abandonment",
            "Abandonment",
            "ratio",
            "down_good",
            Share(("abandoned",), ("answered", "abandoned")),
        ),
        Measure("answer_mean", "Mean speed of answer", "seconds", "down_good", Mean("answered")),
        Measure("answer_median", "Median", "seconds", "down_good", Quantile(0.5)),
        Measure("answer_p90", "90th percentile", "seconds", "down_good", Quantile(0.9)),
        Measure("waiting", "Waiting now", "count", "down_good", Gauge("count")),
        Measure(
            "oldest_waiting", "Oldest waiting", "seconds", "down_good", Gauge("oldest_seconds")
        ),
        Measure("waiting_unknown", "End unknown", "count", "down_good", Gauge("unknown")),
    ),
    performance=Performance(
        counts=(("offered", "Offered"), ("answered", "Answered"), ("abandoned", "Abandoned")),
        level="service_level",
        speeds=("answer_mean", "answer_median", "answer_p90"),
        open=("waiting", "oldest_waiting", "waiting_unknown"),
        heading="Waiting",
        still="waiting",
        records="calls",
        unserved="none ended",
    ),
    dashboard="calls",
)

CALL = Kind(
    name="call",
    feed="calls",
    struct=Call,
    horizon=35 * DAY,
    grace=5 * MINUTE,
    clocks=("offered_at",),
    times=(
        Time("answered_at", after="offered_at", bounded=True),
        Time("abandoned_at", after="offered_at", bounded=True),
        Time("ended_at", after="offered_at"),
    ),
    rules=(
        Rule(
            "answered_and_abandoned",
            present("answered_at") & present("abandoned_at"),
            "a call has one end, not two",
        ),
    ),
    durations=(Duration("wait", until=("answered_at", "abandoned_at")),),
    dimensions=(Lines(), Areas()),
    facts=(
        Case(
            "end",
            "waiting",
            (
                ("answered", present("answered_at")),
                ("abandoned", present("abandoned_at")),
                ("lost", ENDED & ~present("answered_at") & ~present("abandoned_at")),
            ),
        ),
        Choice("channel", values=CHANNELS),
        Flag("called_back", present("called_back_at")),
        Flag("settled_at_once", is_("resolved", True)),
    ),
    counters=(
        Counter("offered"),
        Counter("answered", ANSWERED),
        Counter("within", ANSWERED & within("wait", limit)),
        Counter("abandoned", ABANDONED),
        Counter("abandoned_within", ABANDONED & within("wait", limit)),
        Counter("abandoned_at_once", ABANDONED & within("wait", AT_ONCE)),
        Counter("lost", is_("end", "lost")),
    ),
    timings=(Timing("wait", ANSWERED),),
    open=is_("end", "waiting"),
    unfinished=is_("end", "waiting"),
    lost_after=lost_after,
    groups=(CALLS,),
)
