"""Crime records: recorded crime by offence and area, with the markers that it carries.

A crime belongs to the moment at which it was recorded, to the precision that is known: a record
known only to the month enters no day and no hour. A cancelled crime ("no crime") counts nowhere.

An outcome belongs to the moment at which it was decided, and is counted by that; beside it stands,
of the crimes recorded in a period, how many have one so far. There are four groups: action taken,
no action taken, complete without a suspect, and not decided yet. Where a source leaves it open
which code an outcome has, its group may be known all the same.

Recorded crime is what is notifiable to the Home Office. Markers are counted on all records. An
offence is current where it was recorded within 28 days of being committed, and non-recent where it
was recorded more than a year after.
"""

from __future__ import annotations

from streams.config.force import offences_together
from streams.config.measures import Polarity
from streams.events.schema import Crime
from streams.periods import DAY
from streams.registry.aggregates import Count, Share
from streams.registry.conditions import ALWAYS, Condition, flagged, has, is_, present, within
from streams.registry.counting import Counter, Timing
from streams.registry.dimensions import Areas, Categories
from streams.registry.facts import UNKNOWN, Case, Code, Flag, Marks, Number, declared_markers
from streams.registry.kind import Duration, Kind, People, Time
from streams.registry.markers import marker_counters, marker_measures
from streams.registry.measures import SETTLED_GRAINS, Group, Measure, WatchPolicy, lengths

RECORDED = flagged("notifiable")
DATED = ("current", "within_a_year", "non_recent")

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
    noun="offences",
)

MARKED = Group(
    "markers",
    "Crimes with a marker",
    "crime",
    "recorded_at",
    (),
    (
        Measure("recorded", "Recorded crime", "count", "neutral", Count("count")),
        Measure("marked", "With any marker", "count", "neutral", Count("marked")),
        Measure(
            "marked_share",
            "Share with any marker",
            "ratio",
            "neutral",
            Share(("marked",), ("count",)),
            WatchPolicy(("day",), "crimes.markers", "Share of crimes with a marker"),
        ),
        *marker_measures(),
    ),
    wide=True,
    noun="offences",
)

RECENCY = Group(
    "recency",
    "How long ago committed",
    "crime",
    "recorded_at",
    (),
    (
        Measure("recorded", "Recorded crime", "count", "neutral", Count("count")),
        Measure("current", "Within 28 days", "count", "neutral", Count("current")),
        Measure("within_a_year", "29 days to a year", "count", "neutral", Count("within_a_year")),
        Measure("non_recent", "More than a year", "count", "neutral", Count("non_recent")),
        Measure(
            "current_share",
            "Share within 28 days",
            "ratio",
            "neutral",
            Share(("current",), DATED),
        ),
        Measure(
            "non_current_share",
            "Share after 28 days",
            "ratio",
            "neutral",
            Share(("within_a_year", "non_recent"), DATED),
        ),
        Measure(
            "child_at_risk_current_share",
            "Share of child at risk within 28 days",
            "ratio",
            "neutral",
            Share(("child_at_risk_current",), ("child_at_risk_dated",)),
        ),
        Measure("linked_series", "In a linked series", "count", "neutral", Count("linked_series")),
    ),
    wide=True,
    noun="offences",
)

YEAR, CENTURY = 366 * DAY, 36_525 * DAY
ACTION_CODES = (1, 2, 3, 4, 6, 7, 8)
"""The Home Office's codes of action taken: charge or summons, cautions, taken into consideration,
penalty notice, cannabis warning, community resolution."""
COMPLETE_CODE = 18
"""That of an investigation that is complete, without a suspect; every other is of no action."""
UNCODED = ~present("outcome")
OUTCOME_GROUP = Case(
    "outcome_group",
    "not_decided",
    (
        ("no_action", present("outcome") | is_("outcome_group", "no_action")),
        (
            "action_taken",
            is_("outcome", *ACTION_CODES) | (UNCODED & is_("outcome_group", "action_taken")),
        ),
        ("complete", is_("outcome", COMPLETE_CODE)),
    ),
    rests_on="outcome",
)
DECIDED = is_("outcome_group", "action_taken", "no_action", "complete")
ACTION_TAKEN = is_("outcome_group", "action_taken")
NO_ACTION = is_("outcome_group", "no_action")
TIMED = within("to_outcome", CENTURY)
DATED_OUTCOME = flagged("outcome_dated")
PROSECUTION_CODES = (11, 12, 13, 14, 15, 16, 17)
"""Those of a suspect who can't be prosecuted. Some feeds have one word for all of them."""
SOON = is_("outcome_within", "5_days")
WITHIN_30 = is_("outcome_within", "30_days")
NO_VICTIM = ~present("victims")
OUTCOME_AGES = {30: ("5_days", "30_days"), 100: ("5_days", "30_days", "100_days")}
"""Days after recording by which outcomes of periods of any age can be compared, and the cases of
`outcome_within` that lie in them; the reports allow about 100 days."""
RATES: tuple[tuple[str, str, Polarity, Condition], ...] = (
    ("outcome", "with an outcome", "up_good", DECIDED),
    ("action_taken", "with action taken", "up_good", ACTION_TAKEN),
    ("no_action", "with no action taken", "neutral", NO_ACTION),
)
BY_OUTCOME = "outcome_at"

RESULTS = Group(
    "results",
    "Recorded crime by its outcome so far",
    "crime",
    "recorded_at",
    (),
    (
        Measure("recorded", "Recorded crime", "count", "neutral", Count("count")),
        Measure("with_outcome", "With an outcome", "count", "neutral", Count("with_outcome")),
        Measure(
            "without_outcome",
            "Without an outcome yet",
            "count",
            "neutral",
            Count("without_outcome"),
        ),
        Measure(
            "with_dated_outcome",
            "With an outcome of a known date or month",
            "count",
            "neutral",
            Count("with_dated_outcome"),
        ),
        Measure(
            "outcome_rate",
            "Share with an outcome",
            "ratio",
            "up_good",
            Share(("with_outcome",), ("count",)),
        ),
        Measure(
            "action_taken_rate",
            "Share with action taken",
            "ratio",
            "up_good",
            Share(("with_action_taken",), ("count",)),
        ),
        Measure(
            "no_action_rate",
            "Share with no action taken",
            "ratio",
            "neutral",
            Share(("with_no_action",), ("count",)),
        ),
        *(
            Measure(
                f"{name}_rate_{days}_days",
                f"Share {title} within {days} days",
                "ratio",
                polarity,
                Share((f"{name}_in_{days}_days",), ("count",)),
            )
            for days in OUTCOME_AGES
            for name, title, polarity, _ in RATES
        ),
    ),
    wide=True,
    noun="offences",
)

BY_DECISION = Group(
    "outcomes",
    "Outcomes",
    "crime",
    BY_OUTCOME,
    (),
    (
        Measure("outcomes", "Outcomes", "count", "neutral", Count("outcomes")),
        Measure("action_taken", "Action taken", "count", "up_good", Count("action_taken")),
        Measure("no_action", "No action taken", "count", "neutral", Count("no_action")),
        Measure("complete", "No suspect identified", "count", "neutral", Count("outcome_18")),
        Measure(
            "action_taken_share",
            "Share with action taken",
            "ratio",
            "up_good",
            Share(("action_taken",), ("outcomes",)),
        ),
        Measure(
            "complete_share",
            "Share without a suspect",
            "ratio",
            "neutral",
            Share(("outcome_18",), ("outcomes",)),
        ),
        Measure(
            "early_share",
            "Share within 5 days",
            "ratio",
            "up_good",
            Share(("within_5_days",), ("timed",)),
        ),
        Measure(
            "later_share",
            "Share within 6 to 30 days",
            "ratio",
            "neutral",
            Share(("within_6_to_30_days",), ("timed",)),
        ),
        *lengths("outcome_time", "timed", "time", "time to the outcome"),
        Measure("outcome_14", "Victim declines", "count", "neutral", Count("outcome_14")),
        Measure("outcome_16", "Victim does not support", "count", "neutral", Count("outcome_16")),
        Measure(
            "outcome_14_no_victim",
            "Victim declines, none linked",
            "count",
            "down_good",
            Count("outcome_14_no_victim"),
        ),
        Measure(
            "outcome_16_no_victim",
            "Victim does not support, none linked",
            "count",
            "down_good",
            Count("outcome_16_no_victim"),
        ),
        Measure(
            "outcome_14_linked_share",
            "Victim declines: share with a victim",
            "ratio",
            "up_good",
            Share(("outcome_14_linked",), ("outcome_14",)),
        ),
        Measure(
            "outcome_16_linked_share",
            "Victim does not support: share with a victim",
            "ratio",
            "up_good",
            Share(("outcome_16_linked",), ("outcome_16",)),
        ),
        Measure(
            "outcome_14_16_linked_share",
            "Either of the two: share with a victim",
            "ratio",
            "up_good",
            Share(("outcome_14_linked", "outcome_16_linked"), ("outcome_14", "outcome_16")),
        ),
        Measure(
            "domestic_abuse_outcome_16",
            "Domestic abuse: the victim does not support",
            "count",
            "neutral",
            Count("domestic_abuse_outcome_16"),
        ),
        Measure(
            "domestic_abuse_outcome_16_share",
            "Domestic abuse: share that the victim does not support",
            "ratio",
            "neutral",
            Share(("domestic_abuse_outcome_16",), ("domestic_abuse_outcomes",)),
        ),
    ),
    wide=True,
    noun="outcomes",
)


def declined(code: int) -> Condition:
    """An outcome that the victim declines; known of a feed that tells apart the codes of a suspect
    who can't be prosecuted."""
    return flagged("prosecution_coded") & is_("outcome", code)


CHILD_AT_RISK = has("markers", "child_at_risk")
DOMESTIC = has("markers", "domestic_abuse")

CRIME = Kind(
    name="crime",
    feed="crimes",
    struct=Crime,
    horizon=761 * DAY,  # 25 months
    grace=DAY,
    clocks=("recorded_at", BY_OUTCOME),
    times=(Time("committed_from"), Time("committed_to"), Time("outcome_at")),
    dimensions=(
        Categories(
            "offence",
            vocabulary=lambda force: force.offences,
            code="offence_code",
            codes=lambda force: force.offence_codes,
            together=offences_together,
        ),
        Areas(),
    ),
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
            UNKNOWN,
            (
                ("non_recent", within("delay", CENTURY)),
                ("within_a_year", within("delay", YEAR)),
                ("current", within("delay", 28 * DAY)),
            ),
        ),
        Code("outcome"),
        OUTCOME_GROUP,
        Flag("prosecution_coded", is_("outcome", *PROSECUTION_CODES), rests_on="outcome 11 to 17"),
        Flag("outcome_dated", present("outcome_at")),
        Case(
            "outcome_within",
            UNKNOWN,
            (
                ("longer", TIMED),
                ("100_days", within("to_outcome", 100 * DAY)),
                ("30_days", within("to_outcome", 30 * DAY)),
                ("5_days", within("to_outcome", 5 * DAY)),
            ),
            rests_on="outcome_at to the day",
        ),
        Flag("linked_series", present("series")),
        Number("victims", "victims", len),
    ),
    people=(
        People("victims", "victim"),
        People("suspects", "suspect"),
        People("defendants", "defendant"),
    ),
    counts=~flagged("cancelled"),
    # What most crimes have stands first: a sum is as large a number as the last that is not 0.
    counters=(
        Counter("count", RECORDED),
        Counter("with_outcome", RECORDED & DECIDED),
        Counter("without_outcome", RECORDED & ~DECIDED),
        Counter("with_dated_outcome", RECORDED & DECIDED & DATED_OUTCOME),
        Counter(DATED[0], RECORDED & is_("recency", DATED[0])),
        Counter("with_no_action", RECORDED & NO_ACTION),
        *(
            Counter(f"{name}_in_{days}_days", RECORDED & which & is_("outcome_within", *cases))
            for days, cases in OUTCOME_AGES.items()
            for name, _, _, which in RATES
        ),
        Counter("with_action_taken", RECORDED & ACTION_TAKEN),
        *(Counter(name, RECORDED & is_("recency", name)) for name in DATED[1:]),
        Counter("marked", RECORDED & present("markers")),
        *marker_counters(ALWAYS),
        Counter("child_at_risk_current", CHILD_AT_RISK & is_("recency", "current")),
        Counter("child_at_risk_dated", CHILD_AT_RISK & ~is_("recency", UNKNOWN)),
        Counter("linked_series", RECORDED & flagged("linked_series")),
        Counter("outcomes", RECORDED & DECIDED, BY_OUTCOME),
        Counter("action_taken", RECORDED & ACTION_TAKEN, BY_OUTCOME),
        Counter("no_action", RECORDED & NO_ACTION, BY_OUTCOME),
        Counter("timed", RECORDED & DECIDED & TIMED, BY_OUTCOME),
        Counter("within_5_days", RECORDED & DECIDED & SOON, BY_OUTCOME),
        Counter("within_6_to_30_days", RECORDED & DECIDED & WITHIN_30, BY_OUTCOME),
        Counter("outcome_14", RECORDED & declined(14), BY_OUTCOME),
        Counter("outcome_16", RECORDED & declined(16), BY_OUTCOME),
        Counter("outcome_18", RECORDED & is_("outcome", COMPLETE_CODE), BY_OUTCOME),
        Counter("outcome_14_linked", RECORDED & declined(14) & ~NO_VICTIM, BY_OUTCOME),
        Counter("outcome_16_linked", RECORDED & declined(16) & ~NO_VICTIM, BY_OUTCOME),
        Counter("outcome_14_no_victim", RECORDED & declined(14) & NO_VICTIM, BY_OUTCOME),
        Counter("outcome_16_no_victim", RECORDED & declined(16) & NO_VICTIM, BY_OUTCOME),
        Counter("domestic_abuse_outcomes", DOMESTIC & DECIDED, BY_OUTCOME),
        Counter("domestic_abuse_outcome_16", DOMESTIC & declined(16), BY_OUTCOME),
    ),
    timings=(Timing("to_outcome", RECORDED & DECIDED, BY_OUTCOME, "outcome_time", squares=""),),
    groups=(CRIMES, MARKED, RECENCY, RESULTS, BY_DECISION),
)
