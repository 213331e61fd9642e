"""What a feed was not heard in is missing, at every grain: no zero, nothing learned, no alert."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from functools import lru_cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from streams.alerts.evaluation import evaluate
from streams.alerts.model import Alert
from streams.alerts.rules.feed_silent import silent_feeds
from streams.alerts.service import AlertService
from streams.alerts.store import AlertStore
from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.live import Live
from streams.outputs.metrics.prometheus import Exporter
from streams.outputs.terminal.board import as_text
from streams.outputs.wallboard.series import hours
from streams.periods import DAY, HOUR, Calendar, rfc3339
from streams.registry.phrases import stretch
from streams.surveillance.signals import Signal
from streams.surveillance.view import silences
from tests.build import FAR_FUTURE, as_json, crime, feed, incident, lines, ms, tiny_force
from tests.surveillance import after, of, state_of, watched


def replayed(*events: dict[str, Any]) -> tuple[Monitor, list[Alert], list[Signal]]:
    """Events of the past at full speed: the monitor, the alerts and the signals of them."""
    target = watched()
    live = Live(target, lambda: FAR_FUTURE)
    live.health.replay = True
    service = AlertService(live)
    signals: list[Signal] = []
    for shard in target.shards:
        for surveillance in shard.surveillance.values():
            surveillance.on_signals = signals.extend
        service.attach(shard)
    assert not target.ingest(lines(events), FAR_FUTURE)
    return target, service.history("tiny"), signals


def volumes(alerts: list[Alert]) -> list[str]:
    """What is said of volumes and levels."""
    return [a.said[0] for a in alerts if a.kind in ("exceptional_volume", "level_change")]


def monthly(rate: int, missing: set[int], months: int = 24) -> list[dict[str, Any]]:
    """About so many crimes a month, known by the month, from January 2020."""
    found = []
    for k in set(range(months)) - missing:
        year, month = 2020 + k // 12, k % 12 + 1
        at = f"{year}-{month:02}-{calendar.monthrange(year, month)[1]}T22:59:59Z"
        count = rate + (k * 7) % 13 * rate // 60 - rate // 10
        found += [
            crime(f"{k}/{n}", at[:7], offence="burglary", updated_at=at) for n in range(count)
        ]
    return found


@lru_cache
def summer_of_2021() -> tuple[Monitor, list[Alert], list[Signal]]:
    """Two years of about 60 crimes a month, without August and September 2021; only to be read."""
    return replayed(*monthly(60, {19, 20}))


@pytest.mark.parametrize(
    ("rate", "missing"), [(12, {20}), (60, {19, 20}), (20, {17, 18, 19, 20, 21})]
)
def test_months_without_a_file_are_missing(rate: int, missing: set[int]) -> None:
    summer = missing == {19, 20}
    target, alerts, _ = summer_of_2021() if summer else replayed(*monthly(rate, missing))
    assert volumes(alerts) == []
    for watch in of(target, "crime").grains["month"]:
        assert watch.adapter.detector.months[-1][0] > 0
        assert min(x for x, _ in watch.adapter.detector.months) >= rate * 0.8
        assert watch.adapter.taken == 23


def test_a_month_of_no_crime_is_zero_where_few_are_usual() -> None:
    target, _, _ = replayed(*monthly(2, {20, 21}))
    assert of(target, "crime").missing.gaps == []
    watch = next(iter(of(target, "crime").grains["month"]))
    assert [x for x, _ in watch.adapter.detector.months].count(0) == 2


def daily(rate: int, days: range, missing: range, known: str = "second") -> list[dict[str, Any]]:
    """So many crimes a day, known to the second or to the day."""
    found = []
    for day in set(days) - set(missing):
        for n in range(rate + (day * 5 + 3) % 11 - 5):
            at = rfc3339(after(day * 24) + n * DAY // (rate + 6))
            when = at if known == "second" else at[:10]
            found.append(crime(f"{day}/{n}", when, offence="burglary", updated_at=at))
    return found


@lru_cache
def crimes_without(length: int, known: str) -> tuple[Monitor, list[Alert], list[Signal]]:
    """110 days of about 30 crimes a day, without so many from 20 May 2021 on; only to be read."""
    return replayed(*daily(30, range(110), range(80, 80 + length), known))


@pytest.mark.parametrize(("length", "known"), [(1, "second"), (7, "second"), (7, "day")])
def test_a_week_of_no_crimes_at_30_a_day_is_missing(length: int, known: str) -> None:
    target, alerts, signals = crimes_without(length, known)
    assert volumes(alerts) == []
    assert not [s.words for s in signals if s.notify]
    ((start, end),) = of(target, "crime").missing.gaps
    assert start <= after(80 * 24) + HOUR
    assert end >= after((80 + length) * 24) - HOUR
    for watch in of(target, "crime").grains["day"]:
        if watch.series.measure.name != "count":
            continue
        level = watch.adapter.detector.expected.forecast(3).mean
        assert level == pytest.approx(30, rel=0.15)


def test_one_offence_that_falls_to_nothing_while_others_go_on_is_told() -> None:
    events = daily(30, range(110), range(80, 90))
    events += [
        crime(f"v{day}/{n}", at, offence="vehicle", updated_at=at)
        for day in range(110)
        for n in range(10)
        for at in [rfc3339(after(day * 24) + n * 2 * HOUR)]
    ]
    events.sort(key=lambda event: event["updated_at"])
    target, alerts, _ = replayed(*events)
    assert of(target, "crime").missing.gaps == []
    assert any("0 times the usual from" in said for said in volumes(alerts))


def hourly(rate: int, number: int, missing: tuple[int, int]) -> list[dict[str, Any]]:
    """So many incidents an hour, evenly; none in those minutes."""
    found = []
    for minute in range(0, number * 60, 60 // rate):
        if not missing[0] <= minute < missing[1]:
            at = rfc3339(after(0) + minute * 60_000)
            found.append(incident(f"{minute}", at, grade="priority"))
    return found


@pytest.mark.parametrize(("first", "length"), [(20, 70), (55, 70), (10, 2000)])
def test_hours_that_a_silence_cuts_are_missing_and_so_are_its_days(first: int, length: int) -> None:
    begin = 36 * 24 * 60 + 9 * 60 + first
    target, alerts, signals = replayed(*hourly(12, 39 * 24, (begin, begin + length)))
    assert volumes(alerts) == []
    assert not [s.words for s in signals if s.notify]
    ((start, end),) = of(target).missing.gaps
    assert (start, end) == (after(0) + (begin - 4) * 60_000, after(0) + (begin + length) * 60_000)


def shown(target: Monitor, at: str, *periods: str) -> dict[str, Any]:
    found: dict[str, Any] = as_json(target.board("tiny", ms(at), periods).periods)
    return found


def test_the_board_has_no_figure_of_what_was_not_heard_and_says_what_is_known() -> None:
    target, _, _ = summer_of_2021()
    found = shown(target, "2022-01-01T00:00:00Z", "2021-07", "2021-08", "2021-Q3", "2019-12")
    assert [row["count"] for row in found["2021-07"]["crimes"]] == [63, 63]
    assert "missing" not in found["2021-07"]
    empty = [{"offence": "all", "area": "force", "count": None}]
    assert found["2021-08"]["crimes"] == empty
    assert found["2021-08"]["missing"]["crimes"] == {"known_days": 0.0, "days": 31.0}
    assert found["2021-Q3"]["crimes"][0]["count"] == 63
    assert found["2021-Q3"]["missing"]["crimes"] == {"known_days": 31.0, "days": 92.0}
    assert found["2019-12"]["crimes"] == empty  # before the first that was heard


def test_a_day_of_a_month_that_is_known_as_a_whole_has_no_figure() -> None:
    target, _, _ = summer_of_2021()
    found = shown(target, "2022-01-01T00:00:00Z", "2021-07-03", "2021-07")
    assert found["2021-07-03"]["crimes"] == [{"offence": "all", "area": "force", "count": None}]
    assert "missing" not in found["2021-07-03"]
    assert found["2021-07"]["crimes"][0]["count"] > 50


def test_a_month_that_lost_days_says_how_many_it_has() -> None:
    target, _, _ = crimes_without(7, "second")
    found = shown(target, "2021-06-20T00:00:00Z", "2021-05", "2021-05-22")
    assert found["2021-05"]["missing"]["crimes"]["days"] == 31.0
    assert found["2021-05"]["missing"]["crimes"]["known_days"] == pytest.approx(23.72, abs=0.01)
    assert found["2021-05-22"]["crimes"] == [{"offence": "all", "area": "force", "count": None}]
    told = as_text(target_board(target, "2021-06-20T00:00:00Z", "2021-05", "2021-05-22"), 120)
    assert "2021-05-22, crimes: no data" in told
    assert told.count("2021-05-22, ") == 1  # whatever is counted of its records
    assert re.search(r"2021-05, crimes: 2[34]\.\d+ of 31 days known", told)


def target_board(target: Monitor, at: str, *periods: str) -> Board:
    live = Live(target, lambda: ms(at))
    return live.board("tiny", ms(at), periods)


def test_what_lasts_now_is_missing_too_and_no_zero() -> None:
    target = watched()
    feed(target, *hourly(12, 36 * 24, (0, 0)))
    quiet, silent = after(36 * 24) + 20 * 60_000, after(36 * 24 + 3)
    soon = target.board("tiny", quiet).windows["15m"]
    assert soon["incidents"][0]["count"] == 0
    later = as_json(target.board("tiny", silent).windows)
    for window in ("5m", "15m", "30m", "1h"):
        assert later[window]["incidents"] == [
            {"category": "all", "grade": "all", "area": "force", "count": None}
        ]
        assert later[window]["attendance"][0]["within"] == {
            "value": None, "numerator": None, "denominator": None
        }  # fmt: skip
    assert later["today"]["missing"]["incidents"] == {"known_days": 0.04, "days": 0.17}


def test_charts_have_gaps_and_prometheus_no_samples_where_nothing_was_heard() -> None:
    target = watched()
    begin = 36 * 24 * 60
    feed(target, *hourly(12, 36 * 24 + 12, (begin + 120, begin + 480)))
    live = Live(target, lambda: after(36 * 24 + 12))
    live.health.state = "live"
    where = {"category": "all", "grade": "all"}
    points = hours(live, "tiny", "incidents", "count", where).points
    values = [point.value for point in points[-13:]]
    assert values == [12, 12, None, None, None, None, None, None, 12, 12, 12, 12, 0]
    asb = hours(live, "tiny", "incidents", "count", {"category": "missing_person", "grade": "all"})
    assert [p.value for p in asb.points[-11:-4]] == [None] * 6 + [0]
    silent = Live(target, lambda: after(36 * 24 + 20))
    silent.health.state = "live"
    text = Exporter(silent).text()[0].decode()
    windows = {
        sample.labels["window"]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "watchroom_incidents"
    }
    assert windows == {"today", "month"}


def notices(alerts: list[Alert]) -> list[tuple[str, str, str]]:
    """What is said of feeds: the first sentence, severity and state."""
    return [(a.said[0], a.severity, a.state) for a in alerts if a.kind == "feed_silent"]


def test_months_without_a_file_are_told_once_as_missing() -> None:
    _, alerts, _ = replayed(*monthly(60, {16, 17, 18, 22}))
    assert volumes(alerts) == []
    assert notices(alerts) == [
        (
            "Crimes, Tiny Police: nothing for November 2021; missing, not zero.",
            "notice",
            "resolved",
        ),
        (
            "Crimes, Tiny Police: nothing for May to July 2021; missing, not zero.",
            "notice",
            "resolved",
        ),
    ]


@pytest.mark.parametrize(
    ("known", "when"),
    [
        ("second", "from 18:21 on 19 May 2021 to 01:00 on 27 May 2021"),
        ("day", "for 20 to 26 May 2021"),
    ],
)
def test_days_without_crimes_are_told_once_as_missing(known: str, when: str) -> None:
    _, alerts, _ = crimes_without(7, known)
    said = f"Crimes, Tiny Police: nothing {when}; missing, not zero."
    assert notices(alerts) == [(said, "notice", "resolved")]


def test_that_a_stretch_was_missing_is_sent_once() -> None:
    store, found = AlertStore(tiny_force()), signal_of_a_gap()
    made = evaluate(store, [found], [], found.end + HOUR)
    assert [(t.what, t.notify) for t in made] == [("opened", True), ("resolved", False)]
    assert made[-1].alert.words == f"{found.words} Over at 01:00."
    assert evaluate(store, [found], [], found.end + 2 * HOUR) == []
    assert store.active == {}


def test_a_page_of_a_silent_feed_ends_whatever_else_was_missing_meanwhile() -> None:
    store, gap = AlertStore(tiny_force()), signal_of_a_gap()
    begun = gap.start - HOUR
    silent = silent_feeds(store.force, [msgspec.structs.replace(gap, onset=begun - HOUR)])
    opened = evaluate(store, [], silent, begun, judged=("feed_silent",))
    evaluate(store, [gap], silent, gap.end + HOUR, judged=("feed_silent",))
    made = evaluate(store, [], [], gap.end + 2 * HOUR, judged=("feed_silent",))
    assert [t.what for t in opened] == ["opened"]
    assert [(t.what, t.alert.id) for t in made if t.what == "resolved"] == [
        ("resolved", opened[0].alert.id)
    ]


def signal_of_a_gap() -> Signal:
    _, _, signals = crimes_without(7, "day")
    (found,) = (s for s in signals if s.method == "silence")
    assert found.end == after(87 * 24) - HOUR  # midnight in summer
    return found


def test_hours_without_records_that_were_told_while_they_lasted_are_not_told_again() -> None:
    begin = 36 * 24 * 60 + 9 * 60 + 20
    _, alerts, _ = replayed(*hourly(12, 38 * 24, (begin, begin + 300)))
    ((said, _, state),) = notices(alerts)  # it was told while it lasted
    assert said.startswith("Incidents, Tiny Police: silent from 10:15 to 15:24.")
    assert state == "resolved"


def test_what_comes_late_was_not_missing_and_nobody_is_told() -> None:
    events = daily(30, range(90), range(80, 87))
    late = [{**e, "updated_at": after(87 * 24)} for e in daily(30, range(80, 87), range(0))]
    for number, event in enumerate(late):
        event["updated_at"] = rfc3339(after(87 * 24) + number * 1000)
    events = sorted([*events, *late], key=lambda event: str(event["updated_at"]))
    target, alerts, _ = replayed(*events)
    assert notices(alerts) == []
    found = shown(target, "2021-05-29T00:00:00Z", "2021-05-22")
    assert found["2021-05-22"]["crimes"][0]["count"] > 20


def test_a_silence_that_was_told_while_it_lasted_is_not_told_again() -> None:
    target = watched()
    now = [after(36 * 24)]
    live = Live(target, lambda: now[0])
    live.health.state = "live"
    service = AlertService(live)
    for shard in target.shards:
        service.attach(shard)
    feed(target, *hourly(12, 36 * 24, (0, 0)))
    look = service.stores["tiny"]
    for minute in range(0, 300, 10):
        now[0] = after(36 * 24) + minute * 60_000
        signals, _ = silences(target, "tiny", now[0], lambda _: True)
        evaluate(look, [], silent_feeds(look.force, signals), now[0])
    begin = 36 * 24 * 60
    feed(target, *hourly(12, 40 * 24, (0, begin + 300)))
    assert [(a.severity, a.measure) for a in service.history("tiny")] == [("page", "incident")]


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2021-08-01T00:00", "2021-09-01T00:00", "for August 2021"),
        ("2020-11-01T00:00", "2021-02-01T00:00", "for November 2020 to January 2021"),
        ("2021-05-19T23:10", "2021-05-21T00:40", "for 20 May 2021"),
        ("2021-05-19T23:10", "2021-05-21T03:00", "from 23:10 on 19 May 2021 to 03:00 on 21 May 2021"),  # noqa: E501
        ("2020-07-10T06:00", "2020-07-13T18:00", "from 06:00 on 10 July 2020 to 18:00 on 13 July 2020"),  # noqa: E501
        ("2021-05-28T00:00", "2021-06-03T00:00", "for 28 May to 2 June 2021"),
        ("2020-12-30T23:00", "2021-01-02T00:00", "for 31 December 2020 to 1 January 2021"),
        ("2021-05-19T23:10", "2021-05-20T03:00", "from 23:10 on 19 May 2021 to 03:00 on 20 May 2021"),  # noqa: E501
        ("2021-07-20T00:00", "2021-10-03T00:00", "for 20 July to 2 October 2021"),
    ],
)  # fmt: skip
def test_a_stretch_is_said_by_its_whole_months_or_days(start: str, end: str, words: str) -> None:
    zone = tiny_force().zone
    edges = [
        round(dt.datetime.fromisoformat(at).replace(tzinfo=zone).timestamp() * 1000)
        for at in (start, end)
    ]
    assert stretch(Calendar(zone), *edges) == words


def beats(first: int, last: int) -> list[dict[str, Any]]:
    """A heartbeat of the incidents every five minutes, between two minutes of the log."""
    return [
        {
            "kind": "heartbeat",
            "force": "tiny",
            "feed": "incidents",
            "at": rfc3339(after(0) + minute * 60_000),
        }
        for minute in range(first, last, 5)
    ]


def stamp(event: dict[str, Any]) -> str:
    return str(event.get("updated_at") or event["at"])


def test_hours_without_records_through_which_the_feed_beat_are_true_zeros_and_told() -> None:
    begin = 36 * 24 * 60 + 9 * 60
    events = hourly(12, 38 * 24, (begin, begin + 300)) + beats(begin - 600, begin + 900)
    target, alerts, _ = replayed(*sorted(events, key=stamp))
    assert of(target).missing.gaps == []
    assert notices(alerts) == []
    assert [said for said in volumes(alerts) if ": 0 in the hour to" in said]
    found = shown(target, "2021-04-07T00:00:00Z", "2021-04-06T12+01:00")
    assert found["2021-04-06T12+01:00"]["incidents"][0]["count"] == 0


def test_hours_in_which_beats_were_due_and_did_not_come_are_missing_at_any_rate() -> None:
    begin = 36 * 24 * 60 + 9 * 60
    events = hourly(1, 38 * 24, (begin + 1, begin + 300))
    events += beats(begin - 600, begin + 30) + beats(begin + 240, begin + 900)
    target, alerts, _ = replayed(*sorted(events, key=stamp))
    assert of(target).missing.gaps == [
        (after(0) + (begin + 25) * 60_000, after(0) + (begin + 240) * 60_000)
    ]
    assert volumes(alerts) == []
    found = shown(target, "2021-04-07T00:00:00Z", "2021-04-06T12+01:00", "2021-04-06T18+01:00")
    assert found["2021-04-06T12+01:00"]["incidents"][0]["count"] is None
    assert found["2021-04-06T18+01:00"]["incidents"][0]["count"] == 1


def test_hours_that_only_later_prove_missing_are_unlearned_and_none_of_them_is_told() -> None:
    """Nothing new comes, while what came before is still being changed."""
    begin, hours_ = 36 * 24 + 9, 12
    events = hourly(3, 44 * 24, (begin * 60, (begin + hours_) * 60))
    old = events[-1] | {"id": "old", "opened_at": rfc3339(after(begin - 1)), "category": "other"}
    for minute in range(0, hours_ * 60, 10):
        at = rfc3339(after(begin) + minute * 60_000)
        events.append(old | {"updated_at": at, "version": minute + 1})
    target, alerts, signals = replayed(*sorted(events, key=stamp))
    assert volumes(alerts) == []
    assert not [s.words for s in signals if s.notify]
    ((start, end),) = of(target).missing.gaps
    assert after(begin) - HOUR <= start <= after(begin)
    assert end == after(begin + hours_)
    steady, _, _ = replayed(*hourly(3, 44 * 24, (0, 0)))
    for hour in range(44 * 24, 45 * 24):
        level = of(steady).forecaster()(after(hour)).mean
        assert of(target).forecaster()(after(hour)).mean == pytest.approx(level, rel=0.02)


def test_a_surge_after_a_gap_is_judged_by_the_level_before_it() -> None:
    begin = (36 * 24 + 9) * 60
    surge = [
        incident(f"s{n}", rfc3339(after(0) + (begin + 360 + n) * 60_000), grade="priority")
        for n in range(120)
    ]
    events = hourly(12, 38 * 24, (begin, begin + 300)) + surge
    _, alerts, _ = replayed(*sorted(events, key=stamp))
    assert len(volumes(alerts)) == 1
    assert ": 72 in the hour to 18:00, usually 8 to 17." in volumes(alerts)[0]


def test_the_running_hour_in_which_a_feed_came_back_is_no_fall() -> None:
    begin = (36 * 24 + 9) * 60
    events = hourly(20, 36 * 24 + 14, (begin, begin + 250))
    target = watched()
    for event in events:
        feed(target, event)
        at = of(target).ledger.watermark
        if at > after(36 * 24 + 13):
            assert of(target).running(at) == []


def test_a_backlog_that_comes_after_all_is_known_and_counted() -> None:
    begin = (36 * 24 + 9) * 60
    target, _, _ = replayed(*hourly(12, 36 * 24 + 20, (begin, begin + 300)))
    hour = "2021-04-06T12+01:00"
    found = shown(target, "2021-04-06T20:00:00Z", hour, "2021-04-06")
    assert found[hour]["incidents"][0]["count"] is None
    assert found["2021-04-06"]["missing"]["incidents"] == {"known_days": 0.66, "days": 0.88}
    feed(target, *hourly(12, 36 * 24 + 15, (0, begin)))
    found = shown(target, "2021-04-06T20:00:00Z", hour, "2021-04-06")
    assert found[hour]["incidents"][0]["count"] == 12
    assert "missing" not in found["2021-04-06"]


def test_a_quiet_night_of_a_feed_of_few_records_is_zero() -> None:
    events = [
        incident(f"{day}/{hour}", rfc3339(after(day * 24 + hour) + 600_000), grade="priority")
        for day in range(60)
        for hour in range(8, 22)
        if (day * 5 + hour * 3) % 4
    ]
    target, alerts, _ = replayed(*events)
    assert of(target).missing.gaps == []
    assert (volumes(alerts), notices(alerts)) == ([], [])
    found = shown(target, "2021-04-20T20:00:00Z", "2021-04-20T03+01:00")
    assert found["2021-04-20T03+01:00"]["incidents"][0]["count"] == 0


@pytest.mark.parametrize("rate", [20, 30])
def test_a_feed_that_falls_to_a_tenth_is_heard_and_its_fall_is_told(rate: int) -> None:
    begin = 36 * 24 + 9
    events = hourly(rate, 37 * 24, (begin * 60, (begin + 6) * 60))
    step = 600 // rate
    for minute in range(0, 360, step):
        at = rfc3339(after(begin) + minute * 60_000)
        events.append(incident(f"f{minute}", at, grade="priority"))
    target, alerts, _ = replayed(*sorted(events, key=stamp))
    assert volumes(alerts)
    assert not [gap for gap in of(target).missing.gaps if gap[1] > after(begin + 2)]


# -- properties ----------------------------------------------------------------------------------


@given(start=st.integers(36 * 24 * 60, 37 * 24 * 60), length=st.integers(65, 4_000))
@settings(max_examples=2)
def test_no_stretch_that_is_cut_out_of_a_steady_series_raises_an_alert(
    start: int, length: int
) -> None:
    target, alerts, _ = replayed(*hourly(12, 42 * 24, (start, start + length)))
    assert volumes(alerts) == []
    for hour in range(42 * 24, 43 * 24):
        assert of(target).forecaster()(after(hour)).mean == pytest.approx(12, rel=0.05)


@given(cut=st.lists(st.integers(1, 3_000), min_size=1, max_size=6), seed=st.integers(0, 3))
@settings(max_examples=3)
def test_the_same_log_in_other_batches_says_the_same(cut: list[int], seed: int) -> None:
    begin = 30 * 24 * 60 + seed * 100
    events = hourly(6, 32 * 24, (begin, begin + 400 + 60 * seed))
    one = watched()
    signals: list[Signal] = []
    of(one).on_signals = signals.extend
    assert not one.ingest(lines(events), FAR_FUTURE)
    target = watched()
    found: list[Signal] = []
    of(target).on_signals = found.extend
    at = 0
    for size in [*cut, len(events)]:
        assert not target.ingest(lines(events[at : at + size]), FAR_FUTURE)
        at += size
    assert of(target).missing.gaps == of(one).missing.gaps != []
    assert found == signals
    assert state_of(of(target)) == state_of(of(one))
