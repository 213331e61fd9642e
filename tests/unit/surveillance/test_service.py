"""Surveillance: which detector watches what, what it says, and what it survives."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.counts.count_watches import CountWatches
from detectors.counts.month_watch import MonthWatch, pooled
from detectors.counts.predictive import Predictive
from streams.alerts.evaluation import evaluate
from streams.alerts.model import Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Folded, Monitor, Shard, canonical
from streams.config.force import Force, check_force, find_force
from streams.config.schema import ThemeWeights
from streams.live import Live
from streams.outputs.metrics.prometheus import Exporter
from streams.periods import DAY, HOUR, Calendar, Period, rfc3339
from streams.registry.alarm_themes import OTHER, THEMES
from streams.registry.registry import REGISTRY
from streams.state import surveillance as watching
from streams.surveillance.adapters.base import PeriodPoint
from streams.surveillance.adapters.counts import CountRows, Counts, Months
from streams.surveillance.adapters.grouped import Durations, GroupedRows, Shares
from streams.surveillance.adapters.selection import adapter_of
from streams.surveillance.feedback import AcceptedLevel, ExcludedStretch, Feedback
from streams.surveillance.series import budget_parts, watch_list, watches_in
from streams.surveillance.signals import Grain, Signal
from streams.surveillance.silence import Feed, of_records
from streams.surveillance.state import STATE_VERSION, restore
from streams.surveillance.watch import Watch
from tests.alerting import at as clock
from tests.alerting import signal
from tests.build import (
    FAR_FUTURE,
    TINY_FORCE,
    as_json,
    crime,
    feed,
    incident,
    lines,
    ms,
    tiny_force,
)
from tests.surveillance import (
    START,
    after,
    burst,
    changed_force,
    hours,
    of,
    play,
    state_of,
    watched,
)

NOW = clock("2026-11-21 22:00")


def budgeted(episodes: float, more: str = "") -> Force:
    text = f"{TINY_FORCE}\n[alerts]\nfalse_episodes_a_week = {episodes}\n{more}\n"
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    return force


def test_the_registry_says_which_series_are_watched() -> None:
    force = tiny_force()
    series = {
        w.name
        for kind in ("call", "incident")
        for w in watch_list(force, REGISTRY.kinds[kind], "hour")
    }
    assert series == {
        *(f"hour/calls/{m}/{line}/{area}" for m in ("offered", "service_level")
          for line in ("999", "101") for area in ("force", "north-area", "south")),
        *(f"hour/attendance/emergencies/{area}" for area in ("force", "north-area", "south")),
        *(f"hour/incidents/count/{c}/all/{area}" for c in ("all", "asb", "missing_person", "other")
          for area in ("force", "north-area", "south")),
    }  # fmt: skip
    assert sum(watches_in(force, "hour").values()) == len(series)
    assert not list(watch_list(force, REGISTRY.kinds["crime"], "hour"))


def test_counts_proportions_and_durations_each_have_their_adapter() -> None:
    force = tiny_force()
    found = {
        series.measure.name: adapter_of(series, force, 1.0, CountRows(7, 1.0), GroupedRows(7, 1.0))
        for kind in ("call", "incident")
        for series in watch_list(force, REGISTRY.kinds[kind], "day")
    }
    assert {
        name: type(getattr(adapter, "ordinary", adapter)) for name, adapter in found.items()
    } == {
        "offered": Counts,
        "service_level": Shares,
        "emergencies": Counts,
        "within": Shares,
        "response_mean": Durations,
        "count": Counts,
    }


def test_months_that_are_learning_know_how_far_the_months_of_their_siblings_scatter() -> None:
    target = watched()
    monthly = {"vehicle": (5, 15, 10, 10), "burglary.residential": (10, 10, 10, 10)}
    for offence, counts in monthly.items():
        for month, count in enumerate(counts, start=1):
            records = [
                crime(f"{offence}/{month}/{n}", f"2021-0{month}", offence=offence, updated_at=at)
                for n, at in enumerate([f"2021-0{month}-28T12:00:00Z"] * count)
            ]
            feed(target, *records)
    feed(target, crime("last", "2021-06", updated_at="2021-06-28T12:00:00Z"))
    months = [w.adapter.detector for w in of(target, "crime").grains["month"]]
    asked = {round(month.prior_dispersion, 3) for month in months}
    assert asked == {round(pooled(month.months[:-1] for month in months), 3)}
    assert asked != {2.0}


@pytest.mark.replays
def test_a_year_without_a_surge_sends_nothing_and_a_planted_surge_is_found() -> None:
    target = watched(budgeted(0.2))
    year = 52 * 168
    assert not [s.words for s in play(target, hours(year)) if s.notify]
    surge = burst(after(year), list(range(0, 60, 3)), "surge")
    signals = play(target, (surge, *hours(3, year + 1)))
    sent = [s for s in signals if s.notify]
    assert {(s.area, s.row["category"], s.grain, s.direction) for s in sent} == {
        ("force", "all", "hour", "up"),
        ("force", "asb", "hour", "up"),
    }
    first = sent[0]
    assert (first.observed, first.method, first.polarity, first.state) == (
        20,
        "surprise",
        "neutral",
        "first year",
    )
    assert first.rate <= first.allowed
    assert first.words == "Incidents, Tiny Police: 20 in the hour to 01:00, usually 0 to 4."


def test_less_history_than_is_needed_is_learning_and_says_so() -> None:
    target = watched()
    assert not play(target, (*hours(100), burst(after(100), [5] * 59, "surge"), *hours(3, 101)))
    told = of(target).summary()
    assert told.learning == told.watches == 4
    assert told.about[0] == (
        "2 by hour: learning: 0 weeks of history, 4 needed; only fixed limits are used"
    )


def test_a_summary_is_of_what_is_learned_by_then_whenever_one_was_made_before() -> None:
    often, once, ahead = watched(), watched(), after(31 * 24)
    payload = b"\n".join(hours(30 * 24))
    for number, _ in enumerate(often.steps(payload, FAR_FUTURE, None, Folded())):
        if number % 10 == 0:  # as a board that is read between two steps of a period that closes
            of(often).summary()
            of(often).forecaster()(ahead)
    assert not once.ingest(payload, FAR_FUTURE)
    assert of(often).summary() == of(once).summary()
    assert of(often).forecaster()(ahead) == of(once).forecaster()(ahead)
    assert of(often).forecaster()(ahead).mean > 1.0


def test_a_summary_of_a_state_that_is_put_back_is_of_that_state() -> None:
    learned, put_back = watched(), watched()
    play(learned, hours(30 * 24))
    asked = of(put_back).summary().watches, of(put_back).forecaster()(after(31 * 24)).mean
    restore(of(put_back), state_of(of(learned)).items(), STATE_VERSION)
    assert asked == (0, 0.0)
    assert of(put_back).summary() == of(learned).summary()
    found = (of(each).forecaster()(after(31 * 24)) for each in (learned, put_back))
    assert len(set(found)) == 1


def test_at_a_change_of_recording_the_baseline_restarts_and_says_so() -> None:
    target = watched(changed_force('"incidents"'))
    play(target, hours(37 * 24 + 3))
    assert of(target).summary().about[0] == (
        "2 by hour: learning: 0 weeks of history since All reports are kept, 7 April 2021, "
        "4 needed; only fixed limits are used"
    )


@pytest.mark.parametrize(("affects", "effect"), [('"crimes"', "restart"), ('"incidents"', "mark")])
def test_a_change_that_affects_other_records_or_only_marks_restarts_nothing(
    affects: str, effect: str
) -> None:
    target = watched(changed_force(affects, effect))
    play(target, hours(37 * 24 + 3))
    assert "since" not in str(of(target).summary().about)


def test_a_month_that_a_change_cuts_is_judged_where_it_only_marks() -> None:
    for effect, cut in (("mark", 0), ("restart", 1)):
        target = watched(changed_force('"incidents"', effect))
        assert (
            len(of(target)._mixed(of(target).ledger.calendar.holding("month", after(40 * 24))))
            == cut
        )


def test_a_bank_holiday_begins_and_ends_at_midnight_of_the_forces_time_zone() -> None:
    text = TINY_FORCE.replace(
        'timezone = "Europe/London"', 'timezone = "America/Bogota"\ncountry = "CO"'
    )
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    surveillance = of(watched(force))
    named = [
        at for at in ("2021-07-20T04:59:00Z", "2021-07-20T05:00:00Z", "2021-07-21T04:59:00Z",
                      "2021-07-21T05:00:00Z")
        if surveillance._point(surveillance.ledger.calendar.holding("hour", ms(at)), "force").names
    ]  # fmt: skip
    assert named == ["2021-07-20T05:00:00Z", "2021-07-21T04:59:00Z"]


def test_months_within_an_event_are_learned_and_judged_as_others_are() -> None:
    text = TINY_FORCE.replace(
        "\n[[lines]]",
        '\nevents = [{ name = "Lockdown", start = 2017-12-01, end = 2020-11-30 }]\n\n[[lines]]',
        1,
    )
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    target = watched(force)
    signals: list[Signal] = []
    of(target, "crime").on_signals = signals.extend
    for n in range(26):
        month = f"{2018 + n // 12}-{n % 12 + 1:02}"
        count = 40 + n % 5 if n < 20 else 75 + n % 5
        sent = f"{month}-28T12:00:00Z"
        feed(target, *(crime(f"{month}/{k}", month, updated_at=sent) for k in range(count)))
    months = [s.period for s in signals if s.notify and s.grain == "month"]
    assert months[0] == "2019-09"


def test_hours_in_which_nothing_can_be_heard_are_gaps_and_no_zeros() -> None:
    target = watched()
    signals = play(target, (*hours(30 * 24), *hours(40, 30 * 24 + 20)))
    # Ten at night to eight: a run of empty hours is silence when it can't be chance any more.
    (gap,) = of(target).missing.gaps
    assert after(30 * 24 - 1) < gap[0] <= after(30 * 24)
    assert after(30 * 24 + 20) <= gap[1] < after(30 * 24 + 21)
    days = [s for s in signals if s.grain == "day"]
    assert not days


def test_the_running_hour_is_judged_on_the_part_that_has_passed() -> None:
    target = watched()
    hour = 35 * 24 + 10
    play(target, (*hours(hour), burst(after(hour), list(range(20)), "surge")))
    found = of(target).running(after(hour) + 20 * 60_000)
    assert found[0].running
    assert found[0].notify
    assert found[0].words == ("Incidents, Tiny Police: 19 from 11:00 to 11:19, usually 0 to 3.")
    before = state_of(of(target))
    of(target).running(after(hour) + 20 * 60_000)
    assert state_of(of(target)) == before


def test_what_is_usual_of_an_hour_is_said_once_it_is_learned() -> None:
    target = watched()
    play(target, hours(2))
    assert of(target).usual("hour", "incidents", "count", {}, "force") is None
    play(target, hours(35 * 24 - 2, 2))
    found = of(target).usual("hour", "incidents", "count", {}, "force")
    assert found is not None
    by_day, by_night = (
        found(Period("hour", "", after(35 * 24 + hour), after(35 * 24 + hour + 1)), 0)
        for hour in (12, 2)
    )
    assert (by_day, by_night) == ((1, 7), (0, 5))
    assert of(target).usual("hour", "incidents", "count", {"category": "pizza"}, "force") is None


ASB = ("tiny", "incidents", "count", "category=asb", "grade=all", "force")


def detector(target: Monitor, grain: Grain, about: tuple[str, ...] = ASB) -> Any:
    found = of(target).grains[grain]
    return next(w for w in found if w.series.about("tiny") == about).adapter.detector


def planned(first: int, last: int | None) -> Feedback:
    end = None if last is None else after(last)
    return Feedback((ExcludedStretch((*ASB, "hour"), after(first), end, "planned_event"),))


def test_a_planned_event_is_judged_and_not_learned_as_normal() -> None:
    """Whether its outcome is known before or within the stretch, the same is learned."""
    number, event = 30 * 24, range(29 * 24 + 5, 29 * 24 + 9)
    surge = tuple(burst(after(hour), list(range(0, 60, 2)), "match") for hour in event)
    learned = []
    for at in (event[0], event[2]):
        target = watched()
        every = [*hours(event[0]), *surge, *hours(number - event[-1] - 1, event[-1] + 1)]
        play(target, tuple(every[:at]))
        of(target).feed_back(planned(event[0], event[-1] + 1))
        signals = play(target, tuple(every[at:]))
        assert [s for s in signals if s.notify and s.grain == "hour" and s.observed >= 30]
        learned.append([detector(target, grain).expected.save() for grain in ("hour", "day")])
    assert learned[0] == learned[1]
    hour, day = ([place for *_, place in each["state"]["_week"]] for each in learned[0])
    # The week began an hour early, as the clocks had gone forward.
    assert {*hour} == {*range(28 * 24 - 1, number - 2)} - {*event}
    assert day == [28]


def test_what_was_learned_from_a_week_stays_and_a_stretch_that_goes_on_is_not_learned() -> None:
    target = watched()
    play(target, hours(16 * 24))
    age = detector(target, "hour").expected.baseline
    of(target).feed_back(planned(10 * 24, 11 * 24))  # in an earlier week
    assert detector(target, "hour").expected.baseline == age
    of(target).feed_back(planned(15 * 24, None))
    play(target, hours(30, 16 * 24))
    week = detector(target, "hour").expected.save()["state"]["_week"]
    assert max(place for *_, place in week) < 15 * 24
    other = detector(target, "hour", (*ASB[:3], "category=all", *ASB[4:]))
    assert max(place for *_, place in other.expected.save()["state"]["_week"]) > 16 * 24


def test_the_watches_hear_of_an_outcome_at_once_and_again_after_a_restart() -> None:
    live = Live(watched(), lambda: NOW)
    service = AlertService(live)
    surge = signal("2026-11-21 21:00", force="tiny", kind="incident", group="incidents",
        measure="count", row={"category": "asb", "grade": "all"})  # fmt: skip
    (opened,) = evaluate(service.stores["tiny"], [surge], [], NOW)
    told: list[Transition] = []
    service.subscribe(told.extend)
    service.act(opened.alert.id, "close", NOW, "Duty inspector", outcome="data_fault")
    expected = (ExcludedStretch((*ASB, "hour"), NOW - HOUR, None, "data_fault"),)
    assert of(live.monitor).feedback.stretches == expected
    later = Live(watched(), lambda: NOW)
    again = AlertService(later)
    again.restore([opened, *told])
    for shard in later.monitor.shards:
        again.attach(shard)
    assert of(later.monitor).feedback.stretches == expected


def test_a_monthly_level_that_is_real_is_the_level_from_the_next_month_on() -> None:
    told = {}
    for name, levels in {
        "real": [("up", 18)], "not closed": [], "another direction": [("down", 18)],
        "before it began": [("up", 14)],
    }.items():  # fmt: skip
        watch, of_month = MonthWatch(), Months("count", 0.002)
        of_month.detector = watch
        for month, count in enumerate([350] * 14 + [450] * 4):
            of_month.update({"count": count + month % 3}, PeriodPoint(month, 30.0, month % 12))
        assert watch.drift_detected
        for direction, before in levels:
            of_month.accept(direction, before)
            assert not of_month.accept(direction, before)  # told again, nothing more
        of_month.update({"count": 451}, PeriodPoint(18, 30.0, 6))
        told[name] = watch.drift_detected, [place for place, *_ in watch.changes]
    assert told == {
        "real": (False, [14]), "not closed": (True, []), "another direction": (True, []),
        "before it began": (True, []),
    }  # fmt: skip


def test_a_level_is_accepted_after_the_instant_at_which_a_person_said_so() -> None:
    target = watched()
    feed(
        target, *(crime(f"{m}", f"2021-0{m}", updated_at=f"2021-0{m}-28T12:00:00Z") for m in (3, 5))
    )
    watches = of(target, "crime").grains["month"]
    watch, *others = watches
    series = (*watch.series.about("tiny"), "month")
    asked: list[tuple[str, str | None, int]] = []

    def accepting(name: str) -> Callable[[str | None, int], bool]:
        def accept(direction: str | None, before: int) -> bool:
            asked.append((name, direction, before))
            return False

        return accept

    for each in (watch, *others):
        each.adapter.accept = accepting(each.series.name)  # type: ignore[method-assign,assignment]
    of(target, "crime").feed_back(
        Feedback(levels=(AcceptedLevel(series, "up", ms("2021-08-10T00:00:00Z")),))
    )
    told = {}
    for month in (6, 7, 8):
        at = f"2021-0{month}-28T12:00:00Z"
        feed(target, crime(f"{month}", f"2021-0{month}", updated_at=at))
        told[month] = asked.copy()
    assert told == {6: [], 7: [], 8: [(watch.series.name, "up", ms("2021-08-10T00:00:00Z"))]}


def test_a_detector_that_fails_stops_nothing_and_is_counted(monkeypatch: Any) -> None:
    target = watched()
    play(target, hours(30))
    monkeypatch.setattr(of(target).grains["hour"].counts, "update", lambda *_: 1 / 0)
    play(target, hours(24, 30))
    told = of(target).summary()
    assert told.about[-1].startswith("23 faults, the last: counts by hour, 2021-03-03T02")
    assert {watch.adapter.taken for watch in of(target).grains["day"]} == {2}
    assert told.faults == 23


def test_a_count_that_fails_costs_no_other_its_hour_and_is_named(
    monkeypatch: Any, caplog: Any
) -> None:
    target = watched()
    play(target, hours(30))
    rows = of(target).grains["hour"].counts
    assert rows is not None
    expect = CountWatches._expect

    def broken(self: CountWatches, some: slice, *given: Any) -> Any:
        if some.start <= 1 < some.stop:
            raise ValueError("it is odd")
        return expect(self, some, *given)

    monkeypatch.setattr(CountWatches, "_expect", broken)
    play(target, hours(3, 30))
    assert rows.starts[-3:] == [after(28), after(29), after(30)]
    assert (rows.taken == rows.watches._points[: len(rows.taken)]).all()
    (name,) = of(target).faults_of
    assert name == of(target).grains["hour"].counted[1][1].series.name
    assert f"{name}, 2021-03-02T05+00:00: ValueError: it is odd" in caplog.text
    text = Exporter(Live(target, lambda: after(33))).text()[0].decode()
    assert (
        f'watchroom_series_faults_total{{force="tiny",kind="incident",series="{name}"}} 3.0' in text
    )


def test_a_count_that_can_not_be_told_of_stops_no_other(monkeypatch: Any) -> None:
    target = watched()
    play(target, hours(30))
    counts = of(target).grains["hour"].counts
    monkeypatch.setattr(counts, "update", lambda *_: [0, 1])
    monkeypatch.setattr(Counts, "shown", property(lambda each: 1 / each.row))
    monkeypatch.setattr(Watch, "make_signal", lambda watch, *_: watch.series.name)
    told: list[Any] = play(target, hours(3, 30))
    assert told == [of(target).grains["hour"].counted[1][1].series.name] * 3
    assert of(target).faults == 3


def test_the_ledger_tells_whoever_listened_before() -> None:
    target = Monitor([tiny_force()])
    ledger = target.ledger("incident", "tiny")
    assert ledger is not None
    heard: list[Any] = []
    ledger.on_close = heard.append
    watching.watch_all(target)
    play(target, hours(4))
    assert [c.period.label for c in heard if c.period.grain == "hour"] == [
        "2021-02-28T23+00:00",
        "2021-03-01T00+00:00",
        "2021-03-01T01+00:00",
    ]
    assert of(target).grains["hour"].last == after(1)


@pytest.mark.parametrize(
    ("at", "slot"),
    [
        ("2021-10-31T00:00:00Z", 6 * 24 + 1),
        ("2021-10-31T01:00:00Z", 6 * 24 + 1),
        ("2021-10-31T02:00:00Z", 6 * 24 + 2),
        ("2021-03-28T00:00:00Z", 6 * 24),
        ("2021-03-28T01:00:00Z", 6 * 24 + 2),
    ],
)
def test_slots_are_hours_of_the_local_week_whatever_the_clocks_do(at: str, slot: int) -> None:
    watching_ = of(watched())
    period = watching_.ledger.calendar.holding("hour", ms(at))
    assert watching_._point(period, "force").slot == slot


@given(st.randoms(use_true_random=False))
@settings(max_examples=8)
def test_any_order_of_arrival_within_the_grace_gives_the_same(chance: Any) -> None:
    def state(payloads: list[bytes]) -> dict[str, Any]:
        target = watched()
        play(target, tuple(payloads))
        return state_of(of(target))

    whole = b"\n".join(hours(40)).split(b"\n")
    halves: dict[str, list[bytes]] = {}
    for line in whole:
        if line:
            stamp = line.partition(b'"opened_at": "')[2][:16].decode()
            halves.setdefault(f"{stamp[:14]}{int(stamp[14:]) // 30}", []).append(line)
    mixed = []
    for half in halves.values():
        chance.shuffle(half)
        mixed += half
    assert state(mixed) == state(whole)


def shard_of(target: Monitor) -> Shard:
    return next(s for s in target.shards if s.kind == "incident")


def test_a_saved_state_goes_on_as_if_nothing_had_happened() -> None:
    target = watched()
    play(target, hours(200))
    again = watched()
    watching.put_back(shard_of(again), {"tiny": taken(target)})
    assert state_of(of(again)) == state_of(of(target))
    assert watching.take(shard_of(again)) == []
    assert not of(again).rebuilt


def test_other_weights_move_what_is_allowed_and_forget_nothing_that_was_learned() -> None:
    target = watched()
    play(target, hours(65 * 24))
    again = watched(budgeted(1.0, "weights = { asb = 40, response = 0.5 }"))
    watching.put_back(shard_of(again), {"tiny": taken(target)})
    known, before = state_of(of(again)), state_of(of(target))
    del known["month"], before["month"]  # which has what is allowed beside what was learned
    assert known == before
    for grain, watches in of(again).grains.items():
        assert watches.allowed["asb"] > of(target).grains[grain].allowed["asb"]
        for watch in watches:
            expected = watches.allowed[watch.series.budget_theme]
            assert watch.adapter.allowed == watch.adapter.detector.allowed == expected


def taken(target: Monitor) -> dict[str, bytes]:
    return {part: body for _, part, body in watching.take(shard_of(target))}


@pytest.mark.parametrize("every", [7, 100])
def test_the_latest_of_every_part_is_the_state(every: int) -> None:
    target, rows = watched(), dict[str, bytes]()
    payloads = hours(2 * 168 + 20)
    for at in range(0, len(payloads), every):
        play(target, payloads[at : at + every])
        if at % 3:
            rows.update(taken(target))
        else:
            watching.give_back(shard_of(target), watching.take(shard_of(target)))
    rows.update(taken(target))
    again = watched()
    watching.put_back(shard_of(again), {"tiny": rows})
    assert state_of(of(again)) == state_of(of(target))


def test_no_part_that_another_form_has_left_is_ever_read() -> None:
    target = watched()
    play(target, hours(200))
    rows = taken(target)
    again = watched()
    stale = {**rows, "version": rows["head"], "month": b"what another version wrote"}
    watching.put_back(shard_of(again), {"tiny": stale})
    assert {"head", "version", "hour", "day", "month"} <= taken(again).keys()


def test_an_hour_writes_the_hour_and_none_of_what_was_learned_from_its_weeks() -> None:
    target = watched()
    play(target, hours(3 * 168 + 50))
    whole = taken(target)
    play(target, hours(1, 3 * 168 + 50))
    slot = f"hour/slots/{(3 * 168 + 50 - 2) % 241}"
    assert taken(target).keys() == {"head", "version", "hour", slot}
    assert {"day", "hour", *(f"hour/incidents/count/{c}/all/force" for c in ("all", "asb"))} < {
        *whole
    }


def test_without_a_saved_state_it_learns_from_the_counts_that_are_kept() -> None:
    target = watched()
    play(target, hours(200))
    entries = shard_of(target).folds["tiny"]
    shard_of(target).surveillance.clear()
    watching.watch(shard_of(target))
    watching.put_back(shard_of(target), {})
    told = of(target).summary()
    assert told.watches == 4
    assert told.about[-1] == "history rebuilt from counts as they stand now"
    assert of(target).grains["hour"].last == entries.closed_until["hour"] - HOUR  # type: ignore[union-attr]


def test_the_board_shows_signals_beside_the_figures_and_not_as_figures() -> None:
    target, plain = watched(), Monitor([tiny_force()])
    play(target, hours(40))
    for payload in hours(40):
        plain.ingest(payload, FAR_FUTURE)
    boards = [Live(m, lambda: after(40)).board("tiny") for m in (target, plain)]
    told = boards[0].surveillance
    assert told is not None
    assert (told.watches, told.learning, told.signals, told.faults) == (4, 4, [], 0)
    assert boards[1].surveillance is None
    assert canonical(boards[0]) == canonical(boards[1])


def beat(at: str) -> dict[str, Any]:
    return {"kind": "heartbeat", "force": "tiny", "feed": "incidents", "at": at}


def surveyed(target: Monitor, at: int) -> dict[str, Any]:
    live = Live(target, lambda: at)
    live.health.state = "live"
    found: dict[str, Any] = as_json(live.board("tiny"))["surveillance"]
    return found


def test_a_feed_with_heartbeats_is_found_silent_within_two_minutes() -> None:
    target = watched()
    feed(target, *(beat(f"2021-03-01T09:{at}Z") for at in ("59:00", "59:30")))
    feed(target, beat("2021-03-01T10:00:00Z"))
    assert surveyed(target, ms("2021-03-01T10:01:35Z"))["silent"] == []
    (found,) = surveyed(target, ms("2021-03-01T10:02:00Z"))["silent"]
    assert found["words"] == (
        "Feed incidents, Tiny Police: no heartbeat for 2 minutes, a heartbeat is due every 30 s. "
        "The feed may be down."
    )
    assert found["notify"]


def test_before_any_rate_is_known_silence_cannot_be_told_and_that_is_said() -> None:
    target = watched()
    play(target, hours(30))
    assert surveyed(target, after(60))["delays"] == [
        "a silent feed of incidents can't be told from a quiet one: no rate is known yet"
    ]


def test_without_heartbeats_silence_is_told_from_what_was_expected() -> None:
    target = watched()
    play(target, hours(36 * 24))
    heard = of(target).ledger.watermark
    told = surveyed(target, heard + 60_000)
    assert told["silent"] == []
    assert told["delays"] == ["a silent feed of incidents is noticed after 6 hours 29 minutes"]
    (found,) = surveyed(target, heard + 9 * HOUR)["silent"]
    assert found["words"] == (
        "Incidents, Tiny Police: nothing for 9 hours, where 22 records were expected. "
        "The feed may be down."
    )


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("shares = { hour = 0.9 }", "the shares of hour, day and month add up to 1.4"),
        (
            "shares = { hour = 0, day = 0, month = 0 }",
            "the shares of hour, day and month add up to 0",
        ),
        ("false_episodes_a_week = 0", "Expected `float` > 0.0"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(table: str, problem: str) -> None:
    force, problems = check_force(f"{TINY_FORCE}\n[alerts]\n{table}\n", "tiny.toml")
    assert force is None
    assert problem in str(problems[0])


def allowed(force: Force, grain: Grain = "hour") -> dict[str, float]:
    return of(watched(force)).grains[grain].allowed


def test_a_budget_is_split_over_themes_by_weight_and_in_a_theme_alike_over_its_series() -> None:
    force = budgeted(2.7, "factors = { hour = 1.25 }\nweights = { calls = 10, welfare = 1 }")
    # Lines and measures in three areas; weights of 10, 3, 1, 1 and 8 for those that are watched.
    series = {"calls": 12, "response": 3, "asb": 3, "welfare": 3, "incidents": 6}
    weights = {"calls": 10, "response": 3, "asb": 1, "welfare": 1, "incidents": 8}
    hour = 1.25 * 2.7 * 0.5
    assert allowed(force) == pytest.approx(
        {theme: hour * weights[theme] / 23 / number for theme, number in series.items()}
    )
    assert force.fingerprint == tiny_force().fingerprint


def test_to_watch_more_of_one_theme_changes_no_threshold_of_another() -> None:
    few, many = (
        tiny_force(offence_groups=json.dumps(names))
        for names in (["vehicle"], ["vehicle", *(f"offence_{n}" for n in range(40))])
    )
    before, after = allowed(few, "month"), allowed(many, "month")
    assert after.pop("crimes") < before.pop("crimes") / 10
    assert after == before


def test_all_series_are_allowed_the_same_by_the_day_with_the_shipped_lists_and_weights() -> None:
    for name in ("warwickshire", "west-mercia", "city-of-london"):
        parts = budget_parts(find_force(name), "day")
        number = sum(watches_in(find_force(name), "day").values())
        assert parts == pytest.approx(dict.fromkeys(parts, 1 / number))


def test_a_theme_that_is_not_known_is_refused_with_those_that_are() -> None:
    force, problems = check_force(f"{TINY_FORCE}\n[alerts.weights]\nviolense = 2\n", "tiny.toml")
    assert force is None
    assert "violense" in str(problems[0])
    assert "violence" in str(problems[0])


def test_every_theme_of_the_budget_has_a_weight() -> None:
    assert {*THEMES, OTHER} == set(ThemeWeights.__struct_fields__)


def test_days_have_the_names_of_their_country_and_of_the_events_of_their_area() -> None:
    text = TINY_FORCE.replace("timezone", 'country = "GB-ENG"\ntimezone', 1).replace(
        "[[lines]]",
        '[[events]]\nname = "Fair"\nstart = 2021-03-02\nareas = ["north-area"]\n\n[[lines]]',
        1,
    )
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    names = of(watched(force)).days.names
    fair, easter = dt.date(2021, 3, 2), dt.date(2021, 4, 5)
    assert [names(area, fair) for area in ("force", "north", "south")] == [(), ("Fair",), ()]
    assert names("force", easter) == ("Easter Monday", "bank holiday")


def test_a_feed_last_heard_years_ago_is_judged_by_its_first_weeks_of_silence() -> None:
    asked: list[int] = []

    def forecast(hour: int) -> Predictive:
        asked.append(hour)
        return Predictive(2.0)

    force = tiny_force()
    feed_of = Feed(force, Calendar(force.zone), "call", START)
    signal, _ = of_records(feed_of, forecast, START + 5 * 365 * DAY)
    assert len(asked) == 14 * 24
    assert signal is not None
    assert signal.expected == pytest.approx(5 * 365 * 24 * 2)


def test_one_response_of_23_hours_raises_no_level_and_the_board_tells_the_mean_of_all() -> None:
    target = watched(budgeted(20.0))
    found: list[Signal] = []
    of(target).on_signals = found.extend
    chance = np.random.default_rng(5)

    def taken(day: int, responses: list[int]) -> None:
        events = [
            incident(
                f"e{day}/{n}",
                rfc3339(START + day * DAY + n * HOUR // 2),
                grade="emergency",
                arrived_at=rfc3339(START + day * DAY + n * HOUR // 2 + seconds * 1000),
                updated_at=rfc3339(START + day * DAY + n * HOUR // 2 + seconds * 1000),
            )
            for n, seconds in enumerate(responses)
        ]
        events.sort(key=lambda event: event["updated_at"])
        assert not target.ingest(lines(events), FAR_FUTURE)

    for day in range(60):
        taken(day, (chance.gamma(4.0, 150.0, 20).astype(int) + 1).tolist())
    taken(60, [*[600] * 19, 82_800])
    taken(61, [600] * 20)
    taken(62, [600] * 20)
    of_means = [s for s in found if s.measure == "response_mean" and s.notify]
    assert of_means == []
    (watch,) = [
        w
        for w in of(target).grains["day"]
        if w.series.measure.name == "response_mean" and w.series.area == "force"
    ]
    assert watch.adapter.detector.before == pytest.approx(600_000, rel=0.02)
    taken(63, [1800] * 20)
    taken(64, [600])
    (told,) = [s for s in found if s.measure == "response_mean" and s.notify and s.area == "force"]
    assert (told.direction, told.observed) == ("up", 1800.0)


def test_signals_come_in_one_order_however_the_records_of_an_hour_came() -> None:
    def begun(*order: int) -> tuple[list[object], list[str]]:
        target = watched()
        areas = ("south", "north")
        events = [
            incident(f"i{n}", f"2021-03-01T10:0{n}:00Z", grade="priority", area=areas[n])
            for n in order
        ]
        later = [incident(f"l{n}", f"2021-03-01T{12 + n}:00:00Z") for n in range(3)]
        assert not target.ingest(lines([*events, *later]), FAR_FUTURE)
        watches = of(target).grains["hour"]
        closed = sorted((place, watch.series.name) for place, watch, _ in watches.counted)
        return [row for row, _ in watches.in_order()], [name for _, name in closed]

    assert begun(0, 1) == begun(1, 0)
