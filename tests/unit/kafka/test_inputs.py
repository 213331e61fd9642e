"""Topics of a prefix for all forces, or of one for each that does not trust the others."""

from __future__ import annotations

import pytest

from streams.board.monitor import Monitor, Shard
from streams.config.force import find_force
from streams.errors import ConfigError
from streams.events.deadletters import DeadLetter
from streams.kafka.deadletter_topic import Retrier
from streams.kafka.inputs import (
    forces_in_prefixes,
    inputs_of,
    parted,
    prefixes_named,
    split_prefix,
)
from streams.kafka.topics import wanted
from tests.build import call, lines, ms

AT = ms("2024-03-31T01:30:00Z")
WARWICKSHIRE, WEST_MERCIA, CITY = map(find_force, ("warwickshire", "west-mercia", "city-of-london"))
BOTH = (WARWICKSHIRE, WEST_MERCIA)


def test_a_prefix_is_of_the_force_whose_id_it_ends_in_unless_it_says_of_which() -> None:
    assert split_prefix("police.west-mercia.") == ("police.west-mercia", ["west-mercia"])
    assert split_prefix("west=warwickshire, west-mercia") == (
        "west",
        ["warwickshire", "west-mercia"],
    )
    assert forces_in_prefixes(["a=x,y", "b.z"]) == ("x", "y", "z")


def test_the_input_topics_of_each_prefix_are_of_its_forces_alone() -> None:
    prefixes = prefixes_named(["warwickshire", "wm=west-mercia"], BOTH)
    found = inputs_of("watchroom", BOTH, prefixes)
    assert len(found) == 10
    assert found["warwickshire.calls"] == ("call", (WARWICKSHIRE,))
    assert found["wm.heartbeats"] == ("heartbeat", (WEST_MERCIA,))
    shared = inputs_of("watchroom", BOTH, ())
    assert shared["watchroom.calls"] == ("call", BOTH)
    assert len(shared) == 5


def test_topics_are_made_for_each_prefix_and_the_results_once() -> None:
    names = [topic.name for topic in wanted("watchroom", ["a", "b"])]
    assert len(names) == 13
    assert {"a.calls", "b.calls", "watchroom.deadletter", "watchroom.alerts"} <= set(names)
    assert "watchroom.calls" not in names


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (
            ["elsewhere"],
            '"elsewhere" names the force "elsewhere", and there are warwickshire, west',
        ),
        (["warwickshire", "b=warwickshire"], 'the force "warwickshire" is named twice'),
        (["a=warwickshire", "a=west-mercia"], 'the prefix "a" is named twice'),
        (["warwickshire"], "no prefix has the records of west-mercia"),
    ],
)
def test_prefixes_that_leave_in_doubt_whose_records_come_where_are_refused(
    texts: list[str], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        prefixes_named(texts, BOTH)
    assert words in str(caught.value)
    assert str(caught.value).startswith("--topic-prefix: ")


def test_forces_that_share_people_and_no_prefix_are_known() -> None:
    apart = prefixes_named(["warwickshire", "west-mercia"], BOTH)
    assert parted(apart) == [("warwickshire", "west-mercia")]
    assert parted(prefixes_named(["a=warwickshire,west-mercia"], BOTH)) == []
    others = prefixes_named(["warwickshire", "city-of-london"], (WARWICKSHIRE, CITY))
    assert parted(others) == []


def test_a_record_in_a_topic_of_another_force_is_refused_and_says_nothing_of_its_feed() -> None:
    monitor = Monitor(BOTH, all_shards=False)
    shard = Shard("call", [WARWICKSHIRE], admits=["warwickshire"])
    monitor.add_shard(shard)
    monitor.add_shard(Shard("call", [WEST_MERCIA], admits=["west-mercia"]))
    good, forged = call("c1", force="warwickshire"), call("c2", force="west-mercia")
    refused = monitor.ingest(lines([good, forged]), AT, shard)
    assert [(each.line, each.reason) for each in refused] == [(1, "wrong_prefix")]
    assert "this topic is of ['warwickshire']" in refused[0].detail
    assert monitor.refused["call"] == {"wrong_prefix": 1}
    assert monitor.refused_feeds("west-mercia") == []


def test_a_dead_letter_is_sent_again_to_the_prefix_that_it_came_in() -> None:
    retrier = Retrier.__new__(Retrier)
    retrier.prefix = "watchroom"
    found = [
        retrier.prefix_of(DeadLetter(origin=origin, reason="unknown_line"))
        for origin in (
            "warwickshire.calls/6/120/0",
            "watchroom.calls/1/2/3",
            "calls.csv:7",
            "x/y:7",
        )
    ]
    assert found == ["warwickshire", "watchroom", "watchroom", "watchroom"]
