"""A real Prometheus scrapes a real worker, and finds every live figure of its boards."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.periods import rfc3339
from streams.registry.registry import REGISTRY
from tests import events
from tests.servers.figures import Figures, get, in_prometheus, of_groups, on_the_board, scraping
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.prometheus import Prometheus
from tests.servers.rig import Rig, rigged


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        yield made


def one_scrape(server: Prometheus, force: str) -> tuple[Figures, int]:
    """The figures of a force, all of one scrape, and the instant (ms) that they are of."""
    # One selector: `or` would drop series that differ from another's by their name alone.
    asked = of_groups(REGISTRY.groups, f'force="{force}"')
    clock = "watchroom_clock_timestamp_seconds"
    found = in_prometheus(server, asked.replace('"', f'"{clock}|', 1))
    (at,) = [value for (name, _), value in found.items() if name == clock]
    return {key: v for key, v in found.items() if key[0] != clock}, round(at * 1000)


def test_a_query_returns_each_live_figure_of_a_workers_boards(
    rig: Rig, prometheus_factory: Callable[..., Prometheus]
) -> None:
    now = dt.datetime.now(dt.UTC)
    start = (now - dt.timedelta(days=2)).replace(microsecond=0)
    found = [event for event in events.events(2000, start=start) if event.at < now]
    worker = rig.worker()
    worker.start()
    rig.publish(events.messages(found, 50))
    url = f"http://127.0.0.1:{worker.port}"
    server = prometheus_factory(scraping(url))
    ids = {(event.kind, event.force, json.loads(event.line)["id"]) for event in found}
    held = Counter(kind for kind, _, _ in ids)

    def counted() -> bool:
        told = server.query("watchroom_records > 0 and on() watchroom_ready == 1")
        return {one["metric"]["kind"]: int(one["value"][1]) for one in told} == held

    wait_until(counted, 60, "the worker has counted all and was scraped")
    for force in events.FORCES:
        scraped, at = one_scrape(server, force)
        board = json.loads(
            get(f"{url}/board.json?force={force}&at={rfc3339(at).replace('+00:00', 'Z')}")
        )
        expected: Figures = {}
        for group in REGISTRY.groups:
            expected |= on_the_board(board, group.name)
        assert scraped == expected
        assert len(expected) > 200
