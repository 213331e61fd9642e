"""One unknown value loses no record: it counts in everything else, and the value is counted."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import Monitor, Shard, canonical
from streams.errors import Refused
from streams.events.lenient import decode, salvage
from streams.events.schema import Crime, Incident
from streams.events.unknown_values import MOST_VALUES, UnknownValues, in_words, shown
from streams.sources.reasons import in_words as in_words_of_a_refusal
from streams.state import snapshot as snapshots
from streams.state.snapshot import StoredState
from tests.bad_input import UNKNOWN_VALUES
from tests.build import FAR_FUTURE, as_json, call, crime, gauges, incident, lines, monitor, ms, row

AT = ms("2021-03-01T10:30:00Z")


def ingest(*records: dict[str, Any]) -> Monitor:
    watched = monitor()
    assert watched.ingest(lines(records), FAR_FUTURE) == []
    return watched


def unknown(watched: Monitor, kind: str) -> dict[str, int]:
    found: dict[str, int] = watched.board("tiny", AT).ingest[kind].unknown
    return found


def values(watched: Monitor, kind: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = watched.board("tiny", AT).ingest[kind].unknown_values
    return found


def salvaged(record: dict[str, Any]) -> Any:
    return decode(lines([record]))


# --- every kind of unknown value ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "kind", "field"),
    [pytest.param(raw, kind, field, id=name) for name, raw, kind, field in UNKNOWN_VALUES],
)
def test_a_record_with_an_unknown_value_counts_and_the_value_is_counted(
    raw: bytes, kind: str, field: str
) -> None:
    watched = monitor()
    assert watched.ingest(raw, FAR_FUTURE) == []
    ingested = watched.board("tiny", AT).ingest
    assert ingested[kind].new == 1
    assert {k: taken.unknown for k, taken in ingested.items() if taken.unknown} == {
        kind: {field: 1}
    }


def test_all_of_them_at_once_count_each_on_its_own() -> None:
    watched = monitor()
    raws = [raw.replace(b'"bad"', b'"%d"' % n) for n, (_, raw, *_) in enumerate(UNKNOWN_VALUES)]
    assert watched.ingest(b"\n".join(raws), FAR_FUTURE) == []
    ingested = watched.board("tiny", AT).ingest
    assert sum(sum(taken.unknown.values()) for taken in ingested.values()) == len(raws)
    assert sum(taken.new or 0 for taken in ingested.values()) == len(raws)


# --- where the record counts then -----------------------------------------------------------------


def test_an_unknown_area_counts_under_the_force_alone() -> None:
    watched = ingest(
        call("c1", area="north"), call("c2", area="Atlantis"), call("c3", area="Atlantis")
    )
    board = watched.board("tiny", AT)
    assert row(board, "1h", "calls", line="999")["offered"] == 3
    assert row(board, "1h", "calls", line="999", area="north")["offered"] == 1
    assert gauges(board, "calls", line="999")["waiting"] == 3
    assert unknown(watched, "call") == {"area": 2}
    assert values(watched, "call") == {"area": {"Atlantis": 2}}


def test_an_incident_of_an_unknown_grade_is_ungraded() -> None:
    watched = ingest(
        incident("i1", grade="emergency", arrived_at=None),
        incident("i2", grade="urgent", arrived_at=None),
    )
    board = watched.board("tiny", AT)
    assert row(board, "1h", "incidents", category="all", grade="all")["count"] == 2
    assert row(board, "1h", "incidents", category="all", grade="ungraded")["count"] == 1
    assert gauges(board, "attendance")["unattended"] == 1
    assert values(watched, "incident") == {"grade": {"urgent": 1}}


@pytest.mark.parametrize(
    ("category", "counts_under", "is_unknown"),
    [
        ("asb.personal", "asb.personal", False),
        ("asb.personal.repeat", "asb.personal", False),
        ("asb.new_code", "asb", False),
        ("other", "other", False),
        ("flood", "other", True),
        ("Anti social", "other", True),
        ("", "other", True),
        (31, "other", True),
    ],
)
def test_a_category_counts_under_its_nearest_ancestor_and_what_has_none_is_other_and_unknown(
    category: object, counts_under: str, is_unknown: bool
) -> None:
    watched = ingest(incident("i1", category=category))
    board = watched.board("tiny", AT)
    assert row(board, "1h", "incidents", category=counts_under, grade="all")["count"] == 1
    assert unknown(watched, "incident") == ({"category": 1} if is_unknown else {})


def test_a_crime_of_an_unknown_marker_keeps_its_other_markers() -> None:
    event = salvaged(crime("k1", markers=["hate", "knife", 7, "rural"]))
    assert isinstance(event, Crime)
    assert event.markers == ("hate", "knife", "rural")


def test_an_outcome_that_is_no_code_is_none_and_the_crime_counts() -> None:
    watched = ingest(crime("k1", outcome=23, outcome_at="2021-03-01"))
    assert values(watched, "crime") == {"outcome": {"23": 1}}
    assert watched.board("tiny", AT).ingest["crime"].records == 1


def test_casualties_that_are_wrong_in_one_part_are_unknown_as_a_whole_and_never_zero() -> None:
    event = salvaged(incident("i1", casualties={"fatal": "one", "slight": 2}))
    assert isinstance(event, Incident)
    assert event.casualties is None


def test_a_person_whose_age_is_not_understood_is_still_known_by_the_pseudonym() -> None:
    people = [{"id": "p1", "age_under_18": "yes", "in_care": True}, {"id": 7}, {"id": "p2"}]
    event = salvaged(incident("i1", persons=people))
    assert isinstance(event, Incident)
    assert [msgspec.to_builtins(person) for person in event.persons] == [
        {"id": "p1", "in_care": True},
        {"id": "p2"},
    ]


def test_null_says_nothing_and_is_no_unknown_value() -> None:
    watched = monitor()
    record = {**crime("k1"), "markers": None, "victims": None, "area": None}
    assert watched.ingest(json.dumps(record).encode(), FAR_FUTURE) == []
    assert unknown(watched, "crime") == {}


def test_a_tombstone_with_an_unknown_value_still_deletes() -> None:
    watched = ingest(crime("k1"), crime("k1", deleted=True, markers=["knife"], version=2**50))
    assert watched.board("tiny", AT).ingest["crime"].revised == 1


# --- what is still refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [{"id": 7}, {"updated_at": None}, {"recorded_at": 2021}, {"version": -1}, {"cancelled": "no"}],
)
def test_what_says_which_record_it_is_and_when_must_be_right(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="wrong_form"):
        decode(json.dumps({**crime("k1", markers=["knife"]), **changes}).encode())


def test_a_refused_record_leaves_no_unknown_value_behind() -> None:
    watched = monitor()
    future = "2021-03-01T10:00:01Z"
    bad = incident("i1", area="Atlantis", arrived_at="2021-03-01T10:10:00Z", updated_at=future)
    worse = {**bad, "grade": "urgent"}
    refused = watched.ingest(lines([bad, worse, incident("i2", area="Lemuria")]), FAR_FUTURE)
    assert [r.reason for r in refused] == ["in_the_future", "in_the_future"]
    assert values(watched, "incident") == {"area": {"Lemuria": 1}}


def test_a_reading_of_an_unknown_area_counts_nowhere_else_and_is_refused() -> None:
    watched = monitor()
    reading = {
        "kind": "reading", "force": "tiny", "id": "r", "updated_at": "2021-03-01T10:00:00Z",
        "measure": "satisfaction", "period": "2021-02", "value": 1.0, "area": "Atlantis",
    }  # fmt: skip
    refused = watched.ingest(json.dumps(reading).encode(), FAR_FUTURE)
    assert [r.reason for r in refused] == ["unknown_area"]


def test_an_unknown_line_is_refused_with_the_lines_there_are_and_the_cure() -> None:
    refused = monitor().ingest(lines([call("c1", line="112")]), FAR_FUTURE)
    assert [r.reason for r in refused] == ["unknown_line"]
    told = in_words_of_a_refusal(refused[0].reason, "calls.csv:7", refused[0].detail)
    assert told == (
        'calls.csv:7: "112" is no line of Tiny Police, which has 999, 101. To do: add the line to '
        "the force file, or map its name."
    )


def test_a_line_of_another_topic_or_partition_is_refused_as_such() -> None:
    watched = monitor()
    bad = lines([crime("k1", markers=["knife"])])
    elsewhere = watched.ingest(bad, FAR_FUTURE, Shard("crime", []))
    wrong = watched.ingest(bad, FAR_FUTURE, Shard("call", list(watched.forces.values())))
    assert [r.reason for r in (*elsewhere, *wrong)] == ["wrong_partition", "wrong_topic"]


# --- the same whatever the way --------------------------------------------------------------------

SIGNS = 'ab\u00e9\x00"\\'
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(SIGNS, max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(SIGNS, max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional={"area": ANYTHING, "markers": ANYTHING,
       "outcome": ANYTHING, "victims": ANYTHING, "suspects": ANYTHING}))  # fmt: skip
def test_whatever_stands_in_a_field_that_may_be_unknown_the_crime_counts(
    fields: dict[str, Any],
) -> None:
    watched = monitor()
    raw = json.dumps({**crime("k1"), **fields}).encode()
    refused = watched.ingest(raw, FAR_FUTURE)
    # A lone surrogate or a number out of range is no JSON at all.
    assert [r.reason for r in refused] in ([], ["not_json"])
    assert watched.board("tiny", AT).ingest["crime"].new == 1 - len(refused)


@given(st.permutations([0, 1, 2, 3]))
def test_versions_with_unknown_values_end_the_same_in_any_order(order: list[int]) -> None:
    versions = [
        incident("i1", version=1, updated_at="2021-03-01T10:05:00Z", grade="urgent"),
        incident("i1", version=2, updated_at="2021-03-01T10:05:00Z", area="Atlantis"),
        incident("i1", version=2, updated_at="2021-03-01T10:05:00Z", area="north"),
        incident("i2", updated_at="2021-03-01T10:05:00Z", category="flood", area="south"),
    ]
    straight = ingest(*versions)
    shuffled = ingest(*(versions[n] for n in order))
    assert canonical(shuffled.board("tiny", AT)) == canonical(straight.board("tiny", AT))
    assert unknown(shuffled, "incident") == unknown(straight, "incident")


def test_a_checkpoint_keeps_what_was_counted() -> None:
    watched = ingest(call("c1", area="Atlantis"), call("c2", area="Lemuria"))
    (shard,) = (shard for shard in watched.shards if shard.kind == "call")
    snapshots.watch(shard)
    taken = snapshots.take(shard, 1, {}).folds["tiny"]
    again = Monitor(watched.forces.values(), all_shards=False)
    fresh = Shard("call", watched.forces.values())
    again.add_shard(fresh)
    snapshots.put_back(fresh, StoredState(head=_Head({"tiny": taken})))  # type: ignore[arg-type]
    again.ingest(lines([call("c3", area="Atlantis")]), FAR_FUTURE)
    assert values(again, "call") == {"area": {"Atlantis": 2, "Lemuria": 1}}
    assert unknown(again, "call") == {"area": 3}


class _Head(msgspec.Struct):
    folds: dict[str, snapshots.FoldHead]


# --- how it is shown ------------------------------------------------------------------------------


def test_the_first_twenty_values_are_kept_and_all_are_counted() -> None:
    found = UnknownValues()
    for n in range(100):
        found.note(n, "area", f"A{n}")
        found.settle(n)
    assert found.fields == {"area": 100}
    assert list(found.values["area"]) == [f"A{n}" for n in range(MOST_VALUES)]


def test_what_was_unknown_is_said_in_one_line_by_kind_field_and_the_most_frequent_values() -> None:
    found = UnknownValues()
    for n, area in enumerate(["Lemuria", *["Atlantis"] * 1200]):
        found.note(n, "area", area)
        found.settle(n)
    found.note("x", "persons", None)
    found.settle("x")
    assert in_words({"crime": found}) == (
        'crime area 1,201 ("Atlantis" 1,200, "Lemuria" 1), crime persons 1'
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Atlantis", "Atlantis"),
        ("x" * 41, "x" * 39 + "…"),
        ("a\x1b[2Jb\nc", "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c"),
        (23, "23"),
        (True, "true"),
        ([1], "a list"),
        ({"name": "x"}, "an object"),
    ],
)
def test_a_value_is_shown_short_and_plain(value: object, words: str) -> None:
    assert shown(value) == words


@pytest.mark.parametrize("field", ["persons", "victims", "casualties"])
def test_nothing_of_a_person_is_ever_shown(field: str) -> None:
    make = incident if field in ("persons", "casualties") else crime
    persons: Any = ["Jane Doe", 7, {"name": "Jane Doe"}, "x" * 200]
    record = make("i1", **{field: persons})
    watched = ingest(record)
    assert "Jane" not in json.dumps(as_json(watched.board("tiny", AT)))
    assert values(watched, record["kind"]) == {}


def test_the_strict_decoder_s_own_errors_stay_what_they_were() -> None:
    for raw, reason in ((b"[]", "wrong_form"), (b"{", "not_json"), (b'{"kind":"x"}', "wrong_form")):
        with pytest.raises(Refused) as caught:
            decode(raw)
        assert caught.value.reason == reason
    with pytest.raises(Refused, match="fault"):
        salvage(b"{}", RuntimeError("a fault of ours"))
