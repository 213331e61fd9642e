"""Gaps in time: closed in one step, missing and never zero, and the same as period by period."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streams.alerts.context import RuleContext
from streams.alerts.lookup import MonitorLookup
from streams.board.monitor import Folded, Monitor
from streams.fold import gaps as gaps_
from streams.fold.gaps import Gap, empty_runs, too_long, walk
from streams.fold.ledger import Closing, Ledger
from streams.fold.panes import Panes
from streams.periods import DAY, GRAINS, HOUR, MINUTE, Calendar, Period, rfc3339
from streams.registry.calls import CALL
from streams.registry.packing import Packer
from streams.state import surveillance as watching
from streams.surveillance.adapters.counts import Counts
from streams.surveillance.relearning import kept
from streams.surveillance.signals import Grain, Signal
from tests.build import FAR_FUTURE, call, crime, feed, incident, lines, ms, tiny_force
from tests.examples import one_in
from tests.surveillance import (
    after,
    changed_force,
    hours,
    of,
    play,
    state_of,
    watched,
)

CALENDAR = Calendar(ZoneInfo("Europe/London"))
OFFERED = Packer(CALL, tiny_force()).by_clock[0]
WEEKS = 6
"""Of history before a gap: enough to know a level."""


def ledger_of(target: Monitor, kind: str = "incident") -> Ledger:
    found = target.ledger(kind, "tiny")
    assert found is not None
    return found


def noted(ledger: Ledger) -> list[Closing | Gap]:
    """All that a ledger tells of closing periods from now on."""
    seen: list[Closing | Gap] = []
    ledger.on_close, ledger.on_gap = seen.append, seen.append
    return seen


# -- which stretches are gaps ------------------------------------------------------------------


@given(
    days=st.lists(st.integers(0, 300), max_size=8),
    whole=st.lists(st.integers(0, 9), max_size=2),
    end=st.integers(0, 300),
)
def test_an_empty_run_is_what_no_pane_covers(days: list[int], whole: list[int], end: int) -> None:
    panes = Panes(CALENDAR, OFFERED)
    begin = CALENDAR.midnight(2021, 1, 1)
    panes.hours_before = begin + 400 * DAY
    for day in days:
        panes.hours[(begin + day * DAY + 5 * HOUR) // MINUTE] = {1: 1}
    for month in whole:
        panes.whole_months[CALENDAR.midnight(2021, month + 1, 1) // MINUTE] = {1: 1}
    panes.records[begin // MINUTE + 7] = 0  # what was taken out again is no record
    until = begin + end * DAY
    covered = [
        any(begin + day * DAY + 5 * HOUR == hour for day in days)
        or any(CALENDAR.local(hour).month == month + 1 for month in whole)
        for hour in range(begin, until, HOUR)
    ]
    runs, at = [], 0
    for place, one in enumerate([*covered, True]):
        if one:
            if place > at:
                runs.append((begin + at * HOUR, begin + place * HOUR))
            at = place + 1
    assert empty_runs(panes, begin, until) == runs


def test_an_empty_run_begins_where_the_last_record_ended_and_short_ones_are_none() -> None:
    panes = Panes(CALENDAR, OFFERED)
    begin = CALENDAR.midnight(2021, 1, 10)
    panes.records[(begin - 90 * MINUTE) // MINUTE] = 1
    panes.records[(begin + 30 * MINUTE) // MINUTE] = 1
    panes.records[(begin + 34 * MINUTE) // MINUTE] = 1
    runs = empty_runs(panes, begin, begin + HOUR)
    assert runs == [
        (begin - 89 * MINUTE, begin + 30 * MINUTE),
        (begin + 35 * MINUTE, begin + HOUR),
    ]
    panes.records.clear()
    panes.whole_days[(begin - 3 * DAY) // MINUTE] = {1: 1}
    assert empty_runs(panes, begin, begin + HOUR) == [(begin - 2 * DAY, begin + HOUR)]


@given(
    begin=st.integers(0, 400),
    length=st.integers(0, 300),
    missing=st.lists(st.tuples(st.integers(0, 6_000), st.integers(841, 3_000)), max_size=3),
)
@one_in(5)
def test_a_walk_meets_every_period_once_and_skips_only_what_lies_within_a_gap(
    begin: int, length: int, missing: list[tuple[int, int]]
) -> None:
    first = CALENDAR.midnight(2021, 1, 1)
    stretches, at = [], first
    for before, hours_ in missing:
        stretches.append((at + before * HOUR + 7 * MINUTE, at + (before + hours_) * HOUR))
        at = stretches[-1][1] + HOUR
    for grain in GRAINS:
        start, until = (CALENDAR.start(grain, first + d * DAY) for d in (begin, begin + length))
        met = list(walk(CALENDAR, grain, (start, until), stretches))
        spans = [(one.start, one.end) if isinstance(one, Period) else one for one in met]
        assert [end for _, end in spans] == [s for s, _ in spans[1:]] + [until] * bool(spans)
        assert not spans or spans[0][0] == start
        for one in met:
            if isinstance(one, Period):
                assert not any(a <= one.start and one.end <= b for a, b in stretches)
            else:
                assert any(a <= one[0] and one[1] <= b for a, b in stretches)


# -- what closes --------------------------------------------------------------------------------


def test_the_periods_of_36_years_close_in_a_few_steps() -> None:
    target = Monitor([tiny_force()])
    seen = noted(ledger_of(target))
    feed(target, incident("a", "1990-03-01T10:00:00Z"), incident("b", "2026-03-01T12:00:00Z"))
    told = [(c.period.grain, c.period.label) for c in seen if isinstance(c, Closing)]
    assert told == [
        ("hour", "1990-03-01T09+00:00"),
        ("hour", "1990-03-01T10+00:00"),
        ("day", "1990-03-01"),
        ("month", "1990-03"),
        ("quarter", "1990-Q1"),
        ("financial_year", "1989/90"),
    ]
    watermark = ms("2026-03-01T12:00:00Z")
    assert [one for one in seen if isinstance(one, Gap)] == [
        Gap("hour", ms("1990-03-01T11:00:00Z"), ms("2026-03-01T11:00:00Z"), watermark),
        Gap("day", ms("1990-03-02T00:00:00Z"), ms("2026-03-01T00:00:00Z"), watermark),
        Gap("month", ms("1990-03-31T23:00:00Z"), ms("2026-03-01T00:00:00Z"), watermark),
        Gap("quarter", ms("1990-03-31T23:00:00Z"), ms("2026-01-01T00:00:00Z"), watermark),
        Gap("financial_year", ms("1990-03-31T23:00:00Z"), ms("2025-03-31T23:00:00Z"), watermark),
    ]


# -- what surveillance makes of it --------------------------------------------------------------


def step_by_step(target: Monitor, kind: str = "incident") -> None:
    """Has the watches take each period of a gap as one that is missing."""
    surveillance = of(target, kind)

    def passed(gap: Gap) -> None:
        watches = surveillance.grains.get(cast("Grain", gap.grain))
        if watches is None:
            return
        for period in walk(surveillance.ledger.calendar, gap.grain, gap[1:3], []):
            assert isinstance(period, Period)
            last, watches.last = watches.last, period.start
            watches.changed = True
            if watches.begun:
                surveillance._restart(watches, last, period)
                for _ in surveillance._feed(watches, period, None, gap.watermark):
                    pass
        for *_, adapter in watches.others:
            adapter.missing = True

    surveillance.ledger.on_gap = passed


def meaning(target: Monitor, kind: str = "incident") -> Any:
    """What the watches hold, series by series: not at which slot a search for a change began, which
    is of no account where there is nothing to search."""
    found: dict[str, Any] = {"head": state_of(of(target, kind))["head"]}
    for watches in of(target, kind).grains.values():
        for watch in watches:
            adapter: Any = watch.adapter
            held: Any = adapter.detector.save()
            if isinstance(adapter, Counts):
                for name in ("_begun", "_up", "_down"):
                    held["state"]["_focus"]["state"].pop(name)
            found[watch.series.name] = held, adapter.starts, adapter.taken, adapter.missing
    return found


def near(found: Any, wanted: Any) -> bool:
    """Whether two states are the same but for rounding."""
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(near(found[k], wanted[k]) for k in wanted)
    if isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(near, found, wanted))
    if isinstance(wanted, float):
        return bool(found == pytest.approx(wanted, rel=1e-9, abs=1e-12))
    return bool(found == wanted)


@lru_cache(maxsize=4)
def calls(first: int, number: int) -> tuple[dict[str, Any], ...]:
    """Ten calls an hour, most of them answered in time."""
    return tuple(
        call(
            f"{hour}/{n}",
            at := rfc3339(after(hour) + n * 6 * MINUTE),
            answered_at=rfc3339(ms(at) + (4 + hour % 5 * (n == 3) * 5) * 1000),
        )
        for hour in range(first, first + number)
        for n in range(10)
    )


@given(days=st.integers(36, 400), extra=st.integers(0, 200), ended=st.integers(0, 167))
@settings(max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_a_gap_taken_at_once_leaves_what_taking_its_periods_as_missing_would(
    days: int, extra: int, ended: int
) -> None:
    """Counts of hours, days and months; places, slots and weeks too, whatever the clocks do."""
    begin = WEEKS * 168 + ended
    payloads = (*hours(begin), *hours(50, begin + days * 24 + extra))
    at_once, stepped = watched(), watched()
    step_by_step(stepped)
    signals = [play(target, payloads) for target in (at_once, stepped)]
    assert near(*([s.as_dict() for s in each] for each in signals))
    assert near(meaning(at_once), meaning(stepped))
    assert not of(at_once).faults


def test_the_same_holds_for_proportions_and_durations() -> None:
    targets = at_once, stepped = watched(), watched()
    step_by_step(stepped, "call")
    for target in targets:
        feed(target, *calls(0, 400), *calls(400 + 61 * 24, 100))
    assert near(meaning(at_once, "call"), meaning(stepped, "call"))
    assert of(at_once, "call").grains["hour"].last == after(400 + 61 * 24 + 97)


def test_the_same_holds_for_months() -> None:
    targets = at_once, stepped = watched(), watched()
    step_by_step(stepped, "crime")
    for target in targets:
        for year, months in ((2019, 12), (2020, 12), (2022, 9)):
            for month in range(1, months + 1):
                at = f"{year}-{month:02}-28T12:00:00Z"
                feed(
                    target,
                    *(crime(f"{at}{n}", at[:7], updated_at=at) for n in range(20 + month % 3)),
                )
    assert near(meaning(at_once, "crime"), meaning(stepped, "crime"))


@given(length=st.integers(1, 35 * 24 - 1), ended=st.integers(0, 23))
@settings(max_examples=5)
def test_a_stretch_of_no_more_than_35_days_is_closed_period_by_period(
    length: int, ended: int
) -> None:
    payloads = (*hours(20 * 24 + ended), *hours(30, 20 * 24 + ended + length))
    target, plain = watched(), watched()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gaps_, "LONGEST_QUIET", 10**15)
        expected = play(plain, payloads)
    assert play(target, payloads) == expected
    assert state_of(of(target)) == state_of(of(plain))


def test_a_year_without_a_record_raises_nothing_and_changes_no_level() -> None:
    begin, back = 20 * 168, 72 * 168 + 5
    target = watched()
    signals = play(target, hours(begin))
    expected = of(target).forecaster()(after(begin)).mean
    signals = play(target, hours(3 * 168, back))
    assert not [s.words for s in signals if s.notify]
    assert of(target).forecaster()(after(begin)).mean == pytest.approx(expected, rel=0.2)
    ((first, last),) = of(target).missing.gaps
    assert after(begin - 1) < first < after(begin)
    assert after(back) <= last < after(back + 1)


def test_days_that_a_gap_cuts_are_missing_and_months_are_shorter_by_it() -> None:
    target = watched()
    play(target, (*hours(10 * 24 + 12), *hours(60, 70 * 24 + 12)))
    found = of(target)
    day = CALENDAR.holding
    assert found.missing.holds(day("day", after(10 * 24 + 3)))
    assert found.missing.holds(day("day", after(70 * 24 + 15)))
    assert not found.missing.holds(day("day", after(71 * 24 + 15)))
    march, april, may = (day("month", ms(f"2021-0{m}-15T12:00:00Z")) for m in (3, 4, 5))
    assert found._point(march, "force").days == pytest.approx(
        10.5 + 1 / 24, abs=1 / 24
    )  # its 27th has 23 hours
    assert found._point(april, "force").days == 0
    assert found._point(may, "force").days == pytest.approx(21.5 + 1 / 24, abs=1)


def test_a_period_in_a_gap_has_no_figure_that_an_alert_could_end_by() -> None:
    target, force = watched(), tiny_force()
    lookup = MonitorLookup(target, force, RuleContext(force))
    series = ("tiny", "incidents", "count", "category=all", "grade=all", "force", "hour")
    begin = WEEKS * 168
    play(target, hours(begin))
    found = lookup.last(series)
    assert found is not None
    assert found.start == after(begin - 3)
    late = rfc3339(after(begin + 999))
    feed(target, incident("last", rfc3339(after(begin - 1)), updated_at=late))
    assert lookup.last(series) is None
    play(target, hours(6, begin + 1000))
    found = lookup.last(series)
    assert found is not None
    assert found.start > after(begin + 990)


def test_baselines_begin_anew_after_a_gap_of_which_nothing_is_left_and_say_so() -> None:
    target = watched()
    play(target, (*hours(WEEKS * 168), *hours(30, 4 * 52 * 168)))
    assert of(target).summary().about[0] == (
        "2 by hour: learning: 0 weeks of history since the gap from 12 April 2021 to "
        "23 February 2025, 4 needed; only fixed limits are used"
    )
    assert not of(target).faults


def test_a_change_of_recording_within_a_gap_restarts_what_it_affects() -> None:
    target = watched(changed_force('"incidents"'))
    play(target, (*hours(20 * 24), *hours(30, 100 * 24)))
    assert "since All reports are kept, 7 April 2021" in of(target).summary().about[0]


def test_three_months_without_a_file_are_missing_and_no_level_of_zero() -> None:
    target = watched()
    signals: list[Signal] = []
    of(target, "crime").on_signals = signals.extend
    for k in range(30):
        year, month = 2020 + k // 12, k % 12 + 1
        if (year, month) not in {(2021, 8), (2021, 9), (2021, 10)}:
            last = (dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(1)).isoformat()
            at = f"{last}T22:59:59Z"
            count = 60 + (k * 7) % 13 - 6
            feed(target, *(crime(f"{k}/{n}", at[:7], updated_at=at) for n in range(count)))
    assert not [s.words for s in signals if s.notify]
    assert of(target, "crime").missing.gaps


def test_baselines_made_anew_from_the_counts_pass_over_gaps_too() -> None:
    target = watched()
    play(target, (*hours(20 * 24), *hours(60, 120 * 24)))
    ledger = ledger_of(target)
    grains: tuple[Grain, ...] = ("hour", "day")
    for grain in grains:
        met = list(kept(ledger, grain, too_long))
        assert sum(isinstance(one, Gap) for one in met) == 1
        ends = [(one.start, one.end) for one in met]
        assert all(a[1] == b[0] for a, b in pairwise(ends))
    shard = next(s for s in target.shards if s.kind == "incident")
    shard.surveillance.clear()
    watching.watch(shard)
    watching.rebuild(shard, tiny_force())
    assert not of(target).faults
    assert of(target).missing.gaps == [(after(20 * 24), after(120 * 24))]


def test_while_periods_close_the_running_hours_are_those_behind_the_watermark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = watched()
    play(target, hours(20 * 24))
    surveillance = of(target)
    at, seen, looked = after(50 * 24) + 30 * MINUTE, list[int](), surveillance._so_far

    def so_far(period: Period, known: int) -> Iterator[Signal]:
        seen.append(period.start)
        return looked(period, known)

    monkeypatch.setattr(surveillance, "_so_far", so_far)
    monkeypatch.setattr(surveillance.missing, "lately", lambda _: False)
    line = lines([incident("after a month", rfc3339(at))])
    steps = 0
    for _ in target.steps(line, FAR_FUTURE, None, Folded()):
        surveillance.running(at)
        steps += 1
    assert steps > 30 * 24
    assert set(seen) == {after(50 * 24 - 1), after(50 * 24)}


def test_a_gap_of_36_years_costs_next_to_nothing() -> None:
    def spent(first: str, then: str) -> float:
        target = watched()
        for kind in (call, incident, crime):
            feed(target, kind(f"a{kind}", first), kind(f"b{kind}", first))
        begun = time.thread_time()
        for kind in (call, incident, crime):
            feed(target, kind(f"c{kind}", then))
        return time.thread_time() - begun

    assert spent("1990-03-01T10:00:00Z", "2026-03-01T12:00:00Z") < 1.0
