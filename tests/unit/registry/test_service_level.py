"""The five published formulas for one name."""

import pytest

from streams.board.model import PeriodTarget, TargetPart
from streams.outputs.words import held_in, verdict
from streams.registry.aggregates import Figures, Ratio
from streams.registry.measures import SERVICE_LEVELS
from tests.build import as_json, call, feed, monitor, ms, row, tiny_force

COUNTS = {
    "answered": 1000,
    "within": 860,
    "abandoned": 60,
    "abandoned_within": 20,
    "abandoned_at_once": 10,
}

each_formula = pytest.mark.parametrize(
    ("formula", "percent"),
    [
        ("answered_and_abandoned_within_of_offered", 83.0),
        ("answered_of_answered", 86.0),
        ("answered_of_offered", 81.1),
        ("answered_of_offered_less_abandoned_within", 82.7),
        ("answered_and_abandoned_at_once_of_offered", 82.1),
    ],
)


@each_formula
def test_each_formula_gives_its_published_figure(formula: str, percent: float) -> None:
    read = SERVICE_LEVELS[formula].share.read(Figures(COUNTS, {}))  # type: ignore[index]
    assert read.value is not None
    assert round(read.value * 100, 1) == percent


def a_thousand_calls() -> list[dict[str, object]]:
    """1,000 answered, 860 within 10 s; 60 abandoned, 20 within 10 s, 10 of those within 5 s."""

    def after(seconds: int) -> str:
        return f"2021-03-01T10:{seconds // 60:02d}:{seconds % 60:02d}Z"

    calls = [call(f"a{n}", answered_at=after(10 if n < 860 else 11)) for n in range(1000)]
    waits = [5] * 10 + [10] * 10 + [40] * 40
    calls += [call(f"b{n}", abandoned_at=after(wait)) for n, wait in enumerate(waits)]
    return calls


@each_formula
def test_the_force_chooses_the_formula_and_the_board_names_it(formula: str, percent: float) -> None:
    watched = monitor(tiny_force(service_level=f'"{formula}"'))
    feed(watched, *a_thousand_calls())
    board = watched.board("tiny", ms("2021-03-01T10:05:00Z"))
    level = row(board, "1h", "calls", line="999")["service_level"]
    assert round(level["value"] * 100, 1) == percent
    assert board.definitions.service_level.name == formula


def test_a_rate_of_nothing_is_not_a_number() -> None:
    board = monitor().board("tiny", ms("2021-03-01T10:05:00Z"))
    level = row(board, "1h", "calls", line="999")["service_level"]
    assert level == {"value": None, "numerator": 0, "denominator": 0}


def test_a_rate_of_few_calls_is_marked_as_small() -> None:
    assert as_json(Ratio.of(19, 19))["small"] is True
    assert "small" not in as_json(Ratio.of(20, 20))


def test_a_call_still_waiting_is_in_neither_part_of_the_rate() -> None:
    watched = monitor()
    feed(watched, call("c1", answered_at="2021-03-01T10:00:05Z"), call("c2"))
    found = row(watched.board("tiny", ms("2021-03-01T10:05:00Z")), "1h", "calls", line="999")
    assert found["offered"] == 2
    assert found["service_level"] == {
        "value": 1.0,
        "numerator": 1,
        "denominator": 1,
        "small": True,
    }


def test_within_the_limit_includes_the_limit_to_the_millisecond() -> None:
    watched = monitor()
    feed(
        watched,
        call("c1", answered_at="2021-03-01T10:00:10.000Z"),
        call("c2", answered_at="2021-03-01T10:00:10.001Z"),
    )
    found = row(watched.board("tiny", ms("2021-03-01T10:05:00Z")), "1h", "calls", line="999")
    assert (found["answered"], found["answered_within"]) == (2, 1)


def test_the_101_target_is_that_of_the_date() -> None:
    watched = monitor()
    before = watched.board("tiny", ms("2017-09-30T12:00:00Z")).definitions.lines["101"]
    after = watched.board("tiny", ms("2017-10-01T12:00:00Z")).definitions.lines["101"]
    assert as_json(before) == {"name": "101", "within_seconds": 30, "target": 0.9}
    assert as_json(after) == {"name": "101", "within_seconds": 30, "target": 0.8}


def test_a_closed_period_is_shown_with_the_target_of_its_own_time() -> None:
    """That of 101 was 90 % until 1 October 2017."""
    watched = monitor()
    board = watched.board(
        "tiny", ms("2017-11-02T12:00:00Z"), ("2017-09", "2017-10", "2017-09-30", "2017/18")
    )

    def held(label: str) -> dict[str, object]:
        found: dict[str, object] = as_json(held_in(board, board.periods[label], "101"))
        return found

    before, after = ({"within_seconds": 30, "target": share} for share in (0.9, 0.8))
    assert held("2017-09") == held("2017-09-30") == before
    assert held("2017-10") == after
    assert held("2017/18") == {
        **after,
        "changed": [
            {"from": "2017-04-01T00:00:00+01:00", **before},
            {"from": "2017-10-01T00:00:00+01:00", **after},
        ],
    }
    assert held_in(board, board.periods["2017-09"]).within_seconds == 1200


def test_a_verdict_is_by_the_target_of_the_period_and_of_cases_enough_to_tell() -> None:
    held = PeriodTarget(30, 0.8)
    changed = PeriodTarget(30, 0.8, [TargetPart("2017-10-01T00:00:00+01:00", 30, 0.8)])
    assert verdict(Ratio.of(17, 20), held) == "✓ met 80 %"
    assert verdict(Ratio.of(17, 20), PeriodTarget(30, 0.9)) == "✗ missed 90 %"
    assert verdict(Ratio.of(0, 19), held) == "too few to judge"
    assert verdict(Ratio.of(17, 20), changed) == "target changed"
    assert verdict(Ratio.of(0, 0), held) == ""


def test_attendance_says_which_of_the_definitions_it_is() -> None:
    definitions = monitor().board("tiny", ms("2021-03-01T12:00:00Z")).definitions
    assert definitions.attendance.formula == (
        "attended within the standard / attended; those never attended are left out"
    )
