"""Tables of a board: the rows of arrays, and which of them are made again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.columns import unpack
from streams.board.model import Row
from streams.board.rollup import Rollup, TableRowKey
from streams.board.tables import ChangedStretches, Tables, both
from streams.fold.kept_sums import KeptSum
from streams.fold.panes import Pane, Parts, add_into
from streams.registry.aggregates import Figures
from streams.registry.calls import CALL, CALLS
from streams.registry.counting import BIN_SHIFT, SERIES_KEY_MASK, CounterLayout, bin_in
from streams.registry.crimes import CRIME
from streams.registry.histogram import BINS, bin_of
from streams.registry.incidents import ATTENDANCE, INCIDENT, INCIDENTS
from streams.registry.measures import ChosenShare, Gauge, Group
from streams.registry.registry import REGISTRY
from tests.build import tiny_force

FORCE = tiny_force()
GROUPS = REGISTRY.groups


def rollup(group: Group) -> Rollup:
    return Rollup(group, FORCE, REGISTRY.kinds[group.kind])


def call(line: int, area: int, wait: int | None) -> Pane:
    """What a call counts: answered after so many seconds and handled for as many and seven, or
    still waiting."""
    series_key = CALL.series.of(line, area)
    layout = CALL.layouts[0]
    if wait is None:
        return {series_key: layout.one("offered")}
    counters = layout.one("offered", "answered", "handled") + (wait * 1000 << layout.shift["sum"])
    counters += (wait + 7) * 1000 << layout.shift["handling_time"]
    handled = CALL.duration_of["handling_time"] * BINS + bin_of(wait + 7)
    bins = {series_key | number + 1 << BIN_SHIFT: 1 for number in (bin_of(wait), handled)}
    return {series_key: counters, **bins}


def incident(category: int, grade: int, area: int, response: int | None) -> Pane:
    series_key = INCIDENT.series.of(category, grade, area)
    layout = INCIDENT.layouts[0]
    if response is None:
        return {series_key: layout.one("count", "never")}
    counters = layout.one("count", "attended") + (response * 1000 << layout.shift["sum"])
    return {series_key: counters, series_key | bin_of(response) + 1 << BIN_SHIFT: 1}


def crime(offence: int, area: int) -> Pane:
    return {CRIME.series.of(offence, area): CRIME.layouts[0].one("count")}


def outcome(offence: int, area: int) -> Pane:
    counters = CRIME.layouts[1].one("outcomes", "action_taken")
    return {CRIME.series.of(offence, area): counters}


SECONDS = st.none() | st.integers(0, 2_000)
RECORDS = {
    "offered_at": st.builds(call, st.integers(0, 1), st.integers(0, 3), SECONDS),
    "opened_at": st.builds(
        incident, st.integers(0, 3), st.integers(0, 4), st.integers(0, 3), SECONDS
    ),
    "recorded_at": st.builds(crime, st.integers(0, 2), st.integers(0, 3)),
    "outcome_at": st.builds(outcome, st.integers(0, 2), st.integers(0, 3)),
}
"""What is counted by each clock."""


def summed(panes: list[Pane]) -> Pane:
    total: Pane = {}
    for pane in panes:
        add_into(total, pane)
    return total


def one_by_one(group: Group, pane: Pane) -> list[Row]:
    """The rows as the measures read them, each alone."""
    made = rollup(group)
    sums: dict[TableRowKey, int] = dict.fromkeys(made.standing_rows(), 0)
    bins: dict[TableRowKey, dict[str, dict[int, int]]] = {}
    binned = [each for each in made.kind.timings if each.binned]
    timings = {made.kind.duration_of[each.sum]: each.sum for each in binned}
    for key, value in pane.items():
        for row in made.keys(key & SERIES_KEY_MASK):
            if key <= SERIES_KEY_MASK:
                sums[row] = sums.get(row, 0) + value
            else:
                duration, number = bin_in(key)
                into = bins.setdefault(row, {}).setdefault(timings[duration], {})
                into[number] = into.get(number, 0) + value
    values = [
        value.share(FORCE.file) if isinstance(value, ChosenShare) else value
        for value in (measure.value for measure in group.measures)
        if not isinstance(value, Gauge)
    ]
    row_type: Any = type(made.missing()[0])
    rows, layout = [], made.kind.layouts[made.kind.clocks.index(group.clock)]
    for place in sorted(sums):
        figures = Figures(layout.read(sums[place]), bins.get(place, {}))
        rows.append(row_type(*place, *(value.read(figures) for value in values)))
    return rows


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
@given(data=st.data())
def test_rows_are_what_their_measures_read(group: Group, data: st.DataObject) -> None:
    pane = summed(data.draw(st.lists(RECORDS[group.clock], max_size=12)))
    made = rollup(group)
    assert made.rows(made.sums(pane)) == one_by_one(group, pane)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
@given(data=st.data())
def test_a_table_is_the_same_whatever_was_made_before(group: Group, data: st.DataObject) -> None:
    tables = Tables(rollup(group))
    records = st.lists(RECORDS[group.clock], max_size=5).map(summed)
    kept = [None, *map(KeptSum, data.draw(st.lists(records, max_size=2)))]
    for _ in range(4):
        last = data.draw(st.sampled_from(kept))
        if last is not None and data.draw(st.booleans()):
            kept.append(last := last.after(data.draw(records)))
        parts = Parts(last, data.draw(st.one_of(st.just({}), records)))
        assert tables.rows("month", parts) == one_by_one(group, both(parts))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
@given(data=st.data())
def test_windows_that_are_made_together_are_those_made_alone(
    group: Group, data: st.DataObject
) -> None:
    names = ("5m", "1h", "today")
    tables = Tables(rollup(group), windows=names)
    records = st.lists(RECORDS[group.clock], max_size=5).map(summed)
    last: dict[str, Parts] = {}
    for _ in range(4):
        asked = data.draw(st.lists(st.sampled_from(names), unique=True))
        last |= {name: Parts(None, data.draw(records)) for name in asked}
        found = tables.rows_of_windows({name: last[name] for name in asked})
        assert found == {name: one_by_one(group, last[name].fresh) for name in asked}


def test_a_window_in_which_nothing_changed_is_the_same_table() -> None:
    tables = Tables(rollup(CALLS), windows=("5m", "1h"))
    before = {"5m": Parts(None, call(0, 1, 5)), "1h": Parts(None, call(1, 3, 60))}
    first = tables.rows_of_windows(before)
    after = {"5m": Parts(None, {}), "1h": Parts(None, call(1, 3, 60))}
    second = tables.rows_of_windows(after)
    assert second["1h"] is first["1h"]
    assert second["5m"] == one_by_one(CALLS, {})


def test_only_the_rows_that_changed_are_made_again() -> None:
    tables, kept = Tables(rollup(CALLS)), KeptSum(summed([call(0, 1, 5), call(1, 3, 9)]))
    first = tables.rows("month", Parts(kept, call(1, 3, 60)))
    second = tables.rows("month", Parts(kept, summed([call(1, 3, 60), call(0, 0, None)])))
    again = [row for row in second if not any(row is old for old in first)]
    assert [(row["line"], row["area"]) for row in again] == [("999", "force")]


def test_a_table_in_which_nothing_changed_is_the_same_one() -> None:
    tables, kept = Tables(rollup(CALLS)), KeptSum(call(0, 1, 5))
    first = tables.rows("month", Parts(kept, call(1, 3, 60)))
    assert tables.rows("month", Parts(kept, call(1, 3, 60))) is first


def test_a_closed_period_is_made_once_for_a_kept_sum() -> None:
    tables, kept = Tables(rollup(CALLS)), KeptSum(call(0, 1, 5))
    rows = tables.rows("2021-02", Parts(kept, {}))
    assert tables.rows("2021-02", Parts(kept, {})) is rows
    assert tables.rows("2021-02", Parts(KeptSum(kept.pane), {})) == rows


def test_of_a_closed_period_that_is_revised_only_what_changed_is_made_again() -> None:
    tables, kept = Tables(rollup(CALLS)), KeptSum(summed([call(0, 1, 5), call(1, 3, 9)]))
    tables.rows("2021-02", Parts(kept, {}))
    kept = kept.after(call(1, 3, 9))
    first = tables.rows("2021-02", Parts(kept, {}))
    second = tables.rows("2021-02", Parts(kept.after(call(0, 0, None)), {}))
    again = [row for row in second if not any(row is old for old in first)]
    assert [(row["line"], row["area"]) for row in again] == [("999", "force")]


def test_tables_of_the_same_records_share_what_changed() -> None:
    changed = ChangedStretches()
    several = [Tables(rollup(group), changed) for group in (INCIDENTS, ATTENDANCE)]
    first, second = incident(1, 0, 1, 300), incident(2, 1, 2, None)
    for pane in (first, summed([first, second]), second, {}):
        parts = Parts(None, pane)
        for tables in several:
            assert tables.rows("today", parts) == one_by_one(tables.rollup.group, pane)


def test_a_row_without_figures_that_are_not_known_is_made_again_only_where_it_changed() -> None:
    tables, unknown = Tables(rollup(CALLS)), frozenset({"abandoned"})
    parts = Parts(None, summed([call(0, 1, 5), call(1, 3, 9)]))
    rows = tables.rows("today", parts)
    first = tables.without("today", rows, unknown)
    assert tables.without("today", rows, unknown) is first
    rows = tables.rows("today", Parts(None, summed([parts.fresh, call(0, 0, None)])))
    second = tables.without("today", rows, unknown)
    assert {row["abandoned"] for row in second} == {None}
    again = [row for row in second if not any(row is old for old in first)]
    assert [(row["line"], row["area"]) for row in again] == [("999", "force")]


def test_as_first_published_is_without_what_changed_since() -> None:
    tables, late = Tables(rollup(CALLS)), call(0, 1, 5)
    kept = KeptSum(summed([call(1, 3, 9), late]))
    parts = Parts(kept, {})
    assert tables.first("2021-02", parts, late) == one_by_one(CALLS, call(1, 3, 9))
    assert tables.rows("2021-02", parts) == one_by_one(CALLS, kept.pane)


def test_rows_as_first_published_stay_when_a_closed_period_is_revised() -> None:
    tables, late, later = Tables(rollup(CALLS)), call(0, 1, 5), call(1, 2, 7)
    kept = KeptSum(summed([call(1, 3, 9), late]))
    rows = tables.first("2021-02", Parts(kept, {}), late)
    kept = kept.after(later)
    assert tables.first("2021-02", Parts(kept, {}), summed([late, later])) is rows


def test_rows_as_first_published_are_made_again_where_a_change_is_none_of_them() -> None:
    tables, late, more = Tables(rollup(CALLS)), call(0, 1, 5), call(1, 2, 7)
    kept = KeptSum(summed([call(1, 3, 9), late]))
    tables.first("2021-02", Parts(kept, {}), late)
    found = tables.first("2021-02", Parts(kept.after(more), {}), late)
    assert found == one_by_one(CALLS, summed([call(1, 3, 9), more]))


def test_counters_of_any_width_are_unpacked() -> None:
    layout = CounterLayout(("a", 5), ("b", 32), ("wide", 112), ("c", 3), ("d", 40))
    numbers = {"a": 17, "b": 2**32 - 1, "wide": 2**111 + 5, "c": 6, "d": 2**40 - 2}
    value = sum(number << layout.shift[name] for name, number in numbers.items())
    assert unpack(layout, ("d", "a", "b", "c"), [value, 0]).T.tolist() == [
        [2**40 - 2, 17, 2**32 - 1, 6],
        [0, 0, 0, 0],
    ]
