"""Metrics of alerts and watches."""

import msgspec
import pytest

from streams.alerts.evaluation import evaluate
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.live import Live
from streams.outputs.metrics.exported import Exported
from streams.outputs.metrics.prometheus import Exporter
from streams.registry.registry import REGISTRY
from streams.state.surveillance import watch_all
from tests.alerting import WARWICKSHIRE, at, signal
from tests.build import call, lines

NOW = at("2026-11-21 22:00")
ID = "warwickshire/exceptional_volume/calls.offered/line=999/force/up/2026-11-21T21:00:00Z"


def test_open_alerts_and_what_is_watched_are_metrics() -> None:
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    watch_all(live.monitor)
    live.alerts = service = AlertService(live)
    live.health.state = "live"
    found = [
        call(f"c{n}", f"2026-11-21T{n // 6:02}:{n % 6 * 10:02}:00Z", force="warwickshire")
        for n in range(132)
    ]
    assert not live.ingest(lines(found), NOW)
    evaluate(service.stores["warwickshire"], [signal("2026-11-21 21:00")], [], NOW)
    text = Exporter(live).text()[0].decode()
    told = [
        line.replace(ID, "ID")
        for line in text.splitlines()
        if line.startswith("watchroom_alert") and "_faults" not in line
    ]
    assert told == [
        (
            'watchroom_alert_open{alert="ID",area="force",force="warwickshire",'
            'kind="exceptional_volume",measure="offered",origin="",severity="page"} 1.0'
        ),
        (
            'watchroom_alert_words{alert="ID",force="warwickshire",'
            'since="22:00 on Saturday 21 November 2026",taken="no",words="999 calls, '
            "Warwickshire: 21 in the hour to 22:00, usually 3 to 14. "
            'Nobody has this yet."} 1.0'
        ),
        'watchroom_alert_opened_timestamp_seconds{alert="ID",force="warwickshire"} 1.7952984e+09',
        'watchroom_alerts_28d{force="warwickshire",outcome="real"} 0.0',
        'watchroom_alerts_28d{force="warwickshire",outcome="planned_event"} 0.0',
        'watchroom_alerts_28d{force="warwickshire",outcome="data_fault"} 0.0',
        'watchroom_alerts_28d{force="warwickshire",outcome="false"} 0.0',
        'watchroom_alerts_28d{force="warwickshire",outcome="none"} 1.0',
        'watchroom_alert_budget_28d{force="warwickshire"} 4.0',
    ]
    assert (
        'watchroom_watch_observed{area="force",force="warwickshire",grain="hour",group="calls",'
        'measure="offered",row="line=999"} 6.0' in text
    )
    assert 'watchroom_watches{force="warwickshire",grain="hour",state="learning"}' in text


def test_of_what_is_watched_as_much_is_given_as_the_force_s_file_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    watch_all(live.monitor)
    live.health.state = "live"
    found = [
        call(f"c{n}", f"2026-11-21T{n // 6:02}:{n % 6 * 10:02}:00Z", force="warwickshire")
        for n in range(132)
    ]
    live.ingest(lines(found), NOW)
    exporter = Exporter(live)
    assert exporter.text()[0].count(b"watchroom_watch_observed{") == 2
    exporter.watches.most = {"warwickshire": 1}
    assert exporter.text()[0].count(b"watchroom_watch_observed{") == 1
    exported = Exported(WARWICKSHIRE, REGISTRY)
    assert exported.most_watches == 2000
    monkeypatch.setenv("WATCHROOM_METRICS", "core")
    assert exported.most_watches == 100
    few = msgspec.structs.replace(WARWICKSHIRE.file.metrics, most_watches=7)
    exported.settings = few
    assert exported.most_watches == 7


def test_an_alert_of_simulated_records_says_so_in_its_label_and_in_its_first_words() -> None:
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    live.alerts = service = AlertService(live)
    live.health.state = "live"
    made_up = call("c1", "2026-11-21T21:10:00Z", force="warwickshire", origin="simulated")
    assert not live.ingest(lines([made_up]), NOW)
    evaluate(service.stores["warwickshire"], [signal("2026-11-21 21:00")], [], NOW)
    text = Exporter(live).text()[0].decode()
    assert ',measure="offered",origin="simulated",severity="page"} 1.0' in text
    assert 'words="SIMULATED: 999 calls, Warwickshire: 21 in the hour to 22:00, ' in text


def test_a_snoozed_alert_is_not_open_for_alertmanager() -> None:
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    live.alerts = service = AlertService(live)
    live.health.state = "live"
    evaluate(service.stores["warwickshire"], [signal("2026-11-21 21:00")], [], NOW)
    service.act(ID, "snooze", NOW, "Duty inspector", until=NOW + 3_600_000, reason="Football")
    text = Exporter(live).text()[0].decode()
    assert "watchroom_alert_open{" not in text
    assert "watchroom_alert_words{" in text


def test_no_label_names_a_person_or_says_what_somebody_wrote() -> None:
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    live.alerts = service = AlertService(live)
    live.health.state = "live"
    evaluate(service.stores["warwickshire"], [signal("2026-11-21 21:00")], [], NOW)
    service.act(ID, "acknowledge", NOW, "Sgt Q. Ngata")
    text = Exporter(live).text()[0].decode()
    assert "Ngata" not in text
    assert 'taken="yes"' in text
    assert 'usually 3 to 14. Somebody has this."}' in text
    wait = NOW + 3_600_000
    service.act(ID, "snooze", NOW, "Sgt Q. Ngata", until=wait, reason="as Ngata said")
    text = Exporter(live).text()[0].decode()
    assert "Ngata" not in text
    assert 'usually 3 to 14. Snoozed until 23:00."}' in text


def test_what_fails_is_counted_for_prometheus_too() -> None:
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    watch_all(live.monitor)
    live.alerts = service = AlertService(live)
    live.health.state = "live"
    shard = next(shard for shard in live.monitor.shards if shard.kind == "incident")
    shard.surveillance["warwickshire"].faults = 2
    service.faults = 3
    service.tick()
    text = Exporter(live).text()[0].decode()
    counted = 'watchroom_detector_faults_total{{force="warwickshire",kind="{}"}} {}'
    assert counted.format("incident", 2.0) in text
    assert counted.format("call", 0.0) in text
    assert "watchroom_alert_faults_total 3.0" in text
    # The labels by which the rule WatchroomAlertsFail knows that Watchroom has told of it itself.
    assert 'kind="pipeline_unwell",measure="faults",origin="",severity="page"' in text


def test_faults_are_counted_while_a_worker_reads_back() -> None:
    live = Live(Monitor([WARWICKSHIRE]), lambda: NOW)
    watch_all(live.monitor)
    text = Exporter(live).text()[0].decode()
    assert 'watchroom_detector_faults_total{force="warwickshire",kind="call"} 0.0' in text
    assert "watchroom_alert_faults_total" not in text
