"""Every line that can't be counted is a dead letter with its reason, and stops nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import Shard
from streams.events.schema import DEEPEST
from tests.bad_input import BAD_LINES
from tests.build import FAR_FUTURE, call, gauges, lines, monitor, ms, row, tiny_force

AT = ms("2021-03-01T10:10:00Z")


def test_there_are_at_least_forty_kinds_of_bad_input() -> None:
    assert len({name for name, _, _ in BAD_LINES}) == len(BAD_LINES) >= 40


@pytest.mark.parametrize(
    ("raw", "reason"), [pytest.param(raw, reason, id=name) for name, raw, reason in BAD_LINES]
)
def test_a_bad_line_is_refused_with_its_reason_and_its_neighbours_count(
    raw: bytes, reason: str
) -> None:
    good = lines([call("c1")]), lines([call("c2", answered_at="2021-03-01T10:00:03Z")])
    watched = monitor()
    refused = watched.ingest(b"\n".join([good[0], raw, good[1]]), FAR_FUTURE)
    assert [(r.line, r.raw, r.reason) for r in refused] == [(1, raw, reason)]
    assert refused[0].detail
    assert row(watched.board("tiny", AT), "1h", "calls", line="999")["offered"] == 2


def test_one_object_over_two_lines_is_two_dead_letters() -> None:
    whole = lines([call("c1")])
    refused = monitor().ingest(whole[:40] + b"\n" + whole[40:], FAR_FUTURE)
    assert [r.reason for r in refused] == ["not_json", "not_json"]


def test_half_a_line_does_not_swallow_its_neighbour() -> None:
    good = lines([call("c1")])
    watched = monitor()
    refused = watched.ingest(b'{"kind":"call",\n' + good, FAR_FUTURE)
    assert [r.line for r in refused] == [0]
    assert row(watched.board("tiny", AT), "1h", "calls", line="999")["offered"] == 1


def test_all_bad_lines_at_once_are_counted_by_kind_and_reason() -> None:
    watched = monitor()
    refused = watched.ingest(b"\n".join(raw for _, raw, _ in BAD_LINES), FAR_FUTURE)
    assert len(refused) == len(BAD_LINES)
    tallies = watched.board("tiny", AT).ingest
    assert sum(sum(t.refused.values()) for t in tallies.values()) == len(BAD_LINES)
    assert tallies["call"].refused["answered_before_offered"] == 1


@pytest.mark.parametrize(
    ("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")]
)
def test_a_line_may_be_nested_250_deep_with_every_version_of_python(
    opening: bytes, closing: bytes
) -> None:
    levels = opening.count(b"[") + opening.count(b"{")

    def nested(depth: int) -> bytes:
        inner = opening * (depth // levels) + b"0" + closing * (depth // levels)
        return lines([call("c1")])[:-1] + b', "x": ' + inner + b"}"

    assert [r.reason for r in monitor().ingest(nested(DEEPEST - levels), FAR_FUTURE)] == []
    deeper = monitor().ingest(nested(DEEPEST + levels), FAR_FUTURE)
    assert [(r.reason, r.detail) for r in deeper] == [("not_json", "nested too deep")]


def test_brackets_side_by_side_or_in_a_text_are_no_depth() -> None:
    record = {**call("c1"), "x": [[]] * 2000, "y": '[{"' * 2000, "z": "\\" * 3 + "[" * 900}
    assert monitor().ingest(lines([record]), FAR_FUTURE) == []


@given(st.text('[]{}"\\:,a ', max_size=60), st.integers(0, 3))
def test_the_depth_of_a_line_is_judged_as_json_has_it(text: str, more: int) -> None:
    inner: Any = [text, "[" * 600]
    for _ in range(DEEPEST - 2 + more):
        inner = [inner]
    refused = monitor().ingest(lines([{**call("c1"), "x": inner}]), FAR_FUTURE)
    assert [r.reason for r in refused] == ["not_json"] * (more > 0)


def test_blank_lines_are_passed_over() -> None:
    assert monitor().ingest(b"\n  \n\r\n", FAR_FUTURE) == []


def test_a_clock_that_is_two_seconds_off_loses_no_call() -> None:
    watched = monitor()
    refused = watched.ingest(
        lines(
            [
                call("c1", answered_at="2021-03-01T09:59:58Z", updated_at="2021-03-01T10:00:00Z"),
                call("c2", "2021-03-01T10:00:02Z", updated_at="2021-03-01T10:00:00Z"),
            ]
        ),
        ms("2021-03-01T09:59:58Z"),
    )
    assert refused == []
    board = watched.board("tiny", AT)
    assert row(board, "1h", "calls", line="999")["answer_mean"] == 0
    assert gauges(board, "calls", line="999")["waiting"] == 1
    assert board.ingest["call"].skewed == 4


def test_a_line_in_the_wrong_partition_or_topic_says_so() -> None:
    watched = monitor()
    elsewhere = Shard("call", [])
    wrong_partition = watched.ingest(lines([call("c1")]), FAR_FUTURE, elsewhere)
    wrong_topic = watched.ingest(lines([call("c1")]), FAR_FUTURE, Shard("crime", [tiny_force()]))
    assert [r.reason for r in (*wrong_partition, *wrong_topic)] == [
        "wrong_partition",
        "wrong_topic",
    ]


def test_a_wait_beyond_all_belief_is_refused_by_the_name_of_its_field() -> None:
    never = {"answered_at": "2021-06-01T10:00:00Z"}, {"abandoned_at": "2021-06-01T10:00:00Z"}
    refused = monitor().ingest(lines([call("c1", **never[0]), call("c2", **never[1])]), FAR_FUTURE)
    assert [(r.reason, r.detail.split()[0]) for r in refused] == [
        ("too_long", "answered_at"),
        ("too_long", "abandoned_at"),
    ]
