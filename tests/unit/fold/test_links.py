"""Persons: which records a pseudonym is in, whatever versions come and go."""

from __future__ import annotations

from copy import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.board.monitor import Monitor
from streams.fold.links import Links
from streams.periods import DAY, rfc3339
from tests.build import call, crime, feed, incident, ms, tiny_force

START = ms("2021-03-01T00:00:00Z")


def linked(*forces: Any) -> tuple[Monitor, Links]:
    monitor = Monitor(forces or [tiny_force()])
    (links,) = monitor.link_persons().values()
    return monitor, links


def found(links: Links, pseudonym: str) -> list[tuple[int, str]]:
    """The links of a person: days since the start, and roles."""
    return [((link.when - START) // DAY, link.role) for link in links.of(pseudonym)]


def test_a_person_is_found_in_records_of_every_kind_and_role_by_time() -> None:
    monitor, links = linked()
    feed(
        monitor,
        crime("c1", rfc3339(START + 2 * DAY), victims=["p"], suspects=["q"]),
        incident("i1", rfc3339(START), persons=[{"id": "p"}, {"id": "q"}]),
        call("k1", rfc3339(START + DAY), caller="p"),
    )
    assert found(links, "p") == [(0, "persons"), (1, "caller"), (2, "victims")]
    assert found(links, "q") == [(0, "persons"), (2, "suspects")]
    assert found(links, "nobody") == []


def test_a_link_says_what_the_record_is_as_it_stands_now() -> None:
    monitor, links = linked()
    feed(monitor, crime("c1", rfc3339(START), version=1, victims=["p"], offence="vehicle"))
    feed(monitor, crime("c1", rfc3339(START), version=2, victims=["p"], cancelled=True))
    (link,) = links.of("p")
    cancelled = [column.name for column in link.packer.kind.columns].index("cancelled")
    assert link.facts[cancelled]


def test_two_records_are_told_apart_and_a_person_named_twice_is_in_one_once() -> None:
    monitor, links = linked()
    feed(monitor, crime("c1", rfc3339(START), victims=["p", "p"]))
    feed(monitor, crime("c2", rfc3339(START), victims=["p"]))
    assert len({link.record for link in links.of("p")}) == len(links.of("p")) == 2


def test_allied_forces_have_the_same_persons() -> None:
    forces = [copy(tiny_force()), copy(tiny_force())]
    forces[1].id = "west"
    for force in forces:
        force.partition_group = "allied"
    monitor, links = linked(*forces)
    feed(monitor, crime("c1", rfc3339(START), victims=["p"]))
    feed(monitor, crime("c1", rfc3339(START + DAY), force="west", victims=["p"]))
    assert [link.packer.force.id for link in links.of("p")] == ["tiny", "west"]


def test_what_leaves_the_ledger_takes_its_links_along() -> None:
    monitor, links = linked()
    feed(monitor, crime("c1", rfc3339(START), victims=["p"]))
    feed(monitor, crime("c2", rfc3339(START + 800 * DAY), victims=["q"]))
    assert (found(links, "p"), found(links, "q")) == ([], [(800, "victims")])


@st.composite
def versions(draw: st.DrawFn) -> list[dict[str, Any]]:
    people = st.lists(st.sampled_from("pqrs"), max_size=3)
    return [
        crime(
            f"c{draw(st.integers(0, 4))}",
            rfc3339(START + draw(st.integers(0, 900)) * DAY),
            version=number,
            victims=draw(people),
            suspects=draw(people),
            offence=draw(st.sampled_from(["vehicle", "burglary"])),
            deleted=draw(st.sampled_from([None, None, True])),
        )
        for number in draw(st.permutations(range(draw(st.integers(1, 14)))))
    ]


@given(versions())
@settings(max_examples=80, deadline=None)
def test_links_are_those_of_the_winners_and_the_same_after_a_restore(
    records: list[dict[str, Any]],
) -> None:
    monitor, links = linked()
    ledger = monitor.ledger("crime", "tiny")
    assert ledger is not None
    assert ledger.links is not None
    monitor.play_history()
    feed(monitor, *records)
    again = Links()
    persons = dict(ledger.links.persons)
    mask = (1 << ledger.packer.bits) - 1
    packed = ((key, entry & mask) for key, entry in ledger.entries.items())
    again.feed(ledger.packer).restore(persons, packed)
    by_id = {record["id"]: record for record in sorted(records, key=lambda r: r["version"])}
    for person in "pqrs":
        held = sorted(
            ((ms(by_id[key]["recorded_at"]) - START) // DAY, role)
            for key in ledger.entries
            for role in ("victims", "suspects")
            if person in by_id[key][role] and not by_id[key].get("deleted")
        )
        assert sorted(found(links, person)) == held
        assert again.of(person) == links.of(person)
