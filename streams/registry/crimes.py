"""Crime records: recorded crime by offence group and area.

A crime belongs to the moment at which it was recorded, to the precision that is known: a record
known only to the month enters no day and no hour. A cancelled crime ("no crime") counts nowhere.
"""

from __future__ import annotations

from streams.events.schema import Crime
from streams.periods import DAY
from streams.registry.aggregates import Count
from streams.registry.conditions import flagged
from streams.registry.counting import Counter
from streams.registry.dimensions import Areas, Categories
from streams.registry.facts import Flag, Marks, declared_markers
from streams.registry.kind import Kind, Time
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

CRIME = Kind(
    name="crime",
    feed="crimes",
    struct=Crime,
    horizon=761 * DAY,  # 25 months
    grace=DAY,
    clocks=("recorded_at",),
    times=(Time("committed_from"), Time("committed_to"), Time("outcome_at")),
    dimensions=(Categories("offence", vocabulary=lambda force: force.offences), Areas()),
    facts=(Flag("cancelled", flagged("cancelled")), Marks("markers", declared_markers)),
    counts=~flagged("cancelled"),
    counters=(Counter("count"),),
    groups=(CRIMES,),
)
