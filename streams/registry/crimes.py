"""Crime records: recorded crime by offence group and area.

A crime belongs to the moment at which it was recorded, to the precision that is known: a record
known only to the month enters no day and no hour. A cancelled crime ("no crime") counts nowhere.
"""

from __future__ import annotations

from streams.events.schema import Crime
from streams.periods import DAY
from streams.registry.aggregates import Count
from streams.registry.conditions import flagged, present, within
from streams.registry.counting import Counter
from streams.registry.dimensions import Areas, Categories
from streams.registry.facts import Case, Code, Flag, Marks, Number, declared_markers
from streams.registry.kind import Duration, Kind, Time
from streams.registry.measures import SETTLED_GRAINS, Group, Measure, WatchPolicy

CRIMES = Group(
    "crimes",
    "Recorded crime",
    "crime",
    "recorded_at",
    ("offence",),
    (
        Measure(
            "count",
            "Crimes",
            "count",
            "neutral",
            Count("count"),
            WatchPolicy(SETTLED_GRAINS, "crimes", "{offence} offences", "Recorded crimes"),
        ),
    ),
)

YEAR, CENTURY = 366 * DAY, 36_525 * DAY

CRIME = Kind(
    name="crime",
    feed="crimes",
    struct=Crime,
    horizon=761 * DAY,  # 25 months
    grace=DAY,
    clocks=("recorded_at",),
    times=(Time("committed_from"), Time("committed_to"), Time("outcome_at")),
    dimensions=(Categories("offence", vocabulary=lambda force: force.offences), Areas()),
    durations=(
        # Of an offence over a time its end counts: until then nobody could record it whole.
        Duration(
            "delay",
            since=("committed_to", "committed_from"),
            until=("recorded_at",),
            longest=CENTURY,
            to_the_day=True,
        ),
        Duration("to_outcome", until=("outcome_at",), longest=CENTURY, to_the_day=True),
    ),
    facts=(
        Flag("cancelled", flagged("cancelled")),
        Flag("notifiable", flagged("notifiable")),
        Marks("markers", declared_markers),
        Code("offence_code", none=""),
        Case(
            "recency",
            "unknown",
            (
                ("non_recent", within("delay", CENTURY)),
                ("within_a_year", within("delay", YEAR)),
                ("current", within("delay", 28 * DAY)),
            ),
        ),
        Code("outcome"),
        Case(
            "outcome_within",
            "none",
            (
                ("longer", present("outcome_at")),
                ("30_days", within("to_outcome", 30 * DAY)),
                ("5_days", within("to_outcome", 5 * DAY)),
            ),
        ),
        Flag("linked_series", present("series")),
        Number("victims", "victims", len),
    ),
    counts=~flagged("cancelled"),
    counters=(Counter("count", flagged("notifiable")),),
    groups=(CRIMES,),
)
