"""Which rows of a history would come too late where they are published."""

from __future__ import annotations

import msgspec

from streams.kafka.late_rows import Late, late_rows
from streams.periods import DAY, rfc3339
from streams.sources.event_lines import Chunk
from streams.sources.order.play import Judge
from tests.build import crime, incident, ms, tiny_force

NOW = ms("2022-06-01T00:00:00Z")
JUDGE = Judge([tiny_force()])


def chunk(*days_ago: int) -> Chunk:
    """Incidents by how many days before now they were opened, which is their id too."""
    found = [incident(str(days), rfc3339(NOW - days * DAY)) for days in days_ago]
    return Chunk(b"\n".join(map(msgspec.json.encode, found)), "a.ndjson", range(1, len(found) + 1))


def late(*days_ago: int) -> Late:
    return late_rows([chunk(*days_ago)], JUDGE, lambda _kind, _force: NOW)


def test_a_new_record_older_than_the_horizon_behind_the_newest_is_late() -> None:
    found = late(90, 40, 30)
    assert [row for rows in found.rows.values() for row in rows] == [
        ("a.ndjson", 1),
        ("a.ndjson", 2),
    ]
    assert found.count == 2
    assert found.bounds == {("incident", "tiny"): ms("2022-04-27T00:00:00+01:00")}


def test_a_record_that_is_known_there_is_not_late() -> None:
    found = late(90, 40, 30)
    found.leave_out_known(lambda _kind, _force: ["90", "something else"])
    assert found.count == 1
    found.leave_out_known(lambda _kind, _force: ["40", "40"])
    assert (found.count, found.rows, found.bounds) == (0, {}, {})


def test_an_id_of_another_kind_makes_a_record_no_less_new() -> None:
    rows = [incident("7", rfc3339(NOW - 90 * DAY)), crime("7", "2019-01-01")]
    both = Chunk(b"\n".join(map(msgspec.json.encode, rows)), "a", range(1, 3))
    found = late_rows([both], JUDGE, lambda _kind, _force: NOW)
    assert set(found.rows) == {("incident", "tiny"), ("crime", "tiny")}
    found.leave_out_known(lambda kind, _: ["7"] if kind == "crime" else [])
    assert set(found.rows) == set(found.bounds) == {("incident", "tiny")}
