"""People and the records in which they appear."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import Monitor, Shard
from streams.errors import DeclarationError
from streams.events.schema import Crime, decode
from streams.fold.ledger import Ledger
from streams.fold.links import Links, digest, persons_of
from streams.kafka.partition import Partition, fingerprint
from streams.live import Live
from streams.periods import DAY, rfc3339
from streams.registry.checks import check
from streams.registry.crimes import CRIME
from streams.registry.kind import People
from streams.registry.registry import REGISTRY
from streams.state.snapshot import Identity
from tests.build import FAR_FUTURE, Record, crime, lines, ms, tiny_force

FORCE = tiny_force()
AT = ms("2021-03-01T10:00:00Z")
OPENED: list[Partition] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Checkpoints that a test opened are closed."""
    yield
    while OPENED:
        OPENED.pop().checkpoint.close()


def burglary(name: str, day: int = 0, **fields: Any) -> dict[str, Any]:
    at = rfc3339(AT + day * DAY)
    return crime(name, at, **{"updated_at": at, **fields})


def folded(*records: dict[str, Any]) -> Ledger:
    watched = Monitor([FORCE])
    assert not watched.ingest(lines(records), FAR_FUTURE)
    ledger = watched.ledger("crime", "tiny")
    assert ledger is not None
    return ledger


def links_of(ledger: Ledger) -> Links:
    assert ledger.links is not None
    return ledger.links


def of(links: Links, name: str) -> dict[str, set[str]]:
    """The records of a person, and what he is in each."""
    return {
        record: {role for place, role in enumerate(links.roles) if roles >> place & 1}
        for record, roles in links.of(digest(name))
    }


def who(*persons: tuple[str, str]) -> list[tuple[int, int]]:
    """Those in a record, by name and role."""
    roles = [each.role for each in CRIME.people]
    return [(digest(name), roles.index(role)) for name, role in persons]


def test_the_records_of_a_person_are_known_with_what_he_was_in_each() -> None:
    links = links_of(
        folded(
            burglary("b", 2, victims=["ann"], suspects=["bob", "ann"]),
            burglary("a", 0, victims=["ann", "cem"]),
            burglary("c", 5, suspects=["ann"]),
        )
    )
    assert of(links, "ann") == {"a": {"victim"}, "b": {"victim", "suspect"}, "c": {"suspect"}}
    assert of(links, "dan") == {}
    assert links.count(digest("ann")) == 3
    assert len(links) == 3


def test_records_are_found_by_their_time_however_precise_it_is() -> None:
    ledger = folded(
        burglary("a", 0), burglary("b", 27), crime("c", "2021-03-02"), crime("d", "2021-03"),
        burglary("e", 3), burglary("e", 9), burglary("f", 1), burglary("f", 1, deleted=True),
    )  # fmt: skip
    start, day, april = ms("2021-03-01T00:00:00Z"), ms("2021-03-02T00:00:00Z"), AT + 31 * DAY
    assert {key for key, _ in ledger.records_between(start, april)} == set("abcde")
    assert {key for key, _ in ledger.records_between(day, april)} == set("bce")
    assert {key for key, _ in ledger.records_between(start, AT + 5 * DAY)} == set("acd")
    assert list(ledger.records_between(AT, AT)) == []


def test_a_later_version_and_a_deletion_say_who_is_in_a_record() -> None:
    links = links_of(
        folded(
            burglary("a", victims=["ann", "bob"]),
            burglary("a", victims=["bob"], updated_at=rfc3339(AT + DAY)),
            burglary("a", victims=["old"], updated_at=rfc3339(AT)),  # a version that came late
            burglary("b", victims=["cem"]),
            burglary("b", deleted=True, updated_at=rfc3339(AT + DAY)),
        )
    )
    assert {name: len(of(links, name)) for name in ("ann", "bob", "old", "cem")} == {
        "ann": 0,
        "bob": 1,
        "old": 0,
        "cem": 0,
    }
    assert len(links) == 1


def test_a_version_that_names_nobody_matters_only_where_one_before_it_did() -> None:
    links = links_of(folded(burglary("C1", victims=["ann"]), burglary("C2")))
    nobody, somebody = (
        decode(lines([burglary("C")])),
        decode(lines([burglary("C", suspects=["x"])])),
    )
    assert isinstance(nobody, Crime)
    assert isinstance(somebody, Crime)
    assert links.concern("C1", nobody)
    assert not links.concern("C2", nobody)
    assert links.concern("C2", somebody)


def test_people_of_a_record_that_leaves_the_ledger_are_forgotten() -> None:
    ledger = folded(burglary("a", victims=["ann"]), burglary("b", 900, victims=["bob"]))
    assert list(ledger.entries) == ["b"]
    links = links_of(ledger)
    assert links.record("a") == b""
    assert list(persons_of(links.record("b"))) == who(("bob", "victim"))
    assert of(links, "ann") == {}


def test_a_kind_that_declares_no_people_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY.kinds, "crime", replace(CRIME, people=()))
    assert folded(burglary("a", victims=["ann"])).links is None


def test_people_of_a_field_that_no_event_has_are_refused() -> None:
    with pytest.raises(DeclarationError, match="people witness"):
        check(replace(CRIME, people=(People("witnesses", "witness"),)))


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"), st.integers(0, 2), st.lists(st.sampled_from("xyz"), max_size=2)
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_any_order_of_versions_ends_in_the_same_links(
    versions: list[tuple[str, int, list[str]]], chance: random.Random
) -> None:
    records = [
        burglary(name, victims=people, updated_at=rfc3339(AT + day * DAY))
        for name, day, people in versions
    ]
    shuffled = chance.sample(records, len(records))
    one, other = links_of(folded(*records)), links_of(folded(*shuffled))
    assert [one.record(name) for name in "ab"] == [other.record(name) for name in "ab"]
    for person in "xyz":
        assert of(one, person) == of(other, person)


def partition(folder: Path) -> Partition:
    mark = fingerprint("crime", (FORCE,))
    identity = Identity("c", "w.crimes", "id", 0, mark, ("tiny",))
    live = Live(Monitor([FORCE], all_shards=False), clock=lambda: FAR_FUTURE)
    shard = Shard("crime", [FORCE])
    made = Partition(live, shard, folder / "c.sqlite", identity, "w", 1)
    OPENED.append(made)
    made.load(1, "me")
    return made


def test_people_come_back_with_the_checkpoint(tmp_path: Path) -> None:
    held = partition(tmp_path)
    asyncio.run(held.fold([Record(0, lines([burglary("a", victims=["ann"]), burglary("b")]))]))
    asyncio.run(held.save())
    later = burglary("a", victims=["bob"], updated_at=rfc3339(AT + DAY))
    gone = burglary("c", victims=["ann"])
    asyncio.run(held.fold([Record(1, lines([later, gone]))]))
    asyncio.run(held.save())
    gone = burglary("c", deleted=True, updated_at=rfc3339(AT + DAY))
    asyncio.run(held.fold([Record(2, lines([gone]))]))
    asyncio.run(held.save())
    held.checkpoint.close()
    again = partition(tmp_path)
    assert again.folded == 2
    found = links_of(again.shard.ledgers()["tiny"])
    assert len(found) == 1
    assert list(persons_of(found.record("a"))) == who(("bob", "victim"))
    assert of(found, "bob") == {"a": {"victim"}}
    assert not again.changed


def test_months_whose_records_have_left_come_back_with_the_checkpoint(tmp_path: Path) -> None:
    held = partition(tmp_path)
    records = [burglary("a", victims=["ann"]), burglary("b", 60), burglary("c", 600)]
    asyncio.run(held.fold([Record(0, lines(records))]))
    asyncio.run(held.save())
    asyncio.run(held.fold([Record(1, lines([burglary("d", 800)]))]))
    asyncio.run(held.save())
    kept = held.shard.ledgers()["tiny"].counted_people
    assert kept
    held.checkpoint.close()
    again = partition(tmp_path)
    assert again.folded == 1
    assert again.shard.ledgers()["tiny"].counted_people == kept
