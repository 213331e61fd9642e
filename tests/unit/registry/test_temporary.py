"""A registry of one's own: a measure by one entry, a kind of record in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streams.board.monitor import Monitor
from streams.events.schema import Listed, Record, Stamp
from streams.periods import DAY, HOUR, MINUTE
from streams.registry.aggregates import Count, Share
from streams.registry.conditions import is_, present, within
from streams.registry.counting import Counter
from streams.registry.crimes import CRIME
from streams.registry.dimensions import Areas, Choice
from streams.registry.kind import Duration, Kind, Rule, Time
from streams.registry.measures import Group, Measure
from streams.registry.registry import REGISTRY, Registry
from tests.build import FAR_FUTURE, crime, lines, ms, tiny_force


def today(watched: Monitor, group: str) -> list[Any]:
    """The rows of a group since midnight."""
    return list(watched.board("tiny", ms("2021-03-01T12:00:00Z")).windows["today"][group])


def test_a_measure_is_one_entry() -> None:
    crimes, *others = CRIME.groups
    charged = Measure("charged", "Charged", "count", "up_good", Count("charged"))
    kind = replace(
        CRIME,
        counters=(*CRIME.counters, Counter("charged", is_("outcome", 1))),
        groups=(replace(crimes, measures=(*crimes.measures, charged)), *others),
    )
    watched = Monitor([tiny_force()], registry=Registry((kind,)))
    events = (crime("a", outcome=1), crime("b"), crime("c", outcome=1, markers=["rural"]))
    assert not watched.ingest(lines(list(events)), FAR_FUTURE)
    (row,) = (r for r in today(watched, "crimes") if r.is_at(offence="all", area="force"))
    assert (row["count"], row["charged"]) == (3, 2)


class Stop(Record, tag="stop"):
    """A stop of a vehicle, made up for the test."""

    area: Listed | None = None
    reason: str | None = None
    began_at: Stamp | None = None
    ended_at: Stamp | None = None


STOP = Kind(
    name="stop",
    feed="stops",
    struct=Stop,
    horizon=35 * DAY,
    grace=HOUR,
    clocks=("began_at",),
    times=(Time("ended_at", after="began_at"),),
    rules=(Rule("no_reason", ~present("reason"), "a stop has a reason"),),
    durations=(Duration("length", until=("ended_at",)),),
    dimensions=(Choice("reason", 2, ("", "speed", "lights")), Areas()),
    counters=(Counter("stops"), Counter("short", within("length", 10 * MINUTE))),
    groups=(
        Group(
            "stops",
            "Stops",
            "stop",
            "began_at",
            ("reason",),
            (
                Measure("count", "Stops", "count", "neutral", Count("stops")),
                Measure("short", "Short", "ratio", "up_good", Share(("short",), ("stops",))),
            ),
        ),
    ),
)


def stop(name: str, minute: int, **fields: Any) -> dict[str, Any]:
    began, ended = "2021-03-01T10:00:00Z", f"2021-03-01T10:{minute:02}:00Z"
    return {
        "kind": "stop",
        "force": "tiny",
        "id": name,
        "area": "north",
        "reason": "speed",
        "began_at": began,
        "ended_at": ended,
        "updated_at": ended,
        **fields,
    }


def test_a_kind_of_record_is_one_declaration() -> None:
    watched = Monitor([tiny_force()], registry=Registry((*REGISTRY.kinds.values(), STOP)))
    events = [stop("a", 10), stop("b", 11), stop("c", 5, reason="lights", area="south")]
    assert not watched.ingest(lines([*events, crime("k")]), FAR_FUTURE)
    found = {
        (r["reason"], r["area"]): (r["count"], r["short"].value) for r in today(watched, "stops")
    }
    assert found == {
        ("all", "force"): (3, 2 / 3),
        ("all", "north"): (2, 0.5),
        ("all", "north-area"): (2, 0.5),
        ("all", "south"): (1, 1.0),
        ("lights", "force"): (1, 1.0),
        ("lights", "south"): (1, 1.0),
        ("speed", "force"): (2, 0.5),
        ("speed", "north"): (2, 0.5),
        ("speed", "north-area"): (2, 0.5),
    }


def test_its_records_are_refused_by_its_own_rules() -> None:
    watched = Monitor([tiny_force()], registry=Registry((STOP,)))
    refused = watched.ingest(lines([stop("a", 5, reason=None)]), FAR_FUTURE)
    assert [(each.reason, each.detail) for each in refused] == [
        ("no_reason", "a stop has a reason")
    ]
