"""What Prometheus is given: names, labels, and what is left out."""

from __future__ import annotations

import re
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.config.force import Force, check_force
from streams.errors import ConfigError, QueryError
from streams.live import Health, Live
from streams.live.reasons import REASON_KINDS
from streams.outputs.metrics import prometheus as exporter
from streams.outputs.metrics.exported import Exported, in_words, own_parts
from streams.outputs.metrics.readiness import readiness_metrics
from streams.registry.calls import CALLS
from streams.registry.crimes import CRIMES
from streams.registry.incidents import ATTENDANCE, DEPLOYMENT, INCIDENTS
from streams.registry.registry import REGISTRY
from tests.build import TINY_FORCE, call, crime, feed, incident, monitor, ms

NOW = ms("2021-03-01T10:30:00Z")
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def tiny(metrics: str = "") -> Force:
    force, problems = check_force(f"{TINY_FORCE}[metrics]\n{metrics}\n", "tiny.toml")
    assert force is not None, problems
    return force


def live(*records: dict[str, object], ready: bool = True, metrics: str = "") -> Live:
    watched = monitor(tiny(metrics))
    feed(watched, *records)
    made = Live(watched, clock=lambda: NOW)
    made.health.state = "live" if ready else "recovering"
    return made


def scraped(of: Live) -> Series:
    text = exporter.Exporter(of).text()[0].decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def names(series: Series) -> set[str]:
    return {name for name, _ in series}


def value(series: Series, name: str, **labels: str) -> float | None:
    return series.get((name, frozenset(labels.items())))


def whole(**labels: str) -> dict[str, str]:
    return {"force": "tiny", "area": "force", **labels}


ANSWERED = call("c1", "2021-03-01T10:20:00Z", answered_at="2021-03-01T10:20:07Z", area="north")
WAITING = call("c2", "2021-03-01T10:29:30Z")


def test_a_count_has_the_groups_and_the_measures_name() -> None:
    series = scraped(live(ANSWERED))
    labels = whole(line="999", window="15m")
    assert value(series, "watchroom_calls_offered", **labels) == 1


def test_a_ratio_lies_between_0_and_1_and_has_its_parts_beside_it() -> None:
    series = scraped(live(ANSWERED))
    labels = whole(line="999", window="15m")
    assert value(series, "watchroom_calls_service_level_ratio", **labels) == 1.0
    assert value(series, "watchroom_calls_service_level_numerator", **labels) == 1
    assert value(series, "watchroom_calls_service_level_denominator", **labels) == 1


def test_a_part_that_is_a_measure_of_its_own_is_not_given_twice() -> None:
    (deployed,) = [m for m in DEPLOYMENT.measures if m.name == "deployed_share"]
    (abandonment,) = [m for m in CALLS.measures if m.name == "abandonment"]
    assert own_parts(DEPLOYMENT, deployed) == ()
    assert own_parts(CALLS, abandonment) == ("denominator",)


def test_the_parts_of_a_share_whose_formula_a_force_chooses_are_given() -> None:
    (within,) = [m for m in ATTENDANCE.measures if m.name == "within"]
    assert own_parts(ATTENDANCE, within) == ("numerator", "denominator")


def test_a_duration_is_in_seconds() -> None:
    series = scraped(live(ANSWERED))
    labels = whole(line="999", window="15m")
    assert value(series, "watchroom_calls_answer_mean_seconds", **labels) == 7.0
    assert value(series, "watchroom_calls_answer_p90_seconds", **labels) == 7.0


def test_what_is_true_now_has_no_window() -> None:
    series = scraped(live(WAITING))
    assert value(series, "watchroom_calls_waiting", **whole(line="999")) == 1
    assert value(series, "watchroom_calls_oldest_waiting_seconds", **whole(line="999")) == 30


def test_the_figures_of_an_area_carry_its_id() -> None:
    series = scraped(live(ANSWERED))
    for area in ("north", "north-area", "force"):
        labels = {"force": "tiny", "area": area, "line": "999", "window": "1h"}
        assert value(series, "watchroom_calls_answered", **labels) == 1


def test_a_figure_of_nothing_is_absent() -> None:
    series = scraped(live(WAITING))
    assert value(series, "watchroom_calls_offered", **whole(line="101", window="1h")) == 0
    assert value(series, "watchroom_calls_answered", **whole(line="999", window="1h")) == 0
    assert "watchroom_calls_answer_mean_seconds" not in names(series)
    assert "watchroom_calls_service_level_ratio" not in names(series)
    assert not any(number != number for number in series.values())  # noqa: PLR0124  NaN alone


def test_the_measure_count_goes_by_the_groups_name() -> None:
    series = scraped(live(incident(), crime()))
    assert exporter.metric_name(CRIMES, CRIMES.measures[0]) == "watchroom_crimes"
    labels = whole(category="asb", grade="emergency", window="1h")
    assert value(series, "watchroom_incidents", **labels) == 1
    assert value(series, "watchroom_crimes", **whole(offence="burglary", window="today")) == 1


def test_rows_by_category_are_in_the_windows_for_them_alone() -> None:
    series = scraped(live(incident()))
    found = {
        dict(labels)["window"]
        for name, labels in series
        if name == "watchroom_incidents" and dict(labels)["category"] == "asb"
    }
    assert found == {"1h", "today", "month"}
    total = whole(category="all", grade="all", window="6h")
    assert value(series, "watchroom_incidents", **total) == 1


def test_a_row_by_category_that_is_zero_is_absent() -> None:
    cancelled = incident("i2", category="missing_person", cancelled=True)
    series = scraped(live(incident(), cancelled))
    found = {dict(labels)["category"] for name, labels in series if name == "watchroom_incidents"}
    assert found == {"all", "asb", "asb.personal"}


def test_the_number_of_rows_is_bounded_widest_first() -> None:
    series = scraped(live(incident(area="north"), metrics="most_rows = 8"))
    rows = [dict(labels) for name, labels in series if name == "watchroom_incidents"]
    assert len(rows) == 8
    assert {row["window"] for row in rows if row["category"] == row["grade"] == "all"} == {
        "1h",
        "6h",
        "today",
        "month",
        "5m",
        "15m",
        "30m",
    }
    left_out = value(series, "watchroom_rows_left_out", force="tiny", group="incidents")
    assert left_out is not None
    assert left_out > 0


def test_nothing_of_a_force_is_given_before_the_monitor_is_ready() -> None:
    series = scraped(live(ANSWERED, ready=False))
    assert value(series, "watchroom_ready") == 0
    assert not any(dict(labels).get("force") for _, labels in series)


def test_every_reason_has_a_series_and_those_that_hold_are_1() -> None:
    health = Health(state="live")
    health.note(("log_gap",), {"log_gap:w.calls/6": "it lost some. Send them"})
    health.log_gaps, health.web_failures = {"w.calls/6": 147}, 3
    families = {each.name: each for each in readiness_metrics(health)}
    unready = {x.labels["reason"]: x.value for x in families["watchroom_unready"].samples}
    assert unready == {kind.code: float(kind.code == "log_gap") for kind in REASON_KINDS}
    (lost,) = families["watchroom_log_gap_messages"].samples
    assert (lost.labels, lost.value) == ({"topic": "w.calls", "partition": "6"}, 147)
    assert families["watchroom_web_failures"].samples[0].value == 3
    assert families["watchroom_ready"].samples[0].value == 0


def test_with_troubles_a_force_is_given_all_the_same_so_that_its_alerts_come() -> None:
    watched = live(ANSWERED)
    watched.health.state = "unwell"
    watched.health.troubles = {"topic:w.calls": "x", "wrong_partition": "y"}
    series = scraped(watched)
    assert value(series, "watchroom_ready") == 0
    assert value(series, "watchroom_trouble", kind="topic", subject="w.calls") == 1
    assert value(series, "watchroom_trouble", kind="wrong_partition", subject="") == 1
    assert value(series, "watchroom_calls_offered", **whole(line="999", window="15m")) == 1
    watched.health.state, watched.health.troubles = "live", {}
    assert "watchroom_trouble" not in names(scraped(watched))


def test_a_force_is_given_only_while_a_shard_of_it_is_here() -> None:
    watched = live(ANSWERED)
    for shard in list(watched.monitor.shards):
        watched.monitor.drop_shard(shard)
    assert not any(dict(labels).get("force") for _, labels in scraped(watched))


def test_targets_and_limits_are_given() -> None:
    series = scraped(live())
    assert value(series, "watchroom_calls_target_ratio", force="tiny", line="101") == 0.8
    assert value(series, "watchroom_calls_target_seconds", force="tiny", line="999") == 10
    assert value(series, "watchroom_attendance_target_seconds", force="tiny") == 1200
    assert "watchroom_attendance_target_ratio" not in names(series)
    labels = {"force": "tiny", "formula": "answered_of_offered"}
    assert value(series, "watchroom_service_level_info", **labels) == 1


def test_refused_lines_are_counted_by_kind_and_reason() -> None:
    watched = live()
    watched.ingest(b'{"kind":"call"}\n\xff', NOW)
    series = scraped(watched)
    name = "watchroom_refused_lines_total"
    assert value(series, name, kind="call", reason="wrong_form") == 1
    assert value(series, name, kind="unknown", reason="not_json") == 1


def test_unknown_values_are_counted_by_kind_and_field_and_are_no_label() -> None:
    records = (
        call("c1", area="Atlantis"), call("c2", area="Lemuria"), crime("k1", markers=["acid"])
    )  # fmt: skip
    for ready in (True, False):
        series = scraped(live(*records, ready=ready))
        name = "watchroom_unknown_values_total"
        assert value(series, name, kind="call", field="area") == 2
        assert value(series, name, kind="crime", field="markers") == 1
        assert not [labels for _, labels in series if ("area", "Atlantis") in labels]


def test_lag_checkpoint_and_stall_are_given_where_they_are_known() -> None:
    watched = live()
    assert not names(scraped(watched)) & {
        "watchroom_lag_messages",
        "watchroom_checkpoint_age_seconds",
        "watchroom_stall_seconds",
    }
    watched.health.lag = {"watchroom.calls/7": 12}
    watched.health.checkpoint_at = time.monotonic()
    watched.health.stall_seconds = 1.5
    series = scraped(watched)
    lag = value(series, "watchroom_lag_messages", topic="watchroom.calls", partition="7")
    assert lag == 12
    age = value(series, "watchroom_checkpoint_age_seconds")
    assert age is not None
    assert 0 <= age < 60
    assert value(series, "watchroom_stall_seconds") == 1.5


def test_a_checkpoint_is_no_older_where_the_time_of_day_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = live()
    watched.health.checkpoint_at = time.monotonic()
    tomorrow = time.time_ns() + 86_400 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: tomorrow)
    age = value(scraped(watched), "watchroom_checkpoint_age_seconds")
    assert age is not None
    assert age < 60


def test_the_age_of_a_feed_is_judged_by_the_clock_of_the_figures() -> None:
    series = scraped(live(ANSWERED))
    age = value(series, "watchroom_watermark_age_seconds", force="tiny", feed="call")
    assert age == 9 * 60 + 53
    assert value(series, "watchroom_clock_timestamp_seconds", force="tiny") == NOW / 1000


def test_records_held_and_the_process_itself_are_given() -> None:
    series = scraped(live(ANSWERED, WAITING, incident()))
    assert value(series, "watchroom_records", kind="call") == 2
    assert value(series, "watchroom_records", kind="incident") == 1
    assert {"process_cpu_seconds_total", "python_info", "python_gc_collections_total"} <= names(
        series
    )


def test_no_label_holds_an_identifier() -> None:
    series = scraped(live(ANSWERED, WAITING, incident(), crime(victims=["v1"])))
    shown = {text for _, labels in series for _, text in labels}
    assert not shown & {"c1", "c2", "i1", "k1", "v1"}


def test_every_name_keeps_to_the_conventions_and_none_is_used_twice() -> None:
    made = [
        exporter.metric_name(group, measure)
        for group in REGISTRY.groups
        for measure in group.measures
    ]
    assert len(made) == len(set(made))
    assert all(re.fullmatch(r"watchroom_[a-z0-9_]+[a-z0-9]", name) for name in made)
    assert not [name for name in made if re.search(r"_(total|count|sum|bucket|info)$", name)]
    assert exporter.metric_name(INCIDENTS, INCIDENTS.measures[0]) == "watchroom_incidents"


def test_readings_are_given_by_indicator_with_the_last_period_reported() -> None:
    readings: list[dict[str, object]] = [
        {
            "kind": "reading",
            "force": "tiny",
            "id": f"{measure} {month}",
            "updated_at": "2021-03-01T00:00:00Z",
            "measure": measure,
            "period": month,
            "value": number,
        }
        for measure, month, number in (
            ("val_referral_rate", "2021-01", 20.5),
            ("val_referral_rate", "2021-02", 18.5),
            ("something.else", "2021-02", 1),
        )
    ]
    series = scraped(live(*readings))
    labels = whole(indicator="val_referral_rate", unit="ratio")
    assert value(series, "watchroom_reading", **labels) == 0.185
    assert len([name for name, _ in series if name == "watchroom_reading"]) == 1
    ends = "watchroom_reading_period_end_timestamp_seconds"
    assert value(series, ends, force="tiny", indicator="val_referral_rate") == 1614556800


def test_a_wide_table_is_exported_in_a_few_windows_where_anything_counts() -> None:
    series = scraped(live(crime("k1", markers=["cyber"], area="north")))
    name = "watchroom_markers_cyber"
    places = {
        (dict(labels)["window"], dict(labels)["area"])
        for metric, labels in series
        if metric == name
    }
    assert places == {
        (window, area)
        for window in ("1h", "today", "month")
        for area in ("force", "north-area", "north")
    }


def test_the_series_of_each_table_are_counted() -> None:
    series = scraped(live(crime("k1", markers=["cyber"], area="north")))
    shown = [metric for metric, _ in series if metric.startswith("watchroom_markers")]
    assert value(series, "watchroom_exported_series", group="markers") == len(shown)


TABLES = {"watchroom_calls_offered", "watchroom_incidents", "watchroom_attendance_ratio"}


def test_of_the_tables_those_that_a_force_names_are_exported() -> None:
    series = scraped(live(ANSWERED, incident(), metrics='tables = ["calls"]'))
    assert names(series) & TABLES == {"watchroom_calls_offered"}


def test_the_environment_chooses_the_core_tables_unless_the_force_s_file_names_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHROOM_METRICS", "core")
    given = names(scraped(live(ANSWERED, incident())))
    assert {"watchroom_calls_offered", "watchroom_incidents"} <= given
    assert not any(name.startswith("watchroom_deployment") for name in given)
    named = names(scraped(live(ANSWERED, incident(), metrics='tables = ["deployment"]')))
    assert named.isdisjoint({"watchroom_calls_offered", "watchroom_incidents"})
    monkeypatch.setenv("WATCHROOM_METRICS", "few")
    with pytest.raises(ConfigError, match='WATCHROOM_METRICS is "few": write core, or all'):
        scraped(live(ANSWERED))


def test_a_table_or_a_measure_may_be_left_out() -> None:
    left_out = 'left_out = ["incidents", "calls.abandonment"]'
    series = scraped(live(ANSWERED, incident(), metrics=left_out))
    assert "watchroom_calls_offered" in names(series)
    assert "watchroom_calls_answered" in names(series)
    assert "watchroom_incidents" not in names(series)
    assert not {name for name in names(series) if name.startswith("watchroom_calls_abandonment")}


def test_rows_by_category_are_in_the_windows_that_a_force_chooses() -> None:
    series = scraped(live(incident(), metrics='windows = ["5m", "month"]'))
    found = {
        dict(labels)["window"]
        for name, labels in series
        if name == "watchroom_incidents" and dict(labels)["category"] == "asb"
    }
    assert found == {"month"}  # none came in the last five minutes


def test_a_figure_goes_by_its_name_for_the_period_that_runs_and_the_last() -> None:
    named = 'figures = ["robbery", "crimes.count{offence=vehicle}"]'
    series = scraped(
        live(
            *(crime(f"k{n}", "2021-02-03T10:00:00Z", offence="vehicle") for n in range(3)),
            crime("now", "2021-03-01T10:00:00Z", offence="vehicle", area="north"),
            metrics=named,
        )
    )
    labels = whole(indicator="crimes.count{offence=vehicle}", unit="count")
    assert value(series, "watchroom_figure", **labels, period="month") == 1
    assert value(series, "watchroom_figure", **labels, period="last_month") == 3
    north = {**labels, "area": "north"}
    assert value(series, "watchroom_figure", **north, period="last_month") == 0


def test_a_value_that_the_force_does_not_have_is_told_at_the_start() -> None:
    named = 'figures = ["crimes.count{offence=vehicles}"]'
    with pytest.raises(QueryError, match=r'"vehicles" is no offence of Tiny Police; did you mean'):
        exporter.Exporter(live(metrics=named))


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ('tables = ["crime"]', '"crime" is no table.*Did you mean "crimes"'),
        ('left_out = ["calls.abandoned_"]', '"calls.abandoned_" is no table or measure'),
        ('figures = ["robery"]', '"robery" is no indicator.*Did you mean "robbery"'),
    ],
)
def test_a_name_that_there_is_not_is_refused_with_the_nearest(metrics: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        live(metrics=metrics)


def test_at_the_start_it_says_how_many_series_there_are_at_most_and_what_is_left_out() -> None:
    every = 'tables = ["crimes", "markers"]\nleft_out = ["markers"]'
    exported = Exported(tiny(f'{every}\nfigures = ["robbery"]'), REGISTRY)
    areas, offences = 1 + 3, ["all", "burglary", "burglary.residential", "other", "vehicle"]
    rows = areas * 7 + areas * (len(offences) - 1) * 3
    assert exported.most() == {"crimes": rows, "figures": 2 * areas}
    said = in_words([exported])
    assert said.startswith(
        "Metrics: at most 84 series of figures (crimes 76, figures 8); left out:"
    )
    assert "markers" in said.partition("left out: ")[2].split(", ")


def test_no_table_has_more_series_than_was_said() -> None:
    records = (ANSWERED, WAITING, incident(area="north"), crime("k1", markers=["hate.racial"]))
    of = live(*records)
    series = scraped(of)
    most = exporter.Exporter(of).exported["tiny"].most()
    for name, labels in series:
        if name == "watchroom_exported_series":
            table = dict(labels)["group"]
            assert series[name, labels] <= most[table]
