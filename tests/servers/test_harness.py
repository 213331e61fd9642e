"""The real servers answer, keep what they are given, and are gone afterwards."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from tests.servers.alertmanager import Alertmanager
from tests.servers.chromium import Chromium
from tests.servers.kafka import Kafka
from tests.servers.process import port_is_open
from tests.servers.prometheus import Prometheus
from tests.servers.test_process import is_alive

SCRAPE_ITSELF = """
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ["%s"]}]
rule_files: ["rules.yml"]
"""
RULES = """
groups:
  - name: harness
    interval: 1s
    rules:
      - record: harness:up:sum
        expr: sum(up)
"""
TO_NOBODY = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


def make_topic(bootstrap: str, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        admin.close()


def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    try:
        for sent in [producer.send(topic, value) for value in values]:
            sent.get(timeout=30)
    finally:
        producer.close()


def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=30_000,
    )
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return [message.value for _, message in zip(range(count), consumer, strict=False)]
    finally:
        consumer.close()


def test_kafka_returns_what_it_was_sent_in_order(kafka: Kafka, topic_prefix: str) -> None:
    topic, values = topic_prefix + "calls", [b"first", b"second", b"third"]
    make_topic(kafka.bootstrap, topic)
    produce(kafka.bootstrap, topic, values)
    assert consume(kafka.bootstrap, topic, 3) == values


def test_kafka_keeps_its_data_through_a_stop_and_a_kill(kafka: Kafka, topic_prefix: str) -> None:
    if not kafka.owned:
        pytest.skip("the broker is not ours to stop")
    topic = topic_prefix + "calls"
    make_topic(kafka.bootstrap, topic)
    produce(kafka.bootstrap, topic, [b"before the stop"])
    pid, port = kafka.server.pid, int(kafka.bootstrap.rpartition(":")[2])
    with kafka.down():
        assert not is_alive(pid)
        assert not port_is_open(port)
    produce(kafka.bootstrap, topic, [b"before the kill"])
    kafka.kill()
    kafka.start()
    assert consume(kafka.bootstrap, topic, 2) == [b"before the stop", b"before the kill"]


def test_prometheus_scrapes_evaluates_and_answers(
    prometheus_factory: Callable[..., Prometheus], promtool: Path
) -> None:
    server = prometheus_factory(SCRAPE_ITSELF % "127.0.0.1:1", {"rules.yml": RULES})
    config = server.folder / "prometheus.yml"
    subprocess.run([promtool, "check", "config", config], check=True, capture_output=True)
    (series,) = server.wait_for("up")
    assert series["metric"]["job"] == "prometheus"
    assert series["value"][1] == "0", "nothing listens on port 1"
    assert server.wait_for("harness:up:sum")[0]["value"][1] == "0"
    pid = server.server.pid
    server.stop()
    assert not is_alive(pid)


def test_alertmanager_answers_and_accepts_its_configuration(
    alertmanager_factory: Callable[..., Alertmanager], amtool: Path
) -> None:
    server = alertmanager_factory(TO_NOBODY)
    config = server.folder / "alertmanager.yml"
    subprocess.run([amtool, "check-config", config], check=True, capture_output=True)
    assert "nobody" in server.get("/api/v2/status")["config"]["original"]
    assert server.get("/api/v2/alerts") == []
    pid = server.server.pid
    server.stop()
    assert not is_alive(pid)


def test_the_browser_runs_scripts_and_takes_pictures(chromium: Chromium, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p id=x></p><script>x.textContent = 6 * 7</script>")
    assert '<p id="x">42</p>' in chromium.dom(page.as_uri())
    picture = chromium.screenshot(page.as_uri(), tmp_path / "page.png", width=320, height=200)
    assert picture.read_bytes().startswith(b"\x89PNG")
