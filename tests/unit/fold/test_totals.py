"""Totals of calls instead of records: what a reading may count, and which figures it serves."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.model import find
from streams.board.monitor import Monitor, canonical
from streams.periods import Calendar, rfc3339
from tests.build import FAR_FUTURE, call, feed, lines, monitor, ms, row, tiny_force
from tests.examples import one_in

CALENDAR = Calendar(ZoneInfo("Europe/London"))
AT = ms("2021-03-31T12:00:00Z")
LATER = "2021-04-02T00:00:00Z"

UNKNOWN = {"value": None, "numerator": None, "denominator": None}


def total(
    period: str,
    line: str = "101",
    area: str | None = None,
    counted: dict[str, int] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A reading that counts; what is no field of a reading is a count, beside those `counted`."""
    own = {"id", "updated_at", "version", "deleted", "measure"}
    record = {
        "kind": "reading",
        "force": "tiny",
        "id": f"{line}/{area}/{period}",
        "measure": "calls",
        "line": line,
        "area": area,
        "period": period,
        "updated_at": LATER,
        **{name: value for name, value in more.items() if name in own},
    }
    counts = {name: value for name, value in more.items() if name not in own} | (counted or {})
    record |= {"counts": counts} if counts else {}
    return {name: value for name, value in record.items() if value is not None}


def refusals(*records: dict[str, Any]) -> list[tuple[str, str]]:
    found = monitor().ingest(lines(records), FAR_FUTURE)
    return [(refusal.reason, refusal.detail) for refusal in found]


def of(target: Monitor, period: str, line: str = "101", at: int = AT, **where: str) -> Any:
    """The row of a period."""
    label = CALENDAR.parse(period).label
    return row(target.board("tiny", at, [period]), label, "calls", line=line, **where)


def has_row(target: Monitor, window: str, line: str = "101", at: int = AT, **more: str) -> bool:
    """Whether a window, or an asked period, has a row of a line."""
    labels = [] if window in {"5m", "15m", "30m", "1h", "6h", "today", "month"} else [window]
    board = target.board("tiny", at, labels)
    figures = board.windows.get(window) or board.periods[CALENDAR.parse(window).label]
    area = more.get("area", "force")
    return find(figures.rows("calls"), line=line, area=area) is not None


# --- what a reading may say -------------------------------------------------------------------


@pytest.mark.parametrize(
    "period", ["2021-03-05", "2021-03-05T13", "2021-03-05T13+00:00", "2021-03-05T13Z"]
)
def test_a_reading_may_be_of_a_day_or_an_hour(period: str) -> None:
    plain = {"measure": "satisfaction", "value": 0.7}
    reading = {**total(period), **plain}
    target = monitor()
    feed(target, reading)
    (shown,) = target.board("tiny", AT).readings
    assert shown.value == 0.7
    assert shown.line == "101"
    assert shown.period == CALENDAR.parse(period).label


def test_one_hour_written_in_two_ways_is_one_reading_and_the_later_counts() -> None:
    target = monitor()
    first = {**total("2021-10-31T01"), "measure": "m", "value": 1.0, "id": "a"}
    second = {**first, "id": "b", "period": "2021-10-31T01+01:00", "value": 2.0, "version": 2**50}
    feed(target, second, first)
    assert [r.value for r in target.board("tiny", AT).readings] == [2.0]


@pytest.mark.parametrize("period", ["2021-02-30", "2021-03-28T01", "2021-03-05T13+05:00"])
def test_a_day_or_hour_that_there_is_none_of_is_refused(period: str) -> None:
    ((reason, detail),) = refusals(total(period, offered=1))
    assert reason == "impossible_date"
    assert period in detail


def test_an_unknown_name_of_a_count_is_refused_with_the_known_ones() -> None:
    ((reason, detail),) = refusals(total("2021-03-05", offerd=1))
    assert reason == "wrong_form"
    assert "offerd" in detail
    assert detail.endswith(
        "offered, answered, within, abandoned, abandoned_within, abandoned_at_once, end_unknown"
    )


@pytest.mark.parametrize(
    ("counts", "reason", "words"),
    [
        ({"offered": -1}, "wrong_form", ">= 0"),
        ({"offered": 1.5}, "wrong_form", "counts are whole numbers"),
        ({"offered": None}, "wrong_form", "counts is empty"),
        ({"offered": 9, "answered": 10}, "impossible_counts", "10 answered of 9 offered"),
        (
            {"offered": 9, "answered": 8, "abandoned": 2},
            "impossible_counts",
            "8 answered and 2 abandoned of 9 offered",
        ),
        ({"answered": 8, "within": 9}, "impossible_counts", "9 within of 8 answered"),
        (
            {"abandoned": 1, "abandoned_at_once": 2},
            "impossible_counts",
            "2 abandoned_at_once of 1 abandoned",
        ),
        ({"offered": 5, "within": 6}, "impossible_counts", "6 answered of 5 offered"),
    ],
)
def test_impossible_counts_are_refused(counts: dict[str, Any], reason: str, words: str) -> None:
    record = {**total("2021-03-05"), "counts": counts}
    ((found, detail),) = refusals(record)
    assert (found, words in detail) == (reason, True), detail


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ({"line": None}, "missing_field", "line"),
        ({"line": "111"}, "unknown_line", "111"),
        ({"area": "moon"}, "unknown_area", "moon"),
        ({"measure": "letters"}, "wrong_form", 'measure = "calls"'),
        ({"value": 3.0}, "wrong_form", "or counts"),
        ({"period": "2021"}, "wrong_form", "months or quarters"),
        ({"period": "2021/22"}, "wrong_form", "no figure is of 2021/22 by itself"),
        ({"period": "R3-2021-03"}, "wrong_form", "months or quarters"),
        ({"period": "2021-04-03"}, "in_the_future", "had not begun"),
        ({"period": "1989-12-31"}, "implausible_date", "1990"),
    ],
)
def test_counts_need_a_line_and_an_interval_that_has_begun(
    change: dict[str, Any], reason: str, words: str
) -> None:
    record = {**total("2021-03-05", offered=1), **change}
    ((found, detail),) = refusals({k: v for k, v in record.items() if v is not None})
    assert (found, words in detail) == (reason, True), detail


# --- which figures they serve -----------------------------------------------------------------


def test_every_figure_that_needs_only_counts_is_served_and_no_other() -> None:
    target = monitor()
    counts = {"offered": 217, "answered": 204, "within": 150, "abandoned": 13}
    feed(target, total("2021-03-30", counted=counts))
    assert of(target, "2021-03-30") == {
        "line": "101",
        "area": "force",
        "offered": 217,
        "answered": 204,
        "abandoned": 13,
        "end_unknown": 0,  # follows: all the others ended
        "answered_within": 150,
        "service_level": {"value": 150 / 217, "numerator": 150, "denominator": 217},
        "abandonment": {"value": 13 / 217, "numerator": 13, "denominator": 217},
        "answer_mean": None,
        "answer_median": None,
        "answer_p90": None,
        "from": "totals",
    }


@pytest.mark.parametrize("left_out", ["offered", "answered", "abandoned"])
def test_where_no_end_is_unknown_two_counts_give_the_third(left_out: str) -> None:
    counts = {"offered": 217, "answered": 204, "abandoned": 13, "end_unknown": 0}
    target = monitor()
    feed(target, total("2021-03-30", counted={k: n for k, n in counts.items() if k != left_out}))
    found = of(target, "2021-03-30")
    assert {name: found[name] for name in counts} == counts
    assert found["abandonment"] == {"value": 13 / 217, "numerator": 13, "denominator": 217}


def test_one_count_gives_no_other() -> None:
    target = monitor()
    feed(target, total("2021-03-30", answered=204, end_unknown=0))
    found = of(target, "2021-03-30")
    assert (found["offered"], found["abandoned"]) == (None, None)


def test_what_a_total_does_not_count_is_not_known_and_not_zero() -> None:
    target = monitor()
    feed(target, total("2021-03-30", offered=217, answered=204))
    found = of(target, "2021-03-30")
    assert (found["offered"], found["answered"]) == (217, 204)
    assert (found["abandoned"], found["answered_within"], found["end_unknown"]) == (None,) * 3
    assert found["abandonment"] == found["service_level"] == UNKNOWN


def test_a_rate_of_no_calls_has_no_value() -> None:
    target = monitor()
    feed(target, total("2021-03-30", offered=0))
    found = of(target, "2021-03-30")
    assert found["answered_within"] == 0
    assert found["service_level"] == {"value": None, "numerator": 0, "denominator": 0}


@pytest.mark.parametrize(
    ("formula", "extra", "value"),
    [
        ("answered_and_abandoned_within_of_offered", {"abandoned_within": 5}, 85 / 100),
        ("answered_of_answered", {}, 80 / 90),
        ("answered_of_offered", {}, 80 / 100),
        ("answered_of_offered_less_abandoned_within", {"abandoned_within": 5}, 80 / 95),
        ("answered_and_abandoned_at_once_of_offered", {"abandoned_at_once": 2}, 82 / 100),
        ("answered_and_abandoned_within_of_offered", {}, None),
    ],
)
def test_the_service_level_is_by_the_forces_formula_where_its_counts_are_there(
    formula: str, extra: dict[str, int], value: float | None
) -> None:
    target = monitor(tiny_force(service_level=f'"{formula}"'))
    counts = {"offered": 100, "answered": 90, "within": 80, "abandoned": 10, **extra}
    feed(target, total("2021-03-30", counted=counts))
    assert of(target, "2021-03-30")["service_level"]["value"] == value


# --- records and totals -----------------------------------------------------------------------


def answered(name: str, offered: str, line: str = "101", **more: Any) -> dict[str, Any]:
    then = rfc3339(ms(offered) + 5000)
    return call(name, offered, answered_at=then, line=line, **more)


def test_records_win_over_a_total_of_their_line_and_interval() -> None:
    target = monitor()
    feed(target, total("2021-03-30", offered=50), answered("c", "2021-03-30T09:00:00Z"))
    found = of(target, "2021-03-30")
    assert (found["offered"], found["answer_mean"]) == (1, 5.0)
    assert "from" not in found


def test_a_total_is_used_again_when_the_last_record_of_its_interval_is_deleted() -> None:
    target, record = monitor(), answered("c", "2021-03-30T09:00:00Z")
    feed(target, total("2021-03-30", offered=50), record)
    feed(target, {**record, "deleted": True, "version": 2**50})
    assert of(target, "2021-03-30")["offered"] == 50


def test_a_record_of_another_line_or_day_leaves_a_total_in_use() -> None:
    target = monitor()
    feed(
        target,
        total("2021-03-30", offered=50),
        answered("c", "2021-03-30T09:00:00Z", line="999"),
        answered("d", "2021-03-29T09:00:00Z"),
    )
    assert of(target, "2021-03-30")["offered"] == 50
    assert "from" not in of(target, "2021-03-30", line="999")


def test_a_period_of_both_says_so_and_has_no_figure_that_a_part_of_it_lacks() -> None:
    target = monitor()
    counts = {"offered": 50, "answered": 40, "abandoned": 10}
    feed(target, total("2021-03-30", counted=counts), answered("d", "2021-03-29T09:00:00Z"))
    found = of(target, "2021-03")
    assert found["from"] == "both"
    assert (found["offered"], found["answered"]) == (51, 41)
    assert found["abandonment"]["numerator"] == 10
    assert found["answered_within"] is None
    assert found["service_level"] == UNKNOWN
    assert found["answer_mean"] is found["answer_median"] is found["answer_p90"] is None


def test_a_line_of_totals_alone_has_no_row_where_it_has_no_total() -> None:
    target = monitor()
    feed(target, answered("first", "2021-01-31T10:00:00Z", line="999"))
    feed(target, total("2021-03-30", offered=50), answered("c", "2021-03-31T11:58:00Z", line="999"))
    assert has_row(target, "2021-03-30")
    for window in ("5m", "15m", "1h", "6h", "today", "2021-03-29", "2021-02"):
        assert not has_row(target, window), window
    assert has_row(target, "5m", line="999")


def test_a_line_that_has_records_too_is_quiet_where_it_has_neither() -> None:
    target = monitor()
    feed(target, total("2021-03-20", offered=50), answered("c", "2021-03-31T08:00:00Z"))
    assert row(target.board("tiny", AT), "5m", "calls", line="101")["offered"] == 0
    assert row(target.board("tiny", AT), "month", "calls", line="101")["offered"] == 51


def test_a_window_into_which_a_wider_total_reaches_has_no_row() -> None:
    at = ms("2021-03-31T02:00:00Z")  # 03:00 local time: six hours hold three of yesterday
    target = monitor()
    feed(target, total("2021-03-30", offered=50), answered("c", "2021-03-31T00:30:00Z"))
    assert not has_row(target, "6h", at=at)
    assert row(target.board("tiny", at), "1h", "calls", line="101")["offered"] == 0
    assert row(target.board("tiny", at), "today", "calls", line="101")["offered"] == 1


def test_windows_of_whole_hours_are_served_by_totals_of_hours() -> None:
    target = monitor()
    feed(target, total("2021-03-31T12+01:00", offered=5), total("2021-03-31T11+01:00", offered=6))
    assert row(target.board("tiny", AT), "1h", "calls", line="101")["offered"] == 5
    assert not has_row(target, "1h", at=AT + 60_000)
    assert not has_row(target, "5m")


def test_who_waits_on_a_line_of_totals_alone_is_not_known() -> None:
    target = monitor()
    feed(target, total("2021-03-30", offered=50), call("c", "2021-03-31T11:58:00Z"))
    assert [r["line"] for r in target.board("tiny", AT).now["calls"]] == ["999"]
    feed(target, call("d", "2021-03-31T11:59:00Z", line="101"))
    assert [r["waiting"] for r in target.board("tiny", AT).now["calls"]] == [1, 1]


# --- intervals --------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "hours"), [("2021-03-28", 23), ("2021-10-31", 25)])
def test_a_day_is_its_local_hours(day: str, hours: int) -> None:
    target = monitor()
    period = CALENDAR.parse(day)
    labels = [CALENDAR.holding("hour", at).label for at in range(period.start, period.end, 3600000)]
    assert len(labels) == hours
    written = rfc3339(period.end)
    feed(target, *(total(label, offered=1, updated_at=written) for label in labels))
    assert of(target, day)["offered"] == hours
    feed(target, total(day, offered=1000, updated_at=written))
    assert of(target, day)["offered"] == hours


def test_hours_win_over_their_day_only_where_all_are_there() -> None:
    target = monitor()
    period = CALENDAR.parse("2021-03-30")
    hours = [CALENDAR.holding("hour", at).label for at in range(period.start, period.end, 3600000)]
    feed(target, total("2021-03-30", offered=1000))
    feed(target, *(total(hour, offered=1) for hour in hours[1:]))
    assert of(target, "2021-03-30")["offered"] == 1000
    assert of(target, hours[3])["offered"] == 1
    feed(target, total(hours[0], offered=1))
    assert of(target, "2021-03-30")["offered"] == 24
    assert of(target, "2021-03")["offered"] == 24


def test_an_hour_written_before_it_was_over_does_not_complete_a_day() -> None:
    target = monitor()
    period = CALENDAR.parse("2021-03-30")
    hours = [CALENDAR.holding("hour", at).label for at in range(period.start, period.end, 3600000)]
    feed(target, total("2021-03-30", offered=1000), *(total(h, offered=1) for h in hours[:-1]))
    feed(target, total(hours[-1], offered=1, updated_at="2021-03-30T22:30:00Z"))
    assert of(target, "2021-03-30")["offered"] == 1000


def test_a_total_of_a_running_interval_is_provisional_until_a_later_version() -> None:
    target = monitor()
    feed(target, total("2021-03-31", offered=20, updated_at="2021-03-31T12:00:00Z"))
    found = row(target.board("tiny", AT), "today", "calls", line="101")
    assert (found["offered"], found["provisional"]) == (20, True)
    feed(target, total("2021-03-31", offered=45, updated_at="2021-03-31T22:59:59Z"))
    found = row(target.board("tiny", AT), "today", "calls", line="101")
    assert found["offered"] == 45
    assert "provisional" not in found


def test_months_and_quarters_serve_what_holds_them() -> None:
    target = monitor()
    feed(target, total("2020-04", offered=100), total("2020-Q4", offered=1000))
    assert of(target, "2020-Q2")["offered"] == 100
    assert of(target, "2020/21")["offered"] == 1100
    assert not has_row(target, "2020-11")
    feed(target, total("2020-11-05", offered=7))
    assert of(target, "2020-11")["offered"] == 7
    assert of(target, "2020/21")["offered"] == 1100


def test_hours_of_records_and_hours_of_totals_make_a_day() -> None:
    target = monitor()
    feed(
        target,
        total("2021-03-30", offered=1000),
        total("2021-03-30T09", offered=50),
        total("2021-03-30T10", offered=60),
        answered("c", "2021-03-30T08:30:00Z"),  # 09:30 local time
    )
    found = of(target, "2021-03-30")
    assert (found["offered"], found["from"]) == (61, "both")


# --- areas ------------------------------------------------------------------------------------


def test_totals_of_areas_add_up_where_the_wider_area_has_none_of_its_own() -> None:
    target = monitor()
    feed(target, total("2021-03-30", area="north", offered=3))
    feed(target, total("2021-03-30", area="South", offered=4))
    for area, offered in (("north", 3), ("north-area", 3), ("south", 4), ("force", 7)):
        assert of(target, "2021-03-30", area=area)["offered"] == offered
    feed(target, total("2021-03-30", offered=9))
    assert of(target, "2021-03-30")["offered"] == 9


def test_an_area_has_no_row_from_totals_that_do_not_tell_it_apart() -> None:
    target = monitor()
    feed(target, total("2021-03-30", offered=9))
    feed(target, answered("c", "2021-03-29T09:00:00Z", area="north"))
    assert of(target, "2021-03")["offered"] == 10
    assert not has_row(target, "2021-03", area="north")
    assert of(target, "2021-03-29", area="north")["offered"] == 1


# --- versions, and what is kept ---------------------------------------------------------------


def test_a_withdrawn_total_leaves_and_a_moved_one_moves() -> None:
    target = monitor()
    first = total("2021-03-29", offered=9, id="a", version=1)
    feed(target, first, {**first, "period": "2021-03-30", "version": 2})
    assert not has_row(target, "2021-03-29")
    assert of(target, "2021-03-30")["offered"] == 9
    feed(target, {**first, "deleted": True, "version": 3})
    plain = monitor()
    board = target.board("tiny", AT, ["2021-03-30"])
    assert canonical(board) == canonical(plain.board("tiny", AT, ["2021-03-30"]))


def test_of_two_totals_of_one_interval_the_later_counts_whatever_their_order() -> None:
    early = total("2021-03-30", offered=9, id="a", updated_at="2021-03-31T01:00:00Z")
    late = total("2021-03-30", offered=8, id="b", updated_at="2021-03-31T02:00:00Z")
    for records in ((early, late), (late, early)):
        target = monitor()
        feed(target, *records)
        assert of(target, "2021-03-30")["offered"] == 8


def test_a_total_serves_where_panes_of_records_are_no_longer_kept_so_finely() -> None:
    target = monitor()
    feed(target, answered("c", "2021-03-31T08:00:00Z"))
    feed(target, total("2019-03-30T09", offered=9), total("2019-03-30T09", "999", offered=3))
    periods = target.board("tiny", AT, ["2019-03-30T09", "2019-03-30T10"]).periods
    rows = periods["2019-03-30T09+00:00"]["calls"]
    assert [(r["line"], r["offered"], r.origin) for r in rows] == [
        ("101", 9, "totals"),
        ("999", 3, "totals"),
    ]
    assert periods["2019-03-30T10+00:00"].rows("calls") is None


def test_a_board_without_totals_says_nothing_of_where_it_is_from() -> None:
    target = monitor()
    feed(target, answered("c", "2021-03-31T08:00:00Z"))
    before = target.board("tiny", AT, ["2021-03"])
    feed(target, {**total("2021-03-30", line="999"), "measure": "m", "value": 1.0})
    after = target.board("tiny", AT, ["2021-03"])
    assert after.windows == before.windows
    assert b'"totals"' not in canonical(after)


# --- the same calls, as records and as totals -------------------------------------------------

FIRST = ms("2021-03-27T00:00:00Z")  # three days around the day of 23 hours
DAYS = 3
COUNTED = ("offered", "answered", "abandoned", "end_unknown", "answered_within")
RATES = ("service_level", "abandonment")
LIMITS = {"999": 10, "101": 30}
UNDER = {None: [], "north-area": ["north-area"], "north": ["north", "north-area"]}
UNDER["south"] = ["south"]


@st.composite
def some_calls(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(0, 14))):
        offered = FIRST + draw(st.integers(0, DAYS * 24 * 12 - 1)) * 300_000
        end = draw(st.sampled_from(["answered_at", "abandoned_at", "ended_at"]))
        then = offered + draw(st.sampled_from([0, 5, 6, 10, 11, 30, 31])) * 1000
        line, area = (
            draw(st.sampled_from(["999", "101"])),
            draw(st.sampled_from(sorted(UNDER, key=str))),
        )
        more = {"line": line, "area": None if area == "None" else area}
        found.append(call(f"c{number}", rfc3339(offered), **{end: rfc3339(then)}, **more))
    return found


def counts_of(calls: Iterable[dict[str, Any]]) -> dict[str, int]:
    """The plain count, as the source of totals makes it."""
    counts = dict.fromkeys(
        ("offered", "answered", "within", "abandoned", "abandoned_within", "abandoned_at_once",
         "end_unknown"), 0,
    )  # fmt: skip
    for one in calls:
        counts["offered"] += 1
        end = next(e for e in ("answered_at", "abandoned_at", "ended_at") if e in one)
        wait = (ms(one[end]) - ms(one["offered_at"])) / 1000
        limit = LIMITS[one["line"]]
        counts[{"ended_at": "end_unknown"}.get(end, end.removesuffix("_at"))] += 1
        counts["within"] += end == "answered_at" and wait <= limit
        counts["abandoned_within"] += end == "abandoned_at" and wait <= limit
        counts["abandoned_at_once"] += end == "abandoned_at" and wait <= 5
    return counts


def intervals(grain: Any) -> list[Any]:
    found = [CALENDAR.holding(grain, FIRST)]
    while found[-1].end <= FIRST + DAYS * 86_400_000:
        found.append(CALENDAR.holding(grain, found[-1].end))
    return found


def totals_of(calls: list[dict[str, Any]], line: str, period: Any) -> list[dict[str, Any]]:
    """The totals of an interval of the whole line and of every area."""
    mine = [
        one
        for one in calls
        if one["line"] == line and period.start <= ms(one["offered_at"]) < period.end
    ]
    whole = [total(period.label, line, counted=counts_of(mine))]
    return whole + [
        total(
            period.label,
            line,
            area,
            counts_of(one for one in mine if area in UNDER[one.get("area")]),
        )
        for area in ("north", "north-area", "south")
    ]


def count_figures(target: Monitor, labels: list[str]) -> dict[tuple[str, str, str], Any]:
    """The figures that need only counts by (window, line, area), where any call was."""
    board = target.board("tiny", AT, labels)
    windows = {name: board.windows[name] for name in ("today", "month")}
    return {
        (name, found.dimension_of("line"), found.area): {
            key: found[key] for key in (*COUNTED, *RATES)
        }
        for name, figures in (windows | board.periods).items()
        for found in figures.rows("calls") or ()
        if found["offered"]
    }


@one_in(4)
@given(some_calls(), st.sampled_from(["hour", "day"]))
def test_totals_of_the_same_calls_give_the_same_figures(
    calls: list[dict[str, Any]], grain: str
) -> None:
    by_record, by_total = monitor(), monitor()
    feed(by_record, *calls)
    periods = intervals(grain)
    for line in LIMITS:
        for period in periods:
            feed(by_total, *totals_of(calls, line, period))
    labels = [*(period.label for period in periods[:24]), "2021-03-28", "2021-03", "2020/21"]
    assert count_figures(by_total, labels) == count_figures(by_record, labels)


@one_in(4)
@given(some_calls(), st.data())
def test_lines_and_days_of_records_and_of_totals_mix(
    calls: list[dict[str, Any]], data: st.DataObject
) -> None:
    by_record, mixed = monitor(), monitor()
    feed(by_record, *calls)
    days = intervals("day")
    for line in LIMITS:
        for day in days:
            records = [
                one
                for one in calls
                if one["line"] == line and day.start <= ms(one["offered_at"]) < day.end
            ]
            way = data.draw(st.sampled_from(["records", "totals", "both"]))
            if way == "records" or (way == "both" and records):
                feed(mixed, *records)
            if way == "totals" or (way == "both" and not records):
                feed(mixed, *totals_of(calls, line, day))
            if way == "both" and records:  # such a total is wrong, and must not matter
                feed(mixed, total(day.label, line, offered=10_000))
    labels = [*(day.label for day in days), "2021-03", "2021-Q1", "2020/21"]
    assert count_figures(mixed, labels) == count_figures(by_record, labels)


@one_in(4)
@given(some_calls(), st.randoms(use_true_random=False))
def test_any_order_of_records_and_totals_gives_the_same_board(
    calls: list[dict[str, Any]], chance: random.Random
) -> None:
    periods = [*intervals("day"), CALENDAR.parse("2021-03-28T03"), CALENDAR.parse("2021-03")]
    records = [*calls, *(one for p in periods for one in totals_of(calls, "101", p))]
    records += [{**one, "version": 2**45} for one in records[::3]]
    boards = []
    for _ in range(2):
        target = monitor()
        feed(target, *records)
        labels = [*(period.label for period in periods), "2021-Q1"]
        boards.append(canonical(target.board("tiny", AT, labels)))
        chance.shuffle(records)
    assert boards[0] == boards[1]
