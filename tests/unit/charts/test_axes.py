"""Round values on a scale, and periods named at round times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.charts.axes import named, tick_name, ticks
from streams.config.measures import FigureUnit
from streams.periods import Grain
from tests.charts import points


@pytest.mark.parametrize(
    ("least", "most", "unit", "found"),
    [
        (0, 455, "count", ["0", "100", "200", "300", "400", "500"]),
        (0, 3, "count", ["0", "1", "2", "3"]),
        (0, 0, "count", ["0", "1"]),
        (0.874, 0.944, "ratio", ["86 %", "88 %", "90 %", "92 %", "94 %", "96 %"]),
        (0.91, 1.0, "ratio", ["90 %", "92 %", "94 %", "96 %", "98 %", "100 %"]),
        (
            400,
            1_000,
            "seconds",
            ["6 min", "8 min", "10 min", "12 min", "14 min", "16 min", "18 min"],
        ),
        (0, 9_000, "seconds", ["0 s", "30 min", "1 h", "1 h 30 min", "2 h", "2 h 30 min"]),
        (1.2, 2.1, "days", ["1.2", "1.4", "1.6", "1.8", "2", "2.2"]),
        (-12, 5, "score", ["-15", "-10", "-5", "0", "5"]),
    ],
)
def test_a_scale_has_round_values(
    least: float, most: float, unit: FigureUnit, found: list[str]
) -> None:
    assert [tick_name(each, unit) for each in ticks(least, most, unit, 5)] == found


@given(
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.sampled_from(["count", "seconds", "days", "money"]),
    st.integers(2, 9),
)
def test_a_scale_holds_all_values(least: float, more: float, unit: FigureUnit, want: int) -> None:
    found = ticks(least, least + more, unit, want)
    spare = 1e-6 * (found[-1] - found[0])
    assert found[0] <= least + spare
    assert found[-1] >= least + more - spare
    assert 2 <= len(found) <= want + 3


@given(st.floats(0, 1), st.floats(0, 1))
def test_no_scale_of_shares_goes_beyond_all(one: float, other: float) -> None:
    assert ticks(min(one, other), max(one, other), "ratio", 5)[-1] <= 1 or one == other


@pytest.mark.parametrize(
    ("grain", "first", "many", "wide", "found"),
    [
        ("month", "2024-12-01", 2, 60, [("Dec", "2024"), ("Jan", "2025")]),
        ("month", "2024-11-01", 8, 20, [("Jan", "2025"), ("Apr", "2025")]),
        ("month", "2024-11-01", 16, 4, [("2025", ""), ("2026", "")]),
        ("quarter", "2025-01-01", 2, 90, [("Jan-Mar", "2025"), ("Apr-Jun", "2025")]),
        ("financial_year", "2024-04-01", 2, 90, [("2024/25", ""), ("2025/26", "")]),
        ("day", "2026-01-05", 8, 8, [("5", "Jan 2026"), ("12", "Jan 2026")]),
        ("hour", "2026-01-05", 4, 18, [("00:00", "Mon 5 Jan 2026"), ("03:00", "Mon 5 Jan 2026")]),
    ],
)  # fmt: skip
def test_periods_are_named_where_there_is_room(
    grain: Grain, first: str, many: int, wide: float, found: list[tuple[str, str]]
) -> None:
    made = points([1.0] * many, first, grain)
    names = named(made, grain, [wide * at for at in range(many)], 12)
    assert [(each.name, each.within) for each in names] == found


def test_where_no_round_time_is_shown_the_first_period_is_named() -> None:
    (only,) = named(points([1.0, 2.0], "2025-02-01"), "month", [0, 1], 12)
    assert (only.place, only.name) == (0, "2025-02")
