"""Calls: offered to the room, then answered or abandoned.

All of a call's figures belong to the minute at which it was offered, whenever it was answered, so
that numerator and denominator of a rate are the same calls.

Counters of a series (line, area): offered; answered; answered within the line's limit at that date;
abandoned; abandoned within that limit; abandoned within 5 seconds; lost (ended with neither an
answer nor an abandonment on record); of the speed of answer the sum (ms) and sum of squares (ms
squared); and how long those who gave up had waited together (ms). Within a limit includes the
limit, and is judged in milliseconds.

Handling time is the talk, from the answer to the end of the call; wrap-up what follows it until the
handler is free again. The national 999 figures are taken from when the operator passed the call on,
which only some telephone systems record: a call without it is in none of them.

Callers who ring again are found by their pseudonyms (`people`). Calls with a caller stay for a
quarter and the month before it; those without leave as soon as ever.

The last version of a call in a finished export that names no end is lost, never waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams.config.force import Force, Target, TelephoneLine
from streams.events.schema import Call
from streams.periods import DAY, HOUR, MINUTE, SECOND
from streams.registry.aggregates import Count, Mean, Quantile, Share
from streams.registry.conditions import (
    between,
    flagged,
    has_target,
    is_,
    present,
    timed,
    within,
)
from streams.registry.counting import Counter, TimeTogether, Timing
from streams.registry.dimensions import Areas, Choice, Lines
from streams.registry.facts import UNKNOWN, Case, Flag
from streams.registry.kind import Duration, Kind, OpenRecords, People, Rule, Time
from streams.registry.measures import (
    LIVE_GRAINS,
    ChosenShare,
    Group,
    Measure,
    OpenBeside,
    Performance,
    WatchPolicy,
    lengths,
    open_now,
)

AT_ONCE = 5 * SECOND
"""Milliseconds within which a caller who gave up is taken not to have waited."""


def line_of(force: Force, known: Mapping[str, Any]) -> TelephoneLine:
    """The line of a call."""
    return force.lines[force.line_index[known["line"]]]


def limit(force: Force, known: Mapping[str, Any]) -> Sequence[Target]:
    """How soon the calls on a line are to be answered."""
    return line_of(force, known).by_date()


def second_limit(force: Force, known: Mapping[str, Any]) -> Sequence[Target]:
    """The same by the second of the targets that hold together."""
    return line_of(force, known).by_date(1)


def third_limit(force: Force, known: Mapping[str, Any]) -> Sequence[Target]:
    """The same by the third."""
    return line_of(force, known).by_date(2)


def lost_after(force: Force, known: Mapping[str, Any]) -> int:
    """Milliseconds after which a call still waiting is shown as unknown."""
    return line_of(force, known).lost_after_minutes * MINUTE


def rings_back(force: Force, known: Mapping[str, Any]) -> bool:
    """Whether those who gave up on a line are rung back."""
    return line_of(force, known).rings_back


def a_day(_force: Force, _known: Mapping[str, Any]) -> int:
    """A day, in ms: who gave up longer ago is no longer waited for."""
    return DAY


CHANNELS = ("", "999", "101", "online", "webchat", "text")
"""The first stands for a call of which its line says all."""
ENDED = present("ended_at") | is_("played", "end")
WITH_CALLER = flagged("with_caller")
ANSWERED, ABANDONED = is_("end", "answered"), is_("end", "abandoned")
CONNECTED, WRAPPED_UP = ANSWERED & flagged("by_operator"), ANSWERED & flagged("wrapped")

FIRST = "first"
FURTHER = {"second": second_limit, "third": third_limit}
"""The limits of a line besides its first. Of each has counters what a service level is made of."""
LEVEL = ("within", "answered", "abandoned", "abandoned_within", "abandoned_at_once")
LEVELS = {FIRST: ChosenShare("service_level", limit)} | {
    place: ChosenShare("service_level", by, tuple((name, f"{place}_{name}") for name in LEVEL))
    for place, by in FURTHER.items()
}
"""The service level by each of the targets that may hold together."""


def by_further_limit(place: str) -> tuple[Counter, ...]:
    """What a service level by another limit is made of, where a line has such a limit."""
    limit = FURTHER[place]
    held = {
        "within": ANSWERED & within("wait", limit),
        "answered": ANSWERED & has_target(limit),
        "abandoned": ABANDONED & has_target(limit),
        "abandoned_within": ABANDONED & within("wait", limit),
        "abandoned_at_once": ABANDONED & has_target(limit) & within("wait", AT_ONCE),
    }
    return tuple(Counter(f"{place}_{name}", held[name]) for name in LEVEL)


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
            LEVELS[FIRST],
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
        *open_now("waiting", "waiting", "Waiting now", "Oldest waiting", "End unknown"),
        *open_now(
            "not_rung_back",
            "not_rung_back",
            "Gave up, not rung back",
            "Oldest not rung back",
            "Not rung back for over a day",
        ),
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
        beside=(OpenBeside("calls", "not_rung_back", "not rung back"),),
    ),
    dashboard="calls",
)


FURTHER_LEVELS = Group(
    "further_levels",
    "Service level by further targets",
    "call",
    "offered_at",
    ("line",),
    (
        Measure("offered", "Offered", "count", "neutral", Count("offered")),
        *(
            Measure(f"{place}_target", f"By the {place} target", "ratio", "up_good", LEVELS[place])
            for place in FURTHER
        ),
    ),
    wide=True,
)


CONTACTS = Group(
    "contacts",
    "Contacts by channel",
    "call",
    "offered_at",
    ("line",),
    (
        Measure("contacts", "Contacts", "count", "neutral", Count("offered")),
        Measure("by_999", "On 999", "count", "neutral", Count("by_999")),
        Measure("by_101", "On 101", "count", "neutral", Count("by_101")),
        Measure("online", "Online", "count", "neutral", Count("by_online")),
        Measure("webchat", "By webchat", "count", "neutral", Count("by_webchat")),
        Measure("text", "By text", "count", "neutral", Count("by_text")),
        Measure("resolved", "Resolved at first contact", "count", "up_good", Count("resolved")),
        Measure(
            "resolved_share",
            "Share resolved at first contact, where known",
            "ratio",
            "up_good",
            Share(("resolved",), ("resolved", "not_resolved")),
        ),
    ),
    wide=True,
)


HANDLING = Group(
    "handling",
    "Handling of calls",
    "call",
    "offered_at",
    ("line",),
    (
        Measure("handled", "Answered and ended", "count", "neutral", Count("handled")),
        *lengths("handling_time", "handled", "handling", "handling time"),
        Measure("wrapped_up", "With wrap-up known", "count", "neutral", Count("wrapped_up")),
        *lengths("wrap_up_time", "wrapped_up", "wrap_up", "wrap-up"),
    ),
    wide=True,
)

OPERATOR = ("under_10s", "10_to_60s", "60s_and_over")
SINCE_OPERATOR = Group(
    "since_operator",
    "Answer since the operator's connect",
    "call",
    "offered_at",
    ("line",),
    (
        Measure("connected", "Answered, connect known", "count", "neutral", Count("connected")),
        Measure("answered_under_10s", "Under 10 s", "count", "up_good", Count("under_10s")),
        Measure("answered_10_to_60s", "10 to under 60 s", "count", "neutral", Count("10_to_60s")),
        Measure(
            "answered_60s_and_over", "60 s and over", "count", "down_good", Count("60s_and_over")
        ),
        Measure(
            "share_under_10s", "Share under 10 s", "ratio", "up_good",
            Share(("under_10s",), OPERATOR),
        ),
        Measure(
            "share_10_to_60s", "Share from 10 to under 60 s", "ratio", "neutral",
            Share(("10_to_60s",), OPERATOR),
        ),
        Measure(
            "share_60s_and_over", "Share of 60 s and over", "ratio", "down_good",
            Share(("60s_and_over",), OPERATOR),
        ),
        Measure(
            "connect_mean", "Mean answer since connect", "seconds", "down_good",
            Mean("connected", "connect_time"),
        ),
    ),
    wide=True,
)  # fmt: skip

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
        Time("connected_at", doubtful=True),
        Time("wrapped_up_at", after="offered_at", doubtful=True),
    ),
    rules=(
        Rule(
            "answered_and_abandoned",
            present("answered_at") & present("abandoned_at"),
            "a call has one end, not two",
        ),
    ),
    durations=(
        Duration("wait", until=("answered_at", "abandoned_at")),
        Duration("handling", ("ended_at",), ("answered_at",), clamped=False),
        Duration("wrap_up", ("wrapped_up_at",), ("ended_at",), clamped=False),
        # The operator passes a call on before it is presented; hours before is an error.
        Duration("connect", ("answered_at",), ("connected_at",), longest=HOUR, clamped=False),
    ),
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
        Case("resolved", UNKNOWN, (("no", present("resolved")), ("yes", is_("resolved", True)))),
        Flag("by_operator", present("connected_at")),
        Flag("wrapped", present("wrapped_up_at")),
        Flag("with_caller", present("caller")),
    ),
    people=(People("caller", "caller"),),
    people_in=WITH_CALLER,
    people_for=160 * DAY,  # a quarter, the month before it, and as long to read it
    counters=(
        Counter("offered"),
        Counter("answered", ANSWERED),
        Counter("within", ANSWERED & within("wait", limit)),
        Counter("abandoned", ABANDONED),
        Counter("abandoned_within", ABANDONED & within("wait", limit)),
        Counter("abandoned_at_once", ABANDONED & within("wait", AT_ONCE)),
        Counter("lost", is_("end", "lost")),
        *(counter for place in FURTHER for counter in by_further_limit(place)),
        Counter("handled", ANSWERED & timed("handling")),
        Counter("wrapped_up", WRAPPED_UP & timed("wrap_up")),
        *(Counter(f"by_{each}", is_("channel", each)) for each in CHANNELS[1:]),
        Counter("resolved", is_("resolved", "yes")),
        Counter("not_resolved", is_("resolved", "no")),
        Counter("connected", CONNECTED & timed("connect")),
        Counter("under_10s", CONNECTED & within("connect", 10 * SECOND - 1)),
        Counter("10_to_60s", CONNECTED & between("connect", 10 * SECOND, MINUTE - 1)),
        Counter("60s_and_over", CONNECTED & between("connect", MINUTE, HOUR)),
    ),
    timings=(
        Timing("wait", ANSWERED),
        Timing("handling", ANSWERED, sum="handling_time", squares=""),
        Timing("wrap_up", WRAPPED_UP, sum="wrap_up_time", squares=""),
        Timing("connect", CONNECTED, sum="connect_time", squares=""),
        TimeTogether("wait", ABANDONED, sum="abandoned_wait"),
    ),
    gauges=(
        OpenRecords("waiting", is_("end", "waiting"), lost_after=lost_after),
        OpenRecords(
            "not_rung_back",
            ABANDONED & ~flagged("called_back"),
            since="wait",
            lost_after=a_day,
            kept=rings_back,
            said="the line rings back",
        ),
    ),
    unfinished=is_("end", "waiting"),
    groups=(CALLS, FURTHER_LEVELS, CONTACTS, HANDLING, SINCE_OPERATOR),
)
