"""Records that are not of a live feed are told apart wherever figures are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from streams.board.monitor import Monitor, Shard
from streams.events.origin import not_live
from streams.fold.ledger import Closing
from streams.live import Live
from streams.live.origins import Origins, origins_of
from streams.outputs.metrics.prometheus import Exporter
from streams.outputs.terminal.board import as_text
from tests.build import call, feed, incident, ms, tiny_force

NOW = ms("2021-03-01T10:30:00Z")
MADE_UP = {"origin": "simulated"}


def live(*records: dict[str, Any]) -> Live:
    shown = Live(Monitor([tiny_force()]), clock=lambda: NOW)
    feed(shown.monitor, *records)
    shown.health.state = "live"
    return shown


def test_lines_are_counted_by_their_origin() -> None:
    shown = live(call(), call("c2", **MADE_UP), call("c2", **MADE_UP), incident(origin="replayed"))
    assert shown.monitor.origins("tiny") == {
        "call": {"live": 1, "simulated": 2},
        "incident": {"replayed": 1},
    }


def test_what_is_all_made_up_is_so_where_one_of_its_lines_closes_an_hour() -> None:
    monitor = Monitor([tiny_force()])
    found = []

    def closed(_: Closing) -> Iterator[None]:
        found.append(not_live(monitor.origins("tiny")["call"]))
        yield

    ledger = monitor.ledger("call", "tiny")
    assert ledger is not None
    ledger.on_close = closed
    feed(
        monitor,
        call("c1", "2021-03-01T10:00:00Z", origin="simulated"),
        call("c2", "2021-03-01T11:00:01Z", origin="simulated"),
        # One of which part is not understood, and the rest is kept.
        call("c3", "2021-03-01T12:00:01Z", origin="simulated", outcome=7),
    )
    assert found
    assert set(found) == {"simulated"}


def test_lines_of_a_shard_that_is_not_on_the_board_yet_are_counted_by_their_origin() -> None:
    monitor = Monitor([tiny_force()], all_shards=False)
    shard = Shard("call", [tiny_force()])
    line = json.dumps(call(**MADE_UP)).encode()
    assert monitor.ingest(line, NOW, shard) == []
    monitor.add_shard(shard)
    assert monitor.origins("tiny") == {"call": {"simulated": 1}}


@pytest.mark.parametrize(
    ("records", "mode"),
    [
        ([call()], ""),
        ([call(**MADE_UP)], "Simulated"),
        ([call(origin="replayed")], "Replayed records"),
        ([call(), call("c2", **MADE_UP)], "Live and made-up mixed"),
        ([call(**MADE_UP), incident()], "Simulated"),
    ],
)
def test_every_page_says_what_is_made_up(records: list[dict[str, Any]], mode: str) -> None:
    assert live(*records).mode("tiny") == mode


def test_a_board_says_what_of_it_is_made_up_and_which_records_mix() -> None:
    status = live(call(), call("c2", **MADE_UP), incident(**MADE_UP)).board("tiny").status
    assert status is not None
    assert (status.simulated, status.replayed, status.mixed) == (
        "calls and incidents",
        None,
        "calls",
    )


def test_the_terminal_says_it() -> None:
    text = as_text(live(call(), call("c2", **MADE_UP)).board("tiny"))
    assert "SIMULATED calls" in text
    assert "LIVE AND MADE-UP calls IN ONE" in text


def test_the_metrics_say_it() -> None:
    text = Exporter(live(call(**MADE_UP))).text()[0].decode()
    line = 'watchroom_lines_by_origin{force="tiny",kind="call",origin="simulated"} 1.0'
    assert line in text


def test_three_kinds_are_listed() -> None:
    told = {"live": 1, "replayed": 2}
    found = origins_of({"calls": told, "crimes": told, "incidents": told})
    assert found == Origins(None, "calls, crimes and incidents", "calls, crimes and incidents")
