"""A registry finds its declarations by name, and refuses names that are of nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streams.errors import DeclarationError
from streams.events.schema import Call, Heartbeat
from streams.registry.aggregates import Count
from streams.registry.calls import CALL, CALLS
from streams.registry.conditions import flagged, has, is_, present, within
from streams.registry.counting import Counter, CounterOfAll, Timing
from streams.registry.crimes import CRIME, CRIMES
from streams.registry.facts import Case, Code, Flag
from streams.registry.kind import Duration, OpenRecords, Rule, Time
from streams.registry.measures import SETTLED_GRAINS, Group, Measure, WatchPolicy
from streams.registry.registry import REGISTRY, Registry
from tests.build import tiny_force


def watched(subject: str, of_all: str) -> Group:
    """Crimes, with other words for what its alerts are about."""
    watch = WatchPolicy(SETTLED_GRAINS, "crimes", subject, of_all)
    return replace(CRIMES, measures=(replace(CRIMES.measures[0], watch=watch),))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"counters": (Counter("x", has("marks", "hate")),)},
            'crime, counter x: when "marks" is none of area, cancelled, linked_series, markers',
        ),
        (
            {"counters": (Counter("x", is_("recency", "recent")),)},
            'counter x: recency "recent" is none of current, non_recent, unknown, within_a_year',
        ),
        (
            {"counters": (Counter("x", within("wait", 5)),)},
            'counter x: when "wait" is none of delay, to_outcome',
        ),
        (
            {"counters": (Counter("x", ~within("delay", 5)),)},
            "counter x: what is asked of delay has to be joined to the rest by &",
        ),
        (
            {"counters": (Counter("x", flagged("markers")),)},
            'counter x: "flagged" can\'t be asked of markers',
        ),
        (
            {"counters": (Counter("x", clock="closed_at"),)},
            'counter x: clock "closed_at" is none of outcome_at, recorded_at',
        ),
        (
            {"counters": (Counter("x", adds="outcome"),)},
            'counter x: adds "outcome" is none of victims',
        ),
        (
            {"counters": (CounterOfAll("x", within("delay", 5)),)},
            "counter x: what counts all records can't hang on a duration",
        ),
        (
            {"facts": (*CRIME.facts, Code("outcome"))},
            'crime: 2 facts are called "outcome"',
        ),
        (
            {"counters": (*CRIME.counters, Counter("count"))},
            'crime: 2 counters by recorded_at are called "count"',
        ),
        ({"facts": (Code("outcomes"),)}, 'fact outcomes: name "outcomes" is none of area, '),
        (
            {"facts": (Flag("x", present("closed_at")),)},
            'fact x: when "closed_at" is none of area, ',
        ),
        (
            {"facts": (Case("x", "no", (("yes", present("y")),)),)},
            'fact x: when "y" is none of area, ',
        ),
        ({"rules": (Rule("r", flagged("x"), "why"),)}, 'rule r: when "x" is none of area, '),
        ({"times": (Time("x_at"),)}, 'time x_at: field "x_at" is none of area, '),
        (
            {"times": (Time("outcome_at", after="x_at"),)},
            'time outcome_at: after "x_at" is none of outcome_at, recorded_at',
        ),
        (
            {"durations": (Duration("d", until=("x_at",)),)},
            'duration d: until "x_at" is none of committed_from, committed_to, ',
        ),
        ({"timings": (Timing("x"),)}, 'timing sum: duration "x" is none of delay, to_outcome'),
        (
            {"gauges": (OpenRecords("open", flagged("waiting")),)},
            'gauge open: when "waiting" is none of area, ',
        ),
        ({"counters": ()}, 'measure crimes.count: value "count" is none of '),
        (
            {"groups": (watched("{category} crimes", "Crimes"),)},
            'measure crimes.count: watch.subject "category" is none of offence',
        ),
        (
            {"groups": (watched("{offence} crimes", ""),)},
            "measure crimes.count: watch.of_all is missing, which says what all values of offence",
        ),
        ({"clocks": ("x_at",)}, 'clocks: field "x_at" is none of area, '),
    ],
)
def test_a_name_of_nothing_is_refused_with_the_entry_and_the_known_names(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        Registry((replace(CRIME, **changes),))
    assert message in str(caught.value)


def test_measures_are_found_by_their_names() -> None:
    found = REGISTRY.find("calls", "offered")
    assert found is not None
    assert (found[0] is CALLS, found[1].title) == (True, "Offered")
    assert (REGISTRY.find("calls", "x"), REGISTRY.find("x", "offered")) == (None, None)


def test_what_is_made_for_a_measure_that_there_is_not_is_refused_with_the_known_ones() -> None:
    assert REGISTRY.require("alert x", "calls", "offered")[1].name == "offered"
    with pytest.raises(DeclarationError) as caught:
        REGISTRY.require("alert x", "calls", "lost")
    known = 'alert x: measure "calls.lost" is none of attendance.attended, '
    assert str(caught.value).startswith(known)


def test_a_row_is_narrowed_by_what_happened() -> None:
    narrowed = REGISTRY.narrowed_by
    assert narrowed({"category": "asb", "grade": "all"}) == ("category", "asb")
    assert narrowed({"offence": "all"}) == ("offence", "all")
    assert (narrowed({"line": "999"}), narrowed({})) == (None, None)


def test_every_record_of_a_kind_is_in_one_measure() -> None:
    every = {
        name: (kind.everything[0].name, kind.everything[1].name, kind.hourly)
        for name, kind in REGISTRY.kinds.items()
    }
    assert every == {
        "call": ("calls", "offered", True),
        "incident": ("incidents", "count", True),
        "crime": ("crimes", "count", False),
    }


def test_what_no_group_has_is_counted() -> None:
    assert [REGISTRY.unit("calls", name) for name in ("answer_mean", "x")] == ["seconds", "count"]


def test_names_in_words() -> None:
    assert [REGISTRY.plain_name(name) for name in ("asb", "call", "road_collision.injury")] == [
        "Anti-social behaviour",
        "calls",
        "Road collision, injury",
    ]


def test_a_registry_decodes_the_events_of_its_kinds_and_those_of_no_records() -> None:
    decode = Registry((CALL,)).decode_line
    at = "2021-03-01T10:00:00Z"
    lines = (
        f'{{"kind":"call","force":"tiny","id":"c","updated_at":"{at}"}}',
        f'{{"kind":"heartbeat","force":"tiny","feed":"calls","at":"{at}"}}',
    )
    assert [type(decode(line.encode())) for line in lines] == [Call, Heartbeat]


def test_a_group_may_be_of_some_series_only() -> None:
    assert CRIME.holds(tiny_force(), is_("offence", "burglary"), (2, 0))
    assert not CRIME.holds(tiny_force(), is_("offence", "burglary"), (3, 0))


def test_a_measure_is_added_to_a_kind_by_one_entry() -> None:
    charged = Measure("charged", "Charged", "count", "up_good", Count("charged"))
    crimes, *others = CRIME.groups
    kind = replace(
        CRIME,
        counters=(*CRIME.counters, Counter("charged", is_("outcome", 1))),
        groups=(replace(crimes, measures=(*crimes.measures, charged)), *others),
    )
    assert Registry((kind,)).measure("crimes", "charged") is charged
