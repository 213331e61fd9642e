"""The board as data: its JSON, its schema, and what is read of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from streams.board.model import TYPES, Board, decode_board
from streams.errors import NotABoard
from streams.live import Live
from streams.registry.measures import Gauge
from streams.registry.registry import REGISTRY
from tests.answers import validator
from tests.build import call, crime, feed, incident, monitor, ms

NOW = ms("2021-03-01T10:30:00Z")
PERIODS = ("2021-03", "2021-03-01T09", "2020/21", "2021-02")


def total(**counts: int) -> dict[str, Any]:
    known = {"offered": 9, "answered": 8, "abandoned": 1, **counts}
    stamp = {"period": "2021-02-27", "updated_at": "2021-02-28T00:00:00Z"}
    of = {"kind": "reading", "force": "tiny", "id": "t", "measure": "calls", "line": "101"}
    return {**of, **stamp, "counts": known}


def reading(**figure: float) -> dict[str, Any]:
    of = {"kind": "reading", "force": "tiny", "id": f"r{len(figure)}", "measure": "satisfaction"}
    return {**of, "period": "2021-02", "updated_at": "2021-02-28T00:00:00Z", **figure}


def beat(**more: float) -> dict[str, Any]:
    return {
        "kind": "heartbeat",
        "force": "tiny",
        "feed": "calls",
        "at": "2021-03-01T10:29:30Z",
        **more,
    }


def full_board() -> Board:
    """One that has every part: several areas, totals, readings, heartbeats, a revised period."""
    watched = monitor()
    feed(
        watched,
        total(),
        reading(value=0.7),
        reading(numerator=7, denominator=10),
        call("c0", "2021-02-28T10:00:00Z", answered_at="2021-02-28T10:00:07Z"),
        call("c1", answered_at="2021-03-01T10:00:07Z", area="north"),
        call("c2", "2021-03-01T10:28:00Z", line="101"),
        incident("i1", "2021-03-01T09:10:00Z", area="south", attended_at="2021-03-01T09:20:00Z"),
        incident("i2", "2021-03-01T10:10:00Z", grade="priority"),
        crime("k1", "2021-03-01T08:00:00Z", area="atlantis"),
        beat(every_seconds=60.0),
        call("c0", "2021-02-28T10:00:00Z", updated_at="2021-03-01T10:29:00Z"),
    )
    live = Live(watched, lambda: NOW)
    live.health.state = "live"
    return live.board("tiny", NOW, PERIODS)


def test_a_board_that_is_read_from_its_json_is_the_same_board() -> None:
    board = full_board()
    sent = msgspec.json.encode(board)
    assert board.revisions
    assert decode_board(sent) == board
    assert msgspec.json.encode(decode_board(sent)) == sent
    validator("/board.json").validate(json.loads(sent))


def test_the_schema_knows_every_part_and_refuses_what_is_none() -> None:
    sent = json.loads(msgspec.json.encode(full_board()))
    check = validator("/board.json")
    assert check.is_valid(sent)
    sent["windows"]["today"]["calls"][0]["offered"] = "many"
    assert not check.is_valid(sent)


def test_parts_of_a_later_release_are_passed_over() -> None:
    sent = json.loads(msgspec.json.encode(full_board()))
    sent["weather"] = {"rain": True}
    sent["windows"]["today"]["calls"][0]["answered_by_robots"] = 3
    sent["windows"]["today"]["calls"][0]["service_level"]["certainty"] = 0.9
    assert decode_board(json.dumps(sent).encode()) == full_board()


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"windows": {}}', b"<html>", b"\xff", b"[" * 9999]
)
def test_what_is_no_board_is_refused_in_words(answer: bytes) -> None:
    with pytest.raises(NotABoard, match=r"^not a board that this release can read: "):
        decode_board(answer)


def test_the_tables_are_those_of_the_registry_in_its_order() -> None:
    assert list(TYPES.rows) == [group.name for group in REGISTRY.groups]
    for group in REGISTRY.groups:
        for rows, gauges in ((TYPES.rows, False), (TYPES.gauge_rows, True)):
            wanted = [m.name for m in group.measures if isinstance(m.value, Gauge) is gauges]
            if wanted:
                assert list(rows[group.name].measures) == wanted
                assert rows[group.name].place == (*group.dimensions, "area")


def test_a_row_is_asked_for_by_the_registrys_names() -> None:
    board = full_board()
    row = board.windows["1h"].row("calls", line="999", area="north")
    assert row is not None
    assert row["offered"] == row.count_of("offered") == 1
    assert row["service_level"] == row.ratio_of("service_level")
    assert row.number_of("answer_mean") == 7.0
    assert row["line"] == row.dimension_of("line") == "999"
    with pytest.raises(KeyError):
        row["pizzas"]
    with pytest.raises(KeyError):
        board.windows["1h"].rows("pizzas")
    assert board.windows["1h"].row("calls", line="999", area="nowhere") is None


def test_what_is_empty_is_left_out_of_the_json() -> None:
    figures = TYPES.period(start="a", end="b")
    assert msgspec.json.encode(figures) == b'{"from":"a","to":"b"}'
    with pytest.raises(KeyError):
        figures["calls"]
    assert figures.rows("calls") is None
