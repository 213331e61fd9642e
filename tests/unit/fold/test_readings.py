"""Readings are bounded: in all, by series, and on the board; the latest periods are kept."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from streams.board.monitor import Monitor, Shard
from streams.events.schema import Reading
from streams.fold import readings as fold
from streams.fold.readings import Readings
from tests.build import FAR_FUTURE, as_json, lines, ms, tiny_force

AT, LATER = ms("2022-06-01T00:00:00Z"), "2022-01-02T00:00:00Z"


def reading(number: int, measure: str = "officers", **fields: Any) -> dict[str, Any]:
    """That of a day of 2021, by its number in the year."""
    day = f"2021-{1 + number // 28:02}-{1 + number % 28:02}"
    common = {"kind": "reading", "force": "tiny", "id": f"{measure}/{day}", "measure": measure}
    return {
        **common,
        "period": day,
        "value": number,
        "updated_at": "2022-01-01T00:00:00Z",
        **fields,
    }


def held(target: Monitor) -> Readings:
    (found,) = (fold for shard in target.shards for fold in shard.folds.values())
    assert isinstance(found, Readings)
    return found


def monitor() -> Monitor:
    target = Monitor([tiny_force()], all_shards=False)
    target.add_shard(Shard("reading", [tiny_force()]))
    return target


def taken(*readings: dict[str, Any]) -> tuple[Monitor, list[str]]:
    """A monitor that has taken readings one by one, and why some were refused."""
    target = monitor()
    refused = [each for one in readings for each in target.ingest(lines([one]), FAR_FUTURE)]
    return target, [f"{each.reason}: {each.detail}" for each in refused]


def test_of_a_series_the_latest_periods_are_kept_whatever_came_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold, "MOST_OF_SERIES", 3)
    every = [reading(number) for number in range(5)]
    for order in itertools.islice(itertools.permutations(every), 0, None, 7):
        target, _ = taken(*order, reading(0, "vehicles"))
        assert sorted(held(target).entries) == [
            "officers/2021-01-03",
            "officers/2021-01-04",
            "officers/2021-01-05",
            "vehicles/2021-01-01",
        ]


def test_a_reading_of_before_all_that_are_kept_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold, "MOST_OF_SERIES", 2)
    _, refused = taken(reading(5), reading(6), reading(1))
    assert refused == ["ledger_full: more than 2 readings of officers, all of later periods"]


def test_a_reading_that_leaves_is_taken_out_of_the_checkpoint_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold, "MOST_OF_SERIES", 2)
    target, _ = taken(reading(1), reading(2))
    changed: dict[str, Reading | None] = {}
    held(target).changed = changed
    target.ingest(lines([reading(3)]), FAR_FUTURE)
    assert {name: each is None for name, each in changed.items()} == {
        "officers/2021-01-02": True,
        "officers/2021-01-04": False,
    }


def test_a_new_version_of_a_full_series_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "MOST_OF_SERIES", 2)
    target, refused = taken(reading(1), reading(2), reading(1, value=9, updated_at=LATER))
    assert refused == []
    assert [event.value for _, event in held(target).winners()] == [9, 2]


def test_the_board_has_the_latest_readings_of_each_series_and_says_how_many_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold, "SHOWN_OF_SERIES", 3)
    monkeypatch.setattr(fold, "SHOWN", 5)
    days = [reading(n, measure) for n in range(10) for measure in ("officers", "vehicles")]
    random.Random(1).shuffle(days)
    target, _ = taken(*days, reading(1, "dogs"))
    board = target.board("tiny", AT)
    shown = [(each.measure, each.period) for each in board.readings]
    assert shown == [
        ("officers", "2021-01-09"),
        ("officers", "2021-01-10"),
        ("vehicles", "2021-01-08"),
        ("vehicles", "2021-01-09"),
        ("vehicles", "2021-01-10"),
    ]
    assert as_json(board)["readings_left_out"] == 16
    assert len(held(target).winners("officers")) == 10, "figures are asked for from all of them"


def test_a_board_has_the_readings_around_now_of_a_series_that_is_known_far_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold, "SHOWN_OF_SERIES", 3)
    monkeypatch.setattr(fold, "SHOWN_AHEAD", 2)
    target, _ = taken(*(reading(number) for number in range(20)))
    board = target.board("tiny", ms("2021-01-08T00:00:00Z"))
    days = ["2021-01-06", "2021-01-07", "2021-01-08", "2021-01-09", "2021-01-10"]
    assert [each.period for each in board.readings] == days, "a day has begun with its first moment"
    assert board.readings_left_out == 15


def test_where_a_board_has_no_room_for_all_it_has_the_readings_nearest_to_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold, "SHOWN", 3)
    target, _ = taken(*(reading(number) for number in range(20)), reading(7, "vehicles"))
    board = target.board("tiny", ms("2021-01-08T12:00:00Z"))
    assert [(each.measure, each.period) for each in board.readings] == [
        ("officers", "2021-01-08"),
        ("officers", "2021-01-09"),
        ("vehicles", "2021-01-08"),
    ]


def test_where_few_are_kept_all_are_shown() -> None:
    other = reading(3, id="again", updated_at=LATER, value=8)
    target, refused = taken(reading(3), reading(4), other)
    assert refused == []
    board = target.board("tiny", AT)
    assert [(each.period, each.value) for each in board.readings] == [
        (label, event.value) for label, event in held(target).winners()
    ]
    assert "readings_left_out" not in as_json(board)
