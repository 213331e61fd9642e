"""What Alertmanager sends with the committed configuration, told of alerts as Prometheus does."""

from __future__ import annotations

import datetime as dt
import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.alertmanager import Alertmanager
from tests.servers.process import wait_until
from tests.servers.receivers import Receivers, receivers
from tests.servers.stack import alertmanager_files

VOLUME, SILENT = "WatchroomExceptionalVolume", "WatchroomFeedSilent"


class Sender:
    """Says to an Alertmanager which alerts are open, as Prometheus does."""

    def __init__(self, server: Alertmanager, got: Receivers) -> None:
        self.server, self.got = server, got
        self.started = dt.datetime.now(dt.UTC)

    def say(self, *alerts: tuple[dict[str, str], str], over: bool = False) -> None:
        now = dt.datetime.now(dt.UTC)
        ends = now if over else now + dt.timedelta(minutes=5)
        body = [
            {
                "labels": labels,
                "annotations": {
                    "summary": words,
                    "wallboard_url": "https://watchroom.example/alert?id=x",
                    "since": "22:00 on Saturday 21 November 2026",
                    "description": "What it means.",
                    "runbook_url": "http://localhost:8787/runbooks/x",
                    "dashboard_url": "http://localhost:3000/d/x",
                },
                "startsAt": self.started.isoformat(),
                "endsAt": ends.isoformat(),
            }
            for labels, words in alerts
        ]
        request = urllib.request.Request(
            f"{self.server.url}/api/v2/alerts",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()

    def told(self) -> list[tuple[str, str]]:
        """(status, id) of each message to the pager, in order; every message is of one alert."""
        found = []
        for told in self.got.hooks:
            assert told.path == "/pager"
            (alert,) = told.content["alerts"]
            found.append((told.status, alert["labels"]["alert"]))
        return found


@pytest.fixture
def sender(tmp_path: Path, alertmanager_factory: Callable[..., Alertmanager]) -> Iterator[Sender]:
    with receivers() as got:
        yield Sender(alertmanager_factory(*alertmanager_files(tmp_path, got)), got)


def labels(
    name: str, kind: str, force: str, number: int = 1, severity: str = "page"
) -> dict[str, str]:
    return {
        "alertname": name,
        "force": force,
        "kind": kind,
        "severity": severity,
        "area": "force",
        "measure": "calls.offered",
        "alert": f"{force}/{kind}/{number}",
    }


def test_each_alert_is_told_once_and_its_end_once_whatever_becomes_of_its_words(
    sender: Sender,
) -> None:
    first = labels(VOLUME, "exceptional_volume", "warwickshire", 1)
    second = labels(VOLUME, "exceptional_volume", "warwickshire", 2)
    sender.say(
        (first, "999 calls: 41, expected 12 to 24."), (second, "Thefts: 9, expected 0 to 4.")
    )
    one, two = "warwickshire/exceptional_volume/1", "warwickshire/exceptional_volume/2"
    wait_until(lambda: len(sender.told()) == 2, 30, "both are told")
    assert sorted(sender.told()) == [("firing", one), ("firing", two)]
    # Prometheus says it again and again, with the words of the moment.
    sender.say(
        (first, "999 calls: 57, expected 12 to 24."), (second, "Thefts: 9, expected 0 to 4.")
    )
    sender.say((first, "999 calls: 57, expected 12 to 24."), over=True)
    wait_until(lambda: len(sender.told()) == 3, 60, "the end of the first is told")
    assert sender.told()[2] == ("resolved", one)
    wait_until(lambda: len(sender.got.mails) == 3, 30, "so it is by mail")
    subjects = [str(mail["subject"]) for mail in sender.got.mails]
    assert "999 calls: 41, expected 12 to 24." in subjects[:2]
    assert subjects[2] == "Over: 999 calls: 57, expected 12 to 24."
    body = sender.got.mails[2].get_body(("plain",))
    assert body is not None
    # The words first, then where somebody takes it, and since when in the force's own time.
    lines = [line for line in body.get_content().splitlines() if line]
    assert lines[:5] == [
        "Over: 999 calls: 57, expected 12 to 24.",
        "See it:     https://watchroom.example/alert?id=x",
        "What to do: http://localhost:8787/runbooks/x",
        "Figures:    http://localhost:3000/d/x",
        "Since:      22:00 on Saturday 21 November 2026",
    ]


def test_a_silent_feed_holds_back_what_its_figures_say_of_the_same_force(sender: Sender) -> None:
    sender.say((labels(SILENT, "feed_silent", "warwickshire"), "Calls: nothing heard."))
    wait_until(lambda: len(sender.told()) == 1, 30, "the silence is told")
    sender.say(
        (labels(SILENT, "feed_silent", "warwickshire"), "Calls: nothing heard."),
        (labels(VOLUME, "exceptional_volume", "warwickshire"), "Far fewer calls."),
        (labels("WatchroomTargetMissed", "target_missed", "warwickshire"), "A target."),
        (labels("WatchroomUnattended", "unattended", "warwickshire"), "An emergency."),
        (labels(VOLUME, "exceptional_volume", "west-mercia"), "Far more calls."),
    )
    wanted = {
        ("firing", "warwickshire/feed_silent/1"),
        ("firing", "warwickshire/unattended/1"),
        ("firing", "west-mercia/exceptional_volume/1"),
    }
    wait_until(lambda: len(sender.told()) >= 3, 30, "the others are told")
    states = {
        alert["labels"]["alert"]: alert["status"]["state"]
        for alert in sender.server.get("/api/v2/alerts")
    }
    assert states["warwickshire/exceptional_volume/1"] == "suppressed"
    assert states["warwickshire/target_missed/1"] == "suppressed"
    assert set(sender.told()) == wanted
    assert len(sender.told()) == 3


def test_of_workers_that_are_all_down_not_each_is_told_as_well(sender: Sender) -> None:
    common = {"kind": "pipeline_unwell"}
    everything = {**common, "alertname": "WatchroomAllWorkersDown", "severity": "page"}
    each = {**common, "alertname": "WatchroomWorkerDown", "severity": "notice"}
    sender.say((everything, "No worker answers."))
    wait_until(lambda: len(sender.got.mails) == 1, 30, "the loss of all is told")
    sender.say(
        (everything, "No worker answers."),
        ({**each, "instance": "worker-1"}, "Worker 1 does not answer."),
        ({**each, "instance": "worker-2"}, "Worker 2 does not answer."),
    )

    def suppressed() -> list[str]:
        told = sender.server.get("/api/v2/alerts?active=false&inhibited=true")
        return sorted(alert["labels"]["alertname"] for alert in told)

    wait_until(lambda: suppressed() == ["WatchroomWorkerDown"] * 2, 30, "the others are held back")
    assert [mail["subject"] for mail in sender.got.mails] == ["No worker answers."]
    # One is back: of the other it is told now.
    sender.say((everything, "No worker answers."), over=True)
    sender.say(({**each, "instance": "worker-2"}, "Worker 2 does not answer."))
    sender.say(({**each, "instance": "worker-1"}, "Worker 1 does not answer."), over=True)
    wait_until(
        lambda: any("Worker 2" in mail["subject"] for mail in sender.got.mails), 60, "it is told"
    )
